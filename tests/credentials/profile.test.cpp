#include <fargate/credentials/profile.hpp>

#include <fargate/aws/policy.hpp>
#include <fargate/testing/signature_check.hpp>

#include "credentials/sts_answers.hpp"
#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using fargate::errc;
using fargate::credentials::profile;
using fargate::testing::map_environment;
using testing_support::refusal_of_sts;
using testing_support::role_answer;
using testing_support::shown;
using testing_support::world;

static_assert(fargate::credential_policy<profile const, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         map_environment>);

namespace {

world at_home(std::string config, std::string credentials = {}) {
    return world{{{"HOME", "/h"}},
                 {{"/h/.aws/config", std::move(config)}, {"/h/.aws/credentials", std::move(credentials)}}};
}

std::string const keys = "aws_access_key_id = AKID\naws_secret_access_key = s\n";

/// A profile with a role of its own name.
std::string role(std::string const& name, std::string const& settings) {
    return "[profile " + name + "]\nrole_arn = arn:aws:iam::123456789012:role/" + name + "\n" + settings;
}

bool signed_by(fargate::http::request const& request, fargate::testing::known_key key, std::string region) {
    fargate::testing::signature_check check;
    check.accept_only({std::move(key)});
    fargate::testing::signature_rules rules;
    rules.service = "sts";
    rules.region = std::move(region);
    return !check.inspect(request, rules, fargate::testing::manual_clock::default_start);
}

} // namespace

TEST_CASE("a profile's key comes from either file") {
    CHECK(shown(*at_home("[default]\n" + keys).fetch(profile{})) == "AKID/s");
    CHECK(shown(*at_home("", "[default]\n" + keys + "aws_session_token = t\n").fetch(profile{})) == "AKID/s/t");
    CHECK(shown(*at_home("", "[default]\n" + keys + "aws_security_token = t\n").fetch(profile{})) == "AKID/s/t");
    CHECK(shown(*at_home("", "[default]\n" + keys + "aws_security_token = u\naws_session_token = t\n")
                     .fetch(profile{})) == "AKID/s/t");
    auto const key = at_home("[default]\naws_account_id = 123456789012\n", "[default]\n" + keys).fetch(profile{});
    REQUIRE(key);
    CHECK(key->account_id == "123456789012");
    CHECK(key->source == "profile");
}

TEST_CASE("a key of one file is never joined with a token or half of the other") {
    CHECK(shown(*at_home("[default]\naws_session_token = CT\n", "[default]\n" + keys).fetch(profile{})) == "AKID/s");
    CHECK(shown(*at_home("[default]\n" + keys, "[default]\naws_session_token = KT\n").fetch(profile{})) == "AKID/s");
    for (auto const& [config, credentials] : {std::pair{"aws_access_key_id = C\n", "aws_secret_access_key = K\n"},
                                              std::pair{"aws_secret_access_key = C\n", "aws_access_key_id = K\n"}}) {
        auto const half =
            at_home(std::string{"[default]\n"} + config, std::string{"[default]\n"} + credentials).fetch(profile{});
        REQUIRE_FALSE(half);
        CHECK(half.error().code == errc::bad_configuration);
        CHECK_THAT(half.error().message, Catch::Contains("profile default") && Catch::Contains("is set without"));
    }
}

TEST_CASE("which profile is read") {
    auto w = at_home("", "[default]\n" + keys +
                             "[one]\naws_access_key_id = ONE\naws_secret_access_key = 1\n[two]\n"
                             "aws_access_key_id = TWO\naws_secret_access_key = 2\n");
    CHECK(shown(*w.fetch(profile{})) == "AKID/s");
    w.environment.set("AWS_DEFAULT_PROFILE", "two");
    CHECK(shown(*w.fetch(profile{})) == "TWO/2");
    w.environment.set("AWS_PROFILE", "one");
    CHECK(shown(*w.fetch(profile{})) == "ONE/1");
    CHECK(shown(*w.fetch(profile{"two"})) == "TWO/2");
}

TEST_CASE("a profile that somebody named has to exist, the default one has not") {
    CHECK(at_home("").fetch(profile{}).error().code == errc::not_configured);
    CHECK(world{}.fetch(profile{}).error().code == errc::not_configured);
    auto const named = at_home("[default]\n" + keys).fetch(profile{"prod"});
    REQUIRE_FALSE(named);
    CHECK(named.error().code == errc::bad_configuration);
    CHECK_THAT(named.error().message, Catch::Contains("prod"));

    auto w = at_home("[default]\n" + keys);
    w.environment.set("AWS_PROFILE", "prod");
    CHECK(w.fetch(profile{}).error().code == errc::bad_configuration);
}

TEST_CASE("a profile without any key has nothing to offer, be it named or not") {
    CHECK(at_home("[default]\nregion = r\n").fetch(profile{}).error().code == errc::not_configured);
    CHECK(at_home("[profile a]\nregion = r\n").fetch(profile{"a"}).error().code == errc::not_configured);
    CHECK(at_home("[default]\nrole_arn =\ncredential_process =\n").fetch(profile{}).error().code ==
          errc::not_configured);
}

TEST_CASE("a role is taken on with the key of the source profile, in the region of the profile that was chosen") {
    auto w = at_home(role("a", "source_profile = b\nregion = eu-west-1\n") + "[profile b]\nregion = us-west-2\n",
                     "[b]\n" + keys);
    w.http.reply(200, role_answer("AssumeRole", "A"));
    auto const key = w.fetch(profile{"a"});
    REQUIRE(key);
    CHECK(shown(*key) == "A/secret-A/token-A");
    CHECK(key->source == "profile, assume_role");
    CHECK(key->account_id == "123456789012");
    CHECK(w.http.requests().at(0).url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(signed_by(w.http.requests().at(0), {"AKID", "s", "", {}}, "eu-west-1"));
}

TEST_CASE("roles over roles are taken on from the far end, each with the key of the one before") {
    auto w = at_home(role("a", "source_profile = b\nexternal_id = xa\n") +
                     role("b", "source_profile = c\nrole_session_name = session-b\n") +
                     role("c", "source_profile = d\nduration_seconds = 7200\n") + "[profile d]\n" + keys);
    w.environment.set("AWS_REGION", "eu-west-1");
    for (char const* const each : {"C", "B", "A"}) w.http.reply(200, role_answer("AssumeRole", each));
    CHECK(shown(*w.fetch(profile{"a"})) == "A/secret-A/token-A");
    auto const sent = w.http.requests();
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].body == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fc&"
                          "RoleSessionName=fargate-1704164645&DurationSeconds=7200");
    CHECK(sent[1].body == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fb&"
                          "RoleSessionName=session-b");
    CHECK(sent[2].body == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa&"
                          "RoleSessionName=fargate-1704164645&ExternalId=xa");
    CHECK(signed_by(sent[0], {"AKID", "s", "", {}}, "eu-west-1"));
    CHECK(signed_by(sent[1], {"C", "secret-C", "token-C", {}}, "eu-west-1"));
    CHECK(signed_by(sent[2], {"B", "secret-B", "token-B", {}}, "eu-west-1"));
}

TEST_CASE("where a profile's role is asked for") {
    auto const at = [](map_environment::map const& variables, std::string const& settings,
                       fargate::aws::client_options options = {}) {
        auto w = at_home(role("a", "source_profile = a\n" + keys + settings) +
                         "[services s]\nsts =\n  endpoint_url = http://in-services\n"
                         "[profile other]\nregion = us-gov-west-1\n[default]\nregion = cn-north-1\n");
        for (auto const& [name, value] : variables) w.environment.set(name, value);
        w.http.reply(200, role_answer("AssumeRole", "A"));
        auto const key = w.fetch(profile{"a", std::move(options)});
        return key ? w.http.requests().at(0).url : key.error().message;
    };
    fargate::aws::client_options there;
    there.region = "ap-south-1";
    CHECK(at({}, "region = eu-west-1\n") == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(at({{"AWS_REGION", "eu-west-2"}}, "region = eu-west-1\n") == "https://sts.eu-west-2.amazonaws.com/");
    CHECK(at({{"AWS_REGION", "eu-west-2"}}, "region = eu-west-1\n", there) == "https://sts.ap-south-1.amazonaws.com/");
    CHECK(at({{"AWS_PROFILE", "other"}}, "region = eu-west-1\n") == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(at({}, "") == "https://sts.amazonaws.com/");
    CHECK(at({}, "region = eu-west-1\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\n") ==
          "https://sts-fips.eu-west-1.api.aws/");
    CHECK(at({}, "region = eu-west-1\nsts_regional_endpoints = legacy\n") == "https://sts.amazonaws.com/");
    CHECK(at({}, "region = eu-west-1\nendpoint_url = http://in-profile\n") == "http://in-profile/");
    CHECK(at({}, "region = eu-west-1\nservices = s\nendpoint_url = http://in-profile\n") == "http://in-services/");
    CHECK(at({{"AWS_ENDPOINT_URL_STS", "http://in-variable"}}, "region = eu-west-1\nservices = s\n") ==
          "http://in-variable/");
    CHECK_THAT(at({}, "region = x.evil.com\n"),
               Catch::Contains("profile a: ") && Catch::Contains("region of profile a"));
}

TEST_CASE("a role's first key may come from beside the shared files") {
    auto w = at_home(role("a", "credential_source = Environment\nregion = eu-west-1\n") +
                     role("b", "credential_source = EcsContainer\nregion = eu-west-1\n") +
                     role("c", "credential_source = Ec2InstanceMetadata\nregion = eu-west-1\n"
                               "ec2_metadata_service_endpoint = http://imds.here\n"));
    w.http.otherwise([](auto const&) { return fargate::fail(errc::connection_failed, "nobody there", true); });
    for (char const* const each : {"a", "b", "c"}) {
        auto const key = w.fetch(profile{each});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::bad_configuration);
        CHECK_THAT(key.error().message, Catch::StartsWith(std::string{"profile "} + each + ": "));
    }
    auto const asked = w.http.requests();
    REQUIRE_FALSE(asked.empty());
    for (auto const& each : asked) CHECK_THAT(each.url, Catch::StartsWith("http://imds.here/"));

    w.environment.set("AWS_ACCESS_KEY_ID", "ENV");
    w.environment.set("AWS_SECRET_ACCESS_KEY", "e");
    w.http.reply(200, role_answer("AssumeRole", "A"));
    CHECK(shown(*w.fetch(profile{"a"})) == "A/secret-A/token-A");
    CHECK(signed_by(w.http.requests().back(), {"ENV", "e", "", {}}, "eu-west-1"));

    w.environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c");
    w.http.reply(200, R"({"AccessKeyId": "ECS", "SecretAccessKey": "c"})").reply(200, role_answer("AssumeRole", "B"));
    CHECK(shown(*w.fetch(profile{"b"})) == "B/secret-B/token-B");
    CHECK(signed_by(w.http.requests().back(), {"ECS", "c", "", {}}, "eu-west-1"));
}

TEST_CASE("a token file opens the first role, and its key the next") {
    auto w = at_home(role("a", "source_profile = b\nregion = eu-west-1\n") +
                     role("b", "web_identity_token_file = /token\nrole_session_name = bee\n"));
    w.environment.set_file("/token", "the-token-of-the-pod\n");
    w.environment.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/of-the-environment");
    w.http.reply(200, role_answer("AssumeRoleWithWebIdentity", "B")).reply(200, role_answer("AssumeRole", "A"));
    CHECK(shown(*w.fetch(profile{"a"})) == "A/secret-A/token-A");
    auto const sent = w.http.requests();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(sent[0].headers.value_of("Authorization").empty());
    CHECK_THAT(sent[0].body, Catch::Contains("role%2Fb&RoleSessionName=bee&WebIdentityToken=the-token-of-the-pod"));
    CHECK(signed_by(sent[1], {"B", "secret-B", "token-B", {}}, "eu-west-1"));

    w.environment.remove_file("/token");
    auto const key = w.fetch(profile{"a"});
    REQUIRE_FALSE(key);
    CHECK_THAT(key.error().message, Catch::StartsWith("profile b: web_identity_token_file: no file /token"));
}

TEST_CASE("a program's key is a profile's, and may take on a role") {
    auto w = at_home("[profile p]\ncredential_process = tool --for me\naws_account_id = 210987654321\n" +
                     role("a", "source_profile = p\nregion = eu-west-1\n"));
    w.environment.set_program("tool", {0, R"({"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "p"})", ""});
    auto const key = w.fetch(profile{"p"});
    REQUIRE(key);
    CHECK(shown(*key) == "P/p");
    CHECK(key->account_id == "210987654321");
    CHECK(key->source == "profile, process");
    CHECK(w.environment.runs() == std::vector<std::vector<std::string>>{{"tool", "--for", "me"}});
    w.http.reply(200, role_answer("AssumeRole", "A"));
    CHECK(shown(*w.fetch(profile{"a"})) == "A/secret-A/token-A");
    CHECK(signed_by(w.http.requests().back(), {"P", "p", "", {}}, "eu-west-1"));

    w.environment.set_program("tool", {1, "", "no luck"});
    auto const failed = w.fetch(profile{"a"});
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message, Catch::StartsWith("profile p: ") && Catch::Contains("no luck"));
}

TEST_CASE("single sign-on is a profile's way too, and a token of it alone is no key") {
    std::string const session = "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://s.example\n";
    auto w = at_home(session + "[profile a]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n");
    auto const unsigned_on = w.fetch(profile{"a"});
    REQUIRE_FALSE(unsigned_on);
    CHECK_THAT(unsigned_on.error().message, Catch::StartsWith("profile a: ") && Catch::Contains("aws sso login"));
    auto const token = at_home(session + "[profile a]\nsso_session = s\n").fetch(profile{"a"});
    REQUIRE_FALSE(token);
    CHECK(token.error().code == errc::bad_configuration);
    CHECK_THAT(token.error().message, Catch::Contains("access token") && Catch::Contains("sso_role_name"));
}

TEST_CASE("what STS refuses is told with the profile and the role") {
    auto w = at_home(role("a", "source_profile = b\nregion = eu-west-1\n") + role("b", "source_profile = c\n") +
                     "[profile c]\n" + keys);
    w.http.reply(403, refusal_of_sts("AccessDenied", "not yours"));
    auto const key = w.fetch(profile{"a"});
    REQUIRE_FALSE(key);
    CHECK(key.error().message ==
          "profile b: role arn:aws:iam::123456789012:role/b: sts AssumeRole: AccessDenied: not yours");
    CHECK(key.error().service_code == "AccessDenied");
    CHECK(w.http.requests().size() == 1);
}

TEST_CASE("a profile in a circle, or with a code to type in, asks nobody") {
    auto w = at_home(role("a", "source_profile = b\n") + role("b", "source_profile = a\n") +
                     role("m", "source_profile = k\nmfa_serial = arn:aws:iam::1:mfa/me\n") + "[profile k]\n" + keys);
    auto const circle = w.fetch(profile{"a"});
    REQUIRE_FALSE(circle);
    CHECK_THAT(circle.error().message, Catch::Contains("a -> b -> a"));
    auto const code = w.fetch(profile{"m"});
    REQUIRE_FALSE(code);
    CHECK(code.error().code == errc::bad_configuration);
    CHECK_THAT(code.error().message, Catch::StartsWith("profile m: mfa_serial"));
    CHECK(w.http.requests().empty());
}

TEST_CASE("a profile may be asked by several threads") {
    auto w = at_home(role("a", "source_profile = b\nregion = eu-west-1\n") + "[profile b]\n" + keys);
    w.http.otherwise([](auto const&) { return fargate::http::response{200, {}, role_answer("AssumeRole", "A")}; });
    profile const provider{"a"};
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i != 4; ++i)
            threads.emplace_back([&] {
                auto const key = w.fetch(provider);
                if (key && key->id == "A") ++right;
            });
    }
    CHECK(right == 4);
}

TEST_CASE("a shared file that cannot be read stops the search") {
    auto w = at_home("[default\n");
    CHECK(w.fetch(profile{}).error().code == errc::bad_configuration);
    CHECK_THAT(w.fetch(profile{}).error().message, Catch::StartsWith("/h/.aws/config line 1"));
}

TEST_CASE("a secret that cannot be one is refused without being quoted") {
    auto const key =
        at_home("", "[default]\naws_access_key_id = AKID\naws_secret_access_key = one\n two\n").fetch(profile{});
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::bad_configuration);
    CHECK_THAT(key.error().message, Catch::Contains("aws_secret_access_key") && !Catch::Contains("two"));
}
