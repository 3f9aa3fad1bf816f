#ifndef FARGATE_TESTING_FARGATE_SIZES_HPP
#define FARGATE_TESTING_FARGATE_SIZES_HPP

#include <fargate/text/ascii.hpp>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace fargate::inline v0::testing {

namespace detail {

/// `number [unit]` times 1024 when the unit is there; only whole results.
[[nodiscard]] inline std::optional<int> scaled(std::string_view given, std::string_view unit) {
    std::string const text = text::lower(text::trim(given));
    std::string_view digits = text;
    bool const has_unit = digits.size() > unit.size() && digits.substr(digits.size() - unit.size()) == unit;
    if (has_unit) digits = text::trim(digits.substr(0, digits.size() - unit.size()));
    double number = 0;
    auto const [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    double const value = has_unit ? number * 1024 : number;
    if (!(value >= 1 && value <= 1e9)) return std::nullopt;
    int const whole = static_cast<int>(value);
    return static_cast<double>(whole) == value ? std::optional{whole} : std::nullopt;
}

} // namespace detail

/// CPU units of a task-level `cpu` text: `256`, `.25 vCPU`, `1vcpu`.
[[nodiscard]] inline std::optional<int> cpu_units(std::string_view text) { return detail::scaled(text, "vcpu"); }

/// MiB of a task-level `memory` text: `512`, `0.5 GB`, `1gb`.
[[nodiscard]] inline std::optional<int> memory_mib(std::string_view text) { return detail::scaled(text, "gb"); }

/// Whether Fargate offers that pair (Amazon ECS Developer Guide, "Task CPU and memory").
[[nodiscard]] constexpr bool fargate_offers(int cpu, int memory) noexcept {
    struct row {
        int cpu, least, most, step;
    };
    constexpr row rows[] = {
        {512, 1024, 4096, 1024},   {1024, 2048, 8192, 1024},   {2048, 4096, 16384, 1024},
        {4096, 8192, 30720, 1024}, {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192},
    };
    if (cpu == 256) return memory == 512 || memory == 1024 || memory == 2048;
    for (auto const& each : rows)
        if (each.cpu == cpu)
            return memory >= each.least && memory <= each.most && (memory - each.least) % each.step == 0;
    return false;
}

} // namespace fargate::inline v0::testing

#endif
