#ifndef FARGATE_RETRY_MODE_HPP
#define FARGATE_RETRY_MODE_HPP

#include <optional>

namespace fargate::inline v0::retry {

/// The retry modes of the AWS SDKs by their names.
enum class mode : unsigned char { standard, legacy, adaptive };

/// What a configuration may say about repeats.
struct mode_options {
    std::optional<retry::mode> mode{};
    std::optional<int> max_attempts{}; ///< the first one included

    /// Nothing is said.
    [[nodiscard]] bool empty() const noexcept { return !mode && !max_attempts; }

    /// What this says and `other` does not.
    [[nodiscard]] mode_options beyond(mode_options const& other) const noexcept {
        return {other.mode ? std::nullopt : mode, other.max_attempts ? std::nullopt : max_attempts};
    }
};

} // namespace fargate::inline v0::retry

#endif
