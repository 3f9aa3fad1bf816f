#ifndef FARGATE_SERVICE_DEPLOYMENT_HPP
#define FARGATE_SERVICE_DEPLOYMENT_HPP

#include <fargate/deploy/launch_plan.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/health.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::service {

/// What happens to one offered run: claim it, plan it, launch it, tell it. One object serves all workers; it keeps
/// references to its parts, which may be used by several threads at once.
///
/// `Planner` is callable as `planner(run) -> result<deploy::launch_plan>`; `Launcher` models `task_launcher`. A run may
/// have a member `not_before` (`std::optional<time_point>`): it is held until then.
template <flow_source Source, class Planner, class Launcher, clock_policy Clock, log_policy Log>
class deployment {
public:
    using run = typename Source::run;

    deployment(Source& source, Planner const& planner, Launcher& launcher, Clock& clock, Log& log, health_book& book) :
        source_{source}, planner_{planner}, launcher_{launcher}, clock_{clock}, log_{log}, book_{book} {}

    /// Takes one run all the way. Every outcome ends in the log, and every claimed run that got no task also in the run's
    /// own log and state. A run that is still held when `stop` fires is not claimed: it stays with the backend.
    void deploy(run const& offered, std::stop_token const& stop = {}) {
        if (!is_time(offered, stop)) return;
        log_.write(log_level::info, "Deploying flow run " + offered.id);
        auto const owned = source_.claim(offered);
        if (!owned) return claim_failed(offered, owned.error());
        if (owned->kind != claim::outcome::won) return leave(offered, owned->reason);

        auto const plan = planner_(offered);
        if (!plan) return fail_run(offered, plan.error());
        auto const task = launcher_.launch(*plan, {});
        if (!task) return fail_run(offered, task.error());

        book_.launched();
        log_.write(log_level::debug, "Run created for task " + task->task_arn);
        // The task runs: from here on a lost line is a warning, never the run's failure.
        if (auto const told = source_.launched(offered, task->task_arn); !told)
            log_.write(log_level::warning, "flow run " + offered.id + " runs as " + task->task_arn +
                                               ", but its log could not be written: " + told.error().message);
        log_.write(log_level::debug, "Completed flow run submission (id: " + offered.id + ")");
    }

private:
    /// Waits until the run may be claimed; false when that has been stopped.
    bool is_time(run const& offered, std::stop_token const& stop) {
        if constexpr (requires { offered.not_before.has_value(); }) {
            auto const wait = offered.not_before ? *offered.not_before - clock_.now() : duration::zero();
            if (wait <= duration::zero()) return true;
            log_.write(log_level::debug,
                       "Waiting " + seconds_of(wait) + " seconds to deploy flow run " + offered.id + " on time...");
            return clock_.sleep_for(wait, stop);
        } else {
            return true;
        }
    }

    static std::string seconds_of(duration wait) {
        auto const micros = std::to_string(wait.count() % 1'000'000);
        return std::to_string(wait.count() / 1'000'000) + "." + std::string(6 - micros.size(), '0') + micros;
    }

    /// Without an answer, or with a proxy's, nobody knows who owns the run: it is not ours to fail. When the claim did
    /// arrive, the backend's own watch re-schedules it; when it did not, the next poll offers it again.
    void claim_failed(run const& offered, error const& why) {
        bool const answered = why.code != errc::timed_out && why.code != errc::connection_failed &&
                              why.code != errc::cancelled && why.http_status < 500;
        if (answered) return fail_run(offered, why);
        book_.left();
        log_.write(log_level::warning, "flow run " + offered.id + " could not be claimed: " + why.message);
    }

    void leave(run const& offered, std::string const& reason) {
        book_.left();
        log_.write(log_level::info, "Leaving flow run " + offered.id + " alone: " + reason);
    }

    void fail_run(run const& offered, error const& why) {
        book_.failed();
        log_.write(log_level::error, "Logging platform error for flow run " + offered.id);
        if (auto const told = source_.failed(offered, why.message); !told)
            log_.write(log_level::error,
                       "flow run " + offered.id + " could not be marked as failed: " + told.error().message);
        log_.write(log_level::error, "Error while deploying flow: " + why.message);
    }

    Source& source_;
    Planner const& planner_;
    Launcher& launcher_;
    Clock& clock_;
    Log& log_;
    health_book& book_;
};

} // namespace fargate::inline v0::service

#endif
