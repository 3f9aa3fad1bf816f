#ifndef FARGATE_SERVICE_DEPLOYMENT_HPP
#define FARGATE_SERVICE_DEPLOYMENT_HPP

#include <fargate/crypto/policy.hpp>
#include <fargate/deploy/attempt.hpp>
#include <fargate/deploy/launch_advice.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/retry/token_bucket.hpp>
#include <fargate/service/agenda.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/in_flight.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::service {

/// What a deployment shares with the rest of an agent.
template <clock_policy Clock>
struct desk {
    in_flight& busy;
    watch_list& watched;
    agenda<Clock>& when;
    wake& bell;
    health_book& book;
    std::function<void()> attend = [] {}; ///< called when a task was put on `watched`, or a claimed run has to wait
};

/// What happens to one run: it is claimed, planned, launched and told. One object serves all workers; it keeps references
/// to its parts, which may be used by several threads at once.
///
/// A run that has to wait, for its time, for its turn, for capacity or for an answer, waits in the agenda and keeps no
/// thread. It stays in `in_flight` until it has a task, is left to others, or its end has been told.
///
/// `Planner` is callable as `planner(run) -> result<deploy::launch_plan>`; `Launcher` models `task_launcher`. A run may
/// have a member `not_before` (`std::optional<time_point>`): it is not claimed before.
template <flow_source Source, class Planner, class Launcher, clock_policy Clock, log_policy Log,
          crypto::hash_policy Hash>
class deployment {
public:
    using run = typename Source::run;

    deployment(Source& source, Planner const& planner, Launcher& launcher, desk<Clock> shared, Clock& clock, Log& log,
               Hash const& hash, protocol rules = {}) :
        source_{source},
        planner_{planner},
        launcher_{launcher},
        shared_{shared},
        clock_{clock},
        log_{log},
        hash_{hash},
        rules_{std::move(rules)},
        rate_{{static_cast<double>(std::max<std::size_t>(rules_.launch_burst, 1)), rules_.launch_rate}} {}

    /// Takes a run that `in_flight` holds all the way. Every outcome ends in the log, and every claimed run that gets no task
    /// also in the run's own log and state. What is not claimed when `stop` fires stays with the backend.
    void deploy(run offered, std::stop_token const& stop) {
        go_on(std::make_unique<errand>(std::move(offered), clock_.now(), stop));
    }

    /// Launches a run that is claimed already, from that attempt on: a token that was used before finds the task that it
    /// started. Does nothing when the run is in hand.
    void revive(run_view<run> const& claimed, unsigned attempt, duration wait, std::stop_token const& stop) {
        if (stop.stop_requested() || !shared_.busy.enter(claimed.run.id)) return;
        (void)shared_.busy.claim(claimed.run.id);
        auto made = std::make_unique<errand>(claimed.run, clock_.now(), stop);
        made->claimed = true;
        made->attempt.number = attempt;
        made->first = attempt;
        made->recovers = attempt == 0;
        made->claimed_at = shared_.when.passed();
        if (claimed.since)
            made->claimed_at -= std::max<duration>(clock_.now() - *claimed.since, duration::zero());
        later(std::move(made), wait);
    }

    /// Leaves a subnet out of launches for a while, as long as there is another.
    void rest_subnet(std::string const& subnet, time_point until) {
        std::scoped_lock const lock{mutex_};
        resting_[subnet] = shared_.when.passed() + (until - clock_.now());
    }

    /// Ends what is under way: nothing is asked for again, and calls that wait for an answer are given up.
    void cut() { cut_.request_stop(); }

private:
    /// How long a subnet without addresses is left out.
    static constexpr std::chrono::minutes rest{3};

    /// RunTask is asked so long after the claim, and not later: ECS keeps the token of a task for an hour after it stopped,
    /// and who asks with a token that is forgotten starts another task.
    static constexpr std::chrono::minutes token_life{55};

    /// One run on its way.
    struct errand {
        errand(run offered, time_point now, std::stop_token soft) :
            of{std::move(offered)}, began{now}, stop{std::move(soft)} {}

        run of;
        time_point began;
        std::stop_token stop; ///< nothing new is begun after it

        bool claimed = false;
        bool may_go = false;    ///< it has had its turn of the launch rate
        bool sent = false;      ///< RunTask was asked, so a task may be there
        bool refused = false;   ///< for want of capacity, by the newest answer
        bool recovers = false;  ///< attempts that another agent made may have to be gone through first
        bool waits = false;     ///< it had to, so far
        bool counted = false;   ///< among those that wait for their launch
        unsigned first = 0;     ///< the attempt it began with
        unsigned tries = 0;     ///< waits in a row
        duration claimed_at{};  ///< by the agenda, as what follows
        duration waited_from{}; ///< when it first had to wait for an answer or for capacity

        std::optional<deploy::launch_plan> plan{};
        deploy::launch_attempt attempt{};
        std::optional<deploy::launch_plan> current{}; ///< this attempt's: kept, so that a repeat is the same to the byte
        std::optional<error> end{};                   ///< why it gets no task; to be told
    };
    using held = std::unique_ptr<errand>;

    void later(held of, duration wait) {
        shared_.when.after(wait, [this, of = std::move(of)]() mutable { go_on(std::move(of)); });
    }

    void done(errand const& of) {
        if (of.counted) shared_.book.holding(--holding_);
        shared_.busy.leave(of.of.id);
        shared_.bell.ring();
    }

    void go_on(held of) {
        if (of->end) return tell_end(std::move(of));
        if (of->stop.stop_requested()) return put_down(*of);
        if (!of->claimed) {
            if (auto const wait = time_until_due(*of); wait > duration::zero()) return later(std::move(of), wait);
            if (auto const wait = turn(*of); wait > duration::zero()) return later(std::move(of), wait);
            if (!claim_it(of)) return;
        }
        if (!of->plan) {
            auto planned = planner_(of->of);
            if (!planned) return fail_run(std::move(of), std::move(planned).error());
            of->plan = *std::move(planned);
            if (!rules_.idempotent) of->plan->wanted = {};
        }
        launch(std::move(of));
    }

    /// How long until the run may be claimed.
    duration time_until_due(errand& of) {
        if constexpr (requires { of.of.not_before.has_value(); }) {
            auto const wait = of.of.not_before ? *of.of.not_before - clock_.now() : duration::zero();
            if (wait > duration::zero() && !std::exchange(of.waits, true))
                log_.write(log_level::debug,
                           "Waiting " + seconds_of(wait) + " seconds to deploy flow run " + of.of.id + " on time...");
            if (wait <= duration::zero()) of.waits = false;
            return wait;
        } else {
            return duration::zero();
        }
    }

    static std::string seconds_of(duration wait) {
        auto const micros = std::to_string(wait.count() % 1'000'000);
        return std::to_string(wait.count() / 1'000'000) + "." + std::string(6 - micros.size(), '0') + micros;
    }

    /// How long until it is this run's turn to be launched.
    duration turn(errand& of) {
        if (of.may_go) return duration::zero();
        of.may_go = true;
        return rate_.take(clock_.now());
    }

    /// Claims the run; false when it is not ours, or not now.
    bool claim_it(held& whole) {
        auto& of = *whole;
        if (!shared_.busy.claim(of.of.id, shared_.watched.size(), rules_.max_in_flight)) {
            log_.write(log_level::debug, "flow run " + of.of.id + " waits: " + std::to_string(rules_.max_in_flight) +
                                             " runs are in flight, which is the limit (max_in_flight)");
            rate_.give_back();
            done(of);
            return false;
        }
        log_.write(log_level::info, "Deploying flow run " + of.of.id);
        auto const owned = source_.claim(of.of, cut_.get_token());
        of.claimed_at = shared_.when.passed();
        if (owned && owned->kind == claim::outcome::won) return of.claimed = true;
        shared_.busy.release(of.of.id);
        rate_.give_back();
        if (!owned) {
            claim_failed(of, owned.error());
        } else if (owned->kind == claim::outcome::later) {
            of.may_go = false;
            later(std::move(whole), owned->wait);
        } else if (owned->kind == claim::outcome::unclear) {
            unclear(of, owned->reason);
        } else {
            leave(of, owned->reason);
        }
        return false;
    }

    /// One RunTask, and what its answer asks for.
    void launch(held of) {
        if (shared_.when.passed() - of->claimed_at >= token_life) return give_up(*of);
        if (!of->current) plan_attempt(*of);
        of->sent = true;
        auto const asked = clock_.now();
        auto const task = launcher_.launch(*of->current, cut_.get_token());
        shared_.book.attempted(clock_.now() - asked);
        if (task) return started(*of, *task);
        auto const& why = task.error();
        if (of->plan->wanted.run.empty()) return fail_run(std::move(of), why);

        auto const advice = deploy::advise_launch(why);
        using kind = deploy::launch_advice::kind;
        if (!advice.subnet.empty()) rest_subnet(advice.subnet, clock_.now() + rest);
        switch (advice.what) {
        case kind::fail: return fail_run(std::move(of), why);
        case kind::resend: return hold(std::move(of), why, {});
        case kind::again: break;
        case kind::next: next_attempt(*of, advice.passing);
        }
        if (advice.what == kind::next && !advice.passing &&
            of->attempt.number - of->first >= std::max(rules_.launch_attempts, 1U))
            return fail_run(std::move(of), why);
        if (advice.what == kind::again) shared_.book.throttled();
        auto const limit =
            advice.limit > duration::zero() ? std::min(advice.limit, rules_.launch_deadline) : rules_.launch_deadline;
        hold(std::move(of), why, limit);
    }

    /// The plan of the next attempt. Refused for want of capacity, it goes to the next place of the capacity plan once the
    /// run has kept to the first for long enough.
    void plan_attempt(errand& of) {
        bool const patient = of.waits && shared_.when.passed() - of.waited_from < rules_.capacity_fallback;
        if (std::exchange(of.refused, false) && !patient) ++of.attempt.rung;
        of.attempt.resting = resting();
        of.current = deploy::for_attempt(*of.plan, of.attempt, rules_.capacity_plan, hash_);
    }

    /// The token of this attempt is used up.
    static void next_attempt(errand& of, bool refused) {
        ++of.attempt.number;
        of.current.reset();
        of.refused = refused;
    }

    /// Keeps a claimed run for a later repeat, up to `limit` in all (zero: there is none).
    void hold(held of, error const& why, duration limit) {
        auto const now = shared_.when.passed();
        if (!std::exchange(of->waits, true)) {
            of->waited_from = now;
            log_.write(log_level::warning, "flow run " + of->of.id + " has no task yet: " + why.message);
        }
        if (limit > duration::zero() && now - of->waited_from >= limit) {
            auto told = why;
            told.message += ". It was tried for " + std::to_string((now - of->waited_from).count() / 1'000'000) +
                            " seconds (launch_deadline)";
            return fail_run(std::move(of), std::move(told));
        }
        bool const walks = of->recovers && of->attempt.number < longest_walk;
        auto wait = walks ? pause(0) : pause(of->tries++);
        if (limit > duration::zero()) wait = std::min(wait, of->waited_from + limit - now);
        shared_.book.held();
        if (!std::exchange(of->counted, true)) shared_.book.holding(++holding_);
        later(std::move(of), wait);
        shared_.attend();
    }

    /// As many attempts as an agent makes in an hour.
    static constexpr unsigned longest_walk = 120;

    /// Too late to ask again. Whether there is a task can now be told only by looking for it, which is the reconciler's.
    void give_up(errand& of) {
        log_.write(log_level::error, "flow run " + of.of.id + " was claimed " +
                                         std::to_string(token_life.count()) +
                                         " minutes ago, and no answer has told whether it has a task");
        if (auto const told = source_.note(of.of.id, log_level::warning,
                                           "It is not known whether a task was started for this run: RunTask has not been "
                                           "answered for " +
                                               std::to_string(token_life.count()) + " minutes.",
                                           cut_.get_token());
            !told)
            log_.write(log_level::warning, "its log could not be written: " + told.error().message);
        shared_.book.left();
        done(of);
    }

    /// 1, 2, 4, ... 30 s.
    static duration pause(unsigned tries) {
        return std::min<duration>(std::chrono::seconds{1} * (1U << std::min(tries, 10U)), std::chrono::seconds{30});
    }

    [[nodiscard]] std::vector<std::string> resting() {
        std::scoped_lock const lock{mutex_};
        auto const now = shared_.when.passed();
        std::erase_if(resting_, [now](auto const& each) { return each.second <= now; });
        std::vector<std::string> made;
        made.reserve(resting_.size());
        for (auto const& [subnet, until] : resting_) made.push_back(subnet);
        return made;
    }

    void started(errand& of, deploy::launched const& task) {
        shared_.book.launched(clock_.now() - of.began);
        if (task.adopted) shared_.book.adopted();
        log_.write(log_level::debug, "Run created for task " + task.task_arn);
        if (rules_.watch) follow(of, task);
        // The task runs: from here on a lost line is a warning, never the run's failure.
        if (auto const told = source_.launched(of.of.id, task.task_arn, cut_.get_token()); !told)
            log_.write(log_level::warning, "flow run " + of.of.id + " runs as " + task.task_arn +
                                               ", but its log could not be written: " + told.error().message);
        log_.write(log_level::debug, "Completed flow run submission (id: " + of.of.id + ")");
        done(of);
    }

    void follow(errand const& of, deploy::launched const& task) {
        watched made;
        made.run = of.of.id;
        made.task = task.task_arn;
        made.epoch = source_.epoch(of.of);
        made.attempt = of.attempt.number;
        made.accepted = clock_.now();
        made.max_run = of.plan->max_run;
        made.cluster = json::text_of(of.plan->task, "cluster").value_or("");
        if (shared_.watched.follow(std::move(made))) shared_.attend();
    }

    /// The loop was stopped while the run was held.
    void put_down(errand& of) {
        if (of.claimed && !of.sent) {
            if constexpr (requires { source_.release(of.of, std::string_view{}, std::stop_token{}); }) {
                if (source_.release(of.of, "the agent was stopped", cut_.get_token())) return done(of);
            }
        }
        if (of.claimed)
            log_.write(log_level::info, "flow run " + of.of.id +
                                            " is claimed and has no task yet: the agent that comes next launches it");
        done(of);
    }

    /// An answer that names what is wrong with the run is its end; without one it is not ours to fail.
    void claim_failed(errand& of, error const& why) {
        bool const answered = why.code != errc::timed_out && why.code != errc::connection_failed &&
                              why.code != errc::cancelled && why.http_status < 500;
        if (!answered) return unclear(of, why.message);
        shared_.book.failed();
        tell_failed(of, why, true);
        done(of);
    }

    void unclear(errand& of, std::string const& reason) {
        shared_.book.left();
        log_.write(log_level::warning, "flow run " + of.of.id + " could not be claimed: " + reason);
        done(of);
    }

    void leave(errand& of, std::string const& reason) {
        shared_.book.left();
        log_.write(log_level::info, "Leaving flow run " + of.of.id + " alone: " + reason);
        done(of);
    }

    /// A run that is ours gets no task: that is told until it is heard.
    void fail_run(held of, error why) {
        shared_.book.failed();
        of->end = std::move(why);
        of->tries = 0;
        tell_end(std::move(of));
    }

    void tell_end(held of) {
        bool const first = of->tries == 0;
        if (tell_failed(*of, *of->end, first)) return done(*of);
        if (of->stop.stop_requested()) return put_down(*of);
        later(std::move(of), pause(of->tries++));
    }

    /// True when it was heard, or will never be.
    bool tell_failed(errand const& of, error const& why, bool first) {
        auto const& id = of.of.id;
        if (first) log_.write(log_level::error, "Logging platform error for flow run " + id);
        auto const told = source_.failed(id, source_.epoch(of.of), why.message, cut_.get_token());
        if (!told && first)
            log_.write(log_level::error, "flow run " + id + " could not be marked as failed: " + told.error().message);
        if (first) log_.write(log_level::error, "Error while deploying flow: " + why.message);
        if (told) return true;
        auto const code = told.error().code;
        return code != errc::timed_out && code != errc::connection_failed && code != errc::cancelled &&
               told.error().http_status < 500;
    }

    Source& source_;
    Planner const& planner_;
    Launcher& launcher_;
    desk<Clock> shared_;
    Clock& clock_;
    Log& log_;
    Hash const& hash_;
    protocol rules_;
    retry::token_bucket rate_;
    std::atomic<std::size_t> holding_{0};
    std::stop_source cut_;
    std::mutex mutex_;
    std::map<std::string, duration> resting_; ///< subnets, and until when by the agenda
};

} // namespace fargate::inline v0::service

#endif
