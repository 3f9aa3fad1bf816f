#include <fargate/service/claiming.hpp>

#include "service/deployment_bench.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::scripted_run;
using testing_support::scripted_source;

namespace {

/// A source that claims several at once.
struct group_source : scripted_source {
    std::vector<std::size_t> groups{};
    std::map<std::string, result<fargate::claim>> answers{};
    std::function<void()> on_claims = [] {};
    std::vector<result<fargate::claim>> claim_all(std::span<run const* const> wanted, std::stop_token) {
        groups.push_back(wanted.size());
        on_claims();
        std::vector<result<fargate::claim>> made;
        for (auto const* const each : wanted) {
            auto const at = answers.find(each->id);
            made.push_back(at == answers.end() ? result<fargate::claim>{fargate::claim{}} : at->second);
        }
        return made;
    }
};

struct bench : testing_support::deployment_bench<group_source> {
    using deployment_bench::deployment_bench;
    void deploy(std::vector<scripted_run> offered) {
        for (auto const& each : offered) {
            source.known.push_back({each, run_life::claimed, true, time.now()});
            REQUIRE(busy.enter(each.id));
        }
        deployment.deploy(std::move(offered), stop.get_token());
    }
    std::set<std::string> told() const {
        auto const lines = source.acts();
        return {lines.begin(), lines.end()};
    }
};

} // namespace

TEST_CASE("runs that are handed over together are claimed by one request, and each is launched") {
    bench b;
    CHECK(b.deployment.claims_together());
    b.deploy({{"r1"}, {"r2"}, {"r3"}});
    CHECK(b.source.groups == std::vector<std::size_t>{3});
    CHECK(b.busy.claimed().size() == 3);
    CHECK(b.launch.bodies.empty());
    b.go_on();
    CHECK(b.launch.bodies.size() == 3);
    CHECK(b.told() ==
          std::set<std::string>{"launched r1 arn:task/1", "launched r2 arn:task/1", "launched r3 arn:task/1"});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a source that claims one by one, and an agent that is told to, claim nothing together") {
    testing_support::deployment_bench<> plain;
    CHECK_FALSE(plain.deployment.claims_together());
    service::protocol apart;
    apart.batch_claims = false;
    bench told{apart};
    CHECK_FALSE(told.deployment.claims_together());
}

TEST_CASE("each of several runs has its own answer") {
    bench b;
    b.source.answers.emplace("lost", claim{claim::outcome::lost, "another agent has it", {}});
    b.source.answers.emplace("unclear", claim{claim::outcome::unclear, "no answer", {}});
    b.source.answers.emplace("refused", fail(errc::service_error, "400 Client Error"));
    b.source.answers.emplace("later", claim{claim::outcome::later, "not yet", 7s});
    b.deploy({{"won"}, {"lost"}, {"unclear"}, {"refused"}, {"later"}});
    CHECK(b.busy.claimed() == std::vector<std::string>{"won"});
    b.go_on();
    CHECK(b.told() == std::set<std::string>{"launched won arn:task/1", "failed refused 400 Client Error", "claim later",
                                            "launched later arn:task/1"});
    CHECK(b.book.read().left == 2);
    CHECK(b.log.contains("Leaving flow run lost alone: another agent has it"));
    CHECK(b.log.contains("flow run unclear could not be claimed: no answer"));
}

TEST_CASE("only as many runs are claimed together as may be in flight, and whose turn it is") {
    service::protocol few;
    few.max_in_flight = 2;
    bench b{few};
    b.deploy({{"r1"}, {"r2"}, {"r3"}});
    CHECK(b.source.groups == std::vector<std::size_t>{2});
    CHECK_FALSE(b.busy.has("r3"));
    b.go_on();
    CHECK(b.launch.bodies.size() == 2);

    service::protocol slow;
    slow.launch_rate = 1;
    slow.launch_burst = 2;
    bench c{slow};
    c.deploy({{"r1"}, {"r2"}, {"r3"}, {"r4", c.time.now() + 1min}});
    CHECK(c.source.groups == std::vector<std::size_t>{2});
    c.go_on();
    CHECK(c.launch.bodies.size() == 4);
    CHECK(c.told().contains("claim r3"));
    CHECK(c.told().contains("claim r4"));
}

TEST_CASE(
    "what was claimed together is launched even when the agent is told to stop meanwhile, and nothing else is begun") {
    bench b;
    b.source.on_claims = [&] { b.stop.request_stop(); };
    b.deploy({{"r1"}, {"r2"}, {"r3", b.time.now() + 1s}});
    CHECK(b.source.groups == std::vector<std::size_t>{2});
    for (auto& work : b.agenda.rest()) work();
    CHECK(b.launch.bodies.size() == 2);
    CHECK(b.busy.size() == 0);
    CHECK_FALSE(b.told().contains("claim r3"));
}
