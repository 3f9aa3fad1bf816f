#ifndef FARGATE_HTTP_CURL_HPP
#define FARGATE_HTTP_CURL_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/check.hpp>
#include <fargate/http/connection_options.hpp>
#include <fargate/http/curl_api.hpp>
#include <fargate/http/curl_exchange.hpp>
#include <fargate/http/curl_options.hpp>
#include <fargate/http/message.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// `http_policy` on libcurl: HTTP/1.1, over TLS 1.2 or later when the address says https, verified against the system's
/// store. May be used from any number of threads; each exchange under way has a session of its own, and sessions wait
/// with their connections open for the next call. What one learns of a server, its addresses (for a minute, or until a call
/// fails) and the TLS session that saves most of a handshake, all of them know. Must outlive its calls.
///
/// - On the wire go the caller's fields in their order and spelling; `Host` when missing, `Content-Length` when there is
///   a body or the method is one that has bodies.
/// - `limits.connect` covers name lookup, TCP, proxy and TLS; `limits.idle` runs from then on while no byte moves either
///   way. An answer over a limit is given up at once, and before the body when its `Content-Length` already says so.
/// - Nothing is sent twice. When a kept connection dies under a request, that is `connection_failed`, retryable, for the
///   request may have been acted on; one that the server closed while it was idle, or spoke on unasked, is noticed
///   beforehand and replaced.
/// - Proxies come from the options or from `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` (all but the first in
///   capitals too). libcurl reads these itself; `curl_options_from` (http/curl_environment.hpp) reads them as Python does.
/// - Keeps no cookies, reads no netrc, raises no SIGPIPE.
///
/// Errors are those of `http_policy`, and `bad_configuration` when the trusted certificates or the own one cannot be read.
/// Broken or missing connections and passed deadlines are retryable; refused certificates and refused answers are not, nor
/// is a server that knows no TLS 1.2 (`untrusted_peer`). After an error the connection is closed.
class curl_http {
public:
    using options = curl_options;

    curl_http() = default;
    explicit curl_http(options settings) : options_{std::move(settings)} {}
    curl_http(curl_http const&) = delete;
    curl_http& operator=(curl_http const&) = delete;

    [[nodiscard]] curl_options const& settings() const noexcept { return options_; }

    /// One of its own, with no connection yet, that is as this one but for what `told` says.
    [[nodiscard]] curl_http with(http::connection_options const& told) const { return curl_http{options_.with(told)}; }

    [[nodiscard]] result<http::response> send(http::request const& request) {
        auto const address = http::check(request);
        if (!address) return address.error();
        if (request.stop.stop_requested()) return fail(errc::cancelled, "stopped before the request was sent");
        auto session = take();
        if (!session) return std::move(session).error();
        http::curl_api::prepare(**session, options_, *address, request);
        if (has_failed_.exchange(false)) (*session)->set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
        http::curl_api::exchange exchange{**session, request, address->authority};
        auto answer = exchange.run(http::curl_api::as_long(options_.connections));
        if (answer)
            keep(*std::move(session));
        else
            has_failed_ = true;
        return answer;
    }

private:
    using session_pointer = std::unique_ptr<http::curl_api::session>;

    [[nodiscard]] result<session_pointer> take() {
        while (auto last = take_idle())
            if (last->quiet()) return last;
        return http::curl_api::session::open(shared());
    }

    [[nodiscard]] session_pointer take_idle() {
        std::scoped_lock const lock{mutex_};
        if (idle_.empty()) return nullptr;
        auto last = std::move(idle_.back());
        idle_.pop_back();
        return last;
    }

    [[nodiscard]] http::curl_api::share const& shared() {
        std::scoped_lock const lock{mutex_};
        if (!share_) share_.emplace();
        return *share_;
    }

    void keep(session_pointer session) {
        session->forget();
        std::scoped_lock const lock{mutex_};
        if (idle_.size() < options_.idle_sessions) idle_.push_back(std::move(session));
    }

    options options_{};
    std::atomic<bool> has_failed_{false}; ///< since a name was last looked up for that; it may have another address now
    std::mutex mutex_;
    std::optional<http::curl_api::share> share_; // outlives the sessions
    std::vector<session_pointer> idle_;
};

} // namespace fargate::inline v0

#endif
