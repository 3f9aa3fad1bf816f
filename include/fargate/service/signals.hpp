#ifndef FARGATE_SERVICE_SIGNALS_HPP
#define FARGATE_SERVICE_SIGNALS_HPP

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <stop_token>

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace fargate::inline v0::service {

/// Turns SIGINT and SIGTERM into a stop token while it lives: the first one fires the token, a second one ends the process
/// at once with status 130 or 143. The handlers that were there before come back when it goes. At most one object at a
/// time; make it before other threads, so that a program's start is covered. POSIX only.
class signals {
public:
    signals() noexcept {
        if (::pipe(pipe_) != 0) return;
        for (int const end : pipe_) ::fcntl(end, F_SETFD, FD_CLOEXEC);
        if (pthread_create(&watcher_, nullptr, &enter, this) != 0) {
            close_pipe();
            return;
        }
        watching_ = true;
        seen_ = 0;
        write_end_ = pipe_[1];
        struct sigaction action = {};
        action.sa_handler = &handle;
        action.sa_flags = SA_RESTART;
        sigemptyset(&action.sa_mask);
        for (std::size_t i = 0; i != handled.size(); ++i) sigaction(handled[i], &action, &before_[i]);
    }

    signals(signals const&) = delete;
    signals& operator=(signals const&) = delete;

    ~signals() {
        if (!watching_) return;
        for (std::size_t i = 0; i != handled.size(); ++i) sigaction(handled[i], &before_[i], nullptr);
        write_end_ = -1;
        tell(pipe_[1], 0);
        pthread_join(watcher_, nullptr);
        close_pipe();
    }

    /// False when the system gave no pipe or no thread: signals then do what they did before.
    [[nodiscard]] bool watching() const noexcept { return watching_; }

    /// Fires with the first signal.
    [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }

    /// The signal that came, 0 when none did.
    [[nodiscard]] int received() const noexcept { return received_.load(std::memory_order_relaxed); }

private:
    static constexpr std::array<int, 2> handled{SIGINT, SIGTERM};

    inline static std::atomic<int> write_end_{-1};
    inline static std::atomic<int> seen_{0};

    static void tell(int end, unsigned char what) noexcept {
        while (::write(end, &what, 1) < 0 && errno == EINTR) {
        }
    }

    /// Async-signal-safe: lock-free atomics, write and _exit only.
    static void handle(int number) noexcept {
        int const kept = errno;
        if (seen_.fetch_add(1) != 0) ::_exit(128 + number);
        tell(write_end_.load(), static_cast<unsigned char>(number));
        errno = kept;
    }

    // A POSIX thread, because std::thread tells of a lack of threads by throwing.
    static void* enter(void* self) {
        static_cast<signals*>(self)->watch();
        return nullptr;
    }

    void close_pipe() noexcept {
        for (int const end : pipe_) ::close(end);
    }

    void watch() noexcept {
        unsigned char what = 0;
        ssize_t count = 0;
        while ((count = ::read(pipe_[0], &what, 1)) < 0 && errno == EINTR) {
        }
        if (count != 1 || what == 0) return;
        received_.store(what, std::memory_order_relaxed);
        source_.request_stop();
        // The destructor's byte ends a watch that has fired, too.
        while (::read(pipe_[0], &what, 1) < 0 && errno == EINTR) {
        }
    }

    int pipe_[2] = {-1, -1};
    std::array<struct sigaction, 2> before_{};
    std::stop_source source_;
    std::atomic<int> received_{0};
    pthread_t watcher_{};
    bool watching_ = false;
};

} // namespace fargate::inline v0::service

#endif
