#include <fargate/aws/sts.hpp>

#include <fargate/testing/signature_check.hpp>
#include <fargate/text/percent.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
using fargate::errc;
using fargate::testing::map_environment;
using testing_support::frozen;
using testing_support::text;

namespace {

constexpr std::string_view jwt =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IjQxOTg5NTBhMWU0Y2U3In0.eyJhdWQiOiJzdHMifQ.R3W4H0Lj-XQd_PVJ8";

struct scene {
    aws::parts<frozen> parts{};
    aws::client_options options{};

    explicit scene(map_environment::map variables = {{"AWS_REGION", "eu-west-1"}},
                   map_environment::map const& files = {}) {
        parts.environment = map_environment{std::move(variables), files};
        options.random = testing_support::no_bits;
    }

    [[nodiscard]] auto client() { return aws::sts<frozen>{parts, options}; }
    [[nodiscard]] http::request sent(std::size_t which = 0) const { return parts.http.requests().at(which); }

    /// Where a call goes: `https://host/ region`.
    [[nodiscard]] std::string place() {
        parts.http.reply(200, "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>");
        auto const answer = client().get_caller_identity();
        if (!answer) return answer.error().message;
        auto const request = parts.http.requests().back();
        return request.url + " " + std::string{fargate::testing::signature_check::region_of(request)};
    }
};

std::string role_answer(std::string const& operation, std::string const& credentials) {
    return "<" + operation + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + operation +
           "Result><AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId>"
           "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>" +
           credentials + "</" + operation + "Result></" + operation + "Response>";
}

std::string const key_in_xml =
    "<Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>se/cr+et</SecretAccessKey>"
    "<SessionToken>to//ken==</SessionToken><Expiration>2024-01-02T04:04:05Z</Expiration>"
    "</Credentials>";

std::string refusal(std::string const& code, std::string const& message) {
    return "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>" +
           code + "</Code><Message>" + message + "</Message></Error><RequestId>req-1</RequestId></ErrorResponse>";
}

aws::role_request role() {
    aws::role_request made;
    made.role_arn = "arn:aws:iam::123456789012:role/r";
    made.session_name = "s@1";
    return made;
}

} // namespace

TEST_CASE("a role is asked for with a signed form, and its key is read from the answer") {
    scene here;
    here.parts.http.reply(200, role_answer("AssumeRole", key_in_xml));
    auto wanted = role();
    wanted.external_id = "ex/1";
    wanted.duration = std::chrono::hours{2};
    auto const key = here.client().assume_role(wanted);
    REQUIRE(key);
    CHECK(key->id == "ASIAX");
    CHECK(key->secret_key.reveal() == "se/cr+et");
    CHECK(key->session_token.reveal() == "to//ken==");
    CHECK(key->account_id == "123456789012");
    REQUIRE(key->expires);
    CHECK(*key->expires == here.parts.clock.now() + std::chrono::hours{1});

    auto const request = here.sent();
    CHECK(request.method == "POST");
    CHECK(request.url == "https://sts.eu-west-1.amazonaws.com/");
    CHECK(request.headers.value_of("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(request.body == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&"
                          "RoleSessionName=s%401&ExternalId=ex%2F1&DurationSeconds=7200");
    fargate::testing::signature_rules rules;
    rules.service = "sts";
    rules.region = "eu-west-1";
    auto const defect = fargate::testing::signature_check{}.inspect(request, rules, here.parts.clock.now());
    CHECK_FALSE(defect);
}

TEST_CASE("who gives no session name is called after the time") {
    scene here;
    here.parts.http.reply(200, role_answer("AssumeRole", key_in_xml));
    auto wanted = role();
    wanted.session_name.clear();
    REQUIRE(here.client().assume_role(wanted));
    CHECK_THAT(here.sent().body, Catch::EndsWith("&RoleSessionName=fargate-1704164645"));
}

TEST_CASE("the account is what stands in the ARN, if it is one") {
    for (auto const& [arn, account] : {std::pair{"arn:aws-cn:sts::210987654321:assumed-role/r/s", "210987654321"},
                                       std::pair{"arn:aws:sts::x:assumed-role/r/s", ""}, std::pair{"arn:aws", ""}}) {
        scene here;
        here.parts.http.reply(200, "<R><AssumeRoleResult>" + key_in_xml + "<AssumedRoleUser><Arn>" + arn +
                                       "</Arn></AssumedRoleUser></AssumeRoleResult></R>");
        auto const key = here.client().assume_role(role());
        REQUIRE(key);
        CHECK(key->account_id == account);
    }
}

TEST_CASE("web identity is asked without a signature, and without a key") {
    scene here;
    here.parts.http.reply(200, role_answer("AssumeRoleWithWebIdentity", key_in_xml));
    auto const key = here.client().assume_role_with_web_identity(role(), jwt);
    REQUIRE(key);
    CHECK(key->id == "ASIAX");
    CHECK(here.sent().headers.value_of("Authorization").empty());
    CHECK(here.sent().headers.value_of("X-Amz-Security-Token").empty());
    CHECK(here.sent().body == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&"
                              "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr&RoleSessionName=s%401&"
                              "WebIdentityToken=" +
                                  std::string{jwt});
}

TEST_CASE("a token that STS quotes is told to nobody") {
    scene here;
    for (auto const& quoted : {std::string{jwt}, std::string{jwt.substr(20, 30)}}) {
        here.parts.http.reply(400, refusal("ValidationError", "Value '" + quoted + "' at 'webIdentityToken'"));
        auto const key = here.client().assume_role_with_web_identity(role(), jwt);
        REQUIRE_FALSE(key);
        CHECK_THAT(key.error().message, Catch::Contains("AssumeRoleWithWebIdentity") && Catch::Contains("'***'") &&
                                            !Catch::Contains(quoted));
        CHECK(key.error().http_status == 400);
        CHECK(key.error().request_id == "req-1");
    }
    here.parts.http.reply(400, refusal(std::string{jwt}, "m"));
    auto const key = here.client().assume_role_with_web_identity(role(), jwt);
    REQUIRE_FALSE(key);
    CHECK(key.error().service_code == "***");
    CHECK_THAT(key.error().message, !Catch::Contains(std::string{jwt.substr(0, 12)}));
}

TEST_CASE("what STS says of a refusal is told, and so is its request id") {
    scene here;
    here.parts.http.reply(403, refusal("AccessDenied", "User: arn:x is not authorized to perform: sts:AssumeRole"));
    auto const denied = here.client().assume_role(role());
    REQUIRE_FALSE(denied);
    CHECK(denied.error().message ==
          "sts AssumeRole: AccessDenied: User: arn:x is not authorized to perform: sts:AssumeRole");
    CHECK(denied.error().service_code == "AccessDenied");
    CHECK(denied.error().http_status == 403);
    CHECK(denied.error().request_id == "req-1");
    CHECK_FALSE(denied.error().retryable);
}

TEST_CASE(
    "an identity provider that does not answer, or that is not known everywhere yet, is asked again a few times") {
    for (char const* const code : {"IDPCommunicationError", "InvalidIdentityToken"}) {
        scene here;
        here.parts.http.reply(400, refusal(code, "m"));
        here.parts.http.reply(200, role_answer("AssumeRoleWithWebIdentity", key_in_xml));
        CHECK(here.client().assume_role_with_web_identity(role(), jwt));
        CHECK(here.parts.clock.slept().size() == 1);

        for (int i = 0; i != 3; ++i) here.parts.http.reply(400, refusal(code, "m"));
        auto const key = here.client().assume_role_with_web_identity(role(), jwt);
        REQUIRE_FALSE(key);
        CHECK(key.error().service_code == code);
        CHECK(key.error().retryable);
        CHECK(here.parts.http.remaining() == 0);
    }
    scene here;
    here.parts.http.reply(403, refusal("IDPRejectedClaim", "m"));
    auto const key = here.client().assume_role_with_web_identity(role(), jwt);
    REQUIRE_FALSE(key);
    CHECK_FALSE(key.error().retryable);
}

TEST_CASE("an answer without a usable key is a lost one") {
    std::string const broken[] = {
        "<AssumeRoleResponse/>",
        "not xml",
        role_answer("AssumeRole", ""),
        role_answer("AssumeRole", "<Credentials><AccessKeyId>A</AccessKeyId></Credentials>"),
        role_answer("AssumeRole", "<Credentials><AccessKeyId>A&#13;&#10;X: y</AccessKeyId><SecretAccessKey>s"
                                  "</SecretAccessKey><SessionToken>t</SessionToken>"
                                  "<Expiration>2024-01-02T04:04:05Z</Expiration></Credentials>"),
        role_answer("AssumeRole", "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                                  "<SessionToken>t</SessionToken><Expiration>soon</Expiration></Credentials>"),
        role_answer("AssumeRoleWithWebIdentity", key_in_xml),
    };
    for (auto const& body : broken) {
        CAPTURE(body);
        scene here;
        here.parts.http.reply(200, body).reply(200, body).reply(200, body);
        auto const key = here.client().assume_role(role());
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::malformed_response);
        CHECK(here.parts.http.requests().size() == 3);
        CHECK_THAT(key.error().message, !Catch::Contains("X: y") && !Catch::Contains("se/cr"));
    }
}

TEST_CASE("a request over STS's limits is not sent") {
    scene here;
    auto const refused = [&](auto const& change) {
        auto wanted = role();
        change(wanted);
        auto const key = here.client().assume_role(wanted);
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::invalid_argument);
        return key.error().message;
    };
    using request = aws::role_request;
    CHECK_THAT(refused([](request& r) { r.role_arn.clear(); }), Catch::Contains("role_arn"));
    CHECK_THAT(refused([](request& r) { r.role_arn += "\n"; }), Catch::Contains("role_arn"));
    CHECK_THAT(refused([](request& r) { r.session_name = "x"; }), Catch::Contains("role_session_name"));
    CHECK_THAT(refused([](request& r) { r.session_name.assign(65, 'x'); }), Catch::Contains("role_session_name"));
    CHECK_THAT(refused([](request& r) { r.session_name = "a b"; }), Catch::Contains("role_session_name"));
    CHECK_THAT(refused([](request& r) { r.external_id = "&x"; }), Catch::Contains("external_id"));
    CHECK_THAT(refused([](request& r) { r.duration = std::chrono::seconds{899}; }), Catch::Contains("900 to 43200"));
    CHECK_THAT(refused([](request& r) { r.duration = std::chrono::seconds{43201}; }), Catch::Contains("900 to 43200"));
    CHECK_THAT(refused([](request& r) { r.mfa_serial = "arn:aws:iam::1:mfa/me"; }), Catch::Contains("mfa_serial"));
    for (auto const& token : {fargate::secret{"abc"}, fargate::secret{std::string(20001, 'x')}}) {
        auto const key = here.client().assume_role_with_web_identity(role(), token);
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::invalid_argument);
    }
    CHECK(here.parts.http.requests().empty());
}

TEST_CASE("the caller's identity is read") {
    scene here;
    here.parts.http.reply(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/u</Arn>"
                               "<UserId>AIDA</UserId><Account>1</Account></GetCallerIdentityResult>"
                               "</GetCallerIdentityResponse>");
    auto const who = here.client().get_caller_identity();
    REQUIRE(who);
    CHECK(who->account == "1");
    CHECK(who->arn == "arn:aws:iam::1:user/u");
    CHECK(who->user_id == "AIDA");
    CHECK(here.sent().body == "Action=GetCallerIdentity&Version=2011-06-15");
}

TEST_CASE("where STS is called") {
    using map = map_environment::map;
    auto const at = [](map variables, std::string const& profile = {}) {
        variables.emplace("HOME", "/h");
        return scene{std::move(variables), {{"/h/.aws/config", "[default]\n" + profile}}}.place();
    };
    CHECK(at({{"AWS_REGION", "eu-west-1"}}) == "https://sts.eu-west-1.amazonaws.com/ eu-west-1");
    CHECK(at({}, "region = eu-west-2\n") == "https://sts.eu-west-2.amazonaws.com/ eu-west-2");
    CHECK(at({}) == "https://sts.amazonaws.com/ us-east-1");
    CHECK(at({{"AWS_REGION", "aws-global"}}) == "https://sts.amazonaws.com/ us-east-1");
    CHECK(at({{"AWS_ENDPOINT_URL_STS", "http://h:1/b"}}) == "http://h:1/b us-east-1");
    CHECK(at({{"AWS_ENDPOINT_URL", "http://h:1"}, {"AWS_REGION", "eu-west-1"}}) == "http://h:1/ eu-west-1");
    CHECK(at({{"AWS_REGION", "us-gov-west-1"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}) ==
          "https://sts.us-gov-west-1.amazonaws.com/ us-gov-west-1");
    CHECK(at({{"AWS_REGION", "eu-west-1"}, {"AWS_USE_DUALSTACK_ENDPOINT", "true"}}) ==
          "https://sts.eu-west-1.api.aws/ eu-west-1");
    CHECK_THAT(at({{"AWS_REGION", "evil.com/"}}), Catch::Contains("AWS_REGION"));

    map const legacy{{"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}};
    CHECK(at(legacy, "region = eu-west-1\n") == "https://sts.amazonaws.com/ us-east-1");
    CHECK(at(legacy, "region = eu-south-1\n") == "https://sts.eu-south-1.amazonaws.com/ eu-south-1");
    CHECK(at(legacy, "region = eu-west-1\nuse_fips_endpoint = true\n") ==
          "https://sts-fips.eu-west-1.amazonaws.com/ eu-west-1");
    CHECK(at({}, "region = eu-west-1\nsts_regional_endpoints = legacy\n") == "https://sts.amazonaws.com/ us-east-1");
    CHECK(at({{"AWS_STS_REGIONAL_ENDPOINTS", "regional"}}, "region = eu-west-1\nsts_regional_endpoints = legacy\n") ==
          "https://sts.eu-west-1.amazonaws.com/ eu-west-1");
    CHECK_THAT(at({{"AWS_STS_REGIONAL_ENDPOINTS", "global"}}), Catch::Contains("AWS_STS_REGIONAL_ENDPOINTS"));
}

TEST_CASE("the global endpoint of AWS's own rule tests is ours where it is asked for") {
    auto const recorded = testing_support::load("endpoints.json");
    int asked = 0;
    for (auto const& each : *json::array_of(*json::object_of(recorded, "tests"), "sts")) {
        auto const& params = *json::object_of(each, "params");
        if (!json::flag_of(params, "UseGlobalEndpoint").value_or(false)) continue;
        CAPTURE(text(each, "doc"));
        scene here{{{"AWS_REGION", text(params, "Region")}, {"AWS_STS_REGIONAL_ENDPOINTS", "legacy"}}};
        here.options.endpoint_url = text(params, "Endpoint");
        auto const* const schemes = json::array_of(each, "authSchemes");
        auto const region = schemes == nullptr ? text(params, "Region") : text(schemes->front(), "signingRegion");
        CHECK(here.place() == text(each, "url") + "/ " + region);
        ++asked;
    }
    CHECK(asked == 18);
}
