#include "fargate-agent/arguments.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

using fargate::agent_options;
using namespace std::chrono_literals;
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

TEST_CASE("who wants nothing but a check gets nothing else, however it is spelled") {
    for (words const& line : {words{"start", "check=true"}, words{"validate", "--check"},
                              words{"validate", "--check=1"}, words{"agent", "start", "fargate", "--check"}})
        CHECK(refused(line) == "check is no argument: write start --check");
    CHECK(refused({"agent", "start", "fargate", "--explain", "11111111-1111-4111-8111-000000000001"}) ==
          "explain is no argument: write start --explain");
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

TEST_CASE("6: every option of the agent can be given as a keyword, and counts before the option of the same meaning") {
    auto const options = started({"--name",
                                  "a",
                                  "name=b",
                                  "-t",
                                  "T1",
                                  "token=T2",
                                  "--api",
                                  "http://a",
                                  "api=http://b",
                                  "--agent-address",
                                  "x",
                                  "agent_address=http://:8080",
                                  "--log-level",
                                  "INFO",
                                  "log_level=debug",
                                  "--max-polls",
                                  "1",
                                  "max_polls=2",
                                  "agent_config_id=id",
                                  "tenant_id=tenant",
                                  "api_key=KEY",
                                  "no_cloud_logs=yes",
                                  "use_external_kwargs=True",
                                  "external_kwargs_s3_bucket=flows",
                                  "external_kwargs_s3_key=prefix",
                                  "refresh_definitions=1",
                                  "use_run_config=true",
                                  "container_profile=0.15",
                                  "strict=no",
                                  "prefetch=0",
                                  "log_format=%(message)s",
                                  "logging_level=DEBUG",
                                  "botocore_config={'retries': {'max_attempts': 3}}"});
    CHECK(options.name == "b");
    CHECK(options.token.reveal() == "T2");
    CHECK(options.api == "http://b");
    CHECK(options.agent_address == "http://:8080");
    CHECK(options.level == fargate::log_level::debug);
    CHECK(options.max_polls == 2);
    CHECK(options.agent_config_id == "id");
    CHECK(options.tenant_id == "tenant");
    CHECK(options.api_key.reveal() == "KEY");
    CHECK(options.no_cloud_logs);
    CHECK(options.use_external_kwargs == true);
    CHECK(options.external_kwargs_s3_bucket == "flows");
    CHECK(options.external_kwargs_s3_key == "prefix");
    CHECK(options.refresh_definitions == true);
    CHECK(options.use_run_config == true);
    CHECK(options.container_profile == "0.15");
    CHECK(options.strict == false);
    CHECK(options.prefetch == false);
    CHECK(options.log_format == "%(message)s");
    CHECK(options.logging_level == "DEBUG");
    CHECK(options.botocore_config == "{'retries': {'max_attempts': 3}}");
    CHECK(options.kwargs.empty());
}

TEST_CASE("0.15.0: an API key and its tenant are options") {
    auto const options = started({"-k", "KEY", "--tenant-id", "tenant"});
    CHECK(options.api_key.reveal() == "KEY");
    CHECK(options.tenant_id == "tenant");
    CHECK(started({"--key=KEY"}).api_key.reveal() == "KEY");
    CHECK(started({"--key", ""}).api_key.empty());
}

TEST_CASE("6: -l is a set in order, and an empty option is none") {
    CHECK(started({"-l", "b", "-l", "a", "-l", "b"}).labels == words{"a", "b"});
    auto const options = started({"--token", "", "--api", "", "--name="});
    CHECK(options.token.empty());
    CHECK(options.api.empty());
    CHECK(options.name.empty());
}

TEST_CASE("what is on or off needs no value") {
    auto const options =
        started({"--strict", "cpu=256", "--prefetch", "--use-run-config", "false", "--refresh_definitions=0"});
    CHECK(options.strict == true);
    CHECK(options.prefetch == true);
    CHECK(options.use_run_config == false);
    CHECK(options.refresh_definitions == false);
    CHECK(options.kwargs == fargate::json::value{{"cpu", "256"}});
    CHECK(started({"--launch-type=EC2"}).launch_type == "EC2");
    CHECK_FALSE(started({}).strict);
    CHECK_FALSE(started({}).dry_run);
    for (auto const* const word : {"--dry-run", "dry_run=true", "--dry_run=yes"})
        CHECK(started({word}).dry_run == true);
}

TEST_CASE("each figure of the promise is an option, a keyword with = or a blank, with _ or -") {
    auto const check = [](words const& arguments) {
        INFO(arguments[0]);
        auto const options = started(arguments);
        CHECK(options.poll_interval_max == 2500ms);
        CHECK(options.launch_timeout == 15s);
        CHECK(options.launch_rate == 0.5);
        CHECK(options.max_in_flight == 25U);
        CHECK(options.launch_deadline == 600s);
        CHECK(options.launch_attempts == 1U);
        CHECK(options.max_run_duration == 86'400s);
        CHECK(options.capacity_plan == "FARGATE_SPOT,FARGATE");
        CHECK(options.capacity_fallback == 30s);
        CHECK(options.reconcile_interval == 120s);
        CHECK(options.fleet_id == "team/one");
        CHECK(options.wedged_after == 0s);
        CHECK(options.kwargs.empty());
    };
    std::vector<std::pair<std::string, std::string>> const said{
        {"poll-interval-max", "2.5"},  {"launch-timeout", "15"},
        {"launch-rate", "0.5"},        {"max-in-flight", "25"},
        {"launch-deadline", "600"},    {"launch-attempts", "1"},
        {"max-run-duration", "86400"}, {"capacity-plan", "FARGATE_SPOT,FARGATE"},
        {"capacity-fallback", "30"},   {"reconcile-interval", "120"},
        {"fleet-id", "team/one"},      {"wedged-after", "0"}};
    words apart, joined, keywords, dashed;
    for (auto const& [name, value] : said) {
        auto keyword = name;
        std::replace(keyword.begin(), keyword.end(), '-', '_');
        apart.insert(apart.end(), {"--" + name, value});
        joined.push_back("--" + name + "=" + value);
        keywords.push_back(keyword + "=" + value);
        dashed.insert(dashed.end(), {"--" + keyword, value});
    }
    check(apart);
    check(joined);
    check(keywords);
    check(dashed);
    for (auto& word : keywords) apart.push_back(word);
    apart[1] = "99"; // a keyword counts before the option of the same meaning
    check(apart);
}

TEST_CASE("what keeps the promise is turned off by --no- and its name, and as a keyword either way") {
    for (auto const& [name, member] : {std::pair{std::string{"watch"}, &agent_options::watch},
                                       std::pair{std::string{"reconcile"}, &agent_options::reconcile},
                                       std::pair{std::string{"idempotent"}, &agent_options::idempotent},
                                       std::pair{std::string{"batch_claims"}, &agent_options::batch_claims},
                                       std::pair{std::string{"heartbeat"}, &agent_options::heartbeat}}) {
        INFO(name);
        CHECK_FALSE(started({}).*member);
        for (auto const& word : {"--no-" + name, "--no_" + name, name + "=false", "no_" + name + "=true",
                                 "--" + name + "=0", "--no-" + name + "=true"}) {
            INFO(word);
            CHECK(started({word}).*member == false);
        }
        for (auto const& word : {"--" + name, name + "=True", "no_" + name + "=no"}) {
            INFO(word);
            CHECK(started({word}).*member == true);
        }
        CHECK(started({"--no-" + name, name + "=true"}).*member == true);
        CHECK(started({"--" + name, "false"}).*member == false);
        CHECK(contains(refused({"start", name + "=perhaps"}), name + " takes true or false"));
        CHECK(contains(refused({"start", "no_" + name + "="}), "no_" + name + " takes true or false"));
    }
}

TEST_CASE("a figure that is none is a usage error that names it and says what it takes") {
    CHECK(contains(refused({"start", "--poll-interval-max", "-1"}), "--poll-interval-max takes seconds"));
    CHECK(contains(refused({"start", "poll_interval_max=nan"}), "poll_interval_max takes seconds"));
    CHECK(contains(refused({"start", "wedged_after="}), "wedged_after takes seconds"));
    CHECK(contains(refused({"start", "--wedged-after=99999999999999999999"}), "--wedged-after takes seconds"));
    CHECK(contains(refused({"start", "--launch-rate=fast"}), "so many a second"));
    CHECK(contains(refused({"start", "--max-in-flight=2.5"}), "a whole number"));
    CHECK(contains(refused({"start", "--max-in-flight"}), "--max-in-flight"));
    CHECK(contains(refused({"start", "-poll_interval_max=5"}), "--poll_interval_max=VALUE"));
    CHECK_FALSE(started({"--poll-interval-max", ""}).poll_interval_max);
    CHECK_FALSE(started({"--poll-interval-max="}).poll_interval_max);
}

TEST_CASE("the help of start and of validate tells each figure, its unit and its switch") {
    for (auto const* const verb : {"start", "validate"}) {
        auto const read = read_arguments({verb, "--help"});
        REQUIRE(read);
        auto const& text = read->text;
        for (auto const* const part :
             {"Exactly one task:", "--poll-interval-max SECONDS", "--launch-timeout SECONDS", "--launch-rate N",
              "--max-in-flight N", "--launch-deadline SECONDS", "--launch-attempts N", "--max-run-duration SECONDS",
              "--capacity-plan NAMES", "--capacity-fallback SECONDS", "--reconcile-interval SECONDS", "--fleet-id ID",
              "--wedged-after SECONDS", "--no-watch ", "--no-reconcile ", "--no-idempotent ", "--no-batch-claims ",
              "--no-heartbeat "}) {
            INFO(part);
            CHECK(contains(text, part));
        }
    }
}

TEST_CASE("6: a value keeps its equals signs and its dashes, and --cpu 256 is taken") {
    auto const options = started({"taskRoleArn=arn:role/my--role=x", "--cpu", "256", "--env", "A=b=c"});
    CHECK(options.kwargs == fargate::json::value{{"taskRoleArn", "arn:role/my--role=x"}, {"cpu", "256"}});
    CHECK(options.env_vars == std::vector<std::pair<std::string, std::string>>{{"A", "b=c"}});
}

TEST_CASE("a value that a shell has split goes on until its brackets are closed") {
    auto const options = started({"networkConfiguration={'awsvpcConfiguration':", "{'subnets':", "['a',", "'b]']}}",
                                  "memory=512", "tags=[", "cpu=256"});
    CHECK(options.kwargs ==
          fargate::json::value{{"networkConfiguration", "{'awsvpcConfiguration': {'subnets': ['a', 'b]']}}"},
                               {"memory", "512"},
                               {"tags", "["},
                               {"cpu", "256"}});
    CHECK(contains(refused({"start", "cpu=256", "512"}), "512"));
}

TEST_CASE("6: the old spelling takes -v, says what it is, and knows fargate alone") {
    auto const read = read_arguments({"agent", "start", "-v", "fargate", "-l", "a", "cpu=256", "a=b=c"});
    REQUIRE(read);
    CHECK(read->what == command::kind::start);
    CHECK(read->deprecated);
    CHECK(read->options.level == fargate::log_level::debug);
    CHECK(read->options.labels == words{"a"});
    CHECK(read->options.kwargs == fargate::json::value{{"cpu", "256"}, {"a", "b=c"}});
    auto const other = read_arguments({"agent", "start", "docker"});
    REQUIRE(other);
    CHECK(other->what == command::kind::say);
    CHECK(other->aloud);
    CHECK(other->text == "docker is not a valid agent\n");
    CHECK(contains(refused({"agent", "start"}), "agent fargate start"));
    CHECK(contains(refused({"start", "-v"}), "-v"));
}

TEST_CASE("validate takes the options of start, and --keep") {
    auto const read = read_arguments({"validate", "--keep", "cpu=256", "region_name=eu-west-1"});
    REQUIRE(read);
    CHECK(read->what == command::kind::validate);
    CHECK(read->keep);
    CHECK(read->options.region_name == "eu-west-1");
    auto const below = read_arguments({"agent", "fargate", "validate"});
    REQUIRE(below);
    CHECK(below->what == command::kind::validate);
    CHECK_FALSE(below->keep);
}

TEST_CASE("6: a single dash before a name is a usage error, and a short option may have its value attached") {
    for (auto const* const word : {"-cpu=256", "-networkMode=x", "-networkMode", "-tags", "-launch_type", "-nonsense=5",
                                   "-executionRoleArn=x", "-zz"}) {
        INFO(word);
        CHECK(contains(refused({"start", word, "x"}), "-"));
    }
    CHECK(started({"-tTOKEN1=="}).token.reveal() == "TOKEN1==");
    CHECK(started({"-eA=1", "-lx"}).env_vars.size() == 1);
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
