#include <fargate/deploy/run_config.hpp>

#include "deploy/same.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <fargate/deploy/plan.hpp>

#include <string>

namespace json = fargate::json;
using fargate::errc;
using fargate::secret;
using fargate::deploy::plan;
using fargate::deploy::read_run_config;
using fargate::deploy::settings;
using fargate::prefect::flow_run;
using testing_support::same;

namespace {

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message << ": " << text);
    return *read;
}

/// `task overrides environment`, or the message of the failure.
std::string wishes(std::string const& run_config) {
    auto const read = read_run_config(document(run_config));
    if (!read) return (read.error().code == errc::invalid_argument ? "" : "wrong code: ") + read.error().message;
    return same(read->task) + " " + same(read->overrides) + " " + same(read->environment);
}

std::string ecs_run(std::string const& members) { return wishes(R"({"type": "ECSRun", )" + members + "}"); }

flow_run run_with(std::string const& run_config) {
    flow_run run;
    run.id = "RUN";
    run.flow.id = "b3f0c9d2-1a64";
    run.flow.storage = document(R"({"type": "S3"})");
    run.flow.run_config = document(run_config);
    return run;
}

json::value task(flow_run const& run, settings const& with) {
    auto const made = plan(run, with);
    if (!made) FAIL(made.error().message);
    json::value body;
    for (auto const& [name, value] : *made->task.get_ptr<json::value::object_t const*>())
        if (name != "clientToken") json::set(body, name, value);
    return body;
}

std::string const whole = R"({"type": "ECSRun", "__version__": "0.14.22", "labels": ["aws"], "image": "me/img:1",
    "env": {"A": "1", "PREFECT__CONTEXT__FLOW_RUN_ID": "mine"}, "cpu": "2048", "memory": 4096,
    "task_role_arn": "arn:task", "execution_role_arn": "arn:execution", "task_definition": null,
    "run_task_kwargs": {"cluster": "other", "tags": [{"key": "k", "value": "v"}]}})";

} // namespace

TEST_CASE("§5.2 quirk: run_config.env/cpu/memory are ignored by default", "[deploy][run_config]") {
    settings with;
    with.kwargs.run = document(R"({"cluster": "mine"})");
    auto plain = run_with(R"({"type": "ECSRun", "image": "me/img:1"})");
    CHECK(same(task(run_with(whole), with)) == same(task(plain, with)));
    // whatever is wrong in there
    CHECK(same(task(run_with(R"({"type": "ECSRun", "image": "me/img:1", "cpu": [], "foo": 1})"), with)) ==
          same(task(plain, with)));
}

TEST_CASE("with use_run_config an ECSRun overrides through RunTask, and the definition stays the same",
          "[deploy][run_config]") {
    settings with;
    with.token = secret{"TOKEN"};
    with.use_run_config = true;
    with.kwargs.run = document(R"({"cluster": "mine", "count": 1, "tags": []})");
    CHECK(same(task(run_with(whole), with)) ==
          same(document(R"({"taskDefinition": "prefect-task-b3f0c9d2", "launchType": "FARGATE", "cluster": "other",
              "count": 1, "tags": [{"key": "k", "value": "v"}],
              "overrides": {"cpu": "2048", "memory": "4096", "taskRoleArn": "arn:task",
                  "executionRoleArn": "arn:execution", "containerOverrides": [{"name": "flow", "environment": [
                      {"name": "PREFECT__CLOUD__AUTH_TOKEN", "value": "TOKEN"},
                      {"name": "PREFECT__CONTEXT__FLOW_RUN_ID", "value": "RUN"},
                      {"name": "PREFECT__CONTEXT__FLOW_ID", "value": "b3f0c9d2-1a64"},
                      {"name": "A", "value": "1"}]}]}})")));
    settings without = with;
    without.use_run_config = false;
    CHECK(json::write(plan(run_with(whole), with)->definition) ==
          json::write(plan(run_with(whole), without)->definition));
    CHECK(same(task(run_with("null"), with)) == same(task(run_with("null"), without)));
}

TEST_CASE("the run's own configuration stands before its flow's", "[deploy][run_config]") {
    settings with;
    with.use_run_config = true;
    auto run = run_with(R"({"type": "ECSRun", "cpu": "256"})");
    run.run_config = document(R"({"type": "ECSRun", "memory": "512"})");
    CHECK(json::write(task(run, with)["overrides"]).find(R"("memory": "512")") != std::string::npos);
    CHECK(json::write(task(run, with)["overrides"]).find("cpu") == std::string::npos);
}

TEST_CASE("run_task_kwargs may bring overrides of their own, which give way to the rest", "[deploy][run_config]") {
    settings with;
    with.use_run_config = true;
    auto const run = run_with(R"({"type": "ECSRun", "cpu": "256", "env": {"A": "env"}, "run_task_kwargs": {
        "overrides": {"cpu": "512", "memory": "1024", "containerOverrides": [
            {"name": "sidecar", "cpu": 1},
            {"name": "flow", "command": ["sh"], "environment": [{"name": "A", "value": "lost"},
                {"name": "B", "value": "kept"}, {"name": "PREFECT__CONTEXT__FLOW_ID", "value": "lost"}]}]}}})");
    CHECK(same(task(run, with)["overrides"]) ==
          same(document(R"({"cpu": "256", "memory": "1024", "containerOverrides": [
              {"name": "flow", "command": ["sh"], "environment": [
                  {"name": "PREFECT__CLOUD__AUTH_TOKEN", "value": ""},
                  {"name": "PREFECT__CONTEXT__FLOW_RUN_ID", "value": "RUN"},
                  {"name": "PREFECT__CONTEXT__FLOW_ID", "value": "b3f0c9d2-1a64"},
                  {"name": "A", "value": "env"}, {"name": "B", "value": "kept"}]},
              {"name": "sidecar", "cpu": 1}]})")));
}

TEST_CASE("a run names its launch type or a capacity provider strategy instead of the agent's",
          "[deploy][run_config]") {
    settings with;
    with.use_run_config = true;
    CHECK(task(run_with(R"({"type": "ECSRun", "run_task_kwargs": {"launchType": "EC2"}})"), with)["launchType"] ==
          "EC2");
    auto const spot = task(run_with(R"({"type": "ECSRun", "run_task_kwargs": {
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}})"),
                           with);
    CHECK_FALSE(spot.contains("launchType"));
    CHECK(spot.contains("capacityProviderStrategy"));
}

TEST_CASE("of other run configurations env alone counts", "[deploy][run_config]") {
    CHECK(wishes(R"({"type": "UniversalRun", "env": {"A": "1"}})") == R"({} {} [{"name": "A", "value": "1"}])");
    CHECK(wishes(R"({"type": "KubernetesRun", "env": null, "cpu": [], "job_template": {}})") == "{} {} []");
    CHECK(wishes(R"({"type": "VertexRun", "cpu_limit": 1})") == "{} {} []");
    CHECK(wishes("null") == "{} {} []");
    CHECK(ecs_run(R"("cpu": "", "memory": null, "env": {}, "run_task_kwargs": null)") == "{} {} []");
}

TEST_CASE("an ill-typed or unknown member fails the run in one line that names it", "[deploy][run_config]") {
    CHECK(wishes("[]") == "run_config must be an object, not a list");
    CHECK(ecs_run(R"("cpu": [])") == "run_config.cpu must be text, not a list");
    CHECK(ecs_run(R"("memory": 2.5)") == "run_config.memory must be text, not a number with a fraction");
    CHECK(ecs_run(R"("task_role_arn": {})") == "run_config.task_role_arn must be text, not an object");
    CHECK(ecs_run(R"("execution_role_arn": true)") == "run_config.execution_role_arn must be text, not true or false");
    CHECK(ecs_run(R"("env": [])") == "run_config.env must be an object, not a list");
    CHECK(ecs_run(R"("env": {"PORT": 80})") == "run_config.env.PORT must be text, not a whole number");
    CHECK(ecs_run(R"("env": {"": "x"})") == "run_config.env has an entry without a name");
    CHECK(ecs_run(R"("run_task_kwargs": "x")") == "run_config.run_task_kwargs must be an object, not text");
    CHECK(ecs_run(R"("run_task_kwargs": {"count": "two"})") ==
          "run_config.run_task_kwargs.count must be a whole number: its text is neither a Python literal nor JSON");
    CHECK(ecs_run(R"("run_task_kwargs": {"networkConfiguration": {"awsvpcConfiguration": {"subnets": "s"}}})") ==
          "run_config.run_task_kwargs.networkConfiguration.awsvpcConfiguration.subnets must be a list, not text");
    CHECK(ecs_run(R"("run_task_kwargs": {"clustre": "x"})") ==
          "unknown keyword argument run_config.run_task_kwargs.clustre: did you mean "
          "run_config.run_task_kwargs.cluster?");
    for (auto const* const own : {"clientToken", "taskDefinition", "family"})
        CHECK(ecs_run(R"("run_task_kwargs": {")" + std::string{own} + R"(": "x"})").find(own) != std::string::npos);
    CHECK(ecs_run(R"("run_task_kwargs": {"overrides": {"cpus": "1"}})") ==
          "unknown keyword argument run_config.run_task_kwargs.overrides.cpus: did you mean "
          "run_config.run_task_kwargs.overrides.cpu?");
    CHECK(ecs_run(R"("task_definition_arn": "arn")") ==
          "run_config.task_definition_arn cannot be used: this agent registers the task definitions of flows itself");
    CHECK(ecs_run(R"("gpu\n": 1)") == "run_config.gpu? is no member of an ECSRun that this agent knows");
    settings with;
    with.use_run_config = true;
    auto const failed = plan(run_with(R"({"type": "ECSRun", "cpu": []})"), with);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().message == "run_config.cpu must be text, not a list");
}

TEST_CASE("an environment past ECS's limit fails the run before anything is sent", "[deploy][run_config]") {
    settings with;
    with.use_run_config = true;
    auto run = run_with(R"({"type": "ECSRun", "env": {}})");
    json::set(run.flow.run_config["env"], "A", std::string(9000, 'x'));
    auto const failed = plan(run, with);
    REQUIRE_FALSE(failed.has_value());
    CHECK(failed.error().message.find("longer than the 8192 characters") != std::string::npos);
}
