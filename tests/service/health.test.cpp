#include <fargate/service/health.hpp>

#include "support/catch.hpp"

using namespace fargate;
using fargate::service::health_book;

TEST_CASE("an agent that has not polled yet is not healthy, and says so by having no last success") {
    health_book book;
    CHECK_FALSE(book.read().ok());
    CHECK_FALSE(book.read().last_success);
}

TEST_CASE("a failing poll makes it unhealthy, and only a new reason is news") {
    health_book book;
    time_point const then{std::chrono::seconds{1'700'000'000}};
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
