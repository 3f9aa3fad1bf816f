#ifndef FARGATE_DEPLOY_KWARGS_HPP
#define FARGATE_DEPLOY_KWARGS_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/finding.hpp>
#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/deploy/kwarg_shape.hpp>
#include <fargate/deploy/literal.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fargate::inline v0::deploy {

/// The keyword arguments in their three groups, each an object whose members have AWS's names and types; beside them
/// what is the agent's own.
struct kwargs {
    json::value definition = json::value::object(); ///< for RegisterTaskDefinition
    json::value run = json::value::object();        ///< for RunTask
    json::value container = json::value::object();  ///< for the definition's one container
    std::optional<duration> max_run{};              ///< `maxRunDuration`: nothing of it is sent to AWS
};

namespace detail {

/// Text as a document: a Python literal, or else JSON; nothing when it is neither.
[[nodiscard]] inline result<std::optional<json::value>> read_document(std::string_view where, std::string_view raw) {
    std::string_view const trimmed = text::trim(raw);
    auto read = read_literal(trimmed);
    if (read.kind == literal::outcome::refused)
        return fail(errc::invalid_argument,
                    std::string{where} + " holds " + read.what + ", which cannot be sent to AWS");
    if (read.kind == literal::outcome::parsed) return std::optional{std::move(read.value)};
    if (auto document = json::parse(trimmed)) return std::optional{*std::move(document)};
    return std::optional<json::value>{};
}

} // namespace detail

/// What a text means as a switch: true, false, 1, 0, yes, no in any case, quoted or not; nothing when it means neither.
[[nodiscard]] inline std::optional<bool> read_flag(std::string_view raw) {
    std::string_view word = text::trim(raw);
    if (word.size() > 1 && (word.front() == '\'' || word.front() == '"') && word.back() == word.front())
        word = word.substr(1, word.size() - 2);
    for (auto const yes : {"true", "1", "yes"})
        if (text::iequals(word, yes)) return true;
    for (auto const no : {"false", "0", "no"})
        if (text::iequals(word, no)) return false;
    return std::nullopt;
}

namespace detail {

/// One argument's value brought to its type. `where` names it in messages, which never show the value.
[[nodiscard]] inline result<json::value> read_kwarg(std::string_view where, kwarg_type type, json::value const& given) {
    auto const raw = json::as_text(given);
    switch (type) {
    case kwarg_type::text:
        if (raw) {
            auto read = read_literal(*raw);
            if (read.kind == literal::outcome::parsed && read.value.is_string()) return std::move(read.value);
            return given;
        }
        if (given.is_number_integer()) return json::value(json::write(given));
        break;
    case kwarg_type::amount:
        if (raw) return given;
        if (given.is_number_integer()) return json::value(json::write(given));
        if (auto const* const flag = given.get_ptr<bool const*>())
            return json::value(std::string{*flag ? "True" : "False"});
        break;
    case kwarg_type::flag:
        if (given.is_boolean()) return given;
        if (raw)
            if (auto const flag = read_flag(*raw)) return json::value(*flag);
        break;
    case kwarg_type::integer:
    case kwarg_type::list:
    case kwarg_type::object: {
        auto const fits = [&](json::value const& document) {
            return type == kwarg_type::list     ? document.is_array()
                   : type == kwarg_type::object ? document.is_object()
                                                : document.is_number_integer();
        };
        if (fits(given)) return given;
        if (!raw) break;
        auto read = read_document(where, *raw);
        if (!read) return std::move(read).error();
        if (!*read) {
            std::string message{where};
            message.append(" must be ")
                .append(article_and_type(type))
                .append(": its text is neither a Python literal nor JSON");
            return fail(errc::invalid_argument, std::move(message));
        }
        if (fits(**read)) return std::move(**read);
        return wrong_type(where, type, article_and_type(**read));
    }
    }
    return wrong_type(where, type, article_and_type(given));
}

/// An environment list must name all its entries.
[[nodiscard]] inline result<void> check_environment(std::string_view where, json::value const& entries) {
    for (std::size_t i = 0; i != entries.size(); ++i) {
        auto const& entry = entries[i];
        std::string const place = std::string{where} + "[" + std::to_string(i) + "]";
        if (!entry.is_object()) return wrong_type(place, kwarg_type::object, article_and_type(entry));
        if (json::text_of(entry, "name").value_or("").empty())
            return fail(errc::invalid_argument, place + " has no name: give it one, as text");
    }
    return {};
}

/// `maxRunDuration`: seconds, at least one.
[[nodiscard]] inline result<duration> read_max_run(json::value const& given) {
    constexpr std::int64_t longest = 1'000'000'000;
    std::int64_t const seconds = json::as_integer(given).value_or(0);
    if (seconds < 1 || seconds > longest)
        return fail(errc::invalid_argument,
                    "maxRunDuration must be a whole number of seconds from 1 to " + std::to_string(longest));
    return duration{std::chrono::seconds{seconds}};
}

/// A value that was given at all: neither null nor the empty text that a shell makes of an unset variable.
[[nodiscard]] inline json::value const* given_member(json::value const& given, std::string_view name) noexcept {
    auto const* const found = json::member(given, name);
    return found != nullptr && json::as_text(*found) != std::string_view{} ? found : nullptr;
}

/// The single element of `containerDefinitions`; an empty object when there is none.
[[nodiscard]] inline result<json::value> container_definition(json::value const& given) {
    auto const refuse = [] {
        return fail(
            errc::invalid_argument,
            "containerDefinitions: Fargate agent only accepts configuration for a single container definition.");
    };
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    json::value const* found = nullptr;
    if (members != nullptr)
        for (auto const& [name, each] : *members)
            if (name == "containerDefinitions") found = &each;
    if (found == nullptr) return json::value::object();
    json::value list = *found;
    if (auto const raw = json::as_text(*found)) {
        auto read = read_document("containerDefinitions", *raw);
        if (!read) return std::move(read).error();
        if (!*read) return refuse();
        list = std::move(**read);
    }
    if (!list.is_array() || list.size() != 1 || !list[0].is_object()) return refuse();
    return std::move(list[0]);
}

struct no_environment {
    [[nodiscard]] std::optional<std::string> variable(std::string_view) const { return std::nullopt; }
    [[nodiscard]] result<std::string> read_file(std::string_view) const { return fail(errc::not_found, "no files"); }
};

} // namespace detail

namespace detail {

/// What becomes of mistakes in keyword arguments: all are noted, or else the first one ends the reading.
struct kwarg_mistakes {
    std::vector<finding>* all = nullptr;
    bool strict = false; ///< a name that nobody knows is one
    std::optional<error> first{};

    /// True when reading goes on.
    bool add(std::string_view where, error why) {
        if (all != nullptr)
            all->push_back(finding_of(why, where));
        else
            first = std::move(why);
        return all != nullptr;
    }
    template <log_policy Log>
    bool add(unknown_kwarg const& name, Log& log) {
        if (all != nullptr)
            all->push_back(name.as_finding());
        else if (strict)
            first = fail(errc::invalid_argument, name.refusal());
        else
            log.write(log_level::warning, name.warning());
        return all != nullptr || !strict;
    }
};

/// Reads all that can be read of keyword arguments.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] kwargs gather_kwargs(json::value const& given, Environment const& environment, Log& log,
                                   kwarg_mistakes& mistakes) {
    kwargs groups;
    bool goes_on = true;
    auto const wrong = [&](std::string_view where, error why) {
        goes_on = goes_on && mistakes.add(where, std::move(why));
        return json::value(nullptr);
    };
    auto const unknown = [&](std::vector<unknown_kwarg> const& names) {
        for (auto const& each : names) goes_on = goes_on && mistakes.add(each, log);
    };
    if (!given.is_null() && !given.is_object()) {
        wrong("keyword arguments", wrong_type("keyword arguments", kwarg_type::object, article_and_type(given)));
        return groups;
    }
    unknown(unknown_kwargs(given, !std::is_same_v<Environment, no_environment>));

    // The value of one name: what was given, else the environment's, else null; null, too, when it is wrong.
    auto const read = [&](json::value const& from, std::string_view prefix, std::string_view name, kwarg_type type,
                          std::string const& variable) -> json::value {
        if (!goes_on) return nullptr;
        std::string where = std::string{prefix} + std::string{name};
        auto const* given_value = given_member(from, name);
        json::value from_variable;
        if (given_value == nullptr) {
            auto const set = environment.variable(variable);
            if (!set || set->empty()) return nullptr;
            log.write(log_level::info,
                      prefix.empty() ? variable + " from environment variable"
                                     : "Container definition: " + std::string{name} + " from environment variable");
            where = "environment variable " + variable;
            from_variable = *set;
            given_value = &from_variable;
        }
        auto made = read_kwarg(where, type, *given_value);
        if (!made) return wrong(where, std::move(made).error());
        std::string_view const shape = name == "environments" ? "environment" : name;
        if (shape == "environment")
            if (auto named = check_environment(where, *made); !named) return wrong(where, std::move(named).error());
        std::vector<unknown_kwarg> names;
        std::vector<error> misfits;
        check_shape(where, shape, *made, names, misfits);
        for (auto& each : misfits) wrong(where, std::move(each));
        if (!misfits.empty()) return nullptr;
        unknown(names);
        return *std::move(made);
    };

    for (auto const& each : kwarg_names) {
        auto value = read(given, "", each.name, each.type, std::string{each.name});
        if (!goes_on) return groups;
        if (value.is_null()) { // an empty text says that none is wanted
            bool const emptied =
                json::text_of(given, each.name) && (each.type == kwarg_type::text || each.type == kwarg_type::amount);
            if (!emptied) continue;
            value = std::string{};
        }
        if (each.name == "maxRunDuration") {
            auto longest = read_max_run(value);
            if (longest)
                groups.max_run = *longest;
            else
                wrong(each.name, std::move(longest).error());
        }
        if (each.definition) json::set(groups.definition, each.name, value);
        if (each.run) json::set(groups.run, each.name, std::move(value));
    }

    auto container = container_definition(given);
    if (!container) wrong("containerDefinitions", container.error());
    if (!goes_on) return groups;
    json::value const inside = container ? *std::move(container) : json::value::object();
    constexpr std::string_view prefix = "containerDefinitions[0].";
    std::vector<std::string_view> known;
    for (auto const& each : container_names) known.push_back(each.name);
    std::vector<unknown_kwarg> names;
    for (auto const& [name, ignored] : *inside.get_ptr<json::value::object_t const*>())
        if (name != "environments" && std::find(known.begin(), known.end(), name) == known.end())
            names.push_back(unknown_name(prefix, name, known));
    unknown(names);
    for (auto const& each : container_names) {
        auto value = read(inside, prefix, each.name, each.type, "containerDefinitions_" + std::string{each.name});
        if (value.is_null() && each.name == "environment") // the product description's spelling
            value = read(inside, prefix, "environments", each.type, "containerDefinitions_environments");
        if (!value.is_null()) json::set(groups.container, each.name, std::move(value));
    }
    return groups;
}

} // namespace detail

/// Sorts keyword arguments into their groups and brings each value to its type. `given` is an object under AWS's names;
/// a value may also be text: a Python literal or JSON. What is not given is taken from the environment variable of that
/// name (`containerDefinitions_<name>` for the container's members). Unknown names are told to `log` and left out, unknown
/// members inside a value are told and kept; values are never logged. `errc::invalid_argument` names the argument that
/// cannot be read, or that AWS would refuse for its type; `strict`: also the unknown ones. `launchType` and `launch_type`
/// are left to `launch_type_of`. Follows Prefect's Fargate Agent, but for the corrections of its known mistakes.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<kwargs> read_kwargs(json::value const& given, Environment const& environment, Log& log,
                                         bool strict = false) {
    detail::kwarg_mistakes mistakes{nullptr, strict};
    auto groups = detail::gather_kwargs(given, environment, log, mistakes);
    if (mistakes.first) return *std::move(mistakes.first);
    return groups;
}

/// The same, as far as the arguments can be read, with everything that is wrong and every name that nobody knows.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] kwargs read_kwargs(json::value const& given, Environment const& environment, Log& log,
                                 std::vector<finding>& wrong) {
    detail::kwarg_mistakes mistakes{&wrong};
    return detail::gather_kwargs(given, environment, log, mistakes);
}

/// The same without an environment: for arguments that come from a file of their own, where no launch type may stand.
template <log_policy Log>
[[nodiscard]] result<kwargs> read_kwargs(json::value const& given, Log& log, bool strict = false) {
    return read_kwargs(given, detail::no_environment{}, log, strict);
}

/// The launch type that keyword arguments name, as `launch_type` or by its alias `launchType`: nothing when they name
/// none, an empty text when none is to be sent (empty or null). `errc::invalid_argument` when it is no text.
[[nodiscard]] inline result<std::optional<std::string>> launch_type_of(json::value const& given) {
    auto const* const members = given.get_ptr<json::value::object_t const*>();
    if (members == nullptr) return std::optional<std::string>{};
    for (char const* const wanted : {"launch_type", "launchType"}) {
        for (auto const& [name, value] : *members) {
            if (name != wanted) continue;
            if (value.is_null()) return std::optional<std::string>{""};
            auto const read = detail::read_kwarg(wanted, kwarg_type::text, value);
            if (!read) return read.error();
            return std::optional{std::string{json::as_text(*read).value_or("")}};
        }
    }
    return std::optional<std::string>{};
}

/// Puts one set of arguments over another: each name that `over` holds replaces the one in `base`, whole.
inline void replace(kwargs& base, kwargs const& over) {
    auto const replace_group = [](json::value& group, json::value const& with) {
        for (auto const& [name, value] : *with.get_ptr<json::value::object_t const*>()) json::set(group, name, value);
    };
    replace_group(base.definition, over.definition);
    replace_group(base.run, over.run);
    replace_group(base.container, over.container);
    if (over.max_run) base.max_run = over.max_run;
}

} // namespace fargate::inline v0::deploy

#endif
