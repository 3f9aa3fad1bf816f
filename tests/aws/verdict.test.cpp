#include <fargate/aws/verdict.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>
#include <string_view>

namespace aws = fargate::aws;
namespace json = fargate::json;
using fargate::errc;
using fargate::retry::verdict;

namespace {

verdict judge(std::string_view service, int status, std::string code, std::string message = "m") {
    fargate::error why = fargate::fail(errc::service_error, std::move(message));
    why.http_status = status;
    why.service_code = std::move(code);
    return aws::judge(service, why);
}

verdict judge(errc code) { return aws::judge("ECS", fargate::fail(code, "m")); }

} // namespace

TEST_CASE("the published throttling codes are throttling, whatever the status") {
    auto const published = testing_support::load("retry-cases.json");
    int count = 0;
    for (auto const& each : *json::array_of(published, "throttling_codes")) {
        std::string const code{json::as_text(each).value_or("")};
        INFO(code);
        for (int const status : {400, 429, 503}) CHECK(judge("S3", status, code) == verdict::throttled);
        // contract §4.2 (a): in ECS this one is a quota, and asking again does not raise it.
        CHECK(judge("ECS", 400, code) == (code == "LimitExceededException" ? verdict::refused : verdict::throttled));
        ++count;
    }
    CHECK(count == 14);
}

TEST_CASE("the published transient codes and statuses are transient") {
    auto const published = testing_support::load("retry-cases.json");
    for (auto const& each : *json::array_of(published, "transient_codes"))
        CHECK(judge("ECS", 400, std::string{json::as_text(each).value_or("")}) == verdict::transient);
    for (int status = 300; status != 600; ++status) {
        INFO(status);
        bool published_so = false;
        for (auto const& each : *json::array_of(published, "transient_status")) published_so |= each == status;
        // contract §4.2 (d): a bare 429 is throttling.
        auto const expected = published_so ? verdict::transient : status == 429 ? verdict::throttled : verdict::refused;
        CHECK(judge("ECS", status, "SomeException") == expected);
        CHECK(judge("ECS", status, std::to_string(status)) == expected);
    }
}

TEST_CASE("ECS throttles that hide behind other codes are found by their message") {
    CHECK(judge("ECS", 400, "ClientException",
                "ClientException: Too many concurrent attempts to create a new revision of the specified family.") ==
          verdict::throttled);
    CHECK(judge("ECS", 400, "InvalidParameterException",
                "InvalidParameterException: Error retrieving subnet: Rate exceeded (ErrorCode: Throttling)") ==
          verdict::throttled);
    CHECK(judge("ECS", 400, "ClientException", "ClientException: the quota of tasks in PROVISIONING is reached") ==
          verdict::throttled);
    CHECK(judge("ECS", 400, "ClientException", "ClientException: something else") == verdict::refused);
    CHECK(judge("ECS", 400, "AccessDeniedException", "AccessDeniedException: Rate exceeded") == verdict::refused);
    CHECK(judge("S3", 400, "ClientException", "ClientException: Rate exceeded") == verdict::refused);
}

TEST_CASE("lost answers are repeated; refused certificates, long answers, cancelled and wrong calls are not") {
    CHECK(judge(errc::timed_out) == verdict::transient);
    CHECK(judge(errc::connection_failed) == verdict::transient);
    CHECK(judge(errc::malformed_response) == verdict::transient);
    for (errc const code : {errc::untrusted_peer, errc::too_large, errc::cancelled, errc::invalid_argument,
                            errc::bad_configuration, errc::not_configured, errc::internal})
        CHECK(judge(code) == verdict::refused);
}

TEST_CASE("codes that speak of expired keys and wrong clocks are known") {
    for (char const* const code : {"ExpiredToken", "ExpiredTokenException", "InvalidToken", "InvalidClientTokenId",
                                   "UnrecognizedClientException"})
        CHECK(aws::is_expired_key(code));
    CHECK_FALSE(aws::is_expired_key("AccessDeniedException"));
    CHECK_FALSE(aws::is_expired_key("InvalidSignatureException"));
    CHECK(aws::is_refused_key(400, "UnrecognizedClientException"));
    CHECK(aws::is_refused_key(401, "whatever"));
    CHECK_FALSE(aws::is_refused_key(403, "AccessDeniedException"));
    CHECK(aws::doubt_of("RequestTimeTooSkewed") == aws::clock_doubt::definite);
    CHECK(aws::doubt_of("InvalidSignatureException") == aws::clock_doubt::possible);
    CHECK(aws::doubt_of("AccessDenied") == aws::clock_doubt::none);
}
