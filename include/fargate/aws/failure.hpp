#ifndef FARGATE_AWS_FAILURE_HPP
#define FARGATE_AWS_FAILURE_HPP

#include <fargate/aws/call.hpp>
#include <fargate/aws/verdict.hpp>
#include <fargate/aws/xml.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/utf8.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
[[nodiscard]] inline std::string request_id_of(http::response const& answer) {
    std::string made = one_line(cut(answer.headers.value_of("x-amzn-RequestId"), longest_code));
    if (made.empty()) made = one_line(cut(answer.headers.value_of("x-amz-request-id"), longest_code));
    return made;
}

[[nodiscard]] inline service_failure bare_failure(http::response const& answer) {
    service_failure made;
    made.status = answer.status;
    made.code = std::to_string(answer.status);
    made.request_id = request_id_of(answer);
    made.host_id = answer.headers.value_of("x-amz-id-2");
    made.redirect_region = answer.headers.value_of("x-amz-bucket-region");
    return made;
}

/// `x-amz-retry-after`: whole milliseconds.
[[nodiscard]] inline std::optional<std::chrono::milliseconds> retry_hint(http::response const& answer) {
    std::string_view const digits = answer.headers.value_of("x-amz-retry-after");
    if (digits.empty() || digits.size() > 9) return std::nullopt;
    std::chrono::milliseconds::rep value = 0;
    for (char const c : digits) {
        if (!text::is_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return std::chrono::milliseconds{value};
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
