#include <fargate/service/claim_outcome.hpp>

#include "support/catch.hpp"

using namespace fargate;
using namespace std::chrono_literals;
using service::claim_outcome;
using service::read_claim;

namespace {

error answer(int status) {
    auto made = fail(errc::service_error, "no");
    made.http_status = status;
    return made;
}

} // namespace

TEST_CASE("a claim's four answers are four things to do") {
    using outcome = claim::outcome;
    CHECK(read_claim(claim{}).what == claim_outcome::kind::won);
    auto const lost = read_claim(claim{outcome::lost, "already submitted", {}});
    CHECK(lost.what == claim_outcome::kind::lost);
    CHECK(lost.why.message == "already submitted");
    CHECK(lost.wait == 5s);
    auto const later = read_claim(claim{outcome::later, "the limit is reached", 42s});
    CHECK(later.what == claim_outcome::kind::again);
    CHECK(later.wait == 42s);
    auto const unclear = read_claim(claim{outcome::unclear, "no answer", {}});
    CHECK(unclear.what == claim_outcome::kind::unclear);
    CHECK(unclear.wait == 30s);
}

TEST_CASE("an error ends a run only when it will be the same whenever it is asked for") {
    for (int const status : {200, 400, 404, 422})
        CHECK(read_claim(answer(status)).what == claim_outcome::kind::refused);
    for (int const status : {301, 401, 403, 408, 429, 500, 502, 503})
        CHECK(read_claim(answer(status)).what == claim_outcome::kind::unclear);
    for (auto const code : {errc::timed_out, errc::connection_failed, errc::cancelled, errc::malformed_response,
                            errc::too_large, errc::unauthorized})
        CHECK(read_claim(fail(code, "no answer")).what == claim_outcome::kind::unclear);
    CHECK(read_claim(fail(errc::invalid_argument, "its state has no type")).what == claim_outcome::kind::refused);
}
