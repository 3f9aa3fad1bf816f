#ifndef FARGATE_SERVICE_HEALTH_HPP
#define FARGATE_SERVICE_HEALTH_HPP

#include <fargate/core/error.hpp>
#include <fargate/system/clock.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace fargate::inline v0::service {

/// What an agent has done since it started, at one moment.
struct health {
    std::uint64_t polls = 0;                  ///< polls that have ended, whatever their outcome
    std::uint64_t failed_polls = 0;           ///< of these, the ones that got no usable answer
    std::uint64_t launched = 0;               ///< flow runs that became a task
    std::uint64_t failed = 0;                 ///< flow runs that were claimed and could not be launched
    std::uint64_t left = 0;                   ///< flow runs that were left alone: lost, or not claimable now
    std::optional<time_point> last_success{}; ///< when a poll last got its answer
    std::string last_error{};                 ///< why the newest poll failed; empty when it did not

    /// True when the newest poll got its answer.
    [[nodiscard]] bool ok() const noexcept { return last_success.has_value() && last_error.empty(); }
};

/// Keeps the book; every member may be called from any thread.
class health_book {
public:
    void polled(time_point when) {
        std::lock_guard const lock{mutex_};
        ++book_.polls;
        book_.last_success = when;
        book_.last_error.clear();
    }

    /// True when this failure differs from the one before, so that an outage is logged when it changes, not at each poll.
    [[nodiscard]] bool poll_failed(error const& why) {
        std::lock_guard const lock{mutex_};
        ++book_.polls;
        ++book_.failed_polls;
        bool const news = book_.last_error != why.message;
        book_.last_error = why.message;
        return news;
    }

    void launched() { count(book_.launched); }
    void failed() { count(book_.failed); }
    void left() { count(book_.left); }

    [[nodiscard]] health read() const {
        std::lock_guard const lock{mutex_};
        return book_;
    }

private:
    void count(std::uint64_t& figure) {
        std::lock_guard const lock{mutex_};
        ++figure;
    }

    mutable std::mutex mutex_;
    health book_;
};

} // namespace fargate::inline v0::service

#endif
