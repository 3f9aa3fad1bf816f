#include <fargate/http/curl_options.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"
#include "support/tls_server.hpp"

#include "direct.hpp"

#include <fargate/http/curl.hpp>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using fargate::curl_http;
using fargate::errc;
using testing_support::answer;
using testing_support::authority;
using testing_support::loopback;
using testing_support::scratch;
using testing_support::tls_server;

namespace {

/// A variable of the environment, set or (with a null value) absent, for as long as the object lives.
class variable {
public:
    variable(char const* name, char const* value) : name_{name} {
        if (char const* const before = std::getenv(name)) before_ = before;
        was_set_ = std::getenv(name) != nullptr;
        put(value);
    }
    variable(variable const&) = delete;
    variable& operator=(variable const&) = delete;
    ~variable() { put(was_set_ ? before_.c_str() : nullptr); }

private:
    void put(char const* value) const {
        if (value != nullptr) {
            ::setenv(name_, value, 1);
        } else {
            ::unsetenv(name_);
        }
    }
    char const* name_;
    std::string before_;
    bool was_set_ = false;
};

fargate::curl_options trusting(std::string ca_file) {
    auto made = direct();
    made.ca_file = std::move(ca_file);
    return made;
}

/// The message of a certificate refused; a request must not have come through.
std::string refusal(tls_server const& server, fargate::curl_options options) {
    auto const got = curl_http{std::move(options)}.send({.url = server.url(), .headers = {{"X-Secret", "word"}}});
    CHECK(server.requests().empty());
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().code == errc::untrusted_peer);
    CHECK_FALSE(got.error().retryable);
    return got.error().message;
}

} // namespace

TEST_CASE("A server whose certificate a trusted authority issued is spoken to, over a kept connection") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("DNS:localhost,IP:127.0.0.1"), answer(200, "private")};
    curl_http http{trusting(files.write("ca.pem", ca.pem()))};
    for (int i = 0; i != 3; ++i) {
        auto const got = http.send({.url = server.url()});
        INFO((got ? std::string{} : got.error().message));
        REQUIRE(got);
        CHECK(got->body == "private");
    }
    CHECK(server.transport().connections() == 1);
    CHECK(server.requests() ==
          std::vector<std::string>(3, "GET / HTTP/1.1\r\nHost: " + server.transport().authority() + "\r\n\r\n"));
}

TEST_CASE("A connection after one that ended takes up its TLS session, whichever libcurl session makes it") {
    auto const newest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    auto const kept = GENERATE(0, 8);
    CAPTURE(newest, kept);
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "private"), {.newest = newest, .once = true}};
    auto options = trusting(files.write("ca.pem", ca.pem()));
    options.idle_sessions = static_cast<std::size_t>(kept);
    curl_http http{options};
    for (std::size_t i = 0; i != 3; ++i) {
        auto const got = http.send({.url = server.url()});
        INFO((got ? std::string{} : got.error().message));
        REQUIRE(got);
        server.transport().wait_for_closed(i + 1);
    }
    CHECK(server.resumed() == std::vector<bool>{false, true, true});
    CHECK(curl_http{options}.send({.url = server.url()}));
    CHECK(server.resumed().back() == false); // what one policy learned is not another's
}

TEST_CASE("Threads that send at once share their TLS sessions") {
    constexpr int threads = 4;
    constexpr int sends = 8;
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"),
                            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\nprivate"};
    curl_http http{trusting(files.write("ca.pem", ca.pem()))};
    std::atomic<int> right = 0;
    {
        std::vector<std::jthread> running;
        for (int t = 0; t != threads; ++t)
            running.emplace_back([&] {
                for (int n = 0; n != sends; ++n) {
                    auto const got = http.send({.method = "POST", .url = server.url(), .body = "b"});
                    right += got && got->body == "private";
                }
            });
    }
    CHECK(right == threads * sends);
    CHECK(http.send({.url = server.url()}));
    CHECK(server.resumed().back() == true);
}

TEST_CASE("A TLS session is taken up under the trust alone that it was made under") {
    authority const ca;
    authority const other{"another authority"};
    scratch files;
    auto const right = files.write("right.pem", ca.pem());
    auto const wrong = files.write("wrong.pem", other.pem());
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, ""), {.once = true}};
    curl_http http{trusting(right)};
    REQUIRE(http.send({.url = server.url()}));
    server.transport().wait_for_closed(1);
    auto const refused = http.send({.url = server.url(), .ca_file = wrong});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::untrusted_peer);
    CHECK(http.send({.url = server.url()}));
    CHECK(server.resumed().back() == true);
}

TEST_CASE("A hashed directory of authorities is trusted as well") {
    authority const ca;
    scratch files;
    files.write(ca.hashed_name(), ca.pem());
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "")};
    auto options = direct();
    options.ca_path = files.path();
    CHECK(curl_http{options}.send({.url = server.url()}));
}

TEST_CASE("A request that names its authorities is sent to those of theirs and to no other's") {
    authority const ca;
    authority const other{"another authority"};
    scratch files;
    auto const right = files.write("right.pem", ca.pem());
    auto const wrong = files.write("wrong.pem", other.pem());
    files.write(ca.hashed_name(), ca.pem());
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "private")};
    auto file = trusting(right);
    auto directory = direct();
    directory.ca_path = files.path();
    auto host = direct();
    host.trust.push_back({"127.0.0.1", right, files.path()});
    for (auto const& options : {file, directory, host}) {
        curl_http http{options};
        CHECK(http.send({.url = server.url()}));
        auto const got = http.send({.url = server.url(), .ca_file = wrong});
        REQUIRE_FALSE(got);
        CHECK(got.error().code == errc::untrusted_peer);
        CHECK(http.send({.url = server.url()}));
    }
    CHECK(curl_http{trusting(wrong)}.send({.url = server.url(), .ca_file = right}));
    CHECK(server.requests().size() == 7);

    loopback const plain{answer(200, "")};
    CHECK(curl_http{direct()}.send({.url = plain.url(), .ca_file = files.path() + "/missing"})); // nobody to verify
}

TEST_CASE("A certificate that nobody trusted issued is refused") {
    authority const ca;
    authority const other{"another authority"};
    authority const namesake;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "")};
    auto const message = "the certificate of " + server.transport().authority() + " is refused: ";
    CHECK(refusal(server, trusting(files.write("other.pem", other.pem()))).starts_with(message));
    CHECK(refusal(server, trusting(files.write("namesake.pem", namesake.pem()))).starts_with(message));
    CHECK(refusal(server, direct()).starts_with(message));
}

TEST_CASE("A certificate that is past or not yet valid is refused") {
    authority const ca;
    scratch files;
    auto const options = trusting(files.write("ca.pem", ca.pem()));
    tls_server const expired{ca.issue("IP:127.0.0.1", {-7200, -3600}), answer(200, "")};
    CHECK(refusal(expired, options).find("expired") != std::string::npos);
    tls_server const early{ca.issue("IP:127.0.0.1", {3600, 7200}), answer(200, "")};
    CHECK(refusal(early, options).find("not yet valid") != std::string::npos);
}

TEST_CASE("A certificate of another host is refused") {
    authority const ca;
    scratch files;
    auto const options = trusting(files.write("ca.pem", ca.pem()));
    auto const names =
        GENERATE(as<std::string>(), "DNS:ecs.amazonaws.com", "IP:127.0.0.2", "DNS:127.0.0.1.example", "");
    tls_server const server{ca.issue(names), answer(200, "")};
    refusal(server, options);
}

TEST_CASE("Only who says so in as many words speaks to anybody") {
    authority const ca;
    tls_server const server{ca.issue("DNS:elsewhere"), answer(200, "")};
    auto options = direct();
    options.verify_peer = false;
    CHECK(curl_http{options}.send({.url = server.url()}));
}

TEST_CASE("Authorities that cannot be read are a configuration to mend, named in the message") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "")};
    auto const missing = files.path() + "/missing.pem";
    auto const got = curl_http{trusting(missing)}.send({.url = server.url()});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::bad_configuration);
    CHECK(got.error().message.find(missing) != std::string::npos);
}

TEST_CASE("A server that speaks no TLS, and one that speaks only TLS, are failed calls") {
    loopback plain{[](loopback::peer& peer) {
        peer.receive();
        peer.send(answer(400, ""));
    }};
    auto const got = curl_http{direct()}.send({.url = plain.url("/", "https")});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::connection_failed);

    authority const ca;
    tls_server const encrypted{ca.issue("IP:127.0.0.1"), answer(200, "")};
    auto const other = curl_http{direct()}.send({.url = encrypted.transport().url()});
    REQUIRE_FALSE(other);
    CHECK((other.error().code == errc::connection_failed || other.error().code == errc::malformed_response));
}

TEST_CASE("A proxy gets the whole address and nothing else besides, unless the request goes around it") {
    loopback proxy{answer(200, "proxy")};
    loopback server{answer(200, "server")};
    fargate::curl_options options;
    options.proxy = "http://" + proxy.authority();
    options.no_proxy = "elsewhere";
    curl_http http{options};
    auto const through = http.send({.url = server.url("/a/../b")});
    REQUIRE(through);
    CHECK(through->body == "proxy");
    CHECK(proxy.requests() == std::vector<std::string>{"GET " + server.url("/a/../b") +
                                                       " HTTP/1.1\r\nHost: " + server.authority() + "\r\n\r\n"});
    CHECK(server.connections() == 0);

    auto const around = http.send({.url = server.url(), .bypass_proxy = true});
    REQUIRE(around);
    CHECK(around->body == "server");
    CHECK(http.send({.url = server.url()})->body == "proxy");
    CHECK(proxy.connections() == 1);
    CHECK(server.connections() == 1);

    options.no_proxy = "elsewhere,127.0.0.1";
    CHECK(curl_http{options}.send({.url = server.url()})->body == "server");
}

TEST_CASE("Without a proxy in the options the environment's is taken, and its exceptions") {
    loopback proxy{answer(200, "proxy")};
    loopback server{answer(200, "server")};
    auto const address = "http://" + proxy.authority();
    variable const one{"http_proxy", address.c_str()};
    variable const capitals{"NO_PROXY", nullptr};
    {
        variable const none{"no_proxy", nullptr};
        CHECK(curl_http{}.send({.url = server.url()})->body == "proxy");
        CHECK(curl_http{}.send({.url = server.url(), .bypass_proxy = true})->body == "server");
        CHECK(curl_http{direct()}.send({.url = server.url()})->body == "server");
    }
    variable const except{"no_proxy", "127.0.0.1"};
    CHECK(curl_http{}.send({.url = server.url()})->body == "server");
}

TEST_CASE("A proxy that tunnels sees neither the request nor has its own answer taken for the server's") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("DNS:ecs.test"), answer(200, "private"), {.tunnelled = true}};
    auto options = trusting(files.write("ca.pem", ca.pem()));
    options.proxy = "http://" + server.transport().authority();
    options.no_proxy = "elsewhere";
    auto const got = curl_http{options}.send({.url = "https://ecs.test/", .headers = {{"Authorization", "word"}}});
    INFO((got ? std::string{} : got.error().message));
    REQUIRE(got);
    CHECK(got->body == "private");
    CHECK_FALSE(got->headers.find("x-proxy"));
    REQUIRE(server.transport().requests().size() == 1);
    CHECK(server.transport().requests()[0].starts_with("CONNECT ecs.test:443 HTTP/1.1\r\n"));
    CHECK(server.transport().requests()[0].find("word") == std::string::npos);
    CHECK(server.requests() ==
          std::vector<std::string>{"GET / HTTP/1.1\r\nHost: ecs.test\r\nAuthorization: word\r\n\r\n"});
}

TEST_CASE("A proxy that refuses to tunnel is a failed connection") {
    auto const reply = GENERATE(
        as<std::string>(), "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", "garbage\r\n");
    loopback proxy{[reply](loopback::peer& peer) {
        peer.request();
        peer.send(reply);
    }};
    fargate::curl_options options;
    options.proxy = "http://" + proxy.authority();
    options.no_proxy = "elsewhere";
    auto const got = curl_http{options}.send({.url = "https://ecs.test/"});
    REQUIRE_FALSE(got);
    INFO(got.error().message);
    CHECK(got.error().code == errc::connection_failed);
}

TEST_CASE("No message shows a proxy's password") {
    fargate::curl_options options;
    options.no_proxy = "elsewhere";
    options.proxy = GENERATE(as<std::string>(), "ftp://user:hunter2@127.0.0.1:1", "http://user:hunter2@127.0.0.1:1",
                             "http://user:hunter2@[bad:1", "http://user:hunter2@:99999", "user:hunter2");
    auto const got = curl_http{options}.send({.url = "http://ecs.test/"});
    REQUIRE_FALSE(got);
    CAPTURE(options.proxy);
    CHECK(got.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("Each scheme has its own proxy or none, whatever else is said about proxies") {
    loopback proxy{answer(200, "proxy")};
    loopback other{answer(200, "other")};
    loopback server{answer(200, "server")};
    auto const elsewhere = "http://" + other.authority();
    variable const environment{"http_proxy", elsewhere.c_str()};
    variable const exceptions{"no_proxy", "127.0.0.1"};
    fargate::curl_options options;
    options.proxy = elsewhere;
    options = options.with({.proxies = fargate::http::scheme_proxies{"http://" + proxy.authority(), {}}});
    CHECK(curl_http{options}.send({.url = server.url()})->body == "proxy");
    CHECK(curl_http{options}.send({.url = server.url(), .bypass_proxy = true})->body == "server");

    options = options.with({.proxies = fargate::http::scheme_proxies{{}, "http://" + proxy.authority()}});
    CHECK(curl_http{options}.send({.url = server.url()})->body == "server");
    CHECK(proxy.requests().size() == 1);
    CHECK(other.requests().empty());
}

TEST_CASE("The proxy for https is asked for a tunnel") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("DNS:ecs.test"), answer(200, "private"), {.tunnelled = true}};
    auto options = trusting(files.write("ca.pem", ca.pem()));
    options = options.with({.proxies = fargate::http::scheme_proxies{
                                "http://127.0.0.1:1", "http://me:word@" + server.transport().authority()}});
    auto const got = curl_http{options}.send({.url = "https://ecs.test/"});
    INFO((got ? std::string{} : got.error().message));
    REQUIRE(got);
    CHECK(got->body == "private");
    REQUIRE(server.transport().requests().size() == 1);
    auto const asked = server.transport().requests()[0];
    CHECK(asked.starts_with("CONNECT ecs.test:443 HTTP/1.1\r\n"));
    CHECK(asked.find("Proxy-Authorization: Basic bWU6d29yZA==\r\n") != std::string::npos);
}

TEST_CASE("A server that asks for a certificate is shown the client's, from one file or from two") {
    authority const ca;
    authority const of_clients{"an authority of clients"};
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "welcome"), {.of_clients = &of_clients}};
    auto const options = trusting(files.write("ca.pem", ca.pem()));
    CHECK_FALSE(curl_http{options}.send({.url = server.url()}));

    auto const mine = of_clients.issue("");
    auto const certificate = testing_support::pem_of(mine.certificate);
    auto const key = testing_support::pem_of(mine.key);
    auto two = options;
    two.client_certificate = {files.write("c.pem", certificate), files.write("k.pem", key)};
    auto one = options;
    one.client_certificate.certificate = files.write("both.pem", certificate + key);
    for (auto const& each : {two, one}) {
        auto const got = curl_http{each}.send({.url = server.url()});
        INFO((got ? std::string{} : got.error().message));
        REQUIRE(got);
        CHECK(got->body == "welcome");
    }
}

TEST_CASE("A client certificate that cannot be read is a configuration to mend") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "")};
    auto options = trusting(files.write("ca.pem", ca.pem()));
    options.client_certificate.certificate = files.path() + "/missing.pem";
    auto const got = curl_http{options}.send({.url = server.url()});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::bad_configuration);
    CHECK(got.error().message.starts_with("the client certificate or its key cannot be used: "));
}

TEST_CASE("An https proxy is trusted by authorities of its own, and shown a certificate when it asks") {
    authority const ca;
    authority const of_clients{"an authority of clients"};
    scratch files;
    tls_server const proxy{ca.issue("IP:127.0.0.1"), answer(200, "proxy"), {.of_clients = &of_clients}};
    auto const mine = of_clients.issue("");
    fargate::curl_options options;
    options.http_proxy = "https://" + proxy.transport().authority();
    options.proxy_certificate = {files.write("c.pem", testing_support::pem_of(mine.certificate)),
                                 files.write("k.pem", testing_support::pem_of(mine.key))};
    CHECK_FALSE(curl_http{options}.send({.url = "http://ecs.test/"})); // whoever issued the proxy's is not trusted

    options.proxy_ca_file = files.write("ca.pem", ca.pem());
    auto const got = curl_http{options}.send({.url = "http://ecs.test/"});
    INFO((got ? std::string{} : got.error().message));
    REQUIRE(got);
    CHECK(got->body == "proxy");
    CHECK(proxy.requests() == std::vector<std::string>{"GET http://ecs.test/ HTTP/1.1\r\nHost: ecs.test\r\n\r\n"});

    options.proxy_certificate = {};
    CHECK_FALSE(curl_http{options}.send({.url = "http://ecs.test/"}));
}

TEST_CASE("Connections are probed while idle exactly when the options say so") {
    loopback server{answer(200, "")};
    auto const port = std::stoi(server.authority().substr(server.authority().find(':') + 1));
    for (bool const wanted : {false, true}) {
        auto options = direct();
        options.tcp_keepalive = wanted;
        curl_http http{options};
        REQUIRE(http.send({.url = server.url()}));
        std::vector<bool> probed;
        for (int socket = 3; socket != 1024; ++socket) {
            sockaddr_in address{};
            socklen_t size = sizeof address;
            if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
            if (address.sin_family != AF_INET || ntohs(address.sin_port) != port) continue;
            int on = 0;
            size = sizeof on;
            REQUIRE(::getsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, &size) == 0);
            probed.push_back(on != 0);
        }
        CHECK(probed == std::vector<bool>{wanted});
    }
}

TEST_CASE("A policy that is told more keeps what it was told before, and what it is told counts") {
    fargate::curl_options base;
    base.ca_file = "ca.pem";
    base.proxy = "http://old";
    base.no_proxy = "*";
    base.client_certificate.certificate = "old.pem";
    base.idle_sessions = 3;
    curl_http const first{base};
    curl_http const same = first.with({});
    CHECK(same.settings().client_certificate.certificate == "old.pem");
    CHECK(same.settings().idle_sessions == 3);
    CHECK(same.settings().no_proxy == "*");
    CHECK(same.settings().proxy == "http://old");
    CHECK(same.settings().environment);

    fargate::http::connection_options told;
    told.proxies = {.http = "http://new", .https = {}};
    told.proxy_ca_file = "proxy-ca.pem";
    told.proxy_certificate = {"pc.pem", "pk.pem"};
    told.client_certificate = {"c.pem", "k.pem"};
    told.tcp_keepalive = true;
    told.pool = 25;
    curl_http const second = first.with(told);
    auto const& made = second.settings();
    CHECK(made.ca_file == "ca.pem");
    CHECK(made.proxy.empty());
    CHECK(made.http_proxy == "http://new");
    CHECK(made.https_proxy.empty());
    CHECK_FALSE(made.environment);
    CHECK(made.no_proxy.empty());
    CHECK(made.proxy_ca_file == "proxy-ca.pem");
    CHECK(made.proxy_certificate.key == "pk.pem");
    CHECK(made.client_certificate.key == "k.pem");
    CHECK(made.tcp_keepalive);
    CHECK(made.idle_sessions == 25);
}
