#include <fargate/prefect/server.hpp>

#include "prefect/recorded.hpp"
#include "prefect/server_bench.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::asked;
using testing_support::asked_by;
using testing_support::cloud_settings;
using testing_support::json_of;
using testing_support::recorded;
using testing_support::recorded_data;
using testing_support::same;
using testing_support::seconds;
using testing_support::server_settings;

namespace {

constexpr char const* agent_id = "83a51fe7-6294-40b5-b3d1-5a6c1e2094fe";
constexpr char const* tenant_id = "72940fd6-5183-4fa4-a2c0-495b0d1f83ed";
constexpr char const* docker_run = "7f1d5c0a-3b6e-4a55-9c1c-0d9b7a1f2e10";
constexpr char const* config_run = "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21";
constexpr char const* no_registration =
    "Unable to register agent to http://apollo.internal:4200. Make sure the server is running on the latest version.";

using bench = testing_support::server_bench;
using names = std::vector<std::string>;

prefect::flow_run run_of(std::string const& name) {
    auto const runs = prefect::read_flow_runs(recorded_data(name));
    REQUIRE(runs);
    return runs->front();
}

/// An answer to the metadata query with the rows of these files.
std::string metadata_of(std::vector<std::string> const& files) {
    auto rows = json::value::array();
    for (auto const& each : files) rows.push_back(recorded_data(each)["flow_run"][0]);
    auto data = json::value::object();
    json::set(data, "flow_run", rows);
    auto document = json::value::object();
    json::set(document, "data", data);
    return json::write(document);
}

/// An answer to the question where a run stands.
std::string standing(char const* state, int version, char const* agent = agent_id) {
    return std::string{R"({"data": {"flow_run": [{"id": "x", "state": ")"} + state + R"(", "version": )" +
           std::to_string(version) + R"(, "agent_id": ")" + agent + R"("}]}})";
}

std::vector<std::string> ids_of(std::vector<prefect::flow_run> const& runs) {
    std::vector<std::string> ids;
    for (auto const& each : runs) ids.push_back(each.id);
    return ids;
}

} // namespace

TEST_CASE("2.1: X-PREFECT-AGENT-ID: id from registration, on every request after it, never before: tenant, "
          "registration, hello") {
    bench with{server_settings()};
    with.reply("tenant").reply("register_agent").reply("hello");
    REQUIRE(with.source.open());
    CHECK(with.fields() == names{"tenant", "register_agent", "hello"});
    CHECK(same(with.variables(1),
               json_of(R"({"input": {"type": "FargateAgent", "name": "agent", "labels": ["aws", "prod"],
        "tenant_id": "72940fd6-5183-4fa4-a2c0-495b0d1f83ed", "agent_config_id": null}})")));
    auto const requests = with.requests();
    CHECK_FALSE(requests[1].headers.find("X-PREFECT-AGENT-ID"));
    CHECK(requests[2].headers.value_of("X-PREFECT-AGENT-ID") == agent_id);
    CHECK(with.log.contains("Agent connecting to the Prefect API at http://apollo.internal:4200"));
    CHECK(with.log.contains(std::string{"Agent ID: "} + agent_id));
    CHECK(with.log.count(log_level::warning) + with.log.count(log_level::error) == 0);
}

TEST_CASE("open, server: a configured tenant is not asked for, and a token is sent") {
    auto options = server_settings();
    options.tenant_id = "mine";
    options.token = secret{"hunter2"};
    bench with{options};
    with.reply("register_agent").reply("hello");
    REQUIRE(with.source.open());
    CHECK(with.fields() == names{"register_agent", "hello"});
    CHECK(with.variables(0)["input"]["tenant_id"] == "mine");
    CHECK(with.requests()[0].headers.value_of("Authorization") == "Bearer hunter2");
}

TEST_CASE("3.1: token scope (cloud-only): comes first, and the tenant stays null") {
    bench with{cloud_settings()};
    with.reply("cloud_auth_info_token_scope").reply("register_agent").reply("hello");
    REQUIRE(with.source.open());
    CHECK(with.fields() == names{"auth_info", "register_agent", "hello"});
    CHECK(with.variables(1)["input"]["tenant_id"].is_null());
    CHECK(with.requests()[0].headers.value_of("Authorization") == "Bearer RUNNER-TOKEN");
}

TEST_CASE("2.5: without a token the cloud is not even asked") {
    bench with{prefect::settings{}};
    auto const opened = with.source.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::unauthorized);
    CHECK(opened.error().message == "No agent API token provided.");
    CHECK(with.requests().empty());
}

TEST_CASE("2.5: a token of another scope, or of none, is refused") {
    for (char const* const answer : {R"({"data": {"auth_info": {"api_token_scope": "USER"}}})", R"({"data": null})",
                                     R"({"data": {"auth_info": null}})"}) {
        bench with{cloud_settings()};
        with.reply(200, answer);
        auto const opened = with.source.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == errc::unauthorized);
        CHECK(opened.error().message == "Provided token does not have a RUNNER scope.");
        CHECK(with.fields() == names{"auth_info"});
    }
}

TEST_CASE("open, cloud: what goes wrong before hello is an error") {
    bench refused{cloud_settings()};
    refused.reply("error_http200_unauthenticated");
    CHECK(refused.source.open().error().code == errc::unauthorized);

    bench unregistered{cloud_settings()};
    unregistered.reply("cloud_auth_info_token_scope").reply(200, R"({"data": {"register_agent": null}})");
    CHECK(unregistered.source.open().error().code == errc::malformed_response);

    bench forbidden{cloud_settings()};
    forbidden.reply("cloud_auth_info_token_scope").reply(403, "");
    CHECK(forbidden.source.open().error().http_status == 403);
    CHECK(forbidden.log.lines().empty());
}

TEST_CASE("an address that cannot be used fails open on both backends") {
    for (auto options : {server_settings(), cloud_settings()}) {
        options.api = "apollo";
        bench with{options};
        CHECK(with.source.open().error().code == errc::bad_configuration);
        CHECK(with.http.requests().empty());
    }
}

TEST_CASE("3.4: a configured agent config is looked up after the registration") {
    auto options = server_settings();
    options.agent_config_id = "c0ffee";
    bench with{options};
    with.reply("tenant").reply("register_agent").reply("agent_config").reply("hello");
    REQUIRE(with.source.open());
    CHECK(with.fields() == names{"tenant", "register_agent", "agent_config", "hello"});
    CHECK(with.variables(1)["input"]["agent_config_id"] == "c0ffee");
    CHECK(with.requests()[2].headers.value_of("X-PREFECT-AGENT-ID") == agent_id);
}

TEST_CASE("3.4: an agent config that does not exist is an error that names it, on both backends") {
    for (auto options : {server_settings(), cloud_settings()}) {
        options.agent_config_id = "c0ffee";
        bench with{options};
        with.reply(options.backend == prefect::backend::cloud ? "cloud_auth_info_token_scope" : "tenant");
        with.reply("register_agent").reply(200, R"({"data": {"agent_config": []}})");
        auto const opened = with.source.open();
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == errc::not_found);
        CHECK(opened.error().message.find("c0ffee") != std::string::npos);
        CHECK(with.log.count(log_level::warning) == 0);
    }
}

TEST_CASE("3.5, 7: 0.14.20: hello failure is fatal: here, as in 0.13, it is two ERROR lines and no error") {
    bench with{server_settings()};
    with.reply("tenant").reply("register_agent").reply(500, "oh");
    REQUIRE(with.source.open());
    auto const lines = with.log.lines();
    REQUIRE(lines.size() >= 2);
    CHECK(lines[lines.size() - 2].level == log_level::error);
    CHECK(lines[lines.size() - 2].text == "There was an error connecting to http://apollo.internal:4200");
    CHECK(lines[lines.size() - 1].level == log_level::error);
    CHECK(lines[lines.size() - 1].text.find("answered 500") != std::string::npos);
}

TEST_CASE("3.3, 7: 0.14.5: registration failure fatal on both backends: here a server that cannot register the agent "
          "is a warning, and asked again at every poll until it does") {
    bench with{server_settings()};
    with.reply("tenant").reply("error_http200_api_error");
    for (int resend = 0; resend != 6; ++resend) with.reply("error_http200_api_error");
    with.reply("hello");
    REQUIRE(with.source.open());
    CHECK(with.log.count(no_registration) == 1);
    CHECK(with.log.count(log_level::warning) == 2);

    with.past = with.http.requests().size();
    with.log.clear();
    with.reply(400, recorded("error_http400_unknown_field")).reply("get_runs_in_queue_empty");
    REQUIRE(with.source.poll({}));
    CHECK(with.fields() == names{"register_agent", "get_runs_in_queue"});
    CHECK_FALSE(with.requests()[1].headers.find("X-PREFECT-AGENT-ID"));
    CHECK(with.log.count(log_level::warning) == 0);

    with.past = with.http.requests().size();
    with.reply("register_agent").reply("get_runs_in_queue_empty");
    REQUIRE(with.source.poll({}));
    CHECK(with.fields() == names{"register_agent", "get_runs_in_queue"});
    CHECK(with.requests()[1].headers.value_of("X-PREFECT-AGENT-ID") == agent_id);
    CHECK(with.log.count("Agent registered to http://apollo.internal:4200") == 1);

    with.past = with.http.requests().size();
    with.reply("get_runs_in_queue_empty");
    REQUIRE(with.source.poll({}));
    CHECK(with.fields() == names{"get_runs_in_queue"});
}

TEST_CASE("an unreachable server lets open succeed, and each poll fails after one request until it is back") {
    bench with{server_settings()};
    with.drop().drop();
    REQUIRE(with.source.open());
    CHECK(with.fields() == names{"tenant", "hello"});
    CHECK(with.log.count(no_registration) == 1);
    CHECK(with.log.count("cannot connect") == 2);

    with.past = with.http.requests().size();
    with.drop().drop();
    for (int poll = 0; poll != 2; ++poll) CHECK(with.source.poll({}).error().code == errc::connection_failed);
    CHECK(with.fields() == names{"tenant", "tenant"});

    with.past = with.http.requests().size();
    with.reply("tenant").drop();
    CHECK(with.source.poll({}).error().code == errc::connection_failed);
    with.reply("register_agent").reply("get_runs_in_queue_empty");
    CHECK(with.source.poll({}));
    CHECK(with.fields() == names{"tenant", "register_agent", "register_agent", "get_runs_in_queue"});
    CHECK(with.variables(3)["input"]["tenant_id"] == tenant_id);
}

TEST_CASE(
    "3.2: tenant (server): a server without a tenant is asked for one at every poll, and the error says what to make") {
    bench with{server_settings()};
    with.reply("tenant_none").reply("hello");
    REQUIRE(with.source.open());
    CHECK(with.log.count(no_registration) == 1);
    CHECK(with.log.contains("has no tenant"));

    with.past = with.http.requests().size();
    with.reply("tenant_none");
    auto const poll = with.source.poll({});
    REQUIRE_FALSE(poll);
    CHECK(poll.error().code == errc::bad_configuration);
    CHECK(poll.error().message.find("prefect server create-tenant") != std::string::npos);

    with.reply("tenant").reply("register_agent").reply("get_runs_in_queue_empty");
    REQUIRE(with.source.poll({}));
    CHECK(with.fields() == names{"tenant", "tenant", "register_agent", "get_runs_in_queue"});
}

TEST_CASE("an agent config that the server could not tell about is looked for again without registering twice") {
    auto options = server_settings();
    options.agent_config_id = "c0ffee";
    bench with{options};
    with.reply("tenant").reply("register_agent").reply(500, "").reply("hello");
    REQUIRE(with.source.open());
    with.past = with.http.requests().size();
    with.reply("agent_config").reply("get_runs_in_queue_empty");
    REQUIRE(with.source.poll({}));
    CHECK(with.fields() == names{"agent_config", "get_runs_in_queue"});
}

TEST_CASE("a stop ends open and poll with cancelled") {
    std::stop_source source;
    source.request_stop();
    for (auto const& options : {server_settings(), cloud_settings()}) {
        bench with{options};
        CHECK(with.source.open(source.get_token()).error().code == errc::cancelled);
        CHECK(with.source.greet(source.get_token()).error().code == errc::cancelled);
        CHECK(with.source.poll({}, source.get_token()).error().code == errc::cancelled);
        CHECK(with.http.requests().empty());
        CHECK(with.log.count(log_level::warning) + with.log.count(log_level::error) == 0);
    }
}

TEST_CASE("3.6: a poll with nothing due is one request") {
    bench with{server_settings()};
    with.opened().reply("get_runs_in_queue_empty");
    auto const runs = with.source.poll({});
    REQUIRE(runs);
    CHECK(runs->empty());
    CHECK(with.fields() == names{"get_runs_in_queue"});
    CHECK(same(with.variables(0), json_of(R"({"input": {"before": "2024-01-02T03:04:05+00:00",
        "labels": ["aws", "prod"], "tenant_id": "72940fd6-5183-4fa4-a2c0-495b0d1f83ed"}})")));
    CHECK(with.requests()[0].headers.value_of("X-PREFECT-AGENT-ID") == agent_id);
    CHECK(with.log.text() == "DEBUG Querying for flow runs\nDEBUG No flow runs found\n");
}

TEST_CASE("3.7: due runs come with their metadata, the earliest first") {
    bench with{server_settings()};
    with.opened().reply("get_runs_in_queue");
    with.reply(200, metadata_of({"flow_run_docker_run_config", "flow_run_docker_local_environment"}));
    with.clock.advance(123456us);
    auto const runs = with.source.poll({});
    REQUIRE(runs);
    CHECK(ids_of(*runs) == names{docker_run, config_run});
    CHECK(runs->front().flow.name == "flow #1");

    CHECK(with.fields() == names{"get_runs_in_queue", "flow_run"});
    CHECK(with.variables(0)["input"]["before"] == "2024-01-02T03:04:05.123456+00:00");
    auto const query = asked_by(with.requests()[1]).query;
    CHECK(with.variables(1).is_null());
    CHECK(query.find(std::string{R"(id: {_in: [")"} + docker_run + R"(", ")" + config_run + R"("]})") !=
          std::string::npos);
    CHECK(query.find(R"({_lte: "2024-01-02T03:04:02.123456+00:00"})") != std::string::npos);
    CHECK(with.log.contains(std::string{"Found flow runs ['"} + docker_run + "', '" + config_run + "']"));
    CHECK(with.log.contains("Querying flow run metadata"));
}

TEST_CASE("3.7: runs are ordered by the text of their scheduled start, equal ones as they came") {
    auto const row = [](char const* id, char const* start) {
        auto made = recorded_data("flow_run_docker_run_config")["flow_run"][0];
        json::set(made, "id", id);
        json::set(made, "scheduled_start_time", start);
        return made;
    };
    auto document = json_of(R"({"data": {"flow_run": []}})");
    auto& rows = document["data"]["flow_run"];
    for (auto const& each : {row("e", "2020-12-09T08:30:05.25+00:00"), row("d", "2020-12-09T08:30:05+00:00"),
                             row("c", "2020-12-09T08:30:05+00:00"), row("b", "2019"), row("a", "")})
        rows.push_back(each);
    bench with{server_settings()};
    with.opened().reply(200, R"({"data": {"get_runs_in_queue": {"flow_run_ids": ["a", "b", "c", "d", "e"]}}})");
    with.reply(200, json::write(document));
    auto const runs = with.source.poll({});
    REQUIRE(runs);
    CHECK(ids_of(*runs) == names{"a", "b", "d", "c", "e"}); // '+' sorts before '.'
}

TEST_CASE("3.7: busy runs are not asked about, and nothing is asked when none is left") {
    bench with{server_settings()};
    with.opened().reply("get_runs_in_queue");
    std::string const both[] = {config_run, "another", docker_run};
    auto runs = with.source.poll(both);
    REQUIRE(runs);
    CHECK(runs->empty());
    CHECK(with.fields() == names{"get_runs_in_queue"});
    CHECK(with.log.contains(std::string{"(2 already submitting: ['"} + docker_run + "', '" + config_run + "'])"));

    with.past = with.http.requests().size();
    with.reply("get_runs_in_queue").reply(200, recorded("flow_run_docker_run_config"));
    std::string const one[] = {docker_run};
    runs = with.source.poll(one);
    REQUIRE(runs);
    CHECK(ids_of(*runs) == names{config_run});
    CHECK(asked_by(with.requests()[1]).query.find(docker_run) == std::string::npos);
    CHECK(with.log.contains(std::string{" (1 already submitting: ['"} + docker_run + "'])"));
}

TEST_CASE("3.7: what was not asked for is not launched, and an id that is offered twice is asked about once") {
    bench with{server_settings()};
    with.opened().reply(200, std::string{R"({"data": {"get_runs_in_queue": {"flow_run_ids": [")"} + config_run +
                                 "\", \"" + config_run + R"("]}}})");
    with.reply(200, metadata_of({"flow_run_docker_local_environment", "flow_run_docker_run_config"}));
    auto const runs = with.source.poll({});
    REQUIRE(runs);
    CHECK(ids_of(*runs) == names{config_run});
    auto const query = asked_by(with.requests()[1]).query;
    CHECK(query.find(config_run) == query.rfind(config_run));

    with.reply("get_runs_in_queue").reply(200, R"({"data": {"flow_run": []}})");
    CHECK(with.source.poll({})->empty());
}

TEST_CASE("7: 0.14.2: another refusal of the metadata is no reason to ask for less") {
    bench with{server_settings()};
    with.opened().reply("get_runs_in_queue").reply(400, recorded("error_http400_null_tenant"));
    CHECK(with.source.poll({}).error().service_code == "BAD_USER_INPUT");
    with.reply("get_runs_in_queue").reply(400, recorded("error_http400_unknown_field"));
    with.reply(400, recorded("error_http400_unknown_field"));
    CHECK(with.source.poll({}).error().service_code == "GRAPHQL_VALIDATION_FAILED");
    CHECK(with.fields() == names{"get_runs_in_queue", "flow_run", "get_runs_in_queue", "flow_run", "flow_run"});
}

TEST_CASE("7: 0.14.19: metadata asks flow_run.name: it is of no use here, and not asked for") {
    bench with{server_settings()};
    with.opened().reply("get_runs_in_queue").reply(200, R"({"data": {"flow_run": []}})");
    REQUIRE(with.source.poll({}));
    auto query = asked_by(with.requests()[1]).query;
    CHECK(query.find("flow { id name environment") != std::string::npos);
    CHECK(query.find(" name ") == query.rfind(" name "));
}

TEST_CASE("7: 0.14.17: prefetch: no run is held for longer than it was asked for ahead") {
    auto options = server_settings();
    options.prefetch = true;
    bench with{options};
    auto document = testing_support::load("prefect1/flow_run_docker_run_config.json");
    document["data"]["flow_run"][0]["serialized_state"]["start_time"] = "2099-01-01T00:00:00+00:00";
    with.opened().reply("get_runs_in_queue").reply(200, json::write(document));
    auto const runs = with.source.poll({});
    REQUIRE(runs);
    REQUIRE(runs->size() == 1);
    CHECK(runs->front().not_before == with.clock.now() + 10s);
}

TEST_CASE("a poll passes on what the api says, from either request") {
    for (bool const second : {false, true}) {
        bench with{server_settings()};
        with.opened();
        if (second) with.reply("get_runs_in_queue");
        with.reply(200, "<html>it works!</html>");
        auto const runs = with.source.poll({});
        REQUIRE_FALSE(runs);
        CHECK(runs.error().code == errc::malformed_response);
        CHECK(runs.error().message.find("http://apollo.internal:4200/") != std::string::npos);

        if (second) with.reply("get_runs_in_queue");
        with.reply(400, recorded("error_http400_null_tenant"));
        CHECK(with.source.poll({}).error().service_code == "BAD_USER_INPUT");
        if (second) with.reply("get_runs_in_queue");
        with.reply(200, R"({"data": null})");
        CHECK(with.source.poll({}).error().code == errc::malformed_response);
    }
}

TEST_CASE("3.6: the cloud's queue is asked with a null tenant") {
    bench with{cloud_settings()};
    with.reply("cloud_auth_info_token_scope").reply("register_agent").reply("hello").reply("get_runs_in_queue_empty");
    REQUIRE(with.source.open());
    REQUIRE(with.source.poll({}));
    CHECK(with.variables(3)["input"]["tenant_id"].is_null());
    CHECK(with.variables(3)["input"]["labels"] == json_of("[]"));
}

TEST_CASE("the recorded runs are claimed, launched and failed with the recorded requests") {
    for (char const* const name :
         {"plain_docker_local_environment", "plain_docker_run_config", "plain_environment_metadata_image",
          "plain_running_scheduled_task_runs", "plain_s3_environment_no_image", "plain_s3_no_environment_default_image",
          "revisions_docker_run_config"}) {
        INFO(name);
        auto const story = testing_support::load(std::string{"prefect1/expected_"} + name + ".json");
        auto const file = testing_support::text(story, "flow_run_file");
        auto const run = run_of(file.substr(0, file.size() - 5));
        auto options = server_settings();
        options.name = "agent";
        bench with{options};
        with.opened();
        with.http.otherwise([](http::request const& request) {
            auto const query = asked_by(request).query;
            for (char const* const field : {"set_flow_run_states", "set_task_run_states", "write_run_logs"})
                if (query.find(std::string{"{ "} + field) != std::string::npos)
                    return http::response{200, {}, recorded(field)};
            return http::response{200, {}, standing("Submitted", 77)};
        });

        std::vector<json::value> steps;
        for (auto const& each : story["steps"])
            if (each.contains("graphql")) steps.push_back(each);
        auto const& last_log = *std::find_if(
            steps.begin(), steps.end(), [](json::value const& each) { return each["graphql"] == "write_run_logs"; });
        auto const& line = last_log["variables"]["input"]["logs"][0];

        auto const claimed = with.source.claim(run);
        REQUIRE(claimed);
        CHECK(claimed->kind == claim::outcome::won);
        auto const message = testing_support::text(line, "message");
        if (line["level"] == "ERROR") {
            CHECK(with.source.failed(run.id, {}, message));
        } else {
            std::string const before = "Submitted for execution: Task ARN: ";
            REQUIRE(message.starts_with(before));
            CHECK(with.source.launched(run.id, message.substr(before.size())));
        }

        std::size_t at = 0;
        for (std::size_t i = 0; i != with.requests().size(); ++i) {
            INFO(i);
            CHECK(with.requests()[i].headers.value_of("X-PREFECT-AGENT-ID") == agent_id);
            // Decided: the run is looked at before it is set to Failed, which then carries the version that it has. The
            // recorded one carried that of the poll, which the claim had made an old one.
            if (with.fields()[i] == "flow_run") continue;
            REQUIRE(at != steps.size());
            auto expected = steps[at]["variables"];
            CHECK(with.fields()[i] == steps[at++]["graphql"]);
            if (with.fields()[i] == "set_flow_run_states")
                if (auto& state = expected["input"]["states"][0]; state["state"]["type"] == "Failed")
                    state["version"] = 77;
            CHECK(same(with.variables(i), expected));
        }
        CHECK(at == steps.size());
    }
}

TEST_CASE("4.5: result status QUEUED ignored: the status of a state that was set is not looked at") {
    bench with{server_settings()};
    with.opened().reply(200, R"({"data": {"set_flow_run_states": {"states": [{"id": "x", "status": "QUEUED"}]}}})");
    auto const claimed = with.source.claim(run_of("flow_run_docker_run_config"));
    REQUIRE(claimed);
    CHECK(claimed->kind == claim::outcome::won);
}

TEST_CASE("4.5: the \"State update failed\" silence: another agent has the run, at any of its requests") {
    bench with{server_settings()};
    with.opened().reply("error_http200_state_update_failed");
    auto claimed = with.source.claim(run_of("flow_run_docker_run_config"));
    REQUIRE(claimed);
    CHECK(claimed->kind == claim::outcome::lost);
    CHECK(claimed->reason.find("this run has already been submitted") != std::string::npos);
    CHECK(with.requests().size() == 1);

    with.reply("set_task_run_states").reply("error_http200_state_update_failed");
    claimed = with.source.claim(run_of("flow_run_running_scheduled_task_runs"));
    REQUIRE(claimed);
    CHECK(claimed->kind == claim::outcome::lost);
    CHECK(with.requests().size() == 3);
}

TEST_CASE("a version that is not the run's any more loses the claim as well") {
    bench with{cloud_settings()};
    with.reply("error_http200_version_lock");
    auto const claimed = with.source.claim(run_of("flow_run_docker_run_config"));
    REQUIRE(claimed);
    CHECK(claimed->kind == claim::outcome::lost);
}

TEST_CASE("a claim that the api refuses to understand is an error, and asks no further") {
    bench with{server_settings()};
    with.opened().reply(400, recorded("error_http400_unknown_field"));
    CHECK(with.source.claim(run_of("flow_run_docker_run_config")).error().http_status == 400);
    with.reply("set_task_run_states").reply(400, "");
    CHECK(with.source.claim(run_of("flow_run_running_scheduled_task_runs")).error().http_status == 400);
    CHECK(with.requests().size() == 3);
    CHECK(with.http.remaining() == 0);
}

TEST_CASE("3.11: a running flow none of whose task runs waits any more is not ours to launch") {
    auto run = run_of("flow_run_running_scheduled_task_runs");
    run.task_runs.erase(run.task_runs.begin(), run.task_runs.begin() + 2);
    bench with{server_settings()};
    with.opened();
    auto claimed = with.source.claim(run);
    REQUIRE(claimed);
    CHECK(claimed->kind == claim::outcome::lost);
    run.task_runs.clear();
    claimed = with.source.claim(run);
    CHECK(claimed->kind == claim::outcome::lost);
    CHECK(with.requests().empty());
}

TEST_CASE("3.11: a state of an unknown type fails the claim by the name of its run") {
    auto run = run_of("flow_run_docker_run_config");
    run.state = json_of(R"({"type": "Marinating"})");
    bench with{server_settings()};
    with.opened();
    auto claimed = with.source.claim(run);
    REQUIRE_FALSE(claimed);
    CHECK(claimed.error().code == errc::malformed_response);
    CHECK(claimed.error().message.find(config_run) != std::string::npos);
    CHECK(claimed.error().message.find("Marinating") != std::string::npos);
    CHECK(with.requests().empty());

    run = run_of("flow_run_running_scheduled_task_runs");
    run.task_runs[1].state = nullptr;
    with.reply("set_task_run_states");
    claimed = with.source.claim(run);
    REQUIRE_FALSE(claimed);
    CHECK(claimed.error().message.find(run.task_runs[1].id) != std::string::npos);
}

TEST_CASE("3.12: a Queued run is submitted around the state that it was queued from") {
    auto run = run_of("flow_run_docker_run_config");
    run.state = json_of(R"({"type": "Queued", "state": {"type": "Scheduled", "message": "m"}})");
    bench with{server_settings()};
    with.opened().reply("set_flow_run_states");
    REQUIRE(with.source.claim(run));
    CHECK(with.variables(0)["input"]["states"][0]["state"]["state"] ==
          json_of(R"({"type": "Scheduled", "message": "m"})"));
}

TEST_CASE("4.5: an exception while reporting the failure: both the log and the state are tried, and the state's error "
          "counts") {
    bench with{server_settings()};
    with.opened().reply(500, "").reply(200, standing("Submitted", 3)).reply("set_flow_run_states");
    auto failed = with.source.failed(config_run, {}, "no image");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().http_status == 500);
    CHECK(with.fields() == names{"write_run_logs", "flow_run", "set_flow_run_states"});
    CHECK(with.variables(2)["input"]["states"][0]["state"]["message"] == "no image");

    with.reply(200, R"({"data": {"write_run_logs": {"success": false}}})").reply(200, standing("Running", 3));
    with.reply("set_flow_run_states");
    CHECK(with.source.failed(config_run, {}, "no image").error().message.find("write_run_logs") != std::string::npos);

    with.reply("write_run_logs").reply(200, standing("Submitted", 3)).reply(503, "");
    CHECK(with.source.failed(config_run, {}, "no image").error().http_status == 503);
    with.reply("write_run_logs").reply(503, "");
    CHECK(with.source.failed(config_run, {}, "no image").error().http_status == 503);

    with.drop().reply(502, "");
    failed = with.source.failed(config_run, {}, "no image");
    CHECK(failed.error().http_status == 502);
    CHECK(failed.error().message.find("nor could its log be written") != std::string::npos);
    CHECK(with.http.remaining() == 0);
}

TEST_CASE("4.5: stale version sent with Failed: it is the one that the run has by then") {
    bench with{server_settings()};
    with.opened().reply("write_run_logs").reply(200, standing("Submitted", 41)).reply("set_flow_run_states");
    auto const failed = with.source.failed(config_run, {}, "no image");
    REQUIRE(failed);
    CHECK(*failed);
    CHECK(asked_by(with.requests()[1]).query == std::string{R"(query { flow_run(where: {id: {_eq: ")"} + config_run +
                                                    R"("}}) { id version state agent_id } })");
    CHECK(with.variables(2)["input"]["states"][0]["version"] == 41);
}

TEST_CASE("a run that has ended or waits to be claimed again is noted in and left as it is") {
    bench with{server_settings()};
    with.opened();
    for (char const* const state :
         {"Success", "Failed", "Cancelled", "TimedOut", "Scheduled", "Retrying", "Pending", "Marinating"}) {
        INFO(state);
        with.past = with.http.requests().size();
        with.reply("write_run_logs").reply(200, standing(state, 5));
        auto const failed = with.source.failed(config_run, {}, "exit code 1");
        REQUIRE(failed);
        CHECK_FALSE(*failed);
        CHECK(with.fields() == names{"write_run_logs", "flow_run"});
        with.reply("write_run_logs").reply(200, standing(state, 5));
        CHECK_FALSE(*with.source.cancelled(config_run, {}, "stopped"));
    }
}

TEST_CASE("a run that the api does not know is told nothing, and that is no error") {
    bench with{server_settings()};
    with.opened().reply(200, R"({"data": null, "errors": [{"message": "Foreign key violation"}]})");
    with.reply(200, R"({"data": {"flow_run": []}})");
    auto const failed = with.source.failed(config_run, {}, "exit code 1");
    REQUIRE(failed);
    CHECK_FALSE(*failed);
    CHECK(with.fields() == names{"write_run_logs", "flow_run"});
}

TEST_CASE("a run whose task somebody's wish ended becomes Cancelled, with an information in its log") {
    for (char const* const state : {"Submitted", "Running", "Cancelling"}) {
        bench with{server_settings()};
        with.opened().reply("write_run_logs").reply(200, standing(state, 5)).reply("set_flow_run_states");
        CHECK(*with.source.cancelled(config_run, {}, "its task was stopped"));
        CHECK(with.variables(0)["input"]["logs"][0]["level"] == "INFO");
        auto const set = with.variables(2)["input"]["states"][0];
        CHECK(set["version"] == 5);
        CHECK(set["state"]["type"] == "Cancelled");
        CHECK(set["state"]["message"] == "its task was stopped");
    }
}

TEST_CASE("what is told is sent though the stop has fired, and not repeated for it") {
    std::stop_source source;
    source.request_stop();
    bench with{cloud_settings()};
    with.reply("write_run_logs").reply(200, standing("Submitted", 3)).reply("set_flow_run_states");
    CHECK(*with.source.failed(config_run, {}, "no image", source.get_token()));
    with.reply("write_run_logs");
    CHECK(with.source.launched(config_run, "arn", source.get_token()));
    for (auto const& each : with.http.requests()) CHECK_FALSE(each.stop.stop_possible());
    auto const sent = with.http.requests().size();
    with.reply(503, "").reply(503, "");
    CHECK(with.source.heartbeat(config_run, source.get_token()).error().code == errc::cancelled);
    CHECK(with.http.requests().size() == sent + 1);
}

TEST_CASE("3.12: a reason of many megabytes reaches log and state in a size that the server takes") {
    bench with{server_settings()};
    with.opened().reply("write_run_logs").reply(200, standing("Submitted", 3)).reply("set_flow_run_states");
    REQUIRE(with.source.failed(config_run, {}, std::string(5'000'000, '\x01')));
    for (auto const& each : with.requests()) CHECK(each.body.size() < 600'000);
}

TEST_CASE("a note goes into the run's log under the agent's name, with its level") {
    auto options = server_settings();
    options.name = "eu-1";
    bench with{options};
    with.opened().reply("write_run_logs");
    REQUIRE(with.source.note(config_run, log_level::critical, "it is late"));
    CHECK(same(with.variables(0), json_of(R"({"input": {"logs": [{"flow_run_id": "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21",
        "name": "eu-1", "message": "it is late", "level": "CRITICAL"}]}})")));
    with.reply(500, "");
    CHECK(with.source.note(config_run, log_level::info, "x").error().http_status == 500);
}

TEST_CASE("a heartbeat names the run and needs a yes") {
    bench with{server_settings()};
    auto const run = run_of("flow_run_docker_run_config");
    with.opened().reply(200, R"({"data": {"update_flow_run_heartbeat": {"success": true}}})");
    CHECK(with.source.heartbeat(run.id));
    CHECK(with.fields() == names{"update_flow_run_heartbeat"});
    CHECK(same(with.variables(0), json_of(R"({"input": {"flow_run_id": "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21"}})")));
    with.reply(200, R"({"data": {"update_flow_run_heartbeat": {"success": false}}})");
    CHECK_FALSE(with.source.heartbeat(run.id));
}

TEST_CASE("the token is in its header field and nowhere else, whatever the api answers") {
    auto options = server_settings();
    options.token = secret{"hunter2-hunter2"};
    for (int const status : {200, 400, 401, 500}) {
        bench with{options};
        with.http.otherwise([=](http::request const& request) {
            return http::response{status,
                                  {},
                                  R"({"errors": [{"message": "Malformed Authorization header: )" +
                                      std::string{request.headers.value_of("Authorization")} + "\"}]}"};
        });
        CHECK(with.source.open());
        auto const run = run_of("flow_run_docker_run_config");
        std::string told = with.log.text();
        auto const claimed = with.source.claim(run);
        told += claimed ? claimed->reason : claimed.error().message;
        auto const id = std::vector<std::string>{run.id};
        told += with.source.look(id).error().message + with.source.cancelling(id).error().message;
        told += with.source.poll({}).error().message + with.source.launched(run.id, "arn").error().message +
                with.source.failed(run.id, {}, "no").error().message + with.source.heartbeat(run.id).error().message;
        CHECK(told.find("hunter2") == std::string::npos);
        for (auto const& each : with.http.requests()) CHECK(each.body.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("runs are claimed and told by several threads while another polls and registers") {
    bench with{server_settings()};
    std::atomic<int> registrations{0};
    with.http.otherwise([&](http::request const& request) {
        auto const query = asked_by(request).query;
        if (query.find("register_agent") != std::string::npos && ++registrations < 50)
            return http::response{400, {}, recorded("error_http400_unknown_field")};
        for (char const* const field :
             {"set_flow_run_states", "set_task_run_states", "write_run_logs", "register_agent"})
            if (query.find(field) != std::string::npos) return http::response{200, {}, recorded(field)};
        if (query.find("get_runs_in_queue") != std::string::npos)
            return http::response{200, {}, recorded("get_runs_in_queue_empty")};
        return http::response{200, {}, recorded("tenant")};
    });
    auto const run = run_of("flow_run_docker_run_config");
    std::atomic<int> told{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i != 4; ++i)
            threads.emplace_back([&] {
                for (int turn = 0; turn != 50; ++turn) {
                    auto const claimed = with.source.claim(run);
                    told += claimed && claimed->kind == claim::outcome::won && with.source.launched(run.id, "arn");
                }
            });
        for (int turn = 0; turn != 60; ++turn) CHECK(with.source.poll({}));
    }
    CHECK(told == 200);
    CHECK(with.http.requests().back().headers.size() <= 3);
    CHECK(registrations == 50);
}
