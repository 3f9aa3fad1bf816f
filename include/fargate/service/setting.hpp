#ifndef FARGATE_SERVICE_SETTING_HPP
#define FARGATE_SERVICE_SETTING_HPP

#include <fargate/core/result.hpp>
#include <fargate/deploy/kwargs.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/config.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/log.hpp>
#include <fargate/text/ascii.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// A log level's name in any case, Python's further names for them included, or its number (10 is DEBUG); nothing when it
/// is none.
[[nodiscard]] inline std::optional<log_level> read_level(std::string_view raw) noexcept {
    struct named {
        std::string_view name;
        log_level level;
    };
    static constexpr named known[] = {
        {"DEBUG", log_level::debug},    {"INFO", log_level::info},    {"WARNING", log_level::warning},
        {"WARN", log_level::warning},   {"ERROR", log_level::error},  {"CRITICAL", log_level::critical},
        {"FATAL", log_level::critical}, {"NOTSET", log_level::debug}, {"10", log_level::debug},
        {"20", log_level::info},        {"30", log_level::warning},   {"40", log_level::error},
        {"50", log_level::critical},
    };
    auto const word = text::trim(raw);
    for (auto const& each : known)
        if (text::iequals(word, each.name)) return each.level;
    return std::nullopt;
}

namespace detail {

/// A value as a message may show it: short, one line, in quotes.
[[nodiscard]] inline std::string in_quotes(std::string_view value) {
    return '"' + text::printable(value) + (value.size() > text::longest_shown ? "...\"" : "\"");
}

[[nodiscard]] inline std::optional<std::int64_t> read_integer(std::string_view raw) noexcept {
    auto const word = text::trim(raw);
    std::int64_t number = 0;
    auto const read = std::from_chars(word.data(), word.data() + word.size(), number);
    if (read.ec != std::errc{} || read.ptr != word.data() + word.size()) return std::nullopt;
    return number;
}

/// A switch: the option, else the variable of its name, else off.
template <environment_policy Environment>
[[nodiscard]] result<bool> flag_of(std::optional<bool> given, std::string_view name, Environment const& environment) {
    if (given) return *given;
    auto const word = filled_variable(environment, name);
    if (!word) return false;
    if (auto const flag = deploy::read_flag(*word)) return *flag;
    return fail(errc::bad_configuration, std::string{name} + " must be true or false, not " + in_quotes(*word));
}

[[nodiscard]] inline std::string default_of(std::string_view path) {
    for (auto const& each : config_defaults)
        if (each.path == path) return std::string{each.text};
    return {};
}

/// The level inside the flows' containers. Python takes no name but in capitals.
[[nodiscard]] inline std::string logging_level_of(std::string_view given, config const& from) {
    std::string level{text::trim(given)};
    if (level.empty()) level = from.text("logging.level");
    if (level.empty()) level = "INFO";
    return read_level(level) ? text::upper(level) : level;
}

using named_texts = std::vector<std::pair<std::string, std::string>>;

/// Puts a text in place of the one of that name, or behind the others.
inline void put_text(named_texts& into, std::string name, std::string value) {
    for (auto& [known, each] : into)
        if (known == name) {
            each = std::move(value);
            return;
        }
    into.emplace_back(std::move(name), std::move(value));
}

/// Text that should hold a list or a dict and may be JSON: what it holds.
[[nodiscard]] inline json::value as_document(json::value value) {
    auto const raw = json::as_text(value);
    if (!raw) return value;
    auto const word = text::trim(*raw);
    if (!word.starts_with('[') && !word.starts_with('{')) return value;
    auto read = json::parse(word);
    return read ? *std::move(read) : value;
}

/// Labels as people write them: a list, one word, or words with commas between. `raw` is the text behind `value`.
[[nodiscard]] inline result<std::vector<std::string>> read_labels(std::string_view where, json::value const& value,
                                                                  std::string_view raw) {
    std::vector<std::string> labels;
    auto const document = as_document(value);
    bool good = !document.is_object();
    if (document.is_array()) {
        for (auto const& each : document) {
            good = good && !each.is_structured() && !each.is_null();
            if (good) labels.push_back(python_text(each));
        }
    } else if (good) {
        std::string_view rest = json::as_text(document).value_or(raw);
        good = !text::trim(rest).starts_with('[') && !text::trim(rest).starts_with('{');
        while (!rest.empty()) {
            auto const comma = rest.find(',');
            if (auto const word = text::trim(rest.substr(0, comma)); !word.empty()) labels.emplace_back(word);
            rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        }
    }
    if (good) return labels;
    return fail(errc::bad_configuration,
                std::string{where} + " must be a list of labels, such as ['dev', 'gpu'] or dev,gpu");
}

/// Environment variables as a dict; each value is kept as text.
[[nodiscard]] inline result<named_texts> read_env_vars(std::string_view where, json::value const& value) {
    auto const document = as_document(value);
    named_texts made;
    auto const* const members = document.get_ptr<json::value::object_t const*>();
    if (members == nullptr)
        return fail(errc::bad_configuration,
                    std::string{where} + " must be a table or a dict, such as {'NAME': 'value'}");
    for (auto const& [name, each] : *members) {
        if (each.is_structured())
            return fail(errc::bad_configuration,
                        std::string{where} + ": the value of " + in_quotes(name) + " must be text");
        put_text(made, name, python_text(each));
    }
    return made;
}

/// Looks settings up: what was given, else Prefect's configuration, else the plain variable, else Prefect's default.
template <environment_policy Environment>
struct source {
    config const& from;
    Environment const& environment;

    [[nodiscard]] std::string text(std::string_view option, std::string_view path, std::string_view variable) const {
        std::string found{text::trim(option)};
        if (found.empty() && from.given(path)) found = from.text(path);
        if (found.empty() && !variable.empty()) found = text::trim(environment.variable(variable).value_or(""));
        return found.empty() ? from.text(path) : found;
    }

    [[nodiscard]] result<std::vector<std::string>> labels(std::vector<std::string> const& option) const {
        if (!option.empty()) return option;
        constexpr std::string_view path = "cloud.agent.labels";
        if (!from.below(path).empty())
            return fail(errc::bad_configuration, "cloud.agent.labels must be a list of labels, not a table");
        if (auto const* const value = from.given(path) ? from.value(path) : nullptr)
            if (auto read = read_labels("cloud.agent.labels (PREFECT__CLOUD__AGENT__LABELS)", *value, from.text(path));
                !read || !read->empty())
                return read;
        if (auto const raw = filled_variable(environment, "labels")) return read_labels("labels", typed(*raw), *raw);
        return std::vector<std::string>{};
    }

    [[nodiscard]] result<named_texts> env_vars(named_texts const& option) const {
        if (!option.empty()) return option;
        constexpr std::string_view path = "cloud.agent.env_vars";
        named_texts made;
        if (auto const* const value = from.value(path); value != nullptr && !from.text(path).empty()) {
            auto read = read_env_vars("cloud.agent.env_vars (PREFECT__CLOUD__AGENT__ENV_VARS)", *value);
            if (!read) return read;
            made = *std::move(read);
        }
        for (auto& [name, value] : from.below(path)) {
            if (!value || name.empty())
                return fail(errc::bad_configuration,
                            "cloud.agent.env_vars: the value of " + in_quotes(name) + " must be text");
            put_text(made, std::move(name), *std::move(value));
        }
        if (!made.empty()) return made;
        if (auto const raw = filled_variable(environment, "env_vars")) return read_env_vars("env_vars", typed(*raw));
        return made;
    }
};

} // namespace detail

} // namespace fargate::inline v0::service

#endif
