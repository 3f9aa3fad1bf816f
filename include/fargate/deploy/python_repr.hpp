#ifndef FARGATE_DEPLOY_PYTHON_REPR_HPP
#define FARGATE_DEPLOY_PYTHON_REPR_HPP

#include <fargate/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace fargate::inline v0::deploy {

namespace detail {

/// Whether Python's `repr` shows a character instead of its code: everything but controls, formats, surrogates, private
/// use and separators. Code points that Unicode has not assigned count as shown, except where whole planes are empty.
[[nodiscard]] inline bool is_printable(char32_t point) noexcept {
    struct range {
        char32_t first, last;
    };
    static constexpr range hidden[] = {
        {0x0, 0x1F},        {0x7F, 0xA0},       {0xAD, 0xAD},        {0x600, 0x605},     {0x61C, 0x61C},
        {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},      {0x8E2, 0x8E2},     {0x1680, 0x1680},
        {0x180E, 0x180E},   {0x2000, 0x200F},   {0x2028, 0x202F},    {0x205F, 0x206F},   {0x3000, 0x3000},
        {0xD800, 0xF8FF},   {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},    {0xFFFE, 0xFFFF},   {0x110BD, 0x110BD},
        {0x110CD, 0x110CD}, {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3},  {0x1D173, 0x1D17A}, {0x1FFFE, 0x1FFFF},
        {0x2FFFE, 0x2FFFF}, {0x31350, 0xE00FF}, {0xE01F0, 0x10FFFF},
    };
    auto const at = std::lower_bound(std::begin(hidden), std::end(hidden), point,
                                     [](range const& each, char32_t wanted) { return each.last < wanted; });
    return at == std::end(hidden) || point < at->first;
}

inline void append_code(std::string& out, char mark, int digits, char32_t point) {
    out += '\\';
    out += mark;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[(point >> shift) & 0xFU];
}

} // namespace detail

/// Appends what Python 3's `repr` of the text is: quoted with `'` unless only `"` avoids a backslash. A byte that is not
/// UTF-8 is shown as the half surrogate that Python reads it as.
inline void append_python_repr(std::string& out, std::string_view text) {
    bool const other = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    char const quote = other ? '"' : '\'';
    out += quote;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const start = at;
        char32_t const point = text::next_code_point(text, at);
        if (point == text::no_code_point) {
            detail::append_code(out, 'u', 4, 0xDC00U + static_cast<unsigned char>(text[start]));
        } else if (point == static_cast<unsigned char>(quote) || point == '\\') {
            out += '\\';
            out += static_cast<char>(point);
        } else if (point == '\n' || point == '\r' || point == '\t') {
            out += point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
        } else if (detail::is_printable(point)) {
            out += text.substr(start, at - start);
        } else if (point < 0x100) {
            detail::append_code(out, 'x', 2, point);
        } else if (point < 0x10000) {
            detail::append_code(out, 'u', 4, point);
        } else {
            detail::append_code(out, 'U', 8, point);
        }
    }
    out += quote;
}

/// What Python 3's `str` of a list of texts is, as `PREFECT__CLOUD__AGENT__LABELS` carries it: `['aws', 'prod']`.
[[nodiscard]] inline std::string python_repr(std::span<std::string const> texts) {
    std::string out = "[";
    for (auto const& each : texts) {
        if (out.size() != 1) out += ", ";
        append_python_repr(out, each);
    }
    out += ']';
    return out;
}

} // namespace fargate::inline v0::deploy

#endif
