#ifndef FARGATE_PREFECT_GRAPHQL_HPP
#define FARGATE_PREFECT_GRAPHQL_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/masked.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// GraphQL over HTTP as Prefect's APIs speak it: what goes into a request and what an answer means. Nothing is sent here.

namespace fargate::inline v0::prefect {

/// The code of a state update whose version is not the run's any more.
inline constexpr std::string_view version_lock = "VERSION_LOCKING_ERROR";

/// One query or mutation.
struct operation {
    std::string text{};
    json::value variables = nullptr;
};

/// The body of an operation: two members, the variables as text that is JSON again. Both backends are proven to take
/// this form; `null` becomes the text `null`.
[[nodiscard]] inline std::string write_operation(operation const& wanted) {
    auto body = json::value::object();
    json::set(body, "query", wanted.text);
    json::set(body, "variables", json::write(wanted.variables));
    return json::write(body);
}

/// Reads such a body, as a server does: variables may be text, an object, null or absent. `errc::malformed_response` says
/// what is wrong with it, in the words of Apollo Server where it has some.
[[nodiscard]] inline result<operation> read_operation(std::string_view body) {
    auto document = json::parse(body);
    if (!document) return document.error();
    auto const text = json::text_of(*document, "query");
    if (!text) return fail(errc::malformed_response, "POST body is missing its query");
    operation read{std::string{*text}, nullptr};
    auto const* const variables = json::member(*document, "variables");
    if (variables == nullptr) return read;
    if (auto const coded = json::as_text(*variables)) {
        auto decoded = json::parse(*coded);
        if (!decoded) return fail(errc::malformed_response, "Variables are invalid JSON.");
        read.variables = *std::move(decoded);
    } else {
        read.variables = *variables;
    }
    if (!read.variables.is_object() && !read.variables.is_null())
        return fail(errc::malformed_response, "Variables must be provided as an Object");
    return read;
}

/// Who asks, as the header fields of a request tell it.
struct identity {
    secret bearer{};         ///< a token, a key or an access token; empty: none is sent
    std::string tenant_id{}; ///< sent beside a key; empty: not
    std::string agent_id{};  ///< empty until the agent is registered
    secret enclosed{};       ///< one that the variables hold: as little to be told as the bearer
};

/// What the settings tell by themselves: the key and the configured tenant, else the token.
[[nodiscard]] inline identity identity_of(settings const& options) {
    identity made;
    if (options.api_key.empty()) {
        made.bearer = options.token;
    } else {
        made.bearer = options.api_key;
        made.tenant_id = options.tenant_id;
    }
    return made;
}

/// The request for an operation.
[[nodiscard]] inline http::request request_for(operation const& wanted, endpoint const& where, settings const& options,
                                               identity const& who) {
    http::request made;
    made.method = "POST";
    made.url = where.url;
    made.headers.add("Content-Type", "application/json");
    if (!who.bearer.empty()) made.headers.add("Authorization", "Bearer " + std::string{who.bearer.reveal()});
    made.headers.add("X-PREFECT-CORE-VERSION", options.core_version);
    if (!who.tenant_id.empty()) made.headers.add("X-PREFECT-TENANT-ID", who.tenant_id);
    if (!who.agent_id.empty()) made.headers.add("X-PREFECT-AGENT-ID", who.agent_id);
    made.body = write_operation(wanted);
    made.limits = options.limits;
    return made;
}

/// A server's words as part of our one line: control characters become spaces, the secrets are masked, and what is longer
/// than `limit` bytes is cut between characters.
[[nodiscard]] inline std::string quoted(std::string_view words, std::span<secret const> hidden,
                                        std::size_t limit = 512) {
    std::size_t const looked_at = 8 * limit; // escapes are longer than what they stand for
    bool const whole = words.size() <= looked_at;
    auto const plain = text::masked(words.substr(0, looked_at), hidden, {.whole = whole});
    words = plain;
    std::string out;
    for (std::size_t at = 0; at < words.size();) {
        if (out.size() >= limit) {
            if ((static_cast<unsigned char>(words[at]) & 0xC0U) == 0x80U) {
                while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
                if (!out.empty()) out.pop_back();
            }
            return out + "...";
        }
        char const c = words[at++];
        out += (c >= '\0' && c < ' ') || c == '\x7F' ? ' ' : c;
    }
    return whole ? out : out + "...";
}

namespace detail {

/// The list of errors of an answer; nullptr when it has none (absent, null and empty are the same).
[[nodiscard]] inline json::value const* errors_of(json::value const& document) noexcept {
    auto const* const errors = json::member(document, "errors");
    return errors == nullptr || (errors->is_array() && errors->empty()) ? nullptr : errors;
}

[[nodiscard]] inline std::string_view code_of(json::value const& each) noexcept {
    auto const* const extensions = json::object_of(each, "extensions");
    return extensions != nullptr ? json::text_of(*extensions, "code").value_or("") : std::string_view{};
}

[[nodiscard]] inline json::value const* first_of(json::value const& errors) noexcept {
    auto const* const list = errors.get_ptr<json::value::array_t const*>();
    return list != nullptr ? &list->front() : nullptr;
}

/// What nobody is told.
[[nodiscard]] inline std::vector<secret> hidden_of(settings const& options, identity const& who) {
    return {who.bearer, who.enclosed, options.token, options.api_key};
}

/// Everything about an exchange that its errors tell, and must not tell.
struct circumstances {
    circumstances(std::string_view to, settings const& options, identity const& who) :
        hidden{hidden_of(options, who)},
        remedy{options.api_key.empty() ? "check the API token (--token)" : "check the API key (--key)"},
        credential_missing{options.backend == backend::cloud && who.bearer.empty()} {
        url = quoted(to, hidden);
    }
    std::vector<secret> hidden;
    std::string url{};
    char const* remedy;
    bool credential_missing;
};

/// `CODE: message; CODE: message`.
[[nodiscard]] inline std::string told_by(json::value const& errors, std::span<secret const> hidden) {
    std::string told;
    if (auto const* const list = errors.get_ptr<json::value::array_t const*>()) {
        for (auto const& each : *list) {
            if (told.size() > 1024) break;
            if (!told.empty()) told += "; ";
            auto const code = code_of(each);
            told += quoted(code.empty() ? "UNKNOWN_ERROR" : code, hidden, 64) + ": ";
            told += quoted(json::text_of(each, "message").value_or("no message"), hidden);
        }
        return quoted(told, hidden);
    }
    return quoted(json::write(errors), hidden);
}

/// What a refusal by the GraphQL layer means, whichever HTTP status it came with.
[[nodiscard]] inline error refusal(json::value const& errors, int status, circumstances const& around) {
    std::string const all = json::write(errors);
    auto const* const first = first_of(errors);
    error why;
    why.code = errc::service_error;
    why.http_status = status;
    if (first != nullptr) why.service_code = quoted(code_of(*first), around.hidden, 128);
    why.message = around.url + " refused: " + told_by(errors, around.hidden);
    why.retryable = status != 400 && text::contains(all, "API_ERROR");
    if (text::contains(all, "UNAUTHENTICATED") || text::contains(all, "Malformed Authorization header")) {
        why.code = errc::unauthorized;
        why.message += std::string{": "} + around.remedy;
    } else if (why.service_code != version_lock && text::contains(all, "State update failed")) {
        why.code = errc::lost_claim;
    }
    return why;
}

[[nodiscard]] inline error unreadable(http::response const& got, std::string_view reason, circumstances const& around) {
    auto const kind = got.headers.value_of("Content-Type");
    auto why = fail(errc::malformed_response, around.url + " answered " + std::to_string(got.status));
    why.http_status = got.status;
    if (got.body.empty()) {
        why.message += " with an empty body";
    } else if (text::trim(got.body).starts_with('<') || text::contains(kind, "html")) {
        why.message += " with a web page";
    } else {
        why.message += " with something else than a GraphQL answer";
    }
    why.message += " (" + quoted(reason, around.hidden, 128) + "): ";
    why.message += around.credential_missing ? "make sure that an API token is configured (--token)"
                                             : "check that api (--api) is the address of Prefect's GraphQL API";
    return why;
}

/// A status that is neither success nor the GraphQL layer's 400.
[[nodiscard]] inline error bad_status(http::response const& got, json::value const* errors,
                                      circumstances const& around) {
    error why;
    why.code = got.status == 401 || got.status == 403 ? errc::unauthorized : errc::service_error;
    why.http_status = got.status;
    why.message = around.url + " answered " + std::to_string(got.status);
    why.retryable = got.status >= 500 || got.status == 429;
    if (errors != nullptr) {
        if (auto const* const first = first_of(*errors)) why.service_code = quoted(code_of(*first), around.hidden, 128);
        why.message += " (" + told_by(*errors, around.hidden) + ")";
    }
    auto const place = got.headers.value_of("Location");
    if (why.code == errc::unauthorized) {
        why.message += std::string{": "} + around.remedy;
    } else if (got.status >= 300 && got.status < 400 && !place.empty()) {
        why.message += ": it sends us to " + quoted(place, around.hidden, 256);
        if (got.status <= 303) why.message += ", which would turn our POST into a GET";
        why.message += ": set api (--api) to that";
    } else if (got.status == 404 || got.status == 405) {
        why.message += ": check that api (--api) is the address of Prefect's GraphQL API";
    }
    return why;
}

[[nodiscard]] inline json::value take(json::value&& document, std::string_view key) {
    for (auto& [name, each] : *document.get_ptr<json::value::object_t*>())
        if (name == key) return std::move(each);
    return nullptr;
}

} // namespace detail

/// The `data` of an answer, null when it has none. Partial data beside errors is a failure. Errors:
/// - `errc::unauthorized`: the token or the key is not accepted, by the GraphQL layer or as 401 or 403;
/// - `errc::lost_claim`: the text `State update failed`, which means that another agent has the run;
/// - `errc::service_error`: any other refusal or status, `service_code` being the first error's `extensions.code`
///   (`VERSION_LOCKING_ERROR`, `GRAPHQL_VALIDATION_FAILED`, ...); `retryable` when it names `API_ERROR`, and on 429 and 5xx;
/// - `errc::malformed_response`: success whose body is no JSON object.
[[nodiscard]] inline result<json::value> read_answer(http::response const& got, std::string_view url,
                                                     settings const& options, identity const& who) {
    detail::circumstances const around{url, options, who};
    auto document = json::parse(got.body);
    bool const object = document && document->is_object();
    auto const* const errors = object ? detail::errors_of(*document) : nullptr;
    if (got.status < 200 || got.status > 299) {
        if (got.status == 400 && errors != nullptr) return detail::refusal(*errors, got.status, around);
        auto why = detail::bad_status(got, errors, around);
        if (got.status == 400) why.message += ": the query was not understood, is it Prefect's GraphQL API?";
        return why;
    }
    if (!document) return detail::unreadable(got, document.error().message, around);
    if (!object) return detail::unreadable(got, "not a JSON object", around);
    if (errors != nullptr) return detail::refusal(*errors, got.status, around);
    return detail::take(*std::move(document), "data");
}

/// Why there was no answer, without what was confided: the address that a redirect led to may hold it.
[[nodiscard]] inline error discreet(error why, settings const& options, identity const& who) {
    text::mask(why, detail::hidden_of(options, who));
    return why;
}

/// True when the API says that it stumbled over itself and asks to be called again at once.
[[nodiscard]] inline bool is_api_error(result<json::value> const& answer) noexcept {
    return !answer && answer.error().retryable && answer.error().http_status >= 200 &&
           answer.error().http_status <= 299;
}

} // namespace fargate::inline v0::prefect

#endif
