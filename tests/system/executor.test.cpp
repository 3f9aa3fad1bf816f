#include <fargate/system/executor.hpp>

#include "support/catch.hpp"
#include "support/sanitizers.hpp"

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#if defined(__GLIBC__)
#include <pthread.h>
#endif

using fargate::inline_executor;
using fargate::job;
using fargate::thread_pool;

static_assert(fargate::executor_policy<inline_executor>);
static_assert(fargate::executor_policy<thread_pool>);
static_assert(!std::is_copy_constructible_v<job> && !std::is_copy_assignable_v<job>);
static_assert(std::is_nothrow_move_constructible_v<job> && std::is_nothrow_move_assignable_v<job>);
static_assert(!std::is_constructible_v<job, int>, "only callables become jobs");
static_assert(!std::is_constructible_v<job, void (*)(int)>, "a job takes no arguments");
static_assert(noexcept(std::declval<job&>()()));

namespace {

/// Counts its living copies.
struct tracked {
    explicit tracked(int& living) : living_{&living} { ++*living_; }
    tracked(tracked&& other) noexcept : living_{other.living_} { ++*living_; }
    tracked(tracked const&) = delete;
    ~tracked() { --*living_; }
    int* living_;
};

} // namespace

TEST_CASE("a job runs what it was made from, wherever that is kept") {
    int runs = 0;
    SECTION("small captures stay inside") {
        job work{[&runs] { ++runs; }};
        work();
    }
    SECTION("large captures go to the heap") {
        std::array<int, 100> large{};
        large[99] = 1;
        job work{[&runs, large] { runs += large[99]; }};
        work();
    }
    SECTION("a callable that can only be moved") {
        job work{[&runs, step = std::make_unique<int>(1)] { runs += *step; }};
        work();
    }
    SECTION("a callable that changes itself") {
        job work{[&runs, step = 0]() mutable { runs = ++step; }};
        work();
    }
    SECTION("a callable with a result, which is dropped") {
        job work{[&runs] { return ++runs; }};
        work();
    }
    SECTION("a function") {
        static int counted;
        counted = 0;
        job work{+[] { ++counted; }};
        work();
        runs = counted;
    }
    CHECK(runs == 1);
}

TEMPLATE_TEST_CASE_SIG("moving a job moves its callable and loses none", "", ((int Padding), Padding), 1, 400) {
    int living = 0;
    int runs = 0;
    {
        job first{[item = tracked{living}, padding = std::array<char, Padding>{}, &runs] { runs += 1 + padding[0]; }};
        CHECK(living == 1);
        job second{std::move(first)};
        CHECK(living == 1);
        CHECK(second);
        CHECK_FALSE(first); // NOLINT(bugprone-use-after-move): what is left behind is the point
        second();

        job third{[other = tracked{living}] {}};
        CHECK(living == 2);
        third = std::move(second);
        CHECK(living == 1);
        third();
        auto& same = third;
        third = std::move(same);
        CHECK(third);
    }
    CHECK(runs == 2);
    CHECK(living == 0);
}

TEST_CASE("a job that was never run still gives up its captures") {
    auto const watched = std::make_shared<int>(0);
    {
        job const work{[watched] {}};
    }
    CHECK(watched.use_count() == 1);
}

TEST_CASE("the inline executor runs a job inside submit, on the caller's thread") {
    inline_executor executor;
    std::thread::id where{};
    executor.submit([&where] { where = std::this_thread::get_id(); });
    CHECK(where == std::this_thread::get_id());
    executor.drain();
    CHECK(executor.workers() == 1);
}

TEST_CASE("a pool starts no thread before there is work, and no more than it has work for") {
    thread_pool pool{4};
    CHECK(pool.threads() == 0);
    pool.drain();
    CHECK(pool.threads() == 0);

    pool.submit([] {});
    pool.drain();
    CHECK(pool.threads() == 1);
}

TEST_CASE("a pool runs as many jobs at a time as it has workers") {
    thread_pool pool{4};
    CHECK(pool.workers() == 4);
    std::latch all_here{4};
    for (int i = 0; i != 4; ++i) pool.submit([&all_here] { all_here.arrive_and_wait(); });
    pool.drain(); // returns only because four ran together
    CHECK(pool.threads() == 4);
}

TEST_CASE("one idle thread does not count for two jobs") {
    for (int round = 0; round != 100; ++round) {
        thread_pool pool{2};
        pool.submit([] {});
        pool.drain(); // one thread, and it is idle
        std::latch both_here{2};
        for (int i = 0; i != 2; ++i) pool.submit([&both_here] { both_here.arrive_and_wait(); });
        pool.drain(); // returns only because the two ran together
        REQUIRE(pool.threads() == 2);
    }
}

TEST_CASE("a pool never runs more jobs at a time than it has workers, and loses none") {
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> ended{0};
    thread_pool pool{3};
    for (int i = 0; i != 2000; ++i)
        pool.submit([&] {
            int const now = ++running;
            int seen = most.load();
            while (seen < now && !most.compare_exchange_weak(seen, now)) {
            }
            --running;
            ++ended;
        });
    pool.drain();
    CHECK(ended == 2000);
    CHECK(most >= 1);
    CHECK(most <= 3);
    CHECK(pool.threads() <= 3);
}

TEST_CASE("a pool of one worker runs jobs in the order they came") {
    std::vector<int> order;
    thread_pool pool{1};
    for (int i = 0; i != 100; ++i) pool.submit([&order, i] { order.push_back(i); });
    pool.drain();
    REQUIRE(order.size() == 100);
    for (int i = 0; i != 100; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("drain waits for the jobs that jobs submit") {
    std::atomic<int> ended{0};
    thread_pool pool{2};
    struct chain {
        thread_pool& pool;
        std::atomic<int>& ended;
        int left;
        void operator()() {
            if (left != 0) pool.submit(chain{pool, ended, left - 1});
            ++ended;
        }
    };
    for (int i = 0; i != 5; ++i) pool.submit(chain{pool, ended, 50});
    pool.drain();
    CHECK(ended == 5 * 51);
}

TEST_CASE("several threads may submit and drain at once") {
    std::atomic<int> ended{0};
    thread_pool pool{3};
    std::vector<std::thread> callers;
    for (int i = 0; i != 4; ++i)
        callers.emplace_back([&] {
            for (int k = 0; k != 200; ++k) pool.submit([&ended] { ++ended; });
            pool.drain();
        });
    for (auto& each : callers) each.join();
    CHECK(ended == 800);
}

TEST_CASE("a pool that goes away runs everything first") {
    std::atomic<int> ended{0};
    {
        thread_pool pool{2};
        for (int i = 0; i != 300; ++i) pool.submit([&ended] { ++ended; });
    }
    CHECK(ended == 300);
}

TEST_CASE("drain also waits until a job's captures are gone") {
    auto const watched = std::make_shared<int>(0);
    thread_pool pool{2};
    for (int i = 0; i != 50; ++i) pool.submit([watched] {});
    pool.drain();
    CHECK(watched.use_count() == 1);
}

TEST_CASE("a pool asked for no workers has one") {
    thread_pool pool{0};
    CHECK(pool.workers() == 1);
    int runs = 0;
    pool.submit([&runs] { ++runs; });
    pool.drain();
    CHECK(runs == 1);
}

TEST_CASE("the everyday pool has a few workers more than processors, and at most 32") {
    thread_pool const pool;
    CHECK(pool.workers() >= 12);
    CHECK(pool.workers() <= 32);
}

#ifdef __GLIBC__
TEST_CASE("where the system gives no thread, submit runs the job itself") {
    if (testing_support::under_tsan) return; // it makes its threads in its own way
    pthread_attr_t usual;
    pthread_attr_t impossible;
    REQUIRE(pthread_getattr_default_np(&usual) == 0);
    REQUIRE(pthread_getattr_default_np(&impossible) == 0);
    REQUIRE(pthread_attr_setstacksize(&impossible, std::size_t{1} << 50U) == 0);
    REQUIRE(pthread_setattr_default_np(&impossible) == 0);

    thread_pool pool{2};
    int runs = 0;
    std::thread::id where{};
    pool.submit([&] {
        where = std::this_thread::get_id();
        ++runs;
        pool.submit([&runs] { ++runs; });
    });
    pool.drain();
    CHECK(runs == 2);
    CHECK(where == std::this_thread::get_id());
    CHECK(pool.threads() == 0);

    REQUIRE(pthread_setattr_default_np(&usual) == 0);
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&impossible);

    pool.submit([&runs] { ++runs; });
    pool.drain();
    CHECK(runs == 3);
    CHECK(pool.threads() == 1);
}
#endif
