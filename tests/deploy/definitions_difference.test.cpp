#include <fargate/deploy/definitions.hpp>

#include "deploy/scripted_ecs.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <string>
#include <utility>

namespace json = fargate::json;
namespace aws = fargate::aws;
using fargate::log_level;
using fargate::deploy::definitions;
using fargate::deploy::launch_plan;
using fargate::testing::captured_log;
using fargate::testing::manual_clock;
using testing_support::definition_arn;
using testing_support::refusal;
using testing_support::scripted_ecs;

namespace {

struct world {
    scripted_ecs ecs{};
    captured_log log{};
    manual_clock clock{};
    definitions<scripted_ecs, scripted_ecs, captured_log, manual_clock> book{ecs, ecs, log, clock};

    /// So long after the one before that nothing is remembered.
    std::string settle(launch_plan const& plan) {
        clock.advance(book.remembered_for);
        auto const chosen = book.settle(plan);
        return chosen ? chosen->name + (chosen->registered ? ", registered" : "") : chosen.error().message;
    }
};

launch_plan plan_of(std::string const& family, std::string const& cpu, std::string const& password = "hunter2") {
    launch_plan plan;
    plan.family = family;
    auto variable = json::value::object();
    json::set(variable, "name", "PASSWORD");
    json::set(variable, "value", password);
    auto container = json::value::object();
    json::set(container, "name", "flow");
    json::set(container, "environment", json::value::array());
    container["environment"].push_back(variable);
    json::set(plan.definition, "family", family);
    json::set(plan.definition, "cpu", cpu);
    json::set(plan.definition, "containerDefinitions", json::value::array());
    plan.definition["containerDefinitions"].push_back(container);
    plan.reusable = {false, "aaaaaaaa", 5};
    return plan;
}

/// What AWS has after this plan was registered.
aws::task_definition_output registered(launch_plan const& plan, int revision, bool tagged = false) {
    auto inner = plan.definition;
    json::set(inner, "taskDefinitionArn", definition_arn(plan.family, revision));
    json::set(inner, "revision", revision);
    json::set(inner, "status", "ACTIVE");
    json::value answer;
    json::set(answer, "taskDefinition", inner);
    json::set(answer, "tags", json::value::array());
    if (tagged) {
        auto tag = json::value::object();
        json::set(tag, "key", "PrefectFlowId");
        json::set(tag, "value", "aaaaaaaa");
        answer["tags"].push_back(tag);
    }
    auto made = *aws::task_definition_output::from(answer);
    made.raw = json::write(answer);
    return made;
}

launch_plan refreshing(launch_plan plan) {
    plan.reusable.refresh = true;
    return plan;
}

} // namespace

TEST_CASE(
    "§5.10 quirk: changes to env_vars, cpu do not reach an already registered definition: one warning a family and "
    "set of fields names them",
    "[deploy][definitions]") {
    world here;
    here.ecs.describes = {registered(plan_of("fam", "256"), 7), registered(plan_of("fam", "256"), 7),
                          registered(plan_of("fam", "256", "other"), 8), registered(plan_of("two", "256"), 1)};
    for (auto const* const family : {"fam", "fam", "fam", "two"}) CHECK(here.settle(plan_of(family, "512")) == family);
    CHECK(here.ecs.calls() == "describe describe describe describe");
    CHECK(here.log.count(log_level::warning) == 3);
    std::string const rest = ": it is used as it is; refresh_definitions=true registers a new revision";
    CHECK(here.log.contains("Task definition fam differs from what would be registered now in cpu" + rest));
    CHECK(here.log.contains("Task definition fam differs from what would be registered now in cpu, "
                            "containerDefinitions[0].environment.PASSWORD" +
                            rest));
    CHECK(here.log.contains("Task definition two differs from what would be registered now in cpu" + rest));
    CHECK_FALSE(here.log.contains("hunter2"));
}

TEST_CASE("what is registered as it would be is used without a word", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {registered(plan_of("fam", "256"), 7)};
    CHECK(here.settle(plan_of("fam", "256")) == "fam");
    CHECK(here.log.count(log_level::warning) == 0);
}

TEST_CASE("with refresh what differs is registered anew, and that revision is run", "[deploy][definitions]") {
    world here;
    auto const plan = refreshing(plan_of("fam", "512"));
    here.ecs.describes = {registered(plan_of("fam", "256"), 7), registered(plan, 8)};
    here.ecs.registers = {registered(plan, 8)};
    CHECK(here.settle(plan) == definition_arn("fam", 8) + ", registered");
    CHECK(json::write(here.ecs.input(1)) == json::write(plan.definition));
    CHECK(here.settle(plan) == definition_arn("fam", 8));
    CHECK(here.ecs.calls() == "describe register describe");
    CHECK(here.log.count(log_level::warning) == 0);
    CHECK(here.log.contains("Task definition fam is registered anew: it differs in cpu"));
}

TEST_CASE("with refresh and revisions a revision that was searched by its tag must not differ either",
          "[deploy][definitions]") {
    auto const newest = [] {
        auto made = registered(plan_of("fam", "256"), 30);
        made.tags = {{"PrefectFlowId", "bbbbbbbb"}, {"PrefectFlowVersion", "6"}};
        return made;
    };
    auto plan = plan_of("fam", "512");
    plan.reusable.revisions = true;
    world here;
    here.ecs.describes = {newest(), registered(plan_of("fam", "256"), 9, true)};
    here.ecs.searches = {std::vector<aws::tagged_resource>{{definition_arn("fam", 9), {}}}};
    CHECK(here.settle(plan) == definition_arn("fam", 9));
    CHECK(here.log.count(log_level::warning) == 1);
    world there;
    there.ecs.describes = {newest(), registered(plan_of("fam", "256"), 9, true)};
    there.ecs.searches = {std::vector<aws::tagged_resource>{{definition_arn("fam", 9), {}}}};
    there.ecs.registers = {registered(plan, 31)};
    CHECK(there.settle(refreshing(plan)) == definition_arn("fam", 31) + ", registered");
}

TEST_CASE("what AWS alters on registering is not registered again at each launch", "[deploy][definitions]") {
    world here;
    auto const plan = refreshing(plan_of("fam", "one half"));
    here.ecs.describes = {registered(plan_of("fam", "256"), 7), registered(plan_of("fam", "512"), 8),
                          registered(plan_of("fam", "512"), 8)};
    here.ecs.registers = {registered(plan_of("fam", "512"), 8)};
    CHECK(here.settle(plan) == definition_arn("fam", 8) + ", registered");
    CHECK(here.settle(plan) == definition_arn("fam", 8));
    CHECK(here.settle(plan) == definition_arn("fam", 8));
    CHECK(here.ecs.calls() == "describe register describe describe");
    CHECK(here.log.count(log_level::warning) == 1);
    CHECK(here.log.contains("Task definition fam differs from what would be registered now in cpu, as AWS changes it"));
}

TEST_CASE("a refresh that is refused fails the launch with AWS's words", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {registered(plan_of("fam", "256"), 7)};
    here.ecs.registers = {refusal("ClientException", "No Fargate configuration exists for given values.")};
    CHECK(here.settle(refreshing(plan_of("fam", "512"))) == "No Fargate configuration exists for given values.");
}
