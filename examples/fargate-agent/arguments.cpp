#include "arguments.hpp"

#include <fargate/deploy/kwargs.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

using fargate::errc;
using fargate::fail;
using fargate::result;
namespace text = fargate::text;

namespace {

result<void> usage(std::string message) { return fail(errc::invalid_argument, std::move(message)); }

template <class Flag>
result<void> set_flag(Flag& member, std::string const& name, std::string_view value) {
    auto const flag = fargate::deploy::read_flag(value);
    if (!flag) return usage(name + " takes true or false, not \"" + std::string{value} + "\"");
    member = *flag;
    return {};
}

result<void> set_count(std::optional<std::int64_t>& member, std::string const& name, std::string_view value) {
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size())
        return usage(name + " takes a whole number, not \"" + std::string{value} + "\"");
    member = number;
    return {};
}

result<void> set_backend(std::optional<fargate::prefect::backend>& member, std::string const& name,
                         std::string_view value) {
    if (value == "cloud") {
        member = fargate::prefect::backend::cloud;
    } else if (value == "server") {
        member = fargate::prefect::backend::server;
    } else {
        return usage(name + " takes cloud or server, not \"" + std::string{value} + "\"");
    }
    return {};
}

/// One `name=value` beside the options: an agent option under its Prefect name, or an argument for AWS.
result<void> set_argument(fargate::agent_options& options, std::string const& name, std::string value) {
    using options_type = fargate::agent_options;
    static constexpr std::pair<std::string_view, std::string options_type::*> texts[] = {
        {"api", &options_type::api},
        {"name", &options_type::name},
        {"agent_config_id", &options_type::agent_config_id},
        {"region_name", &options_type::region_name},
        {"endpoint_url", &options_type::endpoint_url},
    };
    static constexpr std::pair<std::string_view, fargate::secret options_type::*> secrets[] = {
        {"token", &options_type::token},
        {"aws_access_key_id", &options_type::aws_access_key_id},
        {"aws_secret_access_key", &options_type::aws_secret_access_key},
        {"aws_session_token", &options_type::aws_session_token},
    };
    for (auto const& [known, member] : texts)
        if (name == known) return options.*member = std::move(value), result<void>{};
    for (auto const& [known, member] : secrets)
        if (name == known) return options.*member = std::move(value), result<void>{};
    if (name == "launch_type" || name == "launchType") return options.launch_type = std::move(value), result<void>{};
    if (name == "backend") return set_backend(options.backend, name, value);
    if (name == "max_polls") return set_count(options.max_polls, name, value);
    if (name == "no_cloud_logs") return set_flag(options.no_cloud_logs, name, value);
    if (name == "enable_task_revisions") return set_flag(options.enable_task_revisions, name, value);
    if (name == "labels") return usage("labels are given as --label LABEL, once for each");
    if (name == "env_vars") return usage("env_vars are given as --env NAME=VALUE, once for each");
    fargate::json::set(options.kwargs, name, std::move(value));
    return {};
}

/// What is left beside the options: `k=v`, `--k=v` or `--k v`.
result<void> set_extras(fargate::agent_options& options, std::vector<std::string> const& extras) {
    for (std::size_t at = 0; at != extras.size(); ++at) {
        std::string_view word = extras[at];
        bool const dashed = word.starts_with("--");
        if (dashed) word.remove_prefix(2);
        if (!dashed && word.starts_with('-') && word.size() > 1)
            return usage("no such option: " + extras[at] +
                         " (arguments for AWS are written name=value or --name=value)");
        auto const equals = word.find('=');
        std::string const name{word.substr(0, equals)};
        if (name.empty()) return usage("an argument has no name before its \"=\": write name=value");
        std::string value;
        if (equals != std::string_view::npos) {
            value = word.substr(equals + 1);
        } else if (dashed && at + 1 != extras.size() && !extras[at + 1].starts_with("--")) {
            value = extras[++at];
        } else {
            return usage("\"" + extras[at] + "\" has no value: write " + name + "=VALUE");
        }
        if (auto set = set_argument(options, name, std::move(value)); !set) return set;
    }
    return {};
}

/// `K=V` entries in their order; a repeated name keeps its first place and takes its last value.
result<void> set_env_vars(fargate::agent_options& options, std::vector<std::string> const& entries) {
    for (auto const& entry : entries) {
        auto const equals = entry.find('=');
        if (equals == std::string::npos || equals == 0)
            return usage("--env takes NAME=VALUE, not \"" + entry.substr(0, equals) + "\"");
        std::string name = entry.substr(0, equals);
        auto const known = std::find_if(options.env_vars.begin(), options.env_vars.end(),
                                        [&](auto const& each) { return each.first == name; });
        if (known != options.env_vars.end()) {
            known->second = entry.substr(equals + 1);
        } else {
            options.env_vars.emplace_back(std::move(name), entry.substr(equals + 1));
        }
    }
    return {};
}

result<void> set_level(fargate::agent_options& options, std::string const& level) {
    for (auto const known :
         {fargate::log_level::debug, fargate::log_level::info, fargate::log_level::warning, fargate::log_level::error})
        if (text::iequals(level, name_of(known))) return options.level = known, result<void>{};
    return usage("--log-level takes DEBUG, INFO, WARNING or ERROR, not \"" + level + "\"");
}

/// `-cpu=256` would be read as `-c pu=256`, and `-networkMode=x` as the name `etworkMode=x`.
result<void> refuse_single_dashes(std::vector<std::string> const& arguments) {
    for (auto const& word : arguments) {
        auto const name = std::string_view{word}.substr(0, word.find('='));
        bool const named =
            name.size() > 2 && name[0] == '-' && name.size() != word.size() &&
            std::all_of(name.begin() + 1, name.end(), [](char c) { return text::is_alpha(c) || c == '_'; });
        if (named) return usage("no such option: " + std::string{name} + " (write -" + std::string{name} + "=VALUE)");
    }
    return {};
}

/// `agent fargate start ...` is how Prefect's own command line spelled `start ...`.
void drop_prefix(std::vector<std::string>& arguments) {
    if (arguments.size() >= 2 && arguments[0] == "agent" && arguments[1] == "fargate")
        arguments.erase(arguments.begin(), arguments.begin() + 2);
}

} // namespace

result<command> read_arguments(std::vector<std::string> arguments) {
    drop_prefix(arguments);
    if (!arguments.empty() && arguments[0] != "start" && arguments[0] != "demo" && !arguments[0].starts_with('-'))
        return fail(errc::invalid_argument, "no such command: " + arguments[0] + " (there are start and demo)");
    if (auto fine = refuse_single_dashes(arguments); !fine) return fine.error();
    command made;
    std::string token;
    std::string api;
    std::string name;
    std::string config_id;
    std::string polls;
    std::string level;
    std::vector<std::string> labels;
    std::vector<std::string> env_vars;

    CLI::App app{"Launches Prefect flow runs as AWS Fargate tasks.", "fargate-agent"};
    app.set_version_flag("--version", "fargate-agent " FARGATE_VERSION_STRING);
    app.require_subcommand(1);
    auto* const start = app.add_subcommand("start", "Poll a Prefect API and launch each flow run as a Fargate task");
    start->allow_extras();
    start->add_option("-t,--token", token, "API token (PREFECT__CLOUD__AGENT__AUTH_TOKEN)");
    start->add_option("-a,--api", api, "Prefect API (PREFECT__CLOUD__API)");
    start->add_option("--agent-config-id", config_id, "an agent config that must exist in the API");
    start->add_option("-n,--name", name, "the agent's name");
    start->add_option("-l,--label", labels, "take runs whose labels are among these; repeat for more")
        ->allow_extra_args(false);
    start->add_option("-e,--env", env_vars, "NAME=VALUE for every flow's container; repeat for more")
        ->allow_extra_args(false);
    start->add_option("--max-polls", polls, "stop after so many polls");
    start->add_flag("--no-cloud-logs", made.options.no_cloud_logs, "keep the flows' logs out of the API");
    start->add_option("--log-level", level, "DEBUG, INFO, WARNING or ERROR");
    start->footer("Further arguments, as name=value or --name=value, are options of the agent (region_name,\n"
                  "launch_type, enable_task_revisions, backend, aws_access_key_id, ...) or go to AWS under its\n"
                  "names: cpu=256 memory=512 networkConfiguration=\"{'awsvpcConfiguration': {...}}\"");
    auto* const demo = app.add_subcommand("demo", "Launch recorded flow runs against services of its own");
    demo->add_flag("--plain", made.plain, "print lines, even on a terminal");
    demo->add_flag("--verbose", made.verbose, "print the agent's own log too");

    try {
        std::reverse(arguments.begin(), arguments.end());
        app.parse(arguments);
    } catch (CLI::CallForVersion const& asked) {
        made.text = std::string{asked.what()} + "\n";
        return made;
    } catch (CLI::CallForHelp const&) {
        made.text = app.help();
        return made;
    } catch (CLI::ParseError const& refused) {
        return fail(errc::invalid_argument, std::string{refused.what()} + " (see fargate-agent --help)");
    }

    if (demo->parsed()) {
        made.what = command::kind::demo;
        return made;
    }
    made.what = command::kind::start;
    auto& options = made.options;
    auto const done = [&]() -> result<void> {
        if (!token.empty()) options.token = token;
        if (!api.empty()) options.api = api;
        if (!name.empty()) options.name = name;
        options.agent_config_id = config_id;
        std::sort(labels.begin(), labels.end());
        labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
        options.labels = std::move(labels);
        if (!polls.empty())
            if (auto set = set_count(options.max_polls, "--max-polls", polls); !set) return set;
        if (!level.empty())
            if (auto set = set_level(options, level); !set) return set;
        if (auto set = set_env_vars(options, env_vars); !set) return set;
        return set_extras(options, start->remaining());
    }();
    if (!done) return done.error();
    return made;
}
