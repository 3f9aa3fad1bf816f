#ifndef FARGATE_AGENT_CONFIG_FILES_HPP
#define FARGATE_AGENT_CONFIG_FILES_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/settings.hpp>
#include <fargate/service/configuration.hpp>
#include <fargate/service/options.hpp>
#include <fargate/system/environment.hpp>

#include <string>
#include <string_view>
#include <utility>

/// Reads a TOML document into a tree: tables as objects, dates, times, inf and nan as text. What TOML refuses is one line
/// with the file's name, the line, the column and the reason; values are left out of it.
[[nodiscard]] fargate::result<fargate::json::value> read_toml(std::string_view text, std::string const& path);

/// Puts one tree of tables over another, key by key; what is no table replaces.
void merge_tables(fargate::json::value& base, fargate::json::value over);

/// An API's address as the names of login files hold it: `https://api.prefect.io` is `https-api.prefect.io`.
[[nodiscard]] std::string api_slug(std::string_view api);

/// Whether something is at `path` that is no file: a directory, a pipe.
[[nodiscard]] bool is_no_file(std::string const& path);

/// The tree of one file; an empty one when there is no such file.
template <fargate::environment_policy Environment>
[[nodiscard]] fargate::result<fargate::json::value> read_toml_file(std::string const& path,
                                                                   Environment const& environment) {
    if (path.empty() || is_no_file(path)) return fargate::json::value::object();
    auto text = environment.read_file(path);
    if (!text && text.error().code == fargate::errc::not_found) return fargate::json::value::object();
    if (!text) return std::move(text).error();
    auto tree = read_toml(*text, path);
    fargate::wipe(*text);
    return tree;
}

/// What Prefect's configuration files say: the file that PREFECT__USER_CONFIG_PATH names (`~/.prefect/config.toml`), and
/// over it that of PREFECT__BACKEND_CONFIG_PATH (`~/.prefect/backend.toml`). A variable that is empty names none, and one
/// that is not there or no file says nothing.
template <fargate::environment_policy Environment>
[[nodiscard]] fargate::result<fargate::json::value> read_config_files(Environment const& environment) {
    auto tree = fargate::json::value::object();
    for (auto const& [variable, usual] : {std::pair{"PREFECT__USER_CONFIG_PATH", "~/.prefect/config.toml"},
                                          std::pair{"PREFECT__BACKEND_CONFIG_PATH", "~/.prefect/backend.toml"}}) {
        auto const named = environment.variable(variable).value_or(usual);
        auto file = read_toml_file(fargate::service::expand(named, environment).value_or(""), environment);
        if (!file) return file;
        merge_tables(tree, *std::move(file));
    }
    return tree;
}

/// What `prefect auth login` left for this API below `home`. Only what `wanted` asks for is read, so that no broken login
/// stops an agent that needs none.
struct login_wanted {
    bool token = false; ///< `client/<slug>/settings.toml`
    bool key = false;   ///< `auth.toml`
};

template <fargate::environment_policy Environment>
[[nodiscard]] fargate::result<fargate::prefect::login> read_login(std::string const& home, std::string_view api,
                                                                  login_wanted wanted, Environment const& environment) {
    fargate::prefect::login made;
    auto const slug = api_slug(api);
    auto const text = [](fargate::json::value const& table, std::string_view name) {
        return std::string{fargate::json::text_of(table, name).value_or("")};
    };
    if (wanted.token) {
        auto tree = read_toml_file(home + "/client/" + slug + "/settings.toml", environment);
        if (!tree) return std::move(tree).error();
        made.api_token = text(*tree, "api_token");
        made.active_tenant_id = text(*tree, "active_tenant_id");
        fargate::json::wipe(*tree);
    }
    if (wanted.key) {
        auto tree = read_toml_file(home + "/auth.toml", environment);
        if (!tree) return std::move(tree).error();
        if (auto const* const table = fargate::json::object_of(*tree, slug)) {
            made.api_key = text(*table, "api_key");
            made.tenant_id = text(*table, "tenant_id");
        }
        fargate::json::wipe(*tree);
    }
    return made;
}

/// Gives the options what Prefect's files on this machine say: the configuration under what `options.config` already holds,
/// and the login where neither a token nor a key is configured (with a key, its tenant). `errc::bad_configuration` and
/// `errc::malformed_response` are one line that names the file.
template <fargate::environment_policy Environment>
[[nodiscard]] fargate::result<void> add_config_files(fargate::agent_options& options, Environment const& environment) {
    namespace service = fargate::service;
    auto tree = read_config_files(environment);
    if (!tree) return std::move(tree).error();
    merge_tables(*tree, std::move(options.config));
    options.config = *std::move(tree);

    auto const config = service::read_config(options, environment);
    if (!config) return config.error();
    auto const server = service::prefect_settings(options, *config, environment);
    if (!server) return server.error();
    bool const anonymous = server->token.empty() && server->api_key.empty();
    login_wanted wanted;
    wanted.token = anonymous && server->backend == fargate::prefect::backend::cloud;
    wanted.key = anonymous || (!server->api_key.empty() && server->tenant_id.empty());
    auto const home = config->text("home_dir");
    if (home.empty()) return {};
    auto login = read_login(home, fargate::prefect::api_of(*server), wanted, environment);
    if (!login) return std::move(login).error();
    options.login = *std::move(login);
    return {};
}

#endif
