#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Two agents that poll for the same labels, as a highly available pair does. Their clocks are two seconds apart.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

struct pair_of_agents {
    explicit pair_of_agents(fakes::prefect_setup setup = {}) : world{std::move(setup)} {
        west.inside().parts.clock.ahead = 2s;
        east.step(); // they have said hello, and polled in vain
        west.step();
    }

    /// Both go on, in turns, for that long.
    void live(duration time) {
        for (auto const end = world.clock.now() + time; world.clock.now() < end;) {
            east.step();
            west.step();
        }
    }

    [[nodiscard]] std::string logs() const { return "east\n" + east.log().text() + "\nwest\n" + west.log().text(); }

    stage world;
    process east{world, careful("east")};
    process west{world, careful("west")};
};

/// With Server's lock on claims, and without, as before 2021-10-21.
constexpr std::array<duration, 2> locks{duration::zero(), 30s};

fakes::prefect_setup with_lock(duration time) {
    fakes::prefect_setup made;
    made.submitted_lock = time;
    return made;
}

bool has_failed(stage const& world, std::string const& run) {
    auto const states = world.prefect.history(run);
    return std::any_of(states.begin(), states.end(), [](auto const& each) { return each.type == "Failed"; });
}

/// For each request of one step of the first agent, before it and behind it: the second agent makes a whole step there, and
/// both go on. `prepare` queues what the step is about and gives its run; each time that run gets exactly `more` tasks.
template <class Prepare>
std::size_t meet_at_every_request(std::size_t more, Prepare prepare) {
    std::size_t meetings = 0;
    for (auto const lock : locks)
        for (bool const behind : {false, true})
            for (std::size_t at = 0;; ++at) {
                pair_of_agents two{with_lock(lock)};
                std::string const run = prepare(two);
                auto const before = two.world.tasks_of(run).size();
                std::size_t seen = 0;
                std::string met;
                auto& line = two.east.line();
                (behind ? line.behind : line.before) = [&](http::request const& request) {
                    if (seen++ != at) return;
                    met = request.body.substr(0, 120);
                    two.west.step();
                };
                two.east.step();
                if (met.empty()) break;
                ++meetings;
                two.live(90s);
                INFO((lock > 0s ? "with" : "without") << " the lock, " << (behind ? "behind" : "before") << " request "
                                                      << at << " of the first agent: " << met << "\n"
                                                      << two.logs());
                REQUIRE(two.world.tasks_of(run).size() == before + more);
                REQUIRE(two.world.executions(run) == before + more);
                REQUIRE(two.world.prefect.state(run) == "Success");
                REQUIRE_FALSE(has_failed(two.world, run));
            }
    return meetings;
}

/// The flow's own word about one of its task runs.
void set_task_run(stage& world, std::string const& id, json::value state) {
    http::request request;
    request.method = "POST";
    request.url = "http://localhost:4200";
    request.headers.add("Content-Type", "application/json");
    json::value const one{{"task_run_id", id}, {"state", std::move(state)}};
    json::value const input{{"states", json::value::array({one})}};
    request.body =
        json::write(json::value{{"query", "mutation($input: set_task_run_states_input!) { set_task_run_states(input: "
                                          "$input) { states { id status message } } }"},
                                {"variables", json::value{{"input", input}}}});
    auto const answer = world.prefect.send(request);
    REQUIRE(answer);
    REQUIRE(answer->body.find("errors") == std::string::npos);
}

} // namespace

TEST_CASE("two agents: whatever the second does during one request of the first, a run becomes one task") {
    auto const meetings = meet_at_every_request(1, [](pair_of_agents& two) { return two.world.queue_runs(1).front(); });
    CHECK(meetings >= 32); // eight requests, before and behind, with the lock and without
}

TEST_CASE("two agents: whatever the second does during one request of the first, a run scheduled again gets one task "
          "more") {
    auto const meetings = meet_at_every_request(1, [](pair_of_agents& two) {
        auto const run = two.world.queue_runs(1).front();
        two.world.aws.ecs.next_task(fakes::runs_for_ever()); // and is never heard of again
        two.live(30s);
        two.world.clock.advance(11min);
        REQUIRE(two.world.prefect.raise_silent_runs() == 1);
        return run;
    });
    CHECK(meetings >= 32); // eight requests, before and behind, with the lock and without
}

TEST_CASE("two agents: whatever the second does during one request of the first, a run whose task run is due gets one "
          "task more") {
    std::string const task_run = "1c3e5a70-9b2d-4f4e-8c6a-e3f5a7b92d87";
    auto const meetings = meet_at_every_request(1, [&](pair_of_agents& two) {
        auto answer = testing_support::load("prefect1/flow_run_docker_local_environment.json");
        auto& row = answer["data"]["flow_run"][0];
        row["labels"] = {"aws"};
        row["task_runs"] = json::value::array({json::value{{"id", task_run},
                                                           {"version", 1},
                                                           {"task_id", "2d4f6b81-0c3e-4a5f-9d7b-f406b8ca3e98"},
                                                           {"serialized_state", fakes::prefect_state("Pending", "")}}});
        two.world.prefect.add_flow_run(row);
        two.world.done_with_exit = false; // its process leaves, to be started again for the retry
        two.live(60s);
        REQUIRE(two.world.aws.ecs.tasks_created() == 1);
        auto retrying = fakes::prefect_state("Retrying", "Retrying Task (after attempt 1 of 3)");
        json::set(retrying, "start_time", text::iso8601(two.world.clock.now()));
        set_task_run(two.world, task_run, retrying);
        two.world.done_with_exit = true;
        return testing_support::text(row, "id");
    });
    CHECK(meetings >= 12); // with the lock and without; either of them may be the one that meets the other
}

TEST_CASE("two agents: of two hundred runs, with a tenth of the launches refused, each becomes one task") {
    for (auto const lock : locks) {
        pair_of_agents two{with_lock(lock)};
        auto const runs = two.world.queue_runs(200, 5);
        two.world.aws.ecs.faults().decide_by(
            [launches = 0](std::string_view operation, std::size_t, std::string_view) mutable {
                bool const refused = operation == "RunTask" && ++launches % 10 == 3;
                return refused ? std::optional{fakes::no_capacity()} : std::nullopt;
            });
        // Now and then one of them makes a step while the other one is amid its own.
        std::size_t requests = 0;
        auto const meet = [&](process& other) {
            return [&requests, &other](http::request const&) {
                if (++requests % 29 == 0) other.step();
            };
        };
        two.east.line().behind = meet(two.west);
        two.west.line().before = meet(two.east);
        auto const all_done = [&] {
            return std::all_of(runs.begin(), runs.end(),
                               [&](auto const& each) { return two.world.prefect.state(each) == "Success"; });
        };
        for (int rounds = 0; rounds != 300 && !all_done(); ++rounds) two.live(1s);
        two.live(2min);

        INFO((lock > 0s ? "with" : "without") << " the lock");
        CHECK(all_done());
        CHECK(two.world.aws.ecs.tasks_created() == runs.size());
        std::size_t failed = 0;
        std::size_t wrong = 0;
        for (auto const& each : runs) {
            failed += has_failed(two.world, each);
            wrong += two.world.executions(each) != 1;
        }
        CHECK(failed == 0);
        CHECK(wrong == 0);
        auto const first = two.east.agent().health();
        auto const second = two.west.agent().health();
        CHECK(first.launched > 0);
        CHECK(second.launched > 0);
        CHECK(first.failed + second.failed == 0);
        CHECK(first.holds + second.holds > 0);
    }
}

TEST_CASE("two agents: a poll's answer that comes minutes late takes no run back that the other has finished") {
    for (auto const lock : locks) {
        pair_of_agents two{with_lock(lock)};
        auto const run = two.world.queue_runs(1).front();
        bool slept = false;
        two.east.line().behind = [&](http::request const& request) {
            bool const is_poll = request.body.find("serialized_state") != std::string::npos;
            if (is_poll && !std::exchange(slept, true)) two.west.live(3min);
        };
        two.east.step();
        REQUIRE(slept);
        two.live(15min);
        (void)two.world.prefect.raise_silent_runs();
        two.live(1min);
        INFO((lock > 0s ? "with" : "without") << " the lock\n" << two.logs());
        CHECK(two.world.executions(run) == 1);
        CHECK(two.world.prefect.state(run) == "Success");
        CHECK_FALSE(has_failed(two.world, run));
    }
}
