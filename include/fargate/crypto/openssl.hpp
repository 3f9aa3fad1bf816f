#ifndef FARGATE_CRYPTO_OPENSSL_HPP
#define FARGATE_CRYPTO_OPENSSL_HPP

#include <fargate/core/secret.hpp>
#include <fargate/crypto/policy.hpp>

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::crypto {

namespace detail {

[[noreturn]] inline void no_hash(char const* which) noexcept {
    std::fprintf(stderr, "fargate: OpenSSL cannot compute %s: check its configuration\n", which);
    std::abort();
}

/// Memory that EVP hashes SHA-256 in; OpenSSL wipes it when it goes.
class sha256_state {
public:
    sha256_state() noexcept : state_{EVP_MD_CTX_new()} { require(EVP_DigestInit_ex2(state_, algorithm(), nullptr)); }
    sha256_state(sha256_state&& other) noexcept : state_{std::exchange(other.state_, nullptr)} {}
    sha256_state(sha256_state const&) = delete;
    sha256_state& operator=(sha256_state const&) = delete;
    ~sha256_state() { EVP_MD_CTX_free(state_); }

    /// From the empty message on. Copying what is set up takes less than setting it up.
    void begin() noexcept {
        static sha256_state const& empty = *new sha256_state; // lives as long as the process
        begin_as(empty);
    }
    void begin_as(sha256_state const& other) noexcept { require(EVP_MD_CTX_copy_ex(state_, other.state_)); }
    void add(std::string_view data) noexcept { require(EVP_DigestUpdate(state_, data.data(), data.size())); }
    void end(digest& into) noexcept { require(EVP_DigestFinal_ex(state_, into.data(), nullptr)); }

    /// The calling thread's own, so that a hash sets nothing up. What it was used for last can be found in it. Threads
    /// that are past their end, where destructors of globals hash, have one that nobody frees.
    static sha256_state& of_this_thread() noexcept {
        thread_local sha256_state* kept = nullptr; // outlives `owner`
        thread_local struct owning {
            ~owning() { delete std::exchange(kept, nullptr); }
        } owner;
        if (kept == nullptr) {
            (void)&owner;
            kept = new sha256_state;
        }
        return *kept;
    }

private:
    /// Looked up once, because that takes longer than the hashing; lives as long as the process.
    static EVP_MD const* algorithm() noexcept {
        static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return fetched;
    }

    static void require(int done) noexcept {
        if (done != 1) no_hash("SHA-256");
    }

    EVP_MD_CTX* state_;
};

} // namespace detail

/// `keyed_hash_policy` on OpenSSL 3. It goes through EVP, so that a FIPS provider is honoured, but looks the algorithm up
/// once for the whole process and sets a context up once for each thread: `SHA256()` and `HMAC()` do both on every call,
/// which takes longer than the hashing.
class openssl_hash {
public:
    [[nodiscard]] digest sha256(std::string_view data) const noexcept {
        auto& state = detail::sha256_state::of_this_thread();
        digest made;
        state.begin();
        state.add(data);
        state.end(made);
        return made;
    }

    /// The two states of an HMAC behind its key.
    class hmac_key {
        friend class openssl_hash;
        detail::sha256_state inner_, outer_;
    };

    [[nodiscard]] hmac_key make_ready(std::string_view key) const noexcept {
        unsigned char pad[block_size] = {};
        if (key.size() > block_size) {
            digest shorter = sha256(key);
            std::memcpy(pad, shorter.data(), shorter.size());
            wipe(shorter.data(), shorter.size());
            detail::sha256_state::of_this_thread().begin();
        } else if (!key.empty()) {
            std::memcpy(pad, key.data(), key.size());
        }
        hmac_key made;
        std::string_view const block{reinterpret_cast<char const*>(pad), block_size};
        for (unsigned char& each : pad) each ^= 0x36U;
        made.inner_.add(block);
        for (unsigned char& each : pad) each ^= 0x36U ^ 0x5CU;
        made.outer_.add(block);
        wipe(pad, sizeof pad);
        return made;
    }

    /// `HMAC` of RFC 2104, written out because OpenSSL 3's own sets up three contexts for each message.
    [[nodiscard]] digest hmac_sha256(hmac_key const& ready, std::string_view data) const noexcept {
        auto& state = detail::sha256_state::of_this_thread();
        digest made;
        state.begin_as(ready.inner_);
        state.add(data);
        state.end(made);
        state.begin_as(ready.outer_);
        state.add(bytes_of(made));
        state.end(made);
        return made;
    }

    [[nodiscard]] digest hmac_sha256(std::string_view key, std::string_view data) const noexcept {
        digest const made = hmac_sha256(make_ready(key), data);
        detail::sha256_state::of_this_thread().begin(); // what is made may be a key itself
        return made;
    }

private:
    static constexpr std::size_t block_size = 64;
};

static_assert(keyed_hash_policy<openssl_hash>);

enum class hash_kind : unsigned char { sha1, sha256 };

/// A hash of bytes that come piece by piece, for checksums; what is hashed is not wiped. Not for two threads at once.
class running_hash {
public:
    explicit running_hash(hash_kind which) : state_{EVP_MD_CTX_new()} {
        require(EVP_DigestInit_ex2(state_, algorithm(which), nullptr));
    }
    running_hash(running_hash const&) = delete;
    running_hash& operator=(running_hash const&) = delete;
    ~running_hash() { EVP_MD_CTX_free(state_); }

    void add(std::string_view bytes) noexcept { require(EVP_DigestUpdate(state_, bytes.data(), bytes.size())); }

    /// The digest of all that came, in bytes. Ends it: nothing may be asked of it afterwards.
    [[nodiscard]] std::string finish() {
        unsigned char made[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        require(EVP_DigestFinal_ex(state_, made, &size));
        return {made, made + size};
    }

private:
    /// Live as long as the process.
    static EVP_MD const* algorithm(hash_kind which) noexcept {
        static EVP_MD const* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
        static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return which == hash_kind::sha1 ? sha1 : sha256;
    }

    static void require(int done) noexcept {
        if (done != 1) detail::no_hash("a hash");
    }

    EVP_MD_CTX* state_;
};

/// SHA-1, for names and checksums that others chose; nothing may rest on it.
[[nodiscard]] inline std::array<unsigned char, 20> sha1(std::string_view data) {
    running_hash state{hash_kind::sha1};
    state.add(data);
    std::string const bytes = state.finish();
    std::array<unsigned char, 20> made{};
    std::memcpy(made.data(), bytes.data(), made.size());
    return made;
}

} // namespace fargate::inline v0::crypto

#endif
