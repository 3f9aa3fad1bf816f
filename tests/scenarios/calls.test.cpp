#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

// How many calls a burst of runs costs whose flow was launched before.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

constexpr std::size_t burst = 25;

/// What was asked of Prefect and of ECS up to now.
struct bill {
    explicit bill(stage const& world) :
        polls{world.prefect.log().count("get_runs_in_queue")},
        claims{world.prefect.log().count("set_flow_run_states")},
        lines{world.prefect.log().count("write_run_logs")},
        prefect{world.prefect.log().count() - world.prefect.log().count("hello")}, // which each step says anew
        launches{world.aws.ecs.log().count("RunTask")},
        ecs{world.aws.ecs.log().count()} {}

    std::size_t polls, claims, lines, prefect, launches, ecs;

    friend bill operator-(bill left, bill const& right) {
        left.polls -= right.polls;
        left.claims -= right.claims;
        left.lines -= right.lines;
        left.prefect -= right.prefect;
        left.launches -= right.launches;
        left.ecs -= right.ecs;
        return left;
    }
};

/// An agent that has launched one run of a flow; then comes the burst.
struct steady {
    explicit steady(agent_options options = careful()) : agent{world, std::move(options)} {
        first = world.queue_runs(1);
        agent.step();
        agent.step();
        REQUIRE(world.tasks_of(first[0]).size() == 1);
    }

    /// What it costs from the poll that finds the burst up to the one that finds nothing.
    bill costs(std::vector<std::string> const& runs) {
        bill const before{world};
        agent.step();
        agent.step();
        INFO(agent.log().text());
        for (auto const& each : runs) CHECK(world.tasks_of(each).size() + failed(each) == 1);
        return bill{world} - before;
    }

    /// Somebody else's hands.
    aws::ecs<testing_support::world_policies> ecs() {
        return aws::ecs<testing_support::world_policies>{agent.inside().parts, {.region = "us-east-1"}};
    }

    /// Whether a run is failed: 0 or 1.
    [[nodiscard]] std::size_t failed(std::string const& run) const { return world.prefect.state(run) == "Failed"; }

    stage world;
    process agent;
    std::vector<std::string> first;
};

/// The line that tells a run its task: how many of them each of these runs got.
std::size_t told(stage const& world, std::string const& run) {
    auto const lines = world.told(run);
    return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [](std::string const& each) {
        return each.starts_with("Submitted for execution: Task ARN: ");
    }));
}

} // namespace

TEST_CASE("25 runs of a known flow cost a call of RunTask each, and five of Prefect in all, polls included") {
    for (bool const revisions : {false, true}) {
        auto options = careful();
        options.enable_task_revisions = revisions;
        steady here{options};
        auto const runs = here.world.queue_runs(burst);
        auto const cost = here.costs(runs);
        CHECK(cost.launches == burst);
        CHECK(cost.ecs == burst); // nothing described, nothing registered
        CHECK(cost.polls == 2);
        CHECK(cost.claims == 1);
        CHECK(cost.lines == 1);
        CHECK(cost.prefect == 5); // and one question for what is known of the runs
        for (auto const& each : runs) CHECK(told(here.world, each) == 1);
    }
}

TEST_CASE("one run of the burst that cannot be launched is failed with its reason, and the others cost what they did") {
    steady here;
    std::string const why = "The container has no such platform";
    here.world.aws.ecs.faults().fail("RunTask", 10, fakes::refused(400, "InvalidParameterException", why));
    auto const runs = here.world.queue_runs(burst);
    auto const cost = here.costs(runs);
    CHECK(cost.ecs == burst);
    CHECK(cost.launches == burst);
    CHECK(cost.claims == 2); // the failure is a state of its own
    CHECK(cost.lines == 2);  // and a line of its own
    std::size_t failed = 0;
    for (auto const& each : runs) {
        failed += here.failed(each);
        CHECK(told(here.world, each) == 1 - here.failed(each));
        if (here.failed(each)) CHECK(here.world.told(each).back().find(why) != std::string::npos);
    }
    CHECK(failed == 1);
    CHECK(here.world.aws.ecs.tasks_created() == burst); // with the first run's
}

TEST_CASE("without batches each run is claimed by a request and told by one, and launched by one all the same") {
    auto options = careful();
    options.batch_claims = false;
    steady here{options};
    auto const runs = here.world.queue_runs(burst);
    auto const cost = here.costs(runs);
    CHECK(cost.ecs == burst);
    CHECK(cost.launches == burst);
    CHECK(cost.claims == burst);
    CHECK(cost.lines == burst);
    for (auto const& each : runs) CHECK(told(here.world, each) == 1);
}

TEST_CASE("lines that the API refuses together are written one by one, and lost with a warning where it is silent") {
    steady here;
    here.world.prefect.faults().fail_next("write_run_logs", 1,
                                          fakes::refused(200, "INTERNAL_SERVER_ERROR", "no such run"));
    auto runs = here.world.queue_runs(3);
    CHECK(here.costs(runs).lines == 4);
    for (auto const& each : runs) CHECK(told(here.world, each) == 1);

    here.world.prefect.faults().fail_always("write_run_logs", fakes::answered(500));
    runs = here.world.queue_runs(3);
    CHECK(here.costs(runs).lines == 1);
    for (auto const& each : runs) {
        CHECK(told(here.world, each) == 0);
        CHECK(here.world.prefect.state(each) == "Submitted");
        CHECK(here.agent.log().contains("flow run " + each + " runs as "));
    }
}

TEST_CASE("with revisions a run names its own, which one that another agent registers meanwhile does not replace") {
    auto options = careful();
    options.enable_task_revisions = true;
    steady here{options};
    auto const name = [&](std::string const& run) {
        return std::string{json::text_of(*here.world.tasks_of(run).at(0).request, "taskDefinition").value_or("")};
    };
    auto const own = name(here.first[0]);
    CHECK(own.ends_with("task-definition/flow-0:1"));

    // The same family, as an agent registers it for the next version of the flow.
    auto next = here.world.aws.ecs.definitions().at(0).body;
    json::set(next, "tags", {{{"key", "PrefectFlowId"}, {"value", "ffffffff"}}});
    REQUIRE(here.ecs().register_task_definition(next));
    auto const runs = here.world.queue_runs(2);
    CHECK(here.costs(runs).ecs == 2);
    for (auto const& each : runs) CHECK(name(each) == own);
}

TEST_CASE("a definition that was deregistered is noticed by the next run, which registers it anew") {
    steady here;
    REQUIRE(here.ecs().deregister_task_definition({{"taskDefinition", here.world.aws.ecs.definitions().at(0).arn}}));
    auto const runs = here.world.queue_runs(3);
    auto const cost = here.costs(runs);
    CHECK(cost.launches == 4);
    CHECK(cost.ecs == 6); // RunTask in vain, a look, a registration, and RunTask for each
    for (auto const& each : runs) CHECK(here.failed(each) == 0);
}

TEST_CASE("what is known of a definition is asked for again after five minutes, once") {
    steady here;
    here.world.clock.advance(5min);
    auto const runs = here.world.queue_runs(3);
    auto const before = here.world.aws.ecs.log().count("DescribeTaskDefinition");
    (void)here.costs(runs);
    CHECK(here.world.aws.ecs.log().count("DescribeTaskDefinition") - before == 1);
}
