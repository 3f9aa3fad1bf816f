#ifndef FARGATE_HTTP_HEAD_HPP
#define FARGATE_HTTP_HEAD_HPP

#include <fargate/http/check.hpp>
#include <fargate/http/fields.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::http {

/// Reads the head of an answer line by line (RFC 9112 §4, §5). Interim (1xx) heads are passed over, folded lines are
/// joined by one blank, and lines after the end, which are a chunked body's trailers, are ignored. Strict where leniency
/// would let a peer smuggle: no NUL or other control byte, no name that is not a token, no blank before the colon.
class head {
public:
    /// Takes one line, its line end included or not. False when that is not HTTP; the answer is then worth nothing.
    [[nodiscard]] bool take(std::string_view line) {
        if (line.ends_with('\n')) line.remove_suffix(1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (at_ == place::behind) return true;
        if (!is_field_value(line)) return false;
        if (at_ == place::status_line) return take_status(line);
        if (line.empty()) return end();
        if (line.front() == ' ' || line.front() == '\t') return fold(line);
        return take_field(line);
    }

    /// The final answer's head is read to its end.
    [[nodiscard]] bool complete() const noexcept { return at_ == place::behind; }
    [[nodiscard]] int status() const noexcept { return status_; }
    [[nodiscard]] fields const& headers() const& noexcept { return headers_; }
    [[nodiscard]] fields&& headers() && noexcept { return std::move(headers_); }

    /// How long the body is said to be; the greatest number there is when the announcement is greater still.
    [[nodiscard]] std::optional<std::uint64_t> announced() const noexcept { return announced_; }

private:
    enum class place : unsigned char { status_line, fields, behind };

    bool take_status(std::string_view line) {
        auto const blank = line.find(' ');
        if (!line.starts_with("HTTP/") || blank == std::string_view::npos) return false;
        auto const code = line.substr(blank + 1, 3);
        if (code.size() != 3 || code[0] < '1' || !text::is_digit(code[0])) return false;
        if (!text::is_digit(code[1]) || !text::is_digit(code[2])) return false;
        if (line.size() > blank + 4 && line[blank + 4] != ' ') return false;
        status_ = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
        at_ = place::fields;
        return status_ != 101; // nobody asked for another protocol
    }

    bool take_field(std::string_view line) {
        auto const colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !keep_last()) return false;
        last_ = field{std::string{line.substr(0, colon)}, std::string{text::trim(line.substr(colon + 1))}};
        return true;
    }

    bool fold(std::string_view line) {
        if (!last_) return false;
        auto const rest = text::trim(line);
        if (!last_->value.empty() && !rest.empty()) last_->value += ' ';
        last_->value += rest;
        return true;
    }

    bool end() {
        if (!keep_last()) return false;
        if (status_ >= 200) {
            at_ = place::behind;
        } else {
            *this = head{};
        }
        return true;
    }

    bool keep_last() {
        if (!last_) return true;
        if (text::iequals(last_->name, "content-length") && !take_length(last_->value)) return false;
        headers_.add(std::move(last_->name), std::move(last_->value));
        last_.reset();
        return true;
    }

    /// Two lengths that differ would let the next answer begin inside this one (RFC 9112 §6.3).
    bool take_length(std::string_view digits) {
        constexpr auto most = std::numeric_limits<std::uint64_t>::max();
        if (digits.empty()) return false;
        std::uint64_t length = 0;
        for (char const c : digits) {
            if (!text::is_digit(c)) return false;
            auto const digit = static_cast<std::uint64_t>(c - '0');
            length = length > (most - digit) / 10 ? most : length * 10 + digit;
        }
        if (announced_ && *announced_ != length) return false;
        announced_ = length;
        return true;
    }

    place at_ = place::status_line;
    int status_ = 0;
    fields headers_;
    std::optional<field> last_;
    std::optional<std::uint64_t> announced_;
};

} // namespace fargate::inline v0::http

#endif
