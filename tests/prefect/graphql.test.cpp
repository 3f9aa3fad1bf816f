#include <fargate/prefect/graphql.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

using namespace fargate;
using testing_support::cloud_settings;
using testing_support::json_of;
using testing_support::recorded;
using testing_support::server_settings;

namespace {

constexpr char const* url = "http://apollo.internal:4200/";

prefect::operation hello() { return {"query { hello }"}; }

result<json::value> read(int status, std::string body, http::fields headers = {{"Content-Type", "application/json"}}) {
    return prefect::read_answer({status, std::move(headers), std::move(body)}, url, server_settings(), {});
}

bool mentions(error const& why, std::string_view part) { return why.message.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a body is the query and the variables, the latter as text that is JSON again") {
    CHECK(prefect::write_operation(hello()) == R"({"query": "query { hello }", "variables": "null"})");
    CHECK(prefect::write_operation({"m", json_of(R"({"input": {"labels": ["a\"b"], "n": null}})")}) ==
          R"({"query": "m", "variables": "{\"input\": {\"labels\": [\"a\\\"b\"], \"n\": null}}"})");
}

TEST_CASE("a body is read as a server reads it") {
    auto const text = prefect::read_operation(R"({"query": "q", "variables": "{\"input\": {\"a\": 1}}"})");
    REQUIRE(text);
    CHECK(text->text == "q");
    CHECK(text->variables == json_of(R"({"input": {"a": 1}})"));
    CHECK(prefect::read_operation(R"({"query": "q", "variables": {"a": 1}})")->variables == json_of(R"({"a": 1})"));
    CHECK(prefect::read_operation(R"({"query": "q", "variables": "null"})")->variables.is_null());
    CHECK(prefect::read_operation(R"({"query": "q", "variables": null})")->variables.is_null());
    CHECK(prefect::read_operation(R"({"query": "q"})")->variables.is_null());

    CHECK(prefect::read_operation(R"({"query": "q", "variables": "{"})").error().message ==
          "Variables are invalid JSON.");
    CHECK_FALSE(prefect::read_operation(R"({"query": "q", "variables": "[]"})"));
    CHECK_FALSE(prefect::read_operation(R"({"query": "q", "variables": 7})"));
    CHECK_FALSE(prefect::read_operation(R"({"query": 7})"));
    CHECK_FALSE(prefect::read_operation("[]"));
    CHECK_FALSE(prefect::read_operation("query { hello }"));
}

TEST_CASE("2.1: a request is a POST with the recorded header fields and no others") {
    auto const options = server_settings();
    auto const where = *prefect::endpoint_of(options);
    auto const names = [](http::request const& request) {
        std::string all;
        for (auto const& each : request.headers) all += each.name + ": " + each.value + "\n";
        return all;
    };
    auto const plain = prefect::request_for(hello(), where, options, prefect::identity_of(options));
    CHECK(plain.method == "POST");
    CHECK(plain.url == "http://apollo.internal:4200/");
    CHECK(names(plain) == "Content-Type: application/json\nX-PREFECT-CORE-VERSION: 0.13.19\n");
    CHECK(plain.limits.idle == std::chrono::seconds{30});

    auto with_token = options;
    with_token.token = secret{"abc"};
    with_token.core_version = "1.4.1";
    auto known = prefect::identity_of(with_token);
    known.agent_id = "agent-id";
    CHECK(names(prefect::request_for(hello(), where, with_token, known)) ==
          "Content-Type: application/json\nAuthorization: Bearer abc\nX-PREFECT-CORE-VERSION: 1.4.1\n"
          "X-PREFECT-AGENT-ID: agent-id\n");
}

TEST_CASE("2.1: Content-Type: application/json; Accept-Encoding: none is advertised, for nothing is decoded") {
    auto const options = server_settings();
    auto const headers =
        prefect::request_for(hello(), *prefect::endpoint_of(options), options, prefect::identity_of(options)).headers;
    CHECK(headers.value_of("Content-Type") == "application/json");
    CHECK_FALSE(headers.find("Accept-Encoding"));
}

TEST_CASE("2.1: X-PREFECT-CORE-VERSION: the client's Prefect version, 0.13.19 unless told otherwise") {
    auto options = server_settings();
    auto const where = *prefect::endpoint_of(options);
    auto const told = [&] {
        auto const made = prefect::request_for(hello(), where, options, prefect::identity_of(options));
        return std::string{made.headers.value_of("X-PREFECT-CORE-VERSION")};
    };
    CHECK(told() == "0.13.19");
    options.core_version = "1.4.1";
    CHECK(told() == "1.4.1");
}

TEST_CASE("2.1: Authorization: Bearer <token>, sent on the server backend too if a token is configured, else omitted") {
    for (auto options : {server_settings(), cloud_settings()}) {
        auto const where = *prefect::endpoint_of(options);
        auto const sent = [&] {
            return prefect::request_for(hello(), where, options, prefect::identity_of(options)).headers;
        };
        options.token = {};
        CHECK_FALSE(sent().find("Authorization"));
        options.token = secret{"abc"};
        CHECK(sent().value_of("Authorization") == "Bearer abc");
        CHECK_FALSE(sent().find("X-PREFECT-TENANT-ID"));
        options.tenant_id = "tenant";
        CHECK_FALSE(sent().find("X-PREFECT-TENANT-ID")); // there is no tenant header in 0.13

        options.api_key = secret{"key"};
        CHECK(sent().value_of("Authorization") == "Bearer key");
        CHECK(sent().value_of("X-PREFECT-TENANT-ID") == "tenant");
    }
}

TEST_CASE("2.4: a success yields its data") {
    auto const answer = read(200, recorded("hello"));
    REQUIRE(answer);
    CHECK(json::text_of(*answer, "hello") == "\xF0\x9F\x91\x8B");
    CHECK(read(200, R"({"data": null})")->is_null());
    CHECK(read(200, "{}")->is_null());
}

TEST_CASE("2.4: HTTP 400 with errors: a refusal that tells every code and message") {
    auto const field = read(400, recorded("error_http400_unknown_field"));
    REQUIRE_FALSE(field);
    CHECK(field.error().code == errc::service_error);
    CHECK(field.error().http_status == 400);
    CHECK(field.error().service_code == "GRAPHQL_VALIDATION_FAILED");
    CHECK(mentions(field.error(), url));
    CHECK(
        mentions(field.error(), "GRAPHQL_VALIDATION_FAILED: Cannot query field \"run_config\" on type \"flow_run\"."));
    CHECK_FALSE(field.error().retryable);

    auto const tenant = read(400, recorded("error_http400_null_tenant"));
    REQUIRE_FALSE(tenant);
    CHECK(tenant.error().service_code == "BAD_USER_INPUT");
    CHECK(mentions(tenant.error(), "Expected non-nullable type \"UUID!\" not to be null."));

    auto const two = read(400, R"({"errors": [{"message": "one"}, {"message": "two", "extensions": {"code": "B"}}]})");
    CHECK(mentions(two.error(), "UNKNOWN_ERROR: one; B: two"));
    CHECK(two.error().service_code.empty());
}

TEST_CASE("2.4: HTTP 400, unparsable: a hint at the query and the address") {
    for (char const* const body : {"", "Bad Request", "<html>no</html>", "[]", R"({"message": "no"})"}) {
        auto const answer = read(400, body);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::service_error);
        CHECK(answer.error().http_status == 400);
        CHECK(mentions(answer.error(), "not understood"));
    }
}

TEST_CASE("2.4: other 4xx / 5xx: named with their remedy, 401 and 403 as what they are") {
    struct row {
        int status;
        errc code;
        bool retryable;
        char const* says;
    };
    for (auto const& each :
         {row{401, errc::unauthorized, false, "check the API token"},
          row{403, errc::unauthorized, false, "check the API token"},
          row{404, errc::service_error, false, "check that api (--api)"},
          row{413, errc::service_error, false, "answered 413"}, row{429, errc::service_error, true, "answered 429"},
          row{500, errc::service_error, true, "answered 500"}, row{501, errc::service_error, true, "answered 501"},
          row{503, errc::service_error, true, "answered 503"}}) {
        INFO(each.status);
        auto const answer = read(each.status, "<h1>oh</h1>");
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == each.code);
        CHECK(answer.error().http_status == each.status);
        CHECK(answer.error().retryable == each.retryable);
        CHECK(mentions(answer.error(), url));
        CHECK(mentions(answer.error(), each.says));
        CHECK_FALSE(prefect::is_api_error(answer));
    }
    auto const moved = read(308, "", {{"Location", "https://elsewhere/graphql"}});
    CHECK(mentions(moved.error(), "set api (--api) to that"));
    CHECK(mentions(moved.error(), "https://elsewhere/graphql"));
    CHECK_FALSE(mentions(moved.error(), "GET"));
    for (int const status : {301, 302, 303}) {
        auto const turned = read(status, "", {{"Location", "https://elsewhere/graphql"}});
        CHECK(mentions(turned.error(), "https://elsewhere/graphql, which would turn our POST into a GET"));
    }
    auto const told = read(500, R"({"errors": [{"message": "database is away", "extensions": {"code": "X"}}]})");
    CHECK(mentions(told.error(), "X: database is away"));
    CHECK(told.error().service_code == "X");
}

TEST_CASE("2.4: 2xx, body not JSON or empty: the address and what to do") {
    struct row {
        char const* body;
        char const* kind;
        char const* says;
    };
    for (auto const& each :
         {row{"", "application/json", "with an empty body"},
          row{"<!DOCTYPE html><html>", "text/html", "with a web page"}, row{"  \n<html>", "", "with a web page"},
          row{R"({"data": {"hello": "wa)", "application/json", "something else"},
          row{R"({"data": 1} trailing)", "", "something else"}}) {
        INFO(each.body);
        auto const answer = read(200, each.body, {{"Content-Type", each.kind}});
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::malformed_response);
        CHECK(answer.error().http_status == 200);
        CHECK(mentions(answer.error(), url));
        CHECK(mentions(answer.error(), each.says));
        CHECK(mentions(answer.error(), "check that api (--api) is the address of Prefect's GraphQL API"));
    }
    CHECK_FALSE(read(204, ""));
    CHECK(read(200, std::string(100'000, '[')).error().code == errc::malformed_response);

    auto no_token = cloud_settings();
    no_token.token = {};
    auto const cloud = prefect::read_answer({200, {}, ""}, "https://api.prefect.io/", no_token, {});
    CHECK(mentions(cloud.error(), "make sure that an API token is configured"));
    CHECK_FALSE(mentions(
        prefect::read_answer({200, {}, ""}, url, cloud_settings(), prefect::identity_of(cloud_settings())).error(),
        "make sure"));
}

TEST_CASE("2.4: 2xx, JSON is not an object: a malformed response, no crash") {
    for (char const* const body : {"[]", "7", "null", "true", "\"data\"", "[{\"data\": {}}]"}) {
        INFO(body);
        auto const answer = read(200, body);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::malformed_response);
        CHECK(answer.error().http_status == 200);
        CHECK(mentions(answer.error(), "not a JSON object"));
        CHECK(mentions(answer.error(), url));
    }
}

TEST_CASE("2.4: 2xx, JSON has key `errors`: UNAUTHENTICATED or Malformed Authorization header is authorization") {
    auto const recorded_one = read(200, recorded("error_http200_unauthenticated"));
    REQUIRE_FALSE(recorded_one);
    CHECK(recorded_one.error().code == errc::unauthorized);
    CHECK(recorded_one.error().http_status == 200);
    CHECK(mentions(recorded_one.error(), "Unauthenticated: check the API token"));
    CHECK(read(200, R"({"errors": [{"message": "Malformed Authorization header"}]})").error().code ==
          errc::unauthorized);
    CHECK(read(200, R"({"errors": [{"message": "a"}, {"extensions": {"code": "UNAUTHENTICATED"}}]})").error().code ==
          errc::unauthorized);
}

TEST_CASE("2.4: 2xx, JSON has key `errors`: the version lock counts only as the first error's code") {
    auto const lock = read(200, recorded("error_http200_version_lock"));
    REQUIRE_FALSE(lock);
    CHECK(lock.error().code == errc::service_error);
    CHECK(lock.error().service_code == "VERSION_LOCKING_ERROR");
    CHECK(lock.error().http_status == 200);
    auto const second = read(
        200, R"({"errors": [{"message": "a"}, {"message": "b", "extensions": {"code": "VERSION_LOCKING_ERROR"}}]})");
    CHECK(second.error().service_code.empty());
}

TEST_CASE("2.4: 2xx, JSON has key `errors`: a failed state update is a lost claim") {
    auto const lost = read(200, recorded("error_http200_state_update_failed"));
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == errc::lost_claim);
    CHECK(mentions(lost.error(), "State update failed: this run has already been submitted."));
    CHECK(read(400, R"({"errors": [{"message": "State update failed: no"}]})").error().code == errc::lost_claim);

    auto const behind = R"({"errors": [{"message": ")" + std::string(5000, 'x') + R"( State update failed"}]})";
    CHECK(read(200, behind).error().code == errc::lost_claim);
}

TEST_CASE("2.4: partial `data` plus `errors`: treated as failure, whatever form the errors have") {
    auto const partial =
        read(200, R"({"data": {"hello": "x"}, "errors": [{"message": "no", "extensions": {"code": "C"}}]})");
    REQUIRE_FALSE(partial);
    CHECK(partial.error().code == errc::service_error);
    CHECK(partial.error().service_code == "C");
    for (char const* const errors : {R"("boom")", R"({"message": "boom"})", R"([["boom"]])", R"(["boom"])", "true"}) {
        auto const odd = read(200, std::string{R"({"data": {}, "errors": )"} + errors + "}");
        REQUIRE_FALSE(odd);
        CHECK(odd.error().code == errc::service_error);
    }
}

TEST_CASE("2.4: 2xx, `errors: null`: no errors, and neither are empty ones") {
    CHECK(read(200, R"({"data": {"hello": "x"}, "errors": null})"));
    CHECK(read(200, R"({"data": {"hello": "x"}, "errors": []})"));
}

TEST_CASE("2.3: API_ERROR anywhere in the errors of a success asks to be called again") {
    auto const recorded_one = read(200, recorded("error_http200_api_error"));
    CHECK(prefect::is_api_error(recorded_one));
    CHECK(recorded_one.error().service_code == "API_ERROR");
    CHECK(prefect::is_api_error(read(200, R"({"errors": [{"message": "a"}, {"message": "an API_ERROR"}]})")));
    CHECK_FALSE(prefect::is_api_error(read(400, R"({"errors": [{"message": "API_ERROR"}]})")));
    CHECK_FALSE(read(400, R"({"errors": [{"message": "API_ERROR"}]})").error().retryable);
    CHECK_FALSE(prefect::is_api_error(read(200, R"({"data": {"hello": "API_ERROR"}})")));
    CHECK_FALSE(prefect::is_api_error(read(200, "API_ERROR")));
}

TEST_CASE("no secret of an exchange is told, be it the key, an access token or what the body holds") {
    auto options = cloud_settings();
    options.token = secret{"person"};
    options.api_key = secret{"persona-key"};
    prefect::identity who;
    who.bearer = secret{"refresh-1"};
    who.enclosed = secret{"access-1"};
    for (int const status : {200, 400, 401, 500}) {
        auto const answer = prefect::read_answer(
            {status, {}, R"({"errors": [{"message": "refresh-1 for access-1 of person by persona-key"}]})"},
            "https://h/access-1", options, who);
        REQUIRE_FALSE(answer);
        CHECK(mentions(answer.error(), "*** for *** of *** by ***"));
        CHECK(mentions(answer.error(), "https://h/***"));
    }
    CHECK(mentions(prefect::read_answer({401, {}, ""}, url, options, who).error(), "check the API key (--key)"));
}

TEST_CASE("a server's words are cut, kept to one line, and never show the token") {
    secret const token[] = {secret{"hunter2"}};
    CHECK(prefect::quoted("a\r\nb\tc\x7F", token) == "a  b c ");
    CHECK(prefect::quoted("got Bearer hunter2hunter2!", token) == "got Bearer ***!");
    CHECK(prefect::quoted("0123456789", {}, 4) == "0123...");
    CHECK(prefect::quoted("012\xC3\xA9", {}, 4) == "012...");
    CHECK(prefect::quoted("01\xC3\xA9z", {}, 4) == "01\xC3\xA9...");
    std::string const padding(508, 'x');
    CHECK(prefect::quoted(padding + "hunter2", token).find("hunt") == std::string::npos);

    auto options = server_settings();
    options.token = secret{"hunter2"};
    for (int const status : {200, 308, 400, 401, 500})
        for (std::string const& body :
             {std::string{R"({"errors": [{"message": "Malformed Authorization header: Bearer hunter2\n\u001b[2J",
                               "extensions": {"code": "hunter2"}}]})"},
              std::string{R"({"errors": "hunter2"})"}, std::string{"hunter2"},
              std::string{R"({"hunter2": 1, "hunter2": 2})"},
              R"({"errors": [{"message": ")" + std::string(1'000'000, 'y') + R"("}]})"}) {
            auto const answer =
                prefect::read_answer({status, {{"Location", "http://hunter2"}, {"Content-Type", "hunter2"}}, body}, url,
                                     options, prefect::identity_of(options));
            if (answer) continue;
            auto const& why = answer.error();
            CHECK(why.message.find("hunter2") == std::string::npos);
            CHECK(why.service_code.find("hunter2") == std::string::npos);
            CHECK(why.message.size() < 1024);
            for (char const c : why.message) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != '\x7F'));
        }
}
