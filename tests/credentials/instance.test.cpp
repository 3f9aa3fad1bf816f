#include <fargate/credentials/instance.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::fail;
using fargate::credentials::instance;
using fargate::credentials::instance_endpoint;
using fargate::credentials::instance_options;
using fargate::testing::map_environment;
using testing_support::shown;
using testing_support::world;
namespace http = fargate::http;
namespace json = fargate::json;

static_assert(fargate::credential_policy<instance const, fargate::testing::scripted_http,
                                         fargate::testing::manual_clock, map_environment>);

namespace {

constexpr auto TOKEN_FIELD = "X-aws-ec2-metadata-token";
constexpr auto TTL_FIELD = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr auto EXTENDED = "/latest/meta-data/iam/security-credentials-extended/";
constexpr auto CLASSIC = "/latest/meta-data/iam/security-credentials/";
constexpr auto LINK_LOCAL = "http://169.254.169.254";
constexpr auto good = R"({"Code": "Success", "LastUpdated": "2024-01-02T03:00:00Z", "Type": "AWS-HMAC",
    "AccessKeyId": "ASIA", "SecretAccessKey": "s", "Token": "t", "Expiration": "2024-01-02T09:04:05Z"})";

using exchange = std::vector<std::pair<std::string, fargate::testing::scripted_http::answer>>;

http::response answer(int status, std::string body = {}) { return {status, {}, std::move(body)}; }

/// `PUT /latest/api/token`, one line each, without the usual address.
std::vector<std::string> asked(world const& w) {
    std::vector<std::string> made;
    for (auto const& each : w.http.requests()) {
        auto const at = each.url.find("/latest/");
        made.push_back(each.method + " " + each.url.substr(at == std::string::npos ? 0 : at));
    }
    return made;
}

std::string const token_line = "PUT /latest/api/token";
std::string const extended_list = std::string{"GET "} + EXTENDED;
std::string const classic_list = std::string{"GET "} + CLASSIC;

/// An instance that answers everything as it should.
struct metadata {
    std::string role = "app";
    std::string token = "TOKEN";
    bool extended = true;
    std::string document = good;

    http::response operator()(http::request const& request) const {
        if (request.method == "PUT") return {200, {{TTL_FIELD, "21600"}}, token};
        if (request.headers.value_of(TOKEN_FIELD) != token) return answer(401);
        for (std::string const tree : {EXTENDED, CLASSIC}) {
            if (tree == EXTENDED && !extended) continue;
            if (request.url == LINK_LOCAL + tree) return role.empty() ? answer(404) : answer(200, role);
            if (!role.empty() && request.url == LINK_LOCAL + tree + role) return answer(200, document);
        }
        return answer(404);
    }
};

} // namespace

TEST_CASE("every published case of the metadata service with accounts") {
    auto const cases = testing_support::load("credential-chain-cases.json");
    std::size_t seen = 0;
    for (auto const& each : *json::array_of(cases, "imds")) {
        ++seen;
        INFO(testing_support::text(each, "summary"));
        auto const& config = *json::object_of(each, "config");
        for (bool const by_variable : {true, false}) {
            world w;
            w.clock.set(fargate::time_point{1741798400s}); // 12 March 2025, before every key's end
            if (auto const* const variables = json::object_of(config, "envVars"))
                for (auto const& [name, value] : variables->items())
                    w.environment.set(name, std::string{*json::as_text(value)});
            instance_options options;
            if (auto const name = json::text_of(config, "ec2InstanceProfileName")) {
                if (by_variable) w.environment.set("AWS_EC2_INSTANCE_PROFILE_NAME", std::string{*name});
                options.role = by_variable ? "" : *name;
            }
            auto const& expectations = *json::array_of(each, "expectations");
            auto next = expectations.begin();
            bool as_expected = true;
            w.http.otherwise([&](http::request const& request) -> fargate::testing::scripted_http::answer {
                if (request.method == "PUT") return answer(200, "TOKEN");
                std::string url = request.url; // the cases leave out the slash behind a list's name
                if (url.ends_with('/')) url.pop_back();
                if (next == expectations.end() || url != LINK_LOCAL + testing_support::text(*next, "get") ||
                    request.headers.value_of(TOKEN_FIELD) != "TOKEN") {
                    as_expected = false;
                    return answer(500);
                }
                auto const& said = *json::object_of(*next++, "response");
                auto const* const body = json::member(said, "body");
                auto made = answer(static_cast<int>(*json::integer_of(said, "status")));
                if (body != nullptr) made.body = body->is_object() ? json::write(*body) : *json::as_text(*body);
                return made;
            });
            instance const provider{options};
            for (auto const& outcome : *json::array_of(each, "outcomes")) {
                auto const key = w.fetch(provider);
                auto const wanted = testing_support::text(outcome, "result");
                if (wanted == "credentials") {
                    REQUIRE(key);
                    CHECK(key->id == "ASIAIOSFODNN7EXAMPLE");
                    CHECK(key->secret_key.reveal() == "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
                    CHECK(key->expires.has_value());
                    CHECK(key->account_id == testing_support::text(outcome, "accountId"));
                } else {
                    REQUIRE_FALSE(key);
                    CHECK(key.error().code ==
                          (wanted == "no credentials" ? errc::not_configured : errc::bad_configuration));
                }
            }
            CHECK(as_expected);
            CHECK(next == expectations.end());
        }
    }
    CHECK(seen == 13);
}

TEST_CASE("every published case of the metadata service's address") {
    auto const cases = testing_support::load("credential-chain-cases.json");
    std::size_t seen = 0;
    for (auto const& each : *json::array_of(*json::object_of(cases, "imds_endpoint"), "tests")) {
        ++seen;
        INFO(testing_support::text(each, "docs"));
        world w;
        for (auto const& [name, value] : json::object_of(each, "env")->items())
            w.environment.set(name, std::string{*json::as_text(value)});
        for (auto const& [name, value] : json::object_of(each, "fs")->items())
            w.environment.set_file(name, std::string{*json::as_text(value)});
        w.http.reply(404);
        auto const key = w.fetch(instance{{.endpoint = testing_support::text(each, "endpoint_override"),
                                           .endpoint_mode = testing_support::text(each, "mode_override")}});
        REQUIRE_FALSE(key);
        auto const& expected = *json::object_of(each, "result");
        if (auto const uri = json::text_of(expected, "Ok")) {
            REQUIRE(w.http.requests().size() == 1);
            CHECK(w.http.requests()[0].url == *uri);
        } else {
            CHECK(w.http.requests().empty());
            CHECK(key.error().code == errc::bad_configuration);
            auto const why = testing_support::text(expected, "Err"); // "`IPv7` is not a valid endpoint mode"
            if (why.starts_with('`'))
                CHECK_THAT(key.error().message, Catch::Contains(why.substr(0, why.rfind('`') + 1)));
        }
    }
    CHECK(seen == 14);
}

TEST_CASE("an instance's key is asked for with a token, never through a proxy") {
    world w;
    w.http.otherwise(metadata{.document = R"({"Code": "Success", "AccessKeyId": "ASIA", "SecretAccessKey": "s",
        "Token": "t", "Expiration": "2024-01-02T09:04:05Z", "AccountId": "123456789012"})"});
    auto const key = w.fetch(instance{});
    REQUIRE(key);
    CHECK(shown(*key) == "ASIA/s/t");
    CHECK(key->expires == w.clock.now() + 6h);
    CHECK(key->account_id == "123456789012");
    CHECK(key->source == "instance");

    CHECK(asked(w) == std::vector{token_line, extended_list, extended_list + "app"});
    auto const requests = w.http.requests();
    CHECK(requests[0].headers.value_of(TTL_FIELD) == "21600");
    CHECK_FALSE(requests[0].headers.find(TOKEN_FIELD));
    CHECK(requests[0].limits.connect == 1s);
    CHECK(requests[0].limits.idle == 1s);
    for (auto const& each : requests) {
        CHECK(each.bypass_proxy);
        CHECK(each.body.empty());
        CHECK(each.url.starts_with(LINK_LOCAL));
        CHECK(each.limits.connect == 1s);
        CHECK(each.limits.body == 64 * 1024);
    }
}

TEST_CASE("token, tree and role are remembered, and shared by copies") {
    world w;
    w.http.otherwise(metadata{.extended = false});
    instance const one;
    REQUIRE(w.fetch(one));
    CHECK(asked(w) == std::vector{token_line, extended_list, classic_list, classic_list + "app"});
    auto const copy = one; // NOLINT(performance-unnecessary-copy-initialization): what is tested
    REQUIRE(w.fetch(copy));
    CHECK(asked(w).size() == 5);
    CHECK(asked(w).back() == classic_list + "app");

    w.environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://other"); // whose token it is not
    CHECK_FALSE(w.fetch(one));
    CHECK(w.http.requests().at(5).method == "PUT");
}

TEST_CASE("a token is renewed a minute before its end, as the service said it") {
    for (auto const& [said, life] : {std::pair{"21600", 21540s}, std::pair{"300", 240s}, std::pair{"", 21540s},
                                     std::pair{"x", 21540s}, std::pair{"999999", 21540s}}) {
        INFO(said);
        world w;
        metadata const service;
        w.http.otherwise([&, said = said](http::request const& request) {
            auto made = service(request);
            made.headers = {};
            if (*said != '\0') made.headers.add(TTL_FIELD, said);
            return made;
        });
        instance const provider;
        auto const tokens = [&] {
            REQUIRE(w.fetch(provider));
            std::size_t count = 0;
            for (auto const& each : w.http.requests()) count += each.method == "PUT" ? 1 : 0;
            return count;
        };
        CHECK(tokens() == 1);
        w.clock.advance(life - 1s);
        CHECK(tokens() == 1);
        w.clock.set(w.clock.default_start + life);
        CHECK(tokens() == 2);
    }
}

TEST_CASE("a refused token is renewed once, at once") {
    world w;
    metadata service;
    w.http.otherwise([&](http::request const& request) { return service(request); });
    instance const provider;
    REQUIRE(w.fetch(provider));
    service.token = "ANOTHER";
    REQUIRE(w.fetch(provider));
    CHECK(asked(w).size() == 6);
    CHECK(asked(w).at(4) == token_line);
    CHECK(w.clock.slept().empty());

    world broken;
    broken.http.otherwise(
        [](http::request const& request) { return answer(request.method == "PUT" ? 200 : 401, "T"); });
    auto const refused = broken.fetch(instance{});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().http_status == 401);
    CHECK(asked(broken) == std::vector{token_line, extended_list, token_line, extended_list});
}

TEST_CASE("what may pass is repeated with growing waits") {
    using durations = std::vector<fargate::duration>;
    auto const slept = [](std::vector<fargate::testing::scripted_http::answer> const& answers,
                          map_environment::map variables = {}) {
        world w{std::move(variables)};
        for (auto const& each : answers) w.http.reply(each);
        w.http.otherwise(metadata{});
        bool const found = static_cast<bool>(w.fetch(instance{}));
        CHECK(found == (w.http.requests().size() == answers.size() + 3));
        return w.clock.slept();
    };
    auto const refused = fail(errc::connection_failed, "refused");
    auto const silence = fail(errc::timed_out, "no answer in 1000 ms");
    CHECK(slept({}).empty());
    CHECK(slept({answer(503), answer(500), answer(429)}) == durations{100ms, 200ms, 400ms});
    CHECK(slept({answer(503), answer(503), answer(503), answer(503)}) == durations{100ms, 200ms, 400ms});
    CHECK(slept({answer(503), refused, silence}) == durations{100ms, 200ms, 400ms});
    CHECK(slept({silence}) == durations{100ms}); // nobody has ever answered: once more
    CHECK(slept({silence, silence}) == durations{100ms});
    CHECK(slept({answer(503)}, {{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1"}}).empty());
    CHECK(slept({silence, silence, silence}, {{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "4"}}) ==
          durations{100ms, 200ms, 400ms});

    world w; // behind the token too
    w.http.reply(200, "TOKEN").reply(503).reply(silence).reply(200, "app").reply(503).reply(200, good);
    CHECK(shown(*w.fetch(instance{})) == "ASIA/s/t");
    CHECK(w.clock.slept() == durations{100ms, 200ms, 100ms});
    CHECK(w.http.remaining() == 0);
}

TEST_CASE("where nobody answers there is nothing to see, and the message says what may be the matter") {
    for (auto const code : {errc::connection_failed, errc::timed_out}) {
        world w;
        w.http.otherwise([code](auto const&) { return fail(code, "nobody there"); });
        auto const key = w.fetch(instance{});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::not_configured);
        CHECK_THAT(key.error().message, Catch::Contains("169.254.169.254") && Catch::Contains("nobody there") &&
                                            Catch::Contains("no EC2 instance") && Catch::Contains("hop limit"));
        CHECK(w.http.requests().size() == 2);
    }
    world cut; // where somebody answered before, silence is a failure
    cut.http.reply(200, "TOKEN");
    cut.http.otherwise([](auto const&) { return fail(errc::timed_out, "nobody there"); });
    auto const key = cut.fetch(instance{});
    CHECK(key.error().code == errc::timed_out);
    CHECK(key.error().retryable);
}

TEST_CASE("an instance without a role has nothing to offer") {
    for (bool const extended : {true, false}) {
        world w;
        metadata service{.role = "", .extended = extended};
        w.http.otherwise([&](http::request const& request) { return service(request); });
        instance const provider;
        auto const none = w.fetch(provider);
        REQUIRE_FALSE(none);
        CHECK(none.error().code == errc::not_configured);
        CHECK_THAT(none.error().message, Catch::Contains("no role attached"));
        service.role = "late"; // attached while the program runs
        CHECK(w.fetch(provider));
    }
    world empty;
    empty.http.reply(200, "TOKEN").reply(200, " \n");
    CHECK(empty.fetch(instance{}).error().code == errc::not_configured);
}

TEST_CASE("a token that is refused ends the search, each way with its reason") {
    auto const refused = [](int status) {
        world w;
        for (int i = 0; i != 4; ++i) w.http.reply(status, "<html>");
        auto const key = w.fetch(instance{});
        REQUIRE_FALSE(key);
        for (auto const& each : w.http.requests()) CHECK(each.method == "PUT"); // never version 1
        return key.error();
    };
    CHECK(refused(403).code == errc::service_error);
    CHECK(refused(403).http_status == 403);
    CHECK_THAT(refused(403).message, Catch::Contains("switched off") && Catch::Contains("metadata options"));
    CHECK(refused(400).code == errc::service_error);
    CHECK(refused(500).retryable);
    CHECK(refused(404).code == errc::not_configured); // another cloud's service lives at that address too
    CHECK(refused(405).code == errc::not_configured);
    CHECK(refused(302).code == errc::service_error);
    for (char const* const token : {"", " \n", "a b", "a\r\nX-Evil: 1", "\x80"}) {
        world w;
        w.http.reply(200, token);
        CHECK(w.fetch(instance{}).error().code == errc::malformed_response);
    }
}

TEST_CASE("version 1 is asked only where the program says so and nobody forbids it") {
    auto const tried = [](fargate::testing::scripted_http::answer const& token, bool allowed,
                          map_environment::map variables = {}) {
        world w{std::move(variables), {{"/c", "[default]\nec2_metadata_v1_disabled = true\n"}}};
        w.http.otherwise([&](http::request const& request) -> fargate::testing::scripted_http::answer {
            if (request.method == "PUT") return token;
            CHECK_FALSE(request.headers.find(TOKEN_FIELD));
            auto bare = request;
            bare.headers = {{TOKEN_FIELD, "TOKEN"}};
            return metadata{}(bare);
        });
        return static_cast<bool>(w.fetch(instance{{.allow_v1 = allowed}}));
    };
    for (int const status : {403, 404, 405}) {
        CHECK(tried(answer(status), true));
        CHECK_FALSE(tried(answer(status), false));
        CHECK_FALSE(tried(answer(status), false, {{"AWS_EC2_METADATA_V1_DISABLED", "false"}}));
        CHECK(tried(answer(status), true, {{"AWS_EC2_METADATA_V1_DISABLED", "false"}}));
        CHECK_FALSE(tried(answer(status), true, {{"AWS_EC2_METADATA_V1_DISABLED", "true"}}));
        CHECK_FALSE(tried(answer(status), true, {{"AWS_CONFIG_FILE", "/c"}}));
    }
    CHECK(tried(fail(errc::timed_out, "no answer"), true));
    CHECK_FALSE(tried(fail(errc::timed_out, "no answer"), false));
    CHECK_FALSE(tried(answer(400), true));
    CHECK_FALSE(tried(answer(500), true));
}

TEST_CASE("variables and profile set the metadata service's limits") {
    auto const sent = [](map_environment::map variables, std::string const& profile = {}) {
        world w{std::move(variables), {{"/h/.aws/config", "[default]\n" + profile}}};
        w.environment.set("HOME", "/h");
        w.http.otherwise([](auto const&) { return fail(errc::timed_out, "no answer"); });
        auto const key = w.fetch(instance{});
        CHECK_FALSE(key);
        auto const requests = w.http.requests();
        return requests.empty()
                   ? std::string{name_of(key.error().code)}
                   : std::to_string(requests.size()) + " of " + std::to_string(requests[0].limits.connect.count());
    };
    CHECK(sent({}) == "2 of 1000");
    CHECK(sent({{"AWS_METADATA_SERVICE_TIMEOUT", "3"}, {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "5"}}) == "5 of 3000");
    CHECK(sent({}, "metadata_service_timeout = 0.5\nmetadata_service_num_attempts = 1\n") == "1 of 500");
    CHECK(sent({{"AWS_METADATA_SERVICE_TIMEOUT", "2"}}, "metadata_service_timeout = 0.5\n") == "2 of 2000");
    CHECK(sent({{"AWS_EC2_METADATA_DISABLED", "TRUE"}}) == "not_configured");
    CHECK(sent({{"AWS_EC2_METADATA_DISABLED", "false"}}) == "2 of 1000");
    for (auto const& [name, value] :
         {std::pair{"AWS_METADATA_SERVICE_TIMEOUT", "0"}, std::pair{"AWS_METADATA_SERVICE_TIMEOUT", "-1"},
          std::pair{"AWS_METADATA_SERVICE_TIMEOUT", "nan"}, std::pair{"AWS_METADATA_SERVICE_TIMEOUT", "1e3"},
          std::pair{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0"},
          std::pair{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "99999999999"},
          std::pair{"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "two"}, std::pair{"AWS_EC2_METADATA_DISABLED", "maybe"},
          std::pair{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "169.254.169.254"},
          std::pair{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://a/?b"},
          std::pair{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://u@a/"},
          std::pair{"AWS_EC2_INSTANCE_PROFILE_NAME", "../../user-data"},
          std::pair{"AWS_EC2_INSTANCE_PROFILE_NAME", ".."}})
        CHECK(sent({{name, value}}) == "bad_configuration");
    CHECK(*instance_endpoint(map_environment{{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[::1]:1338/"}}}) ==
          "http://[::1]:1338");
    CHECK(*instance_endpoint(map_environment{{{"AWS_IMDS_USE_IPV6", "true"}}}) == "http://[fd00:ec2::254]");
}

TEST_CASE("what the metadata service says becomes neither an address nor a secret in a message") {
    for (char const* const role : {"../../user-data", "a b", "a?b", "a%2e", "..", "a/b", "a\x80"}) {
        world w;
        w.http.reply(200, "TOKEN").reply(200, role);
        CHECK(w.fetch(instance{}).error().code == errc::malformed_response);
        CHECK(w.http.requests().size() == 2);
    }
    auto const read = [](std::string document, int status = 200) {
        world w;
        w.http.reply(200, "HIDDEN").reply(200, "app\nsecond").reply(status, std::move(document));
        auto const key = w.fetch(instance{});
        REQUIRE_FALSE(key);
        CHECK(asked(w).back() == extended_list + "app");
        CHECK_THAT(key.error().message, !Catch::Contains("HIDDEN"));
        return key.error();
    };
    auto const refused = read(R"({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot\nassume HIDDEN"})");
    CHECK(refused.code == errc::service_error);
    CHECK(refused.service_code == "AssumeRoleUnauthorizedAccess");
    CHECK(read(R"({"Code": "Failed", "AccessKeyId": "A", "SecretAccessKey": "HIDDEN"})").code == errc::service_error);
    CHECK(read(R"({"Code": "Success", "AccessKeyId": "A"})").code == errc::malformed_response);
    CHECK(read(R"({"AccessKeyId": "A", "SecretAccessKey": "HIDDEN", "Token": "a b"})").code ==
          errc::malformed_response);
    CHECK(read("<html>HIDDEN").code == errc::malformed_response);
}

TEST_CASE("a key that has ended is not handed out, even where the service still serves it") {
    world w;
    w.http.otherwise(metadata{});
    w.clock.advance(6h);
    auto const late = w.fetch(instance{});
    REQUIRE_FALSE(late);
    CHECK(late.error().code == errc::malformed_response);
    CHECK_THAT(late.error().message, Catch::Contains("ended at 2024-01-02T09:04:05"));
}

TEST_CASE("a service that keeps naming roles it does not know is given up") {
    world w;
    w.http.otherwise([](http::request const& request) {
        if (request.method == "PUT") return answer(200, "TOKEN");
        return request.url.ends_with('/') ? answer(200, "ghost") : answer(404);
    });
    auto const key = w.fetch(instance{});
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::service_error);
    CHECK(w.http.requests().size() < 12);
}
