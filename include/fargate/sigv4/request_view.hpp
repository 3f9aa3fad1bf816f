#ifndef FARGATE_SIGV4_REQUEST_VIEW_HPP
#define FARGATE_SIGV4_REQUEST_VIEW_HPP

#include <cstdint>
#include <span>
#include <string_view>

namespace fargate::inline v0::sigv4 {

/// One header to be signed. The name in any case, the value as it goes on the wire.
struct header_view {
    std::string_view name;
    std::string_view value;
};

/// A request as the signer sees it: borrowed, complete, and never changed. `path` and `query` are the text that goes on
/// the wire, already percent-encoded; `query` has no leading `?`. `headers` holds every header that shall be signed,
/// `host` among them; those that proxies change on the way (see `never_signed`) are skipped. Everything viewed must
/// outlive the call.
struct request_view {
    std::string_view method = "GET";
    std::string_view path = "/";
    std::string_view query{};
    std::span<header_view const> headers{};
    std::string_view body{};
};

/// The key that signs, borrowed. An empty session token means there is none. `generation` tells one key from the next:
/// whoever rotates keys counts it up, and cached signing keys follow it; 0 switches that caching off.
struct key_view {
    std::string_view access_key_id;
    std::string_view secret_access_key;
    std::string_view session_token{};
    std::uint64_t generation = 0;
};

} // namespace fargate::inline v0::sigv4

#endif
