#ifndef FARGATE_AWS_USER_AGENT_HPP
#define FARGATE_AWS_USER_AGENT_HPP

#include <fargate/aws/client_options.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/version.hpp>

#include <string>
#include <string_view>

namespace fargate::inline v0::aws {

namespace detail {

/// A text as an HTTP token (RFC 9110 §5.6.2): other characters become dashes, the length is bounded.
[[nodiscard]] inline std::string product_token(std::string_view text, std::size_t longest) {
    constexpr std::string_view also = "!#$%&'*+-.^_`|~";
    std::string made{text::trim(text).substr(0, longest)};
    for (char& c : made)
        if (!text::is_alnum(c) && also.find(c) == std::string_view::npos) c = '-';
    return made;
}

/// A text as it can stand in a field value: control characters become spaces.
[[nodiscard]] inline std::string field_text(std::string_view text) {
    std::string made{text.substr(0, 512)};
    for (char& c : made)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return std::string{text::trim(made)};
}

} // namespace detail

/// The User-Agent of AWS calls: `fargate/0.1.0 exec-env/AWS_ECS_FARGATE app/my-agent extra`. It is never signed.
template <environment_policy Environment>
[[nodiscard]] std::string user_agent(client_options const& options, Environment const& environment) {
    if (!options.user_agent.empty()) return detail::field_text(options.user_agent);
    std::string made = "fargate/" FARGATE_VERSION_STRING;
    auto const add = [&made](std::string_view name, std::string const& token) {
        if (!token.empty()) made.append(" ").append(name).append(token);
    };
    add("exec-env/", detail::product_token(environment.variable("AWS_EXECUTION_ENV").value_or(""), 128));
    std::string const app =
        options.app_id.empty() ? environment.variable("AWS_SDK_UA_APP_ID").value_or("") : options.app_id;
    add("app/", detail::product_token(app, 50));
    add("", detail::field_text(options.user_agent_extra));
    return made;
}

} // namespace fargate::inline v0::aws

#endif
