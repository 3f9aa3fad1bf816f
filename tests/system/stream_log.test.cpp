#include <fargate/system/stream_log.hpp>

#include <fargate/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace std::chrono_literals;
using fargate::log_level;
using fargate::log_line;
using fargate::testing::manual_clock;

static_assert(fargate::log_policy<fargate::stream_log>);
static_assert(fargate::log_policy<fargate::null_log>);
static_assert(std::is_default_constructible_v<fargate::stream_log>);
static_assert(!std::is_default_constructible_v<fargate::basic_stream_log<manual_clock&>>,
              "there is no clock to refer to");

namespace {

constexpr fargate::time_point five_pm = std::chrono::sys_days{std::chrono::year{2020} / 12 / 8} + 17h + 123ms;

/// A stream whose text can be read back, as far as it was flushed. A file, for the C library grows a stream in memory under
/// a lock that the thread sanitizer does not know.
class kept_stream {
public:
    kept_stream() : file_{std::tmpfile()} { REQUIRE(file_ != nullptr); }
    kept_stream(kept_stream const&) = delete;
    ~kept_stream() { std::fclose(file_); }
    [[nodiscard]] std::FILE* file() const { return file_; }
    [[nodiscard]] std::string text() const {
        std::string made;
        char block[4096];
        ssize_t count = 0;
        while ((count = pread(fileno(file_), block, sizeof block, static_cast<off_t>(made.size()))) > 0)
            made.append(block, static_cast<std::size_t>(count));
        return made;
    }

private:
    std::FILE* file_;
};

} // namespace

TEST_CASE("a log line has the shape of Python's logging") {
    CHECK(log_line(five_pm, log_level::info, "agent", "Waiting for flow runs...") ==
          "[2020-12-08 17:00:00,123] INFO - agent | Waiting for flow runs...\n");
    CHECK(log_line(five_pm, log_level::warning, "a.b", "x") == "[2020-12-08 17:00:00,123] WARNING - a.b | x\n");
}

TEST_CASE("a log line cuts the time to milliseconds and pads every number") {
    constexpr fargate::time_point early =
        std::chrono::sys_days{std::chrono::year{987} / 1 / 2} + 3h + 4min + 5s + 6999us;
    CHECK(log_line(early, log_level::debug, "agent", "") == "[0987-01-02 03:04:05,006] DEBUG - agent | \n");
    constexpr fargate::time_point before_1970 = fargate::time_point{} - 1us;
    CHECK(log_line(before_1970, log_level::error, "agent", "") == "[1969-12-31 23:59:59,999] ERROR - agent | \n");
    constexpr fargate::time_point leap_day =
        std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 23h + 59min + 59s;
    CHECK(log_line(leap_day, log_level::critical, "agent", "") == "[2024-02-29 23:59:59,000] CRITICAL - agent | \n");
}

TEST_CASE("line breaks and tabs in a text stay, other control characters are written out") {
    auto const shown = [](std::string_view text) {
        auto line = log_line(five_pm, log_level::info, "n", text);
        return line.substr(line.find("| ") + 2);
    };
    CHECK(shown("one\n\ttwo") == "one\n\ttwo\n");
    CHECK(shown("\x1b[31mred") == "\\x1b[31mred\n");
    CHECK(shown({"nul\0del\x7f\r", 9}) == "nul\\x00del\\x7f\\x0d\n");
    CHECK(shown("C1: \xc2\x9b"
                "31m") == "C1: \\u009b31m\n");
    CHECK(shown("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0") ==
          "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80 \xc2\xa0\n");
    CHECK(shown("cut short: \xc2") == "cut short: \xc2\n");
}

TEST_CASE("a stream log writes at once, from its threshold up") {
    kept_stream out;
    manual_clock clock{five_pm};
    fargate::basic_stream_log<manual_clock&> log{out.file(), {.name = "agent", .threshold = log_level::warning}, clock};
    log.write(log_level::debug, "dropped");
    log.write(log_level::info, "dropped");
    CHECK(out.text().empty());

    log.write(log_level::warning, "kept");
    CHECK(out.text() == "[2020-12-08 17:00:00,123] WARNING - agent | kept\n");
    clock.advance(1500ms);
    log.write(log_level::critical, "too");
    CHECK(out.text() == "[2020-12-08 17:00:00,123] WARNING - agent | kept\n"
                        "[2020-12-08 17:00:01,623] CRITICAL - agent | too\n");
}

TEST_CASE("a stream log writes in the format it is given") {
    kept_stream out;
    manual_clock clock{five_pm};
    auto const format = fargate::read_log_format("%(relativeCreated)06d %(levelname)-8s%(message)s");
    REQUIRE(format);
    fargate::basic_stream_log<manual_clock&> log{out.file(), {.format = *format}, clock};
    clock.advance(1500ms);
    log.write(log_level::info, "one");
    log.write(log_level::warning, "two");
    CHECK(out.text() == "001500 INFO    one\n001500 WARNING two\n");
}

TEST_CASE("lines of several threads do not mix") {
    kept_stream out;
    manual_clock clock{five_pm};
    fargate::basic_stream_log<manual_clock&> log{out.file(), {}, clock};
    std::string const text(3000, 'x');
    std::vector<std::thread> writers;
    for (int i = 0; i != 4; ++i)
        writers.emplace_back([&] {
            for (int k = 0; k != 50; ++k) log.write(log_level::info, text);
        });
    for (auto& each : writers) each.join();

    auto const line = log_line(five_pm, log_level::info, "agent", text);
    std::string expected;
    for (int i = 0; i != 200; ++i) expected += line;
    CHECK((out.text() == expected));
}

TEST_CASE("a level's name is spelled as Python does") {
    CHECK(name_of(log_level::debug) == "DEBUG");
    CHECK(name_of(log_level::info) == "INFO");
    CHECK(name_of(log_level::warning) == "WARNING");
    CHECK(name_of(log_level::error) == "ERROR");
    CHECK(name_of(log_level::critical) == "CRITICAL");
}
