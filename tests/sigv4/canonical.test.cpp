#include <fargate/sigv4/canonical.hpp>

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace fargate::sigv4;

namespace {

std::string path_of(std::string_view path, settings const& how = {}) {
    std::string out;
    append_canonical_path(out, path, how);
    return out;
}

std::string query_of(std::string_view query) {
    std::string out;
    append_canonical_query(out, query);
    return out;
}

std::string names_of(std::vector<header_view> const& headers) {
    return std::string{canonical_headers{headers}.names()};
}

std::string lines_of(std::vector<header_view> const& headers, std::vector<header_view> const& added = {}) {
    std::string out;
    canonical_headers{headers, added}.append_lines(out);
    return out;
}

} // namespace

static_assert(never_signed("User-Agent") && never_signed("AUTHORIZATION") && never_signed("te"));
static_assert(!never_signed("host") && !never_signed("x-amz-date") && !never_signed("") &&
              !never_signed("user-agents"));

TEST_CASE("dots and doubled slashes are resolved, and nothing climbs above the root") {
    CHECK(normalized_path("") == "/");
    CHECK(normalized_path("/") == "/");
    CHECK(normalized_path("////") == "/");
    CHECK(normalized_path("/a") == "/a");
    CHECK(normalized_path("/a/") == "/a/");
    CHECK(normalized_path("/a//b///") == "/a/b/");
    CHECK(normalized_path("/./a/./b/.") == "/a/b");
    CHECK(normalized_path("/a/../b") == "/b");
    CHECK(normalized_path("/a/b/..") == "/a");
    CHECK(normalized_path("/a/b/../") == "/a/");
    CHECK(normalized_path("/a/..") == "/");
    CHECK(normalized_path("/../../..") == "/");
    CHECK(normalized_path("/../../a") == "/a");
    CHECK(normalized_path("/.../..a/.b") == "/.../..a/.b");
    CHECK(normalized_path("a/b") == "/a/b");
}

TEST_CASE("the path of the wire is encoded once more, but not for S3") {
    CHECK(path_of("/a%20b/%E1%88%B4") == "/a%2520b/%25E1%2588%25B4");
    CHECK(path_of("/a%20b//../c", s3) == "/a%20b//../c");
    CHECK(path_of("/a b/$@") == "/a%20b/%24%40");
    CHECK(path_of("", s3) == "/");
    CHECK(path_of("") == "/");
}

TEST_CASE("an endpoint's base path is signed like any other") {
    CHECK(path_of("/base/path") == "/base/path");
    CHECK(path_of("/base//path/./") == "/base/path/");
}

TEST_CASE("each rule of the path can be switched off alone") {
    settings normalized;
    normalized.double_encode = false;
    CHECK(path_of("/a%20b/../c%20d", normalized) == "/c%20d");
    settings encoded;
    encoded.normalize_path = false;
    CHECK(path_of("/a%20b/../c", encoded) == "/a%2520b/../c");
}

TEST_CASE("parameters are sorted as pairs after encoding") {
    CHECK(query_of("") == "");
    CHECK(query_of("b=2&a=1") == "a=1&b=2");
    // `=` sorts behind digits and `-`, but a name ends where its value begins.
    CHECK(query_of("a1=x&a=y&a-b=z") == "a=y&a-b=z&a1=x");
    CHECK(query_of("a=2&a=10&a=1&A=3") == "A=3&a=1&a=10&a=2");
    // Encoded text sorts, not raw text: `{` is 0x7B and its escape begins with `%`.
    CHECK(query_of("z=1&%7B=2&{a=3") == "%7B=2&%7Ba=3&z=1");
}

TEST_CASE("names and values have one spelling") {
    CHECK(query_of("lifecycle") == "lifecycle=");
    CHECK(query_of("a=b=c") == "a=b%3Dc");
    CHECK(query_of("%7e=%2d&%41=%c3%bc") == "A=%C3%BC&~=-");
    CHECK(query_of("a=x+y z") == "a=x%2By%20z");
    CHECK(query_of("a=100%&b=%zz") == "a=100%25&b=%25zz");
    CHECK(query_of("\xE1\x88\xB4=/") == "%E1%88%B4=%2F");
    CHECK(query_of("&&a&&=v&") == "=v&a=");
}

TEST_CASE("a query of nothing but separators is empty") { CHECK(query_of(std::string(1000, '&')) == ""); }

TEST_CASE("header names are sorted in lower case, a shorter one before what continues it") {
    std::vector<header_view> const headers{{"X-B", "1"}, {"x-a-b", "2"}, {"HOST", "h"}, {"X-A", "3"}, {"x_a", "4"}};
    CHECK(names_of(headers) == "host;x-a;x-a-b;x-b;x_a");
    CHECK(lines_of(headers) == "host:h\nx-a:3\nx-a-b:2\nx-b:1\nx_a:4\n");
}

TEST_CASE("headers of one name are joined in the order given, whatever their case and however many") {
    CHECK(lines_of({{"a", "2"}, {"b", "x"}, {"A", " 1 "}}, {{"a", "2"}}) == "a:2,1,2\nb:x\n");
    CHECK(names_of({{"a", "2"}, {"b", "x"}, {"A", "1"}}) == "a;b");
    std::vector<header_view> many;
    std::string values;
    std::string expected = "n:";
    for (char c = 'a'; c <= 'z'; ++c) values += c;
    for (std::size_t i = 0; i != values.size(); ++i) {
        many.push_back({i % 2 == 0 ? "N" : "n", std::string_view{values}.substr(i, 1)});
        expected += values[i];
        expected += i + 1 == values.size() ? '\n' : ',';
    }
    CHECK(lines_of(many) == expected);
}

TEST_CASE("white space is trimmed and folded, between quotes too, and folded lines are one") {
    CHECK(lines_of({{"h", "  a  b\t\tc  "}}) == "h:a b c\n");
    CHECK(lines_of({{"h", " \"a   b   c\""}}) == "h:\"a b c\"\n");
    CHECK(lines_of({{"h", "value1\n  value2\r\n\t value3"}}) == "h:value1 value2 value3\n");
    CHECK(lines_of({{"h", " \t "}}) == "h:\n");
    CHECK(lines_of({{"h", ""}, {"h", ""}}) == "h:,\n");
    CHECK(lines_of({{"h", "\xC2\xA0x\xC2\xA0"}}) == "h:\xC2\xA0x\xC2\xA0\n"); // a no-break space is none of ASCII's
}

TEST_CASE("headers that change on the way are left out in any case") {
    std::vector<header_view> headers{{"Host", "h"}};
    for (auto const* each :
         {"Connection", "EXPECT", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
          "Transfer-Encoding", "Upgrade", "User-Agent", "X-Amzn-Trace-Id", "Authorization"})
        headers.push_back({each, "v"});
    CHECK(names_of(headers) == "host");
    CHECK(lines_of(headers) == "host:h\n");
}

TEST_CASE("a canonical request is six parts with a blank line behind the headers") {
    std::vector<header_view> const headers{{"Host", "h"}, {"Range", "bytes=0-9"}};
    request_view request;
    request.method = "HEAD";
    request.path = "/a b";
    request.query = "y&x=1";
    CHECK(canonical_request(request, canonical_headers{headers}, {}, "HASH") ==
          "HEAD\n/a%20b\nx=1&y=\nhost:h\nrange:bytes=0-9\n\nhost;range\nHASH");
    CHECK(canonical_request({}, canonical_headers{{}}, {}, "") == "GET\n/\n\n\n\n");
}
