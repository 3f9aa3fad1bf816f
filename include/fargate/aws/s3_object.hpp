#ifndef FARGATE_AWS_S3_OBJECT_HPP
#define FARGATE_AWS_S3_OBJECT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

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
