#include "arguments.hpp"

#include "figures.hpp"
#include "keywords.hpp"

#include <fargate/prefect/login.hpp>
#include <fargate/service/keywords.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string_view>
#include <utility>

using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::service::set_keyword;
namespace text = fargate::text;

namespace {

using words = std::vector<std::string>;

constexpr char overview[] = R"(Launches Prefect flow runs as AWS Fargate tasks.

Usage: fargate-agent COMMAND [OPTION]... [name=value]...

Commands:
  start       Poll a Prefect API and launch each flow run as a Fargate task; with --check, --explain
              and --dry-run tell what is wrong, or what would be done, and change nothing
  validate    Try the configuration on AWS: register a task definition, run it, take it back

`fargate-agent agent fargate start` is `fargate-agent start`. Each command has a --help of its own.

Options:
  -h,--help   Print this and exit
  --version   Print the version and exit
)";

constexpr char keyword_help[] =
    "Further arguments, written name=value, --name=value or --name value, are options of the agent or\n"
    "go to AWS under its names. They count before the options above.\n"
    "  region_name aws_access_key_id aws_secret_access_key aws_session_token endpoint_url botocore_config\n"
    "  launch_type enable_task_revisions refresh_definitions use_run_config container_profile\n"
    "  use_external_kwargs external_kwargs_s3_bucket external_kwargs_s3_key\n"
    "  backend api_key tenant_id prefetch strict dry_run agent_address log_format logging_level\n"
    "  watch reconcile idempotent batch_claims heartbeat, and each option of \"Exactly one task\" with _ for -\n"
    "  cpu=256 memory=512 networkConfiguration=\"{'awsvpcConfiguration': {...}}\" ...\n"
    "What is on or off needs no value: --strict, --prefetch.";

result<void> usage(std::string message) { return fail(errc::invalid_argument, std::move(message)); }

/// `-cpu=256` would be read as `-c pu=256`, and `-networkMode x` as the name `etworkMode`. A variable or a label may stand
/// at its letter: `-eNAME=value`.
result<void> refuse_single_dashes(words const& arguments) {
    for (std::string_view const word : arguments) {
        if (word.size() < 3 || word[0] != '-' || word[1] == '-') continue;
        auto const name = word.substr(1, word.find('=') - 1);
        bool const attached = word[1] == 'e' || word[1] == 'l';
        bool const looks_like_one =
            name.size() > 1 && name.size() + 1 != word.size() && !attached &&
            std::all_of(name.begin(), name.end(), [](char c) { return text::is_alpha(c) || c == '_'; });
        if (looks_like_one || is_keyword(name))
            return usage("no such option: -" + std::string{name} + " (write --" + std::string{name} + "=VALUE)");
    }
    return {};
}

/// What `start` and `validate` have in common.
class agent_line {
public:
    explicit agent_line(CLI::App& app) : app_{app} {
        app.allow_extras();
        app.add_option("-t,--token", token_, "API token (PREFECT__CLOUD__AGENT__AUTH_TOKEN)");
        app.add_option("-k,--key", key_, "API key, in place of a token (PREFECT__CLOUD__API_KEY)");
        app.add_option("--tenant-id", tenant_, "the key's tenant (PREFECT__CLOUD__TENANT_ID)");
        app.add_option("-a,--api", api_, "Prefect API (PREFECT__CLOUD__API)");
        app.add_option("--agent-config-id", config_id_, "an agent config that must exist in the API");
        app.add_option("-n,--name", name_, "the agent's name");
        app.add_option("-l,--label", labels_, "take runs whose labels are among these; repeat for more")
            ->allow_extra_args(false);
        app.add_option("-e,--env", env_vars_, "NAME=VALUE for every flow's container; repeat for more")
            ->allow_extra_args(false);
        app.add_option("--max-polls", polls_, "stop after so many polls");
        app.add_option("--agent-address", address_, "answer for its health here: http://127.0.0.1:8080");
        app.add_flag("--no-cloud-logs", no_cloud_logs_, "keep the flows' logs out of the API");
        app.add_option("--log-level", level_, "DEBUG, INFO, WARNING or ERROR");
        add_figures();
        app.footer(keyword_help);
    }

    result<void> read_into(fargate::agent_options& options) {
        if (!token_.empty()) options.token = token_;
        if (!key_.empty()) options.api_key = key_;
        options.tenant_id = tenant_;
        options.api = api_;
        options.name = name_;
        options.agent_config_id = config_id_;
        options.agent_address = address_;
        options.no_cloud_logs = no_cloud_logs_;
        std::sort(labels_.begin(), labels_.end());
        labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
        options.labels = std::move(labels_);
        if (!polls_.empty())
            if (auto set = set_keyword(options, "max_polls", polls_, "--max-polls"); !set) return set;
        if (!level_.empty())
            if (auto set = set_keyword(options, "log_level", level_, "--log-level"); !set) return set;
        for (auto const& each : env_vars_)
            if (auto set = set_keyword(options, "env", each, "--env"); !set) return set;
        if (auto set = read_figures(options); !set) return set;
        return read_keywords(options, app_.remaining());
    }

private:
    void add_figures() {
        for (auto const& each : figures()) {
            auto& said = figures_.emplace_back();
            auto* const option = each.unit.empty()
                                     ? app_.add_flag(option_of(each), said.denied, std::string{each.help})
                                     : app_.add_option(option_of(each), said.value, std::string{each.help});
            option->group("Exactly one task");
            if (!each.unit.empty()) option->type_name(std::string{each.unit});
        }
    }

    result<void> read_figures(fargate::agent_options& options) {
        for (std::size_t at = 0; at != figures_.size(); ++at) {
            auto const& each = figures()[at];
            auto const& said = figures_[at];
            std::string const value = each.unit.empty() && said.denied ? "false" : said.value;
            if (value.empty()) continue;
            if (auto set = set_keyword(options, each.name, value, option_of(each)); !set) return set;
        }
        return {};
    }

    struct figure_word {
        std::string value{};
        bool denied = false; ///< a switch is turned off
    };

    CLI::App& app_;
    std::deque<figure_word> figures_; ///< by `figures()`; each stays where CLI11 has been told
    std::string token_, key_, tenant_, api_, name_, config_id_, polls_, address_, level_;
    words labels_, env_vars_;
    bool no_cloud_logs_ = false;
};

/// `--name=`, as a shell makes it of an unset variable: an option with an empty value, which CLI11 takes for none.
words with_empty_values(CLI::App const& app, words const& arguments) {
    words made;
    for (auto const& word : arguments) {
        auto const name = word.substr(0, word.find('='));
        bool const empty = word.starts_with("--") && word.size() == name.size() + 1 && word.ends_with('=');
        bool const known = empty && app.get_option_no_throw(name) != nullptr;
        made.push_back(known ? name : word);
        if (known) made.emplace_back();
    }
    return made;
}

/// Parses; true when it was asked for help, which is then in `made`.
result<bool> parse(CLI::App& app, words arguments, command& made) {
    try {
        arguments = with_empty_values(app, arguments);
        std::reverse(arguments.begin(), arguments.end());
        app.parse(arguments);
    } catch (CLI::CallForHelp const&) {
        made.text = app.help();
        return true;
    } catch (CLI::ParseError const& refused) {
        std::string message = refused.what();
        std::replace(message.begin(), message.end(), '\n', ' ');
        return fail(errc::invalid_argument, message + " (see " + app.get_name() + " --help)");
    }
    return false;
}

result<command> read_start(words arguments) {
    command made;
    if (auto fine = refuse_single_dashes(arguments); !fine) return fine.error();
    CLI::App app{"Polls a Prefect API and launches each flow run as an AWS Fargate task.", "fargate-agent start"};
    agent_line line{app};
    bool check = false;
    bool dry_run = false;
    constexpr char group[] = "Before it goes live";
    app.add_flag("--check", check, "tell all that is wrong with these options, and end")->group(group);
    auto const* const explain =
        app.add_option("--explain", made.run, "print what would be sent for this flow run, its token included, and end")
            ->type_name("RUN_ID")
            ->group(group);
    app.add_flag("--dry-run", dry_run, "poll, tell what would be done with each flow run, and do nothing")
        ->group(group);
    auto const helped = parse(app, std::move(arguments), made);
    if (!helped) return helped.error();
    if (*helped) return made;
    bool const explains = explain->count() != 0;
    if (static_cast<int>(check) + static_cast<int>(explains) + static_cast<int>(dry_run) > 1)
        return fail(errc::invalid_argument, "--check, --explain and --dry-run do not go together");
    if (explains && !fargate::prefect::is_uuid(made.run))
        return fail(errc::invalid_argument,
                    "--explain takes the id of a flow run, which is a UUID, not \"" + text::printable(made.run) + "\"");
    made.what = check ? command::kind::check : explains ? command::kind::explain : command::kind::start;
    if (dry_run) made.options.dry_run = true;
    if (auto read = line.read_into(made.options); !read) return read.error();
    return made;
}

/// `agent start NAME`, as Prefect had it before 0.13: the one name that this program knows is fargate.
result<command> read_deprecated_start(words arguments) {
    command made;
    if (auto fine = refuse_single_dashes(arguments); !fine) return fine.error();
    CLI::App app{"Deprecated: the old spelling of `fargate-agent agent fargate start`.", "fargate-agent agent start"};
    agent_line line{app};
    std::string name;
    bool verbose = false;
    app.add_option("agent", name, "fargate");
    app.add_flag("-v,--verbose", verbose, "the same as --log-level DEBUG");
    auto const helped = parse(app, std::move(arguments), made);
    if (!helped) return helped.error();
    if (*helped) return made;
    if (name.empty()) return fail(errc::invalid_argument, "agent start needs a name: write agent fargate start");
    if (name != "fargate") {
        made.text = name + " is not a valid agent\n";
        made.aloud = true;
        return made;
    }
    made.what = command::kind::start;
    made.deprecated = true;
    if (verbose) made.options.level = fargate::log_level::debug;
    if (auto read = line.read_into(made.options); !read) return read.error();
    return made;
}

result<command> read_validate(words arguments) {
    command made;
    if (auto fine = refuse_single_dashes(arguments); !fine) return fine.error();
    CLI::App app{"Tries the configuration on AWS: registers a task definition, runs it, and takes it back.",
                 "fargate-agent validate"};
    agent_line line{app};
    app.add_flag("--keep", made.keep, "leave the task definition registered");
    auto const helped = parse(app, std::move(arguments), made);
    if (!helped) return helped.error();
    if (*helped) return made;
    made.what = command::kind::validate;
    if (auto read = line.read_into(made.options); !read) return read.error();
    return made;
}

/// Takes the first word off when it is that one.
bool take(words& arguments, std::string_view word) {
    if (arguments.empty() || arguments[0] != word) return false;
    arguments.erase(arguments.begin());
    return true;
}

} // namespace

result<command> read_arguments(words arguments) {
    bool const below_agent = take(arguments, "agent");
    bool const below_fargate = below_agent && take(arguments, "fargate");
    if (!arguments.empty() && (arguments[0] == "-h" || arguments[0] == "--help")) {
        command made;
        made.text = overview;
        return made;
    }
    if (below_agent && !below_fargate) {
        if (take(arguments, "start")) return read_deprecated_start(std::move(arguments));
        return fail(errc::invalid_argument,
                    "agent is followed by fargate start" +
                        (arguments.empty() ? std::string{} : ", not by " + arguments[0].substr(0, 64)) +
                        " (see fargate-agent --help)");
    }
    if (take(arguments, "start")) return read_start(std::move(arguments));
    if (take(arguments, "validate")) return read_validate(std::move(arguments));
    if (!below_fargate && !arguments.empty() && arguments[0] == "--version") {
        command made;
        made.text = "fargate-agent " FARGATE_VERSION_STRING "\n";
        return made;
    }
    if (arguments.empty())
        return fail(errc::invalid_argument, "no command: there are start and validate (see fargate-agent --help)");
    return fail(errc::invalid_argument,
                "no such command: " + arguments[0].substr(0, 64) + " (there are start and validate)");
}
