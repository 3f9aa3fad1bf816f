#include <fargate/aws/ecs.hpp>
#include <fargate/aws/s3.hpp>
#include <fargate/aws/tagging.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

// The requests that botocore made for the same inputs with the same clock, key and random bits: ours are the same.

namespace aws = fargate::aws;
namespace json = fargate::json;
using testing_support::frozen;
using testing_support::text;

namespace {

/// The client options that a recorded case was made with; its name tells them.
struct recorded_options {
    aws::client_options client{};
    aws::s3_options s3{};
};

recorded_options options_of(json::value const& recorded) {
    std::string const name = text(recorded, "name");
    auto const has = [&name](char const* part) { return name.find(part) != std::string::npos; };
    recorded_options made;
    made.client.region = text(recorded, "region");
    made.client.random = testing_support::no_bits;
    if (has("custom endpoint")) {
        std::string const url = text(*json::object_of(recorded, "request"), "url");
        made.client.endpoint_url = text(recorded, "service") == "s3" ? "http://localhost:9000" : url;
        if (has("custom endpoint virtual")) made.s3.style = aws::addressing::virtual_host;
    }
    if (has("config path")) made.s3.style = aws::addressing::path;
    if (has("config virtual")) made.s3.style = aws::addressing::virtual_host;
    if (has("config accelerate")) made.s3.accelerate = true;
    if (has("config payload_signing_enabled=False")) made.s3.sign_payload = false;
    if (has("config response_checksum when_required")) made.s3.checksum_mode = false;
    if (has("config unsigned")) made.client.anonymous = true;
    if (has("config fips")) made.client.use_fips = true;
    if (has("dualstack bucket")) made.client.use_dualstack = true;
    return made;
}

/// Makes the call of a recorded case; the one request that went out, or why none did.
fargate::result<fargate::http::request> our_request(json::value const& recorded, recorded_options const& options) {
    aws::parts<frozen> parts{};
    parts.http.otherwise([](auto const&) { return fargate::http::response{200, {}, "{}"}; });
    if (auto const token = json::text_of(recorded, "token")) parts.credentials = testing_support::example_key{*token};
    aws::ecs<frozen> ecs{parts, options.client};
    aws::tagging<frozen> tagging{parts, options.client};
    aws::s3<frozen> s3{parts, options.client, options.s3};

    std::string const name = text(recorded, "name");
    auto const& params = *json::object_of(recorded, "params");
    auto const is = [&name](char const* operation) { return name.starts_with(operation); };
    aws::object_request object;
    object.bucket = text(params, "Bucket");
    object.key = text(params, "Key");
    object.version_id = text(params, "VersionId");
    object.range = text(params, "Range");
    object.if_match = text(params, "IfMatch");

    std::optional<fargate::error> why;
    auto const keep = [&why](auto const& answer) {
        if (!answer) why = answer.error();
    };
    if (is("register_task_definition")) keep(ecs.register_task_definition(params));
    if (is("deregister_task_definition")) keep(ecs.deregister_task_definition(params));
    if (is("describe_task_definition")) keep(ecs.describe_task_definition(params));
    if (is("list_task_definitions")) keep(ecs.list_task_definitions(params));
    if (is("run_task")) keep(ecs.run_task(params));
    if (is("describe_tasks")) keep(ecs.describe_tasks(params));
    if (is("stop_task")) keep(ecs.stop_task(params));
    if (is("get_resources")) keep(tagging.get_resources(params));
    if (is("get_object")) keep(s3.get_object(object));
    if (is("head_object")) keep(s3.head_object(object));
    auto const requests = parts.http.requests();
    CHECK(requests.size() <= 1);
    if (requests.empty()) return why.value_or(fargate::fail(fargate::errc::internal, "no such operation"));
    return requests.front();
}

std::map<std::string, std::string> fields_of(fargate::http::request const& request) {
    std::map<std::string, std::string> made;
    for (auto const& each : request.headers) made[fargate::text::lower(each.name)] += each.value;
    return made;
}

std::map<std::string, std::string> fields_of(json::value const& request) {
    std::map<std::string, std::string> made;
    for (auto const& [name, value] : json::object_of(request, "headers")->items())
        made[fargate::text::lower(name)] = std::string{json::as_text(value).value_or("")};
    return made;
}

} // namespace

TEST_CASE("our requests are botocore's: URL, fields, body and signature") {
    auto const recorded = testing_support::load("botocore-requests.json");
    int equal = 0;
    int old_host = 0;
    int refused = 0;
    for (auto const& each : *json::array_of(recorded, "cases")) {
        INFO(text(each, "name"));
        auto options = options_of(each);
        if (json::object_of(each, "request") == nullptr) continue; // botocore refuses it too; see below
        auto const& wanted = *json::object_of(each, "request");
        std::string const url = text(wanted, "url");
        // contract §1.11: access points are refused.
        if (text(*json::object_of(each, "params"), "Bucket").starts_with("arn:")) {
            CHECK(our_request(each, options).error().code == fargate::errc::invalid_argument);
            ++refused;
            continue;
        }
        // contract §2.1: botocore sends us-east-1 to S3's old global host; who wants that asks us for the region aws-global.
        if (url.find("s3.amazonaws.com/") != std::string::npos) {
            options.client.region = "aws-global";
            ++old_host;
        }

        auto const request = our_request(each, options);
        REQUIRE(request);
        CHECK(request->method == text(wanted, "method"));
        CHECK(request->url == url);
        CHECK(request->body == text(wanted, "body"));
        auto ours = fields_of(*request);
        auto theirs = fields_of(wanted);
        // The recording has the fields above the transport: Host and User-Agent are not among them, Content-Length is.
        CHECK_FALSE(ours["host"].empty());
        CHECK(ours["user-agent"].starts_with("fargate/"));
        ours.erase("host");
        ours.erase("user-agent");
        if (theirs.contains("content-length")) CHECK(theirs["content-length"] == std::to_string(request->body.size()));
        theirs.erase("content-length");
        // contract §4.1: revision 2.1 of standard mode tells the number of attempts from the first one on.
        CHECK(theirs["amz-sdk-request"] == "attempt=1");
        CHECK(ours["amz-sdk-request"] == "attempt=1; max=3");
        ours.erase("amz-sdk-request");
        theirs.erase("amz-sdk-request");
        CHECK(ours == theirs);
        ++equal;
    }
    CHECK(equal == 62);
    CHECK(refused == 1);
    CHECK(old_host > 20);
}

TEST_CASE("what botocore refuses before it sends anything, so do we") {
    auto const recorded = testing_support::load("botocore-requests.json");
    int count = 0;
    for (auto const& each : *json::array_of(recorded, "cases")) {
        if (json::object_of(each, "request") != nullptr) continue;
        INFO(text(each, "name"));
        json::value asked = each; // the recording leaves out the parameters: its name has them
        json::set(asked, "params", *json::parse("{\"Bucket\": \"my.dotted.bucket\", \"Key\": \"k\"}"));
        auto const request = our_request(asked, options_of(each));
        REQUIRE_FALSE(request);
        CHECK(request.error().code == fargate::errc::bad_configuration);
        ++count;
    }
    CHECK(count == 1);
}

TEST_CASE("the regional host of us-east-1 is ours by default, and equals botocore's when that is told to use it") {
    auto const recorded = testing_support::load("botocore-requests.json");
    std::map<std::string, json::value> cases;
    for (auto const& each : *json::array_of(recorded, "cases")) cases[text(each, "name")] = each;
    for (char const* const bucket : {"my-bucket", "my.dotted.bucket"}) {
        auto const& plain = cases.at("head_object config retry standard bucket " + std::string{bucket});
        auto const& regional = cases.at("head_object config us-east-1 regional bucket " + std::string{bucket});
        auto const request = our_request(plain, options_of(plain));
        REQUIRE(request);
        auto const& wanted = *json::object_of(regional, "request");
        CHECK(request->url == text(wanted, "url"));
        CHECK(fields_of(*request).at("authorization") == fields_of(wanted).at("authorization"));
    }
}
