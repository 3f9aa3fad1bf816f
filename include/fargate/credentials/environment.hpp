#ifndef FARGATE_CREDENTIALS_ENVIRONMENT_HPP
#define FARGATE_CREDENTIALS_ENVIRONMENT_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <string>
#include <string_view>

namespace fargate::inline v0::credentials {

/// A `credential_policy` that reads AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or the old
/// AWS_SECURITY_TOKEN where that is not set), AWS_CREDENTIAL_EXPIRATION and AWS_ACCOUNT_ID. A variable of nothing but
/// blanks counts as unset.
class environment {
public:
    static constexpr std::string_view name = "environment";

    template <class Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock& clock, Environment const& process) const {
        auto const read = [&](std::string_view variable) {
            return filled_variable(process, variable).value_or(std::string{});
        };
        std::string const id = read("AWS_ACCESS_KEY_ID");
        std::string secret_key = read("AWS_SECRET_ACCESS_KEY");
        std::string token = read("AWS_SESSION_TOKEN");
        std::string_view const token_name = token.empty() ? "AWS_SECURITY_TOKEN" : "AWS_SESSION_TOKEN";
        if (token.empty()) token = read(token_name);
        auto made = make_key({"AWS_ACCESS_KEY_ID", id}, {"AWS_SECRET_ACCESS_KEY", secret_key}, {token_name, token},
                             std::string{name});
        wipe(secret_key);
        wipe(token);
        if (!made) return made;
        made->account_id = text::trim(read("AWS_ACCOUNT_ID"));
        return ending(*std::move(made), {"AWS_CREDENTIAL_EXPIRATION", read("AWS_CREDENTIAL_EXPIRATION")}, clock.now());
    }
};

} // namespace fargate::inline v0::credentials

#endif
