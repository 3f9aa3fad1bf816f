#ifndef FARGATE_SIGV4_CANONICAL_HPP
#define FARGATE_SIGV4_CANONICAL_HPP

#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/buffer.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/scan.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// The canonical request of Signature Version 4: one spelling for every request that means the same, so that client and
// service hash the same bytes.

namespace fargate::inline v0::sigv4 {

/// Headers that proxies and HTTP libraries add or change on the way, and the signature's own. `name` in any case.
[[nodiscard]] constexpr bool never_signed(std::string_view name) noexcept {
    auto const is_one_of = [name](auto... list) { return (text::iequals(name, list) || ...); };
    switch (name.size()) {
    case 2: return is_one_of("te");
    case 6: return is_one_of("expect");
    case 7: return is_one_of("trailer", "upgrade");
    case 10: return is_one_of("connection", "keep-alive", "user-agent");
    case 13: return is_one_of("authorization");
    case 15: return is_one_of("x-amzn-trace-id");
    case 17: return is_one_of("transfer-encoding");
    case 18: return is_one_of("proxy-authenticate");
    case 19: return is_one_of("proxy-authorization");
    default: return false;
    }
}

/// The headers of a request that take part in its signature, in canonical order: by lower-case name, those of one name
/// joined in the order given. Their values are borrowed from the views, which must outlive it.
class canonical_headers {
public:
    /// Takes the request's own headers, less the `never_signed` ones, and those the signer adds, whose values are free of
    /// white space.
    explicit canonical_headers(std::span<header_view const> given, std::span<header_view const> added = {}) {
        if (given.size() + added.size() > few_.size()) many_.resize(given.size() + added.size());
        entry* const first = many_.empty() ? few_.data() : many_.data();
        for (auto const& each : given)
            if (!never_signed(each.name)) insert(first, {&each});
        for (auto const& each : added) insert(first, {&each, true});
        write_names(first);
    }
    canonical_headers(canonical_headers const&) = delete;
    canonical_headers& operator=(canonical_headers const&) = delete;

    /// `content-type;host;x-amz-date`.
    [[nodiscard]] std::string_view names() const noexcept { return names_; }

    /// Appends `name:value` and LF for each name.
    template <class Text>
    void append_lines(Text& out) const {
        char const* name = names_.view().data();
        entry const* const first = many_.empty() ? few_.data() : many_.data();
        for (entry const* each = first; each != first + count_; ++each) {
            if (each->repeats) {
                out.back() = ',';
            } else {
                std::size_t const size = each->header->name.size();
                char* const at = text::extend(out, size + 1);
                std::memcpy(at, name, size);
                at[size] = ':';
                name += size + 1;
            }
            std::string_view const value = each->header->value;
            if (each->plain)
                append_line(out, value);
            else
                append_folded(out, text::trim(value));
        }
    }

    /// At least the bytes that names and lines take together.
    [[nodiscard]] std::size_t size_hint() const noexcept { return size_hint_; }

private:
    struct entry {
        header_view const* header = nullptr;
        bool plain = false;   ///< the value needs no folding
        bool repeats = false; ///< the name of the one before, in whatever case
    };

    /// Puts a header behind all that do not come after it. There are few of them, and most come in order.
    void insert(entry* first, entry const& made) {
        entry* place = first + count_++;
        for (; place != first && comes_before(made.header->name, (place - 1)->header->name); --place)
            *place = *(place - 1);
        *place = made;
    }

    void write_names(entry* first) {
        std::size_t size = 0;
        for (entry* each = first; each != first + count_; ++each) {
            std::string_view const name = each->header->name;
            size_hint_ += 2 * name.size() + each->header->value.size() + 3;
            each->repeats = each != first && text::iequals((each - 1)->header->name, name);
            if (!each->repeats) size += name.size() + 1;
        }
        if (size == 0) return;
        char* const begin = names_.extend(size - 1);
        char* at = begin;
        for (entry const* each = first; each != first + count_; ++each) {
            if (each->repeats) continue;
            if (at != begin) *at++ = ';';
            at = std::copy(each->header->name.begin(), each->header->name.end(), at);
        }
        for (char* each = begin; each != at; ++each) *each = text::to_lower(*each);
    }

    static bool comes_before(std::string_view a, std::string_view b) noexcept {
        std::size_t const common = std::min(a.size(), b.size());
        for (std::size_t i = 0; i != common; ++i) {
            if (a[i] == b[i]) continue;
            auto const x = static_cast<unsigned char>(text::to_lower(a[i]));
            auto const y = static_cast<unsigned char>(text::to_lower(b[i]));
            if (x != y) return x < y;
        }
        return a.size() < b.size();
    }

    /// Appends a value and LF. Each run of white space becomes one space, also between quotes and where a line was folded.
    template <class Text>
    static void append_folded(Text& out, std::string_view value) {
        for (std::size_t plain = 0; (plain = text::first_outside(value, '!', '~')) != value.size();) {
            out += value.substr(0, plain);
            value.remove_prefix(plain);
            out += text::is_space(value.front()) ? ' ' : value.front();
            do value.remove_prefix(1);
            while (out.back() == ' ' && !value.empty() && text::is_space(value.front()));
        }
        append_line(out, value);
    }

    template <class Text>
    static void append_line(Text& out, std::string_view value) {
        char* const at = text::extend(out, value.size() + 1);
        if (!value.empty()) std::memcpy(at, value.data(), value.size());
        at[value.size()] = '\n';
    }

    std::array<entry, 12> few_{};
    std::vector<entry> many_{}; ///< in place of `few_`, when they are more
    std::size_t count_ = 0;
    std::size_t size_hint_ = 0;
    text::buffer<256> names_{};
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
template <class Text>
void append_canonical_path(Text& out, std::string_view path, settings const& how) {
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
template <class Text>
void append_canonical_query(Text& out, std::string_view query) {
    if (query.empty()) return;
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
        out += std::string_view{between};
        between = "&";
        out += each.name;
        out += '=';
        out += each.value;
    }
}

/// Appends the canonical request. `headers` stands for `request.headers` and whatever is added to them; `payload_hash` is
/// the last line. Takes any text, folded header values too: refusing what must not be sent is `sign`'s part.
template <class Text>
void append_canonical_request(Text& out, request_view const& request, canonical_headers const& headers,
                              settings const& how, std::string_view payload_hash) {
    out += request.method;
    out += '\n';
    append_canonical_path(out, request.path, how);
    out += '\n';
    append_canonical_query(out, request.query);
    out += '\n';
    headers.append_lines(out);
    out += '\n';
    out += headers.names();
    out += '\n';
    out += payload_hash;
}

/// The same as a text of its own.
[[nodiscard]] inline std::string canonical_request(request_view const& request, canonical_headers const& headers,
                                                   settings const& how, std::string_view payload_hash) {
    std::string made;
    made.reserve(request.method.size() + 3 * (request.path.size() + request.query.size()) + headers.size_hint() +
                 payload_hash.size() + 8);
    append_canonical_request(made, request, headers, how, payload_hash);
    return made;
}

} // namespace fargate::inline v0::sigv4

#endif
