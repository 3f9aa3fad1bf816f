#include <fargate/service/resting.hpp>

#include "support/catch.hpp"

using fargate::service::resting;
using namespace std::chrono_literals;
using names = std::vector<std::string>;

TEST_CASE("a name rests until its time, and longer when it is put again") {
    resting subnets;
    CHECK(subnets.at(0s).empty());
    subnets.put("b", 10s);
    subnets.put("a", 20s);
    CHECK(subnets.at(9s) == names{"a", "b"});
    CHECK(subnets.at(10s) == names{"a"});
    subnets.put("a", 30s);
    CHECK(subnets.at(25s) == names{"a"});
    CHECK(subnets.at(30s).empty());
}
