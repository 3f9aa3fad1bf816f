#ifndef FARGATE_SERVICE_VALIDATION_HPP
#define FARGATE_SERVICE_VALIDATION_HPP

#include <fargate/core/error.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/launcher.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/advice.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// What came of trying the configuration on AWS.
struct validation {
    /// One thing that was tried.
    struct step {
        std::string what{}; ///< `credentials`, `register`, `run`, `deregister`
        bool passed = false;
        std::string said{};   ///< what it gave (a source of keys, an ARN), or why it failed, in AWS's own words
        std::string advice{}; ///< what to do about a failure; may be empty
    };

    std::vector<step> steps{};
    std::string family{};         ///< of the definition that was registered for this
    std::string definition_arn{}; ///< empty when it could not be registered
    std::string task_arn{};       ///< empty when no task was started
    bool left_behind = false;     ///< the definition is still registered, wanted or not

    /// True when the definition was registered and a task was started from it, all that an agent does.
    [[nodiscard]] bool ok() const noexcept { return !task_arn.empty(); }

    /// The first step that failed; nullptr when none did.
    [[nodiscard]] step const* failure() const noexcept {
        for (auto const& each : steps)
            if (!each.passed) return &each;
        return nullptr;
    }
};

/// RegisterTaskDefinition's body of a definition that has all of the agent's arguments and no flow in it.
[[nodiscard]] inline json::value test_definition(deploy::settings const& with, std::string const& family) {
    auto container = json::value::object();
    json::set_text(container, "name", "test-container");
    json::set_text(container, "image", "busybox");
    json::set(container, "command", json::texts({"/bin/sh", "-c", "echo 'I am alive!'"}));
    auto const* const environment = json::array_of(with.kwargs.container, "environment");
    json::set(container, "environment", environment != nullptr ? *environment : json::value::array());
    json::set(container, "essential", true);
    deploy::detail::add_container_kwargs(container, with);
    return deploy::detail::definition_around(std::move(container), with, family);
}

/// RunTask's body for it.
[[nodiscard]] inline json::value test_task(deploy::settings const& with, std::string const& family) {
    auto overrides = json::value::object();
    json::set(overrides, "containerOverrides", json::value::array());
    auto body = json::value::object();
    json::set(body, "taskDefinition", family);
    json::set(body, "overrides", std::move(overrides));
    deploy::detail::add_kwargs(body, with.kwargs.run);
    deploy::detail::add_launch_type(body, with);
    return body;
}

/// Registers a test definition, runs it, and takes it back, with the words of Prefect's Fargate Agent in `log`. `Ecs` as
/// `aws::ecs`. Keeps references; one thread at a time.
template <class Ecs, log_policy Log>
class validator {
public:
    validator(Ecs& ecs, Log& log, deploy::settings const& with) : ecs_{ecs}, log_{log}, with_{with} {}

    /// What was found out about the key before; a failure ends the matter.
    bool note_credentials(result<std::string> const& source) {
        if (!source) return failed("credentials", "No AWS credentials", source.error(), "sts:GetCallerIdentity");
        passed("credentials", *source);
        log_.write(log_level::info, "AWS credentials found: " + *source);
        return true;
    }

    /// Registers under `family` and runs. Whatever comes of it, what was registered is taken back, unless `keep`; the task
    /// runs on and ends by itself. A definition that AWS would not take back is a warning, not a failure.
    void run(std::string family, bool keep, std::stop_token const& stop) {
        made_.family = std::move(family);
        log_.write(log_level::info, "Testing task definition registration...");
        auto const registered = ecs_.register_task_definition(test_definition(with_, made_.family), stop);
        if (!registered) {
            failed("register", "Task definition registration failed", registered.error(), "ecs:RegisterTaskDefinition");
            return;
        }
        log_.write(log_level::info, "Task definition registration successful");
        made_.definition_arn = registered->arn;
        passed("register", registered->arn);
        start(stop);
        if (keep) {
            made_.left_behind = true;
            log_.write(log_level::info, "Task definition " + registered->arn + " is kept");
        } else {
            take_back(registered->arn);
        }
    }

    [[nodiscard]] validation take() && { return std::move(made_); }

private:
    void start(std::stop_token const& stop) {
        log_.write(log_level::info, "Testing task run...");
        auto const ran = ecs_.run_task(test_task(with_, made_.family), stop);
        if (!ran) {
            failed("run", "Task run failed", ran.error(), "ecs:RunTask");
        } else if (ran->tasks.empty() || ran->tasks[0].arn.empty()) {
            auto const first = std::span{ran->failures}.first(std::min<std::size_t>(ran->failures.size(), 1));
            auto const why = first.empty() ? fail(errc::service_error, "RunTask started no task")
                                           : deploy::detail::nothing_started(first);
            failed("run", "Task run failed", why, "ecs:RunTask");
        } else {
            made_.task_arn = ran->tasks[0].arn;
            log_.write(log_level::info, "Task run " + made_.task_arn + " successful");
            passed("run", made_.task_arn);
        }
    }

    /// Not to be stopped: it would leave behind what only this object knows of.
    void take_back(std::string const& arn) {
        auto input = json::value::object();
        json::set(input, "taskDefinition", arn);
        auto const gone = ecs_.deregister_task_definition(input, std::stop_token{});
        if (gone) {
            log_.write(log_level::info, "Task definition " + arn + " deregistered");
            passed("deregister", arn);
            return;
        }
        made_.left_behind = true;
        auto const advice = "remove it by hand: aws ecs deregister-task-definition --task-definition " + arn;
        made_.steps.push_back({"deregister", false, gone.error().message, advice});
        log_.write(log_level::warning, "Task definition " + arn + " is left behind: " + gone.error().message);
        log_.write(log_level::warning, "What to do: " + advice);
    }

    void passed(std::string what, std::string said) {
        made_.steps.push_back({std::move(what), true, std::move(said), {}});
    }

    bool failed(std::string what, std::string_view title, error const& why, std::string_view action) {
        auto advice = advice_for(why, action);
        log_.write(log_level::error, std::string{title} + ": " + why.message);
        if (!advice.empty()) log_.write(log_level::error, "What to do: " + advice);
        made_.steps.push_back({std::move(what), false, why.message, std::move(advice)});
        return false;
    }

    Ecs& ecs_;
    Log& log_;
    deploy::settings const& with_;
    validation made_;
};

} // namespace fargate::inline v0::service

#endif
