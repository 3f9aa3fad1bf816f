#ifndef FARGATE_CREDENTIALS_SSO_HPP
#define FARGATE_CREDENTIALS_SSO_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/shared_files.hpp>
#include <fargate/aws/sso.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/credentials/service_parts.hpp>
#include <fargate/credentials/sso_token.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/timestamp.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// Which role of which account a profile gets by single sign-on, and through which session.
struct sso_settings {
    std::string profile{}; ///< whose settings these are, for messages
    std::string session{}; ///< of `[sso-session name]`; empty in the older form, whose tokens cannot be renewed
    std::string start_url{};
    std::string region{}; ///< of the sign-on, not of the calls to be signed
    std::string account_id{};
    std::string role_name{};
};

/// What a profile says of single sign-on: with `sso_session`, region and start URL of that section, else all four in the
/// profile. `errc::not_configured` when there is nothing of it; `errc::bad_configuration`, naming what to mend, when
/// something is missing, the section too, or when profile and section contradict each other.
[[nodiscard]] inline result<sso_settings> sso_settings_of(aws::shared_files const& files, std::string_view profile) {
    auto const* const from = files.profile(profile);
    auto const value = [](aws::section const* section, std::string_view setting) -> std::string {
        return section == nullptr ? std::string{} : std::string{text::trim(section->find(setting).value_or(""))};
    };
    sso_settings made{std::string{profile},      value(from, "sso_session"),    value(from, "sso_start_url"),
                      value(from, "sso_region"), value(from, "sso_account_id"), value(from, "sso_role_name")};
    std::string const whose = "profile " + made.profile;
    if (made.session.empty() && made.start_url.empty() && made.account_id.empty() && made.role_name.empty())
        return fail(errc::not_configured, whose + " has no sso_session and no sso_start_url");
    std::string where = whose;
    if (!made.session.empty()) {
        auto const* const session = files.sso_session(made.session);
        where = "[sso-session " + text::printable(made.session) + "]";
        if (session == nullptr)
            return fail(errc::bad_configuration, whose + " names " + where + ", which is not in the shared files");
        for (auto const& [setting, own] :
             {std::pair{"sso_region", &made.region}, std::pair{"sso_start_url", &made.start_url}}) {
            auto agreed = value(session, setting);
            if (!own->empty() && *own != agreed)
                return fail(errc::bad_configuration,
                            whose + " contradicts " + where + " in " + setting + ": take it out of the profile");
            *own = std::move(agreed);
        }
    }
    auto const missing = [](std::string const& place, std::string_view setting) {
        return fail(errc::bad_configuration,
                    place + " has no " + std::string{setting} + ", which a key by sign-on needs");
    };
    if (made.region.empty()) return missing(where, "sso_region");
    if (made.start_url.empty()) return missing(where, "sso_start_url");
    if (made.account_id.empty()) return missing(whose, "sso_account_id");
    if (made.role_name.empty()) return missing(whose, "sso_role_name");
    if (!aws::is_host_label(made.region))
        return fail(errc::bad_configuration,
                    "sso_region of " + where + " is no region name: expected one like eu-west-1");
    return made;
}

/// A `credential_policy` for who has signed on with `aws sso login`: takes the token that the AWS CLI keeps in
/// `~/.aws/sso/cache` and asks the portal for the role's key. A token of a session that has less than 15 minutes left is
/// renewed by one caller at a time, at most once a minute, and written back; one that is still valid is used when that
/// fails. An expired one is an error that says how to sign on again. The endpoints are those of `sso_region`, or what
/// AWS_ENDPOINT_URL_SSO, AWS_ENDPOINT_URL_SSO_OIDC and their like say. Follows "IAM Identity Center credential provider" of
/// the AWS SDKs and Tools guide.
class sso {
public:
    static constexpr std::string_view name = "sso";

    /// `book` keeps what the process knows about tokens, and outlives this.
    explicit sso(sso_settings settings, sso_tokens& book = sso_tokens::of_process()) :
        settings_{std::move(settings)}, book_{&book} {}

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        auto const where =
            sso_token_path(environment, settings_.session.empty() ? settings_.start_url : settings_.session);
        if (!where) return where.error();
        fixed nobody;
        detail::service_parts<Http, Clock, Environment, fixed, crypto::openssl_hash> parts{http, clock, environment,
                                                                                           nobody};
        auto const token = valid_token(parts, *where);
        if (!token) return token.error();
        aws::sso<typename decltype(parts)::policies> portal{parts, options()};
        auto given = portal.get_role_credentials(settings_.role_name, settings_.account_id, *token);
        if (!given) {
            auto why = std::move(given).error();
            if (why.code == errc::unauthorized) why.message += "; " + sign_on_again();
            return why;
        }
        return key_of(*given, clock.now());
    }

private:
    static constexpr auto renewed_from = std::chrono::minutes{15};

    [[nodiscard]] std::string sign_on_again() const {
        std::string const how = settings_.profile.empty() ? " --sso-session " + text::printable(settings_.session)
                                                          : " --profile " + text::printable(settings_.profile);
        return "run: aws sso login" + how;
    }

    [[nodiscard]] aws::client_options options() const {
        using namespace std::chrono_literals;
        aws::client_options made;
        made.region = settings_.region;
        made.limits = {.connect = 5s, .idle = 10s, .total = 30s, .body = 64 * 1024, .head = 16 * 1024};
        return made;
    }

    template <class Parts>
    [[nodiscard]] result<secret> valid_token(Parts& parts, std::string const& where) const {
        auto& entry = book_->entry(where);
        auto token = current(parts, where, entry);
        if (!token) return token.error();
        auto now = parts.clock.now();
        if (token->can_renew(now) && !settings_.session.empty() && token->expires - now < renewed_from) {
            std::unique_lock turn{entry.renewing, std::defer_lock};
            if (token->expires > now ? turn.try_lock() : (turn.lock(), true)) {
                token = current(parts, where, entry); // somebody may have renewed it, in another process too
                if (!token) return token.error();
                now = parts.clock.now();
                if (token->can_renew(now) && token->expires - now < renewed_from && entry.may_try(now)) {
                    renew(parts, where, entry, *token);
                    now = parts.clock.now();
                }
            }
        }
        if (token->expires > now) return std::move(token->access);
        auto const why = entry.failure();
        return fail(errc::unauthorized, "the sign-on token ended at " + text::iso8601(token->expires) +
                                            (why.empty() ? std::string{} : " and was not renewed (" + why + ")") +
                                            "; " + sign_on_again());
    }

    /// The token that the file holds, or the newer one that could not be written there.
    template <class Parts>
    [[nodiscard]] result<sso_token> current(Parts& parts, std::string const& where, sso_tokens::record& entry) const {
        auto text = parts.environment.read_file(where);
        if (!text) {
            entry.forget();
            if (text.error().code != errc::not_found) return text.error();
            return fail(errc::unauthorized, "there is no sign-on token " + where + "; " + sign_on_again());
        }
        auto token = read_sso_token(*text);
        wipe(*text);
        if (!token) return fail(errc::bad_configuration, where + ": " + token.error().message + "; " + sign_on_again());
        return entry.newer(*std::move(token));
    }

    template <class Parts>
    void renew(Parts& parts, std::string const& where, sso_tokens::record& entry, sso_token& token) const {
        aws::sso_oidc<typename Parts::policies> service{parts, options()};
        auto given = service.create_token({token.client_id, token.client_secret, token.refresh});
        if (!given) return entry.failed(given.error().message);
        if (char const* const mistake = detail::unfit(given->access_token.reveal(), true))
            return entry.failed(std::string{"the new token"} + mistake);
        token.access = std::move(given->access_token);
        token.expires = parts.clock.now() + given->lifetime;
        if (!given->refresh_token.empty()) token.refresh = std::move(given->refresh_token);
        bool kept = false;
        if constexpr (requires { parts.environment.write_file(where, std::string_view{}); }) {
            auto before = parts.environment.read_file(where);
            std::string text = write_sso_token(before.value_or(""), token);
            kept = parts.environment.write_file(where, text).has_value();
            wipe(text);
            if (before) wipe(*before);
        }
        entry.renewed(token, kept);
    }

    [[nodiscard]] result<access_key> key_of(aws::role_credentials const& given, time_point now) const {
        auto made = make_key({"accessKeyId", given.access_key_id.reveal()},
                             {"secretAccessKey", given.secret_access_key.reveal()},
                             {"sessionToken", given.session_token.reveal()}, std::string{name});
        if (!made)
            return fail(errc::malformed_response, "the sign-on portal's answer is no key: " + made.error().message);
        made->expires = time_point{given.expiration};
        if (*made->expires <= now)
            return fail(errc::malformed_response, "the sign-on portal gave a key that ended at " +
                                                      text::iso8601(*made->expires) + ": mend this machine's clock");
        made->account_id = settings_.account_id;
        return made;
    }

    sso_settings settings_;
    sso_tokens* book_;
};

} // namespace fargate::inline v0::credentials

#endif
