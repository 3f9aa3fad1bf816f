#ifndef FARGATE_SERVICE_CONFIG_TEXT_HPP
#define FARGATE_SERVICE_CONFIG_TEXT_HPP

#include <fargate/aws/shared_files.hpp>
#include <fargate/deploy/literal.hpp>
#include <fargate/deploy/python_repr.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::service {

/// What expansion and references may make of one text of Prefect's configuration, in bytes.
inline constexpr std::size_t longest_setting = 64 * 1024;

/// How often a text is expanded before it counts as one without end.
inline constexpr int expansion_rounds = 10;

namespace detail {

/// One round of Python's `os.path.expandvars` and `expanduser`; stops soon after `limit` bytes.
template <environment_policy Environment>
[[nodiscard]] std::string expand_once(std::string_view raw, Environment const& environment, std::size_t limit) {
    std::string out;
    std::size_t const last = raw.rfind('}');
    for (std::size_t at = 0; at < raw.size() && out.size() <= limit;) {
        std::size_t end = at + 1;
        std::string_view name;
        if (raw[at] == '$' && end < raw.size() && raw[end] == '{') {
            if (last != std::string_view::npos && last > end) {
                std::size_t const close = raw.find('}', end);
                name = raw.substr(end + 1, close - end - 1);
                end = close + 1;
            }
        } else if (raw[at] == '$') {
            while (end < raw.size() && (text::is_alnum(raw[end]) || raw[end] == '_')) ++end;
            name = raw.substr(at + 1, end - at - 1);
        }
        auto const value = name.empty() ? std::optional<std::string>{} : environment.variable(name);
        out += value ? std::string_view{*value} : raw.substr(at, end - at);
        at = end;
    }
    if (out != "~" && !out.starts_with("~/")) return out;
    auto home = aws::home_directory(environment);
    if (!home) return out;
    while (home->ends_with('/')) home->pop_back();
    out.replace(0, 1, *home);
    return out.empty() ? "/" : out;
}

inline void append_python(std::string& out, json::value const& document, std::size_t depth = 0) {
    char const* between = "";
    if (depth > json::deepest) {
        out += "...";
    } else if (auto const text = json::as_text(document)) {
        deploy::append_python_repr(out, *text);
    } else if (auto const* const flag = document.get_ptr<bool const*>()) {
        out += *flag ? "True" : "False";
    } else if (auto const* const items = document.get_ptr<json::value::array_t const*>()) {
        out += '[';
        for (auto const& each : *items) {
            out += std::exchange(between, ", ");
            append_python(out, each, depth + 1);
        }
        out += ']';
    } else if (auto const* const members = document.get_ptr<json::value::object_t const*>()) {
        out += '{';
        for (auto const& [name, each] : *members) {
            out += std::exchange(between, ", ");
            deploy::append_python_repr(out, name);
            out += ": ";
            append_python(out, each, depth + 1);
        }
        out += '}';
    } else if (document.is_null()) {
        out += "None";
    } else if (auto const* const real = document.get_ptr<double const*>(); real != nullptr && !std::isfinite(*real)) {
        out += std::isnan(*real) ? "nan" : *real < 0 ? "-inf" : "inf";
    } else {
        out += json::write(document);
    }
}

} // namespace detail

/// Puts the environment's variables in place of `$NAME` and `${NAME}` and the home directory in place of a leading `~`,
/// again and again until nothing changes. Names that are not set stay as they are written. Nothing when ten rounds do not
/// settle it, or when it grows past `longest_setting`.
template <environment_policy Environment>
[[nodiscard]] std::optional<std::string> expand(std::string_view raw, Environment const& environment) {
    std::string text{raw};
    std::size_t const limit = std::max(raw.size(), longest_setting);
    for (int round = 0; round != expansion_rounds; ++round) {
        if (!text.starts_with('~') && text.find('$') == std::string::npos) return text;
        auto next = detail::expand_once(text, environment, limit);
        if (next == text) return text;
        if (next.size() > limit) return std::nullopt;
        text = std::move(next);
    }
    return std::nullopt;
}

/// A text as Prefect's configuration takes it: true and false in any case, a Python literal, else itself. A literal that no
/// JSON document can hold (bytes, a set) stays text.
[[nodiscard]] inline json::value typed(std::string_view raw) {
    if (text::iequals(raw, "true")) return json::value(true);
    if (text::iequals(raw, "false")) return json::value(false);
    auto read = deploy::read_literal(raw);
    if (read.kind == deploy::literal::outcome::parsed) return std::move(read.value);
    return json::value(std::string{raw});
}

/// Python's `str` of a value: `True`, `4200`, `['a', 'b']`, and text as it is. What is nested deeper than
/// `json::deepest` is left out.
[[nodiscard]] inline std::string python_text(json::value const& document) {
    if (auto const text = json::as_text(document)) return std::string{*text};
    std::string out;
    detail::append_python(out, document);
    return out;
}

} // namespace fargate::inline v0::service

#endif
