#ifndef FARGATE_AWS_PARTS_HPP
#define FARGATE_AWS_PARTS_HPP

#include <fargate/aws/policy.hpp>
#include <fargate/crypto/policy.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/retry/policy.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>

namespace fargate::inline v0::aws {

/// A bundle names the replaceable parts that AWS calls stand on: the member types `http`, `credentials`, `clock`,
/// `environment`, `retry` and `hash`, each a model of its concept. Inherit from a bundle and redefine what differs.
template <class Policies>
concept policies = http_policy<typename Policies::http> && clock_policy<typename Policies::clock> &&
    environment_policy<typename Policies::environment> && retry::retry_policy<typename Policies::retry> &&
    crypto::hash_policy<typename Policies::hash> &&
    credential_policy<typename Policies::credentials, typename Policies::http, typename Policies::clock,
                      typename Policies::environment>;

/// One object of each part. Clients keep references to it, so it must outlive them; it is shared between threads as far as
/// its parts are.
template <policies Policies>
struct parts {
    typename Policies::http http{};
    typename Policies::credentials credentials{};
    typename Policies::clock clock{};
    typename Policies::environment environment{};
    typename Policies::retry retry{};
    typename Policies::hash hash{};
};

} // namespace fargate::inline v0::aws

#endif
