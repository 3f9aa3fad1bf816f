#include <fargate/retry/legacy.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using fargate::duration;
using fargate::retry::legacy;
using fargate::retry::legacy_options;
using fargate::retry::outcome;
using fargate::retry::progress;
using fargate::retry::verdict;

static_assert(fargate::retry::retry_policy<legacy>);

namespace {

legacy pinned(int attempts, double (*jitter)()) {
    legacy_options made;
    made.max_attempts = attempts;
    made.jitter = jitter;
    return legacy{made};
}

/// The waits of a call that ends like this every time.
std::vector<duration> waits(legacy const& policy, outcome const& how) {
    std::vector<duration> made;
    progress book;
    while (auto const wait = policy.next(book, how)) made.push_back(*wait);
    return made;
}

} // namespace

TEST_CASE("legacy mode waits up to 1, 2, 4 and 8 seconds and gives up after five attempts") {
    auto const policy = pinned(5, [] { return 1.0; });
    for (auto const kind : {verdict::transient, verdict::throttled})
        CHECK(waits(policy, {kind}) == std::vector<duration>{1s, 2s, 4s, 8s});
    CHECK(legacy{}.max_attempts() == 5);
}

TEST_CASE("legacy mode draws its waits, has no cap and does not hear the server's hint") {
    auto const half = pinned(8, [] { return 0.5; });
    CHECK(waits(half, {verdict::throttled, 15s}) == std::vector<duration>{500ms, 1s, 2s, 4s, 8s, 16s, 32s});
}

TEST_CASE("legacy mode repeats nothing that succeeded or was refused") {
    progress book;
    CHECK_FALSE(legacy{}.next(book, {verdict::succeeded}));
    CHECK_FALSE(legacy{}.next(book, {verdict::refused}));
    CHECK(waits(pinned(0, [] { return 1.0; }), {verdict::transient}).empty());
}

TEST_CASE("legacy mode has no quota that calls could spend") {
    auto const policy = pinned(2, [] { return 0.0; });
    for (int call = 0; call != 1000; ++call) CHECK(waits(policy, {verdict::transient}).size() == 1);
}
