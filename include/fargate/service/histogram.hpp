#ifndef FARGATE_SERVICE_HISTOGRAM_HPP
#define FARGATE_SERVICE_HISTOGRAM_HPP

#include <fargate/system/clock.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fargate::inline v0::service {

/// How long things took: how many of them up to each bound, and all of it together. Allocates nothing. Not thread-safe.
struct histogram {
    /// From a quick answer to a launch that has waited for capacity; what took longer counts in one more place.
    static constexpr std::array<duration, 12> bounds{
        std::chrono::milliseconds{50},  std::chrono::milliseconds{100}, std::chrono::milliseconds{250},
        std::chrono::milliseconds{500}, std::chrono::seconds{1},        std::chrono::milliseconds{2500},
        std::chrono::seconds{5},        std::chrono::seconds{10},       std::chrono::seconds{30},
        std::chrono::seconds{60},       std::chrono::seconds{300},      std::chrono::seconds{1800}};

    std::array<std::uint64_t, bounds.size() + 1> counts{}; ///< each its own: what is above the bound before
    duration sum{};

    /// What ended before it began, because a clock was set, took no time.
    void add(duration took) noexcept {
        if (took < duration::zero()) took = duration::zero();
        std::size_t at = 0;
        while (at != bounds.size() && took > bounds[at]) ++at;
        ++counts[at];
        sum += took;
    }

    [[nodiscard]] std::uint64_t count() const noexcept {
        std::uint64_t made = 0;
        for (auto const each : counts) made += each;
        return made;
    }
};

} // namespace fargate::inline v0::service

#endif
