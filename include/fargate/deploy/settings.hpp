#ifndef FARGATE_DEPLOY_SETTINGS_HPP
#define FARGATE_DEPLOY_SETTINGS_HPP

#include <fargate/core/secret.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/slug.hpp>
#include <fargate/text/transliteration.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// Whose environment a flow's container gets.
enum class container_profile : unsigned char {
    v0_13, ///< as the agents of Prefect 0.13 set it
    v0_15  ///< as those of 0.15: `PREFECT__BACKEND` first, and where logs go under two names
};

/// Where each flow's own keyword arguments are kept: `<key>/<slug of the flow's name>/<first eight of its id>.json`.
struct external_settings {
    bool enabled = false;
    std::string bucket{};
    std::string key{}; ///< a prefix; may be empty
};

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
    container_profile profile = container_profile::v0_13;
    std::string backend = "cloud";    ///< `cloud` or `server`, for the 0.15 profile
    secret api_key{};                 ///< handed to the flow's container when not empty, with the tenant
    std::string tenant_id{};          ///< empty: none is handed over
    bool refresh_definitions = false; ///< register anew when what is registered differs from what would be sent
    bool use_run_config = false;      ///< a run configuration's cpu, memory, env, roles and run_task_kwargs count
    bool strict = false;              ///< an unknown keyword argument is an error, not a warning
    bool parameter_validation = true; ///< false: what is over a limit of AWS's is sent, for AWS to refuse
    bool idempotent = true;           ///< plans say whose launch they are, so that RunTask can carry a token made of it
    std::string fleet{};              ///< RunTask's `startedBy`, where nobody set one; empty: none is sent
    duration max_run{}; ///< a task that runs longer is stopped; zero: never. `maxRunDuration` goes before it
    external_settings external{};
    deploy::kwargs kwargs{};
    text::transliteration transliterate = nullptr; ///< spells what `text::slug` cannot; null: it vanishes from names
};

/// A flow's name as families and S3 keys carry it; may be empty.
[[nodiscard]] inline std::string slug_of(std::string_view name, settings const& with) {
    return with.transliterate != nullptr ? text::slug(name, with.transliterate) : text::slug(name);
}

} // namespace fargate::inline v0::deploy

#endif
