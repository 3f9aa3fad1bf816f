#ifndef FARGATE_DEPLOY_ATTEMPT_HPP
#define FARGATE_DEPLOY_ATTEMPT_HPP

#include <fargate/crypto/policy.hpp>
#include <fargate/deploy/client_token.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/json/json.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// Which of a run's launches it is, and what the ones before have taught.
struct launch_attempt {
    unsigned number = 0;                ///< launches of this wish that are known to have come to nothing
    unsigned rung = 0;                  ///< how far down the capacity plan it has gone; the last rung stays
    std::vector<std::string> resting{}; ///< subnets that had no addresses left
};

namespace detail {

/// Words of a capacity plan that are launch types; any other is a capacity provider.
[[nodiscard]] constexpr bool is_launch_type(std::string_view word) noexcept {
    return word == "FARGATE" || word == "EC2" || word == "EXTERNAL" || word == "MANAGED_INSTANCES";
}

/// Makes RunTask's body ask for that capacity alone.
inline void set_capacity(json::value& task, std::string const& word) {
    bool const type = is_launch_type(word);
    char const* const other = type ? "capacityProviderStrategy" : "launchType";
    if (task.is_object()) task.erase(other);
    if (type) {
        json::set(task, "launchType", word);
        return;
    }
    auto provider = json::value::object();
    json::set(provider, "capacityProvider", word);
    json::set(provider, "weight", 1);
    auto strategy = json::value::array();
    strategy.push_back(std::move(provider));
    json::set(task, "capacityProviderStrategy", std::move(strategy));
}

/// Takes the resting subnets out, unless that leaves none.
inline void leave_out(json::value& task, std::vector<std::string> const& resting) {
    if (resting.empty()) return;
    auto const* const network = json::object_of(task, "networkConfiguration");
    auto const* const vpc = network != nullptr ? json::object_of(*network, "awsvpcConfiguration") : nullptr;
    auto const* const subnets = vpc != nullptr ? json::array_of(*vpc, "subnets") : nullptr;
    if (subnets == nullptr) return;
    auto kept = json::value::array();
    for (auto const& each : *subnets)
        if (std::find(resting.begin(), resting.end(), json::as_text(each).value_or("")) == resting.end())
            kept.push_back(each);
    if (kept.empty() || kept.size() == subnets->size()) return;
    json::set(task["networkConfiguration"]["awsvpcConfiguration"], "subnets", std::move(kept));
}

} // namespace detail

/// The plan as one attempt sends it: with its token, on the capacity of its rung, without the subnets that rest as long as
/// another one stays. A plan that names no run gets no token; one that is `placed` keeps the capacity it has, as any does
/// under an empty `capacity_plan`. Pure: whoever makes the same attempt of an equal plan sends the same bytes.
template <crypto::hash_policy Hash>
[[nodiscard]] launch_plan for_attempt(launch_plan const& plan, launch_attempt const& attempt,
                                      std::span<std::string const> capacity_plan, Hash const& hash) {
    launch_plan made = plan;
    if (!capacity_plan.empty() && !plan.placed)
        detail::set_capacity(made.task, capacity_plan[std::min<std::size_t>(attempt.rung, capacity_plan.size() - 1)]);
    detail::leave_out(made.task, attempt.resting);
    if (!plan.wanted.run.empty()) json::set(made.task, "clientToken", client_token(plan.wanted, attempt.number, hash));
    return made;
}

} // namespace fargate::inline v0::deploy

#endif
