#include <fargate/deploy/preflight.hpp>

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fargate_sizes.hpp>
#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
using fargate::deploy::check_fargate_size;
using fargate::deploy::check_tags;
using fargate::deploy::finding;
using fargate::deploy::preflight;
using fargate::deploy::settings;
using lines = std::vector<std::string>;

namespace {

json::value document(std::string const& text) {
    auto read = json::parse(text);
    if (!read) FAIL(read.error().message);
    return *read;
}

lines lines_of(std::vector<finding> const& found) {
    lines made;
    for (auto const& each : found) made.push_back(each.line());
    return made;
}

/// What is wrong with arguments, read as an agent reads them.
lines wrong_with(std::string const& kwargs, fargate::testing::map_environment const& environment = {}) {
    fargate::testing::captured_log log;
    std::vector<finding> wrong;
    (void)fargate::deploy::read_kwargs(document(kwargs), environment, log, wrong);
    CHECK(log.count(fargate::log_level::warning) == 0);
    return lines_of(wrong);
}

/// Settings with which everything works, and these arguments over them.
settings good(std::string const& more = "{}") {
    fargate::null_log log;
    settings made;
    auto const usual = fargate::deploy::read_kwargs(document(R"({"cpu": "256", "memory": "512",
                     "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})"),
                                                    log);
    made.kwargs = *usual;
    auto const over = fargate::deploy::read_kwargs(document(more), log);
    if (!over) FAIL(over.error().message);
    fargate::deploy::replace(made.kwargs, *over);
    return made;
}

lines found(std::string const& more, std::vector<std::string> const& capacity_plan = {}) {
    return lines_of(preflight(good(more), capacity_plan));
}

} // namespace

TEST_CASE("all that is wrong with arguments is told at once, each with its place", "[deploy][preflight]") {
    CHECK(wrong_with(R"({"NetworkConfiguration": {}, "momery": "512", "count": "many", "enableECSManagedTags": 3,
                         "networkConfiguration": {"awsvpcConfiguration": {"subnets": [1, "a", true], "Subnets": []}},
                         "containerDefinitions": [{"secrets": [{"name": "A"}], "mountPoint": [],
                                                   "environment": [{"value": "hidden"}]}]})") ==
          lines{"NetworkConfiguration: unknown, and ignored; did you mean networkConfiguration?",
                "momery: unknown, and ignored; did you mean memory?",
                "count: must be a whole number: its text is neither a Python literal nor JSON",
                "networkConfiguration.awsvpcConfiguration.subnets[0]: must be text, not a whole number",
                "networkConfiguration.awsvpcConfiguration.subnets[2]: must be text, not true or false",
                "enableECSManagedTags: must be true or false, not a whole number",
                "containerDefinitions[0].mountPoint: unknown, and ignored; did you mean "
                "containerDefinitions[0].mountPoints?",
                "containerDefinitions[0].environment[0]: has no name: give it one, as text",
                "containerDefinitions[0].secrets[0]: has no valueFrom"});
    CHECK(wrong_with(R"({"networkConfiguration": {"awsvpcConfiguration": {"subnets": [], "Subnets": []}}})") ==
          lines{"networkConfiguration.awsvpcConfiguration.Subnets: unknown, and sent as it is; did you mean "
                "networkConfiguration.awsvpcConfiguration.subnets?"});
    CHECK(wrong_with("{}", fargate::testing::map_environment{{{"volumes", "[{"}, {"count", "x"}}}) ==
          lines{"environment variable volumes: must be a list: its text is neither a Python literal nor JSON",
                "environment variable count: must be a whole number: its text is neither a Python literal nor JSON"});
    CHECK(wrong_with("[]") == lines{"keyword arguments: must be an object, not a list"});
    CHECK(wrong_with(R"({"cpu": "256"})").empty());
}

TEST_CASE("which of several containers is the flow's nobody can know", "[deploy][preflight]") {
    CHECK(wrong_with(R"({"containerDefinitions": [{}, {"name": "flow"}], "maxRunDuration": 0})") ==
          lines{"maxRunDuration: must be a whole number of seconds from 1 to 1000000000",
                "containerDefinitions: Fargate agent only accepts configuration for a single container definition."});
}

TEST_CASE("what can be read is read, whatever else is wrong", "[deploy][preflight]") {
    fargate::null_log log;
    std::vector<finding> wrong;
    auto const read = fargate::deploy::read_kwargs(
        document(R"({"count": "x", "cpu": 256, "containerDefinitions": [{"secrets": 1, "mountPoints": []}]})"),
        fargate::testing::map_environment{}, log, wrong);
    CHECK(wrong.size() == 2);
    CHECK(json::text_of(read.definition, "cpu") == "256");
    CHECK(json::member(read.run, "count") == nullptr);
    CHECK(json::array_of(read.container, "mountPoints") != nullptr);
}

TEST_CASE("settings with which everything works have nothing wrong", "[deploy][preflight]") {
    CHECK(found("{}").empty());
    CHECK(found("{}", {"FARGATE_SPOT", "FARGATE", "EC2", "my-provider"}).empty());
    CHECK(found(R"({"networkMode": ""})").empty()); // which asks for none of its own
    auto elsewhere = good(R"({"cpu": "100", "memory": "1"})");
    elsewhere.launch_type = "EC2";
    CHECK(preflight(elsewhere).empty());
}

TEST_CASE("Fargate's sizes are those of its table", "[deploy][preflight]") {
    for (int const cpu : {128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768})
        for (int memory = 256; memory <= 131072; memory += 256) {
            bool const ours = !check_fargate_size(std::to_string(cpu), std::to_string(memory));
            if (ours != fargate::testing::fargate_offers(cpu, memory)) FAIL(cpu << " " << memory);
        }
    CHECK_FALSE(check_fargate_size(".25 vCPU", "0.5 GB"));
    CHECK_FALSE(check_fargate_size("1vcpu", " 2 gb "));
    CHECK_FALSE(check_fargate_size("16 vCPU", "120GB"));
    struct row {
        std::string cpu, memory, line;
    };
    for (auto const& [cpu, memory, line] : std::vector<row>{
             {"300", "512",
              "cpu: 300 CPU units are no size of Fargate's; give 256, 512, 1024, 2048, 4096, 8192 or 16384"},
             {"256", "4096", "memory: 4096 MiB are not to be had with 256 CPU units; give 512, 1024 or 2048"},
             {"8 vCPU", "17 GB",
              "memory: 17408 MiB are not to be had with 8192 CPU units; give 16384 to 61440 in steps of 4096"},
             {"many", "512", "cpu: many is no number of CPU units; write 256, or .25 vCPU"},
             {"256", "0.5", "memory: 0.5 is no number of MiB; write 512, or 0.5 GB"},
             {"256", "99999999999999999999", "memory: 99999999999999999999 is no number of MiB; write 512, or 0.5 GB"},
             {"", "512",
              "cpu: is missing, which Fargate needs of every task; give cpu and memory a pair that Fargate has, e.g. "
              "cpu=256 memory=512"}}) {
        auto const wrong = check_fargate_size(cpu, memory);
        REQUIRE(wrong);
        CHECK(wrong->line() == line);
    }
}

TEST_CASE("a size that Fargate does not have is found, unless it may come with the flow", "[deploy][preflight]") {
    CHECK(found(R"({"memory": "4096"})") ==
          lines{"memory: 4096 MiB are not to be had with 256 CPU units; give 512, 1024 or 2048"});
    CHECK(found(R"({"memory": ""})").size() == 1);
    auto flows_own = good();
    flows_own.kwargs = {};
    flows_own.external.enabled = true;
    CHECK(preflight(flows_own).empty());
}

TEST_CASE("subnets that may come with the flow or its run are not missing", "[deploy][preflight]") {
    std::string const none = R"({"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}})";
    CHECK(found(none) == lines{"networkConfiguration.awsvpcConfiguration.subnets: is empty; name at least one subnet"});
    auto flows_own = good(none);
    flows_own.external.enabled = true;
    CHECK(preflight(flows_own).empty());
    auto runs_own = good(none);
    runs_own.use_run_config = true;
    CHECK(preflight(runs_own).empty());
    runs_own.kwargs.run.erase("networkConfiguration");
    CHECK(preflight(runs_own).empty());
}

TEST_CASE("a finding is one line, whatever words it holds", "[deploy][preflight]") {
    CHECK(finding{"cluster", "there is no cluster a\nb\r\t\x7F", "m\xC3\xB6glich"}.line() ==
          "cluster: there is no cluster a b   ; m\xC3\xB6glich");
}

TEST_CASE("words that ECS does not take are found, with the one that was meant", "[deploy][preflight]") {
    auto with = good(R"({"pidMode": "Task", "propagateTags": "task", "networkConfiguration":
        {"awsvpcConfiguration": {"subnets": [], "securityGroups": ["1", "2", "3", "4", "5", "6"],
                                 "assignPublicIp": "enabled"}}})");
    with.launch_type = "fargate";
    CHECK(lines_of(preflight(with)) ==
          lines{"launch_type: fargate is no word that ECS takes there; did you mean FARGATE?",
                "pidMode: Task is no word that ECS takes there; did you mean task?",
                "propagateTags: task is no word that ECS takes there; give TASK_DEFINITION, SERVICE or NONE",
                "networkConfiguration.awsvpcConfiguration.assignPublicIp: enabled is no word that ECS takes there; did "
                "you mean ENABLED?",
                "networkConfiguration.awsvpcConfiguration.subnets: is empty; name at least one subnet",
                "networkConfiguration.awsvpcConfiguration.securityGroups: names more than 5; ECS takes at most 5"});
    CHECK(found(R"({"networkMode": "bridge"})") ==
          lines{"networkMode: bridge is not to be had on Fargate; leave it out: it is awsvpc then"});
    CHECK(found(R"({"count": 11, "startedBy": "the agent"})") ==
          lines{"count: 11 is no number of tasks that RunTask starts; leave it at 1",
                "startedBy: the agent is not what ECS takes; use at most 128 letters, digits, -, / and _"});
}

TEST_CASE("what says twice what tasks run on is found where it contradicts itself", "[deploy][preflight]") {
    std::string const spot = R"({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]})";
    CHECK(found(spot).empty()); // RunTask names no launch type then
    CHECK(found(spot, {"FARGATE"}) == lines{"capacity_plan: and the keyword argument capacityProviderStrategy both say "
                                            "what tasks run on: leave one of them out"});
    auto with = good(spot);
    with.launch_type = "EC2";
    CHECK(lines_of(preflight(with)) == lines{"capacityProviderStrategy[0].capacityProvider: FARGATE_SPOT does not go "
                                             "with launch_type EC2; set launch_type=FARGATE"});
    with = good();
    with.launch_type = "EC2";
    std::vector<std::string> const plan{"EC2", "FARGATE"};
    CHECK(lines_of(preflight(with, plan)) ==
          lines{"capacity_plan[1]: FARGATE does not go with launch_type EC2; set launch_type=FARGATE"});
}

TEST_CASE("tags that AWS does not take are found", "[deploy][preflight]") {
    CHECK(
        found(R"({"tags": [{"key": "team", "value": "data & more"}, {"key": "a#b", "value": "x"}, {"value": "y"},
                            {"key": "AWS:x", "value": "z"}, {"key": "team", "value": "q"}]})") ==
        lines{"tags[0].value: has a character that AWS does not take; use letters, digits, spaces and _ . : / = + - @",
              "tags[1].key: has a character that AWS does not take; use letters, digits, spaces and _ . : / = + - @",
              "tags[2].key: is empty; give the tag a key",
              "tags[3].key: begins with aws:, which is kept for AWS; choose another key",
              "tags[4].key: team comes twice; leave one of them out"});
    auto const tag = [](std::string const& key, std::string const& value) {
        json::value made = json::value::array();
        made.push_back(json::value{{"key", key}, {"value", value}});
        return made;
    };
    std::string umlauts; // two bytes each
    for (int i = 0; i != 128; ++i) umlauts += "\xC3\xA4";
    CHECK(check_tags("tags", tag(umlauts, umlauts + umlauts)).empty());
    CHECK(lines_of(check_tags("tags", tag(umlauts + "a", umlauts + umlauts + "a"))) ==
          lines{"tags[0].key: is longer than 128 characters; shorten it",
                "tags[0].value: is longer than 256 characters; shorten it"});
    auto many = json::value::array();
    for (int i = 0; i != 51; ++i) many.push_back(tag("key" + std::to_string(i), "")[0]);
    CHECK(lines_of(check_tags("tags", many)) == lines{"tags: holds 51 tags; AWS takes at most 50"});
}

TEST_CASE("what is missing for what is asked for is found", "[deploy][preflight]") {
    fargate::null_log log;
    auto with = good();
    auto const more = fargate::deploy::read_kwargs(
        document(R"({"containerDefinitions": [{"secrets": [{"name": "A", "valueFrom": "arn"}],
             "logConfiguration": {"logDriver": "awslogs"}, "mountPoints": [{"sourceVolume": "data"}]}]})"),
        log);
    REQUIRE(more);
    with.kwargs.container = more->container;
    with.kwargs.run = json::value::object();
    CHECK(lines_of(preflight(with)) ==
          lines{"networkConfiguration: is missing, and tasks in network mode awsvpc need subnets; give "
                "networkConfiguration={'awsvpcConfiguration': {'subnets': ['subnet-...']}}",
                "executionRoleArn: is missing, and containerDefinitions[0].secrets need it; give the role's ARN",
                "executionRoleArn: is missing, and the awslogs of containerDefinitions[0].logConfiguration need it; "
                "give the role's ARN",
                "containerDefinitions[0].mountPoints[0].sourceVolume: data is none of the volumes; name it in volumes, "
                "too"});
}

TEST_CASE("what is too long for ECS is found, with the place that makes it so", "[deploy][preflight]") {
    auto with = good();
    with.token = fargate::secret{std::string(9000, 't')};
    auto const overrides = lines_of(preflight(with));
    REQUIRE(overrides.size() == 1);
    CHECK(overrides[0].starts_with("overrides.containerOverrides[0].environment[0].value: the container overrides are "
                                   "longer than the 8192 characters that ECS takes ("));
    CHECK(overrides[0].find("ttt") == std::string::npos);

    with = good();
    with.env_vars = {{"A", "1"}, {"BIG", std::string(66000, 'x')}};
    auto const definition = lines_of(preflight(with));
    REQUIRE(definition.size() == 1);
    CHECK(definition[0].starts_with("containerDefinitions[0].environment[8].value: task definitions would have "));
    CHECK(definition[0].ends_with("; ECS takes at most 65536"));
}
