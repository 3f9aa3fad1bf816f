#ifndef FARGATE_TESTS_SERVICE_SCRIPTED_SOURCE_HPP
#define FARGATE_TESTS_SERVICE_SCRIPTED_SOURCE_HPP

#include <fargate/prefect/flow_source.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

/// The smallest run there is.
struct scripted_run {
    std::string id;
    std::optional<fargate::time_point> not_before{};
};

/// A flow source with a script: answers to polls in order (then empty ones), and an answer for every other call. It keeps
/// what it was told, in order.
class scripted_source {
public:
    using run = scripted_run;
    template <class T>
    using result = fargate::result<T>;

    std::deque<result<std::vector<run>>> polls;
    std::function<result<fargate::claim>(run const&)> on_claim = [](run const&) { return fargate::claim{}; };
    std::function<result<void>(std::string const&)> on_tell = [](std::string const&) { return result<void>{}; };
    std::function<void()> on_poll = [] {};

    result<void> open(std::stop_token) { return tell("open"); }

    result<std::vector<run>> poll(std::span<std::string const> busy, std::stop_token) {
        on_poll();
        (void)tell("poll");
        if (polls.empty()) return std::vector<run>{};
        auto next = std::move(polls.front());
        polls.pop_front();
        if (next)
            std::erase_if(*next,
                          [&](run const& each) { return std::find(busy.begin(), busy.end(), each.id) != busy.end(); });
        return next;
    }

    result<fargate::claim> claim(run const& offered) {
        (void)tell("claim " + offered.id);
        return on_claim(offered);
    }
    result<void> launched(run const& offered, std::string_view handle) {
        return tell("launched " + offered.id + " " + std::string{handle});
    }
    result<void> failed(run const& offered, std::string_view reason) {
        return tell("failed " + offered.id + " " + std::string{reason});
    }
    result<void> note(run const& offered, fargate::log_level, std::string_view text) {
        return tell("note " + offered.id + " " + std::string{text});
    }
    result<void> heartbeat(run const& offered) { return tell("heartbeat " + offered.id); }

    [[nodiscard]] std::vector<std::string> told() const {
        std::lock_guard const lock{mutex_};
        return told_;
    }

    /// What it was told beside the polls.
    [[nodiscard]] std::vector<std::string> story() const {
        auto lines = told();
        std::erase(lines, "poll");
        return lines;
    }

private:
    result<void> tell(std::string line) {
        {
            std::lock_guard const lock{mutex_};
            told_.push_back(line);
        }
        return on_tell(line);
    }

    mutable std::mutex mutex_;
    std::vector<std::string> told_;
};

static_assert(fargate::flow_source<scripted_source>);

} // namespace testing_support

#endif
