#ifndef FARGATE_DEPLOY_PLAN_HPP
#define FARGATE_DEPLOY_PLAN_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/client_token.hpp>
#include <fargate/deploy/image.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/deploy/python_repr.hpp>
#include <fargate/deploy/request_limits.hpp>
#include <fargate/deploy/run_config.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/epoch.hpp>
#include <fargate/prefect/flow_run.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

inline constexpr std::size_t longest_family = 255; ///< of ECS

/// The family a flow without revisions of its own is registered under.
[[nodiscard]] inline std::string family_by_id(prefect::flow const& flow) { return "prefect-task-" + flow.id8(); }

/// The family a flow is registered under.
[[nodiscard]] inline std::string family_of(prefect::flow const& flow, settings const& with) {
    std::string family = with.enable_task_revisions ? slug_of(flow.name, with) : std::string{};
    if (family.size() > longest_family) family.resize(longest_family);
    while (!family.empty() && family.back() == '-') family.pop_back();
    return family.empty() ? family_by_id(flow) : family;
}

/// Keys of the tags by which a flow's revisions are found again.
inline constexpr std::string_view flow_id_tag = "PrefectFlowId";
inline constexpr std::string_view flow_version_tag = "PrefectFlowVersion";

namespace detail {

inline constexpr std::string_view container_name = "flow";

[[nodiscard]] inline std::string_view api_of(settings const& with) noexcept {
    return with.api.empty() ? std::string_view{"https://api.prefect.io"} : with.api;
}

[[nodiscard]] inline json::value pair_of(char const* first, std::string_view name, std::string_view value) {
    auto made = json::value::object();
    json::set_text(made, first, name);
    json::set_text(made, "value", value);
    return made;
}

/// What Prefect needs in a container, in the order of that profile's agents.
[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> fixed_environment(settings const& with) {
    bool const is_new = with.profile == container_profile::v0_15;
    std::string_view const logs_go_to_cloud = with.log_to_cloud ? "true" : "false";
    std::vector<std::pair<std::string, std::string>> entries;
    auto const add = [&](std::string_view name, std::string_view value) { entries.emplace_back(name, value); };
    if (is_new) add("PREFECT__BACKEND", with.backend);
    add("PREFECT__CLOUD__API", api_of(with));
    add("PREFECT__CLOUD__AGENT__LABELS", python_repr(with.labels));
    add("PREFECT__CLOUD__USE_LOCAL_SECRETS", "false");
    add(is_new ? "PREFECT__CLOUD__SEND_FLOW_RUN_LOGS" : "PREFECT__LOGGING__LOG_TO_CLOUD", logs_go_to_cloud);
    add("PREFECT__LOGGING__LEVEL", with.logging_level);
    add("PREFECT__ENGINE__FLOW_RUNNER__DEFAULT_CLASS", "prefect.engine.cloud.CloudFlowRunner");
    add("PREFECT__ENGINE__TASK_RUNNER__DEFAULT_CLASS", "prefect.engine.cloud.CloudTaskRunner");
    if (is_new) add("PREFECT__LOGGING__LOG_TO_CLOUD", logs_go_to_cloud);
    return entries;
}

/// The container's environment: what Prefect needs, the agent's variables in its place or behind it, and those of the
/// definition that no name before has.
[[nodiscard]] inline result<json::value> environment_of(settings const& with) {
    auto entries = fixed_environment(with);
    auto const find = [&](std::string_view name) {
        return std::find_if(entries.begin(), entries.end(), [&](auto const& each) { return each.first == name; });
    };
    for (auto const& [name, value] : with.env_vars) {
        if (name.empty()) return fail(errc::invalid_argument, "env_vars has an entry without a name");
        if (auto const found = find(name); found != entries.end())
            found->second = value;
        else
            entries.emplace_back(name, value);
    }
    auto made = json::value::array();
    for (auto const& [name, value] : entries) made.push_back(pair_of("name", name, value));
    if (auto const* const more = json::array_of(with.kwargs.container, "environment"))
        for (auto const& each : *more)
            if (find(json::text_of(each, "name").value_or("")) == entries.end()) made.push_back(each);
    return made;
}

/// Arguments as they are sent; an empty text asks for none.
inline void add_kwargs(json::value& body, json::value const& group) {
    for (auto const& [name, value] : *group.get_ptr<json::value::object_t const*>()) {
        if (json::as_text(value) != std::string_view{}) json::set(body, name, value);
    }
}

inline void set_tag(json::value& tags, std::string_view key, std::string_view value) {
    for (auto& each : tags) {
        if (json::text_of(each, "key") == key) {
            each = pair_of("key", key, value);
            return;
        }
    }
    tags.push_back(pair_of("key", key, value));
}

/// Members of the one container that the arguments give, but for its environment; what is empty is left out.
inline void add_container_kwargs(json::value& container, settings const& with) {
    for (auto const& each : container_names) {
        auto const* const value = json::member(with.kwargs.container, each.name);
        if (each.name != "environment" && value != nullptr && !value->empty()) json::set(container, each.name, *value);
    }
}

/// RegisterTaskDefinition's body around its one container.
[[nodiscard]] inline json::value definition_around(json::value container, settings const& with,
                                                   std::string const& family) {
    auto body = json::value::object();
    json::set(body, "family", family);
    json::set_text(body, "networkMode", "awsvpc");
    json::set(body, "containerDefinitions", json::value::array());
    body["containerDefinitions"].push_back(std::move(container));
    add_kwargs(body, with.kwargs.definition);
    if (!with.launch_type.empty()) json::set(body, "requiresCompatibilities", json::texts({with.launch_type}));
    return body;
}

/// What a run's configuration says of RunTask goes before the agent's arguments. AWS takes a launch type or a capacity
/// provider strategy, never both: the run's word on either replaces what the agent has of the other.
[[nodiscard]] inline result<void> add_wishes(json::value& body, json::value const& wishes) {
    bool const type = json::text_of(wishes, "launchType").value_or("") != "";
    bool const strategy = json::member(wishes, "capacityProviderStrategy") != nullptr;
    if (type && strategy)
        return fail(errc::invalid_argument, "run_config.run_task_kwargs has both launchType and "
                                            "capacityProviderStrategy: AWS takes one of them");
    if (type && json::member(body, "capacityProviderStrategy") != nullptr) body.erase("capacityProviderStrategy");
    add_kwargs(body, wishes);
    return {};
}

/// Names the launch type in RunTask's body, where nothing else there decides it.
inline void add_launch_type(json::value& body, settings const& with) {
    if (!with.launch_type.empty() && json::member(body, "capacityProviderStrategy") == nullptr &&
        json::member(body, "launchType") == nullptr)
        json::set(body, "launchType", with.launch_type);
}

/// RegisterTaskDefinition's body.
[[nodiscard]] inline json::value definition_of(prefect::flow_run const& run, settings const& with,
                                               std::string const& family, std::string image, json::value environment) {
    auto command = json::value::array();
    for (auto const part : {std::string_view{"/bin/sh"}, std::string_view{"-c"}, command_for(run.flow.core_version)})
        command.push_back(std::string{part});

    auto container = json::value::object();
    json::set_text(container, "name", container_name);
    json::set(container, "image", std::move(image));
    json::set(container, "command", std::move(command));
    json::set(container, "environment", std::move(environment));
    json::set(container, "essential", true);
    add_container_kwargs(container, with);

    auto body = definition_around(std::move(container), with, family);
    if (with.enable_task_revisions) {
        auto const* const given = json::array_of(with.kwargs.definition, "tags");
        json::value tags = given != nullptr ? *given : json::value::array();
        set_tag(tags, flow_id_tag, run.flow.id8());
        if (run.flow.version) set_tag(tags, flow_version_tag, std::to_string(*run.flow.version));
        json::set(body, "tags", std::move(tags));
    }
    return body;
}

/// What the container must be told of this run and what no definition may hold: who it is and how it logs in. Images
/// that do not know keys yet take the key for a token, as from Prefect's ECS agent.
[[nodiscard]] inline json::value run_environment(prefect::flow_run const& run, settings const& with) {
    auto made = json::value::array();
    auto const& token = with.token.reveal().empty() ? with.api_key : with.token;
    made.push_back(pair_of("name", "PREFECT__CLOUD__AUTH_TOKEN", token.reveal()));
    made.push_back(pair_of("name", "PREFECT__CONTEXT__FLOW_RUN_ID", run.id));
    made.push_back(pair_of("name", "PREFECT__CONTEXT__FLOW_ID", run.flow.id));
    if (!with.api_key.reveal().empty()) {
        made.push_back(pair_of("name", "PREFECT__CLOUD__API_KEY", with.api_key.reveal()));
        if (!with.tenant_id.empty()) made.push_back(pair_of("name", "PREFECT__CLOUD__TENANT_ID", with.tenant_id));
    }
    return made;
}

/// Adds the entries whose names the list does not have.
inline void add_entries(json::value& list, json::value const& more) {
    for (auto const& each : more) {
        bool const is_there = std::any_of(list.begin(), list.end(), [&](json::value const& entry) {
            return json::text_of(entry, "name") == json::text_of(each, "name");
        });
        if (!is_there) list.push_back(each);
    }
}

/// RunTask's overrides: Prefect's variables of this run, before anything that the run's configuration asks for.
[[nodiscard]] inline json::value overrides_of(prefect::flow_run const& run, settings const& with,
                                              run_wishes const& wishes) {
    auto overrides = wishes.overrides;
    auto containers = json::value::array();
    containers.push_back(json::value(nullptr)); // the flow's, which comes first
    auto flow = json::value::object();
    json::set_text(flow, "name", container_name);
    json::set(flow, "environment", run_environment(run, with));
    add_entries(flow["environment"], wishes.environment);
    if (auto const* const given = json::array_of(overrides, "containerOverrides")) {
        for (auto const& each : *given) {
            if (json::text_of(each, "name") != container_name) {
                containers.push_back(each);
                continue;
            }
            for (auto const& [name, value] : *each.get_ptr<json::value::object_t const*>())
                if (name == "environment")
                    add_entries(flow["environment"], value);
                else
                    json::set(flow, name, value);
        }
    }
    containers.front() = std::move(flow);
    json::set(overrides, "containerOverrides", std::move(containers));
    return overrides;
}

/// RunTask's body. With a capacity provider strategy no launch type may be named.
[[nodiscard]] inline result<json::value> task_of(prefect::flow_run const& run, settings const& with,
                                                 std::string const& family, run_wishes const& wishes) {
    auto body = json::value::object();
    json::set(body, "taskDefinition", family);
    json::set(body, "overrides", overrides_of(run, with, wishes));
    add_kwargs(body, with.kwargs.run);
    if (auto added = add_wishes(body, wishes.task); !added) return std::move(added).error();
    add_launch_type(body, with);
    bool const is_told = json::member(with.kwargs.run, "startedBy") || json::member(wishes.task, "startedBy");
    if (!with.fleet.empty() && !is_told) json::set(body, "startedBy", with.fleet);
    if (with.parameter_validation)
        if (auto const wrong = check_task(body); !wrong.empty())
            return fail(errc::invalid_argument, "RunTask would be refused: " + wrong.front().line());
    return body;
}

} // namespace detail

/// How a flow run becomes a task: the definition it needs, under which family, and the call that runs it. Pure: equal runs
/// and settings give equal bytes. The call has no token yet: that is `for_attempt`'s matter, which the plan's `wanted` has
/// what it takes for. `errc::invalid_argument` when the flow names no image, or when its run configuration counts and
/// cannot be used, with the words that its run shall carry.
[[nodiscard]] inline result<launch_plan> plan(prefect::flow_run const& run, settings const& with) {
    auto image = image_of(run);
    if (!image) return std::move(image).error();
    auto environment = detail::environment_of(with);
    if (!environment) return std::move(environment).error();
    run_wishes wishes;
    if (with.use_run_config) {
        auto read = read_run_config(run_config_of(run));
        if (!read) return std::move(read).error();
        wishes = *std::move(read);
    }

    launch_plan made;
    made.family = family_of(run.flow, with);
    auto task = detail::task_of(run, with, made.family, wishes);
    if (!task) return std::move(task).error();
    made.task = *std::move(task);
    made.definition = detail::definition_of(run, with, made.family, *std::move(image), *std::move(environment));
    made.reusable = {with.enable_task_revisions, run.flow.id8(), run.flow.version, with.refresh_definitions};
    if (with.idempotent) made.wanted = {std::string{detail::api_of(with)}, run.id, prefect::epoch_of(run)};
    made.placed = json::member(made.task, "capacityProviderStrategy") != nullptr ||
                  json::text_of(wishes.task, "launchType").value_or("") != "";
    made.max_run = with.kwargs.max_run.value_or(with.max_run);
    return made;
}

} // namespace fargate::inline v0::deploy

#endif
