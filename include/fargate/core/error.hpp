#ifndef FARGATE_CORE_ERROR_HPP
#define FARGATE_CORE_ERROR_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// What went wrong, told by what the caller can do about it.
enum class errc : unsigned char {
    invalid_argument,   ///< mend the value the message names; nothing was sent
    not_configured,     ///< this source has nothing to offer here: configure it, or ask the next one
    bad_configuration,  ///< mend the variable, file or option the message names
    not_found,          ///< the named file, object or definition does not exist
    timed_out,          ///< no answer inside the deadline: what was asked may have happened
    connection_failed,  ///< no connection to the host, or it broke: what was asked may have happened
    untrusted_peer,     ///< the server's certificate was refused: mend the trust store or the address
    too_large,          ///< the answer was longer than the limit: raise the limit or ask for less
    cancelled,          ///< the caller's stop token fired
    malformed_response, ///< an answer came that cannot be read: check that the address is the right service
    service_error,      ///< the service refused or failed: see service_code and http_status
    unauthorized,       ///< the service does not accept these credentials: mend them
    lost_claim,         ///< another agent owns this flow run: leave it alone
    internal            ///< a library this one stands on failed; the message names it
};

/// The stable lower-case name of a code, for logs: `timed_out`.
[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::invalid_argument: return "invalid_argument";
    case errc::not_configured: return "not_configured";
    case errc::bad_configuration: return "bad_configuration";
    case errc::not_found: return "not_found";
    case errc::timed_out: return "timed_out";
    case errc::connection_failed: return "connection_failed";
    case errc::untrusted_peer: return "untrusted_peer";
    case errc::too_large: return "too_large";
    case errc::cancelled: return "cancelled";
    case errc::malformed_response: return "malformed_response";
    case errc::service_error: return "service_error";
    case errc::unauthorized: return "unauthorized";
    case errc::lost_claim: return "lost_claim";
    case errc::internal: return "internal";
    }
    return "unknown";
}

/// Why an operation has no value. The message is lower case, one clause, one line, and never holds a secret.
/// Requires nothing; copying allocates only when a text does not fit the string's own buffer.
struct error {
    errc code = errc::internal;
    std::string message{};
    int http_status = 0;        ///< the HTTP status that was answered, 0 when none was
    std::string service_code{}; ///< the service's own name for it, e.g. `ClusterNotFoundException`
    bool retryable = false;     ///< the same call may succeed later, unchanged
    std::string request_id{};   ///< the service's id of the failed request, for its support
    std::vector<std::string>
        resources{}; ///< what the service names as concerned, e.g. ConflictException's `resourceIds`
};

/// An error of this library's own making: `fail(errc::timed_out, "no answer in 30000 ms", true)`.
[[nodiscard]] inline error fail(errc code, std::string message, bool retryable = false) {
    error made;
    made.code = code;
    made.message = std::move(message);
    made.retryable = retryable;
    return made;
}

} // namespace fargate::inline v0

#endif
