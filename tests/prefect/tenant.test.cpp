#include <fargate/prefect/tenant.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/server.hpp>
#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/fake_prefect.hpp>
#include <fargate/testing/manual_clock.hpp>
#include <fargate/testing/time_source.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::cloud_settings;
using testing_support::server_settings;

namespace {

constexpr char const* other_tenant = "0e9f9a4c-6c5d-4a35-a2d0-0a9f6b1d2c3e";

/// The way to a backend, with an eye on two header fields.
struct watched {
    testing::fake_prefect& prefect;
    std::vector<std::string> bearers{};
    std::vector<std::string> tenants{};

    result<http::response> send(http::request const& request) {
        bearers.emplace_back(request.headers.value_of("Authorization"));
        tenants.emplace_back(request.headers.value_of("X-PREFECT-TENANT-ID"));
        return prefect.send(request);
    }
};

/// An agent's source against a whole backend.
struct bench {
    bench(prefect::settings options, testing::prefect_setup setup) :
        prefect{std::move(setup), testing::time_of(clock)}, source{wire, clock, log, std::move(options)} {}

    std::vector<std::string> asked() const {
        std::vector<std::string> made;
        for (auto const& each : prefect.log().all()) made.push_back(each.operation);
        return made;
    }

    testing::manual_clock clock;
    testing::captured_log log;
    testing::fake_prefect prefect;
    watched wire{prefect};
    std::vector<std::string> const& bearers = wire.bearers;
    std::vector<std::string> const& tenants = wire.tenants;
    prefect::server<watched, testing::manual_clock, testing::captured_log> source;
};

using names = std::vector<std::string>;

testing::prefect_setup cloud() {
    testing::prefect_setup made;
    made.cloud = true;
    made.token = "RUNNER-TOKEN";
    made.api_key = "KEY";
    return made;
}

prefect::settings with_key() {
    prefect::settings made;
    made.api_key = secret{"KEY"};
    return made;
}

prefect::settings logged_in(std::string tenant) {
    auto made = cloud_settings();
    made.switch_to_tenant = std::move(tenant);
    return made;
}

bool mentions(error const& why, std::string_view part) { return why.message.find(part) != std::string::npos; }

} // namespace

TEST_CASE(
    "7: 0.15.0: with a key there is no scope check, and the tenant is the key's own, in the header from then on") {
    bench with{with_key(), cloud()};
    REQUIRE(with.source.open());
    REQUIRE(with.source.poll({}));
    CHECK(with.asked() == names{"auth_info", "register_agent", "hello", "get_runs_in_queue"});
    auto const id = with.prefect.tenant_id();
    CHECK(with.tenants == names{"", id, id, id});
    CHECK(with.bearers == names{"Bearer KEY", "Bearer KEY", "Bearer KEY", "Bearer KEY"});
    CHECK(with.prefect.log().all("register_agent")[0].body.find(id) != std::string::npos);
    CHECK(with.prefect.log().all("get_runs_in_queue")[0].body.find(id) != std::string::npos);
}

TEST_CASE("7: 0.15.0: a configured tenant goes with the key from the first request") {
    auto options = with_key();
    bench ours{options, cloud()};
    options.tenant_id = ours.prefect.tenant_id();
    bench with{options, cloud()};
    REQUIRE(with.source.open());
    CHECK(with.asked() == names{"register_agent", "hello"});
    CHECK(with.tenants == names{options.tenant_id, options.tenant_id});

    options.tenant_id = other_tenant;
    bench strange{options, cloud()};
    CHECK(strange.source.open().error().code == errc::unauthorized);
}

TEST_CASE("7: 0.15.0: a key counts before a token, and a login's tenant is nothing to it") {
    auto options = logged_in(other_tenant);
    options.api_key = secret{"KEY"};
    bench with{options, cloud()};
    REQUIRE(with.source.open());
    CHECK(with.asked() == names{"auth_info", "register_agent", "hello"});
    CHECK(with.bearers.front() == "Bearer KEY");
}

TEST_CASE(
    "7: 0.15.0: auth_info { tenant_id } null: An API token was used as an API key, and the error says what to do") {
    auto options = with_key();
    options.api_key = secret{"RUNNER-TOKEN"};
    bench with{options, cloud()};
    auto const opened = with.source.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::unauthorized);
    CHECK(mentions(opened.error(), "it is an API token: give it as one (--token)"));
    CHECK(with.asked() == names{"auth_info"});
}

TEST_CASE("7: 0.15.0: a server takes a key as it takes a token, and its first tenant goes into the header") {
    auto options = server_settings();
    options.api_key = secret{"KEY"};
    bench with{options, {}};
    REQUIRE(with.source.open());
    REQUIRE(with.source.poll({}));
    auto const id = with.prefect.tenant_id();
    CHECK(with.asked() == names{"tenant", "register_agent", "hello", "get_runs_in_queue"});
    CHECK(with.tenants == names{"", id, id, id});
    CHECK(with.bearers.front() == "Bearer KEY");
}

TEST_CASE("7: 0.15.0: Server without tenants: explicit error asking to create one") {
    bench with{server_settings(), {.no_tenant = true}};
    REQUIRE(with.source.open());
    auto const polled = with.source.poll({});
    REQUIRE_FALSE(polled);
    CHECK(mentions(polled.error(), "make one (prefect server create-tenant)"));
}

TEST_CASE("7: 0.15.0: Tokens deprecated but still work, without a tenant") {
    bench with{cloud_settings(), cloud()};
    REQUIRE(with.source.open());
    REQUIRE(with.source.poll({}));
    CHECK(with.asked() == names{"auth_info", "register_agent", "hello", "get_runs_in_queue"});
    CHECK(with.tenants == names{"", "", "", ""});
}

TEST_CASE("2.6: a login's tenant is looked up and switched to by the API token, then requests carry the access token") {
    auto setup = cloud();
    setup.other_tenants = {other_tenant};
    bench with{logged_in(other_tenant), setup};
    REQUIRE(with.source.open());
    REQUIRE(with.source.poll({}));
    CHECK(with.asked() ==
          names{"auth_info", "tenant", "switch_tenant", "register_agent", "hello", "get_runs_in_queue"});
    CHECK(with.bearers == names{"Bearer RUNNER-TOKEN", "Bearer RUNNER-TOKEN", "Bearer RUNNER-TOKEN", "Bearer access-1",
                                "Bearer access-1", "Bearer access-1"});
    CHECK(with.tenants == names(6, ""));
    CHECK(with.prefect.log().all("register_agent")[0].body.find(other_tenant) != std::string::npos);

    // Renewed in time, by the refresh token, as often as need be.
    for (int round = 1; round != 4; ++round) {
        with.clock.advance(10min - 29s);
        REQUIRE(with.source.poll({}));
        CHECK(with.asked()[with.asked().size() - 2] == "refresh_token");
        CHECK(with.bearers[with.bearers.size() - 2] == "Bearer refresh-" + std::to_string(round));
        CHECK(with.bearers.back() == "Bearer access-" + std::to_string(round + 1));
    }
    with.clock.advance(10min - 30s);
    REQUIRE(with.source.poll({}));
    CHECK(with.asked().back() == "get_runs_in_queue");
    CHECK(with.prefect.log().count("refresh_token") == 3);
}

TEST_CASE("2.6: a login that has ended fails the polls with what to do, and never the registration") {
    bench with{cloud_settings(), cloud()};
    auto const tenant = with.prefect.tenant_id();
    bench in{logged_in(tenant), cloud()};
    REQUIRE(in.source.open());
    in.prefect.revoke_access();
    in.clock.advance(10min);
    auto const polled = in.source.poll({});
    REQUIRE_FALSE(polled);
    CHECK(polled.error().code == errc::unauthorized);
    CHECK(mentions(polled.error(), "log in again (prefect auth login)"));
    CHECK(polled.error().message.find("access-1") == std::string::npos);
    CHECK(in.prefect.log().count("register_agent") == 1);
}

TEST_CASE("2.6: an empty result gives: No matching tenants found.") {
    bench with{logged_in(other_tenant), cloud()};
    auto const opened = with.source.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::bad_configuration);
    CHECK(mentions(opened.error(), "no matching tenants found"));
    CHECK(with.asked() == names{"auth_info", "tenant"});
}

TEST_CASE("2.6: a non-UUID id gives: The tenant_id must be a valid UUID.") {
    bench with{logged_in("my-team"), cloud()};
    auto const opened = with.source.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::bad_configuration);
    CHECK(mentions(opened.error(), "is not a UUID"));
    CHECK(with.asked() == names{"auth_info"});
}

TEST_CASE("7: 0.15.1: with a token whose tenant switch is refused, ask tenant { id }, need exactly one") {
    auto setup = cloud();
    setup.may_switch_tenant = false;
    bench alone{cloud_settings(), setup};
    auto const tenant = alone.prefect.tenant_id();
    bench with{logged_in(tenant), setup};
    REQUIRE(with.source.open());
    CHECK(with.asked() == names{"auth_info", "tenant", "switch_tenant", "tenant", "register_agent", "hello"});
    CHECK(with.bearers == names(6, "Bearer RUNNER-TOKEN"));
    CHECK(with.prefect.log().all("register_agent")[0].body.find(tenant) != std::string::npos);

    setup.other_tenants = {other_tenant};
    bench two{logged_in(tenant), setup};
    auto const opened = two.source.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::unauthorized);
    CHECK(mentions(opened.error(), "may not enter its active tenant"));
    CHECK(mentions(opened.error(), "Unauthenticated"));
    CHECK(two.asked() == names{"auth_info", "tenant", "switch_tenant", "tenant"});
}

TEST_CASE("2.6: an API that is silent at the switch is an error as it is, and the start begins where it broke off") {
    bench known{cloud_settings(), cloud()};
    bench with{logged_in(known.prefect.tenant_id()), cloud()};
    for (int attempt = 0; attempt != 7; ++attempt)
        with.prefect.faults().fail("switch_tenant", static_cast<std::size_t>(attempt), testing::dropped());
    CHECK(with.source.open().error().code == errc::connection_failed);
    CHECK(with.prefect.log().count("switch_tenant") == 7);
    REQUIRE(with.source.open());
    CHECK(with.prefect.log().count("auth_info") == 1);
    CHECK(with.bearers.back() == "Bearer access-1");
}

TEST_CASE(
    "2.6: an explicit RUNNER token still triggers tenant switching from a developer's login, and on failure wipes "
    "that login: fix: explicit token: no switching, never write the settings file") {
    // Without settings::switch_to_tenant a token is never exchanged, and nothing here can write a file.
    bench with{cloud_settings(), cloud()};
    REQUIRE(with.source.open());
    CHECK(with.prefect.log().count("switch_tenant") == 0);
    CHECK(with.bearers == names(3, "Bearer RUNNER-TOKEN"));
}

TEST_CASE("2.6: stored user token accepted as agent token, then rejected by the scope check: before any switching") {
    auto setup = cloud();
    setup.token_scope = "USER";
    bench with{logged_in(other_tenant), setup};
    auto const opened = with.source.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message == "Provided token does not have a RUNNER scope.");
    CHECK(with.asked() == names{"auth_info"});
}
