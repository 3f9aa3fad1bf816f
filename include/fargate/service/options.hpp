#ifndef FARGATE_SERVICE_OPTIONS_HPP
#define FARGATE_SERVICE_OPTIONS_HPP

#include <fargate/core/secret.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/transliteration.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// What an agent is told, under the names that Prefect's Fargate Agent had. Every member may stay as it is; what is
/// missing and required is said when the agent opens. A member that is empty is looked up where its comment says: a dotted
/// name is one of Prefect's configuration (`cloud.api` is the variable `PREFECT__CLOUD__API`, else the entry of `config`),
/// a plain name an environment variable.
struct agent_options {
    /// Prefect's configuration as its files give it: tables as objects (`{"cloud": {"api": "..."}}`).
    json::value config = json::value::object();
    prefect::login login{}; ///< what `prefect auth login` keeps; counts after everything else

    std::optional<prefect::backend> backend{}; ///< `backend`, else the cloud
    std::string api{};       ///< `cloud.api`, else the backend's usual address: `http://localhost:4200`
    secret token{};          ///< `cloud.agent.auth_token`, `cloud.auth_token`; the cloud requires it or a key
    secret api_key{};        ///< `cloud.api_key`; counts before any token
    std::string tenant_id{}; ///< `cloud.tenant_id`; goes with the key
    std::string name{};      ///< `cloud.agent.name`, else `agent`; stands in the UI, in the log and in each run's log
    std::vector<std::string> labels{};       ///< `cloud.agent.labels`; runs are taken whose labels are among these
    std::string agent_config_id{};           ///< must exist in the API when given
    std::optional<std::int64_t> max_polls{}; ///< stop after so many polls; nothing or negative: never
    std::optional<bool> prefetch{};          ///< `prefetch`: asks 10 s ahead, and submits each run when it is due
    std::string agent_address{};             ///< `cloud.agent.agent_address`; where a program answers for its health
    std::optional<log_level> level{};        ///< `cloud.agent.level`, else INFO; of the agent's own log
    std::string log_format{};                ///< `logging.format`; of the agent's own log, a Python %-style template
    std::FILE* log_to = nullptr;             ///< where the agent's own log goes; null: standard output
    bool no_cloud_logs = false;              ///< flows keep their logs out of the API
    std::string logging_level{};             ///< `logging.level`, else INFO; inside the flows' containers

    secret aws_access_key_id{}; ///< both or neither; neither: the credential policy's own sources
    secret aws_secret_access_key{};
    secret aws_session_token{};
    std::string region_name{};     ///< REGION_NAME, AWS_REGION, AWS_DEFAULT_REGION, the profile's region
    std::string endpoint_url{};    ///< AWS_ENDPOINT_URL_ECS, AWS_ENDPOINT_URL and so on; empty: AWS itself
    json::value botocore_config{}; ///< `botocore_config`; an object of botocore's `Config`, or its text form

    std::optional<std::string> launch_type{};    ///< `launch_type`, else FARGATE; empty text: none is sent to AWS
    std::optional<bool> enable_task_revisions{}; ///< a family for each flow name with tagged revisions, not one a flow
    std::optional<bool> use_external_kwargs{};   ///< each flow may have keyword arguments of its own in S3
    std::string external_kwargs_s3_bucket{};     ///< required with them
    std::optional<std::string> external_kwargs_s3_key{}; ///< required with them; a prefix, may be empty
    std::optional<bool>
        refresh_definitions{};            ///< register anew when what is registered differs from what would be sent
    std::optional<bool> use_run_config{}; ///< a run's cpu, memory, env, roles and run_task_kwargs count
    std::string container_profile{};      ///< `0.13` (else) or `0.15`: whose environment flows' containers get
    text::transliteration transliterate = nullptr; ///< spells flow names in scripts that the own table lacks
    std::optional<bool>
        strict{}; ///< an unknown keyword argument, or one that ECS will refuse, is an error, not a warning
    std::optional<bool> dry_run{}; ///< `dry_run`: says what it would do with each run, and does nothing

    // How each run gets exactly one task. What is absent here is looked up in the environment under the same name, spans in
    // seconds, and is else as `service::protocol` says. A switch is also turned off by its name behind `no_`.
    std::optional<bool> idempotent{};   ///< the same launch asked for again finds the same task
    std::optional<bool> watch{};        ///< tasks are followed to their end
    std::optional<bool> reconcile{};    ///< what was left behind by a crash is looked for
    std::optional<bool> batch_claims{}; ///< the runs of one poll are claimed by one request, and told by one
    std::optional<bool> heartbeat{};    ///< runs whose tasks are slow to start are kept from being scheduled again
    std::string fleet_id{}; ///< the same for agents that take each other's place; else made of API and labels
    std::optional<duration> poll_interval_max{};    ///< the longest wait between two polls
    std::optional<duration> launch_timeout{};       ///< of one RunTask attempt; zero: the client's own
    std::optional<double> launch_rate{};            ///< launches a second; 0: no limit
    std::optional<std::uint64_t> max_in_flight{};   ///< runs launching and tasks alive at a time; 0: no limit
    std::optional<duration> launch_deadline{};      ///< how long a run waits for capacity before it fails
    std::optional<std::uint64_t> launch_attempts{}; ///< how often a task that never starts is launched
    std::optional<duration> max_run_duration{};     ///< a task that runs longer is stopped; zero: no limit
    std::string capacity_plan{};                    ///< `FARGATE_SPOT,FARGATE`: each stands in for the one before
    std::optional<duration> capacity_fallback{};    ///< how long a run keeps to the first of them
    std::optional<duration> reconcile_interval{};   ///< between two looks for what was left behind
    std::optional<duration> wedged_after{}; ///< 600 s; a program ends whose agent stands still so long; zero: never

    /// Environment of every flow's container, in this order, behind Prefect's own entries; `cloud.agent.env_vars`.
    std::vector<std::pair<std::string, std::string>> env_vars{};

    /// Arguments of RegisterTaskDefinition and RunTask under AWS's names (`cpu`, `networkConfiguration`, ...), and
    /// `containerDefinitions`. A value may be a document or its text form, a Python literal or JSON; what is absent is
    /// looked up in the environment under the same name.
    json::value kwargs = json::value::object();
};

} // namespace fargate::inline v0

#endif
