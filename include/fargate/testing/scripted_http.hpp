#ifndef FARGATE_TESTING_SCRIPTED_HTTP_HPP
#define FARGATE_TESTING_SCRIPTED_HTTP_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// An `http_policy` with no network: answers from a script, and keeps every request for inspection. Takes `limits.body`
/// and the stop token as seriously as a real one: an answer longer than the limit is `too_large`, and a request whose
/// token has fired is `cancelled`, neither recorded nor answered. A request's `sink` gets what a real one would give it,
/// the body in one piece. May be used from several threads; which of them gets which line of the script is then up to them.
class scripted_http {
public:
    using answer = result<http::response>;

    /// Appends an answer to the script.
    scripted_http& reply(int status, std::string body = {}, http::fields headers = {}) {
        return reply(http::response{status, std::move(headers), std::move(body)});
    }
    /// Appends an answer, or a failure: `reply(fail(errc::timed_out, "no answer", true))`.
    scripted_http& reply(answer next) { return append({std::move(next), std::nullopt}); }

    /// Appends an answer whose body breaks off: its head and the first `bytes` of its body come (and go to the request's
    /// `sink` when there is one and the status is 2xx), and then the connection is lost.
    scripted_http& reply_broken(http::response head, std::size_t bytes,
                                error why = fail(errc::connection_failed, "the connection broke", true)) {
        head.body.resize(std::min(bytes, head.body.size()));
        return append({std::move(head), std::move(why)});
    }

    /// Answers whatever comes when the script is empty. Without it such a request fails with `errc::internal` and is named
    /// in the message. Called outside the lock, so it may use this object; with several threads it must be thread-safe.
    scripted_http& otherwise(std::function<answer(http::request const&)> answerer) {
        std::scoped_lock const lock{mutex_};
        otherwise_ = std::move(answerer);
        return *this;
    }

    answer send(http::request const& request) {
        if (request.stop.stop_requested()) return fail(errc::cancelled, "stopped before the request was sent");
        auto [made, broken] = next(request);
        bool const sunk = request.sink != nullptr && made && made->status >= 200 && made->status <= 299;
        if (sunk) {
            std::string const body = std::exchange(made->body, {});
            bool const wanted = request.sink->begin(*made) && (body.empty() || request.sink->take(body));
            if (!wanted) return fail(errc::cancelled, "the receiver wants no more");
        }
        if (broken) return *std::move(broken);
        if (made && made->body.size() > request.limits.body)
            return fail(errc::too_large, "the answer's body is longer than " + std::to_string(request.limits.body) +
                                             " bytes: raise limits.body or ask for less");
        return std::move(made);
    }

    /// Every request so far, in the order they came.
    [[nodiscard]] std::vector<http::request> requests() const {
        std::scoped_lock const lock{mutex_};
        return requests_;
    }
    /// How many answers of the script nobody has asked for yet.
    [[nodiscard]] std::size_t remaining() const {
        std::scoped_lock const lock{mutex_};
        return script_.size();
    }

private:
    struct line {
        answer made;
        std::optional<error> broken{}; ///< what ends it after all
    };

    scripted_http& append(line next) {
        std::scoped_lock const lock{mutex_};
        script_.push_back(std::move(next));
        return *this;
    }

    line next(http::request const& request) {
        std::function<answer(http::request const&)> answerer;
        {
            std::scoped_lock const lock{mutex_};
            requests_.push_back(request);
            if (!script_.empty()) {
                auto made = std::move(script_.front());
                script_.pop_front();
                return made;
            }
            answerer = otherwise_;
        }
        if (answerer) return {answerer(request)};
        return {fail(errc::internal, "the script has no answer for " + request.method + " " + request.url)};
    }

    mutable std::mutex mutex_;
    std::deque<line> script_;
    std::function<answer(http::request const&)> otherwise_;
    std::vector<http::request> requests_;
};

} // namespace fargate::inline v0::testing

#endif
