#ifndef FARGATE_AWS_CLIENT_OPTIONS_HPP
#define FARGATE_AWS_CLIENT_OPTIONS_HPP

#include <fargate/core/secret.hpp>
#include <fargate/http/message.hpp>
#include <fargate/system/random.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace fargate::inline v0::aws {

/// What a caller may decide about the calls of one service client. Everything may stay as it is: then the environment
/// decides, as the AWS SDKs have it (the variable beside each member), and then the profile in the shared files.
struct client_options {
    std::string region{};       ///< AWS_REGION, AWS_DEFAULT_REGION
    std::string endpoint_url{}; ///< AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL; with a base path if it has one
    std::optional<bool>
        ignore_configured_endpoint_urls{}; ///< AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: only the option counts
    std::optional<bool> use_fips{};        ///< AWS_USE_FIPS_ENDPOINT; not applied to an endpoint URL
    std::optional<bool> use_dualstack{};   ///< AWS_USE_DUALSTACK_ENDPOINT; likewise
    http::limits limits{};                 ///< of each attempt
    /// For one call with all its attempts and waits; zero is none. What cannot be done within it is not waited for: the
    /// call ends at once with what went wrong last. An attempt is cut short at it; fetching a key is not.
    std::chrono::milliseconds deadline{0};
    std::string ca_file{};            ///< AWS_CA_BUNDLE; PEM certificates to trust in place of the machine's
    std::string user_agent{};         ///< in place of the whole User-Agent but for what follows
    std::string user_agent_extra{};   ///< stands behind it
    std::string app_id{};             ///< AWS_SDK_UA_APP_ID; the `app/` of the User-Agent
    bool anonymous = false;           ///< sends requests unsigned and asks nobody for a key
    bool parameter_validation = true; ///< false: what is over a limit of AWS's is sent, for AWS to refuse
    bool client_tokens = true; ///< gives a RunTask without clientToken one, so that a repeat starts nothing twice
    /// Keeps an `ecs` below the rates at which ECS throttles, see `ecs_rates`. Unless told, not under an endpoint URL: what
    /// answers there may be slower or faster.
    std::optional<bool> api_rates{};
    std::vector<secret> confided{}; ///< what requests may hold besides keys: no error tells it
    random_source random = random_bits;
};

} // namespace fargate::inline v0::aws

#endif
