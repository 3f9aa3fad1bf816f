#include <fargate/core/result.hpp>

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using fargate::errc;
using fargate::error;
using fargate::fail;
using fargate::result;

static_assert(!std::is_convertible_v<result<int>, bool>, "a result is tested on purpose");
static_assert(!std::is_default_constructible_v<result<int>>, "a result is one or the other");
static_assert(std::is_default_constructible_v<result<void>>);
static_assert(std::is_same_v<result<int>::value_type, int>);
static_assert(std::is_same_v<decltype(*std::declval<result<int>&>()), int&>);
static_assert(std::is_same_v<decltype(*std::declval<result<int> const&>()), int const&>);
static_assert(std::is_same_v<decltype(*std::declval<result<int>>()), int&&>);
static_assert(std::is_same_v<decltype(std::declval<result<int>>().error()), error&&>);
static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_nothrow_move_constructible_v<result<std::string>>);

namespace {

result<int> half(int number) {
    if (number % 2 != 0) return fail(errc::invalid_argument, "odd");
    return number / 2;
}

result<void> even(int number) {
    if (number % 2 != 0) return fail(errc::invalid_argument, "odd");
    return {};
}

} // namespace

TEST_CASE("a result holds a value or the reason there is none") {
    auto const good = half(4);
    REQUIRE(good);
    CHECK(good.has_value());
    CHECK(*good == 2);
    auto const bad = half(3);
    REQUIRE_FALSE(bad);
    CHECK_FALSE(bad.has_value());
    CHECK(bad.error().code == errc::invalid_argument);
    CHECK(bad.error().message == "odd");

    CHECK(even(2));
    REQUIRE_FALSE(even(1));
    CHECK(even(1).error().message == "odd");
    CHECK(result<void>{});
}

TEST_CASE("a result's value can be changed, reached into and moved out") {
    result<std::string> text{std::string{"abc"}};
    *text += 'd';
    CHECK(text->size() == 4);
    CHECK(*std::as_const(text) == "abcd");
    std::string const out = *std::move(text);
    CHECK(out == "abcd");

    result<std::unique_ptr<int>> owner{std::make_unique<int>(7)};
    std::unique_ptr<int> const taken = *std::move(owner);
    CHECK(*taken == 7);

    result<void> bad{fail(errc::internal, "why")};
    bad.error().message += "!";
    error const why = std::move(bad).error();
    CHECK(why.message == "why!");
}

TEST_CASE("a result of a type that converts to others still holds exactly that") {
    result<std::string> const text{"abc"};
    REQUIRE(text);
    CHECK(*text == "abc");
    result<bool> const flag{false};
    REQUIRE(flag);
    CHECK_FALSE(*flag);
}

TEST_CASE("value_or gives the value or the fallback") {
    CHECK(half(4).value_or(9) == 2);
    CHECK(half(3).value_or(9) == 9);
    result<std::string> const kept{std::string{"x"}};
    CHECK(kept.value_or("y") == "x");
    CHECK(*kept == "x");
    result<std::string> const none{fail(errc::internal, "")};
    CHECK(none.value_or("y") == "y");
    CHECK(*result<std::unique_ptr<int>>{fail(errc::internal, "")}.value_or(std::make_unique<int>(3)) == 3);
}

TEST_CASE("and_then goes on with a value and passes an error through") {
    CHECK(*half(8).and_then(half) == 2);
    CHECK(half(6).and_then(half).error().message == "odd");
    int called = 0;
    auto const counted = [&called](int number) -> result<std::string> {
        ++called;
        return std::to_string(number);
    };
    CHECK(*half(8).and_then(counted) == "4");
    auto const failed = half(7).and_then(counted);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == errc::invalid_argument);
    CHECK(called == 1);
    CHECK_FALSE(half(2).and_then(even));
    CHECK(half(4).and_then(even));
}

TEST_CASE("results are copied and assigned like values") {
    result<std::string> one{std::string{"one"}};
    result<std::string> const two = one;
    one = fail(errc::timed_out, "late");
    CHECK(*two == "one");
    REQUIRE_FALSE(one);
    CHECK(one.error().code == errc::timed_out);
    one = std::string{"again"};
    CHECK(*one == "again");
    one = std::string{"and again"};
    CHECK(*one == "and again");
    one = std::move(*&one);
    CHECK(*one == "and again");
}

TEST_CASE("a result ends what it holds, once, whichever way it was made") {
    auto const life = std::make_shared<int>(1);
    {
        result<std::shared_ptr<int>> const first{life};
        result<std::shared_ptr<int>> second = first;
        CHECK(life.use_count() == 3);
        result<std::shared_ptr<int>> third = std::move(second);
        CHECK(life.use_count() == 3);
        third = fail(errc::internal, "a text that is longer than a string keeps inside itself");
        CHECK(life.use_count() == 2);
        result<std::shared_ptr<int>> const fourth = third;
        CHECK(fourth.error().message == third.error().message);
        third = first;
        CHECK(life.use_count() == 3);
        third = result<std::shared_ptr<int>>{life};
        CHECK(life.use_count() == 3);
    }
    CHECK(life.use_count() == 1);
}
