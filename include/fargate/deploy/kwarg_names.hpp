#ifndef FARGATE_DEPLOY_KWARG_NAMES_HPP
#define FARGATE_DEPLOY_KWARG_NAMES_HPP

#include <fargate/deploy/finding.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/nearest.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::deploy {

/// What a keyword argument holds.
enum class kwarg_type : unsigned char {
    text,    ///< a string; one pair of Python quotes around it is taken off
    amount,  ///< cpu and memory: a string taken as it is, or a whole number
    integer, ///< a whole number
    flag,    ///< true or false
    list,
    object
};

/// One argument of AWS's that the agent passes on, under AWS's name; or, with neither group, one for the agent itself.
struct kwarg_name {
    std::string_view name;
    kwarg_type type;
    bool definition = false; ///< goes to RegisterTaskDefinition
    bool run = false;        ///< goes to RunTask
};

/// Arguments of the two calls, in the order in which they are sent.
inline constexpr kwarg_name kwarg_names[] = {
    {"taskRoleArn", kwarg_type::text, true, false},
    {"executionRoleArn", kwarg_type::text, true, false},
    {"networkMode", kwarg_type::text, true, false},
    {"volumes", kwarg_type::list, true, false},
    {"placementConstraints", kwarg_type::list, true, true},
    {"cpu", kwarg_type::amount, true, false},
    {"memory", kwarg_type::amount, true, false},
    {"tags", kwarg_type::list, true, true},
    {"pidMode", kwarg_type::text, true, false},
    {"ipcMode", kwarg_type::text, true, false},
    {"proxyConfiguration", kwarg_type::object, true, false},
    {"inferenceAccelerators", kwarg_type::list, true, false},
    {"cluster", kwarg_type::text, false, true},
    {"count", kwarg_type::integer, false, true},
    {"startedBy", kwarg_type::text, false, true},
    {"group", kwarg_type::text, false, true},
    {"placementStrategy", kwarg_type::list, false, true},
    {"platformVersion", kwarg_type::text, false, true},
    {"networkConfiguration", kwarg_type::object, false, true},
    {"enableECSManagedTags", kwarg_type::flag, false, true},
    {"propagateTags", kwarg_type::text, false, true},
    {"capacityProviderStrategy", kwarg_type::list, false, true},
    {"maxRunDuration", kwarg_type::integer}, // the agent's own: seconds
};

/// Members that the one element of `containerDefinitions` may have.
inline constexpr kwarg_name container_names[] = {
    {"environment", kwarg_type::list},
    {"secrets", kwarg_type::list},
    {"mountPoints", kwarg_type::list},
    {"logConfiguration", kwarg_type::object},
    {"repositoryCredentials", kwarg_type::object},
};

namespace detail {

/// A name as a message shows it: cut, on one line, and visible when there is nothing to see.
[[nodiscard]] inline std::string shown_name(std::string_view name) {
    std::string shown = text::printable(name);
    if (name.size() > text::longest_shown) shown += "...";
    return shown.empty() ? "\"\"" : shown;
}

} // namespace detail

/// A name that was given and that nobody knows.
struct unknown_kwarg {
    std::string what{};    ///< `unknown keyword argument momery`
    std::string becomes{}; ///< what happens to it: `ignored`
    std::string remedy{};  ///< `did you mean memory?`; empty when no name is near
    std::string path{};    ///< where it stands: `momery`

    /// For the log, where it is passed over.
    [[nodiscard]] std::string warning() const {
        return what + " is " + becomes + (remedy.empty() ? "" : ": ") + remedy;
    }

    /// Where it is not.
    [[nodiscard]] std::string refusal() const { return what + (remedy.empty() ? "" : ": ") + remedy; }

    /// For who looks before anything is launched.
    [[nodiscard]] finding as_finding() const {
        bool const misplaced = !what.starts_with("unknown");
        return {path, (misplaced ? "cannot be set here, and is " : "unknown, and ") + becomes, remedy};
    }
};

namespace detail {

[[nodiscard]] inline unknown_kwarg unknown_name(std::string_view prefix, std::string_view name,
                                                std::span<std::string_view const> known,
                                                std::string_view becomes = "ignored") {
    unknown_kwarg made{"unknown keyword argument ", std::string{becomes}, {}, {}};
    made.path.append(prefix).append(shown_name(name));
    made.what += made.path;
    if (auto const meant = text::nearest(name, known); !meant.empty())
        made.remedy.append("did you mean ").append(prefix).append(meant).append("?");
    return made;
}

} // namespace detail

/// The members of `given` that are no keyword argument, with the name that was probably meant. `with_launch_type`: the
/// option launch_type, or its alias launchType, may stand among them.
[[nodiscard]] inline std::vector<unknown_kwarg> unknown_kwargs(json::value const& given,
                                                               bool with_launch_type = false) {
    std::vector<unknown_kwarg> unknown;
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return unknown;
    std::vector<std::string_view> known = {"containerDefinitions", "launch_type"};
    for (auto const& each : kwarg_names) known.push_back(each.name);
    for (auto const& [name, ignored] : *members) {
        if (name == "launchType" || name == "launch_type") {
            if (!with_launch_type)
                unknown.push_back(
                    {"keyword argument " + name, "ignored", "set the option launch_type of the agent", name});
        } else if (std::find(known.begin(), known.end(), name) == known.end()) {
            unknown.push_back(detail::unknown_name("", name, known));
        }
    }
    return unknown;
}

} // namespace fargate::inline v0::deploy

#endif
