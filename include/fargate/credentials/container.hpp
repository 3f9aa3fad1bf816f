#ifndef FARGATE_CREDENTIALS_CONTAINER_HPP
#define FARGATE_CREDENTIALS_CONTAINER_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/core/result.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/credentials/served_key.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/uri.hpp>

#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstddef>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace fargate::inline v0::credentials {

namespace detail {

inline constexpr std::string_view relative_uri = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
inline constexpr std::string_view full_uri = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// The addresses that keys may be fetched from without TLS: loopback, and what ECS and EKS put beside a task.
[[nodiscard]] inline bool is_beside_us(std::string_view host) {
    std::string const text{host};
    std::array<unsigned char, 4> four{};
    if (inet_pton(AF_INET, text.c_str(), four.data()) == 1)
        return four[0] == 127 ||
               (four[0] == 169 && four[1] == 254 && four[2] == 170 && (four[3] == 2 || four[3] == 23));
    using sixteen_bytes = std::array<unsigned char, 16>;
    constexpr sixteen_bytes loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    constexpr sixteen_bytes eks{0xFD, 0, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x23};
    sixteen_bytes six{};
    return inet_pton(AF_INET6, text.c_str(), six.data()) == 1 && (six == loopback || six == eks);
}

} // namespace detail

/// The address that a container's keys come from: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI on the ECS agent, else
/// AWS_CONTAINER_CREDENTIALS_FULL_URI, which over http has to name `localhost`, a loopback address, or one of ECS's and
/// EKS's own; host names are not looked up. `errc::not_configured` when neither is set, `errc::bad_configuration` when the
/// one that counts is no such address.
template <environment_policy Environment>
[[nodiscard]] result<std::string> container_uri(Environment const& environment) {
    auto const broken = [](std::string_view variable, std::string_view why) {
        return fail(errc::bad_configuration, std::string{variable} + ": " + std::string{why});
    };
    if (auto const relative = filled_variable(environment, detail::relative_uri)) {
        auto const path = text::trim(*relative);
        if (!path.starts_with('/')) return broken(detail::relative_uri, "it does not begin with /");
        auto made = "http://169.254.170.2" + std::string{path};
        if (auto const parts = text::split_url(made); !parts)
            return broken(detail::relative_uri, parts.error().message);
        return made;
    }
    auto const full = filled_variable(environment, detail::full_uri);
    if (!full)
        return fail(errc::not_configured,
                    std::string{detail::relative_uri} + " and " + std::string{detail::full_uri} + " are not set");
    std::string made{text::trim(*full)};
    auto const parts = text::split_url(made);
    if (!parts) return broken(detail::full_uri, parts.error().message);
    if (parts->scheme == "http" && !text::iequals(parts->host, "localhost") && !detail::is_beside_us(parts->host))
        return broken(detail::full_uri, "http is for this machine and the addresses of ECS and EKS: use https");
    return made;
}

/// A `credential_policy` that asks the agent beside a container for the task's role: ECS, EKS Pod Identity, Greengrass.
/// The token of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (read again every time), else of AWS_CONTAINER_AUTHORIZATION_TOKEN,
/// goes along. Three tries, one second apart, never through a proxy; a definite refusal ends it sooner. Follows "Container
/// credential provider" of the AWS SDKs and Tools guide.
class container {
public:
    static constexpr std::string_view name = "container";

    template <http_policy Http, clock_policy Clock, environment_policy Environment>
    [[nodiscard]] result<access_key> fetch(Http& http, Clock& clock, Environment const& environment) const {
        auto const uri = container_uri(environment);
        if (!uri) return uri.error();
        auto const token = authorization(environment);
        if (!token) return token.error();
        auto const request = make_request(*uri, *token);
        for (int attempt = 1;; ++attempt) {
            auto key = ask(http, clock, request, *token);
            if (key || !key.error().retryable || attempt == 3) return key;
            clock.sleep_for(std::chrono::seconds{1}, {});
        }
    }

private:
    static constexpr std::string_view token_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    static constexpr std::string_view token_variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

    template <class Environment>
    static result<secret> authorization(Environment const& environment) {
        std::string text;
        std::string from{token_variable};
        if (auto const path = filled_variable(environment, token_file)) {
            auto read = environment.read_file(text::trim(*path));
            from = std::string{token_file};
            if (!read) return fail(errc::bad_configuration, from + ": " + read.error().message);
            text = *std::move(read);
            if (text::trim(text).empty()) return fail(errc::bad_configuration, from + " names an empty file");
        } else {
            text = filled_variable(environment, token_variable).value_or("");
        }
        secret token{text::trim(text)};
        wipe(text);
        for (char const c : token.reveal())
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
                return fail(errc::bad_configuration, from + " holds a line end or control character inside");
        return token;
    }

    /// `localhost` goes out as 127.0.0.1, whatever a name server may say of it.
    static http::request make_request(std::string const& uri, secret const& token) {
        using namespace std::chrono_literals;
        http::request made;
        made.url = uri;
        auto const parts = text::split_url(uri);
        if (parts && parts->scheme == "http" && text::iequals(parts->host, "localhost")) {
            made.headers.add("Host", text::host_field(*parts));
            made.url.replace(static_cast<std::size_t>(parts->host.data() - uri.data()), parts->host.size(),
                             "127.0.0.1");
        }
        made.headers.add("Accept", "application/json");
        if (!token.empty()) made.headers.add("Authorization", std::string{token.reveal()});
        made.limits = {.connect = 2s, .idle = 2s, .total = 5s, .body = 64 * 1024, .head = 16 * 1024};
        made.bypass_proxy = true;
        return made;
    }

    template <class Http, class Clock>
    static result<access_key> ask(Http& http, Clock& clock, http::request const& request, secret const& token) {
        key_service const service{"the container's credentials service", name, token};
        auto answer = http.send(request);
        if (answer) return served_key(service, *answer, clock.now());
        auto why = std::move(answer).error();
        why.message = std::string{service.name} + ": " + why.message;
        why.retryable = why.code == errc::timed_out || why.code == errc::connection_failed;
        return why;
    }
};

} // namespace fargate::inline v0::credentials

#endif
