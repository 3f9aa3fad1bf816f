#include <fargate/service/deployment.hpp>

#include "service/deployment_bench.hpp"
#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <set>

using namespace fargate;
using testing_support::scripted_run;
using testing_support::scripted_source;
using namespace std::chrono_literals;

namespace {

/// RunTask's answer of `failures` and no task.
error no_task(std::string reason) {
    auto made = fail(errc::service_error, "RunTask started no task: " + reason);
    made.http_status = 200;
    made.service_code = std::move(reason);
    return made;
}

error refusal(std::string code, std::string words) {
    auto made = fail(errc::service_error, "ecs RunTask: " + code + ": " + words);
    made.http_status = 400;
    made.service_code = std::move(code);
    return made;
}
error const throttled = refusal("ThrottlingException", "Rate exceeded");
error const denied = refusal("AccessDeniedException", "not allowed");
error const no_role = refusal("ClientException", "ECS was unable to assume the role");
error const silent = fail(errc::timed_out, "no answer");

using bench = testing_support::deployment_bench<>;

using story = std::vector<std::string>;

} // namespace

TEST_CASE("a run is claimed, launched and told, in that order") {
    bench b;
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.launch.bodies.size() == 1);
    CHECK(b.book.read().launched == 1);
    CHECK(b.log.contains("Deploying flow run r1"));
}

TEST_CASE("7: 0.14.17: prefetch: the job sleeps until the run is due before submitting") {
    bench b;
    auto const start = b.time.now();
    b.deploy("r1", start + 7s + 250ms);
    CHECK(b.waits == std::vector<duration>{7s + 250ms});
    CHECK(b.source.acts() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.log.contains("Waiting 7.250000 seconds to deploy flow run r1 on time..."));

    for (auto const& due : {std::optional<time_point>{}, std::optional{start}, std::optional{b.time.now()}})
        b.deploy("r2", due);
    CHECK(b.waits.size() == 1);
    CHECK(b.launch.bodies.size() == 4);
}

TEST_CASE("7: 0.14.17: prefetch: a stop while a run is held leaves it unclaimed, with the backend") {
    bench b;
    b.begin({"r1", b.time.now() + 1us});
    b.stop.request_stop();
    for (auto& work : b.agenda.rest()) work();
    CHECK(b.busy.size() == 0);
    CHECK(b.source.acts().empty());
    CHECK(b.launch.bodies.empty());
    CHECK(b.book.read().left + b.book.read().failed + b.book.read().launched == 0);
    CHECK_FALSE(b.log.contains("Deploying flow run r1"));
}

TEST_CASE("4.5: the \"State update failed\" silence: a run that another agent owns is left alone, with an INFO line, "
          "no word to it") {
    bench b;
    b.source.on_claim = [](scripted_run const&) { return claim{claim::outcome::lost, "already submitted", {}}; };
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1"});
    CHECK(b.launch.bodies.empty());
    CHECK(b.book.read().left == 1);
    CHECK(b.log.text().find("INFO Leaving flow run r1 alone: already submitted\n") != std::string::npos);
}

TEST_CASE("a claim without an answer is nobody's failure") {
    for (auto const code : {errc::timed_out, errc::connection_failed, errc::cancelled}) {
        bench b;
        b.source.on_claim = [code](scripted_run const&) { return fail(code, "no answer"); };
        b.deploy("r1");
        CHECK(b.source.acts() == story{"claim r1"});
        CHECK(b.launch.bodies.empty());
        CHECK(b.book.read().failed == 0);
    }
}

TEST_CASE("a claim that a broken server answers is nobody's failure, either") {
    bench b;
    b.source.on_claim = [](scripted_run const&) {
        auto why = fail(errc::service_error, "502 Server Error");
        why.http_status = 502;
        return why;
    };
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1"});
    CHECK(b.book.read().left == 1);
}

TEST_CASE("a claim that is refused for another reason fails the run with that reason") {
    bench b;
    b.source.on_claim = [](scripted_run const&) { return fail(errc::service_error, "400 Client Error"); };
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "failed r1 400 Client Error"});
}

TEST_CASE("a run that cannot be planned fails with the reason before any AWS call") {
    bench b;
    b.plan.answer = fail(errc::invalid_argument, "no image");
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "failed r1 no image"});
    CHECK(b.launch.bodies.empty());
    CHECK(b.book.read().failed == 1);
    CHECK(b.log.contains("Logging platform error for flow run r1"));
}

TEST_CASE("a launch that AWS refuses reaches the run's log and state") {
    bench b;
    b.launch.answers = {fail(errc::invalid_argument, "AccessDeniedException")};
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "failed r1 AccessDeniedException"});
    CHECK(b.log.contains("Error while deploying flow: AccessDeniedException"));
}

TEST_CASE("a launch that fails without a word fails its run all the same") {
    bench b;
    b.launch.answers = {fail(errc::invalid_argument, "")};
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "failed r1 "});
    CHECK(b.book.read().failed == 1);
}

TEST_CASE("4.5: if the final INFO log fails, the already started run is not failed: the lost line is a warning") {
    bench b;
    b.source.on_tell = [](std::string const& line) {
        return line.starts_with("launched") ? result<void>{silent} : result<void>{};
    };
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.book.read().launched == 1);
    CHECK(b.book.read().failed == 0);
    CHECK(b.log.contains("could not be written"));
}

TEST_CASE("4.5: an exception while reporting the failure is at least in the agent's log") {
    bench b;
    b.launch.answers = {fail(errc::invalid_argument, "no such role")};
    b.source.on_tell = [](std::string const& line) {
        return line.starts_with("failed") ? result<void>{fail(errc::invalid_argument, "refused")} : result<void>{};
    };
    b.deploy("r1");
    CHECK(b.log.contains("flow run r1 could not be marked as failed: refused"));
    CHECK(b.log.contains("no such role"));
}

TEST_CASE("a run's end is told until it is heard, and till then the run is in hand") {
    bench b;
    b.launch.answers = {fail(errc::invalid_argument, "no such role")};
    int refusals = 3;
    b.source.on_tell = [&](std::string const& line) {
        return line.starts_with("failed") && refusals-- > 0 ? result<void>{fail(errc::connection_failed, "refused")}
                                                            : result<void>{};
    };
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "failed r1 no such role", "failed r1 no such role",
                                   "failed r1 no such role", "failed r1 no such role"});
    CHECK(b.waits == std::vector<duration>{1s, 2s, 4s});
    CHECK(b.book.read().failed == 1);
    CHECK(b.busy.size() == 0);
}

TEST_CASE("an answer that tells nothing is asked for again with the same bytes until there is one") {
    bench b;

    auto broken = fail(errc::service_error, "internal");
    broken.http_status = 500;
    for (int i = 0; i != 100; ++i) b.launch.answers.push_back(i % 2 == 0 ? silent : broken);
    b.deploy("r1");
    REQUIRE(b.launch.bodies.size() == 101);
    for (auto const& each : b.launch.bodies) CHECK(each == b.launch.bodies[0]);
    CHECK(b.source.acts() == story{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.waits.front() == 1s);
    CHECK(b.waits.back() == 30s);
    CHECK(b.book.read().failed == 0);
}

TEST_CASE("nothing is asked for with a token that ECS may have forgotten: the run is left to who looks for its task") {
    bench b;
    for (int i = 0; i != 1000; ++i) b.launch.answers.push_back(silent);
    b.deploy("r1");
    CHECK(b.agenda.passed() >= 55min);
    CHECK(b.agenda.passed() < 56min);
    CHECK_THAT(b.source.acts().back(), Catch::StartsWith("note r1 It is not known whether a task was started"));
    CHECK(b.book.read().left == 1);

    auto const asked = b.launch.bodies.size();
    b.source.known = {{{"r2"}, run_life::claimed, true, {}}};
    CHECK_FALSE(
        b.deployment.revive({{"r2"}, run_life::claimed, true, b.time.now() - 56min}, 0, 0, 0s, b.stop.get_token()));
    (void)b.deployment.revive({{"r2"}, run_life::claimed, true, b.time.now() - 54min}, 0, 0, 0s, b.stop.get_token());
    b.go_on();
    CHECK(b.launch.bodies.size() > asked);
    CHECK(b.agenda.passed() < 58min);
}

TEST_CASE("who takes over a run goes quickly through the attempts that were made before") {
    bench b;
    for (int i = 0; i != 60; ++i) b.launch.answers.push_back(no_task("RESOURCE:MEMORY"));
    b.source.known = {{{"r1"}, run_life::claimed, true, {}}};
    (void)b.deployment.revive({{"r1"}, run_life::claimed, true, b.time.now() - 10min}, 0, 0, 0s, b.stop.get_token());
    b.go_on();
    CHECK(b.agenda.passed() == 60s);
    CHECK(b.source.acts() == story{"launched r1 arn:task/1"});
}

TEST_CASE("a shortage holds a run to its deadline, each time under a new attempt, and then fails it with the reason") {
    service::protocol rules;
    rules.launch_deadline = 10min;
    bench b{rules};
    for (int i = 0; i != 1000; ++i) b.launch.answers.push_back(no_task("RESOURCE:MEMORY"));
    b.deploy("r1");
    std::set<std::string> tokens;
    for (auto const& each : b.launch.bodies) tokens.insert(std::string{*json::text_of(each, "clientToken")});
    CHECK(tokens.size() == b.launch.bodies.size());
    CHECK(b.agenda.passed() == 10min);
    REQUIRE(b.source.acts().size() == 2);
    CHECK_THAT(b.source.acts()[1], Catch::StartsWith("failed r1 RunTask started no task: RESOURCE:MEMORY") &&
                                       Catch::Contains("600 seconds"));
}

TEST_CASE("a throttle is waited out under the same token") {
    bench b;
    for (int i = 0; i != 5; ++i) b.launch.answers.push_back(throttled);
    b.deploy("r1");
    REQUIRE(b.launch.bodies.size() == 6);
    for (auto const& each : b.launch.bodies) CHECK(each == b.launch.bodies[0]);
    CHECK(b.book.read().throttled == 5);
    auto const told = b.source.story();
    CHECK(std::count(told.begin(), told.end(), "note r1 No task yet, it is tried again: " + throttled.message) == 1);
    CHECK(b.book.read().launched == 1);
}

TEST_CASE("a role that ECS does not know yet has two minutes, whatever the launch deadline") {
    bench b;
    for (int i = 0; i != 100; ++i) b.launch.answers.push_back(no_role);
    b.deploy("r1");
    CHECK(b.agenda.passed() == 2min);
    CHECK(b.book.read().failed == 1);
}

TEST_CASE("a failure that nobody knows to pass is tried as often as a task that never starts, then told") {
    service::protocol rules;
    rules.launch_attempts = 3;
    bench b{rules};
    for (int i = 0; i != 100; ++i) b.launch.answers.push_back(no_task("odd"));
    b.deploy("r1");
    CHECK(b.launch.bodies.size() == 3);
    CHECK(b.source.acts() == story{"claim r1", "failed r1 RunTask started no task: odd"});
}

TEST_CASE(
    "a run keeps to the first place of the capacity plan for a while, then takes the next, and the last for good") {
    service::protocol rules;
    rules.capacity_plan = {"FARGATE_SPOT", "FARGATE"};
    rules.capacity_fallback = 1min;
    bench b{rules};
    for (int i = 0; i != 20; ++i) b.launch.answers.push_back(no_task("Capacity is unavailable at this time"));
    std::vector<duration> when;
    b.begin({"r1"});
    std::size_t seen = 0;
    for (int turns = 0; b.busy.size() != 0 && turns != 100; ++turns) {
        for (; seen != b.launch.bodies.size(); ++seen) when.push_back(b.agenda.passed());
        b.bell.reset();
        b.agenda.sleep(b.agenda.next().value_or(1s));
        for (auto& work : b.agenda.due()) work();
    }
    for (std::size_t i = 0; i != seen; ++i) {
        bool const on_demand = b.launch.bodies[i].dump().find("SPOT") == std::string::npos;
        CHECK(on_demand == (when[i] >= 1min));
    }
    CHECK(b.book.read().launched == 1);

    SECTION("without patience at once") {
        rules.capacity_fallback = 0s;
        bench eager{rules};
        eager.launch.answers = {no_task("Capacity is unavailable at this time")};
        eager.deploy("r1");
        REQUIRE(eager.launch.bodies.size() == 2);
        CHECK(eager.launch.bodies[0].dump().find("SPOT") != std::string::npos);
        CHECK(eager.launch.bodies[1].dump().find("SPOT") == std::string::npos);
    }
}

TEST_CASE("a subnet without addresses is left out of the next attempts of every run, for three minutes") {
    bench b;
    b.launch.answers = {no_task("InsufficientFreeAddressesInSubnet: The specified subnet 'subnet-0bad0bad' does not "
                                "have enough free addresses")};
    b.deploy("r1");
    REQUIRE(b.launch.bodies.size() == 2);
    CHECK(b.launch.bodies[0].dump().find("subnet-0bad0bad") != std::string::npos);
    CHECK(b.launch.bodies[1].dump().find("subnet-0bad0bad") == std::string::npos);
}

TEST_CASE("claims come no faster than launches may, and beyond the burst in turn") {
    service::protocol rules;
    rules.launch_rate = 2;
    rules.launch_burst = 3;
    bench b{rules};
    for (auto const* id : {"a", "b", "c", "d", "e"}) b.begin({id});
    CHECK(b.launch.bodies.size() == 3);
    CHECK(b.source.acts().size() == 6);
    b.go_on();
    CHECK(b.waits == std::vector<duration>{500ms, 500ms});
    CHECK(b.launch.bodies.size() == 5);
}

TEST_CASE("with as many runs in flight as may be, no more are claimed, and they stay with the backend") {
    service::protocol rules;
    rules.max_in_flight = 2;
    bench b{rules};
    b.deploy("a");
    CHECK(b.watched.size() == 1);
    b.launch.answers = {silent, deploy::launched{"arn:task/2", "family", true}};
    b.begin({"b"});
    b.begin({"c"});
    CHECK(b.busy.ids() == std::vector<std::string>{"b"});
    b.go_on();
    CHECK(b.source.acts() == story{"claim a", "launched a arn:task/1", "claim b", "launched b arn:task/2"});
    b.deploy("d");
    CHECK(b.source.acts().size() == 4);
}

TEST_CASE("a claim that nobody can tell about is left to the reconciler, with a warning") {
    bench b;
    b.source.on_claim = [](scripted_run const&) { return claim{claim::outcome::unclear, "no answer", {}}; };
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1"});
    CHECK(b.log.text().find("WARNING flow run r1 could not be claimed: no answer") != std::string::npos);
    CHECK(b.book.read().left == 1);
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a claim that is answered with a time is made again then") {
    bench b;
    int asked = 0;
    b.source.on_claim = [&](scripted_run const&) {
        return asked++ == 0 ? claim{claim::outcome::later, "the limit is reached", 42s} : claim{};
    };
    b.deploy("r1");
    CHECK(b.waits == std::vector<duration>{42s});
    CHECK(b.source.acts() == story{"claim r1", "claim r1", "launched r1 arn:task/1"});
}

TEST_CASE("a claimed run is revived without another claim, from the attempt it is told, unless it is in hand") {
    bench b;
    run_view<scripted_run> const view{{"r1"}, run_life::claimed, true, {}};
    CHECK(b.deployment.revive(view, 2, 0, 10s, b.stop.get_token()));
    CHECK_FALSE(b.deployment.revive(view, 0, 0, 0s, b.stop.get_token()));
    b.go_on();
    CHECK(b.source.acts() == story{"launched r1 arn:task/1"});
    CHECK(b.waits == std::vector<duration>{10s});
    REQUIRE(b.launch.bodies.size() == 1);
    bench other;
    other.launch.answers = {no_task("odd"), no_task("odd")};
    other.deploy("r1");
    CHECK(json::text_of(b.launch.bodies[0], "clientToken") == json::text_of(other.launch.bodies.back(), "clientToken"));
}

TEST_CASE("a launched run is followed, with what its plan says") {
    bench b;
    b.plan.answer->max_run = 1h;
    json::set(b.plan.answer->task, "cluster", "dev");
    b.deploy("r1");
    REQUIRE(b.watched.size() == 1);
    service::protocol rules;
    rules.watch = false;
    bench blind{rules};
    blind.deploy("r1");
    CHECK(blind.watched.size() == 0);
}

TEST_CASE("a stop claims nothing more, and leaves what is claimed to the agent that comes next") {
    bench b;
    b.launch.answers = {silent, silent};
    b.begin({"r1"});
    b.stop.request_stop();
    b.begin({"r2"});
    for (auto& work : b.agenda.rest()) work();
    CHECK(b.busy.size() == 0);
    CHECK(b.source.acts() == story{"claim r1"});
    CHECK(b.log.contains("the agent that comes next launches it"));
    CHECK(b.book.read().failed == 0);
}

TEST_CASE("a source that takes claims back gets those back for which nobody has sent anything") {
    struct generous : scripted_source {
        std::vector<std::string> released;
        result<void> release(run const& of, std::string_view, std::stop_token) {
            released.push_back(of.id);
            return {};
        }
    };
    testing_support::deployment_bench<generous> b;
    b.plan.answer = silent; // claimed, and not planned yet
    b.begin({"r1"});
    b.plan.answer = testing_support::planner::planned();
    (void)b.deployment.revive({{"r2"}, run_life::claimed, true, {}}, 0, 0, 10s, b.stop.get_token());
    b.launch.answers = {silent};
    b.begin({"r3"});
    b.stop.request_stop();
    for (auto& work : b.agenda.rest()) work();
    CHECK(b.source.released == std::vector<std::string>{"r1"});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a run that may have a task is not failed for what is answered later") {
    for (auto const& later : {denied, throttled, no_role}) {
        bench b;
        b.launch.answers = {silent};
        for (int i = 0; i != 1000; ++i) b.launch.answers.push_back(later);
        b.deploy("r1");
        for (auto const& each : b.source.acts()) CHECK_THAT(each, !Catch::StartsWith("failed"));
        CHECK(b.agenda.passed() >= 55min);
        CHECK(b.book.read().failed == 0);
    }
    bench b;
    b.launch.answers = {silent, no_task("RESOURCE:MEMORY"), denied};
    b.deploy("r1");
    CHECK(b.source.acts() == story{"claim r1", "failed r1 " + denied.message});
}

TEST_CASE("time without an answer does not count against a run that waits for capacity") {
    service::protocol rules;
    rules.launch_deadline = 10min;
    bench b{rules};
    for (int i = 0; i != 30; ++i) b.launch.answers.push_back(silent); // about 14 minutes
    for (int i = 0; i != 5; ++i) b.launch.answers.push_back(no_task("RESOURCE:MEMORY"));
    b.deploy("r1");
    CHECK(b.agenda.passed() > 10min);
    CHECK(b.book.read().launched == 1);
    CHECK(b.book.read().failed == 0);
}

TEST_CASE("what keeps a run from being planned now holds it, and what will always do fails it") {
    bench b;
    b.plan.answer = silent;
    b.begin({"r1"});
    CHECK(b.busy.size() == 1);
    b.plan.answer = testing_support::planner::planned();
    b.go_on();
    CHECK(b.source.acts() == story{"claim r1", "launched r1 arn:task/1"});
}

TEST_CASE("a run that has waited is looked at, and let go when it was cancelled or started anew") {
    auto const change = GENERATE(values<run_life>({run_life::cancelled, run_life::waiting, run_life::running}));
    bench b;
    for (int i = 0; i != 1000; ++i) b.launch.answers.push_back(no_task("RESOURCE:MEMORY"));
    b.begin({"r1"});
    b.source.known[0].life = change;
    b.go_on();
    CHECK(b.source.acts() == story{"claim r1"});
    CHECK(b.agenda.passed() < 3min);
    CHECK(b.book.read().left == 1);
    CHECK(b.book.read().failed == 0);

    bench other;
    for (int i = 0; i != 1000; ++i) other.launch.answers.push_back(no_task("RESOURCE:MEMORY"));
    int asked = 0;
    other.source.on_epoch = [&](scripted_run const&) { return std::to_string(asked++); };
    other.deploy("r1");
    CHECK(other.source.acts() == story{"claim r1"});
}

TEST_CASE("a claim that is refused for now is nobody's failure, and one the API will never take is the run's") {
    for (int const status : {401, 403, 429, 500}) {
        bench b;
        b.source.on_claim = [&](scripted_run const&) {
            auto why = fail(errc::service_error, "no");
            why.http_status = status;
            return why;
        };
        b.deploy("r1");
        CHECK(b.source.acts() == story{"claim r1"});
        CHECK(b.book.read().failed == 0);
    }
}

TEST_CASE("a run that is another's rests for a while before it is taken up again") {
    bench b;
    b.source.on_claim = [](scripted_run const&) { return claim{claim::outcome::lost, "already submitted", {}}; };
    b.begin({"r1"});
    CHECK(b.busy.has("r1"));
    b.go_on();
    CHECK(b.agenda.passed() == 5s);
}

TEST_CASE("launches leave workers for what is done beside them: the others wait for a lane, unclaimed") {
    bench b{{}, 1};
    std::vector<std::string> claimed_meanwhile;
    b.launch.on_launch = [&] {
        if (b.launch.bodies.size() != 1) return;
        b.begin({"r2"}); // as another worker would, while the first waits for RunTask
        claimed_meanwhile = b.busy.claimed();
    };
    b.deploy("r1");
    CHECK(claimed_meanwhile == std::vector<std::string>{"r1"});
    CHECK(b.source.acts() == story{"claim r1", "launched r1 arn:task/1", "claim r2", "launched r2 arn:task/1"});
}

TEST_CASE("without tokens of its own a launch is the original's: any failure is the run's") {
    service::protocol rules;
    rules.idempotent = false;
    for (auto const& why : {silent, no_task("RESOURCE:MEMORY")}) {
        bench b{rules};
        b.launch.answers = {why};
        b.deploy("r1");
        CHECK(b.source.acts() == story{"claim r1", "failed r1 " + why.message});
        CHECK(json::member(b.launch.bodies.at(0), "clientToken") == nullptr);
    }
}
