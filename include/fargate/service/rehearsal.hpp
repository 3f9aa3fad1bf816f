#ifndef FARGATE_SERVICE_REHEARSAL_HPP
#define FARGATE_SERVICE_REHEARSAL_HPP

#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/in_flight.hpp>
#include <fargate/service/wake.hpp>
#include <fargate/system/log.hpp>

#include <cstddef>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// Stands in for the deployment in a dry run: each run that is due is told once, with what would be done, and left alone.
/// `Explainer` as `explainer`. Keeps references.
template <flow_source Source, class Explainer, log_policy Log>
class rehearsal {
public:
    using run = typename Source::run;

    rehearsal(Source const& source, Explainer const& explainer, in_flight& busy, wake& bell, Log& log) :
        source_{source}, explainer_{explainer}, busy_{busy}, bell_{bell}, log_{log} {}

    /// True the first time that a run is offered, and again when it has been scheduled anew. For one thread.
    [[nodiscard]] bool wants(run const& offered) {
        if (told_.size() == most_told) told_.clear();
        return told_.insert(std::string{offered.id} + ' ' + source_.epoch(offered)).second;
    }

    /// Takes a run that `in_flight` holds, and has it leave.
    void deploy(run const& offered, std::stop_token const& stop) {
        auto const told = explainer_.explain(offered, stop);
        std::string const which = "Dry run: flow run " + std::string{offered.id};
        if (!told)
            log_.write(log_level::warning, which + " would be claimed and not launched: " + told.error().message);
        else
            log_.write(log_level::info, which + " would be claimed; " +
                                            (told->requests.size() > 1
                                                 ? "a revision of " + told->definition + " would be registered, and "
                                                 : "task definition " + told->definition + " is there, and ") +
                                            "one task would run on " + told->capacity);
        busy_.leave(offered.id);
        bell_.ring();
    }

private:
    static constexpr std::size_t most_told = 10'000;

    Source const& source_;
    Explainer const& explainer_;
    in_flight& busy_;
    wake& bell_;
    Log& log_;
    std::set<std::string> told_;
};

/// Hands runs to the deployment, or in a dry run to the rehearsal; for the poller.
template <class Deployment, class Rehearsal>
class dispatch {
public:
    using run = typename Deployment::run;

    dispatch(Deployment& real, Rehearsal& dry, bool is_dry) : real_{real}, dry_{dry}, is_dry_{is_dry} {}

    [[nodiscard]] bool has_room() const { return is_dry_ || real_.has_room(); }
    [[nodiscard]] bool is_behind() const { return real_.is_behind(); }
    [[nodiscard]] bool wants(run const& offered) { return !is_dry_ || dry_.wants(offered); }
    void deploy(run offered, std::stop_token const& stop) {
        if (is_dry_) return dry_.deploy(offered, stop);
        real_.deploy(std::move(offered), stop);
    }
    [[nodiscard]] bool claims_together() const { return !is_dry_ && real_.claims_together(); }
    bool deploy(std::vector<run> offered, std::stop_token const& stop) {
        return real_.deploy(std::move(offered), stop);
    }
    void cut() { real_.cut(); }

private:
    Deployment& real_;
    Rehearsal& dry_;
    bool is_dry_;
};

} // namespace fargate::inline v0::service

#endif
