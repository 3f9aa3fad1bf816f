#ifndef FARGATE_SERVICE_METRICS_HPP
#define FARGATE_SERVICE_METRICS_HPP

#include <fargate/service/health.hpp>
#include <fargate/service/histogram.hpp>
#include <fargate/system/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::service {

/// The media type of what `openmetrics` writes.
inline constexpr std::string_view openmetrics_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";

namespace detail {

/// Seconds as OpenMetrics writes a number that may have a fraction, the same in every locale: `0.25`, `10.0`.
[[nodiscard]] inline std::string metric_seconds(duration time) {
    auto const micros = time.count();
    std::string fraction = std::to_string(1'000'000 + micros % 1'000'000).substr(1);
    while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
    return std::to_string(micros / 1'000'000) + "." + fraction;
}

/// Writes one family of samples after the other.
class metrics_writer {
public:
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        begin(name, "counter", {}, help);
        sample(name, "_total", {}, std::to_string(value));
    }

    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        begin(name, "gauge", {}, help);
        sample(name, {}, {}, std::to_string(value));
    }

    /// `name` ends in `_seconds`.
    void moment(std::string_view name, std::string_view help, time_point value) {
        begin(name, "gauge", "seconds", help);
        sample(name, {}, {}, metric_seconds(value.time_since_epoch()));
    }

    /// `name` ends in `_seconds`.
    void times(std::string_view name, std::string_view help, histogram const& value) {
        begin(name, "histogram", "seconds", help);
        std::uint64_t so_far = 0;
        for (std::size_t at = 0; at != value.counts.size(); ++at) {
            so_far += value.counts[at];
            bool const last = at == histogram::bounds.size();
            sample(name, "_bucket", "le=\"" + (last ? "+Inf" : metric_seconds(histogram::bounds[at])) + "\"",
                   std::to_string(so_far));
        }
        sample(name, "_count", {}, std::to_string(so_far));
        sample(name, "_sum", {}, metric_seconds(value.sum));
    }

    void begin(std::string_view name, std::string_view type, std::string_view unit, std::string_view help) {
        line("# TYPE ", name, type);
        if (!unit.empty()) line("# UNIT ", name, unit);
        line("# HELP ", name, help);
    }

    void sample(std::string_view name, std::string_view suffix, std::string_view labels, std::string_view value) {
        text_.append(name).append(suffix);
        if (!labels.empty()) text_.append("{").append(labels).append("}");
        text_.append(" ").append(value).append("\n");
    }

    [[nodiscard]] std::string end() && { return std::move(text_.append("# EOF\n")); }

private:
    void line(std::string_view what, std::string_view name, std::string_view rest) {
        text_.append(what).append(name).append(" ").append(rest).append("\n");
    }

    std::string text_;
};

} // namespace detail

/// The book as a scraper reads it: OpenMetrics 1.0 text, of type `openmetrics_type`, which Prometheus takes. Holds figures
/// only, never a message.
/// https://prometheus.io/docs/specs/om/open_metrics_spec/
[[nodiscard]] inline std::string openmetrics(health const& book) {
    detail::metrics_writer to;
    to.counter("fargate_polls", "Polls that have ended, whatever their outcome.", book.polls);
    to.counter("fargate_poll_failures", "Polls that got no usable answer.", book.failed_polls);
    if (book.last_success)
        to.moment("fargate_last_success_timestamp_seconds", "When a poll last got its answer.", *book.last_success);
    to.times("fargate_poll_duration_seconds", "How long polls took.", book.poll_times);
    to.counter("fargate_launches", "Flow runs that became a task.", book.launched);
    to.times("fargate_launch_wait_seconds", "From when a flow run was due until its task was there.",
             book.launch_waits);
    to.counter("fargate_launch_attempts", "RunTask calls.", book.attempts);
    to.times("fargate_launch_attempt_duration_seconds", "How long RunTask calls took.", book.attempt_times);
    to.counter("fargate_adoptions", "Tasks that were there already and were taken over.", book.adopted);
    to.counter("fargate_relaunches", "Launches in place of tasks that never started.", book.relaunched);
    to.counter("fargate_throttles", "Answers of AWS that it is asked too often.", book.throttled);
    to.counter("fargate_holds", "Times that a flow run had to wait for its launch.", book.holds);
    to.gauge("fargate_held_runs", "Flow runs that wait for their launch.", book.held);
    to.counter("fargate_failed_runs", "Flow runs that were claimed and could not be launched.", book.failed);
    to.counter("fargate_left_runs", "Flow runs that were left alone.", book.left);
    to.gauge("fargate_watched_tasks", "Tasks that are followed.", book.watched);
    to.begin("fargate_tasks_ended", "counter", {}, "Tasks that have ended, by how they did.");
    for (std::size_t at = 0; at != book.tasks_ended.size(); ++at)
        to.sample("fargate_tasks_ended", "_total", "ending=\"" + std::string{health::endings[at]} + "\"",
                  std::to_string(book.tasks_ended[at]));
    to.counter("fargate_tasks_stopped", "Tasks that the agent stopped, second ones of a run not counted.",
               book.stopped_tasks);
    to.counter("fargate_duplicates_swept", "Second tasks of one flow run that were stopped.", book.swept);
    to.counter("fargate_heartbeats", "Heartbeats for flow runs whose tasks are starting.", book.beats);
    return std::move(to).end();
}

} // namespace fargate::inline v0::service

#endif
