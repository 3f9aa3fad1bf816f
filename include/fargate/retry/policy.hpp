#ifndef FARGATE_RETRY_POLICY_HPP
#define FARGATE_RETRY_POLICY_HPP

#include <fargate/system/clock.hpp>

#include <chrono>
#include <concepts>
#include <optional>

namespace fargate::inline v0::retry {

/// How one attempt ended, as far as trying again is concerned.
enum class verdict : unsigned char {
    succeeded, ///< answered; nothing to repeat
    refused,   ///< a definite no: the same request would be refused again
    transient, ///< a lost connection, a time-out, a 5xx
    throttled  ///< too fast: the service asks for patience
};

struct outcome {
    verdict kind = verdict::succeeded;
    std::optional<std::chrono::milliseconds> server_hint{}; ///< `x-amz-retry-after`
};

/// One call's book with its policy: starts as `{}`, is passed to every `next` of that call, and belongs to the policy.
struct progress {
    int attempts = 0; ///< attempts that have ended
    int held = 0;     ///< what the last repeat took from a shared quota
};

/// Decides whether and when to try again; never waits and never sends.
///
/// | expression                  | type                      | contract                                                      |
/// |-----------------------------|---------------------------|---------------------------------------------------------------|
/// | `r.next(progress, outcome)` | `std::optional<duration>` | called once after every attempt, the last one included: how    |
/// |                             |                           | long to wait before the next attempt, or nothing to give up.   |
/// |                             |                           | Updates `progress`. May be called from several threads at once |
/// | `r.before_send(now)`        | (optional member)         | called before every attempt: how long it must wait before it   |
/// |                             | `duration`                | goes out, never negative                                       |
/// | `r.after_send(now, outcome)` | (optional member)        | called when an attempt has ended, before `next`, and also when |
/// |                             | `void`                    | `next` is not asked because the attempt is made good at once   |
/// | `r.max_attempts()`          | (optional member) `int`   | attempts a call has at most, for `amz-sdk-request`             |
/// | `r.with(mode_options)`      | (optional member) a       | a policy of its own that is as `r` but for what the            |
/// |                             | policy of `r`'s type      | `retry::mode_options` say                                      |
/// | `r.told()`                  | (optional member, beside  | what the program itself decided; the rest a client asks the    |
/// |                             | `with`) `mode_options`    | environment for, and then stands on `r.with(...)`              |
template <class Retry>
concept retry_policy = requires(Retry& r, progress& book, outcome const& how) {
    { r.next(book, how) } -> std::same_as<std::optional<duration>>;
};

/// Tries once.
struct never {
    std::optional<duration> next(progress& book, outcome const&) const noexcept {
        ++book.attempts;
        return std::nullopt;
    }
};

} // namespace fargate::inline v0::retry

#endif
