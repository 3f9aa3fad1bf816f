#ifndef FARGATE_SYSTEM_LOG_FORMAT_HPP
#define FARGATE_SYSTEM_LOG_FORMAT_HPP

#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <pthread.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// One event on its way into a log.
struct log_record {
    time_point when{};
    log_level level = log_level::info;
    std::string_view name{}; ///< the logger's
    std::string_view message{};
    time_point began = when; ///< when the log began
};

namespace detail {

/// Copies text, with control characters but LF and TAB written out (`\x1b`, and `\u009b` for those of C1), so that a
/// server's text cannot drive a terminal.
inline void append_visible(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    auto const spelled = [&](char const* lead, unsigned byte) {
        out += lead;
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    };
    for (std::size_t i = 0; i != text.size(); ++i) {
        unsigned const byte = static_cast<unsigned char>(text[i]);
        unsigned const next = i + 1 != text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
            spelled("\\x", byte);
        } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
            spelled("\\u00", next);
            ++i;
        } else {
            out += text[i];
        }
    }
}

/// `2020-12-08 17:00:00,123`, UTC.
inline void append_asctime(std::string& out, time_point when) {
    std::string const moment = text::iso8601(std::chrono::floor<std::chrono::milliseconds>(when));
    std::string_view const stamp = moment;
    out += stamp.substr(0, 10);
    out += ' ';
    out += stamp.substr(11, 8);
    out += ',';
    out += stamp[19] == '.' ? stamp.substr(20, 3) : "000";
}

/// What a `%(name)` can stand for.
enum class log_field : unsigned char {
    literal,
    asctime,
    levelname,
    logger,
    message,
    levelno,
    created,
    msecs,
    relative_created,
    process,
    thread,
    process_name,
    thread_name,
    source_name, ///< where in a Python program the line came from: nowhere
    source_line
};

/// One `%(name)...` of a template, or the text between two of them.
struct log_piece {
    log_field what = log_field::literal;
    std::string literal{};
    char type = 's';
    bool left = false;
    bool zeros = false;
    char sign = '\0';  ///< what stands before a number that is not negative
    bool plain = true; ///< no width and no precision
    std::size_t width = 0;
    std::optional<std::size_t> precision{};
};

/// How many characters a UTF-8 text has.
[[nodiscard]] inline std::size_t characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (char const c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    return count;
}

/// The first `count` characters of a UTF-8 text.
[[nodiscard]] inline std::string_view first_characters(std::string_view text, std::size_t count) noexcept {
    std::size_t at = 0;
    for (; at != text.size(); ++at)
        if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U && count-- == 0) break;
    return text.substr(0, at);
}

} // namespace detail

/// How a line of the log looks: a template of Python's logging in `%` style, read once and then used for every line. May
/// be used from several threads at once.
class log_format {
public:
    /// What Prefect gives its agents: `[2020-12-08 17:00:00,123] INFO - agent | Waiting for flow runs...`.
    static constexpr std::string_view usual = "[%(asctime)s] %(levelname)s - %(name)s | %(message)s";

    log_format() :
        pieces_{literal("["),   plain(detail::log_field::asctime), literal("] "),  plain(detail::log_field::levelname),
                literal(" - "), plain(detail::log_field::logger),  literal(" | "), plain(detail::log_field::message)} {}

    /// The line, its line end included. The time is UTC. Line breaks inside texts stay, other control characters are
    /// written out.
    [[nodiscard]] std::string line(log_record const& record) const {
        std::string made;
        made.reserve(64 + record.name.size() + record.message.size());
        for (auto const& piece : pieces_) {
            if (piece.what == detail::log_field::literal)
                made += piece.literal;
            else if (piece.plain && piece.type == 's')
                append_text(made, piece.what, record);
            else
                append_padded(made, piece, record);
        }
        made += '\n';
        return made;
    }

private:
    friend class log_format_reader;

    explicit log_format(std::vector<detail::log_piece> pieces) : pieces_{std::move(pieces)} {}

    static detail::log_piece literal(std::string text) {
        detail::log_piece made;
        made.literal = std::move(text);
        return made;
    }
    static detail::log_piece plain(detail::log_field what) {
        detail::log_piece made;
        made.what = what;
        return made;
    }

    /// A field as `%s` writes it.
    static void append_text(std::string& out, detail::log_field what, log_record const& record) {
        using detail::log_field;
        switch (what) {
        case log_field::asctime: return detail::append_asctime(out, record.when);
        case log_field::levelname: out += name_of(record.level); return;
        case log_field::logger: return detail::append_visible(out, record.name);
        case log_field::message: return detail::append_visible(out, record.message);
        case log_field::process_name: out += "MainProcess"; return;
        case log_field::thread_name: out += "MainThread"; return;
        case log_field::source_name: out += '-'; return;
        case log_field::created:
        case log_field::msecs:
        case log_field::relative_created: return append_shortest(out, fraction_of(what, record));
        default: out += std::to_string(whole_of(what, record)); return;
        }
    }

    [[nodiscard]] static std::int64_t whole_of(detail::log_field what, log_record const& record) noexcept {
        using detail::log_field;
        switch (what) {
        case log_field::levelno: return (static_cast<std::int64_t>(record.level) + 1) * 10;
        case log_field::process: return static_cast<std::int64_t>(::getpid());
        case log_field::thread: return static_cast<std::int64_t>(::pthread_self());
        case log_field::source_line: return 0;
        default: return static_cast<std::int64_t>(fraction_of(what, record));
        }
    }

    [[nodiscard]] static double fraction_of(detail::log_field what, log_record const& record) noexcept {
        using detail::log_field;
        auto const since_1970 = record.when.time_since_epoch();
        switch (what) {
        case log_field::created: return static_cast<double>(since_1970.count()) / 1e6;
        case log_field::msecs: {
            auto const second = std::chrono::floor<std::chrono::seconds>(since_1970);
            return static_cast<double>((since_1970 - second).count()) / 1e3;
        }
        case log_field::relative_created: return static_cast<double>((record.when - record.began).count()) / 1e3;
        default: return static_cast<double>(whole_of(what, record));
        }
    }

    /// As Python's `str` writes a float.
    static void append_shortest(std::string& out, double number) {
        char digits[64];
        auto const [end, error] = std::to_chars(digits, digits + sizeof digits, number);
        std::string_view const written{digits, static_cast<std::size_t>(end - digits)};
        out += written;
        if (written.find_first_of(".e") == std::string_view::npos) out += ".0";
    }

    /// The digits of a number, without its sign.
    [[nodiscard]] static std::string digits_of(detail::log_piece const& piece, log_record const& record,
                                               bool& negative) {
        char digits[400]; // a double has at most 309 digits before its point, and a precision at most 64 behind it
        if (piece.type == 'f') {
            double const number = fraction_of(piece.what, record);
            negative = number < 0;
            auto const [end, error] =
                std::to_chars(digits, digits + sizeof digits, negative ? -number : number, std::chars_format::fixed,
                              static_cast<int>(piece.precision.value_or(6)));
            return {digits, static_cast<std::size_t>(end - digits)};
        }
        auto const number = whole_of(piece.what, record);
        negative = number < 0;
        auto const size = negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
        auto const [end, error] = std::to_chars(digits, digits + sizeof digits, size, piece.type == 'd' ? 10 : 16);
        std::string made{digits, static_cast<std::size_t>(end - digits)};
        if (piece.type == 'X') made = text::upper(made);
        if (auto const least = piece.precision.value_or(0); made.size() < least)
            made.insert(0, least - made.size(), '0');
        return made;
    }

    static void append_padded(std::string& out, detail::log_piece const& piece, log_record const& record) {
        std::string body;
        std::string sign;
        if (piece.type == 's') {
            append_text(body, piece.what, record);
            if (piece.precision) body = std::string{detail::first_characters(body, *piece.precision)};
        } else {
            bool negative = false;
            body = digits_of(piece, record, negative);
            if (negative)
                sign = "-";
            else if (piece.sign != '\0')
                sign = std::string(1, piece.sign);
        }
        std::size_t const size = sign.size() + detail::characters(body);
        std::size_t const gap = piece.width > size ? piece.width - size : 0;
        bool const zeros = piece.zeros && !piece.left && piece.type != 's';
        if (!piece.left && !zeros) out.append(gap, ' ');
        out += sign;
        if (zeros) out.append(gap, '0');
        out += body;
        if (piece.left) out.append(gap, ' ');
    }

    std::vector<detail::log_piece> pieces_;
};

} // namespace fargate::inline v0

#endif
