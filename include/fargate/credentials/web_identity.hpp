#ifndef FARGATE_CREDENTIALS_WEB_IDENTITY_HPP
#define FARGATE_CREDENTIALS_WEB_IDENTITY_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/sts.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/assume_role.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/credentials/service_parts.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/scan.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// Which role a token is good for, and where the token is.
struct web_identity_settings {
    std::string token_file{};
    std::string role_arn{};
    std::string session_name{}; ///< empty: as in `aws::role_request`
};

/// A `credential_policy` for a role that an identity provider's token opens, as EKS has it: by AWS_WEB_IDENTITY_TOKEN_FILE,
/// AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME, or by settings given. The file is read at every fetch, because the token in it is
/// renewed by others; it is in no message. STS is asked without a signature. `errc::not_configured` where no token file is
/// named, `errc::bad_configuration` when it cannot be read or the role is missing. Follows "Assume role with web identity"
/// of the AWS SDKs and Tools guide. Stateless: may be used from several threads.
class web_identity {
public:
    static constexpr std::string_view name = "web identity";

    web_identity() = default;
    explicit web_identity(web_identity_settings given, aws::client_options options = {}) :
        given_{std::move(given)}, options_{std::move(options)} {}
    /// By the environment's settings.
    web_identity(std::nullopt_t, aws::client_options options) : options_{std::move(options)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        web_identity_settings const how = given_ ? *given_ : of_environment(environment);
        std::string_view const file = given_ ? "web_identity_token_file" : file_variable;
        std::string_view const arn = given_ ? "role_arn" : role_variable;
        if (how.token_file.empty()) return fail(errc::not_configured, std::string{file} + " is not set");
        if (how.role_arn.empty())
            return fail(errc::bad_configuration,
                        std::string{file} + " is set without " + std::string{arn} + ": set both or neither");
        auto const token = read_token(how.token_file, file, environment);
        if (!token) return token.error();

        fixed nobody;
        detail::service_parts<Http, Clock, Environment, fixed, crypto::openssl_hash> parts{http, clock, environment,
                                                                                           nobody};
        aws::sts<typename decltype(parts)::policies> sts{parts, options_};
        aws::role_request role;
        role.role_arn = how.role_arn;
        role.session_name = how.session_name;
        auto made = sts.assume_role_with_web_identity(role, *token);
        if (!made) return detail::of_role(how.role_arn, std::move(made).error());
        made->source = std::string{name};
        return made;
    }

private:
    static constexpr std::string_view file_variable = "AWS_WEB_IDENTITY_TOKEN_FILE";
    static constexpr std::string_view role_variable = "AWS_ROLE_ARN";

    template <class Environment>
    static web_identity_settings of_environment(Environment const& environment) {
        auto const read = [&](std::string_view variable) {
            return std::string{text::trim(environment.variable(variable).value_or(""))};
        };
        return {read(file_variable), read(role_variable), read("AWS_ROLE_SESSION_NAME")};
    }

    template <class Environment>
    static result<secret> read_token(std::string const& path, std::string_view from, Environment const& environment) {
        auto const wrong = [from](std::string const& why) {
            return fail(errc::bad_configuration, std::string{from} + ": " + why);
        };
        auto text = environment.read_file(path);
        if (!text) return wrong(text.error().message);
        secret token{text::trim(*text)};
        wipe(*text);
        auto const shown = token.reveal();
        if (shown.empty()) return wrong(path + " is empty");
        if (text::first_outside(shown, '!', '~') != shown.size())
            return wrong(path + " holds no token: something in it is no visible ASCII");
        return token;
    }

    std::optional<web_identity_settings> given_{};
    aws::client_options options_{};
};

} // namespace fargate::inline v0::credentials

#endif
