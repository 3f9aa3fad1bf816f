#include "figures.hpp"

#include <fargate/deploy/kwargs.hpp>
#include <fargate/service/figure.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <variant>

using fargate::agent_options;
using fargate::errc;
using fargate::fail;
using fargate::result;
namespace service = fargate::service;

namespace {

using span_member = std::optional<fargate::duration> agent_options::*;
using rate_member = std::optional<double> agent_options::*;
using count_member = std::optional<std::uint64_t> agent_options::*;
using text_member = std::string agent_options::*;
using switch_member = std::optional<bool> agent_options::*;
using any_member = std::variant<span_member, rate_member, count_member, text_member, switch_member>;

constexpr figure all[] = {
    {"poll_interval_max", "SECONDS", "the longest wait between two polls (10)"},
    {"launch_timeout", "SECONDS", "of one RunTask attempt (0: the client's own)"},
    {"launch_rate", "N", "launches a second (20, after a burst of 100; 0: no limit)"},
    {"max_in_flight", "N", "runs launching and tasks alive at a time (0: no limit)"},
    {"launch_deadline", "SECONDS", "how long a run waits for capacity before it fails (1800)"},
    {"launch_attempts", "N", "how often a task that never starts is launched (3)"},
    {"max_run_duration", "SECONDS", "stop a task that runs longer (0: no limit)"},
    {"capacity_plan", "NAMES", "FARGATE_SPOT,FARGATE: each stands in for the one before"},
    {"capacity_fallback", "SECONDS", "how long a run keeps to the first of them (60)"},
    {"reconcile_interval", "SECONDS", "between two looks for what was left behind (90)"},
    {"fleet_id", "ID", "the same for agents that take each other's place"},
    {"wedged_after", "SECONDS", "end with status 70 when the agent stands still so long (600; 0: never)"},
    {"watch", "", "do not follow tasks to their end"},
    {"reconcile", "", "do not look for what was left behind"},
    {"idempotent", "", "send RunTask without a client token"},
    {"batch_claims", "", "claim each run of a poll by a request of its own"},
    {"heartbeat", "", "send no heartbeats for runs whose tasks are slow to start"},
};

/// Where each of them is kept, in the same order.
constexpr any_member members[] = {
    &agent_options::poll_interval_max,
    &agent_options::launch_timeout,
    &agent_options::launch_rate,
    &agent_options::max_in_flight,
    &agent_options::launch_deadline,
    &agent_options::launch_attempts,
    &agent_options::max_run_duration,
    &agent_options::capacity_plan,
    &agent_options::capacity_fallback,
    &agent_options::reconcile_interval,
    &agent_options::fleet_id,
    &agent_options::wedged_after,
    &agent_options::watch,
    &agent_options::reconcile,
    &agent_options::idempotent,
    &agent_options::batch_claims,
    &agent_options::heartbeat,
};
static_assert(std::size(all) == std::size(members));

any_member const* member_of(std::string_view name) {
    auto const found =
        std::find_if(std::begin(all), std::end(all), [&](figure const& each) { return each.name == name; });
    return found == std::end(all) ? nullptr : &members[found - std::begin(all)];
}

std::string_view without_no(std::string_view name) {
    if (name.starts_with("no_")) name.remove_prefix(3);
    return name;
}

/// What was read, or a usage error that says what would have been.
template <class Value>
result<void> put(Value& into, Value read, std::string_view option, std::string_view takes, std::string_view value) {
    if (!read)
        return fail(errc::invalid_argument,
                    std::string{option} + " takes " + std::string{takes} + ", not \"" + std::string{value} + "\"");
    into = read;
    return {};
}

} // namespace

std::span<figure const> figures() { return all; }

std::string option_of(figure const& which) {
    std::string made = which.unit.empty() ? "--no-" : "--";
    made += which.name;
    std::replace(made.begin(), made.end(), '_', '-');
    return made;
}

bool is_figure(std::string_view name) {
    auto const* const member = member_of(name);
    return member != nullptr && !std::holds_alternative<switch_member>(*member);
}

bool is_switch(std::string_view name) {
    auto const* const member = member_of(without_no(name));
    return member != nullptr && std::holds_alternative<switch_member>(*member);
}

result<void> set_figure(agent_options& options, std::string_view name, std::string_view option,
                        std::string_view value) {
    auto const& member = *member_of(without_no(name));
    if (auto const* const span = std::get_if<span_member>(&member))
        return put(options.**span, service::read_seconds(value), option, "seconds, such as 90 or 0.5", value);
    if (auto const* const rate = std::get_if<rate_member>(&member))
        return put(options.**rate, service::read_rate(value), option, "so many a second, such as 20 or 0.5", value);
    if (auto const* const count = std::get_if<count_member>(&member))
        return put(options.**count, service::read_count(value), option, "a whole number from 0 on", value);
    if (auto const* const flag = std::get_if<switch_member>(&member)) {
        auto on = fargate::deploy::read_flag(value);
        if (on && name.starts_with("no_")) on = !*on;
        return put(options.**flag, on, option, "true or false", value);
    }
    options.*std::get<text_member>(member) = value;
    return {};
}
