#include "model/launch_protocol.hpp"

#include "model/search.hpp"

#include "support/catch.hpp"

#include <string>

using namespace model;

namespace {

using state = launch_state;
using all_states = search<launch_protocol>;

constexpr auto s1 = doubled;
constexpr auto s2 = overwrote;
constexpr auto s3 = launched_blindly;
constexpr auto s4 = reported_wrongly;
constexpr auto s5 = failed_while_alive;
constexpr auto l1 = settled;

all_states explore(rules const& by, surroundings const& in) { return all_states{launch_protocol{by, in}}; }

/// The tokens alone: no sweeper makes good what they let through.
rules unswept() {
    rules made;
    made.sweep = made.sweep_late = false;
    return made;
}

surroundings one_schedule(unsigned attempts) {
    surroundings made;
    made.schedules = 1;
    made.attempts = attempts;
    return made;
}

/// Between a look at the run and the write that follows from it anything may happen.
surroundings with_races(surroundings made) {
    made.at_once = false;
    return made;
}

/// ECS tries again when a token comes back whose answer was failures[].
surroundings forgetting_failures(surroundings made) {
    made.keeps_failures = false;
    return made;
}

void check_promises(all_states const& found) {
    INFO(found.states() << " states");
    REQUIRE(found.whole());
    CHECK(found.way_to(s1) == trace{});
    CHECK(found.way_to(s2) == trace{});
    CHECK(found.way_to(s3) == trace{});
    CHECK(found.way_to(s4) == trace{});
    CHECK(found.way_to(s5) == trace{});
    CHECK(found.way_to_stuck(l1) == trace{});
}

bool both_follow_one_task(state const& s) {
    return s.agents[0].what == doing::following && s.agents[1].what == doing::following &&
           s.agents[0].epoch == s.agents[1].epoch && s.agents[0].attempt == s.agents[1].attempt;
}

bool claimed_and_left_behind(state const& s) {
    return s.run == life::claimed && s.agents[0].what == doing::nothing && s.agents[1].what == doing::nothing &&
           s.tokens[s.epoch][0][0].what == fate::none;
}

} // namespace

TEST_CASE("the launch protocol keeps its promises in every state that can be reached") {
    auto const found = explore({}, {});
    check_promises(found);
    CHECK(found.states() > 100'000);

    // Nor is that so because nothing ever happens.
    CHECK(found.reaches(both_follow_one_task));
    CHECK(found.reaches(claimed_and_left_behind));
    CHECK(found.reaches([](state const& s) { return s.begun[0] == 1 && s.begun[1] == 1; }));
    CHECK(found.reaches([](state const& s) {
        return s.tokens[0][0][0].what == fate::never_started && s.tokens[0][0][1].what == fate::running;
    }));
    CHECK(found.reaches(
        [](state const& s) { return s.tokens[1][0][0].what == fate::failures && s.run == life::succeeded; }));
    CHECK(found.reaches([](state const& s) {
        return s.tokens[0][0][0].what == fate::running && s.tokens[0][0][0].forgotten != 0 && s.late != 0;
    }));
    CHECK(found.reaches([](state const& s) { return s.run == life::failed && s.begun[0] == 0; }));
}

TEST_CASE("the launch protocol keeps its promises with three attempts, and when a call arrives after it was given up") {
    auto in = one_schedule(3);
    in.delays = true;
    auto const found = explore({}, in);
    check_promises(found);
    CHECK(found.states() > 20'000);
    CHECK(found.reaches([](state const& s) { return s.tokens[0][0][2].what == fate::running; }));
}

TEST_CASE("as long as tokens keep their failures the sweeper finds nothing to sweep") {
    check_promises(explore(unswept(), one_schedule(3)));
    CHECK_FALSE(explore({}, one_schedule(3)).reaches([](state const& s) { return has(s, 0, fate::swept); }));
}

// The server has no compare-and-set: the look before a claim and before a report narrows a race that it cannot close.
TEST_CASE("no race at the server makes two tasks of one schedule, or loses a run") {
    for (bool const lock : {false, true}) {
        auto in = with_races(one_schedule(3));
        in.lock = lock;
        auto const found = explore(unswept(), in);
        REQUIRE(found.whole());
        CHECK(found.states() > 20'000);
        CHECK(found.reaches([](state const& s) { return s.claims == 2; }));
        CHECK(found.way_to(s1) == trace{});
        CHECK(found.way_to(s3) == trace{});
        CHECK(found.way_to_stuck(l1) == trace{});
    }
}

TEST_CASE("what a race at the server can do is write a state over a final one") {
    auto by = unswept();
    by.reconcile = false; // the shortest way then has no hour in it
    CHECK(explore(by, with_races(one_schedule(1))).way_to(s2) ==
          trace{"A polls", "A reads the run again", "B polls", "B reads the run again", "A claims",
                "A calls RunTask: failures[]", "A reports", "B claims"});
}

// Each rule taken away, and what comes of it.

TEST_CASE("without a token made of the run two agents start two tasks") {
    auto by = unswept();
    by.derived_token = false;
    CHECK(explore(by, one_schedule(1)).way_to(s1) ==
          trace{"A polls", "A claims", "A calls RunTask: a task", "0 begins user code",
                "B reconciles: launches what is claimed", "B calls RunTask: a task", "0 begins user code"});
}

// Two claims that both arrive leave version + 2: one less is no longer the version of the schedule.
TEST_CASE("with an epoch guessed from the Submitted state's version two claims are two tasks") {
    auto by = unswept();
    by.schedule_epoch = false;
    auto in = with_races(one_schedule(1));
    CHECK(explore(by, in).way_to(s1) == trace{"A polls", "A reads the run again", "B polls", "B reads the run again",
                                              "A claims", "A is killed and starts anew", "B claims",
                                              "A reconciles: launches what is claimed", "A calls RunTask: a task",
                                              "0 begins user code", "B calls RunTask: a task", "0 begins user code"});
    in.lock = true; // which is open again when the run has gone on
    CHECK(explore(by, in).way_to(s1) == trace{"A polls", "A reads the run again", "B polls", "B reads the run again",
                                              "A claims", "A calls RunTask: a task", "0 begins user code",
                                              "0 reports that it runs", "A is killed and starts anew", "B claims",
                                              "A reconciles: launches what is claimed", "A calls RunTask: a task",
                                              "0 begins user code"});
}

TEST_CASE("with a new token after an answer that was lost one agent starts two tasks") {
    auto by = unswept();
    by.same_after_silence = false;
    CHECK(explore(by, one_schedule(2)).way_to(s1) ==
          trace{"A polls", "A claims", "A calls RunTask: a task, but the answer is lost", "0 begins user code",
                "A calls RunTask: a task", "1 begins user code"});
}

TEST_CASE("when a slow task is relaunched before ECS shows it stopped both start") {
    auto by = unswept();
    by.wait_for_stopped = false;
    CHECK(explore(by, one_schedule(2)).way_to(s1) == trace{"A polls", "A claims", "A calls RunTask: a task",
                                                           "A thinks its task too slow", "0 begins user code",
                                                           "A calls RunTask: a task", "1 begins user code"});
}

TEST_CASE("without a reconciler a run whose agent dies between claim and launch is lost") {
    auto by = rules{};
    by.reconcile = false;
    CHECK(explore(by, one_schedule(2)).way_to_stuck(l1) == trace{"A polls", "A claims", "A is killed and starts anew"});
}

TEST_CASE("when an old claim is launched without a look a task that has run for a day is doubled") {
    auto by = unswept();
    by.look_when_old = false;
    auto const found = explore(by, one_schedule(1));
    CHECK(found.way_to(s3) == trace{"A polls", "A claims", "A calls RunTask: a task", "- a day passes",
                                    "B reconciles: launches what is claimed", "B calls RunTask: a task"});
    CHECK(found.way_to(s1) == trace{"A polls", "A claims", "A calls RunTask: a task", "- a day passes",
                                    "0 begins user code", "B reconciles: launches what is claimed",
                                    "B calls RunTask: a task", "0 begins user code"});
}

TEST_CASE("when silence is answered with the same token for ever that token is forgotten one day") {
    auto by = unswept();
    by.launch_ends = false;
    CHECK(explore(by, one_schedule(1)).way_to(s3) == trace{"A polls", "A claims",
                                                           "A calls RunTask: a task, but the answer is lost",
                                                           "- a day passes", "A calls RunTask: a task"});
}

TEST_CASE("when a run is claimed as it was polled a finished one is submitted again") {
    auto by = unswept();
    by.reread_to_claim = by.reconcile = false;
    CHECK(explore(by, one_schedule(1)).way_to(s2) ==
          trace{"A polls", "B polls", "A claims", "A calls RunTask: failures[]", "B claims"});
}

TEST_CASE("when a run is reported without a look a final state is written over") {
    auto by = unswept();
    by.reread_to_report = by.reconcile = false;
    auto const success_lost = [](state const& s) { return s2(s) && s.begun[0] == 1; };
    CHECK(explore(by, one_schedule(1)).way_to(success_lost) == trace{"A polls", "A claims", "A calls RunTask: a task",
                                                                     "0 begins user code", "0 ends and reports it",
                                                                     "A sees its task ended", "A reports"});
}

TEST_CASE("when a report does not know its schedule it ends the next one") {
    auto by = unswept();
    by.report_own_epoch = false;
    surroundings in;
    in.attempts = 1;
    CHECK(explore(by, in).way_to(s4) == trace{"A polls", "A claims", "- Lazarus schedules the run again", "B polls",
                                              "B claims", "A calls RunTask: failures[]"});
}

TEST_CASE("when a task that ECS shows no more is reported without a look the run fails while its relaunch lives") {
    auto by = unswept();
    by.look_when_gone = false;
    CHECK(explore(by, one_schedule(2)).way_to(s5) == trace{"A polls", "A claims", "A calls RunTask: a task",
                                                           "B adopts a live task", "0 never starts",
                                                           "A sees its task never started", "A calls RunTask: a task",
                                                           "- an hour passes", "B sees its task no more"});
}

// The token of the first attempt may be forgotten while the second starts.
TEST_CASE("when a task is adopted without its attempt's number a late relaunch from the first on is a second task") {
    auto by = unswept();
    by.count_attempts = false;
    auto const in = one_schedule(3);
    CHECK(explore(by, in).way_to(s1) ==
          trace{"A polls", "A claims", "A calls RunTask: failures[]", "A calls RunTask: a task", "- an hour passes",
                "B reconciles: the claim is old", "1 never starts", "A sees its task never started",
                "A calls RunTask: a task", "2 begins user code", "B sees its task never started",
                "B calls RunTask: a task", "0 begins user code"});
    by.relaunch_young = true;
    check_promises(explore(by, in));
}

// The one hole: if a token whose answer was failures[] is tried again when it comes back. ECS says that it is not, so
// that none of the above depends on the sweeper.

TEST_CASE("where tokens forget their failures a stale poll doubles a run, and the sweeper closes that") {
    auto const in = forgetting_failures(one_schedule(2));
    auto by = unswept();
    by.reread_to_claim = by.reconcile = false;
    CHECK(explore(by, in).way_to(s1) == trace{"A polls", "B polls", "A claims", "A calls RunTask: failures[]",
                                              "A calls RunTask: a task", "1 begins user code", "B claims",
                                              "B calls RunTask: a task", "0 begins user code"});

    by.reread_to_claim = true; // narrows it: a claim must be lost on its way, and the other's taken for it
    CHECK(explore(by, in).way_to(s1) == trace{"A polls", "A claims: lost on its way", "B polls", "B claims",
                                              "A looks whose the run is", "A calls RunTask: failures[]",
                                              "A calls RunTask: a task", "1 begins user code",
                                              "B calls RunTask: a task", "0 begins user code"});

    rules whole;
    whole.relaunch_young = true;
    for (unsigned const attempts : {2U, 3U}) {
        auto const found = explore(whole, forgetting_failures(one_schedule(attempts)));
        REQUIRE(found.whole());
        CHECK(found.reaches([](state const& s) { return has(s, 0, fate::swept); }));
        CHECK(found.way_to(s1) == trace{});
        CHECK(found.way_to(s3) == trace{});
        CHECK(found.way_to_stuck(l1) == trace{});
    }
}

TEST_CASE("where tokens forget their failures the sweeper closes the hole under races and late calls") {
    rules by;
    by.relaunch_young = true;
    auto in = forgetting_failures(with_races(one_schedule(2)));
    in.delays = true;
    auto const found = explore(by, in);
    REQUIRE(found.whole());
    CHECK(found.way_to(s1) == trace{});
    CHECK(found.way_to(s3) == trace{});
    CHECK(found.way_to_stuck(l1) == trace{});
}

TEST_CASE("the sweeper closes the hole only if it is faster than the container") {
    rules by;
    auto in = forgetting_failures(one_schedule(2));
    in.swept_in_time = false;
    CHECK(explore(by, in).way_to(s1) ==
          trace{"A polls", "A claims", "A calls RunTask: failures[]", "A calls RunTask: a task", "1 begins user code",
                "B reconciles: launches what is claimed", "B calls RunTask: a task", "0 begins user code"});
}

TEST_CASE("a sweeper that looks only at live tasks misses one that began and was killed") {
    rules by;
    by.sweep_late = false;
    CHECK(explore(by, forgetting_failures(one_schedule(2))).way_to(s1) ==
          trace{"A polls", "A claims", "A calls RunTask: failures[]", "A calls RunTask: a task", "1 begins user code",
                "1 is killed", "B reconciles: launches what is claimed", "B calls RunTask: a task",
                "0 begins user code"});
}

TEST_CASE("when a swept task is left alone nobody relaunches the one for whose sake it was swept") {
    rules by;
    by.mind_swept = false;
    CHECK(explore(by, forgetting_failures(one_schedule(3))).way_to_stuck(l1) ==
          trace{"A polls", "A claims", "A calls RunTask: failures[]", "A calls RunTask: a task",
                "B reconciles: launches what is claimed", "B calls RunTask: a task", "1 is swept: it had not begun",
                "0 never starts"});
}

TEST_CASE("where tokens forget their failures too a late relaunch is blind") {
    CHECK(explore({}, forgetting_failures(one_schedule(2))).way_to(s3) ==
          trace{"A polls", "A claims", "A calls RunTask: failures[]", "A calls RunTask: a task", "1 never starts",
                "B reconciles: launches what is claimed", "B calls RunTask: a task", "- an hour passes",
                "0 never starts", "B sees its task never started", "B calls RunTask: a task"});
}
