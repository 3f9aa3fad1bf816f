#ifndef FARGATE_AWS_HPP
#define FARGATE_AWS_HPP

// A front door: AWS alone. Signed, repeated calls of ECS, S3 and the tagging API with the machine's own network, clock,
// environment and credentials, and every part replaceable.

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/aws/tagging.hpp>
#include <fargate/credentials/standard.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/http/curl.hpp>
#include <fargate/retry/any_mode.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>

namespace fargate::inline v0::aws {

/// The parts that a program on an everyday machine wants. Inherit and redefine what differs:
/// `struct board : fargate::aws::default_policies { using http = my_modem; };`.
struct default_policies {
    using http = curl_http;
    using credentials = fargate::credentials::standard;
    using clock = system_clock;
    using environment = process_environment;
    using retry = fargate::retry::any_mode;
    using hash = crypto::openssl_hash;
};

// The bundle that `ecs<>`, `s3<>`, `tagging<>` and `parts<>` mean.
template <policies Policies = default_policies>
struct parts;
template <policies Policies = default_policies>
class ecs;
template <policies Policies = default_policies>
class s3;
template <policies Policies = default_policies>
class tagging;

} // namespace fargate::inline v0::aws

#endif
