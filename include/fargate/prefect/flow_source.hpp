#ifndef FARGATE_PREFECT_FLOW_SOURCE_HPP
#define FARGATE_PREFECT_FLOW_SOURCE_HPP

#include <fargate/core/result.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0 {

/// What became of the wish to own a run.
struct claim {
    enum class outcome : unsigned char {
        won,     ///< it is ours: launch it
        lost,    ///< another agent has it, or it is no longer due: leave it alone
        later,   ///< ask again after `wait`
        unclear, ///< no answer said so, and none could be had by looking: it may be ours
    };
    outcome kind = outcome::won;
    std::string reason{};
    duration wait{};
};

/// How far a run has come.
enum class run_life : unsigned char {
    waiting,    ///< nobody has claimed it, or it waits to be claimed once more
    claimed,    ///< some agent's, and its own code has not reported yet
    running,    ///< its own code reports
    cancelling, ///< somebody wants it ended
    cancelled,  ///< ended by somebody's wish
    finished    ///< ended in any other way
};

/// A run as its backend shows it at one moment.
template <class Run>
struct run_view {
    Run run{};
    run_life life = run_life::waiting;
    bool ours = false;                 ///< claimed by this agent, or by one that takes its place
    std::optional<time_point> since{}; ///< when it came to this life, by the backend's clock
};

/// What a run became.
struct run_handle {
    std::string run{};    ///< its id
    std::string handle{}; ///< a task ARN
};

/// Where runs come from and where their fate is told.
///
/// | expression                       | type                                   | contract                                |
/// |----------------------------------|----------------------------------------|-----------------------------------------|
/// | `S::run`                         | a copyable value                       | one run; `run.id` is its id, a `std::string` |
/// | `s.open(stop)`                   | `result<void>`                         | makes this agent known; called once, before all else |
/// | `s.poll(busy, stop)`             | `result<std::vector<S::run>>`          | the runs that are due, without those whose id is in `busy` (a `std::span<std::string const>`), in launch order |
/// | `s.claim(run, stop)`             | `result<claim>`                        | makes the run ours; an error is a refusal that names what is wrong with the run |
/// | `s.look(ids, stop)`              | `result<std::vector<run_view<S::run>>>` | these runs as they are now, whole; without those that the backend does not know |
/// | `s.owned(stop)`                  | `result<std::vector<run_view<S::run>>>` | the runs that are ours, and claimed and not begun, or to be ended |
/// | `s.cancelling(ids, stop)`        | `result<std::vector<std::string>>`     | which of these are to be ended, or were by somebody's wish |
/// | `s.epoch(run)`                   | `std::string`                          | names this schedule of the run: the same before and after its claim, another when it is scheduled again. Asks nobody |
/// | `s.launched(id, handle, stop)`   | `result<void>`                         | tells the run what it became (a task ARN) |
/// | `s.failed(id, epoch, reason, stop)` | `result<bool>`                      | the reason into the run's log, and a final state unless it has one, waits to be claimed again, or is in another epoch (empty: any is meant): true when it was set |
/// | `s.cancelled(id, epoch, reason, stop)` | `result<bool>`                   | likewise, for a run whose task was ended by somebody's wish |
/// | `s.note(id, level, text, stop)`  | `result<void>`                         | a line in the run's own log             |
/// | `s.heartbeat(id, stop)`          | `result<void>`                         | the run is being taken care of, though it is silent |
///
/// A source whose claims can be given back also has `s.release(run, why, stop) -> result<void>`. One that can claim several
/// runs at once has `s.claim_all(runs, stop) -> std::vector<result<claim>>` for a `std::span<S::run const* const>`, and one
/// that can tell several at once what they became `s.launched_all(runs, stop) -> std::vector<result<void>>` for a
/// `std::span<run_handle const>`, both with the answers in their order.
///
/// `open` and `poll` are called by one thread, the others by several at once. `stop` ends waiting, not what was sent.
template <class Source>
concept flow_source = requires(Source& s, typename Source::run const& run, std::span<std::string const> ids,
                               std::string_view text, std::stop_token stop) {
    { run.id } -> std::convertible_to<std::string_view>;
    { s.open(stop) } -> std::same_as<result<void>>;
    { s.poll(ids, stop) } -> std::same_as<result<std::vector<typename Source::run>>>;
    { s.claim(run, stop) } -> std::same_as<result<claim>>;
    { s.look(ids, stop) } -> std::same_as<result<std::vector<run_view<typename Source::run>>>>;
    { s.owned(stop) } -> std::same_as<result<std::vector<run_view<typename Source::run>>>>;
    { s.cancelling(ids, stop) } -> std::same_as<result<std::vector<std::string>>>;
    { s.epoch(run) } -> std::same_as<std::string>;
    { s.launched(text, text, stop) } -> std::same_as<result<void>>;
    { s.failed(text, text, text, stop) } -> std::same_as<result<bool>>;
    { s.cancelled(text, text, text, stop) } -> std::same_as<result<bool>>;
    { s.note(text, log_level::info, text, stop) } -> std::same_as<result<void>>;
    { s.heartbeat(text, stop) } -> std::same_as<result<void>>;
};

} // namespace fargate::inline v0

#endif
