#ifndef FARGATE_SERVICE_OPTIONS_HPP
#define FARGATE_SERVICE_OPTIONS_HPP

#include <fargate/core/secret.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/log.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// What an agent is told, under the names that Prefect's Fargate Agent had. Every member may stay as it is; what is
/// missing and required is said when the agent opens. The variable beside a member is asked when the member is empty.
struct agent_options {
    std::optional<prefect::backend> backend{}; ///< PREFECT__BACKEND: `cloud` (without it, too) or `server`
    std::string api{}; ///< PREFECT__CLOUD__API, else the backend's usual address: `http://localhost:4200`
    secret token{};    ///< PREFECT__CLOUD__AGENT__AUTH_TOKEN, PREFECT__CLOUD__AUTH_TOKEN; the cloud requires one
    std::string name = "agent";              ///< stands in the UI, in the log and in each run's log
    std::vector<std::string> labels{};       ///< runs are taken whose labels are among these
    std::string agent_config_id{};           ///< must exist in the API when given
    std::optional<std::int64_t> max_polls{}; ///< stop after so many polls; nothing or negative: never
    log_level level = log_level::info;       ///< of the agent's own log
    bool no_cloud_logs = false;              ///< flows keep their logs out of the API
    std::string logging_level{};             ///< PREFECT__LOGGING__LEVEL, else `INFO`; inside the flows' containers

    secret aws_access_key_id{}; ///< both or neither; neither: the credential policy's own sources
    secret aws_secret_access_key{};
    secret aws_session_token{};
    std::string region_name{};  ///< REGION_NAME, AWS_REGION, AWS_DEFAULT_REGION, the profile's region
    std::string endpoint_url{}; ///< AWS_ENDPOINT_URL_ECS, AWS_ENDPOINT_URL and so on; empty: AWS itself

    std::optional<std::string> launch_type{};    ///< `launch_type`, else FARGATE; empty text: none is sent to AWS
    std::optional<bool> enable_task_revisions{}; ///< a family for each flow name with tagged revisions, not one a flow

    /// Environment of every flow's container, in this order, behind Prefect's own entries.
    std::vector<std::pair<std::string, std::string>> env_vars{};

    /// Arguments of RegisterTaskDefinition and RunTask under AWS's names (`cpu`, `networkConfiguration`, ...), and
    /// `containerDefinitions`. A value may be a document or its text form, a Python literal or JSON; what is absent is
    /// looked up in the environment under the same name.
    json::value kwargs = json::value::object();
};

} // namespace fargate::inline v0

#endif
