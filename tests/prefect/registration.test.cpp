#include <fargate/prefect/registration.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/scripted_http.hpp>

using namespace fargate;
using testing_support::recorded;

// How an agent becomes known is tested with the server that it is a part of.

namespace {

struct bench {
    explicit bench(prefect::settings given) : options{std::move(given)} {}

    bench& reply(int status, std::string body) {
        http.reply(status, std::move(body));
        return *this;
    }
    std::vector<std::string> fleet(bool anew) {
        auto const found = ourselves.fleet(anew, {});
        REQUIRE(found);
        return *found;
    }

    prefect::settings options;
    testing::scripted_http http;
    testing::manual_clock clock;
    testing::captured_log log;
    prefect::client<testing::scripted_http, testing::manual_clock> api{http, clock, options};
    prefect::registration<testing::scripted_http, testing::manual_clock, testing::captured_log> ourselves{api, log,
                                                                                                          options};
};

using names = std::vector<std::string>;

constexpr char const* own = "83a51fe7-6294-40b5-b3d1-5a6c1e2094fe";
constexpr char const* three_agents = R"({"data": {"agent": [{"id": "a", "labels": ["prod", "aws"]},
    {"id": "b", "labels": ["aws", "gpu", "prod"]}, {"id": "c", "labels": ["aws", "prod"]}]}})";

} // namespace

TEST_CASE("the fleet is ourselves and the agents of our kind, tenant and labels") {
    bench with{testing_support::server_settings()};
    with.reply(200, recorded("tenant")).reply(200, recorded("register_agent"));
    CHECK(with.fleet(true).empty()); // whose agents would they be?
    CHECK(with.http.requests().empty());
    REQUIRE(with.ourselves.enroll({}));
    CHECK(with.ourselves.tenant() == "72940fd6-5183-4fa4-a2c0-495b0d1f83ed");

    with.reply(200, three_agents);
    CHECK(with.fleet(false) == names{"a", "c", own});
    CHECK(testing_support::asked_by(with.http.requests().back()).query ==
          R"(query { agent(where: {type: {_eq: "FargateAgent"}, labels: {_contains: ["aws", "prod"]}, )"
          R"(tenant_id: {_eq: "72940fd6-5183-4fa4-a2c0-495b0d1f83ed"}}, )"
          "order_by: {last_queried: desc_nulls_last}, limit: 200) { id labels } }");
    auto const asked = with.http.requests().size();
    CHECK(with.fleet(false) == names{"a", "c", own});
    CHECK(with.http.requests().size() == asked);
    with.reply(200, R"({"data": {"agent": []}})");
    CHECK(with.fleet(true) == names{own});
}

TEST_CASE("a fleet that cannot be had now is the one that was known, or an error when none was") {
    bench with{testing_support::server_settings()};
    with.reply(200, recorded("tenant")).reply(200, recorded("register_agent"));
    REQUIRE(with.ourselves.enroll({}));
    with.reply(503, "");
    CHECK(with.ourselves.fleet(true, {}).error().http_status == 503);
    with.reply(200, three_agents).reply(503, "");
    CHECK(with.fleet(true).size() == 3);
    CHECK(with.fleet(true).size() == 3);
}

TEST_CASE("an API that refuses to tell agents is asked once, and it is told once") {
    bench with{testing_support::cloud_settings()};
    with.reply(200, recorded("cloud_auth_info_token_scope")).reply(200, recorded("register_agent"));
    REQUIRE(with.ourselves.enroll({}));
    with.reply(400, recorded("error_http400_unknown_field"));
    for (int turn = 0; turn != 3; ++turn) CHECK(with.fleet(true) == names{own});
    CHECK(with.http.requests().size() == 3);
    CHECK(with.log.count("does not tell the agents with our labels") == 1);
    CHECK(with.log.count(log_level::warning) + with.log.count(log_level::error) == 0);
}

TEST_CASE("the cloud's fleet is asked for without a tenant, which it knows from the token") {
    bench with{testing_support::cloud_settings()};
    with.reply(200, recorded("cloud_auth_info_token_scope")).reply(200, recorded("register_agent"));
    REQUIRE(with.ourselves.enroll({}));
    with.reply(200, R"({"data": {"agent": [{"id": "a", "labels": []}, {"id": "b", "labels": null}, {"labels": []}]}})");
    CHECK(with.fleet(true) == names{"a", "b", own});
    CHECK(testing_support::asked_by(with.http.requests().back()).query.find("tenant_id") == std::string::npos);
}

TEST_CASE(
    "an answer to the registration that cannot be read is no refusal: runs are not claimed without an agent's id") {
    auto const options = testing_support::server_settings();
    for (auto const& [status, body] :
         {std::pair{200, R"({"data": {"register_a)"}, std::pair{200, R"({"data": {"register_agent": null}})"},
          std::pair{200, "<html>"}, std::pair{500, "{}"}, std::pair{429, "{}"}}) {
        INFO(status << " " << body);
        bench with{options};
        with.reply(200, recorded("tenant"));
        for (int i = 0; i != 8; ++i) with.reply(status, body);
        CHECK_FALSE(with.ourselves.catch_up({}));
    }
}

TEST_CASE("a visit leaves it to the cloud whether a key's owner is of the tenant that is named") {
    auto options = testing_support::server_settings();
    options.backend = prefect::backend::cloud;
    options.api_key = secret{"KEY"};
    options.tenant_id = "72940FD6-5183-4FA4-A2C0-495B0D1F83ED";
    bench with{options};
    with.reply(200, R"({"data": {"auth_info": {"tenant_id": "11111111-2222-4333-8444-555555555555"}}})");
    CHECK(with.ourselves.visit({}));
    with.reply(200, R"({"data": {"auth_info": {"tenant_id": null}}})");
    auto const no_key = with.ourselves.visit({});
    REQUIRE_FALSE(no_key);
    CHECK(no_key.error().code == errc::unauthorized);
}
