#include <fargate/aws/failure.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>

namespace aws = fargate::aws;
namespace http = fargate::http;
namespace json = fargate::json;
using fargate::errc;
using testing_support::text;

namespace {

http::response response_of(json::value const& recorded, char const* status) {
    http::response made;
    made.status = static_cast<int>(json::integer_of(recorded, status).value_or(0));
    if (auto const* const headers = json::object_of(recorded, "headers"))
        for (auto const& [name, value] : headers->items())
            made.headers.add(name, std::string{json::as_text(value).value_or("")});
    made.body = text(recorded, "body");
    return made;
}

aws::protocol protocol_of(json::value const& recorded) {
    return text(recorded, "protocol").find("xml") != std::string::npos ? aws::protocol::xml : aws::protocol::json;
}

/// A message that is itself a document is compared as one: how it is spaced is not the service's wording.
std::string unspaced(std::string const& message) {
    auto const document = json::parse(message);
    return document && document->is_object() ? json::write(*document) : message;
}

} // namespace

TEST_CASE("recorded error answers are read as wanted") {
    auto const recorded = testing_support::load("error-cases.json");
    int count = 0;
    for (auto const& each : *json::array_of(recorded, "cases")) {
        INFO(text(each, "name"));
        auto const& want = *json::object_of(each, "want");
        auto const said = aws::read_failure(protocol_of(each), response_of(each, "status"));
        CHECK(said.status == json::integer_of(each, "status"));
        CHECK(said.code == text(want, "code"));
        CHECK(unspaced(said.message) == unspaced(text(want, "message")));
        CHECK(said.request_id == text(want, "request_id"));
        CHECK(said.host_id == text(want, "host_id"));
        CHECK(said.redirect_region == text(want, "redirect_region"));
        std::vector<std::string> ids;
        if (auto const* const list = json::array_of(want, "resourceIds"))
            for (auto const& id : *list) ids.emplace_back(json::as_text(id).value_or(""));
        CHECK(said.resources == ids);
        if (auto const* const extra = json::object_of(want, "extra"))
            for (auto const& [name, value] : extra->items()) {
                INFO(name);
                REQUIRE(json::member(said.members, name) != nullptr);
                CHECK(*json::member(said.members, name) == value);
            }
        ++count;
    }
    CHECK(count == 36);
}

TEST_CASE("Smithy's own error tests are read as wanted") {
    auto const recorded = testing_support::load("error-cases.json");
    int count = 0;
    for (auto const& each : *json::array_of(recorded, "smithy_official")) {
        INFO(text(each, "id"));
        auto const response = response_of(*json::object_of(each, "response"), "status_code");
        auto const said = aws::read_failure(protocol_of(each), response);
        CHECK(said.code == text(each, "errorCode"));
        // A null message means that the modelled error has no such member, not that the answer has none.
        if (auto const message = json::text_of(each, "errorMessage")) CHECK(said.message == *message);
        for (auto const& [name, value] : json::object_of(each, "error")->items()) {
            INFO(name);
            // Two members come by another way: the message above, and "Header", which the model binds to a field.
            if (name == "Message" || name == "Header") continue;
            REQUIRE(json::member(said.members, name) != nullptr);
            CHECK(*json::member(said.members, name) == value);
        }
        ++count;
    }
    CHECK(count == 14);
}

TEST_CASE("hostile error bodies end in bounded, one-line errors") {
    aws::call what;
    what.operation = "RunTask";
    auto const message_of = [&what](std::string body) {
        http::response answer;
        answer.status = 400;
        answer.body = std::move(body);
        auto const why = aws::error_of(aws::read_json_failure(answer), what);
        CHECK(why.code == errc::service_error);
        CHECK(why.message.size() < 700);
        CHECK(why.message.find_first_of("\r\n\0") == std::string::npos);
        return why.message;
    };
    CHECK(message_of(std::string(1'000'000, 'x')).starts_with("HTTP 400: xxx"));
    CHECK(message_of("{\"__type\":\"A\",\"message\":\"one\\r\\ntwo\"}") == "A: one  two");
    CHECK(message_of("{\"__type\":\"" + std::string(100'000, 'A') + "\"}").size() == 128);
    CHECK(message_of(std::string(100'000, '[')).starts_with("HTTP 400: [["));
    std::string const umlauts = [] {
        std::string text;
        for (int i = 0; i != 5000; ++i) text += "\xC3\xBC";
        return text;
    }();
    CHECK(message_of("{\"__type\":\"A\",\"message\":\"" + umlauts + "\"}").size() == 3 + 512);
    CHECK(message_of("{\"__type\":\"A\",\"message\":\"b" + umlauts + "\"}").size() == 3 + 511); // no half character
    CHECK(message_of("{\"__type\":5,\"code\":{},\"message\":[1]}") == "HTTP 400: [1]");
    CHECK(message_of("\xFF\xFE") == "HTTP 400: ??");
    CHECK(message_of("{\"__type\":\"#:\",\"message\":\"m\"}") == "HTTP 400: m");
}

TEST_CASE("an error says which key was refused, which object is missing and where a bucket is") {
    aws::call what;
    what.operation = "GetObject";
    what.speaks = aws::protocol::xml;
    what.where.region = "us-east-1";
    http::response answer;
    answer.status = 403;
    answer.body = "<Error><Code>InvalidAccessKeyId</Code><Message>No such key id.</Message></Error>";
    CHECK(aws::error_of(aws::read_xml_failure(answer), what).code == errc::unauthorized);
    answer.body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    CHECK(aws::error_of(aws::read_xml_failure(answer), what).code == errc::service_error);
    answer.status = 404;
    answer.body = "";
    auto const missing = aws::error_of(aws::read_xml_failure(answer), what);
    CHECK(missing.code == errc::not_found);
    CHECK(missing.message == "HTTP 404: Not Found");
    answer.status = 301;
    answer.headers.add("x-amz-bucket-region", "eu-west-1");
    auto const elsewhere = aws::error_of(aws::read_xml_failure(answer), what);
    CHECK(elsewhere.code == errc::service_error);
    CHECK(elsewhere.message == "HTTP 301: Moved Permanently; the bucket is in region eu-west-1");
    for (int const status : {404, 500, 503}) { // not for being elsewhere
        answer.status = status;
        CHECK(aws::error_of(aws::read_xml_failure(answer), what).message.find("region") == std::string::npos);
    }
    answer.status = 301;
    what.where.region = "eu-west-1";
    CHECK(aws::error_of(aws::read_xml_failure(answer), what).message == "HTTP 301: Moved Permanently");
}
