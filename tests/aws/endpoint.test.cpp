#include <fargate/aws/endpoint.hpp>

#include <fargate/aws/s3_address.hpp>
#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace aws = fargate::aws;
namespace json = fargate::json;
using fargate::errc;
using fargate::testing::map_environment;
using testing_support::text;

namespace {

std::string url_of(aws::endpoint const& where) { return where.scheme + "://" + where.authority + where.base_path; }

bool flag(json::value const& params, char const* name) { return json::flag_of(params, name).value_or(false); }

aws::client_options options_of(json::value const& params) {
    aws::client_options made;
    made.region = text(params, "Region");
    made.endpoint_url = text(params, "Endpoint");
    made.use_fips = flag(params, "UseFIPS");
    made.use_dualstack = flag(params, "UseDualStack");
    return made;
}

/// Our answer to a recorded question: an URL, or the text of an error.
fargate::result<std::string> ours(aws::service const& of, json::value const& params) {
    auto const to = aws::resolve_target(of, options_of(params), map_environment{});
    if (!to) return to.error();
    if (of.id != aws::s3_service.id) return url_of(aws::endpoint_of(of, *to));
    aws::s3_options how;
    std::string bucket = text(params, "Bucket");
    bool const service_only = bucket.empty();
    if (service_only) bucket = "bkt";
    how.style = service_only || flag(params, "ForcePathStyle") ? aws::addressing::path : aws::addressing::virtual_host;
    how.accelerate = flag(params, "Accelerate");
    auto const address = aws::address_of(bucket, *to, how);
    if (!address) return address.error();
    return url_of(address->where) + (service_only ? "" : address->path);
}

/// The answer that a recorded one becomes because every region is called at its own host (contract §2.1).
std::string regional(std::string url, std::string const& region) {
    for (std::string const host : {"s3.amazonaws.com", "sts.amazonaws.com"})
        if (auto const at = url.find(host); at != std::string::npos && region != "aws-global")
            url.replace(at, host.size(), host.substr(0, host.find('.')) + "." + region + ".amazonaws.com");
    return url;
}

/// How ours differs from a recorded answer on purpose, if it does.
struct difference {
    char const* paragraph; ///< of the contract; null: not at all
    errc refused{};        ///< ours is this error, or
    std::string in_url{};  ///< it is an URL that holds this
};

difference difference_of(aws::service const& of, json::value const& params) {
    std::string const endpoint = text(params, "Endpoint");
    std::string const host = endpoint.empty() ? "" : endpoint.substr(endpoint.find("//") + 2);
    bool const s3 = of.id == aws::s3_service.id;
    std::string const bucket = text(params, "Bucket");
    std::string const region = text(params, "Region");
    if (bucket.find_first_of("#! ") != std::string::npos)
        return {"2.5: such a bucket name is refused", errc::invalid_argument};
    if (!endpoint.empty() && region.empty())
        return {"2.2: the signing region stays the client's, so there must be one", errc::bad_configuration};
    if (!aws::is_host_label(region)) return {};
    if (!endpoint.empty() && (flag(params, "UseFIPS") || flag(params, "UseDualStack")))
        return {"2.2: FIPS and dual-stack are not applied to an endpoint URL", {}, host};
    if (s3 && flag(params, "Accelerate") && bucket.empty())
        return {"2.5: no call of ours goes without a bucket", errc::bad_configuration};
    if (s3 && flag(params, "Accelerate") && flag(params, "UseDualStack") && region == "aws-global")
        return {"2.1: the acceleration host holds no region", {}, "s3-accelerate.dualstack.amazonaws.com"};
    if (!endpoint.empty() && bucket.find('.') != std::string::npos)
        return {"2.5: no dot in the host", {}, host + "/" + bucket};
    return {};
}

} // namespace

TEST_CASE("the endpoints of AWS's own rule tests are ours") {
    auto const recorded = testing_support::load("endpoints.json");
    auto const& groups = *json::object_of(recorded, "tests");
    int equal = 0;
    int different = 0;
    int unsupported = 0;
    for (auto const& [name, of] :
         {std::pair{"ecs", aws::ecs_service}, std::pair{"resourcegroupstaggingapi", aws::tagging_service},
          std::pair{"sts", aws::sts_service}, std::pair{"s3", aws::s3_service}, std::pair{"sso", aws::sso_service},
          std::pair{"sso-oidc", aws::sso_oidc_service}}) {
        for (auto const& each : *json::array_of(groups, name)) {
            auto const& params = *json::object_of(each, "params");
            INFO(name << " " << json::write(params));
            // Object Lambda and S3 Express have services of their own, which are not called (contract §1.11).
            if (flag(params, "UseObjectLambdaEndpoint") || flag(params, "UseS3ExpressControlEndpoint")) {
                ++unsupported;
                continue;
            }
            auto const made = ours(of, params);
            if (auto const differs = difference_of(of, params); differs.paragraph != nullptr) {
                INFO(differs.paragraph);
                if (differs.in_url.empty()) {
                    REQUIRE_FALSE(made);
                    CHECK(made.error().code == differs.refused);
                } else {
                    REQUIRE(made);
                    CHECK(made->find(differs.in_url) != std::string::npos);
                }
                ++different;
                continue;
            }
            if (json::member(each, "error") != nullptr) {
                CHECK_FALSE(made);
            } else {
                REQUIRE(made);
                CHECK(*made == regional(text(each, "url"), text(params, "Region")));
            }
            ++equal;
        }
    }
    CHECK(equal == 341);
    CHECK(different == 63);
    CHECK(unsupported == 9);
}

TEST_CASE("where we differ from the rule tests, we differ as the contract says") {
    using params = std::initializer_list<std::pair<char const*, json::value>>;
    auto const ask = [](aws::service const& of, params const& list) {
        json::value document = json::value::object();
        for (auto const& [name, each] : list) json::set(document, name, each);
        return ours(of, document);
    };
    CHECK(*ask(aws::s3_service, {{"Region", "us-east-1"}, {"Bucket", "bucket-name"}, {"UseGlobalEndpoint", true}}) ==
          "https://bucket-name.s3.us-east-1.amazonaws.com");
    CHECK(*ask(aws::sts_service, {{"Region", "us-west-1"}, {"UseGlobalEndpoint", true}}) ==
          "https://sts.us-west-1.amazonaws.com");
    CHECK(*ask(aws::ecs_service, {{"Region", "us-east-1"}, {"UseFIPS", true}, {"Endpoint", "https://example.com"}}) ==
          "https://example.com");
    CHECK(ask(aws::ecs_service, {{"Endpoint", "https://example.com"}}).error().code == errc::bad_configuration);
    CHECK(ask(aws::s3_service, {{"Region", "us-west-2"}, {"Bucket", "bucket name"}}).error().code ==
          errc::invalid_argument);
}

TEST_CASE("every host of the region matrix is ours") {
    auto const recorded = testing_support::load("endpoints.json");
    auto const& matrix = *json::object_of(recorded, "matrix");
    int count = 0;
    for (auto const& [name, of] :
         {std::pair{"ecs", aws::ecs_service}, std::pair{"resourcegroupstaggingapi", aws::tagging_service},
          std::pair{"sts", aws::sts_service}, std::pair{"s3", aws::s3_service}}) {
        for (auto const& [region, variants] : json::object_of(matrix, name)->items()) {
            for (auto const& [variant, url] : variants.items()) {
                INFO(name << " " << region << " " << variant);
                json::value params = json::value::object();
                json::set(params, "Region", region);
                json::set(params, "UseFIPS", variant.find("fips") != std::string::npos);
                json::set(params, "UseDualStack", variant.find("dualstack") != std::string::npos);
                if (of.id == aws::s3_service.id) json::set(params, "Bucket", "bkt");
                auto const made = ours(of, params);
                std::string const expected{json::as_text(url).value_or("")};
                if (expected.starts_with("ERROR"))
                    CHECK_FALSE(made);
                else
                    CHECK(made.value_or("") == expected);
                ++count;
            }
        }
    }
    CHECK(count == 752);
}

TEST_CASE("an endpoint URL comes from the option, the service's variable, then the common one") {
    map_environment environment{{{"AWS_REGION", "eu-west-1"}}};
    auto const url = [&](aws::client_options const& options = {}) {
        auto const to = aws::resolve_target(aws::tagging_service, options, environment);
        REQUIRE(to);
        return url_of(aws::endpoint_of(aws::tagging_service, *to));
    };
    CHECK(url() == "https://tagging.eu-west-1.amazonaws.com");
    environment.set("AWS_ENDPOINT_URL", "http://localhost:5000");
    CHECK(url() == "http://localhost:5000");
    environment.set("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", "http://localhost:6000/base/");
    CHECK(url() == "http://localhost:6000/base");
    environment.set("AWS_ENDPOINT_URL_ECS", "http://localhost:7000");
    CHECK(url() == "http://localhost:6000/base");
    aws::client_options mine;
    mine.endpoint_url = "https://Example.com:443";
    CHECK(url(mine) == "https://Example.com:443");
    environment.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE");
    CHECK(url() == "https://tagging.eu-west-1.amazonaws.com");
    CHECK(url(mine) == "https://Example.com:443");
    environment.unset("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    environment.set("AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API", "");
    CHECK(url() == "http://localhost:5000");
}

TEST_CASE("host variants come from the options, then the environment") {
    map_environment environment{{{"AWS_REGION", "eu-west-1"}, {"AWS_USE_FIPS_ENDPOINT", "true"}}};
    auto const host = [&](aws::client_options const& options = {}) {
        auto const to = aws::resolve_target(aws::ecs_service, options, environment);
        REQUIRE(to);
        return aws::endpoint_of(aws::ecs_service, *to).host;
    };
    CHECK(host() == "ecs-fips.eu-west-1.amazonaws.com");
    environment.set("AWS_USE_DUALSTACK_ENDPOINT", "True");
    CHECK(host() == "ecs-fips.eu-west-1.api.aws");
    aws::client_options plain;
    plain.use_fips = false;
    plain.use_dualstack = false;
    CHECK(host(plain) == "ecs.eu-west-1.amazonaws.com");

    environment.set("AWS_USE_FIPS_ENDPOINT", "yes");
    auto const wrong = aws::resolve_target(aws::ecs_service, {}, environment);
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().message == "AWS_USE_FIPS_ENDPOINT is neither true nor false");
}

TEST_CASE("an endpoint URL gives the Host field, the base path and nothing else") {
    auto const made = aws::endpoint_of_url("HTTPS://Ecs.Example.com:443/a%20b//", "eu-west-1", "x");
    REQUIRE(made);
    CHECK(made->scheme == "https");
    CHECK(made->host == "ecs.example.com");
    CHECK(made->authority == "Ecs.Example.com:443");
    CHECK(made->path("/") == "/a%20b");
    CHECK(made->path("/bucket/key") == "/a%20b/bucket/key");
    CHECK(aws::endpoint_of_url("http://[::1]:9000", "eu-west-1", "x")->host == "[::1]:9000");
    CHECK(aws::endpoint_of_url("http://h:443", "eu-west-1", "x")->host == "h:443");
    CHECK(aws::endpoint_of_url("http://h", "eu-west-1", "x")->path("/") == "/");
    for (char const* const bad : {"", "localhost:5000", "ftp://h", "http://", "http://u:p@h", "http://h?q=1",
                                  "http://h?", "http://h\r\nX: y", "http://h#f", "http://h:99999"}) {
        INFO(bad);
        auto const refused = aws::endpoint_of_url(bad, "eu-west-1", "AWS_ENDPOINT_URL");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == errc::bad_configuration);
        CHECK(refused.error().message.starts_with("AWS_ENDPOINT_URL: "));
    }
}

TEST_CASE("a bucket stands in the host where that works, and in the path where it does not") {
    aws::target to;
    to.region = "eu-west-1";
    auto const url = [&](std::string_view bucket, aws::addressing style = aws::addressing::automatic) {
        aws::s3_options how;
        how.style = style;
        auto const made = aws::address_of(bucket, to, how);
        REQUIRE(made);
        return url_of(made->where) + made->path;
    };
    CHECK(url("my-bucket") == "https://my-bucket.s3.eu-west-1.amazonaws.com");
    CHECK(url("my-bucket", aws::addressing::path) == "https://s3.eu-west-1.amazonaws.com/my-bucket");
    for (std::string const& odd : {std::string{"my.bucket"}, std::string{"My-Bucket"}, std::string{"my_bucket"},
                                   std::string{"ab"}, std::string{"-ab"}, std::string(64, 'a'), std::string{"1.2.3.4"}})
        CHECK(url(odd, aws::addressing::virtual_host) == "https://s3.eu-west-1.amazonaws.com/" + odd);

    to.custom = *aws::endpoint_of_url("http://localhost:9000/base", "eu-west-1", "x");
    CHECK(url("my-bucket") == "http://localhost:9000/base/my-bucket");
    CHECK(url("my-bucket", aws::addressing::virtual_host) == "http://my-bucket.localhost:9000/base");
    to.custom = *aws::endpoint_of_url("http://[::1]:9000", "eu-west-1", "x");
    CHECK(url("my-bucket", aws::addressing::virtual_host) == "http://[::1]:9000/my-bucket");
}

TEST_CASE("what is no bucket of ours is refused with a reason") {
    aws::target to;
    to.region = "eu-west-1";
    auto const why = [&](std::string_view bucket) {
        auto const made = aws::address_of(bucket, to, {});
        REQUIRE_FALSE(made);
        CHECK(made.error().code == errc::invalid_argument);
        return made.error().message;
    };
    CHECK(why("arn:aws:s3:us-west-2:123456789012:accesspoint/myap") ==
          "access point ARNs are not supported: name the bucket itself");
    CHECK(why("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap").starts_with("access point ARNs"));
    CHECK(why("logs--use1-az4--x-s3").starts_with("directory buckets"));
    CHECK(why("") == "a bucket name has 1 to 255 characters");
    CHECK(why(std::string(256, 'a')) == "a bucket name has 1 to 255 characters");
    for (char const* const bad : {"a/b", "a b", "a?b", "a#b", "a%b", "a@b", "a\nb", "b\xC3\xBC"})
        CHECK(why(bad) == "a bucket name consists of letters, digits, dots, dashes and underscores");
    CHECK(why("..") == "a bucket name is more than dots");
}

TEST_CASE("what neither option nor variable says about hosts the profile in the shared files may") {
    fargate::testing::map_environment environment{{{"AWS_CONFIG_FILE", "/config"}, {"AWS_PROFILE", "p"}}};
    environment.set_file("/config", "[profile p]\nregion = us-east-1\nuse_fips_endpoint = true\n"
                                    "use_dualstack_endpoint = True\n");
    auto const host = [&environment](fargate::aws::client_options const& options) {
        auto const to = fargate::aws::resolve_target(fargate::aws::ecs_service, options, environment);
        return to ? fargate::aws::endpoint_of(fargate::aws::ecs_service, *to).host : to.error().message;
    };
    CHECK(host({}) == "ecs-fips.us-east-1.api.aws");
    CHECK(host({.use_fips = false}) == "ecs.us-east-1.api.aws");
    environment.set("AWS_USE_DUALSTACK_ENDPOINT", "false");
    CHECK(host({}) == "ecs-fips.us-east-1.amazonaws.com");
    environment.set_file("/config", "[profile p]\nregion = us-east-1\nuse_fips_endpoint = perhaps\n");
    CHECK(host({}) == "use_fips_endpoint of profile p is neither true nor false");
}

TEST_CASE("an endpoint of the profile is taken after the variables, a service's own before the common one") {
    fargate::testing::map_environment environment{{{"AWS_CONFIG_FILE", "/config"}, {"AWS_REGION", "eu-west-1"}}};
    environment.set_file("/config", "[default]\nendpoint_url = http://common\nservices = mine\n[services mine]\necs =\n"
                                    "  endpoint_url = http://own\nresource_groups_tagging_api =\n  endpoint_url = "
                                    "http://tags\n");
    auto const host = [&environment](fargate::aws::service const& of,
                                     fargate::aws::client_options const& options = {}) {
        auto const to = fargate::aws::resolve_target(of, options, environment);
        if (!to) return to.error().message;
        return to->custom ? to->custom->host : std::string{"AWS"};
    };
    CHECK(host(fargate::aws::ecs_service) == "own");
    CHECK(host(fargate::aws::tagging_service) == "tags");
    CHECK(host(fargate::aws::s3_service) == "common");
    CHECK(host(fargate::aws::ecs_service, {.ignore_configured_endpoint_urls = true}) == "AWS");
    environment.set("AWS_ENDPOINT_URL", "http://variable");
    CHECK(host(fargate::aws::ecs_service) == "variable");
    environment.set("AWS_ENDPOINT_URL", "");
    environment.set_file("/config", "[default]\nservices = missing\n");
    CHECK(host(fargate::aws::ecs_service) ==
          "services of profile default names [services missing], which is not in the shared files");
}
