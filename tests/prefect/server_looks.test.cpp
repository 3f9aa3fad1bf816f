#include <fargate/prefect/server.hpp>

#include "prefect/recorded.hpp"
#include "prefect/server_bench.hpp"
#include "support/catch.hpp"

using namespace fargate;
using testing_support::asked_by;
using testing_support::recorded;
using testing_support::server_settings;

namespace {

using bench = testing_support::server_bench;
using names = std::vector<std::string>;

constexpr char const* config_run = "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21";

constexpr char const* own_row =
    R"({"id": "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a21", "version": 3, "state": "Submitted", "agent_id": null,
        "serialized_state": {"type": "Submitted"}, "flow": {"id": "f"}, "task_runs": []})";

std::string rows_of(std::string const& rows) { return R"({"data": {"flow_run": [)" + rows + "]}}"; }

std::string unknown_column(char const* column, char const* table) {
    return std::string{R"({"errors": [{"message": "Cannot query field \")"} + column + R"(\" on type \")" + table +
           R"(\".", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]})";
}

/// As many ids as that, each another one.
std::vector<std::string> many_ids(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i != count; ++i) {
        auto const digits = std::to_string(i);
        ids.push_back("00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits);
    }
    return ids;
}

std::size_t ids_in(http::request const& request) {
    std::size_t count = 0;
    auto const query = asked_by(request).query;
    for (auto at = query.find("00000000-"); at != std::string::npos; at = query.find("00000000-", at + 1)) ++count;
    return count;
}

} // namespace

TEST_CASE("look asks for a hundred runs at a time, for the fleet once, and for no id that is none") {
    bench with{server_settings()};
    with.opened();
    CHECK(with.source.look({})->empty());
    std::string const odd[] = {"", "mine", "c2a9e6f4-5d2b-4f0e-8a77-6b1e3d4c5a2Z"};
    CHECK(with.source.look(odd)->empty());
    CHECK(with.source.cancelling(odd)->empty());
    CHECK(with.requests().empty());

    auto const ids = many_ids(201);
    with.reply(200, R"({"data": {"agent": []}})");
    for (int page = 0; page != 3; ++page) with.reply(200, rows_of(""));
    CHECK(with.source.look(ids)->empty());
    CHECK(with.fields() == names{"agent", "flow_run", "flow_run", "flow_run"});
    CHECK(ids_in(with.requests()[1]) == 100);
    CHECK(ids_in(with.requests()[3]) == 1);
    with.reply(200, rows_of(own_row));
    CHECK(with.source.look(std::vector{ids[0]})->size() == 1);
    CHECK(with.requests().size() == 5);
}

TEST_CASE("cancelling asks for five hundred runs at a time, and for their ids only") {
    bench with{server_settings()};
    with.opened();
    auto const ids = many_ids(501);
    with.reply(200, rows_of(R"({"id": "00000000-0000-4000-8000-000000000007"}, {"id": "another"})"));
    with.reply(200, rows_of(R"({"id": "00000000-0000-4000-8000-000000000500"})"));
    CHECK(*with.source.cancelling(ids) == std::vector{ids[7], ids[500]});
    CHECK(ids_in(with.requests()[0]) == 500);
    CHECK(
        asked_by(with.requests()[1]).query ==
        R"(query { flow_run(where: {id: {_in: ["00000000-0000-4000-8000-000000000500"]}, state: {_in: ["Cancelling", )"
        R"("Cancelled"]}}) { id } })");
    with.reply(500, "");
    CHECK(with.source.cancelling(ids).error().http_status == 500);
    with.reply(200, R"({"data": {"flow_run": [{}]}})");
    CHECK(with.source.cancelling(ids).error().code == errc::malformed_response);
}

TEST_CASE("a column that the api does not know is told once, and not asked for again") {
    bench with{server_settings()};
    with.opened().reply(200, R"({"data": {"agent": []}})");
    with.reply(400, unknown_column("run_config", "flow_run")).reply(400, unknown_column("states", "flow_run"));
    with.reply(200, rows_of(own_row));
    std::string const id[] = {config_run};
    REQUIRE(with.source.look(id)->size() == 1);
    CHECK(with.fields() == names{"agent", "flow_run", "flow_run", "flow_run"});
    CHECK(with.log.count("knows no run_config of flow runs") == 1);
    CHECK(with.log.count("shows no past states of runs") == 1);

    with.reply(200, R"({"data": {"agent": []}})").reply(200, rows_of(own_row));
    REQUIRE(with.source.owned()->size() == 1);
    with.reply("get_runs_in_queue").reply(200, rows_of(""));
    REQUIRE(with.source.poll({}));
    auto const requests = with.requests();
    CHECK(requests.size() == 8);
    CHECK(asked_by(requests[5]).query.find("states(") == std::string::npos);
    CHECK(asked_by(requests[7]).query.find("scheduled_start_time run_config") == std::string::npos);
}

TEST_CASE("owned asks page by page, as long as one is full and five hundred are not found") {
    bench with{server_settings()};
    with.opened();
    auto const page = [&](std::size_t from, std::size_t count) {
        std::string rows;
        auto const ids = many_ids(from + count);
        for (std::size_t i = from; i != from + count; ++i)
            rows += (rows.empty() ? "" : ",") + std::string{R"({"version": 3, "flow": {"id": "f"}, "id": ")"} + ids[i] +
                    "\"}";
        return rows_of(rows);
    };
    with.reply(200, R"({"data": {"agent": []}})").reply(200, page(0, 100)).reply(200, page(99, 3));
    CHECK(with.source.owned()->size() == 102); // one had moved from the first page to the second
    CHECK(with.fields() == names{"agent", "flow_run", "flow_run"});
    CHECK(asked_by(with.requests()[2]).query.find("limit: 100, offset: 100") != std::string::npos);

    with.past = with.http.requests().size();
    with.reply(200, R"({"data": {"agent": []}})");
    for (std::size_t i = 0; i != 5; ++i) with.reply(200, page(100 * i, 100));
    CHECK(with.source.owned()->size() == 500);
    CHECK(with.requests().size() == 6);
    CHECK(with.http.remaining() == 0);
}

TEST_CASE("an agent that is not registered and knows no other owns nothing, and asks for nothing") {
    bench with{server_settings()};
    with.reply("tenant").reply(400, recorded("error_http400_unknown_field")).reply("hello");
    REQUIRE(with.source.open());
    with.past = with.http.requests().size();
    with.reply(200, R"({"data": {"agent": []}})");
    CHECK(with.source.owned()->empty());
    CHECK(with.fields() == names{"agent"});
}
