#include <fargate/deploy/plan.hpp>

#include "deploy/recorded.hpp"
#include "deploy/same.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
using fargate::secret;
using fargate::deploy::container_profile;
using fargate::deploy::launch_plan;
using fargate::deploy::plan;
using fargate::deploy::settings;
using fargate::prefect::flow_run;
using testing_support::load_run;
using testing_support::same;

// The rows on families, parameters and environments, each under its own name.

namespace {

flow_run const& some_run() {
    static flow_run const run = load_run("flow_run_docker_run_config.json");
    return run;
}

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message);
    return *read;
}

launch_plan planned(settings const& with, flow_run const& run = some_run()) {
    auto made = plan(run, with);
    if (!made) FAIL(made.error().message);
    return *std::move(made);
}

/// `NAME=value` lines.
std::vector<std::string> lines(json::value const& entries) {
    std::vector<std::string> made;
    for (auto const& each : entries)
        made.push_back(testing_support::text(each, "name") + "=" + testing_support::text(each, "value"));
    return made;
}

std::vector<std::string> environment(settings const& with) {
    return lines(planned(with).definition["containerDefinitions"][0]["environment"]);
}

std::vector<std::string> overrides(settings const& with) {
    return lines(planned(with).task["overrides"]["containerOverrides"][0]["environment"]);
}

std::string family(std::string const& name, bool revisions = true) {
    settings with;
    with.enable_task_revisions = revisions;
    auto run = some_run();
    run.flow.name = name;
    return planned(with, run).family;
}

} // namespace

TEST_CASE("§5.4 revisions off: family prefect-task-<id8>, no tags added", "[deploy][plan]") {
    CHECK(family("flow #1", false) == "prefect-task-b3f0c9d2");
    CHECK_FALSE(planned(settings{}).definition.contains("tags"));
}

TEST_CASE("§5.4 revisions on: family is the slug, tags PrefectFlowId and PrefectFlowVersion are in the definition "
          "alone",
          "[deploy][plan]") {
    settings with;
    with.enable_task_revisions = true;
    with.kwargs.definition =
        document(R"({"tags": [{"key": "PrefectFlowId", "value": "old"}, {"key": "a", "value": "b"}]})");
    with.kwargs.run = document(R"({"tags": [{"key": "a", "value": "b"}]})");
    auto const made = planned(with);
    CHECK(made.family == "daily-etl-prod");
    CHECK(same(made.definition["tags"]) ==
          same(document(R"([{"key": "PrefectFlowId", "value": "b3f0c9d2"}, {"key": "a", "value": "b"},
                            {"key": "PrefectFlowVersion", "value": "12"}])")));
    CHECK(same(made.task["tags"]) == R"([{"key": "a", "value": "b"}])");
}

TEST_CASE("§5.4: an empty slug falls back to prefect-task-<id8>, a long one is cut to 255", "[deploy][plan]") {
    CHECK(family("") == "prefect-task-b3f0c9d2");
    CHECK(family("#!?") == "prefect-task-b3f0c9d2");
    CHECK(family("北京 数据") == "prefect-task-b3f0c9d2");
    CHECK(family(std::string(300, 'n')) == std::string(255, 'n'));
    CHECK(family(std::string(254, 'n') + "-" + std::string(50, 'n')) == std::string(254, 'n'));
}

TEST_CASE("with a transliteration a Chinese flow has a family of its own, also cut to 255", "[deploy][plan]") {
    settings with;
    with.enable_task_revisions = true;
    with.transliterate = [](std::string_view letters) { return letters == "北" ? std::string{"Bei "} : std::string{}; };
    auto run = some_run();
    run.flow.name = "北 daily";
    CHECK(planned(with, run).family == "bei-daily");
    CHECK(fargate::deploy::slug_of("北", with) == "bei");
    with.transliterate = [](std::string_view) { return std::string(1000, 'x'); };
    CHECK(planned(with, run).family == std::string(255, 'x'));
}

TEST_CASE("§5.14 row: flow name: every other character becomes a dash, not `*` or `_`", "[deploy][plan]") {
    CHECK(family("flow #1") == "flow-1");
    CHECK(family("a*b_c") == "a-b-c");
}

TEST_CASE("§5.7: the parameters of register_task_definition", "[deploy][plan]") {
    settings with;
    with.kwargs.definition = document(R"({"cpu": "256", "taskRoleArn": "arn"})");
    with.kwargs.container = document(R"({"secrets": [], "mountPoints": [{"containerPath": "/d"}]})");
    auto const made = planned(with).definition;
    CHECK(testing_support::text(made, "family") == "prefect-task-b3f0c9d2");
    CHECK(testing_support::text(made, "networkMode") == "awsvpc");
    CHECK(testing_support::text(made, "cpu") == "256");
    CHECK(json::write(made["requiresCompatibilities"]) == R"(["FARGATE"])");
    auto const& container = made["containerDefinitions"][0];
    CHECK(made["containerDefinitions"].size() == 1);
    CHECK(testing_support::text(container, "name") == "flow");
    CHECK(json::write(container["command"]) == R"(["/bin/sh", "-c", "prefect execute flow-run"])");
    CHECK(container["essential"] == true);
    CHECK_FALSE(container.contains("secrets"));
    CHECK_FALSE(container.contains("cpu"));
    CHECK(container.contains("mountPoints"));
    with.kwargs.definition = document(R"({"networkMode": "bridge"})");
    CHECK(testing_support::text(planned(with).definition, "networkMode") == "bridge");
}

TEST_CASE("§5.8 entries 1-7: the fixed list of 0.13, in its order", "[deploy][plan]") {
    settings with;
    with.api = "http://me:4200";
    with.labels = {"aws", "say \"it's\"\n"};
    CHECK(environment(with) ==
          std::vector<std::string>{"PREFECT__CLOUD__API=http://me:4200",
                                   R"(PREFECT__CLOUD__AGENT__LABELS=['aws', 'say "it\'s"\n'])",
                                   "PREFECT__CLOUD__USE_LOCAL_SECRETS=false", "PREFECT__LOGGING__LOG_TO_CLOUD=true",
                                   "PREFECT__LOGGING__LEVEL=INFO",
                                   "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudFlowRunner",
                                   "PREFECT__ENGINE__TASK_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudTaskRunner"});
}

TEST_CASE("§7: the fixed list of 0.15.13, in its order", "[deploy][plan]") {
    settings with;
    with.profile = container_profile::v0_15;
    with.backend = "server";
    with.log_to_cloud = false;
    with.env_vars = {{"A", "1"}, {"PREFECT__BACKEND", "cloud"}};
    CHECK(environment(with) ==
          std::vector<std::string>{"PREFECT__BACKEND=cloud", "PREFECT__CLOUD__API=https://api.prefect.io",
                                   "PREFECT__CLOUD__AGENT__LABELS=[]", "PREFECT__CLOUD__USE_LOCAL_SECRETS=false",
                                   "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS=false", "PREFECT__LOGGING__LEVEL=INFO",
                                   "PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudFlowRunner",
                                   "PREFECT__ENGINE__TASK_RUNNER__DEFAULT_CLASS=prefect.engine.cloud.CloudTaskRunner",
                                   "PREFECT__LOGGING__LOG_TO_CLOUD=false", "A=1"});
    with.env_vars.clear();
    CHECK(environment(with).front() == "PREFECT__BACKEND=server");
}

TEST_CASE("§7: PREFECT__BACKEND is in the 0.15 profile alone", "[deploy][plan]") {
    settings with;
    with.backend = "server";
    for (auto const& each : environment(with)) CHECK(each.find("PREFECT__BACKEND") == std::string::npos);
}

TEST_CASE("§5.8 entries 8 and 9: env_vars in order, then the kwarg's entries of other names", "[deploy][plan]") {
    settings with;
    with.env_vars = {{"B", "1"}, {"A", "2"}, {"B", "3"}};
    with.kwargs.container =
        document(R"({"environment": [{"name": "A", "value": "lost"}, {"name": "C", "value": "4"}]})");
    auto const all = environment(with);
    CHECK(std::vector<std::string>(all.begin() + 7, all.end()) == std::vector<std::string>{"B=3", "A=2", "C=4"});
}

TEST_CASE("§5.8: a name in env_vars and in the fixed list appears once, the user's value wins", "[deploy][plan]") {
    auto const profile = GENERATE(container_profile::v0_13, container_profile::v0_15);
    settings plain;
    plain.profile = profile;
    settings with = plain;
    auto const fixed = environment(plain);
    std::vector<std::string> wanted;
    for (auto const& each : fixed) {
        auto const name = each.substr(0, each.find('='));
        with.env_vars.emplace_back(name, "mine");
        wanted.push_back(name + "=mine");
    }
    CHECK(environment(with) == wanted);
}

TEST_CASE("§5.8: labels are written as Python writes a list, in all recorded cases", "[deploy][plan]") {
    auto const data = testing_support::load("prefect1/cases_labels_repr.json");
    auto const* const cases = json::array_of(data, "cases");
    REQUIRE(cases != nullptr);
    for (auto const& each : *cases) {
        settings with;
        for (auto const& label : *json::array_of(each, "labels")) with.labels.emplace_back(*json::as_text(label));
        CHECK(environment(with)[1] == "PREFECT__CLOUD__AGENT__LABELS=" + testing_support::text(each, "value"));
    }
    CHECK(cases->size() >= 10);
}

TEST_CASE("§5.9: the parameters of run_task", "[deploy][plan]") {
    settings with;
    with.token = secret{"TOKEN"};
    with.kwargs.run = document(R"({"cluster": "c", "count": 2})");
    auto const made = planned(with).task;
    CHECK(testing_support::text(made, "taskDefinition") == "prefect-task-b3f0c9d2");
    CHECK(testing_support::text(made, "cluster") == "c");
    CHECK(made["count"] == 2);
    CHECK(testing_support::text(made, "launchType") == "FARGATE");
    CHECK(made["overrides"].size() == 1);
    CHECK(testing_support::text(made["overrides"]["containerOverrides"][0], "name") == "flow");
    CHECK(overrides(with) == std::vector<std::string>{"PREFECT__CLOUD__AUTH_TOKEN=TOKEN",
                                                      "PREFECT__CONTEXT__FLOW_RUN_ID=" + some_run().id,
                                                      "PREFECT__CONTEXT__FLOW_ID=" + some_run().flow.id});
    CHECK(overrides(settings{}).front() == "PREFECT__CLOUD__AUTH_TOKEN=");
}

TEST_CASE("§5.9 quirk: token from cloud.auth_token is passed on: whatever token is in use", "[deploy][plan]") {
    settings with;
    with.token = secret{"whatever is in use"};
    CHECK(overrides(with).front() == "PREFECT__CLOUD__AUTH_TOKEN=whatever is in use");
}

TEST_CASE("§5.14 row: token from cloud.auth_token works for the container too", "[deploy][plan]") {
    settings with;
    with.token = secret{"T"};
    CHECK(overrides(with).front() == "PREFECT__CLOUD__AUTH_TOKEN=T");
}

TEST_CASE("§5.9 quirk: token travels in the task override, never in the definition", "[deploy][plan]") {
    settings with;
    with.token = secret{"hunter2"};
    with.api_key = secret{"hunter3"};
    with.tenant_id = "tenant-1";
    auto const made = planned(with);
    CHECK(json::write(made.task).find("hunter2") != std::string::npos);
    CHECK(json::write(made.definition).find("hunter") == std::string::npos);
    settings other = with;
    other.token = secret{"another"};
    other.api_key = {};
    CHECK(json::write(planned(other).definition) == json::write(made.definition));
}

TEST_CASE("§7 row 1.0.0: key and tenant are handed over, and for old images the key as token", "[deploy][plan]") {
    settings with;
    with.api_key = secret{"KEY"};
    with.tenant_id = "TENANT";
    auto const ids = std::vector<std::string>{"PREFECT__CONTEXT__FLOW_RUN_ID=" + some_run().id,
                                              "PREFECT__CONTEXT__FLOW_ID=" + some_run().flow.id};
    CHECK(overrides(with) == std::vector<std::string>{"PREFECT__CLOUD__AUTH_TOKEN=KEY", ids[0], ids[1],
                                                      "PREFECT__CLOUD__API_KEY=KEY",
                                                      "PREFECT__CLOUD__TENANT_ID=TENANT"});
    with.token = secret{"TOKEN"};
    with.tenant_id.clear();
    CHECK(overrides(with) ==
          std::vector<std::string>{"PREFECT__CLOUD__AUTH_TOKEN=TOKEN", ids[0], ids[1], "PREFECT__CLOUD__API_KEY=KEY"});
    with.api_key = {};
    with.tenant_id = "TENANT";
    CHECK(overrides(with) == std::vector<std::string>{"PREFECT__CLOUD__AUTH_TOKEN=TOKEN", ids[0], ids[1]});
}

TEST_CASE("§5: a run is launched the same way through every storage, but for its image", "[deploy][plan]") {
    std::map<std::string, std::string> const storages = {
        {"S3", R"({"type": "S3", "bucket": "b", "key": "k", "flows": {}})"},
        {"GCS", R"({"type": "GCS", "bucket": "b"})"},
        {"GitHub", R"({"type": "GitHub", "repo": "org/repo", "path": "flow.py"})"},
        {"Local", R"({"type": "Local", "directory": "/flows"})"},
        {"Webhook", R"({"type": "Webhook", "build_request_kwargs": {}})"},
        {"unheard of", R"({"type": "Carrier Pigeon"})"}};
    settings with;
    with.kwargs.run = document(R"({"cluster": "c"})");
    auto wanted = planned(with);
    wanted.definition["containerDefinitions"][0]["image"] = "prefecthq/prefect:all_extras-0.13.19";
    for (auto const& [name, storage] : storages) {
        INFO(name);
        auto run = some_run();
        run.flow.storage = document(storage);
        auto const made = planned(with, run);
        CHECK(json::write(made.definition) == json::write(wanted.definition));
        CHECK(json::write(made.task) == json::write(wanted.task));
    }
}
