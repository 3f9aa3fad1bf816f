#ifndef FARGATE_AWS_ANSWER_HPP
#define FARGATE_AWS_ANSWER_HPP

#include <fargate/aws/failure.hpp>
#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>

#include <span>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// Reads of an answer whose body is a JSON object the members that are `wanted`, as `json::parse` has it.
[[nodiscard]] inline result<json::value> read_members(http::response const& answer,
                                                      std::span<std::string_view const> wanted) {
    auto document = json::parse(answer.body, wanted);
    if (document && document->is_object()) return document;
    if (detail::is_html(answer.body))
        return fail(errc::malformed_response, "the answer is HTML, not JSON: check that the address is the service's");
    return document ? fail(errc::malformed_response, "the answer is no JSON object") : document.error();
}

/// Reads an answer whose body is a JSON object.
[[nodiscard]] inline result<json::value> read_document(http::response&& answer) { return read_members(answer, {}); }

/// A reference to the `result<void>(http::response&&)` that is handed an answer, whatever its type: what takes one need be no
/// template.
class answer_reader {
public:
    template <class Read>
    explicit answer_reader(Read const& read) noexcept :
        read_{&read}, ask_{[](void const* asked, http::response&& answer) {
            return (*static_cast<Read const*>(asked))(std::move(answer));
        }} {}

    [[nodiscard]] result<void> operator()(http::response&& answer) const { return ask_(read_, std::move(answer)); }

private:
    void const* read_;
    result<void> (*ask_)(void const*, http::response&&);
};

/// Reads an answer as it is.
[[nodiscard]] inline result<http::response> read_response(http::response&& answer) { return std::move(answer); }

} // namespace fargate::inline v0::aws

#endif
