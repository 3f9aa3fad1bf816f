#ifndef FARGATE_SERVICE_IN_FLIGHT_HPP
#define FARGATE_SERVICE_IN_FLIGHT_HPP

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

/// The ids of the runs that this process is working on, from hand-over until their job ends in any way. All members may
/// be called from any thread.
class in_flight {
public:
    /// Enters an id; false when it is in already, and then the caller must leave the run alone.
    [[nodiscard]] bool enter(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = std::lower_bound(ids_.begin(), ids_.end(), id);
        if (at != ids_.end() && *at == id) return false;
        ids_.emplace(at, id);
        return true;
    }

    void leave(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = std::lower_bound(ids_.begin(), ids_.end(), id);
        if (at != ids_.end() && *at == id) ids_.erase(at);
    }

    /// A sorted copy.
    [[nodiscard]] std::vector<std::string> ids() const {
        std::lock_guard const lock{mutex_};
        return ids_;
    }

    [[nodiscard]] std::size_t size() const {
        std::lock_guard const lock{mutex_};
        return ids_.size();
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> ids_;
};

} // namespace fargate::inline v0::service

#endif
