#ifndef FARGATE_CREDENTIALS_STS_PARTS_HPP
#define FARGATE_CREDENTIALS_STS_PARTS_HPP

#include <fargate/aws/client_options.hpp>
#include <fargate/aws/sts.hpp>
#include <fargate/retry/standard.hpp>

#include <utility>

namespace fargate::inline v0::credentials::detail {

/// The bundle that a provider calls STS with: what it was handed itself, and the credentials that its call is signed with.
template <class Http, class Clock, class Environment, class Credentials, class Hash>
struct sts_policies {
    using http = Http;
    using credentials = Credentials;
    using clock = Clock;
    using environment = Environment;
    using retry = fargate::retry::standard;
    using hash = Hash;
};

template <class Http, class Clock, class Environment, class Credentials, class Hash>
struct sts_parts {
    using policies = sts_policies<Http, Clock, Environment, Credentials, Hash>;

    sts_parts(Http& given_http, Clock& given_clock, Environment const& given_environment,
              Credentials& given_credentials) :
        http{given_http}, clock{given_clock}, environment{given_environment}, credentials{given_credentials} {}

    Http& http;
    Clock& clock;
    Environment const& environment;
    Credentials& credentials;
    fargate::retry::standard retry{};
    Hash hash{};
};

} // namespace fargate::inline v0::credentials::detail

#endif
