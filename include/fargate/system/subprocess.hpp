#ifndef FARGATE_SYSTEM_SUBPROCESS_HPP
#define FARGATE_SYSTEM_SUBPROCESS_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

extern "C" char** environ; // NOLINT(readability-redundant-declaration): POSIX leaves this to the program

namespace fargate::inline v0 {

/// How long a program may take, and how much of what it writes is kept.
struct program_limits {
    std::chrono::milliseconds time{60'000};
    std::size_t output = 64 * 1024; ///< bytes of standard output; a program that writes more is ended
    std::size_t errors = 4 * 1024;  ///< of standard error, whose last bytes are kept
};

/// What a program left behind. Either text may hold whatever the program wrote.
struct program_output {
    int status = 0; ///< its exit status, or 128 and the number of the signal that ended it, as shells have it
    std::string output{};
    std::string errors{};
};

namespace detail {

/// A file descriptor that is closed when it goes.
class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int number) noexcept : number_{number} {}
    descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() { close(); }

    void close() noexcept {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }
    [[nodiscard]] int number() const noexcept { return number_; }
    [[nodiscard]] bool open() const noexcept { return number_ >= 0; }

private:
    int number_ = -1;
};

/// A pipe that no other program inherits; reading from it does not wait.
struct pipe_ends {
    descriptor read{};
    descriptor write{};

    [[nodiscard]] bool make() noexcept {
        int ends[2];
#ifdef __APPLE__
        if (::pipe(ends) != 0) return false;
        for (int const each : ends) ::fcntl(each, F_SETFD, FD_CLOEXEC);
#else
        if (::pipe2(ends, O_CLOEXEC) != 0) return false;
#endif
        read = descriptor{ends[0]};
        write = descriptor{ends[1]};
        return ::fcntl(read.number(), F_SETFL, O_NONBLOCK) == 0;
    }
};

/// A started program, which is ended with its process group and waited for when it goes.
class child {
public:
    child() = default;
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child() {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
    }

    /// Returns `errno`'s number for what went wrong, else 0.
    [[nodiscard]] int start(std::vector<std::string> const& arguments, int output, int errors) {
        std::vector<char*> words;
        words.reserve(arguments.size() + 1);
        for (auto const& each : arguments) words.push_back(const_cast<char*>(each.c_str()));
        words.push_back(nullptr);

        posix_spawn_file_actions_t files{};
        posix_spawnattr_t attributes{};
        int why = ::posix_spawn_file_actions_init(&files);
        if (why != 0) return why;
        why = ::posix_spawnattr_init(&attributes);
        if (why == 0) {
            why = describe(files, attributes, output, errors);
            if (why == 0) why = ::posix_spawnp(&pid_, words[0], &files, &attributes, words.data(), ::environ);
            ::posix_spawnattr_destroy(&attributes);
        }
        ::posix_spawn_file_actions_destroy(&files);
        if (why != 0) pid_ = -1;
        return why;
    }

    /// Takes note of the program's end without waiting for it.
    [[nodiscard]] bool ended() noexcept {
        siginfo_t told{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &told, WEXITED | WNOHANG | WNOWAIT) != 0 || told.si_pid == pid_;
    }

    /// Its status, once it has ended; -1 when nobody tells.
    [[nodiscard]] int reap() noexcept {
        int status = 0;
        pid_t reaped = -1;
        do reaped = ::waitpid(pid_, &status, 0);
        while (reaped < 0 && errno == EINTR);
        pid_ = -1;
        if (reaped < 0) return -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    /// Nothing on standard input, no descriptor of ours but the two pipes, a process group of its own, and signals as in a
    /// fresh process: programs do not expect an ignored SIGPIPE.
    static int describe(posix_spawn_file_actions_t& files, posix_spawnattr_t& attributes, int output,
                        int errors) noexcept {
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::sigdelset(&all, SIGKILL);
        ::sigdelset(&all, SIGSTOP);
        constexpr int flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        int why = ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (why == 0) why = ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
        if (why == 0) why = ::posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 34)
        if (why == 0) why = ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
#endif
#endif
        if (why == 0) why = ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
        if (why == 0) why = ::posix_spawnattr_setpgroup(&attributes, 0);
        if (why == 0) why = ::posix_spawnattr_setsigmask(&attributes, &none);
        if (why == 0) why = ::posix_spawnattr_setsigdefault(&attributes, &all);
        return why;
    }

    pid_t pid_ = -1;
};

/// Reads what is there, within reason; closes the pipe at its end. `take` is told the bytes, which may be secret.
template <class Take>
void drain(descriptor& from, Take const& take) {
    char block[4096];
    for (int blocks = 256; from.open() && blocks != 0; --blocks) {
        ssize_t const count = ::read(from.number(), block, sizeof block);
        if (count > 0) {
            take(std::string_view{block, static_cast<std::size_t>(count)});
        } else if (count == 0 || (errno != EINTR && errno != EAGAIN)) {
            from.close();
        } else if (errno == EAGAIN) {
            break;
        }
    }
    wipe(block, sizeof block);
}

/// Collects what a program writes until it has ended, or closed both pipes and then ended.
class program_watch {
public:
    program_watch(program_limits const& limits, program_output& into) : limits_{limits}, into_{into} {
        into_.output.reserve(limits.output + 1); // no growth, which would leave copies behind
    }

    [[nodiscard]] result<void> follow(child& program, descriptor output, descriptor errors) {
        using clock = std::chrono::steady_clock;
        auto const deadline = clock::now() + limits_.time;
        for (;;) {
            bool const ended = program.ended(); // asked before reading, so that nothing it wrote is missed
            drain(output, [this](std::string_view bytes) { take_output(bytes); });
            drain(errors, [this](std::string_view bytes) { take_errors(bytes); });
            if (into_.output.size() > limits_.output)
                return fail(errc::too_large, "it writes more than " + std::to_string(limits_.output) + " bytes");
            if (ended) return {};
            auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
            if (left.count() <= 0)
                return fail(errc::timed_out,
                            "it did not end within " + std::to_string(limits_.time.count()) + " ms and was stopped",
                            true);
            // Its end wakes nobody: what it left running in the background may hold the pipes open.
            constexpr std::chrono::milliseconds look{20};
            pollfd watched[] = {{output.number(), POLLIN, 0}, {errors.number(), POLLIN, 0}};
            ::poll(watched, 2, static_cast<int>(std::min(left, look).count()));
        }
    }

private:
    void take_output(std::string_view bytes) {
        into_.output += bytes.substr(0, limits_.output + 1 - into_.output.size());
    }
    void take_errors(std::string_view bytes) {
        into_.errors += bytes;
        if (into_.errors.size() > limits_.errors) into_.errors.erase(0, into_.errors.size() - limits_.errors);
    }

    program_limits const& limits_;
    program_output& into_;
};

} // namespace detail

/// Runs a program without a shell and waits for its end: `arguments[0]` is looked up in PATH unless it holds a `/`, the
/// environment is ours, standard input is empty, no descriptor of ours is inherited, and signals are as in a fresh process.
/// It has a process group of its own, which is killed when it takes or writes too much; what it left running in the
/// background when it ended by itself is left alone. `errc::not_found` when there is no such program,
/// `errc::bad_configuration` when it cannot be run, `errc::timed_out`, `errc::too_large`, `errc::invalid_argument` for
/// arguments that no program can have. A program that ends with a status other than 0 is no error. Needs SIGCHLD not to be
/// ignored. May be called from several threads.
[[nodiscard]] inline result<program_output> run_program(std::vector<std::string> const& arguments,
                                                        program_limits const& limits = {}) {
    if (arguments.empty() || arguments[0].empty()) return fail(errc::invalid_argument, "no program is named");
    for (auto const& each : arguments)
        if (text::contains(each, std::string_view{"\0", 1}))
            return fail(errc::invalid_argument, "an argument holds a NUL character");
    detail::pipe_ends output;
    detail::pipe_ends errors;
    if (!output.make() || !errors.make()) return fail(errc::internal, "no pipe can be made: too many open files");
    detail::child program;
    if (int const why = program.start(arguments, output.write.number(), errors.write.number()); why != 0) {
        if (why == ENOENT || why == ENOTDIR) return fail(errc::not_found, "there is no such program");
        if (why == EAGAIN || why == ENOMEM) return fail(errc::internal, "no process can be started", true);
        return fail(errc::bad_configuration, "it cannot be run: check its permissions");
    }
    output.write.close();
    errors.write.close();
    program_output made;
    auto const done =
        detail::program_watch{limits, made}.follow(program, std::move(output.read), std::move(errors.read));
    if (!done) {
        wipe(made.output);
        return done.error();
    }
    made.status = program.reap();
    if (made.status >= 0) return made;
    wipe(made.output);
    return fail(errc::internal, "how it ended cannot be learned: do not ignore SIGCHLD");
}

} // namespace fargate::inline v0

#endif
