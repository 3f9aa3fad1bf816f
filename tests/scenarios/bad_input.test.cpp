#include <fargate/agent.hpp>

#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <string>

using namespace fargate;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::usual;

namespace {

/// What an agent says that is told this, after a start that must claim nothing.
std::string refusal_of(agent_options options, fargate::testing::map_environment::map const& variables = {}) {
    fake_world world;
    auto const id = world.queue("docker_local_environment");
    inhabitant lives{world, std::move(options)};
    lives.parts.environment = fargate::testing::map_environment{variables};
    auto const started = lives.agent.start();
    CHECK(world.prefect.state(id) == "Scheduled");
    CHECK(world.prefect.agents().empty());
    CHECK(world.aws.ecs.tasks_created() == 0);
    if (started) return "(it started)";
    CHECK(started.error().message.find('\n') == std::string::npos);
    return started.error().message;
}

/// A value that cannot be one of this type, and says so nowhere by itself.
json::value wrong_for(deploy::kwarg_type type) {
    switch (type) {
    case deploy::kwarg_type::text:
    case deploy::kwarg_type::amount: return json::value::array({"hidden"});
    case deploy::kwarg_type::integer: return "hidden";
    case deploy::kwarg_type::flag: return "hidden";
    case deploy::kwarg_type::list: return json::value::object({{"hidden", 1}});
    case deploy::kwarg_type::object: return json::value::array({"hidden"});
    }
    return nullptr;
}

} // namespace

TEST_CASE("bad input: a wrong type in any keyword argument names the argument, before anything is claimed") {
    for (auto const& each : deploy::kwarg_names) {
        INFO(each.name);
        auto options = usual();
        json::set(options.kwargs, each.name, wrong_for(each.type));
        auto const said = refusal_of(options);
        CHECK_THAT(said, Catch::Contains(std::string{each.name}));
        CHECK_THAT(said, !Catch::Contains("hidden"));
    }
    for (auto const& each : deploy::container_names) {
        INFO(each.name);
        auto options = usual();
        auto container = json::value::object();
        json::set(container, each.name, wrong_for(each.type));
        json::set(options.kwargs, "containerDefinitions", json::value::array({container}));
        auto const said = refusal_of(options);
        CHECK_THAT(said, Catch::Contains("containerDefinitions") && Catch::Contains(std::string{each.name}));
    }
}

TEST_CASE("bad input: a malformed literal names the argument or the variable it stands in") {
    auto options = usual();
    json::set(options.kwargs, "volumes", "[{'name': 'v'}");
    CHECK_THAT(refusal_of(options), Catch::Contains("volumes must be a list"));

    CHECK_THAT(refusal_of(usual(), {{"placementStrategy", "[{'type': "}}),
               Catch::Contains("environment variable placementStrategy"));
    CHECK_THAT(refusal_of(usual(), {{"containerDefinitions_secrets", "[}"}}),
               Catch::Contains("containerDefinitions_secrets"));
}

TEST_CASE("bad input: two container definitions, or none in a list, are refused with the original's words") {
    for (auto const& given : {json::value::array({json::value::object(), json::value::object()}), json::value::array(),
                              json::value("[{}, {}]"), json::value("{}"), json::value(1)}) {
        auto options = usual();
        json::set(options.kwargs, "containerDefinitions", given);
        CHECK_THAT(refusal_of(options),
                   Catch::Contains("Fargate agent only accepts configuration for a single container definition"));
    }
}

TEST_CASE("bad input: an environment entry without a name is refused, in env_vars and in containerDefinitions") {
    auto options = usual();
    options.env_vars = {{"", "value"}};
    CHECK_THAT(refusal_of(options), Catch::Contains("env_vars"));

    options = usual();
    auto const entry = json::value::object({{"name", ""}, {"value", "hidden"}});
    auto const container = json::value::object({{"environment", json::value::array({entry})}});
    json::set(options.kwargs, "containerDefinitions", json::value::array({container}));
    auto const said = refusal_of(options);
    CHECK_THAT(said, Catch::Contains("containerDefinitions[0].environment[0]"));
    CHECK_THAT(said, !Catch::Contains("hidden"));
}

TEST_CASE("bad input: a missing region and half a key pair are said by name") {
    auto options = usual();
    options.region_name = "";
    CHECK_THAT(refusal_of(options), Catch::Contains("region"));

    options = usual();
    options.aws_access_key_id = "AKIDEXAMPLE";
    CHECK_THAT(refusal_of(options), Catch::Contains("aws_secret_access_key"));

    options = usual();
    options.aws_secret_access_key = "wJalrXUtnFEMI";
    auto const said = refusal_of(options);
    CHECK_THAT(said, Catch::Contains("aws_access_key_id"));
    CHECK_THAT(said, !Catch::Contains("wJalrXUtnFEMI"));
}

TEST_CASE("bad input: a CA bundle that cannot be read ends the start, not the first launch") {
    auto const said = refusal_of(usual(), {{"AWS_CA_BUNDLE", "/there/is/none.pem"}});
    CHECK_THAT(said, Catch::Contains("AWS_CA_BUNDLE"));
    CHECK_THAT(said, Catch::Contains("/there/is/none.pem"));
}

TEST_CASE("bad input: external keyword arguments without a bucket or a key are refused at the start") {
    auto options = usual();
    options.use_external_kwargs = true;
    CHECK_THAT(refusal_of(options), Catch::Contains("external_kwargs_s3_bucket"));
    options.external_kwargs_s3_bucket = "bucket";
    CHECK_THAT(refusal_of(options), Catch::Contains("external_kwargs_s3_key"));
}

TEST_CASE("bad input: a value that no option takes names the option or its variable") {
    CHECK_THAT(refusal_of(usual(), {{"enable_task_revisions", "perhaps"}}), Catch::Contains("enable_task_revisions"));
    CHECK_THAT(refusal_of(usual(), {{"use_external_kwargs", "perhaps"}}), Catch::Contains("use_external_kwargs"));
    auto options = usual();
    options.container_profile = "0.14";
    CHECK_THAT(refusal_of(options), Catch::Contains("container_profile"));
    options = usual();
    options.backend.reset();
    CHECK_THAT(refusal_of(options, {{"PREFECT__BACKEND", "clod"}}), Catch::Contains("PREFECT__BACKEND"));
    options = usual();
    options.token = "line\nbreak";
    CHECK_THAT(refusal_of(options), Catch::Contains("token"));
}

TEST_CASE(
    "odd but good input: numeric names and tokens stay text, labels keep quotes and line breaks, long names are cut") {
    auto options = usual();
    options.name = "12345";
    options.token = "0123456789";
    options.labels = {"aws", "it's", "two\nlines", "both ' and \""};
    options.enable_task_revisions = true;
    fake_world world;
    auto answer = testing_support::load("prefect1/flow_run_docker_local_environment.json");
    auto& row = answer["data"]["flow_run"][0];
    row["labels"] = {"aws"};
    row["flow"]["name"] = std::string(300, 'n');
    world.prefect.add_flow_run(row);
    inhabitant lives{world, options};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    REQUIRE(world.aws.ecs.tasks_created() == 1);
    REQUIRE(world.prefect.agents().size() == 1);

    auto const calls = world.aws.ecs.log().all("RegisterTaskDefinition");
    REQUIRE(calls.size() == 1);
    auto const registered = *json::parse(calls[0].body);
    CHECK(json::text_of(registered, "family") == std::string(255, 'n'));
    bool labels = false;
    for (auto const& each : registered["containerDefinitions"][0]["environment"])
        if (each["name"] == "PREFECT__CLOUD__AGENT__LABELS") {
            labels = true;
            CHECK(each["value"] == R"(['aws', "it's", 'two\nlines', 'both \' and "'])");
        }
    CHECK(labels);
}
