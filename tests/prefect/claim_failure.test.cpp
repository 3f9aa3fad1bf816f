#include <fargate/prefect/claim_failure.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

using namespace fargate;
using prefect::claim_failure;

namespace {

error answered(int status, std::string const& body) {
    return prefect::read_answer({status, {}, body}, "http://h/", testing_support::server_settings(), {}).error();
}

} // namespace

TEST_CASE("a claim's failure says who has the run, what is wrong with it, that nothing was done, or nothing") {
    auto const meaning = [](error const& why) { return prefect::claim_failure_of(why, false); };
    CHECK(meaning(answered(200, testing_support::recorded("error_http200_state_update_failed"))) ==
          claim_failure::taken);
    CHECK(meaning(answered(200, testing_support::recorded("error_http200_version_lock"))) == claim_failure::taken);
    CHECK(meaning(answered(400, testing_support::recorded("error_http400_unknown_field"))) == claim_failure::refused);
    for (int const status : {302, 401, 403, 404, 405, 413, 429})
        CHECK(meaning(answered(status, "")) == claim_failure::not_made);
    CHECK(meaning(answered(200, testing_support::recorded("error_http200_unauthenticated"))) ==
          claim_failure::not_made);
    for (auto const code : {errc::untrusted_peer, errc::bad_configuration, errc::cancelled})
        CHECK(meaning(fail(code, "")) == claim_failure::not_made);
    for (int const status : {500, 502, 503, 504}) CHECK(meaning(answered(status, "")) == claim_failure::open);
    CHECK(meaning(answered(200, testing_support::recorded("error_http200_api_error"))) == claim_failure::open);
    CHECK(meaning(answered(200, R"({"errors": [{"message": "timed out"}]})")) == claim_failure::open);
    CHECK(meaning(answered(200, "{\"data\":")) == claim_failure::open);
    for (auto const code : {errc::timed_out, errc::connection_failed, errc::too_large, errc::internal})
        CHECK(meaning(fail(code, "")) == claim_failure::open);
}

TEST_CASE("after an exchange that may have been carried out, no refusal says anything") {
    for (auto const* const name : {"error_http200_state_update_failed", "error_http200_version_lock"})
        CHECK(prefect::claim_failure_of(answered(200, testing_support::recorded(name)), true) == claim_failure::open);
    for (int const status : {400, 401, 429})
        CHECK(prefect::claim_failure_of(answered(status, ""), true) == claim_failure::open);
}
