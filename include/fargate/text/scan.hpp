#ifndef FARGATE_TEXT_SCAN_HPP
#define FARGATE_TEXT_SCAN_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fargate::inline v0::text {

/// The place of the first byte that is not from `lowest` to `highest`, both ASCII; the size when there is none. Looks at
/// many bytes a step, because every byte of a header is looked at before it is signed.
[[nodiscard]] inline std::size_t first_outside(std::string_view text, char lowest, char highest) noexcept {
    auto const span = static_cast<unsigned char>(highest - lowest);
    std::size_t at = 0;
    // Without a branch inside a step, compilers make vector instructions of it.
    for (constexpr std::size_t step = 128; text.size() - at >= step; at += step) {
        char const* const from = text.data() + at;
        unsigned char farthest = 0;
        for (std::size_t i = 0; i != step; ++i) {
            auto const distance = static_cast<unsigned char>(from[i] - lowest);
            farthest = distance > farthest ? distance : farthest;
        }
        if (farthest > span) break;
    }
    constexpr std::uint64_t each = 0x0101010101010101;
    std::uint64_t const low = each * static_cast<unsigned char>(lowest);
    std::uint64_t const gap = each * (0x7FU - static_cast<unsigned char>(highest));
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
        std::memcpy(&eight, text.data() + at, sizeof eight);
        // A byte below `low` borrows its top bit from the subtraction, one above `highest` gains it from the sum.
        if ((((eight - low) & ~eight) | (eight + gap) | eight) & (0x80 * each)) break;
    }
    while (at != text.size() && static_cast<unsigned char>(text[at] - lowest) <= span) ++at;
    return at;
}

} // namespace fargate::inline v0::text

#endif
