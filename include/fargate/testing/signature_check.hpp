#ifndef FARGATE_TESTING_SIGNATURE_CHECK_HPP
#define FARGATE_TESTING_SIGNATURE_CHECK_HPP

#include <fargate/core/error.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/http/message.hpp>
#include <fargate/sigv4/sign.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/timestamp.hpp>
#include <fargate/text/uri.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::testing {

/// A key that a fake accepts. With a token it is a temporary one, and requests must carry that token.
struct known_key {
    std::string id{};
    std::string secret_key{};
    std::string token{};
    std::optional<time_point> expires{};
};

/// The key of AWS's own documentation; every fake accepts it until told otherwise.
[[nodiscard]] inline known_key example_key() {
    return {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", {}, {}};
}

/// What is wrong with a signature, before a service puts its own name on it.
struct signature_defect {
    enum class kind : unsigned char {
        absent,        ///< no `Authorization` at all
        incomplete,    ///< not of the form, or a header that must be signed is not
        unknown_key,   ///< nobody's access key id
        wrong_token,   ///< a temporary key without its token, or with another
        expired_token, ///< the key's time is over
        wrong_scope,   ///< the date, region or service of the credential scope
        wrong_hash,    ///< `x-amz-content-sha256` is not the body's
        too_old,       ///< `x-amz-date` lies too far back
        too_early,     ///< `x-amz-date` lies too far ahead
        mismatch       ///< everything is there, and the signature is another
    };
    signature_defect::kind what{};
    std::string message{};
};

/// What the check holds against, and the rules that differ between services.
struct signature_rules {
    std::string service{};
    std::string region{};              ///< empty: any region is the right one
    std::chrono::seconds skew{5 * 60}; ///< how far `x-amz-date` may lie from the clock
    bool s3 = false;                   ///< path rule, and the body's hash in a header
    bool tell_canonical = true;        ///< AWS quotes what it expected, the session token included
};

/// Recomputes the signature of a request over exactly what arrived. Keys may be changed while requests come in.
class signature_check {
public:
    signature_check() { keys_.push_back(example_key()); }
    signature_check(signature_check const& other) : keys_{other.keys()} {}
    signature_check& operator=(signature_check const&) = delete;

    /// Accepts one more key; one of the same id is replaced.
    void accept(known_key key) {
        std::scoped_lock const lock{mutex_};
        std::erase_if(keys_, [&](known_key const& each) { return each.id == key.id && each.token == key.token; });
        keys_.push_back(std::move(key));
    }

    /// Accepts these keys and no others.
    void accept_only(std::vector<known_key> keys) {
        std::scoped_lock const lock{mutex_};
        keys_ = std::move(keys);
    }

    [[nodiscard]] std::vector<known_key> keys() const {
        std::scoped_lock const lock{mutex_};
        return keys_;
    }

    /// Nothing when the request is rightly signed. `now` is the service's time.
    [[nodiscard]] std::optional<signature_defect> inspect(http::request const& request, signature_rules const& rules,
                                                          time_point now) const;

    /// The region of the request's credential scope; empty when it is not signed.
    [[nodiscard]] static std::string_view region_of(http::request const& request) noexcept;

private:
    mutable std::mutex mutex_;
    std::vector<known_key> keys_;
};

namespace detail {

using defect = signature_defect::kind;

/// `Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...` in its parts.
struct authorization {
    std::string_view key_id, date, region, service, signed_headers, signature;
};

[[nodiscard]] inline std::vector<std::string_view> split(std::string_view text, char between) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0;;) {
        std::size_t const end = text.find(between, at);
        parts.push_back(text.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos) return parts;
        at = end + 1;
    }
}

[[nodiscard]] inline std::optional<authorization> read_authorization(std::string_view text) {
    constexpr std::string_view algorithm = "AWS4-HMAC-SHA256 ";
    if (!text.starts_with(algorithm)) return std::nullopt;
    authorization found;
    std::string_view credential;
    for (std::string_view part : split(text.substr(algorithm.size()), ',')) {
        part = text::trim(part);
        std::size_t const equals = part.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        std::string_view const name = part.substr(0, equals);
        std::string_view const value = part.substr(equals + 1);
        if (name == "Credential") credential = value;
        if (name == "SignedHeaders") found.signed_headers = value;
        if (name == "Signature") found.signature = value;
    }
    auto const scope = split(credential, '/');
    if (scope.size() < 5 || scope.back() != "aws4_request") return std::nullopt;
    found.service = scope[scope.size() - 2];
    found.region = scope[scope.size() - 3];
    found.date = scope[scope.size() - 4];
    found.key_id = credential.substr(0, static_cast<std::size_t>(found.date.data() - credential.data()) - 1);
    if (found.key_id.empty() || found.signed_headers.empty() || found.signature.empty()) return std::nullopt;
    return found;
}

/// The `Host` that went on the wire: the caller's own, or the one an HTTP library derives from the address.
[[nodiscard]] inline std::string host_of(http::request const& request, text::url const& url) {
    if (auto const given = request.headers.find("host")) return std::string{*given};
    bool const usual = url.port == (url.scheme == "https" ? 443 : 80);
    std::string_view authority = url.authority;
    if (usual) {
        std::size_t const colon = authority.rfind(':');
        if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
            authority = authority.substr(0, colon);
    }
    return text::lower(authority);
}

[[nodiscard]] inline bool added_by_signer(std::string_view name) noexcept {
    return text::iequals(name, "x-amz-date") || text::iequals(name, "x-amz-security-token") ||
           text::iequals(name, "x-amz-content-sha256") || text::iequals(name, "authorization");
}

} // namespace detail

inline std::string_view signature_check::region_of(http::request const& request) noexcept {
    auto const found = detail::read_authorization(request.headers.value_of("authorization"));
    return found ? found->region : std::string_view{};
}

inline std::optional<signature_defect> signature_check::inspect(http::request const& request,
                                                                signature_rules const& rules, time_point now) const {
    using detail::defect;
    auto const wrong = [](defect what, std::string message) {
        return std::optional{signature_defect{what, std::move(message)}};
    };

    auto const header = request.headers.find("authorization");
    if (!header) return wrong(defect::absent, "Missing Authentication Token");
    auto const given = detail::read_authorization(*header);
    if (!given)
        return wrong(defect::incomplete, "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' "
                                         "parameters.");
    auto const url = text::split_url(request.url);
    if (!url) return wrong(defect::incomplete, "the request's address cannot be read");

    auto const signed_names = detail::split(given->signed_headers, ';');
    auto const is_signed = [&](std::string_view name) {
        return std::find_if(signed_names.begin(), signed_names.end(),
                            [&](std::string_view each) { return text::iequals(each, name); }) != signed_names.end();
    };
    if (!is_signed("host"))
        return wrong(defect::incomplete, "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                                         "Authorization.");
    for (auto const& each : request.headers)
        if (text::lower(each.name).starts_with("x-amz-") && !is_signed(each.name))
            return wrong(defect::incomplete,
                         "There were headers present in the request which were not signed: " + text::lower(each.name));

    std::string_view const stamp = request.headers.value_of("x-amz-date");
    std::optional<text::instant> date;
    if (stamp.size() == 16)
        date = text::parse_iso8601(std::string{stamp.substr(0, 4)} + "-" + std::string{stamp.substr(4, 2)} + "-" +
                                   std::string{stamp.substr(6, 5)} + ":" + std::string{stamp.substr(11, 2)} + ":" +
                                   std::string{stamp.substr(13)});
    if (!date)
        return wrong(defect::incomplete, "Authorization header requires existence of either a 'X-Amz-Date' or a "
                                         "'Date' header.");

    std::string_view const token = request.headers.value_of("x-amz-security-token");
    auto const known = keys();
    known_key const* key = nullptr;
    bool id_known = false;
    for (auto const& each : known) {
        if (each.id != given->key_id) continue;
        id_known = true;
        if (each.token == token) key = &each;
    }
    constexpr auto invalid = "The security token included in the request is invalid.";
    if (!id_known) return wrong(defect::unknown_key, invalid);
    if (key == nullptr) return wrong(defect::wrong_token, invalid);
    if (key->expires && *key->expires <= now)
        return wrong(defect::expired_token, "The security token included in the request is expired");

    if (given->service != rules.service)
        return wrong(defect::wrong_scope, "Credential should be scoped to correct service: '" + rules.service + "'. ");
    if (!rules.region.empty() && given->region != rules.region)
        return wrong(defect::wrong_scope,
                     "Credential should be scoped to a valid region, not '" + std::string{given->region} + "'. ");
    if (given->date != stamp.substr(0, 8))
        return wrong(defect::wrong_scope, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                                          "date from HTTP: '" +
                                              std::string{given->date} + "' != '" + std::string{stamp.substr(0, 8)} +
                                              "', from '" + std::string{stamp} + "'.");
    std::string const minutes = std::to_string(rules.skew.count() / 60) + " min.)";
    if (*date < now - rules.skew)
        return wrong(defect::too_old, "Signature expired: " + std::string{stamp} + " is now earlier than " +
                                          text::amz_timestamp(now - rules.skew) + " (" + text::amz_timestamp(now) +
                                          " - " + minutes);
    if (*date > now + rules.skew)
        return wrong(defect::too_early, "Signature not yet current: " + std::string{stamp} + " is still later than " +
                                            text::amz_timestamp(now + rules.skew) + " (" + text::amz_timestamp(now) +
                                            " + " + minutes);

    std::string_view const hash = request.headers.value_of("x-amz-content-sha256");
    if (rules.s3 && hash.empty())
        return wrong(defect::wrong_hash, "Missing required header for this request: x-amz-content-sha256");
    if (!hash.empty() && hash != "UNSIGNED-PAYLOAD" &&
        hash != text::to_hex(crypto::bytes_of(crypto::openssl_hash{}.sha256(request.body))))
        return wrong(defect::wrong_hash,
                     "The provided 'x-amz-content-sha256' header does not match what was computed.");

    std::string const host = detail::host_of(request, *url);
    std::vector<sigv4::header_view> headers{{"host", host}};
    for (auto const& each : request.headers)
        if (is_signed(each.name) && !detail::added_by_signer(each.name) && !text::iequals(each.name, "host"))
            headers.push_back({each.name, each.value});
    sigv4::request_view const view{request.method, url->path, url->query, headers, request.body};
    sigv4::settings how;
    if (rules.s3) how = sigv4::s3;
    how.content_sha256 = is_signed("x-amz-content-sha256");
    how.payload_hash = hash;
    auto const again =
        sigv4::sign(view, {key->id, key->secret_key, token}, {given->region, given->service}, *date, how);
    if (again && again->signature() == given->signature) return std::nullopt;
    std::string message =
        "The request signature we calculated does not match the signature you provided. Check your AWS "
        "Secret Access Key and signing method. Consult the service documentation for details.";
    if (rules.tell_canonical) {
        message += "\n\nThe Canonical String for this request should have been\n'" + request.method + "\n" +
                   std::string{url->path} + "\n" + std::string{url->query} + "\n";
        for (auto const& name : signed_names)
            message +=
                std::string{name} + ":" + (name == "host" ? host : std::string{request.headers.value_of(name)}) + "\n";
        message += "\n" + std::string{given->signed_headers} + "'\n";
    }
    return wrong(defect::mismatch, std::move(message));
}

} // namespace fargate::inline v0::testing

#endif
