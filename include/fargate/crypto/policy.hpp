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

/// A hash that can keep what all messages under one key have in common, so that an HMAC need not begin with the key.
///
/// | expression                    | type       | contract                                                              |
/// |-------------------------------|------------|-----------------------------------------------------------------------|
/// | `Hash::hmac_key`              |            | a key made ready; movable, and as secret as the key                   |
/// | `h.make_ready(key)`           | `hmac_key` | never throws                                                          |
/// | `h.hmac_sha256(ready, data)`  | `digest`   | as with the key itself, from several threads at once; never throws    |
template <class Hash>
concept keyed_hash_policy = hash_policy<Hash> &&
    requires(Hash const& h, typename Hash::hmac_key const& ready, std::string_view key, std::string_view data) {
    { h.make_ready(key) }
    noexcept->std::same_as<typename Hash::hmac_key>;
    { h.hmac_sha256(ready, data) }
    noexcept->std::same_as<digest>;
};

} // namespace fargate::inline v0::crypto

#endif
