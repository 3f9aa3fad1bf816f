#ifndef FARGATE_JSON_STRING_HPP
#define FARGATE_JSON_STRING_HPP

#include <fargate/text/utf8.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace fargate::inline v0::json::detail {

/// What stands in a string as it is, whoever writes it.
[[nodiscard]] constexpr bool is_plain(char c) noexcept {
    return static_cast<unsigned char>(c - ' ') < 0x7F - ' ' && c != '"' && c != '\\';
}

/// How many plain characters a text begins with. Looks at eight a step.
[[nodiscard]] inline std::size_t plain_run(std::string_view text) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101;
    std::size_t at = 0;
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
        std::memcpy(&eight, text.data() + at, sizeof eight);
        std::uint64_t const quote = eight ^ (each * '"');
        std::uint64_t const slash = eight ^ (each * '\\');
        // A byte below what is subtracted borrows its top bit; DEL gains it from the sum, and others above have it. What is
        // borrowed or carried further spoils bytes behind that one alone.
        std::uint64_t const stops = (((eight - each * ' ') & ~eight) | ((quote - each) & ~quote) |
                                     ((slash - each) & ~slash) | (eight + each) | eight) &
                                    (0x80 * each);
        if (stops == 0) continue;
        if constexpr (std::endian::native != std::endian::little) break;
        return at + static_cast<std::size_t>(std::countr_zero(stops)) / 8;
    }
    while (at != text.size() && is_plain(text[at])) ++at;
    return at;
}

inline void write_escape(std::string& out, unsigned unit) {
    constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[(unit >> shift) & 0xFU];
}

inline void write_text(std::string& out, std::string_view raw) {
    out += '"';
    for (std::size_t at = 0;;) {
        std::size_t const plain = plain_run(raw.substr(at));
        out.append(raw.data() + at, plain);
        at += plain;
        if (at == raw.size()) break;
        char32_t const decoded = text::next_code_point(raw, at);
        unsigned const point = decoded == text::no_code_point ? 0xFFFDU : static_cast<unsigned>(decoded);
        switch (point) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\f': out += "\\f"; break;
        case '\b': out += "\\b"; break;
        default:
            if (point < 0x10000) {
                write_escape(out, point);
            } else {
                write_escape(out, 0xD800U + ((point - 0x10000U) >> 10U));
                write_escape(out, 0xDC00U + ((point - 0x10000U) & 0x3FFU));
            }
        }
    }
    out += '"';
}

} // namespace fargate::inline v0::json::detail

#endif
