#ifndef FARGATE_DEPLOY_CAPACITY_PLAN_HPP
#define FARGATE_DEPLOY_CAPACITY_PLAN_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/attempt.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fargate::inline v0::deploy {

namespace detail {

/// CreateCapacityProvider's rule for names, and the providers that are AWS's own.
[[nodiscard]] inline bool is_provider_name(std::string_view word) {
    constexpr std::size_t longest = 255;
    if (word == "FARGATE_SPOT") return true;
    bool const spelled =
        std::all_of(word.begin(), word.end(), [](char c) { return text::is_alnum(c) || c == '_' || c == '-'; });
    if (!spelled || word.size() > longest) return false;
    constexpr std::string_view reserved[] = {"aws", "ecs", "fargate"};
    return std::none_of(std::begin(reserved), std::end(reserved),
                        [word](std::string_view each) { return text::iequals(word.substr(0, each.size()), each); });
}

[[nodiscard]] inline error bad_capacity(std::string_view word, std::string const& why) {
    return fail(errc::bad_configuration, "capacity_plan: " + shown_name(word) + " " + why);
}

} // namespace detail

/// The words of a capacity plan, `FARGATE_SPOT, FARGATE`: what a launch asks for first, and what stands in when that is
/// not to be had. A word is a launch type of ECS's (FARGATE, EC2, EXTERNAL, MANAGED_INSTANCES) or a capacity provider's
/// name. An empty text is no plan. `errc::bad_configuration` names the word that is neither, or that comes twice.
[[nodiscard]] inline result<std::vector<std::string>> read_capacity_plan(std::string_view raw) {
    std::vector<std::string> words;
    if (text::trim(raw).empty()) return words;
    for (bool more = true; more;) {
        std::size_t const comma = raw.find(',');
        auto const word = text::trim(raw.substr(0, comma));
        more = comma != std::string_view::npos;
        raw.remove_prefix(more ? comma + 1 : raw.size());
        if (word.empty())
            return detail::bad_capacity(word, "is no capacity: write words with commas between them, such as "
                                              "FARGATE_SPOT,FARGATE");
        if (!detail::is_launch_type(word) && !detail::is_provider_name(word))
            return detail::bad_capacity(word, "is neither a launch type nor the name of a capacity provider: "
                                              "letters, digits, - and _, at most 255, not beginning with aws, ecs "
                                              "or fargate, unless it is FARGATE_SPOT");
        if (std::find(words.begin(), words.end(), word) != words.end())
            return detail::bad_capacity(word, "comes twice");
        words.emplace_back(word);
    }
    return words;
}

/// Whether an agent's arguments leave room for a capacity plan: `errc::bad_configuration` when they say themselves what
/// tasks run on.
[[nodiscard]] inline result<void> check_capacity_plan(std::span<std::string const> capacity_plan, kwargs const& given) {
    if (capacity_plan.empty() || json::member(given.run, "capacityProviderStrategy") == nullptr) return {};
    return fail(errc::bad_configuration,
                "capacity_plan and the keyword argument capacityProviderStrategy both say what "
                "tasks run on: leave one of them out");
}

} // namespace fargate::inline v0::deploy

#endif
