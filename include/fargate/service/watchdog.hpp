#ifndef FARGATE_SERVICE_WATCHDOG_HPP
#define FARGATE_SERVICE_WATCHDOG_HPP

#include <fargate/system/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <stop_token>
#include <utility>

#include <pthread.h>
#include <unistd.h>

namespace fargate::inline v0::service {

/// The status of a process whose agent stood still: EX_SOFTWARE of sysexits.h.
inline constexpr int wedged_status = 70;

/// Looks at `progress()` twice in `limit`; true when it has not moved for that long, false when `stop` fired before. The
/// answer comes after one to one and a half times `limit`. Looks are counted, not time: a process that was stopped or a
/// machine that slept is not taken for one that hangs.
template <clock_policy Clock, class Progress>
[[nodiscard]] bool stands_still(Clock& clock, Progress const& progress, duration limit, std::stop_token stop) {
    auto const half = limit / 2;
    std::uint64_t seen = progress();
    for (int looks = 0; looks != 2;) {
        if (!clock.sleep_for(half, stop)) return false;
        auto const now = progress();
        looks = now == seen ? looks + 1 : 0;
        seen = now;
    }
    return true;
}

/// Ends the process: one line on standard error, then `_exit` with `wedged_status`. Nothing is tidied up, because whatever
/// hangs may hold the locks for that.
[[noreturn]] inline void end_wedged_process(duration limit) noexcept {
    char line[160];
    auto const tenths = static_cast<long long>(limit.count() / 100'000);
    char const fraction[] = {'.', static_cast<char>('0' + tenths % 10), '\0'};
    int const length =
        std::snprintf(line, sizeof line,
                      "the agent has stood still for %lld%s seconds and ends with status %d, to be started again\n",
                      tenths / 10, tenths % 10 == 0 ? "" : fraction, wedged_status);
    if (length > 0) [[maybe_unused]]
        auto const written = ::write(STDERR_FILENO, line, static_cast<std::size_t>(length));
    ::_exit(wedged_status);
}

/// A thread that calls `bite(limit)` once when `progress()`, a `std::uint64_t` that any thread may read at any time, has
/// not moved for `limit`. It sleeps in between, and ends at once when this goes. A limit of zero: no thread, no bite.
template <class Progress, clock_policy Clock = system_clock>
class watchdog {
public:
    using bite = void (*)(duration limit) noexcept;

    /// `limit` is at least twice the longest time that the agent rightly stands still.
    watchdog(duration limit, Progress progress, bite at_the_end = &end_wedged_process, Clock clock = {}) :
        limit_{limit}, progress_{std::move(progress)}, bite_{at_the_end}, clock_{std::move(clock)} {
        watching_ = limit > duration::zero() && pthread_create(&thread_, nullptr, &enter, this) == 0;
    }

    watchdog(watchdog const&) = delete;
    watchdog& operator=(watchdog const&) = delete;

    ~watchdog() {
        stop_.request_stop();
        if (watching_) pthread_join(thread_, nullptr);
    }

    /// False without a limit, and when the system gave no thread.
    [[nodiscard]] bool watching() const noexcept { return watching_; }

private:
    // A POSIX thread, because std::thread tells of a lack of threads by throwing.
    static void* enter(void* self) {
        auto& dog = *static_cast<watchdog*>(self);
        if (stands_still(dog.clock_, dog.progress_, dog.limit_, dog.stop_.get_token())) dog.bite_(dog.limit_);
        return nullptr;
    }

    duration limit_;
    Progress progress_;
    bite bite_;
    Clock clock_;
    std::stop_source stop_;
    pthread_t thread_{};
    bool watching_ = false;
};

} // namespace fargate::inline v0::service

#endif
