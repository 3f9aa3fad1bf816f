#ifndef FARGATE_SERVICE_PROTOCOL_SETTINGS_HPP
#define FARGATE_SERVICE_PROTOCOL_SETTINGS_HPP

#include <fargate/core/result.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/figure.hpp>
#include <fargate/service/fleet.hpp>
#include <fargate/service/options.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/service/setting.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::service {

namespace detail {

/// What a figure may be, and how it is written.
struct figure_words {
    std::string_view remedy; ///< stands behind `must be`
    bool positive = false;
};

inline constexpr figure_words any_span{"seconds, such as 90 or 0.5, and at most ten years"};
inline constexpr figure_words some_span{"seconds, such as 90 or 0.5, more than 0 and at most ten years", true};
inline constexpr figure_words span_or_none{"seconds, such as 600, or 0 for none, and at most ten years"};
inline constexpr figure_words rate_or_none{
    "so many a second, such as 20 or 0.5, or 0 for no limit, and at most 1000000"};
inline constexpr figure_words count_or_none{"a whole number, or 0 for no limit, and at most 1000000000"};
inline constexpr figure_words some_count{"a whole number from 1 to 1000000000", true};

[[nodiscard]] inline error wrong_figure(std::string_view name, figure_words words, std::string_view said) {
    return fail(errc::bad_configuration, std::string{name} + " must be " + std::string{words.remedy} +
                                             (said.empty() ? std::string{} : ", not " + in_quotes(said)));
}

/// A figure: the option, else the variable of its name, else what it is already. `read` makes it of text; a comparison that
/// is false for NaN keeps that out, too.
template <class Figure, class Read, environment_policy Environment>
[[nodiscard]] result<void> set_figure(Figure& into, std::optional<Figure> given, std::string_view name, Figure most,
                                      figure_words words, Read const& read, Environment const& environment) {
    std::optional<std::string> said;
    if (!given) {
        said = filled_variable(environment, name);
        if (!said) return {};
        given = read(*said);
    }
    bool const fits = given && *given >= Figure{} && *given <= most && !(words.positive && *given == Figure{});
    std::string const where = said ? "the environment variable " + std::string{name} : std::string{name};
    if (!fits) return wrong_figure(where, words, said.value_or(""));
    into = *given;
    return {};
}

/// A switch that is on: unless the option, else the variable of its name, else that behind `no_` says otherwise.
template <environment_policy Environment>
[[nodiscard]] result<void> set_switch(bool& into, std::optional<bool> given, std::string const& name,
                                      Environment const& environment) {
    if (!given && filled_variable(environment, name)) {
        auto const on = flag_of(std::nullopt, name, environment);
        if (!on) return on.error();
        given = *on;
    }
    if (!given && filled_variable(environment, "no_" + name)) {
        auto const off = flag_of(std::nullopt, "no_" + name, environment);
        if (!off) return off.error();
        given = !*off;
    }
    if (given) into = *given;
    return {};
}

template <environment_policy Environment>
[[nodiscard]] result<void> set_switches(protocol& made, agent_options const& options, Environment const& environment) {
    if (auto set = set_switch(made.idempotent, options.idempotent, "idempotent", environment); !set) return set;
    // Without tokens nothing that was left behind can be launched again safely: then it takes a word to look for it.
    made.reconcile = made.idempotent;
    if (auto set = set_switch(made.reconcile, options.reconcile, "reconcile", environment); !set) return set;
    if (auto set = set_switch(made.batch_claims, options.batch_claims, "batch_claims", environment); !set) return set;
    if (auto set = set_switch(made.watch, options.watch, "watch", environment); !set) return set;
    return set_switch(made.heartbeat, options.heartbeat, "heartbeat", environment);
}

template <environment_policy Environment>
[[nodiscard]] result<void> set_spans(protocol& made, agent_options const& options, Environment const& environment) {
    struct row {
        std::string_view name;
        std::optional<duration> agent_options::*given;
        duration protocol::*kept;
        figure_words words;
    };
    constexpr row rows[] = {
        {"poll_interval_max", &agent_options::poll_interval_max, &protocol::poll_interval_max, some_span},
        {"launch_timeout", &agent_options::launch_timeout, &protocol::launch_timeout, span_or_none},
        {"launch_deadline", &agent_options::launch_deadline, &protocol::launch_deadline, any_span},
        {"max_run_duration", &agent_options::max_run_duration, &protocol::max_run_duration, span_or_none},
        {"capacity_fallback", &agent_options::capacity_fallback, &protocol::capacity_fallback, any_span},
        {"reconcile_interval", &agent_options::reconcile_interval, &protocol::reconcile_interval, some_span},
    };
    for (auto const& each : rows)
        if (auto set = set_figure(made.*each.kept, options.*each.given, each.name, longest_span, each.words,
                                  read_seconds, environment);
            !set)
            return set;
    return {};
}

template <environment_policy Environment>
[[nodiscard]] result<void> set_counts(protocol& made, agent_options const& options, Environment const& environment) {
    if (auto set = set_figure(made.launch_rate, options.launch_rate, "launch_rate", highest_rate, rate_or_none,
                              read_rate, environment);
        !set)
        return set;
    std::uint64_t in_flight = made.max_in_flight;
    if (auto set = set_figure(in_flight, options.max_in_flight, "max_in_flight", highest_count, count_or_none,
                              read_count, environment);
        !set)
        return set;
    made.max_in_flight = static_cast<std::size_t>(in_flight);
    std::uint64_t attempts = made.launch_attempts;
    if (auto set = set_figure(attempts, options.launch_attempts, "launch_attempts", highest_count, some_count,
                              read_count, environment);
        !set)
        return set;
    made.launch_attempts = static_cast<unsigned>(attempts);
    return {};
}

template <environment_policy Environment>
[[nodiscard]] result<void> set_names(protocol& made, agent_options const& options, Environment const& environment) {
    auto const named = [&](std::string const& given, std::string_view name) {
        std::string found{text::trim(given)};
        if (found.empty()) found = text::trim(filled_variable(environment, name).value_or(""));
        return found;
    };
    if (auto const plan = named(options.capacity_plan, "capacity_plan"); !plan.empty()) {
        auto read = read_capacity_plan(plan);
        if (!read)
            return fail(errc::bad_configuration,
                        "capacity_plan must be names of capacity providers with commas between, such as "
                        "FARGATE_SPOT,FARGATE, not " +
                            in_quotes(plan));
        made.capacity_plan = *std::move(read);
    }
    made.fleet = named(options.fleet_id, "fleet_id");
    if (!made.fleet.empty() && !is_fleet(made.fleet))
        return fail(errc::bad_configuration,
                    "fleet_id must be at most 128 letters, digits, -, / and _, which ECS takes as startedBy, not " +
                        in_quotes(made.fleet));
    return {};
}

/// How long the agent may stand still before its process ends: ten minutes, or longer where it waits long between polls.
template <environment_policy Environment>
[[nodiscard]] result<duration> wedged_after_of(agent_options const& options, Environment const& environment) {
    duration longest_wait = protocol{}.poll_interval_max;
    if (auto set = set_figure(longest_wait, options.poll_interval_max, "poll_interval_max", longest_span, some_span,
                              read_seconds, environment);
        !set)
        return set.error();
    duration made = std::max<duration>(std::chrono::minutes{10}, 3 * longest_wait);
    if (auto set = set_figure(made, options.wedged_after, "wedged_after", longest_span, span_or_none, read_seconds,
                              environment);
        !set)
        return set.error();
    if (made != duration::zero() && made / 2 < longest_wait)
        return fail(errc::bad_configuration, "wedged_after must be at least twice poll_interval_max, or 0 for none: an "
                                             "agent that waits for its next poll is not wedged");
    return made;
}

} // namespace detail

/// How the agent keeps its promise; `server` is what `prefect_settings` made of the same options. A fleet that is not named
/// is that of the API, the tenant and the labels, and none for who turned all off that would use it.
/// `errc::bad_configuration` names the option or variable.
template <environment_policy Environment, crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<protocol> protocol_of(agent_options const& options, prefect::settings const& server,
                                           Environment const& environment, Hash const& hash = {}) {
    protocol made;
    for (auto const step : {&detail::set_switches<Environment>, &detail::set_spans<Environment>,
                            &detail::set_counts<Environment>, &detail::set_names<Environment>})
        if (auto set = step(made, options, environment); !set) return set.error();
    if (made.max_run_duration != duration::zero() && !made.watch)
        return fail(errc::bad_configuration, "max_run_duration needs watch, which is off: leave one of them out");
    if (made.reconcile && !made.idempotent)
        return fail(errc::bad_configuration, "reconcile needs idempotent, which is off: leave one of them out");
    if (made.fleet.empty() && (made.idempotent || made.watch || made.reconcile))
        made.fleet = default_fleet(prefect::api_of(server), server.tenant_id, server.labels, hash);
    return made;
}

} // namespace fargate::inline v0::service

#endif
