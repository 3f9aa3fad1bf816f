#ifndef FARGATE_DEPLOY_IMAGE_HPP
#define FARGATE_DEPLOY_IMAGE_HPP

#include <fargate/core/result.hpp>
#include <fargate/json/json.hpp>
#include <fargate/prefect/flow_run.hpp>
#include <fargate/text/ascii.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::deploy {

namespace detail {

/// The next run of digits, or of lower-case letters, or of anything else up to a dot: how Prefect's agent cut versions.
[[nodiscard]] constexpr std::string_view next_component(std::string_view& rest) noexcept {
    while (!rest.empty() && rest.front() == '.') rest.remove_prefix(1);
    auto const kind = [](char c) { return text::is_digit(c) ? 0 : text::is_lower(c) ? 1 : c == '.' ? 2 : 3; };
    std::size_t end = 0;
    while (end != rest.size() && kind(rest[end]) == kind(rest.front())) ++end;
    std::string_view const component = rest.substr(0, end);
    rest.remove_prefix(end);
    return component;
}

/// Whether a flow's Prefect version lies before another; nothing when letters stand where a number is compared. A version
/// that only lacks components lies before: `0.13` before `0.13.0`.
[[nodiscard]] constexpr std::optional<bool> is_before(std::string_view version,
                                                      std::array<unsigned, 3> const& other) noexcept {
    for (unsigned const wanted : other) {
        std::string_view const component = next_component(version);
        if (component.empty()) return true;
        if (!text::is_digit(component.front())) return std::nullopt;
        unsigned number = 0;
        for (char const c : component) number = std::min(number * 10 + static_cast<unsigned>(c - '0'), 1000000U);
        if (number != wanted) return number < wanted;
    }
    return false;
}

/// Joins an image name to its registry as Python's `PurePosixPath` joins: an absolute name stands alone; empty and `.`
/// components vanish.
[[nodiscard]] inline std::string join_path(std::string_view registry, std::string_view name) {
    if (!name.empty() && name.front() == '/') registry = {};
    std::string_view const first = registry.empty() ? name : registry;
    std::string_view const root = first.substr(0, std::min(first.find_first_not_of('/'), first.size()));
    std::string made = root.size() == 2 ? "//" : root.empty() ? "" : "/";
    for (std::string_view rest : {registry, name}) {
        while (!rest.empty()) {
            std::string_view const part = rest.substr(0, rest.find('/'));
            rest.remove_prefix(std::min(rest.size(), part.size() + 1));
            if (part.empty() || part == ".") continue;
            if (!made.empty() && made.back() != '/') made += '/';
            made += part;
        }
    }
    return made;
}

[[nodiscard]] inline bool is_docker(json::value const& storage) noexcept {
    return json::text_of(storage, "type") == std::string_view{"Docker"};
}

[[nodiscard]] inline result<std::string> docker_image(json::value const& storage) {
    auto const name = json::text_of(storage, "image_name");
    auto const tag = json::text_of(storage, "image_tag");
    if (!name || !tag)
        return fail(errc::invalid_argument, "Docker storage is missing required fields image_name and image_tag");
    std::string image = join_path(json::text_of(storage, "registry_url").value_or(""), *name);
    if (image.empty() || tag->empty())
        return fail(errc::invalid_argument, "Docker storage has an empty image_name or image_tag");
    return image + ":" + std::string{*tag};
}

/// The image that Prefect publishes for a flow's own version; its naming changed with 0.14.0.
[[nodiscard]] inline std::string default_image(std::string_view core_version) {
    std::string_view const version = core_version.substr(0, core_version.find('+'));
    bool const plain = !version.empty() && is_before(version, {0, 14, 0}) == false;
    return std::string{plain ? "prefecthq/prefect:" : "prefecthq/prefect:all_extras-"} +
           std::string{version.empty() ? "latest" : version};
}

/// A usable `image` member: empty when it is absent, null or empty.
[[nodiscard]] inline result<std::string> image_member(json::value const* owner, std::string_view what) {
    json::value const* const image = owner != nullptr ? json::member(*owner, "image") : nullptr;
    if (image == nullptr) return std::string{};
    auto const text = json::as_text(*image);
    if (!text) return fail(errc::invalid_argument, "the image of the flow's " + std::string{what} + " is not text");
    return std::string{*text};
}

} // namespace detail

/// The run configuration in force: the run's own, else the flow's; null when there is none.
[[nodiscard]] inline json::value const& run_config_of(prefect::flow_run const& run) noexcept {
    return run.run_config.is_null() ? run.flow.run_config : run.run_config;
}

/// The container image a flow run needs. With a run configuration, or without an environment: Docker storage's image, else
/// the configuration's, else Prefect's own of the flow's version. Otherwise: the environment's, else Docker storage's.
/// `errc::invalid_argument` when the flow names none, with the words of Prefect's agent.
[[nodiscard]] inline result<std::string> image_of(prefect::flow_run const& run) {
    auto const& storage = run.flow.storage;
    auto const& run_config = run_config_of(run);
    if (storage.is_null()) return fail(errc::invalid_argument, "Flow of flow run " + run.id + " has no storage.");
    if (!run_config.is_null() || run.flow.environment.is_null()) {
        if (detail::is_docker(storage)) return detail::docker_image(storage);
        auto image = detail::image_member(&run_config, "run_config");
        if (!image || !image->empty()) return image;
        return detail::default_image(run.flow.core_version);
    }
    auto image = detail::image_member(json::member(run.flow.environment, "metadata"), "environment metadata");
    if (!image || !image->empty()) return image;
    if (detail::is_docker(storage)) return detail::docker_image(storage);
    return fail(errc::invalid_argument, "Storage for flow run " + run.id +
                                            " is not of type Docker and environment has no `image` attribute in the "
                                            "metadata field.");
}

/// The shell command that runs a flow registered with `core_version`: it was renamed with 0.13.0. A version that cannot be
/// compared is taken for a new one, none for an old one.
[[nodiscard]] inline std::string_view command_for(std::string_view core_version) noexcept {
    bool const old = core_version.empty() || detail::is_before(core_version, {0, 13, 0}).value_or(false);
    return old ? "prefect execute cloud-flow" : "prefect execute flow-run";
}

} // namespace fargate::inline v0::deploy

#endif
