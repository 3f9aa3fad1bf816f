#include <fargate/deploy/kwargs.hpp>

#include "deploy/same.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
using fargate::errc;
using fargate::deploy::container_names;
using fargate::deploy::kwarg_name;
using fargate::deploy::kwarg_names;
using fargate::deploy::kwarg_type;
using fargate::deploy::launch_type_of;
using fargate::deploy::read_kwargs;
using fargate::testing::captured_log;
using fargate::testing::map_environment;
using testing_support::same;

// The rows of the tables on keyword arguments, each under its own name.

namespace {

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message << ": " << text);
    return *read;
}

/// `definition run container`, or the message of the failure.
std::string groups(json::value const& given, map_environment const& environment = {}, bool strict = false) {
    captured_log log;
    auto const read = read_kwargs(given, environment, log, strict);
    if (!read) return (read.error().code == errc::invalid_argument ? "" : "wrong code: ") + read.error().message;
    return same(read->definition) + " " + same(read->run) + " " + same(read->container);
}
std::string made_of(std::string const& given, map_environment const& environment = {}) {
    return groups(document(given), environment);
}

std::string container(std::string const& members) { return made_of("{\"containerDefinitions\": [" + members + "]}"); }

/// What the log was told.
std::string told(std::string const& given) {
    captured_log log;
    auto const read = read_kwargs(document(given), map_environment{}, log);
    return read ? log.text() : "failed: " + read.error().message;
}

std::set<std::string_view> names_where(bool kwarg_name::*group) {
    std::set<std::string_view> names;
    for (auto const& each : kwarg_names)
        if (each.*group) names.insert(each.name);
    return names;
}

/// A value of each JSON type.
std::vector<json::value> const& one_of_each_type() {
    static std::vector<json::value> const all = {json::value("neither"), json::value(5),
                                                 json::value(2.5),       json::value(true),
                                                 json::value::array(),   document(R"({"secret": "hunter2"})")};
    return all;
}

bool is_good(kwarg_type type, json::value const& given) {
    switch (type) {
    case kwarg_type::text: return given.is_string() || given.is_number_integer();
    case kwarg_type::amount: return given.is_string() || given.is_number_integer() || given.is_boolean();
    case kwarg_type::integer: return given.is_number_integer();
    case kwarg_type::flag: return given.is_boolean();
    case kwarg_type::list: return given.is_array();
    case kwarg_type::object: return given.is_object();
    }
    return false;
}

} // namespace

TEST_CASE("§5.5 group definition: twelve names", "[deploy][kwargs]") {
    CHECK(names_where(&kwarg_name::definition) ==
          std::set<std::string_view>{"taskRoleArn", "executionRoleArn", "networkMode", "volumes",
                                     "placementConstraints", "cpu", "memory", "tags", "pidMode", "ipcMode",
                                     "proxyConfiguration", "inferenceAccelerators"});
}

TEST_CASE("§5.5 group run: eleven names, of which placementConstraints and tags go to both, and one of ours",
          "[deploy][kwargs]") {
    CHECK(names_where(&kwarg_name::run) ==
          std::set<std::string_view>{"cluster", "count", "startedBy", "group", "placementConstraints",
                                     "placementStrategy", "platformVersion", "networkConfiguration", "tags",
                                     "enableECSManagedTags", "propagateTags", "capacityProviderStrategy"});
}

TEST_CASE("§5.5 group container: five names, given or as a variable containerDefinitions_<name>", "[deploy][kwargs]") {
    std::set<std::string_view> names;
    for (auto const& each : container_names) names.insert(each.name);
    CHECK(names == std::set<std::string_view>{"mountPoints", "secrets", "environment", "logConfiguration",
                                              "repositoryCredentials"});
    std::string const list = R"([{"name": "A", "value": "1"}])";
    std::string const wanted = R"({} {} {"environment": )" + list + "}";
    CHECK(container("{\"environment\": " + list + "}") == wanted);
    CHECK(groups(json::value{}, map_environment{{{"containerDefinitions_environment", list}}}) == wanted);
}

TEST_CASE("§5.5 quirk: string-typed kwargs that look like literals keep their text", "[deploy][kwargs]") {
    CHECK(made_of(R"({"platformVersion": "1.4"})") == R"({} {"platformVersion": "1.4"} {})");
    CHECK(made_of(R"({"cluster": "12345"})") == R"({} {"cluster": "12345"} {})");
    CHECK(made_of(R"({"taskRoleArn": "None"})") == R"({"taskRoleArn": "None"} {} {})");
    CHECK(made_of(R"({"cluster": "'one'", "group": "\"two\""})") == R"({} {"cluster": "one", "group": "two"} {})");
}

TEST_CASE("§5.5 quirk: JSON true/false/null inside a value is read as JSON", "[deploy][kwargs]") {
    auto const mounted = [](std::string const& word) {
        return groups(json::value{}, map_environment{{{"containerDefinitions_mountPoints",
                                                       R"([{"sourceVolume": "v", "readOnly": )" + word + "}]"}}});
    };
    CHECK(mounted("false") == R"({} {} {"mountPoints": [{"readOnly": false, "sourceVolume": "v"}]})");
    CHECK(mounted("true") == R"({} {} {"mountPoints": [{"readOnly": true, "sourceVolume": "v"}]})");
    CHECK(mounted("False") == R"({} {} {"mountPoints": [{"readOnly": false, "sourceVolume": "v"}]})");
    CHECK(mounted("null") ==
          "environment variable containerDefinitions_mountPoints[0].readOnly must be true or false, not null");
}

TEST_CASE("§5.5 quirk: enableECSManagedTags=true is true or false", "[deploy][kwargs]") {
    for (auto const* const word : {"\"true\"", "\"True\"", "\"1\"", "\"yes\"", "true"})
        CHECK(made_of(std::string{R"({"enableECSManagedTags": )"} + word + "}") ==
              R"({} {"enableECSManagedTags": true} {})");
    CHECK(made_of(R"({"enableECSManagedTags": "no"})") == R"({} {"enableECSManagedTags": false} {})");
    CHECK(made_of(R"({"enableECSManagedTags": "enabled"})") == "enableECSManagedTags must be true or false, not text");
}

TEST_CASE("§5.5 quirk: an explicit falsy argument wins over the environment", "[deploy][kwargs]") {
    map_environment const environment{
        {{"count", "3"}, {"enableECSManagedTags", "True"}, {"volumes", "[{'name': 'x'}]"}, {"tags", "[]"}}};
    CHECK(made_of(R"({"count": 0, "enableECSManagedTags": false, "volumes": []})", environment) ==
          R"({"tags": [], "volumes": []} {"count": 0, "enableECSManagedTags": false, "tags": []} {})");
}

TEST_CASE("§5.5 quirk: generic environment names are picked up, and told at INFO", "[deploy][kwargs]") {
    captured_log log;
    auto const read = read_kwargs({},
                                  map_environment{{{"group", "g"},
                                                   {"count", "2"},
                                                   {"cluster", "c"},
                                                   {"cpu", "256"},
                                                   {"memory", "512"},
                                                   {"tags", "[]"},
                                                   {"volumes", "[]"}}},
                                  log);
    REQUIRE(read.has_value());
    CHECK(same(read->run) == R"({"cluster": "c", "count": 2, "group": "g", "tags": []})");
    CHECK(same(read->definition) == R"({"cpu": "256", "memory": "512", "tags": [], "volumes": []})");
    CHECK(log.count(fargate::log_level::info) == 7);
    CHECK(log.contains("cpu from environment variable"));
}

TEST_CASE("§5.5 quirk: unknown names are warned of once, with the nearest known one, and do not fail",
          "[deploy][kwargs]") {
    CHECK(told(R"({"momery": "512"})") == "WARNING unknown keyword argument momery is ignored: did you mean memory?\n");
    CHECK(told(R"({"ephemeralStorage": {}})") == "WARNING unknown keyword argument ephemeralStorage is ignored\n");
    CHECK(told(R"({"containerDefinitions": [{"mountpoints": []}]})") ==
          "WARNING unknown keyword argument containerDefinitions[0].mountpoints is ignored: did you mean "
          "containerDefinitions[0].mountPoints?\n");
}

TEST_CASE("§5.5 quirk: container key `environments` is accepted, `environment` wins", "[deploy][kwargs]") {
    CHECK(container(R"({"environments": [{"name": "A", "value": "1"}]})") ==
          R"({} {} {"environment": [{"name": "A", "value": "1"}]})");
    CHECK(container(R"({"environments": [{"name": "A"}], "environment": [{"name": "B"}]})") ==
          R"({} {} {"environment": [{"name": "B"}]})");
    CHECK(container(R"({"environments": [{"name": "A", "value": 1}]})") ==
          "containerDefinitions[0].environments[0].value must be text, not a whole number");
}

TEST_CASE("§5.5 quirk: tuple results are lists, sets and bytes name the kwarg", "[deploy][kwargs]") {
    CHECK(made_of(R"j({"tags": "({'key': 'a'},)"})j") == R"({"tags": [{"key": "a"}]} {"tags": [{"key": "a"}]} {})");
    CHECK(made_of(R"({"volumes": "{1, 2}"})") == "volumes holds a set, which cannot be sent to AWS");
    CHECK(made_of(R"({"volumes": "[b'x']"})") == "volumes holds bytes, which cannot be sent to AWS");
}

TEST_CASE("§5.5 quirk: empty text values ask for none", "[deploy][kwargs]") {
    CHECK(made_of(R"({"taskRoleArn": "", "count": "", "volumes": ""})") == R"({"taskRoleArn": ""} {} {})");
    CHECK(made_of(R"({"taskRoleArn": ""})", map_environment{{{"taskRoleArn", "arn"}}}) ==
          R"({"taskRoleArn": "arn"} {} {})");
}

TEST_CASE("§5.6: every argument refuses every wrong type, in one line that names it and shows no value",
          "[deploy][kwargs]") {
    int refused = 0;
    auto const check = [&](std::string const& where, kwarg_type type, json::value const& given,
                           std::string const& made) {
        INFO(where << " " << json::write(given));
        if (is_good(type, given)) {
            CHECK(made.find(" must be ") == std::string::npos);
            return;
        }
        // text is read as a literal first: it may be none, or one of another type
        CHECK(made.substr(0, where.size() + 9) == where + " must be ");
        CHECK(made.find('\n') == std::string::npos);
        CHECK(made.find("hunter2") == std::string::npos);
        CHECK(made.find("neither,") == std::string::npos);
        ++refused;
    };
    for (auto const& each : kwarg_names)
        for (auto const& value : one_of_each_type()) {
            json::value given;
            json::set(given, each.name, value);
            check(std::string{each.name}, each.type, value, groups(given));
        }
    for (auto const& each : container_names)
        for (auto const& value : one_of_each_type()) {
            json::value inner;
            json::set(inner, each.name, value);
            json::value given;
            json::set(given, "containerDefinitions", json::value::array());
            given["containerDefinitions"].push_back(inner);
            check("containerDefinitions[0]." + std::string{each.name}, each.type, value, groups(given));
        }
    // ten texts refuse 4 types, two amounts 3; two integers, a flag, six lists and two objects 5; five of containers 5
    CHECK(refused == 10 * 4 + 2 * 3 + 11 * 5 + 5 * 5);
}

TEST_CASE("maxRunDuration is a positive number of seconds, for the agent alone", "[deploy][kwargs]") {
    auto const longest = [](std::string const& given) -> std::string {
        captured_log log;
        auto const read = read_kwargs(document(given), map_environment{}, log);
        if (!read) return read.error().message;
        CHECK(same(read->definition) + same(read->run) + same(read->container) == "{}{}{}");
        CHECK(log.text().empty());
        return read->max_run ? std::to_string(read->max_run->count()) : "none";
    };
    CHECK(longest("{}") == "none");
    CHECK(longest(R"({"maxRunDuration": ""})") == "none");
    CHECK(longest(R"({"maxRunDuration": 3600})") == "3600000000");
    CHECK(longest(R"({"maxRunDuration": "90"})") == "90000000");
    CHECK(longest(R"({"maxRunDuration": 1000000000})") == "1000000000000000");
    for (auto const* const wrong : {"0", "-1", "\"0\"", "1000000001", "9223372036854775808", "18446744073709551615"})
        CHECK(longest("{\"maxRunDuration\": " + std::string{wrong} + "}") ==
              "maxRunDuration must be a whole number of seconds from 1 to 1000000000");
    CHECK(longest(R"({"maxRunDuration": 1.5})") ==
          "maxRunDuration must be a whole number, not a number with a fraction");
    CHECK(longest(R"({"maxRunDuration": "1h"})") ==
          "maxRunDuration must be a whole number: its text is neither a Python literal nor JSON");

    captured_log log;
    auto base = *read_kwargs(document(R"({"maxRunDuration": 10, "cpu": "1"})"), log);
    fargate::deploy::replace(base, *read_kwargs(document(R"({"cpu": "2"})"), log));
    CHECK(base.max_run == std::chrono::seconds{10});
    fargate::deploy::replace(base, *read_kwargs(document(R"({"maxRunDuration": 20})"), log));
    CHECK(base.max_run == std::chrono::seconds{20});
}

TEST_CASE("§5.14 row: container key `environments`: both are accepted", "[deploy][kwargs]") {
    CHECK(container(R"({"environments": []})") == R"({} {} {"environment": []})");
    CHECK(container(R"({"environment": []})") == R"({} {} {"environment": []})");
}

TEST_CASE("§5.14 row: the external JSON sample has a stray quote: only strict JSON is read", "[deploy][kwargs]") {
    CHECK_FALSE(json::parse(R"({"cpu": "256", "memory"": "512"})").has_value());
    CHECK(json::parse(R"({"cpu": "256", "memory": "512"})").has_value());
}

TEST_CASE("strict, an unknown name is an error before anything else is read", "[deploy][kwargs]") {
    CHECK(groups(document(R"({"momery": "512", "cpu": []})"), {}, true) ==
          "unknown keyword argument momery: did you mean memory?");
    CHECK(groups(document(R"({"zzz": 1})"), {}, true) == "unknown keyword argument zzz");
    CHECK(groups(document(R"({"containerDefinitions": [{"secret": []}]})"), {}, true) ==
          "unknown keyword argument containerDefinitions[0].secret: did you mean containerDefinitions[0].secrets?");
    CHECK(groups(document(R"({"networkConfiguration": {"awsVpcConfiguration": {}}})"), {}, true) ==
          "unknown keyword argument networkConfiguration.awsVpcConfiguration: did you mean "
          "networkConfiguration.awsvpcConfiguration?");
    CHECK(groups(document(R"({"cpu": "256", "launchType": "EC2"})"), {}, true) == R"({"cpu": "256"} {} {})");
    captured_log log;
    auto const external = read_kwargs(document(R"({"launchType": "EC2"})"), log, true);
    REQUIRE_FALSE(external.has_value());
    CHECK(external.error().code == errc::invalid_argument);
    CHECK(external.error().message == "keyword argument launchType: set the option launch_type of the agent");
    CHECK(log.lines().empty());
}

TEST_CASE("§6 quirk: launchType is an alias of launch_type, in an agent's arguments and not in external ones",
          "[deploy][kwargs]") {
    auto const named = [](std::string const& given) {
        auto const read = launch_type_of(document(given));
        return !read ? read.error().message : *read ? "<" + **read + ">" : "none";
    };
    CHECK(named(R"({"launchType": "EC2"})") == "<EC2>");
    CHECK(named(R"({"launch_type": "'EC2'"})") == "<EC2>");
    CHECK(named(R"({"launchType": "EC2", "launch_type": "FARGATE"})") == "<FARGATE>");
    CHECK(named(R"({"launch_type": ""})") == "<>");
    CHECK(named(R"({"launchType": null})") == "<>");
    CHECK(named(R"({"cpu": "1"})") == "none");
    CHECK(named("[]") == "none");
    CHECK(named(R"({"launchType": ["EC2"]})") == "launchType must be text, not a list");
    CHECK(told(R"({"launchType": "EC2"})") == "");
    captured_log log;
    REQUIRE(read_kwargs(document(R"({"launchType": "EC2"})"), log).has_value());
    CHECK(log.text() == "WARNING keyword argument launchType is ignored: set the option launch_type of the agent\n");
}

TEST_CASE("odd names are shown on one line, cut and visible", "[deploy][kwargs]") {
    CHECK(told(R"({"": 1})") == "WARNING unknown keyword argument \"\" is ignored\n");
    CHECK(told(R"({"a\nERROR b\u007f": 1})") == "WARNING unknown keyword argument a?ERROR b? is ignored\n");
    CHECK(told("{\"" + std::string(300, 'x') + "\": 1}") ==
          "WARNING unknown keyword argument " + std::string(64, 'x') + "... is ignored\n");
}

TEST_CASE("a hundred thousand brackets are refused and cost no stack", "[deploy][kwargs]") {
    for (auto const* const bracket : {"[", "{'a':", "(", "{\"a\":"}) {
        std::string deep;
        for (int i = 0; i != 100000; ++i) deep += bracket;
        json::value given;
        json::set(given, "volumes", deep);
        INFO(bracket);
        CHECK(groups(given) == "volumes holds nesting deeper than 64, which cannot be sent to AWS");
    }
}
