#ifndef FARGATE_SERVICE_CUSTODY_HPP
#define FARGATE_SERVICE_CUSTODY_HPP

#include <fargate/core/error.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>

#include <chrono>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

/// What has been said and need not be said again. May be used from several threads.
class remarks {
public:
    /// True for the first who asks with this key.
    [[nodiscard]] bool first(std::string_view key) {
        std::lock_guard const lock{mutex_};
        return said_.emplace(key).second;
    }

    [[nodiscard]] bool has(std::string_view key) const {
        std::lock_guard const lock{mutex_};
        return said_.find(key) != said_.end();
    }

    /// It may be said again; true when it had been said.
    bool forget(std::string_view key) {
        std::lock_guard const lock{mutex_};
        auto const at = said_.find(key);
        if (at == said_.end()) return false;
        said_.erase(at);
        return true;
    }

private:
    mutable std::mutex mutex_;
    std::set<std::string, std::less<>> said_;
};

/// What the watcher and the reconciler of one agent share: the tasks in their care, and what they ask of its other parts.
/// The functions may be called from several threads; `family` has to be there.
template <class Run>
struct custody {
    watch_list tasks{};
    remarks said{};

    std::function<std::string(Run const&)> family{};  ///< of the task definition it is launched with
    std::function<duration(Run const&)> max_run{};    ///< how long its task may run; none: the agent's own limit
    std::function<std::vector<std::string>()> held{}; ///< the runs that are claimed and being launched
    std::vector<std::string> clusters{std::string{}}; ///< where tasks of ours may be; empty text: the default one
    std::string container = "flow";                   ///< the one that runs the flow; the others never decide
};

/// What is remembered of a run whose task ended well though the backend still shows it as claimed: its task is looked for
/// no more.
[[nodiscard]] inline std::string settled(std::string_view run, std::string_view epoch) {
    return "settled " + std::string{run} + " " + std::string{epoch};
}

/// How much the clocks of AWS, of the backend and of this machine may differ.
inline constexpr duration clock_tolerance = std::chrono::minutes{1};

/// The run, whose epoch is `epoch` now, has been claimed again since this task was launched: its task is another one, and
/// this one's end is not the run's. An epoch tells; where none is known, the moment of the claim.
template <class Run>
[[nodiscard]] bool is_of_earlier_claim(watched const& task, run_view<Run> const& now, std::string_view epoch) {
    if (now.life != run_life::claimed) return false;
    if (!task.epoch.empty()) return epoch != task.epoch;
    return now.since && task.accepted + clock_tolerance < *now.since;
}

/// How long the run of a task may take.
template <class Run>
[[nodiscard]] duration longest_run(Run const& run, custody<Run> const& shared, duration usual) {
    return shared.max_run ? shared.max_run(run) : usual;
}

template <class Run>
[[nodiscard]] std::vector<std::string> held_runs(custody<Run> const& shared) {
    return shared.held ? shared.held() : std::vector<std::string>{};
}

/// No answer came, or a proxy's: nobody knows whether what was asked has happened, and the next call would fare no better.
[[nodiscard]] inline bool is_unanswered(error const& why) noexcept {
    return why.code == errc::timed_out || why.code == errc::connection_failed || why.code == errc::cancelled ||
           why.http_status >= 500;
}

} // namespace fargate::inline v0::service

#endif
