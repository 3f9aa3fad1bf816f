#include <fargate/service/announcing.hpp>

#include "service/deployment_bench.hpp"
#include "support/catch.hpp"

#include <fargate/system/executor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <latch>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::scripted_run;
using testing_support::scripted_source;

namespace {

/// A source that claims several at once and takes the tasks of several.
struct group_source : scripted_source {
    std::vector<std::vector<std::string>> groups{}; ///< the runs of each request for several
    std::optional<error> trouble{};
    std::string unheard{}; ///< the run whose line alone is refused
    std::function<void()> on_lines = [] {};
    std::vector<result<fargate::claim>> claim_all(std::span<run const* const> wanted, std::stop_token) {
        return std::vector<result<fargate::claim>>(wanted.size(), fargate::claim{});
    }
    std::vector<result<void>> launched_all(std::span<run_handle const> runs, std::stop_token) {
        std::vector<result<void>> made;
        groups.emplace_back();
        for (auto const& each : runs) {
            groups.back().push_back(each.run);
            made.push_back(trouble               ? result<void>{*trouble}
                           : each.run == unheard ? result<void>{fail(errc::service_error, "no such run")}
                                                 : result<void>{});
        }
        on_lines();
        return made;
    }
};

struct bench : testing_support::deployment_bench<group_source> {
    using deployment_bench::deployment_bench;
    void deploy(std::size_t count) {
        std::vector<scripted_run> offered;
        for (std::size_t i = 0; i != count; ++i) {
            offered.push_back({"r" + std::to_string(offered_before++)});
            source.known.push_back({offered.back(), run_life::claimed, true, time.now()});
            REQUIRE(busy.enter(offered.back().id));
        }
        REQUIRE(deployment.deploy(std::move(offered), stop.get_token()));
    }
    std::size_t offered_before = 0;
    /// How many runs each request told of.
    [[nodiscard]] std::vector<std::size_t> told() const {
        std::vector<std::size_t> made;
        for (auto const& each : source.groups) made.push_back(each.size());
        return made;
    }
};

using sizes = std::vector<std::size_t>;

error refusal(std::string code) {
    auto made = fail(errc::service_error, "ecs RunTask: " + code);
    made.http_status = 400;
    made.service_code = std::move(code);
    return made;
}

} // namespace

TEST_CASE("runs that were claimed together are told their tasks by one request, when the last of them has its own") {
    bench b;
    b.source.on_lines = [&] { CHECK(b.launch.bodies.size() == 25); };
    b.deploy(25);
    b.go_on();
    CHECK(b.told() == sizes{25});
    CHECK(b.source.acts().empty()); // no line by itself
    CHECK(b.watched.live() == 1);   // they all became the same task, here
    CHECK(b.busy.size() == 0);
    CHECK(b.time.slept() == std::vector<duration>{0s}); // nobody waited for more
}

TEST_CASE(
    "a deployment is behind while more claimed runs wait than its lanes and three pages hold, and rings at the end") {
    bool const fails = GENERATE(false, true);
    bench b{{}, 10};
    for (auto const page : {25U, 25U, 25U, 10U}) b.deploy(page);
    CHECK_FALSE(b.deployment.is_behind());
    b.deploy(2);
    CHECK(b.deployment.is_behind());
    if (fails) b.launch.answers.assign(87, refusal("InvalidParameterException"));
    std::vector<bool> behind;
    bool rang = false;
    b.launch.on_launch = [&] {
        if (behind.size() == 2) rang = b.bell.token().stop_requested();
        behind.push_back(b.deployment.is_behind());
        b.bell.reset();
    };
    b.go_on();
    CHECK(behind.size() == 87);
    CHECK(std::count(behind.begin(), behind.end(), true) == 2);
    CHECK(behind[1]);
    CHECK(rang);
    CHECK(b.busy.size() == 0);
    CHECK_FALSE(b.deployment.is_behind());
}

TEST_CASE("a run by itself is told at once, as one") {
    bench b;
    b.begin({"r1"});
    CHECK(b.source.acts() == std::vector<std::string>{"claim r1", "launched r1 arn:task/1"});
    CHECK(b.source.groups.empty());
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a task is followed, and its run leaves, once its line is written, or could not be") {
    bench b;
    bool const fails = GENERATE(false, true);
    if (fails) b.source.trouble = fail(errc::timed_out, "no answer");
    b.source.on_lines = [&] {
        CHECK(b.watched.live() == 0);
        CHECK(b.busy.claimed().size() == 3);
    };
    b.deploy(3);
    b.go_on();
    CHECK(b.told() == sizes{3});
    CHECK(b.watched.live() == 1);
    CHECK(b.busy.size() == 0);
    CHECK(b.book.read().launched == 3);
    CHECK(b.book.read().failed == 0);
    CHECK(b.log.count(log_level::warning) == (fails ? 3 : 0));
    CHECK(b.log.contains("flow run r2 runs as arn:task/1, but its log could not be written: no answer") == fails);
}

TEST_CASE("of several lines, the one that is refused is a warning of its own") {
    bench b;
    b.source.unheard = "r1";
    b.deploy(3);
    b.go_on();
    CHECK(b.log.count(log_level::warning) == 1);
    CHECK(b.log.contains("flow run r1 runs as arn:task/1, but its log could not be written: no such run"));
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a run that fails is told so at once, and the others do not wait for it any longer") {
    bench b;
    std::size_t launched = 0;
    b.launch.on_launch = [&] {
        b.launch.answers.clear();
        if (++launched == 3) b.launch.answers = {refusal("AccessDeniedException")};
    };
    std::size_t failures_before_lines = 0;
    b.source.on_lines = [&] { failures_before_lines = b.source.acts().size(); };
    b.deploy(3);
    b.go_on();
    CHECK(b.source.acts() == std::vector<std::string>{"failed r2 ecs RunTask: AccessDeniedException"});
    CHECK(failures_before_lines == 1);
    CHECK(b.waits.empty());
    CHECK(b.told() == sizes{2});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a run that has to wait keeps nobody's line, and is told by itself when it has its task") {
    bench b;
    std::size_t launched = 0;
    b.launch.on_launch = [&] {
        b.launch.answers.clear();
        if (++launched == 1) b.launch.answers = {refusal("ThrottlingException")};
    };
    b.deploy(4);
    b.source.on_lines = [&] {
        CHECK(b.launch.bodies.size() == 4);
        CHECK(b.agenda.passed() == 0s);
    };
    b.go_on();
    CHECK(b.told() == sizes{3});
    CHECK(b.source.acts() == std::vector<std::string>{"launched r0 arn:task/1"});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("no line waits longer than half a second for others, whether the launches take turns or a thread is free") {
    bench b;
    b.launch.on_launch = [&] { b.time.advance(200ms); };
    b.deploy(7);
    b.go_on(); // one thread: told with the first launch that ends behind the half second
    CHECK(b.told() == sizes{4, 3});

    bench free;
    free.deploy(3);
    auto jobs = free.agenda.due();
    REQUIRE(jobs.size() == 3);
    jobs[0]();
    jobs[1]();
    CHECK(free.told().empty());
    free.time.advance(499ms);
    CHECK(free.agenda.due().empty());
    free.time.advance(1ms);
    for (auto& late : free.agenda.due()) late();
    CHECK(free.told() == sizes{2});
    CHECK(free.busy.size() == 1);
    jobs[2]();
    CHECK(free.source.acts() == std::vector<std::string>{"launched r2 arn:task/1"});
    free.time.advance(1s);
    for (auto& late : free.agenda.due()) late();
    CHECK(free.told() == sizes{2});
}

TEST_CASE("a stop has what waits told before the runs leave") {
    bench b;
    b.deploy(3);
    auto jobs = b.agenda.due();
    jobs[0]();
    jobs[1]();
    b.stop.request_stop();
    CHECK(b.busy.size() == 3);
    for (auto& work : b.agenda.rest()) work(); // what the poller does with what waits
    CHECK(b.told() == sizes{2});
    jobs[2]();
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a hundred lines are a request, however many launches are under way") {
    service::protocol rules;
    rules.launch_rate = 0;
    bench b{rules};
    b.deploy(250);
    b.go_on();
    CHECK(b.told() == sizes{100, 100, 50});
}

TEST_CASE("an agent that is told to claim one by one tells one by one") {
    service::protocol apart;
    apart.batch_claims = false;
    bench b{apart};
    for (char const* const each : {"a", "b", "c"}) b.begin({each});
    CHECK(b.source.groups.empty());
    CHECK(b.source.acts().size() == 6);
}

TEST_CASE("launches of several threads are told by one request, each once") {
    bench b;
    std::latch together{4};
    b.launch.on_launch = [&] { together.arrive_and_wait(); };
    b.deploy(4);
    {
        thread_pool pool{4};
        for (auto& work : b.agenda.due()) pool.submit(std::move(work));
        pool.drain();
    }
    REQUIRE(b.told() == sizes{4});
    auto runs = b.source.groups[0];
    std::sort(runs.begin(), runs.end());
    CHECK(runs == std::vector<std::string>{"r0", "r1", "r2", "r3"});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("while one thread tells, others launch on, and it takes along what they have") {
    bench b;
    b.deploy(3);
    auto jobs = b.agenda.due();
    jobs[0]();
    b.time.advance(500ms);
    auto late = b.agenda.due();
    REQUIRE(late.size() == 1);
    bool first = true;
    b.source.on_tell = [&](std::string const& line) {
        if (line.starts_with("launched") && std::exchange(first, false)) {
            jobs[1]();
            jobs[2]();
            CHECK(b.told().empty()); // not by a second one
        }
        return result<void>{};
    };
    late[0]();
    CHECK(b.source.acts() == std::vector<std::string>{"launched r0 arn:task/1"});
    CHECK(b.told() == sizes{2});
    CHECK(b.busy.size() == 0);
}
