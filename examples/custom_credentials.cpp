// A source of keys of one's own. Here a board keeps its key in a file that its maker writes at the factory; where there is
// none, the environment is asked. Around both goes the library's cache: one fetch for many calls and threads, renewed before
// the key ends. The same type fits an agent: `fargate::agent<fargate::policies<fargate::curl_http, board_credentials>>`.

#include <fargate/credentials/cached.hpp>
#include <fargate/credentials/chain.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/make_key.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/sigv4.hpp>
#include <fargate/testing/map_environment.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace credentials = fargate::credentials;

/// Reads `ID SECRET` from a file. This is all that a source has to be.
struct factory_key {
    static constexpr std::string_view name = "factory key";

    template <class Http, class Clock, class Environment>
    fargate::result<credentials::access_key> fetch(Http&, Clock& clock, Environment const& environment) {
        auto text = environment.read_file("/factory/key");
        if (!text) return fargate::fail(fargate::errc::not_configured, text.error().message);
        auto const space = std::string_view{*text}.find(' ');
        if (space == std::string_view::npos)
            return fargate::fail(fargate::errc::bad_configuration, "/factory/key holds no pair");
        auto key = credentials::make_key({"the id", std::string_view{*text}.substr(0, space)},
                                         {"the secret", std::string_view{*text}.substr(space)}, {}, std::string{name});
        fargate::wipe(*text);
        if (key) key->expires = clock.now() + std::chrono::hours{12}; // look again twice a day
        return key;
    }
};

using board_credentials = credentials::cached<credentials::chain<factory_key, credentials::environment>>;

/// Neither source needs the network, so there is none.
struct no_network {
    fargate::result<fargate::http::response> send(fargate::http::request const&) {
        return fargate::fail(fargate::errc::connection_failed, "there is no network");
    }
};

int main() {
    // In place of this machine's files and variables; `process_environment` is the real thing.
    fargate::testing::map_environment const board{
        {}, {{"/factory/key", "AKIDEXAMPLE wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n"}}};
    fargate::system_clock clock;
    no_network http;
    board_credentials keys;

    auto const key = keys.fetch(http, clock, board);
    if (!key) {
        std::fprintf(stderr, "%s\n", key.error().message.c_str());
        return 1;
    }
    std::printf("%s, from %s\n", key->id.c_str(), key->source.c_str());

    fargate::sigv4::header_view const headers[] = {{"host", "iam.amazonaws.com"}};
    fargate::sigv4::request_view const request{
        .path = "/", .query = "Action=ListUsers&Version=2010-05-08", .headers = headers};
    auto const signed_request = fargate::sigv4::sign(request, key->view(), {"us-east-1", "iam"}, clock.now());
    if (!signed_request) {
        std::fprintf(stderr, "%s\n", signed_request.error().message.c_str());
        return 1;
    }
    for (auto const& [name, value] : *signed_request)
        std::printf("%s: %s\n", std::string{name}.c_str(), std::string{value}.c_str());

    // Somewhere else there is no such file, and the search says where it looked.
    board_credentials elsewhere;
    auto const nothing = elsewhere.fetch(http, clock, fargate::testing::map_environment{});
    std::printf("elsewhere: %s\n", nothing ? "a key?" : nothing.error().message.c_str());
    return nothing ? 1 : 0;
}
