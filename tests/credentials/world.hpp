#ifndef FARGATE_TESTS_CREDENTIALS_WORLD_HPP
#define FARGATE_TESTS_CREDENTIALS_WORLD_HPP

#include <fargate/aws/access_key.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/testing/scripted_http.hpp>

#include <string>
#include <utility>

namespace testing_support {

/// Everything a provider may touch, none of it real.
struct world {
    fargate::testing::map_environment environment{};
    fargate::testing::scripted_http http{};
    fargate::testing::manual_clock clock{};

    world() = default;
    explicit world(fargate::testing::map_environment::map variables,
                   fargate::testing::map_environment::map const& files = {}) :
        environment{std::move(variables), files} {}

    template <class Provider>
    [[nodiscard]] auto fetch(Provider& provider) {
        return provider.fetch(http, clock, environment);
    }
    template <class Provider>
    [[nodiscard]] auto fetch(Provider&& provider) {
        return provider.fetch(http, clock, environment);
    }
};

/// `id/secret` or `id/secret/token`, for comparing at a glance.
inline std::string shown(fargate::credentials::access_key const& key) {
    std::string text = key.id + "/" + std::string{key.secret_key.reveal()};
    if (!key.session_token.empty()) text += "/" + std::string{key.session_token.reveal()};
    return text;
}

} // namespace testing_support

#endif
