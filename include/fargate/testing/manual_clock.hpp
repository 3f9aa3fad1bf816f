#ifndef FARGATE_TESTING_MANUAL_CLOCK_HPP
#define FARGATE_TESTING_MANUAL_CLOCK_HPP

#include <fargate/system/clock.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// A `clock_policy` whose time stands still until somebody moves it. A sleep takes no time: it is written down, the clock
/// jumps by it, and the call returns. A sleep whose stop token has fired is neither written down nor does it move the
/// clock. May be used from several threads.
class manual_clock {
public:
    /// 2 January 2024, 03:04:05 UTC.
    static constexpr time_point default_start{std::chrono::seconds{1'704'164'645}};

    manual_clock() = default;
    explicit manual_clock(time_point start) : now_{start} {}

    [[nodiscard]] time_point now() const {
        std::scoped_lock const lock{mutex_};
        return now_;
    }

    bool sleep_for(duration time, std::stop_token stop = {}) {
        if (stop.stop_requested()) return false;
        std::function<void(duration)> visitor;
        {
            std::scoped_lock const lock{mutex_};
            slept_.push_back(time);
            visitor = visitor_;
        }
        if (visitor) visitor(time);
        if (stop.stop_requested()) return false;
        if (time > duration::zero()) advance(time);
        return true;
    }

    void advance(duration time) {
        std::scoped_lock const lock{mutex_};
        now_ += time;
    }

    void set(time_point now) {
        std::scoped_lock const lock{mutex_};
        now_ = now;
    }

    /// Every sleep that began, in order, as it was asked for.
    [[nodiscard]] std::vector<duration> slept() const {
        std::scoped_lock const lock{mutex_};
        return slept_;
    }

    /// Forgets the sleeps that began so far: for who lives through years of them.
    void forget_sleeps() {
        std::scoped_lock const lock{mutex_};
        slept_.clear();
    }

    /// Calls `visitor` in the middle of every sleep from now on: the place to stop something that waits, or to change the
    /// world while it does.
    void during_sleep(std::function<void(duration)> visitor) {
        std::scoped_lock const lock{mutex_};
        visitor_ = std::move(visitor);
    }

private:
    mutable std::mutex mutex_;
    time_point now_ = default_start;
    std::vector<duration> slept_;
    std::function<void(duration)> visitor_;
};

} // namespace fargate::inline v0::testing

#endif
