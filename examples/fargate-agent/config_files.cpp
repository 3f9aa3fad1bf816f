#include "config_files.hpp"

#include <fargate/text/ascii.hpp>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <sstream>
#include <vector>

using fargate::errc;
using fargate::fail;
using fargate::result;
namespace json = fargate::json;

namespace {

/// More dots than this in one dotted key would nest tables deeper than any stack is.
constexpr std::size_t most_dots = 1024;

template <class Value>
json::value shown(Value const& value) {
    std::ostringstream out;
    out << value;
    json::value made = out.str();
    return made;
}

/// What stands in a table, as it stands in the file.
std::vector<std::pair<toml::key const*, toml::node const*>> in_order(toml::table const& table) {
    std::vector<std::pair<toml::key const*, toml::node const*>> entries;
    for (auto const& [name, each] : table) entries.emplace_back(&name, &each);
    std::sort(entries.begin(), entries.end(), [](auto const& left, auto const& right) {
        auto const& a = left.first->source().begin;
        auto const& b = right.first->source().begin;
        return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
    return entries;
}

/// A node as JSON; nothing when it is nested too deep.
std::optional<json::value> tree_of(toml::node const& node, std::size_t depth = 0) {
    if (depth > json::deepest) return std::nullopt;
    if (auto const* const table = node.as_table()) {
        auto made = json::value::object();
        for (auto const& [name, each] : in_order(*table)) {
            auto value = tree_of(*each, depth + 1);
            if (!value) return std::nullopt;
            made.get_ptr<json::value::object_t*>()->emplace_back(std::string{name->str()}, *std::move(value));
        }
        return made;
    }
    if (auto const* const list = node.as_array()) {
        auto made = json::value::array();
        for (auto const& each : *list) {
            auto value = tree_of(each, depth + 1);
            if (!value) return std::nullopt;
            made.push_back(*std::move(value));
        }
        return made;
    }
    if (auto const* const text = node.as_string()) return json::value(text->get());
    if (auto const* const flag = node.as_boolean()) return json::value(flag->get());
    if (auto const* const whole = node.as_integer()) return json::value(whole->get());
    if (auto const* const date = node.as_date()) return shown(date->get());
    if (auto const* const time = node.as_time()) return shown(time->get());
    if (auto const* const moment = node.as_date_time()) return shown(moment->get());
    if (auto const* const real = node.as_floating_point()) {
        double const value = real->get();
        if (std::isfinite(value)) return json::value(value);
        return json::value(std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    }
    return json::value(nullptr);
}

/// The line of a key that is nested too deep, outside of the few places where dots mean nothing.
std::optional<std::size_t> line_of_dots(std::string_view text) {
    std::size_t line = 1;
    std::size_t dots = 0;
    for (char const c : text) {
        if (c == '\n') ++line;
        if (c == '\n' || c == '=' || c == ',' || c == '[' || c == '{')
            dots = 0;
        else if (c == '.' && ++dots > most_dots)
            return line;
    }
    return std::nullopt;
}

/// A reason on one line. What stands in quotes may be a piece of a value, and that of a secret.
std::string reason(std::string_view description) {
    std::string made;
    for (std::size_t at = 0; at < description.size();) {
        auto const open = description[at] == '\'' ? at + 1 : std::string_view::npos;
        auto const close = description.find('\'', open);
        if (close != std::string_view::npos && close - open > 4) {
            made += "'...'";
            at = close + 1;
            continue;
        }
        auto const end = close == std::string_view::npos ? at + 1 : close + 1;
        for (; at != end; ++at) made += static_cast<unsigned char>(description[at]) < ' ' ? ' ' : description[at];
    }
    return made;
}

} // namespace

result<json::value> read_toml(std::string_view text, std::string const& path) {
    auto const refuse = [&](std::size_t line, std::size_t column, std::string const& why) {
        return fail(errc::bad_configuration,
                    path + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + why);
    };
    if (auto const line = line_of_dots(text)) return refuse(*line, 1, "a key is nested too deep");
    auto const read = toml::parse(text);
    if (!read) {
        auto const& why = read.error();
        return refuse(why.source().begin.line, why.source().begin.column, reason(why.description()));
    }
    auto tree = tree_of(read.table());
    if (!tree) return fail(errc::bad_configuration, path + ": tables are nested too deep");
    return *std::move(tree);
}

void merge_tables(json::value& base, json::value over) {
    auto* const members = over.get_ptr<json::value::object_t*>();
    if (members == nullptr) return;
    auto* const known = base.get_ptr<json::value::object_t*>();
    for (auto& [name, each] : *members) {
        auto found = known->begin();
        while (found != known->end() && found->first != name) ++found;
        if (found != known->end() && found->second.is_object() && each.is_object())
            merge_tables(found->second, std::move(each));
        else
            json::set(base, name, std::move(each));
    }
}

std::string api_slug(std::string_view api) {
    std::string made;
    for (char const raw : api) {
        char const c = fargate::text::to_lower(raw);
        bool const kept = fargate::text::is_lower(c) || fargate::text::is_digit(c) || c == '.';
        if (kept)
            made += c;
        else if (!made.empty() && made.back() != '-')
            made += '-';
    }
    while (made.ends_with('-')) made.pop_back();
    return made;
}

bool is_no_file(std::string const& path) {
    std::error_code failed;
    auto const status = std::filesystem::status(path, failed);
    return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}
