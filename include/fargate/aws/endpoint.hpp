#ifndef FARGATE_AWS_ENDPOINT_HPP
#define FARGATE_AWS_ENDPOINT_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/region.hpp>
#include <fargate/core/result.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/uri.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::aws {

/// A service by its three names.
struct service {
    std::string_view prefix;       ///< in host names: `tagging`
    std::string_view signing_name; ///< in signatures
    std::string_view id;           ///< in AWS_ENDPOINT_URL_<id>
};

inline constexpr service ecs_service{"ecs", "ecs", "ECS"};
inline constexpr service s3_service{"s3", "s3", "S3"};
inline constexpr service sts_service{"sts", "sts", "STS"};
inline constexpr service sso_service{"portal.sso", "awsssoportal", "SSO"};
inline constexpr service sso_oidc_service{"oidc", "sso-oauth", "SSO_OIDC"};
inline constexpr service tagging_service{"tagging", "tagging", "RESOURCE_GROUPS_TAGGING_API"};

/// Where a request goes and which region signs it.
struct endpoint {
    std::string scheme = "https";
    std::string authority{}; ///< `host` or `host:port` for the URL
    std::string host{}; ///< what goes into the Host field: lower case, the port only where it is not the scheme's own
    std::string base_path{}; ///< goes before every path; empty, or starts with `/` and does not end with one
    std::string region{};

    /// A request path behind the base path; the root stands for the base path itself.
    [[nodiscard]] std::string path(std::string_view of_request) const {
        if (!base_path.empty() && of_request == "/") return base_path;
        return base_path + std::string{of_request};
    }
};

/// What decides where the calls of a client go: the region, the host variant, and an endpoint that replaces both.
struct target {
    std::string region{};
    bool use_fips = false;
    bool use_dualstack = false;
    std::optional<endpoint> custom{};
};

/// The endpoint at a host of AWS's own.
[[nodiscard]] inline endpoint endpoint_at(std::string host, std::string region) {
    endpoint made;
    made.authority = host;
    made.host = std::move(host);
    made.region = std::move(region);
    return made;
}

/// The endpoint that an URL names. `errc::bad_configuration`, naming `from`, when it is no http(s) URL of host, port and
/// path alone.
[[nodiscard]] inline result<endpoint> endpoint_of_url(std::string_view url, std::string region, std::string_view from) {
    auto const parts = text::split_url(url);
    if (!parts) return fail(errc::bad_configuration, std::string{from} + ": " + parts.error().message);
    if (parts->has_query) return fail(errc::bad_configuration, std::string{from} + ": an endpoint URL takes no query");
    endpoint made;
    made.scheme = parts->scheme;
    made.authority = parts->authority;
    made.host = text::host_field(*parts);
    made.base_path = parts->path;
    while (made.base_path.ends_with('/')) made.base_path.pop_back();
    made.region = std::move(region);
    return made;
}

/// The regional endpoint of a service (not of S3, whose buckets have hosts of their own: see `s3_address`), by the one
/// rule `{prefix}[-fips].{region}.{suffix}` and its exceptions in STS and, for FIPS in us-gov, in single sign-on.
[[nodiscard]] inline endpoint endpoint_of(service const& of, target const& to) {
    if (to.custom) return *to.custom;
    partition const& where = partition_of(to.region);
    bool const sts = of.id == sts_service.id;
    bool const plain = !to.use_fips && !to.use_dualstack;
    if (sts && plain && to.region == "aws-global") return endpoint_at("sts.amazonaws.com", "us-east-1");
    bool const sign_on = of.id == sso_service.id || of.id == sso_oidc_service.id;
    bool const fips_already = (sts || sign_on) && !to.use_dualstack && where.id == "aws-us-gov";
    std::string host{of.prefix};
    if (to.use_fips && !fips_already) host += "-fips";
    host += "." + to.region + ".";
    host += to.use_dualstack ? where.dual_stack_suffix : where.dns_suffix;
    return endpoint_at(std::move(host), to.region);
}

namespace detail {

/// The endpoint that the environment or the profile configures for a service, in the SDKs' order.
template <environment_policy Environment>
[[nodiscard]] result<std::optional<ambient_setting>> configured_endpoint(service const& of,
                                                                         ambient<Environment>& known) {
    if (auto found = known.variable("AWS_ENDPOINT_URL_" + std::string{of.id})) return found;
    if (auto found = known.variable("AWS_ENDPOINT_URL")) return found;
    auto found = known.of_service(text::lower(of.id), "endpoint_url");
    if (!found || *found) return found;
    return known.of_profile("endpoint_url");
}

} // namespace detail

/// Asks options, environment and profile, in the SDKs' order, where the calls of a service go.
template <environment_policy Environment>
[[nodiscard]] result<target> resolve_target(service const& of, client_options const& options,
                                            ambient<Environment>& known) {
    auto region = resolve_region(options.region, known);
    if (!region) return region.error();
    auto const choose = [&known](std::optional<bool> given, std::string_view name,
                                 std::string_view key) -> result<bool> {
        if (given) return *given;
        auto const found = known.flag(name, key);
        if (!found) return found.error();
        return found->value_or(false);
    };
    auto const fips = choose(options.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    if (!fips) return fips.error();
    auto const dualstack = choose(options.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    if (!dualstack) return dualstack.error();
    auto const ignore = choose(options.ignore_configured_endpoint_urls, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                               "ignore_configured_endpoint_urls");
    if (!ignore) return ignore.error();

    target made{*region, *fips, *dualstack, std::nullopt};
    ambient_setting url{options.endpoint_url, "the option endpoint_url"};
    if (url.text.empty() && !*ignore) {
        auto configured = detail::configured_endpoint(of, known);
        if (!configured) return configured.error();
        if (*configured) url = **std::move(configured);
    }
    if (url.text.empty()) return made;
    auto custom = endpoint_of_url(url.text, *region, url.from);
    if (!custom) return custom.error();
    made.custom = *std::move(custom);
    return made;
}

/// The same, reading the shared files anew.
template <environment_policy Environment>
[[nodiscard]] result<target> resolve_target(service const& of, client_options const& options,
                                            Environment const& environment) {
    ambient<Environment> known{environment};
    return resolve_target(of, options, known);
}

} // namespace fargate::inline v0::aws

#endif
