#ifndef FARGATE_EXAMPLES_HTTP_SERVER_HPP
#define FARGATE_EXAMPLES_HTTP_SERVER_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

/// Serves an `http_policy` model over real HTTP, to this machine only unless told otherwise.
///
/// What arrives is handed on as it came: the raw target in `request.url`, every field in its order and spelling, the
/// body's bytes; so signatures can be recomputed. What is answered goes out the same way. An error instead of a response
/// closes the connection without an answer; `errc::timed_out` first holds it open until the caller hangs up.
///
/// `serve` is called from one thread for each connection. The destructor ends open connections and waits for calls of
/// `serve` to return.
class http_server {
public:
    using handler = std::function<fargate::result<fargate::http::response>(fargate::http::request const&)>;

    /// Port 0 takes any free one. `host` is an address, IPv4 or IPv6 without brackets, or a name of this machine; empty:
    /// every address it has.
    explicit http_server(handler serve, std::string const& host = "127.0.0.1", std::uint16_t port = 0);
    ~http_server();
    http_server(http_server const&) = delete;
    http_server& operator=(http_server const&) = delete;

    /// `http://127.0.0.1:PORT`; empty when the port could not be had.
    [[nodiscard]] std::string const& url() const noexcept;
    /// Why the port could not be had; empty when it could.
    [[nodiscard]] std::string const& problem() const noexcept;
    [[nodiscard]] std::uint16_t port() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

#endif
