#ifndef FARGATE_PREFECT_RUN_VIEWS_HPP
#define FARGATE_PREFECT_RUN_VIEWS_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/prefect/state.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Runs as an API shows them at one moment, made to tell the same epoch as when they were claimed.

namespace fargate::inline v0::prefect {

namespace detail {

/// The version of the newest state that waited to be submitted, where the row tells it.
[[nodiscard]] inline std::optional<std::int64_t> scheduled_version(json::value const& row) {
    auto const* const states = json::array_of(row, "states");
    if (states == nullptr || states->empty()) return std::nullopt;
    return json::integer_of(*states->begin(), "version");
}

[[nodiscard]] inline std::optional<time_point> since_of(json::value const& row) {
    auto const at = json::text_of(row, "state_timestamp");
    return at ? text::parse_iso8601(*at) : std::nullopt;
}

[[nodiscard]] inline bool is_submitted(json::value const& state) {
    return json::text_of(state, "type") == std::string_view{"Submitted"};
}

/// The task runs of a claimed run are those that were claimed with it, whatever else has become due since; a waiting run's
/// are the due ones. The others have none to be claimed.
inline void keep_task_runs(run_view<flow_run>& view, json::value const& rows) {
    std::vector<task_run> kept;
    for (std::size_t at = 0; at != view.run.task_runs.size(); ++at) {
        auto& each = view.run.task_runs[at];
        bool const submitted = is_submitted(each.state);
        if (view.life == run_life::claimed ? !submitted : submitted || view.life != run_life::waiting) continue;
        if (auto const version = scheduled_version(rows[at]); submitted && version) each.version = *version + 1;
        kept.push_back(std::move(each));
    }
    view.run.task_runs = std::move(kept);
}

[[nodiscard]] inline result<run_view<flow_run>> read_run_view(json::value const& row,
                                                              std::span<std::string const> ours) {
    auto read = read_flow_run(row);
    if (!read) return read.error();
    run_view<flow_run> view;
    view.run = *std::move(read);
    auto const type = json::text_of(view.run.state, "type");
    view.life = life_of(type ? *type : json::text_of(row, "state").value_or(""));
    view.since = since_of(row);
    auto const agent = json::text_of(row, "agent_id");
    view.ours = agent && std::find(ours.begin(), ours.end(), *agent) != ours.end();

    auto const* const rows = json::array_of(row, "task_runs");
    json::value const none = json::value::array();
    json::value const& tasks = rows != nullptr ? *rows : none;
    // Claimed anew while it runs: for its task runs, whose next process has not reported.
    bool const anew =
        view.life == run_life::running && std::any_of(view.run.task_runs.begin(), view.run.task_runs.end(),
                                                      [](task_run const& each) { return is_submitted(each.state); });
    if (anew) {
        view.life = run_life::claimed;
        for (std::size_t at = 0; at != view.run.task_runs.size(); ++at)
            if (is_submitted(view.run.task_runs[at].state)) view.since = std::max(view.since, since_of(tasks[at]));
    } else if (auto const version = scheduled_version(row); version && view.life != run_life::waiting) {
        view.run.version = *version + (is_submitted(view.run.state) ? 1 : 0);
    }
    keep_task_runs(view, tasks);
    return view;
}

} // namespace detail

/// The runs of an answer to `look_query` or `owned_query`, in its order; `ours` are the agents whose runs are ours. A run's
/// `version` is the one that `prefect::epoch_of` needs to name the epoch it was claimed in, not always the newest.
[[nodiscard]] inline result<std::vector<run_view<flow_run>>> read_run_views(json::value const& data,
                                                                            std::span<std::string const> ours) {
    auto const* const rows = json::array_of(data, "flow_run");
    if (rows == nullptr) return fail(errc::malformed_response, "the Prefect API's answer has no flow_run");
    std::vector<run_view<flow_run>> views;
    views.reserve(rows->size());
    for (auto const& each : *rows) {
        auto read = detail::read_run_view(each, ours);
        if (!read) return read.error();
        views.push_back(*std::move(read));
    }
    return views;
}

} // namespace fargate::inline v0::prefect

#endif
