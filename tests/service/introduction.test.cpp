#include <fargate/service/introduction.hpp>

#include <fargate/testing/captured_log.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace fargate;

namespace {

std::vector<std::string> lines_of(agent_options const& options, prefect::settings const& server,
                                  deploy::settings const& with) {
    testing::captured_log log;
    service::introduce(options, server, with, log);
    std::vector<std::string> made;
    for (auto const& each : log.lines()) {
        CHECK(each.level == log_level::debug);
        made.push_back(each.text);
    }
    return made;
}

} // namespace

TEST_CASE("4.9: what an agent was made with is told at DEBUG in the original's words") {
    agent_options options;
    options.agent_address = "http://:8080";
    options.max_polls = 7;
    prefect::settings server;
    server.backend = prefect::backend::server;
    deploy::settings with;
    with.env_vars = {{"A", "1"}, {"B", "2"}};
    with.log_to_cloud = false;
    CHECK(lines_of(options, server, with) ==
          std::vector<std::string>{"Verbose logs enabled", "Environment variables: ['A', 'B']", "Max polls: 7",
                                   "Agent address: http://:8080", "Log to Cloud: False", "Prefect backend: server",
                                   "Launch type: FARGATE"});
    CHECK(lines_of({}, {}, {}) == std::vector<std::string>{"Verbose logs enabled", "Environment variables: []",
                                                           "Max polls: None", "Agent address: ", "Log to Cloud: True",
                                                           "Prefect backend: cloud", "Launch type: FARGATE"});
    with.launch_type.clear();
    CHECK(lines_of(options, server, with).back() == "Launch type: None");
}

TEST_CASE("4.9: keyword arguments are named, and their values are not shown") {
    deploy::settings with;
    with.env_vars = {{"A", "SECRET"}};
    with.kwargs.definition = {{"cpu", "SECRET"}, {"tags", {"SECRET", "SECRET"}}};
    with.kwargs.run = {{"count", 271828}, {"enableECSManagedTags", true}, {"networkConfiguration", {{"SECRET", 1}}}};
    with.kwargs.container = {{"environment", json::value::array({{{"name", "N"}, {"value", "SECRET"}}})}};
    std::string all;
    for (auto const& line : lines_of({}, {}, with)) all += line + "\n";
    CHECK(all.find("SECRET") == std::string::npos);
    CHECK(all.find("271828") == std::string::npos);
    for (auto const* const line :
         {"cpu = <text>\n", "tags = <list of 2>\n", "count = <number>\n", "enableECSManagedTags = <true or false>\n",
          "networkConfiguration = <object of 1>\n", "environment = <list of 1>\n"}) {
        INFO(line << " in " << all);
        CHECK(all.find(line) != std::string::npos);
    }
}
