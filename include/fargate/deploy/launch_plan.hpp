#ifndef FARGATE_DEPLOY_LAUNCH_PLAN_HPP
#define FARGATE_DEPLOY_LAUNCH_PLAN_HPP

#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace fargate::inline v0::deploy {

/// Everything a launch needs, decided before the first call: a pure function of the run and the configuration, the same
/// bytes for every agent that plans it.
struct launch_plan {
    /// Which task definition may be used again instead of registering one.
    struct reuse {
        bool revisions = false;                     ///< look at the flow tags, not only at the family's existence
        std::string flow_id8{};                     ///< tag `PrefectFlowId`
        std::optional<std::int64_t> flow_version{}; ///< tag `PrefectFlowVersion`
        bool refresh = false;                       ///< not one that differs from what would be registered
    };

    /// Whose launch it is: tokens are made of it, and of the attempt's number. With an empty `run` there is no token.
    struct wish {
        std::string backend{}; ///< the API's address
        std::string run{};     ///< the run's id
        std::string epoch{};   ///< which of its schedules
    };

    std::string family{};     ///< task definition family
    json::value definition{}; ///< RegisterTaskDefinition body
    json::value task{};       ///< RunTask body; `taskDefinition` is the family until a revision is known
    launch_plan::reuse reusable{};
    launch_plan::wish wanted{};
    bool placed = false; ///< the flow or the run says itself on what it runs: no capacity plan counts
    duration max_run{};  ///< the task is stopped when it has run so long; zero: never
};

/// What a launch became.
struct launched {
    std::string task_arn{};
    std::string definition{}; ///< the family or ARN that was run
    bool registered = false;  ///< a new definition was made for it
    bool adopted = false;     ///< it was started before, by this agent or another
};

} // namespace fargate::inline v0::deploy

#endif
