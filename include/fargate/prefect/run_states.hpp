#ifndef FARGATE_PREFECT_RUN_STATES_HPP
#define FARGATE_PREFECT_RUN_STATES_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/state_queries.hpp>
#include <fargate/system/clock.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

/// Reads and sets the states of runs. `stop` ends waiting, not what was sent; `unsettled` as in `client::finish`.
template <http_policy Http, clock_policy Clock>
class run_states {
public:
    explicit run_states(client<Http, Clock>& api) : api_{&api} {}

    /// Nothing when the API does not know the run; `table` is `flow_run` or `task_run`.
    [[nodiscard]] result<std::optional<standing>> read(char const* table, std::string_view id, std::stop_token stop) {
        auto const answer = api_->finish(standing_query(table, id), std::move(stop));
        if (!answer) return answer.error();
        return read_standing(*answer, table);
    }

    [[nodiscard]] result<void> set_flow_run(std::string_view id, std::int64_t version, json::value state,
                                            std::stop_token stop, bool* unsettled = nullptr) {
        auto const asked = set_flow_run_state_mutation(id, version, std::move(state));
        auto const answer = api_->finish(asked, std::move(stop), unsettled);
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_flow_run_states");
    }

    /// All in one request. An error does not tell which of them were set.
    [[nodiscard]] result<void> set_flow_runs(std::vector<state_change> wanted, std::stop_token stop,
                                             bool* unsettled = nullptr) {
        auto const sent = wanted.size();
        auto const answer = api_->finish(set_flow_run_states_mutation(std::move(wanted)), std::move(stop), unsettled);
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_flow_run_states", sent);
    }

    [[nodiscard]] result<void> set_task_run(std::string_view id, std::int64_t version, json::value state,
                                            std::stop_token stop, bool* unsettled = nullptr) {
        auto const asked = set_task_run_state_mutation(id, version, std::move(state));
        auto const answer = api_->finish(asked, std::move(stop), unsettled);
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_task_run_states");
    }

private:
    client<Http, Clock>* api_;
};

} // namespace fargate::inline v0::prefect

#endif
