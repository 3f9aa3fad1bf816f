#include <fargate/testing/fake_aws.hpp>

#include <fargate/http/policy.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/text/percent.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"
#include "testing/ecs_bench.hpp"
#include "testing/signed_request.hpp"

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::at;
using testing_support::document;

static_assert(http_policy<testing::fake_aws>);
static_assert(http_policy<testing::fake_s3>);
static_assert(http_policy<testing::fake_tagging>);

namespace {

struct bench {
    testing::manual_clock clock;
    testing::fake_aws aws{{}, testing::time_of(clock)};

    http::response get(std::string url, http::fields headers = {}, char const* method = "GET",
                       char const* region = "us-east-1") {
        http::request request;
        request.method = method;
        request.url = std::move(url);
        request.headers = std::move(headers);
        auto const answer = aws.send(testing_support::sign(request, "s3", clock.now(), region));
        return answer ? *answer : http::response{};
    }
    json::value tagging(json::value const& body) {
        auto const call =
            testing_support::json_call("ResourceGroupsTaggingAPI_20170126.GetResources", json::write(body));
        auto const answer = aws.send(testing_support::sign(call, "tagging", clock.now()));
        status = answer ? answer->status : 0;
        return answer ? document(answer->body) : json::value{};
    }
    void ecs(char const* operation, std::string body) {
        auto const call =
            testing_support::json_call("AmazonEC2ContainerServiceV20141113." + std::string{operation}, std::move(body));
        auto const answer = aws.send(testing_support::sign(call, "ecs", clock.now()));
        REQUIRE(answer);
        REQUIRE(answer->status == 200);
    }
    /// Registers `count` definitions of a family, with these tags.
    void define(char const* family, char const* tags, int count = 1) {
        auto body = document(testing_support::definition);
        json::set(body, "family", family);
        json::set(body, "tags", document(tags));
        for (int i = 0; i != count; ++i) ecs("RegisterTaskDefinition", json::write(body));
    }
    int status = 0;
};

/// What an ARN says behind its slash.
std::string detail_of(std::string const& arn) { return arn.substr(arn.rfind('/') + 1); }

bool says(http::response const& answer, char const* code) {
    return answer.body.find(std::string{"<Code>"} + code + "</Code>") != std::string::npos;
}

} // namespace

TEST_CASE("An object is fetched by virtual-hosted and by path-style address", "[fake_s3]") {
    bench b;
    b.aws.s3.put("my-bucket", "dir/a b.json", "{}", "application/json");
    for (auto const* url :
         {"https://my-bucket.s3.us-east-1.amazonaws.com/dir/a%20b.json",
          "https://my-bucket.s3.amazonaws.com/dir/a%20b.json",
          "https://s3.us-east-1.amazonaws.com/my-bucket/dir/a%20b.json",
          "http://localhost:9000/my-bucket/dir/a%20b.json", "http://my-bucket.localhost:9000/dir/a%20b.json"}) {
        INFO(url);
        auto const answer = b.get(url);
        CHECK(answer.status == 200);
        CHECK(answer.body == "{}");
        CHECK(answer.headers.value_of("content-type") == "application/json");
        CHECK(answer.headers.value_of("content-length") == "2");
        CHECK_FALSE(answer.headers.value_of("etag").empty());
        CHECK_FALSE(answer.headers.value_of("x-amz-request-id").empty());
    }
    auto const head = b.get("https://my-bucket.s3.us-east-1.amazonaws.com/dir/a%20b.json", {}, "HEAD");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(head.headers.value_of("content-length") == "2");
    CHECK(b.aws.s3.log().count("GetObject") == 5);
    CHECK(b.aws.s3.log().count("HeadObject") == 1);
}

TEST_CASE("Odd keys are found under the address that botocore gives them", "[fake_s3]") {
    bench b;
    auto const file = testing_support::load("botocore-requests.json");
    std::size_t odd = 0;
    for (auto const& each : *json::array_of(file, "cases")) {
        auto const params = at(each, "params");
        if (testing_support::text(each, "service") != "s3" || testing_support::text(params, "Bucket") != "my-bucket")
            continue;
        auto const key = testing_support::text(params, "Key");
        auto const request = at(each, "request");
        if (key.empty() || request.is_null()) continue;
        INFO(key);
        auto const region = testing_support::text(each, "region");
        b.aws.s3.add_bucket("my-bucket", region);
        b.aws.s3.put("my-bucket", key, "found " + key);
        CHECK(b.get(testing_support::text(request, "url"), {}, "GET", region.c_str()).body == "found " + key);
        ++odd;
    }
    CHECK(odd > 15);
}

TEST_CASE("What S3 does not have is told with its codes, and without a body on HEAD", "[fake_s3]") {
    bench b;
    b.aws.s3.put("here", "k", "v");
    CHECK(says(b.get("https://here.s3.us-east-1.amazonaws.com/other"), "NoSuchKey"));
    CHECK(says(b.get("https://nowhere.s3.us-east-1.amazonaws.com/k"), "NoSuchBucket"));
    auto const head = b.get("https://here.s3.us-east-1.amazonaws.com/other", {}, "HEAD");
    CHECK(head.status == 404);
    CHECK(head.body.empty());
    CHECK(says(b.get("https://here.s3.us-east-1.amazonaws.com/k", {}, "PUT"), "MethodNotAllowed"));
    b.aws.s3.erase("here", "k");
    CHECK(b.get("https://here.s3.us-east-1.amazonaws.com/k").status == 404);
    // An empty key is another operation: a client that lets it through sees a listing.
    CHECK(b.get("https://here.s3.us-east-1.amazonaws.com/").body.starts_with("<ListBucketResult>"));
    CHECK(b.aws.s3.log().count("ListObjects") == 1);
}

TEST_CASE("A bucket of another region says where it is", "[fake_s3]") {
    bench b;
    b.aws.s3.add_bucket("far", "eu-west-1");
    b.aws.s3.put("far", "k", "v");
    for (std::string const host :
         {"far.s3.us-east-1", "far.s3", "far.s3.dualstack.us-east-1", "far.s3-fips.us-east-1"}) {
        INFO(host);
        auto const answer = b.get("https://" + host + ".amazonaws.com/k");
        CHECK(answer.status == 301);
        CHECK(says(answer, "PermanentRedirect"));
        CHECK(answer.body.find("<Endpoint>far.s3.eu-west-1.amazonaws.com</Endpoint>") != std::string::npos);
        CHECK(answer.headers.value_of("x-amz-bucket-region") == "eu-west-1");
    }
    auto const wrongly_signed = b.get("https://far.s3.eu-west-1.amazonaws.com/k");
    CHECK(wrongly_signed.status == 400);
    CHECK(says(wrongly_signed, "AuthorizationHeaderMalformed"));
    CHECK(wrongly_signed.body.find("<Region>eu-west-1</Region>") != std::string::npos);
    CHECK(b.get("https://s3.local:9000/far/k").status == 400);
    CHECK(b.get("https://far.s3.eu-west-1.amazonaws.com/k", {}, "GET", "eu-west-1").body == "v");
    CHECK(b.get("https://s3.dualstack.eu-west-1.amazonaws.com/far/k", {}, "GET", "eu-west-1").body == "v");

    b.aws.s3.redirect_with(307, false);
    auto const unnamed = b.get("https://far.s3.us-east-1.amazonaws.com/k");
    CHECK(unnamed.status == 307);
    CHECK(unnamed.headers.value_of("Location") == "https://far.s3.eu-west-1.amazonaws.com/k");
    CHECK_FALSE(unnamed.headers.find("x-amz-bucket-region"));
    auto const bucket = b.get("https://far.s3.us-east-1.amazonaws.com/", {}, "HEAD");
    CHECK(bucket.status == 307);
    CHECK(bucket.body.empty());
    CHECK(bucket.headers.value_of("x-amz-bucket-region") == "eu-west-1");
}

TEST_CASE("S3 refuses signatures with its own codes, and allows fifteen minutes", "[fake_s3]") {
    bench b;
    b.aws.s3.put("here", "k", "v");
    http::request request;
    request.url = "https://here.s3.us-east-1.amazonaws.com/k";
    auto const answer = [&](http::request const& sent) { return *b.aws.send(sent); };
    auto const signed_at = [&](duration offset) {
        return testing_support::sign(request, "s3", b.clock.now() + offset);
    };
    CHECK(says(answer(request), "AccessDenied"));
    CHECK(answer(signed_at(0s)).status == 200);
    CHECK(answer(signed_at(-15min)).status == 200);
    auto const late = answer(signed_at(-16min));
    CHECK(late.status == 403);
    CHECK(says(late, "RequestTimeTooSkewed"));
    CHECK(late.body.find("<MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>") != std::string::npos);
    auto changed = signed_at(0s);
    changed.url += "2";
    CHECK(says(answer(changed), "SignatureDoesNotMatch"));
    CHECK(says(answer(testing_support::sign(request, "s3", b.clock.now(), "us-east-1", "AKIDOTHER")),
               "InvalidAccessKeyId"));
    auto unsigned_header = signed_at(0s);
    unsigned_header.headers.add("x-amz-checksum-mode", "ENABLED");
    CHECK(answer(unsigned_header).status == 403);
    auto token = testing::example_key();
    token.token = "T";
    token.expires = b.clock.now();
    b.aws.accept_only({token});
    CHECK(says(answer(signed_at(0s)), "InvalidToken"));
    CHECK(says(
        answer(testing_support::sign(request, "s3", b.clock.now(), "us-east-1", "AKIDEXAMPLE", token.secret_key, "T")),
        "ExpiredToken"));
}

TEST_CASE("Ranges, conditions and checksums are served", "[fake_s3]") {
    bench b;
    b.aws.s3.put("here", "k", "123456789");
    std::string const url = "https://here.s3.us-east-1.amazonaws.com/k";
    auto answer = b.get(url, {{"Range", "bytes=2-4"}});
    CHECK(answer.status == 206);
    CHECK(answer.body == "345");
    CHECK(answer.headers.value_of("content-range") == "bytes 2-4/9");
    CHECK(b.get(url, {{"Range", "bytes=9-"}}).status == 416);
    CHECK(b.get(url, {{"Range", "lines=1-"}}).status == 200);
    std::string const etag{b.get(url).headers.value_of("etag")};
    CHECK(b.get(url, {{"If-Match", etag}}).status == 200);
    CHECK(b.get(url, {{"If-Match", "\"other\""}}).status == 412);
    CHECK(b.get(url, {{"If-None-Match", etag}}).status == 304);
    CHECK_FALSE(b.get(url).headers.find("x-amz-checksum-crc32"));
    answer = b.get(url, {{"x-amz-checksum-mode", "ENABLED"}});
    CHECK(answer.headers.value_of("x-amz-checksum-crc32") == "y/Q5Jg==");
    answer = b.get(url, {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-1"}});
    CHECK_FALSE(answer.headers.find("x-amz-checksum-crc32"));
}

TEST_CASE("S3 fails as planned", "[fake_s3]") {
    bench b;
    b.aws.s3.put("here", "k", "v");
    std::string const url = "https://here.s3.us-east-1.amazonaws.com/k";
    b.aws.s3.faults().fail(0, testing::refused(503, "SlowDown", "Reduce your request rate."));
    b.aws.s3.faults().fail(1, testing::dropped());
    CHECK(says(b.get(url), "SlowDown"));
    CHECK(b.get(url).status == 0);
    CHECK(b.get(url).status == 200);
    CHECK(b.aws.s3.log().all()[1].status == 0);
}

TEST_CASE("Resources are found by tag, as AWS matches them", "[fake_tagging]") {
    bench b;
    b.define("etl", R"([{"key": "PrefectFlowId", "value": "a"}, {"key": "PrefectFlowVersion", "value": "1"}])");
    b.define("etl", R"([{"key": "PrefectFlowId", "value": "a"}, {"key": "PrefectFlowVersion", "value": "2"}])");
    b.define("other", R"([{"key": "PrefectFlowId", "value": "b"}])");
    b.define("plain", "null");
    auto const arns = [&](json::value const& input) {
        std::vector<std::string> made;
        for (auto const& each : at(b.tagging(input), "ResourceTagMappingList"))
            made.push_back(detail_of(testing_support::text(each, "ResourceARN")));
        return made;
    };
    using names = std::vector<std::string>;
    CHECK(arns(document("{}")) == names{"etl:1", "etl:2", "other:1"});
    CHECK(arns(document(R"({"TagFilters": [{"Key": "PrefectFlowId", "Values": ["a"]}]})")) == names{"etl:1", "etl:2"});
    CHECK(arns(document(R"({"TagFilters": [{"Key": "PrefectFlowId", "Values": ["a", "b"]}]})")).size() == 3);
    CHECK(arns(document(R"({"TagFilters": [{"Key": "PrefectFlowVersion"}]})")).size() == 2);
    CHECK(arns(document(R"({"TagFilters": [{"Key": "PrefectFlowId", "Values": ["a"]},
                                           {"Key": "PrefectFlowVersion", "Values": ["2"]}],
                            "ResourceTypeFilters": ["ecs:task-definition"]})")) == names{"etl:2"});
    CHECK(arns(document(R"({"ResourceTypeFilters": ["s3"]})")).empty());
    CHECK(arns(document(R"({"ResourceARNList": ["arn:aws:ecs:us-east-1:123456789012:task-definition/other:1"]})")) ==
          names{"other:1"});
    b.ecs("DeregisterTaskDefinition", R"({"taskDefinition": "etl:1"})");
    CHECK(arns(document("{}")).size() == 3); // inactive ones are still returned
    auto const mapping = at(b.tagging(document("{}")), "ResourceTagMappingList")[2];
    CHECK(at(mapping, "Tags") == document(R"([{"Key": "PrefectFlowId", "Value": "b"}])"));
}

TEST_CASE("Resources come in pages, and a page's token lives fifteen minutes", "[fake_tagging]") {
    bench b;
    b.define("etl", R"([{"key": "k", "value": "v"}])", 5);
    std::vector<std::string> seen;
    std::string token;
    int pages = 0;
    b.aws.tagging.begin_with_empty_page(true);
    do {
        json::value input{{"ResourcesPerPage", 2}};
        if (!token.empty()) json::set(input, "PaginationToken", token);
        auto const page = b.tagging(input);
        REQUIRE(b.status == 200);
        for (auto const& each : at(page, "ResourceTagMappingList"))
            seen.push_back(testing_support::text(each, "ResourceARN"));
        token = testing_support::text(page, "PaginationToken");
        ++pages;
    } while (!token.empty());
    CHECK(pages == 4);
    CHECK(std::set<std::string>{seen.begin(), seen.end()}.size() == 5);

    auto const first = b.tagging(document(R"({"ResourcesPerPage": 2})"));
    json::value const next{{"PaginationToken", testing_support::text(first, "PaginationToken")}};
    b.clock.advance(15min - 1us);
    CHECK(at(b.tagging(next), "__type").is_null());
    b.clock.advance(1us);
    auto const late = b.tagging(next);
    CHECK(at(late, "__type") == "PaginationTokenExpiredException");
    CHECK_FALSE(testing_support::text(late, "Message").empty());
}

TEST_CASE("The tagging API is strict about its input", "[fake_tagging]") {
    bench b;
    for (auto const* body :
         {R"({"ResourcesPerPage": 0})", R"({"ResourcesPerPage": 101})", R"({"PaginationToken": "made up"})",
          R"({"TagFilters": [{"Key": ""}]})", R"({"ResourceARNList": ["a"], "ResourcesPerPage": 5})"}) {
        CAPTURE(body);
        CHECK(at(b.tagging(document(body)), "__type") == "InvalidParameterException");
    }
    for (auto const* body :
         {R"({"ResourcesPerPage": "5"})", R"({"TagFilters": {}})", R"({"TagFilters": [{"Values": []}]})",
          R"({"TagFilters": [{"Key": "k", "Values": "v"}]})", R"({"PaginationToken": 1})"}) {
        CAPTURE(body);
        CHECK(at(b.tagging(document(body)), "__type") == "SerializationException");
    }
    b.aws.tagging.faults().fail(0, testing::refused(400, "ThrottledException", "slow down"));
    CHECK(at(b.tagging(document("{}")), "Message") == "slow down");
}

TEST_CASE("Requests go to the service they name", "[fake_aws]") {
    bench b;
    b.define("etl", R"([{"key": "k", "value": "v"}])");
    b.tagging(document("{}"));
    b.get("https://x.s3.us-east-1.amazonaws.com/y");
    CHECK(b.aws.ecs.log().count() == 1);
    CHECK(b.aws.tagging.log().count() == 1);
    CHECK(b.aws.s3.log().count() == 1);
    b.aws.accept({"ASIA", "s", "t", std::nullopt});
    CHECK(b.aws.ecs.keys().keys().size() == 2);
    CHECK(b.aws.s3.keys().keys().size() == 2);
}

TEST_CASE("Many threads may call, look and change things at once", "[fake_aws]") {
    bench b;
    b.define("etl", R"([{"key": "k", "value": "v"}])");
    constexpr int workers = 4;
    constexpr int rounds = 25;
    std::atomic<int> answered{0};
    std::vector<std::thread> threads;
    for (int worker = 0; worker != workers; ++worker)
        threads.emplace_back([&, worker] {
            for (int round = 0; round != rounds; ++round) {
                // Every token is used by two threads: one task each.
                auto body = document(testing_support::task);
                json::set(body, "clientToken", "t" + std::to_string(worker / 2) + "-" + std::to_string(round));
                auto const call =
                    testing_support::json_call("AmazonEC2ContainerServiceV20141113.RunTask", json::write(body));
                auto const answer = b.aws.send(testing_support::sign(call, "ecs", b.clock.now()));
                if (answer && answer->status == 200) ++answered;
                b.aws.ecs.next_task(testing::exits_with(worker));
                (void)b.aws.ecs.tasks();
                (void)b.aws.ecs.log().count();
                b.aws.ecs.faults().fail("StopTask", 0, testing::dropped());
                b.aws.s3.put("here", std::to_string(worker), "v");
                (void)b.get("https://here.s3.us-east-1.amazonaws.com/0");
                (void)b.aws.send(testing_support::sign(
                    testing_support::json_call("ResourceGroupsTaggingAPI_20170126.GetResources", "{}"), "tagging",
                    b.clock.now()));
                b.clock.advance(1ms);
            }
        });
    for (auto& each : threads) each.join();
    CHECK(answered == workers * rounds);
    CHECK(b.aws.ecs.tasks_created() == workers / 2 * rounds);
    CHECK(b.aws.tagging.log().count() == workers * rounds);
}
