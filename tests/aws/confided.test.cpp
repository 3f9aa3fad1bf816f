#include <fargate/aws/confided.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace fargate;

namespace {

constexpr std::string_view token = "IQoJb3JpZ2luX2VjEDEaCXVzLWVhc3QtMSJHMEUCIQDexampleexample";
constexpr std::string_view signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
std::string const authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request, "
                                  "SignedHeaders=content-type;host;x-amz-date, Signature=" +
                                  std::string{signature};

aws::confided confided(std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY") {
    http::fields sent;
    sent.add("Authorization", authorization);
    return {{"AKIDEXAMPLE", secret{secret_key}, secret{token}}, sent};
}

std::string told(aws::confided const& by, std::string words) {
    auto why = fail(errc::service_error, std::move(words));
    by.withhold(why);
    return why.message;
}

} // namespace

TEST_CASE("neither the key's secrets nor the field that signs are told, whole or in part") {
    auto const by = confided();
    CHECK(told(by, "key wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY, token " + std::string{token}) ==
          "key ***, token ***");
    CHECK(told(by, "signature " + std::string{signature.substr(10, 20)}) == "signature ***");
    CHECK(told(by, "you sent " + authorization) == "you sent ******");
    CHECK(told(by, "you sent " + authorization.substr(0, 60) + "...") == "you sent ***...");
    CHECK(told(by, "you sent " + authorization.substr(30, 60) + "...") == "you sent ***...");
}

TEST_CASE("words that every such field has are told") {
    for (std::string const words :
         {"Authorization header requires 'SignedHeaders' parameter, and 'Signature' of AWS4-HMAC-SHA256",
          "Credential should be scoped to correct service: 'ecs'", "/20150830/us-east-1/ecs/aws4",
          "no key AKIDEXAMPLE"})
        CHECK(told(confided(), words) == words);
}

TEST_CASE("texts too short to be a secret are let be") {
    CHECK(told(confided("key"), "no such key") == "no such key");
    std::vector<secret> const more{secret{"short"}, secret{}, secret{"pcu_token"}};
    CHECK(told(confided().with(more), "a short pcu_token") == "a short ***");
}

TEST_CASE("a failure is masked in all that an error is made of, and where it was cut") {
    aws::service_failure said;
    said.code = said.request_id = said.host_id = said.redirect_region = token;
    said.message = std::string(aws::detail::longest_message - 6, 'x') + std::string{token.substr(0, 6)};
    said.resources = {std::string{token}, "arn"};
    confided().withhold(said);
    for (auto const& each : {said.code, said.request_id, said.host_id, said.redirect_region, said.resources[0]})
        CHECK(each == "***");
    CHECK(said.resources[1] == "arn");
    CHECK(said.message == std::string(aws::detail::longest_message - 6, 'x') + "***");
    // What was not cut ends as it does.
    said.message = "code " + std::string{token.substr(0, 6)};
    confided().withhold(said);
    CHECK(said.message == "code " + std::string{token.substr(0, 6)});
}
