#ifndef FARGATE_HTTP_CURL_ENVIRONMENT_HPP
#define FARGATE_HTTP_CURL_ENVIRONMENT_HPP

#include <fargate/http/curl_options.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0 {

namespace http::detail {

/// The proxy that a pair of variables names. The lower-case one wins, also when it is set to nothing, which means none.
template <environment_policy Environment>
[[nodiscard]] std::string proxy_of(Environment const& environment, std::string const& name, bool capitals = true) {
    if (auto const lower = environment.variable(name)) return std::string{text::trim(*lower)};
    if (!capitals) return {};
    return std::string{text::trim(environment.variable(text::upper(name)).value_or(""))};
}

/// True when `path` leads into a directory: what stands for the directory itself is there, and cannot be read.
template <environment_policy Environment>
[[nodiscard]] bool is_directory(Environment const& environment, std::string const& path) {
    auto const inside = environment.read_file(path + "/.");
    return !inside && inside.error().code == errc::bad_configuration;
}

} // namespace http::detail

/// The proxies and certificates that Python's requests would take from the environment, and nothing that libcurl would
/// find there besides:
/// - `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in capitals too, lower case first; `HTTP_PROXY` not where
///   `REQUEST_METHOD` is set, for to a CGI program that is a client's `Proxy` field;
/// - `REQUESTS_CA_BUNDLE`, else `CURL_CA_BUNDLE`: a file of PEM certificates or a hashed directory. They are for `host`
///   alone, the Prefect API's (AWS calls say in `request::ca_file` whom they trust); for every host when that is empty. What
///   cannot be read is an error of the first request.
template <environment_policy Environment>
[[nodiscard]] curl_options curl_options_from(Environment const& environment, std::string_view host = {}) {
    using http::detail::proxy_of;
    curl_options made;
    made.environment = false;
    made.proxy = proxy_of(environment, "all_proxy");
    made.http_proxy = proxy_of(environment, "http_proxy", !environment.variable("REQUEST_METHOD"));
    made.https_proxy = proxy_of(environment, "https_proxy");
    made.no_proxy = filled_variable(environment, "no_proxy")
                        .value_or(filled_variable(environment, "NO_PROXY").value_or(std::string{}));
    for (char const* const name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
        auto path = filled_variable(environment, name);
        if (!path) continue;
        bool const directory = http::detail::is_directory(environment, *path);
        curl_trust whom{std::string{host}, directory ? "" : *path, directory ? *path : ""};
        if (host.empty()) {
            made.ca_file = std::move(whom.ca_file);
            made.ca_path = std::move(whom.ca_path);
        } else {
            made.trust.push_back(std::move(whom));
        }
        break;
    }
    return made;
}

} // namespace fargate::inline v0

#endif
