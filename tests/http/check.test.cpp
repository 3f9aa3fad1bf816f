#include <fargate/http/check.hpp>

#include "support/catch.hpp"

#include <string>

using fargate::errc;
using fargate::http::check;
using fargate::http::request;

namespace {

request with_field(std::string name, std::string value) {
    request made{.method = "POST", .url = "http://host/"};
    made.headers.add(std::move(name), std::move(value));
    made.body = "12345";
    return made;
}

bool refused(request const& made) {
    auto const checked = check(made);
    return !checked && checked.error().code == errc::invalid_argument && !checked.error().retryable;
}

} // namespace

TEST_CASE("A request that can be written is taken apart") {
    request const made{.url = "https://Host:8443/a%20b?c=d", .headers = {{"X-Empty", ""}, {"x", "tab\tand \xC3\xA9"}}};
    auto const address = check(made);
    REQUIRE(address);
    CHECK(address->authority == "Host:8443");
    CHECK(address->path == "/a%20b");
}

TEST_CASE("A method that is no token is refused") {
    std::string const bad =
        GENERATE(as<std::string>(), "", "GET ", "G T", "GET\r\nX: y", std::string("GE\0T", 4), "GÉT");
    CAPTURE(bad);
    CHECK(refused({.method = bad, .url = "http://host/"}));
}

TEST_CASE("An address that would break its line, name a user or leave http is refused") {
    std::string const bad = GENERATE(
        as<std::string>(), "", "host/", "ftp://host/", "file:///etc/passwd", "http:///path", "http://host/\r\nX: y",
        "http://host/\n", "http://host/a b", "http://host/a\tb", std::string("http://host/\0", 13), "http://host/\x7F",
        "http://host/\xC3\xA9", "http://user:word@host/", "http://host/#part", "http://host:0/", "http://host:x/",
        "http://ho\nst/", "http://[::1/", "http://h\xC3\xB6st/");
    CAPTURE(bad);
    CHECK(refused({.url = bad}));
}

TEST_CASE("A field name that is no token is refused") {
    std::string const bad =
        GENERATE(as<std::string>(), "", "a b", "a:", "a\r\nb", "a;", "é", std::string("a\0", 2), " a");
    CAPTURE(bad);
    CHECK(refused(with_field(bad, "value")));
}

TEST_CASE("A control byte in a field's value is refused and the value is not shown") {
    std::string const bad = GENERATE(as<std::string>(), "word\r\nX-Injected: 1", "word\n", "word\r",
                                     std::string("word\0", 5), "word\x7F", "word\x1B[0m", "word\v");
    auto const checked = check(with_field("X-Token", bad));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message == "header x-token holds a control byte");
}

TEST_CASE("A field that contradicts the framing is refused") {
    CHECK(check(with_field("Content-Length", "5")));
    CHECK(refused(with_field("Content-Length", "4")));
    CHECK(refused(with_field("content-length", "")));
    CHECK(refused(with_field("content-length", "5, 5")));
    CHECK(refused(with_field("Transfer-Encoding", "chunked")));
    CHECK(refused(with_field("EXPECT", "100-continue")));
}

TEST_CASE("One host field is enough") {
    auto made = with_field("Host", "a");
    CHECK(check(made));
    made.headers.add("HOST", "b");
    CHECK(refused(made));
}

TEST_CASE("A HEAD request has no body") {
    auto made = with_field("a", "b");
    made.method = "HEAD";
    CHECK(refused(made));
    made.body.clear();
    CHECK(check(made));
}

TEST_CASE("A message about a long field name stays short") {
    auto const checked = check(with_field(std::string(100'000, 'n'), "\n"));
    REQUIRE_FALSE(checked);
    CHECK(checked.error().message.size() < 128);
}
