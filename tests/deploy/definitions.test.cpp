#include <fargate/deploy/definitions.hpp>

#include "deploy/scripted_ecs.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace json = fargate::json;
namespace aws = fargate::aws;
using fargate::errc;
using fargate::log_level;
using fargate::deploy::chosen_definition;
using fargate::deploy::definitions;
using fargate::deploy::launch_plan;
using fargate::testing::captured_log;
using fargate::testing::manual_clock;
using testing_support::definition;
using testing_support::definition_arn;
using testing_support::missing;
using testing_support::refusal;
using testing_support::scripted_ecs;

namespace {

struct world {
    scripted_ecs ecs{};
    captured_log log{};
    manual_clock clock{};
    bool pin = false;

    /// What was chosen, as `name` or `name, registered`, or the failure's message; then the calls made for it.
    std::string settle(launch_plan const& plan) {
        definitions<scripted_ecs, scripted_ecs, captured_log, manual_clock> book{ecs, ecs, log, clock, pin};
        auto const chosen = book.settle(plan);
        auto const what = chosen ? chosen->name + (chosen->registered ? ", registered" : "") : chosen.error().message;
        return what + " [" + ecs.calls() + "]";
    }
};

launch_plan plan_of(std::string const& family, bool revisions = false) {
    launch_plan plan;
    plan.family = family;
    json::value container;
    json::set(container, "image", "some/image:1");
    json::set(plan.definition, "family", family);
    json::set(plan.definition, "containerDefinitions", json::value::array());
    plan.definition["containerDefinitions"].push_back(container);
    plan.reusable = {revisions, "aaaaaaaa", 5};
    return plan;
}

std::vector<aws::tag> tags(std::string const& id, std::string const& version) {
    return {{"team", "data"}, {"PrefectFlowId", id}, {"PrefectFlowVersion", version}};
}

aws::tagged_resource listed(std::string const& family, int revision) { return {definition_arn(family, revision), {}}; }

} // namespace

TEST_CASE(
    "§5.10 row: any AWS service error, of which only not-found counts: register new under the family, run the family",
    "[deploy][definitions]") {
    world here;
    here.ecs.describes = {missing()};
    here.ecs.registers = {definition("fam", 1)};
    auto const plan = plan_of("fam");
    CHECK(here.settle(plan) == "fam, registered [describe register]");
    CHECK(json::write(here.ecs.input(0)) == R"({"taskDefinition": "fam", "include": ["TAGS"]})");
    CHECK(json::write(here.ecs.input(1)) == json::write(plan.definition));
    CHECK(here.log.text() == "DEBUG Checking for task definition\n"
                             "DEBUG No task definition found\n"
                             "DEBUG Using image some/image:1 for task definition\n"
                             "DEBUG Registering task definition fam\n");
}

TEST_CASE("§5.10 row: found, revisions off: run the family", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 7)};
    CHECK(here.settle(plan_of("fam")) == "fam [describe]");
    CHECK(here.log.text() == "DEBUG Checking for task definition\n"
                             "DEBUG Task definition fam found\n");
}

TEST_CASE("§5.10 row: found, tag PrefectFlowId == id8: that revision is run", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 7, tags("aaaaaaaa", "99"))};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 7) + " [describe]");
    CHECK(here.log.contains("Active task definition for aaaaaaaa already exists"));
}

TEST_CASE("§5.10 row: found, other/no id, flow.version >= tagged version: register a new revision, and run it",
          "[deploy][definitions]") {
    auto const found = GENERATE(std::vector<aws::tag>{}, std::vector<aws::tag>{{"PrefectFlowVersion", "5"}},
                                tags("bbbbbbbb", "4"), tags("bbbbbbbb", "5"), tags("bbbbbbbb", "none"), tags("", ""));
    world here;
    here.ecs.describes = {definition("fam", 7, found)};
    here.ecs.registers = {definition("fam", 8)};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 8) + ", registered [describe register]");
}

TEST_CASE("a run whose flow has no version counts as version 0", "[deploy][definitions]") {
    auto plan = plan_of("fam", true);
    plan.reusable.flow_version.reset();
    world here;
    here.ecs.describes = {definition("fam", 7, tags("bbbbbbbb", "0"))};
    here.ecs.registers = {definition("fam", 8)};
    CHECK(here.settle(plan) == definition_arn("fam", 8) + ", registered [describe register]");
}

TEST_CASE("§5.10 row: found, other id, flow.version < tagged version: its own revision is searched by the tag",
          "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 30, tags("bbbbbbbb", "6")), definition("fam", 10, tags("aaaaaaaa", "5"))};
    here.ecs.searches = {std::vector<aws::tagged_resource>{listed("fam", 9),
                                                           listed("fam", 10),
                                                           listed("fam", 2),
                                                           listed("family", 40),
                                                           listed("other", 50),
                                                           {"arn:aws:ecs:eu-west-1:1:task-definition/fam:", {}},
                                                           {"arn:aws:ecs:eu-west-1:1:task-definition/fam:12x", {}},
                                                           {"arn:aws:ecs:eu-west-1:1:service/fam:60", {}},
                                                           {"", {}}}};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 10) + " [describe search describe]");
    CHECK(
        json::write(here.ecs.input(1)) ==
        R"({"TagFilters": [{"Key": "PrefectFlowId", "Values": ["aaaaaaaa"]}], "ResourceTypeFilters": ["ecs:task-definition"]})");
    CHECK(json::text_of(here.ecs.input(2), "taskDefinition").value() == definition_arn("fam", 10));
}

TEST_CASE("a searched revision must still be active and still have the tag", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {
        definition("fam", 30, tags("bbbbbbbb", "6")), definition("fam", 9, tags("aaaaaaaa", "5"), "INACTIVE"),
        definition("fam", 8, tags("cccccccc", "5")), missing(), definition("fam", 6, tags("aaaaaaaa", "5"), "")};
    here.ecs.searches = {
        std::vector<aws::tagged_resource>{listed("fam", 6), listed("fam", 7), listed("fam", 8), listed("fam", 9)}};
    CHECK(here.settle(plan_of("fam", true)) ==
          definition_arn("fam", 6) + " [describe search describe describe describe describe]");
}

TEST_CASE("a search that finds nothing usable registers", "[deploy][definitions]") {
    auto const found =
        GENERATE(std::vector<aws::tagged_resource>{}, std::vector<aws::tagged_resource>{listed("family", 1)});
    world here;
    here.ecs.describes = {definition("fam", 30, tags("bbbbbbbb", "6"))};
    here.ecs.searches = {found};
    here.ecs.registers = {definition("fam", 31)};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 31) + ", registered [describe search register]");
}

TEST_CASE("a search looks at a handful of revisions at most", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {
        definition("fam", 3000, tags("bbbbbbbb", "6")), missing(), missing(), missing(), missing(), missing()};
    std::vector<aws::tagged_resource> many;
    for (int revision = 1; revision != 1000; ++revision) many.push_back(listed("fam", revision));
    here.ecs.searches = {many};
    here.ecs.registers = {definition("fam", 3001)};
    CHECK(here.settle(plan_of("fam", true)) ==
          definition_arn("fam", 3001) +
              ", registered [describe search describe describe describe describe describe register]");
}

TEST_CASE("a search that is refused registers and says why, one without an answer fails", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 30, tags("bbbbbbbb", "6"))};
    here.ecs.searches = {refusal("AccessDeniedException", "not authorized to perform: tag:GetResources")};
    here.ecs.registers = {definition("fam", 31)};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 31) + ", registered [describe search register]");
    CHECK(here.log.count(log_level::warning) == 1);
    CHECK(here.log.contains("Cannot search the revisions of fam, registering a new one: not authorized to perform: "
                            "tag:GetResources"));
    world cut;
    cut.ecs.describes = {definition("fam", 30, tags("bbbbbbbb", "6"))};
    cut.ecs.searches = {fargate::fail(errc::connection_failed, "no connection")};
    CHECK(cut.settle(plan_of("fam", true)) == "no connection [describe search]");
    world odd;
    odd.ecs.describes = {definition("fam", 30, tags("bbbbbbbb", "6")), refusal("ThrottlingException", "too fast")};
    odd.ecs.searches = {std::vector<aws::tagged_resource>{listed("fam", 9)}};
    CHECK(odd.settle(plan_of("fam", true)) == "too fast [describe search describe]");
}

TEST_CASE("§5.10 quirk: access-denied/throttling on describe is not missing: any other failure fails the launch",
          "[deploy][definitions]") {
    auto const why =
        GENERATE(refusal("AccessDeniedException", "not authorized"), refusal("ThrottlingException", "too fast"),
                 refusal("ClientException", "Something else"), refusal("ServerException", "broken", 500),
                 refusal("InvalidParameterException", "Unable to describe task definition"),
                 fargate::fail(errc::connection_failed, "no connection"), fargate::fail(errc::timed_out, "no answer"),
                 fargate::fail(errc::not_configured, "no credentials"));
    world here;
    here.ecs.describes = {why};
    CHECK(here.settle(plan_of("fam", true)) == why.message + " [describe]");
}

TEST_CASE("a definition that is no longer active is registered again", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 7, {}, "INACTIVE")};
    here.ecs.registers = {definition("fam", 8)};
    CHECK(here.settle(plan_of("fam")) == "fam, registered [describe register]");
}

TEST_CASE("a register that is refused fails the launch with its words", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {missing()};
    here.ecs.registers = {refusal("ClientException", "Invalid 'cpu' setting for task.")};
    CHECK(here.settle(plan_of("fam")) == "Invalid 'cpu' setting for task. [describe register]");
}

TEST_CASE("a register that may have worked, here or elsewhere, looks again", "[deploy][definitions]") {
    auto throttled =
        refusal("ClientException", "Too many concurrent attempts to create a new revision of the specified family.");
    throttled.retryable = true;
    for (auto const& why :
         {throttled, refusal("ServerException", "broken", 500), fargate::fail(errc::timed_out, "no answer"),
          fargate::fail(errc::connection_failed, "cut")}) {
        world here;
        here.ecs.describes = {missing(), definition("fam", 1)};
        here.ecs.registers = {why};
        CHECK(here.settle(plan_of("fam")) == "fam [describe register describe]");
        world still;
        still.ecs.describes = {missing(), missing()};
        still.ecs.registers = {why};
        CHECK(still.settle(plan_of("fam")) == why.message + " [describe register describe]");
        world blind;
        blind.ecs.describes = {missing(), refusal("AccessDeniedException", "not authorized")};
        blind.ecs.registers = {why};
        CHECK(blind.settle(plan_of("fam")) == why.message + " [describe register describe]");
    }
}

TEST_CASE("§5.7: the registration's answer is ignored, unless pinned: then the exact revision that was found or "
          "registered is run",
          "[deploy][definitions]") {
    world here;
    here.pin = true;
    here.ecs.describes = {missing()};
    here.ecs.registers = {definition("fam", 4)};
    CHECK(here.settle(plan_of("fam")) == definition_arn("fam", 4) + ", registered [describe register]");
    world found;
    found.pin = true;
    found.ecs.describes = {definition("fam", 7)};
    CHECK(found.settle(plan_of("fam")) == definition_arn("fam", 7) + " [describe]");
}

TEST_CASE("what was found or registered is remembered for equal plans, for five minutes and until it is forgotten",
          "[deploy][definitions]") {
    scripted_ecs ecs;
    captured_log log;
    manual_clock clock;
    definitions<scripted_ecs, scripted_ecs, captured_log, manual_clock> book{ecs, ecs, log, clock};
    auto const settled = [&](launch_plan const& plan) {
        auto const chosen = book.settle(plan);
        REQUIRE(chosen);
        return chosen->name + (chosen->registered ? ", registered" : "") + (chosen->remembered ? ", remembered" : "");
    };
    auto const plan = plan_of("fam", GENERATE(false, true));
    std::string const name = plan.reusable.revisions ? definition_arn("fam", 1) : "fam";
    ecs.describes = {missing()};
    ecs.registers = {definition("fam", 1)};
    CHECK(settled(plan) == name + ", registered");
    clock.advance(std::chrono::seconds{299});
    CHECK(settled(plan) == name + ", remembered");
    CHECK(ecs.calls() == "describe register");

    clock.advance(std::chrono::seconds{1});
    ecs.describes = {definition("fam", 1, tags("aaaaaaaa", "5"))};
    CHECK(settled(plan) == name);
    CHECK(settled(plan) == name + ", remembered");
    CHECK(ecs.calls() == "describe register describe");

    book.forget(plan);
    ecs.describes = {definition("fam", 1, tags("aaaaaaaa", "5"))};
    CHECK(settled(plan) == name);

    clock.advance(-std::chrono::seconds{1}); // a clock that is set back tells no age
    ecs.describes = {definition("fam", 1, tags("aaaaaaaa", "5"))};
    CHECK(settled(plan) == name);
    CHECK(ecs.calls() == "describe register describe describe describe");
}

TEST_CASE("plans that may choose another definition do not share what is remembered, and a failure is not",
          "[deploy][definitions]") {
    scripted_ecs ecs;
    captured_log log;
    manual_clock clock;
    definitions<scripted_ecs, scripted_ecs, captured_log, manual_clock> book{ecs, ecs, log, clock};
    auto const plan = plan_of("fam");
    ecs.describes = {refusal("ServerException", "broken", 500)};
    CHECK_FALSE(book.settle(plan));
    std::vector<launch_plan> others(6, plan);
    others[1].family = "other";
    json::set(others[2].definition, "cpu", "512");
    others[3].reusable.revisions = true;
    others[4].reusable.refresh = true;
    others[5] = others[3];
    others[5].reusable.flow_id8 = "bbbbbbbb";
    for (auto const& each : others) {
        ecs.describes = {definition(each.family, 1, tags(each.reusable.flow_id8, "5"))};
        ecs.describes[0]->raw = [&] {
            auto raw = json::value::object();
            json::set(raw, "taskDefinition", each.definition);
            return json::write(raw);
        }();
        auto const chosen = book.settle(each);
        REQUIRE(chosen);
        CHECK_FALSE(chosen->remembered);
    }
    for (auto const& each : others) {
        auto const chosen = book.settle(each);
        REQUIRE(chosen);
        CHECK(chosen->remembered);
        bool const pinned = each.reusable.revisions || each.reusable.refresh;
        CHECK(chosen->name == (pinned ? definition_arn("fam", 1) : each.family));
    }
    CHECK(ecs.calls() == "describe describe describe describe describe describe describe");
}

TEST_CASE("§5.10 quirk: tag search reads every page of this family and takes the highest revision",
          "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 30, tags("bbbbbbbb", "6")), definition("fam", 12, tags("aaaaaaaa", "5"))};
    here.ecs.searches = {std::vector<aws::tagged_resource>{listed("fam", 12), listed("family", 99), listed("fam", 9),
                                                           listed("zeta", 100)}};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 12) + " [describe search describe]");
}

TEST_CASE("§5.10 quirk: missing `tags` member counts as no tags", "[deploy][definitions]") {
    world here;
    here.ecs.describes = {definition("fam", 7)};
    here.ecs.registers = {definition("fam", 8)};
    CHECK(here.settle(plan_of("fam", true)) == definition_arn("fam", 8) + ", registered [describe register]");
}

TEST_CASE("§5.10 quirk: two flows with one slug take turns, each with its own definition", "[deploy][definitions]") {
    auto newer = plan_of("fam", true); // aaaaaaaa, version 5
    auto older = plan_of("fam", true);
    older.reusable.flow_id8 = "bbbbbbbb";
    older.reusable.flow_version = 3;
    world here;
    here.ecs.describes = {definition("fam", 2, tags("aaaaaaaa", "5"))};
    here.ecs.searches = {std::vector<aws::tagged_resource>{}};
    here.ecs.registers = {definition("fam", 3)};
    CHECK(here.settle(older) == definition_arn("fam", 3) + ", registered [describe search register]");
    world there;
    there.ecs.describes = {definition("fam", 3, tags("bbbbbbbb", "3"))};
    there.ecs.registers = {definition("fam", 4)};
    CHECK(there.settle(newer) == definition_arn("fam", 4) + ", registered [describe register]");
}

namespace {

/// An ECS with state: families and how often each was registered. Registering waits until `expected` threads have
/// described, so that all of them have missed the definition.
struct crowded_ecs {
    explicit crowded_ecs(int expected) : expected_{expected} {}

    fargate::result<aws::task_definition_output> describe_task_definition(json::value const& input,
                                                                          std::stop_token = {}) {
        std::unique_lock lock{mutex_};
        ++described_;
        met_.notify_all();
        auto const family = std::string{json::text_of(input, "taskDefinition").value()};
        if (registered_[family] == 0) return missing();
        return definition(family, registered_[family]);
    }
    fargate::result<aws::task_definition_output> register_task_definition(json::value const& input,
                                                                          std::stop_token = {}) {
        std::unique_lock lock{mutex_};
        met_.wait(lock, [this] { return described_ >= expected_; });
        if (fails_-- > 0) return refusal("AccessDeniedException", "not authorized");
        auto const family = std::string{json::text_of(input, "family").value()};
        return definition(family, ++registered_[family]);
    }
    fargate::result<std::vector<aws::tagged_resource>> all_resources(json::value const&, std::stop_token = {}) {
        return fargate::fail(errc::internal, "nobody searches here");
    }

    int expected_;
    int fails_ = 0;
    std::mutex mutex_;
    std::condition_variable met_;
    int described_ = 0;
    std::map<std::string, int> registered_;
};

/// Settles the plans at once, one thread each; the messages of those that failed.
std::vector<std::string> settle_together(crowded_ecs& ecs, std::vector<std::string> const& families) {
    captured_log log;
    manual_clock clock;
    definitions<crowded_ecs, crowded_ecs, captured_log, manual_clock> book{ecs, ecs, log, clock};
    std::mutex mutex;
    std::vector<std::string> failures;
    {
        std::vector<std::jthread> threads;
        for (auto const& family : families)
            threads.emplace_back([&, family] {
                auto const chosen = book.settle(plan_of(family));
                std::scoped_lock const lock{mutex};
                if (!chosen) failures.push_back(chosen.error().message);
            });
    }
    return failures;
}

} // namespace

TEST_CASE("of launches that miss one family at once, one registers it; other families do not wait",
          "[deploy][definitions]") {
    crowded_ecs ecs{16};
    std::vector<std::string> families(12, "shared");
    for (int i = 0; i != 4; ++i) families.push_back("own-" + std::to_string(i));
    CHECK(settle_together(ecs, families).empty());
    CHECK(ecs.registered_ ==
          std::map<std::string, int>{{"own-0", 1}, {"own-1", 1}, {"own-2", 1}, {"own-3", 1}, {"shared", 1}});
}

TEST_CASE("when the one that registers fails, the next one tries", "[deploy][definitions]") {
    crowded_ecs ecs{8};
    ecs.fails_ = 3;
    CHECK(settle_together(ecs, std::vector<std::string>(8, "shared")) == std::vector<std::string>(3, "not authorized"));
    CHECK(ecs.registered_["shared"] == 1);
}

TEST_CASE("a launch that waits for another's registration can be stopped", "[deploy][definitions]") {
    scripted_ecs ecs;
    captured_log log;
    std::atomic<bool> go{false};
    std::atomic<bool> registering{false};
    ecs.describes = {missing(), missing()};
    ecs.registers = {definition("fam", 1)};
    ecs.on_call = [&](std::string const& operation) {
        if (operation != "register") return;
        registering = true;
        registering.notify_all();
        go.wait(false);
    };
    manual_clock clock;
    definitions<scripted_ecs, scripted_ecs, captured_log, manual_clock> book{ecs, ecs, log, clock};
    bool made = false;
    std::jthread first{[&] { made = book.settle(plan_of("fam")).has_value(); }};
    registering.wait(false);
    std::stop_source stop;
    stop.request_stop();
    auto const second = book.settle(plan_of("fam"), stop.get_token());
    go = true;
    go.notify_all();
    first.join();
    CHECK(made);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == errc::cancelled);
    CHECK(second.error().message == "stopped while another launch registers task definition fam");
}
