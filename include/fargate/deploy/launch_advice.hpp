#ifndef FARGATE_DEPLOY_LAUNCH_ADVICE_HPP
#define FARGATE_DEPLOY_LAUNCH_ADVICE_HPP

#include <fargate/aws/verdict.hpp>
#include <fargate/core/error.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace fargate::inline v0::deploy {

/// What to do about a launch that came to nothing, or may have.
struct launch_advice {
    enum class kind : unsigned char {
        fail,   ///< a person has to mend something: tell the run
        resend, ///< nobody knows whether a task was started: the same bytes again until a definite answer comes
        again,  ///< nothing was started, and the same attempt may be made again after a while
        next    ///< nothing was started, and this attempt's token only repeats that: the next attempt
    };

    launch_advice::kind what = kind::fail;
    bool passing = false; ///< worth waiting until the launch deadline; `next` without it is for a few attempts in all
    duration limit{};     ///< a deadline of its own, shorter than that; zero: none
    std::string subnet{}; ///< the subnet that has no addresses left, where that is why and it is named
};

namespace detail {

/// Shortages that pass; the same launch may succeed later, as a new attempt.
[[nodiscard]] inline bool is_passing(std::string_view reason) noexcept {
    return reason.substr(0, 8) == "RESOURCE" || reason == "AGENT" || text::contains(reason, "Capacity is unavailable");
}

/// Words, in lower case, of troubles that pass, wherever ECS puts them: among its failures, or in the text of a code that
/// means something else. What is known by code or of another place stands in `aws::judge` and `is_passing`.
struct passing_words {
    std::string_view words;
    std::chrono::seconds limit{};
};
inline constexpr passing_words passing_troubles[] = {
    // services behind ECS that throttle it
    {"rate exceeded"},
    {"throttlingexception"},
    {"errorcode: throttling"},
    {"requestlimitexceeded"},
    {"request limit exceeded"},
    {"too many concurrent attempts"},
    // quotas: tasks or vCPUs at a time, tasks that are starting, network interfaces
    {"limit on the number of"},
    {"tasks in the provisioning state"},
    {"networkinterfacelimitexceeded"},
    // IAM tells every region of a new role within a minute or so
    {"unable to assume the role", std::chrono::minutes{2}},
    {"unable to assume the service", std::chrono::minutes{2}},
    {"service-linked role", std::chrono::minutes{2}},
};

/// Words of a subnet without addresses.
inline constexpr std::string_view exhausted_words[] = {
    "insufficientfreeaddressesinsubnet",
    "enough free addresses",
    "enough free ip",
};

/// Whether a text says that a subnet is full. Requires lower case.
[[nodiscard]] inline bool tells_no_addresses(std::string_view lowered) noexcept {
    for (auto const each : exhausted_words)
        if (text::contains(lowered, each)) return true;
    return false;
}

/// The first id of a subnet in a text, empty when there is none: `subnet-0abc...`.
[[nodiscard]] inline std::string subnet_in(std::string_view words) {
    constexpr std::string_view kind = "subnet-";
    for (std::size_t at = words.find(kind); at != std::string_view::npos; at = words.find(kind, at + 1)) {
        std::size_t end = at + kind.size();
        while (end != words.size() && (text::is_digit(words[end]) || text::is_lower(words[end]))) ++end;
        if (end - at >= kind.size() + 8) return std::string{words.substr(at, end - at)};
    }
    return {};
}

/// The operation in front of an AWS client's message, `ecs RunTask: ...`; empty when it begins otherwise.
[[nodiscard]] inline std::string_view operation_in(std::string_view message) noexcept {
    std::string_view const head = message.substr(0, message.find(':'));
    std::size_t const blank = head.find(' ');
    if (head.size() == message.size() || blank == std::string_view::npos) return {};
    for (auto const service : {"ecs", "tagging"})
        if (head.substr(0, blank) == service) return head.substr(blank + 1);
    return {};
}

/// No key could be had: whatever the code says is about the key's source.
[[nodiscard]] inline bool lacks_key(error const& why) noexcept {
    return text::contains(why.message, ": no credentials: ");
}

/// An attempt of that call had been made with a key before.
[[nodiscard]] inline bool had_key_before(error const& why) noexcept {
    return text::contains(why.message, " (before that: ");
}

/// A refusal that is not the service's own: what stands before it answered, such as a proxy.
[[nodiscard]] inline bool is_unexplained(error const& why) noexcept {
    return why.http_status >= 300 && (why.service_code.empty() || why.service_code == std::to_string(why.http_status));
}

/// What the words of a definite refusal say of its passing; `fail` when they say nothing.
[[nodiscard]] inline launch_advice advice_by_words(error const& why, launch_advice::kind if_passing) {
    using kind = launch_advice::kind;
    std::string const lowered = text::lower(why.message);
    if (tells_no_addresses(lowered)) return {if_passing, true, {}, subnet_in(why.message)};
    for (auto const& each : passing_troubles)
        if (text::contains(lowered, each.words)) return {if_passing, true, each.limit, {}};
    bool const short_of =
        is_passing(why.service_code) || is_passing(why.message) || aws::judge("ECS", why) == retry::verdict::throttled;
    return short_of ? launch_advice{if_passing, true, {}, {}} : launch_advice{kind::fail, false, {}, {}};
}

/// The service answered with a status of refusal.
[[nodiscard]] inline launch_advice advice_on_refusal(error const& why) {
    using kind = launch_advice::kind;
    launch_advice const wait{kind::again, true, {}, {}};
    auto const& code = why.service_code;
    bool const is_definite = why.http_status < 500 && why.http_status != 408;
    if (!is_definite || aws::judge("ECS", why) == retry::verdict::transient) return {kind::resend, true, {}, {}};
    if (code == "ConflictException") return {why.resources.empty() ? kind::next : kind::resend, true, {}, {}};
    if (code == "AccessDeniedException" || code == "AccessDenied") return {};
    if (is_unexplained(why) || aws::doubt_of(code) != aws::clock_doubt::none) return wait;
    return advice_by_words(why, kind::again);
}

} // namespace detail

/// What to do when nothing can have been launched yet: a plan could not be made, or no definition found or registered.
/// Nothing is `resend` then.
[[nodiscard]] inline launch_advice advise_before_launch(error const& why) {
    using kind = launch_advice::kind;
    if (detail::lacks_key(why)) return {kind::again, true, {}, {}};
    launch_advice made;
    switch (why.code) {
    case errc::invalid_argument:
    case errc::bad_configuration:
    case errc::not_found:
    case errc::lost_claim: return made;
    case errc::service_error: made = detail::advice_on_refusal(why); break;
    default: return {kind::again, true, {}, {}};
    }
    if (made.what == kind::resend || made.what == kind::next) made.what = kind::again;
    return made;
}

/// What to do about the error of `task_launcher::launch`. Pure; which call failed is read from the front of the message,
/// where `aws::client` puts it, and what is not known to be another call counts as RunTask.
///
/// - No answer, one that cannot be read, a 5xx: `resend`.
/// - Throttles (by their code, or in the text of another), quotas, a lack of capacity or of addresses, keys that cannot be
///   had or are not accepted now, a refusal that is not AWS's own: `again`; roles that IAM has not spread yet: likewise, for two
///   minutes.
/// - A 200 with failures alone, and a ConflictException that names no task: `next`; the shortages among the failures pass.
/// - Whatever else is refused, AccessDenied above all, and what the caller has to mend: `fail`.
[[nodiscard]] inline launch_advice advise_launch(error const& why) {
    using kind = launch_advice::kind;
    auto const operation = detail::operation_in(why.message);
    if (!operation.empty() && operation != "RunTask") return advise_before_launch(why);
    if (detail::lacks_key(why)) return {detail::had_key_before(why) ? kind::resend : kind::again, true, {}, {}};
    switch (why.code) {
    case errc::service_error: break;
    case errc::invalid_argument:
    case errc::bad_configuration:
    case errc::not_found:
    case errc::lost_claim: return {};
    case errc::not_configured:
    case errc::untrusted_peer:
    case errc::unauthorized: return {kind::again, true, {}, {}};
    case errc::timed_out:
    case errc::connection_failed:
    case errc::cancelled:
    case errc::malformed_response:
    case errc::too_large:
    case errc::internal: return {kind::resend, true, {}, {}};
    }
    if (why.http_status != 200) return detail::advice_on_refusal(why);
    auto made = detail::advice_by_words(why, kind::next);
    made.what = kind::next; // what does not pass may be one host's trouble
    return made;
}

} // namespace fargate::inline v0::deploy

#endif
