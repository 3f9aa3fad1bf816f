#include "scenarios/world.hpp"

template class fargate::agent<testing_support::world_policies>;
