#ifndef FARGATE_DEPLOY_SETTINGS_HPP
#define FARGATE_DEPLOY_SETTINGS_HPP

#include <fargate/core/secret.hpp>
#include <fargate/deploy/kwargs.hpp>

#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// What every launch of one agent has in common. Nothing in here may differ between two agents that serve the same
/// runs: ECS takes the second of two launches for the first only when they are the same to the byte.
struct settings {
    std::string api{};                 ///< the API's address as containers reach it; empty: Prefect Cloud's
    secret token{};                    ///< handed to the flow's container
    std::vector<std::string> labels{}; ///< shown to the flow's container
    std::vector<std::pair<std::string, std::string>> env_vars{}; ///< name and value, in order; a later one wins
    bool log_to_cloud = true;
    std::string logging_level = "INFO";
    std::string launch_type = "FARGATE"; ///< empty: none is sent
    bool enable_task_revisions = false;
    deploy::kwargs kwargs{};
};

} // namespace fargate::inline v0::deploy

#endif
