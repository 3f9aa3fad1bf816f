#ifndef FARGATE_JSON_READER_HPP
#define FARGATE_JSON_READER_HPP

#include <fargate/json/string.hpp>
#include <fargate/text/ascii.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace fargate::inline v0::json::detail {

/// Reads the JSON that services write, in a fifth of the time that a reader of any JSON takes: ASCII, escapes of one letter,
/// numbers that fit. It tells what it reads by the events of nlohmann's parser, strings as views, names as views of the
/// document, and never takes what that parser refuses. What it declines, and all that is no JSON, is that parser's to judge.
template <class Events>
class reader {
public:
    reader(std::string_view text, Events& events) noexcept :
        at_{text.data()}, end_{text.data() + text.size()}, events_{events} {}

    /// False when the document is declined, or an event was answered with false; what was told until then is void.
    [[nodiscard]] bool read() { return value() && (skip_blanks(), at_ == end_); }

private:
    // Depth is bounded by `events_`, which refuse what is nested too deep.
    bool value() {
        skip_blanks();
        if (at_ == end_) return false;
        switch (*at_) {
        case '{': return object();
        case '[': return array();
        case '"': {
            std::string_view made;
            return text(made) && events_.string(made);
        }
        case 't': return word("true") && events_.boolean(true);
        case 'f': return word("false") && events_.boolean(false);
        case 'n': return word("null") && events_.null();
        default: return number();
        }
    }

    bool object() {
        ++at_;
        if (!events_.start_object(unknown)) return false;
        if (skip_blanks(), accept('}')) return events_.end_object();
        do {
            skip_blanks();
            std::string_view name;
            if (!plain_text(name) || !events_.key(name)) return false;
            if (skip_blanks(), !accept(':')) return false;
            if (!value()) return false;
            skip_blanks();
        } while (accept(','));
        return accept('}') && events_.end_object();
    }

    bool array() {
        ++at_;
        if (!events_.start_array(unknown)) return false;
        if (skip_blanks(), accept(']')) return events_.end_array();
        do {
            if (!value()) return false;
            skip_blanks();
        } while (accept(','));
        return accept(']') && events_.end_array();
    }

    /// A string in quotes without an escape.
    bool plain_text(std::string_view& into) {
        if (!accept('"')) return false;
        into = {at_, plain_run({at_, static_cast<std::size_t>(end_ - at_)})};
        at_ += into.size();
        return accept('"');
    }

    /// Any string in quotes.
    bool text(std::string_view& into) {
        if (plain_text(into)) return true;
        for (scratch_ = into; accept('\\') && at_ != end_;) {
            constexpr std::string_view letters = "\"\\/bfnrt";
            auto const place = letters.find(*at_++);
            if (place == std::string_view::npos) return false;
            scratch_ += "\"\\/\b\f\n\r\t"[place];
            std::size_t const plain = plain_run({at_, static_cast<std::size_t>(end_ - at_)});
            scratch_.append(at_, plain);
            at_ += plain;
            into = scratch_;
            if (accept('"')) return true;
        }
        return false;
    }

    bool number() {
        char const* const from = at_;
        bool const negative = accept('-');
        char const* const digits = at_;
        if (!accept_digits() || (*digits == '0' && at_ - digits > 1)) return false;
        auto const count = at_ - digits;
        bool const whole = at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
        if (whole) {
            if (count > 18) return false; // may be more than fits
            std::int64_t made = 0;
            for (char const* each = digits; each != at_; ++each) made = made * 10 + (*each - '0');
            return negative ? events_.number_integer(-made) : events_.number_unsigned(static_cast<std::uint64_t>(made));
        }
        if (accept('.') && !accept_digits()) return false;
        if (accept('e') || accept('E')) {
            if (!accept('+')) accept('-');
            if (!accept_digits()) return false;
        }
        double made = 0;
        auto const read = std::from_chars(from, at_, made);
        return read.ec == std::errc{} && read.ptr == at_ && events_.number_float(made, nothing_);
    }

    bool accept_digits() noexcept {
        char const* const from = at_;
        while (at_ != end_ && fargate::text::is_digit(*at_)) ++at_;
        return at_ != from;
    }

    bool accept(char c) noexcept {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }

    bool word(std::string_view all) noexcept {
        if (!std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.starts_with(all)) return false;
        at_ += all.size();
        return true;
    }

    void skip_blanks() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }

    static constexpr auto unknown = static_cast<std::size_t>(-1); ///< how many members or items there will be

    char const* at_;
    char const* end_;
    Events& events_;
    std::string scratch_{};
    std::string const nothing_{};
};

} // namespace fargate::inline v0::json::detail

#endif
