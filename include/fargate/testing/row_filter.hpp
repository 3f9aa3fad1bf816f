#ifndef FARGATE_TESTING_ROW_FILTER_HPP
#define FARGATE_TESTING_ROW_FILTER_HPP

#include <fargate/json/json.hpp>
#include <fargate/testing/graphql_check.hpp>
#include <fargate/testing/graphql_document.hpp>
#include <fargate/testing/prefect_schema.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing::graphql {

namespace detail {

/// Less than zero, zero or more as `left` sorts before, with or after `right`. Dates compare as moments.
[[nodiscard]] inline int compare(json::value const& left, json::value const& right) {
    auto const a = json::as_text(left);
    auto const b = json::as_text(right);
    if (a && b) {
        auto const early = text::parse_iso8601(*a);
        auto const late = text::parse_iso8601(*b);
        if (early && late) return *early < *late ? -1 : *early > *late ? 1 : 0;
        return a->compare(*b);
    }
    if (left == right) return 0;
    return left < right ? -1 : 1;
}

[[nodiscard]] inline bool like(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() != '%')
        return !text.empty() && (pattern.front() == '_' || pattern.front() == text.front()) &&
               like(text.substr(1), pattern.substr(1));
    while (pattern.starts_with('%')) pattern.remove_prefix(1);
    if (pattern.empty()) return true;
    for (std::size_t at = 0; at <= text.size(); ++at)
        if (like(text.substr(at), pattern)) return true;
    return false;
}

[[nodiscard]] inline bool satisfies(json::value const& cell, std::string_view how, json::value const& wanted) {
    if (how == "_is_null") return cell.is_null() == (wanted == json::value(true));
    // SQL: a comparison with null is never true.
    if (cell.is_null()) return false;
    auto const among = [&] {
        return std::any_of(wanted.begin(), wanted.end(),
                           [&](json::value const& each) { return compare(cell, each) == 0; });
    };
    if (how == "_eq") return compare(cell, wanted) == 0;
    if (how == "_neq") return compare(cell, wanted) != 0;
    if (how == "_gt") return compare(cell, wanted) > 0;
    if (how == "_gte") return compare(cell, wanted) >= 0;
    if (how == "_lt") return compare(cell, wanted) < 0;
    if (how == "_lte") return compare(cell, wanted) <= 0;
    if (how == "_in") return among();
    if (how == "_nin") return !among();
    if (how == "_contains") {
        auto const* const members = wanted.get_ptr<json::value::object_t const*>();
        if (members != nullptr && cell.is_object())
            return std::all_of(members->begin(), members->end(), [&](auto const& each) {
                auto const* const own = json::member(cell, each.first);
                return own != nullptr && satisfies(*own, "_contains", each.second);
            });
        if (wanted.is_array() && cell.is_array())
            return std::all_of(wanted.begin(), wanted.end(), [&](json::value const& each) {
                return std::find(cell.begin(), cell.end(), each) != cell.end();
            });
        return cell == wanted;
    }
    std::string const text{json::as_text(cell).value_or("")};
    std::string const pattern{json::as_text(wanted).value_or("")};
    bool const folded = how == "_ilike" || how == "_nilike";
    bool const match = folded ? like(text::lower(text), text::lower(pattern)) : like(text, pattern);
    return how.starts_with("_n") ? !match : match;
}

} // namespace detail

/// Whether a row satisfies a `where` of Hasura's form. Relations (`task_runs`) hold when one of their rows does.
[[nodiscard]] inline bool selects(json::value const& where, json::value const& row) {
    auto const* const conditions = where.get_ptr<json::value::object_t const*>();
    if (conditions == nullptr) return true;
    for (auto const& [name, wanted] : *conditions) {
        // Hasura takes a null condition for one that is not there.
        if (wanted.is_null()) continue;
        if (name == "_and" || name == "_or") {
            json::value const list = wanted.is_array() ? wanted : json::value::array({wanted});
            auto const holds = [&](json::value const& each) { return selects(each, row); };
            if (name == "_and" ? !std::all_of(list.begin(), list.end(), holds)
                               : !std::any_of(list.begin(), list.end(), holds))
                return false;
            continue;
        }
        if (name == "_not") {
            if (selects(wanted, row)) return false;
            continue;
        }
        json::value const* const found = json::member(row, name);
        json::value const cell = found != nullptr ? *found : json::value{};
        auto const* const tests = wanted.get_ptr<json::value::object_t const*>();
        if (tests == nullptr) return false;
        bool const comparison = std::all_of(tests->begin(), tests->end(), [](auto const& each) {
            return each.first.starts_with("_") && each.first != "_and" && each.first != "_or" && each.first != "_not";
        });
        if (tests->empty()) continue;
        if (!comparison) {
            bool const held =
                cell.is_array()
                    ? std::any_of(cell.begin(), cell.end(),
                                  [&, &inner = wanted](json::value const& each) { return selects(inner, each); })
                    : cell.is_object() && selects(wanted, cell);
            if (!held) return false;
            continue;
        }
        for (auto const& [how, value] : *tests)
            if (!value.is_null() && !detail::satisfies(cell, how, value)) return false;
    }
    return true;
}

/// The rows that a field asks for: `where`, `order_by`, `offset`, `limit`.
[[nodiscard]] inline std::vector<json::value const*> rows_for(field const& asked, checker const& values,
                                                              std::vector<json::value const*> rows) {
    json::value const where = values.argument(asked, "where");
    std::erase_if(rows, [&](json::value const* each) { return !selects(where, *each); });
    json::value order = values.argument(asked, "order_by");
    if (order.is_object()) order = json::value::array({order});
    if (order.is_array())
        for (auto each = order.rbegin(); each != order.rend(); ++each)
            for (auto const& [column, way] : *each->get_ptr<json::value::object_t const*>())
                std::stable_sort(rows.begin(), rows.end(),
                                 [&, &key = column, &direction = way](json::value const* a, json::value const* b) {
                                     auto const* const left = json::member(*a, key);
                                     auto const* const right = json::member(*b, key);
                                     if (left == nullptr || right == nullptr)
                                         return right == nullptr && left != nullptr;
                                     int const sign = detail::compare(*left, *right);
                                     return json::as_text(direction).value_or("").starts_with("desc") ? sign > 0
                                                                                                      : sign < 0;
                                 });
    auto const number = [&](char const* name) -> std::optional<std::size_t> {
        json::value const given = values.argument(asked, name);
        auto const whole = json::integer_of(json::value{{"n", given}}, "n");
        return whole && *whole >= 0 ? std::optional{static_cast<std::size_t>(*whole)} : std::nullopt;
    };
    if (auto const skip = number("offset"))
        rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(std::min(*skip, rows.size())));
    if (auto const most = number("limit"); most && *most < rows.size()) rows.resize(*most);
    return rows;
}

/// A row cut to what is selected, in the order of the selection.
[[nodiscard]] inline json::value project(std::vector<field> const& selection, checker const& values,
                                         json::value const& row, std::string_view type) {
    json::value made = json::value::object();
    for (auto const& each : selection) {
        if (each.name == "__typename") {
            json::set(made, each.alias, std::string{type});
            continue;
        }
        auto const* const cell = json::member(row, each.name);
        if (each.selection.empty() || cell == nullptr) {
            json::set(made, each.alias, cell != nullptr ? *cell : json::value{});
            continue;
        }
        if (!cell->is_array()) {
            json::set(made, each.alias, project(each.selection, values, *cell, each.name));
            continue;
        }
        std::vector<json::value const*> rows;
        for (auto const& one : *cell) rows.push_back(&one);
        json::value list = json::value::array();
        for (auto const* one : rows_for(each, values, std::move(rows)))
            list.push_back(project(each.selection, values, *one, each.name));
        json::set(made, each.alias, std::move(list));
    }
    return made;
}

} // namespace fargate::inline v0::testing::graphql

#endif
