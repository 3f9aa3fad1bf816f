#ifndef FARGATE_SERVICE_TELLER_HPP
#define FARGATE_SERVICE_TELLER_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/task_report.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/stop_mark.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

/// Tells the backend what became of the tasks that are over, and has those launched again that never started. Each task
/// stays in the list until the backend has taken the news, however long that takes; the first cause is the one told.
///
/// The run is looked at before anything is told of it. A run that was claimed again, or that another task is alive for, does
/// not end with this one. Used by one thread.
template <flow_source Source, class Desk, clock_policy Clock, log_policy Log>
class teller {
public:
    using run = typename Source::run;
    using view = run_view<run>;

    static constexpr std::size_t most_a_look = 100;

    teller(Source& source, Desk& desk, Clock& clock, Log& log, health_book& book, custody<run>& shared,
           protocol const& rules) :
        source_{source}, desk_{desk}, clock_{clock}, log_{log}, book_{book}, shared_{shared}, rules_{rules} {}

    /// Tells of all that is due. Without an answer the rest waits for a later round.
    void round(std::stop_token const& stop) {
        auto const over = shared_.tasks.to_tell(clock_.now(), most_a_look);
        if (over.empty() || stop.stop_requested()) return;
        std::vector<std::string> ids;
        for (auto const& each : over)
            if (std::find(ids.begin(), ids.end(), each.run) == ids.end()) ids.push_back(each.run);
        auto const views = source_.look(ids, stop);
        if (!views) return postpone(over, views.error());
        for (std::size_t i = 0; i != over.size(); ++i) {
            if (stop.stop_requested()) return;
            auto const& task = over[i];
            auto const now =
                std::find_if(views->begin(), views->end(), [&](view const& each) { return each.run.id == task.run; });
            auto const done = settle(task, now != views->end() ? &*now : nullptr, stop);
            if (done) continue;
            bool const hopeless = is_unanswered(done.error());
            postpone(std::span{over}.subspan(i, hopeless ? over.size() - i : 1), done.error());
            if (hopeless) return;
        }
        if (shared_.said.forget(outage)) log_.write(log_level::info, "what became of tasks can be told again");
    }

    /// How long a launch in place of one that never started is put off: 10 s, 30 s, 90 s, ...
    [[nodiscard]] static duration relaunch_wait(unsigned losses) {
        duration wait = std::chrono::seconds{10};
        for (; losses > 1 && wait < std::chrono::minutes{5}; --losses) wait *= 3;
        return std::min<duration>(wait, std::chrono::minutes{5});
    }

private:
    static constexpr std::string_view outage = "telling";

    /// An error when the backend did not take it.
    [[nodiscard]] result<void> settle(watched const& task, view const* now, std::stop_token const& stop) {
        using ending = deploy::task_report::ending;
        if (now == nullptr) return let_go(task, "the backend does not know the run any more");
        if (now->life == run_life::cancelling || now->life == run_life::cancelled)
            return told(task, source_.cancelled(task.run, task.epoch, task.reason, stop));
        if (stop_mark::is_swept(task.stopped_reason)) return after_sweep(task, *now, stop);
        auto const overdue = stop_mark::overdue(task.stopped_reason);
        if (task.ending == ending::succeeded && !overdue) return ended_well(task, *now, stop);
        if (is_of_earlier_claim(task, *now, source_.epoch(now->run)))
            return aside(task, "the flow run has been claimed again since", stop);
        if (has_another(task)) return aside(task, "another task of the flow run is alive", stop);
        if (task.ending == ending::none)
            return told(task, source_.note(task.run, log_level::warning, task.reason, stop));
        if (task.ending == ending::never_started) return never_started(task, *now, stop);
        return failed(task, overdue ? "Task " + task.task + ": " + *overdue : task.reason, stop);
    }

    /// Whose flow said nothing may have run nothing, or the backend may have lost it: a person can tell.
    [[nodiscard]] result<void> ended_well(watched const& task, view const& now, std::stop_token const& stop) {
        auto const epoch = source_.epoch(now.run);
        bool const silent = now.life == run_life::claimed && !is_of_earlier_claim(task, now, epoch);
        if (!silent || !shared_.said.first(settled(task.run, epoch))) return let_go(task, "it ended well");
        return aside(task, "its flow has not reported to the backend, which still takes it for submitted", stop);
    }

    [[nodiscard]] result<void> never_started(watched const& task, view const& now, std::stop_token const& stop) {
        if (now.life != run_life::claimed) return aside(task, "the flow run goes on without it", stop);
        auto const wait = task.adopted ? duration::zero() : relaunch_wait(task.losses + 1);
        bool const late = now.since && clock_.now() + wait - *now.since >= token_life;
        bool const again = task.relaunch && !late && (task.adopted || task.losses + 1 < rules_.launch_attempts);
        if (!again) {
            auto const count = task.losses == 0 ? "" : " (launched " + std::to_string(task.losses + 1) + " times)";
            auto done = failed(task, task.reason + count, stop);
            if (done) book_.failed();
            return done;
        }
        if (!now.ours) return let_go(task, "the flow run is another agent's");
        auto const line = task.reason + "; it is launched again";
        if (auto const noted = source_.note(task.run, log_level::warning, line, stop); !noted)
            log_.write(log_level::debug,
                       "flow run " + task.run + "'s log could not be written: " + noted.error().message);
        if (stop.stop_requested()) return {};
        relaunch(task, now, 1, wait, stop);
        return {};
    }

    /// A task that was one too many. Should the other one be gone as well, and nothing have run, the run is launched again.
    [[nodiscard]] result<void> after_sweep(watched const& task, view const& now, std::stop_token const& stop) {
        bool const needed = !task.started && now.life == run_life::claimed && now.ours && !has_another(task) &&
                            !is_of_earlier_claim(task, now, source_.epoch(now.run));
        if (!needed) return let_go(task, "it was one too many");
        relaunch(task, now, 0, duration::zero(), stop);
        return {};
    }

    /// The next attempt; where this one's number is not known, from the first on: the tokens find what there is.
    void relaunch(watched const& task, view const& now, unsigned lost, duration wait, std::stop_token const& stop) {
        unsigned const next = task.adopted ? 0 : task.attempt + 1;
        unsigned const losses = task.adopted ? 0 : task.losses + lost;
        log_.write(log_level::warning, "flow run " + task.run + " is launched again: " + task.reason);
        book_.relaunched();
        shared_.tasks.forget(task.task); // before, so that whoever finds it again may follow it
        (void)desk_.revive(now, next, losses, wait, stop);
    }

    [[nodiscard]] bool has_another(watched const& task) const {
        auto const all = shared_.tasks.of_run(task.run);
        return std::any_of(all.begin(), all.end(),
                           [&](watched const& each) { return each.task != task.task && each.is_live(); });
    }

    [[nodiscard]] result<void> failed(watched const& task, std::string const& reason, std::stop_token const& stop) {
        return told(task, source_.failed(task.run, task.epoch, reason, stop));
    }

    /// The end of a task that is not the end of its run.
    [[nodiscard]] result<void> aside(watched const& task, std::string_view why, std::stop_token const& stop) {
        auto const line = task.reason + "; " + std::string{why};
        return told(task, source_.note(task.run, log_level::warning, line, stop));
    }

    [[nodiscard]] result<void> let_go(watched const& task, std::string_view why) {
        log_.write(log_level::debug,
                   "task " + task.task + " of flow run " + task.run + " is over: " + std::string{why});
        shared_.tasks.forget(task.task);
        return {};
    }

    template <class Answer>
    [[nodiscard]] result<void> told(watched const& task, Answer const& answer) {
        if (!answer) return answer.error();
        shared_.tasks.forget(task.task);
        return {};
    }

    void postpone(std::span<watched const> tasks, error const& why) {
        if (why.code == errc::cancelled) return;
        if (shared_.said.first(outage))
            log_.write(log_level::warning, "what became of flow run " + tasks[0].run +
                                               "'s task cannot be told yet, and is not forgotten: " + why.message);
        auto const now = clock_.now();
        for (auto const& each : tasks)
            shared_.tasks.change(each.task, [&](watched& task) {
                duration wait = std::chrono::seconds{5};
                for (unsigned i = 0; i != task.tells; ++i) wait *= 2;
                if (task.tells < 4) ++task.tells;
                task.due = now + std::min<duration>(wait, std::chrono::minutes{1});
            });
    }

    Source& source_;
    Desk& desk_;
    Clock& clock_;
    Log& log_;
    health_book& book_;
    custody<run>& shared_;
    protocol const& rules_;
};

} // namespace fargate::inline v0::service

#endif
