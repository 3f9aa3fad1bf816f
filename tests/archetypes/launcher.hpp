#ifndef FARGATE_TESTS_ARCHETYPES_LAUNCHER_HPP
#define FARGATE_TESTS_ARCHETYPES_LAUNCHER_HPP

#include "archetypes/archetypes.hpp"

#include <fargate/deploy/launch_plan.hpp>

namespace archetypes {

struct launcher : pinned {
    fargate::result<fargate::deploy::launched> launch(fargate::deploy::launch_plan const&, std::stop_token) {
        return fargate::deploy::launched{};
    }
};

} // namespace archetypes

#endif
