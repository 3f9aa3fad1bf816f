#ifndef FARGATE_SERVICE_POLLER_HPP
#define FARGATE_SERVICE_POLLER_HPP

#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/agenda.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/in_flight.hpp>
#include <fargate/service/pace.hpp>
#include <fargate/service/wake.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/executor.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// The agent's loop: asks the source for due runs again and again and hands each to the executor once, and between polls
/// hands on what the agenda says is due. `Deployment` has `has_room()`; `is_behind()`, and while that is so no run is taken,
/// and the next poll follows when the bell rings and it no longer is; `deploy(run, stop)`, which takes a run that `in_flight`
/// holds and sees to it that it leaves; and `cut()`, which ends what is under way. It may have `wants(run)`, without which
/// all runs are wanted, and `claims_together()` with `deploy(runs, stop)`, for several that one request claims; that is false
/// when it leaves some of them for later. A source that offers so many runs at most says so as `Source::most_offered`: behind a
/// full page that is claimed there may be more, and the next poll follows at once.
///
/// Keeps references; `run` is called by one thread, `poke` by any.
template <flow_source Source, class Deployment, clock_policy Clock, log_policy Log, executor_policy Executor>
class poller {
public:
    /// What is under way when the loop is stopped has so long to end by itself. With the calls that are cut then, the agent
    /// is gone well inside the 30 s that ECS and Kubernetes give.
    static constexpr std::chrono::seconds patience{12};

    poller(Source& source, Deployment& deployment, in_flight& busy, agenda<Clock>& when, wake& bell, Clock& clock,
           Log& log, Executor& executor, health_book& book, pace waits = {}) :
        source_{source},
        deployment_{deployment},
        busy_{busy},
        agenda_{when},
        bell_{bell},
        clock_{clock},
        log_{log},
        executor_{executor},
        book_{book},
        waits_{waits} {}

    /// Polls until `stop` fires or `polls` polls have been made (nothing: no end), then lets what is in hand finish; without a
    /// stop it may be called again. After a stop nothing new is claimed, and what is still held stays with the backend, or,
    /// claimed, with the agent that comes next. A poll that fails never ends the loop; an outage is logged when it begins, changes and ends.
    void run(std::optional<std::int64_t> polls, std::stop_token stop) {
        std::stop_callback const ring{stop, [this] { bell_.ring(); }};
        duration next_poll = agenda_.passed();
        while (!stop.stop_requested()) {
            bell_.reset();
            if (stop.stop_requested()) break;
            book_.turned();
            for (auto& work : agenda_.due()) executor_.submit(std::move(work));
            if (poked_ && !deployment_.is_behind()) next_poll = agenda_.passed();
            bool const may_poll = polls != 0;
            if (may_poll && agenda_.passed() >= next_poll) {
                poked_ = false; // this poll answers
                auto const wait = waits_.after(poll(stop));
                if (polls) --*polls;
                log_.write(log_level::debug, "Next query for flow runs in " + in_seconds(wait) + " seconds");
                next_poll = agenda_.passed() + wait;
                if (poked_ || stop.stop_requested()) continue;
            } else if (!may_poll && agenda_.passed() >= next_poll && busy_.size() == 0) {
                break;
            }
            rest(next_poll, may_poll);
        }
        if (stop.stop_requested()) return drain();
        executor_.drain();
    }

    /// Cuts the wait before the next poll short.
    void poke() {
        poked_ = true;
        bell_.ring();
    }

private:
    /// Sleeps until there is something to do. Behind the last poll that is what the agenda says, or the end of a job.
    void rest(duration next_poll, bool may_poll) {
        auto wait = next_poll - agenda_.passed();
        auto const due = agenda_.next();
        if (!may_poll && wait <= duration::zero()) {
            if (!due) return executor_.drain();
            wait = *due;
        }
        if (due) wait = std::min(wait, *due);
        if (wait > duration::zero()) agenda_.sleep(wait);
    }

    /// One poll; true when it handed over at least one run.
    bool poll(std::stop_token const& stop) {
        auto const began = clock_.now();
        auto const busy = busy_.ids();
        auto due = source_.poll(busy, stop);
        if (!due) return failed(due.error(), clock_.now() - began);
        recovered(began);
        if (deployment_.is_behind()) {
            if (!due->empty()) poked_ = true;
            return false; // asking often would be in vain: a ring asks
        }

        std::vector<typename Source::run> taken;
        for (auto& offered : *due) {
            if (!deployment_.has_room()) {
                log_.write(log_level::debug,
                           "No more runs are claimed: as many are in flight as may be (max_in_flight)");
                break;
            }
            if constexpr (requires { deployment_.wants(offered); })
                if (!deployment_.wants(offered)) continue;
            if (!busy_.enter(offered.id)) continue;
            if (taken.empty())
                log_.write(log_level::info,
                           "Found " + std::to_string(due->size()) + " flow run(s) to submit for execution.");
            taken.push_back(std::move(offered));
        }
        if (taken.empty()) return false;
        hand_over(std::move(taken), stop);
        return true;
    }

    /// All to one worker, which claims them together, or each to one.
    void hand_over(std::vector<typename Source::run> taken, std::stop_token const& stop) {
        if constexpr (requires { deployment_.claims_together(); })
            if (taken.size() > 1 && deployment_.claims_together())
                return executor_.submit([this, taken = std::move(taken), stop]() mutable {
                    bool const full = is_page(taken.size());
                    if (!stop.stop_requested()) {
                        if (deployment_.deploy(std::move(taken), stop) && full) poke();
                        return;
                    }
                    for (auto const& each : taken) busy_.leave(each.id);
                    bell_.ring();
                });
        for (auto& each : taken)
            executor_.submit([this, one = std::move(each), stop]() mutable {
                if (!stop.stop_requested()) return deployment_.deploy(std::move(one), stop);
                busy_.leave(one.id);
                bell_.ring();
            });
    }

    [[nodiscard]] static constexpr bool is_page([[maybe_unused]] std::size_t runs) noexcept {
        if constexpr (requires { Source::most_offered; })
            return runs >= Source::most_offered;
        else
            return false;
    }

    bool failed(error const& why, duration took) {
        if (why.code == errc::cancelled) return false;
        if (book_.poll_failed(why, took)) log_.write(log_level::error, why.message);
        return false;
    }

    void recovered(time_point began) {
        if (!book_.read().last_error.empty()) log_.write(log_level::info, "The Prefect API answers again");
        auto const now = clock_.now();
        book_.polled(now, now - began);
    }

    /// What waits learns that it waits no longer; what works has its time.
    void drain() {
        auto const began = agenda_.passed();
        for (;;) {
            bell_.reset();
            book_.turned();
            for (auto& work : agenda_.rest()) executor_.submit(std::move(work));
            auto const left = patience - (agenda_.passed() - began);
            if (busy_.size() == 0 || left <= duration::zero()) break;
            agenda_.sleep(left);
        }
        deployment_.cut();
        do {
            for (auto& work : agenda_.rest()) executor_.submit(std::move(work));
            executor_.drain();
        } while (agenda_.size() != 0);
    }

    Source& source_;
    Deployment& deployment_;
    in_flight& busy_;
    agenda<Clock>& agenda_;
    wake& bell_;
    Clock& clock_;
    Log& log_;
    Executor& executor_;
    health_book& book_;
    pace waits_;
    std::atomic<bool> poked_{false}; ///< the next poll is to follow as soon as the deployment is not behind
};

} // namespace fargate::inline v0::service

#endif
