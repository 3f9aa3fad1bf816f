#include <fargate/credentials/assume_role.hpp>

#include <fargate/aws/policy.hpp>
#include <fargate/credentials/cached.hpp>
#include <fargate/credentials/chain.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/fixed.hpp>
#include <fargate/testing/signature_check.hpp>

#include "credentials/sts_answers.hpp"
#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace aws = fargate::aws;
namespace credentials = fargate::credentials;
using credentials::assume_role;
using credentials::environment;
using credentials::fixed;
using fargate::errc;
using fargate::testing::manual_clock;
using fargate::testing::map_environment;
using fargate::testing::scripted_http;
using testing_support::refusal_of_sts;
using testing_support::role_answer;
using testing_support::shown;
using testing_support::world;

static_assert(fargate::credential_policy<assume_role<environment>, scripted_http, manual_clock, map_environment>);

namespace {

aws::role_request role(std::string name) {
    aws::role_request made;
    made.role_arn = "arn:aws:iam::123456789012:role/" + std::move(name);
    return made;
}

world with_key() {
    return world{{{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                  {"AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
                  {"AWS_REGION", "eu-west-1"}}};
}

bool signed_by(fargate::http::request const& request, fargate::testing::known_key key) {
    fargate::testing::signature_check check;
    check.accept_only({std::move(key)});
    fargate::testing::signature_rules rules;
    rules.service = "sts";
    return !check.inspect(request, rules, manual_clock::default_start);
}

} // namespace

TEST_CASE("a role is taken on with the key of its source") {
    auto w = with_key();
    w.http.reply(200, role_answer("AssumeRole", "ONE"));
    auto const key = w.fetch(assume_role<environment>{role("one")});
    REQUIRE(key);
    CHECK(shown(*key) == "ONE/secret-ONE/token-ONE");
    CHECK(key->source == "assume_role");
    CHECK(key->account_id == "123456789012");
    CHECK(key->expires);
    CHECK_THAT(w.http.requests().at(0).body,
               Catch::Contains("role%2Fone") && Catch::Contains("RoleSessionName=fargate-1704164645"));
    CHECK(signed_by(w.http.requests().at(0), fargate::testing::example_key()));
}

TEST_CASE("roles that stand on roles sign with each other's keys, session token included") {
    using two = assume_role<assume_role<environment>>;
    using three = assume_role<two>;
    auto w = with_key();
    for (char const* const each : {"ONE", "TWO", "THREE"}) w.http.reply(200, role_answer("AssumeRole", each));
    auto const key = w.fetch(three{role("3"), two{role("2"), assume_role<environment>{role("1")}}});
    REQUIRE(key);
    CHECK(shown(*key) == "THREE/secret-THREE/token-THREE");
    auto const sent = w.http.requests();
    REQUIRE(sent.size() == 3);
    CHECK(signed_by(sent[0], fargate::testing::example_key()));
    CHECK(signed_by(sent[1], {"ONE", "secret-ONE", "token-ONE", {}}));
    CHECK(signed_by(sent[2], {"TWO", "secret-TWO", "token-TWO", {}}));
    CHECK_FALSE(signed_by(sent[2], {"ONE", "secret-ONE", "token-ONE", {}}));
}

TEST_CASE("the options decide where the role is asked for") {
    auto w = with_key();
    w.http.reply(200, role_answer("AssumeRole", "ONE"));
    aws::client_options there;
    there.region = "ap-south-1";
    CHECK(w.fetch(assume_role<environment>{role("one"), {}, there}));
    CHECK(w.http.requests().at(0).url == "https://sts.ap-south-1.amazonaws.com/");
}

TEST_CASE("what STS refuses is told with the role's name") {
    auto w = with_key();
    w.http.reply(403, refusal_of_sts("AccessDenied", "not\nfor you"));
    auto const key = w.fetch(assume_role<environment>{role("one")});
    REQUIRE_FALSE(key);
    CHECK(key.error().message == "role arn:aws:iam::123456789012:role/one: sts AssumeRole: AccessDenied: not for you");
    CHECK(key.error().code == errc::service_error);
    CHECK(key.error().service_code == "AccessDenied");
    CHECK(key.error().http_status == 403);
}

TEST_CASE("a source without a key is broken configuration: no later source of a chain takes the role's place") {
    world w{{{"AWS_REGION", "eu-west-1"}}};
    credentials::chain<assume_role<environment>, fixed> both{assume_role<environment>{role("one")}, fixed{"A", "s"}};
    auto const key = w.fetch(both);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == errc::bad_configuration);
    CHECK_THAT(key.error().message, Catch::Contains("role/one") && Catch::Contains("AWS_ACCESS_KEY_ID is not set"));
    CHECK(w.http.requests().empty());
}

TEST_CASE("without a role there is nothing to offer, and one that STS would refuse is not asked for") {
    auto w = with_key();
    auto const none = w.fetch(assume_role<environment>{});
    REQUIRE_FALSE(none);
    CHECK(none.error().code == errc::not_configured);

    auto long_one = role("one");
    long_one.duration = std::chrono::hours{13};
    auto with_code = role("one");
    with_code.mfa_serial = "arn:aws:iam::1:mfa/me";
    for (auto const& [wanted, part] : {std::pair{long_one, "900 to 43200"}, std::pair{with_code, "mfa_serial"}}) {
        auto const key = w.fetch(assume_role<environment>{wanted});
        REQUIRE_FALSE(key);
        CHECK(key.error().code == errc::bad_configuration);
        CHECK_THAT(key.error().message, Catch::Contains("role/one") && Catch::Contains(part));
    }
    CHECK(w.http.requests().empty());
}

TEST_CASE("a source whose key has expired is asked for another, once") {
    using kept = credentials::cached<assume_role<environment>>;
    auto w = with_key();
    kept source{assume_role<environment>{role("one")}};
    // A reference, so that the cache may stay where it is.
    struct borrowed {
        kept* from = nullptr;
        auto fetch(scripted_http& http, manual_clock& clock, map_environment const& environment) const {
            return from->fetch(http, clock, environment);
        }
        void invalidate(std::uint64_t generation) const { from->invalidate(generation); }
    };
    w.http.reply(200, role_answer("AssumeRole", "OLD"));
    w.http.reply(400, refusal_of_sts("ExpiredToken", "m"));
    w.http.reply(200, role_answer("AssumeRole", "NEW"));
    w.http.reply(200, role_answer("AssumeRole", "TWO"));
    auto const key = w.fetch(assume_role<borrowed>{role("two"), borrowed{&source}});
    REQUIRE(key);
    CHECK(key->id == "TWO");
    CHECK(signed_by(w.http.requests().at(3), {"NEW", "secret-NEW", "token-NEW", {}}));
}
