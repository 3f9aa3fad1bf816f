#ifndef FARGATE_SERVICE_DEPLOYMENT_HPP
#define FARGATE_SERVICE_DEPLOYMENT_HPP

#include <fargate/deploy/launch_plan.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/health.hpp>
#include <fargate/system/log.hpp>

#include <string>
#include <utility>

namespace fargate::inline v0::service {

/// What happens to one offered run: claim it, plan it, launch it, tell it. One object serves all workers; it keeps
/// references to its parts, which may be used by several threads at once.
///
/// `Planner` is callable as `planner(run) -> result<deploy::launch_plan>`; `Launcher` models `task_launcher`.
template <flow_source Source, class Planner, class Launcher, log_policy Log>
class deployment {
public:
    using run = typename Source::run;

    deployment(Source& source, Planner const& planner, Launcher& launcher, Log& log, health_book& book) :
        source_{source}, planner_{planner}, launcher_{launcher}, log_{log}, book_{book} {}

    /// Takes one run all the way. Every outcome ends in the log, and every claimed run that got no task also in the run's
    /// own log and state.
    void deploy(run const& offered) {
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
    /// Without an answer, or with a proxy's, nobody knows who owns the run: it is not ours to fail. When the claim did arrive, the backend's own
    /// watch re-schedules it; when it did not, the next poll offers it again.
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
    Log& log_;
    health_book& book_;
};

} // namespace fargate::inline v0::service

#endif
