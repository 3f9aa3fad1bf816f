#include "fargate-agent/config_files.hpp"

#include "support/catch.hpp"

#include <fargate/testing/map_environment.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using fargate::agent_options;
using fargate::errc;
using fargate::testing::map_environment;
namespace json = fargate::json;
namespace service = fargate::service;

namespace {

json::value toml(std::string const& text) {
    auto const read = read_toml(text, "/f.toml");
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    return *read;
}

std::string refused(std::string const& text) {
    auto const read = read_toml(text, "/f.toml");
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::bad_configuration);
    CHECK(read.error().message.find('\n') == std::string::npos);
    return read.error().message;
}

bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

/// The files of somebody whose home is `/home/u`.
map_environment home(map_environment::map const& files, map_environment::map variables = {}) {
    variables.emplace("HOME", "/home/u");
    return map_environment{std::move(variables), files};
}

agent_options added(map_environment const& environment, agent_options options = {}) {
    auto const done = add_config_files(options, environment);
    INFO((done ? "" : done.error().message));
    REQUIRE(done);
    return options;
}

fargate::prefect::settings server(map_environment const& environment, agent_options options = {}) {
    auto const made = service::prefect_settings(added(environment, std::move(options)), environment);
    REQUIRE(made);
    return *made;
}

constexpr char const* config_path = "/home/u/.prefect/config.toml";
constexpr char const* backend_path = "/home/u/.prefect/backend.toml";
constexpr char const* auth_path = "/home/u/.prefect/auth.toml";
constexpr char const* settings_path = "/home/u/.prefect/client/https-api.prefect.io/settings.toml";

} // namespace

TEST_CASE("a TOML document becomes a tree of tables in the file's order") {
    CHECK(json::write(toml(R"(
        backend = "server"
        [cloud]
        diagnostics = true
        request_timeout = 15
        ratio = 1.5
        [cloud.agent]
        labels = ["z", 'a']
        [cloud.agent.env_vars]
        Z = "1"
        A = """two
lines"""
        "quoted key" = {x = 1, b.c = 2}
        [[list]]
        n = 0x10
    )")) == R"({"backend": "server", "cloud": {"diagnostics": true, "request_timeout": 15, "ratio": 1.5, )"
            R"("agent": {"labels": ["z", "a"], "env_vars": {"Z": "1", "A": "two\nlines", )"
            R"("quoted key": {"x": 1, "b": {"c": 2}}}}}, "list": [{"n": 16}]})");
    CHECK(toml("") == json::value::object());
}

TEST_CASE("what JSON has no word for becomes text") {
    CHECK(json::write(toml("d = 2020-12-08\nt = 17:00:01\nm = 2020-12-08T17:00:01Z\ni = inf\nj = -inf\nn = nan")) ==
          R"({"d": "2020-12-08", "t": "17:00:01", "m": "2020-12-08T17:00:01Z", "i": "inf", "j": "-inf", "n": "nan"})");
}

TEST_CASE("a mistake in a TOML file is one line with the file, the line, the column and the reason") {
    auto const why = refused("backend = \"server\"\n[cloud\nx = 1\n");
    CHECK(why.starts_with("/f.toml:2:7: "));
    CHECK(contains(why, "expected ']'"));
    CHECK(why.ends_with("'"));
    CHECK(refused("a = 1\na = 2").starts_with("/f.toml:2:"));
    CHECK(refused("x = ").starts_with("/f.toml:1:"));
    CHECK(refused("\xFF = 1").starts_with("/f.toml:1:"));
}

TEST_CASE("a mistake in a TOML file does not show a token") {
    CHECK_FALSE(contains(refused("auth_token = 123456789012345678901234567890"), "1234567890"));
    CHECK_FALSE(contains(refused("auth_token = secretsecret"), "secretsecret"));
    CHECK_FALSE(contains(refused("auth_token = \"secretsecret"), "secretsecret"));
    CHECK_FALSE(contains(refused("auth_token = 'secret\nsecret'"), "secret\n"));
}

TEST_CASE("a TOML file that nests without end is refused") {
    std::string dotted = "a";
    for (int i = 0; i != 100000; ++i) dotted += ".a";
    CHECK(contains(refused("x = 1\n" + dotted + " = 1"), "too deep"));
    CHECK(contains(refused("[" + dotted + "]\nx = 1"), "too deep"));
    CHECK(contains(refused("x = {" + dotted + " = 1}"), "too deep"));
    CHECK(refused("x = " + std::string(100000, '[')).starts_with("/f.toml:1:"));
    std::string some = "a";
    for (int i = 0; i != 300; ++i) some += ".a";
    CHECK(contains(refused(some + " = 1"), "too deep"));
    CHECK(toml("x = \"" + std::string(1000, '.') + "\"").size() == 1);
}

TEST_CASE("tables merge key by key, and what is no table replaces") {
    auto base = toml("a = 1\nt.x = 1\nt.y = 2\nu.x = 1\nv = 1");
    merge_tables(base, toml("a = 2\nt.y = 3\nt.z = 4\nu = 5\nv.w = 6"));
    CHECK(json::write(base) == R"({"a": 2, "t": {"x": 1, "y": 3, "z": 4}, "u": 5, "v": {"w": 6}})");
}

TEST_CASE("an API's address as a file name") {
    CHECK(api_slug("https://api.prefect.io") == "https-api.prefect.io");
    CHECK(api_slug("http://localhost:4200") == "http-localhost-4200");
    CHECK(api_slug("https://API.Example_1.com:443/x--y/") == "https-api.example-1.com-443-x-y");
    CHECK(api_slug("") == "");
}

TEST_CASE("config.toml and backend.toml are read from the home, and the latter beats the former") {
    auto const of = added(home(
        {{config_path, "backend = \"cloud\"\n[server]\nport = \"4300\""}, {backend_path, "backend = \"server\""}}));
    CHECK(json::write(of.config) == R"({"backend": "server", "server": {"port": "4300"}})");
    CHECK(server(home({{config_path, "backend = \"server\""}})).backend == fargate::prefect::backend::server);
    CHECK(server(home({})).backend == fargate::prefect::backend::cloud);
}

TEST_CASE("the two variables name other files") {
    auto const environment = home(
        {{config_path, "x = 1"},
         {backend_path, "backend = \"server\""},
         {"/etc/c.toml", "x = 2"},
         {"/home/u/b.toml", "backend = \"cloud\""}},
        {{"PREFECT__USER_CONFIG_PATH", "$ETC/c.toml"}, {"ETC", "/etc"}, {"PREFECT__BACKEND_CONFIG_PATH", "~/b.toml"}});
    CHECK(json::write(added(environment).config) == R"({"x": 2, "backend": "cloud"})");
    auto const missing = home({{config_path, "x = 1"}}, {{"PREFECT__USER_CONFIG_PATH", "/none"}});
    CHECK(added(missing).config.empty());
    auto const emptied = home({{config_path, "x = 1"}}, {{"PREFECT__USER_CONFIG_PATH", ""}});
    CHECK(added(emptied).config.empty());
    CHECK(added(map_environment{}).config.empty());
}

TEST_CASE("a path that leads to no file is skipped, and a file that cannot be read is not") {
    char name[] = "/tmp/fargate-test-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    std::string const pipe = std::string{name} + "/pipe";
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    fargate::process_environment const environment;
    for (auto const& path : {std::string{name}, pipe, std::string{"/dev/null"}, std::string{"/none/at/all"}}) {
        INFO(path);
        auto const read = read_toml_file(path, environment);
        REQUIRE(read);
        CHECK(read->empty());
    }
    std::remove(pipe.c_str());
    rmdir(name);

    map_environment broken;
    broken.set("HOME", "/home/u");
    broken.break_file(config_path, fargate::fail(errc::bad_configuration, "cannot open it"));
    agent_options options;
    auto const done = add_config_files(options, broken);
    REQUIRE_FALSE(done);
    CHECK(done.error().message == "cannot open it");
}

TEST_CASE("a mistake in config.toml stops the start and names the file") {
    agent_options options;
    auto const done = add_config_files(options, home({{config_path, "a = \n"}}));
    REQUIRE_FALSE(done);
    CHECK(done.error().message.starts_with(std::string{config_path} + ":1:"));
}

TEST_CASE("each source of a setting beats those before it: defaults, config.toml, backend.toml, variables, options") {
    map_environment::map files;
    map_environment::map variables;
    agent_options options;
    CHECK(server(home(files, variables), options).name == "agent");
    files.emplace(config_path, "[cloud.agent]\nname = \"file\"");
    CHECK(server(home(files, variables), options).name == "file");
    files.emplace(backend_path, "backend = \"server\"\n[cloud.agent]\nname = \"backend file\"");
    CHECK(server(home(files, variables), options).name == "backend file");
    variables.emplace("PREFECT__CLOUD__AGENT__NAME", "variable");
    CHECK(server(home(files, variables), options).name == "variable");
    options.name = "option";
    CHECK(server(home(files, variables), options).name == "option");

    agent_options config;
    config.config = toml("cloud.agent.name = 'given'");
    variables.clear();
    CHECK(server(home(files, variables), config).name == "given");
}

TEST_CASE("values of config.toml are typed, expanded and referred to like variables") {
    auto const of = server(home({{config_path, R"(
        backend = "server"
        [server]
        host = "http://${my.place}"
        port = 4300
        [my]
        place = "$PLACE"
        [cloud.agent]
        name = 7
        labels = "['a', 'b']"
        auth_token = "0123"
    )"}},
                                {{"PLACE", "prefect.example"}}));
    CHECK(of.api == "http://prefect.example:4300");
    CHECK(of.name == "7");
    CHECK(of.labels == std::vector<std::string>{"a", "b"});
    CHECK(of.token.reveal() == "0123");
}

TEST_CASE("env_vars keep the order of config.toml") {
    auto const environment = home({{config_path, "[cloud.agent.env_vars]\nZ = \"1\"\nB = 2\nA = true\n"}});
    auto const options = added(environment);
    fargate::null_log log;
    auto const made =
        service::deploy_settings(options, *service::prefect_settings(options, environment), environment, log);
    REQUIRE(made);
    CHECK(made->env_vars == std::vector<std::pair<std::string, std::string>>{{"Z", "1"}, {"B", "2"}, {"A", "true"}});
}

TEST_CASE("the login's token and tenant are read for the API in use") {
    map_environment::map const files = {{settings_path, "api_token = \"TOKEN\"\nactive_tenant_id = \"tenant\""}};
    auto const of = server(home(files));
    CHECK(of.token.reveal() == "TOKEN");
    CHECK(of.switch_to_tenant == "tenant");
    CHECK(server(home(files, {{"PREFECT__CLOUD__API", "https://other.example"}})).token.empty());
    CHECK(server(home(files, {{"PREFECT__BACKEND", "server"}, {"PREFECT__CLOUD__API", "https://api.prefect.io"}}))
              .token.empty());
    auto const given = server(home(files, {{"PREFECT__CLOUD__AGENT__AUTH_TOKEN", "RUNNER"}}));
    CHECK(given.token.reveal() == "RUNNER");
    CHECK(given.switch_to_tenant.empty());
    auto const elsewhere = server(
        home({{"/p/client/https-api.prefect.io/settings.toml", "api_token = \"T2\""}}, {{"PREFECT__HOME_DIR", "/p"}}));
    CHECK(elsewhere.token.reveal() == "T2");
    CHECK(elsewhere.switch_to_tenant.empty());
}

TEST_CASE("the login's key and tenant are read from the API's table of auth.toml") {
    map_environment::map files = {{auth_path, "[\"https-api.prefect.io\"]\napi_key = \"KEY\"\ntenant_id = \"tenant\"\n"
                                              "[http-localhost-4200]\napi_key = \"LOCAL\"\n"}};
    auto const of = server(home(files));
    CHECK(of.api_key.reveal() == "KEY");
    CHECK(of.tenant_id == "tenant");
    auto const local = server(home(files, {{"PREFECT__BACKEND", "server"}}));
    CHECK(local.api_key.reveal() == "LOCAL");
    CHECK(local.tenant_id.empty());
    auto const own = server(home(files, {{"PREFECT__CLOUD__API_KEY", "OWN"}}));
    CHECK(own.api_key.reveal() == "OWN");
    CHECK(own.tenant_id == "tenant");
    auto const token = server(home(files, {{"PREFECT__CLOUD__AUTH_TOKEN", "RUNNER"}}));
    CHECK(token.api_key.empty());
    CHECK(token.tenant_id.empty());
    files.emplace(settings_path, "api_token = \"TOKEN\"");
    CHECK(server(home(files)).token.empty());
}

TEST_CASE("a broken login stops only an agent that needs it") {
    map_environment::map const files = {{settings_path, "api_token ="}, {auth_path, "["}};
    agent_options options;
    auto const needed = add_config_files(options, home(files));
    REQUIRE_FALSE(needed);
    CHECK(contains(needed.error().message, settings_path));
    auto const given = home(files, {{"PREFECT__CLOUD__AGENT__AUTH_TOKEN", "RUNNER"}});
    CHECK(server(given).token.reveal() == "RUNNER");
    CHECK(given.reads(settings_path) == 0);
    CHECK(given.reads(auth_path) == 0);
}
