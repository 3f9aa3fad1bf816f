#include <fargate/testing/ecs_tasks.hpp>

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

TEST_CASE("RunTask has its rules", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    struct row {
        char const* member;
        std::string value;
        char const* text;
    };
    std::string const text_129 = "\"" + std::string(129, 'a') + "\"";
    std::string const text_65 = "\"" + std::string(65, 'a') + "\"";
    row const rows[] = {
        {"taskDefinition", "null", "TaskDefinition can not be blank."},
        {"taskDefinition", "\"\"", "TaskDefinition can not be blank."},
        {"count", "0", "Count must be between 1 and 10."},
        {"count", "11", "Count must be between 1 and 10."},
        {"startedBy", text_129, "startedBy can have at most 128 letters, digits, hyphens, underscores and slashes."},
        {"startedBy", "\"a b\"", "startedBy can have at most 128 letters, digits, hyphens, underscores and slashes."},
        {"clientToken", text_65, "clientToken must be 1 to 64 ASCII characters in the range 33-126."},
        {"clientToken", "\"\"", "clientToken must be 1 to 64 ASCII characters in the range 33-126."},
        {"clientToken", "\"a b\"", "clientToken must be 1 to 64 ASCII characters in the range 33-126."},
        {"networkConfiguration", "null",
         "Network Configuration must be provided when networkMode 'awsvpc' is specified."},
        {"networkConfiguration", "{}",
         "Network Configuration must be provided when networkMode 'awsvpc' is specified."},
        {"networkConfiguration", "{\"awsvpcConfiguration\": {\"subnets\": []}}", "subnets can not be empty."},
        {"capacityProviderStrategy", "[{\"capacityProvider\": \"FARGATE_SPOT\"}]",
         "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again."},
        {"overrides", "{\"containerOverrides\": [{\"name\": \"other\"}]}",
         "Override for container named other is not a container in the TaskDefinition."},
        {"overrides", "{\"containerOverrides\": [{}]}", "Container Name cannot be empty."},
        {"overrides", "{\"cpu\": \"1024\"}",
         "No Fargate configuration exists for given values: 1024 CPU, 512 memory. See the Amazon ECS documentation for "
         "the valid values."},
        {"tags", "[{\"key\": \"\"}]", "Tag key can not be blank."},
    };
    for (auto const& each : rows) {
        CAPTURE(each.member, each.value);
        b.call("RunTask", bench::with(task, each.member, document(each.value)));
        CHECK(b.status == 400);
        CHECK(b.message == each.text);
    }
    CHECK(b.ecs.tasks_created() == 0);
    b.call("RunTask", bench::with(task, "launchType", nullptr)); // no launch type: EC2, and there are no machines
    CHECK(b.message == "No Container Instances were found in your cluster.");
}

TEST_CASE("Overrides may be 8192 characters long, their JSON included", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    // {"containerOverrides":[{"name":"flow","environment":[{"name":"A","value":"..."}]}]} is 78 without the value.
    auto const overrides = [](std::size_t length) {
        json::value variable{{"name", "A"}, {"value", std::string(length, 'x')}};
        json::value container{{"name", "flow"}, {"environment", json::value::array({variable})}};
        return json::value{{"containerOverrides", json::value::array({container})}};
    };
    CHECK(testing::detail::compact_size(overrides(0)) ==
          std::string{R"({"containerOverrides":[{"name":"flow","environment":[{"name":"A","value":""}]}]})"}.size());
    std::size_t const frame = testing::detail::compact_size(overrides(0));
    b.call("RunTask", bench::with(task, "overrides", overrides(8192 - frame)));
    CHECK(b.status == 200);
    b.call("RunTask", bench::with(task, "overrides", overrides(8193 - frame)));
    CHECK(b.message == "Container Overrides length must be at most 8192");
}

TEST_CASE("Capacity providers are taken instead of a launch type", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    auto body = bench::with(task, "launchType", nullptr);
    json::set(
        body, "capacityProviderStrategy",
        document(
            R"([{"capacityProvider": "FARGATE", "weight": 0}, {"capacityProvider": "FARGATE_SPOT", "weight": 1}])"));
    auto const arn = b.run(body);
    CHECK(testing_support::text(b.look(arn), "capacityProviderName") == "FARGATE_SPOT");
    json::set(body, "capacityProviderStrategy", document(R"([{"capacityProvider": "mine"}])"));
    b.call("RunTask", body);
    CHECK(b.message.starts_with("The specified capacity provider was not found."));
    b.ecs.add_cluster("spot", {0, "FARGATE_SPOT"});
    json::set(body, "capacityProviderStrategy", nullptr);
    json::set(body, "cluster", "spot");
    CHECK(b.run(body) != "");
}

TEST_CASE("Only an active definition runs; a family means its latest active revision", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.call("RegisterTaskDefinition", definition);
    b.call("DeregisterTaskDefinition", R"({"taskDefinition": "etl:2"})");
    auto const arn = b.run(document(task));
    CHECK(testing_support::text(b.look(arn), "taskDefinitionArn").ends_with("etl:1"));
    b.call("RunTask", bench::with(task, "taskDefinition", "etl:2"));
    CHECK(b.code == "ClientException");
    CHECK(b.message == "TaskDefinition is inactive");
    b.call("DeregisterTaskDefinition", R"({"taskDefinition": "etl"})");
    CHECK(b.code == "InvalidParameterException"); // a revision is mandatory
}

TEST_CASE("A task is followed from PROVISIONING to STOPPED, and for an hour after", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.next_task(testing::exits_with(3));
    auto body = bench::with(task, "startedBy", "fleet-1");
    json::set(body, "tags", document(R"([{"key": "run", "value": "1"}])"));
    json::set(body, "propagateTags", "TASK_DEFINITION");
    auto const answer = b.call("RunTask", body);
    REQUIRE(b.status == 200);
    CHECK(at(answer, "failures").empty());
    auto const arn = testing_support::text(at(answer, "tasks")[0], "taskArn");
    CHECK(arn.starts_with("arn:aws:ecs:us-east-1:123456789012:task/default/"));
    CHECK(arn.substr(arn.rfind('/') + 1).size() == 32);
    CHECK(b.status_of(arn) == "PROVISIONING");
    CHECK(at(b.look(arn), "createdAt") == 1'704'164'645.0);
    b.clock.advance(2s);
    CHECK(b.status_of(arn) == "PENDING");
    b.clock.advance(3s);
    auto shown = b.look(arn);
    CHECK(at(shown, "lastStatus") == "RUNNING");
    CHECK(at(at(shown, "containers")[0], "lastStatus") == "RUNNING");
    CHECK(at(shown, "startedBy") == "fleet-1");
    CHECK(at(shown, "cpu") == "256");
    CHECK(at(shown, "group") == "family:etl");
    CHECK(at(shown, "startedAt") == 1'704'164'650.0);
    CHECK(json::member(shown, "stoppedAt") == nullptr);
    CHECK(at(shown, "tags").empty());
    auto const tagged = b.call(
        "DescribeTasks", json::value{{"tasks", json::value::array({arn})}, {"include", json::value::array({"TAGS"})}});
    CHECK(at(at(tagged, "tasks")[0], "tags") ==
          document(R"([{"key": "run", "value": "1"}, {"key": "team", "value": "data"}])"));
    b.clock.advance(10s);
    shown = b.look(arn);
    CHECK(at(shown, "lastStatus") == "DEPROVISIONING");
    CHECK(at(shown, "desiredStatus") == "STOPPED");
    b.clock.advance(2s);
    shown = b.look(arn);
    CHECK(at(shown, "lastStatus") == "STOPPED");
    CHECK(at(shown, "stopCode") == "EssentialContainerExited");
    CHECK(at(shown, "stoppedReason") == "Essential container in task exited");
    CHECK(at(at(shown, "containers")[0], "exitCode") == 3);
    b.clock.advance(1h - 1us);
    CHECK(b.status_of(arn) == "STOPPED");
    b.clock.advance(1us);
    auto const gone = b.call("DescribeTasks", json::value{{"tasks", json::value::array({arn})}});
    CHECK(at(gone, "tasks").empty());
    CHECK(at(gone, "failures") == json::value::array({json::value{{"arn", arn}, {"reason", "MISSING"}}}));
    CHECK(b.ecs.tasks_created() == 1);
}

TEST_CASE("Every ending shows in the task", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition",
           bench::with(
               definition, "containerDefinitions",
               document(R"([{"name": "flow", "image": "i"}, {"name": "side", "image": "i", "essential": false}])")));
    auto const end = [&](testing::task_life life) {
        b.ecs.next_task(std::move(life));
        auto const arn = b.run(document(task));
        b.clock.advance(1min);
        return b.look(arn);
    };
    auto shown = end(testing::never_starts("ResourceInitializationError: no route"));
    CHECK(at(shown, "stopCode") == "TaskFailedToStart");
    CHECK(at(shown, "stoppedReason") == "ResourceInitializationError: no route");
    CHECK(json::member(shown, "startedAt") == nullptr);
    CHECK(at(shown, "containers").size() == 2);
    CHECK(json::member(at(shown, "containers")[0], "exitCode") == nullptr);

    auto empty = testing::never_starts();
    empty.empty_containers = true;
    CHECK(at(end(empty), "containers").empty());

    shown = end(testing::runs_out_of_memory());
    CHECK(at(at(shown, "containers")[0], "exitCode") == 137);
    CHECK(testing_support::text(at(shown, "containers")[0], "reason").starts_with("OutOfMemoryError"));

    shown = end(testing::is_interrupted());
    CHECK(at(shown, "stopCode") == "SpotInterruption");
    CHECK(at(at(shown, "containers")[0], "exitCode") == 143);

    auto sidecar = testing::exits_with(0);
    sidecar.other_exits = {{"side", 1}};
    shown = end(sidecar);
    CHECK(at(at(shown, "containers")[0], "exitCode") == 0);
    CHECK(at(at(shown, "containers")[1], "exitCode") == 1);

    auto lost = testing::exits_with(0);
    lost.exit_code_lost = true;
    CHECK(json::member(at(end(lost), "containers")[0], "exitCode") == nullptr);

    CHECK(at(end(testing::runs_for_ever()), "lastStatus") == "RUNNING");
}

TEST_CASE("A life can be chosen for each task", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.choose_task([](json::value const& request, std::size_t number) {
        return testing::exits_with(json::text_of(request, "startedBy") == "odd" ? 1 : static_cast<int>(number) + 10);
    });
    auto const first = b.run(document(task));
    auto const second = b.run(bench::with(task, "startedBy", "odd"));
    b.clock.advance(1min);
    CHECK(at(at(b.look(first), "containers")[0], "exitCode") == 10);
    CHECK(at(at(b.look(second), "containers")[0], "exitCode") == 1);
}

TEST_CASE("StopTask ends a task once, and again is no error", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.every_task(testing::runs_for_ever());
    auto const arn = b.run(document(task));
    b.clock.advance(1min);
    auto const answer = b.call("StopTask", json::value{{"task", arn}, {"reason", "cancelled"}});
    CHECK(at(at(answer, "task"), "desiredStatus") == "STOPPED");
    CHECK(at(at(answer, "task"), "lastStatus") == "STOPPING");
    b.clock.advance(1min);
    b.call("StopTask", json::value{{"task", arn.substr(arn.rfind('/') + 1)}, {"reason", "again"}});
    CHECK(b.status == 200);
    auto const shown = b.look(arn);
    CHECK(at(shown, "lastStatus") == "STOPPED");
    CHECK(at(shown, "stopCode") == "UserInitiated");
    CHECK(at(shown, "stoppedReason") == "cancelled");
    b.clock.advance(1h);
    b.call("StopTask", json::value{{"task", arn}});
    CHECK(b.message == "The referenced task was not found.");
}

TEST_CASE("DescribeTasks takes a hundred tasks, by ARN or id, of one cluster", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.add_cluster("other");
    auto const arn = b.run(document(task));
    auto const ask = [&](std::size_t count, char const* cluster) {
        json::value list = json::value::array();
        for (std::size_t i = 0; i != count; ++i) list.push_back(arn);
        return b.call("DescribeTasks", json::value{{"cluster", cluster}, {"tasks", list}});
    };
    CHECK(at(ask(100, "default"), "tasks").size() == 100);
    ask(101, "default");
    CHECK(b.code == "InvalidParameterException");
    ask(0, "default");
    CHECK(b.message == "Tasks cannot be empty.");
    CHECK(at(ask(1, "other"), "failures").size() == 1);
    CHECK(at(ask(1, "arn:aws:ecs:us-east-1:123456789012:cluster/default"), "tasks").size() == 1);
    auto const by_id = b.call("DescribeTasks",
                              json::value{{"tasks", json::value::array({arn.substr(arn.rfind('/') + 1), "unknown"})}});
    CHECK(at(by_id, "tasks").size() == 1);
    CHECK(at(at(by_id, "failures")[0], "arn") == "arn:aws:ecs:us-east-1:123456789012:task/default/unknown");
}

TEST_CASE("A task that was just made may be MISSING for a while", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    auto life = testing::runs_for_ever();
    life.visible_after = 60s;
    b.ecs.every_task(life);
    auto const arn = b.run(document(task));
    b.clock.advance(60s - 1us);
    CHECK(b.status_of(arn) == "");
    CHECK(at(b.call("ListTasks", "{}"), "taskArns").empty());
    CHECK(testing_support::text(b.ecs.task(arn), "lastStatus") == "RUNNING");
    b.clock.advance(1us);
    CHECK(b.status_of(arn) == "RUNNING");
    CHECK(at(b.call("ListTasks", "{}"), "taskArns").size() == 1);
}

TEST_CASE("ListTasks filters, and takes startedBy alone", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.call("RegisterTaskDefinition", bench::with(definition, "family", "other"));
    b.ecs.next_task(testing::exits_with(0));
    auto const ended = b.run(bench::with(task, "startedBy", "one"));
    b.clock.advance(1min);
    b.ecs.every_task(testing::runs_for_ever());
    auto const live = b.run(bench::with(task, "startedBy", "one"));
    auto const other = b.run(bench::with(task, "taskDefinition", "other"));
    auto const list = [&](char const* input) { return at(b.call("ListTasks", input), "taskArns"); };
    CHECK(list("{}") == json::value::array({live, other}));
    CHECK(list(R"({"desiredStatus": "STOPPED"})") == json::value::array({ended}));
    CHECK(list(R"({"desiredStatus": "PENDING"})").empty());
    CHECK(list(R"({"startedBy": "one"})") == json::value::array({live}));
    CHECK(list(R"({"startedBy": "on"})").empty());
    CHECK(list(R"({"family": "other"})") == json::value::array({other}));
    CHECK(list(R"({"family": "etl", "desiredStatus": "STOPPED"})") == json::value::array({ended}));
    CHECK(list(R"({"launchType": "EC2"})").empty());
    CHECK(list(R"({"cluster": "default", "startedBy": "one", "maxResults": 1})") == json::value::array({live}));
    for (auto const* input :
         {R"({"startedBy": "one", "desiredStatus": "RUNNING"})", R"({"startedBy": "one", "family": "etl"})",
          R"({"startedBy": "one", "launchType": "FARGATE"})"}) {
        b.call("ListTasks", std::string{input});
        CHECK(b.code == "InvalidParameterException");
        CHECK(b.message == "cannot specify startedBy with other arguments");
    }
    b.call("ListTasks", R"({"maxResults": 101})");
    CHECK(b.code == "InvalidParameterException");
}

TEST_CASE("DescribeClusters counts what runs and what is about to", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.every_task(testing::runs_for_ever());
    b.run(document(task));
    b.clock.advance(1min);
    b.run(bench::with(task, "count", 3));
    auto const cluster = at(b.call("DescribeClusters", "{}"), "clusters")[0];
    CHECK(at(cluster, "clusterName") == "default");
    CHECK(at(cluster, "runningTasksCount") == 1);
    CHECK(at(cluster, "pendingTasksCount") == 3);
}

TEST_CASE("The same token with the same parameters is the same tasks", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.add_cluster("second");
    auto const body = bench::with(task, "clientToken", "run-1-attempt-0");
    auto const first = b.run(body);
    CHECK(b.run(body) == first);
    // The order of members, a null and the cluster's other spelling are not parameters.
    auto reordered = document(R"({"clientToken": "run-1-attempt-0", "group": null, "cluster": "default",
        "networkConfiguration": {"awsvpcConfiguration": {"securityGroups": [], "subnets": ["subnet-1"]}},
        "launchType": "FARGATE", "taskDefinition": "etl"})");
    CHECK(b.run(reordered) == first);
    CHECK(b.ecs.tasks_created() == 1);
    // Another token, no token, another cluster are other tasks.
    CHECK(b.run(bench::with(task, "clientToken", "run-1-attempt-1")) != first);
    CHECK(b.run(document(task)) != first);
    json::set(reordered, "cluster", "second");
    CHECK(b.run(reordered) != first);
    CHECK(b.ecs.tasks_created() == 4);
}

TEST_CASE("The same token with other parameters is a conflict that names the tasks there are", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    auto body = bench::with(task, "clientToken", "t");
    json::set(body, "count", 2);
    auto const made = b.call("RunTask", body);
    REQUIRE(at(made, "tasks").size() == 2);
    json::set(body, "startedBy", "somebody");
    auto const conflict = b.call("RunTask", body);
    CHECK(b.status == 400);
    CHECK(b.code == "ConflictException");
    CHECK(at(conflict, "resourceIds") ==
          json::value::array({at(at(made, "tasks")[0], "taskArn"), at(at(made, "tasks")[1], "taskArn")}));
    CHECK(b.ecs.tasks_created() == 2);
}

TEST_CASE("A token lives a day at most, and an hour after its tasks stopped", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    auto const body = bench::with(task, "clientToken", "t");
    SECTION("while the task runs, a day") {
        b.ecs.every_task(testing::runs_for_ever());
        auto const first = b.run(body);
        b.clock.advance(24h - 1us);
        CHECK(b.run(body) == first);
        b.clock.advance(1us);
        CHECK(b.run(body) != first);
    }
    SECTION("after the task stopped, an hour, and the answer is short") {
        auto const first = b.run(body); // 2 + 3 + 10 + 2 seconds
        b.clock.advance(17s + 1h - 1us);
        auto const again = b.call("RunTask", body);
        CHECK(at(again, "tasks") == json::value::array({json::value{
                                        {"taskArn", first}, {"lastStatus", "STOPPED"}, {"desiredStatus", "STOPPED"}}}));
        CHECK(b.ecs.tasks_created() == 1);
        b.clock.advance(1us);
        CHECK(b.run(body) != first);
        CHECK(b.ecs.tasks_created() == 2);
    }
    SECTION("the day ends even when the last task has just stopped") {
        auto life = testing::task_life{};
        life.running = 23h + 30min;
        b.ecs.every_task(life);
        auto const first = b.run(body);
        b.clock.advance(24h);
        CHECK(b.run(body) != first);
    }
}

TEST_CASE("Failures are kept under their token like any result", "[ecs_tasks]") {
    bench b;
    b.call("RegisterTaskDefinition", definition);
    b.ecs.faults().fail("RunTask", 0, testing::no_capacity());
    auto const body = bench::with(task, "clientToken", "attempt-0");
    for (int i = 0; i != 2; ++i) {
        auto const answer = b.call("RunTask", body);
        CHECK(b.status == 200);
        CHECK(at(answer, "tasks").empty());
        CHECK(at(at(answer, "failures")[0], "reason") ==
              "Capacity is unavailable at this time. Please try again later or in a different availability zone");
        b.clock.advance(1h);
    }
    auto conflicting = body;
    json::set(conflicting, "count", 2);
    CHECK(at(b.call("RunTask", conflicting), "resourceIds").is_null());
    CHECK(b.code == "ConflictException");
    CHECK(b.run(bench::with(task, "clientToken", "attempt-1")) != "");
    CHECK(b.ecs.tasks_created() == 1);
    b.clock.advance(22h);
    CHECK(b.run(body) != "");
}

TEST_CASE("A refused RunTask leaves no token behind", "[ecs_tasks]") {
    bench b;
    auto const body = bench::with(task, "clientToken", "t");
    b.call("RunTask", body);
    CHECK(b.message == "TaskDefinition not found.");
    b.call("RegisterTaskDefinition", definition);
    CHECK(b.run(body) != "");
}

TEST_CASE("Each fault is seen as planned, and only those after the act leave a task", "[ecs_tasks]") {
    struct row {
        char const* name;
        testing::fault what;
        errc code;
        int status;
        std::size_t created;
    };
    row const rows[] = {
        {"dropped before", testing::dropped(), errc::connection_failed, 0, 0},
        {"dropped after", testing::dropped().after(), errc::connection_failed, 0, 1},
        {"stalled before", testing::stalled(), errc::timed_out, 0, 0},
        {"stalled after", testing::stalled().after(), errc::timed_out, 0, 1},
        {"500 before", testing::refused(500, "ServerException", "boom"), errc{}, 500, 0},
        {"500 after", testing::refused(500, "ServerException", "boom").after(), errc{}, 500, 1},
        {"html after", testing::answered(502, "<html>bad gateway</html>").after(), errc{}, 502, 1},
        {"half a body after", testing::answered(200, "{\"tasks\": [").after(), errc{}, 200, 1},
        {"throttled", testing::throttled(), errc{}, 400, 0},
    };
    for (auto const& each : rows) {
        INFO(each.name);
        bench b;
        b.call("RegisterTaskDefinition", definition);
        b.ecs.faults().fail("RunTask", 0, each.what);
        auto const body = json::write(bench::with(task, "clientToken", "t"));
        auto const answer = b.send("RunTask", body);
        if (each.status == 0) {
            REQUIRE_FALSE(answer);
            CHECK(answer.error().code == each.code);
        } else {
            REQUIRE(answer);
            CHECK(answer->status == each.status);
        }
        CHECK(b.ecs.tasks_created() == each.created);
        auto const seen = b.ecs.log().all("RunTask");
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].lost == (each.created == 1));
        CHECK(seen[0].status == each.status);
        // The same bytes again find the task, or make it.
        CHECK(b.run(document(body)) != "");
        CHECK(b.ecs.tasks_created() == 1);
    }
}
