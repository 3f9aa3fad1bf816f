#include "preflight.hpp"

#include "agent.hpp"
#include "agent_api.hpp"
#include "config_files.hpp"
#include "report.hpp"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

void print(std::string const& line) { std::printf("%s\n", line.c_str()); }

/// Whether all that was printed has gone out; else one line says so.
bool is_out() {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
    (void)report(fargate::fail(fargate::errc::internal, "standard output cannot be written"));
    return false;
}

/// The address at which the agent would answer is the program's matter. Whether it is free only the start tells.
void check_address(fargate::agent_options const& options, std::vector<fargate::deploy::finding>& into) {
    auto const process = fargate::service::process_settings_of(options, fargate::process_environment{});
    if (!process || process->agent_address.empty()) return; // told by the agent
    if (auto const where = read_agent_address(process->agent_address); !where)
        into.push_back(fargate::deploy::finding_of(where.error()));
}

} // namespace

int check(fargate::agent_options options) {
    fargate::service::signals signals;
    if (auto const read = add_config_files(options, fargate::process_environment{}); !read) return report(read.error());
    options.log_to = stderr;
    std::vector<fargate::deploy::finding> wrong_address;
    check_address(options, wrong_address);
    fargate::agent<> agent{std::move(options)};
    auto found = agent.check(signals.token());
    found.insert(found.end(), wrong_address.begin(), wrong_address.end());
    for (auto const& each : found) print(each.line());
    bool const is_stopped = signals.token().stop_requested();
    if (found.empty() && !is_stopped) print("Nothing is wrong.");
    if (!is_out()) return 1;
    if (is_stopped)
        return report(fargate::fail(fargate::errc::cancelled, "the check was stopped before it had seen everything"));
    if (found.empty()) return 0;
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
    return is_out() ? 0 : 1;
}
