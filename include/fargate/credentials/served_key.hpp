#ifndef FARGATE_CREDENTIALS_SERVED_KEY_HPP
#define FARGATE_CREDENTIALS_SERVED_KEY_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/masked.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// Who was asked for a key, for people.
struct key_service {
    std::string_view name;   ///< `the container's credentials service`
    std::string_view source; ///< what `access_key::source` becomes
    secret const& token;     ///< what was sent along; never told, whatever the answer says
};

/// What a service answered instead of a key: `errc::service_error`, retryable with 5xx and 429.
[[nodiscard]] inline error served_refusal(key_service const& from, int status, json::value const& document = {}) {
    secret const hidden[] = {from.token};
    auto const either = [&](std::string_view lower, std::string_view upper) -> std::string {
        auto const said = json::text_of(document, json::text_of(document, lower) ? lower : upper).value_or("");
        std::string line = text::masked(said.substr(0, 2048), hidden).substr(0, 512);
        text::blank_controls(line);
        return line;
    };
    auto made =
        fail(errc::service_error, std::string{from.name} + " answered HTTP " + std::to_string(status) + " and no key");
    made.http_status = status;
    made.retryable = status >= 500 || status == 429;
    made.service_code = either("code", "Code");
    auto const said = either("message", "Message");
    if (!made.service_code.empty()) made.message += ": " + made.service_code;
    if (!said.empty()) made.message += ": " + said;
    return made;
}

/// Reads the document in which the agent beside a container and the metadata service of an instance hand out keys:
/// AccessKeyId, SecretAccessKey, Token, Expiration, AccountId; wipes the answer's body. A `Code` other than `Success`, or a
/// status other than 200, is a refusal; a key that cannot be one, or that has ended, is `errc::malformed_response`.
[[nodiscard]] inline result<access_key> served_key(key_service const& from, http::response& answer, time_point now) {
    auto document = json::parse(answer.body);
    wipe(answer.body);
    if (answer.status != 200) return served_refusal(from, answer.status, document ? *document : json::value{});
    if (!document) {
        secret const hidden[] = {from.token};
        document.error().message = text::masked(std::string{from.name} + ": " + document.error().message, hidden);
        document.error().retryable = true;
        return std::move(document).error();
    }
    auto const text = [&](std::string_view member) {
        return key_text{member, json::text_of(*document, member).value_or("")};
    };
    auto const code = text("Code").text;
    if ((!code.empty() && code != "Success") ||
        (text("AccessKeyId").text.empty() && text("SecretAccessKey").text.empty()))
        return served_refusal(from, 200, *document);
    auto made = make_key(text("AccessKeyId"), text("SecretAccessKey"), text("Token"), std::string{from.source});
    if (made) made = ending(*std::move(made), text("Expiration"), now);
    if (made) {
        made->account_id = text("AccountId").text;
    } else {
        made.error().code = errc::malformed_response;
        made.error().message = std::string{from.name} + ": " + made.error().message;
    }
    json::wipe(*document);
    return made;
}

} // namespace fargate::inline v0::credentials

#endif
