#ifndef FARGATE_TESTING_ECS_TASKS_HPP
#define FARGATE_TESTING_ECS_TASKS_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/ecs_definitions.hpp>
#include <fargate/testing/ecs_run_rules.hpp>
#include <fargate/testing/ecs_task.hpp>
#include <fargate/testing/input_check.hpp>
#include <fargate/testing/task_life.hpp>
#include <fargate/testing/time_source.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// The tasks of the fake ECS, the clusters they are in, and the tokens they were asked for with.
class task_book {
public:
    /// Chooses the life of the `number`-th task (from 0), knowing RunTask's body.
    using choose_life = std::function<task_life(json::value const& request, std::size_t number)>;

    task_book(std::string region, std::string account) :
        prefix_{"arn:aws:ecs:" + std::move(region) + ":" + std::move(account) + ":"} {
        clusters_["default"] = {};
    }

    duration retention = std::chrono::hours{1};        ///< how long a STOPPED task can still be seen
    duration token_life = std::chrono::hours{24};      ///< a client token's life at most
    duration token_after_stop = std::chrono::hours{1}; ///< and no longer than this after its last task stopped
    choose_life life{};

    void add_cluster(std::string name, cluster_setup setup) { clusters_[std::move(name)] = std::move(setup); }

    /// RunTask. With `failure` no task is made, and the answer (kept under its token like any other) says why.
    [[nodiscard]] result<json::value> run(json::value const& input, definition_book const& definitions, time_point now,
                                          std::optional<std::string> const& failure);
    [[nodiscard]] result<json::value> describe(json::value const& input, time_point now) const;
    [[nodiscard]] result<json::value> list(json::value const& input, time_point now) const;
    [[nodiscard]] result<json::value> stop(json::value const& input, time_point now);
    [[nodiscard]] result<json::value> describe_clusters(json::value const& input, time_point now) const;

    /// Every task there ever was, oldest first.
    [[nodiscard]] std::vector<ecs_task> const& all() const noexcept { return tasks_; }
    [[nodiscard]] std::size_t failures() const noexcept { return failures_; }

private:
    struct answered {
        std::string parameters{};
        std::vector<std::size_t> tasks{};
        json::value failures = json::value::array();
        time_point at{};
    };

    [[nodiscard]] static std::string cluster_name(std::optional<std::string_view> given) {
        if (!given || given->empty()) return "default";
        std::size_t const mark = given->find(":cluster/");
        return std::string{mark == std::string_view::npos ? *given : given->substr(mark + 9)};
    }

    [[nodiscard]] std::string cluster_arn(std::string const& name) const { return prefix_ + "cluster/" + name; }

    /// The index of the visible task that an ARN or id names in a cluster.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view reference, std::string const& cluster,
                                                  time_point now) const {
        std::string_view const id =
            reference.starts_with("arn:") ? reference.substr(reference.rfind('/') + 1) : reference;
        auto const found = by_id_.find(id);
        if (found == by_id_.end()) return std::nullopt;
        ecs_task const& task = tasks_[found->second];
        if (task.cluster != cluster || (reference.starts_with("arn:") && task.arn != reference)) return std::nullopt;
        return is_visible(task, now) ? std::optional{found->second} : std::nullopt;
    }

    [[nodiscard]] bool is_visible(ecs_task const& task, time_point now) const {
        if (now < task.created + task.life.visible_after) return false;
        auto const stopped = task.phase(now).stopped;
        return !stopped || now < *stopped + retention;
    }

    [[nodiscard]] bool is_alive(answered const& known, time_point now) const {
        if (now >= known.at + token_life) return false;
        if (known.tasks.empty()) return true;
        time_point last{};
        for (std::size_t const each : known.tasks) {
            auto const stopped = tasks_[each].phase(now).stopped;
            if (!stopped) return true;
            last = std::max(last, *stopped);
        }
        return now < last + token_after_stop;
    }

    /// The request as a text that is equal exactly when the parameters are: members sorted, null and token left out.
    static void write_parameters(json::value const& given, std::string& out, bool top) {
        auto const* const members = given.get_ptr<json::value::object_t const*>();
        if (members == nullptr) {
            if (auto const* const items = given.get_ptr<json::value::array_t const*>()) {
                out += '[';
                for (auto const& each : *items) write_parameters(each, out, false);
                out += ']';
            } else {
                out += json::write(given) + ",";
            }
            return;
        }
        std::map<std::string_view, json::value const*> sorted;
        for (auto const& [name, each] : *members)
            if (!each.is_null() && !(top && (name == "clientToken" || name == "cluster"))) sorted[name] = &each;
        out += '{';
        for (auto const& [name, each] : sorted) {
            out += std::string{name} + ":";
            write_parameters(*each, out, false);
        }
        out += '}';
    }

    [[nodiscard]] json::value result_of(answered const& known, time_point now, bool again) const {
        json::value tasks = json::value::array();
        for (std::size_t const each : known.tasks) {
            ecs_task const& task = tasks_[each];
            if (again && task.phase(now).stopped) {
                tasks.push_back(
                    json::value{{"taskArn", task.arn}, {"lastStatus", "STOPPED"}, {"desiredStatus", "STOPPED"}});
            } else {
                tasks.push_back(task.shown(now, cluster_arn(task.cluster), true));
            }
        }
        return json::value{{"tasks", std::move(tasks)}, {"failures", known.failures}};
    }

    std::string prefix_;
    std::map<std::string, cluster_setup, std::less<>> clusters_;
    std::vector<ecs_task> tasks_;
    std::map<std::string, std::size_t, std::less<>> by_id_;
    std::map<std::pair<std::string, std::string>, answered> tokens_;
    std::size_t failures_ = 0;
};

inline result<json::value> task_book::run(json::value const& input, definition_book const& definitions, time_point now,
                                          std::optional<std::string> const& failure) {
    if (auto wrong = refuse_run(input)) return std::move(*wrong);
    std::string const cluster = cluster_name(json::text_of(input, "cluster"));
    auto const setup = clusters_.find(cluster);
    if (setup == clusters_.end()) return refusal(400, "ClusterNotFoundException", "Cluster not found.");

    auto const token = json::text_of(input, "clientToken");
    answered fresh;
    fresh.at = now;
    write_parameters(input, fresh.parameters, true);
    if (token) {
        auto const known = tokens_.find({cluster, std::string{*token}});
        if (known != tokens_.end() && is_alive(known->second, now)) {
            if (known->second.parameters == fresh.parameters) return result_of(known->second, now, true);
            error conflict =
                refusal(400, "ConflictException", "The clientToken was used before with different parameters.");
            for (std::size_t const each : known->second.tasks) conflict.resources.push_back(tasks_[each].arn);
            return conflict;
        }
    }

    auto const* const definition = definitions.find(json::text_of(input, "taskDefinition").value_or(""));
    if (definition == nullptr) return client_error("TaskDefinition not found.");
    if (!definition->active) return client_error("TaskDefinition is inactive");
    auto const where = place_run(input, *definition, setup->second);
    if (!where) return where.error();

    auto const count = static_cast<std::size_t>(json::integer_of(input, "count").value_or(1));
    if (failure) {
        failures_ += count;
        for (std::size_t i = 0; i != count; ++i) fresh.failures.push_back(json::value{{"reason", *failure}});
    } else {
        auto const request = std::make_shared<json::value const>(input);
        auto const revision = std::make_shared<task_definition const>(*definition);
        for (std::size_t i = 0; i != count; ++i) {
            std::size_t const number = tasks_.size();
            std::string const digits = std::to_string(number + 1);
            std::string const id = "fa4e" + std::string(28 - std::min<std::size_t>(28, digits.size()), '0') + digits;
            ecs_task made;
            made.arn = prefix_ + "task/" + cluster + "/" + id;
            made.cluster = cluster;
            made.request = request;
            made.definition = revision;
            made.where = *where;
            made.created = now;
            if (life) made.life = life(input, number);
            by_id_[id] = number;
            tasks_.push_back(std::move(made));
            fresh.tasks.push_back(number);
        }
    }
    json::value answer = result_of(fresh, now, false);
    if (token) tokens_[{cluster, std::string{*token}}] = std::move(fresh);
    return answer;
}

inline result<json::value> task_book::describe(json::value const& input, time_point now) const {
    std::string const cluster = cluster_name(json::text_of(input, "cluster"));
    if (!clusters_.contains(cluster)) return refusal(400, "ClusterNotFoundException", "Cluster not found.");
    auto const* const wanted = json::array_of(input, "tasks");
    if (wanted == nullptr || wanted->empty()) return invalid_parameter("Tasks cannot be empty.");
    if (wanted->size() > 100) return invalid_parameter("Tasks can have at most 100 items.");
    bool with_tags = false;
    if (auto const* const include = json::array_of(input, "include"))
        for (auto const& each : *include) with_tags = with_tags || json::as_text(each) == "TAGS";
    json::value tasks = json::value::array();
    json::value failures = json::value::array();
    for (auto const& each : *wanted) {
        auto const reference = json::as_text(each).value_or("");
        if (auto const found = find(reference, cluster, now)) {
            tasks.push_back(tasks_[*found].shown(now, cluster_arn(cluster), with_tags));
        } else {
            std::string const arn = reference.starts_with("arn:")
                                        ? std::string{reference}
                                        : prefix_ + "task/" + cluster + "/" + std::string{reference};
            failures.push_back(json::value{{"arn", arn}, {"reason", "MISSING"}});
        }
    }
    return json::value{{"tasks", std::move(tasks)}, {"failures", std::move(failures)}};
}

inline result<json::value> task_book::list(json::value const& input, time_point now) const {
    std::string const cluster = cluster_name(json::text_of(input, "cluster"));
    if (!clusters_.contains(cluster)) return refusal(400, "ClusterNotFoundException", "Cluster not found.");
    auto const started_by = json::text_of(input, "startedBy");
    auto const family = json::text_of(input, "family");
    auto const launch_type = json::text_of(input, "launchType");
    auto const status = json::text_of(input, "desiredStatus");
    bool const instance_or_service = json::member(input, "containerInstance") || json::member(input, "serviceName");
    if (started_by && (family || launch_type || status || instance_or_service))
        return invalid_parameter("cannot specify startedBy with other arguments");
    auto const most = json::integer_of(input, "maxResults").value_or(100);
    if (most < 1 || most > 100) return invalid_parameter("MaxResults must be between 1 and 100.");
    bool const want_stopped = status == "STOPPED";
    std::vector<std::string> arns;
    for (auto const& each : tasks_) {
        if (each.cluster != cluster || !is_visible(each, now) || instance_or_service || status == "PENDING") continue;
        if (each.phase(now).to_stop != want_stopped) continue;
        if (started_by && json::text_of(*each.request, "startedBy") != *started_by) continue;
        if (family && each.definition->family != *family) continue;
        if (launch_type && each.where.launch_type != *launch_type) continue;
        arns.push_back(each.arn);
    }
    return definition_book::page(arns, input, static_cast<std::size_t>(most), "taskArns");
}

inline result<json::value> task_book::stop(json::value const& input, time_point now) {
    std::string const cluster = cluster_name(json::text_of(input, "cluster"));
    if (!clusters_.contains(cluster)) return refusal(400, "ClusterNotFoundException", "Cluster not found.");
    auto const reference = json::text_of(input, "task").value_or("");
    if (reference.empty()) return invalid_parameter("Task can not be blank.");
    auto const found = find(reference, cluster, now);
    if (!found) return invalid_parameter("The referenced task was not found.");
    ecs_task& task = tasks_[*found];
    auto const reason = json::text_of(input, "reason").value_or("Task stopped by user");
    if (!task.order) task.order = stop_order{now, std::string{reason}};
    return json::value{{"task", task.shown(now, cluster_arn(cluster), false)}};
}

inline result<json::value> task_book::describe_clusters(json::value const& input, time_point now) const {
    json::value clusters = json::value::array();
    json::value failures = json::value::array();
    auto const* const wanted = json::array_of(input, "clusters");
    json::value const usual = json::value::array({"default"});
    if (wanted != nullptr && wanted->size() > 100) return invalid_parameter("Clusters can have at most 100 items.");
    for (auto const& each : wanted != nullptr && !wanted->empty() ? *wanted : usual) {
        std::string const name = cluster_name(json::as_text(each));
        auto const found = clusters_.find(name);
        if (found == clusters_.end()) {
            failures.push_back(json::value{{"arn", cluster_arn(name)}, {"reason", "MISSING"}});
            continue;
        }
        int running = 0;
        int pending = 0;
        for (auto const& task : tasks_) {
            if (task.cluster != name) continue;
            auto const status = task.phase(now).last_status;
            running += status == "RUNNING";
            pending += status == "PROVISIONING" || status == "PENDING" || status == "ACTIVATING";
        }
        clusters.push_back(json::value{{"clusterArn", cluster_arn(name)},
                                       {"clusterName", name},
                                       {"status", "ACTIVE"},
                                       {"registeredContainerInstancesCount", found->second.container_instances},
                                       {"runningTasksCount", running},
                                       {"pendingTasksCount", pending},
                                       {"activeServicesCount", 0},
                                       {"capacityProviders", json::value::array({"FARGATE", "FARGATE_SPOT"})}});
    }
    return json::value{{"clusters", std::move(clusters)}, {"failures", std::move(failures)}};
}

} // namespace fargate::inline v0::testing

#endif
