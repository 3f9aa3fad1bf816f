#include <fargate/service/validation.hpp>

#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>
#include <vector>

using namespace fargate;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::usual;
namespace fakes = fargate::testing;

template class fargate::agent<testing_support::world_policies>;

namespace {

json::value document(std::string const& text) { return *json::parse(text); }

/// The bodies that ECS was sent by one operation.
std::vector<json::value> sent(fake_world const& world, char const* operation) {
    std::vector<json::value> made;
    for (auto const& each : world.aws.ecs.log().all(operation)) made.push_back(document(each.body));
    return made;
}

std::size_t asked(fake_world const& world, char const* operation) { return world.aws.ecs.log().count(operation); }

} // namespace

TEST_CASE("5.13: validate_configuration registers a test definition, runs it, and takes it back") {
    fake_world world;
    auto options = usual();
    options.kwargs["cluster"] = "default";
    options.kwargs["containerDefinitions"] = json::value::array({json::value::object(
        {{"environment", json::value::array({{{"name", "A"}, {"value", "hidden"}}})},
         {"logConfiguration",
          {{"logDriver", "awslogs"},
           {"options",
            {{"awslogs-group", "/g"}, {"awslogs-region", "us-east-1"}, {"awslogs-stream-prefix", "p"}}}}}})});
    inhabitant lives{world, options};
    auto const found = lives.agent.validate_configuration();
    REQUIRE(found);
    INFO(lives.parts.log.text());
    CHECK(found->ok());
    CHECK(found->failure() == nullptr);
    CHECK_FALSE(found->left_behind);

    REQUIRE(asked(world, "RegisterTaskDefinition") == 1);
    auto const definition = sent(world, "RegisterTaskDefinition")[0];
    auto const family = testing_support::text(definition, "family");
    CHECK(family == found->family);
    REQUIRE(family.size() == 26);
    CHECK(family.substr(0, 18) == "prefect-test-task-");
    CHECK(family.find_first_not_of("0123456789abcdef", 18) == std::string::npos);
    auto const container = definition["containerDefinitions"][0];
    CHECK(container == document(R"({"name": "test-container", "image": "busybox",
        "command": ["/bin/sh", "-c", "echo 'I am alive!'"], "environment": [{"name": "A", "value": "hidden"}], "essential": true,
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g", "awslogs-region": "us-east-1",
        "awslogs-stream-prefix": "p"}}})"));
    CHECK(testing_support::text(definition, "networkMode") == "awsvpc");
    CHECK(definition["requiresCompatibilities"] == document(R"(["FARGATE"])"));
    CHECK(testing_support::text(definition, "cpu") == "256");

    auto task = sent(world, "RunTask")[0];
    task.erase("clientToken");
    CHECK(task == json::value::object({{"taskDefinition", family},
                                       {"overrides", {{"containerOverrides", json::value::array()}}},
                                       {"cluster", "default"},
                                       {"networkConfiguration", options.kwargs["networkConfiguration"]},
                                       {"launchType", "FARGATE"}}));
    CHECK(world.aws.ecs.tasks_created() == 1);
    REQUIRE(asked(world, "DeregisterTaskDefinition") == 1);
    CHECK(testing_support::text(sent(world, "DeregisterTaskDefinition")[0], "taskDefinition") == found->definition_arn);
    CHECK(world.prefect.log().count() == 0);
    CHECK(world.aws.ecs.unknown_members().empty());
}

TEST_CASE("4.9: validate_configuration tells its steps in the original's words") {
    fake_world world;
    inhabitant lives{world};
    auto const found = lives.agent.validate_configuration();
    REQUIRE(found);
    auto const log = lives.parts.log.text();
    std::size_t from = 0;
    for (auto const& line : std::vector<std::string>{
             "INFO Testing task definition registration...\n", "INFO Task definition registration successful\n",
             "INFO Testing task run...\n", "INFO Task run " + found->task_arn + " successful\n"}) {
        INFO(line << " in " << log);
        auto const here = log.find(line, from);
        REQUIRE(here != std::string::npos);
        from = here + line.size();
    }
}

TEST_CASE("what was registered is taken back when the run failed, too, and kept when that is wanted") {
    for (bool const keep : {false, true}) {
        fake_world world;
        world.aws.ecs.faults().fail_always("RunTask", fakes::no_capacity("RESOURCE:MEMORY"));
        inhabitant lives{world};
        auto const found = lives.agent.validate_configuration(keep);
        REQUIRE(found);
        CHECK_FALSE(found->ok());
        REQUIRE(found->failure() != nullptr);
        CHECK(found->failure()->what == "run");
        CHECK(found->failure()->said.find("RESOURCE:MEMORY") != std::string::npos);
        CHECK(asked(world, "DeregisterTaskDefinition") == (keep ? 0 : 1));
        CHECK(found->left_behind == keep);
    }
}

TEST_CASE("a definition that AWS will not take back is a warning that says how to remove it") {
    fake_world world;
    world.aws.ecs.faults().fail_always(
        "DeregisterTaskDefinition",
        fakes::refused(400, "AccessDeniedException",
                       "User: u is not authorized to perform: ecs:DeregisterTaskDefinition"));
    inhabitant lives{world};
    auto const found = lives.agent.validate_configuration();
    REQUIRE(found);
    CHECK(found->ok());
    CHECK(found->left_behind);
    CHECK(lives.parts.log.count(log_level::error) == 0);
    CHECK(lives.parts.log.contains("aws ecs deregister-task-definition --task-definition " + found->definition_arn));
}

TEST_CASE("what AWS refuses is told with what to do about it") {
    struct trouble {
        char const* operation;
        char const* code;
        char const* message;
        char const* step;
        char const* advice;
    };
    auto const each = GENERATE(values<trouble>({
        {"RegisterTaskDefinition", "AccessDeniedException",
         "User: arn:aws:iam::1:user/u is not authorized to perform: ecs:RegisterTaskDefinition on resource: *",
         "register", "the IAM action ecs:RegisterTaskDefinition"},
        {"RegisterTaskDefinition", "AccessDeniedException", "no", "register",
         "the IAM action ecs:RegisterTaskDefinition"},
        {"RegisterTaskDefinition", "ClientException",
         "User: u is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r", "register",
         "the IAM action iam:PassRole"},
        {"RunTask", "AccessDeniedException",
         "User: u is not authorized to perform: ecs:RunTask on resource: x because no identity-based policy allows it",
         "run", "the IAM action ecs:RunTask"},
        {"RunTask", "ClusterNotFoundException", "Cluster not found.", "run", "check cluster"},
        {"RunTask", "InvalidParameterException",
         "Network Configuration must be provided when networkMode 'awsvpc' is specified.", "run",
         "networkConfiguration"},
        {"RunTask", "InvalidParameterException", "The subnet ID 'subnet-9' does not exist", "run",
         "subnets in networkConfiguration"},
        {"RunTask", "InvalidParameterException", "The security group 'sg-1' does not exist", "run", "securityGroups"},
        {"RunTask", "PlatformUnknownException", "The specified platform does not exist.", "run", "platformVersion"},
        {"RegisterTaskDefinition", "ClientException", "No Fargate configuration exists for given values.", "register",
         "cpu and memory"},
        {"RegisterTaskDefinition", "ClientException",
         "Fargate requires task definition to have execution role ARN to support ECR images.", "register",
         "executionRoleArn"},
        {"RegisterTaskDefinition", "UnrecognizedClientException",
         "The security token included in the request is invalid.", "register", "aws_access_key_id"},
        {"RegisterTaskDefinition", "InvalidSignatureException", "The request signature we calculated does not match",
         "register", "aws_secret_access_key"},
        {"RegisterTaskDefinition", "ExpiredTokenException", "The security token included in the request is expired",
         "register", "session token"},
    }));
    INFO(each.operation << ": " << each.code << ": " << each.message);
    fake_world world;
    world.aws.ecs.faults().fail_always(each.operation, fakes::refused(400, each.code, each.message));
    inhabitant lives{world};
    auto const found = lives.agent.validate_configuration();
    REQUIRE(found);
    INFO(lives.parts.log.text());
    CHECK_FALSE(found->ok());
    REQUIRE(found->failure() != nullptr);
    CHECK(found->failure()->what == each.step);
    CHECK(found->failure()->said.find(each.message) != std::string::npos);
    CHECK(found->failure()->advice.find(each.advice) != std::string::npos);
    CHECK(lives.parts.log.contains("What to do: " + found->failure()->advice));
}

TEST_CASE("an AWS that cannot be reached points to the region and the network") {
    fake_world world;
    world.aws.ecs.faults().fail_always("RegisterTaskDefinition", fakes::dropped());
    inhabitant lives{world};
    auto const found = lives.agent.validate_configuration();
    REQUIRE(found);
    CHECK_FALSE(found->ok());
    REQUIRE(found->failure() != nullptr);
    CHECK(found->failure()->advice.find("region_name") != std::string::npos);
    CHECK(asked(world, "RunTask") == 0);
}

TEST_CASE("without a key AWS is asked for nothing, and the ways to give one are told") {
    struct nobody {};
    nobody ecs;
    fakes::captured_log log;
    deploy::settings const settings;
    service::validator<nobody, fakes::captured_log> tries{ecs, log, settings};
    CHECK_FALSE(tries.note_credentials(fail(errc::not_configured, "no source of AWS credentials has any")));
    auto const made = std::move(tries).take();
    CHECK_FALSE(made.ok());
    CHECK(made.failure()->what == "credentials");
    CHECK(made.failure()->advice.find("AWS_ACCESS_KEY_ID") != std::string::npos);
}

TEST_CASE("a configuration that cannot be read is an error of its own, before AWS is asked for anything") {
    fake_world world;
    auto options = usual();
    SECTION("no region") { options.region_name.clear(); }
    SECTION("a wrong type") { options.kwargs["count"] = "many"; }
    SECTION("a log format") { options.log_format = "%(nonsense)s"; }
    inhabitant lives{world, options};
    auto const found = lives.agent.validate_configuration();
    REQUIRE_FALSE(found);
    CHECK(world.aws.ecs.log().count() == 0);
}

TEST_CASE("an agent may start after its configuration was validated") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    inhabitant lives{world};
    REQUIRE(lives.agent.validate_configuration());
    REQUIRE(lives.agent.start());
    CHECK(world.prefect.state(id) == "Submitted");
    CHECK(world.aws.ecs.tasks_created() == 2);
}

TEST_CASE("without a launch type none is sent") {
    deploy::settings with;
    with.launch_type.clear();
    CHECK(json::member(service::test_definition(with, "f"), "requiresCompatibilities") == nullptr);
    CHECK(json::member(service::test_task(with, "f"), "launchType") == nullptr);
    with.kwargs.definition["taskRoleArn"] = "";
    CHECK(json::member(service::test_definition(with, "f"), "taskRoleArn") == nullptr);
}
