#ifndef FARGATE_TESTING_IAM_POLICY_HPP
#define FARGATE_TESTING_IAM_POLICY_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// What a call to AWS needs to be allowed: one action on one resource, and what else the request tells about itself
/// under IAM's condition keys (`aws:TagKeys`).
struct iam_request {
    std::string action{}; ///< `ecs:RunTask`
    std::string resource = "*";
    std::map<std::string, std::vector<std::string>> context{};
};

/// An identity-based IAM policy, or several of them attached to one user: what is not allowed is denied, and what is denied
/// stays so.
///
/// Reads documents of version 2012-10-17 with the statement elements Sid, Effect, Action, Resource and Condition, the latter
/// with StringEquals, StringLike and both under ForAllValues. Anything else is refused, so that no test passes on an
/// element that nobody looked at.
/// Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
class iam_policy {
public:
    [[nodiscard]] static result<iam_policy> parse(std::string_view document) {
        auto const read = json::parse(document);
        if (!read) return read.error();
        return of(*read);
    }

    [[nodiscard]] static result<iam_policy> of(json::value const& document) {
        if (json::text_of(document, "Version") != "2012-10-17") return bad("Version must be 2012-10-17");
        if (auto wrong = unknown_member(document, {"Version", "Id", "Statement"}); !wrong.empty()) return bad(wrong);
        iam_policy made;
        for (auto const& each : listed(document, "Statement")) {
            auto read = statement_of(each);
            if (!read) return std::move(read).error();
            made.statements_.push_back(*std::move(read));
        }
        if (made.statements_.empty()) return bad("Statement is missing");
        return made;
    }

    /// Attaches another policy beside this one.
    void join(iam_policy const& other) {
        statements_.insert(statements_.end(), other.statements_.begin(), other.statements_.end());
    }

    [[nodiscard]] bool allows(iam_request const& wanted) const {
        bool allowed = false;
        for (auto const& each : statements_) {
            if (!each.covers(wanted)) continue;
            if (!each.allow) return false;
            allowed = true;
        }
        return allowed;
    }

    /// Whether a text matches a pattern in which `*` is any text and `?` any character.
    [[nodiscard]] static bool matches(std::string_view pattern, std::string_view text) noexcept {
        std::size_t p = 0;
        std::size_t t = 0;
        std::size_t star = std::string_view::npos;
        std::size_t resume = 0;
        while (t < text.size()) {
            if (p < pattern.size() && (pattern[p] == '?' || (pattern[p] == text[t] && pattern[p] != '*'))) {
                ++p;
                ++t;
            } else if (p < pattern.size() && pattern[p] == '*') {
                star = p++;
                resume = t;
            } else if (star != std::string_view::npos) {
                p = star + 1;
                t = ++resume;
            } else {
                return false;
            }
        }
        while (p < pattern.size() && pattern[p] == '*') ++p;
        return p == pattern.size();
    }

private:
    struct condition {
        bool for_all_values = false;
        bool wildcards = false;
        std::string key{};
        std::vector<std::string> values{};

        [[nodiscard]] bool holds(iam_request const& wanted) const {
            auto const found = wanted.context.find(key);
            bool const absent = found == wanted.context.end() || found->second.empty();
            if (absent) return for_all_values; // of none, all are
            auto const listed_here = [this](std::string const& each) {
                return std::any_of(values.begin(), values.end(), [&](std::string const& value) {
                    return wildcards ? matches(value, each) : value == each;
                });
            };
            auto const& given = found->second;
            return for_all_values ? std::all_of(given.begin(), given.end(), listed_here)
                                  : given.size() == 1 && listed_here(given.front());
        }
    };

    struct statement {
        bool allow = false;
        std::vector<std::string> actions{};
        std::vector<std::string> resources{};
        std::vector<condition> conditions{};

        [[nodiscard]] bool covers(iam_request const& wanted) const {
            auto const action = text::lower(wanted.action);
            bool const acts = std::any_of(actions.begin(), actions.end(),
                                          [&](std::string const& each) { return matches(text::lower(each), action); });
            bool const there = std::any_of(resources.begin(), resources.end(),
                                           [&](std::string const& each) { return matches(each, wanted.resource); });
            return acts && there && std::all_of(conditions.begin(), conditions.end(), [&](condition const& each) {
                       return each.holds(wanted);
                   });
        }
    };

    [[nodiscard]] static error bad(std::string const& why) {
        return fail(errc::invalid_argument, "not an IAM policy that this fake can enforce: " + why);
    }

    /// One value or a list of them, as IAM writes its elements.
    [[nodiscard]] static std::vector<json::value> listed(json::value const& from, std::string_view name) {
        auto const* const found = json::member(from, name);
        if (found == nullptr) return {};
        if (!found->is_array()) return std::vector<json::value>(1, *found);
        std::vector<json::value> made;
        for (auto const& each : *found) made.push_back(each);
        return made;
    }

    [[nodiscard]] static std::string unknown_member(json::value const& from,
                                                    std::vector<std::string_view> const& known) {
        auto const* const members = from.get_ptr<json::value::object_t const*>();
        if (members == nullptr) return "an element is no object";
        for (auto const& [name, value] : *members)
            if (std::find(known.begin(), known.end(), name) == known.end()) return "unknown element " + name;
        return {};
    }

    [[nodiscard]] static result<std::vector<std::string>> texts(json::value const& from, std::string_view name) {
        std::vector<std::string> made;
        for (auto const& each : listed(from, name)) {
            auto const word = json::as_text(each);
            if (!word || word->empty()) return bad(std::string{name} + " must be text or a list of texts");
            made.emplace_back(*word);
        }
        if (made.empty()) return bad(std::string{name} + " is missing");
        return made;
    }

    [[nodiscard]] static result<statement> statement_of(json::value const& given) {
        if (auto wrong = unknown_member(given, {"Sid", "Effect", "Action", "Resource", "Condition"}); !wrong.empty())
            return bad(wrong);
        statement made;
        auto const effect = json::text_of(given, "Effect").value_or("");
        if (effect != "Allow" && effect != "Deny") return bad("Effect must be Allow or Deny");
        made.allow = effect == "Allow";
        auto actions = texts(given, "Action");
        if (!actions) return std::move(actions).error();
        for (auto const& each : *actions)
            if (each != "*" && each.find(':') == std::string::npos) return bad("Action " + each + " names no service");
        made.actions = *std::move(actions);
        auto resources = texts(given, "Resource");
        if (!resources) return std::move(resources).error();
        for (auto const& each : *resources)
            if (each != "*" && !each.starts_with("arn:")) return bad("Resource " + each + " is no ARN");
        made.resources = *std::move(resources);
        auto const* const conditions = json::member(given, "Condition");
        if (conditions == nullptr) return made;
        if (!conditions->is_object()) return bad("Condition must be an object");
        for (auto const& [operation, keys] : *conditions->get_ptr<json::value::object_t const*>()) {
            std::string_view plain = operation;
            constexpr std::string_view all = "ForAllValues:";
            bool const for_all = plain.starts_with(all);
            if (for_all) plain.remove_prefix(all.size());
            if (plain != "StringEquals" && plain != "StringLike") return bad("unknown condition " + operation);
            if (!keys.is_object()) return bad("condition " + operation + " must be an object");
            for (auto const& [key, values] : *keys.get_ptr<json::value::object_t const*>()) {
                auto wanted = texts(keys, key);
                if (!wanted) return std::move(wanted).error();
                made.conditions.push_back({for_all, plain == "StringLike", key, *std::move(wanted)});
            }
        }
        return made;
    }

    std::vector<statement> statements_;
};

} // namespace fargate::inline v0::testing

#endif
