#ifndef FARGATE_SERVICE_FIGURE_HPP
#define FARGATE_SERVICE_FIGURE_HPP

#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fargate::inline v0::service {

/// No span of an agent's time is longer: ten years.
inline constexpr duration longest_span = std::chrono::hours{24 * 3650};

/// No rate is higher; who wants none to count says 0.
inline constexpr double highest_rate = 1'000'000;

/// No count is higher.
inline constexpr std::uint64_t highest_count = 1'000'000'000;

/// A number as people write it: digits, and perhaps a point and more of them, blanks around it. In millionths, of which
/// what is finer is dropped. Nothing for signs, exponents, names such as `nan`, empty text, and what is above 10^12.
[[nodiscard]] inline std::optional<std::int64_t> read_millionths(std::string_view raw) noexcept {
    auto const word = text::trim(raw);
    auto const point = word.find('.');
    auto const whole = word.substr(0, point);
    auto const fraction = point == std::string_view::npos ? std::string_view{} : word.substr(point + 1);
    if (whole.empty() && fraction.empty()) return std::nullopt;
    for (auto const part : {whole, fraction})
        for (char const c : part)
            if (!text::is_digit(c)) return std::nullopt;
    constexpr std::int64_t million = 1'000'000;
    std::int64_t made = 0;
    if (!whole.empty() && std::from_chars(whole.data(), whole.data() + whole.size(), made).ec != std::errc{})
        return std::nullopt;
    if (made > million * million) return std::nullopt;
    made *= million;
    auto worth = million;
    for (char const c : fraction) made += (c - '0') * (worth /= 10);
    return made;
}

/// Seconds, such as `10` or `0.25`; nothing for what is no such number, and above `longest_span`.
[[nodiscard]] inline std::optional<duration> read_seconds(std::string_view raw) noexcept {
    auto const made = read_millionths(raw);
    if (!made || duration{*made} > longest_span) return std::nullopt;
    return duration{*made};
}

/// So many a second, such as `20` or `0.5`; nothing for what is no such number, and above `highest_rate`.
[[nodiscard]] inline std::optional<double> read_rate(std::string_view raw) noexcept {
    auto const made = read_millionths(raw);
    if (!made || static_cast<double>(*made) / 1e6 > highest_rate) return std::nullopt;
    return static_cast<double>(*made) / 1e6;
}

/// A whole number that is not negative; nothing for what is none, and above `highest_count`.
[[nodiscard]] inline std::optional<std::uint64_t> read_count(std::string_view raw) noexcept {
    auto const word = text::trim(raw);
    std::uint64_t made = 0;
    auto const read = std::from_chars(word.data(), word.data() + word.size(), made);
    if (read.ec != std::errc{} || read.ptr != word.data() + word.size() || made > highest_count) return std::nullopt;
    return made;
}

/// Names with commas between, blanks around them: a capacity plan. Nothing when a name is empty or holds what no capacity
/// provider's does: letters, digits, `-` and `_` are allowed, and at most 255 of them.
[[nodiscard]] inline std::optional<std::vector<std::string>> read_capacity_plan(std::string_view raw) {
    std::vector<std::string> made;
    for (bool more = true; more;) {
        auto const comma = raw.find(',');
        auto const word = text::trim(raw.substr(0, comma));
        if (word.empty() || word.size() > 255) return std::nullopt;
        for (char const c : word)
            if (!text::is_alnum(c) && c != '-' && c != '_') return std::nullopt;
        made.emplace_back(word);
        more = comma != std::string_view::npos;
        if (more) raw.remove_prefix(comma + 1);
    }
    return made;
}

} // namespace fargate::inline v0::service

#endif
