#ifndef FARGATE_AGENT_START_HPP
#define FARGATE_AGENT_START_HPP

#include <fargate/service/options.hpp>

/// Runs the agent, and what answers at its address, until SIGINT, SIGTERM or its last poll; returns the exit status: 0, or
/// 1 after one line on standard error that says why. An agent that stands still ends the process with 70 and such a line.
[[nodiscard]] int start(fargate::agent_options options);

#endif
