#ifndef FARGATE_TESTING_PREFECT_STATE_HPP
#define FARGATE_TESTING_PREFECT_STATE_HPP

#include <fargate/json/json.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::testing {

/// The states that a queue gives out when they are due.
[[nodiscard]] inline bool is_scheduled_state(std::string_view type) noexcept {
    constexpr std::string_view types[] = {"Scheduled", "Resume", "Retrying", "Paused", "Queued"};
    return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

/// The states that nothing follows.
[[nodiscard]] inline bool is_finished_state(std::string_view type) noexcept {
    constexpr std::string_view types[] = {"Finished",         "Success",  "Cached",    "Skipped",
                                          "Failed",           "TimedOut", "Cancelled", "TriggerFailed",
                                          "ValidationFailed", "Looped",   "Mapped"};
    return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

/// What Prefect's state schema says against a serialized state; nothing when it can be loaded.
[[nodiscard]] inline std::optional<std::string> refuse_state(json::value const& state) {
    constexpr std::string_view known[] = {
        "Cancelled", "Cached",  "ClientFailed", "Failed",  "Finished", "Looped",        "Mapped",
        "Paused",    "Pending", "Queued",       "Resume",  "Retrying", "Running",       "Cancelling",
        "Scheduled", "Skipped", "Submitted",    "Success", "TimedOut", "TriggerFailed", "ValidationFailed",
    };
    if (json::write(state).size() > 1'000'000) return "State payload is too large.";
    if (!state.is_object()) return "{'_schema': ['Invalid input type.']}";
    auto const type = json::text_of(state, "type");
    if (!type) return "{'type': ['Missing data for required field.']}";
    if (std::find(std::begin(known), std::end(known), *type) == std::end(known))
        return "{'type': ['Unsupported value: " + std::string{type->substr(0, 64)} + "']}";
    if (auto const start = json::text_of(state, "start_time"); start && !text::parse_iso8601(*start))
        return "{'start_time': ['Not a valid datetime.']}";
    if (auto const* const inner = json::object_of(state, "state")) return refuse_state(*inner);
    return std::nullopt;
}

/// A state as Prefect writes it, for tests that let a flow go on: `prefect_state("Running", "Running flow.")`.
[[nodiscard]] inline json::value prefect_state(std::string_view type, std::string_view message,
                                               std::string_view version = "0.13.19") {
    json::value result{{"type", "NoResultType"}, {"__version__", version}};
    return json::value{{"type", type},
                       {"message", message},
                       {"context", json::value::object()},
                       {"cached_inputs", json::value::object()},
                       {"_result", std::move(result)},
                       {"__version__", version}};
}

} // namespace fargate::inline v0::testing

#endif
