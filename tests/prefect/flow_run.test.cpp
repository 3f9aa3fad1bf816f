#include <fargate/prefect/flow_run.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

using namespace fargate;
using testing_support::json_of;
using testing_support::recorded_data;

namespace {

prefect::flow_run only(std::string const& name) {
    auto const runs = prefect::read_flow_runs(recorded_data(name));
    REQUIRE(runs);
    REQUIRE(runs->size() == 1);
    return runs->front();
}

char const* const whole = R"({"flow_run": [{"id": "r", "version": 2, "serialized_state": {"type": "Scheduled"},
    "scheduled_start_time": "t", "flow": {"id": "f", "name": "n"}, "task_runs": [{"id": "t", "version": 1}]}]})";

} // namespace

TEST_CASE("a Docker flow with a LocalEnvironment is read whole") {
    auto const run = only("flow_run_docker_local_environment");
    CHECK(run.id == "7f1d5c0a-3b6e-4a55-9c1c-0d9b7a1f2e10");
    CHECK(run.version == 2);
    CHECK(run.scheduled_start_time == "2020-12-09T08:30:00+00:00");
    CHECK(json::text_of(run.state, "type") == "Scheduled");
    CHECK(run.run_config.is_null());
    CHECK(run.task_runs.empty());
    CHECK(run.flow.id == "a718df81-3376-4039-a1e6-cf5b79baa7d4");
    CHECK(run.flow.id8() == "a718df81");
    CHECK(run.flow.name == "flow #1");
    CHECK(run.flow.version == 3);
    CHECK(run.flow.core_version == "0.13.19");
    CHECK(json::text_of(run.flow.storage, "type") == "Docker");
    CHECK(json::text_of(run.flow.environment, "type") == "LocalEnvironment");
    CHECK(run.flow.run_config.is_null());
}

TEST_CASE("a Docker flow with a run config has no environment") {
    auto const run = only("flow_run_docker_run_config");
    CHECK(run.flow.name == "Daily ETL (prod)");
    CHECK(run.flow.version == 12);
    CHECK(run.flow.environment.is_null());
    CHECK(json::text_of(run.flow.run_config, "type") == "UniversalRun");
}

TEST_CASE("the S3 flows and the flow of an older version are read") {
    auto const without_image = only("flow_run_s3_environment_no_image");
    CHECK(json::text_of(without_image.flow.storage, "type") == "S3");
    CHECK(json::object_of(without_image.flow.environment, "metadata") != nullptr);
    CHECK(only("flow_run_s3_no_environment_default_image").flow.core_version == "0.13.19+7.g1a2b3c4");
    auto const older = only("flow_run_environment_metadata_image");
    CHECK(older.flow.core_version == "0.12.6");
    CHECK(json::text_of(*json::object_of(older.flow.environment, "metadata"), "image") ==
          "docker.io/acme/prefect-runtime:1.4");
}

TEST_CASE("a running flow brings its due task runs in order") {
    auto const run = only("flow_run_running_scheduled_task_runs");
    CHECK(run.version == 5);
    CHECK(json::text_of(run.state, "type") == "Running");
    REQUIRE(run.task_runs.size() == 3);
    CHECK(run.task_runs[0].id == "1c3e5a70-9b2d-4f4e-8c6a-e3f5a7b92d87");
    CHECK(run.task_runs[0].version == 4);
    CHECK(run.task_runs[0].task_id == "2d4f6b81-0c3e-4a5f-9d7b-f406b8ca3e98");
    CHECK(json::integer_of(run.task_runs[0].state, "run_count") == 1);
    CHECK(json::text_of(run.task_runs[1].state, "type") == "Paused");
    CHECK(json::text_of(run.task_runs[2].state, "type") == "Submitted");
}

TEST_CASE("a newer backend's run_config of the run itself is kept apart from the flow's") {
    auto data = json_of(whole);
    data["flow_run"][0]["run_config"] = json_of(R"({"type": "ECSRun"})");
    auto const runs = prefect::read_flow_runs(data);
    REQUIRE(runs);
    CHECK(json::text_of(runs->front().run_config, "type") == "ECSRun");
    CHECK(runs->front().flow.run_config.is_null());
}

TEST_CASE("what may be null or absent is empty") {
    auto const runs = prefect::read_flow_runs(json_of(
        R"({"flow_run": [{"id": "r", "version": 0, "flow": {"id": "f", "version": null, "core_version": null}}]})"));
    REQUIRE(runs);
    auto const& run = runs->front();
    CHECK(run.state.is_null());
    CHECK(run.scheduled_start_time.empty());
    CHECK_FALSE(run.flow.version);
    CHECK(run.flow.core_version.empty());
    CHECK(run.flow.name.empty());
    CHECK(run.flow.storage.is_null());
    CHECK(run.task_runs.empty());
    CHECK(prefect::read_flow_runs(json_of(R"({"flow_run": []})"))->empty());
}

TEST_CASE("an answer without ids, versions or flows is not guessed at") {
    for (char const* const text : {"null", "{}", R"({"flow_run": null})", R"({"flow_run": {}})", R"({"flow_run": [7]})",
                                   R"({"flow_run": [null]})"})
        CHECK(prefect::read_flow_runs(json_of(text)).error().code == errc::malformed_response);

    struct row {
        char const* where;
        char const* put;
        char const* named;
    };
    for (auto const& each : {row{"/flow_run/0/id", "null", "flow run without an id"},
                             row{"/flow_run/0/id", "\"\"", "flow run without an id"},
                             row{"/flow_run/0/version", "\"2\"", "flow run without a version"},
                             row{"/flow_run/0/version", "1e300", "flow run without a version"},
                             row{"/flow_run/0/flow", "null", "flow run without its flow"},
                             row{"/flow_run/0/flow/id", "3", "flow without an id"},
                             row{"/flow_run/0/task_runs/0/id", "null", "task run without an id"},
                             row{"/flow_run/0/task_runs/0/version", "null", "task run without a version"}}) {
        INFO(each.where);
        auto data = json_of(whole);
        REQUIRE(prefect::read_flow_runs(data));
        data[json::value::json_pointer(each.where)] = json_of(each.put);
        auto const runs = prefect::read_flow_runs(data);
        REQUIRE_FALSE(runs);
        CHECK(runs.error().code == errc::malformed_response);
        CHECK(runs.error().message.find(each.named) != std::string::npos);
    }
}

TEST_CASE("7: 0.14.20: the delay uses serialized_state.start_time, else of a Scheduled run its scheduled start") {
    auto const due = [](char const* state, char const* scheduled) {
        prefect::flow_run run;
        run.state = json_of(state);
        run.scheduled_start_time = scheduled;
        auto const at = prefect::due_time_of(run);
        return at ? text::iso8601(*at) : "none";
    };
    char const* const noon = "2024-01-02T12:00:00+00:00";
    CHECK(due(R"({"type": "Scheduled", "start_time": "2024-01-02T03:04:05.5Z"})", noon) ==
          "2024-01-02T03:04:05.500000+00:00");
    CHECK(due(R"({"type": "Retrying", "start_time": "2024-01-02T05:04:05+02:00"})", noon) ==
          "2024-01-02T03:04:05+00:00");
    CHECK(due(R"({"type": "Scheduled"})", noon) == noon);
    CHECK(due(R"({"type": "Scheduled", "start_time": null})", noon) == noon);
    CHECK(due(R"({"type": "Running"})", noon) == "none"); // it may have been started early
    CHECK(due(R"({"type": "Scheduled", "start_time": "soon"})", noon) == "none");
    CHECK(due(R"({"type": "Scheduled"})", "") == "none");
    CHECK(due("null", noon) == "none");
}
