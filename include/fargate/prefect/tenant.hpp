#ifndef FARGATE_PREFECT_TENANT_HPP
#define FARGATE_PREFECT_TENANT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/client.hpp>
#include <fargate/prefect/login.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/clock.hpp>

#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::prefect {

namespace detail {

/// The API answered, and said no.
[[nodiscard]] inline bool is_refusal(error const& why) noexcept {
    bool const refused = why.code == errc::unauthorized || why.code == errc::service_error;
    return refused && !why.retryable && why.http_status < 500;
}

/// Server: the first tenant.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> first_tenant(client<Http, Clock>& api, settings const& options,
                                               std::stop_token stop) {
    auto const answer = api.call(tenant_query(), stop);
    if (!answer) return answer.error();
    auto found = read_tenant(*answer);
    if (found && found->empty())
        return fail(errc::bad_configuration, "the Prefect server at " + std::string{api_of(options)} +
                                                 " has no tenant: make one (prefect server create-tenant)");
    return found;
}

/// Cloud: the key's own tenant.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> tenant_of_key(client<Http, Clock>& api, std::stop_token stop) {
    auto const answer = api.call(key_tenant_query(), stop);
    if (!answer) return answer.error();
    return read_key_tenant(*answer);
}

/// Exchanges a person's token for access to one of the person's tenants.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> enter_tenant(client<Http, Clock>& api, std::string const& wanted,
                                               std::stop_token stop) {
    auto const rows = api.call(tenant_by_id_query(wanted), stop);
    if (!rows) return rows.error();
    auto id = read_tenant(*rows);
    if (!id) return id;
    if (id->empty())
        return fail(errc::bad_configuration,
                    "no matching tenants found for the Prefect login: switch to one of its tenants (prefect auth "
                    "switch-tenants), or give the agent a token of its own (--token)");
    auto const granted = api.call(switch_tenant_mutation(*id), stop);
    if (!granted) return granted.error();
    auto access = read_access(*granted, "switch_tenant");
    if (!access) return access.error();
    api.enter(*std::move(access));
    return id;
}

/// The one tenant that the token sees; empty text when there is none or more than one.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> only_tenant(client<Http, Clock>& api, std::stop_token stop) {
    auto const answer = api.call(tenant_query(), stop);
    if (!answer) return answer.error();
    auto const* const rows = json::array_of(*answer, "tenant");
    if (rows == nullptr || rows->size() != 1) return std::string{};
    return read_tenant(*answer);
}

/// Cloud, a person's token: access to the tenant of the login. A token that may not enter it does without when it sees
/// one tenant only, as Prefect 0.15.1 has it.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> tenant_of_login(client<Http, Clock>& api, std::string const& wanted,
                                                  std::stop_token stop) {
    if (!is_uuid(wanted))
        return fail(errc::bad_configuration,
                    "the active tenant of the Prefect login is not a UUID: log in again (prefect auth login), or give "
                    "the agent a token of its own (--token)");
    auto entered = enter_tenant(api, wanted, stop);
    if (entered || !is_refusal(entered.error())) return entered;
    auto alone = only_tenant(api, stop);
    bool const of_no_help = alone ? alone->empty() : is_refusal(alone.error());
    if (!of_no_help) return alone;
    auto why = std::move(entered).error();
    why.code = errc::unauthorized;
    why.message =
        "the Prefect login may not enter its active tenant, log in again (prefect auth login) or give the agent "
        "a token of its own (--token): " +
        why.message;
    return why;
}

} // namespace detail

/// Whose runs are ours; empty text when the cloud knows it from the token. From then on `api` sends what goes with it: the
/// tenant beside a key, the access token of a login. `errc::bad_configuration` when a server has no tenant yet, or a
/// login's is none; `errc::unauthorized` when a key has none, or the login may not enter its own.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> find_tenant(client<Http, Clock>& api, settings const& options, std::stop_token stop) {
    bool const has_key = !options.api_key.empty();
    bool const cloud = options.backend == backend::cloud;
    if (cloud && !has_key && !options.switch_to_tenant.empty())
        return detail::tenant_of_login(api, options.switch_to_tenant, stop);
    if (!options.tenant_id.empty() || (cloud && !has_key)) return options.tenant_id;
    auto found = cloud ? detail::tenant_of_key(api, stop) : detail::first_tenant(api, options, stop);
    if (found && has_key) api.choose_tenant(*found);
    return found;
}

} // namespace fargate::inline v0::prefect

#endif
