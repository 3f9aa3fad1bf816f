#include <fargate/deploy/difference.hpp>

#include "deploy/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/deploy/plan.hpp>

#include <string>

namespace json = fargate::json;
using fargate::deploy::differences;

namespace {

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message << ": " << text);
    return *read;
}

/// The paths, one after the other.
std::string differing(std::string const& wanted, std::string const& registered, std::string const& tags = "[]") {
    std::string all;
    for (auto const& each :
         differences(document(wanted), document(R"({"taskDefinition": )" + registered + R"(, "tags": )" + tags + "}")))
        all += (all.empty() ? "" : " ") + each;
    return all;
}

/// Of the only container.
std::string container(std::string const& wanted, std::string const& registered) {
    auto const around = [](std::string const& members) {
        return R"({"containerDefinitions": [{"name": "flow", )" + members + "}]}";
    };
    return differing(around(wanted), around(registered));
}

} // namespace

TEST_CASE("what is registered as it was sent does not differ, whatever AWS adds", "[deploy][difference]") {
    auto const recorded = testing_support::load_recorded("expected_revisions_docker_run_config.json");
    auto const made = fargate::deploy::plan(recorded.run, recorded.settings);
    REQUIRE(made.has_value());
    auto registered = json::value::object();
    auto answer = json::value::object();
    for (auto const& [name, value] : *made->definition.get_ptr<json::value::object_t const*>())
        json::set(name == "tags" ? answer : registered, name, value);
    json::set(registered, "taskDefinitionArn", "arn:x");
    json::set(registered, "revision", 7);
    json::set(registered, "compatibilities", json::value::array({"EC2", "FARGATE"}));
    json::set(registered["containerDefinitions"][0], "portMappings", json::value::array());
    json::set(registered["containerDefinitions"][0], "cpu", 0);
    json::set(answer, "taskDefinition", registered);
    CHECK(differences(made->definition, answer).empty());
    CHECK(differences(made->definition, document("{}")).empty()); // nothing is known of what is registered
}

TEST_CASE("each member that differs is named by its path and not by its value", "[deploy][difference]") {
    CHECK(differing(R"({"family": "f", "cpu": "256", "networkMode": "awsvpc"})",
                    R"({"family": "f", "cpu": "512", "networkMode": "host"})") == "cpu networkMode");
    CHECK(differing(R"({"pidMode": "task"})", "{}") == "pidMode");
    CHECK(differing(R"({"proxyConfiguration": {"type": "APPMESH", "containerName": "envoy"}})",
                    R"({"proxyConfiguration": {"type": "APPMESH", "containerName": "other"}})") ==
          "proxyConfiguration.containerName");
    CHECK(container(R"("image": "a:2", "essential": true)", R"("image": "a:1", "essential": true)") ==
          "containerDefinitions[0].image");
    CHECK(container(R"("logConfiguration": {"logDriver": "awslogs", "options": {"a": "hunter2"}})",
                    R"("logConfiguration": {"logDriver": "awslogs", "options": {"a": "1", "b": "2"}})") ==
          "containerDefinitions[0].logConfiguration.options.a");
    CHECK(differing(R"({"containerDefinitions": [{"name": "flow"}]})", R"({"containerDefinitions": []})") ==
          "containerDefinitions[0]");
}

TEST_CASE("environment, secrets and mounts are compared by name in any order, gone ones too", "[deploy][difference]") {
    auto const environment = [](std::string const& wanted, std::string const& registered) {
        return container("\"environment\": [" + wanted + "]", "\"environment\": [" + registered + "]");
    };
    CHECK(environment(R"({"name": "A", "value": "1"}, {"name": "B", "value": "2"})",
                      R"({"name": "B", "value": "2"}, {"name": "A", "value": "1"})") == "");
    CHECK(environment(R"({"name": "A", "value": "1"}, {"name": "NEW", "value": "2"})",
                      R"({"name": "A", "value": "hunter2"}, {"name": "GONE", "value": "1"})") ==
          "containerDefinitions[0].environment.A containerDefinitions[0].environment.NEW "
          "containerDefinitions[0].environment.GONE");
    // the original sent a name twice; the last one is in force
    CHECK(environment(R"({"name": "A", "value": "2"})",
                      R"({"name": "A", "value": "1"}, {"name": "A", "value": "2"})") == "");
    CHECK(environment(R"({"name": "A", "value": "1"}, {"name": "A", "value": "2"})",
                      R"({"name": "A", "value": "1"}, {"name": "A", "value": "2"})") == "");
    CHECK(
        environment(R"({"name": "A", "value": "2"})", R"({"name": "A", "value": "2"}, {"name": "A", "value": "1"})") ==
        "containerDefinitions[0].environment.A");
    CHECK(container(R"("secrets": [{"name": "S", "valueFrom": "arn:2"}])",
                    R"("secrets": [{"name": "S", "valueFrom": "arn:1"}, {"name": "T", "valueFrom": "arn"}])") ==
          "containerDefinitions[0].secrets.S.valueFrom containerDefinitions[0].secrets.T");
    CHECK(container(R"("mountPoints": [{"sourceVolume": "v", "containerPath": "/a", "readOnly": false}])",
                    R"("mountPoints": [{"sourceVolume": "v", "containerPath": "/a"}])") == "");
}

TEST_CASE("cpu and memory are compared as amounts, roles by name or ARN", "[deploy][difference]") {
    CHECK(differing(R"({"cpu": "1 vCPU", "memory": "2 GB"})", R"({"cpu": "1024", "memory": "2048"})") == "");
    CHECK(differing(R"({"cpu": ".25 vcpu", "memory": "0.5GB"})", R"({"cpu": "256", "memory": "512"})") == "");
    CHECK(differing(R"({"cpu": "256"})", R"({"cpu": 256})") == "");
    CHECK(differing(R"({"cpu": "1 core", "memory": "512"})", R"({"cpu": "1024", "memory": "1024"})") == "cpu memory");
    CHECK(differing(R"({"taskRoleArn": "mine"})", R"({"taskRoleArn": "arn:aws:iam::1:role/mine"})") == "");
    CHECK(differing(R"({"taskRoleArn": "mine"})", R"({"taskRoleArn": "arn:aws:iam::1:role/yours"})") == "taskRoleArn");
}

TEST_CASE("of tags and compatibilities only the wanted ones count, and lists that say nothing may be absent",
          "[deploy][difference]") {
    CHECK(differing(R"({"tags": [{"key": "a", "value": "1"}]})", "{}",
                    R"([{"key": "aws:x", "value": "y"}, {"key": "a", "value": "1"}])") == "");
    CHECK(differing(R"({"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]})", "{}",
                    R"([{"key": "a", "value": "2"}])") == "tags.a tags.b");
    CHECK(differing(R"({"requiresCompatibilities": ["FARGATE"]})",
                    R"({"requiresCompatibilities": ["EC2", "FARGATE"]})") == "");
    CHECK(differing(R"({"requiresCompatibilities": ["FARGATE"]})", R"({"requiresCompatibilities": ["EC2"]})") ==
          "requiresCompatibilities");
    CHECK(differing(R"({"volumes": [], "inferenceAccelerators": []})", R"({"volumes": []})") == "");
}

TEST_CASE("a command has an order, other lists are sets", "[deploy][difference]") {
    CHECK(container(R"("command": ["a", "b"])", R"("command": ["b", "a"])") == "containerDefinitions[0].command");
    auto const constraints = [](std::string const& list) { return R"({"placementConstraints": [)" + list + "]}"; };
    std::string const one = R"({"type": "memberOf", "expression": "1"})";
    std::string const two = R"({"type": "memberOf", "expression": "2"})";
    CHECK(differing(constraints(one + "," + two), constraints(two + "," + one)) == "");
    CHECK(differing(constraints(one), constraints(two)) == "placementConstraints");
    CHECK(differing(constraints(one), constraints(one + "," + two)) == "placementConstraints");
}

TEST_CASE("numbers are compared by what they are worth, and nothing with a value of another kind",
          "[deploy][difference]") {
    CHECK(differing(R"({"size": 8080})", R"({"size": 8080})") == "");
    CHECK(differing(R"({"size": 8080})", R"({"size": 8080.0})") == "");
    CHECK(differing(R"({"size": 8080.0})", R"({"size": 8080})") == "");
    CHECK(differing(R"({"size": -1.5})", R"({"size": -1.5})") == "");
    CHECK(differing(R"({"size": 8080})", R"({"size": 8080.5})") == "size");
    CHECK(differing(R"({"size": -1})", R"({"size": 1})") == "size");
    CHECK(differing(R"({"size": 9007199254740993})", R"({"size": 9007199254740992})") == "size");
    CHECK(differing(R"({"size": 8080})", R"({"size": "8080"})") == "size");
    CHECK(differing(R"({"size": "null"})", R"({"size": null})") == "size");
    CHECK(differing(R"({"size": true})", R"({"size": false})") == "size");
    CHECK(differing(R"({"size": true})", R"({"size": "true"})") == "size");
    CHECK(differing(R"({"size": {"soft": 1}})", R"({"size": [1]})") == "size");
}
