#include "start.hpp"

#include "agent.hpp"
#include "agent_api.hpp"
#include "config_files.hpp"
#include "report.hpp"

#include <fargate/service/metrics.hpp>
#include <fargate/service/watchdog.hpp>

#include <cstdio>
#include <memory>
#include <utility>

namespace service = fargate::service;

namespace {

constexpr char banner[] = R"(
 ____            __           _        _                    _
|  _ \ _ __ ___ / _| ___  ___| |_     / \   __ _  ___ _ __ | |_
| |_) | '__/ _ \ |_ / _ \/ __| __|   / _ \ / _` |/ _ \ '_ \| __|
|  __/| | |  __/  _|  __/ (__| |_   / ___ \ (_| |  __/ | | | |_
|_|   |_|  \___|_|  \___|\___|\__| /_/   \_\__, |\___|_| |_|\__|
                                           |___/

)";

/// Until the agent says when it began, it began at `start`.
agent_voice voice_of(fargate::agent<>& agent, fargate::time_point start, fargate::duration poll_interval_max) {
    return {[&agent, start, poll_interval_max] {
                auto now_known = agent.health();
                if (!now_known.started) now_known.started = start;
                return service::trouble_of(now_known, fargate::system_clock{}.now(), poll_interval_max);
            },
            [&agent] { return service::openmetrics(agent.health()); }, [&agent] { agent.poke(); }};
}

} // namespace

int start(fargate::agent_options options) {
    service::signals signals;
    fargate::process_environment const environment;
    if (auto const read = add_config_files(options, environment); !read) return report(read.error());
    auto const process = service::process_settings_of(options, environment);
    if (!process) return report(process.error());
    auto const protocol = service::protocol_of(options, environment);
    if (!protocol) return report(protocol.error());
    fargate::agent<> agent{std::move(options)};
    std::unique_ptr<agent_api> api; // ends before the agent that it speaks for
    if (!process->agent_address.empty()) {
        auto const voice = voice_of(agent, fargate::system_clock{}.now(), protocol->poll_interval_max);
        auto opened = agent_api::open(process->agent_address, voice);
        if (!opened) return report(opened.error());
        api = *std::move(opened);
    }
    service::watchdog const watchdog{process->wedged_after, [&agent] { return agent.health().turns; }};
    if (auto const opened = agent.open(signals.token()); !opened) {
        if (opened.error().code == fargate::errc::cancelled) return 0;
        return report(opened.error());
    }
    std::fputs(banner, stdout);
    std::fflush(stdout);
    if (auto const ended = agent.run(signals.token()); !ended) return report(ended.error());
    return 0;
}
