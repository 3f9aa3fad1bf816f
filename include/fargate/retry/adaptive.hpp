#ifndef FARGATE_RETRY_ADAPTIVE_HPP
#define FARGATE_RETRY_ADAPTIVE_HPP

#include <fargate/retry/policy.hpp>
#include <fargate/retry/rate_limiter.hpp>
#include <fargate/retry/standard.hpp>

#include <optional>

namespace fargate::inline v0::retry {

/// The AWS SDKs' adaptive retry mode: the standard one, and once the service has throttled, a limit on how fast requests
/// are sent at all. The limit counts for all calls that share the policy, so a policy serves one client. Thread-safe.
class adaptive {
public:
    adaptive() = default;
    explicit adaptive(standard_options options) : repeats_{options} {}

    [[nodiscard]] duration before_send(time_point now) { return limiter_.before_send(now); }
    void after_send(time_point now, outcome const& how) { limiter_.after_send(now, how.kind == verdict::throttled); }
    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) { return repeats_.next(book, how); }

    [[nodiscard]] int max_attempts() const noexcept { return repeats_.max_attempts(); }
    [[nodiscard]] int quota() const noexcept { return repeats_.quota(); }

private:
    standard repeats_;
    rate_limiter limiter_;
};

} // namespace fargate::inline v0::retry

#endif
