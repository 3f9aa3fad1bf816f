#ifndef FARGATE_SERVICE_COMPLAINTS_HPP
#define FARGATE_SERVICE_COMPLAINTS_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/finding.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// What is wrong with a configuration, kept while the rest of it is read.
struct complaints {
    bool thorough = false;        ///< all is wanted, unknown names included, and not only the first
    std::optional<error> first{}; ///< of what cannot be read
    std::vector<deploy::finding> all{};

    void add(error why) {
        all.push_back(deploy::finding_of(why));
        if (!first) first = std::move(why);
    }

    /// What was read; where that is nothing, the reason is kept, and something that does no harm stands in.
    template <class T>
    [[nodiscard]] T take(result<T>&& read) {
        if (read) return *std::move(read);
        add(std::move(read).error());
        return T{};
    }
};

} // namespace fargate::inline v0::service

#endif
