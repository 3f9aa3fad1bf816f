#include <fargate/aws/s3_options.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <fargate/aws/s3.hpp>

#include <string>

namespace aws = fargate::aws;
using fargate::errc;
using fargate::testing::map_environment;
using testing_support::frozen;

namespace {

/// A world with this below `[default]` in the config file.
map_environment world(std::string const& settings, std::string const& checksums = {}) {
    map_environment made;
    made.set("HOME", "/home/me");
    made.set_file("/home/me/.aws/config", "[default]\n" + settings);
    if (!checksums.empty()) made.set("AWS_RESPONSE_CHECKSUM_VALIDATION", checksums);
    return made;
}

aws::s3_options settled(map_environment const& environment, aws::s3_options const& given = {}) {
    auto const made = aws::resolve_s3_options(given, environment);
    REQUIRE(made);
    return *made;
}

std::string refused(map_environment const& environment) {
    auto const made = aws::resolve_s3_options({}, environment);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == errc::bad_configuration);
    return made.error().message;
}

} // namespace

TEST_CASE("where nothing is said S3's settings are the defaults") {
    for (auto const& each : {map_environment{}, world(""), world("s3 =\n  us_east_1_regional_endpoint = legacy\n")}) {
        auto const made = settled(each);
        CHECK(made.style == aws::addressing::automatic);
        CHECK(made.accelerate == false);
        CHECK(made.sign_payload == true);
        CHECK(made.checksum_mode == true);
        CHECK(made.use_dualstack == std::nullopt);
    }
}

TEST_CASE("the profile's settings below s3 are defaults, and options stand above them") {
    auto const home = world("response_checksum_validation = when_required\ns3 =\n  addressing_style = path\n"
                            "  use_accelerate_endpoint = true\n  payload_signing_enabled = False\n"
                            "  use_dualstack_endpoint = TRUE\n");
    auto const made = settled(home);
    CHECK(made.style == aws::addressing::path);
    CHECK(made.accelerate == true);
    CHECK(made.sign_payload == false);
    CHECK(made.checksum_mode == false);
    CHECK(made.use_dualstack == true);
    auto const given = settled(home, {.style = aws::addressing::virtual_host,
                                      .accelerate = false,
                                      .sign_payload = true,
                                      .checksum_mode = true,
                                      .use_dualstack = false});
    CHECK(given.style == aws::addressing::virtual_host);
    CHECK(given.accelerate == false);
    CHECK(given.sign_payload == true);
    CHECK(given.checksum_mode == true);
    CHECK(given.use_dualstack == false);
    CHECK(settled(world("s3 =\n  addressing_style = auto\n")).style == aws::addressing::automatic);
    CHECK(settled(world("s3 =\n  addressing_style = virtual\n")).style == aws::addressing::virtual_host);
}

TEST_CASE("AWS_RESPONSE_CHECKSUM_VALIDATION stands above the profile and below the option") {
    CHECK(settled(world("response_checksum_validation = when_required\n", "when_supported")).checksum_mode == true);
    CHECK(settled(world("", "WHEN_REQUIRED")).checksum_mode == false);
    CHECK(settled(world("", "when_required"), {.checksum_mode = true}).checksum_mode == true);
    CHECK(settled(world("", "never"), {.checksum_mode = true}).checksum_mode == true);
}

TEST_CASE("a setting that is none is refused by the place where it stands") {
    CHECK(refused(world("", "never")) ==
          "AWS_RESPONSE_CHECKSUM_VALIDATION is neither when_supported nor when_required");
    CHECK(refused(world("response_checksum_validation = true\n")) ==
          "response_checksum_validation of profile default is neither when_supported nor when_required");
    CHECK(refused(world("s3 =\n  addressing_style = host\n")) ==
          "s3.addressing_style of profile default is none of auto, path and virtual");
    CHECK(refused(world("s3 =\n  use_accelerate_endpoint = yes\n")) ==
          "s3.use_accelerate_endpoint of profile default is neither true nor false");
}

TEST_CASE("the settings decide where S3 is called, and S3's own dual-stack setting is S3's alone") {
    aws::parts<frozen> parts;
    parts.environment.set("HOME", "/home/me");
    parts.environment.set_file("/home/me/.aws/config",
                               "[default]\nregion = eu-west-1\nuse_dualstack_endpoint = false\n"
                               "s3 =\n  addressing_style = path\n  use_dualstack_endpoint = true\n");
    parts.http.otherwise([](auto const&) { return fargate::http::response{200, {}, ""}; });
    auto const url = [&](aws::client_options options, aws::s3_options how = {}) {
        aws::s3<frozen> s3{parts, std::move(options), how};
        CHECK(s3.get_object({.bucket = "bucket", .key = "k"}));
        return parts.http.requests().back().url;
    };
    CHECK(url({}) == "https://s3.dualstack.eu-west-1.amazonaws.com/bucket/k");
    CHECK(url({}, {.style = aws::addressing::virtual_host}) == "https://bucket.s3.dualstack.eu-west-1.amazonaws.com/k");
    CHECK(url({}, {.use_dualstack = false}) == "https://s3.eu-west-1.amazonaws.com/bucket/k");
    aws::client_options plain;
    plain.use_dualstack = false;
    CHECK(url(plain) == "https://s3.eu-west-1.amazonaws.com/bucket/k");
}

TEST_CASE("wrong settings are the answer to every call") {
    aws::parts<frozen> parts;
    parts.environment.set("AWS_RESPONSE_CHECKSUM_VALIDATION", "no");
    aws::s3<frozen> s3{parts, testing_support::in_ireland()};
    auto const got = s3.get_object({.bucket = "bucket", .key = "k"});
    CHECK(got.error().code == errc::bad_configuration);
    CHECK(s3.head_object({.bucket = "bucket", .key = "k"}).error().message ==
          "s3 HeadObject: AWS_RESPONSE_CHECKSUM_VALIDATION is neither when_supported nor when_required");
    CHECK(parts.http.requests().empty());
}
