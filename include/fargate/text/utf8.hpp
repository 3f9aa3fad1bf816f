#ifndef FARGATE_TEXT_UTF8_HPP
#define FARGATE_TEXT_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// What `next_code_point` yields for a byte that starts no character.
inline constexpr char32_t no_code_point = 0xFFFFFFFF;

/// Decodes the UTF-8 character at `at` and moves past it; past one byte when there is none (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF). Requires `at < text.size()`.
[[nodiscard]] constexpr char32_t next_code_point(std::string_view text, std::size_t& at) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
    char32_t const lead = byte(at++);
    if (lead < 0x80) return lead;
    if (lead < 0xC2 || lead > 0xF4) return no_code_point;
    std::size_t const more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (text.size() - at < more) return no_code_point;
    char32_t point = lead & (0x3FU >> more);
    for (std::size_t i = 0; i != more; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80U) return no_code_point;
        point = (point << 6U) | (byte(at + i) & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return no_code_point;
    at += more;
    return point;
}

/// Appends a code point as UTF-8. A surrogate is written in the same pattern, which is not UTF-8: joining or refusing
/// the halves is the caller's part. Requires `point <= 0x10FFFF`.
constexpr void append_utf8(std::string& out, char32_t point) {
    auto const tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0U | (point >> 6U));
        tail(0);
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0U | (point >> 12U));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | (point >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

/// True when every byte belongs to a character.
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();)
        if (next_code_point(text, at) == no_code_point) return false;
    return true;
}

} // namespace fargate::inline v0::text

#endif
