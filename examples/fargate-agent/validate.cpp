#include "validate.hpp"

#include "agent.hpp"
#include "config_files.hpp"
#include "report.hpp"

#include <cstdio>
#include <utility>

int validate(fargate::agent_options options, bool keep) {
    fargate::service::signals signals;
    if (auto const read = add_config_files(options, fargate::process_environment{}); !read) return report(read.error());
    fargate::agent<> agent{std::move(options)};
    auto const found = agent.validate_configuration(keep, signals.token());
    if (!found) return report(found.error());
    if (found->ok()) {
        std::printf("The configuration works: AWS registered %s and started a task from it.\n", found->family.c_str());
        return 0;
    }
    auto const* const failure = found->failure();
    std::fprintf(stderr, "fargate-agent: the configuration does not work: %s\n",
                 failure->advice.empty() ? failure->said.c_str() : failure->advice.c_str());
    return 1;
}
