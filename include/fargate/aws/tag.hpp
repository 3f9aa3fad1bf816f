#ifndef FARGATE_AWS_TAG_HPP
#define FARGATE_AWS_TAG_HPP

#include <fargate/json/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::aws {

struct tag {
    std::string key{};
    std::string value{};

    friend bool operator==(tag const&, tag const&) = default;
};

/// The tags in the array `member`. ECS spells a tag `{key, value}`, the tagging API `{Key, Value}`; a tag without a value
/// has an empty one.
[[nodiscard]] inline std::vector<tag> read_tags(json::value const& document, std::string_view member) {
    std::vector<tag> made;
    auto const* const list = json::array_of(document, member);
    if (list == nullptr) return made;
    for (auto const& each : *list) {
        auto const text = [&each](std::string_view lower, std::string_view upper) {
            auto const found = json::text_of(each, lower);
            return std::string{found ? *found : json::text_of(each, upper).value_or("")};
        };
        made.push_back({text("key", "Key"), text("value", "Value")});
    }
    return made;
}

} // namespace fargate::inline v0::aws

#endif
