#ifndef FARGATE_AWS_BOTOCORE_CONFIG_HPP
#define FARGATE_AWS_BOTOCORE_CONFIG_HPP

#include <fargate/aws/botocore_value.hpp>
#include <fargate/aws/client_options.hpp>
#include <fargate/aws/region.hpp>
#include <fargate/aws/s3_address.hpp>
#include <fargate/core/result.hpp>
#include <fargate/http/connection_options.hpp>
#include <fargate/json/json.hpp>
#include <fargate/retry/any_mode.hpp>
#include <fargate/system/log.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0::aws {

/// A set of timeouts and retries by one name; see "Smart configuration defaults" in the SDKs and Tools guide.
enum class defaults_mode : unsigned char { legacy, standard, in_region, cross_region, mobile };

/// What botocore's `Config` says: only what was set.
struct botocore_config {
    using milliseconds = std::chrono::milliseconds;

    std::string region_name{};
    bool anonymous = false; ///< `signature_version` is unsigned
    std::string user_agent{};
    std::string user_agent_extra{};
    std::string user_agent_appid{};
    std::optional<milliseconds> connect_timeout{}; ///< zero: no limit
    std::optional<milliseconds> read_timeout{};    ///< of silence, not of the whole; zero: no limit
    std::optional<bool> parameter_validation{};
    std::optional<bool> use_dualstack_endpoint{};
    std::optional<bool> use_fips_endpoint{};
    std::optional<bool> ignore_configured_endpoint_urls{};
    std::optional<aws::defaults_mode> defaults_mode{};
    retry::mode_options retries{};
    http::connection_options connection{};
    s3_options s3{}; ///< of no concern to other services, like the next
    std::optional<bool> s3_use_dualstack_endpoint{};

    /// Fills in what a caller left open, and puts the time limits in place of the defaults.
    void apply_to(client_options& options) const {
        auto const fill = [](auto& option, auto const& ours) {
            if (option == decltype(ours){}) option = ours;
        };
        fill(options.region, region_name);
        fill(options.user_agent, user_agent);
        fill(options.user_agent_extra, user_agent_extra);
        fill(options.app_id, user_agent_appid);
        fill(options.use_dualstack, use_dualstack_endpoint);
        fill(options.use_fips, use_fips_endpoint);
        fill(options.ignore_configured_endpoint_urls, ignore_configured_endpoint_urls);
        options.anonymous = options.anonymous || anonymous;
        options.parameter_validation = parameter_validation.value_or(options.parameter_validation);
        auto& limits = options.limits;
        limits.connect = connect_timeout.value_or(limits.connect);
        limits.idle = read_timeout.value_or(limits.idle);
        // The limit of the whole exchange is not botocore's, and must not undercut what was asked for.
        bool const endless = limits.connect == milliseconds::zero() || limits.idle == milliseconds::zero();
        bool const asked = connect_timeout || read_timeout;
        if (asked && (endless || limits.connect + limits.idle > limits.total)) limits.total = milliseconds::zero();
    }
};

namespace detail {

[[nodiscard]] inline std::chrono::milliseconds connect_timeout_of(defaults_mode mode) noexcept {
    using std::chrono::milliseconds;
    switch (mode) {
    case defaults_mode::in_region: return milliseconds{1100};
    case defaults_mode::mobile: return milliseconds{30'000};
    case defaults_mode::legacy:
    case defaults_mode::standard:
    case defaults_mode::cross_region: break;
    }
    return milliseconds{3100};
}

class botocore_reader;

/// One option: how its value is read. What has no reader is warned about with its remark.
struct botocore_row {
    std::string_view name;
    void (*read)(botocore_reader&, botocore_place const&) = nullptr;
    std::string_view remark{};
};

/// Reads a document row by row.
class botocore_reader : public botocore_values {
public:
    using row = botocore_row;

    botocore_config made{};
    std::optional<std::int64_t> retries{};
    std::optional<std::int64_t> total{};

    template <std::size_t Count>
    void read_members(std::string const& path, json::value const& object, row const (&rows)[Count],
                      bool strict = true) {
        for (auto const& [name, value] : *object.get_ptr<json::value::object_t const*>()) {
            place const here{path + "." + text::printable(name), value};
            row const* found = nullptr;
            for (auto const& each : rows)
                if (each.name == name) found = &each;
            if (found == nullptr) {
                std::string_view known[Count];
                for (std::size_t i = 0; i != Count; ++i) known[i] = rows[i].name;
                unknown(here, path, name, known, strict);
            } else if (found->read != nullptr) {
                found->read(*this, here);
            } else if (!value.is_null()) {
                ignored(here, found->remark);
            }
        }
    }

    template <std::size_t Count>
    void object(place const& at, row const (&rows)[Count], bool strict = false) {
        if (at.value.is_null()) return;
        if (!at.value.is_object()) return refuse({at.path, at.value, true}, "an object");
        read_members(at.path, at.value, rows, strict);
    }

    void warned_word(place const& at, std::initializer_list<std::string_view> words, std::string_view why) {
        if (word(at, words, true)) ignored(at, why);
    }

    void warned_flag(place const& at, bool no_op, std::string_view why) {
        std::optional<bool> given;
        flag(at, given);
        if (given && *given != no_op) ignored(at, why);
    }

    /// What one option says about another when both are read.
    void complete() {
        if (total) {
            made.retries.max_attempts = static_cast<int>(*total);
        } else if (retries) {
            made.retries.max_attempts = static_cast<int>(*retries + 1);
        }
        if (!made.defaults_mode || *made.defaults_mode == defaults_mode::legacy) return;
        if (!made.connect_timeout || *made.connect_timeout == std::chrono::milliseconds::zero())
            made.connect_timeout = connect_timeout_of(*made.defaults_mode);
    }

private:
    void unknown(place const& at, std::string const& path, std::string_view name,
                 std::span<std::string_view const> known, bool strict) {
        if (!strict) return ignored(at, "no such option is known" + meant(path, name, known));
        auto const hint = at.path.starts_with("botocore_config.retries.") ? std::string{} : where_instead(name);
        refuse(at.path + " is no option of botocore's" + (hint.empty() ? meant(path, name, known) : hint));
    }
};

inline constexpr std::int64_t most_attempts = 1'000'000;
inline constexpr std::string_view no_upload = "nothing is uploaded";
inline constexpr std::string_view no_express = "directory buckets (S3 Express) are not supported";

inline constexpr botocore_row botocore_retries[] = {
    {"max_attempts",
     [](botocore_reader& r, botocore_place const& at) { r.retries = r.whole(at, 0, most_attempts - 1); }},
    {"total_max_attempts",
     [](botocore_reader& r, botocore_place const& at) { r.total = r.whole(at, 1, most_attempts); }},
    {"mode",
     [](botocore_reader& r, botocore_place const& at) {
         constexpr retry::mode modes[] = {retry::mode::legacy, retry::mode::standard, retry::mode::adaptive};
         if (auto const n = r.word(at, {"legacy", "standard", "adaptive"})) r.made.retries.mode = modes[*n];
     }},
};

inline constexpr botocore_row botocore_proxies[] = {
    {"http", [](botocore_reader& r, botocore_place const& at) { r.proxy(at, r.made.connection.proxies->http); }},
    {"https", [](botocore_reader& r, botocore_place const& at) { r.proxy(at, r.made.connection.proxies->https); }},
};

inline constexpr botocore_row botocore_proxies_config[] = {
    {"proxy_ca_bundle",
     [](botocore_reader& r, botocore_place const& at) { r.text(at, r.made.connection.proxy_ca_file); }},
    {"proxy_client_cert",
     [](botocore_reader& r, botocore_place const& at) { r.certificate(at, r.made.connection.proxy_certificate); }},
    {"proxy_use_forwarding_for_https",
     [](botocore_reader& r, botocore_place const& at) {
         std::optional<bool> given;
         r.flag(at, given);
         if (given == true)
             r.refuse(at.path + " is not supported: an https proxy would read the requests; leave it out");
     }},
};

inline constexpr botocore_row botocore_s3[] = {
    {"addressing_style",
     [](botocore_reader& r, botocore_place const& at) {
         constexpr addressing styles[] = {addressing::automatic, addressing::virtual_host, addressing::path};
         if (auto const n = r.word(at, {"auto", "virtual", "path"})) r.made.s3.style = styles[*n];
     }},
    {"payload_signing_enabled",
     [](botocore_reader& r, botocore_place const& at) {
         std::optional<bool> whatever; // bodies are empty, and their hash is always signed
         r.flag(at, whatever);
     }},
    {"use_accelerate_endpoint", [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.s3.accelerate); }},
    {"use_dualstack_endpoint",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.s3_use_dualstack_endpoint); }},
    {"us_east_1_regional_endpoint",
     [](botocore_reader& r, botocore_place const& at) {
         if (r.word(at, {"regional", "legacy"}, true) == 1)
             r.ignored(at, "us-east-1 is always called at its regional endpoint");
     }},
    {"use_arn_region", nullptr, "buckets named by an ARN are not supported"},
    {"disable_s3_express_session_auth", nullptr, no_express},
    {"s3_disable_multiregion_access_points", nullptr, "multi-region access points are not supported"},
};

inline constexpr botocore_row botocore_options[] = {
    {"region_name",
     [](botocore_reader& r, botocore_place const& at) {
         auto const given = json::as_text(at.value);
         if (at.value.is_null() || given == "") return;
         if (!given || !is_host_label(*given)) return r.refuse(at, "a region like eu-west-1");
         r.made.region_name = *given;
     }},
    {"signature_version",
     [](botocore_reader& r, botocore_place const& at) {
         auto const given = json::as_text(at.value);
         r.made.anonymous = given && text::iequals(*given, "unsigned");
         if (!at.value.is_null() && !r.made.anonymous && given != "v4" && given != "s3v4")
             r.refuse(at, "v4, s3v4 or unsigned");
     }},
    {"user_agent", [](botocore_reader& r, botocore_place const& at) { r.text(at, r.made.user_agent); }},
    {"user_agent_extra", [](botocore_reader& r, botocore_place const& at) { r.text(at, r.made.user_agent_extra); }},
    {"user_agent_appid",
     [](botocore_reader& r, botocore_place const& at) {
         r.text(at, r.made.user_agent_appid);
         if (r.made.user_agent_appid.size() > 50) r.warn(at, " is longer than 50 characters: the rest is cut off");
     }},
    {"connect_timeout", [](botocore_reader& r, botocore_place const& at) { r.seconds(at, r.made.connect_timeout); }},
    {"read_timeout", [](botocore_reader& r, botocore_place const& at) { r.seconds(at, r.made.read_timeout); }},
    {"parameter_validation",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.parameter_validation); }},
    {"max_pool_connections",
     [](botocore_reader& r, botocore_place const& at) {
         if (auto const n = r.whole(at, 1, 100'000)) r.made.connection.pool = static_cast<std::size_t>(*n);
     }},
    {"proxies",
     [](botocore_reader& r, botocore_place const& at) {
         if (at.value.is_object()) r.made.connection.proxies.emplace();
         r.object(at, botocore_proxies);
     }},
    {"proxies_config", [](botocore_reader& r, botocore_place const& at) { r.object(at, botocore_proxies_config); }},
    {"s3", [](botocore_reader& r, botocore_place const& at) { r.object(at, botocore_s3); }},
    {"s3_disable_express_session_auth", nullptr, no_express},
    {"retries", [](botocore_reader& r, botocore_place const& at) { r.object(at, botocore_retries, true); }},
    {"client_cert",
     [](botocore_reader& r, botocore_place const& at) { r.certificate(at, r.made.connection.client_certificate); }},
    {"inject_host_prefix", nullptr, "no operation that is called has a host prefix"},
    {"endpoint_discovery_enabled", nullptr, "no service that is called has endpoint discovery"},
    {"use_dualstack_endpoint",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.use_dualstack_endpoint); }},
    {"use_fips_endpoint", [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.use_fips_endpoint); }},
    {"ignore_configured_endpoint_urls",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.ignore_configured_endpoint_urls); }},
    {"defaults_mode",
     [](botocore_reader& r, botocore_place const& at) {
         using enum defaults_mode;
         constexpr aws::defaults_mode modes[] = {legacy, standard, in_region, cross_region, mobile, standard};
         auto const n = r.word(at, {"legacy", "standard", "in-region", "cross-region", "mobile", "auto"}, true);
         if (!n) return;
         r.made.defaults_mode = modes[*n];
         if (*n == 5) r.warn(at, " auto counts as standard: where the program runs is not looked up");
     }},
    {"tcp_keepalive",
     [](botocore_reader& r, botocore_place const& at) { r.flag(at, r.made.connection.tcp_keepalive); }},
    {"request_min_compression_size_bytes",
     [](botocore_reader& r, botocore_place const& at) {
         if (r.whole(at, 1, 1'048'576)) r.ignored(at, "no request is compressed");
     }},
    {"disable_request_compression",
     [](botocore_reader& r, botocore_place const& at) { r.warned_flag(at, false, "no request is compressed anyway"); }},
    {"client_context_params", nullptr, "no service that is called has any"},
    {"sigv4a_signing_region_set",
     [](botocore_reader& r, botocore_place const& at) {
         bool const list = at.value.is_array() && at.value.size() == 1;
         auto const given = json::as_text(list ? at.value[0] : at.value);
         if (at.value.is_null()) return;
         if (given != "*") return r.refuse(at, "*, for requests are signed for one region (SigV4)");
         r.ignored(at, "requests are signed for one region (SigV4)");
     }},
    {"request_checksum_calculation",
     [](botocore_reader& r, botocore_place const& at) {
         r.warned_word(at, {"when_supported", "when_required"}, no_upload);
     }},
    {"response_checksum_validation",
     [](botocore_reader& r, botocore_place const& at) {
         if (auto const n = r.word(at, {"when_supported", "when_required"}, true)) r.made.s3.checksum_mode = *n == 0;
     }},
    {"account_id_endpoint_mode",
     [](botocore_reader& r, botocore_place const& at) {
         r.warned_word(at, {"preferred", "disabled", "required"}, "no service that is called has such endpoints");
     }},
    {"auth_scheme_preference",
     [](botocore_reader& r, botocore_place const& at) {
         std::string given;
         r.text(at, given);
         if (!given.empty()) r.ignored(at, "requests are signed with SigV4");
     }},
};

} // namespace detail

/// Reads an object of the options of botocore's `Config`, under their names and with their meanings. What has no use here
/// is accepted with one warning for each option; what cannot be honoured, a wrong type, a value out of range and an
/// unknown option are `errc::bad_configuration`, with the path to the place: `botocore_config.retries.max_attempts must be
/// a whole number of at least 0, not -1`. Null is as good as absent, except that a timeout of null is no limit. No message
/// shows what may be secret. Follows the reference of `botocore.config.Config`; stricter where botocore finds out late.
template <log_policy Log>
[[nodiscard]] result<botocore_config> read_botocore_config(json::value const& given, Log& log) {
    if (!given.is_object())
        return fail(errc::bad_configuration, "botocore_config must be an object, not " + detail::shown(given, true));
    detail::botocore_reader reader;
    reader.read_members("botocore_config", given, detail::botocore_options);
    reader.complete();
    for (auto const& line : reader.warnings()) log.write(log_level::warning, line);
    if (reader.refused()) return *reader.refused();
    return std::move(reader.made);
}

} // namespace fargate::inline v0::aws

#endif
