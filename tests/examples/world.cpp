// Runs a command in a world of its own: a Prefect Cloud with one recorded flow run that is due, and an AWS, both served over
// loopback HTTP and told to the command by its environment. Ends as the command does. With --agent the command is one that
// runs until it is stopped: it gets SIGTERM when the run's own log has a line, and then exactly one task must have been
// made and AWS must have been sent every TEXT.
//
// usage: world [--agent] [--sends TEXT]... COMMAND [ARGUMENT]...

#include "support/http_text.hpp"
#include "support/vectors.hpp"

#include <fargate/aws.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace fargate;

namespace {

json::value due_run() {
    auto answer = testing_support::load("prefect1/flow_run_docker_run_config.json");
    auto row = answer["data"]["flow_run"][0];
    row["labels"] = json::value::array(); // any agent's
    return row;
}

struct door {
    testing::fake_aws* aws = nullptr;
    result<http::response> send(http::request const& request) { return aws->send(request); }
};

struct inside : aws::default_policies {
    using http = door;
    using credentials = fargate::credentials::fixed;
};

/// A task definition that stands ready, `ready:1`.
void prepare(testing::fake_aws& aws) {
    auto const key = testing::example_key();
    aws::parts<inside> parts{.http = {&aws}, .credentials = credentials::fixed{key.id, secret{key.secret_key}}};
    aws::client_options options;
    options.region = "us-east-1";
    auto const made = aws::ecs<inside>{parts, options}.register_task_definition(
        {{"family", "ready"},
         {"requiresCompatibilities", {"FARGATE"}},
         {"networkMode", "awsvpc"},
         {"cpu", "256"},
         {"memory", "512"},
         {"containerDefinitions", json::value::array({{{"name", "flow"}, {"image", "busybox"}}})}});
    if (made) return;
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    std::exit(2);
}

int wrong(std::string const& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    return 1;
}

pid_t start(char* const command[]) {
    pid_t made = 0;
    int const failure = posix_spawnp(&made, command[0], nullptr, nullptr, command, environ);
    if (failure == 0) return made;
    std::fprintf(stderr, "cannot run %s: %s\n", command[0], std::strerror(failure));
    std::exit(2);
}

} // namespace

int main(int argc, char* argv[]) {
    int at = 1;
    bool const agent = argc > at && std::string_view{argv[at]} == "--agent";
    if (agent) ++at;
    std::vector<std::string> sends;
    for (; argc > at + 1 && std::string_view{argv[at]} == "--sends"; at += 2) sends.emplace_back(argv[at + 1]);
    if (argc == at) return wrong("usage: world [--agent] [--sends TEXT]... COMMAND [ARGUMENT]...");

    testing::fake_aws aws;
    testing::fake_prefect prefect{{.cloud = true, .token = "a token"}};
    prepare(aws);
    for (char const* const token : {"", "MY_SESSION"}) // as the product description has it
        aws.accept({"MY_ACCESS", "MY_SECRET", token, {}});
    auto const run = due_run();
    prefect.add_flow_run(run);
    testing_support::loopback aws_server{
        testing_support::answers_of([&](http::request const& request) { return aws.send(request); })};
    testing_support::gate settled;
    testing_support::loopback prefect_server{testing_support::answers_of([&](http::request const& request) {
        auto answer = prefect.send(request);
        if (!prefect.logs().empty()) settled.open();
        return answer;
    })};

    auto const tell = [](char const* name, std::string const& value) { setenv(name, value.c_str(), 1); };
    tell("NO_PROXY", "*");
    tell("PREFECT__CLOUD__API", prefect_server.url(""));
    tell("PREFECT__CLOUD__AGENT__AUTH_TOKEN", "a token");
    tell("AWS_ENDPOINT_URL", aws_server.url(""));
    tell("AWS_REGION", "us-east-1");
    tell("AWS_ACCESS_KEY_ID", testing::example_key().id);
    tell("AWS_SECRET_ACCESS_KEY", testing::example_key().secret_key);
    // What an example leaves out of its kwargs.
    tell("cpu", "256");
    tell("memory", "512");
    tell("executionRoleArn", "arn:aws:iam::123456789012:role/execution");
    tell("networkConfiguration", "{'awsvpcConfiguration': {'subnets': ['subnet-1']}}");

    pid_t const command = start(argv + at);
    // A command that ends by itself has settled the matter, too.
    std::thread ended{[&] {
        siginfo_t info{};
        waitid(P_PID, static_cast<id_t>(command), &info, WEXITED | WNOWAIT);
        settled.open();
    }};
    if (agent) {
        settled.wait();
        kill(command, SIGTERM);
    }
    ended.join();
    int status = 0;
    waitpid(command, &status, 0);
    if (!WIFEXITED(status)) return wrong("the command was ended by signal " + std::to_string(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0 || !agent) return WEXITSTATUS(status);

    for (auto const& line : prefect.logs()) std::printf("%s %s\n", line.level.c_str(), line.message.c_str());
    if (aws.ecs.tasks_created() != 1)
        return wrong(std::to_string(aws.ecs.tasks_created()) + " tasks were made, not one");
    if (!aws.ecs.unknown_members().empty()) return wrong("AWS does not know " + aws.ecs.unknown_members()[0]);
    std::string sent;
    for (auto const& each : aws.ecs.log().all()) sent += each.body + "\n";
    for (auto const& text : sends)
        if (sent.find(text) == std::string::npos) return wrong("AWS was not sent " + text);
    return 0;
}
