#include <fargate/http/curl_exchange.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include "direct.hpp"

#include <fargate/http/curl.hpp>

#include <string>
#include <string_view>

using fargate::curl_http;
using fargate::errc;
using testing_support::answer;
using testing_support::loopback;

namespace {

/// Keeps what it is told, up to as many bytes as it wants.
class bucket final : public fargate::http::body_sink {
public:
    explicit bucket(std::size_t wanted = std::string::npos) : wanted_{wanted} {}

    bool begin(fargate::http::response const& head) override {
        ++begun;
        status = head.status;
        type = head.headers.value_of("Content-Type");
        return wanted_ != 0;
    }
    bool take(std::string_view bytes) override {
        body += bytes;
        return body.size() < wanted_;
    }

    int begun = 0;
    int status = 0;
    std::string type;
    std::string body;

private:
    std::size_t wanted_;
};

fargate::result<fargate::http::response> ask(loopback const& server, bucket& into, std::string method = "GET",
                                             std::size_t limit = 16) {
    fargate::http::request request{.method = std::move(method), .url = server.url()};
    request.limits.body = limit;
    request.sink = &into;
    return curl_http{direct()}.send(request);
}

} // namespace

TEST_CASE("The body of a 2xx answer goes to the sink, past the limit, and the answer keeps its head") {
    std::string const large(1'000'000, 'x');
    loopback server{answer(206, large, "Content-Type: text/plain\r\n")};
    bucket into;
    auto const got = ask(server, into);
    REQUIRE(got);
    CHECK(into.begun == 1);
    CHECK(into.status == 206);
    CHECK(into.type == "text/plain");
    CHECK(into.body == large);
    CHECK(got->status == 206);
    CHECK(got->body.empty());
    CHECK(got->headers.value_of("content-type") == "text/plain");
}

TEST_CASE("A sink gets chunks put together and no interim answer") {
    loopback server{[](loopback::peer& peer) {
        if (peer.request())
            peer.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    }};
    bucket into;
    REQUIRE(ask(server, into));
    CHECK(into.begun == 1);
    CHECK(into.body == "abcde");
}

TEST_CASE("An answer without a body begins and takes nothing") {
    auto const method = GENERATE(as<std::string>(), "HEAD", "GET");
    loopback server{method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
                                     : "HTTP/1.1 204 No Content\r\n\r\n"};
    bucket into;
    REQUIRE(ask(server, into, method));
    CHECK(into.begun == 1);
    CHECK(into.body.empty());
}

TEST_CASE("The body of an error stays in the answer, under the limit") {
    auto const status = GENERATE(301, 304, 404, 412, 503);
    bucket into;
    loopback server{status == 304 ? std::string{"HTTP/1.1 304 Not Modified\r\n\r\n"} : answer(status, "why")};
    auto const got = ask(server, into);
    REQUIRE(got);
    CHECK(got->body == (status == 304 ? "" : "why"));
    CHECK(into.begun == 0);
    loopback chatty{answer(status == 304 ? 500 : status, std::string(17, 'y'))};
    auto const longer = ask(chatty, into);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == errc::too_large);
    CHECK(into.begun == 0);
}

TEST_CASE("A sink that has had enough ends the exchange as cancelled") {
    auto const wanted = GENERATE(std::size_t{0}, std::size_t{1});
    loopback server{answer(200, std::string(100, 'x'))};
    bucket into{wanted};
    auto const got = ask(server, into);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::cancelled);
    CHECK_FALSE(got.error().retryable);
    CHECK(into.body.empty() == (wanted == 0));
}

TEST_CASE("A body that breaks off leaves the sink with what came") {
    loopback server{[](loopback::peer& peer) {
        if (peer.request()) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
    }};
    bucket into;
    auto const got = ask(server, into);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::connection_failed);
    CHECK(got.error().retryable);
    CHECK(into.body == "short");
}
