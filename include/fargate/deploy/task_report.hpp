#ifndef FARGATE_DEPLOY_TASK_REPORT_HPP
#define FARGATE_DEPLOY_TASK_REPORT_HPP

#include <fargate/aws/ecs_types.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/deploy/launch_advice.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::deploy {

/// What a task tells of itself at one moment.
struct task_report {
    enum class phase : unsigned char {
        starting, ///< its containers do not run yet
        running,  ///< they do, or are being ended
        stopped
    };
    enum class ending : unsigned char {
        none,          ///< it has not stopped
        succeeded,     ///< the flow's container exited with 0
        failed,        ///< it exited with another code
        never_started, ///< it did not run: no code of the user's was executed
        out_of_memory, ///< it was killed for its memory
        interrupted,   ///< AWS took away what it ran on
        told_to_stop,  ///< somebody called StopTask
        unknown        ///< nothing tells: it may have done its work, or a part
    };

    std::string task{};    ///< its ARN
    std::string cluster{}; ///< its cluster's
    std::string run{};     ///< the flow run that it was started for; empty when it was for none
    std::string started_by{};
    task_report::phase at = phase::starting;
    std::optional<time_point> created{}, started{}, stopped{};
    task_report::ending end = ending::none;
    std::optional<int> exit_code{}; ///< the flow's container's
    bool relaunch = false;          ///< never started, for a reason that may not come again
    std::string reason{};           ///< why it ended, one line for people with AWS's words in it; empty before
    std::string stopped_reason{};   ///< AWS's words alone
    std::string subnet{};           ///< the subnet that had no addresses left, when that is why it did not start
};

/// The stable lower-case name of an ending, for logs and metrics: `never_started`.
[[nodiscard]] constexpr std::string_view name_of(task_report::ending end) noexcept {
    using ending = task_report::ending;
    switch (end) {
    case ending::none: return "none";
    case ending::succeeded: return "succeeded";
    case ending::failed: return "failed";
    case ending::never_started: return "never_started";
    case ending::out_of_memory: return "out_of_memory";
    case ending::interrupted: return "interrupted";
    case ending::told_to_stop: return "told_to_stop";
    case ending::unknown: return "unknown";
    }
    return "unknown";
}

namespace detail {

inline constexpr std::string_view run_id_variable = "PREFECT__CONTEXT__FLOW_RUN_ID";

/// Words, in lower case, of a start that may go well the next time.
inline constexpr std::string_view passing_start_words[] = {
    "timeout",      "timed out",        "deadline exceeded",     "toomanyrequests", "too many requests",
    "rate limit",   "throttl",          "internal server error", "bad gateway",     "service unavailable",
    "gateway time", "connection reset", "connection refused",    "unexpected eof",
};

/// Words of one that will not.
inline constexpr std::string_view lasting_start_words[] = {
    "manifest unknown",
    "not found",
    "notfound",
    "does not exist",
    "no such",
    "can't find",
    "denied",
    "not authorized",
    "unauthorized",
    "forbidden",
    "authfailure",
    "no basic auth",
    "unable to assume",
    "invalid",
    "malformed",
    "no matching manifest",
    "does not contain descriptor",
    "exec format error",
    "no space left",
    "failed to validate logger",
};

/// Whether another launch may start where this one did not: for what is known to pass, and for what nobody knows.
[[nodiscard]] inline bool may_start_next_time(std::string_view words) {
    std::string const lowered = text::lower(words);
    auto const told = [&lowered](std::string_view each) { return text::contains(lowered, each); };
    bool const passes =
        std::any_of(std::begin(passing_start_words), std::end(passing_start_words), told) ||
        std::any_of(std::begin(passing_troubles), std::end(passing_troubles),
                    [&](passing_words const& each) { return !each.limit.count() && told(each.words); }) ||
        tells_no_addresses(lowered) || is_passing(words);
    return passes || std::none_of(std::begin(lasting_start_words), std::end(lasting_start_words), told);
}

/// AWS's words as a line can hold them.
[[nodiscard]] inline std::string words_of(std::string_view raw) {
    constexpr std::size_t longest = 2048;
    return aws::detail::one_line(aws::detail::cut(raw, longest));
}

/// The element of a list that has this name; null when there is none.
[[nodiscard]] inline json::value const* named_in(json::value const* list, std::string_view name) noexcept {
    if (list == nullptr) return nullptr;
    for (auto const& each : *list)
        if (json::text_of(each, "name") == name) return &each;
    return nullptr;
}

/// A stopped task, taken apart to find how it ended.
class stopped_task {
public:
    /// Both must outlive it.
    stopped_task(json::value const& document, std::string_view container) :
        document_{document}, container_{container}, task_{aws::task::from(document)} {
        auto const found = std::find_if(task_.containers.begin(), task_.containers.end(),
                                        [&](aws::container const& each) { return each.name == container; });
        if (found != task_.containers.end()) flow_ = &*found;
    }
    stopped_task(stopped_task const&) = delete;
    stopped_task& operator=(stopped_task const&) = delete;

    void tell(task_report& report) const {
        using ending = task_report::ending;
        report.exit_code = flow_ != nullptr ? flow_->exit_code : std::nullopt;
        report.end = ending_of();
        report.reason = sentence_for(report.end);
        if (report.end != ending::never_started) return;
        std::string const words = all_words();
        report.relaunch = may_start_next_time(words);
        if (!tells_no_addresses(text::lower(words))) return;
        report.subnet = subnet_in(words);
        if (report.subnet.empty()) report.subnet = own_subnet();
    }

private:
    /// The first that holds. An exit code of the flow's container counts before all that ECS says of the task, and what
    /// other containers did counts for nothing.
    [[nodiscard]] task_report::ending ending_of() const {
        using ending = task_report::ending;
        auto const& code = task_.stop_code;
        auto const exit = flow_ != nullptr ? flow_->exit_code : std::nullopt;
        if (exit == 0) return ending::succeeded;
        if (flow_ != nullptr && text::contains(flow_->reason, "OutOfMemory")) return ending::out_of_memory;
        if (code == "UserInitiated" || code == "ServiceSchedulerInitiated") return ending::told_to_stop;
        bool const taken = code == "SpotInterruption" || code == "TerminationNotice" || code == "InfrastructureHealth";
        if (!exit && !task_.started_at && is_told_whole()) {
            if (code == "TaskFailedToStart") return ending::never_started;
            if ((taken || code.empty()) && !any_exit_code()) return ending::never_started;
        }
        if (taken) return ending::interrupted;
        if (exit == 137) return any_other_out_of_memory() ? ending::failed : ending::out_of_memory;
        return exit ? ending::failed : ending::unknown;
    }

    /// RunTask's repeated answer names a stopped task and nothing more: that it tells of no start means nothing.
    [[nodiscard]] bool is_told_whole() const noexcept {
        return task_.created_at.has_value() || !task_.stop_code.empty() || json::array_of(document_, "containers");
    }
    [[nodiscard]] bool any_exit_code() const noexcept {
        return std::any_of(task_.containers.begin(), task_.containers.end(),
                           [](aws::container const& each) { return each.exit_code.has_value(); });
    }
    [[nodiscard]] bool any_other_out_of_memory() const noexcept {
        return std::any_of(task_.containers.begin(), task_.containers.end(),
                           [](aws::container const& each) { return text::contains(each.reason, "OutOfMemory"); });
    }

    [[nodiscard]] std::string sentence_for(task_report::ending end) const {
        using ending = task_report::ending;
        std::string const name = "container " + std::string{container_};
        std::string const code =
            flow_ != nullptr && flow_->exit_code ? "exit code " + std::to_string(*flow_->exit_code) : "";
        switch (end) {
        case ending::none: return {};
        case ending::succeeded: return name + " ended with " + code;
        case ending::failed: return with_words(name + " ended with " + code);
        case ending::never_started: return with_words("the task did not start");
        case ending::out_of_memory: return with_words("out of memory" + limit() + (code.empty() ? "" : ", " + code));
        case ending::interrupted:
            return with_words("AWS interrupted the task" + (code.empty() ? "" : ", " + name + " ended with " + code));
        case ending::told_to_stop:
            return with_words("the task was stopped" + (code.empty() ? "" : ", " + name + " ended with " + code));
        case ending::unknown: break;
        }
        return with_words("the task stopped, and nothing tells how " + name + " ended");
    }

    [[nodiscard]] std::string with_words(std::string line) const {
        if (auto const words = all_words(); !words.empty()) line += ": " + words;
        if (!task_.stop_code.empty()) line += " (" + words_of(task_.stop_code) + ")";
        return line;
    }

    /// The task's reason and the containers', each once, the flow's first.
    [[nodiscard]] std::string all_words() const {
        std::string words = words_of(task_.stopped_reason);
        auto const add = [&words](aws::container const& each) {
            std::string const said = words_of(each.reason);
            if (said.empty() || text::contains(words, said)) return;
            words += (words.empty() ? "container " : "; container ") + words_of(each.name) + ": " + said;
        };
        if (flow_ != nullptr) add(*flow_);
        for (auto const& each : task_.containers)
            if (&each != flow_) add(each);
        return words;
    }

    /// ` (limit 512 MiB)`: the container's own if it has one, else the task's.
    [[nodiscard]] std::string limit() const {
        auto const* const overrides = json::object_of(document_, "overrides");
        auto const* const own =
            overrides != nullptr ? named_in(json::array_of(*overrides, "containerOverrides"), container_) : nullptr;
        auto const* const flow = named_in(json::array_of(document_, "containers"), container_);
        for (auto const* const each : {own, flow, overrides, &document_}) {
            if (each == nullptr) continue;
            std::string amount{json::text_of(*each, "memory").value_or("")};
            if (auto const number = json::integer_of(*each, "memory")) amount = std::to_string(*number);
            if (amount.empty() || amount == "0") continue;
            bool const bare = std::all_of(amount.begin(), amount.end(), text::is_digit);
            return " (limit " + words_of(amount) + (bare ? " MiB)" : ")");
        }
        return {};
    }

    /// The subnet of the task's network interface.
    [[nodiscard]] std::string own_subnet() const {
        if (auto const* const attachments = json::array_of(document_, "attachments"))
            for (auto const& each : *attachments)
                if (auto const* const found = named_in(json::array_of(each, "details"), "subnetId"))
                    return std::string{json::text_of(*found, "value").value_or("")};
        return {};
    }

    json::value const& document_;
    std::string_view container_;
    aws::task task_;
    aws::container const* flow_ = nullptr; ///< null: the task names no such container
};

[[nodiscard]] inline task_report::phase phase_of(aws::task const& task) noexcept {
    using phase = task_report::phase;
    auto const& status = task.last_status;
    if (status == "STOPPED" || status == "DELETED") return phase::stopped;
    if (status == "RUNNING") return phase::running;
    bool const before = status == "PROVISIONING" || status == "PENDING" || status == "ACTIVATING";
    return !before && task.started_at ? phase::running : phase::starting;
}

/// The run's id among what the flow's container was told.
[[nodiscard]] inline std::string run_of(json::value const& task, std::string_view container) {
    auto const* const overrides = json::object_of(task, "overrides");
    if (overrides == nullptr) return {};
    auto const* const flow = named_in(json::array_of(*overrides, "containerOverrides"), container);
    if (flow == nullptr) return {};
    auto const* const variable = named_in(json::array_of(*flow, "environment"), run_id_variable);
    return variable != nullptr ? std::string{json::text_of(*variable, "value").value_or("")} : std::string{};
}

} // namespace detail

/// All that is read of a task for a report, and of what it holds: what `json::parse` makes a tree of for one.
inline constexpr std::string_view report_members[] = {
    "tasks",       "taskArn",   "clusterArn", "lastStatus",    "desiredStatus", "startedBy",
    "stopCode",    "createdAt", "startedAt",  "stoppedReason", "stoppedAt",     "containers",
    "name",        "reason",    "exitCode",   "overrides",     "memory",        "containerOverrides",
    "environment", "value",     "details",    "attachments",
};

/// As much as a task that has not stopped tells of itself, but for its flow run.
[[nodiscard]] inline task_report read_task_report(aws::task task) {
    task_report made;
    made.at = detail::phase_of(task);
    made.task = std::move(task.arn);
    made.cluster = std::move(task.cluster_arn);
    made.started_by = std::move(task.started_by);
    made.created = task.created_at;
    made.started = task.started_at;
    made.stopped = task.stopped_at;
    made.stopped_reason = std::move(task.stopped_reason);
    return made;
}

/// Reads one task of DescribeTasks' answer (or of RunTask's). `container` is the flow's: no other decides how the task
/// ended. Pure. What ECS leaves out is empty, and a stopped task of which it does not tell enough has an ending that is
/// `unknown`, never a success and never one to launch again. Follows "Amazon ECS stopped tasks error messages".
[[nodiscard]] inline task_report read_task_report(json::value const& task, std::string_view container) {
    auto made = read_task_report(aws::task::from(task));
    made.run = detail::run_of(task, container);
    if (made.at == task_report::phase::stopped) detail::stopped_task{task, container}.tell(made);
    return made;
}

} // namespace fargate::inline v0::deploy

#endif
