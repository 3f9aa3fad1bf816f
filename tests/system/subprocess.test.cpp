#include <fargate/system/subprocess.hpp>

#include "support/catch.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::program_limits;
using fargate::run_program;

namespace {

/// What a line of shell leaves behind.
fargate::result<fargate::program_output> shell(std::string line, program_limits const& limits = {}) {
    return run_program({"sh", "-c", std::move(line)}, limits);
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for (int each = 0; each != 256; ++each)
        if (fcntl(each, F_GETFD) != -1) ++count;
    return count;
}

/// A pipe with a name, open here for both directions or for reading alone.
class fifo {
public:
    explicit fifo(int flags) {
        REQUIRE(mkdtemp(folder_.data()) != nullptr);
        REQUIRE(mkfifo(path().c_str(), 0600) == 0);
        descriptor_ = open(path().c_str(), flags | O_NONBLOCK | O_CLOEXEC);
        REQUIRE(descriptor_ >= 0);
    }
    fifo(fifo const&) = delete;
    ~fifo() {
        close(descriptor_);
        unlink(path().c_str());
        rmdir(folder_.c_str());
    }
    [[nodiscard]] std::string path() const { return folder_ + "/fifo"; }
    /// Waits until nobody has it open for writing; the minute is for a test that fails.
    [[nodiscard]] bool deserted() const {
        pollfd watched{descriptor_, 0, 0};
        return poll(&watched, 1, 60'000) == 1 && (watched.revents & POLLHUP) != 0;
    }

private:
    std::string folder_ = "/tmp/fargate-test-XXXXXX";
    int descriptor_ = -1;
};

/// The mask after `name:` in the text of /proc/self/status.
std::string mask_of(std::string_view status, std::string_view name) {
    auto const at = status.find(name);
    if (at == std::string_view::npos) return "none";
    auto const digits = status.substr(status.find_first_of("0123456789abcdef", at + name.size() + 1));
    return std::string{digits.substr(0, digits.find('\n'))};
}

} // namespace

TEST_CASE("a program's two outputs and its status come back") {
    auto const done = run_program({"sh", "-c", "printf 'out\\0put'; echo complaint >&2; exit 3"});
    REQUIRE(done);
    CHECK((done->output == std::string{"out\0put", 7}));
    CHECK(done->errors == "complaint\n");
    CHECK(done->status == 3);
    CHECK(shell("exit 0")->status == 0);
    CHECK(shell("kill -TERM $$")->status == 128 + SIGTERM);
}

TEST_CASE("no shell reads the arguments") {
    auto const done = run_program({"printf", "%s\n", "$HOME", "a b", "`id`;", "", "*"});
    REQUIRE(done);
    CHECK(done->output == "$HOME\na b\n`id`;\n\n*\n");
}

TEST_CASE("a program has an empty standard input, a process group of its own and this process's variables") {
    auto const silent = run_program({"cat"});
    REQUIRE(silent);
    CHECK(silent->output.empty());
    CHECK(silent->status == 0);
    CHECK(shell("kill -0 -$$")->status == 0);
    REQUIRE(setenv("FARGATE_TEST_VARIABLE", "seen", 1) == 0);
    CHECK(shell("printf %s \"$FARGATE_TEST_VARIABLE\"")->output == "seen");
    REQUIRE(unsetenv("FARGATE_TEST_VARIABLE") == 0);
}

TEST_CASE("what cannot be run says why, and nothing of the arguments") {
    auto const missing = run_program({"fargate-no-such-program", "secret"});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == errc::not_found);
    CHECK(missing.error().message == "there is no such program");
    CHECK(run_program({"/etc/passwd/x"}).error().code == errc::not_found);
    CHECK(run_program({"/etc/passwd"}).error().code == errc::bad_configuration);
    CHECK(run_program({}).error().code == errc::invalid_argument);
    CHECK(run_program({""}).error().code == errc::invalid_argument);
    CHECK(run_program({"printf", std::string{"a\0b", 3}}).error().code == errc::invalid_argument);
}

TEST_CASE("standard output up to the limit is kept whole, one byte more ends the program and its group") {
    program_limits const limits{60'000ms, 64 * 1024, 100};
    auto const full = shell("head -c 65536 /dev/zero", limits);
    REQUIRE(full);
    CHECK(full->output.size() == 65'536);
    CHECK(shell("head -c 65537 /dev/zero", limits).error().code == errc::too_large);

    fifo const watched{O_RDONLY};
    auto const endless = shell("exec 3>" + watched.path() + "; sleep 600 & yes", limits);
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code == errc::too_large);
    CHECK(watched.deserted());
}

TEST_CASE("of standard error the end is kept, however long it is") {
    program_limits const limits{60'000ms, 10, 8};
    auto const done = shell("head -c 1000000 /dev/zero >&2; printf 'the last words' >&2; exit 1", limits);
    REQUIRE(done);
    CHECK(done->errors == "st words");
    CHECK(done->status == 1);
}

TEST_CASE("a program that does not end is ended when its time is over") {
    auto const slow = run_program({"sleep", "600"}, {50ms, 10, 10});
    REQUIRE_FALSE(slow);
    CHECK(slow.error().code == errc::timed_out);
    CHECK(slow.error().message.find("50 ms") != std::string::npos);
    auto const stubborn = shell("trap '' TERM INT; while :; do sleep 600; done", {50ms, 10, 10});
    REQUIRE_FALSE(stubborn);
    CHECK(stubborn.error().code == errc::timed_out);
    // Nobody is left to wait for.
    CHECK((waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD));
}

TEST_CASE("what a program leaves running in the background is neither waited for nor ended") {
    int const both = O_RDWR;
    fifo held{both};
    auto const done = shell("exec 3<" + held.path() + "; cat <&3 & echo done");
    REQUIRE(done);
    CHECK(done->output == "done\n");
    CHECK(done->status == 0);
}

TEST_CASE("no descriptor stays open, here or there") {
    auto const before = open_descriptors();
    CHECK(shell("echo x"));
    CHECK_FALSE(run_program({"fargate-no-such-program"}));
    CHECK_FALSE(run_program({"sleep", "600"}, {1ms, 10, 10}));
    CHECK(open_descriptors() == before);
#if defined(__linux__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
    int const ours = open("/dev/null", O_RDONLY); // inheritable on purpose
    REQUIRE(ours >= 0);
    CHECK(run_program({"readlink", "/proc/self/fd/" + std::to_string(ours)})->status == 1);
    close(ours);
#endif
#endif
}

TEST_CASE("a process with its standard descriptors closed runs programs as well") {
    int const input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
    int const output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
    REQUIRE(output >= 0);
    std::fflush(stdout);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    auto const done = shell("cat; echo out; echo complaint >&2");
    if (input >= 0) dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    if (input >= 0) close(input);
    close(output);
    REQUIRE(done);
    CHECK(done->output == "out\n");
    CHECK(done->errors == "complaint\n");
}

#ifdef __linux__
TEST_CASE("a program's signals are neither blocked nor ignored, whatever they are here") {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    REQUIRE(pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);
    auto* const pipe_before = std::signal(SIGPIPE, SIG_IGN);
    auto const done = run_program({"cat", "/proc/self/status"});
    std::signal(SIGPIPE, pipe_before);
    REQUIRE(pthread_sigmask(SIG_SETMASK, &before, nullptr) == 0);
    REQUIRE(done);
    CHECK(mask_of(done->output, "SigBlk") == "0000000000000000");
    // (32 and up belong to the C library and come from whoever started the tests.)
    CHECK((std::strtoull(mask_of(done->output, "SigIgn").c_str(), nullptr, 16) & 0x7FFFFFFFU) == 0);
}
#endif
