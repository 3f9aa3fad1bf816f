// A program without exceptions and without run-time types: signs, calls ECS, and launches a flow run.

#include <fargate/agent.hpp>
#include <fargate/sigv4.hpp>

#include "support/vectors.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/scripted_http.hpp>

#ifdef __cpp_exceptions
#error "build this without exceptions"
#endif
#ifdef __cpp_rtti
#error "build this without run-time types"
#endif

using namespace fargate;

namespace {

constexpr char id[] = "AKIDEXAMPLE";
constexpr char key[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

int failures = 0;

void expect(bool fine, char const* what, std::string const& said = {}) {
    std::printf("%s: %s%s%s\n", fine ? "ok" : "FAILED", what, said.empty() ? "" : ": ", said.c_str());
    failures += fine ? 0 : 1;
}

struct example_key : credentials::fixed {
    example_key() : fixed{id, secret{key}} {}
};

/// A Prefect Server and an AWS, in memory, behind one door.
struct world {
    world() = default;
    testing::fake_aws aws;
    testing::fake_prefect prefect;
    result<http::response> send(http::request const& request) {
        return request.headers.find("X-Amz-Date") ? aws.send(request) : prefect.send(request);
    }
};

struct still : default_policies {
    using http = testing::scripted_http;
    using credentials = example_key;
    using clock = testing::manual_clock;
    using environment = testing::map_environment;
    using log = testing::captured_log;
    using executor = inline_executor;
};

struct board : still {
    using http = world;
    using clock = system_clock;
};

aws::client_options in_virginia() {
    aws::client_options made;
    made.region = "us-east-1";
    return made;
}

void sign() {
    sigv4::header_view const headers[] = {{"Host", "example.amazonaws.com"}};
    sigv4::request_view request;
    request.headers = headers;
    auto const made = sigv4::sign(request, {id, key}, {"us-east-1", "service"}, testing::manual_clock::default_start);
    expect(made && made->signature().size() == 64, "signs");
    auto const refused = sigv4::sign(request, {id, ""}, {"us-east-1", "service"}, testing::manual_clock::default_start);
    expect(!refused, "refuses to sign without a key");
}

void call() {
    aws::parts<still> parts;
    parts.http.reply(500, "{}").reply(200,
                                      R"({"tasks": [{"taskArn": "arn:1", "lastStatus": "PENDING"}], "failures": []})");
    aws::ecs<still> ecs{parts, in_virginia()};
    auto const ran = ecs.run_task({{"taskDefinition", "prefect-task-1"}});
    expect(ran && ran->tasks.size() == 1 && ran->tasks[0].arn == "arn:1", "calls ECS, and again after a 500",
           ran ? "" : ran.error().message);

    parts.http.reply(400, R"({"__type": "ClientException", "message": "no such definition"})").reply(200, "<html>");
    auto const refused = ecs.describe_task_definition({{"taskDefinition", "gone"}});
    expect(!refused && refused.error().service_code == "ClientException", "tells what ECS refused");
    auto const unreadable = ecs.describe_clusters(json::value::object());
    expect(!unreadable, "tells of an answer that is no JSON");
}

void launch() {
    parts<board> parts;
    parts.http.prefect.add_flow_runs(testing_support::load("prefect1/flow_run_docker_run_config.json"));
    agent_options options;
    options.backend = prefect::backend::server;
    options.api = "http://prefect.test";
    options.region_name = "us-east-1";
    options.max_polls = 1;
    options.labels = {"aws"};
    options.kwargs = {{"cpu", "256"},
                      {"memory", "512"},
                      {"executionRoleArn", "arn:aws:iam::123456789012:role/execution"},
                      {"networkConfiguration", {{"awsvpcConfiguration", {{"subnets", {"subnet-1"}}}}}}};
    agent<board> agent{options, parts};
    auto const ended = agent.start();
    expect(ended.has_value(), "runs an agent", ended ? "" : ended.error().message);
    auto const tasks = parts.http.aws.ecs.tasks_created();
    expect(tasks == 1, "launches one flow run", tasks == 1 ? "" : parts.log.text());
}

} // namespace

int main() {
    sign();
    call();
    launch();
    return failures == 0 ? 0 : 1;
}
