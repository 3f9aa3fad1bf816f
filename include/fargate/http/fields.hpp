#ifndef FARGATE_HTTP_FIELDS_HPP
#define FARGATE_HTTP_FIELDS_HPP

#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::http {

struct field {
    std::string name;
    std::string value;
};

/// Header fields in the order they were added; names compare without regard to ASCII case (RFC 9110 §5.1).
class fields {
public:
    fields() = default;
    fields(std::initializer_list<field> list) : list_{list} {}

    /// Appends a field, beside any others of the same name.
    void add(std::string name, std::string value) { list_.push_back({std::move(name), std::move(value)}); }

    /// Puts the value in place of the first field of that name and drops the others; appends when there is none.
    void set(std::string name, std::string value) {
        bool placed = false;
        std::erase_if(list_, [&](field& each) {
            if (!text::iequals(each.name, name)) return false;
            if (placed) return true;
            each.value = value;
            placed = true;
            return false;
        });
        if (!placed) add(std::move(name), std::move(value));
    }

    void erase(std::string_view name) {
        std::erase_if(list_, [&](field const& each) { return text::iequals(each.name, name); });
    }

    /// The first value of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
        for (auto const& each : list_)
            if (text::iequals(each.name, name)) return each.value;
        return std::nullopt;
    }

    /// The first value of that name, or empty text.
    [[nodiscard]] std::string_view value_of(std::string_view name) const noexcept { return find(name).value_or(""); }

    [[nodiscard]] auto begin() const noexcept { return list_.begin(); }
    [[nodiscard]] auto end() const noexcept { return list_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return list_.size(); }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    void clear() noexcept { list_.clear(); }

private:
    std::vector<field> list_;
};

} // namespace fargate::inline v0::http

#endif
