// A program of somebody who uses the whole library: it must compile, link and run, and needs no network to do so.

#include <fargate/agent.hpp>

#include <cstdio>

int main() {
    fargate::aws::parts<fargate::default_policies> parts;
    fargate::http::request request;
    request.url = "nowhere";
    auto const answer = parts.http.send(request);
    std::printf("fargate %s: %s\n", FARGATE_VERSION_STRING, answer ? "answered" : answer.error().message.c_str());
    return !answer && answer.error().code == fargate::errc::invalid_argument ? 0 : 1;
}
