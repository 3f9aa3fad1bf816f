#ifndef FARGATE_SERVICE_PARTS_HPP
#define FARGATE_SERVICE_PARTS_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/standard.hpp>
#include <fargate/http/curl_environment.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/configuration.hpp>
#include <fargate/service/options.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/executor.hpp>
#include <fargate/system/log.hpp>
#include <fargate/system/log_template.hpp>
#include <fargate/system/stream_log.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/uri.hpp>

#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0 {

/// What an agent's bundle must name: what AWS calls need, a `log` and an `executor`.
template <class Policies>
concept agent_policies =
    aws::policies<Policies> && log_policy<typename Policies::log> && executor_policy<typename Policies::executor>;

/// One object of each part of an agent. The executor is made last and so goes first: no job outlives what it uses.
template <agent_policies Policies>
struct parts {
    typename Policies::http http{};
    typename Policies::credentials credentials{};
    typename Policies::clock clock{};
    typename Policies::environment environment{};
    typename Policies::retry retry{};
    typename Policies::hash hash{};
    typename Policies::log log{};
    typename Policies::executor executor{};
};

namespace service {

/// True when the options hold any part of an AWS key.
[[nodiscard]] inline bool names_key(agent_options const& options) noexcept {
    return !options.aws_access_key_id.empty() || !options.aws_secret_access_key.empty() ||
           !options.aws_session_token.empty();
}

/// The options with a key of which they hold only parts made whole from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
/// AWS_SESSION_TOKEN, each part by itself as Prefect has it.
template <environment_policy Environment>
[[nodiscard]] agent_options with_whole_key(agent_options options, Environment const& environment) {
    if (!names_key(options)) return options;
    auto const fill = [&](secret& part, std::string_view variable) {
        if (part.empty()) part = std::string{text::trim(environment.variable(variable).value_or(""))};
    };
    fill(options.aws_access_key_id, "AWS_ACCESS_KEY_ID");
    fill(options.aws_secret_access_key, "AWS_SECRET_ACCESS_KEY");
    fill(options.aws_session_token, "AWS_SESSION_TOKEN");
    return options;
}

/// Whether the key of the options can be used: nothing to say when there is none.
template <class Credentials>
[[nodiscard]] result<void> check_key(agent_options const& options, bool own) {
    if (!names_key(options)) return {};
    bool const has_id = !options.aws_access_key_id.empty();
    if (!has_id || options.aws_secret_access_key.empty())
        return fail(errc::bad_configuration, std::string{has_id ? "aws_secret_access_key" : "aws_access_key_id"} +
                                                 " is missing: give both halves of the key or neither");
    if (!own || !std::constructible_from<Credentials, credentials::access_key>)
        return fail(errc::bad_configuration,
                    "aws_access_key_id is given, but this agent's credentials take no key from its "
                    "options: give it to the credential policy itself");
    return {};
}

/// The same for a key whose missing parts the environment holds.
template <class Credentials, environment_policy Environment>
[[nodiscard]] result<void> check_key(agent_options const& options, Environment const& environment, bool own) {
    return check_key<Credentials>(with_whole_key(options, environment), own);
}

[[nodiscard]] inline credentials::access_key key_of(agent_options const& options) {
    credentials::access_key key;
    key.id = options.aws_access_key_id.reveal();
    key.secret_key = options.aws_secret_access_key;
    key.session_token = options.aws_session_token;
    key.source = "the agent's options";
    if (names_key(options)) key.generation = credentials::next_generation();
    return key;
}

/// A search of standard kind asks STS for the keys of roles in the agent's region.
template <class Credentials, environment_policy Environment>
[[nodiscard]] Credentials make_credentials(agent_options const& options, Environment const& environment) {
    if constexpr (std::constructible_from<Credentials, credentials::standard_options>)
        return Credentials(credentials::standard_options{.key = key_of(options),
                                                         .sts = {.region = aws_options(options, environment).region}});
    else if constexpr (std::constructible_from<Credentials, credentials::access_key>)
        return Credentials(key_of(options));
    else
        return Credentials();
}

template <class Log>
[[nodiscard]] Log make_log(process_settings const& process, std::FILE* to = nullptr) {
    if constexpr (std::constructible_from<Log, std::FILE*, stream_log_options>)
        return Log(to != nullptr ? to : stdout,
                   stream_log_options{process.name, process.level,
                                      process.log_format.empty()
                                          ? log_format{}
                                          : read_log_format(process.log_format).value_or(log_format{})});
    else
        return Log();
}

/// Over the proxies of the environment, and to the Prefect API with the certificates that are named there for it.
template <class Http, environment_policy Environment>
[[nodiscard]] Http make_http(agent_options const& options, Environment const& environment) {
    if constexpr (std::constructible_from<Http, curl_options>) {
        auto const server = prefect_settings(options, environment);
        auto const address =
            server ? text::split_url(prefect::api_of(*server)) : fail(errc::invalid_argument, "no API");
        return Http(curl_options_from(environment, address ? std::string_view{address->host} : std::string_view{}));
    } else {
        return Http();
    }
}

/// Parts made as the options and the environment say, where a part lets itself be told. What cannot be read is left to
/// whoever reads the whole configuration.
template <agent_policies Policies>
struct own_parts {
    explicit own_parts(agent_options const& options) : own_parts{options, typename Policies::environment{}} {}

    parts<Policies> value;

private:
    own_parts(agent_options const& options, typename Policies::environment const& environment) :
        value{.http = make_http<typename Policies::http>(options, environment),
              .credentials =
                  make_credentials<typename Policies::credentials>(with_whole_key(options, environment), environment),
              .log = make_log<typename Policies::log>(process_of(options, environment), options.log_to)} {}

    [[nodiscard]] static process_settings process_of(agent_options const& options,
                                                     typename Policies::environment const& environment) {
        if (auto process = process_settings_of(options, environment)) return *std::move(process);
        process_settings fallback;
        if (!options.name.empty()) fallback.name = options.name;
        fallback.level = options.level.value_or(fallback.level);
        return fallback;
    }
};

} // namespace service

} // namespace fargate::inline v0

#endif
