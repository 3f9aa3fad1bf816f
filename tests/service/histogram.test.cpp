#include <fargate/service/histogram.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <type_traits>

using fargate::service::histogram;
using namespace std::chrono_literals;

TEST_CASE("the bounds grow, and a time counts up to the first that holds it") {
    CHECK(std::is_sorted(histogram::bounds.begin(), histogram::bounds.end(), std::less_equal<>{}));
    histogram times;
    times.add(0s);
    times.add(50ms);
    times.add(50ms + 1us);
    times.add(1800s);
    times.add(1800s + 1us);
    CHECK(times.counts.front() == 2);
    CHECK(times.counts[1] == 1);
    CHECK(times.counts[histogram::bounds.size() - 1] == 1);
    CHECK(times.counts.back() == 1);
    CHECK(times.count() == 5);
    CHECK(times.sum == 3600s + 100ms + 2us);
}

TEST_CASE("a clock that was set back makes no time negative") {
    histogram times;
    times.add(-5s);
    CHECK(times.sum == 0s);
    CHECK(times.counts.front() == 1);
}

TEST_CASE("a histogram holds no memory of its own") {
    CHECK(std::is_trivially_copyable_v<histogram>);
    CHECK(sizeof(histogram) <= 128);
}
