#ifndef FARGATE_TESTS_BENCH_STEPS_HPP
#define FARGATE_TESTS_BENCH_STEPS_HPP

#include <cerrno>
#include <csignal>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

/// How many user-mode instructions a piece of work takes, counted by letting a child do it one step at a time: exact, with
/// the processor's own instructions for hashing, and without a performance counter. -1 where a child cannot be traced so.
/// What a repeated string instruction repeats counts once.
template <class Work>
long steps_of(Work const& work) {
#if defined(__x86_64__)
    pid_t const child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
        for (int warm = 0; warm != 3; ++warm) work();
        raise(SIGSTOP);
        work();
        raise(SIGSTOP);
        _exit(0);
    }
    int status = 0;
    long steps = 0;
    unsigned long long last = 0;
    bool const began = waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
    while (began && ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0) {
        if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) break;
        user_regs_struct registers{};
        if (ptrace(PTRACE_GETREGS, child, nullptr, &registers) != 0) break;
        if (registers.rip != last) ++steps;
        last = registers.rip;
    }
    bool const ended = WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return began && ended ? steps : -1;
#else
    (void)work;
    return -1;
#endif
}

} // namespace bench

#endif
