#ifndef FARGATE_RETRY_STANDARD_HPP
#define FARGATE_RETRY_STANDARD_HPP

#include <fargate/retry/backoff.hpp>
#include <fargate/retry/policy.hpp>
#include <fargate/system/random.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

namespace fargate::inline v0::retry {

/// The numbers of the AWS SDKs' "standard" retry mode, revision 2.1 of 2026.
struct standard_options {
    int max_attempts = 3; ///< the first one included; less than 1 counts as 1
    int quota = 500;      ///< what all calls that share the policy may spend on repeats before successes earn it back
    int transient_cost = 14;
    int throttled_cost = 5;
    duration transient_base = std::chrono::milliseconds{50};
    duration throttled_base = std::chrono::seconds{1};
    duration longest = std::chrono::seconds{20};           ///< cap of the computed wait
    duration hint_slack = std::chrono::seconds{5};         ///< how far the server may stretch the computed wait
    double (*jitter)() = [] { return random_fraction(); }; ///< draws from [0, 1]; tests pin it
};

/// The AWS SDKs' standard retry mode 2.1: exponential back-off with full jitter, short for lost connections and 5xx, long
/// for throttling; a quota shared by every call of the policy, so that a service that is down is not asked three times by
/// everybody; and the server's `x-amz-retry-after`, believed within `[wait, wait + hint_slack]`. `Retry-After` is not part
/// of it. Thread-safe; a call that succeeds gives back what its last repeat took, or 1 when it needed none.
class standard {
public:
    standard() : standard(standard_options{}) {}
    explicit standard(standard_options options) : options_{options}, left_{std::max(0, options.quota)} {}

    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) {
        ++book.attempts;
        if (how.kind == verdict::succeeded) {
            give_back(std::max(book.held, 1));
            book.held = 0;
        }
        if (how.kind == verdict::succeeded || how.kind == verdict::refused) return std::nullopt;
        if (book.attempts >= max_attempts()) return std::nullopt;
        bool const throttled = how.kind == verdict::throttled;
        int const cost = throttled ? options_.throttled_cost : options_.transient_cost;
        if (!take(cost)) return std::nullopt;
        book.held = cost;
        duration const wait = backoff(throttled ? options_.throttled_base : options_.transient_base, options_.longest,
                                      book.attempts, options_.jitter());
        if (!how.server_hint) return wait;
        constexpr std::chrono::milliseconds none{0};
        constexpr std::chrono::milliseconds day = std::chrono::hours{24};
        duration const hint = std::clamp(*how.server_hint, none, day);
        return std::clamp(hint, wait, wait + options_.hint_slack);
    }

    /// Attempts a call has at most, for the `max=` of `amz-sdk-request`.
    [[nodiscard]] int max_attempts() const noexcept { return std::max(1, options_.max_attempts); }

    /// What is left of the quota.
    [[nodiscard]] int quota() const noexcept { return left_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] bool take(int cost) noexcept {
        int left = left_.load(std::memory_order_relaxed);
        while (left >= cost)
            if (left_.compare_exchange_weak(left, left - cost, std::memory_order_relaxed)) return true;
        return false;
    }

    void give_back(int amount) noexcept {
        int left = left_.load(std::memory_order_relaxed);
        while (!left_.compare_exchange_weak(left, std::min(options_.quota, left + amount), std::memory_order_relaxed)) {
        }
    }

    standard_options options_;
    std::atomic<int> left_;
};

} // namespace fargate::inline v0::retry

#endif
