#include <fargate/aws/api_rate.hpp>

#include <fargate/aws/ecs.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
using namespace std::chrono_literals;
using fargate::duration;
using fargate::errc;
using testing_support::frozen;
using testing_support::in_ireland;

namespace {

using sleeps = std::vector<duration>;

json::value document(std::string const& text) {
    auto made = json::parse(text);
    REQUIRE(made);
    return *std::move(made);
}

/// An ECS client whose every call succeeds.
struct scene {
    aws::parts<frozen> parts{};
    aws::ecs<frozen> ecs;

    explicit scene(aws::client_options options = in_ireland(), aws::ecs_rates const& rates = {}) :
        ecs{parts, std::move(options), rates} {
        parts.http.otherwise([](auto const&) {
            return http::response{
                200, {}, R"({"taskDefinition":{"taskDefinitionArn":"arn:d"},"task":{"taskArn":"arn:t"}})"};
        });
    }
};

/// How many calls go before the first has to wait, and how long that waits.
template <class Ask>
std::pair<int, duration> burst(Ask const& ask, aws::client_options options = in_ireland()) {
    scene here{std::move(options)};
    for (int calls = 0; calls != 1000; ++calls) {
        CHECK(ask(here.ecs));
        if (!here.parts.clock.slept().empty()) return {calls, here.parts.clock.slept().front()};
    }
    return {1000, 0s};
}

auto run(std::string const& input) {
    return [input = document(input)](auto& ecs) { return ecs.run_task(input).has_value(); };
}

} // namespace

TEST_CASE("each kind of ECS call has the burst and the rate of the published table") {
    json::value const none = json::value::object();
    auto const pair = [](int calls, duration wait) { return std::pair{calls, wait}; };
    CHECK(burst([&](auto& ecs) { return ecs.register_task_definition(none).has_value(); }) == pair(20, 1s));
    CHECK(burst([&](auto& ecs) { return ecs.deregister_task_definition(none).has_value(); }) == pair(20, 1s));
    CHECK(burst([&](auto& ecs) { return ecs.describe_task_definition(none).has_value(); }) == pair(50, 50ms));
    CHECK(burst([&](auto& ecs) { return ecs.list_task_definitions(none).has_value(); }) == pair(50, 50ms));
    CHECK(burst([&](auto& ecs) { return ecs.stop_task(none).has_value(); }) == pair(100, 25ms));
    CHECK(burst([&](auto& ecs) { return ecs.describe_tasks(none).has_value(); }) == pair(100, 50ms));
    CHECK(burst([&](auto& ecs) { return ecs.list_tasks(none).has_value(); }) == pair(100, 50ms));
    CHECK(burst([&](auto& ecs) { return ecs.describe_clusters(none).has_value(); }) == pair(50, 50ms));
}

TEST_CASE("RunTask takes a call of the common bucket, and on Fargate a call and its tasks of Fargate's") {
    auto const pair = [](int calls, duration wait) { return std::pair{calls, wait}; };
    CHECK(burst(run("{}")) == pair(100, 25ms));
    CHECK(burst(run(R"({"launchType":"EC2","count":10})")) == pair(100, 25ms));
    CHECK(burst(run(R"({"launchType":"FARGATE"})")) == pair(20, 50ms));
    CHECK(burst(run(R"({"launchType":"FARGATE","count":10})")) == pair(10, 500ms));
    CHECK(burst(run(R"({"capacityProviderStrategy":[{"capacityProvider":"FARGATE_SPOT"}],"count":10})")) ==
          pair(10, 500ms));
    CHECK(burst(run(R"({"capacityProviderStrategy":[{"capacityProvider":"FARGATE"},
                                                    {"capacityProvider":"FARGATE_SPOT"}],"count":10})")) ==
          pair(20, 50ms));
    CHECK(burst(run(R"({"capacityProviderStrategy":[{"capacityProvider":"mine"}]})")) == pair(100, 25ms));
    CHECK(burst(run(R"({"launchType":"FARGATE","count":"many"})")) == pair(20, 50ms));
    CHECK(burst(run(R"({"launchType":"FARGATE","count":-5})")) == pair(20, 50ms));
    CHECK(burst(run(R"({"launchType":"FARGATE","count":1000})")) == pair(10, 500ms)); // ECS refuses more than 10
}

TEST_CASE("buckets of one client do not know each other, nor those of another client") {
    scene here;
    json::value const none = json::value::object();
    for (int i = 0; i != 20; ++i) REQUIRE(here.ecs.register_task_definition(none));
    for (int i = 0; i != 50; ++i) REQUIRE(here.ecs.describe_task_definition(none));
    aws::ecs<frozen> other{here.parts, in_ireland()};
    for (int i = 0; i != 20; ++i) REQUIRE(other.register_task_definition(none));
    CHECK(here.parts.clock.slept().empty());
    REQUIRE(here.ecs.deregister_task_definition(none));
    CHECK(here.parts.clock.slept() == sleeps{1s});
}

TEST_CASE("every attempt takes its turn, repeats included") {
    aws::ecs_rates rates;
    rates.resource_read = {1, 0.1};
    scene here{in_ireland(), rates};
    here.parts.http.reply(500, "{}").reply(500, "{}");
    REQUIRE(here.ecs.list_tasks(json::value::object()));
    // 50 ms for the first repeat and the rest of ten seconds for its token; then the same with 100 ms.
    CHECK(here.parts.clock.slept() == sleeps{50ms, 9950ms, 100ms, 9900ms});
}

TEST_CASE("the limits can be switched off, are off under an endpoint URL, and a bucket of them alone can be") {
    auto options = in_ireland();
    options.api_rates = false;
    auto const registers = [](auto& ecs) { return ecs.register_task_definition(json::value::object()).has_value(); };
    CHECK(burst(registers, options) == std::pair{1000, duration{0}});
    auto elsewhere = in_ireland();
    elsewhere.endpoint_url = "http://127.0.0.1:4566";
    CHECK(burst(registers, elsewhere) == std::pair{1000, duration{0}});
    elsewhere.api_rates = true;
    CHECK(burst(registers, elsewhere) == std::pair{20, duration{1s}});
    aws::ecs_rates rates;
    rates.fargate_calls.per_second = 0;
    scene here{in_ireland(), rates};
    for (int i = 0; i != 100; ++i) REQUIRE(run(R"({"launchType":"FARGATE"})")(here.ecs));
    CHECK(here.parts.clock.slept().empty());
}

TEST_CASE("a stop ends the wait for a turn, and the turn is somebody else's") {
    scene here;
    json::value const none = json::value::object();
    for (int i = 0; i != 20; ++i) REQUIRE(here.ecs.register_task_definition(none));
    std::stop_source source;
    here.parts.clock.during_sleep([&source](duration) { source.request_stop(); });
    auto const answer = here.ecs.register_task_definition(none, source.get_token());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::cancelled);
    CHECK(answer.error().message == "ecs RegisterTaskDefinition: stopped before it was sent");
    CHECK(here.parts.http.requests().size() == 20);
    here.parts.clock.during_sleep({});
    REQUIRE(here.ecs.register_task_definition(none));
    CHECK(here.parts.clock.slept() == sleeps{1s, 1s});
}

TEST_CASE("a turn that comes after the deadline is not waited for, and stays somebody else's") {
    auto options = in_ireland();
    options.deadline = 900ms;
    scene here{options};
    json::value const none = json::value::object();
    for (int i = 0; i != 20; ++i) REQUIRE(here.ecs.register_task_definition(none));
    for (int i = 0; i != 3; ++i) {
        auto const answer = here.ecs.register_task_definition(none);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::timed_out);
        CHECK(answer.error().retryable);
        CHECK(answer.error().message == "ecs RegisterTaskDefinition: it cannot be sent within the deadline of 900 ms");
    }
    CHECK(here.parts.clock.slept().empty());
    CHECK(here.parts.http.requests().size() == 20);
    here.parts.clock.advance(200ms);
    REQUIRE(here.ecs.register_task_definition(none));
    CHECK(here.parts.clock.slept() == sleeps{800ms});
}
