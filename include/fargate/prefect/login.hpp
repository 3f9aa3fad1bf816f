#ifndef FARGATE_PREFECT_LOGIN_HPP
#define FARGATE_PREFECT_LOGIN_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/queries.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/timestamp.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// The cloud's tenant login of 0.13 and 0.14: a person's API token is exchanged for an access token to one of the person's
// tenants, which is renewed now and then. What is sent and how it is read; nothing is kept on disk.

namespace fargate::inline v0::prefect {

/// Access to one tenant.
struct access {
    secret token{};
    secret refresh_token{};
    time_point expires_at{};

    /// True from 30 s before it expires.
    [[nodiscard]] bool is_stale(time_point now) const noexcept { return now + std::chrono::seconds{30} > expires_at; }
};

/// Whether a text is a UUID as Python's `uuid.UUID` reads one: 32 hexadecimal digits, hyphens anywhere.
[[nodiscard]] constexpr bool is_uuid(std::string_view text) noexcept {
    int digits = 0;
    for (char const c : text) {
        if (c == '-') continue;
        if (text::hex_value(c) < 0) return false;
        ++digits;
    }
    return digits == 32;
}

/// A UUID as an API writes it: lower case, with hyphens at their places. For what `is_uuid`.
[[nodiscard]] inline std::string plain_uuid(std::string_view text) {
    std::string made;
    for (char const c : text) {
        if (c == '-') continue;
        if (made.size() == 8 || made.size() == 13 || made.size() == 18 || made.size() == 23) made += '-';
        made += text::to_lower(c);
    }
    return made;
}

/// Asks whether there is a tenant of this id that the token may see; `read_tenant` reads the answer.
[[nodiscard]] inline operation tenant_by_id_query(std::string_view tenant_id) {
    auto variables = json::value::object();
    json::set(variables, "slug", nullptr);
    json::set_text(variables, "id", tenant_id);
    return {"query($slug: String, $id: uuid) { tenant(where: {slug: {_eq: $slug}, id: {_eq: $id}}) { id } }",
            std::move(variables)};
}

[[nodiscard]] inline operation switch_tenant_mutation(std::string_view tenant_id) {
    auto input = json::value::object();
    json::set_text(input, "tenant_id", tenant_id);
    return {"mutation($input: switch_tenant_input!) { switch_tenant(input: $input)"
            " { access_token expires_at refresh_token } }",
            detail::as_input(std::move(input))};
}

/// To be authorized with the refresh token.
[[nodiscard]] inline operation refresh_token_mutation(access const& old) {
    auto input = json::value::object();
    json::set_text(input, "access_token", old.token.reveal());
    return {"mutation($input: refresh_token_input!) { refresh_token(input: $input)"
            " { access_token expires_at refresh_token } }",
            detail::as_input(std::move(input))};
}

/// What `field` (switch_tenant, refresh_token) granted. `errc::malformed_response` when a part of it is missing, cannot be
/// put into a header field, or is no time.
[[nodiscard]] inline result<access> read_access(json::value const& data, std::string_view field) {
    auto const* const payload = json::object_of(data, field);
    if (payload == nullptr) return detail::missing(field);
    access made;
    made.token = json::text_of(*payload, "access_token").value_or("");
    made.refresh_token = json::text_of(*payload, "refresh_token").value_or("");
    auto const until = text::parse_iso8601(json::text_of(*payload, "expires_at").value_or(""));
    if (made.token.empty() || !detail::fits_a_field(made.token.reveal()))
        return detail::missing("access_token in " + std::string{field});
    if (made.refresh_token.empty() || !detail::fits_a_field(made.refresh_token.reveal()))
        return detail::missing("refresh_token in " + std::string{field});
    if (!until) return detail::missing("expires_at in " + std::string{field});
    made.expires_at = *until;
    return made;
}

} // namespace fargate::inline v0::prefect

#endif
