#ifndef FARGATE_TESTS_BENCH_LATENCY_HPP
#define FARGATE_TESTS_BENCH_LATENCY_HPP

#include "launches.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace bench {

/// The fakes, with an AWS that is far away: each request is on its way there for half of this, and so is its answer.
struct far_door {
    static constexpr std::chrono::milliseconds round_trip{300};

    fakes::fake_prefect* prefect = nullptr;
    fakes::fake_aws* aws = nullptr;
    auto send(fargate::http::request const& request) const {
        if (!request.headers.find("X-Amz-Target")) return prefect->send(request);
        std::this_thread::sleep_for(round_trip / 2);
        auto answer = aws->send(request);
        std::this_thread::sleep_for(round_trip / 2);
        return answer;
    }
};

template <class Executor>
struct far_policies : fargate::default_policies {
    using http = far_door;
    using credentials = fargate::credentials::fixed;
    using environment = fakes::map_environment;
    using log = fargate::null_log;
    using executor = Executor;
};

/// How long runs of a known flow wait from the moment that they are all in the queue until RunTask has come for them, and
/// how many are launched in a second from the first to the last. The agent keeps to the rate of ECS: 20, and 20 at once.
template <class Executor>
std::string waits_of(std::size_t runs) {
    using namespace fargate;
    fakes::fake_prefect prefect{{}, fakes::wall_time()};
    fakes::fake_aws aws{{}, fakes::wall_time()};
    parts<far_policies<Executor>> parts{
        .http = {&prefect, &aws},
        .credentials = credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key}};
    agent<far_policies<Executor>> agent{usual_options(), parts};
    queue(prefect, 0, 1);
    std::jthread const lives{[&agent] { (void)agent.start(); }};
    auto const wait_for = [&aws](std::size_t tasks) {
        while (aws.ecs.tasks_created() < tasks) std::this_thread::sleep_for(std::chrono::milliseconds{2});
    };
    wait_for(1);
    auto const began = system_clock{}.now();
    queue(prefect, 1, 1 + runs);
    wait_for(1 + runs);
    agent.stop();

    std::vector<double> waits;
    for (auto const& each : aws.ecs.log().all("RunTask"))
        if (each.at >= began) waits.push_back(static_cast<double>((each.at - began).count()) / 1000);
    std::sort(waits.begin(), waits.end());
    auto const at = [&waits](std::size_t percent) { return std::to_string(waits[(waits.size() - 1) * percent / 100]); };
    return R"({"workers": )" + std::to_string(parts.executor.workers()) + R"(, "runs_per_s": )" +
           std::to_string(static_cast<double>(runs - 1) * 1000 / (waits.back() - waits.front())) + R"(, "p50_ms": )" +
           at(50) + R"(, "p99_ms": )" + at(99) + "}";
}

inline std::string latency(std::size_t runs) {
    return R"({"thread_pool": )" + waits_of<fargate::thread_pool>(runs) + R"(, "inline_executor": )" +
           waits_of<fargate::inline_executor>(runs) + "}";
}

} // namespace bench

#endif
