#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

// The lines that the original writes, where a log shows them. Those of signals and of the program's own start stand in
// tests/program/process.test.cpp, those of validate_configuration in tests/service/validation.test.cpp, those of an agent's
// making in tests/service/introduction.test.cpp.

using namespace fargate;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::usual;
namespace fakes = fargate::testing;

namespace {

/// Every line is there, whole, and each after the one before.
void check_order(std::string const& log, std::vector<std::string> const& lines) {
    std::size_t from = 0;
    for (auto const& line : lines) {
        INFO(line << "\n--- in ---\n" << log);
        auto const at = ("\n" + log).find("\n" + line + "\n", from);
        REQUIRE(at != std::string::npos);
        from = at + 1;
    }
}

std::string id8(json::value const& run) { return testing_support::text(run["flow"], "id").substr(0, 8); }

} // namespace

TEST_CASE("4.9: the lines of a start, an idle poll and a flow's first run") {
    fake_world world;
    inhabitant lives{world, usual(2)};
    std::string id;
    world.clock.during_sleep([&](duration) {
        if (id.empty()) id = world.queue("docker_local_environment");
    });
    REQUIRE(lives.agent.start());
    auto const family = "prefect-task-" + id8(world.prefect.flow_run(id));
    auto const arn = world.aws.ecs.tasks()[0].arn;
    auto const agent_id = world.prefect.agents()[0].id;
    auto const definition = *json::parse(world.aws.ecs.log().all("RegisterTaskDefinition")[0].body);
    auto const image = testing_support::text(definition["containerDefinitions"][0], "image");
    check_order(lives.parts.log.text(),
                {"DEBUG Agent ID: " + agent_id,
                 "INFO Starting FargateAgent with labels ['aws']",
                 "INFO Agent documentation can be found at https://docs.prefect.io/orchestration/",
                 "INFO Agent connecting to the Prefect API at http://localhost:4200",
                 "INFO Waiting for flow runs...",
                 "DEBUG Max Workers: 1",
                 "DEBUG Querying for flow runs",
                 "DEBUG No flow runs found",
                 "DEBUG Next query for flow runs in 0.5 seconds",
                 "DEBUG Querying for flow runs",
                 "DEBUG Found flow runs ['" + id + "']",
                 "DEBUG Querying flow run metadata",
                 "INFO Found 1 flow run(s) to submit for execution.",
                 "INFO Deploying flow run " + id,
                 "DEBUG Updating states for flow run " + id,
                 "DEBUG Flow run " + id + " is in a Scheduled state, updating to Submitted",
                 "DEBUG Checking for task definition",
                 "DEBUG No task definition found",
                 "DEBUG Using image " + image + " for task definition",
                 "DEBUG Registering task definition " + family,
                 "DEBUG Running task using task definition " + family,
                 "DEBUG Run created for task " + arn,
                 "DEBUG Completed flow run submission (id: " + id + ")",
                 "DEBUG Next query for flow runs in 0.25 seconds"});
}

TEST_CASE("4.9: the lines of a definition that is there already") {
    for (bool const revisions : {false, true}) {
        fake_world world;
        auto options = usual(4);
        options.enable_task_revisions = revisions;
        auto const first = world.queue("docker_local_environment");
        auto row = world.prefect.flow_run(first);
        {
            inhabitant lives{world, options};
            REQUIRE(lives.agent.start());
        }
        json::set(row, "id", "11111111-2222-4333-8444-555555555555");
        json::set(row, "labels", json::value::array({"aws"}));
        json::set(row, "task_runs", json::value::array());
        world.prefect.add_flow_run(row);
        inhabitant lives{world, options};
        REQUIRE(lives.agent.start());
        auto const log = lives.parts.log.text();
        auto const family =
            world.aws.ecs.log().all("RegisterTaskDefinition").empty()
                ? std::string{}
                : testing_support::text(*json::parse(world.aws.ecs.log().all("RegisterTaskDefinition")[0].body),
                                        "family");
        if (revisions)
            check_order(log, {"INFO Native ECS task revisions enabled.", "INFO Adding tags for flow_id and version.",
                              "DEBUG Active task definition for " + id8(row) + " already exists"});
        else
            check_order(log, {"DEBUG Checking for task definition", "DEBUG Task definition " + family + " found"});
        CHECK(world.aws.ecs.tasks_created() == 2);
    }
}

TEST_CASE("4.9: an API that does not greet is two ERROR lines, one that fails a poll another") {
    fake_world world;
    world.prefect.faults().fail_always("hello", fakes::answered(500));
    world.prefect.faults().fail_always("get_runs_in_queue", fakes::answered(401));
    inhabitant lives{world, usual(1)};
    REQUIRE(lives.agent.start());
    auto const log = lives.parts.log.text();
    check_order(log, {"INFO Agent connecting to the Prefect API at http://localhost:4200",
                      "ERROR There was an error connecting to http://localhost:4200", "INFO Waiting for flow runs..."});
    std::vector<std::string> errors;
    for (auto const& each : lives.parts.log.lines())
        if (each.level == log_level::error) errors.push_back(each.text);
    REQUIRE(errors.size() == 3);
    CHECK(errors[1].find("500") != std::string::npos);
    CHECK(errors[2].find("401") != std::string::npos);
}

TEST_CASE("4.9: a registration that fails on a server is a WARNING, and the agent goes on") {
    fake_world world;
    world.prefect.faults().fail_always("register_agent", fakes::answered(500));
    inhabitant lives{world, usual(1)};
    REQUIRE(lives.agent.start());
    check_order(lives.parts.log.text(),
                {"WARNING Unable to register agent to http://localhost:4200. Make sure the server is running on the "
                 "latest version.",
                 "INFO Starting FargateAgent with labels ['aws']", "INFO Waiting for flow runs..."});
}

TEST_CASE("4.9: a deployment that fails is told before and after the run is set to Failed") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    world.aws.ecs.faults().fail_always("RunTask",
                                       fakes::refused(400, "ClusterNotFoundException", "Cluster not found."));
    inhabitant lives{world, usual(1)};
    REQUIRE(lives.agent.start());
    auto const log = lives.parts.log.text();
    auto const reason = world.prefect.history(id).back().message;
    CHECK(reason.find("Cluster not found.") != std::string::npos);
    check_order(log, {"INFO Deploying flow run " + id, "ERROR Logging platform error for flow run " + id,
                      "ERROR Error while deploying flow: " + reason});
}

TEST_CASE("4.9: no line is about the agent's own heartbeat, and Prefect is sent none, however long nothing is due") {
    fake_world world;
    inhabitant lives{world, usual(25)};
    auto const before = world.clock.now();
    REQUIRE(lives.agent.start());
    CHECK(world.clock.now() - before > std::chrono::minutes{3});
    CHECK_FALSE(lives.parts.log.contains("heartbeat"));
    CHECK(world.prefect.log().count("get_runs_in_queue") == 25);
    CHECK(world.prefect.log().count() == 25 + 3); // the tenant, the registration and the greeting
}

TEST_CASE("7: the lines of 0.14.7 to 0.14.22 do not take the place of those of 0.13.19") {
    fake_world world;
    world.queue("docker_local_environment");
    world.queue("s3_environment_no_image");
    world.prefect.faults().fail_next("get_runs_in_queue", 1, fakes::answered(500));
    world.prefect.faults().fail_always("hello", fakes::answered(500));
    inhabitant lives{world, usual(3)};
    REQUIRE(lives.agent.start());
    auto const& log = lives.parts.log;
    INFO(log.text());
    for (auto const* const line : {"Agent connecting to the Prefect API at ", "There was an error connecting to ",
                                   "Found 2 flow run(s) to submit", "Deploying flow run ",
                                   "Logging platform error for flow run ", "Error while deploying flow: "}) {
        INFO(line);
        CHECK(log.contains(line));
    }
    for (auto const* const line :
         {"Error while contacting API at", "Registering agent...", "Registration successful!",
          "to execution environment...", "Completed deployment of flow run", "Failed to query for",
          "state to Failed...", "aborted!", "Exception encountered while deploying flow run", "deprecated"}) {
        INFO(line);
        CHECK_FALSE(log.contains(line));
    }
}
