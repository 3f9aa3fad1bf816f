#include <fargate/core/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string_view>

using fargate::errc;
using fargate::error;
using fargate::fail;

TEST_CASE("every code has a name of its own, spelled like the code") {
    std::set<std::string_view> names;
    for (unsigned char code = 0; code <= static_cast<unsigned char>(errc::internal); ++code) {
        auto const name = name_of(static_cast<errc>(code));
        CHECK(name != "unknown");
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
        names.insert(name);
    }
    CHECK(names.size() == static_cast<std::size_t>(errc::internal) + 1);
    CHECK(name_of(errc::timed_out) == "timed_out");
    CHECK(name_of(errc::lost_claim) == "lost_claim");
    CHECK(name_of(static_cast<errc>(200)) == "unknown");
}

TEST_CASE("an error of our own making has a code, a message and nothing else") {
    auto const why = fail(errc::timed_out, "no answer in 30 s");
    CHECK(why.code == errc::timed_out);
    CHECK(why.message == "no answer in 30 s");
    CHECK_FALSE(why.retryable);
    CHECK(why.http_status == 0);
    CHECK(why.service_code.empty());
    CHECK(why.request_id.empty());
    CHECK(why.resources.empty());
    CHECK(fail(errc::timed_out, "", true).retryable);
}

TEST_CASE("an error that nobody filled in blames the library") { CHECK(error{}.code == errc::internal); }
