#ifndef FARGATE_DEPLOY_TASK_SIZE_HPP
#define FARGATE_DEPLOY_TASK_SIZE_HPP

#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::deploy {

namespace detail {

/// The memory that Fargate has for so many CPU units: from `least` to `most` MiB in steps.
/// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
struct size_row {
    std::int64_t cpu, least, most, step;
};
inline constexpr size_row size_rows[] = {
    {256, 512, 2048, 512},     {512, 1024, 4096, 1024},    {1024, 2048, 8192, 1024},     {2048, 4096, 16384, 1024},
    {4096, 8192, 30720, 1024}, {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192},
};

/// 1.5 GB is none of the smallest size's, which doubles.
[[nodiscard]] constexpr bool is_offered(size_row const& row, std::int64_t memory) noexcept {
    bool const doubles = row.cpu == 256 && memory == 1536;
    return memory >= row.least && memory <= row.most && (memory - row.least) % row.step == 0 && !doubles;
}

/// A whole number, or a number of the unit, of which each is 1024: `512`, `.5 GB`, `1 vCPU`.
[[nodiscard]] inline std::optional<std::int64_t> read_size(std::string_view raw, std::string_view unit) {
    std::string_view word = text::trim(raw);
    bool const scaled = word.size() > unit.size() && text::iequals(word.substr(word.size() - unit.size()), unit);
    if (scaled) word = text::trim(word.substr(0, word.size() - unit.size()));
    std::int64_t whole = 0;
    std::int64_t parts = 0; // of the power of ten in `scale`
    std::int64_t scale = 1;
    bool digits = false;
    bool behind_point = false;
    for (char const c : word) {
        if (c == '.' && scaled && !behind_point) {
            behind_point = true;
            continue;
        }
        if (!text::is_digit(c) || whole > 1'000'000 || scale > 1'000'000) return std::nullopt;
        digits = true;
        if (behind_point) {
            parts = parts * 10 + (c - '0');
            scale *= 10;
        } else {
            whole = whole * 10 + (c - '0');
        }
    }
    if (!digits) return std::nullopt;
    if (!scaled) return whole;
    if (parts * 1024 % scale != 0) return std::nullopt;
    return whole * 1024 + parts * 1024 / scale;
}

/// `512, 1024, 2048` or `4096 to 16384 in steps of 1024`.
[[nodiscard]] inline std::string memory_for(size_row const& row) {
    if (row.cpu == 256) return "512, 1024 or 2048";
    return std::to_string(row.least) + " to " + std::to_string(row.most) + " in steps of " + std::to_string(row.step);
}

} // namespace detail

/// What is wrong with a task's `cpu` and `memory` where Fargate runs it; nothing when it has that pair.
[[nodiscard]] inline std::optional<finding> check_fargate_size(std::optional<std::string_view> cpu,
                                                               std::optional<std::string_view> memory) {
    constexpr std::string_view pair = "give cpu and memory a pair that Fargate has, e.g. cpu=256 memory=512";
    for (auto const& [name, given] : {std::pair{"cpu", cpu}, std::pair{"memory", memory}})
        if (!given || text::trim(*given).empty())
            return finding{name, "is missing, which Fargate needs of every task", std::string{pair}};
    auto const units = detail::read_size(*cpu, "vCPU");
    auto const mib = detail::read_size(*memory, "GB");
    if (!units)
        return finding{"cpu", detail::shown_name(*cpu) + " is no number of CPU units", "write 256, or .25 vCPU"};
    if (!mib) return finding{"memory", detail::shown_name(*memory) + " is no number of MiB", "write 512, or 0.5 GB"};
    auto const* const row = std::find_if(std::begin(detail::size_rows), std::end(detail::size_rows),
                                         [units](detail::size_row const& each) { return each.cpu == *units; });
    if (row == std::end(detail::size_rows))
        return finding{"cpu", std::to_string(*units) + " CPU units are no size of Fargate's",
                       "give 256, 512, 1024, 2048, 4096, 8192 or 16384"};
    if (!detail::is_offered(*row, *mib))
        return finding{"memory",
                       std::to_string(*mib) + " MiB are not to be had with " + std::to_string(*units) + " CPU units",
                       "give " + detail::memory_for(*row)};
    return std::nullopt;
}

} // namespace fargate::inline v0::deploy

#endif
