#ifndef FARGATE_AWS_POLICY_HPP
#define FARGATE_AWS_POLICY_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>

#include <concepts>

namespace fargate::inline v0 {

/// Where access keys come from.
///
/// | expression                          | type                              | contract                                      |
/// |-------------------------------------|-----------------------------------|-----------------------------------------------|
/// | `c.fetch(http, clock, environment)` | `result<aws::access_key>` | a key that is valid now; may block            |
/// | `c.invalidate(generation)`          | (optional member)                 | the service refused that key as expired: do   |
/// |                                     |                                   | not hand it out again                         |
///
/// `errc::not_configured` means "nothing to see here", and a chain asks its next provider; any other error stops the
/// chain, because somebody configured this source and it is broken. The arguments are the policies beside it: what it
/// needs of network, time and environment goes through them. `fetch` may be called from several threads at once.
template <class Credentials, class Http, class Clock, class Environment>
concept credential_policy = http_policy<Http> && clock_policy<Clock> && environment_policy<Environment> &&
    requires(Credentials& c, Http& http, Clock& clock, Environment const& environment) {
    { c.fetch(http, clock, environment) } -> std::same_as<result<aws::access_key>>;
};

} // namespace fargate::inline v0

#endif
