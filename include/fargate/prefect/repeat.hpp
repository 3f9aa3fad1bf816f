#ifndef FARGATE_PREFECT_REPEAT_HPP
#define FARGATE_PREFECT_REPEAT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/retry/backoff.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/random.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

// Which exchanges with Prefect's API are repeated, and after which wait. Nothing is sent and nobody sleeps here.

namespace fargate::inline v0::prefect {

/// No server makes us wait longer than this, whatever its `Retry-After` says, and no call in all: whoever waits for a
/// poll can tell a busy server from an agent that hangs.
inline constexpr std::chrono::seconds longest_retry_after{300};

namespace detail {

/// The wait that a `Retry-After` field asks for (RFC 9110 §10.2.3); nothing when it is absent, unreadable or not positive.
[[nodiscard]] inline std::optional<duration> retry_after(http::response const& got, time_point now) {
    auto const asked = text::trim(got.headers.value_of("Retry-After"));
    duration wait{};
    if (!asked.empty() && std::all_of(asked.begin(), asked.end(), text::is_digit)) {
        std::chrono::seconds seconds{0};
        for (char const c : asked)
            seconds = std::min(longest_retry_after, seconds * 10 + std::chrono::seconds{c - '0'});
        wait = seconds;
    } else if (auto const until = text::parse_http_date(asked)) {
        wait = std::min<duration>(longest_retry_after, *until - now);
    }
    if (wait <= duration::zero()) return std::nullopt;
    return wait;
}

} // namespace detail

/// How long to wait before an exchange that ended like this is repeated, `repeats` being the number of repeats so far;
/// nothing when it is not to be repeated. Over https only: a lost connection, a time-out and 500, 502, 503 and 504, also
/// 413 when it carries `Retry-After`; 6 times for the cloud, once for the server, after 0, 2, 4, 8, 16 and 32 s or what
/// `Retry-After` asks for, as long as that and `waited`, what the call has waited so far, are within
/// `longest_retry_after`. 429 is `wait_when_throttled`'s.
[[nodiscard]] inline std::optional<duration> wait_before_repeat(endpoint const& where, backend which,
                                                                result<http::response> const& ended, unsigned repeats,
                                                                time_point now, duration waited = {}) {
    unsigned const most = which == backend::cloud ? 6 : 1;
    if (!where.secure || repeats >= most) return std::nullopt;
    duration const usual = repeats == 0 ? duration::zero() : duration{std::chrono::seconds{1U << repeats}};
    if (!ended) {
        auto const code = ended.error().code;
        if (code == errc::connection_failed || code == errc::timed_out) return usual;
        return std::nullopt;
    }
    switch (ended->status) {
    case 413:
        if (!ended->headers.find("Retry-After")) return std::nullopt;
        [[fallthrough]];
    case 500:
    case 502:
    case 503:
    case 504: {
        auto const asked = detail::retry_after(*ended, now);
        if (asked && *asked > longest_retry_after - waited) return std::nullopt;
        return asked.value_or(usual);
    }
    default: return std::nullopt;
    }
}

/// How often a call was asked to come back later because the API is asked too often, and what it has waited so far for
/// any reason.
struct throttling {
    unsigned repeats = 0;
    duration waited{};
};

/// How long to wait before a request that was answered 429 is repeated; nothing when the answer is another, or the call
/// has waited enough. What `Retry-After` asks for, else a random time between half of 4, 8, 16, 32, 64 and 64 s and the
/// whole; 6 times and `longest_retry_after` in all at most, on both backends, over http too.
[[nodiscard]] inline std::optional<duration> wait_when_throttled(result<http::response> const& ended,
                                                                 throttling const& so_far, time_point now,
                                                                 random_source bits = random_bits) {
    if (!ended || ended->status != 429 || so_far.repeats >= 6) return std::nullopt;
    auto wait = detail::retry_after(*ended, now);
    if (!wait) {
        constexpr std::chrono::seconds base{2}, cap{32};
        auto const step = static_cast<int>(so_far.repeats) + 1;
        wait = retry::backoff(base, cap, step, 1) + retry::backoff(base, cap, step, random_fraction(bits));
    }
    if (*wait > longest_retry_after - so_far.waited) return std::nullopt;
    return wait;
}

} // namespace fargate::inline v0::prefect

#endif
