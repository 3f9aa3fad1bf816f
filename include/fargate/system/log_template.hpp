#ifndef FARGATE_SYSTEM_LOG_TEMPLATE_HPP
#define FARGATE_SYSTEM_LOG_TEMPLATE_HPP

#include <fargate/core/result.hpp>
#include <fargate/system/log_format.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

namespace detail {

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

} // namespace detail

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
