#ifndef FARGATE_HTTP_CONNECTION_OPTIONS_HPP
#define FARGATE_HTTP_CONNECTION_OPTIONS_HPP

#include <cstddef>
#include <optional>
#include <string>

namespace fargate::inline v0::http {

/// Files in PEM; one may hold both halves, then `key` is empty.
struct certificate_files {
    std::string certificate{};
    std::string key{};

    [[nodiscard]] bool empty() const noexcept { return certificate.empty() && key.empty(); }
};

/// Proxies by the scheme of the address that is asked for; empty: none.
struct scheme_proxies {
    std::string http{};
    std::string https{};
};

/// What a configuration may say about connections, in the words of no library. An HTTP policy that can be told this has a
/// member `h.with(connection_options const&)`, const, which makes a policy of its own of `h`'s type: as `h` but for what the
/// options say.
struct connection_options {
    std::optional<scheme_proxies> proxies{}; ///< in place of any other proxy and of exceptions from it
    std::string proxy_ca_file{};             ///< PEM certificates to trust in https proxies, in place of the system's
    certificate_files proxy_certificate{};   ///< shown to https proxies that ask
    certificate_files client_certificate{};  ///< shown to servers that ask
    std::optional<bool> tcp_keepalive{};     ///< probes connections that nothing moves over
    std::optional<std::size_t> pool{};       ///< how many connections to a host are kept for the next calls

    /// Nothing is said.
    [[nodiscard]] bool empty() const noexcept {
        return !proxies && proxy_ca_file.empty() && proxy_certificate.empty() && client_certificate.empty() &&
               !tcp_keepalive && !pool;
    }
};

} // namespace fargate::inline v0::http

#endif
