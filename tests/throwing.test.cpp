#include <fargate/throwing.hpp>

#include "support/catch.hpp"

#include <exception>
#include <memory>
#include <string>
#include <type_traits>

using fargate::errc;
using fargate::fail;
using fargate::failure;
using fargate::result;
using fargate::unwrap;

static_assert(std::is_base_of_v<std::exception, failure>);
static_assert(std::is_nothrow_copy_constructible_v<failure> && std::is_nothrow_copy_assignable_v<failure>);

TEST_CASE("unwrap gives the value of a result") {
    CHECK(unwrap(result<int>{7}) == 7);
    CHECK(*unwrap(result<std::unique_ptr<int>>{std::make_unique<int>(8)}) == 8);
    result<std::string> const text{std::string{"x"}};
    CHECK(unwrap(text) == "x");
    CHECK_NOTHROW(unwrap(result<void>{}));
}

TEST_CASE("unwrap throws what a result failed with") {
    auto why = fail(errc::service_error, "no such cluster", true);
    why.http_status = 400;
    why.service_code = "ClusterNotFoundException";
    try {
        static_cast<void>(unwrap(result<int>{why}));
        FAIL("nothing was thrown");
    } catch (failure const& thrown) {
        CHECK(thrown.code() == errc::service_error);
        CHECK(thrown.error().message == "no such cluster");
        CHECK(thrown.error().http_status == 400);
        CHECK(thrown.error().service_code == "ClusterNotFoundException");
        CHECK(thrown.error().retryable);
        CHECK(thrown.what() == std::string{"service_error: no such cluster"});
        failure const copy = thrown;
        CHECK(copy.what() == std::string{"service_error: no such cluster"});
    }
    CHECK_THROWS_AS(unwrap(result<void>{fail(errc::internal, "")}), failure);
    CHECK_THROWS_AS(unwrap(result<void>{fail(errc::internal, "")}), std::exception);
}
