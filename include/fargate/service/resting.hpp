#ifndef FARGATE_SERVICE_RESTING_HPP
#define FARGATE_SERVICE_RESTING_HPP

#include <fargate/system/clock.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace fargate::inline v0::service {

/// Names that are left out for a while, such as subnets without addresses. Times are an agenda's. May be used from several
/// threads.
class resting {
public:
    void put(std::string const& name, duration until) {
        std::scoped_lock const lock{mutex_};
        names_[name] = until;
    }

    [[nodiscard]] std::vector<std::string> at(duration now) {
        std::scoped_lock const lock{mutex_};
        std::erase_if(names_, [now](auto const& each) { return each.second <= now; });
        std::vector<std::string> made;
        made.reserve(names_.size());
        for (auto const& [name, until] : names_) made.push_back(name);
        return made;
    }

private:
    std::mutex mutex_;
    std::map<std::string, duration> names_;
};

} // namespace fargate::inline v0::service

#endif
