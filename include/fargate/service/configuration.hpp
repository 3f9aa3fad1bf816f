#ifndef FARGATE_SERVICE_CONFIGURATION_HPP
#define FARGATE_SERVICE_CONFIGURATION_HPP

#include <fargate/aws/botocore_config.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/core/result.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/complaints.hpp>
#include <fargate/service/config.hpp>
#include <fargate/service/options.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/protocol_settings.hpp>
#include <fargate/service/setting.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::service {

/// What the agent's process does with its own name, log and address.
struct process_settings {
    std::string name = "agent";
    log_level level = log_level::info;
    std::string log_format{};    ///< a Python %-style template
    std::string agent_address{}; ///< empty: nobody is answered
    std::optional<std::int64_t> max_polls{};
    duration wedged_after{}; ///< an agent that stands still so long ends the process; zero: never
};

/// Prefect's configuration as these options and this environment give it.
template <environment_policy Environment>
[[nodiscard]] result<config> read_config(agent_options const& options, Environment const& environment) {
    std::string_view backend;
    if (options.backend) backend = *options.backend == prefect::backend::cloud ? "cloud" : "server";
    return config::read(options.config, environment, backend);
}

namespace detail {

[[nodiscard]] inline result<prefect::backend> backend_of(config const& from) {
    auto const name = from.text("backend");
    if (name == "cloud") return prefect::backend::cloud;
    if (name == "server") return prefect::backend::server;
    return fail(errc::bad_configuration,
                "backend (PREFECT__BACKEND, backend.toml, config.toml) must be cloud or server, "
                "not " +
                    in_quotes(name));
}

template <environment_policy Environment>
[[nodiscard]] result<process_settings> process_of(agent_options const& options, config const& from,
                                                  Environment const& environment) {
    source<Environment> const look{from, environment};
    process_settings made;
    made.name = look.text(options.name, "cloud.agent.name", "name");
    if (made.name.empty()) made.name = "agent";
    made.agent_address = look.text(options.agent_address, "cloud.agent.agent_address", "agent_address");
    made.log_format = look.text(options.log_format, "logging.format", {});
    if (made.log_format.empty()) made.log_format = default_of("logging.format");
    auto const word = from.text("cloud.agent.level");
    auto const level = word.empty() ? std::optional{log_level::info} : read_level(word);
    if (!options.level && !level)
        return fail(errc::bad_configuration,
                    "cloud.agent.level (PREFECT__CLOUD__AGENT__LEVEL) must be DEBUG, INFO, WARNING, ERROR or CRITICAL, "
                    "not " +
                        in_quotes(word));
    made.level = options.level ? *options.level : *level;
    made.max_polls = options.max_polls;
    if (auto const polls = filled_variable(environment, "max_polls"); polls && !made.max_polls) {
        made.max_polls = read_integer(*polls);
        if (!made.max_polls)
            return fail(errc::bad_configuration, "max_polls must be a whole number, not " + in_quotes(*polls));
    }
    auto const wedged_after = wedged_after_of(options, environment);
    if (!wedged_after) return wedged_after.error();
    made.wedged_after = *wedged_after;
    return made;
}

/// Who the agent is to the API: what was given explicitly, else what the login left. A login's key or token never stands
/// in for one that was given, and only a login's own token may switch tenants.
inline void identify(prefect::settings& made, agent_options const& options, config const& from) {
    auto const first = [&](secret const& given, std::initializer_list<std::string_view> paths) {
        secret found = given;
        for (auto const path : paths)
            if (found.empty()) found = from.text(path);
        return found;
    };
    made.token = first(options.token, {"cloud.agent.auth_token", "cloud.auth_token"});
    made.api_key = first(options.api_key, {"cloud.api_key"});
    if (made.token.empty() && made.api_key.empty()) made.api_key = options.login.api_key;
    if (made.token.empty() && made.api_key.empty() && made.backend == prefect::backend::cloud) {
        made.token = options.login.api_token;
        if (!made.token.empty()) made.switch_to_tenant = options.login.active_tenant_id;
    }
    made.tenant_id = options.tenant_id.empty() ? from.text("cloud.tenant_id") : options.tenant_id;
    if (made.tenant_id.empty() && !made.api_key.empty()) made.tenant_id = options.login.tenant_id;
}

/// The option, else a keyword argument, else the environment's, else FARGATE.
template <environment_policy Environment>
[[nodiscard]] result<std::string> launch_type_of(agent_options const& options, Environment const& environment) {
    auto const named = deploy::launch_type_of(options.kwargs);
    if (!named) return named.error();
    if (options.launch_type) return *options.launch_type;
    if (*named) return **named;
    for (auto const name : {"launch_type", "launchType"})
        if (auto const value = filled_variable(environment, name)) return std::string{text::trim(*value)};
    return std::string{"FARGATE"};
}

template <environment_policy Environment>
[[nodiscard]] result<deploy::external_settings> external_of(agent_options const& options,
                                                            Environment const& environment) {
    auto const enabled = flag_of(options.use_external_kwargs, "use_external_kwargs", environment);
    if (!enabled) return enabled.error();
    deploy::external_settings made;
    made.enabled = *enabled;
    made.bucket = options.external_kwargs_s3_bucket;
    if (made.bucket.empty()) made.bucket = filled_variable(environment, "external_kwargs_s3_bucket").value_or("");
    auto key = options.external_kwargs_s3_key;
    if (!key) key = environment.variable("external_kwargs_s3_key");
    made.key = key.value_or("");
    if (!made.enabled) return made;
    if (made.bucket.empty())
        return fail(errc::bad_configuration,
                    "external_kwargs_s3_bucket is missing: use_external_kwargs needs the bucket "
                    "that holds the flows' keyword arguments");
    if (!key)
        return fail(errc::bad_configuration,
                    "external_kwargs_s3_key is missing: use_external_kwargs needs the prefix of "
                    "the objects' keys; it may be empty");
    return made;
}

template <environment_policy Environment>
[[nodiscard]] result<deploy::container_profile> profile_of(agent_options const& options,
                                                           Environment const& environment) {
    std::string word = options.container_profile;
    if (word.empty()) word = filled_variable(environment, "container_profile").value_or("0.13");
    auto const name = text::trim(word);
    if (name == "0.13") return deploy::container_profile::v0_13;
    if (name == "0.15") return deploy::container_profile::v0_15;
    return fail(errc::bad_configuration, "container_profile must be 0.13 or 0.15, not " + in_quotes(name));
}

/// Whether flows log to the API. From 0.14.20 on the configuration has a say.
template <environment_policy Environment>
[[nodiscard]] result<bool> log_to_cloud_of(agent_options const& options, config const& from, bool configurable,
                                           Environment const& environment) {
    if (options.no_cloud_logs) return false;
    auto const without = flag_of(std::nullopt, "no_cloud_logs", environment);
    if (!without) return without.error();
    auto const word = from.text("cloud.send_flow_run_logs");
    if (*without || !configurable || word.empty()) return !*without;
    if (auto const flag = deploy::read_flag(word)) return *flag;
    return fail(errc::bad_configuration,
                "cloud.send_flow_run_logs (PREFECT__CLOUD__SEND_FLOW_RUN_LOGS) must be true or false, not " +
                    in_quotes(word));
}

} // namespace detail

/// How the process shows itself. `errc::bad_configuration` names what cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<process_settings> process_settings_of(agent_options const& options, config const& from,
                                                           Environment const& environment) {
    return detail::process_of(options, from, environment);
}

/// The same with the configuration that these options and this environment give.
template <environment_policy Environment>
[[nodiscard]] result<process_settings> process_settings_of(agent_options const& options,
                                                           Environment const& environment) {
    auto const from = read_config(options, environment);
    if (!from) return from.error();
    return process_settings_of(options, *from, environment);
}

/// How the agent reaches Prefect. `errc::bad_configuration` names the option, setting or variable that cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<prefect::settings> prefect_settings(agent_options const& options, config const& from,
                                                         Environment const& environment) {
    auto const backend = detail::backend_of(from);
    if (!backend) return backend.error();
    auto const process = detail::process_of(options, from, environment);
    if (!process) return process.error();
    auto const prefetch = detail::flag_of(options.prefetch, "prefetch", environment);
    if (!prefetch) return prefetch.error();
    detail::source<Environment> const look{from, environment};
    auto labels = look.labels(options.labels);
    if (!labels) return std::move(labels).error();
    prefect::settings made;
    made.backend = *backend;
    made.api = options.api.empty() ? from.text("cloud.api") : options.api;
    detail::identify(made, options, from);
    made.name = process->name;
    made.labels = *std::move(labels);
    made.agent_config_id = options.agent_config_id;
    if (made.agent_config_id.empty())
        made.agent_config_id = text::trim(filled_variable(environment, "agent_config_id").value_or(""));
    made.prefetch = *prefetch;
    return made;
}

/// The same with the configuration that these options and this environment give.
template <environment_policy Environment>
[[nodiscard]] result<prefect::settings> prefect_settings(agent_options const& options, Environment const& environment) {
    auto const from = read_config(options, environment);
    if (!from) return from.error();
    return prefect_settings(options, *from, environment);
}

/// How the agent keeps its promise of one task for each run, with the configuration that these options and this
/// environment give.
template <environment_policy Environment>
[[nodiscard]] result<protocol> protocol_of(agent_options const& options, Environment const& environment) {
    auto const server = prefect_settings(options, environment);
    if (!server) return server.error();
    return protocol_of(options, *server, environment);
}

/// How flows become tasks, as far as it can be read; `server` is what `prefect_settings` made of the same options. Tells
/// `log` what was taken from the environment and what is unknown, which is wrong for the strict.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] deploy::settings deploy_settings(agent_options const& options, prefect::settings const& server,
                                               config const& from, Environment const& environment, Log& log,
                                               complaints& wrong) {
    deploy::settings made;
    made.enable_task_revisions =
        wrong.take(detail::flag_of(options.enable_task_revisions, "enable_task_revisions", environment));
    made.refresh_definitions =
        wrong.take(detail::flag_of(options.refresh_definitions, "refresh_definitions", environment));
    made.use_run_config = wrong.take(detail::flag_of(options.use_run_config, "use_run_config", environment));
    made.strict = wrong.take(detail::flag_of(options.strict, "strict", environment));
    made.profile = wrong.take(detail::profile_of(options, environment));
    made.log_to_cloud = wrong.take(
        detail::log_to_cloud_of(options, from, made.profile == deploy::container_profile::v0_15, environment));
    auto external = detail::external_of(options, environment);
    bool const is_lost = !external; // it is wanted, all the same
    made.external = wrong.take(std::move(external));
    if (is_lost) made.external.enabled = true;
    detail::source<Environment> const look{from, environment};
    made.env_vars = wrong.take(look.env_vars(options.env_vars));
    for (auto const& [name, value] : made.env_vars)
        if (text::trim(name).empty())
            wrong.add(
                fail(errc::invalid_argument, "env_vars has an entry without a name: give it one, or leave it out"));
    made.launch_type = wrong.take(detail::launch_type_of(options, environment));
    made.kwargs = wrong.thorough ? deploy::read_kwargs(options.kwargs, environment, log, wrong.all)
                                 : wrong.take(deploy::read_kwargs(options.kwargs, environment, log, made.strict));
    made.api = prefect::api_of(server);
    made.token = server.token;
    made.labels = server.labels;
    made.logging_level = detail::logging_level_of(options.logging_level, from);
    made.backend = server.backend == prefect::backend::cloud ? "cloud" : "server";
    made.api_key = server.api_key;
    made.tenant_id = server.tenant_id;
    made.transliterate = options.transliterate;
    return made;
}

/// The same; the first of what is wrong is the error. `errc::bad_configuration` and `errc::invalid_argument` name the
/// option, setting or variable.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<deploy::settings> deploy_settings(agent_options const& options, prefect::settings const& server,
                                                       config const& from, Environment const& environment, Log& log) {
    complaints wrong;
    auto made = deploy_settings(options, server, from, environment, log, wrong);
    if (wrong.first) return *std::move(wrong.first);
    return made;
}

/// The same with the configuration that these options and this environment give.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<deploy::settings> deploy_settings(agent_options const& options, prefect::settings const& server,
                                                       Environment const& environment, Log& log) {
    auto const from = read_config(options, environment);
    if (!from) return from.error();
    return deploy_settings(options, server, *from, environment, log);
}

/// How the agent reaches AWS. A REGION_NAME that is empty is not set.
template <environment_policy Environment>
[[nodiscard]] aws::client_options aws_options(agent_options const& options, Environment const& environment) {
    aws::client_options made;
    made.region = text::trim(options.region_name);
    for (auto const name : {"REGION_NAME", "region_name"})
        if (made.region.empty()) made.region = text::trim(environment.variable(name).value_or(""));
    made.endpoint_url = options.endpoint_url;
    return made;
}

/// botocore's `Config` as an object: the option, else the variable `botocore_config`; empty when neither says anything.
/// `errc::invalid_argument` when it is no object, nor the text of one.
template <environment_policy Environment>
[[nodiscard]] result<json::value> botocore_config_of(agent_options const& options, Environment const& environment) {
    bool const blank =
        options.botocore_config.is_null() || text::trim(json::as_text(options.botocore_config).value_or("-")).empty();
    if (!blank)
        return deploy::detail::read_kwarg("botocore_config", deploy::kwarg_type::object, options.botocore_config);
    if (auto const raw = filled_variable(environment, "botocore_config"))
        return deploy::detail::read_kwarg("environment variable botocore_config", deploy::kwarg_type::object,
                                          json::value(*raw));
    return json::value::object();
}

/// The same, read. It concerns ECS and tagging alone. `errc::bad_configuration` names the option that is wrong.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<aws::botocore_config> botocore_options(agent_options const& options,
                                                            Environment const& environment, Log& log) {
    auto const given = botocore_config_of(options, environment);
    if (!given) return fail(errc::bad_configuration, given.error().message);
    return aws::read_botocore_config(*given, log);
}

} // namespace fargate::inline v0::service

#endif
