#include "keywords.hpp"

#include <fargate/deploy/kwarg_names.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/service/keywords.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

using fargate::agent_options;
using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::service::keyword_kind;
using fargate::service::kind_of_keyword;
namespace text = fargate::text;

namespace {

result<void> usage(std::string message) { return fail(errc::invalid_argument, std::move(message)); }

/// What would be dangerous to pass over.
constexpr std::string_view only_of_start[] = {"check", "explain"};

template <class Names>
bool holds(Names const& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// What an option of the command line takes, once for each.
std::string_view option_for_each(std::string_view name) {
    if (name == "labels" || name == "label") return "labels are given as --label LABEL, once for each";
    if (name == "env_vars" || name == "env") return "env_vars are given as --env NAME=VALUE, once for each";
    return {};
}

bool is_option(std::string_view name) {
    return kind_of_keyword(name) != keyword_kind::unknown || !option_for_each(name).empty();
}

/// `launch-type` is `launch_type`; names of AWS's arguments have no dash.
std::string named(std::string_view word) {
    std::string made{word};
    std::replace(made.begin(), made.end(), '-', '_');
    return is_option(made) ? made : std::string{word};
}

/// How many brackets of a value are still open, quoted ones not counted.
std::ptrdiff_t open_brackets(std::string_view value) {
    std::ptrdiff_t open = 0;
    char quote = '\0';
    for (std::size_t at = 0; at != value.size(); ++at) {
        char const c = value[at];
        if (quote != '\0') {
            if (c == '\\' && at + 1 != value.size()) ++at;
            if (c == quote) quote = '\0';
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '{' || c == '[' || c == '(') {
            ++open;
        } else if (c == '}' || c == ']' || c == ')') {
            --open;
        }
    }
    return open;
}

/// `name=...` or `--...`: the begin of an argument, and no piece of one.
bool begins_argument(std::string_view word) {
    auto const equals = word.find('=');
    if (word.starts_with("--")) return true;
    return equals != std::string_view::npos && equals != 0 &&
           std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
                       [](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '_'; });
}

} // namespace

bool is_keyword(std::string_view name) {
    if (is_option(name) || name == "containerDefinitions") return true;
    auto const has_name = [&](auto const& each) { return each.name == name; };
    using fargate::deploy::container_names;
    using fargate::deploy::kwarg_names;
    return std::any_of(std::begin(kwarg_names), std::end(kwarg_names), has_name) ||
           std::any_of(std::begin(container_names), std::end(container_names), has_name);
}

result<void> read_keywords(agent_options& options, std::vector<std::string> const& words) {
    for (std::size_t at = 0; at != words.size(); ++at) {
        std::string_view word = words[at];
        bool const dashed = word.starts_with("--");
        if (dashed) word.remove_prefix(2);
        auto const equals = word.find('=');
        bool const single = !dashed && word.starts_with('-') && word.size() > 1;
        if (single)
            return usage("no such option: " + std::string{word.substr(0, equals)} +
                         " (arguments for AWS are written name=value or --name=value)");
        auto const name = named(word.substr(0, equals));
        if (name.empty()) return usage("an argument has no name before its \"=\": write name=value");
        if (holds(only_of_start, name))
            return usage(std::string{name}.append(" is no argument: write start --").append(name));
        std::string value;
        bool const is_flag = kind_of_keyword(name) == keyword_kind::flag;
        bool const has_next = dashed && at + 1 != words.size();
        if (equals != std::string_view::npos) {
            value = word.substr(equals + 1);
            // What a shell made of an unquoted $VARIABLE, as in the last example of Prefect's own description.
            while (at + 1 != words.size() && !begins_argument(words[at + 1]) && open_brackets(value) > 0)
                value += " " + words[++at];
        } else if (dashed && is_flag) {
            value = has_next && fargate::deploy::read_flag(words[at + 1]) ? words[++at] : "true";
        } else if (has_next && !words[at + 1].starts_with("--")) {
            value = words[++at];
        } else {
            return usage("\"" + words[at] + "\" has no value: write " + name + "=VALUE");
        }
        if (auto const instead = option_for_each(name); !instead.empty()) return usage(std::string{instead});
        if (auto set = fargate::service::set_keyword(options, name, std::move(value)); !set) return set;
    }
    return {};
}
