#include <fargate/agent.hpp>

#include <cstdio>

int main() {
    fargate::service::signals signals; // SIGINT and SIGTERM end it gracefully
    fargate::agent<> agent{{.region_name = "us-east-1", .kwargs = {{"cpu", "256"}, {"memory", "512"}}}};
    auto const ended = agent.start(signals.token());
    if (!ended) std::fprintf(stderr, "%s\n", ended.error().message.c_str());
    return ended ? 0 : 1;
}
