#ifndef FARGATE_HTTP_MESSAGE_HPP
#define FARGATE_HTTP_MESSAGE_HPP

#include <fargate/http/fields.hpp>

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>

namespace fargate::inline v0::http {

/// How long and how much one exchange may take. Zero switches a time limit off.
struct limits {
    std::chrono::milliseconds connect{10'000}; ///< name lookup, TCP and TLS together
    std::chrono::milliseconds idle{30'000};    ///< between received bytes
    std::chrono::milliseconds total{120'000};  ///< the whole exchange
    std::size_t body = 16 * 1024 * 1024;       ///< bytes of the answer's body
    std::size_t head = 256 * 1024;             ///< bytes of the answer's status line and fields
};

/// One request. `url` is absolute (`https://host[:port]/path?query`) with its path and query exactly as they go on the
/// wire. `headers` are sent as given and in that order; `Host` is among them when it is part of a signature.
struct request {
    std::string method = "GET";
    std::string url{};
    fields headers{};
    std::string body{};
    http::limits limits{};
    std::stop_token stop{};    ///< ends the exchange early with errc::cancelled
    bool bypass_proxy = false; ///< link-local metadata services are never reached through a proxy
};

/// One answer, whatever its status. Interim (1xx) answers are never one.
struct response {
    int status = 0;
    fields headers{};
    std::string body{};
};

} // namespace fargate::inline v0::http

#endif
