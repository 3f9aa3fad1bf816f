#ifndef FARGATE_TESTING_ECS_PERMISSIONS_HPP
#define FARGATE_TESTING_ECS_PERMISSIONS_HPP

#include <fargate/json/json.hpp>
#include <fargate/testing/ecs_definitions.hpp>
#include <fargate/testing/iam_policy.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::testing {

/// What a call to ECS needs to be allowed: the action itself, on the task definition for RunTask, on each task for
/// DescribeTasks and StopTask, and on `*` for everything else; `iam:PassRole` for each role that a definition or an override names, on registering as on running; and, when
/// `tagging`, `ecs:TagResource` on what gets tags at its birth. `region_and_account` is `us-east-1:123456789012`.
/// Follows the service authorization reference of ECS.
[[nodiscard]] inline std::vector<iam_request> ecs_permissions(std::string_view operation, json::value const& body,
                                                              definition_book const& definitions,
                                                              std::string_view region_and_account, bool tagging) {
    std::string const arn = "arn:aws:ecs:" + std::string{region_and_account} + ":";
    std::string const account{region_and_account.substr(region_and_account.find(':') + 1)};
    bool const runs = operation == "RunTask";
    auto const* const definition =
        runs ? definitions.find(json::text_of(body, "taskDefinition").value_or("")) : nullptr;

    iam_request action;
    action.action = "ecs:" + std::string{operation};
    if (runs)
        action.resource = definition != nullptr ? definition->arn
                                                : arn + "task-definition/" +
                                                      std::string{json::text_of(body, "taskDefinition").value_or("")};
    auto const task_arn = [&](std::string_view reference) {
        std::string const cluster{json::text_of(body, "cluster").value_or("default")};
        return reference.starts_with("arn:")
                   ? std::string{reference}
                   : arn + "task/" + cluster.substr(cluster.rfind('/') + 1) + "/" + std::string{reference};
    };
    if (operation == "StopTask") action.resource = task_arn(json::text_of(body, "task").value_or(""));
    if (auto const* const tasks = json::array_of(body, "tasks"); tasks != nullptr && operation == "DescribeTasks") {
        std::vector<iam_request> each_of;
        for (auto const& each : *tasks)
            each_of.push_back({action.action, task_arn(json::as_text(each).value_or("")), {}});
        if (!each_of.empty()) return each_of;
    }
    if (auto const* const tags = json::array_of(body, "tags"))
        for (auto const& each : *tags)
            action.context["aws:TagKeys"].emplace_back(json::text_of(each, "key").value_or(""));
    std::vector<iam_request> made{action};

    auto const pass_roles = [&](json::value const& of) {
        for (char const* const name : {"taskRoleArn", "executionRoleArn"}) {
            std::string role{json::text_of(of, name).value_or("")};
            if (role.empty()) continue;
            if (!role.starts_with("arn:")) role = "arn:aws:iam::" + account + ":role/" + role;
            made.push_back({"iam:PassRole", role, {{"iam:PassedToService", {"ecs-tasks.amazonaws.com"}}}});
        }
    };
    if (operation == "RegisterTaskDefinition") pass_roles(body);
    if (definition != nullptr) pass_roles(definition->body);
    if (auto const* const overrides = json::object_of(body, "overrides")) pass_roles(*overrides);

    if (tagging && !action.context["aws:TagKeys"].empty()) {
        std::string const cluster{json::text_of(body, "cluster").value_or("default")};
        std::string const family{json::text_of(body, "family").value_or("")};
        made.push_back(
            {"ecs:TagResource",
             arn + (runs ? "task/" + cluster.substr(cluster.rfind('/') + 1) + "/" : "task-definition/" + family),
             action.context});
    }
    return made;
}

} // namespace fargate::inline v0::testing

#endif
