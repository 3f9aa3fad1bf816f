#include <fargate/aws/client.hpp>

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
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
using testing_support::text;

namespace {

using sleeps = std::vector<duration>;

/// An ECS client and its world.
struct scene {
    aws::parts<frozen> parts{};
    aws::ecs<frozen> ecs{parts, in_ireland()};

    auto list() { return ecs.list_tasks(json::value::object()); }
};

} // namespace

TEST_CASE("a call waits between its attempts as the recorded scenarios of standard mode 2.1 do") {
    auto const cases = testing_support::load("retry-cases.json");
    int count = 0;
    for (char const* const group : {"standard_2_1", "standard_2_1_multi_invocation"}) {
        for (auto const& [name, scenario] : json::object_of(cases, group)->items()) {
            INFO(name);
            auto const& given = *json::object_of(scenario, "given");
            auto options = testing_support::steady_retry::pinned();
            auto const seconds = [](double number) { return duration{static_cast<duration::rep>(number * 1e6 + 0.5)}; };
            if (auto const n = json::integer_of(given, "max_attempts")) options.max_attempts = static_cast<int>(*n);
            if (auto const n = json::integer_of(given, "initial_retry_tokens")) options.quota = static_cast<int>(*n);
            if (auto const n = json::number_of(given, "max_backoff_time")) options.longest = seconds(*n);
            aws::parts<frozen> parts{.retry = testing_support::steady_retry{options}};
            aws::ecs<frozen> ecs{parts, in_ireland()};

            sleeps expected;
            std::vector<bool> ends;
            for (auto const& each : *json::array_of(scenario, "responses")) {
                auto const& response = *json::object_of(each, "response");
                http::fields headers;
                if (auto const* const list = json::object_of(response, "headers"))
                    for (auto const& [field, value] : list->items())
                        headers.add(field, std::string{json::as_text(value).value_or("")});
                std::string const code = text(response, "error_code");
                parts.http.reply(static_cast<int>(json::integer_of(response, "status_code").value_or(0)),
                                 code.empty() ? "{}" : "{\"__type\":\"" + code + "\"}", std::move(headers));
                auto const& outcome = *json::object_of(each, "expected");
                if (text(outcome, "outcome") == "retry_request")
                    expected.push_back(seconds(json::number_of(outcome, "delay").value_or(-1)));
                else
                    ends.push_back(text(outcome, "outcome") == "success");
            }
            for (bool const succeeds : ends) CHECK(ecs.list_tasks(json::value::object()).has_value() == succeeds);
            CHECK(parts.http.remaining() == 0);
            CHECK(parts.clock.slept() == expected);
            ++count;
        }
    }
    CHECK(count == 13);
}

TEST_CASE("clients on the same parts share one quota, and when it is spent they fail at the first answer") {
    auto options = testing_support::steady_retry::pinned();
    options.quota = 30;
    aws::parts<frozen> parts{.retry = testing_support::steady_retry{options}};
    parts.http.otherwise([](auto const&) { return http::response{500, {}, "{}"}; });
    aws::ecs<frozen> ecs{parts, in_ireland()};
    aws::s3<frozen> s3{parts, in_ireland()};
    auto const first = ecs.list_tasks(json::value::object());
    REQUIRE_FALSE(first);
    CHECK(first.error().message == "ecs ListTasks: HTTP 500 (after 3 attempts)");
    CHECK(parts.http.requests().size() == 3);
    auto const second = s3.get_object({.bucket = "bucket", .key = "key"});
    REQUIRE_FALSE(second);
    CHECK(second.error().retryable);
    CHECK(parts.http.requests().size() == 4);
}

TEST_CASE("what went wrong below HTTP is repeated where that may help, and only there") {
    struct row {
        errc code;
        std::size_t attempts;
    };
    for (auto const [code, attempts] :
         {row{errc::timed_out, 3}, row{errc::connection_failed, 3}, row{errc::malformed_response, 3},
          row{errc::untrusted_peer, 1}, row{errc::too_large, 1}, row{errc::cancelled, 1},
          row{errc::invalid_argument, 1}, row{errc::internal, 1}}) {
        INFO(name_of(code));
        scene here;
        here.parts.http.otherwise([code = code](auto const&) { return fargate::fail(code, "the reason"); });
        auto const answer = here.list();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == code);
        CHECK(answer.error().message.starts_with("ecs ListTasks: the reason"));
        CHECK(answer.error().retryable == (attempts == 3));
        CHECK(here.parts.http.requests().size() == attempts);
        CHECK(here.parts.clock.slept() == (attempts == 3 ? sleeps{50ms, 100ms} : sleeps{}));
    }
}

TEST_CASE("throttles that ECS hides, and bare 429s, are waited out; its quota of its own is not") {
    struct row {
        int status;
        char const* body;
        std::size_t attempts;
    };
    for (
        auto const& [status, body, attempts] :
        {row{400,
             R"({"__type":"ClientException","message":"Too many concurrent attempts to create a new revision of the specified family."})",
             3},
         row{400, R"x({"__type":"InvalidParameterException","message":"ENI: Rate exceeded (ErrorCode: Throttling)"})x",
             3},
         row{429, "", 3}, row{400, R"({"__type":"LimitExceededException","message":"m"})", 1}}) {
        INFO(body);
        scene here;
        here.parts.http.otherwise([status = status, body = body](auto const&) {
            return http::response{status, {}, body};
        });
        CHECK_FALSE(here.list());
        CHECK(here.parts.http.requests().size() == attempts);
        CHECK(here.parts.clock.slept() == (attempts == 3 ? sleeps{1s, 2s} : sleeps{}));
    }
}
