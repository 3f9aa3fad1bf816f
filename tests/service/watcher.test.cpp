#include <fargate/service/watcher.hpp>

#include "service/watch_scene.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using service::watched;
using testing_support::recording_desk;
using testing_support::watch_scene;
using testing_support::watched_run;
using testing_support::watched_source;
namespace fakes = fargate::testing;

namespace {

struct world : watch_scene {
    service::watcher<watched_source, ecs_client, recording_desk, fakes::manual_clock, fakes::captured_log> watcher{
        source, client, desk, clock, log, book, shared, rules};

    /// Rounds, as an agent makes them, until so much time has passed.
    void live(duration time) {
        for (auto const end = clock.now() + time; clock.now() < end;) {
            auto const wait = watcher.round({});
            clock.advance(std::min<duration>(wait, end - clock.now()));
        }
        watcher.round({});
    }

    [[nodiscard]] std::string only_line() const {
        return source.story().size() == 1 ? source.story()[0] : std::to_string(source.story().size()) + " lines";
    }
};

bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

fakes::task_life slow_start(duration time) {
    auto made = fakes::runs_for_ever();
    made.provisioning = time;
    return made;
}

} // namespace

TEST_CASE("a task that ends well is followed to its end, and nothing is told") {
    world here;
    auto const task = here.launch_and_follow("r");
    here.live(6s);
    REQUIRE(here.followed(task));
    CHECK(here.followed(task)->at == watched::stage::running);
    here.live(30s);
    CHECK_FALSE(here.followed(task));
    CHECK(here.source.story().empty());
    CHECK(here.source.calls("look") == 0);
    CHECK(here.book.read().tasks_ended[0] == 1);
}

TEST_CASE("a task is looked at every five seconds until it runs, and every ten from then on") {
    world here;
    here.ecs.every_task(slow_start(57s));
    here.launch_and_follow("r");
    here.live(59s);
    CHECK(here.asked("DescribeTasks") == 12);
    here.live(60s);
    CHECK(here.asked("DescribeTasks") == 18);
}

TEST_CASE("a clock that is set back by an hour keeps neither looks nor heartbeats waiting for it") {
    world here;
    auto const task = here.launch_and_follow("r");
    here.ecs.every_task(slow_start(2h));
    auto const late = here.launch_and_follow("s");
    here.live(3min);
    auto const looks = here.asked("DescribeTasks");
    auto const beats = here.source.calls("heartbeat");
    here.clock.advance(-1h);
    here.live(3min);
    CHECK(here.asked("DescribeTasks") > looks + 15);
    CHECK(here.source.calls("heartbeat") > beats);
    CHECK(here.followed(late));
}

TEST_CASE("a clock that is an hour ahead for one answer puts no look off for longer than the longest wait") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.launch_and_follow("r");
    here.live(1min);
    here.shared.tasks.change(here.launch_and_follow("s"), [&](watched& each) { each.due = here.clock.now() + 1h; });
    for (auto const& each : here.shared.tasks.of_run("r"))
        here.shared.tasks.change(each.task, [&](watched& known) { known.due = here.clock.now() + 1h; });
    here.live(10min);
    auto const looks = here.asked("DescribeTasks");
    here.live(1min);
    CHECK(here.asked("DescribeTasks") >= looks + 6);
}

TEST_CASE("with nothing to look after no call is made, and the next look is far") {
    world here;
    CHECK(here.watcher.round({}) == 1min);
    CHECK(here.ecs.log().count() == 1); // the registration
    CHECK(here.source.calls("") == 0);
}

TEST_CASE("a hundred tasks are looked at by one call, and ten calls are made in a second at most") {
    world here;
    here.rules.heartbeat = false;
    here.ecs.every_task(fakes::runs_for_ever());
    for (int i = 0; i != 1250; ++i) here.launch_and_follow("r" + std::to_string(i));
    here.watcher.round({});
    here.watcher.round({});
    CHECK(here.asked("DescribeTasks") == 10);
    here.clock.advance(1s);
    here.watcher.round({});
    CHECK(here.asked("DescribeTasks") == 13);
    here.clock.advance(10s);
    here.live(100s);
    // Thirteen calls hold all; they are made every ten seconds.
    CHECK(here.asked("DescribeTasks") < 13 + 13 * 13);
    CHECK(here.book.read().watched == 1250);
}

TEST_CASE("an exit code is the run's failure, told once and within fifteen seconds") {
    world here;
    here.ecs.every_task(fakes::exits_with(3));
    auto const task = here.launch_and_follow("r");
    here.live(17s + 15s); // 5 to start, 10 to run, 2 to be gone
    CHECK(has(here.only_line(), "failed r "));
    CHECK(has(here.only_line(), "exit"));
    CHECK(has(here.only_line(), "3"));
    CHECK_FALSE(here.followed(task));
    here.live(1min);
    CHECK(here.source.story().size() == 1);
}

TEST_CASE("a sidecar decides nothing") {
    world here;
    auto life = fakes::exits_with(0);
    life.other_exits = {{"sidecar", 1}};
    here.ecs.next_task(life);
    here.launch_and_follow("good");
    life.exit_code = 1;
    life.other_exits = {{"sidecar", 0}};
    here.ecs.next_task(life);
    here.launch_and_follow("bad");
    here.live(1min);
    CHECK(has(here.only_line(), "failed bad "));
}

TEST_CASE("out of memory, an interruption, and an end that nobody knows are failures with AWS's words") {
    world here;
    std::string words;
    SECTION("memory") {
        here.ecs.every_task(fakes::runs_out_of_memory());
        words = "memory";
    }
    SECTION("spot") {
        here.ecs.every_task(fakes::is_interrupted());
        words = "Your Spot Task was interrupted.";
    }
    SECTION("no exit code") {
        auto life = fakes::exits_with(0);
        life.exit_code_lost = true;
        here.ecs.every_task(life);
        words = "Essential container in task exited";
    }
    here.launch_and_follow("r");
    here.live(1min);
    CHECK(has(here.only_line(), "failed r "));
    CHECK(has(here.only_line(), words));
}

TEST_CASE("telling is repeated until it is accepted, ever more rarely, and the first cause is told") {
    world here;
    here.ecs.every_task(fakes::exits_with(7));
    auto const task = here.launch_and_follow("r");
    std::vector<time_point> tries;
    bool down = true;
    here.source.on_call = [&](std::string const& line) -> result<void> {
        if (line == "look") tries.push_back(here.clock.now());
        return down ? result<void>{fail(errc::connection_failed, "the API is away")} : result<void>{};
    };
    here.live(30min);
    REQUIRE(here.followed(task));
    CHECK(here.followed(task)->at == watched::stage::telling);
    REQUIRE(tries.size() > 5);
    CHECK(tries.size() < 40);
    CHECK(tries[1] - tries[0] <= 10s);
    CHECK(tries.back() - tries[tries.size() - 2] >= 1min);
    CHECK(here.log.count("cannot be told yet") == 1);
    down = false;
    here.live(70s);
    CHECK(has(here.only_line(), "failed r "));
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.log.count("can be told again") == 1);
}

TEST_CASE("without an answer the backend is asked once a round, however many runs are to be told of") {
    world here;
    here.ecs.every_task(fakes::exits_with(7));
    for (int i = 0; i != 20; ++i) here.launch_and_follow("r" + std::to_string(i));
    here.source.on_call = [&](std::string const& line) -> result<void> {
        return line == "look" ? result<void>{} : fail(errc::timed_out, "no answer");
    };
    here.clock.advance(30s);
    here.watcher.round({});
    CHECK(here.source.calls("failed") == 1);
    here.source.on_call = [](auto const&) { return result<void>{}; };
    here.live(1min);
    CHECK(here.source.count("failed") == 20);
}

TEST_CASE("a run that the backend refuses to end does not keep the others from it") {
    world here;
    here.ecs.every_task(fakes::exits_with(7));
    here.launch_and_follow("a");
    here.launch_and_follow("b");
    here.source.on_call = [](std::string const& line) -> result<void> {
        return line.starts_with("failed a") ? result<void>{fail(errc::service_error, "no")} : result<void>{};
    };
    here.live(1min);
    CHECK(here.source.count("failed b") == 1);
    CHECK(here.shared.tasks.size() == 1);
}

TEST_CASE("a task that never started is launched again as the next attempt, with a note to its run") {
    world here;
    here.ecs.every_task(fakes::never_starts());
    here.launch_and_follow("r", 0);
    here.live(20s);
    CHECK(has(here.only_line(), "note WARNING r "));
    CHECK(has(here.only_line(), "Timeout waiting for network interface provisioning to complete."));
    REQUIRE(here.desk.revived.size() == 1);
    CHECK(here.desk.revived[0] == recording_desk::revival{"r", 1, 1, 10s});
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.book.read().relaunched == 1);

    here.launch_and_follow("r", 5, 1); // four were refused for want of capacity
    here.live(20s);
    REQUIRE(here.desk.revived.size() == 2);
    CHECK(here.desk.revived[1] == recording_desk::revival{"r", 6, 2, 30s});
    CHECK(here.source.count("failed") == 0);

    here.launch_and_follow("r", 6, 2);
    here.live(20s);
    CHECK(here.desk.revived.size() == 2);
    REQUIRE(here.source.count("failed r ") == 1);
    CHECK(has(here.source.story().back(), "Timeout waiting for network interface provisioning to complete."));
    CHECK(has(here.source.story().back(), "3 times"));
}

TEST_CASE("past the tokens' life a task that never started fails its run, for no launch is made any more") {
    world here;
    here.ecs.every_task(fakes::never_starts());
    here.source.claim_run("r", here.clock.now() - 54min - 40s);
    here.launch_and_follow("r");
    here.live(20s);
    CHECK(here.desk.revived.empty());
    CHECK(has(here.only_line(), "failed r "));
}

TEST_CASE("a subnet without addresses is rested for three minutes, and the run is launched again") {
    world here;
    here.ecs.every_task(
        fakes::never_starts("ResourceInitializationError: subnet-0a1b2c3d has InsufficientFreeAddressesInSubnet"));
    here.launch_and_follow("r");
    here.live(20s);
    REQUIRE(here.desk.rested.size() == 1);
    CHECK(here.desk.rested[0].first == "subnet-0a1b2c3d");
    CHECK(here.desk.rested[0].second > here.clock.now() + 2min);
    CHECK(here.desk.rested[0].second <= here.clock.now() + 3min);
    CHECK(here.desk.revived.size() == 1);
}

TEST_CASE("a task whose image does not exist fails its run at once") {
    world here;
    here.ecs.every_task(fakes::never_starts("CannotPullContainerError: manifest unknown"));
    here.launch_and_follow("r");
    here.live(20s);
    CHECK(here.desk.revived.empty());
    CHECK(has(here.only_line(), "failed r "));
    CHECK(has(here.only_line(), "CannotPullContainerError: manifest unknown"));
}

TEST_CASE("a run that is no longer the one that was claimed is not launched again") {
    world here;
    here.ecs.every_task(fakes::never_starts());
    here.launch_and_follow("r");
    auto& run = here.source.runs["r"];
    SECTION("it waits to be claimed again") { run.life = run_life::waiting; }
    SECTION("it runs") { run.life = run_life::running; }
    SECTION("it is over") { run.life = run_life::finished; }
    SECTION("it was claimed again") { run.run.epoch = "2"; }
    SECTION("it is another's") { run.ours = false; }
    SECTION("nobody knows it") { here.source.runs.clear(); }
    here.live(20s);
    CHECK(here.desk.revived.empty());
    CHECK(here.source.count("failed") == 0);
    CHECK(here.shared.tasks.size() == 0);
}

TEST_CASE("a run goes on with its other task when one ends badly") {
    world here;
    here.ecs.next_task(fakes::exits_with(1));
    here.ecs.next_task(fakes::runs_for_ever());
    here.launch_and_follow("r");
    here.launch_and_follow("r", 1);
    here.live(1min);
    CHECK(has(here.only_line(), "note WARNING r "));
    CHECK(has(here.only_line(), "another task of the flow run is alive"));
    CHECK(here.shared.tasks.size() == 1);
}

TEST_CASE("the end of an earlier claim's task is not the end of a run that was claimed again") {
    world here;
    here.ecs.every_task(fakes::exits_with(1));
    here.launch_and_follow("r");
    here.source.runs["r"].run.epoch = "2";
    here.live(1min);
    CHECK(here.source.count("failed") == 0);
    CHECK(has(here.only_line(), "note WARNING r "));
}

TEST_CASE("a stopped task's run is cancelled when that is wished, and failed when nobody wished it") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    auto const task = here.launch_and_follow("r");
    here.live(10s);
    (void)here.client.stop_task(*json::parse(R"({"task": ")" + task + R"(", "reason": "by hand"})"));
    SECTION("wished") {
        here.source.runs["r"].life = GENERATE(run_life::cancelling, run_life::cancelled);
        here.live(20s);
        CHECK(has(here.only_line(), "cancelled r "));
    }
    SECTION("not wished") {
        here.live(20s);
        CHECK(has(here.only_line(), "failed r "));
    }
    CHECK(has(here.only_line(), "by hand"));
    CHECK(here.desk.revived.empty());
}

TEST_CASE("a task that runs too long is stopped, and its run told why, by whoever finds it stopped") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    auto const task = here.launch_and_follow("r");
    here.shared.tasks.change(task, [](watched& each) { each.max_run = 1h; });
    here.live(1h);
    CHECK(here.asked("StopTask") == 0);
    here.live(11s);
    CHECK(here.asked("StopTask") >= 1);
    CHECK(here.book.read().stopped_tasks == 1);
    SECTION("the same process") { here.live(20s); }
    SECTION("a new process") {
        here.shared.tasks.forget(task);
        watched found;
        found.run = "r";
        found.task = task;
        found.adopted = true;
        found.accepted = here.source.runs["r"].since.value_or(time_point{});
        here.shared.tasks.follow(found);
        here.live(20s);
    }
    CHECK(has(here.only_line(), "failed r "));
    CHECK(has(here.only_line(), "it ran longer than 3600 seconds and was stopped"));
}

TEST_CASE("a key that may not stop tasks is told of once") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.ecs.faults().fail_always("StopTask", fakes::refused(400, "AccessDeniedException", "no"));
    for (auto const* run : {"a", "b"})
        here.shared.tasks.change(here.launch_and_follow(run), [](watched& each) { each.max_run = 10s; });
    here.live(5min);
    CHECK(here.log.count("this agent may not call ecs:StopTask") == 1);
    CHECK(here.asked("StopTask") == 1);
    CHECK(here.shared.tasks.size() == 2);
}

TEST_CASE("a task that ECS does not know yet is waited for five minutes") {
    world here;
    auto life = fakes::runs_for_ever();
    life.visible_after = 4min;
    here.ecs.every_task(life);
    auto const task = here.launch_and_follow("r");
    here.live(10min);
    CHECK(here.source.count("note") == 0);
    CHECK(here.source.count("failed") == 0);
    REQUIRE(here.followed(task));
    CHECK(here.followed(task)->at == watched::stage::running);
}

TEST_CASE("a task that ECS never knew has an outcome that is unknown, which is noted once") {
    world here;
    auto life = fakes::runs_for_ever();
    life.visible_after = 24h;
    here.ecs.every_task(life);
    here.launch_and_follow("r");
    here.live(299s);
    CHECK(here.shared.tasks.size() == 1);
    here.live(10min);
    CHECK(here.source.count("note WARNING r outcome unknown") == 1);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.shared.tasks.size() == 0);
}

TEST_CASE("of a task that ECS knows no more it is told when it was last seen") {
    world here;
    auto const task = here.launch_and_follow("r");
    here.live(10s);
    here.clock.advance(3h); // the agent was away
    here.live(1min);
    CHECK(has(here.only_line(), "note WARNING r outcome unknown"));
    CHECK(has(here.only_line(), "last seen RUNNING at 2024-01-02T03:04:1"));
    CHECK_FALSE(here.followed(task));
}

TEST_CASE("a task that ECS says it does not know, and then does, has not ended") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    auto const task = here.launch_and_follow("r");
    here.live(10min);
    for (int i = 0; i != 5; ++i) {
        here.ecs.faults().fail_next(
            "DescribeTasks", 2,
            fakes::answered(200, R"({"failures": [{"arn": ")" + task + R"(", "reason": "MISSING"}]})"));
        here.live(30s);
    }
    CHECK(here.shared.tasks.follows(task));
    CHECK(here.source.count("note") == 0);
    here.ecs.faults().fail_next(
        "DescribeTasks", 3, fakes::answered(200, R"({"failures": [{"arn": ")" + task + R"(", "reason": "MISSING"}]})"));
    here.live(30s);
    CHECK(here.source.count("note WARNING r outcome unknown") == 1);
}

TEST_CASE("a cancelled run whose task is gone is cancelled") {
    world here;
    here.launch_and_follow("r");
    here.live(10s);
    here.source.runs["r"].life = run_life::cancelling;
    here.clock.advance(3h);
    here.live(1min);
    CHECK(has(here.only_line(), "cancelled r outcome unknown"));
}

TEST_CASE("a failure that is not MISSING ends nothing, nor does an answer that leaves a task out") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    auto const task = here.launch_and_follow("r");
    here.ecs.faults().fail_always(
        "DescribeTasks", fakes::answered(200, GENERATE(as<std::string>{},
                                                       R"({"tasks": [], "failures": [{"arn": "X", "reason": "BUSY"}]})",
                                                       R"({"tasks": []})", "{}")));
    here.live(1h);
    CHECK(here.shared.tasks.size() == 1);
    CHECK(here.source.count("note") == 0);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.asked("DescribeTasks") > 100);
}

TEST_CASE("while DescribeTasks fails nothing ends, it is asked more rarely, and that is said once") {
    world here;
    here.ecs.every_task(fakes::exits_with(1));
    auto const task = here.launch_and_follow("r");
    here.ecs.faults().fail_always("DescribeTasks", GENERATE(fakes::dropped(), fakes::stalled(), fakes::throttled(),
                                                            fakes::answered(503, "<html>"), fakes::answered(200, "{")));
    here.live(30min);
    CHECK(here.followed(task)->at == watched::stage::starting);
    CHECK(here.asked("DescribeTasks") < 45);
    CHECK(here.log.count("ECS does not tell of the tasks") == 1);
    here.ecs.faults().clear();
    here.live(2min);
    CHECK(here.log.count("ECS tells again") == 1);
    CHECK(has(here.source.story().back(), "failed r "));
}

TEST_CASE("a key that may not describe tasks is told of once, and asked about again rarely") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.launch_and_follow("r");
    here.ecs.faults().fail_always(
        "DescribeTasks",
        fakes::refused(400, "AccessDeniedException", "User: u is not authorized to perform: ecs:DescribeTasks"));
    here.live(35min);
    CHECK(here.asked("DescribeTasks") == 4);
    CHECK(here.log.count(
              "this agent may not call ecs:DescribeTasks: tasks are not followed; allow it or start with --no-watch") ==
          1);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.source.count("note") == 0);
    CHECK(here.source.count("heartbeat") <= 8); // nobody knows whether it starts
    CHECK(here.shared.tasks.size() == 1);
    here.live(1h);
    CHECK(here.shared.tasks.size() == 0);
}

TEST_CASE("one ARN that ECS does not take keeps no other task from being followed") {
    world here;
    here.ecs.every_task(fakes::exits_with(1));
    for (int i = 0; i != 7; ++i) here.launch_and_follow("r" + std::to_string(i));
    watched bad;
    bad.run = "bad";
    bad.task = "arn:bad";
    bad.accepted = here.clock.now();
    here.shared.tasks.follow(bad);
    here.ecs.faults().decide_by(
        [](std::string_view operation, std::size_t, std::string_view body) -> std::optional<fakes::fault> {
            if (operation != "DescribeTasks" || body.find("arn:bad") == std::string_view::npos) return std::nullopt;
            return fakes::refused(400, "InvalidParameterException", "Invalid identifier");
        });
    here.live(40s);
    CHECK(here.source.count("failed") == 7);
    CHECK(here.shared.tasks.size() == 1);
}

TEST_CASE("tasks of several clusters are asked for cluster by cluster, and one that is gone takes its tasks along") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.launch_and_follow("r");
    watched other;
    other.run = "elsewhere";
    other.task = "arn:aws:ecs:us-east-1:123456789012:task/gone/1";
    other.cluster = "gone";
    other.accepted = here.clock.now();
    here.source.claim_run("elsewhere", here.clock.now());
    here.shared.tasks.follow(other);
    here.live(6min);
    CHECK(here.source.count("note WARNING elsewhere outcome unknown") == 1);
    CHECK(here.shared.tasks.size() == 1);
}

TEST_CASE("heartbeats are sent while a task starts, and none once it runs") {
    world here;
    here.ecs.every_task(slow_start(15min));
    here.launch_and_follow("r");
    here.live(15min);
    CHECK(here.source.count("heartbeat r") == 7);
    here.live(30min);
    CHECK(here.source.count("heartbeat r") == 7);
    CHECK(here.book.read().beats == 7);
}

TEST_CASE("runs that are held get heartbeats too, without any task, until they are let go") {
    world here;
    here.held = {"waits"};
    here.live(10min);
    CHECK(here.source.count("heartbeat waits") == 5);
    CHECK(here.watcher.round({}) <= 10s);
    here.held.clear();
    here.live(10min);
    CHECK(here.source.count("heartbeat waits") == 5);
}

TEST_CASE("a heartbeat that fails is a debug line, tried again soon, and the others wait for it") {
    world here;
    here.held = {"a", "b"};
    here.source.on_call = [](std::string const&) -> result<void> { return fail(errc::timed_out, "no answer"); };
    here.live(3min);
    CHECK(here.source.calls("heartbeat a") == 3);
    CHECK(here.source.calls("heartbeat b") <= 1);
    CHECK(here.log.count(log_level::debug) >= 2);
    CHECK(here.log.count(log_level::warning) == 0);
    here.source.on_call = [](auto const&) { return result<void>{}; };
    here.live(1min);
    CHECK(here.source.count("heartbeat a") == 1);
    CHECK(here.source.count("heartbeat b") == 1);
}

TEST_CASE("a round that is stopped loses nothing") {
    world here;
    here.ecs.every_task(fakes::exits_with(1));
    here.launch_and_follow("a");
    here.launch_and_follow("b");
    here.clock.advance(30s);
    std::stop_source stop;
    SECTION("before it") { stop.request_stop(); }
    SECTION("in the middle") {
        here.source.on_call = [&](std::string const& line) {
            if (line == "look") stop.request_stop();
            return result<void>{};
        };
    }
    here.watcher.round(stop.get_token());
    CHECK(here.source.story().empty());
    CHECK(here.shared.tasks.size() == 2);
    here.source.on_call = [](auto const&) { return result<void>{}; };
    here.live(20s);
    CHECK(here.source.count("failed") == 2);
}

TEST_CASE("two tasks that were both swept away leave a run that is launched again, and one leaves it alone") {
    world here;
    here.ecs.every_task(slow_start(10min));
    auto const first = here.launch_and_follow("r", 0);
    auto const second = here.launch_and_follow("r", 1);
    auto const sweep = [&](std::string const& task) {
        auto body = json::value::object();
        json::set(body, "task", task);
        json::set(body, "reason", std::string{service::stop_mark::swept});
        (void)here.client.stop_task(body);
    };
    here.live(10s);
    sweep(second);
    here.live(20s);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.source.count("note") == 0);
    CHECK(here.desk.revived.empty());
    CHECK(here.shared.tasks.size() == 1);
    sweep(first);
    here.live(20s);
    REQUIRE(here.desk.revived.size() == 1);
    CHECK(here.desk.revived[0] == recording_desk::revival{"r", 1, 0, 0s});
    CHECK(here.source.count("failed") == 0);
}

TEST_CASE("of an adopted task the attempt is not known: the tokens are gone through from the first") {
    world here;
    here.ecs.every_task(fakes::never_starts());
    auto const task = here.launch_and_follow("r");
    here.shared.tasks.change(task, [](watched& each) {
        each.adopted = true;
        each.epoch.clear();
    });
    // The desk finds the stopped task again by its token, and gives it back into care.
    here.desk.on_revive = [&](auto const&, unsigned attempt, unsigned losses) {
        watched again;
        again.run = "r";
        again.task = attempt == 0 ? task : here.launch("r");
        again.epoch = "1";
        again.attempt = attempt;
        again.losses = losses;
        again.accepted = here.clock.now();
        CHECK(here.shared.tasks.follow(again));
    };
    here.live(2min);
    std::vector<unsigned> attempts;
    for (auto const& each : here.desk.revived) attempts.push_back(each.attempt);
    CHECK(attempts == std::vector<unsigned>{0, 1, 2});
    CHECK(here.source.count("failed r ") == 1);
    CHECK(here.ecs.tasks_created() == 3);
}

TEST_CASE("without watching no task is looked at, and heartbeats are sent all the same") {
    world here;
    here.rules.watch = false;
    here.held = {"r"};
    here.live(5min);
    CHECK(here.asked("DescribeTasks") == 0);
    CHECK(here.source.count("heartbeat r") == 2);
    here.rules.heartbeat = false;
    here.live(5min);
    CHECK(here.source.count("heartbeat r") == 2);
}
