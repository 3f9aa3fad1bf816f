#include <fargate/http/curl.hpp>

#include "scenarios/hostile_world.hpp"
#include "support/catch.hpp"
#include "support/tls_server.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using fargate::errc;
using testing_support::answer;
using testing_support::authority;
using testing_support::caller;
using testing_support::scratch;
using testing_support::tls_manners;
using testing_support::tls_server;

namespace {

std::string const no_tasks = answer(200, R"({"taskArns": []})", "Content-Type: application/x-amz-json-1.1\r\n");

/// Calls a server whose authorities are these, once; the message of the refusal. It was one connection, made once, on which
/// nothing was said.
std::string refusal(tls_server const& server, std::string ca_file) {
    caller one{server.url(""), {}, std::move(ca_file)};
    auto const got = one.list_tasks();
    CHECK(server.requests().empty());
    CHECK(server.transport().connections() == 1);
    CHECK(one.parts.clock.slept().empty());
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().code == errc::untrusted_peer);
    CHECK_FALSE(got.error().retryable);
    CHECK(got.error().message.starts_with("ecs ListTasks: "));
    return got.error().message;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

} // namespace

TEST_CASE("a service whose certificate the right authority issued is called, and its connection kept") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("DNS:localhost,IP:127.0.0.1"), no_tasks};
    caller one{server.url(""), {}, files.write("ca.pem", ca.pem())};
    for (int i = 0; i != 2; ++i) {
        auto const got = one.list_tasks();
        INFO((got ? std::string{} : got.error().message));
        REQUIRE(got);
    }
    CHECK(server.transport().connections() == 1);
    REQUIRE(server.requests().size() == 2);
    CHECK(contains(server.requests()[1], "\r\nAuthorization: AWS4-HMAC-SHA256 Credential="));
    CHECK(contains(server.requests()[1], caller::token));
}

TEST_CASE(
    "AWS_CA_BUNDLE names the authorities of AWS calls, a profile's ca_bundle does, and the option goes before both") {
    authority const ca;
    authority const other{"another authority"};
    scratch files;
    auto const right = files.write("right.pem", ca.pem());
    auto const wrong = files.write("wrong.pem", other.pem());
    auto const profile_of = [&](std::string const& bundle) {
        return files.write("config", "[default]\nca_bundle = " + bundle + "\n");
    };
    tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks};
    auto const code = [&](std::string option, fargate::testing::map_environment::map const& variables) {
        caller one{server.url(""), {}, std::move(option)};
        for (auto const& [name, value] : variables) one.parts.environment.set(name, value);
        auto const got = one.list_tasks();
        return got ? std::string{"200"} : std::string{name_of(got.error().code)};
    };
    CHECK(code({}, {}) == "untrusted_peer");
    CHECK(code({}, {{"AWS_CA_BUNDLE", right}}) == "200");
    CHECK(code({}, {{"AWS_CA_BUNDLE", wrong}}) == "untrusted_peer");
    CHECK(code(right, {{"AWS_CA_BUNDLE", wrong}}) == "200");
    CHECK(code({}, {{"AWS_CONFIG_FILE", profile_of(right)}}) == "200");
    CHECK(code({}, {{"AWS_CONFIG_FILE", profile_of(right)}, {"AWS_CA_BUNDLE", wrong}}) == "untrusted_peer");
    CHECK(code({}, {{"AWS_CA_BUNDLE", files.path() + "/missing.pem"}}) == "bad_configuration");
}

TEST_CASE("a bundle may hold several authorities, text between them, and lines that end as on Windows") {
    authority const ca;
    authority const other{"another authority"};
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks};
    std::string bundle = "# ours\n" + other.pem() + "\nand theirs\n\n" + ca.pem();
    CHECK(caller{server.url(""), {}, files.write("unix.pem", bundle)}.list_tasks());
    for (std::size_t at = 0; (at = bundle.find('\n', at)) != std::string::npos; at += 2) bundle.insert(at, 1, '\r');
    CHECK(caller{server.url(""), {}, files.write("windows.pem", bundle)}.list_tasks());
}

TEST_CASE("a certificate of an authority that is not trusted is refused at once, and the key is not shown") {
    authority const ca;
    authority const other{"another authority"};
    authority const namesake;
    scratch files;
    SECTION("another authority") {
        tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks};
        CHECK(contains(refusal(server, files.write("ca.pem", other.pem())), "unable to get local issuer certificate"));
    }
    SECTION("another of the same name") {
        tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks};
        CHECK(contains(refusal(server, files.write("ca.pem", namesake.pem())), " is refused: "));
    }
    SECTION("the system's authorities, when nothing is said") {
        tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks};
        CHECK(contains(refusal(server, {}), "unable to get local issuer certificate"));
    }
    SECTION("a certificate that vouches for itself") {
        tls_server const server{testing_support::self_signed("IP:127.0.0.1"), no_tasks};
        CHECK(contains(refusal(server, files.write("ca.pem", ca.pem())), "self-signed certificate"));
    }
}

TEST_CASE("a certificate that is past or not yet valid is refused at once, and the reason says so") {
    authority const ca;
    scratch files;
    auto const file = files.write("ca.pem", ca.pem());
    tls_server const expired{ca.issue("IP:127.0.0.1", {-7200, -3600}), no_tasks};
    CHECK(contains(refusal(expired, file), "certificate has expired"));
    tls_server const early{ca.issue("IP:127.0.0.1", {3600, 7200}), no_tasks};
    CHECK(contains(refusal(early, file), "certificate is not yet valid"));
}

TEST_CASE("a certificate of another host is refused at once, and the reason says so") {
    authority const ca;
    scratch files;
    auto const names = GENERATE(as<std::string>(), "DNS:ecs.eu-west-1.amazonaws.com", "IP:127.0.0.2", "DNS:*",
                                "DNS:127.0.0.1.example.com", "");
    tls_server const server{ca.issue(names), no_tasks};
    CHECK(contains(refusal(server, files.write("ca.pem", ca.pem())), "127.0.0.1"));
}

TEST_CASE("a server that knows nothing newer than TLS 1.1 is refused at once") {
    authority const ca;
    scratch files;
    auto const file = files.write("ca.pem", ca.pem());
    for (int const version : {TLS1_VERSION, TLS1_1_VERSION}) {
        tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks, {.newest = version}};
        CHECK(contains(refusal(server, file), "speaks no TLS 1.2"));
    }
    tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks, {.newest = TLS1_2_VERSION}};
    CHECK(caller{server.url(""), {}, file}.list_tasks());
}

TEST_CASE("authorities that cannot be read are a configuration to mend: named, nothing sent, nothing tried again") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks};
    for (auto const& file :
         {files.path() + "/a@b/missing.pem", files.write("empty.pem", ""), files.path(),
          files.write("none.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
        caller one{server.url(""), {}, file};
        auto const got = one.list_tasks();
        REQUIRE_FALSE(got);
        INFO(got.error().message);
        CHECK(got.error().code == errc::bad_configuration);
        CHECK(contains(got.error().message, file));
        CHECK(one.parts.clock.slept().empty());
    }
    CHECK(server.requests().empty());
}

TEST_CASE("what was connected under one authority is not used under another, nor is its session resumed") {
    bool const once = GENERATE(false, true);
    authority const ca;
    authority const other{"another authority"};
    scratch files;
    auto const right = files.write("right.pem", ca.pem());
    auto const wrong = files.write("wrong.pem", other.pem());
    tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks, {.once = once}};
    caller one{server.url(""), {}, right};
    REQUIRE(one.list_tasks());
    for (auto const& file : {wrong, std::string{}}) {
        one.options.ca_file = file;
        auto const got = one.list_tasks();
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::untrusted_peer);
    }
    CHECK(server.requests().size() == 1);
    one.options.ca_file = right;
    CHECK(one.list_tasks());
    CHECK(server.requests().size() == 2);
}

TEST_CASE("a server that asks for a certificate and gets none is a failed connection") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), no_tasks, {.of_clients = &ca}};
    caller one{server.url(""), {}, files.write("ca.pem", ca.pem())};
    auto const got = one.list_tasks();
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().code == errc::connection_failed);
    CHECK(server.requests().empty());
}
