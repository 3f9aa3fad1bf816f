#include <fargate/testing/scripted_http.hpp>

#include "support/catch.hpp"

#include <fargate/http/policy.hpp>

#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using fargate::errc;
using fargate::fail;
using fargate::testing::scripted_http;

static_assert(fargate::http_policy<scripted_http>);

TEST_CASE("A script is answered line by line and every request is kept") {
    scripted_http http;
    http.reply(200, "first", {{"X-Name", "value"}}).reply(fail(errc::timed_out, "late", true)).reply(404);
    CHECK(http.remaining() == 3);

    auto const first = http.send({.method = "PUT", .url = "http://a/1", .body = "content"});
    REQUIRE(first);
    CHECK(first->status == 200);
    CHECK(first->body == "first");
    CHECK(first->headers.value_of("x-name") == "value");

    auto const second = http.send({.url = "http://a/2"});
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::timed_out);
    CHECK(second.error().retryable);

    auto const third = http.send({.url = "http://a/3"});
    REQUIRE(third);
    CHECK(third->status == 404);

    auto const requests = http.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].method == "PUT");
    CHECK(requests[0].body == "content");
    CHECK(requests[2].url == "http://a/3");
    CHECK(http.remaining() == 0);
}

TEST_CASE("A request that the script does not know is an error that names it") {
    scripted_http http;
    auto const answer = http.send({.method = "HEAD", .url = "http://a/unknown"});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::internal);
    CHECK(answer.error().message == "the script has no answer for HEAD http://a/unknown");
    CHECK(http.requests().size() == 1);
}

TEST_CASE("When the script is empty the other answerer answers, and may use the script itself") {
    scripted_http http;
    http.reply(201).otherwise([&](fargate::http::request const& request) {
        http.reply(202);
        return fargate::http::response{200, {}, request.url};
    });
    CHECK(http.send({.url = "a"})->status == 201);
    CHECK(http.send({.url = "b"})->body == "b");
    CHECK(http.send({.url = "c"})->status == 202);
}

TEST_CASE("A scripted answer obeys the body limit") {
    scripted_http http;
    http.reply(200, "12345").reply(200, "1234");
    fargate::http::request request;
    request.limits.body = 4;
    auto const longer = http.send(request);
    REQUIRE_FALSE(longer);
    CHECK(longer.error().code == errc::too_large);
    CHECK(http.send(request));
}

TEST_CASE("A request whose stop token has fired is neither recorded nor answered") {
    scripted_http http;
    http.reply(200);
    std::stop_source source;
    source.request_stop();
    auto const answer = http.send({.stop = source.get_token()});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::cancelled);
    CHECK(http.requests().empty());
    CHECK(http.remaining() == 1);
}

TEST_CASE("Threads share a script, each line of it going to one of them") {
    scripted_http http;
    constexpr int per_thread = 50;
    for (int i = 0; i != 4 * per_thread; ++i) http.reply(200, std::to_string(i));
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i != 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n != per_thread; ++n) static_cast<void>(http.send({}));
            });
    }
    CHECK(http.remaining() == 0);
    CHECK(http.requests().size() == 4 * per_thread);
}

namespace {

class bucket final : public fargate::http::body_sink {
public:
    bool begin(fargate::http::response const& head) override {
        status = head.status;
        return willing;
    }
    bool take(std::string_view bytes) override {
        body += bytes;
        return true;
    }
    bool willing = true;
    int status = 0;
    std::string body;
};

} // namespace

TEST_CASE("A scripted 2xx body goes to the sink, whatever its length; other bodies do not") {
    scripted_http http;
    http.reply(200, "12345").reply(404, "why").reply(200, "12345");
    bucket into;
    fargate::http::request request;
    request.limits.body = 4;
    request.sink = &into;
    auto const whole = http.send(request);
    REQUIRE(whole);
    CHECK(whole->body.empty());
    CHECK(into.body == "12345");
    CHECK(http.send(request)->body == "why");
    CHECK(into.status == 200);
    into.willing = false;
    CHECK(http.send(request).error().code == errc::cancelled);
    CHECK(into.body == "12345");
}

TEST_CASE("A scripted body breaks off after the sink had its beginning") {
    scripted_http http;
    http.reply_broken({200, {{"Content-Length", "5"}}, "12345"}, 2).reply_broken({200, {}, "12345"}, 2);
    bucket into;
    fargate::http::request request;
    request.sink = &into;
    auto const lost = http.send(request);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::connection_failed);
    CHECK(lost.error().retryable);
    CHECK(into.body == "12");
    request.sink = nullptr;
    CHECK(http.send(request).error().code == errc::connection_failed);
}
