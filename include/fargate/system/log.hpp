#ifndef FARGATE_SYSTEM_LOG_HPP
#define FARGATE_SYSTEM_LOG_HPP

#include <concepts>
#include <string_view>

namespace fargate::inline v0 {

enum class log_level : unsigned char { debug, info, warning, error, critical };

/// `DEBUG`, `INFO`, ... as Python's logging and Prefect's API spell them.
[[nodiscard]] constexpr std::string_view name_of(log_level level) noexcept {
    switch (level) {
    case log_level::debug: return "DEBUG";
    case log_level::info: return "INFO";
    case log_level::warning: return "WARNING";
    case log_level::error: return "ERROR";
    case log_level::critical: return "CRITICAL";
    }
    return "INFO";
}

/// Where lines for people go.
///
/// | expression             | type   | contract                                                                       |
/// |------------------------|--------|--------------------------------------------------------------------------------|
/// | `l.write(level, text)` | `void` | one line, without its line end; may be called from several threads; never throws |
///
/// It is never handed a secret: `secret` has no conversion to text.
template <class Log>
concept log_policy = requires(Log& l, log_level level, std::string_view text) {
    l.write(level, text);
};

/// Says nothing.
struct null_log {
    void write(log_level, std::string_view) const noexcept {}
};

} // namespace fargate::inline v0

#endif
