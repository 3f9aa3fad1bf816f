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

TEST_CASE("a bucket of another region is asked for there at once, signed for it, and never at the host of Location") {
    struct word {
        int status;
        char const* body;
        bool in_header;
    };
    char const* const malformed = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region 'eu-west-1' is "
                                  "wrong; expecting 'us-west-2'</Message><Region>us-west-2</Region></Error>";
    char const* const permanent = "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>";
    auto const each = GENERATE_COPY(values<word>(
        {{301, permanent, true}, {307, "", true}, {302, "", true}, {400, malformed, false}, {400, "", true}}));
    scene here;
    http::fields fields{{"Location", "https://evil.example.com/"}};
    if (each.in_header) fields.add("x-amz-bucket-region", "us-west-2");
    here.parts.http.reply(each.status, each.body, fields).reply(200, "x");
    auto const answer = here.s3.get_object({.bucket = "bucket", .key = "k"});
    REQUIRE(answer);
    CHECK(answer->body == "x");
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].url == "https://bucket.s3.eu-west-1.amazonaws.com/k");
    CHECK(sent[1].url == "https://bucket.s3.us-west-2.amazonaws.com/k");
    CHECK(sent[1].headers.value_of("Host") == "bucket.s3.us-west-2.amazonaws.com");
    CHECK(sent[0].headers.value_of("Authorization").find("/eu-west-1/s3/") != std::string_view::npos);
    CHECK(sent[1].headers.value_of("Authorization").find("/us-west-2/s3/") != std::string_view::npos);
    CHECK(here.parts.clock.slept().empty());
    CHECK(here.parts.retry.quota() == aws::parts<frozen>{}.retry.quota());
}

TEST_CASE("where a bucket is, is asked once and then known, also after it moved") {
    scene here;
    here.parts.http.reply(301, "", {{"x-amz-bucket-region", "us-west-2"}}).reply(200, "1").reply(200, "2");
    REQUIRE(here.s3.get_object({.bucket = "bucket", .key = "k"}));
    CHECK(here.s3.get_object({.bucket = "bucket", .key = "l"})->body == "2");
    REQUIRE(here.parts.http.requests().size() == 3);
    CHECK(here.parts.http.requests()[2].url == "https://bucket.s3.us-west-2.amazonaws.com/l");
    here.parts.http.reply(200, "3");
    REQUIRE(here.s3.get_object({.bucket = "another", .key = "k"}));
    CHECK(here.parts.http.requests().back().url == "https://another.s3.eu-west-1.amazonaws.com/k");
    here.parts.http.reply(301, "", {{"x-amz-bucket-region", "eu-north-1"}}).reply(200, "4");
    CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"})->body == "4");
    CHECK(here.parts.http.requests().back().url == "https://bucket.s3.eu-north-1.amazonaws.com/k");
}

TEST_CASE("a redirect that names no region is followed by one HEAD on the bucket, whatever that answers") {
    auto const status = GENERATE(200, 301, 403, 400);
    scene here;
    here.parts.http.reply(301, "").reply(status, "", {{"x-amz-bucket-region", "us-west-2"}}).reply(200, "x");
    REQUIRE(here.s3.get_object({.bucket = "bucket", .key = "k"}));
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 3);
    CHECK(sent[1].method == "HEAD");
    CHECK(sent[1].url == "https://bucket.s3.eu-west-1.amazonaws.com/");
    CHECK(sent[2].url == "https://bucket.s3.us-west-2.amazonaws.com/k");
}

TEST_CASE("a redirect is followed once, and not without a region that can be a neighbour") {
    SECTION("a second one is the answer") {
        scene here;
        here.parts.http.reply(301, "", {{"x-amz-bucket-region", "us-west-2"}})
            .reply(301, "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>",
                   {{"x-amz-bucket-region", "eu-west-1"}});
        auto const answer = here.s3.get_object({.bucket = "bucket", .key = "k"});
        REQUIRE_FALSE(answer);
        CHECK(answer.error().message == "s3 GetObject: PermanentRedirect: m; the bucket is in region eu-west-1");
        CHECK_FALSE(answer.error().retryable);
        CHECK(here.parts.http.requests().size() == 2);
    }
    SECTION("one to where it came from") {
        scene here;
        here.parts.http.reply(301, "", {{"x-amz-bucket-region", "eu-west-1"}});
        CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).error().http_status == 301);
        CHECK(here.parts.http.requests().size() == 1);
    }
    SECTION("one to a host, to another partition or to nowhere") {
        for (char const* const region : {"evil.example.com/", "us-west-2#", "cn-north-1", "us-gov-west-1"}) {
            scene here;
            here.parts.http.reply(301, "", {{"x-amz-bucket-region", region}});
            CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).error().http_status == 301);
            CHECK(here.parts.http.requests().size() == 1);
        }
        scene here;
        here.parts.http.reply(301, "").reply(404, "");
        CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).error().http_status == 301);
        CHECK(here.parts.http.requests().size() == 2);
    }
    SECTION("a refusal that is none, though the answer names a region") {
        for (char const* const code : {"ExpiredToken", "InvalidRequest"}) {
            scene here;
            auto const body = "<Error><Code>" + std::string{code} + "</Code><Message>m</Message></Error>";
            here.parts.http.reply(400, body, {{"x-amz-bucket-region", "us-west-2"}})
                .reply(400, body, {{"x-amz-bucket-region", "us-west-2"}});
            CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).error().service_code == code);
            for (auto const& each : here.parts.http.requests())
                CHECK(each.url == "https://bucket.s3.eu-west-1.amazonaws.com/k");
        }
    }
}

TEST_CASE("under an endpoint URL a redirect changes the signing region and nothing else") {
    aws::parts<frozen> parts;
    auto options = in_ireland();
    options.endpoint_url = "http://localhost:9000/base";
    aws::s3<frozen> s3{parts, options};
    parts.http.reply(301, "").reply(403, "", {{"x-amz-bucket-region", "us-west-2"}}).reply(200, "x");
    REQUIRE(s3.get_object({.bucket = "bucket", .key = "k"}));
    auto const sent = parts.http.requests();
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].url == "http://localhost:9000/base/bucket/k");
    CHECK(sent[1].url == "http://localhost:9000/base/bucket");
    CHECK(sent[2].url == sent[0].url);
    CHECK(sent[2].headers.value_of("Authorization").find("/us-west-2/s3/") != std::string_view::npos);
}

TEST_CASE("what is no redirect is not followed, whatever region it names") {
    for (int const status : {403, 404, 412, 416}) {
        scene here;
        here.parts.http.reply(status, "", {{"x-amz-bucket-region", "us-west-2"}});
        CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).error().http_status == status);
        here.parts.http.reply(status, "", {{"x-amz-bucket-region", "us-west-2"}});
        CHECK(here.s3.head_object({.bucket = "bucket", .key = "k"}).error().http_status == status);
        CHECK(here.parts.http.requests().size() == 2);
        CHECK(here.parts.clock.slept().empty());
    }
}

TEST_CASE("a bucket whose location is refused is asked for where it is, and a 307 to the same region is the answer") {
    scene here;
    here.parts.http.reply(400, "<Error><Code>IllegalLocationConstraintException</Code><Message>m</Message></Error>")
        .reply(200, "", {{"x-amz-bucket-region", "us-west-2"}})
        .reply(200, "x");
    CHECK(here.s3.get_object({.bucket = "bucket", .key = "k"}).has_value());
    CHECK(here.parts.http.requests().back().url == "https://bucket.s3.us-west-2.amazonaws.com/k");
    scene same;
    same.parts.http.reply(307, "<Error><Code>TemporaryRedirect</Code><Message>m</Message></Error>",
                          {{"x-amz-bucket-region", "eu-west-1"}, {"Location", "https://bucket.evil.example.com/"}});
    auto const got = same.s3.get_object({.bucket = "bucket", .key = "k"});
    CHECK(got.error().message == "s3 GetObject: TemporaryRedirect: m");
    CHECK(same.parts.http.requests().size() == 1);
}

TEST_CASE("HEAD on an object follows a bare 400 by asking for the bucket") {
    scene here;
    here.parts.http.reply(400, "").reply(400, "", {{"x-amz-bucket-region", "us-west-2"}}).reply(200, "");
    REQUIRE(here.s3.head_object({.bucket = "bucket", .key = "k"}));
    CHECK(here.parts.http.requests().back().url == "https://bucket.s3.us-west-2.amazonaws.com/k");
}

TEST_CASE("what cannot be an object's address is refused before anything is sent") {
    scene here;
    CHECK(here.s3.get_object({.bucket = "bucket"}).error().message == "s3 GetObject: the key is empty");
    CHECK(here.s3.head_object({.bucket = "bucket"}).error().code == errc::invalid_argument);
    CHECK(here.s3.get_object({.bucket = "a/b", .key = "k"}).error().code == errc::invalid_argument);
    auto const arn = here.s3.get_object({.bucket = "arn:aws:s3:us-west-2:1:accesspoint/p", .key = "k"});
    CHECK(arn.error().message == "s3 GetObject: access point ARNs are not supported: name the bucket itself");
    for (auto const* const refused : {"arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "mfzwi23gnjvgw.mrap",
                                      "arn:aws:s3-outposts:us-west-2:1:outpost/op-1/accesspoint/p",
                                      "arn:aws:s3-object-lambda:us-west-2:1:accesspoint/p",
                                      "test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3",
                                      "name--usw2-az1--x-s3", "ap--usw2-az1--xa-s3"}) {
        auto const got = here.s3.get_object({.bucket = refused, .key = "k"});
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::invalid_argument);
        CHECK(got.error().message.find("not supported: ") != std::string::npos);
    }
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
