#ifndef FARGATE_CREDENTIALS_PROFILE_CHAIN_HPP
#define FARGATE_CREDENTIALS_PROFILE_CHAIN_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/shared_files.hpp>
#include <fargate/aws/sts.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/credentials/sso.hpp>
#include <fargate/credentials/web_identity.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace fargate::inline v0::credentials {

/// `credential_source`: a key from beside the shared files.
enum class named_source : unsigned char { environment, instance, container };

/// `credential_process`: a program to run.
struct process_settings {
    std::string command{};
    std::string account_id{}; ///< for a program that tells none
};

/// Single sign-on without account and role: it gives a token, and no key.
struct sso_token_settings {
    std::string session{};
    std::string region{};
    std::string start_url{};
};

/// A role on the way, and the profile that asks for it.
struct profile_role {
    std::string profile{};
    aws::role_request role{};
};

/// How a profile comes to its key: a first key, and the roles that are taken on with it one after the other.
struct profile_chain {
    std::string profile{}; ///< the one that says where the first key comes from
    std::variant<access_key, named_source, web_identity_settings, sso_settings, sso_token_settings, process_settings>
        first{};
    std::vector<profile_role> roles{};
};

namespace detail {

/// Follows profiles from one to the next. Order within a profile is boto3's.
class profile_walk {
public:
    explicit profile_walk(aws::shared_files const& files) : files_{files} {}

    [[nodiscard]] result<profile_chain> from(std::string_view name) {
        for (std::string at{name};;) {
            visited_.push_back(at);
            auto const* const here = files_.profile(at);
            // A profile that others take their key from gives its own, if it has one, and not its role's.
            bool const keys_first = visited_.size() > 1 && has_key(*here);
            if (keys_first || !assumes_role(*here)) return ended(at, *here);
            auto next = source_of(at, *here);
            if (!next) return std::move(next).error();
            if (next->empty()) return finished();
            if (*next == at) return ended(at, *here);
            at = *std::move(next);
        }
    }

    /// True for a role that is taken on with another's key.
    [[nodiscard]] static bool assumes_role(aws::section const& of) {
        return filled(of, "role_arn") && !filled(of, "web_identity_token_file");
    }

private:
    static bool filled(aws::section const& of, std::string_view setting) {
        auto const* const value = of.find_secret(setting);
        return value != nullptr && !text::trim(value->reveal()).empty();
    }

    static std::string text_of(aws::section const& of, std::string_view setting) {
        return std::string{text::trim(of.find(setting).value_or(""))};
    }

    static bool has_key(aws::section const& of) {
        return filled(of, "aws_access_key_id") || filled(of, "aws_secret_access_key");
    }

    static error broken(std::string_view profile, std::string_view why) {
        return fail(errc::bad_configuration,
                    "profile " + aws::detail::one_line(profile) + ": " + aws::detail::one_line(why));
    }

    /// Notes the role of a profile and says which profile has the key for it; none, when a named source has.
    result<std::string> source_of(std::string const& name, aws::section const& here) {
        aws::role_request role;
        role.role_arn = text_of(here, "role_arn");
        role.session_name = text_of(here, "role_session_name");
        role.external_id = text_of(here, "external_id");
        role.mfa_serial = text_of(here, "mfa_serial");
        if (auto const text = text_of(here, "duration_seconds"); !text.empty()) {
            int seconds = 0;
            auto const read = std::from_chars(text.data(), text.data() + text.size(), seconds);
            if (read.ec != std::errc{} || read.ptr != text.data() + text.size())
                return broken(name, "duration_seconds is no whole number");
            role.duration = std::chrono::seconds{seconds};
        }
        if (auto const fit = aws::check(role); !fit) return broken(name, fit.error().message);
        made_.roles.push_back({name, std::move(role)});

        auto source = text_of(here, "source_profile");
        auto const beside = text_of(here, "credential_source");
        if (!source.empty() && !beside.empty())
            return broken(name, "it has both source_profile and credential_source: leave one out");
        if (!beside.empty()) return named(name, beside);
        if (source.empty())
            return broken(name,
                          "role_arn is set without source_profile or credential_source: add one, to say whose key "
                          "asks for the role");
        auto const* const found = files_.profile(source);
        if (found == nullptr)
            return broken(name,
                          "its source_profile " + source + " is not in the shared files: mend the name or add it");
        bool const seen = std::find(visited_.begin(), visited_.end(), source) != visited_.end();
        if (seen && !(source == name && has_key(*found))) return broken(visited_.front(), loop(source));
        return source;
    }

    result<std::string> named(std::string const& name, std::string_view source) {
        if (source == "Environment")
            made_.first = named_source::environment;
        else if (source == "Ec2InstanceMetadata")
            made_.first = named_source::instance;
        else if (source == "EcsContainer")
            made_.first = named_source::container;
        else
            return broken(name, "credential_source is none of Environment, Ec2InstanceMetadata and EcsContainer, "
                                "spelled so");
        made_.profile = name;
        return std::string{};
    }

    [[nodiscard]] std::string loop(std::string const& back_to) const {
        std::string told = "its source_profile leads in a circle: ";
        for (auto const& each : visited_) told += each + " -> ";
        return told + back_to;
    }

    /// The profile whose key is the first one.
    result<profile_chain> ended(std::string const& name, aws::section const& here) {
        auto const mistake = find_first(name, here);
        if (!mistake) {
            auto why = mistake.error();
            // Nothing in a profile that others count on is a mistake.
            if (why.code == errc::not_configured && visited_.size() + made_.roles.size() > 1)
                why = broken(name, "it is the source_profile of another and has no key: " + why.message);
            return why;
        }
        made_.profile = name;
        return finished();
    }

    result<void> find_first(std::string const& name, aws::section const& here) {
        if (filled(here, "web_identity_token_file")) {
            if (!filled(here, "role_arn"))
                return broken(name, "web_identity_token_file is set without role_arn: add it");
            made_.first = web_identity_settings{text_of(here, "web_identity_token_file"), text_of(here, "role_arn"),
                                                text_of(here, "role_session_name")};
            return {};
        }
        if (filled(here, "sso_role_name") || filled(here, "sso_account_id")) {
            auto how = sso_settings_of(files_, name);
            if (!how) return std::move(how).error();
            made_.first = *std::move(how);
            return {};
        }
        auto const id = here.settings().find("aws_access_key_id");
        bool const in_config = id == here.settings().end() || id->second.origin == aws::file_kind::config;
        if (in_config && filled(here, "login_session"))
            return broken(name, "it gets its key by login_session, which only AWS's own tools can renew: set "
                                "credential_process = aws configure export-credentials --profile " +
                                    name + " in another profile and use that one");
        if (in_config && filled(here, "credential_process")) {
            made_.first = process_settings{text_of(here, "credential_process"), text_of(here, "aws_account_id")};
            return {};
        }
        auto key = key_in(here);
        if (key) {
            made_.first = *std::move(key);
            return {};
        }
        if (key.error().code != errc::not_configured) return broken(name, key.error().message);
        if (filled(here, "sso_session") || filled(here, "sso_start_url")) return find_token(name, here);
        key.error().message = "profile " + name + ": " + key.error().message;
        return std::move(key).error();
    }

    static result<access_key> key_in(aws::section const& here) {
        auto const text = [&](std::string_view setting) {
            auto const* const value = here.find_secret(setting);
            return key_text{setting, value == nullptr ? std::string_view{} : value->reveal()};
        };
        auto const* const token = filled(here, "aws_session_token") ? "aws_session_token" : "aws_security_token";
        auto made = make_key(text("aws_access_key_id"), text("aws_secret_access_key"), text(token), "profile");
        if (made) made->account_id = text_of(here, "aws_account_id");
        return made;
    }

    result<void> find_token(std::string const& name, aws::section const& here) {
        sso_token_settings made{text_of(here, "sso_session"), text_of(here, "sso_region"),
                                text_of(here, "sso_start_url")};
        if (!made.session.empty()) {
            auto const* const session = files_.sso_session(made.session);
            if (session == nullptr)
                return broken(name, "its sso_session " + made.session +
                                        " is not in the config file: mend the name, or "
                                        "run `aws configure sso`");
            for (auto const& [setting, value] :
                 {std::pair{"sso_region", &made.region}, std::pair{"sso_start_url", &made.start_url}}) {
                auto const there = text_of(*session, setting);
                if (there.empty() || (!value->empty() && *value != there))
                    return broken(name, std::string{setting} + " belongs into [sso-session " + made.session +
                                            "], and nothing else into the profile");
                *value = there;
            }
        }
        made_.first = std::move(made);
        return {};
    }

    /// The role that is taken on first goes to the front.
    result<profile_chain> finished() {
        std::reverse(made_.roles.begin(), made_.roles.end());
        bool chained = std::holds_alternative<web_identity_settings>(made_.first);
        for (auto const& each : made_.roles) {
            if (chained && each.role.duration > std::chrono::hours{1})
                return broken(each.profile,
                              "duration_seconds is over 3600, which is the most that a role lasts when it is "
                              "taken on with another role's key");
            chained = true;
        }
        return std::move(made_);
    }

    aws::shared_files const& files_;
    profile_chain made_{};
    std::vector<std::string> visited_{};
};

} // namespace detail

/// Works out where the key of a profile comes from, without asking anybody for it. Within one profile boto3's order decides:
/// a role (`role_arn` with `source_profile` or `credential_source`), web identity, single sign-on, the credentials file's
/// key, `login_session` (refused), `credential_process`, the config file's key. A profile that another one names as its
/// source gives its own key, if it has any, before it takes on a role.
/// `errc::not_configured` when the profile says nothing about keys, `errc::bad_configuration`, naming profile and setting, when
/// what it says cannot be followed. Requires that the files have the profile.
[[nodiscard]] inline result<profile_chain> resolve_profile(aws::shared_files const& files, std::string_view name) {
    return detail::profile_walk{files}.from(name);
}

} // namespace fargate::inline v0::credentials

#endif
