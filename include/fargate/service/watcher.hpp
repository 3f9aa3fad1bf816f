#ifndef FARGATE_SERVICE_WATCHER_HPP
#define FARGATE_SERVICE_WATCHER_HPP

#include <fargate/aws/ecs_types.hpp>
#include <fargate/core/error.hpp>
#include <fargate/deploy/task_report.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/heartbeats.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/stop_mark.hpp>
#include <fargate/service/task_calls.hpp>
#include <fargate/service/teller.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Follows the tasks of `custody::tasks` to their end, and tells the backend what became of each: see `teller`.
///
/// A task is looked at every 5 s until it runs, then every 10 s, a hundred in a call and ten calls a second at most; where
/// that is too few, each is looked at less often. Only ECS ends a task: STOPPED does, and MISSING does when it has been said
/// three times in a row and five minutes have passed since the task was accepted. While DescribeTasks fails nothing ends.
///
/// `Desk` has `revive(run_view const&, unsigned attempt, unsigned losses, duration wait, stop)` and `rest_subnet(std::string, time_point)`.
/// Keeps references; `round` is called by one thread.
template <flow_source Source, class Ecs, class Desk, clock_policy Clock, log_policy Log>
class watcher {
public:
    using run = typename Source::run;

    static constexpr duration while_starting = std::chrono::seconds{5};
    static constexpr duration while_running = std::chrono::seconds{10};
    static constexpr std::size_t calls_a_second = 10;
    static constexpr duration grace = std::chrono::minutes{5}; ///< in which ECS need not know a task that it accepted
    static constexpr unsigned char most_missing = 3;
    static constexpr duration subnet_rest = std::chrono::minutes{3};
    static constexpr duration idle = std::chrono::minutes{1};

    watcher(Source& source, Ecs& ecs, Desk& desk, Clock& clock, Log& log, health_book& book, custody<run>& shared,
            protocol const& rules) :
        desk_{desk},
        clock_{clock},
        log_{log},
        book_{book},
        shared_{shared},
        rules_{rules},
        calls_{ecs, clock, log, shared.said, shared.container},
        teller_{source, desk, clock, log, book, shared, rules},
        beats_{source, clock, log, book, shared} {}

    /// One look at all that is due, and what follows from it. Gives how long to wait before the next: ten seconds at most
    /// while there is anything to look after, a minute else. Whoever takes a task into care cuts that wait short.
    duration round(std::stop_token const& stop = {}) {
        auto const now = clock_.now();
        if (now < std::exchange(last_round_, now)) shared_.tasks.due_by(now);
        shared_.tasks.due_by(
            now + after_refusal); // the longest wait: what is due later was put off by a clock that was wrong
        if (rules_.watch) {
            look(stop);
            teller_.round(stop);
        }
        if (rules_.heartbeat) beats_.round(stop);
        book_.watching(shared_.tasks.live());
        return wait();
    }

private:
    [[nodiscard]] duration wait() const {
        constexpr auto never = time_point::max();
        auto const look = rules_.watch ? shared_.tasks.next_due().value_or(never) : never;
        auto const next = std::min(look, beats_.next().value_or(never));
        if (next == never) return idle;
        return std::clamp<duration>(next - clock_.now(), std::chrono::seconds{1}, while_running);
    }

    void look(std::stop_token const& stop) {
        auto const now = clock_.now();
        if (now < second_ || now >= second_ + std::chrono::seconds{1}) {
            second_ = now;
            calls_left_ = calls_a_second;
        }
        for (auto const& each : shared_.tasks.due(now, calls_left_))
            if (stop.stop_requested() || !ask(each.cluster, each.tasks, stop)) return;
    }

    /// One DescribeTasks call; false when the next one would fare no better.
    bool ask(std::string const& cluster, std::span<std::string const> tasks, std::stop_token const& stop) {
        if (calls_left_ != 0) --calls_left_;
        auto const got = calls_.describe(cluster, tasks, stop);
        if (!got) return not_described(cluster, tasks, got.error(), stop);
        if (shared_.said.forget("DescribeTasks " + cluster))
            log_.write(log_level::info, "ECS tells again of the tasks of " + words_for(cluster));
        failures_.erase(cluster);
        auto const now = clock_.now();
        put_off(tasks, now, std::nullopt);
        for (auto const& each : got->tasks) seen(each, now, stop);
        for (auto const& each : got->failures)
            if (each.reason == "MISSING") missing(each.arn, now);
        return true;
    }

    void put_off(std::span<std::string const> tasks, time_point now, std::optional<duration> wait) {
        for (auto const& each : tasks)
            shared_.tasks.change(each, [&](watched& task) {
                if (task.at == watched::stage::telling) return;
                task.due = now + wait.value_or(task.at == watched::stage::starting ? while_starting : while_running);
            });
    }

    bool not_described(std::string const& cluster, std::span<std::string const> tasks, error const& why,
                       std::stop_token const& stop) {
        if (why.code == errc::cancelled) return false;
        auto const now = clock_.now();
        if (is_denied(why)) {
            put_off(tasks, now, after_refusal);
            for (auto const& each : tasks) forget_unseen(each, now);
            return true;
        }
        if (why.service_code == "ClusterNotFoundException") {
            put_off(tasks, now, while_running);
            for (auto const& each : tasks) missing(each, now);
            return true;
        }
        bool const refused =
            why.http_status == 400 && !why.retryable && why.service_code == "InvalidParameterException";
        if (refused && tasks.size() > 1) { // one of them, then
            auto const half = tasks.size() / 2;
            return ask(cluster, tasks.first(half), stop) && ask(cluster, tasks.subspan(half), stop);
        }
        if (refused) {
            log_.write(log_level::warning, "task " + tasks[0] + " cannot be looked at: " + why.message);
            put_off(tasks, now, after_refusal);
            return true;
        }
        auto& failures = failures_[cluster];
        duration wait = while_starting;
        for (unsigned i = 0; i != failures; ++i) wait *= 2;
        if (failures < 4) ++failures;
        put_off(tasks, now, std::min<duration>(wait, std::chrono::minutes{1}));
        if (shared_.said.first("DescribeTasks " + cluster))
            log_.write(log_level::warning, "ECS does not tell of the tasks of " + words_for(cluster) +
                                               ", which are looked at again: " + why.message);
        return false;
    }

    /// Tasks that may not be looked at are let go after an hour: nobody could tell of them any more.
    void forget_unseen(std::string const& arn, time_point now) {
        bool old = false;
        shared_.tasks.change(arn, [&](watched& task) {
            old =
                task.at != watched::stage::telling && task.seen.value_or(task.accepted) + std::chrono::hours{1} <= now;
        });
        if (old) shared_.tasks.forget(arn);
    }

    void seen(described_tasks::seen const& answer, time_point now, std::stop_token const& stop) {
        using phase = deploy::task_report::phase;
        auto const& report = answer.report;
        watched known;
        bool const there = shared_.tasks.change(report.task, [&](watched& task) {
            if (task.at == watched::stage::telling) return;
            task.missing = 0;
            task.seen = now;
            task.status = answer.status;
            if (report.started) task.started = report.started;
            if (report.at == phase::running && task.at == watched::stage::starting) {
                task.at = watched::stage::running;
                task.due = now + while_running;
            }
            known = task;
        });
        if (!there || known.task.empty()) return;
        if (report.at == phase::stopped) return stopped(report, known, now);
        if (known.max_run > duration::zero() && known.started && now >= *known.started + known.max_run)
            stop_overdue(known, stop);
    }

    void stop_overdue(watched const& task, std::stop_token const& stop) {
        if (!calls_.stop_task(task.cluster, task.task, stop_mark::ran_longer_than(task.max_run), stop) || task.stopping)
            return;
        log_.write(log_level::warning,
                   "task " + task.task + " of flow run " + task.run + " runs too long and is stopped");
        book_.stopped_task();
        shared_.tasks.change(task.task, [](watched& each) { each.stopping = true; });
    }

    void stopped(deploy::task_report const& report, watched const& known, time_point now) {
        using ending = deploy::task_report::ending;
        book_.task_ended(deploy::name_of(report.end));
        bool const by_us = stop_mark::is_swept(report.stopped_reason) ||
                           stop_mark::is_cancelled(report.stopped_reason) || stop_mark::overdue(report.stopped_reason);
        if (report.end == ending::succeeded && !by_us) {
            log_.write(log_level::debug, "task " + known.task + " of flow run " + known.run + " ended well");
            shared_.tasks.forget(known.task);
            return;
        }
        log_.write(log_level::info, "flow run " + known.run + ": " + report.reason);
        if (report.end == ending::never_started && !report.subnet.empty())
            desk_.rest_subnet(report.subnet, now + subnet_rest);
        shared_.tasks.change(known.task, [&](watched& task) {
            task.at = watched::stage::telling;
            task.due = now;
            task.ending = report.end;
            task.relaunch = report.relaunch;
            task.reason = "Task " + task.task + ": " + report.reason;
            task.stopped_reason = report.stopped_reason;
        });
    }

    void missing(std::string const& arn, time_point now) {
        std::string line;
        shared_.tasks.change(arn, [&](watched& task) {
            if (task.at == watched::stage::telling) return;
            if (task.missing != std::numeric_limits<unsigned char>::max()) ++task.missing;
            if (task.missing < most_missing || now < task.accepted + grace) return;
            task.reason = "outcome unknown: ECS does not know task " + task.task +
                          (task.seen ? " any more, last seen " + task.status + " at " + text::iso8601(*task.seen)
                                     : ", which it accepted at " + text::iso8601(task.accepted));
            task.at = watched::stage::telling;
            task.due = now;
            line = "flow run " + task.run + ": " + task.reason;
        });
        if (line.empty()) return;
        book_.task_ended(deploy::name_of(deploy::task_report::ending::unknown));
        log_.write(log_level::warning, line);
    }

    [[nodiscard]] static std::string words_for(std::string const& cluster) {
        return cluster.empty() ? "the default cluster" : "cluster " + cluster;
    }

    static constexpr duration after_refusal = task_calls<Ecs, Clock, Log>::after_denial;

    Desk& desk_;
    Clock& clock_;
    Log& log_;
    health_book& book_;
    custody<run>& shared_;
    protocol const& rules_;
    task_calls<Ecs, Clock, Log> calls_;
    teller<Source, Desk, Clock, Log> teller_;
    heartbeats<Source, Clock, Log> beats_;
    std::map<std::string, unsigned> failures_; // looks in a row that failed, by cluster
    time_point last_round_{};
    time_point second_{}; // since when calls are counted
    std::size_t calls_left_ = 0;
};

} // namespace fargate::inline v0::service

#endif
