#ifndef FARGATE_TESTS_MODEL_LAUNCH_PROTOCOL_HPP
#define FARGATE_TESTS_MODEL_LAUNCH_PROTOCOL_HPP

#include "model/launch_state.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace model {

/// All that may happen next: at the server, with time, in ECS and its containers, and what each agent may do. What has
/// several ends (an answer that is lost, failures[]) is one step for each.
class launch_protocol {
public:
    using state = launch_state;

    struct action {
        char const* what = "";
        char who = ' '; ///< an agent, the number of the attempt whose task it is, or `-`
        bool progress = false;
        [[nodiscard]] std::string text() const { return std::string(1, who) + ' ' + what; }
    };

    launch_protocol(rules const& by, surroundings const& in) : rules_{by}, in_{in} {}

    [[nodiscard]] static state start() { return state{}; }

    template <class Take>
    void steps(state const& now, Take const& take) const {
        if (doubled(now)) return; // the story is over
        server_steps(now, take);
        task_steps(now, take);
        delayed_steps(now, take);
        agent_steps(now, 0, take);
        agent_steps(now, 1, take);
    }

private:
    // The server, and time.

    template <class Take>
    void server_steps(state const& now, Take const& take) const {
        if ((now.run == life::claimed || now.run == life::running) && now.epoch + 1U < in_.schedules) {
            state next = now;
            next.run = life::scheduled;
            ++next.epoch;
            next.claims = next.late = 0;
            take(action{"Lazarus schedules the run again", '-', false}, next);
        }
        take(action{"an hour passes", '-', false}, later(now, false));
        take(action{"a day passes", '-', false}, later(now, true));
    }

    /// ECS forgets a token one hour after its task stopped, or after a day.
    [[nodiscard]] state later(state now, bool a_day) const {
        now.late = now.run == life::claimed ? 1 : 0;
        now.delayed = agent{};
        for (auto& each : now.agents) {
            if (each.what == doing::claiming || each.what == doing::reporting) each = agent{}; // no call lasts an hour
            if (each.what == doing::asked || each.what == doing::launching ||
                (each.what == doing::offered && !rules_.reread_to_claim))
                each.late = 1;
        }
        for (unsigned epoch = 0; epoch < 2; ++epoch)
            each_token(now, epoch, [&](token& t, unsigned, unsigned) {
                if (t.what == fate::failures) t = token{};
                if (t.what != fate::none && (a_day || !is_live(t))) t.forgotten = 1;
            });
        return now;
    }

    // ECS, the containers, and the sweeper.

    /// Assumed with `swept_in_time`: some agent is up, and Fargate takes longer to start a container (tens of seconds)
    /// than it takes to sweep. So no container starts while the sweeper has a reason to stop its task.
    template <class Take>
    void task_steps(state const& now, Take const& take) const {
        for (unsigned epoch = 0; epoch < in_.schedules; ++epoch)
            each_token(now, epoch, [&](token const& held, unsigned series, unsigned attempt) {
                if (!is_live(held)) return;
                auto const becomes = [&](char const* what, bool progress, fate to, auto const& change) {
                    state next = now;
                    next.tokens[epoch][series][attempt].what = to;
                    change(next);
                    take(action{what, static_cast<char>('0' + attempt), progress}, next);
                };
                auto const nothing_else = [](state const&) {};
                if (held.what == fate::starting) {
                    bool const unwanted = is_swept(now, epoch, series, attempt);
                    if (unwanted) becomes("is swept: it had not begun", true, fate::swept, nothing_else);
                    if (!unwanted || !in_.swept_in_time)
                        becomes("begins user code", true, fate::running, [&](state& s) { ++s.begun[epoch]; });
                    becomes("never starts", false, fate::never_started, nothing_else);
                } else {
                    if (!is_final(now) && now.run != life::running)
                        becomes("reports that it runs", true, fate::running, [](state& s) {
                            s.run = life::running;
                            s.late = 0;
                        });
                    becomes("ends and reports it", true, fate::ended, [](state& s) {
                        if (!is_final(s)) s.run = life::succeeded;
                        s.late = 0;
                    });
                    becomes("is killed", false, fate::ended, nothing_else);
                }
            });
    }

    /// The sweeper would stop this task, which has not begun: another of its epoch has, or both are starting and this is
    /// the later attempt.
    [[nodiscard]] bool is_swept(state const& s, unsigned epoch, unsigned series, unsigned attempt) const {
        bool found = false;
        each_token(s, epoch, [&](token const& t, unsigned its_series, unsigned its_attempt) {
            bool const earlier = its_attempt != attempt ? its_attempt < attempt : its_series < series;
            if (rules_.sweep && (t.what == fate::running || (t.what == fate::starting && earlier))) found = true;
            if (rules_.sweep_late && t.what == fate::ended) found = true;
        });
        return found;
    }

    template <class Take>
    void delayed_steps(state const& now, Take const& take) const {
        if (now.delayed.what == doing::nothing) return;
        state next = now;
        next.delayed = agent{};
        take(action{"a delayed RunTask arrives, and does nothing", '-', false}, next);
        token& held = token_of(next, now.delayed);
        if (!is_tried(held)) return;
        if (held.forgotten != 0) next.harmed |= blind;
        held = token{fate::starting, 0};
        take(action{"a delayed RunTask arrives: a task", '-', false}, next);
    }

    // The agents.

    template <class Take>
    void agent_steps(state const& now, unsigned who, Take const& take) const {
        agent const& me = now.agents[who];
        // `change` may alter the next state and what this agent does in it.
        auto const step = [&](char const* what, bool progress, auto const& change) {
            state next = now;
            change(next, next.agents[who]);
            take(action{what, static_cast<char>('A' + who), progress}, next);
        };
        auto const forgets = [](state&, agent& a) { a = agent{}; };
        if (me.what != doing::nothing) step("is killed and starts anew", false, forgets);

        switch (me.what) {
        case doing::nothing:
            if (now.run == life::scheduled)
                step("polls", true, [](state& s, agent& a) { a = agent{doing::offered, s.epoch, 0, 0, 0, 0}; });
            if (rules_.reconcile && now.run == life::claimed) {
                if (now.late != 0 && rules_.look_when_old)
                    step("reconciles: the claim is old", true, [&](state& s, agent& a) { settle(s, a, s.epoch); });
                else
                    step("reconciles: launches what is claimed", true, [&](state& s, agent& a) {
                        a = agent{doing::launching, s.epoch, series_of(who, guessed(s)), 0, 0, 0};
                    });
            }
            if (rules_.reconcile)
                for (std::uint8_t epoch = 0; epoch < in_.schedules; ++epoch)
                    if (has_live(now, epoch))
                        step("adopts a live task", true, [&](state& s, agent& a) { find_live(s, a, epoch); });
            break;

        case doing::offered:
            if (rules_.reread_to_claim && (now.run != life::scheduled || now.epoch != me.epoch))
                step("reads the run again and leaves it alone", true, forgets);
            else if (rules_.reread_to_claim && !in_.at_once)
                step("reads the run again", true, [](state&, agent& a) { a.what = doing::claiming; });
            else
                claim(now, who, step);
            break;

        case doing::claiming: claim(now, who, step); break;

        case doing::asked:
            step("looks whose the run is", true, [&](state& s, agent& a) {
                if (s.run == life::claimed && s.epoch == a.epoch)
                    a = agent{doing::launching, a.epoch, series_of(who, 0), 0, std::max(a.late, s.late), 0};
                else
                    a = agent{};
            });
            break;

        case doing::launching:
            if (me.late != 0 && rules_.launch_ends)
                step("gives a launch up that has gone on for an hour", true,
                     [&](state& s, agent& a) { settle(s, a, a.epoch); });
            else
                run_task(now, who, step);
            break;

        case doing::following: follow(now, who, step); break;

        case doing::reporting: step("reports", true, [&](state& s, agent& a) { write_failed(s, a); }); break;
        }
    }

    [[nodiscard]] std::uint8_t guessed(state const& s) const {
        return static_cast<std::uint8_t>(rules_.schedule_epoch || s.claims < 2 ? 0 : 1);
    }
    [[nodiscard]] std::uint8_t series_of(unsigned who, std::uint8_t derived) const {
        return rules_.derived_token ? derived : static_cast<std::uint8_t>(who);
    }

    template <class Step>
    void claim(state const& now, unsigned who, Step const& step) const {
        step("claims: lost on its way", false, [](state&, agent& a) { a.what = doing::asked; });
        if (in_.lock && now.run == life::claimed)
            return step("is refused the claim", true, [](state&, agent& a) { a = agent{}; });
        auto const submitted = [](state& s) {
            if (is_final(s)) s.harmed |= overwritten;
            s.run = life::claimed;
            if (s.claims < 2) ++s.claims;
            s.late = 0;
        };
        step("claims", true, [&](state& s, agent& a) {
            submitted(s);
            a = agent{doing::launching, a.epoch, series_of(who, 0), 0, a.late, 0};
        });
        step("claims: the answer is lost", false, [&](state& s, agent& a) {
            submitted(s);
            a.what = doing::asked;
        });
    }

    /// One RunTask: what ECS makes of it, and whether the agent hears of it. A throttle changes nothing and so is no step.
    template <class Step>
    void run_task(state const& now, unsigned who, Step const& step) const {
        agent const& me = now.agents[who];
        token const held = token_of(now, me);
        auto const silence = [&](agent& a) {
            if (!rules_.same_after_silence && a.attempt + 1U < in_.attempts) ++a.attempt;
        };
        step("calls RunTask: lost on its way", false, [&](state&, agent& a) { silence(a); });
        if (in_.delays && now.delayed.what == doing::nothing)
            step("calls RunTask: delayed on its way", false, [&](state& s, agent& a) {
                s.delayed = a;
                s.delayed.late = 0;
                silence(a);
            });

        bool const anew = is_tried(held);
        if (!anew && held.what == fate::failures)
            return step("calls RunTask: the same failures[]", true, [&](state& s, agent& a) { next_attempt(s, a); });
        if (!anew)
            return step("calls RunTask: finds the task", true, [](state&, agent& a) { a.what = doing::following; });

        auto const started = [&](state& s, agent const& a) {
            if (held.forgotten != 0) s.harmed |= blind;
            token_of(s, a) = token{fate::starting, 0};
        };
        step("calls RunTask: a task", true, [&](state& s, agent& a) {
            started(s, a);
            a.what = doing::following;
        });
        step("calls RunTask: a task, but the answer is lost", false, [&](state& s, agent& a) {
            started(s, a);
            silence(a);
        });
        if (held.forgotten != 0) return;
        step("calls RunTask: failures[]", false, [&](state& s, agent& a) {
            token_of(s, a) = token{fate::failures, 0};
            next_attempt(s, a);
        });
        step("calls RunTask: failures[], but the answer is lost", false, [&](state& s, agent& a) {
            token_of(s, a) = token{fate::failures, 0};
            silence(a);
        });
    }

    /// ECS tries to start a task; else the token has its answer already.
    [[nodiscard]] bool is_tried(token const& held) const {
        return held.what == fate::none || held.forgotten != 0 || (held.what == fate::failures && !in_.keeps_failures);
    }

    template <class Step>
    void follow(state const& now, unsigned who, Step const& step) const {
        agent const& me = now.agents[who];
        token const held = token_of(now, me);
        if (held.what == fate::swept && !rules_.mind_swept) {
            step("sees its task swept", true, [](state&, agent& a) { a = agent{}; });
        } else if (held.forgotten != 0 && !is_live(held)) {
            step("sees its task no more", true, [&](state& s, agent& a) {
                if (rules_.look_when_gone) return settle(s, a, a.epoch);
                report(s, a);
            });
        } else if (held.what == fate::ended) {
            step("sees its task ended", true, [&](state& s, agent& a) { report(s, a); });
        } else if (held.what == fate::swept) {
            step("sees its task swept", true, [&](state& s, agent& a) {
                if (find_live(s, a, a.epoch)) return;
                if (has(s, a.epoch, fate::ended)) return report(s, a);
                relaunch(s, a);
            });
        } else if (!is_live(held)) {
            step("sees its task never started", true, [&](state& s, agent& a) { relaunch(s, a); });
        } else if (held.what == fate::starting && !rules_.wait_for_stopped && me.attempt + 1U < in_.attempts) {
            step("thinks its task too slow", true, [&](state& s, agent& a) { next_attempt(s, a); });
        }
    }

    /// After an answer that nothing runs by this token and nothing will.
    void next_attempt(state& s, agent& a) const {
        if (a.attempt + 1U >= in_.attempts) return report(s, a);
        ++a.attempt;
        a.what = doing::launching;
    }

    /// Reads the run again: it may have been scheduled anew or settled since.
    void relaunch(state& s, agent& a) const {
        if (s.run != life::claimed || s.epoch != a.epoch)
            a = agent{};
        else if (s.late != 0 && rules_.relaunch_young)
            settle(s, a, a.epoch);
        else if (a.adopted != 0)
            a = agent{doing::launching, a.epoch, a.series, 0, 0, 0};
        else
            next_attempt(s, a);
    }

    /// What may have been launched, and forgotten, is not launched again.
    void settle(state& s, agent& a, std::uint8_t epoch) const {
        if (find_live(s, a, epoch)) return;
        a = agent{doing::reporting, epoch, 0, 0, 0, 0};
        report(s, a);
    }

    bool find_live(state const& s, agent& a, std::uint8_t epoch) const {
        bool found = false;
        std::uint8_t const adopted = rules_.count_attempts ? 0 : 1;
        each_token(s, epoch, [&](token const& t, unsigned series, unsigned attempt) {
            if (found || !is_live(t)) return;
            found = true;
            a = agent{doing::following, epoch, static_cast<std::uint8_t>(series), static_cast<std::uint8_t>(attempt), 0,
                      adopted};
        });
        return found;
    }

    /// Reads the run again; it is reported as failed unless it is settled, or waits for a claim.
    void report(state& s, agent& a) const {
        bool const over = is_final(s) || s.run == life::scheduled || (rules_.report_own_epoch && s.epoch != a.epoch);
        if (rules_.reread_to_report && over) {
            a = agent{};
            return;
        }
        a = agent{doing::reporting, a.epoch, 0, 0, 0, 0};
        if (rules_.reread_to_report && in_.at_once) write_failed(s, a);
    }

    static void write_failed(state& s, agent& a) {
        if (is_final(s)) s.harmed |= overwritten;
        if (s.epoch != a.epoch) s.harmed |= wrong_epoch;
        if (has_live(s, a.epoch)) s.harmed |= failed_alive;
        s.run = life::failed;
        s.late = 0;
        a = agent{};
    }

    [[nodiscard]] static token const& token_of(state const& s, agent const& a) {
        return s.tokens[a.epoch][a.series][a.attempt];
    }
    [[nodiscard]] static token& token_of(state& s, agent const& a) { return s.tokens[a.epoch][a.series][a.attempt]; }

    rules rules_;
    surroundings in_;
};

} // namespace model

#endif
