#ifndef FARGATE_SYSTEM_STREAM_LOG_HPP
#define FARGATE_SYSTEM_STREAM_LOG_HPP

#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/system/log_format.hpp>
#include <fargate/system/log_template.hpp>

#include <concepts>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fargate::inline v0 {

/// One line of a log as Python's logging writes it for Prefect, its line end included; see `log_format`.
[[nodiscard]] inline std::string log_line(time_point when, log_level level, std::string_view name,
                                          std::string_view message) {
    static log_format const usual;
    return usual.line({when, level, name, message});
}

struct stream_log_options {
    std::string name = "agent";            ///< the logger's name, as it stands in every line
    log_level threshold = log_level::info; ///< lines below it are dropped
    log_format format{};                   ///< how a line looks
};

/// A `log_policy` that writes to a C stream: every line in one piece and at once. `Clock` tells the time; name a reference
/// (`basic_stream_log<manual_clock&>`) to share one. The stream is borrowed and must outlive the log; what cannot be
/// written is lost in silence.
template <class Clock>
    requires clock_policy<std::remove_reference_t<Clock>>
class basic_stream_log {
public:
    basic_stream_log() requires std::default_initializable<Clock> : basic_stream_log{stdout} {}

    explicit basic_stream_log(std::FILE* out,
                              stream_log_options options = {}) requires std::default_initializable<Clock>
        : out_{out}, options_{std::move(options)}, clock_{} {}

    basic_stream_log(std::FILE* out, stream_log_options options, Clock clock) :
        out_{out}, options_{std::move(options)}, clock_(static_cast<Clock&&>(clock)) {}

    [[nodiscard]] log_level threshold() const noexcept { return options_.threshold; }

    void write(log_level level, std::string_view text) {
        if (level < options_.threshold) return;
        auto const line = options_.format.line({clock_.now(), level, options_.name, text, began_});
        std::fwrite(line.data(), 1, line.size(), out_);
        std::fflush(out_);
    }

private:
    std::FILE* out_;
    stream_log_options options_;
    Clock clock_;
    time_point began_ = clock_.now();
};

/// The everyday log: standard output, this machine's clock.
using stream_log = basic_stream_log<system_clock>;

} // namespace fargate::inline v0

#endif
