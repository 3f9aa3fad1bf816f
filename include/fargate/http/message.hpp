#ifndef FARGATE_HTTP_MESSAGE_HPP
#define FARGATE_HTTP_MESSAGE_HPP

#include <fargate/http/fields.hpp>

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>

namespace fargate::inline v0::http {

/// How long and how much one exchange may take. Zero switches a time limit off.
struct limits {
    std::chrono::milliseconds connect{10'000}; ///< name lookup, TCP and TLS together
    std::chrono::milliseconds idle{30'000};    ///< between received bytes
    std::chrono::milliseconds total{120'000};  ///< the whole exchange
    std::size_t body = 16 * 1024 * 1024;       ///< bytes of the answer's body
    std::size_t head = 256 * 1024;             ///< bytes of the answer's status line and fields
};

struct response;

/// Takes the body of a 2xx answer piece by piece, so that it need not fit into memory and what came before a connection broke
/// is not lost. Called on the thread that sends, in the course of `send`; must not throw. Bytes are only lent.
class body_sink {
public:
    body_sink() = default;
    body_sink(body_sink const&) = delete;
    body_sink& operator=(body_sink const&) = delete;

    /// Status and fields of the answer whose body follows; false ends the exchange with errc::cancelled.
    [[nodiscard]] virtual bool begin(response const& head) = 0;
    /// The next bytes; false ends the exchange with errc::cancelled.
    [[nodiscard]] virtual bool take(std::string_view bytes) = 0;

protected:
    ~body_sink() = default;
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
    std::string ca_file{};     ///< PEM certificates to trust in place of the policy's own choice; empty: that one.
                               ///< errc::bad_configuration names one that cannot be read
    /// Where the body of a 2xx answer goes, `limits.body` not counted, with `response::body` left empty. A policy that does
    /// not know sinks may leave it alone and hand the body over as ever: who sets one looks for `begin`. Not owned.
    body_sink* sink = nullptr;
};

/// One answer, whatever its status. Interim (1xx) answers are never one.
struct response {
    int status = 0;
    fields headers{};
    std::string body{};
};

} // namespace fargate::inline v0::http

#endif
