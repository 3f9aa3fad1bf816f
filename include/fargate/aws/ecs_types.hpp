#ifndef FARGATE_AWS_ECS_TYPES_HPP
#define FARGATE_AWS_ECS_TYPES_HPP

#include <fargate/aws/tag.hpp>
#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What ECS answers, as far as callers look at it by name; beside it, as `raw`, stands the whole answer as it came, a JSON
// object. A member that ECS left out is empty here: unknown words in states and reasons pass through as they are. What is
// not among the `members` of an answer's type is never made a tree of.

namespace fargate::inline v0::aws {

namespace detail {

[[nodiscard]] inline std::string text_or_empty(json::value const& document, std::string_view key) {
    return std::string{json::text_of(document, key).value_or("")};
}

/// The elements of the array `key`, each made by `Made::from`.
template <class Made>
[[nodiscard]] std::vector<Made> list_of(json::value const& document, std::string_view key) {
    std::vector<Made> made;
    if (auto const* const list = json::array_of(document, key))
        for (auto const& each : *list) made.push_back(Made::from(each));
    return made;
}

/// A moment as AWS's JSON has it, seconds since 1970 with a fraction; nothing when it is none, or ages away.
[[nodiscard]] inline std::optional<time_point> moment_of(json::value const& document, std::string_view key) noexcept {
    constexpr double farthest = 253'402'300'800; // the year 10000
    auto const seconds = json::number_of(document, key);
    if (!seconds || !(*seconds >= 0 && *seconds < farthest)) return std::nullopt;
    return time_point{duration{std::llround(*seconds * 1e6)}};
}

/// What is read of tasks and of failures, at any depth.
inline constexpr std::string_view task_members[] = {
    "tasks",         "task",       "failures",      "taskArn",   "taskDefinitionArn",
    "clusterArn",    "lastStatus", "desiredStatus", "stopCode",  "startedBy",
    "stoppedReason", "group",      "containers",    "createdAt", "startedAt",
    "stoppedAt",     "name",       "reason",        "exitCode",  "arn",
    "detail",
};

[[nodiscard]] inline error answer_lacks(std::string_view member) {
    return fail(errc::malformed_response, "the answer has no " + std::string{member});
}

} // namespace detail

/// A container of a task.
struct container {
    std::string name{};
    std::string last_status{};
    std::string reason{};
    std::optional<int> exit_code{}; ///< absent when it never started, and sometimes when Fargate lost it

    [[nodiscard]] static container from(json::value const& document) {
        container made{detail::text_or_empty(document, "name"), detail::text_or_empty(document, "lastStatus"),
                       detail::text_or_empty(document, "reason"), std::nullopt};
        auto const code = json::integer_of(document, "exitCode");
        if (code && *code >= std::numeric_limits<int>::min() && *code <= std::numeric_limits<int>::max())
            made.exit_code = static_cast<int>(*code);
        return made;
    }
};

/// A task. `last_status` is PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING or STOPPED.
struct task {
    std::string arn{};
    std::string definition_arn{};
    std::string cluster_arn{};
    std::string last_status{};
    std::string desired_status{};
    std::string stop_code{};
    std::string stopped_reason{};
    std::string started_by{};
    std::string group{};
    std::vector<container> containers{};
    std::optional<time_point> created_at{}; ///< when ECS took it
    std::optional<time_point> started_at{}; ///< when its containers ran; absent when they never did
    std::optional<time_point> stopped_at{};

    [[nodiscard]] static task from(json::value const& document) {
        auto const text = [&document](std::string_view key) { return detail::text_or_empty(document, key); };
        return {text("taskArn"),
                text("taskDefinitionArn"),
                text("clusterArn"),
                text("lastStatus"),
                text("desiredStatus"),
                text("stopCode"),
                text("stoppedReason"),
                text("startedBy"),
                text("group"),
                detail::list_of<container>(document, "containers"),
                detail::moment_of(document, "createdAt"),
                detail::moment_of(document, "startedAt"),
                detail::moment_of(document, "stoppedAt")};
    }
};

/// What ECS could not do inside a call that succeeded, e.g. `RESOURCE:MEMORY`, or `MISSING` for a task it does not know.
struct failure {
    std::string arn{};
    std::string reason{};
    std::string detail{};

    [[nodiscard]] static failure from(json::value const& document) {
        return {aws::detail::text_or_empty(document, "arn"), aws::detail::text_or_empty(document, "reason"),
                aws::detail::text_or_empty(document, "detail")};
    }
};

struct cluster {
    std::string arn{};
    std::string name{};
    std::string status{};

    [[nodiscard]] static cluster from(json::value const& document) {
        return {detail::text_or_empty(document, "clusterArn"), detail::text_or_empty(document, "clusterName"),
                detail::text_or_empty(document, "status")};
    }
};

/// The answer to RegisterTaskDefinition, DescribeTaskDefinition and DeregisterTaskDefinition.
struct task_definition_output {
    std::string arn{};
    std::string family{};
    std::int64_t revision = 0;
    std::string status{};
    std::vector<tag> tags{}; ///< they stand beside the definition, not in it
    std::string raw{};

    static constexpr std::string_view members[] = {
        "taskDefinition", "taskDefinitionArn", "family", "revision", "status", "tags", "key", "value"};
    [[nodiscard]] static result<task_definition_output> from(json::value const& answer) {
        auto const* const definition = json::object_of(answer, "taskDefinition");
        if (definition == nullptr) return detail::answer_lacks("taskDefinition");
        task_definition_output made;
        made.arn = detail::text_or_empty(*definition, "taskDefinitionArn");
        if (made.arn.empty()) return detail::answer_lacks("taskDefinition.taskDefinitionArn");
        made.family = detail::text_or_empty(*definition, "family");
        made.revision = json::integer_of(*definition, "revision").value_or(0);
        made.status = detail::text_or_empty(*definition, "status");
        made.tags = read_tags(answer, "tags");
        return made;
    }
};

/// The answer to RunTask and to DescribeTasks: both may hold tasks and failures at once.
struct tasks_output {
    std::vector<task> tasks{};
    std::vector<failure> failures{};
    std::string raw{};

    static constexpr auto& members = detail::task_members;
    [[nodiscard]] static result<tasks_output> from(json::value const& answer) {
        return tasks_output{detail::list_of<task>(answer, "tasks"), detail::list_of<failure>(answer, "failures"), {}};
    }
};
using run_task_output = tasks_output;
using describe_tasks_output = tasks_output;

/// The answer to StopTask.
struct stop_task_output {
    aws::task task{};
    std::string raw{};

    static constexpr auto& members = detail::task_members;
    [[nodiscard]] static result<stop_task_output> from(json::value const& answer) {
        auto const* const found = json::object_of(answer, "task");
        if (found == nullptr) return detail::answer_lacks("task");
        return stop_task_output{aws::task::from(*found), {}};
    }
};

/// The answer to DescribeClusters.
struct clusters_output {
    std::vector<cluster> clusters{};
    std::vector<failure> failures{};
    std::string raw{};

    static constexpr std::string_view members[] = {"clusters", "clusterArn", "clusterName", "status",
                                                   "failures", "arn",        "reason",      "detail"};
    [[nodiscard]] static result<clusters_output> from(json::value const& answer) {
        return clusters_output{
            detail::list_of<cluster>(answer, "clusters"), detail::list_of<failure>(answer, "failures"), {}};
    }
};

/// One page of ListTasks or ListTaskDefinitions; the next one is asked for with `next_token` until that is empty.
struct list_output {
    std::vector<std::string> arns{};
    std::string next_token{};
    std::string raw{};

    static constexpr std::string_view members[] = {"taskArns", "taskDefinitionArns", "nextToken"};
    [[nodiscard]] static result<list_output> from(json::value const& answer) {
        list_output made;
        for (std::string_view const member : {"taskArns", "taskDefinitionArns"}) {
            auto const* const list = json::array_of(answer, member);
            if (list == nullptr) continue;
            for (auto const& each : *list)
                if (auto const arn = json::as_text(each)) made.arns.emplace_back(*arn);
        }
        made.next_token = detail::text_or_empty(answer, "nextToken");
        return made;
    }
};

} // namespace fargate::inline v0::aws

#endif
