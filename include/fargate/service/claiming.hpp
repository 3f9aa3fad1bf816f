#ifndef FARGATE_SERVICE_CLAIMING_HPP
#define FARGATE_SERVICE_CLAIMING_HPP

#include <fargate/core/result.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/service/claim_outcome.hpp>
#include <fargate/service/desk.hpp>
#include <fargate/service/errand.hpp>
#include <fargate/service/protocol.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/log.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace fargate::inline v0::service {

/// Makes runs ours, one or several by one request, and says in the log what came of it. Keeps references; may be used by
/// several threads at once.
template <flow_source Source, clock_policy Clock, log_policy Log>
class claiming {
public:
    using run = typename Source::run;
    using errand = service::errand<run>;

    /// Whether the source claims several by one request.
    static constexpr bool at_once = requires(Source & from, std::span<run const* const> runs, std::stop_token stop) {
        { from.claim_all(runs, stop) } -> std::same_as<std::vector<result<claim>>>;
    };

    claiming(Source& source, desk<Clock>& shared, Log& log, protocol const& rules) :
        source_{source}, shared_{shared}, log_{log}, rules_{rules} {}

    /// Takes a place for a run that is to be claimed; false when `protocol::max_in_flight` leaves none.
    [[nodiscard]] bool take(std::string const& id) {
        if (!shared_.busy.claim(
                id, [this] { return shared_.watched.live(); }, rules_.max_in_flight))
            return false;
        log_.write(log_level::info, "Deploying flow run " + id);
        return true;
    }

    /// Claims a run that has its place, which is free again unless it is won. `stop` ends waiting.
    [[nodiscard]] claim_outcome ask(errand& of, std::stop_token const& stop) {
        return read(of, source_.claim(of.what, stop));
    }

    /// The same for several, in their order.
    [[nodiscard]] std::vector<claim_outcome> ask(std::span<std::unique_ptr<errand> const> these,
                                                 std::stop_token const& stop) {
        std::vector<claim_outcome> made;
        if constexpr (at_once) {
            std::vector<run const*> wanted;
            for (auto const& each : these) wanted.push_back(&each->what);
            auto const answers = source_.claim_all(wanted, stop);
            for (std::size_t i = 0; i != these.size(); ++i) made.push_back(read(*these[i], answers[i]));
        } else {
            for (auto const& each : these) made.push_back(ask(*each, stop));
        }
        return made;
    }

private:
    [[nodiscard]] claim_outcome read(errand& of, result<claim> const& answer) {
        using kind = claim_outcome::kind;
        auto made = read_claim(answer);
        of.claimed_at = of.seen_at = shared_.when.passed();
        of.claimed = made.what == kind::won;
        if (!of.claimed) shared_.busy.release(of.what.id);
        if (made.what == kind::lost)
            log_.write(log_level::info, "Leaving flow run " + of.what.id + " alone: " + made.why.message);
        if (made.what == kind::unclear)
            log_.write(log_level::warning, "flow run " + of.what.id + " could not be claimed: " + made.why.message);
        return made;
    }

    Source& source_;
    desk<Clock>& shared_;
    Log& log_;
    protocol const& rules_;
};

} // namespace fargate::inline v0::service

#endif
