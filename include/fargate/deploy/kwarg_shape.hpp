#ifndef FARGATE_DEPLOY_KWARG_SHAPE_HPP
#define FARGATE_DEPLOY_KWARG_SHAPE_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/json/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// What lies inside an argument that is a list or an object, as in AWS's model of RegisterTaskDefinition and RunTask: `t`
/// text, `b` true or false, `i` a whole number, `<x>` an object with any names, `[x]` a list, `{name:x name!:x}` an object
/// with these members, of which those with `!` must be there.
struct kwarg_shape {
    std::string_view name;
    std::string_view shape;
};

inline constexpr kwarg_shape kwarg_shapes[] = {
    {"volumes",
     "[{name:t configuredAtLaunch:b host:{sourcePath:t} "
     "dockerVolumeConfiguration:{scope:t autoprovision:b driver:t driverOpts:<t> labels:<t>} "
     "efsVolumeConfiguration:{fileSystemId!:t rootDirectory:t transitEncryption:t transitEncryptionPort:i "
     "authorizationConfig:{accessPointId:t iam:t}} "
     "s3filesVolumeConfiguration:{fileSystemArn!:t rootDirectory:t transitEncryptionPort:i accessPointArn:t} "
     "fsxWindowsFileServerVolumeConfiguration:{fileSystemId!:t rootDirectory!:t "
     "authorizationConfig!:{credentialsParameter!:t domain!:t}}}]"},
    {"placementConstraints", "[{type:t expression:t}]"},
    {"tags", "[{key:t value:t}]"},
    {"proxyConfiguration", "{type:t containerName!:t properties:[{name:t value:t}]}"},
    {"inferenceAccelerators", "[{deviceName!:t deviceType!:t}]"},
    {"placementStrategy", "[{type:t field:t}]"},
    {"networkConfiguration", "{awsvpcConfiguration:{subnets!:[t] securityGroups:[t] assignPublicIp:t}}"},
    {"capacityProviderStrategy", "[{capacityProvider!:t weight:i base:i}]"},
    {"environment", "[{name:t value:t}]"},
    {"secrets", "[{name!:t valueFrom!:t}]"},
    {"mountPoints", "[{sourceVolume:t containerPath:t readOnly:b}]"},
    {"logConfiguration", "{logDriver!:t options:<t> secretOptions:[{name!:t valueFrom!:t}]}"},
    {"repositoryCredentials", "{credentialsParameter!:t}"},
    {"overrides",
     "{containerOverrides:[{name:t command:[t] environment:[{name:t value:t}] environmentFiles:[{value!:t type!:t}] "
     "cpu:i "
     "memory:i memoryReservation:i resourceRequirements:[{value!:t type!:t}]}] cpu:t memory:t taskRoleArn:t "
     "executionRoleArn:t inferenceAcceleratorOverrides:[{deviceName:t deviceType:t}] ephemeralStorage:{sizeInGiB!:i}}"},
};

namespace detail {

[[nodiscard]] inline std::string_view article_and_type(kwarg_type type) noexcept {
    switch (type) {
    case kwarg_type::text:
    case kwarg_type::amount: return "text";
    case kwarg_type::integer: return "a whole number";
    case kwarg_type::flag: return "true or false";
    case kwarg_type::list: return "a list";
    case kwarg_type::object: return "an object";
    }
    return "something else";
}

[[nodiscard]] inline std::string_view article_and_type(json::value const& document) noexcept {
    if (document.is_string()) return "text";
    if (document.is_array()) return "a list";
    if (document.is_object()) return "an object";
    if (document.is_boolean()) return "true or false";
    if (document.is_number_float()) return "a number with a fraction";
    if (document.is_number()) return "a whole number";
    return "null";
}

[[nodiscard]] inline error wrong_type(std::string_view where, kwarg_type wanted, std::string_view found) {
    std::string message{where};
    message.append(" must be ").append(article_and_type(wanted)).append(", not ").append(found);
    return fail(errc::invalid_argument, std::move(message));
}

/// One walk of a value beside its shape.
class shape_check {
public:
    shape_check(std::vector<unknown_kwarg>& unknown, std::vector<error>& wrong) : unknown_{unknown}, wrong_{wrong} {}

    void value(std::string const& where, std::string_view shape, json::value const& given) {
        switch (shape.front()) {
        case 't': return is(where, kwarg_type::text, given.is_string(), given);
        case 'b': return is(where, kwarg_type::flag, given.is_boolean(), given);
        case 'i': return is(where, kwarg_type::integer, given.is_number_integer(), given);
        case '[': return list(where, inside(shape), given);
        case '<': return map(where, inside(shape), given);
        default: return object(where, inside(shape), given);
        }
    }

private:
    [[nodiscard]] static std::string_view inside(std::string_view shape) noexcept {
        return shape.substr(1, shape.size() - 2);
    }

    void is(std::string const& where, kwarg_type wanted, bool good, json::value const& given) {
        if (!good) wrong_.push_back(wrong_type(where, wanted, article_and_type(given)));
    }

    void list(std::string const& where, std::string_view shape, json::value const& given) {
        if (!given.is_array()) return is(where, kwarg_type::list, false, given);
        for (std::size_t i = 0; i != given.size(); ++i) value(where + "[" + std::to_string(i) + "]", shape, given[i]);
    }

    void map(std::string const& where, std::string_view shape, json::value const& given) {
        auto const* const members = given.get_ptr<json::value::object_t const*>();
        if (members == nullptr) return is(where, kwarg_type::object, false, given);
        for (auto const& [name, each] : *members) value(where + "." + shown_name(name), shape, each);
    }

    void object(std::string const& where, std::string_view shape, json::value const& given) {
        auto const* const members = given.get_ptr<json::value::object_t const*>();
        if (members == nullptr) return is(where, kwarg_type::object, false, given);
        std::vector<std::string_view> known;
        while (!shape.empty()) {
            auto [name, inner] = take_member(shape);
            bool const required = name.back() == '!';
            if (required) name.remove_suffix(1);
            known.push_back(name);
            auto const found = given.find(std::string{name});
            if (found != given.end())
                value(where + "." + std::string{name}, inner, *found);
            else if (required)
                wrong_.push_back(fail(errc::invalid_argument, where + " has no " + std::string{name}));
        }
        for (auto const& [name, ignored] : *members)
            if (std::find(known.begin(), known.end(), name) == known.end())
                unknown_.push_back(unknown_name(where + ".", name, known, "sent as it is"));
    }

    /// Takes the first `name:shape` off the front.
    [[nodiscard]] static std::pair<std::string_view, std::string_view> take_member(std::string_view& shape) noexcept {
        std::size_t const colon = shape.find(':');
        std::size_t end = colon + 1;
        for (int depth = 0; end < shape.size() && (depth != 0 || shape[end] != ' '); ++end) {
            if (std::string_view{"[{<"}.find(shape[end]) != std::string_view::npos) ++depth;
            if (std::string_view{"]}>"}.find(shape[end]) != std::string_view::npos) --depth;
        }
        std::pair const taken{shape.substr(0, colon), shape.substr(colon + 1, end - colon - 1)};
        shape.remove_prefix(std::min(shape.size(), end + 1));
        return taken;
    }

    std::vector<unknown_kwarg>& unknown_;
    std::vector<error>& wrong_;
};

} // namespace detail

/// What lies inside the argument `name` that is not what AWS takes, as far as its model tells, is added to `wrong`: each
/// names the place, as a path that begins with `where`, and what must stand there; never a value. Members that the model
/// does not have are added to `unknown`.
inline void check_shape(std::string const& where, std::string_view name, json::value const& given,
                        std::vector<unknown_kwarg>& unknown, std::vector<error>& wrong) {
    for (auto const& each : kwarg_shapes)
        if (each.name == name) return detail::shape_check{unknown, wrong}.value(where, each.shape, given);
}

/// The same; the first of what is wrong is the error.
[[nodiscard]] inline result<void> check_shape(std::string const& where, std::string_view name, json::value const& given,
                                              std::vector<unknown_kwarg>& unknown) {
    std::vector<error> wrong;
    check_shape(where, name, given, unknown, wrong);
    if (!wrong.empty()) return std::move(wrong.front());
    return {};
}

} // namespace fargate::inline v0::deploy

#endif
