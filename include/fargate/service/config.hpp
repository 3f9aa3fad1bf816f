#ifndef FARGATE_SERVICE_CONFIG_HPP
#define FARGATE_SERVICE_CONFIG_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/json/json.hpp>
#include <fargate/service/config_text.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::service {

/// One setting's path and text, as Prefect itself ships it.
struct config_default {
    std::string_view path;
    std::string_view text;
};

/// What Prefect 0.13 ships of that which concerns the agent.
inline constexpr config_default config_defaults[] = {
    {"backend", "cloud"},
    {"home_dir", "~/.prefect"},
    {"server.host", "http://localhost"},
    {"server.port", "4200"},
    {"server.endpoint", "${server.host}:${server.port}"},
    {"cloud.endpoint", "https://api.prefect.io"},
    {"cloud.api", "${${backend}.endpoint}"},
    {"cloud.graphql", "${cloud.api}/graphql"},
    {"cloud.diagnostics", "false"},
    {"cloud.queue_interval", "30.0"},
    {"cloud.agent.name", "agent"},
    {"cloud.agent.labels", "[]"},
    {"cloud.agent.level", "INFO"},
    {"cloud.agent.auth_token", ""},
    {"cloud.agent.agent_address", ""},
    {"logging.level", "INFO"},
    {"logging.format", "[%(asctime)s] %(levelname)s - %(name)s | %(message)s"},
    {"logging.datefmt", "%Y-%m-%d %H:%M:%S%z"},
    {"logging.log_to_cloud", "false"},
};

/// Prefect's configuration of the 0.13 to 1.x family: its defaults, over them the tree of its files, over that the
/// variables `PREFECT__SECTION__KEY`. Each text is expanded (`$NAME`, `${NAME}`, `~`), then typed (true, false, Python
/// literals), then references to other settings (`${section.key}`) are put in, the innermost first; a reference that is all
/// of the text keeps the type, one to nothing leaves nothing. Paths are dotted: `cloud.agent.name`.
///
/// What is text by its meaning stays the text that was written, whatever it looks like: `backend`, `home_dir`, addresses,
/// tokens, keys, names, levels, formats, and all of `cloud.agent.env_vars`; one pair of Python quotes is taken off, and
/// `None` is nothing. Tokens are expanded like all else, as Prefect documents it: one that holds `$` and the name of a
/// variable that is set belongs into the agent's options, which are taken as they are.
///
/// Time and memory are bounded whatever the settings refer to. Const members may be called from several threads.
class config {
public:
    config() = default;
    config(config const&) = default;
    config(config&&) = default;
    config& operator=(config const&) = default;
    config& operator=(config&&) = default;
    ~config() {
        for (auto& [path, each] : settings_) {
            json::wipe(each.value);
            wipe(each.written);
        }
    }

    /// `tree` is what the files say, tables as objects; `backend` counts before all sources when not empty.
    /// `errc::bad_configuration` when the tree is no object or too deep. What settings are good for is said by those who
    /// ask for them.
    template <environment_policy Environment>
    [[nodiscard]] static result<config> read(json::value const& tree, Environment const& environment,
                                             std::string_view backend = {}) {
        config made;
        for (auto const& [path, text] : config_defaults) made.put_text(std::string{path}, text, environment);
        for (auto& [path, each] : made.settings_) each.given = false;
        if (!tree.is_null() && !tree.is_object())
            return fail(errc::bad_configuration, "config must be an object: the tables of Prefect's configuration");
        if (!made.put_tree({}, tree, environment, 0))
            return fail(errc::bad_configuration, "config is nested too deep: Prefect's configuration has three levels");
        made.put_variables(environment);
        if (!backend.empty()) made.put("backend", json::value(std::string{backend}), {});
        if (text::trim(made.text("backend")).empty()) made.put("backend", std::string{"cloud"}, {});
        made.put_references(environment);
        return made;
    }

    /// The setting as it is typed; nullptr when there is none or when it is null.
    [[nodiscard]] json::value const* value(std::string_view path) const noexcept {
        auto const* const found = find(path);
        return found == nullptr || found->value.is_null() ? nullptr : &found->value;
    }

    /// The setting as it was written, blanks around it taken off; empty when there is none.
    [[nodiscard]] std::string text(std::string_view path) const {
        auto const* const found = find(path);
        if (found == nullptr || found->value.is_null()) return {};
        return std::string{text::trim(written(*found))};
    }

    /// Whether a file or a variable speaks of it, and not Prefect's defaults alone.
    [[nodiscard]] bool given(std::string_view path) const noexcept {
        auto const* const found = find(path);
        return found != nullptr && found->given;
    }

    /// What stands directly below a table, in order: name and text as it was written, for `cloud.agent.env_vars`. The text
    /// is nothing where there is a list or a further table.
    [[nodiscard]] std::vector<std::pair<std::string, std::optional<std::string>>> below(std::string_view table) const {
        std::string const inside = std::string{table} + '.';
        std::vector<std::pair<std::string, setting const*>> found;
        for (auto at = settings_.lower_bound(inside); at != settings_.end() && at->first.starts_with(inside); ++at)
            found.emplace_back(at->first.substr(inside.size()), &at->second);
        std::sort(found.begin(), found.end(),
                  [](auto const& a, auto const& b) { return a.second->order < b.second->order; });
        std::vector<std::pair<std::string, std::optional<std::string>>> made;
        for (auto& [name, each] : found) {
            bool const plain =
                name.find('.') == std::string::npos && (!each->value.is_structured() || !each->written.empty());
            made.emplace_back(std::move(name), plain ? std::optional{written(*each)} : std::nullopt);
        }
        return made;
    }

private:
    struct setting {
        json::value value{};
        std::string written{}; ///< the text that `value` was read from when it is no text itself
        std::size_t order = 0;
        bool given = true;
    };

    static constexpr std::string_view prefix = "PREFECT__";
    static constexpr std::string_view secrets = "CONTEXT__SECRETS__";
    static constexpr std::size_t longest_path = 1024;
    static constexpr std::size_t most_substituted = 4 * 1024 * 1024; ///< in all settings together, in bytes
    static constexpr int reference_passes = 10;

    [[nodiscard]] static bool is_text(std::string_view path) noexcept {
        static constexpr std::string_view always[] = {
            "backend",           "home_dir",
            "server.host",       "server.endpoint",
            "cloud.endpoint",    "cloud.api",
            "cloud.auth_token",  "cloud.api_key",
            "cloud.tenant_id",   "cloud.agent.name",
            "cloud.agent.level", "cloud.agent.auth_token",
            "logging.level",     "cloud.agent.agent_address",
            "logging.format",
        };
        return std::find(std::begin(always), std::end(always), path) != std::end(always);
    }

    [[nodiscard]] static std::string written(setting const& of) {
        if (of.value.is_string() || of.written.empty()) return python_text(of.value);
        return of.written;
    }

    [[nodiscard]] setting const* find(std::string_view path) const noexcept {
        auto const found = settings_.find(path);
        return found == settings_.end() ? nullptr : &found->second;
    }

    /// Replaces a setting and all below it; a table that was one value makes room, unless it was a dict: then both count.
    void put(std::string path, json::value value, std::string raw) {
        if (path.empty() || path.size() > longest_path) return;
        for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1))
            if (auto const above = settings_.find(std::string_view{path}.substr(0, dot));
                above != settings_.end() && !above->second.value.is_object())
                settings_.erase(above);
        std::string const inside = path + '.';
        auto first = settings_.lower_bound(inside);
        while (first != settings_.end() && first->first.starts_with(inside)) first = settings_.erase(first);
        auto& place = settings_[std::move(path)];
        if (place.order == 0) place.order = ++orders_;
        place.value = std::move(value);
        place.written = std::move(raw);
        place.given = true;
    }

    template <class Environment>
    void put_text(std::string path, std::string_view raw, Environment const& environment) {
        auto expanded = expand(raw, environment);
        if (!expanded) return put(std::move(path), json::value(nullptr), {});
        auto value = typed(*expanded);
        if (value.is_string()) return put(std::move(path), std::move(value), {});
        if (!value.is_null() && is_text(path)) return put(std::move(path), json::value(*std::move(expanded)), {});
        put(std::move(path), std::move(value), *std::move(expanded));
    }

    template <class Environment>
    [[nodiscard]] bool put_tree(std::string const& path, json::value const& node, Environment const& environment,
                                std::size_t depth) {
        if (depth > json::deepest) return false;
        if (auto const* const members = node.get_ptr<json::value::object_t const*>()) {
            for (auto const& [name, each] : *members) {
                std::string below = path.empty() ? name : path + '.' + name;
                if (below.size() <= longest_path && !put_tree(below, each, environment, depth + 1)) return false;
            }
        } else if (auto const text = json::as_text(node)) {
            put_text(path, *text, environment);
        } else if (!node.is_null()) {
            auto const* const flag = node.get_ptr<bool const*>();
            std::string shown = flag != nullptr ? *flag ? "true" : "false" : node.is_array() ? "" : python_text(node);
            put(path, is_text(path) ? json::value(shown) : node, shown);
        }
        return true;
    }

    /// `CLOUD__AGENT__NAME` is `cloud.agent.name`.
    [[nodiscard]] static std::string path_of(std::string_view name) {
        bool const secret = text::iequals(name.substr(0, secrets.size()), secrets);
        std::string path;
        for (;;) {
            auto const end = name.find("__");
            auto const part = name.substr(0, end);
            path += secret && end == std::string_view::npos ? std::string{part} : text::lower(part);
            if (end == std::string_view::npos) return path;
            path += '.';
            name.remove_prefix(end + 2);
        }
    }

    [[nodiscard]] static std::string variable_of(std::string_view path) {
        std::string name{prefix};
        for (char const c : path) {
            if (c == '.')
                name += "__";
            else
                name += text::to_upper(c);
        }
        return name;
    }

    template <class Environment>
    void put_variables(Environment const& environment) {
        if constexpr (requires { environment.variables(prefix); }) {
            std::vector<std::pair<std::string, std::string>> found = environment.variables(prefix);
            std::sort(found.begin(), found.end());
            for (auto& [name, text] : found) {
                if (name.size() > longest_path) continue;
                put_text(path_of(std::string_view{name}.substr(prefix.size())), text, environment);
                wipe(text);
            }
        } else {
            for (auto const& each : config_defaults) put_variable(each.path, environment);
            for (auto const path : {"cloud.auth_token", "cloud.api_key", "cloud.tenant_id", "cloud.agent.env_vars",
                                    "cloud.send_flow_run_logs"})
                put_variable(path, environment);
        }
    }

    template <class Environment>
    void put_variable(std::string_view path, Environment const& environment) {
        if (auto const text = environment.variable(variable_of(path))) put_text(std::string{path}, *text, environment);
    }

    struct reference {
        std::size_t at = std::string_view::npos;
        std::size_t size = 0;
    };

    /// The first `${...}` that has none inside.
    [[nodiscard]] static reference find_reference(std::string_view raw) noexcept {
        for (std::size_t at = raw.find("${"); at != std::string_view::npos; at = raw.find("${", at + 1)) {
            if (at + 2 >= raw.size() || raw[at + 2] == '\n') continue;
            std::size_t const end = raw.find_first_of("${}", at + 3);
            if (end != std::string_view::npos && raw[end] == '}') return {at, end + 1 - at};
        }
        return {};
    }

    /// Whether putting the one in would take the other away.
    [[nodiscard]] static bool is_around(std::string_view one, std::string_view other) noexcept {
        auto const longer = one.size() > other.size() ? one : other;
        auto const shorter = one.size() > other.size() ? other : one;
        return longer.size() > shorter.size() && longer.starts_with(shorter) && longer[shorter.size()] == '.';
    }

    [[nodiscard]] std::string open_text(std::string_view path) const {
        auto const* const found = find(path);
        return std::string{found == nullptr ? std::string_view{} : json::as_text(found->value).value_or("")};
    }

    /// One reference of each setting a pass, as Prefect does; a setting that grows without end becomes null.
    template <class Environment>
    void put_references(Environment const& environment) {
        std::vector<std::string> open;
        for (auto const& [path, each] : settings_)
            if (auto const raw = json::as_text(each.value); raw && find_reference(*raw).size != 0) open.push_back(path);
        std::size_t substituted = 0;
        for (int pass = 0; pass != reference_passes; ++pass) {
            for (std::size_t i = 0; i != open.size(); ++i) {
                std::string const raw = open_text(open[i]);
                auto const where = find_reference(raw);
                if (where.size == 0) continue;
                std::string const name = raw.substr(where.at + 2, where.size - 3);
                if constexpr (!requires { environment.variables(prefix); }) {
                    if (find(name) == nullptr && !is_around(name, open[i])) {
                        put_variable(name, environment);
                        if (find(name) != nullptr) open.push_back(name);
                    }
                }
                auto const* const source = find(name);
                auto& place = settings_.find(open[i])->second;
                std::string const shown = source != nullptr ? python_text(source->value) : "";
                std::size_t const size = raw.size() - where.size + shown.size();
                substituted += size;
                if (size > std::max(raw.size(), longest_setting) || substituted > most_substituted) {
                    place.value = nullptr;
                } else if (where.size != raw.size()) {
                    place.value = std::string{raw}.replace(where.at, where.size, shown);
                } else if (source == nullptr) {
                    place.value = std::string{};
                } else {
                    auto value = source->value;
                    place.written = source->written;
                    place.value = std::move(value);
                }
            }
        }
    }

    std::map<std::string, setting, std::less<>> settings_;
    std::size_t orders_ = 0;
};

} // namespace fargate::inline v0::service

#endif
