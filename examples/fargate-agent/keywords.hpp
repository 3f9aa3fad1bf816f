#ifndef FARGATE_AGENT_KEYWORDS_HPP
#define FARGATE_AGENT_KEYWORDS_HPP

#include <fargate/core/result.hpp>
#include <fargate/service/options.hpp>

#include <string>
#include <string_view>
#include <vector>

/// Reads what stands beside the options of a command line: `name=value`, `--name=value`, `--name value`, and `--name` alone
/// for what is on or off. A name is one of `agent_options` (`_` may be written `-`) and counts before the option of the
/// same meaning, or else an argument for AWS, whose value stays text here. A value whose brackets are open goes on in the
/// next words. `check` and `explain` are refused: who asks for them elsewhere than behind `start --` wants nothing launched.
/// Errors are usage errors.
[[nodiscard]] fargate::result<void> read_keywords(fargate::agent_options& options,
                                                  std::vector<std::string> const& words);

/// True for a name that a keyword has, with one or two dashes forgotten or not: `networkMode`, `launch_type`.
[[nodiscard]] bool is_keyword(std::string_view name);

#endif
