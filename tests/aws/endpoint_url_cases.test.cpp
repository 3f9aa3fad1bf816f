#include <fargate/aws/endpoint.hpp>

#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>

namespace aws = fargate::aws;
namespace json = fargate::json;
using fargate::testing::map_environment;
using testing_support::text;

namespace {

/// The profiles and services of the recorded suite as ~/.aws/config would hold them.
std::string config_of(json::value const& suite) {
    std::string made;
    for (auto const& [name, settings] : json::object_of(suite, "profiles")->items()) {
        made += "[profile " + name + "]\n";
        for (auto const& [key, value] : settings.items())
            made += key + " = " + std::string{json::as_text(value).value_or("")} + "\n";
    }
    for (auto const& [name, services] : json::object_of(suite, "services")->items()) {
        made += "[services " + name + "]\n";
        for (auto const& [service, settings] : services.items()) {
            made += service + " =\n";
            for (auto const& [key, value] : settings.items())
                made += "  " + key + " = " + std::string{json::as_text(value).value_or("")} + "\n";
        }
    }
    return made;
}

aws::client_options options_of(json::value const& config) {
    aws::client_options made;
    made.endpoint_url = text(config, "endpoint_url");
    made.ignore_configured_endpoint_urls = json::flag_of(config, "ignore_configured_endpoint_urls");
    return made;
}

} // namespace

TEST_CASE("configured endpoint URLs are found, and passed over, as botocore's own tests have it") {
    auto const recorded = testing_support::load("endpoint-url-config-cases.json");
    int count = 0;
    for (auto const& suite : *json::array_of(recorded, "testSuites")) {
        std::string const config = config_of(suite);
        for (auto const& each : *json::array_of(suite, "endpointUrlTests")) {
            INFO(text(each, "name"));
            auto const& variables =
                *json::object_of(*json::object_of(suite, "environments"), text(each, "environment"));
            auto const& given =
                *json::object_of(*json::object_of(suite, "client_configs"), text(each, "client_config"));
            map_environment environment{{{"AWS_CONFIG_FILE", "/config"}, {"AWS_PROFILE", text(each, "profile")}},
                                        {{"/config", config}}};
            for (auto const& [name, value] : variables.items())
                environment.set(name, std::string{json::as_text(value).value_or("")});

            // Nobody here calls DynamoDB, but the rule knows no services.
            aws::service const of =
                text(each, "service") == "s3" ? aws::s3_service : aws::service{"dynamodb", "dynamodb", "DYNAMODB"};
            auto const to = aws::resolve_target(of, options_of(given), environment);
            REQUIRE(to);
            auto const* const output = json::object_of(each, "output");
            REQUIRE(output != nullptr);
            auto const where = aws::endpoint_of(of, *to);
            CHECK(where.scheme + "://" + where.host + where.base_path == text(*output, "endpointUrl"));
            CHECK(to->region == "fake-region-10");
            ++count;
        }
    }
    CHECK(count == 39);
}
