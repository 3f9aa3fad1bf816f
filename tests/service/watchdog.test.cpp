#include <fargate/service/watchdog.hpp>

#include "support/catch.hpp"

#include <fargate/testing/manual_clock.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <future>
#include <stop_token>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace fargate;
using namespace std::chrono_literals;
using service::stands_still;
using service::watchdog;
using testing::manual_clock;

namespace {

/// Sleeps no time, so that its watchdog looks as often as it can.
struct no_time {
    [[nodiscard]] time_point now() const { return {}; }
    bool sleep_for(duration, std::stop_token stop) const { return !stop.stop_requested(); }
};

std::promise<duration>* told = nullptr;
void tell(duration limit) noexcept { told->set_value(limit); }

std::atomic<int> bites{0};
void count(duration) noexcept { ++bites; }

} // namespace

TEST_CASE("a loop that does not move is found out after two looks, half the limit apart") {
    manual_clock clock;
    CHECK(stands_still(clock, [] { return std::uint64_t{7}; }, 600s, {}));
    CHECK(clock.slept() == std::vector<duration>{300s, 300s});
}

TEST_CASE("a loop that moves once before each second look is left in peace, and found out when it stops") {
    manual_clock clock;
    std::uint64_t moves = 0;
    clock.during_sleep([&](duration) {
        auto const looks = clock.slept().size();
        if (looks < 21 && looks % 2 == 0) ++moves; // at the latest moment before the second look
    });
    CHECK(stands_still(clock, [&] { return moves; }, 600s, {}));
    CHECK(clock.slept().size() == 22);
}

TEST_CASE("a machine that slept is not taken for a loop that hangs") {
    manual_clock clock;
    std::stop_source stop;
    std::uint64_t moves = 0;
    clock.during_sleep([&](duration) {
        if (clock.slept().size() == 5) clock.advance(24h); // nobody moves meanwhile
        if (clock.slept().size() != 5) ++moves;
        if (clock.slept().size() == 9) stop.request_stop();
    });
    CHECK_FALSE(stands_still(
        clock, [&] { return moves; }, 600s, stop.get_token()));
}

TEST_CASE("a stop ends the watch without a bite") {
    manual_clock clock;
    std::stop_source stop;
    clock.during_sleep([&](duration) { stop.request_stop(); });
    CHECK_FALSE(stands_still(
        clock, [] { return std::uint64_t{7}; }, 600s, stop.get_token()));
    CHECK(clock.slept().size() == 1);
}

TEST_CASE("a watchdog bites from its own thread") {
    std::promise<duration> promise;
    told = &promise;
    watchdog dog{2s, [] { return std::uint64_t{7}; }, &tell, no_time{}};
    CHECK(dog.watching());
    CHECK(promise.get_future().get() == 2s);
}

TEST_CASE("a watchdog that goes wakes at once, however long its limit is, and has not bitten") {
    bites = 0;
    {
        watchdog const dog{24h, [] { return std::uint64_t{7}; }, &count};
        CHECK(dog.watching());
    }
    CHECK(bites == 0);
}

TEST_CASE("a limit of zero is no watch") {
    bites = 0;
    watchdog const dog{0s, [] { return std::uint64_t{7}; }, &count, no_time{}};
    CHECK_FALSE(dog.watching());
    CHECK(bites == 0);
}

TEST_CASE("the bite is one line on standard error, and status 70") {
    int pipe_ends[2] = {-1, -1};
    REQUIRE(::pipe(pipe_ends) == 0);
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(pipe_ends[1], STDERR_FILENO);
        service::end_wedged_process(600s);
    }
    ::close(pipe_ends[1]);
    std::string said;
    char some[256];
    for (ssize_t count = 0; (count = ::read(pipe_ends[0], some, sizeof some)) > 0;)
        said.append(some, static_cast<std::size_t>(count));
    ::close(pipe_ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 70);
    CHECK(said == "the agent has stood still for 600 seconds and ends with status 70, to be started again\n");
}
