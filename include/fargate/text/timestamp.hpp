#ifndef FARGATE_TEXT_TIMESTAMP_HPP
#define FARGATE_TEXT_TIMESTAMP_HPP

#include <fargate/text/ascii.hpp>
#include <fargate/text/buffer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// A point in time, UTC, in microseconds since 1970; the same type as `fargate::time_point`.
using instant = std::chrono::sys_time<std::chrono::microseconds>;

/// The first and the last moment that four digits of year can write. The functions that write clamp to them.
inline constexpr instant earliest_written = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
inline constexpr instant latest_written =
    std::chrono::sys_days{std::chrono::year{10000} / 1 / 1} - std::chrono::microseconds{1};

namespace detail {

/// The calendar fields of a moment.
struct civil {
    unsigned year, month, day, hour, minute, second, microsecond;
};

[[nodiscard]] constexpr civil civil_of(instant moment) noexcept {
    moment = std::clamp(moment, earliest_written, latest_written);
    auto const midnight = std::chrono::floor<std::chrono::days>(moment);
    std::chrono::year_month_day const date{midnight};
    auto const micros = static_cast<std::uint64_t>((moment - midnight).count());
    auto const seconds = static_cast<unsigned>(micros / 1'000'000);
    return {static_cast<unsigned>(static_cast<int>(date.year())),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            static_cast<unsigned>(micros % 1'000'000)};
}

/// Appends `width` decimal digits of `value`.
template <class Text>
void append_digits(Text& out, unsigned value, unsigned width) {
    char* const digits = extend(out, width);
    for (unsigned i = width; i-- != 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
}

/// Reads fixed-width text from the front. A step that does not fit leaves `ok` false for good.
class reader {
public:
    constexpr explicit reader(std::string_view text) noexcept : rest_{text} {}

    [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
    [[nodiscard]] constexpr bool done() const noexcept { return ok_ && rest_.empty(); }
    [[nodiscard]] constexpr char front() const noexcept { return rest_.empty() ? '\0' : rest_.front(); }

    constexpr unsigned digits(std::size_t width) noexcept {
        unsigned value = 0;
        for (; width != 0; --width) {
            if (!is_digit(front())) ok_ = false;
            if (!ok_) return 0;
            value = value * 10 + static_cast<unsigned>(rest_.front() - '0');
            rest_.remove_prefix(1);
        }
        return value;
    }

    /// Takes one of the characters of `set`.
    constexpr char one_of(std::string_view set) noexcept {
        char const c = front();
        if (!ok_ || rest_.empty() || set.find(c) == std::string_view::npos) {
            ok_ = false;
            return '\0';
        }
        rest_.remove_prefix(1);
        return c;
    }

    /// Takes `word`, in any case.
    constexpr bool accept(std::string_view word) noexcept {
        if (!ok_ || !iequals(rest_.substr(0, word.size()), word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }

    constexpr void expect(std::string_view word) noexcept {
        if (!accept(word)) ok_ = false;
    }

    /// Takes one of the words of `list` and returns its place.
    template <std::size_t Count>
    constexpr unsigned word_of(std::string_view const (&list)[Count]) noexcept {
        for (std::size_t i = 0; i != Count; ++i)
            if (accept(list[i])) return static_cast<unsigned>(i);
        ok_ = false;
        return 0;
    }

private:
    std::string_view rest_;
    bool ok_ = true;
};

/// The moment that calendar fields name; nothing when there is no such day or time. Second 60 is a leap second, which
/// UTC as computers count it does not have: it reads as the second after.
[[nodiscard]] constexpr std::optional<instant> moment_of(civil const& c) noexcept {
    std::chrono::year_month_day const date{std::chrono::year{static_cast<int>(c.year)}, std::chrono::month{c.month},
                                           std::chrono::day{c.day}};
    if (!date.ok() || c.hour > 23 || c.minute > 59 || c.second > 60) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::seconds{c.hour * 3600 + c.minute * 60 + c.second} +
           std::chrono::microseconds{c.microsecond};
}

inline constexpr std::string_view month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
inline constexpr std::string_view long_day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                      "Friday", "Saturday", "Sunday"};
inline constexpr std::string_view day_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

constexpr void read_time(reader& from, civil& into) noexcept {
    into.hour = from.digits(2);
    from.expect(":");
    into.minute = from.digits(2);
    from.expect(":");
    into.second = from.digits(2);
}

} // namespace detail

/// Appends `20240102T030405Z`, as AWS signs it; a fraction is dropped.
template <class Text>
void append_amz_timestamp(Text& out, instant moment) {
    auto const c = detail::civil_of(moment);
    detail::append_digits(out, c.year * 10000 + c.month * 100 + c.day, 8);
    out += 'T';
    detail::append_digits(out, c.hour * 10000 + c.minute * 100 + c.second, 6);
    out += 'Z';
}

/// The same as a text of its own.
[[nodiscard]] inline std::string amz_timestamp(instant moment) {
    std::string made;
    made.reserve(16);
    append_amz_timestamp(made, moment);
    return made;
}

/// Reads what `amz_timestamp` writes, and nothing else.
[[nodiscard]] constexpr std::optional<instant> parse_amz_timestamp(std::string_view text) noexcept {
    detail::reader from{text};
    detail::civil c{};
    c.year = from.digits(4);
    c.month = from.digits(2);
    c.day = from.digits(2);
    from.one_of("T");
    c.hour = from.digits(2);
    c.minute = from.digits(2);
    c.second = from.digits(2);
    from.one_of("Z");
    return from.done() ? detail::moment_of(c) : std::nullopt;
}

/// `2020-12-08T17:00:00.123456+00:00`, the text of Python's `isoformat` for UTC: six digits of fraction, or none when
/// it is zero.
[[nodiscard]] inline std::string iso8601(instant moment) {
    auto const c = detail::civil_of(moment);
    std::string made;
    made.reserve(32);
    unsigned const fields[] = {c.year, c.month, c.day, c.hour, c.minute, c.second};
    constexpr char before[] = {'\0', '-', '-', 'T', ':', ':'};
    for (std::size_t i = 0; i != std::size(fields); ++i) {
        if (i != 0) made += before[i];
        detail::append_digits(made, fields[i], i == 0 ? 4 : 2);
    }
    if (c.microsecond != 0) {
        made += '.';
        detail::append_digits(made, c.microsecond, 6);
    }
    made += "+00:00";
    return made;
}

/// Reads `YYYY-MM-DDThh:mm:ss`, with a blank for the `T` if need be, then a fraction of up to nine digits (what is finer
/// than a microsecond is dropped), then `Z`, `+hh:mm`, `+hhmm`, `+hh` or nothing, which means UTC. Nothing for any other
/// text, and for days and times that do not exist.
[[nodiscard]] constexpr std::optional<instant> parse_iso8601(std::string_view text) noexcept {
    detail::reader from{text};
    detail::civil c{};
    c.year = from.digits(4);
    from.expect("-");
    c.month = from.digits(2);
    from.expect("-");
    c.day = from.digits(2);
    from.one_of("Tt ");
    detail::read_time(from, c);
    if (from.accept(".")) {
        c.microsecond = from.digits(1) * 100'000;
        unsigned weight = 10'000;
        for (int more = 8; more != 0 && is_digit(from.front()); --more, weight /= 10)
            c.microsecond += from.digits(1) * weight;
    }
    std::chrono::minutes offset{0};
    if (!from.accept("Z") && !from.done()) {
        bool const east = from.one_of("+-") == '+';
        unsigned const hours = from.digits(2);
        unsigned minutes = 0;
        if (from.accept(":") || is_digit(from.front())) minutes = from.digits(2);
        if (hours > 23 || minutes > 59) return std::nullopt;
        offset = std::chrono::minutes{hours * 60 + minutes} * (east ? 1 : -1);
    }
    if (!from.done()) return std::nullopt;
    auto const local = detail::moment_of(c);
    if (!local) return std::nullopt;
    return *local - offset;
}

/// Reads the `Date` field of HTTP (RFC 9110 §5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete forms
/// `Sunday, 06-Nov-94 08:49:37 GMT` (a year below 70 is of the century from 2000) and `Sun Nov  6 08:49:37 1994`.
/// The name of the day has to be one, but is not compared with the date.
[[nodiscard]] constexpr std::optional<instant> parse_http_date(std::string_view text) noexcept {
    detail::civil c{};
    if (detail::reader from{text}; from.word_of(detail::long_day_names), from.ok()) {
        from.expect(", ");
        c.day = from.digits(2);
        from.expect("-");
        c.month = from.word_of(detail::month_names) + 1;
        from.expect("-");
        c.year = from.digits(2);
        c.year += c.year < 70 ? 2000 : 1900;
        from.expect(" ");
        detail::read_time(from, c);
        from.expect(" GMT");
        return from.done() ? detail::moment_of(c) : std::nullopt;
    }
    detail::reader from{text};
    from.word_of(detail::day_names);
    if (from.accept(", ")) {
        c.day = from.digits(2);
        from.expect(" ");
        c.month = from.word_of(detail::month_names) + 1;
        from.expect(" ");
        c.year = from.digits(4);
        from.expect(" ");
        detail::read_time(from, c);
        from.expect(" GMT");
        return from.done() ? detail::moment_of(c) : std::nullopt;
    }
    from.expect(" ");
    c.month = from.word_of(detail::month_names) + 1;
    from.expect(" ");
    c.day = from.accept(" ") ? from.digits(1) : from.digits(2);
    from.expect(" ");
    detail::read_time(from, c);
    from.expect(" ");
    c.year = from.digits(4);
    return from.done() ? detail::moment_of(c) : std::nullopt;
}

} // namespace fargate::inline v0::text

#endif
