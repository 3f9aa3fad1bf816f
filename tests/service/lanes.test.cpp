#include <fargate/service/lanes.hpp>

#include "support/catch.hpp"

#include <memory>

using fargate::service::lanes;

TEST_CASE("so many are let through at a time, and the others in the order they came") {
    lanes<std::unique_ptr<int>> two{2};
    auto const one = [](int number) { return std::make_unique<int>(number); };
    auto a = one(1), b = one(2), c = one(3), d = one(4);
    CHECK(two.enter(a));
    CHECK(two.enter(b));
    CHECK(a);
    CHECK_FALSE(two.enter(c));
    CHECK_FALSE(two.enter(d));
    CHECK_FALSE(c);
    auto next = two.leave();
    REQUIRE(next);
    CHECK(**next == 3);
    CHECK(two.enter(*next));
    next = two.leave();
    REQUIRE(next);
    CHECK(**next == 4);
    CHECK_FALSE(two.leave());
}

TEST_CASE("no number is any number") {
    lanes<std::unique_ptr<int>> free{0};
    auto one = std::make_unique<int>(1);
    for (int i = 0; i != 10; ++i) CHECK(free.enter(one));
    CHECK_FALSE(free.leave());
}
