#ifndef FARGATE_AGENT_AGENT_API_HPP
#define FARGATE_AGENT_AGENT_API_HPP

#include "http_server.hpp"

#include <fargate/core/result.hpp>
#include <fargate/http/message.hpp>

#include <cstdint>
#include <functional>
#include <memory>
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

/// What the address answers: 200 and `{}` to GET and HEAD of `/api/health`, 200 to GET of `/api/poke` after calling `poke`,
/// 405 to other methods on these, 404 to everything else.
[[nodiscard]] fargate::http::response answer_for_agent(fargate::http::request const& request,
                                                       std::function<void()> const& poke);

/// Serves `answer_for_agent` while it lives.
class agent_api {
public:
    /// `errc::bad_configuration` when the address cannot be had. `poke` is called from other threads, until this goes.
    [[nodiscard]] static fargate::result<std::unique_ptr<agent_api>> open(std::string_view address,
                                                                          std::function<void()> poke);

    [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }

private:
    agent_api(agent_address const& where, std::function<void()> poke);

    http_server server_;
};

#endif
