#ifndef FARGATE_AWS_BOTOCORE_AMBIENT_HPP
#define FARGATE_AWS_BOTOCORE_AMBIENT_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/aws/botocore_config.hpp>
#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/retry/any_mode.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/log.hpp>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace fargate::inline v0::aws {

namespace detail {

/// One setting read as the option of that name; whatever is wrong with it is said of the place it came from.
template <std::size_t Count>
[[nodiscard]] result<void> read_ambient(botocore_reader& reader, botocore_row const (&rows)[Count],
                                        std::string_view option, ambient_setting const& found) {
    json::value value = found.text;
    if (std::int64_t number = 0;
        std::from_chars(found.text.data(), found.text.data() + found.text.size(), number).ptr ==
        found.text.data() + found.text.size())
        value = number;
    if (text::iequals(found.text, "true")) value = true;
    if (text::iequals(found.text, "false")) value = false;
    for (auto const& each : rows)
        if (each.name == option) each.read(reader, {found.from, value});
    if (reader.refused()) return *reader.refused();
    return {};
}

} // namespace detail

/// What environment and profile say about repeats, time limits and connections: AWS_RETRY_MODE (`retry_mode`),
/// AWS_MAX_ATTEMPTS (`max_attempts`, the first one included), AWS_DEFAULTS_MODE (`defaults_mode`), BOTOCORE_TCP_KEEPALIVE
/// (`tcp_keepalive`). The rest that they may say is asked for where it is used: see `client_options`.
/// `errc::bad_configuration` names the place.
template <environment_policy Environment, log_policy Log>
[[nodiscard]] result<botocore_config> ambient_config(Environment const& environment, Log& log) {
    ambient<Environment> known{environment};
    detail::botocore_reader reader;
    auto const read = [&](auto const& rows, std::string_view option, std::string_view name,
                          std::string_view key) -> result<void> {
        auto const found = known.find(name, key);
        if (!found) return found.error();
        return *found ? detail::read_ambient(reader, rows, option, **found) : result<void>{};
    };
    auto const repeats = ambient_repeats(known);
    if (!repeats) return repeats.error();
    reader.made.retries = *repeats;
    for (auto const& done : {
             read(detail::botocore_options, "defaults_mode", "AWS_DEFAULTS_MODE", "defaults_mode"),
             read(detail::botocore_options, "tcp_keepalive", "BOTOCORE_TCP_KEEPALIVE", "tcp_keepalive"),
         })
        if (!done) return done.error();
    reader.complete();
    for (auto const& line : reader.warnings()) log.write(log_level::warning, line);
    return std::move(reader.made);
}

} // namespace fargate::inline v0::aws

#endif
