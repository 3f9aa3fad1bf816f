#include "agent.hpp"

template class fargate::agent<>;
