#include <fargate/prefect/redirect.hpp>

#include "support/catch.hpp"

using namespace fargate;

TEST_CASE("2.1: redirects: the Location is read against the address that answered") {
    struct row {
        char const* base;
        char const* location;
        char const* made;
    };
    for (auto const& each :
         {row{"http://h:4200/a?b=c", "/d", "http://h:4200/d"}, row{"http://h/a", "//i/d", "http://i/d"},
          row{"https://h/a", "//i", "https://i/"}, row{"http://h/", "https://i?x=y", "https://i/?x=y"},
          row{"http://h/", " https://i/z#top ", "https://i/z"},
          row{"http://[::1]:4200/", "/x", "http://[::1]:4200/x"}}) {
        INFO(each.base << " and " << each.location);
        CHECK(prefect::detail::resolved(each.base, each.location) == std::string{each.made});
    }
    for (char const* const location :
         {"", "#top", "x", "?x=y", "mailto:a@b", "http://user:hunter2@h/", "http://h/a b", "http://h/\r\nX: y"}) {
        INFO(location);
        CHECK_FALSE(prefect::detail::resolved("http://h/", location));
    }
}

TEST_CASE("2.1: redirects: only 307 and 308 are followed") {
    http::request asked;
    asked.method = "POST";
    asked.url = "https://h/";
    asked.headers.add("authorization", "Bearer t");
    asked.body = "{}";
    for (int const status : {200, 300, 301, 302, 303, 304, 305, 306, 400, 500})
        CHECK_FALSE(prefect::redirected(asked, {status, {{"Location", "https://h/x"}}, ""}));
    for (int const status : {307, 308}) {
        auto const same = prefect::redirected(asked, {status, {{"location", "https://h/x"}}, ""});
        REQUIRE(same);
        CHECK(same->method == "POST");
        CHECK(same->body == "{}");
        CHECK(same->headers.value_of("Authorization") == "Bearer t");
        auto const other = prefect::redirected(asked, {status, {{"location", "https://h.evil/x"}}, ""});
        REQUIRE(other);
        CHECK_FALSE(other->headers.find("Authorization"));
        CHECK(other->body == "{}");
    }
}
