#include <fargate/agent.hpp>

#include "scenarios/crew.hpp"
#include "support/catch.hpp"

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/credentials/cached.hpp>
#include <fargate/credentials/chain.hpp>
#include <fargate/credentials/container.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/instance.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/testing/fake_ecs.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

// Keys that turn over and whose source is away for a while, and clocks that are wrong. That many threads cost no more renewals
// than one is shown in credentials/cached_rotation.

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::careful;
using testing_support::stage;
namespace fakes = fargate::testing;

namespace {

/// A container on ECS: the agent beside it hands out another key every minute, each good for ten, and ECS takes no others.
struct container_host {
    static constexpr auto turn = 1min;

    fakes::manual_clock clock{};
    time_point const start = clock.now();
    fakes::fake_ecs ecs{{}, fakes::time_of(clock)};
    duration life = 10min;                          ///< of a key, from the start of its turn
    int status = 200;                               ///< what the agent beside the container answers with
    std::map<std::int64_t, std::size_t> renewals{}; ///< keys handed out, by turn
    std::size_t refusals = 0;                       ///< answers of that agent without a key
    std::size_t metadata = 0;                       ///< requests to EC2's metadata service

    result<http::response> send(http::request const& request) {
        if (request.url.find("169.254.169.254") != std::string::npos) {
            ++metadata;
            return fail(errc::connection_failed, "no such host");
        }
        if (request.url.rfind("http://169.254.170.2/", 0) != 0) return ecs.send(request);
        if (status != 200) {
            ++refusals;
            return http::response{status, {}, R"({"code": "InternalError", "message": "try later"})"};
        }
        return hand_out((clock.now() - start) / turn);
    }

private:
    http::response hand_out(std::int64_t number) {
        ++renewals[number];
        auto const ends = start + number * turn + life;
        fakes::known_key const key{"ASIA" + std::to_string(number), "secret-of-" + std::to_string(number),
                                   "token-of-" + std::to_string(number), ends};
        keys_.push_back(key);
        ecs.keys().accept_only(keys_);
        json::value answer{{"AccessKeyId", key.id},
                           {"SecretAccessKey", key.secret_key},
                           {"Token", key.token},
                           {"Expiration", text::iso8601(ends)}};
        return {200, {}, json::write(answer)};
    }

    std::vector<fakes::known_key> keys_{};
};

struct to_host {
    container_host* host = nullptr;
    result<http::response> send(http::request const& request) const { return host->send(request); }
};

struct host_clock {
    fakes::manual_clock* clock = nullptr;
    [[nodiscard]] time_point now() const { return clock->now(); }
    bool sleep_for(duration time, std::stop_token stop) const { return clock->sleep_for(time, std::move(stop)); }
};

struct host_policies {
    using http = to_host;
    using credentials = fargate::credentials::cached<fargate::credentials::chain<
        fargate::credentials::environment, fargate::credentials::container, fargate::credentials::instance>>;
    using clock = host_clock;
    using environment = fakes::map_environment;
    using retry = fargate::retry::standard;
    using hash = fargate::crypto::openssl_hash;
};

/// Calls ECS every five seconds; how many calls failed, by minute.
struct caller {
    explicit caller(container_host& host) : host_{host} {
        parts_.http.host = &host;
        parts_.clock.clock = &host.clock;
        parts_.environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/abc");
    }

    void call_for(duration time) {
        for (auto const end = host_.clock.now() + time; host_.clock.now() < end; host_.clock.advance(5s)) {
            auto const minute = (host_.clock.now() - host_.start) / 1min;
            auto const said = ecs_.list_tasks(json::value::object());
            ++calls;
            if (!said) ++failed[minute];
            if (!said) last = said.error();
        }
    }

    std::size_t calls = 0;
    std::map<std::int64_t, std::size_t> failed{};
    error last{};

private:
    container_host& host_;
    aws::parts<host_policies> parts_{};
    aws::ecs<host_policies> ecs_{parts_, {.region = "us-east-1"}};
};

/// A stage on which the agent's own clock is wrong.
class beside_the_time {
public:
    beside_the_time(stage& world, duration ahead) :
        world_{world},
        own_{world.clock.now() + ahead},
        parts_{.http = testing_support::world_http{&world, nullptr},
               .credentials = credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
               .clock = testing_support::world_clock{&own_}},
        agent_{options(), parts_} {}

    /// The agent lives for so long; `visit` is called in each of its waits, with the time that has passed.
    template <class Visit>
    result<void> live(duration time, Visit&& visit) {
        auto const start = world_.clock.now();
        own_.during_sleep([&, start](duration wait) {
            world_.play();
            auto const passed = world_.clock.now() - start;
            if (passed >= time) return agent_.stop();
            visit(passed);
            world_.clock.advance(wait);
        });
        return agent_.start();
    }

    /// Somebody sets the clock right.
    void mend() { own_.set(world_.clock.now()); }

    [[nodiscard]] fakes::captured_log const& log() const { return parts_.log; }

private:
    static agent_options options() {
        auto made = careful();
        made.max_polls = std::nullopt;
        return made;
    }

    stage& world_;
    fakes::manual_clock own_;
    parts<testing_support::world_policies> parts_;
    agent<testing_support::world_policies> agent_;
};

/// Requests that ECS refused for their signature.
std::size_t refused_signatures(stage const& world) {
    auto const all = world.aws.ecs.log().all();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [](auto const& each) {
        return each.code == "InvalidSignatureException" || each.code == "RequestTimeTooSkewed";
    }));
}

bool ever_failed(stage const& world, std::string const& run) {
    auto const all = world.prefect.history(run);
    return std::any_of(all.begin(), all.end(), [](auto const& each) { return each.type == "Failed"; });
}

} // namespace

TEST_CASE("keys that turn over every minute cost one renewal a turn at most, and no call") {
    container_host host;
    host.life = 2min;
    caller calls{host};
    calls.call_for(1h);
    CHECK(calls.calls == 720);
    CHECK(calls.failed.empty());
    CHECK(host.renewals.size() >= 50);
    for (auto const& [number, times] : host.renewals) {
        INFO("turn " << number);
        CHECK(times == 1);
    }
    CHECK(host.metadata == 0);
}

TEST_CASE("while the source of keys is away for three minutes, the old key is used and no call fails") {
    for (int const status : {500, 429}) {
        INFO(status);
        container_host host;
        caller calls{host};
        calls.call_for(6min + 30s);
        host.status = status; // the key is renewed from 7:30 on, and ends at 10:00
        calls.call_for(3min);
        CHECK(host.refusals > 0);
        CHECK(host.refusals < 100); // the source is not beaten while it is down
        host.status = 200;
        calls.call_for(20min);
        INFO(calls.last.message);
        CHECK(calls.failed.empty());
        CHECK(host.renewals.size() >= 3);
        CHECK(host.metadata == 0);
    }
}

TEST_CASE("a source of keys that is away for longer than its keys last is asked until it is back, without a restart") {
    container_host host;
    caller calls{host};
    calls.call_for(2min);
    host.status = 500;
    calls.call_for(20min);
    REQUIRE_FALSE(calls.failed.empty());
    CHECK(calls.failed.begin()->first >= 10);
    INFO(calls.last.message);
    CHECK(calls.last.message.find("no credentials") != std::string::npos);
    CHECK(calls.last.message.find("secret-of") == std::string::npos);
    CHECK(calls.last.message.find("token-of") == std::string::npos);
    host.status = 200;
    calls.failed.clear();
    calls.call_for(10min);
    CHECK(calls.failed.empty());
    CHECK(host.metadata == 0);
}

TEST_CASE("a clock that is ten minutes off is learned once, no run fails, and each has one task") {
    for (auto const ahead : {10min, -10min}) {
        INFO(ahead.count() << " minutes");
        stage world;
        beside_the_time agent{world, ahead};
        auto runs = world.queue_runs(10);
        bool more = false;
        REQUIRE(agent.live(30min, [&](duration passed) {
            if (passed < 5min || std::exchange(more, true)) return;
            for (auto const& each : world.queue_runs(10)) runs.push_back(each);
        }));
        REQUIRE(runs.size() == 20);
        for (auto const& run : runs) {
            INFO(run);
            CHECK(world.tasks_of(run).size() == 1);
            CHECK(world.executions(run) == 1);
            CHECK(world.prefect.state(run) == "Success");
            CHECK_FALSE(ever_failed(world, run));
        }
        CHECK(refused_signatures(world) == 1);
        CHECK(world.aws.ecs.log().count() >= 40);
        CHECK(agent.log().text().find(fakes::example_key().secret_key) == std::string::npos);
    }
}

TEST_CASE("a clock that is set right while the agent runs is learned once more") {
    stage world;
    beside_the_time agent{world, 10min};
    auto runs = world.queue_runs(5);
    bool mended = false;
    REQUIRE(agent.live(20min, [&](duration passed) {
        if (passed < 8min || std::exchange(mended, true)) return;
        agent.mend();
        for (auto const& each : world.queue_runs(5)) runs.push_back(each);
    }));
    REQUIRE(runs.size() == 10);
    for (auto const& run : runs) {
        CHECK(world.tasks_of(run).size() == 1);
        CHECK(world.prefect.state(run) == "Success");
        CHECK_FALSE(ever_failed(world, run));
    }
    CHECK(refused_signatures(world) == 2);
}
