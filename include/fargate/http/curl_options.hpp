#ifndef FARGATE_HTTP_CURL_OPTIONS_HPP
#define FARGATE_HTTP_CURL_OPTIONS_HPP

#include <fargate/http/curl_api.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace fargate::inline v0 {

/// What a `curl_http` is told once.
struct curl_options {
    std::string ca_file{};   ///< PEM certificates to trust in place of the system's
    std::string ca_path{};   ///< the same as a hashed directory
    std::string proxy{};     ///< e.g. `http://proxy:3128`; empty asks the environment as libcurl does (see `curl_http`)
    std::string no_proxy{};  ///< hosts that are reached directly, by commas; `*` is all; empty asks the environment
    bool verify_peer = true; ///< false trusts anybody: for a test, never for a secret
    std::size_t idle_sessions = 8;           ///< how many are kept between calls, each with its open connections
    std::size_t connections = 8;             ///< open connections of one session, to as many hosts
    std::chrono::seconds connection_age{60}; ///< one that was idle for longer is not used again
};

} // namespace fargate::inline v0

namespace fargate::inline v0::http::curl_api {

template <class Number>
[[nodiscard]] long as_long(Number value) noexcept {
    return std::in_range<long>(value) ? static_cast<long>(value) : std::numeric_limits<long>::max();
}

/// Sets what is the same for every request of a session: nothing that libcurl would do beyond the one exchange (cookies,
/// netrc, redirects, credentials, content decoding are off or not asked for), and whom to trust. `options` must stay as
/// they are while the session is used.
inline void prepare(session& session, curl_options const& options, bool bypass_proxy) noexcept {
    auto const text = [](std::string const& value) { return value.empty() ? nullptr : value.c_str(); };
    session.set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    session.set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    session.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    session.set(CURLOPT_QUICK_EXIT, 1L); // a stop does not wait for a name lookup
#endif
    // One exchange at a time gains nothing from HTTP/2, which would write the caller's field names in lower case.
    session.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    session.set(CURLOPT_HTTP09_ALLOWED, 0L);
    session.set(CURLOPT_FOLLOWLOCATION, 0L);
    session.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    session.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    session.set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
    session.set(CURLOPT_MAXAGE_CONN, as_long(options.connection_age.count()));
    session.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    session.set(CURLOPT_SSL_VERIFYPEER, options.verify_peer ? 1L : 0L);
    session.set(CURLOPT_SSL_VERIFYHOST, options.verify_peer ? 2L : 0L);
    if (!options.ca_file.empty() || !options.ca_path.empty()) {
        session.set(CURLOPT_CAINFO, text(options.ca_file));
        session.set(CURLOPT_CAPATH, text(options.ca_path));
    }
    if (!options.proxy.empty()) session.set(CURLOPT_PROXY, options.proxy.c_str());
    session.set(CURLOPT_NOPROXY, bypass_proxy ? "*" : text(options.no_proxy));
}

} // namespace fargate::inline v0::http::curl_api

#endif
