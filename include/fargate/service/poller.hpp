#ifndef FARGATE_SERVICE_POLLER_HPP
#define FARGATE_SERVICE_POLLER_HPP

#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/health.hpp>
#include <fargate/service/in_flight.hpp>
#include <fargate/service/pace.hpp>
#include <fargate/service/wake.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/executor.hpp>
#include <fargate/system/log.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace fargate::inline v0::service {

/// Asks the source for due runs again and again and hands each to the executor once. `Deployment` has `deploy(run, stop)`.
/// Keeps references; `run` is called by one thread, the other members by any.
template <flow_source Source, class Deployment, clock_policy Clock, log_policy Log, executor_policy Executor>
class poller {
public:
    poller(Source& source, Deployment& deployment, Clock& clock, Log& log, Executor& executor, health_book& book) :
        source_{source}, deployment_{deployment}, clock_{clock}, log_{log}, executor_{executor}, book_{book} {}

    /// Polls until `stop` fires or `polls` polls have been made (nothing: no end), then lets the deployments in hand finish.
    /// A run that was handed over but not begun when `stop` fired is not claimed: it stays with the backend.
    /// A poll that fails never ends the loop; an outage is logged when it begins, changes and ends.
    void run(std::optional<std::int64_t> polls, std::stop_token stop) {
        std::stop_callback const ring{stop, [this] { wake_.ring(); }};
        for (pace waits; !stop.stop_requested() && polls != 0;) {
            wake_.reset();
            if (stop.stop_requested()) break;
            bool const worked = poll(stop);
            if (polls) --*polls;
            auto const wait = waits.after(worked);
            log_.write(log_level::debug, "Next query for flow runs in " + in_seconds(wait) + " seconds");
            clock_.sleep_for(wait, wake_.token());
        }
        executor_.drain();
    }

    /// Cuts the wait before the next poll short.
    void poke() { wake_.ring(); }

    /// Deployments handed over and not yet ended.
    [[nodiscard]] std::size_t in_hand() const { return busy_.size(); }

private:
    /// One poll; true when it handed over at least one run.
    bool poll(std::stop_token const& stop) {
        auto const busy = busy_.ids();
        auto due = source_.poll(busy, stop);
        if (!due) return failed(due.error());
        recovered();

        std::size_t handed_over = 0;
        for (auto& offered : *due)
            if (busy_.enter(offered.id)) {
                if (handed_over++ == 0)
                    log_.write(log_level::info,
                               "Found " + std::to_string(due->size()) + " flow run(s) to submit for execution.");
                hand_over(std::move(offered), stop);
            }
        return handed_over != 0;
    }

    void hand_over(typename Source::run offered, std::stop_token const& stop) {
        executor_.submit([this, offered = std::move(offered), stop] {
            if (!stop.stop_requested()) deployment_.deploy(offered, stop);
            busy_.leave(offered.id);
        });
    }

    bool failed(error const& why) {
        if (why.code == errc::cancelled) return false;
        if (book_.poll_failed(why)) log_.write(log_level::error, why.message);
        return false;
    }

    void recovered() {
        if (!book_.read().last_error.empty()) log_.write(log_level::info, "The Prefect API answers again");
        book_.polled(clock_.now());
    }

    Source& source_;
    Deployment& deployment_;
    Clock& clock_;
    Log& log_;
    Executor& executor_;
    health_book& book_;
    in_flight busy_;
    wake wake_;
};

} // namespace fargate::inline v0::service

#endif
