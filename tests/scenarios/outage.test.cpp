#include <fargate/agent.hpp>

#include "scenarios/resident.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fargate/text/timestamp.hpp>

// The backend is away for most of an hour while tasks end: the agent says so, comes back by itself, and tells all of it once.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::resident;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

constexpr auto interval = 10s; ///< the longest wait between two polls
constexpr auto silence = 15s;  ///< what a request without an answer takes

/// A time of 500s, a third as long of sockets that swallow everything, and as long again of connections that break. Tasks are
/// launched before, and end in it one after the other.
struct outage {
    time_point begin;
    duration errors; ///< how long the 500s last

    [[nodiscard]] time_point launches() const { return begin - 2min; }
    [[nodiscard]] time_point black_holed() const { return begin + errors; }
    [[nodiscard]] time_point half_closed() const { return black_holed() + errors / 3; }
    [[nodiscard]] time_point end() const { return half_closed() + errors / 3; }
    [[nodiscard]] time_point next() const { return end() + 5min; } ///< all is told by then

    [[nodiscard]] bool holds(time_point now) const { return now >= begin && now < end(); }
    [[nodiscard]] bool swallows(time_point now) const { return now >= black_holed() && now < half_closed(); }

    [[nodiscard]] std::optional<fakes::fault> at(time_point now) const {
        if (!holds(now)) return std::nullopt;
        if (now < black_holed()) return fakes::answered(500, "<html>Internal Server Error</html>");
        return swallows(now) ? fakes::stalled() : fakes::dropped();
    }
};

/// What was seen of an agent that goes through outages.
struct chronicle {
    std::vector<outage> outages{};
    std::vector<time_point> polls{};     ///< those that were answered
    std::vector<std::string> troubles{}; ///< wherever health was not what it should be
    std::vector<std::size_t> lines{};    ///< of the log above DEBUG, behind each outage

    [[nodiscard]] outage const* current(time_point now) const {
        auto const found =
            std::find_if(outages.begin(), outages.end(), [&](outage const& each) { return each.holds(now); });
        return found != outages.end() ? &*found : nullptr;
    }

    /// Health is bad three intervals after the answers end, and good one after they come again.
    void judge(time_point second, bool well) {
        bool expected = true;
        for (auto const& each : outages) {
            if (second >= each.begin && second < each.end() + interval) {
                if (second <= each.begin + 3 * interval || second >= each.end()) return; // either will do
                expected = false;
            }
        }
        if (well != expected) troubles.push_back((well ? "well at " : "not well at ") + text::iso8601(second));
    }
};

/// How many times a run was put into a state.
std::size_t times_in(stage const& world, std::string const& run, std::string_view state) {
    auto const all = world.prefect.history(run);
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](auto const& each) { return each.type == state; }));
}

/// Lines of a run's own log that contain `part`.
std::size_t times_told(stage const& world, std::string const& run, std::string_view part) {
    auto const all = world.told(run);
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](auto const& each) { return each.find(part) != std::string::npos; }));
}

std::size_t lines_of(resident const& agent) {
    auto const all = agent.log().lines();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](auto const& each) { return each.level > log_level::debug; }));
}

} // namespace

TEST_CASE("an outage of the backend is told in time, ends by itself, and loses nothing that happened meanwhile") {
    stage world;
    resident agent{world};
    chronicle seen;
    seen.outages.push_back({agent.start() + 5min, 30min});
    while (seen.outages.size() != 5) seen.outages.push_back({seen.outages.back().next() + 2min, 3min});
    auto const cycles = seen.outages.size();

    world.prefect.faults().decide_by([&](std::string_view, std::size_t, std::string_view) {
        auto const* const now = seen.current(world.clock.now());
        return now != nullptr ? now->at(world.clock.now()) : std::nullopt;
    });
    agent.line().before = [&](http::request const& request) {
        if (request.headers.find("X-Amz-Target")) return;
        auto const* const now = seen.current(world.clock.now());
        if (now != nullptr && now->swallows(world.clock.now())) agent.pass(silence);
        if (now == nullptr && request.body.find("get_runs_in_queue") != std::string::npos)
            seen.polls.push_back(world.clock.now());
    };
    agent.each_second = [&](time_point second) {
        seen.judge(second, service::is_well(agent.health(), second, interval));
    };

    std::vector<std::vector<std::string>> runs(cycles);
    world.aws.ecs.choose_task([&](json::value const&, std::size_t number) {
        auto const& now = seen.outages.at(number / 20);
        auto life = fakes::exits_with(1);
        life.running = 150s + (now.end() - now.begin - 1min) / 20 * static_cast<int>(number % 20);
        return life;
    });
    for (std::size_t i = 0; i != cycles; ++i) {
        agent.at(seen.outages[i].launches() - agent.start(), [&, i] { runs[i] = world.queue_runs(20); });
        agent.at(seen.outages[i].next() - agent.start() - 10s, [&] { seen.lines.push_back(lines_of(agent)); });
    }
    REQUIRE(agent.live(seen.outages.back().next() - agent.start()));
    INFO(agent.troubles());

    CHECK(seen.troubles == std::vector<std::string>{});
    for (auto const& each : seen.outages) {
        auto const first = std::lower_bound(seen.polls.begin(), seen.polls.end(), each.end());
        REQUIRE(first != seen.polls.end());
        CHECK(*first - each.end() <= interval);
    }
    for (std::size_t i = 0; i != cycles; ++i) {
        auto const& out = seen.outages[i];
        REQUIRE(runs[i].size() == 20);
        for (auto const& run : runs[i]) {
            INFO("outage " << i << ", run " << run);
            auto const tasks = world.tasks_of(run);
            REQUIRE(tasks.size() == 1);
            auto const stopped = tasks[0].phase(world.clock.now()).stopped;
            REQUIRE(stopped);
            CHECK(out.holds(*stopped));
            CHECK(world.prefect.state(run) == "Failed");
            CHECK(times_in(world, run, "Submitted") == 1);
            CHECK(times_in(world, run, "Failed") == 1);
            CHECK(times_told(world, run, "Task " + tasks[0].arn) == 1);
            CHECK(world.prefect.history(run).back().at - out.end() <= 75s); // told again after a minute at most
        }
    }
    // Two lines a task, and a handful for each thing that is wrong: half an hour is no louder than three minutes.
    REQUIRE(seen.lines.size() == cycles);
    CHECK(seen.lines[0] <= 70); // with what is said at the start
    for (std::size_t i = 1; i != cycles; ++i) CHECK(seen.lines[i] - seen.lines[i - 1] <= 55);
    auto const health = agent.health();
    CHECK(health.watched == 0);
    CHECK(health.held == 0);
    CHECK(health.ok());
}
