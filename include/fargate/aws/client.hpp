#ifndef FARGATE_AWS_CLIENT_HPP
#define FARGATE_AWS_CLIENT_HPP

#include <fargate/aws/call.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/endpoint.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/aws/user_agent.hpp>
#include <fargate/aws/verdict.hpp>
#include <fargate/sigv4/sign.hpp>
#include <fargate/sigv4/signing_key.hpp>
#include <fargate/text/timestamp.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

/// Reads an answer whose body is a JSON object.
[[nodiscard]] inline result<json::value> read_document(http::response&& answer) {
    auto document = json::parse(answer.body);
    if (document && document->is_object()) return document;
    if (detail::is_html(answer.body))
        return fail(errc::malformed_response, "the answer is HTML, not JSON: check that the address is the service's");
    return document ? fail(errc::malformed_response, "the answer is no JSON object") : document.error();
}

/// Reads an answer as it is.
[[nodiscard]] inline result<http::response> read_response(http::response&& answer) { return std::move(answer); }

namespace detail {

template <class Parts>
[[nodiscard]] auto& credentials_http(Parts& parts) noexcept {
    if constexpr (requires { parts.credentials_http; })
        return parts.credentials_http;
    else
        return parts.http;
}

} // namespace detail

/// Signed calls of one service. A call goes: resolve credentials, sign, send, classify, wait, sign anew, send again. The
/// retry policy decides about the next attempt and the clock policy waits for it; the HTTP policy does neither.
///
/// Keeps references to the parts, which must outlive it. Parts with a member `credentials_http` have keys fetched over that
/// and not over `http`. Calls may be made from several threads at once as far as the
/// parts are shared between threads. What was wrong with options or environment (no region, a malformed endpoint) is the
/// answer to every call; making a client sends nothing and cannot fail.
template <policies Policies>
class client {
public:
    template <class Parts>
    client(Parts& parts, service const& of, client_options options = {}) :
        http_{parts.http},
        credentials_http_{detail::credentials_http(parts)},
        credentials_{parts.credentials},
        clock_{parts.clock},
        environment_{parts.environment},
        retry_{parts.retry},
        hash_{parts.hash},
        service_{of},
        options_{std::move(options)},
        destination_{resolve_target(of, options_, environment_)},
        user_agent_{aws::user_agent(options_, environment_)} {}

    /// Where the calls go, or why they cannot.
    [[nodiscard]] result<target> const& destination() const noexcept { return destination_; }

    /// Makes a call and reads its answer: `read(http::response&&)`, a `result`, is asked when the status is 2xx, and its
    /// `errc::malformed_response` counts as a lost answer, which is repeated. Every attempt carries the same invocation id,
    /// a signature of its own and its number. The error names service and operation, and says in `retryable` whether the
    /// same call may succeed later.
    template <class Read>
    [[nodiscard]] auto call(aws::call const& what, Read const& read, std::stop_token stop = {})
        -> std::invoke_result_t<Read const&, http::response&&> {
        std::string const invocation = random_uuid(options_.random);
        retry::progress book;
        repairs done;
        for (int attempt = 1;; ++attempt) {
            if (stop.stop_requested() || !await_turn(stop))
                return named(what.operation, fail(errc::cancelled, "stopped before it was sent"));
            auto const key = resolve_key();
            if (!key) return named(what.operation, key.error());
            auto const request = signed_request(what, *key, invocation, attempt, stop);
            if (!request) return named(what.operation, request.error());

            auto response = http_.send(*request);
            auto const hint = response ? retry_hint(*response) : std::nullopt;
            auto const server_time =
                response ? text::parse_http_date(response->headers.value_of("Date")) : std::nullopt;
            auto answer = interpret(what, std::move(response), read);

            auto const verdict = answer ? retry::verdict::succeeded : judge(service_.id, answer.error());
            retry::outcome const how{verdict, hint};
            if constexpr (requires { retry_.after_send(clock_.now(), how); }) retry_.after_send(clock_.now(), how);
            if (!answer && mend(answer.error(), *key, server_time, done)) continue;
            auto const pause = retry_.next(book, how);
            if (answer) return answer;
            answer.error().retryable = verdict != retry::verdict::refused;
            if (!pause) return named(what.operation, std::move(answer).error(), attempt);
            if (!clock_.sleep_for(*pause, stop))
                return named(what.operation,
                             fail(errc::cancelled, "stopped while it waited after " + answer.error().message));
        }
    }

    /// A call of a JSON 1.1 operation of the service.
    [[nodiscard]] result<json::value> call_json(std::string_view operation, std::string_view target_prefix,
                                                json::value const& input, std::stop_token stop = {}) {
        if (!input.is_object())
            return named(operation, fail(errc::invalid_argument, "the input is no object with AWS's member names"));
        if (!destination_) return named(operation, destination_.error());
        endpoint const where = endpoint_of(service_, *destination_);
        return call(json_call(operation, target_prefix, where, input), read_document, std::move(stop));
    }

    /// An error with the call that it ended: `ecs RunTask: ...`.
    [[nodiscard]] error named(std::string_view operation, error why, int attempts = 1) const {
        why.message = std::string{service_.prefix}.append(" ").append(operation).append(": ").append(why.message);
        if (attempts > 1) why.message += " (after " + std::to_string(attempts) + " attempts)";
        return why;
    }

    [[nodiscard]] client_options const& options() const noexcept { return options_; }

private:
    /// What has been put right in the course of a call; each at most once.
    struct repairs {
        bool key = false;
        bool clock = false;
    };

    /// Waits as long as the retry policy holds attempts back; false when `stop` fires.
    [[nodiscard]] bool await_turn(std::stop_token const& stop) {
        if constexpr (requires {
                          { retry_.before_send(clock_.now()) } -> std::same_as<duration>;
                      }) {
            duration const wait = retry_.before_send(clock_.now());
            return wait <= duration::zero() || clock_.sleep_for(wait, stop);
        }
        return true;
    }

    [[nodiscard]] result<credentials::access_key> resolve_key() {
        if (options_.anonymous) return credentials::access_key{};
        auto key = credentials_.fetch(credentials_http_, clock_, environment_);
        if (!key) key.error().message = "no credentials: " + key.error().message;
        return key;
    }

    [[nodiscard]] result<http::request> signed_request(aws::call const& what, credentials::access_key const& key,
                                                       std::string const& invocation, int attempt,
                                                       std::stop_token stop) {
        std::string const path = what.where.path(what.path);
        http::request made;
        made.method = what.method;
        made.url = what.where.scheme + "://" + what.where.authority + path;
        if (!what.query.empty()) made.url += "?" + what.query;
        made.headers = what.headers;
        made.headers.set("Host", what.where.host);
        made.body = what.body;
        made.limits = options_.limits;
        made.stop = std::move(stop);
        made.sink = what.sink;
        if (!options_.anonymous) {
            std::vector<sigv4::header_view> views;
            for (auto const& each : made.headers) views.push_back({each.name, each.value});
            sigv4::request_view const view{made.method, path, what.query, views, made.body};
            auto const moment = clock_.now() + duration{clock_offset_.load(std::memory_order_relaxed)};
            sigv4::scope const scope{what.where.region, service_.signing_name};
            auto const added = sigv4::sign(view, key.view(), scope, moment, what.signing, &signing_keys_, hash_);
            if (!added) return added.error();
            for (auto const& each : *added) made.headers.set(std::string{each.name}, each.value);
        }
        made.headers.set("amz-sdk-invocation-id", invocation);
        made.headers.set("amz-sdk-request", "attempt=" + std::to_string(attempt) + attempts_at_most());
        made.headers.set("User-Agent", user_agent_);
        return made;
    }

    [[nodiscard]] std::string attempts_at_most() const {
        if constexpr (requires {
                          { retry_.max_attempts() } -> std::convertible_to<int>;
                      })
            return "; max=" + std::to_string(retry_.max_attempts());
        else
            return {};
    }

    /// `x-amz-retry-after`: whole milliseconds.
    [[nodiscard]] static std::optional<std::chrono::milliseconds> retry_hint(http::response const& answer) {
        std::string_view const digits = answer.headers.value_of("x-amz-retry-after");
        if (digits.empty() || digits.size() > 9) return std::nullopt;
        std::chrono::milliseconds::rep value = 0;
        for (char const c : digits) {
            if (!text::is_digit(c)) return std::nullopt;
            value = value * 10 + (c - '0');
        }
        return std::chrono::milliseconds{value};
    }

    template <class Read>
    [[nodiscard]] static auto interpret(aws::call const& what, result<http::response>&& response, Read const& read)
        -> std::invoke_result_t<Read const&, http::response&&> {
        if (!response) return std::move(response).error();
        int const status = response->status;
        if (status < 200 || status > 299) {
            auto said = read_failure(what.speaks, *response);
            auto made = error_of(said, what);
            if (what.failure != nullptr) *what.failure = std::move(said);
            return made;
        }
        std::string request_id = detail::bare_failure(*response).request_id;
        auto answer = read(*std::move(response));
        if (!answer) {
            answer.error().http_status = status;
            answer.error().request_id = std::move(request_id);
        }
        return answer;
    }

    /// Puts right what made the service refuse the attempt, where that can be: a key that has run out, a clock that is
    /// wrong. True when the call should be sent again at once; the retry policy is not asked about that.
    [[nodiscard]] bool mend(error const& why, credentials::access_key const& key, std::optional<time_point> server_time,
                            repairs& done) {
        if constexpr (requires { credentials_.invalidate(key.generation); }) {
            if (is_expired_key(why.service_code) && !options_.anonymous && !std::exchange(done.key, true)) {
                credentials_.invalidate(key.generation);
                return true;
            }
        }
        auto const doubt = doubt_of(why.service_code);
        if (doubt == clock_doubt::none || !server_time || done.clock) return false;
        auto const offset = *server_time - clock_.now();
        auto const change = offset - duration{clock_offset_.load(std::memory_order_relaxed)};
        if (doubt == clock_doubt::possible && std::chrono::abs(change) < std::chrono::minutes{4}) return false;
        clock_offset_.store(offset.count(), std::memory_order_relaxed);
        return done.clock = true;
    }

    typename Policies::http& http_;
    typename Policies::http& credentials_http_;
    typename Policies::credentials& credentials_;
    typename Policies::clock& clock_;
    typename Policies::environment const& environment_;
    typename Policies::retry& retry_;
    typename Policies::hash const& hash_;
    service service_;
    client_options options_;
    result<target> destination_;
    std::string user_agent_;
    sigv4::signing_key_cache signing_keys_{};
    std::atomic<duration::rep> clock_offset_{
        0}; ///< the service's clock minus ours, learned when it refused a signature
};

} // namespace fargate::inline v0::aws

#endif
