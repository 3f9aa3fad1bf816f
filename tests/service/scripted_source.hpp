#ifndef FARGATE_TESTS_SERVICE_SCRIPTED_SOURCE_HPP
#define FARGATE_TESTS_SERVICE_SCRIPTED_SOURCE_HPP

#include <fargate/prefect/flow_source.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
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

    using views = std::vector<fargate::run_view<run>>;

    std::deque<result<std::vector<run>>> polls;
    views known; ///< what it shows to those who look
    std::function<result<fargate::claim>(run const&)> on_claim = [](run const&) { return fargate::claim{}; };
    std::function<result<void>(std::string const&)> on_tell = [](std::string const&) { return result<void>{}; };
    std::function<void()> on_poll = [] {};
    std::function<std::string(run const&)> on_epoch = [](run const&) { return "1"; };

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

    result<fargate::claim> claim(run const& offered, std::stop_token) {
        (void)tell("claim " + offered.id);
        return on_claim(offered);
    }
    result<views> look(std::span<std::string const> ids, std::stop_token) {
        std::string line = "look";
        for (auto const& each : ids) line += " " + each;
        (void)tell(line);
        views made;
        for (auto const& each : known)
            if (std::find(ids.begin(), ids.end(), each.run.id) != ids.end()) made.push_back(each);
        return made;
    }
    result<views> owned(std::stop_token) {
        (void)tell("owned");
        views made;
        for (auto const& each : known)
            if (each.ours && each.life == fargate::run_life::claimed) made.push_back(each);
        return made;
    }
    result<std::vector<std::string>> cancelling(std::span<std::string const> ids, std::stop_token) {
        (void)tell("cancelling");
        std::vector<std::string> made;
        for (auto const& each : known)
            if ((each.life == fargate::run_life::cancelling || each.life == fargate::run_life::cancelled) &&
                std::find(ids.begin(), ids.end(), each.run.id) != ids.end())
                made.push_back(each.run.id);
        return made;
    }
    result<void> launched(std::string_view id, std::string_view handle, std::stop_token) {
        return tell("launched " + std::string{id} + " " + std::string{handle});
    }
    std::string epoch(run const& of) { return on_epoch(of); }
    result<bool> failed(std::string_view id, std::string_view, std::string_view reason, std::stop_token) {
        return set("failed " + std::string{id} + " " + std::string{reason});
    }
    result<bool> cancelled(std::string_view id, std::string_view, std::string_view reason, std::stop_token) {
        return set("cancelled " + std::string{id} + " " + std::string{reason});
    }
    result<void> note(std::string_view id, fargate::log_level, std::string_view text, std::stop_token) {
        return tell("note " + std::string{id} + " " + std::string{text});
    }
    result<void> heartbeat(std::string_view id, std::stop_token) { return tell("heartbeat " + std::string{id}); }

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

    /// What it was told to do: without the polls, the looks, and the word that a run has to wait.
    [[nodiscard]] std::vector<std::string> acts() const {
        auto lines = story();
        std::erase_if(lines, [](std::string const& each) {
            return each.starts_with("look") || each.find(" No task yet") != std::string::npos;
        });
        return lines;
    }

private:
    result<bool> set(std::string line) {
        if (auto told = tell(std::move(line)); !told) return told.error();
        return true;
    }

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
