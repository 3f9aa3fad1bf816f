#ifndef FARGATE_PREFECT_STATE_HPP
#define FARGATE_PREFECT_STATE_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_source.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// States as Prefect 0.13 to 1.x serialise them: an object with `type`, `message`, `context`, `cached_inputs`, `_result`,
// `__version__` and members of the type's own.

namespace fargate::inline v0::prefect {

/// Texts that go into a state or a run's log are cut to this many bytes. Written twice as JSON a byte becomes seven at
/// most, and the server refuses states, and whole requests, of more than a million.
inline constexpr std::size_t longest_message = 64 * 1024;

/// The beginning of a text, in whole characters (UTF-8), with a word on how much is missing; short texts as they are.
[[nodiscard]] inline std::string bounded_message(std::string_view text, std::size_t limit = longest_message) {
    if (text.size() <= limit) return std::string{text};
    std::size_t kept = limit;
    for (int back = 0; kept != 0 && back != 3 && (static_cast<unsigned char>(text[kept]) & 0xC0U) == 0x80U; ++back)
        --kept;
    return std::string{text.substr(0, kept)} + "... (" + std::to_string(text.size() - kept) + " more bytes)";
}

namespace detail {

template <std::size_t Count>
[[nodiscard]] constexpr bool is_one_of(std::string_view const (&names)[Count], std::string_view name) noexcept {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

[[nodiscard]] constexpr bool is_scheduled_type(std::string_view type) noexcept {
    constexpr std::string_view names[] = {"Scheduled", "Resume", "Retrying", "Paused", "Queued"};
    return is_one_of(names, type);
}

[[nodiscard]] constexpr bool is_other_type(std::string_view type) noexcept {
    constexpr std::string_view names[] = {"Cancelled", "Cached",        "ClientFailed", "Failed",
                                          "Finished",  "Looped",        "Mapped",       "Pending",
                                          "Running",   "Cancelling",    "Skipped",      "Submitted",
                                          "Success",   "TriggerFailed", "TimedOut",     "ValidationFailed"};
    return is_one_of(names, type);
}

[[nodiscard]] constexpr bool is_wrapper_type(std::string_view type) noexcept {
    constexpr std::string_view names[] = {"Queued", "Submitted", "ClientFailed"};
    return is_one_of(names, type);
}

[[nodiscard]] inline json::value bare_state(char const* type, std::string_view message, std::string_view core_version) {
    auto made = json::value::object();
    json::set_text(made, "type", type);
    json::set_text(made, "message", message);
    json::set(made, "context", json::value::object());
    json::set(made, "cached_inputs", json::value::object());
    auto nothing = json::value::object();
    json::set_text(nothing, "type", "NoResultType");
    json::set_text(nothing, "__version__", core_version);
    json::set(made, "_result", std::move(nothing));
    return made;
}

} // namespace detail

/// True for a state that is waiting for somebody to submit it: Scheduled, Resume, Retrying, Paused or Queued.
/// `errc::malformed_response` when it has no type, or one that Prefect does not know: what that means cannot be guessed.
[[nodiscard]] inline result<bool> is_scheduled(json::value const& state) {
    auto const type = json::text_of(state, "type");
    if (!type) return fail(errc::malformed_response, "its state has no type");
    if (detail::is_scheduled_type(*type)) return true;
    if (detail::is_other_type(*type)) return false;
    return fail(errc::malformed_response, "its state has the unknown type " + bounded_message(*type, 64));
}

/// The state that is nested into a new one: the received object as it is, or what is inside when it is itself a wrapper
/// (Queued, Submitted, ClientFailed). Null when there is nothing.
[[nodiscard]] inline json::value const& unwrapped(json::value const& state) {
    static json::value const nothing = nullptr;
    json::value const* at = &state;
    while (at != nullptr && detail::is_wrapper_type(json::text_of(*at, "type").value_or("")))
        at = json::member(*at, "state");
    return at != nullptr ? *at : nothing;
}

/// Submitted, around the state it follows.
[[nodiscard]] inline json::value submitted_state(json::value const& previous, std::string_view message,
                                                 std::string_view core_version) {
    auto made = detail::bare_state("Submitted", message, core_version);
    json::set(made, "state", unwrapped(previous));
    json::set_text(made, "__version__", core_version);
    return made;
}

/// Failed, for the reason that `message` gives, cut to `longest_message`.
[[nodiscard]] inline json::value failed_state(std::string_view message, std::string_view core_version) {
    auto made = detail::bare_state("Failed", bounded_message(message), core_version);
    json::set_text(made, "__version__", core_version);
    return made;
}

/// Cancelled, by the wish that `message` tells of, cut likewise.
[[nodiscard]] inline json::value cancelled_state(std::string_view message, std::string_view core_version) {
    auto made = detail::bare_state("Cancelled", bounded_message(message), core_version);
    json::set_text(made, "__version__", core_version);
    return made;
}

/// How far a run is whose state has this type. What is not known is taken for an end, which nobody writes over.
[[nodiscard]] constexpr run_life life_of(std::string_view type) noexcept {
    if (detail::is_scheduled_type(type) || type == "Pending") return run_life::waiting;
    if (type == "Submitted") return run_life::claimed;
    if (type == "Running") return run_life::running;
    if (type == "Cancelling") return run_life::cancelling;
    if (type == "Cancelled") return run_life::cancelled;
    return run_life::finished;
}

} // namespace fargate::inline v0::prefect

#endif
