#include <fargate/testing/fake_ecs.hpp>

#include <fargate/http/policy.hpp>

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

static_assert(http_policy<testing::fake_ecs>);

TEST_CASE("The shapes are those of the published model", "[fake_ecs]") {
    auto const model = testing_support::load("ecs-model.json");
    auto const shapes = at(at(model, "ecs"), "shapes");
    auto const kind = [&](auto&& self, json::value const& reference) -> std::string {
        auto const name = json::as_text(reference) ? std::string{*json::as_text(reference)}
                                                   : testing_support::text(reference, "shape");
        auto const& shape = *json::object_of(shapes, name);
        auto const type = testing_support::text(shape, "type");
        if (type == "string") return json::array_of(shape, "enum") != nullptr ? "=" + name : "text";
        if (type == "integer" || type == "long") return "int";
        if (type == "boolean") return "flag";
        if (type == "list") return "[" + self(self, at(shape, "member")) + "]";
        if (type == "map") return "{" + self(self, at(shape, "value")) + "}";
        return name;
    };
    std::set<std::string> const ours{"ListTasksRequest", "DescribeClustersRequest"}; // not in the excerpt of the model
    for (auto const& each : testing::ecs_shapes) {
        if (ours.contains(std::string{each.name})) continue;
        INFO(each.name);
        auto const* const shape = json::object_of(shapes, each.name);
        REQUIRE(shape != nullptr);
        std::set<std::string> required;
        if (auto const* const list = json::array_of(*shape, "required"))
            for (auto const& one : *list) required.emplace(*json::as_text(one));
        std::string expected;
        for (auto const& [name, reference] :
             *json::object_of(*shape, "members")->get_ptr<json::value::object_t const*>())
            expected += (expected.empty() ? "" : " ") + name + (required.contains(name) ? "!" : "") + ":" +
                        kind(kind, reference);
        CHECK(each.members == expected);
    }
    for (auto const& each : testing::ecs_choices) {
        auto const* const shape = json::object_of(shapes, each.name);
        if (shape == nullptr) continue;
        std::string expected;
        for (auto const& word : *json::array_of(*shape, "enum"))
            expected += (expected.empty() ? "" : " ") + std::string{*json::as_text(word)};
        CHECK(each.words == expected);
    }
}

TEST_CASE("What does not exist is named in the service's words", "[fake_ecs]") {
    bench b;
    for (auto const* reference : {"etl", "etl:7", "arn:aws:ecs:us-east-1:123456789012:task-definition/etl:1",
                                  "arn:aws:ecs:eu-west-1:123456789012:task-definition/etl:1"}) {
        b.call("DescribeTaskDefinition", json::value{{"taskDefinition", reference}});
        CHECK(b.status == 400);
        CHECK(b.code == "ClientException");
        CHECK(b.message == "Unable to describe task definition.");
    }
    b.call("RunTask", task);
    CHECK(b.code == "ClientException");
    CHECK(b.message == "TaskDefinition not found.");
    b.call("RunTask", bench::with(task, "cluster", "nowhere"));
    CHECK(b.code == "ClusterNotFoundException");
    b.call("StopTask", R"({"task": "abc"})");
    CHECK(b.code == "InvalidParameterException");
    CHECK(b.message == "The referenced task was not found.");
    b.call("DescribeTasks", R"({"cluster": "nowhere", "tasks": ["a"]})");
    CHECK(b.code == "ClusterNotFoundException");
    auto const clusters = b.call("DescribeClusters", R"({"clusters": ["default", "nowhere"]})");
    CHECK(at(clusters, "clusters").size() == 1);
    CHECK(at(at(clusters, "failures")[0], "reason") == "MISSING");
}

TEST_CASE("A request that is not the protocol's is not looked at", "[fake_ecs]") {
    bench b;
    auto const good = testing_support::json_call("AmazonEC2ContainerServiceV20141113.ListTasks", "{}");
    auto const status_of = [&](http::request const& request) {
        auto const answer = b.ecs.send(testing_support::sign(request, "ecs", b.clock.now()));
        return answer->status;
    };
    CHECK(status_of(good) == 200);
    auto request = good;
    request.method = "GET";
    CHECK(status_of(request) == 404);
    request = good;
    request.headers.set("Content-Type", "application/json");
    CHECK(status_of(request) == 404);
    request = good;
    request.headers.set("X-Amz-Target", "AmazonEC2ContainerServiceV20131113.ListTasks");
    CHECK(status_of(request) == 404);
    b.call("CreateCluster", "{}");
    CHECK(b.code == "UnknownOperationException");
    for (auto const* body : {"", "[]", "null", "\"x\"", "{", "{\"a\": 1} x"}) {
        b.call("ListTasks", std::string{body});
        CHECK(b.status == 400);
        CHECK(b.code == "SerializationException");
    }
}

TEST_CASE("Unsigned, wrongly signed and late requests are refused with the service's codes", "[fake_ecs]") {
    bench b;
    auto const call = testing_support::json_call("AmazonEC2ContainerServiceV20141113.ListTasks", "{}");
    auto const code_of = [&](http::request const& request) {
        auto const answer = b.ecs.send(request);
        return testing_support::text(document(answer->body), "__type");
    };
    auto const now = b.clock.now();
    CHECK(code_of(call) == "MissingAuthenticationToken");
    CHECK(code_of(testing_support::sign(call, "ecs", now)) == "");
    CHECK(code_of(testing_support::sign(call, "s3", now)) == "InvalidSignatureException");
    CHECK(code_of(testing_support::sign(call, "ecs", now, "eu-west-1")) == "InvalidSignatureException");
    CHECK(code_of(testing_support::sign(call, "ecs", now - 6min)) == "InvalidSignatureException");
    CHECK(code_of(testing_support::sign(call, "ecs", now, "us-east-1", "AKIDOTHER")) == "UnrecognizedClientException");
    CHECK(code_of(testing_support::sign(call, "ecs", now, "us-east-1", "AKIDEXAMPLE", "wrong")) ==
          "InvalidSignatureException");
    b.ecs.keys().accept({"ASIAEXAMPLE", "secret", "token", now + 1h});
    auto const temporary = [&] {
        return testing_support::sign(call, "ecs", b.clock.now(), "us-east-1", "ASIAEXAMPLE", "secret", "token");
    };
    CHECK(code_of(temporary()) == "");
    b.clock.advance(1h);
    CHECK(code_of(temporary()) == "ExpiredTokenException");
    auto const answer = b.ecs.send(call);
    CHECK(answer->headers.value_of("date") == testing::http_date(b.clock.now()));
    CHECK_FALSE(answer->headers.value_of("x-amzn-requestid").empty());
}

TEST_CASE("Wrong JSON types are a SerializationException, words outside an enumeration are named", "[fake_ecs]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    struct row {
        char const* member;
        char const* value;
        char const* code;
        char const* text;
    };
    row const rows[] = {
        {"taskDefinition", "5", "SerializationException", "NUMBER_VALUE can not be converted to a String"},
        {"taskDefinition", "true", "SerializationException", "TRUE_VALUE can not be converted to a String"},
        {"taskDefinition", "[]", "SerializationException", "Start of list found where not expected"},
        {"count", "\"1\"", "SerializationException", "STRING_VALUE can not be converted to an Integer"},
        {"count", "1.5", "SerializationException", "DECIMAL_VALUE can not be converted to an Integer"},
        {"tags", "{}", "SerializationException", "Expected list or null"},
        {"overrides", "[]", "SerializationException", "Start of list found where not expected"},
        {"overrides", "{\"containerOverrides\": [{\"environment\": [{\"name\": \"A\", \"value\": 5}]}]}",
         "SerializationException", "NUMBER_VALUE can not be converted to a String"},
        {"launchType", "\"FARGATE_SPOT\"", "InvalidParameterException",
         "1 validation error detected: Value 'FARGATE_SPOT' at 'launchType' failed to satisfy constraint: Member must "
         "satisfy enum value set: [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]"},
        {"networkConfiguration", "{\"awsvpcConfiguration\": {}}", "InvalidParameterException",
         "1 validation error detected: Value null at 'networkConfiguration.awsvpcConfiguration.subnets' failed to "
         "satisfy "
         "constraint: Member must not be null"},
    };
    for (auto const& each : rows) {
        CAPTURE(each.member, each.value);
        b.call("RunTask", bench::with(task, each.member, document(each.value)));
        CHECK(b.status == 400);
        CHECK(b.code == each.code);
        CHECK(b.message == each.text);
    }
    CHECK(b.ecs.tasks_created() == 0);
}

TEST_CASE("Members the model lacks are passed over and remembered, null is absence", "[fake_ecs]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    auto body = bench::with(task, "colour", "red");
    json::set(body, "overrides", document(R"({"containerOverrides": [{"name": "flow", "Environment": []}]})"));
    json::set(body, "clientToken", nullptr);
    CHECK(b.run(body) != "");
    CHECK(b.ecs.unknown_members() ==
          std::vector<std::string>{"RunTask.overrides.containerOverrides.1.member.Environment", "RunTask.colour"});
}

TEST_CASE("What came in can be looked at", "[fake_ecs]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.call("RunTask", task);
    b.call("RunTask", "{}");
    CHECK(b.ecs.log().count() == 3);
    CHECK(b.ecs.log().count("RunTask") == 2);
    auto const all = b.ecs.log().all("RunTask");
    CHECK(all[0].body == task);
    CHECK(all[1].status == 400);
    CHECK(all[1].code == "InvalidParameterException");
}

TEST_CASE("With AWS's limits a burst is throttled until time has passed", "[fake_ecs]") {
    bench b;
    b.ecs.limit_rates();
    int registered = 0;
    for (int i = 0; i != 25; ++i) {
        b.call("RegisterTaskDefinition", definition);
        registered += b.status == 200;
    }
    CHECK(registered == 20);
    CHECK(b.code == "ThrottlingException");
    CHECK(b.message == "Rate exceeded");
    int ran = 0;
    for (int i = 0; i != 30; ++i) ran += b.run(document(task)) != "";
    CHECK(ran == 20);
    b.clock.advance(1s);
    for (int i = 0; i != 30; ++i) ran += b.run(document(task)) != "";
    CHECK(ran == 40);
    b.call("RegisterTaskDefinition", definition);
    CHECK(b.status == 200);
    b.call("RegisterTaskDefinition", definition);
    CHECK(b.status == 400);
}
