#ifndef FARGATE_TESTS_DEPLOY_SAME_HPP
#define FARGATE_TESTS_DEPLOY_SAME_HPP

#include <fargate/json/json.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace testing_support {

/// A document with the members of every object sorted by name: on the wire their order means nothing.
inline fargate::json::value sorted(fargate::json::value const& document) {
    using value = fargate::json::value;
    if (document.is_array()) {
        auto made = value::array();
        for (auto const& each : document) made.push_back(sorted(each));
        return made;
    }
    if (!document.is_object()) return document;
    std::vector<std::pair<std::string, value>> members;
    for (auto const& [name, each] : *document.get_ptr<value::object_t const*>())
        members.emplace_back(name, sorted(each));
    std::sort(members.begin(), members.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
    auto made = value::object();
    for (auto& [name, each] : members) fargate::json::set(made, name, std::move(each));
    return made;
}

/// As one line, for comparing and showing.
inline std::string same(fargate::json::value const& document) { return fargate::json::write(sorted(document)); }

} // namespace testing_support

#endif
