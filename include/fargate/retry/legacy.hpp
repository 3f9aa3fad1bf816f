#ifndef FARGATE_RETRY_LEGACY_HPP
#define FARGATE_RETRY_LEGACY_HPP

#include <fargate/retry/backoff.hpp>
#include <fargate/retry/policy.hpp>
#include <fargate/system/random.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace fargate::inline v0::retry {

/// The numbers of botocore's "legacy" retry mode.
struct legacy_options {
    int max_attempts = 5;                                  ///< the first one included; less than 1 counts as 1
    duration base = std::chrono::seconds{1};               ///< doubles with every repeat, without a cap
    double (*jitter)() = [] { return random_fraction(); }; ///< draws from [0, 1]; tests pin it
};

/// The retry mode that botocore had before the standard one: five attempts, waits of up to 1, 2, 4, 8 seconds for
/// throttling and lost connections alike, no quota, and deaf to the server's `x-amz-retry-after`. Thread-safe.
class legacy {
public:
    legacy() : legacy(legacy_options{}) {}
    explicit legacy(legacy_options options) : options_{options} {}

    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) const {
        ++book.attempts;
        if (how.kind == verdict::succeeded || how.kind == verdict::refused) return std::nullopt;
        if (book.attempts >= max_attempts()) return std::nullopt;
        return backoff(options_.base, duration::max(), book.attempts, options_.jitter());
    }

    /// Attempts a call has at most, for the `max=` of `amz-sdk-request`.
    [[nodiscard]] int max_attempts() const noexcept { return std::max(1, options_.max_attempts); }

private:
    legacy_options options_;
};

} // namespace fargate::inline v0::retry

#endif
