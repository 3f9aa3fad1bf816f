#include <fargate/system/clock.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <stop_token>
#include <thread>

using namespace std::chrono_literals;

static_assert(fargate::clock_policy<fargate::system_clock>);
static_assert(fargate::clock_policy<fargate::system_clock const>);

TEST_CASE("the machine's clock tells wall-clock time") {
    fargate::system_clock const clock;
    auto const before = std::chrono::time_point_cast<fargate::duration>(std::chrono::system_clock::now());
    auto const now = clock.now();
    CHECK(now >= before);
    CHECK(now.time_since_epoch() > 365 * 24h * 50); // nobody runs this before 2020
}

TEST_CASE("nothing is waited for when there is nothing to wait") {
    fargate::system_clock const clock;
    CHECK(clock.sleep_for(0us, {}));
    CHECK(clock.sleep_for(-1h, {}));
    CHECK(clock.sleep_for(1us, {}));
}

TEST_CASE("a stop that was asked for before ends a wait of any length") {
    fargate::system_clock const clock;
    std::stop_source stop;
    stop.request_stop();
    CHECK_FALSE(clock.sleep_for(0us, stop.get_token()));
    CHECK_FALSE(clock.sleep_for(24h * 365, stop.get_token()));
}

TEST_CASE("a stop that is asked for meanwhile ends a wait") {
    fargate::system_clock const clock;
    std::stop_source stop;
    std::thread stopper{[&stop] { stop.request_stop(); }};
    CHECK_FALSE(clock.sleep_for(24h * 365, stop.get_token())); // comes back at all
    stopper.join();
}
