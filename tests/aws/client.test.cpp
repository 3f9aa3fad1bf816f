#include <fargate/aws/client.hpp>

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/text/percent.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <set>
#include <string>
#include <thread>
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

std::string field(http::request const& request, char const* name) {
    return std::string{request.headers.value_of(name)};
}

char const* const throttled = R"({"__type":"ThrottlingException","message":"Rate exceeded"})";
char const* const expired = R"({"__type":"ExpiredTokenException","message":"The security token is expired"})";

/// An ECS client and its world.
template <class Policies = frozen>
struct scene {
    aws::parts<Policies> parts{};
    aws::ecs<Policies> ecs;

    explicit scene(aws::client_options options = in_ireland()) : ecs{parts, std::move(options)} {}
    auto list(std::stop_token stop = {}) { return ecs.list_tasks(json::value::object(), stop); }
};

} // namespace

TEST_CASE("every attempt is signed anew under one invocation id") {
    scene<> here;
    here.parts.http.reply(400, throttled).reply(400, throttled).reply(200, R"({"taskArns":["a"]})");
    auto const answer = here.list();
    REQUIRE(answer);
    CHECK(answer->arns == std::vector<std::string>{"a"});
    CHECK(here.parts.clock.slept() == sleeps{1s, 2s});

    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 3);
    char const* const dates[] = {"20240102T030405Z", "20240102T030406Z", "20240102T030408Z"};
    std::set<std::string> authorizations;
    for (std::size_t i = 0; i != 3; ++i) {
        CHECK(field(sent[i], "X-Amz-Date") == dates[i]);
        CHECK(field(sent[i], "amz-sdk-invocation-id") == "00000000-0000-4000-8000-000000000000");
        CHECK(field(sent[i], "amz-sdk-request") == "attempt=" + std::to_string(i + 1) + "; max=3");
        CHECK(sent[i].body == sent[0].body);
        authorizations.insert(field(sent[i], "Authorization"));
        // A client that makes its first attempt at that time signs the same.
        scene<> later;
        later.parts.clock.set(here.parts.clock.default_start + duration{i == 0 ? 0s : i == 1 ? 1s : 3s});
        later.parts.http.reply(200, "{}");
        REQUIRE(later.list());
        CHECK(field(later.parts.http.requests()[0], "Authorization") == field(sent[i], "Authorization"));
    }
    CHECK(authorizations.size() == 3);
}

TEST_CASE("the body of a call that is handed over is not copied, and that of another call stays") {
    aws::parts<frozen> parts{};
    aws::client<frozen> client{parts, aws::ecs_service, in_ireland()};
    std::vector<char const*> sent;
    parts.http.otherwise([&sent](http::request const& request) {
        sent.push_back(request.body.data());
        return http::response{sent.size() == 2 ? 500 : 200, {}, "{}"};
    });
    auto what = aws::json_text_call("ListTasks", "X", aws::endpoint_at("h", "eu-west-1"), std::string(100, 'b'));
    char const* const place = what.body.data();
    CHECK(client.call(what, aws::read_document));
    CHECK(what.body == std::string(100, 'b'));
    CHECK(client.call(std::move(what), aws::read_document));
    REQUIRE(sent.size() == 3);
    CHECK(sent[0] != place);
    CHECK(sent[1] == place);
    CHECK(sent[2] == place);
}

TEST_CASE("with real random bits invocation ids are version 4 UUIDs and differ between calls") {
    auto options = in_ireland();
    options.random = fargate::random_bits;
    scene<> here{options};
    here.parts.http.otherwise([](auto const&) { return http::response{200, {}, "{}"}; });
    std::set<std::string> seen;
    for (int i = 0; i != 20; ++i) REQUIRE(here.list());
    for (auto const& each : here.parts.http.requests()) {
        std::string const id = field(each, "amz-sdk-invocation-id");
        REQUIRE(id.size() == 36);
        CHECK(id[14] == '4');
        CHECK(std::string{"89ab"}.find(id[19]) != std::string::npos);
        seen.insert(id);
    }
    CHECK(seen.size() == 20);
}

TEST_CASE("a stop token ends a call before it begins, and in the middle of a wait") {
    scene<> here;
    std::stop_source early;
    early.request_stop();
    auto const never = here.list(early.get_token());
    REQUIRE_FALSE(never);
    CHECK(never.error().code == errc::cancelled);
    CHECK(here.parts.http.requests().empty());

    std::stop_source source;
    here.parts.http.reply(400, throttled).reply(200, "{}");
    here.parts.clock.during_sleep([&source](duration) { source.request_stop(); });
    auto const waiting = here.list(source.get_token());
    REQUIRE_FALSE(waiting);
    CHECK(waiting.error().code == errc::cancelled);
    CHECK(waiting.error().message == "ecs ListTasks: stopped while it waited after ThrottlingException: Rate exceeded");
    CHECK(here.parts.http.requests().size() == 1);
    CHECK(here.parts.http.remaining() == 1);
}

TEST_CASE("an answer that is no JSON object counts as lost") {
    scene<> here;
    here.parts.http.reply(200, R"({"taskArns":["a)").reply(200, R"({"taskArns":["a"]})");
    CHECK(here.list());
    CHECK(here.parts.clock.slept() == sleeps{50ms});

    for (auto const& [body, message] :
         {std::pair{"<!DOCTYPE html><html><body>Sign in</body></html>",
                    "ecs ListTasks: the answer is HTML, not JSON: check that the address is the service's (after 3 "
                    "attempts)"},
          std::pair{"[1]", "ecs ListTasks: the answer is no JSON object (after 3 attempts)"},
          std::pair{"", "ecs ListTasks: not a JSON document: "},
          std::pair{"{\"a\":\"\xFF\"}", "ecs ListTasks: not a JSON"}}) {
        scene<> there;
        there.parts.http.otherwise([body = body](auto const&) {
            return http::response{200, {{"x-amzn-RequestId", "R1"}}, body};
        });
        auto const answer = there.list();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::malformed_response);
        CHECK(answer.error().message.starts_with(message));
        CHECK(answer.error().retryable);
        CHECK(answer.error().http_status == 200);
        CHECK(answer.error().request_id == "R1");
        CHECK(there.parts.http.requests().size() == 3);
    }
}

TEST_CASE("an answer past the limit is not asked for again") {
    auto options = in_ireland();
    options.limits.body = 100;
    scene<> here{options};
    here.parts.http.reply(200, std::string(101, ' '));
    auto const answer = here.list();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::too_large);
    CHECK_FALSE(answer.error().retryable);
    CHECK(here.parts.http.requests().size() == 1);
}

TEST_CASE("a refusal comes back with all that the service said, after one attempt") {
    scene<> here;
    here.parts.http.reply(400,
                          R"({"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"Cluster not found."})",
                          {{"x-amzn-RequestId", "6b5f"}});
    auto const answer = here.list();
    REQUIRE_FALSE(answer);
    auto const& why = answer.error();
    CHECK(why.code == errc::service_error);
    CHECK(why.message == "ecs ListTasks: ClusterNotFoundException: Cluster not found.");
    CHECK(why.http_status == 400);
    CHECK(why.service_code == "ClusterNotFoundException");
    CHECK(why.request_id == "6b5f");
    CHECK_FALSE(why.retryable);
    CHECK(here.parts.http.requests().size() == 1);
}

TEST_CASE("a service that quotes the request, token and all, does not get the token into a message") {
    scene<> here;
    std::string const token = "IQoJb3JpZ2luX2VjEDEaCXVzLWVhc3QtMSJHMEUCIQDexampleexample";
    here.parts.credentials = testing_support::example_key{token};
    auto const quoting = [&](std::string const& quoted) {
        here.parts.http.reply(403,
                              R"({"__type":"InvalidSignatureException","message":"The signature does not match. The )"
                              R"(canonical string should have been 'POST\n/\nx-amz-security-token:)" +
                                  quoted + R"(\n'"})");
        auto const answer = here.list();
        REQUIRE_FALSE(answer);
        return answer.error().message;
    };
    for (auto const& quoted : {token, token.substr(0, 30), token.substr(9, 20), fargate::text::percent_encode(token)}) {
        auto const message = quoting(quoted);
        CHECK(message.find("The signature does not match.") != std::string::npos);
        CHECK(message.find("x-amz-security-token:*** '") != std::string::npos);
    }
    CHECK(quoting("another").find("x-amz-security-token:another '") != std::string::npos);
}

TEST_CASE("a service that quotes the field that signs a request, or its body, does not get them into an error") {
    auto options = in_ireland();
    options.confided = {fargate::secret{"pcu_token-of-the-body"}};
    scene<> here{options};
    for (int const status : {400, 500, 200}) {
        here.parts.http.otherwise([status](http::request const& sent) {
            auto const quoted = field(sent, "Authorization") + " for pcu_token-of-the-body";
            auto body = json::value::object();
            json::set(body, "message", quoted);
            http::response made{status, {}, json::write(body)};
            if (status == 200) made.body = "{\"" + quoted + "\":1,\"" + quoted + "\":2}";
            return made;
        });
        auto const answer = here.list();
        REQUIRE_FALSE(answer);
        INFO(answer.error().message);
        CHECK(answer.error().message.find("***") != std::string::npos);
        CHECK(answer.error().message.find("Credential=") == std::string::npos);
        CHECK(answer.error().message.find("Signature=") == std::string::npos);
        CHECK(answer.error().message.find("pcu_") == std::string::npos);
    }
}

TEST_CASE("what no call can succeed with is known before one is made") {
    CHECK(scene<>{}.ecs.ready());
    aws::parts<frozen> parts{};
    parts.environment.set("AWS_CONFIG_FILE", "/config");
    parts.environment.break_file("/config", fargate::fail(errc::bad_configuration, "/config cannot be read"));
    aws::client_options options;
    options.region = "eu-west-1";
    aws::ecs<frozen> broken{parts, options};
    REQUIRE_FALSE(broken.ready());
    CHECK(broken.ready().error().message == "/config cannot be read");
    CHECK_FALSE(broken.list_tasks(json::value::object(), {}));
    CHECK(parts.http.requests().empty());
    options.region = "nowhere at all";
    CHECK_FALSE(aws::ecs<frozen>{parts, options}.ready());
}

TEST_CASE("401 and 403 are one attempt, and tell a refused key from a missing permission") {
    struct row {
        int status;
        char const* body;
        errc code;
    };
    for (auto const& [status, body, code] :
         {row{401, "", errc::unauthorized}, row{403, "", errc::service_error},
          row{403, R"({"__type":"InvalidSignatureException","message":"m"})", errc::unauthorized},
          row{400, R"({"__type":"UnrecognizedClientException","message":"m"})", errc::unauthorized},
          row{403, R"({"__type":"AccessDeniedException","Message":"User u is not authorized"})",
              errc::service_error}}) {
        scene<> here;
        here.parts.http.reply(status, body);
        auto const answer = here.list();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == code);
        CHECK(answer.error().http_status == status);
        CHECK_FALSE(answer.error().retryable);
        CHECK(here.parts.http.remaining() == 0);
    }
}

TEST_CASE("no region, a wrong endpoint and an input that is no object are told without a request") {
    scene<> nowhere{aws::client_options{}};
    auto const none = nowhere.list();
    REQUIRE_FALSE(none);
    CHECK(none.error().code == errc::bad_configuration);
    CHECK(none.error().message == "ecs ListTasks: no region: set the option region_name or the variable AWS_REGION");

    auto options = in_ireland();
    options.endpoint_url = "localhost:5000";
    scene<> wrong{options};
    CHECK(wrong.list().error().code == errc::bad_configuration);

    scene<> here;
    auto const input = here.ecs.run_task(json::value::array());
    REQUIRE_FALSE(input);
    CHECK(input.error().code == errc::invalid_argument);
    CHECK(nowhere.parts.http.requests().size() + wrong.parts.http.requests().size() +
              here.parts.http.requests().size() ==
          0);
}

namespace {

struct from_environment : frozen {
    using credentials = fargate::credentials::environment;
};

/// Hands out a key with a new generation after each refusal.
struct rotating {
    std::uint64_t generation = 7;
    std::vector<std::uint64_t> refused{};

    fargate::result<fargate::credentials::access_key> fetch(auto&, auto&, auto const&) {
        fargate::credentials::access_key key;
        key.id = "AKID" + std::to_string(generation);
        key.secret_key = fargate::secret{std::string{"very-secret"}};
        key.session_token = fargate::secret{std::string{"token-of-it"}};
        key.generation = generation;
        return key;
    }
    void invalidate(std::uint64_t which) {
        refused.push_back(which);
        ++generation;
    }
};
struct with_rotation : frozen {
    using credentials = rotating;
};

} // namespace

TEST_CASE("without a key the call says so, and what to do, without a request") {
    scene<from_environment> here;
    auto const answer = here.list();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::not_configured);
    CHECK(answer.error().message.starts_with("ecs ListTasks: no credentials: "));
    CHECK(answer.error().message.find("AWS_ACCESS_KEY_ID") != std::string::npos);
    CHECK(here.parts.http.requests().empty());
}

TEST_CASE("an expired key is given back and the call sent once more with the next one") {
    scene<with_rotation> here;
    here.parts.http.reply(400, expired).reply(200, "{}");
    REQUIRE(here.list());
    CHECK(here.parts.credentials.refused == std::vector<std::uint64_t>{7});
    auto const sent = here.parts.http.requests();
    CHECK(field(sent[0], "Authorization").find("Credential=AKID7/") != std::string::npos);
    CHECK(field(sent[1], "Authorization").find("Credential=AKID8/") != std::string::npos);
    CHECK(field(sent[1], "amz-sdk-request") == "attempt=2; max=3");
    CHECK(here.parts.clock.slept().empty());
    CHECK(here.parts.retry.quota() == 500);

    here.parts.http.reply(400, expired).reply(400, expired).reply(200, "{}");
    auto const twice = here.list();
    REQUIRE_FALSE(twice);
    CHECK(twice.error().code == errc::unauthorized);
    CHECK(here.parts.credentials.refused == std::vector<std::uint64_t>{7, 8});
    CHECK(here.parts.http.remaining() == 1);
    for (char const* const hidden : {"very-secret", "token-of-it"})
        CHECK(twice.error().message.find(hidden) == std::string::npos);
}

TEST_CASE("a key that nobody can renew is not tried twice") {
    scene<> here;
    here.parts.http.reply(400, expired);
    CHECK(here.list().error().service_code == "ExpiredTokenException");
    CHECK(here.parts.http.requests().size() == 1);
}

TEST_CASE("a clock that is wrong is learned from the service once, and remembered") {
    scene<> here;
    http::fields const an_hour_later{{"Date", "Tue, 02 Jan 2024 04:04:05 GMT"}};
    here.parts.http.reply(400, R"({"__type":"InvalidSignatureException","message":"Signature expired"})",
                          an_hour_later);
    here.parts.http.reply(200, "{}").reply(200, "{}");
    REQUIRE(here.list());
    REQUIRE(here.list());
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 3);
    CHECK(field(sent[0], "X-Amz-Date") == "20240102T030405Z");
    CHECK(field(sent[1], "X-Amz-Date") == "20240102T040405Z");
    CHECK(field(sent[2], "X-Amz-Date") == "20240102T040405Z");
    CHECK(here.parts.clock.slept().empty());
    CHECK(here.parts.retry.quota() == 500);
}

TEST_CASE("a wrong signature with the right clock is a wrong signature") {
    for (auto const& date : {std::string{"Tue, 02 Jan 2024 03:06:05 GMT"}, std::string{"soon"}, std::string{}}) {
        scene<> here;
        http::fields headers;
        if (!date.empty()) headers.add("Date", date);
        here.parts.http.reply(403, R"({"__type":"SignatureDoesNotMatch","message":"m"})", headers);
        auto const answer = here.list();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::unauthorized);
        CHECK(here.parts.http.requests().size() == 1);
    }
}

TEST_CASE("a service whose clock jumps is followed once per call") {
    scene<> here;
    for (char const* const date : {"Tue, 02 Jan 2024 04:04:05 GMT", "Tue, 02 Jan 2024 06:04:05 GMT"})
        here.parts.http.reply(403, R"({"__type":"RequestTimeTooSkewed","message":"m"})", {{"Date", date}});
    CHECK_FALSE(here.list());
    CHECK(here.parts.http.requests().size() == 2);
}

TEST_CASE("an anonymous client signs nothing and asks nobody for a key") {
    auto options = in_ireland();
    options.anonymous = true;
    scene<from_environment> here{options};
    here.parts.http.reply(200, "{}");
    REQUIRE(here.list());
    auto const sent = here.parts.http.requests();
    for (char const* const name : {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"})
        CHECK(sent[0].headers.find(name) == std::nullopt);
}

TEST_CASE("a retry policy without a number of attempts tells none") {
    struct once : frozen {
        using retry = fargate::retry::never;
    };
    scene<once> here;
    here.parts.http.reply(500, "{}");
    CHECK_FALSE(here.list());
    CHECK(field(here.parts.http.requests()[0], "amz-sdk-request") == "attempt=1");
}

TEST_CASE("limits and stop token reach the request; the proxy stays in use") {
    auto options = in_ireland();
    options.limits.total = 7s;
    scene<> here{options};
    here.parts.http.reply(200, "{}");
    std::stop_source source;
    REQUIRE(here.list(source.get_token()));
    auto const sent = here.parts.http.requests();
    CHECK(sent[0].limits.total == 7s);
    CHECK(sent[0].stop == source.get_token());
    CHECK_FALSE(sent[0].bypass_proxy);
}

TEST_CASE("values that would break a header are refused before they are signed") {
    scene<> here;
    aws::s3<frozen> s3{here.parts, in_ireland()};
    auto const answer = s3.get_object({.bucket = "bucket", .key = "k", .range = "bytes=0-1\r\nX-Evil: 1"});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::invalid_argument);
    CHECK(here.parts.http.requests().empty());
}

TEST_CASE("one client serves several threads") {
    scene<with_rotation> here;
    here.parts.credentials.generation = 1;
    std::atomic<int> answered{0};
    std::atomic<unsigned> turn{0};
    here.parts.http.otherwise([&turn](auto const&) -> fargate::result<http::response> {
        unsigned const n = turn.fetch_add(1);
        if (n % 3 == 0) return http::response{400, {}, throttled};
        return http::response{200, {}, "{}"};
    });
    std::vector<std::thread> threads;
    for (int i = 0; i != 8; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n != 25; ++n) answered += here.list().has_value() ? 1 : 0;
        });
    for (auto& each : threads) each.join();
    CHECK(answered > 0);
    for (auto const& each : here.parts.http.requests())
        CHECK(field(each, "Authorization").find("Credential=AKID1/") != std::string::npos);
}
