#ifndef FARGATE_SERVICE_AWS_PARTS_HPP
#define FARGATE_SERVICE_AWS_PARTS_HPP

#include <fargate/aws/botocore_ambient.hpp>
#include <fargate/aws/botocore_config.hpp>
#include <fargate/core/result.hpp>
#include <fargate/http/connection_options.hpp>
#include <fargate/retry/any_mode.hpp>
#include <fargate/service/parts.hpp>
#include <fargate/system/environment.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::service {

/// What one AWS client of an agent stands on: the agent's parts, but for an `http` and a `retry` of its own where a
/// configuration asks for them. Keys are fetched over the agent's `http` in any case. Must outlive the client.
template <agent_policies Policies>
struct aws_parts {
    std::unique_ptr<typename Policies::http> own_http{};
    std::unique_ptr<typename Policies::retry> own_retry{};
    typename Policies::http& http;
    typename Policies::http& credentials_http;
    typename Policies::credentials& credentials;
    typename Policies::clock& clock;
    typename Policies::environment& environment;
    typename Policies::retry& retry;
    typename Policies::hash& hash;
};

namespace detail {

template <class Http>
inline constexpr bool takes_connection_options = requires(Http const& h, http::connection_options const& told) {
    { h.with(told) } -> std::same_as<Http>;
};

template <class Retry>
inline constexpr bool takes_retry_mode = requires(Retry const& r, retry::mode_options const& told) {
    { r.with(told) } -> std::same_as<Retry>;
};

/// The first thing that is said, under botocore's name.
[[nodiscard]] inline std::string_view name_of_first(http::connection_options const& told) noexcept {
    if (told.proxies) return "proxies";
    if (!told.proxy_ca_file.empty()) return "proxies_config.proxy_ca_bundle";
    if (!told.proxy_certificate.empty()) return "proxies_config.proxy_client_cert";
    if (!told.client_certificate.empty()) return "client_cert";
    return told.pool ? "max_pool_connections" : "tcp_keepalive";
}

[[nodiscard]] inline error not_taken(std::string_view policy, std::string_view option) {
    return fail(errc::bad_configuration, "this agent's " + std::string{policy} + " policy takes no botocore_config." +
                                             std::string{option} + ": give it to the policy itself");
}

/// Whether the files that are named are there.
template <environment_policy Environment>
[[nodiscard]] result<void> check_files(http::connection_options const& told, Environment const& environment) {
    struct named {
        std::string_view option;
        std::string const& file;
    };
    for (auto const& [option, file] : {named{"proxies_config.proxy_ca_bundle", told.proxy_ca_file},
                                       named{"proxies_config.proxy_client_cert", told.proxy_certificate.certificate},
                                       named{"proxies_config.proxy_client_cert", told.proxy_certificate.key},
                                       named{"client_cert", told.client_certificate.certificate},
                                       named{"client_cert", told.client_certificate.key}}) {
        if (file.empty()) continue;
        if (auto text = environment.read_file(file); text) {
            wipe(*text);
        } else {
            return fail(errc::bad_configuration,
                        "botocore_config." + std::string{option} + ": " + text.error().message);
        }
    }
    return {};
}

} // namespace detail

/// Parts for one client, with objects of its own where something is said, so that one client's throttling does not slow
/// another down: what `told` says counts before what `ambient` says. `errc::bad_configuration` when a policy cannot
/// be told what `told` says, or a file that it names cannot be read; a policy that cannot be told what is ambient stays as
/// it is.
template <agent_policies Policies>
[[nodiscard]] result<aws_parts<Policies>> make_aws_parts(parts<Policies>& from, aws::botocore_config const& told,
                                                         aws::botocore_config const& ambient) {
    using http_type = typename Policies::http;
    using retry_type = typename Policies::retry;
    if (auto readable = detail::check_files(told.connection, from.environment); !readable) return readable.error();

    std::unique_ptr<http_type> own_http;
    auto connection = told.connection;
    if (!connection.tcp_keepalive) connection.tcp_keepalive = ambient.connection.tcp_keepalive;
    if constexpr (detail::takes_connection_options<http_type>) {
        if (!connection.empty()) own_http.reset(new http_type(from.http.with(connection)));
    } else if (!told.connection.empty()) {
        return detail::not_taken("http", detail::name_of_first(told.connection));
    }

    std::unique_ptr<retry_type> own_retry;
    retry::mode_options const repeats{told.retries.mode ? told.retries.mode : ambient.retries.mode,
                                      told.retries.max_attempts ? told.retries.max_attempts
                                                                : ambient.retries.max_attempts};
    if constexpr (detail::takes_retry_mode<retry_type>) {
        if (!repeats.empty()) own_retry.reset(new retry_type(from.retry.with(repeats)));
    } else if (!told.retries.empty()) {
        return detail::not_taken("retry", told.retries.mode ? "retries.mode" : "retries.max_attempts");
    }

    auto& http = own_http ? *own_http : from.http;
    auto& retry = own_retry ? *own_retry : from.retry;
    return aws_parts<Policies>{std::move(own_http), std::move(own_retry), http,  from.http, from.credentials,
                               from.clock,          from.environment,     retry, from.hash};
}

} // namespace fargate::inline v0::service

#endif
