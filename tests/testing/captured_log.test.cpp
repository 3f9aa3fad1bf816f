#include <fargate/testing/captured_log.hpp>

#include "support/catch.hpp"

#include <string>
#include <thread>
#include <vector>

using fargate::log_level;
using fargate::testing::captured_log;

static_assert(fargate::log_policy<captured_log>);

TEST_CASE("a captured log keeps every line with its level, in order") {
    captured_log log;
    CHECK(log.text().empty());
    CHECK_FALSE(log.contains(""));
    log.write(log_level::debug, "one");
    log.write(log_level::error, "two\nlines");
    REQUIRE(log.lines().size() == 2);
    CHECK(log.lines()[0].level == log_level::debug);
    CHECK(log.lines()[0].text == "one");
    CHECK(log.lines()[1].level == log_level::error);
    CHECK(log.text() == "DEBUG one\nERROR two\nlines\n");
}

TEST_CASE("a captured log can be searched") {
    captured_log log;
    log.write(log_level::info, "Submitted run a");
    log.write(log_level::info, "Submitted run b");
    log.write(log_level::warning, "slow");
    CHECK(log.contains("run b"));
    CHECK_FALSE(log.contains("run c"));
    CHECK_FALSE(log.contains("INFO"));
    CHECK(log.count("Submitted") == 2);
    CHECK(log.count(log_level::info) == 2);
    CHECK(log.count(log_level::critical) == 0);
    log.clear();
    CHECK(log.lines().empty());
}

TEST_CASE("a captured log takes lines from several threads") {
    captured_log log;
    std::vector<std::thread> writers;
    for (int i = 0; i != 4; ++i)
        writers.emplace_back([&log, i] {
            for (int k = 0; k != 100; ++k) log.write(log_level::info, "writer " + std::to_string(i));
        });
    for (auto& each : writers) each.join();
    CHECK(log.lines().size() == 400);
    CHECK(log.count("writer 3") == 100);
}
