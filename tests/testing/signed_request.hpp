#ifndef FARGATE_TESTS_TESTING_SIGNED_REQUEST_HPP
#define FARGATE_TESTS_TESTING_SIGNED_REQUEST_HPP

#include <fargate/crypto/openssl.hpp>
#include <fargate/http/message.hpp>
#include <fargate/json/json.hpp>
#include <fargate/sigv4/sign.hpp>
#include <fargate/text/uri.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing_support {

/// A request of this suite, signed with the documentation's example key.
inline fargate::http::request sign(fargate::http::request request, std::string_view service, fargate::time_point when,
                                   std::string_view region = "us-east-1", std::string_view id = "AKIDEXAMPLE",
                                   std::string_view secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   std::string_view token = "") {
    auto const url = fargate::text::split_url(request.url);
    std::vector<fargate::sigv4::header_view> headers;
    std::string const host{url->authority};
    headers.push_back({"host", host});
    for (auto const& each : request.headers) headers.push_back({each.name, each.value});
    fargate::sigv4::settings const how = service == "s3" ? fargate::sigv4::s3 : fargate::sigv4::settings{};
    auto const made = fargate::sigv4::sign({request.method, url->path, url->query, headers, request.body},
                                           {id, secret, token}, {region, service}, when, how);
    for (auto const& each : *made) request.headers.set(std::string{each.name}, std::string{each.value});
    return request;
}

/// A call of an AWS JSON 1.1 service.
inline fargate::http::request json_call(std::string_view target, std::string body) {
    fargate::http::request made;
    made.method = "POST";
    bool const tagging = target.substr(0, 8) == "Resource";
    made.url = tagging ? "https://tagging.us-east-1.amazonaws.com/" : "https://ecs.us-east-1.amazonaws.com/";
    made.headers.add("Content-Type", "application/x-amz-json-1.1");
    made.headers.add("X-Amz-Target", std::string{target});
    made.body = std::move(body);
    return made;
}

/// A document written by hand in a test.
inline fargate::json::value document(std::string_view text) {
    auto made = fargate::json::parse(text);
    return made ? *made : fargate::json::value{};
}

/// A member's value, null when there is none.
inline fargate::json::value at(fargate::json::value const& from, char const* name) {
    auto const* const found = fargate::json::member(from, name);
    return found != nullptr ? *found : fargate::json::value{};
}

} // namespace testing_support

#endif
