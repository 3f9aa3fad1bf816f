#include <fargate/deploy/launch_advice.hpp>

#include "deploy/scripted_ecs.hpp"
#include "support/catch.hpp"

#include <fargate/deploy/launcher.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace aws = fargate::aws;
using fargate::errc;
using fargate::error;
using fargate::deploy::advise_before_launch;
using fargate::deploy::advise_launch;
using fargate::deploy::launch_advice;

namespace {

/// Advice as one word or three: `again, passing, 120 s, subnet-1`.
std::string shown(launch_advice const& advice) {
    using kind = launch_advice::kind;
    std::string line = advice.what == kind::fail     ? "fail"
                       : advice.what == kind::resend ? "resend"
                       : advice.what == kind::again  ? "again"
                                                     : "next";
    if (advice.passing) line += ", passing";
    auto const limit = std::chrono::duration_cast<std::chrono::seconds>(advice.limit).count();
    if (limit != 0) line += ", " + std::to_string(limit) + " s";
    if (!advice.subnet.empty()) line += ", " + advice.subnet;
    return line;
}

/// An error of the service as `aws::ecs` tells it.
error refused(int status, std::string const& code, std::string const& message,
              std::string const& operation = "RunTask") {
    error made = fargate::fail(errc::service_error, "ecs " + operation + ": " + code + ": " + message);
    made.http_status = status;
    made.service_code = code;
    return made;
}

/// One without an answer, or with an answer that says nothing.
error lost(errc code, std::string const& message = "no answer", std::string const& operation = "RunTask") {
    return fargate::fail(code, "ecs " + operation + ": " + message);
}

/// What the launcher makes of a 200 that holds failures alone.
error failures(std::vector<aws::failure> all) { return fargate::deploy::detail::nothing_started(all); }

} // namespace

TEST_CASE("a refusal of RunTask is waited for when it passes, and fails the run when it does not",
          "[deploy][launch_advice]") {
    struct row {
        int status;
        char const* code;
        char const* message;
        char const* advice;
    };
    auto const each = GENERATE(values<row>({
        // throttles by their code
        {400, "ThrottlingException", "Rate exceeded", "again, passing"},
        {400, "Throttling", "Rate exceeded", "again, passing"},
        {400, "RequestLimitExceeded", "Request limit exceeded.", "again, passing"},
        {429, "TooManyRequestsException", "slow down", "again, passing"},
        {429, "429", "Too Many Requests", "again, passing"},
        // and in the text of other codes (A3)
        {400, "InvalidParameterException",
         "Error retrieving subnet information for [subnet-0a1b2c3d]: Request limit exceeded. (ErrorCode: "
         "RequestLimitExceeded)",
         "again, passing"},
        {400, "InvalidParameterException",
         "Error retrieving security group information for [sg-1]: Rate exceeded (ErrorCode: Throttling)",
         "again, passing"},
        {400, "InvalidParameterException", "An error occurred (ThrottlingException) when calling DescribeSubnets",
         "again, passing"},
        {400, "ClientException", "Rate exceeded", "again, passing"},
        {400, "UnsupportedFeatureException", "ErrorCode: Throttling", "again, passing"},
        // quotas (A13)
        {400, "ClientException", "You've reached the limit on the number of vCPUs you can run concurrently",
         "again, passing"},
        {400, "InvalidParameterException", "You've reached the limit on the number of tasks you can run concurrently",
         "again, passing"},
        {400, "LimitExceededException", "You've reached the limit on the number of tasks you can run concurrently",
         "again, passing"},
        {400, "ClientException", "The cluster has reached its quota of tasks in the PROVISIONING state",
         "again, passing"},
        {400, "ClientException", "NetworkInterfaceLimitExceeded", "again, passing"},
        // capacity and addresses (A2, A12)
        {400, "ClientException", "Capacity is unavailable at this time. Please try again later", "again, passing"},
        {400, "InvalidParameterException",
         "InsufficientFreeAddressesInSubnet: subnet-0a1b2c3d4e5f60718 does not have enough free addresses",
         "again, passing, subnet-0a1b2c3d4e5f60718"},
        {400, "InvalidParameterException",
         "The specified subnet 'subnet-0a1b2c3d' does not have enough free addresses to satisfy the request.",
         "again, passing, subnet-0a1b2c3d"},
        {400, "InvalidParameterException", "InsufficientFreeAddressesInSubnet", "again, passing"},
        // IAM has not told everybody of the role yet
        {400, "ClientException",
         "ECS was unable to assume the role 'arn:aws:iam::1:role/task' that was provided for this task.",
         "again, passing, 120 s"},
        {400, "InvalidParameterException",
         "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
         "again, passing, 120 s"},
        {400, "InvalidParameterException", "Create the ECS service-linked role first", "again, passing, 120 s"},
        // the clock, and what stands before AWS
        {400, "RequestExpired", "Request has expired", "again, passing"},
        {403, "RequestTimeTooSkewed", "The difference is too large", "again, passing"},
        {407, "407", "Proxy Authentication Required", "again, passing"},
        {404, "404", "Not Found", "again, passing"},
        {302, "302", "Found", "again, passing"},
        // nobody knows
        {500, "ServerException", "Service Unavailable. Please try again later.", "resend, passing"},
        {500, "500", "Internal Server Error", "resend, passing"},
        {501, "501", "Not Implemented", "resend, passing"},
        {502, "502", "Bad Gateway", "resend, passing"},
        {503, "503", "Service Unavailable", "resend, passing"},
        {504, "504", "Gateway Timeout", "resend, passing"},
        {500, "AccessDeniedException", "odd", "resend, passing"},
        {408, "408", "Request Timeout", "resend, passing"},
        {400, "RequestTimeoutException", "timed out", "resend, passing"},
        // a token that was used up by another body
        {400, "ConflictException", "The client token was used with different parameters", "next, passing"},
        // for a person to mend
        {400, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ecs:RunTask",
         "fail"},
        {400, "AccessDeniedException", "not authorized to perform: iam:PassRole on resource: service-linked role",
         "fail"},
        {403, "AccessDenied", "Rate exceeded", "fail"},
        {400, "ClusterNotFoundException", "Cluster not found.", "fail"},
        {400, "ClientException", "TaskDefinition not found.", "fail"},
        {400, "ClientException", "TaskDefinition is inactive", "fail"},
        {400, "InvalidParameterException", "TaskDefinition is inactive", "fail"},
        {400, "InvalidParameterException", "Container Overrides length must be at most 8192", "fail"},
        {400, "ClientException", "No Fargate configuration exists for given values: 1024 CPU, 1024 memory.", "fail"},
        {400, "InvalidParameterException", "Invalid 'cpu' setting for task.", "fail"},
        {400, "InvalidParameterException", "Override for container named x is not a container in the TaskDefinition.",
         "fail"},
        {400, "InvalidParameterException", "The subnet ID 'subnet-0a1b2c3d' does not exist", "fail"},
        {400, "InvalidParameterException", "Specifying both a launch type and capacity provider strategy", "fail"},
        {400, "PlatformUnknownException", "The specified platform version doesn't exist.", "fail"},
        {400, "UnsupportedFeatureException", "not here", "fail"},
        {400, "BlockedException", "Your AWS account is currently blocked.", "fail"},
    }));
    INFO(each.status << " " << each.code << ": " << each.message);
    CHECK(shown(advise_launch(refused(each.status, each.code, each.message))) == each.advice);
}

TEST_CASE("failures alone are the next attempt's matter: shortages until the deadline, others a few times",
          "[deploy][launch_advice]") {
    struct row {
        char const* reason;
        char const* detail;
        char const* advice;
    };
    auto const each = GENERATE(values<row>({
        {"RESOURCE:MEMORY", "", "next, passing"},
        {"RESOURCE:CPU", "", "next, passing"},
        {"RESOURCE:ENI", "", "next, passing"},
        {"RESOURCE:PORTS", "", "next, passing"},
        {"AGENT", "", "next, passing"},
        {"Capacity is unavailable at this time. Please try again later or in a different availability zone", "",
         "next, passing"},
        {"You've reached the limit on the number of vCPUs you can run concurrently", "", "next, passing"},
        {"You've reached the limit on the number of tasks you can run concurrently", "", "next, passing"},
        {"Rate exceeded", "", "next, passing"},
        {"ENI", "Rate exceeded (ErrorCode: Throttling)", "next, passing"},
        {"InsufficientFreeAddressesInSubnet", "subnet-0123456789abcdef0", "next, passing, subnet-0123456789abcdef0"},
        {"InsufficientFreeAddressesInSubnet", "subnet-", "next, passing"},
        {"ECS was unable to assume the role", "", "next, passing, 120 s"},
        {"MISSING", "", "next"},
        {"INACTIVE", "", "next"},
        {"LOCATION", "", "next"},
        {"ATTRIBUTE", "", "next"},
        {"AGENTS", "", "next"},
        {"", "", "next"},
        {"something new", "subnet-0123456789abcdef0", "next"},
    }));
    INFO(each.reason << ": " << each.detail);
    CHECK(shown(advise_launch(failures({{"", each.reason, each.detail}}))) == each.advice);
}

TEST_CASE("without an answer that can be read nobody knows, and without a key nothing was sent",
          "[deploy][launch_advice]") {
    for (auto const code : {errc::timed_out, errc::connection_failed, errc::cancelled, errc::malformed_response,
                            errc::too_large, errc::internal})
        CHECK(shown(advise_launch(lost(code))) == "resend, passing");
    for (auto const code : {errc::timed_out, errc::connection_failed, errc::unauthorized, errc::not_configured,
                            errc::malformed_response, errc::service_error, errc::bad_configuration, errc::not_found}) {
        CHECK(shown(advise_launch(lost(code, "no credentials: container: HTTP 500"))) == "again, passing");
        // the attempt before had one, and nobody knows what became of it
        CHECK(shown(advise_launch(lost(code, "no credentials: HTTP 500 (before that: no answer)"))) ==
              "resend, passing");
    }
    auto const not_assumed = refused(403, "AccessDenied", "not authorized to perform: sts:AssumeRole");
    auto keyless = not_assumed;
    keyless.message = "ecs RunTask: no credentials: sts AssumeRole: AccessDenied";
    CHECK(shown(advise_launch(keyless)) == "again, passing");
    CHECK(shown(advise_launch(not_assumed)) == "fail");
    CHECK(shown(advise_launch(lost(errc::unauthorized))) == "again, passing");
    CHECK(shown(advise_launch(lost(errc::not_configured))) == "again, passing");
    CHECK(shown(advise_launch(lost(errc::untrusted_peer))) == "again, passing");
    for (auto const code : {errc::invalid_argument, errc::bad_configuration, errc::not_found, errc::lost_claim})
        CHECK(shown(advise_launch(lost(code))) == "fail");

    // the launcher's own words have no client's name in front
    CHECK(shown(advise_launch(fargate::fail(errc::malformed_response, "RunTask answered neither with a task nor with a "
                                                                      "failure"))) == "resend, passing");
    CHECK(shown(advise_launch(fargate::fail(errc::cancelled, "stopped"))) == "resend, passing");
    CHECK(shown(advise_launch(fargate::fail(errc::service_error, "another launcher's"))) == "fail");
    auto conflict = refused(400, "ConflictException", "used");
    conflict.resources = {"arn:task"};
    CHECK(shown(advise_launch(conflict)) == "resend, passing"); // there is a task: nothing may fail the run
}

TEST_CASE("before RunTask nothing can have been launched, so nothing is sent again blindly",
          "[deploy][launch_advice]") {
    for (std::string const operation : {"RegisterTaskDefinition", "DescribeTaskDefinition"}) {
        INFO(operation);
        for (auto const code :
             {errc::timed_out, errc::connection_failed, errc::cancelled, errc::malformed_response, errc::too_large,
              errc::internal, errc::unauthorized, errc::not_configured, errc::untrusted_peer})
            CHECK(shown(advise_launch(lost(code, "no answer", operation))) == "again, passing");
        CHECK(shown(advise_launch(refused(500, "ServerException", "x", operation))) == "again, passing");
        CHECK(shown(advise_launch(refused(503, "503", "x", operation))) == "again, passing");
        CHECK(shown(advise_launch(refused(400, "ThrottlingException", "Rate exceeded", operation))) ==
              "again, passing");
        CHECK(shown(advise_launch(refused(400, "ConflictException", "x", operation))) == "again, passing");
        CHECK(shown(advise_launch(refused(400, "AccessDeniedException", "x", operation))) == "fail");
        CHECK(shown(advise_launch(refused(400, "ClientException", "Invalid family", operation))) == "fail");
        CHECK(shown(advise_launch(lost(errc::invalid_argument, "no object", operation))) == "fail");
    }
    CHECK(shown(advise_launch(refused(400, "ClientException",
                                      "Too many concurrent attempts to create a new revision of the specified family.",
                                      "RegisterTaskDefinition"))) == "again, passing");
    CHECK(shown(advise_launch(refused(400, "ClientException", "Unable to assume the service linked role.",
                                      "RegisterTaskDefinition"))) == "again, passing, 120 s");
    CHECK(shown(advise_launch(fargate::fail(errc::timed_out, "tagging GetResources: no answer"))) == "again, passing");

    CHECK(shown(advise_before_launch(fargate::fail(
              errc::timed_out, "external kwargs s3://b/k: s3 GetObject: no answer"))) == "again, passing");
    CHECK(shown(advise_before_launch(fargate::fail(errc::invalid_argument, "the flow names no image"))) == "fail");
    CHECK(shown(advise_before_launch(
              fargate::fail(errc::bad_configuration, "s3 GetObject: no credentials: profile"))) == "again, passing");
}

TEST_CASE("what the launcher answers when a call before RunTask fails is advised as such", "[deploy][launch_advice]") {
    using namespace testing_support;
    fargate::testing::captured_log log;
    fargate::testing::manual_clock clock;
    fargate::deploy::launch_plan plan;
    plan.family = "fam";
    plan.definition = *fargate::json::parse(R"({"family": "fam", "containerDefinitions": [{"image": "i"}]})");
    plan.task = *fargate::json::parse(R"({"taskDefinition": "fam"})");
    auto const advised = [&](scripted_ecs& ecs) {
        fargate::deploy::ecs_launcher launcher{ecs, ecs, log, clock};
        auto const made = launcher.launch(plan);
        REQUIRE_FALSE(made);
        CHECK(ecs.calls().find("run") == std::string::npos);
        return shown(advise_launch(made.error()));
    };
    {
        scripted_ecs ecs;
        ecs.describes = {lost(errc::timed_out, "no answer", "DescribeTaskDefinition")};
        CHECK(advised(ecs) == "again, passing");
    }
    {
        scripted_ecs ecs; // the definition may be there now, but looking fails too: the first word counts
        ecs.describes = {missing(), lost(errc::connection_failed, "reset", "DescribeTaskDefinition")};
        ecs.registers = {refused(500, "ServerException", "x", "RegisterTaskDefinition")};
        CHECK(advised(ecs) == "again, passing");
    }
    {
        scripted_ecs ecs;
        auto throttle = refused(400, "ClientException",
                                "Too many concurrent attempts to create a new revision of the specified family.",
                                "RegisterTaskDefinition");
        throttle.retryable = true;
        ecs.describes = {missing(), missing()};
        ecs.registers = {throttle};
        CHECK(advised(ecs) == "again, passing");
    }
    {
        scripted_ecs ecs;
        ecs.describes = {refused(400, "AccessDeniedException", "ecs:DescribeTaskDefinition", "DescribeTaskDefinition")};
        CHECK(advised(ecs) == "fail");
    }
}

TEST_CASE("a subnet's id is found wherever it stands", "[deploy][launch_advice]") {
    using fargate::deploy::detail::subnet_in;
    CHECK(subnet_in("subnet-0a1b2c3d") == "subnet-0a1b2c3d");
    CHECK(subnet_in("in [subnet-0a1b2c3d4e5f60718], ") == "subnet-0a1b2c3d4e5f60718");
    CHECK(subnet_in("subnet-x subnet-0a1b2c3d.") == "subnet-0a1b2c3d");
    CHECK(subnet_in("subnet-") == "");
    CHECK(subnet_in("the subnet") == "");
    CHECK(subnet_in("") == "");
}
