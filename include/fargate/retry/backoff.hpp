#ifndef FARGATE_RETRY_BACKOFF_HPP
#define FARGATE_RETRY_BACKOFF_HPP

#include <fargate/system/clock.hpp>

namespace fargate::inline v0::retry {

/// Exponential back-off with full jitter: the wait before repeat number `repeat` (1, 2, ...) is
/// `fraction * min(base * 2^(repeat-1), cap)`, with `fraction` in [0, 1] drawn by the caller. Never negative, never past
/// `cap`, whatever the arguments.
[[nodiscard]] constexpr duration backoff(duration base, duration cap, int repeat, double fraction) noexcept {
    if (base <= duration::zero() || cap <= duration::zero() || fraction <= 0) return duration::zero();
    duration wait = base < cap ? base : cap;
    for (int doubled = 1; doubled < repeat && wait < cap; ++doubled) wait = wait < cap - wait ? wait + wait : cap;
    return duration{static_cast<duration::rep>(static_cast<double>(wait.count()) * (fraction < 1 ? fraction : 1.0))};
}

} // namespace fargate::inline v0::retry

#endif
