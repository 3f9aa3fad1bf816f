#include "program/world.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace fargate;
using fargate::text::contains;
using testing_support::child;
using testing_support::launch;
using testing_support::program_world;

using words = std::vector<std::string>;

namespace {

/// Nobody has been registered, and no run been claimed or launched.
void is_untouched(program_world const& world, std::string const& run) {
    CHECK(world.prefect.state(run) == "Scheduled");
    CHECK(world.prefect.agents().empty());
    CHECK(world.prefect.logs().empty());
    CHECK(world.aws.ecs.tasks_created() == 0);
    CHECK(world.aws.ecs.definitions().empty());
}

} // namespace

TEST_CASE("start --check says in a line that nothing is wrong, with 0") {
    program_world world;
    auto const run = world.queue();
    auto agent = launch(world, {"start", "--check"});
    CHECK(agent.end() == 0);
    INFO(agent.err());
    CHECK(agent.out() == "Nothing is wrong.\n");
    CHECK(agent.err().empty());
    is_untouched(world, run);
}

TEST_CASE("start --check tells each thing to mend in a line of its own, and their number, with 1") {
    program_world world("another token");
    world.environment["PREFECT__CLOUD__AGENT__AUTH_TOKEN"] = "a wrong token";
    auto const run = world.queue();
    auto agent = launch(world, {"start", "--check", "memory=9999", "NetworkMode=awsvpc", "cluster=flows",
                                "tags=[{'key': 'team', 'value': 'data & more'}]"});
    CHECK(agent.end() == 1);
    INFO(agent.out() << agent.err());
    for (char const* const line :
         {"NetworkMode: unknown, and ignored; did you mean networkMode?\n",
          "\nmemory: 9999 MiB are not to be had with 256 CPU units; give 512, 1024 or 2048\n",
          "\ntags[0].value: has a character that AWS does not take; ",
          "\ntoken: ", "\ncluster: there is no cluster flows in this region and account; create it, or name another\n"})
        CHECK(contains(agent.out(), line));
    CHECK(agent.err() == "fargate-agent: the check has found 5 things to mend\n");
    CHECK_FALSE(contains(agent.out() + agent.err(), "a wrong token"));
    is_untouched(world, run);
}

TEST_CASE("start --check reads the address at which the agent would answer") {
    program_world world;
    auto agent = launch(world, {"start", "--check", "agent_address=http://127.0.0.1:99999"});
    CHECK(agent.end() == 1);
    CHECK(agent.out().starts_with("agent address \"http://127.0.0.1:99999\" cannot be used: "));
    CHECK(agent.err() == "fargate-agent: the check has found one thing to mend\n");
}

TEST_CASE("start --check that is stopped says so, and not that nothing is wrong") {
    testing_support::gate asked;
    testing_support::gate may_go;
    testing_support::loopback silent{testing_support::answers_of([&](http::request const&) {
        asked.open();
        may_go.wait();
        return http::response{};
    })};
    program_world world;
    world.environment["PREFECT__CLOUD__API"] = silent.url("");
    auto agent = launch(world, {"start", "--check"});
    asked.wait();
    agent.signal(SIGINT);
    CHECK(agent.end() == 1);
    may_go.open();
    CHECK(agent.out().empty());
    CHECK(agent.err() == "fargate-agent: the check was stopped before it had seen everything\n");
}

TEST_CASE("what cannot be printed is no success") {
    program_world world;
    auto const run = world.queue();
    for (std::string const& what : {std::string{"--check"}, "--explain " + run}) {
        child agent{{"/bin/sh", "-c", "exec \"$0\" start " + what + " >/dev/full", FARGATE_PROGRAM}, world.environment};
        CHECK(agent.end() == 1);
        CHECK(agent.err() == "fargate-agent: standard output cannot be written\n");
    }
}

TEST_CASE("start --explain prints to the byte what start then sends") {
    program_world world;
    auto const run = world.queue();
    auto asks = launch(world, {"start", "--explain", run, "--capacity-plan", "FARGATE_SPOT,FARGATE"});
    CHECK(asks.end() == 0);
    INFO(asks.out() << asks.err());
    CHECK(asks.err().empty());
    is_untouched(world, run);

    auto lives = launch(world, {"start", "--max-polls", "1", "--capacity-plan", "FARGATE_SPOT,FARGATE"});
    CHECK(lives.end() == 0);
    auto const registered = world.aws.ecs.log().all("RegisterTaskDefinition");
    auto const ran = world.aws.ecs.log().all("RunTask");
    REQUIRE(registered.size() == 1);
    REQUIRE(ran.size() == 1);
    std::string const head =
        "POST " + world.environment["AWS_ENDPOINT_URL"] + "/\nX-Amz-Target: AmazonEC2ContainerServiceV20141113.";
    std::string const type = "\nContent-Type: application/x-amz-json-1.1\n\n";
    CHECK(asks.out() == head + "RegisterTaskDefinition" + type + registered[0].body + "\n\n" + head + "RunTask" + type +
                            ran[0].body + "\n");
    CHECK(contains(ran[0].body, "a token"));
}

TEST_CASE("start --explain of a run that nobody knows is one line and 1, of what is no run 2") {
    program_world world;
    auto unknown = launch(world, {"start", "--explain", "11111111-1111-4111-8111-999999999999"});
    CHECK(unknown.end() == 1);
    CHECK(unknown.err() == "fargate-agent: the Prefect API knows no flow run 11111111-1111-4111-8111-999999999999\n");
    CHECK(unknown.out().empty());
    for (words const& wrong : {words{"start", "--explain", "flow-1"}, words{"start", "--explain="},
                               words{"start", "--explain"}, words{"start", "--check", "--dry-run"}}) {
        auto none = launch(world, wrong);
        CHECK(none.end() == 2);
        CHECK(none.out().empty());
    }
    CHECK(world.aws.ecs.log().count() == 0);
}

TEST_CASE("start --dry-run tells what it would do with each run and does nothing") {
    program_world world;
    auto const run = world.queue();
    auto agent = launch(world, {"start", "--dry-run", "--max-polls", "2"});
    CHECK(agent.end() == 0);
    INFO(agent.out());
    CHECK(agent.err().empty());
    CHECK(contains(agent.out(), "INFO - agent | Dry run: nothing is registered, claimed or launched\n"));
    auto const first = agent.out().find("INFO - agent | Dry run: flow run " + run + " would be claimed; ");
    REQUIRE(first != std::string::npos);
    CHECK(agent.out().find("Dry run: flow run ", first + 30) == std::string::npos);
    CHECK(world.prefect.log().count("get_runs_in_queue") == 2);
    CHECK_FALSE(contains(agent.out(), "a token"));
    is_untouched(world, run);
}
