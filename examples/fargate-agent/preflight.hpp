#ifndef FARGATE_AGENT_PREFLIGHT_HPP
#define FARGATE_AGENT_PREFLIGHT_HPP

#include <fargate/service/options.hpp>

#include <string>

/// Tells everything that is wrong with the options, a line each on standard output; returns the exit status: 0 when nothing
/// is, else 1 after one line on standard error; so, too, when a signal comes before all has been looked at. The agent's log goes
/// there.
[[nodiscard]] int check(fargate::agent_options options);

/// Prints the requests that would be sent for a flow run as they are on the wire, but for what signs them: the token that
/// the container is handed stands in them. Notes and the agent's log go to standard error. Returns 0, or 1 after one line
/// there that says why there is nothing to print.
[[nodiscard]] int explain(fargate::agent_options options, std::string const& run);

#endif
