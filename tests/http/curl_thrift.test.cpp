#include <fargate/http/curl.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include "direct.hpp"

#include <curl/curl.h>

#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

// What one request need not do that another did, and what none need do at all. In the whole program, names are looked up and
// memory is asked for here.

using fargate::curl_http;
using testing_support::answer;
using testing_support::loopback;

namespace {

std::atomic<int> lookups{0};
std::atomic<std::size_t> largest{0}; // of what was allocated

void* allocate(std::size_t size) noexcept {
    for (auto before = largest.load(); before < size && !largest.compare_exchange_weak(before, size);) {
    }
    return std::malloc(size);
}

} // namespace

void* operator new(std::size_t size) {
    if (void* const made = allocate(size)) return made;
    std::abort();
}
void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return allocate(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::nothrow_t const&) noexcept { std::free(at); }

/// Finds one name more, here, and counts how often.
extern "C" int getaddrinfo(char const* __restrict name, char const* __restrict service,
                           addrinfo const* __restrict hints, addrinfo** __restrict found) {
    auto const real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    bool const ours = name != nullptr && std::string_view{name} == "flows.test";
    if (ours) ++lookups;
    return real(ours ? "127.0.0.1" : name, service, hints, found);
}

TEST_CASE("A name that one libcurl session looked up is known to those after it, until a call fails") {
    if (curl_version_info(CURLVERSION_NOW)->ares != nullptr) return; // it looks names up by itself
    constexpr std::size_t failing = 3;
    loopback server{[](loopback::peer& peer) {
        peer.request();
        if (peer.number() != failing) peer.send(answer(200, "found"));
    }};
    auto options = direct();
    options.idle_sessions = 0; // each call has a session of its own
    curl_http http{options};
    auto const url = "http://flows.test:" + server.authority().substr(server.authority().find(':') + 1) + "/";
    for (std::size_t i = 0; i != 8; ++i) {
        CAPTURE(i);
        CHECK(http.send({.url = url}).has_value() == (i != failing));
        if (i <= failing) CHECK(lookups == 1);
        if (i == failing + 1) CHECK(lookups == 2); // a server that fails may have moved
    }
    CHECK(lookups <= 3);
    CHECK(server.connections() == 8);
}

TEST_CASE("A body is sent from where it lies") {
    constexpr std::size_t size = 8 * 1024 * 1024;
    std::atomic<std::size_t> arrived{0};
    loopback server{[&arrived](loopback::peer& peer) {
        char bytes[4096];
        auto got = ::recv(peer.native(), bytes, sizeof bytes, 0);
        for (; got > 0 && bytes[got - 1] != '!'; got = ::recv(peer.native(), bytes, sizeof bytes, 0))
            arrived += static_cast<std::size_t>(std::count(bytes, bytes + got, 'b'));
        arrived += static_cast<std::size_t>(std::count(bytes, bytes + std::max<long>(got, 0), 'b'));
        peer.send(answer(200, "taken"));
    }};
    curl_http http{direct()};
    fargate::http::request request{.method = "POST", .url = server.url(), .body = std::string(size, 'b')};
    request.body.back() = '!';
    largest = 0;
    auto const got = http.send(request);
    REQUIRE(got);
    CHECK(got->body == "taken");
    CHECK(arrived == size - 1);
    CHECK(largest > 0);
    CHECK(largest < size / 8);
}
