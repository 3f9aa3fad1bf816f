#include <fargate/http/curl.hpp>

#include "scenarios/hostile_world.hpp"
#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <fargate/credentials/container.hpp>
#include <fargate/credentials/instance.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/map_environment.hpp>
#include <fargate/text/utf8.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using fargate::errc;
using testing_support::answer;
using testing_support::caller;
using testing_support::gate;
using testing_support::loopback;

namespace {

std::string const ok = "HTTP/1.1 200 OK\r\n";
std::string const no_tasks = R"({"taskArns": []})";
constexpr std::size_t megabyte = 1024 * 1024;

/// Limits that a test can wait for. What the kernel holds between two sockets comes on top of `body`.
fargate::http::limits tight() {
    fargate::http::limits made;
    made.idle = 2s;
    made.total = 50ms;
    made.body = megabyte;
    return made;
}

/// No deadline that could come before what else is wrong.
fargate::http::limits patient() {
    fargate::http::limits made;
    made.body = megabyte;
    return made;
}

/// The code's name. Whatever a server said, its message is one line of text without a secret.
std::string ended(fargate::error const& why) {
    UNSCOPED_INFO(why.message);
    for (auto const& text : {why.message, why.service_code, why.request_id}) {
        CHECK(text.size() < 2048);
        CHECK(fargate::text::is_utf8(text));
        CHECK(std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    }
    CHECK(why.message.find(caller::token) == std::string::npos);
    CHECK(why.message.find("AWS4-HMAC") == std::string::npos);
    return std::string{name_of(why.code)};
}

struct outcome {
    std::string ecs{};
    std::string s3{};
    friend bool operator==(outcome const&, outcome const&) = default;
    friend std::ostream& operator<<(std::ostream& to, outcome const& it) { return to << it.ecs << " and " << it.s3; }
};

/// How ListTasks and GetObject end at such a server; `200` is an answer.
outcome calls(loopback const& server, fargate::http::limits limits) {
    caller one{server.url(""), limits};
    auto const tasks = one.list_tasks();
    auto const object = one.get_object();
    return {tasks ? "200" : ended(tasks.error()), object ? "200" : ended(object.error())};
}

outcome both(std::string const& code) { return {code, code}; }

/// A server that answers any request with these bytes and closes.
loopback::script says(std::string bytes) {
    return [bytes = std::move(bytes)](loopback::peer& peer) {
        if (peer.request()) peer.send(bytes);
    };
}

/// The same, but the connection stays open.
loopback::script says_and_stays(std::string bytes) {
    return [bytes = std::move(bytes)](loopback::peer& peer) {
        if (peer.request() && peer.send(bytes)) peer.stall();
    };
}

/// A byte at a time of `more`, again and again, behind `begin`.
loopback::script drips(std::string begin, std::string more) {
    return [begin = std::move(begin), more = std::move(more)](loopback::peer& peer) {
        if (!peer.request() || !peer.send(begin)) return;
        for (std::size_t at = 0; peer.send(more.substr(at % more.size(), 1)); ++at) peer.pause(1);
    };
}

/// `more`, for as long as anybody takes it; says how much that was.
loopback::script pours(std::string begin, std::string more, std::atomic<std::size_t>& sent) {
    return [begin = std::move(begin), more = std::move(more), &sent](loopback::peer& peer) {
        if (!peer.request() || !peer.send(begin)) return;
        while (peer.send(more)) sent += more.size();
    };
}

std::string deep(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string deep_objects(std::size_t depth) {
    std::string made;
    for (std::size_t i = 0; i != depth; ++i) made += R"({"a":)";
    return made + "1" + std::string(depth, '}');
}

std::string chunked(std::string_view body) {
    std::string made = "Transfer-Encoding: chunked\r\n\r\n";
    for (; !body.empty(); body.remove_prefix(std::min<std::size_t>(body.size(), 5)))
        made +=
            std::to_string(std::min<std::size_t>(body.size(), 5)) + "\r\n" + std::string{body.substr(0, 5)} + "\r\n";
    return made + "0\r\nX-Trailer: t\r\n\r\n";
}

} // namespace

TEST_CASE("an answer that comes a byte at a time ends with the deadline, be it in the head or in the body") {
    auto const [begin, more] = GENERATE(table<std::string, std::string>({
        {"", "HTTP/1.1 200 OK and so on and on and on and on and on and on and on and on and on and on and on"},
        {ok, "X-Field: value\r\n"},
        {"", "HTTP/1.1 100 Continue\r\n\r\n"},
        {ok + "Content-Length: 100000\r\n\r\n", " "},
        {ok + "\r\n", " "},
        {ok + "Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
        {ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-Trailer: t\r\n"},
    }));
    CAPTURE(begin, more);
    loopback const server{drips(begin, more)};
    CHECK(calls(server, tight()) == both("timed_out"));
    server.wait_for_closed(6); // three attempts each
    CHECK(server.connections() == 6);
}

TEST_CASE("an answer that never ends is given up at its limit, once, and not asked for again") {
    std::string const kilobyte(1024, ' ');
    auto const [begin, more] = GENERATE_COPY(table<std::string, std::string>({
        {ok + "\r\n", kilobyte},
        {ok + "Content-Length: 9223372036854775807\r\n\r\n", kilobyte},
        {ok + "Transfer-Encoding: chunked\r\n\r\n", "400\r\n" + kilobyte + "\r\n"},
        {"HTTP/1.1 400 Bad\r\n\r\n", kilobyte},
        {ok, "X-Field: " + kilobyte + "\r\n"},
        {ok + "X-Field: ", kilobyte},
        {"", "HTTP/1.1 100 Continue\r\n\r\n"},
        {"", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"},
        {ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X-Trailer: t\r\n"},
    }));
    CAPTURE(begin, more.substr(0, 40));
    std::atomic<std::size_t> sent = 0;
    std::size_t connections = 0;
    {
        loopback const server{pours(begin, more, sent)};
        CHECK(calls(server, patient()) == both("too_large"));
        connections = server.connections();
    }
    CHECK(connections == 2);
    CHECK(sent < 2 * (megabyte + 16 * megabyte));
}

TEST_CASE("an answer of which next to nothing counts ends with the deadline") {
    std::atomic<std::size_t> sent = 0;
    auto const padding = "1;" + std::string(60'000, 'x') + "\r\n \r\n";
    loopback const server{pours(ok + "Transfer-Encoding: chunked\r\n\r\n", padding, sent)};
    CHECK(calls(server, tight()) == both("timed_out"));
    server.wait_for_closed(6);
    CHECK(server.connections() == 6);
}

TEST_CASE("a head of ten thousand fields is given up") {
    std::string head = ok;
    for (int i = 0; i != 10'000; ++i) head += "X-" + std::to_string(i) + ": v\r\n";
    loopback const server{says(head + "Content-Length: 16\r\n\r\n" + no_tasks)};
    CHECK(calls(server, patient()) == both("too_large"));
    CHECK(server.connections() == 2);
}

TEST_CASE("what is not HTTP is called so") {
    std::string const nul{"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n", 47};
    std::string const nul_in_a_name{"HTTP/1.1 200 OK\r\nX\0A: b\r\nContent-Length: 0\r\n\r\n", 46};
    auto const length = [](std::string const& digits) {
        return ok + "Content-Length: " + digits + "\r\n\r\n" + no_tasks;
    };
    auto const chunks = [](std::string const& body) { return ok + "Transfer-Encoding: chunked\r\n\r\n" + body; };
    auto const bytes = GENERATE_COPY(values<std::string>({
        nul,
        nul_in_a_name,
        "\xFF\xFE\xFD\r\n\r\n",
        "HTTP/1.1 \xFF\xFE\xFD\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 -200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\n\r\n",
        "HTTP/4.7 200 OK\r\n\r\n",
        "HTTP 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        no_tasks,
        ok + ": no name\r\n\r\n",
        ok + "No colon\r\n\r\n",
        ok + "Blank : before the colon\r\n\r\n",
        ok + " folded: into nothing\r\n\r\n",
        ok + "X-A: \x1B[2J\r\n\r\n",
        ok + "X-A: a\rX-B: b\r\n\r\n",
        length("-1"),
        length("+16"),
        length("0x10"),
        length("16 16"),
        length("16, 16"),
        length(""),
        length("16\r\nContent-Length: 15"),
        length("16\r\nContent-Length: 99999999999999999999999"),
        chunks("what is this\r\n"),
        chunks("-5\r\nhello\r\n0\r\n\r\n"),
        chunks("\r\n\r\n"),
        chunks("5\r\nhello, world\r\n0\r\n\r\n"),
        chunks("FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
        chunks("\xFF\xFE\r\n"),
    }));
    CAPTURE(bytes);
    loopback const server{says(bytes)};
    CHECK(calls(server, patient()) == both("malformed_response"));
    CHECK(server.connections() == 6); // a new one for each attempt
}

TEST_CASE("a length past all limits is refused before any of it came") {
    auto const digits = GENERATE(as<std::string>(), "1048577", "9223372036854775807", "9223372036854775808",
                                 "18446744073709551615", "18446744073709551616", "99999999999999999999999999999999");
    loopback const server{says_and_stays(ok + "Content-Length: " + digits + "\r\n\r\n")};
    CHECK(calls(server, patient()) == both("too_large"));
    CHECK(server.connections() == 2);
}

TEST_CASE("a body longer than its length is cut there, and neither it nor its connection counts for the next call") {
    auto const next = GENERATE(as<std::string>(), "garbage", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    loopback const server{[&](loopback::peer& peer) {
        while (peer.request())
            if (!peer.send(answer(200, no_tasks) + next)) return;
    }};
    caller one{server.url(""), patient()};
    for (std::size_t i = 1; i != 4; ++i) {
        auto const object = one.get_object();
        REQUIRE(object);
        CHECK(object->body == no_tasks);
        CHECK(server.connections() == i);
    }

    loopback const cut{says_and_stays(ok + "Content-Length: 9\r\n\r\n" + no_tasks)};
    caller other{cut.url(""), patient()};
    auto const tasks = other.list_tasks();
    REQUIRE_FALSE(tasks);
    CHECK(ended(tasks.error()) == "malformed_response");
    CHECK(cut.connections() == 3);
}

TEST_CASE("bytes that come late behind an answer are not the next call's answer") {
    gate first_is_read;
    gate more_is_there;
    loopback const server{[&](loopback::peer& peer) {
        while (peer.request()) {
            peer.send(answer(200, "asked for"));
            if (peer.number() != 0) continue;
            first_is_read.wait();
            peer.send(answer(200, "smuggled"));
            peer.wait_for_delivery();
            more_is_there.open();
        }
    }};
    caller one{server.url(""), patient()};
    for (int i = 0; i != 3; ++i) {
        auto const object = one.get_object();
        REQUIRE(object);
        CHECK(object->body == "asked for");
        first_is_read.open();
        more_is_there.wait();
    }
    CHECK(server.connections() == 2);
}

TEST_CASE("after an answer that was refused the next call has a connection of its own") {
    auto const bad = GENERATE_COPY(
        values<std::string>({ok + "X-A : b\r\n\r\n", ok + "Content-Length: 9999999\r\n\r\n",
                             ok + "Content-Length: x\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"}));
    loopback const server{[&](loopback::peer& peer) {
        while (peer.request()) peer.send(peer.number() == 0 ? bad : answer(200, "good"));
    }};
    caller one{server.url(""), patient()};
    auto object = one.get_object();
    if (!object) object = one.get_object();
    REQUIRE(object);
    CHECK(object->body == "good");
    CHECK(server.connections() == 2);
}

TEST_CASE("an answer cut off anywhere is a lost answer or the whole one, and never less") {
    auto const whole =
        GENERATE_COPY(values<std::string>({answer(200, no_tasks, "x-amzn-RequestId: r\r\n"), ok + chunked(no_tasks),
                                           "HTTP/1.1 100 Continue\r\n\r\n" + answer(200, no_tasks)}));
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        bool const reset = size % 2 == 1;
        loopback const server{[&](loopback::peer& peer) {
            if (!peer.request()) return;
            peer.send(whole.substr(0, size));
            if (reset) peer.reset();
        }};
        CAPTURE(size, whole.substr(0, size));
        caller one{server.url(""), patient()};
        auto const object = one.get_object();
        auto const tasks = one.list_tasks();
        if (size == whole.size()) {
            if (!reset) CHECK((object && tasks));
            continue;
        }
        CHECK((object ? object->body : ended(object.error())) == (object ? no_tasks : "connection_failed"));
        if (!tasks) CHECK(ended(tasks.error()) == "connection_failed");
    }
}

TEST_CASE("a redirect to another host is an error, and nothing goes there") {
    loopback const elsewhere{answer(200, no_tasks)};
    auto const status = GENERATE(300, 301, 302, 303, 305, 307, 308);
    auto const which = GENERATE(0U, 1U, 2U, 3U);
    std::string const fields = std::vector<std::string>{
        "Location: " + elsewhere.url() + "\r\n",
        "Location: //" + elsewhere.authority() + "/\r\nx-amz-bucket-region: " + elsewhere.authority() + "\r\n",
        "Location: " + elsewhere.url() + "\r\nx-amz-bucket-region: " + elsewhere.authority() + "/#\r\n",
        "Refresh: 0; url=" + elsewhere.url() + "\r\nAlt-Svc: http/1.1=\"" + elsewhere.authority() + "\"\r\n"}[which];
    auto const body = "<Error><Code>PermanentRedirect</Code><Endpoint>" + elsewhere.authority() +
                      "</Endpoint><Region>" + elsewhere.authority() + "</Region></Error>";
    loopback const server{answer(status, body, fields)};
    caller one{server.url(""), patient()};
    auto const tasks = one.list_tasks();
    REQUIRE_FALSE(tasks);
    CHECK(ended(tasks.error()) == "service_error");
    CHECK(tasks.error().http_status == status);
    auto const object = one.get_object();
    REQUIRE_FALSE(object);
    CHECK(ended(object.error()) == "service_error");
    CHECK(elsewhere.connections() == 0);
}

TEST_CASE("XML that would grow or reach out is no document, and the status speaks") {
    std::string const fields = "Content-Type: application/xml\r\n";
    std::string laughs = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">";
    for (int i = 1; i != 10; ++i) {
        auto const last = i == 1 ? std::string{"lol"} : "lol" + std::to_string(i - 1);
        laughs += "<!ENTITY lol" + std::to_string(i) + " \"";
        for (int n = 0; n != 10; ++n) laughs += "&" + last + ";";
        laughs += "\">";
    }
    laughs += "]><Error><Code>&lol9;</Code></Error>";
    std::string nested;
    for (int i = 0; i != 100'000; ++i) nested += "<a>";
    auto const body = GENERATE_COPY(values<std::string>({
        laughs,
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><Error><Code>&x;</Code></Error>",
        "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><Error><Code>A</Code></Error>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1:1/\"> %x;]><Error><Code>A</Code></Error>",
        "<Error><Code>&undeclared;</Code></Error>",
        nested,
        "<Error>" + nested,
        "<Error><Code>" + std::string(500'000, '&') + "</Code></Error>",
        "<Error" + std::string(500'000, ' ') + "><Code>A</Code>",
        std::string(500'000, '<'),
    }));
    CAPTURE(body.substr(0, 60));
    loopback const server{answer(400, body, fields)};
    caller one{server.url(""), patient()};
    auto const object = one.get_object();
    REQUIRE_FALSE(object);
    CHECK(ended(object.error()) == "service_error");
    CHECK(object.error().service_code == "400");
    CHECK(object.error().message == "s3 GetObject: HTTP 400: Bad Request");
}

TEST_CASE("JSON that is too deep is no document") {
    auto const body = GENERATE_COPY(values<std::string>({
        deep(100'000),
        deep_objects(100'000),
        std::string(1'000'000, '['),
        R"({"taskArns": )" + deep(100'000) + "}",
    }));
    CAPTURE(body.substr(0, 20));
    for (int const status : {200, 400}) {
        loopback const server{answer(status, body)};
        caller one{server.url(""), patient()};
        auto const tasks = one.list_tasks();
        REQUIRE_FALSE(tasks);
        CHECK(ended(tasks.error()) == (status == 200 ? "malformed_response" : "service_error"));
    }
}

TEST_CASE("bytes that are no UTF-8 are no JSON, and get into no message") {
    std::string const bad =
        GENERATE(as<std::string>(), "\xFF\xFE", "\xC0\x80", "\xED\xA0\x80", "\xE2\x82", "\xF5\x80\x80\x80");
    auto const field = "x-amzn-RequestId: r" + bad + "\r\nx-amz-request-id: r" + bad + "\r\n";
    {
        loopback const server{answer(200, R"({"taskArns": [")" + bad + "\"]}", field)};
        caller one{server.url(""), patient()};
        auto const tasks = one.list_tasks();
        REQUIRE_FALSE(tasks);
        CHECK(ended(tasks.error()) == "malformed_response");
    }
    for (auto const& body : {R"({"__type": "Odd)" + bad + R"(", "message": ")" + bad + "\"}", "odd " + bad + " words",
                             "<Error><Code>Odd" + bad + "</Code><Message>" + bad + "</Message><RequestId>" + bad +
                                 "</RequestId></Error>"}) {
        loopback const server{answer(400, body, field + "x-amzn-ErrorType: Odd" + bad + "\r\n")};
        CHECK(calls(server, patient()) == both("service_error"));
    }
}

TEST_CASE("an object that says it is compressed is handed over as it is, and such a document is none") {
    std::string const gzip{"\x1F\x8B\x08\0\0\0\0\0\0\x03\xFF", 11};
    loopback const server{answer(200, gzip, "Content-Encoding: gzip\r\n")};
    caller one{server.url(""), patient()};
    auto const object = one.get_object();
    REQUIRE(object);
    CHECK(object->body == gzip);
    CHECK(object->headers.value_of("content-encoding") == "gzip");
    auto const tasks = one.list_tasks();
    REQUIRE_FALSE(tasks);
    CHECK(ended(tasks.error()) == "malformed_response");
}

namespace {

/// What the container provider makes of a metadata service that answers so.
fargate::result<fargate::aws::access_key> from_container(loopback const& server, fargate::curl_options options) {
    fargate::curl_http http{std::move(options)};
    fargate::testing::manual_clock clock;
    fargate::testing::map_environment const environment{
        {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/keys")},
         {"AWS_CONTAINER_AUTHORIZATION_TOKEN", std::string{caller::token}}}};
    return fargate::credentials::container{}.fetch(http, clock, environment);
}

} // namespace

TEST_CASE("a metadata service is held to limits of its own, and a redirect of its is not followed") {
    auto const direct = testing_support::without_proxy();
    std::atomic<std::size_t> sent = 0;
    {
        loopback const endless{pours(ok + "\r\n", std::string(1024, ' '), sent)};
        auto const key = from_container(endless, direct);
        REQUIRE_FALSE(key);
        CHECK(ended(key.error()) == "too_large");
        CHECK(endless.connections() == 1);
    }
    CHECK(sent < 32 * megabyte);

    loopback const long_head{pours(ok, "X-Field: value\r\n", sent)};
    auto const nothing = from_container(long_head, direct);
    REQUIRE_FALSE(nothing);
    CHECK(ended(nothing.error()) == "too_large");

    loopback const elsewhere{answer(200, "{}")};
    loopback const moved{answer(302, "", "Location: " + elsewhere.url() + "\r\n")};
    auto const key = from_container(moved, direct);
    REQUIRE_FALSE(key);
    CHECK(ended(key.error()) == "service_error");
    CHECK(elsewhere.connections() == 0);

    {
        loopback const endless{pours(ok + "\r\n", std::string(1024, ' '), sent)};
        fargate::curl_http http{direct};
        fargate::testing::manual_clock clock;
        fargate::testing::map_environment const environment{{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", endless.url("")}}};
        auto const of_instance = fargate::credentials::instance{}.fetch(http, clock, environment);
        REQUIRE_FALSE(of_instance);
        CHECK(ended(of_instance.error()) == "too_large");
    }

    loopback const nested{answer(200, deep(32'000))};
    auto const deep_key = from_container(nested, direct);
    REQUIRE_FALSE(deep_key);
    CHECK(ended(deep_key.error()) == "malformed_response");
}

namespace {

/// Every variable that names a proxy names this one, and none an exception, for as long as the object lives.
class proxies_everywhere {
public:
    explicit proxies_everywhere(std::string const& address) {
        for (char const* const name : names) ::setenv(name, address.c_str(), 1);
        for (char const* const name : {"no_proxy", "NO_PROXY"}) ::unsetenv(name);
    }
    proxies_everywhere(proxies_everywhere const&) = delete;
    proxies_everywhere& operator=(proxies_everywhere const&) = delete;
    ~proxies_everywhere() {
        for (char const* const name : names) ::unsetenv(name);
    }

private:
    static constexpr char const* names[] = {"http_proxy",  "HTTP_PROXY", "https_proxy",
                                            "HTTPS_PROXY", "all_proxy",  "ALL_PROXY"};
};

} // namespace

TEST_CASE("metadata services are asked directly, whatever proxies the environment or the options name") {
    loopback const proxy{answer(502, "")};
    loopback const server{[](loopback::peer& peer) {
        while (auto const bytes = peer.request()) {
            bool const token = bytes->starts_with("PUT ");
            bool const role =
                bytes->find("/security-credentials") != std::string::npos && bytes->find("/role") == std::string::npos;
            peer.send(token  ? answer(200, "token", "X-aws-ec2-metadata-token-ttl-seconds: 21600\r\n")
                      : role ? answer(200, "role")
                             : answer(200, R"({"Code": "Success", "AccessKeyId": "AKID", "SecretAccessKey": "s", )"
                                           R"("Token": "t", "Expiration": "2024-01-02T09:00:00Z"})"));
        }
    }};
    auto const address = "http://" + proxy.authority();
    proxies_everywhere const named{address};
    fargate::curl_options told;
    told.proxy = told.http_proxy = told.https_proxy = address;
    for (auto const& options : {fargate::curl_options{}, told}) {
        CHECK(fargate::curl_http{options}.send({.url = server.url()})->status == 502); // so there is a proxy
        auto const key = from_container(server, options);
        INFO((key ? std::string{} : key.error().message));
        REQUIRE(key);
        CHECK(key->id == "AKID");

        fargate::curl_http http{options};
        fargate::testing::manual_clock clock;
        fargate::testing::map_environment const environment{{{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url("")}}};
        auto const of_instance = fargate::credentials::instance{}.fetch(http, clock, environment);
        INFO((of_instance ? std::string{} : of_instance.error().message));
        REQUIRE(of_instance);
        CHECK(of_instance->id == "AKID");
    }
    CHECK(proxy.requests().size() == 2);
}
