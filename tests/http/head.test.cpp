#include <fargate/http/head.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

using fargate::http::head;

namespace {

bool takes_all(head& into, std::initializer_list<std::string_view> lines) {
    for (auto const line : lines)
        if (!into.take(line)) return false;
    return true;
}

bool takes(std::string_view field) {
    head made;
    return takes_all(made, {"HTTP/1.1 200 OK\r\n", field, "\r\n"});
}

} // namespace

TEST_CASE("A head is a status and fields, up to the empty line") {
    head made;
    REQUIRE(takes_all(made, {"HTTP/1.1 404 Not Found\r\n", "A: b\r\n", "Empty:\r\n", "C:\t d e \t\r\n"}));
    CHECK_FALSE(made.complete());
    REQUIRE(made.take("\r\n"));
    CHECK(made.complete());
    CHECK(made.status() == 404);
    REQUIRE(made.headers().size() == 3);
    CHECK(made.headers().value_of("a") == "b");
    CHECK(made.headers().find("empty") == "");
    CHECK(made.headers().value_of("c") == "d e");
}

TEST_CASE("A status line needs a version and three digits; the reason may be missing") {
    for (std::string_view const good :
         {"HTTP/1.0 200\r\n", "HTTP/1.1 200 \r\n", "HTTP/2 599 x\n", "HTTP/1.1 200 \xC3\xA9"}) {
        CAPTURE(good);
        CHECK(head{}.take(good));
    }
    for (std::string_view const bad :
         {"", "\r\n", "200 OK", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2x0 OK", "HTTP/1.1 2000",
          "HTTP/1.1 099 x", "ICY 200 OK", "HTTP/1.1 -20", "http/1.1 200 OK", "HTTP/1.1 101 Switching Protocols"}) {
        CAPTURE(bad);
        CHECK_FALSE(head{}.take(bad));
    }
}

TEST_CASE("Interim heads leave nothing behind") {
    head made;
    REQUIRE(takes_all(made, {"HTTP/1.1 100 Continue\r\n", "Interim: 1\r\n", "Content-Length: 7\r\n", "\r\n"}));
    CHECK_FALSE(made.complete());
    REQUIRE(takes_all(
        made, {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n"}));
    CHECK(made.complete());
    CHECK(made.status() == 200);
    CHECK(made.headers().size() == 1);
    CHECK_FALSE(made.announced());
}

TEST_CASE("Folded lines are joined by one blank") {
    head made;
    REQUIRE(takes_all(made, {"HTTP/1.1 200 OK\r\n", "A: one\r\n", "  two\r\n", "\t three \r\n", "B:\r\n", " b\r\n",
                             " \r\n", "\r\n"}));
    CHECK(made.headers().value_of("a") == "one two three");
    CHECK(made.headers().value_of("b") == "b");
    head first;
    CHECK_FALSE(takes_all(first, {"HTTP/1.1 200 OK\r\n", " folded\r\n"}));
}

TEST_CASE("Trailers after the head change nothing, be they shaped like a status line") {
    head made;
    REQUIRE(takes_all(made, {"HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n", "HTTP/1.1 500 No\r\n", "A: c\r\n", "\r\n"}));
    CHECK(made.status() == 200);
    CHECK(made.headers().value_of("a") == "b");
}

TEST_CASE("Lines that hide something are refused") {
    using namespace std::string_view_literals;
    for (auto const bad : {"no colon\r\n"sv, ": no name\r\n"sv, "a b: blank\r\n"sv, "a : blank\r\n"sv, "a: \0\r\n"sv,
                           "a\0: b\r\n"sv, "a: b\rc: d\r\n"sv, "a: \x1B[2J\r\n"sv, "\xC3\xA9: b\r\n"sv}) {
        CAPTURE(bad);
        CHECK_FALSE(takes(bad));
    }
    CHECK(takes("a: \xC3\xA9\r\n"));
    CHECK(takes("a: b\n"));
    head status;
    CHECK_FALSE(status.take("HTTP/1.1 200 \0\r\n"sv));
}

TEST_CASE("A length is digits, and two of them agree") {
    auto const announced = [](std::initializer_list<std::string_view> lines) {
        head made;
        CHECK(made.take("HTTP/1.1 200 OK\r\n"));
        CHECK(takes_all(made, lines));
        CHECK(made.take("\r\n"));
        return made.announced();
    };
    CHECK(announced({"content-length: 0\r\n"}) == 0U);
    CHECK(announced({"Content-Length: 0012\r\n", "Content-Length: 12\r\n"}) == 12U);
    CHECK(announced({"Content-Length: 18446744073709551614\r\n"}) == std::numeric_limits<std::uint64_t>::max() - 1);
    CHECK(announced({"Content-Length: 18446744073709551616\r\n"}) == std::numeric_limits<std::uint64_t>::max());
    CHECK(announced({"Content-Length: 99999999999999999999999999999999\r\n"}) ==
          std::numeric_limits<std::uint64_t>::max());
    for (auto const* bad :
         {"Content-Length:\r\n", "Content-Length: -1\r\n", "Content-Length: 1, 1\r\n", "Content-Length: 0x10\r\n"}) {
        CAPTURE(bad);
        CHECK_FALSE(takes(bad));
    }
    head two;
    CHECK_FALSE(takes_all(two, {"HTTP/1.1 200 OK\r\n", "Content-Length: 1\r\n", "content-length: 2\r\n", "\r\n"}));
}
