#include <fargate/aws/ambient.hpp>

#include <fargate/aws/ecs.hpp>
#include <fargate/retry/any_mode.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
namespace retry = fargate::retry;
using namespace std::chrono_literals;
using fargate::errc;
using fargate::testing::map_environment;
using testing_support::frozen;
using testing_support::in_ireland;

namespace {

/// Counts how often each file is read.
struct counting {
    map_environment world{};
    std::shared_ptr<std::map<std::string, int>> reads = std::make_shared<std::map<std::string, int>>();

    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const { return world.variable(name); }
    [[nodiscard]] fargate::result<std::string> read_file(std::string_view path) const {
        ++(*reads)[std::string{path}];
        return world.read_file(path);
    }
};

struct telling : frozen {
    using environment = counting;
    using retry = fargate::retry::any_mode;
};

aws::parts<telling> world_of(map_environment environment) {
    return {.environment = {.world = std::move(environment)},
            .retry = retry::any_mode{{}, testing_support::steady_retry::pinned()}};
}

auto list(auto& ecs) { return ecs.list_tasks(json::value::object()); }

fargate::result<retry::mode_options> repeats(map_environment const& environment) {
    aws::ambient known{environment};
    return aws::ambient_repeats(known);
}

std::string ca_file(map_environment const& environment, std::string_view option = {}) {
    aws::ambient known{environment};
    auto const made = aws::resolve_ca_file(option, known);
    if (!made) CHECK(made.error().code == errc::bad_configuration);
    return made ? *made : made.error().message;
}

} // namespace

TEST_CASE("a client reads each shared file once, whatever it looks for there") {
    auto parts = world_of(map_environment{{{"HOME", "/h"}},
                                          {{"/h/.aws/config", R"([default]
region = eu-west-1
use_fips_endpoint = true
sdk_ua_app_id = nightly
retry_mode = legacy
ca_bundle = /ca.pem
)"},
                                           {"/ca.pem", "PEM"}}});
    parts.http.otherwise([](auto const&) { return http::response{200, {}, "{}"}; });
    aws::ecs<telling> ecs{parts};
    REQUIRE(list(ecs));
    REQUIRE(list(ecs));
    CHECK(*parts.environment.reads ==
          std::map<std::string, int>{{"/h/.aws/config", 1}, {"/h/.aws/credentials", 1}, {"/ca.pem", 1}});
    auto const sent = parts.http.requests();
    CHECK(sent[0].url == "https://ecs-fips.eu-west-1.amazonaws.com/");
    CHECK(sent[0].headers.value_of("User-Agent").find("app/nightly") != std::string_view::npos);
    CHECK(sent[0].ca_file == "/ca.pem");
    CHECK(sent[0].headers.value_of("amz-sdk-request") == "attempt=1; max=5");
}

TEST_CASE("environment and profile say how a program's calls are repeated, without a word in it") {
    auto parts = world_of(map_environment{{{"AWS_RETRY_MODE", "legacy"}, {"AWS_MAX_ATTEMPTS", "4"}}});
    parts.http.otherwise([](auto const&) { return http::response{500, {}, "{}"}; });
    aws::ecs<telling> ecs{parts, in_ireland()};
    CHECK_FALSE(list(ecs));
    CHECK(parts.clock.slept() == std::vector<fargate::duration>{1s, 2s, 4s});
    CHECK(parts.http.requests().size() == 4);
}

TEST_CASE("what the program says about repeats counts before what the environment says, each by itself") {
    auto parts = world_of(map_environment{{{"AWS_RETRY_MODE", "legacy"}, {"AWS_MAX_ATTEMPTS", "4"}}});
    parts.http.otherwise([](auto const&) { return http::response{500, {}, "{}"}; });
    aws::parts<telling> other{.environment = parts.environment,
                              .retry = parts.retry.with({retry::mode::standard, std::nullopt})};
    other.http.otherwise([](auto const&) { return http::response{500, {}, "{}"}; });
    aws::ecs<telling> ecs{other, in_ireland()};
    CHECK_FALSE(list(ecs));
    CHECK(other.clock.slept() == std::vector<fargate::duration>{50ms, 100ms, 200ms});
}

TEST_CASE("a wrong word about repeats is the answer to every call, and nothing is sent") {
    auto parts = world_of(map_environment{{{"AWS_RETRY_MODE", "quick"}}});
    aws::ecs<telling> ecs{parts, in_ireland()};
    for (int i = 0; i != 2; ++i) {
        auto const answer = list(ecs);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::bad_configuration);
        CHECK(answer.error().message ==
              "ecs ListTasks: AWS_RETRY_MODE must be legacy, standard or adaptive, not \"quick\"");
    }
    CHECK(parts.http.requests().empty());
}

TEST_CASE("repeats are read from variables, then from the profile, and a blank is not said") {
    map_environment environment{{{"AWS_CONFIG_FILE", "/c"}, {"AWS_PROFILE", "p"}, {"AWS_RETRY_MODE", " "}},
                                {{"/c", "[profile p]\nretry_mode = adaptive\nmax_attempts = 9\n"}}};
    CHECK(repeats(environment)->mode == retry::mode::adaptive);
    CHECK(repeats(environment)->max_attempts == 9);
    environment.set("AWS_RETRY_MODE", "standard");
    environment.set("AWS_MAX_ATTEMPTS", " 1 ");
    CHECK(repeats(environment)->mode == retry::mode::standard);
    CHECK(repeats(environment)->max_attempts == 1);
    CHECK(repeats(map_environment{})->empty());
    for (auto const& [text, shown] :
         {std::pair{"0", "at least 1, not 0"}, std::pair{"-3", "at least 1, not -3"},
          std::pair{"3x", "at least 1, not \"3x\""}, std::pair{"1e3", "at least 1, not \"1e3\""},
          std::pair{"9999999", "at least 1 and at most 1000000, not 9999999"},
          std::pair{"99999999999999999999", "at least 1, not \"99999999999999999999\""}}) {
        environment.set("AWS_MAX_ATTEMPTS", text);
        auto const wrong = repeats(environment);
        REQUIRE_FALSE(wrong);
        CHECK(wrong.error().message == "AWS_MAX_ATTEMPTS must be a whole number of " + std::string{shown});
    }
}

TEST_CASE("certificates to trust come from the option, the variable, then the profile; a blank names none") {
    map_environment environment{{{"AWS_CONFIG_FILE", "/c"}},
                                {{"/c", "[default]\nca_bundle = /profile.pem\n"},
                                 {"/option.pem", "PEM"},
                                 {"/variable.pem", "PEM"},
                                 {"/profile.pem", "PEM"}}};
    CHECK(ca_file(environment) == "/profile.pem");
    environment.set("AWS_CA_BUNDLE", "/variable.pem");
    CHECK(ca_file(environment) == "/variable.pem");
    CHECK(ca_file(environment, "/option.pem") == "/option.pem");
    environment.set("AWS_CA_BUNDLE", " ");
    CHECK(ca_file(environment) == "/profile.pem");
    CHECK(ca_file(map_environment{{{"AWS_CA_BUNDLE", ""}}}).empty());

    // botocore's last resort is a directory as often as a file, and another program's.
    environment.set("REQUESTS_CA_BUNDLE", "/option.pem");
    CHECK(ca_file(environment) == "/profile.pem");
    map_environment bare{{{"REQUESTS_CA_BUNDLE", "/requests.pem"}}, {{"/requests.pem", "PEM"}}};
    CHECK(ca_file(bare) == "/requests.pem");
    bare.break_file("/requests.pem", fargate::fail(errc::bad_configuration, "a directory"));
    CHECK(ca_file(bare).empty());
}

TEST_CASE("certificates that cannot be read are told with the place that names them, before anything is sent") {
    map_environment environment{{{"AWS_CONFIG_FILE", "/c"}}, {{"/c", "[default]\nca_bundle = /gone.pem\n"}}};
    CHECK(ca_file(environment) == "ca_bundle of profile default: no file /gone.pem");
    CHECK(ca_file(environment, "/none.pem") == "the option ca_file: no file /none.pem");
    environment.set("AWS_CA_BUNDLE", "/lost.pem");
    auto parts = world_of(environment);
    aws::ecs<telling> ecs{parts, in_ireland()};
    auto const answer = list(ecs);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::bad_configuration);
    CHECK(answer.error().message == "ecs ListTasks: AWS_CA_BUNDLE: no file /lost.pem");
    CHECK(parts.http.requests().empty());
}
