#ifndef FARGATE_SERVICE_PROTOCOL_HPP
#define FARGATE_SERVICE_PROTOCOL_HPP

#include <fargate/system/clock.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace fargate::inline v0::service {

/// How long after a run's claim RunTask is asked for it, and not later. ECS keeps the token of a task for an hour after that
/// has stopped, and who asks with a token that is forgotten starts a second task.
inline constexpr std::chrono::minutes token_life{55};

/// How an agent keeps its promise of exactly one task for each run. The defaults are the safe ones; with `idempotent`,
/// `watch` and `reconcile` off it is the original agent.
struct protocol {
    bool idempotent = true; ///< RunTask carries a token made of the run, so that whoever repeats it finds the same task
    bool watch = true;      ///< tasks are followed to their end; needs ecs:DescribeTasks
    bool heartbeat = true;  ///< a run is kept alive at the backend while its task is slow to start
    bool batch_claims = true; ///< one request claims the runs of a poll, and one tells them, where the backend can
    bool reconcile = true; ///< what was left behind is looked for; needs ecs:ListTasks, and ecs:StopTask to end tasks
    std::string
        fleet{}; ///< RunTask's `startedBy`, where the user set none; the same for agents that take each other's place

    duration poll_interval_max = std::chrono::seconds{10}; ///< the longest wait between two polls
    duration launch_timeout{};                             ///< of one RunTask attempt; zero: the client's own
    double launch_rate = 20;                               ///< launches a second; 0: no limit
    std::size_t launch_burst = 100;                        ///< launches that need not wait
    std::size_t max_in_flight = 0;                         ///< runs launching and tasks alive at a time; 0: no limit
    duration launch_deadline = std::chrono::minutes{30};   ///< how long a run waits for capacity before it fails
    unsigned launch_attempts = 3;                          ///< how often a task that never starts is launched
    duration max_run_duration{};                           ///< a task that runs longer is stopped; zero: no limit
    std::vector<std::string> capacity_plan{}; ///< FARGATE_SPOT, FARGATE, ...: each stands in for the one before
    duration capacity_fallback = std::chrono::minutes{1};   ///< how long a run keeps to the first of them
    duration reconcile_interval = std::chrono::seconds{90}; ///< give or take a fifth
};

} // namespace fargate::inline v0::service

#endif
