#ifndef FARGATE_RETRY_RATE_LIMITER_HPP
#define FARGATE_RETRY_RATE_LIMITER_HPP

#include <fargate/system/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>

namespace fargate::inline v0::retry {

/// How a rate recovers from throttling: at once down to `beta` of what it was, then along a cubic curve back to that and
/// beyond (CUBIC, RFC 8312, with requests a second in place of a window). Times are seconds from any one moment.
class cubic_curve {
public:
    static constexpr double beta = 0.7;
    static constexpr double scale = 0.4;

    explicit cubic_curve(double start) noexcept : last_throttle_{start} {}

    /// The rate that a request at `time` which was not throttled allows.
    [[nodiscard]] double grown(double time) const noexcept {
        double const distance = time - last_throttle_ - plateau_;
        return scale * distance * distance * distance + highest_;
    }

    /// The rate after a request at `time` was throttled, when `rate` was being sent.
    [[nodiscard]] double throttled(double rate, double time) noexcept {
        highest_ = rate;
        last_throttle_ = time;
        plateau_ = std::cbrt(highest_ * (1 - beta) / scale);
        return rate * beta;
    }

private:
    double highest_ = 0;
    double plateau_ = 0; ///< seconds from the throttling to where the curve is flat
    double last_throttle_;
};

/// Requests a second, counted in half seconds and smoothed.
class rate_meter {
public:
    static constexpr double smoothing = 0.8;

    /// Counts a request at `time`, seconds from the moment when counting began.
    double record(double time) noexcept {
        double const bucket = std::floor(time * 2) / 2;
        ++count_;
        if (bucket > last_bucket_) {
            rate_ = count_ / (bucket - last_bucket_) * smoothing + rate_ * (1 - smoothing);
            count_ = 0;
            last_bucket_ = bucket;
        }
        return rate_;
    }

private:
    double rate_ = 0;
    double count_ = 0;
    double last_bucket_ = 0;
};

/// The client-side limit of the AWS SDKs' "adaptive" retry mode: a token bucket, one token a request, that does nothing
/// until the first throttling and from then on fills at a rate that throttling lowers and success raises. Decides and never
/// waits. Thread-safe: who comes first is sent first, for a token is taken when it is promised, before it is there.
/// A clock that is set back counts as one that stood still.
class rate_limiter {
public:
    static constexpr double lowest_rate = 0.5; ///< requests a second

    /// How long a request that could go `now` has to wait.
    [[nodiscard]] duration before_send(time_point now) {
        std::scoped_lock const lock{mutex_};
        double const time = seconds_to(now);
        if (!enabled_) return duration::zero();
        refill(time);
        tokens_ -= 1;
        if (tokens_ >= 0) return duration::zero();
        return std::chrono::ceil<duration>(std::chrono::duration<double>{-tokens_ / fill_rate_});
    }

    /// Learns how the request ended that an answer, or none, came for `now`.
    void after_send(time_point now, bool throttled) {
        std::scoped_lock const lock{mutex_};
        double const time = seconds_to(now);
        double const measured = meter_.record(time);
        double rate = 0;
        if (throttled) {
            rate = curve_.throttled(enabled_ ? std::min(measured, fill_rate_) : measured, time);
            enabled_ = true;
        } else {
            rate = curve_.grown(time);
        }
        set_rate(std::min(rate, 2 * measured), time);
        measured_ = measured;
    }

    /// Requests a second that the bucket lets through, when it is at work.
    [[nodiscard]] double rate() const {
        std::scoped_lock const lock{mutex_};
        return fill_rate_;
    }

    /// Requests a second that were sent, smoothed.
    [[nodiscard]] double measured() const {
        std::scoped_lock const lock{mutex_};
        return measured_;
    }

private:
    /// Seconds since the full second in which the limiter was first asked.
    double seconds_to(time_point now) {
        if (!begun_) {
            begun_ = true;
            origin_ = std::chrono::floor<std::chrono::seconds>(now);
            curve_ = cubic_curve{std::chrono::duration<double>{now - origin_}.count()};
            latest_ = refilled_ = std::chrono::duration<double>{now - origin_}.count();
        }
        latest_ = std::max(latest_, std::chrono::duration<double>{now - origin_}.count());
        return latest_;
    }

    void refill(double time) {
        tokens_ = std::min(capacity_, tokens_ + (time - refilled_) * fill_rate_);
        refilled_ = time;
    }

    void set_rate(double rate, double time) {
        refill(time); // what has come in so far came in at the old rate
        fill_rate_ = std::max(rate, lowest_rate);
        capacity_ = std::max(rate, 1.0);
        tokens_ = std::min(tokens_, capacity_);
    }

    mutable std::mutex mutex_;
    bool begun_ = false;
    bool enabled_ = false;
    time_point origin_{};
    double latest_ = 0;
    double refilled_ = 0;
    double tokens_ = 0;
    double fill_rate_ = 1;
    double capacity_ = 1;
    double measured_ = 0;
    cubic_curve curve_{0};
    rate_meter meter_{};
};

} // namespace fargate::inline v0::retry

#endif
