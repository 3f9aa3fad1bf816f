#ifndef FARGATE_SIGV4_CHECK_HPP
#define FARGATE_SIGV4_CHECK_HPP

#include <fargate/core/result.hpp>
#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/scan.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

// What must not be signed, because it could be read in two ways or would only be refused by the service.

namespace fargate::inline v0::sigv4 {

namespace detail {

[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return text::is_token_character(c); });
}

/// A control byte in `text`, but for those of `allowed`.
[[nodiscard]] inline bool has_control(std::string_view text, std::string_view allowed = "") noexcept {
    text.remove_prefix(text::first_outside(text, ' ', '~'));
    return std::any_of(text.begin(), text.end(), [allowed](char c) {
        return (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) && allowed.find(c) == std::string_view::npos;
    });
}

/// Visible ASCII, and nothing that ends it early inside `Authorization`.
[[nodiscard]] constexpr bool is_plain(std::string_view text, char forbidden, char forbidden_too) noexcept {
    for (char const c : text)
        if (c < '!' || c > '~' || c == forbidden || c == forbidden_too) return false;
    return true;
}

[[nodiscard]] constexpr bool is_payload_hash(std::string_view text) noexcept {
    return text == unsigned_payload || (text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
                                            return text::hex_value(c) >= 0 && !text::is_upper(c);
                                        }));
}

/// A header that the signer itself adds.
[[nodiscard]] constexpr bool is_added(std::string_view name) noexcept {
    switch (name.size()) {
    case 10: return text::iequals(name, "x-amz-date");
    case 13: return text::iequals(name, "authorization");
    case 20: return text::iequals(name, "x-amz-security-token") || text::iequals(name, "x-amz-content-sha256");
    default: return false;
    }
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
    if (!detail::is_plain(key.access_key_id, ',', ','))
        return refuse("the access key's id holds a comma, or something other than visible ASCII");
    if (text::first_outside(key.session_token, '!', '~') != key.session_token.size())
        return refuse("the session token holds something other than visible ASCII: copy it again");
    if (where.region.empty()) return refuse("there is no region to sign for");
    if (where.service.empty()) return refuse("there is no service to sign for");
    if (!detail::is_plain(where.region, '/', ','))
        return refuse("the region holds a slash, a comma, or something other than visible ASCII");
    if (!detail::is_plain(where.service, '/', ','))
        return refuse("the service holds a slash, a comma, or something other than visible ASCII");
    if (when < text::earliest_written || when > text::latest_written)
        return refuse("the time is outside the years 0 to 9999: look at the clock");
    if (!how.payload_hash.empty() && !detail::is_payload_hash(how.payload_hash))
        return refuse("the payload hash is neither 64 lower-case hex digits nor UNSIGNED-PAYLOAD");

    if (!detail::is_token(request.method)) return refuse("the method is no HTTP method");
    if (std::any_of(request.method.begin(), request.method.end(), text::is_lower))
        return refuse("the method is in lower case: services compare it as it is");
    if (!request.path.empty() && request.path.front() != '/') return refuse("the path does not begin with /");
    if (request.path.find('?') != std::string_view::npos || request.path.find('#') != std::string_view::npos)
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
