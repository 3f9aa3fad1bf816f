#ifndef FARGATE_DEPLOY_SINGLE_FLIGHT_HPP
#define FARGATE_DEPLOY_SINGLE_FLIGHT_HPP

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::deploy {

/// Lets one thread at a time do something for a key that the others would otherwise do again. A thread takes a `seat`
/// before it looks whether the thing is needed, and then a turn: it is its own, or somebody has done the thing in the
/// meantime and it looks once more. Holds nothing for a key that nobody has a seat for.
class single_flight {
    struct lane {
        int seats = 0;
        bool busy = false;
        std::uint64_t finished = 0;
    };
    using lanes = std::map<std::string, lane>;

public:
    enum class turn : unsigned char {
        mine,    ///< do it, then `seat::leave`
        changed, ///< somebody else was at it: look again
        stopped  ///< the stop token fired while waiting
    };

    class seat {
    public:
        seat(single_flight& owner, std::string key) : owner_{owner} {
            std::scoped_lock const lock{owner_.mutex_};
            at_ = owner_.lanes_.try_emplace(std::move(key)).first;
            ++at_->second.seats;
            seen_ = at_->second.finished;
        }
        seat(seat const&) = delete;
        seat& operator=(seat const&) = delete;
        ~seat() {
            if (holds_) leave(false);
            std::scoped_lock const lock{owner_.mutex_};
            if (--at_->second.seats == 0) owner_.lanes_.erase(at_);
        }

        /// To be called before each look; what was finished until then, the look will see.
        void look() {
            std::scoped_lock const lock{owner_.mutex_};
            seen_ = at_->second.finished;
        }

        [[nodiscard]] turn take(std::stop_token const& stop) {
            std::unique_lock lock{owner_.mutex_};
            auto& lane = at_->second;
            if (lane.finished != seen_) return turn::changed;
            if (!lane.busy) {
                holds_ = lane.busy = true;
                return turn::mine;
            }
            bool const free = owner_.left_.wait(lock, stop, [&lane] { return !lane.busy; });
            return free ? turn::changed : turn::stopped;
        }

        /// Ends a turn that was `mine`.
        void leave(bool done) {
            {
                std::scoped_lock const lock{owner_.mutex_};
                holds_ = at_->second.busy = false;
                if (done) ++at_->second.finished;
            }
            owner_.left_.notify_all();
        }

    private:
        single_flight& owner_;
        lanes::iterator at_;
        std::uint64_t seen_ = 0;
        bool holds_ = false; ///< it is this seat's turn
    };

private:
    std::mutex mutex_;
    std::condition_variable_any left_;
    lanes lanes_;
};

} // namespace fargate::inline v0::deploy

#endif
