#include <fargate/service/in_flight.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <thread>
#include <vector>

using fargate::service::in_flight;

TEST_CASE("an id is let in once until it leaves") {
    in_flight busy;
    CHECK(busy.enter("b"));
    CHECK(busy.enter("a"));
    CHECK_FALSE(busy.enter("b"));
    CHECK(busy.ids() == std::vector<std::string>{"a", "b"});
    busy.leave("b");
    busy.leave("never entered");
    CHECK(busy.size() == 1);
    CHECK(busy.enter("b"));
}

TEST_CASE("claimed runs are counted against the room there is, together with what else takes a place") {
    in_flight busy;
    std::size_t others = 1;
    auto const count = [&others] { return others; };
    for (auto const* id : {"a", "b", "c"}) REQUIRE(busy.enter(id));
    CHECK(busy.claim("a", count, 3));
    CHECK(busy.claim("b", count, 3));
    CHECK_FALSE(busy.claim("c", count, 3));
    CHECK(busy.claimed() == std::vector<std::string>{"a", "b"});
    others = 0;
    CHECK(busy.claim("c", count, 3));
    busy.release("c");
    busy.leave("a");
    others = 1;
    CHECK(busy.claim("c", count, 3));
    CHECK_FALSE(busy.claim("never entered"));
    CHECK(busy.claimed() == std::vector<std::string>{"b", "c"});
    CHECK(busy.has("b"));
    CHECK_FALSE(busy.has("a"));
    for (auto const* id : {"b", "c"}) busy.leave(id);
    REQUIRE(busy.enter("d"));
    CHECK(busy.claim("d"));
}

TEST_CASE("of many threads that bring one id, one gets it in") {
    in_flight busy;
    std::atomic<int> entered{0};
    std::vector<std::thread> threads;
    for (int i = 0; i != 8; ++i) threads.emplace_back([&] { entered += busy.enter("run") ? 1 : 0; });
    for (auto& each : threads) each.join();
    CHECK(entered == 1);
}
