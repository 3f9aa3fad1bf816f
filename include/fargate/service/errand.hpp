#ifndef FARGATE_SERVICE_ERRAND_HPP
#define FARGATE_SERVICE_ERRAND_HPP

#include <fargate/core/error.hpp>
#include <fargate/deploy/attempt.hpp>
#include <fargate/deploy/launch_advice.hpp>
#include <fargate/deploy/launch_plan.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/watch_list.hpp>
#include <fargate/system/clock.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::service {

/// One run on its way from the queue to its task: what is known of it while it waits. Times are the agenda's.
template <class Run>
struct errand {
    errand(Run offered, time_point now, std::stop_token soft) :
        what{std::move(offered)}, began{now}, stop{std::move(soft)} {}

    Run what;
    time_point began;     ///< when it was handed over, by the clock
    std::stop_token stop; ///< nothing new is begun after it

    bool timed = false;    ///< it has waited until it was due
    bool may_go = false;   ///< it has had its turn of the launch rate
    bool claimed = false;  ///< it is ours
    bool fresh = false;    ///< and became so with others just now: its launch belongs to what is under way
    bool expected = false; ///< the lines of those it was claimed with wait for its task
    bool sent = false;     ///< RunTask was asked, here or by an agent before
    bool doubtful = false; ///< RunTask was asked with this attempt's token, and nobody knows what came of it
    bool recovers = false; ///< attempts that another agent made may have to be gone through first
    bool refused = false;  ///< for want of capacity, by the newest answer
    bool limited = false;  ///< what is missing now has a deadline of its own
    bool waits = false;    ///< it had to, so far
    bool counted = false;  ///< among those that wait for their launch
    bool rests = false;    ///< it is not ours, and is only kept from being taken up again at once
    unsigned first = 0;    ///< the attempt it began with
    unsigned losses = 0;   ///< attempts that came to nothing for a reason that need not pass
    unsigned tries = 0;    ///< waits in a row
    duration claimed_at{};
    duration seen_at{};                     ///< when the backend last showed that it is ours
    std::optional<duration> short_from{};   ///< since when something is missing that may come
    std::optional<duration> refused_from{}; ///< since when capacity is

    static constexpr unsigned longest_walk = 120; ///< as many attempts as an agent makes in an hour

    /// Attempts that another agent made are being gone through.
    [[nodiscard]] bool is_walking() const noexcept { return recovers && attempt.number < longest_walk; }

    /// A task may be there, of this attempt or of one that an agent before this one made.
    [[nodiscard]] bool may_have_task() const noexcept { return doubtful || is_walking(); }

    /// It was claimed `age` ago, and launched up to this attempt.
    void take_over(unsigned from, unsigned lost, duration age, duration now) {
        claimed = sent = true;
        attempt.number = first = from;
        losses = lost;
        recovers = from == 0;
        claimed_at = now - age;
        seen_at = now;
    }

    /// The token of this attempt is used up.
    void use_up(deploy::launch_advice const& advice, error const& why, duration now) {
        ++attempt.number;
        current.reset();
        doubtful = false;
        refused = advice.passing && advice.subnet.empty() && why.service_code != "ConflictException";
        if (refused && !refused_from) refused_from = now;
    }

    std::optional<deploy::launch_plan> plan{};
    deploy::launch_attempt attempt{};
    std::optional<deploy::launch_plan> current{}; ///< this attempt's: kept, so that a repeat is the same to the byte
    std::optional<error> last{};                  ///< why it has no task yet
    std::optional<error> end{};                   ///< why it gets none; to be told
};

/// How its task is followed.
template <class Run>
[[nodiscard]] watched watched_task(errand<Run> const& of, std::string task, std::string epoch, time_point now) {
    watched made;
    made.run = of.what.id;
    made.task = std::move(task);
    made.cluster = json::text_of(of.plan->task, "cluster").value_or("");
    made.epoch = std::move(epoch);
    made.attempt = of.attempt.number;
    made.losses = of.losses;
    made.accepted = now;
    made.max_run = of.plan->max_run;
    return made;
}

/// How long to wait before the next of several tries: 1, 2, 4, ... 30 s.
[[nodiscard]] inline duration pause(unsigned tries) {
    return std::min<duration>(std::chrono::seconds{1} * (1U << std::min(tries, 10U)), std::chrono::seconds{30});
}

/// What the agent says of a run that it puts down, behind the run's name.
template <class Run>
[[nodiscard]] std::string parting_words(errand<Run> const& of) {
    if (of.end)
        return " gets no task, and could not be told so: the agent that comes next tries it again: " + of.end->message;
    return " is claimed and has no task yet: the agent that comes next launches it";
}

/// What a run is told about whose launch nothing has been heard for so long.
[[nodiscard]] inline std::string unanswered(std::chrono::minutes time) {
    return "It is not known whether a task was started for this run: there has been no answer for " +
           std::to_string(time.count()) + " minutes";
}

/// What a run is told that was tried for so long.
[[nodiscard]] inline error after_all(error why, duration tried) {
    why.message += ". It was tried for " + std::to_string(tried.count() / 1'000'000) + " seconds";
    return why;
}

} // namespace fargate::inline v0::service

#endif
