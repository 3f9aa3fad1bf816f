#include "start.hpp"

#include "agent_api.hpp"
#include "config_files.hpp"
#include "report.hpp"

#include <fargate/agent.hpp>

#include <cstdio>
#include <memory>
#include <utility>

namespace {

constexpr char banner[] = R"(
 ____            __           _        _                    _
|  _ \ _ __ ___ / _| ___  ___| |_     / \   __ _  ___ _ __ | |_
| |_) | '__/ _ \ |_ / _ \/ __| __|   / _ \ / _` |/ _ \ '_ \| __|
|  __/| | |  __/  _|  __/ (__| |_   / ___ \ (_| |  __/ | | | |_
|_|   |_|  \___|_|  \___|\___|\__| /_/   \_\__, |\___|_| |_|\__|
                                           |___/

)";

} // namespace

int start(fargate::agent_options options) {
    fargate::service::signals signals;
    fargate::process_environment const environment;
    if (auto const read = add_config_files(options, environment); !read) return report(read.error());
    auto const process = fargate::service::process_settings_of(options, environment);
    if (!process) return report(process.error());
    fargate::agent<> agent{std::move(options)};
    std::unique_ptr<agent_api> api; // ends before the agent that it pokes
    if (!process->agent_address.empty()) {
        auto opened = agent_api::open(process->agent_address, [&agent] { agent.poke(); });
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
