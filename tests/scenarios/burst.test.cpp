#include "scenarios/crew.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

using namespace fargate;
using testing_support::process;
using testing_support::stage;

namespace {

constexpr std::size_t runs_a_burst = 500;
constexpr std::size_t flows = 5;

/// AWS's buckets let RunTask be called 20 times at once, and 20 times a second from there on.
constexpr double bucket_bound = (static_cast<double>(runs_a_burst) - 20) / 20;

double seconds(duration time) { return std::chrono::duration<double>(time).count(); }

/// When the last of these runs got its task.
time_point last_launch(stage const& world) {
    time_point last{};
    for (auto const& each : world.aws.ecs.tasks()) last = std::max(last, each.created);
    return last;
}

/// How many tasks each run got.
std::map<std::string, std::size_t> tasks_by_run(stage const& world) {
    std::map<std::string, std::size_t> made;
    for (auto const& each : world.aws.ecs.tasks()) ++made[stage::run_of(each)];
    return made;
}

duration longest_gap(std::vector<fargate::testing::exchange> const& polls) {
    duration longest{};
    for (std::size_t i = 1; i < polls.size(); ++i) longest = std::max(longest, polls[i].at - polls[i - 1].at);
    return longest;
}

} // namespace

TEST_CASE("a burst of 500 runs is 500 tasks as fast as AWS lets it, five definitions, and no more for the next burst") {
    stage world;
    world.aws.ecs.limit_rates();
    process agent{world};
    agent.step();

    for (std::size_t burst = 1; burst <= 2; ++burst) {
        INFO("burst " << burst);
        auto const definitions_before = world.aws.ecs.log().count("RegisterTaskDefinition");
        auto const runs = world.queue_runs(runs_a_burst, flows);
        auto const began = world.clock.now();
        for (int i = 0; i != 1000 && world.aws.ecs.tasks_created() < burst * runs_a_burst; ++i) agent.step();

        CHECK(world.aws.ecs.tasks_created() == burst * runs_a_burst);
        auto const elapsed = seconds(last_launch(world) - began);
        WARN(elapsed);
        CHECK(elapsed <= 1.3 * bucket_bound);

        agent.live(std::chrono::seconds{90});
        auto const made = tasks_by_run(world);
        CHECK(made.size() == burst * runs_a_burst);
        for (auto const& id : runs) {
            INFO(id);
            REQUIRE(made.at(id) == 1);
            REQUIRE(world.prefect.state(id) == "Success");
            for (auto const& each : world.prefect.history(id)) REQUIRE(each.type != "Failed");
        }
        auto const registered = world.aws.ecs.log().count("RegisterTaskDefinition") - definitions_before;
        CHECK(registered <= (burst == 1 ? flows : 0));
    }
    auto const gap = longest_gap(world.prefect.log().all("get_runs_in_queue"));
    WARN(seconds(gap));
    CHECK(gap <= 2 * std::chrono::seconds{10});
    WARN(world.aws.ecs.log().count("RunTask"));
    CHECK(world.aws.ecs.unknown_members().empty());
}
