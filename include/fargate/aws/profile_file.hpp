#ifndef FARGATE_AWS_PROFILE_FILE_HPP
#define FARGATE_AWS_PROFILE_FILE_HPP

#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/text/ascii.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

/// `~/.aws/config` calls a profile `[profile name]`, `~/.aws/credentials` just `[name]`.
enum class file_kind : unsigned char { config, credentials };

/// One setting: a value, or settings of its own (`s3 =` with indented lines below).
struct setting {
    secret value{}; ///< any setting may hold a secret, so all are kept as one
    std::map<std::string, secret, std::less<>> parts{};
    file_kind origin = file_kind::config;
};

/// True for the names whose values are not for reading: `find` does not see them, only `find_secret` does.
[[nodiscard]] constexpr bool is_secret_setting(std::string_view name) noexcept {
    return name == "aws_secret_access_key" || name == "aws_session_token" || name == "aws_security_token";
}

/// The settings of one profile, `sso-session` or `services` section. Names are lower case.
class section {
public:
    using map = std::map<std::string, setting, std::less<>>;

    /// The value of a setting, borrowed; nothing when it is absent or one of the secrets.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
        auto const found = settings_.find(name);
        if (found == settings_.end() || is_secret_setting(name)) return std::nullopt;
        return found->second.value.reveal();
    }

    /// The value of a nested setting: `find("s3", "addressing_style")`.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name, std::string_view part) const {
        auto const found = settings_.find(name);
        if (found == settings_.end()) return std::nullopt;
        auto const nested = found->second.parts.find(part);
        if (nested == found->second.parts.end()) return std::nullopt;
        return nested->second.reveal();
    }

    /// The value of any setting, as a secret; nullptr when it is absent.
    [[nodiscard]] secret const* find_secret(std::string_view name) const {
        auto const found = settings_.find(name);
        return found == settings_.end() ? nullptr : &found->second.value;
    }

    [[nodiscard]] bool has(std::string_view name) const { return settings_.contains(name); }
    [[nodiscard]] map& settings() noexcept { return settings_; }
    [[nodiscard]] map const& settings() const noexcept { return settings_; }

private:
    map settings_;
};

using sections = std::map<std::string, section, std::less<>>;

/// What one file says.
struct profile_file {
    sections profiles{};
    sections sso_sessions{};
    sections services{};
    std::vector<std::string> warnings{}; ///< what was passed over, one line each; never holds a value
};

namespace detail {

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
[[nodiscard]] constexpr bool begins_comment(std::string_view line) noexcept {
    return !line.empty() && (line.front() == '#' || line.front() == ';');
}

[[nodiscard]] constexpr bool is_identifier(std::string_view name) noexcept {
    if (name.empty()) return false;
    for (char const c : name)
        if (!text::is_alnum(c) && std::string_view{"_-/.%@:+"}.find(c) == std::string_view::npos) return false;
    return true;
}

/// Reads a profile file line by line.
class profile_reader {
public:
    profile_reader(file_kind kind, std::string_view file_name) : kind_{kind}, file_name_{file_name} {}

    [[nodiscard]] result<profile_file> read(std::string_view rest) {
        if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
        while (!rest.empty()) {
            auto const end = rest.find('\n');
            auto line = rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            ++number_;
            char const* const mistake = take(line);
            if (mistake != nullptr) return fail(errc::bad_configuration, here(mistake));
        }
        constexpr std::string_view name = "default";
        if (plain_default_ && !made_.profiles.contains(name))
            made_.profiles[std::string{name}] = std::move(*plain_default_);
        else if (plain_default_)
            made_.warnings.push_back(std::string{file_name_} + ": [default] is passed over beside [profile default]");
        return std::move(made_);
    }

private:
    [[nodiscard]] std::string here(std::string_view what) const {
        return std::string{file_name_} + " line " + std::to_string(number_) + ": " + std::string{what};
    }

    void warn(std::string_view what) { made_.warnings.push_back(here(what)); }

    /// Each returns what is wrong with the line, or nullptr.
    char const* take(std::string_view line) {
        auto const trimmed = text::trim(line);
        if (trimmed.empty()) return nullptr;
        if (is_blank(line.front())) return continue_setting(trimmed);
        if (begins_comment(line)) return nullptr;
        if (line.front() == '[') return open_section(line);
        return open_setting(line);
    }

    char const* open_section(std::string_view line) {
        auto const end = line.find(']');
        if (end == std::string_view::npos) return "a section header has no closing ]";
        auto const behind = text::trim(line.substr(end + 1));
        if (!behind.empty() && !begins_comment(behind)) return "a section header has text behind its closing ]";
        section_ = find_section(text::trim(line.substr(1, end - 1)));
        setting_ = nullptr;
        inside_ = true;
        continuable_ = false;
        return nullptr;
    }

    /// The section that a header names; nullptr for one that is passed over.
    section* find_section(std::string_view header) {
        if (kind_ == file_kind::credentials) {
            if (is_identifier(header)) return &made_.profiles[std::string{header}];
            warn(
                "a section is passed over: its header is no profile name (in this file it stands without \"profile\")");
            return nullptr;
        }
        if (header == "default") {
            if (!plain_default_) plain_default_.emplace();
            return &*plain_default_;
        }
        auto const space = header.find_first_of(" \t");
        auto const type = header.substr(0, space);
        auto const name =
            space == std::string_view::npos ? std::string_view{} : unquoted(text::trim(header.substr(space)));
        if (!name.empty()) {
            if (type == "profile") return &made_.profiles[std::string{name}];
            if (type == "sso-session") return &made_.sso_sessions[std::string{name}];
            if (type == "services") return &made_.services[std::string{name}];
        }
        warn("a section is passed over: profiles stand as [profile name] in this file");
        return nullptr;
    }

    /// A name as written, or between quotes, where it may hold blanks; empty when it is none.
    static std::string_view unquoted(std::string_view name) noexcept {
        if (is_identifier(name)) return name;
        if (name.size() < 3 || name.front() != name.back() || (name.front() != '"' && name.front() != '\'')) return {};
        auto const inner = name.substr(1, name.size() - 2);
        for (char const c : inner)
            if (c != ' ' && !is_identifier({&c, 1})) return {};
        return inner;
    }

    char const* open_setting(std::string_view line) {
        if (!inside_) return "a section header must come first, e.g. [default]";
        if (section_ == nullptr) return nullptr;
        auto const equals = line.find('=');
        if (equals == std::string_view::npos) return "a setting has no =";
        auto const name = text::trim(line.substr(0, equals));
        if (name.empty()) return "a setting has no name before its =";
        continuable_ = true;
        setting_ = nullptr;
        if (!is_identifier(name)) {
            warn("a setting is passed over: its name holds a character that no setting has");
            return nullptr;
        }
        auto const written = line.substr(equals + 1);
        auto const value = before_comment(written);
        auto const key = text::lower(name);
        if (key == "credential_process" && value.size() != written.size())
            warn("credential_process ends before a # or ; that follows a blank: other SDKs may take it as part");
        setting_ = &(section_->settings()[key] = setting{secret{text::trim(value)}, {}, kind_});
        nested_ = setting_->value.empty();
        return nullptr;
    }

    static std::string_view before_comment(std::string_view written) noexcept {
        for (std::size_t i = 1; i < written.size(); ++i)
            if ((written[i] == '#' || written[i] == ';') && is_blank(written[i - 1])) return written.substr(0, i);
        return written;
    }

    char const* continue_setting(std::string_view trimmed) {
        bool const comment = begins_comment(trimmed);
        if (!continuable_) {
            if (comment || (inside_ && section_ == nullptr)) return nullptr;
            return inside_ ? "an indented line continues nothing: begin it in the first column"
                           : "a section header must come first, e.g. [default]";
        }
        if (setting_ == nullptr) return nullptr;
        if (nested_) return comment ? nullptr : add_part(trimmed);
        if (comment) warn("an indented comment becomes part of the value above it: begin it in the first column");
        auto const sofar = setting_->value.reveal();
        std::string joined;
        joined.reserve(sofar.size() + 1 + trimmed.size()); // no growth, which would leave a copy behind
        joined += sofar;
        joined += '\n';
        joined += trimmed;
        setting_->value = secret{std::move(joined)};
        return nullptr;
    }

    char const* add_part(std::string_view line) {
        auto const equals = line.find('=');
        if (equals == std::string_view::npos) return "a nested setting has no =";
        auto const name = text::trim(line.substr(0, equals));
        if (name.empty()) return "a nested setting has no name before its =";
        if (is_identifier(name))
            setting_->parts[text::lower(name)] = secret{text::trim(line.substr(equals + 1))};
        else
            warn("a nested setting is passed over: its name holds a character that no setting has");
        return nullptr;
    }

    file_kind kind_;
    std::string_view file_name_;
    profile_file made_;
    std::optional<section> plain_default_; ///< config's `[default]`, which `[profile default]` replaces
    section* section_ = nullptr;           ///< the open one; nullptr also inside one that is passed over
    setting* setting_ = nullptr;           ///< the open one; nullptr also inside one that is passed over
    bool inside_ = false;                  ///< a header was read
    bool continuable_ = false;             ///< an indented line has something to continue
    bool nested_ = false;                  ///< the open setting has no value, so that it may have parts
    std::size_t number_ = 0;
};

} // namespace detail

/// Reads the text of one of the two shared files by the rules all AWS SDKs are to follow: sections of one name merge, the
/// last value wins, sections and settings with impossible names are passed over with a warning.
/// `errc::bad_configuration` names file and line, and never a value, when the file cannot be read at all.
[[nodiscard]] inline result<profile_file> parse_profile_file(std::string_view text, file_kind kind,
                                                             std::string_view file_name) {
    return detail::profile_reader{kind, file_name}.read(text);
}

} // namespace fargate::inline v0::aws

#endif
