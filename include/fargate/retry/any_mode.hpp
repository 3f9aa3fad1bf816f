#ifndef FARGATE_RETRY_ANY_MODE_HPP
#define FARGATE_RETRY_ANY_MODE_HPP

#include <fargate/retry/adaptive.hpp>
#include <fargate/retry/legacy.hpp>
#include <fargate/retry/mode.hpp>
#include <fargate/retry/policy.hpp>
#include <fargate/retry/standard.hpp>

#include <optional>

namespace fargate::inline v0::retry {

/// Whichever of the SDKs' modes is asked for when the program runs; standard unless told otherwise. Thread-safe.
class any_mode {
public:
    any_mode() : any_mode(mode_options{}) {}

    /// `numbers` are those of the standard and the adaptive mode; legacy takes the jitter from them.
    explicit any_mode(mode_options const& how, standard_options const& numbers = {}) :
        how_{how},
        numbers_{numbers},
        steady_{with_attempts(numbers, how.max_attempts)},
        legacy_{legacy_numbers(numbers, how.max_attempts)} {}

    /// A policy of its own, with nothing spent, that is as this one but for what `how` says.
    [[nodiscard]] any_mode with(mode_options const& how) const {
        mode_options const merged{how.mode ? how.mode : how_.mode,
                                  how.max_attempts ? how.max_attempts : how_.max_attempts};
        return any_mode{merged, numbers_};
    }

    /// What it was told, and no more: what is left open the environment may say.
    [[nodiscard]] mode_options told() const noexcept { return how_; }

    [[nodiscard]] std::optional<duration> next(progress& book, outcome const& how) {
        return kind() == retry::mode::legacy ? legacy_.next(book, how) : steady_.next(book, how);
    }
    [[nodiscard]] duration before_send(time_point now) {
        return kind() == retry::mode::adaptive ? steady_.before_send(now) : duration::zero();
    }
    void after_send(time_point now, outcome const& how) {
        if (kind() == retry::mode::adaptive) steady_.after_send(now, how);
    }

    [[nodiscard]] retry::mode kind() const noexcept { return how_.mode.value_or(retry::mode::standard); }
    [[nodiscard]] int max_attempts() const noexcept {
        return kind() == retry::mode::legacy ? legacy_.max_attempts() : steady_.max_attempts();
    }

private:
    static standard_options with_attempts(standard_options numbers, std::optional<int> attempts) {
        numbers.max_attempts = attempts.value_or(numbers.max_attempts);
        return numbers;
    }
    static legacy_options legacy_numbers(standard_options const& numbers, std::optional<int> attempts) {
        legacy_options made;
        made.max_attempts = attempts.value_or(made.max_attempts);
        made.jitter = numbers.jitter;
        return made;
    }

    mode_options how_;
    standard_options numbers_;
    adaptive steady_;
    legacy legacy_;
};

} // namespace fargate::inline v0::retry

#endif
