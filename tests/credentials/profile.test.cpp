#include <fargate/credentials/profile.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>

using fargate::errc;
using fargate::credentials::profile;
using fargate::testing::map_environment;
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

TEST_CASE("a profile that gets its key in an unknown way is an error that names the way") {
    for (char const* const way : {"role_arn", "web_identity_token_file", "sso_role_name", "sso_account_id",
                                  "sso_session", "sso_start_url", "login_session", "credential_process"}) {
        auto const alone = at_home(std::string{"[profile a]\n"} + way + " = x\n").fetch(profile{"a"});
        REQUIRE_FALSE(alone);
        CHECK(alone.error().code == errc::bad_configuration);
        CHECK_THAT(alone.error().message, Catch::Contains(way) && Catch::Contains("profile a"));
    }
}

TEST_CASE("among several ways of one profile boto3's order decides") {
    auto const beside = [](std::string const& way, bool in_credentials) {
        auto const key = in_credentials ? at_home("[default]\n" + way + " = x\n", "[default]\n" + keys).fetch(profile{})
                                        : at_home("[default]\n" + way + " = x\n" + keys).fetch(profile{});
        return key ? "key" : key.error().code == errc::bad_configuration ? "refused" : "nothing";
    };
    for (char const* const before : {"role_arn", "web_identity_token_file", "sso_role_name", "sso_account_id"}) {
        CHECK(beside(before, true) == std::string{"refused"});
        CHECK(beside(before, false) == std::string{"refused"});
    }
    for (char const* const between : {"credential_process", "login_session"}) {
        CHECK(beside(between, true) == std::string{"key"});
        CHECK(beside(between, false) == std::string{"refused"});
    }
    for (char const* const token_only : {"sso_session", "sso_start_url"}) {
        CHECK(beside(token_only, true) == std::string{"key"});
        CHECK(beside(token_only, false) == std::string{"key"});
    }
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
