#include <fargate/credentials/web_identity.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/sts_answers.hpp"
#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>

namespace aws = fargate::aws;
using fargate::errc;
using fargate::credentials::web_identity;
using fargate::credentials::web_identity_settings;
using fargate::testing::map_environment;
using testing_support::refusal_of_sts;
using testing_support::role_answer;
using testing_support::shown;
using testing_support::world;

static_assert(fargate::credential_policy<web_identity const, fargate::testing::scripted_http,
                                         fargate::testing::manual_clock, map_environment>);

namespace {

std::string const arn = "arn:aws:iam::123456789012:role/r";
std::string const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJmYXJnYXRlIn0.c2lnbmF0dXJl";

world in_a_pod() {
    return world{{{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                  {"AWS_ROLE_ARN", arn},
                  {"AWS_ROLE_SESSION_NAME", "pod"},
                  {"AWS_REGION", "eu-west-1"}},
                 {{"/token", token + "\n"}}};
}

std::string refused(world& w, web_identity const& provider = {}) {
    auto const key = w.fetch(provider);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::bad_configuration);
    CHECK(w.http.requests().empty());
    return key.error().message;
}

} // namespace

TEST_CASE("the token in the file opens the role, unsigned") {
    auto w = in_a_pod();
    w.http.reply(200, role_answer("AssumeRoleWithWebIdentity", "ID"));
    auto const key = w.fetch(web_identity{});
    REQUIRE(key);
    CHECK(shown(*key) == "ID/secret-ID/token-ID");
    CHECK(key->source == "web identity");
    CHECK(key->account_id == "123456789012");
    auto const request = w.http.requests().at(0);
    CHECK(request.url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(request.headers.value_of("Authorization").empty());
    CHECK(request.body == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                          "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=pod&WebIdentityToken=" +
                              token);
}

TEST_CASE("the file is read again for every key, because others renew what is in it") {
    auto w = in_a_pod();
    web_identity const provider;
    w.http.reply(200, role_answer("AssumeRoleWithWebIdentity", "A"));
    w.http.reply(200, role_answer("AssumeRoleWithWebIdentity", "B"));
    CHECK(w.fetch(provider)->id == "A");
    w.environment.set_file("/token", "the-next-one");
    CHECK(w.fetch(provider)->id == "B");
    CHECK_THAT(w.http.requests().at(1).body, Catch::EndsWith("WebIdentityToken=the-next-one"));
}

TEST_CASE("settings given count in place of the environment") {
    auto w = in_a_pod();
    w.environment.set_file("/other", "other-token");
    w.http.reply(200, role_answer("AssumeRoleWithWebIdentity", "A"));
    aws::client_options there;
    there.region = "us-west-2";
    CHECK(w.fetch(web_identity{web_identity_settings{"/other", "arn:aws:iam::1:role/other", ""}, there}));
    CHECK(w.http.requests().at(0).url == "https://sts.us-west-2.amazonaws.com/");
    CHECK_THAT(w.http.requests().at(0).body, Catch::Contains("role%2Fother") &&
                                                 Catch::Contains("RoleSessionName=fargate-1704164645") &&
                                                 Catch::EndsWith("=other-token"));
}

TEST_CASE("without a token file there is nothing to offer, whatever else is set") {
    for (auto const& variables :
         {map_environment::map{}, map_environment::map{{"AWS_ROLE_ARN", arn}, {"AWS_WEB_IDENTITY_TOKEN_FILE", " "}}}) {
        world w{variables};
        auto const key = w.fetch(web_identity{});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::not_configured);
        CHECK(key.error().message == "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    }
}

TEST_CASE("half a configuration names the half that is missing") {
    auto w = in_a_pod();
    w.environment.unset("AWS_ROLE_ARN");
    CHECK_THAT(refused(w), Catch::Contains("without AWS_ROLE_ARN"));
    CHECK_THAT(refused(w, web_identity{web_identity_settings{"/token", "", ""}}), Catch::Contains("without role_arn"));
}

TEST_CASE("a file that holds no token is told without its content") {
    auto w = in_a_pod();
    w.environment.remove_file("/token");
    CHECK_THAT(refused(w), Catch::Contains("AWS_WEB_IDENTITY_TOKEN_FILE: no file /token"));
    w.environment.set_file("/token", " \n");
    CHECK_THAT(refused(w), Catch::Contains("/token is empty"));
    for (auto const& content : {std::string{"two\nlines"}, std::string{"two words"}, std::string{"nul\0inside", 10}}) {
        w.environment.set_file("/token", content);
        CHECK_THAT(refused(w),
                   Catch::Contains("/token holds no token") && !Catch::Contains("two") && !Catch::Contains("inside"));
    }
    w.environment.set_file("/token", std::string(20001, 'x'));
    CHECK_THAT(refused(w), Catch::Contains("20000") && !Catch::Contains("xxx"));
}

TEST_CASE("a refusal names the role, and never the token") {
    auto w = in_a_pod();
    w.http.reply(403, refusal_of_sts("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"));
    auto const denied = w.fetch(web_identity{});
    REQUIRE_FALSE(denied);
    CHECK(denied.error().message == "role " + arn +
                                        ": sts AssumeRoleWithWebIdentity: AccessDenied: Not authorized to "
                                        "perform sts:AssumeRoleWithWebIdentity");
    w.http.reply(400, refusal_of_sts("ValidationError", "Value '" + token + "' at 'webIdentityToken'"));
    auto const quoted = w.fetch(web_identity{});
    REQUIRE_FALSE(quoted);
    CHECK_THAT(quoted.error().message, Catch::Contains(arn) && !Catch::Contains(token.substr(0, 12)));
}
