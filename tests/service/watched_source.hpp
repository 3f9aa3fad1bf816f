#ifndef FARGATE_TESTS_SERVICE_WATCHED_SOURCE_HPP
#define FARGATE_TESTS_SERVICE_WATCHED_SOURCE_HPP

#include <fargate/prefect/flow_source.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing_support {

/// A run, and which of its schedules it is in.
struct watched_run {
    std::string id{};
    std::string epoch{};
};

/// A flow source of runs that are claimed already: it shows them as they were put, and keeps what it is told, in order.
class watched_source {
public:
    using run = watched_run;
    using view = fargate::run_view<run>;
    using life = fargate::run_life;
    template <class T>
    using result = fargate::result<T>;

    std::map<std::string, view, std::less<>> runs;
    /// What a call brings; its line is `failed RUN REASON`, `look`, `owned`, ...
    std::function<result<void>(std::string const&)> on_call = [](std::string const&) { return result<void>{}; };

    /// A run that was claimed at `since`.
    view& claim_run(std::string const& id, fargate::time_point since, std::string epoch = "1") {
        return runs[id] = view{{id, std::move(epoch)}, life::claimed, true, since};
    }

    result<void> open(std::stop_token) { return call("open"); }
    result<std::vector<run>> poll(std::span<std::string const>, std::stop_token) { return std::vector<run>{}; }
    result<fargate::claim> claim(run const&, std::stop_token) { return fargate::claim{}; }

    result<std::vector<view>> look(std::span<std::string const> ids, std::stop_token) {
        if (auto heard = call("look"); !heard) return heard.error();
        std::vector<view> made;
        for (auto const& [id, each] : runs)
            if (std::find(ids.begin(), ids.end(), id) != ids.end()) made.push_back(each);
        return made;
    }
    result<std::vector<view>> owned(std::stop_token) {
        if (auto heard = call("owned"); !heard) return heard.error();
        std::vector<view> made;
        for (auto const& [id, each] : runs)
            if (each.life == life::claimed && each.ours) made.push_back(each);
        return made;
    }
    result<std::vector<std::string>> cancelling(std::span<std::string const> ids, std::stop_token) {
        if (auto heard = call("cancelling"); !heard) return heard.error();
        std::vector<std::string> made;
        for (auto const& id : ids)
            if (auto const at = runs.find(id); at != runs.end())
                if (at->second.life == life::cancelling || at->second.life == life::cancelled) made.push_back(id);
        return made;
    }
    result<void> launched(std::string_view id, std::string_view handle, std::stop_token) {
        return tell("launched", id, handle);
    }
    [[nodiscard]] std::string epoch(run const& of) const { return of.epoch; }
    result<bool> failed(std::string_view id, std::string_view epoch, std::string_view reason, std::stop_token) {
        return end("failed", id, epoch, reason, life::finished);
    }
    result<bool> cancelled(std::string_view id, std::string_view epoch, std::string_view reason, std::stop_token) {
        return end("cancelled", id, epoch, reason, life::cancelled);
    }
    result<void> note(std::string_view id, fargate::log_level level, std::string_view text, std::stop_token) {
        return tell(std::string{"note "} + std::string{fargate::name_of(level)}, id, text);
    }
    result<void> heartbeat(std::string_view id, std::stop_token) { return tell("heartbeat", id, ""); }

    /// All that was told of runs and accepted, one `VERB RUN TEXT` each, without what only looks.
    [[nodiscard]] std::vector<std::string> const& story() const { return story_; }
    [[nodiscard]] std::size_t count(std::string_view beginning) const {
        return static_cast<std::size_t>(
            std::count_if(story_.begin(), story_.end(), [&](auto const& each) { return each.starts_with(beginning); }));
    }
    /// Every call, also one that failed.
    [[nodiscard]] std::size_t calls(std::string_view beginning) const {
        return static_cast<std::size_t>(
            std::count_if(calls_.begin(), calls_.end(), [&](auto const& each) { return each.starts_with(beginning); }));
    }
    void forget_story() { story_.clear(); }

private:
    result<void> call(std::string line) {
        calls_.push_back(line);
        return on_call(line);
    }

    result<void> tell(std::string verb, std::string_view id, std::string_view text) {
        std::string line = std::move(verb) + " " + std::string{id} + (text.empty() ? "" : " " + std::string{text});
        auto heard = call(line);
        if (heard) story_.push_back(std::move(line));
        return heard;
    }

    result<bool> end(std::string verb, std::string_view id, std::string_view epoch, std::string_view text, life as) {
        if (auto heard = tell(std::move(verb), id, text); !heard) return heard.error();
        auto const at = runs.find(id);
        bool const open = at != runs.end() && at->second.life != life::finished && at->second.life != life::cancelled &&
                          at->second.life != life::waiting && (epoch.empty() || at->second.run.epoch == epoch);
        if (open) at->second.life = as;
        return open;
    }

    std::vector<std::string> calls_;
    std::vector<std::string> story_;
};

static_assert(fargate::flow_source<watched_source>);

} // namespace testing_support

#endif
