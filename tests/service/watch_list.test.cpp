#include <fargate/service/watch_list.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

using fargate::time_point;
using fargate::service::watch_list;
using fargate::service::watched;
using namespace std::chrono_literals;

namespace {

std::string arn(int number, std::string const& cluster = "default") {
    auto const digits = std::to_string(number);
    return "arn:aws:ecs:us-east-1:123456789012:task/" + cluster + "/" + std::string(32 - digits.size(), '0') + digits;
}

watched one(int number, std::string const& run = "run", time_point due = {}) {
    watched made;
    made.run = run;
    made.task = arn(number);
    made.due = due;
    return made;
}

time_point at(std::chrono::seconds time) { return time_point{time}; }

} // namespace

TEST_CASE("a task is followed once, however often it is found") {
    watch_list list;
    CHECK(list.follow(one(1)));
    CHECK(list.follow(one(2)));
    CHECK_FALSE(list.follow(one(1, "another")));
    CHECK(list.size() == 2);
    CHECK(list.follows(arn(2)));
    CHECK_FALSE(list.follows(arn(3)));
    CHECK(list.of_run("run").size() == 2);
    CHECK(list.forget(arn(1)));
    CHECK_FALSE(list.forget(arn(1)));
    CHECK(list.follow(one(1)));
}

TEST_CASE("what the launcher knows of a task that was found first is kept") {
    watch_list list;
    auto found = one(1);
    found.adopted = true;
    CHECK(list.follow(found));
    auto launched = one(1);
    launched.epoch = "3";
    launched.attempt = 2;
    launched.max_run = 60s;
    CHECK_FALSE(list.follow(launched));
    auto const known = list.of_run("run")[0];
    CHECK_FALSE(known.adopted);
    CHECK(known.epoch == "3");
    CHECK(known.attempt == 2);
    CHECK(known.max_run == 60s);
    CHECK_FALSE(list.follow(found));
    CHECK(list.of_run("run")[0].epoch == "3");
}

TEST_CASE("a call describes a hundred tasks of one cluster, those that are due first, and has no seat empty") {
    watch_list list;
    for (int i = 0; i != 250; ++i) list.follow(one(i, "run", at(std::chrono::seconds{i})));
    auto elsewhere = one(1000, "run", at(5s));
    elsewhere.cluster = "other";
    list.follow(elsewhere);

    CHECK(list.due(at(-1s), 10).empty());
    auto const first = list.due(at(0s), 10);
    REQUIRE(first.size() == 1);
    CHECK(first[0].cluster.empty());
    REQUIRE(first[0].tasks.size() == 100);
    CHECK(first[0].tasks[0] == arn(0));
    CHECK(first[0].tasks[99] == arn(99));

    auto const all = list.due(at(500s), 10);
    REQUIRE(all.size() == 4);
    std::set<std::string> seen;
    for (auto const& each : all) seen.insert(each.tasks.begin(), each.tasks.end());
    CHECK(seen.size() == 251);
    CHECK(all[1].cluster == "other");
    CHECK(list.due(at(500s), 2).size() == 2);
    CHECK(list.next_due() == at(0s));
}

TEST_CASE("a task that is over is not described, and waits to be told of") {
    watch_list list;
    list.follow(one(1, "a", at(10s)));
    list.follow(one(2, "b", at(10s)));
    CHECK(list.change(arn(1), [](watched& each) { each.at = watched::stage::telling; }));
    CHECK_FALSE(list.change(arn(9), [](watched&) {}));
    REQUIRE(list.due(at(10s), 10).size() == 1);
    CHECK(list.due(at(10s), 10)[0].tasks == std::vector{arn(2)});
    CHECK(list.to_tell(at(9s), 10).empty());
    REQUIRE(list.to_tell(at(10s), 10).size() == 1);
    CHECK(list.to_tell(at(10s), 10)[0].run == "a");
    CHECK(list.live() == 1);
    CHECK(list.size() == 2);
    CHECK(list.runs_alive() == std::vector<std::string>{"b"});
}

TEST_CASE("runs with several live tasks are known, and those whose task has not started") {
    watch_list list;
    list.follow(one(1, "a"));
    list.follow(one(2, "a"));
    list.follow(one(3, "b"));
    list.change(arn(3), [](watched& each) { each.at = watched::stage::running; });
    CHECK(list.runs_alive(2) == std::vector<std::string>{"a"});
    CHECK(list.runs_starting().size() == 2);
    list.change(arn(2), [](watched& each) { each.swept = true; });
    CHECK(list.runs_alive(2).empty());
    CHECK(list.runs_starting().size() == 1);
    CHECK(list.runs_starting(at(1s)).empty());
}

TEST_CASE("a watched task takes less than a kibibyte") {
    auto typical = one(1);
    typical.run = "7c7c6cb4-3f8a-4b0e-9d8a-7f6f1f2f0b11";
    typical.cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/a-cluster-with-a-long-name";
    typical.epoch = "12345,7c7c6cb4-3f8a-4b0e-9d8a-7f6f1f2f0b11:3";
    typical.status = "DEPROVISIONING";
    std::size_t beyond = 0;
    for (auto const* each : {&typical.run, &typical.task, &typical.cluster, &typical.epoch, &typical.status,
                             &typical.reason, &typical.stopped_reason})
        if (each->capacity() > 15) beyond += each->capacity() + 1 + 16; // with the allocator's own
    CHECK(sizeof(watched) + 2 * sizeof(void*) + 16 + beyond < 1024);
}

TEST_CASE("tasks come and go from many threads") {
    watch_list list;
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&list, t] {
            for (int i = 0; i != 200; ++i) {
                list.follow(one(1000 * t + i, std::to_string(t)));
                list.change(arn(1000 * t + i), [](watched& each) { ++each.attempt; });
                (void)list.due({}, 1);
                if (i % 2 == 0) list.forget(arn(1000 * t + i));
            }
        });
    for (auto& each : threads) each.join();
    CHECK(list.size() == 400);
}
