#include "start.hpp"

#include "agent_api.hpp"

#include <fargate/agent.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace {

constexpr char banner[] = R"(
 ____            __           _        _                    _
|  _ \ _ __ ___ / _| ___  ___| |_     / \   __ _  ___ _ __ | |_
| |_) | '__/ _ \ |_ / _ \/ __| __|   / _ \ / _` |/ _ \ '_ \| __|
|  __/| | |  __/  _|  __/ (__| |_   / ___ \ (_| |  __/ | | | |_
|_|   |_|  \___|_|  \___|\___|\__| /_/   \_\__, |\___|_| |_|\__|
                                           |___/

)";

int report(fargate::error const& why) {
    std::fprintf(stderr, "fargate-agent: %s\n", why.message.c_str());
    return 1;
}

/// `agent_address`, else `cloud.agent.agent_address`.
std::string address_of(fargate::agent_options const& options) {
    if (!options.agent_address.empty()) return options.agent_address;
    auto const variable =
        fargate::filled_variable(fargate::process_environment{}, "PREFECT__CLOUD__AGENT__AGENT_ADDRESS");
    if (variable) return *variable;
    auto const* const cloud = fargate::json::object_of(options.config, "cloud");
    auto const* const agent = cloud != nullptr ? fargate::json::object_of(*cloud, "agent") : nullptr;
    return agent != nullptr ? std::string{fargate::json::text_of(*agent, "agent_address").value_or("")} : std::string{};
}

} // namespace

int start(fargate::agent_options const& options) {
    fargate::service::signals signals;
    fargate::agent<> agent{options};
    std::unique_ptr<agent_api> api; // ends before the agent that it pokes
    if (auto const address = address_of(options); !address.empty()) {
        auto opened = agent_api::open(address, [&agent] { agent.poke(); });
        if (!opened) return report(opened.error());
        api = *std::move(opened);
    }
    if (auto const opened = agent.open(signals.token()); !opened) {
        if (opened.error().code == fargate::errc::cancelled) return 0;
        return report(opened.error());
    }
    std::fputs(banner, stdout);
    std::fflush(stdout);
    if (auto const ended = agent.run(signals.token()); !ended) return report(ended.error());
    return 0;
}
