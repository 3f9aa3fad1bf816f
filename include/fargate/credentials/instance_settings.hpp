#ifndef FARGATE_CREDENTIALS_INSTANCE_SETTINGS_HPP
#define FARGATE_CREDENTIALS_INSTANCE_SETTINGS_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/core/result.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/uri.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fargate::inline v0::credentials {

/// What a program decides about the metadata service of EC2, before environment and profile are asked.
struct instance_options {
    bool allow_v1 =
        false; ///< where version 2 is refused, ask version 1, which a request forged from outside can ask too
    std::string endpoint{};      ///< `http://169.254.169.254`; empty: what environment and profile say
    std::string endpoint_mode{}; ///< `IPv4` or `IPv6`; empty: what environment and profile say
    std::string role{}; ///< the role to ask for; empty: what environment and profile say, else the attached one
};

namespace detail {

/// What counts in the end.
struct instance_settings {
    std::string endpoint{}; ///< no slash at its end
    std::string role{};
    std::string role_from{}; ///< where it was set
    bool allow_v1 = false;
    std::chrono::milliseconds timeout{1000};
    std::optional<int> attempts{};
};

/// IAM's own rule, so that the name can stand in a path as it is.
[[nodiscard]] inline bool is_role_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 128 && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return text::is_alnum(c) || std::string_view{"+=,.@_-"}.find(c) != std::string_view::npos;
           });
}

[[nodiscard]] inline result<std::string> instance_address(aws::ambient_setting const& set) {
    auto const parts = text::split_url(set.text);
    if (!parts) return fail(errc::bad_configuration, set.from + ": " + parts.error().message);
    if (parts->has_query) return fail(errc::bad_configuration, set.from + ": the address holds a query: leave it out");
    std::string made = set.text;
    while (made.ends_with('/')) made.pop_back();
    return made;
}

[[nodiscard]] inline result<std::string> instance_address_by_mode(aws::ambient_setting const& mode) {
    if (text::iequals(mode.text, "IPv4")) return std::string{"http://169.254.169.254"};
    if (text::iequals(mode.text, "IPv6")) return std::string{"http://[fd00:ec2::254]"};
    return fail(errc::bad_configuration, mode.from + " is `" + text::printable(mode.text) + "`: write IPv4 or IPv6");
}

/// A positive number in decimal; `scale` is what one is worth in the result.
[[nodiscard]] inline result<int> instance_number(aws::ambient_setting const& set, double scale, double largest) {
    double number = 0;
    auto const* const end = set.text.data() + set.text.size();
    auto const read = std::from_chars(set.text.data(), end, number, std::chars_format::fixed);
    if (read.ec != std::errc{} || read.ptr != end || !(number * scale >= 1) || !(number <= largest))
        return fail(errc::bad_configuration,
                    set.from + " is no number from 1 to " + std::to_string(static_cast<int>(largest)));
    return static_cast<int>(number * scale);
}

template <environment_policy Environment>
[[nodiscard]] result<std::string> instance_endpoint(aws::ambient<Environment>& known, instance_options const& options) {
    if (!options.endpoint.empty()) return instance_address({options.endpoint, "the metadata service's endpoint"});
    auto const given = known.find("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    if (!given) return given.error();
    if (*given) return instance_address(**given);
    if (!options.endpoint_mode.empty())
        return instance_address_by_mode({options.endpoint_mode, "the metadata service's endpoint mode"});
    auto const mode = known.find("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    if (!mode) return mode.error();
    if (*mode) return instance_address_by_mode(**mode);
    auto const six = known.flag("AWS_IMDS_USE_IPV6", "imds_use_ipv6");
    if (!six) return six.error();
    return instance_address_by_mode({six->value_or(false) ? "IPv6" : "IPv4", {}});
}

/// `errc::not_configured` when the metadata service is switched off, `errc::bad_configuration` names what cannot be used.
template <environment_policy Environment>
[[nodiscard]] result<instance_settings> read_instance_settings(Environment const& environment,
                                                               instance_options const& options) {
    aws::ambient<Environment> known{environment};
    auto const off = known.flag("AWS_EC2_METADATA_DISABLED", "disable_ec2_metadata");
    if (!off) return off.error();
    if (off->value_or(false)) return fail(errc::not_configured, "AWS_EC2_METADATA_DISABLED is true");
    instance_settings made;
    auto endpoint = instance_endpoint(known, options);
    if (!endpoint) return std::move(endpoint).error();
    made.endpoint = *std::move(endpoint);
    if (options.allow_v1) {
        auto const forbidden = known.flag("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
        if (!forbidden) return forbidden.error();
        made.allow_v1 = !forbidden->value_or(false);
    }
    std::optional<aws::ambient_setting> role;
    if (!options.role.empty()) {
        role = aws::ambient_setting{options.role, "the instance's role"};
    } else {
        auto found = known.find("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name");
        if (!found) return std::move(found).error();
        role = *std::move(found);
    }
    if (role) {
        if (!is_role_name(role->text))
            return fail(errc::bad_configuration, role->from + " is no name of a role: " + text::printable(role->text));
        made.role = std::move(role->text);
        made.role_from = std::move(role->from);
    }
    auto const number = [&](std::string_view name, std::string_view key, double scale,
                            double largest) -> result<std::optional<int>> {
        auto const found = known.find(name, key);
        if (!found) return found.error();
        if (!*found) return std::optional<int>{};
        auto const read = instance_number(**found, scale, largest);
        if (!read) return read.error();
        return std::optional{*read};
    };
    auto const timeout = number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1000, 3600);
    if (!timeout) return timeout.error();
    if (*timeout) made.timeout = std::chrono::milliseconds{**timeout};
    auto const attempts = number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 1, 100);
    if (!attempts) return attempts.error();
    made.attempts = *attempts;
    return made;
}

} // namespace detail

/// The address of the metadata service: the program's own, else AWS_EC2_METADATA_SERVICE_ENDPOINT
/// (`ec2_metadata_service_endpoint`), else by the program's mode, else by AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE
/// (`ec2_metadata_service_endpoint_mode`), `IPv4` or `IPv6`. `errc::bad_configuration` names the one that is wrong.
template <environment_policy Environment>
[[nodiscard]] result<std::string> instance_endpoint(Environment const& environment,
                                                    instance_options const& options = {}) {
    aws::ambient<Environment> known{environment};
    return detail::instance_endpoint(known, options);
}

} // namespace fargate::inline v0::credentials

#endif
