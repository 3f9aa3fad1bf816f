#include <fargate/credentials/environment.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::credentials::environment;
using fargate::testing::map_environment;
using testing_support::shown;
using testing_support::world;

static_assert(fargate::credential_policy<environment const, fargate::testing::scripted_http,
                                         fargate::testing::manual_clock, map_environment>);

namespace {

auto fetch(map_environment::map variables) { return world{std::move(variables)}.fetch(environment{}); }

std::string refused(map_environment::map variables) {
    auto const key = fetch(std::move(variables));
    if (key) return "(read)";
    CHECK(key.error().code == errc::bad_configuration);
    return key.error().message;
}

constexpr auto ID = "AWS_ACCESS_KEY_ID";
constexpr auto SECRET = "AWS_SECRET_ACCESS_KEY";
constexpr auto TOKEN = "AWS_SESSION_TOKEN";
constexpr auto OLD_TOKEN = "AWS_SECURITY_TOKEN";
constexpr auto EXPIRATION = "AWS_CREDENTIAL_EXPIRATION";

} // namespace

TEST_CASE("the environment gives a key") {
    auto const key = fetch({{ID, "AKID"}, {SECRET, "s"}, {TOKEN, "t"}, {"AWS_ACCOUNT_ID", " 123456789012\n"}});
    REQUIRE(key);
    CHECK(shown(*key) == "AKID/s/t");
    CHECK(key->account_id == "123456789012");
    CHECK(key->source == "environment");
    CHECK_FALSE(key->expires.has_value());
    CHECK(shown(*fetch({{ID, "AKID"}, {SECRET, "s"}})) == "AKID/s");
}

TEST_CASE("the old name of the token counts only where the new one is unset") {
    CHECK(shown(*fetch({{ID, "AKID"}, {SECRET, "s"}, {OLD_TOKEN, "old"}})) == "AKID/s/old");
    CHECK(shown(*fetch({{ID, "AKID"}, {SECRET, "s"}, {TOKEN, "t"}, {OLD_TOKEN, "old"}})) == "AKID/s/t");
    CHECK(shown(*fetch({{ID, "AKID"}, {SECRET, "s"}, {TOKEN, " "}, {OLD_TOKEN, "old"}})) == "AKID/s/old");
}

TEST_CASE("variables of nothing but blanks are unset") {
    CHECK(fetch({}).error().code == errc::not_configured);
    CHECK(fetch({{ID, ""}, {SECRET, ""}}).error().code == errc::not_configured);
    CHECK(fetch({{ID, " \n"}, {SECRET, "\t"}}).error().code == errc::not_configured);
    CHECK(fetch({{TOKEN, "t"}}).error().code == errc::not_configured);
    CHECK(shown(*fetch({{ID, "AKID"}, {SECRET, "s"}, {EXPIRATION, " "}})) == "AKID/s");
}

TEST_CASE("half a pair in the environment is a mistake that names the variables") {
    CHECK(refused({{ID, "AKID"}}) == "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: set both or neither");
    CHECK(refused({{ID, "AKID"}, {SECRET, " "}}) ==
          "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: set both or neither");
    CHECK(refused({{SECRET, "s"}}) == "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID: set both or neither");
}

TEST_CASE("what scripts leave around a key is dropped, what they leave inside is refused") {
    CHECK(shown(*fetch({{ID, "AKID\n"}, {SECRET, " s\r\n"}, {TOKEN, "t\n"}})) == "AKID/s/t");
    CHECK_THAT(refused({{ID, "AKID"}, {SECRET, "s s"}}), Catch::StartsWith("AWS_SECRET_ACCESS_KEY "));
    CHECK_THAT(refused({{ID, "AKID"}, {SECRET, "s"}, {TOKEN, "a\nb"}}), Catch::StartsWith("AWS_SESSION_TOKEN "));
    CHECK_THAT(refused({{ID, "AKID"}, {SECRET, "s"}, {OLD_TOKEN, "a\nb"}}), Catch::StartsWith("AWS_SECURITY_TOKEN "));
    CHECK_THAT(refused({{ID, "'AKID'"}, {SECRET, "s"}}), Catch::StartsWith("AWS_ACCESS_KEY_ID "));
}

TEST_CASE("the environment tells when its key ends") {
    world w{{{ID, "AKID"}, {SECRET, "s"}, {EXPIRATION, "2024-01-02T04:00:00Z"}}};
    w.clock.set(fargate::time_point{std::chrono::sys_days{std::chrono::year{2024} / 1 / 2} + 3h});
    CHECK(w.fetch(environment{})->expires == w.clock.now() + 1h);
    w.clock.advance(1h);
    auto const over = w.fetch(environment{});
    REQUIRE_FALSE(over);
    CHECK(over.error().code == errc::bad_configuration);
    CHECK_THAT(over.error().message, Catch::Contains(EXPIRATION));

    w.environment.set(EXPIRATION, "in an hour");
    CHECK_THAT(w.fetch(environment{}).error().message, Catch::StartsWith(EXPIRATION));
}
