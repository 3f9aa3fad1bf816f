#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"

using namespace fargate;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::usual;
namespace fakes = fargate::testing;

namespace {

/// The messages that went into a run's own log, at one level.
std::vector<std::string> logged(fake_world const& world, std::string const& id, std::string const& level) {
    std::vector<std::string> made;
    for (auto const& each : world.prefect.logs(id))
        if (each.level == level) made.push_back(each.message);
    return made;
}

std::string const html = "<!DOCTYPE html><html><body><h1>It works!</h1></body></html>";

} // namespace

TEST_CASE("on a good day a queued run becomes one task, is Submitted, and its log tells the task") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    inhabitant lives{world};
    REQUIRE(lives.agent.start());
    REQUIRE(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
    CHECK(logged(world, id, "INFO") ==
          std::vector<std::string>{"Submitted for execution: Task ARN: " + world.aws.ecs.tasks()[0].arn});
    CHECK(lives.agent.health().launched == 1);
    CHECK(world.aws.ecs.unknown_members().empty());
}

TEST_CASE("an API that is down is asked again until it answers, and nothing is lost or doubled") {
    struct trouble {
        char const* name;
        fakes::fault what;
    };
    auto const each = GENERATE_COPY(
        values<trouble>({{"refused connections", fakes::dropped()},
                         {"silence", fakes::stalled()},
                         {"an HTML page", fakes::answered(200, html, {{"Content-Type", "text/html"}})},
                         {"half a body", fakes::answered(200, R"({"data": {"get_runs_in_queue": {"flow_run_)")},
                         {"no body", fakes::answered(200)},
                         {"401", fakes::answered(401, "who are you?")},
                         {"403", fakes::answered(403, "go away")},
                         {"500", fakes::answered(500, html)},
                         {"a list", fakes::answered(200, "[1, 2]")}}));
    INFO(each.name);
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    world.prefect.faults().fail_next("get_runs_in_queue", 20, each.what);
    inhabitant lives{world, usual(25)};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
    // Twenty polls failed in the same way: one line when it began, one when it was over.
    CHECK(lives.parts.log.count(log_level::error) == 1);
    CHECK(lives.parts.log.count("answers again") == 1);
    CHECK(lives.agent.health().failed_polls == 20);
}

TEST_CASE("an API that is down from the start does not end the agent") {
    for (bool const cloud : {false, true}) {
        fake_world world{{.cloud = cloud, .token = "TOKEN"}};
        auto const id = world.queue("docker_local_environment");
        world.prefect.faults().fail_always("", fakes::dropped());
        int sleeps = 0;
        world.clock.during_sleep([&](duration) {
            if (++sleeps == 15) world.prefect.faults().clear();
        });
        auto options = usual(30);
        options.api = "http://prefect.internal:4200";
        options.backend = cloud ? prefect::backend::cloud : prefect::backend::server;
        options.token = "TOKEN";
        inhabitant lives{world, options};
        REQUIRE(lives.agent.start());
        INFO(lives.parts.log.text());
        CHECK(world.aws.ecs.tasks_created() == 1);
        CHECK(world.prefect.state(id) == "Submitted");
        CHECK(world.prefect.agents().size() == 1);
    }
}

TEST_CASE("a token that the cloud does not take ends the start with one line") {
    fake_world world{{.cloud = true, .token = "TOKEN", .token_scope = "USER"}};
    auto options = usual();
    options.backend = prefect::backend::cloud;
    SECTION("none") {}
    SECTION("a wrong one") { options.token = "OTHER"; }
    SECTION("one of another scope") { options.token = "TOKEN"; }
    inhabitant lives{world, options};
    auto const opened = lives.agent.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::unauthorized);
    CHECK(opened.error().message.find('\n') == std::string::npos);
    CHECK(opened.error().message.find("OTHER") == std::string::npos);
    CHECK(world.prefect.agents().empty());
}

TEST_CASE("a flow without an image fails its run with the reason, and the other runs go on") {
    fake_world world;
    auto const bad = world.queue("s3_environment_no_image");
    auto const good = world.queue("docker_local_environment");
    inhabitant lives{world};
    REQUIRE(lives.agent.start());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(good) == "Submitted");
    CHECK(world.prefect.state(bad) == "Failed");
    auto const reason = "Storage for flow run " + bad +
                        " is not of type Docker and environment has no `image` attribute in the metadata field.";
    CHECK(logged(world, bad, "ERROR") == std::vector<std::string>{reason});
    CHECK(world.prefect.history(bad).back().message == reason);
}

TEST_CASE("what RunTask could not place reaches the run's log and state in ECS's own words") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    world.aws.ecs.faults().fail("RunTask", 0, fakes::no_capacity("RESOURCE:ENI"));
    inhabitant lives{world};
    REQUIRE(lives.agent.start());
    CHECK(world.aws.ecs.tasks_created() == 0);
    CHECK(world.prefect.state(id) == "Failed");
    CHECK(world.prefect.history(id).back().message.find("RESOURCE:ENI") != std::string::npos);
    REQUIRE(logged(world, id, "ERROR").size() == 1);
    CHECK(logged(world, id, "ERROR")[0].find("RESOURCE:ENI") != std::string::npos);
}

TEST_CASE("a RunTask whose answer is lost, delayed, cut or spoiled ends in one task and a Submitted run") {
    auto const what = GENERATE(as<fakes::fault>{}, fakes::dropped(), fakes::dropped().after(), fakes::stalled().after(),
                               fakes::answered(500, "oops").after(), fakes::answered(503, html).after(),
                               fakes::answered(200, R"({"tasks": [{"taskArn": "arn:)").after(), fakes::throttled());
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    world.aws.ecs.faults().fail("RunTask", 0, what);
    inhabitant lives{world};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
    auto const sent = world.aws.ecs.log().all("RunTask");
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].body == sent[1].body);
}

TEST_CASE("an AWS that denies the agent fails each run with AWS's words and never the agent") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    world.aws.ecs.faults().fail_always(
        "RunTask", fakes::refused(400, "AccessDeniedException", "User is not authorized to perform: ecs:RunTask"));
    inhabitant lives{world};
    REQUIRE(lives.agent.start());
    CHECK(world.prefect.state(id) == "Failed");
    CHECK(world.prefect.history(id).back().message.find("not authorized to perform: ecs:RunTask") != std::string::npos);
    CHECK(world.aws.ecs.log().count("RunTask") == 1);
}

TEST_CASE("a run that another agent claimed first is left alone") {
    fake_world world{{.submitted_lock = std::chrono::seconds{30}}};
    auto const id = world.queue("docker_local_environment");
    world.prefect.faults().fail(
        "set_flow_run_states", 0,
        fakes::refused(200, "INTERNAL_SERVER_ERROR", "State update failed: this run has already been submitted."));
    inhabitant lives{world, usual(1)};
    REQUIRE(lives.agent.start());
    CHECK(world.aws.ecs.tasks_created() == 0);
    CHECK(world.prefect.state(id) == "Scheduled");
    CHECK(world.prefect.logs(id).empty());
    CHECK(lives.agent.health().left == 1);
}

TEST_CASE("a lost line in the run's log does not fail a run that has its task") {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    world.prefect.faults().fail_always("write_run_logs", fakes::answered(500));
    inhabitant lives{world};
    REQUIRE(lives.agent.start());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.prefect.state(id) == "Submitted");
    CHECK(lives.parts.log.count(log_level::warning) == 1);
}

TEST_CASE("what is wrong with the configuration is said in one line before anything is asked for") {
    struct mistake {
        char const* name;
        void (*make)(agent_options&);
        char const* named;
    };
    auto const each = GENERATE(values<mistake>({
        {"no region", [](agent_options& o) { o.region_name.clear(); }, "region"},
        {"a region that is a host name", [](agent_options& o) { o.region_name = "evil.example.com/"; }, "region"},
        {"an address that is none", [](agent_options& o) { o.api = "prefect.internal"; }, "api"},
        {"half a key", [](agent_options& o) { o.aws_access_key_id = "AKID"; }, "aws_secret_access_key"},
        {"two container definitions",
         [](agent_options& o) {
             o.kwargs["containerDefinitions"] = {json::value::object(), json::value::object()};
         },
         "single container definition"},
        {"a network that is text",
         [](agent_options& o) { o.kwargs["networkConfiguration"] = "{'awsvpcConfiguration': "; },
         "networkConfiguration"},
        {"a count that is no number", [](agent_options& o) { o.kwargs["count"] = "many"; }, "count"},
    }));
    INFO(each.name);
    fake_world world;
    auto options = usual();
    each.make(options);
    inhabitant lives{world, options};
    auto const opened = lives.agent.open();
    REQUIRE_FALSE(opened);
    INFO(opened.error().message);
    CHECK(opened.error().message.find(each.named) != std::string::npos);
    CHECK(opened.error().message.find('\n') == std::string::npos);
    CHECK(world.prefect.log().count() == 0);
    CHECK(world.aws.ecs.log().count() == 0);
}

TEST_CASE("an agent opens once, and runs only when it is open") {
    fake_world world;
    inhabitant lives{world};
    CHECK_FALSE(lives.agent.run());
    CHECK(lives.agent.open());
    CHECK_FALSE(lives.agent.open());
    CHECK(lives.agent.run());
}
