#include <fargate/service/aws_parts.hpp>

#include <fargate/agent.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/scripted_http.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <string>
#include <type_traits>

namespace aws = fargate::aws;
namespace json = fargate::json;
namespace retry = fargate::retry;
using fargate::errc;
using fargate::testing::captured_log;
using fargate::testing::map_environment;
using testing_support::answer;
using testing_support::loopback;

namespace {

struct everyday : fargate::default_policies {
    using credentials = fargate::credentials::fixed;
    using clock = fargate::testing::manual_clock;
    using environment = map_environment;
    using log = captured_log;
    using executor = fargate::inline_executor;
};

/// Policies that cannot be told anything.
struct deaf : everyday {
    using http = fargate::testing::scripted_http;
    using retry = fargate::retry::standard;
};

template <class Policies>
fargate::parts<Policies> make(map_environment environment = map_environment{}) {
    return {.credentials = fargate::credentials::fixed{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
            .environment = std::move(environment)};
}

aws::botocore_config told(std::string const& text) {
    auto const document = json::parse(text);
    REQUIRE(document);
    captured_log log;
    auto made = aws::read_botocore_config(*document, log);
    INFO((made ? std::string{} : made.error().message));
    REQUIRE(made);
    return *std::move(made);
}

std::string refusal(aws::botocore_config const& config) {
    auto parts = make<deaf>();
    auto const made = fargate::service::make_aws_parts(parts, config, {});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == errc::bad_configuration);
    return made.error().message;
}

} // namespace

TEST_CASE("where nothing is said a client stands on the agent's own parts") {
    auto parts = make<everyday>();
    auto const made = fargate::service::make_aws_parts(parts, {}, {});
    REQUIRE(made);
    CHECK(&made->http == &parts.http);
    CHECK(&made->retry == &parts.retry);
    CHECK(&made->credentials_http == &parts.http);
}

TEST_CASE("what is said about connections goes into an http of the client's own, keys come over the agent's") {
    auto parts = make<everyday>();
    auto made = fargate::service::make_aws_parts(parts, told(R"({"max_pool_connections": 3})"), {});
    REQUIRE(made);
    auto const moved = *std::move(made); // as it goes into the agent
    CHECK(&moved.http == moved.own_http.get());
    CHECK(moved.http.settings().idle_sessions == 3);
    CHECK(&moved.credentials_http == &parts.http);
    CHECK(&moved.retry == &parts.retry);
    CHECK(parts.http.settings().idle_sessions != 3);
}

TEST_CASE("what is said about repeats goes into a policy of each client's own, and the environment counts after it") {
    auto parts = make<everyday>();
    aws::botocore_config ambient;
    ambient.retries = {retry::mode::adaptive, 9};
    auto const made = fargate::service::make_aws_parts(parts, told(R"({"retries": {"mode": "legacy"}})"), ambient);
    auto const other = fargate::service::make_aws_parts(parts, told(R"({"retries": {"mode": "legacy"}})"), ambient);
    REQUIRE(made);
    REQUIRE(other);
    CHECK(made->retry.kind() == retry::mode::legacy);
    CHECK(made->retry.max_attempts() == 9);
    CHECK(&made->retry != &other->retry);
    CHECK(parts.retry.kind() == retry::mode::standard);
}

TEST_CASE("a policy that cannot be told what botocore_config says is named, with the option") {
    std::string const http = "this agent's http policy takes no botocore_config.";
    std::string const end = ": give it to the policy itself";
    CHECK(refusal(told(R"({"proxies": {}})")) == http + "proxies" + end);
    CHECK(refusal(told(R"({"max_pool_connections": 2})")) == http + "max_pool_connections" + end);
    CHECK(refusal(told(R"({"tcp_keepalive": true})")) == http + "tcp_keepalive" + end);
    CHECK(refusal(told(R"({"retries": {"mode": "legacy"}})")) ==
          "this agent's retry policy takes no botocore_config.retries.mode" + end);
    CHECK(refusal(told(R"({"retries": {"max_attempts": 2}})")) ==
          "this agent's retry policy takes no botocore_config.retries.max_attempts" + end);

    // The environment asks for nothing that a policy of one's own would have to follow.
    aws::botocore_config ambient;
    ambient.retries.max_attempts = 9;
    ambient.connection.tcp_keepalive = true;
    auto parts = make<deaf>();
    auto const made = fargate::service::make_aws_parts(parts, {}, ambient);
    REQUIRE(made);
    CHECK(&made->retry == &parts.retry);
}

TEST_CASE("a certificate file that cannot be read is told at once, with its option") {
    for (auto const& [text, option] :
         {std::pair{R"({"client_cert": "/c.pem"})", "client_cert"},
          std::pair{R"({"client_cert": ["/there.pem", "/c.pem"]})", "client_cert"},
          std::pair{R"({"proxies_config": {"proxy_ca_bundle": "/c.pem"}})", "proxies_config.proxy_ca_bundle"},
          std::pair{R"({"proxies_config": {"proxy_client_cert": "/c.pem"}})", "proxies_config.proxy_client_cert"}}) {
        auto parts = make<everyday>(map_environment{{}, {{"/there.pem", "x"}}});
        auto const made = fargate::service::make_aws_parts(parts, told(text), {});
        INFO(text);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == errc::bad_configuration);
        CHECK(made.error().message == "botocore_config." + std::string{option} + ": no file /c.pem");
    }
}

TEST_CASE("a proxy of botocore_config is between ECS and its client, and not between S3 and its own") {
    loopback proxy{answer(200, R"({"taskArns": ["through"]})")};
    loopback storage{answer(200, "object")};
    auto parts = make<everyday>();
    auto const made = fargate::service::make_aws_parts(
        parts, told("{\"proxies\": {\"http\": \"http://" + proxy.authority() + "\"}}"), {});
    REQUIRE(made);
    aws::client_options options;
    options.region = "eu-west-1";
    options.endpoint_url = "http://ecs.test";
    aws::ecs<everyday> ecs{*made, options};
    auto const listed = ecs.list_tasks(json::value::object());
    REQUIRE(listed);
    CHECK(listed->arns == std::vector<std::string>{"through"});
    REQUIRE(proxy.requests().size() == 1);
    CHECK(proxy.requests()[0].starts_with("POST http://ecs.test/ HTTP/1.1\r\n"));

    options.endpoint_url = "http://" + storage.authority();
    aws::s3<everyday> s3{parts, options};
    auto const object = s3.get_object({.bucket = "bucket", .key = "key"});
    REQUIRE(object);
    CHECK(object->body == "object");
    CHECK(proxy.requests().size() == 1);
}
