#include <fargate/aws/s3.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <string>

namespace aws = fargate::aws;
namespace http = fargate::http;
using fargate::errc;
using testing_support::frozen;
using testing_support::in_ireland;

namespace {

struct scene {
    aws::parts<frozen> parts{};
    aws::s3<frozen> s3;

    explicit scene(aws::s3_options how = {}) : s3{parts, in_ireland(), how} {}
};

} // namespace

TEST_CASE("an object is its bytes and what S3 says about them, whatever they look like") {
    scene here;
    std::string const body{"<Error><Code>SlowDown</Code></Error>\0\xFF binary", 45};
    here.parts.http.reply(200, body,
                          {{"Content-Length", "45"},
                           {"ETag", "\"abc\""},
                           {"Content-Type", "application/json"},
                           {"Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT"},
                           {"x-amz-version-id", "v1"},
                           {"x-amz-meta-owner", "me"}});
    auto const got = here.s3.get_object({.bucket = "bucket", .key = "k"});
    REQUIRE(got);
    CHECK(got->body == body);
    CHECK(got->size == 45U);
    CHECK(got->etag == "\"abc\"");
    CHECK(got->content_type == "application/json");
    CHECK(got->last_modified == "Tue, 02 Jan 2024 03:04:05 GMT");
    CHECK(got->version_id == "v1");
    CHECK(got->headers.value_of("X-Amz-Meta-Owner") == "me");
    CHECK(here.parts.http.requests().size() == 1);
}

TEST_CASE("part of an object is an answer too; an empty object is one") {
    scene here;
    here.parts.http.reply(206, "0123456789", {{"Content-Range", "bytes 0-9/100"}}).reply(200, "");
    auto const part = here.s3.get_object({.bucket = "bucket", .key = "k", .range = "bytes=0-9"});
    REQUIRE(part);
    CHECK(part->body == "0123456789");
    CHECK(part->size == std::nullopt);
    CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).has_value());
}

TEST_CASE("conditions go into their fields, are signed, and their refusal is not repeated") {
    scene here;
    here.parts.http.reply(304, "").reply(412, "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>");
    aws::object_request which{.bucket = "bucket", .key = "k"};
    which.if_none_match = "\"e\"";
    which.if_modified_since = "Tue, 02 Jan 2024 03:04:05 GMT";
    auto const unchanged = here.s3.get_object(which);
    REQUIRE_FALSE(unchanged);
    CHECK(unchanged.error().http_status == 304);
    CHECK_FALSE(unchanged.error().retryable);
    auto const sent = here.parts.http.requests().front();
    CHECK(sent.headers.value_of("If-None-Match") == "\"e\"");
    CHECK(sent.headers.value_of("If-Modified-Since") == "Tue, 02 Jan 2024 03:04:05 GMT");
    CHECK(sent.headers.value_of("Authorization").find("host;if-modified-since;if-none-match;x-amz-checksum-mode") !=
          std::string_view::npos);

    auto const failed = here.s3.get_object({.bucket = "bucket", .key = "k", .if_match = "\"old\""});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().service_code == "PreconditionFailed");
    CHECK(here.parts.http.requests().size() == 2);
}

TEST_CASE("a missing object is not_found, by its code after GET and by the status after HEAD") {
    scene here;
    here.parts.http.reply(404,
                          "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
                          {{"x-amz-request-id", "R"}});
    auto const get = here.s3.get_object({.bucket = "bucket", .key = "k"});
    REQUIRE_FALSE(get);
    CHECK(get.error().code == errc::not_found);
    CHECK(get.error().message == "s3 GetObject: NoSuchKey: The specified key does not exist.");
    CHECK(get.error().request_id == "R");
    here.parts.http.reply(404, "");
    auto const head = here.s3.head_object({.bucket = "bucket", .key = "k"});
    REQUIRE_FALSE(head);
    CHECK(head.error().code == errc::not_found);
    CHECK(head.error().service_code == "404");
    CHECK(here.parts.http.requests().back().method == "HEAD");
}

TEST_CASE("a redirect is an error that names the region, and nothing is sent after it") {
    for (int const status : {301, 307, 400}) {
        scene here;
        here.parts.http.reply(status, "",
                              {{"Location", "https://evil.example.com/"}, {"x-amz-bucket-region", "us-west-2"}});
        auto const answer = here.s3.get_object({.bucket = "bucket", .key = "k"});
        REQUIRE_FALSE(answer);
        CHECK(answer.error().http_status == status);
        CHECK(answer.error().message.ends_with("; the bucket is in region us-west-2"));
        CHECK_FALSE(answer.error().retryable);
        CHECK(here.parts.http.requests().size() == 1);
    }
}

TEST_CASE("what cannot be an object's address is refused before anything is sent") {
    scene here;
    CHECK(here.s3.get_object({.bucket = "bucket"}).error().message == "s3 GetObject: the key is empty");
    CHECK(here.s3.head_object({.bucket = "bucket"}).error().code == errc::invalid_argument);
    CHECK(here.s3.get_object({.bucket = "a/b", .key = "k"}).error().code == errc::invalid_argument);
    auto const arn = here.s3.get_object({.bucket = "arn:aws:s3:us-west-2:1:accesspoint/p", .key = "k"});
    CHECK(arn.error().message == "s3 GetObject: access point ARNs are not supported: name the bucket itself");
    CHECK(here.parts.http.requests().empty());
}

TEST_CASE("an unsigned payload needs https") {
    scene here{{.sign_payload = false}};
    here.parts.http.otherwise([](auto const&) { return http::response{200, {}, ""}; });
    REQUIRE(here.s3.head_object({.bucket = "bucket", .key = "k"}));
    CHECK(here.parts.http.requests()[0].headers.value_of("x-amz-content-sha256") == "UNSIGNED-PAYLOAD");
    auto options = in_ireland();
    options.endpoint_url = "http://localhost:9000";
    aws::s3<frozen> local{here.parts, options, {.sign_payload = false}};
    REQUIRE(local.head_object({.bucket = "bucket", .key = "k"}));
    CHECK(here.parts.http.requests()[1].headers.value_of("x-amz-content-sha256").size() == 64);
}

TEST_CASE("SlowDown is waited out") {
    scene here;
    here.parts.http.reply(503, "<Error><Code>SlowDown</Code><Message>m</Message></Error>").reply(200, "x");
    CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).has_value());
    CHECK(here.parts.clock.slept() == std::vector<fargate::duration>{std::chrono::seconds{1}});
}
