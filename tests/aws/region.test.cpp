#include <fargate/aws/region.hpp>

#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>

namespace aws = fargate::aws;
namespace json = fargate::json;
using fargate::errc;
using fargate::testing::map_environment;
using testing_support::text;

TEST_CASE("every region that AWS publishes is in its partition, with that partition's suffixes") {
    auto const published = testing_support::load("endpoints.json");
    int count = 0;
    for (auto const& each : *json::array_of(published, "partitions")) {
        auto const& outputs = *json::object_of(each, "outputs");
        for (auto const& region : *json::array_of(each, "regions")) {
            std::string const name{json::as_text(region).value_or("")};
            INFO(name);
            auto const& found = aws::partition_of(name);
            CHECK(found.id == text(each, "id"));
            CHECK(found.dns_suffix == text(outputs, "dnsSuffix"));
            CHECK(found.dual_stack_suffix == text(outputs, "dualStackDnsSuffix"));
            ++count;
        }
    }
    CHECK(count > 50);
}

TEST_CASE("a region nobody knows yet belongs to the partition of its pattern, or else to aws") {
    CHECK(aws::partition_of("cn-future-9").id == "aws-cn");
    CHECK(aws::partition_of("us-gov-middle-12").id == "aws-us-gov");
    CHECK(aws::partition_of("us-future-9").id == "aws");
    CHECK(aws::partition_of("zz-future-9").id == "aws");
    CHECK(aws::partition_of("cn-").id == "aws");
    CHECK(aws::partition_of("cn-north-").id == "aws");
    CHECK(aws::partition_of("cn-north-1a").id == "aws");
    CHECK(aws::partition_of("").id == "aws");
}

TEST_CASE("a region is one host label and nothing else") {
    for (char const* const good : {"eu-west-1", "a", "snow", "us-gov-west-1", "1"}) CHECK(aws::is_host_label(good));
    for (std::string const& bad :
         {std::string{}, std::string{"a.b"}, std::string{"foo_bar"}, std::string{"EU-west-1"},
          std::string{"eu-west-1/"}, std::string{"evil.example.com#"}, std::string{"a b"}, std::string{"-a"},
          std::string{"a-"}, std::string{"a\nb"}, std::string{"a\0b", 3}, std::string(64, 'a'), std::string{"@host"}}) {
        INFO(bad);
        CHECK_FALSE(aws::is_host_label(bad));
    }
}

TEST_CASE("the region comes from the option, then AWS_REGION, then AWS_DEFAULT_REGION, then the profile") {
    map_environment environment{{{"HOME", "/home/u"}}};
    environment.set_file("/home/u/.aws/config",
                         "[default]\nregion = ap-south-1\n[profile other]\nregion = sa-east-1\n");
    CHECK(*aws::resolve_region("", environment) == "ap-south-1");
    environment.set("AWS_PROFILE", "other");
    CHECK(*aws::resolve_region("", environment) == "sa-east-1");
    environment.set("AWS_DEFAULT_REGION", "eu-west-3");
    CHECK(*aws::resolve_region("", environment) == "eu-west-3");
    environment.set("AWS_REGION", " eu-west-2\n");
    CHECK(*aws::resolve_region("", environment) == "eu-west-2");
    CHECK(*aws::resolve_region("eu-west-1", environment) == "eu-west-1");
    environment.set("AWS_REGION", "");
    CHECK(*aws::resolve_region("", environment) == "eu-west-3");
}

TEST_CASE("no region, and no region name, are errors that say where to write one") {
    map_environment environment{};
    auto const none = aws::resolve_region("", environment);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == errc::bad_configuration);
    CHECK(none.error().message == "no region: set the option region_name or the variable AWS_REGION");

    environment.set("AWS_DEFAULT_REGION", "eu-west-1.evil.example.com");
    auto const evil = aws::resolve_region("", environment);
    REQUIRE_FALSE(evil);
    CHECK(evil.error().code == errc::bad_configuration);
    CHECK(evil.error().message.starts_with("AWS_DEFAULT_REGION"));
    CHECK(aws::resolve_region("a/b", environment).error().message.starts_with("the option region_name"));
}
