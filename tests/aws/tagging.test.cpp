#include <fargate/aws/tagging.hpp>

#include "aws/frozen_parts.hpp"
#include "support/catch.hpp"

#include <string>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
using fargate::errc;
using testing_support::frozen;

namespace {

struct scene {
    aws::parts<frozen> parts{};
    aws::tagging<frozen> tagging{parts, testing_support::in_ireland()};

    std::string token(std::size_t which) {
        auto const body = json::parse(parts.http.requests().at(which).body);
        return std::string{json::text_of(*body, "PaginationToken").value_or("none")};
    }
};

json::value question() {
    return *json::parse(R"({"ResourceTypeFilters":["ecs:task-definition"],"ResourcesPerPage":2})");
}

std::string page(std::string const& arns, std::string const& token) {
    return R"({"PaginationToken":")" + token + R"(","ResourceTagMappingList":[)" + arns + "]}";
}
std::string resource(std::string const& arn) {
    return R"({"ResourceARN":")" + arn + R"(","Tags":[{"Key":"k","Value":"v"}]})";
}

} // namespace

TEST_CASE("pages are asked for until the token is empty, empty pages included") {
    scene here;
    here.parts.http.reply(200, page(resource("a") + "," + resource("b"), "t1"));
    here.parts.http.reply(200, page("", "t2")).reply(200, page(resource("c"), ""));
    auto const found = here.tagging.all_resources(question());
    REQUIRE(found);
    REQUIRE(found->size() == 3);
    CHECK((*found)[2].arn == "c");
    CHECK((*found)[0].tags == std::vector<aws::tag>{{"k", "v"}});
    REQUIRE(here.parts.http.requests().size() == 3);
    CHECK(here.token(0) == "none");
    CHECK(here.token(1) == "t1");
    CHECK(here.token(2) == "t2");
    CHECK(here.parts.http.requests()[0].headers.value_of("X-Amz-Target") ==
          "ResourceGroupsTaggingAPI_20170126.GetResources");
}

TEST_CASE("a page alone is the caller's to continue; without a token it is the last") {
    scene here;
    here.parts.http.reply(200, page(resource("a"), "t1")).reply(200, "{}");
    auto const first = here.tagging.get_resources(question());
    REQUIRE(first);
    CHECK(first->token == "t1");
    CHECK(first->raw == page(resource("a"), "t1"));
    auto const empty = here.tagging.get_resources(question());
    REQUIRE(empty);
    CHECK(empty->token.empty());
    CHECK(empty->resources.empty());
}

TEST_CASE("a token that ran out starts the question again, once") {
    scene here;
    std::string const expired = R"({"__type":"PaginationTokenExpiredException","Message":"m"})";
    here.parts.http.reply(200, page(resource("a"), "t1")).reply(400, expired);
    here.parts.http.reply(200, page(resource("a"), "t2")).reply(200, page(resource("b"), ""));
    auto const found = here.tagging.all_resources(question());
    REQUIRE(found);
    CHECK(found->size() == 2);
    CHECK(here.token(2) == "none");

    here.parts.http.reply(200, page("", "t1")).reply(400, expired).reply(200, page("", "t2")).reply(400, expired);
    CHECK(here.tagging.all_resources(question()).error().service_code == "PaginationTokenExpiredException");
}

TEST_CASE("a service that never ends its pages is left after a thousand") {
    scene here;
    here.parts.http.otherwise([](auto const&) { return http::response{200, {}, page("", "again")}; });
    auto const found = here.tagging.all_resources(question());
    REQUIRE_FALSE(found);
    CHECK(found.error().code == errc::too_large);
    CHECK(here.parts.http.requests().size() == 1000);
}

TEST_CASE("a failing page fails the question") {
    scene here;
    here.parts.http.reply(200, page(resource("a"), "t1"))
        .reply(400, R"({"__type":"InvalidParameterException","Message":"m"})");
    auto const found = here.tagging.all_resources(question());
    REQUIRE_FALSE(found);
    CHECK(found.error().message == "tagging GetResources: InvalidParameterException: m");
}
