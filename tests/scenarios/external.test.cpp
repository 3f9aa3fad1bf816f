#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace fargate;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::usual;
namespace fakes = fargate::testing;

namespace {

std::string const bucket = "kwargs-bucket";
std::string const key = "prefect/flow-1/a718df81.json"; // of the flow of docker_local_environment
std::string const place = "external kwargs s3://" + bucket + "/" + key;

agent_options with_external(std::int64_t polls = 4) {
    auto made = usual(polls);
    made.use_external_kwargs = true;
    made.external_kwargs_s3_bucket = bucket;
    made.external_kwargs_s3_key = "prefect";
    return made;
}

/// The world with the bucket in it.
struct world_with_bucket : fake_world {
    world_with_bucket() { aws.s3.add_bucket(bucket, "us-east-1"); }
    void keep(std::string const& body) { aws.s3.put(bucket, key, body); }
    [[nodiscard]] std::string message(std::string const& id) const { return prefect.history(id).back().message; }
};

/// Breaks every request for the file of flow #1.
void broken(fake_world& world, fakes::fault const& what) {
    world.aws.s3.faults().decide_by(
        [what](std::string_view, std::size_t, std::string_view url) -> std::optional<fakes::fault> {
            if (url.find("a718df81") == std::string_view::npos) return std::nullopt;
            return what;
        });
}

std::vector<std::string> told(inhabitant const& lives, std::string const& part) {
    std::vector<std::string> made;
    for (auto const& each : lives.parts.log.lines())
        if (each.text.find(part) != std::string::npos) made.push_back(each.text);
    return made;
}

} // namespace

TEST_CASE("a flow with a file in S3 gets its arguments in place of the agent's, name by name, and no other flow does") {
    world_with_bucket world;
    auto const own = world.queue("docker_local_environment");
    auto const other = world.queue("docker_run_config");
    world.keep(R"({"cpu": "1024", "memory": "4096", "platformVersion": "1.4.0",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-of-its-own"]}},
        "containerDefinitions": [{"environment": [{"name": "TEST_ENV", "value": "Success!"},
                                                  {"name": "FIXED", "value": "not this"}]}]})");
    auto options = with_external();
    options.env_vars = {{"FIXED", "of the agent"}};
    options.kwargs["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] = {"sg-1"};
    inhabitant lives{world, options};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    CHECK(world.prefect.state(own) == "Submitted");
    CHECK(world.prefect.state(other) == "Submitted");
    auto const tasks = world.aws.ecs.tasks();
    REQUIRE(tasks.size() == 2);
    bool const first = tasks[0].definition->family == "prefect-task-a718df81";
    auto const& mine = tasks[first ? 0 : 1];
    auto const& theirs = tasks[first ? 1 : 0];
    CHECK(json::text_of(mine.definition->body, "cpu") == "1024");
    CHECK(json::text_of(mine.definition->body, "memory") == "4096");
    CHECK(json::text_of(mine.definition->body, "executionRoleArn") ==
          "arn:aws:iam::123456789012:role/ecsTaskExecutionRole");
    CHECK(json::write((*mine.request)["networkConfiguration"]) ==
          R"({"awsvpcConfiguration": {"subnets": ["subnet-of-its-own"]}})");
    CHECK(json::text_of(*mine.request, "platformVersion") == "1.4.0");
    auto const environment = json::write((*mine.definition->container("flow"))["environment"]);
    CHECK(environment.find(R"({"name": "TEST_ENV", "value": "Success!"})") != std::string::npos);
    CHECK(environment.find("not this") == std::string::npos);
    CHECK(json::text_of(theirs.definition->body, "cpu") == "256");
    CHECK(json::write((*theirs.request)["networkConfiguration"]) ==
          R"({"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}})");
    CHECK(json::member(*theirs.request, "platformVersion") == nullptr);
    CHECK(json::write((*theirs.definition->container("flow"))["environment"]).find("TEST_ENV") == std::string::npos);
    CHECK(world.aws.s3.log().count("GetObject") == 2);
    CHECK(lives.parts.log.count("Flow id b3f0c9d2 does not have external kwargs.") == 1);
    CHECK(lives.parts.log.count("Flow id a718df81 does not have external kwargs.") == 0);
    CHECK(lives.parts.log.count("Updating default kwargs with external") == 2);
    CHECK(lives.parts.log.count(log_level::warning) == 0);
}

TEST_CASE("without use_external_kwargs S3 is never asked") {
    world_with_bucket world;
    world.queue("docker_local_environment");
    world.keep(R"({"cpu": "1024", "memory": "4096"})");
    auto options = with_external();
    options.use_external_kwargs = false;
    inhabitant lives{world, options};
    REQUIRE(lives.agent.start());
    CHECK(world.aws.ecs.tasks_created() == 1);
    CHECK(world.aws.s3.log().count() == 0);
    CHECK_FALSE(lives.parts.log.contains("S3"));
}

TEST_CASE("the use of external arguments and of revisions is told at the start, in this order") {
    world_with_bucket world;
    auto options = with_external();
    options.enable_task_revisions = true;
    inhabitant lives{world, options};
    REQUIRE(lives.agent.open());
    CHECK(told(lives, "enabled.") ==
          std::vector<std::string>{"Use of external S3 kwargs enabled.", "Native ECS task revisions enabled."});
    CHECK(world.aws.s3.log().count() == 0);
}

TEST_CASE("the file is read after the claim, before the image, and for every run anew") {
    world_with_bucket world;
    auto const bad = world.queue("s3_environment_no_image"); // nightly report, d95a41be
    world.aws.s3.put(bucket, "prefect/nightly-report/d95a41be.json", "{}");
    inhabitant lives{world, with_external()};
    REQUIRE(lives.agent.start());
    CHECK(world.prefect.state(bad) == "Failed");
    CHECK(world.message(bad).find("no `image` attribute") != std::string::npos);
    CHECK(world.aws.s3.log().count("GetObject") == 1);

    auto again = testing_support::load("prefect1/flow_run_docker_local_environment.json")["data"]["flow_run"][0];
    again["labels"] = {"aws"};
    world.keep(R"({"platformVersion": "1.3.0"})");
    world.prefect.add_flow_run(again);
    inhabitant next{world, with_external()};
    REQUIRE(next.agent.start());
    world.keep(R"({"platformVersion": "1.4.0", "cpu": "4096"})");
    again["id"] = "00000000-0000-4000-8000-000000000001";
    world.prefect.add_flow_run(again);
    inhabitant third{world, with_external()};
    REQUIRE(third.agent.start());
    auto const tasks = world.aws.ecs.tasks();
    REQUIRE(tasks.size() == 2);
    CHECK(json::text_of(*tasks[0].request, "platformVersion") == "1.3.0");
    // The definition is there and stays; what concerns the run alone counts all the same.
    CHECK(json::text_of(*tasks[1].request, "platformVersion") == "1.4.0");
    CHECK(world.aws.ecs.definitions().size() == 1);
    CHECK(json::text_of(tasks[1].definition->body, "cpu") == "256");

    // Nobody's run: nobody's file.
    world_with_bucket elsewhere;
    elsewhere.queue("docker_local_environment");
    elsewhere.prefect.faults().fail_always(
        "set_flow_run_states",
        fakes::refused(200, "INTERNAL_SERVER_ERROR", "State update failed: this run has already been submitted."));
    inhabitant late{elsewhere, with_external(1)};
    REQUIRE(late.agent.start());
    CHECK(elsewhere.aws.s3.log().count() == 0);
}

TEST_CASE("one agent is sent a file once, however many runs it reads it for, and anew when it has changed") {
    world_with_bucket world;
    world.keep(R"({"platformVersion": "1.3.0"})");
    auto row = testing_support::load("prefect1/flow_run_docker_local_environment.json")["data"]["flow_run"][0];
    row["labels"] = {"aws"};
    auto const queue = [&](int from, int to) {
        for (int i = from; i != to; ++i) {
            row["id"] = "00000000-0000-4000-8000-0000000000" + std::to_string(10 + i);
            world.prefect.add_flow_run(row);
        }
    };
    inhabitant lives{world, with_external(1)};
    auto const answers = [&](int status) {
        auto const all = world.aws.s3.log().all("GetObject");
        return std::count_if(all.begin(), all.end(), [status](auto const& each) { return each.status == status; });
    };
    REQUIRE(lives.agent.open());
    queue(0, 20);
    REQUIRE(lives.agent.run());
    CHECK(answers(200) == 1);
    CHECK(answers(304) == 19);

    world.keep(R"({"platformVersion": "1.4.0"})");
    queue(20, 25);
    REQUIRE(lives.agent.run());
    CHECK(answers(200) == 2);
    CHECK(answers(304) == 23);
    std::size_t old_ones = 0, new_ones = 0;
    for (auto const& each : world.aws.ecs.tasks()) {
        old_ones += json::text_of(*each.request, "platformVersion") == "1.3.0";
        new_ones += json::text_of(*each.request, "platformVersion") == "1.4.0";
    }
    CHECK(old_ones == 20);
    CHECK(new_ones == 5);
}

TEST_CASE("blanks and slashes of the prefix stay, and go over the wire percent-encoded") {
    world_with_bucket world;
    world.queue("docker_local_environment");
    world.aws.s3.put(bucket, "a/b c/flow-1/a718df81.json", R"({"platformVersion": "1.4.0"})");
    auto options = with_external();
    options.external_kwargs_s3_key = "a/b c";
    inhabitant lives{world, options};
    REQUIRE(lives.agent.start());
    REQUIRE(world.aws.ecs.tasks_created() == 1);
    CHECK(json::text_of(*world.aws.ecs.tasks()[0].request, "platformVersion") == "1.4.0");
    CHECK(world.aws.s3.log().all()[0].body ==
          "https://kwargs-bucket.s3.us-east-1.amazonaws.com/a/b%20c/flow-1/a718df81.json");
}

TEST_CASE("with revisions, external tags replace the agent's; Prefect's own go to the definition only") {
    world_with_bucket world;
    world.queue("docker_local_environment");
    world.keep(R"({"tags": [{"key": "team", "value": "theirs"}]})");
    auto options = with_external();
    options.enable_task_revisions = true;
    options.kwargs["tags"] = {{{"key", "team"}, {"value", "ours"}}, {{"key", "more"}, {"value", "1"}}};
    inhabitant lives{world, options};
    REQUIRE(lives.agent.start());
    REQUIRE(world.aws.ecs.tasks_created() == 1);
    auto const task = world.aws.ecs.tasks()[0];
    CHECK(json::write(task.definition->tags) ==
          R"([{"key": "team", "value": "theirs"}, {"key": "PrefectFlowId", "value": "a718df81"}, )"
          R"({"key": "PrefectFlowVersion", "value": "3"}])");
    CHECK(json::write((*task.request)["tags"]) == R"([{"key": "team", "value": "theirs"}])");
}

TEST_CASE("a bucket in another region is found, however S3 says so, and later runs go straight there") {
    struct word {
        int status;
        bool named;
    };
    auto const each = GENERATE(values<word>({{301, true}, {307, true}, {400, true}, {301, false}, {307, false}}));
    INFO(each.status << each.named);
    fake_world world;
    world.aws.s3.add_bucket(bucket, "eu-west-1");
    world.aws.s3.redirect_with(each.status, each.named);
    world.aws.s3.put(bucket, key, R"({"platformVersion": "1.4.0"})");
    world.queue("docker_local_environment");
    world.queue("docker_run_config");
    inhabitant lives{world, with_external()};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    CHECK(world.aws.ecs.tasks_created() == 2);
    CHECK(world.aws.s3.log().count("GetObject") == 3);
    CHECK(world.aws.s3.log().count("HeadBucket") == (each.named ? 0 : 1));
    CHECK(world.aws.s3.log().all().back().body.find("https://kwargs-bucket.s3.eu-west-1.amazonaws.com/") == 0);
    CHECK(lives.parts.log.count(log_level::warning) == 0);
}

TEST_CASE("an S3 that asks to slow down is asked again") {
    world_with_bucket world;
    world.queue("docker_local_environment");
    world.keep(R"({"platformVersion": "1.4.0"})");
    world.aws.s3.faults().fail(0, fakes::refused(503, "SlowDown", "Reduce your request rate."));
    inhabitant lives{world, with_external()};
    REQUIRE(lives.agent.start());
    REQUIRE(world.aws.ecs.tasks_created() == 1);
    CHECK(json::text_of(*world.aws.ecs.tasks()[0].request, "platformVersion") == "1.4.0");
    CHECK(world.aws.s3.log().count("GetObject") == 2);
}

TEST_CASE("a file that may not be read is a warning with its name, and the run goes on without") {
    world_with_bucket world;
    auto const id = world.queue("docker_local_environment");
    world.keep(R"({"platformVersion": "1.4.0"})");
    world.aws.s3.faults().fail_always("GetObject", fakes::refused(403, "AccessDenied", "Access Denied"));
    inhabitant lives{world, with_external()};
    REQUIRE(lives.agent.start());
    CHECK(world.prefect.state(id) == "Submitted");
    CHECK(json::member(*world.aws.ecs.tasks().at(0).request, "platformVersion") == nullptr);
    REQUIRE(lives.parts.log.count(log_level::warning) == 1);
    CHECK(told(lives, "Access to " + place).size() == 1);
}

TEST_CASE("a file that cannot be had or used fails its run with the reason, and the other runs go on") {
    struct trouble {
        char const* name;
        void (*make)(world_with_bucket&);
        char const* reason;
    };
    auto const each = GENERATE(values<trouble>({
        {"no connection", [](world_with_bucket& w) { broken(w, fakes::dropped()); }, "connection"},
        {"an S3 that stays slow", [](world_with_bucket& w) { broken(w, fakes::refused(503, "SlowDown", "m")); },
         "SlowDown"},
        {"an S3 that is down", [](world_with_bucket& w) { broken(w, fakes::answered(500)); }, "500"},
        {"a refused key", [](world_with_bucket& w) { broken(w, fakes::refused(403, "InvalidAccessKeyId", "unknown")); },
         "InvalidAccessKeyId"},
        {"a proxy's 403", [](world_with_bucket& w) { broken(w, fakes::answered(403, "<html>no</html>")); }, "403"},
        {"no JSON", [](world_with_bucket& w) { w.keep("{'cpu': '256'}"); }, "not a JSON document"},
        {"the documentation's sample",
         [](world_with_bucket& w) { w.keep(testing_support::load_text("prefect1/external_kwargs_sample.txt")); },
         "line 10"},
        {"a name twice", [](world_with_bucket& w) { w.keep(R"({"cpu": "256", "cpu": "512"})"); },
         "\"cpu\" occurs twice"},
        {"a list", [](world_with_bucket& w) { w.keep("[]"); }, "must be an object"},
        {"a wrong type", [](world_with_bucket& w) { w.keep(R"({"networkConfiguration": 7})"); },
         "networkConfiguration must be an object"},
        {"two containers", [](world_with_bucket& w) { w.keep(R"({"containerDefinitions": [{}, {}]})"); },
         "single container definition"},
        {"an empty file", [](world_with_bucket& w) { broken(w, fakes::answered(200, "")); }, "not a JSON document"},
    }));
    INFO(each.name);
    world_with_bucket world;
    auto const bad = world.queue("docker_local_environment");
    auto const good = world.queue("docker_run_config");
    each.make(world);
    inhabitant lives{world, with_external()};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    CHECK(world.prefect.state(bad) == "Failed");
    CHECK(world.prefect.state(good) == "Submitted");
    CHECK(world.aws.ecs.tasks_created() == 1);
    auto const message = world.message(bad);
    CHECK_THAT(message, Catch::StartsWith(place + ": ") && Catch::Contains(each.reason));
    CHECK(message.find('\n') == std::string::npos);
    auto const logs = world.prefect.logs(bad);
    CHECK(std::count_if(logs.begin(), logs.end(), [&](auto const& line) { return line.message == message; }) == 1);
}

TEST_CASE("an unknown name in a file is a warning with the nearest known one, or fails its run when strict") {
    for (bool const strict : {false, true}) {
        world_with_bucket world;
        auto const id = world.queue("docker_local_environment");
        world.keep(R"({"memry": "4096"})");
        auto options = with_external();
        options.strict = strict;
        inhabitant lives{world, options};
        REQUIRE(lives.agent.start());
        CHECK(world.prefect.state(id) == (strict ? "Failed" : "Submitted"));
        CHECK(lives.parts.log.count(log_level::warning) == (strict ? 0U : 1U));
        auto const said = strict ? std::vector{world.message(id)} : told(lives, "did you mean memory?");
        REQUIRE(said.size() == 1);
        CHECK_THAT(said[0], Catch::StartsWith(place + ": ") && Catch::EndsWith("did you mean memory?"));
    }
}

TEST_CASE("a file cannot choose the launch type, and says so") {
    world_with_bucket world;
    world.queue("docker_local_environment");
    world.keep(R"({"launchType": "EC2"})");
    inhabitant lives{world, with_external()};
    REQUIRE(lives.agent.start());
    CHECK(json::text_of(*world.aws.ecs.tasks().at(0).request, "launchType") == "FARGATE");
    CHECK(told(lives, place + ": launchType cannot be set there").size() == 1);
}

TEST_CASE("the agent's own tags are the same for every flow, whatever a flow before had added to them") {
    world_with_bucket world;
    auto const first = world.queue("docker_local_environment");
    world.keep(R"({"tags": [{"key": "team", "value": "theirs"}]})");
    auto options = with_external();
    options.enable_task_revisions = true;
    options.kwargs["tags"] = {{{"key", "team"}, {"value", "ours"}}};
    inhabitant lives{world, options};
    bool later = false;
    world.clock.during_sleep([&](duration) {
        if (!std::exchange(later, true)) world.queue("docker_run_config");
    });
    REQUIRE(lives.agent.start());
    CHECK(world.prefect.state(first) == "Submitted");
    REQUIRE(world.aws.ecs.tasks_created() == 2);
    auto const task = world.aws.ecs.tasks()[1];
    CHECK(json::write(task.definition->tags) ==
          R"([{"key": "team", "value": "ours"}, {"key": "PrefectFlowId", "value": "b3f0c9d2"}, )"
          R"({"key": "PrefectFlowVersion", "value": "12"}])");
    CHECK(json::write((*task.request)["tags"]) == R"([{"key": "team", "value": "ours"}])");
}
