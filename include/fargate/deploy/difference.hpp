#ifndef FARGATE_DEPLOY_DIFFERENCE_HPP
#define FARGATE_DEPLOY_DIFFERENCE_HPP

#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace fargate::inline v0::deploy {

namespace detail {

/// An amount of `cpu` or `memory` in AWS's units: `1 vCPU` and `1 GB` are 1024. Texts that are none stay as they are.
[[nodiscard]] inline std::string amount_of(json::value const& given) {
    auto const raw = json::as_text(given);
    if (!raw) return json::write(given);
    std::string_view const text = text::trim(*raw);
    double number = 0;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || number < 0 || number > 1e9) return std::string{text};
    std::string_view const unit = text::trim(text.substr(static_cast<std::size_t>(read.ptr - text.data())));
    if (text::iequals(unit, "vcpu") || text::iequals(unit, "gb"))
        number *= 1024;
    else if (!unit.empty() && !text::iequals(unit, "mb"))
        return std::string{text};
    return std::to_string(static_cast<long long>(number + 0.5));
}

/// Whether two values that are neither lists nor objects are the same. `==` says so, too, but there a compiler looks through
/// all types that a document converts to.
[[nodiscard]] inline bool same_scalar(json::value const& one, json::value const& other) {
    auto const text = json::as_text(one);
    if (text || json::as_text(other)) return text == json::as_text(other);
    auto const left = json::as_number(one);
    auto const right = json::as_number(other);
    if (left && right && one.is_number_float() != other.is_number_float()) return *left == *right;
    return json::write(one) == json::write(other);
}

/// What AWS leaves out of an answer.
[[nodiscard]] inline bool says_nothing(json::value const& given) noexcept {
    if (auto const* const flag = given.get_ptr<bool const*>()) return !*flag;
    if (given.is_array() || given.is_object()) return given.empty();
    return given.is_null() || json::as_text(given) == std::string_view{};
}

/// Goes through what would be sent and looks each member up in what is registered.
class difference_finder {
public:
    std::vector<std::string> paths{};

    void compare(std::string const& path, std::string_view name, json::value const& wanted,
                 json::value const* registered) {
        if (registered == nullptr) {
            if (!says_nothing(wanted)) paths.push_back(path);
        } else if (wanted.is_object() && registered->is_object()) {
            for (auto const& [member, value] : *wanted.get_ptr<json::value::object_t const*>())
                compare(path + "." + member, member, value, json::member(*registered, member));
        } else if (wanted.is_array() && registered->is_array()) {
            list(path, name, wanted, *registered);
        } else if (!is_same(name, wanted, *registered)) {
            paths.push_back(path);
        }
    }

private:
    /// By what the elements of a list are told apart; empty: by all that they are.
    [[nodiscard]] static std::string_view key_of(std::string_view list) noexcept {
        if (list == "tags") return "key";
        if (list == "mountPoints") return "containerPath";
        constexpr std::string_view named[] = {"containerDefinitions", "environment",  "secrets", "volumes",
                                              "properties",           "secretOptions"};
        return std::find(std::begin(named), std::end(named), list) != std::end(named) ? "name" : "";
    }

    /// Whether others may add elements of their own.
    [[nodiscard]] static bool is_open(std::string_view list) noexcept {
        return list == "tags" || list == "containerDefinitions" || list == "requiresCompatibilities";
    }

    [[nodiscard]] static bool is_same(std::string_view name, json::value const& wanted, json::value const& registered) {
        if (same_scalar(wanted, registered) || (says_nothing(wanted) && says_nothing(registered))) return true;
        if (name == "cpu" || name == "memory") return amount_of(wanted) == amount_of(registered);
        auto const text = json::as_text(wanted);
        auto const arn = json::as_text(registered);
        if (name.ends_with("RoleArn") && text && arn) return arn->ends_with("/" + std::string{*text});
        return false;
    }

    void list(std::string const& path, std::string_view name, json::value const& wanted,
              json::value const& registered) {
        std::string_view const key = key_of(name);
        if (key.empty()) {
            if (!same_elements(name, wanted, registered)) paths.push_back(path);
            return;
        }
        for (std::size_t i = 0; i != wanted.size(); ++i) {
            auto const* const last = last_of(wanted, key, json::text_of(wanted[i], key));
            if (last == &wanted[i])
                element(path, name, i, wanted[i], last_of(registered, key, json::text_of(wanted[i], key)));
        }
        if (is_open(name)) return;
        for (auto const& each : registered) {
            auto const id = json::text_of(each, key);
            if (last_of(wanted, key, id) == nullptr) paths.push_back(path + "." + shown_name(id.value_or("")));
        }
    }

    void element(std::string const& path, std::string_view list, std::size_t index, json::value const& wanted,
                 json::value const* registered) {
        bool const is_pair = list == "environment" || list == "tags";
        auto const id = json::text_of(wanted, key_of(list));
        bool const is_indexed = list == "containerDefinitions" || !id;
        std::string const place = path + (is_indexed ? "[" + std::to_string(index) + "]" : "." + shown_name(*id));
        if (!is_pair || registered == nullptr)
            compare(place, "", wanted, registered);
        else if (auto const* const value = json::member(wanted, "value"))
            compare(place, "", *value, json::member(*registered, "value"));
    }

    /// Of two entries of one name ECS takes the last.
    [[nodiscard]] static json::value const* last_of(json::value const& list, std::string_view key,
                                                    std::optional<std::string_view> id) noexcept {
        json::value const* found = nullptr;
        for (auto const& each : list)
            if (json::text_of(each, key) == id) found = &each;
        return found;
    }

    /// Commands have an order; the other lists are sets.
    [[nodiscard]] static bool same_elements(std::string_view name, json::value const& wanted,
                                            json::value const& registered) {
        if (!is_open(name) && wanted.size() != registered.size()) return false;
        if (name == "command") {
            for (std::size_t i = 0; i != wanted.size(); ++i)
                if (!is_found(wanted[i], registered[i])) return false;
            return true;
        }
        return std::all_of(wanted.begin(), wanted.end(), [&](json::value const& each) {
            return std::any_of(registered.begin(), registered.end(),
                               [&](json::value const& other) { return is_found(each, other); });
        });
    }

    [[nodiscard]] static bool is_found(json::value const& wanted, json::value const& registered) {
        difference_finder inner;
        inner.compare("", "", wanted, &registered);
        return inner.paths.empty();
    }
};

} // namespace detail

/// Where a task definition that is registered differs from one that would be: `definition` is a RegisterTaskDefinition
/// body, `described` the answer to DescribeTaskDefinition with its tags. Each member of `definition` is looked up, members
/// that only the answer has do not count, except entries of the lists that are given whole (environment, secrets, volumes,
/// ...). Lists other than commands have no order. Paths and never values, in the order of `definition`, each once:
/// `containerDefinitions[0].environment.PREFECT__CLOUD__API`. Nothing when the answer holds no definition.
[[nodiscard]] inline std::vector<std::string> differences(json::value const& definition, json::value const& described) {
    detail::difference_finder finder;
    auto const* const registered = json::object_of(described, "taskDefinition");
    auto const* const members = definition.get_ptr<json::value::object_t const*>();
    if (registered == nullptr || members == nullptr) return {};
    for (auto const& [name, value] : *members)
        finder.compare(name, name, value, json::member(name == "tags" ? described : *registered, name));
    std::vector<std::string> paths;
    for (auto& each : finder.paths)
        if (std::find(paths.begin(), paths.end(), each) == paths.end()) paths.push_back(std::move(each));
    return paths;
}

} // namespace fargate::inline v0::deploy

#endif
