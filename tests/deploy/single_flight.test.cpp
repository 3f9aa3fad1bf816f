#include <fargate/deploy/single_flight.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <stop_token>
#include <thread>
#include <vector>

using fargate::deploy::single_flight;
using turn = single_flight::turn;

TEST_CASE("a turn is one's own, unless somebody finished since the look", "[deploy][single_flight]") {
    single_flight flights;
    single_flight::seat one{flights, "a"};
    single_flight::seat two{flights, "a"};
    single_flight::seat other{flights, "b"};
    one.look();
    two.look();
    CHECK(one.take({}) == turn::mine);
    CHECK(other.take({}) == turn::mine);
    one.leave(true);
    CHECK(two.take({}) == turn::changed);
    CHECK(two.take({}) == turn::changed); // until it has looked
    two.look();
    CHECK(two.take({}) == turn::mine);
    two.leave(false);
    CHECK(one.take({}) == turn::changed); // its own success is something new to look at, too
    one.look();
    CHECK(one.take({}) == turn::mine); // nothing was finished by a turn that failed
    one.leave(false);
    other.leave(true);
}

TEST_CASE("a seat that goes without leaving frees its turn", "[deploy][single_flight]") {
    single_flight flights;
    single_flight::seat waiting{flights, "a"};
    {
        single_flight::seat gone{flights, "a"};
        CHECK(gone.take({}) == turn::mine);
    }
    CHECK(waiting.take({}) == turn::mine);
}

TEST_CASE("nothing is kept for a key without seats", "[deploy][single_flight]") {
    single_flight flights;
    {
        single_flight::seat first{flights, "a"};
        CHECK(first.take({}) == turn::mine);
        first.leave(true);
    }
    single_flight::seat second{flights, "a"}; // has not looked: a kept count would send it back
    CHECK(second.take({}) == turn::mine);
}

TEST_CASE("a waiting seat is woken by a stop", "[deploy][single_flight]") {
    single_flight flights;
    single_flight::seat busy{flights, "a"};
    single_flight::seat waiting{flights, "a"};
    REQUIRE(busy.take({}) == turn::mine);
    std::stop_source stop;
    std::jthread const stopper{[&] { stop.request_stop(); }};
    CHECK(waiting.take(stop.get_token()) == turn::stopped);
}

TEST_CASE("of many threads one at a time has the turn", "[deploy][single_flight]") {
    single_flight flights;
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> turns{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i != 8; ++i)
            threads.emplace_back([&] {
                for (int round = 0; round != 200; ++round) {
                    single_flight::seat seat{flights, "a"};
                    while (seat.take({}) != turn::mine) seat.look();
                    if (++inside > most) most = inside.load();
                    ++turns;
                    --inside;
                    seat.leave(round % 2 == 0);
                }
            });
    }
    CHECK(most == 1);
    CHECK(turns == 1600);
}
