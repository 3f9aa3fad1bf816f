#include <fargate/service/figure.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using service::read_capacity_plan;
using service::read_count;
using service::read_rate;
using service::read_seconds;
using words = std::vector<std::string>;

TEST_CASE("seconds are digits and perhaps a point with more of them, blanks around") {
    CHECK(read_seconds("10") == 10s);
    CHECK(read_seconds("0") == 0s);
    CHECK(read_seconds("0.25") == 250ms);
    CHECK(read_seconds(".5") == 500ms);
    CHECK(read_seconds("3.") == 3s);
    CHECK(read_seconds(" 007.000001 ") == 7s + 1us);
    CHECK(read_seconds("1.9999999999999999999999") == 2s - 1us);
    CHECK(read_seconds("315360000") == service::longest_span);
}

TEST_CASE("what is no such number is none: signs, exponents, names, nothing, and what is too much") {
    for (auto const* const word :
         {"",         " ",    ".",   "-1",  "-0",    "+1",   "1e3", "nan", "NaN",   "inf",
          "Infinity", "0x10", "1,5", "1 0", "1.2.3", "1.-5", "ten", "10s", "1_000", "\xD9\xA1"}) {
        INFO(word);
        CHECK_FALSE(read_seconds(word));
        CHECK_FALSE(read_rate(word));
        CHECK_FALSE(read_count(word));
    }
    for (auto const* const word : {"315360001", "1000000000001", "9223372036854775807", "9223372036854775808",
                                   "99999999999999999999999999999999999999"})
        CHECK_FALSE(read_seconds(word));
}

TEST_CASE("a rate may have a fraction, a count may not") {
    CHECK(read_rate("20") == 20.0);
    CHECK(read_rate("0.5") == 0.5);
    CHECK(read_rate("1000000") == 1e6);
    CHECK_FALSE(read_rate("1000000.1"));
    CHECK(read_count("0") == 0U);
    CHECK(read_count(" 25 ") == 25U);
    CHECK(read_count("1000000000") == 1'000'000'000U);
    CHECK_FALSE(read_count("1000000001"));
    CHECK_FALSE(read_count("1.0"));
    CHECK_FALSE(read_count("18446744073709551616"));
}

TEST_CASE("a capacity plan is names with commas between, and no name is empty") {
    CHECK(read_capacity_plan("FARGATE_SPOT,FARGATE") == words{"FARGATE_SPOT", "FARGATE"});
    CHECK(read_capacity_plan(" my-provider , EC2 ") == words{"my-provider", "EC2"});
    for (auto const* const word : {"", ",", "FARGATE,", ",FARGATE", "a,,b", "a b", "a;b", "['FARGATE']", "a/b"}) {
        INFO(word);
        CHECK_FALSE(read_capacity_plan(word));
    }
    CHECK(read_capacity_plan(std::string(255, 'a')));
    CHECK_FALSE(read_capacity_plan(std::string(256, 'a')));
}
