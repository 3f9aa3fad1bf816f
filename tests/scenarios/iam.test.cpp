#include <fargate/agent.hpp>

#include "scenarios/resident.hpp"
#include "scenarios/world.hpp"
#include "support/catch.hpp"

#include <fargate/testing/iam_policy.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::fake_world;
using testing_support::inhabitant;
using testing_support::resident;
using testing_support::stage;
using testing_support::usual;
namespace fakes = fargate::testing;

namespace {

std::string const execution_role = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole";
std::string const task_role = "arn:aws:iam::123456789012:role/flows";

void fill(std::string& text, std::string const& placeholder, std::string const& value) {
    for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at + value.size()))
        text.replace(at, placeholder.size(), value);
}

json::value filled(std::string text) {
    fill(text, "<region>", "us-east-1");
    fill(text, "<account_id>", "123456789012");
    fill(text, "<executionRoleArn>", execution_role);
    fill(text, "<taskRoleArn>", task_role);
    fill(text, "<external_kwargs_s3_bucket>", "kwargs-bucket");
    fill(text, "<external_kwargs_s3_key>", "prefect");
    fill(text, "<s3 bucket root>", "arn:aws:s3:::kwargs-bucket");
    fill(text, "<s3 bucket kwargs path>", "arn:aws:s3:::kwargs-bucket/prefect/*");
    auto const document = json::parse(text);
    INFO(text);
    REQUIRE(document);
    return *document;
}

/// The one policy of the README.
json::value readme_policy() {
    auto const readme = testing_support::load_text("../../README.md");
    auto const section = readme.find("\n## IAM policy\n");
    REQUIRE(section != std::string::npos);
    auto const start = readme.find("```json\n", section) + 8;
    return filled(readme.substr(start, readme.find("\n```", start) - start));
}

fakes::iam_policy policy_of(json::value const& document) {
    auto const read = fakes::iam_policy::of(document);
    INFO((read ? std::string{} : read.error().message));
    REQUIRE(read);
    return *read;
}

/// The policy with these statements only.
json::value only(json::value const& document, std::vector<std::string> const& statements) {
    auto made = document;
    made["Statement"] = json::value::array();
    for (auto const& each : document["Statement"])
        for (auto const& name : statements)
            if (json::text_of(each, "Sid") == name) made["Statement"].push_back(each);
    REQUIRE(made["Statement"].size() == statements.size());
    return made;
}

agent_options with_roles() {
    auto made = usual();
    made.kwargs["taskRoleArn"] = task_role;
    return made;
}

agent_options with_external() {
    auto made = with_roles();
    made.use_external_kwargs = true;
    made.external_kwargs_s3_bucket = "kwargs-bucket";
    made.external_kwargs_s3_key = "prefect";
    return made;
}

agent_options with_revisions() {
    auto made = with_roles();
    made.enable_task_revisions = true;
    return made;
}

/// Runs an agent for one run of flow #1; what came of it, or empty text when all is as it should be.
std::string trouble_of(fake_world& world, agent_options const& options) {
    auto const id = world.queue("docker_local_environment");
    inhabitant lives{world, options};
    if (auto const ran = lives.agent.start(); !ran) return ran.error().message;
    if (world.prefect.state(id) != "Submitted") return world.prefect.history(id).back().message;
    if (lives.parts.log.contains("denied") || lives.parts.log.contains("not authorized"))
        return "it was denied something:\n" + lives.parts.log.text();
    return {};
}

json::value tag(char const* key, char const* value) { return {{"key", key}, {"value", value}}; }

/// A revision that an agent has registered before.
void enlist(fake_world& world, json::value const& tags) {
    fargate::parts<testing_support::world_policies> parts{
        .http = testing_support::world_http{&world},
        .credentials = credentials::fixed{fakes::example_key().id, fakes::example_key().secret_key},
        .clock = testing_support::world_clock{&world.clock}};
    aws::ecs<testing_support::world_policies> ecs{parts, {.region = "us-east-1"}};
    json::value body{{"family", "flow-1"},
                     {"networkMode", "awsvpc"},
                     {"cpu", "256"},
                     {"memory", "512"},
                     {"requiresCompatibilities", {"FARGATE"}},
                     {"executionRoleArn", execution_role}};
    body["containerDefinitions"] = json::value::array();
    body["containerDefinitions"].push_back(json::value{{"name", "flow"}, {"image", "busybox"}});
    body["tags"] = tags;
    REQUIRE(ecs.register_task_definition(body));
}

/// Something that the agent does, under a policy: what went wrong, or nothing.
struct scenario {
    char const* name;
    std::vector<std::string> statements; ///< those of the README that it needs
    std::string (*play)(fakes::iam_policy const& policy, bool guard_tags);
};

std::string first_run(fakes::iam_policy const& policy, bool guard_tags) {
    fake_world world;
    world.aws.enforce(policy, guard_tags);
    if (auto trouble = trouble_of(world, with_roles()); !trouble.empty()) return trouble;
    return world.aws.ecs.tasks_created() == 1 ? "" : "no task";
}

std::string first_revision(fakes::iam_policy const& policy, bool guard_tags) {
    fake_world world;
    world.aws.enforce(policy, guard_tags);
    if (auto trouble = trouble_of(world, with_revisions()); !trouble.empty()) return trouble;
    return world.aws.ecs.definitions().at(0).tags.size() == 2 ? "" : "the revision has no tags";
}

std::string older_version(fakes::iam_policy const& policy, bool guard_tags) {
    fake_world world;
    auto own = json::value::array();
    own.push_back(tag("PrefectFlowId", "a718df81"));
    own.push_back(tag("PrefectFlowVersion", "3"));
    auto newer = json::value::array();
    newer.push_back(tag("PrefectFlowId", "00000000"));
    newer.push_back(tag("PrefectFlowVersion", "4"));
    enlist(world, own);
    enlist(world, newer);
    world.aws.enforce(policy, guard_tags);
    if (auto trouble = trouble_of(world, with_revisions()); !trouble.empty()) return trouble;
    return world.aws.ecs.tasks().at(0).definition->revision == 1 ? "" : "it ran another revision";
}

std::string external_file(fakes::iam_policy const& policy, bool guard_tags) {
    fake_world world;
    world.aws.s3.put("kwargs-bucket", "prefect/flow-1/a718df81.json", R"({"cpu": "512", "memory": "1024"})");
    world.aws.enforce(policy, guard_tags);
    if (auto trouble = trouble_of(world, with_external()); !trouble.empty()) return trouble;
    return json::text_of(world.aws.ecs.definitions().at(0).body, "cpu") == "512" ? "" : "the file did not count";
}

std::string no_external_file(fakes::iam_policy const& policy, bool guard_tags) {
    fake_world world;
    world.aws.s3.add_bucket("kwargs-bucket", "us-east-1");
    world.aws.enforce(policy, guard_tags);
    return trouble_of(world, with_external());
}

std::string validation(fakes::iam_policy const& policy, bool guard_tags) {
    fake_world world;
    world.aws.enforce(policy, guard_tags);
    inhabitant lives{world, with_roles()};
    auto const found = lives.agent.validate_configuration();
    if (!found) return found.error().message;
    if (auto const* const why = found->failure()) return why->said;
    return found->left_behind ? "the definition is still there" : "";
}

/// An agent with everything on.
agent_options with_care() {
    auto made = testing_support::careful();
    made.kwargs["taskRoleArn"] = task_role;
    return made;
}

/// What is wrong with a run that should have gone the way of its one task to the end.
std::string not_told(stage const& world, std::string const& run) {
    if (world.tasks_of(run).size() != 1) return std::to_string(world.tasks_of(run).size()) + " tasks";
    auto const last = world.prefect.history(run).back();
    if (last.type != "Failed") return "the run is " + last.type + ": " + last.message;
    return last.message.find("xit") != std::string::npos ? "" : last.message;
}

std::string followed_task(fakes::iam_policy const& policy, bool guard_tags) {
    stage world;
    world.aws.enforce(policy, guard_tags);
    world.aws.ecs.every_task(fakes::exits_with(1));
    resident agent{world, with_care()};
    auto const run = world.queue_runs(1)[0];
    if (auto const lived = agent.live(50s); !lived) return lived.error().message;
    return not_told(world, run);
}

std::string task_left_behind(fakes::iam_policy const& policy, bool guard_tags) {
    stage world;
    world.aws.enforce(policy, guard_tags);
    auto life = fakes::exits_with(1);
    life.running = 1min;
    world.aws.ecs.every_task(life);
    auto const run = world.queue_runs(1)[0];
    resident lost{world, with_care()};
    if (auto const lived = lost.live(10s); !lived) return lived.error().message;
    if (world.prefect.state(run) != "Running") return "it was " + world.prefect.state(run);
    resident agent{world, with_care()};
    if (auto const lived = agent.live(80s); !lived) return lived.error().message;
    return not_told(world, run);
}

std::string cancelled_run(fakes::iam_policy const& policy, bool guard_tags) {
    stage world;
    world.aws.enforce(policy, guard_tags);
    world.aws.ecs.every_task(fakes::runs_for_ever());
    auto const run = world.queue_runs(1)[0];
    resident agent{world, with_care()};
    agent.at(15s, [&] { (void)world.prefect.set_state(run, fakes::prefect_state("Cancelling", "by hand")); });
    if (auto const lived = agent.live(150s); !lived) return lived.error().message;
    if (world.tasks_of(run).size() != 1) return "not one task";
    if (!world.tasks_of(run)[0].order) return "the task was not stopped";
    return world.prefect.state(run) == "Cancelled" ? "" : "the run is " + world.prefect.state(run);
}

std::vector<scenario> const scenarios = {
    {"a first run", {"Definitions", "Tasks", "Roles"}, first_run},
    {"a first revision", {"Definitions", "Tasks", "Roles", "RevisionsTagged"}, first_revision},
    {"a run of an older version", {"Definitions", "Tasks", "Roles", "RevisionsFound"}, older_version},
    {"a flow with external arguments", {"Definitions", "Tasks", "Roles", "ExternalKwargs"}, external_file},
    {"a flow without", {"Definitions", "Tasks", "Roles", "ExternalKwargs", "ExternalKwargsMissing"}, no_external_file},
    {"a validation", {"Definitions", "Tasks", "Roles", "Validate"}, validation},
    {"a followed task", {"Definitions", "Tasks", "Roles", "Watching"}, followed_task},
    {"a task left behind", {"Definitions", "Tasks", "Roles", "Watching", "Reconciling"}, task_left_behind},
    {"a cancelled run", {"Definitions", "Tasks", "Roles", "Watching", "Stopping"}, cancelled_run},
};

/// The same document without the n-th of all the entries under `member` (Action or Resource) of its statements; false
/// when there are fewer.
bool remove_nth(json::value& document, char const* member, std::size_t n, std::string& removed) {
    for (auto& each : document["Statement"]) {
        auto& entries = each[member];
        if (!entries.is_array()) entries = json::value::array({entries});
        if (n >= entries.size()) {
            n -= entries.size();
            continue;
        }
        removed = testing_support::text(each, "Sid") + " " + std::string{json::as_text(entries[n]).value_or("")};
        auto left = json::value::array();
        for (std::size_t i = 0; i != entries.size(); ++i)
            if (i != n) left.push_back(entries[i]);
        if (left.empty()) left.push_back(member == std::string{"Action"} ? "none:None" : "arn:none");
        entries = std::move(left);
        return true;
    }
    return false;
}

} // namespace

TEST_CASE("the README's policy is enough for everything the agent does, and each part of it for what its table says") {
    auto const document = readme_policy();
    for (auto const& each : scenarios) {
        INFO(each.name);
        CHECK(each.play(policy_of(document), true) == "");
        CHECK(each.play(policy_of(only(document, each.statements)), true) == "");
    }
}

TEST_CASE("no action and no resource of the README's policy can be missed") {
    for (char const* const member : {"Action", "Resource"}) {
        std::size_t tried = 0;
        for (std::size_t n = 0;; ++n) {
            auto document = readme_policy();
            std::string removed;
            if (!remove_nth(document, member, n, removed)) break;
            ++tried;
            auto const policy = policy_of(document);
            std::string missed;
            for (auto const& each : scenarios)
                if (missed.empty()) missed = each.play(policy, true);
            INFO(removed);
            CHECK_FALSE(missed.empty());
        }
        CHECK(tried >= 9);
    }
}

TEST_CASE("what is denied is told in the run's state with the action to allow") {
    auto document = readme_policy();
    fakes::iam_policy const nothing;
    CHECK(first_run(nothing, true).find("not authorized to perform: ecs:DescribeTaskDefinition") != std::string::npos);
    std::string removed;
    REQUIRE(remove_nth(document, "Action", 2, removed));
    REQUIRE(removed == "Tasks ecs:RunTask");
    CHECK(first_run(policy_of(document), true)
              .find("not authorized to perform: ecs:RunTask on resource: "
                    "arn:aws:ecs:us-east-1:123456789012:task-definition/") != std::string::npos);
    CHECK(first_run(policy_of(only(readme_policy(), {"Definitions", "Tasks"})), true)
              .find("not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/") !=
          std::string::npos);
}

TEST_CASE("the policies of Prefect's documentation are enough, as long as the account does not guard tags") {
    auto policy = policy_of(filled(testing_support::load_text("prefect1/iam_task_revisions.json")));
    policy.join(policy_of(filled(testing_support::load_text("prefect1/iam_external_kwargs.json"))));
    for (auto const& each : scenarios) {
        if (each.play == validation) continue; // they do not allow DeregisterTaskDefinition
        if (each.play == task_left_behind) {   // nor ListTasks
            CHECK(each.play(policy, false) == "the run is Running: ");
            continue;
        }
        INFO(each.name);
        CHECK(each.play(policy, false) == "");
        if (each.play == first_revision)
            CHECK(each.play(policy, true).find("not authorized to perform: ecs:TagResource") != std::string::npos);
        else
            CHECK(each.play(policy, true) == "");
    }
}

TEST_CASE("their condition on tag keys is kept by the agent, and broken only by tags that the user asks for") {
    auto policy = policy_of(filled(testing_support::load_text("prefect1/iam_task_revisions.json")));
    fake_world world;
    world.aws.enforce(policy, false);
    auto options = with_revisions();
    options.kwargs["tags"] = json::value::array({tag("team", "data")});
    CHECK(trouble_of(world, options).find("not authorized to perform: ecs:RunTask") != std::string::npos);

    fake_world other;
    other.aws.enforce(policy, false);
    CHECK(trouble_of(other, with_revisions()) == "");
    auto const ran = other.aws.ecs.log().all("RunTask");
    REQUIRE(ran.size() == 1);
    CHECK(json::member(*json::parse(ran[0].body), "tags") == nullptr);
}

TEST_CASE("what an agent may not do beside launching it says once for each, and launches as before") {
    stage world;
    auto const launching = only(readme_policy(), {"Definitions", "Tasks", "Roles"});
    world.aws.enforce(policy_of(launching));
    world.aws.ecs.every_task(fakes::runs_for_ever());
    resident agent{world, with_care()};
    auto runs = world.queue_runs(3);
    agent.at(40min, [&] {
        runs.push_back(world.queue_runs(1)[0]);
        for (std::size_t i = 0; i != 2; ++i)
            (void)world.prefect.set_state(runs[i], fakes::prefect_state("Cancelling", "by hand"));
    });
    REQUIRE(agent.live(80min));
    INFO(agent.troubles());
    for (auto const& each : runs) CHECK(world.tasks_of(each).size() == 1);
    for (char const* const action : {"ecs:DescribeTasks", "ecs:ListTasks", "ecs:StopTask"}) {
        INFO(action);
        CHECK(agent.log().count("this agent may not call " + std::string{action} + ": ") == 1);
        auto const tried = world.aws.ecs.log().count(std::string{action}.substr(4));
        CHECK(tried >= 1);
        CHECK(tried <= 9); // every ten minutes
    }
    CHECK(agent.log().count(log_level::warning) + agent.log().count(log_level::error) == 3);
}

TEST_CASE("who has the README's policy hears of nothing that is missing") {
    auto options = with_external();
    options.enable_task_revisions = true;
    options.idempotent = true;
    options.watch = true;
    options.reconcile = true;
    stage world;
    world.aws.s3.add_bucket("kwargs-bucket", "us-east-1");
    world.aws.enforce(policy_of(readme_policy()), true);
    inhabitant lives{world, options};
    for (auto const& each : lives.agent.check()) FAIL_CHECK(each.line());
    CHECK(world.aws.ecs.log().count("StopTask") == 1);
}
