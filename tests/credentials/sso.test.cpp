#include <fargate/credentials/sso.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::fail;
using fargate::credentials::sso;
using fargate::credentials::sso_settings;
using fargate::credentials::sso_settings_of;
using fargate::credentials::sso_tokens;
using fargate::testing::map_environment;
using testing_support::shown;
using testing_support::world;
namespace json = fargate::json;
namespace http = fargate::http;

static_assert(fargate::credential_policy<sso const, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         map_environment>);

namespace {

constexpr auto session_file = "/home/.aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json"; // of `dev`
constexpr auto legacy_file = "/home/.aws/sso/cache/dace00cba5f8355ec9d274ceb2bcebdfbeed0e12.json";
constexpr auto role = R"({"roleCredentials":{"accessKeyId":"ASIA","secretAccessKey":"hidden-key",
    "sessionToken":"hidden-session","expiration":1704168245000}})"; // an hour from the start
constexpr auto fresh =
    R"({"accessToken":"hidden-fresh","expiresIn":28800,"refreshToken":"hidden-next","tokenType":"Bearer"})";

/// A token file whose token ends at that time of 2 January 2024; the clock says 03:04:05.
std::string token_until(std::string const& time) {
    return R"({"accessToken":"hidden-access","expiresAt":"2024-01-02T)" + time +
           R"(Z","refreshToken":"hidden-refresh","clientId":"client","clientSecret":"hidden-client",)"
           R"("registrationExpiresAt":"2024-03-02T00:00:00Z","region":"eu-west-1","startUrl":"https://x.awsapps.com/start"})";
}

/// Who has signed on to the session `dev`.
struct signed_on : world {
    sso_tokens book{};
    sso provider{{"work", "dev", "https://x.awsapps.com/start", "eu-west-1", "123456789012", "Reader & Writer"}, book};

    explicit signed_on(std::string const& until) : world{{{"HOME", "/home"}}} {
        environment.set_file(session_file, token_until(until));
    }
    [[nodiscard]] auto key() { return fetch(provider); }
    [[nodiscard]] std::vector<std::string> urls() const {
        std::vector<std::string> made;
        for (auto const& each : http.requests()) made.push_back(each.method + " " + each.url);
        return made;
    }
    [[nodiscard]] std::string bearer(std::size_t request) const {
        return std::string{http.requests().at(request).headers.value_of("x-amz-sso_bearer_token")};
    }
};

constexpr auto token_call = "POST https://oidc.eu-west-1.amazonaws.com/token";
constexpr auto role_call = "GET https://portal.sso.eu-west-1.amazonaws.com/federation/credentials"
                           "?role_name=Reader%20%26%20Writer&account_id=123456789012";

fargate::aws::shared_files files(std::string_view config) {
    auto parsed = fargate::aws::parse_profile_file(config, fargate::aws::file_kind::config, "config");
    REQUIRE(parsed);
    return {*parsed, {}};
}

std::string mistake(std::string_view config) {
    auto const made = sso_settings_of(files(config), "p");
    if (made) return "none";
    CHECK(made.error().code == errc::bad_configuration);
    return made.error().message;
}

constexpr auto dev = "[sso-session dev]\nsso_region = eu-west-1\nsso_start_url = https://x.awsapps.com/start\n";

} // namespace

TEST_CASE("a profile's settings come from its session, or all from itself") {
    auto const session = sso_settings_of(
        files(std::string{"[profile p]\nsso_session = dev\nsso_account_id = 012345678901\nsso_role_name = R\n"} + dev),
        "p");
    REQUIRE(session);
    CHECK(session->profile == "p");
    CHECK(session->session == "dev");
    CHECK(session->start_url == "https://x.awsapps.com/start");
    CHECK(session->region == "eu-west-1");
    CHECK(session->account_id == "012345678901");
    CHECK(session->role_name == "R");

    auto const legacy = sso_settings_of(files("[profile p]\nsso_start_url = https://y\nsso_region = us-east-2\n"
                                              "sso_account_id = 1\nsso_role_name = R\nregion = eu-central-1\n"),
                                        "p");
    REQUIRE(legacy);
    CHECK(legacy->session.empty());
    CHECK(legacy->start_url == "https://y");
    CHECK(legacy->region == "us-east-2");
}

TEST_CASE("a profile without sign-on is no source") {
    for (auto const* const config : {"", "[profile p]\nregion = eu-west-1\n", "[profile p]\nsso_session =\n"})
        CHECK(sso_settings_of(files(config), "p").error().code == errc::not_configured);
}

TEST_CASE("settings that are incomplete or contradict each other are named") {
    std::string const profile = "[profile p]\nsso_session = dev\nsso_account_id = 1\nsso_role_name = R\n";
    CHECK(mistake(profile + dev) == "none");
    CHECK(mistake(profile) == "profile p names [sso-session dev], which is not in the shared files");
    CHECK(mistake(profile + "[sso-session dev]\nsso_region = eu-west-1\n") ==
          "[sso-session dev] has no sso_start_url, which a key by sign-on needs");
    CHECK(mistake(profile + "[sso-session dev]\nsso_start_url = https://x\n") ==
          "[sso-session dev] has no sso_region, which a key by sign-on needs");
    CHECK(mistake(profile + "sso_region = eu-west-1\n" + dev) == "none");
    CHECK(mistake(profile + "sso_region = eu-west-2\n" + dev) ==
          "profile p contradicts [sso-session dev] in sso_region: take it out of the profile");
    CHECK(mistake(profile + "sso_start_url = https://other\n" + dev) ==
          "profile p contradicts [sso-session dev] in sso_start_url: take it out of the profile");
    CHECK(mistake(std::string{"[profile p]\nsso_session = dev\n"} + dev) ==
          "profile p has no sso_account_id, which a key by sign-on needs");
    CHECK(mistake("[profile p]\nsso_start_url = https://x\nsso_region = eu-west-1\nsso_account_id = 1\n") ==
          "profile p has no sso_role_name, which a key by sign-on needs");
    CHECK(mistake("[profile p]\nsso_account_id = 1\nsso_role_name = R\n") ==
          "profile p has no sso_region, which a key by sign-on needs");
    for (char const* const region : {"evil.com/#", "eu-west-1.evil.com", "EU", "-x", "a b"})
        CHECK(mistake("[profile p]\nsso_start_url = https://x\nsso_account_id = 1\nsso_role_name = R\nsso_region = " +
                      std::string{region} + "\n") ==
              "sso_region of profile p is no region name: expected one like eu-west-1");
}

TEST_CASE("a token with time left is shown to the portal, and nothing else is asked") {
    signed_on here{"04:04:05"};
    here.http.reply(200, role);
    auto const key = here.key();
    REQUIRE(key);
    CHECK(shown(*key) == "ASIA/hidden-key/hidden-session");
    CHECK(key->expires == here.clock.now() + 1h);
    CHECK(key->account_id == "123456789012");
    CHECK(key->source == "sso");
    CHECK(here.urls() == std::vector<std::string>{role_call});
    CHECK(here.bearer(0) == "hidden-access");
    CHECK(here.http.requests()[0].headers.find("Authorization") == std::nullopt);
    CHECK(here.environment.writes().empty());
}

TEST_CASE("a token of a session with less than 15 minutes left is renewed and written back") {
    signed_on here{"03:19:04"};
    here.http.reply(200, fresh).reply(200, role);
    REQUIRE(here.key());
    CHECK(here.urls() == std::vector<std::string>{token_call, role_call});
    auto const asked = here.http.requests()[0];
    CHECK(asked.body == R"({"grantType": "refresh_token", "clientId": "client", "clientSecret": "hidden-client", )"
                        R"("refreshToken": "hidden-refresh"})");
    CHECK(asked.headers.value_of("Content-Type") == "application/json");
    CHECK(asked.headers.find("Authorization") == std::nullopt);
    CHECK(here.bearer(1) == "hidden-fresh");

    CHECK(here.environment.writes() == std::vector<std::string>{session_file});
    auto const written = json::parse(*here.environment.read_file(session_file));
    REQUIRE(written);
    CHECK(testing_support::text(*written, "accessToken") == "hidden-fresh");
    CHECK(testing_support::text(*written, "refreshToken") == "hidden-next");
    CHECK(testing_support::text(*written, "expiresAt") == "2024-01-02T11:04:05Z");
    CHECK(testing_support::text(*written, "clientSecret") == "hidden-client");
    CHECK(testing_support::text(*written, "registrationExpiresAt") == "2024-03-02T00:00:00Z");
    CHECK(testing_support::text(*written, "startUrl") == "https://x.awsapps.com/start");

    here.http.reply(200, role);
    REQUIRE(here.key());
    CHECK(here.bearer(2) == "hidden-fresh");
}

TEST_CASE("15 minutes are enough, and the old refresh token stays when there is no new one") {
    signed_on enough{"03:19:05"};
    enough.http.reply(200, role);
    REQUIRE(enough.key());
    CHECK(enough.urls() == std::vector<std::string>{role_call});

    signed_on here{"03:05:00"};
    here.http.reply(200, R"({"accessToken":"hidden-fresh","expiresIn":3600})").reply(200, role);
    REQUIRE(here.key());
    CHECK(testing_support::text(*json::parse(*here.environment.read_file(session_file)), "refreshToken") ==
          "hidden-refresh");
}

TEST_CASE("a failed renewal leaves a valid token in use, and is tried again after a minute") {
    signed_on here{"03:10:00"};
    here.http.reply(400, R"({"error":"invalid_grant","error_description":"hidden-refresh"})").reply(200, role);
    REQUIRE(here.key());
    CHECK(here.bearer(1) == "hidden-access");
    CHECK(here.environment.writes().empty());

    here.clock.advance(59s);
    here.http.reply(200, role);
    REQUIRE(here.key());
    here.clock.advance(1s);
    here.http.reply(200, fresh).reply(200, role);
    REQUIRE(here.key());
    CHECK(here.urls() == std::vector<std::string>{token_call, role_call, role_call, token_call, role_call});
    CHECK(here.bearer(4) == "hidden-fresh");
}

TEST_CASE("a token that cannot be written back is kept in memory until somebody signs on or off") {
    signed_on here{"03:10:00"};
    here.environment.break_writes(fail(errc::bad_configuration, "read-only"));
    here.http.reply(200, fresh).reply(200, role).reply(200, role).reply(200, role);
    REQUIRE(here.key());
    CHECK(here.bearer(1) == "hidden-fresh");
    here.clock.advance(1min);
    REQUIRE(here.key());
    CHECK(here.bearer(2) == "hidden-fresh");

    here.environment.set_file(session_file, R"({"accessToken":"login","expiresAt":"2024-01-02T20:00:00Z"})");
    REQUIRE(here.key());
    CHECK(here.bearer(3) == "login");
    here.environment.remove_file(session_file);
    CHECK(here.key().error().code == errc::unauthorized);
}

TEST_CASE("an expired token that cannot be renewed says how to sign on again") {
    signed_on here{"03:04:05"};
    here.http.reply(400, R"({"error":"invalid_grant","error_description":"hidden-refresh"})");
    auto const ended = here.key();
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == errc::unauthorized);
    CHECK(ended.error().message ==
          "the sign-on token ended at 2024-01-02T03:04:05+00:00 and was not renewed (oidc CreateToken: HTTP 400: "
          "invalid_grant); run: aws sso login --profile work");
    // Not asked again within the minute, and the reason is not forgotten.
    auto const again = here.key();
    REQUIRE_FALSE(again);
    CHECK(again.error().message == ended.error().message);
    CHECK(here.urls() == std::vector<std::string>{token_call});

    signed_on late{"03:00:00"};
    late.http.reply(200, fresh).reply(200, role);
    CHECK(late.key());

    signed_on unregistered{"03:00:00"};
    unregistered.environment.set_file(
        session_file, R"({"accessToken":"hidden","expiresAt":"2024-01-02T03:00:00Z","refreshToken":"hidden",)"
                      R"("clientId":"c","clientSecret":"hidden","registrationExpiresAt":"2024-01-01T00:00:00Z"})");
    CHECK(unregistered.key().error().message ==
          "the sign-on token ended at 2024-01-02T03:00:00+00:00; run: aws sso login --profile work");
}

TEST_CASE("the older form renews nothing") {
    signed_on here{"04:04:05"};
    sso const legacy{{"old", "", "https://ssotest.awsapps.com/start", "eu-west-1", "1", "R"}, here.book};
    here.environment.set_file(legacy_file, token_until("03:05:00"));
    here.http.reply(200, role);
    REQUIRE(here.fetch(legacy));
    CHECK(here.http.requests().size() == 1);
    here.clock.advance(1min);
    auto const ended = here.fetch(legacy);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().message ==
          "the sign-on token ended at 2024-01-02T03:05:00+00:00; run: aws sso login --profile old");
}

TEST_CASE("a token file that is missing, broken or not to be read says which, and what to do") {
    signed_on here{"04:04:05"};
    here.environment.remove_file(session_file);
    CHECK(here.key().error().message ==
          "there is no sign-on token " + std::string{session_file} + "; run: aws sso login --profile work");
    here.environment.set_file(session_file, "{\"accessToken\": \"hidden");
    auto const broken = here.key().error();
    CHECK(broken.code == errc::bad_configuration);
    CHECK(broken.message == std::string{session_file} + ": it is no JSON object; run: aws sso login --profile work");
    here.environment.break_file(session_file, fail(errc::bad_configuration, "cannot open it"));
    CHECK(here.key().error().message == "cannot open it");
    CHECK(here.http.requests().empty());

    sso const nameless{{"", "dev", "https://x", "eu-west-1", "1", "R"}, here.book};
    here.environment.remove_file(session_file);
    CHECK(here.fetch(nameless).error().message.ends_with("; run: aws sso login --sso-session dev"));
}

TEST_CASE("a portal that refuses the token gets the same advice, one that fails does not") {
    signed_on here{"04:04:05"};
    here.http.reply(
        401,
        R"({"message":"Session token not found or invalid","__type":"com.amazonaws.switchboard.portal#UnauthorizedException"})");
    auto const refused = here.key();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::unauthorized);
    CHECK(refused.error().message == "portal.sso GetRoleCredentials: UnauthorizedException: Session token not found or "
                                     "invalid; run: aws sso login --profile work");
    here.http.reply(403, R"({"message":"No access","__type":"ForbiddenException"})");
    auto const forbidden = here.key();
    REQUIRE_FALSE(forbidden);
    CHECK(forbidden.error().message == "portal.sso GetRoleCredentials: ForbiddenException: No access");
    CHECK(here.http.requests().size() == 2);
}

TEST_CASE("no secret is in any message, whatever the services say") {
    constexpr auto renewal = "03:00:00"; // the token has ended: the first call renews it
    constexpr auto portal = "04:04:05";
    struct row {
        char const* until;
        int status;
        char const* said;
    };
    for (
        auto const& [until, status, said] : {
            row{renewal, 400, "hidden-refresh"},
            row{renewal, 401, R"({"error":"hidden-refresh"})"},
            row{renewal, 400, R"({"message":"it was hidden-client","__type":"E"})"},
            row{renewal, 500, R"({"__type":"hidden-refresh"})"},
            row{renewal, 200, "hidden-fresh"},
            row{renewal, 200, R"({"accessToken":"hidden-fresh","expiresIn":"hidden"})"},
            row{renewal, 200, R"({"accessToken":"hidden\nfresh","expiresIn":60})"},
            row{renewal, 200, R"({"accessToken":"hidden-fresh","expiresIn":9223372036854775807})"},
            row{renewal, 200, R"({"hidden-key":1,"hidden-key":2})"},
            row{portal, 400, "hidden-access"},
            row{portal, 401, R"({"message":"hidden-access","__type":"hidden-access"})"},
            row{portal, 500, R"({"message":"token hidden-access","__type":"E"})"},
            row{portal, 200, R"(["hidden-key"])"},
            row{portal, 200, R"({"roleCredentials":{"accessKeyId":"hidden-key"}})"},
            row{portal, 200,
                R"({"roleCredentials":{"accessKeyId":"hidden-key","secretAccessKey":"","expiration":1704168245000}})"},
            row{portal, 200,
                R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"hidden key","expiration":1704168245000}})"},
            row{portal, 200,
                R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"hidden","expiration":9223372036854775807}})"},
            row{portal, 200, R"({"roleCredentials":{"hidden-key":1,"hidden-key":2}})"},
        }) {
        INFO(until << " " << status << " " << said);
        signed_on here{until};
        here.http.otherwise([status = status, said = said](auto const&) { return http::response{status, {}, said}; });
        auto const key = here.key();
        REQUIRE_FALSE(key);
        CHECK(key.error().code != errc::not_configured);
        CHECK(key.error().message.find("hidden") == std::string::npos);
        CHECK(key.error().service_code.find("hidden") == std::string::npos);
        CHECK(key.error().message.find('\n') == std::string::npos);
        for (auto const& each : here.urls())
            CHECK(each == (std::string_view{until} == renewal ? token_call : role_call));
    }
}

TEST_CASE("a key that has ended is not handed out") {
    signed_on here{"04:04:05"};
    here.http.reply(
        200,
        R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":1704164645000}})");
    auto const key = here.key();
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::malformed_response);
    CHECK(key.error().message.find("2024-01-02T03:04:05+00:00") != std::string::npos);
}

TEST_CASE("each service has an endpoint variable of its own") {
    signed_on here{"03:10:00"};
    here.environment.set("AWS_ENDPOINT_URL_SSO", "http://portal.test/base");
    here.environment.set("AWS_ENDPOINT_URL_SSO_OIDC", "http://oidc.test:8080");
    here.http.reply(200, fresh).reply(200, role);
    REQUIRE(here.key());
    CHECK(here.http.requests()[0].url == "http://oidc.test:8080/token");
    CHECK(here.http.requests()[1].url.starts_with("http://portal.test/base/federation/credentials?"));
}

TEST_CASE("the endpoints of the profile's services section apply") {
    signed_on here{"03:10:00"};
    here.environment.set_file("/home/.aws/config",
                              "[default]\nservices = s\n[services s]\nsso =\n  endpoint_url = http://portal.test\n"
                              "sso_oidc =\n  endpoint_url = http://oidc.test\n");
    here.http.reply(200, fresh).reply(200, role);
    REQUIRE(here.key());
    CHECK(here.http.requests()[0].url == "http://oidc.test/token");
    CHECK(here.http.requests()[1].url.starts_with("http://portal.test/federation/credentials?"));
}

TEST_CASE("many threads with an expired token renew it once") {
    signed_on here{"03:00:00"};
    std::atomic<int> renewals{0};
    here.http.otherwise([&renewals](http::request const& asked) -> fargate::result<http::response> {
        if (!asked.url.ends_with("/token")) return http::response{200, {}, role};
        ++renewals;
        std::this_thread::yield();
        return http::response{200, {}, fresh};
    });
    std::atomic<int> keys{0};
    std::vector<std::thread> threads;
    for (int i = 0; i != 8; ++i)
        threads.emplace_back([&] {
            if (here.key()) ++keys;
        });
    for (auto& each : threads) each.join();
    CHECK(keys == 8);
    CHECK(renewals == 1);
    CHECK(here.environment.writes().size() == 1);
}

TEST_CASE("while one caller renews a valid token, the others go on with it") {
    signed_on here{"03:10:00"};
    bool nested = false;
    here.http.otherwise([&](http::request const& asked) -> fargate::result<http::response> {
        if (!asked.url.ends_with("/token")) return http::response{200, {}, role};
        // The renewal is under way: another thread comes and does not wait for it.
        std::thread other{[&] { nested = here.key().has_value(); }};
        other.join();
        return http::response{200, {}, fresh};
    });
    REQUIRE(here.key());
    CHECK(nested);
    CHECK(here.urls() == std::vector<std::string>{token_call, role_call, role_call});
    CHECK(here.bearer(1) == "hidden-access");
    CHECK(here.bearer(2) == "hidden-fresh");
}

TEST_CASE("the published cases of sign-on") {
    auto const cases = testing_support::load("credential-e2e-fixtures.json");
    std::size_t seen = 0;
    for (auto const& [title, each] : cases.items()) {
        auto const& told = *json::object_of(each, "fs");
        auto const config = testing_support::text(told, "/home/.aws/config");
        if (config.find("sso_") == std::string::npos) continue;
        INFO(title);
        ++seen;
        world here;
        for (auto const& [name, value] : json::object_of(each, "env")->items())
            here.environment.set(name, std::string{*json::as_text(value)});
        for (auto const& [path, text] : told.items())
            here.environment.set_file(path, std::string{*json::as_text(text)});
        here.clock.set(fargate::time_point{1'200'000'000s}); // before the recorded keys end
        int status = 0;
        std::string body;
        std::string url;
        for (auto const& exchange : *json::array_of(each, "http")) {
            status = static_cast<int>(*json::integer_of(*json::object_of(exchange, "response"), "status"));
            body = testing_support::text(exchange, "response_body");
            url = testing_support::text(*json::object_of(exchange, "request"), "uri");
        }
        here.http.otherwise([=](auto const&) { return http::response{status, {}, body}; });

        auto const loaded = fargate::aws::load_shared_files(here.environment);
        REQUIRE(loaded);
        auto const settings = sso_settings_of(*loaded, fargate::aws::choose_profile(here.environment).name);
        sso_tokens book;
        auto const key = settings ? here.fetch(sso{*settings, book}) : settings.error();
        auto const& expected = *json::object_of(*json::object_of(each, "case"), "result");
        auto const asked = here.http.requests();
        if (auto const* const ok = json::object_of(expected, "Ok")) {
            REQUIRE(key);
            CHECK(key->id == testing_support::text(*ok, "access_key_id"));
            CHECK(key->secret_key.reveal() == testing_support::text(*ok, "secret_access_key"));
            CHECK(key->session_token.reveal() == testing_support::text(*ok, "session_token"));
            CHECK(key->account_id == testing_support::text(*ok, "account_id"));
            CHECK(key->expires == fargate::time_point{std::chrono::seconds{*json::integer_of(*ok, "expiry")}});
            CHECK(asked.size() == 1);
        } else {
            REQUIRE_FALSE(key);
            CHECK(key.error().code != errc::not_configured);
        }
        CHECK(asked.empty() == url.empty());
        if (asked.empty()) continue;
        // The order of the two parameters differs between the recordings.
        auto const same = [](std::string_view whole) {
            auto const query = whole.find('?');
            auto const second = whole.find('&', query);
            bool const role_first = whole.substr(query + 1).starts_with("role_name=");
            std::string const first{whole.substr(query + 1, second - query - 1)};
            std::string const last{whole.substr(second + 1)};
            return std::string{whole.substr(0, query + 1)} + (role_first ? first + "&" + last : last + "&" + first);
        };
        CHECK(same(asked[0].url) == same(url));
        CHECK(asked[0].headers.value_of("x-amz-sso_bearer_token") ==
              testing_support::text(*json::parse(here.environment.read_file(legacy_file)
                                                     .value_or(here.environment.read_file(session_file).value_or(""))),
                                    "accessToken"));
    }
    CHECK(seen == 8);
}
