#ifndef FARGATE_AWS_CALL_HPP
#define FARGATE_AWS_CALL_HPP

#include <fargate/aws/endpoint.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/retry/token_bucket.hpp>
#include <fargate/sigv4/scope.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::aws {

struct service_failure;

/// How a service words its errors.
enum class protocol : unsigned char {
    json, ///< AWS JSON 1.1: ECS, tagging
    xml   ///< S3's REST with XML errors
};

/// One call of one operation, as it is before anybody signs it; every attempt is made from the same call.
struct call {
    std::string_view operation; ///< `RunTask`; static text, for messages
    endpoint where{};
    std::string method = "POST";
    std::string path = "/"; ///< behind the endpoint's base path, percent-encoded
    std::string query{};    ///< percent-encoded, without `?`
    http::fields headers{}; ///< all of these are signed
    std::string body{};
    protocol speaks = protocol::json;
    sigv4::settings signing{};
    std::optional<std::chrono::milliseconds> deadline{}; ///< in place of `client_options::deadline`
    std::vector<secret> confided{};                      ///< what it holds besides the key that no error may tell
    retry::tolls tolls{};                                ///< what every attempt takes of the API's rates
    service_failure* failure = nullptr; ///< when set, receives what the last answer with an error status said
    /// When set, takes the body of a 2xx answer, as far as the HTTP policy knows sinks. In `begin` and `take` it may change
    /// `headers`: every attempt is made from the call as it is by then, so that it can ask for what is still missing.
    http::body_sink* sink = nullptr;
};

/// A call of an AWS JSON 1.1 operation; `input` is its document, written. `target_prefix` is the service's, e.g. `AmazonEC2ContainerServiceV20141113`.
[[nodiscard]] inline call json_text_call(std::string_view operation, std::string_view target_prefix, endpoint where,
                                         std::string input) {
    call made;
    made.operation = operation;
    made.where = std::move(where);
    made.headers.add("X-Amz-Target", std::string{target_prefix}.append(".").append(operation));
    made.headers.add("Content-Type", "application/x-amz-json-1.1");
    made.body = std::move(input);
    return made;
}

/// The same with a document.
[[nodiscard]] inline call json_call(std::string_view operation, std::string_view target_prefix, endpoint where,
                                    json::value const& input) {
    return json_text_call(operation, target_prefix, std::move(where), json::write(input));
}

} // namespace fargate::inline v0::aws

#endif
