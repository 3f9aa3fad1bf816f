#include <fargate/prefect/login.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

using namespace fargate;
using namespace std::chrono_literals;
using testing_support::json_of;
using testing_support::same;

TEST_CASE("2.6: the tenant is asked for by slug null and its id") {
    auto const asked = prefect::tenant_by_id_query("0b1e");
    CHECK(asked.text ==
          "query($slug: String, $id: uuid) { tenant(where: {slug: {_eq: $slug}, id: {_eq: $id}}) { id } }");
    CHECK(same(asked.variables, json_of(R"({"slug": null, "id": "0b1e"})")));
}

TEST_CASE("2.6: switch_tenant takes the tenant, refresh_token the old access token; both give the same three fields") {
    auto const enter = prefect::switch_tenant_mutation("0b1e");
    CHECK(enter.text == "mutation($input: switch_tenant_input!) { switch_tenant(input: $input) { access_token "
                        "expires_at refresh_token } }");
    CHECK(same(enter.variables, json_of(R"({"input": {"tenant_id": "0b1e"}})")));
    auto const renew = prefect::refresh_token_mutation({secret{"old"}, secret{"refresh"}, {}});
    CHECK(renew.text == "mutation($input: refresh_token_input!) { refresh_token(input: $input) { access_token "
                        "expires_at refresh_token } }");
    CHECK(same(renew.variables, json_of(R"({"input": {"access_token": "old"}})")));
}

TEST_CASE("2.6: what is granted is read whole or not at all") {
    auto const got = prefect::read_access(json_of(R"({"switch_tenant": {"access_token": "a", "refresh_token": "r",
        "expires_at": "2024-01-02T03:04:05.250000+00:00"}})"),
                                          "switch_tenant");
    REQUIRE(got);
    CHECK(got->token == secret{"a"});
    CHECK(got->refresh_token == secret{"r"});
    CHECK(text::iso8601(got->expires_at) == "2024-01-02T03:04:05.250000+00:00");
    for (
        char const* const data :
        {"null", "{}", R"({"switch_tenant": null})", R"({"switch_tenant": {}})",
         R"({"switch_tenant": {"access_token": "a", "refresh_token": "r"}})",
         R"({"switch_tenant": {"access_token": "a", "refresh_token": "r", "expires_at": "soon"}})",
         R"({"switch_tenant": {"access_token": "a", "expires_at": "2024-01-02T03:04:05Z"}})",
         R"({"switch_tenant": {"refresh_token": "r", "expires_at": "2024-01-02T03:04:05Z"}})",
         R"({"switch_tenant": {"access_token": "a\n", "refresh_token": "r", "expires_at": "2024-01-02T03:04:05Z"}})"}) {
        auto const answer = prefect::read_access(json_of(data), "switch_tenant");
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == errc::malformed_response);
    }
}

TEST_CASE("2.6: an access is stale from 30 s before it expires") {
    time_point const end{1000s};
    prefect::access const held{secret{"a"}, secret{"r"}, end};
    CHECK_FALSE(held.is_stale(end - 30s));
    CHECK(held.is_stale(end - 30s + 1us));
}

TEST_CASE("2.6: an id of a tenant is a UUID as Python reads one") {
    CHECK(prefect::is_uuid("72940fd6-5183-4fa4-a2c0-495b0d1f83ed"));
    CHECK(prefect::is_uuid("72940FD651834FA4A2C0495B0D1F83ED"));
    for (char const* const text : {"", "-", "my-team", "72940fd6-5183-4fa4-a2c0-495b0d1f83e",
                                   "72940fd6-5183-4fa4-a2c0-495b0d1f83ed0", "g2940fd6-5183-4fa4-a2c0-495b0d1f83ed"})
        CHECK_FALSE(prefect::is_uuid(text));

    for (char const* const text : {"72940fd6-5183-4fa4-a2c0-495b0d1f83ed", "72940FD651834FA4A2C0495B0D1F83ED",
                                   "-7294-0fd651834fa4A2C0495B0D1F83ED-"})
        CHECK(prefect::plain_uuid(text) == "72940fd6-5183-4fa4-a2c0-495b0d1f83ed");
}
