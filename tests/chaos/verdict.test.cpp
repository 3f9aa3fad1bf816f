#include "chaos/verdict.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace chaos;

namespace {

fargate::time_point at(int seconds) { return fargate::time_point{} + std::chrono::seconds{seconds}; }

seen_state state(int when, char const* type, bool by_agent = false, char const* message = "") {
    return {type, message, by_agent, at(when), {}};
}

seen_task task(int when, bool started, bool alive = false) {
    seen_task made;
    made.arn = "task-" + std::to_string(when);
    made.created = at(when);
    made.started = started;
    made.alive = alive;
    return made;
}

seen_run good() {
    return {"run",
            fate::succeeds,
            {state(0, "Scheduled"), state(1, "Submitted", true), state(3, "Running"), state(5, "Success")},
            {task(2, true)},
            {}};
}

std::vector<std::string> kinds(seen_run const& run) {
    std::vector<std::string> made;
    for (auto const& each : judge(run)) made.emplace_back(name_of(each.what));
    return made;
}

using words = std::vector<std::string>;

} // namespace

TEST_CASE("a run that was claimed, launched once and ended well is as promised, also after tasks that never started") {
    auto run = good();
    CHECK(kinds(run).empty());
    run.tasks.insert(run.tasks.begin(), 2, task(1, false));
    CHECK(kinds(run).empty());
}

TEST_CASE("a run that nobody launches is lost, whatever state it is left in") {
    for (char const* const left : {"Scheduled", "Submitted", "Running"}) {
        auto run = good();
        run.states.resize(1);
        run.states.push_back(state(1, left, true));
        run.tasks.clear();
        CHECK(kinds(run) == words{"lost"});
        run.what = fate::dies;
        CHECK(kinds(run) == words{"lost"});
    }
}

TEST_CASE("code that ran twice for one schedule is doubled, and told once") {
    auto run = good();
    run.tasks.push_back(task(3, true));
    run.tasks.push_back(task(4, true));
    CHECK(kinds(run) == words{"doubled"});
}

TEST_CASE("a run that is scheduled again may run again, once") {
    auto run = good();
    run.states.push_back(state(10, "Scheduled"));
    run.states.push_back(state(11, "Submitted", true));
    run.states.push_back(state(13, "Success"));
    run.tasks.push_back(task(12, true));
    CHECK(kinds(run).empty());
    run.tasks.push_back(task(14, true));
    CHECK(kinds(run) == words{"doubled"});
}

TEST_CASE("a token says which schedule a late task is of") {
    auto run = good();
    run.states.insert(run.states.end(), {state(10, "Scheduled"), state(13, "Success")});
    run.tasks.push_back(task(12, true));
    run.tasks.back().schedule = 0;
    CHECK(kinds(run) == words{"doubled"});
    run.tasks.front().schedule = 1;
    CHECK(kinds(run).empty());
}

TEST_CASE("a run that nothing was wrong with must not be made Failed, not even for a while") {
    auto run = good();
    run.states.insert(run.states.begin() + 2, state(2, "Failed", true, "timed out"));
    CHECK(kinds(run) == words{"slandered"});
    CHECK(judge(run)[0].text == "it was made Failed: timed out");
}

TEST_CASE("an agent that writes over a final state is found, and a flow or a person that does so is not") {
    auto run = good();
    run.states.push_back(state(6, "Submitted", true));
    CHECK(kinds(run) == words{"overwritten", "lost"});
    run.states.back().by_agent = false;
    CHECK(kinds(run) == words{"lost"});
}

TEST_CASE("a death is told, or left to the server when no agent saw it") {
    auto run = good();
    run.what = fate::dies;
    run.states.back() = state(5, "Failed", true, "exit code 1");
    CHECK(kinds(run).empty());
    run.states.pop_back();
    CHECK(kinds(run).empty());
    run.tasks[0].in_peace = true;
    CHECK(kinds(run) == words{"lost"});
    run.tasks[0].in_peace = false;
    run.tasks[0].alive = true;
    CHECK(kinds(run) == words{"lost"});
    run.tasks[0] = task(2, false);
    run.states.push_back(state(5, "Failed", true));
    CHECK(kinds(run) == words{"slandered"});
}

TEST_CASE("a run that cannot run is Failed, and its log has the service's words") {
    auto run = good();
    run.what = fate::no_image;
    run.tasks[0].started = false;
    CHECK(kinds(run) == words{"untold", "untold"});
    run.states.back() = state(5, "Failed", true, "it never started");
    CHECK(kinds(run) == words{"untold"});
    run.lines.push_back("ERROR CannotPullContainerError: manifest unknown");
    CHECK(kinds(run).empty());
    run.states.pop_back();
    CHECK(kinds(run) == words{"lost"});
}

TEST_CASE("a cancelled run's task is stopped") {
    auto run = good();
    run.what = fate::cancelled;
    run.states.back() = state(5, "Cancelled");
    CHECK(kinds(run).empty());
    run.tasks[0].alive = true;
    CHECK(kinds(run) == words{"unended"});
    run.states.back() = state(5, "Cancelling");
    CHECK(kinds(run) == words{"lost"});
}
