#ifndef FARGATE_AWS_SSO_HPP
#define FARGATE_AWS_SSO_HPP

#include <fargate/aws/client.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/text/percent.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// What the portal of IAM Identity Center gives for a role, as it words it.
struct role_credentials {
    secret access_key_id{};
    secret secret_access_key{};
    secret session_token{};
    std::chrono::milliseconds expiration{}; ///< since 1970
};

/// What a sign-on client has to show for a new token.
struct token_request {
    secret client_id{};
    secret client_secret{};
    secret refresh_token{};
};

/// A token of a sign-on session.
struct sign_on_token {
    secret access_token{};
    secret refresh_token{}; ///< for the next time; empty when the one that was shown stays good
    std::chrono::seconds lifetime{};
};

namespace detail {

/// Reads a JSON object and wipes the text it came in.
[[nodiscard]] inline result<json::value> read_secret_document(http::response&& answer) {
    auto document = json::parse(answer.body);
    wipe(answer.body);
    if (document && document->is_object()) return document;
    return fail(errc::malformed_response, "the answer is no JSON object");
}

[[nodiscard]] inline client_options unsigned_calls(client_options options) {
    options.anonymous = true;
    return options;
}

} // namespace detail

/// The portal of IAM Identity Center, which gives keys to whoever has signed on. Follows "AWS IAM Identity Center Portal API
/// Reference". Calls are not signed, so the credentials among the parts are never asked. About `parts` and threads see `ecs`.
template <policies Policies>
class sso {
public:
    template <class Parts>
    explicit sso(Parts& parts, client_options options = {}) :
        client_{parts, sso_service, detail::unsigned_calls(std::move(options))} {}

    /// `errc::unauthorized` when the token is not, or no longer, valid. `token` has to fit into a header field.
    [[nodiscard]] result<role_credentials> get_role_credentials(std::string_view role_name, std::string_view account_id,
                                                                secret const& token, std::stop_token stop = {}) {
        constexpr std::string_view operation = "GetRoleCredentials";
        auto const& to = client_.destination();
        if (!to) return client_.named(operation, to.error());
        call asked;
        asked.operation = operation;
        asked.where = endpoint_of(sso_service, *to);
        asked.method = "GET";
        asked.path = "/federation/credentials";
        asked.query =
            "role_name=" + text::percent_encode(role_name) + "&account_id=" + text::percent_encode(account_id);
        asked.headers.add("x-amz-sso_bearer_token", std::string{token.reveal()});
        asked.confided = {token};
        auto document = client_.call(asked, detail::read_secret_document, std::move(stop));
        if (!document) return std::move(document).error();
        auto made = read(*document);
        json::wipe(*document);
        if (!made)
            return client_.named(operation, fail(errc::malformed_response, "the answer holds no roleCredentials"));
        return *std::move(made);
    }

private:
    static std::optional<role_credentials> read(json::value const& document) {
        auto const* const given = json::object_of(document, "roleCredentials");
        if (given == nullptr) return std::nullopt;
        auto const text = [given](std::string_view member) {
            return secret{json::text_of(*given, member).value_or("")};
        };
        auto const expiration = json::integer_of(*given, "expiration");
        // A time that no clock here can hold is no time.
        constexpr std::int64_t latest = 253'402'300'799'999;
        if (!expiration || *expiration <= 0 || *expiration > latest) return std::nullopt;
        return role_credentials{text("accessKeyId"), text("secretAccessKey"), text("sessionToken"),
                                std::chrono::milliseconds{*expiration}};
    }

    client<Policies> client_;
};

/// The OpenID Connect service of IAM Identity Center. Follows "AWS IAM Identity Center OIDC API Reference". Calls are not
/// signed. About `parts` and threads see `ecs`.
template <policies Policies>
class sso_oidc {
public:
    template <class Parts>
    explicit sso_oidc(Parts& parts, client_options options = {}) :
        client_{parts, sso_oidc_service, detail::unsigned_calls(std::move(options))} {}

    /// Exchanges a refresh token for an access token.
    [[nodiscard]] result<sign_on_token> create_token(token_request const& shown, std::stop_token stop = {}) {
        constexpr std::string_view operation = "CreateToken";
        auto const& to = client_.destination();
        if (!to) return client_.named(operation, to.error());
        service_failure failure;
        call asked;
        asked.operation = operation;
        asked.where = endpoint_of(sso_oidc_service, *to);
        asked.path = "/token";
        asked.headers.add("Content-Type", "application/json");
        asked.body = write(shown);
        asked.failure = &failure;
        asked.confided = {shown.refresh_token, shown.client_secret};
        auto document = client_.call(asked, detail::read_secret_document, std::move(stop));
        wipe(asked.body);
        if (!document) {
            auto why = std::move(document).error();
            // OAuth's own word for it (RFC 6749 §5.2): `invalid_grant`.
            if (auto const word = json::text_of(failure.members, "error"))
                why.message += ": " + text::printable(text::masked(*word, asked.confided));
            return why;
        }
        auto made = read(*document);
        json::wipe(*document);
        if (!made)
            return client_.named(operation,
                                 fail(errc::malformed_response, "the answer holds no accessToken and expiresIn"));
        return *std::move(made);
    }

private:
    static std::string write(token_request const& shown) {
        json::value document = json::value::object();
        json::set_text(document, "grantType", "refresh_token");
        json::set_text(document, "clientId", shown.client_id.reveal());
        json::set_text(document, "clientSecret", shown.client_secret.reveal());
        json::set_text(document, "refreshToken", shown.refresh_token.reveal());
        std::string body = json::write(document);
        json::wipe(document);
        return body;
    }

    static std::optional<sign_on_token> read(json::value const& document) {
        auto const token = json::text_of(document, "accessToken");
        auto const seconds = json::integer_of(document, "expiresIn");
        constexpr std::int64_t year = 366 * 24 * 3600;
        if (!token || token->empty() || !seconds || *seconds <= 0 || *seconds > year) return std::nullopt;
        return sign_on_token{secret{*token}, secret{json::text_of(document, "refreshToken").value_or("")},
                             std::chrono::seconds{*seconds}};
    }

    client<Policies> client_;
};

} // namespace fargate::inline v0::aws

#endif
