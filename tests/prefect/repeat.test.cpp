#include <fargate/prefect/repeat.hpp>

#include "support/catch.hpp"

#include <fargate/testing/manual_clock.hpp>

#include <algorithm>
#include <cstdint>

using namespace fargate;
using namespace std::chrono_literals;

TEST_CASE("2.2: Retry-After may be a date, and is bounded, and falls back when it says nothing") {
    prefect::endpoint const where{"https://h/", true};
    auto const now = testing::manual_clock::default_start; // Tue, 02 Jan 2024 03:04:05 GMT
    auto const wait = [&](char const* text, unsigned repeats = 2) {
        return prefect::wait_before_repeat(where, prefect::backend::cloud,
                                           http::response{503, {{"Retry-After", text}}, ""}, repeats, now);
    };
    CHECK(wait("Tue, 02 Jan 2024 03:04:45 GMT") == duration{40s});
    CHECK(wait("Tue, 02 Jan 2024 03:04:00 GMT") == duration{4s});
    CHECK(wait("Fri, 31 Dec 9999 23:59:59 GMT") == duration{300s});
    CHECK(wait("99999999999999999999999999999") == duration{300s});
    CHECK(wait("301") == duration{300s});
    CHECK(wait("0") == duration{4s});
    CHECK(wait("-5") == duration{4s});
    CHECK(wait("soon") == duration{4s});
    CHECK(wait("") == duration{4s});
    CHECK(wait("7", 6) == std::nullopt);
}

TEST_CASE("2.2: a call waits as long as one Retry-After may ask for, however often it is asked to") {
    prefect::endpoint const where{"https://h/", true};
    auto const now = testing::manual_clock::default_start;
    auto const wait = [&](char const* text, duration waited) {
        return prefect::wait_before_repeat(where, prefect::backend::cloud,
                                           http::response{503, {{"Retry-After", text}}, ""}, 3, now, waited);
    };
    CHECK(wait("100", 200s) == duration{100s});
    CHECK(wait("101", 200s) == std::nullopt);
    CHECK(wait("300", {}) == duration{300s});
    CHECK(wait("300", 1s) == std::nullopt);
    CHECK(wait("no number", 300s) == duration{8s});
}

TEST_CASE("7: Status 429: else the wait is between half of 4, 8, 16, 32, 64 and 64 s and the whole") {
    http::response const busy{429, {{"Retry-After", "0"}}, ""};
    auto const now = testing::manual_clock::default_start;
    for (unsigned repeats = 0; repeats != 6; ++repeats) {
        duration const whole = std::min<duration>(64s, 4s * (1 << repeats));
        auto const least = prefect::wait_when_throttled(busy, {repeats, {}}, now, [] { return std::uint64_t{0}; });
        auto const most = prefect::wait_when_throttled(busy, {repeats, {}}, now, [] { return ~std::uint64_t{0}; });
        CHECK(least == whole / 2);
        CHECK(*most > whole - 1ms);
        CHECK(*most <= whole);
    }
    CHECK_FALSE(prefect::wait_when_throttled(busy, {6, {}}, now));
    CHECK_FALSE(prefect::wait_when_throttled(http::response{503, {}, ""}, {}, now));
    CHECK_FALSE(prefect::wait_when_throttled(fail(errc::connection_failed, "gone"), {}, now));
}

TEST_CASE("7: Status 429: it is not the transport's to repeat") {
    prefect::endpoint const where{"https://h/", true};
    CHECK_FALSE(prefect::wait_before_repeat(where, prefect::backend::cloud,
                                            http::response{429, {{"Retry-After", "7"}}, ""}, 0, {}));
}
