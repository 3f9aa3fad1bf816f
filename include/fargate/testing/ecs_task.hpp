#ifndef FARGATE_TESTING_ECS_TASK_HPP
#define FARGATE_TESTING_ECS_TASK_HPP

#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/ecs_definitions.hpp>
#include <fargate/testing/ecs_run_rules.hpp>
#include <fargate/testing/task_life.hpp>
#include <fargate/testing/time_source.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::testing {

/// One task of the fake ECS: what was asked for, and the script of its life.
struct ecs_task {
    std::string arn{};
    std::string cluster{};
    std::shared_ptr<json::value const> request{};        ///< RunTask's body
    std::shared_ptr<task_definition const> definition{}; ///< the revision that runs
    placement where{};
    time_point created{};
    task_life life{};
    std::optional<stop_order> order{};

    [[nodiscard]] task_phase phase(time_point now) const { return phase_at(life, created, order, now); }
    [[nodiscard]] std::string id() const { return arn.substr(arn.rfind('/') + 1); }
    [[nodiscard]] json::value shown(time_point now, std::string const& cluster_arn, bool with_tags) const;
};

namespace detail {

[[nodiscard]] inline json::value container_view(ecs_task const& task, task_phase const& phase,
                                                json::value const& definition) {
    auto const name = json::text_of(definition, "name").value_or("");
    std::string_view const status = phase.execution_stopped || phase.stopped ? "STOPPED"
                                    : phase.started                          ? "RUNNING"
                                                                             : "PENDING";
    json::value shown{{"containerArn", task.arn + "/" + std::string{name}},
                      {"taskArn", task.arn},
                      {"name", name},
                      {"image", json::text_of(definition, "image").value_or("")},
                      {"lastStatus", status},
                      {"networkInterfaces", json::value::array()},
                      {"healthStatus", "UNKNOWN"},
                      {"cpu", std::to_string(json::integer_of(definition, "cpu").value_or(0))}};
    auto const& life = task.life;
    if (status == "STOPPED" && phase.started && !life.exit_code_lost) {
        int code = phase.told_to_stop                             ? life.told_to_stop_code
                   : life.end == task_life::ending::out_of_memory ? 137
                                                                  : life.exit_code;
        auto const other = std::find_if(life.other_exits.begin(), life.other_exits.end(),
                                        [&](auto const& each) { return each.first == name; });
        if (other != life.other_exits.end()) code = other->second;
        json::set(shown, "exitCode", code);
    }
    if (status == "STOPPED") {
        std::string reason = life.container_reason;
        if (reason.empty() && life.end == task_life::ending::out_of_memory && !phase.told_to_stop)
            reason = "OutOfMemoryError: Container killed due to memory usage";
        if (!reason.empty()) json::set(shown, "reason", reason);
    }
    return shown;
}

} // namespace detail

/// The task as DescribeTasks shows it at `now`.
inline json::value ecs_task::shown(time_point now, std::string const& cluster_arn, bool with_tags) const {
    task_phase const at = phase(now);
    json::value containers = json::value::array();
    bool const none = life.empty_containers && life.end == task_life::ending::never_starts;
    if (auto const* const list = json::array_of(definition->body, "containerDefinitions"); list != nullptr && !none)
        for (auto const& each : *list) containers.push_back(detail::container_view(*this, at, each));

    json::value view{{"taskArn", arn},
                     {"clusterArn", cluster_arn},
                     {"taskDefinitionArn", definition->arn},
                     {"lastStatus", at.last_status},
                     {"desiredStatus", at.to_stop ? "STOPPED" : "RUNNING"},
                     {"containers", std::move(containers)},
                     {"createdAt", epoch_seconds(created)},
                     {"group", json::text_of(*request, "group").value_or("family:" + definition->family)},
                     {"attachments", json::value::array()},
                     {"attributes", json::value::array()},
                     {"healthStatus", "UNKNOWN"},
                     {"launchType", where.launch_type},
                     {"enableExecuteCommand", json::flag_of(*request, "enableExecuteCommand").value_or(false)}};
    if (!where.capacity_provider.empty()) json::set(view, "capacityProviderName", where.capacity_provider);
    if (where.launch_type == "FARGATE") {
        json::set(view, "platformVersion", "1.4.0");
        json::set(view, "platformFamily", "Linux");
    }
    json::value overrides{{"containerOverrides", json::value::array()},
                          {"inferenceAcceleratorOverrides", json::value::array()}};
    if (auto const* const given = json::object_of(*request, "overrides"))
        for (auto const& [name, each] : *given->get_ptr<json::value::object_t const*>())
            json::set(overrides, name, each);
    for (auto const* size : {"cpu", "memory"})
        if (auto const text =
                json::text_of(overrides, size) ? json::text_of(overrides, size) : json::text_of(definition->body, size))
            json::set(view, size, std::string{*text});
    json::set(view, "overrides", std::move(overrides));
    if (auto const by = json::text_of(*request, "startedBy")) json::set(view, "startedBy", std::string{*by});

    auto const moment = [&](char const* name, std::optional<time_point> when) {
        if (when) json::set(view, name, epoch_seconds(*when));
    };
    moment("pullStartedAt", at.pull_began);
    moment("startedAt", at.started);
    moment("stoppingAt", at.stopping);
    moment("executionStoppedAt", at.execution_stopped);
    moment("stoppedAt", at.stopped);
    if (!at.stop_code.empty()) json::set(view, "stopCode", at.stop_code);
    if (!at.stopped_reason.empty()) json::set(view, "stoppedReason", at.stopped_reason);

    json::value tags = json::value::array();
    if (auto const* const given = json::array_of(*request, "tags"); given != nullptr && with_tags) tags = *given;
    if (with_tags && json::text_of(*request, "propagateTags") == "TASK_DEFINITION")
        for (auto const& each : definition->tags) {
            bool const own = std::any_of(tags.begin(), tags.end(), [&](json::value const& tag) {
                return json::text_of(tag, "key") == json::text_of(each, "key");
            });
            if (!own) tags.push_back(each);
        }
    json::set(view, "tags", std::move(tags));
    return view;
}

} // namespace fargate::inline v0::testing

#endif
