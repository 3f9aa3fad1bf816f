#include <fargate/testing/signature_check.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace fargate;
using kind = testing::signature_defect::kind;

namespace {

constexpr time_point frozen{std::chrono::seconds{1'704'164'645}}; // 20240102T030405Z

struct recorded {
    std::string name;
    http::request request;
    testing::signature_rules rules;
};

/// Every signed request of the recording, with the rules of its service.
std::vector<recorded> recordings() {
    std::vector<recorded> made;
    auto const file = testing_support::load("botocore-requests.json");
    for (auto const& each : *json::array_of(file, "cases")) {
        auto const* const sent = json::object_of(each, "request");
        if (sent == nullptr) continue;
        recorded one;
        one.name = testing_support::text(each, "name");
        one.request.method = testing_support::text(*sent, "method");
        one.request.url = testing_support::text(*sent, "url");
        one.request.body = testing_support::text(*sent, "body");
        auto const& headers = *json::object_of(*sent, "headers")->get_ptr<json::value::object_t const*>();
        for (auto const& [name, value] : headers) one.request.headers.add(name, std::string{*json::as_text(value)});
        if (!one.request.headers.find("authorization")) continue;
        auto const service = testing_support::text(each, "service");
        one.rules.service = service == "resourcegroupstaggingapi" ? "tagging" : service;
        one.rules.s3 = service == "s3";
        made.push_back(std::move(one));
    }
    return made;
}

testing::signature_check check_with_token() {
    testing::signature_check check;
    auto key = testing::example_key();
    for (auto const* token : {"TOKEN/+=", "TOKEN", "token"}) {
        key.token = token;
        check.accept(key);
    }
    return check;
}

std::optional<kind> defect_of(testing::signature_check const& check, http::request const& request,
                              testing::signature_rules const& rules, time_point now = frozen) {
    auto const found = check.inspect(request, rules, now);
    return found ? std::optional{found->what} : std::nullopt;
}

recorded first_of(std::string const& name) {
    for (auto& each : recordings())
        if (each.name == name) return each;
    return {};
}

} // namespace

TEST_CASE("Every request that botocore signed is accepted at the moment it was signed", "[signature_check]") {
    auto const all = recordings();
    CHECK(all.size() >= 60);
    auto const check = check_with_token();
    for (auto const& each : all) {
        INFO(each.name);
        auto const found = check.inspect(each.request, each.rules, frozen);
        CHECK((found ? found->message : std::string{}) == "");
    }
}

TEST_CASE("A recorded request is refused when one byte of it is another", "[signature_check]") {
    auto const check = check_with_token();
    for (auto const& each : recordings()) {
        INFO(each.name);
        if (!each.request.body.empty()) {
            auto changed = each.request;
            changed.body.back() = changed.body.back() == ' ' ? '}' : ' ';
            CHECK(defect_of(check, changed, each.rules) == kind::mismatch);
        }
        {
            auto changed = each.request;
            changed.url += changed.url.find('?') == std::string::npos ? "x" : "%20";
            CHECK(defect_of(check, changed, each.rules) == kind::mismatch);
        }
        {
            auto changed = each.request;
            auto value = std::string{changed.headers.value_of("authorization")};
            value.back() = value.back() == '0' ? '1' : '0';
            changed.headers.set("Authorization", value);
            CHECK(defect_of(check, changed, each.rules) == kind::mismatch);
        }
        {
            auto changed = each.request;
            changed.method = changed.method == "GET" ? "HEAD" : "GET";
            CHECK(defect_of(check, changed, each.rules) == kind::mismatch);
        }
        if (each.request.headers.find("x-amz-target")) {
            auto changed = each.request;
            changed.headers.set("X-Amz-Target", std::string{changed.headers.value_of("x-amz-target")} + "s");
            CHECK(defect_of(check, changed, each.rules) == kind::mismatch);
        }
        {
            auto changed = each.request;
            changed.headers.add("Host", "elsewhere.example");
            CHECK(defect_of(check, changed, each.rules) == kind::mismatch);
        }
    }
}

TEST_CASE("A signature is good for five minutes on either side of the service's clock", "[signature_check]") {
    using std::chrono::seconds;
    auto const call = first_of("run_task");
    testing::signature_check const check;
    CHECK(defect_of(check, call.request, call.rules, frozen + seconds{300}) == std::nullopt);
    CHECK(defect_of(check, call.request, call.rules, frozen - seconds{300}) == std::nullopt);
    auto const late = check.inspect(call.request, call.rules, frozen + seconds{3600});
    REQUIRE(late);
    CHECK(late->what == kind::too_old);
    CHECK(late->message ==
          "Signature expired: 20240102T030405Z is now earlier than 20240102T035905Z (20240102T040405Z - 5 "
          "min.)");
    auto const early = check.inspect(call.request, call.rules, frozen - seconds{301});
    REQUIRE(early);
    CHECK(early->what == kind::too_early);
    CHECK(early->message == "Signature not yet current: 20240102T030405Z is still later than 20240102T030404Z "
                            "(20240102T025904Z + 5 min.)");
}

TEST_CASE("Each thing that can be wrong with a signature has its own name", "[signature_check]") {
    auto const call = first_of("run_task");
    testing::signature_check check;
    auto const changed = [&](auto&& change) {
        auto request = call.request;
        change(request);
        return defect_of(check, request, call.rules);
    };
    auto const authorization = std::string{call.request.headers.value_of("authorization")};
    auto const with = [&](std::string const& part, std::string const& other) {
        auto value = authorization;
        value.replace(value.find(part), part.size(), other);
        return [value](http::request& request) { request.headers.set("Authorization", value); };
    };

    CHECK(changed([](http::request& r) { r.headers.erase("Authorization"); }) == kind::absent);
    CHECK(changed([](http::request& r) { r.headers.set("Authorization", "Bearer abc"); }) == kind::incomplete);
    CHECK(changed(with("SignedHeaders=", "Signed=")) == kind::incomplete);
    CHECK(changed(with("aws4_request", "aws5_request")) == kind::incomplete);
    CHECK(changed(with("content-type;host;", "content-type;")) == kind::incomplete);
    CHECK(changed([](http::request& r) { r.headers.erase("X-Amz-Date"); }) == kind::incomplete);
    CHECK(changed([](http::request& r) { r.headers.set("X-Amz-Date", "20240102T0304"); }) == kind::incomplete);
    CHECK(changed([](http::request& r) { r.headers.add("X-Amz-Extra", "1"); }) == kind::incomplete);
    CHECK(changed(with("AKIDEXAMPLE", "AKIDSOMEONE")) == kind::unknown_key);
    CHECK(changed(with("/us-east-1/ecs/", "/us-east-1/s3/")) == kind::wrong_scope);
    CHECK(changed(with("/20240102/", "/20240103/")) == kind::wrong_scope);
    CHECK(changed(with("/us-east-1/", "/us-east-2/")) == kind::mismatch);

    auto rules = call.rules;
    rules.region = "eu-west-1";
    CHECK(defect_of(check, call.request, rules) == kind::wrong_scope);
    rules.region = "us-east-1";
    CHECK(defect_of(check, call.request, rules) == std::nullopt);

    auto wrong_secret = testing::example_key();
    wrong_secret.secret_key += "x";
    check.accept_only({wrong_secret});
    CHECK(defect_of(check, call.request, call.rules) == kind::mismatch);
}

TEST_CASE("A temporary key needs its own token, and ends", "[signature_check]") {
    auto const call = first_of("register_task_definition+token");
    testing::signature_check check;
    CHECK(defect_of(check, call.request, call.rules) == kind::wrong_token);
    auto key = testing::example_key();
    key.token = "TOKEN/+=";
    key.expires = frozen;
    check.accept_only({key});
    CHECK(defect_of(check, call.request, call.rules) == kind::expired_token);
    key.expires = frozen + std::chrono::seconds{1};
    check.accept(key);
    CHECK(check.keys().size() == 1);
    CHECK(defect_of(check, call.request, call.rules) == std::nullopt);

    auto untokened = call.request;
    untokened.headers.erase("X-Amz-Security-Token");
    CHECK(defect_of(check, untokened, call.rules) == kind::wrong_token);
}

TEST_CASE("S3 wants the body's hash in a header, and compares it", "[signature_check]") {
    auto const call = first_of("get_object key \"a.json\"");
    REQUIRE(call.rules.s3);
    testing::signature_check const check;
    auto changed = call.request;
    changed.headers.erase("X-Amz-Content-SHA256");
    CHECK(defect_of(check, changed, call.rules) == kind::wrong_hash);
    changed = call.request;
    changed.body = "not empty";
    CHECK(defect_of(check, changed, call.rules) == kind::wrong_hash);
    changed.headers.set("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD");
    CHECK(defect_of(check, changed, call.rules) == kind::mismatch);
}

TEST_CASE("A refused signature quotes what was expected, as AWS does, the session token included",
          "[signature_check]") {
    auto call = first_of("register_task_definition+token");
    auto const check = check_with_token();
    call.request.body += " ";
    auto const found = check.inspect(call.request, call.rules, frozen);
    REQUIRE(found);
    CHECK(found->message.find("The Canonical String for this request should have been") != std::string::npos);
    CHECK(found->message.find("x-amz-security-token:TOKEN/+=") != std::string::npos);
    call.rules.tell_canonical = false;
    CHECK(check.inspect(call.request, call.rules, frozen)->message.find("TOKEN/+=") == std::string::npos);
}
