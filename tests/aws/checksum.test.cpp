#include <fargate/aws/checksum.hpp>

#include "support/catch.hpp"

#include <fargate/text/hex.hpp>

#include <string>
#include <string_view>

namespace aws = fargate::aws;
using aws::checksum_algorithm;

namespace {

std::string const thirty_two_zeros(32, '\0');
std::string const thirty_two_ones(32, '\xFF');

std::string counted(unsigned from, int step) {
    std::string made;
    for (int i = 0; i != 32; ++i) made += static_cast<char>(static_cast<int>(from) + step * i);
    return made;
}

std::string in_pieces(checksum_algorithm which, std::string_view bytes, std::size_t size) {
    aws::checksum made{which};
    for (std::size_t at = 0; at < bytes.size(); at += size) made.add(bytes.substr(at, size));
    return made.finish();
}

} // namespace

TEST_CASE("the CRCs give the check values of their catalogue and the examples of their standards") {
    static_assert(aws::crc32::of("123456789") == 0xCBF43926U);
    static_assert(aws::crc32c::of("123456789") == 0xE3069283U);
    static_assert(aws::crc64nvme::of("123456789") == 0xAE8B14860A799888U);
    CHECK(aws::crc32::of("") == 0);
    CHECK(aws::crc32::of("The quick brown fox jumps over the lazy dog") == 0x414FA339U);
    // RFC 3720 B.4, whose bytes stand in the order of the wire
    CHECK(aws::crc32c::of(thirty_two_zeros) == 0x8A9136AAU);
    CHECK(aws::crc32c::of(thirty_two_ones) == 0x62A8AB43U);
    CHECK(aws::crc32c::of(counted(0, 1)) == 0x46DD794EU);
    CHECK(aws::crc32c::of(counted(31, -1)) == 0x113FDB5CU);
    // NVM Express NVM command set specification 1.0c, figure 122
    CHECK(aws::crc64nvme::of(std::string(4096, '\0')) == 0x6482D367EB22B64EU);
    CHECK(aws::crc64nvme::of(std::string(4096, '\xFF')) == 0xC0DDBA7302ECA3ACU);
}

TEST_CASE("a checksum is base64 with the highest byte first, in however many pieces the bytes come") {
    for (std::size_t const size : {1U, 2U, 3U, 4U, 5U, 7U, 9U}) {
        CHECK(in_pieces(checksum_algorithm::crc32, "123456789", size) == "y/Q5Jg==");
        CHECK(in_pieces(checksum_algorithm::crc32c, "123456789", size) == "4waSgw==");
        CHECK(in_pieces(checksum_algorithm::crc64nvme, "123456789", size) == "rosUhgp5mIg=");
        // FIPS 180-4's "abc"
        CHECK(in_pieces(checksum_algorithm::sha1, "abc", size) == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
        CHECK(in_pieces(checksum_algorithm::sha256, "abc", size) == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
    // of nothing: what S3 keeps of empty objects
    CHECK(in_pieces(checksum_algorithm::crc32, "", 1) == "AAAAAA==");
    CHECK(in_pieces(checksum_algorithm::sha1, "", 1) == "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
}

TEST_CASE("the announced checksum is the one of the whole object, whatever its algorithm") {
    for (char const* const name : {"crc32", "crc32c", "crc64nvme", "sha1", "sha256"}) {
        auto const found = aws::announced_checksum_of({{"X-Amz-Checksum-" + std::string{name}, "abcd"}});
        REQUIRE(found);
        CHECK(name_of(found->algorithm) == name);
        CHECK(found->value == "abcd");
    }
    CHECK_FALSE(aws::announced_checksum_of({{"ETag", "\"x\""}, {"x-amz-checksum-mode", "ENABLED"}}));
    CHECK_FALSE(aws::announced_checksum_of({{"x-amz-checksum-crc32", "y/Q5Jg==-3"}}));
    CHECK_FALSE(aws::announced_checksum_of({{"x-amz-checksum-crc32", ""}}));
    CHECK_FALSE(
        aws::announced_checksum_of({{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-checksum-type", "COMPOSITE"}}));
    auto const other = aws::announced_checksum_of({{"x-amz-checksum-crc32c", "a-2"}, {"x-amz-checksum-sha256", "b"}});
    REQUIRE(other);
    CHECK(other->algorithm == checksum_algorithm::sha256);
}
