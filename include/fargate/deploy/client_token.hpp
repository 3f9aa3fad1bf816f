#ifndef FARGATE_DEPLOY_CLIENT_TOKEN_HPP
#define FARGATE_DEPLOY_CLIENT_TOKEN_HPP

#include <fargate/crypto/policy.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/prefect/state.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

namespace detail {

/// RFC 4648 section 5, without padding.
[[nodiscard]] inline std::string base64url(std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string made;
    std::uint32_t held = 0;
    int bits = 0;
    for (char const c : bytes) {
        held = ((held << 8U) | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (bits += 8; bits >= 6; bits -= 6) made += alphabet[(held >> static_cast<unsigned>(bits - 6)) & 0x3FU];
    }
    if (bits != 0) made += alphabet[(held << static_cast<unsigned>(6 - bits)) & 0x3FU];
    return made;
}

/// The version that the state waiting to be submitted had: submitting it adds one.
[[nodiscard]] inline std::int64_t version_before_claim(json::value const& state, std::int64_t version) noexcept {
    return json::text_of(state, "type") == std::string_view{"Submitted"} ? version - 1 : version;
}

} // namespace detail

/// Names one wish to have a run executed: the same before and after a claim, another one when the server schedules the run
/// again, and for a run that is already under way another one for each set of due task runs.
[[nodiscard]] inline std::string epoch_of(prefect::flow_run const& run) {
    std::vector<std::pair<std::string_view, std::int64_t>> due;
    for (auto const& each : run.task_runs) {
        std::int64_t const version = detail::version_before_claim(each.state, each.version);
        if (version != each.version || prefect::is_scheduled(each.state).value_or(false))
            due.emplace_back(each.id, version);
    }
    std::sort(due.begin(), due.end());
    std::string epoch = std::to_string(detail::version_before_claim(run.state, run.version));
    for (auto const& [id, version] : due) epoch.append(",").append(id).append(":").append(std::to_string(version));
    return epoch;
}

/// RunTask's `clientToken`: whoever launches this run of this backend, and however often, gets one task as long as it is
/// sent with the same body. `attempt` counts the launches that are known to have come to nothing. 43 characters of the 64
/// that ECS allows.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string client_token(launch_plan::wish const& wanted, unsigned attempt, Hash const& hash) {
    std::string const named = wanted.backend + '|' + wanted.run + '|' + wanted.epoch + '|' + std::to_string(attempt);
    return detail::base64url(crypto::bytes_of(hash.sha256(named)));
}

} // namespace fargate::inline v0::deploy

#endif
