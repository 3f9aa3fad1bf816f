#ifndef FARGATE_TESTS_SERVICE_WATCH_SCENE_HPP
#define FARGATE_TESTS_SERVICE_WATCH_SCENE_HPP

#include "service/watched_source.hpp"

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_ecs.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

/// The parts by which `aws::ecs` stands on a `fake_ecs`. Nothing is repeated: one fault is one failed call.
struct fake_parts {
    struct http {
        fargate::testing::fake_ecs* ecs = nullptr;
        auto send(fargate::http::request const& request) const { return ecs->send(request); }
    };
    struct clock {
        fargate::testing::manual_clock* time = nullptr;
        [[nodiscard]] fargate::time_point now() const { return time->now(); }
        bool sleep_for(fargate::duration wait, std::stop_token stop) const {
            return time->sleep_for(wait, std::move(stop));
        }
    };
    struct once : fargate::retry::standard {
        static fargate::retry::standard_options one() {
            fargate::retry::standard_options made;
            made.max_attempts = 1;
            return made;
        }
        once() : standard{one()} {}
    };
    using credentials = fargate::credentials::fixed;
    using environment = fargate::testing::map_environment;
    using retry = once;
    using hash = fargate::crypto::openssl_hash;
};

/// Keeps what it is asked for, and does it where the test says how.
struct recording_desk {
    struct revival {
        std::string run{};
        unsigned attempt = 0;
        unsigned losses = 0;
        fargate::duration wait{};
        bool operator==(revival const&) const = default;
    };
    std::vector<revival> revived;
    std::vector<std::pair<std::string, fargate::time_point>> rested;
    std::function<void(watched_source::view const&, unsigned, unsigned)> on_revive = [](auto const&, unsigned,
                                                                                        unsigned) {};

    bool revive(watched_source::view const& now, unsigned attempt, unsigned losses, fargate::duration wait,
                std::stop_token const&) {
        revived.push_back({now.run.id, attempt, losses, wait});
        on_revive(now, attempt, losses);
        return true;
    }
    void rest_subnet(std::string subnet, fargate::time_point until) { rested.emplace_back(std::move(subnet), until); }
};

/// A backend, an ECS and one agent's parts, all by one clock. Tasks start after 5 s and run for 10 unless told otherwise.
struct watch_scene {
    using ecs_client = fargate::aws::ecs<fake_parts>;
    using custody = fargate::service::custody<watched_run>;

    fargate::testing::manual_clock clock{};
    fargate::testing::fake_ecs ecs{{}, fargate::testing::time_of(clock)};
    fargate::aws::parts<fake_parts> parts{
        .http = {&ecs},
        .credentials = {fargate::testing::example_key().id, fargate::testing::example_key().secret_key},
        .clock = {&clock}};
    ecs_client client{parts, options()};
    watched_source source{};
    recording_desk desk{};
    fargate::testing::captured_log log{};
    fargate::service::health_book book{};
    custody shared{};
    fargate::service::protocol rules{};
    std::vector<std::string> held{};

    watch_scene() {
        rules.fleet = "our-fleet";
        shared.family = [](watched_run const&) { return std::string{"prefect-task-1"}; };
        shared.held = [this] { return held; };
        (void)client.register_task_definition(*fargate::json::parse(R"({"family": "prefect-task-1",
            "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
            "containerDefinitions": [{"name": "flow", "image": "busybox", "essential": true},
                                     {"name": "sidecar", "image": "busybox", "essential": false}]})"));
    }

    static fargate::aws::client_options options() {
        fargate::aws::client_options made;
        made.region = "us-east-1";
        return made;
    }

    /// What ECS makes of a launch: the task's ARN. With a `token` the same one for the same token.
    std::string launch(std::string const& run, std::string const& started_by = "our-fleet",
                       std::string const& token = {}) {
        namespace json = fargate::json;
        auto body = *json::parse(R"({"taskDefinition": "prefect-task-1", "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})");
        if (!started_by.empty()) json::set(body, "startedBy", started_by);
        if (!token.empty()) json::set(body, "clientToken", token);
        if (!run.empty())
            json::set(
                body, "overrides",
                json::value(
                    {{"containerOverrides",
                      json::value::array({json::value(
                          {{"name", "flow"},
                           {"environment", json::value::array({json::value(
                                               {{"name", "PREFECT__CONTEXT__FLOW_RUN_ID"}, {"value", run}})})}})})}}));
        auto const ran = client.run_task(body);
        return ran && !ran->tasks.empty() ? ran->tasks[0].arn : "nothing: " + (ran ? "" : ran.error().message);
    }

    /// A claimed run with a task that this process launched.
    std::string launch_and_follow(std::string const& run, unsigned attempt = 0, unsigned losses = 0) {
        if (!source.runs.contains(run)) source.claim_run(run, clock.now());
        fargate::service::watched made;
        made.run = run;
        made.task = launch(run);
        made.epoch = "1";
        made.attempt = attempt;
        made.losses = losses;
        made.accepted = clock.now();
        auto task = made.task;
        shared.tasks.follow(std::move(made));
        return task;
    }

    /// What a task is in the agent's book; nothing when it is not followed.
    [[nodiscard]] std::optional<fargate::service::watched> followed(std::string const& task) const {
        auto const all = shared.tasks.all([&](auto const& each) { return each.task == task; });
        return all.empty() ? std::nullopt : std::optional{all[0]};
    }

    [[nodiscard]] std::size_t asked(char const* operation) const { return ecs.log().count(operation); }
    [[nodiscard]] std::string status(std::string const& task) const {
        return std::string{fargate::json::text_of(ecs.task(task), "lastStatus").value_or("")};
    }
};

} // namespace testing_support

#endif
