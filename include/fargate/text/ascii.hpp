#ifndef FARGATE_TEXT_ASCII_HPP
#define FARGATE_TEXT_ASCII_HPP

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

// Character classes of ASCII alone: no locale is asked, so no locale can change a signature.

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept { return is_upper(c) || is_lower(c); }
[[nodiscard]] constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }

/// Space, TAB, LF, VT, FF and CR: C's `isspace` in the C locale.
[[nodiscard]] constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

namespace detail {

inline constexpr auto token_characters = [] {
    std::array<bool, 256> made{};
    for (char const each : std::string_view{"!#$%&'*+-.^_`|~"}) made[static_cast<unsigned char>(each)] = true;
    for (unsigned char each = 0; each != 128; ++each)
        if (is_alnum(static_cast<char>(each))) made[each] = true;
    return made;
}();

} // namespace detail

/// A character of a method or a header name (RFC 9110 §5.6.2).
[[nodiscard]] constexpr bool is_token_character(char c) noexcept {
    return detail::token_characters[static_cast<unsigned char>(c)];
}

[[nodiscard]] constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] constexpr char to_upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string made{text};
    for (char& c : made) c = to_lower(c);
    return made;
}

[[nodiscard]] inline std::string upper(std::string_view text) {
    std::string made{text};
    for (char& c : made) c = to_upper(c);
    return made;
}

[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// Equal but for the case of ASCII letters.
[[nodiscard]] constexpr bool iequals(std::string_view left, std::string_view right) noexcept {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i != left.size(); ++i)
        if (to_lower(left[i]) != to_lower(right[i])) return false;
    return true;
}

[[nodiscard]] constexpr bool contains(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

/// Makes one line of a text: each control character becomes a space.
inline void blank_controls(std::string& text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
}

/// As much of somebody's words as one line of a message shows.
inline constexpr std::size_t longest_shown = 64;

/// The beginning of a text, at most `longest_shown` bytes, with `?` for all that is no printable ASCII.
[[nodiscard]] inline std::string printable(std::string_view text) {
    std::string made{text.substr(0, longest_shown)};
    for (char& c : made)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
    return made;
}

} // namespace fargate::inline v0::text

#endif
