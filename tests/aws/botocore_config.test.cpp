#include <fargate/aws/botocore_config.hpp>

#include <fargate/aws/endpoint.hpp>
#include <fargate/aws/user_agent.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace aws = fargate::aws;
namespace json = fargate::json;
namespace retry = fargate::retry;
using namespace std::chrono_literals;
using fargate::errc;
using fargate::testing::map_environment;

// One test for each row of the table of `Config` options, named by the row.

namespace {

/// What a text of JSON is read as: a configuration, or the message that refuses it, and every warning.
struct reading {
    fargate::result<aws::botocore_config> made;
    std::vector<std::string> warnings{};

    explicit reading(json::value const& document, fargate::testing::captured_log log = {}) :
        made{aws::read_botocore_config(document, log)} {
        for (auto const& each : log.lines()) {
            CHECK(each.level == fargate::log_level::warning);
            warnings.push_back(each.text);
        }
    }
};

json::value document(std::string const& text) {
    auto made = json::parse(text);
    INFO(text);
    REQUIRE(made);
    return *std::move(made);
}

/// Accepted in silence.
aws::botocore_config accepted(std::string const& text) {
    reading const got{document(text)};
    INFO(text);
    INFO((got.made ? std::string{} : got.made.error().message));
    REQUIRE(got.made);
    CHECK(got.warnings.empty());
    return *got.made;
}

/// Accepted with these warnings.
aws::botocore_config warned(std::string const& text, std::vector<std::string> const& warnings) {
    reading const got{document(text)};
    INFO(text);
    INFO((got.made ? std::string{} : got.made.error().message));
    REQUIRE(got.made);
    CHECK(got.warnings == warnings);
    return *got.made;
}

void refused(std::string const& text, std::string const& message) {
    reading const got{document(text)};
    INFO(text);
    REQUIRE_FALSE(got.made);
    CHECK(got.made.error().code == errc::bad_configuration);
    CHECK(got.made.error().message == message);
}

/// The options that a caller who has nothing to say ends up with.
aws::client_options applied(std::string const& text, aws::client_options options = {}) {
    accepted(text).apply_to(options);
    return options;
}

/// Refuses every value that is neither of a switch's two, nor null.
void is_switch(std::string const& path, std::string const& before, std::string const& after) {
    for (auto const& [value, shown] :
         {std::pair{"\"true\"", "\"true\""}, std::pair{"1", "1"}, std::pair{"[]", "a list"}})
        refused(before + value + after, path + " must be true or false, not " + shown);
    accepted(before + "null" + after);
}

std::string const ignored = " is ignored: ";

} // namespace

TEST_CASE("botocore_config itself is an object, and an empty one says nothing") {
    auto const made = accepted("{}");
    CHECK(made.connection.empty());
    CHECK(made.retries.empty());
    auto const options = applied("{}");
    aws::client_options const untouched;
    CHECK(options.limits.connect == untouched.limits.connect);
    CHECK(options.limits.idle == untouched.limits.idle);
    CHECK(options.limits.total == untouched.limits.total);
    CHECK(options.parameter_validation);
    refused("[]", "botocore_config must be an object, not a list");
    refused("\"hunter2\"", "botocore_config must be an object, not text");
    refused("5", "botocore_config must be an object, not a number");
}

TEST_CASE("botocore_config.region_name") {
    CHECK(applied(R"({"region_name": "eu-west-1"})").region == "eu-west-1");
    CHECK(applied(R"({"region_name": null})").region.empty());
    CHECK(applied(R"({"region_name": ""})").region.empty());
    aws::client_options explicitly;
    explicitly.region = "us-east-2";
    CHECK(applied(R"({"region_name": "eu-west-1"})", explicitly).region == "us-east-2");
    for (std::string const bad : {"foo_bar", "a.b", "evil.com/", "EU-west-1"})
        refused("{\"region_name\": \"" + bad + "\"}",
                "botocore_config.region_name must be a region like eu-west-1, not \"" + bad + "\"");
    refused(R"({"region_name": 5})", "botocore_config.region_name must be a region like eu-west-1, not 5");
    std::string const longest(63, 'a');
    CHECK(applied("{\"region_name\": \"" + longest + "\"}").region == longest);
    CHECK_FALSE(reading{document("{\"region_name\": \"" + longest + "a\"}")}.made);
}

TEST_CASE("botocore_config.region_name counts before the environment") {
    map_environment environment{{{"AWS_REGION", "us-east-1"}}};
    auto const to = aws::resolve_target(aws::ecs_service, applied(R"({"region_name": "eu-west-1"})"), environment);
    REQUIRE(to);
    CHECK(to->region == "eu-west-1");
}

TEST_CASE("botocore_config.signature_version") {
    for (auto const* const signed_form : {"\"v4\"", "\"s3v4\"", "null"})
        CHECK_FALSE(applied(std::string{"{\"signature_version\": "} + signed_form + "}").anonymous);
    CHECK(applied(R"({"signature_version": "unsigned"})").anonymous);
    CHECK(applied(R"({"signature_version": "UNSIGNED"})").anonymous);
    for (std::string const bad : {"s3", "v2", "v4a", "bearer", "bogus"})
        refused("{\"signature_version\": \"" + bad + "\"}",
                "botocore_config.signature_version must be v4, s3v4 or unsigned, not \"" + bad + "\"");
    refused(R"({"signature_version": 4})", "botocore_config.signature_version must be v4, s3v4 or unsigned, not 4");
}

TEST_CASE("botocore_config.user_agent") {
    CHECK(aws::user_agent(applied(R"({"user_agent": "mine/1"})"), map_environment{}) == "mine/1");
    CHECK(aws::user_agent(applied(R"({"user_agent": "mine/1", "user_agent_extra": "more"})"), map_environment{}) ==
          "mine/1 more");
    refused(R"({"user_agent": 1})", "botocore_config.user_agent must be text, not 1");
}

TEST_CASE("botocore_config.user_agent_extra") {
    CHECK(aws::user_agent(applied(R"({"user_agent_extra": "more/2"})"), map_environment{}) ==
          "fargate/" FARGATE_VERSION_STRING " more/2");
    refused(R"({"user_agent_extra": {}})", "botocore_config.user_agent_extra must be text, not an object");
}

TEST_CASE("botocore_config.user_agent_appid") {
    map_environment environment{{{"AWS_SDK_UA_APP_ID", "other"}}};
    CHECK(aws::user_agent(applied(R"({"user_agent_appid": "nightly"})"), environment) ==
          "fargate/" FARGATE_VERSION_STRING " app/nightly");
    accepted("{\"user_agent_appid\": \"" + std::string(50, 'x') + "\"}");
    warned("{\"user_agent_appid\": \"" + std::string(51, 'x') + "\"}",
           {"botocore_config.user_agent_appid is longer than 50 characters: the rest is cut off"});
    refused(R"({"user_agent_appid": true})", "botocore_config.user_agent_appid must be text, not true");
}

TEST_CASE("botocore_config.connect_timeout") {
    CHECK(applied(R"({"connect_timeout": 5})").limits.connect == 5s);
    CHECK(applied(R"({"connect_timeout": 0.25})").limits.connect == 250ms);
    CHECK(applied(R"({"connect_timeout": 0.00001})").limits.connect == 1ms);
    CHECK(applied(R"({"connect_timeout": 5})").limits.total == aws::client_options{}.limits.total);
    auto const endless = applied(R"({"connect_timeout": null})").limits;
    CHECK(endless.connect == 0ms);
    CHECK(endless.total == 0ms);
    for (auto const* const bad : {"0", "-1", "\"5\"", "true", "[1, 2]", "1e99"}) {
        reading const got{document(std::string{"{\"connect_timeout\": "} + bad + "}")};
        INFO(bad);
        REQUIRE_FALSE(got.made);
        CHECK(got.made.error().message.starts_with(
            "botocore_config.connect_timeout must be a number of seconds above 0, or null for no limit, not "));
    }
}

TEST_CASE("botocore_config.read_timeout") {
    auto const limits = applied(R"({"read_timeout": 70})").limits;
    CHECK(limits.idle == 70s);
    CHECK(limits.total == 120s);
    // It is a limit of silence: a long one must not be undercut by the limit of the whole exchange.
    CHECK(applied(R"({"read_timeout": 300})").limits.total == 0ms);
    auto const endless = applied(R"({"read_timeout": null})").limits;
    CHECK(endless.idle == 0ms);
    CHECK(endless.total == 0ms);
    refused(R"({"read_timeout": "x"})",
            "botocore_config.read_timeout must be a number of seconds above 0, or null for no limit, not \"x\"");
}

TEST_CASE("botocore_config.parameter_validation") {
    CHECK_FALSE(applied(R"({"parameter_validation": false})").parameter_validation);
    CHECK(applied(R"({"parameter_validation": true})").parameter_validation);
    is_switch("botocore_config.parameter_validation", "{\"parameter_validation\": ", "}");
}

TEST_CASE("botocore_config.max_pool_connections") {
    CHECK(accepted(R"({"max_pool_connections": 25})").connection.pool == 25U);
    CHECK_FALSE(accepted(R"({"max_pool_connections": null})").connection.pool);
    refused(R"({"max_pool_connections": 0})",
            "botocore_config.max_pool_connections must be a whole number of at least 1, not 0");
    refused(R"({"max_pool_connections": 2.5})",
            "botocore_config.max_pool_connections must be a whole number of at least 1, not 2.5");
    refused(R"({"max_pool_connections": 18446744073709551615})",
            "botocore_config.max_pool_connections must be a whole number of at least 1 and at most 100000, not "
            "18446744073709551615");
}

TEST_CASE("botocore_config.proxies") {
    auto const both = accepted(R"({"proxies": {"http": "proxy:3128", "https": "https://user:pw@[::1]:8443/"}})");
    REQUIRE(both.connection.proxies);
    CHECK(both.connection.proxies->http == "http://proxy:3128");
    CHECK(both.connection.proxies->https == "https://user:pw@[::1]:8443/");
    CHECK(accepted(R"({"proxies": {"http": "//proxy"}})").connection.proxies->http == "http://proxy");
    CHECK(accepted(R"({"proxies": {"http": null}})").connection.proxies->http.empty());
    CHECK(accepted(R"({"proxies": {}})").connection.proxies); // none at all, the environment's neither
    CHECK_FALSE(accepted(R"({"proxies": null})").connection.proxies);
    refused(R"({"proxies": "http://user:hunter2@proxy"})", "botocore_config.proxies must be an object, not text");
    refused(R"({"proxies": {"https": 5}})", "botocore_config.proxies.https must be text, not a number");
    for (std::string const bad : {"socks5://user:hunter2@proxy", "http://user:hunter2@", "http://pro xy",
                                  "http://proxy/path", "http://a@b@proxy", "http://proxy:99999"})
        refused("{\"proxies\": {\"https\": \"" + bad + "\"}}",
                "botocore_config.proxies.https is no address of a proxy: expected http://host:port or "
                "https://host:port");
    warned(R"({"proxies": {"htps": "http://proxy"}})",
           {"botocore_config.proxies.htps" + ignored +
            "no such option is known: did you mean botocore_config.proxies.https?"});
}

TEST_CASE("botocore_config.proxies_config.proxy_ca_bundle") {
    CHECK(accepted(R"({"proxies_config": {"proxy_ca_bundle": "/etc/ca.pem"}})").connection.proxy_ca_file ==
          "/etc/ca.pem");
    refused(R"({"proxies_config": {"proxy_ca_bundle": ["a"]}})",
            "botocore_config.proxies_config.proxy_ca_bundle must be text, not a list");
    refused(R"({"proxies_config": 5})", "botocore_config.proxies_config must be an object, not a number");
    warned(R"({"proxies_config": {"proxy_ca_bundel": "x"}})",
           {"botocore_config.proxies_config.proxy_ca_bundel" + ignored +
            "no such option is known: did you mean botocore_config.proxies_config.proxy_ca_bundle?"});
}

TEST_CASE("botocore_config.proxies_config.proxy_client_cert") {
    auto const one = accepted(R"({"proxies_config": {"proxy_client_cert": "both.pem"}})").connection.proxy_certificate;
    CHECK(one.certificate == "both.pem");
    CHECK(one.key.empty());
    auto const two =
        accepted(R"({"proxies_config": {"proxy_client_cert": ["c.pem", "k.pem"]}})").connection.proxy_certificate;
    CHECK(two.certificate == "c.pem");
    CHECK(two.key == "k.pem");
    refused(
        R"({"proxies_config": {"proxy_client_cert": ["c.pem"]}})",
        "botocore_config.proxies_config.proxy_client_cert must be the name of a file, or a list of two: certificate "
        "and key, not a list");
}

TEST_CASE("botocore_config.proxies_config.proxy_use_forwarding_for_https") {
    accepted(R"({"proxies_config": {"proxy_use_forwarding_for_https": false}})");
    refused(R"({"proxies_config": {"proxy_use_forwarding_for_https": true}})",
            "botocore_config.proxies_config.proxy_use_forwarding_for_https is not supported: an https proxy would read "
            "the requests; leave it out");
    is_switch("botocore_config.proxies_config.proxy_use_forwarding_for_https",
              "{\"proxies_config\": {\"proxy_use_forwarding_for_https\": ", "}}");
}

TEST_CASE("botocore_config.s3.addressing_style") {
    CHECK(accepted(R"({"s3": {"addressing_style": "auto"}})").s3.style == aws::addressing::automatic);
    CHECK(accepted(R"({"s3": {"addressing_style": "virtual"}})").s3.style == aws::addressing::virtual_host);
    CHECK(accepted(R"({"s3": {"addressing_style": "path"}})").s3.style == aws::addressing::path);
    CHECK(accepted(R"({"s3": {"addressing_style": null}})").s3.style == std::nullopt);
    refused(R"({"s3": {"addressing_style": "Path"}})",
            "botocore_config.s3.addressing_style must be auto, virtual or path, not \"Path\"");
    refused(R"({"s3": "path"})", "botocore_config.s3 must be an object, not text");
}

TEST_CASE("botocore_config.s3.payload_signing_enabled") {
    for (auto const* const value : {"true", "false", "null"})
        CHECK(accepted(std::string{"{\"s3\": {\"payload_signing_enabled\": "} + value + "}}").s3.sign_payload != false);
    is_switch("botocore_config.s3.payload_signing_enabled", "{\"s3\": {\"payload_signing_enabled\": ", "}}");
}

TEST_CASE("botocore_config.s3.use_accelerate_endpoint") {
    CHECK(accepted(R"({"s3": {"use_accelerate_endpoint": true}})").s3.accelerate == true);
    CHECK(accepted(R"({"s3": {"use_accelerate_endpoint": false}})").s3.accelerate == false);
    is_switch("botocore_config.s3.use_accelerate_endpoint", "{\"s3\": {\"use_accelerate_endpoint\": ", "}}");
}

TEST_CASE("botocore_config.s3.use_dualstack_endpoint") {
    auto const made = accepted(R"({"s3": {"use_dualstack_endpoint": true}})");
    CHECK(made.s3_use_dualstack_endpoint == true);
    CHECK_FALSE(made.use_dualstack_endpoint); // S3's alone
    is_switch("botocore_config.s3.use_dualstack_endpoint", "{\"s3\": {\"use_dualstack_endpoint\": ", "}}");
}

TEST_CASE("botocore_config.s3.us_east_1_regional_endpoint") {
    accepted(R"({"s3": {"us_east_1_regional_endpoint": "regional"}})");
    warned(R"({"s3": {"us_east_1_regional_endpoint": "legacy"}})",
           {"botocore_config.s3.us_east_1_regional_endpoint" + ignored +
            "us-east-1 is always called at its regional endpoint"});
    refused(R"({"s3": {"us_east_1_regional_endpoint": "global"}})",
            "botocore_config.s3.us_east_1_regional_endpoint must be regional or legacy, not \"global\"");
}

TEST_CASE("botocore_config.s3.use_arn_region") {
    warned(R"({"s3": {"use_arn_region": true}})",
           {"botocore_config.s3.use_arn_region" + ignored + "buckets named by an ARN are not supported"});
}

TEST_CASE("botocore_config.s3.disable_s3_express_session_auth, top-level s3_disable_express_session_auth") {
    std::string const why = ignored + "directory buckets (S3 Express) are not supported";
    warned(R"({"s3": {"disable_s3_express_session_auth": true}, "s3_disable_express_session_auth": true})",
           {"botocore_config.s3.disable_s3_express_session_auth" + why,
            "botocore_config.s3_disable_express_session_auth" + why});
}

TEST_CASE("botocore_config.s3.s3_disable_multiregion_access_points") {
    warned(R"({"s3": {"s3_disable_multiregion_access_points": false}})",
           {"botocore_config.s3.s3_disable_multiregion_access_points" + ignored +
            "multi-region access points are not supported"});
}

TEST_CASE("botocore_config: unknown key inside s3") {
    warned(R"({"s3": {"adressing_style": "path", "x\ny": 1}})",
           {"botocore_config.s3.adressing_style" + ignored +
                "no such option is known: did you mean botocore_config.s3.addressing_style?",
            "botocore_config.s3.x?y" + ignored + "no such option is known"});
}

TEST_CASE("botocore_config.retries.max_attempts") {
    CHECK(accepted(R"({"retries": {"max_attempts": 0}})").retries.max_attempts == 1);
    CHECK(accepted(R"({"retries": {"max_attempts": 9}})").retries.max_attempts == 10);
    CHECK_FALSE(accepted(R"({"retries": {"max_attempts": null}})").retries.max_attempts);
    refused(R"({"retries": {"max_attempts": -1}})",
            "botocore_config.retries.max_attempts must be a whole number of at least 0, not -1");
    refused(R"({"retries": {"max_attempts": "3"}})",
            "botocore_config.retries.max_attempts must be a whole number of at least 0, not \"3\"");
    refused(R"({"retries": {"max_attempts": 9223372036854775807}})",
            "botocore_config.retries.max_attempts must be a whole number of at least 0 and at most 999999, not "
            "9223372036854775807");
    refused(R"({"retries": 3})", "botocore_config.retries must be an object, not a number");
}

TEST_CASE("botocore_config.retries.total_max_attempts") {
    CHECK(accepted(R"({"retries": {"total_max_attempts": 1}})").retries.max_attempts == 1);
    CHECK(accepted(R"({"retries": {"total_max_attempts": 4, "max_attempts": 8}})").retries.max_attempts == 4);
    CHECK(accepted(R"({"retries": {"max_attempts": 8, "total_max_attempts": 4}})").retries.max_attempts == 4);
    refused(R"({"retries": {"total_max_attempts": 0}})",
            "botocore_config.retries.total_max_attempts must be a whole number of at least 1, not 0");
}

TEST_CASE("botocore_config.retries.mode") {
    CHECK(accepted(R"({"retries": {"mode": "standard"}})").retries.mode == retry::mode::standard);
    CHECK(accepted(R"({"retries": {"mode": "legacy"}})").retries.mode == retry::mode::legacy);
    CHECK(accepted(R"({"retries": {"mode": "adaptive"}})").retries.mode == retry::mode::adaptive);
    refused(R"({"retries": {"mode": "Standard"}})",
            "botocore_config.retries.mode must be legacy, standard or adaptive, not \"Standard\"");
    refused(R"({"retries": {"mode": []}})",
            "botocore_config.retries.mode must be legacy, standard or adaptive, not a list");
}

TEST_CASE("botocore_config: unknown retries key") {
    refused(R"({"retries": {"max_atempts": 3}})",
            "botocore_config.retries.max_atempts is no option of botocore's: did you mean "
            "botocore_config.retries.max_attempts?");
    refused(R"({"retries": {"backoff": 3}})", "botocore_config.retries.backoff is no option of botocore's");
}

TEST_CASE("botocore_config.client_cert") {
    CHECK(accepted(R"({"client_cert": "both.pem"})").connection.client_certificate.certificate == "both.pem");
    CHECK(accepted(R"({"client_cert": ["c.pem", "k.pem"]})").connection.client_certificate.key == "k.pem");
    CHECK(accepted(R"({"client_cert": null})").connection.client_certificate.empty());
    for (auto const& [bad, shown] : {std::pair{"5", "5"}, std::pair{"\"\"", "\"\""}, std::pair{"[]", "a list"},
                                     std::pair{"[\"a\", \"b\", \"c\"]", "a list"}, std::pair{"[\"a\", 1]", "a list"}})
        refused(std::string{"{\"client_cert\": "} + bad + "}",
                std::string{"botocore_config.client_cert must be the name of a file, or a list of two: certificate and "
                            "key, not "} +
                    shown);
}

TEST_CASE("botocore_config.inject_host_prefix") {
    warned(R"({"inject_host_prefix": false})",
           {"botocore_config.inject_host_prefix" + ignored + "no operation that is called has a host prefix"});
    accepted(R"({"inject_host_prefix": null})");
}

TEST_CASE("botocore_config.endpoint_discovery_enabled") {
    warned(R"({"endpoint_discovery_enabled": "auto"})", {"botocore_config.endpoint_discovery_enabled" + ignored +
                                                         "no service that is called has endpoint discovery"});
}

TEST_CASE("botocore_config.use_dualstack_endpoint") {
    map_environment environment{{{"AWS_USE_DUALSTACK_ENDPOINT", "true"}, {"AWS_REGION", "eu-west-1"}}};
    auto const host = [&](std::string const& text) {
        auto const to = aws::resolve_target(aws::ecs_service, applied(text), environment);
        return to ? aws::endpoint_of(aws::ecs_service, *to).host : to.error().message;
    };
    CHECK(host(R"({"use_dualstack_endpoint": false})") == "ecs.eu-west-1.amazonaws.com");
    CHECK(host(R"({"use_dualstack_endpoint": null})") == "ecs.eu-west-1.api.aws");
    environment.set("AWS_USE_DUALSTACK_ENDPOINT", "false");
    CHECK(host(R"({"use_dualstack_endpoint": true})") == "ecs.eu-west-1.api.aws");
    is_switch("botocore_config.use_dualstack_endpoint", "{\"use_dualstack_endpoint\": ", "}");
}

TEST_CASE("botocore_config.use_fips_endpoint") {
    map_environment environment{{{"AWS_USE_FIPS_ENDPOINT", "false"}, {"AWS_REGION", "us-east-1"}}};
    auto const to = aws::resolve_target(aws::ecs_service, applied(R"({"use_fips_endpoint": true})"), environment);
    REQUIRE(to);
    CHECK(aws::endpoint_of(aws::ecs_service, *to).host == "ecs-fips.us-east-1.amazonaws.com");
    is_switch("botocore_config.use_fips_endpoint", "{\"use_fips_endpoint\": ", "}");
}

TEST_CASE("botocore_config.ignore_configured_endpoint_urls") {
    map_environment environment{{{"AWS_ENDPOINT_URL", "http://localhost:4566"}, {"AWS_REGION", "us-east-1"}}};
    auto const custom = [&](std::string const& text) {
        auto const to = aws::resolve_target(aws::ecs_service, applied(text), environment);
        REQUIRE(to);
        return to->custom.has_value();
    };
    CHECK_FALSE(custom(R"({"ignore_configured_endpoint_urls": true})"));
    CHECK(custom(R"({"ignore_configured_endpoint_urls": false})"));
    is_switch("botocore_config.ignore_configured_endpoint_urls", "{\"ignore_configured_endpoint_urls\": ", "}");
}

TEST_CASE("botocore_config.defaults_mode") {
    CHECK(applied(R"({"defaults_mode": "legacy"})").limits.connect == aws::client_options{}.limits.connect);
    CHECK(applied(R"({"defaults_mode": "standard"})").limits.connect == 3100ms);
    CHECK(applied(R"({"defaults_mode": "in-region"})").limits.connect == 1100ms);
    CHECK(applied(R"({"defaults_mode": "cross-region"})").limits.connect == 3100ms);
    CHECK(applied(R"({"defaults_mode": "mobile"})").limits.connect == 30s);
    CHECK(applied(R"({"defaults_mode": "mobile", "connect_timeout": 2})").limits.connect == 2s);
    auto const automatic = warned(R"({"defaults_mode": "auto"})",
                                  {"botocore_config.defaults_mode auto counts as standard: where the program runs is "
                                   "not looked up"});
    CHECK(automatic.connect_timeout == 3100ms);
    refused(R"({"defaults_mode": "fast"})", "botocore_config.defaults_mode must be legacy, standard, in-region, "
                                            "cross-region, mobile or auto, not \"fast\"");
}

TEST_CASE("botocore_config.tcp_keepalive") {
    CHECK(accepted(R"({"tcp_keepalive": true})").connection.tcp_keepalive == true);
    CHECK(accepted(R"({"tcp_keepalive": false})").connection.tcp_keepalive == false);
    is_switch("botocore_config.tcp_keepalive", "{\"tcp_keepalive\": ", "}");
}

TEST_CASE("botocore_config.request_min_compression_size_bytes") {
    for (auto const* const value : {"1", "10240", "1048576"})
        warned(std::string{"{\"request_min_compression_size_bytes\": "} + value + "}",
               {"botocore_config.request_min_compression_size_bytes" + ignored + "no request is compressed"});
    refused(R"({"request_min_compression_size_bytes": 0})",
            "botocore_config.request_min_compression_size_bytes must be a whole number of at least 1, not 0");
    refused(R"({"request_min_compression_size_bytes": 1048577})",
            "botocore_config.request_min_compression_size_bytes must be a whole number of at least 1 and at most "
            "1048576, not 1048577");
}

TEST_CASE("botocore_config.disable_request_compression") {
    accepted(R"({"disable_request_compression": false})");
    warned(R"({"disable_request_compression": true})",
           {"botocore_config.disable_request_compression" + ignored + "no request is compressed anyway"});
    is_switch("botocore_config.disable_request_compression", "{\"disable_request_compression\": ", "}");
}

TEST_CASE("botocore_config.client_context_params") {
    warned(R"({"client_context_params": {"use_global_endpoint": true}})",
           {"botocore_config.client_context_params" + ignored + "no service that is called has any"});
}

TEST_CASE("botocore_config.sigv4a_signing_region_set") {
    std::string const warning =
        "botocore_config.sigv4a_signing_region_set" + ignored + "requests are signed for one region (SigV4)";
    warned(R"({"sigv4a_signing_region_set": "*"})", {warning});
    warned(R"({"sigv4a_signing_region_set": ["*"]})", {warning});
    refused(R"({"sigv4a_signing_region_set": "eu-west-1"})",
            "botocore_config.sigv4a_signing_region_set must be *, for requests are signed for one region (SigV4), not "
            "\"eu-west-1\"");
    accepted(R"({"sigv4a_signing_region_set": null})");
}

TEST_CASE("botocore_config.request_checksum_calculation") {
    for (auto const* const value : {"when_supported", "when_required", "WHEN_REQUIRED"})
        warned(std::string{"{\"request_checksum_calculation\": \""} + value + "\"}",
               {"botocore_config.request_checksum_calculation" + ignored + "nothing is uploaded"});
    refused(R"({"request_checksum_calculation": "never"})",
            "botocore_config.request_checksum_calculation must be when_supported or when_required, not \"never\"");
}

TEST_CASE("botocore_config.response_checksum_validation") {
    CHECK(accepted(R"({"response_checksum_validation": "when_supported"})").s3.checksum_mode == true);
    CHECK(accepted(R"({"response_checksum_validation": "when_required"})").s3.checksum_mode == false);
    refused(R"({"response_checksum_validation": false})",
            "botocore_config.response_checksum_validation must be when_supported or when_required, not false");
}

TEST_CASE("botocore_config.account_id_endpoint_mode") {
    for (auto const* const value : {"preferred", "disabled", "required"})
        warned(std::string{"{\"account_id_endpoint_mode\": \""} + value + "\"}",
               {"botocore_config.account_id_endpoint_mode" + ignored + "no service that is called has such endpoints"});
    refused(R"({"account_id_endpoint_mode": "on"})",
            "botocore_config.account_id_endpoint_mode must be preferred, disabled or required, not \"on\"");
}

TEST_CASE("botocore_config.auth_scheme_preference") {
    warned(R"({"auth_scheme_preference": "sigv4a,sigv4"})",
           {"botocore_config.auth_scheme_preference" + ignored + "requests are signed with SigV4"});
    refused(R"({"auth_scheme_preference": ["sigv4"]})",
            "botocore_config.auth_scheme_preference must be text, not a list");
}

TEST_CASE("botocore_config: unknown top-level key") {
    std::string const no_option = " is no option of botocore's";
    refused(R"({"conect_timeout": 5})",
            "botocore_config.conect_timeout" + no_option + ": did you mean botocore_config.connect_timeout?");
    refused(R"({"wholly_made_up": 5})", "botocore_config.wholly_made_up" + no_option);
    refused(R"({"endpoint_url": "http://x"})",
            "botocore_config.endpoint_url" + no_option + ": set the option endpoint_url, or AWS_ENDPOINT_URL");
    refused(R"({"use_ssl": false})",
            "botocore_config.use_ssl" + no_option + ": set an endpoint_url that begins with http://");
    refused(R"({"verify": false})",
            "botocore_config.verify" + no_option + ": set AWS_CA_BUNDLE to the authorities to trust");
    refused(R"({"max_attempts": 3})",
            "botocore_config.max_attempts" + no_option + ": set botocore_config.retries.max_attempts");
    refused(R"({"unknown": null})", "botocore_config.unknown" + no_option);
}

TEST_CASE("of several mistakes in botocore_config the first is told, and every warning once") {
    reading const got{document(R"({"inject_host_prefix": true, "read_timeout": -1, "retries": {"mode": "x"}})")};
    REQUIRE_FALSE(got.made);
    CHECK(got.made.error().message.starts_with("botocore_config.read_timeout "));
    CHECK(got.warnings.size() == 1);
}

TEST_CASE("no message about botocore_config shows more of a text than its beginning, in one line of ASCII") {
    reading const got{document(R"({"retries": {"mode": "\n\u00e9)" + std::string(5000, 'x') + R"("}})")};
    REQUIRE_FALSE(got.made);
    CHECK(got.made.error().message.size() < 200);
    CHECK(got.made.error().message.find('\n') == std::string::npos);
}
