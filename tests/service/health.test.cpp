#include <fargate/service/health.hpp>

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

using namespace fargate;
using namespace std::chrono_literals;
using fargate::service::health;
using fargate::service::health_book;
using fargate::service::is_well;
using fargate::service::trouble_of;

namespace {

constexpr time_point then{std::chrono::seconds{1'700'000'000}};

} // namespace

TEST_CASE("an agent that has not polled yet is not healthy, and says so by having no last success") {
    health_book book;
    CHECK_FALSE(book.read().ok());
    CHECK_FALSE(book.read().last_success);
}

TEST_CASE("a failing poll makes it unhealthy, and only a new reason is news") {
    health_book book;
    book.polled(then);
    CHECK(book.read().ok());
    CHECK(book.poll_failed(fail(errc::connection_failed, "refused")));
    CHECK_FALSE(book.poll_failed(fail(errc::connection_failed, "refused")));
    CHECK(book.poll_failed(fail(errc::timed_out, "silent")));
    CHECK_FALSE(book.read().ok());
    CHECK(book.read().last_success == then);
    CHECK(book.read().failed_polls == 3);
    book.polled(then);
    CHECK(book.read().ok());
    CHECK(book.poll_failed(fail(errc::timed_out, "silent")));
}

TEST_CASE("every way a run can end has its own count") {
    health_book book;
    book.launched();
    book.launched();
    book.failed();
    book.left();
    auto const now = book.read();
    CHECK(now.launched == 2);
    CHECK(now.failed == 1);
    CHECK(now.left == 1);
}

TEST_CASE("all that an agent does with tasks has its own count") {
    health_book book;
    book.attempted();
    book.attempted(300ms);
    book.adopted();
    book.throttled();
    book.relaunched();
    book.swept();
    book.stopped_task();
    book.held();
    book.beat();
    book.holding(3);
    book.watching(5'000);
    book.watching(4'999);
    auto const now = book.read();
    CHECK(now.attempts == 2);
    CHECK(now.adopted == 1);
    CHECK(now.throttled == 1);
    CHECK(now.relaunched == 1);
    CHECK(now.swept == 1);
    CHECK(now.stopped_tasks == 1);
    CHECK(now.holds == 1);
    CHECK(now.beats == 1);
    CHECK(now.held == 3);
    CHECK(now.watched == 4'999);
}

TEST_CASE("endings are counted by their names, and one that nobody knows is unknown") {
    health_book book;
    for (auto const ending : health::endings) book.task_ended(ending);
    book.task_ended("succeeded");
    book.task_ended("eaten by a grue");
    auto const now = book.read();
    CHECK(now.tasks_ended == std::array<std::uint64_t, 7>{2, 1, 1, 1, 1, 1, 2});
}

TEST_CASE("times are kept when they are known, failed polls' too") {
    health_book book;
    book.polled(then);
    book.polled(then, 200ms);
    CHECK(book.poll_failed(fail(errc::timed_out, "silent"), 30s));
    book.launched();
    book.launched(2s);
    book.attempted(150ms);
    auto const now = book.read();
    CHECK(now.poll_times.count() == 2);
    CHECK(now.poll_times.sum == 30'200ms);
    CHECK(now.launch_waits.count() == 1);
    CHECK(now.launch_waits.sum == 2s);
    CHECK(now.attempt_times.sum == 150ms);
}

TEST_CASE("turns move with every poll, however it ends, and with every word of the loop") {
    health_book book;
    CHECK(book.turns() == 0);
    book.polled(then);
    (void)book.poll_failed(fail(errc::timed_out, "silent"));
    book.turned();
    CHECK(book.turns() == 3);
    CHECK(book.read().turns == 3);
    book.launched();
    CHECK(book.turns() == 3);
}

TEST_CASE("an agent is well for three of its longest waits after an answer, half a minute at least") {
    health_book book;
    book.started(then);
    book.polled(then + 1s);
    auto const now = book.read();
    CHECK(is_well(now, then + 31s, 10s));
    CHECK_FALSE(is_well(now, then + 31s + 1us, 10s));
    CHECK(is_well(now, then + 31s, 1s));
    CHECK_FALSE(is_well(now, then + 31s + 1us, 1s));
    CHECK(is_well(now, then + 181s, 60s));
    CHECK_FALSE(is_well(now, then + 181s + 1us, 60s));
    CHECK(is_well(now, then - 24h, 10s)); // the clock was set back
}

TEST_CASE("before the first answer the start counts, and only the first start; one that has not begun is well") {
    health_book book;
    CHECK(is_well(book.read(), then, 10s));
    book.started(then);
    book.started(then + 1h);
    CHECK(is_well(book.read(), then + 30s, 10s));
    CHECK_FALSE(is_well(book.read(), then + 31s, 10s));
}

TEST_CASE("trouble is one line that says since when and why, and an answer ends it") {
    health_book book;
    book.started(then);
    CHECK(trouble_of(book.read(), then + 31s, 10s) == "no poll has got an answer yet, since 2023-11-14T22:13:20+00:00");
    (void)book.poll_failed(fail(errc::connection_failed, "no connection to\r\napi:4200"));
    CHECK(trouble_of(book.read(), then + 31s, 10s) ==
          "no poll has got an answer yet, since 2023-11-14T22:13:20+00:00: no connection to  api:4200");
    book.polled(then + 40s + 1us);
    CHECK(trouble_of(book.read(), then + 50s, 10s) == std::nullopt);
    CHECK(trouble_of(book.read(), then + 71s, 10s) ==
          "no poll has got an answer since 2023-11-14T22:14:00+00:00"); // and nobody has heard of a failure
}
