#ifndef FARGATE_SYSTEM_LOG_FORMAT_HPP
#define FARGATE_SYSTEM_LOG_FORMAT_HPP

#include <fargate/core/result.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
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

struct log_field_name {
    std::string_view name;
    log_field what;
    char kind; ///< `s` text, `d` a whole number, `f` a number with a fraction
};

inline constexpr log_field_name log_field_names[] = {
    {"asctime", log_field::asctime, 's'},
    {"levelname", log_field::levelname, 's'},
    {"name", log_field::logger, 's'},
    {"message", log_field::message, 's'},
    {"levelno", log_field::levelno, 'd'},
    {"created", log_field::created, 'f'},
    {"msecs", log_field::msecs, 'f'},
    {"relativeCreated", log_field::relative_created, 'f'},
    {"process", log_field::process, 'd'},
    {"thread", log_field::thread, 'd'},
    {"processName", log_field::process_name, 's'},
    {"threadName", log_field::thread_name, 's'},
    {"pathname", log_field::source_name, 's'},
    {"filename", log_field::source_name, 's'},
    {"module", log_field::source_name, 's'},
    {"funcName", log_field::source_name, 's'},
    {"lineno", log_field::source_line, 'd'},
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

/// Reads a template; `read_log_format` is its use.
class log_format_reader {
public:
    explicit log_format_reader(std::string_view text) : rest_{text} {}

    [[nodiscard]] result<log_format> read() {
        while (!rest_.empty()) {
            auto const percent = rest_.find('%');
            add_literal(rest_.substr(0, percent));
            if (percent == std::string_view::npos) break;
            rest_.remove_prefix(percent + 1);
            if (rest_.starts_with('%')) {
                add_literal("%");
                rest_.remove_prefix(1);
            } else if (auto added = add_field(); !added) {
                return std::move(added).error();
            }
        }
        return log_format{std::move(pieces_)};
    }

private:
    static constexpr std::size_t most = 64;

    [[nodiscard]] static error wrong(std::string what) {
        return fail(errc::bad_configuration, "log_format (logging.format) " + std::move(what));
    }

    void add_literal(std::string_view text) {
        if (text.empty()) return;
        if (pieces_.empty() || pieces_.back().what != detail::log_field::literal) pieces_.emplace_back();
        pieces_.back().literal += text;
    }

    /// `(name)`, flags, width, precision and type.
    [[nodiscard]] result<void> add_field() {
        auto const close = rest_.find(')');
        if (!rest_.starts_with('(') || close == std::string_view::npos)
            return wrong("holds a % that is followed by no (name): write %% for the sign itself");
        auto const name = rest_.substr(1, close - 1);
        rest_.remove_prefix(close + 1);
        detail::log_field_name const* known = nullptr;
        for (auto const& each : detail::log_field_names)
            if (each.name == name) known = &each;
        if (known == nullptr) return wrong("names " + quoted(name) + ", which no line has: " + names());

        detail::log_piece made;
        made.what = known->what;
        for (; !rest_.empty() && std::string_view{"-0+ #"}.find(rest_.front()) != std::string_view::npos;
             rest_.remove_prefix(1)) {
            char const flag = rest_.front();
            if (flag == '-') made.left = true;
            if (flag == '0') made.zeros = true;
            if (flag == '+' || (flag == ' ' && made.sign == '\0')) made.sign = flag;
        }
        if (auto width = number()) made.width = *width;
        if (rest_.starts_with('.')) {
            rest_.remove_prefix(1);
            made.precision = number().value_or(0);
        }
        made.plain = made.width == 0 && !made.precision;
        if (made.width > most || made.precision.value_or(0) > most)
            return wrong("asks for more than " + std::to_string(most) + " characters of %(" + std::string{name} + ")");
        if (!rest_.empty() && std::string_view{"hlL"}.find(rest_.front()) != std::string_view::npos)
            rest_.remove_prefix(1);
        if (rest_.empty()) return wrong("ends inside %(" + std::string{name} + "): a type such as s is missing");
        return add_typed(std::move(made), *known);
    }

    [[nodiscard]] result<void> add_typed(detail::log_piece made, detail::log_field_name const& known) {
        char const type = rest_.front();
        rest_.remove_prefix(1);
        switch (type) {
        case 's': made.type = 's'; break;
        case 'd':
        case 'i':
        case 'u': made.type = 'd'; break;
        case 'f':
        case 'F': made.type = 'f'; break;
        case 'x':
        case 'X': made.type = type; break;
        default:
            return wrong("gives %(" + std::string{known.name} + ") the type " + quoted({&type, 1}) +
                         ": use s, or d or f for a number");
        }
        bool const hexadecimal = made.type == 'x' || made.type == 'X';
        if (made.type != 's' && (known.kind == 's' || (hexadecimal && known.kind == 'f')))
            return wrong("writes %(" + std::string{known.name} + ") as a number of type " + type + ": use %(" +
                         std::string{known.name} + ")s");
        pieces_.push_back(std::move(made));
        return {};
    }

    [[nodiscard]] std::optional<std::size_t> number() {
        std::optional<std::size_t> made;
        for (; !rest_.empty() && text::is_digit(rest_.front()); rest_.remove_prefix(1))
            made =
                std::min<std::size_t>(made.value_or(0) * 10 + static_cast<std::size_t>(rest_.front() - '0'), most + 1);
        return made;
    }

    [[nodiscard]] static std::string quoted(std::string_view text) {
        std::string made = "\"";
        detail::append_visible(made, detail::first_characters(text, most));
        for (char& c : made)
            if (c == '\n' || c == '\t') c = ' ';
        return made + "\"";
    }

    [[nodiscard]] static std::string names() {
        std::string made = "there are";
        for (auto const& each : detail::log_field_names) {
            made += ' ';
            made += each.name;
        }
        return made;
    }

    std::string_view rest_;
    std::vector<detail::log_piece> pieces_;
};

/// A template of Python's logging in `%` style: text with `%(name)s`, flags, width and precision as Python has them
/// (`%(levelname)-8s`, `%(msecs)03d`), and `%%`. The names are those of Python's LogRecord; those that tell a place in a
/// Python program stand for `-` and 0. `errc::bad_configuration` names what cannot be read.
[[nodiscard]] inline result<log_format> read_log_format(std::string_view text) {
    return log_format_reader{text}.read();
}

} // namespace fargate::inline v0

#endif
