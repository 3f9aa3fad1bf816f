#ifndef FARGATE_TESTS_SCENARIOS_RECORDING_HPP
#define FARGATE_TESTS_SCENARIOS_RECORDING_HPP

#include "support/vectors.hpp"

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/options.hpp>
#include <fargate/testing/map_environment.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing_support {

/// One of the recordings of the 0.13.19 agent: its configuration, the flow run that it was fed with, and every call that
/// it made for it.
class recording {
public:
    explicit recording(std::string const& name) :
        document_(load("prefect1/" + name)), flow_run_{load_text("prefect1/" + text(document_, "flow_run_file"))} {}

    /// The recorded calls, with the recorded API address replaced by the one used here.
    [[nodiscard]] std::vector<fargate::json::value> steps(std::string_view api) const {
        auto const recorded = config("cloud.api");
        std::vector<fargate::json::value> made;
        for (auto const& step : document_["steps"]) {
            auto written = fargate::json::write(step);
            for (auto at = written.find(recorded); at != std::string::npos;
                 at = written.find(recorded, at + api.size()))
                written.replace(at, recorded.size(), api);
            made.push_back(sorted(*fargate::json::parse(written)));
        }
        return made;
    }

    [[nodiscard]] std::string const& flow_run() const { return flow_run_; }

    /// The agent as it was configured.
    [[nodiscard]] fargate::agent_options options(std::string api) const {
        fargate::agent_options made;
        made.backend =
            config("backend") == "cloud" ? fargate::prefect::backend::cloud : fargate::prefect::backend::server;
        made.api = std::move(api);
        made.token = config("cloud.agent.auth_token");
        made.max_polls = 1;
        made.watch = made.reconcile = made.batch_claims = made.heartbeat = false;
        made.region_name = "eu-west-1";
        made.aws_access_key_id = "AKIDEXAMPLE";
        made.aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        for (auto const& [name, value] : document_["agent"]["arguments"].items()) {
            if (name == "labels") {
                for (auto const& label : value) made.labels.push_back(label);
            } else if (name == "env_vars") {
                for (auto const& [key, each] : value.items()) made.env_vars.emplace_back(key, each);
            } else if (name == "enable_task_revisions") {
                made.enable_task_revisions = value == true;
            } else if (name == "no_cloud_logs") {
                made.no_cloud_logs = value == true;
            } else {
                fargate::json::set(made.kwargs, name, value);
            }
        }
        return made;
    }

    [[nodiscard]] fargate::testing::map_environment environment() const {
        fargate::testing::map_environment::map made;
        for (auto const& [name, value] : document_["agent"]["environment"].items()) made[name] = value;
        return fargate::testing::map_environment{made};
    }

    [[nodiscard]] std::string config(std::string_view key) const {
        return std::string{fargate::json::text_of(document_["agent"]["config"], key).value_or("")};
    }

    /// The same document with the members of every object in order of their names, so that documents compare as JSON.
    static fargate::json::value sorted(fargate::json::value const& document) {
        if (document.is_array()) {
            auto made = fargate::json::value::array();
            for (auto const& each : document) made.push_back(sorted(each));
            return made;
        }
        if (!document.is_object()) return document;
        std::map<std::string, fargate::json::value> members;
        for (auto const& [name, each] : document.items()) members[name] = sorted(each);
        auto made = fargate::json::value::object();
        for (auto& [name, each] : members) made[name] = std::move(each);
        return made;
    }

private:
    fargate::json::value document_;
    std::string flow_run_;
};

/// What stood behind the recorded agent: a backend with that one flow run and an AWS where no definition exists. It keeps
/// every call that the recordings keep, in their form. May be asked by several threads.
class recorded_world {
public:
    explicit recorded_world(recording const& from) : recording_{from} {}

    fargate::result<fargate::http::response> answer(fargate::http::request const& request) {
        auto const target = request.headers.find("X-Amz-Target");
        auto body = fargate::json::parse(request.body);
        if (!body) return body.error();
        return target ? aws(std::string{target->substr(target->find('.') + 1)}, *body) : graphql(*body);
    }

    [[nodiscard]] std::vector<fargate::json::value> calls() const {
        std::lock_guard const lock{mutex_};
        return calls_;
    }

    /// Client tokens of the RunTask calls, which the recorded agent did not send.
    [[nodiscard]] std::vector<std::string> tokens() const {
        std::lock_guard const lock{mutex_};
        return tokens_;
    }

private:
    static fargate::http::response ok(std::string body) {
        return {200, {{"Content-Type", "application/json"}}, std::move(body)};
    }

    fargate::http::response graphql(fargate::json::value const& body) {
        auto const query = text(body, "query");
        auto const asks = [&](std::string_view field) { return query.find(field) != std::string::npos; };
        for (char const* const name : {"set_flow_run_states", "set_task_run_states", "write_run_logs"})
            if (asks(name)) {
                fargate::json::value step;
                step["graphql"] = name;
                step["variables"] = *fargate::json::parse(text(body, "variables"));
                keep(std::move(step));
                return ok(load_text("prefect1/" + std::string{name} + ".json"));
            }
        // What the original did not ask: where the run is, before it is failed.
        if (asks("agent(where")) return ok(R"({"data": {"agent": []}})");
        if (asks("agent_id serialized_state") || asks("state_timestamp agent_id"))
            return ok(R"({"data": {"flow_run": []}})");
        if (asks("{ id version state agent_id }"))
            return ok(R"({"data": {"flow_run": [{"id": "", "version": 3, "state": "Submitted", "agent_id": null}]}})");
        for (char const* const name : {"register_agent", "hello"})
            if (asks(name)) return ok(load_text("prefect1/" + std::string{name} + ".json"));
        if (asks("api_token_scope")) return ok(load_text("prefect1/cloud_auth_info_token_scope.json"));
        if (asks("get_runs_in_queue")) {
            auto const row = fargate::json::parse(recording_.flow_run());
            auto queue = load("prefect1/get_runs_in_queue.json");
            queue["data"]["get_runs_in_queue"]["flow_run_ids"] =
                fargate::json::value::array({(*row)["data"]["flow_run"][0]["id"]});
            return ok(fargate::json::write(queue));
        }
        if (asks("tenant")) return ok(load_text("prefect1/tenant.json"));
        return ok(recording_.flow_run());
    }

    fargate::http::response aws(std::string const& operation, fargate::json::value body) {
        if (operation == "RunTask") {
            std::lock_guard const lock{mutex_};
            tokens_.push_back(text(body, "clientToken"));
            body.erase("clientToken");
            body.erase("startedBy"); // the fleet, which the original had not
        }
        fargate::json::value step;
        step["aws"] = "ecs";
        step["operation"] = operation == "RunTask"                  ? "run_task"
                            : operation == "DescribeTaskDefinition" ? "describe_task_definition"
                                                                    : "register_task_definition";
        step["parameters"] = body;
        keep(std::move(step));
        if (operation == "DescribeTaskDefinition")
            return {400, {}, R"({"__type": "ClientException", "message": "Unable to describe task definition."})"};
        if (operation == "RegisterTaskDefinition") {
            fargate::json::value made;
            made["taskDefinition"] = body;
            made["taskDefinition"]["revision"] = 1;
            made["taskDefinition"]["status"] = "ACTIVE";
            made["taskDefinition"]["taskDefinitionArn"] =
                "arn:aws:ecs:eu-west-1:123456789012:task-definition/" + text(body, "family") + ":1";
            return ok(fargate::json::write(made));
        }
        return ok(R"({"failures": [], "tasks": [{"lastStatus": "PROVISIONING", "taskArn":
            "arn:aws:ecs:eu-west-1:123456789012:task/prefect/0123456789abcdef0123456789abcdef"}]})");
    }

    void keep(fargate::json::value step) {
        std::lock_guard const lock{mutex_};
        calls_.push_back(recording::sorted(step));
    }

    recording const& recording_;
    mutable std::mutex mutex_;
    std::vector<fargate::json::value> calls_;
    std::vector<std::string> tokens_;
};

} // namespace testing_support

#endif
