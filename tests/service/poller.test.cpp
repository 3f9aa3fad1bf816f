#include <fargate/service/poller.hpp>

#include "service/scripted_source.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

using namespace fargate;
using testing_support::scripted_run;
using testing_support::scripted_source;
using namespace std::chrono_literals;

namespace {

using runs = std::vector<scripted_run>;

struct recording_deployment {
    service::in_flight& busy;
    service::wake& bell;
    std::function<void(scripted_run const&)> on_deploy = [](scripted_run const&) {};
    std::atomic<int> cuts{0};
    std::mutex mutex{};
    std::vector<std::string> deployed{};
    std::vector<std::stop_token> tokens{};
    void deploy(scripted_run const& offered, std::stop_token const& stop) {
        {
            std::lock_guard const lock{mutex};
            deployed.push_back(offered.id);
            tokens.push_back(stop);
        }
        on_deploy(offered);
        end(offered);
    }
    bool deploy(std::vector<scripted_run> const& offered, std::stop_token const& stop) {
        groups.push_back(offered.size());
        for (auto const& each : offered) deploy(each, stop);
        return whole;
    }
    bool whole = true;
    bool together = false;
    std::vector<std::size_t> groups{};
    [[nodiscard]] bool claims_together() const { return together; }
    void end(scripted_run const& offered) {
        busy.leave(offered.id);
        bell.ring();
    }
    void cut() { ++cuts; }
    [[nodiscard]] bool has_room() const { return busy.size() < room; }
    [[nodiscard]] bool is_behind() const { return behind; }
    bool behind = false;
    std::size_t room = 1000;
};

/// A source that offers three runs at most.
struct paged_source : scripted_source {
    static constexpr std::size_t most_offered = 3;
};

template <class Executor, class Source = scripted_source>
struct bench {
    Source source;
    testing::manual_clock clock;
    testing::captured_log log;
    service::in_flight busy;
    service::wake bell;
    service::agenda<testing::manual_clock> agenda{clock, bell};
    recording_deployment deployment{busy, bell};
    service::health_book book;
    Executor executor;
    service::poller<Source, recording_deployment, testing::manual_clock, testing::captured_log, Executor> poller{
        source, deployment, busy, agenda, bell, clock, log, executor, book};

    [[nodiscard]] auto polls() const {
        auto const told = source.told();
        return std::count(told.begin(), told.end(), "poll");
    }
};

} // namespace

TEST_CASE("the runs of a poll are handed over together where they are claimed together, and one by itself") {
    bench<inline_executor> b;
    b.deployment.together = true;
    b.source.polls = {runs{{"a"}, {"b"}, {"c"}}, runs{{"d"}}, runs{{"e"}, {"f"}}};
    b.poller.run(3, {});
    CHECK(b.deployment.groups == std::vector<std::size_t>{3, 2});
    CHECK(b.deployment.deployed == std::vector<std::string>{"a", "b", "c", "d", "e", "f"});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a full page that was claimed is followed by the next poll at once, and no other poll is") {
    bench<inline_executor, paged_source> b;
    b.deployment.together = true;
    b.source.polls = {runs{{"a"}, {"b"}, {"c"}}, runs{{"d"}, {"e"}, {"f"}}, runs{{"g"}, {"h"}}, runs{}};
    std::vector<duration> polled;
    b.source.on_poll = [&] { polled.push_back(b.agenda.passed()); };
    b.poller.run(4, {});
    CHECK(polled == std::vector<duration>{0ms, 0ms, 0ms, 250ms});
    CHECK(b.deployment.groups == std::vector<std::size_t>{3, 3, 2});

    bench<inline_executor, paged_source> later; // what is left to be claimed later would be offered again
    later.deployment.together = true;
    later.deployment.whole = false;
    later.source.polls = {runs{{"a"}, {"b"}, {"c"}}, runs{}};
    later.poller.run(2, {});
    CHECK(later.clock.slept() == std::vector<duration>{250ms, 500ms});

    bench<inline_executor, paged_source> apart;
    apart.source.polls = {runs{{"a"}, {"b"}, {"c"}}, runs{}};
    apart.poller.run(2, {});
    CHECK(apart.clock.slept() == std::vector<duration>{250ms, 500ms});
}

TEST_CASE("with workers, the next poll follows a full page as soon as that is claimed, not before") {
    bench<thread_pool, paged_source> b;
    b.deployment.together = true;
    b.source.polls = {runs{{"a"}, {"b"}, {"c"}}, runs{}};
    int polls = 0;
    bool claimed_first = false;
    std::stop_source stop;
    std::latch may_claim{1};
    b.deployment.on_deploy = [&](scripted_run const&) { may_claim.wait(); };
    b.clock.during_sleep([&](duration) { // the wait behind the first poll: the claim ends it
        may_claim.count_down();
        b.executor.drain();
    });
    b.source.on_poll = [&] {
        if (++polls != 2) return;
        claimed_first = b.deployment.deployed.size() == 3;
        stop.request_stop();
    };
    b.poller.run(std::nullopt, stop.get_token());
    CHECK(polls == 2);
    CHECK(claimed_first);
    CHECK(b.agenda.passed() < 250ms + 1us);
}

TEST_CASE("while the deployment is behind no run is taken, and the next poll follows a ring when it no longer is") {
    bench<inline_executor, paged_source> b;
    b.deployment.behind = true;
    b.source.polls = {runs{{"a"}}, runs{{"a"}}, runs{{"a"}}, runs{}};
    std::vector<duration> polled;
    b.source.on_poll = [&] { polled.push_back(b.agenda.passed()); };
    int sleeps = 0;
    b.clock.during_sleep([&](duration) {
        ++sleeps;
        if (sleeps == 1) CHECK(b.deployment.deployed.empty());
        if (sleeps == 2) b.bell.ring(); // it still is
        if (sleeps == 3) {
            b.deployment.behind = false;
            b.bell.ring();
        }
    });
    b.poller.run(4, {});
    CHECK(polled == std::vector<duration>{0ms, 500ms, 500ms, 750ms}); // asking often would be in vain
    CHECK(b.deployment.deployed == std::vector<std::string>{"a"});
}

TEST_CASE("a poll that takes runs is all that a deployment which caught up meanwhile asked for") {
    bench<inline_executor> b;
    b.deployment.behind = true;
    b.source.polls = {runs{{"a"}}, runs{{"a"}}, runs{}};
    std::vector<duration> polled;
    b.source.on_poll = [&] {
        polled.push_back(b.agenda.passed());
        if (polled.size() != 2) return;
        b.deployment.behind = false;
        b.bell.ring();
    };
    b.poller.run(3, {});
    CHECK(polled == std::vector<duration>{0ms, 500ms, 750ms});
    CHECK(b.deployment.deployed == std::vector<std::string>{"a"});
}

TEST_CASE("a poke while the deployment is behind waits until it no longer is") {
    bench<inline_executor> b;
    b.deployment.behind = true;
    std::vector<bool> behind;
    b.source.on_poll = [&] { behind.push_back(b.deployment.behind); };
    int sleeps = 0;
    b.clock.during_sleep([&](duration) {
        if (++sleeps == 1) b.poller.poke();
        if (sleeps != 2) return;
        b.deployment.behind = false;
        b.bell.ring();
    });
    b.poller.run(2, {});
    CHECK(behind == std::vector<bool>{true, false});
    CHECK(b.clock.slept() == std::vector<duration>{500ms, 500ms, 1s}); // finding nothing is no work
}

TEST_CASE("the waits follow the recorded pace, and work starts it again") {
    bench<inline_executor> b;
    b.source.polls = {runs{}, runs{}, runs{{"a"}}, runs{}};
    b.poller.run(5, {});
    CHECK(b.clock.slept() == std::vector<duration>{500ms, 1s, 250ms, 500ms, 1s});
    CHECK(b.deployment.deployed == std::vector<std::string>{"a"});
}

TEST_CASE("no polls allowed means no poll, and a count means exactly that many") {
    for (std::int64_t const allowed : {0, 1, 2}) {
        bench<inline_executor> b;
        b.poller.run(allowed, {});
        CHECK(b.polls() == allowed);
    }
}

TEST_CASE("4.2: a negative count of polls is no end") {
    bench<inline_executor> b;
    std::stop_source stop;
    int polls = 0;
    b.source.on_poll = [&] {
        if (++polls == 5) stop.request_stop();
    };
    b.poller.run(-1, stop.get_token());
    CHECK(b.polls() == 5);
}

TEST_CASE("4.2: the wait comes after the last allowed poll, too, and is told before") {
    bench<inline_executor> b;
    b.source.polls = {runs{{"a"}}};
    b.poller.run(2, {});
    CHECK(b.clock.slept() == std::vector<duration>{250ms, 500ms});
    CHECK(b.log.contains("Next query for flow runs in 0.25 seconds"));
    CHECK(b.log.contains("Next query for flow runs in 0.5 seconds"));
}

TEST_CASE("an outage never ends the loop and is logged when it begins, changes and ends, not at every poll") {
    bench<inline_executor> b;
    auto const refused = fail(errc::connection_failed, "cannot reach http://api: connection refused", true);
    b.source.polls = {refused, refused, refused, fail(errc::malformed_response, "an HTML page"), runs{{"a"}}, refused};
    b.poller.run(6, {});
    auto const text = b.log.text();
    auto const count = [&](std::string_view part) {
        int found = 0;
        for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
        return found;
    };
    CHECK(count("connection refused") == 2);
    CHECK(count("an HTML page") == 1);
    CHECK(count("answers again") == 1);
    CHECK(b.clock.slept() == std::vector<duration>{500ms, 1s, 2s, 4s, 250ms, 500ms});
    CHECK(b.deployment.deployed == std::vector<std::string>{"a"});
    CHECK(b.book.read().failed_polls == 5);
    CHECK_FALSE(b.book.read().ok());
}

TEST_CASE("a run that is still being deployed is not deployed again however often it is offered") {
    bench<thread_pool> b;
    std::latch begun{1};
    std::latch may_end{1};
    b.deployment.on_deploy = [&](scripted_run const&) {
        begun.count_down();
        may_end.wait();
    };
    int polls = 0;
    b.source.polls = {runs{{"a"}}, runs{{"a"}}, runs{{"a"}}};
    b.source.on_poll = [&] {
        if (++polls == 2) begun.wait();
        if (polls == 3) CHECK(b.busy.size() == 1);
    };
    std::thread release{[&] {
        begun.wait();
        while (b.polls() < 3) std::this_thread::yield();
        may_end.count_down();
    }};
    b.poller.run(3, {});
    release.join();
    CHECK(b.deployment.deployed == std::vector<std::string>{"a"});
    CHECK(b.busy.size() == 0);
}

TEST_CASE("a run offered again after its deployment ended is deployed again") {
    bench<inline_executor> b;
    b.source.polls = {runs{{"a"}}, runs{{"a"}}};
    b.poller.run(2, {});
    CHECK(b.deployment.deployed == std::vector<std::string>{"a", "a"});
}

TEST_CASE("a poke during a poll makes the next poll follow at once") {
    bench<inline_executor> b;
    int polls = 0;
    b.source.on_poll = [&] {
        if (++polls == 1) b.poller.poke();
    };
    b.poller.run(3, {});
    // The manual clock writes down only waits that were waited: the one after the first poll, 500 ms, was skipped.
    CHECK(b.clock.slept() == std::vector<duration>{1s, 2s});
    CHECK(b.polls() == 3);
}

TEST_CASE("a stop ends the loop after the current poll, lets what began finish and claims nothing new") {
    bench<inline_executor> b;
    std::stop_source stop;
    b.source.polls = {runs{{"a"}, {"b"}, {"c"}}, runs{{"d"}}};
    b.deployment.on_deploy = [&](scripted_run const& each) {
        if (each.id == "b") stop.request_stop();
    };
    b.poller.run(std::nullopt, stop.get_token());
    CHECK(b.deployment.deployed == std::vector<std::string>{"a", "b"});
    CHECK(b.polls() == 1);
    CHECK(b.busy.size() == 0);
}

TEST_CASE("7: 0.14.17: prefetch: a deployment can be stopped as the loop is, for it may be holding its run") {
    bench<inline_executor> b;
    std::stop_source stop;
    b.source.polls = {runs{{"a"}}};
    b.poller.run(1, stop.get_token());
    CHECK(b.deployment.tokens == std::vector<std::stop_token>{stop.get_token()});
}

TEST_CASE("the end of the loop waits for deployments on other threads") {
    bench<thread_pool> b;
    std::atomic<int> ended{0};
    b.deployment.on_deploy = [&](scripted_run const&) {
        std::this_thread::yield();
        ++ended;
    };
    runs many;
    for (int i = 0; i != 200; ++i) many.push_back({std::to_string(i)});
    b.source.polls = {many};
    b.poller.run(1, {});
    CHECK(ended == 200);
}

TEST_CASE("what the agenda holds is done when it is due, between polls and without moving them") {
    bench<inline_executor> b;
    std::vector<duration> done;
    auto const note = [&] { done.push_back(b.agenda.passed()); };
    b.agenda.after(200ms, note);
    b.agenda.after(700ms, note);
    std::vector<duration> polled;
    b.source.on_poll = [&] { polled.push_back(b.agenda.passed()); };
    b.poller.run(3, {});
    CHECK(done == std::vector<duration>{200ms, 700ms});
    CHECK(polled == std::vector<duration>{0ms, 500ms, 1500ms});
    CHECK(b.clock.slept() == std::vector<duration>{200ms, 300ms, 200ms, 800ms, 2s});
}

TEST_CASE("after the last poll the loop goes on for the runs that are held, and ends with them") {
    bench<inline_executor> b;
    struct holding {
        bench<inline_executor>& b;
        void deploy(scripted_run offered, std::stop_token const&) {
            b.agenda.after(1h, [this, offered] { b.deployment.end(offered); });
        }
        void cut() {}
        [[nodiscard]] bool has_room() const { return true; }
        [[nodiscard]] bool is_behind() const { return false; }
    } holding{b};
    service::poller<scripted_source, decltype(holding), testing::manual_clock, testing::captured_log, inline_executor>
        poller{b.source, holding, b.busy, b.agenda, b.bell, b.clock, b.log, b.executor, b.book};
    b.source.polls = {runs{{"a"}}};
    poller.run(1, {});
    CHECK(b.busy.size() == 0);
    CHECK(b.agenda.passed() == 1h);
    CHECK(b.polls() == 1);
}

TEST_CASE("runs for which there is no room stay with the backend, and finding them is no work") {
    bench<inline_executor> b;
    b.deployment.room = 0;
    b.source.polls = {runs{{"a"}, {"b"}}, runs{{"a"}, {"b"}}};
    b.poller.run(2, {});
    CHECK(b.deployment.deployed.empty());
    CHECK(b.clock.slept() == std::vector<duration>{500ms, 1s});
    CHECK_FALSE(b.log.contains("Found 2"));
}

TEST_CASE("what waits again after a stop is put down at once, too") {
    bench<inline_executor> b;
    std::stop_source stop;
    std::vector<duration> put_down;
    REQUIRE(b.busy.enter("held"));
    b.source.on_poll = [&] { stop.request_stop(); };
    b.agenda.after(1h, [&] {
        put_down.push_back(b.agenda.passed());
        b.agenda.after(1h, [&] {
            put_down.push_back(b.agenda.passed());
            b.deployment.end({"held", {}});
        });
    });
    b.poller.run(std::nullopt, stop.get_token());
    CHECK(put_down == std::vector<duration>{0s, 0s});
}

TEST_CASE("a stop runs what the agenda holds at once, so that it can be put down") {
    bench<inline_executor> b;
    std::stop_source stop;
    bool put_down = false;
    b.agenda.after(1h, [&] { put_down = stop.stop_requested(); });
    b.source.on_poll = [&] { stop.request_stop(); };
    b.poller.run(std::nullopt, stop.get_token());
    CHECK(put_down);
    CHECK(b.agenda.passed() == 0s);
    CHECK(b.deployment.cuts == 1);
}

TEST_CASE("what does not end within the patience after a stop is cut, and not before") {
    bench<thread_pool> b;
    std::stop_source stop;
    std::latch begun{1};
    b.deployment.on_deploy = [&](scripted_run const&) {
        begun.count_down();
        while (b.deployment.cuts == 0) std::this_thread::yield();
    };
    b.source.polls = {runs{{"a"}}};
    b.clock.during_sleep([&](duration) {
        if (b.busy.size() != 0 && !stop.stop_requested()) {
            begun.wait();
            stop.request_stop();
        }
    });
    b.poller.run(std::nullopt, stop.get_token());
    CHECK(b.busy.size() == 0);
    CHECK(b.deployment.cuts == 1);
    CHECK(b.agenda.passed() >= 12s);
}

TEST_CASE("a stop that fires before the start polls nothing") {
    bench<inline_executor> b;
    std::stop_source stop;
    stop.request_stop();
    b.poller.run(std::nullopt, stop.get_token());
    CHECK(b.polls() == 0);
}
