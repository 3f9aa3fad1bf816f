#include <fargate/aws/time_limit.hpp>

#include <fargate/aws/client.hpp>
#include <fargate/aws/ecs.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
using namespace std::chrono_literals;
using fargate::duration;
using fargate::errc;
using testing_support::frozen;
using testing_support::in_ireland;

namespace {

using sleeps = std::vector<duration>;

/// An ECS client with a deadline, before a service that takes its time and says no.
struct scene {
    aws::parts<frozen> parts{};
    aws::ecs<frozen> ecs;

    explicit scene(std::chrono::milliseconds deadline, duration takes = 0s, int status = 500) :
        ecs{parts, with(deadline)} {
        parts.http.otherwise([this, takes, status](auto const&) {
            parts.clock.advance(takes);
            return http::response{status, {{"x-amzn-RequestId", "R1"}}, "{}"};
        });
    }

    static aws::client_options with(std::chrono::milliseconds deadline) {
        auto made = in_ireland();
        made.deadline = deadline;
        return made;
    }

    auto list() { return ecs.list_tasks(json::value::object()); }
};

std::string sdk_request(http::request const& sent) { return std::string{sent.headers.value_of("amz-sdk-request")}; }

} // namespace

TEST_CASE("a wait that would pass the deadline is not begun: the call fails at once with its last error") {
    scene here{100ms};
    auto const answer = here.list();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::service_error);
    CHECK(answer.error().http_status == 500);
    CHECK(answer.error().request_id == "R1");
    CHECK(answer.error().retryable);
    CHECK(answer.error().message ==
          "ecs ListTasks: HTTP 500; the deadline of 100 ms leaves no time to try again (after 2 attempts)");
    CHECK(here.parts.clock.slept() == sleeps{50ms}); // and not 100 ms
    CHECK(here.parts.http.requests().size() == 2);
}

TEST_CASE("the time that answers take counts") {
    scene here{1s, 960ms};
    CHECK_FALSE(here.list());
    CHECK(here.parts.clock.slept().empty());
    CHECK(here.parts.http.requests().size() == 1);
}

TEST_CASE("inside its deadline a call is repeated as ever") {
    scene here{151ms};
    auto const answer = here.list();
    CHECK(answer.error().message.find("deadline") == std::string::npos);
    CHECK(here.parts.clock.slept() == sleeps{50ms, 100ms});
    CHECK(here.parts.http.requests().size() == 3);
}

TEST_CASE("an attempt has what is left of the deadline, if that is less than its own limit, and tells when it ends") {
    scene here{10s, 4s};
    CHECK_FALSE(here.list());
    auto const sent = here.parts.http.requests(); // at 03:04:05, 03:04:09.05 and 03:04:13.15
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].limits.total == 10s);
    CHECK(sent[1].limits.total == 5950ms);
    CHECK(sent[2].limits.total == 1850ms);
    CHECK(sdk_request(sent[0]) == "attempt=1; max=3; ttl=20240102T030415Z");
    CHECK(sdk_request(sent[1]) == "attempt=2; max=3; ttl=20240102T030415Z");
    CHECK(sdk_request(sent[2]) == "attempt=3; max=3; ttl=20240102T030415Z");

    auto options = scene::with(10s);
    options.limits.total = 3s;
    aws::ecs<frozen> brief{here.parts, options};
    here.parts.clock.set(here.parts.clock.default_start);
    CHECK_FALSE(brief.list_tasks(json::value::object()));
    auto const more = here.parts.http.requests();
    CHECK(more[3].limits.total == 3s);
    CHECK(sdk_request(more[3]) == "attempt=1; max=3; ttl=20240102T030408Z");

    options.limits.total = 0s;
    aws::ecs<frozen> endless{here.parts, options};
    std::size_t const before = more.size();
    CHECK_FALSE(endless.list_tasks(json::value::object()));
    CHECK(here.parts.http.requests()[before].limits.total == 10s);
}

TEST_CASE("without a deadline nothing is told and nothing cut short") {
    scene here{0ms, 1h};
    CHECK_FALSE(here.list());
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 3);
    for (auto const& each : sent) {
        CHECK(each.limits.total == http::limits{}.total);
        CHECK(sdk_request(each).find("ttl") == std::string::npos);
    }
}

TEST_CASE("a call may have a deadline of its own, and the longest there is ends nothing") {
    aws::parts<frozen> parts{};
    parts.http.otherwise([](auto const&) { return http::response{500, {}, "{}"}; });
    aws::client<frozen> client{parts, aws::ecs_service, scene::with(60ms)};
    aws::call what = aws::json_call("ListTasks", "X", aws::endpoint_at("h", "eu-west-1"), json::value::object());
    CHECK_FALSE(client.call(what, aws::read_document));
    CHECK(parts.clock.slept() == sleeps{50ms});
    what.deadline = 10ms;
    CHECK_FALSE(client.call(what, aws::read_document));
    CHECK(parts.clock.slept() == sleeps{50ms});
    what.deadline = std::chrono::milliseconds::max();
    CHECK_FALSE(client.call(what, aws::read_document));
    CHECK(parts.clock.slept() == sleeps{50ms, 50ms, 100ms});
}

TEST_CASE("the end that is told is by the service's clock") {
    scene here{10s, 0s, 200};
    here.parts.http.reply(403, R"({"__type":"RequestTimeTooSkewed","message":"m"})",
                          {{"Date", "Tue, 02 Jan 2024 04:04:05 GMT"}});
    REQUIRE(here.list());
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 2);
    CHECK(sdk_request(sent[0]) == "attempt=1; max=3; ttl=20240102T030415Z");
    CHECK(sdk_request(sent[1]) == "attempt=2; max=3; ttl=20240102T040415Z");
}

namespace {

/// A source of keys that takes its time.
struct slow_key {
    fargate::result<aws::access_key> fetch(auto&, auto& clock, auto const& environment) {
        clock.advance(2s);
        testing_support::example_key key;
        return key.fetch(*this, clock, environment);
    }
};
struct with_slow_key : frozen {
    using credentials = slow_key;
};

} // namespace

TEST_CASE("a key that came too late sends nothing") {
    aws::parts<with_slow_key> parts{};
    aws::ecs<with_slow_key> ecs{parts, scene::with(1s)};
    auto const answer = ecs.list_tasks(json::value::object());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::timed_out);
    CHECK(answer.error().message == "ecs ListTasks: it cannot be sent within the deadline of 1000 ms");
    CHECK(parts.http.requests().empty());
}
