#include <fargate/sigv4/signing_key.hpp>

#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/text/hex.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

using namespace fargate;
using sigv4::key_view;
using sigv4::secret_digest;
using sigv4::signing_key_cache;

namespace {

constexpr auto secret_text = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr sigv4::scope iam{"us-east-1", "iam"};

key_view key_of(std::uint64_t generation, std::string_view secret = secret_text) {
    return {"AKIDEXAMPLE", secret, {}, generation};
}

std::string hex(secret_digest const& key) { return text::to_hex(key.reveal()); }

std::string derived(std::string_view secret, std::string_view date, sigv4::scope const& where) {
    return hex(sigv4::signing_key(secret, date, where, crypto::openssl_hash{}));
}

/// Counts what it is asked, and looks at what earlier calls left behind.
struct watching_hash {
    crypto::openssl_hash real{};
    int* hmacs;
    std::string_view* first_key = nullptr;
    bool* wiped = nullptr;

    [[nodiscard]] crypto::digest sha256(std::string_view data) const noexcept { return real.sha256(data); }
    [[nodiscard]] crypto::digest hmac_sha256(std::string_view key, std::string_view data) const noexcept {
        ++*hmacs;
        if (first_key != nullptr && *hmacs == 1) *first_key = key;
        if (wiped != nullptr && *hmacs == 2)
            *wiped = std::all_of(first_key->begin(), first_key->end(), [](char c) { return c == '\0'; });
        return real.hmac_sha256(key, data);
    }
};
static_assert(crypto::hash_policy<watching_hash>);

/// Answers every HMAC with its own name and with whether the key was made ready.
template <char Name>
struct readying_hash {
    struct hmac_key {};

    mutable int made = 0;

    [[nodiscard]] static crypto::digest named(unsigned char how) noexcept {
        crypto::digest answer;
        answer.fill(how);
        answer[0] = Name;
        return answer;
    }
    [[nodiscard]] crypto::digest sha256(std::string_view) const noexcept { return {}; }
    [[nodiscard]] crypto::digest hmac_sha256(std::string_view, std::string_view) const noexcept { return named('p'); }
    [[nodiscard]] crypto::digest hmac_sha256(hmac_key const&, std::string_view) const noexcept { return named('r'); }
    [[nodiscard]] hmac_key make_ready(std::string_view) const noexcept {
        ++made;
        return {};
    }
};
static_assert(crypto::keyed_hash_policy<readying_hash<'a'>> && !crypto::keyed_hash_policy<watching_hash>);

std::string text_of(crypto::digest const& bytes) { return std::string{crypto::bytes_of(bytes)}; }

/// Memory that an object lives in and that outlives it.
template <class T>
struct remains {
    alignas(T) std::array<unsigned char, sizeof(T)> bytes{};

    [[nodiscard]] bool hold(std::string_view text) const {
        return std::search(bytes.begin(), bytes.end(), text.begin(), text.end(),
                           [](unsigned char a, char b) { return a == static_cast<unsigned char>(b); }) != bytes.end();
    }
};

} // namespace

TEST_CASE("a signing key is AWS's own example's") {
    CHECK(derived(secret_text, "20120215", iam) == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

TEST_CASE("the buffer that held the secret is wiped before the next step") {
    int hmacs = 0;
    std::string_view seed;
    bool wiped = false;
    watching_hash const hash{{}, &hmacs, &seed, &wiped};
    (void)sigv4::signing_key(secret_text, "20120215", iam, hash);
    CHECK(hmacs == 4);
    CHECK(seed.size() == 4 + std::strlen(secret_text));
    CHECK(wiped);
}

TEST_CASE("a secret digest wipes what it is made from and what it was") {
    crypto::digest value;
    value.fill(0x5A);
    remains<secret_digest> memory;
    auto* const made = new (memory.bytes.data()) secret_digest{std::move(value)};
    CHECK(value == crypto::digest{});
    CHECK(memory.hold("\x5A\x5A\x5A\x5A"));
    std::destroy_at(made);
    CHECK_FALSE(memory.hold("\x5A"));
}

TEST_CASE("the cache gives the same key as no cache, and computes it once") {
    signing_key_cache cache;
    int hmacs = 0;
    watching_hash const hash{{}, &hmacs};
    for (int call = 0; call != 3; ++call)
        CHECK(hex(cache.get(key_of(7), "20120215", iam, hash)) == derived(secret_text, "20120215", iam));
    CHECK(hmacs == 4);
    CHECK(cache.size() == 1);
}

TEST_CASE("generation 0 passes the cache by") {
    signing_key_cache cache;
    int hmacs = 0;
    watching_hash const hash{{}, &hmacs};
    for (std::string const secret : {"one", "two"})
        CHECK(hex(cache.get(key_of(0, secret), "20120215", iam, hash)) == derived(secret, "20120215", iam));
    CHECK(hmacs == 8);
    CHECK(cache.size() == 0);
}

TEST_CASE("another day, region or service has another key") {
    signing_key_cache cache;
    crypto::openssl_hash const hash;
    for (int round = 0; round != 2; ++round)
        for (auto const* date : {"20120215", "20120216"})
            for (auto const* region : {"us-east-1", "eu-west-1"})
                for (auto const* service : {"ecs", "s3"})
                    CHECK(hex(cache.get(key_of(1), date, {region, service}, hash)) ==
                          derived(secret_text, date, {region, service}));
}

TEST_CASE("a rotated key is told by its generation, and its predecessor's entries go") {
    signing_key_cache cache;
    crypto::openssl_hash const hash;
    CHECK(hex(cache.get(key_of(1, "old"), "20120215", iam, hash)) == derived("old", "20120215", iam));
    CHECK(hex(cache.get(key_of(2, "new"), "20120215", iam, hash)) == derived("new", "20120215", iam));
    CHECK(cache.size() == 1);
    CHECK(hex(cache.get(key_of(1, "old"), "20120215", iam, hash)) == derived("old", "20120215", iam));
    CHECK(hex(cache.get(key_of(2, "new"), "20120215", iam, hash)) == derived("new", "20120215", iam));
    CHECK(cache.size() == 2); // two keys in use at once settle beside each other
}

TEST_CASE("the new day's key takes the old day's place, and a clock that steps back brings it back") {
    signing_key_cache cache;
    int hmacs = 0;
    watching_hash const hash{{}, &hmacs};
    (void)cache.get(key_of(1), "20111231", iam, hash);
    (void)cache.get(key_of(1), "20120101", iam, hash);
    CHECK(cache.size() == 1);
    CHECK(hex(cache.get(key_of(1), "20111231", iam, hash)) == derived(secret_text, "20111231", iam));
    CHECK(hex(cache.get(key_of(1), "20120101", iam, hash)) == derived(secret_text, "20120101", iam));
    CHECK(hmacs == 12);
}

TEST_CASE("the cache is bounded and drops what was not used longest") {
    signing_key_cache cache;
    int hmacs = 0;
    watching_hash const hash{{}, &hmacs};
    auto const ask = [&](std::size_t region) {
        (void)cache.get(key_of(1), "20120215", {std::to_string(region), "ecs"}, hash);
        return std::exchange(hmacs, 0) != 0; // had to be computed
    };
    for (std::size_t region = 0; region != signing_key_cache::capacity; ++region) CHECK(ask(region));
    CHECK_FALSE(ask(0));
    CHECK(ask(100));
    CHECK(cache.size() == signing_key_cache::capacity);
    CHECK_FALSE(ask(0));
    CHECK(ask(1));
    for (std::size_t region = 1000; region != 2000; ++region) CHECK(ask(region));
    CHECK(cache.size() == signing_key_cache::capacity);
}

TEST_CASE("keys leave no trace when they are dropped, when the cache is cleared, and when it goes") {
    crypto::openssl_hash const hash;
    std::string const key{sigv4::signing_key(secret_text, "20120215", iam, hash).reveal()};
    remains<signing_key_cache> memory;
    auto* const cache = new (memory.bytes.data()) signing_key_cache;
    (void)cache->get(key_of(1), "20120215", iam, hash);
    REQUIRE(memory.hold(key));
    SECTION("dropped for a newer one") { (void)cache->get(key_of(2, "new"), "20120215", iam, hash); }
    SECTION("dropped for want of room") {
        for (std::size_t i = 0; i != signing_key_cache::capacity; ++i)
            (void)cache->get(key_of(1), "20120215", {std::to_string(i), "iam"}, hash);
    }
    SECTION("cleared") {
        cache->clear();
        CHECK(cache->size() == 0);
    }
    SECTION("gone") {
        std::destroy_at(cache);
        CHECK_FALSE(memory.hold(key));
        new (memory.bytes.data()) signing_key_cache;
    }
    CHECK_FALSE(memory.hold(key));
    std::destroy_at(std::launder(reinterpret_cast<signing_key_cache*>(memory.bytes.data())));
}

TEST_CASE("a hash that makes keys ready makes each once, and another hash on the same cache has its own") {
    signing_key_cache cache;
    readying_hash<'a'> const one;
    readying_hash<'b'> const other;
    sigv4::scope const ecs{"us-east-1", "ecs"};
    for (int round = 0; round != 3; ++round) {
        CHECK(text_of(cache.hmac(key_of(1), "20120215", iam, "text", one)) == "a" + std::string(31, 'r'));
        CHECK(text_of(cache.hmac(key_of(1), "20120215", ecs, "text", one)) == "a" + std::string(31, 'r'));
    }
    CHECK(one.made == 2);
    CHECK(text_of(cache.hmac(key_of(1), "20120215", ecs, "text", other)) == "b" + std::string(31, 'r'));
    CHECK(text_of(cache.hmac(key_of(1), "20120215", ecs, "text", one)) == "a" + std::string(31, 'r'));
    CHECK(text_of(cache.hmac(key_of(0), "20120215", iam, "text", one)) == "a" + std::string(31, 'p'));
}

TEST_CASE("a key made ready belongs to its generation, day and scope") {
    signing_key_cache cache;
    crypto::openssl_hash const hash;
    for (int round = 0; round != 2; ++round)
        for (std::uint64_t generation = 0; generation != 3; ++generation)
            for (auto const* date : {"20120215", "20120216"})
                for (auto const* region : {"us-east-1", "eu-west-1"}) {
                    std::string const secret = "secret of " + std::to_string(generation);
                    sigv4::scope const where{region, "ecs"};
                    auto const key = sigv4::signing_key(secret, date, where, hash);
                    CHECK(cache.hmac(key_of(generation, secret), date, where, "text", hash) ==
                          hash.hmac_sha256(key.reveal(), "text"));
                }
}

TEST_CASE("threads that share a cache each get the right key") {
    signing_key_cache cache;
    std::array<bool, 4> right{};
    std::vector<std::thread> threads;
    for (bool& each : right)
        threads.emplace_back([&each, &cache] {
            crypto::openssl_hash const hash;
            each = true;
            for (std::uint64_t round = 0; round != 200; ++round) {
                std::string const secret = "secret of " + std::to_string(round % 3);
                sigv4::scope const where{round % 2 == 0 ? "us-east-1" : "eu-west-1", "ecs"};
                auto const key = cache.get(key_of(1 + round % 3, secret), "20120215", where, hash);
                each = each && hex(key) == derived(secret, "20120215", where);
            }
        });
    for (auto& each : threads) each.join();
    CHECK(right == std::array<bool, 4>{true, true, true, true});
    CHECK(cache.size() <= signing_key_cache::capacity);
}
