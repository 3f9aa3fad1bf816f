#ifndef FARGATE_TESTS_CHAOS_VERDICT_HPP
#define FARGATE_TESTS_CHAOS_VERDICT_HPP

#include <fargate/system/clock.hpp>
#include <fargate/testing/prefect_state.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaos {

/// What a run is made for, known before anything starts.
enum class fate : unsigned char {
    succeeds,    ///< its flow reports Success; tasks may fail to start, twice at most
    dies,        ///< its container ends without a word: exit code, memory, spot
    no_image,    ///< no task of it can ever start
    unplannable, ///< no task of it can be asked for
    cancelled,   ///< its task runs for ever, and a person cancels it
    retries      ///< its flow ends while one of its task runs waits to be tried again, which a second task does
};

[[nodiscard]] constexpr std::string_view name_of(fate what) noexcept {
    constexpr std::string_view names[] = {"succeeds", "dies", "no image", "unplannable", "cancelled", "retries"};
    return names[static_cast<std::size_t>(what)];
}

/// A state that a run was in.
struct seen_state {
    std::string type{};
    std::string message{};
    bool by_agent = false;
    fargate::time_point at{};
    std::vector<std::string> epochs{}; ///< of a state that waits to be claimed: what tokens may call it
};

/// A task of a run, after all is over.
struct seen_task {
    std::string arn{};
    std::optional<std::size_t> schedule{}; ///< which of the run's schedules its token names, from 0; else by `created`
    bool started = false;                  ///< the flow's own code ran
    bool alive = false;
    bool in_peace = false; ///< it was made when the weather was fine and nobody was killed any more
    fargate::time_point created{};
    std::string note{}; ///< for people
};

struct seen_run {
    std::string id{};
    fate what = fate::succeeds;
    std::vector<seen_state> states{}; ///< the first one included
    std::vector<seen_task> tasks{};   ///< oldest first
    std::vector<std::string> lines{}; ///< the run's own log
};

/// One broken promise.
struct breach {
    enum class kind : unsigned char {
        lost,        ///< nobody cares for the run any more
        doubled,     ///< its code ran twice for one schedule
        slandered,   ///< said to have failed though nothing was wrong
        overwritten, ///< an agent wrote over a final state
        untold,      ///< what is wrong with it is not said, or not in AWS's words
        unended      ///< its task outlives its cancellation
    };
    breach::kind what{};
    std::string text{};
};

[[nodiscard]] constexpr std::string_view name_of(breach::kind what) noexcept {
    constexpr std::string_view names[] = {"lost", "doubled", "slandered", "overwritten", "untold", "unended"};
    return names[static_cast<std::size_t>(what)];
}

/// The place of a task among its run's schedules: by its token, else the last one before it was made.
[[nodiscard]] inline std::size_t schedule_of(seen_run const& run, seen_task const& task) {
    if (task.schedule) return *task.schedule;
    std::size_t place = 0;
    std::size_t schedules = 0;
    for (auto const& each : run.states) {
        if (!fargate::testing::is_scheduled_state(each.type)) continue;
        if (each.at <= task.created) place = schedules;
        ++schedules;
    }
    return place;
}

/// Whether nothing more is to be expected of the run.
[[nodiscard]] inline bool is_settled(seen_run const& run) {
    if (run.states.empty()) return false;
    auto const& last = run.states.back().type;
    bool alive = false;
    bool ran = false;
    bool seen = false;
    for (auto const& each : run.tasks) {
        alive = alive || each.alive;
        ran = ran || each.started;
        seen = seen || (each.started && each.in_peace);
    }
    switch (run.what) {
    case fate::succeeds:
    case fate::retries:
    case fate::no_image:
    case fate::unplannable: return fargate::testing::is_finished_state(last);
    // A death that no agent lived to see is the server's to find: its flow has been heard of, and then not any more.
    case fate::dies: return fargate::testing::is_finished_state(last) || (last == "Running" && ran && !alive && !seen);
    case fate::cancelled: return last == "Cancelled" && !alive;
    }
    return true;
}

/// What was promised of this run and not kept; empty: all was.
[[nodiscard]] inline std::vector<breach> judge(seen_run const& run) {
    std::vector<breach> made;
    auto const breaks = [&](breach::kind what, std::string text) { made.push_back({what, std::move(text)}); };

    std::map<std::size_t, std::size_t> starts;
    std::size_t all_starts = 0;
    bool alive = false;
    for (auto const& each : run.tasks) {
        alive = alive || each.alive;
        if (!each.started) continue;
        ++all_starts;
        if (++starts[schedule_of(run, each)] == 2)
            breaks(breach::kind::doubled, "its code ran twice for schedule " + std::to_string(schedule_of(run, each)));
    }

    std::string before;
    for (auto const& each : run.states) {
        // Nothing that fails at once is safe from a claim that was on its way; and to say the same twice is no harm.
        bool const harmless = run.what == fate::unplannable || each.type == before;
        if (each.by_agent && !harmless && fargate::testing::is_finished_state(before))
            breaks(breach::kind::overwritten, "an agent made it " + each.type + " when it was " + before);
        bool const healthy = run.what == fate::succeeds || run.what == fate::retries || run.what == fate::cancelled;
        if (each.type == "Failed" && healthy) breaks(breach::kind::slandered, "it was made Failed: " + each.message);
        before = each.type;
    }

    if (!is_settled(run) && !(run.what == fate::cancelled && before == "Cancelled"))
        breaks(breach::kind::lost, "it is still " + before + " with " + std::to_string(run.tasks.size()) +
                                       " task(s), " + std::to_string(all_starts) + " started");
    if (run.what == fate::cancelled && before == "Cancelled" && alive)
        breaks(breach::kind::unended, "it is Cancelled and its task runs on");
    if (run.what == fate::dies && all_starts == 0 && is_settled(run))
        breaks(breach::kind::slandered, "it was made " + before + " before its code ran");
    if ((run.what == fate::no_image || run.what == fate::unplannable) && is_settled(run)) {
        if (before != "Failed") breaks(breach::kind::untold, "nothing could run, and it is " + before);
        std::string said = run.states.back().message;
        for (auto const& each : run.lines) said += "\n" + each;
        if (!fargate::text::contains(said, run.what == fate::no_image ? "manifest unknown" : "image_tag"))
            breaks(breach::kind::untold, "its log does not say what is wrong with it");
    }
    return made;
}

} // namespace chaos

#endif
