#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Tasks that take long to start, and tasks that ECS does not show at first, under a server whose Lazarus takes silent runs
// for lost.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

/// A stage whose Lazarus looks at every sleep, which is more than any server's does.
struct haunted_stage : stage {
    haunted_stage() {
        clock.during_sleep([this](duration) {
            play();
            raised += prefect.raise_silent_runs();
        });
    }
    std::size_t raised = 0;
};

fakes::task_life provisioning_for(duration time) {
    fakes::task_life made;
    made.provisioning = time;
    made.running = 5min; // less than Lazarus waits: a flow sends its own heartbeats, which this one does not
    return made;
}

bool has_been(stage const& world, std::string const& run, std::string_view state) {
    auto const states = world.prefect.history(run);
    return std::any_of(states.begin(), states.end(), [&](auto const& each) { return each.type == state; });
}

/// One task, one execution, and no state but those of a run that goes well.
void check_good_end(stage const& world, std::string const& run) {
    CHECK(world.tasks_of(run).size() == 1);
    CHECK(world.executions(run) == 1);
    CHECK(world.prefect.state(run) == "Success");
    CHECK_FALSE(has_been(world, run, "Failed"));
    CHECK(world.prefect.history(run).size() == 4); // Scheduled, Submitted, Running, Success
}

} // namespace

TEST_CASE(
    "slow start: tasks that are provisioned for 15 minutes are kept from Lazarus, and heartbeats end when they run") {
    haunted_stage world;
    auto const runs = world.queue_runs(3, 2);
    world.aws.ecs.every_task(provisioning_for(15min));
    process agent{world};
    agent.live(14min);
    for (auto const& each : runs) {
        CHECK(world.prefect.state(each) == "Submitted");
        CHECK(world.prefect.heartbeats(each) >= 6);
        CHECK(world.prefect.heartbeats(each) <= 8); // one in two minutes, no more
    }
    while (world.executions(runs.back()) == 0) agent.step();
    agent.live(15s);
    std::vector<std::size_t> beats;
    for (auto const& each : runs) beats.push_back(world.prefect.heartbeats(each));
    agent.live(10min);
    INFO(agent.log().text());
    CHECK(world.raised == 0);
    for (std::size_t i = 0; i != runs.size(); ++i) {
        check_good_end(world, runs[i]);
        CHECK(world.prefect.heartbeats(runs[i]) == beats[i]);
    }
}

TEST_CASE("slow start: without heartbeats Lazarus would have such a run started twice") {
    haunted_stage world;
    auto const run = world.queue_runs(1).front();
    world.aws.ecs.every_task(provisioning_for(15min));
    auto options = careful();
    options.heartbeat = false;
    process agent{world, options};
    agent.live(25min);
    CHECK(world.raised == 1);
    CHECK(world.tasks_of(run).size() == 2);
}

TEST_CASE("slow start: a task that ECS does not show for the first minute is waited for") {
    auto const visible_after = GENERATE(60s, 290s);
    auto const provisioning = GENERATE(2s, 900s);
    haunted_stage world;
    auto const runs = world.queue_runs(3, 2);
    auto life = provisioning_for(provisioning);
    life.visible_after = visible_after;
    world.aws.ecs.every_task(life);
    process agent{world};
    agent.live(25min);
    INFO("visible after " << visible_after.count() << " s, provisioned in " << provisioning.count() << " s\n"
                          << agent.log().text());
    CHECK(world.raised == 0);
    for (auto const& each : runs) check_good_end(world, each);
    CHECK(agent.log().count(log_level::warning) == 0);
    CHECK(agent.log().count(log_level::error) == 0);
}

TEST_CASE("slow start: a task that is over before ECS shows it is seen to have ended, however it did") {
    haunted_stage world;
    auto const runs = world.queue_runs(2);
    fakes::task_life quick;
    quick.running = 1s;
    quick.visible_after = 60s;
    world.aws.ecs.next_task(quick);
    quick.exit_code = 3;
    world.aws.ecs.next_task(quick);
    process agent{world};
    agent.live(3min);
    INFO(agent.log().text());
    check_good_end(world, runs[0]);
    CHECK(world.tasks_of(runs[1]).size() == 1);
    CHECK(world.prefect.state(runs[1]) == "Failed");
}

TEST_CASE("slow start: an agent that takes another's place amid a slow start keeps its runs from Lazarus, too") {
    // Killed at any minute of the start, or before ECS shows the task.
    for (auto const killed : {5s, 90s, 840s}) {
        haunted_stage world;
        auto const runs = world.queue_runs(2);
        auto life = provisioning_for(15min);
        life.visible_after = 60s;
        world.aws.ecs.every_task(life);
        {
            process agent{world};
            agent.live(killed);
            agent.kill();
        }
        world.clock.advance(45s); // until somebody starts it again
        process next{world};
        next.live(28min);
        INFO("killed after " << killed.count() << " s\n" << next.log().text());
        CHECK(world.raised == 0);
        for (auto const& each : runs) check_good_end(world, each);
    }
}

TEST_CASE("slow start: two agents share a slow start") {
    haunted_stage world;
    auto const runs = world.queue_runs(3);
    auto life = provisioning_for(15min);
    life.visible_after = 60s;
    world.aws.ecs.every_task(life);
    process east{world, careful("east")};
    process west{world, careful("west")};
    for (auto const end = world.clock.now() + 28min; world.clock.now() < end;) {
        east.step();
        west.step();
    }
    CHECK(world.raised == 0);
    for (auto const& each : runs) check_good_end(world, each);
}
