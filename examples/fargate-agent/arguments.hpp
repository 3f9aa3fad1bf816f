#ifndef FARGATE_AGENT_ARGUMENTS_HPP
#define FARGATE_AGENT_ARGUMENTS_HPP

#include <fargate/core/result.hpp>
#include <fargate/service/options.hpp>

#include <string>
#include <vector>

/// What the command line asks for.
struct command {
    enum class kind { say, start, demo };
    kind what = kind::say;
    std::string text{};               ///< say: what to print on standard output
    fargate::agent_options options{}; ///< start
    bool plain = false;               ///< demo: lines instead of a live table, even on a terminal
    bool verbose = false;             ///< demo: the agent's own log too
};

/// Reads a command line, without the program's name. An error is a usage error: one line that names the argument.
[[nodiscard]] fargate::result<command> read_arguments(std::vector<std::string> arguments);

#endif
