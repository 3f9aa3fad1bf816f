#include "agent_api.hpp"

#include <fargate/json/json.hpp>
#include <fargate/service/metrics.hpp>
#include <fargate/text/ascii.hpp>

#include <charconv>
#include <system_error>
#include <utility>

using fargate::errc;
using fargate::fail;
using fargate::result;
namespace http = fargate::http;
namespace json = fargate::json;
namespace text = fargate::text;

namespace {

fargate::error wrong_address(std::string_view address, std::string const& why) {
    std::string shown{address.substr(0, 128)};
    for (char& c : shown)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = '?';
    return fail(errc::invalid_argument, "agent address \"" + shown + "\" cannot be used: " + why);
}

/// The path of a request's URL.
std::string_view path_of(std::string_view url) {
    if (auto const scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    auto const slash = url.find('/');
    if (slash == std::string_view::npos) return "/";
    url.remove_prefix(slash);
    return url.substr(0, url.find('?'));
}

http::response page(int status, std::string body) {
    return {status, {{"Content-Type", "text/html; charset=UTF-8"}}, std::move(body)};
}

} // namespace

result<agent_address> read_agent_address(std::string_view given) {
    auto const whole = text::trim(given);
    std::string_view rest = whole;
    if (auto const scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));

    auto const colon = rest.rfind(':');
    bool const has_port = colon != std::string_view::npos && colon + 1 != rest.size() && !rest.ends_with(']');
    if (!has_port) return wrong_address(whole, "Must specify port in agent address, as in http://127.0.0.1:8080");
    std::string_view host = rest.substr(0, colon);
    std::string_view const digits = rest.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of("[]:@ ") != std::string_view::npos) {
        return wrong_address(whole, "it holds no host and port: write http://127.0.0.1:8080 or http://[::1]:8080");
    }
    unsigned long port = 0;
    auto const [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure == std::errc::invalid_argument || end != digits.data() + digits.size())
        return wrong_address(whole, "its port is no number");
    if (failure != std::errc{} || port > 65535) return wrong_address(whole, "Port out of range 0-65535");
    if (port == 0) return wrong_address(whole, "Must specify port in agent address, and not 0");
    return agent_address{std::string{host}, static_cast<std::uint16_t>(port)};
}

http::response answer_for_agent(http::request const& request, agent_voice const& agent) {
    auto const path = path_of(request.url);
    bool const poke = path == "/api/poke";
    if (!poke && path != "/api/health" && path != "/metrics") return page(404, "404: Not Found");
    if (request.method != "GET" && (poke || request.method != "HEAD")) {
        auto refused = page(405, "405: Method Not Allowed");
        refused.headers.add("Allow", poke ? "GET" : "GET, HEAD");
        return refused;
    }
    if (poke) {
        agent.poke();
        return page(200, "");
    }
    if (path == "/metrics")
        return {200, {{"Content-Type", std::string{fargate::service::openmetrics_type}}}, agent.metrics()};
    auto const trouble = agent.trouble();
    if (!trouble) return {200, {{"Content-Type", "application/json; charset=UTF-8"}}, "{}"};
    auto body = json::value::object();
    json::set(body, "error", json::value(*trouble));
    return {503, {{"Content-Type", "application/json; charset=UTF-8"}}, json::write(body)};
}

agent_api::agent_api(agent_address const& where, agent_voice agent) :
    server_{[agent = std::move(agent)](http::request const& request) { return answer_for_agent(request, agent); },
            where.host, where.port} {}

result<std::unique_ptr<agent_api>> agent_api::open(std::string_view address, agent_voice agent) {
    auto const where = read_agent_address(address);
    if (!where) return where.error();
    std::unique_ptr<agent_api> made{new agent_api{*where, std::move(agent)}};
    if (made->server_.problem().empty()) return made;
    auto why = wrong_address(text::trim(address), made->server_.problem());
    why.code = errc::bad_configuration;
    return why;
}
