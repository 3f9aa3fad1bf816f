#include <fargate/retry/backoff.hpp>

#include "support/catch.hpp"

#include <climits>

using namespace std::chrono_literals;
using fargate::retry::backoff;

TEST_CASE("each repeat waits twice as long as the one before, up to the cap") {
    std::vector<fargate::duration> waits;
    for (int repeat = 1; repeat <= 6; ++repeat) waits.push_back(backoff(1s, 20s, repeat, 1.0));
    CHECK(waits == std::vector<fargate::duration>{1s, 2s, 4s, 8s, 16s, 20s});
}

TEST_CASE("the fraction scales the wait after the cap") {
    CHECK(backoff(1s, 20s, 3, 0.5) == 2s);
    CHECK(backoff(1s, 20s, 60, 0.5) == 10s);
    CHECK(backoff(1s, 20s, 3, 0.0) == 0s);
}

TEST_CASE("a back-off never overflows, goes back or passes its cap") {
    auto const longest = fargate::duration::max();
    CHECK(backoff(1s, 20s, INT_MAX, 1.0) == 20s);
    CHECK(backoff(longest, 20s, 2, 1.0) == 20s);
    CHECK(backoff(longest - 1us, longest, 3, 0.5) > 0s);
    CHECK(backoff(1s, 20s, -5, 1.0) == 1s);
    CHECK(backoff(1s, 20s, 2, -1.0) == 0s);
    CHECK(backoff(1s, 20s, 2, 7.0) == 2s);
    CHECK(backoff(-1s, 20s, 2, 1.0) == 0s);
    CHECK(backoff(1s, -20s, 2, 1.0) == 0s);
}
