#include <fargate/aws/parts.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/json/json.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/sigv4.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/text/hex.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Our side of tests/peers/peer_signatures.py: reads requests, one JSON object a line, and answers each with what we make of it,
// one JSON object a line.

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
namespace sigv4 = fargate::sigv4;
namespace text = fargate::text;

namespace {

fargate::crypto::openssl_hash const hash;

std::string get(json::value const& from, char const* key) { return std::string{json::text_of(from, key).value_or("")}; }
bool flag(json::value const& from, char const* key) { return json::flag_of(from, key).value_or(false); }

std::string bytes_of_hex(std::string_view digits) {
    std::string made;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        made += static_cast<char>(text::hex_value(digits[i]) * 16 + text::hex_value(digits[i + 1]));
    return made;
}

text::instant moment_of(json::value const& from) {
    return text::instant{std::chrono::seconds{json::integer_of(from, "time").value_or(0)}};
}

/// A drawn request with all that its signature depends on.
struct drawn {
    std::string method, path, query, body, id, secret, token, region, service;
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<sigv4::header_view> views;
    sigv4::settings how{};

    explicit drawn(json::value const& from) :
        method{get(from, "method")},
        path{get(from, "path")},
        query{get(from, "query")},
        body{bytes_of_hex(get(from, "body"))},
        id{get(from, "id")},
        secret{get(from, "secret")},
        token{get(from, "token")},
        region{get(from, "region")},
        service{get(from, "service")} {
        for (auto const& each : *json::array_of(from, "headers"))
            headers.emplace_back(*json::as_text(each[0]), *json::as_text(each[1]));
        for (auto const& [name, value] : headers) views.push_back({name, value});
        how.normalize_path = flag(from, "normalize");
        how.double_encode = flag(from, "double_encode");
        how.content_sha256 = flag(from, "content_sha256");
        if (flag(from, "unsigned_payload")) how.payload_hash = sigv4::unsigned_payload;
        if (flag(from, "omit_token")) how.token = sigv4::token_rule::omit;
    }
    drawn(drawn const&) = delete;
    drawn& operator=(drawn const&) = delete;

    [[nodiscard]] sigv4::key_view key() const { return {id, secret, token, 0}; }
    [[nodiscard]] sigv4::scope where() const { return {region, service}; }
    [[nodiscard]] sigv4::request_view view() const { return {method, path, query, views, body}; }
};

json::value pair_of(std::string_view name, std::string_view value) {
    json::value made = json::value::array();
    made.push_back(std::string{name});
    made.push_back(std::string{value});
    return made;
}

/// The stages, each by its own function of the library, and the signature as its one call makes it.
json::value stages(drawn const& given, std::string const& canonical, std::string const& timestamp) {
    json::value made = json::value::object();
    made["canonical_request"] = canonical;
    made["string_to_sign"] = sigv4::string_to_sign(timestamp, given.where(), canonical, hash);
    made["signature"] = sigv4::signature(canonical, given.key(), given.where(), timestamp, nullptr, hash);
    return made;
}

json::value signed_in_headers(drawn const& given, text::instant when) {
    std::string const timestamp = text::amz_timestamp(when);
    std::string const payload = sigv4::payload_hash(given.body, given.how, hash);
    std::vector<sigv4::header_view> added{{"X-Amz-Date", timestamp}};
    if (given.how.content_sha256) added.push_back({"x-amz-content-sha256", payload});
    if (!given.token.empty() && given.how.token == sigv4::token_rule::sign)
        added.push_back({"X-Amz-Security-Token", given.token});
    sigv4::canonical_headers const headers{given.views, added};
    json::value made = stages(given, sigv4::canonical_request(given.view(), headers, given.how, payload), timestamp);

    auto const signature = sigv4::sign(given.view(), given.key(), given.where(), when, given.how);
    if (!signature) {
        made["refused"] = signature.error().message;
        return made;
    }
    made["whole"] = std::string{signature->signature()};
    made["sent"] = json::value::array();
    for (auto const& each : *signature) made["sent"].push_back(pair_of(text::lower(each.name), each.value));
    return made;
}

json::value signed_in_query(drawn const& given, text::instant when, std::chrono::seconds expires) {
    auto const query = sigv4::presign(given.view(), given.key(), given.where(), when, expires, given.how);
    json::value made = json::value::object();
    if (!query) {
        made["refused"] = query.error().message;
        return made;
    }
    constexpr std::string_view last = "&X-Amz-Signature=";
    auto const end = query->rfind(last);
    std::string unsigned_query = query->substr(0, end);
    if (!given.token.empty() && given.how.token == sigv4::token_rule::omit)
        unsigned_query.resize(unsigned_query.rfind("&X-Amz-Security-Token="));
    auto complete = given.view();
    complete.query = unsigned_query;
    std::string const payload = given.how.content_sha256 && given.how.payload_hash.empty()
                                    ? std::string{sigv4::unsigned_payload}
                                    : sigv4::payload_hash(given.body, given.how, hash);
    sigv4::canonical_headers const headers{given.views};
    made = stages(given, sigv4::canonical_request(complete, headers, given.how, payload), text::amz_timestamp(when));
    made["whole"] = query->substr(end + last.size());
    made["query"] = *query;
    return made;
}

/// Sends nothing, and keeps what it was given.
struct recorder {
    http::request last{};

    fargate::result<http::response> send(http::request const& request) {
        last = request;
        return http::response{304, {}, ""};
    }
};

struct recorded {
    using http = recorder;
    using credentials = fargate::credentials::fixed;
    using clock = fargate::testing::manual_clock;
    using environment = fargate::testing::map_environment;
    using retry = fargate::retry::standard;
    using hash = fargate::crypto::openssl_hash;
};

json::value object_request(json::value const& from) {
    aws::parts<recorded> parts{};
    parts.credentials = fargate::credentials::fixed{get(from, "id"), get(from, "secret"), get(from, "token")};
    parts.clock.set(moment_of(from));
    aws::client_options options;
    options.region = get(from, "region");
    options.endpoint_url = get(from, "endpoint_url");
    aws::s3_options how;
    std::string const style = get(from, "style");
    if (style == "path") how.style = aws::addressing::path;
    if (style == "virtual") how.style = aws::addressing::virtual_host;
    aws::s3<recorded> s3{parts, options, how};
    aws::object_request const which{.bucket = get(from, "bucket"),
                                    .key = get(from, "key"),
                                    .version_id = get(from, "version_id"),
                                    .range = get(from, "range"),
                                    .if_match = get(from, "if_match"),
                                    .if_none_match = get(from, "if_none_match"),
                                    .if_modified_since = get(from, "if_modified_since")};
    auto const answer = flag(from, "head") ? s3.head_object(which) : s3.get_object(which);
    json::value made = json::value::object();
    auto const& sent = parts.http.last;
    if (sent.url.empty()) {
        made["refused"] = answer ? "nothing was sent" : answer.error().message;
        return made;
    }
    made["method"] = sent.method;
    made["url"] = sent.url;
    made["sent"] = json::value::array();
    for (auto const& each : sent.headers) made["sent"].push_back(pair_of(text::lower(each.name), each.value));
    return made;
}

json::value answer_to(json::value const& question) {
    std::string const kind = get(question, "kind");
    if (kind == "object") return object_request(question);
    drawn const given{question};
    if (kind == "header") return signed_in_headers(given, moment_of(question));
    return signed_in_query(given, moment_of(question),
                           std::chrono::seconds{json::integer_of(question, "expires").value_or(0)});
}

} // namespace

int main() {
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
        auto const question = json::parse(line);
        if (!question) {
            std::cerr << "signer: " << question.error().message << '\n';
            return 1;
        }
        std::cout << json::write(answer_to(*question)) << '\n';
    }
    return 0;
}
