#include <fargate/aws.hpp>

#include "peers/peers.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <vector>

// The real wire against an S3 server that verifies every signature: versitygw, over a folder. tests/peers/run.py starts it,
// lets boto3 put the objects, and runs this; started alone, it says so and does nothing.

namespace aws = fargate::aws;
namespace json = fargate::json;
using fargate::errc;
using peers::every_byte;
using peers::variable;
using peers::why;

namespace {

bool there_is_versitygw() { return peers::there_is("FARGATE_VERSITYGW"); }

aws::client_options at_versitygw() {
    aws::client_options made;
    made.region = "eu-west-1";
    made.endpoint_url = variable("FARGATE_VERSITYGW");
    return made;
}

constexpr char const* bucket = "fargate-peers";

struct put_object {
    std::string key, checksum;
};

/// What boto3 put, as run.py tells.
std::vector<put_object> objects() {
    std::vector<put_object> made;
    auto const text = fargate::process_environment{}.read_file(variable("FARGATE_VERSITYGW_OBJECTS"));
    REQUIRE(text);
    auto const document = json::parse(*text);
    REQUIRE(document);
    auto const* const list = json::array_of(*document, "objects");
    REQUIRE(list != nullptr);
    for (auto const& each : *list)
        made.push_back({std::string{*json::text_of(each, "key")}, std::string{*json::text_of(each, "checksum")}});
    return made;
}

/// A world with a key that is given in it.
struct keyed : aws::default_policies {
    using credentials = fargate::credentials::fixed;
};

fargate::error refused_to(fargate::credentials::fixed key) {
    aws::parts<keyed> parts{};
    parts.credentials = std::move(key);
    aws::s3<keyed> s3{parts, at_versitygw()};
    auto const got = s3.get_object({.bucket = bucket, .key = "a.json"});
    REQUIRE_FALSE(got);
    auto const head = s3.head_object({.bucket = bucket, .key = "a.json"});
    REQUIRE_FALSE(head);
    CHECK(head.error().http_status == got.error().http_status);
    return got.error();
}

} // namespace

TEST_CASE("a server that verifies signatures hands out every object that boto3 put, under its odd key") {
    if (!there_is_versitygw()) return;
    aws::parts<> parts{};
    aws::s3<> s3{parts, at_versitygw()};
    std::size_t odd = 0;
    for (auto const& [key, checksum] : objects()) {
        INFO(key);
        if (!key.starts_with("checksum/")) ++odd;
        auto const got = s3.get_object({.bucket = bucket, .key = key});
        INFO(why(got));
        REQUIRE(got);
        CHECK(got->body == key + "\n" + every_byte());
        CHECK(got->size == got->body.size());
        CHECK(got->content_type == "text/x-odd");
        auto const head = s3.head_object({.bucket = bucket, .key = key});
        INFO(why(head));
        REQUIRE(head);
        CHECK(head->size == got->body.size());
        CHECK(head->etag == got->etag);
        CHECK_FALSE(head->etag.empty());
        CHECK(head->body.empty());
    }
    CHECK(odd == 13); // of the 15: run.py says which a folder cannot hold
}

TEST_CASE("an object comes with the checksum that it was put with, of every kind") {
    if (!there_is_versitygw()) return;
    aws::parts<> parts{};
    aws::s3<> s3{parts, at_versitygw()};
    std::size_t kinds = 0;
    for (auto const& [key, checksum] : objects()) {
        if (checksum.empty()) continue;
        if (key.starts_with("checksum/")) ++kinds;
        INFO(key);
        auto const got = s3.get_object({.bucket = bucket, .key = key});
        INFO(why(got));
        REQUIRE(got);
        CHECK_FALSE(got->headers.value_of("x-amz-checksum-" + fargate::text::lower(checksum)).empty());
        auto const part = s3.get_object({.bucket = bucket, .key = key, .range = "bytes=3-5"});
        INFO(why(part));
        REQUIRE(part);
        CHECK(part->body == got->body.substr(3, 3)); // whatever the checksum of the whole is
    }
    CHECK(kinds == 5);
}

TEST_CASE("parts and conditions mean what they mean to S3") {
    if (!there_is_versitygw()) return;
    aws::parts<> parts{};
    aws::s3<> s3{parts, at_versitygw()};
    auto const whole = s3.get_object({.bucket = bucket, .key = "a.json"});
    INFO(why(whole));
    REQUIRE(whole);
    for (auto const& [range, bytes] :
         {std::pair{"bytes=0-4", "a.jso"}, std::pair{"bytes=-2", "\xFE\xFF"}, std::pair{"bytes=261-999", "\xFE\xFF"}}) {
        INFO(range);
        auto const part = s3.get_object({.bucket = bucket, .key = "a.json", .range = range});
        INFO(why(part));
        REQUIRE(part);
        CHECK(part->body == bytes);
    }
    auto const beyond = s3.get_object({.bucket = bucket, .key = "a.json", .range = "bytes=5000-"});
    REQUIRE_FALSE(beyond);
    CHECK(beyond.error().http_status == 416);
    CHECK(beyond.error().service_code == "InvalidRange");

    CHECK(s3.get_object({.bucket = bucket, .key = "a.json", .if_match = whole->etag}).has_value());
    auto const unchanged = s3.get_object({.bucket = bucket, .key = "a.json", .if_none_match = whole->etag});
    REQUIRE_FALSE(unchanged);
    CHECK(unchanged.error().http_status == 304);
    auto const changed = s3.get_object({.bucket = bucket, .key = "a.json", .if_match = "\"another\""});
    REQUIRE_FALSE(changed);
    CHECK(changed.error().http_status == 412);
    CHECK(changed.error().service_code == "PreconditionFailed");
    auto const no_head = s3.head_object({.bucket = bucket, .key = "a.json", .if_match = "\"another\""});
    REQUIRE_FALSE(no_head);
    CHECK(no_head.error().http_status == 412);
}

TEST_CASE("what is not there is not found") {
    if (!there_is_versitygw()) return;
    aws::parts<> parts{};
    aws::s3<> s3{parts, at_versitygw()};
    auto const missing = s3.get_object({.bucket = bucket, .key = "no such key"});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == errc::not_found);
    CHECK(missing.error().service_code == "NoSuchKey");
    auto const no_head = s3.head_object({.bucket = bucket, .key = "no such key"});
    REQUIRE_FALSE(no_head);
    CHECK(no_head.error().code == errc::not_found);
    auto const nowhere = s3.get_object({.bucket = "no-such-bucket", .key = "k"});
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == errc::not_found);
    CHECK(nowhere.error().service_code == "NoSuchBucket");
}

TEST_CASE("a key that the server does not take is unauthorized") {
    if (!there_is_versitygw()) return;
    std::string const id = variable("AWS_ACCESS_KEY_ID");
    std::string const secret = variable("AWS_SECRET_ACCESS_KEY");
    auto const wrong = refused_to({id, fargate::secret{secret + "x"}});
    CHECK(wrong.code == errc::unauthorized);
    CHECK(wrong.service_code == "SignatureDoesNotMatch");
    CHECK(wrong.message.find(secret) == std::string::npos);
    auto const with_token = refused_to({id, fargate::secret{secret}, fargate::secret{"a-token-of-nobody"}});
    CHECK(with_token.code == errc::unauthorized);
    CHECK(with_token.service_code == "InvalidToken");
    CHECK(with_token.message.find("a-token-of-nobody") == std::string::npos);
}
