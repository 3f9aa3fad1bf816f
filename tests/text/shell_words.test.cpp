#include <fargate/text/shell_words.hpp>

#include <fargate/json/json.hpp>
#include <fargate/system/subprocess.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using fargate::errc;
using fargate::text::shell_words;
namespace json = fargate::json;

namespace {

using words = std::vector<std::string>;

/// The words as a JSON list, or null for a line that has none.
json::value ours(std::string_view line) {
    auto const found = shell_words(line);
    if (!found) return nullptr;
    json::value made = json::value::array();
    for (auto const& each : *found) made.push_back(each);
    return made;
}

std::string drawn(std::mt19937& random) {
    constexpr std::string_view pieces[] = {"a",  "b",  "'", "\"", "\\",       " ",  "\t",  "\n",
                                           "\r", "$x", "|", "#",  "\xC3\xA9", "''", "\\\""};
    std::string made;
    for (auto left = random() % 16; left != 0; --left) made += pieces[random() % std::size(pieces)];
    return made;
}

} // namespace

TEST_CASE("a command line is words between blanks") {
    CHECK(*shell_words("") == words{});
    CHECK(*shell_words(" \t\r\n") == words{});
    CHECK(*shell_words("one") == words{"one"});
    CHECK(*shell_words("  /opt/bin/key --profile\tdev \n --json ") ==
          words{"/opt/bin/key", "--profile", "dev", "--json"});
}

TEST_CASE("quotations keep blanks, join with what stands beside them, and may be empty") {
    CHECK(*shell_words(R"('a b' "c d" e' 'f"g"h)") == words{"a b", "c d", "e fgh"});
    CHECK(*shell_words(R"('' "" x''y)") == words{"", "", "xy"});
    CHECK(*shell_words(R"('say "no"' "it's")") == words{R"(say "no")", "it's"});
}

TEST_CASE("a backslash counts everywhere but in single quotes, and in double quotes before two characters only") {
    CHECK(*shell_words(R"(a\ b \'c\' \\)") == words{"a b", "'c'", "\\"});
    CHECK(*shell_words(R"('a\b\' c)") == words{R"(a\b\)", "c"});
    CHECK(*shell_words(R"("a\"b\\c\d\$e")") == words{R"(a"b\c\d\$e)"});
    CHECK(*shell_words(R"("C:\Program Files\x.exe" y)") == words{R"(C:\Program Files\x.exe)", "y"});
}

TEST_CASE("what a shell would act on is text") {
    CHECK(*shell_words("key $HOME ~ * `id` $(id) | tee x; rm y && z > f # no comment") ==
          words{"key", "$HOME", "~", "*", "`id`", "$(id)", "|", "tee", "x;", "rm", "y", "&&", "z", ">", "f", "#", "no",
                "comment"});
}

TEST_CASE("an open quotation and a last backslash are errors that quote nothing") {
    for (char const* const line :
         {"key 'secret", "key \"secret", "key \"secret\\\"", "key secret\\", "key \"secret\\"}) {
        auto const found = shell_words(line);
        REQUIRE_FALSE(found);
        CHECK(found.error().code == errc::invalid_argument);
        CHECK(found.error().message.find("secret") == std::string::npos);
    }
}

TEST_CASE("Python's shlex.split agrees on drawn lines") {
    constexpr auto script = R"(
import json, shlex, sys
def split(line):
    try: return shlex.split(line)
    except ValueError: return None
print(json.dumps([split(line) for line in json.loads(sys.argv[1])]))
)";
    constexpr unsigned seed = 20240102;
    std::mt19937 random{seed};
    std::size_t compared = 0;
    std::size_t refused = 0;
    for (int batch = 0; batch != 4; ++batch) {
        json::value lines = json::value::array();
        for (int i = 0; i != 500; ++i) lines.push_back(drawn(random));
        fargate::program_limits limits;
        limits.output = 4 * 1024 * 1024;
        auto const python = fargate::run_program({"python3", "-c", script, json::write(lines)}, limits);
        if (!python && python.error().code == errc::not_found) {
            WARN("skipped: there is no python3 to compare with");
            return;
        }
        REQUIRE(python);
        INFO(python->errors);
        REQUIRE(python->status == 0);
        auto const theirs = json::parse(python->output);
        REQUIRE(theirs);
        REQUIRE(theirs->size() == lines.size());
        for (std::size_t i = 0; i != lines.size(); ++i) {
            INFO("seed " << seed << ", line " << json::write(lines[i]));
            std::string const expected = json::write((*theirs)[i]);
            CHECK(json::write(ours(*json::as_text(lines[i]))) == expected);
            ++compared;
            if (expected == "null") ++refused;
        }
    }
    CHECK(compared == 2000);
    CHECK(refused > 200);
    CHECK(refused < 1500);
}
