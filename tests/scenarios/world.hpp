#ifndef FARGATE_TESTS_SCENARIOS_WORLD_HPP
#define FARGATE_TESTS_SCENARIOS_WORLD_HPP

#include "support/vectors.hpp"

#include <fargate/agent.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace testing_support {

/// A backend and an AWS in memory, one clock for all.
struct fake_world {
    fargate::testing::manual_clock clock{};
    fargate::testing::fake_prefect prefect;
    fargate::testing::fake_aws aws{{}, fargate::testing::time_of(clock)};

    explicit fake_world(fargate::testing::prefect_setup setup = {}) :
        prefect{std::move(setup), fargate::testing::time_of(clock)} {}

    /// Queues the run of one recording under the label `aws` and gives its id.
    std::string queue(std::string const& name) {
        auto answer = load("prefect1/flow_run_" + name + ".json");
        auto& row = answer["data"]["flow_run"][0];
        row["labels"] = {"aws"};
        prefect.add_flow_run(row);
        return text(row, "id");
    }

    fargate::result<fargate::http::response> send(fargate::http::request const& request) {
        bool const for_s3 = request.headers.find("x-amz-content-sha256").has_value();
        return for_s3 || request.headers.find("X-Amz-Target") ? aws.send(request) : prefect.send(request);
    }
};

/// One agent's way to the world, for who wants to look at what passes or to cut it. The calls are made around each request
/// and may cut the line: what was cut before a request never arrives, what was cut behind it is never answered, and a cut
/// line is what is left of an agent that was killed.
struct wire {
    std::function<void(fargate::http::request const&)> before = [](fargate::http::request const&) {};
    std::function<void(fargate::http::request const&)> behind = [](fargate::http::request const&) {};
    /// How a request gets its answer, for who wants to lose or to spoil one.
    std::function<fargate::result<fargate::http::response>(fargate::http::request const&, fake_world&)> through =
        [](fargate::http::request const& request, fake_world& world) { return world.send(request); };
    bool cut = false;

    [[nodiscard]] static fargate::error dead() { return fargate::fail(fargate::errc::cancelled, "the line is cut"); }
};

/// The policies by which an agent lives in a `fake_world`.
struct world_http {
    fake_world* world = nullptr;
    wire* line = nullptr;

    fargate::result<fargate::http::response> send(fargate::http::request const& request) const {
        if (line == nullptr) return world->send(request);
        if (!line->cut) line->before(request);
        if (line->cut) return wire::dead();
        auto answer = line->through(request, *world);
        line->behind(request);
        return line->cut ? fargate::result<fargate::http::response>{wire::dead()} : std::move(answer);
    }
};

struct world_clock {
    fargate::testing::manual_clock* clock = nullptr;
    fargate::duration ahead{}; ///< how far this machine's clock is from the world's

    [[nodiscard]] fargate::time_point now() const { return clock->now() + ahead; }
    bool sleep_for(fargate::duration time, std::stop_token stop) const {
        return clock->sleep_for(time, std::move(stop));
    }
};

struct world_policies : fargate::default_policies {
    using http = world_http;
    using credentials = fargate::credentials::fixed;
    using clock = world_clock;
    using environment = fargate::testing::map_environment;
    using log = fargate::testing::captured_log;
    using executor = fargate::inline_executor;
};

} // namespace testing_support

// Compiled once a binary, in world.cpp.
extern template class fargate::agent<testing_support::world_policies>;

namespace testing_support {

/// What an agent in a `fake_world` is told, unless the test has something else in mind: to be the original agent, without
/// what this one does so that no run is lost or doubled.
inline fargate::agent_options usual(std::int64_t polls = 4) {
    fargate::agent_options made;
    made.backend = fargate::prefect::backend::server;
    made.labels = {"aws"};
    made.region_name = "us-east-1";
    made.max_polls = polls;
    made.idempotent = made.watch = made.reconcile = made.batch_claims = made.heartbeat = false;
    made.kwargs = {{"executionRoleArn", "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"},
                   {"cpu", "256"},
                   {"memory", "512"},
                   {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"subnet-1"}}}}}}};
    return made;
}

/// An agent in a world, ready to start.
struct inhabitant {
    explicit inhabitant(fake_world& world, fargate::agent_options options = usual(), wire* line = nullptr) :
        parts{.http = world_http{&world, line},
              .credentials = fargate::credentials::fixed{fargate::testing::example_key().id,
                                                         fargate::testing::example_key().secret_key},
              .clock = world_clock{&world.clock}},
        agent{std::move(options), parts} {}

    fargate::parts<world_policies> parts;
    fargate::agent<world_policies> agent;
};

} // namespace testing_support

#endif
