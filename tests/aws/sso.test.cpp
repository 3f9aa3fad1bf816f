#include <fargate/aws/sso.hpp>

#include <fargate/credentials/fixed.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/scripted_http.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::secret;
namespace aws = fargate::aws;

namespace {

struct bundle {
    using http = fargate::testing::scripted_http;
    using credentials = fargate::credentials::fixed;
    using clock = fargate::testing::manual_clock;
    using environment = fargate::testing::map_environment;
    using retry = fargate::retry::standard;
    using hash = fargate::crypto::openssl_hash;
};

aws::client_options in(std::string region) {
    aws::client_options made;
    made.region = std::move(region);
    return made;
}

/// Both services.
struct scene {
    aws::parts<bundle> parts{};
    aws::sso<bundle> portal;
    aws::sso_oidc<bundle> oidc;

    explicit scene(aws::client_options const& options = in("eu-west-1")) :
        portal{parts, options}, oidc{parts, options} {}
    [[nodiscard]] auto role() { return portal.get_role_credentials("R/a b", "1&2", secret{"bearer"}); }
    [[nodiscard]] auto token() {
        return oidc.create_token({secret{"id"}, secret{"client-secret"}, secret{"refresh-token"}});
    }
};

constexpr auto given = R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t2",
    "expiration":1704168245123}})";

} // namespace

TEST_CASE("the portal is asked for a role's key with the token in a field, unsigned") {
    scene here;
    here.parts.http.reply(200, given);
    auto const role = here.role();
    REQUIRE(role);
    CHECK(role->access_key_id.reveal() == "A");
    CHECK(role->secret_access_key.reveal() == "s");
    CHECK(role->session_token.reveal() == "t2");
    CHECK(role->expiration == 1'704'168'245'123ms);
    auto const asked = here.parts.http.requests().at(0);
    CHECK(asked.method == "GET");
    CHECK(asked.url ==
          "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=R%2Fa%20b&account_id=1%262");
    CHECK(asked.headers.value_of("x-amz-sso_bearer_token") == "bearer");
    CHECK(asked.headers.find("Authorization") == std::nullopt);
    CHECK(asked.body.empty());
}

TEST_CASE("a refresh token is exchanged by a JSON body, unsigned") {
    scene here;
    here.parts.http.reply(200, R"({"accessToken":"a","expiresIn":3600,"refreshToken":"r2"})")
        .reply(200, R"({"accessToken":"b","expiresIn":60})");
    auto const token = here.token();
    REQUIRE(token);
    CHECK(token->access_token.reveal() == "a");
    CHECK(token->refresh_token.reveal() == "r2");
    CHECK(token->lifetime == 1h);
    CHECK(here.token()->refresh_token.empty());
    auto const asked = here.parts.http.requests().at(0);
    CHECK(asked.method == "POST");
    CHECK(asked.url == "https://oidc.eu-west-1.amazonaws.com/token");
    CHECK(asked.headers.value_of("Content-Type") == "application/json");
    CHECK(asked.headers.find("Authorization") == std::nullopt);
    CHECK(
        asked.body ==
        R"({"grantType": "refresh_token", "clientId": "id", "clientSecret": "client-secret", "refreshToken": "refresh-token"})");
}

TEST_CASE("FIPS and dual-stack choose the hosts") {
    auto options = in("us-gov-east-1");
    options.use_fips = true;
    scene gov{options};
    gov.parts.http.reply(200, given).reply(200, R"({"accessToken":"a","expiresIn":60})");
    REQUIRE(gov.role());
    REQUIRE(gov.token());
    CHECK(gov.parts.http.requests()[0].url.starts_with("https://portal.sso.us-gov-east-1.amazonaws.com/"));
    CHECK(gov.parts.http.requests()[1].url == "https://oidc.us-gov-east-1.amazonaws.com/token");
    options.use_dualstack = true;
    scene both{options};
    both.parts.http.reply(200, given).reply(200, R"({"accessToken":"a","expiresIn":60})");
    REQUIRE(both.role());
    REQUIRE(both.token());
    CHECK(both.parts.http.requests()[0].url.starts_with("https://portal.sso-fips.us-gov-east-1.api.aws/"));
    CHECK(both.parts.http.requests()[1].url == "https://oidc-fips.us-gov-east-1.api.aws/token");
}

TEST_CASE("a region that is none goes into no host name") {
    scene here{in("evil.com/#")};
    CHECK(here.role().error().code == errc::bad_configuration);
    CHECK(here.token().error().code == errc::bad_configuration);
    CHECK(here.parts.http.requests().empty());
}

TEST_CASE("a service that is down is asked again") {
    scene here;
    here.parts.http.reply(503).reply(429).reply(200, given);
    CHECK(here.role());
    here.parts.http.reply(500).reply(200, R"({"accessToken":"a","expiresIn":60})");
    CHECK(here.token());
    CHECK(here.parts.clock.slept().size() == 3);
}

TEST_CASE("refusals keep status, code and request id") {
    scene here;
    here.parts.http.reply(401, R"({"message":"Session token not found or invalid"})",
                          {{"x-amzn-ErrorType", "UnauthorizedException:"}, {"x-amzn-RequestId", "R1"}});
    auto const refused = here.role();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::unauthorized);
    CHECK(refused.error().message ==
          "portal.sso GetRoleCredentials: UnauthorizedException: Session token not found or invalid");
    CHECK(refused.error().http_status == 401);
    CHECK(refused.error().request_id == "R1");

    here.parts.http.reply(400, R"({"error":"invalid_grant","error_description":"Invalid refresh token provided"})");
    CHECK(here.token().error().message == "oidc CreateToken: HTTP 400: invalid_grant");
    CHECK(here.parts.http.requests().size() == 2);
}

TEST_CASE("a refusal that repeats what was confided to the service is not repeated") {
    scene here;
    here.parts.http.reply(401, R"({"message":"no such token: bearer","__type":"E"})");
    CHECK(here.role().error().message == "portal.sso GetRoleCredentials: E: no such token: ***");
    CHECK(here.parts.http.requests().size() == 1);
    struct row {
        char const* said;
        char const* told;
        char const* code;
    };
    for (auto const& [said, told, code] :
         {row{"refresh-token", "HTTP 400: ***", "400"}, row{R"({"error":"client-secret"})", "HTTP 400: ***", "400"},
          row{R"({"__type":"refresh-token"})", "***", "***"}}) {
        here.parts.http.reply(400, said);
        auto const refused = here.token();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message == std::string{"oidc CreateToken: "} + told);
        CHECK(refused.error().service_code == code);
        CHECK(refused.error().http_status == 400);
    }
}

TEST_CASE("answers without what was asked for are malformed") {
    for (char const* const body :
         {"{}", R"({"roleCredentials":[]})", R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s"}})",
          R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","expiration":"soon"}})",
          R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","expiration":-1}})"}) {
        INFO(body);
        scene here;
        here.parts.http.reply(200, body);
        auto const role = here.role();
        REQUIRE_FALSE(role);
        CHECK(role.error().message == "portal.sso GetRoleCredentials: the answer holds no roleCredentials");
        CHECK(role.error().code == errc::malformed_response);
    }
    for (char const* const body : {"{}", R"({"accessToken":"","expiresIn":60})", R"({"accessToken":"a"})",
                                   R"({"accessToken":"a","expiresIn":0})", R"({"accessToken":"a","expiresIn":1.5})"}) {
        INFO(body);
        scene here;
        here.parts.http.reply(200, body);
        auto const token = here.token();
        REQUIRE_FALSE(token);
        CHECK(token.error().message == "oidc CreateToken: the answer holds no accessToken and expiresIn");
    }
}

TEST_CASE("a stop token ends a call") {
    scene here;
    std::stop_source source;
    source.request_stop();
    CHECK(here.portal.get_role_credentials("R", "1", secret{"bearer"}, source.get_token()).error().code ==
          errc::cancelled);
    CHECK(here.oidc.create_token({}, source.get_token()).error().code == errc::cancelled);
}
