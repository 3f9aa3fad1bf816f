#include <fargate/service/wake.hpp>

#include "support/catch.hpp"

using fargate::service::wake;

TEST_CASE("a ring before the sleep is not lost") {
    wake bell;
    bell.reset();
    bell.ring();
    CHECK(bell.token().stop_requested());
}

TEST_CASE("a reset forgets earlier rings, and tokens taken before keep theirs") {
    wake bell;
    auto const first = bell.token();
    bell.ring();
    bell.reset();
    CHECK(first.stop_requested());
    CHECK_FALSE(bell.token().stop_requested());
}
