#include "scenarios/resident.hpp"

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

TEST_CASE("a full page is followed by the next poll at once, and what is left of the queue by the usual wait") {
    stage world;
    testing_support::resident agent{world};
    auto row = testing_support::load("prefect1/flow_run_s3_environment_no_image.json")["data"]["flow_run"][0];
    row["labels"] = {"aws"};
    time_point queued{};
    agent.at(std::chrono::seconds{20}, [&] {
        queued = world.clock.now();
        for (int i = 0; i != 60; ++i) {
            row["id"] = "11111111-1111-4111-8111-0000000000" + std::to_string(10 + i);
            world.prefect.add_flow_run(row);
        }
    });
    REQUIRE(agent.live(std::chrono::seconds{60}));
    for (int i = 0; i != 60; ++i) // nothing waits for ECS, for they have no image
        CHECK(world.prefect.state("11111111-1111-4111-8111-0000000000" + std::to_string(10 + i)) == "Failed");

    std::vector<time_point> polls;
    for (auto const& each : world.prefect.log().all("get_runs_in_queue"))
        if (each.at > queued) polls.push_back(each.at);
    REQUIRE(polls.size() >= 5);
    std::vector<duration> waits;
    for (std::size_t i = 0; i != 4; ++i) waits.push_back(polls[i + 1] - polls[i]);
    using std::chrono::milliseconds;
    CHECK(waits == std::vector<duration>{duration::zero(), duration::zero(), milliseconds{250}, milliseconds{500}});
}

TEST_CASE("99 of 100 runs wait no longer from the queue to RunTask than a poll interval and a round trip to AWS") {
    constexpr std::chrono::milliseconds round_trip{300};
    stage world;
    testing_support::resident agent{world};
    agent.line().through = [&](http::request const& request, testing_support::fake_world& into) {
        if (!request.headers.find("X-Amz-Target")) return into.send(request);
        agent.pass(round_trip / 2);
        auto answer = into.send(request);
        agent.pass(round_trip / 2);
        return answer;
    };
    std::map<std::string, time_point> queued;
    auto const queue = [&](std::size_t count) {
        for (auto const& each : world.queue_runs(count)) queued[each] = world.clock.now();
    };
    agent.at(std::chrono::seconds{1}, [&] { queue(1); }); // whose definition is not known yet
    for (int i = 1; i != 100; ++i) agent.at(std::chrono::seconds{13 * i}, [&] { queue(1); });
    REQUIRE(agent.live(std::chrono::seconds{13 * 102}));
    REQUIRE(queued.size() == 100);

    std::vector<duration> waits;
    for (auto const& each : world.aws.ecs.tasks()) waits.push_back(each.created - queued.at(stage::run_of(each)));
    REQUIRE(waits.size() == 100);
    std::sort(waits.begin(), waits.end());
    CHECK(waits[98] <= service::protocol{}.poll_interval_max + round_trip);
    CHECK(waits[50] > std::chrono::seconds{1}); // they did come between polls
}
