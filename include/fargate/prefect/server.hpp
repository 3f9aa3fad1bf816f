#ifndef FARGATE_PREFECT_SERVER_HPP
#define FARGATE_PREFECT_SERVER_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/prefect/state.hpp>
#include <fargate/prefect/tenant.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/system/random.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

namespace detail {

/// `['a', 'b']`, as the original's log lines list ids.
[[nodiscard]] inline std::string listed(std::span<std::string const> ids) {
    std::string text = "[";
    for (auto const& each : ids) text += (text.size() == 1 ? "'" : ", '") + each + "'";
    return text + "]";
}

[[nodiscard]] inline bool is_among(std::span<std::string const> ids, std::string_view id) noexcept {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

} // namespace detail

/// How far ahead runs are asked for with `settings::prefetch`.
inline constexpr std::chrono::seconds prefetched{10};

/// The `flow_source` of Prefect 0.13 to 1.x: a Server or Cloud with its GraphQL API. Keeps references to its policies,
/// which must outlive it and serve as many threads as call it.
template <http_policy Http, clock_policy Clock, log_policy Log>
class server {
public:
    using run = flow_run;

    server(Http& http, Clock& clock, Log& log, settings options, random_source bits = random_bits) :
        clock_{&clock}, log_{&log}, options_{std::move(options)}, client_{http, clock, options_, bits} {}
    server(server const&) = delete;
    server& operator=(server const&) = delete;

    /// Makes this agent known and greets the API: `enroll`, then `greet`.
    [[nodiscard]] result<void> open(std::stop_token stop = {}) {
        if (auto enrolled = enroll(stop); !enrolled) return enrolled;
        return greet(stop);
    }

    /// Cloud: checks the token's scope, unless there is a key. Then finds the tenant, registers, and checks the agent config when one is configured. On the server
    /// backend a registration that fails is a warning, and `poll` tries again; everywhere else it is an error.
    [[nodiscard]] result<void> enroll(std::stop_token stop = {}) {
        if (!client_.where()) return client_.where().error();
        if (options_.backend == backend::cloud)
            if (auto allowed = check_token(stop); !allowed) return allowed;
        auto done = register_agent(stop);
        if (done || !is_forgiven(done.error())) return done;
        log_->write(log_level::warning, "Unable to register agent to " + api() +
                                            ". Make sure the server is running on the latest version.");
        log_->write(log_level::warning, "It will be tried again: " + done.error().message);
        return {};
    }

    /// Says hello. An API that does not answer is worth two lines in the log, and no error: polling goes on until it does.
    [[nodiscard]] result<void> greet(std::stop_token stop = {}) {
        log_->write(log_level::info, "Agent connecting to the Prefect API at " + api());
        if (auto const answer = client_.call(hello_query(), stop); !answer) {
            if (answer.error().code == errc::cancelled) return answer.error();
            log_->write(log_level::error, "There was an error connecting to " + api());
            log_->write(log_level::error, answer.error().message);
        }
        return {};
    }

    /// The runs that are due, the earliest first, without those in `busy`. `errc::bad_configuration` when a server has no
    /// tenant yet.
    [[nodiscard]] result<std::vector<run>> poll(std::span<std::string const> busy, std::stop_token stop = {}) {
        if (auto ready = catch_up(stop); !ready) return ready.error();
        auto const now = clock_->now();
        auto const wanted = queued(now, busy, stop);
        if (!wanted) return wanted.error();
        if (wanted->empty()) return std::vector<run>{};
        return metadata(*wanted, now, stop);
    }

    /// Moves the run to Submitted when it is Scheduled, then each of its due task runs likewise, one request each. Lost
    /// when the API says that another agent was first (the text `State update failed`, or the code
    /// `VERSION_LOCKING_ERROR`: the run has moved on since the poll), or when nothing is left to submit.
    /// An error after a part of it succeeded leaves a run that is ours and not launched: tell it with `failed`.
    [[nodiscard]] result<fargate::claim> claim(run const& wanted) {
        (void)forget(wanted.id);
        log_->write(log_level::debug, "Updating states for flow run " + wanted.id);
        auto const flow = submit("Flow run ", wanted.id, wanted.state, [&](json::value const& state) {
            return set_flow_state(wanted, wanted.version,
                                  submitted_state(state, "Submitted for execution", options_.core_version));
        });
        if (!flow) return lost_or(flow.error());
        bool won = *flow;
        if (won) moved(wanted.id);
        for (auto const& each : wanted.task_runs) {
            auto const task = submit("Task run ", each.id, each.state, [&](json::value const& state) {
                return set_task_state(each, submitted_state(state, "Submitted for execution.", options_.core_version));
            });
            if (!task) return lost_or(task.error());
            won = won || *task;
        }
        if (won) {
            moved(wanted.id);
            return fargate::claim{};
        }
        return fargate::claim{
            fargate::claim::outcome::lost, "neither it nor a task run of it waits to be submitted", {}};
    }

    /// Tells the run's log which task it became.
    [[nodiscard]] result<void> launched(run const& ours, std::string_view handle) {
        (void)forget(ours.id);
        return note(ours, log_level::info, "Submitted for execution: Task ARN: " + std::string{handle});
    }

    /// Writes the reason into the run's log and sets the run to Failed, with its version as long as the claim has not made
    /// that an old one. Both are attempted; the error is that of the state when both fail.
    [[nodiscard]] result<void> failed(run const& ours, std::string_view reason) {
        auto noted = note(ours, log_level::error, reason);
        auto state = failed_state(reason, options_.core_version);
        auto set = forget(ours.id) ? set_flow_state(ours, std::nullopt, std::move(state))
                                   : set_flow_state(ours, ours.version, std::move(state));
        if (!set && !noted) set.error().message += ", nor could its log be written";
        return set ? noted : set;
    }

    /// One line in the run's own log, cut to `longest_message`.
    [[nodiscard]] result<void> note(run const& about, log_level level, std::string_view text) {
        auto const answer = client_.call(write_run_log_mutation(about.id, options_.name, level, bounded_message(text)));
        if (!answer) return answer.error();
        return read_success(*answer, "write_run_logs");
    }

    /// Keeps the API from taking the run for dead while its task starts.
    [[nodiscard]] result<void> heartbeat(run const& ours) {
        auto const answer = client_.call(heartbeat_mutation(ours.id));
        if (!answer) return answer.error();
        return read_success(*answer, "update_flow_run_heartbeat");
    }

private:
    [[nodiscard]] std::string api() const { return std::string{api_of(options_)}; }

    [[nodiscard]] result<void> check_token(std::stop_token stop) {
        if (allowed_ || !options_.api_key.empty()) return {};
        if (options_.token.empty()) return fail(errc::unauthorized, "No agent API token provided.");
        auto const answer = client_.call(token_scope_query(), stop);
        if (!answer) return answer.error();
        if (read_token_scope(*answer) != "RUNNER")
            return fail(errc::unauthorized, "Provided token does not have a RUNNER scope.");
        allowed_ = true;
        return {};
    }

    /// Whose runs are ours, asked for until it is known.
    [[nodiscard]] result<void> learn_tenant(std::stop_token stop) {
        if (tenant_found_) return {};
        auto found = find_tenant(client_, options_, stop);
        if (!found) return found.error();
        tenant_id_ = *std::move(found);
        tenant_found_ = true;
        return {};
    }

    [[nodiscard]] result<void> register_agent(std::stop_token stop) {
        if (auto found = learn_tenant(stop); !found) return found;
        if (!known_) {
            auto const answer = client_.call(register_agent_mutation(options_, tenant_id_), stop);
            if (!answer) return answer.error();
            auto id = read_agent_id(*answer);
            if (!id) return id.error();
            log_->write(log_level::debug, "Agent ID: " + *id);
            client_.identify(*std::move(id));
            known_ = true;
        }
        if (!options_.agent_config_id.empty()) {
            auto const answer = client_.call(agent_config_query(options_.agent_config_id), stop);
            if (!answer) return answer.error();
            auto const exists = read_agent_config(*answer);
            if (!exists) return exists.error();
            if (!*exists)
                return fail(errc::not_found, "there is no agent config " + options_.agent_config_id + " at " + api() +
                                                 ": check agent_config_id");
        }
        enrolled_ = true;
        return {};
    }

    /// A server that cannot register us now may be able to later; a config that does not exist will not come to be.
    [[nodiscard]] bool is_forgiven(error const& why) const noexcept {
        return options_.backend == backend::server && why.code != errc::not_found && why.code != errc::cancelled;
    }

    /// Before a poll: what `enroll` could not do. Polling needs a tenant, but not a registration: when the API answers and
    /// refuses that, it may still hand out runs.
    [[nodiscard]] result<void> catch_up(std::stop_token stop) {
        if (enrolled_) return {};
        auto done = register_agent(stop);
        if (done) {
            log_->write(log_level::info, "Agent registered to " + api());
            return done;
        }
        bool const answered = done.error().http_status != 0 || done.error().code == errc::malformed_response;
        if (is_forgiven(done.error()) && answered && !tenant_id_.empty()) return {};
        return done;
    }

    /// The ids that the queue offers and that are not busy, each once.
    [[nodiscard]] result<std::vector<std::string>> queued(time_point now, std::span<std::string const> busy,
                                                          std::stop_token stop) {
        log_->write(log_level::debug, "Querying for flow runs");
        auto const before = text::iso8601(options_.prefetch ? now + prefetched : now);
        auto const answer = client_.call(runs_in_queue_mutation(before, options_.labels, tenant_id_), stop);
        if (!answer) return answer.error();
        auto const offered = read_runs_in_queue(*answer);
        if (!offered) return offered.error();
        std::vector<std::string> fresh;
        std::vector<std::string> submitting;
        for (auto const& id : *offered) {
            auto& list = detail::is_among(busy, id) ? submitting : fresh;
            if (!detail::is_among(list, id)) list.push_back(id);
        }
        std::string line = offered->empty() ? "No flow runs found" : "Found flow runs " + detail::listed(*offered);
        if (!submitting.empty())
            line +=
                " (" + std::to_string(submitting.size()) + " already submitting: " + detail::listed(submitting) + ")";
        log_->write(log_level::debug, line);
        return fresh;
    }

    /// The metadata of those of `ids` that are still due, ordered by their scheduled start as text.
    [[nodiscard]] result<std::vector<run>> metadata(std::span<std::string const> ids, time_point now,
                                                    std::stop_token stop) {
        log_->write(log_level::debug, "Querying flow run metadata");
        auto const due = text::iso8601(now - std::chrono::seconds{3});
        auto answer = client_.call(flow_runs_query(ids, due, run_configs_), stop);
        if (!answer && run_configs_ == run_configs::of_runs_and_flows && lacks_run_configs(answer.error())) {
            run_configs_ = run_configs::of_flows;
            log_->write(log_level::debug, "The Prefect API knows no run_config of flow runs: their flows' own count");
            answer = client_.call(flow_runs_query(ids, due, run_configs_), stop);
        }
        if (!answer) return answer.error();
        auto runs = read_flow_runs(*answer);
        if (!runs) return runs;
        std::erase_if(*runs, [&](run const& each) { return !detail::is_among(ids, each.id); });
        if (options_.prefetch)
            for (auto& each : *runs)
                if (auto const start = due_time_of(each)) each.not_before = std::min(*start, now + prefetched);
        std::stable_sort(runs->begin(), runs->end(), [](run const& left, run const& right) {
            return left.scheduled_start_time < right.scheduled_start_time;
        });
        return runs;
    }

    /// Calls `set` when the state is Scheduled; true when it was and the API took the new one.
    template <class Set>
    [[nodiscard]] result<bool> submit(char const* what, std::string const& id, json::value const& state, Set set) {
        auto const scheduled = is_scheduled(state);
        if (!scheduled) {
            auto why = scheduled.error();
            why.message = std::string{what} + id + " cannot be submitted: " + why.message;
            return why;
        }
        if (!*scheduled) return false;
        log_->write(log_level::debug, what + id + " is in a Scheduled state, updating to Submitted");
        if (auto const done = set(state); !done) return done.error();
        return true;
    }

    [[nodiscard]] static result<fargate::claim> lost_or(error const& why) {
        if (why.code != errc::lost_claim && why.service_code != version_lock) return why;
        return fargate::claim{fargate::claim::outcome::lost, why.message, {}};
    }

    [[nodiscard]] result<void> set_flow_state(run const& of, std::optional<std::int64_t> version, json::value state) {
        auto const answer = client_.call(set_flow_run_state_mutation(of.id, version, std::move(state)));
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_flow_run_states");
    }

    [[nodiscard]] result<void> set_task_state(task_run const& of, json::value state) {
        auto const answer = client_.call(set_task_run_state_mutation(of.id, of.version, std::move(state)));
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_task_run_states");
    }

    /// Notes that the claim gave a run a new version.
    void moved(std::string const& id) {
        std::scoped_lock const lock{mutex_};
        moved_.insert(id);
    }

    /// Ends that note; true when there was one.
    [[nodiscard]] bool forget(std::string const& id) {
        std::scoped_lock const lock{mutex_};
        return moved_.erase(id) != 0;
    }

    Clock* clock_;
    Log* log_;
    settings options_;
    client<Http, Clock> client_;

    std::string tenant_id_;     ///< as what follows, only touched by the thread that opens and polls
    bool allowed_ = false;      ///< the token's scope is the right one
    bool tenant_found_ = false; ///< there is a tenant, or none is needed
    bool known_ = false;        ///< registered
    bool enrolled_ = false;     ///< registered, and the agent config was found
    run_configs run_configs_ = run_configs::of_runs_and_flows; ///< until the API refuses

    std::mutex mutex_;
    std::set<std::string> moved_; ///< runs that were claimed here, until they are launched or failed
};

} // namespace fargate::inline v0::prefect

#endif
