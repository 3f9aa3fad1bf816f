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

namespace fargate::inline v0::crypto {

/// `hash_policy` on OpenSSL 3. It goes through EVP, so that a FIPS provider is honoured, and looks the algorithm up once
/// for the whole process: `SHA256()` and `HMAC()` look it up on every call, which takes longer than the hashing.
class openssl_hash {
public:
    [[nodiscard]] digest sha256(std::string_view data) const noexcept {
        digest made;
        require(EVP_Digest(data.data(), data.size(), made.data(), nullptr, algorithm(), nullptr));
        return made;
    }

    /// `HMAC` of RFC 2104, written out because OpenSSL 3's own sets up three contexts for each message.
    [[nodiscard]] digest hmac_sha256(std::string_view key, std::string_view data) const noexcept {
        unsigned char pad[block_size] = {};
        if (key.size() > block_size) {
            digest shorter = sha256(key);
            std::memcpy(pad, shorter.data(), shorter.size());
            wipe(shorter.data(), shorter.size());
        } else if (!key.empty()) {
            std::memcpy(pad, key.data(), key.size());
        }
        digest made;
        context state;
        for (unsigned char& each : pad) each ^= 0x36U;
        state.hash(pad, data, made);
        for (unsigned char& each : pad) each ^= 0x36U ^ 0x5CU;
        state.hash(pad, bytes_of(made), made);
        wipe(pad, sizeof pad);
        return made;
    }

private:
    static constexpr std::size_t block_size = 64;

    /// Memory that EVP hashes in; OpenSSL wipes it when it goes.
    class context {
    public:
        context() noexcept : state_{EVP_MD_CTX_new()} {}
        context(context const&) = delete;
        context& operator=(context const&) = delete;
        ~context() { EVP_MD_CTX_free(state_); }

        /// `into` may be what `data` views.
        void hash(unsigned char const (&pad)[block_size], std::string_view data, digest& into) noexcept {
            require(EVP_DigestInit_ex2(state_, algorithm(), nullptr));
            require(EVP_DigestUpdate(state_, pad, block_size));
            require(EVP_DigestUpdate(state_, data.data(), data.size()));
            require(EVP_DigestFinal_ex(state_, into.data(), nullptr));
        }

    private:
        EVP_MD_CTX* state_;
    };

    /// Lives as long as the process.
    static EVP_MD const* algorithm() noexcept {
        static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return fetched;
    }

    static void require(int done) noexcept {
        if (done == 1) return;
        std::fputs("fargate: OpenSSL cannot compute SHA-256: check its configuration\n", stderr);
        std::abort();
    }
};

static_assert(hash_policy<openssl_hash>);

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
        if (done == 1) return;
        std::fputs("fargate: OpenSSL cannot compute a hash: check its configuration\n", stderr);
        std::abort();
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
