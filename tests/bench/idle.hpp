#ifndef FARGATE_TESTS_BENCH_IDLE_HPP
#define FARGATE_TESTS_BENCH_IDLE_HPP

#include "support/http_text.hpp"

#include <fargate/testing/fake_prefect.hpp>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace bench {

/// What the agent holds after its third poll, in KiB, by the kernel's account; 0 when it does not start.
inline long idle_resident(char const* program) {
    namespace fakes = fargate::testing;
    fakes::fake_prefect prefect;
    testing_support::gate idle;
    testing_support::loopback server{testing_support::answers_of([&](fargate::http::request const& request) {
        if (prefect.log().count("get_runs_in_queue") == 3) idle.open();
        return prefect.send(request);
    })};
    std::string const variables[] = {"PREFECT__BACKEND=server", "PREFECT__CLOUD__API=" + server.url(""),
                                     "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
                                     "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    std::vector<char*> environment;
    for (auto const& each : variables) environment.push_back(const_cast<char*>(each.c_str()));
    environment.push_back(nullptr);
    std::string name = program;
    std::string word = "start";
    std::string quiet = "--log-level=ERROR";
    char* const command[] = {name.data(), word.data(), quiet.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
    pid_t child = 0;
    if (posix_spawn(&child, program, &actions, nullptr, command, environment.data()) != 0) return 0;
    idle.wait();
    long kib = 0;
    std::ifstream status{"/proc/" + std::to_string(child) + "/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) kib = std::strtol(line.c_str() + 6, nullptr, 10);
    kill(child, SIGTERM);
    waitpid(child, nullptr, 0);
    posix_spawn_file_actions_destroy(&actions);
    return kib;
}

} // namespace bench

#endif
