#ifndef FARGATE_TESTING_FAKE_ECS_HPP
#define FARGATE_TESTING_FAKE_ECS_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/api_budget.hpp>
#include <fargate/testing/aws_front.hpp>
#include <fargate/testing/ecs_definitions.hpp>
#include <fargate/testing/ecs_permissions.hpp>
#include <fargate/testing/ecs_tasks.hpp>
#include <fargate/testing/input_check.hpp>
#include <fargate/testing/task_life.hpp>
#include <fargate/testing/time_source.hpp>

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// Amazon ECS in memory: an `http_policy` model that answers as the service does, and is as strict.
///
/// Serves RegisterTaskDefinition, DeregisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions, RunTask,
/// DescribeTasks, ListTasks, StopTask and DescribeClusters. Signatures are recomputed, bodies are checked against the
/// model, definitions and tasks against the rules of the API reference. Tasks go their way by the clock given; client tokens
/// live as documented. What an account has that a fake cannot know (roles, subnets, images) is taken as existing.
///
///     fargate::testing::manual_clock clock;
///     fargate::testing::fake_ecs ecs{{}, fargate::testing::time_of(clock)};
///     ecs.every_task(fargate::testing::exits_with(1));
///     ecs.faults().fail("RunTask", 0, fargate::testing::dropped().after());
///
/// All members may be called from several threads at once.
class fake_ecs {
public:
    explicit fake_ecs(aws_account account = {}, time_source now = wall_time()) :
        front_{"AmazonEC2ContainerServiceV20141113", "ecs", account, std::move(now), "message"},
        definitions_{account.region, account.id},
        tasks_{account.region, account.id},
        region_and_account_{account.region + ":" + account.id} {
        tasks_.life = [this](json::value const& request, std::size_t number) { return next_life(request, number); };
    }
    fake_ecs(fake_ecs const&) = delete;
    fake_ecs& operator=(fake_ecs const&) = delete;

    [[nodiscard]] result<http::response> send(http::request const& request) {
        std::scoped_lock const lock{mutex_};
        return front_.serve(
            request, [this](std::string const& operation, json::value const& body, time_point now,
                            std::optional<std::string> const& failure) { return act(operation, body, now, failure); });
    }

    /// What goes wrong, and when.
    [[nodiscard]] fault_plan& faults() noexcept { return front_.faults; }
    /// Whose signatures are accepted.
    [[nodiscard]] signature_check& keys() noexcept { return front_.keys; }
    /// What the caller may do.
    [[nodiscard]] iam_gate& gate() noexcept { return front_.gate; }
    /// What has come in.
    [[nodiscard]] exchange_log const& log() const noexcept { return front_.log; }

    /// The life of every task that is asked for from now on.
    void every_task(task_life life) {
        std::scoped_lock const lock{mutex_};
        choose_ = [life = std::move(life)](json::value const&, std::size_t) { return life; };
    }
    /// The life of the next task; called several times, of the ones after it.
    void next_task(task_life life) {
        std::scoped_lock const lock{mutex_};
        next_.push_back(std::move(life));
    }
    /// Chooses a life from RunTask's body and the task's number (from 0). It must not call the fake.
    void choose_task(task_book::choose_life choose) {
        std::scoped_lock const lock{mutex_};
        choose_ = std::move(choose);
    }

    /// `default` is there from the start.
    void add_cluster(std::string name, cluster_setup setup = {}) {
        std::scoped_lock const lock{mutex_};
        tasks_.add_cluster(std::move(name), std::move(setup));
    }
    /// Throttles by these buckets; without a word by AWS's documented ones.
    void limit_rates(std::vector<api_budget::bucket> buckets = api_budget::amazon()) {
        std::scoped_lock const lock{mutex_};
        budget_.limit(std::move(buckets));
    }
    /// How long STOPPED tasks can still be seen; an hour unless told otherwise.
    void keep_stopped_tasks(duration time) {
        std::scoped_lock const lock{mutex_};
        tasks_.retention = time;
    }

    /// Every task that was ever made, oldest first. The number of these is what "exactly one" is about.
    [[nodiscard]] std::vector<ecs_task> tasks() const {
        std::scoped_lock const lock{mutex_};
        return tasks_.all();
    }
    [[nodiscard]] std::size_t tasks_created() const {
        std::scoped_lock const lock{mutex_};
        return tasks_.all().size();
    }
    [[nodiscard]] std::vector<task_definition> definitions() const {
        std::scoped_lock const lock{mutex_};
        return definitions_.all();
    }
    /// A task as DescribeTasks would show it now, visible or not; null when there is none of that ARN.
    [[nodiscard]] json::value task(std::string_view arn) const {
        std::scoped_lock const lock{mutex_};
        for (auto const& each : tasks_.all())
            if (each.arn == arn) return each.shown(front_.now(), each.cluster, true);
        return nullptr;
    }
    /// Members that requests carried and the service's model lacks, as `RunTask.overrides.colour`.
    [[nodiscard]] std::vector<std::string> unknown_members() const {
        std::scoped_lock const lock{mutex_};
        return unknown_;
    }
    /// The time this fake reads.
    [[nodiscard]] time_point now() const { return front_.now(); }

private:
    result<json::value> act(std::string const& operation, json::value const& body, time_point now,
                            std::optional<std::string> const& failure) {
        constexpr std::string_view served[] = {
            "RegisterTaskDefinition",
            "DeregisterTaskDefinition",
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "RunTask",
            "DescribeTasks",
            "ListTasks",
            "StopTask",
            "DescribeClusters",
        };
        if (std::find(std::begin(served), std::end(served), operation) == std::end(served))
            return refusal(400, "UnknownOperationException", "");
        for (auto const& each :
             ecs_permissions(operation, body, definitions_, region_and_account_, front_.gate.guards_tags()))
            if (auto denied = front_.gate.refuse(each)) return std::move(*denied);
        auto const count = json::integer_of(body, "count").value_or(1);
        if (!budget_.take(operation, static_cast<double>(count), now))
            return refusal(400, "ThrottlingException", "Rate exceeded");
        if (auto wrong = input_check::inspect(body, operation, unknown_)) return std::move(*wrong);

        if (operation == "RegisterTaskDefinition") return definitions_.enlist(body, now);
        if (operation == "DeregisterTaskDefinition") return definitions_.retire(body, now);
        if (operation == "DescribeTaskDefinition") return definitions_.describe(body);
        if (operation == "ListTaskDefinitions") return definitions_.list(body);
        if (operation == "RunTask") return tasks_.run(body, definitions_, now, failure);
        if (operation == "DescribeTasks") return tasks_.describe(body, now);
        if (operation == "ListTasks") return tasks_.list(body, now);
        if (operation == "StopTask") return tasks_.stop(body, now);
        return tasks_.describe_clusters(body, now);
    }

    task_life next_life(json::value const& request, std::size_t number) {
        if (!next_.empty()) {
            task_life life = std::move(next_.front());
            next_.pop_front();
            return life;
        }
        return choose_ ? choose_(request, number) : task_life{};
    }

    mutable std::mutex mutex_;
    aws_front front_;
    definition_book definitions_;
    task_book tasks_;
    std::string region_and_account_;
    api_budget budget_;
    std::deque<task_life> next_;
    task_book::choose_life choose_;
    std::vector<std::string> unknown_;
};

} // namespace fargate::inline v0::testing

#endif
