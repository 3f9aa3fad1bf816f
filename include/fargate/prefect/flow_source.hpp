#ifndef FARGATE_PREFECT_FLOW_SOURCE_HPP
#define FARGATE_PREFECT_FLOW_SOURCE_HPP

#include <fargate/core/result.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <concepts>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0 {

/// What became of the wish to own a run.
struct claim {
    enum class outcome : unsigned char {
        won,  ///< it is ours: launch it
        lost, ///< another agent has it, or it is no longer due: leave it alone
        later ///< ask again after `wait`
    };
    outcome kind = outcome::won;
    std::string reason{};
    duration wait{};
};

/// Where runs come from and where their fate is told.
///
/// | expression                | type                             | contract                                                  |
/// |---------------------------|----------------------------------|-----------------------------------------------------------|
/// | `S::run`                  | a copyable value                 | one offered run; `run.id` is its id, a `std::string`      |
/// | `s.open(stop)`            | `result<void>`                   | makes this agent known; called once, before any poll      |
/// | `s.poll(busy, stop)`      | `result<std::vector<S::run>>`    | the runs that are due, without those whose id is in `busy` |
/// |                           |                                  | (a `std::span<std::string const>`), in launch order       |
/// | `s.claim(run)`            | `result<claim>`                  | makes the run ours                                        |
/// | `s.launched(run, handle)` | `result<void>`                   | tells the run what it became (a task ARN)                 |
/// | `s.failed(run, reason)`   | `result<void>`                   | a claimed run will not be launched: log and final state   |
/// | `s.note(run, level, text)`| `result<void>`                   | a line in the run's own log                               |
/// | `s.heartbeat(run)`        | `result<void>`                   | the run is being taken care of                            |
///
/// `poll` is called by one thread, the others by several at once.
template <class Source>
concept flow_source = requires(Source& s, typename Source::run const& run, std::span<std::string const> busy,
                               std::string_view text, std::stop_token stop) {
    { run.id } -> std::convertible_to<std::string_view>;
    { s.open(stop) } -> std::same_as<result<void>>;
    { s.poll(busy, stop) } -> std::same_as<result<std::vector<typename Source::run>>>;
    { s.claim(run) } -> std::same_as<result<claim>>;
    { s.launched(run, text) } -> std::same_as<result<void>>;
    { s.failed(run, text) } -> std::same_as<result<void>>;
    { s.note(run, log_level::info, text) } -> std::same_as<result<void>>;
    { s.heartbeat(run) } -> std::same_as<result<void>>;
};

} // namespace fargate::inline v0

#endif
