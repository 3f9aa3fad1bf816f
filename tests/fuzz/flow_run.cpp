// The metadata of flow runs, and the plans that are made of them.
#include "fuzz/fuzz.hpp"

#include <fargate/core/secret.hpp>
#include <fargate/deploy/plan.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>

#include <string>

namespace deploy = fargate::deploy;
namespace json = fargate::json;
namespace prefect = fargate::prefect;
using fuzz::promise;

namespace {

constexpr std::string_view token = "t0ken";

deploy::settings settings(bool everything) {
    deploy::settings made;
    made.token = fargate::secret{token};
    made.labels = {"aws", "it's"};
    made.enable_task_revisions = everything;
    made.use_run_config = everything;
    if (everything) made.profile = deploy::container_profile::v0_15;
    return made;
}

/// The variable of the flow's container in RunTask's body.
std::string variable(json::value const& task, std::string_view wanted) {
    auto const* const overrides = json::object_of(task, "overrides");
    auto const* const containers = overrides != nullptr ? json::array_of(*overrides, "containerOverrides") : nullptr;
    promise(containers != nullptr && !containers->empty(), "a task overrides its container");
    auto const& flow = containers->front();
    promise(json::text_of(flow, "name") == std::string_view{"flow"}, "the flow's container is the first");
    auto const* const environment = json::array_of(flow, "environment");
    promise(environment != nullptr, "the flow's container has an environment");
    for (auto const& each : *environment)
        if (json::text_of(each, "name") == wanted) return std::string{json::text_of(each, "value").value_or("")};
    promise(false, "the variable is there");
    return {};
}

/// `innocent`: the metadata themselves hold neither the secret nor the name of a variable.
void plan(prefect::flow_run const& run, deploy::settings const& with, bool innocent) {
    auto const made = deploy::plan(run, with);
    if (!made) {
        auto const& why = made.error();
        promise(fuzz::is_one_line(why.message) && !why.message.empty(), "a refusal is one line");
        promise(!innocent || why.message.find(token) == std::string::npos, "a refusal tells no secret");
        return;
    }
    promise(!made->family.empty() && made->family.size() <= 255, "a family's name is one that ECS takes");
    promise(variable(made->task, "PREFECT__CONTEXT__FLOW_RUN_ID") == run.id, "a task knows its run");
    promise(variable(made->task, "PREFECT__CONTEXT__FLOW_ID") == run.flow.id, "a task knows its flow");
    promise(variable(made->task, "PREFECT__CLOUD__AUTH_TOKEN") == token, "a task can log in");
    promise(json::text_of(made->task, "taskDefinition") == made->family, "a task is one of its family");
    promise(json::member(made->task, "launchType") == nullptr ||
                json::member(made->task, "capacityProviderStrategy") == nullptr,
            "a launch type and a strategy never stand together");
    for (auto const* const body : {&made->task, &made->definition}) {
        std::string const written = json::write(*body);
        auto const read = json::parse(written);
        promise(read && json::write(*read) == written, "a request body is a document");
        if (body != &made->definition || !innocent) continue;
        promise(written.find(token) == std::string::npos, "no definition holds a secret");
        promise(written.find("FLOW_RUN_ID") == std::string::npos, "no definition holds a run");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    auto const document = json::parse(fuzz::text_of(bytes, size));
    if (!document) return 0;
    auto const* const data = json::object_of(*document, "data");
    auto const runs = prefect::read_flow_runs(data != nullptr ? *data : *document);
    if (!runs) {
        promise(fuzz::is_one_line(runs.error().message), "a refusal is one line");
        return 0;
    }
    std::string const written = json::write(*document);
    bool const innocent = written.find(token) == std::string::npos && written.find("FLOW_RUN_ID") == std::string::npos;
    for (auto const& run : *runs) {
        static_cast<void>(prefect::due_time_of(run));
        for (bool const everything : {false, true}) plan(run, settings(everything), innocent);
    }
    return 0;
}
