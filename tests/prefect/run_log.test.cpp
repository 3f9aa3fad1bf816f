#include <fargate/prefect/run_log.hpp>

#include "prefect/recorded.hpp"
#include "prefect/server_bench.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace fargate;
using testing_support::recorded;
using testing_support::server_settings;

namespace {

using bench = testing_support::server_bench;

std::vector<run_handle> const three{{"run-1", "arn:task/1"}, {"run-2", "arn:task/2"}, {"run-3", "arn:task/3"}};

/// The runs whose lines a request holds.
std::vector<std::string> runs_in(json::value const& variables) {
    std::vector<std::string> made;
    for (auto const& each : variables["input"]["logs"]) made.push_back(testing_support::text(each, "flow_run_id"));
    return made;
}

} // namespace

TEST_CASE(
    "several runs are told their tasks by one request, in their order and with the lines they get by themselves") {
    bench with{server_settings()};
    with.opened().reply("write_run_logs").reply("write_run_logs");
    auto const told = with.source.launched_all(three);
    REQUIRE(told.size() == 3);
    for (auto const& each : told) CHECK(each);
    REQUIRE(with.requests().size() == 1);
    auto const together = with.variables(0);
    CHECK(runs_in(together) == std::vector<std::string>{"run-1", "run-2", "run-3"});
    REQUIRE(with.source.launched("run-2", "arn:task/2"));
    CHECK(with.variables(1)["input"]["logs"][0] == together["input"]["logs"][1]);
    CHECK(testing_support::text(together["input"]["logs"][2], "message") ==
          "Submitted for execution: Task ARN: arn:task/3");
}

TEST_CASE("lines that are refused together are written one by one, and each has its own answer") {
    struct row {
        int status;
        std::string body;
    };
    auto const each = GENERATE(values<row>({{200, R"({"data": {"write_run_logs": {"success": false}}})"},
                                            {200, R"({"errors": [{"message": "no such run"}]})"},
                                            {400, R"({"errors": [{"message": "no such run"}]})"},
                                            {413, "too large"}}));
    INFO(each.status << each.body);
    bench with{server_settings()};
    with.opened().reply(each.status, each.body).reply("write_run_logs").reply(each.status, each.body);
    with.reply("write_run_logs");
    auto const told = with.source.launched_all(three);
    REQUIRE(told.size() == 3);
    CHECK(told[0]);
    CHECK_FALSE(told[1]);
    CHECK(told[2]);
    REQUIRE(with.requests().size() == 4);
    CHECK(runs_in(with.variables(3)) == std::vector<std::string>{"run-3"});
}

TEST_CASE("an API that does not answer several lines, or nobody, is not asked for each of them") {
    auto const status = GENERATE(0, 401, 500, 503);
    INFO(status);
    bench with{server_settings()};
    with.opened();
    if (status == 0)
        with.drop();
    else
        with.reply(status, "");
    auto const told = with.source.launched_all(three);
    REQUIRE(told.size() == 3);
    for (auto const& each : told) CHECK_FALSE(each);
    CHECK(with.requests().size() == 1);
}
