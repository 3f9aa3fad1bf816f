#ifndef FARGATE_TESTING_S3_TEXT_HPP
#define FARGATE_TESTING_S3_TEXT_HPP

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fargate::inline v0::testing {

/// Text as XML content.
[[nodiscard]] inline std::string xml_text(std::string_view raw) {
    std::string out;
    for (char const c : raw) switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        default: out += c;
        }
    return out;
}

/// S3's error document; `more` is XML that goes inside, for instance `<Region>eu-west-1</Region>`.
[[nodiscard]] inline std::string s3_error(std::string_view code, std::string_view message, std::string_view more = {}) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + xml_text(code) + "</Code><Message>" +
           xml_text(message) + "</Message>" + std::string{more} +
           "<RequestId>FAKE</RequestId><HostId>fake</HostId></Error>";
}

/// First and last byte of `bytes=a-b`, `bytes=a-` or `bytes=-n` in a body of `size` bytes, the last one cut to the body.
/// Nothing when it is of another form, which servers pass over; a first byte of `size` or more cannot be served.
[[nodiscard]] inline std::optional<std::pair<std::size_t, std::size_t>> read_range(std::string_view text,
                                                                                   std::size_t size) {
    if (!text.starts_with("bytes=")) return std::nullopt;
    text.remove_prefix(6);
    std::size_t const dash = text.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    auto const number = [](std::string_view digits) -> std::optional<std::size_t> {
        std::size_t value = 0;
        auto const [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        return value;
    };
    auto const from = number(text.substr(0, dash));
    auto const to = number(text.substr(dash + 1));
    std::size_t const last = size == 0 ? 0 : size - 1;
    if (dash == 0) {
        if (!to) return std::nullopt;
        return std::pair{*to == 0 ? size : size - std::min(*to, size), last};
    }
    if (!from || (!to && dash + 1 != text.size()) || (to && *to < *from)) return std::nullopt;
    return std::pair{*from, to ? std::min(*to, last) : last};
}

} // namespace fargate::inline v0::testing

#endif
