#ifndef FARGATE_TESTS_BENCH_LAUNCHES_HPP
#define FARGATE_TESTS_BENCH_LAUNCHES_HPP

#include "support/vectors.hpp"

#include <fargate/agent.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <utility>

namespace bench {

namespace fakes = fargate::testing;

struct fake_door {
    fakes::fake_prefect* prefect = nullptr;
    fakes::fake_aws* aws = nullptr;
    auto send(fargate::http::request const& request) const {
        return request.headers.find("X-Amz-Target") ? aws->send(request) : prefect->send(request);
    }
};

struct shared_clock {
    fakes::manual_clock* clock = nullptr;
    [[nodiscard]] fargate::time_point now() const { return clock->now(); }
    bool sleep_for(fargate::duration time, std::stop_token stop) const {
        return clock->sleep_for(time, std::move(stop));
    }
};

struct fake_policies : fargate::default_policies {
    using http = fake_door;
    using credentials = fargate::credentials::fixed;
    using clock = shared_clock;
    using environment = fakes::map_environment;
    using log = fargate::null_log;
    using executor = fargate::inline_executor;
};

/// Queues the runs of one flow that have these numbers.
inline void queue(fakes::fake_prefect& prefect, std::size_t from, std::size_t to) {
    auto const recorded = testing_support::load("prefect1/flow_run_environment_metadata_image.json");
    fargate::json::value row = recorded["data"]["flow_run"][0];
    for (std::size_t i = from; i != to; ++i) {
        std::string id = std::to_string(100'000'000'000 + i);
        row["id"] = "91d3f5b7-2e4c-4a60-8b9d-" + id;
        prefect.add_flow_run(row);
    }
}

inline fargate::agent_options usual_options() {
    return {.backend = fargate::prefect::backend::server,
            .region_name = "us-east-1",
            .kwargs = {{"cpu", "256"},
                       {"memory", "512"},
                       {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"subnet-1"}}}}}}}};
}

/// A queue of flow runs that an agent launches, with Prefect and ECS in memory; their work counts with ours.
inline void launch(std::size_t runs) {
    using namespace fargate;
    fakes::manual_clock clock;
    fakes::fake_prefect prefect{{}, fakes::time_of(clock)};
    fakes::fake_aws aws{{}, fakes::time_of(clock)};
    queue(prefect, 0, runs);
    parts<fake_policies> parts{.http = {&prefect, &aws},
                               .credentials =
                                   credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
                               .clock = {&clock}};
    auto options = usual_options();
    options.max_polls = static_cast<std::int64_t>(runs / 25 + 1);
    agent<fake_policies> agent{std::move(options), parts};
    auto const ended = agent.start();
    if (!ended || aws.ecs.tasks_created() != runs) {
        std::fprintf(stderr, "%zu of %zu runs were launched\n", aws.ecs.tasks_created(), runs);
        std::exit(1);
    }
}

} // namespace bench

#endif
