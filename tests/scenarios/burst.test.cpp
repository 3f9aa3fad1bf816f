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

constexpr std::size_t flows = 5;

/// How long AWS's buckets make so many launches take: RunTask may be called 20 times at once, and 20 times a second from
/// there on.
double bucket_bound(std::size_t runs) { return (static_cast<double>(runs) - 20) / 20; }

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

    std::size_t tasks = 0;
    // The second burst is smaller, for it only has to show that nothing is registered again.
    for (std::size_t const size : {std::size_t{500}, std::size_t{100}}) {
        INFO("a burst of " << size);
        auto const registered_before = world.aws.ecs.log().count("RegisterTaskDefinition");
        auto const runs = world.queue_runs(size, flows);
        auto const began = world.clock.now();
        tasks += size;
        for (int i = 0; i != 1000 && world.aws.ecs.tasks_created() < tasks; ++i) agent.step();
        CHECK(world.aws.ecs.tasks_created() == tasks);
        CHECK(seconds(last_launch(world) - began) <= 1.3 * bucket_bound(size));

        agent.live(std::chrono::seconds{30});
        auto const made = tasks_by_run(world);
        CHECK(made.size() == tasks);
        for (auto const& id : runs) {
            INFO(id);
            REQUIRE(made.at(id) == 1);
            REQUIRE(world.prefect.state(id) == "Success");
            for (auto const& each : world.prefect.history(id)) REQUIRE(each.type != "Failed");
        }
        auto const registered = world.aws.ecs.log().count("RegisterTaskDefinition") - registered_before;
        CHECK(registered <= (tasks == size ? flows : 0));
    }
    CHECK(world.aws.ecs.tasks_created() == tasks);
    CHECK(world.aws.ecs.log().count("RunTask") == tasks); // nobody had to be throttled
    CHECK(longest_gap(world.prefect.log().all("get_runs_in_queue")) <= 2 * service::protocol{}.poll_interval_max);
    CHECK(world.aws.ecs.unknown_members().empty());
}
