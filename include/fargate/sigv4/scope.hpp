#ifndef FARGATE_SIGV4_SCOPE_HPP
#define FARGATE_SIGV4_SCOPE_HPP

#include <string_view>

namespace fargate::inline v0::sigv4 {

/// What a signature is good for, besides its day: the region and the signing name of the service (`ecs`, `s3`,
/// `tagging`, `sts`). Borrowed.
struct scope {
    std::string_view region;
    std::string_view service;
};

/// What becomes of a session token: part of the signature, or sent beside it.
enum class token_rule : unsigned char { sign, omit };

/// The payload hash of a body that is not signed; services take it over https only.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

/// How a service wants its requests signed. The defaults are right for every service but S3.
struct settings {
    bool normalize_path = true; ///< resolve `.` and `..` and collapse `//` before signing, not on the wire
    bool double_encode = true;  ///< percent-encode the path of the wire once more before signing
    token_rule token = token_rule::sign;
    bool content_sha256 = false;     ///< tell the payload hash in `x-amz-content-sha256`, and sign that
    std::string_view payload_hash{}; ///< instead of the body's: its SHA-256 in hex, or `unsigned_payload`
};

/// S3's rules: the path signed is the path sent, and the payload hash is told in a header. A presigned URL has no such
/// header, so that there the payload is not signed.
inline constexpr settings s3{
    .normalize_path = false,
    .double_encode = false,
    .token = token_rule::sign,
    .content_sha256 = true,
    .payload_hash = {},
};

/// Appends the credential scope of a day (`20240102`): `20240102/us-east-1/ecs/aws4_request`.
template <class Text>
void append_credential_scope(Text& out, std::string_view date, scope const& where) {
    out += date;
    out += '/';
    out += where.region;
    out += '/';
    out += where.service;
    out += std::string_view{"/aws4_request"};
}

} // namespace fargate::inline v0::sigv4

#endif
