#ifndef FARGATE_DEPLOY_LITERAL_HPP
#define FARGATE_DEPLOY_LITERAL_HPP

#include <fargate/deploy/literal_atom.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::deploy {

/// What a text is when it is read as a Python literal.
struct literal {
    enum class outcome : unsigned char {
        parsed,     ///< `value` is what it says
        plain_text, ///< not a literal: it stays the text that it is
        refused     ///< a literal that no JSON document can hold; `what` names it: `bytes`, `a set`
    };
    outcome kind = outcome::plain_text;
    json::value value{};
    std::string what{};
};

/// Brackets nested deeper than this are refused.
inline constexpr int deepest_literal = 64;

namespace detail {

/// Reads one literal with the grammar and the rules of Python 3.8's `ast.literal_eval`. Every function that reads
/// returns false when the text is no literal; what is one, but has no JSON form, is noted and read on.
class literal_reader : literal_atoms {
public:
    explicit literal_reader(std::string_view source) : literal_atoms{source} {}

    [[nodiscard]] literal read() {
        node whole;
        bool const good = start_of_line() && expression(whole) && rest_is_blank();
        if (too_deep_) return {literal::outcome::refused, {}, "nesting deeper than " + std::to_string(deepest_literal)};
        if (!good) return {};
        if (!noted().empty()) return {literal::outcome::refused, {}, noted()};
        return {literal::outcome::parsed, std::move(whole.value), {}};
    }

private:
    /// Moves to the first line that holds anything; false when it is indented.
    [[nodiscard]] bool start_of_line() noexcept {
        for (;;) {
            bool indented = false;
            for (; peek() == ' ' || peek() == '\t' || peek() == '\f'; move()) indented = peek() != '\f';
            if (peek() == '#') skip();
            if (take('\n')) continue;
            return !at_end() && !indented;
        }
    }

    [[nodiscard]] bool rest_is_blank() noexcept {
        do skip();
        while (take('\n'));
        return at_end();
    }

    /// One element, or several with commas between: a tuple.
    [[nodiscard]] bool expression(node& out) {
        if (!element(out)) return false;
        skip();
        if (peek() != ',') return true;
        return elements(out, '\0');
    }

    /// What follows the first element of a list or tuple, up to and with `close` (the end of the text for none).
    [[nodiscard]] bool elements(node& first, char close) {
        auto made = json::value::array();
        made.push_back(std::move(first.value));
        while (take(',')) {
            skip();
            if (peek() == close || (close == '\0' && peek() == '\n')) break;
            node next;
            if (!element(next)) return false;
            made.push_back(std::move(next.value));
            skip();
        }
        first = {kind::container, true, std::move(made)};
        return close == '\0' || take(close);
    }

    /// An atom, a signed number, or a real number plus or minus an imaginary one.
    [[nodiscard]] bool element(node& out) {
        skip();
        char const sign = peek();
        bool const is_signed = sign == '+' || sign == '-';
        if (is_signed) {
            move();
            skip();
        }
        if (!atom(out)) return false;
        if (is_signed) {
            if ((out.type != kind::real && out.type != kind::imaginary) || !out.plain) return false;
            out.plain = false;
            if (sign == '-') negate(out.value);
        }
        skip();
        if (peek() != '+' && peek() != '-') return true;
        if (out.type != kind::real) return false;
        move();
        skip();
        node right;
        if (!atom(right) || right.type != kind::imaginary || !right.plain) return false;
        out = {kind::imaginary, false, {}};
        return true;
    }

    static void negate(json::value& number) {
        constexpr std::uint64_t half = std::uint64_t{1} << 63U;
        if (auto const* const real = number.get_ptr<json::value::number_float_t const*>()) {
            number = -*real;
        } else if (auto const* const whole = number.get_ptr<json::value::number_unsigned_t const*>()) {
            if (*whole <= half)
                number = static_cast<std::int64_t>(~*whole + 1U);
            else
                number = -static_cast<double>(*whole);
        }
    }

    [[nodiscard]] bool atom(node& out) {
        char const c = peek();
        if (c == '(' || c == '[' || c == '{') {
            if (depth() == deepest_literal) {
                too_deep_ = true;
                return false;
            }
            open();
            skip();
            bool const good = c == '(' ? tuple(out) : c == '[' ? list(out) : braces(out);
            close();
            return good;
        }
        if (text::is_digit(c) || (c == '.' && text::is_digit(peek(1)))) return number(out);
        if (rest().substr(0, 3) == "...") {
            move(3);
            note("an ellipsis");
            return true;
        }
        if (string_starts()) return strings(out);
        std::size_t length = 0;
        while (text::is_alnum(peek(length)) || peek(length) == '_') ++length;
        std::string_view const name = rest().substr(0, length);
        move(length);
        if (name == "True") out.value = true;
        if (name == "False") out.value = false;
        return name == "True" || name == "False" || name == "None";
    }

    [[nodiscard]] bool list(node& out) {
        if (take(']')) {
            out = {kind::container, true, json::value::array()};
            return true;
        }
        return element(out) && elements(out, ']');
    }

    [[nodiscard]] bool tuple(node& out) {
        if (take(')')) {
            out = {kind::container, true, json::value::array()};
            return true;
        }
        if (!element(out)) return false;
        return take(')') || (peek() == ',' && elements(out, ')'));
    }

    /// A dict or a set. A repeated key keeps its first place and its last value.
    [[nodiscard]] bool braces(node& out) {
        json::value::object_t members;
        std::map<std::string, std::size_t, std::less<>> places;
        bool is_set = false;
        for (bool first = true; !take('}'); first = false) {
            node key;
            if (!element(key)) return false;
            if (first) is_set = peek() != ':';
            if (!is_set) {
                node member;
                if (!take(':') || !element(member)) return false;
                add_member(members, places, key, std::move(member.value));
            }
            if (peek() == '}') continue;
            if (!take(',')) return false;
            skip();
        }
        if (is_set) note("a set");
        out = {kind::container, true, json::value::object()};
        *out.value.get_ptr<json::value::object_t*>() = std::move(members);
        return true;
    }

    void add_member(json::value::object_t& members, std::map<std::string, std::size_t, std::less<>>& places, node& key,
                    json::value&& member) {
        auto* const name = key.value.get_ptr<std::string*>();
        if (key.type == kind::container) return note("a dict with a container as key");
        if (name == nullptr) return note("a dict with keys that are not text");
        if (auto const found = places.find(*name); found != places.end()) {
            (members.begin() + static_cast<std::ptrdiff_t>(found->second))->second = std::move(member);
            return;
        }
        places.emplace(*name, members.size());
        members.emplace_back(std::move(*name), std::move(member));
    }

    bool too_deep_ = false;
};

} // namespace detail

/// Reads `source` as Python 3.8's `ast.literal_eval` does: numbers, quoted text, lists, tuples, dicts, True, False, None. A
/// tuple becomes a list. Never throws; time and memory stay in proportion to `source`.
[[nodiscard]] inline literal read_literal(std::string_view source) {
    if (source.find('\0') != std::string_view::npos || !text::is_utf8(source)) return {};
    if (source.find('\r') == std::string_view::npos) return detail::literal_reader{source}.read();
    std::string lines; // Python reads every kind of line end as one
    lines.reserve(source.size());
    for (std::size_t at = 0; at != source.size(); ++at) {
        if (source[at] != '\r')
            lines += source[at];
        else if (at + 1 == source.size() || source[at + 1] != '\n')
            lines += '\n';
    }
    return detail::literal_reader{lines}.read();
}

} // namespace fargate::inline v0::deploy

#endif
