#ifndef FARGATE_DEPLOY_LITERAL_ATOM_HPP
#define FARGATE_DEPLOY_LITERAL_ATOM_HPP

#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/utf8.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fargate::inline v0::deploy::detail {

/// The few characters that configuration names by `\N{...}`; the others have numbers.
[[nodiscard]] inline std::optional<char32_t> character_named(std::string_view name) noexcept {
    struct named {
        std::string_view name;
        char32_t point;
    };
    static constexpr named known[] = {
        {"NO-BREAK SPACE", 0xA0},
        {"SECTION SIGN", 0xA7},
        {"COPYRIGHT SIGN", 0xA9},
        {"REGISTERED SIGN", 0xAE},
        {"DEGREE SIGN", 0xB0},
        {"PLUS-MINUS SIGN", 0xB1},
        {"MIDDLE DOT", 0xB7},
        {"MULTIPLICATION SIGN", 0xD7},
        {"EN DASH", 0x2013},
        {"EM DASH", 0x2014},
        {"LEFT SINGLE QUOTATION MARK", 0x2018},
        {"RIGHT SINGLE QUOTATION MARK", 0x2019},
        {"LEFT DOUBLE QUOTATION MARK", 0x201C},
        {"RIGHT DOUBLE QUOTATION MARK", 0x201D},
        {"BULLET", 0x2022},
        {"HORIZONTAL ELLIPSIS", 0x2026},
        {"EURO SIGN", 0x20AC},
        {"TRADE MARK SIGN", 0x2122},
    };
    for (auto const& each : known)
        if (text::iequals(each.name, name)) return each.point;
    return std::nullopt;
}

/// Joins surrogate halves that were written one after the other; false when a half is left alone.
[[nodiscard]] inline bool join_surrogates(std::string& bytes) {
    auto const half = [&](std::size_t at) -> char32_t { // 0xD800..0xDFFF when its three-byte pattern stands at `at`
        if (bytes.size() - at < 3 || bytes[at] != '\xED' || static_cast<unsigned char>(bytes[at + 1]) < 0xA0) return 0;
        return 0xD000U | ((static_cast<char32_t>(bytes[at + 1]) & 0x3FU) << 6U) |
               (static_cast<char32_t>(bytes[at + 2]) & 0x3FU);
    };
    if (bytes.find('\xED') == std::string::npos) return true;
    std::string joined;
    joined.reserve(bytes.size());
    for (std::size_t at = 0; at < bytes.size();) {
        char32_t const high = half(at);
        if (high == 0) {
            joined += bytes[at++];
            continue;
        }
        char32_t const low = at + 3 < bytes.size() ? half(at + 3) : 0;
        if (high >= 0xDC00 || low < 0xDC00) return false;
        text::append_utf8(joined, 0x10000U + ((high - 0xD800U) << 10U) + (low - 0xDC00U));
        at += 6;
    }
    bytes = std::move(joined);
    return true;
}

/// The numbers and strings of Python 3.8's grammar, read from the front of a text. Every function that reads returns false
/// when no such thing stands there; what stands there but has no JSON form is noted and read on.
class literal_atoms {
protected:
    explicit literal_atoms(std::string_view source) : text_{source} {}

    enum class kind : unsigned char { other, real, imaginary, text, bytes, container };

    struct node {
        kind type = kind::other;
        bool plain = true; ///< neither signed nor a sum: a sign may stand before it
        json::value value{};
    };

    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
    [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }
    void move(std::size_t count = 1) noexcept { at_ += count; }
    [[nodiscard]] bool take(char wanted) noexcept {
        if (peek() != wanted) return false;
        ++at_;
        return true;
    }
    void note(std::string_view what) {
        if (what_.empty()) what_ = what;
    }
    [[nodiscard]] std::string const& noted() const noexcept { return what_; }

    [[nodiscard]] int depth() const noexcept { return depth_; }
    void open() noexcept {
        ++at_;
        ++depth_;
    }
    void close() noexcept { --depth_; }

    /// Blanks and comments; inside brackets line ends too.
    void skip() noexcept {
        for (;;) {
            char const c = peek();
            if (c == ' ' || c == '\t' || c == '\f' || (c == '\n' && depth_ != 0)) {
                ++at_;
            } else if (c == '#') {
                while (at_ < text_.size() && peek() != '\n') ++at_;
            } else if (c == '\\' && peek(1) == '\n' && at_ + 2 < text_.size()) {
                at_ += 2;
            } else {
                return;
            }
        }
    }

    [[nodiscard]] bool number(node& out) {
        char const mark = text::to_lower(peek(1));
        if (peek() == '0' && (mark == 'x' || mark == 'o' || mark == 'b')) {
            at_ += 2;
            int const base = mark == 'x' ? 16 : mark == 'o' ? 8 : 2;
            std::string written;
            if (peek() == '_') ++at_;
            if (!digits(written, base)) return false;
            return whole_number(out, written, base);
        }
        std::string written;
        if (peek() != '.') static_cast<void>(digits(written, 10));
        bool whole = true;
        if (take('.')) {
            whole = false;
            written += '.';
            static_cast<void>(digits(written, 10));
        }
        bool const is_signed = peek(1) == '+' || peek(1) == '-';
        if (text::to_lower(peek()) == 'e' && text::is_digit(peek(is_signed ? 2 : 1))) {
            whole = false;
            written += 'e';
            if (peek(1) == '-') written += '-';
            at_ += is_signed ? 2 : 1;
            static_cast<void>(digits(written, 10));
        }
        if (text::to_lower(peek()) == 'j') {
            ++at_;
            note("a complex number");
            out.type = kind::imaginary;
            return true;
        }
        if (!whole) return real_number(out, written);
        if (written[0] == '0' && written.find_first_not_of('0') != std::string::npos) return false; // 007
        return whole_number(out, written, 10);
    }

    [[nodiscard]] bool string_starts() const noexcept { return prefix_length().has_value(); }

    /// One or more strings side by side: all text, or all bytes.
    [[nodiscard]] bool strings(node& out) {
        std::string joined;
        bool first = true;
        for (auto length = prefix_length(); length; length = prefix_length()) {
            std::string const prefix = text::lower(text_.substr(at_, *length));
            bool const bytes = prefix.find('b') != std::string::npos;
            bool const raw = prefix.find('r') != std::string::npos;
            if (!prefix.empty() && prefix != "r" && prefix != "u" && prefix != "b" && prefix != "br" && prefix != "rb")
                return false;
            if (!first && bytes != (out.type == kind::bytes)) return false;
            out.type = bytes ? kind::bytes : kind::text;
            first = false;
            at_ += *length;
            if (!string(joined, raw, bytes)) return false;
            skip();
        }
        if (out.type == kind::bytes) {
            note("bytes");
            return true;
        }
        if (!join_surrogates(joined)) note("text with half a surrogate pair");
        out.value = std::move(joined);
        return true;
    }

private:
    /// Digits of `base` with single underscores between, collected without them.
    [[nodiscard]] bool digits(std::string& out, int base) {
        auto const is_one = [&](char c) {
            return base == 16 ? text::is_digit(c) || (text::to_lower(c) >= 'a' && text::to_lower(c) <= 'f')
                              : c >= '0' && c < '0' + base;
        };
        if (!is_one(peek())) return false;
        out += text_[at_++];
        while (is_one(peek()) || (peek() == '_' && is_one(peek(1)))) {
            if (peek() == '_') ++at_;
            out += text_[at_++];
        }
        return true;
    }

    /// Whole numbers past 64 bits become the nearest real one: JSON has no wider kind.
    [[nodiscard]] bool whole_number(node& out, std::string const& written, int base) {
        std::uint64_t whole = 0;
        out.type = kind::real;
        if (std::from_chars(written.data(), written.data() + written.size(), whole, base).ec == std::errc{}) {
            out.value = whole;
            return true;
        }
        if (base == 10) return real_number(out, written);
        double real = 0;
        for (char const c : written) real = real * base + (text::is_digit(c) ? c - '0' : text::to_lower(c) - 'a' + 10);
        return finite(out, real);
    }

    [[nodiscard]] bool real_number(node& out, std::string const& written) {
        double real = 0;
        auto const read = std::from_chars(written.data(), written.data() + written.size(), real);
        if (read.ec == std::errc::result_out_of_range) real = is_tiny(written) ? 0.0 : HUGE_VAL;
        return finite(out, real);
    }

    [[nodiscard]] bool finite(node& out, double real) {
        out.type = kind::real;
        out.value = real;
        if (std::isinf(real)) note("a number past the largest double");
        return true;
    }

    /// Whether a number that no double can hold is too small rather than too large: by the place of its first digit.
    [[nodiscard]] static bool is_tiny(std::string_view written) noexcept {
        std::size_t const e = std::min(written.find('e'), written.size());
        std::size_t const point = std::min(written.find('.'), e);
        std::size_t const first = std::min(written.find_first_not_of("0."), e);
        std::string_view exponent = written.substr(std::min(e + 1, written.size()));
        bool const negative = exponent.substr(0, 1) == "-";
        if (negative) exponent.remove_prefix(1);
        std::size_t shift = 0;
        if (!exponent.empty() &&
            std::from_chars(exponent.data(), exponent.data() + exponent.size(), shift).ec != std::errc{})
            return negative;
        return first < point ? negative && shift > point - first : negative || shift < first - point;
    }

    /// How long the prefix of a string that starts here is: 0 to 2, or nothing when none starts.
    [[nodiscard]] std::optional<std::size_t> prefix_length() const noexcept {
        for (std::size_t length = 0; length != 3; ++length) {
            char const c = peek(length);
            if (c == '\'' || c == '"') return length;
            if (!text::is_alpha(c)) break;
        }
        return std::nullopt;
    }

    [[nodiscard]] bool string(std::string& out, bool raw, bool bytes) {
        char const quote = text_[at_++];
        bool const triple = peek() == quote && peek(1) == quote;
        if (triple) at_ += 2;
        while (at_ < text_.size()) {
            char const c = text_[at_++];
            if (c == quote && !triple) return true;
            if (c == quote && peek() == quote && peek(1) == quote) {
                at_ += 2;
                return true;
            }
            if (c == '\n' && !triple) return false;
            if (bytes && static_cast<unsigned char>(c) >= 0x80) return false;
            if (c != '\\') {
                out += c;
            } else if (raw && !at_end()) {
                out += c;
                out += text_[at_++];
            } else if (at_end() || !escape(out, bytes)) {
                return false;
            }
        }
        return false;
    }

    /// What stands behind a backslash.
    [[nodiscard]] bool escape(std::string& out, bool bytes) {
        constexpr std::string_view from = "\\'\"abfnrtv";
        constexpr std::string_view to = "\\'\"\a\b\f\n\r\t\v";
        char const c = text_[at_++];
        if (c == '\n') return true;
        if (std::size_t const known = from.find(c); known != std::string_view::npos) {
            out += to[known];
            return true;
        }
        if (c >= '0' && c <= '7') {
            auto point = static_cast<char32_t>(c - '0');
            for (int more = 0; more != 2 && peek() >= '0' && peek() <= '7'; ++more)
                point = point * 8 + static_cast<char32_t>(text_[at_++] - '0');
            text::append_utf8(out, point);
            return true;
        }
        if (c == 'x') return coded(out, 2);
        if (c == 'u' && !bytes) return coded(out, 4);
        if (c == 'U' && !bytes) return coded(out, 8);
        if (c == 'N' && !bytes) return named(out);
        out += '\\';
        out += c;
        return true;
    }

    [[nodiscard]] bool coded(std::string& out, std::size_t length) {
        std::string_view const code = text_.substr(at_, length);
        std::uint32_t point = 0;
        auto const read = std::from_chars(code.data(), code.data() + code.size(), point, 16);
        if (code.size() != length || read.ptr != code.data() + length || point > 0x10FFFF) return false;
        at_ += length;
        text::append_utf8(out, point);
        return true;
    }

    [[nodiscard]] bool named(std::string& out) {
        std::size_t const end = text_.find('}', at_);
        if (peek() != '{' || end == std::string_view::npos) return false;
        std::string_view const name = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        if (auto const point = character_named(name))
            text::append_utf8(out, *point);
        else
            note("a \\N{...} escape with a name that is not known here");
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;    ///< open brackets
    std::string what_; ///< the first thing that has no JSON form
};

} // namespace fargate::inline v0::deploy::detail

#endif
