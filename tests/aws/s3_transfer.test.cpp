#include <fargate/aws/s3_transfer.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <fargate/aws/s3.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace aws = fargate::aws;
namespace http = fargate::http;
using fargate::errc;
using testing_support::frozen;
using testing_support::in_ireland;

namespace {

struct scene {
    aws::parts<frozen> parts{};
    aws::s3<frozen> s3;

    explicit scene(aws::s3_options how = {}, aws::client_options options = in_ireland()) : s3{parts, options, how} {}

    [[nodiscard]] http::request sent(std::size_t number) const { return parts.http.requests().at(number); }
};

/// Keeps what it is told, up to as many bytes as it wants.
class bucket final : public http::body_sink {
public:
    explicit bucket(std::size_t wanted = std::string::npos) : wanted_{wanted} {}
    bool begin(http::response const& head) override {
        ++begun;
        etag = head.headers.value_of("ETag");
        return wanted_ != 0;
    }
    bool take(std::string_view bytes) override {
        body += bytes;
        return body.size() < wanted_;
    }
    int begun = 0;
    std::string etag;
    std::string body;

private:
    std::size_t wanted_;
};

/// How `get_object` is asked for: into memory, or into a bucket.
struct outcome {
    fargate::result<aws::object> answer;
    std::string bytes;
    int begun = 1;
};

outcome get(scene& here, aws::object_request const& which, bool streamed) {
    if (!streamed) {
        auto answer = here.s3.get_object(which);
        auto bytes = answer ? answer->body : std::string{};
        return {std::move(answer), std::move(bytes)};
    }
    bucket into;
    auto answer = here.s3.get_object(which, into);
    if (answer) CHECK(answer->body.empty());
    return {std::move(answer), into.body, into.begun};
}

http::fields whole(char const* length = "10", char const* etag = "\"e\"") {
    return {{"Content-Length", length}, {"ETag", etag}, {"Content-Type", "text/plain"}, {"x-amz-version-id", "v7"}};
}

http::fields rest(char const* range, char const* etag = "\"e\"") { return {{"Content-Range", range}, {"ETag", etag}}; }

aws::object_request const k{.bucket = "bucket", .key = "k"};

} // namespace

TEST_CASE("a body that breaks off is gone on with where it broke, signed anew and of the same object") {
    bool const streamed = GENERATE(false, true);
    scene here;
    here.parts.http.reply_broken({200, whole(), "0123456789"}, 4)
        .reply_broken({206, rest("bytes 4-9/10"), "456789"}, 3)
        .reply(206, "789", rest("bytes 7-9/10"));
    auto const got = get(here, k, streamed);
    REQUIRE(got.answer);
    CHECK(got.bytes == "0123456789");
    CHECK(got.begun == 1);
    CHECK(got.answer->size == 10U);
    CHECK(got.answer->etag == "\"e\"");
    CHECK(got.answer->content_type == "text/plain"); // of the whole, not of its last part
    CHECK(got.answer->version_id == "v7");
    REQUIRE(here.parts.http.requests().size() == 3);
    CHECK_FALSE(here.sent(0).headers.find("Range"));
    CHECK_FALSE(here.sent(0).headers.find("If-Match"));
    CHECK(here.sent(1).headers.value_of("Range") == "bytes=4-");
    CHECK(here.sent(1).headers.value_of("If-Match") == "\"e\"");
    CHECK(here.sent(1).headers.value_of("Authorization").find("host;if-match;range;") != std::string_view::npos);
    CHECK(here.sent(2).headers.value_of("Range") == "bytes=7-");
    CHECK(here.sent(2).headers.value_of("amz-sdk-request") == "attempt=3; max=3");
    using namespace std::chrono_literals;
    CHECK(here.parts.clock.slept() == std::vector<fargate::duration>{50ms, 100ms});
}

TEST_CASE("part of an object is gone on with up to its end, and a version stays the one that was asked for") {
    bool const streamed = GENERATE(false, true);
    struct wish {
        char const* range;
        char const* then;
    };
    auto const each = GENERATE(values<wish>(
        {{"bytes=100-109", "bytes=104-109"}, {"bytes=100-", "bytes=104-109"}, {"bytes=-10", "bytes=104-109"}}));
    scene here;
    http::fields fields{{"Content-Length", "10"}, {"Content-Range", "bytes 100-109/110"}, {"ETag", "\"e\""}};
    here.parts.http.reply_broken({206, fields, "0123456789"}, 4).reply(206, "456789", rest("bytes 104-109/110"));
    auto const got = get(
        here, {.bucket = "bucket", .key = "k", .version_id = "v7", .range = each.range, .if_match = "\"e\""}, streamed);
    REQUIRE(got.answer);
    CHECK(got.bytes == "0123456789");
    CHECK(here.sent(0).headers.value_of("Range") == each.range);
    CHECK(here.sent(1).headers.value_of("Range") == each.then);
    CHECK(here.sent(1).headers.value_of("If-Match") == "\"e\"");
    CHECK(here.sent(1).url == here.sent(0).url);
    CHECK(here.sent(1).url.ends_with("?versionId=v7"));
}

TEST_CASE("a break before the first byte is a lost answer, and one after the last one is none") {
    bool const streamed = GENERATE(false, true);
    SECTION("before") {
        scene here;
        here.parts.http.reply_broken({200, whole(), "0123456789"}, 0).reply(200, "9876543210", whole("10", "\"f\""));
        auto const got = get(here, k, streamed);
        CHECK(got.bytes == "9876543210");
        CHECK(got.begun == 1);
        CHECK(got.answer->etag == "\"f\"");
        CHECK_FALSE(here.sent(1).headers.find("Range"));
        CHECK_FALSE(here.sent(1).headers.find("If-Match"));
    }
    SECTION("after") {
        scene here;
        here.parts.http.reply_broken({200, whole(), "0123456789"}, 10).reply(200, "9876543210", whole("10", "\"f\""));
        auto const got = get(here, k, streamed);
        REQUIRE(got.answer);
        CHECK(got.bytes == "0123456789");
        CHECK(got.answer->etag == "\"e\"");
    }
}

TEST_CASE("an answer shorter than announced is never delivered, whoever counts") {
    bool const streamed = GENERATE(false, true);
    scene here;
    here.parts.http.reply(200, "0123", whole())
        .reply(206, "456", rest("bytes 4-9/10"))
        .reply(206, "", rest("bytes 7-9/10"));
    auto const got = get(here, k, streamed);
    REQUIRE_FALSE(got.answer);
    CHECK(got.answer.error().code == errc::connection_failed);
    CHECK(got.answer.error().retryable);
    CHECK(got.answer.error().message == "s3 GetObject: the body broke off after 7 of 10 bytes (after 3 attempts)");
    CHECK(here.sent(2).headers.value_of("Range") == "bytes=7-");
}

TEST_CASE("more bytes than announced are refused") {
    bool const streamed = GENERATE(false, true);
    scene here;
    here.parts.http.reply(200, "0123456789a", whole());
    CHECK(get(here, k, streamed).answer.error().code == errc::malformed_response);
    here.parts.http.reply(206, "0123", {{"Content-Length", "4"}, {"Content-Range", "bytes 0-4/10"}});
    CHECK(get(here, k, streamed).answer.error().message ==
          "s3 GetObject: Content-Range and Content-Length contradict each other");
}

TEST_CASE("no more attempts are made than the retry policy has, and a refusal in between is the answer") {
    bool const streamed = GENERATE(false, true);
    scene here;
    here.parts.http.reply_broken({200, whole(), "0123456789"}, 1);
    for (int i = 0; i != 4; ++i) here.parts.http.reply_broken({206, rest("bytes 1-9/10"), "123456789"}, 0);
    auto const got = get(here, k, streamed);
    CHECK(got.answer.error().code == errc::connection_failed);
    CHECK(here.parts.http.requests().size() == 3);
    scene other;
    other.parts.http.reply_broken({200, whole(), "0123456789"}, 4)
        .reply(403, "<Error><Code>AccessDenied</Code><Message>m</Message></Error>");
    CHECK(get(other, k, streamed).answer.error().service_code == "AccessDenied");
    CHECK(other.parts.http.requests().size() == 2);
}

TEST_CASE("an object that changes meanwhile is read anew from memory's side, and an error when its bytes are out") {
    struct word {
        int status;
        http::fields fields;
    };
    auto const each = GENERATE(values<word>({
        {412, {}},                            // S3's own
        {416, {}},                            // shorter by now
        {206, rest("bytes 4-9/10", "\"f\"")}, // whoever ignores If-Match
        {206, rest("bytes 4-19/20")},         // another length
        {206, rest("bytes 0-9/10")},          // another part
        {206, {}},                            // whatever that is
    }));
    SECTION("in memory") {
        scene here;
        here.parts.http.reply_broken({200, whole(), "0123456789"}, 4)
            .reply(each.status, "456789", each.fields)
            .reply(200, "abc", whole("3", "\"f\""));
        auto const got = here.s3.get_object(k);
        REQUIRE(got);
        CHECK(got->body == "abc");
        CHECK(got->etag == "\"f\"");
        CHECK_FALSE(here.sent(2).headers.find("Range"));
        CHECK_FALSE(here.sent(2).headers.find("If-Match"));
    }
    SECTION("in memory, with the caller's own conditions kept") {
        scene here;
        here.parts.http.reply_broken({206, rest("bytes 0-9/20"), "0123456789"}, 4)
            .reply(each.status, "456789", each.fields)
            .reply(412, "<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>");
        auto const got =
            here.s3.get_object({.bucket = "bucket", .key = "k", .range = "bytes=0-9", .if_match = "\"e\""});
        CHECK(got.error().message == "s3 GetObject: PreconditionFailed: m");
        CHECK(here.sent(2).headers.value_of("Range") == "bytes=0-9");
        CHECK(here.sent(2).headers.value_of("If-Match") == "\"e\"");
    }
    SECTION("streamed") {
        scene here;
        here.parts.http.reply_broken({200, whole(), "0123456789"}, 4).reply(each.status, "456789", each.fields);
        auto const got = get(here, k, true);
        REQUIRE_FALSE(got.answer);
        CHECK(got.bytes == "0123");
        CHECK(got.answer.error().code == errc::service_error);
        CHECK(got.answer.error().service_code == "PreconditionFailed");
        CHECK(got.answer.error().http_status == 412);
        CHECK(got.answer.error().retryable);
        CHECK(got.answer.error().message == "s3 GetObject: \"k\" changed after 4 bytes of it were read");
    }
}

TEST_CASE("an object that changes all the time is given up") {
    scene here;
    here.parts.http.otherwise([n = 0](http::request const& request) mutable -> fargate::result<http::response> {
        if (request.headers.find("Range")) return http::response{412, {}, ""};
        static_cast<void>(request.sink->begin({200, whole("10", ++n % 2 == 0 ? "\"e\"" : "\"f\""), {}}));
        static_cast<void>(request.sink->take("0123"));
        return fargate::fail(errc::connection_failed, "cut", true);
    });
    auto const got = here.s3.get_object(k);
    REQUIRE_FALSE(got);
    CHECK(got.error().service_code == "PreconditionFailed");
    CHECK(got.error().retryable);
    CHECK(here.parts.http.requests().size() == 6);
}

TEST_CASE("a server that knows no ranges begins again: good in memory, an error when bytes are out") {
    scene here;
    here.parts.http.reply_broken({200, whole(), "0123456789"}, 4).reply(200, "0123456789", whole());
    CHECK(here.s3.get_object(k)->body == "0123456789");
    CHECK(here.parts.http.requests().size() == 2);
    here.parts.http.reply_broken({200, whole(), "0123456789"}, 4).reply(200, "0123456789", whole());
    auto const got = get(here, k, true);
    REQUIRE_FALSE(got.answer);
    CHECK(got.bytes == "0123");
    CHECK(got.answer.error().code == errc::connection_failed);
    CHECK(got.answer.error().message ==
          "s3 GetObject: \"k\" broke off after 4 bytes, and the rest of it cannot be had alone");
}

TEST_CASE("without an ETag that tells objects apart nothing is gone on with, unless the version does") {
    auto const* const etag = GENERATE("", "W/\"e\"");
    scene here;
    here.parts.http.reply_broken({200, whole("10", etag), "0123456789"}, 4).reply(200, "abc", whole("3", etag));
    CHECK(here.s3.get_object(k)->body == "abc");
    CHECK_FALSE(here.sent(1).headers.find("Range"));
    here.parts.http.reply_broken({200, whole("10", etag), "0123456789"}, 4).reply(200, "abc", whole("3", etag));
    CHECK(get(here, k, true).answer.error().code == errc::connection_failed);
    here.parts.http.reply_broken({200, whole("10", etag), "0123456789"}, 4)
        .reply(206, "456789", {{"Content-Range", "bytes 4-9/10"}});
    CHECK(here.s3.get_object({.bucket = "bucket", .key = "k", .version_id = "v7"})->body == "0123456789");
    CHECK_FALSE(here.parts.http.requests().back().headers.find("If-Match"));
}

TEST_CASE("a region learned on the way does not lose what is there") {
    scene here;
    here.parts.http.reply(301, "", {{"x-amz-bucket-region", "us-west-2"}})
        .reply_broken({200, whole(), "0123456789"}, 4)
        .reply(301, "", {{"x-amz-bucket-region", "us-west-1"}});
    CHECK(here.s3.get_object(k).error().http_status == 301); // moved twice in one call
    here.parts.http.reply_broken({200, whole(), "0123456789"}, 4)
        .reply(301, "", {{"x-amz-bucket-region", "us-west-1"}})
        .reply(206, "456789", rest("bytes 4-9/10"));
    CHECK(here.s3.get_object(k)->body == "0123456789");
    CHECK(here.parts.http.requests().back().headers.value_of("Range") == "bytes=4-");
}

TEST_CASE("the checksum that comes back is compared over the whole, whichever it is and in however many parts") {
    struct sum {
        char const* name;
        char const* of_digits; ///< of "123456789", from the CRC catalogue and from openssl dgst
    };
    auto const each = GENERATE(values<sum>({{"crc32", "y/Q5Jg=="},
                                            {"crc32c", "4waSgw=="},
                                            {"crc64nvme", "rosUhgp5mIg="},
                                            {"sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
                                            {"sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}}));
    bool const streamed = GENERATE(false, true);
    scene here;
    auto fields = whole("9");
    fields.add("x-amz-checksum-" + std::string{each.name}, each.of_digits);
    SECTION("a right one") {
        here.parts.http.reply_broken({200, fields, "123456789"}, 4).reply(206, "56789", rest("bytes 4-8/9"));
        auto const got = get(here, k, streamed);
        REQUIRE(got.answer);
        CHECK(got.bytes == "123456789");
        CHECK(here.sent(0).headers.value_of("x-amz-checksum-mode") == "ENABLED");
    }
    SECTION("a wrong one, which is a lost answer as long as nobody has seen the bytes") {
        for (int i = 0; i != 3; ++i) here.parts.http.reply(200, "123456780", fields);
        auto const got = get(here, k, streamed);
        REQUIRE_FALSE(got.answer);
        CHECK(got.answer.error().code == errc::malformed_response);
        CHECK(got.answer.error().retryable);
        CHECK(got.answer.error().message == "s3 GetObject: the " + std::string{each.name} +
                                                " of \"k\" is not the one that S3 keeps of it" +
                                                (streamed ? "" : " (after 3 attempts)"));
        CHECK(here.parts.http.requests().size() == (streamed ? 1 : 3));
        CHECK_FALSE(here.parts.http.requests().back().headers.find("Range"));
    }
    SECTION("a wrong part, read anew from its beginning") {
        here.parts.http.reply_broken({200, fields, "123456789"}, 4)
            .reply(206, "56780", rest("bytes 4-8/9"))
            .reply(200, "123456789", fields);
        auto const got = get(here, k, streamed);
        CHECK(got.answer.has_value() != streamed);
        if (!streamed) CHECK(got.bytes == "123456789");
    }
}

TEST_CASE("a checksum is not compared when it is not the bytes' own, of part of an object, or when nobody wants it") {
    bool const streamed = GENERATE(false, true);
    scene here;
    here.parts.http.reply(200, "123456789", {{"x-amz-checksum-crc32", "AAAAAA==-2"}})
        .reply(206, "123456789", {{"x-amz-checksum-crc32", "AAAAAA=="}, {"Content-Range", "bytes 0-8/20"}})
        .reply(200, "123456789", {{"x-amz-checksum-crc32", "AAAAAA=="}, {"x-amz-checksum-type", "COMPOSITE"}});
    for (int i = 0; i != 3; ++i) CHECK(get(here, k, streamed).bytes == "123456789");
    scene indifferent{{.checksum_mode = false}};
    indifferent.parts.http.reply(200, "123456789", {{"x-amz-checksum-crc32", "AAAAAA=="}});
    CHECK(get(indifferent, k, streamed).answer.has_value());
    CHECK_FALSE(indifferent.sent(0).headers.find("x-amz-checksum-mode"));
}

TEST_CASE("in memory an object may be as long as the limit says, and a stream as long as it likes") {
    auto options = in_ireland();
    options.limits.body = 9;
    scene here{{}, options};
    here.parts.http.reply(200, "123456789", whole("9")).reply(200, "0123456789", whole()).reply(200, "0123456789");
    CHECK(here.s3.get_object(k)->body == "123456789");
    for (int i = 0; i != 2; ++i) {
        auto const got = here.s3.get_object(k);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::too_large);
        CHECK_FALSE(got.error().retryable);
        CHECK(got.error().message ==
              "s3 GetObject: \"k\" is longer than 9 bytes: raise limits.body, ask for a range or stream it");
    }
    here.parts.http.reply(200, "0123456789", whole());
    CHECK(get(here, k, true).bytes == "0123456789");
    CHECK(here.parts.http.requests().size() == 4);
}

TEST_CASE("a receiver hears of the object once, and ends the call when it has had enough") {
    scene here;
    here.parts.http.reply(200, "", whole("0"));
    bucket into;
    auto const got = here.s3.get_object(k, into);
    REQUIRE(got);
    CHECK(got->size == 0U);
    CHECK(into.begun == 1);
    CHECK(into.etag == "\"e\"");
    auto const wanted = GENERATE(std::size_t{0}, std::size_t{1});
    bucket small{wanted};
    here.parts.http.reply(200, "0123456789", whole());
    auto const ended = here.s3.get_object(k, small);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == errc::cancelled);
    CHECK(ended.error().message == "s3 GetObject: the receiver wants no more");
    CHECK(small.begun == 1);
    CHECK(here.parts.http.requests().size() == 2);
}

namespace {

/// A policy that knows no sinks.
struct plain_http : fargate::testing::scripted_http {
    fargate::result<http::response> send(http::request request) {
        request.sink = nullptr;
        return scripted_http::send(request);
    }
};
struct plain : frozen {
    using http = plain_http;
};

} // namespace

TEST_CASE("an HTTP policy that knows no sinks does as well") {
    bool const streamed = GENERATE(false, true);
    aws::parts<plain> parts;
    aws::s3<plain> s3{parts, in_ireland()};
    auto fields = whole("9");
    fields.add("x-amz-checksum-crc32", "y/Q5Jg==");
    parts.http.reply_broken({200, fields, "123456789"}, 4)
        .reply(200, "1234", fields)
        .reply(206, "56789", rest("bytes 4-8/9"));
    bucket into;
    auto const got = streamed ? s3.get_object(k, into) : s3.get_object(k);
    REQUIRE(got);
    CHECK((streamed ? into.body : got->body) == "123456789");
    parts.http.reply(200, "123456780", fields).reply(200, "123456780", fields).reply(200, "123456780", fields);
    CHECK((streamed ? s3.get_object(k, into) : s3.get_object(k)).error().code == errc::malformed_response);
}

TEST_CASE("a Content-Range is read strictly") {
    auto const read = [](std::string_view text) {
        auto const made = aws::read_content_range(text);
        if (!made) return std::string{"none"};
        return std::to_string(made->first) + " " + std::to_string(made->last) + " " +
               (made->total ? std::to_string(*made->total) : "*");
    };
    CHECK(read("bytes 0-0/1") == "0 0 1");
    CHECK(read("bytes 5-18446744073709551614/18446744073709551615") == "5 18446744073709551614 18446744073709551615");
    CHECK(read("bytes 5-9/*") == "5 9 *");
    for (auto const* const odd : {"", "bytes", "bytes 5-9", "bytes 9-5/10", "bytes 5-9/9", "bytes -9/10", "bytes 5-/10",
                                  "bytes */10", "items 5-9/10", "bytes 5-9/x", "bytes 5-9/", "bytes +5-9/10",
                                  "bytes 5-99999999999999999999/*", "bytes 5/6-9"})
        CHECK(read(odd) == "none");
}
