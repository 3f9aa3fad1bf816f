#ifndef FARGATE_AWS_S3_OPTIONS_HPP
#define FARGATE_AWS_S3_OPTIONS_HPP

#include <fargate/aws/ambient.hpp>
#include <fargate/core/result.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <optional>
#include <string_view>

namespace fargate::inline v0::aws {

/// Where the bucket's name stands: in the host or in the path.
enum class addressing : unsigned char {
    automatic,   ///< in the host where the name allows it; in the path under an endpoint URL
    path,        ///< always in the path
    virtual_host ///< in the host where the name allows it
};

/// What a caller may decide about S3 calls beside the `client_options`. What is left open the environment decides, and then
/// the profile, whose settings below `s3 =` stand beside each member; and then the default.
struct s3_options {
    std::optional<addressing> style{};  ///< `addressing_style`: auto (the default), path or virtual
    std::optional<bool> accelerate{};   ///< `use_accelerate_endpoint`, the transfer acceleration host; off
    std::optional<bool> sign_payload{}; ///< `payload_signing_enabled`; on. Off: `UNSIGNED-PAYLOAD`, over https only
    /// Asks GetObject for the object's checksum and compares; on. AWS_RESPONSE_CHECKSUM_VALIDATION or the profile's
    /// `response_checksum_validation`, `when_supported` or `when_required` (off: some other stores do not take the field).
    std::optional<bool> checksum_mode{};
    std::optional<bool> use_dualstack{}; ///< `use_dualstack_endpoint`; open: as for every other service
};

namespace detail {

[[nodiscard]] inline result<std::optional<addressing>>
read_addressing(result<std::optional<ambient_setting>> const& found) {
    if (!found) return found.error();
    if (!*found) return std::optional<addressing>{};
    std::string_view const word = (*found)->text;
    if (text::iequals(word, "auto")) return std::optional{addressing::automatic};
    if (text::iequals(word, "path")) return std::optional{addressing::path};
    if (text::iequals(word, "virtual")) return std::optional{addressing::virtual_host};
    return fail(errc::bad_configuration, (*found)->from + " is none of auto, path and virtual");
}

/// One of two words, in any case, as true or false.
[[nodiscard]] inline result<std::optional<bool>> read_either(result<std::optional<ambient_setting>> const& found,
                                                             std::string_view yes, std::string_view no) {
    if (!found) return found.error();
    if (!*found) return std::optional<bool>{};
    if (text::iequals((*found)->text, yes)) return std::optional{true};
    if (text::iequals((*found)->text, no)) return std::optional{false};
    return fail(errc::bad_configuration,
                (*found)->from + " is neither " + std::string{yes} + " nor " + std::string{no});
}

} // namespace detail

/// Fills in what the caller left open, all but `use_dualstack` to its default. `errc::bad_configuration` names the place.
/// AWS_S3_US_EAST_1_REGIONAL_ENDPOINT and the like are not looked at: us-east-1 is always called at its regional host.
template <environment_policy Environment>
[[nodiscard]] result<s3_options> resolve_s3_options(s3_options given, Environment const& environment) {
    ambient<Environment> known{environment};
    auto const settle = [](auto& option, auto const& found) -> result<void> {
        if (option) return {};
        if (!found) return found.error();
        option = *found;
        return {};
    };
    auto const nested = [&known](std::string_view part) {
        return detail::read_either(known.of_profile("s3", part), "true", "false");
    };
    auto const checksums =
        detail::read_either(known.find("AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation"),
                            "when_supported", "when_required");
    for (auto const& done : {
             settle(given.style, detail::read_addressing(known.of_profile("s3", "addressing_style"))),
             settle(given.accelerate, nested("use_accelerate_endpoint")),
             settle(given.sign_payload, nested("payload_signing_enabled")),
             settle(given.use_dualstack, nested("use_dualstack_endpoint")),
             settle(given.checksum_mode, checksums),
         })
        if (!done) return done.error();
    given.style = given.style.value_or(addressing::automatic);
    given.accelerate = given.accelerate.value_or(false);
    given.sign_payload = given.sign_payload.value_or(true);
    given.checksum_mode = given.checksum_mode.value_or(true);
    return given;
}

} // namespace fargate::inline v0::aws

#endif
