#include <fargate/aws/botocore_ambient.hpp>

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>

namespace aws = fargate::aws;
namespace retry = fargate::retry;
using namespace std::chrono_literals;
using fargate::testing::captured_log;
using fargate::testing::map_environment;

namespace {

aws::botocore_config read(map_environment const& environment) {
    captured_log log;
    auto const made = aws::ambient_config(environment, log);
    INFO((made ? std::string{} : made.error().message));
    REQUIRE(made);
    CHECK(log.lines().empty());
    return *made;
}

std::string refusal(map_environment const& environment) {
    captured_log log;
    auto const made = aws::ambient_config(environment, log);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == fargate::errc::bad_configuration);
    return made.error().message;
}

} // namespace

TEST_CASE("without a word about repeats and connections the environment says nothing") {
    auto const made = read(map_environment{});
    CHECK(made.retries.empty());
    CHECK(made.connection.empty());
    CHECK_FALSE(made.connect_timeout);
}

TEST_CASE("variables say how calls are repeated, and the number of attempts is all of them") {
    auto const made = read(map_environment{{{"AWS_RETRY_MODE", "legacy"},
                                            {"AWS_MAX_ATTEMPTS", "7"},
                                            {"AWS_DEFAULTS_MODE", "in-region"},
                                            {"BOTOCORE_TCP_KEEPALIVE", "True"}}});
    CHECK(made.retries.mode == retry::mode::legacy);
    CHECK(made.retries.max_attempts == 7);
    CHECK(made.connect_timeout == 1100ms);
    CHECK(made.connection.tcp_keepalive == true);
}

TEST_CASE("what no variable says the profile may, and a variable counts before it") {
    map_environment environment{{{"AWS_CONFIG_FILE", "/config"}, {"AWS_MAX_ATTEMPTS", "2"}, {"AWS_PROFILE", "night"}}};
    environment.set_file("/config", "[profile night]\nretry_mode = adaptive\nmax_attempts = 9\ndefaults_mode = mobile\n"
                                    "tcp_keepalive = true\n[default]\nretry_mode = nonsense\n");
    auto const made = read(environment);
    CHECK(made.retries.mode == retry::mode::adaptive);
    CHECK(made.retries.max_attempts == 2);
    CHECK(made.connect_timeout == 30s);
    CHECK(made.connection.tcp_keepalive == true);
}

TEST_CASE("what the environment says wrongly is told with its place") {
    CHECK(refusal(map_environment{{{"AWS_RETRY_MODE", "fast"}}}) ==
          "AWS_RETRY_MODE must be legacy, standard or adaptive, not \"fast\"");
    CHECK(refusal(map_environment{{{"AWS_MAX_ATTEMPTS", "0"}}}) ==
          "AWS_MAX_ATTEMPTS must be a whole number of at least 1, not 0");
    CHECK(refusal(map_environment{{{"AWS_MAX_ATTEMPTS", "3x"}}}) ==
          "AWS_MAX_ATTEMPTS must be a whole number of at least 1, not \"3x\"");
    map_environment environment{{{"AWS_CONFIG_FILE", "/config"}}};
    environment.set_file("/config", "[default]\nretry_mode = fast\n");
    CHECK(refusal(environment) == "retry_mode of profile default must be legacy, standard or adaptive, not \"fast\"");
}
