#include "program/world.hpp"

#include <fargate/http/curl.hpp>

#include "support/catch.hpp"
#include "support/tls_server.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace fargate;
using fargate::text::contains;
using testing_support::child;
using testing_support::launch;
using testing_support::program_world;

using words = std::vector<std::string>;

namespace {

auto lines(std::string const& text) { return std::count(text.begin(), text.end(), '\n'); }

int free_port() {
    testing_support::listener const one;
    return one.port();
}

} // namespace

TEST_CASE("4.1: what an agent says at its start comes in the original's order, and the last poll ends it with 0") {
    program_world world;
    auto agent =
        launch(world, {"start", "--max-polls", "1", "use_external_kwargs=false", "enable_task_revisions=true"});
    CHECK(agent.end() == 0);
    INFO(agent.out());
    CHECK(agent.err().empty());
    std::size_t from = 0;
    for (std::string const& part :
         {std::string{"INFO - agent | Native ECS task revisions enabled.\n"},
          std::string{"\n ____            __           _        _                    _\n"},
          std::string{"                                           |___/\n\n"},
          std::string{"INFO - agent | Starting FargateAgent with labels []\n"},
          std::string{"INFO - agent | Agent documentation can be found at https://docs.prefect.io/orchestration/\n"},
          "INFO - agent | Agent connecting to the Prefect API at " + world.environment["PREFECT__CLOUD__API"] + "\n",
          std::string{"INFO - agent | Waiting for flow runs...\n"}}) {
        INFO(part);
        auto const at = agent.out().find(part, from);
        REQUIRE(at != std::string::npos);
        from = at + part.size();
    }
    CHECK(world.prefect.log().count("get_runs_in_queue") == 1);
}

TEST_CASE("4.2: no polls allowed means none, and the agent still starts and ends") {
    program_world world;
    auto agent = launch(world, {"start", "--max-polls=0"});
    CHECK(agent.end() == 0);
    CHECK(contains(agent.out(), "Waiting for flow runs..."));
    CHECK(world.prefect.log().count("get_runs_in_queue") == 0);
}

TEST_CASE("4.8: SIGINT and SIGTERM end an agent with one line and 0") {
    for (int const number : {SIGINT, SIGTERM}) {
        program_world world;
        auto agent = launch(world, {"start"});
        REQUIRE(agent.says("Waiting for flow runs..."));
        agent.signal(number);
        CHECK(agent.end() == 0);
        CHECK(contains(agent.out(), "INFO - agent | Keyboard Interrupt received: Agent is shutting down.\n"));
        CHECK(agent.err().empty());
    }
}

TEST_CASE("AWS over https is trusted by AWS_CA_BUNDLE, and without it a run fails with the reason") {
    testing_support::authority const ca;
    testing_support::scratch files;
    program_world world;
    testing_support::tls_server const aws{ca.issue("IP:127.0.0.1"), [&world](std::string const& bytes) {
                                              auto const got = world.aws.send(testing_support::read_request(bytes));
                                              return got ? testing_support::write_response(*got) : std::string{};
                                          }};
    world.environment["AWS_ENDPOINT_URL"] = aws.transport().url("", "https");
    auto const refused = world.queue();
    auto without =
        launch(world, {"start", "--max-polls", "1", "--no-idempotent"}); // else it is tried again for a while
    CHECK(without.end() == 0);
    INFO(without.out());
    CHECK(contains(without.out(), "the certificate of " + aws.transport().authority() + " is refused: "));
    CHECK(aws.requests().empty());
    CHECK(world.aws.ecs.tasks_created() == 0);
    CHECK(world.prefect.state(refused) == "Failed");

    program_world other;
    testing_support::tls_server const their{ca.issue("IP:127.0.0.1"), [&other](std::string const& bytes) {
                                                auto const got = other.aws.send(testing_support::read_request(bytes));
                                                return got ? testing_support::write_response(*got) : std::string{};
                                            }};
    other.environment["AWS_ENDPOINT_URL"] = their.transport().url("", "https");
    other.environment["AWS_CA_BUNDLE"] = files.write("ca.pem", ca.pem());
    auto const launched = other.queue();
    auto with = launch(other, {"start", "--max-polls", "1"});
    CHECK(with.end() == 0);
    INFO(with.out());
    CHECK(other.aws.ecs.tasks_created() == 1);
    CHECK(other.prefect.state(launched) == "Submitted");
}

TEST_CASE("4.3: a launch in hand is finished after a signal") {
    program_world world;
    auto const id = world.queue();
    world.holds_run_task = true;
    auto agent = launch(world, {"start"});
    world.held.wait();
    agent.signal(SIGTERM);
    REQUIRE(agent.says("Agent is shutting down."));
    world.may_go.open();
    CHECK(agent.end() == 0);
    INFO(agent.out());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
    CHECK(world.prefect.logs(id).size() == 1);
}

TEST_CASE("4.8: a second signal ends the agent at once with 130 or 143") {
    for (int const number : {SIGINT, SIGTERM}) {
        program_world world;
        (void)world.queue();
        world.holds_run_task = true;
        auto agent = launch(world, {"start"});
        world.held.wait();
        agent.signal(SIGINT);
        REQUIRE(agent.says("Agent is shutting down."));
        agent.signal(number);
        CHECK(agent.end() == 128 + number);
    }
}

TEST_CASE("6: an error of configuration is one line and 1, before anything is asked for") {
    struct mistake {
        words arguments;
        char const* named;
    };
    auto const each = GENERATE(values<mistake>({
        {{"networkConfiguration={'awsvpcConfiguration': "}, "networkConfiguration"},
        {{"count=many"}, "count"},
        {{"aws_access_key_id=AKID"}, "aws_secret_access_key"},
        {{"region_name=not a region"}, "region"},
        {{"containerDefinitions=[{}, {}]"}, "single container definition"},
        {{"--agent-address", "8080"}, "8080"},
        {{"--agent-address", "http://localhost:65536"}, "65536"},
        {{"log_format=%(nonsense)s"}, "nonsense"},
    }));
    INFO(each.named);
    program_world world;
    std::erase_if(world.environment, [](auto const& variable) { return variable.first.starts_with("AWS_SECRET"); });
    words arguments{"start"};
    arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
    auto agent = launch(world, arguments);
    CHECK(agent.end() == 1);
    INFO(agent.err());
    CHECK(lines(agent.err()) == 1);
    CHECK(contains(agent.err(), each.named));
    CHECK(world.prefect.log().count() == 0);
    CHECK(world.aws.ecs.log().count() == 0);
}

TEST_CASE("6: a usage error is one line and 2") {
    for (words const& wrong : {words{}, words{"launch"}, words{"start", "cpu"}, words{"start", "--max-polls", "x"},
                               words{"start", "-cpu=256"}, words{"agent"}, words{"agent", "docker", "start"}}) {
        program_world world;
        auto agent = launch(world, wrong);
        CHECK(agent.end() == 2);
        INFO(agent.err());
        CHECK(lines(agent.err()) == 1);
        CHECK(agent.out().empty());
        CHECK(world.prefect.log().count() == 0);
    }
}

TEST_CASE("6: help is an answer at every level, with 0") {
    for (words const& asked : {words{"-h"}, words{"agent", "-h"}, words{"agent", "fargate", "--help"},
                               words{"agent", "fargate", "start", "-h"}, words{"agent", "start", "-h"},
                               words{"agent", "start", "fargate", "-h"}, words{"validate", "--help"}}) {
        program_world world;
        auto agent = launch(world, asked);
        CHECK(agent.end() == 0);
        CHECK(agent.err().empty());
        CHECK(contains(agent.out(), "fargate-agent"));
    }
}

TEST_CASE("6: the old spelling works and says, without colours where nobody sees them, that it is old") {
    program_world world;
    auto agent = launch(world, {"agent", "start", "fargate", "--max-polls=0", "-v"});
    CHECK(agent.end() == 0);
    CHECK(agent.err() ==
          "Warning: `prefect agent start fargate` is deprecated, use `prefect agent fargate start` instead\n");
    CHECK(contains(agent.out(), "DEBUG - agent | Verbose logs enabled"));
    auto unknown = launch(world, {"agent", "start", "docker"});
    CHECK(unknown.end() == 0);
    CHECK(unknown.err() == "docker is not a valid agent\n");
    CHECK(unknown.out().empty());
}

TEST_CASE("6: the program may be called prefect") {
    program_world world;
    std::string folder = "/tmp/fargate-program-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    auto const link = folder + "/prefect";
    REQUIRE(::symlink(FARGATE_PROGRAM, link.c_str()) == 0);
    child agent{{link, "agent", "fargate", "start", "--max-polls", "0"}, world.environment};
    CHECK(agent.end() == 0);
    CHECK(contains(agent.out(), "Waiting for flow runs..."));
    ::unlink(link.c_str());
    ::rmdir(folder.c_str());
}

TEST_CASE("4.9: the log has the name, the level and the format that it is given") {
    program_world world;
    auto agent = launch(world, {"start", "--max-polls", "0", "--name", "nightly", "--log-level", "debug",
                                "log_format=%(levelname)-8s|%(name)s|%(message)s"});
    CHECK(agent.end() == 0);
    INFO(agent.out());
    CHECK(contains(agent.out(), "\nINFO    |nightly|Waiting for flow runs...\n"));
    CHECK(contains(agent.out(), "DEBUG   |nightly|Max polls: 0\n"));
}

TEST_CASE("4.6: an agent answers at its address while it runs") {
    program_world world;
    auto const address = "127.0.0.1:" + std::to_string(free_port());
    auto agent = launch(world, {"start", "--agent-address", "http://" + address});
    REQUIRE(agent.says("Waiting for flow runs..."));
    curl_http::options direct;
    direct.no_proxy = "*";
    curl_http http{direct};
    auto const status = [&](char const* method, char const* target) {
        http::request request;
        request.method = method;
        request.url = "http://" + address + target;
        auto const answer = http.send(request);
        return answer ? answer->status : 0;
    };
    CHECK(status("GET", "/api/health") == 200);
    CHECK(status("GET", "/api/poke") == 200);
    CHECK(status("POST", "/api/health") == 405);
    CHECK(status("GET", "/api/health/") == 404);

    // A second agent cannot have the address, and says so before it asks for anything.
    auto const polls = world.prefect.agents().size();
    auto second = launch(world, {"start", "--agent-address", address});
    CHECK(second.end() == 1);
    CHECK(contains(second.err(), address));
    CHECK(lines(second.err()) == 1);
    CHECK(world.prefect.agents().size() == polls);

    agent.signal(SIGINT);
    CHECK(agent.end() == 0);
    CHECK(status("GET", "/api/health") == 0);
}

TEST_CASE("an agent's address tells its metrics") {
    program_world world;
    (void)world.queue();
    auto const address = "http://127.0.0.1:" + std::to_string(free_port());
    auto agent = launch(world, {"start", "--agent-address", address, "--log-level", "DEBUG"});
    REQUIRE(agent.says("Completed flow run submission"));
    curl_http::options direct;
    direct.no_proxy = "*";
    curl_http http{direct};
    http::request request;
    request.url = address + "/metrics";
    auto const answer = http.send(request);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->headers.value_of("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8");
    CHECK(contains(answer->body, "\nfargate_launches_total 1\n"));
    CHECK(contains(answer->body, "\nfargate_poll_failures_total 0\n"));
    CHECK(contains(answer->body, "\nfargate_last_success_timestamp_seconds 1"));
    CHECK(answer->body.ends_with("\n# EOF\n"));
}

TEST_CASE("an agent that stands still ends with one line and 70, and one that is told to wait for ever does not") {
    testing_support::listener const silent; // takes connections and says nothing
    program_world world;
    world.environment["PREFECT__CLOUD__API"] = "http://" + silent.authority();
    auto const began = words{"start", "--poll-interval-max", "0.1", "--wedged-after"};
    auto with = began;
    with.push_back("0.2");
    auto wedged = launch(world, with);
    CHECK(wedged.end() == 70);
    INFO(wedged.err());
    CHECK(wedged.err() == "the agent has stood still for 0.2 seconds and ends with status 70, to be started again\n");

    auto without = began;
    without.push_back("0");
    auto patient = launch(world, without);
    without.back() = "0.2";
    auto const longer = launch(world, without).end(); // which takes longer than the first needed
    patient.signal(SIGTERM);
    CHECK(longer == 70);
    CHECK(patient.end() == 0);
}

TEST_CASE("a figure that cannot be kept is one line and 1, and one that is none 2") {
    program_world world;
    auto zero = launch(world, {"start", "--poll-interval-max", "0"});
    CHECK(zero.end() == 1);
    CHECK(contains(zero.err(), "poll_interval_max must be seconds"));
    CHECK(lines(zero.err()) == 1);
    auto none = launch(world, {"start", "--launch-rate", "-1"});
    CHECK(none.end() == 2);
    CHECK(contains(none.err(), "--launch-rate takes"));
    world.environment["wedged_after"] = "soon";
    auto variable = launch(world, {"start"});
    CHECK(variable.end() == 1);
    CHECK(contains(variable.err(), "the environment variable wedged_after must be seconds"));
    CHECK(world.prefect.agents().empty());
}

TEST_CASE("4.6: the address may also come from Prefect's configuration") {
    program_world world;
    auto const address = "http://127.0.0.1:" + std::to_string(free_port());
    world.environment["PREFECT__CLOUD__AGENT__AGENT_ADDRESS"] = address;
    auto agent = launch(world, {"start"});
    REQUIRE(agent.says("Waiting for flow runs..."));
    curl_http::options direct;
    direct.no_proxy = "*";
    curl_http http{direct};
    http::request request;
    request.url = address + "/api/health";
    auto const answer = http.send(request);
    REQUIRE(answer);
    CHECK(answer->body == "{}");
    agent.signal(SIGTERM);
    CHECK(agent.end() == 0);
}

TEST_CASE("validate tells its steps, leaves nothing behind, asks Prefect for nothing, and ends with 0") {
    program_world world;
    auto tries = launch(world, {"validate"});
    CHECK(tries.end() == 0);
    INFO(tries.out() << tries.err());
    CHECK(contains(tries.out(), "INFO - agent | Task definition registration successful\n"));
    CHECK(contains(tries.out(), "The configuration works"));
    CHECK(tries.err().empty());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.aws.ecs.log().count("DeregisterTaskDefinition") == 1);
    CHECK(world.prefect.log().count() == 0);
}

TEST_CASE("validate --keep leaves the definition, and a refusal is one line with what to do and 1") {
    program_world world;
    auto tries = launch(world, {"validate", "--keep", "cluster=nowhere"});
    CHECK(tries.end() == 1);
    CHECK(lines(tries.err()) == 1);
    CHECK(contains(tries.err(), "check cluster"));
    CHECK(contains(tries.out(), "ERROR - agent | Task run failed: "));
    CHECK(world.aws.ecs.log().count("DeregisterTaskDefinition") == 0);
    CHECK(world.aws.ecs.log().count("RegisterTaskDefinition") == 1);
}
