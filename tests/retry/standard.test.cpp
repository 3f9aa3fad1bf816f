#include <fargate/retry/standard.hpp>

#include <fargate/testing/manual_clock.hpp>
#include <fargate/text/ascii.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace json = fargate::json;
using namespace std::chrono_literals;
using fargate::duration;
using fargate::retry::progress;
using fargate::retry::standard;
using fargate::retry::standard_options;
using fargate::retry::verdict;
using testing_support::text;

static_assert(fargate::retry::retry_policy<standard>);

namespace {

duration seconds_of(double number) { return duration{static_cast<duration::rep>(number * 1e6 + 0.5)}; }

/// The options of a recorded scenario; its random factor is pinned to 1.
standard_options options_of(json::value const& given) {
    standard_options made;
    made.jitter = [] { return 1.0; };
    if (auto const most = json::integer_of(given, "max_attempts")) made.max_attempts = static_cast<int>(*most);
    if (auto const tokens = json::integer_of(given, "initial_retry_tokens")) made.quota = static_cast<int>(*tokens);
    if (auto const longest = json::number_of(given, "max_backoff_time")) made.longest = seconds_of(*longest);
    return made;
}

/// How a recorded response ends an attempt. (What status and code mean is tested with aws/verdict.hpp.)
fargate::retry::outcome outcome_of(json::value const& response) {
    auto const status = json::integer_of(response, "status_code").value_or(0);
    fargate::retry::outcome made;
    made.kind = status == 200                                           ? verdict::succeeded
                : json::text_of(response, "error_code") == "Throttling" ? verdict::throttled
                : status >= 500                                         ? verdict::transient
                                                                        : verdict::refused;
    if (auto const* const headers = json::object_of(response, "headers")) {
        std::string const hint = text(*headers, "x-amz-retry-after");
        if (!hint.empty() && std::all_of(hint.begin(), hint.end(), fargate::text::is_digit))
            made.server_hint = std::chrono::milliseconds{std::stoi(hint)};
    }
    return made;
}

/// One recorded step: asks the policy, sleeps as it says, and checks what it decided.
void step(standard& policy, progress& book, json::value const& recorded, fargate::testing::manual_clock& clock,
          std::vector<duration>& expected_sleeps) {
    auto const& expected = *json::object_of(recorded, "expected");
    auto const how = outcome_of(*json::object_of(recorded, "response"));
    auto const wait = policy.next(book, how);
    std::string const outcome = text(expected, "outcome");
    CHECK(wait.has_value() == (outcome == "retry_request"));
    CHECK((how.kind == verdict::succeeded) == (outcome == "success"));
    if (auto const quota = json::integer_of(expected, "retry_quota")) CHECK(policy.quota() == *quota);
    if (wait) {
        clock.sleep_for(*wait);
        expected_sleeps.push_back(seconds_of(json::number_of(expected, "delay").value_or(-1)));
    } else {
        book = {};
    }
}

} // namespace

TEST_CASE("the recorded scenarios of standard mode 2.1 end as recorded, wait for wait") {
    auto const cases = testing_support::load("retry-cases.json");
    int count = 0;
    for (char const* const group : {"standard_2_1", "standard_2_1_multi_invocation"}) {
        for (auto const& [name, scenario] : json::object_of(cases, group)->items()) {
            INFO(name);
            standard policy{options_of(*json::object_of(scenario, "given"))};
            fargate::testing::manual_clock clock;
            std::vector<duration> expected_sleeps;
            progress book;
            for (auto const& recorded : *json::array_of(scenario, "responses"))
                step(policy, book, recorded, clock, expected_sleeps);
            CHECK(clock.slept() == expected_sleeps);
            ++count;
        }
    }
    CHECK(count == 13);
}

TEST_CASE("with the numbers of before 2026 the recorded scenarios of those end as recorded") {
    auto const cases = testing_support::load("retry-cases.json");
    int count = 0;
    for (auto const& [name, scenario] : json::object_of(cases, "standard_pre_2026")->items()) {
        INFO(name);
        auto options = options_of(*json::object_of(scenario, "given"));
        options.transient_cost = 5;
        options.transient_base = 1s;
        standard policy{options};
        fargate::testing::manual_clock clock;
        std::vector<duration> expected_sleeps;
        progress book;
        for (auto const& recorded : *json::array_of(scenario, "responses"))
            step(policy, book, recorded, clock, expected_sleeps);
        CHECK(clock.slept() == expected_sleeps);
        ++count;
    }
    CHECK(count == 6);
}

// An operation that waits on the server, as SQS has them, waits once more before it fails when the quota is empty. No
// operation here is one (contract §4.1, "quota empty"), so those two of the recorded long-polling scenarios are left out.
TEST_CASE("the recorded scenarios of long polling end as recorded where the quota is not empty") {
    auto const cases = testing_support::load("retry-cases.json");
    int count = 0;
    int left_out = 0;
    for (auto const& [name, scenario] : json::object_of(cases, "standard_2_1_long_polling")->items()) {
        INFO(name);
        auto const& given = *json::object_of(scenario, "given");
        if (json::integer_of(given, "initial_retry_tokens") == 0) {
            ++left_out;
            continue;
        }
        standard policy{options_of(given)};
        fargate::testing::manual_clock clock;
        std::vector<duration> expected_sleeps;
        progress book;
        for (auto const& recorded : *json::array_of(scenario, "responses"))
            step(policy, book, recorded, clock, expected_sleeps);
        CHECK(clock.slept() == expected_sleeps);
        ++count;
    }
    CHECK(count == 3);
    CHECK(left_out == 2);
}

TEST_CASE("calls that share a policy share its quota, step by step as recorded") {
    auto const cases = testing_support::load("retry-cases.json");
    for (auto const& [name, scenario] : json::object_of(cases, "standard_2_1_multi_thread")->items()) {
        INFO(name);
        standard policy{options_of(*json::object_of(scenario, "given"))};
        auto const& threads = *json::array_of(scenario, "threads");
        std::vector<progress> books(threads.size());
        // The recorded quotas (486, 472, 486 and 458, 472) allow one order of the threads' steps only.
        std::vector<std::size_t> at(threads.size(), 0);
        fargate::testing::manual_clock clock;
        std::vector<duration> ignored;
        for (std::size_t const thread : {0U, 0U, 1U, 1U, 0U})
            step(policy, books[thread], threads[thread][at[thread]++], clock, ignored);
        CHECK(clock.slept().size() == 3);
        CHECK(policy.quota() == *json::integer_of(scenario, "expected_final_quota"));
    }
}

TEST_CASE("the same from real threads ends with the recorded quota") {
    standard policy{[] {
        standard_options options;
        options.max_attempts = 5;
        return options;
    }()};
    std::atomic<int> repeats{0};
    std::atomic<int> repeats_after_success{0};
    auto const failing = [&](int failures) {
        progress book;
        for (int i = 0; i != failures; ++i) repeats += policy.next(book, {verdict::transient, {}}).has_value() ? 1 : 0;
        repeats_after_success += policy.next(book, {verdict::succeeded, {}}).has_value() ? 1 : 0;
    };
    std::thread first{[&] { failing(2); }};
    std::thread second{[&] { failing(1); }};
    first.join();
    second.join();
    CHECK(repeats == 3);
    CHECK(repeats_after_success == 0);
    CHECK(policy.quota() == 500 - 14); // the first thread's other repeat is never given back
}

TEST_CASE("many threads never overdraw the quota nor lose any of it") {
    standard_options options;
    options.quota = 14 * 100;
    options.max_attempts = 1000;
    standard policy{options};
    std::atomic<int> granted{0};
    std::vector<std::thread> threads;
    for (int i = 0; i != 8; ++i)
        threads.emplace_back([&] {
            progress book;
            for (int n = 0; n != 100; ++n) granted += policy.next(book, {verdict::transient, {}}).has_value() ? 1 : 0;
        });
    for (auto& each : threads) each.join();
    CHECK(granted == 100);
    CHECK(policy.quota() == 0);
}

TEST_CASE("a refusal is never repeated and costs nothing") {
    standard policy;
    progress book;
    CHECK_FALSE(policy.next(book, {verdict::refused, 5ms}).has_value());
    CHECK(policy.quota() == 500);
}

TEST_CASE("first attempts that succeed earn the quota back, one by one, and not more than there was") {
    standard policy;
    progress broken;
    REQUIRE(policy.next(broken, {verdict::transient, {}}).has_value());
    CHECK(policy.quota() == 486);
    for (int i = 0; i != 20; ++i) {
        progress book;
        CHECK_FALSE(policy.next(book, {verdict::succeeded, {}}).has_value());
    }
    CHECK(policy.quota() == 500);
}

TEST_CASE("without a pinned factor the waits are spread below the computed one") {
    standard policy;
    std::set<duration::rep> seen;
    for (int i = 0; i != 30; ++i) {
        progress book;
        auto const wait = policy.next(book, {verdict::throttled, {}});
        REQUIRE(wait.has_value());
        CHECK(*wait >= 0s);
        CHECK(*wait <= 1s);
        seen.insert(wait->count());
    }
    CHECK(seen.size() > 20);
}

TEST_CASE("absurd options and hints are tamed") {
    standard_options options;
    options.max_attempts = -3;
    options.quota = -10;
    standard once{options};
    progress book;
    CHECK(once.max_attempts() == 1);
    CHECK_FALSE(once.next(book, {verdict::transient, {}}).has_value());

    standard_options pinned;
    pinned.jitter = [] { return 1.0; };
    standard policy{pinned};
    progress high;
    CHECK(policy.next(high, {verdict::transient, std::chrono::milliseconds::max()}) == 5050ms);
    progress low;
    CHECK(policy.next(low, {verdict::transient, std::chrono::milliseconds::min()}) == 50ms);
}

TEST_CASE("the default options are the ones that the SDKs publish") {
    auto const cases = testing_support::load("retry-cases.json");
    auto const& published = *json::object_of(*json::object_of(cases, "defaults"), "standard_2_1");
    standard_options const ours;
    CHECK(ours.max_attempts == json::integer_of(published, "max_attempts"));
    CHECK(ours.quota == json::integer_of(published, "initial_retry_tokens"));
    CHECK(ours.transient_cost == json::integer_of(published, "cost_transient"));
    CHECK(ours.throttled_cost == json::integer_of(published, "cost_throttling"));
    CHECK(ours.longest == seconds_of(json::number_of(published, "max_backoff_s").value_or(0)));
    CHECK(ours.transient_base == seconds_of(json::number_of(published, "base_transient_s").value_or(0)));
    CHECK(ours.throttled_base == seconds_of(json::number_of(published, "base_throttling_s").value_or(0)));
    CHECK(ours.hint_slack == seconds_of(json::number_of(published, "retry_after_max_extra_s").value_or(0)));
}
