#include <fargate/crypto/openssl.hpp>

#include "support/catch.hpp"

#include <fargate/text/hex.hpp>

#include <array>
#include <cstdlib>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using fargate::crypto::bytes_of;
using fargate::crypto::openssl_hash;
using fargate::text::to_hex;

static_assert(fargate::crypto::hash_policy<openssl_hash>);
static_assert(std::is_empty_v<openssl_hash> && std::is_trivially_copyable_v<openssl_hash>);

namespace {

std::string sha256(std::string_view data) { return to_hex(bytes_of(openssl_hash{}.sha256(data))); }

std::string hmac(std::string_view key, std::string_view data) {
    return to_hex(bytes_of(openssl_hash{}.hmac_sha256(key, data)));
}

std::string sha1(std::string_view data) {
    auto const made = fargate::crypto::sha1(data);
    return to_hex({reinterpret_cast<char const*>(made.data()), made.size()});
}

std::string repeated(std::size_t count, unsigned byte) { return std::string(count, static_cast<char>(byte)); }

/// Made before anything is hashed, so that it goes after everything that hashing leaves behind.
struct last_to_go {
    ~last_to_go() {
        if (sha256("abc").substr(0, 8) != "ba7816bf" || hmac("Jefe", "what do ya want for nothing?")[0] != '5')
            std::abort();
    }
} const hashes_when_all_is_gone;

} // namespace

TEST_CASE("SHA-1 gives the digests of RFC 3174's and FIPS 180-4's examples") {
    CHECK(sha1("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK(sha1(repeated(1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST_CASE("SHA-256 gives the digests of FIPS 180-4's examples") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256({}) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(sha256(repeated(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231") {
    CHECK(hmac(repeated(20, 0x0B), "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    CHECK(hmac("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac(repeated(20, 0xAA), repeated(50, 0xDD)) ==
          "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    std::string counted;
    for (char byte = 1; byte != 26; ++byte) counted += byte;
    CHECK(hmac(counted, repeated(50, 0xCD)) == "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    CHECK(hmac(repeated(20, 0x0C), "Test With Truncation").substr(0, 32) == "a3b6167473100ee06e0c796c2955552b");
    CHECK(hmac(repeated(131, 0xAA), "Test Using Larger Than Block-Size Key - Hash Key First") ==
          "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    CHECK(
        hmac(repeated(131, 0xAA),
             "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
             "hashed before being used by the HMAC algorithm.") ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("keys around the block size, and empty ones, follow RFC 2104's definition") {
    // The definition itself, from SHA-256 alone.
    auto const defined = [](std::string key, std::string const& data) {
        openssl_hash const hash;
        if (key.size() > 64) key = std::string{bytes_of(hash.sha256(key))};
        key.resize(64, '\0');
        std::string inner, outer;
        for (char const each : key) {
            inner += static_cast<char>(each ^ 0x36);
            outer += static_cast<char>(each ^ 0x5C);
        }
        outer += bytes_of(hash.sha256(inner + data));
        return to_hex(bytes_of(hash.sha256(outer)));
    };
    for (std::size_t const size : {0U, 1U, 63U, 64U, 65U, 200U})
        for (std::string const& data : {std::string{}, std::string{"x"}, repeated(64, 'y'), repeated(1000, 'z')}) {
            CAPTURE(size, data.size());
            CHECK(hmac(repeated(size, 'k'), data) == defined(repeated(size, 'k'), data));
        }
    CHECK(hmac({}, {}) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("several threads hash at once, each its own") {
    std::string const text = repeated(300, 'p');
    std::string const expected = sha256(text) + hmac("key", text);
    std::array<bool, 4> same{};
    std::vector<std::thread> threads;
    for (bool& each : same)
        threads.emplace_back([&each, &text, &expected] {
            each = true;
            for (int round = 0; round != 50; ++round) each = each && sha256(text) + hmac("key", text) == expected;
        });
    for (auto& each : threads) each.join();
    CHECK(same == std::array<bool, 4>{true, true, true, true});
}

TEST_CASE("SHA-1 gives the digests of FIPS 180's examples") {
    auto const sha1 = [](std::string_view data) {
        auto const made = fargate::crypto::sha1(data);
        return to_hex({reinterpret_cast<char const*>(made.data()), made.size()});
    };
    CHECK(sha1("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST_CASE("a hash in pieces is that of the whole") {
    using fargate::crypto::hash_kind;
    fargate::crypto::running_hash state{hash_kind::sha256};
    std::string const thousand(1000, 'a');
    for (int i = 0; i != 1000; ++i) state.add(thousand);
    CHECK(to_hex(state.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    fargate::crypto::running_hash old{hash_kind::sha1};
    for (int i = 0; i != 1000; ++i) old.add(thousand);
    CHECK(to_hex(old.finish()) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}
