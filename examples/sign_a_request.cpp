// Signs the two requests that AWS's own documentation signs, and checks that the signatures are the published ones.
// Needs fargate/sigv4.hpp and OpenSSL's libcrypto, nothing else:
//
//     c++ -std=c++20 -I include examples/sign_a_request.cpp -lcrypto -o sign_a_request && ./sign_a_request

#include <fargate/sigv4.hpp>

#include <chrono>
#include <cstdio>

namespace sigv4 = fargate::sigv4;
using namespace std::chrono_literals;

namespace {

void print(std::string_view name, std::string_view value) {
    std::printf("%.*s: %.*s\n", static_cast<int>(name.size()), name.data(), static_cast<int>(value.size()),
                value.data());
}

/// A request whose signature goes into its headers (AWS General Reference, "Create a signed AWS API request").
bool list_users() {
    sigv4::header_view const headers[] = {
        {"Host", "iam.amazonaws.com"},
        {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
    };
    sigv4::request_view request;
    request.query = "Action=ListUsers&Version=2010-05-08";
    request.headers = headers;
    sigv4::key_view const key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};

    auto const moment = std::chrono::sys_days{2015y / 8 / 30} + 12h + 36min; // the documentation's; yours is now
    auto const made = sigv4::sign(request, key, {.region = "us-east-1", .service = "iam"}, moment);
    if (!made) {
        print("refused", made.error().message);
        return false;
    }
    std::puts("GET /?Action=ListUsers&Version=2010-05-08");
    for (auto const& [name, value] : headers) print(name, value);
    for (auto const& [name, value] : *made) print(name, value);
    return made->signature() == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
}

/// An address that whoever holds it can fetch for a day (S3 API Reference, "Authenticating requests: query parameters").
bool presigned_object() {
    sigv4::header_view const headers[] = {{"Host", "examplebucket.s3.amazonaws.com"}};
    sigv4::request_view request;
    request.path = "/test.txt";
    request.headers = headers;
    sigv4::key_view const key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

    auto const moment = std::chrono::sys_days{2013y / 5 / 24};
    auto const query = sigv4::presign(request, key, {.region = "us-east-1", .service = "s3"}, moment, 24h, sigv4::s3);
    if (!query) {
        print("refused", query.error().message);
        return false;
    }
    std::printf("\nhttps://examplebucket.s3.amazonaws.com/test.txt?%s\n", query->c_str());
    return query->ends_with("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

} // namespace

int main() {
    bool const first = list_users();
    bool const published = presigned_object() && first;
    std::puts(published ? "\nBoth signatures are the published ones." : "\nThat is not what AWS published.");
    return published ? 0 : 1;
}
