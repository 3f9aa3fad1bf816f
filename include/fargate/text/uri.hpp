#ifndef FARGATE_TEXT_URI_HPP
#define FARGATE_TEXT_URI_HPP

#include <fargate/core/result.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>

#include <cstdint>
#include <string>
#include <string_view>

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
