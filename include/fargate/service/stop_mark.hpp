#ifndef FARGATE_SERVICE_STOP_MARK_HPP
#define FARGATE_SERVICE_STOP_MARK_HPP

#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::service {

/// Why an agent told a task to stop, written into StopTask's `reason`: ECS shows it again as the task's `stoppedReason`, so
/// that whichever process finds the stopped task knows why, without a store of its own.
namespace stop_mark {

inline constexpr std::string_view opening = "fargate agent: ";
inline constexpr std::string_view cancelled = "fargate agent: the flow run is to be cancelled";
inline constexpr std::string_view swept = "fargate agent: another task of the flow run is alive";
inline constexpr std::string_view too_long = " seconds and was stopped";

/// `fargate agent: it ran longer than 3600 seconds and was stopped`
[[nodiscard]] inline std::string ran_longer_than(duration limit) {
    return std::string{opening} + "it ran longer than " +
           std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + std::string{too_long};
}

[[nodiscard]] inline bool is_swept(std::string_view stopped_reason) noexcept {
    return text::contains(stopped_reason, swept);
}

[[nodiscard]] inline bool is_cancelled(std::string_view stopped_reason) noexcept {
    return text::contains(stopped_reason, cancelled);
}

/// `it ran longer than 3600 seconds and was stopped`, when that is why.
[[nodiscard]] inline std::optional<std::string> overdue(std::string_view stopped_reason) {
    auto const from = stopped_reason.find(std::string{opening} + "it ran longer than ");
    if (from == std::string_view::npos) return std::nullopt;
    auto const end = stopped_reason.find(too_long, from);
    if (end == std::string_view::npos) return std::nullopt;
    return std::string{stopped_reason.substr(from + opening.size(), end + too_long.size() - from - opening.size())};
}

} // namespace stop_mark

} // namespace fargate::inline v0::service

#endif
