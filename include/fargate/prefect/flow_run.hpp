#ifndef FARGATE_PREFECT_FLOW_RUN_HPP
#define FARGATE_PREFECT_FLOW_RUN_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

/// A task run that is due inside a flow run which is already running.
struct task_run {
    std::string id{};
    std::int64_t version = 0;
    std::string task_id{};
    json::value state{}; ///< its serialized state as received
};

/// The flow that a run belongs to. `storage`, `environment` and `run_config` are null when absent.
struct flow {
    std::string id{};
    std::string name{};
    std::optional<std::int64_t> version{};
    std::string core_version{}; ///< Prefect's version at registration; empty when not recorded
    json::value storage{};
    json::value environment{};
    json::value run_config{};

    /// The first eight characters of the id, as task definitions, tags and S3 keys carry it.
    [[nodiscard]] std::string id8() const { return id.substr(0, 8); }
};

/// One run that the backend offers, as its metadata tells it.
struct flow_run {
    std::string id{};
    std::int64_t version = 0;
    std::string scheduled_start_time{};
    json::value state{}; ///< its serialized state as received
    prefect::flow flow{};
    json::value run_config{}; ///< the run's own, newer backends only; null when absent
    std::vector<task_run> task_runs{};
    std::optional<time_point> not_before{}; ///< when it is due, where it was asked for ahead of time: claim it then
    std::optional<time_point> offered{};    ///< when the poll that found it began, if one did
};

namespace detail {

[[nodiscard]] inline json::value copy_of(json::value const& row, std::string_view key) {
    auto const* const found = json::member(row, key);
    return found != nullptr ? *found : json::value(nullptr);
}

[[nodiscard]] inline std::string text_or_empty(json::value const& row, std::string_view key) {
    return std::string{json::text_of(row, key).value_or("")};
}

[[nodiscard]] inline error unreadable_row(char const* what) {
    return fail(errc::malformed_response, std::string{"flow run metadata holds a "} + what);
}

[[nodiscard]] inline result<task_run> read_task_run(json::value const& row) {
    auto const version = json::integer_of(row, "version");
    task_run made{text_or_empty(row, "id"), version.value_or(0), text_or_empty(row, "task_id"),
                  copy_of(row, "serialized_state")};
    if (made.id.empty()) return unreadable_row("task run without an id");
    if (!version) return unreadable_row("task run without a version");
    return made;
}

[[nodiscard]] inline result<flow_run> read_flow_run(json::value const& row) {
    flow_run made;
    made.id = text_or_empty(row, "id");
    if (made.id.empty()) return unreadable_row("flow run without an id");
    auto const version = json::integer_of(row, "version");
    if (!version) return unreadable_row("flow run without a version");
    made.version = *version;
    made.scheduled_start_time = text_or_empty(row, "scheduled_start_time");
    made.state = copy_of(row, "serialized_state");
    made.run_config = copy_of(row, "run_config");

    auto const* const flow = json::object_of(row, "flow");
    if (flow == nullptr) return unreadable_row("flow run without its flow");
    made.flow = {text_or_empty(*flow, "id"),           text_or_empty(*flow, "name"), json::integer_of(*flow, "version"),
                 text_or_empty(*flow, "core_version"), copy_of(*flow, "storage"),    copy_of(*flow, "environment"),
                 copy_of(*flow, "run_config")};
    if (made.flow.id.empty()) return unreadable_row("flow without an id");

    if (auto const* const rows = json::array_of(row, "task_runs")) {
        for (auto const& each : *rows) {
            auto read = read_task_run(each);
            if (!read) return read.error();
            made.task_runs.push_back(*std::move(read));
        }
    }
    return made;
}

} // namespace detail

/// When a run is due: the start time of its state, and of one that is Scheduled without one its scheduled start. Nothing
/// for any other, such as a flow that runs already.
[[nodiscard]] inline std::optional<time_point> due_time_of(flow_run const& run) {
    if (auto const start = json::text_of(run.state, "start_time")) return text::parse_iso8601(*start);
    if (json::text_of(run.state, "type") != "Scheduled") return std::nullopt;
    return text::parse_iso8601(run.scheduled_start_time);
}

/// The rows of a metadata answer, in its order. `data` is the answer's `data`, with the member `flow_run`. Ids, versions
/// and the flow must be there (the API declares them non-null), everything else may be absent;
/// `errc::malformed_response` names what is missing.
[[nodiscard]] inline result<std::vector<flow_run>> read_flow_runs(json::value const& data) {
    auto const* const rows = json::array_of(data, "flow_run");
    if (rows == nullptr) return fail(errc::malformed_response, "flow run metadata has no list of flow runs");
    std::vector<flow_run> runs;
    runs.reserve(rows->size());
    for (auto const& each : *rows) {
        auto read = detail::read_flow_run(each);
        if (!read) return read.error();
        runs.push_back(*std::move(read));
    }
    return runs;
}

} // namespace fargate::inline v0::prefect

#endif
