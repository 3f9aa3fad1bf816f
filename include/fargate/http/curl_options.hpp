#ifndef FARGATE_HTTP_CURL_OPTIONS_HPP
#define FARGATE_HTTP_CURL_OPTIONS_HPP

#include <fargate/http/connection_options.hpp>
#include <fargate/http/curl_api.hpp>
#include <fargate/http/message.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/uri.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0 {

/// Whom to trust for one host alone.
struct curl_trust {
    std::string host{};    ///< as addresses have it, without port; any case
    std::string ca_file{}; ///< PEM certificates
    std::string ca_path{}; ///< the same as a hashed directory
};

/// What a `curl_http` is told once.
struct curl_options {
    std::string ca_file{};           ///< PEM certificates to trust in place of the system's
    std::string ca_path{};           ///< the same as a hashed directory
    std::vector<curl_trust> trust{}; ///< hosts with certificates of their own
    std::string proxy{}; ///< e.g. `http://proxy:3128`; empty asks the environment as libcurl does (see `curl_http`)
    std::string http_proxy{};    ///< in place of `proxy` for http addresses
    std::string https_proxy{};   ///< in place of `proxy` for https addresses
    std::string no_proxy{};      ///< hosts that are reached directly, by commas; `*` is all; empty asks the environment
    bool environment = true;     ///< false asks nothing of the environment: a proxy that is empty here is none
    std::string proxy_ca_file{}; ///< PEM certificates to trust in https proxies
    http::certificate_files proxy_certificate{};  ///< shown to https proxies that ask
    http::certificate_files client_certificate{}; ///< shown to servers that ask
    bool tcp_keepalive = false;                   ///< probes connections that nothing moves over
    bool verify_peer = true;                      ///< false trusts anybody: for a test, never for a secret
    std::size_t idle_sessions = 40;               ///< how many are kept between calls, each with its open connections
    std::size_t connections = 8;                  ///< open connections of one session, to as many hosts
    std::chrono::seconds connection_age{60};      ///< one that was idle for longer is not used again

    /// The same, but for what `told` says.
    [[nodiscard]] curl_options with(http::connection_options const& told) const {
        curl_options made = *this;
        if (told.proxies) {
            made.proxy.clear();
            made.http_proxy = told.proxies->http;
            made.https_proxy = told.proxies->https;
            made.no_proxy.clear();
            made.environment = false;
        }
        if (!told.proxy_ca_file.empty()) made.proxy_ca_file = told.proxy_ca_file;
        if (!told.proxy_certificate.empty()) made.proxy_certificate = told.proxy_certificate;
        if (!told.client_certificate.empty()) made.client_certificate = told.client_certificate;
        made.tcp_keepalive = told.tcp_keepalive.value_or(tcp_keepalive);
        made.idle_sessions = told.pool.value_or(idle_sessions);
        return made;
    }
};

} // namespace fargate::inline v0

namespace fargate::inline v0::http::curl_api {

template <class Number>
[[nodiscard]] long as_long(Number value) noexcept {
    return std::in_range<long>(value) ? static_cast<long>(value) : std::numeric_limits<long>::max();
}

/// Whether `no_proxy` excepts this host with this port, by an entry of the form `host:port`; libcurl itself sees to those
/// without one.
[[nodiscard]] inline bool is_excepted(std::string_view no_proxy, text::url const& address) {
    std::string const full = text::lower(address.host) + ":" + std::to_string(address.port);
    for (std::string_view rest = no_proxy; !rest.empty();) {
        std::string_view const item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        auto entry = text::trim(item);
        while (entry.starts_with('.')) entry.remove_prefix(1);
        if (!text::contains(entry, ":") || entry.size() > full.size()) continue;
        auto const from = full.size() - entry.size();
        bool const whole = from == 0 || full[from - 1] == '.';
        if (whole && text::iequals(std::string_view{full}.substr(from), entry)) return true;
    }
    return false;
}

/// Sets what is the same for every request to an address: nothing that libcurl would do beyond the one exchange (cookies,
/// netrc, redirects, credentials, content decoding are off or not asked for), by which proxy, and whom to trust: the
/// request's own authorities, else those of the host, else those of the options, else the system's. `options` and `request`
/// must stay as they are while the session is used. (libcurl reuses a connection or a TLS session under the same trust
/// only.)
inline void prepare(session& session, curl_options const& options, text::url const& address, request const& request) {
    auto const text_or_null = [](std::string const& value) { return value.empty() ? nullptr : value.c_str(); };
    session.set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    session.set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    session.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    session.set(CURLOPT_QUICK_EXIT, 1L); // a stop does not wait for a name lookup
#endif
    // HTTP/2 gains nothing for one exchange at a time. With nginx a signed call took 1.6 times the CPU over it (libcurl
    // 8.23), and 19 times with libcurl 7.88.1, where a body of 3 MB was never sent whole.
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
    auto const own = std::find_if(options.trust.begin(), options.trust.end(),
                                  [&](curl_trust const& each) { return text::iequals(each.host, address.host); });
    bool const apart = own != options.trust.end();
    auto const& ca_file = apart ? own->ca_file : options.ca_file;
    auto const& ca_path = apart ? own->ca_path : options.ca_path;
    if (!request.ca_file.empty()) {
        session.set(CURLOPT_CAINFO, request.ca_file.c_str());
        session.set(CURLOPT_CAPATH, nullptr);
    } else if (!ca_file.empty() || !ca_path.empty()) {
        session.set(CURLOPT_CAINFO, text_or_null(ca_file));
        session.set(CURLOPT_CAPATH, text_or_null(ca_path));
    }
    if (!options.client_certificate.certificate.empty()) {
        session.set(CURLOPT_SSLCERT, options.client_certificate.certificate.c_str());
        session.set(CURLOPT_SSLKEY, text_or_null(options.client_certificate.key));
    }
    if (!options.proxy_ca_file.empty()) {
        session.set(CURLOPT_PROXY_CAINFO, options.proxy_ca_file.c_str());
        session.set(CURLOPT_PROXY_CAPATH, nullptr);
    }
    if (!options.proxy_certificate.certificate.empty()) {
        session.set(CURLOPT_PROXY_SSLCERT, options.proxy_certificate.certificate.c_str());
        session.set(CURLOPT_PROXY_SSLKEY, text_or_null(options.proxy_certificate.key));
    }
    if (options.tcp_keepalive) session.set(CURLOPT_TCP_KEEPALIVE, 1L);
    // To libcurl an empty text is no proxy, and no text is the environment's.
    auto const& special = address.scheme == "https" ? options.https_proxy : options.http_proxy;
    auto const& proxy = special.empty() ? options.proxy : special;
    if (!proxy.empty() || !options.environment) session.set(CURLOPT_PROXY, proxy.c_str());
    bool const around = request.bypass_proxy || is_excepted(options.no_proxy, address);
    session.set(CURLOPT_NOPROXY, around                                            ? "*"
                                 : options.no_proxy.empty() && options.environment ? nullptr
                                                                                   : options.no_proxy.c_str());
}

} // namespace fargate::inline v0::http::curl_api

#endif
