#include <fargate/retry/adaptive.hpp>

#include "support/catch.hpp"

#include <chrono>

using namespace std::chrono_literals;
using fargate::time_point;
using fargate::retry::adaptive;
using fargate::retry::progress;
using fargate::retry::standard_options;
using fargate::retry::verdict;

static_assert(fargate::retry::retry_policy<adaptive>);

TEST_CASE("adaptive mode repeats as standard mode does") {
    standard_options numbers;
    numbers.jitter = [] { return 1.0; };
    adaptive policy{numbers};
    CHECK(policy.max_attempts() == 3);
    progress book;
    CHECK(policy.next(book, {verdict::throttled}) == 1s);
    CHECK(policy.next(book, {verdict::transient}) == 100ms);
    CHECK_FALSE(policy.next(book, {verdict::transient}));
    CHECK(policy.quota() == 500 - 5 - 14);
}

TEST_CASE("adaptive mode holds requests back once one was throttled, and lost connections do not count") {
    adaptive policy;
    time_point now{};
    for (int i = 0; i != 20; ++i, now += 100ms) {
        CHECK(policy.before_send(now) == 0s);
        policy.after_send(now, {verdict::transient});
    }
    policy.after_send(now, {verdict::throttled});
    static_cast<void>(policy.before_send(now));
    CHECK(policy.before_send(now) > 0s);
}
