#ifndef FARGATE_TESTING_PREFECT_STORE_HPP
#define FARGATE_TESTING_PREFECT_STORE_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/prefect_state.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// One state that a run has been in.
struct state_entry {
    std::string type{};
    std::string message{};
    std::string agent_id{}; ///< of the agent that set it; empty when no agent did
    json::value state{};
    time_point at{};
};

/// One line of a run's own log.
struct run_log {
    std::string flow_run_id{};
    std::string name{};
    std::string level{};
    std::string message{};
    time_point at{};
};

/// One registered agent.
struct known_agent {
    std::string id{};
    json::value row{};
    std::string identity{};
    std::optional<time_point> last_queried{};
};

/// The tables of a Prefect server and the rules by which runs move; not guarded, the fake in front of it is.
class prefect_store {
public:
    static constexpr std::size_t queue_page = 25;

    std::string tenant_id = "72940fd6-5183-4fa4-a2c0-495b0d1f83ed";
    duration submitted_lock{};    ///< a second Submitted within this time is refused; 30 s from Server 2021-10-21 on
    bool version_locking = false; ///< a state that is sent with another version than the run's is refused

    std::vector<known_agent> agents{};
    std::vector<run_log> logs{};
    std::vector<json::value> agent_configs{};

    /// Takes a row as the metadata query answers it and fills in the other columns: tenant, labels (the row's own, else
    /// those of its run configuration, else of the environment), and what follows from the serialized states.
    void add(json::value row, time_point now) {
        auto const fill = [&](json::value& of, char const* name, json::value made) {
            if (json::member(of, name) == nullptr) json::set(of, name, std::move(made));
        };
        fill(row, "tenant_id", tenant_id);
        fill(row, "version", 1);
        fill(row, "labels", labels_of(row));
        fill(row, "created", text::iso8601(now));
        fill(row, "times_resurrected", 0);
        if (auto const* const flow = json::object_of(row, "flow"))
            fill(row, "flow_id", std::string{json::text_of(*flow, "id").value_or("")});
        fill_state(row, now);
        json::value tasks = json::value::array();
        if (auto const* const given = json::array_of(row, "task_runs"))
            for (auto each : *given) {
                fill(each, "flow_run_id", std::string{json::text_of(row, "id").value_or("")});
                fill(each, "version", 1);
                fill_state(each, now);
                tasks.push_back(std::move(each));
            }
        json::set(row, "task_runs", std::move(tasks));
        fill(row, "scheduled_start_time", text::iso8601(now));
        std::string const id{json::text_of(row, "id").value_or("")};
        history_[id].push_back(entry_of(row, {}, now));
        index_[id] = flow_runs_.size();
        flow_runs_.push_back(std::move(row));
        enqueue(flow_runs_.back());
    }

    /// In the order in which they were added.
    [[nodiscard]] std::vector<json::value> const& flow_runs() const noexcept { return flow_runs_; }

    [[nodiscard]] json::value const* find_flow_run(std::string_view id) const {
        auto const found = index_.find(id);
        return found == index_.end() ? nullptr : &flow_runs_[found->second];
    }

    /// The flow runs that a `where` may select, in the same order: those of the ids that it asks for, else all.
    [[nodiscard]] std::vector<json::value const*> candidates(json::value const& where) const {
        std::vector<json::value const*> rows;
        auto const* const id = json::object_of(where, "id");
        auto const* const ids = id != nullptr ? json::array_of(*id, "_in") : nullptr;
        if (ids == nullptr) {
            for (auto const& each : flow_runs_) rows.push_back(&each);
            return rows;
        }
        std::set<std::size_t> found;
        for (auto const& each : *ids)
            if (auto const at = index_.find(json::as_text(each).value_or("")); at != index_.end())
                found.insert(at->second);
        for (auto const at : found) rows.push_back(&flow_runs_[at]);
        return rows;
    }

    [[nodiscard]] std::vector<state_entry> history(std::string_view id) const {
        auto const found = history_.find(id);
        return found == history_.end() ? std::vector<state_entry>{} : found->second;
    }

    /// The ids that are due for an agent of those labels, a page at most.
    [[nodiscard]] std::vector<std::string> queue(std::string_view tenant, std::vector<std::string> const& labels,
                                                 text::instant before) const {
        std::vector<std::string> ids;
        std::size_t due = 0;
        for (auto const& [start, number] : waiting_) {
            json::value const& row = flow_runs_[number];
            if (json::text_of(row, "tenant_id") != tenant) continue;
            auto const state = json::text_of(row, "state").value_or("");
            bool wanted = is_scheduled_state(state) && is_due(row, before);
            if (state == "Running")
                for (auto const& task : *json::array_of(row, "task_runs"))
                    wanted = wanted ||
                             (is_scheduled_state(json::text_of(task, "state").value_or("")) && is_due(task, before));
            if (!wanted) continue;
            // The server fetches three pages and drops what the labels forbid, so runs beyond those three are not seen.
            if (ids.size() == queue_page || due++ == queue_page * 3) break;
            auto const* const own = json::array_of(row, "labels");
            bool const bare = own == nullptr || own->empty();
            if (bare != labels.empty() && bare) continue;
            bool const subset =
                bare || std::all_of(own->begin(), own->end(), [&](json::value const& label) {
                    return std::find(labels.begin(), labels.end(), json::as_text(label).value_or("")) != labels.end();
                });
            if (subset) ids.emplace_back(json::text_of(row, "id").value_or(""));
        }
        return ids;
    }

    /// Moves a flow run. The errors are the server's words.
    [[nodiscard]] result<void> set_flow_run_state(std::string_view id, json::value const& state,
                                                  std::optional<std::int64_t> version, std::string const& agent_id,
                                                  time_point now) {
        if (auto wrong = refuse_state(state)) return fail(errc::service_error, std::move(*wrong));
        auto const type = json::text_of(state, "type").value_or("");
        json::value* const row = find(id);
        bool const locked =
            row != nullptr && version_locking && version && version != json::integer_of(*row, "version");
        if (row == nullptr || locked) {
            error why = fail(errc::service_error, "State update failed for flow run ID " + std::string{id});
            if (locked) why.service_code = "VERSION_LOCKING_ERROR";
            return why;
        }
        if (type == "Submitted" && submitted_lock > duration::zero()) {
            auto& until = submitted_until_[std::string{id}];
            if (now < until)
                return fail(errc::service_error, "State update failed: this run has already been submitted.");
            until = now + submitted_lock;
        }
        move_run(*row, state, now);
        if (type == "Running" || type == "Submitted") json::set(*row, "heartbeat", text::iso8601(now));
        bool const known =
            std::any_of(agents.begin(), agents.end(), [&](auto const& each) { return each.id == agent_id; });
        if (type == "Submitted" && known) json::set(*row, "agent_id", agent_id);
        history_[std::string{id}].push_back(entry_of(*row, agent_id, now));
        if (type == "Cancelled")
            for (auto& task : tasks_of(*row))
                if (!is_finished_state(json::text_of(task, "state").value_or(""))) move(task, state, now);
        return {};
    }

    [[nodiscard]] result<void> set_task_run_state(std::string_view id, json::value const& state, time_point now) {
        if (auto wrong = refuse_state(state)) return fail(errc::service_error, std::move(*wrong));
        for (auto& row : flow_runs_)
            for (auto& task : tasks_of(row)) {
                if (json::text_of(task, "id") != id) continue;
                if (json::text_of(state, "type") == "Running" && json::text_of(row, "state") != "Running")
                    return fail(errc::service_error, "State update failed for task run ID " + std::string{id} +
                                                         ": provided a running state but associated flow run " +
                                                         std::string{json::text_of(row, "id").value_or("")} +
                                                         " is not in a running state.");
                move(task, state, now);
                return {};
            }
        return fail(errc::service_error, "State update failed for task run ID " + std::string{id});
    }

    [[nodiscard]] result<void> beat(std::string_view id, time_point now) {
        json::value* const row = find(id);
        if (row == nullptr) return fail(errc::service_error, "Invalid flow run ID");
        json::set(*row, "heartbeat", text::iso8601(now));
        ++beats_[std::string{id}];
        return {};
    }
    [[nodiscard]] std::size_t beats(std::string_view id) const {
        auto const found = beats_.find(id);
        return found == beats_.end() ? 0 : found->second;
    }

    /// What the server's Lazarus does every ten minutes: runs that are Submitted or Running, have been silent for
    /// `silence` and have no task run under way are scheduled again, three times at most. Returns how many.
    std::size_t raise_silent_runs(duration silence, time_point now) {
        std::size_t raised = 0;
        for (auto& row : flow_runs_) {
            auto const state = json::text_of(row, "state").value_or("");
            if (state != "Submitted" && state != "Running") continue;
            auto const beat = text::parse_iso8601(json::text_of(row, "heartbeat").value_or(""));
            if (beat && *beat > now - silence) continue;
            auto const& tasks = tasks_of(row);
            bool const busy = std::any_of(tasks.begin(), tasks.end(), [](json::value const& each) {
                auto const of = json::text_of(each, "state").value_or("");
                return of == "Running" || of == "Submitted" || of == "Queued";
            });
            auto const times = json::integer_of(row, "times_resurrected").value_or(0);
            if (busy || times >= 3) continue;
            json::value scheduled = prefect_state("Scheduled", "Rescheduled by a Lazarus process.");
            json::set(scheduled, "start_time", text::iso8601(now));
            move_run(row, scheduled, now);
            json::set(row, "times_resurrected", times + 1);
            history_[std::string{json::text_of(row, "id").value_or("")}].push_back(entry_of(row, {}, now));
            ++raised;
        }
        return raised;
    }

private:
    [[nodiscard]] json::value* find(std::string_view id) { return const_cast<json::value*>(find_flow_run(id)); }

    /// Its place in `waiting_`: runs that began to wait at the same time come in the order in which they were added.
    [[nodiscard]] std::pair<std::string, std::size_t> place_of(json::value const& row) const {
        return {std::string{json::text_of(row, "state_start_time").value_or("~")},
                static_cast<std::size_t>(&row - flow_runs_.data())};
    }
    void enqueue(json::value const& row) {
        auto const state = json::text_of(row, "state").value_or("");
        bool const has_tasks = !json::array_of(row, "task_runs")->empty();
        if (is_scheduled_state(state) || (state == "Running" && has_tasks)) waiting_.insert(place_of(row));
    }
    void move_run(json::value& row, json::value const& state, time_point now) {
        waiting_.erase(place_of(row));
        move(row, state, now);
        enqueue(row);
    }

    static json::value::array_t& tasks_of(json::value& row) {
        return *const_cast<json::value*>(json::array_of(row, "task_runs"))->get_ptr<json::value::array_t*>();
    }

    static bool is_due(json::value const& row, text::instant before) {
        auto const start = text::parse_iso8601(json::text_of(row, "state_start_time").value_or(""));
        return start && *start <= before;
    }

    static json::value labels_of(json::value const& row) {
        auto const* const flow = json::object_of(row, "flow");
        json::value const* const sources[] = {
            json::object_of(row, "run_config"),
            flow != nullptr ? json::object_of(*flow, "run_config") : nullptr,
            flow != nullptr ? json::object_of(*flow, "environment") : nullptr,
        };
        for (auto const* each : sources)
            if (each != nullptr)
                if (auto const* const labels = json::array_of(*each, "labels")) return *labels;
        return json::value::array();
    }

    static state_entry entry_of(json::value const& row, std::string agent_id, time_point now) {
        auto const* const state = json::object_of(row, "serialized_state");
        return {std::string{json::text_of(row, "state").value_or("")},
                std::string{json::text_of(row, "state_message").value_or("")}, std::move(agent_id),
                state != nullptr ? *state : json::value{}, now};
    }

    /// State columns of a new row. A wrapped state lends its start time, so that recorded rows answer as recorded.
    static void fill_state(json::value& row, time_point now) {
        auto const* const state = json::object_of(row, "serialized_state");
        if (state == nullptr) {
            json::value made = prefect_state("Scheduled", "Flow run scheduled.");
            json::set(made, "start_time",
                      std::string{json::text_of(row, "scheduled_start_time").value_or(text::iso8601(now))});
            json::set(row, "serialized_state", std::move(made));
            return fill_state(row, now);
        }
        auto start = json::text_of(*state, "start_time");
        if (auto const* const inner = json::object_of(*state, "state"); inner != nullptr && !start)
            start = json::text_of(*inner, "start_time");
        json::value const kept = *state;
        if (json::member(row, "state_start_time") == nullptr)
            json::set(row, "state_start_time", start ? json::value(std::string{*start}) : json::value{});
        if (json::member(row, "state") == nullptr)
            json::set(row, "state", std::string{json::text_of(kept, "type").value_or("")});
        json::set(row, "state_message", std::string{json::text_of(kept, "message").value_or("")});
        json::set(row, "state_timestamp", text::iso8601(now));
        json::set(row, "updated", text::iso8601(now));
        json::set(row, "states", json::value::array({past_state(row)}));
    }

    /// The state it is in, as a row of the table of states.
    static json::value past_state(json::value const& row) {
        json::value made = json::value::object();
        for (auto const& [column, of_run] : {std::pair{"version", "version"},
                                             {"state", "state"},
                                             {"timestamp", "state_timestamp"},
                                             {"message", "state_message"},
                                             {"start_time", "state_start_time"}}) {
            auto const* const cell = json::member(row, of_run);
            json::set(made, column, cell != nullptr ? *cell : json::value{});
        }
        return made;
    }

    static void move(json::value& row, json::value const& state, time_point now) {
        json::set(row, "version", json::integer_of(row, "version").value_or(0) + 1);
        json::set(row, "state", std::string{json::text_of(state, "type").value_or("")});
        json::set(row, "state_message", std::string{json::text_of(state, "message").value_or("")});
        json::set(row, "state_timestamp", text::iso8601(now));
        auto const start = json::text_of(state, "start_time");
        json::set(row, "state_start_time", start ? json::value(std::string{*start}) : json::value{});
        json::set(row, "serialized_state", state);
        json::set(row, "updated", text::iso8601(now));
        auto const type = json::text_of(row, "state").value_or("");
        if (type == "Running" && json::member(row, "start_time") == nullptr)
            json::set(row, "start_time", text::iso8601(now));
        if (is_finished_state(type)) json::set(row, "end_time", text::iso8601(now));
        row["states"].push_back(past_state(row));
    }

    std::vector<json::value> flow_runs_;
    std::map<std::string, std::size_t, std::less<>> index_; ///< of flow runs, by id
    std::set<std::pair<std::string, std::size_t>> waiting_; ///< flow runs that can become due, by start and index
    std::map<std::string, std::vector<state_entry>, std::less<>> history_;
    std::map<std::string, std::size_t, std::less<>> beats_;
    std::map<std::string, time_point> submitted_until_;
};

} // namespace fargate::inline v0::testing

#endif
