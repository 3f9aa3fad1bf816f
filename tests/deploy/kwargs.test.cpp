#include <fargate/deploy/kwargs.hpp>

#include "deploy/same.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include <map>
#include <set>
#include <string>

namespace json = fargate::json;
using fargate::errc;
using fargate::log_level;
using fargate::deploy::read_flag;
using fargate::deploy::read_kwargs;
using fargate::testing::captured_log;
using fargate::testing::map_environment;
using testing_support::same;

namespace {

/// The groups as one document, or the message of the failure.
std::string groups(json::value const& given, map_environment const& environment = {}) {
    captured_log log;
    auto const read = read_kwargs(given, environment, log);
    if (!read) return (read.error().code == errc::invalid_argument ? "" : "wrong code: ") + read.error().message;
    json::value all;
    json::set(all, "task_definition", read->definition);
    json::set(all, "run_task", read->run);
    json::set(all, "container_definition", read->container);
    return same(all);
}

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message << ": " << text);
    return *read;
}

std::string only(char const* group, std::string const& members) {
    json::value all = document(R"({"task_definition": {}, "run_task": {}, "container_definition": {}})");
    json::set(all, group, document(members));
    return same(all);
}

} // namespace

TEST_CASE("all recorded keyword arguments are read as the original did, or as its verdicts say", "[deploy][kwargs]") {
    std::string const one_container =
        "containerDefinitions: Fargate agent only accepts configuration for a single container definition.";
    // arguments + environment => what we make of them, and why
    std::map<std::string, std::string> const verdicts = {
        // checks types at the start instead of at each run
        {R"({"cpu": 256.0}{})", "cpu must be text, not a number with a fraction"},
        {R"({}{"group": "wheel", "tags": "x"})",
         "environment variable tags must be a list: its text is neither a Python literal nor JSON"},
        // explicit wins
        {R"({"count": 0}{"count": "3"})", only("run_task", R"({"count": 0})")},
        {R"({"enableECSManagedTags": "False"}{"enableECSManagedTags": "True"})",
         only("run_task", R"({"enableECSManagedTags": false})")},
        {R"({"volumes": "[]"}{"volumes": "[{'name':'x'}]"})", only("task_definition", R"({"volumes": []})")},
        // booleans and JSON after the Python literal
        {R"({"enableECSManagedTags": "true"}{})", only("run_task", R"({"enableECSManagedTags": true})")},
        {R"({}{"containerDefinitions_mountPoints": "[{\"sourceVolume\":\"v\",\"containerPath\":\"/d\",\"readOnly\":false}]"})",
         only("container_definition",
              R"({"mountPoints": [{"sourceVolume": "v", "containerPath": "/d", "readOnly": false}]})")},
        // strings keep their text
        {R"({"platformVersion": "1.4"}{})", only("run_task", R"({"platformVersion": "1.4"})")},
        {R"({"cluster": "12345"}{})", only("run_task", R"({"cluster": "12345"})")},
        {R"({"taskRoleArn": "None"}{})", only("task_definition", R"({"taskRoleArn": "None"})")},
        // environments
        {R"({"containerDefinitions": [{"environments": [{"name": "A", "value": "B"}]}]}{})",
         only("container_definition", R"({"environment": [{"name": "A", "value": "B"}]})")},
        // one message for every wrong shape
        {R"({"containerDefinitions": "x"}{})", one_container},
        {R"({"containerDefinitions": {"a": 1}}{})", one_container},
        {R"({"containerDefinitions": "{'environment': []}"}{})", one_container},
        {R"({"containerDefinitions": "5"}{})", one_container},
        {R"({"containerDefinitions": null}{})", one_container},
        // unhashable keys no longer abort with an internal error
        {R"({"volumes": "{[]: 1}"}{})", "volumes holds a dict with a container as key, which cannot be sent to AWS"},
    };
    auto const data = testing_support::load("prefect1/cases_kwargs.json");
    auto const* const cases = json::array_of(data, "cases");
    REQUIRE(cases != nullptr);
    std::set<std::string> used;
    int equal = 0;
    for (auto const& each : *cases) {
        auto const& given = *json::object_of(each, "arguments");
        auto const& variables = *json::object_of(each, "environment");
        map_environment environment;
        for (auto const& [name, value] : *variables.get_ptr<json::value::object_t const*>())
            environment.set(name, std::string{json::as_text(value).value()});
        auto const key = json::write(given) + json::write(variables);
        INFO(key);
        auto const made = groups(given, environment);
        if (auto const found = verdicts.find(key); found != verdicts.end()) {
            CHECK(made == found->second);
            used.insert(key);
        } else if (auto const error = json::text_of(each, "error")) {
            CHECK("ValueError: " + made.substr(made.find(": ") + 2) == *error);
            ++equal;
        } else {
            json::value wanted;
            for (auto const* const group : {"task_definition", "run_task", "container_definition"})
                json::set(wanted, group, *json::member(each, group));
            CHECK(made == same(wanted));
            ++equal;
        }
    }
    CHECK(cases->size() == 38);
    CHECK(equal == 21);
    CHECK(used.size() == verdicts.size());
}

TEST_CASE("every name of the description goes to its group with its type", "[deploy][kwargs]") {
    auto const given = document(R"j({
        "taskRoleArn": "arn:aws:iam::1:role/my--role=x", "executionRoleArn": "'quoted'", "networkMode": "awsvpc",
        "volumes": "[{'name': 'v'}]", "placementConstraints": [], "cpu": "256", "memory": 512,
        "tags": "({'key': 'a', 'value': '1'},)", "pidMode": "task", "ipcMode": "none", "proxyConfiguration": "{'containerName': 'x'}",
        "inferenceAccelerators": "()", "cluster": 12345, "count": "0x2", "startedBy": "1e3", "group": "True",
        "placementStrategy": "[]", "platformVersion": "1.4", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}},
        "enableECSManagedTags": "YES", "propagateTags": "SERVICE",
        "containerDefinitions": "[{\"environment\": [], \"secrets\": [], \"mountPoints\": \"[]\", \"logConfiguration\": {\"logDriver\": \"awslogs\"}, \"repositoryCredentials\": {\"credentialsParameter\": \"x\"}}]"})j");
    json::value wanted = document(R"({
        "task_definition": {"taskRoleArn": "arn:aws:iam::1:role/my--role=x", "executionRoleArn": "quoted",
            "networkMode": "awsvpc", "volumes": [{"name": "v"}], "placementConstraints": [], "cpu": "256",
            "memory": "512", "tags": [{"key": "a", "value": "1"}], "pidMode": "task", "ipcMode": "none",
            "proxyConfiguration": {"containerName": "x"}, "inferenceAccelerators": []},
        "run_task": {"cluster": "12345", "count": 2, "startedBy": "1e3", "group": "True", "placementConstraints": [],
            "placementStrategy": [], "platformVersion": "1.4", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}}, "tags": [{"key": "a", "value": "1"}],
            "enableECSManagedTags": true, "propagateTags": "SERVICE"},
        "container_definition": {"environment": [], "secrets": [], "mountPoints": [], "logConfiguration": {"logDriver": "awslogs"},
            "repositoryCredentials": {"credentialsParameter": "x"}}})");
    CHECK(groups(given) == same(wanted));
    CHECK(groups(json::value(nullptr)) == groups(json::value::object()));
}

TEST_CASE("a value of the wrong type is told with its name and without itself", "[deploy][kwargs]") {
    CHECK(groups(json::value::array()) == "keyword arguments must be an object, not a list");
    CHECK(groups(document(R"({"volumes": {"secret": 1}})")) == "volumes must be a list, not an object");
    CHECK(groups(document(R"({"volumes": "{'secret': 1}"})")) == "volumes must be a list, not an object");
    CHECK(groups(document(R"({"volumes": "{'secret'"})")) ==
          "volumes must be a list: its text is neither a Python literal nor JSON");
    CHECK(groups(document(R"({"networkConfiguration": "[]"})")) ==
          "networkConfiguration must be an object, not a list");
    CHECK(groups(document(R"({"networkConfiguration": "b'secret'"})")) ==
          "networkConfiguration holds bytes, which cannot be sent to AWS");
    CHECK(groups(document(R"({"networkConfiguration": "{\"a\": 1, \"a\": true}"})")) ==
          "networkConfiguration must be an object: its text is neither a Python literal nor JSON");
    CHECK(groups(document(R"({"count": "two"})")) ==
          "count must be a whole number: its text is neither a Python literal nor JSON");
    CHECK(groups(document(R"({"count": 1.5})")) == "count must be a whole number, not a number with a fraction");
    CHECK(groups(document(R"({"count": true})")) == "count must be a whole number, not true or false");
    CHECK(groups(document(R"({"enableECSManagedTags": "maybe"})")) ==
          "enableECSManagedTags must be true or false, not text");
    CHECK(groups(document(R"({"cluster": ["a"]})")) == "cluster must be text, not a list");
    CHECK(groups(document(R"({"taskRoleArn": true})")) == "taskRoleArn must be text, not true or false");
    CHECK(groups(document(R"({"memory": {}})")) == "memory must be text, not an object");
    CHECK(groups({}, map_environment{{{"containerDefinitions_secrets", "{1}"}}}) ==
          "environment variable containerDefinitions_secrets holds a set, which cannot be sent to AWS");
    std::string const deep(70, '[');
    CHECK(groups({}, map_environment{{{"volumes", deep}}}) ==
          "environment variable volumes holds nesting deeper than 64, which cannot be sent to AWS");
}

TEST_CASE("an environment entry needs a name and text as its value", "[deploy][kwargs]") {
    auto const with = [](std::string const& entries) {
        return groups(document(R"({"containerDefinitions": [{"environment": )" + entries + "}]}"));
    };
    CHECK(with(R"([{"name": "A", "value": "1"}, {"value": "2"}])") ==
          "containerDefinitions[0].environment[1] has no name: give it one, as text");
    CHECK(with(R"([{"name": 5}])") == "containerDefinitions[0].environment[0] has no name: give it one, as text");
    CHECK(with(R"([{"name": ""}])") == "containerDefinitions[0].environment[0] has no name: give it one, as text");
    CHECK(with(R"(["A=1"])") == "containerDefinitions[0].environment[0] must be an object, not text");
    CHECK(with(R"([{"name": "A", "value": 1}])") ==
          "containerDefinitions[0].environment[0].value must be text, not a whole number");
    CHECK(with(R"([{"name": "A", "value": null}])") ==
          "containerDefinitions[0].environment[0].value must be text, not null");
}

TEST_CASE("what is not given comes from the environment, and the log says so without the value", "[deploy][kwargs]") {
    map_environment const environment{
        {{"cpu", "256"},
         {"taskRoleArn", "arn:secret-role"},
         {"volumes", ""},
         {"containerDefinitions_environments", "[{'name': 'PASSWORD', 'value': 'hunter2'}]"},
         {"containerDefinitions_logConfiguration", "{'logDriver': 'awslogs'}"},
         {"containerDefinitions", "[{}, {}]"},
         {"networkMode", "host"}}};
    captured_log log;
    auto const read =
        read_kwargs(document(R"({"networkMode": "", "cpu": null, "taskRoleArn": "given"})"), environment, log);
    REQUIRE(read.has_value());
    CHECK(json::write(read->definition) == R"({"taskRoleArn": "given", "networkMode": "host", "cpu": "256"})");
    CHECK(json::write(read->run) == "{}");
    CHECK(
        json::write(read->container) ==
        R"({"environment": [{"name": "PASSWORD", "value": "hunter2"}], "logConfiguration": {"logDriver": "awslogs"}})");
    CHECK(log.text() == "INFO networkMode from environment variable\n"
                        "INFO cpu from environment variable\n"
                        "INFO Container definition: environments from environment variable\n"
                        "INFO Container definition: logConfiguration from environment variable\n");

    captured_log silent;
    auto const external = read_kwargs(document(R"({"memory": "1024"})"), silent);
    REQUIRE(external.has_value());
    CHECK(json::write(external->definition) == R"({"memory": "1024"})");
    CHECK(silent.lines().empty());
}

TEST_CASE("environment beats environments, and what is given beats both variables", "[deploy][kwargs]") {
    CHECK(groups(document(
              R"({"containerDefinitions": [{"environments": [{"name": "A"}], "environment": [{"name": "B"}]}]})")) ==
          only("container_definition", R"({"environment": [{"name": "B"}]})"));
    CHECK(groups(document(R"({"containerDefinitions": [{"environment": []}]})"),
                 map_environment{{{"containerDefinitions_environment", "[{'name': 'C'}]"}}}) ==
          only("container_definition", R"({"environment": []})"));
}

TEST_CASE("unknown names are told with what was probably meant", "[deploy][kwargs]") {
    captured_log log;
    auto const read =
        read_kwargs(document(R"({"NetworkConfiguration": {}, "foo": "hunter2", "lauchType": 1, "momery": "1",
                     "taskrolearn": "x", "containerDefinition": [], "CPU": 1,
                     "containerDefinitions": [{"secret": [], "cpu": 5, "environments": []}]})"),
                    log);
    REQUIRE(read.has_value());
    CHECK(log.text() ==
          "WARNING unknown keyword argument NetworkConfiguration is ignored: did you mean networkConfiguration?\n"
          "WARNING unknown keyword argument foo is ignored\n"
          "WARNING unknown keyword argument lauchType is ignored: did you mean launch_type?\n"
          "WARNING unknown keyword argument momery is ignored: did you mean memory?\n"
          "WARNING unknown keyword argument taskrolearn is ignored: did you mean taskRoleArn?\n"
          "WARNING unknown keyword argument containerDefinition is ignored: did you mean containerDefinitions?\n"
          "WARNING unknown keyword argument CPU is ignored: did you mean cpu?\n"
          "WARNING unknown keyword argument containerDefinitions[0].secret is ignored: did you mean "
          "containerDefinitions[0].secrets?\n"
          "WARNING unknown keyword argument containerDefinitions[0].cpu is ignored\n");
    CHECK(fargate::deploy::unknown_kwargs(document(R"({"cpu": 1})")).empty());
    CHECK(fargate::deploy::unknown_kwargs({}).empty());
}

TEST_CASE("a switch reads from every usual spelling", "[deploy][kwargs]") {
    for (auto const* const text : {"true", "True", "TRUE", "1", "yes", " Yes ", "'True'", "\"true\""})
        CHECK(read_flag(text) == true);
    for (auto const* const text : {"false", "False", "0", "no", "NO", "'False'"}) CHECK(read_flag(text) == false);
    for (auto const* const text : {"", "2", "maybe", "'", "None", "truth"}) CHECK(read_flag(text) == std::nullopt);
}

TEST_CASE("one set of arguments replaces another name by name", "[deploy][kwargs]") {
    captured_log log;
    auto base = read_kwargs(document(R"({"cpu": "256", "tags": [{"key": "a"}], "cluster": "one",
        "containerDefinitions": [{"environment": [{"name": "A"}], "secrets": [{"name": "S", "valueFrom": "v"}]}]})"),
                            log);
    auto const over = read_kwargs(document(R"({"memory": "512", "tags": [], "cluster": "two",
        "containerDefinitions": [{"environment": [{"name": "B"}]}]})"),
                                  log);
    REQUIRE(base.has_value());
    REQUIRE(over.has_value());
    fargate::deploy::replace(*base, *over);
    CHECK(json::write(base->definition) == R"({"cpu": "256", "tags": [], "memory": "512"})");
    CHECK(json::write(base->run) == R"({"tags": [], "cluster": "two"})");
    CHECK(json::write(base->container) ==
          R"({"environment": [{"name": "B"}], "secrets": [{"name": "S", "valueFrom": "v"}]})");
}
