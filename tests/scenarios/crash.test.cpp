#include "scenarios/crew.hpp"

#include "support/catch.hpp"

#include <fargate/aws/ecs.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::process;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

/// Two looks of the reconciler are not further apart.
constexpr duration reconcile_period = 90s * 12 / 10;

agent_options options() {
    auto made = careful();
    made.fleet_id = "our-fleet";
    return made;
}

/// What a request asks for, as the service names it; empty for what no test looks at.
std::string operation_of(http::request const& request) {
    if (auto const target = request.headers.find("x-amz-target"))
        return std::string{target->substr(target->rfind('.') + 1)};
    for (auto const* const name : {"get_runs_in_queue", "set_flow_run_states", "write_run_logs"})
        if (request.body.find(name) != std::string::npos) return name;
    return {};
}

/// Kills a process behind one request of its life: the one that `is_it` chooses. The request has reached the other side;
/// its answer has come back when `answered`, else not.
template <class Choice>
void kill_behind(process& whom, Choice is_it, bool answered) {
    whom.line().before = [&whom, hit = false, is_it, answered](http::request const& request) mutable {
        if (hit) whom.kill(); // it did not come to ask for the next thing
        hit = hit || (answered && is_it(request));
    };
    whom.line().behind = [&whom, is_it, answered](http::request const& request) {
        if (!answered && is_it(request)) whom.kill();
    };
}

/// Twenty tasks and definitions of other people in the same account, some of which look like ours.
class strangers {
public:
    explicit strangers(stage& world) : world_{&world} {
        testing_support::inhabitant somebody{world};
        aws::client_options where;
        where.region = "us-east-1";
        aws::ecs<testing_support::world_policies> ecs{somebody.parts, where};
        for (int i = 0; i != 20; ++i) {
            auto const family = "billing-" + std::to_string(i);
            json::value definition{
                {"family", family},
                {"networkMode", "awsvpc"},
                {"requiresCompatibilities", json::value::array({"FARGATE"})},
                {"cpu", "256"},
                {"memory", "512"},
                {"containerDefinitions", json::value::array({json::value{{"name", "flow"}, {"image", "busybox"}}})}};
            REQUIRE(ecs.register_task_definition(definition));
            // Somebody runs the definition of a flow of ours by hand, too.
            json::value task{
                {"taskDefinition", i % 5 == 0 ? "prefect-task-f1000000" : family},
                {"launchType", "FARGATE"},
                {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", json::value::array({"subnet-1"})}}}}}};
            if (i % 3 == 0) json::set(task, "startedBy", "cron");
            if (i % 3 == 1) json::set(task, "startedBy", "our-fleet"); // with a run of another backend
            if (i % 3 == 1) {
                json::value variable{{"name", "PREFECT__CONTEXT__FLOW_RUN_ID"},
                                     {"value", "99999999-9999-4999-8999-9999999999" + std::to_string(10 + i)}};
                json::value container{{"name", "flow"}, {"environment", json::value::array({variable})}};
                json::set(task, "overrides", json::value{{"containerOverrides", json::value::array({container})}});
            }
            auto const ran = ecs.run_task(task);
            REQUIRE(ran);
            REQUIRE(ran->tasks.size() == 1);
            tasks_.insert(ran->tasks[0].arn);
        }
    }

    [[nodiscard]] std::set<std::string> const& tasks() const { return tasks_; }

    /// Nothing of theirs was stopped, and none of their definitions taken away.
    void check_untouched() const {
        for (auto const& each : world_->aws.ecs.tasks())
            if (tasks_.contains(each.arn)) CHECK(!each.order);
        CHECK(world_->aws.ecs.log().count("DeregisterTaskDefinition") == 0);
    }

private:
    stage* world_;
    std::set<std::string> tasks_;
};

/// The tasks that somebody told to stop.
std::set<std::string> stopped(stage const& world) {
    std::set<std::string> made;
    for (auto const& each : world.aws.ecs.tasks())
        if (each.order) made.insert(each.arn);
    return made;
}

/// Each of these runs has had one task ever, it ended well, and the run was never said to have failed.
void check_done_once(stage const& world, std::vector<std::string> const& runs) {
    for (auto const& id : runs) {
        INFO(id);
        CHECK(world.tasks_of(id).size() == 1);
        CHECK(world.prefect.state(id) == "Success");
        for (auto const& each : world.prefect.history(id)) CHECK(each.type != "Failed");
    }
}

} // namespace

TEST_CASE(
    "an agent is killed wherever it stands, and the next one knows all that runs and launches what is missing, once") {
    struct point {
        char const* operation;
        bool answered;
        std::size_t tasks = 10; ///< of the fleet that run already: few, but for once, so that this does not take long
    };
    auto const at = GENERATE(values<point>({{"get_runs_in_queue", true},
                                            {"set_flow_run_states", false},
                                            {"set_flow_run_states", true},
                                            {"RunTask", false, 50},
                                            {"RunTask", true},
                                            {"DescribeTasks", true}}));
    INFO(at.operation << (at.answered ? ", answered" : ", not answered"));
    stage world;
    world.aws.ecs.every_task(fakes::runs_for_ever());

    // Tasks of the fleet run.
    process first{world, options()};
    auto const old = world.queue_runs(at.tasks, 5);
    for (int i = 0; i != 100 && world.aws.ecs.tasks_created() < old.size(); ++i) first.step();
    strangers const others{world};
    auto const before = old.size() + others.tasks().size();
    first.live(20s);
    std::set<std::string> running;
    for (auto const& id : old) {
        REQUIRE(world.tasks_of(id).size() == 1);
        REQUIRE(world.prefect.state(id) == "Running");
        running.insert(world.tasks_of(id)[0].arn);
    }

    // Ten more are due.
    world.aws.ecs.every_task({});
    auto const fresh = world.queue_runs(10, 5);
    kill_behind(
        first,
        [&](http::request const& request) {
            if (operation_of(request) != at.operation) return false;
            if (operation_of(request) != "DescribeTasks") return true;
            auto const tasks = world.aws.ecs.tasks();
            return request.body.find(tasks.back().arn) != std::string::npos;
        },
        at.answered);
    for (int i = 0; i != 100 && !first.killed(); ++i) first.step();
    REQUIRE(first.killed());
    std::string_view const operation = at.operation;
    std::size_t const launched = operation == "RunTask" ? 1 : operation == "DescribeTasks" ? fresh.size() : 0;
    CHECK(world.aws.ecs.tasks_created() == before + launched);

    // The next process has nothing of the first but its options: a policy's environment cannot even be written to.
    process second{world, options()};
    second.live(reconcile_period);
    auto const log = second.log().text();
    for (auto const& arn : running) {
        INFO(arn);
        CHECK(log.find("Task " + arn + " of flow run") != std::string::npos);
    }
    second.live(1min);
    check_done_once(world, fresh);
    CHECK(world.aws.ecs.tasks_created() == before + fresh.size());
    CHECK(stopped(world).empty());

    // Five runs are to be cancelled.
    std::set<std::string> ended;
    for (std::size_t i = 0; i != 5; ++i) {
        REQUIRE(world.prefect.set_state(old[2 * i], fakes::prefect_state("Cancelling", "")));
        ended.insert(world.tasks_of(old[2 * i])[0].arn);
    }
    second.live(reconcile_period);
    CHECK(stopped(world) == ended);
    second.live(20s);
    CHECK(stopped(world) == ended);
    for (std::size_t i = 0; i != old.size(); ++i)
        CHECK(world.prefect.state(old[i]) == (i < 10 && i % 2 == 0 ? "Cancelled" : "Running"));
    CHECK(world.aws.ecs.tasks_created() == before + fresh.size());
    others.check_untouched();
}

TEST_CASE("two agents in a row are killed behind their n-th request, for every n, and each run has one task") {
    bool const answered = GENERATE(true, false);
    INFO((answered ? "the answer came" : "the answer was lost"));
    for (std::size_t n = 1, killed = 2; killed != 0; ++n) {
        INFO("n is " << n);
        REQUIRE(n < 200);
        stage world{{.submitted_lock = answered ? 0s : 30s}};
        auto const runs = world.queue_runs(3, 2);
        killed = 0;
        for (int i = 0; i != 2; ++i) {
            process dies{world, options()};
            std::size_t count = 0;
            kill_behind(
                dies, [&](http::request const&) { return ++count == n; }, answered);
            for (int step = 0; step != 8 && !dies.killed(); ++step) dies.step();
            if (dies.killed()) ++killed;
            dies.kill();
        }
        process survives{world, options()};
        survives.live(4min);
        check_done_once(world, runs);
        CHECK(world.aws.ecs.tasks_created() == runs.size());
    }
}

TEST_CASE("without permission to look at tasks, tokens alone find the task that a killed agent launched") {
    bool const answered = GENERATE(true, false);
    INFO((answered ? "the answer came" : "the answer was lost"));
    stage world;
    for (auto const* const each : {"ListTasks", "DescribeTasks", "StopTask"})
        world.aws.ecs.faults().fail_always(
            each, fakes::refused(400, "AccessDeniedException",
                                 std::string{"User: u is not authorized to perform: ecs:"} + each));
    fakes::task_life slow;
    slow.provisioning = 6min; // so that the run stays Submitted for a while
    world.aws.ecs.every_task(slow);
    auto const runs = world.queue_runs(5);
    process first{world, options()};
    std::size_t count = 0;
    kill_behind(
        first, [&](http::request const& request) { return operation_of(request) == "RunTask" && ++count == 3; },
        answered);
    for (int i = 0; i != 10 && !first.killed(); ++i) first.step();
    REQUIRE(first.killed());
    CHECK(world.aws.ecs.tasks_created() == 3);

    process second{world, options()};
    second.live(10min);
    CHECK(world.aws.ecs.tasks_created() == 5);
    check_done_once(world, runs);
}
