#include <fargate/deploy/attempt.hpp>

#include "deploy/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/deploy/plan.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
using fargate::deploy::for_attempt;
using fargate::deploy::launch_attempt;
using fargate::deploy::launch_plan;

namespace {

using words = std::vector<std::string>;

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message);
    return *read;
}

launch_plan plan_of(std::string const& task) {
    launch_plan made;
    made.task = document(task);
    return made;
}

std::string sent(launch_plan const& plan, launch_attempt const& attempt = {}, words const& capacity_plan = {}) {
    return json::write(for_attempt(plan, attempt, capacity_plan, fargate::crypto::openssl_hash{}).task);
}

} // namespace

TEST_CASE("an attempt's token is made of the plan's wish and its number, and of nothing else", "[deploy][attempt]") {
    auto plan = plan_of(R"({"cluster": "c"})");
    CHECK(sent(plan) == R"({"cluster": "c"})"); // nobody's launch
    plan.wanted = {"http://api", "run-1", "2"};
    // printf 'http://api|run-1|2|0' | openssl dgst -sha256 -binary | basenc --base64url, without the padding
    CHECK(sent(plan) == R"({"cluster": "c", "clientToken": "qQEsrLMp7Kmn05Z3rE_dbQie_hr5EcxSxYUxcuu3WT4"})");

    std::set<std::string> tokens;
    for (unsigned number = 0; number != 5; ++number) {
        auto const made = for_attempt(plan, {number, 0, {}}, {}, fargate::crypto::openssl_hash{});
        tokens.insert(std::string{json::text_of(made.task, "clientToken").value()});
        auto const lower =
            for_attempt(plan, {number, 1, {"s"}}, words{"EC2", "FARGATE"}, fargate::crypto::openssl_hash{});
        CHECK(json::text_of(lower.task, "clientToken") == json::text_of(made.task, "clientToken"));
    }
    CHECK(tokens.size() == 5);
}

TEST_CASE("the same attempt of an equal plan is the same bytes, and leaves the plan as it was", "[deploy][attempt]") {
    auto const recorded = testing_support::load_recorded("expected_revisions_docker_run_config.json");
    auto const plan = fargate::deploy::plan(recorded.run, recorded.settings);
    auto const again = fargate::deploy::plan(recorded.run, recorded.settings);
    REQUIRE(plan);
    auto const before = json::write(plan->task);
    launch_attempt const second{1, 1, {}};
    words const spot_first = {"FARGATE_SPOT", "FARGATE"};
    CHECK(sent(*plan, second, spot_first) == sent(*again, second, spot_first));
    CHECK(json::write(plan->task) == before);
    auto const made = for_attempt(*plan, second, spot_first, fargate::crypto::openssl_hash{});
    CHECK(made.family == plan->family);
    CHECK(json::write(made.definition) == json::write(plan->definition));
}

TEST_CASE("a rung's word is a launch type or a capacity provider, and stands alone", "[deploy][attempt]") {
    struct row {
        char const* word;
        char const* asked;
    };
    auto const each = GENERATE(values<row>({
        {"FARGATE", R"("launchType": "FARGATE")"},
        {"EC2", R"("launchType": "EC2")"},
        {"EXTERNAL", R"("launchType": "EXTERNAL")"},
        {"MANAGED_INSTANCES", R"("launchType": "MANAGED_INSTANCES")"},
        {"FARGATE_SPOT", R"("capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}])"},
        {"mine-1", R"("capacityProviderStrategy": [{"capacityProvider": "mine-1", "weight": 1}])"},
        {"ec2", R"("capacityProviderStrategy": [{"capacityProvider": "ec2", "weight": 1}])"},
    }));
    INFO(each.word);
    std::string const wanted = std::string{"{"} + each.asked + "}";
    CHECK(sent(plan_of("{}"), {}, {each.word}) == wanted);
    CHECK(sent(plan_of(R"({"launchType": "FARGATE"})"), {}, {each.word}) == wanted);
    CHECK(sent(plan_of(R"({"capacityProviderStrategy": [{"capacityProvider": "x"}]})"), {}, {each.word}) == wanted);
    CHECK(sent(launch_plan{}, {}, {each.word}) == wanted);
}

TEST_CASE("rungs are climbed down to the last, which stays", "[deploy][attempt]") {
    auto const plan = plan_of(R"({"launchType": "FARGATE"})");
    words const three = {"a", "EC2", "FARGATE"};
    CHECK(sent(plan, {0, 0, {}}, three).find("\"a\"") != std::string::npos);
    CHECK(sent(plan, {0, 1, {}}, three) == R"({"launchType": "EC2"})");
    CHECK(sent(plan, {0, 2, {}}, three) == R"({"launchType": "FARGATE"})");
    CHECK(sent(plan, {0, 3, {}}, three) == R"({"launchType": "FARGATE"})");
    CHECK(sent(plan, {0, 4'000'000'000U, {}}, three) == R"({"launchType": "FARGATE"})");
    CHECK(sent(plan, {0, 2, {}}) == R"({"launchType": "FARGATE"})");
}

TEST_CASE("a run that says itself on what it runs keeps to it", "[deploy][attempt]") {
    auto plan = plan_of(R"({"launchType": "EC2"})");
    plan.placed = true;
    CHECK(sent(plan, {}, {"FARGATE_SPOT"}) == R"({"launchType": "EC2"})");
}

TEST_CASE("resting subnets are left out as long as another one stays", "[deploy][attempt]") {
    auto const with = [](std::string const& subnets) {
        return R"({"networkConfiguration": {"awsvpcConfiguration": {"subnets": )" + subnets +
               R"(, "assignPublicIp": "ENABLED"}}, "count": 1})";
    };
    auto const plan = plan_of(with(R"(["s1", "s2", "s3"])"));
    CHECK(sent(plan, {0, 0, {"s2"}}) == with(R"(["s1", "s3"])"));
    CHECK(sent(plan, {0, 0, {"s1", "s3", "s9"}}) == with(R"(["s2"])"));
    CHECK(sent(plan, {0, 0, {"s1", "s2", "s3"}}) == with(R"(["s1", "s2", "s3"])"));
    CHECK(sent(plan, {0, 0, {"s9"}}) == with(R"(["s1", "s2", "s3"])"));
    CHECK(sent(plan_of(with(R"(["s1"])")), {0, 0, {"s1"}}) == with(R"(["s1"])"));
    for (auto const* const odd :
         {"{}", "null", R"({"networkConfiguration": {}})", R"({"networkConfiguration": {"awsvpcConfiguration": {}}})",
          R"({"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}})",
          R"({"networkConfiguration": {"awsvpcConfiguration": {"subnets": "s1"}}})"})
        CHECK(sent(plan_of(odd), {0, 0, {"s1"}}) == odd);
}
