#include <fargate/system/log_template.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <unistd.h>

using namespace fargate;
using namespace std::chrono_literals;

namespace {

constexpr time_point five_pm = std::chrono::sys_days{std::chrono::year{2020} / 12 / 8} + 17h + 62500us;

std::string shown(std::string_view format, std::string_view message = "Gr\u00fc\u00dfe \u20ac") {
    auto const read = read_log_format(format);
    INFO(format);
    REQUIRE(read);
    auto line = read->line({five_pm, log_level::warning, "agent", message});
    REQUIRE(line.back() == '\n');
    line.pop_back();
    return line;
}

std::string refused(std::string_view format) {
    auto const read = read_log_format(format);
    INFO(format);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == errc::bad_configuration);
    CHECK(read.error().message.find('\n') == std::string::npos);
    return read.error().message;
}

bool contains(std::string const& text, std::string_view part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("templates give what Python's logging gives") {
    // Python 3.11's logging.Formatter with gmtime, for the same moment, level, name and message.
    struct {
        char const* format;
        char const* line;
    } const each[] = {
        {"%(asctime)s", "2020-12-08 17:00:00,062"},
        {"%(levelname)-8s|", "WARNING |"},
        {"%(levelname)8s|", " WARNING|"},
        {"%(levelname).3s", "WAR"},
        {"%(levelname)-6.3s|", "WAR   |"},
        {"%(name)s.%(levelno)d", "agent.30"},
        {"%(levelno)s", "30"},
        {"%(levelno)04d", "0030"},
        {"%(levelno)-4d|", "30  |"},
        {"%(levelno)+d", "+30"},
        {"%(levelno) d", " 30"},
        {"%(levelno)x", "1e"},
        {"%(levelno)X", "1E"},
        {"%(levelno).3d", "030"},
        {"%(levelno)6.3d|", "   030|"},
        {"%(levelno)f", "30.000000"},
        {"%(levelno).1f", "30.0"},
        {"%(created)f", "1607446800.062500"},
        {"%(created).3f", "1607446800.062"},
        {"%(created)d", "1607446800"},
        {"%(created)s", "1607446800.0625"},
        {"%(msecs)d", "62"},
        {"%(msecs)03d", "062"},
        {"%(msecs)s", "62.5"},
        {"%(msecs).0f", "62"},
        {"%(msecs)08.2f", "00062.50"},
        {"%(msecs)5d|", "   62|"},
        {"100%% %(message)s", "100% Gr\u00fc\u00dfe \u20ac"},
        {"%(message)10s|", "   Gr\u00fc\u00dfe \u20ac|"},
        {"%(message).2s|", "Gr|"},
        {"%(message).4s|", "Gr\u00fc\u00df|"},
        {"%(message)-10s|", "Gr\u00fc\u00dfe \u20ac   |"},
    };
    for (auto const& [format, line] : each) CHECK(shown(format) == line);
}

TEST_CASE("the usual format is Prefect's, and the older one of its description can be had") {
    CHECK(shown(log_format::usual, "Waiting for flow runs...") ==
          "[2020-12-08 17:00:00,062] WARNING - agent | Waiting for flow runs...");
    CHECK(log_format{}.line({five_pm, log_level::info, "a", "b"}) ==
          read_log_format(log_format::usual)->line({five_pm, log_level::info, "a", "b"}));
    CHECK(shown("%(asctime)s - %(name)s - %(levelname)s - %(message)s", "x") ==
          "2020-12-08 17:00:00,062 - agent - WARNING - x");
}

TEST_CASE("process, thread and the time since the log began are told") {
    CHECK(shown("%(process)d") == std::to_string(::getpid()));
    CHECK(shown("%(processName)s %(threadName)s") == "MainProcess MainThread");
    CHECK(shown("%(thread)d").find_first_not_of("0123456789") == std::string::npos);
    auto const read = read_log_format("%(relativeCreated)d");
    REQUIRE(read);
    CHECK(read->line({five_pm, log_level::info, "a", "b", five_pm - 1500ms}) == "1500\n");
}

TEST_CASE("a place in a Python program is nowhere, and no reason to refuse a format") {
    CHECK(shown("%(filename)s:%(lineno)d %(module)s %(funcName)s %(pathname)s") == "-:0 - - -");
}

TEST_CASE("control characters are written out in texts and kept in the template") {
    CHECK(shown("\x1b[1m%(message)s\x1b[0m", "\x1b[31m") == "\x1b[1m\\x1b[31m\x1b[0m");
    CHECK(shown("%(name)s\n%(message)s", "a\nb") == "agent\na\nb");
}

TEST_CASE("a template that cannot be used is refused in one line that names what is wrong") {
    CHECK(contains(refused("%(asktime)s %(message)s"), "\"asktime\""));
    CHECK(contains(refused("%(asktime)s %(message)s"), "asctime"));
    CHECK(contains(refused("%(message)"), "%(message)"));
    CHECK(contains(refused("%(message)-10"), "%(message)"));
    CHECK(contains(refused("%(message"), "%"));
    CHECK(contains(refused("100 %"), "%%"));
    CHECK(contains(refused("%s"), "(name)"));
    CHECK(contains(refused("%(message)d"), "%(message)s"));
    CHECK(contains(refused("%(message)q"), "\"q\""));
    CHECK(contains(refused("%(created)x"), "created"));
    CHECK(contains(refused("%(message)*s"), "\"*\""));
    CHECK(contains(refused("%(message)99999999999999999999s"), "message"));
    CHECK(contains(refused("%(message).65s"), "message"));
    CHECK(contains(refused("%(a\nb)s"), "\"a b\""));
    CHECK(contains(refused(std::string(5000, '(') + "%(" + std::string(5000, 'x') + ")s"), "xxx"));
    CHECK(refused("%(" + std::string(5000, 'x') + ")s").size() < 500);
}

TEST_CASE("an empty template writes empty lines") { CHECK(shown("").empty()); }
