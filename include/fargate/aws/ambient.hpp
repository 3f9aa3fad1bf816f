#ifndef FARGATE_AWS_AMBIENT_HPP
#define FARGATE_AWS_AMBIENT_HPP

#include <fargate/aws/shared_files.hpp>
#include <fargate/core/result.hpp>
#include <fargate/retry/mode.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/text/ascii.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace fargate::inline v0::aws {

/// What was found, and where, for messages: `AWS_RETRY_MODE`, `retry_mode of profile default`.
struct ambient_setting {
    std::string text{};
    std::string from{};
};

/// Settings that the AWS SDKs read from a variable, or else from the chosen profile in the shared files. The files are read
/// once, when the first variable is missing; when they cannot be read, every setting that is not a variable is that error.
template <environment_policy Environment>
class ambient {
public:
    explicit ambient(Environment const& environment) : environment_{environment} {}

    [[nodiscard]] Environment const& environment() const noexcept { return environment_; }

    [[nodiscard]] std::optional<ambient_setting> variable(std::string_view name) const {
        auto value = filled_variable(environment_, name);
        if (!value) return std::nullopt;
        return ambient_setting{std::string{text::trim(*value)}, std::string{name}};
    }

    [[nodiscard]] result<std::optional<ambient_setting>> find(std::string_view name, std::string_view key) {
        if (auto found = variable(name)) return found;
        return of_profile(key);
    }

    /// An entry of the profile.
    [[nodiscard]] result<std::optional<ambient_setting>> of_profile(std::string_view key) {
        auto const section = profile();
        if (!section) return section.error();
        std::string_view const value = *section != nullptr ? text::trim((*section)->find(key).value_or("")) : "";
        if (value.empty()) return std::optional<ambient_setting>{};
        return std::optional{ambient_setting{std::string{value}, std::string{key} + " of profile " + name_}};
    }

    /// A nested entry of the profile: `addressing_style` below `s3 =`.
    [[nodiscard]] result<std::optional<ambient_setting>> of_profile(std::string_view key, std::string_view part) {
        auto const section = profile();
        if (!section) return section.error();
        std::string_view const value = *section != nullptr ? text::trim((*section)->find(key, part).value_or("")) : "";
        if (value.empty()) return std::optional<ambient_setting>{};
        auto const name = std::string{key}.append(".").append(part);
        return std::optional{ambient_setting{std::string{value}, name + " of profile " + name_}};
    }

    /// `endpoint_url` of a service in the section that the profile's `services` names.
    [[nodiscard]] result<std::optional<ambient_setting>> of_service(std::string_view service, std::string_view key) {
        auto const name = of_profile("services");
        if (!name) return name.error();
        if (!*name) return std::optional<ambient_setting>{};
        auto const* const section = (*files_)->services((*name)->text);
        if (section == nullptr)
            return fail(errc::bad_configuration,
                        (*name)->from + " names [services " + (*name)->text + "], which is not in the shared files");
        auto const value = text::trim(section->find(service, key).value_or(""));
        if (value.empty()) return std::optional<ambient_setting>{};
        return std::optional{ambient_setting{std::string{value}, std::string{key} + " of " + std::string{service} +
                                                                     " in [services " + (*name)->text + "]"}};
    }

    /// `true` or `false` in any case; nothing when it is set nowhere.
    [[nodiscard]] result<std::optional<bool>> flag(std::string_view name, std::string_view key) {
        auto const found = find(name, key);
        if (!found) return found.error();
        if (!*found) return std::optional<bool>{};
        if (text::iequals((*found)->text, "true")) return std::optional{true};
        if (text::iequals((*found)->text, "false")) return std::optional{false};
        return fail(errc::bad_configuration, (*found)->from + " is neither true nor false");
    }

private:
    /// nullptr when there is no such profile.
    [[nodiscard]] result<aws::section const*> profile() {
        if (!files_) {
            files_ = aws::load_shared_files(environment_);
            name_ = aws::choose_profile(environment_).name;
        }
        if (!*files_) return files_->error();
        return (*files_)->profile(name_);
    }

    Environment const& environment_;
    std::optional<result<aws::shared_files>> files_{};
    std::string name_{};
};

/// How often and how calls are repeated: AWS_RETRY_MODE or `retry_mode`, and AWS_MAX_ATTEMPTS or `max_attempts`, the first
/// attempt included. `errc::bad_configuration` names the place.
template <environment_policy Environment>
[[nodiscard]] result<retry::mode_options> ambient_repeats(ambient<Environment>& known) {
    auto const wrong = [](ambient_setting const& found, std::string const& wanted, char const* quote = "\"") {
        return fail(errc::bad_configuration,
                    found.from + " must be " + wanted + ", not " + quote + text::printable(found.text) + quote);
    };
    retry::mode_options made;
    auto const mode = known.find("AWS_RETRY_MODE", "retry_mode");
    if (!mode) return mode.error();
    if (*mode) {
        std::string_view const name = (*mode)->text;
        if (name == "standard") made.mode = retry::mode::standard;
        if (name == "legacy") made.mode = retry::mode::legacy;
        if (name == "adaptive") made.mode = retry::mode::adaptive;
        if (!made.mode) return wrong(**mode, "legacy, standard or adaptive");
    }
    auto const attempts = known.find("AWS_MAX_ATTEMPTS", "max_attempts");
    if (!attempts) return attempts.error();
    if (*attempts) {
        constexpr std::int64_t most = 1'000'000;
        std::string_view const digits = (*attempts)->text;
        std::int64_t number = 0;
        auto const [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        bool const whole = problem == std::errc{} && end == digits.data() + digits.size();
        if (!whole || number < 1 || number > most)
            return wrong(**attempts,
                         "a whole number of at least 1" +
                             (whole && number > most ? " and at most " + std::to_string(most) : std::string{}),
                         whole ? "" : "\"");
        made.max_attempts = static_cast<int>(number);
    }
    return made;
}

/// The PEM file of the certificates to trust: the option, AWS_CA_BUNDLE, `ca_bundle` of the profile, or as botocore has it
/// REQUESTS_CA_BUNDLE where that is a file (it may be a directory too, and is for others first); empty when none is named.
/// `errc::bad_configuration` when one of the first three cannot be read.
template <environment_policy Environment>
[[nodiscard]] result<std::string> resolve_ca_file(std::string_view option, ambient<Environment>& known) {
    ambient_setting file{std::string{option}, "the option ca_file"};
    if (file.text.empty()) {
        auto found = known.find("AWS_CA_BUNDLE", "ca_bundle");
        if (!found) return found.error();
        if (!*found) {
            auto const also = known.variable("REQUESTS_CA_BUNDLE");
            bool const is_file = also && known.environment().read_file(also->text);
            return is_file ? also->text : std::string{};
        }
        file = **std::move(found);
    }
    if (auto const text = known.environment().read_file(file.text); !text)
        return fail(errc::bad_configuration, file.from + ": " + text.error().message);
    return std::move(file.text);
}

} // namespace fargate::inline v0::aws

#endif
