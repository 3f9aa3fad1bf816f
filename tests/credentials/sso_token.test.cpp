#include <fargate/credentials/sso_token.hpp>

#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::time_point;
using fargate::credentials::read_sso_token;
using fargate::credentials::sso_token_path;
using fargate::credentials::sso_tokens;
using fargate::credentials::write_sso_token;
using fargate::testing::map_environment;
namespace json = fargate::json;

namespace {

constexpr auto whole = R"({"startUrl": "https://x.awsapps.com/start", "region": "eu-west-1", "accessToken": "access",
    "expiresAt": "2024-01-02T04:04:05Z", "clientId": "client", "clientSecret": "confided", "refreshToken": "again",
    "registrationExpiresAt": "2024-03-02T03:04:05Z", "custom": [1, null]})";
constexpr time_point start{1'704'164'645s}; // 2 January 2024, 03:04:05 UTC

} // namespace

TEST_CASE("a token lies where the AWS CLI puts it") {
    // The names are those of the published sign-on cases.
    map_environment const home{{{"HOME", "/home"}}};
    CHECK(*sso_token_path(home, "https://ssotest.awsapps.com/start") ==
          "/home/.aws/sso/cache/dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json");
    CHECK(*sso_token_path(map_environment{{{"HOME", "/"}}}, "dev") ==
          "/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json");
    auto const homeless = sso_token_path(map_environment{}, "dev");
    REQUIRE_FALSE(homeless);
    CHECK(homeless.error().code == errc::bad_configuration);
}

TEST_CASE("a token is read with what renews it") {
    auto const token = read_sso_token(whole);
    REQUIRE(token);
    CHECK(token->access.reveal() == "access");
    CHECK(token->refresh.reveal() == "again");
    CHECK(token->client_id.reveal() == "client");
    CHECK(token->client_secret.reveal() == "confided");
    CHECK(token->expires == start + 1h);
    CHECK(token->can_renew(start));
    CHECK_FALSE(token->can_renew(start + 24h * 60));

    auto const bare = read_sso_token(R"({"accessToken": "a", "expiresAt": "2024-01-02T03:04:05UTC"})");
    REQUIRE(bare);
    CHECK(bare->expires == start);
    CHECK_FALSE(bare->can_renew(start));
}

TEST_CASE("a file that holds no token says why, and shows nothing of it") {
    for (auto const& [text, message] :
         {std::pair{"hidden", "it is no JSON object"}, std::pair{R"(["hidden"])", "it is no JSON object"},
          std::pair{R"({"expiresAt": "2024-01-02T03:04:05Z"})", "it holds no accessToken"},
          std::pair{R"({"accessToken": 17, "expiresAt": "2024-01-02T03:04:05Z"})", "it holds no accessToken"},
          std::pair{R"({"accessToken": "hidden"})", "its expiresAt is no time"},
          std::pair{R"({"accessToken": "hidden", "expiresAt": "hidden"})", "its expiresAt is no time"},
          std::pair{R"({"accessToken": "hidden\r\nX: y", "expiresAt": "2024-01-02T03:04:05Z"})",
                    "its accessToken holds a blank or a control character inside: copy it again"}}) {
        auto const token = read_sso_token(text);
        REQUIRE_FALSE(token);
        CHECK(token.error().code == errc::malformed_response);
        CHECK(token.error().message == message);
    }
}

TEST_CASE("a renewed token is written as the AWS CLI reads it, beside what the file held before") {
    auto token = *read_sso_token(whole);
    token.access = fargate::secret{"fresh"};
    token.refresh = fargate::secret{"next"};
    token.expires = start + 8h + 250ms;
    auto const written = json::parse(write_sso_token(whole, token));
    REQUIRE(written);
    auto expected = *json::parse(whole);
    json::set(expected, "accessToken", "fresh");
    json::set(expected, "refreshToken", "next");
    json::set(expected, "expiresAt", "2024-01-02T11:04:05Z");
    CHECK(json::write(*written) == json::write(expected));
    CHECK(read_sso_token(write_sso_token("", token))->access.reveal() == "fresh");
}

TEST_CASE("a renewal is tried once a minute, and again when the clock was set back") {
    sso_tokens book;
    auto& entry = book.entry("/file");
    CHECK(&entry == &book.entry("/file"));
    CHECK(&entry != &book.entry("/other"));
    CHECK(entry.may_try(start));
    CHECK_FALSE(entry.may_try(start));
    CHECK_FALSE(entry.may_try(start + 59s));
    CHECK(entry.may_try(start + 60s));
    CHECK(entry.may_try(start - 1h));
    CHECK(book.entry("/other").may_try(start));
}

TEST_CASE("a token that could not be written counts until a newer one is in the file, or none") {
    sso_tokens book;
    auto& entry = book.entry("/file");
    auto old = *read_sso_token(whole);
    auto fresh = old;
    fresh.access = fargate::secret{"fresh"};
    fresh.expires += 1h;
    auto login = old;
    login.access = fargate::secret{"login"};
    login.expires += 2h;
    entry.failed("why");
    CHECK(entry.failure() == "why");
    entry.renewed(fresh, false);
    CHECK(entry.failure().empty());
    CHECK(entry.newer(old).access.reveal() == "fresh");
    CHECK(entry.newer(login).access.reveal() == "login");
    entry.forget();
    CHECK(entry.newer(old).access.reveal() == "access");
    entry.renewed(fresh, true);
    CHECK(entry.newer(old).access.reveal() == "access");
}
