#ifndef FARGATE_RETRY_TOKEN_BUCKET_HPP
#define FARGATE_RETRY_TOKEN_BUCKET_HPP

#include <fargate/system/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <optional>

namespace fargate::inline v0::retry {

/// How much at once, and how much a second after that. A bucket that fills at no rate (0 or less) lets everything through.
struct bucket_rate {
    double burst = 1;
    double per_second = 1;
};

/// A token bucket that is full at first. It decides and never waits: a token is taken when it is promised, before it is
/// there, so who asks first goes first, and who goes when told finds a bucket that was never overdrawn. Thread-safe. A clock
/// that is set back counts as one that stood still.
class token_bucket {
public:
    explicit token_bucket(bucket_rate rate) : rate_{rate}, tokens_{rate.burst} {}

    /// Takes `tokens` and tells how long whoever comes `now` has to wait for them, zero while the burst lasts.
    [[nodiscard]] duration take(time_point now, double tokens = 1) {
        if (rate_.per_second <= 0) return duration::zero();
        std::scoped_lock const lock{mutex_};
        if (!filled_ || now > *filled_) {
            if (filled_) tokens_ = std::min(rate_.burst, tokens_ + seconds(now - *filled_) * rate_.per_second);
            filled_ = now;
        }
        tokens_ -= tokens;
        if (tokens_ >= -rounding) return duration::zero();
        return std::chrono::ceil<duration>(std::chrono::duration<double>{-tokens_ / rate_.per_second - rounding});
    }

    /// Returns tokens of somebody who will not go after all.
    void give_back(double tokens = 1) {
        std::scoped_lock const lock{mutex_};
        tokens_ = std::min(rate_.burst, tokens_ + tokens);
    }

private:
    static constexpr double rounding = 1e-9; ///< what binary fractions of a second may be off

    [[nodiscard]] static double seconds(duration time) noexcept { return std::chrono::duration<double>{time}.count(); }

    bucket_rate rate_;
    std::mutex mutex_;
    double tokens_;
    std::optional<time_point> filled_{}; ///< when `tokens_` was counted
};

/// What one attempt takes out of a bucket; of none when it is null.
struct toll {
    token_bucket* bucket = nullptr;
    double tokens = 1;
};

/// All that one attempt takes.
using tolls = std::array<toll, 3>;

/// Takes all of it; how long the attempt has to wait until the last of it is there.
[[nodiscard]] inline duration take(tolls const& all, time_point now) {
    duration longest = duration::zero();
    for (auto const& each : all)
        if (each.bucket != nullptr) longest = std::max(longest, each.bucket->take(now, each.tokens));
    return longest;
}

inline void give_back(tolls const& all) {
    for (auto const& each : all)
        if (each.bucket != nullptr) each.bucket->give_back(each.tokens);
}

} // namespace fargate::inline v0::retry

#endif
