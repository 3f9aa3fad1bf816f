#ifndef FARGATE_SERVICE_HEARTBEATS_HPP
#define FARGATE_SERVICE_HEARTBEATS_HPP

#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/custody.hpp>
#include <fargate/service/health.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::service {

/// Tells the backend of the runs that are taken care of though they are silent: those being launched, and those whose task
/// is starting. A backend takes a run that is silent for ten minutes for lost and schedules it again. Used by one thread.
template <flow_source Source, clock_policy Clock, log_policy Log>
class heartbeats {
public:
    using run = typename Source::run;

    static constexpr duration interval = std::chrono::minutes{2};
    static constexpr duration after_outage = std::chrono::seconds{30};
    static constexpr duration longest_unseen = std::chrono::minutes{15}; ///< a task may be anything after that

    heartbeats(Source& source, Clock& clock, Log& log, health_book& book, custody<run> const& shared) :
        source_{source}, clock_{clock}, log_{log}, book_{book}, shared_{shared} {}

    /// Sends those that are due. Without an answer the others wait for a while, too.
    void round(std::stop_token const& stop) {
        auto const now = clock_.now();
        keep(now);
        not_before_ = std::min(not_before_, now + after_outage);
        if (now < not_before_) return;
        for (auto& [id, last] : last_) {
            if (stop.stop_requested()) return;
            if (now < last + interval) continue;
            auto const sent = source_.heartbeat(id, stop);
            if (sent) {
                book_.beat();
                last = now;
                continue;
            }
            log_.write(log_level::debug, "no heartbeat of flow run " + id + " could be sent: " + sent.error().message);
            last = now - interval + after_outage;
            if (!is_unanswered(sent.error())) continue;
            not_before_ = now + after_outage;
            return;
        }
    }

    /// When the next one is due.
    [[nodiscard]] std::optional<time_point> next() const {
        std::optional<time_point> first;
        for (auto const& [id, last] : last_)
            if (!first || last + interval < *first) first = last + interval;
        return first ? std::optional{std::max(*first, not_before_)} : first;
    }

private:
    /// Brings the book up to date: who is new was heard of when its task was accepted, or now. Nothing was heard later than
    /// now, even when the clock was set back.
    void keep(time_point now) {
        std::map<std::string, time_point> kept;
        auto const add = [&](std::string const& id, time_point since) {
            auto const known = last_.find(id);
            kept.emplace(id, std::min(now, known != last_.end() ? known->second : since));
        };
        for (auto const& [id, accepted] : shared_.tasks.runs_starting(now - longest_unseen)) add(id, accepted);
        for (auto const& id : held_runs(shared_)) add(id, now);
        last_ = std::move(kept);
    }

    Source& source_;
    Clock& clock_;
    Log& log_;
    health_book& book_;
    custody<run> const& shared_;
    std::map<std::string, time_point> last_;
    time_point not_before_{};
};

} // namespace fargate::inline v0::service

#endif
