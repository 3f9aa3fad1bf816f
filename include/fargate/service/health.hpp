#ifndef FARGATE_SERVICE_HEALTH_HPP
#define FARGATE_SERVICE_HEALTH_HPP

#include <fargate/core/error.hpp>
#include <fargate/service/histogram.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::service {

/// What an agent has done since it started, at one moment.
struct health {
    /// How a task can end; the last stands for whatever is none of the others.
    static constexpr std::array<std::string_view, 7> endings{
        "succeeded", "failed", "never_started", "out_of_memory", "interrupted", "told_to_stop", "unknown"};

    std::uint64_t polls = 0;                  ///< polls that have ended, whatever their outcome
    std::uint64_t failed_polls = 0;           ///< of these, the ones that got no usable answer
    std::uint64_t launched = 0;               ///< flow runs that became a task
    std::uint64_t failed = 0;                 ///< flow runs that were claimed and could not be launched
    std::uint64_t left = 0;                   ///< flow runs that were left alone: lost, or not claimable now
    std::optional<time_point> last_success{}; ///< when a poll last got its answer
    std::string last_error{};                 ///< why the newest poll failed; empty when it did not

    std::optional<time_point> started{};                     ///< when the agent began to ask
    std::uint64_t attempts = 0;                              ///< RunTask calls
    std::uint64_t adopted = 0;                               ///< tasks that were there already and are ours
    std::uint64_t relaunched = 0;                            ///< launches in place of a task that never started
    std::uint64_t throttled = 0;                             ///< answers of AWS that it is asked too often
    std::uint64_t holds = 0;                                 ///< times that a run had to wait for its launch
    std::uint64_t beats = 0;                                 ///< heartbeats sent for runs whose tasks are starting
    std::uint64_t swept = 0;                                 ///< second tasks of one run that were stopped
    std::uint64_t stopped_tasks = 0;                         ///< tasks that were stopped for any other reason
    std::array<std::uint64_t, endings.size()> tasks_ended{}; ///< by `endings`
    std::size_t held = 0;                                    ///< runs that wait for their launch now
    std::size_t watched = 0;                                 ///< tasks that are followed now
    histogram poll_times{};                                  ///< of polls, however they ended
    histogram launch_waits{};                                ///< from when a run was due until its task was there
    histogram attempt_times{};                               ///< of RunTask calls
    std::uint64_t turns = 0;                                 ///< moves with everything that the agent's loop does

    /// True when the newest poll got its answer.
    [[nodiscard]] bool ok() const noexcept { return last_success.has_value() && last_error.empty(); }
};

/// What is wrong with an agent that has had no answer for three of its longest waits, and for half a minute: since when,
/// and why if anybody knows, on one line. Nothing for one that is well, and for one that has not begun.
[[nodiscard]] inline std::optional<std::string> trouble_of(health const& now_known, time_point now,
                                                           duration poll_interval_max) {
    auto const since = now_known.last_success ? now_known.last_success : now_known.started;
    duration const patience = std::max<duration>(3 * poll_interval_max, std::chrono::seconds{30});
    if (!since || now - *since <= patience) return std::nullopt;
    std::string made =
        now_known.last_success ? "no poll has got an answer since " : "no poll has got an answer yet, since ";
    made += text::iso8601(std::chrono::floor<std::chrono::seconds>(*since));
    if (!now_known.last_error.empty()) made.append(": ").append(now_known.last_error);
    for (char& c : made)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
    return made;
}

/// True while nothing is wrong in the sense of `trouble_of`.
[[nodiscard]] inline bool is_well(health const& now_known, time_point now, duration poll_interval_max) {
    return !trouble_of(now_known, now, poll_interval_max);
}

/// Keeps the book; every member may be called from any thread. Of figures without a number each call counts one.
class health_book {
public:
    /// The agent asks for the first time; what comes later counts for nothing.
    void started(time_point when) {
        std::lock_guard const lock{mutex_};
        if (!book_.started) book_.started = when;
    }

    void polled(time_point when, std::optional<duration> took = {}) {
        std::lock_guard const lock{mutex_};
        ++book_.polls;
        if (took) book_.poll_times.add(*took);
        book_.last_success = when;
        book_.last_error.clear();
        turned();
    }

    /// True when this failure differs from the one before, so that an outage is logged when it changes, not at each poll.
    [[nodiscard]] bool poll_failed(error const& why, std::optional<duration> took = {}) {
        std::lock_guard const lock{mutex_};
        ++book_.polls;
        ++book_.failed_polls;
        if (took) book_.poll_times.add(*took);
        bool const news = book_.last_error != why.message;
        book_.last_error = why.message;
        turned();
        return news;
    }

    /// `waited`: since the run was due.
    void launched(std::optional<duration> waited = {}) { count(&health::launched, &health::launch_waits, waited); }
    void failed() { count(&health::failed); }
    void left() { count(&health::left); }

    void attempted(std::optional<duration> took = {}) { count(&health::attempts, &health::attempt_times, took); }
    void adopted() { count(&health::adopted); }
    void relaunched() { count(&health::relaunched); }
    void throttled() { count(&health::throttled); }
    void swept() { count(&health::swept); }
    void stopped_task() { count(&health::stopped_tasks); }
    void beat() { count(&health::beats); }
    void held() { count(&health::holds); }

    /// `ending`: one of `health::endings`.
    void task_ended(std::string_view ending) {
        auto const& names = health::endings;
        auto const at = std::min<std::size_t>(
            static_cast<std::size_t>(std::find(names.begin(), names.end(), ending) - names.begin()), names.size() - 1);
        std::lock_guard const lock{mutex_};
        ++book_.tasks_ended[at];
    }

    /// How many runs wait for their launch from now on.
    void holding(std::size_t now) {
        std::lock_guard const lock{mutex_};
        book_.held = now;
    }

    /// How many tasks are followed from now on.
    void watching(std::size_t now) {
        std::lock_guard const lock{mutex_};
        book_.watched = now;
    }

    /// The agent's loop is alive. Takes no lock.
    void turned() noexcept { turns_.fetch_add(1, std::memory_order_relaxed); }

    /// What `turned`, `polled` and `poll_failed` have moved. Takes no lock, so that it can be read whatever hangs.
    [[nodiscard]] std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

    [[nodiscard]] health read() const {
        std::lock_guard const lock{mutex_};
        auto made = book_;
        made.turns = turns();
        return made;
    }

private:
    void count(std::uint64_t health::*figure, histogram health::*times = nullptr, std::optional<duration> took = {}) {
        std::lock_guard const lock{mutex_};
        ++(book_.*figure);
        if (took) (book_.*times).add(*took);
    }

    mutable std::mutex mutex_;
    health book_;
    std::atomic<std::uint64_t> turns_{0};
};

} // namespace fargate::inline v0::service

#endif
