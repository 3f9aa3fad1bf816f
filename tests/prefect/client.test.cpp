#include <fargate/prefect/client.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/queries.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

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
    prefect::client<testing::scripted_http, testing::manual_clock> client{http, clock, options, half};

    /// Random numbers that are none: the middle of each span.
    static std::uint64_t half() { return std::uint64_t{1} << 63U; }
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

TEST_CASE("2.2: over http nothing is repeated, be it a lost connection, 500 or 503") {
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

TEST_CASE("2.2: waits before each retry; what is retried: connection errors, read time-outs, 500/502/503/504: by the "
          "cloud 7 times, after 0 to 32 s") {
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

TEST_CASE("2.2: retries after the first attempt: over https a server is asked twice, at once") {
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

TEST_CASE("2.2: 501 and other 4xx are not retried") {
    for (int const status : {400, 401, 403, 404, 408, 413, 501, 505}) {
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

TEST_CASE("2.2: also retried if `Retry-After` is present: 413, 429 and 503 wait as long as it says") {
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

TEST_CASE("7: Status 429: wait with Retry-After, over http and on a server too") {
    for (auto const& options : {server_settings(), secure_server(), cloud_settings()}) {
        bench with{options};
        with.http.reply(429, "", {{"Retry-After", "7"}}).reply(429, "", {{"Retry-After", "30"}});
        with.http.reply(200, recorded("hello"));
        CHECK(with.call());
        CHECK(with.clock.slept() == seconds({7, 30}));
        CHECK(with.http.requests()[2].body == with.http.requests()[0].body);
    }
}

TEST_CASE("7: Status 429: else exponential with jitter, 6 times on both backends, then an error") {
    for (auto const& options : {server_settings(), secure_server(), cloud_settings()}) {
        bench with{options};
        always(with, 429);
        auto const answer = with.call();
        CHECK(answer.error().http_status == 429);
        CHECK(answer.error().retryable);
        CHECK(answer.error().message.find("(7 attempts)") != std::string::npos);
        CHECK(with.clock.slept() == seconds({3, 6, 12, 24, 48, 48}));
    }
}

TEST_CASE("7: Status 429: no call waits longer than 300 s in all for it") {
    bench with{cloud_settings()};
    always(with, 429, {{"Retry-After", "120"}});
    CHECK(with.call().error().http_status == 429);
    CHECK(with.clock.slept() == seconds({120, 120}));

    bench once{server_settings()};
    always(once, 429, {{"Retry-After", "86400"}});
    CHECK(once.call().error().http_status == 429);
    CHECK(once.clock.slept() == seconds({300}));
}

TEST_CASE("7: 0.15.4: 429 handled apart: it uses up none of the transport's retries") {
    bench with{secure_server()};
    with.http.reply(429).reply(502).reply(429).reply(200, recorded("hello"));
    CHECK(with.call());
    CHECK(with.clock.slept() == seconds({3, 0, 6}));
}

TEST_CASE("7: 0.15.12: 6 transport retries on both backends: a server keeps its one") {
    bench with{secure_server()};
    always(with, 503);
    CHECK_FALSE(with.call());
    CHECK(with.sent() == 2);
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

TEST_CASE("2.1: redirects: 307 and 308 keep the POST, its body and its fields") {
    for (int const status : {307, 308}) {
        bench with{cloud_settings()};
        with.http.reply(status, "", {{"Location", "/graphql?v=1#there"}}).reply(200, recorded("hello"));
        REQUIRE(with.call());
        auto const requests = with.http.requests();
        REQUIRE(requests.size() == 2);
        CHECK(requests[1].url == "https://api.prefect.io/graphql?v=1");
        CHECK(requests[1].method == "POST");
        CHECK(requests[1].body == requests[0].body);
        CHECK(requests[1].headers.value_of("Authorization") == "Bearer RUNNER-TOKEN");
        CHECK(requests[1].headers.size() == requests[0].headers.size());
        CHECK(with.clock.slept().empty());
    }
}

TEST_CASE("2.1: redirects: Authorization dropped on a cross-host redirect, and the error says so") {
    struct row {
        char const* from;
        char const* to;
        char const* asked;
        bool kept;
    };
    for (auto const& each :
         {row{"https://api.prefect.io", "https://other.io", "https://other.io/", false},
          row{"https://api.prefect.io", "//other.io/x", "https://other.io/x", false},
          row{"https://api.prefect.io", "https://API.prefect.io:443/", "https://API.prefect.io:443/", true},
          row{"https://api.prefect.io", "https://api.prefect.io:444/", "https://api.prefect.io:444/", false},
          row{"https://api.prefect.io", "http://api.prefect.io/", "http://api.prefect.io/", false},
          row{"http://api.prefect.io", "https://api.prefect.io", "https://api.prefect.io/", true},
          row{"http://api.prefect.io:4200", "https://api.prefect.io", "https://api.prefect.io/", false}}) {
        INFO(each.from << " to " << each.to);
        auto options = cloud_settings();
        options.api = each.from;
        bench with{options};
        with.http.reply(308, "", {{"Location", each.to}}).reply(401);
        auto const answer = with.call();
        CHECK(answer.error().code == errc::unauthorized);
        REQUIRE(with.sent() == 2);
        CHECK(with.http.requests()[1].url == each.asked);
        CHECK(with.http.requests()[1].headers.find("Authorization").has_value() == each.kept);
        CHECK((answer.error().message.find("is not sent the credential") == std::string::npos) == each.kept);
        CHECK(answer.error().message.starts_with(each.asked));
    }
}

TEST_CASE("2.1: redirects: 301/302/303 turn POST into GET, which no API answers: an error that names the new address") {
    for (int const status : {301, 302, 303}) {
        bench with{cloud_settings()};
        with.http.reply(status, "", {{"Location", "https://other.io/"}});
        auto const answer = with.call();
        CHECK(answer.error().http_status == status);
        CHECK(answer.error().message.find("https://other.io/, which would turn our POST into a GET") !=
              std::string::npos);
        CHECK(with.sent() == 1);
    }
}

TEST_CASE("2.1: redirects: followed five times, and only to an address") {
    bench with{server_settings()};
    always(with, 307, {{"Location", "http://apollo.internal:4200/again"}});
    auto const answer = with.call();
    CHECK(answer.error().http_status == 307);
    CHECK(answer.error().message.find("set api (--api) to that") != std::string::npos);
    CHECK(with.sent() == 6);

    for (char const* const to : {"", "ftp://h/", "graphql", "http://", "http://h:0/"}) {
        bench lost{server_settings()};
        always(lost, 308, {{"Location", to}});
        CHECK(lost.call().error().http_status == 308);
        CHECK(lost.sent() == 1);
    }
    bench silent{server_settings()};
    always(silent, 308);
    CHECK(silent.call().error().http_status == 308);
    CHECK(silent.sent() == 1);
}

TEST_CASE("2.1: redirects: what is repeated begins at the configured address again") {
    bench with{cloud_settings()};
    with.http.reply(307, "", {{"Location", "/there"}}).reply(503);
    with.http.reply(307, "", {{"Location", "/there"}}).reply(200, recorded("hello"));
    REQUIRE(with.call());
    CHECK(with.http.requests()[2].url == "https://api.prefect.io/");
    CHECK(with.http.requests()[3].url == "https://api.prefect.io/there");
    CHECK(with.clock.slept() == seconds({0}));
}

TEST_CASE("7: 0.15.0: a key takes the token's place, and the tenant goes beside it once it is known") {
    auto options = cloud_settings();
    options.api_key = secret{"KEY"};
    bench with{options};
    with.http.reply(200, recorded("hello")).reply(200, recorded("hello"));
    REQUIRE(with.call());
    with.client.choose_tenant("tenant");
    REQUIRE(with.call());
    auto const requests = with.http.requests();
    CHECK(requests[0].headers.value_of("Authorization") == "Bearer KEY");
    CHECK_FALSE(requests[0].headers.find("X-PREFECT-TENANT-ID"));
    CHECK(requests[1].headers.value_of("Authorization") == "Bearer KEY");
    CHECK(requests[1].headers.value_of("X-PREFECT-TENANT-ID") == "tenant");
}

TEST_CASE(
    "2.6: requests carry the access token; when it expires within 30 s, first refresh_token, by the refresh token") {
    bench with{cloud_settings()};
    auto const start = testing::manual_clock::default_start;
    with.client.enter({secret{"access-1"}, secret{"refresh-1"}, start + 60s});
    with.http.reply(200, recorded("hello"));
    with.clock.advance(30s);
    REQUIRE(with.call());

    with.clock.advance(1us);
    with.http
        .reply(200, R"({"data": {"refresh_token": {"access_token": "access-2", "refresh_token": "refresh-2",
                        "expires_at": "2024-01-02T03:14:05.5Z"}}})")
        .reply(200, recorded("hello"))
        .reply(200, recorded("hello"));
    REQUIRE(with.call());
    REQUIRE(with.call());
    auto const requests = with.http.requests();
    REQUIRE(requests.size() == 4);
    CHECK(requests[0].headers.value_of("Authorization") == "Bearer access-1");
    CHECK(requests[1].headers.value_of("Authorization") == "Bearer refresh-1");
    CHECK(requests[1].body.find("access-1") != std::string::npos);
    CHECK(requests[2].headers.value_of("Authorization") == "Bearer access-2");
    CHECK(requests[3].headers.value_of("Authorization") == "Bearer access-2");
}

TEST_CASE("2.6: an access that is not renewed is a clear error, asked for again at the next call") {
    bench with{cloud_settings()};
    with.client.enter({secret{"access-1"}, secret{"refresh-1"}, with.clock.now()});
    with.http.reply(200, recorded("error_http200_unauthenticated"));
    auto answer = with.call();
    CHECK(answer.error().code == errc::unauthorized);
    CHECK(answer.error().message.find("prefect auth login") != std::string::npos);

    with.http.reply(200, R"({"data": {"refresh_token": null}})");
    CHECK(with.call().error().message.find("could not be renewed") != std::string::npos);

    auto options = server_settings();
    options.token = secret{"t"};
    bench plain{options};
    plain.client.enter({secret{"access-1"}, secret{"refresh-1"}, plain.clock.now()});
    plain.http.reply(dropped()).reply(500, "access-1 refresh-1");
    CHECK(plain.call().error().code == errc::connection_failed);
    answer = plain.call();
    CHECK(answer.error().http_status == 500);
    CHECK(answer.error().code == errc::service_error);
    CHECK(answer.error().message.find("could not be renewed") != std::string::npos);
    for (auto const& each : plain.http.requests()) CHECK(each.headers.value_of("Authorization") == "Bearer refresh-1");
}

TEST_CASE("2.6: a renewal, whose body holds a token, is not sent on to another host") {
    bench with{cloud_settings()};
    with.client.enter({secret{"access-1"}, secret{"refresh-1"}, with.clock.now()});
    with.http.reply(308, "", {{"Location", "https://other.io/"}});
    CHECK(with.call().error().http_status == 308);
    CHECK(with.sent() == 1);
}

TEST_CASE("2.6: one of many threads renews the access, and all go on with the new one") {
    bench with{cloud_settings()};
    with.client.enter({secret{"access-1"}, secret{"refresh-1"}, with.clock.now()});
    std::atomic<int> renewals{0};
    std::atomic<int> strangers{0};
    with.http.otherwise([&](http::request const& request) {
        auto const bearer = request.headers.value_of("Authorization");
        if (bearer == "Bearer refresh-1") {
            ++renewals;
            return http::response{200, {}, R"({"data": {"refresh_token": {"access_token": "access-2",
                "refresh_token": "refresh-2", "expires_at": "2024-01-02T04:04:05+00:00"}}})"};
        }
        if (bearer != "Bearer access-2") ++strangers;
        return http::response{200, {}, recorded("hello")};
    });
    std::atomic<int> answers{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i != 4; ++i)
            threads.emplace_back([&] {
                for (int turn = 0; turn != 25; ++turn) answers += with.call().has_value();
            });
    }
    CHECK(answers == 100);
    CHECK(renewals == 1);
    CHECK(strangers == 0);
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

TEST_CASE("what is to be finished is sent whatever the stop, and only the waits for its repeats end with it") {
    std::stop_source source;
    source.request_stop();
    bench with{cloud_settings()};
    with.http.reply(200, recorded("hello"));
    CHECK(with.client.finish(prefect::hello_query(), source.get_token()));
    CHECK_FALSE(with.http.requests().back().stop.stop_possible());
    with.http.reply(503, "").reply(503, "");
    CHECK(with.client.finish(prefect::hello_query(), source.get_token()).error().code == errc::cancelled);
    CHECK(with.sent() == 2);
}

TEST_CASE("an exchange that was repeated leaves it open whether it was carried out, unless the api refused it") {
    auto const unsettled = [](std::function<void(testing::scripted_http&)> const& script) {
        bench with{cloud_settings()};
        script(with.http);
        bool open = false;
        (void)with.client.finish(prefect::hello_query(), {}, &open);
        CHECK(with.http.remaining() == 0);
        return open;
    };
    auto const hello = recorded("hello");
    CHECK_FALSE(unsettled([&](auto& http) { http.reply(200, hello); }));
    CHECK_FALSE(unsettled([&](auto& http) { http.reply(400, ""); }));
    CHECK_FALSE(unsettled([&](auto& http) { http.reply(429, "").reply(200, hello); }));
    http::fields const later{{"Retry-After", "1"}};
    CHECK_FALSE(unsettled([&](auto& http) { http.reply(http::response{413, later, ""}).reply(200, hello); }));
    CHECK(unsettled([&](auto& http) { http.reply(dropped()).reply(200, hello); }));
    CHECK(unsettled([&](auto& http) { http.reply(fail(errc::timed_out, "")).reply(400, ""); }));
    CHECK(unsettled([&](auto& http) { http.reply(502, "").reply(200, hello); }));
    CHECK(unsettled([&](auto& http) { http.reply(200, recorded("error_http200_api_error")).reply(200, hello); }));
}

TEST_CASE("the id that the agent was given can be read again") {
    bench with{server_settings()};
    CHECK(with.client.agent_id().empty());
    with.client.identify("id");
    CHECK(with.client.agent_id() == "id");
}
