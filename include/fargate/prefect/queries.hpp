#ifndef FARGATE_PREFECT_QUERIES_HPP
#define FARGATE_PREFECT_QUERIES_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Every operation of an agent, in the order of its life: how it is written, and how the `data` of its answer is read.
// Times are ISO 8601 text. Readers answer `errc::malformed_response` when what the API declares is not there.

namespace fargate::inline v0::prefect {

/// The class name that Prefect's UI and the identity of an agent know this one by.
inline constexpr std::string_view agent_type = "FargateAgent";

namespace detail {

[[nodiscard]] inline json::value text_or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(std::string{text});
}

/// `{"input": input}`
[[nodiscard]] inline json::value as_input(json::value input) {
    auto made = json::value::object();
    json::set(made, "input", std::move(input));
    return made;
}

/// `{"input": {list: [item]}}`
/// An input whose one member is a list.
[[nodiscard]] inline json::value as_input_of(std::string_view list, json::value items) {
    auto input = json::value::object();
    json::set(input, list, std::move(items));
    return as_input(std::move(input));
}

[[nodiscard]] inline json::value as_input_list(std::string_view list, json::value item) {
    auto items = json::value::array();
    items.push_back(std::move(item));
    return as_input_of(list, std::move(items));
}

/// A GraphQL string literal: JSON's escapes are GraphQL's.
[[nodiscard]] inline std::string literal(std::string_view text) { return json::write(json::value(std::string{text})); }

[[nodiscard]] inline error missing(std::string_view what) {
    return fail(errc::malformed_response, "the Prefect API's answer has no " + std::string{what});
}

/// The first row of the list `key`; nullptr when the list is empty.
[[nodiscard]] inline result<json::value const*> first_row(json::value const& data, std::string_view key) {
    auto const* const rows = json::array_of(data, key);
    if (rows == nullptr) return missing(key);
    auto const& list = *rows->get_ptr<json::value::array_t const*>();
    return list.empty() ? nullptr : &list.front();
}

} // namespace detail

// --- Cloud: what may the token do?

[[nodiscard]] inline operation token_scope_query() { return {"query { auth_info { api_token_scope } }"}; }

/// The scope, or empty text when the answer names none.
[[nodiscard]] inline std::string read_token_scope(json::value const& data) {
    auto const* const info = json::object_of(data, "auth_info");
    return std::string{info != nullptr ? json::text_of(*info, "api_token_scope").value_or("") : ""};
}

// --- Cloud: whose key is this?

[[nodiscard]] inline operation key_tenant_query() { return {"query { auth_info { tenant_id } }"}; }

/// The tenant of an API key. `errc::unauthorized` when it has none, which is so with a token that was given for a key.
[[nodiscard]] inline result<std::string> read_key_tenant(json::value const& data) {
    auto const* const info = json::object_of(data, "auth_info");
    if (info == nullptr || !info->contains("tenant_id")) return detail::missing("tenant_id in auth_info");
    if (json::member(*info, "tenant_id") == nullptr)
        return fail(errc::unauthorized, "the API key (--key) belongs to no tenant, for it is an API token: give it as "
                                        "one (--token), or make a key");
    auto const id = json::text_of(*info, "tenant_id");
    if (!id || id->empty() || !detail::fits_a_field(*id)) return detail::missing("usable tenant_id in auth_info");
    return std::string{*id};
}

// --- Server: whose runs are these?

[[nodiscard]] inline operation tenant_query() { return {"query { tenant { id } }"}; }

/// The first tenant's id, or empty text when there is none yet.
[[nodiscard]] inline result<std::string> read_tenant(json::value const& data) {
    auto const row = detail::first_row(data, "tenant");
    if (!row) return row.error();
    return std::string{*row != nullptr ? json::text_of(**row, "id").value_or("") : ""};
}

// --- Becoming known

[[nodiscard]] inline operation register_agent_mutation(settings const& options, std::string_view tenant_id) {
    auto labels = json::value::array();
    for (auto const& each : options.labels) labels.push_back(each);
    auto input = json::value::object();
    json::set_text(input, "type", agent_type);
    json::set(input, "name", options.name);
    json::set(input, "labels", std::move(labels));
    json::set(input, "tenant_id", detail::text_or_null(tenant_id));
    json::set(input, "agent_config_id", detail::text_or_null(options.agent_config_id));
    return {"mutation($input: register_agent_input!) { register_agent(input: $input) { id } }",
            detail::as_input(std::move(input))};
}

/// The id that every later request carries in a header field; it is safe to put there.
[[nodiscard]] inline result<std::string> read_agent_id(json::value const& data) {
    auto const* const agent = json::object_of(data, "register_agent");
    auto const id = agent != nullptr ? json::text_of(*agent, "id") : std::nullopt;
    if (!id || id->empty() || !detail::fits_a_field(*id)) return detail::missing("id for the agent it registered");
    return std::string{*id};
}

[[nodiscard]] inline operation agent_config_query(std::string_view id) {
    return {"query { agent_config(where: {id: {_eq: " + detail::literal(id) + "}}) { settings } }"};
}

/// True when the asked-for agent config exists. What it holds has no effect on this agent, and had none on the original.
[[nodiscard]] inline result<bool> read_agent_config(json::value const& data) {
    auto const row = detail::first_row(data, "agent_config");
    if (!row) return row.error();
    return *row != nullptr;
}

[[nodiscard]] inline operation hello_query() { return {"query { hello }"}; }

// --- Looking for work

/// Asks for the runs that are due before `before`. It also is the only sign of life that the backend sees.
[[nodiscard]] inline operation runs_in_queue_mutation(std::string_view before, std::vector<std::string> const& labels,
                                                      std::string_view tenant_id) {
    auto list = json::value::array();
    for (auto const& each : labels) list.push_back(each);
    auto input = json::value::object();
    json::set_text(input, "before", before);
    json::set(input, "labels", std::move(list));
    json::set(input, "tenant_id", detail::text_or_null(tenant_id));
    return {"mutation($input: get_runs_in_queue_input!) { get_runs_in_queue(input: $input) { flow_run_ids } }",
            detail::as_input(std::move(input))};
}

[[nodiscard]] inline result<std::vector<std::string>> read_runs_in_queue(json::value const& data) {
    auto const* const queue = json::object_of(data, "get_runs_in_queue");
    auto const* const ids = queue != nullptr ? json::array_of(*queue, "flow_run_ids") : nullptr;
    if (ids == nullptr) return detail::missing("flow_run_ids");
    std::vector<std::string> read;
    for (auto const& each : *ids) {
        auto const id = json::as_text(each);
        if (!id) return detail::missing("text in flow_run_ids");
        read.emplace_back(*id);
    }
    return read;
}

/// Whose run configuration is asked for.
enum class run_configs : unsigned char {
    of_flows,         ///< every backend knows it
    of_runs_and_flows ///< Cloud, and Server from 2021-01-05; older ones refuse the whole query
};

namespace detail {

/// `["a", "b"]`
[[nodiscard]] inline std::string literals(std::span<std::string const> texts) {
    std::string list;
    for (auto const& each : texts) list += (list.empty() ? "[" : ", ") + literal(each);
    return list.empty() ? "[]" : list + "]";
}

} // namespace detail

/// Asks for the metadata of these runs, as far as they are still Scheduled, or Running with task runs due by `due`. The
/// arguments are written into the text, as the recorded query has them. `read_flow_runs` reads the answer.
[[nodiscard]] inline operation flow_runs_query(std::span<std::string const> ids, std::string_view due,
                                               run_configs wanted) {
    std::string const is_due = "{state_start_time: {_lte: " + detail::literal(due) + "}}";
    return {"query { flow_run(where: { id: {_in: " + detail::literals(ids) +
            R"(}, _or: [ {state: {_eq: "Scheduled"}}, {state: {_eq: "Running"}, task_runs: )" + is_due +
            "} ] }) { id version state serialized_state parameters scheduled_start_time" +
            (wanted == run_configs::of_runs_and_flows ? " run_config" : "") +
            " flow { id name environment run_config storage version core_version } task_runs(where: " + is_due +
            ") { id version task_id serialized_state } } }"};
}

/// True when a backend refuses `flow_runs_query` because it keeps no run configuration with a run.
[[nodiscard]] inline bool lacks_run_configs(error const& why) noexcept {
    return why.http_status == 400 &&
           text::contains(why.message, R"(Cannot query field "run_config" on type "flow_run")");
}

// --- Looking at runs

/// Which columns of runs an API knows beside those that all know.
struct run_columns {
    run_configs configs = run_configs::of_runs_and_flows;
    bool histories = true; ///< a run's states, all of them
};

/// True when a backend refuses a query because it shows no histories.
[[nodiscard]] inline bool lacks_histories(error const& why) noexcept {
    return why.http_status == 400 && text::contains(why.message, R"(Cannot query field "states" on type )");
}

namespace detail {

/// What `read_run_views` reads of each run. The newest of its states that waited to be submitted tells the epoch: a server
/// takes as many Submitted on top of it as are sent.
[[nodiscard]] inline std::string view_selection(std::string_view due, run_columns const& known) {
    std::string_view const history =
        known.histories ? R"( states(where: {state: {_in: ["Scheduled", "Resume", "Retrying", "Paused", "Queued"]}},)"
                          " order_by: {version: desc}, limit: 1) { version }"
                        : "";
    return "{ id version state state_timestamp agent_id serialized_state scheduled_start_time" +
           std::string{known.configs == run_configs::of_runs_and_flows ? " run_config" : ""} + std::string{history} +
           " flow { id name environment run_config storage version core_version }"
           R"( task_runs(where: {_or: [ {state: {_eq: "Submitted"}}, {state_start_time: {_lte: )" +
           literal(due) + "}} ]}) { id version task_id state_timestamp serialized_state" + std::string{history} +
           " } } }";
}

} // namespace detail

/// Asks for these runs, whatever their state, with their due task runs and those that are submitted.
[[nodiscard]] inline operation look_query(std::span<std::string const> ids, std::string_view due,
                                          run_columns const& known) {
    return {"query { flow_run(where: {id: {_in: " + detail::literals(ids) + "}}) " +
            detail::view_selection(due, known)};
}

/// Asks for what these agents have claimed and nothing has begun: runs that are Submitted, and Running ones with task runs
/// that are; and for what is to be ended. The longest waiting come first, `most` from the one at `from` on.
[[nodiscard]] inline operation owned_query(std::span<std::string const> agents, std::string_view due,
                                           run_columns const& known, std::size_t from, std::size_t most) {
    return {"query { flow_run(where: {agent_id: {_in: " + detail::literals(agents) +
            R"(}, _or: [ {state: {_in: ["Submitted", "Cancelling"]}}, {state: {_eq: "Running"},)"
            R"( task_runs: {state: {_eq: "Submitted"}}} ]},)"
            " order_by: [{state_timestamp: asc}, {id: asc}], limit: " +
            std::to_string(most) + ", offset: " + std::to_string(from) + ") " + detail::view_selection(due, known)};
}

/// Asks which of these runs somebody wants ended.
[[nodiscard]] inline operation cancelling_query(std::span<std::string const> ids) {
    return {"query { flow_run(where: {id: {_in: " + detail::literals(ids) +
            R"(}, state: {_in: ["Cancelling", "Cancelled"]}}) { id } })"};
}

[[nodiscard]] inline result<std::vector<std::string>> read_ids(json::value const& data, std::string_view table) {
    auto const* const rows = json::array_of(data, table);
    if (rows == nullptr) return detail::missing(table);
    std::vector<std::string> ids;
    for (auto const& each : *rows) {
        auto const id = json::text_of(each, "id");
        if (!id) return detail::missing("id in " + std::string{table});
        ids.emplace_back(*id);
    }
    return ids;
}

/// Asks for the agents of our kind that have at least these labels.
[[nodiscard]] inline operation fleet_query(std::vector<std::string> const& labels, std::string_view tenant_id) {
    std::string const tenant = tenant_id.empty() ? "" : ", tenant_id: {_eq: " + detail::literal(tenant_id) + "}";
    return {"query { agent(where: {type: {_eq: " + detail::literal(agent_type) +
            "}, labels: {_contains: " + detail::literals(labels) + "}" + tenant +
            "}, order_by: {last_queried: desc_nulls_last}, limit: 200)" + " { id labels } }"};
}

/// The ids of those that have these labels and no other.
[[nodiscard]] inline result<std::vector<std::string>> read_fleet(json::value const& data,
                                                                 std::vector<std::string> labels) {
    auto const* const rows = json::array_of(data, "agent");
    if (rows == nullptr) return detail::missing("agent");
    auto const as_set = [](std::vector<std::string>& list) {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    as_set(labels);
    std::vector<std::string> ids;
    for (auto const& each : *rows) {
        std::vector<std::string> own;
        if (auto const* const list = json::array_of(each, "labels"))
            for (auto const& label : *list) own.emplace_back(json::as_text(label).value_or(""));
        as_set(own);
        if (auto const id = json::text_of(each, "id"); id && own == labels) ids.emplace_back(*id);
    }
    return ids;
}

// --- Telling a run's fate

/// One line in a run's own log; the API stamps it with its time.
[[nodiscard]] inline json::value run_log_line(std::string_view flow_run_id, std::string_view name, log_level level,
                                              std::string_view message) {
    auto item = json::value::object();
    json::set_text(item, "flow_run_id", flow_run_id);
    json::set_text(item, "name", name);
    json::set_text(item, "message", message);
    json::set_text(item, "level", name_of(level));
    return item;
}

/// `lines` is a list of them, of one run or of several.
[[nodiscard]] inline operation write_run_logs_mutation(json::value lines) {
    return {"mutation($input: write_run_logs_input!) { write_run_logs(input: $input) { success } }",
            detail::as_input_of("logs", std::move(lines))};
}

[[nodiscard]] inline operation heartbeat_mutation(std::string_view flow_run_id) {
    auto input = json::value::object();
    json::set_text(input, "flow_run_id", flow_run_id);
    return {
        "mutation($input: update_flow_run_heartbeat_input!) { update_flow_run_heartbeat(input: $input) { success } }",
        detail::as_input(std::move(input))};
}

/// Checks that `field` (write_run_logs, update_flow_run_heartbeat) answered `success: true`.
[[nodiscard]] inline result<void> read_success(json::value const& data, std::string_view field) {
    auto const* const payload = json::object_of(data, field);
    if (payload == nullptr) return detail::missing(field);
    if (json::flag_of(*payload, "success").value_or(false)) return {};
    return fail(errc::service_error, "the Prefect API did not carry out " + std::string{field});
}

} // namespace fargate::inline v0::prefect

#endif
