#ifndef FARGATE_CORE_RESULT_HPP
#define FARGATE_CORE_RESULT_HPP

#include <fargate/core/error.hpp>

#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace fargate::inline v0 {

/// A value, or the reason there is none. Shaped like `std::expected<T, error>`, and the same type in every language
/// mode, so that two translation units always agree on it. Never throws by itself.
/// Requires: `*r` and `r->` only when `r` holds a value, `r.error()` only when it does not.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : held(std::move(value)), has_value_{true} {}
    result(fargate::error why) noexcept : reason(std::move(why)), has_value_{false} {}

    result(result const& other) requires std::is_copy_constructible_v<T> : has_value_{other.has_value_} {
        if (has_value_)
            ::new (static_cast<void*>(&held)) T(other.held);
        else
            ::new (static_cast<void*>(&reason)) fargate::error(other.reason);
    }
    result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_{other.has_value_} {
        if (has_value_)
            ::new (static_cast<void*>(&held)) T(static_cast<T&&>(other.held));
        else
            ::new (static_cast<void*>(&reason)) fargate::error(static_cast<fargate::error&&>(other.reason));
    }

    result& operator=(result other) noexcept {
        static_assert(std::is_nothrow_move_constructible_v<T>);
        this->~result();
        return *::new (static_cast<void*>(this)) result(static_cast<result&&>(other));
    }
    ~result() {
        if (has_value_)
            held.~T();
        else
            reason.~error();
    }

    [[nodiscard]] bool has_value() const noexcept { return has_value_; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value_; }

    [[nodiscard]] T& operator*() & noexcept { return held; }
    [[nodiscard]] T const& operator*() const& noexcept { return held; }
    [[nodiscard]] T&& operator*() && noexcept { return static_cast<T&&>(held); }
    [[nodiscard]] T* operator->() noexcept { return &held; }
    [[nodiscard]] T const* operator->() const noexcept { return &held; }

    [[nodiscard]] fargate::error& error() & noexcept { return reason; }
    [[nodiscard]] fargate::error const& error() const& noexcept { return reason; }
    [[nodiscard]] fargate::error&& error() && noexcept { return static_cast<fargate::error&&>(reason); }

    template <class U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value_ ? held : static_cast<T>(std::forward<U>(fallback));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& fallback) && {
        return has_value_ ? static_cast<T&&>(held) : static_cast<T>(std::forward<U>(fallback));
    }

    /// Calls `next(value)`, itself a result, or passes the error on.
    template <class Next>
    [[nodiscard]] auto and_then(Next&& next) && -> std::remove_cvref_t<std::invoke_result_t<Next, T&&>> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<Next>(next)(*std::move(*this));
    }

private:
    // Not a std::variant, which every user of every result would pay for in compile time.
    union {
        T held;
        fargate::error reason;
    };
    bool has_value_;
};

/// Success, or the reason it did not come.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() = default;
    result(fargate::error why) noexcept : error_{std::move(why)} {}

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    [[nodiscard]] explicit operator bool() const noexcept { return !error_; }

    [[nodiscard]] fargate::error& error() & noexcept { return *error_; }
    [[nodiscard]] fargate::error const& error() const& noexcept { return *error_; }
    [[nodiscard]] fargate::error&& error() && noexcept { return *std::move(error_); }

private:
    std::optional<fargate::error> error_;
};

} // namespace fargate::inline v0

#endif
