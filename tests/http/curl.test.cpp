#include <fargate/http/curl.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include "direct.hpp"

#include <fargate/http/policy.hpp>

#include <atomic>
#include <barrier>
#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using fargate::curl_http;
using fargate::errc;
using fargate::http::request;
using testing_support::answer;
using testing_support::loopback;

static_assert(fargate::http_policy<curl_http>);
static_assert(!std::is_copy_constructible_v<curl_http> && !std::is_move_constructible_v<curl_http>);

namespace {

using strings = std::vector<std::string>;

/// What arrives of one request.
std::string wire(loopback const& server, request const& sent) {
    curl_http http{direct()};
    auto const before = server.requests().size();
    auto const got = http.send(sent);
    INFO((got ? std::string{} : got.error().message));
    REQUIRE(got);
    auto const all = server.requests();
    REQUIRE(all.size() == before + 1);
    return all.back();
}

} // namespace

TEST_CASE("A bare GET is its request line and the host") {
    loopback server{answer(200, "")};
    CHECK(wire(server, {.url = server.url("/path?query")}) ==
          "GET /path?query HTTP/1.1\r\nHost: " + server.authority() + "\r\n\r\n");
}

TEST_CASE("The caller's fields arrive in order and spelling, the host at its place, and no others") {
    loopback server{answer(200, "")};
    request const sent{.method = "POST",
                       .url = server.url("/"),
                       .headers = {{"content-TYPE", "application/x-amz-json-1.1"},
                                   {"host", "ecs.eu-west-1.amazonaws.com"},
                                   {"X-Empty", ""},
                                   {"X-Twice", "1"},
                                   {"X-Between", "a \t b; c: \"d\""},
                                   {"X-Twice", "2"},
                                   {"Authorization", "AWS4-HMAC-SHA256 Credential=x, Signature=y"},
                                   {"Cookie", "a=b"},
                                   {"User-Agent", ""},
                                   {"Accept", "x/y"}},
                       .body = "{}"};
    CHECK(wire(server, sent) == "POST / HTTP/1.1\r\n"
                                "content-TYPE: application/x-amz-json-1.1\r\n"
                                "host: ecs.eu-west-1.amazonaws.com\r\n"
                                "X-Empty:\r\n"
                                "X-Twice: 1\r\n"
                                "X-Between: a \t b; c: \"d\"\r\n"
                                "X-Twice: 2\r\n"
                                "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=y\r\n"
                                "Cookie: a=b\r\n"
                                "User-Agent:\r\n"
                                "Accept: x/y\r\n"
                                "Content-Length: 2\r\n\r\n{}");
}

TEST_CASE("A body arrives byte for byte, and a length that the caller gives is not given twice") {
    loopback server{answer(200, "")};
    std::string body;
    for (int i = 0; i != 256; ++i) body += static_cast<char>(i);
    auto const method = GENERATE(as<std::string>(), "POST", "PUT", "PATCH", "DELETE", "GET", "ODD");
    auto const head = method + " /b HTTP/1.1\r\nHost: " + server.authority() + "\r\nContent-Length: 256\r\n\r\n";
    CHECK(wire(server, {.method = method, .url = server.url("/b"), .body = body}) == head + body);
    CHECK(wire(server,
               {.method = method, .url = server.url("/b"), .headers = {{"Content-Length", "256"}}, .body = body}) ==
          head + body);
}

TEST_CASE("Without a body, the methods that have bodies say that this one is empty") {
    loopback server{answer(200, "")};
    auto const host = " / HTTP/1.1\r\nHost: " + server.authority() + "\r\n";
    for (std::string const method : {"POST", "PUT", "PATCH"})
        CHECK(wire(server, {.method = method, .url = server.url()}) == method + host + "Content-Length: 0\r\n\r\n");
    for (std::string const method : {"GET", "DELETE", "HEAD"})
        CHECK(wire(server, {.method = method, .url = server.url()}) == method + host + "\r\n");
}

TEST_CASE("A large body asks for no leave to continue") {
    loopback server{answer(200, "")};
    std::string const body(3 * 1024 * 1024, 'x');
    for (std::string const method : {"POST", "PUT"}) {
        auto const arrived = wire(server, {.method = method, .url = server.url(), .body = body});
        CHECK(arrived.find("Expect") == std::string::npos);
        CHECK(arrived.size() > body.size());
        CHECK(arrived.ends_with(body));
    }
}

TEST_CASE("Path and query go on the wire as they are written") {
    loopback server{answer(200, "")};
    auto const target = GENERATE(as<std::string>(), "/a/../b/./c", "/..", "//double//", "/%2e%2E/%2f%zz",
                                 "/a;b=c,d|e\\f\"{}<>^`", "/~'()*!$&+,=:@", "/?", "/?a=b?c&&=&%20+", "/a?x=/../y");
    CHECK(wire(server, {.url = server.url(target)}).starts_with("GET " + target + " HTTP/1.1\r\n"));
}

TEST_CASE("An address without a path asks for the root") {
    loopback server{answer(200, "")};
    CHECK(wire(server, {.url = server.url("")}).starts_with("GET / HTTP/1.1\r\n"));
    CHECK(wire(server, {.url = server.url("?a=b")}).starts_with("GET /?a=b HTTP/1.1\r\n"));
}

TEST_CASE("A request that would break its message is refused before a connection is made") {
    loopback server{answer(200, "")};
    curl_http http{direct()};
    for (auto const& bad :
         {request{.method = "GET / HTTP/1.1\r\nX:", .url = server.url()}, request{.url = server.url("/\r\nX: y")},
          request{.url = server.url(), .headers = {{"X", "a\r\nY: b"}}},
          request{.url = server.url(), .headers = {{"X\r\nY", "b"}}},
          request{.url = server.url(), .headers = {{"X", std::string("a\0b", 3)}}}}) {
        auto const got = http.send(bad);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::invalid_argument);
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("A stop token that has fired already sends nothing") {
    loopback server{answer(200, "")};
    std::stop_source source;
    source.request_stop();
    auto const got = curl_http{direct()}.send({.url = server.url(), .stop = source.get_token()});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::cancelled);
    CHECK(server.connections() == 0);
}

TEST_CASE("A status of 400 or 500 is an answer, with its fields in order and its body raw") {
    auto const status = GENERATE(200, 299, 304, 400, 404, 429, 500, 503, 999);
    loopback server{answer(status, status == 304 ? "" : std::string("\x1f\x8b\0raw", 6),
                           "Content-Encoding: gzip\r\nX-A: 1\r\nx-a: 2\r\nEmpty:\r\n")};
    auto const got = curl_http{direct()}.send({.url = server.url()});
    REQUIRE(got);
    CHECK(got->status == status);
    if (status != 304) CHECK(got->body == std::string("\x1f\x8b\0raw", 6));
    strings names;
    for (auto const& each : got->headers) names.push_back(each.name + '=' + each.value);
    REQUIRE(names.size() == 5);
    CHECK(strings(names.begin(), names.begin() + 4) == strings{"Content-Encoding=gzip", "X-A=1", "x-a=2", "Empty="});
}

TEST_CASE("A redirect is an answer and is not followed") {
    loopback elsewhere{answer(200, "elsewhere")};
    auto const status = GENERATE(301, 302, 303, 307, 308);
    loopback server{answer(status, "here", "Location: " + elsewhere.url() + "\r\n")};
    auto const got = curl_http{direct()}.send({.method = "POST", .url = server.url(), .body = "x"});
    REQUIRE(got);
    CHECK(got->status == status);
    CHECK(got->body == "here");
    CHECK(got->headers.value_of("location") == elsewhere.url());
    CHECK(elsewhere.connections() == 0);
}

TEST_CASE("A cookie that an answer sets is not sent back, and a challenge is not met") {
    loopback server{answer(401, "", "Set-Cookie: a=b\r\nWWW-Authenticate: Basic realm=\"x\"\r\n")};
    curl_http http{direct()};
    for (int i = 0; i != 2; ++i) {
        auto const got = http.send({.url = server.url()});
        REQUIRE(got);
        CHECK(got->status == 401);
    }
    auto const arrived = server.requests();
    REQUIRE(arrived.size() == 2);
    CHECK(arrived[0] == arrived[1]);
}

TEST_CASE("Calls after one another share a connection and leave nothing of one in the next") {
    loopback server{answer(200, "body")};
    curl_http http{direct()};
    REQUIRE(http.send({.method = "PUT", .url = server.url("/1"), .headers = {{"X-First", "1"}}, .body = "content"}));
    REQUIRE(http.send({.method = "POST", .url = server.url("/2"), .body = "x"}));
    auto const third = http.send({.url = server.url("/3")});
    REQUIRE(third);
    CHECK(third->body == "body");
    CHECK(server.connections() == 1);
    auto const host = " HTTP/1.1\r\nHost: " + server.authority() + "\r\n";
    auto const arrived = server.requests();
    REQUIRE(arrived.size() == 3);
    CHECK(arrived[1] == "POST /2" + host + "Content-Length: 1\r\n\r\nx");
    CHECK(arrived[2] == "GET /3" + host + "\r\n");
}

TEST_CASE("A HEAD answer has no body and the connection goes on after it") {
    loopback server{[](loopback::peer& peer) {
        while (auto const got = peer.request())
            peer.send(got->starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
                                               : answer(200, "body"));
    }};
    curl_http http{direct()};
    auto const head = http.send({.method = "HEAD", .url = server.url()});
    REQUIRE(head);
    CHECK(head->body.empty());
    CHECK(head->headers.value_of("content-length") == "99999999999");
    auto const get = http.send({.url = server.url()});
    REQUIRE(get);
    CHECK(get->body == "body");
    CHECK(server.connections() == 1);
}

TEST_CASE("A connection that the server closed while it was idle is replaced before the request is sent") {
    loopback server{[](loopback::peer& peer) {
        peer.request();
        peer.send(answer(200, std::to_string(peer.number())));
    }};
    curl_http http{direct()};
    for (std::size_t i = 0; i != 3; ++i) {
        auto const got = http.send({.method = "POST", .url = server.url(), .body = "once"});
        INFO((got ? std::string{} : got.error().message));
        REQUIRE(got);
        CHECK(got->body == std::to_string(i));
        server.wait_for_closed(i + 1);
    }
    CHECK(server.connections() == 3);
    CHECK(server.requests().size() == 3);
}

TEST_CASE("A request that a kept connection took without answering is not sent again") {
    auto const reset = GENERATE(false, true);
    auto const method = GENERATE(as<std::string>(), "GET", "HEAD", "POST");
    loopback server{[reset](loopback::peer& peer) {
        peer.request();
        peer.send(answer(200, ""));
        peer.request();
        if (reset) peer.reset();
    }};
    curl_http http{direct()};
    REQUIRE(http.send({.url = server.url()}));
    auto const lost = http.send({.method = method, .url = server.url(), .body = method == "POST" ? "launch" : ""});
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::connection_failed);
    CHECK(lost.error().retryable);
    CHECK(server.requests().size() == 2);
    auto const after = http.send({.url = server.url()});
    CHECK(after);
    CHECK(server.requests().size() == 3);
}

TEST_CASE("Bytes that follow an answer unasked never become the next answer") {
    loopback server{[](loopback::peer& peer) {
        peer.request();
        peer.send(answer(200, "true") + (peer.number() == 0 ? answer(200, "smuggled") : ""));
        peer.request();
        peer.send(answer(200, "second"));
    }};
    curl_http http{direct()};
    auto const first = http.send({.url = server.url()});
    REQUIRE(first);
    CHECK(first->body == "true");
    auto const second = http.send({.url = server.url()});
    REQUIRE(second);
    CHECK(second->body == "true");
    CHECK(server.connections() == 2);
}

TEST_CASE("After a failure the next call has a connection of its own") {
    loopback server{[](loopback::peer& peer) {
        while (peer.request())
            peer.send(peer.number() == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort" : answer(200, "whole"));
    }};
    curl_http http{direct()};
    fargate::http::limits limits;
    limits.idle = std::chrono::milliseconds{50};
    CHECK_FALSE(http.send({.url = server.url(), .limits = limits}));
    for (int i = 0; i != 2; ++i) {
        auto const got = http.send({.url = server.url()});
        REQUIRE(got);
        CHECK(got->body == "whole");
    }
    CHECK(server.connections() == 2);
}

TEST_CASE("Threads send at once, each over a connection of its own, and connections are kept for later") {
    constexpr int threads = 8;
    constexpr int sends = 25;
    loopback server{[](loopback::peer& peer) {
        while (auto const got = peer.request()) peer.send(answer(200, *got));
    }};
    curl_http http{direct()};
    std::atomic<int> right = 0;
    auto const all_at_once = [&] {
        std::vector<std::jthread> running;
        for (int t = 0; t != threads; ++t)
            running.emplace_back([&, t] {
                for (int n = 0; n != sends; ++n) {
                    auto const mine = std::to_string(t) + '/' + std::to_string(n);
                    auto const got = http.send({.method = "POST", .url = server.url("/" + mine), .body = mine});
                    right +=
                        got && got->body.starts_with("POST /" + mine + ' ') && got->body.ends_with("\r\n\r\n" + mine);
                }
            });
    };
    all_at_once();
    all_at_once();
    CHECK(right == 2 * threads * sends);
    CHECK(server.connections() <= threads);
}

TEST_CASE("As many connections are kept as the largest everyday pool has workers") {
    constexpr int workers = 32;
    std::barrier all_have_come{workers};
    loopback server{[&](loopback::peer& peer) {
        while (peer.request()) {
            all_have_come.arrive_and_wait();
            peer.send(answer(200, ""));
        }
    }};
    curl_http http{direct()};
    std::atomic<int> right = 0;
    for (int round = 0; round != 3; ++round) {
        std::vector<std::jthread> running;
        for (int i = 0; i != workers; ++i)
            running.emplace_back([&] { right += http.send({.url = server.url()}).has_value(); });
    }
    CHECK(right == 3 * workers);
    CHECK(server.connections() == workers);
}

TEST_CASE("No more sessions are kept than the options say") {
    loopback server{answer(200, "")};
    auto options = direct();
    options.idle_sessions = 0;
    curl_http http{options};
    for (int i = 0; i != 3; ++i) REQUIRE(http.send({.url = server.url()}));
    CHECK(server.connections() == 3);
}
