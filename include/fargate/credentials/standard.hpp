#ifndef FARGATE_CREDENTIALS_STANDARD_HPP
#define FARGATE_CREDENTIALS_STANDARD_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/policy.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/cached.hpp>
#include <fargate/credentials/chain.hpp>
#include <fargate/credentials/container.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/credentials/instance.hpp>
#include <fargate/credentials/profile.hpp>
#include <fargate/system/environment.hpp>

#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// Holds the place of web identity in the search: where it is set up, no later source may quietly take over.
class no_web_identity {
public:
    static constexpr std::string_view name = "web identity";

    template <class Http, class Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock&, Environment const& process) const {
        if (filled_variable(process, "AWS_WEB_IDENTITY_TOKEN_FILE"))
            return fail(errc::bad_configuration,
                        "AWS_WEB_IDENTITY_TOKEN_FILE is set, which this version cannot use: unset it or set a key");
        return fail(errc::not_configured, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    }
};

/// Where a program finds its key when nobody says otherwise, in boto3's order: the key it was given, the environment, the
/// shared files, the agent beside a container. Kept until shortly before it ends.
class standard : public cached<chain<fixed, environment, no_web_identity, profile, container>> {
public:
    static constexpr std::string_view name = "standard";

    standard() = default;
    /// An empty key is none; half of one is an error when a key is fetched.
    explicit standard(access_key given) :
        cached{chain{fixed{std::move(given)}, environment{}, no_web_identity{}, profile{}, container{}}} {}
};

} // namespace fargate::inline v0::credentials

#endif
