#ifndef FARGATE_CREDENTIALS_CACHED_HPP
#define FARGATE_CREDENTIALS_CACHED_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// When a key that ends is renewed. Keys of a short life are renewed later: never before three quarters of it are over.
struct refresh_windows {
    duration advisory = std::chrono::minutes{15};       ///< from here on, one caller at a time tries, the others go on
    duration mandatory = std::chrono::minutes{1};       ///< from here on, a failed try is soon followed by the next
    duration advisory_pause = std::chrono::minutes{1};  ///< after a failed try, in the advisory window
    duration mandatory_pause = std::chrono::seconds{1}; ///< after a failed try, in the mandatory window
};

/// A `credential_policy` that keeps another's key until shortly before it ends. One caller at a time asks the provider; as
/// long as the present key is valid, the others are given it at once, and a failed renewal changes nothing. Only where no
/// valid key is left do callers wait, all of them for the one answer. May be used from several threads; the provider is
/// called by one at a time. Every key that it hands out has a generation.
template <class Provider>
class cached {
public:
    static constexpr std::string_view name = "cached";

    cached() = default;
    explicit cached(Provider provider, refresh_windows windows = {}) :
        provider_{std::move(provider)}, windows_{windows} {}
    explicit cached(refresh_windows windows) : windows_{windows} {}

    cached(cached const&) = delete;
    cached& operator=(cached const&) = delete;

    template <class Http, clock_policy Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) {
        auto now = clock.now();
        std::unique_lock lock{mutex_};
        for (bool waited = false;; waited = true, now = clock.now()) {
            auto const key = valid_key(now);
            if (key != nullptr && (asking_ || now < ask_from_)) {
                lock.unlock();
                return *key;
            }
            if (key == nullptr && waited && failed_answer_ == answers_) return *failure_;
            if (!asking_) {
                flight const guard{*this, lock};
                return renew(lock, http, clock, environment);
            }
            answered_.wait(lock, [this, seen = answers_] { return answers_ != seen; });
        }
    }

    /// Forgets the key of that generation, because the service refused it as expired. A key that replaced it since stays,
    /// so that many callers with the same refusal cause one renewal.
    void invalidate(std::uint64_t generation) {
        std::scoped_lock const lock{mutex_};
        if (key_ == nullptr || key_->generation != generation) return;
        key_ = nullptr;
        refused_ = generation;
    }

    /// Why the last renewal failed, though callers may not have noticed; nothing after one that succeeded.
    [[nodiscard]] std::optional<error> last_failure() const {
        std::scoped_lock const lock{mutex_};
        return failure_;
    }

private:
    using snapshot = std::shared_ptr<access_key const>;

    /// While it lives, this caller is the one that asks. Ends the wait of the others however it ends.
    class flight {
    public:
        flight(cached& owner, std::unique_lock<std::mutex>& lock) : owner_{owner}, lock_{lock} {
            owner_.asking_ = true;
        }
        flight(flight const&) = delete;
        flight& operator=(flight const&) = delete;
        ~flight() {
            if (!lock_.owns_lock()) lock_.lock();
            owner_.asking_ = false;
            ++owner_.answers_;
            owner_.answered_.notify_all();
        }

    private:
        cached& owner_;
        std::unique_lock<std::mutex>& lock_;
    };

    template <class Http, class Clock, class Environment>
    result<access_key> renew(std::unique_lock<std::mutex>& lock, Http& http, Clock& clock,
                             Environment const& environment) {
        auto const refused = std::exchange(refused_, 0);
        lock.unlock();
        if constexpr (requires { provider_.invalidate(refused); }) {
            if (refused != 0) provider_.invalidate(refused);
        }
        auto answer = checked(provider_.fetch(http, clock, environment), clock);
        auto const now = clock.now();
        lock.lock();
        if (answer) {
            failure_.reset();
            key_ = std::make_shared<access_key const>(*answer);
            ask_from_ = answer->expires ? renewal(now, *answer->expires) : time_point::max();
            return answer;
        }
        failure_ = answer.error();
        failed_answer_ = answers_ + 1;
        auto const kept = valid_key(now);
        if (kept == nullptr) return answer;
        bool const late = *kept->expires - now <= windows_.mandatory;
        ask_from_ = now + (late ? windows_.mandatory_pause : windows_.advisory_pause);
        return *kept;
    }

    [[nodiscard]] snapshot valid_key(time_point now) const {
        return key_ != nullptr && (!key_->expires || *key_->expires > now) ? key_ : nullptr;
    }

    template <class Clock>
    static result<access_key> checked(result<access_key> answer, Clock& clock) {
        if (!answer) return answer;
        if (answer->expires && *answer->expires <= clock.now())
            return fail(errc::bad_configuration, answer->source + " handed out a key that ended at " +
                                                     text::iso8601(*answer->expires) +
                                                     ": renew it, or mend this machine's clock");
        if (answer->generation == 0) answer->generation = next_generation();
        return answer;
    }

    [[nodiscard]] time_point renewal(time_point now, time_point expires) const {
        return expires - std::min(windows_.advisory, (expires - now) / 4);
    }

    Provider provider_{};
    refresh_windows const windows_{};
    mutable std::mutex mutex_;
    std::condition_variable answered_;
    snapshot key_;
    time_point ask_from_ = time_point::max(); ///< as long as the key is valid, nobody asks before
    std::optional<error> failure_;
    std::uint64_t answers_ = 0;       ///< how many times the provider has answered
    std::uint64_t failed_answer_ = 0; ///< the last of them that failed
    std::uint64_t refused_ = 0;       ///< a generation that the provider does not know yet to be refused
    bool asking_ = false;
};

} // namespace fargate::inline v0::credentials

#endif
