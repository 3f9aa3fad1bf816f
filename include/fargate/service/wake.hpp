#ifndef FARGATE_SERVICE_WAKE_HPP
#define FARGATE_SERVICE_WAKE_HPP

#include <mutex>
#include <stop_token>

namespace fargate::inline v0::service {

/// A bell that cuts a wait short: a sleeper takes `token()`, anybody calls `ring()`, and `reset()` starts the next round.
/// A ring between `reset()` and the sleep is not lost. All members may be called from any thread.
class wake {
public:
    void ring() {
        std::lock_guard const lock{mutex_};
        source_.request_stop();
    }

    void reset() {
        std::lock_guard const lock{mutex_};
        if (source_.stop_requested()) source_ = std::stop_source{};
    }

    [[nodiscard]] std::stop_token token() const {
        std::lock_guard const lock{mutex_};
        return source_.get_token();
    }

private:
    mutable std::mutex mutex_;
    std::stop_source source_;
};

} // namespace fargate::inline v0::service

#endif
