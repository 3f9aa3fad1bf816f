#ifndef FARGATE_PREFECT_SETTINGS_HPP
#define FARGATE_PREFECT_SETTINGS_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/http/message.hpp>
#include <fargate/text/uri.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::prefect {

/// Which of the two products of the 0.13 to 1.x family answers: they differ in how an agent becomes known.
enum class backend : unsigned char {
    cloud, ///< needs a token with RUNNER scope; the tenant follows from it
    server ///< no token; the first tenant is the one
};

/// What `prefect auth login` keeps on this machine for one API: it counts where nothing was given explicitly, and is only
/// read, never written. Tokens are those of 0.13 and 0.14, keys those of 0.15 and later.
struct login {
    secret api_token{};             ///< `api_token` of `<home_dir>/client/<host>/settings.toml`; cloud only
    std::string active_tenant_id{}; ///< beside it: the tenant that the token's owner switched to
    secret api_key{};               ///< `api_key` of this API's table in `<home_dir>/auth.toml`
    std::string tenant_id{};        ///< beside it
};

/// How this agent reaches Prefect's GraphQL API and what it calls itself.
struct settings {
    prefect::backend backend = prefect::backend::cloud;
    std::string api{};                 ///< empty: https://api.prefect.io, or http://localhost:4200 for the server
    secret token{};                    ///< sent whenever it is not empty, to the server too
    secret api_key{};                  ///< sent in place of the token when not empty: no scope check, a tenant header
    std::string name = "agent";        ///< part of the agent's identity, and the name in run logs
    std::vector<std::string> labels{}; ///< runs whose labels are among these are offered
    std::string agent_config_id{};     ///< checked at the start when not empty
    std::string tenant_id{};           ///< empty: the server is asked, the cloud knows it from the token or the key
    std::string switch_to_tenant{};    ///< cloud: the token is a person's, who works in this tenant; empty: it is not
    bool prefetch = false;             ///< asks for runs 10 s ahead and holds each until its scheduled start
    std::string core_version = "0.13.19"; ///< the Prefect version to be taken for; part of the agent's identity
    http::limits limits{.connect = std::chrono::seconds{30}, .idle = std::chrono::seconds{30}};
};

/// The API's address as people know it: the configured one, or the backend's own.
[[nodiscard]] inline std::string_view api_of(settings const& options) noexcept {
    if (!options.api.empty()) return options.api;
    return options.backend == backend::cloud ? "https://api.prefect.io" : "http://localhost:4200";
}

/// Where requests go.
struct endpoint {
    std::string url{};
    bool secure = false; ///< https: failed exchanges are repeated
};

namespace detail {

[[nodiscard]] inline bool fits_a_field(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F'; });
}

} // namespace detail

/// The address to post to: trailing slashes stripped, and a path that is never empty. `errc::bad_configuration` when the
/// address is no http(s) URL, or when the token, the key, the tenant or the version cannot be sent in a header field.
[[nodiscard]] inline result<endpoint> endpoint_of(settings const& options) {
    std::string_view api = api_of(options);
    while (api.ends_with('/')) api.remove_suffix(1);
    auto const parts = text::split_url(api);
    if (!parts)
        return fail(errc::bad_configuration,
                    "api (--api or PREFECT__CLOUD__API) cannot be used: " + parts.error().message);
    struct field {
        std::string_view text;
        char const* name;
    };
    for (auto const& each : {field{options.token.reveal(), "the Prefect API token"},
                             field{options.api_key.reveal(), "the Prefect API key"},
                             field{options.tenant_id, "tenant_id"}, field{options.core_version, "core_version"}})
        if (!detail::fits_a_field(each.text))
            return fail(errc::bad_configuration,
                        std::string{each.name} + " holds a line break or another control character");
    endpoint made{std::string{api}, parts->scheme == "https"};
    if (parts->path.empty()) made.url.insert(api.size() - (parts->has_query ? parts->query.size() + 1 : 0), "/");
    return made;
}

} // namespace fargate::inline v0::prefect

#endif
