#ifndef FARGATE_PREFECT_CLAIM_FAILURE_HPP
#define FARGATE_PREFECT_CLAIM_FAILURE_HPP

#include <fargate/core/result.hpp>
#include <fargate/prefect/graphql.hpp>

namespace fargate::inline v0::prefect {

/// What it says of a run that the request to submit it failed.
enum class claim_failure : unsigned char {
    taken,    ///< another agent was first
    refused,  ///< the API will not have it: the message names what is wrong with the run
    not_made, ///< nothing was carried out, for a reason that is not the run's
    open      ///< it may have been carried out: only the run itself can tell
};

/// Reads that from the error. `unsettled`: an exchange before the last one may have been carried out, so that even the
/// words "already been submitted" may be about ourselves. A refusal from inside the GraphQL layer is open as well: the
/// server inserts a state first and then does more that can fail.
[[nodiscard]] inline claim_failure claim_failure_of(error const& why, bool unsettled) noexcept {
    if (unsettled) return claim_failure::open;
    if (why.code == errc::lost_claim || why.service_code == version_lock) return claim_failure::taken;
    switch (why.code) {
    case errc::unauthorized:
    case errc::untrusted_peer:
    case errc::bad_configuration:
    case errc::invalid_argument:
    case errc::not_configured:
    case errc::not_found:
    case errc::cancelled: return claim_failure::not_made;
    case errc::service_error:
        if (why.http_status == 400) return claim_failure::refused;
        return why.http_status >= 300 && why.http_status < 500 ? claim_failure::not_made : claim_failure::open;
    default: return claim_failure::open;
    }
}

} // namespace fargate::inline v0::prefect

#endif
