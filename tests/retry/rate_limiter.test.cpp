#include <fargate/retry/rate_limiter.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace json = fargate::json;
using namespace std::chrono_literals;
using fargate::duration;
using fargate::time_point;
using fargate::retry::cubic_curve;
using fargate::retry::rate_limiter;
using testing_support::text;

namespace {

duration seconds_of(double number) { return duration{static_cast<duration::rep>(number * 1e6 + 0.5)}; }

double number(json::value const& from, std::string_view key) {
    auto const found = json::number_of(from, key);
    REQUIRE(found);
    return *found;
}

constexpr time_point midnight{};

/// A limiter that has seen steady traffic of ten a second for five seconds and then one throttling.
struct throttled {
    rate_limiter limiter{};
    time_point now = midnight;

    throttled() {
        for (int i = 0; i != 50; ++i, now += 100ms) {
            CHECK(limiter.before_send(now) == 0s);
            limiter.after_send(now, false);
        }
        limiter.after_send(now, true);
    }
};

} // namespace

TEST_CASE("the recorded cubic curves come out as recorded") {
    auto const cases = testing_support::load("retry-cases.json");
    int count = 0;
    for (auto const& [name, scenario] : json::object_of(cases, "adaptive_cubic")->items()) {
        INFO(name);
        auto const& given = *json::object_of(scenario, "given");
        cubic_curve curve{0};
        double const first = curve.throttled(number(given, "last_max_rate"), number(given, "last_throttle_time"));
        double rate = first;
        for (auto const& each : *json::array_of(scenario, "cases")) {
            double const time = number(each, "timestamp");
            rate = text(each, "response") == "throttle" ? curve.throttled(rate, time) : curve.grown(time);
            CHECK(rate == Approx(number(each, "calculated_rate")).epsilon(1e-6));
            ++count;
        }
    }
    CHECK(count == 15);
}

TEST_CASE("the recorded sending rates come out as recorded") {
    auto const cases = testing_support::load("retry-cases.json");
    int count = 0;
    for (auto const& [name, scenario] : json::object_of(cases, "adaptive_e2e")->items()) {
        rate_limiter limiter;
        CHECK(limiter.before_send(midnight) == 0s);
        for (auto const& each : *json::array_of(scenario, "cases")) {
            INFO(number(each, "timestamp"));
            limiter.after_send(midnight + seconds_of(number(each, "timestamp")), text(each, "response") == "throttle");
            CHECK(limiter.measured() == Approx(number(each, "measured_tx_rate")).epsilon(1e-6));
            CHECK(limiter.rate() == Approx(number(each, "new_token_bucket_rate")).epsilon(1e-5));
            ++count;
        }
    }
    CHECK(count == 17);
}

TEST_CASE("nobody waits before the first throttling") {
    rate_limiter limiter;
    for (int i = 0; i != 10'000; ++i) {
        CHECK(limiter.before_send(midnight) == 0s);
        limiter.after_send(midnight, false);
    }
}

TEST_CASE("after a throttling requests at one moment are sent one after another, each a token later") {
    throttled after;
    double const rate = after.limiter.rate();
    CHECK(rate > 5.0);
    CHECK(rate < 10.0);
    std::vector<duration> waits;
    for (int i = 0; i != 20; ++i) waits.push_back(after.limiter.before_send(after.now));
    duration const token = seconds_of(1 / rate);
    CHECK(waits.back() > waits.front());
    for (std::size_t i = 11; i != waits.size(); ++i) {
        CHECK(waits[i] - waits[i - 1] >= token - 2us);
        CHECK(waits[i] - waits[i - 1] <= token + 2us);
    }
}

TEST_CASE("who waits as long as told finds the bucket filled for the next") {
    throttled after;
    auto const first = after.limiter.before_send(after.now);
    for (int i = 0; i != 30; ++i) static_cast<void>(after.limiter.before_send(after.now));
    CHECK(after.limiter.before_send(after.now) > first);
    CHECK(after.limiter.before_send(after.now + 1h) == 0s);
}

TEST_CASE("a clock that is set back neither fills nor drains the bucket") {
    throttled after;
    for (int i = 0; i != 20; ++i) static_cast<void>(after.limiter.before_send(after.now));
    auto const now = after.limiter.before_send(after.now);
    auto const past = after.limiter.before_send(after.now - 1h);
    CHECK(past > now);
    CHECK(past < now + 1s);
}

TEST_CASE("the rate never falls below one request in two seconds") {
    rate_limiter limiter;
    time_point now = midnight;
    for (int i = 0; i != 100; ++i, now += 1s) limiter.after_send(now, true);
    CHECK(limiter.rate() >= 0.5);
}

TEST_CASE("threads that come at one moment get turns of their own") {
    throttled after;
    while (after.limiter.before_send(after.now) == 0s) {
    }
    auto const before = after.limiter.before_send(after.now);
    constexpr int each = 50;
    std::atomic<int> done{0};
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n != each; ++n, ++done) static_cast<void>(after.limiter.before_send(after.now));
        });
    for (auto& thread : threads) thread.join();
    CHECK(done == 4 * each);
    auto const waited = after.limiter.before_send(after.now) - before;
    double const tokens = std::chrono::duration<double>{waited}.count() * after.limiter.rate();
    CHECK(tokens == Approx(4 * each + 1).epsilon(1e-3));
}
