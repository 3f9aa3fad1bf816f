#include <fargate/service/signals.hpp>

#include "support/catch.hpp"

#include <semaphore>

#include <sys/wait.h>

using fargate::service::signals;

namespace {

/// Runs `body` in a child process and gives its wait status.
template <class Body>
int status_of(Body body) {
    pid_t const child = ::fork();
    if (child == 0) {
        body();
        ::_exit(99);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

/// Returns when the token has fired.
void wait_for(std::stop_token const& token) {
    std::binary_semaphore fired{0};
    std::stop_callback const tell{token, [&] { fired.release(); }};
    fired.acquire();
}

} // namespace

TEST_CASE("the first signal fires the token, and is told by its number") {
    for (int const number : {SIGINT, SIGTERM}) {
        int const status = status_of([number] {
            signals watch;
            ::raise(number);
            wait_for(watch.token());
            ::_exit(watch.received() == number ? 7 : 8);
        });
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 7);
    }
}

TEST_CASE("a second signal ends the process at once with the shell's status for it") {
    for (int const number : {SIGINT, SIGTERM}) {
        int const status = status_of([number] {
            signals watch;
            ::raise(SIGINT);
            wait_for(watch.token());
            ::raise(number);
        });
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 128 + number);
    }
}

TEST_CASE("the handlers that were there before come back") {
    int const status = status_of([] {
        std::signal(SIGTERM, SIG_DFL);
        { signals watch; }
        ::raise(SIGTERM);
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("a watch without any signal ends without one") {
    signals watch;
    CHECK(watch.watching());
    CHECK_FALSE(watch.token().stop_requested());
    CHECK(watch.received() == 0);
}
