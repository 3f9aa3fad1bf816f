#include "fargate-agent/agent_api.hpp"

#include <fargate/http/curl.hpp>
#include <fargate/json/json.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>

using namespace fargate;

namespace {

http::request ask(std::string method, std::string target) {
    http::request made;
    made.method = std::move(method);
    made.url = "http://127.0.0.1:8080" + std::move(target);
    return made;
}

agent_voice speaks(std::function<void()> poke = [] {}) {
    return {[] { return std::optional<std::string>{}; }, [] { return "# EOF\n"; }, std::move(poke)};
}

int status_of(std::string method, std::string target) {
    return answer_for_agent(ask(std::move(method), std::move(target)), speaks()).status;
}

std::string refused(std::string_view address) {
    auto const read = read_agent_address(address);
    INFO(address);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find('\n') == std::string::npos);
    return read.error().message;
}

bool contains(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("4.6: an address is a URL with a port; without a host it is every address") {
    CHECK(*read_agent_address("http://127.0.0.1:8080") == agent_address{"127.0.0.1", 8080});
    CHECK(*read_agent_address("http://:8080") == agent_address{"", 8080});
    CHECK(*read_agent_address("http://localhost:8080/") == agent_address{"localhost", 8080});
    CHECK(*read_agent_address("http://[::1]:65535") == agent_address{"::1", 65535});
}

TEST_CASE("4.6: host and port without a scheme are accepted") {
    CHECK(*read_agent_address("localhost:8080") == agent_address{"localhost", 8080});
    CHECK(*read_agent_address("127.0.0.1:8080") == agent_address{"127.0.0.1", 8080});
    CHECK(*read_agent_address(":8080") == agent_address{"", 8080});
}

TEST_CASE("4.6: an address without a usable port is refused in one line") {
    for (auto const* const address :
         {"8080", "http://localhost", "http://", "localhost", "localhost:", "http://[::1]", "http://localhost:0"})
        CHECK(contains(refused(address), "Must specify port in agent address"));
    for (auto const* const address : {"http://localhost:65536", "http://localhost:99999999999999999999999"})
        CHECK(contains(refused(address), "Port out of range 0-65535"));
    CHECK(contains(refused("http://localhost:http"), "no number"));
    CHECK(contains(refused("http://localhost:-1"), "no number"));
    CHECK(contains(refused("http://::1:8080"), "[::1]"));
    CHECK(contains(refused("http://me@localhost:8080"), "host and port"));
    CHECK(contains(refused("two\nlines"), "two?lines"));
}

TEST_CASE("4.6: GET /api/health is 200 with an empty JSON object, whatever its query") {
    for (auto const* const target : {"/api/health", "/api/health?verbose=1"}) {
        auto const answer = answer_for_agent(ask("GET", target), speaks());
        CHECK(answer.status == 200);
        CHECK(answer.headers.value_of("content-type") == "application/json; charset=UTF-8");
        CHECK(answer.body == "{}");
    }
}

TEST_CASE("an agent that gets no answers says so: 503 and why, as JSON, and 200 again when it does") {
    auto agent = speaks();
    auto trouble = std::optional<std::string>{"no poll has got an answer since noon: \"api\" is silent"};
    agent.trouble = [&] { return trouble; };
    for (auto const* const method : {"GET", "HEAD"}) {
        auto const answer = answer_for_agent(ask(method, "/api/health"), agent);
        CHECK(answer.status == 503);
        CHECK(answer.headers.value_of("content-type") == "application/json; charset=UTF-8");
        auto const body = json::parse(answer.body);
        REQUIRE(body);
        CHECK(json::text_of(*body, "error") == *trouble);
        CHECK(body->size() == 1);
    }
    trouble.reset();
    CHECK(answer_for_agent(ask("GET", "/api/health"), agent).status == 200);
}

TEST_CASE("GET /metrics is 200 with OpenMetrics text, trouble or not, and HEAD of it is allowed") {
    auto agent = speaks();
    agent.trouble = [] { return std::optional<std::string>{"silent"}; };
    agent.metrics = [] { return "fargate_polls_total 3\n# EOF\n"; };
    for (auto const* const target : {"/metrics", "/metrics?name[]=fargate_polls"})
        for (auto const* const method : {"GET", "HEAD"}) {
            auto const answer = answer_for_agent(ask(method, target), agent);
            CHECK(answer.status == 200);
            CHECK(answer.headers.value_of("content-type") ==
                  "application/openmetrics-text; version=1.0.0; charset=utf-8");
            CHECK(answer.body == "fargate_polls_total 3\n# EOF\n");
        }
    auto const refused = answer_for_agent(ask("POST", "/metrics"), agent);
    CHECK(refused.status == 405);
    CHECK(refused.headers.value_of("allow") == "GET, HEAD");
    CHECK(status_of("GET", "/metrics/") == 404);
}

TEST_CASE("4.6: GET /api/poke is 200 without a body, and wakes the loop") {
    int pokes = 0;
    auto const answer = answer_for_agent(ask("GET", "/api/poke"), speaks([&] { ++pokes; }));
    CHECK(answer.status == 200);
    CHECK(answer.headers.value_of("content-type") == "text/html; charset=UTF-8");
    CHECK(answer.body.empty());
    CHECK(pokes == 1);
}

TEST_CASE("4.6: other methods on these are 405 and do nothing; HEAD of health is allowed") {
    int pokes = 0;
    for (auto const* const method : {"HEAD", "POST", "PUT", "DELETE"})
        CHECK(answer_for_agent(ask(method, "/api/poke"), speaks([&] { ++pokes; })).status == 405);
    CHECK(pokes == 0);
    CHECK(status_of("POST", "/api/health") == 405);
    CHECK(status_of("DELETE", "/api/health") == 405);
    CHECK(status_of("HEAD", "/api/health") == 200);
}

TEST_CASE("4.6: anything else is 404, a trailing slash too") {
    for (auto const* const target :
         {"/", "", "/api/health/", "/api/poke/", "/api", "/health", "/api/Health", "//api/health", "/x?/api/health"})
        for (auto const* const method : {"GET", "POST"}) CHECK(status_of(method, target) == 404);
}

TEST_CASE("an agent's address answers over the wire, IPv4 callers of an address without a host included") {
    int port = 0;
    {
        testing_support::listener const free_one;
        port = free_one.port();
    }
    std::atomic<int> pokes{0};
    auto const api = agent_api::open("http://:" + std::to_string(port), speaks([&] { ++pokes; }));
    INFO((api ? "" : api.error().message));
    REQUIRE(api);
    CHECK((*api)->port() == port);
    curl_http::options direct;
    direct.no_proxy = "*";
    curl_http http{direct};
    auto const asked = [&](std::string method, std::string target) {
        auto request = ask(std::move(method), std::move(target));
        request.url.replace(request.url.find("8080"), 4, std::to_string(port));
        auto answer = http.send(request);
        REQUIRE(answer);
        return *std::move(answer);
    };
    CHECK(asked("GET", "/api/health").body == "{}");
    CHECK(asked("HEAD", "/api/health").status == 200);
    CHECK(asked("GET", "/metrics").body == "# EOF\n");
    CHECK(asked("GET", "/api/poke").status == 200);
    CHECK(pokes == 1);
    CHECK(asked("POST", "/api/poke").status == 405);
    CHECK(asked("GET", "/").status == 404);
}

TEST_CASE("4.6: an address that is taken or not this machine's is refused with the reason") {
    testing_support::listener const taken;
    auto const address = "http://" + taken.authority();
    auto const second = agent_api::open(address, speaks());
    REQUIRE_FALSE(second);
    CHECK(second.error().code == errc::bad_configuration);
    CHECK(contains(second.error().message, address));
    CHECK(contains(second.error().message, "in use"));
    auto const elsewhere = agent_api::open("http://192.0.2.1:8080", speaks());
    REQUIRE_FALSE(elsewhere);
    CHECK(contains(elsewhere.error().message, "192.0.2.1"));
    CHECK(contains(elsewhere.error().message, "not an address of this machine"));
}
