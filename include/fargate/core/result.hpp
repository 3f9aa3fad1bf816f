#ifndef FARGATE_CORE_RESULT_HPP
#define FARGATE_CORE_RESULT_HPP

#include <fargate/core/error.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace fargate::inline v0 {

/// A value, or the reason there is none. Shaped like `std::expected<T, error>`, and the same type in every language
/// mode, so that two translation units always agree on it. Never throws by itself.
/// Requires: `*r` and `r->` only when `r` holds a value, `r.error()` only when it does not.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;

    result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
    result(fargate::error why) : state_{std::in_place_index<1>, std::move(why)} {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
    [[nodiscard]] T const& operator*() const& noexcept { return *std::get_if<0>(&state_); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
    [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
    [[nodiscard]] T const* operator->() const noexcept { return std::get_if<0>(&state_); }

    [[nodiscard]] fargate::error& error() & noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error const& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

    template <class U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& fallback) && {
        return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(fallback));
    }

    /// Calls `next(value)`, itself a result, or passes the error on.
    template <class Next>
    [[nodiscard]] auto and_then(Next&& next) && -> std::remove_cvref_t<std::invoke_result_t<Next, T&&>> {
        if (!has_value()) return std::move(*this).error();
        return std::forward<Next>(next)(*std::move(*this));
    }

private:
    std::variant<T, fargate::error> state_;
};

/// Success, or the reason it did not come.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;

    result() = default;
    result(fargate::error why) : state_{std::in_place_index<1>, std::move(why)} {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] fargate::error& error() & noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error const& error() const& noexcept { return *std::get_if<1>(&state_); }
    [[nodiscard]] fargate::error&& error() && noexcept { return std::move(*std::get_if<1>(&state_)); }

private:
    std::variant<std::monostate, fargate::error> state_;
};

} // namespace fargate::inline v0

#endif
