#ifndef FARGATE_TESTS_BENCH_SERVER_HPP
#define FARGATE_TESTS_BENCH_SERVER_HPP

#include "support/loopback.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace bench {

/// What ECS answers to RunTask for one task on Fargate with two containers, as it looks a moment later: 2.5 KB.
inline std::string run_task_answer() {
    std::string const account = "arn:aws:ecs:us-east-1:123456789012:";
    std::string const id = "0123456789abcdef0123456789abcdef";
    auto const container = [&](std::string const& name) {
        return R"({"containerArn":")" + account + "container/default/" + id + "/2ea6f6f1-7c1c-4f3c-8f43-" + name +
               R"(","taskArn":")" + account + "task/default/" + id + R"(","name":")" + name +
               R"(","image":"123456789012.dkr.ecr.us-east-1.amazonaws.com/flows/etl:2021-03-04",)"
               R"("lastStatus":"PENDING","networkInterfaces":[],"cpu":"0","memory":"512"})";
    };
    std::string variables;
    for (auto const* name : {"PREFECT__CONTEXT__FLOW_RUN_ID", "PREFECT__CONTEXT__FLOW_ID", "PREFECT__CLOUD__API",
                             "PREFECT__CLOUD__AGENT__LABELS", "PREFECT__LOGGING__LEVEL"})
        variables += std::string{variables.empty() ? "" : ","} + R"({"name":")" + name +
                     R"(","value":"91d3f5b7-2e4c-4a60-8b9d-100000000000"})";
    return R"({"failures":[],"tasks":[{"attachments":[{"id":"f1c6b8a0-7c1c-4f3c-8f43-2f6e0b6b8f11",)"
           R"("type":"ElasticNetworkInterface","status":"PRECREATED","details":[{"name":"subnetId",)"
           R"("value":"subnet-0123456789abcdef0"}]}],"attributes":[{"name":"ecs.cpu-architecture","value":"x86_64"}],)"
           R"("availabilityZone":"us-east-1a","clusterArn":")" +
           account + R"(cluster/default","connectivity":"CONNECTED","containers":[)" + container("flow") + "," +
           container("sidecar") +
           R"(],"cpu":"256","createdAt":1.704164645123E9,"desiredStatus":"RUNNING","enableExecuteCommand":false,)"
           R"("group":"family:prefect-task-a718df81","lastStatus":"PROVISIONING","launchType":"FARGATE","memory":"512",)"
           R"("overrides":{"containerOverrides":[{"name":"flow","environment":[)" +
           variables +
           R"(]}],"inferenceAcceleratorOverrides":[]},"platformVersion":"1.4.0","platformFamily":"Linux",)" +
           R"("startedBy":"fargate-4b2f0e7a","tags":[],"taskArn":")" + account + "task/default/" + id +
           R"(","taskDefinitionArn":")" + account +
           R"(task-definition/prefect-task-a718df81:7","version":1,"ephemeralStorage":{"sizeInGiB":20}}]})";
}

/// Answers every request on every connection with the same bytes, until its standard input ends.
inline int serve() {
    testing_support::listener listener;
    std::string const body = run_task_answer();
    std::string const answer =
        "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 7b1f0c3e-4f3c-4c1c-8f43-2f6e0b6b8f11\r\n"
        "Content-Type: application/x-amz-json-1.1\r\nDate: Tue, 02 Jan 2024 03:04:05 GMT\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    std::thread{[&] {
        for (int socket = 0; (socket = listener.accept()) >= 0;)
            std::thread{[socket, &answer] {
                std::string pending;
                char bytes[16 * 1024];
                for (ssize_t got = 0; (got = ::recv(socket, bytes, sizeof bytes, 0)) > 0;) {
                    pending.append(bytes, static_cast<std::size_t>(got));
                    for (std::size_t whole = 0; (whole = testing_support::request_size(pending)) <= pending.size();) {
                        pending.erase(0, whole);
                        if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
                    }
                }
                ::close(socket);
            }}.detach();
    }}.detach();
    std::printf("%s\n", listener.authority().c_str());
    std::fflush(stdout);
    for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
    }
    std::_Exit(0);
}

/// The same in a process of its own, so that its work is nobody else's.
class server {
public:
    explicit server(char const* program) {
        int in[2], out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::exit(1);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        std::string name = program, word = "serve";
        char* const command[] = {name.data(), word.data(), nullptr};
        if (posix_spawn(&child_, program, &actions, nullptr, command, environ) != 0) std::exit(1);
        posix_spawn_file_actions_destroy(&actions);
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];
        for (char byte = 0; ::read(out[0], &byte, 1) == 1 && byte != '\n';) authority_ += byte;
        ::close(out[0]);
    }
    server(server const&) = delete;
    server& operator=(server const&) = delete;
    ~server() {
        ::close(input_);
        ::waitpid(child_, nullptr, 0);
    }

    [[nodiscard]] std::string const& authority() const { return authority_; }
    [[nodiscard]] std::string url() const { return "http://" + authority_; }

private:
    pid_t child_ = 0;
    int input_ = 0;
    std::string authority_;
};

} // namespace bench

#endif
