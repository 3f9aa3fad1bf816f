#ifndef FARGATE_TESTING_FAILING_HTTP_HPP
#define FARGATE_TESTING_FAILING_HTTP_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/policy.hpp>

#include <concepts>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>

namespace fargate::inline v0::testing {

/// An `http_policy` around another one that loses one request, or the answer to it: walk every error path by failing send
/// 0, 1, 2, ... until `fired()` says that there was no such send.
///
///     for (std::size_t n = 0;; ++n) {
///         testing::failing_http<testing::fake_ecs> http;
///         http.fail_at(n, fail(errc::connection_failed, "cut", true));
///         ... use http, check what must hold in any case ...
///         if (!http.fired()) break;
///     }
///
/// Owns its `Inner`, made from the constructor's arguments; `failing_http<Other&>` stands around one that lives elsewhere.
/// As thread-safe as its `Inner`.
template <class Inner>
    requires http_policy<Inner>
class failing_http {
public:
    /// Whether the request or its answer is lost: `after` means that the other side has acted.
    enum class when : unsigned char { before, after };

    template <class... Arguments>
        requires std::constructible_from<Inner, Arguments...>
    explicit failing_http(Arguments&&... arguments) : inner_(std::forward<Arguments>(arguments)...) {}

    /// Fails the send with that number, counting from 0 since the beginning; replaces what was said before.
    void fail_at(std::size_t number, error why, when moment = when::before) {
        std::scoped_lock const lock{mutex_};
        plan_ = plan{number, std::move(why), moment};
        fired_ = false;
    }

    [[nodiscard]] result<http::response> send(http::request const& request) {
        auto const mine = next();
        if (mine && mine->moment == when::before) return mine->why;
        auto answer = inner_.send(request);
        if (mine) return mine->why;
        return answer;
    }

    /// The failure has happened.
    [[nodiscard]] bool fired() const {
        std::scoped_lock const lock{mutex_};
        return fired_;
    }
    /// How many sends there were, the failed one included.
    [[nodiscard]] std::size_t sends() const {
        std::scoped_lock const lock{mutex_};
        return sends_;
    }
    [[nodiscard]] Inner& inner() noexcept { return inner_; }

private:
    struct plan {
        std::size_t number;
        error why;
        when moment;
    };

    /// The plan, when it is for the send that begins now.
    [[nodiscard]] std::optional<plan> next() {
        std::scoped_lock const lock{mutex_};
        auto const number = sends_++;
        if (!plan_ || plan_->number != number) return std::nullopt;
        fired_ = true;
        return plan_;
    }

    Inner inner_;
    mutable std::mutex mutex_;
    std::optional<plan> plan_;
    std::size_t sends_ = 0;
    bool fired_ = false;
};

} // namespace fargate::inline v0::testing

#endif
