#ifndef FARGATE_TESTS_TESTING_PREFECT_BENCH_HPP
#define FARGATE_TESTS_TESTING_PREFECT_BENCH_HPP

#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>

#include "support/vectors.hpp"
#include "testing/signed_request.hpp"

#include <string>
#include <utility>
#include <vector>

namespace testing_support {

using namespace fargate;

/// The agent's texts, letter by letter as the contract records them from the wire.
namespace texts {

inline constexpr char const* tenant = "query { tenant { id } }";
inline constexpr char const* auth_info = "query { auth_info { api_token_scope } }";
inline constexpr char const* register_agent =
    "mutation($input: register_agent_input!) { register_agent(input: $input) { id } }";
inline constexpr char const* agent_config =
    "query { agent_config(where: {id: {_eq: \"bbbbbbbb-0000-4000-8000-000000000000\"}}) { settings } }";
inline constexpr char const* hello = "query { hello }";
inline constexpr char const* get_runs_in_queue =
    "mutation($input: get_runs_in_queue_input!) { get_runs_in_queue(input: $input) { flow_run_ids } }";
inline constexpr char const* set_flow_run_states =
    "mutation($input: set_flow_run_states_input!) { set_flow_run_states(input: $input) { states { id status message } "
    "} }";
inline constexpr char const* set_task_run_states =
    "mutation($input: set_task_run_states_input!) { set_task_run_states(input: $input) { states { id status message } "
    "} }";
inline constexpr char const* write_run_logs =
    "mutation($input: write_run_logs_input!) { write_run_logs(input: $input) { success } }";
inline constexpr char const* heartbeat =
    "mutation($input: update_flow_run_heartbeat_input!) { update_flow_run_heartbeat(input: $input) { success } }";

inline std::string metadata(std::string const& id, std::string const& until, char const* columns = "") {
    return R"(query { flow_run(where: {
        id: {_in: [")" +
           id + R"("]},
        _or: [ {state: {_eq: "Scheduled"}},
               {state: {_eq: "Running"}, task_runs: {state_start_time: {_lte: ")" +
           until + R"("}}} ] }) {
      id version state serialized_state parameters scheduled_start_time )" +
           columns + R"(
      flow { id name environment run_config storage version core_version }
      task_runs(where: {state_start_time: {_lte: ")" +
           until + R"("}}) { id version task_id serialized_state } } })";
}

} // namespace texts

/// The same members of the same kinds, in any order; lists by their first items, null like anything.
inline bool same_shape(json::value const& left, json::value const& right) {
    auto const* const a = left.get_ptr<json::value::object_t const*>();
    auto const* const b = right.get_ptr<json::value::object_t const*>();
    if (a != nullptr && b != nullptr) {
        if (a->size() != b->size()) return false;
        for (auto const& [name, each] : *a) {
            if (!right.contains(name)) return false;
            json::value const other = at(right, name.c_str());
            if (!each.is_null() && !other.is_null() && !same_shape(each, other)) return false;
            if (each.is_null() != other.is_null()) return false;
        }
        return true;
    }
    if (left.is_array() && right.is_array()) return left.empty() || right.empty() || same_shape(left[0], right[0]);
    return left.type() == right.type();
}

/// A fake Prefect with its clock, and an agent's calls.
struct prefect_bench {
    static constexpr char const* run = "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21"; ///< flow_run_docker_run_config

    explicit prefect_bench(testing::prefect_setup setup = {}) : prefect{std::move(setup), testing::time_of(clock)} {}

    testing::manual_clock clock;
    testing::fake_prefect prefect;
    std::string token{};
    std::string agent_id{};
    int status = 0;

    http::request request(std::string const& query, json::value const& variables) const {
        http::request made;
        made.method = "POST";
        made.url = "http://apollo.internal:4200/";
        made.headers.add("Content-Type", "application/json");
        made.headers.add("X-PREFECT-CORE-VERSION", "0.13.19");
        if (!token.empty()) made.headers.add("Authorization", "Bearer " + token);
        if (!agent_id.empty()) made.headers.add("X-PREFECT-AGENT-ID", agent_id);
        json::value body;
        json::set(body, "query", query);
        json::set(body, "variables", json::write(variables)); // a text that holds JSON, as the agent sends it
        made.body = json::write(body);
        return made;
    }
    json::value ask(std::string const& query, json::value const& variables = nullptr) {
        return take(prefect.send(request(query, variables)));
    }
    json::value take(result<http::response> const& answer) {
        status = answer ? answer->status : 0;
        return answer ? document(answer->body) : json::value{};
    }

    json::value agent_input() const {
        json::value const input{{"type", "FargateAgent"},
                                {"name", "agent"},
                                {"labels", json::value::array({"b", "a"})},
                                {"tenant_id", prefect.tenant_id()},
                                {"agent_config_id", nullptr}};
        return json::value{{"input", input}};
    }
    json::value queue_input(std::vector<std::string> const& labels) const {
        json::value const input{
            {"before", text::iso8601(clock.now())}, {"labels", labels}, {"tenant_id", prefect.tenant_id()}};
        return json::value{{"input", input}};
    }
    json::value poll(std::vector<std::string> const& labels) {
        return ask(texts::get_runs_in_queue, queue_input(labels));
    }
    json::value submit_input(std::string const& id) const {
        json::value const state{{"flow_run_id", id},
                                {"version", 2},
                                {"state", testing::prefect_state("Submitted", "Submitted for execution")}};
        return json::value{{"input", json::value{{"states", json::value::array({state})}}}};
    }
    json::value submit(std::string const& id) { return ask(texts::set_flow_run_states, submit_input(id)); }

    static std::vector<std::string> ids(json::value const& answer) {
        std::vector<std::string> made;
        for (auto const& each : at(at(at(answer, "data"), "get_runs_in_queue"), "flow_run_ids"))
            made.emplace_back(*json::as_text(each));
        return made;
    }
    static std::string error_message(json::value const& answer) {
        auto const errors = at(answer, "errors");
        return errors.is_array() ? testing_support::text(errors[0], "message") : "";
    }

    /// A run that is told from others by its number.
    static json::value row(int number, char const* labels, char const* start) {
        return json::value{{"id", id(number)},
                           {"labels", document(labels)},
                           {"scheduled_start_time", start},
                           {"flow", json::value{{"id", "f"}, {"name", "flow"}}}};
    }
    static std::string id(int number) {
        std::string const digits = std::to_string(number);
        return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
    }
    static std::vector<int> numbers(json::value const& answer) {
        std::vector<int> made;
        for (auto const& each : ids(answer)) made.push_back(std::stoi(each.substr(24)));
        return made;
    }
};

} // namespace testing_support

#endif
