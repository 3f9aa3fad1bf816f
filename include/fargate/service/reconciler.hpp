#ifndef FARGATE_SERVICE_RECONCILER_HPP
#define FARGATE_SERVICE_RECONCILER_HPP

#include <fargate/core/error.hpp>
#include <fargate/deploy/task_report.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/family_search.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/stop_mark.hpp>
#include <fargate/service/sweep.hpp>
#include <fargate/service/task_calls.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Finds what a crash left behind, and brings it back into care; needs nothing that this process remembers.
///
/// - Tasks of the fleet that are alive and not followed are followed: `startedBy` and the run's id in their environment
///   tell whose they are. Tasks of others are never touched.
/// - Tasks of the fleet that ended while nobody looked, and whose runs are still shown as running, are told of. ECS knows
///   them for an hour; they are looked for once, for a watcher misses none.
/// - Tasks of runs that are to be cancelled are stopped.
/// - Runs that are claimed and have no task are launched. For nearly an hour the tokens of their launches find the task that there
///   may be; later ECS is asked for it, and a run of whose task nothing is known fails as unknown.
/// - Of two tasks of one wish one is stopped: see `surplus_of`.
///
/// What ECS or the backend refuses leaves that step for the next round. `Desk` as the watcher's: `revive` is also called
/// for a run that is being launched already, and does not wait for the launch. Keeps references; `round` is called by one
/// thread.
template <flow_source Source, class Ecs, class Desk, clock_policy Clock, log_policy Log>
class reconciler {
public:
    using run = typename Source::run;
    using view = run_view<run>;

    static constexpr duration settling = std::chrono::seconds{30}; ///< a run claimed just now is left to its claimer
    static constexpr std::size_t most_ids = 500;                   ///< asked of the source at a time

    reconciler(Source& source, Ecs& ecs, Desk& desk, Clock& clock, Log& log, health_book& book, custody<run>& shared,
               protocol const& rules) :
        source_{source},
        desk_{desk},
        clock_{clock},
        log_{log},
        book_{book},
        shared_{shared},
        rules_{rules},
        calls_{ecs, clock, log, shared.said, shared.container} {}

    /// One look for all of it.
    void round(std::stop_token const& stop = {}) {
        if (!rules_.reconcile) return;
        troubles_before_ = std::exchange(troubles_, {});
        if (rules_.watch) {
            for (auto const& each : shared_.clusters) adopt(each, stop);
            for (auto const& each : shared_.clusters) catch_up(each, stop);
            stop_cancelled(stop);
        }
        revive(stop);
        if (rules_.watch) sweep(stop);
    }

private:
    using search = family_search<Ecs, Clock, Log>;

    void adopt(std::string const& cluster, std::stop_token const& stop) {
        if (rules_.fleet.empty() || stop.stop_requested()) return;
        json::value filter = json::value::object();
        json::set(filter, "startedBy", rules_.fleet);
        auto const listed = calls_.list(cluster, filter, stop);
        if (!listed) return left_out("live tasks", listed.error());

        std::set<std::string> strangers;
        std::vector<std::string> unknown;
        for (auto const& each : *listed) {
            if (strangers_[cluster].contains(each))
                strangers.insert(each);
            else if (!shared_.tasks.follows(each))
                unknown.push_back(each);
        }
        strangers_[cluster] = std::move(strangers);

        auto found = calls_.describe_all(cluster, unknown, stop);
        if (!found) return left_out("live tasks", found.error());
        auto const held = held_runs(shared_); // their launchers will follow them
        std::erase_if(*found, [&](deploy::task_report const& each) {
            bool const ours = !each.run.empty() && each.started_by == rules_.fleet;
            if (!ours) strangers_[cluster].insert(each.task);
            return !ours || std::find(held.begin(), held.end(), each.run) != held.end();
        });
        for (std::size_t from = 0; from < found->size() && !stop.stop_requested(); from += most_ids) {
            auto const part = std::span{*found}.subspan(from, std::min(most_ids, found->size() - from));
            auto const views = look(part, stop);
            if (!views) return left_out("live tasks", views.error());
            for (auto const& each : part) {
                auto const now = std::find_if(views->begin(), views->end(),
                                              [&](view const& seen) { return seen.run.id == each.run; });
                if (now != views->end())
                    take(each, cluster, *now);
                else
                    strangers_[cluster].insert(each.task); // another backend's
            }
        }
    }

    /// Follows the tasks that are ending, or have ended, while their runs go on.
    void catch_up(std::string const& cluster, std::stop_token const& stop) {
        if (rules_.fleet.empty() || stop.stop_requested() || caught_up_.contains(cluster)) return;
        json::value filter = json::value::object();
        json::set_text(filter, "desiredStatus", "STOPPED"); // which startedBy cannot stand beside
        auto const listed = calls_.list(cluster, filter, stop);
        if (!listed) return left_out("ended tasks", listed.error());
        auto found = calls_.describe_all(cluster, *listed, stop);
        if (!found) return left_out("ended tasks", found.error());
        std::erase_if(*found, [&](deploy::task_report const& each) {
            return each.run.empty() || each.started_by != rules_.fleet || shared_.tasks.follows(each.task);
        });
        for (std::size_t from = 0; from < found->size(); from += most_ids) {
            auto const part = std::span{*found}.subspan(from, std::min(most_ids, found->size() - from));
            auto const views = look(part, stop);
            if (!views) return left_out("ended tasks", views.error());
            for (auto const& each : part)
                for (auto const& now : *views)
                    if (now.run.id == each.run && is_its_run(each, now)) take(each, cluster, now);
        }
        if (!stop.stop_requested()) caught_up_.insert(cluster);
    }

    /// Whether it was this task in which the run began to run, and not one before it or behind it.
    [[nodiscard]] static bool is_its_run(deploy::task_report const& task, view const& now) {
        if (now.life != run_life::running || !now.since || !task.started) return false;
        return *task.started <= *now.since + clock_tolerance &&
               (!task.stopped || *now.since <= *task.stopped + clock_tolerance);
    }

    [[nodiscard]] result<std::vector<view>> look(std::span<deploy::task_report const> tasks,
                                                 std::stop_token const& stop) {
        std::set<std::string> ids;
        for (auto const& each : tasks) ids.insert(each.run);
        return source_.look(std::vector<std::string>{ids.begin(), ids.end()}, stop);
    }

    /// Takes a task that was found into care.
    void take(deploy::task_report const& found, std::string const& cluster, view const& now) {
        watched made;
        made.run = found.run;
        made.task = found.task;
        made.cluster = cluster;
        made.adopted = true;
        made.accepted = found.created.value_or(clock_.now());
        made.max_run = longest_run(now.run, shared_, rules_.max_run_duration);
        made.started = found.started;
        if (found.at == deploy::task_report::phase::running) made.at = watched::stage::running;
        auto epoch = source_.epoch(now.run);
        if (now.life == run_life::claimed && !is_of_earlier_claim(made, now, epoch)) made.epoch = std::move(epoch);
        if (!shared_.tasks.follow(std::move(made))) return;
        book_.adopted();
        log_.write(log_level::info, "Task " + found.task + " of flow run " + found.run +
                                        " was launched before: it is followed from here on");
    }

    void stop_cancelled(std::stop_token const& stop) {
        auto const alive = shared_.tasks.runs_alive();
        for (std::size_t from = 0; from < alive.size() && !stop.stop_requested(); from += most_ids) {
            auto const part = std::span{alive}.subspan(from, std::min(most_ids, alive.size() - from));
            auto const ended = source_.cancelling(part, stop);
            if (!ended) return left_out("cancelled flow runs", ended.error());
            for (auto const& id : *ended)
                for (auto const& each : shared_.tasks.of_run(id))
                    if (each.is_live() && !stop.stop_requested()) cancel(each, stop);
        }
    }

    void cancel(watched const& task, std::stop_token const& stop) {
        if (!calls_.stop_task(task.cluster, task.task, stop_mark::cancelled, stop) || task.stopping) return;
        log_.write(log_level::info,
                   "flow run " + task.run + " is to be cancelled: its task " + task.task + " is stopped");
        book_.stopped_task();
        shared_.tasks.change(task.task, [](watched& each) { each.stopping = true; });
    }

    void revive(std::stop_token const& stop) {
        if (stop.stop_requested()) return;
        auto const owned = source_.owned(stop);
        if (!owned) return left_out("claimed flow runs", owned.error());
        auto const held = held_runs(shared_);
        search families{calls_, shared_.clusters};
        for (auto const& each : *owned) {
            if (stop.stop_requested()) return;
            if (!each.ours || shared_.said.has(settled(each.run.id, source_.epoch(each.run)))) continue;
            if (std::find(held.begin(), held.end(), each.run.id) != held.end()) continue;
            if (each.since && clock_.now() - *each.since < settling) continue;
            if (has_task(each)) continue;
            if (each.life == run_life::claimed) bring_back(each, families, stop);
            if (each.life == run_life::cancelling) end(each, families, stop);
        }
    }

    [[nodiscard]] bool has_task(view const& now) const {
        auto const tasks = shared_.tasks.of_run(now.run.id);
        auto const epoch = source_.epoch(now.run);
        return std::any_of(tasks.begin(), tasks.end(),
                           [&](watched const& each) { return !is_of_earlier_claim(each, now, epoch); });
    }

    /// Ends a run that is to be ended and has no task any more: who stopped that may have died before it could tell.
    void end(view const& now, search& families, std::stop_token const& stop) {
        if (!rules_.watch) return;
        auto const tasks = families.tasks_of(now.run.id, shared_.family(now.run), stop);
        if (!tasks) {
            if (!is_denied(tasks.error())) left_out("flow run " + now.run.id, tasks.error());
            return;
        }
        bool alive = false;
        for (auto const& each : *tasks) {
            if (each.task.at == deploy::task_report::phase::stopped) continue;
            alive = true;
            if (each.task.started_by == rules_.fleet) keep(each, now);
        }
        if (alive) return;
        auto const done = source_.cancelled(now.run.id, source_.epoch(now.run), "It has no task any more.", stop);
        if (!done) left_out("flow run " + now.run.id, done.error());
    }

    /// Launches a claimed run that has no task, or finds the one it has.
    void bring_back(view const& now, search& families, std::stop_token const& stop) {
        auto const tasks = families.tasks_of(now.run.id, shared_.family(now.run), stop);
        bool const denied = !tasks && is_denied(tasks.error());
        if (!tasks && !denied) return left_out("flow run " + now.run.id, tasks.error());
        bool const young = now.since && clock_.now() - *now.since < token_life;
        if (tasks && find(now, *tasks, young)) return;
        if (young && (rules_.idempotent || tasks)) {
            log_.write(log_level::warning, "flow run " + now.run.id +
                                               " was claimed, and has no task that this agent knows: it is launched");
            (void)desk_.revive(now, 0, 0, duration::zero(), stop);
            return;
        }
        give_up(now, denied, stop);
    }

    /// True when there is a task of the run, followed now where it is ours. Stopped ones of a young claim are left to its
    /// tokens, which know them from those of the claims before.
    bool find(view const& now, std::vector<typename search::found> const& tasks, bool young) {
        bool const by_token = young && rules_.idempotent;
        typename search::found const* newest = nullptr;
        bool alive = false;
        for (auto const& each : tasks) {
            bool const stopped = each.task.at == deploy::task_report::phase::stopped;
            bool const ours = each.task.started_by == rules_.fleet;
            bool const before = each.task.created && now.since && *each.task.created + clock_tolerance < *now.since;
            if (young && before) continue; // of an earlier claim
            if (!stopped) {
                alive = true;
                if (ours) keep(each, now);
                continue;
            }
            if (before || by_token || !ours) continue;
            if (newest == nullptr || newest->task.created < each.task.created) newest = &each;
        }
        if (!alive && newest != nullptr) keep(*newest, now);
        return alive || newest != nullptr;
    }

    void keep(typename search::found const& found, view const& now) {
        if (rules_.watch) take(found.task, found.cluster, now);
    }

    /// Nobody can tell what became of a run: its backend is told so, and nothing is launched blindly.
    void give_up(view const& now, bool denied, std::stop_token const& stop) {
        auto const when = now.since ? "claimed at " + text::iso8601(*now.since) : std::string{"claimed some time ago"};
        if (denied || !now.since || clock_.now() - *now.since < token_life) {
            if (shared_.said.first("unknown " + now.run.id))
                (void)source_.note(now.run.id, log_level::warning,
                                   "outcome unknown: " + when +
                                       (denied ? ", and this agent may not call ecs:ListTasks to look for its task"
                                               : ", and no task of it is known to ECS"),
                                   stop);
            return;
        }
        auto const done =
            source_.failed(now.run.id, source_.epoch(now.run),
                           "outcome unknown: " + when +
                               ", and no task of it is known to ECS any more; ECS forgets a task an hour "
                               "after it stopped. Whether its code ran cannot be told: run it again if it may",
                           stop);
        if (!done) left_out("flow run " + now.run.id, done.error());
    }

    void sweep(std::stop_token const& stop) {
        for (auto const& id : shared_.tasks.runs_alive(2)) {
            if (stop.stop_requested()) return;
            std::vector<std::pair<rival, std::string>> rivals; // with their clusters
            for (auto const& each : shared_.tasks.of_run(id))
                if (each.is_live() && !look_again(each, rivals, stop)) return;
            drop_surplus(id, std::move(rivals), stop);
        }
    }

    /// What ECS shows of a task at this moment; false when it shows nothing.
    bool look_again(watched const& task, std::vector<std::pair<rival, std::string>>& rivals,
                    std::stop_token const& stop) {
        auto const got = calls_.describe(task.cluster, std::span{&task.task, 1}, stop);
        if (!got) return false;
        for (auto const& [report, status, is_ending] : got->tasks)
            if (!is_ending && report.at != deploy::task_report::phase::stopped)
                rivals.push_back({rival{task.task, task.epoch, report.at == deploy::task_report::phase::running,
                                        report.created.value_or(task.accepted)},
                                  task.cluster});
        return true;
    }

    void drop_surplus(std::string const& id, std::vector<std::pair<rival, std::string>> rivals,
                      std::stop_token const& stop) {
        for (std::size_t i = 0; i + 1 < rivals.size();)
            for (std::size_t j = i + 1;; ++j) {
                if (j == rivals.size()) {
                    ++i;
                    break;
                }
                auto const* const surplus = surplus_of(rivals[i].first, rivals[j].first);
                if (surplus == nullptr) continue;
                auto const at = surplus == &rivals[i].first ? i : j;
                drop(id, rivals[at].first, rivals[at].second, stop);
                rivals.erase(rivals.begin() + static_cast<std::ptrdiff_t>(at));
                break;
            }
    }

    void drop(std::string const& id, rival const& task, std::string const& cluster, std::stop_token const& stop) {
        if (!calls_.stop_task(cluster, task.task, stop_mark::swept, stop)) return;
        log_.write(log_level::error, "flow run " + id + " had two tasks: " + task.task + ", which " +
                                         (task.started ? "had started" : "had not started") + ", is stopped");
        book_.swept();
        shared_.tasks.change(task.task, [](watched& each) { each.swept = each.stopping = true; });
    }

    /// A step that did not come off; the next round takes it again. What goes on for rounds is said once.
    void left_out(std::string const& what, error const& why) {
        if (why.code == errc::cancelled || is_denied(why)) return;
        bool const news = !troubles_before_.contains(what) && troubles_.insert(what).second;
        troubles_.insert(what);
        log_.write(news ? log_level::warning : log_level::debug,
                   "looking after " + what + " did not succeed and is tried again: " + why.message);
    }

    Source& source_;
    Desk& desk_;
    Clock& clock_;
    Log& log_;
    health_book& book_;
    custody<run>& shared_;
    protocol const& rules_;
    task_calls<Ecs, Clock, Log> calls_;
    std::map<std::string, std::set<std::string>> strangers_; // live tasks that are not ours, by cluster
    std::set<std::string> caught_up_;                        // clusters whose ended tasks have been looked at
    std::set<std::string> troubles_;                         // of this round
    std::set<std::string> troubles_before_;
};

} // namespace fargate::inline v0::service

#endif
