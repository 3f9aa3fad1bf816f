#include <fargate/credentials/instance.hpp>

#include <fargate/aws.hpp>
#include <fargate/text/timestamp.hpp>

#include "peers/peers.hpp"
#include "support/catch.hpp"

#include <stdlib.h>

#include <string>

// The real wire against AWS's own mock of the metadata service, which takes version 2 only. tests/peers/run.py starts it
// and runs this; started alone, it says so and does nothing.

namespace credentials = fargate::credentials;
using fargate::errc;
using peers::variable;

namespace {

bool there_is_imds() { return peers::there_is("FARGATE_IMDS"); }

/// What a program on that instance has.
struct on_instance {
    fargate::curl_http http{};
    fargate::system_clock clock{};
    fargate::process_environment environment{};
    credentials::instance provider{};

    explicit on_instance(std::string const& endpoint) {
        ::setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.c_str(), 1);
    }

    auto fetch() { return provider.fetch(http, clock, environment); }
};

} // namespace

TEST_CASE("the mock takes no request without a token, as version 2 has it") {
    if (!there_is_imds()) return;
    fargate::curl_http http;
    fargate::http::request request;
    request.url = variable("FARGATE_IMDS") + "/latest/meta-data/iam/security-credentials";
    auto const answer = http.send(request);
    REQUIRE(answer);
    CHECK(answer->status == 401);
}

TEST_CASE("the role's key is fetched with a token, as often as it is asked for") {
    if (!there_is_imds()) return;
    on_instance here{variable("FARGATE_IMDS")};
    for (int i = 0; i != 2; ++i) {
        auto const key = here.fetch();
        INFO(peers::why(key));
        REQUIRE(key);
        CHECK(key->id == "ASIAIOSFODNN7EXAMPLE");
        CHECK(key->secret_key.reveal() == "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        CHECK(key->session_token.reveal() == "TOKEN/of+the=instance==");
        CHECK(key->expires == fargate::text::parse_iso8601(variable("FARGATE_IMDS_EXPIRATION")));
        CHECK(key->source == "instance");
    }
}

TEST_CASE("a key that has ended is none") {
    if (!there_is_imds()) return;
    on_instance here{variable("FARGATE_IMDS_ENDED")};
    auto const key = here.fetch();
    REQUIRE_FALSE(key);
    INFO(key.error().message);
    CHECK(key.error().code != errc::not_configured);
    CHECK(key.error().message.find("v/12345678901") == std::string::npos);
}
