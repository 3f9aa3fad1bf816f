#ifndef FARGATE_TEXT_BASE64_HPP
#define FARGATE_TEXT_BASE64_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// Bytes as base64 (RFC 4648 §4), padded with `=` to a multiple of four.
[[nodiscard]] inline std::string base64(std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string made;
    made.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (char const c : bytes) {
        held = ((held << 8U) | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (bits += 8; bits >= 6; bits -= 6) made += alphabet[(held >> (bits - 6)) & 0x3FU];
    }
    if (bits != 0) made += alphabet[(held << (6 - bits)) & 0x3FU];
    while (made.size() % 4 != 0) made += '=';
    return made;
}

} // namespace fargate::inline v0::text

#endif
