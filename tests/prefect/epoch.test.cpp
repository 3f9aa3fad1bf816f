#include <fargate/prefect/epoch.hpp>

#include "support/catch.hpp"

namespace json = fargate::json;
using fargate::prefect::epoch_of;
using fargate::prefect::flow_run;

namespace {

json::value state(char const* type) {
    json::value made;
    json::set(made, "type", type);
    return made;
}

flow_run run_in(char const* type, std::int64_t version) {
    flow_run run;
    run.id = "run-1";
    run.version = version;
    run.state = state(type);
    return run;
}

} // namespace

TEST_CASE("a claim does not change the epoch, a new schedule does", "[prefect][epoch]") {
    CHECK(epoch_of(run_in("Scheduled", 2)) == "2");
    CHECK(epoch_of(run_in("Submitted", 3)) == "2");
    CHECK(epoch_of(run_in("Scheduled", 5)) == "5");
    CHECK(epoch_of(run_in("Queued", 5)) == "5");
    CHECK(epoch_of(run_in("Running", 7)) == "7");
}

TEST_CASE("a running run's epoch names its due task runs, in whatever order they come", "[prefect][epoch]") {
    auto run = run_in("Running", 5);
    run.task_runs = {{"b", 4, "t", state("Retrying")},
                     {"a", 3, "t", state("Paused")},
                     {"c", 6, "t", state("Submitted")},
                     {"d", 9, "t", state("Running")},
                     {"e", 1, "t", json::value{}}};
    CHECK(epoch_of(run) == "5,a:3,b:4,c:5");
    auto claimed = run;
    claimed.task_runs = {
        {"c", 6, "t", state("Submitted")}, {"b", 5, "t", state("Submitted")}, {"a", 4, "t", state("Submitted")}};
    CHECK(epoch_of(claimed) == epoch_of(run));
    claimed.task_runs[0].version = 7;
    CHECK(epoch_of(claimed) != epoch_of(run));
}
