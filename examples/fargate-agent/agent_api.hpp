#ifndef FARGATE_AGENT_AGENT_API_HPP
#define FARGATE_AGENT_AGENT_API_HPP

#include "http_server.hpp"

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Where an agent answers for itself.
struct agent_address {
    std::string host{}; ///< empty: every address of this machine
    std::uint16_t port = 0;

    friend bool operator==(agent_address const&, agent_address const&) = default;
};

/// Reads `http://127.0.0.1:8080`, `http://:8080` for every address, and both without their scheme; IPv6 in brackets. Behind
/// the port a path is ignored. `errc::invalid_argument` when there is no port between 1 and 65535.
[[nodiscard]] fargate::result<agent_address> read_agent_address(std::string_view text);

/// What an address can tell of its agent, and do to it. All are called from other threads, several at once.
struct agent_voice {
    std::function<std::optional<std::string>()> trouble; ///< what is wrong, on one line; nothing when all is well
    std::function<std::string()> metrics;                ///< OpenMetrics text
    std::function<void()> poke;                          ///< polls now
};

/// What the address answers to GET: `/api/health` 200 and `{}`, or 503 and `{"error": "..."}` when there is trouble;
/// `/metrics` 200 and the metrics; `/api/poke` 200 after poking. HEAD is allowed on the first two. 405 to other methods on
/// these, 404 to everything else.
[[nodiscard]] fargate::http::response answer_for_agent(fargate::http::request const& request, agent_voice const& agent);

/// Serves `answer_for_agent` while it lives.
class agent_api {
public:
    /// `errc::bad_configuration` when the address cannot be had. `agent` is asked until this goes.
    [[nodiscard]] static fargate::result<std::unique_ptr<agent_api>> open(std::string_view address, agent_voice agent);

    [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }

private:
    agent_api(agent_address const& where, agent_voice agent);

    http_server server_;
};

#endif
