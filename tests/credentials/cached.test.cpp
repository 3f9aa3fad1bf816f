#include <fargate/credentials/cached.hpp>

#include <fargate/aws/policy.hpp>
#include <fargate/credentials/fixed.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <latch>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fargate::duration;
using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::secret;
using fargate::time_point;
using fargate::credentials::access_key;
using fargate::credentials::cached;
using fargate::credentials::fixed;
using testing_support::world;

namespace {

/// Answers as the test tells it; numbers its keys.
struct scripted {
    struct state {
        std::atomic<int> asked{0};
        std::function<result<access_key>(int)> answer; ///< given how many times it was asked before
        std::vector<std::uint64_t> refused{};
    };
    state* told = nullptr;

    template <class Http, class Clock, class Environment>
    result<access_key> fetch(Http&, Clock&, Environment const&) const {
        return told->answer(told->asked++);
    }
    void invalidate(std::uint64_t generation) const { told->refused.push_back(generation); }
};

access_key numbered(int number, std::optional<time_point> expires = {}) {
    access_key key;
    key.id = "K" + std::to_string(number);
    key.secret_key = secret{"s"};
    key.source = "script";
    key.expires = expires;
    return key;
}

struct fixture : world {
    scripted::state script{};
    cached<scripted> keys{scripted{&script}};

    std::string id() {
        auto const key = fetch(keys);
        return key ? key->id : std::string{name_of(key.error().code)};
    }
    int asked() const { return script.asked.load(); }
    /// Every key lives this long from when it is made.
    void live(duration life) {
        script.answer = [this, life](int number) { return numbered(number, clock.now() + life); };
    }
};

} // namespace

static_assert(fargate::credential_policy<cached<fixed>, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         fargate::testing::map_environment>);
static_assert(!std::is_copy_constructible_v<cached<fixed>>);

TEST_CASE("a key that does not end is fetched once") {
    fixture f;
    f.script.answer = [](int number) { return numbered(number); };
    CHECK(f.id() == "K0");
    f.clock.advance(24h * 365 * 10);
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 1);
}

TEST_CASE("every key has a generation, the same as long as it is the same key") {
    fixture f;
    f.live(6h);
    auto const first = f.fetch(f.keys)->generation;
    CHECK(first != 0);
    CHECK(f.fetch(f.keys)->generation == first);
    f.clock.advance(6h);
    auto const second = f.fetch(f.keys)->generation;
    CHECK(second != 0);
    CHECK(second != first);

    access_key own = numbered(0);
    own.generation = 1'000'000'007;
    cached<fixed> kept{fixed{own}};
    CHECK(f.fetch(kept)->generation == 1'000'000'007);
}

TEST_CASE("a key is renewed fifteen minutes before it ends") {
    fixture f;
    f.live(6h);
    CHECK(f.id() == "K0");
    f.clock.advance(6h - 15min - 1us);
    CHECK(f.id() == "K0");
    f.clock.advance(1us);
    CHECK(f.id() == "K1");
    CHECK(f.id() == "K1");
    CHECK(f.asked() == 2);
}

TEST_CASE("a key of a short life is renewed after three quarters of it") {
    fixture f;
    f.live(60s);
    CHECK(f.id() == "K0");
    f.clock.advance(44999999us);
    CHECK(f.id() == "K0");
    f.clock.advance(1us);
    CHECK(f.id() == "K1");
    CHECK(f.asked() == 2);
}

TEST_CASE("a source that hands out the same ending key again is not asked for every call") {
    fixture f;
    auto const end = f.clock.now() + 10min;
    f.script.answer = [&](int) { return numbered(0, end); };
    for (auto now = f.clock.now(); now < end; now += 100ms) {
        f.clock.set(now);
        CHECK(f.id() == "K0");
    }
    CHECK(f.asked() <= 10);
}

TEST_CASE("a failed renewal changes nothing while the key is valid, and is tried again after a pause") {
    fixture f;
    f.script.answer = [&](int number) -> result<access_key> {
        if (number == 0) return numbered(0, f.clock.now() + 6h);
        return fail(errc::connection_failed, "no", true);
    };
    CHECK(f.id() == "K0");
    CHECK_FALSE(f.keys.last_failure().has_value());
    f.clock.advance(6h - 15min);
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 2);
    REQUIRE(f.keys.last_failure().has_value());
    CHECK(f.keys.last_failure()->code == errc::connection_failed);

    f.clock.advance(1min - 1us);
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 2);
    f.clock.advance(1us);
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 3);

    f.clock.advance(13min); // the last minute has begun
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 4);
    f.clock.advance(1s);
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 5);

    f.clock.advance(58s + 999999us);
    CHECK(f.id() == "K0");
    CHECK(f.asked() == 6);
    f.clock.advance(1us); // ended
    CHECK(f.id() == "connection_failed");
    CHECK(f.id() == "connection_failed");
    CHECK(f.asked() == 8);

    f.live(6h);
    CHECK(f.id() == "K8");
    CHECK_FALSE(f.keys.last_failure().has_value());
}

TEST_CASE("the first failure is the caller's") {
    fixture f;
    f.script.answer = [](int) { return fail(errc::not_configured, "nothing here"); };
    auto const nothing = f.fetch(f.keys);
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().code == errc::not_configured);
    CHECK(nothing.error().message == "nothing here");
}

TEST_CASE("a key that has ended is never handed out, whoever made it") {
    fixture f;
    f.script.answer = [&](int) { return numbered(0, f.clock.now()); };
    auto const over = f.fetch(f.keys);
    REQUIRE_FALSE(over);
    CHECK(over.error().code == errc::bad_configuration);
    CHECK_THAT(over.error().message,
               Catch::StartsWith("script handed out a key that ended at 2024-01-02T03:04:05+00:00"));

    f.script.answer = [&](int number) { return numbered(number, f.clock.now() + 6h); };
    CHECK(f.id() == "K1");
    auto const end = f.clock.now() + 6h;
    f.script.answer = [&](int number) { return numbered(number, end - 7h); };
    f.clock.advance(5h + 50min);
    CHECK(f.id() == "K1"); // better the valid one
    CHECK(f.asked() == 3);
}

TEST_CASE("a key that ends while its renewal fails is not handed out") {
    fixture f;
    f.live(6h);
    CHECK(f.id() == "K0");
    f.clock.advance(6h - 1s);
    f.script.answer = [&](int) {
        f.clock.advance(9s); // three time-outs
        return fail(errc::timed_out, "no answer", true);
    };
    CHECK(f.id() == "timed_out");
}

TEST_CASE("a refused key is fetched anew once, however many callers were refused") {
    fixture f;
    f.live(6h);
    auto const first = f.fetch(f.keys)->generation;
    f.keys.invalidate(first + 1'000'000);
    CHECK(f.id() == "K0");
    f.keys.invalidate(0);
    CHECK(f.id() == "K0");

    f.keys.invalidate(first);
    f.keys.invalidate(first);
    CHECK(f.id() == "K1");
    f.keys.invalidate(first); // a late one, about the old key
    CHECK(f.id() == "K1");
    CHECK(f.asked() == 2);
    CHECK(f.script.refused == std::vector<std::uint64_t>{first});
}

TEST_CASE("a refused key does not come back because its renewal fails") {
    fixture f;
    f.live(6h);
    auto const first = f.fetch(f.keys)->generation;
    f.script.answer = [](int) { return fail(errc::connection_failed, "no", true); };
    f.keys.invalidate(first);
    CHECK(f.id() == "connection_failed");

    f.live(6h);
    auto const second = f.fetch(f.keys)->generation;
    f.clock.advance(6h - 10min);
    f.script.answer = [&](int) {
        f.keys.invalidate(second); // while the renewal is under way
        return fail(errc::connection_failed, "no", true);
    };
    CHECK(f.id() == "connection_failed");
}

TEST_CASE("callers without a valid key wait for one answer together") {
    fixture f;
    constexpr int callers = 8;
    std::latch asked{1};
    std::atomic<int> started{0};
    f.script.answer = [&](int number) {
        asked.wait(); // holds the answer back until all callers are on their way
        return numbered(number, f.clock.now() + 6h);
    };
    std::vector<std::thread> threads;
    std::vector<std::string> ids(callers);
    for (auto& each : ids)
        threads.emplace_back([&] {
            ++started;
            each = f.id();
        });
    while (started != callers) std::this_thread::yield();
    asked.count_down();
    for (auto& each : threads) each.join();
    for (auto const& each : ids) CHECK(each == "K0");
    CHECK(f.asked() == 1);
}

TEST_CASE("nobody waits for a renewal while the key is valid") {
    fixture f;
    f.live(6h);
    CHECK(f.id() == "K0");
    f.clock.advance(6h - 5min);
    std::latch asking{1};
    std::latch answer{1};
    f.script.answer = [&](int number) {
        asking.count_down();
        answer.wait();
        return numbered(number, f.clock.now() + 6h);
    };
    std::string renewer;
    std::thread slow{[&] { renewer = f.id(); }};
    asking.wait();
    for (int i = 0; i != 100; ++i) CHECK(f.id() == "K0"); // would never come back if it waited
    CHECK(f.asked() == 2);
    answer.count_down();
    slow.join();
    CHECK(renewer == "K1");
    CHECK(f.id() == "K1");
}

TEST_CASE("callers that waited for a failed answer share the failure") {
    fixture f;
    std::latch asking{1};
    std::latch answer{1};
    std::atomic<int> waiting{0};
    f.script.answer = [&](int number) -> result<access_key> {
        if (number == 0) {
            asking.count_down();
            answer.wait();
        }
        return fail(errc::timed_out, "answer " + std::to_string(number), true);
    };
    std::vector<std::thread> threads;
    std::vector<std::string> messages(4);
    for (auto& each : messages)
        threads.emplace_back([&] {
            ++waiting;
            each = f.fetch(f.keys).error().message;
        });
    asking.wait();
    while (waiting != 4) std::this_thread::yield();
    answer.count_down();
    for (auto& each : threads) each.join();
    // Those that came in time share answer 0; a straggler may have asked for itself.
    std::set<std::string> const distinct(messages.begin(), messages.end());
    CHECK(distinct.contains("answer 0"));
    CHECK(static_cast<int>(distinct.size()) == f.asked());
}

TEST_CASE("many threads and keys that turn over: nobody is handed one that ended, and one asks at a time") {
    fixture f;
    std::atomic<int> inside{0};
    std::atomic<bool> crowded{false};
    f.script.answer = [&](int number) -> result<access_key> {
        if (++inside != 1) crowded = true;
        auto const made = number % 3 == 1 ? result<access_key>{fail(errc::timed_out, "no answer", true)}
                                          : result<access_key>{numbered(number, f.clock.now() + 100ms)};
        --inside;
        return made;
    };
    std::atomic<int> ended{0};
    std::atomic<bool> stale{false};
    std::vector<std::thread> threads;
    for (int i = 0; i != 6; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k != 300; ++k) {
                auto const before = f.clock.now();
                auto const key = f.fetch(f.keys);
                if (key && *key->expires <= before) stale = true;
                if (key && k % 50 == 0) f.keys.invalidate(key->generation);
            }
            ++ended;
        });
    while (ended != 6) {
        f.clock.advance(1ms);
        std::this_thread::yield();
    }
    for (auto& each : threads) each.join();
    CHECK_FALSE(stale);
    CHECK_FALSE(crowded);
}

#if defined(__cpp_exceptions)
TEST_CASE("a provider that throws leaves the others able to go on") {
    fixture f;
    f.script.answer = [](int number) -> result<access_key> {
        if (number == 0) throw 1;
        return numbered(number);
    };
    CHECK_THROWS_AS(f.id(), int);
    CHECK(f.id() == "K1");
}
#endif
