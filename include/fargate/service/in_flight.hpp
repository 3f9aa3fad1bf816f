#ifndef FARGATE_SERVICE_IN_FLIGHT_HPP
#define FARGATE_SERVICE_IN_FLIGHT_HPP

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

/// The runs that this process is working on, from the moment they are taken up until they have a task or are given up, and
/// which of them it has claimed. All members may be called from any thread.
class in_flight {
public:
    /// Enters an id; false when it is in already, and then the caller must leave the run alone.
    [[nodiscard]] bool enter(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = find(id);
        if (at != runs_.end() && at->id == id) return false;
        runs_.insert(at, {std::string{id}, false});
        return true;
    }

    /// Marks an entered run as ours.
    bool claim(std::string_view id) {
        return claim(
            id, [] { return std::size_t{0}; }, 0);
    }

    /// The same, unless what `others` counts and the runs marked so far fill `room` places (0: there is no limit). `others` is
    /// called under the lock: what moves from here to there is counted at least once.
    template <class Count>
    [[nodiscard]] bool claim(std::string_view id, Count const& others, std::size_t room) {
        std::lock_guard const lock{mutex_};
        if (room != 0 && others() + claimed_ >= room) return false;
        auto const at = find(id);
        if (at == runs_.end() || at->id != id) return false;
        if (!at->claimed) ++claimed_;
        at->claimed = true;
        return true;
    }

    /// Takes that mark back.
    void release(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = find(id);
        if (at == runs_.end() || at->id != id || !at->claimed) return;
        at->claimed = false;
        --claimed_;
    }

    void leave(std::string_view id) {
        std::lock_guard const lock{mutex_};
        auto const at = find(id);
        if (at == runs_.end() || at->id != id) return;
        if (at->claimed) --claimed_;
        runs_.erase(at);
    }

    [[nodiscard]] bool has(std::string_view id) const {
        std::lock_guard const lock{mutex_};
        auto const at = find(id);
        return at != runs_.end() && at->id == id;
    }

    /// Their ids, sorted.
    [[nodiscard]] std::vector<std::string> ids() const { return listed(false); }
    /// The ids of those that are claimed, sorted.
    [[nodiscard]] std::vector<std::string> claimed() const { return listed(true); }

    [[nodiscard]] std::size_t size() const {
        std::lock_guard const lock{mutex_};
        return runs_.size();
    }

private:
    struct entry {
        std::string id;
        bool claimed;
    };

    [[nodiscard]] std::vector<std::string> listed(bool claimed_only) const {
        std::lock_guard const lock{mutex_};
        std::vector<std::string> made;
        made.reserve(claimed_only ? claimed_ : runs_.size());
        for (auto const& each : runs_)
            if (each.claimed || !claimed_only) made.push_back(each.id);
        return made;
    }

    [[nodiscard]] std::vector<entry>::iterator find(std::string_view id) {
        return std::lower_bound(runs_.begin(), runs_.end(), id, before);
    }
    [[nodiscard]] std::vector<entry>::const_iterator find(std::string_view id) const {
        return std::lower_bound(runs_.begin(), runs_.end(), id, before);
    }
    static bool before(entry const& left, std::string_view right) noexcept { return left.id < right; }

    mutable std::mutex mutex_;
    std::vector<entry> runs_;
    std::size_t claimed_ = 0;
};

} // namespace fargate::inline v0::service

#endif
