#include <fargate/deploy/plan.hpp>

#include "deploy/recorded.hpp"
#include "deploy/same.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>
#include <vector>

namespace json = fargate::json;
using fargate::errc;
using fargate::secret;
using fargate::deploy::launch_plan;
using fargate::deploy::plan;
using fargate::deploy::settings;
using fargate::prefect::flow_run;
using testing_support::load_recorded;
using testing_support::load_run;
using testing_support::same;

namespace {

launch_plan planned(flow_run const& run, settings const& with, unsigned attempt = 0) {
    auto made = plan(run, with, attempt);
    if (!made) FAIL(made.error().message);
    return *std::move(made);
}

std::string failure(flow_run const& run, settings const& with) {
    auto const made = plan(run, with);
    return made ? "planned" : made.error().message;
}

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message);
    return *read;
}

std::string token_of(launch_plan const& made) { return testing_support::text(made.task, "clientToken"); }

/// The body without its clientToken, which the original did not send.
json::value without_token(json::value const& task) {
    json::value made;
    for (auto const& [name, value] : *task.get_ptr<json::value::object_t const*>())
        if (name != "clientToken") json::set(made, name, value);
    return made;
}

/// The container's environment as `NAME=value` lines.
std::vector<std::string> environment_of(launch_plan const& made) {
    std::vector<std::string> lines;
    for (auto const& each : made.definition["containerDefinitions"][0]["environment"])
        lines.push_back(testing_support::text(each, "name") + "=" + testing_support::text(each, "value"));
    return lines;
}

flow_run const& some_run() {
    static flow_run const run = load_run("flow_run_docker_run_config.json");
    return run;
}

} // namespace

TEST_CASE("every recorded launch is planned as the original made it", "[deploy][plan]") {
    auto const* const file =
        GENERATE("expected_plain_docker_local_environment.json", "expected_plain_docker_run_config.json",
                 "expected_plain_environment_metadata_image.json", "expected_plain_running_scheduled_task_runs.json",
                 "expected_plain_s3_no_environment_default_image.json", "expected_revisions_docker_run_config.json");
    INFO(file);
    auto const recorded = load_recorded(file);
    auto const made = planned(recorded.run, recorded.settings);
    CHECK(same(made.definition) == same(recorded.parameters("register_task_definition")));
    CHECK(same(without_token(made.task)) == same(recorded.parameters("run_task")));
    CHECK(made.family == testing_support::text(recorded.parameters("describe_task_definition"), "taskDefinition"));
    CHECK(token_of(made).size() == 43);
    CHECK(made.reusable.revisions == (std::string{file}.find("revisions") != std::string::npos));
    CHECK(made.reusable.flow_id8 == recorded.run.flow.id.substr(0, 8));
    CHECK(made.reusable.flow_version == recorded.run.flow.version);
}

TEST_CASE("a flow without an image fails with the recorded words", "[deploy][plan]") {
    auto const recorded = load_recorded("expected_plain_s3_environment_no_image.json");
    auto const made = plan(recorded.run, recorded.settings);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == errc::invalid_argument);
    std::string told;
    for (auto const& step : recorded.steps)
        if (step["graphql"] == "write_run_logs")
            told = testing_support::text(step["variables"]["input"]["logs"][0], "message");
    CHECK(made.error().message == told);
    CHECK_FALSE(told.empty());
}

TEST_CASE("two agents plan the same bytes, and only backend, epoch and attempt change the token", "[deploy][plan]") {
    auto const recorded = load_recorded("expected_revisions_docker_run_config.json");
    auto const again = load_recorded("expected_revisions_docker_run_config.json");
    auto const one = planned(recorded.run, recorded.settings);
    auto const two = planned(again.run, again.settings);
    CHECK(json::write(one.definition) == json::write(two.definition));
    CHECK(json::write(one.task) == json::write(two.task));

    // kwargs are written in one order, however they were given
    fargate::testing::captured_log log;
    auto shuffled = recorded.settings;
    auto given = recorded.settings;
    shuffled.kwargs =
        *fargate::deploy::read_kwargs(document(R"({"memory": "1", "cpu": "2", "group": "g", "cluster": "c"})"), log);
    given.kwargs =
        *fargate::deploy::read_kwargs(document(R"({"cluster": "c", "cpu": "2", "memory": "1", "group": "g"})"), log);
    CHECK(json::write(planned(recorded.run, shuffled).definition) ==
          json::write(planned(recorded.run, given).definition));
    CHECK(json::write(planned(recorded.run, shuffled).task) == json::write(planned(recorded.run, given).task));

    CHECK(token_of(planned(recorded.run, given)) == token_of(one)); // other settings, same wish
    CHECK(token_of(planned(recorded.run, recorded.settings, 1)) != token_of(one));
    auto elsewhere = recorded.settings;
    elsewhere.api = "http://other:4200";
    CHECK(token_of(planned(recorded.run, elsewhere)) != token_of(one));
    auto rescheduled = recorded.run;
    rescheduled.version += 2;
    CHECK(token_of(planned(rescheduled, recorded.settings)) != token_of(one));
    auto claimed = recorded.run;
    claimed.version += 1;
    json::set(claimed.state, "type", "Submitted");
    CHECK(token_of(planned(claimed, recorded.settings)) == token_of(one));
    settings nowhere;
    nowhere.api = "https://api.prefect.io";
    CHECK(token_of(planned(recorded.run, nowhere)) == token_of(planned(recorded.run, settings{})));
}

TEST_CASE("without a launch type none is sent, nor a compatibility", "[deploy][plan]") {
    settings with;
    with.launch_type = "";
    auto const made = planned(some_run(), with);
    CHECK_FALSE(made.task.contains("launchType"));
    CHECK_FALSE(made.definition.contains("requiresCompatibilities"));
    with.launch_type = "EC2";
    CHECK(planned(some_run(), with).task["launchType"] == "EC2");
    CHECK(json::write(planned(some_run(), with).definition["requiresCompatibilities"]) == "[\"EC2\"]");
}

TEST_CASE("a capacity provider strategy is never sent with a launch type", "[deploy][plan]") {
    settings with;
    json::set(with.kwargs.run, "capacityProviderStrategy", document(R"([{"capacityProvider": "FARGATE_SPOT"}])"));
    auto const made = planned(some_run(), with);
    CHECK_FALSE(made.task.contains("launchType"));
    CHECK(made.task.contains("capacityProviderStrategy"));
    CHECK(made.definition.contains("requiresCompatibilities"));
}

TEST_CASE("env_vars follow the fixed seven, and replace them in place", "[deploy][plan]") {
    settings with;
    with.labels = {"it's", "b"};
    with.log_to_cloud = false;
    with.logging_level = "DEBUG";
    with.env_vars = {{"A", "1"}, {"PREFECT__LOGGING__LEVEL", "WARNING"}, {"B", ""}, {"A", "2"}};
    with.kwargs.container = document(R"({"environment": [{"name": "B", "value": "lost"}, {"name": "C", "value": "3"},
        {"name": "PREFECT__CLOUD__API", "value": "lost"}, {"name": "D"}]})");
    CHECK(environment_of(planned(some_run(), with)) ==
          std::vector<std::string>{"PREFECT__CLOUD__API=https://api.prefect.io",
                                   "PREFECT__CLOUD__AGENT__LABELS=[\"it's\", 'b']",
                                   "PREFECT__CLOUD__USE_LOCAL_SECRETS=false", "PREFECT__LOGGING__LOG_TO_CLOUD=false",
                                   "PREFECT__LOGGING__LEVEL=WARNING",
                                   "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudFlowRunner",
                                   "PREFECT__ENGINE__TASK_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudTaskRunner",
                                   "A=2", "B=", "C=3", "D="});
    with.env_vars = {{"", "x"}};
    CHECK(failure(some_run(), with) == "env_vars has an entry without a name");
}

TEST_CASE("empty container members and empty texts are left out, other falsy values are kept", "[deploy][plan]") {
    settings with;
    with.kwargs.definition =
        document(R"({"taskRoleArn": "", "networkMode": "", "volumes": [], "inferenceAccelerators": []})");
    with.kwargs.run = document(R"({"cluster": "", "count": 0, "enableECSManagedTags": false})");
    with.kwargs.container =
        document(R"({"secrets": [], "mountPoints": [{"sourceVolume": "v"}], "logConfiguration": {}})");
    auto const made = planned(some_run(), with);
    CHECK(made.definition["networkMode"] == "awsvpc");
    CHECK_FALSE(made.definition.contains("taskRoleArn"));
    CHECK(made.definition.contains("volumes"));
    auto const& container = made.definition["containerDefinitions"][0];
    CHECK_FALSE(container.contains("secrets"));
    CHECK_FALSE(container.contains("logConfiguration"));
    CHECK(container.contains("mountPoints"));
    CHECK_FALSE(made.task.contains("cluster"));
    CHECK(made.task["count"] == 0);
    CHECK(made.task["enableECSManagedTags"] == false);
}

TEST_CASE("with revisions the family is the flow's slug, as far as there is one", "[deploy][plan]") {
    settings with;
    with.enable_task_revisions = true;
    auto run = some_run();
    auto const family = [&](std::string const& name) {
        run.flow.name = name;
        auto const made = planned(run, with);
        CHECK(made.definition["family"] == made.family);
        CHECK(made.task["taskDefinition"] == made.family);
        return made.family;
    };
    CHECK(family("flow #1") == "flow-1");
    CHECK(family("北京") == "prefect-task-b3f0c9d2");
    CHECK(family("#!?") == "prefect-task-b3f0c9d2");
    CHECK(family(std::string(300, 'x')) == std::string(255, 'x'));
    CHECK(family(std::string(254, 'x') + " y") == std::string(254, 'x'));
    with.enable_task_revisions = false;
    CHECK(family("flow #1") == "prefect-task-b3f0c9d2");
}

TEST_CASE("revision tags replace the user's of that name and leave RunTask's alone", "[deploy][plan]") {
    settings with;
    with.enable_task_revisions = true;
    with.kwargs.definition =
        document(R"({"tags": [{"key": "PrefectFlowVersion", "value": "x"}, {"key": "a", "value": "b"}]})");
    with.kwargs.run = document(R"({"tags": [{"key": "PrefectFlowVersion", "value": "x"}]})");
    auto run = some_run();
    CHECK(
        json::write(planned(run, with).definition["tags"]) ==
        R"([{"key": "PrefectFlowVersion", "value": "12"}, {"key": "a", "value": "b"}, {"key": "PrefectFlowId", "value": "b3f0c9d2"}])");
    CHECK(json::write(planned(run, with).task["tags"]) == R"([{"key": "PrefectFlowVersion", "value": "x"}])");
    run.flow.version.reset();
    with.kwargs = {};
    CHECK(json::write(planned(run, with).definition["tags"]) == R"([{"key": "PrefectFlowId", "value": "b3f0c9d2"}])");
    with.enable_task_revisions = false;
    CHECK_FALSE(planned(run, with).definition.contains("tags"));
}

TEST_CASE("overrides past ECS's limit are refused before anything is sent", "[deploy][plan]") {
    settings with;
    with.token = secret{std::string(7800, 't')};
    CHECK(failure(some_run(), with) == "planned");
    with.token = secret{std::string(8200, 't')};
    auto const told = failure(some_run(), with);
    CHECK(told.find("longer than the 8192 characters") != std::string::npos);
    CHECK(told.find("ttt") == std::string::npos);
}

TEST_CASE("another hash library plans the same way", "[deploy][plan]") {
    struct zeros {
        fargate::crypto::digest sha256(std::string_view) const noexcept { return {}; }
        fargate::crypto::digest hmac_sha256(std::string_view, std::string_view) const noexcept { return {}; }
    };
    auto const made = plan(some_run(), settings{}, 0, zeros{});
    REQUIRE(made.has_value());
    CHECK(token_of(*made) == std::string(43, 'A'));
}
