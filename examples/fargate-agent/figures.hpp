#ifndef FARGATE_AGENT_FIGURES_HPP
#define FARGATE_AGENT_FIGURES_HPP

#include <span>
#include <string>
#include <string_view>

/// An option by which an agent keeps its promise of one task for each run, as a command line has it.
struct figure {
    std::string_view name; ///< the keyword's; the option is `--name` with `-` for `_`
    std::string_view unit; ///< what stands for its value in the help; empty for a switch, whose option is `--no-name`
    std::string_view help;
};

/// All of them, in the help's order.
[[nodiscard]] std::span<figure const> figures();

/// `--poll-interval-max`, `--no-watch`.
[[nodiscard]] std::string option_of(figure const& which);

#endif
