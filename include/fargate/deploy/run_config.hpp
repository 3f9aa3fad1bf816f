#ifndef FARGATE_DEPLOY_RUN_CONFIG_HPP
#define FARGATE_DEPLOY_RUN_CONFIG_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/deploy/kwarg_shape.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/json/json.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// What a run's own configuration changes about its task.
struct run_wishes {
    json::value task = json::value::object(); ///< RunTask arguments, in place of the agent's
    json::value overrides =
        json::value::object(); ///< RunTask's `overrides`: cpu, memory, roles and what it gives itself
    json::value environment = json::value::array(); ///< for the flow's container, behind what Prefect needs
};

namespace detail {

/// RunTask arguments that only a run configuration may give.
inline constexpr kwarg_name further_run_names[] = {
    {"overrides", kwarg_type::object},
    {"launchType", kwarg_type::text},
    {"enableExecuteCommand", kwarg_type::flag},
};

/// Prefect's names for what RunTask can override.
struct run_member {
    std::string_view name;
    char const* override_name;
    kwarg_type type;
};
inline constexpr run_member run_members[] = {
    {"cpu", "cpu", kwarg_type::amount},
    {"memory", "memory", kwarg_type::amount},
    {"task_role_arn", "taskRoleArn", kwarg_type::text},
    {"execution_role_arn", "executionRoleArn", kwarg_type::text},
};

[[nodiscard]] inline result<void> read_run_task_kwargs(json::value const& given, run_wishes& wishes) {
    std::string const prefix = "run_config.run_task_kwargs";
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return wrong_type(prefix, kwarg_type::object, article_and_type(given));
    std::vector<kwarg_name> known;
    std::vector<std::string_view> names;
    for (auto const& each : kwarg_names)
        if (each.run) known.push_back(each);
    for (auto const& each : further_run_names) known.push_back(each);
    for (auto const& each : known) names.push_back(each.name);
    for (auto const& [name, value] : *members) {
        auto const found = std::find(names.begin(), names.end(), name);
        if (found == names.end())
            return fail(errc::invalid_argument, unknown_name(prefix + ".", name, names).refusal());
        if (value.is_null()) continue;
        std::string const where = prefix + "." + name;
        auto read = read_kwarg(where, known[static_cast<std::size_t>(found - names.begin())].type, value);
        if (!read) return std::move(read).error();
        std::vector<unknown_kwarg> unknown;
        if (auto fits = check_shape(where, name, *read, unknown); !fits) return fits;
        if (!unknown.empty()) return fail(errc::invalid_argument, unknown.front().refusal());
        if (name == "overrides")
            wishes.overrides = *std::move(read);
        else
            json::set(wishes.task, name, *std::move(read));
    }
    return {};
}

[[nodiscard]] inline result<void> read_run_env(json::value const& given, run_wishes& wishes) {
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return wrong_type("run_config.env", kwarg_type::object, article_and_type(given));
    for (auto const& [name, value] : *members) {
        if (name.empty()) return fail(errc::invalid_argument, "run_config.env has an entry without a name");
        if (!value.is_string())
            return wrong_type("run_config.env." + shown_name(name), kwarg_type::text, article_and_type(value));
        auto entry = json::value::object();
        json::set(entry, "name", name);
        json::set(entry, "value", value);
        wishes.environment.push_back(std::move(entry));
    }
    return {};
}

} // namespace detail

/// What a run configuration asks for: `env` of any type of configuration; of an ECSRun also `cpu`, `memory`,
/// `task_role_arn`, `execution_role_arn` and `run_task_kwargs`. `errc::invalid_argument`, in one line that names the
/// member, when one has the wrong type, when an ECSRun has a member that this agent does not know, and when it brings its
/// own task definition. `image` is `image_of`'s.
[[nodiscard]] inline result<run_wishes> read_run_config(json::value const& run_config) {
    run_wishes wishes;
    auto const* const members = run_config.get_ptr<json::value::object_t const*>();
    if (members == nullptr) {
        if (run_config.is_null()) return wishes;
        return detail::wrong_type("run_config", kwarg_type::object, detail::article_and_type(run_config));
    }
    if (auto const* const env = json::member(run_config, "env"))
        if (auto read = detail::read_run_env(*env, wishes); !read) return std::move(read).error();
    if (json::text_of(run_config, "type") != std::string_view{"ECSRun"}) return wishes;

    if (auto const* const given = json::member(run_config, "run_task_kwargs"))
        if (auto read = detail::read_run_task_kwargs(*given, wishes); !read) return std::move(read).error();
    constexpr std::string_view elsewhere[] = {"type", "__version__", "labels", "image", "env", "run_task_kwargs"};
    for (auto const& [name, value] : *members) {
        if (value.is_null() || std::find(std::begin(elsewhere), std::end(elsewhere), name) != std::end(elsewhere))
            continue;
        std::string const where = "run_config." + detail::shown_name(name);
        auto const* const found =
            std::find_if(std::begin(detail::run_members), std::end(detail::run_members),
                         [&wanted = name](detail::run_member const& each) { return each.name == wanted; });
        if (found == std::end(detail::run_members)) {
            bool const own =
                name == "task_definition" || name == "task_definition_path" || name == "task_definition_arn";
            return fail(errc::invalid_argument,
                        own ? where + " cannot be used: this agent registers the task definitions of flows itself"
                            : where + " is no member of an ECSRun that this agent knows");
        }
        auto read = detail::read_kwarg(where, found->type, value);
        if (!read) return std::move(read).error();
        if (json::as_text(*read) != std::string_view{})
            json::set(wishes.overrides, found->override_name, *std::move(read));
    }
    return wishes;
}

} // namespace fargate::inline v0::deploy

#endif
