#ifndef FARGATE_SERVICE_PARTS_HPP
#define FARGATE_SERVICE_PARTS_HPP

#include <fargate/aws/parts.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/access_key.hpp>
#include <fargate/service/options.hpp>
#include <fargate/system/executor.hpp>
#include <fargate/system/log.hpp>
#include <fargate/system/stream_log.hpp>

#include <concepts>
#include <cstdio>
#include <string>

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

[[nodiscard]] inline credentials::access_key key_of(agent_options const& options) {
    credentials::access_key key;
    key.id = options.aws_access_key_id.reveal();
    key.secret_key = options.aws_secret_access_key;
    key.session_token = options.aws_session_token;
    key.source = "the agent's options";
    if (names_key(options)) key.generation = credentials::next_generation();
    return key;
}

template <class Credentials>
[[nodiscard]] Credentials make_credentials(agent_options const& options) {
    if constexpr (std::constructible_from<Credentials, credentials::access_key>)
        return Credentials(key_of(options));
    else
        return Credentials();
}

template <class Log>
[[nodiscard]] Log make_log(agent_options const& options) {
    if constexpr (std::constructible_from<Log, std::FILE*, stream_log_options>)
        return Log(stdout, stream_log_options{options.name.empty() ? "agent" : options.name,
                                              options.level.value_or(log_level::info)});
    else
        return Log();
}

/// Parts made as the options say, where a part lets itself be told.
template <agent_policies Policies>
struct own_parts {
    explicit own_parts(agent_options const& options) :
        value{.credentials = make_credentials<typename Policies::credentials>(options),
              .log = make_log<typename Policies::log>(options)} {}
    parts<Policies> value;
};

} // namespace service

} // namespace fargate::inline v0

#endif
