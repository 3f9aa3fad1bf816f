#ifndef FARGATE_CRYPTO_POLICY_HPP
#define FARGATE_CRYPTO_POLICY_HPP

#include <array>
#include <concepts>
#include <string_view>

namespace fargate::inline v0::crypto {

/// The 32 bytes of a SHA-256.
using digest = std::array<unsigned char, 32>;

/// A digest's bytes as the text view that hash functions take.
[[nodiscard]] inline std::string_view bytes_of(digest const& value) noexcept {
    return {reinterpret_cast<char const*>(value.data()), value.size()};
}

/// The hash functions that signing stands on, so that a board with another crypto library can bring its own.
///
/// | expression                  | type     | contract                                                                |
/// |-----------------------------|----------|-------------------------------------------------------------------------|
/// | `h.sha256(data)`            | `digest` | SHA-256 of the bytes of `data` (a `std::string_view`); never throws      |
/// | `h.hmac_sha256(key, data)`  | `digest` | HMAC-SHA-256 (RFC 2104) of `data` under `key`; never throws              |
///
/// `h` is const, and both may be called from several threads at once. An implementation that cannot compute ends the
/// process: a wrong digest would only be refused later, with a worse reason.
template <class Hash>
concept hash_policy = requires(Hash const& h, std::string_view key, std::string_view data) {
    { h.sha256(data) }
    noexcept->std::same_as<digest>;
    { h.hmac_sha256(key, data) }
    noexcept->std::same_as<digest>;
};

} // namespace fargate::inline v0::crypto

#endif
