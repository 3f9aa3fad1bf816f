#include <fargate/http/curl.hpp>

#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <curl/curl.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

// Every allocation of libcurl's for one request fails in its turn: those of its handles, of the options, of the connection
// and of the answer. libcurl asks for memory here, in the whole binary, and only what this thread asks for fails.

using namespace fargate;

namespace {

std::atomic<long> alive{0};
thread_local long until_failure = -1; // negative: none

bool fails() { return until_failure >= 0 && until_failure-- == 0; }

void* counted(void* made) {
    if (made != nullptr) ++alive;
    return made;
}
void* take(std::size_t size) { return fails() ? nullptr : counted(std::malloc(size)); }
void* take_zeroed(std::size_t count, std::size_t size) { return fails() ? nullptr : counted(std::calloc(count, size)); }
void* take_again(void* old, std::size_t size) {
    if (fails()) return nullptr;
    return old == nullptr ? counted(std::malloc(size)) : std::realloc(old, size);
}
char* take_copy(char const* text) { return fails() ? nullptr : static_cast<char*>(counted(::strdup(text))); }
void give(void* old) {
    if (old != nullptr) --alive;
    std::free(old);
}

// Before whoever sets libcurl up with the usual functions: what is set up is not set up again.
CURLcode const set_up = curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, give, take_again, take_copy, take_zeroed);

} // namespace

TEST_CASE(
    "whichever allocation of libcurl's fails, the request has its answer or an error, and nothing is left behind") {
    REQUIRE(set_up == CURLE_OK);
    testing_support::loopback server{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Field: value\r\n\r\nhello"};
    curl_options direct;
    direct.environment = false;
    http::request asked;
    asked.method = "POST";
    asked.url = server.url("/path");
    asked.headers.add("Authorization", "Bearer something");
    asked.body = "body";
    (void)curl_http{direct}.send(asked); // what libcurl keeps for good

    long n = 0;
    for (bool reached = true; reached; ++n) {
        INFO("allocation " << n);
        auto const before = alive.load();
        {
            curl_http http{direct};
            until_failure = n;
            auto const answer = http.send(asked);
            reached = until_failure < 0;
            until_failure = -1;
            // libcurl tells some of them as a failed connection or as a line that is too long.
            if (answer)
                CHECK(answer->body == "hello");
            else
                CHECK((answer.error().code == errc::internal || answer.error().code == errc::connection_failed ||
                       answer.error().code == errc::too_large));
            CHECK((reached || answer));
            // It can be used as before; only what libcurl could not put back is noticed by the next request.
            auto again = http.send(asked);
            if (!again && again.error().retryable) again = http.send(asked);
            REQUIRE(again);
            CHECK(again->body == "hello");
        }
        REQUIRE(alive.load() == before);
    }
    CHECK(n > 20);
}
