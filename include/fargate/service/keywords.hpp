#ifndef FARGATE_SERVICE_KEYWORDS_HPP
#define FARGATE_SERVICE_KEYWORDS_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/figure.hpp>
#include <fargate/service/options.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace fargate::inline v0::service {

namespace detail {

/// Where a keyword is kept.
using keyword_member =
    std::variant<std::string agent_options::*, std::optional<std::string> agent_options::*, secret agent_options::*,
                 std::optional<bool> agent_options::*, bool agent_options::*, std::optional<duration> agent_options::*,
                 std::optional<double> agent_options::*, std::optional<std::uint64_t> agent_options::*,
                 std::optional<std::int64_t> agent_options::*, std::optional<log_level> agent_options::*,
                 std::optional<prefect::backend> agent_options::*, json::value agent_options::*>;

struct keyword {
    std::string_view name;
    keyword_member member;
    bool is_switch = false; ///< is turned off by its name behind `no_`, too
};

inline constexpr keyword keywords[] = {
    {"api", &agent_options::api},
    {"name", &agent_options::name},
    {"tenant_id", &agent_options::tenant_id},
    {"agent_config_id", &agent_options::agent_config_id},
    {"agent_address", &agent_options::agent_address},
    {"log_format", &agent_options::log_format},
    {"logging_level", &agent_options::logging_level},
    {"region_name", &agent_options::region_name},
    {"endpoint_url", &agent_options::endpoint_url},
    {"external_kwargs_s3_bucket", &agent_options::external_kwargs_s3_bucket},
    {"container_profile", &agent_options::container_profile},
    {"capacity_plan", &agent_options::capacity_plan},
    {"fleet_id", &agent_options::fleet_id},
    {"launch_type", &agent_options::launch_type},
    {"launchType", &agent_options::launch_type},
    {"external_kwargs_s3_key", &agent_options::external_kwargs_s3_key},
    {"token", &agent_options::token},
    {"api_key", &agent_options::api_key},
    {"aws_access_key_id", &agent_options::aws_access_key_id},
    {"aws_secret_access_key", &agent_options::aws_secret_access_key},
    {"aws_session_token", &agent_options::aws_session_token},
    {"enable_task_revisions", &agent_options::enable_task_revisions},
    {"use_external_kwargs", &agent_options::use_external_kwargs},
    {"refresh_definitions", &agent_options::refresh_definitions},
    {"use_run_config", &agent_options::use_run_config},
    {"prefetch", &agent_options::prefetch},
    {"strict", &agent_options::strict},
    {"dry_run", &agent_options::dry_run},
    {"no_cloud_logs", &agent_options::no_cloud_logs},
    {"watch", &agent_options::watch, true},
    {"reconcile", &agent_options::reconcile, true},
    {"idempotent", &agent_options::idempotent, true},
    {"batch_claims", &agent_options::batch_claims, true},
    {"heartbeat", &agent_options::heartbeat, true},
    {"poll_interval_max", &agent_options::poll_interval_max},
    {"launch_timeout", &agent_options::launch_timeout},
    {"launch_deadline", &agent_options::launch_deadline},
    {"max_run_duration", &agent_options::max_run_duration},
    {"capacity_fallback", &agent_options::capacity_fallback},
    {"reconcile_interval", &agent_options::reconcile_interval},
    {"wedged_after", &agent_options::wedged_after},
    {"launch_rate", &agent_options::launch_rate},
    {"max_in_flight", &agent_options::max_in_flight},
    {"launch_attempts", &agent_options::launch_attempts},
    {"max_polls", &agent_options::max_polls},
    {"level", &agent_options::level},
    {"log_level", &agent_options::level},
    {"backend", &agent_options::backend},
    {"botocore_config", &agent_options::botocore_config},
};

/// What a keyword of that name sets; null for one that is AWS's.
[[nodiscard]] inline keyword const* keyword_of(std::string_view name) noexcept {
    std::string_view const denied = name.starts_with("no_") ? name.substr(3) : std::string_view{};
    for (auto const& each : keywords)
        if (each.name == name || (each.is_switch && each.name == denied)) return &each;
    return nullptr;
}

[[nodiscard]] inline std::optional<log_level> read_log_level(std::string_view value) noexcept {
    for (auto const known : {log_level::debug, log_level::info, log_level::warning, log_level::error})
        if (text::iequals(value, name_of(known))) return known;
    return std::nullopt;
}

[[nodiscard]] inline std::optional<std::int64_t> read_whole(std::string_view value) noexcept {
    std::int64_t number = 0;
    auto const [end, bad] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (bad != std::errc{} || end != value.data() + value.size()) return std::nullopt;
    return number;
}

[[nodiscard]] inline std::optional<prefect::backend> read_backend(std::string_view value) noexcept {
    if (value == "cloud") return prefect::backend::cloud;
    if (value == "server") return prefect::backend::server;
    return std::nullopt;
}

/// Puts a text where a keyword is kept; false with what it takes in `takes` when it is not that.
struct keyword_setter {
    agent_options& options;
    std::string value;
    bool denied;
    std::string_view takes{};

    bool operator()(std::string agent_options::*into) { return options.*into = std::move(value), true; }
    bool operator()(std::optional<std::string> agent_options::*into) { return options.*into = std::move(value), true; }
    bool operator()(secret agent_options::*into) { return options.*into = secret{std::move(value)}, true; }
    bool operator()(json::value agent_options::*into) { return options.*into = std::move(value), true; }
    bool operator()(bool agent_options::*into) { return put(into, deploy::read_flag(value), "true or false"); }
    bool operator()(std::optional<bool> agent_options::*into) {
        auto on = deploy::read_flag(value);
        if (on && denied) on = !*on;
        return put(into, on, "true or false");
    }
    bool operator()(std::optional<duration> agent_options::*into) {
        return put(into, read_seconds(value), "seconds, such as 90 or 0.5");
    }
    bool operator()(std::optional<double> agent_options::*into) {
        return put(into, read_rate(value), "so many a second, such as 20 or 0.5");
    }
    bool operator()(std::optional<std::uint64_t> agent_options::*into) {
        return put(into, read_count(value), "a whole number from 0 on");
    }
    bool operator()(std::optional<std::int64_t> agent_options::*into) {
        return put(into, read_whole(value), "a whole number");
    }
    bool operator()(std::optional<log_level> agent_options::*into) {
        return put(into, read_log_level(value), "DEBUG, INFO, WARNING or ERROR");
    }
    bool operator()(std::optional<prefect::backend> agent_options::*into) {
        return put(into, read_backend(value), "cloud or server");
    }

private:
    template <class Member, class Value>
    bool put(Member agent_options::*into, std::optional<Value> const& read, std::string_view what) {
        takes = what;
        if (read) options.*into = *read;
        return read.has_value();
    }
};

} // namespace detail

/// How much a keyword needs beside its name.
enum class keyword_kind : unsigned char {
    unknown, ///< none of the agent's own: an argument of AWS
    value,   ///< a text
    flag     ///< true or false
};

/// What set_keyword takes for the agent's own names, `label` and `env` among them.
[[nodiscard]] inline keyword_kind kind_of_keyword(std::string_view name) noexcept {
    if (name == "label" || name == "env") return keyword_kind::value;
    auto const* const found = detail::keyword_of(name);
    if (found == nullptr) return keyword_kind::unknown;
    bool const is_flag = std::holds_alternative<std::optional<bool> agent_options::*>(found->member);
    return is_flag ? keyword_kind::flag : keyword_kind::value;
}

/// Sets one member of the options by its name and a text, as `name=value` on a command line does: spans in seconds, switches
/// `true` or `false`, for some also by their name behind `no_`. `label` adds one, and so does `env` with `NAME=VALUE`; a name
/// that comes again keeps its place. What is
/// no option is an argument for AWS, a Python literal or JSON, and looked at when the agent opens. `errc::invalid_argument`
/// names the keyword, by `said_as` when that is given, and what it takes.
[[nodiscard]] inline result<void> set_keyword(agent_options& options, std::string_view name, std::string value,
                                              std::string_view said_as = {}) {
    auto const refuse = [&](std::string_view takes, std::string_view given) -> result<void> {
        std::string why{said_as.empty() ? name : said_as};
        why.append(" takes ").append(takes).append(", not \"").append(given).append("\"");
        return fail(errc::invalid_argument, std::move(why));
    };
    if (name == "label") return options.labels.push_back(std::move(value)), result<void>{};
    if (name == "env") {
        auto const equals = value.find('=');
        if (equals == std::string::npos || equals == 0) return refuse("NAME=VALUE", value.substr(0, equals));
        auto const variable = value.substr(0, equals);
        for (auto& [known, kept] : options.env_vars)
            if (known == variable) return kept = value.substr(equals + 1), result<void>{};
        options.env_vars.emplace_back(variable, value.substr(equals + 1));
        return {};
    }
    auto const* const found = detail::keyword_of(name);
    if (found == nullptr) {
        json::set(options.kwargs, name, std::move(value));
        return {};
    }
    detail::keyword_setter set{options, std::move(value), found->name != name};
    if (!std::visit(set, found->member)) return refuse(set.takes, set.value);
    return {};
}

} // namespace fargate::inline v0::service

#endif
