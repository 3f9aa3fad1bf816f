#include <fargate/prefect/queries.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

using namespace fargate;
using testing_support::folded;
using testing_support::json_of;
using testing_support::recorded_data;
using testing_support::same;

// The texts and variables are those that were recorded from the original agent.

TEST_CASE("3.1: the token's scope") {
    CHECK(prefect::token_scope_query().text == "query { auth_info { api_token_scope } }");
    CHECK(prefect::token_scope_query().variables.is_null());
    CHECK(prefect::read_token_scope(recorded_data("cloud_auth_info_token_scope")) == "RUNNER");
    for (char const* const data :
         {"null", "{}", R"({"auth_info": null})", R"({"auth_info": {"api_token_scope": null}})",
          R"({"auth_info": {"api_token_scope": 7}})"})
        CHECK(prefect::read_token_scope(json_of(data)).empty());
    CHECK(prefect::read_token_scope(recorded_data("cloud_auth_info_tenant")).empty());
}

TEST_CASE("7: 0.15.0: the tenant of a key is asked for, and a null one means that a token was given as a key") {
    CHECK(prefect::key_tenant_query().text == "query { auth_info { tenant_id } }");
    CHECK(*prefect::read_key_tenant(recorded_data("cloud_auth_info_tenant")) == "72940fd6-5183-4fa4-a2c0-495b0d1f83ed");
    auto const token = prefect::read_key_tenant(json_of(R"({"auth_info": {"tenant_id": null}})"));
    REQUIRE_FALSE(token);
    CHECK(token.error().code == errc::unauthorized);
    CHECK(token.error().message.find("it is an API token") != std::string::npos);
    for (char const* const data :
         {"null", "{}", R"({"auth_info": null})", R"({"auth_info": {}})", R"({"auth_info": {"tenant_id": 7}})",
          R"({"auth_info": {"tenant_id": ""}})", R"({"auth_info": {"tenant_id": "a\r\nX: b"}})"})
        CHECK(prefect::read_key_tenant(json_of(data)).error().code == errc::malformed_response);
}

TEST_CASE("3.2: the tenant") {
    CHECK(prefect::tenant_query().text == "query { tenant { id } }");
    CHECK(*prefect::read_tenant(recorded_data("tenant")) == "72940fd6-5183-4fa4-a2c0-495b0d1f83ed");
    CHECK(prefect::read_tenant(recorded_data("tenant_none"))->empty());
    CHECK(*prefect::read_tenant(json_of(R"({"tenant": [{"id": "a"}, {"id": "b"}]})")) == "a");
    CHECK(prefect::read_tenant(json_of("{}")).error().code == errc::malformed_response);
}

TEST_CASE("3.3: registration") {
    auto options = testing_support::server_settings();
    auto const asked = prefect::register_agent_mutation(options, "tenant-id");
    CHECK(asked.text == "mutation($input: register_agent_input!) { register_agent(input: $input) { id } }");
    CHECK(
        same(asked.variables, json_of(R"({"input": {"type": "FargateAgent", "name": "agent", "labels": ["aws", "prod"],
        "tenant_id": "tenant-id", "agent_config_id": null}})")));
    options.labels.clear();
    options.name = "na\"me";
    options.agent_config_id = "config-id";
    CHECK(same(prefect::register_agent_mutation(options, "").variables,
               json_of(R"({"input": {"type": "FargateAgent", "name": "na\"me", "labels": [], "tenant_id": null,
        "agent_config_id": "config-id"}})")));

    CHECK(*prefect::read_agent_id(recorded_data("register_agent")) == "83a51fe7-6294-40b5-b3d1-5a6c1e2094fe");
    for (char const* const data : {"null", R"({"register_agent": null})", R"({"register_agent": {"id": null}})",
                                   R"({"register_agent": {"id": ""}})", R"({"register_agent": {"id": "a\r\nX: b"}})"})
        CHECK(prefect::read_agent_id(json_of(data)).error().code == errc::malformed_response);
}

TEST_CASE("3.4: the agent config") {
    CHECK(prefect::agent_config_query("c0ffee").text ==
          R"(query { agent_config(where: {id: {_eq: "c0ffee"}}) { settings } })");
    CHECK(*prefect::read_agent_config(recorded_data("agent_config")));
    CHECK_FALSE(*prefect::read_agent_config(json_of(R"({"agent_config": []})")));
    CHECK_FALSE(prefect::read_agent_config(json_of("{}")));
}

TEST_CASE("3.5: hello") { CHECK(prefect::hello_query().text == "query { hello }"); }

TEST_CASE("3.6: the queue") {
    auto const asked =
        prefect::runs_in_queue_mutation("2020-12-08T17:00:00.123456+00:00", {"aws", "prod"}, "tenant-id");
    CHECK(asked.text ==
          "mutation($input: get_runs_in_queue_input!) { get_runs_in_queue(input: $input) { flow_run_ids } }");
    CHECK(same(asked.variables, json_of(R"({"input": {"before": "2020-12-08T17:00:00.123456+00:00",
        "labels": ["aws", "prod"], "tenant_id": "tenant-id"}})")));
    CHECK(same(prefect::runs_in_queue_mutation("t", {}, "").variables,
               json_of(R"({"input": {"before": "t", "labels": [], "tenant_id": null}})")));

    CHECK(*prefect::read_runs_in_queue(recorded_data("get_runs_in_queue")) ==
          std::vector<std::string>{"7f1d5c0a-3b6e-4a55-9c1c-0d9b7a1f2e10", "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21"});
    CHECK(prefect::read_runs_in_queue(recorded_data("get_runs_in_queue_empty"))->empty());
    for (char const* const data :
         {"null", "{}", R"({"get_runs_in_queue": null})", R"({"get_runs_in_queue": {}})",
          R"({"get_runs_in_queue": {"flow_run_ids": null}})", R"({"get_runs_in_queue": {"flow_run_ids": [null]}})",
          R"({"get_runs_in_queue": {"flow_run_ids": [1]}})"})
        CHECK(prefect::read_runs_in_queue(json_of(data)).error().code == errc::malformed_response);
}

TEST_CASE("3.7: the metadata, with its arguments in the text") {
    std::string const ids[] = {"id-1", "id-2"};
    auto const asked = prefect::flow_runs_query(ids, "T", prefect::run_configs::of_flows);
    CHECK(asked.variables.is_null());
    std::string const recorded_one = R"(query { flow_run(where: {
        id: {_in: ["id-1", "id-2"]},
        _or: [ {state: {_eq: "Scheduled"}},
               {state: {_eq: "Running"}, task_runs: {state_start_time: {_lte: "T"}}} ] }) {
      id version state serialized_state parameters scheduled_start_time
      flow { id name environment run_config storage version core_version }
      task_runs(where: {state_start_time: {_lte: "T"}}) { id version task_id serialized_state } } })";
    CHECK(folded(asked.text) == folded(recorded_one));

    std::string newer = recorded_one;
    std::string const last = "scheduled_start_time\n";
    newer.insert(newer.find(last) + last.size(), "run_config ");
    CHECK(folded(prefect::flow_runs_query(ids, "T", prefect::run_configs::of_runs_and_flows).text) == folded(newer));
}

TEST_CASE("7: 0.14.2: an older server is known by its refusal, in its own words") {
    auto const refused = [](int status, std::string const& body) {
        return prefect::read_answer({status, {}, body}, "http://h/", testing_support::server_settings(), {}).error();
    };
    CHECK(prefect::lacks_run_configs(refused(400, testing_support::recorded("error_http400_unknown_field"))));
    CHECK_FALSE(prefect::lacks_run_configs(refused(400, testing_support::recorded("error_http400_null_tenant"))));
    CHECK_FALSE(prefect::lacks_run_configs(
        refused(400, R"({"errors": [{"message": "Cannot query field \"run_config\" on type \"flow\"."}]})")));
    CHECK_FALSE(prefect::lacks_run_configs(refused(500, testing_support::recorded("error_http400_unknown_field"))));
}

TEST_CASE("what a server put into an id stays text in the query that names it") {
    std::string const ids[] = {"a\"]}}) { id } } #", "b\\", "c\n"};
    auto const text = prefect::flow_runs_query(ids, "T", prefect::run_configs::of_flows).text;
    CHECK(text.find(R"(["a\"]}}) { id } } #", "b\\", "c\n"])") != std::string::npos);
    CHECK(prefect::agent_config_query("\"").text.find(R"({_eq: "\""})") != std::string::npos);
}

TEST_CASE("3.10: a line in a run's log") {
    auto lines = json::value::array();
    lines.push_back(prefect::run_log_line("run", "agent", log_level::warning, "text"));
    auto const asked = prefect::write_run_logs_mutation(lines);
    CHECK(asked.text == "mutation($input: write_run_logs_input!) { write_run_logs(input: $input) { success } }");
    CHECK(
        same(asked.variables, json_of(R"({"input": {"logs": [{"flow_run_id": "run", "name": "agent", "message": "text",
        "level": "WARNING"}]}})")));
    for (auto const& [level, name] : {std::pair{log_level::debug, "DEBUG"}, std::pair{log_level::info, "INFO"},
                                      std::pair{log_level::error, "ERROR"}, std::pair{log_level::critical, "CRITICAL"}})
        CHECK(prefect::run_log_line("r", "a", level, "t")["level"] == name);

    CHECK(prefect::read_success(recorded_data("write_run_logs"), "write_run_logs"));
    CHECK(prefect::read_success(json_of(R"({"write_run_logs": {"success": false}})"), "write_run_logs").error().code ==
          errc::service_error);
    CHECK(prefect::read_success(json_of(R"({"write_run_logs": null})"), "write_run_logs").error().code ==
          errc::malformed_response);
}

TEST_CASE("a heartbeat names the run") {
    auto const asked = prefect::heartbeat_mutation("run");
    CHECK(asked.text ==
          "mutation($input: update_flow_run_heartbeat_input!) { update_flow_run_heartbeat(input: $input) { "
          "success } }");
    CHECK(same(asked.variables, json_of(R"({"input": {"flow_run_id": "run"}})")));
}

TEST_CASE("runs are looked at with their newest waiting state, and with the task runs that are due or submitted") {
    std::string const ids[] = {"id-1", "id-2"};
    std::string const columns =
        R"({ id version state state_timestamp agent_id serialized_state scheduled_start_time run_config
      states(where: {state: {_in: ["Scheduled", "Resume", "Retrying", "Paused", "Queued"]}},
        order_by: {version: desc}, limit: 1) { version }
      flow { id name environment run_config storage version core_version }
      task_runs(where: {_or: [ {state: {_eq: "Submitted"}}, {state_start_time: {_lte: "T"}} ]}) {
      id version task_id state_timestamp serialized_state
      states(where: {state: {_in: ["Scheduled", "Resume", "Retrying", "Paused", "Queued"]}},
        order_by: {version: desc}, limit: 1) { version } } } })";
    auto asked = prefect::look_query(ids, "T", {});
    CHECK(asked.variables.is_null());
    CHECK(folded(asked.text) == folded(R"(query { flow_run(where: {id: {_in: ["id-1", "id-2"]}}) )" + columns));
    CHECK(
        folded(prefect::owned_query(ids, "T", {}, 100, 50).text) ==
        folded(
            R"(query { flow_run(where: {agent_id: {_in: ["id-1", "id-2"]}, _or: [ {state: {_in: ["Submitted", "Cancelling"]}},
            {state: {_eq: "Running"}, task_runs: {state: {_eq: "Submitted"}}} ]},
            order_by: [{state_timestamp: asc}, {id: asc}], limit: 50, offset: 100) )" +
            columns));
    asked = prefect::look_query(ids, "T", {prefect::run_configs::of_flows, false});
    CHECK(asked.text.find("states(") == std::string::npos);
    CHECK(asked.text.find("scheduled_start_time flow") != std::string::npos);
}

TEST_CASE("a refusal of past states is known from others") {
    error why;
    why.http_status = 400;
    why.message = R"(h refused: X: Cannot query field "states" on type "task_run".)";
    CHECK(prefect::lacks_histories(why));
    why.http_status = 200;
    CHECK_FALSE(prefect::lacks_histories(why));
}

TEST_CASE("the agents that have the same labels, in any order, are a fleet") {
    auto const read = [](std::vector<std::string> labels) {
        return prefect::read_fleet(
            json_of(R"({"agent": [{"id": "a", "labels": ["x", "y"]}, {"id": "b", "labels": ["y"]},
            {"id": "c", "labels": []}, {"id": "d", "labels": ["y", "x", "y"]}]})"),
            std::move(labels));
    };
    using names = std::vector<std::string>;
    CHECK(*read({"y", "x"}) == names{"a", "d"});
    CHECK(*read({"y", "y"}) == names{"b"});
    CHECK(*read({}) == names{"c"});
    CHECK(prefect::read_fleet(json_of("{}"), {}).error().code == errc::malformed_response);
    CHECK(prefect::fleet_query({}, "").text ==
          R"(query { agent(where: {type: {_eq: "FargateAgent"}, labels: {_contains: []}}, )"
          "order_by: {last_queried: desc_nulls_last}, limit: 200) { id labels } }");
}
