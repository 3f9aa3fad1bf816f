#include <fargate/deploy/literal.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <cstddef>
#include <map>
#include <random>
#include <string>

namespace json = fargate::json;
using fargate::deploy::literal;
using fargate::deploy::read_literal;

namespace {

std::string refusal(std::string const& text) {
    auto const read = read_literal(text);
    return read.kind == literal::outcome::refused ? read.what : "not refused";
}

std::string parsed(std::string const& text) {
    auto const read = read_literal(text);
    return read.kind == literal::outcome::parsed ? json::write(read.value) : "not parsed";
}

bool is_plain(std::string const& text) { return read_literal(text).kind == literal::outcome::plain_text; }

} // namespace

TEST_CASE("all recorded texts read as Python 3.8 reads them", "[deploy][literal]") {
    std::map<std::string, std::string> const refused = {{"bytes", "bytes"},
                                                        {"set", "a set"},
                                                        {"complex", "a complex number"},
                                                        {"ellipsis", "an ellipsis"},
                                                        {"float", "a number past the largest double"},
                                                        {"dict", "a dict with keys that are not text"}};
    auto const document = testing_support::load("prefect1/cases_literal_eval.json");
    auto const* const cases = json::array_of(document, "cases");
    REQUIRE(cases != nullptr);
    std::map<std::string, int> seen;
    for (auto const& each : *cases) {
        auto const input = testing_support::text(each, "input");
        auto const type = testing_support::text(each, "python_type");
        auto const read = read_literal(input);
        INFO(json::write(each));
        if (each.contains("uncaught")) {
            CHECK(read.kind == literal::outcome::refused);
            CHECK(read.what == "a dict with a container as key");
            ++seen["uncaught"];
        } else if (!json::flag_of(each, "parsed").value()) {
            CHECK(read.kind == literal::outcome::plain_text);
            ++seen["plain"];
        } else if (type == "tuple") {
            CHECK(read.kind == literal::outcome::parsed);
            CHECK(read.value.is_array());
            ++seen["tuple"];
        } else if (!type.empty()) {
            CHECK(read.kind == literal::outcome::refused);
            CHECK(read.what == refused.at(type));
            ++seen["refused"];
        } else {
            CHECK(read.kind == literal::outcome::parsed);
            CHECK(read.value == each["value"]);
            CHECK(read.value.type_name() == std::string{each["value"].type_name()});
            CHECK(read.value.is_number_float() == each["value"].is_number_float());
            ++seen["value"];
        }
    }
    CHECK(cases->size() == 102);
    CHECK(seen ==
          std::map<std::string, int>{{"plain", 37}, {"refused", 7}, {"tuple", 4}, {"uncaught", 1}, {"value", 53}});
}

TEST_CASE("tuples become lists", "[deploy][literal]") {
    CHECK(parsed("()") == "[]");
    CHECK(parsed("(1,)") == "[1]");
    CHECK(parsed("1,2") == "[1, 2]");
    CHECK(parsed("'a',") == "[\"a\"]");
    CHECK(parsed("1,\n") == "[1]");
    CHECK(parsed("((1, 2), [3, (4,)])") == "[[1, 2], [3, [4]]]");
}

TEST_CASE("a literal without a JSON form is refused by its name wherever it stands", "[deploy][literal]") {
    CHECK(refusal("[1, b'x']") == "bytes");
    CHECK(refusal("{'a': {1}}") == "a set");
    CHECK(refusal("{'a': 1-2j}") == "a complex number");
    CHECK(refusal("-3J") == "a complex number");
    CHECK(refusal("[...]") == "an ellipsis");
    CHECK(refusal("-1e999") == "a number past the largest double");
    CHECK(refusal(std::string(400, '9')) == "a number past the largest double");
    CHECK(refusal("0x" + std::string(400, 'f')) == "a number past the largest double");
    CHECK(refusal("{None: 1}") == "a dict with keys that are not text");
    CHECK(refusal("{(1,): 1}") == "a dict with a container as key");
    CHECK(refusal("'\\ud83d'") == "text with half a surrogate pair");
    CHECK(refusal("'\\ude80\\ud83d'") == "text with half a surrogate pair");
    CHECK(refusal("'\\N{SNOWMAN}'") == "a \\N{...} escape with a name that is not known here");
    // ... but only when the whole is a literal at all
    CHECK(is_plain("[b'x', x]"));
    CHECK(is_plain("{1} 2"));
    CHECK(is_plain("b'\\x4'"));
    CHECK(is_plain("b'\xC3\xA9'"));
}

TEST_CASE("numbers read by Python's grammar", "[deploy][literal]") {
    CHECK(parsed("007.5") == "7.5");
    CHECK(parsed("09e1") == "90.0");
    CHECK(parsed(".5") == "0.5");
    CHECK(parsed("1.e2") == "100.0");
    CHECK(parsed("-0.0") == "-0.0");
    CHECK(parsed("1e1_0") == "10000000000.0");
    CHECK(parsed("0x_ff") == "255");
    CHECK(parsed("0XfF") == "255");
    CHECK(parsed("18446744073709551615") == "18446744073709551615");
    CHECK(parsed("-9223372036854775808") == "-9223372036854775808");
    CHECK(parsed("-9223372036854775809") == "-9.223372036854776e+18");
    CHECK(parsed("0x10000000000000000") == "1.8446744073709552e+19");
    CHECK(parsed("1e-999") == "0.0");
    CHECK(parsed("0e999") == "0.0");
    CHECK(parsed("0." + std::string(400, '0') + "1") == "0.0");
    CHECK(parsed("0." + std::string(400, '0') + "1e402") == "10.0");
    CHECK(refusal("1" + std::string(400, '0') + ".0e-5") == "a number past the largest double");
    CHECK(refusal("1e99999999999999999999999") == "a number past the largest double");
    CHECK(parsed("1e-99999999999999999999999") == "0.0");
    for (auto const* const text :
         {"1_",    "_1",      "1_.5",    "1._5",  "1e",  "1e_5",  "0b2",  "0o8", "0x", "0_7", "1.2.3", "+-1",
          "-(-1)", "-(1+2j)", "1+(-2j)", "1j+2j", "1+2", "-None", "-'a'", "1 2", ".",  "..",  "5L"})
        CHECK(is_plain(text));
}

TEST_CASE("strings read by Python's grammar", "[deploy][literal]") {
    CHECK(parsed("''") == "\"\"");
    CHECK(parsed("''''''") == "\"\"");
    CHECK(parsed("'a''b'\"c\"") == "\"abc\"");
    CHECK(parsed("'\\101\\7\\0'") == "\"A\\u0007\\u0000\"");
    CHECK(parsed("'\\q\\ '") == "\"\\\\q\\\\ \"");
    CHECK(parsed("r'\\'x'") == "\"\\\\'x\"");
    CHECK(parsed("'\\ud83d\\ude80'") == "\"\\ud83d\\ude80\"");
    CHECK(parsed("'\\U0001f680'") == "\"\\ud83d\\ude80\"");
    CHECK(parsed("'\\N{em dash}'") == "\"\\u2014\"");
    CHECK(parsed("'''it's ''ok'''") == "\"it's ''ok\"");
    CHECK(parsed("\"\"\"a\r\nb\rc\"\"\"") == "\"a\\nb\\nc\"");
    CHECK(parsed("['a', # one\r\n 'b']") == "[\"a\", \"b\"]");
    for (auto const* const text : {"'a\nb'", "'\\x4'", "'\\u12'", "'\\U00110000'", "'\\N'", "'\\N{'", "ur'a'",
                                   "'a' b'b'", "bb'a'", "'''a'", "r'a\\'", "'a'f'b'", "'a' + 'b'", "'%s' % 1"})
        CHECK(is_plain(text));
}

TEST_CASE("blanks, comments and line ends stand where Python lets them", "[deploy][literal]") {
    CHECK(parsed("\n\n1\n\n") == "1");
    CHECK(parsed("# c\n  # d\n1 # e\n") == "1");
    CHECK(parsed("\f1") == "1");
    CHECK(parsed("[ # c ]\n1 ]") == "[1]");
    CHECK(parsed("1,\\\n2") == "[1, 2]");
    CHECK(parsed("{ }") == "{}");
    for (auto const* const text : {"\n 1", "1\n2", "1\\\n", "1;", "[1\\ ]",
                                   "\xC2\xA0"
                                   "1",
                                   "\xEF\xBB\xBF"
                                   "1",
                                   "[1", "]", "[,]", "(,)", "{,}", "{'a':}", "{'a': 1, 'b'}", "{'a', 'b': 1}",
                                   "{'a': 1 'b': 2}", "True1", "none"})
        CHECK(is_plain(text));
    CHECK(is_plain(std::string("'a\0'", 4)));
    CHECK(is_plain("'\xFF'"));
}

TEST_CASE("nesting is bounded and costs no stack", "[deploy][literal]") {
    auto const nested = [](std::size_t depth, char open, char close) {
        return std::string(depth, open) + "1" + std::string(depth, close);
    };
    CHECK(read_literal(nested(64, '[', ']')).kind == literal::outcome::parsed);
    CHECK(refusal(nested(65, '[', ']')) == "nesting deeper than 64");
    CHECK(parsed(nested(64, '(', ')')) == "1");
    CHECK(refusal(nested(65, '(', ')')) == "nesting deeper than 64");
    CHECK(refusal(std::string(1000000, '[')) == "nesting deeper than 64");
    CHECK(refusal(std::string(1000000, '{')) == "nesting deeper than 64");
    CHECK(is_plain(std::string(1000000, '-') + "1"));
    std::string many = "{";
    for (int i = 0; i != 20000; ++i) many += "'k" + std::to_string(i % 10000) + "': " + std::to_string(i) + ", ";
    auto const read = read_literal(many + "}");
    REQUIRE(read.kind == literal::outcome::parsed);
    CHECK(read.value.size() == 10000);
    CHECK(read.value["k7"] == 10007);
}

TEST_CASE("any bytes are read without harm", "[deploy][literal]") {
    std::mt19937 random{2020};
    std::string const alphabet = "[](){},:'\"\\ \n#+-.0123456789_eExXjJbBrRuUN\xC3\xA9"
                                 "TrueFalseNone";
    std::map<literal::outcome, int> seen;
    for (int round = 0; round != 20000; ++round) {
        std::string text(random() % 24, '\0');
        bool const wild = round % 4 == 0;
        for (char& c : text) c = wild ? static_cast<char>(random() & 0xFFU) : alphabet[random() % alphabet.size()];
        auto const read = read_literal(text);
        ++seen[read.kind];
        // a value can always be written and read back
        if (read.kind == literal::outcome::parsed) {
            auto const written = json::write(read.value);
            REQUIRE(written.size() <= 64 * (text.size() + 1));
            REQUIRE(json::parse(written).has_value());
        }
    }
    CHECK(seen[literal::outcome::parsed] > 100);
    CHECK(seen[literal::outcome::plain_text] > 10000);
}
