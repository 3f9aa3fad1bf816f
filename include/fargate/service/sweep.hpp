#ifndef FARGATE_SERVICE_SWEEP_HPP
#define FARGATE_SERVICE_SWEEP_HPP

#include <fargate/system/clock.hpp>

#include <chrono>
#include <string>

namespace fargate::inline v0::service {

/// One of several live tasks of one run.
struct rival {
    std::string task{};  ///< ARN
    std::string epoch{}; ///< empty when it is not known
    bool started = false;
    time_point created{};
};

/// Which of two live tasks of one run is one too many, and to be stopped; nullptr when both may be meant. Tasks of two known
/// schedules are. Of one schedule, or of schedules that are not known, the one goes that has not started its containers, so
/// that none of the user's code has run in it; where that does not decide, the younger one does. A pure function of what ECS
/// shows of the two, so that agents which see the same stop the same.
[[nodiscard]] inline rival const* surplus_of(rival const& left, rival const& right) noexcept {
    constexpr duration near = std::chrono::minutes{10};
    bool const known = !left.epoch.empty() && !right.epoch.empty();
    if (known && left.epoch != right.epoch) return nullptr;
    auto const apart = left.created < right.created ? right.created - left.created : left.created - right.created;
    if (left.started != right.started) {
        if (!known && apart > near) return nullptr;
        return left.started ? &right : &left;
    }
    if (left.started && !known) return nullptr;
    bool const left_is_older = left.created != right.created ? left.created < right.created : left.task < right.task;
    return left_is_older ? &right : &left;
}

} // namespace fargate::inline v0::service

#endif
