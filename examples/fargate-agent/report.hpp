#ifndef FARGATE_AGENT_REPORT_HPP
#define FARGATE_AGENT_REPORT_HPP

#include <fargate/core/error.hpp>

#include <cstdio>

/// Says on standard error, in one line, why the program cannot do what was asked; returns `status`.
inline int report(fargate::error const& why, int status = 1) {
    std::fprintf(stderr, "fargate-agent: %s\n", why.message.c_str());
    return status;
}

#endif
