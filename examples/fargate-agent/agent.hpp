#ifndef FARGATE_AGENT_AGENT_HPP
#define FARGATE_AGENT_AGENT_HPP

#include <fargate/agent.hpp>

// Compiled once, in agent.cpp.
extern template class fargate::agent<>;

#endif
