#ifndef FARGATE_PREFECT_STATE_QUERIES_HPP
#define FARGATE_PREFECT_STATE_QUERIES_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/queries.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The operations that read and set where runs stand.

namespace fargate::inline v0::prefect {

/// Asks for the state of one run (`table` is `flow_run`), or of one task run (`task_run`).
[[nodiscard]] inline operation standing_query(std::string_view table, std::string_view id) {
    return {"query { " + std::string{table} + "(where: {id: {_eq: " + detail::literal(id) + "}}) { id version state" +
            (table == "flow_run" ? " agent_id" : "") + " } }"};
}

/// Where a run stands.
struct standing {
    std::int64_t version = 0;
    std::string state{};    ///< its type
    std::string agent_id{}; ///< of the agent that submitted it last; empty when none is known
};

/// Nothing when the API does not know the run.
[[nodiscard]] inline result<std::optional<standing>> read_standing(json::value const& data, std::string_view table) {
    auto const row = detail::first_row(data, table);
    if (!row) return row.error();
    if (*row == nullptr) return std::optional<standing>{};
    auto const version = json::integer_of(**row, "version");
    auto const state = json::text_of(**row, "state");
    if (!version || !state) return detail::missing("version and state in " + std::string{table});
    return std::optional{
        standing{*version, std::string{*state}, std::string{json::text_of(**row, "agent_id").value_or("")}}};
}

/// A state that a flow run is to have.
struct state_change {
    std::string_view id{};
    std::optional<std::int64_t> version{}; ///< the one the metadata gave; nothing when there is none to give
    json::value state{};
};

namespace detail {

[[nodiscard]] inline json::value as_item(state_change wanted) {
    auto item = json::value::object();
    json::set_text(item, "flow_run_id", wanted.id);
    json::set(item, "version", wanted.version ? json::value(*wanted.version) : json::value(nullptr));
    json::set(item, "state", std::move(wanted.state));
    return item;
}

} // namespace detail

/// Several at once. The API carries out each as far as it can and tells the first failure, without saying whose.
[[nodiscard]] inline operation set_flow_run_states_mutation(std::vector<state_change> wanted) {
    auto items = json::value::array();
    for (auto& each : wanted) items.push_back(detail::as_item(std::move(each)));
    return {"mutation($input: set_flow_run_states_input!) { set_flow_run_states(input: $input)"
            " { states { id status message } } }",
            detail::as_input_of("states", std::move(items))};
}

[[nodiscard]] inline operation set_flow_run_state_mutation(std::string_view id, std::optional<std::int64_t> version,
                                                           json::value state) {
    std::vector<state_change> one;
    one.push_back({id, version, std::move(state)});
    return set_flow_run_states_mutation(std::move(one));
}

[[nodiscard]] inline operation set_task_run_state_mutation(std::string_view id, std::int64_t version,
                                                           json::value state) {
    auto item = json::value::object();
    json::set_text(item, "task_run_id", id);
    json::set(item, "version", version);
    json::set(item, "state", std::move(state));
    return {"mutation($input: set_task_run_states_input!) { set_task_run_states(input: $input)"
            " { states { id status message } } }",
            detail::as_input_list("states", std::move(item))};
}

/// Checks that `field` (set_flow_run_states, set_task_run_states) answered for as many states as were sent. The status
/// itself is not looked at: a Server only ever says SUCCESS.
[[nodiscard]] inline result<void> read_state_set(json::value const& data, std::string_view field,
                                                 std::size_t sent = 1) {
    auto const* const payload = json::object_of(data, field);
    if (payload == nullptr) return detail::missing(field);
    auto const* const rows = json::array_of(*payload, "states");
    if (rows == nullptr || rows->size() < sent) return detail::missing("state in " + std::string{field});
    for (auto const& each : *rows)
        if (!each.is_object()) return detail::missing("state in " + std::string{field});
    return {};
}

} // namespace fargate::inline v0::prefect

#endif
