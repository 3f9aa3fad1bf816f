#include <fargate/testing/task_life.hpp>

#include <fargate/testing/api_budget.hpp>
#include <fargate/testing/fargate_sizes.hpp>
#include <fargate/testing/fault_plan.hpp>
#include <fargate/testing/s3_text.hpp>
#include <fargate/testing/time_source.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace fargate;
using namespace std::chrono_literals;

namespace {

constexpr time_point born{std::chrono::seconds{1'704'164'645}};

/// The names of the states a task passes, second by second, each once.
std::vector<std::string> way(testing::task_life const& life, std::optional<testing::stop_order> const& order = {}) {
    std::vector<std::string> seen;
    for (int second = 0; second != 120; ++second) {
        std::string const status{testing::phase_at(life, born, order, born + std::chrono::seconds{second}).last_status};
        if (seen.empty() || seen.back() != status) seen.push_back(status);
    }
    return seen;
}

testing::task_phase at(testing::task_life const& life, duration age,
                       std::optional<testing::stop_order> const& order = {}) {
    return testing::phase_at(life, born, order, born + age);
}

} // namespace

TEST_CASE("A task goes from PROVISIONING over RUNNING to STOPPED at the times of its script", "[task_life]") {
    testing::task_life life;
    life.activating = 1s;
    life.deactivating = 1s;
    CHECK(way(life) == std::vector<std::string>{"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING",
                                                "DEPROVISIONING", "STOPPED"});
    CHECK(at(life, 0s).last_status == "PROVISIONING");
    CHECK(at(life, 2s - 1us).last_status == "PROVISIONING");
    CHECK(at(life, 2s).last_status == "PENDING");
    CHECK(at(life, 5s).last_status == "ACTIVATING");
    CHECK(at(life, 6s).last_status == "RUNNING");
    CHECK(at(life, 6s).started == born + 6s);
    CHECK_FALSE(at(life, 6s).to_stop);
    CHECK(at(life, 16s).last_status == "DEACTIVATING");
    CHECK(at(life, 16s).to_stop);
    CHECK(at(life, 16s).execution_stopped == born + 16s);
    CHECK(at(life, 17s).last_status == "DEPROVISIONING");
    CHECK_FALSE(at(life, 19s - 1us).stopped);
    CHECK(at(life, 19s).stopped == born + 19s);
    CHECK(at(life, 19s).stop_code == "EssentialContainerExited");
}

TEST_CASE("States of no length are skipped", "[task_life]") {
    CHECK(way({}) == std::vector<std::string>{"PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"});
    testing::task_life instant;
    instant.provisioning = instant.pending = instant.deprovisioning = {};
    CHECK(way(instant) == std::vector<std::string>{"RUNNING", "STOPPED"});
}

TEST_CASE("A task that never starts is STOPPED with the reason and no start", "[task_life]") {
    auto const life = testing::never_starts("CannotPullContainerError: no such image");
    CHECK(way(life) == std::vector<std::string>{"PROVISIONING", "PENDING", "DEPROVISIONING", "STOPPED"});
    auto const end = at(life, 1h);
    CHECK(end.stop_code == "TaskFailedToStart");
    CHECK(end.stopped_reason == "CannotPullContainerError: no such image");
    CHECK_FALSE(end.started);
    CHECK_FALSE(end.execution_stopped);
}

TEST_CASE("A task that runs for ever runs until it is told to stop, and then takes its time to exit", "[task_life]") {
    auto const life = testing::runs_for_ever();
    CHECK(at(life, 240h).last_status == "RUNNING");
    testing::stop_order const order{born + 60s, "enough"};
    CHECK(way(life, order) ==
          std::vector<std::string>{"PROVISIONING", "PENDING", "RUNNING", "STOPPING", "DEPROVISIONING", "STOPPED"});
    CHECK(at(life, 60s, order).told_to_stop);
    CHECK_FALSE(at(life, 60s, order).execution_stopped);
    CHECK(at(life, 61s, order).execution_stopped == born + 61s);
    CHECK(at(life, 63s, order).stop_code == "UserInitiated");
    CHECK(at(life, 63s, order).stopped_reason == "enough");
}

TEST_CASE("A task that is stopped before it runs never starts", "[task_life]") {
    testing::stop_order const order{born + 3s, "too late"};
    CHECK(way({}, order) == std::vector<std::string>{"PROVISIONING", "PENDING", "DEPROVISIONING", "STOPPED"});
    CHECK_FALSE(at({}, 1h, order).started);
    CHECK(at({}, 1h, order).stop_code == "UserInitiated");
}

TEST_CASE("A stop that comes after the end changes nothing", "[task_life]") {
    testing::stop_order const order{born + 16s, "late"};
    CHECK(at({}, 1h, order).stop_code == "EssentialContainerExited");
    CHECK(at({}, 1h, order).stopped == at({}, 1h).stopped);
}

TEST_CASE("Spot interruption and want of memory have their codes", "[task_life]") {
    CHECK(at(testing::is_interrupted(), 1h).stop_code == "SpotInterruption");
    CHECK(at(testing::is_interrupted(), 1h).stopped_reason == "Your Spot Task was interrupted.");
    CHECK(at(testing::is_interrupted(), 15s).last_status == "STOPPING");
    CHECK(at(testing::runs_out_of_memory(), 1h).stop_code == "EssentialContainerExited");
}

TEST_CASE("Fargate offers the pairs of its table and no others", "[fargate_sizes]") {
    std::vector<std::pair<int, int>> const offered{{256, 512},    {256, 1024},    {256, 2048},    {512, 1024},
                                                   {512, 4096},   {1024, 2048},   {1024, 8192},   {2048, 4096},
                                                   {2048, 16384}, {4096, 8192},   {4096, 30720},  {8192, 16384},
                                                   {8192, 20480}, {16384, 32768}, {16384, 122880}};
    for (auto const& [cpu, memory] : offered) {
        CAPTURE(cpu, memory);
        CHECK(testing::fargate_offers(cpu, memory));
    }
    std::vector<std::pair<int, int>> const missing{{256, 3072},    {256, 4096},  {512, 512},   {512, 5120},
                                                   {1024, 1024},   {1024, 2560}, {4096, 4096}, {8192, 17408},
                                                   {16384, 36864}, {300, 512},   {0, 0},       {-256, 512}};
    for (auto const& [cpu, memory] : missing) {
        CAPTURE(cpu, memory);
        CHECK_FALSE(testing::fargate_offers(cpu, memory));
    }
}

TEST_CASE("Task sizes are read as numbers or with their units", "[fargate_sizes]") {
    CHECK(testing::cpu_units("256") == 256);
    CHECK(testing::cpu_units(".25 vCPU") == 256);
    CHECK(testing::cpu_units("0.25vcpu") == 256);
    CHECK(testing::cpu_units("1 vCPU") == 1024);
    CHECK(testing::memory_mib("0.5 GB") == 512);
    CHECK(testing::memory_mib("30GB") == 30720);
    for (auto const* wrong :
         {"", " ", "vcpu", "GB", "abc", "256 GB", "1e99", "-1", "0", "256x", "nan", "1.0001 vCPU"}) {
        CAPTURE(wrong);
        CHECK_FALSE(testing::cpu_units(wrong));
    }
}

TEST_CASE("A plan counts from the moment it is made, over all operations or those of one name", "[fault_plan]") {
    testing::fault_plan plan;
    CHECK_FALSE(plan.next("RunTask"));
    plan.fail("RunTask", 1, testing::stalled());
    plan.fail(3, testing::dropped());
    CHECK_FALSE(plan.next("RunTask"));                                 // RunTask 0, all 0
    CHECK_FALSE(plan.next("ListTasks"));                               // all 1
    CHECK(plan.next("RunTask")->what == testing::fault::kind::stall);  // RunTask 1, all 2
    CHECK(plan.next("ListTasks")->what == testing::fault::kind::drop); // all 3
    CHECK_FALSE(plan.next("ListTasks"));
    plan.fail_next("ListTasks", 2, testing::throttled().after());
    CHECK_FALSE(plan.next("RunTask"));
    CHECK(plan.next("ListTasks")->when == testing::fault::moment::after);
    CHECK(plan.next("ListTasks")->why.service_code == "ThrottlingException");
    CHECK_FALSE(plan.next("ListTasks"));
    plan.fail_always("", testing::answered(502, "<html>"));
    CHECK(plan.next("anything")->http.status == 502);
    CHECK(plan.next("RunTask")->http.body == "<html>");
    plan.clear();
    CHECK_FALSE(plan.next("RunTask"));
}

TEST_CASE("A function may decide for every request that nothing else hits", "[fault_plan]") {
    testing::fault_plan plan;
    plan.decide_by(
        [](std::string_view operation, std::size_t number, std::string_view body) -> std::optional<testing::fault> {
            if (operation == "RunTask" && number % 2 == 1) return testing::no_capacity();
            if (body.find("subnet-full") != std::string_view::npos) return testing::stalled();
            return std::nullopt;
        });
    CHECK_FALSE(plan.next("RunTask"));
    CHECK(plan.next("RunTask")->what == testing::fault::kind::task_failure);
    CHECK_FALSE(plan.next("RunTask"));
    CHECK_FALSE(plan.next("StopTask"));
    CHECK(plan.next("RunTask", "{\"subnets\": [\"subnet-full\"]}")->what == testing::fault::kind::stall);
}

TEST_CASE("A bucket lets its burst through at once and then as many as come back", "[api_budget]") {
    testing::api_budget budget;
    CHECK(budget.take("RunTask", 1, born));
    budget.limit({{"register", 3, 0.5, {"Register"}, false}});
    for (int i = 0; i != 3; ++i) CHECK(budget.take("Register", 1, born));
    CHECK_FALSE(budget.take("Register", 1, born));
    CHECK_FALSE(budget.take("Register", 1, born + 1s));
    CHECK(budget.take("Register", 1, born + 2s));
    CHECK_FALSE(budget.take("Register", 1, born + 2s));
    for (int i = 0; i != 3; ++i) CHECK(budget.take("Register", 1, born + 1h));
    CHECK_FALSE(budget.take("Register", 1, born + 1h));
    CHECK(budget.take("Other", 1, born));
}

TEST_CASE("A call that one of its buckets refuses takes nothing from the others", "[api_budget]") {
    testing::api_budget budget;
    budget.limit({{"calls", 10, 0, {"RunTask"}, false}, {"launches", 5, 1, {"RunTask"}, true}});
    CHECK(budget.take("RunTask", 5, born));
    CHECK_FALSE(budget.take("RunTask", 1, born));
    for (int i = 1; i != 10; ++i) CHECK(budget.take("RunTask", 1, born + std::chrono::seconds{i}));
    CHECK_FALSE(budget.take("RunTask", 1, born + 1h));
}

TEST_CASE("Dates are written as HTTP wants them", "[time_source]") {
    CHECK(testing::http_date(born) == "Tue, 02 Jan 2024 03:04:05 GMT");
    CHECK(testing::http_date(time_point{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(testing::http_date(time_point{std::chrono::seconds{784'111'777}}) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(testing::epoch_seconds(born + 250ms) == 1'704'164'645.25);
}

TEST_CASE("Ranges are read as RFC 9110 has them", "[s3_text]") {
    using range = std::optional<std::pair<std::size_t, std::size_t>>;
    CHECK(testing::read_range("bytes=0-3", 10) == range{{0, 3}});
    CHECK(testing::read_range("bytes=4-", 10) == range{{4, 9}});
    CHECK(testing::read_range("bytes=-3", 10) == range{{7, 9}});
    CHECK(testing::read_range("bytes=-30", 10) == range{{0, 9}});
    CHECK(testing::read_range("bytes=8-99", 10) == range{{8, 9}});
    CHECK(testing::read_range("bytes=10-", 10)->first == 10);
    for (auto const* passed_over : {"bytes=3-1", "bytes=", "bytes=-", "items=0-3", "bytes=a-b", "bytes=0-3,5-6"})
        CHECK_FALSE(testing::read_range(passed_over, 10));
}
