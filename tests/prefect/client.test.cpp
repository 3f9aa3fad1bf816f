#include <fargate/prefect/client.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/queries.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::cloud_settings;
using testing_support::recorded;
using testing_support::seconds;
using testing_support::server_settings;

namespace {

struct bench {
    explicit bench(prefect::settings made) : options{std::move(made)} {}

    auto call(std::stop_token stop = {}) { return client.call(prefect::hello_query(), stop); }
    auto sent() const { return http.requests().size(); }

    prefect::settings options;
    testing::scripted_http http;
    testing::manual_clock clock;
    prefect::client<testing::scripted_http, testing::manual_clock> client{http, clock, options};
};

prefect::settings secure_server() {
    auto options = server_settings();
    options.api = "https://prefect.example:4200";
    return options;
}

void always(bench& with, int status, http::fields headers = {}) {
    with.http.otherwise([=](http::request const&) { return http::response{status, headers, "no"}; });
}

error dropped() { return fail(errc::connection_failed, "the connection broke", true); }

} // namespace

TEST_CASE("a call posts the operation and yields the data") {
    bench with{server_settings()};
    with.http.reply(200, recorded("hello"));
    REQUIRE(with.call());
    REQUIRE(with.sent() == 1);
    auto const request = with.http.requests().front();
    CHECK(request.method == "POST");
    CHECK(request.url == "http://apollo.internal:4200/");
    CHECK(request.body == R"({"query": "query { hello }", "variables": "null"})");
    CHECK(request.headers.value_of("Content-Type") == "application/json");
    CHECK(request.headers.value_of("X-PREFECT-CORE-VERSION") == "0.13.19");
    CHECK_FALSE(request.headers.find("Authorization"));
    CHECK_FALSE(request.headers.find("Accept-Encoding"));
    CHECK_FALSE(request.headers.find("X-PREFECT-AGENT-ID"));
}

TEST_CASE("the agent's id is on every request from the moment it is known") {
    bench with{cloud_settings()};
    with.http.reply(200, recorded("hello")).reply(200, recorded("hello"));
    REQUIRE(with.call());
    with.client.identify("83a51fe7");
    REQUIRE(with.call());
    CHECK_FALSE(with.http.requests()[0].headers.find("X-PREFECT-AGENT-ID"));
    CHECK(with.http.requests()[1].headers.value_of("X-PREFECT-AGENT-ID") == "83a51fe7");
    CHECK(with.http.requests()[1].headers.value_of("Authorization") == "Bearer RUNNER-TOKEN");
}

TEST_CASE("an address that cannot be used fails every call and sends nothing") {
    auto options = server_settings();
    options.api = "apollo:4200";
    bench with{options};
    CHECK(with.call().error().code == errc::bad_configuration);
    CHECK(with.sent() == 0);
}

TEST_CASE("2.2: over http nothing is repeated") {
    for (int const status : {500, 502, 503, 504}) {
        bench with{server_settings()};
        always(with, status, {{"Retry-After", "1"}});
        CHECK(with.call().error().http_status == status);
        CHECK(with.sent() == 1);
        CHECK(with.clock.slept().empty());
    }
    bench with{server_settings()};
    with.http.reply(dropped());
    auto const answer = with.call();
    CHECK(answer.error().code == errc::connection_failed);
    CHECK(answer.error().message == "the connection broke");
    CHECK(with.sent() == 1);
}

TEST_CASE("2.2: over https the cloud is asked 7 times, after 0, 2, 4, 8, 16 and 32 s") {
    for (int const status : {500, 502, 503, 504}) {
        bench with{cloud_settings()};
        always(with, status);
        auto const answer = with.call();
        CHECK(answer.error().http_status == status);
        CHECK(answer.error().message.find("(7 attempts)") != std::string::npos);
        CHECK(with.sent() == 7);
        CHECK(with.clock.slept() == seconds({0, 2, 4, 8, 16, 32}));
    }
    for (auto const code : {errc::connection_failed, errc::timed_out}) {
        bench with{cloud_settings()};
        with.http.otherwise([=](http::request const&) -> result<http::response> { return fail(code, "gone"); });
        CHECK(with.call().error().code == code);
        CHECK(with.clock.slept() == seconds({0, 2, 4, 8, 16, 32}));
    }
}

TEST_CASE("2.2: over https a server is asked twice, at once") {
    bench with{secure_server()};
    always(with, 502);
    CHECK(with.call().error().http_status == 502);
    CHECK(with.sent() == 2);
    CHECK(with.clock.slept() == seconds({0}));
}

TEST_CASE("2.2: the repeated request is the same, and its answer counts") {
    bench with{cloud_settings()};
    with.http.reply(dropped()).reply(503).reply(200, recorded("hello"));
    REQUIRE(with.call());
    auto const requests = with.http.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].body == requests[2].body);
    CHECK(requests[0].headers.size() == requests[2].headers.size());
    CHECK(with.clock.slept() == seconds({0, 2}));
}

TEST_CASE("2.2: definite answers are not repeated") {
    for (int const status : {400, 401, 403, 404, 408, 413, 429, 501, 505}) {
        INFO(status);
        bench with{cloud_settings()};
        always(with, status);
        CHECK_FALSE(with.call());
        CHECK(with.sent() == 1);
        CHECK(with.clock.slept().empty());
    }
    for (auto const code :
         {errc::untrusted_peer, errc::too_large, errc::cancelled, errc::malformed_response, errc::invalid_argument}) {
        bench with{cloud_settings()};
        with.http.reply(fail(code, "no"));
        CHECK(with.call().error().code == code);
        CHECK(with.sent() == 1);
    }
}

TEST_CASE("2.2: Retry-After makes 413, 429 and 503 wait as long as it says") {
    for (int const status : {413, 429, 503}) {
        bench with{cloud_settings()};
        with.http.reply(status, "", {{"Retry-After", "7"}}).reply(status, "", {{"retry-after", " 40 "}});
        with.http.reply(200, recorded("hello"));
        CHECK(with.call());
        CHECK(with.clock.slept() == seconds({7, 40}));
    }
    bench with{cloud_settings()};
    always(with, 429, {{"Retry-After", "5"}});
    CHECK(with.call().error().http_status == 429);
    CHECK(with.clock.slept() == seconds({5, 5, 5, 5, 5, 5}));
}

TEST_CASE("2.2: Retry-After may be a date, and is bounded, and falls back when it says nothing") {
    prefect::endpoint const where{"https://h/", true};
    auto const now = testing::manual_clock::default_start; // Tue, 02 Jan 2024 03:04:05 GMT
    auto const wait = [&](char const* text, unsigned repeats = 2) {
        return prefect::wait_before_repeat(where, prefect::backend::cloud,
                                           http::response{503, {{"Retry-After", text}}, ""}, repeats, now);
    };
    CHECK(wait("Tue, 02 Jan 2024 03:04:45 GMT") == duration{40s});
    CHECK(wait("Tue, 02 Jan 2024 03:04:00 GMT") == duration{4s});
    CHECK(wait("Fri, 31 Dec 9999 23:59:59 GMT") == duration{300s});
    CHECK(wait("99999999999999999999999999999") == duration{300s});
    CHECK(wait("301") == duration{300s});
    CHECK(wait("0") == duration{4s});
    CHECK(wait("-5") == duration{4s});
    CHECK(wait("soon") == duration{4s});
    CHECK(wait("") == duration{4s});
    CHECK(wait("7", 6) == std::nullopt);
}

TEST_CASE("2.3: API_ERROR is asked for again at once, then after 0.25 to 4 s, and given up 8 s later") {
    bench with{server_settings()};
    with.http.otherwise([](http::request const&) {
        return http::response{200, {}, recorded("error_http200_api_error")};
    });
    auto const answer = with.call();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().service_code == "API_ERROR");
    CHECK(with.sent() == 7);
    CHECK(with.clock.slept() == seconds({0.25, 0.5, 1, 2, 4, 8}));
    CHECK(with.clock.now() - testing::manual_clock::default_start == 15'750ms);
}

TEST_CASE("2.3: the first answer without API_ERROR counts, good or bad") {
    bench with{server_settings()};
    with.http.reply(200, recorded("error_http200_api_error")).reply(200, recorded("hello"));
    CHECK(with.call());
    CHECK(with.clock.slept().empty());

    with.http.reply(200, recorded("error_http200_api_error"))
        .reply(200, recorded("error_http200_api_error"))
        .reply(500, "no");
    CHECK(with.call().error().http_status == 500);
    CHECK(with.clock.slept() == seconds({0.25}));
    CHECK(with.http.remaining() == 0);
}

TEST_CASE("2.3: both kinds of repeats go together") {
    bench with{cloud_settings()};
    with.http.reply(502)
        .reply(200, recorded("error_http200_api_error"))
        .reply(502)
        .reply(502)
        .reply(200, recorded("hello"));
    CHECK(with.call());
    CHECK(with.clock.slept() == seconds({0, 0, 2}));
}

TEST_CASE("a stop ends the waiting, not the whole of the retries") {
    std::stop_source source;
    bench with{cloud_settings()};
    always(with, 503);
    with.clock.during_sleep([&](duration time) {
        if (time == 4s) source.request_stop();
    });
    auto const answer = with.call(source.get_token());
    CHECK(answer.error().code == errc::cancelled);
    CHECK(with.sent() == 3);
    CHECK(with.call(source.get_token()).error().code == errc::cancelled);
    CHECK(with.sent() == 3);

    std::stop_source other;
    bench api{server_settings()};
    api.http.otherwise([](http::request const&) {
        return http::response{200, {}, recorded("error_http200_api_error")};
    });
    api.clock.during_sleep([&](duration) { other.request_stop(); });
    CHECK(api.call(other.get_token()).error().code == errc::cancelled);
    CHECK(api.sent() == 2);
}

TEST_CASE("a stop token travels with the request") {
    std::stop_source source;
    bench with{server_settings()};
    with.http.reply(200, recorded("hello"));
    CHECK(with.call(source.get_token()));
    CHECK(with.http.requests().front().stop == source.get_token());
}
