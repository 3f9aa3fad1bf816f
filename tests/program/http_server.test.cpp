#include "fargate-agent/http_server.hpp"

#include <fargate/http/curl.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"
#include "testing/ecs_bench.hpp"
#include "testing/signed_request.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::at;
using testing_support::document;

namespace {

/// Remembers what arrived, and answers as told.
class echo {
public:
    void answer_with(result<http::response> answer) {
        std::scoped_lock const lock{mutex_};
        answer_ = std::move(answer);
    }
    [[nodiscard]] std::vector<http::request> seen() const {
        std::scoped_lock const lock{mutex_};
        return seen_;
    }
    [[nodiscard]] http_server const& server() const { return server_; }

private:
    mutable std::mutex mutex_;
    std::vector<http::request> seen_;
    result<http::response> answer_ = http::response{200, {{"X-Reply", "yes"}}, "body"};
    http_server server_{[this](http::request const& request) {
        std::scoped_lock const lock{mutex_};
        seen_.push_back(request);
        return answer_;
    }};
};

http::request get(std::string url) {
    http::request made;
    made.url = std::move(url);
    return made;
}

} // namespace

TEST_CASE("A request arrives as it was sent, and the answer as it was given", "[http_server]") {
    echo there;
    curl_http http;
    http::request request;
    request.method = "POST";
    request.url = there.server().url() + "/a%20b/../c//d%2Fe/%E2%82%AC?x=%41&y&z=";
    request.headers = {{"X-Zeta", "a%20b,  c"}, {"Content-Type", "text/x"}, {"x-alpha", "1"}, {"X-Zeta", "2"},
                       {"X-Empty", ""},         {"X-Odd", "\xC3\xBC=&%%"}};
    request.body = std::string("nul\0and\r\nmore", 13);
    auto const answer = http.send(request);
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == "body");
    CHECK(answer->headers.value_of("x-reply") == "yes");
    CHECK_FALSE(answer->headers.find("date")); // the model's own or none

    auto const all = there.seen();
    REQUIRE(all.size() == 1);
    auto const& seen = all[0];
    CHECK(seen.method == "POST");
    CHECK(seen.url == request.url);
    CHECK(seen.body == request.body);
    std::vector<std::string> fields;
    for (auto const& each : seen.headers)
        if (text::lower(each.name).starts_with("x-") || each.name == "Content-Type")
            fields.push_back(each.name + "=" + each.value);
    CHECK(fields == std::vector<std::string>{"X-Zeta=a%20b,  c", "Content-Type=text/x", "x-alpha=1", "X-Zeta=2",
                                             "X-Empty=", "X-Odd=\xC3\xBC=&%%"});
}

TEST_CASE("An answer to HEAD tells a length and has no body", "[http_server]") {
    echo there;
    there.answer_with(http::response{200, {{"Content-Length", "1234"}, {"ETag", "\"e\""}}, ""});
    curl_http http;
    auto request = get(there.server().url() + "/k");
    request.method = "HEAD";
    for (int i = 0; i != 2; ++i) {
        auto const answer = http.send(request);
        REQUIRE(answer);
        CHECK(answer->headers.value_of("content-length") == "1234");
        CHECK(answer->body.empty());
    }
    there.answer_with(http::response{304, {}, ""});
    CHECK(http.send(get(there.server().url() + "/k"))->status == 304);
    there.answer_with(http::response{204, {}, ""});
    CHECK(http.send(get(there.server().url() + "/k"))->status == 204);
}

TEST_CASE("A large body goes through whole, both ways", "[http_server]") {
    echo there;
    there.answer_with(http::response{200, {}, std::string(3'000'000, 'y')});
    curl_http http;
    auto request = get(there.server().url() + "/");
    request.method = "POST";
    request.body = std::string(3'000'000, 'x');
    auto const answer = http.send(request);
    REQUIRE(answer);
    CHECK(answer->body.size() == 3'000'000);
    CHECK(there.seen()[0].body == request.body);
}

TEST_CASE("An error closes the connection without an answer", "[http_server]") {
    echo there;
    there.answer_with(fail(errc::connection_failed, "dropped"));
    curl_http http;
    auto const answer = http.send(get(there.server().url() + "/"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::connection_failed);
    there.answer_with(http::response{200, {}, "again"});
    CHECK(http.send(get(there.server().url() + "/"))->body == "again");
}

TEST_CASE("A stall holds until the caller gives up, or the server goes", "[http_server]") {
    auto there = std::make_unique<echo>();
    there->answer_with(fail(errc::timed_out, "stalled"));
    curl_http http;
    auto request = get(there->server().url() + "/");
    SECTION("the caller gives up") {
        request.limits.total = 100ms;
        auto const answer = http.send(request);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::timed_out);
    }
    SECTION("the server goes") {
        std::thread closer{[&] {
            while (there->seen().empty()) std::this_thread::yield();
            there.reset();
        }};
        auto const answer = http.send(request);
        closer.join();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::connection_failed);
    }
}

TEST_CASE("A port that is taken leaves no address", "[http_server]") {
    echo there;
    http_server second{[](http::request const&) { return http::response{}; }, "127.0.0.1", there.server().port()};
    CHECK(second.url().empty());
    http_server third{[](http::request const&) { return http::response{}; }, "not an address"};
    CHECK(third.url().empty());
}

TEST_CASE("The fakes hold signatures over real sockets, odd keys and planned faults included", "[http_server]") {
    testing::fake_aws aws;
    http_server server{[&](http::request const& request) { return aws.send(request); }};
    curl_http http;
    auto const now = [&] { return aws.ecs.now(); };
    std::string const host = server.url().substr(7);
    auto const call = [&](char const* operation, std::string body) {
        auto made =
            testing_support::json_call("AmazonEC2ContainerServiceV20141113." + std::string{operation}, std::move(body));
        made.url = server.url() + "/";
        return http.send(testing_support::sign(made, "ecs", now()));
    };
    REQUIRE(call("RegisterTaskDefinition", testing_support::definition));
    auto body = document(testing_support::task);
    json::set(body, "clientToken", "t");
    aws.ecs.faults().fail("RunTask", 0, testing::dropped().after());
    aws.ecs.faults().fail("RunTask", 1, testing::dropped());
    CHECK_FALSE(call("RunTask", json::write(body)));
    CHECK_FALSE(call("RunTask", json::write(body)));
    auto const made = call("RunTask", json::write(body));
    REQUIRE(made);
    CHECK(made->status == 200);
    CHECK(aws.ecs.tasks_created() == 1);

    std::size_t odd = 0;
    auto const file = testing_support::load("botocore-requests.json");
    for (auto const& each : *json::array_of(file, "cases")) {
        auto const params = at(each, "params");
        if (testing_support::text(each, "service") != "s3" || testing_support::text(params, "Bucket") != "my-bucket")
            continue;
        auto const key = testing_support::text(params, "Key");
        auto const url = testing_support::text(at(each, "request"), "url");
        if (key.empty() || !url.starts_with("https://my-bucket.s3.amazonaws.com/")) continue;
        INFO(key);
        aws.s3.put("my-bucket", key, "found " + key);
        auto const answer =
            http.send(testing_support::sign(get(server.url() + "/my-bucket" + url.substr(34)), "s3", now()));
        REQUIRE(answer);
        CHECK(answer->body == "found " + key);
        ++odd;
    }
    CHECK(odd > 15);
}

TEST_CASE("Many callers are served at once", "[http_server]") {
    testing::fake_prefect prefect;
    http_server server{[&](http::request const& request) { return prefect.send(request); }};
    curl_http http;
    std::vector<std::thread> threads;
    for (int worker = 0; worker != 4; ++worker)
        threads.emplace_back([&] {
            for (int i = 0; i != 25; ++i) {
                auto request = get(server.url());
                request.method = "POST";
                request.headers.add("Content-Type", "application/json");
                request.body = R"({"query": "query { hello }", "variables": "null"})";
                (void)http.send(request);
            }
        });
    for (auto& each : threads) each.join();
    CHECK(prefect.log().count("hello") == 100);
    auto const all = prefect.log().all("hello");
    CHECK(std::all_of(all.begin(), all.end(), [](auto const& each) { return each.status == 200; }));
}
