#include "preflight.hpp"

#include "config_files.hpp"
#include "report.hpp"

#include <fargate/agent.hpp>

#include <cstdio>
#include <string>
#include <utility>

namespace {

void print(std::string const& line) { std::printf("%s\n", line.c_str()); }

} // namespace

int check(fargate::agent_options options) {
    fargate::service::signals signals;
    if (auto const read = add_config_files(options, fargate::process_environment{}); !read) return report(read.error());
    options.log_to = stderr;
    fargate::agent<> agent{std::move(options)};
    auto const found = agent.check(signals.token());
    for (auto const& each : found) print(each.line());
    if (found.empty()) {
        print("Nothing is wrong.");
        return 0;
    }
    auto const count = found.size() == 1 ? std::string{"one thing"} : std::to_string(found.size()) + " things";
    return report(fargate::fail(fargate::errc::bad_configuration, "the check has found " + count + " to mend"));
}

int explain(fargate::agent_options options, std::string const& run) {
    fargate::service::signals signals;
    if (auto const read = add_config_files(options, fargate::process_environment{}); !read) return report(read.error());
    options.log_to = stderr;
    if (!options.level) options.level = fargate::log_level::warning;
    fargate::agent<> agent{std::move(options)};
    auto const told = agent.explain(run, signals.token());
    if (!told) return report(told.error());
    bool first = true;
    for (auto const& each : told->requests) {
        if (!std::exchange(first, false)) print("");
        print("POST " + each.url);
        print("X-Amz-Target: " + each.target);
        print("Content-Type: application/x-amz-json-1.1");
        print("");
        print(each.body);
    }
    for (auto const& each : told->notes) std::fprintf(stderr, "fargate-agent: %s\n", each.c_str());
    return 0;
}
