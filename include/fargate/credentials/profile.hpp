#ifndef FARGATE_CREDENTIALS_PROFILE_HPP
#define FARGATE_CREDENTIALS_PROFILE_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/shared_files.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/system/environment.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// A `credential_policy` that reads a profile's key from the shared files: the profile it was given, else AWS_PROFILE, else
/// AWS_DEFAULT_PROFILE, else `default`. A profile that somebody named has to exist. One that gets its key in a way this
/// class does not know (a role, single sign-on, a program) is an error that says which, so that no other source is taken
/// in its place.
class profile {
public:
    static constexpr std::string_view name = "profile";

    profile() = default;
    explicit profile(std::string chosen) : chosen_{std::move(chosen)} {}

    template <class Http, class Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http&, Clock&, Environment const& process) const {
        auto const files = aws::load_shared_files(process);
        if (!files) return files.error();
        auto const choice = aws::choose_profile(process, chosen_);
        auto const* const found = files->profile(choice.name);
        if (found == nullptr) {
            auto const message = "the shared files have no profile " + choice.name;
            return choice.named ? fail(errc::bad_configuration, message + ": mend the name or add the profile")
                                : fail(errc::not_configured, message);
        }
        return key_of(*found, choice.name);
    }

private:
    // The order is boto3's: roles and sign-on, the credentials file's keys, programs, the config file's keys.
    static result<access_key> key_of(aws::section const& from, std::string const& profile_name) {
        for (char const* const way : {"role_arn", "web_identity_token_file", "sso_role_name", "sso_account_id"})
            if (filled(from, way)) return unknown_way(profile_name, way);
        auto const id = from.settings().find("aws_access_key_id");
        if (id == from.settings().end() || id->second.origin == aws::file_kind::config)
            for (char const* const way : {"login_session", "credential_process"})
                if (filled(from, way)) return unknown_way(profile_name, way);
        auto const text = [&](std::string_view setting) {
            auto const* const value = from.find_secret(setting);
            return key_text{setting, value == nullptr ? std::string_view{} : value->reveal()};
        };
        auto const* const token = filled(from, "aws_session_token") ? "aws_session_token" : "aws_security_token";
        auto made = make_key(text("aws_access_key_id"), text("aws_secret_access_key"), text(token), std::string{name});
        if (made) {
            made->account_id = from.find("aws_account_id").value_or("");
            return made;
        }
        auto why = std::move(made).error();
        if (why.code == errc::not_configured)
            for (char const* const way : {"sso_session", "sso_start_url"})
                if (filled(from, way)) return unknown_way(profile_name, way);
        why.message = "profile " + profile_name + ": " + why.message;
        return why;
    }

    static bool filled(aws::section const& from, std::string_view setting) {
        auto const* const value = from.find_secret(setting);
        return value != nullptr && !value->empty();
    }

    static error unknown_way(std::string const& profile_name, std::string_view setting) {
        return fail(errc::bad_configuration, "profile " + profile_name + " gets its key by " + std::string{setting} +
                                                 ", which this version cannot: use static keys or another source");
    }

    std::string chosen_;
};

} // namespace fargate::inline v0::credentials

#endif
