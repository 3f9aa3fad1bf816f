#ifndef FARGATE_CREDENTIALS_PROFILE_HPP
#define FARGATE_CREDENTIALS_PROFILE_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/policy.hpp>
#include <fargate/aws/shared_files.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/assume_role.hpp>
#include <fargate/credentials/container.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/credentials/instance.hpp>
#include <fargate/credentials/process.hpp>
#include <fargate/credentials/profile_chain.hpp>
#include <fargate/credentials/profile_environment.hpp>
#include <fargate/credentials/sso.hpp>
#include <fargate/credentials/web_identity.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fargate::inline v0::credentials {

/// A `credential_policy` that gets a profile's key in whichever way the shared files say: the profile it was given, else
/// AWS_PROFILE, else AWS_DEFAULT_PROFILE, else `default`. A profile that somebody named has to exist. About the ways and
/// their order see `resolve_profile`.
///
/// Roles are taken on one after the other, at STS, with the region, endpoint and host settings of the options, else of
/// the environment, else of the chosen profile (never of its source profiles). Errors name the profile. Nothing is kept but
/// what `instance` keeps; put it into `cached`. May be used from several threads.
class profile {
public:
    static constexpr std::string_view name = "profile";

    profile() = default;
    explicit profile(std::string chosen, aws::client_options options = {}) :
        chosen_{std::move(chosen)}, options_{std::move(options)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) const {
        auto const files = aws::load_shared_files(process);
        if (!files) return files.error();
        auto const choice = aws::choose_profile(process, chosen_);
        if (files->profile(choice.name) == nullptr) {
            auto const message = "the shared files have no profile " + aws::detail::one_line(choice.name);
            return choice.named ? fail(errc::bad_configuration, message + ": mend the name or add the profile")
                                : fail(errc::not_configured, message);
        }
        auto const chain = resolve_profile(*files, choice.name);
        if (!chain) return chain.error();
        return follow(*chain, http, clock, with_profile(process, choice.name));
    }

private:
    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> follow(profile_chain const& chain, Http& http, Clock& clock,
                                            Environment const& here) const {
        auto key = std::visit([&](auto const& how) { return first_key(how, http, clock, here); }, chain.first);
        if (!key) return of_profile(chain.profile, std::move(key).error());
        for (auto const& [asking, role] : chain.roles) {
            key = assume_role<fixed>{role, fixed{*std::move(key)}, options_}.fetch(http, clock, here);
            if (!key) return of_profile(asking, std::move(key).error());
        }
        if (key->source != name) key->source = std::string{name} + ", " + key->source;
        return key;
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(access_key const& key, Http&, Clock&, Environment const&) const {
        return key;
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(named_source source, Http& http, Clock& clock,
                                               Environment const& here) const {
        switch (source) {
        case named_source::environment: return environment{}.fetch(http, clock, here);
        case named_source::container: return container{}.fetch(http, clock, here);
        case named_source::instance: break;
        }
        return instance_.fetch(http, clock, here);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(web_identity_settings const& how, Http& http, Clock& clock,
                                               Environment const& here) const {
        return web_identity{how, options_}.fetch(http, clock, here);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(sso_settings const& how, Http& http, Clock& clock,
                                               Environment const& here) const {
        return sso{how}.fetch(http, clock, here);
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(sso_token_settings const&, Http&, Clock&, Environment const&) const {
        return fail(errc::bad_configuration, "it says how to get an access token by single sign-on, and no key: add "
                                             "sso_account_id and sso_role_name");
    }

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> first_key(process_settings const& how, Http& http, Clock& clock,
                                               Environment const& here) const {
        return process{how.command, how.account_id}.fetch(http, clock, here);
    }

    /// What a profile names and what then has nothing to offer is broken.
    static error of_profile(std::string const& profile_name, error why) {
        if (why.code == errc::not_configured) why.code = errc::bad_configuration;
        auto const told = "profile " + aws::detail::one_line(profile_name) + ": ";
        if (!why.message.starts_with(told)) why.message = told + why.message;
        return why;
    }

    std::string chosen_{};
    aws::client_options options_{};
    instance instance_{};
};

} // namespace fargate::inline v0::credentials

#endif
