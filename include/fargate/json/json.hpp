#ifndef FARGATE_JSON_JSON_HPP
#define FARGATE_JSON_JSON_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/json/number.hpp>
#include <fargate/json/reader.hpp>
#include <fargate/json/string.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

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

/// Builds a tree from nlohmann's parser events without exceptions: bounded depth, repeated member names refused when their
/// object closes. What is in a list or an object waits on a stack until it is complete, for a list that grows moves, and an
/// object that grows copies, all that is in it.
class tree_builder {
public:
    /// Of every object, members of the names in `wanted` are built alone, unless there are none in it; others are checked.
    explicit tree_builder(std::span<std::string_view const> wanted) : wanted_{wanted} {
        values_.reserve(32);
        names_.reserve(32);
        open_.reserve(16);
    }

    /// The document, once all of it has been told.
    [[nodiscard]] value take() { return std::move(values_.front()); }

    [[nodiscard]] std::string const& reason() const noexcept { return reason_; }

    bool null() { return add(nullptr); }
    bool boolean(bool flag) { return add(flag); }
    bool number_integer(value::number_integer_t number) { return add(number); }
    bool number_unsigned(value::number_unsigned_t number) { return add(number); }
    bool number_float(value::number_float_t number, std::string const&) { return add(number); }
    bool string(std::string_view text) { return add(text); }
    bool binary(value::binary_t&) { return stop("it holds binary data"); }
    bool start_object(std::size_t) { return open(); }
    bool start_array(std::size_t) { return open(); }

    bool end_array() {
        if (is_skipping()) return close();
        auto const first = waiting();
        value made(value::value_t::array);
        auto& items = *made.get_ptr<value::array_t*>();
        items.reserve(static_cast<std::size_t>(values_.end() - first));
        std::move(first, values_.end(), std::back_inserter(items));
        return close(std::move(made));
    }

    /// `name` must stay where it is.
    bool key(std::string_view name) {
        bool const built = !is_skipping() && is_wanted(name);
        names_.push_back({name, built});
        if (!built && !is_skipping()) skipped_ = open_.size();
        return true;
    }
    bool key(std::string& name) { return key(std::string_view{own_names_.emplace_front(std::move(name))}); }

    bool end_object() {
        std::span const names = std::span{names_}.subspan(open_.back().name);
        if (auto const twice = repeated(names)) {
            std::string name;
            write_text(name, twice->substr(0, 64));
            return stop("member " + name + " occurs twice");
        }
        if (is_skipping()) return close();
        value made(value::value_t::object);
        auto& members = *made.get_ptr<value::object_t*>();
        auto each = waiting();
        members.reserve(static_cast<std::size_t>(values_.end() - each));
        for (auto const& name : names)
            if (name.built) members.emplace_back(std::string{name.text}, std::move(*each++));
        return close(std::move(made));
    }

    /// nlohmann's own words are kept only where they quote nothing of the document.
    template <class Exception>
    bool parse_error(std::size_t at, std::string const&, Exception const& why) {
        bad_at_ = at;
        std::string_view const words{why.what()};
        std::size_t const wish = words.rfind("; expected ");
        bool const quotes = words.find("last read: ") != std::string_view::npos;
        if (!quotes && wish != std::string_view::npos) expected_ = words.substr(wish + 2);
        return stop("bad text at byte " + std::to_string(at));
    }

    /// Where the text stopped being JSON, for people with an editor; empty when it is one line.
    [[nodiscard]] std::string place_in(std::string_view text) const {
        std::string made;
        std::string_view const before = text.substr(0, bad_at_ == 0 ? 0 : bad_at_ - 1);
        if (std::size_t const last = before.rfind('\n'); last != std::string_view::npos)
            made = " (line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ", column " +
                   std::to_string(before.size() - last) + ")";
        if (!expected_.empty()) made += ": " + expected_;
        return made;
    }

private:
    struct member_name {
        std::string_view text;
        bool built;
    };
    /// A list or an object that is not complete, by its first places in `values_` and `names_`.
    struct level {
        std::size_t value, name;
    };
    static constexpr auto nowhere = static_cast<std::size_t>(-1);

    /// A name that occurs twice.
    static std::optional<std::string_view> repeated(std::span<member_name const> list) {
        if (list.size() <= 24) {
            for (auto each = list.begin(); each != list.end(); ++each)
                for (auto before = list.begin(); before != each; ++before)
                    if (before->text == each->text) return each->text;
            return std::nullopt;
        }
        std::vector<std::string_view> names;
        for (auto const& each : list) names.push_back(each.text);
        std::sort(names.begin(), names.end());
        auto const twice = std::adjacent_find(names.begin(), names.end());
        return twice == names.end() ? std::nullopt : std::optional{*twice};
    }

    [[nodiscard]] bool is_wanted(std::string_view name) const noexcept {
        return wanted_.empty() || std::find(wanted_.begin(), wanted_.end(), name) != wanted_.end();
    }
    [[nodiscard]] bool is_skipping() const noexcept { return skipped_ != nowhere; }

    bool stop(std::string why) {
        reason_ = std::move(why);
        return false;
    }

    template <class Scalar>
    bool add(Scalar scalar) {
        if (!count()) return false;
        if (is_skipping()) return skipped();
        if constexpr (std::is_same_v<Scalar, std::string_view>)
            values_.push_back(value(std::string{scalar}));
        else
            values_.push_back(value(scalar));
        return true;
    }

    bool count() {
        return ++count_ <= most_values || stop("it has more than " + std::to_string(most_values) + " values");
    }

    bool open() {
        if (!count()) return false;
        if (open_.size() == deepest) return stop("it is nested more than " + std::to_string(deepest) + " deep");
        open_.push_back({values_.size(), names_.size()});
        return true;
    }

    /// The first of what waits for the innermost list or object.
    [[nodiscard]] std::vector<value>::iterator waiting() {
        return values_.begin() + static_cast<std::ptrdiff_t>(open_.back().value);
    }

    bool close(value&& made) {
        values_.erase(waiting(), values_.end());
        values_.push_back(std::move(made));
        return close();
    }
    bool close() {
        names_.resize(open_.back().name);
        open_.pop_back();
        return skipped();
    }

    /// Behind a value that may have been the one of a skipped member.
    bool skipped() noexcept {
        if (open_.size() == skipped_) skipped_ = nowhere;
        return true;
    }

    std::span<std::string_view const> wanted_;
    std::vector<value> values_;      ///< complete, but for what they are in
    std::vector<member_name> names_; ///< of the objects that are open
    std::forward_list<std::string> own_names_;
    std::vector<level> open_;
    std::size_t skipped_ = nowhere; ///< how many are open around the member that is skipped
    std::string reason_;
    std::string expected_;
    std::size_t bad_at_ = 0;
    std::size_t count_ = 0;
};

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
/// says why it is none. Never throws; time and memory stay in proportion to `text`. Where names are `wanted`, every object
/// comes with members of these names alone; the others are checked like them.
[[nodiscard]] inline result<value> parse(std::string_view text, std::span<std::string_view const> wanted = {}) {
    // A NUL is nowhere part of JSON, and nlohmann takes it for the end of the text.
    if (auto const nul = text.find('\0'); nul != std::string_view::npos)
        return fail(errc::malformed_response, "not a JSON document: bad text at byte " + std::to_string(nul + 1));
    if (detail::tree_builder builder{wanted}; detail::reader{text, builder}.read()) return builder.take();
    detail::tree_builder builder{wanted};
    // Not `value::sax_parse`, which brings the readers of nlohmann's four binary formats.
    using input = decltype(nlohmann::detail::input_adapter(text.begin(), text.end()));
    nlohmann::detail::parser<value, input> any{nlohmann::detail::input_adapter(text.begin(), text.end())};
    if (!any.sax_parse(&builder))
        return fail(errc::malformed_response, "not a JSON document: " + builder.reason() + builder.place_in(text));
    return builder.take();
}

/// Writes a document as one line of ASCII, with `", "` and `": "` between members: byte for byte what botocore sends for
/// the same members, so that recorded requests can be compared. Bytes that are not UTF-8 are written as U+FFFD, numbers
/// that are not finite as null.
[[nodiscard]] inline std::string write(value const& document) {
    std::string out;
    out.reserve(1024);
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

/// A value that is a whole number and fits.
[[nodiscard]] inline std::optional<std::int64_t> as_integer(value const& document) noexcept {
    if (auto const* const counted = document.get_ptr<value::number_unsigned_t const*>()) {
        if (*counted > static_cast<value::number_unsigned_t>(INT64_MAX)) return std::nullopt;
        return static_cast<std::int64_t>(*counted);
    }
    if (auto const* const whole = document.get_ptr<value::number_integer_t const*>()) return *whole;
    return std::nullopt;
}

/// The member `key` when it is a whole number that fits.
[[nodiscard]] inline std::optional<std::int64_t> integer_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    return found != nullptr ? as_integer(*found) : std::nullopt;
}

/// A value that is any number.
[[nodiscard]] inline std::optional<double> as_number(value const& document) noexcept {
    if (auto const* const real = document.get_ptr<value::number_float_t const*>()) return *real;
    if (auto const* const counted = document.get_ptr<value::number_unsigned_t const*>())
        return static_cast<double>(*counted);
    if (auto const* const whole = document.get_ptr<value::number_integer_t const*>())
        return static_cast<double>(*whole);
    return std::nullopt;
}

/// The member `key` when it is any number; AWS sends times as seconds with a fraction.
[[nodiscard]] inline std::optional<double> number_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    return found != nullptr ? as_number(*found) : std::nullopt;
}

/// The member `key` when it is true or false.
[[nodiscard]] inline std::optional<bool> flag_of(value const& document, std::string_view key) noexcept {
    auto const* const found = member(document, key);
    if (found == nullptr) return std::nullopt;
    if (auto const* const flag = found->get_ptr<value::boolean_t const*>()) return *flag;
    return std::nullopt;
}

/// Puts a member in place of the one of that name, or behind the others; these are not copied when the object grows.
inline void set(value& document, std::string_view key, value made) {
    if (!document.is_object()) document = value::object();
    auto& members = *document.get_ptr<value::object_t*>();
    for (auto& [name, each] : members)
        if (name == key) return void(each = std::move(made));
    if (members.size() == members.capacity()) {
        value::object_t grown;
        grown.reserve(std::max<std::size_t>(8, 2 * members.size()));
        for (auto& [name, each] : members) grown.emplace_back(name, std::move(each));
        members.swap(grown);
    }
    members.emplace_back(std::string{key}, std::move(made));
}

/// The same with a text.
inline void set_text(value& document, std::string_view key, std::string_view text) {
    set(document, key, value(std::string{text}));
}

/// A list of texts.
[[nodiscard]] inline value texts(std::initializer_list<std::string_view> list) {
    value made(value::value_t::array);
    for (auto const each : list) made.push_back(value(std::string{each}));
    return made;
}

} // namespace fargate::inline v0::json

#endif
