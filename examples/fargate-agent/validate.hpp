#ifndef FARGATE_AGENT_VALIDATE_HPP
#define FARGATE_AGENT_VALIDATE_HPP

#include <fargate/service/options.hpp>

/// Tries the configuration on AWS and tells each step; returns the exit status: 0 when a task was started, else 1 after one
/// line on standard error that says what to do. What was registered is taken back, unless `keep`.
[[nodiscard]] int validate(fargate::agent_options options, bool keep);

#endif
