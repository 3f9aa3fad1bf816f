#ifndef FARGATE_SIGV4_CANONICAL_HPP
#define FARGATE_SIGV4_CANONICAL_HPP

#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/scan.hpp>

#include <algorithm>
#include <cstddef>
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
