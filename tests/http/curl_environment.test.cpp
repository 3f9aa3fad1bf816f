#include <fargate/http/curl_environment.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"
#include "support/tls_server.hpp"

#include <fargate/http/curl.hpp>
#include <fargate/testing/map_environment.hpp>

#include <cstdlib>
#include <string>
#include <utility>

using fargate::curl_http;
using fargate::curl_options;
using fargate::curl_options_from;
using fargate::errc;
using fargate::process_environment;
using fargate::testing::map_environment;
using testing_support::answer;
using testing_support::authority;
using testing_support::loopback;
using testing_support::scratch;
using testing_support::tls_server;

namespace {

using map = map_environment::map;

curl_options from(map variables) { return curl_options_from(map_environment{std::move(variables)}); }

/// A variable of this process, for as long as the object lives.
class variable {
public:
    variable(char const* name, std::string const& value) : name_{name} {
        if (char const* const before = std::getenv(name)) {
            before_ = before;
            was_set_ = true;
        }
        ::setenv(name_, value.c_str(), 1);
    }
    variable(variable const&) = delete;
    variable& operator=(variable const&) = delete;
    ~variable() {
        if (was_set_) {
            ::setenv(name_, before_.c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }

private:
    char const* name_;
    std::string before_;
    bool was_set_ = false;
};

} // namespace

TEST_CASE("2.1: HTTP_PROXY, HTTPS_PROXY and NO_PROXY are honoured in both spellings, the lower-case one first") {
    auto const capitals = from({{"HTTP_PROXY", "http://a:1"},
                                {"HTTPS_PROXY", "http://b:2"},
                                {"ALL_PROXY", "http://c:3"},
                                {"NO_PROXY", "d,e"}});
    CHECK(capitals.http_proxy == "http://a:1");
    CHECK(capitals.https_proxy == "http://b:2");
    CHECK(capitals.proxy == "http://c:3");
    CHECK(capitals.no_proxy == "d,e");

    auto const both = from({{"HTTP_PROXY", "A"},
                            {"http_proxy", " a "},
                            {"HTTPS_PROXY", "B"},
                            {"https_proxy", "b"},
                            {"ALL_PROXY", "C"},
                            {"all_proxy", "c"},
                            {"NO_PROXY", "D"},
                            {"no_proxy", "d"}});
    CHECK(both.http_proxy == "a");
    CHECK(both.https_proxy == "b");
    CHECK(both.proxy == "c");
    CHECK(both.no_proxy == "d");

    // Set to nothing, the lower-case one takes the other away; an empty no_proxy does not.
    auto const none = from({{"HTTPS_PROXY", "B"}, {"https_proxy", ""}, {"NO_PROXY", "D"}, {"no_proxy", ""}});
    CHECK(none.https_proxy.empty());
    CHECK(none.no_proxy == "D");
}

TEST_CASE("2.1: HTTP_PROXY is not believed under CGI, where a client's Proxy field makes it; http_proxy is") {
    CHECK(from({{"HTTP_PROXY", "a"}, {"REQUEST_METHOD", "GET"}}).http_proxy.empty());
    CHECK(from({{"http_proxy", "a"}, {"REQUEST_METHOD", "GET"}}).http_proxy == "a");
    CHECK(from({{"HTTPS_PROXY", "b"}, {"REQUEST_METHOD", "GET"}}).https_proxy == "b");
}

TEST_CASE(
    "2.1: REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE: a file or a directory, for the API's host alone when it is known") {
    map_environment environment{{{"REQUESTS_CA_BUNDLE", "/a.pem"}, {"CURL_CA_BUNDLE", "/b.pem"}}};
    CHECK(curl_options_from(environment).ca_file == "/a.pem");
    CHECK(curl_options_from(environment).ca_path.empty());
    CHECK(curl_options_from(environment).trust.empty());
    auto const apart = curl_options_from(environment, "prefect.internal");
    CHECK(apart.ca_file.empty());
    REQUIRE(apart.trust.size() == 1);
    CHECK(apart.trust[0].host == "prefect.internal");
    CHECK(apart.trust[0].ca_file == "/a.pem");

    environment.set("REQUESTS_CA_BUNDLE", "");
    CHECK(curl_options_from(environment).ca_file == "/b.pem");
    environment.break_file("/b.pem/.", fargate::fail(errc::bad_configuration, "cannot read /b.pem/.: is it a file?"));
    CHECK(curl_options_from(environment).ca_file.empty());
    CHECK(curl_options_from(environment).ca_path == "/b.pem");

    scratch files;
    auto const file = files.write("ca.pem", "x");
    variable const real{"REQUESTS_CA_BUNDLE", file};
    CHECK(curl_options_from(process_environment{}).ca_file == file);
    variable const other{"REQUESTS_CA_BUNDLE", files.path()};
    CHECK(curl_options_from(process_environment{}).ca_path == files.path());
    variable const missing{"REQUESTS_CA_BUNDLE", files.path() + "/missing"};
    CHECK(curl_options_from(process_environment{}).ca_file == files.path() + "/missing");
}

TEST_CASE("2.1: each scheme has its proxy, a scheme without one is spoken to directly, whatever libcurl would find") {
    loopback proxy{answer(200, "proxy")};
    loopback other{answer(200, "other")};
    loopback server{answer(200, "server")};
    auto const ask = [&](map variables) {
        auto const got = curl_http{from(std::move(variables))}.send({.url = server.url()});
        return got ? got->body : got.error().message;
    };
    auto const at = "http://" + proxy.authority();
    variable const one{"http_proxy", "http://" + other.authority()};
    variable const two{"no_proxy", ""};
    CHECK(ask({}) == "server");
    CHECK(ask({{"HTTPS_PROXY", at}}) == "server");
    CHECK(ask({{"HTTP_PROXY", at}}) == "proxy");
    CHECK(ask({{"HTTP_PROXY", proxy.authority()}}) == "proxy");
    CHECK(ask({{"ALL_PROXY", at}}) == "proxy");
    CHECK(ask({{"ALL_PROXY", "http://" + other.authority()}, {"HTTP_PROXY", at}}) == "proxy");
    CHECK(ask({{"HTTP_PROXY", at}, {"NO_PROXY", "localhost, 127.0.0.1"}}) == "server");
    CHECK(ask({{"HTTP_PROXY", at}, {"NO_PROXY", "*"}}) == "server");
    CHECK(ask({{"HTTP_PROXY", at}, {"NO_PROXY", "127.0.0.1:1"}}) == "proxy");
    CHECK(ask({{"HTTP_PROXY", at}, {"NO_PROXY", "x, " + server.authority()}}) == "server");
    CHECK(ask({{"HTTP_PROXY", at}, {"NO_PROXY", "7.0.0.1"}}) == "proxy");

    variable const wide{"no_proxy", "127.0.0.1"};
    CHECK(ask({{"HTTP_PROXY", at}}) == "proxy");
    CHECK(other.connections() == 0);
}

TEST_CASE("2.1: an https address goes by HTTPS_PROXY and never by HTTP_PROXY") {
    authority const ca;
    scratch files;
    loopback plain{answer(200, "")};
    loopback tunnel{answer(200, "")};
    tls_server const server{ca.issue("IP:127.0.0.1"), answer(200, "private")};
    map variables{{"CURL_CA_BUNDLE", files.write("ca.pem", ca.pem())}, {"HTTP_PROXY", "http://" + plain.authority()}};
    auto const direct = curl_http{from(variables)}.send({.url = server.url()});
    REQUIRE(direct);
    CHECK(direct->body == "private");

    variables["HTTPS_PROXY"] = "http://" + tunnel.authority();
    CHECK_FALSE(curl_http{from(variables)}.send({.url = server.url()}));
    REQUIRE(tunnel.requests().size() == 1);
    CHECK(tunnel.requests()[0].starts_with("CONNECT " + server.transport().authority() + " HTTP/1.1\r\n"));
    CHECK(plain.connections() == 0);
}

TEST_CASE("2.1: a bundle for the API's host is believed there and nowhere else") {
    authority const ca;
    scratch files;
    tls_server const server{ca.issue("DNS:localhost,IP:127.0.0.1"), answer(200, "private")};
    map_environment const environment{{{"REQUESTS_CA_BUNDLE", files.write("ca.pem", ca.pem())}}};
    auto const code = [&](std::string_view host) {
        auto const got = curl_http{curl_options_from(environment, host)}.send({.url = server.url()});
        return got ? 200 : got.error().code == errc::untrusted_peer ? -1 : 0;
    };
    CHECK(code("127.0.0.1") == 200);
    CHECK(code("prefect.internal") == -1);
    CHECK(code("") == 200);

    map_environment const missing{{{"REQUESTS_CA_BUNDLE", files.path() + "/missing"}}};
    auto const got = curl_http{curl_options_from(missing)}.send({.url = server.url()});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == errc::bad_configuration);
}

TEST_CASE("2.1: netrc credentials for the API host never replace the Bearer header") {
    scratch files;
    loopback server{answer(200, "")};
    auto const netrc = files.write(".netrc", "machine 127.0.0.1 login me password hunter2\n");
    variable const home{"HOME", files.path()};
    variable const named{"NETRC", netrc};
    curl_http http{from({})};
    REQUIRE(http.send({.url = server.url(), .headers = {{"Authorization", "Bearer t"}}}));
    REQUIRE(http.send({.url = server.url()}));
    auto const head = "GET / HTTP/1.1\r\nHost: " + server.authority() + "\r\n";
    CHECK(server.requests() == std::vector<std::string>{head + "Authorization: Bearer t\r\n\r\n", head + "\r\n"});
}
