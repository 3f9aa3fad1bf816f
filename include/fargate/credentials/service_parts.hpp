#ifndef FARGATE_CREDENTIALS_SERVICE_PARTS_HPP
#define FARGATE_CREDENTIALS_SERVICE_PARTS_HPP

#include <fargate/retry/any_mode.hpp>

namespace fargate::inline v0::credentials::detail {

/// The bundle that a provider calls STS or single sign-on with: what it was handed itself, and the credentials that its call
/// is signed with. AWS_RETRY_MODE and its like decide about repeats, as for every client.
template <class Http, class Clock, class Environment, class Credentials, class Hash>
struct service_policies {
    using http = Http;
    using credentials = Credentials;
    using clock = Clock;
    using environment = Environment;
    using retry = fargate::retry::any_mode;
    using hash = Hash;
};

template <class Http, class Clock, class Environment, class Credentials, class Hash>
struct service_parts {
    using policies = service_policies<Http, Clock, Environment, Credentials, Hash>;

    service_parts(Http& given_http, Clock& given_clock, Environment const& given_environment,
                  Credentials& given_credentials) :
        http{given_http}, clock{given_clock}, environment{given_environment}, credentials{given_credentials} {}

    Http& http;
    Clock& clock;
    Environment const& environment;
    Credentials& credentials;
    fargate::retry::any_mode retry{};
    Hash hash{};
};

} // namespace fargate::inline v0::credentials::detail

#endif
