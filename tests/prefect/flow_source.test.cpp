#include <fargate/prefect/flow_source.hpp>

#include "archetypes/archetypes.hpp"
#include "archetypes/work_pool_source.hpp"
#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/server.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

using namespace fargate;
using namespace std::chrono_literals;

namespace {

using pool = archetypes::work_pool_source<testing::manual_clock>;
using prefect_server = prefect::server<testing::scripted_http, testing::manual_clock, testing::captured_log>;

/// What an agent does with one run of any source: claim, with patience, then tell.
template <flow_source Source>
claim::outcome take(Source& source, typename Source::run const& run, testing::manual_clock& clock) {
    for (;;) {
        auto const claimed = source.claim(run, {});
        if (!claimed) return claim::outcome::lost;
        if (claimed->kind == claim::outcome::won) {
            CHECK(source.heartbeat(run.id, {}));
            CHECK(source.note(run.id, log_level::info, "taken", {}));
            CHECK(source.launched(run.id, "cluster::arn", {}));
        }
        if (claimed->kind != claim::outcome::later) return claimed->kind;
        clock.sleep_for(claimed->wait, {});
    }
}

pool::run run_of(std::string id, time_point at) { return {std::move(id), "wise-bee", "deployment", 0, "state", at}; }

template <class Source>
concept gives_back = requires(Source& s, typename Source::run const& run, std::stop_token stop) {
    { s.release(run, "why", stop) } -> std::same_as<result<void>>;
};

} // namespace

static_assert(flow_source<archetypes::source>);
static_assert(flow_source<pool>);
static_assert(flow_source<archetypes::work_pool_source<archetypes::clock>>);
static_assert(flow_source<prefect_server>);
static_assert(flow_source<prefect::server<testing::scripted_http, system_clock, null_log>>);
static_assert(!flow_source<int>);
static_assert(gives_back<pool> && !gives_back<prefect_server>);

TEST_CASE("a claim is won unless something else is said, and a view is of a run that waits and is not ours") {
    CHECK(claim{}.kind == claim::outcome::won);
    CHECK(claim{}.reason.empty());
    CHECK(claim{}.wait == duration::zero());
    run_view<int> const view;
    CHECK(view.life == run_life::waiting);
    CHECK_FALSE(view.ours);
    CHECK_FALSE(view.since);
}

TEST_CASE("a source with patience and leases goes through the same steps as Prefect's server") {
    testing::manual_clock clock;
    pool source{clock};
    REQUIRE(source.open({}));
    source.schedule(run_of("a", clock.now() + 10s));
    source.hold("a", 30s);
    auto const due = source.poll({}, {});
    REQUIRE(due);
    REQUIRE(due->size() == 1);
    std::string const busy[] = {"a"};
    CHECK(source.poll(busy, {})->empty());
    CHECK(take(source, due->front(), clock) == claim::outcome::won);
    CHECK(clock.slept() == testing_support::seconds({30}));
    CHECK(source.infrastructure("a") == "cluster::arn");
    CHECK(take(source, due->front(), clock) == claim::outcome::lost);

    testing::scripted_http http;
    testing::captured_log log;
    prefect_server server{http, clock, log, testing_support::server_settings()};
    http.reply(200, testing_support::recorded("tenant"))
        .reply(200, testing_support::recorded("register_agent"))
        .reply(200, testing_support::recorded("hello"))
        .reply(200, R"({"data": {"get_runs_in_queue": {"flow_run_ids": ["c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21"]}}})")
        .reply(200, testing_support::recorded("flow_run_docker_run_config"))
        .reply(200, testing_support::recorded("set_flow_run_states"))
        .reply(200, R"({"data": {"update_flow_run_heartbeat": {"success": true}}})")
        .reply(200, testing_support::recorded("write_run_logs"))
        .reply(200, testing_support::recorded("write_run_logs"));
    REQUIRE(server.open({}));
    auto const runs = server.poll({}, {});
    REQUIRE(runs);
    REQUIRE(runs->size() == 1);
    CHECK(take(server, runs->front(), clock) == claim::outcome::won);
    CHECK(http.remaining() == 0);
}

TEST_CASE("a claim that is given back is offered again, as another epoch") {
    testing::manual_clock clock;
    pool source{clock};
    source.schedule(run_of("a", clock.now()));
    auto const run = source.poll({}, {})->front();
    CHECK(source.release(run, "not ours yet", {}).error().code == errc::lost_claim);
    REQUIRE(source.claim(run, {})->kind == claim::outcome::won);
    CHECK(source.poll({}, {})->empty());
    CHECK(source.owned({})->size() == 1);
    REQUIRE(source.release(run, "no capacity", {}));
    CHECK(source.owned({})->empty());
    auto const again = source.poll({}, {});
    REQUIRE(again->size() == 1);
    CHECK(again->front().scheduled_state != run.scheduled_state);
    CHECK(source.claim(run, {})->kind == claim::outcome::lost);
    CHECK(source.claim(again->front(), {})->kind == claim::outcome::won);
    CHECK(source.lines("a") == std::vector<std::string>{"no capacity"});
}

TEST_CASE("a lease that ran out is told by the heartbeat") {
    testing::manual_clock clock;
    pool source{clock, 60s};
    source.schedule(run_of("a", clock.now()));
    auto const run = source.poll({}, {})->front();
    REQUIRE(source.claim(run, {}));
    clock.advance(59s);
    CHECK(source.heartbeat("a", {}));
    clock.advance(60s);
    CHECK(source.heartbeat("a", {}).error().code == errc::lost_claim);
}

TEST_CASE("a work pool's run takes an end once, and one that is being cancelled takes no other") {
    testing::manual_clock clock;
    pool source{clock};
    for (char const* const id : {"a", "b", "c"}) source.schedule(run_of(id, clock.now()));
    std::string const ids[] = {"a", "b", "c", "d"};
    source.silence(true);
    CHECK(source.claim(run_of("a", clock.now()), {})->kind == claim::outcome::unclear);
    source.silence(false);
    CHECK_FALSE(*source.failed("a", {}, "waits to be claimed again", {}));
    source.set("a", run_life::claimed);
    CHECK(*source.failed("a", {}, "no image", {}));
    CHECK_FALSE(*source.failed("a", {}, "no image", {}));
    source.set("b", run_life::cancelling);
    source.set("c", run_life::claimed, false);
    CHECK(*source.cancelling(ids, {}) == std::vector<std::string>{"b"});
    CHECK_FALSE(*source.failed("b", {}, "exit code 1", {}));
    CHECK(*source.cancelled("b", {}, "stopped", {}));
    CHECK(*source.cancelling(ids, {}) == std::vector<std::string>{"b"});
    auto const views = source.look(ids, {});
    REQUIRE(views->size() == 3);
    CHECK(views->at(0).life == run_life::finished);
    CHECK(views->at(1).life == run_life::cancelled);
    CHECK_FALSE(views->at(2).ours);
    CHECK(views->at(2).since == clock.now());
    CHECK(source.owned({})->empty());
}
