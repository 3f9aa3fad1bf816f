#ifndef FARGATE_TEXT_NEAREST_HPP
#define FARGATE_TEXT_NEAREST_HPP

#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace fargate::inline v0::text {

/// How many letters must be put in, taken out, changed or swapped with their neighbour, with capitals counted as half
/// a mistake; in half letters.
[[nodiscard]] inline std::size_t mistakes(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) row[j] = 2 * j;
    std::vector<std::size_t> before = row;
    std::vector<std::size_t> earlier = row;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        earlier.swap(before);
        before.swap(row);
        row[0] = 2 * i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            char const a = left[i - 1];
            char const b = right[j - 1];
            std::size_t const change = a == b ? 0 : to_lower(a) == to_lower(b) ? 1 : 2;
            std::size_t best = std::min({before[j] + 2, row[j - 1] + 2, before[j - 1] + change});
            if (i > 1 && j > 1 && a == right[j - 2] && left[i - 2] == b) best = std::min(best, earlier[j - 2] + 2);
            row[j] = best;
        }
    }
    return row[right.size()];
}

/// The known name that a wrong one most likely stands for; empty when none is near.
[[nodiscard]] inline std::string_view nearest(std::string_view wrong, std::span<std::string_view const> known) {
    std::string_view found;
    std::size_t fewest = 7; // at most three mistakes, and at most half of the name
    if (wrong.size() > 64) return found;
    for (auto const name : known) {
        if (std::size_t const count = mistakes(wrong, name); count < fewest && count <= name.size()) {
            fewest = count;
            found = name;
        }
    }
    return found;
}

} // namespace fargate::inline v0::text

#endif
