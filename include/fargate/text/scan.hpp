#ifndef FARGATE_TEXT_SCAN_HPP
#define FARGATE_TEXT_SCAN_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fargate::inline v0::text {

namespace detail {

/// The size when every step of `text`, which is at least one long, is fine; else where one begins that is not. The last step
/// looks at bytes again that the one before it has seen.
template <std::size_t Step, class IsFine>
[[nodiscard]] std::size_t in_steps(std::string_view text, IsFine const& is_fine) noexcept {
    std::size_t const last = text.size() - Step;
    for (std::size_t at = 0;; at = at + Step < last ? at + Step : last) {
        if (!is_fine(text.data() + at)) return at;
        if (at == last) return text.size();
    }
}

} // namespace detail

/// The place of the first byte that is not from `lowest` to `highest`, both ASCII; the size when there is none. Looks at
/// many bytes a step, because every byte of a header is looked at before it is signed.
[[nodiscard]] inline std::size_t first_outside(std::string_view text, char lowest, char highest) noexcept {
    auto const span = static_cast<unsigned char>(highest - lowest);
    std::size_t at = 0;
    if (constexpr std::size_t step = 128; text.size() >= step) {
        at = detail::in_steps<step>(text, [=](char const* from) {
            // Without a branch, compilers make vector instructions of it.
            unsigned char farthest = 0;
            for (std::size_t i = 0; i != step; ++i) {
                auto const distance = static_cast<unsigned char>(from[i] - lowest);
                farthest = distance > farthest ? distance : farthest;
            }
            return farthest <= span;
        });
    } else if (std::uint64_t eight = 0; text.size() >= sizeof eight) {
        constexpr std::uint64_t each = 0x0101010101010101;
        std::uint64_t const low = each * static_cast<unsigned char>(lowest);
        std::uint64_t const gap = each * (0x7FU - static_cast<unsigned char>(highest));
        at = detail::in_steps<sizeof eight>(text, [&](char const* from) {
            std::memcpy(&eight, from, sizeof eight);
            // A byte below `low` borrows its top bit from the subtraction, one above `highest` gains it from the sum.
            return ((((eight - low) & ~eight) | (eight + gap) | eight) & (0x80 * each)) == 0;
        });
    }
    while (at != text.size() && static_cast<unsigned char>(text[at] - lowest) <= span) ++at;
    return at;
}

} // namespace fargate::inline v0::text

#endif
