#include <fargate/agent.hpp>

#include "scenarios/recording.hpp"
#include "support/catch.hpp"
#include "support/http_text.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/scripted_http.hpp>

using namespace fargate;
using testing_support::recorded_world;
using testing_support::recording;

namespace {

constexpr char const* recordings[] = {
    "expected_plain_docker_local_environment.json",   "expected_plain_docker_run_config.json",
    "expected_plain_environment_metadata_image.json", "expected_plain_running_scheduled_task_runs.json",
    "expected_plain_s3_environment_no_image.json",    "expected_plain_s3_no_environment_default_image.json",
    "expected_revisions_docker_run_config.json",
};

/// No sockets, no threads, no real time.
struct still_policies : default_policies {
    using http = testing::scripted_http;
    using clock = testing::manual_clock;
    using environment = testing::map_environment;
    using log = testing::captured_log;
    using executor = inline_executor;
};

/// The wire as in production: libcurl, threads, the real clock.
struct wire_policies : default_policies {
    using environment = testing::map_environment;
    using log = testing::captured_log;
};

/// Where this agent's calls differ from the recording, by decision: a Failed state carries the version that the run has by
/// then. The recorded one carried the version of before the claim, which a backend that locks on versions refuses. And with
/// revisions RunTask names its own, for the family may have another by then.
json::value decided(json::value step, bool revisions) {
    if (revisions && json::text_of(step, "operation") == "run_task") {
        auto const family = testing_support::text(step["parameters"], "taskDefinition");
        step["parameters"]["taskDefinition"] =
            "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + family + ":1"; // as it is registered
    }
    if (json::text_of(step, "graphql") == "set_flow_run_states")
        if (auto& update = step["variables"]["input"]["states"][0]; update["state"]["type"] == "Failed") {
            CHECK(update["version"] == 2);
            update["version"] = 3;
        }
    return recording::sorted(step);
}

void compare_calls(recorded_world const& world, recording const& expected, std::string_view api) {
    auto const calls = world.calls();
    auto const steps = expected.steps(api);
    bool const revisions = expected.options(std::string{api}).enable_task_revisions.value_or(false);
    CHECK(calls.size() == steps.size());
    for (std::size_t i = 0; i != std::min(calls.size(), steps.size()); ++i) {
        INFO("step " << i);
        CHECK(json::write(calls[i]) == json::write(decided(steps[i], revisions)));
    }
}

void compare(recorded_world const& world, recording const& expected, std::string_view api) {
    compare_calls(world, expected, api);
    for (auto const& token : world.tokens()) CHECK(token.size() == 43);
}

} // namespace

TEST_CASE("every recorded flow run makes the recorded calls, over scripted HTTP") {
    for (char const* const name : recordings) {
        DYNAMIC_SECTION(name) {
            recording const expected{name};
            recorded_world world{expected};
            auto const options = expected.options(expected.config("cloud.api"));
            parts<still_policies> parts{
                .credentials = service::make_credentials<credentials::standard>(options, expected.environment()),
                .environment = expected.environment()};
            parts.http.otherwise([&](http::request const& request) { return world.answer(request); });
            auto unkeyed = options;
            unkeyed.aws_access_key_id = unkeyed.aws_secret_access_key = secret{};
            agent<still_policies> agent{unkeyed, parts};
            auto const ended = agent.start();
            INFO(parts.log.text());
            REQUIRE(ended);
            compare(world, expected, expected.config("cloud.api"));
        }
    }
}

TEST_CASE("every recorded flow run makes the recorded calls, over real loopback HTTP") {
    for (char const* const name : recordings) {
        DYNAMIC_SECTION(name) {
            recording const expected{name};
            recorded_world world{expected};
            testing_support::loopback server{
                testing_support::answers_of([&](http::request const& request) { return world.answer(request); })};
            auto const api = "http://" + server.authority();
            auto options = expected.options(api);
            options.endpoint_url = api;
            parts<wire_policies> parts{
                .credentials = service::make_credentials<credentials::standard>(options, expected.environment()),
                .environment = expected.environment()};
            options.aws_access_key_id = options.aws_secret_access_key = secret{};
            agent<wire_policies> agent{options, parts};
            auto const ended = agent.start();
            INFO(parts.log.text());
            REQUIRE(ended);
            compare(world, expected, api);
        }
    }
}

TEST_CASE(
    "with everything switched off that the original had not, its calls are made to the byte, and none behind them") {
    for (char const* const name : recordings) {
        DYNAMIC_SECTION(name) {
            recording const expected{name};
            recorded_world world{expected};
            auto options = expected.options(expected.config("cloud.api"));
            options.idempotent = options.watch = options.reconcile = options.heartbeat = false;
            options.max_polls = 60; // the run is in the queue once
            parts<still_policies> parts{
                .credentials = service::make_credentials<credentials::standard>(options, expected.environment()),
                .environment = expected.environment()};
            options.aws_access_key_id = options.aws_secret_access_key = secret{};
            std::size_t polls = 0;
            std::vector<std::string> later;
            parts.http.otherwise([&](http::request const& request) -> result<http::response> {
                bool const polled = request.body.find("get_runs_in_queue") != std::string::npos;
                polls += polled;
                if (polls < 2) return world.answer(request);
                if (!polled) later.push_back(request.body);
                return http::response{200, {}, R"({"data": {"get_runs_in_queue": {"flow_run_ids": []}}})"};
            });
            agent<still_policies> agent{options, parts};
            REQUIRE(agent.start());
            INFO(parts.log.text());
            CHECK(polls == 60);
            compare_calls(world, expected, expected.config("cloud.api"));
            for (auto const& token : world.tokens()) CHECK(token.size() == 36); // boto3's: another UUID for each call
            CHECK(later == std::vector<std::string>{});
        }
    }
}
