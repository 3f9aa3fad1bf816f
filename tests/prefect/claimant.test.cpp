#include <fargate/prefect/claimant.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/epoch.hpp>
#include <fargate/prefect/server.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <functional>

using namespace fargate;
using namespace std::chrono_literals;
using outcome = claim::outcome;
using testing_support::json_of;
using testing_support::load;

namespace {

constexpr char const* run_id = "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21";
constexpr char const* busy_run_id = "a6c8e0f2-4b5d-4e7f-9a1b-d2f4b6c81c76";

prefect::settings named(std::string name, bool secure) {
    auto options = testing_support::server_settings();
    options.labels = {"aws"};
    options.name = std::move(name);
    if (secure) options.api = "https://apollo.internal";
    return options;
}

/// A server with one due run and two agents; over https, requests are repeated once.
struct bench {
    using source = prefect::server<testing::fake_prefect, testing::manual_clock, testing::captured_log>;

    explicit bench(bool secure = false, testing::prefect_setup setup = {}, bool open = true) :
        prefect{std::move(setup), testing::time_of(clock)},
        ours{prefect, clock, log, named("ours", secure)},
        theirs{prefect, clock, log, named("theirs", secure)} {
        prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
        if (open) REQUIRE(ours.open());
        REQUIRE(theirs.open());
    }

    prefect::flow_run due(source& of) {
        auto const runs = of.poll({});
        REQUIRE(runs);
        REQUIRE(runs->size() == 1);
        return runs->front();
    }
    std::size_t sent(char const* operation) const { return prefect.log().count(operation); }

    testing::manual_clock clock;
    testing::captured_log log;
    testing::fake_prefect prefect;
    source ours;
    source theirs;
};

/// Every way in which a server can do what it was asked and not say so.
std::vector<testing::fault> lost_answers() {
    return {testing::dropped().after(),
            testing::stalled().after(),
            testing::answered(500).after(),
            testing::answered(502, "<html>").after(),
            testing::answered(200, "{\"data\": {").after(),
            testing::answered(200, R"({"data": {"set_flow_run_states": null}})").after(),
            testing::refused(200, "INTERNAL_SERVER_ERROR", "ReadTimeout").after()};
}

std::vector<testing::fault> lost_questions() {
    return {testing::dropped(), testing::stalled(), testing::answered(500), testing::answered(502, "<html>"),
            testing::answered(200, "{\"data\": {")};
}

} // namespace

TEST_CASE("a claim is one request for the run and one for each due task run, and nothing is looked at") {
    bench with;
    auto const run = with.due(with.ours);
    auto const before = with.prefect.log().count();
    REQUIRE(with.ours.claim(run)->kind == outcome::won);
    CHECK(with.prefect.log().count() == before + 1);
    REQUIRE(with.ours.launched(run.id, "arn"));
    CHECK(with.prefect.log().count() == before + 2);
}

namespace {

/// Three due runs besides, and what the two agents are offered.
struct bench_of_four : bench {
    explicit bench_of_four(testing::prefect_setup setup = {}) : bench{true, std::move(setup)} {
        for (int i = 1; i != 4; ++i) {
            auto more = load("prefect1/flow_run_docker_run_config.json");
            more["data"]["flow_run"][0]["id"] = "0000000" + std::to_string(i) + "-5d2b-4f0e-8a77-6b1e3d4c5a21";
            prefect.add_flow_runs(more);
        }
        runs = offered(ours);
        REQUIRE(runs.size() == 4);
    }

    static std::vector<prefect::flow_run> offered(source& to) {
        auto made = to.poll({});
        REQUIRE(made);
        return *std::move(made);
    }
    static std::vector<result<claim>> claim_all(source& who, std::vector<prefect::flow_run> const& wanted) {
        std::vector<prefect::flow_run const*> pointers;
        for (auto const& each : wanted) pointers.push_back(&each);
        return who.claim_all(pointers);
    }
    std::vector<result<claim>> claim_all() { return claim_all(ours, runs); }
    std::size_t won(std::vector<result<claim>> const& answers) const {
        std::size_t count = 0;
        for (auto const& each : answers) count += each && each->kind == outcome::won;
        return count;
    }
    std::size_t submissions() const {
        std::size_t count = 0;
        for (auto const& run : runs)
            for (auto const& each : prefect.history(run.id)) count += each.type == "Submitted";
        return count;
    }

    std::vector<prefect::flow_run> runs;
};

} // namespace

TEST_CASE("several runs are claimed by one request, and nothing is looked at") {
    bench_of_four with;
    auto const before = with.prefect.log().count();
    auto const answers = with.claim_all();
    CHECK(answers.size() == 4);
    CHECK(with.won(answers) == 4);
    CHECK(with.submissions() == 4);
    CHECK(with.prefect.log().count() == before + 1);
}

TEST_CASE("several runs whose claim's answer is lost are won, each looked at, and none is claimed twice") {
    for (auto const& fault : lost_answers())
        for (auto const lock : {0s, 30s}) {
            bench_of_four with{{.submitted_lock = lock, .version_locking = lock == 0s}};
            with.prefect.faults().fail_next("set_flow_run_states", 2, fault);
            CHECK(with.won(with.claim_all()) == 4);
            CHECK(with.submissions() == 4);
        }
}

TEST_CASE("of several runs those that another agent has are left to it, and the others are ours") {
    bench_of_four with{{.submitted_lock = 30s}};
    auto theirs = bench_of_four::offered(with.theirs);
    REQUIRE(theirs.size() == 4);
    theirs.resize(2);
    CHECK(with.won(bench_of_four::claim_all(with.theirs, theirs)) == 2);
    auto const answers = with.claim_all();
    CHECK(with.won(answers) == 2);
    for (std::size_t i = 0; i != with.runs.size(); ++i) {
        bool const is_theirs = with.runs[i].id == theirs[0].id || with.runs[i].id == theirs[1].id;
        REQUIRE(answers[i]);
        CHECK(answers[i]->kind == (is_theirs ? outcome::lost : outcome::won));
        if (is_theirs) CHECK(answers[i]->reason.starts_with("the agent "));
    }
    CHECK(with.submissions() == 4);
}

TEST_CASE("several runs whose claim never arrived are claimed one by one while the server answers") {
    bench_of_four with;
    with.prefect.faults().fail_next("set_flow_run_states", 2, testing::answered(500)); // the client repeats it once
    CHECK(with.won(with.claim_all()) == 4);
    CHECK(with.submissions() == 4);
    CHECK(with.sent("set_flow_run_states") == 6);
}

TEST_CASE("several runs of which nothing can be told are unclear, after one look in vain") {
    bench_of_four with;
    with.prefect.faults().fail_always("", testing::stalled());
    auto const before = with.prefect.log().count();
    for (auto const& each : with.claim_all()) {
        REQUIRE(each);
        CHECK(each->kind == outcome::unclear);
    }
    CHECK(with.prefect.log().count() == before + 4); // each of the two is repeated once
}

TEST_CASE(
    "a request for several runs that the API does not take is made for each, and the one that is wrong is named") {
    bench_of_four with;
    with.prefect.faults().decide_by(
        [&](std::string_view operation, std::size_t, std::string_view body) -> std::optional<testing::fault> {
            if (operation != "set_flow_run_states" || body.find(with.runs[2].id) == std::string_view::npos)
                return std::nullopt;
            return testing::refused(400, "BAD_USER_INPUT", "not this one");
        });
    auto const answers = with.claim_all();
    CHECK(with.won(answers) == 3);
    REQUIRE_FALSE(answers[2]);
    CHECK(answers[2].error().message.find("not this one") != std::string::npos);
}

TEST_CASE("of several runs one that was offered long ago is looked at, and one with task runs goes by itself") {
    bench_of_four with;
    with.clock.advance(6s);
    auto const before = with.prefect.log().count();
    CHECK(with.won(with.claim_all()) == 4);
    CHECK(with.prefect.log().count() == before + 8);

    bench_of_four mixed;
    auto const more = load("prefect1/flow_run_running_scheduled_task_runs.json");
    mixed.prefect.add_flow_runs(more);
    mixed.runs.push_back(prefect::read_flow_runs(more["data"])->at(0));
    mixed.runs.back().offered = mixed.clock.now();
    CHECK(mixed.won(mixed.claim_all()) == 5);
    CHECK(mixed.sent("set_flow_run_states") == 1);
    CHECK(mixed.sent("set_task_run_states") >= 1);
}

TEST_CASE("a claim whose answer is lost is won when the run is Submitted with our agent id") {
    for (auto const& fault : lost_answers()) {
        bench with;
        auto const run = with.due(with.ours);
        auto const before = with.prefect.log().count();
        with.prefect.faults().fail("set_flow_run_states", 0, fault);
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == outcome::won);
        CHECK(with.prefect.history(run_id).size() == 2);
        CHECK(with.prefect.log().count() == before + 2);
    }
}

TEST_CASE("a claim that never arrived is not made, and the next poll offers the run again") {
    for (auto const& fault : lost_questions()) {
        bench with;
        auto const run = with.due(with.ours);
        with.prefect.faults().fail("set_flow_run_states", 0, fault);
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == outcome::lost);
        CHECK(claimed->reason.starts_with("it was not claimed: "));
        CHECK(with.ours.claim(with.due(with.ours))->kind == outcome::won);
        CHECK(with.prefect.history(run_id).size() == 2);
    }
}

TEST_CASE("a claim that is lost while another agent makes its own is that agent's") {
    bench with;
    auto const run = with.due(with.ours);
    REQUIRE(with.theirs.claim(with.due(with.theirs))->kind == outcome::won);
    with.prefect.faults().fail("set_flow_run_states", 0, testing::dropped());
    auto const claimed = with.ours.claim(run);
    REQUIRE(claimed);
    CHECK(claimed->kind == outcome::lost);
    CHECK(claimed->reason == "the agent " + with.prefect.agents()[1].id + " has it");
}

TEST_CASE("a claim that is lost while the run goes on says how far it is") {
    bench with;
    auto const run = with.due(with.ours);
    for (char const* const state : {"Running", "Cancelled", "Success"}) {
        REQUIRE(with.prefect.set_state(run_id, testing::prefect_state(state, "")));
        with.prefect.faults().fail("set_flow_run_states", 0, testing::stalled());
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == outcome::lost);
        CHECK(claimed->reason == std::string{"it is "} + state + " by now");
    }
}

TEST_CASE("a claim is unclear when the run cannot be looked at either") {
    for (auto const& fault : {testing::dropped(), testing::answered(503), testing::answered(200, "<html>"),
                              testing::answered(200, R"({"data": {"flow_run": [{"state": "Submitted"}]}})")}) {
        bench with;
        auto const run = with.due(with.ours);
        with.prefect.faults().fail("set_flow_run_states", 0, testing::dropped().after());
        with.prefect.faults().fail("flow_run", 0, fault);
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == outcome::unclear);
        CHECK(claimed->reason.find("nor could it be looked at") != std::string::npos);
    }
}

TEST_CASE("a claim is unclear when nothing tells whose it is") {
    // We have no id, so that the server cannot note one.
    bench unknown{false, {}, false};
    unknown.prefect.faults().fail_next("register_agent", 2, testing::answered(400));
    REQUIRE(unknown.ours.open());
    auto const run = unknown.due(unknown.ours);
    unknown.prefect.faults().fail("set_flow_run_states", 0, testing::dropped().after());
    CHECK(unknown.ours.claim(run)->kind == outcome::unclear);

    // The server fell over between the state and the agent's id.
    bench half;
    auto const other = half.due(half.ours);
    REQUIRE(half.prefect.set_state(run_id, testing::prefect_state("Submitted", "")));
    half.prefect.faults().fail("set_flow_run_states", 0, testing::refused(200, "INTERNAL_SERVER_ERROR", "ReadTimeout"));
    auto const claimed = half.ours.claim(other);
    CHECK(claimed->kind == outcome::unclear);
    CHECK(claimed->reason.find("nothing tells by whom") != std::string::npos);
}

TEST_CASE("a run that was deleted meanwhile is lost") {
    bench with;
    auto run = with.due(with.ours);
    run.id = "00000000-0000-4000-8000-000000000000";
    with.prefect.faults().fail("set_flow_run_states", 0, testing::dropped());
    CHECK(with.ours.claim(run)->reason == "the Prefect API does not know it any more");
}

TEST_CASE("the client's own repeat of a claim is won, whether the server locks the run or takes it twice") {
    for (auto const lock : {0s, 30s})
        for (auto const& fault :
             {testing::dropped().after(), testing::stalled().after(), testing::answered(503).after()}) {
            bench with{true, {.submitted_lock = lock}};
            auto const run = with.due(with.ours);
            with.prefect.faults().fail("set_flow_run_states", 0, fault);
            auto const claimed = with.ours.claim(run);
            REQUIRE(claimed);
            CHECK(claimed->kind == outcome::won);
            CHECK(with.sent("set_flow_run_states") == 2);
            CHECK(with.prefect.history(run_id).size() == (lock == 0s ? 3 : 2));
            std::string const ids[] = {run_id};
            CHECK(prefect::epoch_of(with.ours.look(ids)->front().run) == prefect::epoch_of(run));
        }
}

TEST_CASE("a version lock that our own repeat ran into is no loss") {
    bench with{true, {.version_locking = true}};
    auto const run = with.due(with.ours);
    with.prefect.faults().fail("set_flow_run_states", 0, testing::dropped().after());
    CHECK(with.ours.claim(run)->kind == outcome::won);
    CHECK(with.prefect.history(run_id).size() == 2);
}

TEST_CASE("a repeat that another agent was faster than is that agent's") {
    bench with{true, {.submitted_lock = 30s}};
    auto const run = with.due(with.ours);
    REQUIRE(with.theirs.claim(with.due(with.theirs))->kind == outcome::won);
    with.prefect.faults().fail("set_flow_run_states", 0, testing::dropped());
    auto const claimed = with.ours.claim(run);
    CHECK(claimed->kind == outcome::lost);
    CHECK(claimed->reason.starts_with("the agent "));
    CHECK(with.prefect.history(run_id).size() == 2);
}

TEST_CASE("a resend that the api asked for is settled by looking as well") {
    bench with{false, {.submitted_lock = 30s}};
    auto const run = with.due(with.ours);
    with.prefect.faults().fail("set_flow_run_states", 0,
                               testing::refused(200, "API_ERROR", "An internal API error occurred.").after());
    CHECK(with.ours.claim(run)->kind == outcome::won);
    CHECK(with.prefect.history(run_id).size() == 2);
}

TEST_CASE("an api that will have no requests of ours, or not now, costs no run its life") {
    for (auto const& fault : {testing::answered(401), testing::answered(404), testing::answered(302)}) {
        bench with;
        auto const run = with.due(with.ours);
        auto const before = with.prefect.log().count();
        with.prefect.faults().fail("set_flow_run_states", 0, fault);
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == outcome::lost);
        CHECK(claimed->reason.starts_with("it was not claimed: "));
        CHECK(with.prefect.log().count() == before + 1);
    }
}

TEST_CASE("a state that the server refuses is the run's own fault, and an error") {
    bench with;
    auto run = with.due(with.ours);
    json::set(run.state, "start_time", "soon");
    auto const claimed = with.ours.claim(run);
    REQUIRE_FALSE(claimed);
    CHECK(claimed.error().message.find("Not a valid datetime") != std::string::npos);
    CHECK(with.prefect.state(run_id) == "Scheduled");
}

TEST_CASE("with the stop fired nothing is claimed any more, and a claim under way is finished") {
    bench with;
    auto const run = with.due(with.ours);
    std::stop_source source;
    source.request_stop();
    auto const before = with.prefect.log().count();
    auto const claimed = with.ours.claim(run, source.get_token());
    CHECK(claimed->kind == outcome::lost);
    CHECK(claimed->reason == "it was not claimed: the agent is stopping");
    CHECK(with.prefect.log().count() == before);
}

TEST_CASE("a task run whose claim has no answer goes with the run that has just become ours") {
    for (bool const arrived : {true, false}) {
        bench with{false, {}, false};
        auto row = testing_support::running_row({"aws"});
        json::set(row, "serialized_state",
                  json_of(R"({"type": "Scheduled", "start_time": "2020-01-01T00:00:00+00:00"})"));
        json::set(row, "state", "Scheduled");
        with.prefect.add_flow_run(row);
        REQUIRE(with.prefect.set_state(run_id, testing::prefect_state("Success", "")));
        REQUIRE(with.ours.open());
        auto const run = with.due(with.ours);
        REQUIRE(run.id == busy_run_id);
        auto const fault = testing::dropped();
        with.prefect.faults().fail("set_task_run_states", 0, arrived ? fault.after() : fault);
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == (arrived ? outcome::won : outcome::unclear));
    }
}

TEST_CASE("a task run of a running flow whose claim has no answer: not made, unclear, or lost to what it has become") {
    auto const claimed_after = [](testing::fault const& fault, std::size_t number,
                                  std::function<void(bench&)> const& meanwhile = {}) {
        bench with{false, {}, false};
        with.prefect.add_flow_run(testing_support::running_row({"aws"}));
        REQUIRE(with.prefect.set_state(run_id, testing::prefect_state("Success", "")));
        REQUIRE(with.ours.open());
        auto const run = with.due(with.ours);
        REQUIRE(run.task_runs.size() >= 2);
        if (meanwhile) meanwhile(with);
        with.prefect.faults().fail("set_task_run_states", number, fault);
        auto const claimed = with.ours.claim(run);
        REQUIRE(claimed);
        return *claimed;
    };
    auto const not_made = claimed_after(testing::dropped(), 0);
    CHECK(not_made.kind == outcome::lost);
    CHECK(not_made.reason.starts_with("it was not claimed: "));
    auto const second_not_made = claimed_after(testing::dropped(), 1);
    CHECK(second_not_made.kind == outcome::unclear);
    CHECK(second_not_made.reason.find("a part of it is claimed") != std::string::npos);
    auto const done = claimed_after(testing::dropped().after(), 0);
    CHECK(done.kind == outcome::unclear);
    CHECK(done.reason.find("nothing tells by whom") != std::string::npos);
    CHECK(claimed_after(testing::answered(401), 0).kind == outcome::lost);
    CHECK(claimed_after(testing::answered(401), 1).kind == outcome::unclear);
    CHECK(claimed_after(testing::dropped(), 0, [](bench& with) {
              with.prefect.faults().fail("task_run", 0, testing::stalled());
          }).kind == outcome::unclear);
}

TEST_CASE("two agents that a server lets claim the same run see the same epoch, and each whose it is") {
    bench with;
    auto const mine = with.due(with.ours);
    auto const yours = with.due(with.theirs);
    REQUIRE(with.ours.claim(mine)->kind == outcome::won);
    REQUIRE(with.theirs.claim(yours)->kind == outcome::won); // no lock: the server takes both
    REQUIRE(with.prefect.history(run_id).size() == 3);
    std::string const ids[] = {run_id};
    for (auto* each : {&with.ours, &with.theirs}) {
        auto const views = each->look(ids);
        REQUIRE(views->size() == 1);
        CHECK(views->front().ours); // they have the same labels
        CHECK(prefect::epoch_of(views->front().run) == prefect::epoch_of(mine));
    }
}
