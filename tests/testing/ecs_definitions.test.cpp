#include <fargate/testing/ecs_definitions.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"
#include "testing/ecs_bench.hpp"

#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::at;
using testing_support::definition;
using testing_support::document;
using testing_support::task;
using bench = testing_support::ecs_bench;

TEST_CASE("A definition is registered, described, listed and retired", "[ecs_definitions]") {
    bench b;
    auto const made = b.call("RegisterTaskDefinition", definition);
    REQUIRE(b.status == 200);
    auto const shown = at(made, "taskDefinition");
    CHECK(testing_support::text(shown, "taskDefinitionArn") ==
          "arn:aws:ecs:us-east-1:123456789012:task-definition/etl:1");
    CHECK(at(shown, "revision") == 1);
    CHECK(at(shown, "status") == "ACTIVE");
    CHECK(at(shown, "compatibilities") == document(R"(["EC2", "FARGATE"])"));
    CHECK(at(made, "tags") == document(R"([{"key": "team", "value": "data"}])"));
    CHECK(at(shown, "tags").is_null());
    CHECK(at(at(shown, "containerDefinitions")[0], "cpu") == 0); // defaults that the caller did not send
    CHECK(at(at(shown, "containerDefinitions")[0], "essential") == true);

    b.call("RegisterTaskDefinition", definition);
    auto described = b.call("DescribeTaskDefinition", R"({"taskDefinition": "etl"})");
    CHECK(at(at(described, "taskDefinition"), "revision") == 2);
    CHECK(json::member(described, "tags") == nullptr);
    described = b.call("DescribeTaskDefinition", R"({"taskDefinition": "etl:1", "include": ["TAGS"]})");
    CHECK(at(at(described, "taskDefinition"), "revision") == 1);
    CHECK(at(described, "tags") == document(R"([{"key": "team", "value": "data"}])"));

    auto const retired = b.call("DeregisterTaskDefinition", R"({"taskDefinition": "etl:2"})");
    CHECK(at(at(retired, "taskDefinition"), "status") == "INACTIVE");
    described = b.call("DescribeTaskDefinition", R"({"taskDefinition": "etl"})");
    CHECK(at(at(described, "taskDefinition"), "revision") == 1);
    described = b.call("DescribeTaskDefinition",
                       R"({"taskDefinition": "arn:aws:ecs:us-east-1:123456789012:task-definition/etl:2"})");
    CHECK(at(at(described, "taskDefinition"), "status") == "INACTIVE");

    CHECK(at(b.call("ListTaskDefinitions", R"({"familyPrefix": "etl"})"), "taskDefinitionArns").size() == 1);
    CHECK(at(b.call("ListTaskDefinitions", R"({"familyPrefix": "et"})"), "taskDefinitionArns").empty());
    CHECK(at(b.call("ListTaskDefinitions", R"({"status": "INACTIVE"})"), "taskDefinitionArns").size() == 1);
    CHECK(b.ecs.definitions().size() == 2);
}

TEST_CASE("Lists are paged, and a page's token is checked", "[ecs_definitions]") {
    bench b;
    for (int i = 0; i != 5; ++i) b.call("RegisterTaskDefinition", definition);
    std::vector<std::string> all;
    std::string token;
    int pages = 0;
    do {
        json::value input{{"maxResults", 2}, {"sort", "DESC"}};
        if (!token.empty()) json::set(input, "nextToken", token);
        auto const page = b.call("ListTaskDefinitions", input);
        for (auto const& each : at(page, "taskDefinitionArns")) all.emplace_back(*json::as_text(each));
        token = testing_support::text(page, "nextToken");
        ++pages;
    } while (!token.empty());
    CHECK(pages == 3);
    REQUIRE(all.size() == 5);
    CHECK(all.front().ends_with("etl:5"));
    CHECK(all.back().ends_with("etl:1"));
    b.call("ListTaskDefinitions", R"({"nextToken": "made up"})");
    CHECK(b.code == "InvalidParameterException");
}

TEST_CASE("Definitions that AWS refuses are refused with its words", "[ecs_definitions]") {
    struct row {
        char const* member;
        char const* value;
        char const* text;
    };
    row const rows[] = {
        {"family", "\"\"", "Family can not be blank."},
        {"family", "null", "Family can not be blank."},
        {"family", "\"a b\"", "Family contains invalid characters or is longer than 255."},
        {"containerDefinitions", "[]", "Container list cannot be empty."},
        {"containerDefinitions", "null", "Container list cannot be empty."},
        {"containerDefinitions", "[{\"image\": \"i\"}]", "Container.name should not be null or empty."},
        {"containerDefinitions", "[{\"name\": \"flow\"}]", "Container.image should not be null or empty."},
        {"containerDefinitions", "[{\"name\": \"flow\", \"image\": \"\"}]",
         "Container.image should not be null or empty."},
        {"containerDefinitions", "[{\"name\": \"a\", \"image\": \"i\", \"essential\": false}]",
         "A TaskDefinition must have at least one essential container."},
        {"containerDefinitions", "[{\"name\": \"a\", \"image\": \"i\", \"cpu\": 512}]",
         "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'."},
        {"containerDefinitions",
         "[{\"name\": \"a\", \"image\": \"i\", \"portMappings\": [{\"containerPort\": 80, \"hostPort\": 81}]}]",
         "When networkMode=awsvpc, the host ports and container ports in port mappings must match."},
        {"containerDefinitions", "[{\"name\": \"a\", \"image\": \"1.dkr.ecr.us-east-1.amazonaws.com/i\"}]",
         "Fargate requires task definition to have execution role ARN to support ECR images."},
        {"containerDefinitions",
         "[{\"name\": \"a\", \"image\": \"i\", \"logConfiguration\": {\"logDriver\": \"awslogs\"}}]",
         "Fargate requires task definition to have execution role ARN to support log driver awslogs."},
        {"containerDefinitions",
         "[{\"name\": \"a\", \"image\": \"i\", \"secrets\": [{\"name\": \"A\", \"valueFrom\": \"arn\"}]}]",
         "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."},
        {"cpu", "null", "Fargate requires that 'cpu' be defined at the task level."},
        {"memory", "null", "Fargate requires that 'memory' be defined at the task level."},
        {"cpu", "\"many\"", "Invalid 'cpu' setting for task."},
        {"memory", "\"4096\"",
         "No Fargate configuration exists for given values: 256 CPU, 4096 memory. See the Amazon ECS documentation for "
         "the valid values."},
        {"networkMode", "\"bridge\"",
         "Fargate only supports network mode \xE2\x80\x98"
         "awsvpc\xE2\x80\x99."},
        {"networkMode", "null",
         "Fargate only supports network mode \xE2\x80\x98"
         "awsvpc\xE2\x80\x99."},
        {"tags", "[]", "Tags can not be empty."},
        {"tags", "[{\"key\": \"a#b\", \"value\": \"\"}]",
         "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @."},
        {"tags", "[{\"key\": \"aws:x\", \"value\": \"\"}]",
         "Tag keys that start with 'aws:' are reserved for AWS use."},
        {"tags", "[{\"key\": \"a\"}, {\"key\": \"a\"}]", "Duplicate tag keys found."},
        {"tags", "[{\"value\": \"a\"}]", "Tag key can not be blank."},
    };
    bench b;
    for (auto const& each : rows) {
        CAPTURE(each.member, each.value);
        b.call("RegisterTaskDefinition", bench::with(definition, each.member, document(each.value)));
        CHECK(b.status == 400);
        CHECK(b.message == each.text);
    }
    json::value many = json::value::array();
    for (int i = 0; i != 51; ++i) many.push_back(json::value{{"key", std::to_string(i)}, {"value", "v"}});
    b.call("RegisterTaskDefinition", bench::with(definition, "tags", many));
    CHECK(b.status == 400);
    many.erase(50);
    b.call("RegisterTaskDefinition", bench::with(definition, "tags", many));
    CHECK(b.status == 200);
    b.call("RegisterTaskDefinition",
           bench::with(definition, "tags", document(R"([{"key": "ünï", "value": "ok: a@b"}])")));
    CHECK(b.status == 200);
    auto huge = bench::with(definition, "containerDefinitions", nullptr);
    json::set(huge, "containerDefinitions",
              json::value::array({json::value{{"name", "a"}, {"image", std::string(70'000, 'x')}}}));
    b.call("RegisterTaskDefinition", huge);
    CHECK(b.message.find("Max allowed length is '65536' bytes.") != std::string::npos);
    CHECK(b.ecs.definitions().size() == 2);
}

TEST_CASE("A definition without Fargate needs memory in its containers, and no awsvpc", "[ecs_definitions]") {
    bench b;
    auto body = document(R"({"family": "ec2", "containerDefinitions": [{"name": "flow", "image": "i"}]})");
    b.call("RegisterTaskDefinition", body);
    CHECK(b.message == "Invalid setting for container 'flow'. At least one of 'memory' or 'memoryReservation' must be "
                       "specified.");
    json::set(body, "memory", "512");
    b.call("RegisterTaskDefinition", body);
    CHECK(b.status == 200);
    b.call("RunTask", R"({"taskDefinition": "ec2", "launchType": "FARGATE"})");
    CHECK(b.message == "Task definition does not support launch_type FARGATE.");
    b.call("RunTask", R"({"taskDefinition": "ec2", "launchType": "EC2"})");
    CHECK(b.message == "No Container Instances were found in your cluster.");
    b.ecs.add_cluster("machines", {2, ""});
    CHECK(b.run(document(R"({"taskDefinition": "ec2", "launchType": "EC2", "cluster": "machines"})")) != "");
    b.call("RunTask", R"({"taskDefinition": "ec2", "cluster": "machines",
                          "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s"]}}})");
    CHECK(b.message == "Network Configuration is not valid for the given networkMode of this task definition.");
}
