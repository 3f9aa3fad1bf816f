#include <fargate/text/nearest.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using fargate::text::mistakes;
using fargate::text::nearest;

TEST_CASE("a letter put in, left out, changed or swapped is one mistake, a wrong capital half of one") {
    CHECK(mistakes("", "") == 0);
    CHECK(mistakes("timeout", "timeout") == 0);
    CHECK(mistakes("timeot", "timeout") == 2);
    CHECK(mistakes("timeoutt", "timeout") == 2);
    CHECK(mistakes("timeoat", "timeout") == 2);
    CHECK(mistakes("tiemout", "timeout") == 2);
    CHECK(mistakes("timeOut", "timeout") == 1);
    CHECK(mistakes("", "abc") == 6);
}

TEST_CASE("the nearest name is found, if any is near") {
    constexpr std::string_view known[] = {"connect_timeout", "read_timeout", "s3"};
    CHECK(nearest("conect_timeout", known) == "connect_timeout");
    CHECK(nearest("readTimeout", known) == "read_timeout");
    CHECK(nearest("S3", known) == "s3");
    CHECK(nearest("retries", known).empty());
    CHECK(nearest("", known).empty());
    CHECK(nearest(std::string(100'000, 'x'), known).empty());
}
