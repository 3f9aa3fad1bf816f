#ifndef FARGATE_DEPLOY_LAUNCHER_HPP
#define FARGATE_DEPLOY_LAUNCHER_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/definitions.hpp>
#include <fargate/deploy/launch_advice.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <concepts>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0 {

/// What turns a launch plan into a running task.
///
/// | expression             | type                       | contract                                                          |
/// |------------------------|----------------------------|-------------------------------------------------------------------|
/// | `l.launch(plan, stop)` | `result<deploy::launched>` | the task that runs the plan. Launching an equal plan again, here or |
/// |                        |                            | elsewhere, yields the same task. An error means that none was      |
/// |                        |                            | started, or, when it is `timed_out`, `connection_failed`,          |
/// |                        |                            | `cancelled` or a 5xx, that nobody knows: launch the same plan again |
///
/// May be called from several threads at once.
template <class Launcher>
concept task_launcher = requires(Launcher& l, deploy::launch_plan const& plan, std::stop_token stop) {
    { l.launch(plan, stop) } -> std::same_as<result<deploy::launched>>;
};

namespace deploy {

namespace detail {

/// What ECS said it could not start, in its own words.
template <class Failures>
[[nodiscard]] std::string told_by(Failures const& failures) {
    constexpr std::size_t longest = 512;
    std::string line;
    for (auto const& each : failures) {
        if (line.size() > 2 * longest) break; // ten copies fail for one reason
        if (!line.empty()) line += "; ";
        line += each.reason.substr(0, longest);
        if (!each.detail.empty()) line.append(": ").append(each.detail.substr(0, longest));
        if (!each.arn.empty()) line.append(" (").append(each.arn.substr(0, longest)).append(")");
    }
    return line;
}

/// RunTask's answer when the definition that it names was deregistered.
[[nodiscard]] inline bool is_gone(error const& why) noexcept {
    return (why.service_code == "ClientException" || why.service_code == "InvalidParameterException") &&
           (text::contains(why.message, "TaskDefinition not found") ||
            text::contains(why.message, "TaskDefinition is inactive"));
}

template <class Failures>
[[nodiscard]] error nothing_started(Failures const& failures) {
    error made = fail(errc::service_error, "RunTask started no task: " + told_by(failures));
    made.http_status = 200;
    made.service_code = failures[0].reason.substr(0, 512);
    made.retryable = is_passing(failures[0].reason);
    for (auto const& each : failures)
        if (!each.arn.empty()) made.resources.push_back(each.arn);
    return made;
}

} // namespace detail

/// `task_launcher` on ECS: finds or registers the task definition, then runs it. `Ecs` and `Tagging` as `aws::ecs` and
/// `aws::tagging`; it keeps references to them and to `log`.
///
/// What RunTask answers: tasks are a launch, even beside failures; failures alone are an error with ECS's own words, whose
/// `service_code` is the first reason; and a ConflictException says that this plan's task was started already, by this
/// agent or another, with a body that differs: that task is the launch.
template <class Ecs, class Tagging, log_policy Log, clock_policy Clock>
class ecs_launcher {
public:
    /// `pin_revision`: run the exact revision that was found or registered instead of the family's newest.
    ecs_launcher(Ecs& ecs, Tagging& tagging, Log& log, Clock& clock, bool pin_revision = false) :
        ecs_{ecs}, log_{log}, definitions_{ecs, tagging, log, clock, pin_revision} {}

    [[nodiscard]] result<launched> launch(launch_plan const& plan, std::stop_token stop = {}) {
        tell_about_revisions(plan);
        auto definition = definitions_.settle(plan, stop);
        if (!definition) return std::move(definition).error();
        auto ran = run(plan, definition->name, stop);
        if (!ran && definition->remembered && detail::is_gone(ran.error())) {
            definitions_.forget(plan);
            definition = definitions_.settle(plan, stop);
            if (!definition) return std::move(definition).error();
            ran = run(plan, definition->name, stop);
        }
        if (!ran) return adopt(std::move(ran).error(), *std::move(definition));
        if (ran->tasks.empty()) {
            if (ran->failures.empty())
                return fail(errc::malformed_response, "RunTask answered neither with a task nor with a failure");
            return detail::nothing_started(ran->failures);
        }
        if (!ran->failures.empty())
            log_.write(log_level::warning, "RunTask started " + std::to_string(ran->tasks.size()) +
                                               " of the tasks, but not all: " + detail::told_by(ran->failures));
        if (ran->tasks[0].arn.empty())
            return fail(errc::malformed_response, "RunTask answered with a task without ARN");
        return launched{std::move(ran->tasks[0].arn), std::move(definition->name), definition->registered};
    }

    /// What `launch` would run, without registering it: see `definitions`.
    [[nodiscard]] result<std::optional<chosen_definition>> look(launch_plan const& plan, std::stop_token stop = {}) {
        return definitions_.look(plan, stop);
    }
    [[nodiscard]] bool pins(launch_plan const& plan) const noexcept { return definitions_.pins(plan); }

    /// RunTask's body for that definition.
    [[nodiscard]] static json::value task_for(launch_plan const& plan, std::string const& definition) {
        json::value body = plan.task;
        json::set(body, "taskDefinition", definition);
        return body;
    }

private:
    [[nodiscard]] auto run(launch_plan const& plan, std::string const& definition, std::stop_token const& stop) {
        log_.write(log_level::debug, "Running task using task definition " + definition);
        return ecs_.run_task(task_for(plan, definition), stop);
    }

    void tell_about_revisions(launch_plan const& plan) {
        if (!plan.reusable.revisions) return;
        log_.write(log_level::info, "Adding tags for flow_id and version.");
        if (plan.family == "prefect-task-" + plan.reusable.flow_id8)
            log_.write(log_level::warning,
                       "The flow's name leaves nothing to name a task definition after: using " + plan.family);
    }

    [[nodiscard]] result<launched> adopt(error why, chosen_definition definition) {
        if (why.service_code != "ConflictException" || why.resources.empty()) return why;
        log_.write(log_level::info, "Task " + why.resources[0] + " was already started for this run");
        return launched{std::move(why.resources[0]), std::move(definition.name), definition.registered, true};
    }

    Ecs& ecs_;
    Log& log_;
    definitions<Ecs, Tagging, Log, Clock> definitions_;
};

} // namespace deploy

} // namespace fargate::inline v0

#endif
