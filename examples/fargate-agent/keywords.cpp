#include "keywords.hpp"

#include "figures.hpp"

#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

using fargate::agent_options;
using fargate::errc;
using fargate::fail;
using fargate::result;
namespace text = fargate::text;

namespace {

result<void> usage(std::string message) { return fail(errc::invalid_argument, std::move(message)); }

// The options by their kinds, under their names.
constexpr std::pair<std::string_view, std::string agent_options::*> texts[] = {
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
};

constexpr std::pair<std::string_view, std::optional<std::string> agent_options::*> optional_texts[] = {
    {"launch_type", &agent_options::launch_type},
    {"launchType", &agent_options::launch_type},
    {"external_kwargs_s3_key", &agent_options::external_kwargs_s3_key},
};

constexpr std::pair<std::string_view, fargate::secret agent_options::*> secrets[] = {
    {"token", &agent_options::token},
    {"api_key", &agent_options::api_key},
    {"aws_access_key_id", &agent_options::aws_access_key_id},
    {"aws_secret_access_key", &agent_options::aws_secret_access_key},
    {"aws_session_token", &agent_options::aws_session_token},
};

constexpr std::pair<std::string_view, std::optional<bool> agent_options::*> flags[] = {
    {"enable_task_revisions", &agent_options::enable_task_revisions},
    {"use_external_kwargs", &agent_options::use_external_kwargs},
    {"refresh_definitions", &agent_options::refresh_definitions},
    {"use_run_config", &agent_options::use_run_config},
    {"prefetch", &agent_options::prefetch},
    {"strict", &agent_options::strict},
    {"dry_run", &agent_options::dry_run},
};

/// What needs more than a look into a table.
constexpr std::string_view others[] = {"backend",   "max_polls", "no_cloud_logs",
                                       "log_level", "level",     "botocore_config"};

/// What would be dangerous to pass over.
constexpr std::string_view only_of_start[] = {"check", "explain"};

constexpr std::string_view elsewhere[] = {"labels", "label", "env_vars", "env"};

template <class Table>
auto const* find(Table const& table, std::string_view name) {
    auto const found =
        std::find_if(std::begin(table), std::end(table), [&](auto const& each) { return each.first == name; });
    return found == std::end(table) ? nullptr : &found->second;
}

template <class Names>
bool holds(Names const& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_option(std::string_view name) {
    return find(texts, name) != nullptr || find(optional_texts, name) != nullptr || find(secrets, name) != nullptr ||
           find(flags, name) != nullptr || is_figure(name) || is_switch(name) || holds(others, name) ||
           holds(elsewhere, name);
}

/// `launch-type` is `launch_type`; names of AWS's arguments have no dash.
std::string named(std::string_view word) {
    std::string made{word};
    std::replace(made.begin(), made.end(), '-', '_');
    return is_option(made) ? made : std::string{word};
}

template <class Flag>
result<void> set_flag(Flag& member, std::string const& name, std::string_view value) {
    auto const flag = fargate::deploy::read_flag(value);
    if (!flag) return usage(name + " takes true or false, not \"" + std::string{value} + "\"");
    member = *flag;
    return {};
}

result<void> set_backend(agent_options& options, std::string_view value) {
    if (value == "cloud") {
        options.backend = fargate::prefect::backend::cloud;
    } else if (value == "server") {
        options.backend = fargate::prefect::backend::server;
    } else {
        return usage("backend takes cloud or server, not \"" + std::string{value} + "\"");
    }
    return {};
}

result<void> set(agent_options& options, std::string const& name, std::string value) {
    if (auto const* const member = find(texts, name)) {
        options.** member = std::move(value);
    } else if (auto const* const maybe = find(optional_texts, name)) {
        options.** maybe = std::move(value);
    } else if (auto const* const hidden = find(secrets, name)) {
        options.** hidden = fargate::secret{value};
    } else if (auto const* const flag = find(flags, name)) {
        return set_flag(options.**flag, name, value);
    } else if (is_figure(name) || is_switch(name)) {
        return set_figure(options, name, name, value);
    } else if (name == "no_cloud_logs") {
        return set_flag(options.no_cloud_logs, name, value);
    } else if (name == "backend") {
        return set_backend(options, value);
    } else if (name == "max_polls") {
        return read_max_polls(options, name, value);
    } else if (name == "log_level" || name == "level") {
        return read_level(options, name, value);
    } else if (name == "labels" || name == "label") {
        return usage("labels are given as --label LABEL, once for each");
    } else if (name == "env_vars" || name == "env") {
        return usage("env_vars are given as --env NAME=VALUE, once for each");
    } else if (name == "botocore_config") {
        options.botocore_config = std::move(value);
    } else {
        fargate::json::set(options.kwargs, name, std::move(value));
    }
    return {};
}

/// How many brackets of a value are still open, quoted ones not counted.
std::ptrdiff_t open_brackets(std::string_view value) {
    std::ptrdiff_t open = 0;
    char quote = '\0';
    for (std::size_t at = 0; at != value.size(); ++at) {
        char const c = value[at];
        if (quote != '\0') {
            if (c == '\\' && at + 1 != value.size()) ++at;
            if (c == quote) quote = '\0';
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '{' || c == '[' || c == '(') {
            ++open;
        } else if (c == '}' || c == ']' || c == ')') {
            --open;
        }
    }
    return open;
}

/// `name=...` or `--...`: the begin of an argument, and no piece of one.
bool begins_argument(std::string_view word) {
    auto const equals = word.find('=');
    if (word.starts_with("--")) return true;
    return equals != std::string_view::npos && equals != 0 &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
                       [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '_'; });
}

} // namespace

bool is_keyword(std::string_view name) {
    if (is_option(name) || name == "containerDefinitions") return true;
    auto const has_name = [&](auto const& each) { return each.name == name; };
    using fargate::deploy::container_names;
    using fargate::deploy::kwarg_names;
    return std::any_of(std::begin(kwarg_names), std::end(kwarg_names), has_name) ||
           std::any_of(std::begin(container_names), std::end(container_names), has_name);
}

result<void> read_level(agent_options& options, std::string const& option, std::string_view value) {
    for (auto const known :
         {fargate::log_level::debug, fargate::log_level::info, fargate::log_level::warning, fargate::log_level::error})
        if (text::iequals(value, name_of(known))) return options.level = known, result<void>{};
    return usage(option + " takes DEBUG, INFO, WARNING or ERROR, not \"" + std::string{value} + "\"");
}

result<void> read_max_polls(agent_options& options, std::string const& option, std::string_view value) {
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size())
        return usage(option + " takes a whole number, not \"" + std::string{value} + "\"");
    options.max_polls = number;
    return {};
}

result<void> read_keywords(agent_options& options, std::vector<std::string> const& words) {
    for (std::size_t at = 0; at != words.size(); ++at) {
        std::string_view word = words[at];
        bool const dashed = word.starts_with("--");
        if (dashed) word.remove_prefix(2);
        auto const equals = word.find('=');
        bool const single = !dashed && word.starts_with('-') && word.size() > 1;
        if (single)
            return usage("no such option: " + std::string{word.substr(0, equals)} +
                         " (arguments for AWS are written name=value or --name=value)");
        auto const name = named(word.substr(0, equals));
        if (name.empty()) return usage("an argument has no name before its \"=\": write name=value");
        if (holds(only_of_start, name))
            return usage(std::string{name}.append(" is no argument: write start --").append(name));
        std::string value;
        bool const is_flag = find(flags, name) != nullptr || is_switch(name);
        bool const has_next = dashed && at + 1 != words.size();
        if (equals != std::string_view::npos) {
            value = word.substr(equals + 1);
            // What a shell made of an unquoted $VARIABLE, as in the last example of Prefect's own description.
            while (at + 1 != words.size() && !begins_argument(words[at + 1]) && open_brackets(value) > 0)
                value += " " + words[++at];
        } else if (dashed && is_flag) {
            value = has_next && fargate::deploy::read_flag(words[at + 1]) ? words[++at] : "true";
        } else if (has_next && !words[at + 1].starts_with("--")) {
            value = words[++at];
        } else {
            return usage("\"" + words[at] + "\" has no value: write " + name + "=VALUE");
        }
        if (auto done = set(options, name, std::move(value)); !done) return done;
    }
    return {};
}
