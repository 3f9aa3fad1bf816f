#include <fargate/sigv4/check.hpp>

#include "support/catch.hpp"

#include <functional>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::string_literals;

namespace {

/// Arguments that are fine; a test spoils one.
struct arguments {
    std::vector<sigv4::header_view> headers{{"Host", "example.amazonaws.com"}, {"X-Amz-Target", "Service.Operation"}};
    sigv4::request_view request{};
    sigv4::key_view key{"AKIDEXAMPLE", "hunter2", "", 1};
    sigv4::scope where{"us-east-1", "ecs"};
    text::instant when{};
    sigv4::settings how{};

    /// Empty when they may be signed, else why not.
    [[nodiscard]] std::string refusal() {
        request.headers = headers;
        auto const fine = sigv4::check(request, key, where, when, how);
        if (fine) return "";
        CHECK(fine.error().code == errc::invalid_argument);
        CHECK_FALSE(fine.error().message.empty());
        CHECK_FALSE(fine.error().retryable);
        return fine.error().message;
    }
};

std::string refusal(std::function<void(arguments&)> const& spoil) {
    arguments given;
    spoil(given);
    return given.refusal();
}

} // namespace

TEST_CASE("a plain request may be signed") {
    CHECK(refusal([](arguments&) {}).empty());
    CHECK(refusal([](arguments& a) { a.request.path = ""; }).empty());
    CHECK(refusal([](arguments& a) {
              a.request.path = "/a%0Ab//../\xE1\x88\xB4 x";
              a.request.query = "a=/?%00&b";
          }).empty());
    CHECK(refusal([](arguments& a) { a.key.session_token = "AQoDYXdzEPT//+=="; }).empty());
    CHECK(refusal([](arguments& a) { a.key.access_key_id = "tenant$user/1"; }).empty());
}

TEST_CASE("what the signer adds must not be there already") {
    for (auto const* each : {"Authorization", "X-Amz-Date", "x-amz-security-token", "X-AMZ-CONTENT-SHA256"}) {
        CAPTURE(each);
        CHECK(refusal([&](arguments& a) {
                  a.headers.push_back({each, "SENSITIVE"});
              }).find(text::lower(each) + " already") != std::string::npos);
    }
    for (auto const* each : {"X-Amz-Signature=1", "a=b&X-Amz-Credential=x", "x-amz-date", "X-Amz-Algorithm=&b",
                             "&X-Amz-Expires=5", "X%2DAmz-SignedHeaders=host", "X-Amz-Security-%54oken=t"}) {
        CAPTURE(each);
        CHECK(refusal([&](arguments& a) { a.request.query = each; }).find("signed already") != std::string::npos);
    }
    for (auto const* each : {"X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", "x-amz-checksum-mode=ENABLED", "a=X-Amz-Date"}) {
        CAPTURE(each);
        CHECK(refusal([&](arguments& a) { a.request.query = each; }).empty());
    }
}

TEST_CASE("no control byte but a TAB goes into a header") {
    for (int byte = 0; byte != 256; ++byte) {
        std::string const value = "before"s + static_cast<char>(byte) + "SENSITIVE";
        std::string const why = refusal([&](arguments& a) { a.headers.push_back({"My-Header", value}); });
        CAPTURE(byte, why);
        bool const refused = (byte < 0x20 && byte != '\t') || byte == 0x7F;
        CHECK(why.empty() == !refused);
        if (refused) CHECK(why.find("My-Header") != std::string::npos);
        CHECK(why.find("SENSITIVE") == std::string::npos);
        CHECK(why.find('\n') == std::string::npos);
    }
    CHECK_FALSE(refusal([](arguments& a) { a.headers.push_back({"X", "\r\nAuthorization: forged"}); }).empty());
    CHECK_FALSE(refusal([](arguments& a) { a.headers[0].value = "example.com\r\nX: y"; }).empty());
}

TEST_CASE("a header name is a token") {
    for (std::string const& each : {""s, " "s, "a b"s, "a:"s, "a\r\nb"s, "a\0b"s, "a\t"s, "\xC3\xBC"s, "a(b)"s, "a,b"s,
                                    "\"a\""s, "a/b"s, "a;b"s, "a\x7F"s}) {
        CAPTURE(each);
        std::string const why = refusal([&](arguments& a) { a.headers.push_back({each, "v"}); });
        CHECK(why.find("name") != std::string::npos);
        CHECK(why.find('\n') == std::string::npos);
    }
    CHECK(refusal([](arguments& a) { a.headers.push_back({"!#$%&'*+-.^_`|~09azAZ", "v"}); }).empty());
}

TEST_CASE("there is one host") {
    CHECK_FALSE(refusal([](arguments& a) { a.headers.erase(a.headers.begin()); }).empty());
    CHECK_FALSE(refusal([](arguments& a) { a.headers.clear(); }).empty());
    CHECK_FALSE(refusal([](arguments& a) { a.headers.push_back({"HOST", "other"}); }).empty());
    CHECK_FALSE(refusal([](arguments& a) { a.headers[0].value = " \t"; }).empty());
    CHECK_FALSE(refusal([](arguments& a) { a.headers.push_back({"host", ""}); }).empty());
}

TEST_CASE("key and scope are complete, and fit into one header") {
    auto const spoilt = [](auto member, std::string_view text) {
        return !refusal([&](arguments& a) { member(a) = text; }).empty();
    };
    auto const id = [](arguments & a) -> auto& { return a.key.access_key_id; };
    auto const secret = [](arguments & a) -> auto& { return a.key.secret_access_key; };
    auto const token = [](arguments & a) -> auto& { return a.key.session_token; };
    auto const region = [](arguments & a) -> auto& { return a.where.region; };
    auto const service = [](arguments & a) -> auto& { return a.where.service; };
    CHECK(spoilt(id, ""));
    CHECK(spoilt(secret, ""));
    CHECK(spoilt(region, ""));
    CHECK(spoilt(service, ""));
    for (std::string const& each : {"a b"s, "a\n"s, "\0"s, "a\x7F"s, "\xC3\xBC"s}) {
        CAPTURE(each);
        CHECK(spoilt(id, each));
        CHECK(spoilt(token, each));
        CHECK(spoilt(region, each));
        CHECK(spoilt(service, each));
    }
    for (std::string_view const each : {"a/b", "a,b"}) {
        CHECK(spoilt(region, each));
        CHECK(spoilt(service, each));
    }
    CHECK(spoilt(id, "a,b"));
}

TEST_CASE("no refusal tells a secret") {
    for (auto const& spoil : std::vector<std::function<void(arguments&)>>{
             [](arguments& a) { a.key.session_token = "hunter2 hunter2"; },
             [](arguments& a) { a.key.access_key_id = "hunter2 "; },
             [](arguments& a) { a.request.path = "/hunter2\n"; },
             [](arguments& a) { a.request.query = "X-Amz-Signature=hunter2"; },
             [](arguments& a) {
                 a.headers.push_back({"a", "hunter2\n"});
             },
             [](arguments& a) {
                 a.headers.push_back({"hunter2 ", "a"});
             },
             [](arguments& a) { a.how.payload_hash = "hunter2"; },
         }) {
        std::string const why = refusal(spoil);
        CHECK_FALSE(why.empty());
        CHECK(why.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("method, path and query fit into a request line") {
    for (std::string const& each : {""s, "get"s, "GET "s, "GET\r\n"s, "G\0T"s, "GET /"s}) {
        CAPTURE(each);
        CHECK(refusal([&](arguments& a) { a.request.method = each; }).find("method") != std::string::npos);
    }
    for (std::string const& each : {"a"s, "?"s, "/a?b"s, "/a#b"s, "/a\r\nb"s, "/\0"s, "/\x7F"s, "http://h/"s}) {
        CAPTURE(each);
        CHECK(refusal([&](arguments& a) { a.request.path = each; }).find("path") != std::string::npos);
    }
    for (std::string const& each : {"a#b"s, "a\nb"s, "a=\0"s}) {
        CAPTURE(each);
        CHECK(refusal([&](arguments& a) { a.request.query = each; }).find("query") != std::string::npos);
    }
}

TEST_CASE("a time that no timestamp can write is no time to sign") {
    CHECK_FALSE(refusal([](arguments& a) { a.when = text::instant::max(); }).empty());
    CHECK_FALSE(refusal([](arguments& a) { a.when = text::instant::min(); }).empty());
    CHECK(refusal([](arguments& a) { a.when = text::latest_written; }).empty());
}

TEST_CASE("a given payload hash is a hash or says that there is none") {
    auto const why = [](std::string const& hash) { return refusal([&](arguments& a) { a.how.payload_hash = hash; }); };
    CHECK(why("UNSIGNED-PAYLOAD").empty());
    CHECK(why(std::string(64, 'a')).empty());
    CHECK_FALSE(why(std::string(63, 'a')).empty());
    CHECK_FALSE(why(std::string(64, 'A')).empty());
    CHECK_FALSE(why(std::string(64, 'g')).empty());
    CHECK_FALSE(why("unsigned-payload").empty());
    CHECK_FALSE(why(std::string(63, 'a') + "\n").empty());
}
