#ifndef FARGATE_DEPLOY_PREFLIGHT_HPP
#define FARGATE_DEPLOY_PREFLIGHT_HPP

#include <fargate/deploy/attempt.hpp>
#include <fargate/deploy/capacity_plan.hpp>
#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/deploy/request_limits.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/deploy/task_size.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

namespace detail {

/// Words that ECS takes in one place, with blanks between.
struct choice_row {
    std::string_view where;
    std::string_view words;
};
inline constexpr choice_row choice_rows[] = {
    {"launch_type", "FARGATE EC2 EXTERNAL MANAGED_INSTANCES"},
    {"networkMode", "awsvpc bridge host none"},
    {"pidMode", "host task"},
    {"ipcMode", "host task none"},
    {"propagateTags", "TASK_DEFINITION SERVICE NONE"},
    {"networkConfiguration.awsvpcConfiguration.assignPublicIp", "ENABLED DISABLED"},
};

/// One preflight: looks at an agent's settings and keeps what it finds.
class preflight_check {
public:
    preflight_check(settings const& with, std::span<std::string const> capacity_plan) :
        with_{with}, capacity_plan_{capacity_plan} {}

    [[nodiscard]] std::vector<finding> look() && {
        choice("launch_type", with_.launch_type);
        for (char const* const name : {"networkMode", "pidMode", "ipcMode"})
            choice(name, json::text_of(with_.kwargs.definition, name).value_or(""));
        choice("propagateTags", json::text_of(with_.kwargs.run, "propagateTags").value_or(""));
        size();
        network();
        capacity();
        if (auto const* const tags = json::array_of(with_.kwargs.run, "tags")) add(check_tags("tags", *tags));
        names();
        roles();
        mounts();
        lengths();
        return std::move(found_);
    }

private:
    void add(finding one) { found_.push_back(std::move(one)); }
    void add(std::vector<finding> more) {
        for (auto& each : more) add(std::move(each));
    }

    /// Each flow may bring arguments of its own, so that what is missing here may come.
    [[nodiscard]] bool is_complete() const noexcept { return !with_.external.enabled; }

    [[nodiscard]] bool on_fargate() const noexcept { return with_.launch_type == "FARGATE"; }

    void choice(std::string_view where, std::string_view given) {
        if (given.empty()) return;
        for (auto const& row : choice_rows) {
            if (row.where != where) continue;
            std::string listed;
            std::string_view meant;
            for (std::string_view rest = row.words; !rest.empty();) {
                auto const word = rest.substr(0, rest.find(' '));
                rest.remove_prefix(std::min(rest.size(), word.size() + 1));
                if (word == given) return;
                if (text::iequals(word, given)) meant = word;
                listed.append(listed.empty() ? "" : rest.empty() ? " or " : ", ").append(word);
            }
            std::string remedy = meant.empty() ? "give " + listed : "did you mean " + std::string{meant} + "?";
            add({std::string{where}, shown_name(given) + " is no word that ECS takes there", std::move(remedy)});
        }
    }

    void size() {
        if (!on_fargate()) return;
        auto const cpu = json::text_of(with_.kwargs.definition, "cpu");
        auto const memory = json::text_of(with_.kwargs.definition, "memory");
        if (!is_complete() && (!cpu || !memory)) return;
        if (auto wrong = check_fargate_size(cpu, memory)) add(*std::move(wrong));
    }

    void network() {
        constexpr std::size_t most_subnets = 16;
        constexpr std::size_t most_groups = 5;
        std::string const where = "networkConfiguration.awsvpcConfiguration";
        auto mode = json::text_of(with_.kwargs.definition, "networkMode").value_or("");
        if (mode.empty()) mode = "awsvpc"; // as `definition_around` has it
        bool const may_come = !is_complete() || with_.use_run_config;
        if (on_fargate() && mode != "awsvpc")
            add({"networkMode", shown_name(mode) + " is not to be had on Fargate", "leave it out: it is awsvpc then"});
        auto const* const network = json::object_of(with_.kwargs.run, "networkConfiguration");
        auto const* const vpc = network != nullptr ? json::object_of(*network, "awsvpcConfiguration") : nullptr;
        if (vpc == nullptr) {
            if (mode == "awsvpc" && !may_come)
                add({network == nullptr ? "networkConfiguration" : where,
                     "is missing, and tasks in network mode awsvpc need subnets",
                     "give networkConfiguration={'awsvpcConfiguration': {'subnets': ['subnet-...']}}"});
            return;
        }
        choice(where + ".assignPublicIp", json::text_of(*vpc, "assignPublicIp").value_or(""));
        auto const count = [&](char const* member) {
            auto const* const list = json::array_of(*vpc, member);
            return list != nullptr ? list->size() : 0;
        };
        if (count("subnets") == 0 && !may_come) add({where + ".subnets", "is empty", "name at least one subnet"});
        if (count("subnets") > most_subnets) add({where + ".subnets", "names more than 16", "ECS takes at most 16"});
        if (count("securityGroups") > most_groups)
            add({where + ".securityGroups", "names more than 5", "ECS takes at most 5"});
    }

    /// A strategy goes before the launch type, which is then left out of RunTask; the definition still says it.
    void capacity() {
        if (auto const fits = check_capacity_plan(capacity_plan_, with_.kwargs); !fits)
            add(finding_of(fits.error(), "capacity_plan"));
        auto const contradicts = [&](std::string where, std::string_view word) {
            if (with_.launch_type.empty() || on_fargate() || (word != "FARGATE" && word != "FARGATE_SPOT")) return;
            add({std::move(where), shown_name(word) + " does not go with launch_type " + shown_name(with_.launch_type),
                 "set launch_type=FARGATE"});
        };
        if (auto const* const strategy = json::array_of(with_.kwargs.run, "capacityProviderStrategy"))
            for (std::size_t i = 0; i != strategy->size(); ++i)
                contradicts("capacityProviderStrategy[" + std::to_string(i) + "].capacityProvider",
                            json::text_of((*strategy)[i], "capacityProvider").value_or(""));
        for (std::size_t i = 0; i != capacity_plan_.size(); ++i)
            contradicts("capacity_plan[" + std::to_string(i) + "]", capacity_plan_[i]);
    }

    void names() {
        constexpr std::size_t longest = 128;
        constexpr std::int64_t most = 10;
        auto const count = json::integer_of(with_.kwargs.run, "count").value_or(1);
        if (count < 1 || count > most)
            add({"count", std::to_string(count) + " is no number of tasks that RunTask starts", "leave it at 1"});
        auto const by = json::text_of(with_.kwargs.run, "startedBy").value_or("");
        bool const spelled = std::all_of(by.begin(), by.end(),
                                         [](char c) { return text::is_alnum(c) || c == '-' || c == '/' || c == '_'; });
        if (!spelled || by.size() > longest)
            add({"startedBy", shown_name(by) + " is not what ECS takes",
                 "use at most 128 letters, digits, -, / and _"});
    }

    /// What has to be fetched before the container starts takes the execution role.
    void roles() {
        if (!json::text_of(with_.kwargs.definition, "executionRoleArn").value_or("").empty() || !is_complete()) return;
        auto const needs = [&](std::string what) {
            add({"executionRoleArn", "is missing, and " + std::move(what) + " need it", "give the role's ARN"});
        };
        auto const* const secrets = json::array_of(with_.kwargs.container, "secrets");
        if (secrets != nullptr && !secrets->empty()) needs("containerDefinitions[0].secrets");
        auto const* const log = json::object_of(with_.kwargs.container, "logConfiguration");
        if (on_fargate() && log != nullptr && json::text_of(*log, "logDriver") == "awslogs")
            needs("the awslogs of containerDefinitions[0].logConfiguration");
    }

    void mounts() {
        auto const* const points = json::array_of(with_.kwargs.container, "mountPoints");
        if (points == nullptr || !is_complete()) return;
        auto const* const volumes = json::array_of(with_.kwargs.definition, "volumes");
        for (std::size_t i = 0; i != points->size(); ++i) {
            auto const wanted = json::text_of((*points)[i], "sourceVolume").value_or("");
            bool const is_there =
                volumes != nullptr && std::any_of(volumes->begin(), volumes->end(), [wanted](json::value const& each) {
                    return json::text_of(each, "name") == wanted;
                });
            if (!is_there)
                add({"containerDefinitions[0].mountPoints[" + std::to_string(i) + "].sourceVolume",
                     shown_name(wanted) + " is none of the volumes", "name it in volumes, too"});
        }
    }

    /// What every run sends, whatever its flow: of a flow's own there is nothing here but ids.
    void lengths() {
        prefect::flow_run run;
        run.id = run.flow.id = std::string(36, '0');
        add(check_overrides(overrides_of(run, with_, {})));
        auto environment = environment_of(with_);
        if (!environment) return;
        auto const definition = definition_of(run, with_, family_by_id(run.flow), {}, *std::move(environment));
        if (std::size_t const length = json::write(definition).size(); length > longest_definition)
            add({largest_member("containerDefinitions", definition["containerDefinitions"]),
                 "task definitions would have " + std::to_string(length) + " characters, and most of that stands here",
                 "ECS takes at most " + std::to_string(longest_definition)});
    }

    settings const& with_;
    std::span<std::string const> capacity_plan_;
    std::vector<finding> found_;
};

} // namespace detail

/// What ECS would refuse of every run that is launched with these settings and this capacity plan, as far as that can be
/// known without asking: sizes that Fargate does not have, words and tags that ECS does not take, what contradicts itself,
/// what is missing, what is too long. Pure; all of it, in the order of the arguments. Empty when nothing is wrong.
[[nodiscard]] inline std::vector<finding> preflight(settings const& with,
                                                    std::span<std::string const> capacity_plan = {}) {
    return detail::preflight_check{with, capacity_plan}.look();
}

} // namespace fargate::inline v0::deploy

#endif
