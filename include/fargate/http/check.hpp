#ifndef FARGATE_HTTP_CHECK_HPP
#define FARGATE_HTTP_CHECK_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/scan.hpp>
#include <fargate/text/uri.hpp>

#include <string>
#include <string_view>

namespace fargate::inline v0::http {

/// A method or a field name as RFC 9110 §5.6.2 spells tokens.
[[nodiscard]] constexpr bool is_token(std::string_view text) noexcept {
    for (char const c : text)
        if (!text::is_token_character(c)) return false;
    return !text.empty();
}

/// Text without control bytes, TAB aside: what may stand in a field (RFC 9110 §5.5).
[[nodiscard]] inline bool is_field_value(std::string_view value) noexcept {
    value.remove_prefix(text::first_outside(value, ' ', '~'));
    for (char const c : value)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) return false;
    return true;
}

namespace detail {

[[nodiscard]] inline result<void> check_field(field const& each, std::string_view body) {
    if (!is_token(each.name)) return fail(errc::invalid_argument, "a header's name holds a byte that no name may hold");
    auto const name = [&each] { return text::lower(std::string_view{each.name}.substr(0, 64)); };
    if (!is_field_value(each.value)) return fail(errc::invalid_argument, "header " + name() + " holds a control byte");
    if (text::iequals(each.name, "transfer-encoding") || text::iequals(each.name, "expect"))
        return fail(errc::invalid_argument, "header " + name() + " frames the message: leave it out");
    if (text::iequals(each.name, "content-length") && text::trim(each.value) != std::to_string(body.size()))
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
    if (text::first_outside(request.url, '\0', '\x7F') != request.url.size())
        return fail(errc::invalid_argument, "the address holds a byte outside ASCII: write it as %XX");
    return text::split_url(request.url);
}

} // namespace fargate::inline v0::http

#endif
