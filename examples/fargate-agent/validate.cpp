#include "validate.hpp"

#include <fargate/agent.hpp>

#include <cstdio>

int validate(fargate::agent_options const& options, bool keep) {
    fargate::service::signals signals;
    fargate::agent<> agent{options};
    auto const found = agent.validate_configuration(keep, signals.token());
    if (!found) {
        std::fprintf(stderr, "fargate-agent: %s\n", found.error().message.c_str());
        return 1;
    }
    if (found->ok()) {
        std::printf("The configuration works: AWS registered %s and started a task from it.\n", found->family.c_str());
        return 0;
    }
    auto const* const failure = found->failure();
    std::fprintf(stderr, "fargate-agent: the configuration does not work: %s\n",
                 failure->advice.empty() ? failure->said.c_str() : failure->advice.c_str());
    return 1;
}
