#ifndef FARGATE_TESTS_BENCH_SIGNING_HPP
#define FARGATE_TESTS_BENCH_SIGNING_HPP

#include "straight_line.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/sigv4/sign.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::string_view key_id = "AKIDEXAMPLE";
inline constexpr std::string_view key_secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
inline std::string const session_token(1000, 't');
inline constexpr std::time_t moment = 1'704'164'645;

/// One signature of one RunTask request: a body of 1,500 bytes, a session token of 1,000, the key known.
class signing {
public:
    signing() {
        if (ours() != by_hand().authorization || by_hand().authorization != by_evp().authorization) {
            std::fprintf(stderr, "the signatures differ\n");
            std::exit(1);
        }
    }

    std::string ours() {
        std::string authorization;
        auto const made = make();
        for (auto const& each : *made)
            if (each.name == "Authorization") authorization = each.value;
        return authorization;
    }
    fargate::result<fargate::sigv4::signed_headers> make() {
        using namespace fargate;
        std::array const headers{
            sigv4::header_view{"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RunTask"},
            sigv4::header_view{"Content-Type", "application/x-amz-json-1.1"},
            sigv4::header_view{"Host", host},
        };
        return sigv4::sign({"POST", "/", "", headers, body_}, {key_id, key_secret, session_token, 1},
                           {"us-east-1", "ecs"}, text::instant{std::chrono::seconds{moment}}, {}, &cache_, hash_);
    }
    straight_line<low_level>::added by_hand() { return low_level_.sign(body_, session_token, host, moment); }
    straight_line<through_evp>::added by_evp() { return through_evp_.sign(body_, session_token, host, moment); }

private:
    static constexpr std::string_view host = "ecs.us-east-1.amazonaws.com";

    std::string const body_ = std::string(1500, 'b');
    fargate::crypto::openssl_hash hash_;
    fargate::sigv4::signing_key_cache cache_;
    straight_line<low_level> low_level_{key_id, key_secret};
    straight_line<through_evp> through_evp_{key_id, key_secret};
};

} // namespace bench

#endif
