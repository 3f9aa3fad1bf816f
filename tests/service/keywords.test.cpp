#include <fargate/service/keywords.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using service::keyword_kind;
using service::set_keyword;

namespace {

agent_options with(std::string_view name, std::string value) {
    agent_options made;
    auto const set = set_keyword(made, name, std::move(value));
    INFO((set ? "" : set.error().message));
    REQUIRE(set);
    return made;
}

std::string refused(std::string_view name, std::string value, std::string_view said_as = {}) {
    agent_options made;
    auto const set = set_keyword(made, name, std::move(value), said_as);
    REQUIRE_FALSE(set);
    CHECK(set.error().code == errc::invalid_argument);
    return set.error().message;
}

} // namespace

TEST_CASE("a keyword sets the option of its name, read as that option's kind") {
    CHECK(with("region_name", "eu-west-1").region_name == "eu-west-1");
    CHECK(with("launchType", "").launch_type == "");
    CHECK(with("token", "t0ken").token == secret{"t0ken"});
    CHECK(with("enable_task_revisions", "yes").enable_task_revisions == true);
    CHECK(with("no_cloud_logs", "True").no_cloud_logs);
    CHECK(with("poll_interval_max", "2.5").poll_interval_max == 2500ms);
    CHECK(with("launch_rate", "0.5").launch_rate == 0.5);
    CHECK(with("max_in_flight", "7").max_in_flight == 7U);
    CHECK(with("max_polls", "-1").max_polls == -1);
    CHECK(with("level", "warning").level == log_level::warning);
    CHECK(with("backend", "server").backend == prefect::backend::server);
    CHECK(with("botocore_config", "{'read_timeout': 5}").botocore_config == json::value("{'read_timeout': 5}"));
}

TEST_CASE("a switch is turned off by its name behind no_, and any other keyword is not") {
    CHECK(with("watch", "false").watch == false);
    CHECK(with("no_watch", "true").watch == false);
    CHECK(with("no_watch", "false").watch == true);
    CHECK(with("no_strict", "true").strict == std::nullopt);
    CHECK(with("no_strict", "true").kwargs == json::value{{"no_strict", "true"}});
}

TEST_CASE("labels and variables add up, one keyword for each") {
    agent_options made;
    for (auto const label : {"one", "two"}) REQUIRE(set_keyword(made, "label", label));
    CHECK(made.labels == std::vector<std::string>{"one", "two"});
    REQUIRE(set_keyword(made, "env", "NAME=a=b"));
    REQUIRE(set_keyword(made, "env", "EMPTY="));
    REQUIRE(made.env_vars.size() == 2);
    CHECK(made.env_vars[0] == std::pair<std::string, std::string>{"NAME", "a=b"});
    CHECK(made.env_vars[1] == std::pair<std::string, std::string>{"EMPTY", ""});
    REQUIRE(set_keyword(made, "env", "NAME=last"));
    REQUIRE(made.env_vars.size() == 2);
    CHECK(made.env_vars[0].second == "last");
    CHECK(refused("env", "secret") == "env takes NAME=VALUE, not \"secret\"");
    CHECK(refused("env", "=secret") == "env takes NAME=VALUE, not \"\"");
}

TEST_CASE("what is no option of the agent's is an argument for AWS, as the text that it is") {
    CHECK(with("cpu", "256").kwargs == json::value{{"cpu", "256"}});
    CHECK(service::kind_of_keyword("cpu") == keyword_kind::unknown);
    CHECK(service::kind_of_keyword("label") == keyword_kind::value);
    CHECK(service::kind_of_keyword("fleet_id") == keyword_kind::value);
    CHECK(service::kind_of_keyword("no_heartbeat") == keyword_kind::flag);
    CHECK(service::kind_of_keyword("strict") == keyword_kind::flag);
}

TEST_CASE("a keyword that cannot be read is refused under its own name, or the one that was used") {
    CHECK(refused("strict", "maybe") == "strict takes true or false, not \"maybe\"");
    CHECK(refused("no_watch", "maybe") == "no_watch takes true or false, not \"maybe\"");
    CHECK(refused("launch_timeout", "soon") == "launch_timeout takes seconds, such as 90 or 0.5, not \"soon\"");
    CHECK(refused("launch_rate", "-1") == "launch_rate takes so many a second, such as 20 or 0.5, not \"-1\"");
    CHECK(refused("launch_attempts", "1.5") == "launch_attempts takes a whole number from 0 on, not \"1.5\"");
    CHECK(refused("max_polls", "many", "--max-polls") == "--max-polls takes a whole number, not \"many\"");
    CHECK(refused("log_level", "LOUD") == "log_level takes DEBUG, INFO, WARNING or ERROR, not \"LOUD\"");
    CHECK(refused("backend", "both") == "backend takes cloud or server, not \"both\"");
}
