#include <fargate/prefect/state_queries.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

using namespace fargate;
using testing_support::json_of;
using testing_support::recorded_data;
using testing_support::same;

TEST_CASE("3.8: a flow run's state") {
    auto const asked = prefect::set_flow_run_state_mutation("run", 2, json_of(R"({"type": "Failed"})"));
    CHECK(asked.text ==
          "mutation($input: set_flow_run_states_input!) { set_flow_run_states(input: $input) { states { id "
          "status message } } }");
    CHECK(
        same(asked.variables,
             json_of(R"({"input": {"states": [{"flow_run_id": "run", "version": 2, "state": {"type": "Failed"}}]}})")));
    CHECK(same(prefect::set_flow_run_state_mutation("run", std::nullopt, nullptr).variables,
               json_of(R"({"input": {"states": [{"flow_run_id": "run", "version": null, "state": null}]}})")));
    CHECK(prefect::read_state_set(recorded_data("set_flow_run_states"), "set_flow_run_states"));
}

TEST_CASE("3.9: a task run's state") {
    auto const asked = prefect::set_task_run_state_mutation("task", 4, json_of(R"({"type": "Submitted"})"));
    CHECK(asked.text ==
          "mutation($input: set_task_run_states_input!) { set_task_run_states(input: $input) { states { id "
          "status message } } }");
    CHECK(same(
        asked.variables,
        json_of(R"({"input": {"states": [{"task_run_id": "task", "version": 4, "state": {"type": "Submitted"}}]}})")));
    CHECK(prefect::read_state_set(recorded_data("set_task_run_states"), "set_task_run_states"));
}

TEST_CASE("3.8: the status is not looked at, but there has to be an answer for the state") {
    for (char const* const status : {"\"SUCCESS\"", "\"QUEUED\"", "null"})
        CHECK(prefect::read_state_set(
            json_of(std::string{R"({"set_flow_run_states": {"states": [{"status": )"} + status + "}]}}"),
            "set_flow_run_states"));
    for (char const* const data :
         {"null", R"({"set_flow_run_states": null})", R"({"set_flow_run_states": {}})",
          R"({"set_flow_run_states": {"states": null}})", R"({"set_flow_run_states": {"states": []}})"})
        CHECK(prefect::read_state_set(json_of(data), "set_flow_run_states").error().code == errc::malformed_response);
    CHECK_FALSE(prefect::read_state_set(recorded_data("set_task_run_states"), "set_flow_run_states"));
}

TEST_CASE("where a run stands") {
    CHECK(prefect::standing_query("flow_run", "id-1").text ==
          R"(query { flow_run(where: {id: {_eq: "id-1"}}) { id version state agent_id } })");
    CHECK(prefect::standing_query("task_run", "id-1").text ==
          R"(query { task_run(where: {id: {_eq: "id-1"}}) { id version state } })");
    auto const read = [](char const* text) { return prefect::read_standing(json_of(text), "flow_run"); };
    auto const found = read(R"({"flow_run": [{"version": 3, "state": "Submitted", "agent_id": "a"}]})");
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->version == 3);
    CHECK((*found)->state == "Submitted");
    CHECK((*found)->agent_id == "a");
    CHECK((*read(R"({"flow_run": [{"version": 3, "state": "Running", "agent_id": null}]})"))->agent_id.empty());
    CHECK_FALSE(*read(R"({"flow_run": []})"));
    for (char const* const data : {"null", "{}", R"({"flow_run": null})", R"({"flow_run": [{"version": 3}]})",
                                   R"({"flow_run": [{"state": "Running"}]})"})
        CHECK(read(data).error().code == errc::malformed_response);
}

TEST_CASE("several flow runs' states are one list, and there has to be an answer for each") {
    std::vector<prefect::state_change> two;
    two.push_back({"run-1", 2, json_of(R"({"type": "Submitted"})")});
    two.push_back({"run-2", std::nullopt, nullptr});
    auto const asked = prefect::set_flow_run_states_mutation(std::move(two));
    CHECK(asked.text == prefect::set_flow_run_state_mutation("run", 2, nullptr).text);
    CHECK(same(asked.variables, json_of(R"({"input": {"states": [
        {"flow_run_id": "run-1", "version": 2, "state": {"type": "Submitted"}},
        {"flow_run_id": "run-2", "version": null, "state": null}]}})")));
    auto const read = [](char const* rows) {
        return prefect::read_state_set(json_of(R"({"set_flow_run_states": {"states": )" + std::string{rows} + "}}"),
                                       "set_flow_run_states", 2)
            .has_value();
    };
    CHECK(read(R"([{"id": "a"}, {"id": "b"}])"));
    CHECK_FALSE(read(R"([{"id": "a"}])"));
    CHECK_FALSE(read(R"([{"id": "a"}, null])"));
}
