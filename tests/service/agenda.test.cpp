#include <fargate/service/agenda.hpp>

#include "support/catch.hpp"

#include <fargate/testing/manual_clock.hpp>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;

namespace {

struct bench {
    testing::manual_clock clock;
    service::wake bell;
    service::agenda<testing::manual_clock> agenda{clock, bell};
    std::vector<int> story;

    void after(duration wait, int number) {
        agenda.after(wait, [this, number] { story.push_back(number); });
    }
    void turn() {
        for (auto& work : agenda.due()) work();
    }
    /// Time that is slept through.
    void pass(duration time) {
        bell.reset();
        agenda.sleep(time);
    }
};

} // namespace

TEST_CASE("jobs come due in the order of their times, and those of one moment in the order they came in") {
    bench b;
    CHECK_FALSE(b.agenda.next());
    b.after(3s, 3);
    b.after(1s, 1);
    b.after(3s, 4);
    b.after(-1s, 0);
    b.after(2s, 2);
    CHECK(b.agenda.size() == 5);
    CHECK(b.agenda.next() == 0s);
    b.turn();
    CHECK(b.story == std::vector{0});
    CHECK(b.agenda.next() == 1s);
    b.pass(2s);
    b.turn();
    CHECK(b.story == std::vector{0, 1, 2});
    b.pass(999ms);
    b.turn();
    CHECK(b.story.size() == 3);
    CHECK(b.agenda.next() == 1ms);
    b.pass(1ms);
    b.turn();
    CHECK(b.story == std::vector{0, 1, 2, 3, 4});
    CHECK(b.agenda.size() == 0);
}

TEST_CASE("only a job that comes before all others rings") {
    bench b;
    b.after(10s, 1);
    CHECK(b.bell.token().stop_requested());
    b.bell.reset();
    b.after(11s, 2);
    CHECK_FALSE(b.bell.token().stop_requested());
    b.after(9s, 3);
    CHECK(b.bell.token().stop_requested());
}

TEST_CASE("a clock that is set back delays nothing by more than a sleep") {
    bench b;
    b.after(10s, 1);
    b.bell.reset();
    b.clock.set(b.clock.now() - 1h);
    CHECK(b.agenda.next() == 10s);
    b.agenda.sleep(4s);
    CHECK(b.agenda.next() == 6s);
    b.clock.during_sleep([&](duration) {
        b.clock.set(b.clock.now() - 2h);
        (void)b.agenda.passed(); // as somebody else does meanwhile
    });
    b.agenda.sleep(3s);
    CHECK(b.agenda.next() == 3s);
}

TEST_CASE("a sleep counts once, whoever asks for the time meanwhile") {
    bench b;
    b.clock.during_sleep([&](duration time) {
        b.clock.advance(time / 2);
        (void)b.agenda.passed();
        b.clock.set(b.clock.now() - time / 2);
    });
    b.agenda.sleep(10s);
    CHECK(b.agenda.passed() >= 10s);
    CHECK(b.agenda.passed() <= 15s); // half of it was seen, and taken back
}

TEST_CASE("a clock that is set ahead is a minute, not an hour") {
    bench b;
    b.after(10min, 1);
    b.clock.advance(1h);
    CHECK(b.agenda.next() == 9min);
    b.bell.reset();
    b.agenda.sleep(9min);
    b.turn();
    CHECK(b.story == std::vector{1});
}

TEST_CASE("what is left at the end is handed out whole, in order") {
    bench b;
    b.after(2h, 2);
    b.after(1h, 1);
    for (auto& work : b.agenda.rest()) work();
    CHECK(b.story == std::vector{1, 2});
    CHECK(b.agenda.size() == 0);
}

TEST_CASE("a duty is done each time when it said, once however often it is asked for, and earlier when asked") {
    bench b;
    std::vector<duration> done;
    std::stop_source stop;
    auto const work = [&](std::stop_token const&) -> duration {
        done.push_back(b.agenda.passed());
        return 60s;
    };
    service::duty<testing::manual_clock, decltype(work)> duty{b.agenda, work};
    duty.within(0s, stop.get_token());
    duty.within(0s, stop.get_token());
    duty.within(5s, stop.get_token());
    b.turn();
    CHECK(done == std::vector<duration>{0s});
    b.pass(10s);
    duty.within(5s, stop.get_token()); // before the 60 s are over
    duty.within(20s, stop.get_token());
    b.pass(5s);
    b.turn();
    CHECK(done == std::vector<duration>{0s, 15s});
    b.pass(45s); // when it would have been, had nobody asked
    b.turn();
    CHECK(done.size() == 2);
    b.pass(15s);
    b.turn();
    CHECK(done == std::vector<duration>{0s, 15s, 75s});
    stop.request_stop();
    b.pass(1h);
    b.turn();
    CHECK(done.size() == 3);
    CHECK(b.agenda.size() == 0);
}

TEST_CASE("a duty that is asked for while it is being done is done again, and never by two at a time") {
    bench b;
    int rounds = 0;
    std::stop_source stop;
    service::duty<testing::manual_clock, std::function<duration(std::stop_token const&)>>* self = nullptr;
    service::duty<testing::manual_clock, std::function<duration(std::stop_token const&)>> duty{
        b.agenda, [&](std::stop_token const&) -> duration {
            if (++rounds == 1) self->within(1s, stop.get_token());
            return 1h;
        }};
    self = &duty;
    duty.within(0s, stop.get_token());
    b.turn();
    CHECK(rounds == 1);
    CHECK(b.agenda.size() == 1);
    CHECK(b.agenda.next() == 1s);
    b.pass(1s);
    b.turn();
    CHECK(rounds == 2);
    CHECK(b.agenda.next() == 1h);
}

TEST_CASE("an agenda takes jobs from any thread") {
    bench b;
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n != 50; ++n) b.agenda.after(std::chrono::milliseconds{n}, [&done] { ++done; });
        });
    int turned = 0;
    while (done != 200 && turned++ != 100'000) {
        b.clock.advance(1ms);
        b.turn();
        std::this_thread::yield();
    }
    for (auto& each : threads) each.join();
    b.clock.advance(1s);
    b.turn();
    CHECK(done == 200);
}
