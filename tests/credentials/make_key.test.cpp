#include <fargate/credentials/make_key.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::credentials::access_key;
using fargate::credentials::ending;
using fargate::credentials::make_key;

namespace {

auto made(std::string_view id, std::string_view secret, std::string_view token = {}) {
    return make_key({"ID", id}, {"SECRET", secret}, {"TOKEN", token}, "here");
}

std::string refused(std::string_view id, std::string_view secret, std::string_view token = {}) {
    auto const key = made(id, secret, token);
    if (key) return "(made)";
    CHECK(key.error().code == errc::bad_configuration);
    return key.error().message;
}

} // namespace

TEST_CASE("a key is made of an id, a secret and perhaps a token") {
    auto const key = made("AKID", "a/b+c=", "tok");
    REQUIRE(key);
    CHECK(key->id == "AKID");
    CHECK(key->secret_key.reveal() == "a/b+c=");
    CHECK(key->session_token.reveal() == "tok");
    CHECK(key->source == "here");
    CHECK_FALSE(key->expires.has_value());
    CHECK(key->generation == 0);
    CHECK(made("AKID", "s")->session_token.empty());
}

TEST_CASE("blanks and line ends around the texts are dropped") {
    auto const key = made(" AKID\n", "\ts\r\n", "t \n");
    REQUIRE(key);
    CHECK(key->id == "AKID");
    CHECK(key->secret_key.reveal() == "s");
    CHECK(key->session_token.reveal() == "t");
}

TEST_CASE("nothing at all, or a token alone, is no key") {
    for (auto const& nothing : {made("", ""), made(" ", "\n"), made("", "", "tok")}) {
        REQUIRE_FALSE(nothing);
        CHECK(nothing.error().code == errc::not_configured);
        CHECK_THAT(nothing.error().message, Catch::Contains("ID"));
    }
}

TEST_CASE("half a pair is a mistake that names the missing half") {
    CHECK(refused("AKID", "") == "ID is set without SECRET: set both or neither");
    CHECK(refused("AKID", "", "tok") == "ID is set without SECRET: set both or neither");
    CHECK(refused("", "s") == "SECRET is set without ID: set both or neither");
}

TEST_CASE("texts that cannot be part of a key are refused by name, unquoted") {
    CHECK_THAT(refused("AK\nID", "s"), Catch::StartsWith("ID ") && !Catch::Contains("AK\n"));
    CHECK_THAT(refused("AK ID", "s"), Catch::StartsWith("ID "));
    CHECK_THAT(refused("AK\xc3\xbc", "s"), Catch::StartsWith("ID "));
    CHECK_THAT(refused("AKID", "sec ret"), Catch::StartsWith("SECRET ") && !Catch::Contains("sec ret"));
    CHECK_THAT(refused("AKID", std::string_view{"s\0x", 3}), Catch::StartsWith("SECRET "));
    CHECK_THAT(refused("AKID", "s", "t\r\nHost: evil"), Catch::StartsWith("TOKEN "));
    CHECK_THAT(refused("AKID", "s", "t\x7f"), Catch::StartsWith("TOKEN "));
    CHECK_THAT(refused("\"AKID\"", "s"), Catch::Contains("quotes"));
    CHECK_THAT(refused("AKID", "'s'"), Catch::Contains("quotes"));
    CHECK(made("AKID", "s\xc3\xbc")); // other services' secrets are anything
    CHECK(made("AKID", "\"s"));
    CHECK(made("\"", "s"));
}

TEST_CASE("when a key ends") {
    constexpr fargate::time_point now{std::chrono::sys_days{std::chrono::year{2024} / 1 / 2}};
    auto const key = *made("AKID", "s");
    auto const later = ending(key, {"END", " 2024-01-02T00:00:01Z\n"}, now);
    REQUIRE(later);
    CHECK(later->expires == now + 1s);
    CHECK(later->id == "AKID");
    CHECK_FALSE(ending(key, {"END", ""}, now)->expires.has_value());

    for (char const* const past : {"2024-01-02T00:00:00Z", "2024-01-02T00:30:00+01:00", "1999-12-31T23:59:59Z"}) {
        auto const over = ending(key, {"END", past}, now);
        REQUIRE_FALSE(over);
        CHECK(over.error().code == errc::bad_configuration);
        CHECK_THAT(over.error().message, Catch::Contains("END"));
    }
    auto const noise = ending(key, {"END", "tomorrow"}, now);
    REQUIRE_FALSE(noise);
    CHECK(noise.error().code == errc::bad_configuration);
    CHECK_THAT(noise.error().message, Catch::StartsWith("END "));
}
