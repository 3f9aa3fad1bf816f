#include <fargate/prefect/flow_source.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/server.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

#include <algorithm>
#include <map>

using namespace fargate;
using namespace std::chrono_literals;

namespace {

/// As little as a source can be.
struct smallest_source {
    struct run {
        std::string id;
    };
    result<void> open(std::stop_token) { return {}; }
    result<std::vector<run>> poll(std::span<std::string const>, std::stop_token) { return std::vector<run>{}; }
    result<fargate::claim> claim(run const&) { return fargate::claim{}; }
    result<void> launched(run const&, std::string_view) { return {}; }
    result<void> failed(run const&, std::string_view) { return {}; }
    result<void> note(run const&, log_level, std::string_view) { return {}; }
    result<void> heartbeat(run const&) { return {}; }
};

/// The shape of a Prefect 3 work pool: runs are offered ahead of their time and stay so until somebody owns them, the
/// server may ask for patience, and a claim is a lease that a heartbeat renews.
class work_pool {
public:
    struct run {
        std::string id;
        std::string name;
        time_point not_before{};
        json::value job_variables;
    };

    work_pool(testing::manual_clock& clock, duration lease) : clock_{&clock}, lease_{lease} {}

    void schedule(run made) { offered_.emplace(made.id, std::move(made)); }
    void hold(std::string const& id, duration time) { held_[id] = time; }

    result<void> open(std::stop_token stop) {
        if (stop.stop_requested()) return fail(errc::cancelled, "stopped");
        return {};
    }
    result<std::vector<run>> poll(std::span<std::string const> busy, std::stop_token) {
        std::vector<run> due;
        for (auto const& [id, each] : offered_) {
            auto const lease = leases_.find(id);
            bool const owned = lease != leases_.end() && lease->second > clock_->now();
            if (!owned && std::find(busy.begin(), busy.end(), id) == busy.end()) due.push_back(each);
        }
        return due;
    }
    result<fargate::claim> claim(run const& wanted) {
        using outcome = claim::outcome;
        if (auto const held = held_.find(wanted.id); held != held_.end()) {
            auto const wait = held->second;
            held_.erase(held);
            return fargate::claim{outcome::later, "WAIT: the queue has no slot", wait};
        }
        if (!offered_.contains(wanted.id)) return fargate::claim{outcome::lost, "ABORT: the run is gone", {}};
        auto& until = leases_[wanted.id];
        if (until > clock_->now()) return fargate::claim{outcome::lost, "ABORT: the run is PENDING", {}};
        until = clock_->now() + lease_;
        return fargate::claim{};
    }
    result<void> launched(run const& ours, std::string_view handle) {
        infrastructure_[ours.id] = handle;
        offered_.erase(ours.id);
        return {};
    }
    result<void> failed(run const& ours, std::string_view reason) {
        crashed_[ours.id] = reason;
        offered_.erase(ours.id);
        return {};
    }
    result<void> note(run const&, log_level, std::string_view) { return {}; }
    result<void> heartbeat(run const& ours) {
        auto const lease = leases_.find(ours.id);
        if (lease == leases_.end() || lease->second <= clock_->now())
            return fail(errc::lost_claim, "410: the lease of " + ours.id + " ran out");
        lease->second = clock_->now() + lease_;
        return {};
    }

private:
    testing::manual_clock* clock_;
    duration lease_;
    std::map<std::string, run> offered_;
    std::map<std::string, duration> held_;
    std::map<std::string, time_point> leases_;
    std::map<std::string, std::string> infrastructure_;
    std::map<std::string, std::string> crashed_;
};

/// What a poller does with one run of any source: claim, with patience, then tell.
template <flow_source Source>
claim::outcome take(Source& source, typename Source::run const& run, testing::manual_clock& clock) {
    for (;;) {
        auto const claimed = source.claim(run);
        if (!claimed) return claim::outcome::lost;
        if (claimed->kind == claim::outcome::won) {
            CHECK(source.heartbeat(run));
            CHECK(source.note(run, log_level::info, "taken"));
            CHECK(source.launched(run, "cluster::arn"));
        }
        if (claimed->kind != claim::outcome::later) return claimed->kind;
        clock.sleep_for(claimed->wait, {});
    }
}

using prefect_server = prefect::server<testing::scripted_http, testing::manual_clock, testing::captured_log>;

} // namespace

static_assert(flow_source<smallest_source>);
static_assert(flow_source<work_pool>);
static_assert(flow_source<prefect_server>);
static_assert(flow_source<prefect::server<testing::scripted_http, system_clock, null_log>>);
static_assert(!flow_source<int>);

TEST_CASE("a claim is won unless something else is said") {
    CHECK(claim{}.kind == claim::outcome::won);
    CHECK(claim{}.reason.empty());
    CHECK(claim{}.wait == duration::zero());
}

TEST_CASE("a source with patience and leases goes through the same steps as Prefect's server") {
    testing::manual_clock clock;
    work_pool pool{clock, 300s};
    REQUIRE(pool.open({}));
    pool.schedule({"a", "wise-bee", clock.now(), nullptr});
    pool.hold("a", 30s);
    auto const due = pool.poll({}, {});
    REQUIRE(due);
    REQUIRE(due->size() == 1);
    std::string const busy[] = {"a"};
    CHECK(pool.poll(busy, {})->empty());
    CHECK(take(pool, due->front(), clock) == claim::outcome::won);
    CHECK(clock.slept() == testing_support::seconds({30}));
    CHECK(take(pool, due->front(), clock) == claim::outcome::lost);

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

TEST_CASE("a lease that ran out is told by the heartbeat, and the run is offered again") {
    testing::manual_clock clock;
    work_pool pool{clock, 60s};
    pool.schedule({"a", "wise-bee", clock.now(), nullptr});
    auto const run = pool.poll({}, {})->front();
    REQUIRE(pool.claim(run));
    clock.advance(59s);
    CHECK(pool.heartbeat(run));
    CHECK(pool.poll({}, {})->empty());
    clock.advance(60s);
    CHECK(pool.heartbeat(run).error().code == errc::lost_claim);
    CHECK(pool.poll({}, {})->size() == 1);
}
