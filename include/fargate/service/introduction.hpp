#ifndef FARGATE_SERVICE_INTRODUCTION_HPP
#define FARGATE_SERVICE_INTRODUCTION_HPP

#include <fargate/deploy/python_repr.hpp>
#include <fargate/deploy/settings.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/options.hpp>
#include <fargate/system/log.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::service {

namespace detail {

/// What a value is, without what it holds: containers' environments and log options carry secrets.
[[nodiscard]] inline std::string shape_of(json::value const& document) {
    if (document.is_array()) return "<list of " + std::to_string(document.size()) + ">";
    if (document.is_object()) return "<object of " + std::to_string(document.size()) + ">";
    if (document.is_string()) return "<text>";
    if (document.is_boolean()) return "<true or false>";
    return document.is_null() ? "<nothing>" : "<number>";
}

} // namespace detail

/// Tells a log at DEBUG what an agent was made with, in the words of Prefect's Fargate Agent; of keyword arguments the
/// shape only, and of env_vars the names only.
template <log_policy Log>
void introduce(agent_options const& options, prefect::settings const& server, deploy::settings const& with, Log& log) {
    auto const debug = [&log](std::string const& line) { log.write(log_level::debug, line); };
    debug("Verbose logs enabled");
    std::vector<std::string> names;
    for (auto const& [name, value] : with.env_vars) names.push_back(name);
    debug("Environment variables: " + deploy::python_repr(names));
    debug("Max polls: " + (options.max_polls ? std::to_string(*options.max_polls) : std::string{"None"}));
    debug("Agent address: " + options.agent_address);
    debug(std::string{"Log to Cloud: "} + (with.log_to_cloud ? "True" : "False"));
    debug(std::string{"Prefect backend: "} + (server.backend == prefect::backend::cloud ? "cloud" : "server"));
    for (json::value const* const group : {&with.kwargs.definition, &with.kwargs.run, &with.kwargs.container})
        for (auto const& [name, value] : *group->get_ptr<json::value::object_t const*>())
            debug(name + " = " + detail::shape_of(value));
    debug("Launch type: " + (with.launch_type.empty() ? std::string{"None"} : with.launch_type));
}

} // namespace fargate::inline v0::service

#endif
