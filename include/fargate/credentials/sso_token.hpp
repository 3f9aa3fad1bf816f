#ifndef FARGATE_CREDENTIALS_SSO_TOKEN_HPP
#define FARGATE_CREDENTIALS_SSO_TOKEN_HPP

#include <fargate/aws/shared_files.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/json/json.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/timestamp.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::credentials {

/// A sign-on token, with what it takes to renew it.
struct sso_token {
    secret access{};
    time_point expires{};
    secret refresh{};
    secret client_id{};
    secret client_secret{};
    std::optional<time_point> registration_expires{};

    [[nodiscard]] bool can_renew(time_point now) const noexcept {
        return !refresh.empty() && !client_id.empty() && !client_secret.empty() &&
               (!registration_expires || *registration_expires > now);
    }
};

/// Where the AWS CLI keeps the token of a session, by its name, or by its start URL in the older form.
template <environment_policy Environment>
[[nodiscard]] result<std::string> sso_token_path(Environment const& environment, std::string_view key) {
    auto const home = aws::home_directory(environment);
    if (!home) return fail(errc::bad_configuration, "where sign-on tokens are kept is not known: set HOME");
    auto const digest = crypto::sha1(key);
    std::string made = *home;
    if (!made.ends_with('/')) made += '/';
    made += ".aws/sso/cache/";
    for (unsigned char const each : digest) text::append_hex(made, std::string{static_cast<char>(each)});
    return made + ".json";
}

namespace detail {

/// A time as the AWS CLI writes it, in its older versions with `UTC` for the `Z`.
[[nodiscard]] inline std::optional<time_point> token_time(std::string_view written) {
    written = text::trim(written);
    if (written.ends_with("UTC")) written.remove_suffix(3);
    return text::parse_iso8601(written);
}

/// `2024-01-02T03:04:05Z`, which every reader of the file knows.
[[nodiscard]] inline std::string token_time(time_point moment) {
    auto made = text::iso8601(std::chrono::floor<std::chrono::seconds>(moment));
    return made.substr(0, made.find('+')) + 'Z';
}

} // namespace detail

/// Reads a token file. `errc::malformed_response` says what is wrong with it and quotes nothing.
[[nodiscard]] inline result<sso_token> read_sso_token(std::string_view text) {
    auto document = json::parse(text);
    if (!document || !document->is_object()) return fail(errc::malformed_response, "it is no JSON object");
    auto const member = [&document](std::string_view key) {
        return secret{text::trim(json::text_of(*document, key).value_or(""))};
    };
    sso_token made{member("accessToken"), {}, member("refreshToken"), member("clientId"), member("clientSecret"), {}};
    auto const expires = detail::token_time(json::text_of(*document, "expiresAt").value_or(""));
    made.registration_expires = detail::token_time(json::text_of(*document, "registrationExpiresAt").value_or(""));
    json::wipe(*document);
    if (made.access.empty()) return fail(errc::malformed_response, "it holds no accessToken");
    if (char const* const mistake = detail::unfit(made.access.reveal(), true))
        return fail(errc::malformed_response, std::string{"its accessToken"} + mistake);
    if (!expires) return fail(errc::malformed_response, "its expiresAt is no time");
    made.expires = *expires;
    return made;
}

/// The text of a token file once its token is renewed; members that are not about the token stay as they were.
[[nodiscard]] inline std::string write_sso_token(std::string_view before, sso_token const& token) {
    auto parsed = json::parse(before);
    json::value document = parsed && parsed->is_object() ? *std::move(parsed) : json::value::object();
    json::set_text(document, "accessToken", token.access.reveal());
    json::set(document, "expiresAt", json::value(detail::token_time(token.expires)));
    json::set_text(document, "refreshToken", token.refresh.reveal());
    auto made = json::write(document);
    json::wipe(document);
    return made;
}

/// What a process knows about the sign-on tokens it has met: whose turn it is to renew one, when that was last tried, and
/// tokens that could not be written to their file. May be used from several threads.
class sso_tokens {
public:
    /// Of one token file.
    class record {
    public:
        std::mutex renewing{}; ///< held by who renews the token

        /// Takes the turn, unless one was taken less than a minute ago.
        [[nodiscard]] bool may_try(time_point now) {
            std::scoped_lock const lock{mutex_};
            if (tried_ && now >= *tried_ && now - *tried_ < std::chrono::minutes{1}) return false;
            tried_ = now;
            return true;
        }

        void failed(std::string why) {
            std::scoped_lock const lock{mutex_};
            failure_ = std::move(why);
        }

        /// `written`: it is in its file.
        void renewed(sso_token const& token, bool written) {
            std::scoped_lock const lock{mutex_};
            failure_.clear();
            kept_ = written ? std::nullopt : std::optional{token};
        }

        /// Why the last try failed; empty when it did not.
        [[nodiscard]] std::string failure() const {
            std::scoped_lock const lock{mutex_};
            return failure_;
        }

        [[nodiscard]] sso_token newer(sso_token in_file) const {
            std::scoped_lock const lock{mutex_};
            return kept_ && kept_->expires > in_file.expires ? *kept_ : std::move(in_file);
        }

        /// Somebody signed off.
        void forget() {
            std::scoped_lock const lock{mutex_};
            kept_.reset();
        }

    private:
        mutable std::mutex mutex_;
        std::optional<time_point> tried_;
        std::optional<sso_token> kept_;
        std::string failure_;
    };

    sso_tokens() = default;
    sso_tokens(sso_tokens const&) = delete;
    sso_tokens& operator=(sso_tokens const&) = delete;

    [[nodiscard]] static sso_tokens& of_process() {
        static sso_tokens only;
        return only;
    }

    /// Of the token in that file; stays where it is as long as this does.
    [[nodiscard]] record& entry(std::string const& path) {
        std::scoped_lock const lock{mutex_};
        return records_[path];
    }

private:
    std::mutex mutex_;
    std::map<std::string, record> records_;
};

} // namespace fargate::inline v0::credentials

#endif
