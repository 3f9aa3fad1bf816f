#include <fargate/prefect/state.hpp>

#include "prefect/recorded.hpp"
#include "support/catch.hpp"

#include <fargate/prefect/graphql.hpp>
#include <fargate/prefect/state_queries.hpp>

using namespace fargate;
using testing_support::json_of;
using testing_support::same;

namespace {

json::value typed(char const* type) {
    auto state = json::value::object();
    json::set(state, "type", type);
    return state;
}

} // namespace

TEST_CASE("five types of state wait to be submitted, the other known ones do not") {
    for (char const* const type : {"Scheduled", "Resume", "Retrying", "Paused", "Queued"}) {
        INFO(type);
        auto const scheduled = prefect::is_scheduled(typed(type));
        REQUIRE(scheduled);
        CHECK(*scheduled);
    }
    for (char const* const type :
         {"Cancelled", "Cached", "ClientFailed", "Failed", "Finished", "Looped", "Mapped", "Pending", "Running",
          "Cancelling", "Skipped", "Submitted", "Success", "TimedOut", "TriggerFailed", "ValidationFailed"}) {
        INFO(type);
        auto const scheduled = prefect::is_scheduled(typed(type));
        REQUIRE(scheduled);
        CHECK_FALSE(*scheduled);
    }
}

TEST_CASE("a state without a type or of an unknown one is an error that names it") {
    for (auto const& state : {json_of("null"), json_of("{}"), json_of(R"({"type": null})"), json_of(R"({"type": 5})"),
                              json_of("[]"), json_of(R"("Scheduled")")})
        CHECK(prefect::is_scheduled(state).error().code == errc::malformed_response);
    auto const unknown = prefect::is_scheduled(typed("Marinating"));
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message.find("Marinating") != std::string::npos);
    CHECK(prefect::is_scheduled(typed("scheduled")).error().code == errc::malformed_response);
    CHECK(prefect::is_scheduled(typed(std::string(100'000, 'x').c_str())).error().message.size() < 200);
}

TEST_CASE("Submitted carries the received state as it is, unknown members too") {
    auto const before = json_of(R"({"type": "Retrying", "run_count": 2, "start_time": "2020-12-09T08:30:00Z",
        "cached_inputs": {"x": {"type": "FutureResult", "a": [1]}}, "shoe_size": 45})");
    CHECK(same(prefect::submitted_state(before, "Submitted for execution", "0.13.19"), json_of(R"({
        "type": "Submitted", "message": "Submitted for execution", "context": {}, "cached_inputs": {},
        "_result": {"type": "NoResultType", "__version__": "0.13.19"},
        "state": {"type": "Retrying", "run_count": 2, "start_time": "2020-12-09T08:30:00Z",
                  "cached_inputs": {"x": {"type": "FutureResult", "a": [1]}}, "shoe_size": 45},
        "__version__": "0.13.19"})")));
}

TEST_CASE("a wrapper is taken off before its state is nested") {
    auto const nested = [](char const* text) {
        auto const state = prefect::submitted_state(json_of(text), "m", "0.13.19");
        return *state.find("state");
    };
    CHECK(nested(R"({"type": "Queued", "state": {"type": "Scheduled"}})") == json_of(R"({"type": "Scheduled"})"));
    CHECK(nested(R"({"type": "Submitted", "state": {"type": "Paused"}})") == json_of(R"({"type": "Paused"})"));
    CHECK(nested(R"({"type": "ClientFailed", "state": {"type": "Failed"}})") == json_of(R"({"type": "Failed"})"));
    CHECK(nested(R"({"type": "Queued", "state": {"type": "Submitted", "state": {"type": "Resume"}}})") ==
          json_of(R"({"type": "Resume"})"));
    CHECK(nested(R"({"type": "Queued", "state": null})") == nullptr);
    CHECK(nested(R"({"type": "Queued"})") == nullptr);
    CHECK(nested(R"({"type": "Paused", "state": {"type": "Scheduled"}})") ==
          json_of(R"({"type": "Paused", "state": {"type": "Scheduled"}})"));
}

TEST_CASE("Failed carries the reason and no earlier state") {
    CHECK(same(prefect::failed_state("no image", "0.13.19"), json_of(R"({
        "type": "Failed", "message": "no image", "context": {}, "cached_inputs": {},
        "_result": {"type": "NoResultType", "__version__": "0.13.19"}, "__version__": "0.13.19"})")));
}

TEST_CASE("Cancelled is made likewise") {
    CHECK(same(prefect::cancelled_state("its task was stopped", "0.13.19"), json_of(R"({
        "type": "Cancelled", "message": "its task was stopped", "context": {}, "cached_inputs": {},
        "_result": {"type": "NoResultType", "__version__": "0.13.19"}, "__version__": "0.13.19"})")));
}

TEST_CASE("a state's type says how far its run is") {
    for (char const* const type : {"Scheduled", "Resume", "Retrying", "Paused", "Queued", "Pending"})
        CHECK(prefect::life_of(type) == run_life::waiting);
    CHECK(prefect::life_of("Submitted") == run_life::claimed);
    CHECK(prefect::life_of("Running") == run_life::running);
    CHECK(prefect::life_of("Cancelling") == run_life::cancelling);
    CHECK(prefect::life_of("Cancelled") == run_life::cancelled);
    for (char const* const type : {"Success", "Failed", "TimedOut", "Skipped", "Cached", "Marinating", ""})
        CHECK(prefect::life_of(type) == run_life::finished);
}

TEST_CASE("a reason of any length and any bytes leaves state and request far below the server's million bytes") {
    for (std::string const& unit : {std::string{"a"}, std::string{"\x01"}, std::string{"\""}, std::string{"\\"},
                                    std::string{"\xC3\xA9"}, std::string{"\xF0\x9F\x91\x8B"}, std::string{"\xFF"}}) {
        std::string reason;
        while (reason.size() < 3'000'000) reason += unit;
        auto const state = prefect::failed_state(reason, "0.13.19");
        CHECK(json::write(state).size() < 500'000);
        CHECK(prefect::write_operation(prefect::set_flow_run_state_mutation("id", 2, state)).size() < 600'000);
        auto const message = json::text_of(state, "message").value_or("");
        CHECK(message.substr(0, 60'000) == reason.substr(0, 60'000));
        CHECK(message.ends_with(" more bytes)"));
    }
}

TEST_CASE("a message is cut between characters and says how much is missing") {
    CHECK(prefect::bounded_message("abc", 3) == "abc");
    CHECK(prefect::bounded_message("abcd", 3) == "abc... (1 more bytes)");
    CHECK(prefect::bounded_message("a\xC3\xA9z", 2) == "a... (3 more bytes)");
    CHECK(prefect::bounded_message("a\xC3\xA9z", 3) == "a\xC3\xA9... (1 more bytes)");
    CHECK(prefect::bounded_message("\xF0\x9F\x91\x8B!", 3) == "... (5 more bytes)");
    CHECK(prefect::bounded_message("\x80\x80\x80\x80\x80\x80", 5) == "\x80\x80... (4 more bytes)");
}
