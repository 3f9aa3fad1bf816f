#include <fargate/prefect/run_views.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/epoch.hpp>
#include <fargate/prefect/server.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::json_of;
using testing_support::load;

namespace {

constexpr char const* run_id = "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21";
constexpr char const* busy_run_id = "a6c8e0f2-4b5d-4e7f-9a1b-d2f4b6c81c76";

using source = prefect::server<testing::fake_prefect, testing::manual_clock, testing::captured_log>;
using view = run_view<prefect::flow_run>;

struct bench {
    explicit bench(testing::prefect_setup setup = {}) : prefect{std::move(setup), testing::time_of(clock)} {
        REQUIRE(ours.open());
    }

    static prefect::settings named(std::string name, std::vector<std::string> labels) {
        auto options = testing_support::server_settings();
        options.labels = std::move(labels);
        options.name = std::move(name);
        return options;
    }
    view look(std::string const& id) {
        std::string const ids[] = {id};
        auto const views = ours.look(ids);
        REQUIRE(views);
        REQUIRE(views->size() == 1);
        return views->front();
    }
    prefect::flow_run due() {
        auto const runs = ours.poll({});
        REQUIRE(runs);
        REQUIRE(runs->size() == 1);
        return runs->front();
    }
    void set(char const* type, std::string const& id = run_id) {
        REQUIRE(prefect.set_state(id, testing::prefect_state(type, "")));
    }
    std::vector<std::string> owned(source& of) {
        auto const views = of.owned();
        REQUIRE(views);
        std::vector<std::string> ids;
        for (auto const& each : *views) {
            CHECK(each.ours);
            CHECK(each.life == run_life::claimed);
            ids.push_back(each.run.id);
        }
        return ids;
    }

    testing::manual_clock clock;
    testing::captured_log log;
    testing::fake_prefect prefect;
    source ours{prefect, clock, log, named("ours", {"aws", "prod"})};
};

using names = std::vector<std::string>;

} // namespace

TEST_CASE("a view is the whole run, with the epoch it was claimed in for as long as it lives") {
    bench with;
    with.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto const polled = with.due();
    auto const epoch = prefect::epoch_of(polled);

    auto seen = with.look(run_id);
    CHECK(seen.life == run_life::waiting);
    CHECK_FALSE(seen.ours);
    CHECK(seen.since == with.clock.now());
    CHECK(prefect::epoch_of(seen.run) == epoch);
    CHECK(seen.run.flow.name == polled.flow.name);
    CHECK(seen.run.flow.run_config == polled.flow.run_config);
    CHECK(seen.run.flow.storage == polled.flow.storage);
    CHECK(seen.run.scheduled_start_time == polled.scheduled_start_time);

    with.clock.advance(1s);
    REQUIRE(with.ours.claim(polled));
    seen = with.look(run_id);
    CHECK(seen.life == run_life::claimed);
    CHECK(seen.ours);
    CHECK(seen.since == with.clock.now());
    CHECK(prefect::epoch_of(seen.run) == epoch);

    struct step {
        char const* type;
        run_life life;
    };
    for (auto const& [type, life] : {step{"Running", run_life::running}, step{"Cancelling", run_life::cancelling},
                                     step{"Cancelled", run_life::cancelled}, step{"Success", run_life::finished},
                                     step{"Failed", run_life::finished}}) {
        INFO(type);
        with.clock.advance(1s);
        with.set(type);
        seen = with.look(run_id);
        CHECK(seen.life == life);
        CHECK(seen.ours);
        CHECK(seen.since == with.clock.now());
        CHECK(prefect::epoch_of(seen.run) == epoch);
    }
    with.set("Scheduled");
    seen = with.look(run_id);
    CHECK(seen.life == run_life::waiting);
    CHECK(prefect::epoch_of(seen.run) != epoch);
}

TEST_CASE("a run that was submitted any number of times keeps its epoch, and one that is scheduled anew has another") {
    bench with;
    with.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto const epoch = prefect::epoch_of(with.due());
    for (int i = 0; i != 3; ++i) {
        with.set("Submitted");
        CHECK(prefect::epoch_of(with.look(run_id).run) == epoch);
    }
    with.clock.advance(10min);
    REQUIRE(with.prefect.raise_silent_runs() == 1);
    auto const next = prefect::epoch_of(with.due());
    CHECK(next != epoch);
    with.set("Submitted");
    CHECK(prefect::epoch_of(with.look(run_id).run) == next);
}

TEST_CASE("a running run with due task runs is claimed anew until they run, in the same epoch") {
    bench with;
    with.prefect.add_flow_run(testing_support::running_row({"aws"}));
    auto const polled = with.due();
    auto const epoch = prefect::epoch_of(polled);
    auto seen = with.look(busy_run_id);
    CHECK(seen.life == run_life::running);
    CHECK(seen.run.task_runs.empty());

    with.clock.advance(5s);
    REQUIRE(with.ours.claim(polled)->kind == claim::outcome::won);
    seen = with.look(busy_run_id);
    CHECK(seen.life == run_life::claimed);
    CHECK(seen.since == with.clock.now());
    CHECK(prefect::epoch_of(seen.run) == epoch);
    REQUIRE(with.ours.claim(polled)->kind == claim::outcome::won); // another agent, say
    with.clock.advance(1h);                                        // more may have become due
    CHECK(prefect::epoch_of(with.look(busy_run_id).run) == epoch);
}

TEST_CASE("what an API without past states shows of a run that was submitted once has its epoch still") {
    auto row = json_of(R"({"id": "r", "version": 8, "state": "Submitted", "agent_id": "a", "state_timestamp": null,
        "serialized_state": {"type": "Submitted"}, "flow": {"id": "f"},
        "task_runs": [{"id": "t", "version": 4, "serialized_state": {"type": "Submitted"}},
                      {"id": "u", "version": 4, "serialized_state": {"type": "Scheduled"}}]})");
    auto const read = [&] {
        std::vector<std::string> const ours{"a"};
        auto data = json::value::object();
        json::set(data, "flow_run", json::value::array({row}));
        auto const views = prefect::read_run_views(data, ours);
        REQUIRE(views);
        return views->front();
    };
    CHECK(read().ours);
    CHECK_FALSE(read().since);
    CHECK(prefect::epoch_of(read().run) == "7,t:3");
    json::set(row, "states", json::value::array());
    CHECK(prefect::epoch_of(read().run) == "7,t:3");
    json::set(row, "states", json_of(R"([{"version": 5}])"));
    row["task_runs"][0]["states"] = json_of(R"([{"version": 2}])");
    CHECK(prefect::epoch_of(read().run) == "5,t:2");
    json::set(row, "agent_id", nullptr);
    CHECK_FALSE(read().ours);
    json::set(row, "serialized_state", nullptr);
    json::set(row, "state", "Cancelling");
    CHECK(read().life == run_life::cancelling);
}

TEST_CASE("an answer without runs, and a run without what it needs, cannot be read") {
    for (char const* const data : {"null", "{}", R"({"flow_run": null})", R"({"flow_run": [{}]})",
                                   R"({"flow_run": [{"id": "a", "version": 1}]})"})
        CHECK(prefect::read_run_views(json_of(data), {}).error().code == errc::malformed_response);
    CHECK(prefect::read_run_views(json_of(R"({"flow_run": []})"), {})->empty());
}

TEST_CASE("owned are the runs that an agent of our labels has claimed and nothing has begun, the oldest first") {
    bench with;
    source sibling{with.prefect, with.clock, with.log, bench::named("sibling", {"prod", "aws"})};
    source stranger{with.prefect, with.clock, with.log, bench::named("stranger", {"aws", "prod", "gpu"})};
    REQUIRE(sibling.open());
    REQUIRE(stranger.open());
    CHECK(with.owned(with.ours).empty());
    std::vector<std::string> ids;
    for (int i = 0; i != 5; ++i) {
        ids.push_back("00000000-0000-4000-8000-00000000000" + std::to_string(i));
        auto row = load("prefect1/flow_run_docker_run_config.json")["data"]["flow_run"][0];
        json::set(row, "id", ids.back());
        json::set(row, "scheduled_start_time", "2024-01-02T03:04:0" + std::to_string(i) + "+00:00");
        with.prefect.add_flow_run(row);
    }
    auto const runs = with.ours.poll({});
    REQUIRE(runs->size() == 5);
    source* const claimants[] = {&sibling, &stranger, &with.ours, &with.ours, &with.ours};
    for (std::size_t i = 0; i != 5; ++i) {
        with.clock.advance(1s);
        REQUIRE(claimants[4 - i]->claim((*runs)[4 - i])->kind == claim::outcome::won);
    }
    with.set("Running", ids[3]);
    CHECK(with.owned(with.ours) == names{ids[4], ids[2], ids[0]});
    CHECK(with.owned(sibling) == names{ids[4], ids[2], ids[0]});
    CHECK(with.owned(stranger) == names{ids[1]});
}

TEST_CASE("owned holds a running run whose task runs are claimed and have not begun") {
    bench with;
    with.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto running = testing_support::running_row({"aws"});
    json::set(running, "agent_id", with.prefect.agents()[0].id);
    with.prefect.add_flow_run(running);
    with.set("Success");
    CHECK(with.owned(with.ours).empty());
    REQUIRE(with.ours.claim(with.due())->kind == claim::outcome::won);
    CHECK(with.owned(with.ours) == names{busy_run_id});
}

TEST_CASE("runs that are being cancelled are found among any number") {
    bench with;
    with.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    std::string const ids[] = {busy_run_id, run_id, "no run"};
    for (char const* const state : {"Scheduled", "Submitted", "Running", "Failed"}) {
        with.set(state);
        CHECK(with.ours.cancelling(ids)->empty());
    }
    for (char const* const state : {"Cancelling", "Cancelled"}) {
        with.set(state);
        CHECK(*with.ours.cancelling(ids) == names{run_id});
    }
}

TEST_CASE("an end is written over what lives, and over nothing else") {
    bench with;
    with.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    CHECK_FALSE(*with.ours.failed(run_id, {}, "waits"));
    CHECK(with.prefect.state(run_id) == "Scheduled");
    with.set("Submitted");
    CHECK(*with.ours.failed(run_id, {}, "no image"));
    CHECK(with.prefect.state(run_id) == "Failed");
    CHECK_FALSE(*with.ours.cancelled(run_id, {}, "late"));
    CHECK(with.prefect.state(run_id) == "Failed");
    with.set("Cancelling");
    CHECK(*with.ours.cancelled(run_id, {}, "stopped"));
    CHECK(with.prefect.state(run_id) == "Cancelled");
    with.set("Success");
    CHECK_FALSE(*with.ours.failed(run_id, {}, "exit code 1"));
    CHECK(with.prefect.state(run_id) == "Success");
    CHECK(with.prefect.logs(run_id).size() == 5);
    CHECK_FALSE(*with.ours.failed("00000000-0000-4000-8000-000000000009", {}, "gone"));

    // A locking API takes it, for it comes with the version that the run has.
    bench locking{{.version_locking = true}};
    locking.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    locking.set("Submitted");
    CHECK(*locking.ours.failed(run_id, {}, "no image"));
}
