#include "start.hpp"

#include <fargate/agent.hpp>

#include <cstdio>

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

} // namespace

int start(fargate::agent_options const& options) {
    fargate::service::signals signals;
    fargate::agent<> agent{options};
    if (auto const opened = agent.open(signals.token()); !opened) {
        if (opened.error().code == fargate::errc::cancelled) return 0;
        return report(opened.error());
    }
    std::fputs(banner, stdout);
    std::fflush(stdout);
    if (auto const ended = agent.run(signals.token()); !ended) return report(ended.error());
    return 0;
}
