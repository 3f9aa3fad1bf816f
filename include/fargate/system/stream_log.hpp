#ifndef FARGATE_SYSTEM_STREAM_LOG_HPP
#define FARGATE_SYSTEM_STREAM_LOG_HPP

#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/timestamp.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fargate::inline v0 {

namespace detail {

/// Copies text, with control characters but LF and TAB written out (`\x1b`, and `\u009b` for those of C1), so that a
/// server's text cannot drive a terminal.
inline void append_visible(std::string& out, std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    auto const spelled = [&](char const* lead, unsigned byte) {
        out += lead;
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    };
    for (std::size_t i = 0; i != text.size(); ++i) {
        unsigned const byte = static_cast<unsigned char>(text[i]);
        unsigned const next = i + 1 != text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
            spelled("\\x", byte);
        } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
            spelled("\\u00", next);
            ++i;
        } else {
            out += text[i];
        }
    }
}

} // namespace detail

/// One line of a log as Python's logging writes it for Prefect, its line end included:
/// `[2020-12-08 17:00:00,123] INFO - agent | Waiting for flow runs...`. The time is UTC. Line breaks inside `message` stay,
/// other control characters are written out.
[[nodiscard]] inline std::string log_line(time_point when, log_level level, std::string_view name,
                                          std::string_view message) {
    std::string const moment = text::iso8601(std::chrono::floor<std::chrono::milliseconds>(when));
    std::string_view const stamp = moment;
    std::string line;
    line.reserve(48 + name.size() + message.size());
    line += '[';
    line += stamp.substr(0, 10);
    line += ' ';
    line += stamp.substr(11, 8);
    line += ',';
    line += stamp[19] == '.' ? stamp.substr(20, 3) : "000";
    line += "] ";
    line += name_of(level);
    line += " - ";
    detail::append_visible(line, name);
    line += " | ";
    detail::append_visible(line, message);
    line += '\n';
    return line;
}

struct stream_log_options {
    std::string name = "agent";            ///< the logger's name, as it stands in every line
    log_level threshold = log_level::info; ///< lines below it are dropped
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
        auto const line = log_line(clock_.now(), level, options_.name, text);
        std::fwrite(line.data(), 1, line.size(), out_);
        std::fflush(out_);
    }

private:
    std::FILE* out_;
    stream_log_options options_;
    Clock clock_;
};

/// The everyday log: standard output, this machine's clock.
using stream_log = basic_stream_log<system_clock>;

} // namespace fargate::inline v0

#endif
