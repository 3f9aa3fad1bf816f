// The shell examples of the product description, word for word but for the program's name.

#include "program/world.hpp"

#include "support/catch.hpp"

#include <string>

using namespace fargate;
using testing_support::child;
using testing_support::program_world;

namespace {

/// An example as it stands there: each line behind its `$ `, and prefect's name.
std::string script_of(std::string const& example) {
    std::string made = "fargate-agent() { exec '" FARGATE_PROGRAM "' \"$@\"; }\n";
    std::string line;
    for (char const c : example + "\n") {
        line += c;
        if (c != '\n') continue;
        if (line.starts_with("$ ")) line.erase(0, 2);
        if (line.starts_with("prefect ")) line.replace(0, 7, "fargate-agent");
        made += line;
        line.clear();
    }
    return made;
}

/// Runs an example until the run that is due has a line in its log.
void follow(program_world& world, std::string const& example) {
    auto const id = world.queue();
    child agent{{"bash", "-eu", "-c", script_of(example)}, world.environment};
    bool const waits = agent.says("Waiting for flow runs...");
    INFO(agent.out() << agent.err());
    REQUIRE(waits);
    world.held.wait();
    agent.signal(SIGTERM);
    CHECK(agent.end() == 0);
    CHECK(agent.err().empty());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.aws.ecs.unknown_members().empty());
    REQUIRE(world.prefect.logs(id).size() == 1);
    CHECK(world.prefect.logs(id)[0].message == "Submitted for execution: Task ARN: " + world.aws.ecs.tasks()[0].arn);
}

/// RunTask's body for the recorded run, as the original sends it.
json::value task(std::string const& token, std::string const& network) {
    auto const recorded = testing_support::load("prefect1/flow_run_docker_run_config.json")["data"]["flow_run"][0];
    auto const run = recorded["id"].get<std::string>();
    auto const flow = recorded["flow"]["id"].get<std::string>();
    return *json::parse(R"({"taskDefinition": "prefect-task-)" + flow.substr(0, 8) +
                        R"(", "overrides": {"containerOverrides": [{"name": "flow", "environment": [
                            {"name": "PREFECT__CLOUD__AUTH_TOKEN", "value": ")" +
                        token + R"("}, {"name": "PREFECT__CONTEXT__FLOW_RUN_ID", "value": ")" + run +
                        R"("}, {"name": "PREFECT__CONTEXT__FLOW_ID", "value": ")" + flow +
                        R"("}]}]}, "networkConfiguration": )" + network + R"(, "launchType": "FARGATE"})");
}

std::string const my_network = R"({"awsvpcConfiguration": {"assignPublicIp": "ENABLED", "subnets": ["my_subnet_id"],
                                   "securityGroups": []}})";
std::string const any_network = R"({"awsvpcConfiguration": {"subnets": ["subnet-1"]}})";

/// Nothing but the way to the services and the role: what an example is about comes from the example.
void keep_only_the_way(program_world& world) {
    for (auto const* const name :
         {"cpu", "memory", "networkConfiguration", "REGION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
        world.environment.erase(name);
    world.aws.accept({"...", "...", "", {}});
}

} // namespace

TEST_CASE("Installation, through the Prefect CLI") {
    program_world world;
    world.aws.accept_only({{"MY_ACCESS", "MY_SECRET", "MY_SESSION", {}}});
    // MY_REGION stands for a region's name, and is none.
    follow(world, R"($ export AWS_ACCESS_KEY_ID=MY_ACCESS
$ export AWS_SECRET_ACCESS_KEY=MY_SECRET
$ export AWS_SESSION_TOKEN=MY_SESSION
$ export REGION_NAME=us-east-1
$ prefect agent fargate start)");
    CHECK(world.body("RunTask") == task("a token", any_network));
}

TEST_CASE("Usage: the banner is the description's") {
    program_world world;
    auto const example = R"($ prefect agent fargate start --max-polls 0)";
    child agent{{"bash", "-eu", "-c", script_of(example)}, world.environment};
    CHECK(agent.end() == 0);
    CHECK(agent.out().find(R"(
 ____            __           _        _                    _
|  _ \ _ __ ___ / _| ___  ___| |_     / \   __ _  ___ _ __ | |_
| |_) | '__/ _ \ |_ / _ \/ __| __|   / _ \ / _` |/ _ \ '_ \| __|
|  __/| | |  __/  _|  __/ (__| |_   / ___ \ (_| |  __/ | | | |_
|_|   |_|  \___|_|  \___|\___|\__| /_/   \_\__, |\___|_| |_|\__|
                                           |___/

)") != std::string::npos);
}

TEST_CASE("Tokens: as an argument, in the agent's variable, in cloud.auth_token") {
    program_world world{"MY_TOKEN"};
    world.environment.erase("PREFECT__CLOUD__AGENT__AUTH_TOKEN");
    std::string example;
    SECTION("command argument") { example = "prefect agent fargate start -t MY_TOKEN"; }
    SECTION("environment variable") {
        example = "export PREFECT__CLOUD__AGENT__AUTH_TOKEN=MY_TOKEN\nprefect agent fargate start";
    }
    SECTION("cloud.auth_token") { example = "export PREFECT__CLOUD__AUTH_TOKEN=MY_TOKEN\nprefect agent fargate start"; }
    follow(world, example);
    CHECK(world.body("RunTask") == task("MY_TOKEN", any_network));
}

TEST_CASE("Configuration Examples: Prefect CLI") {
    program_world world;
    keep_only_the_way(world);
    follow(world, R"($ export AWS_ACCESS_KEY_ID=...
$ export AWS_SECRET_ACCESS_KEY=...
$ export REGION_NAME=us-east-1
$ export cpu=256
$ export memory=512
$ export networkConfiguration="{'awsvpcConfiguration': {'assignPublicIp': 'ENABLED', 'subnets': ['my_subnet_id'], 'securityGroups': []}}"

$ prefect agent fargate start)");
    CHECK(world.body("RunTask") == task("a token", my_network));
    CHECK(world.body("RegisterTaskDefinition")["cpu"] == "256");
    CHECK(world.body("RegisterTaskDefinition")["memory"] == "512");
}

TEST_CASE("Prefect CLI Using Kwargs: as arguments") {
    program_world world;
    keep_only_the_way(world);
    follow(world, R"($ export AWS_ACCESS_KEY_ID=...
$ export AWS_SECRET_ACCESS_KEY=...
$ export REGION_NAME=us-east-1

$ prefect agent fargate start cpu=256 memory=512 networkConfiguration="{'awsvpcConfiguration': {'assignPublicIp': 'ENABLED', 'subnets': ['my_subnet_id'], 'securityGroups': []}}")");
    CHECK(world.body("RunTask") == task("a token", my_network));
    CHECK(world.body("RegisterTaskDefinition")["cpu"] == "256");
}

TEST_CASE("Prefect CLI Using Kwargs: through variables, which the shell splits at their blanks") {
    program_world world;
    keep_only_the_way(world);
    follow(world, R"($ export AWS_ACCESS_KEY_ID=...
$ export AWS_SECRET_ACCESS_KEY=...
$ export REGION_NAME=us-east-1
$ export CPU=256
$ export MEMORY=512
$ export NETWORK_CONFIGURATION="{'awsvpcConfiguration': {'assignPublicIp': 'ENABLED', 'subnets': ['my_subnet_id'], 'securityGroups': []}}"

$ prefect agent fargate start cpu=$CPU memory=$MEMORY networkConfiguration=$NETWORK_CONFIGURATION)");
    CHECK(world.body("RunTask") == task("a token", my_network));
    CHECK(world.body("RegisterTaskDefinition")["memory"] == "512");
}

TEST_CASE("containerDefinitions_<key> in the environment") {
    program_world world;
    follow(world, R"(export containerDefinitions_environment="[{'name': 'TEST_ENV', 'value': 'Success!'}]"
export containerDefinitions_secrets="[{'name': 'TEST_SECRET', 'valueFrom': 'arn:aws:ssm:us-east-1:123456789101:parameter/test/test'}]"
export containerDefinitions_mountPoints="[{'sourceVolume': 'myEfsVolume', 'containerPath': '/data', 'readOnly': False}]"
export volumes="[{'name': 'myEfsVolume', 'efsVolumeConfiguration': {'fileSystemId': 'my_efs_id'}}]"
prefect agent fargate start platformVersion=1.4.0)");
    auto const container = world.body("RegisterTaskDefinition")["containerDefinitions"][0];
    CHECK(container["environment"].back() == *json::parse(R"({"name": "TEST_ENV", "value": "Success!"})"));
    CHECK(container["secrets"] ==
          *json::parse(
              R"([{"name": "TEST_SECRET", "valueFrom": "arn:aws:ssm:us-east-1:123456789101:parameter/test/test"}])"));
    CHECK(container["mountPoints"] ==
          *json::parse(R"([{"sourceVolume": "myEfsVolume", "containerPath": "/data", "readOnly": false}])"));
    CHECK(world.body("RunTask")["platformVersion"] == "1.4.0");
}

TEST_CASE("taskRoleArn= is the same as --taskRoleArn=") {
    json::value bodies[2];
    for (int const dashed : {0, 1}) {
        program_world world;
        follow(world, std::string{"prefect agent fargate start "} + (dashed != 0 ? "--" : "") +
                          R"(taskRoleArn="arn:aws:iam::123456789012:role/task")");
        bodies[dashed] = world.body("RegisterTaskDefinition");
        bodies[dashed]["containerDefinitions"][0]["environment"].erase(0); // the API, each time at another port
    }
    CHECK(bodies[0]["taskRoleArn"] == "arn:aws:iam::123456789012:role/task");
    CHECK(bodies[0] == bodies[1]);

    program_world world; // and the description's own, empty one asks for no role
    follow(world, R"(prefect agent fargate start --taskRoleArn="")");
    CHECK_FALSE(world.body("RegisterTaskDefinition").contains("taskRoleArn"));
}
