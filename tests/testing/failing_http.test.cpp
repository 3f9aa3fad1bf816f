#include <fargate/testing/failing_http.hpp>

#include "support/catch.hpp"

#include <fargate/testing/scripted_http.hpp>

using fargate::errc;
using fargate::fail;
using fargate::testing::failing_http;
using fargate::testing::scripted_http;

static_assert(fargate::http_policy<failing_http<scripted_http>>);
static_assert(fargate::http_policy<failing_http<scripted_http&>>);

namespace {

scripted_http& always_fine(scripted_http& http) {
    return http.otherwise([](auto const&) { return fargate::http::response{200, {}, "fine"}; });
}

} // namespace

TEST_CASE("A failing http without a plan fails nothing") {
    failing_http<scripted_http> http;
    always_fine(http.inner());
    REQUIRE(http.send({}));
    REQUIRE(http.send({}));
    CHECK(http.sends() == 2);
    CHECK_FALSE(http.fired());
}

TEST_CASE("A request lost before it arrives never reaches the inner http, and only the planned one is lost") {
    failing_http<scripted_http> http;
    always_fine(http.inner());
    http.fail_at(1, fail(errc::connection_failed, "cut", true));
    CHECK(http.send({}));
    CHECK_FALSE(http.fired());
    auto const lost = http.send({});
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::connection_failed);
    CHECK(lost.error().message == "cut");
    CHECK(lost.error().retryable);
    CHECK(http.fired());
    CHECK(http.send({}));
    CHECK(http.inner().requests().size() == 2);
}

TEST_CASE("An answer lost on its way back leaves the request with the inner http") {
    scripted_http inner;
    always_fine(inner);
    failing_http<scripted_http&> http{inner};
    http.fail_at(0, fail(errc::timed_out, "late"), failing_http<scripted_http&>::when::after);
    auto const lost = http.send({});
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::timed_out);
    CHECK(inner.requests().size() == 1);
}

TEST_CASE("A walk over every send ends when there is no such send") {
    std::size_t walked = 0;
    for (;; ++walked) {
        failing_http<scripted_http> http;
        always_fine(http.inner());
        http.fail_at(walked, fail(errc::connection_failed, "cut"));
        for (int i = 0; i != 3; ++i)
            if (!http.send({})) break;
        if (!http.fired()) break;
    }
    CHECK(walked == 3);
}
