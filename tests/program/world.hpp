#ifndef FARGATE_TESTS_PROGRAM_WORLD_HPP
#define FARGATE_TESTS_PROGRAM_WORLD_HPP

#include "support/http_text.hpp"
#include "support/vectors.hpp"

#include <fargate/json/json.hpp>
#include <fargate/testing/fake_aws.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/text/ascii.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace testing_support {

using variables = std::map<std::string, std::string>;

/// A program that runs, with what it says on both streams. It is ended with the object.
class child {
public:
    child(std::vector<std::string> command, variables const& environment) {
        int out[2];
        int err[2];
        if (::pipe(out) != 0 || ::pipe(err) != 0) std::abort();
        posix_spawn_file_actions_t files{};
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, err[1], STDERR_FILENO);
        for (int const end : {out[0], out[1], err[0], err[1]}) posix_spawn_file_actions_addclose(&files, end);
        std::vector<std::string> entries;
        for (auto const& [name, value] : environment) entries.push_back(name + "=" + value);
        auto const pointers = [](std::vector<std::string>& from) {
            std::vector<char*> made;
            for (auto& each : from) made.push_back(each.data());
            made.push_back(nullptr);
            return made;
        };
        if (posix_spawnp(&pid_, command[0].c_str(), &files, nullptr, pointers(command).data(),
                         pointers(entries).data()) != 0)
            pid_ = -1;
        posix_spawn_file_actions_destroy(&files);
        ::close(out[1]);
        ::close(err[1]);
        ends_[0] = out[0];
        ends_[1] = err[0];
    }
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child() {
        if (pid_ > 0 && !ended_) {
            ::kill(pid_, SIGKILL);
            (void)end();
        }
        for (int const each : ends_)
            if (each != -1) ::close(each);
    }

    /// Reads until standard output holds `text`; false when the program ended without it.
    [[nodiscard]] bool says(std::string_view text) {
        while (out_.find(text) == std::string::npos)
            if (!read()) return false;
        return true;
    }

    void signal(int number) const { ::kill(pid_, number); }

    /// Waits for the end: the exit status, or 1000 and the signal that ended it.
    int end() {
        while (read()) {
        }
        int status = 0;
        ::waitpid(pid_, &status, 0);
        ended_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    [[nodiscard]] std::string const& out() const noexcept { return out_; }
    [[nodiscard]] std::string const& err() const noexcept { return err_; }

private:
    /// Some more of what it says; false when both streams have ended.
    bool read() {
        pollfd both[] = {{ends_[0], POLLIN, 0}, {ends_[1], POLLIN, 0}};
        if (ends_[0] == -1 && ends_[1] == -1) return false;
        ::poll(both, 2, -1);
        for (int i = 0; i != 2; ++i) {
            if (ends_[i] == -1 || both[i].revents == 0) continue;
            char bytes[4096];
            auto const count = ::read(ends_[i], bytes, sizeof bytes);
            if (count > 0) {
                (i == 0 ? out_ : err_).append(bytes, static_cast<std::size_t>(count));
            } else {
                ::close(ends_[i]);
                ends_[i] = -1;
            }
        }
        return true;
    }

    pid_t pid_ = -1;
    int ends_[2] = {-1, -1};
    bool ended_ = false;
    std::string out_;
    std::string err_;
};

/// A Prefect Cloud and an AWS over loopback HTTP, and what a program's environment must say to find them.
class program_world {
public:
    explicit program_world(std::string const& token = "a token") : prefect{{.cloud = true, .token = token}} {
        environment = {{"PATH", "/usr/bin:/bin"},
                       {"AWS_EC2_METADATA_DISABLED", "true"},
                       {"HOME", "/nonexistent"},
                       {"NO_PROXY", "*"},
                       {"PREFECT__CLOUD__API", prefect_server.url("")},
                       {"PREFECT__CLOUD__AGENT__AUTH_TOKEN", token},
                       {"AWS_ENDPOINT_URL", aws_server.url("")},
                       {"REGION_NAME", "us-east-1"},
                       {"AWS_ACCESS_KEY_ID", fargate::testing::example_key().id},
                       {"AWS_SECRET_ACCESS_KEY", fargate::testing::example_key().secret_key},
                       {"cpu", "256"},
                       {"memory", "512"},
                       {"executionRoleArn", "arn:aws:iam::123456789012:role/execution"},
                       {"networkConfiguration", "{'awsvpcConfiguration': {'subnets': ['subnet-1']}}"}};
    }
    ~program_world() { may_go.open(); }

    /// Puts in a run that is due and that any agent may take; its id.
    std::string queue() {
        auto answer = load("prefect1/flow_run_docker_run_config.json");
        auto row = answer["data"]["flow_run"][0];
        row["labels"] = fargate::json::value::array();
        prefect.add_flow_run(row);
        return row["id"].get<std::string>();
    }

    /// The body of the only call of an operation, without its random token.
    [[nodiscard]] fargate::json::value body(char const* operation) const {
        auto const all = aws.ecs.log().all(operation);
        if (all.size() != 1) return {};
        auto made = *fargate::json::parse(all[0].body);
        made.erase("clientToken");
        if (fargate::json::text_of(made, "startedBy").value_or("").starts_with("fargate-")) made.erase("startedBy");
        return made;
    }

    fargate::testing::fake_aws aws;
    fargate::testing::fake_prefect prefect;
    variables environment;
    bool holds_run_task = false; ///< set before a program starts: RunTask waits for `may_go`
    gate held;                   ///< opens when RunTask waits, or when a run's log has a line
    gate may_go;

private:
    loopback aws_server{answers_of([this](fargate::http::request const& request) {
        bool const runs = request.headers.value_of("X-Amz-Target").ends_with(".RunTask");
        if (runs && holds_run_task) {
            held.open();
            may_go.wait();
        }
        return aws.send(request);
    })};
    loopback prefect_server{answers_of([this](fargate::http::request const& request) {
        auto answer = prefect.send(request);
        if (!prefect.logs().empty()) held.open();
        return answer;
    })};
};

/// The program with these arguments, in that world.
inline child launch(program_world const& world, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), FARGATE_PROGRAM);
    return child{std::move(arguments), world.environment};
}

} // namespace testing_support

#endif
