// A program of somebody who takes the compiled form: what cannot be read is told as it is by the agent itself, and no network
// is needed to do so.

#include <fargate/compiled.hpp>
#include <fargate/service/health.hpp>

#include <cstdio>

namespace {

bool refuses(fargate::compiled_agent::keywords const& options, fargate::errc code, char const* begin) {
    fargate::compiled_agent agent{options};
    agent.poke();
    auto const ended = agent.start();
    if (ended || ended.error().code != code || !ended.error().message.starts_with(begin)) {
        std::printf("%s... was expected, not: %s\n", begin, ended ? "" : ended.error().message.c_str());
        return false;
    }
    return agent.health().polls == 0;
}

} // namespace

int main() {
    using fargate::errc;
    bool const named = refuses({{"max_polls", "many"}}, errc::invalid_argument, "max_polls takes a whole number");
    bool const read = refuses({{"region_name", "us-east-1"}, {"capacity_plan", "FARGATE,,"}}, errc::bad_configuration,
                              "capacity_plan");
    return named && read ? 0 : 1;
}
