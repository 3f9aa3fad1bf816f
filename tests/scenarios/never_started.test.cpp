#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <fargate/aws.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Tasks that ECS accepted and that never ran, and what becomes known of those that did.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

constexpr char const* no_interface = "Timeout waiting for network interface provisioning to complete.";
constexpr char const* no_image =
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/flow-1:gone: manifest unknown";

/// When the line with these words was written into the run's own log.
std::optional<time_point> told_at(stage const& world, std::string const& run, std::string_view words) {
    for (auto const& each : world.prefect.logs(run))
        if (each.message.find(words) != std::string::npos) return each.at;
    return std::nullopt;
}

/// The words stand in the run's log at most 15 s after its task stopped.
void check_told_soon(stage const& world, std::string const& run, std::string_view words) {
    INFO(words << " of flow run " << run);
    auto const at = told_at(world, run, words);
    REQUIRE(at);
    auto const stopped = world.tasks_of(run).front().phase(world.clock.now()).stopped;
    REQUIRE(stopped);
    CHECK(*at >= *stopped);
    CHECK(*at <= *stopped + 15s);
}

/// Nothing is a success whose flow did not exit with 0.
bool is_honest(stage const& world, std::string const& run) {
    if (world.prefect.state(run) != "Success") return true;
    auto const all = world.tasks_of(run);
    return std::any_of(all.begin(), all.end(), [&](auto const& each) {
        return each.phase(world.clock.now()).execution_stopped && each.life.exit_code == 0 &&
               each.life.end == fakes::task_life::ending::exits;
    });
}

} // namespace

TEST_CASE("never started: of a hundred tasks the five without a network interface are launched again, and all runs end "
          "well") {
    stage world;
    auto const runs = world.queue_runs(100, 5);
    world.aws.ecs.choose_task([](json::value const&, std::size_t number) {
        auto life = number < 100 && number % 20 == 7 ? fakes::never_starts(no_interface) : fakes::task_life{};
        life.empty_containers = number % 40 == 7;
        return life;
    });
    process agent{world};
    agent.live(4min);
    INFO(agent.log().text());
    CHECK(world.aws.ecs.tasks_created() == 105);
    std::size_t again = 0;
    for (auto const& each : runs) {
        CHECK(world.prefect.state(each) == "Success");
        CHECK(world.executions(each) == 1);
        CHECK(is_honest(world, each));
        if (world.tasks_of(each).size() == 1) continue;
        ++again;
        check_told_soon(world, each, no_interface);
    }
    CHECK(again == 5);
    CHECK(agent.agent().health().relaunched == 5);
    CHECK(agent.agent().health().failed == 0);
}

TEST_CASE("never started: an image that does not exist ends its run with the first attempt, in AWS's words") {
    stage world;
    auto const runs = world.queue_runs(2);
    world.aws.ecs.next_task(fakes::never_starts(no_image));
    process agent{world};
    agent.live(2min);
    INFO(agent.log().text());
    CHECK(world.tasks_of(runs[0]).size() == 1);
    CHECK(world.prefect.state(runs[0]) == "Failed");
    check_told_soon(world, runs[0], no_image);
    CHECK(world.prefect.state(runs[1]) == "Success");
}

TEST_CASE("never started: a run whose tasks never start fails behind the third, with the reason") {
    stage world;
    auto const run = world.queue_runs(1).front();
    world.aws.ecs.every_task(fakes::never_starts(no_interface));
    process agent{world};
    agent.live(10min);
    INFO(agent.log().text());
    auto const tasks = world.tasks_of(run);
    REQUIRE(tasks.size() == 3);
    for (std::size_t i = 1; i != tasks.size(); ++i) // one at a time
        CHECK(tasks[i].created >= tasks[i - 1].phase(world.clock.now()).stopped);
    CHECK(world.prefect.state(run) == "Failed");
    CHECK(told_at(world, run, "launched 3 times"));
    CHECK(world.executions(run) == 0);
}

TEST_CASE(
    "never started: a flow that is killed for its memory, and one that exits with a code, are told and not launched "
    "again") {
    stage world;
    auto const runs = world.queue_runs(4);
    auto killed = fakes::exits_with(137);
    killed.container_reason = "OutOfMemoryError: Container killed due to memory usage";
    world.aws.ecs.next_task(killed);
    world.aws.ecs.next_task(fakes::runs_out_of_memory());
    world.aws.ecs.next_task(fakes::exits_with(137)); // Fargate does not always say why
    world.aws.ecs.next_task(fakes::exits_with(3));
    process agent{world};
    agent.live(2min);
    INFO(agent.log().text());
    for (auto const& each : runs) {
        CHECK(world.tasks_of(each).size() == 1);
        CHECK(world.prefect.state(each) == "Failed");
    }
    for (std::size_t i = 0; i != 3; ++i) check_told_soon(world, runs[i], "out of memory (limit 512 MiB)");
    check_told_soon(world, runs[0], "OutOfMemoryError: Container killed due to memory usage");
    check_told_soon(world, runs[3], "exit code 3");
    CHECK_FALSE(told_at(world, runs[3], "memory"));
}

TEST_CASE("never started: what a sidecar exits with is nobody's business") {
    stage world;
    process agent{world};
    agent.step();
    // Somebody has put a sidecar into the flow's task definition; an agent uses the one that it finds.
    json::value const flow{{"name", "flow"}, {"image", "flow-1"}, {"essential", true}};
    json::value const sidecar{{"name", "proxy"}, {"image", "proxy"}, {"essential", false}};
    json::value const body{{"family", "prefect-task-f1000000"},
                           {"networkMode", "awsvpc"},
                           {"requiresCompatibilities", json::value::array({"FARGATE"})},
                           {"cpu", "256"},
                           {"memory", "512"},
                           {"executionRoleArn", "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"},
                           {"containerDefinitions", json::value::array({flow, sidecar})}};
    aws::client_options where;
    where.region = "us-east-1";
    aws::ecs<testing_support::world_policies> ecs{agent.inside().parts, where};
    REQUIRE(ecs.register_task_definition(body));

    auto const runs = world.queue_runs(3);
    auto life = fakes::exits_with(0);
    life.other_exits = {{"proxy", 1}};
    world.aws.ecs.next_task(life);
    life.other_exits = {{"proxy", 137}};
    world.aws.ecs.next_task(life);
    life = fakes::exits_with(1);
    life.other_exits = {{"proxy", 0}};
    world.aws.ecs.next_task(life);
    agent.live(2min);
    INFO(agent.log().text());
    CHECK(world.aws.ecs.definitions().size() == 1);
    for (std::size_t i = 0; i != runs.size(); ++i) {
        CHECK(world.tasks_of(runs[i]).size() == 1);
        CHECK(world.prefect.state(runs[i]) == (i < 2 ? "Success" : "Failed"));
        CHECK(is_honest(world, runs[i]));
    }
    for (std::size_t i = 0; i != 2; ++i) // its launch, and not a word more
        CHECK(world.told(runs[i]).size() == 1);
}

TEST_CASE(
    "never started: an agent that takes another's place launches again what did not start meanwhile, and no more") {
    for (auto const killed : {1s, 6s, 12s, 20s}) {
        stage world;
        auto const runs = world.queue_runs(20);
        world.aws.ecs.choose_task([](json::value const&, std::size_t number) {
            return number < 20 && number % 4 == 1 ? fakes::never_starts(no_interface) : fakes::task_life{};
        });
        {
            process agent{world};
            agent.live(killed);
            agent.kill();
        }
        world.clock.advance(1min);
        process next{world};
        next.live(6min);
        INFO("killed after " << killed.count() << " s\n" << next.log().text());
        for (auto const& each : runs) {
            CHECK(world.executions(each) == 1);
            CHECK(world.prefect.state(each) == "Success");
        }
        CHECK(world.aws.ecs.tasks_created() == 25);
    }
}
