#ifndef FARGATE_SIGV4_SIGN_HPP
#define FARGATE_SIGV4_SIGN_HPP

#include <fargate/core/result.hpp>
#include <fargate/crypto/policy.hpp>
#include <fargate/sigv4/canonical.hpp>
#include <fargate/sigv4/check.hpp>
#include <fargate/sigv4/request_view.hpp>
#include <fargate/sigv4/scope.hpp>
#include <fargate/sigv4/signing_key.hpp>
#include <fargate/text/buffer.hpp>
#include <fargate/text/hex.hpp>
#include <fargate/text/percent.hpp>
#include <fargate/text/timestamp.hpp>

#include <algorithm>
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

/// A header that a signed request carries, borrowed from its `signed_headers`.
struct signed_header {
    std::string_view name;
    std::string_view value;
};

/// The headers to set on a request so that it is signed: `X-Amz-Date` and `Authorization`, and as the case may be
/// `X-Amz-Security-Token` and `x-amz-content-sha256`. A range of `signed_header`, whose text lies in here.
class signed_headers {
public:
    class iterator {
    public:
        iterator(signed_headers const& of, std::size_t place) noexcept : of_{&of}, place_{place} {}

        [[nodiscard]] signed_header operator*() const noexcept { return (*of_)[place_]; }
        iterator& operator++() noexcept {
            ++place_;
            return *this;
        }
        [[nodiscard]] bool operator==(iterator const&) const noexcept = default;

    private:
        signed_headers const* of_;
        std::size_t place_;
    };

    signed_headers() noexcept {} // clears no more than has to be

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] signed_header operator[](std::size_t place) const noexcept {
        auto const end = place + 1 == count_ ? text_.size() : begins_[place + 1];
        return {names_[place], text_.view().substr(begins_[place], end - begins_[place])};
    }
    [[nodiscard]] iterator begin() const noexcept { return {*this, 0}; }
    [[nodiscard]] iterator end() const noexcept { return {*this, count_}; }

    /// The 64 digits that `Authorization`, the last of them, ends in.
    [[nodiscard]] std::string_view signature() const noexcept {
        return text_.view().substr(text_.size() - std::min<std::size_t>(text_.size(), 64));
    }

    /// Begins a header. Its value is all that is appended to what comes back, until the next begins.
    auto& add(std::string_view name) noexcept {
        names_[count_] = name;
        begins_[count_++] = text_.size();
        return text_;
    }

private:
    std::array<std::string_view, 4> names_{};
    std::array<std::size_t, 4> begins_{};
    std::size_t count_ = 0;
    text::buffer<2048> text_{};
};

/// Appends the last line of a canonical request: the hash of the body, or what `how` puts in its place.
template <class Text, crypto::hash_policy Hash>
void append_payload_hash(Text& out, std::string_view body, settings const& how, Hash const& hash) {
    if (!how.payload_hash.empty())
        out += how.payload_hash;
    else if (body.empty())
        out += std::string_view{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
    else
        text::append_hex(out, crypto::bytes_of(hash.sha256(body)));
}

/// The same as a text of its own.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string payload_hash(std::string_view body, settings const& how, Hash const& hash) {
    std::string made;
    append_payload_hash(made, body, how, hash);
    return made;
}

/// Appends the text that is signed; `timestamp` is `20240102T030405Z`.
template <class Text, crypto::hash_policy Hash>
void append_string_to_sign(Text& out, std::string_view timestamp, scope const& where, std::string_view canonical,
                           Hash const& hash) {
    out += std::string_view{"AWS4-HMAC-SHA256\n"};
    out += timestamp;
    out += '\n';
    append_credential_scope(out, timestamp.substr(0, 8), where);
    out += '\n';
    text::append_hex(out, crypto::bytes_of(hash.sha256(canonical)));
}

/// The same as a text of its own.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string string_to_sign(std::string_view timestamp, scope const& where, std::string_view canonical,
                                         Hash const& hash) {
    std::string made;
    made.reserve(160);
    append_string_to_sign(made, timestamp, where, canonical, hash);
    return made;
}

/// Appends the signature of a canonical request, in hex: the stages after it in one go. `cache` may be null.
template <class Text, crypto::hash_policy Hash>
void append_signature(Text& out, std::string_view canonical, key_view const& key, scope const& where,
                      std::string_view timestamp, signing_key_cache* cache, Hash const& hash) {
    text::buffer<256> to_sign;
    append_string_to_sign(to_sign, timestamp, where, canonical, hash);
    std::string_view const date = timestamp.substr(0, 8);
    auto const made = cache != nullptr
                          ? cache->hmac(key, date, where, to_sign, hash)
                          : hash.hmac_sha256(signing_key(key.secret_access_key, date, where, hash).reveal(), to_sign);
    text::append_hex(out, crypto::bytes_of(made));
}

/// The same as a text of its own.
template <crypto::hash_policy Hash>
[[nodiscard]] std::string signature(std::string_view canonical, key_view const& key, scope const& where,
                                    std::string_view timestamp, signing_key_cache* cache, Hash const& hash) {
    std::string made;
    append_signature(made, canonical, key, where, timestamp, cache, hash);
    return made;
}

/// Signs a request in its headers. `when` is the time it is sent, which the service compares with its own clock. `cache`,
/// when there is one, keeps signing keys between calls. Refuses with `errc::invalid_argument`, saying what to mend, a
/// request that must not be sent or cannot be signed: see `check`.
///
/// Goes over the request once, and allocates nothing as long as it has at most 9 headers, a head of less than 4 KB and a
/// token of less than 1.5 KB, and the cache knows the key.
template <crypto::hash_policy Hash = crypto::openssl_hash>
[[nodiscard]] result<signed_headers> sign(request_view const& request, key_view const& key, scope const& where,
                                          text::instant when, settings const& how = {},
                                          signing_key_cache* cache = nullptr, Hash const& hash = {}) {
    if (auto fine = check(request, key, where, when, how); !fine) return std::move(fine).error();
    text::buffer<16> timestamp;
    text::append_amz_timestamp(timestamp, when);
    text::buffer<64> payload;
    append_payload_hash(payload, request.body, how, hash);

    std::array<header_view, 3> added{};
    std::size_t count = 0;
    added[count++] = {"X-Amz-Date", timestamp};
    if (how.content_sha256) added[count++] = {"x-amz-content-sha256", payload};
    bool const has_token = !key.session_token.empty();
    if (has_token && how.token == token_rule::sign) added[count++] = {"X-Amz-Security-Token", key.session_token};
    canonical_headers const headers{request.headers, std::span{added}.first(count)};
    text::buffer<4096> canonical;
    append_canonical_request(canonical, request, headers, how, payload);

    result<signed_headers> made{signed_headers()};
    made->add("X-Amz-Date") += timestamp;
    if (has_token) made->add("X-Amz-Security-Token") += key.session_token;
    if (how.content_sha256) made->add("x-amz-content-sha256") += payload;
    auto& authorization = made->add("Authorization");
    authorization += "AWS4-HMAC-SHA256 Credential=";
    authorization += key.access_key_id;
    authorization += '/';
    append_credential_scope(authorization, timestamp.view().substr(0, 8), where);
    authorization += ", SignedHeaders=";
    authorization += headers.names();
    authorization += ", Signature=";
    append_signature(authorization, canonical, key, where, timestamp, cache, hash);
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
    if (auto fine = check(request, key, where, when, how); !fine) return std::move(fine).error();
    if (expires < std::chrono::seconds{1} || expires > std::chrono::days{7})
        return fail(errc::invalid_argument, "a presigned request lives from 1 to 604800 seconds");
    std::string const timestamp = text::amz_timestamp(when);
    canonical_headers const headers{request.headers};
    std::string credential{key.access_key_id};
    credential += '/';
    append_credential_scope(credential, std::string_view{timestamp}.substr(0, 8), where);
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
    text::append_percent(query, headers.names());
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
