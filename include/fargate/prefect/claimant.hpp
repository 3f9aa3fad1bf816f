#ifndef FARGATE_PREFECT_CLAIMANT_HPP
#define FARGATE_PREFECT_CLAIMANT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/claim_failure.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/prefect/run_states.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/prefect/state.hpp>
#include <fargate/prefect/state_queries.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

/// Makes runs ours. Keeps references to all it is given.
template <http_policy Http, clock_policy Clock, log_policy Log>
class claimant {
public:
    claimant(client<Http, Clock>& api, Log& log, settings const& options) :
        api_{&api}, log_{&log}, options_{&options}, states_{api} {}

    /// Moves the run to Submitted when it is Scheduled, then each of its due task runs likewise, one request each.
    /// - Lost when the API says that another agent was first (the text `State update failed`, or the code
    ///   `VERSION_LOCKING_ERROR`: the run has moved on since the poll), when nothing is left to submit, and when it was not
    ///   claimed for a reason that is not the run's: the next poll offers it again.
    /// - An answer that is lost or unreadable is replaced by a look at the run: it is ours when it is Submitted and carries our
    ///   agent id. Unclear when that cannot be had or does not tell.
    /// With `look` the run is looked at first, and is lost when it has moved on since it was offered.
    /// An error after a part of it succeeded leaves a run that is ours and not launched: tell it with `failed`.
    [[nodiscard]] result<fargate::claim> claim(flow_run const& wanted, std::stop_token stop, bool look = false) {
        if (stop.stop_requested()) return stopping();
        log_->write(log_level::debug, "Updating states for flow run " + wanted.id);
        auto const flow = submit_flow(wanted, look, false, stop);
        if (!flow) return flow.error();
        if (flow->ended) return *flow->ended;
        bool won = flow->submitted;
        for (auto const& each : wanted.task_runs) {
            auto const task = submit_task(each, flow->submitted, won, look, stop);
            if (!task) return task.error();
            if (task->ended) return *task->ended;
            won = won || task->submitted;
        }
        if (won) return fargate::claim{};
        return told(outcome::lost, "neither it nor a task run of it waits to be submitted");
    }

    /// The same for several, in their order: one request moves all that are Scheduled themselves and have no task runs beside
    /// them. When that fails, each of them is looked at, and one that still waits is claimed by itself: the API carries out
    /// what it can, tells the first failure without saying whose it is, and may go on meanwhile. Needs an agent id.
    [[nodiscard]] std::vector<result<fargate::claim>> claim_all(std::span<flow_run const* const> wanted,
                                                                std::stop_token stop) {
        std::vector<state_change> changes;
        std::vector<bool> together;
        for (auto const* const each : wanted) {
            auto const waiting = is_scheduled(each->state);
            together.push_back(waiting && *waiting && each->task_runs.empty());
            if (!together.back()) continue;
            log_->write(log_level::debug, "Updating states for flow run " + each->id);
            tell_scheduled("Flow run ", each->id);
            changes.push_back({each->id, each->version, submitted(*each)});
        }
        bool unsettled = false;
        std::optional<result<void>> set;
        if (!changes.empty() && !stop.stop_requested())
            set = states_.set_flow_runs(std::move(changes), stop, &unsettled);

        bool silent = false; // the first look that gets no answer is the last
        std::vector<result<fargate::claim>> made;
        for (std::size_t i = 0; i != wanted.size(); ++i) {
            if (!together[i] || !set) {
                made.push_back(claim(*wanted[i], stop));
            } else if (*set) {
                made.emplace_back(fargate::claim{});
            } else if (silent) {
                made.emplace_back(unclear(set->error(), "nor could another run be looked at"));
            } else {
                made.push_back(claim_after(*wanted[i], set->error(), unsettled, stop));
                silent = made.back() && made.back()->kind == outcome::unclear;
            }
        }
        return made;
    }

private:
    using outcome = fargate::claim::outcome;

    /// What became of one request of a claim.
    struct step {
        bool submitted = false;                ///< it was to be, and is
        std::optional<fargate::claim> ended{}; ///< there is no going on
    };

    [[nodiscard]] static fargate::claim told(outcome kind, std::string reason) { return {kind, std::move(reason), {}}; }

    [[nodiscard]] static fargate::claim stopping() {
        return told(outcome::lost, "it was not claimed: the agent is stopping");
    }

    [[nodiscard]] json::value submitted(flow_run const& wanted) const {
        return submitted_state(wanted.state, "Submitted for execution", options_->core_version);
    }

    /// Whose the run is after a request for several that failed.
    [[nodiscard]] result<fargate::claim> claim_after(flow_run const& wanted, error const& why, bool unsettled,
                                                     std::stop_token const& stop) {
        auto const failure = claim_failure_of(why, unsettled);
        if (failure == claim_failure::not_made) return not_claimed(why);
        bool const maybe = failure != claim_failure::refused;
        if (maybe)
            if (auto known = look_at(wanted, why, stop)) return known->submitted ? fargate::claim{} : *known->ended;
        if (stop.stop_requested()) return stopping();
        auto const flow = submit_flow(wanted, false, maybe, stop);
        if (!flow) return flow.error();
        return flow->submitted ? fargate::claim{} : *flow->ended;
    }

    /// Whose the run is by now, where no answer told; nothing when it waits as it did when it was offered.
    [[nodiscard]] std::optional<step> look_at(flow_run const& wanted, error const& why, std::stop_token const& stop) {
        auto const now = states_.read("flow_run", wanted.id, stop);
        if (!now) return step{false, unclear(why, "nor could it be looked at: " + now.error().message)};
        if (!*now) return step{false, told(outcome::lost, "the Prefect API does not know it any more")};
        auto const& [version, type, agent] = **now;
        if (type == "Submitted") {
            auto const own = api_->agent_id();
            if (own.empty() || agent.empty())
                return step{false, unclear(why, "it is Submitted, and nothing tells by whom")};
            if (agent == own) return step{true, {}};
            return step{false, told(outcome::lost, "the agent " + agent + " has it")};
        }
        if (life_of(type) != run_life::waiting) return step{false, told(outcome::lost, "it is " + type + " by now")};
        if (version != wanted.version) return step{false, not_claimed(why)};
        return std::nullopt;
    }

    void tell_scheduled(char const* what, std::string const& id) {
        log_->write(log_level::debug, what + id + " is in a Scheduled state, updating to Submitted");
    }

    /// Whether a state waits to be submitted.
    [[nodiscard]] result<bool> waits(char const* what, std::string const& id, json::value const& state) {
        auto scheduled = is_scheduled(state);
        if (!scheduled) {
            scheduled.error().message = std::string{what} + id + " cannot be submitted: " + scheduled.error().message;
        } else if (*scheduled) {
            tell_scheduled(what, id);
        }
        return scheduled;
    }

    /// `unsettled`: it was asked for before, and that may have been carried out or may be yet.
    [[nodiscard]] result<step> submit_flow(flow_run const& wanted, bool look, bool unsettled,
                                           std::stop_token const& stop) {
        auto const waiting = waits("Flow run ", wanted.id, wanted.state);
        if (!waiting) return waiting.error();
        if (!*waiting) return step{};
        if (look)
            if (auto gone = moved_on("flow_run", wanted.id, wanted.version, stop)) return step{false, std::move(gone)};
        auto const set = states_.set_flow_run(wanted.id, wanted.version, submitted(wanted), stop, &unsettled);
        if (set) return step{true, {}};
        auto const& why = set.error();
        switch (claim_failure_of(why, unsettled)) {
        case claim_failure::taken: return step{false, told(outcome::lost, why.message)};
        case claim_failure::refused: return why;
        case claim_failure::not_made: return step{false, not_claimed(why)};
        case claim_failure::open: break;
        }
        if (auto known = look_at(wanted, why, stop)) return *std::move(known);
        if (!unsettled && is_refusal(why)) return why;
        return step{false, not_claimed(why)};
    }

    /// `flow_won`: its flow run has just become ours, and with it all that is Submitted of it. `won`: some of it has.
    [[nodiscard]] result<step> submit_task(task_run const& wanted, bool flow_won, bool won, bool look,
                                           std::stop_token const& stop) {
        auto const waiting = waits("Task run ", wanted.id, wanted.state);
        if (!waiting) return waiting.error();
        if (!*waiting) return step{};
        if (look && !won)
            if (auto gone = moved_on("task_run", wanted.id, wanted.version, stop)) return step{false, std::move(gone)};
        bool unsettled = false;
        auto state = submitted_state(wanted.state, "Submitted for execution.", options_->core_version);
        auto const set = states_.set_task_run(wanted.id, wanted.version, std::move(state), stop, &unsettled);
        if (set) return step{true, {}};
        auto const& why = set.error();
        auto const missed = [&] {
            return step{false, won ? unclear(why, "a part of it is claimed") : not_claimed(why)};
        };
        switch (claim_failure_of(why, unsettled)) {
        case claim_failure::taken:
            return step{false, flow_won ? unclear(why, "a part of it is claimed") : told(outcome::lost, why.message)};
        case claim_failure::refused: return why;
        case claim_failure::not_made: return missed();
        case claim_failure::open: break;
        }
        auto const now = states_.read("task_run", wanted.id, stop);
        if (!now) return step{false, unclear(why, "nor could it be looked at: " + now.error().message)};
        if (!*now) return missed();
        if ((*now)->state == "Submitted") {
            if (flow_won) return step{true, {}};
            return step{false, unclear(why, "its task run is Submitted, and nothing tells by whom")};
        }
        bool const untouched = life_of((*now)->state) == run_life::waiting && (*now)->version == wanted.version;
        if (!unsettled && untouched && is_refusal(why)) return why;
        return missed();
    }

    /// How it was lost, unless it still is what it was.
    [[nodiscard]] std::optional<fargate::claim> moved_on(char const* table, std::string const& id, std::int64_t version,
                                                         std::stop_token const& stop) {
        auto const now = states_.read(table, id, stop);
        if (!now) return not_claimed(now.error());
        if (*now && (*now)->version == version) return std::nullopt;
        return told(outcome::lost, "it has moved on since it was offered");
    }

    /// The GraphQL layer said no, for good.
    [[nodiscard]] static bool is_refusal(error const& why) noexcept {
        return why.code == errc::service_error && why.http_status < 300 && !why.retryable;
    }

    [[nodiscard]] static fargate::claim not_claimed(error const& why) {
        return told(outcome::lost, "it was not claimed: " + why.message);
    }

    [[nodiscard]] static fargate::claim unclear(error const& why, std::string const& more) {
        return told(outcome::unclear, why.message + "; " + more);
    }

    client<Http, Clock>* api_;
    Log* log_;
    settings const* options_;
    run_states<Http, Clock> states_;
};

} // namespace fargate::inline v0::prefect

#endif
