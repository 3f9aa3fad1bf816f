#include <fargate/agent.hpp>

#include "scenarios/crew.hpp"
#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <fargate/testing/iam_policy.hpp>

#include <algorithm>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

using namespace fargate;
using testing_support::careful;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::stage;
using testing_support::usual;
namespace fakes = fargate::testing;
using lines = std::vector<std::string>;

namespace {

std::string const run_id = "11111111-1111-4111-8111-000000000001"; // the first that a stage queues

/// The requests of which a person would say that they change something. StopTask is one, unless it is about no task.
lines changes(fake_world const& world) {
    lines made;
    for (auto const& each : world.prefect.log().all())
        for (std::string_view const name : {"register_agent", "set_flow_run_states", "set_task_run_states",
                                            "write_run_logs", "update_flow_run_heartbeat"})
            if (each.operation == name) made.push_back(each.operation);
    for (auto const& each : world.aws.ecs.log().all()) {
        bool const of_nothing =
            each.operation == "StopTask" && text::contains(each.body, R"("task": "00000000000000000000000000000000")");
        bool const reads = each.operation.starts_with("Describe") || each.operation.starts_with("List");
        if (!reads && !of_nothing) made.push_back(each.operation);
    }
    for (auto const& each : world.aws.tagging.log().all())
        if (each.operation != "GetResources") made.push_back(each.operation);
    return made;
}

/// What a check finds, in a world where a run is due; it must leave that as it was.
lines found(
    agent_options const& options, fakes::map_environment::map const& variables = {},
    std::function<void(stage&)> const& arrange = [](stage&) {}) {
    stage world;
    auto const run = world.queue_runs(1)[0];
    arrange(world);
    inhabitant lives{world, options};
    lives.parts.environment = fakes::map_environment{variables};
    lines made;
    for (auto const& each : lives.agent.check()) {
        CHECK(each.line().find('\n') == std::string::npos);
        made.push_back(each.line());
    }
    CHECK(changes(world) == lines{});
    CHECK(world.prefect.state(run) == "Scheduled");
    CHECK(world.prefect.agents().empty());
    CHECK(world.prefect.log().count("get_runs_in_queue") == 0);
    return made;
}

agent_options with(std::string_view name, json::value value) {
    auto made = careful();
    json::set(made.kwargs, name, std::move(value));
    return made;
}

/// A policy that allows all that an agent does but one action.
fakes::iam_policy all_but(std::string const& action) {
    json::value document{{"Version", "2012-10-17"}, {"Statement", json::value::array()}};
    document["Statement"].push_back(json::value{{"Effect", "Allow"}, {"Action", "*"}, {"Resource", "*"}});
    document["Statement"].push_back(json::value{{"Effect", "Deny"}, {"Action", action}, {"Resource", "*"}});
    auto const read = fakes::iam_policy::of(document);
    REQUIRE(read);
    return *read;
}

lines denied(std::string const& action, agent_options const& options = careful()) {
    return found(options, {}, [&](stage& world) { world.aws.enforce(all_but(action), false); });
}

/// The bodies that AWS was sent of these operations, in the order of their coming.
lines bodies(fake_world const& world) {
    lines made;
    for (auto const& each : world.aws.ecs.log().all())
        if (each.operation == "RegisterTaskDefinition" || each.operation == "RunTask") made.push_back(each.body);
    return made;
}

lines bodies(service::explanation const& told) {
    lines made;
    for (auto const& each : told.requests) made.push_back(each.body);
    return made;
}

/// Explains the run that is due, then lets an agent launch it: what is sent is what was said. Gives what was said.
service::explanation explained(stage& world, agent_options const& options) {
    inhabitant asks{world, options};
    auto const told = asks.agent.explain(run_id);
    INFO((told ? std::string{} : told.error().message) << asks.parts.log.text());
    REQUIRE(told);
    CHECK(changes(world) == lines{});
    CHECK(world.prefect.state(run_id) == "Scheduled");
    auto const before = bodies(world).size();

    inhabitant lives{world, options};
    REQUIRE(lives.agent.start());
    INFO(lives.parts.log.text());
    CHECK(world.aws.ecs.tasks_created() == 1);
    auto sent = bodies(world);
    sent.erase(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(before));
    auto said = bodies(*told);
    for (auto const& note : told->notes)
        if (note.starts_with("RunTask will name the revision")) {
            auto const family = "\"" + told->definition + "\"";
            auto const at = said.back().find(family);
            REQUIRE(at != std::string::npos);
            said.back().replace(at, family.size(), "\"" + world.aws.ecs.definitions().back().arn + "\"");
        }
    CHECK(said == sent);
    return *told;
}

lines operations(service::explanation const& told) {
    lines made;
    for (auto const& each : told.requests) made.push_back(each.operation);
    return made;
}

} // namespace

TEST_CASE("a check of what works finds nothing and changes nothing") {
    CHECK(found(careful()) == lines{});
    CHECK(found(usual()) == lines{});
}

TEST_CASE("a check tells each mistake with the place where it stands, before anything is claimed") {
    CHECK(found(with("NetworkConfiguration", json::value::object())) ==
          lines{"NetworkConfiguration: unknown, and ignored; did you mean networkConfiguration?"});
    CHECK(found(with("colour", "blue")) == lines{"colour: unknown, and ignored"});
    CHECK(
        found(with("networkConfiguration", R"({'awsvpcConfiguration': {'subnets': ['s-1'], 'securitygroups': []}})")) ==
        lines{"networkConfiguration.awsvpcConfiguration.securitygroups: unknown, and sent as it is; did you mean "
              "networkConfiguration.awsvpcConfiguration.securityGroups?"});
    CHECK(found(with("cpu", "300")) ==
          lines{"cpu: 300 CPU units are no size of Fargate's; give 256, 512, 1024, 2048, 4096, 8192 or 16384"});
    CHECK(found(with("memory", "4096")) ==
          lines{"memory: 4096 MiB are not to be had with 256 CPU units; give 512, 1024 or 2048"});
    CHECK(found(with("containerDefinitions", "[{'environment': []}, {'environment': []}]")) ==
          lines{"containerDefinitions: Fargate agent only accepts configuration for a single container definition."});
    CHECK(
        found(with("tags", "[{'key': 'team', 'value': 'data & more'}]")) ==
        lines{
            "tags[0].value: has a character that AWS does not take; use letters, digits, spaces and _ . : / = + - @"});
    auto long_token = careful();
    long_token.token = secret{std::string(9000, 't')};
    auto const said = found(long_token);
    REQUIRE(said.size() == 1);
    CHECK(
        said[0].starts_with("overrides.containerOverrides[0].environment[0].value: the container overrides are longer "
                            "than the 8192 characters that ECS takes"));
}

TEST_CASE("a launch type beside a strategy is repaired where it can be, and told where it cannot") {
    json::value const spot = "[{'capacityProvider': 'FARGATE_SPOT', 'weight': 1}]";
    auto both = with("capacityProviderStrategy", spot);
    both.launch_type = "FARGATE";
    CHECK(found(both) == lines{});
    stage world;
    (void)world.queue_runs(1);
    auto const told = explained(world, both);
    auto const body = *json::parse(told.requests.back().body);
    CHECK(json::member(body, "launchType") == nullptr);
    CHECK(told.capacity == "FARGATE_SPOT");

    both.launch_type = "EC2";
    CHECK(found(both) ==
          lines{"capacityProviderStrategy[0].capacityProvider: FARGATE_SPOT does not go with launch_type "
                "EC2; set launch_type=FARGATE"});
    both.launch_type = "FARGATE";
    both.capacity_plan = "FARGATE_SPOT,FARGATE";
    CHECK(found(both) ==
          lines{"capacity_plan: and the keyword argument capacityProviderStrategy both say what tasks run "
                "on: leave one of them out"});
}

TEST_CASE("a check tells all that is wrong at once, and an argument that cannot be read is not missing, too") {
    auto options = careful();
    options.kwargs = {{"cpu", "256"},
                      {"memory", "9999"},
                      {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {1, "a", 2}}}}}},
                      {"Count", 1}};
    options.container_profile = "0.14";
    options.aws_access_key_id = "AKIDEXAMPLE";
    CHECK(found(options, {{"max_in_flight", "many"}, {"enable_task_revisions", "perhaps"}},
                [](stage& world) { world.aws.enforce(all_but("ecs:StopTask"), false); }) ==
          lines{"enable_task_revisions must be true or false, not \"perhaps\"",
                "container_profile must be 0.13 or 0.15, not \"0.14\"",
                "Count: unknown, and ignored; did you mean count?",
                "networkConfiguration.awsvpcConfiguration.subnets[0]: must be text, not a whole number",
                "networkConfiguration.awsvpcConfiguration.subnets[2]: must be text, not a whole number",
                "the environment variable max_in_flight must be a whole number, or 0 for no limit, and at most "
                "1000000000, not \"many\"",
                "aws_secret_access_key is missing: give both halves of the key or neither",
                "memory: 9999 MiB are not to be had with 256 CPU units; give 512, 1024 or 2048"});
}

TEST_CASE("a permission that a switch needs is missed by its name, with the switch that does without") {
    CHECK(
        denied("ecs:StopTask") ==
        lines{"ecs:StopTask: this agent may not call it: tasks of cancelled flow runs, and tasks that run too long, go "
              "on; allow it, or start with --no-watch --no-reconcile"});
    CHECK(denied("ecs:DescribeTasks") ==
          lines{"ecs:DescribeTasks: this agent may not call it: nobody is told how tasks "
                "end; allow it, or start with --no-watch --no-reconcile"});
    CHECK(denied("ecs:ListTasks") == lines{"ecs:ListTasks: this agent may not call it: tasks that an agent left behind "
                                           "are not found; allow it, or start with --no-reconcile"});
    CHECK(denied("ecs:DescribeTaskDefinition") ==
          lines{"ecs:DescribeTaskDefinition: this agent may not call it: no run can be launched; allow it"});
    CHECK(denied("ecs:DescribeClusters") == lines{}); // which nothing needs

    for (char const* const action : {"ecs:StopTask", "ecs:DescribeTasks", "ecs:ListTasks", "tag:GetResources"}) {
        INFO(action);
        CHECK(denied(action, usual()) == lines{});
    }
    auto watches = usual();
    watches.watch = true;
    CHECK(denied("ecs:StopTask", watches).at(0).ends_with("allow it, or start with --no-watch"));
    auto revisions = careful();
    revisions.enable_task_revisions = true;
    CHECK(denied("tag:GetResources", revisions).size() == 1);
    auto external = careful();
    external.use_external_kwargs = true;
    external.external_kwargs_s3_bucket = "kwargs-bucket";
    external.external_kwargs_s3_key = "prefect";
    CHECK(found(external, {}, [](stage& world) { world.aws.s3.add_bucket("kwargs-bucket", "us-east-1"); }) == lines{});
    CHECK(found(external).at(0).starts_with("external_kwargs_s3_bucket: "));
    auto const no_access = found(external, {}, [](stage& world) {
        world.aws.s3.add_bucket("kwargs-bucket", "us-east-1");
        world.aws.enforce(all_but("s3:GetObject"), false);
    });
    CHECK(no_access.at(0).starts_with("s3:GetObject: access to s3://kwargs-bucket/prefect/ is denied"));
}

TEST_CASE("a check asks who would be asked: Prefect, AWS, the cluster") {
    auto elsewhere = with("cluster", "flows");
    CHECK(found(elsewhere) ==
          lines{"cluster: there is no cluster flows in this region and account; create it, or name another"});
    CHECK(found(elsewhere, {}, [](stage& world) { world.aws.ecs.add_cluster("flows"); }) == lines{});
    CHECK(found(with("cluster", "a\nb")) ==
          lines{"cluster: there is no cluster a b in this region and account; create it, or name another"});
    CHECK(
        found(careful(), {}, [](stage& world) { world.aws.accept_only({}); }) ==
        lines{
            "credentials: ecs DescribeTaskDefinition: UnrecognizedClientException: The security token included in the "
            "request is invalid.; AWS does not know this key: check aws_access_key_id and the session token"});
    auto const silent =
        found(careful(), {}, [](stage& world) { world.prefect.faults().fail_always("tenant", fakes::dropped()); });
    REQUIRE(silent.size() == 1);
    CHECK(silent[0].starts_with("api: "));
    auto config = careful();
    config.agent_config_id = "11111111-2222-4333-8444-555555555555";
    CHECK(found(config).at(0).starts_with("agent_config_id: there is no agent config "));
}

TEST_CASE("external arguments of which the bucket is missing may bring the rest, all the same") {
    auto options = careful();
    options.kwargs.erase("networkConfiguration");
    options.use_external_kwargs = true;
    auto const said = found(options);
    REQUIRE(said.size() == 1);
    CHECK(said[0].starts_with("external_kwargs_s3_bucket is missing"));
}

TEST_CASE("a check that is stopped finds nothing in that") {
    stage world;
    inhabitant lives{world, careful()};
    std::stop_source source;
    source.request_stop();
    CHECK(lives.agent.check(source.get_token()).empty());
    CHECK(changes(world) == lines{});
}

TEST_CASE("a check of the cloud shows its token or key, and neither registers nor submits") {
    for (bool const good : {true, false}) {
        stage world{{.cloud = true, .token = "a token", .api_key = "a key"}};
        auto options = careful();
        options.backend = prefect::backend::cloud;
        options.token = good ? "a token" : "another";
        inhabitant lives{world, options};
        auto const said = lives.agent.check();
        CHECK(said.empty() == good);
        if (!good) CHECK(said.at(0).path == "token");

        options.token = {};
        options.api_key = good ? "a key" : "another";
        options.tenant_id = world.prefect.tenant_id();
        inhabitant keyed{world, options};
        auto const of_key = keyed.agent.check();
        CHECK(of_key.empty() == good);
        if (!good) CHECK(of_key.at(0).path == "api_key");
        CHECK(changes(world) == lines{});
    }
}

TEST_CASE("what every launch would be refused for is a warning at the start, and ends that of the strict") {
    auto options = with("memory", "4096");
    stage world;
    inhabitant lives{world, options};
    REQUIRE(lives.agent.open());
    CHECK(lives.parts.log.contains("memory: 4096 MiB are not to be had with 256 CPU units"));
    options.strict = true;
    inhabitant strict{world, options};
    auto const refused = strict.agent.open();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.starts_with("memory: 4096 MiB"));
}

TEST_CASE("a run that ECS would refuse in any case fails with the place, and nothing is launched") {
    stage world;
    auto const run = world.queue_runs(1)[0];
    inhabitant lives{world, with("tags", "[{'key': 'a#b', 'value': ''}]")};
    REQUIRE(lives.agent.start());
    CHECK(world.prefect.state(run) == "Failed");
    CHECK(world.prefect.history(run).back().message.find("RunTask would be refused: tags[0].key: has a character") !=
          std::string::npos);
    CHECK(bodies(world) == lines{});
}

TEST_CASE("what is explained is what is sent, to the byte: a first run and a registered one") {
    stage world;
    (void)world.queue_runs(1);
    auto const told = explained(world, careful());
    CHECK(operations(told) == lines{"RegisterTaskDefinition", "RunTask"});
    CHECK(told.requests[1].url == "https://ecs.us-east-1.amazonaws.com/");
    CHECK(told.requests[1].target == "AmazonEC2ContainerServiceV20141113.RunTask");
    CHECK(told.notes.empty());
    CHECK(told.requests[1].body.find(R"("clientToken": ")") != std::string::npos);

    stage again;
    (void)again.queue_runs(1, 1);
    inhabitant first{again, careful("first")};
    REQUIRE(first.agent.start());
    auto const second = again.queue_runs(1)[0];
    inhabitant asks{again, careful()};
    auto const known = asks.agent.explain(second);
    REQUIRE(known);
    CHECK(operations(*known) == lines{"RunTask"});
    inhabitant lives{again, careful()};
    REQUIRE(lives.agent.start());
    CHECK(bodies(again).back() == known->requests[0].body);
}

TEST_CASE("what is explained is what is sent, whatever the options") {
    struct setting {
        char const* name;
        std::function<void(agent_options&, stage&)> arrange;
    };
    setting const each = GENERATE(values<setting>({
        {"external arguments",
         [](agent_options& options, stage& world) {
             options.use_external_kwargs = true;
             options.external_kwargs_s3_bucket = "kwargs-bucket";
             options.external_kwargs_s3_key = "prefect";
             world.aws.s3.put("kwargs-bucket", "prefect/flow-0/f1000000.json",
                              R"({"cpu": "512", "memory": "1024", "cluster": "default"})");
         }},
        {"task revisions", [](agent_options& options, stage&) { options.enable_task_revisions = true; }},
        {"a capacity plan", [](agent_options& options, stage&) { options.capacity_plan = "FARGATE_SPOT,FARGATE"; }},
        {"the profile of 0.15 and variables",
         [](agent_options& options, stage&) {
             options.container_profile = "0.15";
             options.env_vars = {{"A", "\xC3\xA4\n"}};
             options.token = "the runner's token";
         }},
        {"a fleet's own name", [](agent_options& options, stage&) { options.fleet_id = "fleet-1"; }},
        {"the original agent without a token", [](agent_options& options, stage&) { options.heartbeat = false; }},
    }));
    INFO(each.name);
    stage world;
    (void)world.queue_runs(1);
    auto options = careful();
    each.arrange(options, world);
    (void)explained(world, options);
}

TEST_CASE("an explanation says what cannot be known of the bytes") {
    stage world;
    (void)world.queue_runs(1);
    auto without = careful();
    without.idempotent = false;
    inhabitant asks{world, without};
    auto const told = asks.agent.explain(run_id);
    REQUIRE(told);
    REQUIRE(told->notes.size() == 1);
    CHECK(told->notes[0] == "RunTask will carry a clientToken that is random, behind all else");

    auto refresh = careful();
    refresh.refresh_definitions = true;
    inhabitant pins{world, refresh};
    auto const pinned = pins.agent.explain(run_id);
    REQUIRE(pinned);
    REQUIRE(pinned->notes.size() == 1);
    CHECK(pinned->notes[0].starts_with("RunTask will name the revision"));

    inhabitant lives{world, careful()};
    REQUIRE(lives.agent.start());
    auto const sent = bodies(world);
    inhabitant late{world, careful()};
    auto const behind = late.agent.explain(run_id);
    REQUIRE(behind);
    REQUIRE(behind->notes.size() == 1);
    CHECK(behind->notes[0].starts_with("flow run " + run_id + " is claimed by an agent already"));
    CHECK(behind->requests.back().body == sent.back()); // the token of its first attempt, still
}

TEST_CASE("a run is explained however its id is written") {
    stage world;
    (void)world.queue_runs(1);
    inhabitant asks{world, careful()};
    auto const usual_way = asks.agent.explain(run_id);
    std::string bare = run_id;
    bare.erase(std::remove(bare.begin(), bare.end(), '-'), bare.end());
    auto const other = asks.agent.explain(bare);
    REQUIRE(usual_way);
    REQUIRE(other);
    CHECK(bodies(*other) == bodies(*usual_way));
}

TEST_CASE("a run that nobody knows, and what is no run, cannot be explained") {
    stage world;
    inhabitant asks{world, careful()};
    auto const unknown = asks.agent.explain("11111111-1111-4111-8111-999999999999");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == errc::not_found);
    CHECK(unknown.error().message == "the Prefect API knows no flow run 11111111-1111-4111-8111-999999999999");
    auto const none = asks.agent.explain("flow-1");
    REQUIRE_FALSE(none);
    CHECK(none.error().code == errc::invalid_argument);
    CHECK(changes(world) == lines{});
}

TEST_CASE("a dry run tells each run once, changes nothing, and leaves all to a real one") {
    stage world;
    auto runs = world.queue_runs(3, 2);
    auto options = careful();
    options.dry_run = true;
    options.max_polls = 5;
    inhabitant dry{world, options};
    REQUIRE(dry.agent.start());
    INFO(dry.parts.log.text());
    CHECK(changes(world) == lines{});
    CHECK(world.prefect.agents().empty());
    CHECK(world.prefect.log().count("get_runs_in_queue") == 5);
    CHECK(world.aws.ecs.log().count("StopTask") == 0);
    for (auto const& each : runs) {
        CHECK(world.prefect.state(each) == "Scheduled");
        CHECK(dry.parts.log.count("Dry run: flow run " + each + " would be claimed; a revision of prefect-task-") == 1);
    }
    CHECK(dry.parts.log.count("would be registered, and one task would run on FARGATE") == 3);

    inhabitant lives{world, careful()};
    REQUIRE(lives.agent.start());
    for (auto const& each : runs) CHECK(world.tasks_of(each).size() == 1);
}

TEST_CASE("a dry run tells a run again when it is scheduled again, and what would not be launched with the reason") {
    stage world;
    auto const run = world.queue_runs(1)[0];
    auto options = with("tags", "[{'key': 'aws:x', 'value': ''}]");
    options.dry_run = true;
    inhabitant dry{world, options};
    REQUIRE(dry.agent.start());
    REQUIRE(dry.agent.run());
    std::string const line = "Dry run: flow run " + run +
                             " would be claimed and not launched: RunTask would be refused: "
                             "tags[0].key: begins with aws:, which is kept for AWS";
    CHECK(dry.parts.log.count(line) == 1);
    auto again = fakes::prefect_state("Scheduled", "again");
    json::set(again, "start_time", text::iso8601(world.clock.now()));
    REQUIRE(world.prefect.set_state(run, again));
    REQUIRE(dry.agent.run());
    CHECK(dry.parts.log.count(line) == 2);
    CHECK(changes(world) == lines{});
}

TEST_CASE("what a variable makes a dry run validates nothing") {
    stage world;
    inhabitant dry{world, careful()};
    dry.parts.environment = fakes::map_environment{{{"dry_run", "true"}}};
    auto const refused = dry.agent.validate_configuration();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "a validation launches a task: not in a dry run");
    CHECK(world.aws.ecs.log().count() == 0);
}
