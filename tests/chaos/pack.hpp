#ifndef FARGATE_TESTS_CHAOS_PACK_HPP
#define FARGATE_TESTS_CHAOS_PACK_HPP

#include "chaos/dice.hpp"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <optional>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace chaos {

using moment = std::chrono::steady_clock::time_point;

/// One agent that is ended and started again; its words, all lives' together, are in a file. The process dies with the
/// object, and with the thread that started it.
class agent_process {
public:
    agent_process(std::vector<std::string> command, std::map<std::string, std::string> const& environment,
                  std::string log) :
        command_{std::move(command)}, log_{std::move(log)} {
        for (auto const& [name, value] : environment) environment_.push_back(name + "=" + value);
    }
    agent_process(agent_process const&) = delete;
    agent_process& operator=(agent_process const&) = delete;
    ~agent_process() { kill(); }

    void start() {
        int const words = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (words == -1) {
            std::perror(log_.c_str());
            std::exit(2);
        }
        ::dprintf(words, "== life %zu\n", ++lives_);
        auto const arguments = pointers(command_);
        auto const variables = pointers(environment_);
        pid_t const parent = ::getpid();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (::getppid() != parent) ::_exit(127);
            ::dup2(words, STDOUT_FILENO);
            ::dup2(words, STDERR_FILENO);
            ::execve(arguments[0], arguments.data(), variables.data());
            ::_exit(127);
        }
        ::close(words);
        if (pid_ == -1) {
            std::perror("fork");
            std::exit(2);
        }
    }

    [[nodiscard]] bool runs() const noexcept { return pid_ > 0; }
    void signal(int number) const {
        if (runs()) ::kill(pid_, number);
    }

    /// SIGKILL, and nothing of it is left.
    void kill() {
        if (!runs()) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

    /// How it ended by itself, if it did: the exit status, or 1000 and the signal.
    std::optional<int> ended() {
        int status = 0;
        if (!runs() || ::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    [[nodiscard]] std::size_t lives() const noexcept { return lives_; }

private:
    static std::vector<char*> pointers(std::vector<std::string>& from) {
        std::vector<char*> made;
        for (auto& each : from) made.push_back(each.data());
        made.push_back(nullptr);
        return made;
    }

    std::vector<std::string> command_;
    std::vector<std::string> environment_;
    std::string log_;
    pid_t pid_ = -1;
    std::size_t lives_ = 0;
};

/// What happens to one agent: it lives for a while, is killed, frozen or told to stop, and comes back.
class hunted {
public:
    hunted(agent_process& prey, std::uint64_t seed) : prey_{prey}, throws_{seed} {}

    /// Does what is due. An end that nobody caused is told: its status.
    std::optional<int> step(moment now) {
        if (auto const status = prey_.ended()) {
            // Told before it could listen, it dies of the signal.
            bool const told = now_is_ == phase::leaving && (*status == 0 || *status == 1000 + SIGTERM);
            now_is_ = phase::dead;
            due_ = now + throws_.between(0, 400);
            if (!told) return status;
        }
        if (now < due_) return std::nullopt;
        switch (now_is_) {
        case phase::dead:
            prey_.start();
            now_is_ = phase::alive;
            due_ = now + (throws_.chance(0.2) ? throws_.between(5, 150) : throws_.between(150, 1500));
            break;
        case phase::alive:
            switch (throws_.below(8)) {
            case 0: // frozen, as virtual machines are
                prey_.signal(SIGSTOP);
                now_is_ = phase::frozen;
                due_ = now + throws_.between(100, 1500);
                break;
            case 1:
                prey_.signal(SIGTERM);
                now_is_ = phase::leaving;
                due_ = now + throws_.between(0, 1500);
                break;
            default: murder(now);
            }
            break;
        case phase::frozen:
            prey_.signal(SIGCONT);
            now_is_ = phase::alive;
            due_ = now + throws_.between(0, 1000);
            break;
        case phase::leaving: murder(now); break;
        }
        return std::nullopt;
    }

    /// Lets it live from now on.
    void spare() {
        prey_.signal(SIGCONT);
        if (now_is_ == phase::leaving) prey_.kill();
        if (!prey_.runs()) prey_.start();
    }

    [[nodiscard]] std::size_t kills() const noexcept { return kills_; }

private:
    enum class phase : unsigned char { dead, alive, frozen, leaving };

    void murder(moment now) {
        prey_.kill();
        ++kills_;
        now_is_ = phase::dead;
        due_ = now + throws_.between(0, 400);
    }

    agent_process& prey_;
    dice throws_;
    phase now_is_ = phase::dead;
    moment due_{};
    std::size_t kills_ = 0;
};

} // namespace chaos

#endif
