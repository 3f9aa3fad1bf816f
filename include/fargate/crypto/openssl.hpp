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

/// SHA-1, for names and checksums that others made with it; nothing here trusts it to be secure.
[[nodiscard]] inline std::array<unsigned char, 20> sha1(std::string_view data) noexcept {
    std::array<unsigned char, 20> made{};
    if (EVP_Digest(data.data(), data.size(), made.data(), nullptr, EVP_sha1(), nullptr) != 1) {
        std::fputs("fargate: OpenSSL cannot compute SHA-1: check its configuration\n", stderr);
        std::abort();
    }
    return made;
}

} // namespace fargate::inline v0::crypto

#endif
