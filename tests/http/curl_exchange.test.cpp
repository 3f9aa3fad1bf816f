#include <fargate/http/curl_exchange.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include "direct.hpp"

#include <fargate/http/curl.hpp>

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

using namespace std::chrono_literals;
using fargate::curl_http;
using fargate::errc;
using fargate::http::request;
using testing_support::answer;
using testing_support::gate;
using testing_support::loopback;

namespace {

using steady = std::chrono::steady_clock;
using outcome = fargate::result<fargate::http::response>;

/// A server that answers any request with these bytes and closes.
std::function<void(loopback::peer&)> says(std::string bytes) {
    return [bytes = std::move(bytes)](loopback::peer& peer) {
        if (peer.request()) peer.send(bytes);
    };
}

/// The same, but the connection stays open.
std::function<void(loopback::peer&)> says_and_stays(std::string bytes) {
    return [bytes = std::move(bytes)](loopback::peer& peer) {
        if (peer.request() && peer.send(bytes)) peer.stall();
    };
}

/// A server that answers with `begin` and then with `more` for as long as anybody takes it.
std::function<void(loopback::peer&)> says_without_end(std::string begin, std::string more) {
    return [begin = std::move(begin), more = std::move(more)](loopback::peer& peer) {
        if (!peer.request() || !peer.send(begin)) return;
        while (peer.send(more)) {
        }
    };
}

outcome ask(loopback const& server, fargate::http::limits limits = {}, std::string method = "GET") {
    return curl_http{direct()}.send({.method = std::move(method), .url = server.url(), .limits = limits});
}

/// What kind of failure it was and whether it may be tried again; empty when it was none.
std::string told(outcome const& got) {
    if (got) return "";
    CHECK(got.error().message.size() < 512);
    UNSCOPED_INFO(got.error().message);
    return std::string{name_of(got.error().code)} + (got.error().retryable ? ", retryable" : "");
}

std::string ended_by_stop(loopback const& server, gate& reached, std::string scheme = "http", std::string body = {}) {
    std::stop_source source;
    std::jthread const stopper{[&] {
        reached.wait();
        source.request_stop();
    }};
    return told(curl_http{direct()}.send(
        {.method = "POST", .url = server.url("/", scheme), .body = std::move(body), .stop = source.get_token()}));
}

} // namespace

TEST_CASE("A body in chunks is put together, extensions and trailers aside") {
    loopback server{says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5;name=value\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n")};
    auto const got = ask(server);
    CHECK(told(got) == "");
    REQUIRE(got);
    CHECK(got->status == 200);
    CHECK(got->body == "hello 0123456789");
    CHECK(got->headers.size() == 1);
}

TEST_CASE("Chunks that are none are no HTTP") {
    auto const chunks = GENERATE(as<std::string>(), "zz\r\nhello\r\n0\r\n\r\n", "\r\n\r\n",
                                 "5\r\nhelloXXXX\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
                                 "-5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nHTTP/1.1 500 No\r\n\r\n");
    CAPTURE(chunks);
    loopback server{says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)};
    CHECK(told(ask(server)) == "malformed_response");
}

TEST_CASE("A body that ends before it should is a broken connection") {
    auto const bytes =
        GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
                 "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "HTTP/1.1 20", "HTTP/1.1 200 OK",
                 "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
    CAPTURE(bytes);
    loopback server{says(bytes)};
    CHECK(told(ask(server)) == "connection_failed, retryable");
}

TEST_CASE("A body without a length ends with the connection") {
    loopback server{says("HTTP/1.0 200 OK\r\n\r\nall of it")};
    auto const got = ask(server);
    CHECK(told(got) == "");
    CHECK(got->body == "all of it");
}

TEST_CASE("A body ends where its length says, and the connection is not used again") {
    loopback server{says_and_stays(answer(200, "exact") + "and more")};
    curl_http http{direct()};
    for (int i = 0; i != 2; ++i) {
        auto const got = http.send({.url = server.url()});
        REQUIRE(got);
        CHECK(got->body == "exact");
    }
    CHECK(server.connections() == 2);
}

TEST_CASE("An answer that has no body ends at its head, whatever length it tells") {
    auto const status = GENERATE(204, 304);
    loopback server{says_and_stays("HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: 99999999999\r\n\r\n")};
    auto const got = ask(server);
    CHECK(told(got) == "");
    CHECK(got->status == status);
    CHECK(got->body.empty());
}

TEST_CASE("Interim answers are passed over") {
    loopback server{says("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
                         answer(200, "final", "X-Folded: one\r\n two\r\n"))};
    auto const got = ask(server, {}, "POST");
    CHECK(told(got) == "");
    REQUIRE(got);
    CHECK(got->status == 200);
    CHECK(got->body == "final");
    CHECK_FALSE(got->headers.find("x-interim"));
    CHECK_FALSE(got->headers.find("link"));
    CHECK(got->headers.value_of("x-folded") == "one two");
}

TEST_CASE("What is not HTTP is called so and not tried again") {
    std::string const nul{"HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n", 30};
    auto const bytes = GENERATE_COPY(
        as<std::string>(), "SSH-2.0-OpenSSH_9.2\r\n", "<html>hello</html>", "\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n", nul,
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 101 Switching\r\n\r\n");
    CAPTURE(bytes);
    loopback server{says(bytes)};
    CHECK(told(ask(server)) == "malformed_response");
}

TEST_CASE("A connection that closes or breaks before an answer is no answer") {
    auto const bytes = GENERATE(as<std::string>(), "", "HTTP/1.1 100 Continue\r\n\r\n");
    auto const reset = GENERATE(false, true);
    loopback server{[=](loopback::peer& peer) {
        peer.request();
        if (reset) peer.reset();
        peer.send(bytes);
    }};
    CHECK(told(ask(server)) == "connection_failed, retryable");
    CHECK(server.requests().size() == 1);
}

TEST_CASE("Nobody listening and a name that nobody can have are failed connections") {
    std::string closed;
    {
        testing_support::listener const gone;
        closed = "http://" + gone.authority() + "/";
    }
    CHECK(told(curl_http{direct()}.send({.url = closed})) == "connection_failed, retryable");
    std::string const too_long_a_label(64, 'a'); // no resolver is asked
    CHECK(told(curl_http{direct()}.send({.url = "http://" + too_long_a_label + ".invalid/"})) ==
          "connection_failed, retryable");
}

TEST_CASE("A body up to the limit is taken and one byte more is not") {
    bool const chunked = GENERATE(false, true);
    auto const serve = [chunked](std::string const& body) {
        return chunked ? says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 99999\r\n\r\n5\r\n" +
                              body.substr(0, 5) + "\r\n" + std::to_string(body.size() - 5) + "\r\n" + body.substr(5) +
                              "\r\n0\r\n\r\n")
                       : says(answer(200, body));
    };
    fargate::http::limits limits;
    limits.body = 10;
    loopback fits{serve("0123456789")};
    auto const got = ask(fits, limits);
    CHECK(told(got) == "");
    CHECK(got->body == "0123456789");
    loopback longer{serve("0123456789A")};
    CHECK(told(ask(longer, limits)) == "too_large");
}

TEST_CASE("A body that announces too much is refused before any of it came") {
    auto const length = GENERATE(as<std::string>(), "11", "9223372036854775808", "99999999999999999999999999");
    loopback server{says_and_stays("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n")};
    fargate::http::limits limits;
    limits.body = 10;
    CHECK(told(ask(server, limits)) == "too_large");
}

TEST_CASE("What never ends is given up when it is over its limit") {
    std::string const ok = "HTTP/1.1 200 OK\r\n";
    std::string const kilobyte(1024, 'x');
    std::string const chunk = "400\r\n" + kilobyte + "\r\n";
    fargate::http::limits limits;
    limits.body = 100'000;
    limits.head = 10'000;
    SECTION("a body until the connection closes") {
        loopback server{says_without_end(ok + "\r\n", kilobyte)};
        CHECK(told(ask(server, limits)) == "too_large");
    }
    SECTION("a body in chunks") {
        loopback server{says_without_end(ok + "Transfer-Encoding: chunked\r\n\r\n", chunk)};
        CHECK(told(ask(server, limits)) == "too_large");
    }
    SECTION("fields") {
        loopback server{says_without_end(ok, "X-A: b\r\n")};
        CHECK(told(ask(server, limits)) == "too_large");
    }
    SECTION("interim answers") {
        loopback server{says_without_end("", "HTTP/1.1 100 Continue\r\n\r\n")};
        CHECK(told(ask(server, limits)) == "too_large");
    }
    SECTION("trailers") {
        loopback server{says_without_end(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-A: b\r\n")};
        CHECK(told(ask(server, limits)) == "too_large");
    }
    SECTION("one line") {
        loopback server{says_without_end(ok + "X-A: ", kilobyte)};
        CHECK(told(ask(server, limits)) == "too_large");
    }
    SECTION("fields, beyond what libcurl itself takes") {
        limits.head = 100'000'000;
        loopback server{says_without_end(ok, "X-A: " + kilobyte + "\r\n")};
        CHECK(told(ask(server, limits)) == "too_large");
    }
}

TEST_CASE("A head of a thousand fields is taken and one more is not") {
    auto const fields = [](int count) {
        std::string made;
        for (int i = 0; i != count; ++i) made += "X-" + std::to_string(i) + ": v\r\n";
        return made;
    };
    loopback fits{says(answer(200, "", fields(999)))}; // Content-Length is one too
    CHECK(told(ask(fits)) == "");
    loopback more{says(answer(200, "", fields(1000)))};
    CHECK(told(ask(more)) == "too_large");
    loopback many_interim{says("HTTP/1.1 103 x\r\n" + fields(600) + "\r\n" + answer(200, "", fields(600)))};
    CHECK(told(ask(many_interim)) == "");
}

TEST_CASE("A server that falls silent runs into the idle limit") {
    auto const bytes = GENERATE(as<std::string>(), "", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nX-A: b\r\n",
                                "HTTP/1.1 100 x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    loopback server{says_and_stays(bytes)};
    fargate::http::limits limits;
    limits.idle = 50ms;
    auto const began = steady::now();
    auto const got = ask(server, limits);
    CHECK(steady::now() - began >= 50ms);
    CHECK(told(got) == "timed_out, retryable");
    CHECK(got.error().message == server.authority() + " sent nothing for 50 ms");
}

TEST_CASE("The idle limit begins anew with every byte, be it in the middle of a line") {
    auto const first = GENERATE(as<std::string>(), "HTT", "HTTP/1.1 200 OK\r\nX-A: b", "HTTP/1.1 200 OK\r\n\r\nabc");
    constexpr auto idle = 200ms;
    steady::time_point before_byte;
    steady::time_point after_byte;
    bool told_something = false;
    for (int attempt = 0; attempt != 20 && !told_something; ++attempt) { // a machine that stood still tells nothing
        auto const began = steady::now();
        steady::time_point ended;
        {
            loopback server{[&](loopback::peer& peer) {
                peer.request();
                peer.pause(100);
                before_byte = steady::now();
                peer.send(first);
                after_byte = steady::now();
                peer.stall();
            }};
            fargate::http::limits limits;
            limits.idle = idle;
            CHECK(told(ask(server, limits)) == "timed_out, retryable");
            ended = steady::now();
        }
        told_something = after_byte - began < idle;
        if (told_something) CHECK(ended - before_byte >= idle);
    }
    CHECK(told_something);
}

TEST_CASE("A server that does not take the body runs into the idle limit") {
    loopback server{[](loopback::peer& peer) { peer.ignore(); }};
    fargate::http::limits limits;
    limits.idle = 50ms;
    std::string const body(32 * 1024 * 1024, 'x');
    CHECK(told(curl_http{direct()}.send({.method = "PUT", .url = server.url(), .body = body, .limits = limits})) ==
          "timed_out, retryable");
}

TEST_CASE("An answer that goes on and on runs into the total limit") {
    loopback server{[](loopback::peer& peer) {
        peer.request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        while (peer.send("x")) peer.pause(1);
    }};
    fargate::http::limits limits;
    limits.total = 60ms;
    auto const began = steady::now();
    auto const got = ask(server, limits);
    CHECK(steady::now() - began >= 60ms);
    CHECK(told(got) == "timed_out, retryable");
    CHECK(got.error().message == server.authority() + " did not finish its answer in 60 ms");
}

TEST_CASE("The connect limit covers the TLS handshake, and the idle limit does not count yet") {
    loopback server{[](loopback::peer& peer) { peer.stall(); }};
    fargate::http::limits limits;
    limits.connect = 60ms;
    limits.idle = 1ms;
    auto const got = curl_http{direct()}.send({.url = server.url("/", "https"), .limits = limits});
    CHECK(told(got) == "timed_out, retryable");
    CHECK(got.error().message == "no connection to " + server.authority() + " in 60 ms");
}

TEST_CASE("Limits of zero are none, and the greatest are no trouble") {
    auto const limit =
        GENERATE(std::chrono::milliseconds::zero(), std::chrono::milliseconds::max(), std::chrono::milliseconds{-1});
    loopback server{says(answer(200, "body"))};
    CHECK(told(ask(server, {.connect = limit, .idle = limit, .total = limit})) == "");
}

TEST_CASE("A stop ends the exchange wherever it is") {
    gate reached;
    SECTION("while it waits for the head") {
        loopback server{[&](loopback::peer& peer) {
            peer.request();
            reached.open();
            peer.stall();
        }};
        CHECK(ended_by_stop(server, reached) == "cancelled");
    }
    SECTION("while nothing else would wake it: a missed stop shows as a deadline") {
        loopback server{[&](loopback::peer& peer) {
            peer.request();
            peer.send(answer(200, ""));
            peer.request();
            reached.open();
            peer.stall();
        }};
        std::stop_source source;
        curl_http http{direct()};
        REQUIRE(http.send({.url = server.url()}));
        std::jthread const stopper{[&] {
            reached.wait();
            source.request_stop();
        }};
        fargate::http::limits limits;
        limits.connect = 0s; // a timer of libcurl's own
        limits.total = 20s;
        CHECK(told(http.send({.url = server.url(), .limits = limits, .stop = source.get_token()})) == "cancelled");
    }
    SECTION("inside the body") {
        loopback server{[&](loopback::peer& peer) {
            peer.request();
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
            reached.open();
            peer.stall();
        }};
        CHECK(ended_by_stop(server, reached) == "cancelled");
    }
    SECTION("inside a body that pours in") {
        loopback server{[&](loopback::peer& peer) {
            peer.request();
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            reached.open();
            while (peer.send("1;" + std::string(60'000, 'x') + "\r\nx\r\n")) {
            }
        }};
        CHECK(ended_by_stop(server, reached) == "cancelled");
    }
    SECTION("during the handshake") {
        loopback server{[&](loopback::peer& peer) {
            peer.receive();
            reached.open();
            peer.stall();
        }};
        CHECK(ended_by_stop(server, reached, "https") == "cancelled");
    }
    SECTION("while the body is being sent") {
        loopback server{[&](loopback::peer& peer) {
            peer.receive();
            reached.open();
            peer.ignore();
        }};
        CHECK(ended_by_stop(server, reached, "http", std::string(32 * 1024 * 1024, 'x')) == "cancelled");
    }
}
