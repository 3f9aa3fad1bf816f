#ifndef FARGATE_DEPLOY_REQUEST_LIMITS_HPP
#define FARGATE_DEPLOY_REQUEST_LIMITS_HPP

#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What ECS takes of any request, whoever sends it: beyond that it refuses.

namespace fargate::inline v0::deploy {

inline constexpr std::size_t longest_overrides = 8192;   ///< RunTask's; ECS counts the JSON text
inline constexpr std::size_t longest_definition = 65536; ///< RegisterTaskDefinition's

namespace detail {

/// Letters, digits and spaces of any script, and `_ . : / = + - @`. What lies beyond ASCII is left to AWS.
[[nodiscard]] inline bool is_tag_text(std::string_view word) noexcept {
    return std::all_of(word.begin(), word.end(), [](char c) {
        return text::is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
               std::string_view{" _.:/=+-@"}.find(c) != std::string_view::npos;
    });
}

[[nodiscard]] inline std::size_t characters_of(std::string_view word) noexcept {
    return static_cast<std::size_t>(std::count_if(
        word.begin(), word.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

} // namespace detail

/// What AWS does not take of a list of tags: `[{key, value}]`.
/// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
[[nodiscard]] inline std::vector<finding> check_tags(std::string const& where, json::value const& tags) {
    constexpr std::size_t most = 50;
    constexpr std::size_t longest_key = 128;
    constexpr std::size_t longest_value = 256;
    std::string const allowed = "use letters, digits, spaces and _ . : / = + - @";
    std::vector<finding> wrong;
    if (tags.size() > most)
        wrong.push_back({where, "holds " + std::to_string(tags.size()) + " tags", "AWS takes at most 50"});
    std::vector<std::string_view> keys;
    for (std::size_t i = 0; i != tags.size(); ++i) {
        std::string const place = where + "[" + std::to_string(i) + "]";
        auto const key = json::text_of(tags[i], "key").value_or("");
        auto const value = json::text_of(tags[i], "value").value_or("");
        auto const add = [&](char const* member, std::string what, std::string remedy) {
            wrong.push_back({place + member, std::move(what), std::move(remedy)});
        };
        if (key.empty()) add(".key", "is empty", "give the tag a key");
        if (detail::characters_of(key) > longest_key) add(".key", "is longer than 128 characters", "shorten it");
        if (text::iequals(key.substr(0, 4), "aws:"))
            add(".key", "begins with aws:, which is kept for AWS", "choose another key");
        if (!detail::is_tag_text(key)) add(".key", "has a character that AWS does not take", allowed);
        if (std::find(keys.begin(), keys.end(), key) != keys.end())
            add(".key", detail::shown_name(key) + " comes twice", "leave one of them out");
        if (detail::characters_of(value) > longest_value) add(".value", "is longer than 256 characters", "shorten it");
        if (!detail::is_tag_text(value)) add(".value", "has a character that AWS does not take", allowed);
        keys.push_back(key);
    }
    return wrong;
}

/// Where a document holds most of its text: the path of the one member or element that takes more than half of what it is
/// in, and so on into that.
[[nodiscard]] inline std::string largest_member(std::string where, json::value const& document) {
    std::size_t const whole = json::write(document).size();
    json::value const* largest = nullptr;
    std::string there;
    std::size_t most = whole / 2;
    auto const weigh = [&](json::value const& each, auto const& path) {
        if (std::size_t const size = json::write(each).size(); size > most) {
            most = size;
            largest = &each;
            there = path();
        }
    };
    if (auto const* const members = document.get_ptr<json::value::object_t const*>()) {
        for (auto const& [name, each] : *members)
            weigh(each, [&wanted = name, &where] { return where + "." + detail::shown_name(wanted); });
    } else if (document.is_array()) {
        for (std::size_t i = 0; i != document.size(); ++i)
            weigh(document[i], [&] { return where + "[" + std::to_string(i) + "]"; });
    }
    return largest != nullptr ? largest_member(std::move(there), *largest) : where;
}

/// Whether RunTask's overrides are short enough; as they are written here, which is how botocore writes them.
[[nodiscard]] inline std::vector<finding> check_overrides(json::value const& overrides) {
    std::size_t const length = json::write(overrides).size();
    if (length <= longest_overrides) return {};
    return {{largest_member("overrides", overrides),
             "the container overrides are longer than the " + std::to_string(longest_overrides) +
                 " characters that ECS takes (" + std::to_string(length) + "), and most of that stands here",
             "the API token, an id or the environment of the run configuration is too long"}};
}

/// What ECS would refuse of RunTask's body whatever definition it runs: its tags, the length of its overrides, and a launch
/// type beside a capacity provider strategy. Pure; in the order of the body's members.
[[nodiscard]] inline std::vector<finding> check_task(json::value const& task) {
    std::vector<finding> wrong;
    if (auto const* const overrides = json::object_of(task, "overrides")) wrong = check_overrides(*overrides);
    if (auto const* const tags = json::array_of(task, "tags"))
        for (auto& each : check_tags("tags", *tags)) wrong.push_back(std::move(each));
    if (json::member(task, "launchType") != nullptr && json::member(task, "capacityProviderStrategy") != nullptr)
        wrong.push_back({"launchType", "stands beside capacityProviderStrategy, and AWS takes one of them",
                         "leave one of them out"});
    return wrong;
}

} // namespace fargate::inline v0::deploy

#endif
