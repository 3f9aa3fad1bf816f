#include <fargate/service/pace.hpp>

#include "support/catch.hpp"

#include <vector>

using fargate::duration;
using namespace std::chrono_literals;

TEST_CASE("idle polls slow down step by step and stay at ten seconds") {
    fargate::service::pace waits;
    std::vector<duration> seen;
    for (int poll = 0; poll != 8; ++poll) seen.push_back(waits.after(false));
    CHECK(seen == std::vector<duration>{500ms, 1s, 2s, 4s, 8s, 10s, 10s, 10s});
}

TEST_CASE("a poll with work is followed after a quarter of a second and starts the steps again") {
    fargate::service::pace waits;
    for (int poll = 0; poll != 5; ++poll) (void)waits.after(false);
    CHECK(waits.after(true) == 250ms);
    CHECK(waits.after(true) == 250ms);
    CHECK(waits.after(false) == 500ms);
    CHECK(waits.after(false) == 1s);
}

TEST_CASE("a wait is told in seconds as Python writes them") {
    CHECK(fargate::service::in_seconds(250ms) == "0.25");
    CHECK(fargate::service::in_seconds(500ms) == "0.5");
    CHECK(fargate::service::in_seconds(1s) == "1.0");
    CHECK(fargate::service::in_seconds(10s) == "10.0");
    CHECK(fargate::service::in_seconds(1050ms) == "1.05");
}
