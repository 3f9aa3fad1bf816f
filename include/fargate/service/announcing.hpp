#ifndef FARGATE_SERVICE_ANNOUNCING_HPP
#define FARGATE_SERVICE_ANNOUNCING_HPP

#include <fargate/core/result.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/desk.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Tells runs which tasks they became, those that were claimed together by one request where that can be: when the last of
/// them has its task or gets none, and no later than `patience`. Then their tasks are followed, and only then does a run
/// leave `in_flight`: what is said of the task later comes behind, and a stop waits. Keeps references; may be used by
/// several threads at once.
template <flow_source Source, clock_policy Clock, log_policy Log>
class announcing {
public:
    /// Whether the source takes several by one request.
    static constexpr bool at_once = requires(Source & to, std::span<run_handle const> runs, std::stop_token stop) {
        { to.launched_all(runs, stop) } -> std::same_as<std::vector<result<void>>>;
    };

    static constexpr std::chrono::milliseconds patience{500};
    static constexpr std::size_t most_lines = 100; ///< in one request
    static constexpr std::size_t ahead = 75;       ///< launches that may wait: three pages, so that no worker ever does

    /// `cut` ends waiting for the backend.
    announcing(Source& source, desk<Clock>& shared, Log& log, protocol const& rules, std::stop_token cut) :
        source_{source}, shared_{shared}, log_{log}, rules_{rules}, cut_{std::move(cut)} {}

    /// So many more launches are under way, whose tasks may be told together.
    void expect(std::size_t launches) {
        std::scoped_lock const lock{mutex_};
        coming_ += launches;
    }

    /// More launches are expected than the lanes let through and may wait besides. The bell rings when that is over.
    [[nodiscard]] bool is_behind() const {
        std::scoped_lock const lock{mutex_};
        return coming_ > shared_.lanes + ahead;
    }

    /// One of them has come to no task, or not yet.
    void miss() {
        {
            std::scoped_lock const lock{mutex_};
            came();
            if (coming_ != 0) return;
        }
        tell();
    }

    /// A run became this task; `expected`: by one of those launches.
    void announce(watched task, bool expected) {
        std::unique_lock lock{mutex_};
        if (expected) came();
        if (!at_once || !rules_.batch_claims) {
            lock.unlock();
            return tell_one(std::move(task));
        }
        untold_.push_back(std::move(task));
        bool const first = untold_.size() == 1;
        if (first) since_ = shared_.when.passed();
        bool const waits = coming_ != 0 && untold_.size() < most_lines && shared_.when.passed() - since_ < patience;
        auto const batch = batch_;
        lock.unlock();
        if (!waits) return tell();
        if (first) shared_.when.after(patience, [this, batch] { tell_late(batch); });
    }

private:
    void came() {
        if (--coming_ == shared_.lanes + ahead) shared_.bell.ring();
    }

    void tell_late(std::uint64_t batch) {
        {
            std::scoped_lock const lock{mutex_};
            if (batch != batch_) return;
        }
        tell();
    }

    /// Tells all that there is, unless another thread does: that one takes these along.
    void tell() {
        std::unique_lock lock{mutex_};
        if (telling_) return;
        telling_ = true;
        while (!untold_.empty()) {
            auto const from = untold_.begin();
            auto const to = from + static_cast<std::ptrdiff_t>(std::min(untold_.size(), most_lines));
            std::vector<watched> now{std::move_iterator{from}, std::move_iterator{to}};
            untold_.erase(from, to);
            ++batch_;
            lock.unlock();
            tell(std::move(now));
            lock.lock();
        }
        telling_ = false;
    }

    void tell(std::vector<watched> now) {
        if (now.size() == 1) return tell_one(std::move(now.front()));
        if constexpr (at_once) {
            std::vector<run_handle> runs;
            runs.reserve(now.size());
            for (auto const& each : now) runs.push_back({each.run, each.task});
            auto const answers = source_.launched_all(runs, cut_);
            for (std::size_t i = 0; i != now.size(); ++i) told(std::move(now[i]), answers[i]);
        }
    }

    void tell_one(watched task) {
        auto const answer = source_.launched(task.run, task.task, cut_);
        told(std::move(task), answer);
    }

    /// The task runs: a lost line is a warning, never the run's failure.
    void told(watched task, result<void> const& answer) {
        auto const run = task.run;
        if (!answer)
            log_.write(log_level::warning, "flow run " + run + " runs as " + task.task +
                                               ", but its log could not be written: " + answer.error().message);
        if (rules_.watch && shared_.watched.follow(std::move(task))) shared_.attend();
        log_.write(log_level::debug, "Completed flow run submission (id: " + run + ")");
        shared_.busy.leave(run);
        shared_.bell.ring();
    }

    Source& source_;
    desk<Clock>& shared_;
    Log& log_;
    protocol const& rules_;
    std::stop_token cut_;
    mutable std::mutex mutex_;
    std::vector<watched> untold_;
    duration since_{};        ///< when the first of them came
    std::size_t coming_ = 0;  ///< launches that are under way
    std::uint64_t batch_ = 0; ///< moves when what waited is told
    bool telling_ = false;
};

} // namespace fargate::inline v0::service

#endif
