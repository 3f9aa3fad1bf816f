// A program that signs one request and does nothing else.

#include <fargate/sigv4.hpp>

#include <chrono>
#include <cstdio>
#include <string>

int main(int count, char* words[]) {
    if (count != 4) return 2;
    std::string const host = words[3];
    fargate::sigv4::header_view const headers[] = {{"Host", host}};
    fargate::sigv4::request_view request;
    request.headers = headers;
    fargate::sigv4::key_view const key{words[1], words[2]};
    auto const now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    auto const made = fargate::sigv4::sign(request, key, {.region = "eu-west-1", .service = "ecs"}, now);
    if (!made) return std::puts(made.error().message.c_str()), 1;
    for (auto const& [name, value] : *made)
        std::printf("%.*s: %.*s\n", static_cast<int>(name.size()), name.data(), static_cast<int>(value.size()),
                    value.data());
    return 0;
}
