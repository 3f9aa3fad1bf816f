#ifndef FARGATE_TESTS_CHAOS_SETTING_HPP
#define FARGATE_TESTS_CHAOS_SETTING_HPP

#include "chaos/dice.hpp"
#include "chaos/verdict.hpp"

#include <fargate/system/clock.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chaos {

/// What a seed decides about a round before it begins.
struct setting {
    setting(std::uint64_t from, std::size_t of_runs) : seed{from}, runs{of_runs} {
        dice throws{mix(from, 0)};
        constexpr int minutes[] = {0, 0, 1, -1, 4, -4, 7, -7};
        aws_skew = std::chrono::minutes{minutes[throws.below(8)]};
        // Behind, a server makes claims look old: agents that take over do not leave them to their claimers first, and a
        // round need not wait for that.
        prefect_skew = throws.chance(0.8) ? throws.between(-32'000, -27'000) : throws.between(-1000, 1000);
        submitted_lock = throws.chance(0.5) ? milliseconds{2000} : milliseconds{};
        version_locking = throws.chance(0.5);
        buckets = throws.chance(0.25);
        lazarus = throws.chance(0.25);
        same_name = throws.chance(0.25);
        agents = 1 + (throws.below(4) + 1) / 2;
        widowed = throws.chance(0.25);
        most_unstarted = throws.chance(0.25) ? 2 : 1;
        capacity_plan = throws.chance(0.25);
        max_in_flight = throws.chance(0.25);
        storm = throws.between(4000, 9000);
    }

    std::uint64_t seed;
    std::size_t runs;
    milliseconds aws_skew{};       ///< AWS's clock against ours: signatures, `Date`, times of tasks
    milliseconds prefect_skew{};   ///< the server's
    milliseconds submitted_lock{}; ///< a second Submitted within this time is refused
    bool version_locking = false;
    bool buckets = false;           ///< AWS's published rates
    bool lazarus = false;           ///< the server raises the silent
    bool same_name = false;         ///< the agents are one to the server
    std::size_t most_unstarted = 1; ///< tasks of one run that never start
    bool capacity_plan = false;     ///< the agents may choose between FARGATE_SPOT and FARGATE
    bool max_in_flight = false;     ///< they may have no more than 40
    bool widowed = false;           ///< only the first agent comes back after the storm
    bool forgetful = false;         ///< AWS does not know `clientToken`; no seed decides so
    std::size_t agents = 1;
    milliseconds storm{}; ///< how long it lasts
};

/// One run as it was thrown.
struct thrown_run {
    std::string id{};
    fate what = fate::succeeds;
    bool cancelling = false; ///< a person asks for its end, and does not end it
    milliseconds patience{}; ///< from its first task until it is cancelled
    std::optional<fargate::time_point> first_task{};
    bool told = false;                            ///< it was cancelled, or started again
    std::optional<fargate::time_point> retried{}; ///< when its task run was made due while it ran
};

/// The runs of a round.
[[nodiscard]] inline std::vector<thrown_run> throw_runs(std::uint64_t seed, std::size_t count) {
    dice throws{mix(seed, 2)};
    std::vector<thrown_run> all;
    for (std::size_t i = 0; i != count; ++i) {
        thrown_run made;
        char id[40];
        std::snprintf(id, sizeof id, "%08x-0000-4000-8000-%012zu", static_cast<unsigned>(throws.next()), i);
        made.id = id;
        auto const side = throws.below(100);
        made.what = side < 4    ? fate::dies
                    : side < 6  ? fate::no_image
                    : side < 8  ? fate::unplannable
                    : side < 11 ? fate::cancelled
                    : side < 14 ? fate::retries
                                : fate::succeeds;
        made.cancelling = throws.chance(0.5);
        made.patience = throws.between(2000, 4000);
        all.push_back(std::move(made));
    }
    return all;
}

} // namespace chaos

#endif
