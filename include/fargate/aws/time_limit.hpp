#ifndef FARGATE_AWS_TIME_LIMIT_HPP
#define FARGATE_AWS_TIME_LIMIT_HPP

#include <fargate/core/error.hpp>
#include <fargate/system/clock.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace fargate::inline v0::aws {

/// When a call has to be over.
class time_limit {
public:
    /// No limit when `given` is zero.
    time_limit(std::chrono::milliseconds given, time_point now) :
        given_{given}, end_{now + std::min<std::chrono::milliseconds>(given, std::chrono::hours{876'000})} {}

    [[nodiscard]] explicit operator bool() const noexcept { return given_ > std::chrono::milliseconds::zero(); }
    [[nodiscard]] bool is_over(time_point when) const noexcept { return *this && when >= end_; }

    /// The whole of an attempt that begins `now`: what is left of the call, if that is less than its own limit.
    [[nodiscard]] std::chrono::milliseconds attempt_limit(std::chrono::milliseconds own, time_point now) const {
        if (!*this) return own;
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(end_ - now);
        return own > std::chrono::milliseconds::zero() ? std::min(own, left) : left;
    }

    /// What is told about a call that had no time for another attempt after `last`.
    [[nodiscard]] error late(std::optional<error> last) const {
        std::string const deadline = "the deadline of " + std::to_string(given_.count()) + " ms";
        if (!last) return fail(errc::timed_out, "it cannot be sent within " + deadline, true);
        last->message += "; " + deadline + " leaves no time to try again";
        return *std::move(last);
    }

private:
    std::chrono::milliseconds given_;
    time_point end_;
};

} // namespace fargate::inline v0::aws

#endif
