#include <fargate/testing/fake_s3.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <fargate/aws/s3.hpp>
#include <fargate/testing/failing_http.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace aws = fargate::aws;
namespace testing = fargate::testing;
using fargate::errc;

namespace {

struct bucket final : fargate::http::body_sink {
    bool begin(fargate::http::response const&) override { return true; }
    bool take(std::string_view bytes) override {
        body += bytes;
        return true;
    }
    std::string body{};
};

/// A clock that stands still where `frozen` has it; the fake's default is the wall's.
testing::time_source still() {
    static testing::manual_clock clock;
    return testing::time_of(clock);
}

struct s3_in_memory : testing::failing_http<testing::fake_s3> {
    s3_in_memory() : failing_http{testing::aws_account{.region = "eu-west-1"}, still()} {
        inner().put("bucket", "k", "123456789");
    }
};

struct world : testing_support::frozen {
    using http = s3_in_memory;
};

aws::object_request const k{.bucket = "bucket", .key = "k"};

} // namespace

TEST_CASE("a body that the fake breaks off is read to its end, with any checksum, in memory and streamed") {
    auto const sum =
        GENERATE(aws::checksum_algorithm::crc32, aws::checksum_algorithm::crc32c, aws::checksum_algorithm::crc64nvme,
                 aws::checksum_algorithm::sha1, aws::checksum_algorithm::sha256);
    aws::parts<world> parts;
    aws::s3<world> s3{parts, testing_support::in_ireland()};
    auto& fake = parts.http.inner();
    fake.keep_checksums(sum);
    fake.break_off(4, 2);
    auto const got = s3.get_object(k);
    REQUIRE(got);
    CHECK(got->body == "123456789");
    CHECK(got->headers.find("x-amz-checksum-" + std::string{name_of(sum)}));
    CHECK(fake.log().count("GetObject") == 3);
    fake.break_off(2);
    bucket into;
    REQUIRE(s3.get_object(k, into));
    CHECK(into.body == "123456789");
    fake.break_off(2);
    CHECK(s3.get_object({.bucket = "bucket", .key = "k", .range = "bytes=-4"})->body == "6789");
}

TEST_CASE("an object that is put anew while it is read is the new one in memory, and an error when streamed") {
    aws::parts<world> parts;
    aws::s3<world> s3{parts, testing_support::in_ireland()};
    auto& fake = parts.http.inner();
    struct meddler final : fargate::http::body_sink {
        explicit meddler(testing::fake_s3& home) : home_{home} {}
        bool begin(fargate::http::response const&) override { return true; }
        bool take(std::string_view) override {
            home_.put("bucket", "k", "abc");
            return true;
        }
        testing::fake_s3& home_;
    };
    fake.break_off(4);
    meddler into{fake};
    auto const got = s3.get_object(k, into);
    REQUIRE_FALSE(got);
    CHECK(got.error().service_code == "PreconditionFailed");
    CHECK(s3.get_object(k)->body == "abc");
}

TEST_CASE("whichever request or answer is lost, an object is read whole or there is an error") {
    for (auto const moment : {s3_in_memory::when::before, s3_in_memory::when::after}) {
        std::size_t walks = 0;
        for (;; ++walks) {
            aws::parts<world> parts;
            aws::s3<world> s3{parts, testing_support::in_ireland()};
            parts.http.inner().add_bucket("far", "us-west-2");
            parts.http.inner().put("far", "k", "123456789");
            parts.http.inner().break_off(4);
            parts.http.fail_at(walks, fargate::fail(errc::connection_failed, "cut", true), moment);
            bucket into;
            auto const got = s3.get_object({.bucket = "far", .key = "k"}, into);
            if (got) CHECK(into.body == "123456789");
            CHECK((got || got.error().code == errc::connection_failed));
            if (!parts.http.fired()) {
                CHECK(got.has_value());
                break;
            }
        }
        CHECK(walks == 3); // the redirect, the beginning, the rest
    }
}
