#ifndef FARGATE_DEPLOY_DEFINITIONS_HPP
#define FARGATE_DEPLOY_DEFINITIONS_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/bounded_cache.hpp>
#include <fargate/deploy/difference.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/deploy/single_flight.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// The task definition to run.
struct chosen_definition {
    std::string name{};      ///< a family, whose newest revision runs, or an ARN
    bool registered = false; ///< it was made for this launch
    bool remembered = false; ///< ECS was not asked for it this time
};

namespace detail {

/// A definition's revision when its ARN is of that family: `...:task-definition/<family>:<revision>`.
[[nodiscard]] inline std::optional<std::int64_t> revision_of(std::string_view arn, std::string_view family) noexcept {
    constexpr std::string_view kind = ":task-definition/";
    std::size_t const start = arn.find(kind);
    if (start == std::string_view::npos) return std::nullopt;
    std::string_view name = arn.substr(start + kind.size());
    if (name.substr(0, family.size()) != family) return std::nullopt;
    name.remove_prefix(family.size());
    if (name.size() < 2 || name.front() != ':') return std::nullopt;
    std::int64_t revision = 0;
    auto const read = std::from_chars(name.data() + 1, name.data() + name.size(), revision);
    if (read.ec != std::errc{} || read.ptr != name.data() + name.size() || revision < 1) return std::nullopt;
    return revision;
}

/// Only this says that a definition is not there; any other refusal says nothing about it.
[[nodiscard]] inline bool is_missing(error const& why) noexcept {
    return why.service_code == "ClientException" && text::contains(why.message, "Unable to describe task definition");
}

/// The request may have been carried out all the same, or somebody else's at the same moment was.
[[nodiscard]] inline bool may_exist_now(error const& why) noexcept {
    return why.code == errc::timed_out || why.code == errc::connection_failed || why.http_status >= 500 ||
           why.retryable;
}

/// The first few of many paths.
[[nodiscard]] inline std::string joined(std::vector<std::string> const& paths) {
    constexpr std::size_t most = 12;
    std::string made;
    for (std::size_t i = 0; i != std::min(paths.size(), most); ++i) made.append(i == 0 ? "" : ", ").append(paths[i]);
    if (paths.size() > most) made += " and " + std::to_string(paths.size() - most) + " more";
    return made;
}

template <class Tags>
[[nodiscard]] std::string_view tag_value(Tags const& tags, std::string_view key) noexcept {
    for (auto const& each : tags)
        if (each.key == key) return each.value;
    return {};
}

} // namespace detail

/// Finds the task definition of a launch, or registers one. `Ecs` has `describe_task_definition` and
/// `register_task_definition`, whose answers hold their whole text as `raw`, `Tagging` has `all_resources`, as
/// `aws::ecs` and `aws::tagging`. May be used from several threads at once as far as its parts may; of those that miss the
/// same family at once, one registers it.
template <class Ecs, class Tagging, log_policy Log, clock_policy Clock>
class definitions {
public:
    /// So long ECS is not asked again for what it answered to an equal plan.
    static constexpr std::chrono::minutes remembered_for{5};

    /// `pin_revision`: name the exact revision that was found or made instead of the family. A plan with `reuse::revisions`
    /// or `reuse::refresh` always does: another launch may have registered one more revision of the family since.
    definitions(Ecs& ecs, Tagging& tagging, Log& log, Clock& clock, bool pin_revision = false) :
        ecs_{ecs}, tagging_{tagging}, log_{log}, clock_{clock}, pin_revision_{pin_revision} {}

    /// The definition that is there is used as it is, whatever the plan would register now: where they differ, one warning
    /// for each family and set of fields says so. With `reuse::refresh` a new revision is registered then. With revisions
    /// it must carry the flow's id, or lie before the flow's version, in which case a new revision is registered; for an
    /// older version than the newest its own revision is searched by its tag. The answer holds for `remembered_for`.
    [[nodiscard]] result<chosen_definition> settle(launch_plan const& plan, std::stop_token stop = {}) {
        auto const key = key_of(plan);
        single_flight::seat seat{registrations_, plan.family};
        for (;;) {
            seat.look();
            if (auto known = recall(key)) return *std::move(known);
            auto found = find(plan, stop);
            if (!found) return std::move(found).error();
            if (*found) return keep(key, std::move(**found));
            auto const turn = seat.take(stop);
            if (turn == single_flight::turn::stopped)
                return fail(errc::cancelled, "stopped while another launch registers task definition " + plan.family);
            if (turn == single_flight::turn::changed) continue;
            auto made = enlist(plan, stop);
            if (made) (void)keep(key, *made);
            seat.leave(made.has_value());
            return made;
        }
    }

    /// What `settle` would do first: the definition that is there to be run, or nothing when one would be registered. Only
    /// reads.
    [[nodiscard]] result<std::optional<chosen_definition>> look(launch_plan const& plan, std::stop_token stop = {}) {
        return find(plan, stop);
    }

    /// Has the next `settle` of an equal plan ask ECS: what it was answered is gone.
    void forget(launch_plan const& plan) { known_.drop(key_of(plan)); }

    /// Whether a plan is run from the exact revision and not from its family's newest.
    [[nodiscard]] bool pins(launch_plan const& plan) const noexcept {
        return pin_revision_ || plan.reusable.revisions || plan.reusable.refresh;
    }

private:
    using found_definition = result<std::optional<chosen_definition>>;

    struct known_definition {
        std::string name;
        time_point since;
    };

    /// Tells plans apart whose choice may differ: the definition, which may hold the API token, by its hash alone.
    [[nodiscard]] static std::string key_of(launch_plan const& plan) {
        auto const& how = plan.reusable;
        return plan.family + (how.revisions ? " r" : " ") + (how.refresh ? "f " : " ") + how.flow_id8 + " " +
               std::to_string(how.flow_version.value_or(0)) + " " +
               std::to_string(std::hash<std::string>{}(json::write(plan.definition)));
    }

    [[nodiscard]] std::optional<chosen_definition> recall(std::string const& key) {
        auto known = known_.find(key);
        if (!known) return std::nullopt;
        auto const age = clock_.now() - known->since;
        if (age < duration::zero() || age >= remembered_for) return std::nullopt;
        debug("Task definition " + known->name + " is known");
        return chosen_definition{std::move(known->name), false, true};
    }

    [[nodiscard]] chosen_definition keep(std::string const& key, chosen_definition found) {
        known_.put(key, {found.name, clock_.now()}, 0);
        return found;
    }

    void debug(std::string const& line) { log_.write(log_level::debug, line); }

    template <class Described>
    [[nodiscard]] chosen_definition chosen(launch_plan const& plan, Described const& described, bool registered) const {
        return {pins(plan) && !described.arn.empty() ? described.arn : plan.family, registered, false};
    }

    [[nodiscard]] auto describe(std::string const& name, std::stop_token const& stop) {
        auto input = json::value::object();
        json::set(input, "taskDefinition", name);
        json::set(input, "include", json::texts({"TAGS"}));
        return ecs_.describe_task_definition(input, stop);
    }

    /// A definition that was deregistered can still be described for a while, and fails when it is run.
    template <class Described>
    [[nodiscard]] static bool is_active(Described const& described) noexcept {
        return described.status.empty() || described.status == "ACTIVE";
    }

    /// The definition to use; nothing when one must be registered.
    [[nodiscard]] found_definition find(launch_plan const& plan, std::stop_token const& stop) {
        debug("Checking for task definition");
        auto described = describe(plan.family, stop);
        if (!described && !detail::is_missing(described.error())) return std::move(described).error();
        if (!described || !is_active(*described)) {
            debug("No task definition found");
            return std::optional<chosen_definition>{};
        }
        debug("Task definition " + plan.family + " found");
        if (!plan.reusable.revisions) return reuse(plan, *described, chosen(plan, *described, false));

        if (detail::tag_value(described->tags, flow_id_tag) == plan.reusable.flow_id8) {
            debug("Active task definition for " + plan.reusable.flow_id8 + " already exists");
            return reuse(plan, *described, chosen(plan, *described, false));
        }
        std::int64_t tagged = 0; // a version that is missing or no number counts as none
        auto const version = detail::tag_value(described->tags, flow_version_tag);
        if (std::from_chars(version.data(), version.data() + version.size(), tagged).ec != std::errc{}) tagged = 0;
        if (plan.reusable.flow_version.value_or(0) >= tagged) return std::optional<chosen_definition>{};
        return search(plan, stop);
    }

    /// What was found, unless the plan wants what it would register and this is something else.
    template <class Described>
    [[nodiscard]] found_definition reuse(launch_plan const& plan, Described const& described, chosen_definition found) {
        std::string const fields = differing(plan, described.raw);
        if (fields.empty()) return std::optional{std::move(found)};
        if (plan.reusable.refresh && !is_remembered(altered_, plan, fields)) {
            log_.write(log_level::info,
                       "Task definition " + plan.family + " is registered anew: it differs in " + fields);
            return std::optional<chosen_definition>{};
        }
        if (remember(told_, plan, fields))
            log_.write(log_level::warning,
                       "Task definition " + plan.family + " differs from what would be registered now in " + fields +
                           (plan.reusable.refresh
                                ? ", as AWS changes it when it is registered"
                                : ": it is used as it is; refresh_definitions=true registers a new revision"));
        return std::optional{std::move(found)};
    }

    /// In which fields `answer`, the text of one with a definition, differs from what the plan would register.
    [[nodiscard]] static std::string differing(launch_plan const& plan, std::string const& answer) {
        return detail::joined(differences(plan.definition, json::parse(answer).value_or(json::value{})));
    }

    using remembered = std::set<std::string>;

    [[nodiscard]] bool is_remembered(remembered const& names, launch_plan const& plan, std::string const& fields) {
        std::scoped_lock const lock{mutex_};
        return names.count(plan.family + '\n' + fields) != 0;
    }

    /// False when it was remembered already.
    bool remember(remembered& names, launch_plan const& plan, std::string const& fields) {
        std::scoped_lock const lock{mutex_};
        if (names.size() == most_remembered) names.clear();
        return names.insert(plan.family + '\n' + fields).second;
    }

    /// The newest active revision of this family that carries the flow's id.
    [[nodiscard]] found_definition search(launch_plan const& plan, std::stop_token const& stop) {
        auto filter = json::value::object();
        json::set_text(filter, "Key", flow_id_tag);
        json::set(filter, "Values", json::texts({plan.reusable.flow_id8}));
        auto input = json::value::object();
        json::set(input, "TagFilters", json::value::array());
        input["TagFilters"].push_back(std::move(filter));
        json::set(input, "ResourceTypeFilters", json::texts({"ecs:task-definition"}));
        auto resources = tagging_.all_resources(input, stop);
        if (!resources) {
            if (resources.error().code != errc::service_error) return std::move(resources).error();
            log_.write(log_level::warning, "Cannot search the revisions of " + plan.family +
                                               ", registering a new one: " + resources.error().message);
            return std::optional<chosen_definition>{};
        }
        std::vector<std::pair<std::int64_t, std::string>> revisions;
        for (auto& each : *resources)
            if (auto const revision = detail::revision_of(each.arn, plan.family))
                revisions.emplace_back(*revision, std::move(each.arn));
        std::sort(revisions.rbegin(), revisions.rend());
        if (revisions.size() > most_looked_at) revisions.resize(most_looked_at);
        // The search also lists revisions that were deregistered, or lost the tag.
        for (auto& [revision, arn] : revisions) {
            auto const described = describe(arn, stop);
            if (!described && !detail::is_missing(described.error())) return described.error();
            if (!described || !is_active(*described) ||
                detail::tag_value(described->tags, flow_id_tag) != plan.reusable.flow_id8)
                continue;
            debug("Active task definition for " + plan.reusable.flow_id8 + " already exists");
            return reuse(plan, *described, chosen_definition{std::move(arn), false, false});
        }
        return std::optional<chosen_definition>{};
    }

    /// Registers. A failure that may hide a success, here or of another agent at the same moment, looks once more.
    [[nodiscard]] result<chosen_definition> enlist(launch_plan const& plan, std::stop_token const& stop) {
        auto const& container = plan.definition["containerDefinitions"][0];
        debug("Using image " + std::string{json::text_of(container, "image").value_or("")} + " for task definition");
        debug("Registering task definition " + plan.family);
        auto made = ecs_.register_task_definition(plan.definition, stop);
        if (made) {
            // What AWS alters right away would differ again at each launch.
            if (plan.reusable.refresh)
                if (auto const fields = differing(plan, made->raw); !fields.empty()) remember(altered_, plan, fields);
            return chosen(plan, *made, true);
        }
        if (detail::may_exist_now(made.error()))
            if (auto found = find(plan, stop); found && *found) return std::move(**found);
        return std::move(made).error();
    }

    static constexpr std::size_t most_looked_at = 5;
    static constexpr std::size_t most_remembered = 4096;

    Ecs& ecs_;
    Tagging& tagging_;
    Log& log_;
    Clock& clock_;
    bool pin_revision_;
    single_flight registrations_;
    bounded_cache<known_definition> known_{most_remembered, 0};
    std::mutex mutex_;
    remembered told_;    ///< families and fields that were warned of
    remembered altered_; ///< those in which AWS alters what is registered
};

} // namespace fargate::inline v0::deploy

#endif
