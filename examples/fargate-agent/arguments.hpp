#ifndef FARGATE_AGENT_ARGUMENTS_HPP
#define FARGATE_AGENT_ARGUMENTS_HPP

#include <fargate/core/result.hpp>
#include <fargate/service/options.hpp>

#include <string>
#include <vector>

/// What the command line asks for.
struct command {
    enum class kind { say, start, check, explain, validate };
    kind what = kind::say;
    std::string text{};      ///< say: what to print
    bool aloud = false;      ///< say: on standard error, not standard output
    bool deprecated = false; ///< start: it was asked for in the way that Prefect had before `agent fargate start`
    fargate::agent_options options{}; ///< start, check, explain, validate
    std::string run{};                ///< explain: the flow run's id
    bool keep = false;                ///< validate: leave the test definition registered
};

/// Reads a command line, without the program's name: `start` or `validate` with what follows, also behind `agent fargate`,
/// and `agent start fargate`. `start --check` and `start --explain` are commands of their own. An error is a usage error: one
/// line that names the argument.
[[nodiscard]] fargate::result<command> read_arguments(std::vector<std::string> arguments);

#endif
