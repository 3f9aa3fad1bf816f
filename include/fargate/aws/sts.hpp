#ifndef FARGATE_AWS_STS_HPP
#define FARGATE_AWS_STS_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/aws/ambient.hpp>
#include <fargate/aws/client.hpp>
#include <fargate/aws/xml.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/scan.hpp>
#include <fargate/text/timestamp.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// The role that is asked for, and for how long.
struct role_request {
    std::string role_arn{};     ///< `arn:aws:iam::123456789012:role/name`
    std::string session_name{}; ///< who asks, in the role's records; empty: `fargate-` and the seconds since 1970
    std::string external_id{};  ///< what a foreign account wants to be told; empty: nothing
    std::string mfa_serial{};   ///< refused: its codes are typed in by people
    std::optional<std::chrono::seconds> duration{}; ///< 900 s to 12 h, and no more than the role allows; nothing: 1 h
};

/// Whose key it is.
struct caller_identity {
    std::string account{};
    std::string arn{};
    std::string user_id{};
};

/// Says what is wrong with a request for a role, by the limits in the STS API Reference, before STS does.
[[nodiscard]] inline result<void> check(role_request const& role) {
    auto const wrong = [](std::string why) { return fail(errc::invalid_argument, std::move(why)); };
    auto const holds_only = [](std::string_view text, std::string_view also) {
        for (char const c : text)
            if (!text::is_alnum(c) && also.find(c) == std::string_view::npos) return false;
        return true;
    };
    if (role.role_arn.empty()) return wrong("no role_arn is given");
    if (role.role_arn.size() > 2048 || text::first_outside(role.role_arn, '!', '~') != role.role_arn.size())
        return wrong("role_arn is no ARN: write it as arn:aws:iam::123456789012:role/name");
    if (!role.mfa_serial.empty())
        return wrong("mfa_serial asks for a code that somebody types in, and nobody is asked here: use a role without "
                     "it, or a credential_process that asks");
    std::size_t const name = role.session_name.size();
    if (name != 0 && (name < 2 || name > 64 || !holds_only(role.session_name, "_+=,.@-")))
        return wrong("role_session_name is not 2 to 64 letters, digits or _+=,.@-");
    std::size_t const id = role.external_id.size();
    if (id != 0 && (id < 2 || id > 1224 || !holds_only(role.external_id, "_+=,.@:/-")))
        return wrong("external_id is not 2 to 1224 letters, digits or _+=,.@:/-");
    if (role.duration && (*role.duration < std::chrono::seconds{900} || *role.duration > std::chrono::hours{12}))
        return wrong("duration_seconds is not from 900 to 43200");
    return {};
}

namespace detail {

/// The regions whose calls went to one global host once, and still do where `sts_regional_endpoints` is `legacy`.
[[nodiscard]] constexpr bool is_sts_legacy_region(std::string_view region) noexcept {
    constexpr std::string_view regions[] = {"ap-northeast-1", "ap-south-1",   "ap-southeast-1", "ap-southeast-2",
                                            "aws-global",     "ca-central-1", "eu-central-1",   "eu-north-1",
                                            "eu-west-1",      "eu-west-2",    "eu-west-3",      "sa-east-1",
                                            "us-east-1",      "us-east-2",    "us-west-1",      "us-west-2"};
    for (auto const each : regions)
        if (region == each) return true;
    return false;
}

/// The host and the signing region of a call to STS.
[[nodiscard]] inline endpoint sts_endpoint(target const& to, bool legacy) {
    endpoint made = endpoint_of(sts_service, to);
    bool const plain = !to.custom && !to.use_fips && !to.use_dualstack;
    if (plain && legacy && is_sts_legacy_region(to.region)) return endpoint_at("sts.amazonaws.com", "us-east-1");
    if (made.region == "aws-global") made.region = "us-east-1";
    return made;
}

/// Where no region is configured, STS is called all the same: at its global host.
template <environment_policy Environment>
[[nodiscard]] client_options sts_options(client_options options, Environment const& environment) {
    if (!options.region.empty()) return options;
    ambient<Environment> known{environment};
    if (known.variable("AWS_REGION") || known.variable("AWS_DEFAULT_REGION")) return options;
    auto const found = known.of_profile("region");
    if (found && !*found) options.region = "aws-global";
    return options;
}

/// AWS_STS_REGIONAL_ENDPOINTS, `sts_regional_endpoints`.
template <environment_policy Environment>
[[nodiscard]] result<bool> sts_is_legacy(Environment const& environment) {
    auto const found = ambient<Environment>{environment}.find("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
    if (!found) return found.error();
    if (!*found || text::iequals((*found)->text, "regional")) return false;
    if (text::iequals((*found)->text, "legacy")) return true;
    return fail(errc::bad_configuration, (*found)->from + " is neither regional nor legacy");
}

inline void add_field(std::string& form, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    form.append("&").append(name).append("=");
    text::append_percent(form, value);
}

/// A call of the query protocol. The form is moved in last, so that no copy of a token in it stays behind.
[[nodiscard]] inline call sts_call(std::string_view operation, endpoint where, std::string form) {
    call made;
    made.operation = operation;
    made.where = std::move(where);
    made.headers.add("Content-Type", "application/x-www-form-urlencoded");
    made.body = std::move(form);
    made.speaks = protocol::xml;
    return made;
}

[[nodiscard]] inline std::string sts_form(std::string_view operation) {
    std::string made = "Action=";
    return made.append(operation).append("&Version=2011-06-15");
}

[[nodiscard]] inline std::string role_form(std::string_view operation, role_request const& role) {
    std::string made = sts_form(operation);
    add_field(made, "RoleArn", role.role_arn);
    add_field(made, "RoleSessionName", role.session_name);
    add_field(made, "ExternalId", role.external_id);
    if (role.duration) add_field(made, "DurationSeconds", std::to_string(role.duration->count()));
    return made;
}

inline void wipe_element(xml_element& element) noexcept {
    wipe(element.text);
    for (auto& each : element.children) wipe_element(each);
}

/// `<AssumeRoleResponse><AssumeRoleResult>...`: what stands in the inner one.
[[nodiscard]] inline xml_element const* sts_result(xml_element const& root, std::string_view operation) {
    return root.child(std::string{operation} + "Result");
}

/// The twelve digits in `arn:aws:sts::123456789012:assumed-role/name/session`; empty when they are not there.
[[nodiscard]] inline std::string account_of(std::string_view arn) {
    for (int colons = 0; colons != 4; ++colons) {
        auto const at = arn.find(':');
        if (at == std::string_view::npos) return {};
        arn.remove_prefix(at + 1);
    }
    auto const account = arn.substr(0, arn.find(':'));
    for (char const c : account)
        if (!text::is_digit(c)) return {};
    return std::string{account};
}

[[nodiscard]] inline result<access_key> key_of(xml_element const& answer) {
    auto const missing = [](std::string_view what) {
        return fail(errc::malformed_response, "the answer holds no usable " + std::string{what});
    };
    auto const* const given = answer.child("Credentials");
    if (given == nullptr) return missing("Credentials");
    for (std::string_view const name : {"AccessKeyId", "SecretAccessKey", "SessionToken"}) {
        auto const part = text::trim(given->text_of(name));
        if (part.empty() || text::first_outside(part, '!', '~') != part.size()) return missing(name);
    }
    access_key made;
    made.id = text::trim(given->text_of("AccessKeyId"));
    made.secret_key = secret{text::trim(given->text_of("SecretAccessKey"))};
    made.session_token = secret{text::trim(given->text_of("SessionToken"))};
    made.expires = text::parse_iso8601(text::trim(given->text_of("Expiration")));
    if (!made.expires) return missing("Expiration");
    if (auto const* const user = answer.child("AssumedRoleUser")) made.account_id = account_of(user->text_of("Arn"));
    made.source = "sts";
    return made;
}

/// Reads the key out of an answer, and overwrites every other copy of it.
[[nodiscard]] inline result<access_key> read_role(http::response&& answer, std::string_view operation) {
    auto root = read_xml(answer.body);
    wipe(answer.body);
    if (!root) return root.error();
    auto const* const inner = sts_result(*root, operation);
    auto made = inner == nullptr ? result<access_key>{fail(errc::malformed_response, "the answer is none of AWS STS")}
                                 : key_of(*inner);
    wipe_element(*root);
    return made;
}

} // namespace detail

/// AWS Security Token Service: temporary keys for roles. Calls go to the region's own host; to the global one, signed for
/// us-east-1, where no region is configured, or where AWS_STS_REGIONAL_ENDPOINTS (`sts_regional_endpoints`) is `legacy` and
/// the region is one of old. Endpoint overrides, FIPS and dual-stack hosts are as for every client. Answers and errors
/// follow the STS API Reference; IDPCommunicationError and InvalidIdentityToken, which may pass, are repeated.
///
/// About `parts` and threads see `ecs`.
template <policies Policies>
class sts {
public:
    template <class Parts>
    explicit sts(Parts& parts, client_options const& options = {}) :
        clock_{parts.clock},
        client_{parts, sts_service, detail::sts_options(options, parts.environment)},
        unsigned_{parts, sts_service, anonymous(client_.options())},
        legacy_{detail::sts_is_legacy(parts.environment)} {}

    /// A key of a role, asked for with the client's own. `errc::invalid_argument` when `role` is over a limit of STS's.
    [[nodiscard]] result<access_key> assume_role(role_request const& role, std::stop_token stop = {}) {
        return ask_role(client_, "AssumeRole", role, {}, std::move(stop));
    }

    /// A key of a role, asked for with a token of an identity provider and no key. No message tells the token.
    [[nodiscard]] result<access_key> assume_role_with_web_identity(role_request const& role, secret const& token,
                                                                   std::stop_token stop = {}) {
        constexpr std::string_view operation = "AssumeRoleWithWebIdentity";
        if (!role.external_id.empty())
            return client_.named(operation, fail(errc::invalid_argument, "web identity takes no external_id"));
        if (token.reveal().size() < 4 || token.reveal().size() > 20000)
            return client_.named(operation, fail(errc::invalid_argument, "the token is not 4 to 20000 bytes long"));
        return ask_role(unsigned_, operation, role, token, std::move(stop));
    }

    /// Whose key the client's is. Nobody can be forbidden to ask.
    [[nodiscard]] result<caller_identity> get_caller_identity(std::stop_token stop = {}) {
        constexpr std::string_view operation = "GetCallerIdentity";
        auto const where = destination();
        if (!where) return client_.named(operation, where.error());
        auto const read = [operation](http::response&& answer) -> result<caller_identity> {
            auto const root = read_xml(answer.body);
            if (!root) return root.error();
            auto const* const inner = detail::sts_result(*root, operation);
            if (inner == nullptr) return fail(errc::malformed_response, "the answer is none of AWS STS");
            return caller_identity{std::string{inner->text_of("Account")}, std::string{inner->text_of("Arn")},
                                   std::string{inner->text_of("UserId")}};
        };
        return client_.call(detail::sts_call(operation, *where, detail::sts_form(operation)), read, std::move(stop));
    }

private:
    static client_options anonymous(client_options options) {
        options.anonymous = true;
        return options;
    }

    [[nodiscard]] result<endpoint> destination() const {
        if (!client_.destination()) return client_.destination().error();
        if (!legacy_) return legacy_.error();
        return detail::sts_endpoint(*client_.destination(), *legacy_);
    }

    [[nodiscard]] result<access_key> ask_role(client<Policies>& asking, std::string_view operation, role_request role,
                                              secret const& token, std::stop_token stop) {
        if (auto const fit = check(role); !fit) return client_.named(operation, fit.error());
        auto where = destination();
        if (!where) return client_.named(operation, where.error());
        if (role.session_name.empty()) {
            auto const now = std::chrono::floor<std::chrono::seconds>(clock_.now());
            role.session_name = "fargate-" + std::to_string(now.time_since_epoch().count());
        }
        auto form = detail::role_form(operation, role);
        form.reserve(form.size() + 32 + 3 * token.reveal().size()); // no growth, which would leave a copy behind
        detail::add_field(form, "WebIdentityToken", token.reveal());
        auto what = detail::sts_call(operation, *std::move(where), std::move(form));
        what.confided = {token};
        auto const read = [operation](http::response&& answer) {
            return detail::read_role(std::move(answer), operation);
        };
        auto made = asking.call(what, read, std::move(stop));
        wipe(what.body);
        return made;
    }

    typename Policies::clock& clock_;
    client<Policies> client_;
    client<Policies> unsigned_;
    result<bool> legacy_;
};

} // namespace fargate::inline v0::aws

#endif
