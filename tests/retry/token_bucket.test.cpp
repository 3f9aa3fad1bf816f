#include <fargate/retry/token_bucket.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using fargate::duration;
using fargate::time_point;
using fargate::retry::token_bucket;

namespace {

constexpr time_point start{std::chrono::seconds{1'704'164'645}};

std::vector<duration> taken(token_bucket& bucket, int times, time_point now, double tokens = 1) {
    std::vector<duration> waits;
    for (int i = 0; i != times; ++i) waits.push_back(bucket.take(now, tokens));
    return waits;
}

} // namespace

TEST_CASE("nobody waits while the burst lasts, and then everybody a token longer") {
    token_bucket bucket{{3, 2}};
    CHECK(taken(bucket, 6, start) == std::vector<duration>{0ms, 0ms, 0ms, 500ms, 1000ms, 1500ms});
}

TEST_CASE("tokens come back with time, and not more than the burst") {
    token_bucket bucket{{3, 2}};
    static_cast<void>(taken(bucket, 3, start));
    CHECK(bucket.take(start + 500ms) == 0ms);
    CHECK(bucket.take(start + 750ms) == 250ms);
    CHECK(taken(bucket, 4, start + 1h) == std::vector<duration>{0ms, 0ms, 0ms, 500ms});
}

TEST_CASE("who goes when told never waits at the sustained rate, however odd that is") {
    token_bucket bucket{{1, 7}};
    static_cast<void>(bucket.take(start));
    time_point now = start;
    for (int i = 0; i != 1000; ++i) now += bucket.take(now);
    CHECK(now - start >= 142'857'142us);
    CHECK(now - start <= 142'858'500us); // a microsecond at most is lost to rounding each time
}

TEST_CASE("several tokens at once may be more than the burst") {
    token_bucket bucket{{3, 2}};
    CHECK(bucket.take(start, 5) == 1s);
    CHECK(bucket.take(start + 1s, 3) == 1500ms);
}

TEST_CASE("what is given back is there for the next, up to the burst") {
    token_bucket bucket{{2, 1}};
    static_cast<void>(taken(bucket, 3, start));
    bucket.give_back();
    bucket.give_back();
    CHECK(taken(bucket, 2, start) == std::vector<duration>{0s, 1s});
    bucket.give_back(100);
    CHECK(taken(bucket, 3, start) == std::vector<duration>{0s, 0s, 1s});
}

TEST_CASE("a clock that is set back neither fills nor drains a bucket of tokens") {
    token_bucket bucket{{2, 1}};
    static_cast<void>(taken(bucket, 2, start));
    CHECK(bucket.take(start - 1h) == 1s);
    CHECK(bucket.take(start) == 2s);
}

TEST_CASE("a bucket that fills at no rate lets everything through") {
    token_bucket bucket{{1, 0}};
    CHECK(taken(bucket, 100, start) == std::vector<duration>(100, 0s));
}

TEST_CASE("an attempt takes all its tolls, waits for the last of them and gives them all back") {
    token_bucket first{{1, 1}};
    token_bucket second{{10, 2}};
    fargate::retry::tolls const both{fargate::retry::toll{&first}, fargate::retry::toll{&second, 10}};
    CHECK(fargate::retry::take(both, start) == 0s);
    CHECK(fargate::retry::take(both, start) == 5s);
    fargate::retry::give_back(both);
    CHECK(first.take(start) == 1s);
    CHECK(second.take(start, 1) == 500ms);
    CHECK(fargate::retry::take({}, start) == 0s);
}

TEST_CASE("threads that ask a bucket of tokens at one moment get turns of their own") {
    token_bucket bucket{{50, 10}};
    std::array<std::vector<duration>, 4> waits;
    std::vector<std::thread> threads;
    for (auto& mine : waits) threads.emplace_back([&] { mine = taken(bucket, 50, start); });
    for (auto& each : threads) each.join();
    std::vector<duration> all;
    for (auto const& mine : waits) all.insert(all.end(), mine.begin(), mine.end());
    std::sort(all.begin(), all.end());
    std::vector<duration> expected(50, 0s);
    for (int i = 1; i <= 150; ++i) expected.push_back(i * 100ms);
    CHECK(all == expected);
}
