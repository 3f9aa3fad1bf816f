#ifndef FARGATE_PREFECT_CLIENT_HPP
#define FARGATE_PREFECT_CLIENT_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::prefect {

/// No server makes us wait longer than this, whatever its `Retry-After` says.
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
/// 413 and 429 when they carry `Retry-After`; 6 times for the cloud, once for the server, after 0, 2, 4, 8, 16 and 32 s
/// or what `Retry-After` asks for.
[[nodiscard]] inline std::optional<duration> wait_before_repeat(endpoint const& where, backend which,
                                                                result<http::response> const& ended, unsigned repeats,
                                                                time_point now) {
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
    case 429:
        if (!ended->headers.find("Retry-After")) return std::nullopt;
        [[fallthrough]];
    case 500:
    case 502:
    case 503:
    case 504: return detail::retry_after(*ended, now).value_or(usual);
    default: return std::nullopt;
    }
}

/// Sends operations and repeats them as Prefect's own client does. May be used by several threads at once as far as its
/// policies may; keeps references to them and to the settings, which therefore must outlive it.
template <http_policy Http, clock_policy Clock>
class client {
public:
    client(Http& http, Clock& clock, settings const& options) :
        http_{&http}, clock_{&clock}, options_{&options}, where_{endpoint_of(options)} {}

    /// The address that requests go to, or why there is none.
    [[nodiscard]] result<endpoint> const& where() const noexcept { return where_; }

    /// From now on every request carries this agent's id.
    void identify(std::string agent_id) {
        std::scoped_lock const lock{mutex_};
        agent_id_ = std::move(agent_id);
    }

    /// The `data` of the answer; errors are those of `read_answer`, of the http policy, and `errc::cancelled` when `stop`
    /// fired. An answer that names `API_ERROR` is asked for again, at once and then after 0.25, 0.5, 1, 2 and 4 s; the last
    /// failure is returned 8 s after it came.
    [[nodiscard]] result<json::value> call(operation const& wanted, std::stop_token stop = {}) {
        if (!where_) return where_.error();
        auto request = request_for(wanted, *where_, *options_, agent_id());
        request.stop = stop;
        auto answer = ask(request);
        duration wait = std::chrono::milliseconds{250};
        for (int resends = 0; resends != 6 && is_api_error(answer); ++resends, wait *= 2) {
            answer = ask(request);
            if (is_api_error(answer) && !clock_->sleep_for(wait, stop)) return stopped();
        }
        return answer;
    }

private:
    [[nodiscard]] std::string agent_id() const {
        std::scoped_lock const lock{mutex_};
        return agent_id_;
    }

    [[nodiscard]] static error stopped() { return fail(errc::cancelled, "stopped while waiting to ask Prefect again"); }

    /// One answer, after as many exchanges as it takes.
    [[nodiscard]] result<json::value> ask(http::request const& request) {
        for (unsigned repeats = 0;; ++repeats) {
            auto const ended = http_->send(request);
            if (auto const wait = wait_before_repeat(*where_, options_->backend, ended, repeats, clock_->now())) {
                if (!clock_->sleep_for(*wait, request.stop)) return stopped();
                continue;
            }
            auto answer = ended ? read_answer(*ended, request.url, *options_) : result<json::value>{ended.error()};
            if (!answer && repeats != 0) answer.error().message += " (" + std::to_string(repeats + 1) + " attempts)";
            return answer;
        }
    }

    Http* http_;
    Clock* clock_;
    settings const* options_;
    result<endpoint> where_;
    mutable std::mutex mutex_;
    std::string agent_id_;
};

} // namespace fargate::inline v0::prefect

#endif
