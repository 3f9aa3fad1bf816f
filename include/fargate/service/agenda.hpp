#ifndef FARGATE_SERVICE_AGENDA_HPP
#define FARGATE_SERVICE_AGENDA_HPP

#include <fargate/service/wake.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/executor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Jobs that are to be done later, so that nothing that waits keeps a thread. Whoever turns the loop takes what is due and
/// sleeps until the next is; a job that comes before all others rings `wake`.
///
/// Its time is what has passed by the clock, but for the clock's being set: back counts for nothing, and ahead for a minute
/// beyond what was slept. One thread sleeps, the other members may be called from any.
template <clock_policy Clock>
class agenda {
public:
    agenda(Clock& clock, wake& bell) : clock_{clock}, bell_{bell}, seen_{clock.now()} {}

    /// Does `work` when `wait` has passed, or as soon after as the loop comes to it.
    void after(duration wait, job work) {
        std::unique_lock lock{mutex_};
        bool const first = entries_.empty();
        entry made{passed_now() + std::max(wait, duration::zero()), ++entered_, std::move(work)};
        bool const earliest = first || made.due < entries_.front().due;
        entries_.push_back(std::move(made));
        std::push_heap(entries_.begin(), entries_.end(), later{});
        lock.unlock();
        if (earliest) bell_.ring();
    }

    /// The jobs whose time has come, in the order of their times.
    [[nodiscard]] std::vector<job> due() {
        std::scoped_lock const lock{mutex_};
        auto const now = passed_now();
        std::vector<job> made;
        while (!entries_.empty() && entries_.front().due <= now) made.push_back(take_first());
        return made;
    }

    /// All that is left, due or not: each job is run by somebody, or what it keeps is lost.
    [[nodiscard]] std::vector<job> rest() {
        std::scoped_lock const lock{mutex_};
        std::vector<job> made;
        while (!entries_.empty()) made.push_back(take_first());
        return made;
    }

    /// How long until the next job is due; nothing when there is none.
    [[nodiscard]] std::optional<duration> next() {
        std::scoped_lock const lock{mutex_};
        if (entries_.empty()) return std::nullopt;
        return std::max(entries_.front().due - passed_now(), duration::zero());
    }

    /// The time that has passed since this was made.
    [[nodiscard]] duration passed() {
        std::scoped_lock const lock{mutex_};
        return passed_now();
    }

    /// Whoever turns the loop sleeps here, for `time` or until it rings.
    void sleep(duration time) {
        duration began;
        {
            std::scoped_lock const lock{mutex_};
            began = passed_now();
            longest_step_ = time + usual_step;
        }
        bool const whole = clock_.sleep_for(time, bell_.token());
        std::scoped_lock const lock{mutex_};
        auto const now = passed_now();
        longest_step_ = usual_step;
        if (whole) passed_ = std::max(now, began + time);
    }

    [[nodiscard]] std::size_t size() const {
        std::scoped_lock const lock{mutex_};
        return entries_.size();
    }

private:
    static constexpr std::chrono::minutes usual_step{1};

    struct entry {
        duration due;
        std::uint64_t number; ///< jobs of one moment keep their order
        job work;
    };
    struct later {
        bool operator()(entry const& left, entry const& right) const noexcept {
            return left.due != right.due ? left.due > right.due : left.number > right.number;
        }
    };

    [[nodiscard]] duration passed_now() {
        auto const now = clock_.now();
        if (now > seen_) passed_ += std::min(now - seen_, longest_step_);
        seen_ = now;
        return passed_;
    }

    job take_first() {
        std::pop_heap(entries_.begin(), entries_.end(), later{});
        job work = std::move(entries_.back().work);
        entries_.pop_back();
        return work;
    }

    Clock& clock_;
    wake& bell_;
    mutable std::mutex mutex_;
    std::vector<entry> entries_;
    std::uint64_t entered_ = 0;
    time_point seen_;
    duration passed_{};
    duration longest_step_ = usual_step;
};

/// Something that is done again and again, one at a time, each time when the time before said. `Work` is callable as
/// `work(stop) -> duration`: how long to wait until the next time. Must outlive the agenda's jobs.
template <clock_policy Clock, class Work>
class duty {
public:
    duty(agenda<Clock>& when, Work work) : agenda_{when}, work_{std::move(work)} {}
    duty(duty const&) = delete;
    duty& operator=(duty const&) = delete;

    /// Has it done when `wait` has passed, if it would not be done before; until `stop` fires.
    void within(duration wait, std::stop_token const& stop) {
        std::unique_lock lock{mutex_};
        auto const due = agenda_.passed() + wait;
        if (due_ && *due_ <= due) return;
        due_ = due;
        if (busy_) return;
        auto const round = ++round_;
        lock.unlock();
        agenda_.after(wait, [this, round, stop] { act(round, stop); });
    }

private:
    void act(std::uint64_t round, std::stop_token const& stop) {
        {
            std::scoped_lock const lock{mutex_};
            if (round != round_ || stop.stop_requested()) return; // another was to come earlier
            busy_ = true;
            due_.reset();
        }
        auto wait = work_(stop);
        {
            std::scoped_lock const lock{mutex_};
            busy_ = false;
            if (due_) wait = std::min(wait, *due_ - agenda_.passed()); // asked for meanwhile
            due_.reset();
        }
        if (!stop.stop_requested()) within(wait, stop);
    }

    agenda<Clock>& agenda_;
    Work work_;
    std::mutex mutex_;
    std::uint64_t round_ = 0;
    std::optional<duration> due_{};
    bool busy_ = false;
};

} // namespace fargate::inline v0::service

#endif
