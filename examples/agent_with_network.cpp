// The product description's "Configuration Examples: Python Script", in C++.

#include <fargate/agent.hpp>

#include <cstdio>

int main() {
    fargate::service::signals signals;
    fargate::agent<> agent{{
        .aws_access_key_id = "MY_ACCESS",
        .aws_secret_access_key = "MY_SECRET",
        .region_name = "us-east-1",
        .kwargs = {{"cpu", "256"},
                   {"memory", "512"},
                   {"networkConfiguration",
                    {{"awsvpcConfiguration",
                      {{"assignPublicIp", "ENABLED"},
                       {"subnets", {"my_subnet_id"}},
                       {"securityGroups", fargate::json::value::array()}}}}}},
    }};
    auto const ended = agent.start(signals.token());
    if (!ended) std::fprintf(stderr, "%s\n", ended.error().message.c_str());
    return ended ? 0 : 1;
}
