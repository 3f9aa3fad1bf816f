#include <fargate/testing/fake_prefect.hpp>

#include <fargate/http/policy.hpp>
#include <fargate/testing/manual_clock.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"
#include "testing/prefect_bench.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::at;
using testing_support::document;
using testing_support::load;
using testing_support::same_shape;
using bench = testing_support::prefect_bench;

static_assert(http_policy<testing::fake_prefect>);

namespace texts = testing_support::texts;

TEST_CASE("Every call of an agent's life is answered in the shape of the recording", "[fake_prefect]") {
    bench b;
    b.prefect.add_agent_config("bbbbbbbb-0000-4000-8000-000000000000", document(R"({"environment": "staging"})"));
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto const like = [](char const* name) { return load(std::string{"prefect1/"} + name); };

    CHECK(b.ask(texts::tenant) == like("tenant.json"));
    auto const registered = b.ask(texts::register_agent, b.agent_input());
    CHECK(same_shape(registered, like("register_agent.json")));
    b.agent_id = testing_support::text(at(at(registered, "data"), "register_agent"), "id");
    CHECK(b.ask(texts::agent_config) == like("agent_config.json"));
    CHECK(b.ask(texts::hello) == like("hello.json"));

    auto const queue = b.poll({"aws"});
    CHECK(same_shape(queue, like("get_runs_in_queue.json")));
    CHECK(b.ids(queue) == std::vector<std::string>{bench::run});
    CHECK(b.ask(texts::metadata(bench::run, "2024-01-02T03:04:02+00:00")) == like("flow_run_docker_run_config.json"));

    auto expected = like("set_flow_run_states.json");
    json::set(expected, "data", document(R"({"set_flow_run_states": {"states": [
        {"id": "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21", "status": "SUCCESS", "message": null}]}})"));
    CHECK(b.submit(bench::run) == expected);
    CHECK(b.ask(texts::write_run_logs, document(R"({"input": {"logs": [{"flow_run_id":
        "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21", "name": "agent", "message": "hi", "level": "INFO"}]}})")) ==
          like("write_run_logs.json"));
    CHECK(b.status == 200);
    CHECK(b.poll({"aws"}) == like("get_runs_in_queue_empty.json"));

    REQUIRE(b.prefect.agents().size() == 1);
    CHECK(b.prefect.agents()[0].last_queried == b.clock.now());
    CHECK(b.prefect.log().count("get_runs_in_queue") == 2);
    auto const logs = b.prefect.logs(bench::run);
    REQUIRE(logs.size() == 1);
    CHECK(logs[0].message == "hi");
    CHECK(logs[0].level == "INFO");
    CHECK(logs[0].name == "agent");
}

TEST_CASE("Every recorded run comes back from the metadata query as it was recorded", "[fake_prefect]") {
    for (auto const* name :
         {"docker_local_environment", "docker_run_config", "environment_metadata_image", "running_scheduled_task_runs",
          "s3_environment_no_image", "s3_no_environment_default_image"}) {
        INFO(name);
        bench b;
        auto const recorded = load(std::string{"prefect1/flow_run_"} + name + ".json");
        b.prefect.add_flow_runs(recorded);
        auto const id = testing_support::text(at(at(recorded, "data"), "flow_run")[0], "id");
        CHECK(b.ask(texts::metadata(id, "2024-01-02T03:04:02+00:00")) == recorded);
    }
}

TEST_CASE("A claim moves the run and is remembered with the agent", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto const registered = b.ask(texts::register_agent, b.agent_input());
    b.agent_id = testing_support::text(at(at(registered, "data"), "register_agent"), "id");
    b.clock.advance(1s);
    b.submit(bench::run);
    CHECK(b.prefect.state(bench::run) == "Submitted");
    auto const history = b.prefect.history(bench::run);
    REQUIRE(history.size() == 2);
    CHECK(history[0].type == "Scheduled");
    CHECK(history[1].type == "Submitted");
    CHECK(history[1].message == "Submitted for execution");
    CHECK(history[1].agent_id == b.agent_id);
    CHECK(history[1].at == b.clock.now());
    auto const row = b.prefect.flow_run(bench::run);
    CHECK(at(row, "version") == 3);
    CHECK(at(row, "agent_id") == b.agent_id);
    CHECK(at(row, "heartbeat") == "2024-01-02T03:04:06+00:00");
    CHECK(at(row, "state_start_time").is_null());
    CHECK(at(at(b.ask(texts::metadata(bench::run, "2024-01-02T03:04:02+00:00")), "data"), "flow_run").empty());
    // What another agent can see of it.
    auto const mine = b.ask("query { flow_run(where: {agent_id: {_eq: \"" + b.agent_id +
                            "\"}, state: {_in: [\"Submitted\", \"Pending\"]}}) { id state agent_id } }");
    CHECK(at(at(mine, "data"), "flow_run")[0] ==
          json::value{{"id", bench::run}, {"state", "Submitted"}, {"agent_id", b.agent_id}});
    CHECK(b.prefect.set_state(bench::run, testing::prefect_state("Running", "Running flow.")));
    CHECK(b.prefect.state(bench::run) == "Running");
    CHECK_FALSE(b.prefect.set_state("nobody", testing::prefect_state("Running", "")));
    CHECK(b.prefect.flow_run("nobody").is_null());
}

TEST_CASE("A run shows every state it has been in, and when it came to the last", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_running_scheduled_task_runs.json"));
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    b.clock.advance(1s);
    b.submit(bench::run);
    b.clock.advance(1s);
    CHECK(b.prefect.set_state(bench::run, testing::prefect_state("Running", "Running flow.")));
    std::string const whose = std::string{R"(query { flow_run(where: {id: {_eq: ")"} + bench::run + R"("}}) )";
    auto const seen = b.ask(whose + "{ updated state_timestamp start_time end_time states(where: {state: {_in: "
                                    "[\"Scheduled\", \"Submitted\"]}}, order_by: {version: desc}) "
                                    "{ version state timestamp } } }");
    CHECK(at(at(seen, "data"), "flow_run")[0] == document(R"({
        "updated": "2024-01-02T03:04:07+00:00", "state_timestamp": "2024-01-02T03:04:07+00:00",
        "start_time": "2024-01-02T03:04:07+00:00", "end_time": null,
        "states": [{"version": 3, "state": "Submitted", "timestamp": "2024-01-02T03:04:06+00:00"},
                   {"version": 2, "state": "Scheduled", "timestamp": "2024-01-02T03:04:05+00:00"}]})"));
    b.clock.advance(1s);
    CHECK(b.prefect.set_state(bench::run, testing::prefect_state("Success", "")));
    CHECK(at(b.prefect.flow_run(bench::run), "end_time") == "2024-01-02T03:04:08+00:00");

    auto const task = b.ask(R"(query { task_run(where: {id: {_eq: "1c3e5a70-9b2d-4f4e-8c6a-e3f5a7b92d87"}}) {
        version state states { version } } })");
    CHECK(at(at(task, "data"), "task_run")[0] ==
          document(R"({"version": 4, "state": "Retrying", "states": [{"version": 4}]})"));
}

TEST_CASE("What is no UUID cannot be looked for", "[fake_prefect]") {
    bench b;
    auto const answer = b.ask(R"(query { flow_run(where: {id: {_in: ["mine"]}}) { id } })");
    CHECK(b.status == 400);
    CHECK(b.error_message(answer) == "invalid input syntax for type uuid: \"mine\"");
}

TEST_CASE("The queue gives out what is due, to agents whose labels cover the run's", "[fake_prefect]") {
    bench b;
    auto const add = [&](int number, char const* labels, char const* start) {
        b.prefect.add_flow_run(b.row(number, labels, start));
    };
    add(1, "[]", "2024-01-02T03:04:05+00:00");
    add(2, R"(["aws"])", "2024-01-02T03:04:04+00:00");
    add(3, R"(["aws", "gpu"])", "2024-01-02T03:04:03+00:00");
    add(4, R"(["aws"])", "2024-01-02T03:04:06+00:00");
    using numbers = std::vector<int>;
    CHECK(b.numbers(b.poll({})) == numbers{1});
    CHECK(b.numbers(b.poll({"aws"})) == numbers{2});
    CHECK(b.numbers(b.poll({"gpu", "aws", "more"})) == numbers{3, 2});
    CHECK(b.numbers(b.poll({"other"})).empty());
    b.clock.advance(1s);
    CHECK(b.numbers(b.poll({"aws"})) == numbers{2, 4});
}

TEST_CASE("The queue gives out 25 runs at a time, the longest due first", "[fake_prefect]") {
    bench b;
    for (int i = 1; i <= 60; ++i) {
        std::string const second = std::to_string(60 - i);
        b.prefect.add_flow_run(
            b.row(i, "[]", ("2024-01-02T03:03:" + std::string(2 - second.size(), '0') + second + "+00:00").c_str()));
    }
    auto const first = b.numbers(b.poll({}));
    REQUIRE(first.size() == 25);
    CHECK(first.front() == 60);
    CHECK(first.back() == 36);
    for (int const each : first) b.submit(b.id(each));
    CHECK(b.numbers(b.poll({})).front() == 35);
    CHECK(b.numbers(b.poll({})).size() == 25);
}

TEST_CASE("A running run with a due task run is given out again, and not by its own version", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_running_scheduled_task_runs.json"));
    std::string const id = "a6c8e0f2-4b5d-4e7f-9a1b-d2f4b6c81c76";
    CHECK(b.ids(b.poll({})) == std::vector<std::string>{id});
    for (auto const* task : {"1c3e5a70-9b2d-4f4e-8c6a-e3f5a7b92d87", "3e507c92-1d4f-4b60-ae8c-0517c9db4fa9"}) {
        json::value const state{
            {"task_run_id", task}, {"version", 4}, {"state", testing::prefect_state("Submitted", "")}};
        json::value const input{{"input", json::value{{"states", json::value::array({state})}}}};
        CHECK(same_shape(b.ask(texts::set_task_run_states, input), load("prefect1/set_task_run_states.json")));
    }
    CHECK(b.ids(b.poll({})).empty());
    CHECK(at(b.prefect.flow_run(id), "version") == 5);
    CHECK(at(at(b.prefect.flow_run(id), "task_runs")[0], "version") == 5);
    // A task run cannot run while its flow run does not.
    CHECK(b.prefect.set_state(id, testing::prefect_state("Failed", "")));
    json::value const state{{"task_run_id", "1c3e5a70-9b2d-4f4e-8c6a-e3f5a7b92d87"},
                            {"state", testing::prefect_state("Running", "")}};
    auto const refused =
        b.ask(texts::set_task_run_states, json::value{{"input", json::value{{"states", json::value::array({state})}}}});
    CHECK(b.error_message(refused).find("is not in a running state") != std::string::npos);
}

TEST_CASE("With the lock, a second Submitted within thirty seconds is refused as recorded", "[fake_prefect]") {
    bench b{{.submitted_lock = 30s}};
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    b.submit(bench::run);
    auto const second = b.submit(bench::run);
    CHECK(b.status == 200);
    CHECK(same_shape(second, load("prefect1/error_http200_state_update_failed.json")));
    CHECK(b.error_message(second) == "State update failed: this run has already been submitted.");
    b.clock.advance(30s);
    CHECK(b.error_message(b.submit(bench::run)) == "");
    CHECK(b.prefect.history(bench::run).size() == 3);
}

TEST_CASE("Without the lock the server takes a second claim, whatever its version", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    b.submit(bench::run);
    CHECK(b.error_message(b.submit(bench::run)) == "");
    CHECK(b.prefect.history(bench::run).size() == 3);
}

TEST_CASE("With version locking a stale version is refused", "[fake_prefect]") {
    bench b{{.cloud = true, .token = "t", .version_locking = true}};
    b.token = "t";
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    CHECK(b.error_message(b.submit(bench::run)) == "");
    auto const stale = b.submit(bench::run);
    CHECK(at(at(at(stale, "errors")[0], "extensions"), "code") == "VERSION_LOCKING_ERROR");
    CHECK(at(at(stale, "data"), "set_flow_run_states").is_null());
    auto input = b.submit_input(bench::run);
    json::set(input["input"]["states"][0], "version", nullptr);
    CHECK(b.error_message(b.ask(texts::set_flow_run_states, input)) == "");
}

TEST_CASE("A batch is carried out as far as it goes, and its first error told", "[fake_prefect]") {
    bench b{{.submitted_lock = 30s}};
    b.prefect.add_flow_run(b.row(1, "[]", "2024-01-02T03:04:05+00:00"));
    b.prefect.add_flow_run(b.row(2, "[]", "2024-01-02T03:04:05+00:00"));
    b.submit(b.id(1));
    json::value states = json::value::array();
    for (int const each : {1, 2})
        states.push_back(json::value{{"flow_run_id", b.id(each)}, {"state", testing::prefect_state("Submitted", "")}});
    auto const answer = b.ask(texts::set_flow_run_states, json::value{{"input", json::value{{"states", states}}}});
    CHECK(b.error_message(answer).starts_with("State update failed"));
    CHECK(b.prefect.state(b.id(2)) == "Submitted");
}

TEST_CASE("States are loaded as Prefect's schema loads them", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto const refusal = [&](json::value const& state) {
        json::value const each{{"flow_run_id", bench::run}, {"state", state}};
        return b.error_message(b.ask(texts::set_flow_run_states,
                                     json::value{{"input", json::value{{"states", json::value::array({each})}}}}));
    };
    CHECK(refusal(document(R"({"type": "Flying"})")) == "{'type': ['Unsupported value: Flying']}");
    CHECK(refusal(document(R"({"message": "x"})")) == "{'type': ['Missing data for required field.']}");
    CHECK(refusal(document(R"({"type": "Scheduled", "start_time": "soon"})")) ==
          "{'start_time': ['Not a valid datetime.']}");
    CHECK(refusal(document(R"({"type": "Submitted", "state": {"type": "Flying"}})")) ==
          "{'type': ['Unsupported value: Flying']}");
    CHECK(refusal(document(R"("text")")) == "{'_schema': ['Invalid input type.']}");
    CHECK(refusal(json::value{{"type", "Failed"}, {"message", std::string(1'000'000, 'x')}}) ==
          "State payload is too large.");
    CHECK(b.prefect.history(bench::run).size() == 1);
}

TEST_CASE("Heartbeats are counted, and keep Lazarus away", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    auto const beat = [&](char const* id) {
        return b.ask(texts::heartbeat, json::value{{"input", json::value{{"flow_run_id", id}}}});
    };
    CHECK(b.error_message(beat("00000000-0000-0000-0000-000000000000")) == "Invalid flow run ID");
    b.submit(bench::run);
    for (int i = 0; i != 3; ++i) {
        b.clock.advance(9min);
        CHECK(at(at(at(beat(bench::run), "data"), "update_flow_run_heartbeat"), "success") == true);
        CHECK(b.prefect.raise_silent_runs() == 0);
    }
    CHECK(b.prefect.heartbeats(bench::run) == 3);
    for (int i = 0; i != 3; ++i) {
        b.clock.advance(10min);
        CHECK(b.prefect.raise_silent_runs() == 1);
        CHECK(b.prefect.state(bench::run) == "Scheduled");
        CHECK(b.ids(b.poll({"aws"})).size() == 1);
        b.submit(bench::run);
    }
    b.clock.advance(10min);
    CHECK(b.prefect.raise_silent_runs() == 0); // three times at most
}

TEST_CASE("Registering again with the same name, type, version and labels is the same agent", "[fake_prefect]") {
    bench b;
    auto const id = [&](json::value const& input) {
        return testing_support::text(at(at(b.ask(texts::register_agent, input), "data"), "register_agent"), "id");
    };
    auto input = b.agent_input();
    auto const first = id(input);
    CHECK(testing::graphql::is_uuid(first));
    CHECK(id(input) == first);
    auto other = at(input, "input");
    json::set(other, "name", "second");
    CHECK(id(json::value{{"input", other}}) != first);
    json::set(other, "tenant_id", nullptr);
    CHECK(b.error_message(b.ask(texts::register_agent, json::value{{"input", other}})) == "No tenant found.");
}

TEST_CASE("Cloud asks for its token, tells its scope, and needs no tenant", "[fake_prefect]") {
    bench b{{.cloud = true, .token = "good"}};
    CHECK(same_shape(b.ask(texts::auth_info), load("prefect1/error_http200_unauthenticated.json")));
    CHECK(b.status == 200);
    b.token = "bad";
    CHECK(at(b.ask(texts::auth_info), "data").is_null());
    b.token = "good";
    CHECK(b.ask(texts::auth_info) == load("prefect1/cloud_auth_info_token_scope.json"));
    auto const queue = b.ask(texts::get_runs_in_queue, document(R"({"input": {"tenant_id": null, "labels": []}})"));
    CHECK(queue == load("prefect1/get_runs_in_queue_empty.json"));
}

TEST_CASE("Cloud's key has a tenant and no scope, its token a scope and no tenant", "[fake_prefect]") {
    bench b{{.cloud = true, .token = "good", .api_key = "key"}};
    constexpr char const* whose = "query { auth_info { tenant_id } }";
    auto const told = [&](char const* query, char const* what) {
        return at(at(at(b.ask(query), "data"), "auth_info"), what);
    };
    b.token = "key";
    CHECK(b.ask(whose) == load("prefect1/cloud_auth_info_tenant.json"));
    CHECK(told(texts::auth_info, "api_token_scope").is_null());
    b.token = "good";
    CHECK(told(whose, "tenant_id").is_null());

    b.token = "key";
    auto request = b.request(whose, nullptr);
    request.headers.add("X-PREFECT-TENANT-ID", b.prefect.tenant_id());
    CHECK(b.take(b.prefect.send(request)) == load("prefect1/cloud_auth_info_tenant.json"));
    request.headers.set("X-PREFECT-TENANT-ID", "00000000-0000-4000-8000-000000000000");
    CHECK(b.error_message(b.take(b.prefect.send(request))) == "Unauthenticated");
}

TEST_CASE("A person's token enters a tenant, and the access lasts as long as it is renewed", "[fake_prefect]") {
    std::string const other = "0e9f9a4c-6c5d-4a35-a2d0-0a9f6b1d2c3e";
    bench b{{.cloud = true, .token = "good", .other_tenants = {other}, .access_lifetime = 60s}};
    constexpr char const* enter = "mutation($input: switch_tenant_input!) { switch_tenant(input: $input) { "
                                  "access_token expires_at refresh_token } }";
    constexpr char const* renew = "mutation($input: refresh_token_input!) { refresh_token(input: $input) { "
                                  "access_token expires_at refresh_token } }";
    auto const in = [](char const* name, std::string const& value) {
        return json::value{{"input", json::value{{name, value}}}};
    };
    b.token = "good";
    auto const rows = b.ask("query($slug: String, $id: uuid) { tenant(where: {slug: {_eq: $slug}, id: {_eq: $id}}) { "
                            "id } }",
                            json::value{{"slug", nullptr}, {"id", other}});
    CHECK(at(at(rows, "data"), "tenant") == json::value::array({json::value{{"id", other}}}));
    CHECK(at(at(b.ask(texts::tenant), "data"), "tenant").size() == 2);

    CHECK(b.error_message(b.ask(enter, in("tenant_id", b.id(1)))) == "Unauthenticated");
    auto const granted = b.ask(enter, in("tenant_id", other));
    CHECK(at(at(granted, "data"), "switch_tenant") == json::value{{"access_token", "access-1"},
                                                                  {"expires_at", "2024-01-02T03:05:05+00:00"},
                                                                  {"refresh_token", "refresh-1"}});
    b.token = "refresh-1";
    CHECK(b.error_message(b.ask(texts::hello)) == "Unauthenticated");
    b.token = "access-1";
    CHECK(b.ask(texts::hello) == load("prefect1/hello.json"));
    CHECK(b.error_message(b.ask(renew, in("access_token", "access-1"))) == "Unauthenticated");
    b.clock.advance(60s);
    CHECK(b.error_message(b.ask(texts::hello)) == "Unauthenticated");
    b.token = "refresh-1";
    CHECK(b.error_message(b.ask(renew, in("access_token", "access-2"))) == "Unauthenticated");
    CHECK(b.error_message(b.ask(renew, in("access_token", "access-1"))) == "");
    CHECK(b.error_message(b.ask(renew, in("access_token", "access-1"))) == "Unauthenticated");
    b.token = "access-2";
    CHECK(b.ask(texts::hello) == load("prefect1/hello.json"));
    b.prefect.revoke_access();
    CHECK(b.error_message(b.ask(texts::hello)) == "Unauthenticated");

    bench refused{{.cloud = true, .token = "good", .may_switch_tenant = false}};
    refused.token = "good";
    CHECK(refused.error_message(refused.ask(enter, in("tenant_id", refused.prefect.tenant_id()))) == "Unauthenticated");
    bench server;
    CHECK(server.error_message(server.ask(enter, in("tenant_id", other))).find("switch_tenant") != std::string::npos);
    CHECK(server.status == 400);
}

TEST_CASE("Asked too often it says 429 and when to come again", "[fake_prefect]") {
    bench b{{.requests_a_minute = 2}};
    b.ask(texts::hello);
    b.clock.advance(10s + 1us);
    b.ask(texts::hello);
    CHECK(b.status == 200);
    auto const late = b.prefect.send(b.request(texts::hello, nullptr));
    REQUIRE(late);
    CHECK(late->status == 429);
    CHECK(late->headers.value_of("Retry-After") == "50");
    b.clock.advance(50s);
    b.ask(texts::hello);
    CHECK(b.status == 200);
    CHECK(b.prefect.send(b.request(texts::hello, nullptr))->headers.value_of("Retry-After") == "10");
}

TEST_CASE("A Server that nobody has made a tenant on has none", "[fake_prefect]") {
    bench b{{.no_tenant = true}};
    CHECK(b.ask(texts::tenant) == load("prefect1/tenant_none.json"));
}

TEST_CASE("Planned faults look like the backend's own", "[fake_prefect]") {
    bench b;
    b.prefect.add_flow_runs(load("prefect1/flow_run_docker_run_config.json"));
    b.prefect.faults().fail(
        "get_runs_in_queue", 0,
        testing::refused(200, "API_ERROR", "Unable to complete operation. An internal API error occurred."));
    auto const answer = b.poll({"aws"});
    auto recorded = load("prefect1/error_http200_api_error.json");
    CHECK(at(at(answer, "errors")[0], "message") == at(at(recorded, "errors")[0], "message"));
    CHECK(at(at(answer, "errors")[0], "extensions") == at(at(recorded, "errors")[0], "extensions"));
    CHECK(at(answer, "data") == at(recorded, "data"));

    b.prefect.faults().fail("set_flow_run_states", 0, testing::dropped().after());
    b.submit(bench::run);
    CHECK(b.status == 0);
    CHECK(b.prefect.state(bench::run) == "Submitted");
    b.prefect.faults().fail("hello", 0, testing::answered(502, "<html>"));
    b.ask(texts::hello);
    CHECK(b.status == 502);
    CHECK(b.prefect.log().all("hello")[0].status == 502);
}

TEST_CASE("Threads may poll, claim and look at once", "[fake_prefect]") {
    bench b;
    for (int i = 0; i != 20; ++i) b.prefect.add_flow_run(b.row(i, "[]", "2024-01-02T03:04:05+00:00"));
    std::vector<std::thread> threads;
    for (int worker = 0; worker != 4; ++worker)
        threads.emplace_back([&, worker] {
            for (int i = worker; i < 20; i += 4) {
                auto const query = b.request(texts::get_runs_in_queue, b.queue_input({}));
                (void)b.prefect.send(query);
                (void)b.prefect.send(b.request(texts::set_flow_run_states, b.submit_input(b.id(i))));
                (void)b.prefect.history(b.id(i));
                (void)b.prefect.logs();
                b.clock.advance(1ms);
            }
        });
    for (auto& each : threads) each.join();
    for (int i = 0; i != 20; ++i) CHECK(b.prefect.state(b.id(i)) == "Submitted");
}
