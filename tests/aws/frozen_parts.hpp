#ifndef FARGATE_TESTS_AWS_FROZEN_PARTS_HPP
#define FARGATE_TESTS_AWS_FROZEN_PARTS_HPP

#include <fargate/aws/client_options.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/scripted_http.hpp>

#include <cstdint>
#include <string_view>

namespace testing_support {

/// The standard policy with its random factor pinned to 1.
struct steady_retry : fargate::retry::standard {
    static fargate::retry::standard_options pinned() {
        fargate::retry::standard_options made;
        made.jitter = [] { return 1.0; };
        return made;
    }
    steady_retry() : standard{pinned()} {}
    explicit steady_retry(fargate::retry::standard_options options) : standard{options} {}
};

/// The published example key.
struct example_key : fargate::credentials::fixed {
    explicit example_key(std::string_view token = {}) :
        fixed{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token} {}
};

/// A world of a script, a clock that stands still at 20240102T030405Z, and no environment.
struct frozen {
    using http = fargate::testing::scripted_http;
    using credentials = example_key;
    using clock = fargate::testing::manual_clock;
    using environment = fargate::testing::map_environment;
    using retry = steady_retry;
    using hash = fargate::crypto::openssl_hash;
};

/// Random bits that are not: identifiers come out as 00000000-0000-4000-8000-000000000000.
inline std::uint64_t no_bits() { return 0; }

inline fargate::aws::client_options in_ireland() {
    fargate::aws::client_options made;
    made.region = "eu-west-1";
    made.random = no_bits;
    return made;
}

} // namespace testing_support

#endif
