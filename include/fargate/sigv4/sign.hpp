#ifndef FARGATE_SIGV4_SIGN_HPP
#define FARGATE_SIGV4_SIGN_HPP

#include <fargate/core/result.hpp>
#include <fargate/crypto/policy.hpp>
#include <fargate/sigv4/canonical.hpp>
#include <fargate/sigv4/check.hpp>
#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>
#include <fargate/sigv4/signing_key.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/timestamp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::crypto {

class openssl_hash; // in <fargate/crypto/openssl.hpp>, which only callers that leave the hash out have to include

} // namespace fargate::inline v0::crypto

// Signature Version 4 (AWS General Reference, "Signing AWS API requests"). Pure functions: the same arguments give the
// same signature, and nothing is asked of clock, network or environment.

namespace fargate::inline v0::sigv4 {

/// A header that a signed request carries.
struct signed_header {
    std::string_view name;
    std::string value;
};

/// The headers to set on a request so that it is signed: `X-Amz-Date` and `Authorization`, and as the case may be
/// `X-Amz-Security-Token` and `x-amz-content-sha256`.
struct signed_headers {
    std::array<signed_header, 4> fields{};
    std::size_t count = 0;
    std::string signature{}; ///< its 64 digits, which `Authorization` ends in

    [[nodiscard]] signed_header const* begin() const noexcept { return fields.data(); }
    [[nodiscard]] signed_header const* end() const noexcept { return fields.data() + count; }

    void add(std::string_view name, std::string value) { fields[count++] = {name, std::move(value)}; }
};

/// The last line of a canonical request: the hash of the body, or what `how` puts in its place.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string payload_hash(std::string_view body, settings const& how, Hash const& hash) {
    if (!how.payload_hash.empty()) return std::string{how.payload_hash};
    if (body.empty()) return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    return text::to_hex(crypto::bytes_of(hash.sha256(body)));
}

/// The text that is signed; `timestamp` is `20240102T030405Z`.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string string_to_sign(std::string_view timestamp, scope const& where, std::string_view canonical,
                                         Hash const& hash) {
    std::string made;
    made.reserve(160);
    made += "AWS4-HMAC-SHA256\n";
    made += timestamp;
    made += '\n';
    append_credential_scope(made, timestamp.substr(0, 8), where);
    made += '\n';
    text::append_hex(made, crypto::bytes_of(hash.sha256(canonical)));
    return made;
}

/// The signature of a canonical request, in hex: the stages after it in one go. `cache` may be null.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string signature(std::string_view canonical, key_view const& key, scope const& where,
                                    std::string_view timestamp, signing_key_cache* cache, Hash const& hash) {
    std::string_view const date = timestamp.substr(0, 8);
    std::string const text = string_to_sign(timestamp, where, canonical, hash);
    secret_digest const made =
        cache != nullptr ? cache->get(key, date, where, hash) : signing_key(key.secret_access_key, date, where, hash);
    return text::to_hex(crypto::bytes_of(hash.hmac_sha256(made.reveal(), text)));
}

/// Signs a request in its headers. `when` is the time it is sent, which the service compares with its own clock. `cache`,
/// when there is one, keeps signing keys between calls. Refuses with `errc::invalid_argument`, saying what to mend, a
/// request that must not be sent or cannot be signed: see `check`.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<signed_headers> sign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto const fine = check(request, key, where, when, how); !fine) return fine.error();
    std::string const timestamp = text::amz_timestamp(when);
    std::string const payload = payload_hash(request.body, how, hash);

    std::array<header_view, 3> added{};
    std::size_t count = 0;
    added[count++] = {"X-Amz-Date", timestamp};
    if (how.content_sha256) added[count++] = {"x-amz-content-sha256", payload};
    bool const has_token = !key.session_token.empty();
    if (has_token && how.token == token_rule::sign) added[count++] = {"X-Amz-Security-Token", key.session_token};

    canonical_headers const headers{request.headers, std::span{added}.first(count)};
    signed_headers made;
    made.signature = signature(canonical_request(request, headers, how, payload), key, where, timestamp, cache, hash);

    std::string authorization;
    authorization.reserve(256 + headers.size_hint() / 2);
    authorization += "AWS4-HMAC-SHA256 Credential=";
    authorization += key.access_key_id;
    authorization += '/';
    append_credential_scope(authorization, std::string_view{timestamp}.substr(0, 8), where);
    authorization += ", SignedHeaders=";
    headers.append_names(authorization);
    authorization += ", Signature=";
    authorization += made.signature;

    made.add("X-Amz-Date", timestamp);
    if (has_token) made.add("X-Amz-Security-Token", std::string{key.session_token});
    if (how.content_sha256) made.add("x-amz-content-sha256", payload);
    made.add("Authorization", std::move(authorization));
    return made;
}

/// Signs a request in its query, so that whoever holds the URL can send it, with the headers that are in `request` and no
/// others of `x-amz-`, until `expires` has passed (1 second to 7 days, and no longer than the key itself is good). Returns
/// the whole query without `?`. Where S3's settings would tell the payload hash in a header, the payload is not signed.
/// Refuses as `sign` does.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<std::string> presign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, std::chrono::seconds expires, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto const fine = check(request, key, where, when, how); !fine) return fine.error();
    if (expires < std::chrono::seconds{1} || expires > std::chrono::days{7})
        return fail(errc::invalid_argument, "a presigned request lives from 1 to 604800 seconds");
    std::string const timestamp = text::amz_timestamp(when);
    canonical_headers const headers{request.headers};
    std::string credential{key.access_key_id};
    credential += '/';
    append_credential_scope(credential, std::string_view{timestamp}.substr(0, 8), where);
    std::string names;
    headers.append_names(names);
    std::string token;
    if (!key.session_token.empty()) {
        token = "&X-Amz-Security-Token=";
        text::append_percent(token, key.session_token);
    }

    std::string query{request.query};
    if (!query.empty()) query += '&';
    query += "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";
    text::append_percent(query, credential);
    query += "&X-Amz-Date=";
    query += timestamp;
    query += "&X-Amz-SignedHeaders=";
    text::append_percent(query, names);
    query += "&X-Amz-Expires=";
    query += std::to_string(expires.count());
    if (how.token == token_rule::sign) query += token;

    request_view complete = request;
    complete.query = query;
    std::string const payload = how.content_sha256 && how.payload_hash.empty() ? std::string{unsigned_payload}
                                                                               : payload_hash(request.body, how, hash);
    std::string const made =
        signature(canonical_request(complete, headers, how, payload), key, where, timestamp, cache, hash);
    if (how.token == token_rule::omit) query += token;
    query += "&X-Amz-Signature=";
    query += made;
    return query;
}

} // namespace fargate::inline v0::sigv4

#endif
