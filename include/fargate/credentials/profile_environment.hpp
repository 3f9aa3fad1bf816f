#ifndef FARGATE_CREDENTIALS_PROFILE_ENVIRONMENT_HPP
#define FARGATE_CREDENTIALS_PROFILE_ENVIRONMENT_HPP

#include <fargate/core/result.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/subprocess.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::credentials {

/// An `environment_policy` that is another's, but that a certain profile is the chosen one in it: what is read through it of
/// regions and endpoints is that profile's. With an empty name it changes nothing. Keeps a reference to the other.
template <environment_policy Environment>
class profile_environment {
public:
    profile_environment(Environment const& other, std::string profile) : other_{other}, profile_{std::move(profile)} {}

    [[nodiscard]] Environment const& other() const noexcept { return other_; }

    [[nodiscard]] std::optional<std::string> variable(std::string_view name) const {
        if (!profile_.empty() && (name == "AWS_PROFILE" || name == "AWS_DEFAULT_PROFILE")) return profile_;
        return other_.variable(name);
    }

    [[nodiscard]] result<std::string> read_file(std::string_view path) const { return other_.read_file(path); }

    [[nodiscard]] result<void> write_file(std::string_view path, std::string_view bytes) const requires
        requires(Environment const& e) {
        e.write_file(path, bytes);
    }
    { return other_.write_file(path, bytes); }

    [[nodiscard]] result<program_output> run(std::vector<std::string> const& arguments,
                                             program_limits const& limits) const requires
        requires(Environment const& e) {
        e.run(arguments, limits);
    }
    { return other_.run(arguments, limits); }

    [[nodiscard]] std::optional<std::string> home_directory() const requires requires(Environment const& e) {
        e.home_directory();
    }
    { return other_.home_directory(); }

private:
    Environment const& other_;
    std::string profile_;
};

/// Chooses a profile in an environment; never two of these around each other, so that what stands behind is compiled once.
template <environment_policy Environment>
[[nodiscard]] profile_environment<Environment> with_profile(Environment const& in, std::string profile) {
    return {in, std::move(profile)};
}
template <environment_policy Environment>
[[nodiscard]] profile_environment<Environment> with_profile(profile_environment<Environment> const& in,
                                                            std::string profile) {
    return {in.other(), std::move(profile)};
}

} // namespace fargate::inline v0::credentials

#endif
