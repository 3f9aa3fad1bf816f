#ifndef FARGATE_THROWING_HPP
#define FARGATE_THROWING_HPP

#if !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "fargate/throwing.hpp needs exceptions: compile with -fexceptions, or test the result instead of unwrapping it"
#endif

#include <fargate/core/error.hpp>
#include <fargate/core/result.hpp>

#include <exception>
#include <memory>
#include <string>
#include <utility>

// For programs that would rather catch than test. Nothing else in the library throws, and nothing in it includes this.

namespace fargate::inline v0 {

/// What `unwrap` throws: an error as an exception. Copies share the error, so that copying never throws.
class failure : public std::exception {
public:
    explicit failure(fargate::error why) :
        held_{std::make_shared<held const>(held{std::string{name_of(why.code)} + ": " + why.message, std::move(why)})} {
    }

    /// The code's name and the message: `timed_out: no answer in 30 s`.
    [[nodiscard]] char const* what() const noexcept override { return held_->text.c_str(); }
    [[nodiscard]] fargate::error const& error() const noexcept { return held_->why; }
    [[nodiscard]] errc code() const noexcept { return held_->why.code; }

private:
    struct held {
        std::string text;
        fargate::error why;
    };
    std::shared_ptr<held const> held_;
};

/// The value of a result; throws `failure` when it has none: `auto tasks = unwrap(ecs.list_tasks(query));`
template <class T>
[[nodiscard]] T unwrap(result<T> outcome) {
    if (!outcome) throw failure{std::move(outcome).error()};
    return *std::move(outcome);
}

/// Throws `failure` when the result is one.
inline void unwrap(result<void> outcome) {
    if (!outcome) throw failure{std::move(outcome).error()};
}

} // namespace fargate::inline v0

#endif
