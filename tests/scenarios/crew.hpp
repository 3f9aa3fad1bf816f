#ifndef FARGATE_TESTS_SCENARIOS_CREW_HPP
#define FARGATE_TESTS_SCENARIOS_CREW_HPP

#include "scenarios/world.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing_support {

/// What an agent is told that keeps its promise: as `usual`, with everything on that is on by default.
inline fargate::agent_options careful(std::string name = "agent") {
    auto made = usual(1);
    made.name = std::move(name);
    made.idempotent = made.watch = made.reconcile = made.batch_claims = made.heartbeat = std::nullopt;
    return made;
}

/// A `fake_world` in which flows run: a task whose containers have started moves its flow run to Running, and one whose flow
/// exits with 0 to Success, as the flow itself would. Whatever it takes to see that is done between two requests.
struct stage : fake_world {
    explicit stage(fargate::testing::prefect_setup setup = {}) : fake_world{std::move(setup)} {
        clock.during_sleep([this](fargate::duration) { play(); });
    }

    /// Queues `count` runs of `flows` flows that are due now; their ids.
    std::vector<std::string> queue_runs(std::size_t count, std::size_t flows = 1) {
        auto const answer = load("prefect1/flow_run_docker_local_environment.json");
        std::vector<std::string> made;
        for (std::size_t i = 0; i != count; ++i) {
            auto row = answer["data"]["flow_run"][0];
            row["labels"] = {"aws"};
            row["id"] = numbered("11111111-1111-4111-8111-", ++queued_);
            row["flow"]["id"] =
                numbered(("f10" + std::to_string(i % flows) + "0000-2222-4222-8222-").substr(0, 24), i % flows);
            row["flow"]["name"] = "flow " + std::to_string(i % flows);
            prefect.add_flow_run(row);
            made.push_back(text(row, "id"));
        }
        return made;
    }

    /// Whether a flow that exits with 0 is done. One that exits to wait for a retry is not.
    bool done_with_exit = true;

    /// Moves the runs along as their tasks went.
    void play() {
        auto const now = clock.now();
        for (auto const& each : aws.ecs.tasks()) {
            if (ended_.contains(each.arn)) continue;
            auto const phase = each.phase(now);
            if (!phase.started) continue;
            auto const run = run_of(each);
            if (run.empty()) continue;
            if (begun_.insert(each.arn).second)
                (void)prefect.set_state(run, fargate::testing::prefect_state("Running", ""));
            bool const done = phase.execution_stopped && !phase.told_to_stop && each.life.exit_code == 0 &&
                              each.life.end == fargate::testing::task_life::ending::exits;
            if (done && ended_.insert(each.arn).second && done_with_exit)
                (void)prefect.set_state(run, fargate::testing::prefect_state("Success", ""));
        }
    }

    /// The flow run that a task was started for; empty for a task of somebody else's.
    static std::string run_of(fargate::testing::ecs_task const& task) { return run_of(*task.request); }
    static std::string run_of(fargate::json::value const& request) {
        auto const* const overrides = fargate::json::object_of(request, "overrides");
        auto const* const containers = overrides ? fargate::json::array_of(*overrides, "containerOverrides") : nullptr;
        if (containers != nullptr)
            for (auto const& container : *containers)
                if (auto const* const variables = fargate::json::array_of(container, "environment"))
                    for (auto const& each : *variables)
                        if (text(each, "name") == "PREFECT__CONTEXT__FLOW_RUN_ID") return text(each, "value");
        return {};
    }

    /// The tasks that were ever made for a run, oldest first.
    [[nodiscard]] std::vector<fargate::testing::ecs_task> tasks_of(std::string_view run) const {
        std::vector<fargate::testing::ecs_task> made;
        for (auto const& each : aws.ecs.tasks())
            if (run_of(each) == run) made.push_back(each);
        return made;
    }

    /// How many tasks of a run have executed user code by now.
    [[nodiscard]] std::size_t executions(std::string_view run) const {
        auto const all = tasks_of(run);
        return static_cast<std::size_t>(std::count_if(
            all.begin(), all.end(), [&](auto const& each) { return each.phase(clock.now()).started.has_value(); }));
    }

    /// The messages of a run's own log.
    [[nodiscard]] std::vector<std::string> told(std::string_view run) const {
        std::vector<std::string> made;
        for (auto const& each : prefect.logs(run)) made.push_back(each.message);
        return made;
    }

private:
    static std::string numbered(std::string prefix, std::size_t number) {
        auto const digits = std::to_string(number);
        return prefix + std::string(12 - digits.size(), '0') + digits;
    }

    std::size_t queued_ = 0;
    std::set<std::string> begun_;
    std::set<std::string> ended_;
};

/// One agent process on a stage. It lives by `step`s: a poll, what is due by then, and the wait behind it.
class process {
public:
    explicit process(stage& world, fargate::agent_options options = careful()) :
        world_{&world}, lives_{std::make_unique<inhabitant>(world, std::move(options), line_.get())} {}

    /// What its requests pass through.
    [[nodiscard]] wire& line() { return *line_; }
    [[nodiscard]] fargate::testing::captured_log const& log() const { return lives_->parts.log; }
    [[nodiscard]] fargate::agent<world_policies>& agent() { return lives_->agent; }
    [[nodiscard]] inhabitant& inside() { return *lives_; }

    /// One poll and the wait behind it; does nothing in a process that was killed, and in one that is amid a step.
    void step() {
        if (line_->cut || std::exchange(steps_, true)) return;
        if (!opened_) opened_ = lives_->agent.open().has_value();
        if (opened_) (void)lives_->agent.run();
        world_->play();
        steps_ = false;
    }

    /// Steps until that much time has passed.
    void live(fargate::duration time) {
        for (auto const end = world_->clock.now() + time; world_->clock.now() < end && !line_->cut;) step();
    }

    /// SIGKILL: nothing of what it is doing reaches the world any more.
    void kill() {
        line_->cut = true;
        lives_->agent.stop();
    }
    [[nodiscard]] bool killed() const { return line_->cut; }

private:
    stage* world_;
    std::unique_ptr<wire> line_ = std::make_unique<wire>();
    std::unique_ptr<inhabitant> lives_;
    bool opened_ = false;
    bool steps_ = false;
};

} // namespace testing_support

#endif
