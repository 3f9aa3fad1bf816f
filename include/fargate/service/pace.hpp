#ifndef FARGATE_SERVICE_PACE_HPP
#define FARGATE_SERVICE_PACE_HPP

#include <fargate/system/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace fargate::inline v0::service {

/// The waits between polls: a poll with work is followed after 0.25 s, each other poll moves one step along 0.5, 1, 2, 4,
/// 8 s and the longest, 10 s, and stays there. (The original agent's figures.) Not thread-safe.
class pace {
public:
    pace() = default;
    /// With another longest wait, which shortens the ones before, too.
    explicit pace(duration longest) noexcept {
        for (auto& each : waits_) each = std::min(each, longest);
        waits_.back() = longest;
    }

    /// How long to wait after a poll.
    [[nodiscard]] duration after(bool worked) noexcept {
        step_ = worked ? 0 : step_ + 1 < waits_.size() ? step_ + 1 : step_;
        return waits_[step_];
    }

private:
    std::array<duration, 7> waits_{std::chrono::milliseconds{250}, std::chrono::milliseconds{500},
                                   std::chrono::seconds{1},        std::chrono::seconds{2},
                                   std::chrono::seconds{4},        std::chrono::seconds{8},
                                   std::chrono::seconds{10}};
    std::size_t step_ = 0;
};

/// A wait in seconds as Python writes it: `0.25`, `1.0`.
[[nodiscard]] inline std::string in_seconds(duration wait) {
    auto const hundredths = wait / std::chrono::milliseconds{10};
    std::string made = std::to_string(hundredths / 100) + ".";
    if (hundredths % 10 != 0) return made + (hundredths % 100 < 10 ? "0" : "") + std::to_string(hundredths % 100);
    return made + std::to_string(hundredths / 10 % 10);
}

/// The same with all six digits behind the point.
[[nodiscard]] inline std::string in_microseconds(duration wait) {
    auto const micros = std::to_string(wait.count() % 1'000'000);
    return std::to_string(wait.count() / 1'000'000) + "." + std::string(6 - micros.size(), '0') + micros;
}

} // namespace fargate::inline v0::service

#endif
