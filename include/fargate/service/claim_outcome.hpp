#ifndef FARGATE_SERVICE_CLAIM_OUTCOME_HPP
#define FARGATE_SERVICE_CLAIM_OUTCOME_HPP

#include <fargate/core/result.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/system/clock.hpp>

#include <chrono>

namespace fargate::inline v0::service {

/// True for a backend's answer that will be the same whenever it is asked for.
[[nodiscard]] inline bool is_final_refusal(error const& why) noexcept {
    if (why.code == errc::invalid_argument || why.code == errc::not_found) return true;
    if (why.code != errc::service_error) return false;
    return why.http_status == 0 || why.http_status == 200 || why.http_status == 400 || why.http_status == 404 ||
           why.http_status == 422;
}

/// What follows from the answer to a claim.
struct claim_outcome {
    enum class kind : unsigned char {
        won,     ///< it is ours
        again,   ///< to be claimed after `wait`
        lost,    ///< somebody else's, and not to be taken up before `wait`
        unclear, ///< nobody can tell whose it is: likewise
        refused  ///< the answer names what is wrong with the run, which is its end
    };

    claim_outcome::kind what = kind::won;
    duration wait{};
    error why{};
};

/// Without an answer nobody knows whose the run is: it is not ours to fail.
[[nodiscard]] inline claim_outcome read_claim(result<claim> const& answer) {
    using kind = claim_outcome::kind;
    constexpr std::chrono::seconds after_lost{5};
    constexpr std::chrono::seconds after_unclear{30};
    if (!answer) {
        if (is_final_refusal(answer.error())) return {kind::refused, {}, answer.error()};
        return {kind::unclear, after_unclear, answer.error()};
    }
    auto why = fail(errc::lost_claim, answer->reason);
    switch (answer->kind) {
    case claim::outcome::won: return {};
    case claim::outcome::later: return {kind::again, answer->wait, why};
    case claim::outcome::unclear: return {kind::unclear, after_unclear, why};
    case claim::outcome::lost: break;
    }
    return {kind::lost, after_lost, why};
}

} // namespace fargate::inline v0::service

#endif
