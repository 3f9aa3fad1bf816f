#ifndef FARGATE_AGENT_FIGURES_HPP
#define FARGATE_AGENT_FIGURES_HPP

#include <fargate/core/result.hpp>
#include <fargate/service/options.hpp>

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

/// True for the name of one that takes a value.
[[nodiscard]] bool is_figure(std::string_view name);

/// True for a switch's name, and for that behind `no_`.
[[nodiscard]] bool is_switch(std::string_view name);

/// Sets the figure or switch of that name; `option` names it in messages. Requires: it is one. Errors are usage errors.
[[nodiscard]] fargate::result<void> set_figure(fargate::agent_options& options, std::string_view name,
                                               std::string_view option, std::string_view value);

#endif
