#ifndef FARGATE_TEXT_HEX_HPP
#define FARGATE_TEXT_HEX_HPP

#include <fargate/text/ascii.hpp>
#include <fargate/text/buffer.hpp>

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
template <class Text>
void append_hex(Text& out, std::string_view bytes) {
    // Arithmetic, and no table, so that compilers make vector instructions of it.
    auto const digit = [](unsigned char half) {
        return static_cast<char>(half + '0' + (half > 9 ? 'a' - '0' - 10 : 0));
    };
    char* at = extend(out, 2 * bytes.size());
    for (char const each : bytes) {
        auto const byte = static_cast<unsigned char>(each);
        *at++ = digit(static_cast<unsigned char>(byte >> 4U));
        *at++ = digit(static_cast<unsigned char>(byte & 0xFU));
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
