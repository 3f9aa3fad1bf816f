#include <fargate/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <stop_token>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using fargate::duration;
using fargate::testing::manual_clock;

static_assert(fargate::clock_policy<manual_clock>);

TEST_CASE("a manual clock stands still until it is moved") {
    manual_clock clock;
    CHECK(clock.now() == manual_clock::default_start);
    CHECK(clock.now() == manual_clock::default_start);
    clock.advance(1500ms);
    CHECK(clock.now() == manual_clock::default_start + 1500ms);
    clock.set(fargate::time_point{7s});
    CHECK(clock.now() == fargate::time_point{7s});
    CHECK(manual_clock{fargate::time_point{9s}}.now() == fargate::time_point{9s});
    CHECK(clock.slept().empty());
}

TEST_CASE("a manual clock starts where its documentation says") {
    constexpr std::chrono::sys_days day{std::chrono::year{2024} / 1 / 2};
    CHECK(manual_clock{}.now() == day + 3h + 4min + 5s);
}

TEST_CASE("a sleep is written down and moves the clock at once") {
    manual_clock clock{fargate::time_point{}};
    CHECK(clock.sleep_for(1s));
    CHECK(clock.sleep_for(250ms, {}));
    CHECK(clock.sleep_for(0s));
    CHECK(clock.sleep_for(-1s));
    CHECK(clock.now() == fargate::time_point{1250ms});
    CHECK(clock.slept() == std::vector<duration>{1s, 250ms, 0s, -1s});
    clock.forget_sleeps();
    CHECK(clock.slept().empty());
}

TEST_CASE("a sleep that is stopped before it begins is none") {
    manual_clock clock{fargate::time_point{}};
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(clock.sleep_for(1s, stop.get_token()));
    CHECK(clock.slept().empty());
    CHECK(clock.now() == fargate::time_point{});
}

TEST_CASE("a visitor can change the world in the middle of a sleep") {
    manual_clock clock{fargate::time_point{}};
    std::stop_source stop;
    std::vector<duration> visits;
    clock.during_sleep([&](duration time) {
        visits.push_back(time);
        if (visits.size() == 2) stop.request_stop();
    });
    CHECK(clock.sleep_for(1s, stop.get_token()));
    CHECK_FALSE(clock.sleep_for(2s, stop.get_token()));
    CHECK(visits == std::vector<duration>{1s, 2s});
    CHECK(clock.slept() == visits);
    CHECK(clock.now() == fargate::time_point{1s});
}

TEST_CASE("several threads may share a manual clock") {
    manual_clock clock{fargate::time_point{}};
    std::vector<std::thread> sleepers;
    for (int i = 0; i != 4; ++i)
        sleepers.emplace_back([&clock] {
            for (int k = 0; k != 100; ++k) {
                clock.sleep_for(1ms);
                static_cast<void>(clock.now());
            }
        });
    for (auto& each : sleepers) each.join();
    CHECK(clock.now() == fargate::time_point{400ms});
    CHECK(clock.slept().size() == 400);
}
