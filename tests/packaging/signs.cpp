// A program of somebody who signs requests and has OpenSSL alone: "GET iam" of the AWS General Reference.

#include <fargate/sigv4.hpp>

#include <cstdio>
#include <string>

int main() {
    using namespace fargate;
    using namespace std::chrono;
    sigv4::header_view const headers[] = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                                          {"Host", "iam.amazonaws.com"}};
    sigv4::request_view request;
    request.query = "Action=ListUsers&Version=2010-05-08";
    request.headers = headers;
    sigv4::key_view const key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    auto const made = sigv4::sign(request, key, {"us-east-1", "iam"}, sys_days{2015y / August / 30} + 12h + 36min);
    std::puts(made ? std::string{made->signature()}.c_str() : made.error().message.c_str());
    return made && made->signature() == "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7" ? 0 : 1;
}
