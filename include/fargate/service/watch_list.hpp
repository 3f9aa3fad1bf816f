#ifndef FARGATE_SERVICE_WATCH_LIST_HPP
#define FARGATE_SERVICE_WATCH_LIST_HPP

#include <fargate/deploy/task_report.hpp>
#include <fargate/system/clock.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// One task in an agent's care. Who launched it fills in the first part, or what of it is known; the rest is the watcher's.
struct watched {
    enum class stage : unsigned char {
        starting, ///< not seen RUNNING yet
        running,
        telling ///< over: the backend has not heard of it yet
    };

    std::string run{};
    std::string task{};    ///< ARN
    std::string cluster{}; ///< as DescribeTasks takes it; empty: the default one
    std::string epoch{};   ///< which of the run's schedules it is for; empty when that is not known
    unsigned attempt = 0;
    unsigned losses = 0;   ///< tasks of the run that never started before this one
    bool adopted = false;  ///< found, not launched here: which attempt it is is not known
    time_point accepted{}; ///< when RunTask took it, or when ECS says it was created
    duration max_run{};    ///< it is stopped when it has run so long; zero: never

    stage at = stage::starting;
    unsigned char missing = 0;           ///< looks in a row that ECS did not know it
    bool stopping = false;               ///< StopTask was taken for it
    bool swept = false;                  ///< and that another task of the run is alive
    time_point due{};                    ///< when it is looked at, or told of, next
    std::optional<time_point> started{}; ///< when its containers had started
    std::optional<time_point> seen{};    ///< when ECS last knew it
    std::string status{};                ///< and what it was then: RUNNING

    deploy::task_report::ending ending = deploy::task_report::ending::none;
    bool relaunch = false;        ///< it never started, for a reason that passes
    unsigned char tells = 0;      ///< how often telling has failed
    std::string reason{};         ///< the first cause, for people
    std::string stopped_reason{}; ///< why it stopped, as AWS has it

    /// It may still run user code.
    [[nodiscard]] bool is_live() const noexcept { return at != stage::telling && !swept; }
};

/// Up to a hundred tasks of one cluster: what one DescribeTasks call asks for.
struct watch_batch {
    std::string cluster{};
    std::vector<std::string> tasks{};
};

/// The tasks in an agent's care, each once, by ARN. All members may be called from any thread; what they give is a copy.
/// A task takes about half a kilobyte.
class watch_list {
public:
    static constexpr std::size_t most_a_call = 100; ///< of DescribeTasks

    /// Takes a task into care; false when it was already. What its launcher knows of a task that was found before is kept.
    bool follow(watched made) {
        std::lock_guard const lock{mutex_};
        auto const at = place_of(made.task);
        if (at != tasks_.end() && (*at)->task == made.task) {
            watched& known = **at;
            if (known.adopted && !made.adopted) {
                known.epoch = std::move(made.epoch);
                known.attempt = made.attempt;
                known.losses = made.losses;
                known.max_run = made.max_run;
                known.adopted = false;
            }
            return false;
        }
        tasks_.insert(at, std::make_unique<watched>(std::move(made)));
        return true;
    }

    /// Lets go of a task; false when it was not there.
    bool forget(std::string_view task) {
        std::lock_guard const lock{mutex_};
        auto const at = place_of(task);
        if (at == tasks_.end() || (*at)->task != task) return false;
        tasks_.erase(at);
        return true;
    }

    /// Calls `with(watched&)`, which must neither change the ARN nor call the list; false when the task is not there.
    template <class Change>
    bool change(std::string_view task, Change&& with) {
        std::lock_guard const lock{mutex_};
        auto const at = place_of(task);
        if (at == tasks_.end() || (*at)->task != task) return false;
        std::forward<Change>(with)(**at);
        return true;
    }

    /// Nothing is due later than this: for clocks that were set back.
    void due_by(time_point latest) {
        std::lock_guard const lock{mutex_};
        for (auto const& each : tasks_) each->due = std::min(each->due, latest);
    }

    [[nodiscard]] bool follows(std::string_view task) const {
        std::lock_guard const lock{mutex_};
        auto const at = place_of(task);
        return at != tasks_.end() && (*at)->task == task;
    }

    [[nodiscard]] std::size_t size() const {
        std::lock_guard const lock{mutex_};
        return tasks_.size();
    }

    /// The tasks that are not over.
    [[nodiscard]] std::size_t live() const {
        std::lock_guard const lock{mutex_};
        return static_cast<std::size_t>(std::count_if(
            tasks_.begin(), tasks_.end(), [](auto const& each) { return each->at != watched::stage::telling; }));
    }

    /// Those for which `wanted(watched const&)`; it must not call the list.
    template <class Wanted>
    [[nodiscard]] std::vector<watched> all(Wanted&& wanted) const {
        std::lock_guard const lock{mutex_};
        std::vector<watched> made;
        for (auto const& each : tasks_)
            if (wanted(std::as_const(*each))) made.push_back(*each);
        return made;
    }

    [[nodiscard]] std::vector<watched> of_run(std::string_view run) const {
        return all([run](watched const& each) { return each.run == run; });
    }

    /// The runs whose task has not started yet, with the time when that was accepted; without those of which nothing has
    /// been heard since `heard`.
    [[nodiscard]] std::vector<std::pair<std::string, time_point>> runs_starting(time_point heard = {}) const {
        std::lock_guard const lock{mutex_};
        std::vector<std::pair<std::string, time_point>> made;
        for (auto const& each : tasks_)
            if (each->at == watched::stage::starting && !each->swept &&
                std::max(each->accepted, each->seen.value_or(each->accepted)) >= heard)
                made.emplace_back(each->run, each->accepted);
        return made;
    }

    /// The ids of the runs with at least so many tasks that are not over, sorted, each once.
    [[nodiscard]] std::vector<std::string> runs_alive(std::size_t tasks = 1) const {
        std::vector<std::string> made;
        {
            std::lock_guard const lock{mutex_};
            std::vector<std::string_view> runs; // one for each task
            for (auto const& each : tasks_)
                if (each->is_live()) runs.push_back(each->run);
            std::sort(runs.begin(), runs.end());
            for (auto at = runs.begin(); at != runs.end();) {
                auto const next = std::upper_bound(at, runs.end(), *at);
                if (static_cast<std::size_t>(next - at) >= tasks) made.emplace_back(*at);
                at = next;
            }
        }
        return made;
    }

    /// When the next task is due.
    [[nodiscard]] std::optional<time_point> next_due() const {
        std::lock_guard const lock{mutex_};
        std::optional<time_point> first;
        for (auto const& each : tasks_)
            if (!first || each->due < *first) first = each->due;
        return first;
    }

    /// The tasks to describe now, in at most `calls` calls, the longest due first. A call that has room left also takes
    /// those that are due next: it costs the same, and they are seen sooner.
    [[nodiscard]] std::vector<watch_batch> due(time_point now, std::size_t calls) const {
        std::lock_guard const lock{mutex_};
        std::map<std::string_view, std::vector<watched const*>> clusters;
        for (auto const& each : tasks_)
            if (each->at != watched::stage::telling) clusters[each->cluster].push_back(each.get());
        std::multimap<time_point, watch_batch> made;
        for (auto& [cluster, tasks] : clusters) {
            auto const most = std::min(tasks.size(), calls * most_a_call);
            std::partial_sort(tasks.begin(), tasks.begin() + static_cast<std::ptrdiff_t>(most), tasks.end(),
                              [](watched const* left, watched const* right) { return left->due < right->due; });
            for (std::size_t from = 0; from < most && tasks[from]->due <= now; from += most_a_call) {
                watch_batch batch{std::string{cluster}, {}};
                for (std::size_t at = from; at < std::min(most, from + most_a_call); ++at)
                    batch.tasks.push_back(tasks[at]->task);
                made.emplace(tasks[from]->due, std::move(batch));
            }
        }
        std::vector<watch_batch> chosen;
        for (auto& [when, batch] : made)
            if (chosen.size() < calls) chosen.push_back(std::move(batch));
        return chosen;
    }

    /// The tasks that are over and to be told of now, at most `most`.
    [[nodiscard]] std::vector<watched> to_tell(time_point now, std::size_t most) const {
        std::size_t found = 0;
        return all([&](watched const& each) {
            return each.at == watched::stage::telling && each.due <= now && found++ < most;
        });
    }

private:
    using entries = std::vector<std::unique_ptr<watched>>;

    [[nodiscard]] entries::const_iterator place_of(std::string_view task) const {
        return std::lower_bound(tasks_.begin(), tasks_.end(), task,
                                [](auto const& each, std::string_view wanted) { return each->task < wanted; });
    }

    mutable std::mutex mutex_;
    entries tasks_;
};

} // namespace fargate::inline v0::service

#endif
