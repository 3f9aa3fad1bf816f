#ifndef FARGATE_TESTS_ARCHETYPES_ARCHETYPES_HPP
#define FARGATE_TESTS_ARCHETYPES_ARCHETYPES_HPP

#include <fargate/aws/policy.hpp>
#include <fargate/crypto/policy.hpp>
#include <fargate/http/policy.hpp>
#include <fargate/prefect/flow_source.hpp>
#include <fargate/retry/policy.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>
#include <fargate/system/executor.hpp>
#include <fargate/system/log.hpp>

// The smallest model of each concept: what its expression table asks for and nothing else. None can be copied or moved, so
// a template that is given one may only refer to it. The launcher, which needs JSON, has a file of its own.

namespace archetypes {

struct pinned {
    pinned() = default;
    pinned(pinned const&) = delete;
    pinned& operator=(pinned const&) = delete;
};

struct http : pinned {
    fargate::result<fargate::http::response> send(fargate::http::request const&) {
        return fargate::fail(fargate::errc::connection_failed, "there is no network here");
    }
};

struct clock : pinned {
    fargate::time_point now() { return {}; }
    bool sleep_for(fargate::duration, std::stop_token) { return true; }
};

struct environment : pinned {
    std::optional<std::string> variable(std::string_view) const { return std::nullopt; }
    fargate::result<std::string> read_file(std::string_view) const {
        return fargate::fail(fargate::errc::not_found, "there are no files here");
    }
};

struct credentials : pinned {
    fargate::result<fargate::credentials::access_key> fetch(http&, clock&, environment const&) {
        return fargate::fail(fargate::errc::not_configured, "there are no keys here");
    }
};

struct retry : pinned {
    std::optional<fargate::duration> next(fargate::retry::progress&, fargate::retry::outcome const&) {
        return std::nullopt;
    }
};

struct hash : pinned {
    fargate::crypto::digest sha256(std::string_view) const noexcept { return {}; }
    fargate::crypto::digest hmac_sha256(std::string_view, std::string_view) const noexcept { return {}; }
};

struct log : pinned {
    void write(fargate::log_level, std::string_view) {}
};

struct executor : pinned {
    void submit(fargate::job work) { work(); }
    void drain() {}
    unsigned workers() const { return 1; }
};

struct source : pinned {
    struct run {
        std::string id;
    };
    fargate::result<void> open(std::stop_token) { return {}; }
    fargate::result<std::vector<run>> poll(std::span<std::string const>, std::stop_token) {
        return std::vector<run>{{"one"}};
    }
    fargate::result<fargate::claim> claim(run const&, std::stop_token) { return fargate::claim{}; }
    fargate::result<std::vector<fargate::run_view<run>>> look(std::span<std::string const>, std::stop_token) {
        return std::vector<fargate::run_view<run>>{};
    }
    fargate::result<std::vector<fargate::run_view<run>>> owned(std::stop_token) {
        return std::vector<fargate::run_view<run>>{};
    }
    fargate::result<std::vector<std::string>> cancelling(std::span<std::string const>, std::stop_token) {
        return std::vector<std::string>{};
    }
    fargate::result<void> launched(std::string_view, std::string_view, std::stop_token) { return {}; }
    std::string epoch(run const&) { return {}; }
    fargate::result<bool> failed(std::string_view, std::string_view, std::string_view, std::stop_token) { return true; }
    fargate::result<bool> cancelled(std::string_view, std::string_view, std::string_view, std::stop_token) {
        return true;
    }
    fargate::result<void> note(std::string_view, fargate::log_level, std::string_view, std::stop_token) { return {}; }
    fargate::result<void> heartbeat(std::string_view, std::stop_token) { return {}; }
};

/// What an AWS client stands on.
struct bundle {
    using http = archetypes::http;
    using credentials = archetypes::credentials;
    using clock = archetypes::clock;
    using environment = archetypes::environment;
    using retry = archetypes::retry;
    using hash = archetypes::hash;
};

/// What an agent stands on.
struct board : bundle {
    using log = archetypes::log;
    using executor = archetypes::executor;
};

} // namespace archetypes

#endif
