#ifndef FARGATE_TESTING_TASK_LIFE_HPP
#define FARGATE_TESTING_TASK_LIFE_HPP

#include <fargate/system/clock.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// The script of one task of the fake ECS: how long it stays in each state and how it ends. A state of no length is
/// skipped. The defaults are a task that runs ten seconds and exits 0.
struct task_life {
    enum class ending : unsigned char {
        exits,            ///< the containers exit with `exit_code` after `running`
        never_starts,     ///< `TaskFailedToStart` when `pending` is over; no container ever ran
        out_of_memory,    ///< killed after `running`, exit code 137
        spot_interrupted, ///< taken away after `running`
        runs_for_ever     ///< until StopTask
    };

    task_life::ending end = ending::exits;
    duration provisioning = std::chrono::seconds{2};
    duration pending = std::chrono::seconds{3};
    duration activating{};
    duration running = std::chrono::seconds{10};
    duration deactivating{};
    duration stopping = std::chrono::seconds{1}; ///< what containers that are told to stop take to exit
    duration deprovisioning = std::chrono::seconds{2};
    duration visible_after{}; ///< how long DescribeTasks says MISSING and ListTasks nothing

    int exit_code = 0;
    int told_to_stop_code = 143;                            ///< exit code after StopTask or an interruption
    std::vector<std::pair<std::string, int>> other_exits{}; ///< exit codes of containers that differ, by name
    bool exit_code_lost = false;                            ///< Fargate sometimes has none to tell
    bool empty_containers = false; ///< a task that never starts may come back with `containers: []`
    std::string reason{};          ///< `stoppedReason`; each ending has the service's usual words
    std::string container_reason{};
};

[[nodiscard]] inline task_life exits_with(int code) {
    task_life made;
    made.exit_code = code;
    return made;
}

[[nodiscard]] inline task_life runs_for_ever() {
    task_life made;
    made.end = task_life::ending::runs_for_ever;
    return made;
}

[[nodiscard]] inline task_life
never_starts(std::string reason = "Timeout waiting for network interface provisioning to "
                                  "complete.") {
    task_life made;
    made.end = task_life::ending::never_starts;
    made.reason = std::move(reason);
    return made;
}

[[nodiscard]] inline task_life runs_out_of_memory() {
    task_life made;
    made.end = task_life::ending::out_of_memory;
    return made;
}

[[nodiscard]] inline task_life is_interrupted() {
    task_life made;
    made.end = task_life::ending::spot_interrupted;
    return made;
}

/// StopTask, as the task remembers it.
struct stop_order {
    time_point at{};
    std::string reason{};
};

/// Where a task is in its life at one moment; moments that have not come are empty.
struct task_phase {
    std::string_view last_status = "PROVISIONING";
    bool to_stop = false; ///< `desiredStatus` is STOPPED
    std::optional<time_point> pull_began{};
    std::optional<time_point> started{};
    std::optional<time_point> stopping{};
    std::optional<time_point> execution_stopped{}; ///< when the containers had exited
    std::optional<time_point> stopped{};
    std::string_view stop_code{};
    std::string stopped_reason{};
    bool told_to_stop = false; ///< the containers were ended from outside
};

/// The life of a task that was accepted at `created`, seen at `now`. A pure function.
[[nodiscard]] inline task_phase phase_at(task_life const& life, time_point created,
                                         std::optional<stop_order> const& order, time_point now) {
    using ending = task_life::ending;
    time_point const pull = created + life.provisioning;
    time_point const ready = pull + life.pending;
    time_point const start = ready + life.activating;
    bool const starts = life.end != ending::never_starts;

    std::optional<time_point> end;
    if (life.end != ending::runs_for_ever) end = starts ? start + life.running : ready;
    bool const by_order = order && (!end || order->at < *end);
    if (by_order) end = order->at;

    task_phase phase;
    if (now >= pull && (!end || pull < *end)) phase.pull_began = pull;
    bool const ran = starts && (!end || start < *end);
    if (ran && now >= start) phase.started = start;

    if (!end || now < *end) {
        phase.last_status = now < pull      ? "PROVISIONING"
                            : now < ready   ? "PENDING"
                            : now < start   ? "ACTIVATING"
                            : phase.started ? "RUNNING"
                                            : "PENDING";
        return phase;
    }

    phase.to_stop = true;
    phase.stopping = *end;
    phase.told_to_stop = by_order || life.end == ending::spot_interrupted;
    if (by_order) {
        phase.stop_code = "UserInitiated";
        phase.stopped_reason = order->reason;
    } else if (!starts) {
        phase.stop_code = "TaskFailedToStart";
        phase.stopped_reason = life.reason;
    } else if (life.end == ending::spot_interrupted) {
        phase.stop_code = "SpotInterruption";
        phase.stopped_reason = life.reason.empty() ? "Your Spot Task was interrupted." : life.reason;
    } else {
        phase.stop_code = "EssentialContainerExited";
        phase.stopped_reason = life.reason.empty() ? "Essential container in task exited" : life.reason;
    }

    time_point const leaving = *end + (ran ? life.deactivating : duration{});
    time_point const exited = leaving + (ran && phase.told_to_stop ? life.stopping : duration{});
    time_point const gone = exited + life.deprovisioning;
    if (now >= gone) {
        phase.last_status = "STOPPED";
        phase.stopped = gone;
    } else {
        phase.last_status = now < leaving ? "DEACTIVATING" : now < exited ? "STOPPING" : "DEPROVISIONING";
    }
    // Containers that exit by themselves have exited when the end came.
    time_point const over = phase.told_to_stop ? exited : *end;
    if (ran && now >= over) phase.execution_stopped = over;
    return phase;
}

} // namespace fargate::inline v0::testing

#endif
