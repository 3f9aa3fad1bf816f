#ifndef FARGATE_AWS_ACCESS_KEY_HPP
#define FARGATE_AWS_ACCESS_KEY_HPP

#include <fargate/core/secret.hpp>
#include <fargate/sigv4/request_view.hpp>
#include <fargate/system/clock.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

namespace fargate::inline v0::aws {

/// A number no other key of this process has; see `sigv4::key_view::generation`.
[[nodiscard]] inline std::uint64_t next_generation() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// What signs requests, and where it came from.
struct access_key {
    std::string id{}; ///< `AKIA...`, `ASIA...`; not a secret
    secret secret_key{};
    secret session_token{};              ///< empty for a long-lived key
    std::optional<time_point> expires{}; ///< nothing for a key that does not expire
    std::string source{};                ///< which provider gave it, for people: `environment`
    std::string account_id{};            ///< empty when the provider does not tell
    std::uint64_t generation = 0;        ///< 0: signing keys made from this one are not cached

    /// The signer's view of it; valid as long as this object is unchanged.
    [[nodiscard]] sigv4::key_view view() const noexcept {
        return {id, secret_key.reveal(), session_token.reveal(), generation};
    }
};

} // namespace fargate::inline v0::aws

namespace fargate::inline v0::credentials {

using aws::access_key;
using aws::next_generation;

} // namespace fargate::inline v0::credentials

#endif
