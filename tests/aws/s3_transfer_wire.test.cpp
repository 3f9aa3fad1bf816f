#include <fargate/aws/s3_transfer.hpp>

#include "aws/frozen_parts.hpp"
#include "http/direct.hpp"
#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <fargate/aws/s3.hpp>
#include <fargate/http/curl.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace aws = fargate::aws;
using fargate::errc;
using testing_support::loopback;

namespace {

struct direct_http : fargate::curl_http {
    direct_http() : curl_http{direct()} {}
};

struct wire : testing_support::frozen {
    using http = direct_http;
};

aws::client_options at(loopback const& server) {
    auto made = testing_support::in_ireland();
    made.endpoint_url = server.url();
    return made;
}

struct bucket final : fargate::http::body_sink {
    bool begin(fargate::http::response const&) override { return true; }
    bool take(std::string_view bytes) override {
        body += bytes;
        return true;
    }
    std::string body{};
};

std::string const large = [] {
    std::string made;
    for (unsigned i = 0; made.size() != 300'000; ++i) made += static_cast<char>('a' + i % 23);
    return made;
}();

/// The first byte that a request asks for.
std::size_t start_of(std::string const& request) {
    auto const range = request.find("Range: bytes=");
    return range == std::string::npos ? 0 : std::stoul(request.substr(range + 13));
}

} // namespace

TEST_CASE("a large object comes whole over connections that break in every way") {
    enum class how { close, reset, silence, chunk };
    auto const breaks = GENERATE(how::close, how::reset, how::silence, how::chunk);
    bool const streamed = GENERATE(false, true);
    loopback server{[breaks](loopback::peer& peer) {
        auto const request = peer.request();
        if (!request) return;
        auto const from = start_of(*request);
        bool const last = peer.number() == 2;
        std::string head = from == 0 ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 206 Partial Content\r\n";
        if (from != 0)
            head += "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(large.size() - 1) + "/" +
                    std::to_string(large.size()) + "\r\n";
        head += "ETag: \"e\"\r\n";
        auto const rest = large.substr(from);
        auto const part = last ? rest : rest.substr(0, 90'000);
        if (breaks == how::chunk) {
            char size[32];
            std::snprintf(size, sizeof size, "%zx\r\n", part.size());
            peer.send(head + "Transfer-Encoding: chunked\r\n\r\n" + size + part + "\r\n" + (last ? "0\r\n\r\n" : ""));
        } else {
            peer.send(head + "Content-Length: " + std::to_string(rest.size()) + "\r\n\r\n" + part);
        }
        if (last) return;
        if (breaks == how::silence) peer.stall();
        if (breaks == how::reset) peer.reset();
    }};
    aws::parts<wire> parts;
    auto options = at(server);
    options.limits.idle = std::chrono::milliseconds{breaks == how::silence ? 200 : 20'000};
    options.limits.body = streamed ? 10 : large.size();
    aws::s3<wire> s3{parts, options};
    bucket into;
    auto const got = streamed ? s3.get_object({.bucket = "bucket", .key = "k"}, into)
                              : s3.get_object({.bucket = "bucket", .key = "k"});
    UNSCOPED_INFO((got ? "" : got.error().message));
    REQUIRE(got);
    CHECK((streamed ? into.body : got->body) == large);
    auto const requests = server.requests();
    CHECK(requests.size() == 3);
    for (std::size_t i = 1; i != requests.size(); ++i) {
        // A reset may take bytes with it that were under way, all of them too.
        bool const gone_on = start_of(requests[i]) != 0;
        CHECK((gone_on || breaks == how::reset));
        CHECK((requests[i].find("If-Match: \"e\"\r\n") != std::string::npos) == gone_on);
    }
}
