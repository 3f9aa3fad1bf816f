#ifndef FARGATE_AWS_API_RATE_HPP
#define FARGATE_AWS_API_RATE_HPP

#include <fargate/json/json.hpp>
#include <fargate/retry/token_bucket.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace fargate::inline v0::aws {

/// How often ECS lets one account call in one region, by the table of "Request throttling for the Amazon ECS API" and, for
/// Fargate, "AWS Fargate throttling quotas". AWS raises these on request and changes them: they are defaults.
struct ecs_rates {
    retry::bucket_rate task_definition_modify{20, 1}; ///< RegisterTaskDefinition, DeregisterTaskDefinition
    retry::bucket_rate task_definition_read{50, 20};  ///< DescribeTaskDefinition, ListTaskDefinitions
    retry::bucket_rate task_definition_delete{5, 1};  ///< DeleteTaskDefinitions
    retry::bucket_rate resource_modify{100, 40};      ///< RunTask, StopTask
    retry::bucket_rate resource_read{100, 20};        ///< DescribeTasks, ListTasks
    retry::bucket_rate cluster_read{50, 20};          ///< DescribeClusters, ListClusters
    retry::bucket_rate tag_modify{20, 10};            ///< TagResource, UntagResource
    retry::bucket_rate fargate_calls{20, 20};         ///< RunTask on Fargate, over and above
    retry::bucket_rate on_demand_launches{100, 20};   ///< tasks on FARGATE
    retry::bucket_rate spot_launches{100, 20};        ///< tasks on FARGATE_SPOT
};

/// Token buckets that keep a caller below `ecs_rates`, so that it waits its turn at home instead of being throttled, over
/// and over, together with everybody else of the account. One set is for one account and region; `ecs` has its own.
/// Thread-safe.
class ecs_buckets {
public:
    ecs_buckets() : ecs_buckets(ecs_rates{}) {}
    explicit ecs_buckets(ecs_rates const& rates) :
        task_definition_modify_{rates.task_definition_modify},
        task_definition_read_{rates.task_definition_read},
        task_definition_delete_{rates.task_definition_delete},
        resource_modify_{rates.resource_modify},
        resource_read_{rates.resource_read},
        cluster_read_{rates.cluster_read},
        tag_modify_{rates.tag_modify},
        fargate_calls_{rates.fargate_calls},
        on_demand_launches_{rates.on_demand_launches},
        spot_launches_{rates.spot_launches} {}

    /// What one attempt of an operation takes. RunTask takes one call of the common bucket and, on Fargate, one of
    /// Fargate's and `count` launches: on demand, or spot, where the input says so alone; a strategy of both leaves it to
    /// ECS which, and takes none. What no bucket is for takes nothing.
    [[nodiscard]] retry::tolls of(std::string_view operation, json::value const& input) {
        if (operation == "RunTask") return of_run_task(input);
        return {retry::toll{common(operation)}};
    }

private:
    [[nodiscard]] retry::token_bucket* common(std::string_view operation) noexcept {
        struct row {
            std::string_view operation;
            retry::token_bucket ecs_buckets::*bucket;
        };
        static constexpr row rows[] = {
            {"RegisterTaskDefinition", &ecs_buckets::task_definition_modify_},
            {"DeregisterTaskDefinition", &ecs_buckets::task_definition_modify_},
            {"DescribeTaskDefinition", &ecs_buckets::task_definition_read_},
            {"ListTaskDefinitions", &ecs_buckets::task_definition_read_},
            {"DeleteTaskDefinitions", &ecs_buckets::task_definition_delete_},
            {"StopTask", &ecs_buckets::resource_modify_},
            {"DescribeTasks", &ecs_buckets::resource_read_},
            {"ListTasks", &ecs_buckets::resource_read_},
            {"DescribeClusters", &ecs_buckets::cluster_read_},
            {"ListClusters", &ecs_buckets::cluster_read_},
            {"TagResource", &ecs_buckets::tag_modify_},
            {"UntagResource", &ecs_buckets::tag_modify_},
        };
        for (auto const& each : rows)
            if (each.operation == operation) return &(this->*each.bucket);
        return nullptr;
    }

    [[nodiscard]] retry::tolls of_run_task(json::value const& input) {
        bool const launch_type = json::text_of(input, "launchType") == "FARGATE";
        bool on_demand = launch_type;
        bool spot = false;
        if (auto const* const strategy = json::array_of(input, "capacityProviderStrategy"))
            for (auto const& each : *strategy) {
                auto const provider = json::text_of(each, "capacityProvider");
                on_demand = on_demand || provider == "FARGATE";
                spot = spot || provider == "FARGATE_SPOT";
            }
        if (!on_demand && !spot) return {retry::toll{&resource_modify_}};
        constexpr std::int64_t most = 10; // RunTask takes no more
        auto const count =
            static_cast<double>(std::clamp(json::integer_of(input, "count").value_or(1), std::int64_t{1}, most));
        auto* const launches = on_demand && spot ? nullptr : on_demand ? &on_demand_launches_ : &spot_launches_;
        return {retry::toll{&resource_modify_}, retry::toll{&fargate_calls_}, retry::toll{launches, count}};
    }

    retry::token_bucket task_definition_modify_;
    retry::token_bucket task_definition_read_;
    retry::token_bucket task_definition_delete_;
    retry::token_bucket resource_modify_;
    retry::token_bucket resource_read_;
    retry::token_bucket cluster_read_;
    retry::token_bucket tag_modify_;
    retry::token_bucket fargate_calls_;
    retry::token_bucket on_demand_launches_;
    retry::token_bucket spot_launches_;
};

} // namespace fargate::inline v0::aws

#endif
