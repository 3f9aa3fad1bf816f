#include <fargate/http/curl_api.hpp>

#include "support/catch.hpp"

#include <signal.h>

#include <string>
#include <vector>

namespace curl_api = fargate::http::curl_api;

namespace {

std::vector<std::string> lines(fargate::http::fields const& headers) {
    auto const written = curl_api::write_fields(headers);
    std::vector<std::string> made;
    for (auto const* each = written.get(); each != nullptr; each = each->next) made.emplace_back(each->data);
    return made;
}

bool is_blocked(int number) {
    sigset_t mask;
    sigemptyset(&mask);
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return sigismember(&mask, number) == 1;
}

} // namespace

TEST_CASE("Without fields, everything that libcurl would add is switched off") {
    CHECK(lines({}) == std::vector<std::string>{"User-Agent:", "Accept:", "Accept-Encoding:", "Content-Type:",
                                                "Expect:", "Proxy-Connection:"});
}

TEST_CASE("Given fields come after the switches, in their order, empty ones in the form that is sent") {
    CHECK(lines({{"accept", "a"},
                 {"HOST", "h"},
                 {"x-empty", ""},
                 {"x-blank", " \t"},
                 {"content-type", ""},
                 {"User-Agent", "u"}}) ==
          std::vector<std::string>{"Host:", "Accept-Encoding:", "Expect:", "Proxy-Connection:", "accept: a", "HOST: h",
                                   "x-empty;", "x-blank;", "content-type;", "User-Agent: u"});
}

TEST_CASE("An option that libcurl refuses is named when the transfer would begin") {
    curl_api::share const shared;
    auto session = curl_api::session::open(shared);
    REQUIRE(session);
    (*session)->set(CURLOPT_MAXAGE_CONN, -1L);
    (*session)->set(CURLOPT_URL, "http://127.0.0.1/");
    auto const joined = (*session)->join(1);
    REQUIRE_FALSE(joined);
    CHECK(joined.error().code == fargate::errc::internal);
    CHECK(joined.error().message.find("option " + std::to_string(CURLOPT_MAXAGE_CONN)) != std::string::npos);

    (*session)->forget();
    (*session)->set(CURLOPT_URL, "http://127.0.0.1/");
    CHECK((*session)->join(1));
}

TEST_CASE("A SIGPIPE of this thread dies inside the guard, and the mask is as before") {
    REQUIRE_FALSE(is_blocked(SIGPIPE));
    {
        curl_api::sigpipe_guard const guard;
        CHECK(is_blocked(SIGPIPE));
        pthread_kill(pthread_self(), SIGPIPE);
    }
    CHECK_FALSE(is_blocked(SIGPIPE));
}

TEST_CASE("A SIGPIPE that was pending before the guard is still pending after it") {
    sigset_t sigpipe;
    sigset_t before;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    pthread_kill(pthread_self(), SIGPIPE);
    { curl_api::sigpipe_guard const guard; }
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGPIPE) == 1);
    int number = 0;
    if (sigismember(&pending, SIGPIPE) == 1) sigwait(&sigpipe, &number);
    CHECK(number == SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
