#include <fargate/deploy/plan.hpp>

#include "deploy/recorded.hpp"
#include "deploy/same.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
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

launch_plan planned(flow_run const& run, settings const& with) {
    auto made = plan(run, with);
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

/// Whose launch it is, as one word.
std::string wish_of(launch_plan const& made) {
    return made.wanted.backend + '|' + made.wanted.run + '|' + made.wanted.epoch;
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
    CHECK(same(made.task) == same(recorded.parameters("run_task")));
    CHECK(made.family == testing_support::text(recorded.parameters("describe_task_definition"), "taskDefinition"));
    CHECK(made.wanted.run == recorded.run.id);
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

TEST_CASE("two agents plan the same bytes, and only backend, run and epoch say whose launch it is", "[deploy][plan]") {
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

    CHECK(wish_of(one) ==
          recorded.settings.api + '|' + recorded.run.id + '|' + fargate::prefect::epoch_of(recorded.run));
    CHECK(wish_of(planned(recorded.run, given)) == wish_of(one)); // other settings, same wish
    auto elsewhere = recorded.settings;
    elsewhere.api = "http://other:4200";
    CHECK(wish_of(planned(recorded.run, elsewhere)) != wish_of(one));
    auto rescheduled = recorded.run;
    rescheduled.version += 2;
    CHECK(wish_of(planned(rescheduled, recorded.settings)) != wish_of(one));
    auto claimed = recorded.run;
    claimed.version += 1;
    json::set(claimed.state, "type", "Submitted");
    CHECK(wish_of(planned(claimed, recorded.settings)) == wish_of(one));
    settings nowhere;
    nowhere.api = "https://api.prefect.io";
    CHECK(wish_of(planned(recorded.run, nowhere)) == wish_of(planned(recorded.run, settings{})));
}

TEST_CASE("not idempotent, a plan is nobody's launch; it never holds a token itself", "[deploy][plan]") {
    settings with;
    CHECK_FALSE(planned(some_run(), with).task.contains("clientToken"));
    with.idempotent = false;
    CHECK(wish_of(planned(some_run(), with)) == "||");
    CHECK_FALSE(planned(some_run(), with).task.contains("clientToken"));
}

TEST_CASE("the fleet's name is in startedBy where nobody set that", "[deploy][plan]") {
    settings with;
    CHECK_FALSE(planned(some_run(), with).task.contains("startedBy"));
    with.fleet = "fleet-1";
    CHECK(planned(some_run(), with).task["startedBy"] == "fleet-1");
    with.kwargs.run = document(R"({"startedBy": ""})"); // none is wanted
    CHECK_FALSE(planned(some_run(), with).task.contains("startedBy"));
    with.kwargs.run = document(R"({"startedBy": "me"})");
    CHECK(planned(some_run(), with).task["startedBy"] == "me");

    with.kwargs.run = json::value::object();
    with.use_run_config = true;
    auto run = some_run();
    run.run_config = document(R"({"type": "ECSRun", "run_task_kwargs": {"startedBy": "the run"}})");
    CHECK(planned(run, with).task["startedBy"] == "the run");
}

TEST_CASE("a task's longest time is the agent's, or the one that maxRunDuration names, and is not sent",
          "[deploy][plan]") {
    using std::chrono::seconds;
    settings with;
    CHECK(planned(some_run(), with).max_run == seconds{0});
    with.max_run = seconds{60};
    CHECK(planned(some_run(), with).max_run == seconds{60});
    with.kwargs.max_run = seconds{30};
    auto const made = planned(some_run(), with);
    CHECK(made.max_run == seconds{30});
    CHECK(same(made.task) == same(planned(some_run(), settings{}).task));
    CHECK(same(made.definition) == same(planned(some_run(), settings{}).definition));
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
    CHECK(made.placed);
    CHECK_FALSE(planned(some_run(), settings{}).placed);

    // of the run's word and the agent's, the run's
    with.use_run_config = true;
    auto run = some_run();
    run.run_config = document(R"({"type": "ECSRun", "run_task_kwargs": {"launchType": "EC2"}})");
    CHECK_FALSE(planned(run, with).task.contains("capacityProviderStrategy"));
    CHECK(planned(run, with).task["launchType"] == "EC2");
    CHECK(planned(run, with).placed);
    run.run_config = document(R"({"type": "ECSRun", "run_task_kwargs": {"launchType": ""}})");
    CHECK(planned(run, with).task.contains("capacityProviderStrategy"));
    CHECK_FALSE(planned(run, with).task.contains("launchType"));
    with.kwargs.run = json::value::object();
    CHECK_FALSE(planned(run, with).placed);
    run.run_config = document(R"({"type": "ECSRun", "run_task_kwargs": {"capacityProviderStrategy": [
        {"capacityProvider": "mine"}]}})");
    CHECK(planned(run, with).task.contains("capacityProviderStrategy"));
    CHECK_FALSE(planned(run, with).task.contains("launchType"));
    CHECK(planned(run, with).placed);
    json::set(run.run_config["run_task_kwargs"], "launchType", "EC2");
    CHECK(failure(run, with) ==
          "run_config.run_task_kwargs has both launchType and capacityProviderStrategy: AWS takes "
          "one of them");
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
