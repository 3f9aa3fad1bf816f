#ifndef FARGATE_AWS_CLIENT_HPP
#define FARGATE_AWS_CLIENT_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/aws/answer.hpp>
#include <fargate/aws/call.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/confided.hpp>
#include <fargate/aws/endpoint.hpp>
#include <fargate/aws/failure.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/aws/time_limit.hpp>
#include <fargate/aws/user_agent.hpp>
#include <fargate/aws/verdict.hpp>
#include <fargate/retry/mode.hpp>
#include <fargate/retry/token_bucket.hpp>
#include <fargate/sigv4/sign.hpp>
#include <fargate/sigv4/signing_key.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

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
/// answer to every call; making a client sends nothing and cannot fail. The shared files are read once, when it is made.
///
/// A call is repeated by the parts' retry policy. Where that leaves mode or attempts open and can be told (`any_mode` does
/// and can), AWS_RETRY_MODE, AWS_MAX_ATTEMPTS or the profile decide, and the client has a policy, and a quota, of its own.
///
/// Two things are put right at once, once a call, and without the retry policy being asked. A key that the service refuses
/// as expired or unknown is given back to its source, and what that hands out instead signs the next attempt. That is for
/// keys that can be renewed, which have an `expires` or a session token, and from sources with `invalidate`: a long-lived
/// key that is refused stays refused, and so does a source that answers with the same key again. And a clock that is wrong
/// (a code of `doubt_of`) is learned from the answer's `Date`, for all calls of the client from then on.
template <policies Policies>
class client {
public:
    template <class Parts>
    client(Parts& parts, service const& of, client_options options = {}) :
        client{parts, of, std::move(options), ambient{parts.environment}} {}

    /// Where the calls go, or why they cannot.
    [[nodiscard]] result<target> const& destination() const noexcept { return destination_; }

    /// Why no call can succeed, as far as it is known without making one.
    [[nodiscard]] result<void> ready() const {
        if (flaw_) return *flaw_;
        if (!destination_) return destination_.error();
        return {};
    }

    /// Makes a call and reads its answer: `read(http::response&&)`, a `result`, is asked when the status is 2xx, and its
    /// `errc::malformed_response` counts as a lost answer, which is repeated. Every attempt carries the same invocation id,
    /// a signature of its own and its number. The error names service and operation, and says in `retryable` whether the
    /// same call may succeed later. With a deadline, what there is no time left to wait for is not begun: the answer is then
    /// the error of the attempt before, or `errc::timed_out` if there was none. `what` is an `aws::call`, and if it is handed
    /// over, so that it may be changed, its body is not copied.
    template <class Call, class Read>
    [[nodiscard]] auto call(Call&& what, Read const& read, std::stop_token stop = {})
        -> std::invoke_result_t<Read const&, http::response&&> {
        http::request request = request_of(what, std::move(stop));
        request.body = std::forward<Call>(what).body;
        std::invoke_result_t<Read const&, http::response&&> answer{error{}}; // until one has been read
        auto const keep = [&](http::response&& response) -> result<void> {
            answer = read(std::move(response));
            if (!answer) return std::move(answer).error();
            return {};
        };
        if (auto done = exchange(what, request, answer_reader{keep}); !done) return std::move(done).error();
        return answer;
    }

    /// A call of a JSON 1.1 operation of the service.
    [[nodiscard]] result<json::value> call_json(std::string_view operation, std::string_view target_prefix,
                                                json::value const& input, std::stop_token stop = {},
                                                retry::tolls const& tolls = {}) {
        return call_json(operation, target_prefix, input, read_document, std::move(stop), tolls);
    }

    /// The same, with the answer read by `read`, as `call` has it.
    template <class Read>
    [[nodiscard]] auto call_json(std::string_view operation, std::string_view target_prefix, json::value const& input,
                                 Read const& read, std::stop_token stop, retry::tolls const& tolls)
        -> std::invoke_result_t<Read const&, http::response&&> {
        auto what = json_call(operation, target_prefix, input);
        if (!what) return std::move(what).error();
        what->tolls = tolls;
        return call(*std::move(what), read, std::move(stop));
    }

    /// What `call_json` makes of its input and sends; nothing is sent.
    [[nodiscard]] result<aws::call> json_call(std::string_view operation, std::string_view target_prefix,
                                              json::value const& input) const {
        if (!input.is_object())
            return named(operation, fail(errc::invalid_argument, "the input is no object with AWS's member names"));
        if (!destination_) return named(operation, destination_.error());
        return aws::json_call(operation, target_prefix, endpoint_of(service_, *destination_), input);
    }

    /// An error with the call that it ended: `ecs RunTask: ...`.
    [[nodiscard]] error named(std::string_view operation, error why, int attempts = 1) const {
        why.message = std::string{service_.prefix}.append(" ").append(operation).append(": ").append(why.message);
        if (attempts > 1) why.message += " (after " + std::to_string(attempts) + " attempts)";
        return why;
    }

    [[nodiscard]] client_options const& options() const noexcept { return options_; }

private:
    using ambient = aws::ambient<typename Policies::environment>;

    template <class Parts>
    client(Parts& parts, service const& of, client_options options, ambient known) :
        http_{parts.http},
        credentials_http_{detail::credentials_http(parts)},
        credentials_{parts.credentials},
        clock_{parts.clock},
        environment_{parts.environment},
        hash_{parts.hash},
        service_{of},
        options_{std::move(options)},
        destination_{resolve_target(of, options_, known)},
        user_agent_{aws::user_agent(options_, known)},
        own_retry_{policy_of(parts.retry, known)},
        retry_{own_retry_ != nullptr ? *own_retry_ : parts.retry} {
        auto file = resolve_ca_file(options_.ca_file, known);
        if (file)
            options_.ca_file = *std::move(file);
        else
            flaw_ = std::move(file).error();
    }

    /// A policy that does what environment and profile say, where `from` leaves that open; null when it says it all.
    [[nodiscard]] std::unique_ptr<typename Policies::retry> policy_of(typename Policies::retry& from, ambient& known) {
        if constexpr (requires(retry::mode_options const& told) {
                          { from.told() } -> std::same_as<retry::mode_options>;
                          { from.with(told) } -> std::same_as<typename Policies::retry>;
                      }) {
            auto const said = ambient_repeats(known);
            if (!said) flaw_ = said.error();
            auto const open = said ? said->beyond(from.told()) : retry::mode_options{};
            if (!open.empty()) return std::unique_ptr<typename Policies::retry>{new auto(from.with(open))};
        }
        return nullptr;
    }

    /// What has been put right in the course of a call; each at most once.
    struct repairs {
        bool key = false;
        bool clock = false;
        std::optional<access_key> refused{}; ///< what has just been given back
    };

    /// Sends `request`, which `what` has become, until an answer has been read or nothing more is to be tried.
    [[nodiscard]] result<void> exchange(aws::call const& what, http::request& request, answer_reader read) {
        if (flaw_) return named(what.operation, *flaw_);
        std::stop_token const& stop = request.stop;
        std::string const invocation = random_uuid(options_.random);
        time_limit const ends{what.deadline.value_or(options_.deadline), clock_.now()};
        retry::progress book;
        repairs done;
        std::optional<error> last; // how the attempt before went
        for (int attempt = 1;; ++attempt) {
            if (auto turn = await_turn(what, ends, last, stop); !turn)
                return named(what.operation, std::move(turn).error(), attempt - 1);
            auto const offset = duration{clock_offset_.load(std::memory_order_relaxed)};
            auto const key = resolve_key(offset);
            if (!key) return named(what.operation, before_that(key.error(), last), attempt - 1);
            if (done.refused && is_same(*done.refused, *key))
                return named(what.operation, *std::move(last), attempt - 1);
            done.refused.reset();
            auto const now = clock_.now();
            if (ends.is_over(now)) return named(what.operation, ends.late(last), attempt - 1);
            request.limits.total = ends.attempt_limit(options_.limits.total, now);
            auto const moment = now + offset;
            auto ready = sign(request, what, *key, moment);
            if (!ready) return named(what.operation, std::move(ready).error(), attempt - 1);
            tell_attempt(request, invocation, attempt, ends, moment);

            auto response = http_.send(request);
            auto const hint = response ? detail::retry_hint(*response) : std::nullopt;
            auto const server_time =
                response ? text::parse_http_date(response->headers.value_of("Date")) : std::nullopt;
            auto answer = interpret(what, std::move(response), read, *key, request.headers);

            auto const verdict = answer ? retry::verdict::succeeded : judge(service_.id, answer.error());
            retry::outcome const how{verdict, hint};
            if constexpr (requires { retry_.after_send(clock_.now(), how); }) retry_.after_send(clock_.now(), how);
            if (!answer && (mend_key(answer.error(), *key, done) ||
                            mend_clock(answer.error(), what.method, server_time, offset, done))) {
                last = std::move(answer).error();
                continue;
            }
            auto const pause = retry_.next(book, how);
            if (answer) return answer;
            answer.error().retryable = verdict != retry::verdict::refused;
            if (!pause) return named(what.operation, std::move(answer).error(), attempt);
            if (ends.is_over(clock_.now() + *pause))
                return named(what.operation, ends.late(std::move(answer).error()), attempt);
            if (!clock_.sleep_for(*pause, stop))
                return named(what.operation,
                             fail(errc::cancelled, "stopped while it waited after " + answer.error().message));
            last = std::move(answer).error();
        }
    }

    /// Waits until the retry policy and the API's rates let an attempt go.
    [[nodiscard]] result<void> await_turn(aws::call const& what, time_limit const& ends,
                                          std::optional<error> const& last, std::stop_token const& stop) {
        if (stop.stop_requested()) return fail(errc::cancelled, "stopped before it was sent");
        auto const now = clock_.now();
        duration wait = retry::take(what.tolls, now);
        if constexpr (requires {
                          { retry_.before_send(now) } -> std::same_as<duration>;
                      })
            wait = std::max(wait, retry_.before_send(now));
        bool const late = ends.is_over(now + wait);
        if (!late && (wait <= duration::zero() || clock_.sleep_for(wait, stop))) return {};
        retry::give_back(what.tolls);
        return late ? ends.late(last) : fail(errc::cancelled, "stopped before it was sent");
    }

    /// A key that is valid by the service's clock, as far as that is known.
    [[nodiscard]] result<access_key> resolve_key(duration offset) {
        if (options_.anonymous) return access_key{};
        auto key = credentials_.fetch(credentials_http_, clock_, environment_);
        if constexpr (requires { credentials_.invalidate(key->generation); }) {
            bool const known = key && key->expires && offset != duration::zero();
            if (known && *key->expires <= clock_.now() + offset) {
                credentials_.invalidate(key->generation);
                key = credentials_.fetch(credentials_http_, clock_, environment_);
            }
        }
        if (!key) key.error().message = "no credentials: " + key.error().message;
        return key;
    }

    [[nodiscard]] static error before_that(error why, std::optional<error> const& last) {
        if (last) why.message += " (before that: " + last->message + ")";
        return why;
    }

    [[nodiscard]] static bool is_same(access_key const& one, access_key const& other) noexcept {
        return one.id == other.id && one.session_token == other.session_token;
    }

    /// What all attempts have in common.
    [[nodiscard]] http::request request_of(aws::call const& what, std::stop_token stop) const {
        http::request made;
        made.method = what.method;
        made.url = what.where.scheme + "://" + what.where.authority + what.where.path(what.path);
        if (!what.query.empty()) made.url += "?" + what.query;
        made.limits = options_.limits;
        made.ca_file = options_.ca_file;
        made.stop = std::move(stop);
        made.sink = what.sink;
        return made;
    }

    /// The fields of one attempt.
    [[nodiscard]] result<void> sign(http::request& made, aws::call const& what, access_key const& key,
                                    time_point moment) {
        made.headers = what.headers;
        made.headers.set("Host", what.where.host);
        if (options_.anonymous) return {};
        std::string const path = what.where.path(what.path);
        std::vector<sigv4::header_view> views;
        views.reserve(made.headers.size());
        for (auto const& each : made.headers) views.push_back({each.name, each.value});
        sigv4::request_view const view{made.method, path, what.query, views, made.body};
        sigv4::scope const scope{what.where.region, service_.signing_name};
        auto const added = sigv4::sign(view, key.view(), scope, moment, what.signing, &signing_keys_, hash_);
        if (!added) return added.error();
        for (auto const& each : *added) made.headers.set(std::string{each.name}, std::string{each.value});
        return {};
    }

    /// The fields that are not signed.
    void tell_attempt(http::request& made, std::string const& invocation, int attempt, time_limit const& ends,
                      time_point moment) const {
        std::string number = "attempt=" + std::to_string(attempt) + attempts_at_most();
        if (ends) number += "; ttl=" + text::amz_timestamp(moment + made.limits.total);
        made.headers.set("amz-sdk-invocation-id", invocation);
        made.headers.set("amz-sdk-request", std::move(number));
        made.headers.set("User-Agent", user_agent_);
    }

    [[nodiscard]] std::string attempts_at_most() const {
        if constexpr (requires {
                          { retry_.max_attempts() } -> std::convertible_to<int>;
                      })
            return "; max=" + std::to_string(retry_.max_attempts());
        else
            return {};
    }

    /// Nothing that `key` and the fields `sent` confided is in the error.
    [[nodiscard]] result<void> interpret(aws::call const& what, result<http::response>&& response, answer_reader read,
                                         access_key const& key, http::fields const& sent) const {
        auto const told = [&] { return confided{key, sent}.with(what.confided).with(options_.confided); };
        if (!response) {
            told().withhold(response.error());
            return std::move(response).error();
        }
        int const status = response->status;
        if (status < 200 || status > 299) {
            auto said = read_failure(what.speaks, *response);
            told().withhold(said);
            auto made = error_of(said, what);
            if (what.failure != nullptr) *what.failure = std::move(said);
            return made;
        }
        std::string request_id = detail::request_id_of(*response);
        auto answer = read(*std::move(response));
        if (!answer) {
            answer.error().http_status = status;
            answer.error().request_id = std::move(request_id);
            told().withhold(answer.error());
        }
        return answer;
    }

    /// Gives back a key that the service refused, where the source may have a better one. True when the call should be
    /// sent again at once; the retry policy is not asked about that.
    [[nodiscard]] bool mend_key(error const& why, access_key const& key, repairs& done) {
        if constexpr (requires { credentials_.invalidate(key.generation); }) {
            bool const renewable = key.expires || !key.session_token.empty();
            if (renewable && is_expired_key(why.service_code) && !options_.anonymous &&
                !std::exchange(done.key, true)) {
                credentials_.invalidate(key.generation);
                done.refused = key;
                return true;
            }
        }
        return false;
    }

    /// Learns the service's time when it refused a signature for ours, likewise. `signed_with` is the offset of the attempt:
    /// another call may have learned the new one since.
    [[nodiscard]] bool mend_clock(error const& why, std::string_view method, std::optional<time_point> server_time,
                                  duration signed_with, repairs& done) {
        bool const mute = method == "HEAD" && why.http_status == 403; // no body says why
        auto const doubt = mute ? clock_doubt::possible : doubt_of(why.service_code);
        if (doubt == clock_doubt::none || !server_time || options_.anonymous || done.clock) return false;
        auto const offset = *server_time - clock_.now();
        if (doubt == clock_doubt::possible && std::chrono::abs(offset - signed_with) < std::chrono::minutes{4})
            return false;
        clock_offset_.store(offset.count(), std::memory_order_relaxed);
        return done.clock = true;
    }

    typename Policies::http& http_;
    typename Policies::http& credentials_http_;
    typename Policies::credentials& credentials_;
    typename Policies::clock& clock_;
    typename Policies::environment const& environment_;
    typename Policies::hash const& hash_;
    service service_;
    client_options options_;
    result<target> destination_;
    std::string user_agent_;
    std::optional<error> flaw_{}; ///< of options or environment, besides the destination's
    std::unique_ptr<typename Policies::retry> own_retry_;
    typename Policies::retry& retry_;
    sigv4::signing_key_cache signing_keys_{};
    /// The service's clock minus ours, learned when it refused a signature.
    std::atomic<duration::rep> clock_offset_{0};
};

} // namespace fargate::inline v0::aws

#endif
