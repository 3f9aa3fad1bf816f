#ifndef FARGATE_TESTING_GRAPHQL_CHECK_HPP
#define FARGATE_TESTING_GRAPHQL_CHECK_HPP

#include <fargate/json/json.hpp>
#include <fargate/testing/graphql_document.hpp>
#include <fargate/testing/prefect_schema.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing::graphql {

/// Why a request is answered 400, as Apollo Server says it.
struct problem {
    std::string code{}; ///< `GRAPHQL_VALIDATION_FAILED` or `BAD_USER_INPUT`
    std::string message{};
    place at{};
};

/// 8-4-4-4-12 hexadecimal digits.
[[nodiscard]] inline bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i != text.size(); ++i) {
        bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
        char const c = text::to_lower(text[i]);
        if (dash ? c != '-' : !(text::is_digit(c) || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

/// Holds one operation against the schema: fields, arguments, literals, the types of variables, and then their values.
class checker {
public:
    checker(schema const& types, operation const& asked) :
        types_{types}, asked_{asked}, used_(asked.variables.size()) {}

    /// What graphql-js's validation would refuse.
    [[nodiscard]] std::optional<problem> validate() {
        for (auto const& each : asked_.variables)
            if (!types_.knows_input(core(each.type)))
                return invalid("Unknown type \"" + std::string{core(each.type)} + "\".", each.at);
        if (auto wrong = fields(asked_.selection, asked_.mutation ? "Mutation" : "Query", 1)) return wrong;
        for (std::size_t i = 0; i != used_.size(); ++i)
            if (!used_[i])
                return invalid("Variable \"$" + asked_.variables[i].name + "\" is never used.", asked_.variables[i].at);
        return std::nullopt;
    }

    /// Takes the values of the variables; afterwards `value_of` can be asked.
    [[nodiscard]] std::optional<problem> take(json::value const& given) {
        for (auto const& each : asked_.variables) {
            auto const* const members = given.get_ptr<json::value::object_t const*>();
            json::value const* found = nullptr;
            if (members != nullptr)
                for (auto const& [name, value] : *members)
                    if (name == each.name) found = &value;
            variable_ = &each;
            if (found == nullptr && each.fallback) {
                json::set(values_, each.name, value_of(*each.fallback));
            } else if (found == nullptr) {
                if (each.type.ends_with('!'))
                    return bad_input("Variable \"$" + each.name + "\" of required type \"" + each.type +
                                     "\" was not provided.");
            } else if (found->is_null() && each.type.ends_with('!')) {
                return bad_input("Variable \"$" + each.name + "\" of non-null type \"" + each.type +
                                 "\" must not be null.");
            } else if (auto wrong = value(*found, each.type, "")) {
                return wrong;
            } else {
                json::set(values_, each.name, *found);
            }
        }
        return std::nullopt;
    }

    /// A literal with the variables put in.
    [[nodiscard]] json::value value_of(literal const& given) const {
        using kind = literal::kind;
        switch (given.what) {
        case kind::null: return nullptr;
        case kind::flag: return given.text == "true";
        case kind::integer: {
            std::int64_t number = 0;
            std::from_chars(given.text.data(), given.text.data() + given.text.size(), number);
            return number;
        }
        case kind::real: {
            auto const number = json::parse(given.text);
            return number ? *number : json::value{};
        }
        case kind::text:
        case kind::word: return given.text;
        case kind::variable: {
            auto const* const found = json::member(values_, given.text);
            return found != nullptr ? *found : json::value{};
        }
        case kind::list: {
            json::value list = json::value::array();
            for (auto const& each : given.items) list.push_back(value_of(each));
            return list;
        }
        case kind::object: break;
        }
        json::value made = json::value::object();
        for (auto const& [name, each] : given.members) json::set(made, name, value_of(each));
        return made;
    }

    /// The argument of that name, null when it is not given.
    [[nodiscard]] json::value argument(field const& of, std::string_view name) const {
        for (auto const& [each, given] : of.arguments)
            if (each == name) return value_of(given);
        return nullptr;
    }

private:
    static constexpr int deepest = 7;

    static std::optional<problem> invalid(std::string message, place at) {
        return problem{"GRAPHQL_VALIDATION_FAILED", std::move(message), at};
    }
    [[nodiscard]] std::optional<problem> bad_input(std::string message) const {
        return problem{"BAD_USER_INPUT", std::move(message), variable_->at};
    }

    std::optional<problem> fields(std::vector<field> const& selection, std::string const& type, int depth) {
        auto const known = types_.object(type);
        for (auto const& each : selection) {
            if (depth > deepest + 1)
                return invalid("'" + each.name + "' exceeds maximum operation depth of " + std::to_string(deepest),
                               each.at);
            if (each.name == "__typename") continue;
            auto const found =
                std::find_if(known->begin(), known->end(), [&](member const& one) { return one.name == each.name; });
            if (found == known->end())
                return invalid("Cannot query field \"" + each.name + "\" on type \"" + type + "\".", each.at);
            for (auto const& [name, given] : each.arguments) {
                auto const one =
                    std::find_if(found->arguments.begin(), found->arguments.end(),
                                 [&, &key = name](auto const& known_one) { return known_one.first == key; });
                if (one == found->arguments.end())
                    return invalid("Unknown argument \"" + name + "\" on field \"" + type + "." + each.name + "\".",
                                   given.at);
                if (auto wrong = constant(given, one->second)) return wrong;
            }
            for (auto const& [name, needed] : found->arguments)
                if (needed.ends_with('!') &&
                    std::none_of(each.arguments.begin(), each.arguments.end(),
                                 [&, &key = name](auto const& given) { return given.name == key; }))
                    return invalid("Field \"" + each.name + "\" argument \"" + name + "\" of type \"" + needed +
                                       "\" is required, but it was not provided.",
                                   each.at);
            bool const leaf = is_scalar(core(found->type));
            if (leaf && !each.selection.empty())
                return invalid("Field \"" + each.name + "\" must not have a selection since type \"" + found->type +
                                   "\" has no subfields.",
                               each.at);
            if (!leaf && each.selection.empty())
                return invalid("Field \"" + each.name + "\" of type \"" + found->type +
                                   "\" must have a selection of subfields. Did you mean \"" + each.name + " { ... }\"?",
                               each.at);
            if (!leaf)
                if (auto wrong = fields(each.selection, std::string{core(found->type)}, depth + 1)) return wrong;
        }
        return std::nullopt;
    }

    /// A literal of the query text where `type` is expected.
    std::optional<problem> constant(literal const& given, std::string_view type) {
        using kind = literal::kind;
        auto const unfit = [&] {
            return invalid("Expected value of type \"" + std::string{type} + "\", found " +
                               (given.what == kind::null     ? "null"
                                : given.what == kind::object ? "{...}"
                                : given.what == kind::list   ? "[...]"
                                : given.what == kind::text   ? "\"" + given.text.substr(0, 64) + "\""
                                                             : given.text.substr(0, 64)) +
                               ".",
                           given.at);
        };
        if (given.what == kind::variable) {
            auto const& declared = asked_.variables;
            auto const found = std::find_if(declared.begin(), declared.end(),
                                            [&](variable const& each) { return each.name == given.text; });
            if (found == declared.end()) return invalid("Variable \"$" + given.text + "\" is not defined.", given.at);
            used_[static_cast<std::size_t>(found - declared.begin())] = true;
            bool const fits =
                found->type == type || nullable(found->type) == type || (found->fallback && found->type + "!" == type);
            if (fits) return std::nullopt;
            return invalid("Variable \"$" + given.text + "\" of type \"" + found->type +
                               "\" used in position expecting type \"" + std::string{type} + "\".",
                           given.at);
        }
        if (given.what == kind::null) return type.ends_with('!') ? unfit() : std::nullopt;
        std::string_view const bare = nullable(type);
        if (bare.starts_with('[')) {
            std::string_view const inner = bare.substr(1, bare.size() - 2);
            if (given.what != kind::list) return constant(given, inner);
            for (auto const& each : given.items)
                if (auto wrong = constant(each, inner)) return wrong;
            return std::nullopt;
        }
        if (bare == "jsonb" || bare == "JSON") return std::nullopt;
        if (bare == "Int") return given.what == kind::integer ? std::nullopt : unfit();
        if (bare == "Boolean") return given.what == kind::flag ? std::nullopt : unfit();
        if (bare == "uuid" && given.what == kind::text && !is_uuid(given.text))
            return problem{"data-exception", "invalid input syntax for type uuid: \"" + given.text.substr(0, 64) + "\"",
                           given.at};
        if (is_scalar(bare)) return given.what == kind::text ? std::nullopt : unfit();
        if (bare == "order_by" || bare == "log_level") {
            bool const known = bare == "order_by" ? given.text.starts_with("asc") || given.text.starts_with("desc")
                                                  : is_level(given.text);
            return given.what == kind::word && known ? std::nullopt : unfit();
        }
        auto const members = types_.input(bare);
        if (!members || given.what != kind::object) return unfit();
        for (auto const& [name, each] : given.members) {
            auto const found = std::find_if(members->begin(), members->end(),
                                            [&, &key = name](member const& one) { return one.name == key; });
            if (found == members->end())
                return invalid("Field \"" + name + "\" is not defined by type \"" + std::string{bare} + "\".", each.at);
            if (auto wrong = constant(each, found->type)) return wrong;
        }
        for (auto const& each : *members)
            if (each.type.ends_with('!') && std::none_of(given.members.begin(), given.members.end(),
                                                         [&](auto const& one) { return one.name == each.name; }))
                return invalid("Field \"" + std::string{bare} + "." + each.name + "\" of required type \"" + each.type +
                                   "\" was not provided.",
                               given.at);
        return std::nullopt;
    }

    /// A variable's value where `type` is expected.
    std::optional<problem> value(json::value const& given, std::string_view type, std::string const& path) const {
        auto const refuse = [&](std::string const& why) {
            return bad_input("Variable \"$" + variable_->name + "\" got invalid value " +
                             json::write(given).substr(0, 256) +
                             (path.empty() ? "" : " at \"" + variable_->name + path + "\"") + "; " + why);
        };
        std::string_view const bare = nullable(type);
        if (given.is_null())
            return type.ends_with('!')
                       ? refuse("Expected non-nullable type \"" + std::string{type} + "\" not to be null.")
                       : std::nullopt;
        if (bare.starts_with('[')) {
            std::string_view const inner = bare.substr(1, bare.size() - 2);
            auto const* const items = given.get_ptr<json::value::array_t const*>();
            if (items == nullptr) return value(given, inner, path);
            for (std::size_t i = 0; i != items->size(); ++i)
                if (auto wrong = value((*items)[i], inner, path + "[" + std::to_string(i) + "]")) return wrong;
            return std::nullopt;
        }
        if (bare == "jsonb" || bare == "JSON") return std::nullopt;
        auto const text = json::as_text(given);
        auto const expected = "Expected type \"" + std::string{bare} + "\". ";
        if (bare == "Int")
            return given.is_number_integer()
                       ? std::nullopt
                       : refuse(expected +
                                "Int cannot represent non-integer value: " + json::write(given).substr(0, 64));
        if (bare == "Boolean")
            return given.is_boolean()
                       ? std::nullopt
                       : refuse(expected +
                                "Boolean cannot represent a non boolean value: " + json::write(given).substr(0, 64));
        if (bare == "String")
            return text ? std::nullopt
                        : refuse(expected +
                                 "String cannot represent a non string value: " + json::write(given).substr(0, 64));
        if (bare == "UUID" || bare == "uuid")
            return text && is_uuid(*text) ? std::nullopt : refuse(expected + "badly formed hexadecimal UUID string");
        if (bare == "DateTime" || bare == "timestamptz")
            return text && text::parse_iso8601(*text) ? std::nullopt : refuse(expected + "not a date and time");
        if (bare == "log_level") {
            if (text && is_level(*text)) return std::nullopt;
            return refuse("Value " + json::write(given).substr(0, 64) + " does not exist in \"log_level\" enum.");
        }
        auto const members = types_.input(bare);
        auto const* const object = given.get_ptr<json::value::object_t const*>();
        if (!members || object == nullptr)
            return refuse("Expected type \"" + std::string{bare} + "\" to be an object.");
        for (auto const& each : *members) {
            auto const found =
                std::find_if(object->begin(), object->end(), [&](auto const& one) { return one.first == each.name; });
            if (found == object->end()) {
                if (each.type.ends_with('!'))
                    return refuse("Field \"" + each.name + "\" of required type \"" + each.type +
                                  "\" was not provided.");
            } else if (auto wrong = value(found->second, each.type, path + "." + each.name)) {
                return wrong;
            }
        }
        for (auto const& each : *object)
            if (std::none_of(members->begin(), members->end(),
                             [&](member const& one) { return one.name == each.first; }))
                return refuse("Field \"" + each.first + "\" is not defined by type \"" + std::string{bare} + "\".");
        return std::nullopt;
    }

    static bool is_level(std::string_view text) {
        return std::find(std::begin(log_levels), std::end(log_levels), text) != std::end(log_levels);
    }

    schema const& types_;
    operation const& asked_;
    std::vector<bool> used_;
    variable const* variable_ = nullptr;
    json::value values_ = json::value::object();
};

} // namespace fargate::inline v0::testing::graphql

#endif
