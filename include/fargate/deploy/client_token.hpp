#ifndef FARGATE_DEPLOY_CLIENT_TOKEN_HPP
#define FARGATE_DEPLOY_CLIENT_TOKEN_HPP

#include <fargate/crypto/policy.hpp>
#include <fargate/deploy/launch_plan.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fargate::inline v0::deploy {

namespace detail {

/// RFC 4648 section 5, without padding.
[[nodiscard]] inline std::string base64url(std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string made;
    std::uint32_t held = 0;
    int bits = 0;
    for (char const c : bytes) {
        held = ((held << 8U) | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (bits += 8; bits >= 6; bits -= 6) made += alphabet[(held >> static_cast<unsigned>(bits - 6)) & 0x3FU];
    }
    if (bits != 0) made += alphabet[(held << static_cast<unsigned>(6 - bits)) & 0x3FU];
    return made;
}

} // namespace detail

/// RunTask's `clientToken`: whoever launches this run of this backend, and however often, gets one task as long as it is
/// sent with the same body. `attempt` counts the launches that are known to have come to nothing. 43 characters of the 64
/// that ECS allows.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string client_token(launch_plan::wish const& wanted, unsigned attempt, Hash const& hash) {
    std::string const named = wanted.backend + '|' + wanted.run + '|' + wanted.epoch + '|' + std::to_string(attempt);
    return detail::base64url(crypto::bytes_of(hash.sha256(named)));
}

} // namespace fargate::inline v0::deploy

#endif
