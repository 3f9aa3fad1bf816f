#ifndef FARGATE_TESTING_EXCHANGE_LOG_HPP
#define FARGATE_TESTING_EXCHANGE_LOG_HPP

#include <fargate/core/error.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/testing/fault_plan.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// One request that a fake has seen.
struct exchange {
    std::string operation{};
    std::string body{}; ///< as it came
    int status = 0;     ///< what was decided for it; 0 when it got no answer at all
    std::string code{}; ///< the service's name for an error
    bool lost = false;  ///< it was carried out, and the answer did not reach the caller
    time_point at{};
};

/// What has come in, counted per operation; the latest ten thousand requests are kept.
class exchange_log {
public:
    void add(exchange seen) {
        std::scoped_lock const lock{mutex_};
        ++counts_[seen.operation];
        if (kept_.size() == 10'000) kept_.pop_front();
        kept_.push_back(std::move(seen));
    }

    /// Requests of that name; of any, when it is empty.
    [[nodiscard]] std::size_t count(std::string_view operation = {}) const {
        std::scoped_lock const lock{mutex_};
        std::size_t total = 0;
        for (auto const& [name, number] : counts_)
            if (operation.empty() || name == operation) total += number;
        return total;
    }

    [[nodiscard]] std::vector<exchange> all(std::string_view operation = {}) const {
        std::scoped_lock const lock{mutex_};
        std::vector<exchange> made;
        for (auto const& each : kept_)
            if (operation.empty() || each.operation == operation) made.push_back(each);
        return made;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::size_t, std::less<>> counts_;
    std::deque<exchange> kept_;
};

namespace detail {

/// The error a fault makes the caller see when there is no answer.
[[nodiscard]] inline error unanswered(fault const& what) {
    return what.what == fault::kind::stall ? fail(errc::timed_out, "no answer in time (a planned fault)", true)
                                           : fail(errc::connection_failed, "connection broken (a planned fault)", true);
}

} // namespace detail

} // namespace fargate::inline v0::testing

#endif
