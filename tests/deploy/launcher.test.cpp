#include <fargate/deploy/launcher.hpp>

#include "deploy/recorded.hpp"
#include "deploy/same.hpp"
#include "deploy/scripted_ecs.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <string>

namespace json = fargate::json;
namespace aws = fargate::aws;
using fargate::errc;
using fargate::log_level;
using fargate::result;
using fargate::deploy::ecs_launcher;
using fargate::deploy::launch_plan;
using fargate::deploy::launched;
using fargate::testing::captured_log;
using fargate::testing::manual_clock;
using testing_support::definition;
using testing_support::definition_arn;
using testing_support::missing;
using testing_support::refusal;
using testing_support::scripted_ecs;
using testing_support::started;

namespace {

using launcher = ecs_launcher<scripted_ecs, scripted_ecs, captured_log, manual_clock>;
static_assert(fargate::task_launcher<launcher>);
static_assert(!fargate::task_launcher<scripted_ecs>);

launch_plan some_plan() {
    launch_plan plan;
    plan.family = "fam";
    json::set(plan.definition, "family", "fam");
    json::value container;
    json::set(container, "image", "some/image:1");
    json::set(plan.definition, "containerDefinitions", json::value::array({container}));
    json::set(plan.task, "taskDefinition", "fam");
    json::set(plan.task, "clientToken", "token");
    return plan;
}

struct world {
    scripted_ecs ecs{};
    captured_log log{};
    manual_clock clock{};
    bool pin = false;

    result<launched> launch(launch_plan const& plan = some_plan()) {
        launcher used{ecs, ecs, log, clock, pin};
        return used.launch(plan);
    }
    result<launched> run_answers(result<aws::run_task_output> answer) {
        ecs.describes = {definition("fam", 1)};
        ecs.runs = {std::move(answer)};
        return launch();
    }
};

} // namespace

TEST_CASE("every recorded launch makes the recorded AWS calls in their order", "[deploy][launcher]") {
    auto const* const file =
        GENERATE("expected_plain_docker_local_environment.json", "expected_plain_docker_run_config.json",
                 "expected_plain_environment_metadata_image.json", "expected_plain_running_scheduled_task_runs.json",
                 "expected_plain_s3_no_environment_default_image.json", "expected_revisions_docker_run_config.json");
    INFO(file);
    auto const recorded = testing_support::load_recorded(file);
    auto const plan = fargate::deploy::plan(recorded.run, recorded.settings);
    REQUIRE(plan.has_value());
    world here;
    here.ecs.describes = {missing()};
    here.ecs.registers = {definition(plan->family, 1)};
    here.ecs.runs = {started("arn:task")};
    auto const made = here.launch(*plan);
    REQUIRE(made.has_value());
    CHECK(here.ecs.calls() == "describe register run");
    CHECK(testing_support::same(here.ecs.input(0)) ==
          testing_support::same(recorded.parameters("describe_task_definition")));
    CHECK(testing_support::same(here.ecs.input(1)) ==
          testing_support::same(recorded.parameters("register_task_definition")));
    auto run = recorded.parameters("run_task");
    if (plan->reusable.revisions) json::set(run, "taskDefinition", definition_arn(plan->family, 1));
    CHECK(testing_support::same(here.ecs.input(2)) == testing_support::same(run));
    CHECK(made->task_arn == "arn:task");
    CHECK(made->definition == *json::text_of(run, "taskDefinition"));
    CHECK(made->registered);
}

TEST_CASE("a launch tells its steps at debug level, and revisions at info", "[deploy][launcher]") {
    auto plan = some_plan();
    plan.reusable = {true, "aaaaaaaa", 5};
    world here;
    here.ecs.describes = {missing()};
    here.ecs.registers = {definition("fam", 1)};
    here.ecs.runs = {started("arn:task")};
    REQUIRE(here.launch(plan).has_value());
    CHECK(here.log.text() == "INFO Adding tags for flow_id and version.\n"
                             "DEBUG Checking for task definition\n"
                             "DEBUG No task definition found\n"
                             "DEBUG Using image some/image:1 for task definition\n"
                             "DEBUG Registering task definition fam\n"
                             "DEBUG Running task using task definition " +
                                 definition_arn("fam", 1) + "\n");
    world unnamed;
    plan.family = "prefect-task-aaaaaaaa";
    unnamed.ecs.describes = {definition(plan.family, 1, {{"PrefectFlowId", "aaaaaaaa"}})};
    unnamed.ecs.runs = {started("arn:task")};
    REQUIRE(unnamed.launch(plan).has_value());
    CHECK(unnamed.log.count(log_level::warning) == 1);
    CHECK(unnamed.log.contains("leaves nothing to name a task definition after: using prefect-task-aaaaaaaa"));
}

TEST_CASE("an image error surfaces before any call, a definition's before RunTask", "[deploy][launcher]") {
    world here;
    here.ecs.describes = {refusal("AccessDeniedException", "not authorized to perform: ecs:DescribeTaskDefinition")};
    auto const made = here.launch();
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().message == "not authorized to perform: ecs:DescribeTaskDefinition");
    CHECK(made.error().service_code == "AccessDeniedException");
    CHECK(here.ecs.calls() == "describe");
}

TEST_CASE("a definition that was searched by its tag is run by its ARN", "[deploy][launcher]") {
    auto plan = some_plan();
    plan.reusable = {true, "aaaaaaaa", 5};
    world here;
    here.ecs.describes = {definition("fam", 9, {{"PrefectFlowId", "bbbbbbbb"}, {"PrefectFlowVersion", "6"}}),
                          definition("fam", 3, {{"PrefectFlowId", "aaaaaaaa"}})};
    here.ecs.searches = {std::vector<aws::tagged_resource>{{definition_arn("fam", 3), {}}}};
    here.ecs.runs = {started("arn:task")};
    auto const made = here.launch(plan);
    REQUIRE(made.has_value());
    CHECK(made->definition == definition_arn("fam", 3));
    CHECK_FALSE(made->registered);
    CHECK(json::text_of(here.ecs.input(3), "taskDefinition").value() == definition_arn("fam", 3));
    CHECK(json::text_of(here.ecs.input(3), "clientToken").value() == "token");
}

TEST_CASE("pinned, RunTask names the revision", "[deploy][launcher]") {
    world here;
    here.pin = true;
    here.ecs.describes = {missing()};
    here.ecs.registers = {definition("fam", 4)};
    here.ecs.runs = {started("arn:task")};
    REQUIRE(here.launch().has_value());
    CHECK(json::text_of(here.ecs.input(2), "taskDefinition").value() == definition_arn("fam", 4));
}

TEST_CASE("§5.9 quirk: no capacity etc.: failures without a task are an error in ECS's own words",
          "[deploy][launcher]") {
    aws::run_task_output answer;
    answer.failures = {{"arn:aws:ecs:eu-west-1:1:container-instance/x", "RESOURCE:MEMORY", "needs 512 MiB"}};
    auto made = world{}.run_answers(answer);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == errc::service_error);
    CHECK(made.error().service_code == "RESOURCE:MEMORY");
    CHECK(made.error().http_status == 200);
    CHECK(made.error().retryable);
    CHECK(made.error().resources == std::vector<std::string>{"arn:aws:ecs:eu-west-1:1:container-instance/x"});
    CHECK(made.error().message == "RunTask started no task: RESOURCE:MEMORY: needs 512 MiB "
                                  "(arn:aws:ecs:eu-west-1:1:container-instance/x)");

    answer.failures = {
        {"", "Capacity is unavailable at this time. Please try again later or in a different availability zone", ""},
        {"", "AGENT", ""}};
    made = world{}.run_answers(answer);
    CHECK(made.error().message ==
          "RunTask started no task: Capacity is unavailable at this time. Please try again later "
          "or in a different availability zone; AGENT");
    CHECK(made.error().retryable);

    answer.failures = {{"arn", "MISSING", ""}};
    CHECK_FALSE(world{}.run_answers(answer).error().retryable);

    answer.failures.assign(10000, {std::string(10000, 'a'), std::string(10000, 'r'), std::string(10000, 'd')});
    made = world{}.run_answers(answer);
    CHECK(made.error().message.size() < 4000);
    CHECK(made.error().service_code.size() == 512);
}

TEST_CASE("an answer with neither task nor failure, or with a task that has no name, is malformed",
          "[deploy][launcher]") {
    auto made = world{}.run_answers(aws::run_task_output{});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == errc::malformed_response);
    CHECK(made.error().message == "RunTask answered neither with a task nor with a failure");
    made = world{}.run_answers(started(""));
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == errc::malformed_response);
}

TEST_CASE("a remembered definition that is gone is looked for again, once, and the launch goes on",
          "[deploy][launcher]") {
    auto const gone = GENERATE(refusal("ClientException", "ecs RunTask: ClientException: TaskDefinition is inactive"),
                               refusal("ClientException", "ecs RunTask: ClientException: TaskDefinition not found."));
    auto plan = some_plan();
    plan.reusable = {true, "aaaaaaaa", 5};
    world here;
    launcher used{here.ecs, here.ecs, here.log, here.clock};
    here.ecs.describes = {definition("fam", 1, {{"PrefectFlowId", "aaaaaaaa"}})};
    here.ecs.runs = {started("arn:task-1"), started("arn:task-2")};
    REQUIRE(used.launch(plan));
    REQUIRE(used.launch(plan));
    CHECK(here.ecs.calls() == "describe run run");
    CHECK(json::text_of(here.ecs.input(2), "taskDefinition") == definition_arn("fam", 1));

    here.ecs.describes = {missing()};
    here.ecs.registers = {definition("fam", 2)};
    here.ecs.runs = {gone, started("arn:task-3")};
    auto const made = used.launch(plan);
    REQUIRE(made);
    CHECK(made->task_arn == "arn:task-3");
    CHECK(made->definition == definition_arn("fam", 2));
    CHECK(here.ecs.calls() == "describe run run run describe register run");
    CHECK(json::text_of(here.ecs.input(6), "taskDefinition") == definition_arn("fam", 2));
    CHECK(json::text_of(here.ecs.input(6), "clientToken") == "token");

    here.ecs.describes = {definition("fam", 2, {{"PrefectFlowId", "aaaaaaaa"}})};
    here.ecs.runs = {gone, gone};
    auto const twice = used.launch(plan);
    REQUIRE_FALSE(twice);
    CHECK(twice.error().message == gone.message);
    CHECK(here.ecs.calls() == "describe run run run describe register run run describe run");
}

TEST_CASE("a definition that ECS has just shown is not looked for again, nor after another refusal",
          "[deploy][launcher]") {
    world here;
    here.ecs.describes = {definition("fam", 1)};
    here.ecs.runs = {refusal("ClientException", "TaskDefinition is inactive"), started("arn:task")};
    CHECK_FALSE(here.launch());
    CHECK(here.ecs.calls() == "describe run");

    world other;
    launcher used{other.ecs, other.ecs, other.log, other.clock};
    other.ecs.describes = {definition("fam", 1)};
    other.ecs.runs = {started("arn:task"), refusal("ClientException", "Cluster is inactive")};
    REQUIRE(used.launch(some_plan()));
    CHECK_FALSE(used.launch(some_plan()));
    CHECK(other.ecs.calls() == "describe run run");
}

TEST_CASE("a partial success is a launch and a warning", "[deploy][launcher]") {
    auto answer = started("arn:task-1");
    answer.failures = {{"", "RESOURCE:ENI", ""}};
    world here;
    auto const made = here.run_answers(answer);
    REQUIRE(made.has_value());
    CHECK(made->task_arn == "arn:task-1");
    CHECK(here.log.contains("RunTask started 1 of the tasks, but not all: RESOURCE:ENI"));
    CHECK(here.log.count(log_level::warning) == 1);
}

TEST_CASE("a conflict adopts the task that the token started before", "[deploy][launcher]") {
    auto conflict = refusal("ConflictException", "The client token was used with different parameters");
    conflict.resources = {"arn:task-of-another", "arn:task-2"};
    world here;
    auto const made = here.run_answers(conflict);
    REQUIRE(made.has_value());
    CHECK(made->task_arn == "arn:task-of-another");
    CHECK(made->definition == "fam");
    CHECK(here.log.contains("Task arn:task-of-another was already started for this run"));

    conflict.resources.clear();
    auto const lost = world{}.run_answers(conflict);
    REQUIRE_FALSE(lost.has_value());
    CHECK(lost.error().service_code == "ConflictException");
}

TEST_CASE("what RunTask refuses, or does not answer, is passed on whole", "[deploy][launcher]") {
    auto throttled = refusal("ThrottlingException", "Rate exceeded");
    throttled.retryable = true;
    throttled.request_id = "id-1";
    for (auto const& why : {throttled, refusal("AccessDeniedException", "not authorized to perform: ecs:RunTask"),
                            refusal("ClusterNotFoundException", "Cluster not found."),
                            fargate::fail(errc::timed_out, "no answer in 30000 ms", true)}) {
        auto const made = world{}.run_answers(why);
        REQUIRE_FALSE(made.has_value());
        CHECK(made.error().code == why.code);
        CHECK(made.error().message == why.message);
        CHECK(made.error().service_code == why.service_code);
        CHECK(made.error().retryable == why.retryable);
        CHECK(made.error().request_id == why.request_id);
    }
}

TEST_CASE("no line of a launch holds the token that the container gets", "[deploy][launcher]") {
    auto recorded = testing_support::load_recorded("expected_revisions_docker_run_config.json");
    recorded.settings.token = fargate::secret{"hunter2-token"};
    auto const plan = fargate::deploy::plan(recorded.run, recorded.settings);
    REQUIRE(plan.has_value());
    REQUIRE(json::write(plan->task).find("hunter2-token") != std::string::npos);
    world here;
    here.ecs.describes = {missing()};
    here.ecs.registers = {definition(plan->family, 1)};
    here.ecs.runs = {refusal("InvalidParameterException", "no")};
    auto const made = here.launch(*plan);
    CHECK_FALSE(here.log.contains("hunter2"));
    CHECK(made.error().message.find("hunter2") == std::string::npos);
}
