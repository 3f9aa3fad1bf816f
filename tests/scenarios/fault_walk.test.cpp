#include <fargate/agent.hpp>

#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// One whole cycle, from the first question to the run's end, is lived again and again; in the N-th life the N-th request
// goes wrong, until a life is over before it comes to N. Whatever went wrong, the run has one task that executed, and the
// end that this task had.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::fake_world;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

using answer = result<http::response>;

answer page(int status, std::string body) {
    http::response made;
    made.status = status;
    made.headers.add("Content-Type", "text/html");
    made.body = std::move(body);
    return made;
}

/// How one request goes wrong.
struct mishap {
    std::string name;
    bool arrives; ///< the world does what is asked, all the same
    answer instead;
};

/// The first two are what nobody can tell apart, and are walked in every story.
std::vector<mishap> mishaps() {
    return {
        {"there is no connection", false, fail(errc::connection_failed, "no connection", true)},
        {"the answer does not come", true, fail(errc::timed_out, "no answer in time", true)},
        {"500, and nothing was done", false, page(500, "<html>Internal Server Error</html>")},
        {"500, and it was done", true, page(500, "")},
        {"half an answer", true, page(200, R"({"data": {"tas)")},
        {"there is no handle to send with", false, fail(errc::internal, "libcurl: out of memory")},
    };
}

/// How the tasks of a run go, and what has to become of it.
struct story {
    std::string name;
    std::vector<fakes::task_life> tasks;
    std::string end;
};

std::vector<story> stories() {
    return {
        {"the flow ends well", {fakes::exits_with(0)}, "Success"},
        {"the flow fails", {fakes::exits_with(3)}, "Failed"},
        {"the first task never starts", {fakes::never_starts(), fakes::exits_with(0)}, "Success"},
    };
}

/// Polls that find nothing are a minute apart, so that a life is short to tell.
agent_options patient() {
    auto made = testing_support::careful();
    made.poll_interval_max = 1min;
    return made;
}

/// One life: a world, a run in it, and whoever serves it.
struct life {
    explicit life(story const& told) : about{told} {
        for (auto const& each : told.tasks) world.aws.ecs.next_task(each);
        world.aws.ecs.every_task(fakes::exits_with(0)); // one too many would be seen
        id = world.queue_runs(1)[0];
    }

    [[nodiscard]] bool is_over() const { return world.prefect.state(id) == about.end; }

    /// Lives on until the run is over and nothing is left to do for it.
    void live(process& agent) {
        auto const no_longer = world.clock.now() + 30min;
        for (std::size_t steps = 0; steps != most_steps && world.clock.now() < no_longer && !agent.killed() &&
                                    (!is_over() || agent.agent().health().watched != 0);
             ++steps)
            agent.step();
    }

    /// What holds in every life, some minutes later.
    void check(process& last) {
        for (auto const end = world.clock.now() + 2min; is_over() && world.clock.now() < end;) last.step();
        auto const log = last.log().text();
        auto const state =
            world.prefect.state(id) + ": " + testing_support::text(world.prefect.flow_run(id), "state_message");
        INFO(state << "\n" << log);
        REQUIRE(world.executions(id) == 1);
        REQUIRE(world.aws.ecs.tasks_created() == about.tasks.size());
        REQUIRE(is_over());
        REQUIRE(last.agent().health().watched == 0);
        REQUIRE(last.agent().health().held == 0);
    }

    static constexpr std::size_t most_steps = 1'000; // each takes time, unless something is wrong
    story const& about;
    stage world;
    std::string id;
};

/// Lives with the `n`-th request spoiled; false when the life is over before it.
bool live_with(story const& told, mishap const& wrong, std::size_t n) {
    INFO(told.name << ", " << wrong.name << ", request " << n);
    life now{told};
    process agent{now.world, patient()};
    std::size_t sent = 0;
    agent.line().through = [&](http::request const& request, fake_world& world) -> answer {
        if (sent++ != n) return world.send(request);
        if (wrong.arrives) (void)world.send(request);
        return wrong.instead;
    };
    now.live(agent);
    bool const reached = sent > n;
    agent.line() = {};
    now.check(agent);
    return reached;
}

/// Lives with an agent that is killed at the `n`-th request, before or behind it, and with the one that takes its place.
bool live_killed(story const& told, bool arrives, std::size_t n) {
    INFO(told.name << ", killed " << (arrives ? "behind" : "before") << " request " << n);
    life now{told};
    process agent{now.world, patient()};
    std::size_t sent = 0;
    (arrives ? agent.line().behind : agent.line().before) = [&](http::request const&) {
        if (sent++ == n) agent.kill();
    };
    now.live(agent);
    if (!agent.killed()) {
        agent.line() = {};
        now.check(agent);
        return false;
    }
    process next{now.world, patient()};
    now.live(next);
    now.check(next);
    return true;
}

} // namespace

TEST_CASE("whichever request of a whole cycle goes wrong, the run has one task and its end") {
    auto const all = mishaps();
    for (auto const& told : stories())
        for (std::size_t i = 0; i != (told.end == "Success" && told.tasks.size() == 1 ? all.size() : 2); ++i) {
            std::size_t n = 0;
            while (live_with(told, all[i], n)) ++n;
            CHECK(n > 10);
        }
}

TEST_CASE("an agent is killed at whichever request, and the one in its place finishes the run") {
    for (auto const& told : stories())
        for (bool const arrives : {false, true}) {
            std::size_t n = 0;
            while (live_killed(told, arrives, n)) ++n;
            CHECK(n > 10);
        }
}
