#include <fargate/aws/client.hpp>

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/credentials/cached.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <optional>
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

std::string field(http::request const& request, char const* name) {
    return std::string{request.headers.value_of(name)};
}

std::string refusal(std::string const& code) { return R"({"__type":")" + code + R"(","message":"m"})"; }

char const* const codes[] = {"ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidClientTokenId",
                             "UnrecognizedClientException"};

/// Hands out keys AKID1, AKID2, ... of the kind that a test wants.
struct source {
    bool temporary = true;
    bool changes = true;
    std::optional<fargate::time_point> expires{};
    int fetched = 0;
    fargate::result<aws::access_key> fetch(auto&, auto&, auto const&) {
        ++fetched;
        aws::access_key key;
        key.id = "AKID" + std::to_string(changes ? fetched : 1);
        key.secret_key = fargate::secret{std::string{"very-secret"}};
        if (temporary) key.session_token = fargate::secret{std::string{changes ? "token" + key.id : "token"}};
        key.expires = expires;
        return key;
    }
};
struct of_source : frozen {
    using credentials = fargate::credentials::cached<source>;
};
struct of_bare_source : frozen {
    using credentials = source;
};

template <class Policies = of_source>
struct scene {
    aws::parts<Policies> parts;
    aws::ecs<Policies> ecs;

    explicit scene(source from = {}, aws::client_options options = in_ireland()) :
        parts{.credentials = typename Policies::credentials(from)}, ecs{parts, std::move(options)} {}
    auto list() { return ecs.list_tasks(json::value::object()); }
    std::vector<std::string> keys() const {
        std::vector<std::string> made;
        for (auto const& each : parts.http.requests()) {
            std::string const text = field(each, "Authorization");
            auto const start = text.find("Credential=") + 11;
            made.push_back(text.substr(start, text.find('/') - start));
        }
        return made;
    }
};

using keys = std::vector<std::string>;

} // namespace

TEST_CASE("a temporary key that is refused as expired or unknown is renewed and the call sent again, at no cost") {
    for (char const* const code : codes) {
        INFO(code);
        scene<> here;
        here.parts.http.reply(403, refusal(code)).reply(200, "{}");
        REQUIRE(here.list());
        CHECK(here.keys() == keys{"AKID1", "AKID2"});
        CHECK(here.parts.clock.slept().empty());
        CHECK(here.parts.retry.quota() == 500);
    }
}

TEST_CASE("a call renews its key once") {
    scene<> here;
    for (int i = 0; i != 3; ++i) here.parts.http.reply(400, refusal("ExpiredTokenException"));
    auto const answer = here.list();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::unauthorized);
    CHECK(answer.error().message == "ecs ListTasks: ExpiredTokenException: m (after 2 attempts)");
    CHECK(here.keys() == keys{"AKID1", "AKID2"});
}

TEST_CASE("a long-lived key that is refused is refused, at the first attempt") {
    for (char const* const code : codes) {
        INFO(code);
        scene<> here{source{.temporary = false}};
        here.parts.http.reply(403, refusal(code));
        auto const answer = here.list();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::unauthorized);
        CHECK_FALSE(answer.error().retryable);
        CHECK(here.keys() == keys{"AKID1"});
    }
}

TEST_CASE("a key with an end and no token is renewed, too") {
    scene<> here{source{.temporary = false, .expires = fargate::testing::manual_clock::default_start + 1h}};
    here.parts.http.reply(403, refusal("InvalidClientTokenId")).reply(200, "{}");
    REQUIRE(here.list());
    CHECK(here.keys() == keys{"AKID1", "AKID2"});
}

TEST_CASE("a source that has nothing but the same key is not believed a second time") {
    scene<> here{source{.changes = false}};
    here.parts.http.reply(400, refusal("ExpiredToken"));
    auto const answer = here.list();
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message == "ecs ListTasks: ExpiredToken: m");
    CHECK(here.keys() == keys{"AKID1"});

    scene<of_bare_source> without;
    without.parts.http.reply(400, refusal("ExpiredToken"));
    CHECK_FALSE(without.list());
    CHECK(without.keys() == keys{"AKID1"}); // it cannot be given back
}

TEST_CASE("after the renewal the call is repeated as any other") {
    scene<> here;
    here.parts.http.reply(500, "{}").reply(400, refusal("ExpiredToken")).reply(500, "{}").reply(200, "{}");
    REQUIRE(here.list());
    CHECK(here.keys() == keys{"AKID1", "AKID1", "AKID2", "AKID2"});
    CHECK(here.parts.clock.slept() == std::vector<duration>{50ms, 100ms});
}

namespace {

/// Has one key, and then none.
struct exhausted {
    int fetched = 0;
    fargate::result<aws::access_key> fetch(auto& http, auto& clock, auto const& environment) {
        if (fetched++ != 0) return fargate::fail(errc::connection_failed, "the source is silent");
        return source{}.fetch(http, clock, environment);
    }
    void invalidate(std::uint64_t) {}
};
struct of_exhausted : frozen {
    using credentials = exhausted;
};

} // namespace

TEST_CASE("a renewal that fails tells both what the source and what the service said") {
    aws::parts<of_exhausted> parts;
    aws::ecs<of_exhausted> ecs{parts, in_ireland()};
    parts.http.reply(400, refusal("ExpiredToken"));
    auto const answer = ecs.list_tasks(json::value::object());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == errc::connection_failed);
    CHECK(answer.error().message ==
          "ecs ListTasks: no credentials: the source is silent (before that: ExpiredToken: m)");
}

TEST_CASE("once the service's clock is known, a key that ended by it signs nothing") {
    scene<> here{source{.expires = fargate::testing::manual_clock::default_start + 2h}};
    here.parts.http.reply(403, refusal("RequestTimeTooSkewed"), {{"Date", "Tue, 02 Jan 2024 08:04:05 GMT"}});
    here.parts.http.reply(200, "{}");
    REQUIRE(here.list());
    CHECK(here.keys() == keys{"AKID1", "AKID2"});
}

TEST_CASE("a call whose clock was set right by another call meanwhile is sent again as well") {
    scene<> here;
    http::fields const an_hour_later{{"Date", "Tue, 02 Jan 2024 04:04:05 GMT"}};
    int asked = 0;
    here.parts.http.otherwise([&](auto const& request) -> fargate::result<http::response> {
        // While the first request is on its way, a second call learns the service's time.
        if (++asked == 1) REQUIRE(here.list());
        bool const right = request.headers.value_of("X-Amz-Date") == "20240102T040405Z";
        return right ? http::response{200, {}, "{}"}
                     : http::response{403, an_hour_later, refusal("InvalidSignatureException")};
    });
    REQUIRE(here.list());
    CHECK(asked == 4);
}

TEST_CASE("codes that may have other causes count from four minutes on, those that say so always") {
    struct row {
        char const* code;
        char const* date;
        std::size_t attempts;
    };
    for (auto const& [code, date, attempts] : {
             row{"InvalidSignatureException", "Tue, 02 Jan 2024 03:08:04 GMT", 1},
             row{"InvalidSignatureException", "Tue, 02 Jan 2024 03:08:05 GMT", 2},
             row{"SignatureDoesNotMatch", "Tue, 02 Jan 2024 03:00:05 GMT", 2},
             row{"AuthFailure", "Tue, 02 Jan 2024 03:00:06 GMT", 1},
             row{"AuthFailure", "Tue, 02 Jan 2024 02:00:00 GMT", 2},
             row{"RequestTimeTooSkewed", "Tue, 02 Jan 2024 03:04:15 GMT", 2},
             row{"RequestExpired", "Tue, 02 Jan 2024 03:04:15 GMT", 2},
             row{"RequestInTheFuture", "Tue, 02 Jan 2024 03:04:15 GMT", 2},
             row{"RequestExpired", "yesterday", 1},
             row{"AccessDeniedException", "Tue, 02 Jan 2024 04:04:05 GMT", 1},
         }) {
        INFO(code << " " << date);
        scene<> here;
        http::fields headers;
        headers.add("Date", date);
        here.parts.http.otherwise([&, code = code](auto const&) {
            return http::response{403, headers, refusal(code)};
        });
        CHECK_FALSE(here.list());
        CHECK(here.parts.http.requests().size() == attempts);
    }
}

TEST_CASE("no other answer moves the clock, whatever its Date says, and no other client's does") {
    scene<> here;
    here.parts.http.reply(200, "{}", {{"Date", "Tue, 02 Jan 2024 09:04:05 GMT"}})
        .reply(400, refusal("ClientException"), {{"Date", "Tue, 02 Jan 2024 09:04:05 GMT"}})
        .reply(403, refusal("RequestTimeTooSkewed"), {{"Date", "Tue, 02 Jan 2024 04:04:05 GMT"}});
    here.parts.http.otherwise([](auto const&) { return http::response{200, {}, "{}"}; });
    CHECK(here.list());
    CHECK_FALSE(here.list());
    CHECK(here.list());
    aws::ecs<of_source> other{here.parts, in_ireland()};
    CHECK(other.list_tasks(json::value::object()));
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 5);
    for (std::size_t const i : {0U, 1U, 2U, 4U}) CHECK(field(sent[i], "X-Amz-Date") == "20240102T030405Z");
    CHECK(field(sent[3], "X-Amz-Date") == "20240102T040405Z");
}

TEST_CASE("a HEAD is refused without a word; the clock may be why") {
    scene<> here;
    aws::s3<of_source> s3{here.parts, in_ireland()};
    here.parts.http.reply(403, "", {{"Date", "Tue, 02 Jan 2024 04:04:05 GMT"}}).reply(200, "");
    CHECK(s3.head_object({.bucket = "bucket", .key = "k"}));
    here.parts.http.reply(403, "", {{"Date", "Tue, 02 Jan 2024 04:04:05 GMT"}});
    CHECK_FALSE(s3.head_object({.bucket = "bucket", .key = "k"}));
    auto const sent = here.parts.http.requests();
    REQUIRE(sent.size() == 3);
    CHECK(field(sent[1], "X-Amz-Date") == "20240102T040405Z");
}
