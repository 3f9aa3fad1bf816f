#include "figures.hpp"

#include <algorithm>

namespace {

constexpr figure all[] = {
    {"poll_interval_max", "SECONDS", "the longest wait between two polls (10)"},
    {"launch_timeout", "SECONDS", "of one RunTask attempt (0: the client's own)"},
    {"launch_rate", "N", "launches a second (20, after a burst of 100; 0: no limit)"},
    {"max_in_flight", "N", "runs launching and tasks alive at a time (0: no limit)"},
    {"launch_deadline", "SECONDS", "how long a run waits for capacity before it fails (1800)"},
    {"launch_attempts", "N", "how often a task that never starts is launched (3)"},
    {"max_run_duration", "SECONDS", "stop a task that runs longer (0: no limit)"},
    {"capacity_plan", "NAMES", "FARGATE_SPOT,FARGATE: each stands in for the one before"},
    {"capacity_fallback", "SECONDS", "how long a run keeps to the first of them (60)"},
    {"reconcile_interval", "SECONDS", "between two looks for what was left behind (90)"},
    {"fleet_id", "ID", "the same for agents that take each other's place"},
    {"wedged_after", "SECONDS", "end with status 70 when the agent stands still so long (600; 0: never)"},
    {"watch", "", "do not follow tasks to their end"},
    {"reconcile", "", "do not look for what was left behind"},
    {"idempotent", "", "send RunTask without a client token"},
    {"batch_claims", "", "claim each run of a poll, and tell it its task, by requests of its own"},
    {"heartbeat", "", "send no heartbeats for runs whose tasks are slow to start"},
};

} // namespace

std::span<figure const> figures() { return all; }

std::string option_of(figure const& which) {
    std::string made = which.unit.empty() ? "--no-" : "--";
    made += which.name;
    std::replace(made.begin(), made.end(), '_', '-');
    return made;
}
