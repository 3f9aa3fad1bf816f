#ifndef FARGATE_AWS_USER_AGENT_HPP
#define FARGATE_AWS_USER_AGENT_HPP

#include <fargate/aws/ambient.hpp>
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
    text::blank_controls(made);
    return std::string{text::trim(made)};
}

} // namespace detail

/// The User-Agent of AWS calls: `fargate/0.1.0 exec-env/AWS_ECS_FARGATE app/my-agent extra`. It is never signed. A text that
/// the caller gives for it stands for all but the extra, as in botocore.
template <environment_policy Environment>
[[nodiscard]] std::string user_agent(client_options const& options, ambient<Environment>& known) {
    std::string made = "fargate/" FARGATE_VERSION_STRING;
    auto const add = [&made](std::string_view name, std::string const& token) {
        if (!token.empty()) made.append(" ").append(name).append(token);
    };
    if (!options.user_agent.empty()) {
        made = detail::field_text(options.user_agent);
        add("", detail::field_text(options.user_agent_extra));
        return made;
    }
    add("exec-env/", detail::product_token(known.environment().variable("AWS_EXECUTION_ENV").value_or(""), 128));
    std::string app = options.app_id;
    if (app.empty()) {
        auto const found = known.find("AWS_SDK_UA_APP_ID", "sdk_ua_app_id");
        if (found && *found) app = (*found)->text;
    }
    add("app/", detail::product_token(app, 50));
    add("", detail::field_text(options.user_agent_extra));
    return made;
}

/// The same, reading the shared files anew.
template <environment_policy Environment>
[[nodiscard]] std::string user_agent(client_options const& options, Environment const& environment) {
    ambient<Environment> known{environment};
    return user_agent(options, known);
}

} // namespace fargate::inline v0::aws

#endif
