#include "fargate-agent/arguments.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using fargate::agent_options;
using words = std::vector<std::string>;

namespace {

agent_options started(words arguments) {
    arguments.insert(arguments.begin(), "start");
    auto const read = read_arguments(arguments);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    REQUIRE(read->what == command::kind::start);
    return read->options;
}

std::string refused(words arguments) {
    auto const read = read_arguments(std::move(arguments));
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find('\n') == std::string::npos);
    return read.error().message;
}

bool contains(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("start takes the options of prefect agent fargate start") {
    auto const options = started({"--token",
                                  "TOKEN",
                                  "-a",
                                  "http://h:4200",
                                  "--name",
                                  "nightly",
                                  "-l",
                                  "b",
                                  "--label",
                                  "a",
                                  "-l",
                                  "b",
                                  "-e",
                                  "A=1",
                                  "--env",
                                  "B=x=y",
                                  "-e",
                                  "A=2",
                                  "--max-polls",
                                  "3",
                                  "--no-cloud-logs",
                                  "--log-level",
                                  "debug",
                                  "--agent-config-id",
                                  "83a51fe7-6294-40b5-b3d1-5a6c1e2094fe"});
    CHECK(options.token.reveal() == "TOKEN");
    CHECK(options.api == "http://h:4200");
    CHECK(options.name == "nightly");
    CHECK(options.labels == words{"a", "b"});
    CHECK(options.env_vars == std::vector<std::pair<std::string, std::string>>{{"A", "2"}, {"B", "x=y"}});
    CHECK(options.max_polls == 3);
    CHECK(options.no_cloud_logs);
    CHECK(options.level == fargate::log_level::debug);
    CHECK(options.agent_config_id == "83a51fe7-6294-40b5-b3d1-5a6c1e2094fe");
    CHECK(options.kwargs.empty());
}

TEST_CASE("arguments for AWS are taken with and without dashes, between options, and with = and -- in their values") {
    auto const options = started({"cpu=256", "--memory=512", "-l", "x", "--cluster", "prod", "taskRoleArn=arn:a--b=c",
                                  "networkConfiguration={'awsvpcConfiguration': {'subnets': ['a', 'b']}}"});
    CHECK(options.labels == words{"x"});
    CHECK(options.kwargs ==
          fargate::json::value{{"cpu", "256"},
                               {"memory", "512"},
                               {"cluster", "prod"},
                               {"taskRoleArn", "arn:a--b=c"},
                               {"networkConfiguration", "{'awsvpcConfiguration': {'subnets': ['a', 'b']}}"}});
}

TEST_CASE("names of the agent's own options go to the agent and not to AWS") {
    auto const options =
        started({"region_name=eu-west-1", "launchType=EC2", "--aws_access_key_id=AKID", "aws_secret_access_key=SECRET",
                 "aws_session_token=SESSION", "enable_task_revisions=False", "backend=server", "max_polls=7", "name=n",
                 "endpoint_url=http://127.0.0.1:1"});
    CHECK(options.region_name == "eu-west-1");
    CHECK(options.launch_type == "EC2");
    CHECK(options.aws_access_key_id.reveal() == "AKID");
    CHECK(options.aws_secret_access_key.reveal() == "SECRET");
    CHECK(options.aws_session_token.reveal() == "SESSION");
    CHECK(options.enable_task_revisions == false);
    CHECK(options.backend == fargate::prefect::backend::server);
    CHECK(options.max_polls == 7);
    CHECK(options.name == "n");
    CHECK(options.endpoint_url == "http://127.0.0.1:1");
    CHECK(options.kwargs.empty());
    CHECK(started({"launch_type="}).launch_type == "");
    CHECK(started({"--max-polls", "-1"}).max_polls == -1);
    CHECK_FALSE(started({}).launch_type);
}

TEST_CASE("the spelling of Prefect's own command line is understood") {
    auto const read = read_arguments({"agent", "fargate", "start", "cpu=256"});
    REQUIRE(read);
    CHECK(read->what == command::kind::start);
    CHECK(read->options.kwargs == fargate::json::value{{"cpu", "256"}});
}

TEST_CASE("what cannot be understood is one line that names it") {
    CHECK(contains(refused({"start", "cpu"}), "cpu"));
    CHECK(contains(refused({"start", "--cpu"}), "--cpu"));
    CHECK(contains(refused({"start", "=256"}), "name=value"));
    CHECK(contains(refused({"start", "-cpu=256"}), "--cpu=VALUE"));
    CHECK(contains(refused({"start", "-networkMode=x"}), "-networkMode"));
    CHECK(contains(refused({"start", "--env", "NOVALUE"}), "NOVALUE"));
    CHECK(contains(refused({"start", "--max-polls", "many"}), "--max-polls"));
    CHECK(contains(refused({"start", "--log-level", "LOUD"}), "LOUD"));
    CHECK(contains(refused({"start", "backend=cloudy"}), "cloudy"));
    CHECK(contains(refused({"start", "enable_task_revisions=perhaps"}), "enable_task_revisions"));
    CHECK(contains(refused({"start", "labels=['a']"}), "--label"));
    CHECK(contains(refused({"start", "env_vars={}"}), "--env"));
    CHECK(contains(refused({"start", "--token"}), "--token"));
    CHECK(contains(refused({"launch"}), "launch"));
    CHECK_FALSE(refused({}).empty());
}

TEST_CASE("a secret in a wrong place is not repeated") {
    CHECK_FALSE(contains(refused({"start", "-aws_secret_access_key=SECRET"}), "SECRET"));
    CHECK_FALSE(contains(refused({"start", "--env", "=SECRET"}), "SECRET"));
    CHECK_FALSE(contains(refused({"start", "=SECRET"}), "SECRET"));
}

TEST_CASE("help and version are answers, not errors") {
    for (words const& asked : {words{"--help"}, words{"start", "--help"}, words{"-h"}, words{"--version"}}) {
        auto const read = read_arguments(asked);
        REQUIRE(read);
        CHECK(read->what == command::kind::say);
        CHECK(contains(read->text, "fargate-agent"));
    }
}
