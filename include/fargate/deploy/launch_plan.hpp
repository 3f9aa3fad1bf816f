#ifndef FARGATE_DEPLOY_LAUNCH_PLAN_HPP
#define FARGATE_DEPLOY_LAUNCH_PLAN_HPP

#include <fargate/json/json.hpp>

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

    std::string family{};     ///< task definition family
    json::value definition{}; ///< RegisterTaskDefinition body
    json::value task{};       ///< RunTask body; `taskDefinition` is the family until a revision is known
    launch_plan::reuse reusable{};
};

/// What a launch became.
struct launched {
    std::string task_arn{};
    std::string definition{}; ///< the family or ARN that was run
    bool registered = false;  ///< a new definition was made for it
};

} // namespace fargate::inline v0::deploy

#endif
