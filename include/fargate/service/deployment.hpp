#ifndef FARGATE_SERVICE_DEPLOYMENT_HPP
#define FARGATE_SERVICE_DEPLOYMENT_HPP

#include <fargate/crypto/policy.hpp>
#include <fargate/deploy/attempt.hpp>
#include <fargate/deploy/launch_advice.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/retry/token_bucket.hpp>
#include <fargate/service/announcing.hpp>
#include <fargate/service/claim_outcome.hpp>
#include <fargate/service/claiming.hpp>
#include <fargate/service/desk.hpp>
#include <fargate/service/errand.hpp>
#include <fargate/service/lanes.hpp>
#include <fargate/service/pace.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/resting.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// What happens to one run: it is claimed, planned, launched and told. One object serves all workers; it keeps references
/// to its parts, which may be used by several threads at once.
///
/// A run that has to wait, for its time, for its turn, for capacity or for an answer, waits in the agenda and keeps no
/// thread. It stays in `in_flight` until it has a task, its end has been told, or it is left to others: to the backend when
/// it is not claimed, else to `owned` and whoever looks there next, this agent or another.
///
/// `Planner` is callable as `planner(run, stop) -> result<deploy::launch_plan>`; `Launcher` models `task_launcher`. A run
/// may have a member `not_before` (`std::optional<time_point>`): it is not claimed before.
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
        shared_{std::move(shared)},
        clock_{clock},
        log_{log},
        hash_{hash},
        rules_{std::move(rules)},
        claims_{source_, shared_, log_, rules_},
        news_{source_, shared_, log_, rules_, cut_.get_token()},
        rate_{{static_cast<double>(std::max<std::size_t>(rules_.launch_burst, 1)), rules_.launch_rate}},
        lanes_{shared_.lanes} {}

    /// Whether one more run may be claimed; see `protocol::max_in_flight`.
    [[nodiscard]] bool has_room() const {
        return rules_.max_in_flight == 0 ||
               shared_.busy.claimed().size() + shared_.watched.live() < rules_.max_in_flight;
    }

    /// So many claimed runs wait for a worker that no more should be claimed.
    [[nodiscard]] bool is_behind() const { return news_.is_behind(); }

    /// Takes a run that `in_flight` holds all the way. What is not claimed when `stop` fires stays with the backend.
    void deploy(run offered, std::stop_token const& stop) {
        go_on(std::make_unique<errand>(std::move(offered), clock_.now(), stop));
    }

    /// True when the runs of one poll are claimed by one request.
    [[nodiscard]] bool claims_together() const { return claiming::at_once && rules_.batch_claims; }

    /// The same for several: those whose turn it is are claimed together. False when others are left to be claimed later.
    bool deploy(std::vector<run> offered, std::stop_token const& stop) {
        auto const all = offered.size();
        std::vector<held> now;
        for (auto& each : offered) {
            auto made = std::make_unique<errand>(std::move(each), clock_.now(), stop);
            if (auto const wait = wait_before(*made); wait > duration::zero())
                later(std::move(made), wait);
            else if (take(*made))
                now.push_back(std::move(made));
        }
        bool const whole = now.size() == all;
        claim_these(std::move(now));
        return whole;
    }

    /// Launches a run that is claimed already, from that attempt on: a token that was used before finds the task that it
    /// started. `losses` tells how many of its tasks never started. False, and nothing happens, when the run is in hand,
    /// after a stop, and when its claim is so old that tokens may be forgotten.
    bool revive(run_view<run> const& claimed, unsigned attempt, unsigned losses, duration wait,
                std::stop_token const& stop) {
        auto const age =
            claimed.since ? std::max<duration>(clock_.now() - *claimed.since, duration::zero()) : duration::zero();
        if (stop.stop_requested() || age + wait >= token_life || !shared_.busy.enter(claimed.run.id)) return false;
        (void)shared_.busy.claim(claimed.run.id);
        auto made = std::make_unique<errand>(claimed.run, clock_.now(), stop);
        made->take_over(attempt, losses, age, shared_.when.passed());
        later(std::move(made), wait);
        return true;
    }

    /// Leaves a subnet out of launches for a while, as long as there is another.
    void rest_subnet(std::string const& subnet, time_point until) {
        subnets_.put(subnet, shared_.when.passed() + (until - clock_.now()));
    }

    /// Ends what is under way: nothing is asked for again, and calls that wait for an answer are given up.
    void cut() { cut_.request_stop(); }

private:
    using errand = service::errand<run>;
    using claiming = service::claiming<Source, Clock, Log>;
    using announcing = service::announcing<Source, Clock, Log>;
    using held = std::unique_ptr<errand>; // handed on by &&: arguments beside it may still look into it

    static constexpr std::chrono::minutes subnet_rest{3};
    static constexpr std::chrono::minutes look_again{1}; ///< a claim that was not looked at for so long may be gone

    void later(held&& of, duration wait) {
        shared_.when.after(wait, [this, of = std::move(of)]() mutable { go_on(std::move(of)); });
    }

    void done(errand& of) {
        if (of.counted) count(-1);
        if (std::exchange(of.expected, false)) news_.miss();
        shared_.busy.leave(of.what.id);
        shared_.bell.ring();
    }

    void count(int more) {
        std::scoped_lock const lock{mutex_};
        holding_ += more;
        shared_.book.holding(static_cast<std::size_t>(holding_));
    }

    void go_on(held&& of) {
        if (of->rests) return done(*of);
        if (of->end) return tell_end(std::move(of));
        if (of->stop.stop_requested() && !std::exchange(of->fresh, false)) return put_down(*of);
        if (auto const wait = wait_before(*of); wait > duration::zero()) return later(std::move(of), wait);
        if (!lanes_.enter(of)) return;
        work(std::move(of));
        if (auto next = lanes_.leave()) later(*std::move(next), duration::zero());
    }

    void work(held&& of) {
        if (!of->claimed && !claim_it(of)) return;
        if (!is_still_ours(*of)) return;
        if (shared_.when.passed() - of->claimed_at >= token_life) return too_late(std::move(of));
        if (!of->plan) {
            auto planned = planner_(of->what, cut_.get_token());
            if (!planned) return not_planned(std::move(of), planned.error());
            of->plan = *std::move(planned);
            if (!rules_.idempotent) of->plan->wanted = {};
        }
        launch(std::move(of));
    }

    /// How long until the run is due, and then until it is its turn to be launched.
    duration wait_before(errand& of) {
        auto const wait = time_until_due(of);
        if (wait > duration::zero() || std::exchange(of.may_go, true)) return wait;
        return rate_.take(time_point{shared_.when.passed()});
    }

    /// How long until the run may be claimed. It waits once, so that a clock that is set back keeps it no longer.
    duration time_until_due(errand& of) {
        if constexpr (requires { of.what.not_before.has_value(); }) {
            if (of.claimed || !of.what.not_before || std::exchange(of.timed, true)) return duration::zero();
            auto const wait = *of.what.not_before - clock_.now();
            if (wait > duration::zero())
                log_.write(log_level::debug, "Waiting " + in_microseconds(wait) + " seconds to deploy flow run " +
                                                 of.what.id + " on time...");
            return wait;
        }
        return duration::zero();
    }

    /// Takes a place for a run that is to be claimed; false, and the run is let go, when there is none.
    bool take(errand& of) {
        if (claims_.take(of.what.id)) return true;
        rate_.give_back();
        done(of);
        return false;
    }

    /// Claims the run; false when it is not ours, or not now.
    bool claim_it(held& of) { return take(*of) && is_ours(of, claims_.ask(*of, cut_.get_token())); }

    /// Claims these, which have their places.
    void claim_these(std::vector<held> these) {
        auto const answers = claims_.ask(these, cut_.get_token());
        std::vector<held> ours;
        for (std::size_t i = 0; i != these.size(); ++i) {
            if (!is_ours(these[i], answers[i])) continue;
            these[i]->fresh = these[i]->expected = true;
            ours.push_back(std::move(these[i]));
        }
        news_.expect(ours.size());
        for (auto& each : ours) later(std::move(each), duration::zero());
    }

    /// What follows from a claim; false when the run is not ours, or not now.
    bool is_ours(held& whole, claim_outcome const& now) {
        using kind = claim_outcome::kind;
        if (now.what == kind::won) return true;
        rate_.give_back();
        if (now.what == kind::refused) {
            fail_run(std::move(whole), now.why);
            return false;
        }
        if (now.what == kind::again) {
            whole->may_go = false;
        } else {
            shared_.book.left();
            whole->rests = true;
        }
        later(std::move(whole), now.wait);
        return false;
    }

    /// Looks at a run that has waited: somebody may have cancelled it, or started it anew. False when it is let go.
    bool is_still_ours(errand& of) {
        auto const now = shared_.when.passed();
        if (now - of.seen_at < look_again) return true;
        std::string const ids[] = {of.what.id};
        auto const views = source_.look(ids, cut_.get_token());
        if (!views) return true;
        of.seen_at = now;
        if (!views->empty() && views->front().life == run_life::claimed &&
            source_.epoch(views->front().run) == source_.epoch(of.what))
            return true;
        shared_.book.left();
        log_.write(log_level::info, "Leaving flow run " + of.what.id + " alone: it has gone on since it was claimed");
        done(of);
        return false;
    }

    /// One RunTask, and what its answer asks for.
    void launch(held&& of) {
        if (!of->current) plan_attempt(*of);
        of->sent = true;
        auto const asked = clock_.now();
        auto const task = launcher_.launch(*of->current, cut_.get_token());
        shared_.book.attempted(clock_.now() - asked);
        if (task) return started(*of, *task);
        auto const& why = task.error();
        if (of->plan->wanted.run.empty()) return fail_run(std::move(of), why);

        auto const advice = deploy::advise_launch(why);
        if (!advice.subnet.empty()) {
            rest_subnet(advice.subnet, clock_.now() + subnet_rest);
            if (!of->doubtful) of->current.reset(); // nothing was started: a repeat goes without that subnet
        }
        using kind = deploy::launch_advice::kind;
        if (advice.what == kind::fail && !of->may_have_task()) return fail_run(std::move(of), why);
        if (advice.what == kind::resend) of->doubtful = true;
        if (advice.what == kind::again) shared_.book.throttled();
        if (advice.what == kind::next) {
            of->use_up(advice, why, shared_.when.passed());
            if (!advice.passing && ++of->losses >= rules_.launch_attempts && !of->may_have_task())
                return fail_run(std::move(of), why);
        }
        hold(std::move(of), why, advice);
    }

    /// The plan of the next attempt. Refused for want of capacity, it goes to the next place of the capacity plan once the
    /// run has kept to the first for long enough.
    void plan_attempt(errand& of) {
        if (std::exchange(of.refused, false) && shared_.when.passed() - *of.refused_from >= rules_.capacity_fallback)
            ++of.attempt.rung;
        of.attempt.resting = subnets_.at(shared_.when.passed());
        of.current = deploy::for_attempt(*of.plan, of.attempt, rules_.capacity_plan, hash_);
    }

    /// Keeps a claimed run for a repeat. It fails when it has waited too long for something that everybody knows is missing;
    /// while a task may be there it does not.
    void hold(held&& of, error const& why, deploy::launch_advice const& advice) {
        using kind = deploy::launch_advice::kind;
        auto const now = shared_.when.passed();
        if (!std::exchange(of->waits, true)) {
            log_.write(log_level::warning, "flow run " + of->what.id + " has no task yet: " + why.message);
            (void)source_.note(of->what.id, log_level::warning, "No task yet, it is tried again: " + why.message,
                               cut_.get_token());
        }
        of->last = why;
        bool const walks = advice.what == kind::next && of->is_walking();
        auto wait = walks ? pause(0) : pause(of->tries++);
        if (advice.what != kind::resend) {
            bool const limited = advice.limit > duration::zero();
            if (!of->short_from || of->limited != limited) of->short_from = now;
            of->limited = limited;
            auto const limit = limited ? std::min(advice.limit, rules_.launch_deadline) : rules_.launch_deadline;
            auto const left = *of->short_from + limit - now;
            if (left <= duration::zero() && !of->may_have_task())
                return fail_run(std::move(of), after_all(why, now - *of->short_from));
            if (left > duration::zero()) wait = std::min(wait, left);
        }
        shared_.book.held();
        if (!std::exchange(of->counted, true)) count(1);
        bool const expected = std::exchange(of->expected, false);
        later(std::move(of), wait);
        shared_.attend();
        if (expected) news_.miss();
    }

    void not_planned(held&& of, error const& why) {
        auto const advice = deploy::advise_before_launch(why);
        if (advice.what == deploy::launch_advice::kind::fail) return fail_run(std::move(of), why);
        hold(std::move(of), why, advice);
    }

    /// A token that is sent now may start a second task. A run that has none for sure fails; else only who looks for its
    /// task can tell, which is the reconciler's.
    void too_late(held&& of) {
        if (!of->may_have_task() && of->last) return fail_run(std::move(of), after_all(*of->last, token_life));
        log_.write(log_level::error, "flow run " + of->what.id + " was claimed " + std::to_string(token_life.count()) +
                                         " minutes ago, and no answer has told whether it has a task");
        auto const told = source_.note(of->what.id, log_level::warning, unanswered(token_life), cut_.get_token());
        if (!told) log_.write(log_level::warning, "its log could not be written: " + told.error().message);
        shared_.book.left();
        done(*of);
    }

    void started(errand& of, deploy::launched const& task) {
        shared_.book.launched(clock_.now() - of.began);
        if (task.adopted) shared_.book.adopted();
        log_.write(log_level::debug, "Run created for task " + task.task_arn);
        if (of.counted) count(-1);
        news_.announce(watched_task(of, task.task_arn, source_.epoch(of.what), clock_.now()), of.expected);
    }

    /// The loop was stopped while the run was held.
    void put_down(errand& of) {
        if (of.claimed && !of.sent) {
            if constexpr (requires { source_.release(of.what, std::string_view{}, std::stop_token{}); })
                if (source_.release(of.what, "the agent was stopped", cut_.get_token())) return done(of);
        }
        if (of.claimed || of.end)
            log_.write(of.end ? log_level::warning : log_level::info, "flow run " + of.what.id + parting_words(of));
        done(of);
    }

    /// A run that is ours gets no task: that is told until it is heard.
    void fail_run(held&& of, error why) {
        shared_.book.failed();
        of->end = std::move(why);
        of->tries = 0;
        bool const expected = std::exchange(of->expected, false);
        tell_end(std::move(of));
        if (expected) news_.miss();
    }

    void tell_end(held&& of) {
        auto const& id = of->what.id;
        bool const first = of->tries == 0;
        if (first) log_.write(log_level::error, "Logging platform error for flow run " + id);
        auto const told = source_.failed(id, source_.epoch(of->what), of->end->message, cut_.get_token());
        if (!told && first)
            log_.write(log_level::error, "flow run " + id + " could not be marked as failed: " + told.error().message);
        if (first) log_.write(log_level::error, "Error while deploying flow: " + of->end->message);
        if (told || is_final_refusal(told.error())) return done(*of);
        if (of->stop.stop_requested()) return put_down(*of);
        auto const wait = pause(of->tries++);
        later(std::move(of), wait);
    }

    Source& source_;
    Planner const& planner_;
    Launcher& launcher_;
    desk<Clock> shared_;
    Clock& clock_;
    Log& log_;
    Hash const& hash_;
    protocol rules_;
    claiming claims_;
    std::stop_source cut_;
    announcing news_;
    retry::token_bucket rate_;
    std::mutex mutex_;
    resting subnets_;
    service::lanes<held> lanes_;
    int holding_ = 0;
};

} // namespace fargate::inline v0::service

#endif
