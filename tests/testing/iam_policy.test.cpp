#include <fargate/testing/iam_policy.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>

using fargate::testing::iam_policy;
using fargate::testing::iam_request;

namespace {

iam_policy of(std::string const& statements) {
    auto made = iam_policy::parse(R"({"Version": "2012-10-17", "Statement": )" + statements + "}");
    INFO(statements);
    REQUIRE(made);
    return *made;
}

std::string refused(std::string const& document) {
    auto const made = iam_policy::parse(document);
    return made ? "(taken)" : made.error().message;
}

std::string const deny_stop = R"({"Effect": "Deny", "Action": "ecs:StopTask", "Resource": "*"})";

} // namespace

TEST_CASE("what no statement allows is denied, and what one denies stays denied") {
    auto const policy = of(R"([{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}, )" + deny_stop + "]");
    CHECK(policy.allows({"ecs:RunTask"}));
    CHECK_FALSE(policy.allows({"ecs:StopTask"}));
    CHECK_FALSE(policy.allows({"s3:GetObject"}));
    CHECK_FALSE(iam_policy{}.allows({"ecs:RunTask"}));
    auto joined = of(R"({"Effect": "Allow", "Action": "*", "Resource": "*"})");
    CHECK(joined.allows({"ecs:StopTask"}));
    joined.join(of(deny_stop));
    CHECK_FALSE(joined.allows({"ecs:StopTask"}));
}

TEST_CASE("actions match in any case, resources letter for letter, and both with wildcards") {
    auto const policy = of(R"([{"Effect": "Allow", "Action": ["TAG:Get*", "ecs:?unTask"],
        "Resource": ["arn:aws:s3:::b/*/k?.json", "arn:aws:ecs:*:1:task-definition/*"]}])");
    CHECK(policy.allows({"tag:getresources", "arn:aws:s3:::b/a/b/k1.json"}));
    CHECK(policy.allows({"ecs:RunTask", "arn:aws:ecs:eu-west-1:1:task-definition/f:3"}));
    CHECK_FALSE(policy.allows({"ecs:RunTask", "arn:aws:ecs:eu-west-1:2:task-definition/f:3"}));
    CHECK_FALSE(policy.allows({"ecs:RunTask", "arn:aws:s3:::b/a/K1.json"}));
    CHECK_FALSE(policy.allows({"ecs:RunTask", "arn:aws:s3:::b/a/k.json"}));
    CHECK_FALSE(policy.allows({"ecs:RunTask", "*"})); // a call on no resource in particular needs "*"
    CHECK_FALSE(policy.allows({"ecs:unTask", "arn:aws:s3:::b/a/k1.json"}));
    CHECK(iam_policy::matches("*", ""));
    CHECK(iam_policy::matches("a*b*c", "aXbYbZc"));
    CHECK_FALSE(iam_policy::matches("a*b*c", "aXbYbZ"));
    CHECK_FALSE(iam_policy::matches("", "a"));
    CHECK_FALSE(iam_policy::matches("?", ""));
}

TEST_CASE("ForAllValues holds of no values at all, the plain condition of exactly one") {
    auto const of_all = of(R"([{"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*",
        "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["PrefectFlowId", "PrefectFlowVersion"]}}}])");
    auto const with = [](std::vector<std::string> keys) {
        return iam_request{"ecs:RunTask", "*", {{"aws:TagKeys", std::move(keys)}}};
    };
    CHECK(of_all.allows({"ecs:RunTask"}));
    CHECK(of_all.allows(with({})));
    CHECK(of_all.allows(with({"PrefectFlowId"})));
    CHECK(of_all.allows(with({"PrefectFlowVersion", "PrefectFlowId"})));
    CHECK_FALSE(of_all.allows(with({"PrefectFlowId", "team"})));
    CHECK_FALSE(of_all.allows(with({"prefectflowid"})));

    auto const of_one = of(R"([{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}, "StringLike": {"k": "a*"}}}])");
    auto const passing = [](std::vector<std::string> to, std::vector<std::string> k) {
        return iam_request{"iam:PassRole", "*", {{"iam:PassedToService", std::move(to)}, {"k", std::move(k)}}};
    };
    CHECK(of_one.allows(passing({"ecs-tasks.amazonaws.com"}, {"ab"})));
    CHECK_FALSE(of_one.allows(passing({"ec2.amazonaws.com"}, {"ab"})));
    CHECK_FALSE(of_one.allows(passing({"ecs-tasks.amazonaws.com"}, {"b"})));
    CHECK_FALSE(of_one.allows(passing({"ecs-tasks.amazonaws.com"}, {})));
    CHECK_FALSE(of_one.allows({"iam:PassRole"}));
}

TEST_CASE("a policy with an element that is not enforced is refused by name") {
    auto const statement = [](std::string const& members) {
        return refused(R"({"Version": "2012-10-17", "Statement": [{)" + members + "}]}");
    };
    std::string const good = R"("Effect": "Allow", "Action": "ecs:*", "Resource": "*")";
    CHECK(statement(good) == "(taken)");
    std::string const start = "not an IAM policy that this fake can enforce: ";
    CHECK(refused("{}") == start + "Version must be 2012-10-17");
    CHECK(refused(R"({"Version": "2012-10-17"})") == start + "Statement is missing");
    CHECK(refused("[").find("not a JSON document") == 0);
    CHECK(refused("[]") == start + "Version must be 2012-10-17");
    CHECK(refused(R"({"Version": "2012-10-17", "Statement": [1]})") == start + "an element is no object");
    CHECK(statement(good + R"(, "NotAction": "s3:*")") == start + "unknown element NotAction");
    CHECK(statement(good + R"(, "Principal": "*")") == start + "unknown element Principal");
    CHECK(statement(good + R"(, "Condition": {"StringNotEquals": {"a": "b"}})") ==
          start + "unknown condition StringNotEquals");
    CHECK(statement(good + R"(, "Condition": {"StringEquals": {"a": []}})") == start + "a is missing");
    CHECK(statement(R"("Effect": "allow", "Action": "ecs:*", "Resource": "*")") ==
          start + "Effect must be Allow or Deny");
    CHECK(statement(R"("Effect": "Allow", "Resource": "*")") == start + "Action is missing");
    CHECK(statement(R"("Effect": "Allow", "Action": "RunTask", "Resource": "*")") ==
          start + "Action RunTask names no service");
    CHECK(statement(R"("Effect": "Allow", "Action": "ecs:*")") == start + "Resource is missing");
    CHECK(statement(R"("Effect": "Allow", "Action": "ecs:*", "Resource": "<s3 bucket root>")") ==
          start + "Resource <s3 bucket root> is no ARN");
    CHECK(statement(R"("Effect": "Allow", "Action": [7], "Resource": "*")") ==
          start + "Action must be text or a list of texts");
}
