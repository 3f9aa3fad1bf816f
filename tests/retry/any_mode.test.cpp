#include <fargate/retry/any_mode.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <vector>

using namespace std::chrono_literals;
using fargate::duration;
using fargate::retry::any_mode;
using fargate::retry::mode;
using fargate::retry::outcome;
using fargate::retry::progress;
using fargate::retry::standard_options;
using fargate::retry::verdict;

static_assert(fargate::retry::retry_policy<any_mode>);

namespace {

standard_options pinned() {
    standard_options made;
    made.jitter = [] { return 1.0; };
    return made;
}

std::vector<duration> waits(any_mode& policy, outcome const& how) {
    std::vector<duration> made;
    progress book;
    while (auto const wait = policy.next(book, how)) made.push_back(*wait);
    return made;
}

bool holds_back(any_mode& policy) {
    policy.after_send({}, {verdict::throttled});
    for (int i = 0; i != 10; ++i)
        if (policy.before_send({}) > 0s) return true;
    return false;
}

} // namespace

TEST_CASE("any mode is the standard one unless told otherwise") {
    any_mode policy{{}, pinned()};
    CHECK(policy.kind() == mode::standard);
    CHECK(policy.max_attempts() == 3);
    CHECK(waits(policy, {verdict::transient}) == std::vector<duration>{50ms, 100ms});
    CHECK_FALSE(holds_back(policy));
    CHECK(any_mode{}.max_attempts() == 3);
    CHECK(any_mode{}.told().empty());
}

TEST_CASE("a policy tells what it was told, and what that leaves open") {
    any_mode const policy = any_mode{}.with({mode::adaptive, std::nullopt});
    CHECK(policy.told().mode == mode::adaptive);
    CHECK_FALSE(policy.told().max_attempts);
    fargate::retry::mode_options const others{mode::legacy, 7};
    CHECK_FALSE(others.beyond(policy.told()).mode);
    CHECK(others.beyond(policy.told()).max_attempts == 7);
    CHECK(others.beyond({}).mode == mode::legacy);
    CHECK(others.beyond(others).empty());
}

TEST_CASE("any mode is the legacy one when told so") {
    any_mode policy{{mode::legacy, {}}, pinned()};
    CHECK(policy.max_attempts() == 5);
    CHECK(waits(policy, {verdict::transient}) == std::vector<duration>{1s, 2s, 4s, 8s});
    CHECK_FALSE(holds_back(policy));
}

TEST_CASE("any mode is the adaptive one when told so") {
    any_mode policy{{mode::adaptive, {}}, pinned()};
    CHECK(policy.max_attempts() == 3);
    CHECK(waits(policy, {verdict::transient}) == std::vector<duration>{50ms, 100ms});
    CHECK(holds_back(policy));
}

TEST_CASE("the number of attempts goes for every mode") {
    for (auto const each : {mode::standard, mode::legacy, mode::adaptive}) {
        any_mode policy{{each, 2}, pinned()};
        CHECK(policy.max_attempts() == 2);
        CHECK(waits(policy, {verdict::transient}).size() == 1);
    }
}

TEST_CASE("a policy made from another keeps its numbers but for what is said, and spends nothing of its quota") {
    auto numbers = pinned();
    numbers.quota = 14;
    any_mode first{{mode::legacy, 9}, numbers};
    CHECK(first.with({}).max_attempts() == 9);
    CHECK(first.with({}).kind() == mode::legacy);
    any_mode second = first.with({mode::standard, {}});
    CHECK(second.max_attempts() == 9);
    CHECK(waits(second, {verdict::transient}) == std::vector<duration>{50ms});
    CHECK(waits(second, {verdict::transient}).empty());
    any_mode third = second.with({{}, 2});
    CHECK(third.kind() == mode::standard);
    CHECK(waits(third, {verdict::transient}) == std::vector<duration>{50ms});
}
