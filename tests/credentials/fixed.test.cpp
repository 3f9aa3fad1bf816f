#include <fargate/credentials/fixed.hpp>

#include <fargate/aws/policy.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <chrono>

using namespace std::chrono_literals;
using fargate::errc;
using fargate::secret;
using fargate::credentials::access_key;
using fargate::credentials::fixed;
using testing_support::shown;
using testing_support::world;

static_assert(fargate::credential_policy<fixed, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         fargate::testing::map_environment>);
static_assert(fargate::credential_policy<fixed const, fargate::testing::scripted_http, fargate::testing::manual_clock,
                                         fargate::testing::map_environment>);

TEST_CASE("a fixed key is handed out as it was given") {
    world w;
    CHECK(shown(*w.fetch(fixed{"AKID", "s"})) == "AKID/s");
    CHECK(shown(*w.fetch(fixed{"AKID", "s", "t"})) == "AKID/s/t");
    CHECK(shown(*w.fetch(fixed{"AKID", secret{"s"}, secret{"t"}})) == "AKID/s/t");
    CHECK(w.fetch(fixed{"AKID", "s"})->source == "fixed");
}

TEST_CASE("what a fixed key carries beside its texts stays") {
    world w;
    access_key key;
    key.id = "AKID";
    key.secret_key = secret{"s"};
    key.expires = w.clock.now() + 1h;
    key.account_id = "123456789012";
    key.source = "vault";
    key.generation = 42;
    auto const fetched = w.fetch(fixed{key});
    REQUIRE(fetched);
    CHECK(fetched->expires == w.clock.now() + 1h);
    CHECK(fetched->account_id == "123456789012");
    CHECK(fetched->source == "vault");
    CHECK(fetched->generation == 42);
}

TEST_CASE("no fixed key is nothing to see, half of one is a mistake") {
    world w;
    CHECK(w.fetch(fixed{}).error().code == errc::not_configured);
    CHECK(w.fetch(fixed{"", ""}).error().code == errc::not_configured);
    auto const half = w.fetch(fixed{"AKID", ""});
    CHECK(half.error().code == errc::bad_configuration);
    CHECK_THAT(half.error().message, Catch::Contains("aws_secret_access_key"));
    CHECK_THAT(w.fetch(fixed{"", "s"}).error().message, Catch::Contains("aws_access_key_id"));
    CHECK(w.fetch(fixed{"AK ID", "s"}).error().code == errc::bad_configuration);
}
