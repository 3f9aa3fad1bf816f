#include <fargate/service/reconciler.hpp>

#include "service/watch_scene.hpp"
#include "support/catch.hpp"

#include <fargate/service/watcher.hpp>

#include <chrono>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using service::rival;
using service::watched;
using testing_support::recording_desk;
using testing_support::watch_scene;
using testing_support::watched_run;
using testing_support::watched_source;
namespace fakes = fargate::testing;

namespace {

bool has(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

/// An agent that has just been started again: it knows nothing of what was before.
struct world : watch_scene {
    template <template <class...> class Part>
    using part = Part<watched_source, ecs_client, recording_desk, fakes::manual_clock, fakes::captured_log>;
    part<service::reconciler> reconciler{source, client, desk, clock, log, book, shared, rules};
    part<service::watcher> watcher{source, client, desk, clock, log, book, shared, rules};

    world() {
        // The desk as the agent has one: it launches with the token of the attempt, and follows what that finds.
        desk.on_revive = [this](watched_source::view const& now, unsigned attempt, unsigned losses) {
            watched made;
            made.run = now.run.id;
            made.epoch = now.run.epoch;
            made.attempt = attempt;
            made.losses = losses;
            made.accepted = clock.now();
            made.task = launch_attempt(now.run, attempt);
            if (made.task.starts_with("arn:")) shared.tasks.follow(made);
        };
    }

    std::string launch_attempt(watched_run const& run, unsigned attempt = 0) {
        return launch(run.id, rules.fleet, run.id + "." + run.epoch + "." + std::to_string(attempt));
    }

    void live(duration time) {
        auto const end = clock.now() + time;
        for (auto due = clock.now(); clock.now() < end;) {
            if (clock.now() >= due) {
                reconciler.round({});
                due = clock.now() + 90s;
            }
            clock.advance(std::min<duration>(watcher.round({}), end - clock.now()));
        }
        watcher.round({});
    }

    void deny(std::string const& operation) {
        ecs.faults().fail_always(operation, fakes::refused(400, "AccessDeniedException",
                                                           "User: u is not authorized to perform: ecs:" + operation));
    }

    /// The tasks that were ordered to stop.
    [[nodiscard]] std::set<std::string> stopped() const {
        std::set<std::string> made;
        for (auto const& each : ecs.tasks())
            if (each.order) made.insert(each.arn);
        return made;
    }
};

} // namespace

TEST_CASE("all live tasks of the fleet are adopted in one round, and nobody else's are") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    std::set<std::string> ours;
    for (int i = 0; i != 250; ++i) {
        auto const id = "r" + std::to_string(i);
        here.source.claim_run(id, here.clock.now()).life = run_life::running;
        ours.insert(here.launch(id));
    }
    here.source.claim_run("known", here.clock.now());
    here.launch("known", "another-fleet");
    here.launch("known", "");
    here.launch("");
    here.launch("nobody knows this run");
    here.clock.advance(1min);
    auto const before = here.asked("DescribeTasks");
    here.reconciler.round({});
    CHECK(here.shared.tasks.size() == 250);
    for (auto const& each : here.shared.tasks.all([](auto const&) { return true; })) {
        CHECK(ours.contains(each.task));
        CHECK(each.adopted);
        CHECK(each.at == watched::stage::running);
    }
    CHECK(here.book.read().adopted == 250);
    CHECK(here.asked("DescribeTasks") - before == 3 + 3); // the family of the run "known" beside
    here.reconciler.round({});
    CHECK(here.book.read().adopted == 250);
    CHECK(here.stopped().empty());
}

TEST_CASE("tasks of others are described once, not every round") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.launch("");
    here.launch("nobody knows this run");
    for (int i = 0; i != 5; ++i) here.reconciler.round({});
    CHECK(here.asked("DescribeTasks") == 1);
    CHECK(here.shared.tasks.size() == 0);
}

TEST_CASE("a task of others is not touched, even where ListTasks shows it among ours") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now()).life = run_life::cancelling;
    auto const task = here.launch("r", "another-fleet");
    here.ecs.faults().fail_always("ListTasks", fakes::answered(200, R"({"taskArns": [")" + task + R"("]})"));
    here.live(5min);
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.stopped().empty());
}

TEST_CASE("ListTasks by startedBy carries no other filter") {
    world here;
    here.shared.clusters = {"", "other"};
    here.ecs.add_cluster("other");
    here.reconciler.round({});
    auto const lists = here.ecs.log().all("ListTasks");
    REQUIRE(lists.size() == 4);
    CHECK(lists[0].body == R"({"startedBy": "our-fleet"})");
    CHECK(lists[1].body == R"({"cluster": "other", "startedBy": "our-fleet"})");
    CHECK(lists[2].body == R"({"desiredStatus": "STOPPED"})");
    CHECK(lists[3].body == R"({"cluster": "other", "desiredStatus": "STOPPED"})");
}

TEST_CASE("a run that is being launched by this process is left to its launcher") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now() - 5min);
    here.launch("r");
    here.held = {"r"};
    here.reconciler.round({});
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.desk.revived.empty());
}

TEST_CASE("an adopted task keeps to its limit, and its epoch is known when it was launched for this claim") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.rules.max_run_duration = 2h;
    here.source.claim_run("now", here.clock.now(), "7");
    auto const now = here.launch("now");
    auto const before = here.launch("again");
    here.clock.advance(10min);
    here.source.claim_run("again", here.clock.now(), "8");
    SECTION("the agent's limit") {
        here.reconciler.round({});
        CHECK(here.followed(now)->max_run == 2h);
        CHECK(here.followed(now)->epoch == "7");
        CHECK(here.followed(before)->epoch.empty());
    }
    SECTION("the run's own") {
        here.shared.max_run = [](watched_run const& run) { return run.id == "now" ? duration{1h} : duration{}; };
        here.reconciler.round({});
        CHECK(here.followed(now)->max_run == 1h);
        CHECK(here.followed(before)->max_run == 0s);
        here.live(70min);
        CHECK(here.stopped() == std::set{now});
        CHECK(here.source.count("failed now Task " + now + ": it ran longer than 3600 seconds and was stopped") == 1);
    }
}

TEST_CASE("tasks of cancelled runs are stopped, adopted ones as well, and no others") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    std::set<std::string> wanted;
    for (int i = 0; i != 20; ++i) {
        auto const id = "r" + std::to_string(i);
        here.source.claim_run(id, here.clock.now()).life = i < 3   ? run_life::cancelling
                                                           : i < 5 ? run_life::cancelled
                                                                   : run_life::running;
        auto const task = here.launch(id);
        if (i < 5) wanted.insert(task);
    }
    auto const foreign = here.launch("r0", "another-fleet");
    here.live(3min);
    CHECK(here.stopped() == wanted);
    CHECK(here.book.read().stopped_tasks == 5);
    CHECK(here.source.count("cancelled ") == 5);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.shared.tasks.size() == 15);
    CHECK(here.status(foreign) == "RUNNING");
}

TEST_CASE("a claimed run without a task is launched once, and not before its claimer had its time") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    auto const life = GENERATE(run_life::claimed, run_life::waiting, run_life::running, run_life::finished);
    bool const ours = GENERATE(true, false);
    auto& run = here.source.claim_run("r", here.clock.now());
    run.life = life;
    run.ours = ours;
    here.reconciler.round({});
    here.clock.advance(29s);
    here.reconciler.round({});
    CHECK(here.desk.revived.empty());
    here.clock.advance(2s);
    here.reconciler.round({});
    bool const due = life == run_life::claimed && ours;
    CHECK(here.desk.revived.size() == (due ? 1 : 0));
    if (due) CHECK(here.desk.revived[0] == recording_desk::revival{"r", 0, 0, 0s});
    here.live(10min);
    CHECK(here.desk.revived.size() == (due ? 1 : 0));
    CHECK(here.ecs.tasks_created() == (due ? 1 : 0));
}

TEST_CASE("after a crash behind RunTask the token finds the task, also when that has stopped, and without ListTasks") {
    world here;
    bool const may_list = GENERATE(true, false);
    bool const idles = GENERATE(true, false);
    INFO("ListTasks " << may_list << ", still alive " << idles);
    if (!may_list) here.deny("ListTasks");
    here.ecs.every_task(idles ? fakes::runs_for_ever() : fakes::exits_with(5));
    auto const& run = here.source.claim_run("r", here.clock.now());
    auto const task = here.launch_attempt(run.run);
    here.clock.advance(5min);
    here.live(2min);
    CHECK(here.ecs.tasks_created() == 1);
    CHECK(here.source.count("failed r ") == (idles ? 0 : 1));
    CHECK(here.shared.tasks.follows(task) == idles);
}

TEST_CASE("attempts that never started are gone through after a crash, and the next one is made") {
    world here;
    here.ecs.next_task(fakes::never_starts());
    here.ecs.next_task(fakes::never_starts());
    here.ecs.every_task(fakes::runs_for_ever());
    auto const& run = here.source.claim_run("r", here.clock.now());
    here.launch_attempt(run.run, 0);
    here.clock.advance(30s);
    here.launch_attempt(run.run, 1);
    here.clock.advance(5min);
    here.live(3min);
    CHECK(here.ecs.tasks_created() == 3);
    CHECK(here.source.count("failed") == 0);
    auto const alive = here.shared.tasks.of_run("r");
    REQUIRE(alive.size() == 1);
    CHECK(alive[0].attempt == 2);
}

TEST_CASE("a task of an earlier claim neither stands for a run that was claimed again, nor ends it") {
    world here;
    here.ecs.next_task(GENERATE(fakes::runs_for_ever(), fakes::exits_with(1)));
    here.ecs.every_task(fakes::runs_for_ever());
    here.launch("r");
    here.clock.advance(15min);
    here.source.claim_run("r", here.clock.now(), "4");
    here.clock.advance(1min);
    here.live(5min);
    CHECK(here.ecs.tasks_created() == 2);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.stopped().empty());
}

TEST_CASE("an end that came while nobody looked is told, also when the task is still being put away") {
    world here;
    auto life = fakes::exits_with(3);
    life.deprovisioning = GENERATE(2s, 1h);
    here.ecs.every_task(life);
    auto& run = here.source.claim_run("r", here.clock.now());
    auto const task = here.launch("r");
    here.clock.advance(6s);
    run.life = run_life::running;
    run.since = here.clock.now();
    here.clock.advance(20min);
    here.live(70min);
    CHECK(here.source.count("failed r Task " + task) == 1);
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.desk.revived.empty());
    CHECK(here.book.read().adopted == 1);
}

TEST_CASE("an end is told of that run alone which its task had begun, and where it is not over") {
    world here;
    here.ecs.every_task(fakes::exits_with(3));
    auto const began = here.clock.now();
    for (char const* const id : {"again", "before", "elsewhere", "over", "unknown when", "waits"})
        here.source.claim_run(id, began).life = run_life::running;
    for (char const* const id : {"again", "before", "over", "unknown when", "waits"}) here.launch(id);
    here.launch("elsewhere", "another-fleet");
    here.launch("nobody knows this run");
    here.launch("");
    here.source.runs["again"].since = began + 10min; // in a task of somebody else's
    here.source.runs["before"].since = began - 10min;
    here.source.runs["over"].life = run_life::finished;
    here.source.runs["unknown when"].since.reset();
    here.source.runs["waits"].life = run_life::waiting;
    here.clock.advance(20min);
    here.live(10min);
    CHECK(here.source.count("failed") == 0);
    CHECK(here.source.count("note") == 0);
    CHECK(here.book.read().adopted == 0);
}

TEST_CASE("ended tasks are looked for until that comes off, and then no more") {
    world here;
    std::string const refused = GENERATE("ListTasks", "DescribeTasks", "look");
    here.ecs.every_task(fakes::exits_with(3));
    auto& run = here.source.claim_run("r", here.clock.now());
    here.launch("r");
    here.clock.advance(6s);
    run.life = run_life::running;
    run.since = here.clock.now();
    here.clock.advance(20min);
    if (refused == "look") {
        here.source.on_call = [](std::string const& line) {
            return line == "look" ? result<void>{fail(errc::timed_out, "no answer")} : result<void>{};
        };
    } else {
        here.ecs.faults().fail_always(refused, fakes::refused(500, "ServerException", "no"));
    }
    here.live(5min);
    CHECK(here.source.count("failed r ") == 0);
    here.source.on_call = [](std::string const&) { return result<void>{}; };
    here.ecs.faults().clear();
    here.live(5min);
    CHECK(here.source.count("failed r ") == 1);
    auto const asked = here.asked("DescribeTasks");
    here.live(30min);
    CHECK(here.asked("DescribeTasks") == asked);
}

TEST_CASE("a live task that another launcher gave the run is left to it") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now());
    here.launch("r", "somebody");
    here.live(30min);
    CHECK(here.ecs.tasks_created() == 1);
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.stopped().empty());
    CHECK(here.source.count("failed") == 0);
}

TEST_CASE("past the tokens' life nothing is launched: what is found is followed, and else the outcome is unknown") {
    world here;
    here.source.claim_run("r", here.clock.now());
    SECTION("a live task of a fleet that is not listed any more") {
        here.ecs.every_task(fakes::runs_for_ever());
        auto const task = here.launch("r");
        here.clock.advance(25h);
        here.live(5min);
        CHECK(here.shared.tasks.follows(task));
        CHECK(here.source.count("failed") == 0);
    }
    SECTION("one that stopped a while ago") {
        auto life = fakes::exits_with(9);
        life.running = 90min;
        here.ecs.every_task(life);
        here.launch("r");
        here.clock.advance(2h);
        here.live(5min);
        REQUIRE(here.source.count("failed r ") == 1);
        CHECK(has(here.source.story()[0], "9"));
        CHECK_FALSE(has(here.source.story()[0], "outcome unknown"));
    }
    SECTION("none") {
        here.clock.advance(2h);
        here.live(5min);
        REQUIRE(here.source.count("failed r outcome unknown: claimed at 2024-01-02T03:04:05+00:00") == 1);
        CHECK(has(here.source.story()[0], "no task of it is known to ECS any more"));
    }
    SECTION("nobody may look") {
        here.deny("ListTasks");
        here.clock.advance(2h);
        here.live(30min);
        CHECK(here.source.count("note WARNING r outcome unknown") == 1);
        CHECK(here.source.count("failed") == 0);
    }
    SECTION("looking does not succeed") {
        here.clock.advance(2h);
        here.ecs.faults().fail_always("ListTasks", fakes::answered(500));
        here.live(30min);
        CHECK(here.source.story().empty());
        CHECK(here.log.count(log_level::warning) == 3); // live tasks, and the run
        here.ecs.faults().clear();
        here.live(2min);
        CHECK(here.source.count("failed r outcome unknown") == 1);
    }
    CHECK(here.desk.revived.empty());
    CHECK(here.ecs.tasks_created() <= 1);
}

TEST_CASE("without tokens a run is launched only when ECS knows no task of it") {
    world here;
    here.rules.idempotent = false;
    here.ecs.every_task(fakes::exits_with(2));
    here.source.claim_run("r", here.clock.now());
    SECTION("it had one") {
        here.launch("r");
        here.clock.advance(10min);
        here.live(5min);
        CHECK(here.desk.revived.empty());
        CHECK(here.source.count("failed r ") == 1);
    }
    SECTION("it had none") {
        here.clock.advance(10min);
        here.reconciler.round({});
        CHECK(here.desk.revived.size() == 1);
    }
    SECTION("nobody may look") {
        here.deny("ListTasks");
        here.clock.advance(10min);
        here.live(10min);
        CHECK(here.desk.revived.empty());
        CHECK(here.source.count("note WARNING r outcome unknown") == 1);
    }
}

TEST_CASE("what the key may not do is said once, with the remedy, and the rest goes on") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now());
    SECTION("ListTasks") {
        here.deny("ListTasks");
        here.live(1h);
        CHECK(here.log.count(
                  "this agent may not call ecs:ListTasks: tasks that an agent left behind are not found; allow "
                  "it or start with --no-reconcile") == 1);
        CHECK(here.asked("ListTasks") <= 7);
        CHECK(here.ecs.tasks_created() == 1); // by its token
    }
    SECTION("StopTask") {
        here.deny("StopTask");
        here.launch("r");
        here.source.runs["r"].life = run_life::cancelling;
        here.source.claim_run("lost", here.clock.now());
        here.live(1h);
        CHECK(here.log.count("this agent may not call ecs:StopTask") == 1);
        CHECK(here.desk.revived.size() == 1);
        CHECK(here.shared.tasks.size() == 2);
    }
}

TEST_CASE("a backend that does not answer leaves all as it is until the next round") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now());
    here.source.claim_run("c", here.clock.now()).life = run_life::cancelling;
    auto const task = here.launch("c");
    here.source.on_call = [](auto const&) -> result<void> { return fail(errc::connection_failed, "away"); };
    here.live(30min);
    CHECK(here.shared.tasks.size() == 0);
    CHECK(here.ecs.tasks_created() == 1);
    CHECK(here.stopped().empty());
    CHECK(here.log.count(log_level::warning) <= 3);
    here.source.on_call = [](auto const&) { return result<void>{}; };
    here.live(2min);
    CHECK(here.stopped() == std::set{task});
    CHECK(here.ecs.tasks_created() == 2);
}

TEST_CASE("of two tasks of one wish the one is stopped that has not started its container") {
    world here;
    auto slow = fakes::runs_for_ever();
    slow.provisioning = 10min;
    here.ecs.next_task(GENERATE_COPY(as<fakes::task_life>{}, slow, fakes::runs_for_ever()));
    here.ecs.every_task(slow);
    here.source.claim_run("r", here.clock.now());
    auto const first = here.launch("r");
    here.clock.advance(5s);
    auto const second = here.launch("r");
    here.clock.advance(25s);
    here.live(1min);
    CHECK(here.stopped() == std::set{second}); // the younger, or the one that has not started
    CHECK(here.book.read().swept == 1);
    CHECK(here.log.count(log_level::error) == 1);
    here.live(2min);
    CHECK(here.shared.tasks.size() == 1);
    CHECK(here.shared.tasks.follows(first));
    CHECK(here.desk.revived.empty());
    CHECK(here.source.count("failed") == 0);
    CHECK(here.source.count("note") == 0);
    CHECK(here.stopped().size() == 1);
}

TEST_CASE("two agents that sweep at once stop the same task") {
    world here;
    auto slow = fakes::runs_for_ever();
    slow.provisioning = 10min;
    here.ecs.every_task(slow);
    here.source.claim_run("r", here.clock.now());
    auto const first = here.launch("r");
    auto const second = here.launch("r");
    watch_scene::custody other;
    other.family = here.shared.family;
    service::health_book book;
    world::part<service::reconciler> twin{here.source, here.client, here.desk, here.clock,
                                          here.log,    book,        other,     here.rules};
    here.reconciler.round({});
    twin.round({});
    here.reconciler.round({});
    twin.round({});
    CHECK(here.stopped() == std::set{second});
    CHECK(here.shared.tasks.follows(first));
}

TEST_CASE("a task that cannot be stopped now is swept in a later round") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now());
    here.launch("r");
    here.launch("r");
    here.ecs.faults().fail_next("StopTask", 2, fakes::dropped());
    here.reconciler.round({});
    CHECK(here.stopped().empty());
    CHECK(here.book.read().swept == 0);
    here.reconciler.round({});
    here.reconciler.round({});
    CHECK(here.stopped().size() == 1);
    CHECK(here.book.read().swept == 1);
}

TEST_CASE("which of two live tasks is one too many") {
    auto const at = [](std::chrono::seconds time) { return time_point{time}; };
    rival const starting{"a", "1", false, at(100s)};
    rival const running{"b", "1", true, at(200s)};
    rival const younger{"c", "1", false, at(300s)};
    rival const also_running{"d", "1", true, at(400s)};
    rival const twin{"e", "1", false, at(100s)};
    auto const pick = [](rival left, rival right, std::string left_epoch = "1", std::string right_epoch = "1") {
        left.epoch = std::move(left_epoch);
        right.epoch = std::move(right_epoch);
        auto const* const one = service::surplus_of(left, right);
        auto const* const two = service::surplus_of(right, left);
        CHECK((one != nullptr ? one->task : "") == (two != nullptr ? two->task : ""));
        return one != nullptr ? one->task : std::string{};
    };
    CHECK(pick(starting, running) == "a");
    CHECK(pick(younger, running) == "c");
    CHECK(pick(starting, younger) == "c");
    CHECK(pick(running, also_running) == "d");
    CHECK(pick(starting, twin) == "e");
    // Of two schedules nothing is too many.
    CHECK(pick(starting, running, "1", "2").empty());
    CHECK(pick(starting, younger, "1", "2").empty());
    CHECK(pick(running, also_running, "1", "2").empty());
    // Where one is not known, time decides, and no started one is stopped for another.
    for (auto const* epoch : {"", "1"}) {
        CHECK(pick(starting, younger, "", epoch) == "c");
        CHECK(pick(starting, running, "", epoch) == "a");
        CHECK(pick(running, also_running, "", epoch).empty());
        auto late = running;
        late.created = at(100s) + 10min + 1s;
        CHECK(pick(starting, late, "", epoch).empty());
        CHECK(pick(starting, late, "1", "1") == "a");
    }
}

TEST_CASE("a stopped round makes no further call, and the next one does it all") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now() - 1min);
    std::stop_source stop;
    stop.request_stop();
    auto const before = here.ecs.log().count();
    here.reconciler.round(stop.get_token());
    CHECK(here.ecs.log().count() == before);
    CHECK(here.desk.revived.empty());
    here.reconciler.round({});
    CHECK(here.desk.revived.size() == 1);
}

TEST_CASE("switched off, nothing is asked, and without watching only lost runs are looked after") {
    world here;
    here.ecs.every_task(fakes::runs_for_ever());
    here.source.claim_run("r", here.clock.now() - 1min);
    here.source.claim_run("alive", here.clock.now()).life = run_life::running;
    here.launch("alive");
    here.desk.on_revive = [](auto const&, unsigned, unsigned) {};
    SECTION("no reconciling") {
        here.rules.reconcile = false;
        here.reconciler.round({});
        CHECK(here.source.calls("") == 0);
        CHECK(here.asked("ListTasks") == 0);
    }
    SECTION("no watching") {
        here.rules.watch = false;
        here.reconciler.round({});
        CHECK(here.shared.tasks.size() == 0);
        CHECK(here.desk.revived.size() == 1);
    }
}
