#ifndef FARGATE_CREDENTIALS_ASSUME_ROLE_HPP
#define FARGATE_CREDENTIALS_ASSUME_ROLE_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/policy.hpp>
#include <fargate/aws/sts.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/service_parts.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/text/ascii.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

namespace detail {

/// What becomes of an error on the way to a role's key. A source that has nothing to offer is broken configuration: somebody
/// asked for the role.
[[nodiscard]] inline error of_role(std::string_view role_arn, error why) {
    if (why.code == errc::not_configured || why.code == errc::invalid_argument) why.code = errc::bad_configuration;
    constexpr std::size_t longest = 256;
    why.message = "role " + aws::detail::one_line(aws::detail::cut(role_arn, longest)) + ": " + why.message;
    return why;
}

} // namespace detail

/// A `credential_policy` that takes on a role, with the key of another provider: `assume_role<environment>{{.role_arn =
/// "arn:aws:iam::123456789012:role/name"}}`. STS is asked at every fetch, over the same HTTP, clock and environment; put it
/// into `cached`. The options are for that call: region, endpoint. Errors name the role and what STS said; a request that
/// is over STS's limits, or whose source has no key, is `errc::bad_configuration`; without any role there is nothing to
/// offer. Follows "Assume role credential provider" of the AWS SDKs and Tools guide.
/// May be used from several threads as far as the source may.
template <class Source, crypto::hash_policy Hash = crypto::openssl_hash>
class assume_role {
public:
    static constexpr std::string_view name = "assume_role";

    assume_role() = default;
    explicit assume_role(aws::role_request role, Source source = {}, aws::client_options options = {}) :
        role_{std::move(role)}, source_{std::move(source)}, options_{std::move(options)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
        requires credential_policy<Source, Http, Clock, Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) {
        if (role_.role_arn.empty()) return fail(errc::not_configured, "no role is given");
        detail::service_parts<Http, Clock, Environment, Source, Hash> parts{http, clock, environment, source_};
        aws::sts<typename decltype(parts)::policies> sts{parts, options_};
        auto made = sts.assume_role(role_);
        if (!made) return detail::of_role(role_.role_arn, std::move(made).error());
        made->source = std::string{name};
        return made;
    }

private:
    aws::role_request role_{};
    Source source_{};
    aws::client_options options_{};
};

} // namespace fargate::inline v0::credentials

#endif
