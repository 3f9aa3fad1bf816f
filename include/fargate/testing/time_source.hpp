#ifndef FARGATE_TESTING_TIME_SOURCE_HPP
#define FARGATE_TESTING_TIME_SOURCE_HPP

#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <string>

namespace fargate::inline v0::testing {

/// Where a fake reads the time. It is called for every request, possibly from several threads.
using time_source = std::function<time_point()>;

/// The machine's own clock: the fakes' default.
[[nodiscard]] inline time_source wall_time() {
    return [] { return system_clock{}.now(); };
}

/// A clock that somebody else moves, for instance a `manual_clock`. It must outlive the fake.
template <clock_policy Clock>
[[nodiscard]] time_source time_of(Clock& clock) {
    return [&clock] { return clock.now(); };
}

/// `Tue, 02 Jan 2024 03:04:05 GMT`, as a `Date` header carries it (RFC 9110 §5.6.7).
[[nodiscard]] inline std::string http_date(time_point now) {
    constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(now);
    std::chrono::year_month_day const date{day};
    std::chrono::hh_mm_ss const time{std::chrono::floor<std::chrono::seconds>(now - day)};
    auto const two = [](auto number) {
        std::string const digits = std::to_string(number);
        return digits.size() < 2 ? "0" + digits : digits;
    };
    return std::string{days[std::chrono::weekday{day}.c_encoding()]} + ", " + two(static_cast<unsigned>(date.day())) +
           " " + months[static_cast<unsigned>(date.month()) - 1] + " " + std::to_string(static_cast<int>(date.year())) +
           " " + two(time.hours().count()) + ":" + two(time.minutes().count()) + ":" + two(time.seconds().count()) +
           " GMT";
}

/// Seconds since 1970 with a fraction, as AWS JSON carries times.
[[nodiscard]] inline double epoch_seconds(time_point now) noexcept {
    return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count()) /
           1000.0;
}

} // namespace fargate::inline v0::testing

#endif
