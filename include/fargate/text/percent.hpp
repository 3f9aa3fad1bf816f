#ifndef FARGATE_TEXT_PERCENT_HPP
#define FARGATE_TEXT_PERCENT_HPP

#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// The characters that never need an escape (RFC 3986 §2.3), which are also those AWS leaves alone.
[[nodiscard]] constexpr bool is_unreserved(char c) noexcept {
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

/// Appends `raw` with every byte but the unreserved ones, and `/` when it is kept, as `%XX` in upper case.
template <class Text>
void append_percent(Text& out, std::string_view raw, bool keep_slash = false) {
    constexpr char digits[] = "0123456789ABCDEF";
    for (char const each : raw) {
        if (is_unreserved(each) || (keep_slash && each == '/')) {
            out += each;
            continue;
        }
        auto const byte = static_cast<unsigned char>(each);
        char const escape[] = {'%', digits[byte >> 4U], digits[byte & 0xFU]};
        out += std::string_view{escape, sizeof escape};
    }
}

[[nodiscard]] inline std::string percent_encode(std::string_view raw, bool keep_slash = false) {
    std::string made;
    made.reserve(raw.size() + raw.size() / 2);
    append_percent(made, raw, keep_slash);
    return made;
}

/// Calls `take(byte)` for each byte that `coded` stands for. A `%` without two digits behind it stands for itself, and
/// `+` is no space.
template <class Take>
constexpr void for_each_decoded(std::string_view coded, Take&& take) {
    for (std::size_t at = 0; at != coded.size();) {
        if (coded[at] == '%' && coded.size() - at > 2) {
            int const high = hex_value(coded[at + 1]);
            int const low = hex_value(coded[at + 2]);
            if (high >= 0 && low >= 0) {
                take(static_cast<char>(static_cast<unsigned char>(high * 16 + low)));
                at += 3;
                continue;
            }
        }
        take(coded[at++]);
    }
}

/// The bytes that `coded` stands for; see `for_each_decoded`.
[[nodiscard]] inline std::string percent_decode(std::string_view coded) {
    std::string made;
    made.reserve(coded.size());
    for_each_decoded(coded, [&made](char byte) { made += byte; });
    return made;
}

} // namespace fargate::inline v0::text

#endif
