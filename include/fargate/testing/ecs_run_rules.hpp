#ifndef FARGATE_TESTING_ECS_RUN_RULES_HPP
#define FARGATE_TESTING_ECS_RUN_RULES_HPP

#include <fargate/core/error.hpp>
#include <fargate/json/json.hpp>
#include <fargate/testing/ecs_definitions.hpp>
#include <fargate/testing/fargate_sizes.hpp>
#include <fargate/testing/input_check.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::testing {

/// What a cluster of the fake ECS has to run tasks on, besides Fargate.
struct cluster_setup {
    int container_instances = 0;             ///< EC2 tasks need one
    std::string default_capacity_provider{}; ///< for tasks that name neither launch type nor strategy
};

/// Where a task will run, once RunTask's rules have let it pass.
struct placement {
    std::string launch_type = "FARGATE";
    std::string capacity_provider{};
};

namespace detail {

/// Characters of a document written without any blank, which is how ECS measures overrides.
[[nodiscard]] inline std::size_t compact_size(json::value const& given) {
    if (auto const* const members = given.get_ptr<json::value::object_t const*>()) {
        std::size_t size = 2 + (members->empty() ? 0 : members->size() - 1);
        for (auto const& [name, each] : *members) size += name.size() + 3 + compact_size(each);
        return size;
    }
    if (auto const* const items = given.get_ptr<json::value::array_t const*>()) {
        std::size_t size = 2 + (items->empty() ? 0 : items->size() - 1);
        for (auto const& each : *items) size += compact_size(each);
        return size;
    }
    if (auto const text = json::as_text(given))
        return text->size() + 2 + static_cast<std::size_t>(std::count_if(text->begin(), text->end(), [](char c) {
                   return c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t';
               }));
    return json::write(given).size();
}

[[nodiscard]] inline std::optional<error> refuse_network(json::value const& input, task_definition const& definition) {
    auto const* const network = json::object_of(input, "networkConfiguration");
    auto const* const vpc = network != nullptr ? json::object_of(*network, "awsvpcConfiguration") : nullptr;
    if (json::text_of(definition.body, "networkMode") != "awsvpc") {
        if (vpc == nullptr) return std::nullopt;
        return invalid_parameter(
            "Network Configuration is not valid for the given networkMode of this task definition.");
    }
    if (vpc == nullptr)
        return invalid_parameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
    auto const* const subnets = json::array_of(*vpc, "subnets");
    if (subnets == nullptr || subnets->empty()) return invalid_parameter("subnets can not be empty.");
    if (subnets->size() > 16) return invalid_parameter("subnets can have at most 16 items.");
    auto const* const groups = json::array_of(*vpc, "securityGroups");
    if (groups != nullptr && groups->size() > 5) return invalid_parameter("securityGroups can have at most 5 items.");
    return std::nullopt;
}

[[nodiscard]] inline std::optional<error> refuse_overrides(json::value const& input,
                                                           task_definition const& definition) {
    auto const* const overrides = json::object_of(input, "overrides");
    if (overrides == nullptr) return std::nullopt;
    if (compact_size(*overrides) > 8192) return invalid_parameter("Container Overrides length must be at most 8192");
    if (auto const* const containers = json::array_of(*overrides, "containerOverrides"))
        for (auto const& each : *containers) {
            auto const name = json::text_of(each, "name").value_or("");
            if (name.empty()) return invalid_parameter("Container Name cannot be empty.");
            if (definition.container(name) == nullptr)
                return invalid_parameter("Override for container named " + std::string{name.substr(0, 255)} +
                                         " is not a container in the TaskDefinition.");
        }
    auto const cpu = json::text_of(*overrides, "cpu");
    auto const memory = json::text_of(*overrides, "memory");
    if (!cpu && !memory) return std::nullopt;
    auto const units = cpu_units(cpu.value_or(json::text_of(definition.body, "cpu").value_or("")));
    auto const mib = memory_mib(memory.value_or(json::text_of(definition.body, "memory").value_or("")));
    if (!units) return invalid_parameter("Invalid 'cpu' setting for task.");
    if (!mib) return invalid_parameter("Invalid 'memory' setting for task.");
    if (definition.runs_on("FARGATE") && !fargate_offers(*units, *mib))
        return client_error("No Fargate configuration exists for given values: " + std::to_string(*units) + " CPU, " +
                            std::to_string(*mib) + " memory. See the Amazon ECS documentation for the valid values.");
    return std::nullopt;
}

} // namespace detail

/// The rules of RunTask that need no definition: count, names, tokens, tags.
[[nodiscard]] inline std::optional<error> refuse_run(json::value const& input) {
    if (json::text_of(input, "taskDefinition").value_or("").empty())
        return invalid_parameter("TaskDefinition can not be blank.");
    auto const count = json::integer_of(input, "count").value_or(1);
    if (count < 1 || count > 10) return invalid_parameter("Count must be between 1 and 10.");
    auto const started_by = json::text_of(input, "startedBy").value_or("");
    bool const named_well = std::all_of(started_by.begin(), started_by.end(),
                                        [](char c) { return text::is_alnum(c) || c == '-' || c == '_' || c == '/'; });
    if (started_by.size() > 128 || !named_well)
        return invalid_parameter("startedBy can have at most 128 letters, digits, hyphens, underscores and slashes.");
    if (auto const token = json::text_of(input, "clientToken")) {
        bool const printable = std::all_of(token->begin(), token->end(), [](char c) { return c > 32 && c < 127; });
        if (token->empty() || token->size() > 64 || !printable)
            return invalid_parameter("clientToken must be 1 to 64 ASCII characters in the range 33-126.");
    }
    return check_tags(json::array_of(input, "tags"));
}

/// The rules that concern the definition and the place: awsvpc, overrides, launch type or strategy.
[[nodiscard]] inline result<placement> place_run(json::value const& input, task_definition const& definition,
                                                 cluster_setup const& cluster) {
    auto const launch_type = json::text_of(input, "launchType");
    auto const* const strategy = json::array_of(input, "capacityProviderStrategy");
    bool const has_strategy = strategy != nullptr && !strategy->empty();
    if (launch_type && has_strategy)
        return invalid_parameter(
            "Specifying both a launch type and capacity provider strategy is not supported. Remove "
            "one and try again.");
    placement found;
    if (has_strategy) {
        if (strategy->size() > 20) return invalid_parameter("capacityProviderStrategy can have at most 20 items.");
        for (auto const& each : *strategy) {
            auto const name = json::text_of(each, "capacityProvider").value_or("");
            if (name != "FARGATE" && name != "FARGATE_SPOT")
                return invalid_parameter(
                    "The specified capacity provider was not found. Specify a valid capacity provider "
                    "and try again.");
            bool const used = json::integer_of(each, "weight").value_or(0) > 0 ||
                              json::integer_of(each, "base").value_or(0) > 0 || strategy->size() == 1;
            if (used && found.capacity_provider.empty()) found.capacity_provider = std::string{name};
        }
        if (found.capacity_provider.empty())
            return invalid_parameter("At least one capacity provider must have a weight greater than 0.");
    } else if (launch_type) {
        found.launch_type = std::string{*launch_type};
    } else if (!cluster.default_capacity_provider.empty()) {
        found.capacity_provider = cluster.default_capacity_provider;
    } else {
        found.launch_type = "EC2";
    }
    if (found.launch_type == "FARGATE" && !definition.runs_on("FARGATE"))
        return invalid_parameter("Task definition does not support launch_type FARGATE.");
    if (found.launch_type != "FARGATE" && cluster.container_instances == 0)
        return invalid_parameter("No Container Instances were found in your cluster.");
    if (auto wrong = detail::refuse_network(input, definition)) return std::move(*wrong);
    if (auto wrong = detail::refuse_overrides(input, definition)) return std::move(*wrong);
    return found;
}

} // namespace fargate::inline v0::testing

#endif
