#include <fargate/service/configuration.hpp>

#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace fargate;
using testing::captured_log;
using testing::map_environment;
using words = std::vector<std::string>;
using pairs = std::vector<std::pair<std::string, std::string>>;

namespace {

/// All that an agent may be told by, and what comes of it.
struct world {
    agent_options options{};
    map_environment environment{};
    captured_log log{};

    /// An entry of the files' tree.
    void file(std::string_view path, json::value value) {
        auto* table = &options.config;
        for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
            auto const name = path.substr(0, dot);
            if (json::object_of(*table, name) == nullptr) json::set(*table, name, json::value::object());
            for (auto& [known, each] : *table->get_ptr<json::value::object_t*>())
                if (known == name) table = &each;
            path.remove_prefix(dot + 1);
        }
        json::set(*table, path, std::move(value));
    }

    [[nodiscard]] prefect::settings server() const {
        auto made = service::prefect_settings(options, environment);
        INFO((made ? "" : made.error().message));
        REQUIRE(made);
        return *std::move(made);
    }

    [[nodiscard]] deploy::settings launch() {
        auto made = service::deploy_settings(options, server(), environment, log);
        INFO((made ? "" : made.error().message));
        REQUIRE(made);
        return *std::move(made);
    }

    [[nodiscard]] service::process_settings process() const {
        auto made = service::process_settings_of(options, environment);
        INFO((made ? "" : made.error().message));
        REQUIRE(made);
        return *std::move(made);
    }

    /// Why the configuration is refused: one line.
    [[nodiscard]] std::string refused() {
        auto const made = service::prefect_settings(options, environment);
        auto const launch = made ? service::deploy_settings(options, *made, environment, log) : made.error();
        REQUIRE_FALSE(launch);
        auto const& why = launch.error();
        CHECK((why.code == errc::bad_configuration || why.code == errc::invalid_argument));
        CHECK(why.message.find('\n') == std::string::npos);
        return why.message;
    }
};

using source = std::function<void(world&, std::string const&)>;

source variable(std::string name) {
    return [name](world& w, std::string const& value) { w.environment.set(name, value); };
}

source file(std::string path) {
    return [path](world& w, std::string const& value) { w.file(path, json::value(value)); };
}

source option(std::string agent_options::*member) {
    return [member](world& w, std::string const& value) { w.options.*member = value; };
}

source option(secret agent_options::*member) {
    return [member](world& w, std::string const& value) { w.options.*member = value; };
}

source option(std::optional<bool> agent_options::*member) {
    return [member](world& w, std::string const& value) { w.options.*member = value == "true"; };
}

source login(secret prefect::login::*member) {
    return [member](world& w, std::string const& value) { w.options.login.*member = value; };
}

/// One row of the table: where a setting comes from, the highest first.
struct row {
    std::string name;
    std::vector<source> sources;
    std::function<std::string(world&)> get;
    std::string usual; ///< with no source
    std::string one = "one";
    std::string other = "other";
};

std::string yes_or_no(bool flag) { return flag ? "true" : "false"; }

std::string joined(words const& all) {
    std::string made;
    for (auto const& each : all) made += (made.empty() ? "" : ",") + each;
    return made;
}

std::string joined(pairs const& all) {
    std::string made;
    for (auto const& [name, value] : all) made += (made.empty() ? "" : ",") + name + "=" + value;
    return made;
}

std::vector<row> table() {
    auto const set_level = [](world& w, std::string const& value) { w.options.level = service::read_level(value); };
    auto const set_labels = [](world& w, std::string const& value) { w.options.labels = {value}; };
    auto const set_env_vars = [](world& w, std::string const& value) { w.options.env_vars = {{"V", value}}; };
    auto const dict = [](std::string name) {
        return [name](world& w, std::string const& value) { w.environment.set(name, "{'V': '" + value + "'}"); };
    };
    auto const set_polls = [](world& w, std::string const& value) { w.options.max_polls = std::stoll(value); };
    auto const set_backend = [](world& w, std::string const& value) {
        w.options.backend = value == "server" ? prefect::backend::server : prefect::backend::cloud;
    };
    auto const set_launch = [](world& w, std::string const& value) { w.options.launch_type = value; };
    auto const kwarg = [](std::string name) {
        return [name](world& w, std::string const& value) { json::set(w.options.kwargs, name, json::value(value)); };
    };
    auto const set_external_key = [](world& w, std::string const& value) { w.options.external_kwargs_s3_key = value; };
    auto const external = [](world& w) {
        if (w.options.external_kwargs_s3_bucket.empty()) w.environment.set("external_kwargs_s3_bucket", "b");
        w.environment.set("external_kwargs_s3_key", "");
        return yes_or_no(w.launch().external.enabled);
    };
    std::string const api = "http://one.example:1";
    std::string const other_api = "http://other.example:2";
    auto const flag = [](std::string name, std::optional<bool> agent_options::*member,
                         std::function<std::string(world&)> get) {
        return row{name, {option(member), variable(name)}, std::move(get), "false", "true", "false"};
    };
    return {
        {"API URL",
         {option(&agent_options::api), variable("PREFECT__CLOUD__API"), file("cloud.api")},
         [](world& w) { return w.server().api; },
         "https://api.prefect.io",
         api,
         other_api},
        {"API URL for flow containers",
         {option(&agent_options::api), variable("PREFECT__CLOUD__API"), file("cloud.api")},
         [](world& w) { return w.launch().api; },
         "https://api.prefect.io",
         api,
         other_api},
        {"API token used by the agent",
         {option(&agent_options::token), variable("PREFECT__CLOUD__AGENT__AUTH_TOKEN"), file("cloud.agent.auth_token"),
          variable("PREFECT__CLOUD__AUTH_TOKEN"), file("cloud.auth_token"), login(&prefect::login::api_token)},
         [](world& w) { return std::string{w.server().token.reveal()}; },
         ""},
        {"token handed to flow containers",
         {option(&agent_options::token), variable("PREFECT__CLOUD__AGENT__AUTH_TOKEN"), file("cloud.agent.auth_token"),
          variable("PREFECT__CLOUD__AUTH_TOKEN"), file("cloud.auth_token"), login(&prefect::login::api_token)},
         [](world& w) { return std::string{w.launch().token.reveal()}; },
         ""},
        {"API key",
         {option(&agent_options::api_key), variable("PREFECT__CLOUD__API_KEY"), file("cloud.api_key"),
          login(&prefect::login::api_key)},
         [](world& w) { return std::string{w.server().api_key.reveal()}; },
         ""},
        {"API key handed to flow containers",
         {option(&agent_options::api_key), variable("PREFECT__CLOUD__API_KEY"), file("cloud.api_key"),
          login(&prefect::login::api_key)},
         [](world& w) { return std::string{w.launch().api_key.reveal()}; },
         ""},
        {"tenant of the key",
         {option(&agent_options::tenant_id), variable("PREFECT__CLOUD__TENANT_ID"), file("cloud.tenant_id"),
          [](world& w, std::string const& value) { w.options.login.tenant_id = value; }},
         [](world& w) {
             w.options.api_key = "key";
             CHECK(w.launch().tenant_id == w.server().tenant_id);
             return w.server().tenant_id;
         },
         ""},
        {"backend",
         {set_backend, variable("PREFECT__BACKEND"), file("backend")},
         [](world& w) {
             bool const cloud = w.server().backend == prefect::backend::cloud;
             CHECK(w.launch().backend == (cloud ? "cloud" : "server"));
             CHECK(w.server().api == (cloud ? "https://api.prefect.io" : "http://localhost:4200"));
             return std::string{cloud ? "cloud" : "server"};
         },
         "cloud",
         "server",
         "cloud"},
        {"name",
         {option(&agent_options::name), variable("PREFECT__CLOUD__AGENT__NAME"), file("cloud.agent.name"),
          variable("name")},
         [](world& w) {
             CHECK(w.process().name == w.server().name);
             return w.server().name;
         },
         "agent"},
        {"labels",
         {set_labels, variable("PREFECT__CLOUD__AGENT__LABELS"), file("cloud.agent.labels"), variable("labels")},
         [](world& w) {
             CHECK(w.launch().labels == w.server().labels);
             return joined(w.server().labels);
         },
         ""},
        {"env_vars",
         {set_env_vars, dict("PREFECT__CLOUD__AGENT__ENV_VARS"),
          [](world& w, std::string const& value) { w.file("cloud.agent.env_vars.V", json::value(value)); },
          dict("env_vars")},
         [](world& w) {
             auto const made = w.launch().env_vars;
             return made.empty() ? std::string{} : made.size() == 1 && made[0].first == "V" ? made[0].second : "?";
         },
         ""},
        {"max_polls",
         {set_polls, variable("max_polls")},
         [](world& w) { return w.process().max_polls ? std::to_string(*w.process().max_polls) : std::string{}; },
         "",
         "3",
         "-1"},
        {"agent_address",
         {option(&agent_options::agent_address), variable("PREFECT__CLOUD__AGENT__AGENT_ADDRESS"),
          file("cloud.agent.agent_address"), variable("agent_address")},
         [](world& w) { return w.process().agent_address; },
         "",
         "http://:8080",
         "8081"},
        {"log level",
         {set_level, variable("PREFECT__CLOUD__AGENT__LEVEL"), file("cloud.agent.level")},
         [](world& w) { return std::string{name_of(w.process().level)}; },
         "INFO",
         "DEBUG",
         "ERROR"},
        {"log format",
         {option(&agent_options::log_format), variable("PREFECT__LOGGING__FORMAT"), file("logging.format")},
         [](world& w) { return w.process().log_format; },
         "[%(asctime)s] %(levelname)s - %(name)s | %(message)s",
         "%(message)s",
         "%(name)s"},
        {"level inside the flows' containers",
         {option(&agent_options::logging_level), variable("PREFECT__LOGGING__LEVEL"), file("logging.level")},
         [](world& w) { return w.launch().logging_level; },
         "INFO",
         "DEBUG",
         "15"},
        {"agent_config_id",
         {option(&agent_options::agent_config_id), variable("agent_config_id")},
         [](world& w) { return w.server().agent_config_id; },
         ""},
        {"launch_type",
         {set_launch, kwarg("launchType"), variable("launch_type"), variable("launchType")},
         [](world& w) { return w.launch().launch_type; },
         "FARGATE",
         "EC2",
         "EXTERNAL"},
        {"region_name",
         {option(&agent_options::region_name), variable("REGION_NAME"), variable("region_name")},
         [](world& w) { return service::aws_options(w.options, w.environment).region; },
         ""},
        {"external_kwargs_s3_bucket",
         {option(&agent_options::external_kwargs_s3_bucket), variable("external_kwargs_s3_bucket")},
         [](world& w) { return w.launch().external.bucket; },
         ""},
        {"external_kwargs_s3_key",
         {set_external_key, variable("external_kwargs_s3_key")},
         [](world& w) { return w.launch().external.key; },
         ""},
        {"container_profile",
         {option(&agent_options::container_profile), variable("container_profile")},
         [](world& w) { return std::string{w.launch().profile == deploy::container_profile::v0_15 ? "0.15" : "0.13"}; },
         "0.13",
         "0.15",
         "0.13"},
        {"botocore_config",
         {[](world& w, std::string const& value) { w.options.botocore_config = json::value(value); },
          variable("botocore_config")},
         [](world& w) {
             auto const made = service::botocore_config_of(w.options, w.environment);
             REQUIRE(made);
             return json::write(*made);
         },
         "{}",
         R"({"read_timeout": 5})",
         R"({"retries": {"mode": "standard"}})"},
        flag("prefetch", &agent_options::prefetch, [](world& w) { return yes_or_no(w.server().prefetch); }),
        flag("enable_task_revisions", &agent_options::enable_task_revisions,
             [](world& w) { return yes_or_no(w.launch().enable_task_revisions); }),
        flag("refresh_definitions", &agent_options::refresh_definitions,
             [](world& w) { return yes_or_no(w.launch().refresh_definitions); }),
        flag("use_run_config", &agent_options::use_run_config,
             [](world& w) { return yes_or_no(w.launch().use_run_config); }),
        flag("strict", &agent_options::strict, [](world& w) { return yes_or_no(w.launch().strict); }),
        flag("use_external_kwargs", &agent_options::use_external_kwargs, external),
    };
}

} // namespace

TEST_CASE("each setting comes from the first of its sources that speaks, whatever the others say") {
    for (auto const& each : table()) {
        INFO(each.name);
        world nobody;
        CHECK(each.get(nobody) == each.usual);
        for (std::size_t high = 0; high != each.sources.size(); ++high) {
            INFO("source " << high);
            for (auto const& [one, other] : {std::pair{each.one, each.other}, std::pair{each.other, each.one}}) {
                world alone;
                each.sources[high](alone, one);
                CHECK(each.get(alone) == one);
                for (std::size_t low = high + 1; low != each.sources.size(); ++low) {
                    INFO("over source " << low);
                    world both;
                    each.sources[low](both, other);
                    each.sources[high](both, one);
                    CHECK(each.get(both) == one);
                }
            }
        }
    }
}

TEST_CASE("a source that is empty gives way to the next") {
    world w;
    w.file("cloud.agent.auth_token", json::value(""));
    w.environment.set("PREFECT__CLOUD__AUTH_TOKEN", "fallback");
    CHECK(w.server().token.reveal() == "fallback");
    w.environment.set("PREFECT__CLOUD__AGENT__NAME", " ");
    CHECK(w.server().name == "agent");
    w.environment.set("PREFECT__CLOUD__AGENT__LEVEL", "");
    CHECK(w.process().level == log_level::info);
    w.environment.set("PREFECT__LOGGING__LEVEL", "");
    CHECK(w.launch().logging_level == "INFO");
    w.environment.set("PREFECT__CLOUD__API", "");
    CHECK(w.launch().api == "https://api.prefect.io");
    w.environment.set("enable_task_revisions", "");
    CHECK_FALSE(w.launch().enable_task_revisions);
    w.environment.set("launch_type", "");
    CHECK(w.launch().launch_type == "FARGATE");
    w.environment.set("REGION_NAME", "");
    CHECK(service::aws_options(w.options, w.environment).region.empty());
}

TEST_CASE("logs go to the API unless somebody says that they do not") {
    world w;
    CHECK(w.launch().log_to_cloud);
    w.environment.set("PREFECT__LOGGING__LOG_TO_CLOUD", "false");
    w.environment.set("PREFECT__CLOUD__SEND_FLOW_RUN_LOGS", "false");
    CHECK(w.launch().log_to_cloud);
    w.environment.set("no_cloud_logs", "1");
    CHECK_FALSE(w.launch().log_to_cloud);
    w.environment.unset("no_cloud_logs");
    w.options.no_cloud_logs = true;
    CHECK_FALSE(w.launch().log_to_cloud);

    world later;
    later.options.container_profile = "0.15";
    CHECK(later.launch().log_to_cloud);
    later.environment.set("PREFECT__CLOUD__SEND_FLOW_RUN_LOGS", "False");
    CHECK_FALSE(later.launch().log_to_cloud);
    later.environment.set("PREFECT__CLOUD__SEND_FLOW_RUN_LOGS", "True");
    CHECK(later.launch().log_to_cloud);
    later.options.no_cloud_logs = true;
    CHECK_FALSE(later.launch().log_to_cloud);
}

TEST_CASE("only a login's own token switches tenants, and only with the cloud") {
    world w;
    w.options.login = {.api_token = "login", .active_tenant_id = "tenant"};
    CHECK(w.server().token.reveal() == "login");
    CHECK(w.server().switch_to_tenant == "tenant");
    for (auto const& explicitly :
         {variable("PREFECT__CLOUD__AGENT__AUTH_TOKEN"), variable("PREFECT__CLOUD__AUTH_TOKEN"),
          option(&agent_options::token), option(&agent_options::api_key)}) {
        world told;
        told.options = w.options;
        explicitly(told, "given");
        CHECK(told.server().switch_to_tenant.empty());
        CHECK(told.server().token.reveal() != "login");
    }
    w.options.backend = prefect::backend::server;
    CHECK(w.server().token.empty());
    CHECK(w.server().switch_to_tenant.empty());
}

TEST_CASE("a login's key stands in for nothing that was given") {
    world w;
    w.options.login = {.api_token = "old", .api_key = "key", .tenant_id = "tenant"};
    CHECK(w.server().api_key.reveal() == "key");
    CHECK(w.server().token.empty());
    CHECK(w.server().tenant_id == "tenant");
    CHECK(w.launch().token.empty()); // a plan hands the key over as the token, too
    CHECK(w.launch().api_key.reveal() == "key");
    w.options.token = "given";
    CHECK(w.server().api_key.empty());
    CHECK(w.server().tenant_id.empty());
    CHECK(w.launch().token.reveal() == "given");
    w.options.api_key = "own";
    CHECK(w.server().api_key.reveal() == "own");
    CHECK(w.server().tenant_id == "tenant");
    CHECK(w.launch().token.reveal() == "given");
}

TEST_CASE("labels are taken as people write them, in order") {
    struct row {
        std::string text;
        words labels;
    };
    for (auto const& [text, labels] : {
             row{"dev", {"dev"}},
             row{"dev,gpu , dev", {"dev", "gpu", "dev"}},
             row{"['b', 'a', 'b']", {"b", "a", "b"}},
             row{R"(["a", "b"])", {"a", "b"}},
             row{R"(["a", true])", {"a", "True"}},
             row{"('a', 'b')", {"a", "b"}},
             row{"'a', 'b'", {"a", "b"}},
             row{"'quoted'", {"quoted"}},
             row{"[1, 'x']", {"1", "x"}},
             row{"2020", {"2020"}},
             row{"1e5", {"1e5"}},
             row{"1, 2", {"1", "2"}},
             row{"true", {"true"}},
             row{"[]", {}},
             row{"", {}},
             row{"None", {}},
         }) {
        INFO(text);
        world by_variable;
        by_variable.environment.set("PREFECT__CLOUD__AGENT__LABELS", text);
        CHECK(by_variable.server().labels == labels);
        world by_file;
        by_file.file("cloud.agent.labels", json::value(text));
        CHECK(by_file.server().labels == labels);
    }
    world list;
    auto native = json::value::array();
    native.push_back("z");
    native.push_back("a");
    native.push_back(7);
    list.file("cloud.agent.labels", native);
    CHECK(list.server().labels == words{"z", "a", "7"});
    for (std::string const text : {"{'a': 1}", "[dev, gpu]", "[['a']]", "[None]", "{1"}) {
        INFO(text);
        world bad;
        bad.environment.set("PREFECT__CLOUD__AGENT__LABELS", text);
        CHECK(bad.refused().find("cloud.agent.labels") != std::string::npos);
    }
    world bad;
    bad.file("cloud.agent.labels.a", json::value("b"));
    CHECK(bad.refused().find("cloud.agent.labels") != std::string::npos);
}

TEST_CASE("env_vars keep their values as text and their order") {
    world w;
    w.file("cloud.agent.env_vars.Z", json::value("007"));
    w.file("cloud.agent.env_vars.N", json::value(5));
    w.file("cloud.agent.env_vars.B", json::value(true));
    w.file("cloud.agent.env_vars.T", json::value("true"));
    w.file("cloud.agent.env_vars.E", json::value("1e5"));
    w.file("cloud.agent.env_vars.Q", json::value("'12'"));
    w.file("cloud.agent.env_vars.NONE", json::value("None"));
    w.file("cloud.agent.env_vars.EMPTY", json::value(""));
    w.file("cloud.agent.env_vars.R", json::value("${cloud.api}/x"));
    w.environment.set("PREFECT__CLOUD__AGENT__ENV_VARS__FooBar", "1");
    CHECK(joined(w.launch().env_vars) ==
          "Z=007,N=5,B=true,T=true,E=1e5,Q=12,NONE=None,EMPTY=,R=https://api.prefect.io/x,foobar=1");

    world dict;
    dict.environment.set("PREFECT__CLOUD__AGENT__ENV_VARS", "{'B': 1, 'A': True, 'X': 'x', 'N': None, 'F': 1.50}");
    dict.environment.set("PREFECT__CLOUD__AGENT__ENV_VARS__X", "lower");
    CHECK(joined(dict.launch().env_vars) == "B=1,A=True,X=x,N=None,F=1.5,x=lower");
    dict.options.env_vars = {{"ONLY", "me"}};
    CHECK(joined(dict.launch().env_vars) == "ONLY=me");

    world document;
    document.environment.set("PREFECT__CLOUD__AGENT__ENV_VARS", R"({"A": true, "B": null})");
    CHECK(joined(document.launch().env_vars) == "A=True,B=None");

    for (std::string const text : {"A=1", "['A']", "7", "{'A': ['x']}", "{'A': {}}"}) {
        INFO(text);
        world bad;
        bad.environment.set("PREFECT__CLOUD__AGENT__ENV_VARS", text);
        CHECK(bad.refused().find("cloud.agent.env_vars") != std::string::npos);
    }
    world nested;
    nested.environment.set("PREFECT__CLOUD__AGENT__ENV_VARS__MY__VAR", "1");
    CHECK(nested.refused().find("my.var") != std::string::npos);
}

TEST_CASE("the level is taken in any case") {
    struct row {
        std::string text;
        log_level level;
    };
    for (auto const& [text, level] : {
             row{"debug", log_level::debug},
             row{"Info", log_level::info},
             row{"WARN", log_level::warning},
             row{"warning", log_level::warning},
             row{"ERROR", log_level::error},
             row{"critical", log_level::critical},
             row{"FATAL", log_level::critical},
             row{"'DEBUG'", log_level::debug},
             row{"10", log_level::debug},
             row{"40", log_level::error},
         }) {
        INFO(text);
        world w;
        w.environment.set("PREFECT__CLOUD__AGENT__LEVEL", text);
        CHECK(w.process().level == level);
    }
    world inside;
    inside.environment.set("PREFECT__LOGGING__LEVEL", "debug");
    CHECK(inside.launch().logging_level == "DEBUG");
    inside.options.logging_level = "Custom";
    CHECK(inside.launch().logging_level == "Custom");
}

TEST_CASE("what cannot be read is refused in one line that names it") {
    struct row {
        std::string variable, value, named;
    };
    for (auto const& [variable, value, named] : {
             row{"PREFECT__BACKEND", "foo", "PREFECT__BACKEND"},
             row{"PREFECT__CLOUD__AGENT__LEVEL", "loud", "cloud.agent.level"},
             row{"PREFECT__CLOUD__AGENT__LEVEL", "a\nb", "cloud.agent.level"},
             row{"max_polls", "many", "max_polls"},
             row{"prefetch", "perhaps", "prefetch"},
             row{"enable_task_revisions", "perhaps", "enable_task_revisions"},
             row{"refresh_definitions", "perhaps", "refresh_definitions"},
             row{"use_run_config", "2", "use_run_config"},
             row{"use_external_kwargs", "on?", "use_external_kwargs"},
             row{"strict", "perhaps", "strict"},
             row{"no_cloud_logs", "perhaps", "no_cloud_logs"},
             row{"container_profile", "0.14", "container_profile"},
             row{"labels", "{'a': 1}", "labels"},
             row{"env_vars", "A=1", "env_vars"},
         }) {
        world w;
        w.environment.set(variable, value);
        INFO(variable);
        CHECK(w.refused().find(named) != std::string::npos);
    }
    world profile;
    profile.options.container_profile = "0.15";
    profile.environment.set("PREFECT__CLOUD__SEND_FLOW_RUN_LOGS", "perhaps");
    CHECK(profile.refused().find("cloud.send_flow_run_logs") != std::string::npos);
    world launch;
    json::set(launch.options.kwargs, "launchType", json::value::array({"EC2"}));
    CHECK(launch.refused().find("launchType") != std::string::npos);
    world nameless;
    nameless.options.env_vars = {{" ", "value"}};
    CHECK(nameless.refused().find("env_vars") != std::string::npos);
    world config;
    config.options.config = json::value(5);
    CHECK(config.refused().find("config") != std::string::npos);
    world loud;
    loud.options.level = log_level::debug;
    loud.environment.set("PREFECT__CLOUD__AGENT__LEVEL", "loud");
    CHECK(loud.process().level == log_level::debug);
}

TEST_CASE("external keyword arguments need a bucket and a prefix") {
    world w;
    w.options.use_external_kwargs = true;
    CHECK(w.refused().find("external_kwargs_s3_bucket") != std::string::npos);
    w.options.external_kwargs_s3_bucket = "bucket";
    CHECK(w.refused().find("external_kwargs_s3_key") != std::string::npos);
    w.environment.set("external_kwargs_s3_key", "");
    CHECK(w.launch().external.key.empty());
    w.environment.unset("external_kwargs_s3_key");
    w.options.external_kwargs_s3_key = "";
    CHECK(w.launch().external.enabled);
    CHECK(w.launch().external.bucket == "bucket");
    w.options.use_external_kwargs = false;
    w.options.external_kwargs_s3_bucket.clear();
    CHECK_FALSE(w.launch().external.enabled);
}

TEST_CASE("the launch type may be an argument for AWS, and may be none") {
    world w;
    json::set(w.options.kwargs, "launchType", json::value("EC2"));
    CHECK(w.launch().launch_type == "EC2");
    CHECK(w.log.count(log_level::warning) == 0);
    json::set(w.options.kwargs, "launchType", json::value(""));
    CHECK(w.launch().launch_type.empty());
    json::set(w.options.kwargs, "launchType", json::value(nullptr));
    CHECK(w.launch().launch_type.empty());
    w.options.launch_type = "";
    w.environment.set("launch_type", "EC2");
    CHECK(w.launch().launch_type.empty());
}

TEST_CASE("an unknown keyword argument is a warning, and an error to the strict") {
    world w;
    json::set(w.options.kwargs, "netwrkMode", json::value("bridge"));
    static_cast<void>(w.launch());
    CHECK(w.log.contains("netwrkMode"));
    CHECK(w.log.count(log_level::warning) == 1);
    w.environment.set("strict", "true");
    auto const why = w.refused();
    CHECK(why.find("netwrkMode") != std::string::npos);
    CHECK(why.find("networkMode") != std::string::npos);
    w.options.strict = false;
    CHECK_FALSE(w.launch().strict);
}

TEST_CASE("botocore's configuration is an object or the text of one") {
    world w;
    w.options.botocore_config = json::value("{'read_timeout': 5, 'tcp_keepalive': True}");
    auto const text = service::botocore_config_of(w.options, w.environment);
    REQUIRE(text);
    CHECK(json::write(*text) == R"({"read_timeout": 5, "tcp_keepalive": true})");
    w.options.botocore_config = *text;
    CHECK(*service::botocore_config_of(w.options, w.environment) == *text);
    for (auto const& bad : {json::value("read_timeout=5"), json::value(5), json::value("[1]")}) {
        w.options.botocore_config = bad;
        auto const refused = service::botocore_config_of(w.options, w.environment);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("botocore_config") != std::string::npos);
    }
    w.options.botocore_config = json::value("");
    CHECK(service::botocore_config_of(w.options, w.environment)->empty());
    w.environment.set("botocore_config", "nothing");
    CHECK_FALSE(service::botocore_config_of(w.options, w.environment));
}

TEST_CASE("numbers that are names stay names on their way to AWS") {
    world w;
    w.environment.set("PREFECT__CLOUD__AGENT__AUTH_TOKEN", "123456789012345678901234567890");
    w.environment.set("PREFECT__CLOUD__AGENT__NAME", "42");
    w.environment.set("PREFECT__LOGGING__LEVEL", "20");
    CHECK(w.launch().token.reveal() == "123456789012345678901234567890");
    CHECK(w.process().name == "42");
    CHECK(w.launch().logging_level == "20");
}

TEST_CASE("a token that holds a dollar is expanded in the configuration and taken as it is in the options") {
    world w;
    w.environment.set("TOKEN", "expanded");
    w.environment.set("PREFECT__CLOUD__AGENT__AUTH_TOKEN", "$TOKEN");
    CHECK(w.server().token.reveal() == "expanded");
    w.environment.set("PREFECT__CLOUD__AGENT__AUTH_TOKEN", "a$b");
    CHECK(w.server().token.reveal() == "a$b");
    w.options.token = "$TOKEN${backend}~";
    CHECK(w.server().token.reveal() == "$TOKEN${backend}~");
}
