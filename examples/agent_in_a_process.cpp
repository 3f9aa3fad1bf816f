// The product description's first Python example ("In a Python process"), in C++.

#include <fargate/agent.hpp>

#include <cstdio>

int main() {
    fargate::service::signals signals;
    fargate::agent<> agent{{
        .aws_access_key_id = "MY_ACCESS",
        .aws_secret_access_key = "MY_SECRET",
        .aws_session_token = "MY_SESSION",
        .region_name = "us-east-1",
    }};
    auto const ended = agent.start(signals.token());
    if (!ended) std::fprintf(stderr, "%s\n", ended.error().message.c_str());
    return ended ? 0 : 1;
}
