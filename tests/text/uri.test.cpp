#include <fargate/text/uri.hpp>

#include "support/catch.hpp"

#include <string>

using fargate::errc;
using fargate::text::host_field;
using fargate::text::split_url;
using namespace std::string_literals;

TEST_CASE("an address is taken apart where RFC 3986 says") {
    auto const url = split_url("https://ecs.us-east-1.amazonaws.com:8443/base/path?a=b?c/d&e");
    REQUIRE(url);
    CHECK(url->scheme == "https");
    CHECK(url->authority == "ecs.us-east-1.amazonaws.com:8443");
    CHECK(url->host == "ecs.us-east-1.amazonaws.com");
    CHECK(url->port == 8443);
    CHECK(url->path == "/base/path");
    CHECK(url->query == "a=b?c/d&e");
    CHECK(url->has_query);
}

TEST_CASE("what an address leaves out is empty, and the port is the scheme's") {
    auto const plain = split_url("HTTP://Host");
    REQUIRE(plain);
    CHECK(plain->scheme == "http");
    CHECK(plain->host == "Host");
    CHECK(plain->port == 80);
    CHECK(plain->path.empty());
    CHECK_FALSE(plain->has_query);
    auto const secure = split_url("https://host?q");
    REQUIRE(secure);
    CHECK(secure->port == 443);
    CHECK(secure->path.empty());
    CHECK(secure->query == "q");
    auto const bare = split_url("http://h/?");
    REQUIRE(bare);
    CHECK(bare->has_query);
    CHECK(bare->query.empty());
}

TEST_CASE("path and query stay as they are written") {
    auto const url = split_url("http://h//a/./..//b%2F%zz?x=%41&y=\xE1\x88\xB4");
    REQUIRE(url);
    CHECK(url->path == "//a/./..//b%2F%zz");
    CHECK(url->query == "x=%41&y=\xE1\x88\xB4");
}

TEST_CASE("IPv6 hosts stand in brackets") {
    auto const url = split_url("http://[fd00:ec2::23]/v1/credentials");
    REQUIRE(url);
    CHECK(url->host == "fd00:ec2::23");
    CHECK(url->authority == "[fd00:ec2::23]");
    CHECK(url->port == 80);
    CHECK(host_field(*url) == "[fd00:ec2::23]");
    auto const ported = split_url("https://[::1]:8443");
    REQUIRE(ported);
    CHECK(ported->host == "::1");
    CHECK(ported->port == 8443);
    CHECK(host_field(*ported) == "[::1]:8443");
}

TEST_CASE("the host field is lower case and names the port only when the scheme does not") {
    auto const field = [](char const* text) {
        auto const url = split_url(text);
        return url ? host_field(*url) : "refused"s;
    };
    CHECK(field("https://ECS.Example.com:443/") == "ecs.example.com");
    CHECK(field("https://ecs.example.com:80/") == "ecs.example.com:80");
    CHECK(field("http://localhost:80") == "localhost");
    CHECK(field("http://localhost:443") == "localhost:443");
    CHECK(field("http://my_service:4200/graphql") == "my_service:4200");
    CHECK(field("http://127.0.0.1:00080/") == "127.0.0.1");
}

TEST_CASE("addresses that could be read in two ways, or not at all, are refused and not quoted") {
    for (std::string const& each : {""s,
                                    "host"s,
                                    "//host"s,
                                    "ftp://host"s,
                                    "file:///etc/passwd"s,
                                    "https:/host"s,
                                    "://host"s,
                                    "https://"s,
                                    "https:///path"s,
                                    "https://?q"s,
                                    "https://user@host"s,
                                    "https://user:hunter2@host/"s,
                                    "https://h#f"s,
                                    "https://h/#"s,
                                    "https://h /"s,
                                    " https://h"s,
                                    "https://h/a b"s,
                                    "https://h/\r\nX: y"s,
                                    "https://h/\0"s,
                                    "https://h/\x7F"s,
                                    "https://h?a\tb"s,
                                    "https://h:"s,
                                    "https://h:0"s,
                                    "https://h:65536"s,
                                    "https://h:999999999999"s,
                                    "https://h:8a"s,
                                    "https://h:-1"s,
                                    "https://h:80:80"s,
                                    "https://[::1"s,
                                    "https://[::1]x"s,
                                    "https://[::1]80"s,
                                    "https://[]"s,
                                    "https://[localhost]"s,
                                    "https://[12]"s,
                                    "https://[fe80::1%25eth0]/"s,
                                    "https://::1/"s,
                                    "https://a\\b/"s,
                                    "https://h%41/"s,
                                    "https://h\xC3\xBC/"s,
                                    "https://a,b/"s,
                                    "https://<h>/"s}) {
        CAPTURE(each);
        auto const url = split_url(each);
        REQUIRE_FALSE(url);
        CHECK(url.error().code == errc::invalid_argument);
        CHECK(url.error().message.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("the largest port is one") {
    auto const url = split_url("https://h:65535");
    REQUIRE(url);
    CHECK(url->port == 65535);
}
