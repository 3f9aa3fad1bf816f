#ifndef FARGATE_TESTS_SCENARIOS_HOSTILE_WORLD_HPP
#define FARGATE_TESTS_SCENARIOS_HOSTILE_WORLD_HPP

#include "aws/frozen_parts.hpp"

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/http/curl.hpp>

#include <string>
#include <utility>

namespace testing_support {

/// libcurl on real sockets, whose requests may name their authorities; all else is as in `frozen`.
struct socket_http {
    fargate::curl_http inner;
    std::string ca_file{};
    auto send(fargate::http::request request) {
        if (!ca_file.empty()) request.ca_file = ca_file;
        return inner.send(request);
    }
};

struct on_sockets : frozen {
    using http = socket_http;
};

/// No proxy, whatever the environment names.
inline fargate::curl_options without_proxy() {
    fargate::curl_options made;
    made.no_proxy = "*";
    return made;
}

/// One who calls AWS with a key that must not get into wrong hands; a wait between attempts takes no time.
struct caller {
    static constexpr std::string_view token = "the-session-token";

    explicit caller(std::string url, fargate::http::limits limits = {}, std::string ca_file = {}) :
        parts{.http = {fargate::curl_http{without_proxy()}, std::move(ca_file)},
              .credentials = example_key{token},
              .clock = {},
              .environment = {},
              .retry = {},
              .hash = {}} {
        options.endpoint_url = std::move(url);
        options.limits = limits;
    }

    [[nodiscard]] auto list_tasks() {
        return fargate::aws::ecs<on_sockets>{parts, options}.list_tasks({{"cluster", "c"}});
    }
    [[nodiscard]] auto get_object() {
        return fargate::aws::s3<on_sockets>{parts, options}.get_object({.bucket = "bucket", .key = "key"});
    }

    fargate::aws::parts<on_sockets> parts;
    fargate::aws::client_options options = in_ireland();
};

} // namespace testing_support

#endif
