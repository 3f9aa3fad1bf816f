#ifndef FARGATE_SERVICE_FLEET_HPP
#define FARGATE_SERVICE_FLEET_HPP

#include <fargate/crypto/policy.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

/// What ECS takes as a task's `startedBy`, by which the tasks of a fleet are found again: 1 to 128 letters, digits, `-`,
/// `/` and `_`.
/// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
[[nodiscard]] constexpr bool is_fleet(std::string_view name) noexcept {
    if (name.empty() || name.size() > 128) return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return text::is_alnum(c) || c == '-' || c == '/' || c == '_'; });
}

/// The fleet of agents that poll this API as this tenant for these labels, in whatever order they were given: they take
/// each other's place, and none of them has to be told so. 28 characters, of the 36 that ECS allowed at first.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string default_fleet(std::string_view api, std::string_view tenant, std::vector<std::string> labels,
                                        Hash const& hash) {
    while (api.ends_with('/')) api.remove_suffix(1);
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    // Each part behind its length, so that no two lists read the same.
    std::string named;
    auto const add = [&named](std::string_view part) {
        named.append(std::to_string(part.size())).append(":").append(part);
    };
    add(api);
    add(tenant);
    for (auto const& label : labels) add(label);
    constexpr std::size_t bytes = 10;
    return "fargate-" + text::to_hex(crypto::bytes_of(hash.sha256(named)).substr(0, bytes));
}

} // namespace fargate::inline v0::service

#endif
