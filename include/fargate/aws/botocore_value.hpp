#ifndef FARGATE_AWS_BOTOCORE_VALUE_HPP
#define FARGATE_AWS_BOTOCORE_VALUE_HPP

#include <fargate/core/result.hpp>
#include <fargate/http/connection_options.hpp>
#include <fargate/json/json.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/nearest.hpp>
#include <fargate/text/uri.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How values of a configuration document are read and shown in messages.

namespace fargate::inline v0::aws::detail {

/// A value and the path to it: `botocore_config.retries.mode`.
struct botocore_place {
    std::string path;
    json::value const& value;
    bool secret = false; ///< messages tell the value's kind and not the value
};

/// What stands in place of what was wanted: short values as they are, others by their kind.
[[nodiscard]] inline std::string shown(json::value const& value, bool secret) {
    if (value.is_null()) return "null";
    if (value.is_array()) return "a list";
    if (value.is_object()) return "an object";
    if (!secret) {
        constexpr std::size_t longest = 64;
        auto const text = json::as_text(value);
        return json::write(text ? json::value(std::string{text->substr(0, longest)}) : value);
    }
    return value.is_string() ? "text" : value.is_boolean() ? "true or false" : "a number";
}

[[nodiscard]] inline std::optional<std::int64_t> as_whole(json::value const& value) noexcept {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    if (auto const* const counted = value.get_ptr<json::value::number_unsigned_t const*>())
        return *counted > static_cast<json::value::number_unsigned_t>(most) ? most
                                                                            : static_cast<std::int64_t>(*counted);
    if (auto const* const whole = value.get_ptr<json::value::number_integer_t const*>()) return *whole;
    return std::nullopt;
}

[[nodiscard]] inline std::optional<double> as_number(json::value const& value) noexcept {
    if (auto const* const real = value.get_ptr<json::value::number_float_t const*>()) return *real;
    if (auto const whole = as_whole(value)) return static_cast<double>(*whole);
    return std::nullopt;
}

/// `: did you mean botocore_config.connect_timeout?`, or nothing.
[[nodiscard]] inline std::string meant(std::string_view path, std::string_view name,
                                       std::span<std::string_view const> known) {
    auto const near = text::nearest(name, known);
    return near.empty() ? "" : ": did you mean " + std::string{path} + "." + std::string{near} + "?";
}

/// Where something is set that people look for among botocore's options.
[[nodiscard]] inline std::string where_instead(std::string_view name) {
    struct pair {
        std::string_view name;
        std::string_view remedy;
    };
    static constexpr pair pairs[] = {
        {"endpoint_url", "set the option endpoint_url, or AWS_ENDPOINT_URL"},
        {"use_ssl", "set an endpoint_url that begins with http://"},
        {"verify", "set AWS_CA_BUNDLE to the authorities to trust"},
        {"aws_access_key_id", "set the option aws_access_key_id"},
        {"aws_secret_access_key", "set the option aws_secret_access_key"},
        {"aws_session_token", "set the option aws_session_token"},
        {"profile_name", "set AWS_PROFILE"},
        {"max_attempts", "set botocore_config.retries.max_attempts"},
        {"total_max_attempts", "set botocore_config.retries.total_max_attempts"},
        {"mode", "set botocore_config.retries.mode"},
        {"addressing_style", "set botocore_config.s3.addressing_style"},
        {"proxy_ca_bundle", "set botocore_config.proxies_config.proxy_ca_bundle"},
        {"proxy_client_cert", "set botocore_config.proxies_config.proxy_client_cert"},
    };
    for (auto const& each : pairs)
        if (each.name == name) return ": " + std::string{each.remedy};
    return {};
}

/// `http(s)://[user[:password]@]host[:port][/]`.
[[nodiscard]] inline bool is_proxy_address(std::string_view address) {
    auto const begin = address.find("://") + 3;
    auto const at = address.rfind('@');
    std::string bare{address.substr(0, begin)};
    bare += address.substr(at == std::string_view::npos ? begin : at + 1);
    auto const parts = text::split_url(bare);
    if (!parts || parts->has_query || (!parts->path.empty() && parts->path != "/")) return false;
    if (at == std::string_view::npos) return true;
    if (at < begin) return false;
    for (char const c : address.substr(begin, at - begin))
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '/' || c == '@') return false;
    return true;
}

/// The checks of values and what they found: the first mistake, and every warning.
class botocore_values {
public:
    [[nodiscard]] std::optional<error> const& refused() const noexcept { return refused_; }
    [[nodiscard]] std::vector<std::string> const& warnings() const noexcept { return warnings_; }

    using place = botocore_place;

    void refuse(std::string why) {
        if (!refused_) refused_ = fail(errc::bad_configuration, std::move(why));
    }
    void refuse(place const& at, std::string_view wanted) {
        refuse(at.path + " must be " + std::string{wanted} + ", not " + shown(at.value, at.secret));
    }
    void warn(place const& at, std::string_view what) { warnings_.push_back(at.path + std::string{what}); }
    void ignored(place const& at, std::string_view why) { warn(at, " is ignored: " + std::string{why}); }

    // What a value may be. Null is as good as absent, unless a row has another meaning for it.

    void text(place const& at, std::string& into) {
        if (at.value.is_null()) return;
        if (auto const given = json::as_text(at.value)) {
            into = *given;
        } else {
            refuse(at, "text");
        }
    }

    void flag(place const& at, std::optional<bool>& into) {
        if (at.value.is_null()) return;
        if (auto const* const given = at.value.template get_ptr<bool const*>()) {
            into = *given;
        } else {
            refuse(at, "true or false");
        }
    }

    /// A whole number of at least `least`, bounded by what fits.
    std::optional<std::int64_t> whole(place const& at, std::int64_t least, std::int64_t most) {
        if (at.value.is_null()) return std::nullopt;
        auto const given = as_whole(at.value);
        if (given && *given >= least && *given <= most) return given;
        std::string wanted = "a whole number of at least " + std::to_string(least);
        if (given && *given > most) wanted += " and at most " + std::to_string(most);
        refuse(at, wanted);
        return std::nullopt;
    }

    /// The place of the text among the words, which are compared as botocore does: in this spelling.
    std::optional<std::size_t> word(place const& at, std::initializer_list<std::string_view> words,
                                    bool any_case = false) {
        if (at.value.is_null()) return std::nullopt;
        auto const given = json::as_text(at.value);
        std::size_t number = 0;
        std::string wanted;
        for (auto const each : words) {
            if (given && (*given == each || (any_case && text::iequals(*given, each)))) return number;
            wanted += number++ == 0 ? "" : number == words.size() ? " or " : ", ";
            wanted += each;
        }
        refuse(at, wanted);
        return std::nullopt;
    }

    /// Seconds, a fraction allowed; null is no limit. A begun millisecond counts as whole.
    void seconds(place const& at, std::optional<std::chrono::milliseconds>& into) {
        constexpr double most = 1e9;
        auto const given = as_number(at.value);
        if (at.value.is_null()) {
            into = std::chrono::milliseconds::zero();
        } else if (given && *given > 0 && *given <= most) {
            into = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>{*given});
        } else {
            refuse(at, "a number of seconds above 0, or null for no limit");
        }
    }

    /// One file, or a list of certificate and key.
    void certificate(place const& at, http::certificate_files& into) {
        constexpr std::string_view wanted = "the name of a file, or a list of two: certificate and key";
        if (at.value.is_null()) return;
        if (auto const file = json::as_text(at.value); file && !file->empty()) {
            into.certificate = *file;
            return;
        }
        if (!at.value.is_array() || at.value.size() != 2) return refuse(at, wanted);
        auto const first = json::as_text(at.value[0]).value_or("");
        auto const second = json::as_text(at.value[1]).value_or("");
        if (first.empty() || second.empty()) return refuse(at, wanted);
        into = {std::string{first}, std::string{second}};
    }

    /// A proxy's address; without a scheme it is http. Nothing of it is shown, for it may hold a password.
    void proxy(place const& at, std::string& into) {
        std::string address;
        text({at.path, at.value, true}, address);
        if (address.starts_with("//")) address.insert(0, "http:");
        if (!address.empty() && address.find("://") == std::string::npos) address.insert(0, "http://");
        if (!address.empty() && !is_proxy_address(address))
            return refuse(at.path + " is no address of a proxy: expected http://host:port or https://host:port");
        into = std::move(address);
    }

private:
    std::optional<error> refused_{};
    std::vector<std::string> warnings_{};
};

} // namespace fargate::inline v0::aws::detail

#endif
