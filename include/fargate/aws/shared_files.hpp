#ifndef FARGATE_AWS_SHARED_FILES_HPP
#define FARGATE_AWS_SHARED_FILES_HPP

#include <fargate/aws/profile_file.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

/// Where the two shared files are; nothing where no home directory is known.
struct file_locations {
    std::optional<std::string> config{};
    std::optional<std::string> credentials{};
};

/// The profile that is meant, and whether somebody named it.
struct profile_choice {
    std::string name = "default";
    bool named = false;
    std::string warning{}; ///< for a log: two variables that name different profiles
};

/// `~/.aws/config` and `~/.aws/credentials`, read and merged: for one profile the credentials file wins setting by setting,
/// except that key id, secret and token come from one file together, the one that has any of key id and secret, the
/// credentials file first. Follows "Shared config and credentials files" of the AWS SDKs and Tools guide.
class shared_files {
public:
    shared_files() = default;

    shared_files(profile_file config, profile_file credentials) : config_{std::move(config)} {
        for (auto& each : credentials.warnings) config_.warnings.push_back(std::move(each));
        for (auto& [name, added] : credentials.profiles) merge(config_.profiles[name], std::move(added));
    }

    /// The section of a profile; nullptr when neither file has it.
    [[nodiscard]] section const* profile(std::string_view name) const { return find(config_.profiles, name); }
    /// `[sso-session name]`; nullptr when there is none.
    [[nodiscard]] section const* sso_session(std::string_view name) const { return find(config_.sso_sessions, name); }
    /// `[services name]`; nullptr when there is none.
    [[nodiscard]] section const* services(std::string_view name) const { return find(config_.services, name); }

    [[nodiscard]] sections const& profiles() const noexcept { return config_.profiles; }
    [[nodiscard]] sections const& sso_sessions() const noexcept { return config_.sso_sessions; }

    /// What was passed over while reading, one line each, without values.
    [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return config_.warnings; }

private:
    static section const* find(sections const& all, std::string_view name) {
        auto const found = all.find(name);
        return found == all.end() ? nullptr : &found->second;
    }

    static void merge(section& into, section added) {
        static constexpr std::string_view key_settings[] = {"aws_access_key_id", "aws_secret_access_key",
                                                            "aws_session_token", "aws_security_token"};
        bool const brings_key = added.has(key_settings[0]) || added.has(key_settings[1]);
        for (auto const name : key_settings) {
            auto& loser = (brings_key ? into : added).settings();
            if (auto const at = loser.find(name); at != loser.end()) loser.erase(at);
        }
        for (auto& [name, value] : added.settings()) into.settings()[name] = std::move(value);
    }

    profile_file config_; ///< after construction, what both files say
};

/// The user's home: `HOME`, on Windows then `USERPROFILE` and `HOMEDRIVE` with `HOMEPATH`, then what the system knows.
template <environment_policy Environment>
[[nodiscard]] std::optional<std::string> home_directory(Environment const& environment, bool windows = false) {
    if (auto home = filled_variable(environment, "HOME")) return home;
    if (windows) {
        if (auto home = filled_variable(environment, "USERPROFILE")) return home;
        auto const drive = filled_variable(environment, "HOMEDRIVE");
        auto const path = filled_variable(environment, "HOMEPATH");
        if (drive && path) return *drive + *path;
    }
    if constexpr (requires { environment.home_directory(); }) return environment.home_directory();
    return std::nullopt;
}

/// Where the shared files are: `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` (a leading `~` is the home directory),
/// else in `.aws` below the home directory.
template <environment_policy Environment>
[[nodiscard]] file_locations locate_shared_files(Environment const& environment, bool windows = false) {
    auto const home = home_directory(environment, windows);
    std::string_view const slash = windows ? "\\" : "/";
    auto const place = [&](std::string_view variable, std::string_view leaf) -> std::optional<std::string> {
        if (auto named = filled_variable(environment, variable)) {
            if (!home || !(*named == "~" || named->starts_with("~/") || (windows && named->starts_with("~\\"))))
                return named;
            return *home + named->substr(1);
        }
        if (!home) return std::nullopt;
        std::string made = *home;
        if (!made.ends_with(slash)) made += slash;
        made += ".aws";
        made += slash;
        made += leaf;
        return made;
    };
    return {place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials")};
}

/// Reads both shared files; one that does not exist counts as empty. `errc::bad_configuration` names the file, and the
/// line if there is one, when a file cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<shared_files> load_shared_files(Environment const& environment) {
    auto const read = [&](std::optional<std::string> const& path, file_kind kind) -> result<profile_file> {
        if (!path) return profile_file{};
        auto text = environment.read_file(*path);
        if (!text && text.error().code == errc::not_found) return profile_file{};
        if (!text) return std::move(text).error();
        auto parsed = parse_profile_file(*text, kind, *path);
        wipe(*text);
        return parsed;
    };
    auto const where = locate_shared_files(environment);
    auto config = read(where.config, file_kind::config);
    if (!config) return std::move(config).error();
    auto credentials = read(where.credentials, file_kind::credentials);
    if (!credentials) return std::move(credentials).error();
    return shared_files{*std::move(config), *std::move(credentials)};
}

/// Which profile is meant: the given name, else `AWS_PROFILE`, else `AWS_DEFAULT_PROFILE`, else `default`.
template <environment_policy Environment>
[[nodiscard]] profile_choice choose_profile(Environment const& environment, std::string_view given = {}) {
    if (!given.empty()) return {std::string{given}, true};
    auto const first = filled_variable(environment, "AWS_PROFILE");
    auto const second = filled_variable(environment, "AWS_DEFAULT_PROFILE");
    if (!first && !second) return {};
    profile_choice made{std::string{text::trim(first ? *first : *second)}, true};
    if (first && second && text::trim(*first) != text::trim(*second))
        made.warning = "AWS_PROFILE and AWS_DEFAULT_PROFILE name different profiles: the former counts";
    return made;
}

} // namespace fargate::inline v0::aws

#endif
