// fargate 0.1.0: <fargate/agent.hpp> and all that it includes, in one file.
// Made by single_include/amalgamate.py from include/fargate; changes belong there.
//
// MIT License
//
// Copyright (c) the fargate authors
//
// Permission is hereby granted, free of charge, to any person obtaining a copy
// of this software and associated documentation files (the "Software"), to deal
// in the Software without restriction, including without limitation the rights
// to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
// copies of the Software, and to permit persons to whom the Software is
// furnished to do so, subject to the following conditions:
//
// The above copyright notice and this permission notice shall be included in all
// copies or substantial portions of the Software.
//
// THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
// IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
// FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
// AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
// LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
// OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
// SOFTWARE.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <curl/curl.h>
#include <deque>
#include <fcntl.h>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <new>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <random>
#include <set>
#include <signal.h>
#include <span>
#include <spawn.h>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

// ---- fargate/core/error.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_CORE_ERROR_HPP
#define FARGATE_CORE_ERROR_HPP

namespace fargate::inline v0 {

/// What went wrong, told by what the caller can do about it.
enum class errc : unsigned char {
    invalid_argument,   ///< mend the value the message names; nothing was sent
    not_configured,     ///< this source has nothing to offer here: configure it, or ask the next one
    bad_configuration,  ///< mend the variable, file or option the message names
    not_found,          ///< the named file, object or definition does not exist
    timed_out,          ///< no answer inside the deadline: what was asked may have happened
    connection_failed,  ///< no connection to the host, or it broke: what was asked may have happened
    untrusted_peer,     ///< the server's certificate was refused: mend the trust store or the address
    too_large,          ///< the answer was longer than the limit: raise the limit or ask for less
    cancelled,          ///< the caller's stop token fired
    malformed_response, ///< an answer came that cannot be read: check that the address is the right service
    service_error,      ///< the service refused or failed: see service_code and http_status
    unauthorized,       ///< the service does not accept these credentials: mend them
    lost_claim,         ///< another agent owns this flow run: leave it alone
    internal            ///< a library this one stands on failed; the message names it
};

/// The stable lower-case name of a code, for logs: `timed_out`.
[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::not_configured: return "not_configured";
    case errc::bad_configuration: return "bad_configuration";
    case errc::not_found: return "not_found";
    case errc::timed_out: return "timed_out";
    case errc::connection_failed: return "connection_failed";
    case errc::untrusted_peer: return "untrusted_peer";
    case errc::too_large: return "too_large";
    case errc::cancelled: return "cancelled";
    case errc::malformed_response: return "malformed_response";
    case errc::service_error: return "service_error";
    case errc::unauthorized: return "unauthorized";
    case errc::lost_claim: return "lost_claim";
    case errc::internal: return "internal";
    }
    return "unknown";
}

/// Why an operation has no value. The message is lower case, one clause, one line, and never holds a secret.
/// Requires nothing; copying allocates only when a text does not fit the string's own buffer.
struct error {
    errc code = errc::internal;
    std::string message{};
    int http_status = 0;        ///< the HTTP status that was answered, 0 when none was
    std::string service_code{}; ///< the service's own name for it, e.g. `ClusterNotFoundException`
    bool retryable = false;     ///< the same call may succeed later, unchanged
    std::string request_id{};   ///< the service's id of the failed request, for its support
    std::vector<std::string>
        resources{}; ///< what the service names as concerned, e.g. ConflictException's `resourceIds`
};

/// An error of this library's own making: `fail(errc::timed_out, "no answer in 30000 ms", true)`.
[[nodiscard]] inline error fail(errc code, std::string message, bool retryable = false) {
    error made;
    made.code = code;
    made.message = std::move(message);
    made.retryable = retryable;
    return made;
}

} // namespace fargate::inline v0

#endif

// ---- fargate/core/result.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_CORE_RESULT_HPP
#define FARGATE_CORE_RESULT_HPP

namespace fargate::inline v0 {

/// A value, or the reason there is none. Shaped like `std::expected<T, error>`, and the same type in every language
/// mode, so that two translation units always agree on it. Never throws by itself.
/// Requires: `*r` and `r->` only when `r` holds a value, `r.error()` only when it does not.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
    result(fargate::error why) : state_{std::in_place_index<1>, std::move(why)} {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
    [[nodiscard]] T const& operator*() const& noexcept { return *std::get_if<0>(&state_); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
    [[nodiscard]] T const* operator->() const noexcept { return std::get_if<0>(&state_); }

    [[nodiscard]] fargate::error& error() & noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error const& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    template <class U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& fallback) && {
        return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(fallback));
    }

    /// Calls `next(value)`, itself a result, or passes the error on.
    template <class Next>
    [[nodiscard]] auto and_then(Next&& next) && -> std::remove_cvref_t<std::invoke_result_t<Next, T&&>> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<Next>(next)(*std::move(*this));
    }

private:
    std::variant<T, fargate::error> state_;
};

/// Success, or the reason it did not come.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() = default;
    result(fargate::error why) : state_{std::in_place_index<1>, std::move(why)} {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] fargate::error& error() & noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error const& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

private:
    std::variant<std::monostate, fargate::error> state_;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/core/secret.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_CORE_SECRET_HPP
#define FARGATE_CORE_SECRET_HPP

namespace fargate::inline v0 {

/// Overwrites memory in a way the optimiser must keep.
inline void wipe(void* bytes, std::size_t size) noexcept {
    auto volatile* at = static_cast<unsigned char volatile*>(bytes);
    while (size-- != 0) *at++ = 0;
}

/// Overwrites a whole string, its spare capacity included, and leaves it empty.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    wipe(text.data(), text.size());
    text.clear();
}

/// Text that must not be seen: wiped when it goes, and not convertible to text, so that no log or message can take it by
/// accident. Text goes in freely; `reveal()` is the only way out and is spelled so that a reader stops there.
class secret {
public:
    secret() = default;
    secret(std::string text) : text_{std::move(text)} { wipe(text); }
    secret(std::string_view text) : text_{text} {}
    secret(char const* text) : text_{text} {}

    secret(secret const&) = default;
    secret(secret&& other) noexcept : text_{std::move(other.text_)} { wipe(other.text_); }
    secret& operator=(secret const& other) {
        if (this != &other) {
            wipe(text_);
            text_ = other.text_;
        }
        return *this;
    }
    secret& operator=(secret&& other) noexcept {
        if (this != &other) {
            wipe(text_);
            text_ = std::move(other.text_);
            wipe(other.text_);
        }
        return *this;
    }
    ~secret() { wipe(text_); }

    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    /// Compares without stopping at the first difference.
    [[nodiscard]] friend bool operator==(secret const& left, secret const& right) noexcept {
        if (left.text_.size() != right.text_.size()) return false;
        unsigned char differing = 0;
        for (std::size_t i = 0; i != left.text_.size(); ++i)
            differing = static_cast<unsigned char>(differing | (left.text_[i] ^ right.text_[i]));
        return differing == 0;
    }

private:
    std::string text_;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/text/utf8.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_UTF8_HPP
#define FARGATE_TEXT_UTF8_HPP

namespace fargate::inline v0::text {

/// What `next_code_point` yields for a byte that starts no character.
inline constexpr char32_t no_code_point = 0xFFFFFFFF;

/// Decodes the UTF-8 character at `at` and moves past it; past one byte when there is none (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF). Requires `at < text.size()`.
[[nodiscard]] constexpr char32_t next_code_point(std::string_view text, std::size_t& at) noexcept {
    auto const byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
    char32_t const lead = byte(at++);
    if (lead < 0x80) return lead;
    if (lead < 0xC2 || lead > 0xF4) return no_code_point;
    std::size_t const more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (text.size() - at < more) return no_code_point;
    char32_t point = lead & (0x3FU >> more);
    for (std::size_t i = 0; i != more; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80U) return no_code_point;
        point = (point << 6U) | (byte(at + i) & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (point < least[more] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return no_code_point;
    at += more;
    return point;
}

/// Appends a code point as UTF-8. A surrogate is written in the same pattern, which is not UTF-8: joining or refusing
/// the halves is the caller's part. Requires `point <= 0x10FFFF`.
constexpr void append_utf8(std::string& out, char32_t point) {
    auto const tail = [&](unsigned shift) { out += static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xC0U | (point >> 6U));
        tail(0);
    } else if (point < 0x10000) {
        out += static_cast<char>(0xE0U | (point >> 12U));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | (point >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
}

/// True when every byte belongs to a character.
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();)
        if (next_code_point(text, at) == no_code_point) return false;
    return true;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/json/json.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_JSON_JSON_HPP
#define FARGATE_JSON_JSON_HPP

// The only file that names nlohmann/json. Its throwing accessors (`at`, `get<T>` of the wrong type, `value` of the wrong
// type) abort where exceptions are off, so the other floors read documents through the functions below.

namespace fargate::inline v0::json {

/// A JSON document. Objects keep the order in which members were added, so that what is written is a pure function of
/// what was asked for.
using value = nlohmann::ordered_json;

/// Documents nested deeper than this are refused: services send a handful of levels.
inline constexpr std::size_t deepest = 128;

/// Documents of more values than this are refused: a value takes up to a hundred bytes, and two in the text.
inline constexpr std::size_t most_values = 1'000'000;

namespace detail {

inline void write_escape(std::string& out, unsigned unit) {
    constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[(unit >> shift) & 0xFU];
}

inline void write_text(std::string& out, std::string_view raw) {
    out += '"';
    for (std::size_t at = 0; at < raw.size();) {
        char32_t const decoded = text::next_code_point(raw, at);
        unsigned const point = decoded == text::no_code_point ? 0xFFFDU : static_cast<unsigned>(decoded);
        switch (point) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\f': out += "\\f"; break;
        case '\b': out += "\\b"; break;
        default:
            if (point >= 0x20 && point < 0x7F) {
                out += static_cast<char>(point);
            } else if (point < 0x10000) {
                write_escape(out, point);
            } else {
                write_escape(out, 0xD800U + ((point - 0x10000U) >> 10U));
                write_escape(out, 0xDC00U + ((point - 0x10000U) & 0x3FFU));
            }
        }
    }
    out += '"';
}

/// Builds a tree from nlohmann's parser events without exceptions: bounded depth, members appended in constant time,
/// repeated member names refused when their object closes.
class tree_builder {
public:
    explicit tree_builder(value& root) : root_{root} {}

    [[nodiscard]] std::string const& reason() const noexcept { return reason_; }

    bool null() { return add(value(nullptr)); }
    bool boolean(bool flag) { return add(value(flag)); }
    bool number_integer(value::number_integer_t number) { return add(value(number)); }
    bool number_unsigned(value::number_unsigned_t number) { return add(value(number)); }
    bool number_float(value::number_float_t number, std::string const&) { return add(value(number)); }
    bool string(std::string& text) { return add(value(std::move(text))); }
    bool binary(value::binary_t&) { return stop("it holds binary data"); }
    bool start_object(std::size_t) { return open(value::object()); }
    bool start_array(std::size_t) { return open(value::array()); }
    bool end_array() { return close(); }

    bool key(std::string& name) {
        key_ = std::move(name);
        return true;
    }

    bool end_object() {
        auto const& members = *open_.back()->get_ptr<value::object_t const*>();
        std::vector<std::string_view> names;
        names.reserve(members.size());
        for (auto const& each : members) names.push_back(each.first);
        std::sort(names.begin(), names.end());
        auto const twice = std::adjacent_find(names.begin(), names.end());
        if (twice == names.end()) return close();
        std::string name;
        write_text(name, twice->substr(0, 64));
        return stop("member " + name + " occurs twice");
    }

    /// nlohmann's own words are kept only where they quote nothing of the document.
    template <class Exception>
    bool parse_error(std::size_t at, std::string const&, Exception const& why) {
        bad_at_ = at;
        std::string_view const words{why.what()};
        std::size_t const wish = words.rfind("; expected ");
        bool const quotes = words.find("last read: ") != std::string_view::npos;
        if (!quotes && wish != std::string_view::npos) wanted_ = words.substr(wish + 2);
        return stop("bad text at byte " + std::to_string(at));
    }

    /// Where the text stopped being JSON, for people with an editor; empty when it is one line.
    [[nodiscard]] std::string place_in(std::string_view text) const {
        std::string made;
        std::string_view const before = text.substr(0, bad_at_ == 0 ? 0 : bad_at_ - 1);
        if (std::size_t const last = before.rfind('\n'); last != std::string_view::npos)
            made = " (line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ", column " +
                   std::to_string(before.size() - last) + ")";
        if (!wanted_.empty()) made += ": " + wanted_;
        return made;
    }

private:
    bool stop(std::string why) {
        reason_ = std::move(why);
        return false;
    }

    value& place(value&& made) {
        if (open_.empty()) return root_ = std::move(made);
        value& parent = *open_.back();
        if (auto* const list = parent.get_ptr<value::array_t*>()) return list->emplace_back(std::move(made));
        auto& members = *parent.get_ptr<value::object_t*>();
        members.emplace_back(std::move(key_), std::move(made));
        return members.back().second;
    }

    bool add(value&& made) {
        if (!count()) return false;
        place(std::move(made));
        return true;
    }

    bool count() {
        return ++count_ <= most_values || stop("it has more than " + std::to_string(most_values) + " values");
    }

    bool open(value&& made) {
        if (!count()) return false;
        if (open_.size() == deepest) return stop("it is nested more than " + std::to_string(deepest) + " deep");
        open_.push_back(&place(std::move(made)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    value& root_;
    std::vector<value*> open_;
    std::string key_;
    std::string reason_;
    std::string wanted_;
    std::size_t bad_at_ = 0;
    std::size_t count_ = 0;
};

template <class Number>
void write_number(std::string& out, Number number) {
    char digits[32];
    auto const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

/// Python's `repr` of a float: the shortest text that reads back the same, always with a point or an exponent.
inline void write_float(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    char digits[32];
    double const size = std::fabs(number);
    auto const form =
        number == 0 || (size >= 1e-4 && size < 1e16) ? std::chars_format::fixed : std::chars_format::scientific;
    std::string_view const written{
        digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number, form).ptr - digits)};
    out += written;
    if (written.find_first_of(".e") == std::string_view::npos) out += ".0";
}

inline void write_value(std::string& out, value const& document) {
    switch (document.type()) {
    case value::value_t::object: {
        char const* between = "{";
        auto const& members = *document.get_ptr<value::object_t const*>();
        for (auto const& [name, each] : members) {
            out += between;
            between = ", ";
            write_text(out, name);
            out += ": ";
            write_value(out, each);
        }
        out += members.empty() ? "{}" : "}";
        return;
    }
    case value::value_t::array: {
        char const* between = "[";
        auto const& items = *document.get_ptr<value::array_t const*>();
        for (auto const& each : items) {
            out += between;
            between = ", ";
            write_value(out, each);
        }
        out += items.empty() ? "[]" : "]";
        return;
    }
    case value::value_t::string: return write_text(out, *document.get_ptr<value::string_t const*>());
    case value::value_t::boolean: out += *document.get_ptr<value::boolean_t const*>() ? "true" : "false"; return;
    case value::value_t::number_integer: return write_number(out, *document.get_ptr<value::number_integer_t const*>());
    case value::value_t::number_unsigned:
        return write_number(out, *document.get_ptr<value::number_unsigned_t const*>());
    case value::value_t::number_float: return write_float(out, *document.get_ptr<value::number_float_t const*>());
    case value::value_t::null:
    case value::value_t::binary:
    case value::value_t::discarded: out += "null"; return;
    }
}

} // namespace detail

/// Reads one JSON document (RFC 8259, UTF-8; repeated member names are refused, RFC 7493). `errc::malformed_response`
/// says why it is none. Never throws; time and memory stay in proportion to `text`.
[[nodiscard]] inline result<value> parse(std::string_view text) {
    // A NUL is nowhere part of JSON, and nlohmann takes it for the end of the text.
    if (auto const nul = text.find('\0'); nul != std::string_view::npos)
        return fail(errc::malformed_response, "not a JSON document: bad text at byte " + std::to_string(nul + 1));
    value document;
    detail::tree_builder builder{document};
    if (!value::sax_parse(text.begin(), text.end(), &builder))
        return fail(errc::malformed_response, "not a JSON document: " + builder.reason() + builder.place_in(text));
    return document;
}

/// Writes a document as one line of ASCII, with `", "` and `": "` between members: byte for byte what botocore sends for
/// the same members, so that recorded requests can be compared. Bytes that are not UTF-8 are written as U+FFFD, numbers
/// that are not finite as null.
[[nodiscard]] inline std::string write(value const& document) {
    std::string out;
    detail::write_value(out, document);
    return out;
}

/// Overwrites every text in a document, for those that hold secrets.
inline void wipe(value& document) noexcept {
    if (auto* const text = document.get_ptr<value::string_t*>()) {
        fargate::wipe(*text);
    } else if (auto* const items = document.get_ptr<value::array_t*>()) {
        for (auto& each : *items) wipe(each);
    } else if (auto* const members = document.get_ptr<value::object_t*>()) {
        for (auto& [name, each] : *members) wipe(each);
    }
}

/// The member `key` of an object; nullptr when there is none, when it is null, or when `document` is no object.
[[nodiscard]] inline value const* member(value const& document, std::string_view key) noexcept {
    auto const* const members = document.get_ptr<value::object_t const*>();
    if (members == nullptr) return nullptr;
    for (auto const& [name, each] : *members)
        if (name == key) return each.is_null() ? nullptr : &each;
    return nullptr;
}

/// The member `key` when it is an array, else nullptr.
[[nodiscard]] inline value const* array_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    return found != nullptr && found->is_array() ? found : nullptr;
}

/// The member `key` when it is an object, else nullptr.
[[nodiscard]] inline value const* object_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    return found != nullptr && found->is_object() ? found : nullptr;
}

/// The text of a value that is text, borrowed from it.
[[nodiscard]] inline std::optional<std::string_view> as_text(value const& document) noexcept {
    if (auto const* const text = document.get_ptr<value::string_t const*>()) return std::string_view{*text};
    return std::nullopt;
}

/// The member `key` when it is text, borrowed from `document`.
[[nodiscard]] inline std::optional<std::string_view> text_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    return found != nullptr ? as_text(*found) : std::nullopt;
}

/// The member `key` when it is a whole number that fits.
[[nodiscard]] inline std::optional<std::int64_t> integer_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    if (found == nullptr) return std::nullopt;
    if (auto const* const counted = found->get_ptr<value::number_unsigned_t const*>()) {
        if (*counted > static_cast<value::number_unsigned_t>(INT64_MAX)) return std::nullopt;
        return static_cast<std::int64_t>(*counted);
    }
    if (auto const* const whole = found->get_ptr<value::number_integer_t const*>()) return *whole;
    return std::nullopt;
}

/// The member `key` when it is any number; AWS sends times as seconds with a fraction.
[[nodiscard]] inline std::optional<double> number_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    if (found == nullptr) return std::nullopt;
    if (auto const* const real = found->get_ptr<value::number_float_t const*>()) return *real;
    if (auto const* const counted = found->get_ptr<value::number_unsigned_t const*>())
        return static_cast<double>(*counted);
    if (auto const* const whole = found->get_ptr<value::number_integer_t const*>()) return static_cast<double>(*whole);
    return std::nullopt;
}

/// The member `key` when it is true or false.
[[nodiscard]] inline std::optional<bool> flag_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    if (found == nullptr) return std::nullopt;
    if (auto const* const flag = found->get_ptr<value::boolean_t const*>()) return *flag;
    return std::nullopt;
}

/// Puts a member in place of the one of that name, or behind the others.
inline void set(value& document, std::string_view key, value made) {
    if (!document.is_object()) document = value::object();
    auto& members = *document.get_ptr<value::object_t*>();
    for (auto& [name, each] : members)
        if (name == key) {
            each = std::move(made);
            return;
        }
    members.emplace_back(std::string{key}, std::move(made));
}

} // namespace fargate::inline v0::json

#endif

// ---- fargate/system/clock.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_CLOCK_HPP
#define FARGATE_SYSTEM_CLOCK_HPP

namespace fargate::inline v0 {

using time_point = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
using duration = std::chrono::microseconds;

/// The only door to time: nothing else in the library asks for it or waits for it.
///
/// | expression               | type         | contract                                                              |
/// |--------------------------|--------------|-----------------------------------------------------------------------|
/// | `c.now()`                | `time_point` | wall-clock time, UTC, microseconds since 1970; never throws            |
/// | `c.sleep_for(d, stop)`   | `bool`       | waits `d`, or less when `stop` (a `std::stop_token`) fires. True when |
/// |                          |              | the whole time passed. Returns at once when `d <= 0`                  |
///
/// Both may be called from several threads at once.
template <class Clock>
concept clock_policy = requires(Clock& c, duration d, std::stop_token stop) {
    { c.now() } -> std::same_as<time_point>;
    { c.sleep_for(d, stop) } -> std::same_as<bool>;
};

/// The machine's clock. Sleeps on the monotonic clock, so a corrected wall clock neither shortens nor lengthens a wait.
class system_clock {
public:
    [[nodiscard]] time_point now() const noexcept {
        return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    }

    bool sleep_for(duration time, std::stop_token stop) const {
        if (time <= duration::zero()) return !stop.stop_requested();
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock{mutex};
        return !wake.wait_for(lock, stop, time, [&stop] { return stop.stop_requested(); });
    }
};

} // namespace fargate::inline v0

#endif

// ---- fargate/retry/token_bucket.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_TOKEN_BUCKET_HPP
#define FARGATE_RETRY_TOKEN_BUCKET_HPP

namespace fargate::inline v0::retry {

/// How much at once, and how much a second after that. A bucket that fills at no rate (0 or less) lets everything through.
struct bucket_rate {
    double burst = 1;
    double per_second = 1;
};

/// A token bucket that is full at first. It decides and never waits: a token is taken when it is promised, before it is
/// there, so who asks first goes first, and who goes when told finds a bucket that was never overdrawn. Thread-safe. A clock
/// that is set back counts as one that stood still.
class token_bucket {
public:
    explicit token_bucket(bucket_rate rate) : rate_{rate}, tokens_{rate.burst} {}

    /// Takes `tokens` and tells how long whoever comes `now` has to wait for them, zero while the burst lasts.
    [[nodiscard]] duration take(time_point now, double tokens = 1) {
        if (rate_.per_second <= 0) return duration::zero();
        std::scoped_lock const lock{mutex_};
        if (!filled_ || now > *filled_) {
            if (filled_) tokens_ = std::min(rate_.burst, tokens_ + seconds(now - *filled_) * rate_.per_second);
            filled_ = now;
        }
        tokens_ -= tokens;
        if (tokens_ >= -rounding) return duration::zero();
        return std::chrono::ceil<duration>(std::chrono::duration<double>{-tokens_ / rate_.per_second - rounding});
    }

    /// Returns tokens of somebody who will not go after all.
    void give_back(double tokens = 1) {
        std::scoped_lock const lock{mutex_};
        tokens_ = std::min(rate_.burst, tokens_ + tokens);
    }

private:
    static constexpr double rounding = 1e-9; ///< what binary fractions of a second may be off

    [[nodiscard]] static double seconds(duration time) noexcept { return std::chrono::duration<double>{time}.count(); }

    bucket_rate rate_;
    std::mutex mutex_;
    double tokens_;
    std::optional<time_point> filled_{}; ///< when `tokens_` was counted
};

/// What one attempt takes out of a bucket; of none when it is null.
struct toll {
    token_bucket* bucket = nullptr;
    double tokens = 1;
};

/// All that one attempt takes.
using tolls = std::array<toll, 3>;

/// Takes all of it; how long the attempt has to wait until the last of it is there.
[[nodiscard]] inline duration take(tolls const& all, time_point now) {
    duration longest = duration::zero();
    for (auto const& each : all)
        if (each.bucket != nullptr) longest = std::max(longest, each.bucket->take(now, each.tokens));
    return longest;
}

inline void give_back(tolls const& all) {
    for (auto const& each : all)
        if (each.bucket != nullptr) each.bucket->give_back(each.tokens);
}

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/aws/api_rate.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_API_RATE_HPP
#define FARGATE_AWS_API_RATE_HPP

namespace fargate::inline v0::aws {

/// How often ECS lets one account call in one region, by the table of "Request throttling for the Amazon ECS API" and, for
/// Fargate, "AWS Fargate throttling quotas". AWS raises these on request and changes them: they are defaults.
struct ecs_rates {
    retry::bucket_rate task_definition_modify{20, 1}; ///< RegisterTaskDefinition, DeregisterTaskDefinition
    retry::bucket_rate task_definition_read{50, 20};  ///< DescribeTaskDefinition, ListTaskDefinitions
    retry::bucket_rate task_definition_delete{5, 1};  ///< DeleteTaskDefinitions
    retry::bucket_rate resource_modify{100, 40};      ///< RunTask, StopTask
    retry::bucket_rate resource_read{100, 20};        ///< DescribeTasks, ListTasks
    retry::bucket_rate cluster_read{50, 20};          ///< DescribeClusters, ListClusters
    retry::bucket_rate tag_modify{20, 10};            ///< TagResource, UntagResource
    retry::bucket_rate fargate_calls{20, 20};         ///< RunTask on Fargate, over and above
    retry::bucket_rate on_demand_launches{100, 20};   ///< tasks on FARGATE
    retry::bucket_rate spot_launches{100, 20};        ///< tasks on FARGATE_SPOT
};

/// Token buckets that keep a caller below `ecs_rates`, so that it waits its turn at home instead of being throttled, over
/// and over, together with everybody else of the account. One set is for one account and region; `ecs` has its own.
/// Thread-safe.
class ecs_buckets {
public:
    ecs_buckets() : ecs_buckets(ecs_rates{}) {}
    explicit ecs_buckets(ecs_rates const& rates) :
        task_definition_modify_{rates.task_definition_modify},
        task_definition_read_{rates.task_definition_read},
        task_definition_delete_{rates.task_definition_delete},
        resource_modify_{rates.resource_modify},
        resource_read_{rates.resource_read},
        cluster_read_{rates.cluster_read},
        tag_modify_{rates.tag_modify},
        fargate_calls_{rates.fargate_calls},
        on_demand_launches_{rates.on_demand_launches},
        spot_launches_{rates.spot_launches} {}

    /// What one attempt of an operation takes. RunTask takes one call of the common bucket and, on Fargate, one of
    /// Fargate's and `count` launches: on demand, or spot, where the input says so alone; a strategy of both leaves it to
    /// ECS which, and takes none. What no bucket is for takes nothing.
    [[nodiscard]] retry::tolls of(std::string_view operation, json::value const& input) {
        if (operation == "RunTask") return of_run_task(input);
        return {retry::toll{common(operation)}};
    }

private:
    [[nodiscard]] retry::token_bucket* common(std::string_view operation) noexcept {
        struct row {
            std::string_view operation;
            retry::token_bucket ecs_buckets::*bucket;
        };
        static constexpr row rows[] = {
            {"RegisterTaskDefinition", &ecs_buckets::task_definition_modify_},
            {"DeregisterTaskDefinition", &ecs_buckets::task_definition_modify_},
            {"DescribeTaskDefinition", &ecs_buckets::task_definition_read_},
            {"ListTaskDefinitions", &ecs_buckets::task_definition_read_},
            {"DeleteTaskDefinitions", &ecs_buckets::task_definition_delete_},
            {"StopTask", &ecs_buckets::resource_modify_},
            {"DescribeTasks", &ecs_buckets::resource_read_},
            {"ListTasks", &ecs_buckets::resource_read_},
            {"DescribeClusters", &ecs_buckets::cluster_read_},
            {"ListClusters", &ecs_buckets::cluster_read_},
            {"TagResource", &ecs_buckets::tag_modify_},
            {"UntagResource", &ecs_buckets::tag_modify_},
        };
        for (auto const& each : rows)
            if (each.operation == operation) return &(this->*each.bucket);
        return nullptr;
    }

    [[nodiscard]] retry::tolls of_run_task(json::value const& input) {
        bool const launch_type = json::text_of(input, "launchType") == "FARGATE";
        bool on_demand = launch_type;
        bool spot = false;
        if (auto const* const strategy = json::array_of(input, "capacityProviderStrategy"))
            for (auto const& each : *strategy) {
                auto const provider = json::text_of(each, "capacityProvider");
                on_demand = on_demand || provider == "FARGATE";
                spot = spot || provider == "FARGATE_SPOT";
            }
        if (!on_demand && !spot) return {retry::toll{&resource_modify_}};
        constexpr std::int64_t most = 10; // RunTask takes no more
        auto const count =
            static_cast<double>(std::clamp(json::integer_of(input, "count").value_or(1), std::int64_t{1}, most));
        auto* const launches = on_demand && spot ? nullptr : on_demand ? &on_demand_launches_ : &spot_launches_;
        return {retry::toll{&resource_modify_}, retry::toll{&fargate_calls_}, retry::toll{launches, count}};
    }

    retry::token_bucket task_definition_modify_;
    retry::token_bucket task_definition_read_;
    retry::token_bucket task_definition_delete_;
    retry::token_bucket resource_modify_;
    retry::token_bucket resource_read_;
    retry::token_bucket cluster_read_;
    retry::token_bucket tag_modify_;
    retry::token_bucket fargate_calls_;
    retry::token_bucket on_demand_launches_;
    retry::token_bucket spot_launches_;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/text/ascii.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_ASCII_HPP
#define FARGATE_TEXT_ASCII_HPP

namespace fargate::inline v0::text {

// Character classes of ASCII alone: no locale is asked, so no locale can change a signature.

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
[[nodiscard]] constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
[[nodiscard]] constexpr bool is_alpha(char c) noexcept { return is_upper(c) || is_lower(c); }
[[nodiscard]] constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }

/// Space, TAB, LF, VT, FF and CR: C's `isspace` in the C locale.
[[nodiscard]] constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

[[nodiscard]] constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
[[nodiscard]] constexpr char to_upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

[[nodiscard]] inline std::string lower(std::string_view text) {
    std::string made{text};
    for (char& c : made) c = to_lower(c);
    return made;
}

[[nodiscard]] inline std::string upper(std::string_view text) {
    std::string made{text};
    for (char& c : made) c = to_upper(c);
    return made;
}

[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// Equal but for the case of ASCII letters.
[[nodiscard]] constexpr bool iequals(std::string_view left, std::string_view right) noexcept {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i != left.size(); ++i)
        if (to_lower(left[i]) != to_lower(right[i])) return false;
    return true;
}

[[nodiscard]] constexpr bool contains(std::string_view text, std::string_view part) noexcept {
    return text.find(part) != std::string_view::npos;
}

/// As much of somebody's words as one line of a message shows.
inline constexpr std::size_t longest_shown = 64;

/// The beginning of a text, at most `longest_shown` bytes, with `?` for all that is no printable ASCII.
[[nodiscard]] inline std::string printable(std::string_view text) {
    std::string made{text.substr(0, longest_shown)};
    for (char& c : made)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) c = '?';
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/aws/profile_file.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_AWS_PROFILE_FILE_HPP
#define FARGATE_AWS_PROFILE_FILE_HPP

namespace fargate::inline v0::aws {

/// `~/.aws/config` calls a profile `[profile name]`, `~/.aws/credentials` just `[name]`.
enum class file_kind : unsigned char { config, credentials };

/// One setting: a value, or settings of its own (`s3 =` with indented lines below).
struct setting {
    secret value{}; ///< any setting may hold a secret, so all are kept as one
    std::map<std::string, secret, std::less<>> parts{};
    file_kind origin = file_kind::config;
};

/// True for the names whose values are not for reading: `find` does not see them, only `find_secret` does.
[[nodiscard]] constexpr bool is_secret_setting(std::string_view name) noexcept {
    return name == "aws_secret_access_key" || name == "aws_session_token" || name == "aws_security_token";
}

/// The settings of one profile, `sso-session` or `services` section. Names are lower case.
class section {
public:
    using map = std::map<std::string, setting, std::less<>>;

    /// The value of a setting, borrowed; nothing when it is absent or one of the secrets.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
        auto const found = settings_.find(name);
        if (found == settings_.end() || is_secret_setting(name)) return std::nullopt;
        return found->second.value.reveal();
    }

    /// The value of a nested setting: `find("s3", "addressing_style")`.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name, std::string_view part) const {
        auto const found = settings_.find(name);
        if (found == settings_.end()) return std::nullopt;
        auto const nested = found->second.parts.find(part);
        if (nested == found->second.parts.end()) return std::nullopt;
        return nested->second.reveal();
    }

    /// The value of any setting, as a secret; nullptr when it is absent.
    [[nodiscard]] secret const* find_secret(std::string_view name) const {
        auto const found = settings_.find(name);
        return found == settings_.end() ? nullptr : &found->second.value;
    }

    [[nodiscard]] bool has(std::string_view name) const { return settings_.contains(name); }
    [[nodiscard]] map& settings() noexcept { return settings_; }
    [[nodiscard]] map const& settings() const noexcept { return settings_; }

private:
    map settings_;
};

using sections = std::map<std::string, section, std::less<>>;

/// What one file says.
struct profile_file {
    sections profiles{};
    sections sso_sessions{};
    sections services{};
    std::vector<std::string> warnings{}; ///< what was passed over, one line each; never holds a value
};

namespace detail {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
[[nodiscard]] constexpr bool begins_comment(std::string_view line) noexcept {
    return !line.empty() && (line.front() == '#' || line.front() == ';');
}

[[nodiscard]] constexpr bool is_identifier(std::string_view name) noexcept {
    if (name.empty()) return false;
    for (char const c : name)
        if (!text::is_alnum(c) && std::string_view{"_-/.%@:+"}.find(c) == std::string_view::npos) return false;
    return true;
}

/// Reads a profile file line by line.
class profile_reader {
public:
    profile_reader(file_kind kind, std::string_view file_name) : kind_{kind}, file_name_{file_name} {}

    [[nodiscard]] result<profile_file> read(std::string_view rest) {
        if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
        while (!rest.empty()) {
            auto const end = rest.find('\n');
            auto line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            ++number_;
            char const* const mistake = take(line);
            if (mistake != nullptr) return fail(errc::bad_configuration, here(mistake));
        }
        if (plain_default_ && !made_.profiles.try_emplace("default", std::move(*plain_default_)).second)
            made_.warnings.push_back(std::string{file_name_} + ": [default] is passed over beside [profile default]");
        return std::move(made_);
    }

private:
    [[nodiscard]] std::string here(std::string_view what) const {
        return std::string{file_name_} + " line " + std::to_string(number_) + ": " + std::string{what};
    }

    void warn(std::string_view what) { made_.warnings.push_back(here(what)); }

    /// Each returns what is wrong with the line, or nullptr.
    char const* take(std::string_view line) {
        auto const trimmed = text::trim(line);
        if (trimmed.empty()) return nullptr;
        if (is_blank(line.front())) return continue_setting(trimmed);
        if (begins_comment(line)) return nullptr;
        if (line.front() == '[') return open_section(line);
        return open_setting(line);
    }

    char const* open_section(std::string_view line) {
        auto const end = line.find(']');
        if (end == std::string_view::npos) return "a section header has no closing ]";
        auto const behind = text::trim(line.substr(end + 1));
        if (!behind.empty() && !begins_comment(behind)) return "a section header has text behind its closing ]";
        section_ = find_section(text::trim(line.substr(1, end - 1)));
        setting_ = nullptr;
        inside_ = true;
        continuable_ = false;
        return nullptr;
    }

    /// The section that a header names; nullptr for one that is passed over.
    section* find_section(std::string_view header) {
        if (kind_ == file_kind::credentials) {
            if (is_identifier(header)) return &made_.profiles[std::string{header}];
            warn(
                "a section is passed over: its header is no profile name (in this file it stands without \"profile\")");
            return nullptr;
        }
        if (header == "default") {
            if (!plain_default_) plain_default_.emplace();
            return &*plain_default_;
        }
        auto const space = header.find_first_of(" \t");
        auto const type = header.substr(0, space);
        auto const name =
            space == std::string_view::npos ? std::string_view{} : unquoted(text::trim(header.substr(space)));
        if (!name.empty()) {
            if (type == "profile") return &made_.profiles[std::string{name}];
            if (type == "sso-session") return &made_.sso_sessions[std::string{name}];
            if (type == "services") return &made_.services[std::string{name}];
        }
        warn("a section is passed over: profiles stand as [profile name] in this file");
        return nullptr;
    }

    /// A name as written, or between quotes, where it may hold blanks; empty when it is none.
    static std::string_view unquoted(std::string_view name) noexcept {
        if (is_identifier(name)) return name;
        if (name.size() < 3 || name.front() != name.back() || (name.front() != '"' && name.front() != '\'')) return {};
        auto const inner = name.substr(1, name.size() - 2);
        for (char const c : inner)
            if (c != ' ' && !is_identifier({&c, 1})) return {};
        return inner;
    }

    char const* open_setting(std::string_view line) {
        if (!inside_) return "a section header must come first, e.g. [default]";
        if (section_ == nullptr) return nullptr;
        auto const equals = line.find('=');
        if (equals == std::string_view::npos) return "a setting has no =";
        auto const name = text::trim(line.substr(0, equals));
        if (name.empty()) return "a setting has no name before its =";
        continuable_ = true;
        setting_ = nullptr;
        if (!is_identifier(name)) {
            warn("a setting is passed over: its name holds a character that no setting has");
            return nullptr;
        }
        auto const written = line.substr(equals + 1);
        auto const value = before_comment(written);
        auto const key = text::lower(name);
        if (key == "credential_process" && value.size() != written.size())
            warn("credential_process ends before a # or ; that follows a blank: other SDKs may take it as part");
        setting_ = &(section_->settings()[key] = setting{secret{text::trim(value)}, {}, kind_});
        nested_ = setting_->value.empty();
        return nullptr;
    }

    static std::string_view before_comment(std::string_view written) noexcept {
        for (std::size_t i = 1; i < written.size(); ++i)
            if ((written[i] == '#' || written[i] == ';') && is_blank(written[i - 1])) return written.substr(0, i);
        return written;
    }

    char const* continue_setting(std::string_view trimmed) {
        bool const comment = begins_comment(trimmed);
        if (!continuable_) {
            if (comment || (inside_ && section_ == nullptr)) return nullptr;
            return inside_ ? "an indented line continues nothing: begin it in the first column"
                           : "a section header must come first, e.g. [default]";
        }
        if (setting_ == nullptr) return nullptr;
        if (nested_) return comment ? nullptr : add_part(trimmed);
        if (comment) warn("an indented comment becomes part of the value above it: begin it in the first column");
        auto const sofar = setting_->value.reveal();
        std::string joined;
        joined.reserve(sofar.size() + 1 + trimmed.size()); // no growth, which would leave a copy behind
        joined += sofar;
        joined += '\n';
        joined += trimmed;
        setting_->value = secret{std::move(joined)};
        return nullptr;
    }

    char const* add_part(std::string_view line) {
        auto const equals = line.find('=');
        if (equals == std::string_view::npos) return "a nested setting has no =";
        auto const name = text::trim(line.substr(0, equals));
        if (name.empty()) return "a nested setting has no name before its =";
        if (is_identifier(name))
            setting_->parts.insert_or_assign(text::lower(name), secret{text::trim(line.substr(equals + 1))});
        else
            warn("a nested setting is passed over: its name holds a character that no setting has");
        return nullptr;
    }

    file_kind kind_;
    std::string_view file_name_;
    profile_file made_;
    std::optional<section> plain_default_; ///< config's `[default]`, which `[profile default]` replaces
    section* section_ = nullptr;           ///< the open one; nullptr also inside one that is passed over
    setting* setting_ = nullptr;           ///< the open one; nullptr also inside one that is passed over
    bool inside_ = false;                  ///< a header was read
    bool continuable_ = false;             ///< an indented line has something to continue
    bool nested_ = false;                  ///< the open setting has no value, so that it may have parts
    std::size_t number_ = 0;
};

} // namespace detail

/// Reads the text of one of the two shared files by the rules all AWS SDKs are to follow: sections of one name merge, the
/// last value wins, sections and settings with impossible names are passed over with a warning.
/// `errc::bad_configuration` names file and line, and never a value, when the file cannot be read at all.
[[nodiscard]] inline result<profile_file> parse_profile_file(std::string_view text, file_kind kind,
                                                             std::string_view file_name) {
    return detail::profile_reader{kind, file_name}.read(text);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/system/subprocess.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_SUBPROCESS_HPP
#define FARGATE_SYSTEM_SUBPROCESS_HPP

extern "C" char** environ; // NOLINT(readability-redundant-declaration): POSIX leaves this to the program

namespace fargate::inline v0 {

/// How long a program may take, and how much of what it writes is kept.
struct program_limits {
    std::chrono::milliseconds time{60'000};
    std::size_t output = 64 * 1024; ///< bytes of standard output; a program that writes more is ended
    std::size_t errors = 4 * 1024;  ///< of standard error, whose last bytes are kept
};

/// What a program left behind. Either text may hold whatever the program wrote.
struct program_output {
    int status = 0; ///< its exit status, or 128 and the number of the signal that ended it, as shells have it
    std::string output{};
    std::string errors{};
};

namespace detail {

/// A file descriptor that is closed when it goes.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() { close(); }

    void close() noexcept {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }
    [[nodiscard]] int number() const noexcept { return number_; }
    [[nodiscard]] bool open() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

/// A pipe that no other program inherits; reading from it does not wait.
struct pipe_ends {
    descriptor read{};
    descriptor write{};

    [[nodiscard]] bool make() noexcept {
        int ends[2];
#ifdef __APPLE__
        if (::pipe(ends) != 0) return false;
        for (int const each : ends) ::fcntl(each, F_SETFD, FD_CLOEXEC);
#else
        if (::pipe2(ends, O_CLOEXEC) != 0) return false;
#endif
        read = descriptor{ends[0]};
        write = descriptor{ends[1]};
        return ::fcntl(read.number(), F_SETFL, O_NONBLOCK) == 0;
    }
};

/// A started program, which is ended with its process group and waited for when it goes.
class child {
public:
    child() = default;
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
    }

    /// Returns `errno`'s number for what went wrong, else 0.
    [[nodiscard]] int start(std::vector<std::string> const& arguments, int output, int errors) {
        std::vector<char*> words;
        words.reserve(arguments.size() + 1);
        for (auto const& each : arguments) words.push_back(const_cast<char*>(each.c_str()));
        words.push_back(nullptr);

        posix_spawn_file_actions_t files{};
        posix_spawnattr_t attributes{};
        int why = ::posix_spawn_file_actions_init(&files);
        if (why != 0) return why;
        why = ::posix_spawnattr_init(&attributes);
        if (why == 0) {
            why = describe(files, attributes, output, errors);
            if (why == 0) why = ::posix_spawnp(&pid_, words[0], &files, &attributes, words.data(), ::environ);
            ::posix_spawnattr_destroy(&attributes);
        }
        ::posix_spawn_file_actions_destroy(&files);
        if (why != 0) pid_ = -1;
        return why;
    }

    /// Takes note of the program's end without waiting for it.
    [[nodiscard]] bool ended() noexcept {
        siginfo_t told{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &told, WEXITED | WNOHANG | WNOWAIT) != 0 || told.si_pid == pid_;
    }

    /// Its status, once it has ended; -1 when nobody tells.
    [[nodiscard]] int reap() noexcept {
        int status = 0;
        pid_t reaped = -1;
        do reaped = ::waitpid(pid_, &status, 0);
        while (reaped < 0 && errno == EINTR);
        pid_ = -1;
        if (reaped < 0) return -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    /// Nothing on standard input, no descriptor of ours but the two pipes, a process group of its own, and signals as in a
    /// fresh process: programs do not expect an ignored SIGPIPE.
    static int describe(posix_spawn_file_actions_t& files, posix_spawnattr_t& attributes, int output,
                        int errors) noexcept {
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::sigdelset(&all, SIGKILL);
        ::sigdelset(&all, SIGSTOP);
        constexpr int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        int why = ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (why == 0) why = ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
        if (why == 0) why = ::posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
        if (why == 0) why = ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
#endif
#endif
        if (why == 0) why = ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
        if (why == 0) why = ::posix_spawnattr_setpgroup(&attributes, 0);
        if (why == 0) why = ::posix_spawnattr_setsigmask(&attributes, &none);
        if (why == 0) why = ::posix_spawnattr_setsigdefault(&attributes, &all);
        return why;
    }

    pid_t pid_ = -1;
};

/// Reads what is there, within reason; closes the pipe at its end. `take` is told the bytes, which may be secret.
template <class Take>
void drain(descriptor& from, Take const& take) {
    char block[4096];
    for (int blocks = 256; from.open() && blocks != 0; --blocks) {
        ssize_t const count = ::read(from.number(), block, sizeof block);
        if (count > 0) {
            take(std::string_view{block, static_cast<std::size_t>(count)});
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            from.close();
        } else if (errno == EAGAIN) {
            break;
        }
    }
    wipe(block, sizeof block);
}

/// Collects what a program writes until it has ended, or closed both pipes and then ended.
class program_watch {
public:
    program_watch(program_limits const& limits, program_output& into) : limits_{limits}, into_{into} {
        into_.output.reserve(limits.output + 1); // no growth, which would leave copies behind
    }

    [[nodiscard]] result<void> follow(child& program, descriptor output, descriptor errors) {
        using clock = std::chrono::steady_clock;
        auto const deadline = clock::now() + limits_.time;
        for (;;) {
            bool const ended = program.ended(); // asked before reading, so that nothing it wrote is missed
            drain(output, [this](std::string_view bytes) { take_output(bytes); });
            drain(errors, [this](std::string_view bytes) { take_errors(bytes); });
            if (into_.output.size() > limits_.output)
                return fail(errc::too_large, "it writes more than " + std::to_string(limits_.output) + " bytes");
            if (ended) return {};
            auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
            if (left.count() <= 0)
                return fail(errc::timed_out,
                            "it did not end within " + std::to_string(limits_.time.count()) + " ms and was stopped",
                            true);
            // Its end wakes nobody: what it left running in the background may hold the pipes open.
            constexpr std::chrono::milliseconds look{20};
            pollfd watched[] = {{output.number(), POLLIN, 0}, {errors.number(), POLLIN, 0}};
            ::poll(watched, 2, static_cast<int>(std::min(left, look).count()));
        }
    }

private:
    void take_output(std::string_view bytes) {
        into_.output += bytes.substr(0, limits_.output + 1 - into_.output.size());
    }
    void take_errors(std::string_view bytes) {
        into_.errors += bytes;
        if (into_.errors.size() > limits_.errors) into_.errors.erase(0, into_.errors.size() - limits_.errors);
    }

    program_limits const& limits_;
    program_output& into_;
};

} // namespace detail

/// Runs a program without a shell and waits for its end: `arguments[0]` is looked up in PATH unless it holds a `/`, the
/// environment is ours, standard input is empty, no descriptor of ours is inherited, and signals are as in a fresh process.
/// It has a process group of its own, which is killed when it takes or writes too much; what it left running in the
/// background when it ended by itself is left alone. `errc::not_found` when there is no such program,
/// `errc::bad_configuration` when it cannot be run, `errc::timed_out`, `errc::too_large`, `errc::invalid_argument` for
/// arguments that no program can have. A program that ends with a status other than 0 is no error. Needs SIGCHLD not to be
/// ignored. May be called from several threads.
[[nodiscard]] inline result<program_output> run_program(std::vector<std::string> const& arguments,
                                                        program_limits const& limits = {}) {
    if (arguments.empty() || arguments[0].empty()) return fail(errc::invalid_argument, "no program is named");
    for (auto const& each : arguments)
        if (text::contains(each, std::string_view{"\0", 1}))
            return fail(errc::invalid_argument, "an argument holds a NUL character");
    detail::pipe_ends output;
    detail::pipe_ends errors;
    if (!output.make() || !errors.make()) return fail(errc::internal, "no pipe can be made: too many open files");
    detail::child program;
    if (int const why = program.start(arguments, output.write.number(), errors.write.number()); why != 0) {
        if (why == ENOENT || why == ENOTDIR) return fail(errc::not_found, "there is no such program");
        if (why == EAGAIN || why == ENOMEM) return fail(errc::internal, "no process can be started", true);
        return fail(errc::bad_configuration, "it cannot be run: check its permissions");
    }
    output.write.close();
    errors.write.close();
    program_output made;
    auto const done =
        detail::program_watch{limits, made}.follow(program, std::move(output.read), std::move(errors.read));
    if (!done) {
        wipe(made.output);
        return done.error();
    }
    made.status = program.reap();
    if (made.status >= 0) return made;
    wipe(made.output);
    return fail(errc::internal, "how it ended cannot be learned: do not ignore SIGCHLD");
}

} // namespace fargate::inline v0

#endif

// ---- fargate/system/environment.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_ENVIRONMENT_HPP
#define FARGATE_SYSTEM_ENVIRONMENT_HPP

namespace fargate::inline v0 {

/// The only door to environment variables, files and other programs.
///
/// | expression            | type                         | contract                                                    |
/// |-----------------------|------------------------------|-------------------------------------------------------------|
/// | `e.variable(name)`    | `std::optional<std::string>` | the variable's text; nothing when it is not set              |
/// | `e.read_file(path)`   | `result<std::string>`        | the file's bytes, at most 1 MiB; `errc::not_found` when there |
/// |                       |                              | is no such file, `errc::bad_configuration` when it cannot be |
/// |                       |                              | read or is longer                                           |
/// | `e.home_directory()`  | (optional member)            | where the user's files are, when the variable `HOME` does not |
/// |                       | `std::optional<std::string>` | tell                                                        |
/// | `e.variables(prefix)` | (optional member)            | name and text of every variable whose name begins so, in any |
/// |                       | `std::vector<std::pair<      | order; without it, only names that are known beforehand are  |
/// |                       | std::string, std::string>>`  | found: `PREFECT__CLOUD__API`, but no `..._ENV_VARS__<NAME>`  |
/// | `e.write_file(path,   | (optional member)            | replaces the file, or makes it, all or nothing: readers see  |
/// | bytes)`               | `result<void>`               | the old bytes or the new; for its owner alone to read. Without|
/// |                       |                              | it, a renewed sign-on token is kept in memory                |
/// | `e.run(arguments,     | (optional member)            | what `run_program` does; without it, `credential_process` is  |
/// | program_limits)`      | `result<program_output>`     | an error                                                     |
///
/// `e` is const and may be used from several threads at once.
template <class Environment>
concept environment_policy = requires(Environment const& e, std::string_view name) {
    { e.variable(name) } -> std::same_as<std::optional<std::string>>;
    { e.read_file(name) } -> std::same_as<result<std::string>>;
};

/// A variable's text; nothing when it is not set or holds nothing but blanks, which is how scripts unset one.
template <environment_policy Environment>
[[nodiscard]] std::optional<std::string> filled_variable(Environment const& environment, std::string_view name) {
    auto value = environment.variable(name);
    if (value && text::trim(*value).empty()) value.reset();
    return value;
}

/// This process's environment and files, and the programs of its PATH.
class process_environment {
public:
    static constexpr std::size_t largest_file = 1024 * 1024;

    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const {
        char const* const value = std::getenv(std::string{name}.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string{value};
    }

    [[nodiscard]] std::vector<std::pair<std::string, std::string>> variables(std::string_view prefix) const {
        std::vector<std::pair<std::string, std::string>> found;
        for (char const* const* each = ::environ; each != nullptr && *each != nullptr; ++each) {
            std::string_view const entry{*each};
            auto const equals = entry.find('=');
            if (equals == std::string_view::npos || !entry.substr(0, equals).starts_with(prefix)) continue;
            found.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
        }
        return found;
    }

    [[nodiscard]] result<std::string> read_file(std::string_view path) const {
        std::string const name{path};
        std::FILE* const file = std::fopen(name.c_str(), "rbe");
        if (file == nullptr) {
            if (errno == ENOENT || errno == ENOTDIR || (errno == EACCES && hidden(name)))
                return fail(errc::not_found, "no file " + name);
            return fail(errc::bad_configuration, "cannot open " + name + ": check its permissions");
        }
        std::string text;
        char block[4096];
        std::size_t count = 0;
        while (text.size() <= largest_file && (count = std::fread(block, 1, sizeof block, file)) != 0)
            text.append(block, count);
        bool const broken = std::ferror(file) != 0;
        std::fclose(file);
        if (broken) return fail(errc::bad_configuration, "cannot read " + name + ": is it a file?");
        if (text.size() > largest_file) return fail(errc::bad_configuration, name + " is longer than 1 MiB");
        return text;
    }

    /// Writes a file beside it, mode 0600, and puts that in its place when every byte is on the disk. Nothing is left behind
    /// after a failure, which is `errc::bad_configuration`.
    [[nodiscard]] result<void> write_file(std::string_view path, std::string_view bytes) const {
        std::string const name{path};
        std::string draft = name + ".XXXXXX";
        int const file = mkostemp(draft.data(), O_CLOEXEC);
        if (file < 0) return fail(errc::bad_configuration, "cannot write " + name + ": check its directory");
        bool done = true;
        while (done && !bytes.empty()) {
            ssize_t const count = ::write(file, bytes.data(), bytes.size());
            if (count > 0)
                bytes.remove_prefix(static_cast<std::size_t>(count));
            else
                done = count < 0 && errno == EINTR;
        }
        done = done && ::fsync(file) == 0;
        done = ::close(file) == 0 && done;
        done = done && std::rename(draft.c_str(), name.c_str()) == 0;
        if (done) return {};
        ::unlink(draft.c_str());
        return fail(errc::bad_configuration,
                    "cannot write " + name + ": is there space, and no directory of that name?");
    }

    [[nodiscard]] result<program_output> run(std::vector<std::string> const& arguments,
                                             program_limits const& limits = {}) const {
        return run_program(arguments, limits);
    }

    [[nodiscard]] std::optional<std::string> home_directory() const {
        char texts[4096];
        passwd entry{};
        passwd* found = nullptr;
        if (getpwuid_r(geteuid(), &entry, texts, sizeof texts, &found) != 0 || found == nullptr) return std::nullopt;
        return std::string{found->pw_dir};
    }

private:
    /// In a directory that this user may not look into, as another user's home is in many containers: whatever is there is
    /// not for this process.
    static bool hidden(std::string const& name) {
        auto const slash = name.rfind('/');
        if (slash == std::string::npos) return false;
        return access(name.substr(0, slash + 1).c_str(), X_OK) != 0;
    }
};

} // namespace fargate::inline v0

#endif

// ---- fargate/aws/shared_files.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_AWS_SHARED_FILES_HPP
#define FARGATE_AWS_SHARED_FILES_HPP

namespace fargate::inline v0::aws {

/// Where the two shared files are; nothing where no home directory is known.
struct file_locations {
    std::optional<std::string> config{};
    std::optional<std::string> credentials{};
};

/// The profile that is meant, and whether somebody named it.
struct profile_choice {
    std::string name = "default";
    bool named = false;
    std::string warning{}; ///< for a log: two variables that name different profiles
};

/// `~/.aws/config` and `~/.aws/credentials`, read and merged: for one profile the credentials file wins setting by setting,
/// except that key id, secret and token come from one file together, the one that has any of key id and secret, the
/// credentials file first. Follows "Shared config and credentials files" of the AWS SDKs and Tools guide.
class shared_files {
public:
    shared_files() = default;

    shared_files(profile_file config, profile_file credentials) : config_{std::move(config)} {
        for (auto& each : credentials.warnings) config_.warnings.push_back(std::move(each));
        for (auto& [name, added] : credentials.profiles) merge(config_.profiles[name], std::move(added));
    }

    /// The section of a profile; nullptr when neither file has it.
    [[nodiscard]] section const* profile(std::string_view name) const { return find(config_.profiles, name); }
    /// `[sso-session name]`; nullptr when there is none.
    [[nodiscard]] section const* sso_session(std::string_view name) const { return find(config_.sso_sessions, name); }
    /// `[services name]`; nullptr when there is none.
    [[nodiscard]] section const* services(std::string_view name) const { return find(config_.services, name); }

    [[nodiscard]] sections const& profiles() const noexcept { return config_.profiles; }
    [[nodiscard]] sections const& sso_sessions() const noexcept { return config_.sso_sessions; }

    /// What was passed over while reading, one line each, without values.
    [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return config_.warnings; }

private:
    static section const* find(sections const& all, std::string_view name) {
        auto const found = all.find(name);
        return found == all.end() ? nullptr : &found->second;
    }

    static void merge(section& into, section added) {
        static constexpr std::string_view key_settings[] = {"aws_access_key_id", "aws_secret_access_key",
                                                            "aws_session_token", "aws_security_token"};
        bool const brings_key = added.has(key_settings[0]) || added.has(key_settings[1]);
        for (auto const name : key_settings) {
            auto& loser = (brings_key ? into : added).settings();
            if (auto const at = loser.find(name); at != loser.end()) loser.erase(at);
        }
        for (auto& [name, value] : added.settings()) into.settings().insert_or_assign(name, std::move(value));
    }

    profile_file config_; ///< after construction, what both files say
};

/// The user's home: `HOME`, on Windows then `USERPROFILE` and `HOMEDRIVE` with `HOMEPATH`, then what the system knows.
template <environment_policy Environment>
[[nodiscard]] std::optional<std::string> home_directory(Environment const& environment, bool windows = false) {
    if (auto home = filled_variable(environment, "HOME")) return home;
    if (windows) {
        if (auto home = filled_variable(environment, "USERPROFILE")) return home;
        auto const drive = filled_variable(environment, "HOMEDRIVE");
        auto const path = filled_variable(environment, "HOMEPATH");
        if (drive && path) return *drive + *path;
    }
    if constexpr (requires { environment.home_directory(); }) return environment.home_directory();
    return std::nullopt;
}

/// Where the shared files are: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` (a leading `~` is the home directory),
/// else in `.aws` below the home directory.
template <environment_policy Environment>
[[nodiscard]] file_locations locate_shared_files(Environment const& environment, bool windows = false) {
    auto const home = home_directory(environment, windows);
    std::string_view const slash = windows ? "\\" : "/";
    auto const place = [&](std::string_view variable, std::string_view leaf) -> std::optional<std::string> {
        if (auto named = filled_variable(environment, variable)) {
            if (!home || !(*named == "~" || named->starts_with("~/") || (windows && named->starts_with("~\\"))))
                return named;
            return *home + named->substr(1);
        }
        if (!home) return std::nullopt;
        std::string made = *home;
        if (!made.ends_with(slash)) made += slash;
        made += ".aws";
        made += slash;
        made += leaf;
        return made;
    };
    return {place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials")};
}

/// Reads both shared files; one that does not exist counts as empty. `errc::bad_configuration` names the file, and the
/// line if there is one, when a file cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<shared_files> load_shared_files(Environment const& environment) {
    auto const read = [&](std::optional<std::string> const& path, file_kind kind) -> result<profile_file> {
        if (!path) return profile_file{};
        auto text = environment.read_file(*path);
        if (!text && text.error().code == errc::not_found) return profile_file{};
        if (!text) return std::move(text).error();
        auto parsed = parse_profile_file(*text, kind, *path);
        wipe(*text);
        return parsed;
    };
    auto const where = locate_shared_files(environment);
    auto config = read(where.config, file_kind::config);
    if (!config) return std::move(config).error();
    auto credentials = read(where.credentials, file_kind::credentials);
    if (!credentials) return std::move(credentials).error();
    return shared_files{*std::move(config), *std::move(credentials)};
}

/// Which profile is meant: the given name, else `AWS_PROFILE`, else `AWS_DEFAULT_PROFILE`, else `default`.
template <environment_policy Environment>
[[nodiscard]] profile_choice choose_profile(Environment const& environment, std::string_view given = {}) {
    if (!given.empty()) return {std::string{given}, true};
    auto const first = filled_variable(environment, "AWS_PROFILE");
    auto const second = filled_variable(environment, "AWS_DEFAULT_PROFILE");
    if (!first && !second) return {};
    profile_choice made{std::string{text::trim(first ? *first : *second)}, true};
    if (first && second && text::trim(*first) != text::trim(*second))
        made.warning = "AWS_PROFILE and AWS_DEFAULT_PROFILE name different profiles: the former counts";
    return made;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/retry/mode.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_MODE_HPP
#define FARGATE_RETRY_MODE_HPP

namespace fargate::inline v0::retry {

/// The retry modes of the AWS SDKs by their names.
enum class mode : unsigned char { standard, legacy, adaptive };

/// What a configuration may say about repeats.
struct mode_options {
    std::optional<retry::mode> mode{};
    std::optional<int> max_attempts{}; ///< the first one included

    /// Nothing is said.
    [[nodiscard]] bool empty() const noexcept { return !mode && !max_attempts; }

    /// What this says and `other` does not.
    [[nodiscard]] mode_options beyond(mode_options const& other) const noexcept {
        return {other.mode ? std::nullopt : mode, other.max_attempts ? std::nullopt : max_attempts};
    }
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/aws/ambient.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_AMBIENT_HPP
#define FARGATE_AWS_AMBIENT_HPP

namespace fargate::inline v0::aws {

/// What was found, and where, for messages: `AWS_RETRY_MODE`, `retry_mode of profile default`.
struct ambient_setting {
    std::string text{};
    std::string from{};
};

/// Settings that the AWS SDKs read from a variable, or else from the chosen profile in the shared files. The files are read
/// once, when the first variable is missing; when they cannot be read, every setting that is not a variable is that error.
template <environment_policy Environment>
class ambient {
public:
    explicit ambient(Environment const& environment) : environment_{environment} {}

    [[nodiscard]] Environment const& environment() const noexcept { return environment_; }

    [[nodiscard]] std::optional<ambient_setting> variable(std::string_view name) const {
        auto value = filled_variable(environment_, name);
        if (!value) return std::nullopt;
        return ambient_setting{std::string{text::trim(*value)}, std::string{name}};
    }

    [[nodiscard]] result<std::optional<ambient_setting>> find(std::string_view name, std::string_view key) {
        if (auto found = variable(name)) return found;
        return of_profile(key);
    }

    /// An entry of the profile.
    [[nodiscard]] result<std::optional<ambient_setting>> of_profile(std::string_view key) {
        auto const section = profile();
        if (!section) return section.error();
        std::string_view const value = *section != nullptr ? text::trim((*section)->find(key).value_or("")) : "";
        if (value.empty()) return std::optional<ambient_setting>{};
        return std::optional{ambient_setting{std::string{value}, std::string{key} + " of profile " + name_}};
    }

    /// A nested entry of the profile: `addressing_style` below `s3 =`.
    [[nodiscard]] result<std::optional<ambient_setting>> of_profile(std::string_view key, std::string_view part) {
        auto const section = profile();
        if (!section) return section.error();
        std::string_view const value = *section != nullptr ? text::trim((*section)->find(key, part).value_or("")) : "";
        if (value.empty()) return std::optional<ambient_setting>{};
        auto const name = std::string{key}.append(".").append(part);
        return std::optional{ambient_setting{std::string{value}, name + " of profile " + name_}};
    }

    /// `endpoint_url` of a service in the section that the profile's `services` names.
    [[nodiscard]] result<std::optional<ambient_setting>> of_service(std::string_view service, std::string_view key) {
        auto const name = of_profile("services");
        if (!name) return name.error();
        if (!*name) return std::optional<ambient_setting>{};
        auto const* const section = (*files_)->services((*name)->text);
        if (section == nullptr)
            return fail(errc::bad_configuration,
                        (*name)->from + " names [services " + (*name)->text + "], which is not in the shared files");
        auto const value = text::trim(section->find(service, key).value_or(""));
        if (value.empty()) return std::optional<ambient_setting>{};
        return std::optional{ambient_setting{std::string{value}, std::string{key} + " of " + std::string{service} +
                                                                     " in [services " + (*name)->text + "]"}};
    }

    /// `true` or `false` in any case; nothing when it is set nowhere.
    [[nodiscard]] result<std::optional<bool>> flag(std::string_view name, std::string_view key) {
        auto const found = find(name, key);
        if (!found) return found.error();
        if (!*found) return std::optional<bool>{};
        if (text::iequals((*found)->text, "true")) return std::optional{true};
        if (text::iequals((*found)->text, "false")) return std::optional{false};
        return fail(errc::bad_configuration, (*found)->from + " is neither true nor false");
    }

private:
    /// nullptr when there is no such profile.
    [[nodiscard]] result<aws::section const*> profile() {
        if (!files_) {
            files_ = aws::load_shared_files(environment_);
            name_ = aws::choose_profile(environment_).name;
        }
        if (!*files_) return files_->error();
        return (*files_)->profile(name_);
    }

    Environment const& environment_;
    std::optional<result<aws::shared_files>> files_{};
    std::string name_{};
};

/// How often and how calls are repeated: AWS_RETRY_MODE or `retry_mode`, and AWS_MAX_ATTEMPTS or `max_attempts`, the first
/// attempt included. `errc::bad_configuration` names the place.
template <environment_policy Environment>
[[nodiscard]] result<retry::mode_options> ambient_repeats(ambient<Environment>& known) {
    auto const wrong = [](ambient_setting const& found, std::string const& wanted, char const* quote = "\"") {
        return fail(errc::bad_configuration,
                    found.from + " must be " + wanted + ", not " + quote + text::printable(found.text) + quote);
    };
    retry::mode_options made;
    auto const mode = known.find("AWS_RETRY_MODE", "retry_mode");
    if (!mode) return mode.error();
    if (*mode) {
        std::string_view const name = (*mode)->text;
        if (name == "standard") made.mode = retry::mode::standard;
        if (name == "legacy") made.mode = retry::mode::legacy;
        if (name == "adaptive") made.mode = retry::mode::adaptive;
        if (!made.mode) return wrong(**mode, "legacy, standard or adaptive");
    }
    auto const attempts = known.find("AWS_MAX_ATTEMPTS", "max_attempts");
    if (!attempts) return attempts.error();
    if (*attempts) {
        constexpr std::int64_t most = 1'000'000;
        std::string_view const digits = (*attempts)->text;
        std::int64_t number = 0;
        auto const [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        bool const whole = problem == std::errc{} && end == digits.data() + digits.size();
        if (!whole || number < 1 || number > most)
            return wrong(**attempts,
                         "a whole number of at least 1" +
                             (whole && number > most ? " and at most " + std::to_string(most) : std::string{}),
                         whole ? "" : "\"");
        made.max_attempts = static_cast<int>(number);
    }
    return made;
}

/// The PEM file of the certificates to trust: the option, AWS_CA_BUNDLE, `ca_bundle` of the profile, or as botocore has it
/// REQUESTS_CA_BUNDLE where that is a file (it may be a directory too, and is for others first); empty when none is named.
/// `errc::bad_configuration` when one of the first three cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<std::string> resolve_ca_file(std::string_view option, ambient<Environment>& known) {
    ambient_setting file{std::string{option}, "the option ca_file"};
    if (file.text.empty()) {
        auto found = known.find("AWS_CA_BUNDLE", "ca_bundle");
        if (!found) return found.error();
        if (!*found) {
            auto const also = known.variable("REQUESTS_CA_BUNDLE");
            bool const is_file = also && known.environment().read_file(also->text);
            return is_file ? also->text : std::string{};
        }
        file = **std::move(found);
    }
    if (auto const text = known.environment().read_file(file.text); !text)
        return fail(errc::bad_configuration, file.from + ": " + text.error().message);
    return std::move(file.text);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/http/fields.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_FIELDS_HPP
#define FARGATE_HTTP_FIELDS_HPP

namespace fargate::inline v0::http {

struct field {
    std::string name;
    std::string value;
};

/// Header fields in the order they were added; names compare without regard to ASCII case (RFC 9110 §5.1).
class fields {
public:
    fields() = default;
    fields(std::initializer_list<field> list) : list_{list} {}

    /// Appends a field, beside any others of the same name.
    void add(std::string name, std::string value) { list_.push_back({std::move(name), std::move(value)}); }

    /// Puts the value in place of the first field of that name and drops the others; appends when there is none.
    void set(std::string name, std::string value) {
        bool placed = false;
        std::erase_if(list_, [&](field& each) {
            if (!text::iequals(each.name, name)) return false;
            if (placed) return true;
            each.value = value;
            placed = true;
            return false;
        });
        if (!placed) add(std::move(name), std::move(value));
    }

    void erase(std::string_view name) {
        std::erase_if(list_, [&](field const& each) { return text::iequals(each.name, name); });
    }

    /// The first value of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
        for (auto const& each : list_)
            if (text::iequals(each.name, name)) return each.value;
        return std::nullopt;
    }

    /// The first value of that name, or empty text.
    [[nodiscard]] std::string_view value_of(std::string_view name) const noexcept { return find(name).value_or(""); }

    [[nodiscard]] auto begin() const noexcept { return list_.begin(); }
    [[nodiscard]] auto end() const noexcept { return list_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    void clear() noexcept { list_.clear(); }

private:
    std::vector<field> list_;
};

} // namespace fargate::inline v0::http

#endif

// ---- fargate/http/message.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_MESSAGE_HPP
#define FARGATE_HTTP_MESSAGE_HPP

namespace fargate::inline v0::http {

/// How long and how much one exchange may take. Zero switches a time limit off.
struct limits {
    std::chrono::milliseconds connect{10'000}; ///< name lookup, TCP and TLS together
    std::chrono::milliseconds idle{30'000};    ///< between received bytes
    std::chrono::milliseconds total{120'000};  ///< the whole exchange
    std::size_t body = 16 * 1024 * 1024;       ///< bytes of the answer's body
    std::size_t head = 256 * 1024;             ///< bytes of the answer's status line and fields
};

struct response;

/// Takes the body of a 2xx answer piece by piece, so that it need not fit into memory and what came before a connection broke
/// is not lost. Called on the thread that sends, in the course of `send`; must not throw. Bytes are only lent.
class body_sink {
public:
    body_sink() = default;
    body_sink(body_sink const&) = delete;
    body_sink& operator=(body_sink const&) = delete;

    /// Status and fields of the answer whose body follows; false ends the exchange with errc::cancelled.
    [[nodiscard]] virtual bool begin(response const& head) = 0;
    /// The next bytes; false ends the exchange with errc::cancelled.
    [[nodiscard]] virtual bool take(std::string_view bytes) = 0;

protected:
    ~body_sink() = default;
};

/// One request. `url` is absolute (`https://host[:port]/path?query`) with its path and query exactly as they go on the
/// wire. `headers` are sent as given and in that order; `Host` is among them when it is part of a signature.
struct request {
    std::string method = "GET";
    std::string url{};
    fields headers{};
    std::string body{};
    http::limits limits{};
    std::stop_token stop{};    ///< ends the exchange early with errc::cancelled
    bool bypass_proxy = false; ///< link-local metadata services are never reached through a proxy
    std::string ca_file{};     ///< PEM certificates to trust in place of the policy's own choice; empty: that one.
                               ///< errc::bad_configuration names one that cannot be read
    /// Where the body of a 2xx answer goes, `limits.body` not counted, with `response::body` left empty. A policy that does
    /// not know sinks may leave it alone and hand the body over as ever: who sets one looks for `begin`. Not owned.
    body_sink* sink = nullptr;
};

/// One answer, whatever its status. Interim (1xx) answers are never one.
struct response {
    int status = 0;
    fields headers{};
    std::string body{};
};

} // namespace fargate::inline v0::http

#endif

// ---- fargate/system/random.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_RANDOM_HPP
#define FARGATE_SYSTEM_RANDOM_HPP

namespace fargate::inline v0 {

/// Where 64 random bits come from: a function, so that a test can put its own in place of `random_bits`.
using random_source = std::uint64_t (*)();

/// Bits from the operating system, drawn anew each time: there is no state that a forked process would share. Good for
/// identifiers and jitter; keys are not made here.
[[nodiscard]] inline std::uint64_t random_bits() {
    std::random_device device;
    std::uint64_t const high = device();
    return (high << 32U) | device();
}

/// A number in [0, 1).
[[nodiscard]] inline double random_fraction(random_source bits = random_bits) {
    return static_cast<double>(bits() >> 11U) * 0x1p-53;
}

/// A random UUID (RFC 9562, version 4) in its lower-case text form.
[[nodiscard]] inline std::string random_uuid(random_source bits = random_bits) {
    constexpr char digits[] = "0123456789abcdef";
    std::uint64_t const high = (bits() & ~0xF000ULL) | 0x4000ULL;
    std::uint64_t const low = (bits() & ~(3ULL << 62U)) | (1ULL << 63U);
    std::string text;
    text.reserve(36);
    for (unsigned at = 0; at != 32; ++at) {
        if (at == 8 || at == 12 || at == 16 || at == 20) text += '-';
        std::uint64_t const half = at < 16 ? high : low;
        text += digits[(half >> (60U - 4U * (at % 16U))) & 0xFU];
    }
    return text;
}

} // namespace fargate::inline v0

#endif

// ---- fargate/aws/client_options.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_AWS_CLIENT_OPTIONS_HPP
#define FARGATE_AWS_CLIENT_OPTIONS_HPP

namespace fargate::inline v0::aws {

/// What a caller may decide about the calls of one service client. Everything may stay as it is: then the environment
/// decides, as the AWS SDKs have it (the variable beside each member), and then the profile in the shared files.
struct client_options {
    std::string region{};       ///< AWS_REGION, AWS_DEFAULT_REGION
    std::string endpoint_url{}; ///< AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL; with a base path if it has one
    std::optional<bool>
        ignore_configured_endpoint_urls{}; ///< AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: only the option counts
    std::optional<bool> use_fips{};        ///< AWS_USE_FIPS_ENDPOINT; not applied to an endpoint URL
    std::optional<bool> use_dualstack{};   ///< AWS_USE_DUALSTACK_ENDPOINT; likewise
    http::limits limits{};                 ///< of each attempt
    /// For one call with all its attempts and waits; zero is none. What cannot be done within it is not waited for: the
    /// call ends at once with what went wrong last. An attempt is cut short at it; fetching a key is not.
    std::chrono::milliseconds deadline{0};
    std::string ca_file{};            ///< AWS_CA_BUNDLE; PEM certificates to trust in place of the machine's
    std::string user_agent{};         ///< in place of the whole User-Agent but for what follows
    std::string user_agent_extra{};   ///< stands behind it
    std::string app_id{};             ///< AWS_SDK_UA_APP_ID; the `app/` of the User-Agent
    bool anonymous = false;           ///< sends requests unsigned and asks nobody for a key
    bool parameter_validation = true; ///< false: what is over a limit of AWS's is sent, for AWS to refuse
    bool client_tokens = true; ///< gives a RunTask without clientToken one, so that a repeat starts nothing twice
    /// Keeps an `ecs` below the rates at which ECS throttles, see `ecs_rates`. Unless told, not under an endpoint URL: what
    /// answers there may be slower or faster.
    std::optional<bool> api_rates{};
    random_source random = random_bits;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/region.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_REGION_HPP
#define FARGATE_AWS_REGION_HPP

namespace fargate::inline v0::aws {

/// A group of regions with one set of host names and one set of accounts.
struct partition {
    std::string_view id;
    std::string_view dns_suffix;
    std::string_view dual_stack_suffix; ///< for every service but S3, which keeps the plain one
    bool s3_fips = true;                ///< S3 has FIPS hosts here
    bool s3_accelerate = false;         ///< S3 has transfer acceleration here
};

namespace detail {

struct region_rule {
    std::string_view prefix; ///< what its regions begin with, before `<word>-<digits>`
    partition where;
};

inline constexpr partition aws_partition{"aws", "amazonaws.com", "api.aws", true, true};
inline constexpr partition china_partition{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false};

inline constexpr region_rule region_rules[] = {
    {"cn-", china_partition},
    {"us-gov-", {"aws-us-gov", "amazonaws.com", "api.aws"}},
    {"us-iso-", {"aws-iso", "c2s.ic.gov", "api.aws.ic.gov"}},
    {"us-isob-", {"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"}},
    {"eu-isoe-", {"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"}},
    {"us-isof-", {"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"}},
    {"eusc-de-", {"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"}},
};

/// `<word>-<digits>`, e.g. `north-1`.
[[nodiscard]] constexpr bool is_place(std::string_view text) noexcept {
    std::size_t const dash = text.find('-');
    if (dash == 0 || dash == std::string_view::npos || dash + 1 == text.size()) return false;
    for (char const c : text.substr(dash + 1))
        if (!text::is_digit(c)) return false;
    return true;
}

} // namespace detail

/// The partition of a region, `aws-cn-global` and its like included. A region that no rule knows is taken for one of
/// the `aws` partition, so that new regions work without an update of this table.
[[nodiscard]] constexpr partition const& partition_of(std::string_view region) noexcept {
    constexpr std::string_view global = "-global";
    for (auto const& rule : detail::region_rules) {
        if (region.starts_with(rule.prefix) && detail::is_place(region.substr(rule.prefix.size()))) return rule.where;
        if (region.ends_with(global) && region.substr(0, region.size() - global.size()) == rule.where.id)
            return rule.where;
    }
    return detail::aws_partition;
}

/// One label of a host name: 1 to 63 of `a-z 0-9 -`, not at the edge a dash. A region becomes part of a host name, so
/// anything else is refused before it gets there.
[[nodiscard]] constexpr bool is_host_label(std::string_view text) noexcept {
    if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
    for (char const c : text)
        if (!text::is_lower(c) && !text::is_digit(c) && c != '-') return false;
    return true;
}

/// The region to call: the option when it is given, else AWS_REGION, AWS_DEFAULT_REGION, `region` of the profile in the
/// shared files; an empty one counts as not given. `errc::bad_configuration` when there is none or when it cannot be one.
template <environment_policy Environment>
[[nodiscard]] result<std::string> resolve_region(std::string_view option, ambient<Environment>& known) {
    ambient_setting region{std::string{option}, "the option region_name"};
    if (region.text.empty()) {
        auto found = known.variable("AWS_REGION");
        if (!found) {
            auto other = known.find("AWS_DEFAULT_REGION", "region");
            if (!other) return other.error();
            found = *std::move(other);
        }
        if (!found)
            return fail(errc::bad_configuration, "no region: set the option region_name or the variable AWS_REGION");
        region = *std::move(found);
    }
    if (!is_host_label(region.text))
        return fail(errc::bad_configuration, region.from + " holds no region name: expected one like eu-west-1");
    return std::move(region.text);
}

/// The same, reading the shared files anew.
template <environment_policy Environment>
[[nodiscard]] result<std::string> resolve_region(std::string_view option, Environment const& environment) {
    ambient<Environment> known{environment};
    return resolve_region(option, known);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/text/hex.hpp -------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_HEX_HPP
#define FARGATE_TEXT_HEX_HPP

namespace fargate::inline v0::text {

/// The value of a hexadecimal digit of either case, -1 for any other character.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Appends two lower-case digits for each byte.
inline void append_hex(std::string& out, std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::size_t at = out.size();
    out.resize(at + 2 * bytes.size());
    for (char const each : bytes) {
        auto const byte = static_cast<unsigned char>(each);
        out[at++] = digits[byte >> 4U];
        out[at++] = digits[byte & 0xFU];
    }
}

/// Two lower-case digits for each byte.
[[nodiscard]] inline std::string to_hex(std::string_view bytes) {
    std::string made;
    append_hex(made, bytes);
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/uri.hpp -------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_URI_HPP
#define FARGATE_TEXT_URI_HPP

namespace fargate::inline v0::text {

/// An http or https address taken apart, borrowed from its text.
struct url {
    std::string_view scheme;    ///< `http` or `https`, lower case
    std::string_view authority; ///< host and port as written: `Example.com:8443`, `[::1]`
    std::string_view host;      ///< as written, without brackets and port
    std::string_view path;      ///< as written; empty, or begins with `/`
    std::string_view query;     ///< as written, without `?`
    std::uint16_t port = 0;     ///< 80 or 443 when none is written
    bool has_query = false;     ///< there is a `?`, be it with nothing behind it
};

namespace detail {

[[nodiscard]] constexpr bool is_ipv6_character(char c) noexcept { return hex_value(c) >= 0 || c == ':' || c == '.'; }

/// Letters, digits, `-`, `.`, and the `_` that container networks use.
[[nodiscard]] constexpr bool is_host_character(char c) noexcept {
    return is_alnum(c) || c == '-' || c == '.' || c == '_';
}

[[nodiscard]] constexpr bool is_host(std::string_view host, bool bracketed) noexcept {
    if (host.empty()) return false;
    for (char const c : host)
        if (bracketed ? !is_ipv6_character(c) : !is_host_character(c)) return false;
    return !bracketed || host.find(':') != std::string_view::npos;
}

/// The number 1 to 65535 that `digits` writes, else 0.
[[nodiscard]] constexpr std::uint16_t read_port(std::string_view digits) noexcept {
    unsigned port = 0;
    if (digits.empty() || digits.size() > 5) return 0;
    for (char const c : digits) {
        if (!is_digit(c)) return 0;
        port = port * 10 + static_cast<unsigned>(c - '0');
    }
    return port <= 65535 ? static_cast<std::uint16_t>(port) : std::uint16_t{0};
}

} // namespace detail

/// Takes an absolute http or https URL apart (RFC 3986); nothing is decoded or moved. Refuses with
/// `errc::invalid_argument`, never quoting the text: other schemes, a user or password, a fragment, blanks and control
/// bytes anywhere, a host that is none, a port outside 1..65535.
[[nodiscard]] inline result<url> split_url(std::string_view text) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    url made;
    auto const colon = text.find("://");
    if (colon == std::string_view::npos) return refuse("the address does not begin with http:// or https://");
    if (iequals(text.substr(0, colon), "https")) {
        made.scheme = "https";
        made.port = 443;
    } else if (iequals(text.substr(0, colon), "http")) {
        made.scheme = "http";
        made.port = 80;
    } else {
        return refuse("the address does not begin with http:// or https://");
    }
    for (char const c : text) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
            return refuse("the address holds a blank or a control byte: write it as %XX");
        if (c == '#') return refuse("the address holds a fragment: leave out # and what follows");
    }
    text.remove_prefix(colon + 3);
    auto const end = text.find_first_of("/?");
    made.authority = text.substr(0, end);
    std::string_view const target = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    auto const mark = target.find('?');
    made.path = target.substr(0, mark);
    made.has_query = mark != std::string_view::npos;
    if (made.has_query) made.query = target.substr(mark + 1);

    if (contains(made.authority, "@")) return refuse("the address holds a user or password: leave them out");
    bool const bracketed = made.authority.starts_with('[');
    auto const close = bracketed ? made.authority.find(']') : made.authority.find(':');
    if (bracketed && close == std::string_view::npos)
        return refuse("the address opens a bracket and does not close it");
    made.host = bracketed ? made.authority.substr(1, close - 1) : made.authority.substr(0, close);
    if (!detail::is_host(made.host, bracketed)) return refuse("the address names no valid host");
    std::string_view rest = close == std::string_view::npos ? std::string_view{} : made.authority.substr(close);
    if (bracketed) rest.remove_prefix(1);
    if (!rest.empty()) {
        made.port = rest.front() == ':' ? detail::read_port(rest.substr(1)) : std::uint16_t{0};
        if (made.port == 0) return refuse("the address's port is not a number from 1 to 65535");
    }
    return made;
}

/// What the `Host` field says of an address, so that what is sent and what is signed agree: lower case, brackets around
/// IPv6, the port only when it is not the scheme's own.
[[nodiscard]] inline std::string host_field(url const& address) {
    std::string made = lower(address.host);
    if (contains(made, ":")) made = '[' + made + ']';
    if (address.port != (address.scheme == "https" ? 443 : 80)) made += ':' + std::to_string(address.port);
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/aws/endpoint.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_ENDPOINT_HPP
#define FARGATE_AWS_ENDPOINT_HPP

namespace fargate::inline v0::aws {

/// A service by its three names.
struct service {
    std::string_view prefix;       ///< in host names: `tagging`
    std::string_view signing_name; ///< in signatures
    std::string_view id;           ///< in AWS_ENDPOINT_URL_<id>
};

inline constexpr service ecs_service{"ecs", "ecs", "ECS"};
inline constexpr service s3_service{"s3", "s3", "S3"};
inline constexpr service sts_service{"sts", "sts", "STS"};
inline constexpr service sso_service{"portal.sso", "awsssoportal", "SSO"};
inline constexpr service sso_oidc_service{"oidc", "sso-oauth", "SSO_OIDC"};
inline constexpr service tagging_service{"tagging", "tagging", "RESOURCE_GROUPS_TAGGING_API"};

/// Where a request goes and which region signs it.
struct endpoint {
    std::string scheme = "https";
    std::string authority{}; ///< `host` or `host:port` for the URL
    std::string host{}; ///< what goes into the Host field: lower case, the port only where it is not the scheme's own
    std::string base_path{}; ///< goes before every path; empty, or starts with `/` and does not end with one
    std::string region{};

    /// A request path behind the base path; the root stands for the base path itself.
    [[nodiscard]] std::string path(std::string_view of_request) const {
        if (!base_path.empty() && of_request == "/") return base_path;
        return base_path + std::string{of_request};
    }
};

/// What decides where the calls of a client go: the region, the host variant, and an endpoint that replaces both.
struct target {
    std::string region{};
    bool use_fips = false;
    bool use_dualstack = false;
    std::optional<endpoint> custom{};
};

/// The endpoint at a host of AWS's own.
[[nodiscard]] inline endpoint endpoint_at(std::string host, std::string region) {
    endpoint made;
    made.authority = host;
    made.host = std::move(host);
    made.region = std::move(region);
    return made;
}

/// The endpoint that an URL names. `errc::bad_configuration`, naming `from`, when it is no http(s) URL of host, port and
/// path alone.
[[nodiscard]] inline result<endpoint> endpoint_of_url(std::string_view url, std::string region, std::string_view from) {
    auto const parts = text::split_url(url);
    if (!parts) return fail(errc::bad_configuration, std::string{from} + ": " + parts.error().message);
    if (parts->has_query) return fail(errc::bad_configuration, std::string{from} + ": an endpoint URL takes no query");
    endpoint made;
    made.scheme = parts->scheme;
    made.authority = parts->authority;
    made.host = text::host_field(*parts);
    made.base_path = parts->path;
    while (made.base_path.ends_with('/')) made.base_path.pop_back();
    made.region = std::move(region);
    return made;
}

/// The regional endpoint of a service (not of S3, whose buckets have hosts of their own: see `s3_address`), by the one
/// rule `{prefix}[-fips].{region}.{suffix}` and its exceptions in STS and, for FIPS in us-gov, in single sign-on.
[[nodiscard]] inline endpoint endpoint_of(service const& of, target const& to) {
    if (to.custom) return *to.custom;
    partition const& where = partition_of(to.region);
    bool const sts = of.id == sts_service.id;
    bool const plain = !to.use_fips && !to.use_dualstack;
    if (sts && plain && to.region == "aws-global") return endpoint_at("sts.amazonaws.com", "us-east-1");
    bool const sign_on = of.id == sso_service.id || of.id == sso_oidc_service.id;
    bool const fips_already = (sts || sign_on) && !to.use_dualstack && where.id == "aws-us-gov";
    std::string host{of.prefix};
    if (to.use_fips && !fips_already) host += "-fips";
    host += "." + to.region + ".";
    host += to.use_dualstack ? where.dual_stack_suffix : where.dns_suffix;
    return endpoint_at(std::move(host), to.region);
}

namespace detail {

/// The endpoint that the environment or the profile configures for a service, in the SDKs' order.
template <environment_policy Environment>
[[nodiscard]] result<std::optional<ambient_setting>> configured_endpoint(service const& of,
                                                                         ambient<Environment>& known) {
    if (auto found = known.variable("AWS_ENDPOINT_URL_" + std::string{of.id})) return found;
    if (auto found = known.variable("AWS_ENDPOINT_URL")) return found;
    auto found = known.of_service(text::lower(of.id), "endpoint_url");
    if (!found || *found) return found;
    return known.of_profile("endpoint_url");
}

} // namespace detail

/// Asks options, environment and profile, in the SDKs' order, where the calls of a service go.
template <environment_policy Environment>
[[nodiscard]] result<target> resolve_target(service const& of, client_options const& options,
                                            ambient<Environment>& known) {
    auto region = resolve_region(options.region, known);
    if (!region) return region.error();
    auto const choose = [&known](std::optional<bool> given, std::string_view name,
                                 std::string_view key) -> result<bool> {
        if (given) return *given;
        auto const found = known.flag(name, key);
        if (!found) return found.error();
        return found->value_or(false);
    };
    auto const fips = choose(options.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    if (!fips) return fips.error();
    auto const dualstack = choose(options.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    if (!dualstack) return dualstack.error();
    auto const ignore = choose(options.ignore_configured_endpoint_urls, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                               "ignore_configured_endpoint_urls");
    if (!ignore) return ignore.error();

    target made{*region, *fips, *dualstack, std::nullopt};
    ambient_setting url{options.endpoint_url, "the option endpoint_url"};
    if (url.text.empty() && !*ignore) {
        auto configured = detail::configured_endpoint(of, known);
        if (!configured) return configured.error();
        if (*configured) url = **std::move(configured);
    }
    if (url.text.empty()) return made;
    auto custom = endpoint_of_url(url.text, *region, url.from);
    if (!custom) return custom.error();
    made.custom = *std::move(custom);
    return made;
}

/// The same, reading the shared files anew.
template <environment_policy Environment>
[[nodiscard]] result<target> resolve_target(service const& of, client_options const& options,
                                            Environment const& environment) {
    ambient<Environment> known{environment};
    return resolve_target(of, options, known);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/sigv4/scope.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_SCOPE_HPP
#define FARGATE_SIGV4_SCOPE_HPP

namespace fargate::inline v0::sigv4 {

/// What a signature is good for, besides its day: the region and the signing name of the service (`ecs`, `s3`,
/// `tagging`, `sts`). Borrowed.
struct scope {
    std::string_view region;
    std::string_view service;
};

/// What becomes of a session token: part of the signature, or sent beside it.
enum class token_rule : unsigned char { sign, omit };

/// The payload hash of a body that is not signed; services take it over https only.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// How a service wants its requests signed. The defaults are right for every service but S3.
struct settings {
    bool normalize_path = true; ///< resolve `.` and `..` and collapse `//` before signing, not on the wire
    bool double_encode = true;  ///< percent-encode the path of the wire once more before signing
    token_rule token = token_rule::sign;
    bool content_sha256 = false;     ///< tell the payload hash in `x-amz-content-sha256`, and sign that
    std::string_view payload_hash{}; ///< instead of the body's: its SHA-256 in hex, or `unsigned_payload`
};

/// S3's rules: the path signed is the path sent, and the payload hash is told in a header. A presigned URL has no such
/// header, so that there the payload is not signed.
inline constexpr settings s3{
    .normalize_path = false,
    .double_encode = false,
    .token = token_rule::sign,
    .content_sha256 = true,
    .payload_hash = {},
};

/// Appends the credential scope of a day (`20240102`): `20240102/us-east-1/ecs/aws4_request`.
inline void append_credential_scope(std::string& out, std::string_view date, scope const& where) {
    out += date;
    out += '/';
    out += where.region;
    out += '/';
    out += where.service;
    out += "/aws4_request";
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/aws/call.hpp -------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_CALL_HPP
#define FARGATE_AWS_CALL_HPP

namespace fargate::inline v0::aws {

struct service_failure;

/// How a service words its errors.
enum class protocol : unsigned char {
    json, ///< AWS JSON 1.1: ECS, tagging
    xml   ///< S3's REST with XML errors
};

/// One call of one operation, as it is before anybody signs it; every attempt is made from the same call.
struct call {
    std::string_view operation; ///< `RunTask`; static text, for messages
    endpoint where{};
    std::string method = "POST";
    std::string path = "/"; ///< behind the endpoint's base path, percent-encoded
    std::string query{};    ///< percent-encoded, without `?`
    http::fields headers{}; ///< all of these are signed
    std::string body{};
    protocol speaks = protocol::json;
    sigv4::settings signing{};
    std::optional<std::chrono::milliseconds> deadline{}; ///< in place of `client_options::deadline`
    retry::tolls tolls{};                                ///< what every attempt takes of the API's rates
    service_failure* failure = nullptr; ///< when set, receives what the last answer with an error status said
    /// When set, takes the body of a 2xx answer, as far as the HTTP policy knows sinks. In `begin` and `take` it may change
    /// `headers`: every attempt is made from the call as it is by then, so that it can ask for what is still missing.
    http::body_sink* sink = nullptr;
};

/// A call of an AWS JSON 1.1 operation. `target_prefix` is the service's, e.g. `AmazonEC2ContainerServiceV20141113`.
[[nodiscard]] inline call json_call(std::string_view operation, std::string_view target_prefix, endpoint where,
                                    json::value const& input) {
    call made;
    made.operation = operation;
    made.where = std::move(where);
    made.headers.add("X-Amz-Target", std::string{target_prefix}.append(".").append(operation));
    made.headers.add("Content-Type", "application/x-amz-json-1.1");
    made.body = json::write(input);
    return made;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/retry/policy.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_POLICY_HPP
#define FARGATE_RETRY_POLICY_HPP

namespace fargate::inline v0::retry {

/// How one attempt ended, as far as trying again is concerned.
enum class verdict : unsigned char {
    succeeded, ///< answered; nothing to repeat
    refused,   ///< a definite no: the same request would be refused again
    transient, ///< a lost connection, a time-out, a 5xx
    throttled  ///< too fast: the service asks for patience
};

struct outcome {
    verdict kind = verdict::succeeded;
    std::optional<std::chrono::milliseconds> server_hint{}; ///< `x-amz-retry-after`
};

/// One call's book with its policy: starts as `{}`, is passed to every `next` of that call, and belongs to the policy.
struct progress {
    int attempts = 0; ///< attempts that have ended
    int held = 0;     ///< what the last repeat took from a shared quota
};

/// Decides whether and when to try again; never waits and never sends.
///
/// | expression                  | type                      | contract                                                      |
/// |-----------------------------|---------------------------|---------------------------------------------------------------|
/// | `r.next(progress, outcome)` | `std::optional<duration>` | called once after every attempt, the last one included: how    |
/// |                             |                           | long to wait before the next attempt, or nothing to give up.   |
/// |                             |                           | Updates `progress`. May be called from several threads at once |
/// | `r.before_send(now)`        | (optional member)         | called before every attempt: how long it must wait before it   |
/// |                             | `duration`                | goes out, never negative                                       |
/// | `r.after_send(now, outcome)` | (optional member)        | called when an attempt has ended, before `next`, and also when |
/// |                             | `void`                    | `next` is not asked because the attempt is made good at once   |
/// | `r.max_attempts()`          | (optional member) `int`   | attempts a call has at most, for `amz-sdk-request`             |
/// | `r.with(mode_options)`      | (optional member) a       | a policy of its own that is as `r` but for what the            |
/// |                             | policy of `r`'s type      | `retry::mode_options` say                                      |
/// | `r.told()`                  | (optional member, beside  | what the program itself decided; the rest a client asks the    |
/// |                             | `with`) `mode_options`    | environment for, and then stands on `r.with(...)`              |
template <class Retry>
concept retry_policy = requires(Retry& r, progress& book, outcome const& how) {
    { r.next(book, how) } -> std::same_as<std::optional<duration>>;
};

/// Tries once.
struct never {
    std::optional<duration> next(progress& book, outcome const&) const noexcept {
        ++book.attempts;
        return std::nullopt;
    }
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/aws/verdict.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_VERDICT_HPP
#define FARGATE_AWS_VERDICT_HPP

namespace fargate::inline v0::aws {

namespace detail {

inline constexpr std::string_view throttling_codes[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};

inline constexpr std::string_view transient_codes[] = {"RequestTimeout", "RequestTimeoutException", "InternalError"};

/// STS asks the identity provider for its keys: it may not answer, or the role may be too new to be known everywhere.
inline constexpr std::string_view sts_transient_codes[] = {"IDPCommunicationError", "InvalidIdentityToken"};

inline constexpr std::string_view refused_key_codes[] = {
    "UnrecognizedClientException", "InvalidClientTokenId",
    "InvalidAccessKeyId",          "InvalidToken",
    "InvalidSignatureException",   "SignatureDoesNotMatch",
    "IncompleteSignature",         "ExpiredToken",
    "ExpiredTokenException",       "AuthFailure",
    "MissingAuthenticationToken",  "MissingAuthenticationTokenException",
};

/// What ECS throttles under other names: pairs of the code it uses and a text in the message.
struct hidden_throttle {
    std::string_view code;
    std::string_view part;
};
inline constexpr hidden_throttle ecs_hidden_throttles[] = {
    {"InvalidParameterException", "Rate exceeded"}, // another service, behind ECS, throttles
    {"InvalidParameterException", "ErrorCode: Throttling"},
    {"ClientException", "Rate exceeded"},
    {"ClientException", "Too many concurrent attempts to create a new revision"},
    {"ClientException", "PROVISIONING"}, // the quota of tasks that are starting
};

[[nodiscard]] constexpr bool holds(std::span<std::string_view const> codes, std::string_view code) noexcept {
    for (auto const each : codes)
        if (each == code) return true;
    return false;
}

} // namespace detail

/// The key ran out, or is none that the service knows (any more): if it was a temporary one, a new one may do.
[[nodiscard]] constexpr bool is_expired_key(std::string_view code) noexcept {
    return code == "ExpiredToken" || code == "ExpiredTokenException" || code == "InvalidToken" ||
           code == "InvalidClientTokenId" || code == "UnrecognizedClientException";
}

/// The service does not accept the key or what it signed. (That the key may not do what it asked for, AccessDenied, is
/// another matter.)
[[nodiscard]] constexpr bool is_refused_key(int status, std::string_view code) noexcept {
    return status == 401 || detail::holds(detail::refused_key_codes, code);
}

/// How far a code speaks of a wrong clock.
enum class clock_doubt : unsigned char {
    none,
    possible, ///< a wrong signature has other causes too: only if the clocks differ by minutes
    definite
};

[[nodiscard]] constexpr clock_doubt doubt_of(std::string_view code) noexcept {
    if (code == "RequestTimeTooSkewed" || code == "RequestExpired" || code == "RequestInTheFuture")
        return clock_doubt::definite;
    if (code == "InvalidSignatureException" || code == "SignatureDoesNotMatch" || code == "AuthFailure")
        return clock_doubt::possible;
    return clock_doubt::none;
}

/// Judges a failed attempt for the retry policy: the SDKs' table of standard mode, and where it is known to be wrong, ours.
/// ECS's LimitExceededException is a quota and stays one; ECS throttles that hide behind other codes are throttles; so is
/// a bare 429. A refused certificate, an answer past the limit and a cancelled call are never repeated.
[[nodiscard]] constexpr retry::verdict judge(std::string_view service_id, error const& why) noexcept {
    using retry::verdict;
    switch (why.code) {
    case errc::timed_out:
    case errc::connection_failed:
    case errc::malformed_response: return verdict::transient;
    case errc::service_error:
    case errc::unauthorized:
    case errc::not_found: break;
    default: return verdict::refused;
    }
    bool const ecs = service_id == "ECS";
    if (ecs && why.service_code == "LimitExceededException") return verdict::refused;
    if (detail::holds(detail::throttling_codes, why.service_code)) return verdict::throttled;
    if (ecs)
        for (auto const& each : detail::ecs_hidden_throttles)
            if (each.code == why.service_code && text::contains(why.message, each.part)) return verdict::throttled;
    if (why.http_status == 429) return verdict::throttled;
    if (detail::holds(detail::transient_codes, why.service_code)) return verdict::transient;
    if (service_id == "STS" && detail::holds(detail::sts_transient_codes, why.service_code)) return verdict::transient;
    int const status = why.http_status;
    return status == 500 || (status >= 502 && status <= 504) ? verdict::transient : verdict::refused;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/xml.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_XML_HPP
#define FARGATE_AWS_XML_HPP

namespace fargate::inline v0::aws {

/// An element of a small XML document: its name without a name-space prefix, the text directly inside it, and the
/// elements directly inside it. Attributes are read over.
struct xml_element {
    std::string name{};
    std::string text{};
    std::vector<xml_element> children{};

    /// The first child of that name.
    [[nodiscard]] xml_element const* child(std::string_view of_name) const noexcept {
        for (auto const& each : children)
            if (each.name == of_name) return &each;
        return nullptr;
    }

    /// The text of the first child of that name, or empty text.
    [[nodiscard]] std::string_view text_of(std::string_view of_name) const noexcept {
        auto const* const found = child(of_name);
        return found != nullptr ? std::string_view{found->text} : std::string_view{};
    }
};

namespace detail {

/// Reads the XML that services answer with. What they never send is refused: document types and with them entities of
/// one's own, deep nesting, very many elements.
class xml_reader {
public:
    static constexpr std::size_t deepest = 32;
    static constexpr std::size_t most_elements = 2000;

    explicit xml_reader(std::string_view text) : text_{text} {}

    [[nodiscard]] bool document(xml_element& root) {
        if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
        return misc() && element(root, 0) && misc() && at_ == text_.size();
    }

private:
    [[nodiscard]] bool next_is(std::string_view what) const noexcept { return text_.substr(at_).starts_with(what); }

    [[nodiscard]] bool take(std::string_view what) noexcept {
        if (!next_is(what)) return false;
        at_ += what.size();
        return true;
    }

    /// Moves behind the next `end` and gives what stands before it.
    [[nodiscard]] bool until(std::string_view end, std::string_view& before) noexcept {
        std::size_t const found = text_.find(end, at_);
        if (found == std::string_view::npos) return false;
        before = text_.substr(at_, found - at_);
        at_ = found + end.size();
        return true;
    }

    void space() noexcept {
        while (at_ < text_.size() && text::is_space(text_[at_])) ++at_;
    }

    /// Space, comments and processing instructions around the root element.
    [[nodiscard]] bool misc() noexcept {
        std::string_view skipped;
        for (;;) {
            space();
            if (take("<?")) {
                if (!until("?>", skipped)) return false;
            } else if (take("<!--")) {
                if (!until("-->", skipped)) return false;
            } else {
                return true;
            }
        }
    }

    [[nodiscard]] std::string_view name() noexcept {
        std::size_t const start = at_;
        while (at_ < text_.size() && text_.substr(at_, 1).find_first_of(" \t\r\n/>=<&\"'") == std::string_view::npos)
            ++at_;
        return text_.substr(start, at_ - start);
    }

    [[nodiscard]] bool attributes() noexcept {
        for (;;) {
            space();
            if (next_is(">") || next_is("/>")) return true;
            if (name().empty()) return false;
            space();
            if (!take("=")) return false;
            space();
            std::string_view skipped;
            if (take("\"") ? !until("\"", skipped) : !(take("'") && until("'", skipped))) return false;
        }
    }

    [[nodiscard]] bool element(xml_element& made, std::size_t depth) {
        if (depth == deepest || ++count_ > most_elements || !take("<")) return false;
        std::string_view const tag = name();
        if (tag.empty() || !attributes()) return false;
        made.name = tag.substr(tag.find(':') == std::string_view::npos ? 0 : tag.find(':') + 1);
        if (take("/>")) return true;
        if (!take(">") || !content(made, depth)) return false;
        if (name() != tag) return false;
        space();
        return take(">");
    }

    /// What stands between the tags, the `</` of the end tag included.
    [[nodiscard]] bool content(xml_element& made, std::size_t depth) {
        std::string_view part;
        while (at_ < text_.size()) {
            if (take("</")) return true;
            if (take("<![CDATA[")) {
                if (!until("]]>", part)) return false;
                made.text += part;
            } else if (take("<!--")) {
                if (!until("-->", part)) return false;
            } else if (take("<?")) {
                if (!until("?>", part)) return false;
            } else if (next_is("<")) {
                if (!element(made.children.emplace_back(), depth + 1)) return false;
            } else if (take("&")) {
                if (!until(";", part) || !entity(part, made.text)) return false;
            } else {
                std::size_t const end = std::min(text_.find_first_of("<&", at_), text_.size());
                made.text += text_.substr(at_, end - at_);
                at_ = end;
            }
        }
        return false;
    }

    [[nodiscard]] static bool entity(std::string_view of_name, std::string& out) {
        constexpr std::pair<std::string_view, char> known[] = {
            {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
        for (auto const& [name, character] : known) {
            if (of_name == name) {
                out += character;
                return true;
            }
        }
        if (!of_name.starts_with('#')) return false;
        bool const hex = of_name.starts_with("#x");
        std::string_view const digits = of_name.substr(hex ? 2 : 1);
        if (digits.empty() || digits.size() > 8) return false;
        unsigned point = 0;
        for (char const each : digits) {
            char const c = text::to_lower(each);
            bool const letter = hex && c >= 'a' && c <= 'f';
            if (!text::is_digit(c) && !letter) return false;
            point = point * (hex ? 16U : 10U) + static_cast<unsigned>(letter ? c - 'a' + 10 : c - '0');
        }
        return append_code_point(point, out);
    }

    [[nodiscard]] static bool append_code_point(unsigned point, std::string& out) {
        auto const follower = [point](unsigned shift) { return static_cast<char>(0x80U | ((point >> shift) & 0x3FU)); };
        bool const control = point < 0x20 && point != '\t' && point != '\n' && point != '\r';
        if (control || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
        if (point < 0x80) {
            out += static_cast<char>(point);
        } else if (point < 0x800) {
            out += static_cast<char>(0xC0U | (point >> 6U));
            out += follower(0);
        } else if (point < 0x10000) {
            out += static_cast<char>(0xE0U | (point >> 12U));
            out += follower(6);
            out += follower(0);
        } else {
            out += static_cast<char>(0xF0U | (point >> 18U));
            out += follower(12);
            out += follower(6);
            out += follower(0);
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t count_ = 0;
};

} // namespace detail

/// Reads an XML document as services write them: elements, text, CDATA, the five named and the numeric entities; a
/// document type is refused. `errc::malformed_response` when it is none. Time and memory stay in proportion to `text`.
[[nodiscard]] inline result<xml_element> read_xml(std::string_view text) {
    xml_element root;
    if (!detail::xml_reader{text}.document(root)) return fail(errc::malformed_response, "not an XML document");
    return root;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/failure.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_FAILURE_HPP
#define FARGATE_AWS_FAILURE_HPP

namespace fargate::inline v0::aws {

/// What an answer with an error status says. Nothing in it is trusted to be there: a bare status is a failure too.
struct service_failure {
    int status = 0;
    std::string code{};    ///< the service's own name for it, or the status in digits when it gave none
    std::string message{}; ///< as the service worded it; bounded, empty when it said nothing
    std::string request_id{};
    std::string host_id{};                       ///< S3's second id
    std::string redirect_region{};               ///< where S3 says the bucket is
    std::vector<std::string> resources{};        ///< ConflictException's `resourceIds`
    json::value members = json::value::object(); ///< what else the body held
};

namespace detail {

inline constexpr std::size_t longest_code = 128;
inline constexpr std::size_t longest_message = 2048;

/// RFC 9110's phrase for the statuses that services and what stands before them answer with.
[[nodiscard]] constexpr std::string_view reason_phrase(int status) noexcept {
    switch (status) {
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 429: return "Too Many Requests";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "";
    }
}

/// At most `longest` bytes of a text, not cut inside a UTF-8 sequence.
[[nodiscard]] inline std::string_view cut(std::string_view text, std::size_t longest) noexcept {
    if (text.size() <= longest) return text;
    while (longest != 0 && (static_cast<unsigned char>(text[longest]) & 0xC0U) == 0x80U) --longest;
    return text.substr(0, longest);
}

/// A text as it can stand in a log line: control characters become spaces, and `?` what is not ASCII in a text that is no
/// UTF-8.
[[nodiscard]] inline std::string one_line(std::string_view text) {
    std::string made{text};
    bool const utf8 = text::is_utf8(text);
    for (char& c : made) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) c = ' ';
        if (byte > 0x7F && !utf8) c = '?';
    }
    return made;
}

/// Where a text begins to repeat a secret, or a piece of one that may have been cut short; `npos` when it does not.
[[nodiscard]] inline std::size_t place_of_secret(std::string_view text, std::string_view confided) noexcept {
    constexpr std::size_t piece = 12;
    if (confided.size() <= piece) return confided.empty() ? std::string_view::npos : text.find(confided);
    std::size_t first = std::string_view::npos;
    for (std::size_t at = 0; at + piece <= confided.size(); ++at)
        first = std::min(first, text.find(confided.substr(at, piece)));
    return first;
}

/// Ends a message where it begins to repeat a key: AWS quotes the request whose signature it refuses, session token and
/// all. Texts too short to be a real one are let be.
inline void withhold(std::string& message, std::string_view confided) {
    if (confided.size() < 16) return;
    std::size_t const place = place_of_secret(message, confided);
    if (place != std::string::npos) message.replace(place, std::string::npos, "(withheld: it repeats the key)");
}

/// `ns#FooError:http://...` is FooError.
[[nodiscard]] inline std::string bare_code(std::string_view text) {
    text = text.substr(0, text.find(':'));
    if (std::size_t const hash = text.rfind('#'); hash != std::string_view::npos) text.remove_prefix(hash + 1);
    return std::string{cut(text::trim(text), longest_code)};
}

[[nodiscard]] inline bool is_html(std::string_view body) noexcept {
    body = text::trim(body);
    return text::iequals(body.substr(0, 5), "<html") || text::iequals(body.substr(0, 14), "<!doctype html");
}

/// What every protocol has: status, request ids, region.
[[nodiscard]] inline service_failure bare_failure(http::response const& answer) {
    service_failure made;
    made.status = answer.status;
    made.code = std::to_string(answer.status);
    made.request_id = one_line(cut(answer.headers.value_of("x-amzn-RequestId"), longest_code));
    if (made.request_id.empty())
        made.request_id = one_line(cut(answer.headers.value_of("x-amz-request-id"), longest_code));
    made.host_id = answer.headers.value_of("x-amz-id-2");
    made.redirect_region = answer.headers.value_of("x-amz-bucket-region");
    return made;
}

/// An element as a document: text, or an object of its children.
[[nodiscard]] inline json::value document_of(xml_element const& element) {
    if (element.children.empty()) return element.text;
    json::value made = json::value::object();
    for (auto const& each : element.children) json::set(made, each.name, document_of(each));
    return made;
}

} // namespace detail

/// Reads an AWS JSON 1.1 error (Smithy's rules): the code stands in the field `x-amzn-ErrorType`, the member `code` or the
/// member `__type`, in that order, and `x-amzn-query-error` overrules them; a body that is no JSON object is quoted, one
/// that is HTML is not.
[[nodiscard]] inline service_failure read_json_failure(http::response const& answer) {
    service_failure made = detail::bare_failure(answer);
    std::string code = detail::bare_code(answer.headers.value_of("x-amzn-ErrorType"));
    auto const document = json::parse(answer.body);
    if (document && document->is_object()) {
        for (std::string_view const name : {"code", "__type"})
            if (code.empty()) code = detail::bare_code(json::text_of(*document, name).value_or(""));
        json::value const* wording = nullptr;
        for (std::string_view const name : {"message", "Message", "errorMessage"})
            if (wording == nullptr) wording = json::member(*document, name);
        if (wording != nullptr)
            made.message =
                detail::cut(json::as_text(*wording).value_or(json::write(*wording)), detail::longest_message);
        if (auto const* const ids = json::array_of(*document, "resourceIds"))
            for (auto const& each : *ids)
                if (auto const id = json::as_text(each)) made.resources.emplace_back(*id);
        made.members = *document;
    } else {
        bool const silent = text::trim(answer.body).empty();
        bool const unexplained = silent && answer.status >= 500 && code.empty();
        if (detail::is_html(answer.body) || unexplained) {
            made.message = detail::reason_phrase(answer.status);
        } else if (!silent) {
            std::string_view const quoted = document ? json::as_text(*document).value_or(answer.body) : answer.body;
            made.message = detail::cut(text::trim(quoted), detail::longest_message);
        }
    }
    std::string_view const overruling = answer.headers.value_of("x-amzn-query-error");
    if (!overruling.empty())
        code = text::trim(overruling.substr(0, overruling.find(';')).substr(0, detail::longest_code));
    if (!code.empty()) made.code = std::move(code);
    return made;
}

/// Reads an S3 error, `<Error>`, or the same inside STS's `<ErrorResponse>`. Anything else (no body, as after HEAD; HTML;
/// broken XML) leaves the status to speak.
[[nodiscard]] inline service_failure read_xml_failure(http::response const& answer) {
    service_failure made = detail::bare_failure(answer);
    made.message = detail::reason_phrase(answer.status);
    auto const root = read_xml(answer.body);
    if (!root) return made;
    xml_element const* const error = root->name == "Error" ? &*root : root->child("Error");
    if (error == nullptr || text::trim(error->text_of("Code")).empty()) return made;
    made.code = detail::cut(text::trim(error->text_of("Code")), detail::longest_code);
    made.message = detail::cut(text::trim(error->text_of("Message")), detail::longest_message);
    for (auto const* const part : {error, &*root})
        if (made.request_id.empty()) made.request_id = text::trim(part->text_of("RequestId"));
    if (made.host_id.empty()) made.host_id = text::trim(error->text_of("HostId"));
    if (made.redirect_region.empty()) made.redirect_region = text::trim(error->text_of("Region"));
    for (auto const& each : error->children)
        if (each.name != "Code" && each.name != "Message" && each.name != "RequestId" && each.name != "HostId")
            json::set(made.members, each.name, detail::document_of(each));
    return made;
}

[[nodiscard]] inline service_failure read_failure(protocol how, http::response const& answer) {
    return how == protocol::xml ? read_xml_failure(answer) : read_json_failure(answer);
}

/// The error that a caller gets of it: `ClusterNotFoundException: Cluster not found.`, on one line. A key that the service
/// does not accept is `errc::unauthorized`, an object that S3 does not have `errc::not_found`, and the rest
/// `errc::service_error`.
[[nodiscard]] inline error error_of(service_failure const& said, call const& what) {
    constexpr std::size_t longest_quote = 512;
    bool const no_object = what.speaks == protocol::xml && said.status == 404;
    errc const code = is_refused_key(said.status, said.code) ? errc::unauthorized
                      : no_object                            ? errc::not_found
                                                             : errc::service_error;
    error made = fail(code, detail::one_line(said.code));
    if (said.code == std::to_string(said.status)) made.message = "HTTP " + said.code;
    if (!said.message.empty()) made.message += ": " + detail::one_line(detail::cut(said.message, longest_quote));
    bool const elsewhere = said.status < 500 && said.status != 404 && !said.redirect_region.empty();
    if (elsewhere && said.redirect_region != what.where.region)
        made.message += "; the bucket is in region " + detail::one_line(detail::cut(said.redirect_region, 63));
    made.http_status = said.status;
    made.service_code = detail::one_line(said.code);
    made.request_id = detail::one_line(detail::cut(said.request_id, detail::longest_code));
    made.resources = said.resources;
    return made;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/sigv4/request_view.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_REQUEST_VIEW_HPP
#define FARGATE_SIGV4_REQUEST_VIEW_HPP

namespace fargate::inline v0::sigv4 {

/// One header to be signed. The name in any case, the value as it goes on the wire.
struct header_view {
    std::string_view name;
    std::string_view value;
};

/// A request as the signer sees it: borrowed, complete, and never changed. `path` and `query` are the text that goes on
/// the wire, already percent-encoded; `query` has no leading `?`. `headers` holds every header that shall be signed,
/// `host` among them; those that proxies change on the way (see `never_signed`) are skipped. Everything viewed must
/// outlive the call.
struct request_view {
    std::string_view method = "GET";
    std::string_view path = "/";
    std::string_view query{};
    std::span<header_view const> headers{};
    std::string_view body{};
};

/// The key that signs, borrowed. An empty session token means there is none. `generation` tells one key from the next:
/// whoever rotates keys counts it up, and cached signing keys follow it; 0 switches that caching off.
struct key_view {
    std::string_view access_key_id;
    std::string_view secret_access_key;
    std::string_view session_token{};
    std::uint64_t generation = 0;
};

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/aws/access_key.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_ACCESS_KEY_HPP
#define FARGATE_AWS_ACCESS_KEY_HPP

namespace fargate::inline v0::aws {

/// A number no other key of this process has; see `sigv4::key_view::generation`.
[[nodiscard]] inline std::uint64_t next_generation() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// What signs requests, and where it came from.
struct access_key {
    std::string id{}; ///< `AKIA...`, `ASIA...`; not a secret
    secret secret_key{};
    secret session_token{};              ///< empty for a long-lived key
    std::optional<time_point> expires{}; ///< nothing for a key that does not expire
    std::string source{};                ///< which provider gave it, for people: `environment`
    std::string account_id{};            ///< empty when the provider does not tell
    std::uint64_t generation = 0;        ///< 0: signing keys made from this one are not cached

    /// The signer's view of it; valid as long as this object is unchanged.
    [[nodiscard]] sigv4::key_view view() const noexcept {
        return {id, secret_key.reveal(), session_token.reveal(), generation};
    }
};

} // namespace fargate::inline v0::aws

namespace fargate::inline v0::credentials {

using aws::access_key;
using aws::next_generation;

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/http/policy.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_POLICY_HPP
#define FARGATE_HTTP_POLICY_HPP

namespace fargate::inline v0 {

/// One request, one response, on the wire. (What other libraries call a transport.)
///
/// | expression  | type                     | contract                                                                  |
/// |-------------|--------------------------|---------------------------------------------------------------------------|
/// | `h.send(r)` | `result<http::response>` | performs the exchange `r` (an `http::request const&`) once                 |
///
/// - Sends the caller's method, target, fields and body exactly; adds only what frames an HTTP message (`Content-Length`
///   and, when the caller gave none, `Host`). Adds no field that a signature would have to cover.
/// - A 4xx or 5xx is a response. An error means that there was none: `timed_out`, `connection_failed`, `untrusted_peer`,
///   `too_large`, `cancelled`, `malformed_response`, or `invalid_argument` when nothing was sent.
/// - Follows no redirect, repeats nothing, keeps no cookie, and decodes no content coding.
/// - Honours `r.limits` and `r.stop`, and never throws.
/// - Where `r.sink` is set: `begin` once when the head of a 2xx answer is there (also of one without a body), `take` for
///   every piece of its body, in order; the response then has an empty `body`, and `limits.body` does not count. False from
///   either ends the exchange with `cancelled`. When the body breaks off, the sink has had what came. The bodies of other
///   answers go into the response as ever. A policy that does not know sinks passes `r.sink` over and is still a policy.
/// - When `r.ca_file` is set and the address says https, trusts the authorities in that file and no others. A policy with TLS
///   of its own that cannot be told refuses such a request with `bad_configuration` and sends nothing; to go on with other
///   authorities would be to trust whom the user excluded. One without TLS, as a line of one's own, has nothing to refuse.
/// - May be called from as many threads as the executor beside it has; a model with one handle goes with
///   `inline_executor`.
template <class Http>
concept http_policy = requires(Http& h, http::request const& r) {
    { h.send(r) } -> std::same_as<result<http::response>>;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/aws/policy.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_POLICY_HPP
#define FARGATE_AWS_POLICY_HPP

namespace fargate::inline v0 {

/// Where access keys come from.
///
/// | expression                          | type                              | contract                                      |
/// |-------------------------------------|-----------------------------------|-----------------------------------------------|
/// | `c.fetch(http, clock, environment)` | `result<aws::access_key>` | a key that is valid now; may block            |
/// | `c.invalidate(generation)`          | (optional member)                 | the service refused that key as expired: do   |
/// |                                     |                                   | not hand it out again                         |
///
/// `errc::not_configured` means "nothing to see here", and a chain asks its next provider; any other error stops the
/// chain, because somebody configured this source and it is broken. The arguments are the policies beside it: what it
/// needs of network, time and environment goes through them. `fetch` may be called from several threads at once.
template <class Credentials, class Http, class Clock, class Environment>
concept credential_policy = http_policy<Http> && clock_policy<Clock> && environment_policy<Environment> &&
    requires(Credentials& c, Http& http, Clock& clock, Environment const& environment) {
    { c.fetch(http, clock, environment) } -> std::same_as<result<aws::access_key>>;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/crypto/policy.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_CRYPTO_POLICY_HPP
#define FARGATE_CRYPTO_POLICY_HPP

namespace fargate::inline v0::crypto {

/// The 32 bytes of a SHA-256.
using digest = std::array<unsigned char, 32>;

/// A digest's bytes as the text view that hash functions take.
[[nodiscard]] inline std::string_view bytes_of(digest const& value) noexcept {
    return {reinterpret_cast<char const*>(value.data()), value.size()};
}

/// The hash functions that signing stands on, so that a board with another crypto library can bring its own.
///
/// | expression                  | type     | contract                                                                |
/// |-----------------------------|----------|-------------------------------------------------------------------------|
/// | `h.sha256(data)`            | `digest` | SHA-256 of the bytes of `data` (a `std::string_view`); never throws      |
/// | `h.hmac_sha256(key, data)`  | `digest` | HMAC-SHA-256 (RFC 2104) of `data` under `key`; never throws              |
///
/// `h` is const, and both may be called from several threads at once. An implementation that cannot compute ends the
/// process: a wrong digest would only be refused later, with a worse reason.
template <class Hash>
concept hash_policy = requires(Hash const& h, std::string_view key, std::string_view data) {
    { h.sha256(data) }
    noexcept->std::same_as<digest>;
    { h.hmac_sha256(key, data) }
    noexcept->std::same_as<digest>;
};

} // namespace fargate::inline v0::crypto

#endif

// ---- fargate/aws/parts.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_PARTS_HPP
#define FARGATE_AWS_PARTS_HPP

namespace fargate::inline v0::aws {

/// A bundle names the replaceable parts that AWS calls stand on: the member types `http`, `credentials`, `clock`,
/// `environment`, `retry` and `hash`, each a model of its concept. Inherit from a bundle and redefine what differs.
template <class Policies>
concept policies = http_policy<typename Policies::http> && clock_policy<typename Policies::clock> &&
    environment_policy<typename Policies::environment> && retry::retry_policy<typename Policies::retry> &&
    crypto::hash_policy<typename Policies::hash> &&
    credential_policy<typename Policies::credentials, typename Policies::http, typename Policies::clock,
                      typename Policies::environment>;

/// One object of each part. Clients keep references to it, so it must outlive them; it is shared between threads as far as
/// its parts are.
template <policies Policies>
struct parts {
    typename Policies::http http{};
    typename Policies::credentials credentials{};
    typename Policies::clock clock{};
    typename Policies::environment environment{};
    typename Policies::retry retry{};
    typename Policies::hash hash{};
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/time_limit.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_TIME_LIMIT_HPP
#define FARGATE_AWS_TIME_LIMIT_HPP

namespace fargate::inline v0::aws {

/// When a call has to be over.
class time_limit {
public:
    /// No limit when `given` is zero.
    time_limit(std::chrono::milliseconds given, time_point now) :
        given_{given}, end_{now + std::min<std::chrono::milliseconds>(given, std::chrono::hours{876'000})} {}

    [[nodiscard]] explicit operator bool() const noexcept { return given_ > std::chrono::milliseconds::zero(); }
    [[nodiscard]] bool is_over(time_point when) const noexcept { return *this && when >= end_; }

    /// The whole of an attempt that begins `now`: what is left of the call, if that is less than its own limit.
    [[nodiscard]] std::chrono::milliseconds attempt_limit(std::chrono::milliseconds own, time_point now) const {
        if (!*this) return own;
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(end_ - now);
        return own > std::chrono::milliseconds::zero() ? std::min(own, left) : left;
    }

    /// What is told about a call that had no time for another attempt after `last`.
    [[nodiscard]] error late(std::optional<error> last) const {
        std::string const deadline = "the deadline of " + std::to_string(given_.count()) + " ms";
        if (!last) return fail(errc::timed_out, "it cannot be sent within " + deadline, true);
        last->message += "; " + deadline + " leaves no time to try again";
        return *std::move(last);
    }

private:
    std::chrono::milliseconds given_;
    time_point end_;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/version.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_VERSION_HPP
#define FARGATE_VERSION_HPP

// The one place the version is written; CMake and the amalgamation read it from here.
#define FARGATE_VERSION_MAJOR 0
#define FARGATE_VERSION_MINOR 1
#define FARGATE_VERSION_PATCH 0
#define FARGATE_VERSION_STRING "0.1.0"

#endif

// ---- fargate/aws/user_agent.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_USER_AGENT_HPP
#define FARGATE_AWS_USER_AGENT_HPP

namespace fargate::inline v0::aws {

namespace detail {

/// A text as an HTTP token (RFC 9110 §5.6.2): other characters become dashes, the length is bounded.
[[nodiscard]] inline std::string product_token(std::string_view text, std::size_t longest) {
    constexpr std::string_view also = "!#$%&'*+-.^_`|~";
    std::string made{text::trim(text).substr(0, longest)};
    for (char& c : made)
        if (!text::is_alnum(c) && also.find(c) == std::string_view::npos) c = '-';
    return made;
}

/// A text as it can stand in a field value: control characters become spaces.
[[nodiscard]] inline std::string field_text(std::string_view text) {
    std::string made{text.substr(0, 512)};
    for (char& c : made)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return std::string{text::trim(made)};
}

} // namespace detail

/// The User-Agent of AWS calls: `fargate/0.1.0 exec-env/AWS_ECS_FARGATE app/my-agent extra`. It is never signed. A text that
/// the caller gives for it stands for all but the extra, as in botocore.
template <environment_policy Environment>
[[nodiscard]] std::string user_agent(client_options const& options, ambient<Environment>& known) {
    std::string made = "fargate/" FARGATE_VERSION_STRING;
    auto const add = [&made](std::string_view name, std::string const& token) {
        if (!token.empty()) made.append(" ").append(name).append(token);
    };
    if (!options.user_agent.empty()) {
        made = detail::field_text(options.user_agent);
        add("", detail::field_text(options.user_agent_extra));
        return made;
    }
    add("exec-env/", detail::product_token(known.environment().variable("AWS_EXECUTION_ENV").value_or(""), 128));
    std::string app = options.app_id;
    if (app.empty()) {
        auto const found = known.find("AWS_SDK_UA_APP_ID", "sdk_ua_app_id");
        if (found && *found) app = (*found)->text;
    }
    add("app/", detail::product_token(app, 50));
    add("", detail::field_text(options.user_agent_extra));
    return made;
}

/// The same, reading the shared files anew.
template <environment_policy Environment>
[[nodiscard]] std::string user_agent(client_options const& options, Environment const& environment) {
    ambient<Environment> known{environment};
    return user_agent(options, known);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/text/percent.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_PERCENT_HPP
#define FARGATE_TEXT_PERCENT_HPP

namespace fargate::inline v0::text {

/// The characters that never need an escape (RFC 3986 §2.3), which are also those AWS leaves alone.
[[nodiscard]] constexpr bool is_unreserved(char c) noexcept {
    return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

/// Appends `raw` with every byte but the unreserved ones, and `/` when it is kept, as `%XX` in upper case.
inline void append_percent(std::string& out, std::string_view raw, bool keep_slash = false) {
    constexpr char digits[] = "0123456789ABCDEF";
    for (char const each : raw) {
        if (is_unreserved(each) || (keep_slash && each == '/')) {
            out += each;
            continue;
        }
        auto const byte = static_cast<unsigned char>(each);
        char const escape[] = {'%', digits[byte >> 4U], digits[byte & 0xFU]};
        out.append(escape, sizeof escape);
    }
}

[[nodiscard]] inline std::string percent_encode(std::string_view raw, bool keep_slash = false) {
    std::string made;
    made.reserve(raw.size() + raw.size() / 2);
    append_percent(made, raw, keep_slash);
    return made;
}

/// Calls `take(byte)` for each byte that `coded` stands for. A `%` without two digits behind it stands for itself, and
/// `+` is no space.
template <class Take>
constexpr void for_each_decoded(std::string_view coded, Take&& take) {
    for (std::size_t at = 0; at != coded.size();) {
        if (coded[at] == '%' && coded.size() - at > 2) {
            int const high = hex_value(coded[at + 1]);
            int const low = hex_value(coded[at + 2]);
            if (high >= 0 && low >= 0) {
                take(static_cast<char>(static_cast<unsigned char>(high * 16 + low)));
                at += 3;
                continue;
            }
        }
        take(coded[at++]);
    }
}

/// The bytes that `coded` stands for; see `for_each_decoded`.
[[nodiscard]] inline std::string percent_decode(std::string_view coded) {
    std::string made;
    made.reserve(coded.size());
    for_each_decoded(coded, [&made](char byte) { made += byte; });
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/scan.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_SCAN_HPP
#define FARGATE_TEXT_SCAN_HPP

namespace fargate::inline v0::text {

/// The place of the first byte that is not from `lowest` to `highest`, both ASCII; the size when there is none. Looks at
/// eight bytes a step, because every byte of a header is looked at before it is signed.
[[nodiscard]] inline std::size_t first_outside(std::string_view text, char lowest, char highest) noexcept {
    constexpr std::uint64_t each = 0x0101010101010101;
    constexpr std::uint64_t tops = 0x80 * each;
    std::uint64_t const low = each * static_cast<unsigned char>(lowest);
    std::uint64_t const gap = each * (0x7FU - static_cast<unsigned char>(highest));
    std::size_t at = 0;
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
        std::memcpy(&eight, text.data() + at, sizeof eight);
        // A byte below `low` borrows its top bit from the subtraction, one above `highest` gains it from the sum.
        if ((((eight - low) & ~eight) | (eight + gap) | eight) & tops) break;
    }
    while (at != text.size() && text[at] >= lowest && text[at] <= highest) ++at;
    return at;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/sigv4/canonical.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_CANONICAL_HPP
#define FARGATE_SIGV4_CANONICAL_HPP

// The canonical request of Signature Version 4: one spelling for every request that means the same, so that client and
// service hash the same bytes.

namespace fargate::inline v0::sigv4 {

/// Headers that proxies and HTTP libraries add or change on the way, and the signature's own. `name` in any case.
[[nodiscard]] constexpr bool never_signed(std::string_view name) noexcept {
    constexpr std::string_view list[] = {"authorization",
                                         "connection",
                                         "expect",
                                         "keep-alive",
                                         "proxy-authenticate",
                                         "proxy-authorization",
                                         "te",
                                         "trailer",
                                         "transfer-encoding",
                                         "upgrade",
                                         "user-agent",
                                         "x-amzn-trace-id"};
    for (auto const each : list)
        if (text::iequals(name, each)) return true;
    return false;
}

/// The headers of a request that take part in its signature, in canonical order: by lower-case name, those of one name
/// joined in the order given. Borrowed from the views, which must outlive it.
class canonical_headers {
public:
    /// Takes the request's own headers and those the signer adds; drops the `never_signed` ones.
    explicit canonical_headers(std::span<header_view const> given, std::span<header_view const> added = {}) {
        sorted_.reserve(given.size() + added.size());
        for (auto const list : {given, added})
            for (auto const& each : list)
                if (!never_signed(each.name)) sorted_.push_back({each, sorted_.size()});
        std::sort(sorted_.begin(), sorted_.end(), comes_before);
    }

    /// Appends `content-type;host;x-amz-date`.
    void append_names(std::string& out) const {
        for (std::size_t i = 0; i != sorted_.size(); ++i) {
            if (repeats(i)) continue;
            if (i != 0) out += ';';
            append_lower(out, sorted_[i].header.name);
        }
    }

    /// Appends `name:value` and LF for each name.
    void append_lines(std::string& out) const {
        for (std::size_t i = 0; i != sorted_.size(); ++i) {
            if (repeats(i)) {
                out.back() = ',';
            } else {
                append_lower(out, sorted_[i].header.name);
                out += ':';
            }
            append_folded(out, text::trim(sorted_[i].header.value));
            out += '\n';
        }
    }

    /// At least the bytes that names and lines take together.
    [[nodiscard]] std::size_t size_hint() const noexcept {
        std::size_t sum = 0;
        for (auto const& each : sorted_) sum += 2 * each.header.name.size() + each.header.value.size() + 3;
        return sum;
    }

private:
    struct entry {
        header_view header;
        std::size_t place;
    };

    static bool comes_before(entry const& left, entry const& right) noexcept {
        auto const& a = left.header.name;
        auto const& b = right.header.name;
        std::size_t const common = std::min(a.size(), b.size());
        for (std::size_t i = 0; i != common; ++i) {
            auto const x = static_cast<unsigned char>(text::to_lower(a[i]));
            auto const y = static_cast<unsigned char>(text::to_lower(b[i]));
            if (x != y) return x < y;
        }
        return a.size() != b.size() ? a.size() < b.size() : left.place < right.place;
    }

    [[nodiscard]] bool repeats(std::size_t i) const noexcept {
        return i != 0 && text::iequals(sorted_[i - 1].header.name, sorted_[i].header.name);
    }

    static void append_lower(std::string& out, std::string_view name) {
        for (char const c : name) out += text::to_lower(c);
    }

    /// Each run of white space becomes one space, also between quotes and where a line was folded.
    static void append_folded(std::string& out, std::string_view value) {
        while (true) {
            std::size_t const plain = text::first_outside(value, '!', '~');
            out += value.substr(0, plain);
            value.remove_prefix(plain);
            if (value.empty()) return;
            out += text::is_space(value.front()) ? ' ' : value.front();
            do value.remove_prefix(1);
            while (out.back() == ' ' && !value.empty() && text::is_space(value.front()));
        }
    }

    std::vector<entry> sorted_;
};

/// `path` without `.` segments and empty ones, and with `..` resolved; it ends in `/` when `path` does.
[[nodiscard]] inline std::string normalized_path(std::string_view path) {
    std::string made;
    made.reserve(path.size() + 1);
    for (std::string_view rest = path; !rest.empty();) {
        auto const slash = std::min(rest.find('/'), rest.size());
        std::string_view const segment = rest.substr(0, slash);
        rest.remove_prefix(std::min(slash + 1, rest.size()));
        if (segment.empty() || segment == ".") continue;
        if (segment == "..") {
            auto const last = made.rfind('/');
            made.resize(last == std::string::npos ? 0 : last);
            continue;
        }
        made += '/';
        made += segment;
    }
    if (made.empty() || path.ends_with('/')) made += '/';
    return made;
}

/// Appends the canonical URI of a path as it goes on the wire.
inline void append_canonical_path(std::string& out, std::string_view path, settings const& how) {
    if (path.empty() || path == "/") {
        out += '/';
        return;
    }
    std::string resolved;
    if (how.normalize_path) path = resolved = normalized_path(path);
    if (how.double_encode)
        text::append_percent(out, path, true);
    else
        out += path;
}

/// Appends the canonical query string of a query as it goes on the wire: every name and value decoded and encoded again
/// in the one way AWS knows, then sorted as pairs. Empty parts between `&` count for nothing; `+` is no space.
inline void append_canonical_query(std::string& out, std::string_view query) {
    struct parameter {
        std::string_view name, value;
    };
    std::string coded;
    coded.reserve(3 * query.size()); // never grows past that, so the views below stay good
    auto const recode = [&coded](std::string_view part) {
        std::size_t const from = coded.size();
        text::for_each_decoded(part, [&coded](char byte) { text::append_percent(coded, {&byte, 1}); });
        return std::string_view{coded}.substr(from);
    };
    std::vector<parameter> list;
    while (!query.empty()) {
        auto const end = std::min(query.find('&'), query.size());
        std::string_view const pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        auto const equals = std::min(pair.find('='), pair.size());
        auto const name = recode(pair.substr(0, equals));
        list.push_back({name, recode(pair.substr(std::min(equals + 1, pair.size())))});
    }
    std::sort(list.begin(), list.end(), [](parameter const& left, parameter const& right) {
        return std::tie(left.name, left.value) < std::tie(right.name, right.value);
    });
    char const* between = "";
    for (auto const& each : list) {
        out += between;
        between = "&";
        out += each.name;
        out += '=';
        out += each.value;
    }
}

/// The canonical request. `headers` stands for `request.headers` and whatever is added to them; `payload_hash` is the
/// last line. Takes any text, folded header values too: refusing what must not be sent is `sign`'s part.
[[nodiscard]] inline std::string canonical_request(request_view const& request, canonical_headers const& headers,
                                                   settings const& how, std::string_view payload_hash) {
    std::string made;
    made.reserve(request.method.size() + 3 * (request.path.size() + request.query.size()) + headers.size_hint() +
                 payload_hash.size() + 8);
    made += request.method;
    made += '\n';
    append_canonical_path(made, request.path, how);
    made += '\n';
    append_canonical_query(made, request.query);
    made += '\n';
    headers.append_lines(made);
    made += '\n';
    headers.append_names(made);
    made += '\n';
    made += payload_hash;
    return made;
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/text/timestamp.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_TIMESTAMP_HPP
#define FARGATE_TEXT_TIMESTAMP_HPP

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
inline void append_digits(std::string& out, unsigned value, unsigned width) {
    char digits[10] = {};
    for (unsigned i = width; i-- != 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
    out.append(digits, width);
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

/// `20240102T030405Z`, as AWS signs it; a fraction is dropped.
[[nodiscard]] inline std::string amz_timestamp(instant moment) {
    auto const c = detail::civil_of(moment);
    std::string made;
    made.reserve(16);
    detail::append_digits(made, c.year * 10000 + c.month * 100 + c.day, 8);
    made += 'T';
    detail::append_digits(made, c.hour * 10000 + c.minute * 100 + c.second, 6);
    made += 'Z';
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

// ---- fargate/sigv4/check.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_CHECK_HPP
#define FARGATE_SIGV4_CHECK_HPP

// What must not be signed, because it could be read in two ways or would only be refused by the service.

namespace fargate::inline v0::sigv4 {

namespace detail {

/// A character of a method or a header name (RFC 9110 §5.6.2).
[[nodiscard]] constexpr bool is_token_character(char c) noexcept {
    return text::is_alnum(c) || (c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos);
}

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

/// A control byte in `text`, but for those of `allowed`.
[[nodiscard]] inline bool has_control(std::string_view text, std::string_view allowed = "") noexcept {
    text.remove_prefix(text::first_outside(text, ' ', '~'));
    return std::any_of(text.begin(), text.end(), [allowed](char c) {
        return (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) && allowed.find(c) == std::string_view::npos;
    });
}

/// Not empty, visible ASCII, and nothing that ends it early inside `Authorization`.
[[nodiscard]] inline bool is_plain(std::string_view text, std::string_view forbidden) noexcept {
    return !text.empty() && text::first_outside(text, '!', '~') == text.size() &&
           text.find_first_of(forbidden) == std::string_view::npos;
}

[[nodiscard]] constexpr bool is_payload_hash(std::string_view text) noexcept {
    return text == unsigned_payload || (text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
                                            return text::hex_value(c) >= 0 && !text::is_upper(c);
                                        }));
}

/// A header that the signer itself adds.
[[nodiscard]] constexpr bool is_added(std::string_view name) noexcept {
    return text::iequals(name, "authorization") || text::iequals(name, "x-amz-date") ||
           text::iequals(name, "x-amz-security-token") || text::iequals(name, "x-amz-content-sha256");
}

/// A query parameter that the signer itself adds.
[[nodiscard]] inline bool is_added_parameter(std::string_view coded) {
    constexpr std::string_view list[] = {"X-Amz-Algorithm", "X-Amz-Credential",    "X-Amz-Date",
                                         "X-Amz-Expires",   "X-Amz-SignedHeaders", "X-Amz-Security-Token",
                                         "X-Amz-Signature"};
    std::string const name = text::percent_decode(coded);
    return std::any_of(std::begin(list), std::end(list), [&](auto each) { return text::iequals(name, each); });
}

[[nodiscard]] inline result<void> check_headers(std::span<header_view const> headers) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    std::size_t hosts = 0;
    for (auto const& each : headers) {
        if (!is_token(each.name)) return refuse("a header's name holds characters that no header name may hold");
        if (has_control(each.value, "\t"))
            return fail(errc::invalid_argument, "header " + std::string{each.name.substr(0, 64)} +
                                                    " holds a control byte such as a line break: take it out");
        if (is_added(each.name))
            return fail(errc::invalid_argument,
                        "the request has a header " + text::lower(each.name) + " already: the signer adds that");
        if (!text::iequals(each.name, "host")) continue;
        if (text::trim(each.value).empty()) return refuse("the request's host header is empty");
        ++hosts;
    }
    if (hosts == 0) return refuse("the request has no host header: a signature is good for one host");
    if (hosts > 1) return refuse("the request has two host headers: leave one");
    return {};
}

} // namespace detail

/// Whether a request may be signed: method, path and query are fit for a request line; header names and values are fit
/// for headers; there is one `host`; nothing that the signer adds is there already, in a header or in the query; key and
/// scope are complete. Otherwise `errc::invalid_argument` with what to mend; no value is quoted.
[[nodiscard]] inline result<void> check(request_view const& request, key_view const& key, scope const& where,
                                        text::instant when, settings const& how) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    if (key.access_key_id.empty()) return refuse("the access key has no id");
    if (key.secret_access_key.empty()) return refuse("the access key has no secret");
    if (!detail::is_plain(key.access_key_id, ","))
        return refuse("the access key's id holds a comma, or something other than visible ASCII");
    if (!key.session_token.empty() && !detail::is_plain(key.session_token, ""))
        return refuse("the session token holds something other than visible ASCII: copy it again");
    if (where.region.empty()) return refuse("there is no region to sign for");
    if (where.service.empty()) return refuse("there is no service to sign for");
    if (!detail::is_plain(where.region, "/,"))
        return refuse("the region holds a slash, a comma, or something other than visible ASCII");
    if (!detail::is_plain(where.service, "/,"))
        return refuse("the service holds a slash, a comma, or something other than visible ASCII");
    if (when < text::earliest_written || when > text::latest_written)
        return refuse("the time is outside the years 0 to 9999: look at the clock");
    if (!how.payload_hash.empty() && !detail::is_payload_hash(how.payload_hash))
        return refuse("the payload hash is neither 64 lower-case hex digits nor UNSIGNED-PAYLOAD");

    if (!detail::is_token(request.method)) return refuse("the method is no HTTP method");
    if (std::any_of(request.method.begin(), request.method.end(), text::is_lower))
        return refuse("the method is in lower case: services compare it as it is");
    if (!request.path.empty() && request.path.front() != '/') return refuse("the path does not begin with /");
    if (request.path.find_first_of("?#") != std::string_view::npos)
        return refuse("the path holds a ? or #: write it as %3F or %23");
    if (request.query.find('#') != std::string_view::npos) return refuse("the query holds a #: write it as %23");
    if (detail::has_control(request.path) || detail::has_control(request.query))
        return refuse("the path or the query holds a control byte: write it as %XX");
    for (std::string_view rest = request.query; !rest.empty();) {
        auto const end = std::min(rest.find('&'), rest.size());
        std::string_view const pair = rest.substr(0, end);
        if (detail::is_added_parameter(pair.substr(0, pair.find('='))))
            return refuse("the query is signed already: the signer adds its X-Amz- parameters");
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return detail::check_headers(request.headers);
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/sigv4/signing_key.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_SIGNING_KEY_HPP
#define FARGATE_SIGV4_SIGNING_KEY_HPP

namespace fargate::inline v0::sigv4 {

/// A digest that is a secret: wiped when it goes.
class secret_digest {
public:
    /// Takes the digest over: `value` is wiped.
    secret_digest(crypto::digest&& value) noexcept : value_{value} { wipe(value.data(), value.size()); }
    secret_digest(secret_digest const&) = default;
    secret_digest& operator=(secret_digest const&) = default;
    ~secret_digest() { wipe(value_.data(), value_.size()); }

    [[nodiscard]] std::string_view reveal() const noexcept { return crypto::bytes_of(value_); }

private:
    crypto::digest value_;
};

/// The key that signs one UTC day's (`20240102`) requests of one scope. It lets its holder sign as you for that day, so
/// it is as secret as the key it is made from. What is computed on the way to it is wiped.
template <crypto::hash_policy Hash>
[[nodiscard]] secret_digest signing_key(std::string_view secret_access_key, std::string_view date, scope const& where,
                                        Hash const& hash) {
    std::string first;
    first.reserve(4 + secret_access_key.size());
    first += "AWS4";
    first += secret_access_key;
    secret_digest key = hash.hmac_sha256(first, date);
    wipe(first);
    for (auto const part : {where.region, where.service, std::string_view{"aws4_request"}})
        key = hash.hmac_sha256(key.reveal(), part);
    return key;
}

/// Keeps the signing keys of the day, so that a signature costs one HMAC and not five. Entries belong to a key's
/// generation, a date and a scope; at most `capacity` of them, the least recently used makes room, and whatever leaves is
/// wiped. May be used from several threads at once.
class signing_key_cache {
public:
    static constexpr std::size_t capacity = 16;

    signing_key_cache() = default;
    signing_key_cache(signing_key_cache const&) = delete;
    signing_key_cache& operator=(signing_key_cache const&) = delete;

    /// The signing key, from memory or made now. A key of generation 0 is made each time and not kept.
    template <crypto::hash_policy Hash>
    [[nodiscard]] secret_digest get(key_view const& key, std::string_view date, scope const& where, Hash const& hash) {
        if (key.generation == 0) return signing_key(key.secret_access_key, date, where, hash);
        if (auto const kept = find(key.generation, date, where)) return *kept;
        secret_digest const made = signing_key(key.secret_access_key, date, where, hash);
        keep(key.generation, date, where, made);
        return made;
    }

    [[nodiscard]] std::size_t size() const {
        std::lock_guard const lock{mutex_};
        std::size_t count = 0;
        for (auto const& each : entries_) count += each.has_value() ? 1U : 0U;
        return count;
    }

    /// Wipes and forgets everything.
    void clear() {
        std::lock_guard const lock{mutex_};
        for (auto& each : entries_) each.reset();
    }

private:
    struct entry {
        std::uint64_t generation;
        std::string date, region, service;
        secret_digest key;
        std::uint64_t used;

        [[nodiscard]] bool serves(scope const& where) const noexcept {
            return region == where.region && service == where.service;
        }
    };

    std::optional<secret_digest> find(std::uint64_t generation, std::string_view date, scope const& where) {
        std::lock_guard const lock{mutex_};
        for (auto& each : entries_) {
            if (!each || each->generation != generation || each->date != date || !each->serves(where)) continue;
            each->used = ++uses_;
            return each->key;
        }
        return std::nullopt;
    }

    void keep(std::uint64_t generation, std::string_view date, scope const& where, secret_digest const& key) {
        entry made{generation, std::string{date}, std::string{where.region}, std::string{where.service}, key, 0};
        std::lock_guard const lock{mutex_};
        made.used = ++uses_;
        auto* place = &entries_.front();
        for (auto& each : entries_) {
            if (each && outdates(made, *each)) each.reset();
            if (!each || (*place && each->used < (*place)->used)) place = &each;
        }
        *place = std::move(made);
    }

    /// The same scope of an earlier generation or day, or the same entry made by two threads at once.
    static bool outdates(entry const& fresh, entry const& old) noexcept {
        return old.serves({fresh.region, fresh.service}) && old.generation <= fresh.generation &&
               old.date <= fresh.date;
    }

    mutable std::mutex mutex_;
    std::array<std::optional<entry>, capacity> entries_{};
    std::uint64_t uses_ = 0;
};

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/sigv4/sign.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_SIGV4_SIGN_HPP
#define FARGATE_SIGV4_SIGN_HPP

namespace fargate::inline v0::crypto {

class openssl_hash; // in <fargate/crypto/openssl.hpp>, which only callers that leave the hash out have to include

} // namespace fargate::inline v0::crypto

// Signature Version 4 (AWS General Reference, "Signing AWS API requests"). Pure functions: the same arguments give the
// same signature, and nothing is asked of clock, network or environment.

namespace fargate::inline v0::sigv4 {

/// A header that a signed request carries.
struct signed_header {
    std::string_view name;
    std::string value;
};

/// The headers to set on a request so that it is signed: `X-Amz-Date` and `Authorization`, and as the case may be
/// `X-Amz-Security-Token` and `x-amz-content-sha256`.
struct signed_headers {
    std::array<signed_header, 4> fields{};
    std::size_t count = 0;
    std::string signature{}; ///< its 64 digits, which `Authorization` ends in

    [[nodiscard]] signed_header const* begin() const noexcept { return fields.data(); }
    [[nodiscard]] signed_header const* end() const noexcept { return fields.data() + count; }

    void add(std::string_view name, std::string value) { fields[count++] = {name, std::move(value)}; }
};

/// The last line of a canonical request: the hash of the body, or what `how` puts in its place.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string payload_hash(std::string_view body, settings const& how, Hash const& hash) {
    if (!how.payload_hash.empty()) return std::string{how.payload_hash};
    if (body.empty()) return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    return text::to_hex(crypto::bytes_of(hash.sha256(body)));
}

/// The text that is signed; `timestamp` is `20240102T030405Z`.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string string_to_sign(std::string_view timestamp, scope const& where, std::string_view canonical,
                                         Hash const& hash) {
    std::string made;
    made.reserve(160);
    made += "AWS4-HMAC-SHA256\n";
    made += timestamp;
    made += '\n';
    append_credential_scope(made, timestamp.substr(0, 8), where);
    made += '\n';
    text::append_hex(made, crypto::bytes_of(hash.sha256(canonical)));
    return made;
}

/// The signature of a canonical request, in hex: the stages after it in one go. `cache` may be null.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string signature(std::string_view canonical, key_view const& key, scope const& where,
                                    std::string_view timestamp, signing_key_cache* cache, Hash const& hash) {
    std::string_view const date = timestamp.substr(0, 8);
    std::string const text = string_to_sign(timestamp, where, canonical, hash);
    secret_digest const made =
        cache != nullptr ? cache->get(key, date, where, hash) : signing_key(key.secret_access_key, date, where, hash);
    return text::to_hex(crypto::bytes_of(hash.hmac_sha256(made.reveal(), text)));
}

/// Signs a request in its headers. `when` is the time it is sent, which the service compares with its own clock. `cache`,
/// when there is one, keeps signing keys between calls. Refuses with `errc::invalid_argument`, saying what to mend, a
/// request that must not be sent or cannot be signed: see `check`.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<signed_headers> sign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto const fine = check(request, key, where, when, how); !fine) return fine.error();
    std::string const timestamp = text::amz_timestamp(when);
    std::string const payload = payload_hash(request.body, how, hash);

    std::array<header_view, 3> added{};
    std::size_t count = 0;
    added[count++] = {"X-Amz-Date", timestamp};
    if (how.content_sha256) added[count++] = {"x-amz-content-sha256", payload};
    bool const has_token = !key.session_token.empty();
    if (has_token && how.token == token_rule::sign) added[count++] = {"X-Amz-Security-Token", key.session_token};

    canonical_headers const headers{request.headers, std::span{added}.first(count)};
    signed_headers made;
    made.signature = signature(canonical_request(request, headers, how, payload), key, where, timestamp, cache, hash);

    std::string authorization;
    authorization.reserve(256 + headers.size_hint() / 2);
    authorization += "AWS4-HMAC-SHA256 Credential=";
    authorization += key.access_key_id;
    authorization += '/';
    append_credential_scope(authorization, std::string_view{timestamp}.substr(0, 8), where);
    authorization += ", SignedHeaders=";
    headers.append_names(authorization);
    authorization += ", Signature=";
    authorization += made.signature;

    made.add("X-Amz-Date", timestamp);
    if (has_token) made.add("X-Amz-Security-Token", std::string{key.session_token});
    if (how.content_sha256) made.add("x-amz-content-sha256", payload);
    made.add("Authorization", std::move(authorization));
    return made;
}

/// Signs a request in its query, so that whoever holds the URL can send it, with the headers that are in `request` and no
/// others of `x-amz-`, until `expires` has passed (1 second to 7 days, and no longer than the key itself is good). Returns
/// the whole query without `?`. Where S3's settings would tell the payload hash in a header, the payload is not signed.
/// Refuses as `sign` does.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<std::string> presign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, std::chrono::seconds expires, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto const fine = check(request, key, where, when, how); !fine) return fine.error();
    if (expires < std::chrono::seconds{1} || expires > std::chrono::days{7})
        return fail(errc::invalid_argument, "a presigned request lives from 1 to 604800 seconds");
    std::string const timestamp = text::amz_timestamp(when);
    canonical_headers const headers{request.headers};
    std::string credential{key.access_key_id};
    credential += '/';
    append_credential_scope(credential, std::string_view{timestamp}.substr(0, 8), where);
    std::string names;
    headers.append_names(names);
    std::string token;
    if (!key.session_token.empty()) {
        token = "&X-Amz-Security-Token=";
        text::append_percent(token, key.session_token);
    }

    std::string query{request.query};
    if (!query.empty()) query += '&';
    query += "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";
    text::append_percent(query, credential);
    query += "&X-Amz-Date=";
    query += timestamp;
    query += "&X-Amz-SignedHeaders=";
    text::append_percent(query, names);
    query += "&X-Amz-Expires=";
    query += std::to_string(expires.count());
    if (how.token == token_rule::sign) query += token;

    request_view complete = request;
    complete.query = query;
    std::string const payload = how.content_sha256 && how.payload_hash.empty() ? std::string{unsigned_payload}
                                                                               : payload_hash(request.body, how, hash);
    std::string const made =
        signature(canonical_request(complete, headers, how, payload), key, where, timestamp, cache, hash);
    if (how.token == token_rule::omit) query += token;
    query += "&X-Amz-Signature=";
    query += made;
    return query;
}

} // namespace fargate::inline v0::sigv4

#endif

// ---- fargate/aws/client.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_CLIENT_HPP
#define FARGATE_AWS_CLIENT_HPP

namespace fargate::inline v0::aws {

/// Reads an answer whose body is a JSON object.
[[nodiscard]] inline result<json::value> read_document(http::response&& answer) {
    auto document = json::parse(answer.body);
    if (document && document->is_object()) return document;
    if (detail::is_html(answer.body))
        return fail(errc::malformed_response, "the answer is HTML, not JSON: check that the address is the service's");
    return document ? fail(errc::malformed_response, "the answer is no JSON object") : document.error();
}

/// Reads an answer as it is.
[[nodiscard]] inline result<http::response> read_response(http::response&& answer) { return std::move(answer); }

namespace detail {

template <class Parts>
[[nodiscard]] auto& credentials_http(Parts& parts) noexcept {
    if constexpr (requires { parts.credentials_http; })
        return parts.credentials_http;
    else
        return parts.http;
}

} // namespace detail

/// Signed calls of one service. A call goes: resolve credentials, sign, send, classify, wait, sign anew, send again. The
/// retry policy decides about the next attempt and the clock policy waits for it; the HTTP policy does neither.
///
/// Keeps references to the parts, which must outlive it. Parts with a member `credentials_http` have keys fetched over that
/// and not over `http`. Calls may be made from several threads at once as far as the
/// parts are shared between threads. What was wrong with options or environment (no region, a malformed endpoint) is the
/// answer to every call; making a client sends nothing and cannot fail. The shared files are read once, when it is made.
///
/// A call is repeated by the parts' retry policy. Where that leaves mode or attempts open and can be told (`any_mode` does
/// and can), AWS_RETRY_MODE, AWS_MAX_ATTEMPTS or the profile decide, and the client has a policy, and a quota, of its own.
///
/// Two things are put right at once, once a call, and without the retry policy being asked. A key that the service refuses
/// as expired or unknown is given back to its source, and what that hands out instead signs the next attempt. That is for
/// keys that can be renewed, which have an `expires` or a session token, and from sources with `invalidate`: a long-lived
/// key that is refused stays refused, and so does a source that answers with the same key again. And a clock that is wrong
/// (a code of `doubt_of`) is learned from the answer's `Date`, for all calls of the client from then on.
template <policies Policies>
class client {
public:
    template <class Parts>
    client(Parts& parts, service const& of, client_options options = {}) :
        client{parts, of, std::move(options), ambient{parts.environment}} {}

    /// Where the calls go, or why they cannot.
    [[nodiscard]] result<target> const& destination() const noexcept { return destination_; }

    /// Makes a call and reads its answer: `read(http::response&&)`, a `result`, is asked when the status is 2xx, and its
    /// `errc::malformed_response` counts as a lost answer, which is repeated. Every attempt carries the same invocation id,
    /// a signature of its own and its number. The error names service and operation, and says in `retryable` whether the
    /// same call may succeed later. With a deadline, what there is no time left to wait for is not begun: the answer is then
    /// the error of the attempt before, or `errc::timed_out` if there was none.
    template <class Read>
    [[nodiscard]] auto call(aws::call const& what, Read const& read, std::stop_token stop = {})
        -> std::invoke_result_t<Read const&, http::response&&> {
        if (flaw_) return named(what.operation, *flaw_);
        std::string const invocation = random_uuid(options_.random);
        time_limit const ends{what.deadline.value_or(options_.deadline), clock_.now()};
        http::request request = request_of(what, stop);
        retry::progress book;
        repairs done;
        std::optional<error> last; // how the attempt before went
        for (int attempt = 1;; ++attempt) {
            if (auto turn = await_turn(what, ends, last, stop); !turn)
                return named(what.operation, std::move(turn).error(), attempt - 1);
            auto const offset = duration{clock_offset_.load(std::memory_order_relaxed)};
            auto const key = resolve_key(offset);
            if (!key) return named(what.operation, before_that(key.error(), last), attempt - 1);
            if (done.refused && is_same(*done.refused, *key))
                return named(what.operation, *std::move(last), attempt - 1);
            done.refused.reset();
            auto const now = clock_.now();
            if (ends.is_over(now)) return named(what.operation, ends.late(last), attempt - 1);
            request.limits.total = ends.attempt_limit(options_.limits.total, now);
            auto const moment = now + offset;
            auto ready = sign(request, what, *key, moment);
            if (!ready) return named(what.operation, std::move(ready).error(), attempt - 1);
            tell_attempt(request, invocation, attempt, ends, moment);

            auto response = http_.send(request);
            auto const hint = response ? retry_hint(*response) : std::nullopt;
            auto const server_time =
                response ? text::parse_http_date(response->headers.value_of("Date")) : std::nullopt;
            auto answer = interpret(what, std::move(response), read);
            if (!answer) detail::withhold(answer.error().message, key->session_token.reveal());

            auto const verdict = answer ? retry::verdict::succeeded : judge(service_.id, answer.error());
            retry::outcome const how{verdict, hint};
            if constexpr (requires { retry_.after_send(clock_.now(), how); }) retry_.after_send(clock_.now(), how);
            if (!answer && (mend_key(answer.error(), *key, done) ||
                            mend_clock(answer.error(), what.method, server_time, offset, done))) {
                last = std::move(answer).error();
                continue;
            }
            auto const pause = retry_.next(book, how);
            if (answer) return answer;
            answer.error().retryable = verdict != retry::verdict::refused;
            if (!pause) return named(what.operation, std::move(answer).error(), attempt);
            if (ends.is_over(clock_.now() + *pause))
                return named(what.operation, ends.late(std::move(answer).error()), attempt);
            if (!clock_.sleep_for(*pause, stop))
                return named(what.operation,
                             fail(errc::cancelled, "stopped while it waited after " + answer.error().message));
            last = std::move(answer).error();
        }
    }

    /// A call of a JSON 1.1 operation of the service.
    [[nodiscard]] result<json::value> call_json(std::string_view operation, std::string_view target_prefix,
                                                json::value const& input, std::stop_token stop = {},
                                                retry::tolls const& tolls = {}) {
        return call_json(operation, target_prefix, input, read_document, std::move(stop), tolls);
    }

    /// The same, with the answer read by `read`, as `call` has it.
    template <class Read>
    [[nodiscard]] auto call_json(std::string_view operation, std::string_view target_prefix, json::value const& input,
                                 Read const& read, std::stop_token stop, retry::tolls const& tolls)
        -> std::invoke_result_t<Read const&, http::response&&> {
        if (!input.is_object())
            return named(operation, fail(errc::invalid_argument, "the input is no object with AWS's member names"));
        if (!destination_) return named(operation, destination_.error());
        auto what = aws::json_call(operation, target_prefix, endpoint_of(service_, *destination_), input);
        what.tolls = tolls;
        return call(what, read, std::move(stop));
    }

    /// An error with the call that it ended: `ecs RunTask: ...`.
    [[nodiscard]] error named(std::string_view operation, error why, int attempts = 1) const {
        why.message = std::string{service_.prefix}.append(" ").append(operation).append(": ").append(why.message);
        if (attempts > 1) why.message += " (after " + std::to_string(attempts) + " attempts)";
        return why;
    }

    [[nodiscard]] client_options const& options() const noexcept { return options_; }

private:
    using ambient = aws::ambient<typename Policies::environment>;

    template <class Parts>
    client(Parts& parts, service const& of, client_options options, ambient known) :
        http_{parts.http},
        credentials_http_{detail::credentials_http(parts)},
        credentials_{parts.credentials},
        clock_{parts.clock},
        environment_{parts.environment},
        hash_{parts.hash},
        service_{of},
        options_{std::move(options)},
        destination_{resolve_target(of, options_, known)},
        user_agent_{aws::user_agent(options_, known)},
        own_retry_{policy_of(parts.retry, known)},
        retry_{own_retry_ != nullptr ? *own_retry_ : parts.retry} {
        auto file = resolve_ca_file(options_.ca_file, known);
        if (file)
            options_.ca_file = *std::move(file);
        else
            flaw_ = std::move(file).error();
    }

    /// A policy that does what environment and profile say, where `from` leaves that open; null when it says it all.
    [[nodiscard]] std::unique_ptr<typename Policies::retry> policy_of(typename Policies::retry& from, ambient& known) {
        if constexpr (requires(retry::mode_options const& told) {
                          { from.told() } -> std::same_as<retry::mode_options>;
                          { from.with(told) } -> std::same_as<typename Policies::retry>;
                      }) {
            auto const said = ambient_repeats(known);
            if (!said) flaw_ = said.error();
            auto const open = said ? said->beyond(from.told()) : retry::mode_options{};
            if (!open.empty()) return std::unique_ptr<typename Policies::retry>{new auto(from.with(open))};
        }
        return nullptr;
    }

    /// What has been put right in the course of a call; each at most once.
    struct repairs {
        bool key = false;
        bool clock = false;
        std::optional<access_key> refused{}; ///< what has just been given back
    };

    /// Waits until the retry policy and the API's rates let an attempt go.
    [[nodiscard]] result<void> await_turn(aws::call const& what, time_limit const& ends,
                                          std::optional<error> const& last, std::stop_token const& stop) {
        if (stop.stop_requested()) return fail(errc::cancelled, "stopped before it was sent");
        auto const now = clock_.now();
        duration wait = retry::take(what.tolls, now);
        if constexpr (requires {
                          { retry_.before_send(now) } -> std::same_as<duration>;
                      })
            wait = std::max(wait, retry_.before_send(now));
        bool const late = ends.is_over(now + wait);
        if (!late && (wait <= duration::zero() || clock_.sleep_for(wait, stop))) return {};
        retry::give_back(what.tolls);
        return late ? ends.late(last) : fail(errc::cancelled, "stopped before it was sent");
    }

    /// A key that is valid by the service's clock, as far as that is known.
    [[nodiscard]] result<access_key> resolve_key(duration offset) {
        if (options_.anonymous) return access_key{};
        auto key = credentials_.fetch(credentials_http_, clock_, environment_);
        if constexpr (requires { credentials_.invalidate(key->generation); }) {
            bool const known = key && key->expires && offset != duration::zero();
            if (known && *key->expires <= clock_.now() + offset) {
                credentials_.invalidate(key->generation);
                key = credentials_.fetch(credentials_http_, clock_, environment_);
            }
        }
        if (!key) key.error().message = "no credentials: " + key.error().message;
        return key;
    }

    [[nodiscard]] static error before_that(error why, std::optional<error> const& last) {
        if (last) why.message += " (before that: " + last->message + ")";
        return why;
    }

    [[nodiscard]] static bool is_same(access_key const& one, access_key const& other) noexcept {
        return one.id == other.id && one.session_token == other.session_token;
    }

    /// What all attempts have in common.
    [[nodiscard]] http::request request_of(aws::call const& what, std::stop_token stop) const {
        http::request made;
        made.method = what.method;
        made.url = what.where.scheme + "://" + what.where.authority + what.where.path(what.path);
        if (!what.query.empty()) made.url += "?" + what.query;
        made.body = what.body;
        made.limits = options_.limits;
        made.ca_file = options_.ca_file;
        made.stop = std::move(stop);
        made.sink = what.sink;
        return made;
    }

    /// The fields of one attempt.
    [[nodiscard]] result<void> sign(http::request& made, aws::call const& what, access_key const& key,
                                    time_point moment) {
        made.headers = what.headers;
        made.headers.set("Host", what.where.host);
        if (options_.anonymous) return {};
        std::string const path = what.where.path(what.path);
        std::vector<sigv4::header_view> views;
        for (auto const& each : made.headers) views.push_back({each.name, each.value});
        sigv4::request_view const view{made.method, path, what.query, views, made.body};
        sigv4::scope const scope{what.where.region, service_.signing_name};
        auto const added = sigv4::sign(view, key.view(), scope, moment, what.signing, &signing_keys_, hash_);
        if (!added) return added.error();
        for (auto const& each : *added) made.headers.set(std::string{each.name}, each.value);
        return {};
    }

    /// The fields that are not signed.
    void tell_attempt(http::request& made, std::string const& invocation, int attempt, time_limit const& ends,
                      time_point moment) const {
        std::string number = "attempt=" + std::to_string(attempt) + attempts_at_most();
        if (ends) number += "; ttl=" + text::amz_timestamp(moment + made.limits.total);
        made.headers.set("amz-sdk-invocation-id", invocation);
        made.headers.set("amz-sdk-request", std::move(number));
        made.headers.set("User-Agent", user_agent_);
    }

    [[nodiscard]] std::string attempts_at_most() const {
        if constexpr (requires {
                          { retry_.max_attempts() } -> std::convertible_to<int>;
                      })
            return "; max=" + std::to_string(retry_.max_attempts());
        else
            return {};
    }

    /// `x-amz-retry-after`: whole milliseconds.
    [[nodiscard]] static std::optional<std::chrono::milliseconds> retry_hint(http::response const& answer) {
        std::string_view const digits = answer.headers.value_of("x-amz-retry-after");
        if (digits.empty() || digits.size() > 9) return std::nullopt;
        std::chrono::milliseconds::rep value = 0;
        for (char const c : digits) {
            if (!text::is_digit(c)) return std::nullopt;
            value = value * 10 + (c - '0');
        }
        return std::chrono::milliseconds{value};
    }

    template <class Read>
    [[nodiscard]] static auto interpret(aws::call const& what, result<http::response>&& response, Read const& read)
        -> std::invoke_result_t<Read const&, http::response&&> {
        if (!response) return std::move(response).error();
        int const status = response->status;
        if (status < 200 || status > 299) {
            auto said = read_failure(what.speaks, *response);
            auto made = error_of(said, what);
            if (what.failure != nullptr) *what.failure = std::move(said);
            return made;
        }
        std::string request_id = detail::bare_failure(*response).request_id;
        auto answer = read(*std::move(response));
        if (!answer) {
            answer.error().http_status = status;
            answer.error().request_id = std::move(request_id);
        }
        return answer;
    }

    /// Gives back a key that the service refused, where the source may have a better one. True when the call should be
    /// sent again at once; the retry policy is not asked about that.
    [[nodiscard]] bool mend_key(error const& why, access_key const& key, repairs& done) {
        if constexpr (requires { credentials_.invalidate(key.generation); }) {
            bool const renewable = key.expires || !key.session_token.empty();
            if (renewable && is_expired_key(why.service_code) && !options_.anonymous &&
                !std::exchange(done.key, true)) {
                credentials_.invalidate(key.generation);
                done.refused = key;
                return true;
            }
        }
        return false;
    }

    /// Learns the service's time when it refused a signature for ours, likewise. `signed_with` is the offset of the attempt:
    /// another call may have learned the new one since.
    [[nodiscard]] bool mend_clock(error const& why, std::string_view method, std::optional<time_point> server_time,
                                  duration signed_with, repairs& done) {
        bool const mute = method == "HEAD" && why.http_status == 403; // no body says why
        auto const doubt = mute ? clock_doubt::possible : doubt_of(why.service_code);
        if (doubt == clock_doubt::none || !server_time || options_.anonymous || done.clock) return false;
        auto const offset = *server_time - clock_.now();
        if (doubt == clock_doubt::possible && std::chrono::abs(offset - signed_with) < std::chrono::minutes{4})
            return false;
        clock_offset_.store(offset.count(), std::memory_order_relaxed);
        return done.clock = true;
    }

    typename Policies::http& http_;
    typename Policies::http& credentials_http_;
    typename Policies::credentials& credentials_;
    typename Policies::clock& clock_;
    typename Policies::environment const& environment_;
    typename Policies::hash const& hash_;
    service service_;
    client_options options_;
    result<target> destination_;
    std::string user_agent_;
    std::optional<error> flaw_{}; ///< of options or environment, besides the destination's
    std::unique_ptr<typename Policies::retry> own_retry_;
    typename Policies::retry& retry_;
    sigv4::signing_key_cache signing_keys_{};
    /// The service's clock minus ours, learned when it refused a signature.
    std::atomic<duration::rep> clock_offset_{0};
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/tag.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_TAG_HPP
#define FARGATE_AWS_TAG_HPP

namespace fargate::inline v0::aws {

struct tag {
    std::string key{};
    std::string value{};

    friend bool operator==(tag const&, tag const&) = default;
};

/// The tags in the array `member`. ECS spells a tag `{key, value}`, the tagging API `{Key, Value}`; a tag without a value
/// has an empty one.
[[nodiscard]] inline std::vector<tag> read_tags(json::value const& document, std::string_view member) {
    std::vector<tag> made;
    auto const* const list = json::array_of(document, member);
    if (list == nullptr) return made;
    for (auto const& each : *list) {
        auto const text = [&each](std::string_view lower, std::string_view upper) {
            auto const found = json::text_of(each, lower);
            return std::string{found ? *found : json::text_of(each, upper).value_or("")};
        };
        made.push_back({text("key", "Key"), text("value", "Value")});
    }
    return made;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/ecs_types.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_ECS_TYPES_HPP
#define FARGATE_AWS_ECS_TYPES_HPP

// What ECS answers, as far as callers look at it by name; the whole document stands beside it as `raw`. A member that ECS
// left out is empty here: unknown words in states and reasons pass through as they are.

namespace fargate::inline v0::aws {

namespace detail {

[[nodiscard]] inline std::string text_or_empty(json::value const& document, std::string_view key) {
    return std::string{json::text_of(document, key).value_or("")};
}

/// The elements of the array `key`, each made by `Made::from`.
template <class Made>
[[nodiscard]] std::vector<Made> list_of(json::value const& document, std::string_view key) {
    std::vector<Made> made;
    if (auto const* const list = json::array_of(document, key))
        for (auto const& each : *list) made.push_back(Made::from(each));
    return made;
}

[[nodiscard]] inline error answer_lacks(std::string_view member) {
    return fail(errc::malformed_response, "the answer has no " + std::string{member});
}

} // namespace detail

/// A container of a task.
struct container {
    std::string name{};
    std::string last_status{};
    std::string reason{};
    std::optional<int> exit_code{}; ///< absent when it never started, and sometimes when Fargate lost it

    [[nodiscard]] static container from(json::value const& document) {
        container made{detail::text_or_empty(document, "name"), detail::text_or_empty(document, "lastStatus"),
                       detail::text_or_empty(document, "reason"), std::nullopt};
        auto const code = json::integer_of(document, "exitCode");
        if (code && *code >= std::numeric_limits<int>::min() && *code <= std::numeric_limits<int>::max())
            made.exit_code = static_cast<int>(*code);
        return made;
    }
};

/// A task. `last_status` is PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING or STOPPED.
struct task {
    std::string arn{};
    std::string definition_arn{};
    std::string cluster_arn{};
    std::string last_status{};
    std::string desired_status{};
    std::string stop_code{};
    std::string stopped_reason{};
    std::string started_by{};
    std::string group{};
    std::vector<container> containers{};

    [[nodiscard]] static task from(json::value const& document) {
        auto const text = [&document](std::string_view key) { return detail::text_or_empty(document, key); };
        return {text("taskArn"),       text("taskDefinitionArn"),
                text("clusterArn"),    text("lastStatus"),
                text("desiredStatus"), text("stopCode"),
                text("stoppedReason"), text("startedBy"),
                text("group"),         detail::list_of<container>(document, "containers")};
    }
};

/// What ECS could not do inside a call that succeeded, e.g. `RESOURCE:MEMORY`, or `MISSING` for a task it does not know.
struct failure {
    std::string arn{};
    std::string reason{};
    std::string detail{};

    [[nodiscard]] static failure from(json::value const& document) {
        return {aws::detail::text_or_empty(document, "arn"), aws::detail::text_or_empty(document, "reason"),
                aws::detail::text_or_empty(document, "detail")};
    }
};

struct cluster {
    std::string arn{};
    std::string name{};
    std::string status{};

    [[nodiscard]] static cluster from(json::value const& document) {
        return {detail::text_or_empty(document, "clusterArn"), detail::text_or_empty(document, "clusterName"),
                detail::text_or_empty(document, "status")};
    }
};

/// The answer to RegisterTaskDefinition, DescribeTaskDefinition and DeregisterTaskDefinition.
struct task_definition_output {
    std::string arn{};
    std::string family{};
    std::int64_t revision = 0;
    std::string status{};
    std::vector<tag> tags{}; ///< they stand beside the definition, not in it
    json::value raw{};

    [[nodiscard]] static result<task_definition_output> from(json::value raw) {
        auto const* const definition = json::object_of(raw, "taskDefinition");
        if (definition == nullptr) return detail::answer_lacks("taskDefinition");
        task_definition_output made;
        made.arn = detail::text_or_empty(*definition, "taskDefinitionArn");
        if (made.arn.empty()) return detail::answer_lacks("taskDefinition.taskDefinitionArn");
        made.family = detail::text_or_empty(*definition, "family");
        made.revision = json::integer_of(*definition, "revision").value_or(0);
        made.status = detail::text_or_empty(*definition, "status");
        made.tags = read_tags(raw, "tags");
        made.raw = std::move(raw);
        return made;
    }
};

/// The answer to RunTask and to DescribeTasks: both may hold tasks and failures at once.
struct tasks_output {
    std::vector<task> tasks{};
    std::vector<failure> failures{};
    json::value raw{};

    [[nodiscard]] static result<tasks_output> from(json::value raw) {
        tasks_output made{detail::list_of<task>(raw, "tasks"), detail::list_of<failure>(raw, "failures"), {}};
        made.raw = std::move(raw);
        return made;
    }
};
using run_task_output = tasks_output;
using describe_tasks_output = tasks_output;

/// The answer to StopTask.
struct stop_task_output {
    aws::task task{};
    json::value raw{};

    [[nodiscard]] static result<stop_task_output> from(json::value raw) {
        auto const* const found = json::object_of(raw, "task");
        if (found == nullptr) return detail::answer_lacks("task");
        stop_task_output made{aws::task::from(*found), {}};
        made.raw = std::move(raw);
        return made;
    }
};

/// The answer to DescribeClusters.
struct clusters_output {
    std::vector<cluster> clusters{};
    std::vector<failure> failures{};
    json::value raw{};

    [[nodiscard]] static result<clusters_output> from(json::value raw) {
        clusters_output made{detail::list_of<cluster>(raw, "clusters"), detail::list_of<failure>(raw, "failures"), {}};
        made.raw = std::move(raw);
        return made;
    }
};

/// One page of ListTasks or ListTaskDefinitions; the next one is asked for with `next_token` until that is empty.
struct list_output {
    std::vector<std::string> arns{};
    std::string next_token{};
    json::value raw{};

    [[nodiscard]] static result<list_output> from(json::value raw) {
        list_output made;
        for (std::string_view const member : {"taskArns", "taskDefinitionArns"}) {
            auto const* const list = json::array_of(raw, member);
            if (list == nullptr) continue;
            for (auto const& each : *list)
                if (auto const arn = json::as_text(each)) made.arns.emplace_back(*arn);
        }
        made.next_token = detail::text_or_empty(raw, "nextToken");
        made.raw = std::move(raw);
        return made;
    }
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/ecs.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_ECS_HPP
#define FARGATE_AWS_ECS_HPP

namespace fargate::inline v0::aws {

/// Amazon ECS. Inputs are JSON objects with the member names of AWS's API reference, sent as they are; outputs are the
/// structs of ecs_types.hpp. Every operation is repeated as `client` says, with these to know:
///
/// - `run_task` gives an input without `clientToken` a random one, the same for all attempts, so that a repeat after a lost
///   answer starts no second task (`client_options::client_tokens` switches it off). An answer may hold `failures`
///   beside or instead of tasks: that is data, not an error. ConflictException carries the tasks of the first call in
///   `error::resources`.
/// - `register_task_definition` has no such token: after a lost answer a repeat may leave one revision more. Who minds
///   compares what DescribeTaskDefinition says of the family, as `deploy::definitions` does.
///
/// Calls wait their turn where they would come faster than ECS lets them, by the client's own count: see `ecs_rates`, whose
/// numbers may be given (`client_options::api_rates` switches that off). No call waits while the burst lasts.
///
/// Keeps references to `parts`, any struct with the members http, credentials, clock, environment, retry and hash of the
/// bundle's types, e.g. `aws::parts<Policies>`. May be used from several threads as far as they may.
template <policies Policies>
class ecs {
public:
    static constexpr std::size_t longest_overrides = 8192; ///< of RunTask, their JSON included

    template <class Parts>
    explicit ecs(Parts& parts, client_options options = {}, ecs_rates const& rates = {}) :
        client_{parts, ecs_service, std::move(options)}, buckets_{rates} {}

    [[nodiscard]] result<task_definition_output> register_task_definition(json::value const& input,
                                                                          std::stop_token stop = {}) {
        return ask<task_definition_output>("RegisterTaskDefinition", input, std::move(stop));
    }

    [[nodiscard]] result<task_definition_output> deregister_task_definition(json::value const& input,
                                                                            std::stop_token stop = {}) {
        return ask<task_definition_output>("DeregisterTaskDefinition", input, std::move(stop));
    }

    [[nodiscard]] result<task_definition_output> describe_task_definition(json::value const& input,
                                                                          std::stop_token stop = {}) {
        return ask<task_definition_output>("DescribeTaskDefinition", input, std::move(stop));
    }

    [[nodiscard]] result<list_output> list_task_definitions(json::value const& input, std::stop_token stop = {}) {
        return ask<list_output>("ListTaskDefinitions", input, std::move(stop));
    }

    [[nodiscard]] result<run_task_output> run_task(json::value const& input, std::stop_token stop = {}) {
        if (client_.options().parameter_validation) {
            auto const* const overrides = json::object_of(input, "overrides");
            if (overrides != nullptr && json::write(*overrides).size() > longest_overrides)
                return client_.named("RunTask",
                                     fail(errc::invalid_argument, "overrides are longer than the " +
                                                                      std::to_string(longest_overrides) +
                                                                      " characters that ECS takes: shorten them"));
        }
        bool const needs_token =
            client_.options().client_tokens && input.is_object() && json::member(input, "clientToken") == nullptr;
        if (!needs_token) return ask<run_task_output>("RunTask", input, std::move(stop));
        json::value with_token = input;
        json::set(with_token, "clientToken", random_uuid(client_.options().random));
        return ask<run_task_output>("RunTask", with_token, std::move(stop));
    }

    [[nodiscard]] result<describe_tasks_output> describe_tasks(json::value const& input, std::stop_token stop = {}) {
        return ask<describe_tasks_output>("DescribeTasks", input, std::move(stop));
    }

    [[nodiscard]] result<list_output> list_tasks(json::value const& input, std::stop_token stop = {}) {
        return ask<list_output>("ListTasks", input, std::move(stop));
    }

    [[nodiscard]] result<stop_task_output> stop_task(json::value const& input, std::stop_token stop = {}) {
        return ask<stop_task_output>("StopTask", input, std::move(stop));
    }

    [[nodiscard]] result<clusters_output> describe_clusters(json::value const& input, std::stop_token stop = {}) {
        return ask<clusters_output>("DescribeClusters", input, std::move(stop));
    }

private:
    template <class Output>
    [[nodiscard]] result<Output> ask(std::string_view operation, json::value const& input, std::stop_token stop) {
        auto const& to = client_.destination();
        bool const counted = client_.options().api_rates.value_or(to && !to->custom);
        auto const tolls = counted ? buckets_.of(operation, input) : retry::tolls{};
        std::string request_id;
        int status = 0;
        auto const read = [&](http::response&& answer) {
            request_id = detail::bare_failure(answer).request_id;
            status = answer.status;
            return read_document(std::move(answer));
        };
        auto document =
            client_.call_json(operation, "AmazonEC2ContainerServiceV20141113", input, read, std::move(stop), tolls);
        if (!document) return std::move(document).error();
        auto output = Output::from(*std::move(document));
        if (output) return output;
        output.error().http_status = status;
        output.error().request_id = std::move(request_id);
        return client_.named(operation, std::move(output).error());
    }

    client<Policies> client_;
    ecs_buckets buckets_;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/s3_options.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_S3_OPTIONS_HPP
#define FARGATE_AWS_S3_OPTIONS_HPP

namespace fargate::inline v0::aws {

/// Where the bucket's name stands: in the host or in the path.
enum class addressing : unsigned char {
    automatic,   ///< in the host where the name allows it; in the path under an endpoint URL
    path,        ///< always in the path
    virtual_host ///< in the host where the name allows it
};

/// What a caller may decide about S3 calls beside the `client_options`. What is left open the environment decides, and then
/// the profile, whose settings below `s3 =` stand beside each member; and then the default.
struct s3_options {
    std::optional<addressing> style{};  ///< `addressing_style`: auto (the default), path or virtual
    std::optional<bool> accelerate{};   ///< `use_accelerate_endpoint`, the transfer acceleration host; off
    std::optional<bool> sign_payload{}; ///< `payload_signing_enabled`; on. Off: `UNSIGNED-PAYLOAD`, over https only
    /// Asks GetObject for the object's checksum and compares; on. AWS_RESPONSE_CHECKSUM_VALIDATION or the profile's
    /// `response_checksum_validation`, `when_supported` or `when_required` (off: some other stores do not take the field).
    std::optional<bool> checksum_mode{};
    std::optional<bool> use_dualstack{}; ///< `use_dualstack_endpoint`; open: as for every other service
};

namespace detail {

[[nodiscard]] inline result<std::optional<addressing>>
read_addressing(result<std::optional<ambient_setting>> const& found) {
    if (!found) return found.error();
    if (!*found) return std::optional<addressing>{};
    std::string_view const word = (*found)->text;
    if (text::iequals(word, "auto")) return std::optional{addressing::automatic};
    if (text::iequals(word, "path")) return std::optional{addressing::path};
    if (text::iequals(word, "virtual")) return std::optional{addressing::virtual_host};
    return fail(errc::bad_configuration, (*found)->from + " is none of auto, path and virtual");
}

/// One of two words, in any case, as true or false.
[[nodiscard]] inline result<std::optional<bool>> read_either(result<std::optional<ambient_setting>> const& found,
                                                             std::string_view yes, std::string_view no) {
    if (!found) return found.error();
    if (!*found) return std::optional<bool>{};
    if (text::iequals((*found)->text, yes)) return std::optional{true};
    if (text::iequals((*found)->text, no)) return std::optional{false};
    return fail(errc::bad_configuration,
                (*found)->from + " is neither " + std::string{yes} + " nor " + std::string{no});
}

} // namespace detail

/// Fills in what the caller left open, all but `use_dualstack` to its default. `errc::bad_configuration` names the place.
/// AWS_S3_US_EAST_1_REGIONAL_ENDPOINT and the like are not looked at: us-east-1 is always called at its regional host.
template <environment_policy Environment>
[[nodiscard]] result<s3_options> resolve_s3_options(s3_options given, Environment const& environment) {
    ambient<Environment> known{environment};
    auto const settle = [](auto& option, auto const& found) -> result<void> {
        if (option) return {};
        if (!found) return found.error();
        option = *found;
        return {};
    };
    auto const nested = [&known](std::string_view part) {
        return detail::read_either(known.of_profile("s3", part), "true", "false");
    };
    auto const checksums =
        detail::read_either(known.find("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation"),
                            "when_supported", "when_required");
    for (auto const& done : {
             settle(given.style, detail::read_addressing(known.of_profile("s3", "addressing_style"))),
             settle(given.accelerate, nested("use_accelerate_endpoint")),
             settle(given.sign_payload, nested("payload_signing_enabled")),
             settle(given.use_dualstack, nested("use_dualstack_endpoint")),
             settle(given.checksum_mode, checksums),
         })
        if (!done) return done.error();
    given.style = given.style.value_or(addressing::automatic);
    given.accelerate = given.accelerate.value_or(false);
    given.sign_payload = given.sign_payload.value_or(true);
    given.checksum_mode = given.checksum_mode.value_or(true);
    return given;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/s3_address.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_S3_ADDRESS_HPP
#define FARGATE_AWS_S3_ADDRESS_HPP

namespace fargate::inline v0::aws {

/// A bucket's endpoint and what goes before the key's path: empty, or `/bucket`.
struct bucket_address {
    endpoint where{};
    std::string path{};
};

namespace detail {

/// 3 to 63 of `a-z 0-9 -`, at the edges no dash. A dot would not match the certificate of `*.s3...`.
[[nodiscard]] constexpr bool fits_host(std::string_view bucket) noexcept {
    return bucket.size() >= 3 && is_host_label(bucket);
}

[[nodiscard]] constexpr bool is_ip_address(std::string_view host) noexcept {
    if (host.starts_with('[')) return true;
    return host.substr(0, host.find(':')).find_first_not_of("0123456789.") == std::string_view::npos;
}

[[nodiscard]] inline result<void> check_bucket(std::string_view bucket) {
    auto const refuse = [](char const* why) { return fail(errc::invalid_argument, why); };
    if (bucket.starts_with("arn:")) return refuse("access point ARNs are not supported: name the bucket itself");
    if (bucket.ends_with(".mrap"))
        return refuse("multi-region access points are not supported: name the bucket itself");
    if (bucket.ends_with("--op-s3")) return refuse("S3 on Outposts is not supported: use a bucket of a region");
    if (bucket.ends_with("--x-s3") || bucket.ends_with("--xa-s3"))
        return refuse("directory buckets (S3 Express) are not supported: use a general purpose bucket");
    if (bucket.empty() || bucket.size() > 255) return refuse("a bucket name has 1 to 255 characters");
    for (char const c : bucket)
        if (!text::is_alnum(c) && c != '.' && c != '-' && c != '_')
            return refuse("a bucket name consists of letters, digits, dots, dashes and underscores");
    if (bucket == "." || bucket == "..") return refuse("a bucket name is more than dots");
    return {};
}

} // namespace detail

/// The address of a bucket. Refuses names that are none, access points and directory buckets, and what cannot go
/// together (acceleration with FIPS, an endpoint URL or a bucket that does not fit into a host name; FIPS in China).
/// Regional hosts always, us-east-1 included: the old global host sends the buckets of other regions elsewhere.
[[nodiscard]] inline result<bucket_address> address_of(std::string_view bucket, target const& to,
                                                       s3_options const& options) {
    auto const refuse = [](char const* why) { return fail(errc::bad_configuration, why); };
    if (auto const name = detail::check_bucket(bucket); !name) return name.error();
    bool const global = to.region == "aws-global";
    auto const style = options.style.value_or(addressing::automatic);
    bool const accelerate = options.accelerate.value_or(false);
    bool const in_host = style != addressing::path && detail::fits_host(bucket);
    std::string const region = global ? "us-east-1" : to.region;
    std::string const label = std::string{bucket} + ".";
    std::string const segment = "/" + std::string{bucket};

    if (to.custom) {
        if (accelerate) return refuse("S3 acceleration has its own host: leave out the endpoint URL");
        endpoint where = *to.custom;
        where.region = region;
        bool const plain = style == addressing::automatic || detail::is_ip_address(where.host);
        if (!in_host || plain) return bucket_address{std::move(where), segment};
        where.authority = label + where.authority;
        where.host = label + where.host;
        return bucket_address{std::move(where), {}};
    }

    partition const& within = partition_of(to.region);
    std::string const dual = to.use_dualstack ? ".dualstack" : "";
    std::string const suffix = "." + std::string{within.dns_suffix};
    if (to.use_fips && !within.s3_fips) return refuse("S3 has no FIPS endpoints in this partition");
    if (accelerate) {
        if (!in_host) return refuse("S3 acceleration needs a bucket name that fits into a host name, without dots");
        if (to.use_fips) return refuse("S3 acceleration has no FIPS endpoints");
        if (!within.s3_accelerate) return refuse("S3 acceleration is not available in this region");
        return bucket_address{endpoint_at(label + "s3-accelerate" + dual + suffix, region), {}};
    }
    bool const old_host = global && !to.use_fips && !to.use_dualstack;
    std::string const host =
        std::string{to.use_fips ? "s3-fips" : "s3"} + dual + (old_host ? "" : "." + region) + suffix;
    if (in_host) return bucket_address{endpoint_at(label + host, region), {}};
    return bucket_address{endpoint_at(host, region), segment};
}

/// S3's ways of saying that a bucket lives in another region. HEAD has no body to say it in, and a bare 400 then may mean
/// an expired token as well.
[[nodiscard]] inline bool is_redirect(service_failure const& said, std::string_view method) noexcept {
    if (said.status == 301 || said.status == 302 || said.status == 307) return true;
    if (said.status != 400) return false;
    if (said.code == "AuthorizationHeaderMalformed" || said.code == "IllegalLocationConstraintException") return true;
    return said.code == "400" && (method == "HEAD" || !said.redirect_region.empty());
}

/// Whether S3's word for a bucket's region can be followed from here: it becomes part of a host name, and a key of one
/// partition is nothing in another.
[[nodiscard]] inline bool leads_on(std::string_view region, target const& from) noexcept {
    return region != from.region && is_host_label(region) && partition_of(region).id == partition_of(from.region).id;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/s3_object.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_S3_OBJECT_HPP
#define FARGATE_AWS_S3_OBJECT_HPP

namespace fargate::inline v0::aws {

/// Which object, and under which conditions. Empty members are not sent.
struct object_request {
    std::string bucket{};
    std::string key{}; ///< any text, `/` and odd characters included; sent literally
    std::string version_id{};
    std::string range{};               ///< `bytes=0-99`
    std::string if_match{};            ///< an ETag, with its quotes
    std::string if_none_match{};       ///< likewise
    std::string if_modified_since{};   ///< an HTTP date
    std::string if_unmodified_since{}; ///< likewise
};

/// An object, or of HeadObject what there is but for its bytes.
struct object {
    std::string body{};
    std::optional<std::uint64_t> size{}; ///< of `body`, or of what it would be
    std::string etag{};                  ///< with its quotes; not in general a hash of the bytes
    std::string content_type{};
    std::string last_modified{};
    std::string version_id{};
    http::fields headers{};
};

/// `Content-Range: bytes 0-99/1234` of an answer with part of an object.
struct content_range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::optional<std::uint64_t> total{}; ///< not with `/*`
};

namespace detail {

[[nodiscard]] inline std::optional<std::uint64_t> whole_number(std::string_view digits) noexcept {
    std::uint64_t made = 0;
    auto const* const end = digits.data() + digits.size();
    auto const [at, problem] = std::from_chars(digits.data(), end, made);
    if (problem != std::errc{} || at != end) return std::nullopt;
    return made;
}

} // namespace detail

/// Nothing when it is no range of bytes (RFC 9110 §14.4).
[[nodiscard]] inline std::optional<content_range> read_content_range(std::string_view text) noexcept {
    constexpr std::string_view unit = "bytes ";
    auto const dash = text.find('-');
    auto const slash = text.find('/');
    if (!text.starts_with(unit) || dash == std::string_view::npos || slash == std::string_view::npos || slash < dash)
        return std::nullopt;
    auto const first = detail::whole_number(text.substr(unit.size(), dash - unit.size()));
    auto const last = detail::whole_number(text.substr(dash + 1, slash - dash - 1));
    auto const total = detail::whole_number(text.substr(slash + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    if (total ? *last >= *total : text.substr(slash + 1) != "*") return std::nullopt;
    return content_range{*first, *last, total};
}

/// What an answer says about an object, and its body.
[[nodiscard]] inline object object_of(http::response&& answer) {
    object made;
    auto const text = [&answer](std::string_view name) { return std::string{answer.headers.value_of(name)}; };
    made.size = detail::whole_number(answer.headers.value_of("Content-Length"));
    made.etag = text("ETag");
    made.content_type = text("Content-Type");
    made.last_modified = text("Last-Modified");
    made.version_id = text("x-amz-version-id");
    made.body = std::move(answer.body);
    made.headers = std::move(answer.headers);
    return made;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/crypto/openssl.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_CRYPTO_OPENSSL_HPP
#define FARGATE_CRYPTO_OPENSSL_HPP

namespace fargate::inline v0::crypto {

/// `hash_policy` on OpenSSL 3. It goes through EVP, so that a FIPS provider is honoured, and looks the algorithm up once
/// for the whole process: `SHA256()` and `HMAC()` look it up on every call, which takes longer than the hashing.
class openssl_hash {
public:
    [[nodiscard]] digest sha256(std::string_view data) const noexcept {
        digest made;
        require(EVP_Digest(data.data(), data.size(), made.data(), nullptr, algorithm(), nullptr));
        return made;
    }

    /// `HMAC` of RFC 2104, written out because OpenSSL 3's own sets up three contexts for each message.
    [[nodiscard]] digest hmac_sha256(std::string_view key, std::string_view data) const noexcept {
        unsigned char pad[block_size] = {};
        if (key.size() > block_size) {
            digest shorter = sha256(key);
            std::memcpy(pad, shorter.data(), shorter.size());
            wipe(shorter.data(), shorter.size());
        } else if (!key.empty()) {
            std::memcpy(pad, key.data(), key.size());
        }
        digest made;
        context state;
        for (unsigned char& each : pad) each ^= 0x36U;
        state.hash(pad, data, made);
        for (unsigned char& each : pad) each ^= 0x36U ^ 0x5CU;
        state.hash(pad, bytes_of(made), made);
        wipe(pad, sizeof pad);
        return made;
    }

private:
    static constexpr std::size_t block_size = 64;

    /// Memory that EVP hashes in; OpenSSL wipes it when it goes.
    class context {
    public:
        context() noexcept : state_{EVP_MD_CTX_new()} {}
        context(context const&) = delete;
        context& operator=(context const&) = delete;
        ~context() { EVP_MD_CTX_free(state_); }

        /// `into` may be what `data` views.
        void hash(unsigned char const (&pad)[block_size], std::string_view data, digest& into) noexcept {
            require(EVP_DigestInit_ex2(state_, algorithm(), nullptr));
            require(EVP_DigestUpdate(state_, pad, block_size));
            require(EVP_DigestUpdate(state_, data.data(), data.size()));
            require(EVP_DigestFinal_ex(state_, into.data(), nullptr));
        }

    private:
        EVP_MD_CTX* state_;
    };

    /// Lives as long as the process.
    static EVP_MD const* algorithm() noexcept {
        static EVP_MD const* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return fetched;
    }

    static void require(int done) noexcept {
        if (done == 1) return;
        std::fputs("fargate: OpenSSL cannot compute SHA-256: check its configuration\n", stderr);
        std::abort();
    }
};

static_assert(hash_policy<openssl_hash>);

enum class hash_kind : unsigned char { sha1, sha256 };

/// A hash of bytes that come piece by piece, for checksums; what is hashed is not wiped. Not for two threads at once.
class running_hash {
public:
    explicit running_hash(hash_kind which) : state_{EVP_MD_CTX_new()} {
        require(EVP_DigestInit_ex2(state_, algorithm(which), nullptr));
    }
    running_hash(running_hash const&) = delete;
    running_hash& operator=(running_hash const&) = delete;
    ~running_hash() { EVP_MD_CTX_free(state_); }

    void add(std::string_view bytes) noexcept { require(EVP_DigestUpdate(state_, bytes.data(), bytes.size())); }

    /// The digest of all that came, in bytes. Ends it: nothing may be asked of it afterwards.
    [[nodiscard]] std::string finish() {
        unsigned char made[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        require(EVP_DigestFinal_ex(state_, made, &size));
        return {made, made + size};
    }

private:
    /// Live as long as the process.
    static EVP_MD const* algorithm(hash_kind which) noexcept {
        static EVP_MD const* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
        static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        return which == hash_kind::sha1 ? sha1 : sha256;
    }

    static void require(int done) noexcept {
        if (done == 1) return;
        std::fputs("fargate: OpenSSL cannot compute a hash: check its configuration\n", stderr);
        std::abort();
    }

    EVP_MD_CTX* state_;
};

/// SHA-1, for names and checksums that others chose; nothing may rest on it.
[[nodiscard]] inline std::array<unsigned char, 20> sha1(std::string_view data) {
    running_hash state{hash_kind::sha1};
    state.add(data);
    std::string const bytes = state.finish();
    std::array<unsigned char, 20> made{};
    std::memcpy(made.data(), bytes.data(), made.size());
    return made;
}

} // namespace fargate::inline v0::crypto

#endif

// ---- fargate/text/base64.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_BASE64_HPP
#define FARGATE_TEXT_BASE64_HPP

namespace fargate::inline v0::text {

/// Bytes as base64 (RFC 4648 §4), padded with `=` to a multiple of four.
[[nodiscard]] inline std::string base64(std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string made;
    made.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (char const c : bytes) {
        held = ((held << 8U) | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (bits += 8; bits >= 6; bits -= 6) made += alphabet[(held >> (bits - 6)) & 0x3FU];
    }
    if (bits != 0) made += alphabet[(held << (6 - bits)) & 0x3FU];
    while (made.size() % 4 != 0) made += '=';
    return made;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/aws/checksum.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_CHECKSUM_HPP
#define FARGATE_AWS_CHECKSUM_HPP

namespace fargate::inline v0::aws {

/// The checksums that S3 keeps of an object.
enum class checksum_algorithm : unsigned char { crc32, crc32c, crc64nvme, sha1, sha256 };

/// As in `x-amz-checksum-<name>`.
[[nodiscard]] constexpr std::string_view name_of(checksum_algorithm which) noexcept {
    switch (which) {
    case checksum_algorithm::crc32: return "crc32";
    case checksum_algorithm::crc32c: return "crc32c";
    case checksum_algorithm::crc64nvme: return "crc64nvme";
    case checksum_algorithm::sha1: return "sha1";
    case checksum_algorithm::sha256: return "sha256";
    }
    return "unknown";
}

namespace detail {

/// A CRC that takes bits from the lowest on, begins with ones and ends inverted, as the three of S3 do. `Polynomial` is the
/// reflected one. Four bytes a step.
template <class Word, Word Polynomial>
struct reflected_crc {
    using tables = std::array<std::array<Word, 256>, 4>;

    [[nodiscard]] static constexpr tables make() noexcept {
        tables made{};
        for (std::size_t byte = 0; byte != 256; ++byte) {
            Word crc = static_cast<Word>(byte);
            for (int bit = 0; bit != 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? Polynomial : 0U);
            made[0][byte] = crc;
        }
        for (std::size_t step = 1; step != 4; ++step)
            for (std::size_t byte = 0; byte != 256; ++byte) {
                Word const before = made[step - 1][byte];
                made[step][byte] = (before >> 8U) ^ made[0][before & 0xFFU];
            }
        return made;
    }
    static constexpr tables table = make();

    /// The CRC of what gave `crc` (0 for nothing) with `bytes` behind it.
    [[nodiscard]] static constexpr Word of(std::string_view bytes, Word crc = 0) noexcept {
        crc = static_cast<Word>(~crc);
        while (bytes.size() >= 4) {
            Word rest = 0;
            if constexpr (sizeof(Word) > 4) rest = crc >> 32U;
            crc = table[3][(crc ^ byte_of(bytes[0])) & 0xFFU] ^ table[2][((crc >> 8U) ^ byte_of(bytes[1])) & 0xFFU] ^
                  table[1][((crc >> 16U) ^ byte_of(bytes[2])) & 0xFFU] ^
                  table[0][((crc >> 24U) ^ byte_of(bytes[3])) & 0xFFU] ^ rest;
            bytes.remove_prefix(4);
        }
        for (char const c : bytes) crc = (crc >> 8U) ^ table[0][(crc ^ byte_of(c)) & 0xFFU];
        return static_cast<Word>(~crc);
    }

    [[nodiscard]] static constexpr Word byte_of(char c) noexcept { return static_cast<unsigned char>(c); }
};

} // namespace detail

/// CRC-32 of IEEE 802.3.
using crc32 = detail::reflected_crc<std::uint32_t, 0xEDB88320U>;
/// CRC-32C of RFC 9260 (Castagnoli).
using crc32c = detail::reflected_crc<std::uint32_t, 0x82F63B78U>;
/// CRC-64/NVME, of the NVM Express command set.
using crc64nvme = detail::reflected_crc<std::uint64_t, 0x9A6C9329AC4BC9B5U>;

/// A checksum of bytes that come piece by piece. Not for two threads at once.
class checksum {
public:
    explicit checksum(checksum_algorithm which) : which_{which} {
        if (which == checksum_algorithm::sha1) hash_.emplace(crypto::hash_kind::sha1);
        if (which == checksum_algorithm::sha256) hash_.emplace(crypto::hash_kind::sha256);
    }

    void add(std::string_view bytes) {
        switch (which_) {
        case checksum_algorithm::crc32: crc_ = crc32::of(bytes, static_cast<std::uint32_t>(crc_)); break;
        case checksum_algorithm::crc32c: crc_ = crc32c::of(bytes, static_cast<std::uint32_t>(crc_)); break;
        case checksum_algorithm::crc64nvme: crc_ = crc64nvme::of(bytes, crc_); break;
        case checksum_algorithm::sha1:
        case checksum_algorithm::sha256: hash_->add(bytes);
        }
    }

    /// What it is of all bytes so far, as `x-amz-checksum-*` holds it: base64, of a CRC the highest byte first. Ends it.
    [[nodiscard]] std::string finish() {
        if (hash_) return text::base64(hash_->finish());
        std::string bytes;
        for (unsigned shift = which_ == checksum_algorithm::crc64nvme ? 64 : 32; shift != 0; shift -= 8)
            bytes += static_cast<char>(static_cast<unsigned char>(crc_ >> (shift - 8)));
        return text::base64(bytes);
    }

private:
    checksum_algorithm which_;
    std::uint64_t crc_ = 0;
    std::optional<crypto::running_hash> hash_{};
};

/// A checksum as a service announces it.
struct announced_checksum {
    checksum_algorithm algorithm = checksum_algorithm::crc32;
    std::string value{}; ///< base64
};

/// The checksum of a whole object that the fields of an answer hold; of several the quickest. Checksums of checksums
/// (`x-amz-checksum-type: COMPOSITE`, or a value that ends with `-` and the number of parts), which multipart uploads leave
/// behind, say nothing about the bytes and are passed over.
[[nodiscard]] inline std::optional<announced_checksum> announced_checksum_of(http::fields const& headers) {
    if (text::iequals(headers.value_of("x-amz-checksum-type"), "COMPOSITE")) return std::nullopt;
    for (auto const each : {checksum_algorithm::crc64nvme, checksum_algorithm::crc32c, checksum_algorithm::crc32,
                            checksum_algorithm::sha1, checksum_algorithm::sha256}) {
        auto const value = headers.value_of("x-amz-checksum-" + std::string{name_of(each)});
        if (!value.empty() && value.find('-') == std::string_view::npos)
            return announced_checksum{each, std::string{value}};
    }
    return std::nullopt;
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/s3_transfer.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_S3_TRANSFER_HPP
#define FARGATE_AWS_S3_TRANSFER_HPP

namespace fargate::inline v0::aws {

/// One object on its way, over as many attempts as it takes: a sink that has the call ask for what is still missing
/// (`Range`, and `If-Match` so that it is the same object), and that sees to length and checksum of the whole.
///
/// Bytes are kept in memory or handed on, each once. Kept ones can be thrown away when the object turns out to have changed
/// meanwhile; handed-on ones cannot. A transfer serves one call after another; `begin`, `take` and `finish` are for while the
/// one lives that it steers.
class object_transfer final : public http::body_sink {
public:
    /// Hands the bytes on when there is a `to`, and otherwise keeps `limit` of them at most.
    object_transfer(object_request const& which, http::body_sink* to, std::size_t limit, bool verify) :
        which_{which}, to_{to}, limit_{limit}, verify_{verify} {}

    /// Has the attempts of a call come here, and makes it ask for what is missing.
    void steer(call& what) {
        what.sink = this;
        steered_ = &what;
        aim();
    }

    [[nodiscard]] bool begin(http::response const& head) override {
        begun_ = true;
        if (complete()) return false; // only the answer's end had been lost
        if (offset_ != 0) {
            bool const asked = can_continue();
            if (asked && head.status == 206 && continues(head)) return true;
            if (to_ != nullptr) return give_up(asked && head.status == 206 ? changed() : stuck());
            if (asked && (head.status == 206 || !which_.range.empty())) return give_up(changed());
            start_over();
        }
        head_ = {head.status, head.headers, {}};
        part_.reset();
        expected_.reset();
        if (!head.headers.find("Transfer-Encoding"))
            expected_ = detail::whole_number(head.headers.value_of("Content-Length"));
        if (head.status == 206) part_ = read_content_range(head.headers.value_of("Content-Range"));
        if (part_) {
            auto const length = part_->last - part_->first + 1;
            if (expected_.value_or(length) != length)
                return give_up(
                    fail(errc::malformed_response, "Content-Range and Content-Length contradict each other"));
            expected_ = length;
        }
        announced_ = verify_ && head.status == 200 ? announced_checksum_of(head.headers) : std::nullopt;
        sum_.reset();
        if (announced_) sum_.emplace(announced_->algorithm);
        aim();
        if (to_ != nullptr) return true;
        if (expected_.value_or(0) > limit_) return give_up(too_large());
        constexpr std::uint64_t most_at_once = 256 * 1024 * 1024; // on the word of the other side
        body_.reserve(static_cast<std::size_t>(std::min(expected_.value_or(0), most_at_once)));
        return true;
    }

    [[nodiscard]] bool take(std::string_view bytes) override {
        if (!admit(bytes.size())) return false;
        if (to_ == nullptr) {
            body_ += bytes;
        } else if (!open() || !to_->take(bytes)) {
            return give_up(declined());
        }
        count(bytes);
        return true;
    }

    /// Reads what an attempt amounts to in the end. `errc::connection_failed` when bytes are missing and can be asked for,
    /// `errc::malformed_response` when the bytes are wrong and can be thrown away; what cannot be helped is the `problem`.
    [[nodiscard]] result<object> finish(http::response&& answer) {
        if (!std::exchange(begun_, false) || !answer.body.empty()) adopt(std::move(answer));
        auto made = settle();
        if (!made) aim();
        return made;
    }

    /// The same, when it is known that the last attempt brought nothing more.
    [[nodiscard]] result<object> settle() {
        if (problem_) return object{};
        if (expected_ && offset_ < *expected_)
            return fail(errc::connection_failed, "the body broke off after " + std::to_string(offset_) + " of " +
                                                     std::to_string(*expected_) + " bytes");
        if (sum_ && sum_->finish() != announced_->value) {
            auto wrong = fail(errc::malformed_response,
                              "the " + std::string{name_of(announced_->algorithm)} + " of " + quoted_key() +
                                  " is not the one that S3 keeps of it",
                              true);
            sum_.reset();
            if (to_ != nullptr) {
                give_up(std::move(wrong));
                return object{};
            }
            start_over();
            return wrong;
        }
        if (to_ != nullptr && !open()) give_up(declined());
        head_.body = std::move(body_);
        return object_of(std::move(head_));
    }

    /// Every byte that was announced is there, whatever happened afterwards.
    [[nodiscard]] bool complete() const noexcept { return offset_ != 0 && expected_ == offset_; }

    /// What ended the transfer and cannot be helped by another attempt.
    [[nodiscard]] std::optional<error> const& problem() const noexcept { return problem_; }

    /// The object is not the one any more of which there is a part; `how` is how a call ended.
    [[nodiscard]] bool is_outdated(result<object> const& how) const noexcept {
        if (outdated_ || how || problem_ || offset_ == 0) return outdated_;
        return how.error().http_status == 412 || how.error().http_status == 416;
    }

    /// Forgets an outdated object. False when its bytes are out already.
    [[nodiscard]] bool restart() {
        if (to_ != nullptr) return false;
        start_over();
        return true;
    }

    /// What there is to say of an outdated object whose bytes are out, or that changes all the time.
    [[nodiscard]] error changed() {
        outdated_ = true;
        auto made = fail(errc::service_error,
                         quoted_key() + " changed after " + std::to_string(offset_) + " bytes of it were read", true);
        made.http_status = 412;
        made.service_code = "PreconditionFailed";
        return made;
    }

private:
    bool give_up(error why) {
        if (!problem_) problem_ = std::move(why);
        return false;
    }

    [[nodiscard]] std::string quoted_key() const {
        constexpr std::size_t longest = 256;
        return "\"" + detail::one_line(detail::cut(which_.key, longest)) + "\"";
    }

    [[nodiscard]] error too_large() const {
        return fail(errc::too_large, quoted_key() + " is longer than " + std::to_string(limit_) +
                                         " bytes: raise limits.body, ask for a range or stream it");
    }

    [[nodiscard]] error stuck() const {
        return fail(errc::connection_failed,
                    quoted_key() + " broke off after " + std::to_string(offset_) +
                        " bytes, and the rest of it cannot be had alone",
                    true);
    }

    [[nodiscard]] static error declined() { return fail(errc::cancelled, "the receiver wants no more"); }

    void start_over() {
        offset_ = 0;
        body_.clear();
        expected_.reset();
        sum_.reset();
        problem_.reset();
        outdated_ = false;
    }

    /// Tells the receiver once, before the first byte or when there are none.
    [[nodiscard]] bool open() { return std::exchange(opened_, true) || to_->begin(head_); }

    [[nodiscard]] bool admit(std::size_t more) {
        if (expected_ && more > *expected_ - offset_)
            return give_up(fail(errc::malformed_response, "more bytes come than were announced"));
        if (to_ == nullptr && more > limit_ - body_.size()) return give_up(too_large());
        return true;
    }

    void count(std::string_view bytes) {
        if (sum_) sum_->add(bytes);
        offset_ += bytes.size();
        aim();
    }

    /// Takes an answer of a policy that knows no sinks.
    void adopt(http::response&& answer) {
        if (!begin({answer.status, answer.headers, {}})) return;
        if (to_ != nullptr || offset_ != 0) {
            if (!answer.body.empty()) static_cast<void>(take(answer.body));
        } else if (admit(answer.body.size())) {
            body_ = std::move(answer.body);
            count(body_);
        }
        begun_ = false;
    }

    /// The strong ETag that the rest must have as well.
    [[nodiscard]] std::string_view etag() const noexcept {
        auto const given = head_.headers.value_of("ETag");
        return given.starts_with('"') ? given : std::string_view{};
    }

    /// Where the bytes lie in the object, and that it is the same one, can be told to S3.
    [[nodiscard]] bool can_continue() const noexcept {
        return (head_.status == 200 || part_) && (!etag().empty() || !which_.version_id.empty());
    }

    [[nodiscard]] bool continues(http::response const& head) const {
        auto const rest = read_content_range(head.headers.value_of("Content-Range"));
        if (!rest || rest->first != first() + offset_) return false;
        if (expected_ && rest->last != first() + *expected_ - 1) return false;
        if (part_ && part_->total && rest->total && *part_->total != *rest->total) return false;
        auto const now = head.headers.find("ETag");
        return etag().empty() || !now || *now == etag();
    }

    [[nodiscard]] std::uint64_t first() const noexcept { return part_ ? part_->first : 0; }

    void aim() {
        auto& fields = steered_->headers;
        bool const rest = offset_ != 0 && !complete() && can_continue();
        auto const put = [&fields](char const* name, std::string value) {
            if (value.empty()) return fields.erase(name);
            fields.set(name, std::move(value));
        };
        std::string const end = part_ ? std::to_string(part_->last) : std::string{};
        put("Range", rest ? "bytes=" + std::to_string(first() + offset_) + "-" + end : which_.range);
        put("If-Match", rest && !etag().empty() ? std::string{etag()} : which_.if_match);
    }

    object_request const& which_;
    http::body_sink* to_;
    std::size_t limit_;
    bool verify_;
    call* steered_ = nullptr;
    http::response head_{};                   ///< of the first answer; the rest only adds to its body
    std::optional<content_range> part_{};     ///< when the first answer is part of an object
    std::optional<std::uint64_t> expected_{}; ///< bytes
    std::optional<announced_checksum> announced_{};
    std::optional<checksum> sum_{};
    std::uint64_t offset_ = 0; ///< bytes that are there
    std::string body_{};
    std::optional<error> problem_{};
    bool begun_ = false;  ///< the attempt under way knows sinks
    bool opened_ = false; ///< the receiver has been told
    bool outdated_ = false;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/s3.hpp ---------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_S3_HPP
#define FARGATE_AWS_S3_HPP

namespace fargate::inline v0::aws {

/// Amazon S3, to read. A missing object is `errc::not_found` (`NoSuchKey`; after HEAD, which has no body, the code is
/// `404`); 304, 412 and 416 are errors with that status.
///
/// A body that breaks off is gone on with where it broke, for the retry policy's attempts in all, with a range and an
/// `If-Match` that hold S3 to the same object; no attempt is delivered that is shorter than announced. The checksum that S3
/// keeps of a whole object is compared: a wrong one counts as a lost answer, and in the end is `errc::malformed_response`.
/// (Parts of objects, and objects put together of parts with a checksum of checksums, have none to compare.)
///
/// A bucket of another region is asked for there, signed anew, once a call and at once: where S3 says which region it is,
/// or else a HEAD on the bucket does. The client keeps what it learned. The host is always computed from the region (under
/// an endpoint URL it stays), never taken from the answer.
/// What was wrong with options or environment is the answer to every call. About `parts` and threads see `ecs`.
template <policies Policies>
class s3 {
public:
    template <class Parts>
    explicit s3(Parts& parts, client_options options = {}, s3_options const& how = {}) :
        how_{resolve_s3_options(how, parts.environment)},
        client_{parts, s3_service, with_dualstack(std::move(options))} {}

    /// An object, in memory: up to `client_options::limits.body`, and `errc::too_large` beyond. One that changes while it is
    /// read is read anew.
    [[nodiscard]] result<object> get_object(object_request const& which, std::stop_token stop = {}) {
        return transfer(which, nullptr, std::move(stop));
    }

    /// An object whose bytes go to `to`, each once and in order, and are not kept; the result has no body. `begin` comes
    /// once, before the first byte; false from either is `errc::cancelled`. An error means that what came is not the whole:
    /// besides those of the other, a 412 (`PreconditionFailed`, retryable) when the object changed while it was read. An
    /// HTTP policy that knows no sinks makes no difference but for the memory. `limits.total` (120 s) holds for each
    /// attempt: raise it, or set it to zero, for what takes longer.
    [[nodiscard]] result<object> get_object(object_request const& which, http::body_sink& to,
                                            std::stop_token stop = {}) {
        return transfer(which, &to, std::move(stop));
    }

    [[nodiscard]] result<object> head_object(object_request const& which, std::stop_token stop = {}) {
        return ask("HeadObject", "HEAD", which, nullptr, std::move(stop));
    }

private:
    [[nodiscard]] client_options with_dualstack(client_options options) const {
        if (how_ && !options.use_dualstack) options.use_dualstack = how_->use_dualstack;
        return options;
    }

    [[nodiscard]] result<object> transfer(object_request const& which, http::body_sink* to, std::stop_token stop) {
        constexpr int most_restarts = 2;
        constexpr std::string_view operation = "GetObject";
        bool const verify = how_ && *how_->checksum_mode;
        object_transfer way{which, to, client_.options().limits.body, verify};
        for (int restarts = 0;; ++restarts) {
            auto answer = ask(operation, "GET", which, &way, stop);
            if (!answer && way.complete()) {
                answer = way.settle();
                if (!answer) return client_.named(operation, std::move(answer).error());
            }
            if (way.is_outdated(answer)) {
                if (restarts != most_restarts && way.restart()) continue;
                return client_.named(operation, way.changed());
            }
            if (way.problem()) return client_.named(operation, *way.problem());
            return answer;
        }
    }

    [[nodiscard]] result<object> ask(std::string_view operation, std::string_view method, object_request const& which,
                                     object_transfer* way, std::stop_token stop) {
        if (!how_) return client_.named(operation, how_.error());
        if (which.key.empty()) return client_.named(operation, fail(errc::invalid_argument, "the key is empty"));
        if (!client_.destination()) return client_.named(operation, client_.destination().error());
        target to = *client_.destination();
        if (auto known = region_known_of(which.bucket); !known.empty()) to.region = std::move(known);
        auto const read = [way](http::response&& answer) -> result<object> {
            return way != nullptr ? way->finish(std::move(answer)) : object_of(std::move(answer));
        };
        for (bool redirected = false;; redirected = true) {
            auto what = call_of(operation, method, which, to);
            if (!what) return client_.named(operation, std::move(what).error());
            if (way != nullptr) way->steer(*what);
            service_failure said;
            what->failure = &said;
            auto answer = client_.call(*what, read, stop);
            if (answer || redirected || !is_redirect(said, method)) return answer;
            auto region = said.redirect_region.empty() ? ask_region(which.bucket, to, stop) : said.redirect_region;
            if (!leads_on(region, to)) return answer;
            to.region = learn(which.bucket, std::move(region));
        }
    }

    [[nodiscard]] result<call> call_of(std::string_view operation, std::string_view method, object_request const& which,
                                       target const& to) const {
        auto address = address_of(which.bucket, to, *how_);
        if (!address) return std::move(address).error();
        call what;
        what.operation = operation;
        what.method = method;
        what.path = address->path + "/" + text::percent_encode(which.key, true);
        if (!which.version_id.empty()) what.query = "versionId=" + text::percent_encode(which.version_id);
        auto const add = [&what](char const* name, std::string const& value) {
            if (!value.empty()) what.headers.add(name, value);
        };
        add("Range", which.range);
        add("If-Match", which.if_match);
        add("If-None-Match", which.if_none_match);
        add("If-Modified-Since", which.if_modified_since);
        add("If-Unmodified-Since", which.if_unmodified_since);
        if (*how_->checksum_mode && method == "GET") what.headers.add("x-amz-checksum-mode", "ENABLED");
        what.speaks = protocol::xml;
        what.signing = sigv4::s3;
        if (!*how_->sign_payload && address->where.scheme == "https") what.signing.payload_hash = "UNSIGNED-PAYLOAD";
        what.where = std::move(address->where);
        return what;
    }

    /// The region that S3 names for a bucket whatever else it answers; empty when it names none.
    [[nodiscard]] std::string ask_region(std::string const& bucket, target const& to, std::stop_token stop) {
        auto address = address_of(bucket, to, *how_);
        if (!address) return {};
        service_failure said;
        call what;
        what.operation = "HeadBucket";
        what.method = "HEAD";
        if (!address->path.empty()) what.path = address->path;
        what.speaks = protocol::xml;
        what.signing = sigv4::s3;
        what.where = std::move(address->where);
        what.failure = &said;
        auto const answer = client_.call(what, read_response, std::move(stop));
        return answer ? std::string{answer->headers.value_of("x-amz-bucket-region")} : said.redirect_region;
    }

    [[nodiscard]] std::string region_known_of(std::string const& bucket) const {
        std::scoped_lock const lock{mutex_};
        auto const found = regions_.find(bucket);
        return found != regions_.end() ? found->second : std::string{};
    }

    std::string learn(std::string const& bucket, std::string region) {
        constexpr std::size_t most_buckets = 1000;
        std::scoped_lock const lock{mutex_};
        if (regions_.size() == most_buckets) regions_.clear();
        return regions_[bucket] = std::move(region);
    }

    result<s3_options> how_;
    client<Policies> client_;
    mutable std::mutex mutex_;
    std::map<std::string, std::string> regions_; ///< of buckets that turned out to be elsewhere
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/tagging.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_TAGGING_HPP
#define FARGATE_AWS_TAGGING_HPP

namespace fargate::inline v0::aws {

/// A resource that has, or had, tags.
struct tagged_resource {
    std::string arn{};
    std::vector<tag> tags{};
};

/// One page of GetResources. A page may be empty and yet have a token; the last one has none.
struct resources_page {
    std::vector<tagged_resource> resources{};
    std::string token{};
    json::value raw{};
};

/// The Resource Groups Tagging API. Inputs are JSON objects with AWS's member names.
/// About `parts` and threads see `ecs`.
template <policies Policies>
class tagging {
public:
    static constexpr int most_pages = 1000; ///< 100 resources each

    template <class Parts>
    explicit tagging(Parts& parts, client_options options = {}) : client_{parts, tagging_service, std::move(options)} {}

    /// One page: the first, or the one that `PaginationToken` in the input names.
    [[nodiscard]] result<resources_page> get_resources(json::value const& input, std::stop_token stop = {}) {
        auto document = client_.call_json(operation, "ResourceGroupsTaggingAPI_20170126", input, std::move(stop));
        if (!document) return std::move(document).error();
        resources_page page;
        page.token = json::text_of(*document, "PaginationToken").value_or("");
        if (auto const* const list = json::array_of(*document, "ResourceTagMappingList")) {
            for (auto const& each : *list)
                page.resources.push_back(
                    {std::string{json::text_of(each, "ResourceARN").value_or("")}, read_tags(each, "Tags")});
        }
        page.raw = *std::move(document);
        return page;
    }

    /// Every page of the input's question. A token that ran out (they live 15 minutes) starts it again, once.
    [[nodiscard]] result<std::vector<tagged_resource>> all_resources(json::value const& input,
                                                                     std::stop_token stop = {}) {
        std::vector<tagged_resource> found;
        json::value asking = input;
        bool started_again = false;
        for (int pages = 0; pages != most_pages; ++pages) {
            auto page = get_resources(asking, stop);
            if (!page && page.error().service_code == "PaginationTokenExpiredException" &&
                !std::exchange(started_again, true)) {
                found.clear();
                asking = input;
                continue;
            }
            if (!page) return std::move(page).error();
            for (auto& each : page->resources) found.push_back(std::move(each));
            if (page->token.empty()) return found;
            json::set(asking, "PaginationToken", page->token);
        }
        std::string why = "there are more than " + std::to_string(most_pages) + " pages: narrow the filters";
        return client_.named(operation, fail(errc::too_large, std::move(why)));
    }

private:
    static constexpr std::string_view operation = "GetResources";

    client<Policies> client_;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/credentials/cached.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_CACHED_HPP
#define FARGATE_CREDENTIALS_CACHED_HPP

namespace fargate::inline v0::credentials {

/// When a key that ends is renewed. Keys of a short life are renewed later: never before three quarters of it are over.
struct refresh_windows {
    duration advisory = std::chrono::minutes{15};       ///< from here on, one caller at a time tries, the others go on
    duration mandatory = std::chrono::minutes{1};       ///< from here on, a failed try is soon followed by the next
    duration advisory_pause = std::chrono::minutes{1};  ///< after a failed try, in the advisory window
    duration mandatory_pause = std::chrono::seconds{1}; ///< after a failed try, in the mandatory window
};

/// A `credential_policy` that keeps another's key until shortly before it ends. One caller at a time asks the provider; as
/// long as the present key is valid, the others are given it at once, and a failed renewal changes nothing. Only where no
/// valid key is left do callers wait, all of them for the one answer. May be used from several threads; the provider is
/// called by one at a time. Every key that it hands out has a generation.
template <class Provider>
class cached {
public:
    static constexpr std::string_view name = "cached";

    cached() = default;
    explicit cached(Provider provider, refresh_windows windows = {}) :
        provider_{std::move(provider)}, windows_{windows} {}
    explicit cached(refresh_windows windows) : windows_{windows} {}

    cached(cached const&) = delete;
    cached& operator=(cached const&) = delete;

    template <class Http, clock_policy Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) {
        auto now = clock.now();
        std::unique_lock lock{mutex_};
        for (bool waited = false;; waited = true, now = clock.now()) {
            auto const key = valid_key(now);
            if (key != nullptr && (asking_ || now < ask_from_)) {
                lock.unlock();
                return *key;
            }
            if (key == nullptr && waited && failed_answer_ == answers_) return *failure_;
            if (!asking_) {
                flight const guard{*this, lock};
                return renew(lock, http, clock, environment);
            }
            answered_.wait(lock, [this, seen = answers_] { return answers_ != seen; });
        }
    }

    /// Forgets the key of that generation, because the service refused it as expired. A key that replaced it since stays,
    /// so that many callers with the same refusal cause one renewal.
    void invalidate(std::uint64_t generation) {
        std::scoped_lock const lock{mutex_};
        if (key_ == nullptr || key_->generation != generation) return;
        key_ = nullptr;
        refused_ = generation;
    }

    /// Why the last renewal failed, though callers may not have noticed; nothing after one that succeeded.
    [[nodiscard]] std::optional<error> last_failure() const {
        std::scoped_lock const lock{mutex_};
        return failure_;
    }

private:
    using snapshot = std::shared_ptr<access_key const>;

    /// While it lives, this caller is the one that asks. Ends the wait of the others however it ends.
    class flight {
    public:
        flight(cached& owner, std::unique_lock<std::mutex>& lock) : owner_{owner}, lock_{lock} {
            owner_.asking_ = true;
        }
        flight(flight const&) = delete;
        flight& operator=(flight const&) = delete;
        ~flight() {
            if (!lock_.owns_lock()) lock_.lock();
            owner_.asking_ = false;
            ++owner_.answers_;
            owner_.answered_.notify_all();
        }

    private:
        cached& owner_;
        std::unique_lock<std::mutex>& lock_;
    };

    template <class Http, class Clock, class Environment>
    result<access_key> renew(std::unique_lock<std::mutex>& lock, Http& http, Clock& clock,
                             Environment const& environment) {
        auto const refused = std::exchange(refused_, 0);
        lock.unlock();
        if constexpr (requires { provider_.invalidate(refused); }) {
            if (refused != 0) provider_.invalidate(refused);
        }
        auto answer = checked(provider_.fetch(http, clock, environment), clock);
        auto const now = clock.now();
        lock.lock();
        if (answer) {
            failure_.reset();
            key_ = std::make_shared<access_key const>(*answer);
            ask_from_ = answer->expires ? renewal(now, *answer->expires) : time_point::max();
            return answer;
        }
        failure_ = answer.error();
        failed_answer_ = answers_ + 1;
        auto const kept = valid_key(now);
        if (kept == nullptr) return answer;
        bool const late = *kept->expires - now <= windows_.mandatory;
        ask_from_ = now + (late ? windows_.mandatory_pause : windows_.advisory_pause);
        return *kept;
    }

    [[nodiscard]] snapshot valid_key(time_point now) const {
        return key_ != nullptr && (!key_->expires || *key_->expires > now) ? key_ : nullptr;
    }

    template <class Clock>
    static result<access_key> checked(result<access_key> answer, Clock& clock) {
        if (!answer) return answer;
        if (answer->expires && *answer->expires <= clock.now())
            return fail(errc::bad_configuration, answer->source + " handed out a key that ended at " +
                                                     text::iso8601(*answer->expires) +
                                                     ": renew it, or mend this machine's clock");
        if (answer->generation == 0) answer->generation = next_generation();
        return answer;
    }

    [[nodiscard]] time_point renewal(time_point now, time_point expires) const {
        return expires - std::min(windows_.advisory, (expires - now) / 4);
    }

    Provider provider_{};
    refresh_windows const windows_{};
    mutable std::mutex mutex_;
    std::condition_variable answered_;
    snapshot key_;
    time_point ask_from_ = time_point::max(); ///< as long as the key is valid, nobody asks before
    std::optional<error> failure_;
    std::uint64_t answers_ = 0;       ///< how many times the provider has answered
    std::uint64_t failed_answer_ = 0; ///< the last of them that failed
    std::uint64_t refused_ = 0;       ///< a generation that the provider does not know yet to be refused
    bool asking_ = false;
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/chain.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_CHAIN_HPP
#define FARGATE_CREDENTIALS_CHAIN_HPP

namespace fargate::inline v0::credentials {

/// A `credential_policy` that asks others in order until one has a key. One that is not configured is passed over; any
/// other failure ends the search, because somebody configured that source. The message then says what every source
/// answered. A provider's `static constexpr std::string_view name`, when it has one, stands before its answer.
template <class... Providers>
class chain {
public:
    static constexpr std::string_view name = "chain";

    chain() = default;
    explicit chain(Providers... providers) requires(sizeof...(Providers) != 0) : providers_{std::move(providers)...} {}

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) {
        return ask<0>({}, http, clock, environment);
    }

    /// Passes a refused key on to every provider that wants to know.
    void invalidate(std::uint64_t generation) {
        auto const tell = [generation](auto& provider) {
            if constexpr (requires { provider.invalidate(generation); }) provider.invalidate(generation);
        };
        std::apply([&](auto&... each) { (tell(each), ...); }, providers_);
    }

private:
    template <std::size_t Index, class Http, class Clock, class Environment>
    result<access_key> ask(std::string answers, Http& http, Clock& clock, Environment const& environment) {
        if constexpr (Index == sizeof...(Providers)) {
            return fail(errc::not_configured, "no access key found: " + answers);
        } else {
            auto& provider = std::get<Index>(providers_);
            auto key = provider.fetch(http, clock, environment);
            if (key) return key;
            auto why = std::move(key).error();
            std::string answer = label(provider) + why.message;
            if (why.code == errc::not_configured) {
                if (Index != 0) answers += "; ";
                return ask<Index + 1>(answers + answer, http, clock, environment);
            }
            why.message = std::move(answer);
            if (Index != 0) why.message += " (before it: " + answers + ")";
            return why;
        }
    }

    template <class Provider>
    static std::string label(Provider const&) {
        if constexpr (requires { std::string_view{Provider::name}; })
            return std::string{Provider::name} + ": ";
        else
            return {};
    }

    std::tuple<Providers...> providers_{};
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/make_key.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_MAKE_KEY_HPP
#define FARGATE_CREDENTIALS_MAKE_KEY_HPP

namespace fargate::inline v0::credentials {

/// One text of a key, and what its source calls it: `AWS_ACCESS_KEY_ID`.
struct key_text {
    std::string_view name;
    std::string_view text;
};

namespace detail {

/// Why a text cannot stand in a key; nullptr when it can. Id and token become parts of header fields, so they are visible
/// ASCII; a secret may hold more, but neither blanks nor control characters.
[[nodiscard]] constexpr char const* unfit(std::string_view part, bool ascii) noexcept {
    if (part.size() >= 2 && part.front() == part.back() && (part.front() == '"' || part.front() == '\''))
        return " stands in quotes: leave them out";
    for (char const c : part) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7F) return " holds a blank or a control character inside: copy it again";
        if (byte >= 0x80 && ascii) return " holds a character that is not ASCII: copy it again";
    }
    return nullptr;
}

} // namespace detail

/// Puts a key together from texts of one source. Blanks and line ends around them are dropped. `errc::not_configured` when
/// there is neither id nor secret (a token alone is no key), `errc::bad_configuration` when one of them is missing or a
/// text cannot be what it shall be; the message names it and does not quote it.
[[nodiscard]] inline result<access_key> make_key(key_text id, key_text secret_key, key_text token, std::string source) {
    for (auto* const each : {&id, &secret_key, &token}) each->text = text::trim(each->text);
    std::string const id_name{id.name};
    std::string const secret_name{secret_key.name};
    if (id.text.empty() && secret_key.text.empty()) return fail(errc::not_configured, id_name + " is not set");
    if (secret_key.text.empty())
        return fail(errc::bad_configuration, id_name + " is set without " + secret_name + ": set both or neither");
    if (id.text.empty())
        return fail(errc::bad_configuration, secret_name + " is set without " + id_name + ": set both or neither");
    for (auto const* const each : {&id, &secret_key, &token})
        if (char const* const why = detail::unfit(each->text, each != &secret_key))
            return fail(errc::bad_configuration, std::string{each->name} + why);
    access_key made;
    made.id = id.text;
    made.secret_key = secret{secret_key.text};
    made.session_token = secret{token.text};
    made.source = std::move(source);
    return made;
}

/// Sets when a key ends, from an ISO 8601 text; an empty one means that it does not. `errc::bad_configuration` when it is
/// no time, or past.
[[nodiscard]] inline result<access_key> ending(access_key key, key_text when, time_point now) {
    when.text = text::trim(when.text);
    if (when.text.empty()) return key;
    key.expires = text::parse_iso8601(when.text);
    if (!key.expires)
        return fail(errc::bad_configuration, std::string{when.name} + " is no time: write it as 2020-12-08T17:00:00Z");
    if (*key.expires <= now)
        return fail(errc::bad_configuration, "the key ended at " + text::iso8601(*key.expires) + ", says " +
                                                 std::string{when.name} +
                                                 ": get a new one, or mend this machine's clock");
    return key;
}

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/served_key.hpp -----------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_SERVED_KEY_HPP
#define FARGATE_CREDENTIALS_SERVED_KEY_HPP

namespace fargate::inline v0::credentials {

/// Who was asked for a key, for people.
struct key_service {
    std::string_view name;   ///< `the container's credentials service`
    std::string_view source; ///< what `access_key::source` becomes
    secret const& token;     ///< what was sent along; nothing of an answer is told when this is in it
};

/// What a service answered instead of a key: `errc::service_error`, retryable with 5xx and 429.
[[nodiscard]] inline error served_refusal(key_service const& from, int status, json::value const& document = {}) {
    auto const either = [&](std::string_view lower, std::string_view upper) -> std::string {
        auto const said = json::text_of(document, json::text_of(document, lower) ? lower : upper).value_or("");
        if (!from.token.empty() && text::contains(said, from.token.reveal())) return "(withheld)";
        std::string line{said.substr(0, 512)};
        for (char& c : line)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
        return line;
    };
    auto made =
        fail(errc::service_error, std::string{from.name} + " answered HTTP " + std::to_string(status) + " and no key");
    made.http_status = status;
    made.retryable = status >= 500 || status == 429;
    made.service_code = either("code", "Code");
    auto const said = either("message", "Message");
    if (!made.service_code.empty()) made.message += ": " + made.service_code;
    if (!said.empty()) made.message += ": " + said;
    return made;
}

/// Reads the document in which the agent beside a container and the metadata service of an instance hand out keys:
/// AccessKeyId, SecretAccessKey, Token, Expiration, AccountId; wipes the answer's body. A `Code` other than `Success`, or a
/// status other than 200, is a refusal; a key that cannot be one, or that has ended, is `errc::malformed_response`.
[[nodiscard]] inline result<access_key> served_key(key_service const& from, http::response& answer, time_point now) {
    auto document = json::parse(answer.body);
    wipe(answer.body);
    if (answer.status != 200) return served_refusal(from, answer.status, document ? *document : json::value{});
    if (!document) {
        document.error().message = std::string{from.name} + ": " + document.error().message;
        document.error().retryable = true;
        return std::move(document).error();
    }
    auto const text = [&](std::string_view member) {
        return key_text{member, json::text_of(*document, member).value_or("")};
    };
    auto const code = text("Code").text;
    if ((!code.empty() && code != "Success") ||
        (text("AccessKeyId").text.empty() && text("SecretAccessKey").text.empty()))
        return served_refusal(from, 200, *document);
    auto made = make_key(text("AccessKeyId"), text("SecretAccessKey"), text("Token"), std::string{from.source});
    if (made) made = ending(*std::move(made), text("Expiration"), now);
    if (made) {
        made->account_id = text("AccountId").text;
    } else {
        made.error().code = errc::malformed_response;
        made.error().message = std::string{from.name} + ": " + made.error().message;
    }
    json::wipe(*document);
    return made;
}

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/container.hpp ------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_CONTAINER_HPP
#define FARGATE_CREDENTIALS_CONTAINER_HPP

namespace fargate::inline v0::credentials {

namespace detail {

inline constexpr std::string_view relative_uri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
inline constexpr std::string_view full_uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The addresses that keys may be fetched from without TLS: loopback, and what ECS and EKS put beside a task.
[[nodiscard]] inline bool is_beside_us(std::string_view host) {
    std::string const text{host};
    std::array<unsigned char, 4> four{};
    if (inet_pton(AF_INET, text.c_str(), four.data()) == 1)
        return four[0] == 127 ||
               (four[0] == 169 && four[1] == 254 && four[2] == 170 && (four[3] == 2 || four[3] == 23));
    using sixteen_bytes = std::array<unsigned char, 16>;
    constexpr sixteen_bytes loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    constexpr sixteen_bytes eks{0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23};
    sixteen_bytes six{};
    return inet_pton(AF_INET6, text.c_str(), six.data()) == 1 && (six == loopback || six == eks);
}

} // namespace detail

/// The address that a container's keys come from: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI on the ECS agent, else
/// AWS_CONTAINER_CREDENTIALS_FULL_URI, which over http has to name `localhost`, a loopback address, or one of ECS's and
/// EKS's own; host names are not looked up. `errc::not_configured` when neither is set, `errc::bad_configuration` when the
/// one that counts is no such address.
template <environment_policy Environment>
[[nodiscard]] result<std::string> container_uri(Environment const& environment) {
    auto const broken = [](std::string_view variable, std::string_view why) {
        return fail(errc::bad_configuration, std::string{variable} + ": " + std::string{why});
    };
    if (auto const relative = filled_variable(environment, detail::relative_uri)) {
        auto const path = text::trim(*relative);
        if (!path.starts_with('/')) return broken(detail::relative_uri, "it does not begin with /");
        auto made = "http://169.254.170.2" + std::string{path};
        if (auto const parts = text::split_url(made); !parts)
            return broken(detail::relative_uri, parts.error().message);
        return made;
    }
    auto const full = filled_variable(environment, detail::full_uri);
    if (!full)
        return fail(errc::not_configured,
                    std::string{detail::relative_uri} + " and " + std::string{detail::full_uri} + " are not set");
    std::string made{text::trim(*full)};
    auto const parts = text::split_url(made);
    if (!parts) return broken(detail::full_uri, parts.error().message);
    if (parts->scheme == "http" && !text::iequals(parts->host, "localhost") && !detail::is_beside_us(parts->host))
        return broken(detail::full_uri, "http is for this machine and the addresses of ECS and EKS: use https");
    return made;
}

/// A `credential_policy` that asks the agent beside a container for the task's role: ECS, EKS Pod Identity, Greengrass.
/// The token of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (read again every time), else of AWS_CONTAINER_AUTHORIZATION_TOKEN,
/// goes along. Three tries, one second apart, never through a proxy; a definite refusal ends it sooner. Follows "Container
/// credential provider" of the AWS SDKs and Tools guide.
class container {
public:
    static constexpr std::string_view name = "container";

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        auto const uri = container_uri(environment);
        if (!uri) return uri.error();
        auto const token = authorization(environment);
        if (!token) return token.error();
        auto const request = make_request(*uri, *token);
        for (int attempt = 1;; ++attempt) {
            auto key = ask(http, clock, request, *token);
            if (key || !key.error().retryable || attempt == 3) return key;
            clock.sleep_for(std::chrono::seconds{1}, {});
        }
    }

private:
    static constexpr std::string_view token_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    static constexpr std::string_view token_variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

    template <class Environment>
    static result<secret> authorization(Environment const& environment) {
        std::string text;
        std::string from{token_variable};
        if (auto const path = filled_variable(environment, token_file)) {
            auto read = environment.read_file(text::trim(*path));
            from = std::string{token_file};
            if (!read) return fail(errc::bad_configuration, from + ": " + read.error().message);
            text = *std::move(read);
            if (text::trim(text).empty()) return fail(errc::bad_configuration, from + " names an empty file");
        } else {
            text = filled_variable(environment, token_variable).value_or("");
        }
        secret token{text::trim(text)};
        wipe(text);
        for (char const c : token.reveal())
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
                return fail(errc::bad_configuration, from + " holds a line end or control character inside");
        return token;
    }

    /// `localhost` goes out as 127.0.0.1, whatever a name server may say of it.
    static http::request make_request(std::string const& uri, secret const& token) {
        using namespace std::chrono_literals;
        http::request made;
        made.url = uri;
        auto const parts = text::split_url(uri);
        if (parts && parts->scheme == "http" && text::iequals(parts->host, "localhost")) {
            made.headers.add("Host", text::host_field(*parts));
            made.url.replace(static_cast<std::size_t>(parts->host.data() - uri.data()), parts->host.size(),
                             "127.0.0.1");
        }
        made.headers.add("Accept", "application/json");
        if (!token.empty()) made.headers.add("Authorization", std::string{token.reveal()});
        made.limits = {.connect = 2s, .idle = 2s, .total = 5s, .body = 64 * 1024, .head = 16 * 1024};
        made.bypass_proxy = true;
        return made;
    }

    template <class Http, class Clock>
    static result<access_key> ask(Http& http, Clock& clock, http::request const& request, secret const& token) {
        key_service const service{"the container's credentials service", name, token};
        auto answer = http.send(request);
        if (answer) return served_key(service, *answer, clock.now());
        auto why = std::move(answer).error();
        why.message = std::string{service.name} + ": " + why.message;
        why.retryable = why.code == errc::timed_out || why.code == errc::connection_failed;
        return why;
    }
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/environment.hpp ----------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_ENVIRONMENT_HPP
#define FARGATE_CREDENTIALS_ENVIRONMENT_HPP

namespace fargate::inline v0::credentials {

/// A `credential_policy` that reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or the old
/// AWS_SECURITY_TOKEN where that is not set), AWS_CREDENTIAL_EXPIRATION and AWS_ACCOUNT_ID. A variable of nothing but
/// blanks counts as unset.
class environment {
public:
    static constexpr std::string_view name = "environment";

    template <class Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock& clock, Environment const& process) const {
        auto const read = [&](std::string_view variable) {
            return filled_variable(process, variable).value_or(std::string{});
        };
        std::string const id = read("AWS_ACCESS_KEY_ID");
        std::string secret_key = read("AWS_SECRET_ACCESS_KEY");
        std::string token = read("AWS_SESSION_TOKEN");
        std::string_view const token_name = token.empty() ? "AWS_SECURITY_TOKEN" : "AWS_SESSION_TOKEN";
        if (token.empty()) token = read(token_name);
        auto made = make_key({"AWS_ACCESS_KEY_ID", id}, {"AWS_SECRET_ACCESS_KEY", secret_key}, {token_name, token},
                             std::string{name});
        wipe(secret_key);
        wipe(token);
        if (!made) return made;
        made->account_id = text::trim(read("AWS_ACCOUNT_ID"));
        return ending(*std::move(made), {"AWS_CREDENTIAL_EXPIRATION", read("AWS_CREDENTIAL_EXPIRATION")}, clock.now());
    }
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/fixed.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_FIXED_HPP
#define FARGATE_CREDENTIALS_FIXED_HPP

namespace fargate::inline v0::credentials {

/// A `credential_policy` that hands out one key, given in the program: `fixed{"AKIA...", "..."}`. Without any it has
/// nothing to offer; half a pair is an error that names what is missing as the agent's options do.
class fixed {
public:
    static constexpr std::string_view name = "fixed";

    fixed() = default;
    explicit fixed(access_key key) : key_{std::move(key)} {}
    fixed(std::string id, secret secret_key, secret token = {}) {
        key_.id = std::move(id);
        key_.secret_key = std::move(secret_key);
        key_.session_token = std::move(token);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock&, Environment const&) const {
        auto made = make_key({"aws_access_key_id", key_.id}, {"aws_secret_access_key", key_.secret_key.reveal()},
                             {"aws_session_token", key_.session_token.reveal()}, std::string{name});
        if (!made) return made;
        made->expires = key_.expires;
        made->account_id = key_.account_id;
        made->generation = key_.generation;
        if (!key_.source.empty()) made->source = key_.source;
        return made;
    }

private:
    access_key key_{};
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/instance_settings.hpp ----------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_INSTANCE_SETTINGS_HPP
#define FARGATE_CREDENTIALS_INSTANCE_SETTINGS_HPP

namespace fargate::inline v0::credentials {

/// What a program decides about the metadata service of EC2, before environment and profile are asked.
struct instance_options {
    bool allow_v1 =
        false; ///< where version 2 is refused, ask version 1, which a request forged from outside can ask too
    std::string endpoint{};      ///< `http://169.254.169.254`; empty: what environment and profile say
    std::string endpoint_mode{}; ///< `IPv4` or `IPv6`; empty: what environment and profile say
    std::string role{}; ///< the role to ask for; empty: what environment and profile say, else the attached one
};

namespace detail {

/// What counts in the end.
struct instance_settings {
    std::string endpoint{}; ///< no slash at its end
    std::string role{};
    std::string role_from{}; ///< where it was set
    bool allow_v1 = false;
    std::chrono::milliseconds timeout{1000};
    std::optional<int> attempts{};
};

/// IAM's own rule, so that the name can stand in a path as it is.
[[nodiscard]] inline bool is_role_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 128 && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return text::is_alnum(c) || std::string_view{"+=,.@_-"}.find(c) != std::string_view::npos;
           });
}

[[nodiscard]] inline result<std::string> instance_address(aws::ambient_setting const& set) {
    auto const parts = text::split_url(set.text);
    if (!parts) return fail(errc::bad_configuration, set.from + ": " + parts.error().message);
    if (parts->has_query) return fail(errc::bad_configuration, set.from + ": the address holds a query: leave it out");
    std::string made = set.text;
    while (made.ends_with('/')) made.pop_back();
    return made;
}

[[nodiscard]] inline result<std::string> instance_address_by_mode(aws::ambient_setting const& mode) {
    if (text::iequals(mode.text, "IPv4")) return std::string{"http://169.254.169.254"};
    if (text::iequals(mode.text, "IPv6")) return std::string{"http://[fd00:ec2::254]"};
    return fail(errc::bad_configuration, mode.from + " is `" + text::printable(mode.text) + "`: write IPv4 or IPv6");
}

/// A positive number in decimal; `scale` is what one is worth in the result.
[[nodiscard]] inline result<int> instance_number(aws::ambient_setting const& set, double scale, double largest) {
    double number = 0;
    auto const* const end = set.text.data() + set.text.size();
    auto const read = std::from_chars(set.text.data(), end, number, std::chars_format::fixed);
    if (read.ec != std::errc{} || read.ptr != end || !(number * scale >= 1) || !(number <= largest))
        return fail(errc::bad_configuration,
                    set.from + " is no number from 1 to " + std::to_string(static_cast<int>(largest)));
    return static_cast<int>(number * scale);
}

template <environment_policy Environment>
[[nodiscard]] result<std::string> instance_endpoint(aws::ambient<Environment>& known, instance_options const& options) {
    if (!options.endpoint.empty()) return instance_address({options.endpoint, "the metadata service's endpoint"});
    auto const given = known.find("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    if (!given) return given.error();
    if (*given) return instance_address(**given);
    if (!options.endpoint_mode.empty())
        return instance_address_by_mode({options.endpoint_mode, "the metadata service's endpoint mode"});
    auto const mode = known.find("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    if (!mode) return mode.error();
    if (*mode) return instance_address_by_mode(**mode);
    auto const six = known.flag("AWS_IMDS_USE_IPV6", "imds_use_ipv6");
    if (!six) return six.error();
    return instance_address_by_mode({six->value_or(false) ? "IPv6" : "IPv4", {}});
}

/// `errc::not_configured` when the metadata service is switched off, `errc::bad_configuration` names what cannot be used.
template <environment_policy Environment>
[[nodiscard]] result<instance_settings> read_instance_settings(Environment const& environment,
                                                               instance_options const& options) {
    aws::ambient<Environment> known{environment};
    auto const off = known.flag("AWS_EC2_METADATA_DISABLED", "disable_ec2_metadata");
    if (!off) return off.error();
    if (off->value_or(false)) return fail(errc::not_configured, "AWS_EC2_METADATA_DISABLED is true");
    instance_settings made;
    auto endpoint = instance_endpoint(known, options);
    if (!endpoint) return std::move(endpoint).error();
    made.endpoint = *std::move(endpoint);
    if (options.allow_v1) {
        auto const forbidden = known.flag("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
        if (!forbidden) return forbidden.error();
        made.allow_v1 = !forbidden->value_or(false);
    }
    std::optional<aws::ambient_setting> role;
    if (!options.role.empty()) {
        role = aws::ambient_setting{options.role, "the instance's role"};
    } else {
        auto found = known.find("AWS_EC2_INSTANCE_PROFILE_NAME", "ec2_instance_profile_name");
        if (!found) return std::move(found).error();
        role = *std::move(found);
    }
    if (role) {
        if (!is_role_name(role->text))
            return fail(errc::bad_configuration, role->from + " is no name of a role: " + text::printable(role->text));
        made.role = std::move(role->text);
        made.role_from = std::move(role->from);
    }
    auto const number = [&](std::string_view name, std::string_view key, double scale,
                            double largest) -> result<std::optional<int>> {
        auto const found = known.find(name, key);
        if (!found) return found.error();
        if (!*found) return std::optional<int>{};
        auto const read = instance_number(**found, scale, largest);
        if (!read) return read.error();
        return std::optional{*read};
    };
    auto const timeout = number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", 1000, 3600);
    if (!timeout) return timeout.error();
    if (*timeout) made.timeout = std::chrono::milliseconds{**timeout};
    auto const attempts = number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts", 1, 100);
    if (!attempts) return attempts.error();
    made.attempts = *attempts;
    return made;
}

} // namespace detail

/// The address of the metadata service: the program's own, else AWS_EC2_METADATA_SERVICE_ENDPOINT
/// (`ec2_metadata_service_endpoint`), else by the program's mode, else by AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE
/// (`ec2_metadata_service_endpoint_mode`), `IPv4` or `IPv6`. `errc::bad_configuration` names the one that is wrong.
template <environment_policy Environment>
[[nodiscard]] result<std::string> instance_endpoint(Environment const& environment,
                                                    instance_options const& options = {}) {
    aws::ambient<Environment> known{environment};
    return detail::instance_endpoint(known, options);
}

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/retry/backoff.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_BACKOFF_HPP
#define FARGATE_RETRY_BACKOFF_HPP

namespace fargate::inline v0::retry {

/// Exponential back-off with full jitter: the wait before repeat number `repeat` (1, 2, ...) is
/// `fraction * min(base * 2^(repeat-1), cap)`, with `fraction` in [0, 1] drawn by the caller. Never negative, never past
/// `cap`, whatever the arguments.
[[nodiscard]] constexpr duration backoff(duration base, duration cap, int repeat, double fraction) noexcept {
    if (base <= duration::zero() || cap <= duration::zero() || fraction <= 0) return duration::zero();
    duration wait = base < cap ? base : cap;
    for (int doubled = 1; doubled < repeat && wait < cap; ++doubled) wait = wait < cap - wait ? wait + wait : cap;
    return duration{static_cast<duration::rep>(static_cast<double>(wait.count()) * (fraction < 1 ? fraction : 1.0))};
}

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/credentials/instance.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_INSTANCE_HPP
#define FARGATE_CREDENTIALS_INSTANCE_HPP

namespace fargate::inline v0::credentials {

namespace detail {

inline constexpr std::string_view instance_service = "the instance's metadata service";

/// What is known from earlier answers. Copies of an `instance` share it.
struct instance_memory {
    enum class tree : unsigned char { unknown, extended, classic };

    std::mutex mutex{};
    std::string endpoint{}; ///< the rest is true of this one
    bool answered = false;
    secret token{};
    time_point token_ends{};
    tree where = tree::unknown; ///< where the keys are
    std::string role{};
};

[[nodiscard]] inline http::request instance_request(instance_settings const& how, std::string_view path) {
    http::request made;
    made.url = how.endpoint + std::string{path};
    made.limits = {.connect = how.timeout,
                   .idle = std::max(how.timeout, std::chrono::milliseconds{5000}),
                   .total = how.timeout + std::chrono::milliseconds{10'000},
                   .body = 64 * 1024,
                   .head = 16 * 1024};
    made.bypass_proxy = true;
    return made;
}

/// Six hours, the longest there is. Where the answer stays away, that is known soon.
[[nodiscard]] inline http::request instance_token_request(instance_settings const& how) {
    auto made = instance_request(how, "/latest/api/token");
    made.method = "PUT";
    made.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "21600");
    made.limits.idle = how.timeout;
    made.limits.total = 2 * how.timeout;
    return made;
}

/// How long a token may be used: until a minute before its end.
[[nodiscard]] inline std::chrono::seconds instance_token_life(http::response const& answer) noexcept {
    auto const text = text::trim(answer.headers.value_of("X-aws-ec2-metadata-token-ttl-seconds"));
    long long seconds = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (text.empty() || read.ec != std::errc{} || read.ptr != text.data() + text.size()) seconds = 21600;
    return std::chrono::seconds{std::clamp(seconds, 0LL, 21600LL) - 60};
}

[[nodiscard]] inline bool instance_may_pass(result<http::response> const& answer) noexcept {
    if (answer) return answer->status >= 500 || answer->status == 429;
    return answer.error().code == errc::timed_out || answer.error().code == errc::connection_failed;
}

[[nodiscard]] inline error no_instance(instance_settings const& how, error const& why) {
    return fail(
        errc::not_configured,
        "no answer from " + how.endpoint + " (" + why.message +
            "): this is no EC2 instance, or in a container on one, where the instance's metadata options need a "
            "hop limit of 2");
}

[[nodiscard]] inline error instance_unreachable(error why) {
    why.message = std::string{instance_service} + ": " + why.message;
    why.retryable = why.code == errc::timed_out || why.code == errc::connection_failed;
    return why;
}

/// Why there is no token: version 2 of the service is switched off, or somebody else lives at that address.
[[nodiscard]] inline error no_instance_token(int status) {
    std::string const http = " (HTTP " + std::to_string(status) + ")";
    if (status == 404 || status == 405)
        return fail(errc::not_configured, "what answers at the metadata service's address hands out no tokens" + http +
                                              ": this is no EC2 instance, or one without version 2 of the service");
    auto made = served_refusal({instance_service, {}, {}}, status);
    made.message = std::string{instance_service} +
                   (status == 403 ? " is switched off" + http + ": allow it in the instance's metadata options"
                                  : " answered HTTP " + std::to_string(status) + " and no token");
    return made;
}

/// One search for a key.
template <class Http, class Clock>
class instance_search {
public:
    instance_search(Http& http, Clock& clock, instance_settings const& how, instance_memory& memory) :
        http_{http}, clock_{clock}, how_{how}, memory_{memory} {}

    [[nodiscard]] result<access_key> key() {
        begin();
        for (int tries = 0; tries != 4; ++tries) {
            bool const classic = known(&instance_memory::where) == instance_memory::tree::classic;
            auto const role = role_in(classic);
            if (!role) return role.error();
            if (role->empty()) continue;
            auto answer = get(path(classic) + *role);
            if (!answer) return std::move(answer).error();
            if (answer->status == 404 && how_.role.empty()) {
                remember(&instance_memory::role, std::string{}); // another role is attached by now
            } else if (is_missing(answer->status) && !classic) {
                remember(&instance_memory::where, instance_memory::tree::classic);
            } else if (answer->status == 404) {
                remember(&instance_memory::where, instance_memory::tree::unknown);
                return fail(errc::bad_configuration, how_.role_from + " names a role that " +
                                                         std::string{instance_service} +
                                                         " does not know: " + how_.role);
            } else {
                if (answer->status == 200)
                    remember(&instance_memory::where,
                             classic ? instance_memory::tree::classic : instance_memory::tree::extended);
                return served_key({instance_service, "instance", token_}, *answer, clock_.now());
            }
        }
        return fail(errc::service_error, std::string{instance_service} + " names a role that it has no key for", true);
    }

private:
    static std::string path(bool classic) {
        return classic ? "/latest/meta-data/iam/security-credentials/"
                       : "/latest/meta-data/iam/security-credentials-extended/";
    }

    /// An answer of a service that does not know the extended tree yet.
    static bool is_missing(int status) noexcept {
        return status >= 400 && status < 500 && status != 401 && status != 429;
    }

    void begin() {
        std::scoped_lock const lock{memory_.mutex};
        if (memory_.endpoint == how_.endpoint) return;
        memory_.endpoint = how_.endpoint;
        memory_.answered = false;
        memory_.token = secret{};
        memory_.where = instance_memory::tree::unknown;
        memory_.role.clear();
    }

    template <class Member>
    Member known(Member instance_memory::*member) {
        std::scoped_lock const lock{memory_.mutex};
        return memory_.*member;
    }

    template <class Member>
    void remember(Member instance_memory::*member, Member value) {
        std::scoped_lock const lock{memory_.mutex};
        memory_.*member = std::move(value);
    }

    /// The role to ask for; empty when the search has to go on in the other tree.
    result<std::string> role_in(bool classic) {
        if (!how_.role.empty()) return how_.role;
        if (auto role = known(&instance_memory::role); !role.empty()) return role;
        auto const answer = get(path(classic));
        if (!answer) return answer.error();
        if (is_missing(answer->status) && !classic) {
            remember(&instance_memory::where, instance_memory::tree::classic);
            return std::string{};
        }
        std::string role{text::trim(std::string_view{answer->body}.substr(0, answer->body.find('\n')))};
        if (answer->status == 404 || (answer->status == 200 && role.empty())) {
            remember(&instance_memory::where, instance_memory::tree::unknown);
            return fail(errc::not_configured, "the instance has no role attached");
        }
        if (answer->status != 200) return served_refusal({instance_service, {}, token_}, answer->status);
        if (!is_role_name(role))
            return fail(errc::malformed_response, std::string{instance_service} + " names a role that cannot be one");
        remember(&instance_memory::role, role);
        return role;
    }

    result<http::response> get(std::string const& at) {
        auto request = instance_request(how_, at);
        for (bool renewed = false;; renewed = true) {
            auto token = this->token();
            if (!token) return std::move(token).error();
            token_ = *std::move(token);
            request.headers = {};
            if (!token_.empty()) request.headers.add("X-aws-ec2-metadata-token", std::string{token_.reveal()});
            auto answer = send(request);
            if (!answer) return std::move(answer).error();
            if (answer->status != 401 || token_.empty() || renewed) return answer;
            remember(&instance_memory::token, secret{});
        }
    }

    /// Empty for version 1.
    result<secret> token() {
        {
            std::scoped_lock const lock{memory_.mutex};
            if (!memory_.token.empty() && clock_.now() < memory_.token_ends) return memory_.token;
        }
        if (without_token_) return secret{};
        auto answer = send(instance_token_request(how_));
        int const status = answer ? answer->status : 0;
        without_token_ = how_.allow_v1 && (answer ? status == 403 || status == 404 || status == 405
                                                  : answer.error().code == errc::timed_out || silent_);
        if (without_token_) return secret{};
        if (!answer) return std::move(answer).error();
        if (status != 200) return no_instance_token(status);
        secret token{text::trim(answer->body)};
        wipe(answer->body);
        if (token.empty() || unfit(token.reveal(), true) != nullptr)
            return fail(errc::malformed_response, std::string{instance_service} + " answered with no usable token");
        std::scoped_lock const lock{memory_.mutex};
        memory_.token = token;
        memory_.token_ends = clock_.now() + instance_token_life(*answer);
        return token;
    }

    /// Repeats what may pass; where nobody ever answered, only once, so that a search elsewhere than on EC2 soon ends.
    result<http::response> send(http::request const& request) {
        for (int attempt = 1;; ++attempt) {
            auto answer = http_.send(request);
            if (answer) remember(&instance_memory::answered, true);
            bool const answered = known(&instance_memory::answered);
            if (instance_may_pass(answer) && attempt < how_.attempts.value_or(answered ? 4 : 2)) {
                clock_.sleep_for(retry::backoff(std::chrono::milliseconds{100}, std::chrono::seconds{2}, attempt, 1),
                                 {});
                continue;
            }
            if (answer) return answer;
            silent_ = instance_may_pass(answer) && !answered;
            if (silent_) return no_instance(how_, answer.error());
            return instance_unreachable(std::move(answer).error());
        }
    }

    Http& http_;
    Clock& clock_;
    instance_settings const& how_;
    instance_memory& memory_;
    secret token_{};
    bool without_token_ = false;
    bool silent_ = false; ///< the last request found nobody, as ever
};

} // namespace detail

/// A `credential_policy` that asks the metadata service of an EC2 instance for the attached role's key, by version 2 of its
/// protocol: with a token, kept until a minute before its end; version 1 only where `instance_options::allow_v1` says so and
/// AWS_EC2_METADATA_V1_DISABLED does not forbid it. Keys come with the account's id where the service tells it. Never through
/// a proxy. What may pass (no answer, 5xx, 429) is repeated after 100, 200, 400 ms; a refused token is renewed once.
///
/// `errc::not_configured` where there is no such service, where it is switched off by AWS_EC2_METADATA_DISABLED, and where
/// no role is attached. It reads AWS_EC2_METADATA_SERVICE_ENDPOINT, ..._ENDPOINT_MODE, AWS_EC2_INSTANCE_PROFILE_NAME,
/// AWS_METADATA_SERVICE_TIMEOUT (seconds, 1) and AWS_METADATA_SERVICE_NUM_ATTEMPTS (4, and 2 as long as nobody answered), or
/// the profile's settings of those names. A key that has ended is never handed out, whatever the service says. May be used
/// from several threads; copies share the token. Follows "IMDS credential provider" of the AWS SDKs and Tools guide.
class instance {
public:
    static constexpr std::string_view name = "instance";

    instance() : instance{instance_options{}} {}
    explicit instance(instance_options options) :
        options_{std::move(options)}, memory_{std::make_shared<detail::instance_memory>()} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        auto const how = detail::read_instance_settings(environment, options_);
        if (!how) return how.error();
        return detail::instance_search<Http, Clock>{http, clock, *how, *memory_}.key();
    }

private:
    instance_options options_;
    std::shared_ptr<detail::instance_memory> memory_;
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/aws/sts.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_STS_HPP
#define FARGATE_AWS_STS_HPP

namespace fargate::inline v0::aws {

/// The role that is asked for, and for how long.
struct role_request {
    std::string role_arn{};     ///< `arn:aws:iam::123456789012:role/name`
    std::string session_name{}; ///< who asks, in the role's records; empty: `fargate-` and the seconds since 1970
    std::string external_id{};  ///< what a foreign account wants to be told; empty: nothing
    std::string mfa_serial{};   ///< refused: its codes are typed in by people
    std::optional<std::chrono::seconds> duration{}; ///< 900 s to 12 h, and no more than the role allows; nothing: 1 h
};

/// Whose key it is.
struct caller_identity {
    std::string account{};
    std::string arn{};
    std::string user_id{};
};

/// Says what is wrong with a request for a role, by the limits in the STS API Reference, before STS does.
[[nodiscard]] inline result<void> check(role_request const& role) {
    auto const wrong = [](std::string why) { return fail(errc::invalid_argument, std::move(why)); };
    auto const holds_only = [](std::string_view text, std::string_view also) {
        for (char const c : text)
            if (!text::is_alnum(c) && also.find(c) == std::string_view::npos) return false;
        return true;
    };
    if (role.role_arn.empty()) return wrong("no role_arn is given");
    if (role.role_arn.size() > 2048 || text::first_outside(role.role_arn, '!', '~') != role.role_arn.size())
        return wrong("role_arn is no ARN: write it as arn:aws:iam::123456789012:role/name");
    if (!role.mfa_serial.empty())
        return wrong("mfa_serial asks for a code that somebody types in, and nobody is asked here: use a role without "
                     "it, or a credential_process that asks");
    std::size_t const name = role.session_name.size();
    if (name != 0 && (name < 2 || name > 64 || !holds_only(role.session_name, "_+=,.@-")))
        return wrong("role_session_name is not 2 to 64 letters, digits or _+=,.@-");
    std::size_t const id = role.external_id.size();
    if (id != 0 && (id < 2 || id > 1224 || !holds_only(role.external_id, "_+=,.@:/-")))
        return wrong("external_id is not 2 to 1224 letters, digits or _+=,.@:/-");
    if (role.duration && (*role.duration < std::chrono::seconds{900} || *role.duration > std::chrono::hours{12}))
        return wrong("duration_seconds is not from 900 to 43200");
    return {};
}

namespace detail {

/// The regions whose calls went to one global host once, and still do where `sts_regional_endpoints` is `legacy`.
[[nodiscard]] constexpr bool is_sts_legacy_region(std::string_view region) noexcept {
    constexpr std::string_view regions[] = {"ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
                                            "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
                                            "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
                                            "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
    for (auto const each : regions)
        if (region == each) return true;
    return false;
}

/// The host and the signing region of a call to STS.
[[nodiscard]] inline endpoint sts_endpoint(target const& to, bool legacy) {
    endpoint made = endpoint_of(sts_service, to);
    bool const plain = !to.custom && !to.use_fips && !to.use_dualstack;
    if (plain && legacy && is_sts_legacy_region(to.region)) return endpoint_at("sts.amazonaws.com", "us-east-1");
    if (made.region == "aws-global") made.region = "us-east-1";
    return made;
}

/// Where no region is configured, STS is called all the same: at its global host.
template <environment_policy Environment>
[[nodiscard]] client_options sts_options(client_options options, Environment const& environment) {
    if (!options.region.empty()) return options;
    ambient<Environment> known{environment};
    if (known.variable("AWS_REGION") || known.variable("AWS_DEFAULT_REGION")) return options;
    auto const found = known.of_profile("region");
    if (found && !*found) options.region = "aws-global";
    return options;
}

/// AWS_STS_REGIONAL_ENDPOINTS, `sts_regional_endpoints`.
template <environment_policy Environment>
[[nodiscard]] result<bool> sts_is_legacy(Environment const& environment) {
    auto const found = ambient<Environment>{environment}.find("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
    if (!found) return found.error();
    if (!*found || text::iequals((*found)->text, "regional")) return false;
    if (text::iequals((*found)->text, "legacy")) return true;
    return fail(errc::bad_configuration, (*found)->from + " is neither regional nor legacy");
}

inline void add_field(std::string& form, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    form.append("&").append(name).append("=");
    text::append_percent(form, value);
}

/// A call of the query protocol. The form is moved in last, so that no copy of a token in it stays behind.
[[nodiscard]] inline call sts_call(std::string_view operation, endpoint where, std::string form) {
    call made;
    made.operation = operation;
    made.where = std::move(where);
    made.headers.add("Content-Type", "application/x-www-form-urlencoded");
    made.body = std::move(form);
    made.speaks = protocol::xml;
    return made;
}

[[nodiscard]] inline std::string sts_form(std::string_view operation) {
    std::string made = "Action=";
    return made.append(operation).append("&Version=2011-06-15");
}

[[nodiscard]] inline std::string role_form(std::string_view operation, role_request const& role) {
    std::string made = sts_form(operation);
    add_field(made, "RoleArn", role.role_arn);
    add_field(made, "RoleSessionName", role.session_name);
    add_field(made, "ExternalId", role.external_id);
    if (role.duration) add_field(made, "DurationSeconds", std::to_string(role.duration->count()));
    return made;
}

inline void wipe_element(xml_element& element) noexcept {
    wipe(element.text);
    for (auto& each : element.children) wipe_element(each);
}

/// `<AssumeRoleResponse><AssumeRoleResult>...`: what stands in the inner one.
[[nodiscard]] inline xml_element const* sts_result(xml_element const& root, std::string_view operation) {
    return root.child(std::string{operation} + "Result");
}

/// The twelve digits in `arn:aws:sts::123456789012:assumed-role/name/session`; empty when they are not there.
[[nodiscard]] inline std::string account_of(std::string_view arn) {
    for (int colons = 0; colons != 4; ++colons) {
        auto const at = arn.find(':');
        if (at == std::string_view::npos) return {};
        arn.remove_prefix(at + 1);
    }
    auto const account = arn.substr(0, arn.find(':'));
    for (char const c : account)
        if (!text::is_digit(c)) return {};
    return std::string{account};
}

[[nodiscard]] inline result<access_key> key_of(xml_element const& answer) {
    auto const missing = [](std::string_view what) {
        return fail(errc::malformed_response, "the answer holds no usable " + std::string{what});
    };
    auto const* const given = answer.child("Credentials");
    if (given == nullptr) return missing("Credentials");
    for (std::string_view const name : {"AccessKeyId", "SecretAccessKey", "SessionToken"}) {
        auto const part = text::trim(given->text_of(name));
        if (part.empty() || text::first_outside(part, '!', '~') != part.size()) return missing(name);
    }
    access_key made;
    made.id = text::trim(given->text_of("AccessKeyId"));
    made.secret_key = secret{text::trim(given->text_of("SecretAccessKey"))};
    made.session_token = secret{text::trim(given->text_of("SessionToken"))};
    made.expires = text::parse_iso8601(text::trim(given->text_of("Expiration")));
    if (!made.expires) return missing("Expiration");
    if (auto const* const user = answer.child("AssumedRoleUser")) made.account_id = account_of(user->text_of("Arn"));
    made.source = "sts";
    return made;
}

/// Reads the key out of an answer, and overwrites every other copy of it.
[[nodiscard]] inline result<access_key> read_role(http::response&& answer, std::string_view operation) {
    auto root = read_xml(answer.body);
    wipe(answer.body);
    if (!root) return root.error();
    auto const* const inner = sts_result(*root, operation);
    auto made = inner == nullptr ? result<access_key>{fail(errc::malformed_response, "the answer is none of AWS STS")}
                                 : key_of(*inner);
    wipe_element(*root);
    return made;
}

} // namespace detail

/// AWS Security Token Service: temporary keys for roles. Calls go to the region's own host; to the global one, signed for
/// us-east-1, where no region is configured, or where AWS_STS_REGIONAL_ENDPOINTS (`sts_regional_endpoints`) is `legacy` and
/// the region is one of old. Endpoint overrides, FIPS and dual-stack hosts are as for every client. Answers and errors
/// follow the STS API Reference; IDPCommunicationError and InvalidIdentityToken, which may pass, are repeated.
///
/// About `parts` and threads see `ecs`.
template <policies Policies>
class sts {
public:
    template <class Parts>
    explicit sts(Parts& parts, client_options const& options = {}) :
        clock_{parts.clock},
        client_{parts, sts_service, detail::sts_options(options, parts.environment)},
        unsigned_{parts, sts_service, anonymous(client_.options())},
        legacy_{detail::sts_is_legacy(parts.environment)} {}

    /// A key of a role, asked for with the client's own. `errc::invalid_argument` when `role` is over a limit of STS's.
    [[nodiscard]] result<access_key> assume_role(role_request const& role, std::stop_token stop = {}) {
        return ask_role(client_, "AssumeRole", role, {}, std::move(stop));
    }

    /// A key of a role, asked for with a token of an identity provider and no key. No message tells the token.
    [[nodiscard]] result<access_key> assume_role_with_web_identity(role_request const& role, secret const& token,
                                                                   std::stop_token stop = {}) {
        constexpr std::string_view operation = "AssumeRoleWithWebIdentity";
        if (!role.external_id.empty())
            return client_.named(operation, fail(errc::invalid_argument, "web identity takes no external_id"));
        if (token.reveal().size() < 4 || token.reveal().size() > 20000)
            return client_.named(operation, fail(errc::invalid_argument, "the token is not 4 to 20000 bytes long"));
        auto made = ask_role(unsigned_, operation, role, token, std::move(stop));
        if (made) return made;
        auto& why = made.error();
        auto const repeats = [&token](std::string_view text) {
            return detail::place_of_secret(text, token.reveal()) != std::string_view::npos;
        };
        if (repeats(why.message) || repeats(why.service_code)) {
            why.service_code.clear();
            why.message = "HTTP " + std::to_string(why.http_status) + ", with the token in what was said (withheld)";
            why = client_.named(operation, std::move(why));
        }
        return made;
    }

    /// Whose key the client's is. Nobody can be forbidden to ask.
    [[nodiscard]] result<caller_identity> get_caller_identity(std::stop_token stop = {}) {
        constexpr std::string_view operation = "GetCallerIdentity";
        auto const where = destination();
        if (!where) return client_.named(operation, where.error());
        auto const read = [operation](http::response&& answer) -> result<caller_identity> {
            auto const root = read_xml(answer.body);
            if (!root) return root.error();
            auto const* const inner = detail::sts_result(*root, operation);
            if (inner == nullptr) return fail(errc::malformed_response, "the answer is none of AWS STS");
            return caller_identity{std::string{inner->text_of("Account")}, std::string{inner->text_of("Arn")},
                                   std::string{inner->text_of("UserId")}};
        };
        return client_.call(detail::sts_call(operation, *where, detail::sts_form(operation)), read, std::move(stop));
    }

private:
    static client_options anonymous(client_options options) {
        options.anonymous = true;
        return options;
    }

    [[nodiscard]] result<endpoint> destination() const {
        if (!client_.destination()) return client_.destination().error();
        if (!legacy_) return legacy_.error();
        return detail::sts_endpoint(*client_.destination(), *legacy_);
    }

    [[nodiscard]] result<access_key> ask_role(client<Policies>& asking, std::string_view operation, role_request role,
                                              secret const& token, std::stop_token stop) {
        if (auto const fit = check(role); !fit) return client_.named(operation, fit.error());
        auto where = destination();
        if (!where) return client_.named(operation, where.error());
        if (role.session_name.empty()) {
            auto const now = std::chrono::floor<std::chrono::seconds>(clock_.now());
            role.session_name = "fargate-" + std::to_string(now.time_since_epoch().count());
        }
        auto form = detail::role_form(operation, role);
        form.reserve(form.size() + 32 + 3 * token.reveal().size()); // no growth, which would leave a copy behind
        detail::add_field(form, "WebIdentityToken", token.reveal());
        auto what = detail::sts_call(operation, *std::move(where), std::move(form));
        auto const read = [operation](http::response&& answer) {
            return detail::read_role(std::move(answer), operation);
        };
        auto made = asking.call(what, read, std::move(stop));
        wipe(what.body);
        return made;
    }

    typename Policies::clock& clock_;
    client<Policies> client_;
    client<Policies> unsigned_;
    result<bool> legacy_;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/retry/rate_limiter.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_RATE_LIMITER_HPP
#define FARGATE_RETRY_RATE_LIMITER_HPP

namespace fargate::inline v0::retry {

/// How a rate recovers from throttling: at once down to `beta` of what it was, then along a cubic curve back to that and
/// beyond (CUBIC, RFC 8312, with requests a second in place of a window). Times are seconds from any one moment.
class cubic_curve {
public:
    static constexpr double beta = 0.7;
    static constexpr double scale = 0.4;

    explicit cubic_curve(double start) noexcept : last_throttle_{start} {}

    /// The rate that a request at `time` which was not throttled allows.
    [[nodiscard]] double grown(double time) const noexcept {
        double const distance = time - last_throttle_ - plateau_;
        return scale * distance * distance * distance + highest_;
    }

    /// The rate after a request at `time` was throttled, when `rate` was being sent.
    [[nodiscard]] double throttled(double rate, double time) noexcept {
        highest_ = rate;
        last_throttle_ = time;
        plateau_ = std::cbrt(highest_ * (1 - beta) / scale);
        return rate * beta;
    }

private:
    double highest_ = 0;
    double plateau_ = 0; ///< seconds from the throttling to where the curve is flat
    double last_throttle_;
};

/// Requests a second, counted in half seconds and smoothed.
class rate_meter {
public:
    static constexpr double smoothing = 0.8;

    /// Counts a request at `time`, seconds from the moment when counting began.
    double record(double time) noexcept {
        double const bucket = std::floor(time * 2) / 2;
        ++count_;
        if (bucket > last_bucket_) {
            rate_ = count_ / (bucket - last_bucket_) * smoothing + rate_ * (1 - smoothing);
            count_ = 0;
            last_bucket_ = bucket;
        }
        return rate_;
    }

private:
    double rate_ = 0;
    double count_ = 0;
    double last_bucket_ = 0;
};

/// The client-side limit of the AWS SDKs' "adaptive" retry mode: a token bucket, one token a request, that does nothing
/// until the first throttling and from then on fills at a rate that throttling lowers and success raises. Decides and never
/// waits. Thread-safe: who comes first is sent first, for a token is taken when it is promised, before it is there.
/// A clock that is set back counts as one that stood still.
class rate_limiter {
public:
    static constexpr double lowest_rate = 0.5; ///< requests a second

    /// How long a request that could go `now` has to wait.
    [[nodiscard]] duration before_send(time_point now) {
        std::scoped_lock const lock{mutex_};
        double const time = seconds_to(now);
        if (!enabled_) return duration::zero();
        refill(time);
        tokens_ -= 1;
        if (tokens_ >= 0) return duration::zero();
        return std::chrono::ceil<duration>(std::chrono::duration<double>{-tokens_ / fill_rate_});
    }

    /// Learns how the request ended that an answer, or none, came for `now`.
    void after_send(time_point now, bool throttled) {
        std::scoped_lock const lock{mutex_};
        double const time = seconds_to(now);
        double const measured = meter_.record(time);
        double rate = 0;
        if (throttled) {
            rate = curve_.throttled(enabled_ ? std::min(measured, fill_rate_) : measured, time);
            enabled_ = true;
        } else {
            rate = curve_.grown(time);
        }
        set_rate(std::min(rate, 2 * measured), time);
        measured_ = measured;
    }

    /// Requests a second that the bucket lets through, when it is at work.
    [[nodiscard]] double rate() const {
        std::scoped_lock const lock{mutex_};
        return fill_rate_;
    }

    /// Requests a second that were sent, smoothed.
    [[nodiscard]] double measured() const {
        std::scoped_lock const lock{mutex_};
        return measured_;
    }

private:
    /// Seconds since the full second in which the limiter was first asked.
    double seconds_to(time_point now) {
        if (!begun_) {
            begun_ = true;
            origin_ = std::chrono::floor<std::chrono::seconds>(now);
            curve_ = cubic_curve{std::chrono::duration<double>{now - origin_}.count()};
            latest_ = refilled_ = std::chrono::duration<double>{now - origin_}.count();
        }
        latest_ = std::max(latest_, std::chrono::duration<double>{now - origin_}.count());
        return latest_;
    }

    void refill(double time) {
        tokens_ = std::min(capacity_, tokens_ + (time - refilled_) * fill_rate_);
        refilled_ = time;
    }

    void set_rate(double rate, double time) {
        refill(time); // what has come in so far came in at the old rate
        fill_rate_ = std::max(rate, lowest_rate);
        capacity_ = std::max(rate, 1.0);
        tokens_ = std::min(tokens_, capacity_);
    }

    mutable std::mutex mutex_;
    bool begun_ = false;
    bool enabled_ = false;
    time_point origin_{};
    double latest_ = 0;
    double refilled_ = 0;
    double tokens_ = 0;
    double fill_rate_ = 1;
    double capacity_ = 1;
    double measured_ = 0;
    cubic_curve curve_{0};
    rate_meter meter_{};
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/retry/standard.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_STANDARD_HPP
#define FARGATE_RETRY_STANDARD_HPP

namespace fargate::inline v0::retry {

/// The numbers of the AWS SDKs' "standard" retry mode, revision 2.1 of 2026.
struct standard_options {
    int max_attempts = 3; ///< the first one included; less than 1 counts as 1
    int quota = 500;      ///< what all calls that share the policy may spend on repeats before successes earn it back
    int transient_cost = 14;
    int throttled_cost = 5;
    duration transient_base = std::chrono::milliseconds{50};
    duration throttled_base = std::chrono::seconds{1};
    duration longest = std::chrono::seconds{20};           ///< cap of the computed wait
    duration hint_slack = std::chrono::seconds{5};         ///< how far the server may stretch the computed wait
    double (*jitter)() = [] { return random_fraction(); }; ///< draws from [0, 1]; tests pin it
};

/// The AWS SDKs' standard retry mode 2.1: exponential back-off with full jitter, short for lost connections and 5xx, long
/// for throttling; a quota shared by every call of the policy, so that a service that is down is not asked three times by
/// everybody; and the server's `x-amz-retry-after`, believed within `[wait, wait + hint_slack]`. `Retry-After` is not part
/// of it. Thread-safe; a call that succeeds gives back what its last repeat took, or 1 when it needed none.
class standard {
public:
    standard() : standard(standard_options{}) {}
    explicit standard(standard_options options) : options_{options}, left_{std::max(0, options.quota)} {}

    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) {
        ++book.attempts;
        if (how.kind == verdict::succeeded) {
            give_back(std::max(book.held, 1));
            book.held = 0;
        }
        if (how.kind == verdict::succeeded || how.kind == verdict::refused) return std::nullopt;
        if (book.attempts >= max_attempts()) return std::nullopt;
        bool const throttled = how.kind == verdict::throttled;
        int const cost = throttled ? options_.throttled_cost : options_.transient_cost;
        if (!take(cost)) return std::nullopt;
        book.held = cost;
        duration const wait = backoff(throttled ? options_.throttled_base : options_.transient_base, options_.longest,
                                      book.attempts, options_.jitter());
        if (!how.server_hint) return wait;
        constexpr std::chrono::milliseconds none{0};
        constexpr std::chrono::milliseconds day = std::chrono::hours{24};
        duration const hint = std::clamp(*how.server_hint, none, day);
        return std::clamp(hint, wait, wait + options_.hint_slack);
    }

    /// Attempts a call has at most, for the `max=` of `amz-sdk-request`.
    [[nodiscard]] int max_attempts() const noexcept { return std::max(1, options_.max_attempts); }

    /// What is left of the quota.
    [[nodiscard]] int quota() const noexcept { return left_.load(std::memory_order_relaxed); }

private:
    [[nodiscard]] bool take(int cost) noexcept {
        int left = left_.load(std::memory_order_relaxed);
        while (left >= cost)
            if (left_.compare_exchange_weak(left, left - cost, std::memory_order_relaxed)) return true;
        return false;
    }

    void give_back(int amount) noexcept {
        int left = left_.load(std::memory_order_relaxed);
        while (!left_.compare_exchange_weak(left, std::min(options_.quota, left + amount), std::memory_order_relaxed)) {
        }
    }

    standard_options options_;
    std::atomic<int> left_;
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/retry/adaptive.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_ADAPTIVE_HPP
#define FARGATE_RETRY_ADAPTIVE_HPP

namespace fargate::inline v0::retry {

/// The AWS SDKs' adaptive retry mode: the standard one, and once the service has throttled, a limit on how fast requests
/// are sent at all. The limit counts for all calls that share the policy, so a policy serves one client. Thread-safe.
class adaptive {
public:
    adaptive() = default;
    explicit adaptive(standard_options options) : repeats_{options} {}

    [[nodiscard]] duration before_send(time_point now) { return limiter_.before_send(now); }
    void after_send(time_point now, outcome const& how) { limiter_.after_send(now, how.kind == verdict::throttled); }
    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) { return repeats_.next(book, how); }

    [[nodiscard]] int max_attempts() const noexcept { return repeats_.max_attempts(); }
    [[nodiscard]] int quota() const noexcept { return repeats_.quota(); }

private:
    standard repeats_;
    rate_limiter limiter_;
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/retry/legacy.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_LEGACY_HPP
#define FARGATE_RETRY_LEGACY_HPP

namespace fargate::inline v0::retry {

/// The numbers of botocore's "legacy" retry mode.
struct legacy_options {
    int max_attempts = 5;                                  ///< the first one included; less than 1 counts as 1
    duration base = std::chrono::seconds{1};               ///< doubles with every repeat, without a cap
    double (*jitter)() = [] { return random_fraction(); }; ///< draws from [0, 1]; tests pin it
};

/// The retry mode that botocore had before the standard one: five attempts, waits of up to 1, 2, 4, 8 seconds for
/// throttling and lost connections alike, no quota, and deaf to the server's `x-amz-retry-after`. Thread-safe.
class legacy {
public:
    legacy() : legacy(legacy_options{}) {}
    explicit legacy(legacy_options options) : options_{options} {}

    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) const {
        ++book.attempts;
        if (how.kind == verdict::succeeded || how.kind == verdict::refused) return std::nullopt;
        if (book.attempts >= max_attempts()) return std::nullopt;
        return backoff(options_.base, duration::max(), book.attempts, options_.jitter());
    }

    /// Attempts a call has at most, for the `max=` of `amz-sdk-request`.
    [[nodiscard]] int max_attempts() const noexcept { return std::max(1, options_.max_attempts); }

private:
    legacy_options options_;
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/retry/any_mode.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_RETRY_ANY_MODE_HPP
#define FARGATE_RETRY_ANY_MODE_HPP

namespace fargate::inline v0::retry {

/// Whichever of the SDKs' modes is asked for when the program runs; standard unless told otherwise. Thread-safe.
class any_mode {
public:
    any_mode() : any_mode(mode_options{}) {}

    /// `numbers` are those of the standard and the adaptive mode; legacy takes the jitter from them.
    explicit any_mode(mode_options const& how, standard_options const& numbers = {}) :
        how_{how},
        numbers_{numbers},
        steady_{with_attempts(numbers, how.max_attempts)},
        legacy_{legacy_numbers(numbers, how.max_attempts)} {}

    /// A policy of its own, with nothing spent, that is as this one but for what `how` says.
    [[nodiscard]] any_mode with(mode_options const& how) const {
        mode_options const merged{how.mode ? how.mode : how_.mode,
                                  how.max_attempts ? how.max_attempts : how_.max_attempts};
        return any_mode{merged, numbers_};
    }

    /// What it was told, and no more: what is left open the environment may say.
    [[nodiscard]] mode_options told() const noexcept { return how_; }

    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) {
        return kind() == retry::mode::legacy ? legacy_.next(book, how) : steady_.next(book, how);
    }
    [[nodiscard]] duration before_send(time_point now) {
        return kind() == retry::mode::adaptive ? steady_.before_send(now) : duration::zero();
    }
    void after_send(time_point now, outcome const& how) {
        if (kind() == retry::mode::adaptive) steady_.after_send(now, how);
    }

    [[nodiscard]] retry::mode kind() const noexcept { return how_.mode.value_or(retry::mode::standard); }
    [[nodiscard]] int max_attempts() const noexcept {
        return kind() == retry::mode::legacy ? legacy_.max_attempts() : steady_.max_attempts();
    }

private:
    static standard_options with_attempts(standard_options numbers, std::optional<int> attempts) {
        numbers.max_attempts = attempts.value_or(numbers.max_attempts);
        return numbers;
    }
    static legacy_options legacy_numbers(standard_options const& numbers, std::optional<int> attempts) {
        legacy_options made;
        made.max_attempts = attempts.value_or(made.max_attempts);
        made.jitter = numbers.jitter;
        return made;
    }

    mode_options how_;
    standard_options numbers_;
    adaptive steady_;
    legacy legacy_;
};

} // namespace fargate::inline v0::retry

#endif

// ---- fargate/credentials/service_parts.hpp --------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_SERVICE_PARTS_HPP
#define FARGATE_CREDENTIALS_SERVICE_PARTS_HPP

namespace fargate::inline v0::credentials::detail {

/// The bundle that a provider calls STS or single sign-on with: what it was handed itself, and the credentials that its call
/// is signed with. AWS_RETRY_MODE and its like decide about repeats, as for every client.
template <class Http, class Clock, class Environment, class Credentials, class Hash>
struct service_policies {
    using http = Http;
    using credentials = Credentials;
    using clock = Clock;
    using environment = Environment;
    using retry = fargate::retry::any_mode;
    using hash = Hash;
};

template <class Http, class Clock, class Environment, class Credentials, class Hash>
struct service_parts {
    using policies = service_policies<Http, Clock, Environment, Credentials, Hash>;

    service_parts(Http& given_http, Clock& given_clock, Environment const& given_environment,
                  Credentials& given_credentials) :
        http{given_http}, clock{given_clock}, environment{given_environment}, credentials{given_credentials} {}

    Http& http;
    Clock& clock;
    Environment const& environment;
    Credentials& credentials;
    fargate::retry::any_mode retry{};
    Hash hash{};
};

} // namespace fargate::inline v0::credentials::detail

#endif

// ---- fargate/credentials/assume_role.hpp ----------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_ASSUME_ROLE_HPP
#define FARGATE_CREDENTIALS_ASSUME_ROLE_HPP

namespace fargate::inline v0::credentials {

namespace detail {

/// What becomes of an error on the way to a role's key. A source that has nothing to offer is broken configuration: somebody
/// asked for the role.
[[nodiscard]] inline error of_role(std::string_view role_arn, error why) {
    if (why.code == errc::not_configured || why.code == errc::invalid_argument) why.code = errc::bad_configuration;
    constexpr std::size_t longest = 256;
    why.message = "role " + aws::detail::one_line(aws::detail::cut(role_arn, longest)) + ": " + why.message;
    return why;
}

} // namespace detail

/// A `credential_policy` that takes on a role, with the key of another provider: `assume_role<environment>{{.role_arn =
/// "arn:aws:iam::123456789012:role/name"}}`. STS is asked at every fetch, over the same HTTP, clock and environment; put it
/// into `cached`. The options are for that call: region, endpoint. Errors name the role and what STS said; a request that
/// is over STS's limits, or whose source has no key, is `errc::bad_configuration`; without any role there is nothing to
/// offer. Follows "Assume role credential provider" of the AWS SDKs and Tools guide.
/// May be used from several threads as far as the source may.
template <class Source, crypto::hash_policy Hash = crypto::openssl_hash>
class assume_role {
public:
    static constexpr std::string_view name = "assume_role";

    assume_role() = default;
    explicit assume_role(aws::role_request role, Source source = {}, aws::client_options options = {}) :
        role_{std::move(role)}, source_{std::move(source)}, options_{std::move(options)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
        requires credential_policy<Source, Http, Clock, Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) {
        if (role_.role_arn.empty()) return fail(errc::not_configured, "no role is given");
        detail::service_parts<Http, Clock, Environment, Source, Hash> parts{http, clock, environment, source_};
        aws::sts<typename decltype(parts)::policies> sts{parts, options_};
        auto made = sts.assume_role(role_);
        if (!made) return detail::of_role(role_.role_arn, std::move(made).error());
        made->source = std::string{name};
        return made;
    }

private:
    aws::role_request role_{};
    Source source_{};
    aws::client_options options_{};
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/text/shell_words.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_SHELL_WORDS_HPP
#define FARGATE_TEXT_SHELL_WORDS_HPP

namespace fargate::inline v0::text {

/// The words of a command line, as Python's `shlex.split` has them and a POSIX shell that expands nothing: blanks and line
/// ends part words, `'...'` is taken as it stands, inside `"..."` a backslash counts before `"` and `\` only, elsewhere it
/// takes the next character as it stands. Pipes, variables, `~`, globs and comments mean nothing. `errc::invalid_argument`,
/// which quotes nothing, when a quotation is not closed or the last character is a lone backslash.
[[nodiscard]] inline result<std::vector<std::string>> shell_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool inside = false; // a word has begun, be it with an empty quotation
    char quote = '\0';
    for (std::size_t at = 0; at != line.size(); ++at) {
        char const c = line[at];
        if (c == '\\' && quote != '\'') {
            if (at + 1 == line.size()) return fail(errc::invalid_argument, "nothing follows the last backslash");
            char const next = line[++at];
            if (quote != '\0' && next != '"' && next != '\\') word += c;
            word += next;
            inside = true;
        } else if (quote != '\0') {
            if (c == quote)
                quote = '\0';
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            inside = true;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            word += c;
            inside = true;
        } else if (std::exchange(inside, false)) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (quote != '\0')
        return fail(errc::invalid_argument, std::string{"a quotation that begins with "} + quote + " is not closed");
    if (inside) words.push_back(std::move(word));
    return words;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/credentials/process.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_PROCESS_HPP
#define FARGATE_CREDENTIALS_PROCESS_HPP

namespace fargate::inline v0::credentials {

namespace detail {

/// The end of what a program complained, on one line of printable ASCII.
[[nodiscard]] inline std::string complaint(std::string_view errors) {
    constexpr std::size_t longest = 400;
    errors = text::trim(errors);
    std::string made;
    if (errors.size() > longest) {
        made = "... ";
        errors.remove_prefix(errors.size() - longest);
    }
    for (char const c : errors) {
        bool const blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!blank)
            made += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F ? '?' : c;
        else if (!made.ends_with(' '))
            made += ' ';
    }
    return made;
}

/// The key that a program's answer holds. Names members of the protocol and quotes nothing.
[[nodiscard]] inline result<access_key> read_process_answer(json::value const& answer, time_point now,
                                                            std::string source) {
    if (json::integer_of(answer, "Version") != 1)
        return fail(errc::malformed_response, "its output has no \"Version\": 1, the only one that is known");
    for (char const* const each : {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"})
        if (json::member(answer, each) != nullptr && !json::text_of(answer, each))
            return fail(errc::malformed_response, std::string{each} + " in its output is no text");
    auto const text = [&](std::string_view member) {
        return key_text{member, json::text_of(answer, member).value_or("")};
    };
    auto made = make_key(text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), std::move(source));
    if (!made && made.error().code == errc::not_configured)
        return fail(errc::malformed_response, "its output holds neither AccessKeyId nor SecretAccessKey");
    if (made) made = ending(*std::move(made), text("Expiration"), now);
    if (made) made->account_id = text::trim(text("AccountId").text);
    if (!made) made.error().code = errc::malformed_response;
    return made;
}

} // namespace detail

/// A `credential_policy` that runs the program of a profile's `credential_process` and reads the key that it writes. No shell
/// takes part: the command is split into words (see `text::shell_words`), and pipes, variables and `~` in it mean nothing.
/// The program has 60 seconds and 64 KiB; what it writes to standard error is shown when it fails, what it writes to
/// standard output never. A key without `Expiration` does not end. `errc::not_configured` when the command is empty.
///
/// A command is run with this process's rights: take it from the user's own configuration and nowhere else. Follows
/// "Process credential provider" of the AWS SDKs and Tools guide.
class process {
public:
    static constexpr std::string_view name = "process";

    process() = default;
    /// `account_id` goes into the key when the program tells none: a profile's `aws_account_id`.
    explicit process(std::string command, std::string account_id = {}) :
        command_{std::move(command)}, account_id_{std::move(account_id)} {}

    template <class Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock& clock, Environment const& environment) const {
        auto const words = text::shell_words(command_);
        if (!words) return fail(errc::bad_configuration, "credential_process: " + words.error().message);
        if (words->empty()) return fail(errc::not_configured, "credential_process is not set");
        if constexpr (requires { environment.run(*words, program_limits{}); }) {
            return read(environment.run(*words, program_limits{}), words->front(), clock.now());
        } else {
            static_cast<void>(clock);
            static_cast<void>(environment);
            return fail(errc::bad_configuration,
                        "credential_process is set, but this program's environment runs no other programs");
        }
    }

private:
    [[nodiscard]] result<access_key> read(result<program_output> ran, std::string_view program, time_point now) const {
        auto const about = [program](std::string_view what) {
            return "credential_process " + text::printable(program) + ": " + std::string{what};
        };
        if (!ran) {
            auto why = std::move(ran).error();
            why.code =
                why.code == errc::not_found || why.code == errc::invalid_argument ? errc::bad_configuration : why.code;
            why.message = about(why.message);
            return why;
        }
        if (ran->status != 0) {
            wipe(ran->output);
            auto const said = detail::complaint(ran->errors);
            return fail(errc::bad_configuration, about("it ended with status " + std::to_string(ran->status) +
                                                       (said.empty() ? " and said nothing" : ": " + said)));
        }
        auto answer = json::parse(ran->output);
        wipe(ran->output);
        if (!answer || !answer->is_object()) {
            if (answer) json::wipe(*answer);
            return fail(errc::malformed_response, about("its output is no JSON object"));
        }
        auto made = detail::read_process_answer(*answer, now, std::string{name});
        json::wipe(*answer);
        if (!made)
            made.error().message = about(made.error().message);
        else if (made->account_id.empty())
            made->account_id = account_id_;
        return made;
    }

    std::string command_;
    std::string account_id_;
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/aws/sso.hpp --------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_SSO_HPP
#define FARGATE_AWS_SSO_HPP

namespace fargate::inline v0::aws {

/// What the portal of IAM Identity Center gives for a role, as it words it.
struct role_credentials {
    secret access_key_id{};
    secret secret_access_key{};
    secret session_token{};
    std::chrono::milliseconds expiration{}; ///< since 1970
};

/// What a sign-on client has to show for a new token.
struct token_request {
    secret client_id{};
    secret client_secret{};
    secret refresh_token{};
};

/// A token of a sign-on session.
struct sign_on_token {
    secret access_token{};
    secret refresh_token{}; ///< for the next time; empty when the one that was shown stays good
    std::chrono::seconds lifetime{};
};

namespace detail {

/// Reads a JSON object and wipes the text it came in.
[[nodiscard]] inline result<json::value> read_secret_document(http::response&& answer) {
    auto document = json::parse(answer.body);
    wipe(answer.body);
    if (document && document->is_object()) return document;
    return fail(errc::malformed_response, "the answer is no JSON object");
}

/// True when an error repeats what was confided to the server.
[[nodiscard]] inline bool tells(error const& why, secret const& confided) {
    return !confided.empty() &&
           (text::contains(why.message, confided.reveal()) || text::contains(why.service_code, confided.reveal()));
}

/// An error in place of one that tells a secret.
[[nodiscard]] inline error withheld(error why) {
    why.message = "what the service said is withheld, because it repeats a secret";
    why.service_code.clear();
    return why;
}

[[nodiscard]] inline client_options unsigned_calls(client_options options) {
    options.anonymous = true;
    return options;
}

} // namespace detail

/// The portal of IAM Identity Center, which gives keys to whoever has signed on. Follows "AWS IAM Identity Center Portal API
/// Reference". Calls are not signed, so the credentials among the parts are never asked. About `parts` and threads see `ecs`.
template <policies Policies>
class sso {
public:
    template <class Parts>
    explicit sso(Parts& parts, client_options options = {}) :
        client_{parts, sso_service, detail::unsigned_calls(std::move(options))} {}

    /// `errc::unauthorized` when the token is not, or no longer, valid. `token` has to fit into a header field.
    [[nodiscard]] result<role_credentials> get_role_credentials(std::string_view role_name, std::string_view account_id,
                                                                secret const& token, std::stop_token stop = {}) {
        constexpr std::string_view operation = "GetRoleCredentials";
        auto const& to = client_.destination();
        if (!to) return client_.named(operation, to.error());
        call asked;
        asked.operation = operation;
        asked.where = endpoint_of(sso_service, *to);
        asked.method = "GET";
        asked.path = "/federation/credentials";
        asked.query =
            "role_name=" + text::percent_encode(role_name) + "&account_id=" + text::percent_encode(account_id);
        asked.headers.add("x-amz-sso_bearer_token", std::string{token.reveal()});
        auto document = client_.call(asked, detail::read_secret_document, std::move(stop));
        if (!document) {
            auto why = std::move(document).error();
            if (detail::tells(why, token)) return client_.named(operation, detail::withheld(std::move(why)));
            return why;
        }
        auto made = read(*document);
        json::wipe(*document);
        if (!made)
            return client_.named(operation, fail(errc::malformed_response, "the answer holds no roleCredentials"));
        return *std::move(made);
    }

private:
    static std::optional<role_credentials> read(json::value const& document) {
        auto const* const given = json::object_of(document, "roleCredentials");
        if (given == nullptr) return std::nullopt;
        auto const text = [given](std::string_view member) {
            return secret{json::text_of(*given, member).value_or("")};
        };
        auto const expiration = json::integer_of(*given, "expiration");
        // A time that no clock here can hold is no time.
        constexpr std::int64_t latest = 253'402'300'799'999;
        if (!expiration || *expiration <= 0 || *expiration > latest) return std::nullopt;
        return role_credentials{text("accessKeyId"), text("secretAccessKey"), text("sessionToken"),
                                std::chrono::milliseconds{*expiration}};
    }

    client<Policies> client_;
};

/// The OpenID Connect service of IAM Identity Center. Follows "AWS IAM Identity Center OIDC API Reference". Calls are not
/// signed. About `parts` and threads see `ecs`.
template <policies Policies>
class sso_oidc {
public:
    template <class Parts>
    explicit sso_oidc(Parts& parts, client_options options = {}) :
        client_{parts, sso_oidc_service, detail::unsigned_calls(std::move(options))} {}

    /// Exchanges a refresh token for an access token.
    [[nodiscard]] result<sign_on_token> create_token(token_request const& shown, std::stop_token stop = {}) {
        constexpr std::string_view operation = "CreateToken";
        auto const& to = client_.destination();
        if (!to) return client_.named(operation, to.error());
        service_failure failure;
        call asked;
        asked.operation = operation;
        asked.where = endpoint_of(sso_oidc_service, *to);
        asked.path = "/token";
        asked.headers.add("Content-Type", "application/json");
        asked.body = write(shown);
        asked.failure = &failure;
        auto document = client_.call(asked, detail::read_secret_document, std::move(stop));
        wipe(asked.body);
        if (!document) {
            auto why = std::move(document).error();
            // OAuth's own word for it (RFC 6749 §5.2): `invalid_grant`.
            if (auto const word = json::text_of(failure.members, "error")) why.message += ": " + text::printable(*word);
            if (detail::tells(why, shown.refresh_token) || detail::tells(why, shown.client_secret))
                return client_.named(operation, detail::withheld(std::move(why)));
            return why;
        }
        auto made = read(*document);
        json::wipe(*document);
        if (!made)
            return client_.named(operation,
                                 fail(errc::malformed_response, "the answer holds no accessToken and expiresIn"));
        return *std::move(made);
    }

private:
    static std::string write(token_request const& shown) {
        json::value document = json::value::object();
        json::set(document, "grantType", json::value("refresh_token"));
        json::set(document, "clientId", json::value(std::string{shown.client_id.reveal()}));
        json::set(document, "clientSecret", json::value(std::string{shown.client_secret.reveal()}));
        json::set(document, "refreshToken", json::value(std::string{shown.refresh_token.reveal()}));
        std::string body = json::write(document);
        json::wipe(document);
        return body;
    }

    static std::optional<sign_on_token> read(json::value const& document) {
        auto const token = json::text_of(document, "accessToken");
        auto const seconds = json::integer_of(document, "expiresIn");
        constexpr std::int64_t year = 366 * 24 * 3600;
        if (!token || token->empty() || !seconds || *seconds <= 0 || *seconds > year) return std::nullopt;
        return sign_on_token{secret{*token}, secret{json::text_of(document, "refreshToken").value_or("")},
                             std::chrono::seconds{*seconds}};
    }

    client<Policies> client_;
};

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/credentials/sso_token.hpp ------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_SSO_TOKEN_HPP
#define FARGATE_CREDENTIALS_SSO_TOKEN_HPP

namespace fargate::inline v0::credentials {

/// A sign-on token, with what it takes to renew it.
struct sso_token {
    secret access{};
    time_point expires{};
    secret refresh{};
    secret client_id{};
    secret client_secret{};
    std::optional<time_point> registration_expires{};

    [[nodiscard]] bool can_renew(time_point now) const noexcept {
        return !refresh.empty() && !client_id.empty() && !client_secret.empty() &&
               (!registration_expires || *registration_expires > now);
    }
};

/// Where the AWS CLI keeps the token of a session, by its name, or by its start URL in the older form.
template <environment_policy Environment>
[[nodiscard]] result<std::string> sso_token_path(Environment const& environment, std::string_view key) {
    auto const home = aws::home_directory(environment);
    if (!home) return fail(errc::bad_configuration, "where sign-on tokens are kept is not known: set HOME");
    auto const digest = crypto::sha1(key);
    std::string made = *home;
    if (!made.ends_with('/')) made += '/';
    made += ".aws/sso/cache/";
    for (unsigned char const each : digest) text::append_hex(made, std::string{static_cast<char>(each)});
    return made + ".json";
}

namespace detail {

/// A time as the AWS CLI writes it, in its older versions with `UTC` for the `Z`.
[[nodiscard]] inline std::optional<time_point> token_time(std::string_view written) {
    written = text::trim(written);
    if (written.ends_with("UTC")) written.remove_suffix(3);
    return text::parse_iso8601(written);
}

/// `2024-01-02T03:04:05Z`, which every reader of the file knows.
[[nodiscard]] inline std::string token_time(time_point moment) {
    auto made = text::iso8601(std::chrono::floor<std::chrono::seconds>(moment));
    return made.substr(0, made.find('+')) + 'Z';
}

} // namespace detail

/// Reads a token file. `errc::malformed_response` says what is wrong with it and quotes nothing.
[[nodiscard]] inline result<sso_token> read_sso_token(std::string_view text) {
    auto document = json::parse(text);
    if (!document || !document->is_object()) return fail(errc::malformed_response, "it is no JSON object");
    auto const member = [&document](std::string_view key) {
        return secret{text::trim(json::text_of(*document, key).value_or(""))};
    };
    sso_token made{member("accessToken"), {}, member("refreshToken"), member("clientId"), member("clientSecret"), {}};
    auto const expires = detail::token_time(json::text_of(*document, "expiresAt").value_or(""));
    made.registration_expires = detail::token_time(json::text_of(*document, "registrationExpiresAt").value_or(""));
    json::wipe(*document);
    if (made.access.empty()) return fail(errc::malformed_response, "it holds no accessToken");
    if (char const* const mistake = detail::unfit(made.access.reveal(), true))
        return fail(errc::malformed_response, std::string{"its accessToken"} + mistake);
    if (!expires) return fail(errc::malformed_response, "its expiresAt is no time");
    made.expires = *expires;
    return made;
}

/// The text of a token file once its token is renewed; members that are not about the token stay as they were.
[[nodiscard]] inline std::string write_sso_token(std::string_view before, sso_token const& token) {
    auto parsed = json::parse(before);
    json::value document = parsed && parsed->is_object() ? *std::move(parsed) : json::value::object();
    json::set(document, "accessToken", json::value(std::string{token.access.reveal()}));
    json::set(document, "expiresAt", json::value(detail::token_time(token.expires)));
    json::set(document, "refreshToken", json::value(std::string{token.refresh.reveal()}));
    auto made = json::write(document);
    json::wipe(document);
    return made;
}

/// What a process knows about the sign-on tokens it has met: whose turn it is to renew one, when that was last tried, and
/// tokens that could not be written to their file. May be used from several threads.
class sso_tokens {
public:
    /// Of one token file.
    class record {
    public:
        std::mutex renewing{}; ///< held by who renews the token

        /// Takes the turn, unless one was taken less than a minute ago.
        [[nodiscard]] bool may_try(time_point now) {
            std::scoped_lock const lock{mutex_};
            if (tried_ && now >= *tried_ && now - *tried_ < std::chrono::minutes{1}) return false;
            tried_ = now;
            return true;
        }

        void failed(std::string why) {
            std::scoped_lock const lock{mutex_};
            failure_ = std::move(why);
        }

        /// `written`: it is in its file.
        void renewed(sso_token const& token, bool written) {
            std::scoped_lock const lock{mutex_};
            failure_.clear();
            kept_ = written ? std::nullopt : std::optional{token};
        }

        /// Why the last try failed; empty when it did not.
        [[nodiscard]] std::string failure() const {
            std::scoped_lock const lock{mutex_};
            return failure_;
        }

        [[nodiscard]] sso_token newer(sso_token in_file) const {
            std::scoped_lock const lock{mutex_};
            return kept_ && kept_->expires > in_file.expires ? *kept_ : std::move(in_file);
        }

        /// Somebody signed off.
        void forget() {
            std::scoped_lock const lock{mutex_};
            kept_.reset();
        }

    private:
        mutable std::mutex mutex_;
        std::optional<time_point> tried_;
        std::optional<sso_token> kept_;
        std::string failure_;
    };

    sso_tokens() = default;
    sso_tokens(sso_tokens const&) = delete;
    sso_tokens& operator=(sso_tokens const&) = delete;

    [[nodiscard]] static sso_tokens& of_process() {
        static sso_tokens only;
        return only;
    }

    /// Of the token in that file; stays where it is as long as this does.
    [[nodiscard]] record& entry(std::string const& path) {
        std::scoped_lock const lock{mutex_};
        return records_[path];
    }

private:
    std::mutex mutex_;
    std::map<std::string, record> records_;
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/sso.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_SSO_HPP
#define FARGATE_CREDENTIALS_SSO_HPP

namespace fargate::inline v0::credentials {

/// Which role of which account a profile gets by single sign-on, and through which session.
struct sso_settings {
    std::string profile{}; ///< whose settings these are, for messages
    std::string session{}; ///< of `[sso-session name]`; empty in the older form, whose tokens cannot be renewed
    std::string start_url{};
    std::string region{}; ///< of the sign-on, not of the calls to be signed
    std::string account_id{};
    std::string role_name{};
};

/// What a profile says of single sign-on: with `sso_session`, region and start URL of that section, else all four in the
/// profile. `errc::not_configured` when there is nothing of it; `errc::bad_configuration`, naming what to mend, when
/// something is missing, the section too, or when profile and section contradict each other.
[[nodiscard]] inline result<sso_settings> sso_settings_of(aws::shared_files const& files, std::string_view profile) {
    auto const* const from = files.profile(profile);
    auto const value = [](aws::section const* section, std::string_view setting) -> std::string {
        return section == nullptr ? std::string{} : std::string{text::trim(section->find(setting).value_or(""))};
    };
    sso_settings made{std::string{profile},      value(from, "sso_session"),    value(from, "sso_start_url"),
                      value(from, "sso_region"), value(from, "sso_account_id"), value(from, "sso_role_name")};
    std::string const whose = "profile " + made.profile;
    if (made.session.empty() && made.start_url.empty() && made.account_id.empty() && made.role_name.empty())
        return fail(errc::not_configured, whose + " has no sso_session and no sso_start_url");
    std::string where = whose;
    if (!made.session.empty()) {
        auto const* const session = files.sso_session(made.session);
        where = "[sso-session " + text::printable(made.session) + "]";
        if (session == nullptr)
            return fail(errc::bad_configuration, whose + " names " + where + ", which is not in the shared files");
        for (auto const& [setting, own] :
             {std::pair{"sso_region", &made.region}, std::pair{"sso_start_url", &made.start_url}}) {
            auto agreed = value(session, setting);
            if (!own->empty() && *own != agreed)
                return fail(errc::bad_configuration,
                            whose + " contradicts " + where + " in " + setting + ": take it out of the profile");
            *own = std::move(agreed);
        }
    }
    auto const missing = [](std::string const& place, std::string_view setting) {
        return fail(errc::bad_configuration,
                    place + " has no " + std::string{setting} + ", which a key by sign-on needs");
    };
    if (made.region.empty()) return missing(where, "sso_region");
    if (made.start_url.empty()) return missing(where, "sso_start_url");
    if (made.account_id.empty()) return missing(whose, "sso_account_id");
    if (made.role_name.empty()) return missing(whose, "sso_role_name");
    if (!aws::is_host_label(made.region))
        return fail(errc::bad_configuration,
                    "sso_region of " + where + " is no region name: expected one like eu-west-1");
    return made;
}

/// A `credential_policy` for who has signed on with `aws sso login`: takes the token that the AWS CLI keeps in
/// `~/.aws/sso/cache` and asks the portal for the role's key. A token of a session that has less than 15 minutes left is
/// renewed by one caller at a time, at most once a minute, and written back; one that is still valid is used when that
/// fails. An expired one is an error that says how to sign on again. The endpoints are those of `sso_region`, or what
/// AWS_ENDPOINT_URL_SSO, AWS_ENDPOINT_URL_SSO_OIDC and their like say. Follows "IAM Identity Center credential provider" of
/// the AWS SDKs and Tools guide.
class sso {
public:
    static constexpr std::string_view name = "sso";

    /// `book` keeps what the process knows about tokens, and outlives this.
    explicit sso(sso_settings settings, sso_tokens& book = sso_tokens::of_process()) :
        settings_{std::move(settings)}, book_{&book} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        auto const where =
            sso_token_path(environment, settings_.session.empty() ? settings_.start_url : settings_.session);
        if (!where) return where.error();
        fixed nobody;
        detail::service_parts<Http, Clock, Environment, fixed, crypto::openssl_hash> parts{http, clock, environment,
                                                                                           nobody};
        auto const token = valid_token(parts, *where);
        if (!token) return token.error();
        aws::sso<typename decltype(parts)::policies> portal{parts, options()};
        auto given = portal.get_role_credentials(settings_.role_name, settings_.account_id, *token);
        if (!given) {
            auto why = std::move(given).error();
            if (why.code == errc::unauthorized) why.message += "; " + sign_on_again();
            return why;
        }
        return key_of(*given, clock.now());
    }

private:
    static constexpr auto renewed_from = std::chrono::minutes{15};

    [[nodiscard]] std::string sign_on_again() const {
        std::string const how = settings_.profile.empty() ? " --sso-session " + text::printable(settings_.session)
                                                          : " --profile " + text::printable(settings_.profile);
        return "run: aws sso login" + how;
    }

    [[nodiscard]] aws::client_options options() const {
        using namespace std::chrono_literals;
        aws::client_options made;
        made.region = settings_.region;
        made.limits = {.connect = 5s, .idle = 10s, .total = 30s, .body = 64 * 1024, .head = 16 * 1024};
        return made;
    }

    template <class Parts>
    [[nodiscard]] result<secret> valid_token(Parts& parts, std::string const& where) const {
        auto& entry = book_->entry(where);
        auto token = current(parts, where, entry);
        if (!token) return token.error();
        auto now = parts.clock.now();
        if (token->can_renew(now) && !settings_.session.empty() && token->expires - now < renewed_from) {
            std::unique_lock turn{entry.renewing, std::defer_lock};
            if (token->expires > now ? turn.try_lock() : (turn.lock(), true)) {
                token = current(parts, where, entry); // somebody may have renewed it, in another process too
                if (!token) return token.error();
                now = parts.clock.now();
                if (token->can_renew(now) && token->expires - now < renewed_from && entry.may_try(now)) {
                    renew(parts, where, entry, *token);
                    now = parts.clock.now();
                }
            }
        }
        if (token->expires > now) return std::move(token->access);
        auto const why = entry.failure();
        return fail(errc::unauthorized, "the sign-on token ended at " + text::iso8601(token->expires) +
                                            (why.empty() ? std::string{} : " and was not renewed (" + why + ")") +
                                            "; " + sign_on_again());
    }

    /// The token that the file holds, or the newer one that could not be written there.
    template <class Parts>
    [[nodiscard]] result<sso_token> current(Parts& parts, std::string const& where, sso_tokens::record& entry) const {
        auto text = parts.environment.read_file(where);
        if (!text) {
            entry.forget();
            if (text.error().code != errc::not_found) return text.error();
            return fail(errc::unauthorized, "there is no sign-on token " + where + "; " + sign_on_again());
        }
        auto token = read_sso_token(*text);
        wipe(*text);
        if (!token) return fail(errc::bad_configuration, where + ": " + token.error().message + "; " + sign_on_again());
        return entry.newer(*std::move(token));
    }

    template <class Parts>
    void renew(Parts& parts, std::string const& where, sso_tokens::record& entry, sso_token& token) const {
        aws::sso_oidc<typename Parts::policies> service{parts, options()};
        auto given = service.create_token({token.client_id, token.client_secret, token.refresh});
        if (!given) return entry.failed(given.error().message);
        if (char const* const mistake = detail::unfit(given->access_token.reveal(), true))
            return entry.failed(std::string{"the new token"} + mistake);
        token.access = std::move(given->access_token);
        token.expires = parts.clock.now() + given->lifetime;
        if (!given->refresh_token.empty()) token.refresh = std::move(given->refresh_token);
        bool kept = false;
        if constexpr (requires { parts.environment.write_file(where, std::string_view{}); }) {
            auto before = parts.environment.read_file(where);
            std::string text = write_sso_token(before.value_or(""), token);
            kept = parts.environment.write_file(where, text).has_value();
            wipe(text);
            if (before) wipe(*before);
        }
        entry.renewed(token, kept);
    }

    [[nodiscard]] result<access_key> key_of(aws::role_credentials const& given, time_point now) const {
        auto made = make_key({"accessKeyId", given.access_key_id.reveal()},
                             {"secretAccessKey", given.secret_access_key.reveal()},
                             {"sessionToken", given.session_token.reveal()}, std::string{name});
        if (!made)
            return fail(errc::malformed_response, "the sign-on portal's answer is no key: " + made.error().message);
        made->expires = time_point{given.expiration};
        if (*made->expires <= now)
            return fail(errc::malformed_response, "the sign-on portal gave a key that ended at " +
                                                      text::iso8601(*made->expires) + ": mend this machine's clock");
        made->account_id = settings_.account_id;
        return made;
    }

    sso_settings settings_;
    sso_tokens* book_;
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/web_identity.hpp ---------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_WEB_IDENTITY_HPP
#define FARGATE_CREDENTIALS_WEB_IDENTITY_HPP

namespace fargate::inline v0::credentials {

/// Which role a token is good for, and where the token is.
struct web_identity_settings {
    std::string token_file{};
    std::string role_arn{};
    std::string session_name{}; ///< empty: as in `aws::role_request`
};

/// A `credential_policy` for a role that an identity provider's token opens, as EKS has it: by AWS_WEB_IDENTITY_TOKEN_FILE,
/// AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME, or by settings given. The file is read at every fetch, because the token in it is
/// renewed by others; it is in no message. STS is asked without a signature. `errc::not_configured` where no token file is
/// named, `errc::bad_configuration` when it cannot be read or the role is missing. Follows "Assume role with web identity"
/// of the AWS SDKs and Tools guide. Stateless: may be used from several threads.
class web_identity {
public:
    static constexpr std::string_view name = "web identity";

    web_identity() = default;
    explicit web_identity(web_identity_settings given, aws::client_options options = {}) :
        given_{std::move(given)}, options_{std::move(options)} {}
    /// By the environment's settings.
    web_identity(std::nullopt_t, aws::client_options options) : options_{std::move(options)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        web_identity_settings const how = given_ ? *given_ : of_environment(environment);
        std::string_view const file = given_ ? "web_identity_token_file" : file_variable;
        std::string_view const arn = given_ ? "role_arn" : role_variable;
        if (how.token_file.empty()) return fail(errc::not_configured, std::string{file} + " is not set");
        if (how.role_arn.empty())
            return fail(errc::bad_configuration,
                        std::string{file} + " is set without " + std::string{arn} + ": set both or neither");
        auto const token = read_token(how.token_file, file, environment);
        if (!token) return token.error();

        fixed nobody;
        detail::service_parts<Http, Clock, Environment, fixed, crypto::openssl_hash> parts{http, clock, environment,
                                                                                           nobody};
        aws::sts<typename decltype(parts)::policies> sts{parts, options_};
        aws::role_request role;
        role.role_arn = how.role_arn;
        role.session_name = how.session_name;
        auto made = sts.assume_role_with_web_identity(role, *token);
        if (!made) return detail::of_role(how.role_arn, std::move(made).error());
        made->source = std::string{name};
        return made;
    }

private:
    static constexpr std::string_view file_variable = "AWS_WEB_IDENTITY_TOKEN_FILE";
    static constexpr std::string_view role_variable = "AWS_ROLE_ARN";

    template <class Environment>
    static web_identity_settings of_environment(Environment const& environment) {
        auto const read = [&](std::string_view variable) {
            return std::string{text::trim(environment.variable(variable).value_or(""))};
        };
        return {read(file_variable), read(role_variable), read("AWS_ROLE_SESSION_NAME")};
    }

    template <class Environment>
    static result<secret> read_token(std::string const& path, std::string_view from, Environment const& environment) {
        auto const wrong = [from](std::string const& why) {
            return fail(errc::bad_configuration, std::string{from} + ": " + why);
        };
        auto text = environment.read_file(path);
        if (!text) return wrong(text.error().message);
        secret token{text::trim(*text)};
        wipe(*text);
        auto const shown = token.reveal();
        if (shown.empty()) return wrong(path + " is empty");
        if (text::first_outside(shown, '!', '~') != shown.size())
            return wrong(path + " holds no token: something in it is no visible ASCII");
        return token;
    }

    std::optional<web_identity_settings> given_{};
    aws::client_options options_{};
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/profile_chain.hpp --------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_PROFILE_CHAIN_HPP
#define FARGATE_CREDENTIALS_PROFILE_CHAIN_HPP

namespace fargate::inline v0::credentials {

/// `credential_source`: a key from beside the shared files.
enum class named_source : unsigned char { environment, instance, container };

/// `credential_process`: a program to run.
struct process_settings {
    std::string command{};
    std::string account_id{}; ///< for a program that tells none
};

/// Single sign-on without account and role: it gives a token, and no key.
struct sso_token_settings {
    std::string session{};
    std::string region{};
    std::string start_url{};
};

/// A role on the way, and the profile that asks for it.
struct profile_role {
    std::string profile{};
    aws::role_request role{};
};

/// How a profile comes to its key: a first key, and the roles that are taken on with it one after the other.
struct profile_chain {
    std::string profile{}; ///< the one that says where the first key comes from
    std::variant<access_key, named_source, web_identity_settings, sso_settings, sso_token_settings, process_settings>
        first{};
    std::vector<profile_role> roles{};
};

namespace detail {

/// Follows profiles from one to the next. Order within a profile is boto3's.
class profile_walk {
public:
    explicit profile_walk(aws::shared_files const& files) : files_{files} {}

    [[nodiscard]] result<profile_chain> from(std::string_view name) {
        for (std::string at{name};;) {
            visited_.push_back(at);
            auto const* const here = files_.profile(at);
            // A profile that others take their key from gives its own, if it has one, and not its role's.
            bool const keys_first = visited_.size() > 1 && has_key(*here);
            if (keys_first || !assumes_role(*here)) return ended(at, *here);
            auto next = source_of(at, *here);
            if (!next) return std::move(next).error();
            if (next->empty()) return finished();
            if (*next == at) return ended(at, *here);
            at = *std::move(next);
        }
    }

    /// True for a role that is taken on with another's key.
    [[nodiscard]] static bool assumes_role(aws::section const& of) {
        return filled(of, "role_arn") && !filled(of, "web_identity_token_file");
    }

private:
    static bool filled(aws::section const& of, std::string_view setting) {
        auto const* const value = of.find_secret(setting);
        return value != nullptr && !text::trim(value->reveal()).empty();
    }

    static std::string text_of(aws::section const& of, std::string_view setting) {
        return std::string{text::trim(of.find(setting).value_or(""))};
    }

    static bool has_key(aws::section const& of) {
        return filled(of, "aws_access_key_id") || filled(of, "aws_secret_access_key");
    }

    static error broken(std::string_view profile, std::string_view why) {
        return fail(errc::bad_configuration,
                    "profile " + aws::detail::one_line(profile) + ": " + aws::detail::one_line(why));
    }

    /// Notes the role of a profile and says which profile has the key for it; none, when a named source has.
    result<std::string> source_of(std::string const& name, aws::section const& here) {
        aws::role_request role;
        role.role_arn = text_of(here, "role_arn");
        role.session_name = text_of(here, "role_session_name");
        role.external_id = text_of(here, "external_id");
        role.mfa_serial = text_of(here, "mfa_serial");
        if (auto const text = text_of(here, "duration_seconds"); !text.empty()) {
            int seconds = 0;
            auto const read = std::from_chars(text.data(), text.data() + text.size(), seconds);
            if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
                return broken(name, "duration_seconds is no whole number");
            role.duration = std::chrono::seconds{seconds};
        }
        if (auto const fit = aws::check(role); !fit) return broken(name, fit.error().message);
        made_.roles.push_back({name, std::move(role)});

        auto source = text_of(here, "source_profile");
        auto const beside = text_of(here, "credential_source");
        if (!source.empty() && !beside.empty())
            return broken(name, "it has both source_profile and credential_source: leave one out");
        if (!beside.empty()) return named(name, beside);
        if (source.empty())
            return broken(name,
                          "role_arn is set without source_profile or credential_source: add one, to say whose key "
                          "asks for the role");
        auto const* const found = files_.profile(source);
        if (found == nullptr)
            return broken(name,
                          "its source_profile " + source + " is not in the shared files: mend the name or add it");
        bool const seen = std::find(visited_.begin(), visited_.end(), source) != visited_.end();
        if (seen && !(source == name && has_key(*found))) return broken(visited_.front(), loop(source));
        return source;
    }

    result<std::string> named(std::string const& name, std::string_view source) {
        if (source == "Environment")
            made_.first = named_source::environment;
        else if (source == "Ec2InstanceMetadata")
            made_.first = named_source::instance;
        else if (source == "EcsContainer")
            made_.first = named_source::container;
        else
            return broken(name, "credential_source is none of Environment, Ec2InstanceMetadata and EcsContainer, "
                                "spelled so");
        made_.profile = name;
        return std::string{};
    }

    [[nodiscard]] std::string loop(std::string const& back_to) const {
        std::string told = "its source_profile leads in a circle: ";
        for (auto const& each : visited_) told += each + " -> ";
        return told + back_to;
    }

    /// The profile whose key is the first one.
    result<profile_chain> ended(std::string const& name, aws::section const& here) {
        auto const mistake = find_first(name, here);
        if (!mistake) {
            auto why = mistake.error();
            // Nothing in a profile that others count on is a mistake.
            if (why.code == errc::not_configured && visited_.size() + made_.roles.size() > 1)
                why = broken(name, "it is the source_profile of another and has no key: " + why.message);
            return why;
        }
        made_.profile = name;
        return finished();
    }

    result<void> find_first(std::string const& name, aws::section const& here) {
        if (filled(here, "web_identity_token_file")) {
            if (!filled(here, "role_arn"))
                return broken(name, "web_identity_token_file is set without role_arn: add it");
            made_.first = web_identity_settings{text_of(here, "web_identity_token_file"), text_of(here, "role_arn"),
                                                text_of(here, "role_session_name")};
            return {};
        }
        if (filled(here, "sso_role_name") || filled(here, "sso_account_id")) {
            auto how = sso_settings_of(files_, name);
            if (!how) return std::move(how).error();
            made_.first = *std::move(how);
            return {};
        }
        auto const id = here.settings().find("aws_access_key_id");
        bool const in_config = id == here.settings().end() || id->second.origin == aws::file_kind::config;
        if (in_config && filled(here, "login_session"))
            return broken(name, "it gets its key by login_session, which only AWS's own tools can renew: set "
                                "credential_process = aws configure export-credentials --profile " +
                                    name + " in another profile and use that one");
        if (in_config && filled(here, "credential_process")) {
            made_.first = process_settings{text_of(here, "credential_process"), text_of(here, "aws_account_id")};
            return {};
        }
        auto key = key_in(here);
        if (key) {
            made_.first = *std::move(key);
            return {};
        }
        if (key.error().code != errc::not_configured) return broken(name, key.error().message);
        if (filled(here, "sso_session") || filled(here, "sso_start_url")) return find_token(name, here);
        key.error().message = "profile " + name + ": " + key.error().message;
        return std::move(key).error();
    }

    static result<access_key> key_in(aws::section const& here) {
        auto const text = [&](std::string_view setting) {
            auto const* const value = here.find_secret(setting);
            return key_text{setting, value == nullptr ? std::string_view{} : value->reveal()};
        };
        auto const* const token = filled(here, "aws_session_token") ? "aws_session_token" : "aws_security_token";
        auto made = make_key(text("aws_access_key_id"), text("aws_secret_access_key"), text(token), "profile");
        if (made) made->account_id = text_of(here, "aws_account_id");
        return made;
    }

    result<void> find_token(std::string const& name, aws::section const& here) {
        sso_token_settings made{text_of(here, "sso_session"), text_of(here, "sso_region"),
                                text_of(here, "sso_start_url")};
        if (!made.session.empty()) {
            auto const* const session = files_.sso_session(made.session);
            if (session == nullptr)
                return broken(name, "its sso_session " + made.session +
                                        " is not in the config file: mend the name, or "
                                        "run `aws configure sso`");
            for (auto const& [setting, value] :
                 {std::pair{"sso_region", &made.region}, std::pair{"sso_start_url", &made.start_url}}) {
                auto const there = text_of(*session, setting);
                if (there.empty() || (!value->empty() && *value != there))
                    return broken(name, std::string{setting} + " belongs into [sso-session " + made.session +
                                            "], and nothing else into the profile");
                *value = there;
            }
        }
        made_.first = std::move(made);
        return {};
    }

    /// The role that is taken on first goes to the front.
    result<profile_chain> finished() {
        std::reverse(made_.roles.begin(), made_.roles.end());
        bool chained = std::holds_alternative<web_identity_settings>(made_.first);
        for (auto const& each : made_.roles) {
            if (chained && each.role.duration > std::chrono::hours{1})
                return broken(each.profile,
                              "duration_seconds is over 3600, which is the most that a role lasts when it is "
                              "taken on with another role's key");
            chained = true;
        }
        return std::move(made_);
    }

    aws::shared_files const& files_;
    profile_chain made_{};
    std::vector<std::string> visited_{};
};

} // namespace detail

/// Works out where the key of a profile comes from, without asking anybody for it. Within one profile boto3's order decides:
/// a role (`role_arn` with `source_profile` or `credential_source`), web identity, single sign-on, the credentials file's
/// key, `login_session` (refused), `credential_process`, the config file's key. A profile that another one names as its
/// source gives its own key, if it has any, before it takes on a role.
/// `errc::not_configured` when the profile says nothing about keys, `errc::bad_configuration`, naming profile and setting, when
/// what it says cannot be followed. Requires that the files have the profile.
[[nodiscard]] inline result<profile_chain> resolve_profile(aws::shared_files const& files, std::string_view name) {
    return detail::profile_walk{files}.from(name);
}

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/profile_environment.hpp --------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_PROFILE_ENVIRONMENT_HPP
#define FARGATE_CREDENTIALS_PROFILE_ENVIRONMENT_HPP

namespace fargate::inline v0::credentials {

/// An `environment_policy` that is another's, but that a certain profile is the chosen one in it: what is read through it of
/// regions and endpoints is that profile's. With an empty name it changes nothing. Keeps a reference to the other.
template <environment_policy Environment>
class profile_environment {
public:
    profile_environment(Environment const& other, std::string profile) : other_{other}, profile_{std::move(profile)} {}

    [[nodiscard]] Environment const& other() const noexcept { return other_; }

    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const {
        if (!profile_.empty() && (name == "AWS_PROFILE" || name == "AWS_DEFAULT_PROFILE")) return profile_;
        return other_.variable(name);
    }

    [[nodiscard]] result<std::string> read_file(std::string_view path) const { return other_.read_file(path); }

    [[nodiscard]] result<void> write_file(std::string_view path, std::string_view bytes) const requires
        requires(Environment const& e) {
        e.write_file(path, bytes);
    }
    { return other_.write_file(path, bytes); }

    [[nodiscard]] result<program_output> run(std::vector<std::string> const& arguments,
                                             program_limits const& limits) const requires
        requires(Environment const& e) {
        e.run(arguments, limits);
    }
    { return other_.run(arguments, limits); }

    [[nodiscard]] std::optional<std::string> home_directory() const requires requires(Environment const& e) {
        e.home_directory();
    }
    { return other_.home_directory(); }

private:
    Environment const& other_;
    std::string profile_;
};

/// Chooses a profile in an environment; never two of these around each other, so that what stands behind is compiled once.
template <environment_policy Environment>
[[nodiscard]] profile_environment<Environment> with_profile(Environment const& in, std::string profile) {
    return {in, std::move(profile)};
}
template <environment_policy Environment>
[[nodiscard]] profile_environment<Environment> with_profile(profile_environment<Environment> const& in,
                                                            std::string profile) {
    return {in.other(), std::move(profile)};
}

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/profile.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_PROFILE_HPP
#define FARGATE_CREDENTIALS_PROFILE_HPP

namespace fargate::inline v0::credentials {

/// A `credential_policy` that gets a profile's key in whichever way the shared files say: the profile it was given, else
/// AWS_PROFILE, else AWS_DEFAULT_PROFILE, else `default`. A profile that somebody named has to exist. About the ways and
/// their order see `resolve_profile`.
///
/// Roles are taken on one after the other, at STS, with the region, endpoint and host settings of the options, else of
/// the environment, else of the chosen profile (never of its source profiles). Errors name the profile. Nothing is kept but
/// what `instance` keeps; put it into `cached`. May be used from several threads.
class profile {
public:
    static constexpr std::string_view name = "profile";

    profile() = default;
    explicit profile(std::string chosen, aws::client_options options = {}) :
        chosen_{std::move(chosen)}, options_{std::move(options)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) const {
        auto const files = aws::load_shared_files(process);
        if (!files) return files.error();
        auto const choice = aws::choose_profile(process, chosen_);
        if (files->profile(choice.name) == nullptr) {
            auto const message = "the shared files have no profile " + aws::detail::one_line(choice.name);
            return choice.named ? fail(errc::bad_configuration, message + ": mend the name or add the profile")
                                : fail(errc::not_configured, message);
        }
        auto const chain = resolve_profile(*files, choice.name);
        if (!chain) return chain.error();
        return follow(*chain, http, clock, with_profile(process, choice.name));
    }

private:
    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> follow(profile_chain const& chain, Http& http, Clock& clock,
                                            Environment const& here) const {
        auto key = std::visit([&](auto const& how) { return first_key(how, http, clock, here); }, chain.first);
        if (!key) return of_profile(chain.profile, std::move(key).error());
        for (auto const& [asking, role] : chain.roles) {
            key = assume_role<fixed>{role, fixed{*std::move(key)}, options_}.fetch(http, clock, here);
            if (!key) return of_profile(asking, std::move(key).error());
        }
        if (key->source != name) key->source = std::string{name} + ", " + key->source;
        return key;
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(access_key const& key, Http&, Clock&, Environment const&) const {
        return key;
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(named_source source, Http& http, Clock& clock,
                                               Environment const& here) const {
        switch (source) {
        case named_source::environment: return environment{}.fetch(http, clock, here);
        case named_source::container: return container{}.fetch(http, clock, here);
        case named_source::instance: break;
        }
        return instance_.fetch(http, clock, here);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(web_identity_settings const& how, Http& http, Clock& clock,
                                               Environment const& here) const {
        return web_identity{how, options_}.fetch(http, clock, here);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(sso_settings const& how, Http& http, Clock& clock,
                                               Environment const& here) const {
        return sso{how}.fetch(http, clock, here);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(sso_token_settings const&, Http&, Clock&, Environment const&) const {
        return fail(errc::bad_configuration, "it says how to get an access token by single sign-on, and no key: add "
                                             "sso_account_id and sso_role_name");
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(process_settings const& how, Http& http, Clock& clock,
                                               Environment const& here) const {
        return process{how.command, how.account_id}.fetch(http, clock, here);
    }

    /// What a profile names and what then has nothing to offer is broken.
    static error of_profile(std::string const& profile_name, error why) {
        if (why.code == errc::not_configured) why.code = errc::bad_configuration;
        auto const told = "profile " + aws::detail::one_line(profile_name) + ": ";
        if (!why.message.starts_with(told)) why.message = told + why.message;
        return why;
    }

    std::string chosen_{};
    aws::client_options options_{};
    instance instance_{};
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/credentials/standard.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_CREDENTIALS_STANDARD_HPP
#define FARGATE_CREDENTIALS_STANDARD_HPP

namespace fargate::inline v0::credentials {

/// What a program decides about the standard search.
struct standard_options {
    access_key key{}; ///< comes first; empty: none
    std::string
        profile{}; ///< of the shared files, in place of the environment's key and web identity; empty: see `profile`
    aws::client_options sts{};   ///< for the calls that get keys of roles
    instance_options instance{}; ///< for the metadata service of EC2
};

namespace detail {

/// A provider that is left out where the program names a profile.
template <class Provider>
class unless_profile {
public:
    static constexpr std::string_view name = Provider::name;

    unless_profile() = default;
    unless_profile(Provider provider, bool left_out) : provider_{std::move(provider)}, left_out_{left_out} {}

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) const {
        if (left_out_) return fail(errc::not_configured, "left out, because the program names a profile");
        return provider_.fetch(http, clock, process);
    }

private:
    Provider provider_{};
    bool left_out_ = false;
};

/// The profile, where it takes on a role with another's key: boto3 has that before web identity, and all other ways of a
/// profile behind it.
class role_of_profile {
public:
    static constexpr std::string_view name = "role of the profile";

    role_of_profile() = default;
    explicit role_of_profile(profile provider) : provider_{std::move(provider)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) const {
        auto const files = aws::load_shared_files(process);
        if (!files) return files.error();
        auto const choice = aws::choose_profile(process);
        auto const* const found = files->profile(choice.name);
        if (found == nullptr ? choice.named : profile_walk::assumes_role(*found))
            return provider_.fetch(http, clock, process);
        return fail(errc::not_configured, found == nullptr
                                              ? "there is no profile"
                                              : "profile " + aws::detail::one_line(choice.name) + " takes on none");
    }

private:
    profile provider_{};
};

using standard_chain = chain<fixed, unless_profile<environment>, role_of_profile, unless_profile<web_identity>, profile,
                             container, instance>;

[[nodiscard]] inline standard_chain make_standard_chain(standard_options options) {
    bool const named = !options.profile.empty();
    profile const from_files{{}, options.sts};
    return standard_chain{fixed{std::move(options.key)},
                          unless_profile{environment{}, named},
                          role_of_profile{from_files},
                          unless_profile{web_identity{std::nullopt, std::move(options.sts)}, named},
                          from_files,
                          container{},
                          instance{std::move(options.instance)}};
}

} // namespace detail

/// Where a program finds its key when nobody says otherwise, in boto3's order: the key it was given, the environment, a
/// role of the profile, web identity, the profile's other ways, the agent beside a container, the metadata service of EC2.
/// A source that is configured and fails ends the search; the metadata service alone is only tried. A profile that the
/// program names takes the environment's key and web identity out of the search, one that AWS_PROFILE names does not. When
/// nothing is found, the message says what every source answered. Kept until shortly before it ends, see `cached`.
class standard : public cached<detail::standard_chain> {
public:
    static constexpr std::string_view name = "standard";

    standard() = default;
    explicit standard(standard_options options) : standard{std::string{options.profile}, std::move(options)} {}
    /// An empty key is none; half of one is an error when a key is fetched.
    explicit standard(access_key given) : standard{standard_options{.key = std::move(given)}} {}
    /// A profile of the shared files.
    explicit standard(std::string profile) : standard{standard_options{.profile = std::move(profile)}} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) {
        return cached::fetch(http, clock, with_profile(process, profile_));
    }

private:
    standard(std::string profile, standard_options options) :
        cached{detail::make_standard_chain(std::move(options))}, profile_{std::move(profile)} {}

    std::string profile_{};
};

} // namespace fargate::inline v0::credentials

#endif

// ---- fargate/http/check.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CHECK_HPP
#define FARGATE_HTTP_CHECK_HPP

namespace fargate::inline v0::http {

/// A method or a field name as RFC 9110 §5.6.2 spells tokens.
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    for (char const c : text)
        if (!text::is_alnum(c) && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) == std::string_view::npos) return false;
    return !text.empty();
}

/// Text without control bytes, TAB aside: what may stand in a field (RFC 9110 §5.5).
[[nodiscard]] constexpr bool is_field_value(std::string_view value) noexcept {
    for (char const c : value)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
    return true;
}

namespace detail {

[[nodiscard]] inline result<void> check_field(field const& each, std::string_view body) {
    if (!is_token(each.name)) return fail(errc::invalid_argument, "a header's name holds a byte that no name may hold");
    std::string const name = text::lower(std::string_view{each.name}.substr(0, 64));
    if (!is_field_value(each.value)) return fail(errc::invalid_argument, "header " + name + " holds a control byte");
    if (name == "transfer-encoding" || name == "expect")
        return fail(errc::invalid_argument, "header " + name + " frames the message: leave it out");
    if (name == "content-length" && text::trim(each.value) != std::to_string(body.size()))
        return fail(errc::invalid_argument, "header content-length differs from the body's size: leave it out");
    return {};
}

} // namespace detail

/// The request's address taken apart (it borrows from `request.url`), or `errc::invalid_argument` when the request cannot
/// be written as one HTTP/1.1 message: a bad address, a control byte that would end a line early, a field that
/// contradicts the framing, more than one `Host`, a HEAD with a body. No message quotes a value.
[[nodiscard]] inline result<text::url> check(request const& request) {
    if (!is_token(request.method)) return fail(errc::invalid_argument, "the method is not a token: use GET, POST, ...");
    if (request.method == "HEAD" && !request.body.empty())
        return fail(errc::invalid_argument, "a HEAD request takes no body");
    int hosts = 0;
    for (auto const& each : request.headers) {
        if (auto checked = detail::check_field(each, request.body); !checked) return std::move(checked).error();
        if (text::iequals(each.name, "host") && ++hosts > 1)
            return fail(errc::invalid_argument, "header host is there more than once");
    }
    for (char const c : request.url)
        if (static_cast<unsigned char>(c) >= 0x80)
            return fail(errc::invalid_argument, "the address holds a byte outside ASCII: write it as %XX");
    return text::split_url(request.url);
}

} // namespace fargate::inline v0::http

#endif

// ---- fargate/http/connection_options.hpp ----------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CONNECTION_OPTIONS_HPP
#define FARGATE_HTTP_CONNECTION_OPTIONS_HPP

namespace fargate::inline v0::http {

/// Files in PEM; one may hold both halves, then `key` is empty.
struct certificate_files {
    std::string certificate{};
    std::string key{};

    [[nodiscard]] bool empty() const noexcept { return certificate.empty() && key.empty(); }
};

/// Proxies by the scheme of the address that is asked for; empty: none.
struct scheme_proxies {
    std::string http{};
    std::string https{};
};

/// What a configuration may say about connections, in the words of no library. An HTTP policy that can be told this has a
/// member `h.with(connection_options const&)`, const, which makes a policy of its own of `h`'s type: as `h` but for what the
/// options say.
struct connection_options {
    std::optional<scheme_proxies> proxies{}; ///< in place of any other proxy and of exceptions from it
    std::string proxy_ca_file{};             ///< PEM certificates to trust in https proxies, in place of the system's
    certificate_files proxy_certificate{};   ///< shown to https proxies that ask
    certificate_files client_certificate{};  ///< shown to servers that ask
    std::optional<bool> tcp_keepalive{};     ///< probes connections that nothing moves over
    std::optional<std::size_t> pool{};       ///< how many connections to a host are kept for the next calls

    /// Nothing is said.
    [[nodiscard]] bool empty() const noexcept {
        return !proxies && proxy_ca_file.empty() && proxy_certificate.empty() && client_certificate.empty() &&
               !tcp_keepalive && !pool;
    }
};

} // namespace fargate::inline v0::http

#endif

// ---- fargate/http/curl_api.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CURL_API_HPP
#define FARGATE_HTTP_CURL_API_HPP

static_assert(LIBCURL_VERSION_NUM >= 0x074900, "fargate needs libcurl 7.73 or later");

namespace fargate::inline v0::http::curl_api {

struct easy_deleter {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct multi_deleter {
    void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
struct list_deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using easy_handle = std::unique_ptr<CURL, easy_deleter>;
using multi_handle = std::unique_ptr<CURLM, multi_deleter>;
using list = std::unique_ptr<curl_slist, list_deleter>;

/// Sets libcurl up, once in the life of the process, from whichever thread comes first.
[[nodiscard]] inline CURLcode set_up() noexcept {
    static CURLcode const code = curl_global_init(CURL_GLOBAL_DEFAULT);
    return code;
}

/// Keeps a SIGPIPE that this thread causes from reaching the program, and leaves the thread's signal mask and any
/// earlier pending SIGPIPE as they were. (CURLOPT_NOSIGNAL makes this the caller's task.)
class sigpipe_guard {
public:
    sigpipe_guard() noexcept {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        was_pending_ = pending();
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    sigpipe_guard(sigpipe_guard const&) = delete;
    sigpipe_guard& operator=(sigpipe_guard const&) = delete;
    ~sigpipe_guard() {
        int taken = 0;
        if (!was_pending_ && pending()) sigwait(&sigpipe_, &taken);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    [[nodiscard]] static bool pending() noexcept {
        sigset_t set;
        sigemptyset(&set);
        return sigpending(&set) == 0 && sigismember(&set, SIGPIPE) == 1;
    }

    sigset_t sigpipe_{};
    sigset_t before_{};
    bool was_pending_ = false;
};

/// Somebody's words as they may stand in one line of a message: at most 1024 bytes, with `?` for control bytes, and for all
/// that is not ASCII when it is no UTF-8.
[[nodiscard]] inline std::string readable(std::string_view words) {
    std::string made{words.substr(0, 1024)};
    bool const utf8 = text::is_utf8(made);
    for (char& c : made) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F || (byte > 0x7F && !utf8)) c = '?';
    }
    return made;
}

/// One transfer at a time and the connections it leaves open: an easy handle, alone in a multi handle of its own.
class session {
public:
    [[nodiscard]] static result<std::unique_ptr<session>> open() {
        if (auto const code = set_up(); code != CURLE_OK)
            return fail(errc::internal, std::string{"libcurl cannot be set up: "} + curl_easy_strerror(code));
        auto made = std::make_unique<session>();
        if (!made->easy_ || !made->multi_) return fail(errc::internal, "libcurl makes no handle: out of memory");
        return made;
    }

    session() : multi_{curl_multi_init()}, easy_{curl_easy_init()} {}
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session() {
        sigpipe_guard const guard; // closing a TLS connection writes to it
        leave();
        easy_.reset();
        multi_.reset();
    }

    [[nodiscard]] CURLM* multi() const noexcept { return multi_.get(); }

    /// The one place where options are set; the first refusal is kept for `join`. A `Value` is what the option's page
    /// says: long, curl_off_t or a pointer.
    template <class Value>
    void set(CURLoption option, Value value) noexcept {
        static_assert(std::is_same_v<Value, long> || std::is_same_v<Value, curl_off_t> || std::is_pointer_v<Value> ||
                      std::is_null_pointer_v<Value>);
        if (code_ != CURLE_OK) return;
        if constexpr (std::is_null_pointer_v<Value>) {
            code_ = curl_easy_setopt(easy_.get(), option, static_cast<void*>(nullptr));
        } else {
            code_ = curl_easy_setopt(easy_.get(), option, value);
        }
        if (code_ != CURLE_OK) refused_ = option;
    }

    /// Hands the transfer to the multi handle, provided that every option was taken.
    [[nodiscard]] result<void> join(long connections) {
        set(CURLOPT_ERRORBUFFER, text_.data());
        if (code_ != CURLE_OK) {
            return fail(errc::internal, "libcurl refuses option " + std::to_string(static_cast<int>(refused_)) + ": " +
                                            curl_easy_strerror(code_));
        }
        auto code = curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, connections);
        if (code == CURLM_OK) code = curl_multi_add_handle(multi_.get(), easy_.get());
        if (code != CURLM_OK) return broken(code);
        joined_ = true;
        return {};
    }

    /// Ends the transfer, finished or not; a connection in mid-exchange is closed by that, a finished one stays open.
    void leave() noexcept {
        if (joined_) curl_multi_remove_handle(multi_.get(), easy_.get());
        joined_ = false;
    }

    /// Forgets every option and leaves the connections open.
    void forget() noexcept {
        leave();
        curl_easy_reset(easy_.get());
        code_ = CURLE_OK;
        text_.front() = '\0';
    }

    void opened(curl_socket_t socket) { sockets_.push_back(socket); }
    static int on_close(void* self, curl_socket_t socket) noexcept {
        std::erase(static_cast<session*>(self)->sockets_, socket);
        return ::close(socket);
    }

    /// No connection that was left open has been closed by the other side or has said a word since: what it said would be
    /// taken for the answer to the next request.
    [[nodiscard]] bool quiet() const noexcept {
        for (auto const socket : sockets_) {
            pollfd watched{socket, POLLIN, 0};
            if (::poll(&watched, 1, 0) != 0) return false;
        }
        return true;
    }

    template <class Value>
    [[nodiscard]] Value info(CURLINFO what) const noexcept {
        Value value{};
        curl_easy_getinfo(easy_.get(), what, &value);
        return value;
    }

    /// How the transfer that has ended did so.
    [[nodiscard]] CURLcode outcome() const noexcept {
        int left = 0;
        while (auto const* message = curl_multi_info_read(multi_.get(), &left))
            if (message->msg == CURLMSG_DONE) return message->data.result;
        return CURLE_FAILED_INIT;
    }

    /// libcurl's own words on what went wrong: one line of at most CURL_ERROR_SIZE bytes, which may quote the peer. They
    /// are left out when they might quote a proxy's password.
    [[nodiscard]] std::string words(CURLcode code) const {
        std::string_view const text{text_.data()};
        if (text.empty() || text::contains(text, "@") || text.starts_with("Unsupported proxy"))
            return curl_easy_strerror(code);
        return readable(text);
    }

    [[nodiscard]] static error broken(CURLMcode code) {
        return fail(errc::internal, std::string{"libcurl's multi interface fails: "} + curl_multi_strerror(code));
    }

private:
    std::vector<curl_socket_t> sockets_; // that connections have open
    multi_handle multi_;
    easy_handle easy_;
    bool joined_ = false;
    CURLcode code_ = CURLE_OK;
    CURLoption refused_{};
    std::array<char, CURL_ERROR_SIZE> text_{};
};

/// Writes exactly these fields, in this order, `Host` at its own place, and none that libcurl would add by itself.
/// (`Name;` sends an empty field and `Name:` sends none; an empty first `Host:` keeps libcurl from moving the given one.)
/// An empty list means out of memory.
[[nodiscard]] inline list write_fields(fields const& headers) {
    list made;
    bool complete = true;
    auto const append = [&](char const* line) {
        auto* const longer = curl_slist_append(made.get(), line);
        if (longer == nullptr) {
            complete = false;
        } else {
            static_cast<void>(made.release());
            made.reset(longer);
        }
    };
    if (headers.find("host")) append("Host:");
    for (char const* name : {"User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Expect", "Proxy-Connection"})
        if (!headers.find(name)) append((std::string{name} + ':').c_str());
    for (auto const& each : headers)
        append((text::trim(each.value).empty() ? each.name + ';' : each.name + ": " + each.value).c_str());
    if (!complete) made.reset();
    return made;
}

/// A socket that no child process inherits.
inline void close_on_exec(curl_socket_t socket) noexcept { fcntl(socket, F_SETFD, FD_CLOEXEC); }

} // namespace fargate::inline v0::http::curl_api

#endif

// ---- fargate/http/head.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_HEAD_HPP
#define FARGATE_HTTP_HEAD_HPP

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

// ---- fargate/http/curl_exchange.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CURL_EXCHANGE_HPP
#define FARGATE_HTTP_CURL_EXCHANGE_HPP

namespace fargate::inline v0::http::curl_api {

/// One request on its way through one session. The request must stay as it is until `run` returns: its body is sent from
/// where it lies.
class exchange {
public:
    /// `peer` is what messages call the other side.
    exchange(session& session, request const& request, std::string_view peer) :
        session_{session}, request_{request}, peer_{peer.substr(0, 256)} {}
    exchange(exchange const&) = delete;
    exchange& operator=(exchange const&) = delete;

    /// After an error the session is to be thrown away, for its connection may be in the middle of something.
    [[nodiscard]] result<response> run(long connections) {
        auto const fields = write_fields(request_.headers);
        if (!fields) return fail(errc::internal, "out of memory");
        session_.set(CURLOPT_HTTPHEADER, fields.get());
        prepare();
        if (auto joined = session_.join(connections); !joined) return std::move(joined).error();
        sigpipe_guard const guard;
        std::stop_callback const wake{request_.stop, [this]() noexcept { curl_multi_wakeup(session_.multi()); }};
        auto failed = drive();
        if (!failed) failed = judge(session_.outcome());
        session_.leave();
        if (failed) return *std::move(failed);
        return response{head_.status(), std::move(head_).headers(), std::move(body_)};
    }

private:
    using steady = std::chrono::steady_clock;
    using milliseconds = std::chrono::milliseconds;
    static constexpr std::size_t most_fields = 1000;
    enum class refusal : unsigned char { none, long_head, many_fields, long_body, not_http, repetition, sink };

    void prepare() {
        session_.set(CURLOPT_URL, request_.url.c_str());
        session_.set(CURLOPT_PATH_AS_IS, 1L);
        if (request_.method == "HEAD") {
            session_.set(CURLOPT_NOBODY, 1L);
        } else if (request_.body.empty() && request_.method == "GET") {
            session_.set(CURLOPT_HTTPGET, 1L);
        } else if (request_.body.empty() && request_.method == "DELETE") {
            session_.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        } else {
            session_.set(CURLOPT_POST, 1L);
            session_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
            session_.set(CURLOPT_POSTFIELDS, request_.body.c_str());
            session_.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        }
        auto const connect = request_.limits.connect.count();
        constexpr long longest = std::numeric_limits<int>::max();
        session_.set(CURLOPT_CONNECTTIMEOUT_MS,
                     connect > 0 && connect < longest ? static_cast<long>(connect) : longest);
        session_.set(CURLOPT_HEADERFUNCTION, &on_line);
        session_.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
        session_.set(CURLOPT_WRITEFUNCTION, &on_body);
        session_.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
        session_.set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
        session_.set(CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
        session_.set(CURLOPT_CLOSESOCKETFUNCTION, &session::on_close);
        session_.set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(&session_));
    }

    /// Runs the transfer until libcurl calls it ended, or until a deadline or the stop token ends it.
    [[nodiscard]] std::optional<error> drive() {
        auto const& limits = request_.limits;
        auto const began = steady::now();
        auto heard = began;
        for (;;) {
            int running = 0;
            if (auto const code = curl_multi_perform(session_.multi(), &running); code != CURLM_OK)
                return session::broken(code);
            if (running == 0) return std::nullopt;

            // The idle limit counts once the connection stands; until then the connect limit does.
            auto const now = steady::now();
            if (std::exchange(received_, false) || session_.info<curl_off_t>(CURLINFO_PRETRANSFER_TIME_T) == 0)
                heard = now;
            auto const total = left(limits.total, now - began);
            auto const idle = left(limits.idle, now - heard);
            if (total == milliseconds::zero()) return late("did not finish its answer in", limits.total);
            if (idle == milliseconds::zero()) return late("sent nothing for", limits.idle);
            if (request_.stop.stop_requested()) return fail(errc::cancelled, "stopped while asking " + peer_);

            int active = 0;
            auto const wait = static_cast<int>(std::min({total, idle, milliseconds{60'000}}).count());
            if (auto const code = curl_multi_poll(session_.multi(), nullptr, 0, wait, &active); code != CURLM_OK)
                return session::broken(code);
            received_ = active != 0;
        }
    }

    /// What is left of a limit; a begun millisecond counts as whole, so that a poll never wakes early in vain.
    [[nodiscard]] static milliseconds left(milliseconds limit, steady::duration used) noexcept {
        if (limit <= milliseconds::zero()) return milliseconds::max();
        return std::max(milliseconds::zero(), limit - std::chrono::floor<milliseconds>(used));
    }

    [[nodiscard]] error late(char const* what, milliseconds limit) const {
        return fail(errc::timed_out, peer_ + ' ' + what + ' ' + std::to_string(limit.count()) + " ms", true);
    }

    [[nodiscard]] error lost(std::string_view what) const {
        return fail(errc::connection_failed, "no answer from " + peer_ + ": " + std::string{what}, true);
    }

    [[nodiscard]] error no_http(std::string_view what) const {
        return fail(errc::malformed_response, peer_ + " does not answer in HTTP: " + std::string{what});
    }

    [[nodiscard]] error too_large(std::string_view what, std::size_t limit, std::string_view remedy) const {
        return fail(errc::too_large, "the answer's " + std::string{what} + " from " + peer_ + " is longer than " +
                                         std::to_string(limit) + " bytes: " + std::string{remedy});
    }

    [[nodiscard]] error untrusted(std::string_view why) const {
        return fail(errc::untrusted_peer, "the certificate of " + peer_ + " is refused: " + std::string{why});
    }

    [[nodiscard]] error long_line() const {
        return fail(errc::too_large, "a line of the answer's head from " + peer_ + " is longer than libcurl takes");
    }

    /// The error that an ended transfer amounts to, if it is one.
    [[nodiscard]] std::optional<error> judge(CURLcode code) const {
        switch (refused_) {
        case refusal::long_head: return too_large("head", request_.limits.head, "raise limits.head");
        case refusal::many_fields:
            return fail(errc::too_large, "the answer's head from " + peer_ + " has more than " +
                                             std::to_string(most_fields) + " fields");
        case refusal::long_body: return too_large("body", request_.limits.body, "raise limits.body or ask for less");
        case refusal::not_http: return no_http("its head is malformed");
        case refusal::repetition: return lost("the kept connection closed, and nothing is sent twice");
        case refusal::sink: return fail(errc::cancelled, "the receiver wants no more from " + peer_);
        case refusal::none: break;
        }
        if (constexpr int curle_too_large = 100; static_cast<int>(code) == curle_too_large) return long_line();
        switch (code) {
        case CURLE_OK:
            if (head_.complete()) return std::nullopt;
            return lost("the connection closed inside the answer's head");
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return untrusted(session_.words(code));
        case CURLE_SSL_CONNECT_ERROR: return judge_handshake();
        case CURLE_SSL_CACERT_BADFILE:
            return fail(errc::bad_configuration,
                        "the trusted certificates cannot be read: " +
                            (request_.ca_file.empty() ? session_.words(code) : readable(request_.ca_file)));
        case CURLE_SSL_CERTPROBLEM:
            return fail(errc::bad_configuration,
                        "the client certificate or its key cannot be used: " + session_.words(code));
        case CURLE_OPERATION_TIMEDOUT:
            return fail(errc::timed_out,
                        "no connection to " + peer_ + " in " + std::to_string(request_.limits.connect.count()) + " ms",
                        true);
        case CURLE_COULDNT_CONNECT:
            if (auto const number = session_.info<long>(CURLINFO_OS_ERRNO); number != 0)
                return lost(std::generic_category().message(static_cast<int>(number)));
            return lost(session_.words(code));
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_BAD_CONTENT_ENCODING: return no_http(session_.words(code));
        case CURLE_BAD_FUNCTION_ARGUMENT: // a malformed trailer
        case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, or https in a libcurl without TLS
            if (sent()) return no_http(session_.words(code));
            return fail(errc::internal, "libcurl cannot ask " + peer_ + ": " + session_.words(code));
        case CURLE_OUT_OF_MEMORY: // until libcurl 8.6 also what it says of a header line of more than 100 KiB
            if (sent()) return long_line();
            return fail(errc::internal, "libcurl is out of memory");
        case CURLE_RECV_ERROR: return judge_reading();
        case CURLE_URL_MALFORMAT: return fail(errc::invalid_argument, "libcurl cannot read the address");
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_PROXY:
        case CURLE_SEND_ERROR: return lost(session_.words(code));
        default:
            return fail(errc::internal, "libcurl fails with code " + std::to_string(static_cast<int>(code)) +
                                            " asking " + peer_ + ": " + session_.words(code));
        }
    }

    /// A certificate whose signature is false, as of a namesake of the authority, comes as a failed handshake; OpenSSL's
    /// words then are of its cryptography and not of the protocol. A server without TLS 1.2 is told by one side or the other.
    [[nodiscard]] error judge_handshake() const {
        auto const words = session_.words(CURLE_SSL_CONNECT_ERROR);
        if (text::contains(words, " routines:") && !text::contains(words, "SSL routines")) return untrusted(words);
        for (char const* const part : {"unsupported protocol", "protocol version", "UNSUPPORTED_PROTOCOL"})
            if (text::contains(words, part))
                return fail(errc::untrusted_peer, peer_ + " speaks no TLS 1.2 or later: " + words);
        return lost(words);
    }

    /// libcurl gives one code to three things, and tells them apart in words only.
    [[nodiscard]] error judge_reading() const {
        auto words = session_.words(CURLE_RECV_ERROR);
        if (text::contains(words, "chunk")) return no_http(words);
        if (text::contains(words, "Too large") || text::contains(words, "Too many"))
            return too_large("head", request_.limits.head, words);
        return lost(words);
    }

    /// Bytes of the request have left.
    [[nodiscard]] bool sent() const noexcept { return session_.info<long>(CURLINFO_REQUEST_SIZE) != 0; }

    // What libcurl calls back. Returning another size than was given ends the transfer.

    static std::size_t on_line(char* bytes, std::size_t unit, std::size_t count, void* self) noexcept {
        return static_cast<exchange*>(self)->take_line({bytes, unit * count}) ? unit * count : 0;
    }
    static std::size_t on_body(char* bytes, std::size_t unit, std::size_t count, void* self) noexcept {
        return static_cast<exchange*>(self)->take_body({bytes, unit * count}) ? unit * count : 0;
    }
    /// libcurl sends a request once more, on a new connection, when a kept one dies before it answered; by then it may
    /// have been acted on. So a socket is refused as soon as any of the request has left.
    static int on_socket(void* self, curl_socket_t socket, curlsocktype) noexcept {
        auto& here = *static_cast<exchange*>(self);
        if (here.sent()) {
            here.refused_ = refusal::repetition;
            return CURL_SOCKOPT_ERROR;
        }
        close_on_exec(socket);
        here.session_.opened(socket);
        return CURL_SOCKOPT_OK;
    }

    [[nodiscard]] bool take_line(std::string_view line) {
        received_ = true;
        head_bytes_ += line.size();
        if (head_bytes_ > request_.limits.head) return refuse(refusal::long_head);
        bool const before = head_.complete();
        if (!head_.take(line)) return refuse(refusal::not_http);
        if (head_.headers().size() > most_fields) return refuse(refusal::many_fields);
        if (head_.complete() == before) return true;
        auto const length = has_body() ? head_.announced().value_or(0) : 0;
        if (request_.sink != nullptr && head_.status() >= 200 && head_.status() <= 299) {
            if (!std::in_range<curl_off_t>(length))
                return refuse(refusal::long_body); // libcurl would read on without end
            sunk_ = true;
            return request_.sink->begin({head_.status(), head_.headers(), {}}) || refuse(refusal::sink);
        }
        if (length > request_.limits.body) return refuse(refusal::long_body);
        body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(length, 1024 * 1024)));
        return true;
    }

    [[nodiscard]] bool take_body(std::string_view bytes) {
        received_ = true;
        if (sunk_) return request_.sink->take(bytes) || refuse(refusal::sink);
        if (bytes.size() > request_.limits.body - body_.size()) return refuse(refusal::long_body);
        body_ += bytes;
        return true;
    }

    /// A length announced with no body behind it is only information, and a chunked body's is void.
    [[nodiscard]] bool has_body() const noexcept {
        return request_.method != "HEAD" && head_.status() != 204 && head_.status() != 304 &&
               !head_.headers().find("transfer-encoding");
    }

    bool refuse(refusal why) noexcept {
        refused_ = why;
        return false;
    }

    session& session_;
    request const& request_;
    std::string peer_;
    head head_;
    std::string body_;
    std::size_t head_bytes_ = 0;
    bool sunk_ = false;     ///< the body goes to the request's sink
    bool received_ = false; ///< since the loop last looked
    refusal refused_ = refusal::none;
};

} // namespace fargate::inline v0::http::curl_api

#endif

// ---- fargate/http/curl_options.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CURL_OPTIONS_HPP
#define FARGATE_HTTP_CURL_OPTIONS_HPP

namespace fargate::inline v0 {

/// Whom to trust for one host alone.
struct curl_trust {
    std::string host{};    ///< as addresses have it, without port; any case
    std::string ca_file{}; ///< PEM certificates
    std::string ca_path{}; ///< the same as a hashed directory
};

/// What a `curl_http` is told once.
struct curl_options {
    std::string ca_file{};           ///< PEM certificates to trust in place of the system's
    std::string ca_path{};           ///< the same as a hashed directory
    std::vector<curl_trust> trust{}; ///< hosts with certificates of their own
    std::string proxy{}; ///< e.g. `http://proxy:3128`; empty asks the environment as libcurl does (see `curl_http`)
    std::string http_proxy{};    ///< in place of `proxy` for http addresses
    std::string https_proxy{};   ///< in place of `proxy` for https addresses
    std::string no_proxy{};      ///< hosts that are reached directly, by commas; `*` is all; empty asks the environment
    bool environment = true;     ///< false asks nothing of the environment: a proxy that is empty here is none
    std::string proxy_ca_file{}; ///< PEM certificates to trust in https proxies
    http::certificate_files proxy_certificate{};  ///< shown to https proxies that ask
    http::certificate_files client_certificate{}; ///< shown to servers that ask
    bool tcp_keepalive = false;                   ///< probes connections that nothing moves over
    bool verify_peer = true;                      ///< false trusts anybody: for a test, never for a secret
    std::size_t idle_sessions = 8;                ///< how many are kept between calls, each with its open connections
    std::size_t connections = 8;                  ///< open connections of one session, to as many hosts
    std::chrono::seconds connection_age{60};      ///< one that was idle for longer is not used again

    /// The same, but for what `told` says.
    [[nodiscard]] curl_options with(http::connection_options const& told) const {
        curl_options made = *this;
        if (told.proxies) {
            made.proxy.clear();
            made.http_proxy = told.proxies->http;
            made.https_proxy = told.proxies->https;
            made.no_proxy.clear();
            made.environment = false;
        }
        if (!told.proxy_ca_file.empty()) made.proxy_ca_file = told.proxy_ca_file;
        if (!told.proxy_certificate.empty()) made.proxy_certificate = told.proxy_certificate;
        if (!told.client_certificate.empty()) made.client_certificate = told.client_certificate;
        made.tcp_keepalive = told.tcp_keepalive.value_or(tcp_keepalive);
        made.idle_sessions = told.pool.value_or(idle_sessions);
        return made;
    }
};

} // namespace fargate::inline v0

namespace fargate::inline v0::http::curl_api {

template <class Number>
[[nodiscard]] long as_long(Number value) noexcept {
    return std::in_range<long>(value) ? static_cast<long>(value) : std::numeric_limits<long>::max();
}

/// Whether `no_proxy` excepts this host with this port, by an entry of the form `host:port`; libcurl itself sees to those
/// without one.
[[nodiscard]] inline bool is_excepted(std::string_view no_proxy, text::url const& address) {
    std::string const full = text::lower(address.host) + ":" + std::to_string(address.port);
    for (std::string_view rest = no_proxy; !rest.empty();) {
        std::string_view const item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        auto entry = text::trim(item);
        while (entry.starts_with('.')) entry.remove_prefix(1);
        if (!text::contains(entry, ":") || entry.size() > full.size()) continue;
        auto const from = full.size() - entry.size();
        bool const whole = from == 0 || full[from - 1] == '.';
        if (whole && text::iequals(std::string_view{full}.substr(from), entry)) return true;
    }
    return false;
}

/// Sets what is the same for every request to an address: nothing that libcurl would do beyond the one exchange (cookies,
/// netrc, redirects, credentials, content decoding are off or not asked for), by which proxy, and whom to trust: the
/// request's own authorities, else those of the host, else those of the options, else the system's. `options` and `request`
/// must stay as they are while the session is used. (libcurl reuses a connection or a TLS session under the same trust
/// only.)
inline void prepare(session& session, curl_options const& options, text::url const& address, request const& request) {
    auto const text_or_null = [](std::string const& value) { return value.empty() ? nullptr : value.c_str(); };
    session.set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    session.set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    session.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    session.set(CURLOPT_QUICK_EXIT, 1L); // a stop does not wait for a name lookup
#endif
    // One exchange at a time gains nothing from HTTP/2, which would write the caller's field names in lower case.
    session.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    session.set(CURLOPT_HTTP09_ALLOWED, 0L);
    session.set(CURLOPT_FOLLOWLOCATION, 0L);
    session.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    session.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    session.set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
    session.set(CURLOPT_MAXAGE_CONN, as_long(options.connection_age.count()));
    session.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    session.set(CURLOPT_SSL_VERIFYPEER, options.verify_peer ? 1L : 0L);
    session.set(CURLOPT_SSL_VERIFYHOST, options.verify_peer ? 2L : 0L);
    auto const own = std::find_if(options.trust.begin(), options.trust.end(),
                                  [&](curl_trust const& each) { return text::iequals(each.host, address.host); });
    bool const apart = own != options.trust.end();
    auto const& ca_file = apart ? own->ca_file : options.ca_file;
    auto const& ca_path = apart ? own->ca_path : options.ca_path;
    if (!request.ca_file.empty()) {
        session.set(CURLOPT_CAINFO, request.ca_file.c_str());
        session.set(CURLOPT_CAPATH, nullptr);
    } else if (!ca_file.empty() || !ca_path.empty()) {
        session.set(CURLOPT_CAINFO, text_or_null(ca_file));
        session.set(CURLOPT_CAPATH, text_or_null(ca_path));
    }
    if (!options.client_certificate.certificate.empty()) {
        session.set(CURLOPT_SSLCERT, options.client_certificate.certificate.c_str());
        session.set(CURLOPT_SSLKEY, text_or_null(options.client_certificate.key));
    }
    if (!options.proxy_ca_file.empty()) {
        session.set(CURLOPT_PROXY_CAINFO, options.proxy_ca_file.c_str());
        session.set(CURLOPT_PROXY_CAPATH, nullptr);
    }
    if (!options.proxy_certificate.certificate.empty()) {
        session.set(CURLOPT_PROXY_SSLCERT, options.proxy_certificate.certificate.c_str());
        session.set(CURLOPT_PROXY_SSLKEY, text_or_null(options.proxy_certificate.key));
    }
    if (options.tcp_keepalive) session.set(CURLOPT_TCP_KEEPALIVE, 1L);
    // To libcurl an empty text is no proxy, and no text is the environment's.
    auto const& special = address.scheme == "https" ? options.https_proxy : options.http_proxy;
    auto const& proxy = special.empty() ? options.proxy : special;
    if (!proxy.empty() || !options.environment) session.set(CURLOPT_PROXY, proxy.c_str());
    bool const around = request.bypass_proxy || is_excepted(options.no_proxy, address);
    session.set(CURLOPT_NOPROXY, around                                            ? "*"
                                 : options.no_proxy.empty() && options.environment ? nullptr
                                                                                   : options.no_proxy.c_str());
}

} // namespace fargate::inline v0::http::curl_api

#endif

// ---- fargate/http/curl.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CURL_HPP
#define FARGATE_HTTP_CURL_HPP

namespace fargate::inline v0 {

/// `http_policy` on libcurl: HTTP/1.1, over TLS 1.2 or later when the address says https, verified against the system's
/// store. May be used from any number of threads; each exchange under way has a session of its own, and sessions wait
/// with their connections open for the next call. Must outlive its calls.
///
/// - On the wire go the caller's fields in their order and spelling; `Host` when missing, `Content-Length` when there is
///   a body or the method is one that has bodies.
/// - `limits.connect` covers name lookup, TCP, proxy and TLS; `limits.idle` runs from then on while no byte moves either
///   way. An answer over a limit is given up at once, and before the body when its `Content-Length` already says so.
/// - Nothing is sent twice. When a kept connection dies under a request, that is `connection_failed`, retryable, for the
///   request may have been acted on; one that the server closed while it was idle, or spoke on unasked, is noticed
///   beforehand and replaced.
/// - Proxies come from the options or from `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` (all but the first in
///   capitals too). libcurl reads these itself; `curl_options_from` (http/curl_environment.hpp) reads them as Python does.
/// - Keeps no cookies, reads no netrc, raises no SIGPIPE.
///
/// Errors are those of `http_policy`, and `bad_configuration` when the trusted certificates or the own one cannot be read.
/// Broken or missing connections and passed deadlines are retryable; refused certificates and refused answers are not, nor
/// is a server that knows no TLS 1.2 (`untrusted_peer`). After an error the connection is closed.
class curl_http {
public:
    using options = curl_options;

    curl_http() = default;
    explicit curl_http(options settings) : options_{std::move(settings)} {}
    curl_http(curl_http const&) = delete;
    curl_http& operator=(curl_http const&) = delete;

    [[nodiscard]] curl_options const& settings() const noexcept { return options_; }

    /// One of its own, with no connection yet, that is as this one but for what `told` says.
    [[nodiscard]] curl_http with(http::connection_options const& told) const { return curl_http{options_.with(told)}; }

    [[nodiscard]] result<http::response> send(http::request const& request) {
        auto const address = http::check(request);
        if (!address) return address.error();
        if (request.stop.stop_requested()) return fail(errc::cancelled, "stopped before the request was sent");
        auto session = take();
        if (!session) return std::move(session).error();
        http::curl_api::prepare(**session, options_, *address, request);
        http::curl_api::exchange exchange{**session, request, address->authority};
        auto answer = exchange.run(http::curl_api::as_long(options_.connections));
        if (answer) keep(*std::move(session));
        return answer;
    }

private:
    using session_pointer = std::unique_ptr<http::curl_api::session>;

    [[nodiscard]] result<session_pointer> take() {
        while (auto last = take_idle())
            if (last->quiet()) return last;
        return http::curl_api::session::open();
    }

    [[nodiscard]] session_pointer take_idle() {
        std::scoped_lock const lock{mutex_};
        if (idle_.empty()) return nullptr;
        auto last = std::move(idle_.back());
        idle_.pop_back();
        return last;
    }

    void keep(session_pointer session) {
        session->forget();
        std::scoped_lock const lock{mutex_};
        if (idle_.size() < options_.idle_sessions) idle_.push_back(std::move(session));
    }

    options options_{};
    std::mutex mutex_;
    std::vector<session_pointer> idle_;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/aws.hpp ------------------------------------------------------------------------------------------------

#ifndef FARGATE_AWS_HPP
#define FARGATE_AWS_HPP

// A front door: AWS alone. Signed, repeated calls of ECS, S3 and the tagging API with the machine's own network, clock,
// environment and credentials, and every part replaceable.

namespace fargate::inline v0::aws {

/// The parts that a program on an everyday machine wants. Inherit and redefine what differs:
/// `struct board : fargate::aws::default_policies { using http = my_modem; };`.
struct default_policies {
    using http = curl_http;
    using credentials = fargate::credentials::standard;
    using clock = system_clock;
    using environment = process_environment;
    using retry = fargate::retry::any_mode;
    using hash = crypto::openssl_hash;
};

// The bundle that `ecs<>`, `s3<>`, `tagging<>` and `parts<>` mean.
template <policies Policies = default_policies>
struct parts;
template <policies Policies = default_policies>
class ecs;
template <policies Policies = default_policies>
class s3;
template <policies Policies = default_policies>
class tagging;

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/text/nearest.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_NEAREST_HPP
#define FARGATE_TEXT_NEAREST_HPP

namespace fargate::inline v0::text {

/// How many letters must be put in, taken out, changed or swapped with their neighbour, with capitals counted as half
/// a mistake; in half letters.
[[nodiscard]] inline std::size_t mistakes(std::string_view left, std::string_view right) {
    std::vector<std::array<std::size_t, 3>> row(right.size() + 1); // this line, the one before, the one before that
    for (std::size_t j = 0; j <= right.size(); ++j) row[j] = {2 * j, 2 * j, 2 * j};
    for (std::size_t i = 1; i <= left.size(); ++i) {
        for (auto& cell : row) cell = {0, cell[0], cell[1]};
        row[0][0] = 2 * i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            char const a = left[i - 1];
            char const b = right[j - 1];
            std::size_t const change = a == b ? 0 : to_lower(a) == to_lower(b) ? 1 : 2;
            std::size_t best = std::min({row[j][1] + 2, row[j - 1][0] + 2, row[j - 1][1] + change});
            if (i > 1 && j > 1 && a == right[j - 2] && left[i - 2] == b) best = std::min(best, row[j - 2][2] + 2);
            row[j][0] = best;
        }
    }
    return row[right.size()][0];
}

/// The known name that a wrong one most likely stands for; empty when none is near.
[[nodiscard]] inline std::string_view nearest(std::string_view wrong, std::span<std::string_view const> known) {
    std::string_view found;
    std::size_t fewest = 7; // at most three mistakes, and at most half of the name
    if (wrong.size() > 64) return found;
    for (auto const name : known) {
        if (std::size_t const count = mistakes(wrong, name); count < fewest && count <= name.size()) {
            fewest = count;
            found = name;
        }
    }
    return found;
}

} // namespace fargate::inline v0::text

#endif

// ---- fargate/deploy/kwarg_names.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_KWARG_NAMES_HPP
#define FARGATE_DEPLOY_KWARG_NAMES_HPP

namespace fargate::inline v0::deploy {

/// What a keyword argument holds.
enum class kwarg_type : unsigned char {
    text,    ///< a string; one pair of Python quotes around it is taken off
    amount,  ///< cpu and memory: a string taken as it is, or a whole number
    integer, ///< a whole number
    flag,    ///< true or false
    list,
    object
};

/// One argument of AWS's that the agent passes on, under AWS's name.
struct kwarg_name {
    std::string_view name;
    kwarg_type type;
    bool definition = false; ///< goes to RegisterTaskDefinition
    bool run = false;        ///< goes to RunTask
};

/// Arguments of the two calls, in the order in which they are sent.
inline constexpr kwarg_name kwarg_names[] = {
    {"taskRoleArn", kwarg_type::text, true, false},
    {"executionRoleArn", kwarg_type::text, true, false},
    {"networkMode", kwarg_type::text, true, false},
    {"volumes", kwarg_type::list, true, false},
    {"placementConstraints", kwarg_type::list, true, true},
    {"cpu", kwarg_type::amount, true, false},
    {"memory", kwarg_type::amount, true, false},
    {"tags", kwarg_type::list, true, true},
    {"pidMode", kwarg_type::text, true, false},
    {"ipcMode", kwarg_type::text, true, false},
    {"proxyConfiguration", kwarg_type::object, true, false},
    {"inferenceAccelerators", kwarg_type::list, true, false},
    {"cluster", kwarg_type::text, false, true},
    {"count", kwarg_type::integer, false, true},
    {"startedBy", kwarg_type::text, false, true},
    {"group", kwarg_type::text, false, true},
    {"placementStrategy", kwarg_type::list, false, true},
    {"platformVersion", kwarg_type::text, false, true},
    {"networkConfiguration", kwarg_type::object, false, true},
    {"enableECSManagedTags", kwarg_type::flag, false, true},
    {"propagateTags", kwarg_type::text, false, true},
};

/// Members that the one element of `containerDefinitions` may have.
inline constexpr kwarg_name container_names[] = {
    {"environment", kwarg_type::list},
    {"secrets", kwarg_type::list},
    {"mountPoints", kwarg_type::list},
    {"logConfiguration", kwarg_type::object},
    {"repositoryCredentials", kwarg_type::object},
};

namespace detail {

/// A name as a message shows it: cut, on one line, and visible when there is nothing to see.
[[nodiscard]] inline std::string shown_name(std::string_view name) {
    std::string shown = text::printable(name);
    if (name.size() > text::longest_shown) shown += "...";
    return shown.empty() ? "\"\"" : shown;
}

} // namespace detail

/// A name that was given and that nobody knows.
struct unknown_kwarg {
    std::string what{};    ///< `unknown keyword argument momery`
    std::string becomes{}; ///< what happens to it: `ignored`
    std::string remedy{};  ///< `did you mean memory?`; empty when no name is near

    /// For the log, where it is passed over.
    [[nodiscard]] std::string warning() const {
        return what + " is " + becomes + (remedy.empty() ? "" : ": ") + remedy;
    }

    /// Where it is not.
    [[nodiscard]] std::string refusal() const { return what + (remedy.empty() ? "" : ": ") + remedy; }
};

namespace detail {

[[nodiscard]] inline unknown_kwarg unknown_name(std::string_view prefix, std::string_view name,
                                                std::span<std::string_view const> known,
                                                std::string_view becomes = "ignored") {
    unknown_kwarg made{"unknown keyword argument ", std::string{becomes}, {}};
    made.what.append(prefix).append(shown_name(name));
    if (auto const meant = text::nearest(name, known); !meant.empty())
        made.remedy.append("did you mean ").append(prefix).append(meant).append("?");
    return made;
}

} // namespace detail

/// The members of `given` that are no keyword argument, with the name that was probably meant. `with_launch_type`: the
/// option launch_type, or its alias launchType, may stand among them.
[[nodiscard]] inline std::vector<unknown_kwarg> unknown_kwargs(json::value const& given,
                                                               bool with_launch_type = false) {
    std::vector<unknown_kwarg> unknown;
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return unknown;
    std::vector<std::string_view> known = {"containerDefinitions", "launch_type"};
    for (auto const& each : kwarg_names) known.push_back(each.name);
    for (auto const& [name, ignored] : *members) {
        if (name == "launchType" || name == "launch_type") {
            if (!with_launch_type)
                unknown.push_back({"keyword argument " + name, "ignored", "set the option launch_type of the agent"});
        } else if (std::find(known.begin(), known.end(), name) == known.end()) {
            unknown.push_back(detail::unknown_name("", name, known));
        }
    }
    return unknown;
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/kwarg_shape.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_KWARG_SHAPE_HPP
#define FARGATE_DEPLOY_KWARG_SHAPE_HPP

namespace fargate::inline v0::deploy {

/// What lies inside an argument that is a list or an object, as in AWS's model of RegisterTaskDefinition and RunTask: `t`
/// text, `b` true or false, `i` a whole number, `<x>` an object with any names, `[x]` a list, `{name:x name!:x}` an object
/// with these members, of which those with `!` must be there.
struct kwarg_shape {
    std::string_view name;
    std::string_view shape;
};

inline constexpr kwarg_shape kwarg_shapes[] = {
    {"volumes",
     "[{name:t configuredAtLaunch:b host:{sourcePath:t} "
     "dockerVolumeConfiguration:{scope:t autoprovision:b driver:t driverOpts:<t> labels:<t>} "
     "efsVolumeConfiguration:{fileSystemId!:t rootDirectory:t transitEncryption:t transitEncryptionPort:i "
     "authorizationConfig:{accessPointId:t iam:t}} "
     "s3filesVolumeConfiguration:{fileSystemArn!:t rootDirectory:t transitEncryptionPort:i accessPointArn:t} "
     "fsxWindowsFileServerVolumeConfiguration:{fileSystemId!:t rootDirectory!:t "
     "authorizationConfig!:{credentialsParameter!:t domain!:t}}}]"},
    {"placementConstraints", "[{type:t expression:t}]"},
    {"tags", "[{key:t value:t}]"},
    {"proxyConfiguration", "{type:t containerName!:t properties:[{name:t value:t}]}"},
    {"inferenceAccelerators", "[{deviceName!:t deviceType!:t}]"},
    {"placementStrategy", "[{type:t field:t}]"},
    {"networkConfiguration", "{awsvpcConfiguration:{subnets!:[t] securityGroups:[t] assignPublicIp:t}}"},
    {"capacityProviderStrategy", "[{capacityProvider!:t weight:i base:i}]"},
    {"environment", "[{name:t value:t}]"},
    {"secrets", "[{name!:t valueFrom!:t}]"},
    {"mountPoints", "[{sourceVolume:t containerPath:t readOnly:b}]"},
    {"logConfiguration", "{logDriver!:t options:<t> secretOptions:[{name!:t valueFrom!:t}]}"},
    {"repositoryCredentials", "{credentialsParameter!:t}"},
    {"overrides",
     "{containerOverrides:[{name:t command:[t] environment:[{name:t value:t}] environmentFiles:[{value!:t type!:t}] "
     "cpu:i "
     "memory:i memoryReservation:i resourceRequirements:[{value!:t type!:t}]}] cpu:t memory:t taskRoleArn:t "
     "executionRoleArn:t inferenceAcceleratorOverrides:[{deviceName:t deviceType:t}] ephemeralStorage:{sizeInGiB!:i}}"},
};

namespace detail {

[[nodiscard]] inline std::string_view article_and_type(kwarg_type type) noexcept {
    switch (type) {
    case kwarg_type::text:
    case kwarg_type::amount: return "text";
    case kwarg_type::integer: return "a whole number";
    case kwarg_type::flag: return "true or false";
    case kwarg_type::list: return "a list";
    case kwarg_type::object: return "an object";
    }
    return "something else";
}

[[nodiscard]] inline std::string_view article_and_type(json::value const& document) noexcept {
    if (document.is_string()) return "text";
    if (document.is_array()) return "a list";
    if (document.is_object()) return "an object";
    if (document.is_boolean()) return "true or false";
    if (document.is_number_float()) return "a number with a fraction";
    if (document.is_number()) return "a whole number";
    return "null";
}

[[nodiscard]] inline error wrong_type(std::string_view where, kwarg_type wanted, std::string_view found) {
    std::string message{where};
    message.append(" must be ").append(article_and_type(wanted)).append(", not ").append(found);
    return fail(errc::invalid_argument, std::move(message));
}

/// One walk of a value beside its shape.
class shape_check {
public:
    explicit shape_check(std::vector<unknown_kwarg>& unknown) : unknown_{unknown} {}

    [[nodiscard]] result<void> value(std::string const& where, std::string_view shape, json::value const& given) {
        switch (shape.front()) {
        case 't': return is(where, kwarg_type::text, given.is_string(), given);
        case 'b': return is(where, kwarg_type::flag, given.is_boolean(), given);
        case 'i': return is(where, kwarg_type::integer, given.is_number_integer(), given);
        case '[': return list(where, inside(shape), given);
        case '<': return map(where, inside(shape), given);
        default: return object(where, inside(shape), given);
        }
    }

private:
    [[nodiscard]] static std::string_view inside(std::string_view shape) noexcept {
        return shape.substr(1, shape.size() - 2);
    }

    [[nodiscard]] static result<void> is(std::string const& where, kwarg_type wanted, bool good,
                                         json::value const& given) {
        if (good) return {};
        return wrong_type(where, wanted, article_and_type(given));
    }

    [[nodiscard]] result<void> list(std::string const& where, std::string_view shape, json::value const& given) {
        if (!given.is_array()) return is(where, kwarg_type::list, false, given);
        for (std::size_t i = 0; i != given.size(); ++i)
            if (auto good = value(where + "[" + std::to_string(i) + "]", shape, given[i]); !good) return good;
        return {};
    }

    [[nodiscard]] result<void> map(std::string const& where, std::string_view shape, json::value const& given) {
        auto const* const members = given.get_ptr<json::value::object_t const*>();
        if (members == nullptr) return is(where, kwarg_type::object, false, given);
        for (auto const& [name, each] : *members)
            if (auto good = value(where + "." + shown_name(name), shape, each); !good) return good;
        return {};
    }

    [[nodiscard]] result<void> object(std::string const& where, std::string_view shape, json::value const& given) {
        auto const* const members = given.get_ptr<json::value::object_t const*>();
        if (members == nullptr) return is(where, kwarg_type::object, false, given);
        std::vector<std::string_view> known;
        while (!shape.empty()) {
            auto [name, inner] = take_member(shape);
            bool const required = name.back() == '!';
            if (required) name.remove_suffix(1);
            known.push_back(name);
            auto const found = given.find(std::string{name});
            if (found != given.end()) {
                if (auto good = value(where + "." + std::string{name}, inner, *found); !good) return good;
            } else if (required) {
                return fail(errc::invalid_argument, where + " has no " + std::string{name});
            }
        }
        for (auto const& [name, ignored] : *members)
            if (std::find(known.begin(), known.end(), name) == known.end())
                unknown_.push_back(unknown_name(where + ".", name, known, "sent as it is"));
        return {};
    }

    /// Takes the first `name:shape` off the front.
    [[nodiscard]] static std::pair<std::string_view, std::string_view> take_member(std::string_view& shape) noexcept {
        std::size_t const colon = shape.find(':');
        std::size_t end = colon + 1;
        for (int depth = 0; end < shape.size() && (depth != 0 || shape[end] != ' '); ++end) {
            if (std::string_view{"[{<"}.find(shape[end]) != std::string_view::npos) ++depth;
            if (std::string_view{"]}>"}.find(shape[end]) != std::string_view::npos) --depth;
        }
        std::pair const taken{shape.substr(0, colon), shape.substr(colon + 1, end - colon - 1)};
        shape.remove_prefix(std::min(shape.size(), end + 1));
        return taken;
    }

    std::vector<unknown_kwarg>& unknown_;
};

} // namespace detail

/// Whether what lies inside the argument `name` is what AWS takes, as far as its model tells. `errc::invalid_argument`
/// names the place, as a path that begins with `where`, and what must stand there; never a value. Members that the model
/// does not have are added to `unknown`.
[[nodiscard]] inline result<void> check_shape(std::string const& where, std::string_view name, json::value const& given,
                                              std::vector<unknown_kwarg>& unknown) {
    for (auto const& each : kwarg_shapes)
        if (each.name == name) return detail::shape_check{unknown}.value(where, each.shape, given);
    return {};
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/literal_atom.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_LITERAL_ATOM_HPP
#define FARGATE_DEPLOY_LITERAL_ATOM_HPP

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

// ---- fargate/deploy/literal.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_LITERAL_HPP
#define FARGATE_DEPLOY_LITERAL_HPP

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

// ---- fargate/system/log.hpp -----------------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_LOG_HPP
#define FARGATE_SYSTEM_LOG_HPP

namespace fargate::inline v0 {

enum class log_level : unsigned char { debug, info, warning, error, critical };

/// `DEBUG`, `INFO`, ... as Python's logging and Prefect's API spell them.
[[nodiscard]] constexpr std::string_view name_of(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return "DEBUG";
    case log_level::info: return "INFO";
    case log_level::warning: return "WARNING";
    case log_level::error: return "ERROR";
    case log_level::critical: return "CRITICAL";
    }
    return "INFO";
}

/// Where lines for people go.
///
/// | expression             | type   | contract                                                                       |
/// |------------------------|--------|--------------------------------------------------------------------------------|
/// | `l.write(level, text)` | `void` | one line, without its line end; may be called from several threads; never throws |
///
/// It is never handed a secret: `secret` has no conversion to text.
template <class Log>
concept log_policy = requires(Log& l, log_level level, std::string_view text) {
    l.write(level, text);
};

/// Says nothing.
struct null_log {
    void write(log_level, std::string_view) const noexcept {}
};

} // namespace fargate::inline v0

#endif

// ---- fargate/deploy/kwargs.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_KWARGS_HPP
#define FARGATE_DEPLOY_KWARGS_HPP

namespace fargate::inline v0::deploy {

/// The keyword arguments in their three groups, each an object whose members have AWS's names and types.
struct kwargs {
    json::value definition = json::value::object(); ///< for RegisterTaskDefinition
    json::value run = json::value::object();        ///< for RunTask
    json::value container = json::value::object();  ///< for the definition's one container
};

namespace detail {

/// Text as a document: a Python literal, or else JSON; nothing when it is neither.
[[nodiscard]] inline result<std::optional<json::value>> read_document(std::string_view where, std::string_view raw) {
    std::string_view const trimmed = text::trim(raw);
    auto read = read_literal(trimmed);
    if (read.kind == literal::outcome::refused)
        return fail(errc::invalid_argument,
                    std::string{where} + " holds " + read.what + ", which cannot be sent to AWS");
    if (read.kind == literal::outcome::parsed) return std::optional{std::move(read.value)};
    if (auto document = json::parse(trimmed)) return std::optional{*std::move(document)};
    return std::optional<json::value>{};
}

} // namespace detail

/// What a text means as a switch: true, false, 1, 0, yes, no in any case, quoted or not; nothing when it means neither.
[[nodiscard]] inline std::optional<bool> read_flag(std::string_view raw) {
    std::string_view word = text::trim(raw);
    if (word.size() > 1 && (word.front() == '\'' || word.front() == '"') && word.back() == word.front())
        word = word.substr(1, word.size() - 2);
    for (auto const yes : {"true", "1", "yes"})
        if (text::iequals(word, yes)) return true;
    for (auto const no : {"false", "0", "no"})
        if (text::iequals(word, no)) return false;
    return std::nullopt;
}

namespace detail {

/// One argument's value brought to its type. `where` names it in messages, which never show the value.
[[nodiscard]] inline result<json::value> read_kwarg(std::string_view where, kwarg_type type, json::value const& given) {
    auto const raw = json::as_text(given);
    switch (type) {
    case kwarg_type::text:
        if (raw) {
            auto read = read_literal(*raw);
            if (read.kind == literal::outcome::parsed && read.value.is_string()) return std::move(read.value);
            return given;
        }
        if (given.is_number_integer()) return json::value(json::write(given));
        break;
    case kwarg_type::amount:
        if (raw) return given;
        if (given.is_number_integer()) return json::value(json::write(given));
        if (auto const* const flag = given.get_ptr<bool const*>()) return json::value(*flag ? "True" : "False");
        break;
    case kwarg_type::flag:
        if (given.is_boolean()) return given;
        if (raw)
            if (auto const flag = read_flag(*raw)) return json::value(*flag);
        break;
    case kwarg_type::integer:
    case kwarg_type::list:
    case kwarg_type::object: {
        auto const fits = [&](json::value const& document) {
            return type == kwarg_type::list     ? document.is_array()
                   : type == kwarg_type::object ? document.is_object()
                                                : document.is_number_integer();
        };
        if (fits(given)) return given;
        if (!raw) break;
        auto read = read_document(where, *raw);
        if (!read) return std::move(read).error();
        if (!*read) {
            std::string message{where};
            message.append(" must be ")
                .append(article_and_type(type))
                .append(": its text is neither a Python literal nor JSON");
            return fail(errc::invalid_argument, std::move(message));
        }
        if (fits(**read)) return std::move(**read);
        return wrong_type(where, type, article_and_type(**read));
    }
    }
    return wrong_type(where, type, article_and_type(given));
}

/// An environment list must name all its entries.
[[nodiscard]] inline result<void> check_environment(std::string_view where, json::value const& entries) {
    for (std::size_t i = 0; i != entries.size(); ++i) {
        auto const& entry = entries[i];
        std::string const place = std::string{where} + "[" + std::to_string(i) + "]";
        if (!entry.is_object()) return wrong_type(place, kwarg_type::object, article_and_type(entry));
        if (json::text_of(entry, "name").value_or("").empty())
            return fail(errc::invalid_argument, place + " has no name: give it one, as text");
    }
    return {};
}

/// A value that was given at all: neither null nor the empty text that a shell makes of an unset variable.
[[nodiscard]] inline json::value const* given_member(json::value const& given, std::string_view name) noexcept {
    auto const* const found = json::member(given, name);
    return found != nullptr && json::as_text(*found) != std::string_view{} ? found : nullptr;
}

/// The single element of `containerDefinitions`; an empty object when there is none.
[[nodiscard]] inline result<json::value> container_definition(json::value const& given) {
    auto const refuse = [] {
        return fail(
            errc::invalid_argument,
            "containerDefinitions: Fargate agent only accepts configuration for a single container definition.");
    };
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    json::value const* found = nullptr;
    if (members != nullptr)
        for (auto const& [name, each] : *members)
            if (name == "containerDefinitions") found = &each;
    if (found == nullptr) return json::value::object();
    json::value list = *found;
    if (auto const raw = json::as_text(*found)) {
        auto read = read_document("containerDefinitions", *raw);
        if (!read) return std::move(read).error();
        if (!*read) return refuse();
        list = std::move(**read);
    }
    if (!list.is_array() || list.size() != 1 || !list[0].is_object()) return refuse();
    return std::move(list[0]);
}

struct no_environment {
    [[nodiscard]] std::optional<std::string> variable(std::string_view) const { return std::nullopt; }
    [[nodiscard]] result<std::string> read_file(std::string_view) const { return fail(errc::not_found, "no files"); }
};

} // namespace detail

/// Sorts keyword arguments into their groups and brings each value to its type. `given` is an object under AWS's names;
/// a value may also be text: a Python literal or JSON. What is not given is taken from the environment variable of that
/// name (`containerDefinitions_<name>` for the container's members). Unknown names are told to `log` and left out, unknown
/// members inside a value are told and kept; values are never logged. `errc::invalid_argument` names the argument that
/// cannot be read, or that AWS would refuse for its type; `strict`: also the unknown ones. `launchType` and `launch_type`
/// are left to `launch_type_of`. Follows Prefect's Fargate Agent, but for the corrections of its known mistakes.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<kwargs> read_kwargs(json::value const& given, Environment const& environment, Log& log,
                                         bool strict = false) {
    if (!given.is_null() && !given.is_object())
        return detail::wrong_type("keyword arguments", kwarg_type::object, detail::article_and_type(given));
    auto const tell = [&](std::vector<unknown_kwarg> const& unknown) -> result<void> {
        for (auto const& each : unknown) {
            if (strict) return fail(errc::invalid_argument, each.refusal());
            log.write(log_level::warning, each.warning());
        }
        return {};
    };
    constexpr bool is_external = std::is_same_v<Environment, detail::no_environment>;
    if (auto told = tell(unknown_kwargs(given, !is_external)); !told) return std::move(told).error();

    // The value of one name: what was given, else the environment's, else nothing.
    auto const read = [&](json::value const& from, std::string_view prefix, std::string_view name, kwarg_type type,
                          std::string const& variable) -> result<json::value> {
        std::string where = std::string{prefix} + std::string{name};
        auto const* given_value = detail::given_member(from, name);
        json::value from_variable;
        if (given_value == nullptr) {
            auto const set = environment.variable(variable);
            if (!set || set->empty()) return json::value(nullptr);
            log.write(log_level::info,
                      prefix.empty() ? variable + " from environment variable"
                                     : "Container definition: " + std::string{name} + " from environment variable");
            where = "environment variable " + variable;
            from_variable = *set;
            given_value = &from_variable;
        }
        auto made = detail::read_kwarg(where, type, *given_value);
        if (!made) return made;
        std::string_view const shape = name == "environments" ? "environment" : name;
        if (shape == "environment")
            if (auto named = detail::check_environment(where, *made); !named) return std::move(named).error();
        std::vector<unknown_kwarg> unknown;
        if (auto fits = check_shape(where, shape, *made, unknown); !fits) return std::move(fits).error();
        if (auto told = tell(unknown); !told) return std::move(told).error();
        return made;
    };

    kwargs groups;
    for (auto const& each : kwarg_names) {
        auto value = read(given, "", each.name, each.type, std::string{each.name});
        if (!value) return std::move(value).error();
        if (value->is_null()) { // an empty text says that none is wanted
            bool const emptied =
                json::text_of(given, each.name) && (each.type == kwarg_type::text || each.type == kwarg_type::amount);
            if (!emptied) continue;
            *value = "";
        }
        if (each.definition) json::set(groups.definition, each.name, *value);
        if (each.run) json::set(groups.run, each.name, *std::move(value));
    }

    auto container = detail::container_definition(given);
    if (!container) return std::move(container).error();
    constexpr std::string_view prefix = "containerDefinitions[0].";
    std::vector<std::string_view> known;
    for (auto const& each : container_names) known.push_back(each.name);
    std::vector<unknown_kwarg> unknown;
    for (auto const& [name, ignored] : *container->get_ptr<json::value::object_t const*>())
        if (name != "environments" && std::find(known.begin(), known.end(), name) == known.end())
            unknown.push_back(detail::unknown_name(prefix, name, known));
    if (auto told = tell(unknown); !told) return std::move(told).error();
    for (auto const& each : container_names) {
        auto value = read(*container, prefix, each.name, each.type, "containerDefinitions_" + std::string{each.name});
        if (value && value->is_null() && each.name == "environment") // the product description's spelling
            value = read(*container, prefix, "environments", each.type, "containerDefinitions_environments");
        if (!value) return std::move(value).error();
        if (!value->is_null()) json::set(groups.container, each.name, *std::move(value));
    }
    return groups;
}

/// The same without an environment: for arguments that come from a file of their own, where no launch type may stand.
template <log_policy Log>
[[nodiscard]] result<kwargs> read_kwargs(json::value const& given, Log& log, bool strict = false) {
    return read_kwargs(given, detail::no_environment{}, log, strict);
}

/// The launch type that keyword arguments name, as `launch_type` or by its alias `launchType`: nothing when they name
/// none, an empty text when none is to be sent (empty or null). `errc::invalid_argument` when it is no text.
[[nodiscard]] inline result<std::optional<std::string>> launch_type_of(json::value const& given) {
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return std::optional<std::string>{};
    for (char const* const wanted : {"launch_type", "launchType"}) {
        for (auto const& [name, value] : *members) {
            if (name != wanted) continue;
            if (value.is_null()) return std::optional<std::string>{""};
            auto const read = detail::read_kwarg(wanted, kwarg_type::text, value);
            if (!read) return read.error();
            return std::optional{std::string{json::as_text(*read).value_or("")}};
        }
    }
    return std::optional<std::string>{};
}

/// Puts one set of arguments over another: each name that `over` holds replaces the one in `base`, whole.
inline void replace(kwargs& base, kwargs const& over) {
    auto const replace_group = [](json::value& group, json::value const& with) {
        for (auto const& [name, value] : *with.get_ptr<json::value::object_t const*>()) json::set(group, name, value);
    };
    replace_group(base.definition, over.definition);
    replace_group(base.run, over.run);
    replace_group(base.container, over.container);
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/text/slug_table.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_SLUG_TABLE_HPP
#define FARGATE_TEXT_SLUG_TABLE_HPP

// Made by tests/text/slug_table.py from Unicode 3.2's decompositions and character names, HTML 4's entity names and
// two short romanisation lists (ICAO Doc 9303 for Cyrillic, the classical one for Greek). Not for editing.

namespace fargate::inline v0::text::detail {

/// How the characters from `first` on are spelled, one word each: `~` vanishes; a lone `-*` makes the whole row dashes.
/// A suffix tells what a numeric reference to the character leaves of it: `^` the letters and a dash for the accent,
/// `!` a dash alone.
struct slug_row {
    char16_t first;
    std::string_view words;
};

inline constexpr unsigned slug_row_length = 16;

// clang-format off
inline constexpr slug_row slug_rows[] = {
    {0x00A0, "- - - gbp! - - - - - -c-! a - - - -r-! -"},
    {0x00B0, "-deg-! - 2 3 ~ u! - - - 1 o - 1-4 1-2 3-4 -"},
    {0x00C0, "a^ a^ a^ a^ a^ a^ ae! c^ e^ e^ e^ e^ i^ i^ i^ i^"},
    {0x00D0, "d! n^ o^ o^ o^ o^ o^ - o! u^ u^ u^ u^ y^ th! ss!"},
    {0x00E0, "a^ a^ a^ a^ a^ a^ ae! c^ e^ e^ e^ e^ i^ i^ i^ i^"},
    {0x00F0, "d! n^ o^ o^ o^ o^ o^ - o! u^ u^ u^ u^ y^ th! y^"},
    {0x0100, "a^ a^ a^ a^ a^ a^ c^ c^ c^ c^ c^ c^ c^ c^ d^ d^"},
    {0x0110, "d! d! e^ e^ e^ e^ e^ e^ e^ e^ e^ e^ g^ g^ g^ g^"},
    {0x0120, "g^ g^ g^ g^ h^ h^ h! h! i^ i^ i^ i^ i^ i^ i^ i^"},
    {0x0130, "i^ i! ij ij j^ j^ k^ k^ k! l^ l^ l^ l^ l^ l^ l-"},
    {0x0140, "l- l! l! n^ n^ n^ n^ n^ n^ n! ng! ng! o^ o^ o^ o^"},
    {0x0150, "o^ o^ oe! oe! r^ r^ r^ r^ r^ r^ s^ s^ s^ s^ s^ s^"},
    {0x0160, "s^ s^ t^ t^ t^ t^ t! t! u^ u^ u^ u^ u^ u^ u^ u^"},
    {0x0170, "u^ u^ u^ u^ w^ w^ y^ y^ y^ z^ z^ z^ z^ z^ z^ s"},
    {0x0180, "b! b! b! b! ~ ~ o! c! c! ~ d! d! d! ~ ~ e!"},
    {0x0190, "e! f! f! g! ~ hv! ~ i! k! k! l! ~ ~ n! n! o!"},
    {0x01A0, "o^ o^ oi! oi! p! p! ~ ~ ~ sh! ~ t! t! t! t! u^"},
    {0x01B0, "u^ ~ v! y! y! z! z! zh! ~ ~ ~ ~ ~ ~ ~ w!"},
    {0x01C0, "~ ~ ~ ~ dz^ dz^ dz^ lj lj lj nj nj nj a^ a^ i^"},
    {0x01D0, "i^ o^ o^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ ~ a^ a^"},
    {0x01E0, "a^ a^ ae! ae! g! g! g^ g^ k^ k^ o^ o^ o^ o^ zh! zh!"},
    {0x01F0, "j^ dz dz dz g^ g^ hv! w! n^ n^ a^ a^ ae! ae! o! o!"},
    {0x0200, "a^ a^ a^ a^ e^ e^ e^ e^ i^ i^ i^ i^ o^ o^ o^ o^"},
    {0x0210, "r^ r^ r^ r^ u^ u^ u^ u^ s^ s^ t^ t^ ~ ~ h^ h^"},
    {0x0220, "n! ~ ou! ou! z! z! a^ a^ e^ e^ o^ o^ o^ o^ o^ o^"},
    {0x0230, "o^ o^ y^ y^"},
    {0x0250, "~ ~ ~ b! o! c! d! d! ~ e! ~ e!"},
    {0x0260, "g! ~ ~ ~ ~ ~ h! ~ i! ~ ~ l! l! l!"},
    {0x0270, "~ m! n! n! ~ ~ ~ ~ ~ ~ ~ ~ r! r! r!"},
    {0x0280, "~ ~ s! sh! ~ ~ ~ ~ t! ~ ~ v!"},
    {0x0290, "z! z! zh! ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ j!"},
    {0x02A0, "q!"},
    {0x0370, "~ ~ ~ ~ - - ~ ~ ~ ~ - ~ ~ ~ -"},
    {0x0380, "~ ~ ~ ~ - - a! - e! e! i! ~ o! ~ u! o!"},
    {0x0390, "i! a! b! g! d! e! z! e! th! i! k! l! m! n! x! o!"},
    {0x03A0, "p! r! ~ s! t! u! ph! kh! ps! o! i! u! a! e! e! i!"},
    {0x03B0, "u! a! b! g! d! e! z! e! th! i! k! l! m! n! x! o!"},
    {0x03C0, "p! r! s! s! t! u! ph! kh! ps! o! i! u! o! u! o!"},
    {0x03D0, "b! th! u! u! u! ph! p!"},
    {0x03F0, "k! r! s! ~ th! e! -"},
    {0x0400, "e! io! dj! g! ie! dz! i! i! j! lj! nj! c! k! i! u! dz!"},
    {0x0410, "a! b! v! g! d! e! zh! z! i! i! k! l! m! n! o! p!"},
    {0x0420, "r! s! t! u! f! kh! ts! ch! sh! shch! ~ y! ~ e! iu! ia!"},
    {0x0430, "a! b! v! g! d! e! zh! z! i! i! k! l! m! n! o! p!"},
    {0x0440, "r! s! t! u! f! kh! ts! ch! sh! shch! ~ y! ~ e! iu! ia!"},
    {0x0450, "e! io! dj! g! ie! dz! i! i! j! lj! nj! c! k! i! u! dz!"},
    {0x0480, "~ ~ -"},
    {0x0490, "g! g! g! g! ~ ~ ~ ~ ~ ~ k! k!"},
    {0x04A0, "~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ u! u!"},
    {0x04B0, "u! u! ~ ~ ~ ~ ~ ~ ~ ~ h! h!"},
    {0x04C0, "~ zh! zh!"},
    {0x04D0, "a! a! a! a! ~ ~ e! e! a! a! a! a! zh! zh! z! z!"},
    {0x04E0, "~ ~ i! i! i! i! o! o! o! o! o! o! e! e! u! u!"},
    {0x04F0, "u! u! u! u! ch! ch! ~ ~ y! y!"},
    {0x1E00, "a^ a^ b^ b^ b^ b^ b^ b^ c^ c^ d^ d^ d^ d^ d^ d^"},
    {0x1E10, "d^ d^ d^ d^ e^ e^ e^ e^ e^ e^ e^ e^ e^ e^ f^ f^"},
    {0x1E20, "g^ g^ h^ h^ h^ h^ h^ h^ h^ h^ h^ h^ i^ i^ i^ i^"},
    {0x1E30, "k^ k^ k^ k^ k^ k^ l^ l^ l^ l^ l^ l^ l^ l^ m^ m^"},
    {0x1E40, "m^ m^ m^ m^ n^ n^ n^ n^ n^ n^ n^ n^ o^ o^ o^ o^"},
    {0x1E50, "o^ o^ o^ o^ p^ p^ p^ p^ r^ r^ r^ r^ r^ r^ r^ r^"},
    {0x1E60, "s^ s^ s^ s^ s^ s^ s^ s^ s^ s^ t^ t^ t^ t^ t^ t^"},
    {0x1E70, "t^ t^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ v^ v^ v^ v^"},
    {0x1E80, "w^ w^ w^ w^ w^ w^ w^ w^ w^ w^ x^ x^ x^ x^ y^ y^"},
    {0x1E90, "z^ z^ z^ z^ z^ z^ h^ t^ w^ y^ a^ s^ ~ ~ ss!"},
    {0x1EA0, "a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^"},
    {0x1EB0, "a^ a^ a^ a^ a^ a^ a^ a^ e^ e^ e^ e^ e^ e^ e^ e^"},
    {0x1EC0, "e^ e^ e^ e^ e^ e^ e^ e^ i^ i^ i^ i^ o^ o^ o^ o^"},
    {0x1ED0, "o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^"},
    {0x1EE0, "o^ o^ o^ o^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^"},
    {0x1EF0, "u^ u^ y^ y^ y^ y^ y^ y^ y^ y^"},
    {0x1F00, "a! a! a! a! a! a! a! a! a! a! a! a! a! a! a! a!"},
    {0x1F10, "e! e! e! e! e! e! ~ ~ e! e! e! e! e! e!"},
    {0x1F20, "e! e! e! e! e! e! e! e! e! e! e! e! e! e! e! e!"},
    {0x1F30, "i! i! i! i! i! i! i! i! i! i! i! i! i! i! i! i!"},
    {0x1F40, "o! o! o! o! o! o! ~ ~ o! o! o! o! o! o!"},
    {0x1F50, "u! u! u! u! u! u! u! u! ~ u! ~ u! ~ u! ~ u!"},
    {0x1F60, "o! o! o! o! o! o! o! o! o! o! o! o! o! o! o! o!"},
    {0x1F70, "a! a! e! e! e! e! i! i! o! o! u! u! o! o!"},
    {0x1F80, "a! a! a! a! a! a! a! a! a! a! a! a! a! a! a! a!"},
    {0x1F90, "e! e! e! e! e! e! e! e! e! e! e! e! e! e! e! e!"},
    {0x1FA0, "o! o! o! o! o! o! o! o! o! o! o! o! o! o! o! o!"},
    {0x1FB0, "a! a! a! a! a! ~ a! a! a! a! a! a! a! - i! -"},
    {0x1FC0, "- - e! e! e! ~ e! e! e! e! e! e! e! - - -"},
    {0x1FD0, "i! i! i! i! ~ ~ i! i! i! i! i! i! ~ - - -"},
    {0x1FE0, "u! u! u! u! r! r! u! u! u! u! u! u! r! - - -"},
    {0x1FF0, "~ ~ o! o! o! ~ o! o! o! o! o! o! o! - -"},
    {0x2000, "-*"},
    {0x2010, "- - - - - - - - ~ ~ - ~ - - - -"},
    {0x2020, "- - - - - - - - - - ~ ~ ~ ~ ~ -"},
    {0x2030, "- - ~ - - - - - - - - - - - - -"},
    {0x2040, "-*"},
    {0x2050, "- - - ~ ~ ~ ~ - ~ ~ ~ ~ ~ ~ ~ -"},
    {0x2070, "0 i ~ ~ 4 5 6 7 8 9 - - - - - n"},
    {0x2080, "0 1 2 3 4 5 6 7 8 9 - - - - -"},
    {0x20A0, "- - - - - - - - rs - - - eur! - - -"},
    {0x2100, "a-c a-s c -c - c-o c-u e! - -f g h h h h h!"},
    {0x2110, "i i l l - n ~ - - p q r r r - -"},
    {0x2120, "sm tel tm - z - o! - z - k a^ b c - e"},
    {0x2130, "e f - m o ~ ~ ~ ~ i - ~ ~ g! g! p!"},
    {0x2140, "- - - - - d d e i j - -"},
    {0x2150, "~ ~ ~ 1-3 2-3 1-5 2-5 3-5 4-5 1-6 5-6 1-8 3-8 5-8 7-8 1-"},
    {0x2160, "i ii iii iv v vi vii viii ix x xi xii l c d m"},
    {0x2170, "i ii iii iv v vi vii viii ix x xi xii l c d m"},
    {0x2460, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"},
    {0x2470, "17 18 19 20 -1- -2- -3- -4- -5- -6- -7- -8- -9- -10- -11- -12-"},
    {0x2480, "-13- -14- -15- -16- -17- -18- -19- -20- 1- 2- 3- 4- 5- 6- 7- 8-"},
    {0x2490, "9- 10- 11- 12- 13- 14- 15- 16- 17- 18- 19- 20- -a- -b- -c- -d-"},
    {0x24A0, "-e- -f- -g- -h- -i- -j- -k- -l- -m- -n- -o- -p- -q- -r- -s- -t-"},
    {0x24B0, "-u- -v- -w- -x- -y- -z- a b c d e f g h i j"},
    {0x24C0, "k l m n o p q r s t u v w x y z"},
    {0x24D0, "a b c d e f g h i j k l m n o p"},
    {0x24E0, "q r s t u v w x y z 0"},
    {0x3000, "- - - - - ~ ~ ~ - - - - - - - -"},
    {0xFB00, "ff fi fl ffi ffl st st"},
};

/// HTML 4's entity names; one that leaves more than a dash tells what after `=`.
inline constexpr std::string_view slug_entities =
    "AElig Aacute=a- Acirc=a- Agrave=a- Alpha Aring=a- Atilde=a- Auml=a- Beta Ccedil=c- Chi Dagger Delta ETH "
    "Eacute=e- Ecirc=e- Egrave=e- Epsilon Eta Euml=e- Gamma Iacute=i- Icirc=i- Igrave=i- Iota Iuml=i- Kappa Lambda "
    "Mu Ntilde=n- Nu OElig Oacute=o- Ocirc=o- Ograve=o- Omega Omicron Oslash Otilde=o- Ouml=o- Phi Pi Prime Psi Rho "
    "Scaron=s- Sigma THORN Tau Theta Uacute=u- Ucirc=u- Ugrave=u- Upsilon Uuml=u- Xi Yacute=y- Yuml=y- Zeta "
    "aacute=a- acirc=a- acute aelig agrave=a- alefsym alpha amp=& and ang aring=a- asymp atilde=a- auml=a- bdquo "
    "beta brvbar bull cap ccedil=c- cedil cent chi circ clubs cong copy crarr cup curren dArr dagger darr deg delta "
    "diams divide eacute=e- ecirc=e- egrave=e- empty emsp ensp epsilon equiv eta eth euml=e- euro exist fnof forall "
    "frac12=1-2 frac14=1-4 frac34=3-4 frasl gamma ge gt hArr harr hearts hellip iacute=i- icirc=i- iexcl igrave=i- "
    "image=i infin int iota iquest isin iuml=i- kappa lArr lambda lang laquo larr lceil ldquo le lfloor lowast loz "
    "lrm lsaquo lsquo lt macr mdash micro middot minus mu nabla nbsp ndash ne ni not notin nsub ntilde=n- nu "
    "oacute=o- ocirc=o- oelig ograve=o- oline omega omicron oplus or ordf=a ordm=o oslash otilde=o- otimes ouml=o- "
    "para part permil perp phi pi piv plusmn pound prime prod prop psi quot rArr radic rang raquo rarr rceil rdquo "
    "real=r reg rfloor rho rlm rsaquo rsquo sbquo scaron=s- sdot sect shy sigma sigmaf sim spades sub sube sum sup "
    "sup1=1 sup2=2 sup3=3 supe szlig tau there4 theta thetasym thinsp thorn tilde times trade=tm uArr uacute=u- "
    "uarr ucirc=u- ugrave=u- uml upsih upsilon uuml=u- weierp xi yacute=y- yen yuml=y- zeta zwj zwnj";
// clang-format on

} // namespace fargate::inline v0::text::detail

#endif

// ---- fargate/text/transliteration.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_TRANSLITERATION_HPP
#define FARGATE_TEXT_TRANSLITERATION_HPP

namespace fargate::inline v0::text {

/// Spells letters of other scripts in Latin ones, for `slug`.
///
/// | expression   | type          | contract                                                                            |
/// |--------------|---------------|-------------------------------------------------------------------------------------|
/// | `m(letters)` | `std::string` | `letters` is UTF-8 and holds neither ASCII nor what the own table of `slug` spells: a |
/// |              |               | whole run of such characters of a name. The answer's ASCII counts, the rest vanishes. |
/// |              |               | Equal letters give an equal answer, on every machine that serves one backend         |
///
/// `m` is const, never throws, and may be used from several threads at once.
template <class Model>
concept transliteration_policy = requires(Model const& m, std::string_view letters) {
    { m(letters) } -> std::same_as<std::string>;
};

/// A model as a plain value, for settings; null: letters that the own table does not spell vanish.
using transliteration = std::string (*)(std::string_view letters);

/// Spells nothing.
struct no_transliteration {
    [[nodiscard]] std::string operator()(std::string_view) const { return {}; }
};

} // namespace fargate::inline v0::text

#endif

// ---- fargate/text/slug.hpp ------------------------------------------------------------------------------------------

#ifndef FARGATE_TEXT_SLUG_HPP
#define FARGATE_TEXT_SLUG_HPP

namespace fargate::inline v0::text {

namespace detail {

/// The n-th word of a text of words with one space between; empty when there are fewer.
[[nodiscard]] constexpr std::string_view word_at(std::string_view words, std::size_t n) noexcept {
    while (n-- != 0) {
        std::size_t const space = words.find(' ');
        if (space == std::string_view::npos) return {};
        words.remove_prefix(space + 1);
    }
    return words.substr(0, words.find(' '));
}

/// A character's word in the table, suffix included; `~` when it vanishes. Requires `point >= 0x80`.
[[nodiscard]] inline std::string_view slug_word(char32_t point) noexcept {
    constexpr std::string_view gone = "~";
    if (point >= 0x2190 && point < 0x2300) return "-"; // arrows and mathematical operators
    if (point > 0xFFFF) return gone;
    auto const after = std::upper_bound(std::begin(slug_rows), std::end(slug_rows), point,
                                        [](char32_t wanted, slug_row const& row) { return wanted < row.first; });
    if (after == std::begin(slug_rows)) return gone;
    slug_row const& row = *std::prev(after);
    if (point - row.first >= slug_row_length) return gone;
    if (row.words == "-*") return "-";
    std::string_view const word = word_at(row.words, point - row.first);
    return word.empty() ? gone : word;
}

/// The full-width forms of ASCII are ASCII.
[[nodiscard]] constexpr bool is_fullwidth(char32_t point) noexcept { return point >= 0xFF01 && point <= 0xFF5E; }

/// Step 1 and 2: apostrophes become dashes, everything else ASCII or nothing. Runs of what the table has no word for are
/// the model's.
template <transliteration_policy Model>
[[nodiscard]] std::string transliterate(std::string_view name, Model const& model) {
    std::string plain;
    plain.reserve(name.size());
    std::string strange;
    auto const spell_strange = [&] {
        if (strange.empty()) return;
        for (char const c : model(std::string_view{strange}))
            if (static_cast<unsigned char>(c) < 0x80) plain += c;
        strange.clear();
    };
    for (std::size_t at = 0; at < name.size();) {
        std::size_t const start = at;
        char32_t const point = next_code_point(name, at);
        if (point == no_code_point) continue;
        std::string_view word = "~";
        if (point >= 0x80 && !is_fullwidth(point)) {
            word = slug_word(point);
            if (word == "~") {
                strange += name.substr(start, at - start);
                continue;
            }
        }
        spell_strange();
        if (point == '\'') {
            if (plain.empty() || plain.back() != '-') plain += '-';
        } else if (point < 0x80) {
            plain += static_cast<char>(point);
        } else if (is_fullwidth(point)) {
            plain += static_cast<char>(point - 0xFEE0);
        } else {
            if (word.back() == '!' || word.back() == '^') word.remove_suffix(1);
            if (word != "~") plain += word;
        }
    }
    spell_strange();
    return plain;
}

/// What a reference to a character leaves: the ASCII of its compatibility decomposition, a dash for the rest.
inline void append_referenced(std::string& out, char32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
        return;
    }
    if (is_fullwidth(point)) {
        out += static_cast<char>(point - 0xFEE0);
        return;
    }
    std::string_view word = slug_word(point);
    char const last = word.back();
    if (last == '~' || last == '!') {
        out += '-';
        return;
    }
    if (last == '^') word.remove_suffix(1);
    out += word;
    if (last == '^') out += '-';
}

/// What HTML's named reference leaves: nothing when there is no such name.
[[nodiscard]] inline std::optional<std::string_view> named_reference(std::string_view name) noexcept {
    for (std::string_view rest = slug_entities; !rest.empty();) {
        std::string_view const entry = rest.substr(0, rest.find(' '));
        std::size_t const equals = entry.find('=');
        if (entry.substr(0, equals) == name)
            return equals == std::string_view::npos ? std::string_view{"-"} : entry.substr(equals + 1);
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    }
    return std::nullopt;
}

/// The number of a reference's digits; nothing when they name no character.
[[nodiscard]] constexpr std::optional<char32_t> referenced_point(std::string_view digits, char32_t base) noexcept {
    char32_t point = 0;
    for (char const c : digits) {
        auto const digit = static_cast<char32_t>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
        point = point * base + digit;
        if (point > 0x10FFFF) return std::nullopt;
    }
    return point;
}

/// Step 3, one kind of reference at a time: `&name;` (empty `mark`), then `&#123;`, then `&#x1F;`. One number that is no
/// character leaves all numbers of its kind as they are, as the original does.
[[nodiscard]] inline std::string replace_references(std::string_view plain, std::string_view mark) {
    std::string made;
    made.reserve(plain.size());
    auto const is_part = [&](char c) {
        if (mark.empty()) return is_alnum(c);
        return is_digit(c) || (mark == "#x" && to_lower(c) >= 'a' && to_lower(c) <= 'f');
    };
    for (std::size_t at = 0; at < plain.size();) {
        std::size_t end = at + 1 + mark.size();
        if (plain[at] == '&' && plain.substr(at + 1, mark.size()) == mark) {
            std::size_t const start = end;
            while (end < plain.size() && is_part(plain[end])) ++end;
            std::string_view const body = plain.substr(std::min(start, plain.size()), end - start);
            bool const closed = !body.empty() && end < plain.size() && plain[end] == ';';
            if (closed && mark.empty()) {
                if (auto const left = named_reference(body)) {
                    made += *left;
                    at = end + 1;
                    continue;
                }
            } else if (closed) {
                auto const point = referenced_point(body, mark == "#" ? 10 : 16);
                if (!point) return std::string{plain};
                append_referenced(made, *point);
                at = end + 1;
                continue;
            }
        }
        made += plain[at++];
    }
    return made;
}

} // namespace detail

/// A name as one lower-case word of a-z, 0-9 and single dashes: `ETL_v2.1 (prod)` is `etl-v2-1-prod`. Follows
/// python-slugify 4.0, which named the task definitions and the S3 keys of Prefect's agent, for the Latin, Greek and
/// Cyrillic scripts; where the original had a table for further scripts (Chinese, Japanese, Korean, Arabic, ...) the model
/// spells them. May be empty; with the model that spells nothing never longer than four characters for each byte of
/// `name`. Bytes that are not UTF-8 vanish.
template <transliteration_policy Model>
[[nodiscard]] std::string slug(std::string_view name, Model const& model) {
    std::string plain = detail::transliterate(name, model);
    if (contains(plain, "&")) {
        plain = detail::replace_references(plain, "");
        plain = detail::replace_references(plain, "#");
        plain = detail::replace_references(plain, "#x");
    }
    std::erase(plain, '\'');

    std::string made;
    made.reserve(plain.size());
    for (std::size_t at = 0; at != plain.size(); ++at) {
        char const c = to_lower(plain[at]);
        if (is_alnum(c)) {
            made += c;
        } else if (c == ',' && at != 0 && is_digit(plain[at - 1]) && at + 1 != plain.size() &&
                   is_digit(plain[at + 1])) {
            continue; // 1,000
        } else if (!made.empty() && made.back() != '-') {
            made += '-';
        }
    }
    if (!made.empty() && made.back() == '-') made.pop_back();
    return made;
}

/// The same where letters of further scripts vanish.
[[nodiscard]] inline std::string slug(std::string_view name) { return slug(name, no_transliteration{}); }

} // namespace fargate::inline v0::text

#endif

// ---- fargate/deploy/settings.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_SETTINGS_HPP
#define FARGATE_DEPLOY_SETTINGS_HPP

namespace fargate::inline v0::deploy {

/// Whose environment a flow's container gets.
enum class container_profile : unsigned char {
    v0_13, ///< as the agents of Prefect 0.13 set it
    v0_15  ///< as those of 0.15: `PREFECT__BACKEND` first, and where logs go under two names
};

/// Where each flow's own keyword arguments are kept: `<key>/<slug of the flow's name>/<first eight of its id>.json`.
struct external_settings {
    bool enabled = false;
    std::string bucket{};
    std::string key{}; ///< a prefix; may be empty
};

/// What every launch of one agent has in common. Nothing in here may differ between two agents that serve the same
/// runs: ECS takes the second of two launches for the first only when they are the same to the byte.
struct settings {
    std::string api{};                 ///< the API's address as containers reach it; empty: Prefect Cloud's
    secret token{};                    ///< handed to the flow's container
    std::vector<std::string> labels{}; ///< shown to the flow's container
    std::vector<std::pair<std::string, std::string>> env_vars{}; ///< name and value, in order; a later one wins
    bool log_to_cloud = true;
    std::string logging_level = "INFO";
    std::string launch_type = "FARGATE"; ///< empty: none is sent
    bool enable_task_revisions = false;
    container_profile profile = container_profile::v0_13;
    std::string backend = "cloud";    ///< `cloud` or `server`, for the 0.15 profile
    secret api_key{};                 ///< handed to the flow's container when not empty, with the tenant
    std::string tenant_id{};          ///< empty: none is handed over
    bool refresh_definitions = false; ///< register anew when what is registered differs from what would be sent
    bool use_run_config = false;      ///< a run configuration's cpu, memory, env, roles and run_task_kwargs count
    bool strict = false;              ///< an unknown keyword argument is an error, not a warning
    bool parameter_validation = true; ///< false: what is over a limit of AWS's is sent, for AWS to refuse
    external_settings external{};
    deploy::kwargs kwargs{};
    text::transliteration transliterate = nullptr; ///< spells what `text::slug` cannot; null: it vanishes from names
};

/// A flow's name as families and S3 keys carry it; may be empty.
[[nodiscard]] inline std::string slug_of(std::string_view name, settings const& with) {
    return with.transliterate != nullptr ? text::slug(name, with.transliterate) : text::slug(name);
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/prefect/flow_run.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_FLOW_RUN_HPP
#define FARGATE_PREFECT_FLOW_RUN_HPP

namespace fargate::inline v0::prefect {

/// A task run that is due inside a flow run which is already running.
struct task_run {
    std::string id{};
    std::int64_t version = 0;
    std::string task_id{};
    json::value state{}; ///< its serialized state as received
};

/// The flow that a run belongs to. `storage`, `environment` and `run_config` are null when absent.
struct flow {
    std::string id{};
    std::string name{};
    std::optional<std::int64_t> version{};
    std::string core_version{}; ///< Prefect's version at registration; empty when not recorded
    json::value storage{};
    json::value environment{};
    json::value run_config{};

    /// The first eight characters of the id, as task definitions, tags and S3 keys carry it.
    [[nodiscard]] std::string id8() const { return id.substr(0, 8); }
};

/// One run that the backend offers, as its metadata tells it.
struct flow_run {
    std::string id{};
    std::int64_t version = 0;
    std::string scheduled_start_time{};
    json::value state{}; ///< its serialized state as received
    prefect::flow flow{};
    json::value run_config{}; ///< the run's own, newer backends only; null when absent
    std::vector<task_run> task_runs{};
    std::optional<time_point> not_before{}; ///< when it is due, where it was asked for ahead of time: claim it then
};

namespace detail {

[[nodiscard]] inline json::value copy_of(json::value const& row, std::string_view key) {
    auto const* const found = json::member(row, key);
    return found != nullptr ? *found : json::value(nullptr);
}

[[nodiscard]] inline std::string text_or_empty(json::value const& row, std::string_view key) {
    return std::string{json::text_of(row, key).value_or("")};
}

[[nodiscard]] inline error unreadable_row(char const* what) {
    return fail(errc::malformed_response, std::string{"flow run metadata holds a "} + what);
}

[[nodiscard]] inline result<task_run> read_task_run(json::value const& row) {
    auto const version = json::integer_of(row, "version");
    task_run made{text_or_empty(row, "id"), version.value_or(0), text_or_empty(row, "task_id"),
                  copy_of(row, "serialized_state")};
    if (made.id.empty()) return unreadable_row("task run without an id");
    if (!version) return unreadable_row("task run without a version");
    return made;
}

[[nodiscard]] inline result<flow_run> read_flow_run(json::value const& row) {
    flow_run made;
    made.id = text_or_empty(row, "id");
    if (made.id.empty()) return unreadable_row("flow run without an id");
    auto const version = json::integer_of(row, "version");
    if (!version) return unreadable_row("flow run without a version");
    made.version = *version;
    made.scheduled_start_time = text_or_empty(row, "scheduled_start_time");
    made.state = copy_of(row, "serialized_state");
    made.run_config = copy_of(row, "run_config");

    auto const* const flow = json::object_of(row, "flow");
    if (flow == nullptr) return unreadable_row("flow run without its flow");
    made.flow = {text_or_empty(*flow, "id"),           text_or_empty(*flow, "name"), json::integer_of(*flow, "version"),
                 text_or_empty(*flow, "core_version"), copy_of(*flow, "storage"),    copy_of(*flow, "environment"),
                 copy_of(*flow, "run_config")};
    if (made.flow.id.empty()) return unreadable_row("flow without an id");

    if (auto const* const rows = json::array_of(row, "task_runs")) {
        for (auto const& each : *rows) {
            auto read = read_task_run(each);
            if (!read) return read.error();
            made.task_runs.push_back(*std::move(read));
        }
    }
    return made;
}

} // namespace detail

/// When a run is due: the start time of its state, and of one that is Scheduled without one its scheduled start. Nothing
/// for any other, such as a flow that runs already.
[[nodiscard]] inline std::optional<time_point> due_time_of(flow_run const& run) {
    if (auto const start = json::text_of(run.state, "start_time")) return text::parse_iso8601(*start);
    if (json::text_of(run.state, "type") != "Scheduled") return std::nullopt;
    return text::parse_iso8601(run.scheduled_start_time);
}

/// The rows of a metadata answer, in its order. `data` is the answer's `data`, with the member `flow_run`. Ids, versions
/// and the flow must be there (the API declares them non-null), everything else may be absent;
/// `errc::malformed_response` names what is missing.
[[nodiscard]] inline result<std::vector<flow_run>> read_flow_runs(json::value const& data) {
    auto const* const rows = json::array_of(data, "flow_run");
    if (rows == nullptr) return fail(errc::malformed_response, "flow run metadata has no list of flow runs");
    std::vector<flow_run> runs;
    runs.reserve(rows->size());
    for (auto const& each : *rows) {
        auto read = detail::read_flow_run(each);
        if (!read) return read.error();
        runs.push_back(*std::move(read));
    }
    return runs;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/deploy/external_kwargs.hpp -----------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_EXTERNAL_KWARGS_HPP
#define FARGATE_DEPLOY_EXTERNAL_KWARGS_HPP

namespace fargate::inline v0::deploy {

/// The key of a flow's own keyword arguments: `<prefix>/<slug of its name>/<first eight of its id>.json`. An empty prefix
/// or slug leaves out its part, a slash at the end of the prefix is not doubled, and everything else in it is kept.
[[nodiscard]] inline std::string external_key(prefect::flow const& flow, settings const& with) {
    std::string key = with.external.key;
    for (auto const& part : {slug_of(flow.name, with), flow.id8() + ".json"}) {
        if (part.empty()) continue;
        if (!key.empty() && key.back() != '/') key += '/';
        key += part;
    }
    return key;
}

namespace detail {

/// Keeps lines, so that they can be told with the place that they are about.
struct kept_lines {
    std::vector<std::string> lines{};
    void write(log_level, std::string_view text) { lines.emplace_back(text); }
};

/// Which launch type runs is the agent's matter. Taken out of `given`; the line to say about it, empty when it was not
/// there. Requires an object.
[[nodiscard]] inline std::string take_launch_type(json::value& given) {
    std::string line;
    for (std::string const name : {"launchType", "launch_type"}) {
        if (json::member(given, name) != nullptr)
            line = name + " cannot be set there and is ignored: set the agent's option launch_type";
        given.erase(name);
    }
    return line;
}

} // namespace detail

/// Keyword arguments that a flow has for itself, a JSON object in S3 where the settings say. `S3` has `get_object`, as
/// `aws::s3`; it, the settings and `log` are kept as references. May be used from several threads at once as far as these
/// may. With `settings::strict`, what would be a warning about the file's content is an error.
template <class S3, log_policy Log>
class external_kwargs {
public:
    external_kwargs(S3& s3, settings const& with, Log& log) : s3_{s3}, with_{with}, log_{log} {}

    /// What is kept for a flow, to be put over the agent's own with `replace`; nothing when S3 has no such object. An
    /// object that may not be read counts as none, with a warning: S3 also says that of one that is not there when the
    /// bucket may not be listed. Any other failure to read it, and content that is no such object, is an error that names
    /// the object; no value of it is ever told.
    /// Each call asks S3 anew: what is put there counts from the next run on.
    [[nodiscard]] result<std::optional<kwargs>> fetch(prefect::flow const& flow, std::stop_token stop = {}) const {
        std::string const& bucket = with_.external.bucket;
        std::string const key = external_key(flow, with_);
        std::string const place = "external kwargs s3://" + bucket + "/" + key;
        log_.write(log_level::info, "Fetching external kwargs from S3");
        log_.write(log_level::debug, "Looking for " + place);
        auto object = s3_.get_object({.bucket = bucket, .key = key}, std::move(stop));
        if (!object) {
            error why = std::move(object).error();
            bool const denied = why.service_code == "AccessDenied";
            bool const no_bucket = why.service_code == "NoSuchBucket";
            if (denied)
                log_.write(log_level::warning,
                           "Access to " + place +
                               " is denied, going on without: allow s3:GetObject on the object, and "
                               "s3:ListBucket on the bucket to tell denied from missing");
            else if (no_bucket)
                log_.write(log_level::warning,
                           "There is no bucket " + bucket +
                               ", going on without external kwargs: check external_kwargs_s3_bucket");
            else if (why.service_code != "NoSuchKey")
                return at(place, std::move(why));
            log_.write(log_level::info, "Flow id " + flow.id8() + " does not have external kwargs.");
        }
        log_.write(log_level::info, "Updating default kwargs with external");
        if (!object) return std::optional<kwargs>{};
        auto read = read_object(place, object->body);
        if (!read) return at(place, std::move(read).error());
        return std::optional{*std::move(read)};
    }

private:
    [[nodiscard]] static error at(std::string const& place, error why) {
        why.message = place + ": " + why.message;
        return why;
    }

    [[nodiscard]] result<kwargs> read_object(std::string const& place, std::string_view body) const {
        auto given = json::parse(body);
        if (!given) return fail(errc::invalid_argument, given.error().message);
        if (!given->is_object()) return detail::wrong_type("it", kwarg_type::object, detail::article_and_type(*given));
        detail::kept_lines told;
        if (auto line = detail::take_launch_type(*given); !line.empty()) told.lines.push_back(std::move(line));
        auto read = read_kwargs(*given, told, with_.strict);
        if (!read) return read;
        if (with_.strict && !told.lines.empty()) return fail(errc::invalid_argument, told.lines.front());
        for (auto const& line : told.lines) log_.write(log_level::warning, place + ": " + line);
        return read;
    }

    S3& s3_;
    settings const& with_;
    Log& log_;
};

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/difference.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_DIFFERENCE_HPP
#define FARGATE_DEPLOY_DIFFERENCE_HPP

namespace fargate::inline v0::deploy {

namespace detail {

/// An amount of `cpu` or `memory` in AWS's units: `1 vCPU` and `1 GB` are 1024. Texts that are none stay as they are.
[[nodiscard]] inline std::string amount_of(json::value const& given) {
    auto const raw = json::as_text(given);
    if (!raw) return json::write(given);
    std::string_view const text = text::trim(*raw);
    double number = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || number < 0 || number > 1e9) return std::string{text};
    std::string_view const unit = text::trim(text.substr(static_cast<std::size_t>(read.ptr - text.data())));
    if (text::iequals(unit, "vcpu") || text::iequals(unit, "gb"))
        number *= 1024;
    else if (!unit.empty() && !text::iequals(unit, "mb"))
        return std::string{text};
    return std::to_string(static_cast<long long>(number + 0.5));
}

/// What AWS leaves out of an answer.
[[nodiscard]] inline bool says_nothing(json::value const& given) noexcept {
    return given.is_null() || json::as_text(given) == std::string_view{} || given == false ||
           ((given.is_array() || given.is_object()) && given.empty());
}

/// Goes through what would be sent and looks each member up in what is registered.
class difference_finder {
public:
    std::vector<std::string> paths{};

    void compare(std::string const& path, std::string_view name, json::value const& wanted,
                 json::value const* registered) {
        if (registered == nullptr) {
            if (!says_nothing(wanted)) paths.push_back(path);
        } else if (wanted.is_object() && registered->is_object()) {
            for (auto const& [member, value] : *wanted.get_ptr<json::value::object_t const*>())
                compare(path + "." + member, member, value, json::member(*registered, member));
        } else if (wanted.is_array() && registered->is_array()) {
            list(path, name, wanted, *registered);
        } else if (!is_same(name, wanted, *registered)) {
            paths.push_back(path);
        }
    }

private:
    /// By what the elements of a list are told apart; empty: by all that they are.
    [[nodiscard]] static std::string_view key_of(std::string_view list) noexcept {
        if (list == "tags") return "key";
        if (list == "mountPoints") return "containerPath";
        constexpr std::string_view named[] = {"containerDefinitions", "environment",  "secrets", "volumes",
                                              "properties",           "secretOptions"};
        return std::find(std::begin(named), std::end(named), list) != std::end(named) ? "name" : "";
    }

    /// Whether others may add elements of their own.
    [[nodiscard]] static bool is_open(std::string_view list) noexcept {
        return list == "tags" || list == "containerDefinitions" || list == "requiresCompatibilities";
    }

    [[nodiscard]] static bool is_same(std::string_view name, json::value const& wanted, json::value const& registered) {
        if (wanted == registered || (says_nothing(wanted) && says_nothing(registered))) return true;
        if (name == "cpu" || name == "memory") return amount_of(wanted) == amount_of(registered);
        auto const text = json::as_text(wanted);
        auto const arn = json::as_text(registered);
        if (name.ends_with("RoleArn") && text && arn) return arn->ends_with("/" + std::string{*text});
        return false;
    }

    void list(std::string const& path, std::string_view name, json::value const& wanted,
              json::value const& registered) {
        std::string_view const key = key_of(name);
        if (key.empty()) {
            if (!same_elements(name, wanted, registered)) paths.push_back(path);
            return;
        }
        for (std::size_t i = 0; i != wanted.size(); ++i) {
            auto const* const last = last_of(wanted, key, json::text_of(wanted[i], key));
            if (last == &wanted[i])
                element(path, name, i, wanted[i], last_of(registered, key, json::text_of(wanted[i], key)));
        }
        if (is_open(name)) return;
        for (auto const& each : registered) {
            auto const id = json::text_of(each, key);
            if (last_of(wanted, key, id) == nullptr) paths.push_back(path + "." + shown_name(id.value_or("")));
        }
    }

    void element(std::string const& path, std::string_view list, std::size_t index, json::value const& wanted,
                 json::value const* registered) {
        bool const is_pair = list == "environment" || list == "tags";
        auto const id = json::text_of(wanted, key_of(list));
        bool const is_indexed = list == "containerDefinitions" || !id;
        std::string const place = path + (is_indexed ? "[" + std::to_string(index) + "]" : "." + shown_name(*id));
        if (!is_pair || registered == nullptr)
            compare(place, "", wanted, registered);
        else if (auto const* const value = json::member(wanted, "value"))
            compare(place, "", *value, json::member(*registered, "value"));
    }

    /// Of two entries of one name ECS takes the last.
    [[nodiscard]] static json::value const* last_of(json::value const& list, std::string_view key,
                                                    std::optional<std::string_view> id) noexcept {
        json::value const* found = nullptr;
        for (auto const& each : list)
            if (json::text_of(each, key) == id) found = &each;
        return found;
    }

    /// Commands have an order; the other lists are sets.
    [[nodiscard]] static bool same_elements(std::string_view name, json::value const& wanted,
                                            json::value const& registered) {
        if (name == "command") return wanted == registered;
        if (!is_open(name) && wanted.size() != registered.size()) return false;
        return std::all_of(wanted.begin(), wanted.end(), [&](json::value const& each) {
            return std::any_of(registered.begin(), registered.end(), [&](json::value const& other) {
                difference_finder inner;
                inner.compare("", "", each, &other);
                return inner.paths.empty();
            });
        });
    }
};

} // namespace detail

/// Where a task definition that is registered differs from one that would be: `definition` is a RegisterTaskDefinition
/// body, `described` the answer to DescribeTaskDefinition with its tags. Each member of `definition` is looked up, members
/// that only the answer has do not count, except entries of the lists that are given whole (environment, secrets, volumes,
/// ...). Lists other than commands have no order. Paths and never values, in the order of `definition`, each once:
/// `containerDefinitions[0].environment.PREFECT__CLOUD__API`. Nothing when the answer holds no definition.
[[nodiscard]] inline std::vector<std::string> differences(json::value const& definition, json::value const& described) {
    detail::difference_finder finder;
    auto const* const registered = json::object_of(described, "taskDefinition");
    auto const* const members = definition.get_ptr<json::value::object_t const*>();
    if (registered == nullptr || members == nullptr) return {};
    for (auto const& [name, value] : *members)
        finder.compare(name, name, value, json::member(name == "tags" ? described : *registered, name));
    std::vector<std::string> paths;
    for (auto& each : finder.paths)
        if (std::find(paths.begin(), paths.end(), each) == paths.end()) paths.push_back(std::move(each));
    return paths;
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/launch_plan.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_LAUNCH_PLAN_HPP
#define FARGATE_DEPLOY_LAUNCH_PLAN_HPP

namespace fargate::inline v0::deploy {

/// Everything a launch needs, decided before the first call: a pure function of the run and the configuration, the same
/// bytes for every agent that plans it.
struct launch_plan {
    /// Which task definition may be used again instead of registering one.
    struct reuse {
        bool revisions = false;                     ///< look at the flow tags, not only at the family's existence
        std::string flow_id8{};                     ///< tag `PrefectFlowId`
        std::optional<std::int64_t> flow_version{}; ///< tag `PrefectFlowVersion`
        bool refresh = false;                       ///< not one that differs from what would be registered
    };

    /// Whose launch it is: tokens are made of it, and of the attempt's number. With an empty `run` there is no token.
    struct wish {
        std::string backend{}; ///< the API's address
        std::string run{};     ///< the run's id
        std::string epoch{};   ///< which of its schedules
    };

    std::string family{};     ///< task definition family
    json::value definition{}; ///< RegisterTaskDefinition body
    json::value task{};       ///< RunTask body; `taskDefinition` is the family until a revision is known
    launch_plan::reuse reusable{};
    launch_plan::wish wanted{};
    duration max_run{}; ///< the task is stopped when it has run so long; zero: never
};

/// What a launch became.
struct launched {
    std::string task_arn{};
    std::string definition{}; ///< the family or ARN that was run
    bool registered = false;  ///< a new definition was made for it
};

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/prefect/flow_source.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_FLOW_SOURCE_HPP
#define FARGATE_PREFECT_FLOW_SOURCE_HPP

namespace fargate::inline v0 {

/// What became of the wish to own a run.
struct claim {
    enum class outcome : unsigned char {
        won,     ///< it is ours: launch it
        lost,    ///< another agent has it, or it is no longer due: leave it alone
        later,   ///< ask again after `wait`
        unclear, ///< no answer said so, and none could be had by looking: it may be ours
    };
    outcome kind = outcome::won;
    std::string reason{};
    duration wait{};
};

/// How far a run has come.
enum class run_life : unsigned char {
    waiting,    ///< nobody has claimed it, or it waits to be claimed once more
    claimed,    ///< some agent's, and its own code has not reported yet
    running,    ///< its own code reports
    cancelling, ///< somebody wants it ended
    cancelled,  ///< ended by somebody's wish
    finished    ///< ended in any other way
};

/// A run as its backend shows it at one moment.
template <class Run>
struct run_view {
    Run run{};
    run_life life = run_life::waiting;
    bool ours = false;                 ///< claimed by this agent, or by one that takes its place
    std::optional<time_point> since{}; ///< when it came to this life, by the backend's clock
};

/// Where runs come from and where their fate is told.
///
/// | expression                       | type                                   | contract                                |
/// |----------------------------------|----------------------------------------|-----------------------------------------|
/// | `S::run`                         | a copyable value                       | one run; `run.id` is its id, a `std::string` |
/// | `s.open(stop)`                   | `result<void>`                         | makes this agent known; called once, before all else |
/// | `s.poll(busy, stop)`             | `result<std::vector<S::run>>`          | the runs that are due, without those whose id is in `busy` (a `std::span<std::string const>`), in launch order |
/// | `s.claim(run, stop)`             | `result<claim>`                        | makes the run ours; an error is a refusal that names what is wrong with the run |
/// | `s.look(ids, stop)`              | `result<std::vector<run_view<S::run>>>` | these runs as they are now, whole; without those that the backend does not know |
/// | `s.owned(stop)`                  | `result<std::vector<run_view<S::run>>>` | the runs that are claimed, not begun, and ours |
/// | `s.cancelling(ids, stop)`        | `result<std::vector<std::string>>`     | which of these are to be ended, or were by somebody's wish |
/// | `s.launched(id, handle, stop)`   | `result<void>`                         | tells the run what it became (a task ARN) |
/// | `s.failed(id, reason, stop)`     | `result<bool>`                         | the reason into the run's log, and a final state unless it has one or waits to be claimed again: true when it was set |
/// | `s.cancelled(id, reason, stop)`  | `result<bool>`                         | likewise, for a run whose task was ended by somebody's wish |
/// | `s.note(id, level, text, stop)`  | `result<void>`                         | a line in the run's own log             |
/// | `s.heartbeat(id, stop)`          | `result<void>`                         | the run is being taken care of, though it is silent |
///
/// A source whose claims can be given back also has `s.release(run, why, stop) -> result<void>`.
///
/// `open` and `poll` are called by one thread, the others by several at once. `stop` ends waiting, not what was sent.
template <class Source>
concept flow_source = requires(Source& s, typename Source::run const& run, std::span<std::string const> ids,
                               std::string_view text, std::stop_token stop) {
    { run.id } -> std::convertible_to<std::string_view>;
    { s.open(stop) } -> std::same_as<result<void>>;
    { s.poll(ids, stop) } -> std::same_as<result<std::vector<typename Source::run>>>;
    { s.claim(run, stop) } -> std::same_as<result<claim>>;
    { s.look(ids, stop) } -> std::same_as<result<std::vector<run_view<typename Source::run>>>>;
    { s.owned(stop) } -> std::same_as<result<std::vector<run_view<typename Source::run>>>>;
    { s.cancelling(ids, stop) } -> std::same_as<result<std::vector<std::string>>>;
    { s.launched(text, text, stop) } -> std::same_as<result<void>>;
    { s.failed(text, text, stop) } -> std::same_as<result<bool>>;
    { s.cancelled(text, text, stop) } -> std::same_as<result<bool>>;
    { s.note(text, log_level::info, text, stop) } -> std::same_as<result<void>>;
    { s.heartbeat(text, stop) } -> std::same_as<result<void>>;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/prefect/state.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_STATE_HPP
#define FARGATE_PREFECT_STATE_HPP

// States as Prefect 0.13 to 1.x serialise them: an object with `type`, `message`, `context`, `cached_inputs`, `_result`,
// `__version__` and members of the type's own.

namespace fargate::inline v0::prefect {

/// Texts that go into a state or a run's log are cut to this many bytes. Written twice as JSON a byte becomes seven at
/// most, and the server refuses states, and whole requests, of more than a million.
inline constexpr std::size_t longest_message = 64 * 1024;

/// The beginning of a text, in whole characters (UTF-8), with a word on how much is missing; short texts as they are.
[[nodiscard]] inline std::string bounded_message(std::string_view text, std::size_t limit = longest_message) {
    if (text.size() <= limit) return std::string{text};
    std::size_t kept = limit;
    for (int back = 0; kept != 0 && back != 3 && (static_cast<unsigned char>(text[kept]) & 0xC0U) == 0x80U; ++back)
        --kept;
    return std::string{text.substr(0, kept)} + "... (" + std::to_string(text.size() - kept) + " more bytes)";
}

namespace detail {

template <std::size_t Count>
[[nodiscard]] constexpr bool is_one_of(std::string_view const (&names)[Count], std::string_view name) noexcept {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

[[nodiscard]] constexpr bool is_scheduled_type(std::string_view type) noexcept {
    constexpr std::string_view names[] = {"Scheduled", "Resume", "Retrying", "Paused", "Queued"};
    return is_one_of(names, type);
}

[[nodiscard]] constexpr bool is_other_type(std::string_view type) noexcept {
    constexpr std::string_view names[] = {"Cancelled", "Cached",        "ClientFailed", "Failed",
                                          "Finished",  "Looped",        "Mapped",       "Pending",
                                          "Running",   "Cancelling",    "Skipped",      "Submitted",
                                          "Success",   "TriggerFailed", "TimedOut",     "ValidationFailed"};
    return is_one_of(names, type);
}

[[nodiscard]] constexpr bool is_wrapper_type(std::string_view type) noexcept {
    constexpr std::string_view names[] = {"Queued", "Submitted", "ClientFailed"};
    return is_one_of(names, type);
}

[[nodiscard]] inline json::value bare_state(char const* type, std::string_view message, std::string_view core_version) {
    auto made = json::value::object();
    json::set(made, "type", type);
    json::set(made, "message", std::string{message});
    json::set(made, "context", json::value::object());
    json::set(made, "cached_inputs", json::value::object());
    auto nothing = json::value::object();
    json::set(nothing, "type", "NoResultType");
    json::set(nothing, "__version__", std::string{core_version});
    json::set(made, "_result", std::move(nothing));
    return made;
}

} // namespace detail

/// True for a state that is waiting for somebody to submit it: Scheduled, Resume, Retrying, Paused or Queued.
/// `errc::malformed_response` when it has no type, or one that Prefect does not know: what that means cannot be guessed.
[[nodiscard]] inline result<bool> is_scheduled(json::value const& state) {
    auto const type = json::text_of(state, "type");
    if (!type) return fail(errc::malformed_response, "its state has no type");
    if (detail::is_scheduled_type(*type)) return true;
    if (detail::is_other_type(*type)) return false;
    return fail(errc::malformed_response, "its state has the unknown type " + bounded_message(*type, 64));
}

/// The state that is nested into a new one: the received object as it is, or what is inside when it is itself a wrapper
/// (Queued, Submitted, ClientFailed). Null when there is nothing.
[[nodiscard]] inline json::value const& unwrapped(json::value const& state) {
    static json::value const nothing = nullptr;
    json::value const* at = &state;
    while (at != nullptr && detail::is_wrapper_type(json::text_of(*at, "type").value_or("")))
        at = json::member(*at, "state");
    return at != nullptr ? *at : nothing;
}

/// Submitted, around the state it follows.
[[nodiscard]] inline json::value submitted_state(json::value const& previous, std::string_view message,
                                                 std::string_view core_version) {
    auto made = detail::bare_state("Submitted", message, core_version);
    json::set(made, "state", unwrapped(previous));
    json::set(made, "__version__", std::string{core_version});
    return made;
}

/// Failed, for the reason that `message` gives, cut to `longest_message`.
[[nodiscard]] inline json::value failed_state(std::string_view message, std::string_view core_version) {
    auto made = detail::bare_state("Failed", bounded_message(message), core_version);
    json::set(made, "__version__", std::string{core_version});
    return made;
}

/// Cancelled, by the wish that `message` tells of, cut likewise.
[[nodiscard]] inline json::value cancelled_state(std::string_view message, std::string_view core_version) {
    auto made = detail::bare_state("Cancelled", bounded_message(message), core_version);
    json::set(made, "__version__", std::string{core_version});
    return made;
}

/// How far a run is whose state has this type. What is not known is taken for an end, which nobody writes over.
[[nodiscard]] constexpr run_life life_of(std::string_view type) noexcept {
    if (detail::is_scheduled_type(type) || type == "Pending") return run_life::waiting;
    if (type == "Submitted") return run_life::claimed;
    if (type == "Running") return run_life::running;
    if (type == "Cancelling") return run_life::cancelling;
    if (type == "Cancelled") return run_life::cancelled;
    return run_life::finished;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/deploy/client_token.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_CLIENT_TOKEN_HPP
#define FARGATE_DEPLOY_CLIENT_TOKEN_HPP

namespace fargate::inline v0::deploy {

namespace detail {

/// RFC 4648 section 5, without padding.
[[nodiscard]] inline std::string base64url(std::string_view bytes) {
    constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string made;
    std::uint32_t held = 0;
    int bits = 0;
    for (char const c : bytes) {
        held = ((held << 8U) | static_cast<unsigned char>(c)) & 0xFFFFU;
        for (bits += 8; bits >= 6; bits -= 6) made += alphabet[(held >> static_cast<unsigned>(bits - 6)) & 0x3FU];
    }
    if (bits != 0) made += alphabet[(held << static_cast<unsigned>(6 - bits)) & 0x3FU];
    return made;
}

/// The version that the state waiting to be submitted had: submitting it adds one.
[[nodiscard]] inline std::int64_t version_before_claim(json::value const& state, std::int64_t version) noexcept {
    return json::text_of(state, "type") == std::string_view{"Submitted"} ? version - 1 : version;
}

} // namespace detail

/// Names one wish to have a run executed: the same before and after a claim, another one when the server schedules the run
/// again, and for a run that is already under way another one for each set of due task runs.
[[nodiscard]] inline std::string epoch_of(prefect::flow_run const& run) {
    std::vector<std::pair<std::string_view, std::int64_t>> due;
    for (auto const& each : run.task_runs) {
        std::int64_t const version = detail::version_before_claim(each.state, each.version);
        if (version != each.version || prefect::is_scheduled(each.state).value_or(false))
            due.emplace_back(each.id, version);
    }
    std::sort(due.begin(), due.end());
    std::string epoch = std::to_string(detail::version_before_claim(run.state, run.version));
    for (auto const& [id, version] : due) epoch.append(",").append(id).append(":").append(std::to_string(version));
    return epoch;
}

/// RunTask's `clientToken`: whoever launches this run of this backend, and however often, gets one task as long as it is
/// sent with the same body. 43 characters of the 64 that ECS allows.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string client_token(std::string_view api, prefect::flow_run const& run, unsigned attempt,
                                       Hash const& hash) {
    std::string const named = std::string{api} + '|' + run.id + '|' + epoch_of(run) + '|' + std::to_string(attempt);
    return detail::base64url(crypto::bytes_of(hash.sha256(named)));
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/image.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_IMAGE_HPP
#define FARGATE_DEPLOY_IMAGE_HPP

namespace fargate::inline v0::deploy {

namespace detail {

/// The next run of digits, or of lower-case letters, or of anything else up to a dot: how Prefect's agent cut versions.
[[nodiscard]] constexpr std::string_view next_component(std::string_view& rest) noexcept {
    while (!rest.empty() && rest.front() == '.') rest.remove_prefix(1);
    auto const kind = [](char c) { return text::is_digit(c) ? 0 : text::is_lower(c) ? 1 : c == '.' ? 2 : 3; };
    std::size_t end = 0;
    while (end != rest.size() && kind(rest[end]) == kind(rest.front())) ++end;
    std::string_view const component = rest.substr(0, end);
    rest.remove_prefix(end);
    return component;
}

/// Whether a flow's Prefect version lies before another; nothing when letters stand where a number is compared. A version
/// that only lacks components lies before: `0.13` before `0.13.0`.
[[nodiscard]] constexpr std::optional<bool> is_before(std::string_view version,
                                                      std::array<unsigned, 3> const& other) noexcept {
    for (unsigned const wanted : other) {
        std::string_view const component = next_component(version);
        if (component.empty()) return true;
        if (!text::is_digit(component.front())) return std::nullopt;
        unsigned number = 0;
        for (char const c : component) number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 1000000U);
        if (number != wanted) return number < wanted;
    }
    return false;
}

/// Joins an image name to its registry as Python's `PurePosixPath` joins: an absolute name stands alone; empty and `.`
/// components vanish.
[[nodiscard]] inline std::string join_path(std::string_view registry, std::string_view name) {
    if (!name.empty() && name.front() == '/') registry = {};
    std::string_view const first = registry.empty() ? name : registry;
    std::string_view const root = first.substr(0, std::min(first.find_first_not_of('/'), first.size()));
    std::string made = root.size() == 2 ? "//" : root.empty() ? "" : "/";
    for (std::string_view rest : {registry, name}) {
        while (!rest.empty()) {
            std::string_view const part = rest.substr(0, rest.find('/'));
            rest.remove_prefix(std::min(rest.size(), part.size() + 1));
            if (part.empty() || part == ".") continue;
            if (!made.empty() && made.back() != '/') made += '/';
            made += part;
        }
    }
    return made;
}

[[nodiscard]] inline bool is_docker(json::value const& storage) noexcept {
    return json::text_of(storage, "type") == std::string_view{"Docker"};
}

[[nodiscard]] inline result<std::string> docker_image(json::value const& storage) {
    auto const name = json::text_of(storage, "image_name");
    auto const tag = json::text_of(storage, "image_tag");
    if (!name || !tag)
        return fail(errc::invalid_argument, "Docker storage is missing required fields image_name and image_tag");
    std::string image = join_path(json::text_of(storage, "registry_url").value_or(""), *name);
    if (image.empty() || tag->empty())
        return fail(errc::invalid_argument, "Docker storage has an empty image_name or image_tag");
    return image + ":" + std::string{*tag};
}

/// The image that Prefect publishes for a flow's own version; its naming changed with 0.14.0.
[[nodiscard]] inline std::string default_image(std::string_view core_version) {
    std::string_view const version = core_version.substr(0, core_version.find('+'));
    bool const plain = !version.empty() && is_before(version, {0, 14, 0}) == false;
    return std::string{plain ? "prefecthq/prefect:" : "prefecthq/prefect:all_extras-"} +
           std::string{version.empty() ? "latest" : version};
}

/// A usable `image` member: empty when it is absent, null or empty.
[[nodiscard]] inline result<std::string> image_member(json::value const* owner, std::string_view what) {
    json::value const* const image = owner != nullptr ? json::member(*owner, "image") : nullptr;
    if (image == nullptr) return std::string{};
    auto const text = json::as_text(*image);
    if (!text) return fail(errc::invalid_argument, "the image of the flow's " + std::string{what} + " is not text");
    return std::string{*text};
}

} // namespace detail

/// The run configuration in force: the run's own, else the flow's; null when there is none.
[[nodiscard]] inline json::value const& run_config_of(prefect::flow_run const& run) noexcept {
    return run.run_config.is_null() ? run.flow.run_config : run.run_config;
}

/// The container image a flow run needs. With a run configuration, or without an environment: Docker storage's image, else
/// the configuration's, else Prefect's own of the flow's version. Otherwise: the environment's, else Docker storage's.
/// `errc::invalid_argument` when the flow names none, with the words of Prefect's agent.
[[nodiscard]] inline result<std::string> image_of(prefect::flow_run const& run) {
    auto const& storage = run.flow.storage;
    auto const& run_config = run_config_of(run);
    if (storage.is_null()) return fail(errc::invalid_argument, "Flow of flow run " + run.id + " has no storage.");
    if (!run_config.is_null() || run.flow.environment.is_null()) {
        if (detail::is_docker(storage)) return detail::docker_image(storage);
        auto image = detail::image_member(&run_config, "run_config");
        if (!image || !image->empty()) return image;
        return detail::default_image(run.flow.core_version);
    }
    auto image = detail::image_member(json::member(run.flow.environment, "metadata"), "environment metadata");
    if (!image || !image->empty()) return image;
    if (detail::is_docker(storage)) return detail::docker_image(storage);
    return fail(errc::invalid_argument, "Storage for flow run " + run.id +
                                            " is not of type Docker and environment has no `image` attribute in the "
                                            "metadata field.");
}

/// The shell command that runs a flow registered with `core_version`: it was renamed with 0.13.0. A version that cannot be
/// compared is taken for a new one, none for an old one.
[[nodiscard]] inline std::string_view command_for(std::string_view core_version) noexcept {
    bool const old = core_version.empty() || detail::is_before(core_version, {0, 13, 0}).value_or(false);
    return old ? "prefect execute cloud-flow" : "prefect execute flow-run";
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/python_repr.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_PYTHON_REPR_HPP
#define FARGATE_DEPLOY_PYTHON_REPR_HPP

namespace fargate::inline v0::deploy {

namespace detail {

/// Whether Python's `repr` shows a character instead of its code: everything but controls, formats, surrogates, private
/// use and separators. Code points that Unicode has not assigned count as shown, except where whole planes are empty.
[[nodiscard]] inline bool is_printable(char32_t point) noexcept {
    struct range {
        char32_t first, last;
    };
    static constexpr range hidden[] = {
        {0x0, 0x1F},        {0x7F, 0xA0},       {0xAD, 0xAD},        {0x600, 0x605},     {0x61C, 0x61C},
        {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},      {0x8E2, 0x8E2},     {0x1680, 0x1680},
        {0x180E, 0x180E},   {0x2000, 0x200F},   {0x2028, 0x202F},    {0x205F, 0x206F},   {0x3000, 0x3000},
        {0xD800, 0xF8FF},   {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},    {0xFFFE, 0xFFFF},   {0x110BD, 0x110BD},
        {0x110CD, 0x110CD}, {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3},  {0x1D173, 0x1D17A}, {0x1FFFE, 0x1FFFF},
        {0x2FFFE, 0x2FFFF}, {0x31350, 0xE00FF}, {0xE01F0, 0x10FFFF},
    };
    auto const at = std::lower_bound(std::begin(hidden), std::end(hidden), point,
                                     [](range const& each, char32_t wanted) { return each.last < wanted; });
    return at == std::end(hidden) || point < at->first;
}

inline void append_code(std::string& out, char mark, int digits, char32_t point) {
    out += '\\';
    out += mark;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[(point >> shift) & 0xFU];
}

} // namespace detail

/// Appends what Python 3's `repr` of the text is: quoted with `'` unless only `"` avoids a backslash. A byte that is not
/// UTF-8 is shown as the half surrogate that Python reads it as.
inline void append_python_repr(std::string& out, std::string_view text) {
    bool const other = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
    char const quote = other ? '"' : '\'';
    out += quote;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const start = at;
        char32_t const point = text::next_code_point(text, at);
        if (point == text::no_code_point) {
            detail::append_code(out, 'u', 4, 0xDC00U + static_cast<unsigned char>(text[start]));
        } else if (point == static_cast<unsigned char>(quote) || point == '\\') {
            out += '\\';
            out += static_cast<char>(point);
        } else if (point == '\n' || point == '\r' || point == '\t') {
            out += point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
        } else if (detail::is_printable(point)) {
            out += text.substr(start, at - start);
        } else if (point < 0x100) {
            detail::append_code(out, 'x', 2, point);
        } else if (point < 0x10000) {
            detail::append_code(out, 'u', 4, point);
        } else {
            detail::append_code(out, 'U', 8, point);
        }
    }
    out += quote;
}

/// What Python 3's `str` of a list of texts is, as `PREFECT__CLOUD__AGENT__LABELS` carries it: `['aws', 'prod']`.
[[nodiscard]] inline std::string python_repr(std::span<std::string const> texts) {
    std::string out = "[";
    for (auto const& each : texts) {
        if (out.size() != 1) out += ", ";
        append_python_repr(out, each);
    }
    out += ']';
    return out;
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/run_config.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_RUN_CONFIG_HPP
#define FARGATE_DEPLOY_RUN_CONFIG_HPP

namespace fargate::inline v0::deploy {

/// What a run's own configuration changes about its task.
struct run_wishes {
    json::value task = json::value::object(); ///< RunTask arguments, in place of the agent's
    json::value overrides =
        json::value::object(); ///< RunTask's `overrides`: cpu, memory, roles and what it gives itself
    json::value environment = json::value::array(); ///< for the flow's container, behind what Prefect needs
};

namespace detail {

/// RunTask arguments that only a run configuration may give.
inline constexpr kwarg_name further_run_names[] = {
    {"overrides", kwarg_type::object},
    {"launchType", kwarg_type::text},
    {"capacityProviderStrategy", kwarg_type::list},
    {"enableExecuteCommand", kwarg_type::flag},
};

/// Prefect's names for what RunTask can override.
struct run_member {
    std::string_view name;
    char const* override_name;
    kwarg_type type;
};
inline constexpr run_member run_members[] = {
    {"cpu", "cpu", kwarg_type::amount},
    {"memory", "memory", kwarg_type::amount},
    {"task_role_arn", "taskRoleArn", kwarg_type::text},
    {"execution_role_arn", "executionRoleArn", kwarg_type::text},
};

[[nodiscard]] inline result<void> read_run_task_kwargs(json::value const& given, run_wishes& wishes) {
    std::string const prefix = "run_config.run_task_kwargs";
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return wrong_type(prefix, kwarg_type::object, article_and_type(given));
    std::vector<kwarg_name> known;
    std::vector<std::string_view> names;
    for (auto const& each : kwarg_names)
        if (each.run) known.push_back(each);
    known.insert(known.end(), std::begin(further_run_names), std::end(further_run_names));
    for (auto const& each : known) names.push_back(each.name);
    for (auto const& [name, value] : *members) {
        auto const found = std::find(names.begin(), names.end(), name);
        if (found == names.end())
            return fail(errc::invalid_argument, unknown_name(prefix + ".", name, names).refusal());
        if (value.is_null()) continue;
        std::string const where = prefix + "." + name;
        auto read = read_kwarg(where, known[static_cast<std::size_t>(found - names.begin())].type, value);
        if (!read) return std::move(read).error();
        std::vector<unknown_kwarg> unknown;
        if (auto fits = check_shape(where, name, *read, unknown); !fits) return fits;
        if (!unknown.empty()) return fail(errc::invalid_argument, unknown.front().refusal());
        if (name == "overrides")
            wishes.overrides = *std::move(read);
        else
            json::set(wishes.task, name, *std::move(read));
    }
    return {};
}

[[nodiscard]] inline result<void> read_run_env(json::value const& given, run_wishes& wishes) {
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return wrong_type("run_config.env", kwarg_type::object, article_and_type(given));
    for (auto const& [name, value] : *members) {
        if (name.empty()) return fail(errc::invalid_argument, "run_config.env has an entry without a name");
        if (!value.is_string())
            return wrong_type("run_config.env." + shown_name(name), kwarg_type::text, article_and_type(value));
        auto entry = json::value::object();
        json::set(entry, "name", name);
        json::set(entry, "value", value);
        wishes.environment.push_back(std::move(entry));
    }
    return {};
}

} // namespace detail

/// What a run configuration asks for: `env` of any type of configuration; of an ECSRun also `cpu`, `memory`,
/// `task_role_arn`, `execution_role_arn` and `run_task_kwargs`. `errc::invalid_argument`, in one line that names the
/// member, when one has the wrong type, when an ECSRun has a member that this agent does not know, and when it brings its
/// own task definition. `image` is `image_of`'s.
[[nodiscard]] inline result<run_wishes> read_run_config(json::value const& run_config) {
    run_wishes wishes;
    auto const* const members = run_config.get_ptr<json::value::object_t const*>();
    if (members == nullptr) {
        if (run_config.is_null()) return wishes;
        return detail::wrong_type("run_config", kwarg_type::object, detail::article_and_type(run_config));
    }
    if (auto const* const env = json::member(run_config, "env"))
        if (auto read = detail::read_run_env(*env, wishes); !read) return std::move(read).error();
    if (json::text_of(run_config, "type") != std::string_view{"ECSRun"}) return wishes;

    if (auto const* const given = json::member(run_config, "run_task_kwargs"))
        if (auto read = detail::read_run_task_kwargs(*given, wishes); !read) return std::move(read).error();
    constexpr std::string_view elsewhere[] = {"type", "__version__", "labels", "image", "env", "run_task_kwargs"};
    for (auto const& [name, value] : *members) {
        if (value.is_null() || std::find(std::begin(elsewhere), std::end(elsewhere), name) != std::end(elsewhere))
            continue;
        std::string const where = "run_config." + detail::shown_name(name);
        auto const* const found =
            std::find_if(std::begin(detail::run_members), std::end(detail::run_members),
                         [&wanted = name](detail::run_member const& each) { return each.name == wanted; });
        if (found == std::end(detail::run_members)) {
            bool const own =
                name == "task_definition" || name == "task_definition_path" || name == "task_definition_arn";
            return fail(errc::invalid_argument,
                        own ? where + " cannot be used: this agent registers the task definitions of flows itself"
                            : where + " is no member of an ECSRun that this agent knows");
        }
        auto read = detail::read_kwarg(where, found->type, value);
        if (!read) return std::move(read).error();
        if (json::as_text(*read) != std::string_view{})
            json::set(wishes.overrides, found->override_name, *std::move(read));
    }
    return wishes;
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/plan.hpp ----------------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_PLAN_HPP
#define FARGATE_DEPLOY_PLAN_HPP

namespace fargate::inline v0::deploy {

/// Keys of the tags by which a flow's revisions are found again.
inline constexpr std::string_view flow_id_tag = "PrefectFlowId";
inline constexpr std::string_view flow_version_tag = "PrefectFlowVersion";

namespace detail {

inline constexpr std::string_view container_name = "flow";
inline constexpr std::size_t longest_family = 255;
inline constexpr std::size_t longest_overrides = 8192; ///< ECS counts the JSON text

[[nodiscard]] inline std::string_view api_of(settings const& with) noexcept {
    return with.api.empty() ? std::string_view{"https://api.prefect.io"} : with.api;
}

[[nodiscard]] inline json::value pair_of(char const* first, std::string_view name, std::string_view value) {
    auto made = json::value::object();
    json::set(made, first, std::string{name});
    json::set(made, "value", std::string{value});
    return made;
}

/// The family a flow without revisions of its own is registered under.
[[nodiscard]] inline std::string family_by_id(prefect::flow const& flow) { return "prefect-task-" + flow.id8(); }

[[nodiscard]] inline std::string family_of(prefect::flow const& flow, settings const& with) {
    std::string family = with.enable_task_revisions ? slug_of(flow.name, with) : std::string{};
    if (family.size() > longest_family) family.resize(longest_family);
    while (!family.empty() && family.back() == '-') family.pop_back();
    return family.empty() ? family_by_id(flow) : family;
}

/// What Prefect needs in a container, in the order of that profile's agents.
[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> fixed_environment(settings const& with) {
    bool const is_new = with.profile == container_profile::v0_15;
    std::string const logs_go_to_cloud = with.log_to_cloud ? "true" : "false";
    std::vector<std::pair<std::string, std::string>> entries;
    if (is_new) entries.emplace_back("PREFECT__BACKEND", with.backend);
    entries.emplace_back("PREFECT__CLOUD__API", api_of(with));
    entries.emplace_back("PREFECT__CLOUD__AGENT__LABELS", python_repr(with.labels));
    entries.emplace_back("PREFECT__CLOUD__USE_LOCAL_SECRETS", "false");
    entries.emplace_back(is_new ? "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS" : "PREFECT__LOGGING__LOG_TO_CLOUD",
                         logs_go_to_cloud);
    entries.emplace_back("PREFECT__LOGGING__LEVEL", with.logging_level);
    entries.emplace_back("PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS", "prefect.engine.cloud.CloudFlowRunner");
    entries.emplace_back("PREFECT__ENGINE__TASK_RUNNER__DEFAULT_CLASS", "prefect.engine.cloud.CloudTaskRunner");
    if (is_new) entries.emplace_back("PREFECT__LOGGING__LOG_TO_CLOUD", logs_go_to_cloud);
    return entries;
}

/// The container's environment: what Prefect needs, the agent's variables in its place or behind it, and those of the
/// definition that no name before has.
[[nodiscard]] inline result<json::value> environment_of(settings const& with) {
    auto entries = fixed_environment(with);
    auto const find = [&](std::string_view name) {
        return std::find_if(entries.begin(), entries.end(), [&](auto const& each) { return each.first == name; });
    };
    for (auto const& [name, value] : with.env_vars) {
        if (name.empty()) return fail(errc::invalid_argument, "env_vars has an entry without a name");
        if (auto const found = find(name); found != entries.end())
            found->second = value;
        else
            entries.emplace_back(name, value);
    }
    auto made = json::value::array();
    for (auto const& [name, value] : entries) made.push_back(pair_of("name", name, value));
    if (auto const* const more = json::array_of(with.kwargs.container, "environment"))
        for (auto const& each : *more)
            if (find(json::text_of(each, "name").value_or("")) == entries.end()) made.push_back(each);
    return made;
}

/// Arguments as they are sent; an empty text asks for none.
inline void add_kwargs(json::value& body, json::value const& group) {
    for (auto const& [name, value] : *group.get_ptr<json::value::object_t const*>()) {
        if (json::as_text(value) != std::string_view{}) json::set(body, name, value);
    }
}

inline void set_tag(json::value& tags, std::string_view key, std::string_view value) {
    for (auto& each : tags) {
        if (json::text_of(each, "key") == key) {
            each = pair_of("key", key, value);
            return;
        }
    }
    tags.push_back(pair_of("key", key, value));
}

/// Members of the one container that the arguments give, but for its environment; what is empty is left out.
inline void add_container_kwargs(json::value& container, settings const& with) {
    for (auto const& each : container_names) {
        auto const* const value = json::member(with.kwargs.container, each.name);
        if (each.name != "environment" && value != nullptr && !value->empty()) json::set(container, each.name, *value);
    }
}

/// RegisterTaskDefinition's body around its one container.
[[nodiscard]] inline json::value definition_around(json::value container, settings const& with,
                                                   std::string const& family) {
    auto body = json::value::object();
    json::set(body, "family", family);
    json::set(body, "networkMode", "awsvpc");
    json::set(body, "containerDefinitions", json::value::array());
    body["containerDefinitions"].push_back(std::move(container));
    add_kwargs(body, with.kwargs.definition);
    if (!with.launch_type.empty()) json::set(body, "requiresCompatibilities", json::value::array({with.launch_type}));
    return body;
}

/// Names the launch type in RunTask's body, where nothing else there decides it.
inline void add_launch_type(json::value& body, settings const& with) {
    if (!with.launch_type.empty() && json::member(body, "capacityProviderStrategy") == nullptr &&
        json::member(body, "launchType") == nullptr)
        json::set(body, "launchType", with.launch_type);
}

/// RegisterTaskDefinition's body.
[[nodiscard]] inline json::value definition_of(prefect::flow_run const& run, settings const& with,
                                               std::string const& family, std::string image, json::value environment) {
    auto command = json::value::array();
    for (auto const part : {std::string_view{"/bin/sh"}, std::string_view{"-c"}, command_for(run.flow.core_version)})
        command.push_back(std::string{part});

    auto container = json::value::object();
    json::set(container, "name", std::string{container_name});
    json::set(container, "image", std::move(image));
    json::set(container, "command", std::move(command));
    json::set(container, "environment", std::move(environment));
    json::set(container, "essential", true);
    add_container_kwargs(container, with);

    auto body = definition_around(std::move(container), with, family);
    if (with.enable_task_revisions) {
        auto const* const given = json::array_of(with.kwargs.definition, "tags");
        json::value tags = given != nullptr ? *given : json::value::array();
        set_tag(tags, flow_id_tag, run.flow.id8());
        if (run.flow.version) set_tag(tags, flow_version_tag, std::to_string(*run.flow.version));
        json::set(body, "tags", std::move(tags));
    }
    return body;
}

/// What the container must be told of this run and what no definition may hold: who it is and how it logs in. Images
/// that do not know keys yet take the key for a token, as from Prefect's ECS agent.
[[nodiscard]] inline json::value run_environment(prefect::flow_run const& run, settings const& with) {
    auto made = json::value::array();
    auto const& token = with.token.reveal().empty() ? with.api_key : with.token;
    made.push_back(pair_of("name", "PREFECT__CLOUD__AUTH_TOKEN", token.reveal()));
    made.push_back(pair_of("name", "PREFECT__CONTEXT__FLOW_RUN_ID", run.id));
    made.push_back(pair_of("name", "PREFECT__CONTEXT__FLOW_ID", run.flow.id));
    if (!with.api_key.reveal().empty()) {
        made.push_back(pair_of("name", "PREFECT__CLOUD__API_KEY", with.api_key.reveal()));
        if (!with.tenant_id.empty()) made.push_back(pair_of("name", "PREFECT__CLOUD__TENANT_ID", with.tenant_id));
    }
    return made;
}

/// Adds the entries whose names the list does not have.
inline void add_entries(json::value& list, json::value const& more) {
    for (auto const& each : more) {
        bool const is_there = std::any_of(list.begin(), list.end(), [&](json::value const& entry) {
            return json::text_of(entry, "name") == json::text_of(each, "name");
        });
        if (!is_there) list.push_back(each);
    }
}

/// RunTask's overrides: Prefect's variables of this run, before anything that the run's configuration asks for.
[[nodiscard]] inline result<json::value> overrides_of(prefect::flow_run const& run, settings const& with,
                                                      run_wishes const& wishes) {
    auto overrides = wishes.overrides;
    auto containers = json::value::array();
    auto flow = json::value::object();
    json::set(flow, "name", std::string{container_name});
    json::set(flow, "environment", run_environment(run, with));
    add_entries(flow["environment"], wishes.environment);
    if (auto const* const given = json::array_of(overrides, "containerOverrides")) {
        for (auto const& each : *given) {
            if (json::text_of(each, "name") != container_name) {
                containers.push_back(each);
                continue;
            }
            for (auto const& [name, value] : *each.get_ptr<json::value::object_t const*>())
                if (name == "environment")
                    add_entries(flow["environment"], value);
                else
                    json::set(flow, name, value);
        }
    }
    containers.insert(containers.begin(), std::move(flow));
    json::set(overrides, "containerOverrides", std::move(containers));
    if (with.parameter_validation && json::write(overrides).size() > longest_overrides) {
        return fail(errc::invalid_argument, "the container overrides are longer than the " +
                                                std::to_string(longest_overrides) +
                                                " characters that ECS takes: the API token, an id or the environment "
                                                "of the run configuration is too long");
    }
    return overrides;
}

/// RunTask's body. With a capacity provider strategy no launch type may be named.
[[nodiscard]] inline result<json::value> task_of(prefect::flow_run const& run, settings const& with,
                                                 std::string const& family, std::string token) {
    run_wishes wishes;
    if (with.use_run_config) {
        auto read = read_run_config(run_config_of(run));
        if (!read) return std::move(read).error();
        wishes = *std::move(read);
    }
    auto overrides = overrides_of(run, with, wishes);
    if (!overrides) return std::move(overrides).error();

    auto body = json::value::object();
    json::set(body, "taskDefinition", family);
    json::set(body, "overrides", *std::move(overrides));
    add_kwargs(body, with.kwargs.run);
    add_kwargs(body, wishes.task);
    add_launch_type(body, with);
    json::set(body, "clientToken", std::move(token));
    return body;
}

} // namespace detail

/// How a flow run becomes a task: the definition it needs, under which family, and the call that runs it. Pure: equal runs
/// and settings give equal bytes. `attempt` counts the launches of this run that are known to have come to nothing.
/// `errc::invalid_argument` when the flow names no image, or when its run configuration counts and cannot be used, with
/// the words that its run shall carry.
template <crypto::hash_policy Hash>
[[nodiscard]] result<launch_plan> plan(prefect::flow_run const& run, settings const& with, unsigned attempt,
                                       Hash const& hash) {
    auto image = image_of(run);
    if (!image) return std::move(image).error();
    auto environment = detail::environment_of(with);
    if (!environment) return std::move(environment).error();

    launch_plan made;
    made.family = detail::family_of(run.flow, with);
    auto task = detail::task_of(run, with, made.family, client_token(detail::api_of(with), run, attempt, hash));
    if (!task) return std::move(task).error();
    made.task = *std::move(task);
    made.definition = detail::definition_of(run, with, made.family, *std::move(image), *std::move(environment));
    made.reusable = {with.enable_task_revisions, run.flow.id8(), run.flow.version, with.refresh_definitions};
    return made;
}

/// The same with OpenSSL's hash.
[[nodiscard]] inline result<launch_plan> plan(prefect::flow_run const& run, settings const& with,
                                              unsigned attempt = 0) {
    return plan(run, with, attempt, crypto::openssl_hash{});
}

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/single_flight.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_SINGLE_FLIGHT_HPP
#define FARGATE_DEPLOY_SINGLE_FLIGHT_HPP

namespace fargate::inline v0::deploy {

/// Lets one thread at a time do something for a key that the others would otherwise do again. A thread takes a `seat`
/// before it looks whether the thing is needed, and then a turn: it is its own, or somebody has done the thing in the
/// meantime and it looks once more. Holds nothing for a key that nobody has a seat for.
class single_flight {
    struct lane {
        int seats = 0;
        bool busy = false;
        std::uint64_t finished = 0;
    };
    using lanes = std::map<std::string, lane>;

public:
    enum class turn : unsigned char {
        mine,    ///< do it, then `seat::leave`
        changed, ///< somebody else was at it: look again
        stopped  ///< the stop token fired while waiting
    };

    class seat {
    public:
        seat(single_flight& owner, std::string key) : owner_{owner} {
            std::scoped_lock const lock{owner_.mutex_};
            at_ = owner_.lanes_.try_emplace(std::move(key)).first;
            ++at_->second.seats;
            seen_ = at_->second.finished;
        }
        seat(seat const&) = delete;
        seat& operator=(seat const&) = delete;
        ~seat() {
            if (holds_) leave(false);
            std::scoped_lock const lock{owner_.mutex_};
            if (--at_->second.seats == 0) owner_.lanes_.erase(at_);
        }

        /// To be called before each look; what was finished until then, the look will see.
        void look() {
            std::scoped_lock const lock{owner_.mutex_};
            seen_ = at_->second.finished;
        }

        [[nodiscard]] turn take(std::stop_token const& stop) {
            std::unique_lock lock{owner_.mutex_};
            auto& lane = at_->second;
            if (lane.finished != seen_) return turn::changed;
            if (!lane.busy) {
                holds_ = lane.busy = true;
                return turn::mine;
            }
            bool const free = owner_.left_.wait(lock, stop, [&lane] { return !lane.busy; });
            return free ? turn::changed : turn::stopped;
        }

        /// Ends a turn that was `mine`.
        void leave(bool done) {
            {
                std::scoped_lock const lock{owner_.mutex_};
                holds_ = at_->second.busy = false;
                if (done) ++at_->second.finished;
            }
            owner_.left_.notify_all();
        }

    private:
        single_flight& owner_;
        lanes::iterator at_;
        std::uint64_t seen_ = 0;
        bool holds_ = false; ///< it is this seat's turn
    };

private:
    std::mutex mutex_;
    std::condition_variable_any left_;
    lanes lanes_;
};

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/definitions.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_DEFINITIONS_HPP
#define FARGATE_DEPLOY_DEFINITIONS_HPP

namespace fargate::inline v0::deploy {

/// The task definition to run.
struct chosen_definition {
    std::string name{};      ///< a family, whose newest revision runs, or an ARN
    bool registered = false; ///< it was made for this launch
};

namespace detail {

/// A definition's revision when its ARN is of that family: `...:task-definition/<family>:<revision>`.
[[nodiscard]] inline std::optional<std::int64_t> revision_of(std::string_view arn, std::string_view family) noexcept {
    constexpr std::string_view kind = ":task-definition/";
    std::size_t const start = arn.find(kind);
    if (start == std::string_view::npos) return std::nullopt;
    std::string_view name = arn.substr(start + kind.size());
    if (name.substr(0, family.size()) != family) return std::nullopt;
    name.remove_prefix(family.size());
    if (name.size() < 2 || name.front() != ':') return std::nullopt;
    std::int64_t revision = 0;
    auto const read = std::from_chars(name.data() + 1, name.data() + name.size(), revision);
    if (read.ec != std::errc{} || read.ptr != name.data() + name.size() || revision < 1) return std::nullopt;
    return revision;
}

/// Only this says that a definition is not there; any other refusal says nothing about it.
[[nodiscard]] inline bool is_missing(error const& why) noexcept {
    return why.service_code == "ClientException" && text::contains(why.message, "Unable to describe task definition");
}

/// The request may have been carried out all the same, or somebody else's at the same moment was.
[[nodiscard]] inline bool may_exist_now(error const& why) noexcept {
    return why.code == errc::timed_out || why.code == errc::connection_failed || why.http_status >= 500 ||
           why.retryable;
}

/// The first few of many paths.
[[nodiscard]] inline std::string joined(std::vector<std::string> const& paths) {
    constexpr std::size_t most = 12;
    std::string made;
    for (std::size_t i = 0; i != std::min(paths.size(), most); ++i) made.append(i == 0 ? "" : ", ").append(paths[i]);
    if (paths.size() > most) made += " and " + std::to_string(paths.size() - most) + " more";
    return made;
}

template <class Tags>
[[nodiscard]] std::string_view tag_value(Tags const& tags, std::string_view key) noexcept {
    for (auto const& each : tags)
        if (each.key == key) return each.value;
    return {};
}

} // namespace detail

/// Finds the task definition of a launch, or registers one. `Ecs` has `describe_task_definition` and
/// `register_task_definition`, whose answers hold the whole document as `raw`, `Tagging` has `all_resources`, as
/// `aws::ecs` and `aws::tagging`. May be used from several threads at once as far as its parts may; of those that miss the
/// same family at once, one registers it.
template <class Ecs, class Tagging, log_policy Log>
class definitions {
public:
    /// `pin_revision`: name the exact revision that was found or made instead of the family. A plan with `reuse::refresh`
    /// always does: before it runs, another launch may have registered one more revision of the family.
    definitions(Ecs& ecs, Tagging& tagging, Log& log, bool pin_revision = false) :
        ecs_{ecs}, tagging_{tagging}, log_{log}, pin_revision_{pin_revision} {}

    /// The definition that is there is used as it is, whatever the plan would register now: where they differ, one warning
    /// for each family and set of fields says so. With `reuse::refresh` a new revision is registered then. With revisions
    /// it must carry the flow's id, or lie before the flow's version, in which case a new revision is registered; for an
    /// older version than the newest its own revision is searched by its tag.
    [[nodiscard]] result<chosen_definition> settle(launch_plan const& plan, std::stop_token stop = {}) {
        single_flight::seat seat{registrations_, plan.family};
        for (;;) {
            seat.look();
            auto found = find(plan, stop);
            if (!found) return std::move(found).error();
            if (*found) return std::move(**found);
            auto const turn = seat.take(stop);
            if (turn == single_flight::turn::stopped)
                return fail(errc::cancelled, "stopped while another launch registers task definition " + plan.family);
            if (turn == single_flight::turn::changed) continue;
            auto made = enlist(plan, stop);
            seat.leave(made.has_value());
            return made;
        }
    }

private:
    using found_definition = result<std::optional<chosen_definition>>;

    void debug(std::string const& line) { log_.write(log_level::debug, line); }

    template <class Described>
    [[nodiscard]] chosen_definition chosen(launch_plan const& plan, Described const& described, bool registered) const {
        return {pin_revision_ || plan.reusable.refresh ? described.arn : plan.family, registered};
    }

    [[nodiscard]] auto describe(std::string const& name, std::stop_token const& stop) {
        auto input = json::value::object();
        json::set(input, "taskDefinition", name);
        json::set(input, "include", json::value::array({"TAGS"}));
        return ecs_.describe_task_definition(input, stop);
    }

    /// A definition that was deregistered can still be described for a while, and fails when it is run.
    template <class Described>
    [[nodiscard]] static bool is_active(Described const& described) noexcept {
        return described.status.empty() || described.status == "ACTIVE";
    }

    /// The definition to use; nothing when one must be registered.
    [[nodiscard]] found_definition find(launch_plan const& plan, std::stop_token const& stop) {
        debug("Checking for task definition");
        auto described = describe(plan.family, stop);
        if (!described && !detail::is_missing(described.error())) return std::move(described).error();
        if (!described || !is_active(*described)) {
            debug("No task definition found");
            return std::optional<chosen_definition>{};
        }
        debug("Task definition " + plan.family + " found");
        if (!plan.reusable.revisions) return reuse(plan, *described, chosen(plan, *described, false));

        if (detail::tag_value(described->tags, flow_id_tag) == plan.reusable.flow_id8) {
            debug("Active task definition for " + plan.reusable.flow_id8 + " already exists");
            return reuse(plan, *described, chosen(plan, *described, false));
        }
        std::int64_t tagged = 0; // a version that is missing or no number counts as none
        auto const version = detail::tag_value(described->tags, flow_version_tag);
        if (std::from_chars(version.data(), version.data() + version.size(), tagged).ec != std::errc{}) tagged = 0;
        if (plan.reusable.flow_version.value_or(0) >= tagged) return std::optional<chosen_definition>{};
        return search(plan, stop);
    }

    /// What was found, unless the plan wants what it would register and this is something else.
    template <class Described>
    [[nodiscard]] found_definition reuse(launch_plan const& plan, Described const& described, chosen_definition found) {
        std::string const fields = detail::joined(differences(plan.definition, described.raw));
        if (fields.empty()) return std::optional{std::move(found)};
        if (plan.reusable.refresh && !is_remembered(altered_, plan, fields)) {
            log_.write(log_level::info,
                       "Task definition " + plan.family + " is registered anew: it differs in " + fields);
            return std::optional<chosen_definition>{};
        }
        if (remember(told_, plan, fields))
            log_.write(log_level::warning,
                       "Task definition " + plan.family + " differs from what would be registered now in " + fields +
                           (plan.reusable.refresh
                                ? ", as AWS changes it when it is registered"
                                : ": it is used as it is; refresh_definitions=true registers a new revision"));
        return std::optional{std::move(found)};
    }

    using remembered = std::set<std::string>;

    [[nodiscard]] bool is_remembered(remembered const& names, launch_plan const& plan, std::string const& fields) {
        std::scoped_lock const lock{mutex_};
        return names.count(plan.family + '\n' + fields) != 0;
    }

    /// False when it was remembered already.
    bool remember(remembered& names, launch_plan const& plan, std::string const& fields) {
        std::scoped_lock const lock{mutex_};
        if (names.size() == most_remembered) names.clear();
        return names.insert(plan.family + '\n' + fields).second;
    }

    /// The newest active revision of this family that carries the flow's id.
    [[nodiscard]] found_definition search(launch_plan const& plan, std::stop_token const& stop) {
        auto filter = json::value::object();
        json::set(filter, "Key", std::string{flow_id_tag});
        json::set(filter, "Values", json::value::array({plan.reusable.flow_id8}));
        auto input = json::value::object();
        json::set(input, "TagFilters", json::value::array());
        input["TagFilters"].push_back(std::move(filter));
        json::set(input, "ResourceTypeFilters", json::value::array({"ecs:task-definition"}));
        auto resources = tagging_.all_resources(input, stop);
        if (!resources) {
            if (resources.error().code != errc::service_error) return std::move(resources).error();
            log_.write(log_level::warning, "Cannot search the revisions of " + plan.family +
                                               ", registering a new one: " + resources.error().message);
            return std::optional<chosen_definition>{};
        }
        std::vector<std::pair<std::int64_t, std::string>> revisions;
        for (auto& each : *resources)
            if (auto const revision = detail::revision_of(each.arn, plan.family))
                revisions.emplace_back(*revision, std::move(each.arn));
        std::sort(revisions.rbegin(), revisions.rend());
        if (revisions.size() > most_looked_at) revisions.resize(most_looked_at);
        // The search also lists revisions that were deregistered, or lost the tag.
        for (auto& [revision, arn] : revisions) {
            auto const described = describe(arn, stop);
            if (!described && !detail::is_missing(described.error())) return described.error();
            if (!described || !is_active(*described) ||
                detail::tag_value(described->tags, flow_id_tag) != plan.reusable.flow_id8)
                continue;
            debug("Active task definition for " + plan.reusable.flow_id8 + " already exists");
            return reuse(plan, *described, chosen_definition{std::move(arn), false});
        }
        return std::optional<chosen_definition>{};
    }

    /// Registers. A failure that may hide a success, here or of another agent at the same moment, looks once more.
    [[nodiscard]] result<chosen_definition> enlist(launch_plan const& plan, std::stop_token const& stop) {
        auto const& container = plan.definition["containerDefinitions"][0];
        debug("Using image " + std::string{json::text_of(container, "image").value_or("")} + " for task definition");
        debug("Registering task definition " + plan.family);
        auto made = ecs_.register_task_definition(plan.definition, stop);
        if (made) {
            // What AWS alters right away would differ again at each launch.
            if (plan.reusable.refresh)
                if (auto const fields = detail::joined(differences(plan.definition, made->raw)); !fields.empty())
                    remember(altered_, plan, fields);
            return chosen(plan, *made, true);
        }
        if (detail::may_exist_now(made.error()))
            if (auto found = find(plan, stop); found && *found) return std::move(**found);
        return std::move(made).error();
    }

    static constexpr std::size_t most_looked_at = 5;
    static constexpr std::size_t most_remembered = 4096;

    Ecs& ecs_;
    Tagging& tagging_;
    Log& log_;
    bool pin_revision_;
    single_flight registrations_;
    std::mutex mutex_;
    remembered told_;    ///< families and fields that were warned of
    remembered altered_; ///< those in which AWS alters what is registered
};

} // namespace fargate::inline v0::deploy

#endif

// ---- fargate/deploy/launcher.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_DEPLOY_LAUNCHER_HPP
#define FARGATE_DEPLOY_LAUNCHER_HPP

namespace fargate::inline v0 {

/// What turns a launch plan into a running task.
///
/// | expression             | type                       | contract                                                          |
/// |------------------------|----------------------------|-------------------------------------------------------------------|
/// | `l.launch(plan, stop)` | `result<deploy::launched>` | the task that runs the plan. Launching an equal plan again, here or |
/// |                        |                            | elsewhere, yields the same task. An error means that none was      |
/// |                        |                            | started, or, when it is `timed_out`, `connection_failed`,          |
/// |                        |                            | `cancelled` or a 5xx, that nobody knows: launch the same plan again |
///
/// May be called from several threads at once.
template <class Launcher>
concept task_launcher = requires(Launcher& l, deploy::launch_plan const& plan, std::stop_token stop) {
    { l.launch(plan, stop) } -> std::same_as<result<deploy::launched>>;
};

namespace deploy {

namespace detail {

/// Shortages that pass; the same launch may succeed later, as a new attempt.
[[nodiscard]] inline bool is_passing(std::string_view reason) noexcept {
    return reason.substr(0, 8) == "RESOURCE" || reason == "AGENT" || text::contains(reason, "Capacity is unavailable");
}

/// What ECS said it could not start, in its own words.
template <class Failures>
[[nodiscard]] std::string told_by(Failures const& failures) {
    constexpr std::size_t longest = 512;
    std::string line;
    for (auto const& each : failures) {
        if (line.size() > 2 * longest) break; // ten copies fail for one reason
        if (!line.empty()) line += "; ";
        line += each.reason.substr(0, longest);
        if (!each.detail.empty()) line.append(": ").append(each.detail.substr(0, longest));
        if (!each.arn.empty()) line.append(" (").append(each.arn.substr(0, longest)).append(")");
    }
    return line;
}

template <class Failures>
[[nodiscard]] error nothing_started(Failures const& failures) {
    error made = fail(errc::service_error, "RunTask started no task: " + told_by(failures));
    made.http_status = 200;
    made.service_code = failures[0].reason.substr(0, 512);
    made.retryable = is_passing(failures[0].reason);
    for (auto const& each : failures)
        if (!each.arn.empty()) made.resources.push_back(each.arn);
    return made;
}

} // namespace detail

/// `task_launcher` on ECS: finds or registers the task definition, then runs it. `Ecs` and `Tagging` as `aws::ecs` and
/// `aws::tagging`; it keeps references to them and to `log`.
///
/// What RunTask answers: tasks are a launch, even beside failures; failures alone are an error with ECS's own words, whose
/// `service_code` is the first reason; and a ConflictException says that this plan's task was started already, by this
/// agent or another, with a body that differs: that task is the launch.
template <class Ecs, class Tagging, log_policy Log>
class ecs_launcher {
public:
    /// `pin_revision`: run the exact revision that was found or registered instead of the family's newest.
    ecs_launcher(Ecs& ecs, Tagging& tagging, Log& log, bool pin_revision = false) :
        ecs_{ecs}, log_{log}, definitions_{ecs, tagging, log, pin_revision} {}

    [[nodiscard]] result<launched> launch(launch_plan const& plan, std::stop_token stop = {}) {
        tell_about_revisions(plan);
        auto definition = definitions_.settle(plan, stop);
        if (!definition) return std::move(definition).error();

        json::value body = plan.task;
        json::set(body, "taskDefinition", definition->name);
        log_.write(log_level::debug, "Running task using task definition " + definition->name);
        auto ran = ecs_.run_task(body, stop);
        if (!ran) return adopt(std::move(ran).error(), *std::move(definition));
        if (ran->tasks.empty()) {
            if (ran->failures.empty())
                return fail(errc::malformed_response, "RunTask answered neither with a task nor with a failure");
            return detail::nothing_started(ran->failures);
        }
        if (!ran->failures.empty())
            log_.write(log_level::warning, "RunTask started " + std::to_string(ran->tasks.size()) +
                                               " of the tasks, but not all: " + detail::told_by(ran->failures));
        if (ran->tasks[0].arn.empty())
            return fail(errc::malformed_response, "RunTask answered with a task without ARN");
        return launched{std::move(ran->tasks[0].arn), std::move(definition->name), definition->registered};
    }

private:
    void tell_about_revisions(launch_plan const& plan) {
        if (!plan.reusable.revisions) return;
        log_.write(log_level::info, "Adding tags for flow_id and version.");
        if (plan.family == "prefect-task-" + plan.reusable.flow_id8)
            log_.write(log_level::warning,
                       "The flow's name leaves nothing to name a task definition after: using " + plan.family);
    }

    [[nodiscard]] result<launched> adopt(error why, chosen_definition definition) {
        if (why.service_code != "ConflictException" || why.resources.empty()) return why;
        log_.write(log_level::info, "Task " + why.resources[0] + " was already started for this run");
        return launched{std::move(why.resources[0]), std::move(definition.name), definition.registered};
    }

    Ecs& ecs_;
    Log& log_;
    definitions<Ecs, Tagging, Log> definitions_;
};

} // namespace deploy

} // namespace fargate::inline v0

#endif

// ---- fargate/prefect/settings.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_SETTINGS_HPP
#define FARGATE_PREFECT_SETTINGS_HPP

namespace fargate::inline v0::prefect {

/// Which of the two products of the 0.13 to 1.x family answers: they differ in how an agent becomes known.
enum class backend : unsigned char {
    cloud, ///< needs a token with RUNNER scope; the tenant follows from it
    server ///< no token; the first tenant is the one
};

/// What `prefect auth login` keeps on this machine for one API: it counts where nothing was given explicitly, and is only
/// read, never written. Tokens are those of 0.13 and 0.14, keys those of 0.15 and later.
struct login {
    secret api_token{};             ///< `api_token` of `<home_dir>/client/<host>/settings.toml`; cloud only
    std::string active_tenant_id{}; ///< beside it: the tenant that the token's owner switched to
    secret api_key{};               ///< `api_key` of this API's table in `<home_dir>/auth.toml`
    std::string tenant_id{};        ///< beside it
};

/// How this agent reaches Prefect's GraphQL API and what it calls itself.
struct settings {
    prefect::backend backend = prefect::backend::cloud;
    std::string api{};                 ///< empty: https://api.prefect.io, or http://localhost:4200 for the server
    secret token{};                    ///< sent whenever it is not empty, to the server too
    secret api_key{};                  ///< sent in place of the token when not empty: no scope check, a tenant header
    std::string name = "agent";        ///< part of the agent's identity, and the name in run logs
    std::vector<std::string> labels{}; ///< runs whose labels are among these are offered
    std::string agent_config_id{};     ///< checked at the start when not empty
    std::string tenant_id{};           ///< empty: the server is asked, the cloud knows it from the token or the key
    std::string switch_to_tenant{};    ///< cloud: the token is a person's, who works in this tenant; empty: it is not
    bool prefetch = false;             ///< asks for runs 10 s ahead and holds each until its scheduled start
    std::string core_version = "0.13.19"; ///< the Prefect version to be taken for; part of the agent's identity
    http::limits limits{.connect = std::chrono::seconds{30}, .idle = std::chrono::seconds{30}};
};

/// The API's address as people know it: the configured one, or the backend's own.
[[nodiscard]] inline std::string_view api_of(settings const& options) noexcept {
    if (!options.api.empty()) return options.api;
    return options.backend == backend::cloud ? "https://api.prefect.io" : "http://localhost:4200";
}

/// Where requests go.
struct endpoint {
    std::string url{};
    bool secure = false; ///< https: failed exchanges are repeated
};

namespace detail {

[[nodiscard]] inline bool fits_a_field(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F'; });
}

} // namespace detail

/// The address to post to: trailing slashes stripped, and a path that is never empty. `errc::bad_configuration` when the
/// address is no http(s) URL, or when the token, the key, the tenant or the version cannot be sent in a header field.
[[nodiscard]] inline result<endpoint> endpoint_of(settings const& options) {
    std::string_view api = api_of(options);
    while (api.ends_with('/')) api.remove_suffix(1);
    auto const parts = text::split_url(api);
    if (!parts)
        return fail(errc::bad_configuration,
                    "api (--api or PREFECT__CLOUD__API) cannot be used: " + parts.error().message);
    struct field {
        std::string_view text;
        char const* name;
    };
    for (auto const& each : {field{options.token.reveal(), "the Prefect API token"},
                             field{options.api_key.reveal(), "the Prefect API key"},
                             field{options.tenant_id, "tenant_id"}, field{options.core_version, "core_version"}})
        if (!detail::fits_a_field(each.text))
            return fail(errc::bad_configuration,
                        std::string{each.name} + " holds a line break or another control character");
    endpoint made{std::string{api}, parts->scheme == "https"};
    if (parts->path.empty()) made.url.insert(api.size() - (parts->has_query ? parts->query.size() + 1 : 0), "/");
    return made;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/graphql.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_GRAPHQL_HPP
#define FARGATE_PREFECT_GRAPHQL_HPP

// GraphQL over HTTP as Prefect's APIs speak it: what goes into a request and what an answer means. Nothing is sent here.

namespace fargate::inline v0::prefect {

/// The code of a state update whose version is not the run's any more.
inline constexpr std::string_view version_lock = "VERSION_LOCKING_ERROR";

/// One query or mutation.
struct operation {
    std::string text{};
    json::value variables = nullptr;
};

/// The body of an operation: two members, the variables as text that is JSON again. Both backends are proven to take
/// this form; `null` becomes the text `null`.
[[nodiscard]] inline std::string write_operation(operation const& wanted) {
    auto body = json::value::object();
    json::set(body, "query", wanted.text);
    json::set(body, "variables", json::write(wanted.variables));
    return json::write(body);
}

/// Reads such a body, as a server does: variables may be text, an object, null or absent. `errc::malformed_response` says
/// what is wrong with it, in the words of Apollo Server where it has some.
[[nodiscard]] inline result<operation> read_operation(std::string_view body) {
    auto document = json::parse(body);
    if (!document) return document.error();
    auto const text = json::text_of(*document, "query");
    if (!text) return fail(errc::malformed_response, "POST body is missing its query");
    operation read{std::string{*text}, nullptr};
    auto const* const variables = json::member(*document, "variables");
    if (variables == nullptr) return read;
    if (auto const coded = json::as_text(*variables)) {
        auto decoded = json::parse(*coded);
        if (!decoded) return fail(errc::malformed_response, "Variables are invalid JSON.");
        read.variables = *std::move(decoded);
    } else {
        read.variables = *variables;
    }
    if (!read.variables.is_object() && !read.variables.is_null())
        return fail(errc::malformed_response, "Variables must be provided as an Object");
    return read;
}

/// Who asks, as the header fields of a request tell it.
struct identity {
    secret bearer{};         ///< a token, a key or an access token; empty: none is sent
    std::string tenant_id{}; ///< sent beside a key; empty: not
    std::string agent_id{};  ///< empty until the agent is registered
    secret enclosed{};       ///< one that the variables hold: as little to be told as the bearer
};

/// What the settings tell by themselves: the key and the configured tenant, else the token.
[[nodiscard]] inline identity identity_of(settings const& options) {
    identity made;
    if (options.api_key.empty()) {
        made.bearer = options.token;
    } else {
        made.bearer = options.api_key;
        made.tenant_id = options.tenant_id;
    }
    return made;
}

/// The request for an operation.
[[nodiscard]] inline http::request request_for(operation const& wanted, endpoint const& where, settings const& options,
                                               identity const& who) {
    http::request made;
    made.method = "POST";
    made.url = where.url;
    made.headers.add("Content-Type", "application/json");
    if (!who.bearer.empty()) made.headers.add("Authorization", "Bearer " + std::string{who.bearer.reveal()});
    made.headers.add("X-PREFECT-CORE-VERSION", options.core_version);
    if (!who.tenant_id.empty()) made.headers.add("X-PREFECT-TENANT-ID", who.tenant_id);
    if (!who.agent_id.empty()) made.headers.add("X-PREFECT-AGENT-ID", who.agent_id);
    made.body = write_operation(wanted);
    made.limits = options.limits;
    return made;
}

/// A server's words as part of our one line: control characters become spaces, the secrets are masked, and what is longer
/// than `limit` bytes is cut between characters.
[[nodiscard]] inline std::string quoted(std::string_view words, std::span<secret const> hidden,
                                        std::size_t limit = 512) {
    auto const begun_by = [&words](std::size_t at) {
        return
            [rest = words.substr(at)](secret const& each) { return !each.empty() && rest.starts_with(each.reveal()); };
    };
    std::string out;
    for (std::size_t at = 0; at < words.size();) {
        if (out.size() >= limit) {
            if ((static_cast<unsigned char>(words[at]) & 0xC0U) == 0x80U) {
                while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
                if (!out.empty()) out.pop_back();
            }
            return out + "...";
        }
        if (auto const found = std::find_if(hidden.begin(), hidden.end(), begun_by(at)); found != hidden.end()) {
            out += "***";
            at += found->reveal().size();
            continue;
        }
        char const c = words[at++];
        out += (c >= '\0' && c < ' ') || c == '\x7F' ? ' ' : c;
    }
    return out;
}

namespace detail {

/// The list of errors of an answer; nullptr when it has none (absent, null and empty are the same).
[[nodiscard]] inline json::value const* errors_of(json::value const& document) noexcept {
    auto const* const errors = json::member(document, "errors");
    return errors == nullptr || (errors->is_array() && errors->empty()) ? nullptr : errors;
}

[[nodiscard]] inline std::string_view code_of(json::value const& each) noexcept {
    auto const* const extensions = json::object_of(each, "extensions");
    return extensions != nullptr ? json::text_of(*extensions, "code").value_or("") : std::string_view{};
}

[[nodiscard]] inline json::value const* first_of(json::value const& errors) noexcept {
    auto const* const list = errors.get_ptr<json::value::array_t const*>();
    return list != nullptr ? &list->front() : nullptr;
}

/// Everything about an exchange that its errors tell, and must not tell.
struct circumstances {
    circumstances(std::string_view to, settings const& options, identity const& who) :
        hidden{who.bearer, who.enclosed, options.token, options.api_key},
        remedy{options.api_key.empty() ? "check the API token (--token)" : "check the API key (--key)"},
        credential_missing{options.backend == backend::cloud && who.bearer.empty()} {
        // A longer secret may begin with a shorter one.
        std::stable_sort(hidden.begin(), hidden.end(), [](secret const& left, secret const& right) {
            return left.reveal().size() > right.reveal().size();
        });
        url = quoted(to, hidden);
    }
    std::vector<secret> hidden;
    std::string url{};
    char const* remedy;
    bool credential_missing;
};

/// `CODE: message; CODE: message`.
[[nodiscard]] inline std::string told_by(json::value const& errors, std::span<secret const> hidden) {
    std::string told;
    if (auto const* const list = errors.get_ptr<json::value::array_t const*>()) {
        for (auto const& each : *list) {
            if (told.size() > 1024) break;
            if (!told.empty()) told += "; ";
            auto const code = code_of(each);
            told += quoted(code.empty() ? "UNKNOWN_ERROR" : code, hidden, 64) + ": ";
            told += quoted(json::text_of(each, "message").value_or("no message"), hidden);
        }
        return quoted(told, hidden);
    }
    return quoted(json::write(errors), hidden);
}

/// What a refusal by the GraphQL layer means, whichever HTTP status it came with.
[[nodiscard]] inline error refusal(json::value const& errors, int status, circumstances const& around) {
    std::string const all = json::write(errors);
    auto const* const first = first_of(errors);
    error why;
    why.code = errc::service_error;
    why.http_status = status;
    if (first != nullptr) why.service_code = quoted(code_of(*first), around.hidden, 128);
    why.message = around.url + " refused: " + told_by(errors, around.hidden);
    why.retryable = status != 400 && text::contains(all, "API_ERROR");
    if (text::contains(all, "UNAUTHENTICATED") || text::contains(all, "Malformed Authorization header")) {
        why.code = errc::unauthorized;
        why.message += std::string{": "} + around.remedy;
    } else if (why.service_code != version_lock && text::contains(all, "State update failed")) {
        why.code = errc::lost_claim;
    }
    return why;
}

[[nodiscard]] inline error unreadable(http::response const& got, std::string_view reason, circumstances const& around) {
    auto const kind = got.headers.value_of("Content-Type");
    auto why = fail(errc::malformed_response, around.url + " answered " + std::to_string(got.status));
    why.http_status = got.status;
    if (got.body.empty()) {
        why.message += " with an empty body";
    } else if (text::trim(got.body).starts_with('<') || text::contains(kind, "html")) {
        why.message += " with a web page";
    } else {
        why.message += " with something else than a GraphQL answer";
    }
    why.message += " (" + quoted(reason, around.hidden, 128) + "): ";
    why.message += around.credential_missing ? "make sure that an API token is configured (--token)"
                                             : "check that api (--api) is the address of Prefect's GraphQL API";
    return why;
}

/// A status that is neither success nor the GraphQL layer's 400.
[[nodiscard]] inline error bad_status(http::response const& got, json::value const* errors,
                                      circumstances const& around) {
    error why;
    why.code = got.status == 401 || got.status == 403 ? errc::unauthorized : errc::service_error;
    why.http_status = got.status;
    why.message = around.url + " answered " + std::to_string(got.status);
    why.retryable = got.status >= 500 || got.status == 429;
    if (errors != nullptr) {
        if (auto const* const first = first_of(*errors)) why.service_code = quoted(code_of(*first), around.hidden, 128);
        why.message += " (" + told_by(*errors, around.hidden) + ")";
    }
    auto const place = got.headers.value_of("Location");
    if (why.code == errc::unauthorized) {
        why.message += std::string{": "} + around.remedy;
    } else if (got.status >= 300 && got.status < 400 && !place.empty()) {
        why.message += ": it sends us to " + quoted(place, around.hidden, 256);
        if (got.status <= 303) why.message += ", which would turn our POST into a GET";
        why.message += ": set api (--api) to that";
    } else if (got.status == 404 || got.status == 405) {
        why.message += ": check that api (--api) is the address of Prefect's GraphQL API";
    }
    return why;
}

[[nodiscard]] inline json::value take(json::value&& document, std::string_view key) {
    for (auto& [name, each] : *document.get_ptr<json::value::object_t*>())
        if (name == key) return std::move(each);
    return nullptr;
}

} // namespace detail

/// The `data` of an answer, null when it has none. Partial data beside errors is a failure. Errors:
/// - `errc::unauthorized`: the token or the key is not accepted, by the GraphQL layer or as 401 or 403;
/// - `errc::lost_claim`: the text `State update failed`, which means that another agent has the run;
/// - `errc::service_error`: any other refusal or status, `service_code` being the first error's `extensions.code`
///   (`VERSION_LOCKING_ERROR`, `GRAPHQL_VALIDATION_FAILED`, ...); `retryable` when it names `API_ERROR`, and on 429 and 5xx;
/// - `errc::malformed_response`: success whose body is no JSON object.
[[nodiscard]] inline result<json::value> read_answer(http::response const& got, std::string_view url,
                                                     settings const& options, identity const& who) {
    detail::circumstances const around{url, options, who};
    auto document = json::parse(got.body);
    bool const object = document && document->is_object();
    auto const* const errors = object ? detail::errors_of(*document) : nullptr;
    if (got.status < 200 || got.status > 299) {
        if (got.status == 400 && errors != nullptr) return detail::refusal(*errors, got.status, around);
        auto why = detail::bad_status(got, errors, around);
        if (got.status == 400) why.message += ": the query was not understood, is it Prefect's GraphQL API?";
        return why;
    }
    if (!document) return detail::unreadable(got, document.error().message, around);
    if (!object) return detail::unreadable(got, "not a JSON object", around);
    if (errors != nullptr) return detail::refusal(*errors, got.status, around);
    return detail::take(*std::move(document), "data");
}

/// True when the API says that it stumbled over itself and asks to be called again at once.
[[nodiscard]] inline bool is_api_error(result<json::value> const& answer) noexcept {
    return !answer && answer.error().retryable && answer.error().http_status >= 200 &&
           answer.error().http_status <= 299;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/claim_failure.hpp ------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_CLAIM_FAILURE_HPP
#define FARGATE_PREFECT_CLAIM_FAILURE_HPP

namespace fargate::inline v0::prefect {

/// What it says of a run that the request to submit it failed.
enum class claim_failure : unsigned char {
    taken,    ///< another agent was first
    refused,  ///< the API will not have it: the message names what is wrong with the run
    not_made, ///< nothing was carried out, for a reason that is not the run's
    open      ///< it may have been carried out: only the run itself can tell
};

/// Reads that from the error. `unsettled`: an exchange before the last one may have been carried out, so that even the
/// words "already been submitted" may be about ourselves. A refusal from inside the GraphQL layer is open as well: the
/// server inserts a state first and then does more that can fail.
[[nodiscard]] inline claim_failure claim_failure_of(error const& why, bool unsettled) noexcept {
    if (unsettled) return claim_failure::open;
    if (why.code == errc::lost_claim || why.service_code == version_lock) return claim_failure::taken;
    switch (why.code) {
    case errc::unauthorized:
    case errc::untrusted_peer:
    case errc::bad_configuration:
    case errc::invalid_argument:
    case errc::not_configured:
    case errc::not_found:
    case errc::cancelled: return claim_failure::not_made;
    case errc::service_error:
        if (why.http_status == 400) return claim_failure::refused;
        return why.http_status >= 300 && why.http_status < 500 ? claim_failure::not_made : claim_failure::open;
    default: return claim_failure::open;
    }
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/queries.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_QUERIES_HPP
#define FARGATE_PREFECT_QUERIES_HPP

// Every operation of an agent, in the order of its life: how it is written, and how the `data` of its answer is read.
// Times are ISO 8601 text. Readers answer `errc::malformed_response` when what the API declares is not there.

namespace fargate::inline v0::prefect {

/// The class name that Prefect's UI and the identity of an agent know this one by.
inline constexpr std::string_view agent_type = "FargateAgent";

namespace detail {

[[nodiscard]] inline json::value text_or_null(std::string_view text) {
    return text.empty() ? json::value(nullptr) : json::value(std::string{text});
}

/// `{"input": input}`
[[nodiscard]] inline json::value as_input(json::value input) {
    auto made = json::value::object();
    json::set(made, "input", std::move(input));
    return made;
}

/// `{"input": {list: [item]}}`
[[nodiscard]] inline json::value as_input_list(std::string_view list, json::value item) {
    auto items = json::value::array();
    items.push_back(std::move(item));
    auto input = json::value::object();
    json::set(input, list, std::move(items));
    return as_input(std::move(input));
}

/// A GraphQL string literal: JSON's escapes are GraphQL's.
[[nodiscard]] inline std::string literal(std::string_view text) { return json::write(json::value(std::string{text})); }

[[nodiscard]] inline error missing(std::string_view what) {
    return fail(errc::malformed_response, "the Prefect API's answer has no " + std::string{what});
}

/// The first row of the list `key`; nullptr when the list is empty.
[[nodiscard]] inline result<json::value const*> first_row(json::value const& data, std::string_view key) {
    auto const* const rows = json::array_of(data, key);
    if (rows == nullptr) return missing(key);
    auto const& list = *rows->get_ptr<json::value::array_t const*>();
    return list.empty() ? nullptr : &list.front();
}

} // namespace detail

// --- Cloud: what may the token do?

[[nodiscard]] inline operation token_scope_query() { return {"query { auth_info { api_token_scope } }"}; }

/// The scope, or empty text when the answer names none.
[[nodiscard]] inline std::string read_token_scope(json::value const& data) {
    auto const* const info = json::object_of(data, "auth_info");
    return std::string{info != nullptr ? json::text_of(*info, "api_token_scope").value_or("") : ""};
}

// --- Cloud: whose key is this?

[[nodiscard]] inline operation key_tenant_query() { return {"query { auth_info { tenant_id } }"}; }

/// The tenant of an API key. `errc::unauthorized` when it has none, which is so with a token that was given for a key.
[[nodiscard]] inline result<std::string> read_key_tenant(json::value const& data) {
    auto const* const info = json::object_of(data, "auth_info");
    if (info == nullptr || !info->contains("tenant_id")) return detail::missing("tenant_id in auth_info");
    if (json::member(*info, "tenant_id") == nullptr)
        return fail(errc::unauthorized, "the API key (--key) belongs to no tenant, for it is an API token: give it as "
                                        "one (--token), or make a key");
    auto const id = json::text_of(*info, "tenant_id");
    if (!id || id->empty() || !detail::fits_a_field(*id)) return detail::missing("usable tenant_id in auth_info");
    return std::string{*id};
}

// --- Server: whose runs are these?

[[nodiscard]] inline operation tenant_query() { return {"query { tenant { id } }"}; }

/// The first tenant's id, or empty text when there is none yet.
[[nodiscard]] inline result<std::string> read_tenant(json::value const& data) {
    auto const row = detail::first_row(data, "tenant");
    if (!row) return row.error();
    return std::string{*row != nullptr ? json::text_of(**row, "id").value_or("") : ""};
}

// --- Becoming known

[[nodiscard]] inline operation register_agent_mutation(settings const& options, std::string_view tenant_id) {
    auto labels = json::value::array();
    for (auto const& each : options.labels) labels.push_back(each);
    auto input = json::value::object();
    json::set(input, "type", std::string{agent_type});
    json::set(input, "name", options.name);
    json::set(input, "labels", std::move(labels));
    json::set(input, "tenant_id", detail::text_or_null(tenant_id));
    json::set(input, "agent_config_id", detail::text_or_null(options.agent_config_id));
    return {"mutation($input: register_agent_input!) { register_agent(input: $input) { id } }",
            detail::as_input(std::move(input))};
}

/// The id that every later request carries in a header field; it is safe to put there.
[[nodiscard]] inline result<std::string> read_agent_id(json::value const& data) {
    auto const* const agent = json::object_of(data, "register_agent");
    auto const id = agent != nullptr ? json::text_of(*agent, "id") : std::nullopt;
    if (!id || id->empty() || !detail::fits_a_field(*id)) return detail::missing("id for the agent it registered");
    return std::string{*id};
}

[[nodiscard]] inline operation agent_config_query(std::string_view id) {
    return {"query { agent_config(where: {id: {_eq: " + detail::literal(id) + "}}) { settings } }"};
}

/// True when the asked-for agent config exists. What it holds has no effect on this agent, and had none on the original.
[[nodiscard]] inline result<bool> read_agent_config(json::value const& data) {
    auto const row = detail::first_row(data, "agent_config");
    if (!row) return row.error();
    return *row != nullptr;
}

[[nodiscard]] inline operation hello_query() { return {"query { hello }"}; }

// --- Looking for work

/// Asks for the runs that are due before `before`. It also is the only sign of life that the backend sees.
[[nodiscard]] inline operation runs_in_queue_mutation(std::string_view before, std::vector<std::string> const& labels,
                                                      std::string_view tenant_id) {
    auto list = json::value::array();
    for (auto const& each : labels) list.push_back(each);
    auto input = json::value::object();
    json::set(input, "before", std::string{before});
    json::set(input, "labels", std::move(list));
    json::set(input, "tenant_id", detail::text_or_null(tenant_id));
    return {"mutation($input: get_runs_in_queue_input!) { get_runs_in_queue(input: $input) { flow_run_ids } }",
            detail::as_input(std::move(input))};
}

[[nodiscard]] inline result<std::vector<std::string>> read_runs_in_queue(json::value const& data) {
    auto const* const queue = json::object_of(data, "get_runs_in_queue");
    auto const* const ids = queue != nullptr ? json::array_of(*queue, "flow_run_ids") : nullptr;
    if (ids == nullptr) return detail::missing("flow_run_ids");
    std::vector<std::string> read;
    for (auto const& each : *ids) {
        auto const id = json::as_text(each);
        if (!id) return detail::missing("text in flow_run_ids");
        read.emplace_back(*id);
    }
    return read;
}

/// Whose run configuration is asked for.
enum class run_configs : unsigned char {
    of_flows,         ///< every backend knows it
    of_runs_and_flows ///< Cloud, and Server from 2021-01-05; older ones refuse the whole query
};

namespace detail {

/// `["a", "b"]`
[[nodiscard]] inline std::string literals(std::span<std::string const> texts) {
    std::string list;
    for (auto const& each : texts) list += (list.empty() ? "[" : ", ") + literal(each);
    return list.empty() ? "[]" : list + "]";
}

} // namespace detail

/// Asks for the metadata of these runs, as far as they are still Scheduled, or Running with task runs due by `due`. The
/// arguments are written into the text, as the recorded query has them. `read_flow_runs` reads the answer.
[[nodiscard]] inline operation flow_runs_query(std::span<std::string const> ids, std::string_view due,
                                               run_configs wanted) {
    std::string const is_due = "{state_start_time: {_lte: " + detail::literal(due) + "}}";
    return {"query { flow_run(where: { id: {_in: " + detail::literals(ids) +
            R"(}, _or: [ {state: {_eq: "Scheduled"}}, {state: {_eq: "Running"}, task_runs: )" + is_due +
            "} ] }) { id version state serialized_state parameters scheduled_start_time" +
            (wanted == run_configs::of_runs_and_flows ? " run_config" : "") +
            " flow { id name environment run_config storage version core_version } task_runs(where: " + is_due +
            ") { id version task_id serialized_state } } }"};
}

/// True when a backend refuses `flow_runs_query` because it keeps no run configuration with a run.
[[nodiscard]] inline bool lacks_run_configs(error const& why) noexcept {
    return why.http_status == 400 &&
           text::contains(why.message, R"(Cannot query field "run_config" on type "flow_run")");
}

// --- Looking at runs

/// Which columns of runs an API knows beside those that all know.
struct run_columns {
    run_configs configs = run_configs::of_runs_and_flows;
    bool histories = true; ///< a run's states, all of them
};

/// True when a backend refuses a query because it shows no histories.
[[nodiscard]] inline bool lacks_histories(error const& why) noexcept {
    return why.http_status == 400 && text::contains(why.message, R"(Cannot query field "states" on type )");
}

namespace detail {

/// What `read_run_views` reads of each run. The newest of its states that waited to be submitted tells the epoch: a server
/// takes as many Submitted on top of it as are sent.
[[nodiscard]] inline std::string view_selection(std::string_view due, run_columns const& known) {
    std::string_view const history =
        known.histories ? R"( states(where: {state: {_in: ["Scheduled", "Resume", "Retrying", "Paused", "Queued"]}},)"
                          " order_by: {version: desc}, limit: 1) { version }"
                        : "";
    return "{ id version state state_timestamp agent_id serialized_state scheduled_start_time" +
           std::string{known.configs == run_configs::of_runs_and_flows ? " run_config" : ""} + std::string{history} +
           " flow { id name environment run_config storage version core_version }"
           R"( task_runs(where: {_or: [ {state: {_eq: "Submitted"}}, {state_start_time: {_lte: )" +
           literal(due) + "}} ]}) { id version task_id state_timestamp serialized_state" + std::string{history} +
           " } } }";
}

} // namespace detail

/// Asks for these runs, whatever their state, with their due task runs and those that are submitted.
[[nodiscard]] inline operation look_query(std::span<std::string const> ids, std::string_view due,
                                          run_columns const& known) {
    return {"query { flow_run(where: {id: {_in: " + detail::literals(ids) + "}}) " +
            detail::view_selection(due, known)};
}

/// Asks for what these agents have claimed and nothing has begun: runs that are Submitted, and Running ones with task runs
/// that are. The longest waiting come first, `most` from the one at `from` on.
[[nodiscard]] inline operation owned_query(std::span<std::string const> agents, std::string_view due,
                                           run_columns const& known, std::size_t from, std::size_t most) {
    return {"query { flow_run(where: {agent_id: {_in: " + detail::literals(agents) +
            R"(}, _or: [ {state: {_eq: "Submitted"}}, {state: {_eq: "Running"},)"
            R"( task_runs: {state: {_eq: "Submitted"}}} ]},)"
            " order_by: [{state_timestamp: asc}, {id: asc}], limit: " +
            std::to_string(most) + ", offset: " + std::to_string(from) + ") " + detail::view_selection(due, known)};
}

/// Asks which of these runs somebody wants ended.
[[nodiscard]] inline operation cancelling_query(std::span<std::string const> ids) {
    return {"query { flow_run(where: {id: {_in: " + detail::literals(ids) +
            R"(}, state: {_in: ["Cancelling", "Cancelled"]}}) { id } })"};
}

[[nodiscard]] inline result<std::vector<std::string>> read_ids(json::value const& data, std::string_view table) {
    auto const* const rows = json::array_of(data, table);
    if (rows == nullptr) return detail::missing(table);
    std::vector<std::string> ids;
    for (auto const& each : *rows) {
        auto const id = json::text_of(each, "id");
        if (!id) return detail::missing("id in " + std::string{table});
        ids.emplace_back(*id);
    }
    return ids;
}

/// Asks for the state of one run (`table` is `flow_run`), or of one task run (`task_run`).
[[nodiscard]] inline operation standing_query(std::string_view table, std::string_view id) {
    return {"query { " + std::string{table} + "(where: {id: {_eq: " + detail::literal(id) + "}}) { id version state" +
            (table == "flow_run" ? " agent_id" : "") + " } }"};
}

/// Where a run stands.
struct standing {
    std::int64_t version = 0;
    std::string state{};    ///< its type
    std::string agent_id{}; ///< of the agent that submitted it last; empty when none is known
};

/// Nothing when the API does not know the run.
[[nodiscard]] inline result<std::optional<standing>> read_standing(json::value const& data, std::string_view table) {
    auto const row = detail::first_row(data, table);
    if (!row) return row.error();
    if (*row == nullptr) return std::optional<standing>{};
    auto const version = json::integer_of(**row, "version");
    auto const state = json::text_of(**row, "state");
    if (!version || !state) return detail::missing("version and state in " + std::string{table});
    return std::optional{
        standing{*version, std::string{*state}, std::string{json::text_of(**row, "agent_id").value_or("")}}};
}

/// Asks for the agents of our kind that have at least these labels.
[[nodiscard]] inline operation fleet_query(std::vector<std::string> const& labels, std::string_view tenant_id) {
    std::string const tenant = tenant_id.empty() ? "" : ", tenant_id: {_eq: " + detail::literal(tenant_id) + "}";
    return {"query { agent(where: {type: {_eq: " + detail::literal(agent_type) +
            "}, labels: {_contains: " + detail::literals(labels) + "}" + tenant +
            "}, order_by: {last_queried: desc_nulls_last}, limit: 200)" + " { id labels } }"};
}

/// The ids of those that have these labels and no other.
[[nodiscard]] inline result<std::vector<std::string>> read_fleet(json::value const& data,
                                                                 std::vector<std::string> labels) {
    auto const* const rows = json::array_of(data, "agent");
    if (rows == nullptr) return detail::missing("agent");
    auto const as_set = [](std::vector<std::string>& list) {
        std::sort(list.begin(), list.end());
        list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    as_set(labels);
    std::vector<std::string> ids;
    for (auto const& each : *rows) {
        std::vector<std::string> own;
        if (auto const* const list = json::array_of(each, "labels"))
            for (auto const& label : *list) own.emplace_back(json::as_text(label).value_or(""));
        as_set(own);
        if (auto const id = json::text_of(each, "id"); id && own == labels) ids.emplace_back(*id);
    }
    return ids;
}

// --- Telling a run's fate

/// `version` is the one the metadata gave; null when there is none to give.
[[nodiscard]] inline operation set_flow_run_state_mutation(std::string_view id, std::optional<std::int64_t> version,
                                                           json::value state) {
    auto item = json::value::object();
    json::set(item, "flow_run_id", std::string{id});
    json::set(item, "version", version ? json::value(*version) : json::value(nullptr));
    json::set(item, "state", std::move(state));
    return {"mutation($input: set_flow_run_states_input!) { set_flow_run_states(input: $input)"
            " { states { id status message } } }",
            detail::as_input_list("states", std::move(item))};
}

[[nodiscard]] inline operation set_task_run_state_mutation(std::string_view id, std::int64_t version,
                                                           json::value state) {
    auto item = json::value::object();
    json::set(item, "task_run_id", std::string{id});
    json::set(item, "version", version);
    json::set(item, "state", std::move(state));
    return {"mutation($input: set_task_run_states_input!) { set_task_run_states(input: $input)"
            " { states { id status message } } }",
            detail::as_input_list("states", std::move(item))};
}

/// Checks that `field` (set_flow_run_states, set_task_run_states) answered for the one state that was sent. The status
/// itself is not looked at: a Server only ever says SUCCESS.
[[nodiscard]] inline result<void> read_state_set(json::value const& data, std::string_view field) {
    auto const* const payload = json::object_of(data, field);
    if (payload == nullptr) return detail::missing(field);
    auto const row = detail::first_row(*payload, "states");
    if (!row) return row.error();
    if (*row == nullptr) return detail::missing("state in " + std::string{field});
    return {};
}

/// One line in a run's own log; the API stamps it with its time.
[[nodiscard]] inline operation write_run_log_mutation(std::string_view flow_run_id, std::string_view name,
                                                      log_level level, std::string_view message) {
    auto item = json::value::object();
    json::set(item, "flow_run_id", std::string{flow_run_id});
    json::set(item, "name", std::string{name});
    json::set(item, "message", std::string{message});
    json::set(item, "level", std::string{name_of(level)});
    return {"mutation($input: write_run_logs_input!) { write_run_logs(input: $input) { success } }",
            detail::as_input_list("logs", std::move(item))};
}

[[nodiscard]] inline operation heartbeat_mutation(std::string_view flow_run_id) {
    auto input = json::value::object();
    json::set(input, "flow_run_id", std::string{flow_run_id});
    return {
        "mutation($input: update_flow_run_heartbeat_input!) { update_flow_run_heartbeat(input: $input) { success } }",
        detail::as_input(std::move(input))};
}

/// Checks that `field` (write_run_logs, update_flow_run_heartbeat) answered `success: true`.
[[nodiscard]] inline result<void> read_success(json::value const& data, std::string_view field) {
    auto const* const payload = json::object_of(data, field);
    if (payload == nullptr) return detail::missing(field);
    if (json::flag_of(*payload, "success").value_or(false)) return {};
    return fail(errc::service_error, "the Prefect API did not carry out " + std::string{field});
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/login.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_LOGIN_HPP
#define FARGATE_PREFECT_LOGIN_HPP

// The cloud's tenant login of 0.13 and 0.14: a person's API token is exchanged for an access token to one of the person's
// tenants, which is renewed now and then. What is sent and how it is read; nothing is kept on disk.

namespace fargate::inline v0::prefect {

/// Access to one tenant.
struct access {
    secret token{};
    secret refresh_token{};
    time_point expires_at{};

    /// True from 30 s before it expires.
    [[nodiscard]] bool is_stale(time_point now) const noexcept { return now + std::chrono::seconds{30} > expires_at; }
};

/// Whether a text is a UUID as Python's `uuid.UUID` reads one: 32 hexadecimal digits, hyphens anywhere.
[[nodiscard]] constexpr bool is_uuid(std::string_view text) noexcept {
    int digits = 0;
    for (char const c : text) {
        if (c == '-') continue;
        if (text::hex_value(c) < 0) return false;
        ++digits;
    }
    return digits == 32;
}

/// Asks whether there is a tenant of this id that the token may see; `read_tenant` reads the answer.
[[nodiscard]] inline operation tenant_by_id_query(std::string_view tenant_id) {
    auto variables = json::value::object();
    json::set(variables, "slug", nullptr);
    json::set(variables, "id", std::string{tenant_id});
    return {"query($slug: String, $id: uuid) { tenant(where: {slug: {_eq: $slug}, id: {_eq: $id}}) { id } }",
            std::move(variables)};
}

[[nodiscard]] inline operation switch_tenant_mutation(std::string_view tenant_id) {
    auto input = json::value::object();
    json::set(input, "tenant_id", std::string{tenant_id});
    return {"mutation($input: switch_tenant_input!) { switch_tenant(input: $input)"
            " { access_token expires_at refresh_token } }",
            detail::as_input(std::move(input))};
}

/// To be authorized with the refresh token.
[[nodiscard]] inline operation refresh_token_mutation(access const& old) {
    auto input = json::value::object();
    json::set(input, "access_token", std::string{old.token.reveal()});
    return {"mutation($input: refresh_token_input!) { refresh_token(input: $input)"
            " { access_token expires_at refresh_token } }",
            detail::as_input(std::move(input))};
}

/// What `field` (switch_tenant, refresh_token) granted. `errc::malformed_response` when a part of it is missing, cannot be
/// put into a header field, or is no time.
[[nodiscard]] inline result<access> read_access(json::value const& data, std::string_view field) {
    auto const* const payload = json::object_of(data, field);
    if (payload == nullptr) return detail::missing(field);
    access made;
    made.token = json::text_of(*payload, "access_token").value_or("");
    made.refresh_token = json::text_of(*payload, "refresh_token").value_or("");
    auto const until = text::parse_iso8601(json::text_of(*payload, "expires_at").value_or(""));
    if (made.token.empty() || !detail::fits_a_field(made.token.reveal()))
        return detail::missing("access_token in " + std::string{field});
    if (made.refresh_token.empty() || !detail::fits_a_field(made.refresh_token.reveal()))
        return detail::missing("refresh_token in " + std::string{field});
    if (!until) return detail::missing("expires_at in " + std::string{field});
    made.expires_at = *until;
    return made;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/redirect.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_REDIRECT_HPP
#define FARGATE_PREFECT_REDIRECT_HPP

// An API behind a front door that moved. A POST survives 307 and 308 only (RFC 9110 §15.4.8); the older redirects make a
// GET of it, which no GraphQL API answers, and are an error that tells the new address.

namespace fargate::inline v0::prefect {

/// One call follows as many redirects.
inline constexpr unsigned most_redirects = 5;

namespace detail {

/// `location` against the address that answered (RFC 3986 §5.2), without its fragment. Nothing when it is no http(s)
/// address, or is relative to the current directory, as no server writes.
[[nodiscard]] inline std::optional<std::string> resolved(std::string_view base, std::string_view location) {
    location = text::trim(location.substr(0, location.find('#')));
    auto const from = text::split_url(base);
    if (!from || location.empty()) return std::nullopt;
    std::string made;
    if (location.starts_with("//")) {
        made = std::string{from->scheme} + ":" + std::string{location};
    } else if (location.starts_with('/')) {
        made = std::string{from->scheme} + "://" + std::string{from->authority} + std::string{location};
    } else {
        made = location;
    }
    auto const to = text::split_url(made);
    if (!to) return std::nullopt;
    if (to->path.empty()) made.insert(made.size() - (to->has_query ? to->query.size() + 1 : 0), "/");
    return made;
}

/// Whether what is meant for one address may be shown at the other: the same host by the same scheme and port, or by
/// https in place of http on their usual ports.
[[nodiscard]] inline bool same_party(std::string_view left, std::string_view right) {
    auto const from = text::split_url(left);
    auto const to = text::split_url(right);
    if (!from || !to || !text::iequals(from->host, to->host)) return false;
    if (from->scheme == to->scheme) return from->port == to->port;
    return to->scheme == "https" && from->port == 80 && to->port == 443;
}

} // namespace detail

/// The same request at the address that an answer of 307 or 308 names; nothing when the answer is another, or names none.
/// Another host is not sent `Authorization`.
[[nodiscard]] inline std::optional<http::request> redirected(http::request const& asked, http::response const& got) {
    if (got.status != 307 && got.status != 308) return std::nullopt;
    auto to = detail::resolved(asked.url, got.headers.value_of("Location"));
    if (!to) return std::nullopt;
    http::request made = asked;
    if (!detail::same_party(asked.url, *to)) made.headers.erase("Authorization");
    made.url = *std::move(to);
    return made;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/repeat.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_REPEAT_HPP
#define FARGATE_PREFECT_REPEAT_HPP

// Which exchanges with Prefect's API are repeated, and after which wait. Nothing is sent and nobody sleeps here.

namespace fargate::inline v0::prefect {

/// No server makes us wait longer than this, whatever its `Retry-After` says, nor longer than this in all for being asked
/// too often by one call.
inline constexpr std::chrono::seconds longest_retry_after{300};

namespace detail {

/// The wait that a `Retry-After` field asks for (RFC 9110 §10.2.3); nothing when it is absent, unreadable or not positive.
[[nodiscard]] inline std::optional<duration> retry_after(http::response const& got, time_point now) {
    auto const asked = text::trim(got.headers.value_of("Retry-After"));
    duration wait{};
    if (!asked.empty() && std::all_of(asked.begin(), asked.end(), text::is_digit)) {
        std::chrono::seconds seconds{0};
        for (char const c : asked)
            seconds = std::min(longest_retry_after, seconds * 10 + std::chrono::seconds{c - '0'});
        wait = seconds;
    } else if (auto const until = text::parse_http_date(asked)) {
        wait = std::min<duration>(longest_retry_after, *until - now);
    }
    if (wait <= duration::zero()) return std::nullopt;
    return wait;
}

} // namespace detail

/// How long to wait before an exchange that ended like this is repeated, `repeats` being the number of repeats so far;
/// nothing when it is not to be repeated. Over https only: a lost connection, a time-out and 500, 502, 503 and 504, also
/// 413 when it carries `Retry-After`; 6 times for the cloud, once for the server, after 0, 2, 4, 8, 16 and 32 s or what
/// `Retry-After` asks for. 429 is `wait_when_throttled`'s.
[[nodiscard]] inline std::optional<duration> wait_before_repeat(endpoint const& where, backend which,
                                                                result<http::response> const& ended, unsigned repeats,
                                                                time_point now) {
    unsigned const most = which == backend::cloud ? 6 : 1;
    if (!where.secure || repeats >= most) return std::nullopt;
    duration const usual = repeats == 0 ? duration::zero() : duration{std::chrono::seconds{1U << repeats}};
    if (!ended) {
        auto const code = ended.error().code;
        if (code == errc::connection_failed || code == errc::timed_out) return usual;
        return std::nullopt;
    }
    switch (ended->status) {
    case 413:
        if (!ended->headers.find("Retry-After")) return std::nullopt;
        [[fallthrough]];
    case 500:
    case 502:
    case 503:
    case 504: return detail::retry_after(*ended, now).value_or(usual);
    default: return std::nullopt;
    }
}

/// What a call has waited so far because the API is asked too often.
struct throttling {
    unsigned repeats = 0;
    duration waited{};
};

/// How long to wait before a request that was answered 429 is repeated; nothing when the answer is another, or the call
/// has waited enough. What `Retry-After` asks for, else a random time between half of 4, 8, 16, 32, 64 and 64 s and the
/// whole; 6 times and `longest_retry_after` in all at most, on both backends, over http too.
[[nodiscard]] inline std::optional<duration> wait_when_throttled(result<http::response> const& ended,
                                                                 throttling const& so_far, time_point now,
                                                                 random_source bits = random_bits) {
    if (!ended || ended->status != 429 || so_far.repeats >= 6) return std::nullopt;
    auto wait = detail::retry_after(*ended, now);
    if (!wait) {
        constexpr std::chrono::seconds base{2}, cap{32};
        auto const step = static_cast<int>(so_far.repeats) + 1;
        wait = retry::backoff(base, cap, step, 1) + retry::backoff(base, cap, step, random_fraction(bits));
    }
    if (*wait > longest_retry_after - so_far.waited) return std::nullopt;
    return wait;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/client.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_CLIENT_HPP
#define FARGATE_PREFECT_CLIENT_HPP

namespace fargate::inline v0::prefect {

/// Sends operations and repeats them as Prefect's own client does. May be used by several threads at once as far as its
/// policies may; keeps references to them and to the settings, which therefore must outlive it.
template <http_policy Http, clock_policy Clock>
class client {
public:
    client(Http& http, Clock& clock, settings const& options, random_source bits = random_bits) :
        http_{&http},
        clock_{&clock},
        options_{&options},
        bits_{bits},
        where_{endpoint_of(options)},
        who_{identity_of(options)} {}

    /// The address that requests go to, or why there is none.
    [[nodiscard]] result<endpoint> const& where() const noexcept { return where_; }

    /// From now on every request carries this agent's id.
    void identify(std::string agent_id) {
        std::scoped_lock const lock{mutex_};
        who_.agent_id = std::move(agent_id);
    }

    /// That id; empty until there is one.
    [[nodiscard]] std::string agent_id() const {
        std::scoped_lock const lock{mutex_};
        return who_.agent_id;
    }

    /// From now on every request carries this tenant beside the key.
    void choose_tenant(std::string tenant_id) {
        std::scoped_lock const lock{mutex_};
        who_.tenant_id = std::move(tenant_id);
    }

    /// From now on requests carry this access token in place of the API token, and it is renewed when it is about to
    /// expire: by the first call that comes then, while others wait for it.
    void enter(access granted) {
        std::scoped_lock const lock{mutex_};
        who_.bearer = granted.token;
        access_ = std::move(granted);
    }

    /// The `data` of the answer; errors are those of `read_answer`, of the http policy, and `errc::cancelled` when `stop`
    /// fired. An answer that names `API_ERROR` is asked for again, at once and then after 0.25, 0.5, 1, 2 and 4 s; the last
    /// failure is returned 8 s after it came. `errc::unauthorized` also when access to the tenant is not renewed.
    [[nodiscard]] result<json::value> call(operation const& wanted, std::stop_token stop = {}) {
        return call({stop, stop}, wanted, nullptr);
    }

    /// The same for what is to be told in any case: `stop` ends the waits between exchanges, never an exchange, and one is
    /// made even when it has fired. `unsettled` becomes true when an exchange before the last one went without a definite
    /// answer and was repeated: what it asked for may have happened then.
    [[nodiscard]] result<json::value> finish(operation const& wanted, std::stop_token stop, bool* unsettled = nullptr) {
        return call({std::move(stop), {}}, wanted, unsettled);
    }

private:
    /// What a stop ends.
    struct stops {
        std::stop_token waits;
        std::stop_token exchanges;
    };

    [[nodiscard]] result<json::value> call(stops const& stop, operation const& wanted, bool* unsettled) {
        if (!where_) return where_.error();
        auto const who = present(stop);
        if (!who) return who.error();
        bool repeated = false;
        auto answer = call_as(*who, wanted, stop, repeated);
        if (unsettled != nullptr && repeated) *unsettled = true;
        return answer;
    }

    /// Who asks now, with an access token that is good for a while.
    [[nodiscard]] result<identity> present(stops const& stop) {
        {
            std::scoped_lock const lock{mutex_};
            if (!access_) return who_;
        }
        std::scoped_lock const one_renews{renewal_};
        auto [who, old] = held();
        if (!old.is_stale(clock_->now())) return who;
        identity asks = who;
        asks.bearer = old.refresh_token;
        asks.enclosed = old.token;
        bool repeated = false;
        auto const answer = call_as(asks, refresh_token_mutation(old), stop, repeated);
        auto renewed = answer ? read_access(*answer, "refresh_token") : result<access>{answer.error()};
        if (!renewed) return not_renewed(renewed.error());
        who.bearer = renewed->token;
        enter(*std::move(renewed));
        return who;
    }

    [[nodiscard]] std::pair<identity, access> held() const {
        std::scoped_lock const lock{mutex_};
        return {who_, *access_};
    }

    [[nodiscard]] static error not_renewed(error why) {
        if (why.code == errc::cancelled) return why;
        bool const refused = why.http_status != 0 && why.http_status < 500 && why.http_status != 429;
        if (refused) why.code = errc::unauthorized;
        why.message = (refused ? "the access that the Prefect login gives is not renewed, log in again (prefect auth "
                                 "login) or give the agent a token of its own (--token): "
                               : "the access that the Prefect login gives could not be renewed: ") +
                      why.message;
        return why;
    }

    [[nodiscard]] result<json::value> call_as(identity const& who, operation const& wanted, stops const& stop,
                                              bool& repeated) {
        auto request = request_for(wanted, *where_, *options_, who);
        request.stop = stop.exchanges;
        auto answer = ask(request, who, stop.waits, repeated);
        duration wait = std::chrono::milliseconds{250};
        for (int resends = 0; resends != 6 && is_api_error(answer); ++resends, wait *= 2) {
            repeated = true;
            answer = ask(request, who, stop.waits, repeated);
            if (is_api_error(answer) && !clock_->sleep_for(wait, stop.waits)) return stopped();
        }
        return answer;
    }

    [[nodiscard]] static error stopped() { return fail(errc::cancelled, "stopped while waiting to ask Prefect again"); }

    /// One answer, after as many exchanges as it takes.
    [[nodiscard]] result<json::value> ask(http::request const& request, identity const& who,
                                          std::stop_token const& stop, bool& repeated) {
        throttling busy;
        for (unsigned repeats = 0;;) {
            auto at = request;
            auto const ended = follow(at, !who.enclosed.empty());
            auto const now = clock_->now();
            auto wait = wait_when_throttled(ended, busy, now, bits_);
            if (wait) {
                ++busy.repeats;
                busy.waited += *wait;
            } else {
                wait = wait_before_repeat(*where_, options_->backend, ended, repeats, now);
                if (wait) {
                    ++repeats;
                    repeated = repeated || !ended || ended->status != 413;
                }
            }
            if (wait) {
                if (!clock_->sleep_for(*wait, stop)) return stopped();
                continue;
            }
            auto answer = ended ? read_answer(*ended, at.url, *options_, who) : result<json::value>{ended.error()};
            if (!answer) tell_more(answer.error(), request, at, repeats + busy.repeats);
            return answer;
        }
    }

    /// One exchange, and those that it is redirected to; `at` becomes the last request. What holds a secret in its body
    /// stays with its host.
    [[nodiscard]] result<http::response> follow(http::request& at, bool stays) {
        for (unsigned redirects = 0;; ++redirects) {
            auto ended = http_->send(at);
            auto next = ended && redirects != most_redirects ? redirected(at, *ended) : std::nullopt;
            if (!next || (stays && !detail::same_party(at.url, next->url))) return ended;
            at = *std::move(next);
        }
    }

    static void tell_more(error& why, http::request const& asked, http::request const& at, unsigned repeats) {
        if (at.url != asked.url && why.code == errc::unauthorized && asked.headers.find("Authorization") &&
            !at.headers.find("Authorization"))
            why.message += "; " + asked.url +
                           " redirects to this other host, which is not sent the credential: set api (--api) to it";
        if (repeats != 0) why.message += " (" + std::to_string(repeats + 1) + " attempts)";
    }

    Http* http_;
    Clock* clock_;
    settings const* options_;
    random_source bits_;
    result<endpoint> where_;
    std::mutex renewal_; ///< held by the call that renews the access; taken before mutex_
    mutable std::mutex mutex_;
    identity who_;
    std::optional<access> access_;
};

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/run_states.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_RUN_STATES_HPP
#define FARGATE_PREFECT_RUN_STATES_HPP

namespace fargate::inline v0::prefect {

/// Reads and sets the state of one run. `stop` ends waiting, not what was sent; `unsettled` as in `client::finish`.
template <http_policy Http, clock_policy Clock>
class run_states {
public:
    explicit run_states(client<Http, Clock>& api) : api_{&api} {}

    /// Nothing when the API does not know the run; `table` is `flow_run` or `task_run`.
    [[nodiscard]] result<std::optional<standing>> read(char const* table, std::string_view id, std::stop_token stop) {
        auto const answer = api_->finish(standing_query(table, id), std::move(stop));
        if (!answer) return answer.error();
        return read_standing(*answer, table);
    }

    [[nodiscard]] result<void> set_flow_run(std::string_view id, std::int64_t version, json::value state,
                                            std::stop_token stop, bool* unsettled = nullptr) {
        auto const asked = set_flow_run_state_mutation(id, version, std::move(state));
        auto const answer = api_->finish(asked, std::move(stop), unsettled);
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_flow_run_states");
    }

    [[nodiscard]] result<void> set_task_run(std::string_view id, std::int64_t version, json::value state,
                                            std::stop_token stop, bool* unsettled = nullptr) {
        auto const asked = set_task_run_state_mutation(id, version, std::move(state));
        auto const answer = api_->finish(asked, std::move(stop), unsettled);
        if (!answer) return answer.error();
        return read_state_set(*answer, "set_task_run_states");
    }

private:
    client<Http, Clock>* api_;
};

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/claimant.hpp -----------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_CLAIMANT_HPP
#define FARGATE_PREFECT_CLAIMANT_HPP

namespace fargate::inline v0::prefect {

/// Makes runs ours. Keeps references to all it is given.
template <http_policy Http, clock_policy Clock, log_policy Log>
class claimant {
public:
    claimant(client<Http, Clock>& api, Log& log, settings const& options) :
        api_{&api}, log_{&log}, options_{&options}, states_{api} {}

    /// Moves the run to Submitted when it is Scheduled, then each of its due task runs likewise, one request each.
    /// - Lost when the API says that another agent was first (the text `State update failed`, or the code
    ///   `VERSION_LOCKING_ERROR`: the run has moved on since the poll), when nothing is left to submit, and when it was not
    ///   claimed for a reason that is not the run's: the next poll offers it again.
    /// - An answer that is lost or unreadable is replaced by a look at the run: it is ours when it is Submitted and carries our
    ///   agent id. Unclear when that cannot be had or does not tell.
    /// An error after a part of it succeeded leaves a run that is ours and not launched: tell it with `failed`.
    [[nodiscard]] result<fargate::claim> claim(flow_run const& wanted, std::stop_token stop) {
        if (stop.stop_requested()) return told(outcome::lost, "it was not claimed: the agent is stopping");
        log_->write(log_level::debug, "Updating states for flow run " + wanted.id);
        auto const flow = submit_flow(wanted, stop);
        if (!flow) return flow.error();
        if (flow->ended) return *flow->ended;
        bool won = flow->submitted;
        for (auto const& each : wanted.task_runs) {
            auto const task = submit_task(each, flow->submitted, won, stop);
            if (!task) return task.error();
            if (task->ended) return *task->ended;
            won = won || task->submitted;
        }
        if (won) return fargate::claim{};
        return told(outcome::lost, "neither it nor a task run of it waits to be submitted");
    }

private:
    using outcome = fargate::claim::outcome;

    /// What became of one request of a claim.
    struct step {
        bool submitted = false;                ///< it was to be, and is
        std::optional<fargate::claim> ended{}; ///< there is no going on
    };

    [[nodiscard]] static fargate::claim told(outcome kind, std::string reason) { return {kind, std::move(reason), {}}; }

    /// Whether a state waits to be submitted.
    [[nodiscard]] result<bool> waits(char const* what, std::string const& id, json::value const& state) {
        auto scheduled = is_scheduled(state);
        if (!scheduled) {
            scheduled.error().message = std::string{what} + id + " cannot be submitted: " + scheduled.error().message;
        } else if (*scheduled) {
            log_->write(log_level::debug, what + id + " is in a Scheduled state, updating to Submitted");
        }
        return scheduled;
    }

    [[nodiscard]] result<step> submit_flow(flow_run const& wanted, std::stop_token const& stop) {
        auto const waiting = waits("Flow run ", wanted.id, wanted.state);
        if (!waiting) return waiting.error();
        if (!*waiting) return step{};
        bool unsettled = false;
        auto state = submitted_state(wanted.state, "Submitted for execution", options_->core_version);
        auto const set = states_.set_flow_run(wanted.id, wanted.version, std::move(state), stop, &unsettled);
        if (set) return step{true, {}};
        auto const& why = set.error();
        switch (claim_failure_of(why, unsettled)) {
        case claim_failure::taken: return step{false, told(outcome::lost, why.message)};
        case claim_failure::refused: return why;
        case claim_failure::not_made: return step{false, not_claimed(why)};
        case claim_failure::open: break;
        }
        auto const now = states_.read("flow_run", wanted.id, stop);
        if (!now) return step{false, unclear(why, "nor could it be looked at: " + now.error().message)};
        if (!*now) return step{false, told(outcome::lost, "the Prefect API does not know it any more")};
        auto const& [version, type, agent] = **now;
        if (type == "Submitted") {
            auto const own = api_->agent_id();
            if (own.empty() || agent.empty())
                return step{false, unclear(why, "it is Submitted, and nothing tells by whom")};
            if (agent == own) return step{true, {}};
            return step{false, told(outcome::lost, "the agent " + agent + " has it")};
        }
        if (life_of(type) != run_life::waiting) return step{false, told(outcome::lost, "it is " + type + " by now")};
        if (!unsettled && version == wanted.version && is_refusal(why)) return why;
        return step{false, not_claimed(why)};
    }

    /// `flow_won`: its flow run has just become ours, and with it all that is Submitted of it. `won`: some of it has.
    [[nodiscard]] result<step> submit_task(task_run const& wanted, bool flow_won, bool won,
                                           std::stop_token const& stop) {
        auto const waiting = waits("Task run ", wanted.id, wanted.state);
        if (!waiting) return waiting.error();
        if (!*waiting) return step{};
        bool unsettled = false;
        auto state = submitted_state(wanted.state, "Submitted for execution.", options_->core_version);
        auto const set = states_.set_task_run(wanted.id, wanted.version, std::move(state), stop, &unsettled);
        if (set) return step{true, {}};
        auto const& why = set.error();
        auto const missed = [&] {
            return step{false, won ? unclear(why, "a part of it is claimed") : not_claimed(why)};
        };
        switch (claim_failure_of(why, unsettled)) {
        case claim_failure::taken:
            return step{false, flow_won ? unclear(why, "a part of it is claimed") : told(outcome::lost, why.message)};
        case claim_failure::refused: return why;
        case claim_failure::not_made: return missed();
        case claim_failure::open: break;
        }
        auto const now = states_.read("task_run", wanted.id, stop);
        if (!now) return step{false, unclear(why, "nor could it be looked at: " + now.error().message)};
        if (!*now) return missed();
        if ((*now)->state == "Submitted") {
            if (flow_won) return step{true, {}};
            return step{false, unclear(why, "its task run is Submitted, and nothing tells by whom")};
        }
        bool const untouched = life_of((*now)->state) == run_life::waiting && (*now)->version == wanted.version;
        if (!unsettled && untouched && is_refusal(why)) return why;
        return missed();
    }

    /// The GraphQL layer said no, for good.
    [[nodiscard]] static bool is_refusal(error const& why) noexcept {
        return why.code == errc::service_error && why.http_status < 300 && !why.retryable;
    }

    [[nodiscard]] static fargate::claim not_claimed(error const& why) {
        return told(outcome::lost, "it was not claimed: " + why.message);
    }

    [[nodiscard]] static fargate::claim unclear(error const& why, std::string const& more) {
        return told(outcome::unclear, why.message + "; " + more);
    }

    client<Http, Clock>* api_;
    Log* log_;
    settings const* options_;
    run_states<Http, Clock> states_;
};

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/tenant.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_TENANT_HPP
#define FARGATE_PREFECT_TENANT_HPP

namespace fargate::inline v0::prefect {

namespace detail {

/// The API answered, and said no.
[[nodiscard]] inline bool is_refusal(error const& why) noexcept {
    bool const refused = why.code == errc::unauthorized || why.code == errc::service_error;
    return refused && !why.retryable && why.http_status < 500;
}

/// Server: the first tenant.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> first_tenant(client<Http, Clock>& api, settings const& options,
                                               std::stop_token stop) {
    auto const answer = api.call(tenant_query(), stop);
    if (!answer) return answer.error();
    auto found = read_tenant(*answer);
    if (found && found->empty())
        return fail(errc::bad_configuration, "the Prefect server at " + std::string{api_of(options)} +
                                                 " has no tenant: make one (prefect server create-tenant)");
    return found;
}

/// Cloud: the key's own tenant.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> tenant_of_key(client<Http, Clock>& api, std::stop_token stop) {
    auto const answer = api.call(key_tenant_query(), stop);
    if (!answer) return answer.error();
    return read_key_tenant(*answer);
}

/// Exchanges a person's token for access to one of the person's tenants.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> enter_tenant(client<Http, Clock>& api, std::string const& wanted,
                                               std::stop_token stop) {
    auto const rows = api.call(tenant_by_id_query(wanted), stop);
    if (!rows) return rows.error();
    auto id = read_tenant(*rows);
    if (!id) return id;
    if (id->empty())
        return fail(errc::bad_configuration,
                    "no matching tenants found for the Prefect login: switch to one of its tenants (prefect auth "
                    "switch-tenants), or give the agent a token of its own (--token)");
    auto const granted = api.call(switch_tenant_mutation(*id), stop);
    if (!granted) return granted.error();
    auto access = read_access(*granted, "switch_tenant");
    if (!access) return access.error();
    api.enter(*std::move(access));
    return id;
}

/// The one tenant that the token sees; empty text when there is none or more than one.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> only_tenant(client<Http, Clock>& api, std::stop_token stop) {
    auto const answer = api.call(tenant_query(), stop);
    if (!answer) return answer.error();
    auto const* const rows = json::array_of(*answer, "tenant");
    if (rows == nullptr || rows->size() != 1) return std::string{};
    return read_tenant(*answer);
}

/// Cloud, a person's token: access to the tenant of the login. A token that may not enter it does without when it sees
/// one tenant only, as Prefect 0.15.1 has it.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> tenant_of_login(client<Http, Clock>& api, std::string const& wanted,
                                                  std::stop_token stop) {
    if (!is_uuid(wanted))
        return fail(errc::bad_configuration,
                    "the active tenant of the Prefect login is not a UUID: log in again (prefect auth login), or give "
                    "the agent a token of its own (--token)");
    auto entered = enter_tenant(api, wanted, stop);
    if (entered || !is_refusal(entered.error())) return entered;
    auto alone = only_tenant(api, stop);
    bool const of_no_help = alone ? alone->empty() : is_refusal(alone.error());
    if (!of_no_help) return alone;
    auto why = std::move(entered).error();
    why.code = errc::unauthorized;
    why.message =
        "the Prefect login may not enter its active tenant, log in again (prefect auth login) or give the agent "
        "a token of its own (--token): " +
        why.message;
    return why;
}

} // namespace detail

/// Whose runs are ours; empty text when the cloud knows it from the token. From then on `api` sends what goes with it: the
/// tenant beside a key, the access token of a login. `errc::bad_configuration` when a server has no tenant yet, or a
/// login's is none; `errc::unauthorized` when a key has none, or the login may not enter its own.
template <http_policy Http, clock_policy Clock>
[[nodiscard]] result<std::string> find_tenant(client<Http, Clock>& api, settings const& options, std::stop_token stop) {
    bool const has_key = !options.api_key.empty();
    bool const cloud = options.backend == backend::cloud;
    if (cloud && !has_key && !options.switch_to_tenant.empty())
        return detail::tenant_of_login(api, options.switch_to_tenant, stop);
    if (!options.tenant_id.empty() || (cloud && !has_key)) return options.tenant_id;
    auto found = cloud ? detail::tenant_of_key(api, stop) : detail::first_tenant(api, options, stop);
    if (found && has_key) api.choose_tenant(*found);
    return found;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/registration.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_REGISTRATION_HPP
#define FARGATE_PREFECT_REGISTRATION_HPP

namespace fargate::inline v0::prefect {

/// Who this agent is to an API: its token's scope, its tenant, its id, and the agents that are as good as itself. Keeps
/// references to all it is given. `enroll`, `catch_up` and what they promise is for one thread, the rest for any.
template <http_policy Http, clock_policy Clock, log_policy Log>
class registration {
public:
    registration(client<Http, Clock>& api, Log& log, settings const& options) :
        api_{&api}, log_{&log}, options_{&options} {}

    /// Cloud: checks the token's scope, unless there is a key. Then finds the tenant, registers, and checks the agent config when
    /// one is configured. On the server backend a registration that fails is a warning, and `catch_up` tries again;
    /// everywhere else it is an error.
    [[nodiscard]] result<void> enroll(std::stop_token stop) {
        if (!api_->where()) return api_->where().error();
        if (options_->backend == backend::cloud)
            if (auto allowed = check_token(stop); !allowed) return allowed;
        auto done = become_known(stop);
        if (done || !is_forgiven(done.error())) return done;
        log_->write(log_level::warning, "Unable to register agent to " + address() +
                                            ". Make sure the server is running on the latest version.");
        log_->write(log_level::warning, "It will be tried again: " + done.error().message);
        return {};
    }

    /// Before a poll: what `enroll` could not do. Polling needs a tenant, but not a registration: when the API answers and
    /// refuses that, it may still hand out runs.
    [[nodiscard]] result<void> catch_up(std::stop_token stop) {
        if (enrolled_) return {};
        auto done = become_known(stop);
        if (done) {
            log_->write(log_level::info, "Agent registered to " + address());
            return done;
        }
        bool const answered = done.error().http_status != 0 || done.error().code == errc::malformed_response;
        if (is_forgiven(done.error()) && answered && !tenant().empty()) return {};
        return done;
    }

    /// Empty until it is known, and where the cloud knows it from the token.
    [[nodiscard]] std::string tenant() const {
        std::scoped_lock const lock{mutex_};
        return tenant_.value_or("");
    }

    /// The ids of the agents whose runs are ours: this one, and those of the same kind with the same labels, which take
    /// each other's place. They are asked for once, and again each time with `anew`; an API that refuses to tell them is
    /// not asked twice. Empty when none is known.
    [[nodiscard]] result<std::vector<std::string>> fleet(bool anew, std::stop_token stop) {
        {
            std::scoped_lock const lock{mutex_};
            bool const whose = tenant_ && (!tenant_->empty() || options_->backend == backend::cloud);
            if (refused_ || !whose || (others_ && !anew)) return with_ourselves(others_);
        }
        auto const answer = api_->call(fleet_query(options_->labels, tenant()), stop);
        auto found = answer ? read_fleet(*answer, options_->labels) : result<std::vector<std::string>>{answer.error()};
        std::scoped_lock const lock{mutex_};
        if (found) {
            others_ = *std::move(found);
        } else if (is_final(found.error())) {
            if (!std::exchange(refused_, true))
                log_->write(log_level::debug, "The Prefect API does not tell the agents with our labels, so that only "
                                              "this one's runs are ours: " +
                                                  found.error().message);
        } else if (!others_) {
            return found.error();
        }
        return with_ourselves(others_);
    }

private:
    [[nodiscard]] std::string address() const { return std::string{api_of(*options_)}; }

    [[nodiscard]] result<void> check_token(std::stop_token stop) {
        if (allowed_ || !options_->api_key.empty()) return {};
        if (options_->token.empty()) return fail(errc::unauthorized, "No agent API token provided.");
        auto const answer = api_->call(token_scope_query(), stop);
        if (!answer) return answer.error();
        if (read_token_scope(*answer) != "RUNNER")
            return fail(errc::unauthorized, "Provided token does not have a RUNNER scope.");
        allowed_ = true;
        return {};
    }

    /// Whose runs are ours, asked for until it is known.
    [[nodiscard]] result<void> learn_tenant(std::stop_token stop) {
        if (tenant_found_) return {};
        auto found = find_tenant(*api_, *options_, stop);
        if (!found) return found.error();
        std::scoped_lock const lock{mutex_};
        tenant_ = *std::move(found);
        tenant_found_ = true;
        return {};
    }

    [[nodiscard]] result<void> become_known(std::stop_token stop) {
        if (auto found = learn_tenant(stop); !found) return found;
        if (!known_) {
            auto const answer = api_->call(register_agent_mutation(*options_, tenant()), stop);
            if (!answer) return answer.error();
            auto id = read_agent_id(*answer);
            if (!id) return id.error();
            log_->write(log_level::debug, "Agent ID: " + *id);
            api_->identify(*std::move(id));
            known_ = true;
        }
        if (!options_->agent_config_id.empty()) {
            auto const answer = api_->call(agent_config_query(options_->agent_config_id), stop);
            if (!answer) return answer.error();
            auto const exists = read_agent_config(*answer);
            if (!exists) return exists.error();
            if (!*exists)
                return fail(errc::not_found, "there is no agent config " + options_->agent_config_id + " at " +
                                                 address() + ": check agent_config_id");
        }
        enrolled_ = true;
        return {};
    }

    /// A server that cannot register us now may be able to later; a config that does not exist will not come to be.
    [[nodiscard]] bool is_forgiven(error const& why) const noexcept {
        return options_->backend == backend::server && why.code != errc::not_found && why.code != errc::cancelled;
    }

    /// The API understood, and will say the same next time.
    [[nodiscard]] static bool is_final(error const& why) noexcept {
        bool const understood = why.http_status == 200 || why.http_status == 400;
        return why.code == errc::service_error && understood && !why.retryable;
    }

    [[nodiscard]] std::vector<std::string> with_ourselves(std::optional<std::vector<std::string>> const& others) const {
        auto all = others.value_or(std::vector<std::string>{});
        auto own = api_->agent_id();
        if (!own.empty() && std::find(all.begin(), all.end(), own) == all.end()) all.push_back(std::move(own));
        return all;
    }

    client<Http, Clock>* api_;
    Log* log_;
    settings const* options_;

    bool allowed_ = false;      ///< the token's scope is the right one
    bool tenant_found_ = false; ///< there is a tenant, or none is needed
    bool known_ = false;        ///< registered
    bool enrolled_ = false;     ///< registered, and the agent config was found

    mutable std::mutex mutex_;
    std::optional<std::string> tenant_;
    std::optional<std::vector<std::string>> others_; ///< the fleet, when it was last asked for
    bool refused_ = false;                           ///< the API does not tell it
};

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/run_views.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_RUN_VIEWS_HPP
#define FARGATE_PREFECT_RUN_VIEWS_HPP

// Runs as an API shows them at one moment, made to tell the same epoch as when they were claimed.

namespace fargate::inline v0::prefect {

namespace detail {

/// The version of the newest state that waited to be submitted, where the row tells it.
[[nodiscard]] inline std::optional<std::int64_t> scheduled_version(json::value const& row) {
    auto const* const states = json::array_of(row, "states");
    if (states == nullptr || states->empty()) return std::nullopt;
    return json::integer_of(*states->begin(), "version");
}

[[nodiscard]] inline std::optional<time_point> since_of(json::value const& row) {
    auto const at = json::text_of(row, "state_timestamp");
    return at ? text::parse_iso8601(*at) : std::nullopt;
}

[[nodiscard]] inline bool is_submitted(json::value const& state) {
    return json::text_of(state, "type") == std::string_view{"Submitted"};
}

/// The task runs of a claimed run are those that were claimed with it, whatever else has become due since; a waiting run's
/// are the due ones. The others have none to be claimed.
inline void keep_task_runs(run_view<flow_run>& view, json::value const& rows) {
    std::vector<task_run> kept;
    for (std::size_t at = 0; at != view.run.task_runs.size(); ++at) {
        auto& each = view.run.task_runs[at];
        bool const submitted = is_submitted(each.state);
        if (view.life == run_life::claimed ? !submitted : submitted || view.life != run_life::waiting) continue;
        if (auto const version = scheduled_version(rows[at]); submitted && version) each.version = *version + 1;
        kept.push_back(std::move(each));
    }
    view.run.task_runs = std::move(kept);
}

[[nodiscard]] inline result<run_view<flow_run>> read_run_view(json::value const& row,
                                                              std::span<std::string const> ours) {
    auto read = read_flow_run(row);
    if (!read) return read.error();
    run_view<flow_run> view;
    view.run = *std::move(read);
    auto const type = json::text_of(view.run.state, "type");
    view.life = life_of(type ? *type : json::text_of(row, "state").value_or(""));
    view.since = since_of(row);
    auto const agent = json::text_of(row, "agent_id");
    view.ours = agent && std::find(ours.begin(), ours.end(), *agent) != ours.end();

    auto const* const rows = json::array_of(row, "task_runs");
    json::value const none = json::value::array();
    json::value const& tasks = rows != nullptr ? *rows : none;
    // Claimed anew while it runs: for its task runs, whose next process has not reported.
    bool const anew =
        view.life == run_life::running && std::any_of(view.run.task_runs.begin(), view.run.task_runs.end(),
                                                      [](task_run const& each) { return is_submitted(each.state); });
    if (anew) {
        view.life = run_life::claimed;
        for (std::size_t at = 0; at != view.run.task_runs.size(); ++at)
            if (is_submitted(view.run.task_runs[at].state)) view.since = std::max(view.since, since_of(tasks[at]));
    } else if (auto const version = scheduled_version(row); version && view.life != run_life::waiting) {
        view.run.version = *version + (is_submitted(view.run.state) ? 1 : 0);
    }
    keep_task_runs(view, tasks);
    return view;
}

} // namespace detail

/// The runs of an answer to `look_query` or `owned_query`, in its order; `ours` are the agents whose runs are ours. A run's
/// `version` is the one that `deploy::epoch_of` needs to name the epoch it was claimed in, not always the newest.
[[nodiscard]] inline result<std::vector<run_view<flow_run>>> read_run_views(json::value const& data,
                                                                            std::span<std::string const> ours) {
    auto const* const rows = json::array_of(data, "flow_run");
    if (rows == nullptr) return fail(errc::malformed_response, "the Prefect API's answer has no flow_run");
    std::vector<run_view<flow_run>> views;
    views.reserve(rows->size());
    for (auto const& each : *rows) {
        auto read = detail::read_run_view(each, ours);
        if (!read) return read.error();
        views.push_back(*std::move(read));
    }
    return views;
}

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/prefect/server.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_PREFECT_SERVER_HPP
#define FARGATE_PREFECT_SERVER_HPP

namespace fargate::inline v0::prefect {

namespace detail {

/// `['a', 'b']`, as the original's log lines list ids.
[[nodiscard]] inline std::string listed(std::span<std::string const> ids) {
    std::string text = "[";
    for (auto const& each : ids) text += (text.size() == 1 ? "'" : ", '") + each + "'";
    return text + "]";
}

[[nodiscard]] inline bool is_among(std::span<std::string const> ids, std::string_view id) noexcept {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
}

/// Those that can be the id of a run: an API refuses to look for anything else.
[[nodiscard]] inline std::vector<std::string> uuids_of(std::span<std::string const> ids) {
    std::vector<std::string> kept;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(kept), [](auto const& each) { return is_uuid(each); });
    return kept;
}

[[nodiscard]] inline std::vector<std::span<std::string const>> pages_of(std::span<std::string const> all,
                                                                        std::size_t most) {
    std::vector<std::span<std::string const>> pages;
    for (; !all.empty(); all = all.subspan(pages.back().size())) pages.push_back(all.first(std::min(most, all.size())));
    return pages;
}

} // namespace detail

/// How far ahead runs are asked for with `settings::prefetch`.
inline constexpr std::chrono::seconds prefetched{10};

/// The `flow_source` of Prefect 0.13 to 1.x: a Server or Cloud with its GraphQL API. Keeps references to its policies,
/// which must outlive it and serve as many threads as call it.
template <http_policy Http, clock_policy Clock, log_policy Log>
class server {
public:
    using run = flow_run;

    server(Http& http, Clock& clock, Log& log, settings options, random_source bits = random_bits) :
        clock_{&clock},
        log_{&log},
        options_{std::move(options)},
        client_{http, clock, options_, bits},
        ourselves_{client_, log, options_},
        states_{client_} {}
    server(server const&) = delete;
    server& operator=(server const&) = delete;

    /// Makes this agent known and greets the API: `enroll`, then `greet`.
    [[nodiscard]] result<void> open(std::stop_token stop = {}) {
        if (auto enrolled = enroll(stop); !enrolled) return enrolled;
        return greet(stop);
    }

    /// What `registration::enroll` does.
    [[nodiscard]] result<void> enroll(std::stop_token stop = {}) { return ourselves_.enroll(stop); }

    /// Says hello. An API that does not answer is worth two lines in the log, and no error: polling goes on until it does.
    [[nodiscard]] result<void> greet(std::stop_token stop = {}) {
        log_->write(log_level::info, "Agent connecting to the Prefect API at " + api());
        if (auto const answer = client_.call(hello_query(), stop); !answer) {
            if (answer.error().code == errc::cancelled) return answer.error();
            log_->write(log_level::error, "There was an error connecting to " + api());
            log_->write(log_level::error, answer.error().message);
        }
        return {};
    }

    /// The runs that are due, the earliest first, without those in `busy`. `errc::bad_configuration` when a server has no
    /// tenant yet.
    [[nodiscard]] result<std::vector<run>> poll(std::span<std::string const> busy, std::stop_token stop = {}) {
        if (auto ready = ourselves_.catch_up(stop); !ready) return ready.error();
        auto const now = clock_->now();
        auto const wanted = queued(now, busy, stop);
        if (!wanted) return wanted.error();
        if (wanted->empty()) return std::vector<run>{};
        return metadata(*wanted, now, stop);
    }

    /// What `claimant::claim` does.
    [[nodiscard]] result<fargate::claim> claim(run const& wanted, std::stop_token stop = {}) {
        return claimant<Http, Clock, Log>{client_, *log_, options_}.claim(wanted, std::move(stop));
    }

    /// These runs as they are, in the order of the API; what is no UUID is no run.
    [[nodiscard]] result<std::vector<run_view<run>>> look(std::span<std::string const> ids, std::stop_token stop = {}) {
        std::vector<run_view<run>> views;
        auto const wanted = detail::uuids_of(ids);
        if (wanted.empty()) return views;
        auto const ours = ourselves_.fleet(false, stop);
        if (!ours) return ours.error();
        for (auto const page : detail::pages_of(wanted, most_views)) {
            auto const due = text::iso8601(clock_->now() - due_since);
            auto const answer = ask([&](run_columns const& known) { return look_query(page, due, known); }, stop);
            if (!answer) return answer.error();
            if (auto added = append_views(views, *answer, *ours); !added) return added.error();
        }
        return views;
    }

    /// The runs that we, or agents like us, have claimed and that have not begun, those of 500 that wait the longest.
    [[nodiscard]] result<std::vector<run_view<run>>> owned(std::stop_token stop = {}) {
        std::vector<run_view<run>> views;
        auto const ours = ourselves_.fleet(true, stop);
        if (!ours) return ours.error();
        if (ours->empty()) return views;
        for (std::size_t from = 0; from != most_owned; from += most_views) {
            auto const due = text::iso8601(clock_->now() - due_since);
            auto const answer =
                ask([&](run_columns const& known) { return owned_query(*ours, due, known, from, most_views); }, stop);
            if (!answer) return answer.error();
            auto const added = append_views(views, *answer, *ours);
            if (!added) return added.error();
            if (*added != most_views) break;
        }
        return views;
    }

    /// Those of the runs that are Cancelling or Cancelled.
    [[nodiscard]] result<std::vector<std::string>> cancelling(std::span<std::string const> ids,
                                                              std::stop_token stop = {}) {
        std::vector<std::string> found;
        auto const asked = detail::uuids_of(ids);
        for (auto const page : detail::pages_of(asked, most_ids)) {
            auto const answer = client_.call(cancelling_query(page), stop);
            if (!answer) return answer.error();
            auto const read = read_ids(*answer, "flow_run");
            if (!read) return read.error();
            for (auto const& each : *read)
                if (detail::is_among(page, each)) found.push_back(each);
        }
        return found;
    }

    /// Tells the run's log which task it became.
    [[nodiscard]] result<void> launched(std::string_view id, std::string_view handle, std::stop_token stop = {}) {
        return note(id, log_level::info, "Submitted for execution: Task ARN: " + std::string{handle}, stop);
    }

    /// Writes the reason into the run's log and sets the run to Failed, unless it has ended or waits to be claimed again by
    /// then: no API compares for us, so it is looked at and set at once. Both are attempted; the error is that of the state
    /// when both fail. False for a run that the API does not know.
    [[nodiscard]] result<bool> failed(std::string_view id, std::string_view reason, std::stop_token stop = {}) {
        return end(id, log_level::error, reason, failed_state(reason, options_.core_version), stop);
    }

    /// The same with Cancelled.
    [[nodiscard]] result<bool> cancelled(std::string_view id, std::string_view reason, std::stop_token stop = {}) {
        return end(id, log_level::info, reason, cancelled_state(reason, options_.core_version), stop);
    }

    /// One line in the run's own log, cut to `longest_message`.
    [[nodiscard]] result<void> note(std::string_view id, log_level level, std::string_view text,
                                    std::stop_token stop = {}) {
        auto const answer =
            client_.finish(write_run_log_mutation(id, options_.name, level, bounded_message(text)), stop);
        if (!answer) return answer.error();
        return read_success(*answer, "write_run_logs");
    }

    /// Keeps the API from taking the run for dead while its task starts.
    [[nodiscard]] result<void> heartbeat(std::string_view id, std::stop_token stop = {}) {
        auto const answer = client_.finish(heartbeat_mutation(id), stop);
        if (!answer) return answer.error();
        return read_success(*answer, "update_flow_run_heartbeat");
    }

private:
    static constexpr std::size_t most_views = 100; ///< whole runs in one answer
    static constexpr std::size_t most_owned = 500;
    static constexpr std::size_t most_ids = 500; ///< in one question whose answer is short
    static constexpr std::chrono::seconds due_since{3};

    [[nodiscard]] std::string api() const { return std::string{api_of(options_)}; }

    /// The ids that the queue offers and that are not busy, each once.
    [[nodiscard]] result<std::vector<std::string>> queued(time_point now, std::span<std::string const> busy,
                                                          std::stop_token stop) {
        log_->write(log_level::debug, "Querying for flow runs");
        auto const before = text::iso8601(options_.prefetch ? now + prefetched : now);
        auto const answer = client_.call(runs_in_queue_mutation(before, options_.labels, ourselves_.tenant()), stop);
        if (!answer) return answer.error();
        auto const offered = read_runs_in_queue(*answer);
        if (!offered) return offered.error();
        std::vector<std::string> fresh;
        std::vector<std::string> submitting;
        for (auto const& id : *offered) {
            auto& list = detail::is_among(busy, id) ? submitting : fresh;
            if (!detail::is_among(list, id)) list.push_back(id);
        }
        std::string line = offered->empty() ? "No flow runs found" : "Found flow runs " + detail::listed(*offered);
        if (!submitting.empty())
            line +=
                " (" + std::to_string(submitting.size()) + " already submitting: " + detail::listed(submitting) + ")";
        log_->write(log_level::debug, line);
        return fresh;
    }

    /// The metadata of those of `ids` that are still due, ordered by their scheduled start as text.
    [[nodiscard]] result<std::vector<run>> metadata(std::span<std::string const> ids, time_point now,
                                                    std::stop_token stop) {
        log_->write(log_level::debug, "Querying flow run metadata");
        auto const due = text::iso8601(now - due_since);
        auto const answer =
            ask([&](run_columns const& known) { return flow_runs_query(ids, due, known.configs); }, stop);
        if (!answer) return answer.error();
        auto runs = read_flow_runs(*answer);
        if (!runs) return runs;
        std::erase_if(*runs, [&](run const& each) { return !detail::is_among(ids, each.id); });
        if (options_.prefetch)
            for (auto& each : *runs)
                if (auto const start = due_time_of(each)) each.not_before = std::min(*start, now + prefetched);
        std::stable_sort(runs->begin(), runs->end(), [](run const& left, run const& right) {
            return left.scheduled_start_time < right.scheduled_start_time;
        });
        return runs;
    }

    /// Asks for columns that not every API knows, and again without those that it refuses.
    template <class Query>
    [[nodiscard]] result<json::value> ask(Query query, std::stop_token const& stop) {
        for (;;) {
            auto const asked = columns();
            auto answer = client_.call(query(asked), stop);
            if (answer || !drop_column(asked, answer.error())) return answer;
        }
    }

    [[nodiscard]] run_columns columns() const {
        std::scoped_lock const lock{mutex_};
        return columns_;
    }

    /// Notes which of the columns that were asked for is the one refused; false when it is none.
    [[nodiscard]] bool drop_column(run_columns const& asked, error const& why) {
        char const* told = nullptr;
        std::scoped_lock const lock{mutex_};
        if (asked.configs == run_configs::of_runs_and_flows && lacks_run_configs(why)) {
            columns_.configs = run_configs::of_flows;
            told = "The Prefect API knows no run_config of flow runs: their flows' own count";
        } else if (asked.histories && lacks_histories(why)) {
            columns_.histories = false;
            told = "The Prefect API shows no past states of runs: one that was submitted twice may look like another";
        }
        if (told != nullptr) log_->write(log_level::debug, told);
        return told != nullptr;
    }

    /// Adds what is not among them yet; the number of runs in the answer.
    [[nodiscard]] static result<std::size_t> append_views(std::vector<run_view<run>>& views, json::value const& answer,
                                                          std::span<std::string const> ours) {
        auto read = read_run_views(answer, ours);
        if (!read) return read.error();
        for (auto& each : *read)
            if (std::none_of(views.begin(), views.end(), [&](auto const& one) { return one.run.id == each.run.id; }))
                views.push_back(std::move(each));
        return read->size();
    }

    [[nodiscard]] result<bool> end(std::string_view id, log_level level, std::string_view reason, json::value state,
                                   std::stop_token const& stop) {
        auto const noted = note(id, level, reason, stop);
        auto const now = states_.read("flow_run", id, stop);
        if (now && !*now) return false;
        auto set = now ? end_from(id, **now, std::move(state), stop) : result<bool>{now.error()};
        if (!set && !noted) set.error().message += ", nor could its log be written";
        return set && !noted ? noted.error() : set;
    }

    [[nodiscard]] result<bool> end_from(std::string_view id, standing const& now, json::value state,
                                        std::stop_token const& stop) {
        switch (life_of(now.state)) {
        case run_life::claimed:
        case run_life::running:
        case run_life::cancelling: break;
        case run_life::waiting:
        case run_life::cancelled:
        case run_life::finished: return false;
        }
        if (auto const set = states_.set_flow_run(id, now.version, std::move(state), stop); !set) return set.error();
        return true;
    }

    Clock* clock_;
    Log* log_;
    settings options_;
    client<Http, Clock> client_;
    registration<Http, Clock, Log> ourselves_;
    run_states<Http, Clock> states_;

    mutable std::mutex mutex_;
    run_columns columns_{}; ///< until the API refuses
};

} // namespace fargate::inline v0::prefect

#endif

// ---- fargate/aws/botocore_value.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_AWS_BOTOCORE_VALUE_HPP
#define FARGATE_AWS_BOTOCORE_VALUE_HPP

// How values of a configuration document are read and shown in messages.

namespace fargate::inline v0::aws::detail {

/// A value and the path to it: `botocore_config.retries.mode`.
struct botocore_place {
    std::string path;
    json::value const& value;
    bool secret = false; ///< messages tell the value's kind and not the value
};

/// What stands in place of what was wanted: short values as they are, others by their kind.
[[nodiscard]] inline std::string shown(json::value const& value, bool secret) {
    if (value.is_null()) return "null";
    if (value.is_array()) return "a list";
    if (value.is_object()) return "an object";
    if (!secret) {
        constexpr std::size_t longest = 64;
        auto const text = json::as_text(value);
        return json::write(text ? json::value(std::string{text->substr(0, longest)}) : value);
    }
    return value.is_string() ? "text" : value.is_boolean() ? "true or false" : "a number";
}

[[nodiscard]] inline std::optional<std::int64_t> as_whole(json::value const& value) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (auto const* const counted = value.get_ptr<json::value::number_unsigned_t const*>())
        return *counted > static_cast<json::value::number_unsigned_t>(most) ? most
                                                                            : static_cast<std::int64_t>(*counted);
    if (auto const* const whole = value.get_ptr<json::value::number_integer_t const*>()) return *whole;
    return std::nullopt;
}

[[nodiscard]] inline std::optional<double> as_number(json::value const& value) noexcept {
    if (auto const* const real = value.get_ptr<json::value::number_float_t const*>()) return *real;
    if (auto const whole = as_whole(value)) return static_cast<double>(*whole);
    return std::nullopt;
}

/// `: did you mean botocore_config.connect_timeout?`, or nothing.
[[nodiscard]] inline std::string meant(std::string_view path, std::string_view name,
                                       std::span<std::string_view const> known) {
    auto const near = text::nearest(name, known);
    return near.empty() ? "" : ": did you mean " + std::string{path} + "." + std::string{near} + "?";
}

/// Where something is set that people look for among botocore's options.
[[nodiscard]] inline std::string where_instead(std::string_view name) {
    struct pair {
        std::string_view name;
        std::string_view remedy;
    };
    static constexpr pair pairs[] = {
        {"endpoint_url", "set the option endpoint_url, or AWS_ENDPOINT_URL"},
        {"use_ssl", "set an endpoint_url that begins with http://"},
        {"verify", "set AWS_CA_BUNDLE to the authorities to trust"},
        {"aws_access_key_id", "set the option aws_access_key_id"},
        {"aws_secret_access_key", "set the option aws_secret_access_key"},
        {"aws_session_token", "set the option aws_session_token"},
        {"profile_name", "set AWS_PROFILE"},
        {"max_attempts", "set botocore_config.retries.max_attempts"},
        {"total_max_attempts", "set botocore_config.retries.total_max_attempts"},
        {"mode", "set botocore_config.retries.mode"},
        {"addressing_style", "set botocore_config.s3.addressing_style"},
        {"proxy_ca_bundle", "set botocore_config.proxies_config.proxy_ca_bundle"},
        {"proxy_client_cert", "set botocore_config.proxies_config.proxy_client_cert"},
    };
    for (auto const& each : pairs)
        if (each.name == name) return ": " + std::string{each.remedy};
    return {};
}

/// `http(s)://[user[:password]@]host[:port][/]`.
[[nodiscard]] inline bool is_proxy_address(std::string_view address) {
    auto const begin = address.find("://") + 3;
    auto const at = address.rfind('@');
    std::string bare{address.substr(0, begin)};
    bare += address.substr(at == std::string_view::npos ? begin : at + 1);
    auto const parts = text::split_url(bare);
    if (!parts || parts->has_query || (!parts->path.empty() && parts->path != "/")) return false;
    if (at == std::string_view::npos) return true;
    if (at < begin) return false;
    for (char const c : address.substr(begin, at - begin))
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '/' || c == '@') return false;
    return true;
}

/// The checks of values and what they found: the first mistake, and every warning.
class botocore_values {
public:
    [[nodiscard]] std::optional<error> const& refused() const noexcept { return refused_; }
    [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return warnings_; }

    using place = botocore_place;

    void refuse(std::string why) {
        if (!refused_) refused_ = fail(errc::bad_configuration, std::move(why));
    }
    void refuse(place const& at, std::string_view wanted) {
        refuse(at.path + " must be " + std::string{wanted} + ", not " + shown(at.value, at.secret));
    }
    void warn(place const& at, std::string_view what) { warnings_.push_back(at.path + std::string{what}); }
    void ignored(place const& at, std::string_view why) { warn(at, " is ignored: " + std::string{why}); }

    // What a value may be. Null is as good as absent, unless a row has another meaning for it.

    void text(place const& at, std::string& into) {
        if (at.value.is_null()) return;
        if (auto const given = json::as_text(at.value)) {
            into = *given;
        } else {
            refuse(at, "text");
        }
    }

    void flag(place const& at, std::optional<bool>& into) {
        if (at.value.is_null()) return;
        if (auto const* const given = at.value.template get_ptr<bool const*>()) {
            into = *given;
        } else {
            refuse(at, "true or false");
        }
    }

    /// A whole number of at least `least`, bounded by what fits.
    std::optional<std::int64_t> whole(place const& at, std::int64_t least, std::int64_t most) {
        if (at.value.is_null()) return std::nullopt;
        auto const given = as_whole(at.value);
        if (given && *given >= least && *given <= most) return given;
        std::string wanted = "a whole number of at least " + std::to_string(least);
        if (given && *given > most) wanted += " and at most " + std::to_string(most);
        refuse(at, wanted);
        return std::nullopt;
    }

    /// The place of the text among the words, which are compared as botocore does: in this spelling.
    std::optional<std::size_t> word(place const& at, std::initializer_list<std::string_view> words,
                                    bool any_case = false) {
        if (at.value.is_null()) return std::nullopt;
        auto const given = json::as_text(at.value);
        std::size_t number = 0;
        std::string wanted;
        for (auto const each : words) {
            if (given && (*given == each || (any_case && text::iequals(*given, each)))) return number;
            wanted += number++ == 0 ? "" : number == words.size() ? " or " : ", ";
            wanted += each;
        }
        refuse(at, wanted);
        return std::nullopt;
    }

    /// Seconds, a fraction allowed; null is no limit. A begun millisecond counts as whole.
    void seconds(place const& at, std::optional<std::chrono::milliseconds>& into) {
        constexpr double most = 1e9;
        auto const given = as_number(at.value);
        if (at.value.is_null()) {
            into = std::chrono::milliseconds::zero();
        } else if (given && *given > 0 && *given <= most) {
            into = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>{*given});
        } else {
            refuse(at, "a number of seconds above 0, or null for no limit");
        }
    }

    /// One file, or a list of certificate and key.
    void certificate(place const& at, http::certificate_files& into) {
        constexpr std::string_view wanted = "the name of a file, or a list of two: certificate and key";
        if (at.value.is_null()) return;
        if (auto const file = json::as_text(at.value); file && !file->empty()) {
            into.certificate = *file;
            return;
        }
        if (!at.value.is_array() || at.value.size() != 2) return refuse(at, wanted);
        auto const first = json::as_text(at.value[0]).value_or("");
        auto const second = json::as_text(at.value[1]).value_or("");
        if (first.empty() || second.empty()) return refuse(at, wanted);
        into = {std::string{first}, std::string{second}};
    }

    /// A proxy's address; without a scheme it is http. Nothing of it is shown, for it may hold a password.
    void proxy(place const& at, std::string& into) {
        std::string address;
        text({at.path, at.value, true}, address);
        if (address.starts_with("//")) address.insert(0, "http:");
        if (!address.empty() && address.find("://") == std::string::npos) address.insert(0, "http://");
        if (!address.empty() && !is_proxy_address(address))
            return refuse(at.path + " is no address of a proxy: expected http://host:port or https://host:port");
        into = std::move(address);
    }

private:
    std::optional<error> refused_{};
    std::vector<std::string> warnings_{};
};

} // namespace fargate::inline v0::aws::detail

#endif

// ---- fargate/aws/botocore_config.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_AWS_BOTOCORE_CONFIG_HPP
#define FARGATE_AWS_BOTOCORE_CONFIG_HPP

namespace fargate::inline v0::aws {

/// A set of timeouts and retries by one name; see "Smart configuration defaults" in the SDKs and Tools guide.
enum class defaults_mode : unsigned char { legacy, standard, in_region, cross_region, mobile };

/// What botocore's `Config` says: only what was set.
struct botocore_config {
    using milliseconds = std::chrono::milliseconds;

    std::string region_name{};
    bool anonymous = false; ///< `signature_version` is unsigned
    std::string user_agent{};
    std::string user_agent_extra{};
    std::string user_agent_appid{};
    std::optional<milliseconds> connect_timeout{}; ///< zero: no limit
    std::optional<milliseconds> read_timeout{};    ///< of silence, not of the whole; zero: no limit
    std::optional<bool> parameter_validation{};
    std::optional<bool> use_dualstack_endpoint{};
    std::optional<bool> use_fips_endpoint{};
    std::optional<bool> ignore_configured_endpoint_urls{};
    std::optional<aws::defaults_mode> defaults_mode{};
    retry::mode_options retries{};
    http::connection_options connection{};
    s3_options s3{}; ///< of no concern to other services, like the next
    std::optional<bool> s3_use_dualstack_endpoint{};

    /// Fills in what a caller left open, and puts the time limits in place of the defaults.
    void apply_to(client_options& options) const {
        auto const fill = [](auto& option, auto const& ours) {
            if (option == decltype(ours){}) option = ours;
        };
        fill(options.region, region_name);
        fill(options.user_agent, user_agent);
        fill(options.user_agent_extra, user_agent_extra);
        fill(options.app_id, user_agent_appid);
        fill(options.use_dualstack, use_dualstack_endpoint);
        fill(options.use_fips, use_fips_endpoint);
        fill(options.ignore_configured_endpoint_urls, ignore_configured_endpoint_urls);
        options.anonymous = options.anonymous || anonymous;
        options.parameter_validation = parameter_validation.value_or(options.parameter_validation);
        auto& limits = options.limits;
        limits.connect = connect_timeout.value_or(limits.connect);
        limits.idle = read_timeout.value_or(limits.idle);
        // The limit of the whole exchange is not botocore's, and must not undercut what was asked for.
        bool const endless = limits.connect == milliseconds::zero() || limits.idle == milliseconds::zero();
        bool const asked = connect_timeout || read_timeout;
        if (asked && (endless || limits.connect + limits.idle > limits.total)) limits.total = milliseconds::zero();
    }
};

namespace detail {

[[nodiscard]] inline std::chrono::milliseconds connect_timeout_of(defaults_mode mode) noexcept {
    using std::chrono::milliseconds;
    switch (mode) {
    case defaults_mode::in_region: return milliseconds{1100};
    case defaults_mode::mobile: return milliseconds{30'000};
    case defaults_mode::legacy:
    case defaults_mode::standard:
    case defaults_mode::cross_region: break;
    }
    return milliseconds{3100};
}

class botocore_reader;

/// One option: how its value is read. What has no reader is warned about with its remark.
struct botocore_row {
    std::string_view name;
    void (*read)(botocore_reader&, botocore_place const&) = nullptr;
    std::string_view remark{};
};

/// Reads a document row by row.
class botocore_reader : public botocore_values {
public:
    using row = botocore_row;

    botocore_config made{};
    std::optional<std::int64_t> retries{};
    std::optional<std::int64_t> total{};

    template <std::size_t Count>
    void read_members(std::string const& path, json::value const& object, row const (&rows)[Count],
                      bool strict = true) {
        for (auto const& [name, value] : *object.get_ptr<json::value::object_t const*>()) {
            place const here{path + "." + text::printable(name), value};
            row const* found = nullptr;
            for (auto const& each : rows)
                if (each.name == name) found = &each;
            if (found == nullptr) {
                std::string_view known[Count];
                for (std::size_t i = 0; i != Count; ++i) known[i] = rows[i].name;
                unknown(here, path, name, known, strict);
            } else if (found->read != nullptr) {
                found->read(*this, here);
            } else if (!value.is_null()) {
                ignored(here, found->remark);
            }
        }
    }

    template <std::size_t Count>
    void object(place const& at, row const (&rows)[Count], bool strict = false) {
        if (at.value.is_null()) return;
        if (!at.value.is_object()) return refuse({at.path, at.value, true}, "an object");
        read_members(at.path, at.value, rows, strict);
    }

    void warned_word(place const& at, std::initializer_list<std::string_view> words, std::string_view why) {
        if (word(at, words, true)) ignored(at, why);
    }

    void warned_flag(place const& at, bool no_op, std::string_view why) {
        std::optional<bool> given;
        flag(at, given);
        if (given && *given != no_op) ignored(at, why);
    }

    /// What one option says about another when both are read.
    void complete() {
        if (auto const attempts = total ? total : retries ? std::optional{*retries + 1} : std::nullopt)
            made.retries.max_attempts = static_cast<int>(*attempts);
        if (!made.defaults_mode || *made.defaults_mode == defaults_mode::legacy) return;
        if (!made.connect_timeout || *made.connect_timeout == std::chrono::milliseconds::zero())
            made.connect_timeout = connect_timeout_of(*made.defaults_mode);
    }

private:
    void unknown(place const& at, std::string const& path, std::string_view name,
                 std::span<std::string_view const> known, bool strict) {
        if (!strict) return ignored(at, "no such option is known" + meant(path, name, known));
        auto const hint = at.path.starts_with("botocore_config.retries.") ? std::string{} : where_instead(name);
        refuse(at.path + " is no option of botocore's" + (hint.empty() ? meant(path, name, known) : hint));
    }
};

inline constexpr std::int64_t most_attempts = 1'000'000;
inline constexpr std::string_view no_upload = "nothing is uploaded";
inline constexpr std::string_view no_express = "directory buckets (S3 Express) are not supported";

inline constexpr botocore_row botocore_retries[] = {
    {"max_attempts",
     [](botocore_reader& r, botocore_place const& at) { r.retries = r.whole(at, 0, most_attempts - 1); }},
    {"total_max_attempts",
     [](botocore_reader& r, botocore_place const& at) { r.total = r.whole(at, 1, most_attempts); }},
    {"mode",
     [](botocore_reader& r, botocore_place const& at) {
         constexpr retry::mode modes[] = {retry::mode::legacy, retry::mode::standard, retry::mode::adaptive};
         if (auto const n = r.word(at, {"legacy", "standard", "adaptive"})) r.made.retries.mode = modes[*n];
     }},
};

inline constexpr botocore_row botocore_proxies[] = {
    {"http", [](botocore_reader& r, botocore_place const& at) { r.proxy(at, r.made.connection.proxies->http); }},
    {"https", [](botocore_reader& r, botocore_place const& at) { r.proxy(at, r.made.connection.proxies->https); }},
};

inline constexpr botocore_row botocore_proxies_config[] = {
    {"proxy_ca_bundle",
     [](botocore_reader& r, botocore_place const& at) { r.text(at, r.made.connection.proxy_ca_file); }},
    {"proxy_client_cert",
     [](botocore_reader& r, botocore_place const& at) { r.certificate(at, r.made.connection.proxy_certificate); }},
    {"proxy_use_forwarding_for_https",
     [](botocore_reader& r, botocore_place const& at) {
         std::optional<bool> given;
         r.flag(at, given);
         if (given == true)
             r.refuse(at.path + " is not supported: an https proxy would read the requests; leave it out");
     }},
};

inline constexpr botocore_row botocore_s3[] = {
    {"addressing_style",
     [](botocore_reader& r, botocore_place const& at) {
         constexpr addressing styles[] = {addressing::automatic, addressing::virtual_host, addressing::path};
         if (auto const n = r.word(at, {"auto", "virtual", "path"})) r.made.s3.style = styles[*n];
     }},
    {"payload_signing_enabled",
     [](botocore_reader& r, botocore_place const& at) {
         std::optional<bool> whatever; // bodies are empty, and their hash is always signed
         r.flag(at, whatever);
     }},
    {"use_accelerate_endpoint", [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.s3.accelerate); }},
    {"use_dualstack_endpoint",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.s3_use_dualstack_endpoint); }},
    {"us_east_1_regional_endpoint",
     [](botocore_reader& r, botocore_place const& at) {
         if (r.word(at, {"regional", "legacy"}, true) == 1)
             r.ignored(at, "us-east-1 is always called at its regional endpoint");
     }},
    {"use_arn_region", nullptr, "buckets named by an ARN are not supported"},
    {"disable_s3_express_session_auth", nullptr, no_express},
    {"s3_disable_multiregion_access_points", nullptr, "multi-region access points are not supported"},
};

inline constexpr botocore_row botocore_options[] = {
    {"region_name",
     [](botocore_reader& r, botocore_place const& at) {
         auto const given = json::as_text(at.value);
         if (at.value.is_null() || given == "") return;
         if (!given || !is_host_label(*given)) return r.refuse(at, "a region like eu-west-1");
         r.made.region_name = *given;
     }},
    {"signature_version",
     [](botocore_reader& r, botocore_place const& at) {
         auto const given = json::as_text(at.value);
         r.made.anonymous = given && text::iequals(*given, "unsigned");
         if (!at.value.is_null() && !r.made.anonymous && given != "v4" && given != "s3v4")
             r.refuse(at, "v4, s3v4 or unsigned");
     }},
    {"user_agent", [](botocore_reader& r, botocore_place const& at) { r.text(at, r.made.user_agent); }},
    {"user_agent_extra", [](botocore_reader& r, botocore_place const& at) { r.text(at, r.made.user_agent_extra); }},
    {"user_agent_appid",
     [](botocore_reader& r, botocore_place const& at) {
         r.text(at, r.made.user_agent_appid);
         if (r.made.user_agent_appid.size() > 50) r.warn(at, " is longer than 50 characters: the rest is cut off");
     }},
    {"connect_timeout", [](botocore_reader& r, botocore_place const& at) { r.seconds(at, r.made.connect_timeout); }},
    {"read_timeout", [](botocore_reader& r, botocore_place const& at) { r.seconds(at, r.made.read_timeout); }},
    {"parameter_validation",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.parameter_validation); }},
    {"max_pool_connections",
     [](botocore_reader& r, botocore_place const& at) {
         if (auto const n = r.whole(at, 1, 100'000)) r.made.connection.pool = static_cast<std::size_t>(*n);
     }},
    {"proxies",
     [](botocore_reader& r, botocore_place const& at) {
         if (at.value.is_object()) r.made.connection.proxies.emplace();
         r.object(at, botocore_proxies);
     }},
    {"proxies_config", [](botocore_reader& r, botocore_place const& at) { r.object(at, botocore_proxies_config); }},
    {"s3", [](botocore_reader& r, botocore_place const& at) { r.object(at, botocore_s3); }},
    {"s3_disable_express_session_auth", nullptr, no_express},
    {"retries", [](botocore_reader& r, botocore_place const& at) { r.object(at, botocore_retries, true); }},
    {"client_cert",
     [](botocore_reader& r, botocore_place const& at) { r.certificate(at, r.made.connection.client_certificate); }},
    {"inject_host_prefix", nullptr, "no operation that is called has a host prefix"},
    {"endpoint_discovery_enabled", nullptr, "no service that is called has endpoint discovery"},
    {"use_dualstack_endpoint",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.use_dualstack_endpoint); }},
    {"use_fips_endpoint", [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.use_fips_endpoint); }},
    {"ignore_configured_endpoint_urls",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.ignore_configured_endpoint_urls); }},
    {"defaults_mode",
     [](botocore_reader& r, botocore_place const& at) {
         using enum defaults_mode;
         constexpr aws::defaults_mode modes[] = {legacy, standard, in_region, cross_region, mobile, standard};
         auto const n = r.word(at, {"legacy", "standard", "in-region", "cross-region", "mobile", "auto"}, true);
         if (!n) return;
         r.made.defaults_mode = modes[*n];
         if (*n == 5) r.warn(at, " auto counts as standard: where the program runs is not looked up");
     }},
    {"tcp_keepalive",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.connection.tcp_keepalive); }},
    {"request_min_compression_size_bytes",
     [](botocore_reader& r, botocore_place const& at) {
         if (r.whole(at, 1, 1'048'576)) r.ignored(at, "no request is compressed");
     }},
    {"disable_request_compression",
     [](botocore_reader& r, botocore_place const& at) { r.warned_flag(at, false, "no request is compressed anyway"); }},
    {"client_context_params", nullptr, "no service that is called has any"},
    {"sigv4a_signing_region_set",
     [](botocore_reader& r, botocore_place const& at) {
         bool const list = at.value.is_array() && at.value.size() == 1;
         auto const given = json::as_text(list ? at.value[0] : at.value);
         if (at.value.is_null()) return;
         if (given != "*") return r.refuse(at, "*, for requests are signed for one region (SigV4)");
         r.ignored(at, "requests are signed for one region (SigV4)");
     }},
    {"request_checksum_calculation",
     [](botocore_reader& r, botocore_place const& at) {
         r.warned_word(at, {"when_supported", "when_required"}, no_upload);
     }},
    {"response_checksum_validation",
     [](botocore_reader& r, botocore_place const& at) {
         if (auto const n = r.word(at, {"when_supported", "when_required"}, true)) r.made.s3.checksum_mode = *n == 0;
     }},
    {"account_id_endpoint_mode",
     [](botocore_reader& r, botocore_place const& at) {
         r.warned_word(at, {"preferred", "disabled", "required"}, "no service that is called has such endpoints");
     }},
    {"auth_scheme_preference",
     [](botocore_reader& r, botocore_place const& at) {
         std::string given;
         r.text(at, given);
         if (!given.empty()) r.ignored(at, "requests are signed with SigV4");
     }},
};

} // namespace detail

/// Reads an object of the options of botocore's `Config`, under their names and with their meanings. What has no use here
/// is accepted with one warning for each option; what cannot be honoured, a wrong type, a value out of range and an
/// unknown option are `errc::bad_configuration`, with the path to the place: `botocore_config.retries.max_attempts must be
/// a whole number of at least 0, not -1`. Null is as good as absent, except that a timeout of null is no limit. No message
/// shows what may be secret. Follows the reference of `botocore.config.Config`; stricter where botocore finds out late.
template <log_policy Log>
[[nodiscard]] result<botocore_config> read_botocore_config(json::value const& given, Log& log) {
    if (!given.is_object())
        return fail(errc::bad_configuration, "botocore_config must be an object, not " + detail::shown(given, true));
    detail::botocore_reader reader;
    reader.read_members("botocore_config", given, detail::botocore_options);
    reader.complete();
    for (auto const& line : reader.warnings()) log.write(log_level::warning, line);
    if (reader.refused()) return *reader.refused();
    return std::move(reader.made);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/aws/botocore_ambient.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_AWS_BOTOCORE_AMBIENT_HPP
#define FARGATE_AWS_BOTOCORE_AMBIENT_HPP

namespace fargate::inline v0::aws {

namespace detail {

/// One setting read as the option of that name; whatever is wrong with it is said of the place it came from.
template <std::size_t Count>
[[nodiscard]] result<void> read_ambient(botocore_reader& reader, botocore_row const (&rows)[Count],
                                        std::string_view option, ambient_setting const& found) {
    json::value value = found.text;
    if (std::int64_t number = 0;
        std::from_chars(found.text.data(), found.text.data() + found.text.size(), number).ptr ==
        found.text.data() + found.text.size())
        value = number;
    if (text::iequals(found.text, "true")) value = true;
    if (text::iequals(found.text, "false")) value = false;
    for (auto const& each : rows)
        if (each.name == option) each.read(reader, {found.from, value});
    if (reader.refused()) return *reader.refused();
    return {};
}

} // namespace detail

/// What environment and profile say about repeats, time limits and connections: AWS_RETRY_MODE (`retry_mode`),
/// AWS_MAX_ATTEMPTS (`max_attempts`, the first one included), AWS_DEFAULTS_MODE (`defaults_mode`), BOTOCORE_TCP_KEEPALIVE
/// (`tcp_keepalive`). The rest that they may say is asked for where it is used: see `client_options`.
/// `errc::bad_configuration` names the place.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<botocore_config> ambient_config(Environment const& environment, Log& log) {
    ambient<Environment> known{environment};
    detail::botocore_reader reader;
    auto const read = [&](auto const& rows, std::string_view option, std::string_view name,
                          std::string_view key) -> result<void> {
        auto const found = known.find(name, key);
        if (!found) return found.error();
        return *found ? detail::read_ambient(reader, rows, option, **found) : result<void>{};
    };
    auto const repeats = ambient_repeats(known);
    if (!repeats) return repeats.error();
    reader.made.retries = *repeats;
    for (auto const& done : {
             read(detail::botocore_options, "defaults_mode", "AWS_DEFAULTS_MODE", "defaults_mode"),
             read(detail::botocore_options, "tcp_keepalive", "BOTOCORE_TCP_KEEPALIVE", "tcp_keepalive"),
         })
        if (!done) return done.error();
    reader.complete();
    for (auto const& line : reader.warnings()) log.write(log_level::warning, line);
    return std::move(reader.made);
}

} // namespace fargate::inline v0::aws

#endif

// ---- fargate/http/curl_environment.hpp ------------------------------------------------------------------------------

#ifndef FARGATE_HTTP_CURL_ENVIRONMENT_HPP
#define FARGATE_HTTP_CURL_ENVIRONMENT_HPP

namespace fargate::inline v0 {

namespace http::detail {

/// The proxy that a pair of variables names. The lower-case one wins, also when it is set to nothing, which means none.
template <environment_policy Environment>
[[nodiscard]] std::string proxy_of(Environment const& environment, std::string const& name, bool capitals = true) {
    if (auto const lower = environment.variable(name)) return std::string{text::trim(*lower)};
    if (!capitals) return {};
    return std::string{text::trim(environment.variable(text::upper(name)).value_or(""))};
}

/// True when `path` leads into a directory: what stands for the directory itself is there, and cannot be read.
template <environment_policy Environment>
[[nodiscard]] bool is_directory(Environment const& environment, std::string const& path) {
    auto const inside = environment.read_file(path + "/.");
    return !inside && inside.error().code == errc::bad_configuration;
}

} // namespace http::detail

/// The proxies and certificates that Python's requests would take from the environment, and nothing that libcurl would
/// find there besides:
/// - `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in capitals too, lower case first; `HTTP_PROXY` not where
///   `REQUEST_METHOD` is set, for to a CGI program that is a client's `Proxy` field;
/// - `REQUESTS_CA_BUNDLE`, else `CURL_CA_BUNDLE`: a file of PEM certificates or a hashed directory. They are for `host`
///   alone, the Prefect API's (AWS calls say in `request::ca_file` whom they trust); for every host when that is empty. What
///   cannot be read is an error of the first request.
template <environment_policy Environment>
[[nodiscard]] curl_options curl_options_from(Environment const& environment, std::string_view host = {}) {
    using http::detail::proxy_of;
    curl_options made;
    made.environment = false;
    made.proxy = proxy_of(environment, "all_proxy");
    made.http_proxy = proxy_of(environment, "http_proxy", !environment.variable("REQUEST_METHOD"));
    made.https_proxy = proxy_of(environment, "https_proxy");
    made.no_proxy = filled_variable(environment, "no_proxy")
                        .value_or(filled_variable(environment, "NO_PROXY").value_or(std::string{}));
    for (char const* const name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
        auto path = filled_variable(environment, name);
        if (!path) continue;
        bool const directory = http::detail::is_directory(environment, *path);
        curl_trust whom{std::string{host}, directory ? "" : *path, directory ? *path : ""};
        if (host.empty()) {
            made.ca_file = std::move(whom.ca_file);
            made.ca_path = std::move(whom.ca_path);
        } else {
            made.trust.push_back(std::move(whom));
        }
        break;
    }
    return made;
}

} // namespace fargate::inline v0

#endif

// ---- fargate/service/config_text.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_CONFIG_TEXT_HPP
#define FARGATE_SERVICE_CONFIG_TEXT_HPP

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

// ---- fargate/service/config.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_CONFIG_HPP
#define FARGATE_SERVICE_CONFIG_HPP

namespace fargate::inline v0::service {

/// One setting's path and text, as Prefect itself ships it.
struct config_default {
    std::string_view path;
    std::string_view text;
};

/// What Prefect 0.13 ships of that which concerns the agent.
inline constexpr config_default config_defaults[] = {
    {"backend", "cloud"},
    {"home_dir", "~/.prefect"},
    {"server.host", "http://localhost"},
    {"server.port", "4200"},
    {"server.endpoint", "${server.host}:${server.port}"},
    {"cloud.endpoint", "https://api.prefect.io"},
    {"cloud.api", "${${backend}.endpoint}"},
    {"cloud.graphql", "${cloud.api}/graphql"},
    {"cloud.diagnostics", "false"},
    {"cloud.queue_interval", "30.0"},
    {"cloud.agent.name", "agent"},
    {"cloud.agent.labels", "[]"},
    {"cloud.agent.level", "INFO"},
    {"cloud.agent.auth_token", ""},
    {"cloud.agent.agent_address", ""},
    {"logging.level", "INFO"},
    {"logging.format", "[%(asctime)s] %(levelname)s - %(name)s | %(message)s"},
    {"logging.datefmt", "%Y-%m-%d %H:%M:%S%z"},
    {"logging.log_to_cloud", "false"},
};

/// Prefect's configuration of the 0.13 to 1.x family: its defaults, over them the tree of its files, over that the
/// variables `PREFECT__SECTION__KEY`. Each text is expanded (`$NAME`, `${NAME}`, `~`), then typed (true, false, Python
/// literals), then references to other settings (`${section.key}`) are put in, the innermost first; a reference that is all
/// of the text keeps the type, one to nothing leaves nothing. Paths are dotted: `cloud.agent.name`.
///
/// What is text by its meaning stays the text that was written, whatever it looks like: `backend`, `home_dir`, addresses,
/// tokens, keys, names, levels, formats, and all of `cloud.agent.env_vars`; one pair of Python quotes is taken off, and
/// `None` is nothing. Tokens are expanded like all else, as Prefect documents it: one that holds `$` and the name of a
/// variable that is set belongs into the agent's options, which are taken as they are.
///
/// Time and memory are bounded whatever the settings refer to. Const members may be called from several threads.
class config {
public:
    config() = default;
    config(config const&) = default;
    config(config&&) = default;
    config& operator=(config const&) = default;
    config& operator=(config&&) = default;
    ~config() {
        for (auto& [path, each] : settings_) {
            json::wipe(each.value);
            wipe(each.written);
        }
    }

    /// `tree` is what the files say, tables as objects; `backend` counts before all sources when not empty.
    /// `errc::bad_configuration` when the tree is no object or too deep. What settings are good for is said by those who
    /// ask for them.
    template <environment_policy Environment>
    [[nodiscard]] static result<config> read(json::value const& tree, Environment const& environment,
                                             std::string_view backend = {}) {
        config made;
        for (auto const& [path, text] : config_defaults) made.put_text(std::string{path}, text, environment);
        for (auto& [path, each] : made.settings_) each.given = false;
        if (!tree.is_null() && !tree.is_object())
            return fail(errc::bad_configuration, "config must be an object: the tables of Prefect's configuration");
        if (!made.put_tree({}, tree, environment, 0))
            return fail(errc::bad_configuration, "config is nested too deep: Prefect's configuration has three levels");
        made.put_variables(environment);
        if (!backend.empty()) made.put("backend", json::value(std::string{backend}), {});
        if (text::trim(made.text("backend")).empty()) made.put("backend", json::value("cloud"), {});
        made.put_references(environment);
        return made;
    }

    /// The setting as it is typed; nullptr when there is none or when it is null.
    [[nodiscard]] json::value const* value(std::string_view path) const noexcept {
        auto const* const found = find(path);
        return found == nullptr || found->value.is_null() ? nullptr : &found->value;
    }

    /// The setting as it was written, blanks around it taken off; empty when there is none.
    [[nodiscard]] std::string text(std::string_view path) const {
        auto const* const found = find(path);
        if (found == nullptr || found->value.is_null()) return {};
        return std::string{text::trim(written(*found))};
    }

    /// Whether a file or a variable speaks of it, and not Prefect's defaults alone.
    [[nodiscard]] bool given(std::string_view path) const noexcept {
        auto const* const found = find(path);
        return found != nullptr && found->given;
    }

    /// What stands directly below a table, in order: name and text as it was written, for `cloud.agent.env_vars`. The text
    /// is nothing where there is a list or a further table.
    [[nodiscard]] std::vector<std::pair<std::string, std::optional<std::string>>> below(std::string_view table) const {
        std::string const inside = std::string{table} + '.';
        std::vector<std::pair<std::string, setting const*>> found;
        for (auto at = settings_.lower_bound(inside); at != settings_.end() && at->first.starts_with(inside); ++at)
            found.emplace_back(at->first.substr(inside.size()), &at->second);
        std::sort(found.begin(), found.end(),
                  [](auto const& a, auto const& b) { return a.second->order < b.second->order; });
        std::vector<std::pair<std::string, std::optional<std::string>>> made;
        for (auto& [name, each] : found) {
            bool const plain =
                name.find('.') == std::string::npos && (!each->value.is_structured() || !each->written.empty());
            made.emplace_back(std::move(name), plain ? std::optional{written(*each)} : std::nullopt);
        }
        return made;
    }

private:
    struct setting {
        json::value value{};
        std::string written{}; ///< the text that `value` was read from when it is no text itself
        std::size_t order = 0;
        bool given = true;
    };

    static constexpr std::string_view prefix = "PREFECT__";
    static constexpr std::string_view secrets = "CONTEXT__SECRETS__";
    static constexpr std::size_t longest_path = 1024;
    static constexpr std::size_t most_substituted = 4 * 1024 * 1024; ///< in all settings together, in bytes
    static constexpr int reference_passes = 10;

    [[nodiscard]] static bool is_text(std::string_view path) noexcept {
        static constexpr std::string_view always[] = {
            "backend",           "home_dir",
            "server.host",       "server.endpoint",
            "cloud.endpoint",    "cloud.api",
            "cloud.auth_token",  "cloud.api_key",
            "cloud.tenant_id",   "cloud.agent.name",
            "cloud.agent.level", "cloud.agent.auth_token",
            "logging.level",     "cloud.agent.agent_address",
            "logging.format",
        };
        return std::find(std::begin(always), std::end(always), path) != std::end(always);
    }

    [[nodiscard]] static std::string written(setting const& of) {
        if (of.value.is_string() || of.written.empty()) return python_text(of.value);
        return of.written;
    }

    [[nodiscard]] setting const* find(std::string_view path) const noexcept {
        auto const found = settings_.find(path);
        return found == settings_.end() ? nullptr : &found->second;
    }

    /// Replaces a setting and all below it; a table that was one value makes room, unless it was a dict: then both count.
    void put(std::string path, json::value value, std::string raw) {
        if (path.empty() || path.size() > longest_path) return;
        for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
            if (auto const above = settings_.find(std::string_view{path}.substr(0, dot));
                above != settings_.end() && !above->second.value.is_object())
                settings_.erase(above);
        std::string const inside = path + '.';
        auto first = settings_.lower_bound(inside);
        while (first != settings_.end() && first->first.starts_with(inside)) first = settings_.erase(first);
        auto& place = settings_[std::move(path)];
        if (place.order == 0) place.order = ++orders_;
        place.value = std::move(value);
        place.written = std::move(raw);
        place.given = true;
    }

    template <class Environment>
    void put_text(std::string path, std::string_view raw, Environment const& environment) {
        auto expanded = expand(raw, environment);
        if (!expanded) return put(std::move(path), json::value(nullptr), {});
        auto value = typed(*expanded);
        if (value.is_string()) return put(std::move(path), std::move(value), {});
        if (!value.is_null() && is_text(path)) return put(std::move(path), json::value(*std::move(expanded)), {});
        put(std::move(path), std::move(value), *std::move(expanded));
    }

    template <class Environment>
    [[nodiscard]] bool put_tree(std::string const& path, json::value const& node, Environment const& environment,
                                std::size_t depth) {
        if (depth > json::deepest) return false;
        if (auto const* const members = node.get_ptr<json::value::object_t const*>()) {
            for (auto const& [name, each] : *members) {
                std::string below = path.empty() ? name : path + '.' + name;
                if (below.size() <= longest_path && !put_tree(below, each, environment, depth + 1)) return false;
            }
        } else if (auto const text = json::as_text(node)) {
            put_text(path, *text, environment);
        } else if (!node.is_null()) {
            auto const* const flag = node.get_ptr<bool const*>();
            std::string shown = flag != nullptr ? *flag ? "true" : "false" : node.is_array() ? "" : python_text(node);
            put(path, is_text(path) ? json::value(shown) : node, shown);
        }
        return true;
    }

    /// `CLOUD__AGENT__NAME` is `cloud.agent.name`.
    [[nodiscard]] static std::string path_of(std::string_view name) {
        bool const secret = text::iequals(name.substr(0, secrets.size()), secrets);
        std::string path;
        for (;;) {
            auto const end = name.find("__");
            auto const part = name.substr(0, end);
            path += secret && end == std::string_view::npos ? std::string{part} : text::lower(part);
            if (end == std::string_view::npos) return path;
            path += '.';
            name.remove_prefix(end + 2);
        }
    }

    [[nodiscard]] static std::string variable_of(std::string_view path) {
        std::string name{prefix};
        for (char const c : path) {
            if (c == '.')
                name += "__";
            else
                name += text::to_upper(c);
        }
        return name;
    }

    template <class Environment>
    void put_variables(Environment const& environment) {
        if constexpr (requires { environment.variables(prefix); }) {
            std::vector<std::pair<std::string, std::string>> found = environment.variables(prefix);
            std::sort(found.begin(), found.end());
            for (auto& [name, text] : found) {
                if (name.size() > longest_path) continue;
                put_text(path_of(std::string_view{name}.substr(prefix.size())), text, environment);
                wipe(text);
            }
        } else {
            for (auto const& each : config_defaults) put_variable(each.path, environment);
            for (auto const path : {"cloud.auth_token", "cloud.api_key", "cloud.tenant_id", "cloud.agent.env_vars",
                                    "cloud.send_flow_run_logs"})
                put_variable(path, environment);
        }
    }

    template <class Environment>
    void put_variable(std::string_view path, Environment const& environment) {
        if (auto const text = environment.variable(variable_of(path))) put_text(std::string{path}, *text, environment);
    }

    struct reference {
        std::size_t at = std::string_view::npos;
        std::size_t size = 0;
    };

    /// The first `${...}` that has none inside.
    [[nodiscard]] static reference find_reference(std::string_view raw) noexcept {
        for (std::size_t at = raw.find("${"); at != std::string_view::npos; at = raw.find("${", at + 1)) {
            if (at + 2 >= raw.size() || raw[at + 2] == '\n') continue;
            std::size_t const end = raw.find_first_of("${}", at + 3);
            if (end != std::string_view::npos && raw[end] == '}') return {at, end + 1 - at};
        }
        return {};
    }

    /// Whether putting the one in would take the other away.
    [[nodiscard]] static bool is_around(std::string_view one, std::string_view other) noexcept {
        auto const longer = one.size() > other.size() ? one : other;
        auto const shorter = one.size() > other.size() ? other : one;
        return longer.size() > shorter.size() && longer.starts_with(shorter) && longer[shorter.size()] == '.';
    }

    [[nodiscard]] std::string open_text(std::string_view path) const {
        auto const* const found = find(path);
        return std::string{found == nullptr ? std::string_view{} : json::as_text(found->value).value_or("")};
    }

    /// One reference of each setting a pass, as Prefect does; a setting that grows without end becomes null.
    template <class Environment>
    void put_references(Environment const& environment) {
        std::vector<std::string> open;
        for (auto const& [path, each] : settings_)
            if (auto const raw = json::as_text(each.value); raw && find_reference(*raw).size != 0) open.push_back(path);
        std::size_t substituted = 0;
        for (int pass = 0; pass != reference_passes; ++pass) {
            for (std::size_t i = 0; i != open.size(); ++i) {
                std::string const raw = open_text(open[i]);
                auto const where = find_reference(raw);
                if (where.size == 0) continue;
                std::string const name = raw.substr(where.at + 2, where.size - 3);
                if constexpr (!requires { environment.variables(prefix); }) {
                    if (find(name) == nullptr && !is_around(name, open[i])) {
                        put_variable(name, environment);
                        if (find(name) != nullptr) open.push_back(name);
                    }
                }
                auto const* const source = find(name);
                auto& place = settings_.find(open[i])->second;
                std::string const shown = source != nullptr ? python_text(source->value) : "";
                std::size_t const size = raw.size() - where.size + shown.size();
                substituted += size;
                if (size > std::max(raw.size(), longest_setting) || substituted > most_substituted) {
                    place.value = nullptr;
                } else if (where.size != raw.size()) {
                    place.value = std::string{raw}.replace(where.at, where.size, shown);
                } else if (source == nullptr) {
                    place.value = "";
                } else {
                    auto value = source->value;
                    place.written = source->written;
                    place.value = std::move(value);
                }
            }
        }
    }

    std::map<std::string, setting, std::less<>> settings_;
    std::size_t orders_ = 0;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/options.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_OPTIONS_HPP
#define FARGATE_SERVICE_OPTIONS_HPP

namespace fargate::inline v0 {

/// What an agent is told, under the names that Prefect's Fargate Agent had. Every member may stay as it is; what is
/// missing and required is said when the agent opens. A member that is empty is looked up where its comment says: a dotted
/// name is one of Prefect's configuration (`cloud.api` is the variable `PREFECT__CLOUD__API`, else the entry of `config`),
/// a plain name an environment variable.
struct agent_options {
    /// Prefect's configuration as its files give it: tables as objects (`{"cloud": {"api": "..."}}`).
    json::value config = json::value::object();
    prefect::login login{}; ///< what `prefect auth login` keeps; counts after everything else

    std::optional<prefect::backend> backend{}; ///< `backend`, else the cloud
    std::string api{};       ///< `cloud.api`, else the backend's usual address: `http://localhost:4200`
    secret token{};          ///< `cloud.agent.auth_token`, `cloud.auth_token`; the cloud requires it or a key
    secret api_key{};        ///< `cloud.api_key`; counts before any token
    std::string tenant_id{}; ///< `cloud.tenant_id`; goes with the key
    std::string name{};      ///< `cloud.agent.name`, else `agent`; stands in the UI, in the log and in each run's log
    std::vector<std::string> labels{};       ///< `cloud.agent.labels`; runs are taken whose labels are among these
    std::string agent_config_id{};           ///< must exist in the API when given
    std::optional<std::int64_t> max_polls{}; ///< stop after so many polls; nothing or negative: never
    std::optional<bool> prefetch{};          ///< `prefetch`: asks 10 s ahead, and submits each run when it is due
    std::string agent_address{};             ///< `cloud.agent.agent_address`; where a program answers for its health
    std::optional<log_level> level{};        ///< `cloud.agent.level`, else INFO; of the agent's own log
    std::string log_format{};                ///< `logging.format`; of the agent's own log, a Python %-style template
    bool no_cloud_logs = false;              ///< flows keep their logs out of the API
    std::string logging_level{};             ///< `logging.level`, else INFO; inside the flows' containers

    secret aws_access_key_id{}; ///< both or neither; neither: the credential policy's own sources
    secret aws_secret_access_key{};
    secret aws_session_token{};
    std::string region_name{};     ///< REGION_NAME, AWS_REGION, AWS_DEFAULT_REGION, the profile's region
    std::string endpoint_url{};    ///< AWS_ENDPOINT_URL_ECS, AWS_ENDPOINT_URL and so on; empty: AWS itself
    json::value botocore_config{}; ///< `botocore_config`; an object of botocore's `Config`, or its text form

    std::optional<std::string> launch_type{};    ///< `launch_type`, else FARGATE; empty text: none is sent to AWS
    std::optional<bool> enable_task_revisions{}; ///< a family for each flow name with tagged revisions, not one a flow
    std::optional<bool> use_external_kwargs{};   ///< each flow may have keyword arguments of its own in S3
    std::string external_kwargs_s3_bucket{};     ///< required with them
    std::optional<std::string> external_kwargs_s3_key{}; ///< required with them; a prefix, may be empty
    std::optional<bool>
        refresh_definitions{};            ///< register anew when what is registered differs from what would be sent
    std::optional<bool> use_run_config{}; ///< a run's cpu, memory, env, roles and run_task_kwargs count
    std::string container_profile{};      ///< `0.13` (else) or `0.15`: whose environment flows' containers get
    text::transliteration transliterate = nullptr; ///< spells flow names in scripts that the own table lacks
    std::optional<bool> strict{};                  ///< an unknown keyword argument is an error, not a warning

    /// Environment of every flow's container, in this order, behind Prefect's own entries; `cloud.agent.env_vars`.
    std::vector<std::pair<std::string, std::string>> env_vars{};

    /// Arguments of RegisterTaskDefinition and RunTask under AWS's names (`cpu`, `networkConfiguration`, ...), and
    /// `containerDefinitions`. A value may be a document or its text form, a Python literal or JSON; what is absent is
    /// looked up in the environment under the same name.
    json::value kwargs = json::value::object();
};

} // namespace fargate::inline v0

#endif

// ---- fargate/service/setting.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_SETTING_HPP
#define FARGATE_SERVICE_SETTING_HPP

namespace fargate::inline v0::service {

/// A log level's name in any case, Python's further names for them included, or its number (10 is DEBUG); nothing when it
/// is none.
[[nodiscard]] inline std::optional<log_level> read_level(std::string_view raw) noexcept {
    struct named {
        std::string_view name;
        log_level level;
    };
    static constexpr named known[] = {
        {"DEBUG", log_level::debug},    {"INFO", log_level::info},    {"WARNING", log_level::warning},
        {"WARN", log_level::warning},   {"ERROR", log_level::error},  {"CRITICAL", log_level::critical},
        {"FATAL", log_level::critical}, {"NOTSET", log_level::debug}, {"10", log_level::debug},
        {"20", log_level::info},        {"30", log_level::warning},   {"40", log_level::error},
        {"50", log_level::critical},
    };
    auto const word = text::trim(raw);
    for (auto const& each : known)
        if (text::iequals(word, each.name)) return each.level;
    return std::nullopt;
}

namespace detail {

/// A value as a message may show it: short, one line, in quotes.
[[nodiscard]] inline std::string in_quotes(std::string_view value) {
    return '"' + text::printable(value) + (value.size() > text::longest_shown ? "...\"" : "\"");
}

[[nodiscard]] inline std::optional<std::int64_t> read_integer(std::string_view raw) noexcept {
    auto const word = text::trim(raw);
    std::int64_t number = 0;
    auto const read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (read.ec != std::errc{} || read.ptr != word.data() + word.size()) return std::nullopt;
    return number;
}

/// A switch: the option, else the variable of its name, else off.
template <environment_policy Environment>
[[nodiscard]] result<bool> flag_of(std::optional<bool> given, std::string_view name, Environment const& environment) {
    if (given) return *given;
    auto const word = filled_variable(environment, name);
    if (!word) return false;
    if (auto const flag = deploy::read_flag(*word)) return *flag;
    return fail(errc::bad_configuration, std::string{name} + " must be true or false, not " + in_quotes(*word));
}

[[nodiscard]] inline std::string default_of(std::string_view path) {
    for (auto const& each : config_defaults)
        if (each.path == path) return std::string{each.text};
    return {};
}

/// The level inside the flows' containers. Python takes no name but in capitals.
[[nodiscard]] inline std::string logging_level_of(std::string_view given, config const& from) {
    std::string level{text::trim(given)};
    if (level.empty()) level = from.text("logging.level");
    if (level.empty()) level = "INFO";
    return read_level(level) ? text::upper(level) : level;
}

using named_texts = std::vector<std::pair<std::string, std::string>>;

/// Puts a text in place of the one of that name, or behind the others.
inline void put_text(named_texts& into, std::string name, std::string value) {
    for (auto& [known, each] : into)
        if (known == name) {
            each = std::move(value);
            return;
        }
    into.emplace_back(std::move(name), std::move(value));
}

/// Text that should hold a list or a dict and may be JSON: what it holds.
[[nodiscard]] inline json::value as_document(json::value value) {
    auto const raw = json::as_text(value);
    if (!raw) return value;
    auto const word = text::trim(*raw);
    if (!word.starts_with('[') && !word.starts_with('{')) return value;
    auto read = json::parse(word);
    return read ? *std::move(read) : value;
}

/// Labels as people write them: a list, one word, or words with commas between. `raw` is the text behind `value`.
[[nodiscard]] inline result<std::vector<std::string>> read_labels(std::string_view where, json::value const& value,
                                                                  std::string_view raw) {
    std::vector<std::string> labels;
    auto const document = as_document(value);
    bool good = !document.is_object();
    if (document.is_array()) {
        for (auto const& each : document) {
            good = good && !each.is_structured() && !each.is_null();
            if (good) labels.push_back(python_text(each));
        }
    } else if (good) {
        std::string_view rest = json::as_text(document).value_or(raw);
        good = !text::trim(rest).starts_with('[') && !text::trim(rest).starts_with('{');
        while (!rest.empty()) {
            auto const comma = rest.find(',');
            if (auto const word = text::trim(rest.substr(0, comma)); !word.empty()) labels.emplace_back(word);
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
    }
    if (good) return labels;
    return fail(errc::bad_configuration,
                std::string{where} + " must be a list of labels, such as ['dev', 'gpu'] or dev,gpu");
}

/// Environment variables as a dict; each value is kept as text.
[[nodiscard]] inline result<named_texts> read_env_vars(std::string_view where, json::value const& value) {
    auto const document = as_document(value);
    named_texts made;
    auto const* const members = document.get_ptr<json::value::object_t const*>();
    if (members == nullptr)
        return fail(errc::bad_configuration,
                    std::string{where} + " must be a table or a dict, such as {'NAME': 'value'}");
    for (auto const& [name, each] : *members) {
        if (each.is_structured())
            return fail(errc::bad_configuration,
                        std::string{where} + ": the value of " + in_quotes(name) + " must be text");
        put_text(made, name, python_text(each));
    }
    return made;
}

/// Looks settings up: what was given, else Prefect's configuration, else the plain variable, else Prefect's default.
template <environment_policy Environment>
struct source {
    config const& from;
    Environment const& environment;

    [[nodiscard]] std::string text(std::string_view option, std::string_view path, std::string_view variable) const {
        std::string found{text::trim(option)};
        if (found.empty() && from.given(path)) found = from.text(path);
        if (found.empty() && !variable.empty()) found = text::trim(environment.variable(variable).value_or(""));
        return found.empty() ? from.text(path) : found;
    }

    [[nodiscard]] result<std::vector<std::string>> labels(std::vector<std::string> const& option) const {
        if (!option.empty()) return option;
        constexpr std::string_view path = "cloud.agent.labels";
        if (!from.below(path).empty())
            return fail(errc::bad_configuration, "cloud.agent.labels must be a list of labels, not a table");
        if (auto const* const value = from.given(path) ? from.value(path) : nullptr)
            if (auto read = read_labels("cloud.agent.labels (PREFECT__CLOUD__AGENT__LABELS)", *value, from.text(path));
                !read || !read->empty())
                return read;
        if (auto const raw = filled_variable(environment, "labels")) return read_labels("labels", typed(*raw), *raw);
        return std::vector<std::string>{};
    }

    [[nodiscard]] result<named_texts> env_vars(named_texts const& option) const {
        if (!option.empty()) return option;
        constexpr std::string_view path = "cloud.agent.env_vars";
        named_texts made;
        if (auto const* const value = from.value(path); value != nullptr && !from.text(path).empty()) {
            auto read = read_env_vars("cloud.agent.env_vars (PREFECT__CLOUD__AGENT__ENV_VARS)", *value);
            if (!read) return read;
            made = *std::move(read);
        }
        for (auto& [name, value] : from.below(path)) {
            if (!value || name.empty())
                return fail(errc::bad_configuration,
                            "cloud.agent.env_vars: the value of " + in_quotes(name) + " must be text");
            put_text(made, std::move(name), *std::move(value));
        }
        if (!made.empty()) return made;
        if (auto const raw = filled_variable(environment, "env_vars")) return read_env_vars("env_vars", typed(*raw));
        return made;
    }
};

} // namespace detail

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/configuration.hpp ------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_CONFIGURATION_HPP
#define FARGATE_SERVICE_CONFIGURATION_HPP

namespace fargate::inline v0::service {

/// What the agent's process does with its own name, log and address.
struct process_settings {
    std::string name = "agent";
    log_level level = log_level::info;
    std::string log_format{};    ///< a Python %-style template
    std::string agent_address{}; ///< empty: nobody is answered
    std::optional<std::int64_t> max_polls{};
};

/// Prefect's configuration as these options and this environment give it.
template <environment_policy Environment>
[[nodiscard]] result<config> read_config(agent_options const& options, Environment const& environment) {
    std::string_view backend;
    if (options.backend) backend = *options.backend == prefect::backend::cloud ? "cloud" : "server";
    return config::read(options.config, environment, backend);
}

namespace detail {

[[nodiscard]] inline result<prefect::backend> backend_of(config const& from) {
    auto const name = from.text("backend");
    if (name == "cloud") return prefect::backend::cloud;
    if (name == "server") return prefect::backend::server;
    return fail(errc::bad_configuration,
                "backend (PREFECT__BACKEND, backend.toml, config.toml) must be cloud or server, "
                "not " +
                    in_quotes(name));
}

template <environment_policy Environment>
[[nodiscard]] result<process_settings> process_of(agent_options const& options, config const& from,
                                                  Environment const& environment) {
    source<Environment> const look{from, environment};
    process_settings made;
    made.name = look.text(options.name, "cloud.agent.name", "name");
    if (made.name.empty()) made.name = "agent";
    made.agent_address = look.text(options.agent_address, "cloud.agent.agent_address", "agent_address");
    made.log_format = look.text(options.log_format, "logging.format", {});
    if (made.log_format.empty()) made.log_format = default_of("logging.format");
    auto const word = from.text("cloud.agent.level");
    auto const level = word.empty() ? std::optional{log_level::info} : read_level(word);
    if (!options.level && !level)
        return fail(errc::bad_configuration,
                    "cloud.agent.level (PREFECT__CLOUD__AGENT__LEVEL) must be DEBUG, INFO, WARNING, ERROR or CRITICAL, "
                    "not " +
                        in_quotes(word));
    made.level = options.level ? *options.level : *level;
    made.max_polls = options.max_polls;
    if (auto const polls = filled_variable(environment, "max_polls"); polls && !made.max_polls) {
        made.max_polls = read_integer(*polls);
        if (!made.max_polls)
            return fail(errc::bad_configuration, "max_polls must be a whole number, not " + in_quotes(*polls));
    }
    return made;
}

/// Who the agent is to the API: what was given explicitly, else what the login left. A login's key or token never stands
/// in for one that was given, and only a login's own token may switch tenants.
inline void identify(prefect::settings& made, agent_options const& options, config const& from) {
    auto const first = [&](secret const& given, std::initializer_list<std::string_view> paths) {
        secret found = given;
        for (auto const path : paths)
            if (found.empty()) found = from.text(path);
        return found;
    };
    made.token = first(options.token, {"cloud.agent.auth_token", "cloud.auth_token"});
    made.api_key = first(options.api_key, {"cloud.api_key"});
    if (made.token.empty() && made.api_key.empty()) made.api_key = options.login.api_key;
    if (made.token.empty() && made.api_key.empty() && made.backend == prefect::backend::cloud) {
        made.token = options.login.api_token;
        if (!made.token.empty()) made.switch_to_tenant = options.login.active_tenant_id;
    }
    made.tenant_id = options.tenant_id.empty() ? from.text("cloud.tenant_id") : options.tenant_id;
    if (made.tenant_id.empty() && !made.api_key.empty()) made.tenant_id = options.login.tenant_id;
}

/// The option, else a keyword argument, else the environment's, else FARGATE.
template <environment_policy Environment>
[[nodiscard]] result<std::string> launch_type_of(agent_options const& options, Environment const& environment) {
    auto const named = deploy::launch_type_of(options.kwargs);
    if (!named) return named.error();
    if (options.launch_type) return *options.launch_type;
    if (*named) return **named;
    for (auto const name : {"launch_type", "launchType"})
        if (auto const value = filled_variable(environment, name)) return std::string{text::trim(*value)};
    return std::string{"FARGATE"};
}

template <environment_policy Environment>
[[nodiscard]] result<deploy::external_settings> external_of(agent_options const& options,
                                                            Environment const& environment) {
    auto const enabled = flag_of(options.use_external_kwargs, "use_external_kwargs", environment);
    if (!enabled) return enabled.error();
    deploy::external_settings made;
    made.enabled = *enabled;
    made.bucket = options.external_kwargs_s3_bucket;
    if (made.bucket.empty()) made.bucket = filled_variable(environment, "external_kwargs_s3_bucket").value_or("");
    auto key = options.external_kwargs_s3_key;
    if (!key) key = environment.variable("external_kwargs_s3_key");
    made.key = key.value_or("");
    if (!made.enabled) return made;
    if (made.bucket.empty())
        return fail(errc::bad_configuration,
                    "external_kwargs_s3_bucket is missing: use_external_kwargs needs the bucket "
                    "that holds the flows' keyword arguments");
    if (!key)
        return fail(errc::bad_configuration,
                    "external_kwargs_s3_key is missing: use_external_kwargs needs the prefix of "
                    "the objects' keys; it may be empty");
    return made;
}

template <environment_policy Environment>
[[nodiscard]] result<deploy::container_profile> profile_of(agent_options const& options,
                                                           Environment const& environment) {
    std::string word = options.container_profile;
    if (word.empty()) word = filled_variable(environment, "container_profile").value_or("0.13");
    auto const name = text::trim(word);
    if (name == "0.13") return deploy::container_profile::v0_13;
    if (name == "0.15") return deploy::container_profile::v0_15;
    return fail(errc::bad_configuration, "container_profile must be 0.13 or 0.15, not " + in_quotes(name));
}

/// Whether flows log to the API. From 0.14.20 on the configuration has a say.
template <environment_policy Environment>
[[nodiscard]] result<bool> log_to_cloud_of(agent_options const& options, config const& from, bool configurable,
                                           Environment const& environment) {
    if (options.no_cloud_logs) return false;
    auto const without = flag_of(std::nullopt, "no_cloud_logs", environment);
    if (!without) return without.error();
    auto const word = from.text("cloud.send_flow_run_logs");
    if (*without || !configurable || word.empty()) return !*without;
    if (auto const flag = deploy::read_flag(word)) return *flag;
    return fail(errc::bad_configuration,
                "cloud.send_flow_run_logs (PREFECT__CLOUD__SEND_FLOW_RUN_LOGS) must be true or false, not " +
                    in_quotes(word));
}

} // namespace detail

/// How the process shows itself. `errc::bad_configuration` names what cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<process_settings> process_settings_of(agent_options const& options, config const& from,
                                                           Environment const& environment) {
    return detail::process_of(options, from, environment);
}

/// The same with the configuration that these options and this environment give.
template <environment_policy Environment>
[[nodiscard]] result<process_settings> process_settings_of(agent_options const& options,
                                                           Environment const& environment) {
    auto const from = read_config(options, environment);
    if (!from) return from.error();
    return process_settings_of(options, *from, environment);
}

/// How the agent reaches Prefect. `errc::bad_configuration` names the option, setting or variable that cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<prefect::settings> prefect_settings(agent_options const& options, config const& from,
                                                         Environment const& environment) {
    auto const backend = detail::backend_of(from);
    if (!backend) return backend.error();
    auto const process = detail::process_of(options, from, environment);
    if (!process) return process.error();
    auto const prefetch = detail::flag_of(options.prefetch, "prefetch", environment);
    if (!prefetch) return prefetch.error();
    detail::source<Environment> const look{from, environment};
    auto labels = look.labels(options.labels);
    if (!labels) return std::move(labels).error();
    prefect::settings made;
    made.backend = *backend;
    made.api = options.api.empty() ? from.text("cloud.api") : options.api;
    detail::identify(made, options, from);
    made.name = process->name;
    made.labels = *std::move(labels);
    made.agent_config_id = options.agent_config_id;
    if (made.agent_config_id.empty())
        made.agent_config_id = text::trim(filled_variable(environment, "agent_config_id").value_or(""));
    made.prefetch = *prefetch;
    return made;
}

/// The same with the configuration that these options and this environment give.
template <environment_policy Environment>
[[nodiscard]] result<prefect::settings> prefect_settings(agent_options const& options, Environment const& environment) {
    auto const from = read_config(options, environment);
    if (!from) return from.error();
    return prefect_settings(options, *from, environment);
}

/// How flows become tasks; `server` is what `prefect_settings` made of the same options. Tells `log` what was taken from
/// the environment and what is unknown, which is an error for the strict. `errc::bad_configuration` and
/// `errc::invalid_argument` name the option, setting or variable.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<deploy::settings> deploy_settings(agent_options const& options, prefect::settings const& server,
                                                       config const& from, Environment const& environment, Log& log) {
    auto const revisions = detail::flag_of(options.enable_task_revisions, "enable_task_revisions", environment);
    if (!revisions) return revisions.error();
    auto const refresh = detail::flag_of(options.refresh_definitions, "refresh_definitions", environment);
    if (!refresh) return refresh.error();
    auto const run_config = detail::flag_of(options.use_run_config, "use_run_config", environment);
    if (!run_config) return run_config.error();
    auto const strict = detail::flag_of(options.strict, "strict", environment);
    if (!strict) return strict.error();
    auto const profile = detail::profile_of(options, environment);
    if (!profile) return profile.error();
    auto const logs = detail::log_to_cloud_of(options, from, *profile == deploy::container_profile::v0_15, environment);
    if (!logs) return logs.error();
    auto external = detail::external_of(options, environment);
    if (!external) return std::move(external).error();
    detail::source<Environment> const look{from, environment};
    auto env_vars = look.env_vars(options.env_vars);
    if (!env_vars) return std::move(env_vars).error();
    for (auto const& [name, value] : *env_vars)
        if (text::trim(name).empty())
            return fail(errc::invalid_argument, "env_vars has an entry without a name: give it one, or leave it out");
    auto launch_type = detail::launch_type_of(options, environment);
    if (!launch_type) return std::move(launch_type).error();
    auto kwargs = deploy::read_kwargs(options.kwargs, environment, log, *strict);
    if (!kwargs) return std::move(kwargs).error();

    deploy::settings made;
    made.api = prefect::api_of(server);
    made.token = server.token;
    made.labels = server.labels;
    made.env_vars = *std::move(env_vars);
    made.log_to_cloud = *logs;
    made.logging_level = detail::logging_level_of(options.logging_level, from);
    made.launch_type = *std::move(launch_type);
    made.enable_task_revisions = *revisions;
    made.profile = *profile;
    made.backend = server.backend == prefect::backend::cloud ? "cloud" : "server";
    made.api_key = server.api_key;
    made.tenant_id = server.tenant_id;
    made.refresh_definitions = *refresh;
    made.use_run_config = *run_config;
    made.strict = *strict;
    made.external = *std::move(external);
    made.kwargs = *std::move(kwargs);
    made.transliterate = options.transliterate;
    return made;
}

/// The same with the configuration that these options and this environment give.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<deploy::settings> deploy_settings(agent_options const& options, prefect::settings const& server,
                                                       Environment const& environment, Log& log) {
    auto const from = read_config(options, environment);
    if (!from) return from.error();
    return deploy_settings(options, server, *from, environment, log);
}

/// How the agent reaches AWS. A REGION_NAME that is empty is not set.
template <environment_policy Environment>
[[nodiscard]] aws::client_options aws_options(agent_options const& options, Environment const& environment) {
    aws::client_options made;
    made.region = text::trim(options.region_name);
    for (auto const name : {"REGION_NAME", "region_name"})
        if (made.region.empty()) made.region = text::trim(environment.variable(name).value_or(""));
    made.endpoint_url = options.endpoint_url;
    return made;
}

/// botocore's `Config` as an object: the option, else the variable `botocore_config`; empty when neither says anything.
/// `errc::invalid_argument` when it is no object, nor the text of one.
template <environment_policy Environment>
[[nodiscard]] result<json::value> botocore_config_of(agent_options const& options, Environment const& environment) {
    bool const blank =
        options.botocore_config.is_null() || text::trim(json::as_text(options.botocore_config).value_or("-")).empty();
    if (!blank)
        return deploy::detail::read_kwarg("botocore_config", deploy::kwarg_type::object, options.botocore_config);
    if (auto const raw = filled_variable(environment, "botocore_config"))
        return deploy::detail::read_kwarg("environment variable botocore_config", deploy::kwarg_type::object,
                                          json::value(*raw));
    return json::value::object();
}

/// The same, read. It concerns ECS and tagging alone. `errc::bad_configuration` names the option that is wrong.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<aws::botocore_config> botocore_options(agent_options const& options,
                                                            Environment const& environment, Log& log) {
    auto const given = botocore_config_of(options, environment);
    if (!given) return fail(errc::bad_configuration, given.error().message);
    return aws::read_botocore_config(*given, log);
}

} // namespace fargate::inline v0::service

#endif

// ---- fargate/system/executor.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_EXECUTOR_HPP
#define FARGATE_SYSTEM_EXECUTOR_HPP

namespace fargate::inline v0 {

/// A callable `void()` of any type that can be moved, run at most once by whoever holds it. Captures of up to `room` bytes
/// are kept inside, larger ones on the heap. A call must not throw: an exception that leaves it ends the process.
/// Requires: only a job that was made from a callable and not moved from is run.
class job {
public:
    static constexpr std::size_t room = 6 * sizeof(void*);

    template <class Call>
        requires(!std::same_as<std::remove_cvref_t<Call>, job> && std::move_constructible<std::decay_t<Call>> &&
                 std::is_invocable_v<std::decay_t<Call>&>)
    job(Call&& call) {
        using held = std::decay_t<Call>;
        if constexpr (fits<held>) {
            ::new (at()) held(std::forward<Call>(call));
            ways_ = &inside<held>;
        } else {
            ::new (at()) held*(new held(std::forward<Call>(call)));
            ways_ = &outside<held>;
        }
    }

    job(job&& other) noexcept { take(other); }
    job& operator=(job&& other) noexcept {
        if (this != &other) {
            drop();
            take(other);
        }
        return *this;
    }
    ~job() { drop(); }

    void operator()() noexcept { ways_->run(at()); }

    /// False for a job that was moved from.
    [[nodiscard]] explicit operator bool() const noexcept { return ways_ != nullptr; }

private:
    struct ways {
        void (*run)(void*);
        void (*move)(void* to, void* from) noexcept;
        void (*drop)(void*) noexcept;
    };

    template <class Held>
    static constexpr bool fits = sizeof(Held) <= room &&
                                 alignof(Held) <= alignof(void*) && std::is_nothrow_move_constructible_v<Held>;

    template <class Held>
    static Held& as(void* at) noexcept {
        return *std::launder(static_cast<Held*>(at));
    }

    template <class Held>
    static constexpr ways inside{[](void* at) { static_cast<void>(as<Held>(at)()); },
                                 [](void* to, void* from) noexcept {
                                     ::new (to) Held(std::move(as<Held>(from)));
                                     as<Held>(from).~Held();
                                 },
                                 [](void* at) noexcept { as<Held>(at).~Held(); }};

    template <class Held>
    static constexpr ways outside{[](void* at) { static_cast<void>((*as<Held*>(at))()); },
                                  [](void* to, void* from) noexcept { ::new (to) Held*(as<Held*>(from)); },
                                  [](void* at) noexcept { delete as<Held*>(at); }};

    void* at() noexcept { return bytes_; }

    void take(job& other) noexcept {
        ways_ = std::exchange(other.ways_, nullptr);
        if (ways_ != nullptr) ways_->move(at(), other.at());
    }

    void drop() noexcept {
        if (ways_ != nullptr) std::exchange(ways_, nullptr)->drop(at());
    }

    alignas(void*) std::byte bytes_[room];
    ways const* ways_ = nullptr;
};

/// Who runs jobs.
///
/// | expression    | type       | contract                                                                            |
/// |---------------|------------|-------------------------------------------------------------------------------------|
/// | `x.submit(j)` |            | takes a `job` and runs it once, now or later; never refuses, and never throws        |
/// | `x.drain()`   |            | returns when every submitted job has ended, those included that jobs submitted       |
/// |               |            | meanwhile. Not called from inside a job                                             |
/// | `x.workers()` | `unsigned` | how many jobs run at a time, at most; at least 1                                    |
///
/// `submit` may be called from several threads at once, and from inside a job.
template <class Executor>
concept executor_policy = requires(Executor& x, Executor const& seen, job work) {
    x.submit(std::move(work));
    x.drain();
    { seen.workers() } -> std::same_as<unsigned>;
};

/// No threads: a job runs inside `submit`.
class inline_executor {
public:
    void submit(job work) const noexcept { work(); }
    void drain() const noexcept {}
    [[nodiscard]] unsigned workers() const noexcept { return 1; }
};

/// Runs jobs in the order they came on up to `workers` threads; jobs beyond that wait, however many they are. Threads
/// start when there is work for them, so an unused pool costs none, and stay until the pool goes. Where the system gives
/// no thread at all, `submit` runs the job itself. The destructor drains.
class thread_pool {
public:
    thread_pool() : thread_pool{std::min(32U, std::thread::hardware_concurrency() + 4U)} {}
    explicit thread_pool(unsigned workers) : limit_{std::max(1U, workers)} {}

    thread_pool(thread_pool const&) = delete;
    thread_pool& operator=(thread_pool const&) = delete;

    ~thread_pool() {
        drain();
        {
            std::scoped_lock const lock{mutex_};
            ending_ = true;
        }
        work_came_.notify_all();
        for (pthread_t const each : threads_) pthread_join(each, nullptr);
    }

    void submit(job work) {
        {
            std::scoped_lock const lock{mutex_};
            queue_.push_back(std::move(work));
            ++unfinished_;
            if (queue_.size() > idle_ && threads_.size() < limit_) start();
            if (!threads_.empty()) {
                work_came_.notify_one();
                return;
            }
        }
        run_one();
    }

    void drain() {
        std::unique_lock lock{mutex_};
        all_ended_.wait(lock, [this] { return unfinished_ == 0; });
    }

    [[nodiscard]] unsigned workers() const noexcept { return limit_; }

    /// How many threads have been started so far.
    [[nodiscard]] std::size_t threads() const {
        std::scoped_lock const lock{mutex_};
        return threads_.size();
    }

private:
    // POSIX threads, because std::thread tells of a lack of threads by throwing.
    void start() {
        threads_.reserve(threads_.size() + 1);
        pthread_t made{};
        if (pthread_create(&made, nullptr, &thread_pool::enter, this) == 0) threads_.push_back(made);
    }

    static void* enter(void* pool) {
        static_cast<thread_pool*>(pool)->serve();
        return nullptr;
    }

    void serve() {
        std::unique_lock lock{mutex_};
        for (;;) {
            ++idle_;
            work_came_.wait(lock, [this] { return ending_ || !queue_.empty(); });
            --idle_;
            if (queue_.empty()) return;
            run_front(lock);
        }
    }

    void run_one() {
        std::unique_lock lock{mutex_};
        if (!queue_.empty()) run_front(lock);
    }

    void run_front(std::unique_lock<std::mutex>& lock) {
        {
            job work = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            work();
        }
        lock.lock();
        if (--unfinished_ == 0) all_ended_.notify_all();
    }

    unsigned const limit_;
    mutable std::mutex mutex_;
    std::condition_variable work_came_;
    std::condition_variable all_ended_;
    std::deque<job> queue_;
    std::vector<pthread_t> threads_;
    std::size_t idle_ = 0;
    std::size_t unfinished_ = 0;
    bool ending_ = false;
};

} // namespace fargate::inline v0

#endif

// ---- fargate/system/log_format.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_LOG_FORMAT_HPP
#define FARGATE_SYSTEM_LOG_FORMAT_HPP

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

// ---- fargate/system/log_template.hpp --------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_LOG_TEMPLATE_HPP
#define FARGATE_SYSTEM_LOG_TEMPLATE_HPP

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

// ---- fargate/system/stream_log.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SYSTEM_STREAM_LOG_HPP
#define FARGATE_SYSTEM_STREAM_LOG_HPP

namespace fargate::inline v0 {

/// One line of a log as Python's logging writes it for Prefect, its line end included; see `log_format`.
[[nodiscard]] inline std::string log_line(time_point when, log_level level, std::string_view name,
                                          std::string_view message) {
    static log_format const usual;
    return usual.line({when, level, name, message});
}

struct stream_log_options {
    std::string name = "agent";            ///< the logger's name, as it stands in every line
    log_level threshold = log_level::info; ///< lines below it are dropped
    log_format format{};                   ///< how a line looks
};

/// A `log_policy` that writes to a C stream: every line in one piece and at once. `Clock` tells the time; name a reference
/// (`basic_stream_log<manual_clock&>`) to share one. The stream is borrowed and must outlive the log; what cannot be
/// written is lost in silence.
template <class Clock>
    requires clock_policy<std::remove_reference_t<Clock>>
class basic_stream_log {
public:
    basic_stream_log() requires std::default_initializable<Clock> : basic_stream_log{stdout} {}

    explicit basic_stream_log(std::FILE* out,
                              stream_log_options options = {}) requires std::default_initializable<Clock>
        : out_{out}, options_{std::move(options)}, clock_{} {}

    basic_stream_log(std::FILE* out, stream_log_options options, Clock clock) :
        out_{out}, options_{std::move(options)}, clock_(static_cast<Clock&&>(clock)) {}

    [[nodiscard]] log_level threshold() const noexcept { return options_.threshold; }

    void write(log_level level, std::string_view text) {
        if (level < options_.threshold) return;
        auto const line = options_.format.line({clock_.now(), level, options_.name, text, began_});
        std::fwrite(line.data(), 1, line.size(), out_);
        std::fflush(out_);
    }

private:
    std::FILE* out_;
    stream_log_options options_;
    Clock clock_;
    time_point began_ = clock_.now();
};

/// The everyday log: standard output, this machine's clock.
using stream_log = basic_stream_log<system_clock>;

} // namespace fargate::inline v0

#endif

// ---- fargate/service/parts.hpp --------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_PARTS_HPP
#define FARGATE_SERVICE_PARTS_HPP

namespace fargate::inline v0 {

/// What an agent's bundle must name: what AWS calls need, a `log` and an `executor`.
template <class Policies>
concept agent_policies =
    aws::policies<Policies> && log_policy<typename Policies::log> && executor_policy<typename Policies::executor>;

/// One object of each part of an agent. The executor is made last and so goes first: no job outlives what it uses.
template <agent_policies Policies>
struct parts {
    typename Policies::http http{};
    typename Policies::credentials credentials{};
    typename Policies::clock clock{};
    typename Policies::environment environment{};
    typename Policies::retry retry{};
    typename Policies::hash hash{};
    typename Policies::log log{};
    typename Policies::executor executor{};
};

namespace service {

/// True when the options hold any part of an AWS key.
[[nodiscard]] inline bool names_key(agent_options const& options) noexcept {
    return !options.aws_access_key_id.empty() || !options.aws_secret_access_key.empty() ||
           !options.aws_session_token.empty();
}

/// The options with a key of which they hold only parts made whole from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
/// AWS_SESSION_TOKEN, each part by itself as Prefect has it.
template <environment_policy Environment>
[[nodiscard]] agent_options with_whole_key(agent_options options, Environment const& environment) {
    if (!names_key(options)) return options;
    auto const fill = [&](secret& part, std::string_view variable) {
        if (part.empty()) part = std::string{text::trim(environment.variable(variable).value_or(""))};
    };
    fill(options.aws_access_key_id, "AWS_ACCESS_KEY_ID");
    fill(options.aws_secret_access_key, "AWS_SECRET_ACCESS_KEY");
    fill(options.aws_session_token, "AWS_SESSION_TOKEN");
    return options;
}

/// Whether the key of the options can be used: nothing to say when there is none.
template <class Credentials>
[[nodiscard]] result<void> check_key(agent_options const& options, bool own) {
    if (!names_key(options)) return {};
    bool const has_id = !options.aws_access_key_id.empty();
    if (!has_id || options.aws_secret_access_key.empty())
        return fail(errc::bad_configuration, std::string{has_id ? "aws_secret_access_key" : "aws_access_key_id"} +
                                                 " is missing: give both halves of the key or neither");
    if (!own || !std::constructible_from<Credentials, credentials::access_key>)
        return fail(errc::bad_configuration,
                    "aws_access_key_id is given, but this agent's credentials take no key from its "
                    "options: give it to the credential policy itself");
    return {};
}

/// The same for a key whose missing parts the environment holds.
template <class Credentials, environment_policy Environment>
[[nodiscard]] result<void> check_key(agent_options const& options, Environment const& environment, bool own) {
    return check_key<Credentials>(with_whole_key(options, environment), own);
}

[[nodiscard]] inline credentials::access_key key_of(agent_options const& options) {
    credentials::access_key key;
    key.id = options.aws_access_key_id.reveal();
    key.secret_key = options.aws_secret_access_key;
    key.session_token = options.aws_session_token;
    key.source = "the agent's options";
    if (names_key(options)) key.generation = credentials::next_generation();
    return key;
}

/// A search of standard kind asks STS for the keys of roles in the agent's region.
template <class Credentials, environment_policy Environment>
[[nodiscard]] Credentials make_credentials(agent_options const& options, Environment const& environment) {
    if constexpr (std::constructible_from<Credentials, credentials::standard_options>)
        return Credentials(credentials::standard_options{.key = key_of(options),
                                                         .sts = {.region = aws_options(options, environment).region}});
    else if constexpr (std::constructible_from<Credentials, credentials::access_key>)
        return Credentials(key_of(options));
    else
        return Credentials();
}

template <class Log>
[[nodiscard]] Log make_log(process_settings const& process) {
    if constexpr (std::constructible_from<Log, std::FILE*, stream_log_options>)
        return Log(stdout, stream_log_options{process.name, process.level,
                                              process.log_format.empty()
                                                  ? log_format{}
                                                  : read_log_format(process.log_format).value_or(log_format{})});
    else
        return Log();
}

/// Over the proxies of the environment, and to the Prefect API with the certificates that are named there for it.
template <class Http, environment_policy Environment>
[[nodiscard]] Http make_http(agent_options const& options, Environment const& environment) {
    if constexpr (std::constructible_from<Http, curl_options>) {
        auto const server = prefect_settings(options, environment);
        auto const address =
            server ? text::split_url(prefect::api_of(*server)) : fail(errc::invalid_argument, "no API");
        return Http(curl_options_from(environment, address ? std::string_view{address->host} : std::string_view{}));
    } else {
        return Http();
    }
}

/// Parts made as the options and the environment say, where a part lets itself be told. What cannot be read is left to
/// whoever reads the whole configuration.
template <agent_policies Policies>
struct own_parts {
    explicit own_parts(agent_options const& options) : own_parts{options, typename Policies::environment{}} {}

    parts<Policies> value;

private:
    own_parts(agent_options const& options, typename Policies::environment const& environment) :
        value{.http = make_http<typename Policies::http>(options, environment),
              .credentials =
                  make_credentials<typename Policies::credentials>(with_whole_key(options, environment), environment),
              .log = make_log<typename Policies::log>(process_of(options, environment))} {}

    [[nodiscard]] static process_settings process_of(agent_options const& options,
                                                     typename Policies::environment const& environment) {
        if (auto process = process_settings_of(options, environment)) return *std::move(process);
        process_settings fallback;
        if (!options.name.empty()) fallback.name = options.name;
        fallback.level = options.level.value_or(fallback.level);
        return fallback;
    }
};

} // namespace service

} // namespace fargate::inline v0

#endif

// ---- fargate/service/aws_parts.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_AWS_PARTS_HPP
#define FARGATE_SERVICE_AWS_PARTS_HPP

namespace fargate::inline v0::service {

/// What one AWS client of an agent stands on: the agent's parts, but for an `http` and a `retry` of its own where a
/// configuration asks for them. Keys are fetched over the agent's `http` in any case. Must outlive the client.
template <agent_policies Policies>
struct aws_parts {
    std::unique_ptr<typename Policies::http> own_http{};
    std::unique_ptr<typename Policies::retry> own_retry{};
    typename Policies::http& http;
    typename Policies::http& credentials_http;
    typename Policies::credentials& credentials;
    typename Policies::clock& clock;
    typename Policies::environment& environment;
    typename Policies::retry& retry;
    typename Policies::hash& hash;
};

namespace detail {

template <class Http>
inline constexpr bool takes_connection_options = requires(Http const& h, http::connection_options const& told) {
    { h.with(told) } -> std::same_as<Http>;
};

template <class Retry>
inline constexpr bool takes_retry_mode = requires(Retry const& r, retry::mode_options const& told) {
    { r.with(told) } -> std::same_as<Retry>;
};

/// The first thing that is said, under botocore's name.
[[nodiscard]] inline std::string_view name_of_first(http::connection_options const& told) noexcept {
    if (told.proxies) return "proxies";
    if (!told.proxy_ca_file.empty()) return "proxies_config.proxy_ca_bundle";
    if (!told.proxy_certificate.empty()) return "proxies_config.proxy_client_cert";
    if (!told.client_certificate.empty()) return "client_cert";
    return told.pool ? "max_pool_connections" : "tcp_keepalive";
}

[[nodiscard]] inline error not_taken(std::string_view policy, std::string_view option) {
    return fail(errc::bad_configuration, "this agent's " + std::string{policy} + " policy takes no botocore_config." +
                                             std::string{option} + ": give it to the policy itself");
}

/// Whether the files that are named are there.
template <environment_policy Environment>
[[nodiscard]] result<void> check_files(http::connection_options const& told, Environment const& environment) {
    struct named {
        std::string_view option;
        std::string const& file;
    };
    for (auto const& [option, file] : {named{"proxies_config.proxy_ca_bundle", told.proxy_ca_file},
                                       named{"proxies_config.proxy_client_cert", told.proxy_certificate.certificate},
                                       named{"proxies_config.proxy_client_cert", told.proxy_certificate.key},
                                       named{"client_cert", told.client_certificate.certificate},
                                       named{"client_cert", told.client_certificate.key}}) {
        if (file.empty()) continue;
        if (auto text = environment.read_file(file); text) {
            wipe(*text);
        } else {
            return fail(errc::bad_configuration,
                        "botocore_config." + std::string{option} + ": " + text.error().message);
        }
    }
    return {};
}

} // namespace detail

/// Parts for one client, with objects of its own where something is said, so that one client's throttling does not slow
/// another down: what `told` says counts before what `ambient` says. `errc::bad_configuration` when a policy cannot
/// be told what `told` says, or a file that it names cannot be read; a policy that cannot be told what is ambient stays as
/// it is.
template <agent_policies Policies>
[[nodiscard]] result<aws_parts<Policies>> make_aws_parts(parts<Policies>& from, aws::botocore_config const& told,
                                                         aws::botocore_config const& ambient) {
    using http_type = typename Policies::http;
    using retry_type = typename Policies::retry;
    if (auto readable = detail::check_files(told.connection, from.environment); !readable) return readable.error();

    std::unique_ptr<http_type> own_http;
    auto connection = told.connection;
    if (!connection.tcp_keepalive) connection.tcp_keepalive = ambient.connection.tcp_keepalive;
    if constexpr (detail::takes_connection_options<http_type>) {
        if (!connection.empty()) own_http.reset(new http_type(from.http.with(connection)));
    } else if (!told.connection.empty()) {
        return detail::not_taken("http", detail::name_of_first(told.connection));
    }

    std::unique_ptr<retry_type> own_retry;
    retry::mode_options const repeats{told.retries.mode ? told.retries.mode : ambient.retries.mode,
                                      told.retries.max_attempts ? told.retries.max_attempts
                                                                : ambient.retries.max_attempts};
    if constexpr (detail::takes_retry_mode<retry_type>) {
        if (!repeats.empty()) own_retry.reset(new retry_type(from.retry.with(repeats)));
    } else if (!told.retries.empty()) {
        return detail::not_taken("retry", told.retries.mode ? "retries.mode" : "retries.max_attempts");
    }

    auto& http = own_http ? *own_http : from.http;
    auto& retry = own_retry ? *own_retry : from.retry;
    return aws_parts<Policies>{std::move(own_http), std::move(own_retry), http,  from.http, from.credentials,
                               from.clock,          from.environment,     retry, from.hash};
}

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/health.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_HEALTH_HPP
#define FARGATE_SERVICE_HEALTH_HPP

namespace fargate::inline v0::service {

/// What an agent has done since it started, at one moment.
struct health {
    std::uint64_t polls = 0;                  ///< polls that have ended, whatever their outcome
    std::uint64_t failed_polls = 0;           ///< of these, the ones that got no usable answer
    std::uint64_t launched = 0;               ///< flow runs that became a task
    std::uint64_t failed = 0;                 ///< flow runs that were claimed and could not be launched
    std::uint64_t left = 0;                   ///< flow runs that were left alone: lost, or not claimable now
    std::optional<time_point> last_success{}; ///< when a poll last got its answer
    std::string last_error{};                 ///< why the newest poll failed; empty when it did not

    /// True when the newest poll got its answer.
    [[nodiscard]] bool ok() const noexcept { return last_success.has_value() && last_error.empty(); }
};

/// Keeps the book; every member may be called from any thread.
class health_book {
public:
    void polled(time_point when) {
        std::lock_guard const lock{mutex_};
        ++book_.polls;
        book_.last_success = when;
        book_.last_error.clear();
    }

    /// True when this failure differs from the one before, so that an outage is logged when it changes, not at each poll.
    [[nodiscard]] bool poll_failed(error const& why) {
        std::lock_guard const lock{mutex_};
        ++book_.polls;
        ++book_.failed_polls;
        bool const news = book_.last_error != why.message;
        book_.last_error = why.message;
        return news;
    }

    void launched() { count(book_.launched); }
    void failed() { count(book_.failed); }
    void left() { count(book_.left); }

    [[nodiscard]] health read() const {
        std::lock_guard const lock{mutex_};
        return book_;
    }

private:
    void count(std::uint64_t& figure) {
        std::lock_guard const lock{mutex_};
        ++figure;
    }

    mutable std::mutex mutex_;
    health book_;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/deployment.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_DEPLOYMENT_HPP
#define FARGATE_SERVICE_DEPLOYMENT_HPP

namespace fargate::inline v0::service {

/// What happens to one offered run: claim it, plan it, launch it, tell it. One object serves all workers; it keeps
/// references to its parts, which may be used by several threads at once.
///
/// `Planner` is callable as `planner(run) -> result<deploy::launch_plan>`; `Launcher` models `task_launcher`. A run may
/// have a member `not_before` (`std::optional<time_point>`): it is held until then.
template <flow_source Source, class Planner, class Launcher, clock_policy Clock, log_policy Log>
class deployment {
public:
    using run = typename Source::run;

    deployment(Source& source, Planner const& planner, Launcher& launcher, Clock& clock, Log& log, health_book& book) :
        source_{source}, planner_{planner}, launcher_{launcher}, clock_{clock}, log_{log}, book_{book} {}

    /// Takes one run all the way. Every outcome ends in the log, and every claimed run that got no task also in the run's
    /// own log and state. A run that is still held when `stop` fires is not claimed: it stays with the backend.
    void deploy(run const& offered, std::stop_token const& stop = {}) {
        if (!is_time(offered, stop)) return;
        log_.write(log_level::info, "Deploying flow run " + offered.id);
        auto const owned = source_.claim(offered);
        if (!owned) return claim_failed(offered, owned.error());
        if (owned->kind != claim::outcome::won) return leave(offered, owned->reason);

        auto const plan = planner_(offered);
        if (!plan) return fail_run(offered, plan.error());
        auto const task = launcher_.launch(*plan, {});
        if (!task) return fail_run(offered, task.error());

        book_.launched();
        log_.write(log_level::debug, "Run created for task " + task->task_arn);
        // The task runs: from here on a lost line is a warning, never the run's failure.
        if (auto const told = source_.launched(offered, task->task_arn); !told)
            log_.write(log_level::warning, "flow run " + offered.id + " runs as " + task->task_arn +
                                               ", but its log could not be written: " + told.error().message);
        log_.write(log_level::debug, "Completed flow run submission (id: " + offered.id + ")");
    }

private:
    /// Waits until the run may be claimed; false when that has been stopped.
    bool is_time(run const& offered, std::stop_token const& stop) {
        if constexpr (requires { offered.not_before.has_value(); }) {
            auto const wait = offered.not_before ? *offered.not_before - clock_.now() : duration::zero();
            if (wait <= duration::zero()) return true;
            log_.write(log_level::debug,
                       "Waiting " + seconds_of(wait) + " seconds to deploy flow run " + offered.id + " on time...");
            return clock_.sleep_for(wait, stop);
        } else {
            return true;
        }
    }

    static std::string seconds_of(duration wait) {
        auto const micros = std::to_string(wait.count() % 1'000'000);
        return std::to_string(wait.count() / 1'000'000) + "." + std::string(6 - micros.size(), '0') + micros;
    }

    /// Without an answer, or with a proxy's, nobody knows who owns the run: it is not ours to fail. When the claim did
    /// arrive, the backend's own watch re-schedules it; when it did not, the next poll offers it again.
    void claim_failed(run const& offered, error const& why) {
        bool const answered = why.code != errc::timed_out && why.code != errc::connection_failed &&
                              why.code != errc::cancelled && why.http_status < 500;
        if (answered) return fail_run(offered, why);
        book_.left();
        log_.write(log_level::warning, "flow run " + offered.id + " could not be claimed: " + why.message);
    }

    void leave(run const& offered, std::string const& reason) {
        book_.left();
        log_.write(log_level::info, "Leaving flow run " + offered.id + " alone: " + reason);
    }

    void fail_run(run const& offered, error const& why) {
        book_.failed();
        log_.write(log_level::error, "Logging platform error for flow run " + offered.id);
        if (auto const told = source_.failed(offered, why.message); !told)
            log_.write(log_level::error,
                       "flow run " + offered.id + " could not be marked as failed: " + told.error().message);
        log_.write(log_level::error, "Error while deploying flow: " + why.message);
    }

    Source& source_;
    Planner const& planner_;
    Launcher& launcher_;
    Clock& clock_;
    Log& log_;
    health_book& book_;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/introduction.hpp -------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_INTRODUCTION_HPP
#define FARGATE_SERVICE_INTRODUCTION_HPP

namespace fargate::inline v0::service {

namespace detail {

/// What a value is, without what it holds: containers' environments and log options carry secrets.
[[nodiscard]] inline std::string shape_of(json::value const& document) {
    if (document.is_array()) return "<list of " + std::to_string(document.size()) + ">";
    if (document.is_object()) return "<object of " + std::to_string(document.size()) + ">";
    if (document.is_string()) return "<text>";
    if (document.is_boolean()) return "<true or false>";
    return document.is_null() ? "<nothing>" : "<number>";
}

} // namespace detail

/// Tells a log at DEBUG what an agent was made with, in the words of Prefect's Fargate Agent; of keyword arguments the
/// shape only, and of env_vars the names only.
template <log_policy Log>
void introduce(agent_options const& options, prefect::settings const& server, deploy::settings const& with, Log& log) {
    auto const debug = [&log](std::string const& line) { log.write(log_level::debug, line); };
    debug("Verbose logs enabled");
    std::vector<std::string> names;
    for (auto const& [name, value] : with.env_vars) names.push_back(name);
    debug("Environment variables: " + deploy::python_repr(names));
    debug("Max polls: " + (options.max_polls ? std::to_string(*options.max_polls) : std::string{"None"}));
    debug("Agent address: " + options.agent_address);
    debug(std::string{"Log to Cloud: "} + (with.log_to_cloud ? "True" : "False"));
    debug(std::string{"Prefect backend: "} + (server.backend == prefect::backend::cloud ? "cloud" : "server"));
    for (json::value const* const group : {&with.kwargs.definition, &with.kwargs.run, &with.kwargs.container})
        for (auto const& [name, value] : *group->get_ptr<json::value::object_t const*>())
            debug(name + " = " + detail::shape_of(value));
    debug("Launch type: " + (with.launch_type.empty() ? std::string{"None"} : with.launch_type));
}

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/in_flight.hpp ----------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_IN_FLIGHT_HPP
#define FARGATE_SERVICE_IN_FLIGHT_HPP

namespace fargate::inline v0::service {

/// The ids of the runs that this process is working on, from hand-over until their job ends in any way. All members may
/// be called from any thread.
class in_flight {
public:
    /// Enters an id; false when it is in already, and then the caller must leave the run alone.
    [[nodiscard]] bool enter(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = std::lower_bound(ids_.begin(), ids_.end(), id);
        if (at != ids_.end() && *at == id) return false;
        ids_.emplace(at, id);
        return true;
    }

    void leave(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = std::lower_bound(ids_.begin(), ids_.end(), id);
        if (at != ids_.end() && *at == id) ids_.erase(at);
    }

    /// A sorted copy.
    [[nodiscard]] std::vector<std::string> ids() const {
        std::lock_guard const lock{mutex_};
        return ids_;
    }

    [[nodiscard]] std::size_t size() const {
        std::lock_guard const lock{mutex_};
        return ids_.size();
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> ids_;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/pace.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_PACE_HPP
#define FARGATE_SERVICE_PACE_HPP

namespace fargate::inline v0::service {

/// The waits between polls: a poll with work is followed after 0.25 s, each other poll moves one step along 0.5, 1, 2, 4,
/// 8 and 10 s and stays there. (The original agent's figures.) Not thread-safe.
class pace {
public:
    /// How long to wait after a poll.
    [[nodiscard]] duration after(bool worked) noexcept {
        step_ = worked ? 0 : step_ + 1 < waits.size() ? step_ + 1 : step_;
        return waits[step_];
    }

private:
    static constexpr std::array<duration, 7> waits{std::chrono::milliseconds{250}, std::chrono::milliseconds{500},
                                                   std::chrono::seconds{1},        std::chrono::seconds{2},
                                                   std::chrono::seconds{4},        std::chrono::seconds{8},
                                                   std::chrono::seconds{10}};
    std::size_t step_ = 0;
};

/// A wait in seconds as Python writes it: `0.25`, `1.0`.
[[nodiscard]] inline std::string in_seconds(duration wait) {
    auto const hundredths = wait / std::chrono::milliseconds{10};
    std::string made = std::to_string(hundredths / 100) + ".";
    if (hundredths % 10 != 0) return made + (hundredths % 100 < 10 ? "0" : "") + std::to_string(hundredths % 100);
    return made + std::to_string(hundredths / 10 % 10);
}

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/wake.hpp ---------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_WAKE_HPP
#define FARGATE_SERVICE_WAKE_HPP

namespace fargate::inline v0::service {

/// A bell that cuts a wait short: a sleeper takes `token()`, anybody calls `ring()`, and `reset()` starts the next round.
/// A ring between `reset()` and the sleep is not lost. All members may be called from any thread.
class wake {
public:
    void ring() {
        std::lock_guard const lock{mutex_};
        source_.request_stop();
    }

    void reset() {
        std::lock_guard const lock{mutex_};
        if (source_.stop_requested()) source_ = std::stop_source{};
    }

    [[nodiscard]] std::stop_token token() const {
        std::lock_guard const lock{mutex_};
        return source_.get_token();
    }

private:
    mutable std::mutex mutex_;
    std::stop_source source_;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/poller.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_POLLER_HPP
#define FARGATE_SERVICE_POLLER_HPP

namespace fargate::inline v0::service {

/// Asks the source for due runs again and again and hands each to the executor once. `Deployment` has `deploy(run, stop)`.
/// Keeps references; `run` is called by one thread, the other members by any.
template <flow_source Source, class Deployment, clock_policy Clock, log_policy Log, executor_policy Executor>
class poller {
public:
    poller(Source& source, Deployment& deployment, Clock& clock, Log& log, Executor& executor, health_book& book) :
        source_{source}, deployment_{deployment}, clock_{clock}, log_{log}, executor_{executor}, book_{book} {}

    /// Polls until `stop` fires or `polls` polls have been made (nothing: no end), then lets the deployments in hand finish.
    /// A run that was handed over but not begun when `stop` fired is not claimed: it stays with the backend.
    /// A poll that fails never ends the loop; an outage is logged when it begins, changes and ends.
    void run(std::optional<std::int64_t> polls, std::stop_token stop) {
        std::stop_callback const ring{stop, [this] { wake_.ring(); }};
        for (pace waits; !stop.stop_requested() && polls != 0;) {
            wake_.reset();
            if (stop.stop_requested()) break;
            bool const worked = poll(stop);
            if (polls) --*polls;
            auto const wait = waits.after(worked);
            log_.write(log_level::debug, "Next query for flow runs in " + in_seconds(wait) + " seconds");
            clock_.sleep_for(wait, wake_.token());
        }
        executor_.drain();
    }

    /// Cuts the wait before the next poll short.
    void poke() { wake_.ring(); }

    /// Deployments handed over and not yet ended.
    [[nodiscard]] std::size_t in_hand() const { return busy_.size(); }

private:
    /// One poll; true when it handed over at least one run.
    bool poll(std::stop_token const& stop) {
        auto const busy = busy_.ids();
        auto due = source_.poll(busy, stop);
        if (!due) return failed(due.error());
        recovered();

        std::size_t handed_over = 0;
        for (auto& offered : *due)
            if (busy_.enter(offered.id)) {
                if (handed_over++ == 0)
                    log_.write(log_level::info,
                               "Found " + std::to_string(due->size()) + " flow run(s) to submit for execution.");
                hand_over(std::move(offered), stop);
            }
        return handed_over != 0;
    }

    void hand_over(typename Source::run offered, std::stop_token const& stop) {
        executor_.submit([this, offered = std::move(offered), stop] {
            if (!stop.stop_requested()) deployment_.deploy(offered, stop);
            busy_.leave(offered.id);
        });
    }

    bool failed(error const& why) {
        if (why.code == errc::cancelled) return false;
        if (book_.poll_failed(why)) log_.write(log_level::error, why.message);
        return false;
    }

    void recovered() {
        if (!book_.read().last_error.empty()) log_.write(log_level::info, "The Prefect API answers again");
        book_.polled(clock_.now());
    }

    Source& source_;
    Deployment& deployment_;
    Clock& clock_;
    Log& log_;
    Executor& executor_;
    health_book& book_;
    in_flight busy_;
    wake wake_;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/signals.hpp ------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_SIGNALS_HPP
#define FARGATE_SERVICE_SIGNALS_HPP

namespace fargate::inline v0::service {

/// Turns SIGINT and SIGTERM into a stop token while it lives: the first one fires the token, a second one ends the process
/// at once with status 130 or 143. The handlers that were there before come back when it goes. At most one object at a
/// time; make it before other threads, so that a program's start is covered. POSIX only.
class signals {
public:
    signals() noexcept {
        if (::pipe(pipe_) != 0) return;
        for (int const end : pipe_) ::fcntl(end, F_SETFD, FD_CLOEXEC);
        if (pthread_create(&watcher_, nullptr, &enter, this) != 0) {
            close_pipe();
            return;
        }
        watching_ = true;
        seen_ = 0;
        write_end_ = pipe_[1];
        struct sigaction action = {};
        action.sa_handler = &handle;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        for (std::size_t i = 0; i != handled.size(); ++i) sigaction(handled[i], &action, &before_[i]);
    }

    signals(signals const&) = delete;
    signals& operator=(signals const&) = delete;

    ~signals() {
        if (!watching_) return;
        for (std::size_t i = 0; i != handled.size(); ++i) sigaction(handled[i], &before_[i], nullptr);
        write_end_ = -1;
        tell(pipe_[1], 0);
        pthread_join(watcher_, nullptr);
        close_pipe();
    }

    /// False when the system gave no pipe or no thread: signals then do what they did before.
    [[nodiscard]] bool watching() const noexcept { return watching_; }

    /// Fires with the first signal.
    [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }

    /// The signal that came, 0 when none did.
    [[nodiscard]] int received() const noexcept { return received_.load(std::memory_order_relaxed); }

private:
    static constexpr std::array<int, 2> handled{SIGINT, SIGTERM};

    inline static std::atomic<int> write_end_{-1};
    inline static std::atomic<int> seen_{0};

    static void tell(int end, unsigned char what) noexcept {
        while (::write(end, &what, 1) < 0 && errno == EINTR) {
        }
    }

    /// Async-signal-safe: lock-free atomics, write and _exit only.
    static void handle(int number) noexcept {
        int const kept = errno;
        if (seen_.fetch_add(1) != 0) ::_exit(128 + number);
        tell(write_end_.load(), static_cast<unsigned char>(number));
        errno = kept;
    }

    // A POSIX thread, because std::thread tells of a lack of threads by throwing.
    static void* enter(void* self) {
        static_cast<signals*>(self)->watch();
        return nullptr;
    }

    void close_pipe() noexcept {
        for (int const end : pipe_) ::close(end);
    }

    void watch() noexcept {
        unsigned char what = 0;
        ssize_t count = 0;
        while ((count = ::read(pipe_[0], &what, 1)) < 0 && errno == EINTR) {
        }
        if (count != 1 || what == 0) return;
        received_.store(what, std::memory_order_relaxed);
        source_.request_stop();
        // The destructor's byte ends a watch that has fired, too.
        while (::read(pipe_[0], &what, 1) < 0 && errno == EINTR) {
        }
    }

    int pipe_[2] = {-1, -1};
    std::array<struct sigaction, 2> before_{};
    std::stop_source source_;
    std::atomic<int> received_{0};
    pthread_t watcher_{};
    bool watching_ = false;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/advice.hpp -------------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_ADVICE_HPP
#define FARGATE_SERVICE_ADVICE_HPP

namespace fargate::inline v0::service {

namespace detail {

/// What a person can do about one of ECS's refusals; the first rule that fits counts.
struct advice_rule {
    std::string_view code;    ///< the service's name for it; empty: any
    std::string_view wording; ///< a part of its message, in any case; empty: any
    std::string_view advice;
};

inline constexpr advice_rule advice_rules[] = {
    {"", "no fargate configuration exists", "give cpu and memory a pair that Fargate has, e.g. cpu=256 memory=512"},
    {"", "execution role", "set executionRoleArn: Fargate pulls images and writes logs with that role"},
    {"", "invalid 'cpu'", "set cpu to a number of CPU units that Fargate has, e.g. 256, 512, 1024"},
    {"", "invalid 'memory'", "set memory to a number of MiB that Fargate has for this cpu, e.g. 512 for cpu=256"},
    {"", "role is not valid", "check taskRoleArn and executionRoleArn: each is the ARN of a role that exists"},
    {"", "network configuration must be provided",
     "set networkConfiguration: tasks on Fargate need subnets, e.g. {'awsvpcConfiguration': {'subnets': "
     "['subnet-...']}}"},
    {"", "subnet", "check the subnets in networkConfiguration: they must exist in this region and account"},
    {"", "security group", "check the securityGroups in networkConfiguration: they must be of the subnets' VPC"},
    {"", "log driver", "check logConfiguration: Fargate takes awslogs, splunk and awsfirelens"},
    {"", "platform version", "check platformVersion: LATEST or e.g. 1.4.0"},
    {"", "capacity provider", "check the cluster's capacity providers, or set launch_type=FARGATE"},
    {"ClusterNotFoundException", "",
     "check cluster and the region: there is no such cluster; create it, or name another"},
    {"PlatformUnknownException", "", "check platformVersion: LATEST or e.g. 1.4.0"},
    {"PlatformTaskDefinitionIncompatibilityException", "",
     "this platformVersion cannot do what the definition asks for: an EFS volume needs 1.4.0"},
    {"UnsupportedFeatureException", "", "this region cannot do that: ask for less, or choose another region"},
    {"BlockedException", "", "AWS has blocked this account: ask AWS Support"},
    {"LimitExceededException", "", "a quota of the account is used up: see ECS in the Service Quotas console"},
    {"UnrecognizedClientException", "", "AWS does not know this key: check aws_access_key_id and the session token"},
    {"InvalidClientTokenId", "", "AWS does not know this key: check aws_access_key_id and the session token"},
    {"InvalidSignatureException", "",
     "the signature does not fit: check aws_secret_access_key, and this machine's clock"},
    {"SignatureDoesNotMatch", "", "the signature does not fit: check aws_secret_access_key, and this machine's clock"},
    {"ExpiredTokenException", "", "the session token has expired: get a new one"},
    {"ExpiredToken", "", "the session token has expired: get a new one"},
    {"OptInRequired", "", "this account has not signed up for the service or the region"},
    {"ThrottlingException", "", "AWS is throttling this account: try again later"},
    {"ServerException", "", "AWS itself has trouble: try again later"},
    {"InvalidParameterException", "", "AWS does not take one of the keyword arguments: mend the one that it names"},
    {"ClientException", "", "AWS does not take one of the keyword arguments: mend the one that it names"},
    {"ValidationException", "", "AWS does not take one of the keyword arguments: mend the one that it names"},
    {"SerializationException", "", "a keyword argument has the wrong type: mend the one that AWS names"},
    {"AGENT", "", "the cluster's EC2 instances are not connected: for Fargate leave launch_type at FARGATE"},
    {"", "capacity is unavailable",
     "Fargate has no capacity there now: try again later, or name subnets of more zones"},
    {"", "resource:", "the cluster has no room for the task: give it capacity, or ask for less cpu and memory"},
};

/// `text` contains `part`, which is lower case, whatever the case of `text`.
[[nodiscard]] inline bool mentions(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char left, char right) { return text::to_lower(left) == right; }) != text.end();
}

/// The IAM action that a refusal names (`... is not authorized to perform: iam:PassRole on resource: ...`), else `usual`.
[[nodiscard]] inline std::string refused_action(std::string_view message, std::string_view usual) {
    constexpr std::string_view mark = "not authorized to perform: ";
    if (auto const at = message.find(mark); at != std::string_view::npos) {
        auto const rest = message.substr(at + mark.size());
        auto const action = rest.substr(0, rest.find_first_of(" \t,;"));
        bool const is_one = action.size() < 128 && action.find(':') != std::string_view::npos;
        if (is_one) return std::string{action};
    }
    return std::string{usual};
}

} // namespace detail

/// What a person can do about a call to AWS that failed; empty when nobody knows. `action` is the IAM action that the call
/// needs: `ecs:RunTask`. One clause, without what AWS itself said.
[[nodiscard]] inline std::string advice_for(error const& why, std::string_view action) {
    bool const denied =
        text::contains(why.service_code, "AccessDenied") || text::contains(why.message, "is not authorized to perform");
    if (denied) return "allow this key's user or role the IAM action " + detail::refused_action(why.message, action);
    switch (why.code) {
    case errc::not_configured:
        return "give a key: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile in ~/.aws/credentials, or a task "
               "role";
    case errc::connection_failed:
    case errc::timed_out: return "check region_name (is there such a region?), the network, and the proxy's variables";
    case errc::untrusted_peer: return "check AWS_CA_BUNDLE, and whether a proxy stands between";
    case errc::cancelled: return {};
    default: break;
    }
    for (auto const& rule : detail::advice_rules) {
        bool const fits = (rule.code.empty() || rule.code == why.service_code) &&
                          (rule.wording.empty() || detail::mentions(why.message, rule.wording));
        if (fits) return std::string{rule.advice};
    }
    return {};
}

} // namespace fargate::inline v0::service

#endif

// ---- fargate/service/validation.hpp ---------------------------------------------------------------------------------

#ifndef FARGATE_SERVICE_VALIDATION_HPP
#define FARGATE_SERVICE_VALIDATION_HPP

namespace fargate::inline v0::service {

/// What came of trying the configuration on AWS.
struct validation {
    /// One thing that was tried.
    struct step {
        std::string what{}; ///< `credentials`, `register`, `run`, `deregister`
        bool passed = false;
        std::string said{};   ///< what it gave (a source of keys, an ARN), or why it failed, in AWS's own words
        std::string advice{}; ///< what to do about a failure; may be empty
    };

    std::vector<step> steps{};
    std::string family{};         ///< of the definition that was registered for this
    std::string definition_arn{}; ///< empty when it could not be registered
    std::string task_arn{};       ///< empty when no task was started
    bool left_behind = false;     ///< the definition is still registered, wanted or not

    /// True when the definition was registered and a task was started from it, all that an agent does.
    [[nodiscard]] bool ok() const noexcept { return !task_arn.empty(); }

    /// The first step that failed; nullptr when none did.
    [[nodiscard]] step const* failure() const noexcept {
        for (auto const& each : steps)
            if (!each.passed) return &each;
        return nullptr;
    }
};

/// RegisterTaskDefinition's body of a definition that has all of the agent's arguments and no flow in it.
[[nodiscard]] inline json::value test_definition(deploy::settings const& with, std::string const& family) {
    auto container = json::value::object();
    json::set(container, "name", "test-container");
    json::set(container, "image", "busybox");
    json::set(container, "command", json::value::array({"/bin/sh", "-c", "echo 'I am alive!'"}));
    auto const* const environment = json::array_of(with.kwargs.container, "environment");
    json::set(container, "environment", environment != nullptr ? *environment : json::value::array());
    json::set(container, "essential", true);
    deploy::detail::add_container_kwargs(container, with);
    return deploy::detail::definition_around(std::move(container), with, family);
}

/// RunTask's body for it.
[[nodiscard]] inline json::value test_task(deploy::settings const& with, std::string const& family) {
    auto overrides = json::value::object();
    json::set(overrides, "containerOverrides", json::value::array());
    auto body = json::value::object();
    json::set(body, "taskDefinition", family);
    json::set(body, "overrides", std::move(overrides));
    deploy::detail::add_kwargs(body, with.kwargs.run);
    deploy::detail::add_launch_type(body, with);
    return body;
}

/// Registers a test definition, runs it, and takes it back, with the words of Prefect's Fargate Agent in `log`. `Ecs` as
/// `aws::ecs`. Keeps references; one thread at a time.
template <class Ecs, log_policy Log>
class validator {
public:
    validator(Ecs& ecs, Log& log, deploy::settings const& with) : ecs_{ecs}, log_{log}, with_{with} {}

    /// What was found out about the key before; a failure ends the matter.
    bool note_credentials(result<std::string> const& source) {
        if (!source) return failed("credentials", "No AWS credentials", source.error(), "sts:GetCallerIdentity");
        passed("credentials", *source);
        log_.write(log_level::info, "AWS credentials found: " + *source);
        return true;
    }

    /// Registers under `family` and runs. Whatever comes of it, what was registered is taken back, unless `keep`; the task
    /// runs on and ends by itself. A definition that AWS would not take back is a warning, not a failure.
    void run(std::string family, bool keep, std::stop_token const& stop) {
        made_.family = std::move(family);
        log_.write(log_level::info, "Testing task definition registration...");
        auto const registered = ecs_.register_task_definition(test_definition(with_, made_.family), stop);
        if (!registered) {
            failed("register", "Task definition registration failed", registered.error(), "ecs:RegisterTaskDefinition");
            return;
        }
        log_.write(log_level::info, "Task definition registration successful");
        made_.definition_arn = registered->arn;
        passed("register", registered->arn);
        start(stop);
        if (keep) {
            made_.left_behind = true;
            log_.write(log_level::info, "Task definition " + registered->arn + " is kept");
        } else {
            take_back(registered->arn);
        }
    }

    [[nodiscard]] validation take() && { return std::move(made_); }

private:
    void start(std::stop_token const& stop) {
        log_.write(log_level::info, "Testing task run...");
        auto const ran = ecs_.run_task(test_task(with_, made_.family), stop);
        if (!ran) {
            failed("run", "Task run failed", ran.error(), "ecs:RunTask");
        } else if (ran->tasks.empty() || ran->tasks[0].arn.empty()) {
            auto const first = std::span{ran->failures}.first(std::min<std::size_t>(ran->failures.size(), 1));
            auto const why = first.empty() ? fail(errc::service_error, "RunTask started no task")
                                           : deploy::detail::nothing_started(first);
            failed("run", "Task run failed", why, "ecs:RunTask");
        } else {
            made_.task_arn = ran->tasks[0].arn;
            log_.write(log_level::info, "Task run " + made_.task_arn + " successful");
            passed("run", made_.task_arn);
        }
    }

    /// Not to be stopped: it would leave behind what only this object knows of.
    void take_back(std::string const& arn) {
        auto input = json::value::object();
        json::set(input, "taskDefinition", arn);
        auto const gone = ecs_.deregister_task_definition(input, std::stop_token{});
        if (gone) {
            log_.write(log_level::info, "Task definition " + arn + " deregistered");
            passed("deregister", arn);
            return;
        }
        made_.left_behind = true;
        auto const advice = "remove it by hand: aws ecs deregister-task-definition --task-definition " + arn;
        made_.steps.push_back({"deregister", false, gone.error().message, advice});
        log_.write(log_level::warning, "Task definition " + arn + " is left behind: " + gone.error().message);
        log_.write(log_level::warning, "What to do: " + advice);
    }

    void passed(std::string what, std::string said) {
        made_.steps.push_back({std::move(what), true, std::move(said), {}});
    }

    bool failed(std::string what, std::string_view title, error const& why, std::string_view action) {
        auto advice = advice_for(why, action);
        log_.write(log_level::error, std::string{title} + ": " + why.message);
        if (!advice.empty()) log_.write(log_level::error, "What to do: " + advice);
        made_.steps.push_back({std::move(what), false, why.message, std::move(advice)});
        return false;
    }

    Ecs& ecs_;
    Log& log_;
    deploy::settings const& with_;
    validation made_;
};

} // namespace fargate::inline v0::service

#endif

// ---- fargate/agent.hpp ----------------------------------------------------------------------------------------------

#ifndef FARGATE_AGENT_HPP
#define FARGATE_AGENT_HPP

namespace fargate::inline v0 {

/// The parts an agent is made of, unless told otherwise: libcurl, the standard credential sources, the machine's clock,
/// this process's environment, SDK retries, OpenSSL, standard output and a thread pool. Inherit and redefine to replace:
/// `struct board : fargate::default_policies { using http = my_modem; };`
struct default_policies : aws::default_policies {
    using log = stream_log;
    using executor = thread_pool;
};

/// The common case of replacing just these two: `fargate::agent<fargate::policies<my_modem, my_credentials>>`.
template <class Http, class Credentials = aws::default_policies::credentials>
struct policies : default_policies {
    using http = Http;
    using credentials = Credentials;
};

/// Polls a Prefect API for flow runs and launches each as one AWS Fargate task: Prefect's Fargate Agent.
///
/// Making an agent does nothing but keep what it is told. `open` checks the configuration and makes the agent known,
/// `run` works until it is stopped; `start` is both. One thread calls these; `stop`, `poke` and `health` may be called
/// from any. An agent opens once.
template <agent_policies Policies = default_policies>
class agent {
public:
    /// An agent with parts of its own. A key in `options` needs a credential policy that takes one, such as
    /// `credentials::standard`.
    explicit agent(agent_options options) : agent{std::move(options), nullptr} {}

    /// An agent on parts that belong to the caller and outlive it.
    agent(agent_options options, parts<Policies>& shared) : agent{std::move(options), &shared} {}

    agent(agent const&) = delete;
    agent& operator=(agent const&) = delete;

    /// `open`, then `run`.
    [[nodiscard]] result<void> start(std::stop_token stop = {}) {
        if (auto opened = open(stop); !opened) return opened;
        return run(stop);
    }

    /// Reads the configuration, checks the token with the cloud and registers. An API that does not answer is asked again
    /// until it does or `stop` fires; `errc::bad_configuration`, `errc::invalid_argument` and `errc::unauthorized` are for
    /// a person to mend.
    [[nodiscard]] result<void> open(std::stop_token stop = {}) {
        if (opened_) return fail(errc::invalid_argument, "the agent was opened before");
        if (auto ready = prepare(); !ready) return ready;
        std::stop_callback const forward{stop, [this] { shut_down(); }};
        for (service::pace waits;;) {
            auto enrolled = works_->source.enroll(stop_.get_token());
            if (enrolled) {
                opened_ = true;
                return enrolled;
            }
            auto const& why = enrolled.error();
            bool const silent = why.code == errc::connection_failed || why.code == errc::timed_out;
            if (!silent && why.http_status < 500) return enrolled;
            if (book_.poll_failed(why)) parts_.log.write(log_level::error, why.message);
            if (!parts_.clock.sleep_for(waits.after(false), stop_.get_token()))
                return fail(errc::cancelled, "stopped before the Prefect API answered");
        }
    }

    /// Polls and launches until `stop` fires, `stop()` is called, or `max_polls` polls have been made; then lets the
    /// launches in hand finish. Needs an agent that is open. Trouble with single runs or polls goes to the log, not here.
    [[nodiscard]] result<void> run(std::stop_token stop = {}) {
        if (!opened_) return fail(errc::invalid_argument, "the agent is not open: call open() first");
        auto& log = parts_.log;
        std::stop_callback const forward{stop, [this] { shut_down(); }};
        log.write(log_level::info,
                  "Starting FargateAgent with labels " + deploy::python_repr(works_->planner.settings.labels));
        log.write(log_level::info, "Agent documentation can be found at https://docs.prefect.io/orchestration/");
        if (auto greeted = works_->source.greet(stop_.get_token()); !greeted) return {};
        log.write(log_level::info, "Waiting for flow runs...");
        log.write(log_level::debug, "Max Workers: " + std::to_string(parts_.executor.workers()));
        works_->poller.run(options_.max_polls, stop_.get_token());
        return {};
    }

    /// Ends `open` or `run`: nothing new is claimed, launches that began are finished.
    void stop() { stop_.request_stop(); }

    /// Polls now instead of at the end of the wait.
    void poke() {
        if (ready_.load(std::memory_order_acquire)) works_->poller.poke();
    }

    /// Tries the configuration on AWS without a flow and without Prefect: registers a task definition
    /// `prefect-test-task-<8 hex digits>` with all of the keyword arguments, runs it, and deregisters it unless `keep`. The
    /// log and the answer tell each step, what AWS said, and what to do about it. May be called before `open` and instead
    /// of it, not beside `run`. The errors are those of a configuration that cannot be read; then AWS was asked for nothing.
    /// Needs the IAM actions ecs:RegisterTaskDefinition, ecs:RunTask and iam:PassRole, as an agent does, and
    /// ecs:DeregisterTaskDefinition to leave nothing behind.
    [[nodiscard]] result<service::validation> validate_configuration(bool keep = false, std::stop_token stop = {}) {
        if (auto ready = prepare(); !ready) return ready.error();
        service::validator<ecs, agent_log> tries{works_->ecs, parts_.log, works_->planner.settings};
        auto const key = parts_.credentials.fetch(parts_.http, parts_.clock, parts_.environment);
        if (tries.note_credentials(key ? result<std::string>{key->source} : key.error()))
            tries.run("prefect-test-task-" + random_uuid().substr(0, 8), keep, stop);
        return std::move(tries).take();
    }

    [[nodiscard]] service::health health() const { return book_.read(); }

private:
    using agent_log = typename Policies::log;
    using s3 = aws::s3<Policies>;
    using external = deploy::external_kwargs<s3, agent_log>;

    struct planner {
        agent::external const* external; ///< null: no flow has arguments of its own
        deploy::settings settings;

        /// The run is claimed: no stop cuts this short.
        result<deploy::launch_plan> operator()(prefect::flow_run const& run) const {
            if (external == nullptr) return deploy::plan(run, settings);
            auto const own = external->fetch(run.flow);
            if (!own) return own.error();
            if (!*own) return deploy::plan(run, settings);
            auto with = settings;
            deploy::replace(with.kwargs, **own);
            return deploy::plan(run, with);
        }
    };

    using source = prefect::server<typename Policies::http, typename Policies::clock, agent_log>;
    using ecs = aws::ecs<Policies>;
    using tagging = aws::tagging<Policies>;
    using aws_parts = service::aws_parts<Policies>;
    using launcher = deploy::ecs_launcher<ecs, tagging, agent_log>;
    using deployment = service::deployment<source, agent::planner, launcher, typename Policies::clock, agent_log>;
    using poller =
        service::poller<source, deployment, typename Policies::clock, agent_log, typename Policies::executor>;

    /// Everything that the configuration decides, from the wire up.
    struct works {
        works(parts<Policies>& p, service::health_book& book, prefect::settings server, deploy::settings settings,
              aws::client_options aws, aws::client_options for_s3, agent::aws_parts for_ecs,
              agent::aws_parts for_tagging) :
            source{p.http, p.clock, p.log, std::move(server)},
            ecs_parts{std::move(for_ecs)},
            tagging_parts{std::move(for_tagging)},
            ecs{ecs_parts, aws},
            tagging{tagging_parts, aws},
            s3{p, std::move(for_s3)},
            launcher{ecs, tagging, p.log},
            planner{settings.external.enabled ? &external : nullptr, std::move(settings)},
            external{s3, planner.settings, p.log},
            deployment{source, planner, launcher, p.clock, p.log, book},
            poller{source, deployment, p.clock, p.log, p.executor, book} {}

        agent::source source;
        agent::aws_parts ecs_parts;
        agent::aws_parts tagging_parts;
        agent::ecs ecs;
        agent::tagging tagging;
        agent::s3 s3;
        agent::launcher launcher;
        agent::planner planner;
        agent::external external;
        agent::deployment deployment;
        agent::poller poller;
    };

    /// S3 is called as the original did, with region and endpoint alone: `botocore_config` is for the other services, and
    /// its region counts for S3 where there is no other.
    [[nodiscard]] static aws::client_options for_external_kwargs(aws::client_options const& given) {
        aws::client_options made;
        made.region = given.region;
        made.endpoint_url = given.endpoint_url;
        made.limits.body = 1024 * 1024;
        return made;
    }

    agent(agent_options options, parts<Policies>* shared) :
        options_{std::move(options)},
        own_{shared != nullptr ? nullptr : std::make_unique<service::own_parts<Policies>>(options_)},
        parts_{shared != nullptr ? *shared : own_->value} {}

    /// The first signal is told once, whether it comes while the agent opens or while it runs.
    void shut_down() {
        if (!told_.exchange(true))
            parts_.log.write(log_level::info, "Keyboard Interrupt received: Agent is shutting down.");
        stop();
    }

    [[nodiscard]] result<void> prepare() {
        if (works_) return {};
        auto const& environment = parts_.environment;
        auto const config = service::read_config(options_, environment);
        if (!config) return config.error();
        auto const process = service::process_settings_of(options_, *config, environment);
        if (!process) return process.error();
        if (auto const format = read_log_format(process->log_format); !format) return format.error();
        options_.max_polls = process->max_polls;
        options_.agent_address = process->agent_address;
        auto server = service::prefect_settings(options_, *config, environment);
        if (!server) return server.error();
        auto settings = service::deploy_settings(options_, *server, *config, environment, parts_.log);
        if (!settings) return settings.error();
        auto aws = service::aws_options(options_, environment);
        auto const botocore = service::botocore_options(options_, environment, parts_.log);
        if (!botocore) return botocore.error();
        auto const ambient = aws::ambient_config(environment, parts_.log);
        if (!ambient) return ambient.error();
        auto for_ecs = service::make_aws_parts(parts_, *botocore, *ambient);
        auto for_tagging = service::make_aws_parts(parts_, *botocore, *ambient);
        if (!for_ecs || !for_tagging) return for_ecs ? for_tagging.error() : for_ecs.error();
        auto for_s3 = for_external_kwargs(aws);
        if (!botocore->defaults_mode) ambient->apply_to(aws);
        botocore->apply_to(aws);
        settings->parameter_validation = aws.parameter_validation;
        if (auto region = aws::resolve_region(aws.region, environment); !region) return region.error();
        if (!aws::resolve_region(for_s3.region, environment)) for_s3.region = aws.region;
        if (auto ready = check_credentials(); !ready) return ready;
        service::introduce(options_, *server, *settings, parts_.log);
        if (settings->external.enabled) parts_.log.write(log_level::info, "Use of external S3 kwargs enabled.");
        if (settings->enable_task_revisions) parts_.log.write(log_level::info, "Native ECS task revisions enabled.");
        works_.emplace(parts_, book_, *std::move(server), *std::move(settings), std::move(aws), std::move(for_s3),
                       *std::move(for_ecs), *std::move(for_tagging));
        ready_.store(true, std::memory_order_release);
        return {};
    }

    /// A source that somebody set up wrongly stops the start; one that is silent or missing now may come later.
    [[nodiscard]] result<void> check_credentials() {
        using credentials = typename Policies::credentials;
        if (auto usable = service::check_key<credentials>(options_, parts_.environment, own_ != nullptr); !usable)
            return usable;
        auto const key = parts_.credentials.fetch(parts_.http, parts_.clock, parts_.environment);
        if (key) return {};
        if (key.error().code == errc::bad_configuration) return key.error();
        parts_.log.write(log_level::warning, "No AWS credentials yet: " + key.error().message);
        return {};
    }

    agent_options options_;
    std::unique_ptr<service::own_parts<Policies>> own_;
    parts<Policies>& parts_;
    service::health_book book_;
    std::stop_source stop_;
    std::optional<works> works_;
    bool opened_ = false;
    std::atomic<bool> ready_{false}; ///< `works_` stands and may be used by other threads
    std::atomic<bool> told_{false};
};

} // namespace fargate::inline v0

#endif
