#ifndef FARGATE_JSON_NUMBER_HPP
#define FARGATE_JSON_NUMBER_HPP

#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::json::detail {

template <class Number>
void write_number(std::string& out, Number number) {
    char digits[32];
    auto const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

/// Python's `repr` of a float: the shortest text that reads back the same, always with a point or an exponent.
inline void write_float(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    char digits[32];
    double const size = std::fabs(number);
    auto const form =
        number == 0 || (size >= 1e-4 && size < 1e16) ? std::chars_format::fixed : std::chars_format::scientific;
    std::string_view const written{
        digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number, form).ptr - digits)};
    out += written;
    if (written.find_first_of(".e") == std::string_view::npos) out += ".0";
}

} // namespace fargate::inline v0::json::detail

#endif
