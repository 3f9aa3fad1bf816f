#ifndef FARGATE_SYSTEM_CLOCK_HPP
#define FARGATE_SYSTEM_CLOCK_HPP

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace fargate::inline v0 {

using time_point = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
using duration = std::chrono::microseconds;

/// The only door to time: nothing else in the library asks for it or waits for it.
///
/// | expression               | type         | contract                                                              |
/// |--------------------------|--------------|-----------------------------------------------------------------------|
/// | `c.now()`                | `time_point` | wall-clock time, UTC, microseconds since 1970; never throws            |
/// | `c.sleep_for(d, stop)`   | `bool`       | waits `d`, or less when `stop` (a `std::stop_token`) fires. True when |
/// |                          |              | the whole time passed. Returns at once when `d <= 0`                  |
///
/// Both may be called from several threads at once.
template <class Clock>
concept clock_policy = requires(Clock& c, duration d, std::stop_token stop) {
    { c.now() } -> std::same_as<time_point>;
    { c.sleep_for(d, stop) } -> std::same_as<bool>;
};

/// The machine's clock. Sleeps on the monotonic clock, so a corrected wall clock neither shortens nor lengthens a wait.
class system_clock {
public:
    [[nodiscard]] time_point now() const noexcept {
        return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    }

    bool sleep_for(duration time, std::stop_token stop) const {
        if (time <= duration::zero()) return !stop.stop_requested();
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock{mutex};
        return !wake.wait_for(lock, stop, time, [&stop] { return stop.stop_requested(); });
    }
};

} // namespace fargate::inline v0

#endif
