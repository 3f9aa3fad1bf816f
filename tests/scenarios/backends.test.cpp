#include <fargate/prefect/server.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/time_source.hpp>

#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::cloud_settings;
using testing_support::json_of;
using testing_support::recorded_data;
using testing_support::server_settings;

// One agent for every backend of the family: each of its kinds is a fake that holds requests against its own schema.

namespace {

std::vector<std::string> ids_of(std::vector<prefect::flow_run> const& runs) {
    std::vector<std::string> ids;
    for (auto const& each : runs) ids.push_back(each.id);
    return ids;
}

} // namespace

TEST_CASE(
    "7: 0.14.2: run_config is asked for of the run as well, and dropped for good when an older Server refuses it") {
    for (bool const newer : {false, true}) {
        testing::manual_clock clock;
        testing::captured_log log;
        testing::fake_prefect prefect{{.run_config_on_flow_run = newer}, testing::time_of(clock)};
        auto row = recorded_data("flow_run_docker_run_config")["flow_run"][0];
        json::set(row, "run_config", json_of(R"({"type": "ECSRun", "image": "own"})"));
        prefect.add_flow_run(row);
        auto options = server_settings();
        prefect::server source{prefect, clock, log, options};
        REQUIRE(source.open());
        for (int poll = 0; poll != 3; ++poll) {
            auto const runs = source.poll({});
            REQUIRE(runs);
            REQUIRE(runs->size() == 1);
            CHECK(runs->front().run_config.is_null() != newer);
            CHECK(json::text_of(runs->front().flow.run_config, "type") == "UniversalRun");
        }
        auto const asked_for = prefect.log().all("flow_run");
        CHECK(asked_for.size() == (newer ? 3 : 4));
        CHECK(asked_for.front().status == (newer ? 200 : 400));
        CHECK(asked_for.back().status == 200);
        CHECK(log.contains("knows no run_config of flow runs") != newer);
    }
}

TEST_CASE("7: 0.14.17: prefetch: `before` = now + 10 s, and the job is held until it is due") {
    for (bool const ahead : {false, true}) {
        testing::manual_clock clock;
        testing::captured_log log;
        testing::fake_prefect prefect{{}, testing::time_of(clock)};
        auto const add = [&](char const* id, char const* start) {
            auto row = recorded_data("flow_run_docker_local_environment")["flow_run"][0];
            json::set(row, "id", id);
            json::set(row, "scheduled_start_time", "2024-01-02T03:00:00+00:00");
            row["serialized_state"]["start_time"] = start;
            json::set(row, "labels", json_of(R"(["aws"])"));
            prefect.add_flow_run(row);
        };
        std::string const due = "00000000-0000-4000-8000-000000000001", soon = "00000000-0000-4000-8000-000000000002";
        add(due.c_str(), "2024-01-02T03:04:05+00:00");
        add(soon.c_str(), "2024-01-02T03:04:15+00:00");
        add("00000000-0000-4000-8000-000000000003", "2024-01-02T03:04:15.000001+00:00");
        auto options = server_settings();
        options.prefetch = ahead;
        prefect::server source{prefect, clock, log, options};
        REQUIRE(source.open());
        auto const runs = source.poll({});
        REQUIRE(runs);
        if (!ahead) {
            CHECK(ids_of(*runs) == std::vector<std::string>{due});
            CHECK_FALSE(runs->front().not_before);
            continue;
        }
        REQUIRE(ids_of(*runs) == std::vector<std::string>{due, soon});
        CHECK(runs->front().not_before == clock.now());
        CHECK(runs->back().not_before == clock.now() + 10s);
    }
}

TEST_CASE("a backend that holds every request against its schema takes all of them, on both backends") {
    for (bool const cloud : {false, true}) {
        auto options = cloud ? cloud_settings() : server_settings();
        options.labels.clear();
        options.agent_config_id = "5f0e8a77-6b1e-4d4c-9a21-c2a9e6f45d2b";
        testing::manual_clock clock;
        testing::captured_log log;
        testing::prefect_setup setup;
        setup.cloud = cloud;
        setup.token = options.token.reveal();
        testing::fake_prefect prefect{setup, [&] { return clock.now(); }};
        prefect.add_agent_config(options.agent_config_id, json_of("{}"));
        prefect.add_flow_runs(testing_support::load("prefect1/flow_run_running_scheduled_task_runs.json"));
        prefect.add_flow_runs(testing_support::load("prefect1/flow_run_s3_environment_no_image.json"));

        prefect::server source{prefect, clock, log, options};
        REQUIRE(source.open());
        CHECK(log.count(log_level::error) + log.count(log_level::warning) == 0);
        auto const runs = source.poll({});
        REQUIRE(runs);
        REQUIRE(runs->size() == 2);
        for (auto const& each : *runs) {
            auto const claimed = source.claim(each);
            REQUIRE(claimed);
            CHECK(claimed->kind == claim::outcome::won);
            CHECK(source.heartbeat(each.id));
            CHECK(prefect.heartbeats(each.id) == 1);
        }
        CHECK(source.launched(runs->front().id, "arn"));
        CHECK(prefect.logs(runs->front().id).size() == 1);
        CHECK(source.failed(runs->back().id, {}, "no image"));
        CHECK(prefect.state(runs->back().id) == "Failed");
        CHECK(source.poll({})->empty());
    }
}
