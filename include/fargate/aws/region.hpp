#ifndef FARGATE_AWS_REGION_HPP
#define FARGATE_AWS_REGION_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/core/result.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// A group of regions with one set of host names and one set of accounts.
struct partition {
    std::string_view id;
    std::string_view dns_suffix;
    std::string_view dual_stack_suffix; ///< for every service but S3, which keeps the plain one
    bool s3_fips = true;                ///< S3 has FIPS hosts here
    bool s3_accelerate = false;         ///< S3 has transfer acceleration here
};

namespace detail {

struct region_rule {
    std::string_view prefix; ///< what its regions begin with, before `<word>-<digits>`
    partition where;
};

inline constexpr partition aws_partition{"aws", "amazonaws.com", "api.aws", true, true};
inline constexpr partition china_partition{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false};

inline constexpr region_rule region_rules[] = {
    {"cn-", china_partition},
    {"us-gov-", {"aws-us-gov", "amazonaws.com", "api.aws"}},
    {"us-iso-", {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov"}},
    {"us-isob-", {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"}},
    {"eu-isoe-", {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"}},
    {"us-isof-", {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"}},
    {"eusc-de-", {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"}},
};

/// `<word>-<digits>`, e.g. `north-1`.
[[nodiscard]] constexpr bool is_place(std::string_view text) noexcept {
    std::size_t const dash = text.find('-');
    if (dash == 0 || dash == std::string_view::npos || dash + 1 == text.size()) return false;
    for (char const c : text.substr(dash + 1))
        if (!text::is_digit(c)) return false;
    return true;
}

} // namespace detail

/// The partition of a region, `aws-cn-global` and its like included. A region that no rule knows is taken for one of
/// the `aws` partition, so that new regions work without an update of this table.
[[nodiscard]] constexpr partition const& partition_of(std::string_view region) noexcept {
    constexpr std::string_view global = "-global";
    for (auto const& rule : detail::region_rules) {
        if (region.starts_with(rule.prefix) && detail::is_place(region.substr(rule.prefix.size()))) return rule.where;
        if (region.ends_with(global) && region.substr(0, region.size() - global.size()) == rule.where.id)
            return rule.where;
    }
    return detail::aws_partition;
}

/// One label of a host name: 1 to 63 of `a-z 0-9 -`, not at the edge a dash. A region becomes part of a host name, so
/// anything else is refused before it gets there.
[[nodiscard]] constexpr bool is_host_label(std::string_view text) noexcept {
    if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
    for (char const c : text)
        if (!text::is_lower(c) && !text::is_digit(c) && c != '-') return false;
    return true;
}

/// The region to call: the option when it is given, else AWS_REGION, AWS_DEFAULT_REGION, `region` of the profile in the
/// shared files; an empty one counts as not given. `errc::bad_configuration` when there is none or when it cannot be one.
template <environment_policy Environment>
[[nodiscard]] result<std::string> resolve_region(std::string_view option, ambient<Environment>& known) {
    ambient_setting region{std::string{option}, "the option region_name"};
    if (region.text.empty()) {
        auto found = known.variable("AWS_REGION");
        if (!found) {
            auto other = known.find("AWS_DEFAULT_REGION", "region");
            if (!other) return other.error();
            found = *std::move(other);
        }
        if (!found)
            return fail(errc::bad_configuration, "no region: set the option region_name or the variable AWS_REGION");
        region = *std::move(found);
    }
    if (!is_host_label(region.text))
        return fail(errc::bad_configuration, region.from + " holds no region name: expected one like eu-west-1");
    return std::move(region.text);
}

/// The same, reading the shared files anew.
template <environment_policy Environment>
[[nodiscard]] result<std::string> resolve_region(std::string_view option, Environment const& environment) {
    ambient<Environment> known{environment};
    return resolve_region(option, known);
}

} // namespace fargate::inline v0::aws

#endif
