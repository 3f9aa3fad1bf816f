#ifndef FARGATE_SERVICE_CONFIGURATION_HPP
#define FARGATE_SERVICE_CONFIGURATION_HPP

#include <fargate/aws/client_options.hpp>
#include <fargate/aws/region.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/options.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::service {

namespace detail {

/// What was given, else the first of the variables that is set to something, else the fallback.
template <environment_policy Environment>
[[nodiscard]] std::string first_of(std::string_view given, Environment const& environment,
                                   std::initializer_list<std::string_view> variables, std::string_view fallback = {}) {
    if (!given.empty()) return std::string{given};
    for (auto const name : variables)
        if (auto value = environment.variable(name); value && !text::trim(*value).empty())
            return std::string{text::trim(*value)};
    return std::string{fallback};
}

template <environment_policy Environment>
[[nodiscard]] result<prefect::backend> backend_of(agent_options const& options, Environment const& environment) {
    if (options.backend) return *options.backend;
    auto const name = first_of({}, environment, {"PREFECT__BACKEND"}, "cloud");
    if (name == "cloud") return prefect::backend::cloud;
    if (name == "server") return prefect::backend::server;
    return fail(errc::bad_configuration, "PREFECT__BACKEND must be cloud or server, not " + name.substr(0, 64));
}

template <environment_policy Environment>
[[nodiscard]] result<bool> revisions_of(agent_options const& options, Environment const& environment) {
    if (options.enable_task_revisions) return *options.enable_task_revisions;
    auto const word = first_of({}, environment, {"enable_task_revisions"}, "false");
    if (auto const flag = deploy::read_flag(word)) return *flag;
    return fail(errc::bad_configuration, "enable_task_revisions must be true or false, not " + word.substr(0, 64));
}

} // namespace detail

/// How the agent reaches Prefect. `errc::bad_configuration` names the variable that cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<prefect::settings> prefect_settings(agent_options const& options, Environment const& environment) {
    auto const backend = detail::backend_of(options, environment);
    if (!backend) return backend.error();
    prefect::settings made;
    made.backend = *backend;
    made.api = detail::first_of(options.api, environment, {"PREFECT__CLOUD__API"});
    made.token = detail::first_of(options.token.reveal(), environment,
                                  {"PREFECT__CLOUD__AGENT__AUTH_TOKEN", "PREFECT__CLOUD__AUTH_TOKEN"});
    made.name = detail::first_of(options.name, environment, {"PREFECT__CLOUD__AGENT__NAME"}, "agent");
    made.labels = options.labels;
    made.agent_config_id = options.agent_config_id;
    return made;
}

/// How flows become tasks; tells `log` what was taken from the environment and what is unknown.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<deploy::settings> deploy_settings(agent_options const& options, prefect::settings const& server,
                                                       Environment const& environment, Log& log) {
    auto const revisions = detail::revisions_of(options, environment);
    if (!revisions) return revisions.error();
    auto kwargs = deploy::read_kwargs(options.kwargs, environment, log);
    if (!kwargs) return kwargs.error();
    deploy::settings made;
    made.api = prefect::api_of(server);
    made.token = server.token;
    made.labels = server.labels;
    made.env_vars = options.env_vars;
    made.log_to_cloud = !options.no_cloud_logs;
    made.logging_level = detail::first_of(options.logging_level, environment, {"PREFECT__LOGGING__LEVEL"}, "INFO");
    made.launch_type =
        options.launch_type ? *options.launch_type : detail::first_of({}, environment, {"launch_type"}, "FARGATE");
    made.enable_task_revisions = *revisions;
    made.kwargs = *std::move(kwargs);
    return made;
}

/// How the agent reaches AWS.
template <environment_policy Environment>
[[nodiscard]] aws::client_options aws_options(agent_options const& options, Environment const& environment) {
    aws::client_options made;
    made.region = detail::first_of(options.region_name, environment, {"REGION_NAME"});
    made.endpoint_url = options.endpoint_url;
    return made;
}

} // namespace fargate::inline v0::service

#endif
