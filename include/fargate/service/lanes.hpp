#ifndef FARGATE_SERVICE_LANES_HPP
#define FARGATE_SERVICE_LANES_HPP

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace fargate::inline v0::service {

/// Lets so many through at a time; the others stand in line, without a thread. May be used from several threads.
template <class Waiting>
class lanes {
public:
    /// 0: any number.
    explicit lanes(unsigned count) : count_{count} {}

    /// True when a lane is free, which is `one`'s then until `leave`; else it is moved from, and stands in line.
    [[nodiscard]] bool enter(Waiting& one) {
        if (count_ == 0) return true;
        std::scoped_lock const lock{mutex_};
        if (under_way_ == count_) {
            line_.push_back(std::move(one));
            return false;
        }
        ++under_way_;
        return true;
    }

    /// Frees a lane, and gives who stands first in line, to `enter` again.
    [[nodiscard]] std::optional<Waiting> leave() {
        if (count_ == 0) return std::nullopt;
        std::scoped_lock const lock{mutex_};
        --under_way_;
        if (line_.empty()) return std::nullopt;
        std::optional<Waiting> next{std::move(line_.front())};
        line_.pop_front();
        return next;
    }

private:
    unsigned const count_;
    unsigned under_way_ = 0;
    std::mutex mutex_;
    std::deque<Waiting> line_;
};

} // namespace fargate::inline v0::service

#endif
