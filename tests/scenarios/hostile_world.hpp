#ifndef FARGATE_TESTS_SCENARIOS_HOSTILE_WORLD_HPP
#define FARGATE_TESTS_SCENARIOS_HOSTILE_WORLD_HPP

#include "aws/frozen_parts.hpp"

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/http/curl.hpp>
#include <fargate/system/environment.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace testing_support {

/// Variables of the test's own over this machine's files.
struct own_variables : fargate::testing::map_environment {
    [[nodiscard]] fargate::result<std::string> read_file(std::string_view path) const {
        return fargate::process_environment{}.read_file(path);
    }
};

/// libcurl on real sockets; all else is as in `frozen`.
struct on_sockets : frozen {
    using http = fargate::curl_http;
    using environment = own_variables;
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
        parts{.http = fargate::curl_http{without_proxy()},
              .credentials = example_key{token},
              .clock = {},
              .environment = {},
              .retry = {},
              .hash = {}} {
        options.endpoint_url = std::move(url);
        options.limits = limits;
        options.ca_file = std::move(ca_file);
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
