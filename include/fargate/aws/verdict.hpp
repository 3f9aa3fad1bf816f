#ifndef FARGATE_AWS_VERDICT_HPP
#define FARGATE_AWS_VERDICT_HPP

#include <fargate/core/error.hpp>
#include <fargate/retry/policy.hpp>
#include <fargate/text/ascii.hpp>

#include <span>
#include <string_view>

namespace fargate::inline v0::aws {

namespace detail {

inline constexpr std::string_view throttling_codes[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
};

inline constexpr std::string_view transient_codes[] = {"RequestTimeout", "RequestTimeoutException", "InternalError"};

/// STS asks the identity provider for its keys: it may not answer, or the role may be too new to be known everywhere.
inline constexpr std::string_view sts_transient_codes[] = {"IDPCommunicationError", "InvalidIdentityToken"};

inline constexpr std::string_view refused_key_codes[] = {
    "UnrecognizedClientException", "InvalidClientTokenId",
    "InvalidAccessKeyId",          "InvalidToken",
    "InvalidSignatureException",   "SignatureDoesNotMatch",
    "IncompleteSignature",         "ExpiredToken",
    "ExpiredTokenException",       "AuthFailure",
    "MissingAuthenticationToken",  "MissingAuthenticationTokenException",
};

/// What ECS throttles under other names: pairs of the code it uses and a text in the message.
struct hidden_throttle {
    std::string_view code;
    std::string_view part;
};
inline constexpr hidden_throttle ecs_hidden_throttles[] = {
    {"InvalidParameterException", "Rate exceeded"}, // another service, behind ECS, throttles
    {"InvalidParameterException", "ErrorCode: Throttling"},
    {"ClientException", "Rate exceeded"},
    {"ClientException", "Too many concurrent attempts to create a new revision"},
    {"ClientException", "PROVISIONING"}, // the quota of tasks that are starting
};

[[nodiscard]] constexpr bool holds(std::span<std::string_view const> codes, std::string_view code) noexcept {
    for (auto const each : codes)
        if (each == code) return true;
    return false;
}

} // namespace detail

/// The key ran out, or is none that the service knows (any more): if it was a temporary one, a new one may do.
[[nodiscard]] constexpr bool is_expired_key(std::string_view code) noexcept {
    return code == "ExpiredToken" || code == "ExpiredTokenException" || code == "InvalidToken" ||
           code == "InvalidClientTokenId" || code == "UnrecognizedClientException";
}

/// The service does not accept the key or what it signed. (That the key may not do what it asked for, AccessDenied, is
/// another matter.)
[[nodiscard]] constexpr bool is_refused_key(int status, std::string_view code) noexcept {
    return status == 401 || detail::holds(detail::refused_key_codes, code);
}

/// How far a code speaks of a wrong clock.
enum class clock_doubt : unsigned char {
    none,
    possible, ///< a wrong signature has other causes too: only if the clocks differ by minutes
    definite
};

[[nodiscard]] constexpr clock_doubt doubt_of(std::string_view code) noexcept {
    if (code == "RequestTimeTooSkewed" || code == "RequestExpired" || code == "RequestInTheFuture")
        return clock_doubt::definite;
    if (code == "InvalidSignatureException" || code == "SignatureDoesNotMatch" || code == "AuthFailure")
        return clock_doubt::possible;
    return clock_doubt::none;
}

/// Judges a failed attempt for the retry policy: the SDKs' table of standard mode, and where it is known to be wrong, ours.
/// ECS's LimitExceededException is a quota and stays one; ECS throttles that hide behind other codes are throttles; so is
/// a bare 429. A refused certificate, an answer past the limit and a cancelled call are never repeated.
[[nodiscard]] constexpr retry::verdict judge(std::string_view service_id, error const& why) noexcept {
    using retry::verdict;
    switch (why.code) {
    case errc::timed_out:
    case errc::connection_failed:
    case errc::malformed_response: return verdict::transient;
    case errc::service_error:
    case errc::unauthorized:
    case errc::not_found: break;
    default: return verdict::refused;
    }
    bool const ecs = service_id == "ECS";
    if (ecs && why.service_code == "LimitExceededException") return verdict::refused;
    if (detail::holds(detail::throttling_codes, why.service_code)) return verdict::throttled;
    if (ecs)
        for (auto const& each : detail::ecs_hidden_throttles)
            if (each.code == why.service_code && text::contains(why.message, each.part)) return verdict::throttled;
    if (why.http_status == 429) return verdict::throttled;
    if (detail::holds(detail::transient_codes, why.service_code)) return verdict::transient;
    if (service_id == "STS" && detail::holds(detail::sts_transient_codes, why.service_code)) return verdict::transient;
    int const status = why.http_status;
    return status == 500 || (status >= 502 && status <= 504) ? verdict::transient : verdict::refused;
}

} // namespace fargate::inline v0::aws

#endif
