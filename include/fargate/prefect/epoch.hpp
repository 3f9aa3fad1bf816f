#ifndef FARGATE_PREFECT_EPOCH_HPP
#define FARGATE_PREFECT_EPOCH_HPP

#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/state.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::prefect {

namespace detail {

/// The version that the state waiting to be submitted had: submitting it adds one.
[[nodiscard]] inline std::int64_t version_before_claim(json::value const& state, std::int64_t version) noexcept {
    return json::text_of(state, "type") == std::string_view{"Submitted"} ? version - 1 : version;
}

} // namespace detail

/// Names one wish to have a run executed: the same before and after a claim, another one when the server schedules the run
/// again, and for a run that is already under way another one for each set of due task runs.
[[nodiscard]] inline std::string epoch_of(flow_run const& run) {
    std::vector<std::string> due;
    for (auto const& each : run.task_runs) {
        std::int64_t const version = detail::version_before_claim(each.state, each.version);
        if (version != each.version || is_scheduled(each.state).value_or(false))
            due.push_back(each.id + ":" + std::to_string(version));
    }
    std::sort(due.begin(), due.end());
    std::string epoch = std::to_string(detail::version_before_claim(run.state, run.version));
    for (auto const& each : due) epoch.append(",").append(each);
    return epoch;
}

} // namespace fargate::inline v0::prefect

#endif
