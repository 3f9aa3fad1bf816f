#include <fargate/testing/graphql_check.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"
#include "testing/prefect_bench.hpp"

#include <string>

using namespace fargate;
using testing_support::at;
using testing_support::document;
using testing_support::load;
using bench = testing_support::prefect_bench;
namespace texts = testing_support::texts;

namespace {

struct told {
    int status;
    std::string code;
    std::string message;
};

told ask(bench& b, std::string const& query, json::value const& variables = nullptr) {
    auto const answer = b.ask(query, variables);
    return {b.status, testing_support::text(at(at(answer, "errors")[0], "extensions"), "code"),
            bench::error_message(answer)};
}

} // namespace

TEST_CASE("A column the server does not have is refused as recorded", "[graphql_check]") {
    bench old;
    auto const answer = old.ask(texts::metadata(bench::run, "2024-01-02T03:04:02+00:00", "\n        run_config"));
    CHECK(old.status == 400);
    auto const recorded = load("prefect1/error_http400_unknown_field.json");
    CHECK(at(at(answer, "errors")[0], "message") == at(at(recorded, "errors")[0], "message"));
    CHECK(at(at(answer, "errors")[0], "extensions") == at(at(recorded, "errors")[0], "extensions"));
    CHECK(testing_support::same_shape(answer, recorded));

    bench newer{{.run_config_on_flow_run = true}};
    newer.ask(texts::metadata(bench::run, "2024-01-02T03:04:02+00:00", "run_config"));
    CHECK(newer.status == 200);
}

TEST_CASE("A null tenant is refused by Server as recorded", "[graphql_check]") {
    bench b;
    auto const answer = b.ask(texts::get_runs_in_queue, document(R"({"input": {"tenant_id": null, "labels": []}})"));
    CHECK(b.status == 400);
    CHECK(answer == load("prefect1/error_http400_null_tenant.json"));
}

TEST_CASE("Documents that are not GraphQL are refused", "[graphql_check]") {
    bench b;
    for (auto const* query :
         {"", "{", "query", "query { }", "query { hello", "query { hello } }", "query { hello(", "query { hello() }",
          "mutation($input) { hello }", "query { flow_run(where: {id: {_eq: }}) { id } }",
          "fragment f on flow_run { id }", "query { ...f }", "query { tenant { id } } query { hello }",
          "{ flow_run(where: \"abc) { id } }", "query { hello @skip(if: true) }", "subscription { hello }"}) {
        CAPTURE(query);
        auto const answer = ask(b, query);
        CHECK(answer.status == 400);
        CHECK(answer.code == "GRAPHQL_PARSE_FAILED");
        CHECK(answer.message.starts_with("Syntax Error"));
    }
    std::string deep = "query ";
    for (int i = 0; i != 5000; ++i) deep += "{ a ";
    CHECK(ask(b, deep).code == "GRAPHQL_PARSE_FAILED");
    CHECK(ask(b, "query { flow_run(where: " + std::string(5000, '[') + ") { id } }").code == "GRAPHQL_PARSE_FAILED");
}

TEST_CASE("Documents that do not fit the schema are refused with the field named", "[graphql_check]") {
    struct row {
        char const* query;
        char const* message;
    };
    row const rows[] = {
        {"query { goodbye }", "Cannot query field \"goodbye\" on type \"Query\"."},
        {"query { auth_info { api_token_scope } }", "Cannot query field \"auth_info\" on type \"Query\"."},
        {"query { tenant { colour } }", "Cannot query field \"colour\" on type \"tenant\"."},
        {"query { tenant }", "Field \"tenant\" of type \"[tenant!]!\" must have a selection of subfields. Did you mean "
                             "\"tenant { ... }\"?"},
        {"query { hello { x } }", "Field \"hello\" must not have a selection since type \"String\" has no subfields."},
        {"query { hello(x: 1) }", "Unknown argument \"x\" on field \"Query.hello\"."},
        {"mutation { register_agent { id } }", "Field \"register_agent\" argument \"input\" of type "
                                               "\"register_agent_input!\" is required, but it was not provided."},
        {"query { tenant(where: {colour: {_eq: \"x\"}}) { id } }",
         "Field \"colour\" is not defined by type \"tenant_bool_exp\"."},
        {"query { tenant(where: {id: {_is: \"x\"}}) { id } }",
         "Field \"_is\" is not defined by type \"uuid_comparison_exp\"."},
        {"query { tenant(where: {id: {_eq: 5}}) { id } }", "Expected value of type \"uuid\", found 5."},
        {"query { tenant(where: [1]) { id } }", "Expected value of type \"tenant_bool_exp\", found [...]."},
        {"query { flow_run(limit: \"5\") { id } }", "Expected value of type \"Int\", found \"5\"."},
        {"mutation { write_run_logs(input: {logs: [{flow_run_id: \"x\", level: \"INFO\"}]}) { success } }",
         "Expected value of type \"log_level\", found \"INFO\"."},
        {"mutation { write_run_logs(input: {logs: [{message: \"x\"}]}) { success } }",
         "Field \"write_run_log_input.flow_run_id\" of required type \"UUID!\" was not provided."},
        {"mutation { write_run_logs(input: null) { success } }",
         "Expected value of type \"write_run_logs_input!\", found null."},
        {"mutation($input: write_run_logs_input!) { write_run_logs(input: $other) { success } }",
         "Variable \"$other\" is not defined."},
        {"mutation($input: write_run_logs_input!) { register_agent(input: $input) { id } }",
         "Variable \"$input\" of type \"write_run_logs_input!\" used in position expecting type "
         "\"register_agent_input!\"."},
        {"mutation($input: register_agent_input) { register_agent(input: $input) { id } }",
         "Variable \"$input\" of type \"register_agent_input\" used in position expecting type "
         "\"register_agent_input!\"."},
        {"query($x: Int) { hello }", "Variable \"$x\" is never used."},
        {"query($x: Colour) { hello }", "Unknown type \"Colour\"."},
    };
    bench b;
    for (auto const& each : rows) {
        CAPTURE(each.query);
        auto const answer = ask(b, each.query);
        CHECK(answer.status == 400);
        CHECK(answer.code == "GRAPHQL_VALIDATION_FAILED");
        CHECK(answer.message == each.message);
    }
}

TEST_CASE("Variables that do not fit are refused with their path", "[graphql_check]") {
    struct row {
        char const* query;
        char const* variables;
        char const* message;
    };
    char const* const logs = texts::write_run_logs;
    row const rows[] = {
        {logs, "null", "Variable \"$input\" of required type \"write_run_logs_input!\" was not provided."},
        {logs, "{}", "Variable \"$input\" of required type \"write_run_logs_input!\" was not provided."},
        {logs, R"({"input": null})",
         "Variable \"$input\" of non-null type \"write_run_logs_input!\" must not be null."},
        {logs, R"({"input": 5})",
         "Variable \"$input\" got invalid value 5; Expected type \"write_run_logs_input\" to be an object."},
        {logs, R"({"input": {}})",
         "Variable \"$input\" got invalid value {}; Field \"logs\" of required type "
         "\"[write_run_log_input!]!\" was not provided."},
        {logs, R"({"input": {"logs": [null]}})",
         "Variable \"$input\" got invalid value null at \"input.logs[0]\"; Expected non-nullable type "
         "\"write_run_log_input!\" not to be null."},
        {logs, R"({"input": {"logs": [{"flow_run_id": "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21", "level": "info"}]}})",
         "Variable \"$input\" got invalid value \"info\" at \"input.logs[0].level\"; Value \"info\" does not exist in "
         "\"log_level\" enum."},
        {logs, R"({"input": {"logs": [{"flow_run_id": "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21", "message": 5}]}})",
         "Variable \"$input\" got invalid value 5 at \"input.logs[0].message\"; Expected type \"String\". String "
         "cannot "
         "represent a non string value: 5"},
        {logs, R"({"input": {"logs": [{"flow_run_id": "abc"}]}})",
         "Variable \"$input\" got invalid value \"abc\" at \"input.logs[0].flow_run_id\"; Expected type \"UUID\". "
         "badly "
         "formed hexadecimal UUID string"},
        {logs, R"({"input": {"logs": [], "colour": 1}})",
         "Variable \"$input\" got invalid value {\"logs\": [], \"colour\": 1}; Field \"colour\" is not defined by type "
         "\"write_run_logs_input\"."},
        {texts::get_runs_in_queue,
         R"({"input": {"tenant_id": "72940fd6-5183-4fa4-a2c0-495b0d1f83ed", "before": "now"}})",
         "Variable \"$input\" got invalid value \"now\" at \"input.before\"; Expected type \"DateTime\". not a date "
         "and time"},
    };
    bench b;
    for (auto const& each : rows) {
        CAPTURE(each.variables);
        auto const answer = ask(b, each.query, document(each.variables));
        CHECK(answer.status == 400);
        CHECK(answer.code == "BAD_USER_INPUT");
        CHECK(answer.message == each.message);
    }
    CHECK(b.prefect.logs().empty());
}

TEST_CASE("Variables may be an object or a text that holds one, and nothing else", "[graphql_check]") {
    bench b;
    auto request = b.request(texts::get_runs_in_queue, nullptr);
    auto const with = [&](char const* variables) {
        json::value body{{"query", texts::get_runs_in_queue}};
        json::set(body, "variables", document(variables));
        request.body = json::write(body);
        b.take(b.prefect.send(request));
        return b.status;
    };
    CHECK(with(R"({"input": {"tenant_id": "72940fd6-5183-4fa4-a2c0-495b0d1f83ed"}})") == 200);
    CHECK(with(R"("{\"input\": {\"tenant_id\": \"72940fd6-5183-4fa4-a2c0-495b0d1f83ed\"}}")") == 200);
    CHECK(with(R"("{\"input\": ")") == 400);
    CHECK(with(R"("null")") == 400);
    CHECK(with(R"([])") == 400);
}

TEST_CASE("What stands before GraphQL is refused as Apollo does", "[graphql_check]") {
    bench b;
    auto const good = b.request(texts::hello, nullptr);
    auto const status_of = [&](http::request const& request) { return b.prefect.send(request)->status; };
    CHECK(status_of(good) == 200);
    auto request = good;
    request.method = "GET";
    CHECK(status_of(request) == 400);
    request = good;
    request.headers.set("Content-Type", "text/plain");
    CHECK(status_of(request) == 500);
    for (auto const* body : {"", "{", "[]", "{}", "5", R"({"query": 5})"}) {
        request = good;
        request.body = body;
        CAPTURE(body);
        CHECK(status_of(request) == 400);
    }
    request = good;
    request.body = std::string(1024 * 1024 + 1, ' ');
    CHECK(status_of(request) == 413);
}

TEST_CASE("Rows are filtered, ordered and cut as Hasura does", "[row_filter]") {
    bench b;
    b.prefect.add_flow_run(bench::row(1, R"(["a"])", "2024-01-02T03:04:01+00:00"));
    b.prefect.add_flow_run(bench::row(2, R"(["b"])", "2024-01-02T05:04:02+02:00")); // the second in time
    b.prefect.add_flow_run(bench::row(3, "[]", "2024-01-02T03:04:03+00:00"));
    auto const found = [&](std::string const& arguments) {
        auto const answer = b.ask("query { flow_run" + arguments + " { id } }");
        CHECK(bench::error_message(answer) == "");
        std::string made;
        for (auto const& each : at(at(answer, "data"), "flow_run")) made += testing_support::text(each, "id").back();
        return made;
    };
    CHECK(found("") == "123");
    CHECK(found("(where: {})") == "123");
    CHECK(found("(where: {id: {_neq: \"" + bench::id(2) + "\"}})") == "13");
    CHECK(found("(where: {id: {_nin: [\"" + bench::id(2) + "\"]}})") == "13");
    CHECK(found("(where: {scheduled_start_time: {_lte: \"2024-01-02T03:04:02+00:00\"}})") == "12");
    CHECK(found("(where: {scheduled_start_time: {_gt: \"2024-01-02T03:04:01Z\", _lt: \"2024-01-02T03:04:03Z\"}})") ==
          "2");
    CHECK(found("(where: {_not: {scheduled_start_time: {_gte: \"2024-01-02T03:04:03Z\"}}})") == "12");
    CHECK(found("(where: {_or: [{labels: {_contains: [\"a\"]}}, {labels: {_contains: [\"b\"]}}]})") == "12");
    CHECK(found("(where: {_and: [{labels: {_contains: [\"a\"]}}, {labels: {_contains: [\"b\"]}}]})") == "");
    CHECK(found("(where: {agent_id: {_is_null: true}})") == "123");
    CHECK(found("(where: {agent_id: {_is_null: false}})") == "");
    CHECK(found("(where: {agent_id: {_neq: \"" + bench::id(1) + "\"}})") == ""); // null compares with nothing
    CHECK(found("(where: {state: {_like: \"Sch%\"}})") == "123");
    CHECK(found("(where: {state: {_ilike: \"_CHED%D\"}})") == "123");
    CHECK(found("(where: {state: {_nlike: \"%e%\"}})") == "");
    CHECK(found("(where: {flow: {name: {_eq: \"flow\"}}})") == "123");
    CHECK(found("(where: {task_runs: {state: {_eq: \"Running\"}}})") == "");
    CHECK(found("(order_by: [{scheduled_start_time: desc}])") == "321");
    CHECK(found("(order_by: {scheduled_start_time: desc}, limit: 1)") == "3");
    CHECK(found("(order_by: [{scheduled_start_time: asc}], offset: 1)") == "23");
    CHECK(found("(limit: 0)") == "");
}

TEST_CASE("Answers carry aliases, and rows keep the selection's order", "[row_filter]") {
    bench b;
    b.prefect.add_flow_run(bench::row(1, "[]", "2024-01-02T03:04:01+00:00"));
    auto const answer = b.ask("query Named($id: uuid!) { runs: flow_run(where: {id: {_eq: $id}}) { b: state, a: id } }",
                              json::value{{"id", bench::id(1)}});
    CHECK(json::write(answer) == R"({"data": {"runs": [{"b": "Scheduled", "a": ")" + bench::id(1) + R"("}]}})");
}
