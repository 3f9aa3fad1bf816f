#include <fargate/credentials/standard.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using fargate::errc;
using fargate::fail;
using fargate::credentials::standard;
using fargate::credentials::standard_options;
using fargate::testing::map_environment;
using testing_support::shown;
using testing_support::world;
namespace http = fargate::http;

static_assert(fargate::credential_policy<standard, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         map_environment>);

namespace {

constexpr auto CREDENTIALS = "/h/.aws/credentials";
constexpr auto CONFIG = "/h/.aws/config";
constexpr auto EXTENDED = "http://169.254.169.254/latest/meta-data/iam/security-credentials-extended/";

std::string const role_settings = "role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = base\n"
                                  "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = b\n";
std::string const web_settings = "role_arn = arn:aws:iam::123456789012:role/w\nweb_identity_token_file = /mine\n";
std::string const static_settings = "aws_access_key_id = FILE\naws_secret_access_key = f\n";

std::string sts_answer(std::string const& operation, std::string const& id) {
    return "<" + operation + "Response><" + operation + "Result><Credentials><AccessKeyId>" + id +
           "</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>"
           "2024-01-02T09:04:05Z</Expiration></Credentials></" +
           operation + "Result></" + operation + "Response>";
}

/// Every source there is, each with a key of its own.
struct everything : world {
    explicit everything(std::string const& profile_settings = static_settings) :
        world{{{"HOME", "/h"},
               {"AWS_REGION", "eu-west-1"},
               {"AWS_ACCESS_KEY_ID", "ENV"},
               {"AWS_SECRET_ACCESS_KEY", "e"},
               {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
               {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/e"},
               {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c"}},
              {{CONFIG, "[default]\n" + profile_settings + "[profile named]\n" + profile_settings},
               {"/token", "a.web.token"},
               {"/mine", "my.web.token"}}} {
        using fargate::http::response;
        http.otherwise([](fargate::http::request const& request) -> fargate::result<response> {
            auto const is = [&](std::string_view text) { return fargate::text::contains(request.body, text); };
            if (is("Action=AssumeRoleWithWebIdentity"))
                return response{200, {}, sts_answer("AssumeRoleWithWebIdentity", is("role%2Fw") ? "MYWEB" : "WEB")};
            if (is("Action=AssumeRole&")) return response{200, {}, sts_answer("AssumeRole", "ROLE")};
            std::string_view const url = request.url;
            if (url == "http://169.254.170.2/c")
                return response{200, {}, R"({"AccessKeyId": "ECS", "SecretAccessKey": "c"})"};
            if (request.method == "PUT") return response{200, {}, "TOKEN"};
            if (url == EXTENDED) return response{200, {}, "app"};
            if (url == EXTENDED + std::string{"app"})
                return response{200, {}, R"({"AccessKeyId": "EC2", "SecretAccessKey": "i"})"};
            return fail(errc::connection_failed, "nobody there");
        });
    }
};

void drop(world& w, std::vector<std::string> const& names) {
    for (auto const& each : names) w.environment.unset(each);
}
std::vector<std::string> const environment_key{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"};
std::vector<std::string> const web_identity{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"};

template <class... Given>
std::string id(world& w, Given... given) {
    standard keys{std::move(given)...};
    auto const key = w.fetch(keys);
    return key ? key->id : std::string{name_of(key.error().code)} + ": " + key.error().message;
}

} // namespace

TEST_CASE("the standard order is boto3's: a profile's role stands before web identity, its other ways behind") {
    for (auto const& [settings, before, behind] :
         {std::tuple{role_settings, "ROLE", "ROLE"}, std::tuple{static_settings, "WEB", "FILE"},
          std::tuple{web_settings, "WEB", "MYWEB"}}) {
        INFO(settings);
        everything w(settings);
        CHECK(id(w) == "ENV");
        drop(w, environment_key);
        CHECK(id(w) == before);
        drop(w, web_identity);
        CHECK(id(w) == behind);
        w.environment.remove_file(CONFIG);
        CHECK(id(w) == "ECS");
        drop(w, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
        CHECK(id(w) == "EC2");
        w.environment.set("AWS_EC2_METADATA_DISABLED", "true");
        CHECK_THAT(id(w), Catch::StartsWith("not_configured: no access key found: "));
    }
}

TEST_CASE("a profile that the program names takes environment and web identity out, AWS_PROFILE does not") {
    everything w;
    CHECK(id(w, std::string{"named"}) == "FILE");
    CHECK(id(w, standard_options{.profile = "named"}) == "FILE");
    w.environment.set_file(CONFIG, "[profile named]\nregion = us-east-1\n");
    CHECK(id(w, std::string{"named"}) == "ECS"); // it says nothing of keys
    CHECK_THAT(id(w, std::string{"none"}),
               Catch::StartsWith("bad_configuration") && Catch::Contains("no profile none"));
    w.environment.set("AWS_PROFILE", "named");
    CHECK(id(w) == "ENV");
    drop(w, environment_key);
    CHECK(id(w) == "WEB");
    CHECK(id(w, std::string{}) == "WEB"); // an empty name is none

    w.environment.set("AWS_PROFILE", "none"); // the program's profile counts, whatever the environment's is
    CHECK(id(w, std::string{"named"}) == "ECS");
}

TEST_CASE("a named profile may take its first key from the environment") {
    everything w("role_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment\n");
    CHECK(id(w, std::string{"named"}) == "ROLE");
    auto const requests = w.http.requests();
    REQUIRE(requests.size() == 1);
    CHECK_THAT(std::string{requests[0].headers.value_of("Authorization")}, Catch::Contains("Credential=ENV/"));
}

TEST_CASE("the settings of the named profile hold for everything behind it") {
    everything w("region = ap-south-1\nec2_metadata_service_endpoint_mode = IPv6\n" + role_settings);
    drop(w, {"AWS_REGION"});
    w.environment.set_file(CONFIG, "[default]\nregion = us-east-1\n[profile named]\nregion = ap-south-1\n"
                                   "ec2_metadata_service_endpoint_mode = IPv6\n" +
                                       role_settings);
    CHECK(id(w, std::string{"named"}) == "ROLE");
    CHECK(w.http.requests().back().url == "https://sts.ap-south-1.amazonaws.com/");

    w.environment.set_file(CONFIG, "[profile named]\nec2_metadata_service_endpoint_mode = IPv6\n");
    drop(w, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
    CHECK_FALSE(id(w, std::string{"named"}).empty());
    CHECK_THAT(w.http.requests().back().url, Catch::StartsWith("http://[fd00:ec2::254]/"));
}

TEST_CASE("a key that the standard search was given comes first, half of one stops it") {
    everything w;
    fargate::credentials::access_key given;
    CHECK(id(w, given) == "ENV");
    given.id = "GIVEN";
    CHECK_THAT(id(w, given), Catch::StartsWith("bad_configuration"));
    given.secret_key = "g";
    CHECK(id(w, given) == "GIVEN");
    CHECK(id(w, standard_options{.key = given, .profile = "named"}) == "GIVEN");
}

TEST_CASE("options for the calls to STS reach both ways that ask it") {
    for (bool const web : {true, false}) {
        everything w(web ? static_settings : role_settings);
        drop(w, environment_key);
        standard_options options;
        options.sts.region = "sa-east-1";
        CHECK(id(w, options) == (web ? "WEB" : "ROLE"));
        CHECK(w.http.requests().back().url == "https://sts.sa-east-1.amazonaws.com/");
    }
}

TEST_CASE("what is configured and fails is never passed over in silence") {
    everything w(role_settings);
    w.http.otherwise([](http::request const& request) {
        return request.method == "POST"
                   ? http::response{403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"}
                   : http::response{200, {}, R"({"AccessKeyId": "ECS", "SecretAccessKey": "c"})"};
    });
    drop(w, environment_key);
    CHECK_THAT(id(w), Catch::Contains("role of the profile: ") && Catch::Contains("AccessDenied") &&
                          Catch::Contains("(before it: fixed: ") && Catch::Contains("; environment: "));
    w.environment.set_file(CONFIG, "");
    CHECK_THAT(id(w), Catch::Contains("web identity: ") && Catch::Contains("AccessDenied"));
    drop(w, {"AWS_ROLE_ARN"});
    CHECK_THAT(id(w), Catch::StartsWith("bad_configuration") && Catch::Contains("AWS_ROLE_ARN"));
    drop(w, web_identity);
    w.environment.set_file(CONFIG, "[default]\naws_access_key_id = FILE\n");
    CHECK_THAT(id(w), Catch::StartsWith("bad_configuration") && Catch::Contains("aws_secret_access_key"));
    w.environment.set_file(CONFIG, "[default]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = r\n");
    CHECK_THAT(id(w), Catch::StartsWith("bad_configuration") && Catch::Contains("gone"));
    w.environment.set_file(CONFIG, "[default]\ncredential_process = /bin/false\n");
    CHECK_THAT(id(w), Catch::Contains("profile: ")); // this environment runs no programs, and says so
    w.environment.set_file(CONFIG, "default]\n");
    CHECK_THAT(id(w), Catch::StartsWith("bad_configuration") && Catch::Contains(CONFIG));
    w.environment.set_file(CONFIG, "");
    w.environment.set("AWS_PROFILE", "none");
    CHECK_THAT(id(w), Catch::StartsWith("bad_configuration") && Catch::Contains("no profile none"));
    w.environment.set("AWS_SECRET_ACCESS_KEY", "e");
    CHECK_THAT(id(w), Catch::StartsWith("bad_configuration") && Catch::Contains("AWS_ACCESS_KEY_ID"));
}

TEST_CASE("a search without result says what every source answered") {
    world w;
    w.http.otherwise([](auto const&) { return fail(errc::timed_out, "no answer in 1000 ms"); });
    auto const nothing = w.fetch(standard{});
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().code == errc::not_configured);
    std::size_t at = 0;
    for (char const* const part :
         {"fixed: ", "environment: AWS_ACCESS_KEY_ID is not set", "role of the profile: there is no profile",
          "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set", "profile: the shared files have no profile default",
          "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "instance: no answer from http://169.254.169.254"}) {
        INFO(part);
        at = nothing.error().message.find(part, at);
        REQUIRE(at != std::string::npos);
    }
    auto const named = w.fetch(standard{"none"});
    CHECK_THAT(named.error().message, Catch::Contains("environment: left out"));
}

TEST_CASE("a key that ends is kept by the standard search, and renewed in time") {
    everything w(role_settings);
    drop(w, environment_key);
    standard keys;
    CHECK(w.fetch(keys)->id == "ROLE");
    CHECK(w.fetch(keys)->id == "ROLE");
    CHECK(w.http.requests().size() == 1);
    w.clock.advance(std::chrono::hours{6} - std::chrono::minutes{15});
    CHECK(w.fetch(keys)->id == "ROLE");
    CHECK(w.http.requests().size() == 2);
}
