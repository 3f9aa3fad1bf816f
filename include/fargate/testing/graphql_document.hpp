#ifndef FARGATE_TESTING_GRAPHQL_DOCUMENT_HPP
#define FARGATE_TESTING_GRAPHQL_DOCUMENT_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing::graphql {

/// Where something stands in the query text; both count from 1.
struct place {
    int line = 1;
    int column = 1;
};

struct literal_member;

/// A literal of the query text, or a variable.
struct literal {
    enum class kind : unsigned char { null, flag, integer, real, text, word, variable, list, object };
    literal::kind what = kind::null;
    std::string text{}; ///< number as written, decoded text, word, variable's name, `true`
    std::vector<literal> items{};
    std::vector<literal_member> members; // of a type that is not complete here, hence no initialiser
    place at{};
};

/// A member of an object literal, or an argument.
struct literal_member {
    std::string name{};
    literal value{};
};

/// One selected field, with what is selected inside it.
struct field {
    std::string name{};
    std::string alias{}; ///< the name in the answer
    std::vector<literal_member> arguments{};
    std::vector<field> selection{};
    place at{};
};

/// A variable an operation declares; `type` as written, without blanks: `[String!]!`.
struct variable {
    std::string name{};
    std::string type{};
    std::optional<literal> fallback{};
    place at{};
};

/// One query or mutation.
struct operation {
    bool mutation = false;
    std::vector<variable> variables{};
    std::vector<field> selection{};
};

/// Reads a request document of one operation (GraphQL specification, June 2018): no fragments, no directives, no block
/// strings, which no client of this API uses. Bounded in depth.
class parser {
public:
    [[nodiscard]] static result<operation> parse(std::string_view text) {
        parser reader{text};
        operation made;
        if (!reader.read(made)) return fail(errc::invalid_argument, "Syntax Error: " + reader.why_);
        return made;
    }

private:
    explicit parser(std::string_view text) : text_{text} { advance(); }

    enum class token : unsigned char { end, mark, name, integer, real, text, bad };
    static constexpr int deepest = 32;

    bool read(operation& made) {
        if (is_name("query") || is_name("mutation")) {
            made.mutation = is_name("mutation");
            advance();
            if (kind_ == token::name) advance();
            if (is_mark('(') && !read_variables(made)) return false;
        }
        if (!read_selection(made.selection, 0)) return false;
        return kind_ == token::end || unexpected("<EOF>");
    }

    bool read_variables(operation& made) {
        advance();
        while (!is_mark(')')) {
            variable each;
            each.at = at_;
            if (!expect('$') || !read_name(each.name) || !expect(':') || !read_type(each.type, 0)) return false;
            if (is_mark('=')) {
                advance();
                each.fallback.emplace();
                if (!read_literal(*each.fallback, 0)) return false;
            }
            made.variables.push_back(std::move(each));
        }
        advance();
        return true;
    }

    bool read_type(std::string& out, int depth) {
        if (depth > deepest) return stop("too deep");
        if (is_mark('[')) {
            advance();
            out += '[';
            if (!read_type(out, depth + 1) || !expect(']')) return false;
            out += ']';
        } else {
            std::string name;
            if (!read_name(name)) return false;
            out += name;
        }
        if (is_mark('!')) {
            out += '!';
            advance();
        }
        return true;
    }

    bool read_selection(std::vector<field>& out, int depth) {
        if (depth > deepest) return stop("too deep");
        if (!expect('{')) return false;
        do {
            field each;
            each.at = at_;
            if (!read_name(each.name)) return false;
            each.alias = each.name;
            if (is_mark(':')) {
                advance();
                if (!read_name(each.name)) return false;
            }
            if (is_mark('(') && !read_arguments(each)) return false;
            if (is_mark('{') && !read_selection(each.selection, depth + 1)) return false;
            out.push_back(std::move(each));
        } while (!is_mark('}'));
        advance();
        return true;
    }

    bool read_arguments(field& out) {
        advance();
        do {
            literal_member each;
            if (!read_name(each.name) || !expect(':') || !read_literal(each.value, 0)) return false;
            out.arguments.push_back(std::move(each));
        } while (!is_mark(')'));
        advance();
        return true;
    }

    bool read_literal(literal& out, int depth) {
        using kind = literal::kind;
        if (depth > deepest) return stop("too deep");
        out.at = at_;
        if (is_mark('$')) {
            advance();
            out.what = kind::variable;
            return read_name(out.text);
        }
        if (is_mark('[')) {
            advance();
            out.what = kind::list;
            while (!is_mark(']')) {
                out.items.emplace_back();
                if (!read_literal(out.items.back(), depth + 1)) return false;
            }
            advance();
            return true;
        }
        if (is_mark('{')) {
            advance();
            out.what = kind::object;
            while (!is_mark('}')) {
                literal_member each;
                if (!read_name(each.name) || !expect(':') || !read_literal(each.value, depth + 1)) return false;
                out.members.push_back(std::move(each));
            }
            advance();
            return true;
        }
        switch (kind_) {
        case token::text: out.what = kind::text; break;
        case token::integer: out.what = kind::integer; break;
        case token::real: out.what = kind::real; break;
        case token::name:
            out.what = value_ == "null" ? kind::null : value_ == "true" || value_ == "false" ? kind::flag : kind::word;
            break;
        default: return unexpected("a value");
        }
        out.text = value_;
        advance();
        return true;
    }

    bool read_name(std::string& out) {
        if (kind_ != token::name) return unexpected("Name");
        out = value_;
        advance();
        return true;
    }

    bool expect(char mark) {
        if (!is_mark(mark)) return unexpected(std::string{'"', mark, '"'});
        advance();
        return true;
    }

    [[nodiscard]] bool is_mark(char mark) const { return kind_ == token::mark && value_[0] == mark; }
    [[nodiscard]] bool is_name(std::string_view name) const { return kind_ == token::name && value_ == name; }

    bool stop(std::string why) {
        if (why_.empty()) why_ = std::move(why);
        return false;
    }

    bool unexpected(std::string const& wanted) {
        if (kind_ == token::bad) return stop(value_);
        std::string const found = kind_ == token::end    ? "<EOF>"
                                  : kind_ == token::name ? "Name \"" + value_.substr(0, 64) + "\""
                                                         : "\"" + value_.substr(0, 64) + "\"";
        return stop("Expected " + wanted + ", found " + found + ".");
    }

    /// Moves to the next token.
    void advance() {
        while (pos_ < text_.size()) {
            char const c = text_[pos_];
            if (c == '#') {
                while (pos_ < text_.size() && text_[pos_] != '\n') ++pos_;
            } else if (c == '\n') {
                ++pos_;
                ++line_;
                line_start_ = pos_;
            } else if (c == ' ' || c == '\t' || c == '\r' || c == ',') {
                ++pos_;
            } else {
                break;
            }
        }
        at_ = {line_, static_cast<int>(pos_ - line_start_) + 1};
        value_.clear();
        if (pos_ == text_.size()) {
            kind_ = token::end;
            return;
        }
        char const c = text_[pos_];
        if (text::is_alpha(c) || c == '_') {
            kind_ = token::name;
            while (pos_ < text_.size() && (text::is_alnum(text_[pos_]) || text_[pos_] == '_')) value_ += text_[pos_++];
        } else if (text::is_digit(c) || c == '-') {
            kind_ = token::integer;
            while (pos_ < text_.size() &&
                   (text::is_alnum(text_[pos_]) || text_[pos_] == '.' || text_[pos_] == '-' || text_[pos_] == '+')) {
                if (!text::is_digit(text_[pos_]) && !value_.empty()) kind_ = token::real;
                value_ += text_[pos_++];
            }
        } else if (c == '"') {
            read_text();
        } else if (std::string_view{"{}()[]:=!$"}.find(c) != std::string_view::npos) {
            kind_ = token::mark;
            value_ = text_.substr(pos_++, 1);
        } else {
            kind_ = token::bad;
            value_ = "Cannot parse the unexpected character \"" + std::string(1, c) + "\".";
        }
    }

    /// A string's escapes are those of JSON.
    void read_text() {
        std::size_t const start = pos_++;
        while (pos_ < text_.size() && text_[pos_] != '"' && text_[pos_] != '\n')
            pos_ += text_[pos_] == '\\' ? std::size_t{2} : std::size_t{1};
        kind_ = token::bad;
        value_ = "Unterminated string.";
        if (pos_ >= text_.size() || text_[pos_] != '"') {
            pos_ = text_.size();
            return;
        }
        auto const decoded = json::parse(text_.substr(start, ++pos_ - start));
        if (!decoded) {
            value_ = "Invalid character escape sequence.";
            return;
        }
        kind_ = token::text;
        value_ = json::as_text(*decoded).value_or("");
    }

    std::string_view text_;
    std::size_t pos_ = 0;
    std::size_t line_start_ = 0;
    int line_ = 1;
    token kind_ = token::end;
    std::string value_;
    place at_;
    std::string why_;
};

} // namespace fargate::inline v0::testing::graphql

#endif
