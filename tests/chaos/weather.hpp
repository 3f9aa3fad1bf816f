#ifndef FARGATE_TESTS_CHAOS_WEATHER_HPP
#define FARGATE_TESTS_CHAOS_WEATHER_HPP

#include "chaos/dice.hpp"

#include <fargate/testing/fault_plan.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace chaos {

/// What goes wrong between the agents and their services: calm and storms take turns until it heals. May be used from
/// several threads.
class weather {
public:
    /// How long a request that is to get no answer is held, unless the caller hangs up or the weather heals before.
    static constexpr milliseconds longest_hold{2500};

    explicit weather(std::uint64_t seed) : seed_{seed}, began_{std::chrono::steady_clock::now()} {}

    /// What goes wrong with the `number`-th request of a service (`ecs`, `tagging`, `prefect`).
    [[nodiscard]] std::optional<fargate::testing::fault> over(std::string_view service, std::string_view operation,
                                                              std::size_t number) {
        using namespace fargate::testing;
        if (healed_) return std::nullopt;
        dice throws{mix(mix(seed_, number_of(service)), number)};
        if (!throws.chance(harshness())) return std::nullopt;
        bool const prefect = service == "prefect";
        bool const runs = operation == "RunTask";
        switch (throws.below(runs ? 14 : 10)) {
        case 0: return counted("drop before", dropped());
        case 1: return counted("drop after", dropped().after());
        case 2: return counted("stall before", stalled());
        case 3: return counted("stall after", stalled().after());
        case 4: return counted("500 before", broken(prefect));
        case 5: return counted("500 after", broken(prefect).after());
        case 6: return counted("502 after", answered(502, "<html><body>Bad Gateway</body></html>").after());
        case 7: return counted("half a body", answered(200, R"({"data": {"tasks": [{"task)").after());
        case 8: return counted("503 before", answered(503, "Service Unavailable"));
        case 9: return counted("throttle", throttle(service));
        case 10: return counted("failures[]", no_capacity());
        case 11: return counted("failures[]", no_capacity("RESOURCE:MEMORY"));
        case 12: return counted("failures[]", no_capacity("RESOURCE:ENI"));
        default:
            return counted("hidden throttle",
                           refused(400, "InvalidParameterException",
                                   "Error retrieving subnet information: Rate exceeded (ErrorCode: Throttling)"));
        }
    }

    /// How long a request is on its way. It may arrive after its caller has given up or is dead.
    [[nodiscard]] milliseconds way_there(std::string_view service, std::size_t number) {
        dice throws{mix(mix(seed_, number_of(service) + 1), number)};
        if (healed_ || !throws.chance(harshness())) return {};
        return throws.chance(0.1) && service == "ecs" ? throws.between(100, 1500) : throws.between(0, 100);
    }
    /// The same for an answer.
    [[nodiscard]] milliseconds way_back(std::string_view service, std::size_t number) {
        dice throws{mix(mix(seed_, number_of(service) + 2), number)};
        return healed_ || !throws.chance(harshness()) ? milliseconds{} : throws.between(0, 300);
    }

    /// Waits, but not in fine weather.
    void wait(milliseconds time) {
        std::unique_lock lock{mutex_};
        if (time > milliseconds{}) changed_.wait_for(lock, time, [this] { return healed_.load(); });
    }

    /// Nothing goes wrong any more, and what was held is let go.
    void heal() {
        std::scoped_lock const lock{mutex_};
        healed_ = true;
        changed_.notify_all();
    }

    [[nodiscard]] std::map<std::string, std::size_t> counts() const {
        std::scoped_lock const lock{mutex_};
        return counts_;
    }

private:
    /// The share of requests that something happens to; it changes every 300 ms.
    [[nodiscard]] double harshness() const {
        constexpr double levels[] = {0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8};
        auto const window = (std::chrono::steady_clock::now() - began_) / milliseconds{300};
        return levels[mix(seed_, static_cast<std::uint64_t>(window)) % 8];
    }

    [[nodiscard]] static fargate::testing::fault broken(bool prefect) {
        using namespace fargate::testing;
        return prefect ? answered(500, "Internal Server Error")
                       : refused(500, "ServerException", "Service Unavailable. Please try again later.");
    }

    [[nodiscard]] static fargate::testing::fault throttle(std::string_view service) {
        using namespace fargate::testing;
        if (service == "prefect") return answered(429, "Too Many Requests", {{"Retry-After", "1"}});
        return service == "ecs" ? throttled() : refused(400, "ThrottledException", "Rate exceeded");
    }

    fargate::testing::fault counted(char const* kind, fargate::testing::fault what) {
        std::scoped_lock const lock{mutex_};
        ++counts_[kind];
        return what;
    }

    std::uint64_t seed_;
    std::chrono::steady_clock::time_point began_;
    std::atomic<bool> healed_ = false;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::size_t> counts_;
};

} // namespace chaos

#endif
