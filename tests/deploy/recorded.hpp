#ifndef FARGATE_TESTS_DEPLOY_RECORDED_HPP
#define FARGATE_TESTS_DEPLOY_RECORDED_HPP

#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include "support/vectors.hpp"

#include <string>
#include <string_view>

namespace testing_support {

/// A recorded launch: the run, the agent's settings, and what the original agent did.
struct recorded {
    fargate::prefect::flow_run run{};
    fargate::deploy::settings settings{};
    fargate::json::value steps{};

    /// The parameters of the recorded AWS call; null when it was not made.
    [[nodiscard]] fargate::json::value parameters(std::string_view operation) const {
        for (auto const& each : steps)
            if (fargate::json::text_of(each, "operation") == operation) return each["parameters"];
        return nullptr;
    }
};

/// The one flow run of a flow_run_*.json file.
inline fargate::prefect::flow_run load_run(std::string const& file) {
    auto const document = load("prefect1/" + file);
    return fargate::prefect::read_flow_runs(document["data"])->front();
}

inline recorded load_recorded(std::string const& file) {
    namespace json = fargate::json;
    auto document = load("prefect1/" + file);
    auto const& agent = document["agent"];
    recorded made;
    made.run = load_run(text(document, "flow_run_file"));
    made.steps = document["steps"];
    made.settings.api = text(agent["config"], "cloud.api");
    made.settings.token = fargate::secret{text(agent["config"], "cloud.agent.auth_token")};
    json::value kwargs = json::value::object();
    for (auto const& [name, value] : *agent["arguments"].get_ptr<json::value::object_t const*>()) {
        if (name == "labels") {
            for (auto const& each : value) made.settings.labels.emplace_back(json::as_text(each).value());
        } else if (name == "env_vars") {
            for (auto const& [key, each] : *value.get_ptr<json::value::object_t const*>())
                made.settings.env_vars.emplace_back(key, json::as_text(each).value());
        } else if (name == "enable_task_revisions") {
            made.settings.enable_task_revisions = value == true;
        } else if (name == "no_cloud_logs") {
            made.settings.log_to_cloud = value != true;
        } else {
            json::set(kwargs, name, value);
        }
    }
    fargate::testing::map_environment environment;
    for (auto const& [name, value] : *agent["environment"].get_ptr<json::value::object_t const*>())
        environment.set(name, std::string{json::as_text(value).value()});
    fargate::testing::captured_log log;
    made.settings.kwargs = *fargate::deploy::read_kwargs(kwargs, environment, log);
    return made;
}

} // namespace testing_support

#endif
