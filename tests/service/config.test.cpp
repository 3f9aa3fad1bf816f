#include <fargate/service/config.hpp>

#include "support/catch.hpp"

#include <fargate/testing/map_environment.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace fargate;
using service::config;
using testing::map_environment;
using texts = std::vector<std::pair<std::string, std::optional<std::string>>>;

namespace {

json::value tree(std::string const& text) {
    auto read = json::parse(text);
    REQUIRE(read);
    return *std::move(read);
}

config read(map_environment const& environment, std::string const& files = "{}") {
    auto made = config::read(tree(files), environment);
    REQUIRE(made);
    return *std::move(made);
}

/// The setting as JSON; `null` when there is none.
std::string shown(config const& of, std::string_view path) {
    auto const* const value = of.value(path);
    return value == nullptr ? "null" : json::write(*value);
}

/// Only what an environment must have.
struct plain_environment {
    map_environment inner;
    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const { return inner.variable(name); }
    [[nodiscard]] result<std::string> read_file(std::string_view path) const { return inner.read_file(path); }
};

} // namespace

TEST_CASE("Prefect's defaults, row by row") {
    auto const of = read(map_environment{{{"HOME", "/home/u"}}});
    struct row {
        std::string path, value;
    };
    for (auto const& [path, value] : {
             row{"backend", R"("cloud")"},
             row{"home_dir", R"("/home/u/.prefect")"},
             row{"server.host", R"("http://localhost")"},
             row{"server.port", "4200"},
             row{"server.endpoint", R"("http://localhost:4200")"},
             row{"cloud.endpoint", R"("https://api.prefect.io")"},
             row{"cloud.api", R"("https://api.prefect.io")"},
             row{"cloud.graphql", R"("https://api.prefect.io/graphql")"},
             row{"cloud.diagnostics", "false"},
             row{"cloud.queue_interval", "30.0"},
             row{"cloud.agent.name", R"("agent")"},
             row{"cloud.agent.labels", "[]"},
             row{"cloud.agent.level", R"("INFO")"},
             row{"cloud.agent.auth_token", R"("")"},
             row{"cloud.agent.agent_address", R"("")"},
             row{"cloud.agent.env_vars", "null"},
             row{"cloud.auth_token", "null"},
             row{"logging.level", R"("INFO")"},
             row{"logging.format", R"("[%(asctime)s] %(levelname)s - %(name)s | %(message)s")"},
             row{"logging.datefmt", R"("%Y-%m-%d %H:%M:%S%z")"},
             row{"logging.log_to_cloud", "false"},
         }) {
        INFO(path);
        CHECK(shown(of, path) == value);
        CHECK_FALSE(of.given(path));
    }
}

TEST_CASE("the API follows the backend") {
    CHECK(read(map_environment{{{"PREFECT__BACKEND", "server"}}}).text("cloud.api") == "http://localhost:4200");
    CHECK(read(map_environment{{{"PREFECT__BACKEND", " "}}}).text("cloud.api") == "https://api.prefect.io");
    auto const elsewhere = read(map_environment{{{"PREFECT__SERVER__PORT", "4300"}}},
                                R"({"backend": "server", "server": {"host": "http://prefect"}})");
    CHECK(elsewhere.text("cloud.api") == "http://prefect:4300");
    CHECK(elsewhere.text("cloud.graphql") == "http://prefect:4300/graphql");
    CHECK(read(map_environment{{{"PREFECT__BACKEND", "foo"}}}).text("cloud.api").empty());

    auto const told = config::read(json::value::object(), map_environment{{{"PREFECT__BACKEND", "cloud"}}}, "server");
    REQUIRE(told);
    CHECK(told->text("cloud.api") == "http://localhost:4200");
}

TEST_CASE("variables beat files, and files beat defaults, key by key") {
    auto const of =
        read(map_environment{{{"PREFECT__CLOUD__AGENT__NAME", "by variable"}}},
             R"({"cloud": {"agent": {"name": "by file", "level": "DEBUG"}, "extra": {"deep": {"er": 1}}}})");
    CHECK(of.text("cloud.agent.name") == "by variable");
    CHECK(of.text("cloud.agent.level") == "DEBUG");
    CHECK(of.text("cloud.endpoint") == "https://api.prefect.io");
    CHECK(shown(of, "cloud.extra.deep.er") == "1");
    CHECK(of.given("cloud.agent.level"));
}

TEST_CASE("the prefix is matched with its case, and every part behind it is lower-cased") {
    CHECK(read(map_environment{{{"prefect__backend", "server"}}}).text("backend") == "cloud");
    CHECK(read(map_environment{{{"PREFECT__BackEnd", "server"}}}).text("backend") == "server");
    auto const of = read(map_environment{{{"PREFECT__CLOUD__AGENT__ENV_VARS__FooBar", "1"},
                                          {"PREFECT__CONTEXT__SECRETS__MyKey", "s"},
                                          {"PREFECT__Context__Secrets__Other", "t"}}});
    CHECK(of.below("cloud.agent.env_vars") == texts{{"foobar", "1"}});
    CHECK(of.text("context.secrets.MyKey") == "s");
    CHECK(of.text("context.secrets.Other") == "t");
}

TEST_CASE("a variable's text is expanded") {
    map_environment const environment{{{"HOME", "/home/u/"},
                                       {"A", "one"},
                                       {"B", "$A two"},
                                       {"ROUND", "$ROUND"},
                                       {"GROWS", "x$GROWS"},
                                       {"PREFECT__X__NAMED", "<$A ${A}$A>"},
                                       {"PREFECT__X__TWICE", "${B}"},
                                       {"PREFECT__X__UNKNOWN", "$NOT_SET $ ${ $} 5$"},
                                       {"PREFECT__X__HOME", "~/x"},
                                       {"PREFECT__X__TILDE", "~"},
                                       {"PREFECT__X__USER", "~root/x"},
                                       {"PREFECT__X__LATER", "x~/y"},
                                       {"PREFECT__X__ROUND", "$ROUND"},
                                       {"PREFECT__X__GROWS", "$GROWS"}}};
    auto const of = read(environment);
    CHECK(of.text("x.named") == "<one oneone>");
    CHECK(of.text("x.twice") == "one two");
    CHECK(of.text("x.unknown") == "$NOT_SET $ ${ $} 5$");
    CHECK(of.text("x.home") == "/home/u/x");
    CHECK(of.text("x.tilde") == "/home/u");
    CHECK(of.text("x.user") == "~root/x");
    CHECK(of.text("x.later") == "x~/y");
    CHECK(of.text("x.round") == "$ROUND");
    CHECK(of.value("x.grows") == nullptr);
    CHECK(read(map_environment{{{"PREFECT__X__HOME", "~/x"}}}).text("x.home") == "~/x");
}

TEST_CASE("texts of the files are expanded and typed like variables") {
    auto const of = read(map_environment{{{"TOKEN", "secret"}}},
                         R"({"cloud": {"auth_token": "$TOKEN"}, "x": {"n": "5", "l": ["$TOKEN"], "b": "TRUE"}})");
    CHECK(of.text("cloud.auth_token") == "secret");
    CHECK(shown(of, "x.n") == "5");
    CHECK(shown(of, "x.b") == "true");
    CHECK(shown(of, "x.l") == R"(["$TOKEN"])");
}

TEST_CASE("expansion goes ten rounds") {
    map_environment environment{{{"PREFECT__X__NINE", "$A1"}, {"PREFECT__X__TEN", "$A0"}, {"A9", "end"}}};
    for (int i = 0; i != 9; ++i) environment.set("A" + std::to_string(i), "$A" + std::to_string(i + 1));
    auto const of = read(environment);
    CHECK(of.text("x.nine") == "end");
    CHECK(of.value("x.ten") == nullptr);
}

TEST_CASE("a text is typed") {
    struct row {
        std::string text, value;
    };
    for (auto const& [text, value] : {
             row{"true", "true"},
             row{"TRUE", "true"},
             row{"False", "false"},
             row{"4200", "4200"},
             row{"1e5", "100000.0"},
             row{"None", "null"},
             row{R"(["a", "b"])", R"(["a", "b"])"},
             row{"{'A': '1'}", R"({"A": "1"})"},
             row{"'quoted'", R"("quoted")"},
             row{"007", R"("007")"},
             row{"dev", R"("dev")"},
             row{"1.2.3", R"("1.2.3")"},
             row{" 1", R"(" 1")"},
             row{"[1", R"("[1")"},
             row{"{1, 2}", R"("{1, 2}")"},
             row{"b'x'", R"("b'x'")"},
             row{std::string(100, '[') + std::string(100, ']'),
                 '"' + std::string(100, '[') + std::string(100, ']') + '"'},
             row{"", R"("")"},
         }) {
        INFO(text);
        CHECK(shown(read(map_environment{{{"PREFECT__X__Y", text}}}), "x.y") == value);
    }
}

TEST_CASE("what is text by its meaning stays as it was written") {
    for (std::string_view const path :
         {"cloud.agent.auth_token", "cloud.auth_token", "cloud.api_key", "cloud.tenant_id", "cloud.agent.name",
          "cloud.agent.level", "cloud.api", "cloud.agent.agent_address", "logging.level", "logging.format"}) {
        std::string variable = "PREFECT__";
        for (char const c : path) variable += c == '.' ? std::string{"__"} : std::string(1, text::to_upper(c));
        for (std::string const text : {"12345678901234567890123", "007", "1e5", "0x10", "1_000", "true", "[1]"}) {
            INFO(variable << "=" << text);
            auto const of = read(map_environment{{{variable, text}}});
            CHECK(of.text(path) == text);
            REQUIRE(of.value(path) != nullptr);
            CHECK(of.value(path)->is_string());
        }
        CHECK(read(map_environment{{{variable, "'5'"}}}).text(path) == "5");
        CHECK(read(map_environment{{{variable, "None"}}}).text(path).empty());
        CHECK(read(map_environment{{{variable, " 5 \n"}}}).text(path) == "5");
    }
    auto const of = read({}, R"({"cloud": {"agent": {"name": 7, "auth_token": 12345, "level": true}}})");
    CHECK(of.text("cloud.agent.name") == "7");
    CHECK(of.text("cloud.agent.auth_token") == "12345");
    CHECK(of.text("cloud.agent.level") == "true");
}

TEST_CASE("references are put in, the innermost first") {
    auto const of = read(map_environment{{{"PREFECT__X__WHOLE", "${x.number}"},
                                          {"PREFECT__X__NUMBER", "42"},
                                          {"PREFECT__X__LIST", "['a', True, None, 1.5, {'b': 2}]"},
                                          {"PREFECT__X__PARTS", "<${x.number}|${x.list}|${x.flag}>"},
                                          {"PREFECT__X__FLAG", "true"},
                                          {"PREFECT__X__INNER", "${x.${x.name}}"},
                                          {"PREFECT__X__NAME", "number"},
                                          {"PREFECT__X__NOTHING", "${x.none}"},
                                          {"PREFECT__X__PART_NOTHING", "a${x.none}b"},
                                          {"PREFECT__X__NOT_TYPED", "4${x.number}"},
                                          {"PREFECT__X__TABLE", "${cloud.agent}"},
                                          {"PREFECT__X__NOT_ONE", "${} $x.number} {x.number}"}}});
    CHECK(shown(of, "x.whole") == "42");
    CHECK(shown(of, "x.parts") == R"("<42|['a', True, None, 1.5, {'b': 2}]|True>")");
    CHECK(shown(of, "x.inner") == "42");
    CHECK(shown(of, "x.nothing") == R"("")");
    CHECK(shown(of, "x.part_nothing") == R"("ab")");
    CHECK(shown(of, "x.not_typed") == R"("442")");
    CHECK(shown(of, "x.table") == R"("")");
    CHECK(of.text("x.not_one") == "${} $x.number} {x.number}");
}

TEST_CASE("a reference to a whole setting keeps how it was written") {
    auto const of = read(map_environment{
        {{"PREFECT__X__ID", "1e5"}, {"PREFECT__CLOUD__AGENT__NAME", "${x.id}"}, {"PREFECT__X__COPY", "${x.id}"}}});
    CHECK(of.text("cloud.agent.name") == "1e5");
    CHECK(shown(of, "x.copy") == "100000.0");
}

TEST_CASE("references are followed in ten passes and end") {
    map_environment environment{{{"PREFECT__X__A", "${x.b}"},
                                 {"PREFECT__X__B", "${x.a}"},
                                 {"PREFECT__X__SELF", "${x.self}"},
                                 {"PREFECT__X__TEN", "${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}"},
                                 {"PREFECT__X__ELEVEN", "${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}${y.a}"
                                                        "${y.a}"},
                                 {"PREFECT__Y__A", "z"}}};
    auto const of = read(environment);
    CHECK(of.text("x.ten") == "zzzzzzzzzz");
    CHECK(of.text("x.eleven") == "zzzzzzzzzz${y.a}");
    CHECK(of.text("x.self") == "${x.self}");
    CHECK_FALSE(of.text("x.a").empty());
}

TEST_CASE("settings that double one another stay small") {
    SECTION("by references") {
        map_environment environment{{{"PREFECT__A__A10", std::string(1000, 'x')}}};
        for (int i = 11; i != 60; ++i) {
            std::string const before = "${a.a" + std::to_string(i - 1) + "}";
            environment.set("PREFECT__A__A" + std::to_string(i), before + before);
        }
        auto const of = read(environment);
        CHECK(of.text("a.a11") == std::string(2000, 'x'));
        CHECK(of.text("a.a16") == std::string(64000, 'x'));
        std::size_t all = 0;
        for (int i = 10; i != 60; ++i) all += of.text("a.a" + std::to_string(i)).size();
        CHECK(all < 1024 * 1024);
    }
    SECTION("by variables") {
        map_environment environment{{{"PREFECT__X__BOMB", "$V0"}, {"V9", std::string(1000, 'x')}}};
        std::string twenty;
        for (int i = 1; i != 9; ++i) {
            twenty.clear();
            for (int n = 0; n != 20; ++n) twenty += "$V" + std::to_string(i + 1);
            environment.set("V" + std::to_string(i), twenty);
        }
        environment.set("V0", "$V1");
        CHECK(read(environment).value("x.bomb") == nullptr);
    }
    SECTION("by one large setting that many repeat") {
        map_environment environment{{{"PREFECT__X__LARGE", std::string(60000, 'x')}}};
        for (int i = 0; i != 500; ++i) environment.set("PREFECT__Y__Y" + std::to_string(i), "${x.large}");
        auto const of = read(environment);
        std::size_t all = 0;
        for (int i = 0; i != 500; ++i) all += of.text("y.y" + std::to_string(i)).size();
        CHECK(all > 60000);
        CHECK(all <= 4U * 1024 * 1024);
    }
    SECTION("but a setting that is long by itself stays whole") {
        std::string const large(200000, 'x');
        CHECK(read(map_environment{{{"PREFECT__X__LARGE", large}}}).text("x.large") == large);
    }
}

TEST_CASE("a key with the name of a Python method is a key like any other") {
    auto const of = read(map_environment{{{"PREFECT__CLOUD__KEYS", "1"}}}, R"({"items": {"copy": "a", "to_json": 2}})");
    CHECK(shown(of, "cloud.keys") == "1");
    CHECK(of.text("items.copy") == "a");
    CHECK(shown(of, "items.to_json") == "2");
    CHECK(of.text("cloud.api") == "https://api.prefect.io");
}

TEST_CASE("what stands below a table comes in order, each as it was written") {
    auto const of =
        read(map_environment{{{"PREFECT__CLOUD__AGENT__ENV_VARS__LAST", "0x10"},
                              {"PREFECT__CLOUD__AGENT__ENV_VARS__MORE", "[1, 2]"},
                              {"PREFECT__CLOUD__AGENT__ENV_VARS__NONE", "None"}}},
             R"({"cloud": {"agent": {"env_vars": {"Z": "1", "A": true, "M": 1.5, "L": [1], "T": {"x": 1}}}}})");
    CHECK(of.below("cloud.agent.env_vars") == texts{{"Z", "1"},
                                                    {"A", "true"},
                                                    {"M", "1.5"},
                                                    {"L", std::nullopt},
                                                    {"T.x", std::nullopt},
                                                    {"last", "0x10"},
                                                    {"more", "[1, 2]"},
                                                    {"none", "None"}});
}

TEST_CASE("a dict takes the place of a table, and single entries go beside it") {
    auto const of = read(map_environment{{{"PREFECT__T__DICT", "{'a': 1}"}, {"PREFECT__T__DICT__B", "2"}}},
                         R"({"t": {"dict": {"old": 1}}, "u": {"plain": "x"}})");
    CHECK(shown(of, "t.dict") == R"({"a": 1})");
    CHECK(of.below("t.dict") == texts{{"b", "2"}});
    auto const other = read(map_environment{{{"PREFECT__U__PLAIN__DEEPER", "y"}}}, R"({"u": {"plain": "x"}})");
    CHECK(other.value("u.plain") == nullptr);
    CHECK(other.text("u.plain.deeper") == "y");
}

TEST_CASE("an environment without a list gives what is known by name, and what is referred to") {
    plain_environment const environment{map_environment{{{"PREFECT__CLOUD__AUTH_TOKEN", "t"},
                                                         {"PREFECT__CLOUD__API_KEY", "k"},
                                                         {"PREFECT__CLOUD__AGENT__NAME", "n ${my.own.key}"},
                                                         {"PREFECT__MY__OWN__KEY", "${my.other}"},
                                                         {"PREFECT__MY__OTHER", "5"},
                                                         {"PREFECT__CLOUD__AGENT__ENV_VARS", "{'A': '1'}"},
                                                         {"PREFECT__CLOUD__AGENT__ENV_VARS__X", "unseen"}}}};
    auto const of = config::read(json::value::object(), environment);
    REQUIRE(of);
    CHECK(of->text("cloud.auth_token") == "t");
    CHECK(of->text("cloud.api_key") == "k");
    CHECK(of->text("cloud.agent.name") == "n 5");
    CHECK(shown(*of, "cloud.agent.env_vars") == R"({"A": "1"})");
    CHECK(of->below("cloud.agent.env_vars").empty());
}

TEST_CASE("a tree that is no table is refused") {
    auto const list = config::read(json::value::array(), map_environment{});
    REQUIRE_FALSE(list);
    CHECK(list.error().code == errc::bad_configuration);
    CHECK(config::read(json::value(nullptr), map_environment{}));
    json::value deep = 1;
    for (int i = 0; i != 300; ++i) {
        auto table = json::value::object();
        json::set(table, "a", std::move(deep));
        deep = std::move(table);
    }
    auto const refused = config::read(deep, map_environment{});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("too deep") != std::string::npos);
}
