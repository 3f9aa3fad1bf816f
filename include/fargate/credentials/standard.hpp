#ifndef FARGATE_CREDENTIALS_STANDARD_HPP
#define FARGATE_CREDENTIALS_STANDARD_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/policy.hpp>
#include <fargate/aws/shared_files.hpp>
#include <fargate/core/result.hpp>
#include <fargate/credentials/cached.hpp>
#include <fargate/credentials/chain.hpp>
#include <fargate/credentials/container.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/credentials/instance.hpp>
#include <fargate/credentials/profile.hpp>
#include <fargate/credentials/profile_environment.hpp>
#include <fargate/credentials/web_identity.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// What a program decides about the standard search.
struct standard_options {
    access_key key{}; ///< comes first; empty: none
    std::string
        profile{}; ///< of the shared files, in place of the environment's key and web identity; empty: see `profile`
    aws::client_options sts{};   ///< for the calls that get keys of roles
    instance_options instance{}; ///< for the metadata service of EC2
};

namespace detail {

/// A provider that is left out where the program names a profile.
template <class Provider>
class unless_profile {
public:
    static constexpr std::string_view name = Provider::name;

    unless_profile() = default;
    unless_profile(Provider provider, bool left_out) : provider_{std::move(provider)}, left_out_{left_out} {}

    template <class Http, class Clock, class Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) const {
        if (left_out_) return fail(errc::not_configured, "left out, because the program names a profile");
        return provider_.fetch(http, clock, process);
    }

private:
    Provider provider_{};
    bool left_out_ = false;
};

/// The profile, where it takes on a role with another's key: boto3 has that before web identity, and all other ways of a
/// profile behind it.
class role_of_profile {
public:
    static constexpr std::string_view name = "role of the profile";

    role_of_profile() = default;
    explicit role_of_profile(profile provider) : provider_{std::move(provider)} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) const {
        auto const files = aws::load_shared_files(process);
        if (!files) return files.error();
        auto const choice = aws::choose_profile(process);
        auto const* const found = files->profile(choice.name);
        if (found == nullptr ? choice.named : profile_walk::assumes_role(*found))
            return provider_.fetch(http, clock, process);
        return fail(errc::not_configured, found == nullptr
                                              ? "there is no profile"
                                              : "profile " + aws::detail::one_line(choice.name) + " takes on none");
    }

private:
    profile provider_{};
};

using standard_chain = chain<fixed, unless_profile<environment>, role_of_profile, unless_profile<web_identity>, profile,
                             container, instance>;

[[nodiscard]] inline standard_chain make_standard_chain(standard_options options) {
    bool const named = !options.profile.empty();
    profile const from_files{{}, options.sts};
    return standard_chain{fixed{std::move(options.key)},
                          unless_profile{environment{}, named},
                          role_of_profile{from_files},
                          unless_profile{web_identity{std::nullopt, std::move(options.sts)}, named},
                          from_files,
                          container{},
                          instance{std::move(options.instance)}};
}

} // namespace detail

/// Where a program finds its key when nobody says otherwise, in boto3's order: the key it was given, the environment, a
/// role of the profile, web identity, the profile's other ways, the agent beside a container, the metadata service of EC2.
/// A source that is configured and fails ends the search; the metadata service alone is only tried. A profile that the
/// program names takes the environment's key and web identity out of the search, one that AWS_PROFILE names does not. When
/// nothing is found, the message says what every source answered. Kept until shortly before it ends, see `cached`.
class standard : public cached<detail::standard_chain> {
public:
    static constexpr std::string_view name = "standard";

    standard() = default;
    explicit standard(standard_options options) : standard{std::string{options.profile}, std::move(options)} {}
    /// An empty key is none; half of one is an error when a key is fetched.
    explicit standard(access_key given) : standard{standard_options{.key = std::move(given)}} {}
    /// A profile of the shared files.
    explicit standard(std::string profile) : standard{standard_options{.profile = std::move(profile)}} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& process) {
        return cached::fetch(http, clock, with_profile(process, profile_));
    }

private:
    standard(std::string profile, standard_options options) :
        cached{detail::make_standard_chain(std::move(options))}, profile_{std::move(profile)} {}

    std::string profile_{};
};

} // namespace fargate::inline v0::credentials

#endif
