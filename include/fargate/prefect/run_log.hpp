#ifndef FARGATE_PREFECT_RUN_LOG_HPP
#define FARGATE_PREFECT_RUN_LOG_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/prefect/state.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::prefect {

/// Writes into the logs of runs, each line cut to `longest_message`. Keeps a reference to the client; `stop` ends waiting,
/// not what was sent.
template <http_policy Http, clock_policy Clock>
class run_log {
public:
    /// `name` is the one that the lines carry.
    run_log(client<Http, Clock>& api, std::string name) : api_{&api}, name_{std::move(name)} {}

    [[nodiscard]] result<void> note(std::string_view id, log_level level, std::string_view text, std::stop_token stop) {
        auto lines = json::value::array();
        lines.push_back(line(id, level, text));
        return write(std::move(lines), std::move(stop));
    }

    [[nodiscard]] result<void> launched(std::string_view id, std::string_view handle, std::stop_token stop) {
        return note(id, log_level::info, told(handle), std::move(stop));
    }

    /// All lines by one request. When the API refuses it, one of them may be why: each is written by itself.
    [[nodiscard]] std::vector<result<void>> launched(std::span<run_handle const> runs, std::stop_token stop) {
        auto lines = json::value::array();
        for (auto const& each : runs) lines.push_back(line(each.run, log_level::info, told(each.handle)));
        auto const all = write(std::move(lines), stop);
        if (all || !is_refusal(all.error())) return std::vector<result<void>>(runs.size(), all);
        std::vector<result<void>> made;
        made.reserve(runs.size());
        for (auto const& each : runs) made.push_back(launched(each.run, each.handle, stop));
        return made;
    }

private:
    [[nodiscard]] static std::string told(std::string_view handle) {
        return "Submitted for execution: Task ARN: " + std::string{handle};
    }

    [[nodiscard]] static bool is_refusal(error const& why) noexcept {
        return why.code == errc::service_error && !why.retryable && why.http_status < 500 && why.http_status != 429;
    }

    [[nodiscard]] json::value line(std::string_view id, log_level level, std::string_view text) const {
        return run_log_line(id, name_, level, bounded_message(text));
    }

    [[nodiscard]] result<void> write(json::value lines, std::stop_token stop) {
        auto const answer = api_->finish(write_run_logs_mutation(std::move(lines)), std::move(stop));
        if (!answer) return answer.error();
        return read_success(*answer, "write_run_logs");
    }

    client<Http, Clock>* api_;
    std::string name_;
};

} // namespace fargate::inline v0::prefect

#endif
