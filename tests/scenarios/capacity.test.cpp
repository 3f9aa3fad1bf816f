#include <fargate/agent.hpp>

#include "scenarios/resident.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Capacity, quotas, hidden throttles and full subnets: runs wait for what is missing, and nobody else does.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::resident;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

std::string const full_subnet = "subnet-0bad00000000000ff";
std::string const good_subnet = "subnet-0900d0000000000aa";

agent_options spot_first() {
    auto made = careful();
    made.capacity_plan = "FARGATE_SPOT,FARGATE";
    return made;
}

agent_options in_subnets(std::vector<std::string> const& subnets) {
    auto made = careful();
    auto list = json::value::array();
    for (auto const& each : subnets) list.push_back(each);
    made.kwargs["networkConfiguration"]["awsvpcConfiguration"]["subnets"] = list;
    return made;
}

bool says(std::string_view body, std::string_view part) { return body.find(part) != std::string_view::npos; }

/// Every RunTask that reached ECS.
std::vector<json::value> asked_for(stage const& world) {
    std::vector<json::value> made;
    for (auto const& each : world.aws.ecs.log().all("RunTask")) made.push_back(*json::parse(each.body));
    return made;
}

time_point moment_of(stage const& world, std::string const& run, std::string_view state) {
    for (auto const& each : world.prefect.history(run))
        if (each.type == state) return each.at;
    FAIL("run " << run << " was never " << state);
    return {};
}

bool was_ever(stage const& world, std::string const& run, std::string_view state) {
    for (auto const& each : world.prefect.history(run))
        if (each.type == state) return true;
    return false;
}

/// How long a run took from when it was due until its task was made.
duration launch_took(stage const& world, std::string const& run) {
    return world.tasks_of(run).at(0).created - moment_of(world, run, "Scheduled");
}

void check_all_launched_once(stage const& world, std::vector<std::string> const& runs) {
    for (auto const& each : runs) {
        INFO("run " << each);
        CHECK(world.tasks_of(each).size() == 1);
        CHECK_FALSE(was_ever(world, each, "Failed"));
    }
}

/// ECS refuses what `is_hit` picks until `end`, with that fault.
void refuse_until(stage& world, time_point end, std::string word, fakes::fault what) {
    world.aws.ecs.faults().decide_by([&world, end, word = std::move(word),
                                      what = std::move(what)](std::string_view operation, std::size_t,
                                                              std::string_view body) -> std::optional<fakes::fault> {
        if (operation != "RunTask" || world.clock.now() >= end || !says(body, word)) return std::nullopt;
        return what;
    });
}

} // namespace

TEST_CASE(
    "without Spot capacity for three minutes, runs go on demand once they have waited for long enough, and no sooner") {
    stage world;
    resident agent{world, spot_first()};
    refuse_until(world, agent.start() + 3min, "FARGATE_SPOT", fakes::no_capacity());
    auto const early = world.queue_runs(10);
    std::vector<std::string> late;
    std::vector<std::string> after;
    agent.at(150s, [&] { late = world.queue_runs(5); });  // capacity comes before they have waited for a minute
    agent.at(200s, [&] { after = world.queue_runs(5); }); // and is there for these
    REQUIRE(agent.live(5min));
    INFO(agent.troubles());

    check_all_launched_once(world, early);
    check_all_launched_once(world, late);
    check_all_launched_once(world, after);
    for (auto const& run : early) {
        auto const task = world.tasks_of(run).at(0);
        CHECK(task.where.launch_type == "FARGATE");
        CHECK(task.where.capacity_provider.empty());
        CHECK(launch_took(world, run) >= 1min);
        CHECK(launch_took(world, run) <= 2min);
    }
    for (auto const* const some : {&late, &after})
        for (auto const& run : *some) CHECK(world.tasks_of(run).at(0).where.capacity_provider == "FARGATE_SPOT");
    for (auto const& run : after) CHECK(launch_took(world, run) <= 10s); // the longest wait between two polls

    for (auto const& body : asked_for(world)) {
        bool const type = json::member(body, "launchType") != nullptr;
        bool const strategy = json::member(body, "capacityProviderStrategy") != nullptr;
        CHECK(type != strategy);
    }
    CHECK(agent.health().held == 0);
    CHECK(agent.health().failed == 0);
}

TEST_CASE("a fallback delay is kept to, and a plan of one place never leaves it") {
    stage world;
    auto options = spot_first();
    options.capacity_fallback = 10min;
    resident patient{world, options};
    refuse_until(world, patient.start() + 3min, "FARGATE_SPOT", fakes::no_capacity());
    auto const runs = world.queue_runs(3);
    REQUIRE(patient.live(5min));
    check_all_launched_once(world, runs);
    for (auto const& run : runs) CHECK(world.tasks_of(run).at(0).where.capacity_provider == "FARGATE_SPOT");

    stage other;
    auto single = careful();
    single.capacity_plan = "FARGATE_SPOT";
    resident faithful{other, single};
    refuse_until(other, faithful.start() + 3min, "FARGATE_SPOT", fakes::no_capacity());
    auto const more = other.queue_runs(3);
    REQUIRE(faithful.live(5min));
    check_all_launched_once(other, more);
    for (auto const& run : more) CHECK(other.tasks_of(run).at(0).where.capacity_provider == "FARGATE_SPOT");
}

TEST_CASE("a strategy of the user's own is sent without a launch type") {
    stage world;
    auto options = careful();
    options.kwargs["capacityProviderStrategy"] =
        json::value::array({json::value{{"capacityProvider", "FARGATE_SPOT"}, {"weight", 1}}});
    resident agent{world, options};
    auto const runs = world.queue_runs(1);
    REQUIRE(agent.live(1min));
    check_all_launched_once(world, runs);
    auto const asked = asked_for(world);
    REQUIRE(asked.size() == 1);
    CHECK(json::member(asked[0], "launchType") == nullptr);
    CHECK(world.tasks_of(runs[0]).at(0).where.capacity_provider == "FARGATE_SPOT");
}

TEST_CASE(
    "throttles and quotas that hide in other errors hold a run and do not fail it, and other runs are not delayed") {
    struct shortage {
        char const* name;
        fakes::fault what;
    };
    auto const each = GENERATE_COPY(values<shortage>(
        {{"a throttle of EC2's",
          fakes::refused(400, "InvalidParameterException",
                         "Error retrieving subnet information for [subnet-1]: Rate exceeded (ErrorCode: Throttling)")},
         {"a limit of EC2's",
          fakes::refused(400, "InvalidParameterException",
                         "Error retrieving security group information for [sg-1]: Request limit exceeded. (ErrorCode: "
                         "RequestLimitExceeded)")},
         {"a quota among the failures",
          fakes::no_capacity("You've reached the limit on the number of vCPUs you can run concurrently")},
         {"a quota as an error",
          fakes::refused(400, "ClientException",
                         "You've reached the limit on the number of tasks you can run concurrently")},
         {"ECS's own throttle", fakes::throttled()}}));
    INFO(each.name);
    stage world;
    resident agent{world};
    // The first run's flow is refused for three minutes; the others' are not.
    auto const hit = world.queue_runs(1);
    refuse_until(world, agent.start() + 3min, hit[0], each.what);
    std::vector<std::string> free;
    for (auto const moment : {10s, 40s, 70s, 100s, 130s})
        agent.at(moment, [&] { free.push_back(world.queue_runs(1)[0]); });
    duration longest_gap{};
    auto last_poll = agent.start();
    agent.line().before = [&](http::request const& request) {
        if (!says(request.body, "get_runs_in_queue")) return;
        longest_gap = std::max<duration>(longest_gap, world.clock.now() - last_poll);
        last_poll = world.clock.now();
    };
    REQUIRE(agent.live(5min));
    INFO(agent.troubles());

    check_all_launched_once(world, hit);
    REQUIRE(free.size() == 5);
    check_all_launched_once(world, free);
    CHECK(launch_took(world, hit[0]) >= 3min);
    CHECK(launch_took(world, hit[0]) <= 4min);
    // The longest wait between two polls, and the client's own repeats for the first run: there is one thread for all.
    for (auto const& run : free) CHECK(launch_took(world, run) <= 15s);
    CHECK(longest_gap <= 20s);
    CHECK(agent.health().failed == 0);
}

TEST_CASE("what is short for longer than the launch deadline fails the run, with the reason in AWS's words") {
    stage world;
    auto options = careful();
    options.launch_deadline = 5min;
    resident agent{world, options};
    auto const runs = world.queue_runs(1);
    refuse_until(world, agent.start() + 1h, runs[0], fakes::no_capacity());
    REQUIRE(agent.live(10min));
    CHECK(world.aws.ecs.tasks_created() == 0);
    REQUIRE(world.prefect.state(runs[0]) == "Failed");
    auto const last = world.prefect.history(runs[0]).back();
    INFO(last.message);
    CHECK(says(last.message, "Capacity is unavailable at this time"));
    CHECK(last.at - moment_of(world, runs[0], "Submitted") >= 5min);
    CHECK(last.at - moment_of(world, runs[0], "Submitted") <= 6min);
}

TEST_CASE("a subnet without addresses is left out of launches for a while, and used again later") {
    stage world;
    resident agent{world, in_subnets({full_subnet, good_subnet})};
    std::size_t hits = 0;
    world.aws.ecs.faults().decide_by(
        [&](std::string_view operation, std::size_t, std::string_view body) -> std::optional<fakes::fault> {
            if (operation != "RunTask" || !says(body, full_subnet) || world.clock.now() >= agent.start() + 2min)
                return std::nullopt;
            ++hits;
            return fakes::refused(400, "InvalidParameterException",
                                  "The specified subnet '" + full_subnet +
                                      "' does not have enough free addresses to satisfy the request.");
        });
    auto runs = world.queue_runs(5);
    std::vector<std::string> after;
    agent.at(1min, [&] {
        for (auto const& each : world.queue_runs(5)) runs.push_back(each);
    });
    agent.at(5min, [&] { after = world.queue_runs(2); });
    REQUIRE(agent.live(6min));
    INFO(agent.troubles());

    check_all_launched_once(world, runs);
    check_all_launched_once(world, after);
    // The first run found it out for all that were launched behind it.
    CHECK(hits == 1);
    auto const subnets = [&](std::string const& run) {
        return json::write(
            (*world.tasks_of(run).at(0).request)["networkConfiguration"]["awsvpcConfiguration"]["subnets"]);
    };
    for (auto const& run : runs) {
        CHECK(subnets(run) == "[\"" + good_subnet + "\"]");
        CHECK(launch_took(world, run) <= 10s);
    }
    for (auto const& run : after) CHECK(says(subnets(run), full_subnet));
}

TEST_CASE("the only subnet is not left out, however full it is") {
    stage world;
    resident agent{world, in_subnets({full_subnet})};
    auto const runs = world.queue_runs(2);
    refuse_until(world, agent.start() + 2min, full_subnet,
                 fakes::no_capacity("InsufficientFreeAddressesInSubnet: " + full_subnet +
                                    " does not have enough free addresses"));
    REQUIRE(agent.live(4min));
    check_all_launched_once(world, runs);
}

TEST_CASE("a task whose interface finds no address in its subnet is launched again elsewhere") {
    stage world;
    resident agent{world, in_subnets({full_subnet, good_subnet})};
    world.aws.ecs.next_task(
        fakes::never_starts("Unexpected EC2 error while attempting to Create Network Interface in subnet '" +
                            full_subnet + "': InsufficientFreeAddressesInSubnet"));
    auto const runs = world.queue_runs(1);
    REQUIRE(agent.live(3min));
    INFO(agent.troubles());
    auto const tasks = world.tasks_of(runs[0]);
    REQUIRE(tasks.size() == 2);
    CHECK(world.executions(runs[0]) == 1);
    CHECK(world.prefect.state(runs[0]) == "Success");
    CHECK(json::write((*tasks[1].request)["networkConfiguration"]["awsvpcConfiguration"]["subnets"]) ==
          "[\"" + good_subnet + "\"]");
}

TEST_CASE("a task that Spot took away while it ran is not run a second time, and the run says what happened") {
    stage world;
    resident agent{world, spot_first()};
    auto life = fakes::is_interrupted();
    life.running = 1min;
    world.aws.ecs.next_task(life);
    auto const runs = world.queue_runs(1);
    REQUIRE(agent.live(4min));
    INFO(agent.troubles());
    CHECK(world.tasks_of(runs[0]).size() == 1);
    REQUIRE(world.prefect.state(runs[0]) == "Failed");
    auto const last = world.prefect.history(runs[0]).back();
    INFO(last.message);
    CHECK(says(last.message, "Your Spot Task was interrupted."));
    auto const stopped = *world.tasks_of(runs[0])[0].phase(world.clock.now()).stopped;
    CHECK(last.at - stopped <= 15s);
}
