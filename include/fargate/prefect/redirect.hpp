#ifndef FARGATE_PREFECT_REDIRECT_HPP
#define FARGATE_PREFECT_REDIRECT_HPP

#include <fargate/http/message.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/uri.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
