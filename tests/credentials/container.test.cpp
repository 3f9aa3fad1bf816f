#include <fargate/credentials/container.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::fail;
using fargate::credentials::container;
using fargate::credentials::container_uri;
using fargate::testing::map_environment;
using testing_support::shown;
using testing_support::world;
namespace json = fargate::json;

static_assert(fargate::credential_policy<container const, fargate::testing::scripted_http,
                                         fargate::testing::manual_clock, map_environment>);

namespace {

constexpr auto RELATIVE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
constexpr auto FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
constexpr auto TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
constexpr auto TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

constexpr auto good = R"({"RoleArn": "arn:aws:iam::123456789012:role/r", "AccessKeyId": "ASIA", "SecretAccessKey": "s",
    "Token": "t", "Expiration": "2024-01-02T09:04:05Z", "AccountId": "123456789012"})";

world on_ecs() { return world{{{RELATIVE, "/v2/credentials/abc"}}}; }

std::string uri_or_code(map_environment::map variables) {
    auto const uri = container_uri(map_environment{std::move(variables)});
    return uri ? *uri : std::string{name_of(uri.error().code)};
}

std::string full(std::string uri) { return uri_or_code({{FULL, std::move(uri)}}); }

} // namespace

TEST_CASE("every published case of the container's address") {
    auto const cases = testing_support::load("credential-chain-cases.json");
    std::size_t seen = 0;
    for (auto const& each : *json::array_of(*json::object_of(cases, "container_uri"), "tests")) {
        ++seen;
        INFO(testing_support::text(each, "docs"));
        map_environment::map variables;
        for (auto const& [name, value] : json::object_of(each, "env")->items())
            variables.emplace(name, *json::as_text(value));
        bool const any = !variables.empty();
        auto const& expected = *json::object_of(each, "result");
        if (auto const uri = json::text_of(expected, "Ok"))
            CHECK(uri_or_code(variables) == *uri);
        else
            CHECK(uri_or_code(variables) == (any ? "bad_configuration" : "not_configured"));
    }
    CHECK(seen == 11);
}

TEST_CASE("over http only this machine and the addresses of ECS and EKS are asked") {
    for (char const* const allowed :
         {"http://127.0.0.1/c", "http://127.1.2.3:80/c", "http://127.255.255.255/c", "http://[::1]:8080/c",
          "http://[0:0:0:0:0:0:0:1]/c", "http://169.254.170.2", "http://169.254.170.23/v1/credentials",
          "http://[fd00:ec2::23]/v1", "http://[FD00:0EC2:0:0::0023]/v1", "http://localhost/c", "http://LocalHost:1/c",
          "https://example.com/c", "https://10.0.0.1/c", "HTTPS://example.com"})
        CHECK(full(allowed) == allowed);
    for (char const* const refused : {"http://127.0.0.1.evil.com/c",
                                      "http://128.0.0.1/c",
                                      "http://169.254.170.3/c",
                                      "http://169.254.169.254/c",
                                      "http://10.0.0.1/c",
                                      "http://example.com/c",
                                      "http://localhost.evil.com/c",
                                      "http://localhost./c",
                                      "http://[::2]/c",
                                      "http://[::ffff:127.0.0.1]/c",
                                      "http://[fd00:ec2::254]/c",
                                      "http://2130706433/c",
                                      "http://0x7f.0.0.1/c",
                                      "http://127.1/c",
                                      "http://0177.0.0.1/c",
                                      "http://0.0.0.0/c",
                                      "http://127.0.0.1@evil.com/c",
                                      "http://evil.com#@127.0.0.1/",
                                      "http://127.0.0.1\\@evil.com/",
                                      "ftp://127.0.0.1/c",
                                      "file:///etc/passwd",
                                      "//127.0.0.1/c",
                                      "127.0.0.1/c",
                                      "http://",
                                      "http:///c",
                                      "http://127.0.0.1:99999/c",
                                      "http://127.0.0.1/a b",
                                      "http://127.0.0.1/a\r\nb",
                                      "http://[::1/c"})
        CHECK(full(refused) == "bad_configuration");
}

TEST_CASE("a relative address cannot leave the ECS agent") {
    CHECK(uri_or_code({{RELATIVE, "/v2/credentials/abc?x=1\n"}}) == "http://169.254.170.2/v2/credentials/abc?x=1");
    for (char const* const refused : {"@evil.com/", ".evil.com/", "8/", ":80@evil.com/", "evil", "/a b", "/a\nb", "/#"})
        CHECK(uri_or_code({{RELATIVE, refused}}) == "bad_configuration");
    CHECK(uri_or_code({{RELATIVE, " "}, {FULL, "http://127.0.0.1/c"}}) == "http://127.0.0.1/c");
    CHECK(uri_or_code({{RELATIVE, ""}, {FULL, " "}}) == "not_configured");
}

TEST_CASE("a refused address is named by its variable") {
    CHECK_THAT(container_uri(map_environment{{{FULL, "http://e.com"}}}).error().message, Catch::StartsWith(FULL));
    CHECK_THAT(container_uri(map_environment{{{RELATIVE, "x"}}}).error().message, Catch::StartsWith(RELATIVE));
}

TEST_CASE("a container's key is read from the agent beside it") {
    auto w = on_ecs();
    w.http.reply(200, good);
    auto const key = w.fetch(container{});
    REQUIRE(key);
    CHECK(shown(*key) == "ASIA/s/t");
    CHECK(key->expires == w.clock.now() + 6h);
    CHECK(key->account_id == "123456789012");
    CHECK(key->source == "container");

    auto const requests = w.http.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].method == "GET");
    CHECK(requests[0].url == "http://169.254.170.2/v2/credentials/abc");
    CHECK(requests[0].headers.value_of("Accept") == "application/json");
    CHECK_FALSE(requests[0].headers.find("Authorization").has_value());
    CHECK(requests[0].body.empty());
    CHECK(requests[0].bypass_proxy);
    CHECK(requests[0].limits.connect == 2s);
    CHECK(requests[0].limits.idle == 2s);
    CHECK(requests[0].limits.total == 5s);
    CHECK(requests[0].limits.body == 64 * 1024);
}

TEST_CASE("localhost goes out as 127.0.0.1 under its own name") {
    world w{{{FULL, "http://LOCALHOST:8080/c?a=localhost"}}};
    w.http.reply(200, good);
    REQUIRE(w.fetch(container{}));
    auto const request = w.http.requests().at(0);
    CHECK(request.url == "http://127.0.0.1:8080/c?a=localhost");
    CHECK(request.headers.value_of("Host") == "localhost:8080");

    world tls{{{FULL, "https://localhost/c"}}};
    tls.http.reply(200, good);
    REQUIRE(tls.fetch(container{}));
    CHECK(tls.http.requests().at(0).url == "https://localhost/c");
}

TEST_CASE("the token goes along, from its file anew every time") {
    world w{{{FULL, "http://169.254.170.23/v1/credentials"}, {TOKEN, "from variable"}}};
    auto const sent = [&w] {
        w.http.reply(200, good);
        REQUIRE(w.fetch(container{}));
        return std::string{w.http.requests().back().headers.value_of("Authorization")};
    };
    CHECK(sent() == "from variable");
    w.environment.set(TOKEN_FILE, "/var/run/token");
    w.environment.set_file("/var/run/token", "one\n");
    CHECK(sent() == "one");
    w.environment.set_file("/var/run/token", " two\r\n");
    CHECK(sent() == "two");
    CHECK(w.environment.reads("/var/run/token") == 2);
    w.environment.set(TOKEN_FILE, "");
    w.environment.set(TOKEN, "\n");
    CHECK(sent().empty());
}

TEST_CASE("a token that cannot go into a header field is never sent") {
    for (auto const& [variable, value] :
         {std::pair{TOKEN, "a\r\nX-Evil: 1"}, std::pair{TOKEN, "a\x7f"}, std::pair{TOKEN_FILE, "/none"},
          std::pair{TOKEN_FILE, "/broken"}, std::pair{TOKEN_FILE, "/empty"}}) {
        world w{{{FULL, "http://127.0.0.1/c"}, {variable, value}}, {{"/broken", "a\nb"}, {"/empty", " \n"}}};
        auto const key = w.fetch(container{});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::bad_configuration);
        CHECK_THAT(key.error().message, Catch::Contains(variable) && !Catch::Contains("Evil"));
        CHECK(w.http.requests().empty());
    }
}

TEST_CASE("what may pass is tried three times, a second apart") {
    auto const attempts = [](fargate::result<fargate::http::response> const& answer) {
        auto w = on_ecs();
        for (int i = 0; i != 5; ++i) w.http.reply(answer);
        auto const key = w.fetch(container{});
        REQUIRE_FALSE(key);
        CHECK(w.clock.slept() == std::vector<fargate::duration>(w.http.requests().size() - 1, 1s));
        return w.http.requests().size();
    };
    using fargate::http::response;
    CHECK(attempts(fail(errc::connection_failed, "refused")) == 3);
    CHECK(attempts(fail(errc::timed_out, "no answer")) == 3);
    CHECK(attempts(response{500, {}, ""}) == 3);
    CHECK(attempts(response{503, {}, good}) == 3);
    CHECK(attempts(response{429, {}, "slow down"}) == 3);
    CHECK(attempts(response{200, {}, "<html>"}) == 3);
    CHECK(attempts(response{200, {}, std::string{good}.substr(0, 100)}) == 3);
    CHECK(attempts(fail(errc::untrusted_peer, "bad certificate")) == 1);
    CHECK(attempts(fail(errc::cancelled, "stopped")) == 1);
    CHECK(attempts(response{302, {{"Location", "http://evil.com/"}}, ""}) == 1);
    CHECK(attempts(response{400, {}, ""}) == 1);
    CHECK(attempts(response{404, {}, good}) == 1);
    CHECK(attempts(response{204, {}, ""}) == 1);
    CHECK(attempts(response{200, {}, "{}"}) == 1);
    CHECK(attempts(response{200, {}, std::string(64 * 1024 + 1, ' ')}) == 1);
}

TEST_CASE("a failure that passes is not the end") {
    auto w = on_ecs();
    w.http.reply(fail(errc::connection_failed, "refused")).reply(500).reply(200, good);
    CHECK(shown(*w.fetch(container{})) == "ASIA/s/t");
    CHECK(w.http.remaining() == 0);
}

TEST_CASE("a refusal is told in the service's words, in bounds") {
    auto w = on_ecs();
    w.http.reply(400, R"({"code": "NoIdInRequest", "message": "no id\nin \u0007request", "HTTPErrorCode": 400})");
    auto const refused = w.fetch(container{});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::service_error);
    CHECK(refused.error().http_status == 400);
    CHECK(refused.error().service_code == "NoIdInRequest");
    CHECK_FALSE(refused.error().retryable);
    CHECK_THAT(refused.error().message,
               Catch::Contains("HTTP 400") && Catch::EndsWith(": NoIdInRequest: no id in  request"));

    w.http.reply(200, R"({"Code": "AssumeRoleUnauthorizedAccess", "Message": "no role"})");
    CHECK(w.fetch(container{}).error().service_code == "AssumeRoleUnauthorizedAccess");

    w.http.reply(403, R"({"message": ")" + std::string(10'000, 'x') + R"("})");
    CHECK(w.fetch(container{}).error().message.size() < 700);

    w.http.reply(403, "not even JSON");
    CHECK_THAT(w.fetch(container{}).error().message, Catch::Contains("HTTP 403") && !Catch::Contains("even"));
}

TEST_CASE("a service that echoes the token does not get it into a message") {
    world w{{{FULL, "http://127.0.0.1/c"}, {TOKEN, "HIDDEN"}}};
    w.http.reply(401, R"({"code": "Denied HIDDEN", "message": "bad token 'HIDDEN'"})");
    auto const refused = w.fetch(container{});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, !Catch::Contains("HIDDEN"));
    CHECK_THAT(refused.error().service_code, !Catch::Contains("HIDDEN"));
}

TEST_CASE("an answer that is no key is malformed, and not quoted") {
    auto const read = [](std::string body) {
        auto w = on_ecs();
        for (int i = 0; i != 3; ++i) w.http.reply(200, body);
        return w.fetch(container{});
    };
    for (char const* const body :
         {R"({"AccessKeyId": "ASIA"})", R"({"SecretAccessKey": "HIDDEN"})",
          R"({"AccessKeyId": "A B", "SecretAccessKey": "HIDDEN"})",
          R"({"AccessKeyId": "A", "SecretAccessKey": "HIDDEN", "Token": "a\nb"})",
          R"({"AccessKeyId": "A", "SecretAccessKey": "HIDDEN", "Expiration": "soon"})",
          R"({"AccessKeyId": "A", "SecretAccessKey": "HIDDEN", "Expiration": "2024-01-02T03:04:05Z"})",
          R"({"AccessKeyId": "A", "AccessKeyId": "B", "SecretAccessKey": "HIDDEN"})", "HIDDEN", ""}) {
        auto const key = read(body);
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::malformed_response);
        CHECK_THAT(key.error().message, !Catch::Contains("HIDDEN"));
    }
    for (char const* const body : {"[]", "null", R"({"AccessKeyId": 1, "SecretAccessKey": 2})"})
        CHECK(read(body).error().code == errc::service_error);

    auto const plain = read(R"({"AccessKeyId": "A", "SecretAccessKey": "s"})"); // a local agent with a long-lived key
    REQUIRE(plain);
    CHECK(shown(*plain) == "A/s");
    CHECK_FALSE(plain->expires.has_value());
}

TEST_CASE("a container's failure is never taken for a lack of configuration") {
    auto w = on_ecs();
    w.http.otherwise([](auto const&) { return fail(errc::connection_failed, "refused"); });
    CHECK(w.fetch(container{}).error().code == errc::connection_failed);
    CHECK_THAT(w.fetch(container{}).error().message,
               Catch::Contains("credentials service") && Catch::Contains("refused"));
    CHECK(world{}.fetch(container{}).error().code == errc::not_configured);
}
