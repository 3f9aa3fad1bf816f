#ifndef FARGATE_TEXT_SCAN_HPP
#define FARGATE_TEXT_SCAN_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fargate::inline v0::text {

/// The place of the first byte that is not from `lowest` to `highest`, both ASCII; the size when there is none. Looks at
/// eight bytes a step, because every byte of a header is looked at before it is signed.
[[nodiscard]] inline std::size_t first_outside(std::string_view text, char lowest, char highest) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x80 * each;
    std::uint64_t const low = each * static_cast<unsigned char>(lowest);
    std::uint64_t const gap = each * (0x7FU - static_cast<unsigned char>(highest));
    std::size_t at = 0;
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
        std::memcpy(&eight, text.data() + at, sizeof eight);
        // A byte below `low` borrows its top bit from the subtraction, one above `highest` gains it from the sum.
        if ((((eight - low) & ~eight) | (eight + gap) | eight) & tops) break;
    }
    while (at != text.size() && text[at] >= lowest && text[at] <= highest) ++at;
    return at;
}

} // namespace fargate::inline v0::text

#endif
