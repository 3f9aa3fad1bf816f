// A program that signs and makes one call, RunTask, with a key that it is given: as little as such a program can be.

#include <fargate/aws/ecs.hpp>
#include <fargate/aws/parts.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/crypto/openssl.hpp>
#include <fargate/http/curl.hpp>
#include <fargate/retry/standard.hpp>
#include <fargate/system/clock.hpp>
#include <fargate/system/environment.hpp>

#include <cstdio>

namespace {

struct few_parts {
    using http = fargate::curl_http;
    using credentials = fargate::credentials::fixed;
    using clock = fargate::system_clock;
    using environment = fargate::process_environment;
    using retry = fargate::retry::standard;
    using hash = fargate::crypto::openssl_hash;
};

} // namespace

int main(int count, char* words[]) {
    if (count != 3) return 2;
    fargate::aws::parts<few_parts> parts{.credentials = {words[1], words[2]}};
    fargate::aws::ecs<few_parts> ecs{parts, {.region = "eu-west-1"}};
    auto const answer = ecs.run_task({{"cluster", "jobs"}, {"taskDefinition", "nightly"}, {"launchType", "FARGATE"}});
    if (!answer) return std::puts(answer.error().message.c_str()), 1;
    for (auto const& task : answer->tasks) std::puts(task.arn.c_str());
    return 0;
}
