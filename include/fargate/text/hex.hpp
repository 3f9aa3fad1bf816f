#ifndef FARGATE_TEXT_HEX_HPP
#define FARGATE_TEXT_HEX_HPP

#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// The value of a hexadecimal digit of either case, -1 for any other character.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Appends two lower-case digits for each byte.
inline void append_hex(std::string& out, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::size_t at = out.size();
    out.resize(at + 2 * bytes.size());
    for (char const each : bytes) {
        auto const byte = static_cast<unsigned char>(each);
        out[at++] = digits[byte >> 4U];
        out[at++] = digits[byte & 0xFU];
    }
}

/// Two lower-case digits for each byte.
[[nodiscard]] inline std::string to_hex(std::string_view bytes) {
    std::string made;
    append_hex(made, bytes);
    return made;
}

} // namespace fargate::inline v0::text

#endif
