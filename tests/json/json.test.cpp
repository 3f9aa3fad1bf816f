#include <fargate/json/json.hpp>

#include "support/catch.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace json = fargate::json;
using fargate::errc;
using node = json::value;

namespace {

std::size_t allocations = 0;

node read(std::string_view text) {
    auto made = json::parse(text);
    REQUIRE(made);
    return *std::move(made);
}

std::string rewritten(std::string_view text) { return json::write(read(text)); }

std::string refused(std::string_view text) {
    auto const made = json::parse(text);
    if (made) return "(read)";
    CHECK(made.error().code == errc::malformed_response);
    CHECK_FALSE(made.error().retryable);
    return made.error().message;
}

bool readable(std::string_view text) { return static_cast<bool>(json::parse(text)); }

std::string nested(std::size_t depth, char open, char close, std::string_view lead = "") {
    std::string text;
    for (std::size_t i = 0; i != depth; ++i) {
        text += open;
        if (i + 1 != depth) text += lead;
    }
    text.append(depth, close);
    return text;
}

} // namespace

// Counts every allocation of this program, so that growth can be compared without a clock.
void* operator new(std::size_t size) {
    ++allocations;
    if (void* const made = std::malloc(size)) return made;
    std::abort();
}
void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return operator new(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, std::nothrow_t const&) noexcept { std::free(at); }

TEST_CASE("a document is read and written again, its members in their order") {
    CHECK(rewritten(R"({"b":1,"a":[true,false,null],"c":{"z":"","y":[]},"d":{}})") ==
          R"({"b": 1, "a": [true, false, null], "c": {"z": "", "y": []}, "d": {}})");
    CHECK(rewritten(" \t\r\n[ 1 , 2 ] \n") == "[1, 2]");
    CHECK(rewritten("\"text\"") == "\"text\"");
    CHECK(rewritten("\xEF\xBB\xBF{}") == "{}");
}

TEST_CASE("what is no JSON is refused with the place of the mistake") {
    for (char const* const text : {"",
                                   " ",
                                   "{",
                                   "}",
                                   "[",
                                   "]",
                                   "{]",
                                   "[1,]",
                                   "[,1]",
                                   "[1 2]",
                                   "{\"a\"}",
                                   "{\"a\":}",
                                   "{\"a\":1,}",
                                   "{,}",
                                   "{a:1}",
                                   "{'a':1}",
                                   "nul",
                                   "nulll",
                                   "True",
                                   "NaN",
                                   "Infinity",
                                   "-Infinity",
                                   "-",
                                   "+1",
                                   "01",
                                   "1.",
                                   ".5",
                                   "1e",
                                   "1e+",
                                   "0x10",
                                   "1e999",
                                   "-1e999",
                                   "// c\n1",
                                   "/* c */1",
                                   "[1] x",
                                   "{} {}",
                                   "\"",
                                   "\"a\nb\"",
                                   "\"\t\"",
                                   "\"\\x41\"",
                                   "\"\\u12\"",
                                   "\"\\u12g4\"",
                                   "<html></html>",
                                   "\xEF\xBB",
                                   "\xEF\xBB\xBF"}) {
        INFO(text);
        CHECK_THAT(refused(text), Catch::StartsWith("not a JSON document: bad text at byte "));
    }
    CHECK(refused("[1, x]") == "not a JSON document: bad text at byte 5");
    CHECK(refused("{\n  \"memory\"\": \"512\"\n}") ==
          "not a JSON document: bad text at byte 16 (line 2, column 14): expected ':'");
    CHECK(refused("[1,\n2,\n]").find("(line 3, column 1)") != std::string::npos);
    CHECK_FALSE(readable(std::string_view{"{}\0", 3}));
    CHECK_FALSE(readable(std::string_view{"\"a\0\"", 4}));
}

TEST_CASE("a document cut short anywhere is refused") {
    std::string const whole = R"({"k": [1, -2.5e3, true, null, "a\n\u00e9\ud83d\ude00)"
                              "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
                              R"(", {"x": {}}], "l": false})";
    REQUIRE(readable(whole));
    for (std::size_t length = 0; length != whole.size(); ++length) {
        INFO("length " << length);
        CHECK_FALSE(readable(std::string_view{whole}.substr(0, length)));
    }
}

TEST_CASE("of every object the wanted members alone are built") {
    constexpr std::string_view wanted[] = {"tasks", "name", "n"};
    auto const picked = [&](std::string_view text) {
        auto const made = json::parse(text, wanted);
        REQUIRE(made);
        return json::write(*made);
    };
    CHECK(
        picked(R"({"x": 1, "tasks": [{"name": "a", "y": {"name": "b"}, "n": null}, "c", [], {"z": []}], "w": "v"})") ==
        R"({"tasks": [{"name": "a", "n": null}, "c", [], {}]})");
    CHECK(picked(R"({"x": {"n": {"n": [{"n": 1}]}}, "n": {"x": [[{"n": 1}], 2], "n": {"n": {"x": 1, "n": 2}}}})") ==
          R"({"n": {"n": {"n": {"n": 2}}}})");
    CHECK(picked(R"([{"x": [1, "a", true, null, 1.5]}, [{"n": -1, "x": {}}], 7])") == R"([{}, [{"n": -1}], 7])");
    // The same by the parser of any JSON.
    CHECK(picked("{\"x\": [{\"n\": \"\xC3\xA9\"}], \"\\u006e\": [\"\\u00e9\", {\"x\": 1, \"n\": 2}]}") ==
          R"({"n": ["\u00e9", {"n": 2}]})");
}

TEST_CASE("what is not wanted is checked like the rest") {
    constexpr std::string_view wanted[] = {"n"};
    auto const why = [&](std::string const& text) {
        auto const picked = json::parse(text, wanted);
        auto const whole = json::parse(text);
        REQUIRE_FALSE(whole);
        return picked ? "(read)" : picked.error().message == whole.error().message ? "as ever" : picked.error().message;
    };
    for (char const* const inner : {"", "[1,]", "{\"a\":1,\"a\":2}", "{\"b\":[{\"n\":1,\"\\u006e\":2}]}", "nul", "01",
                                    "\"\t\"", "1e999", "\"\\x\"", "{\"a\" 1}"})
        CHECK(why(std::string{"{\"n\": 1, \"x\": "} + inner + "}") == "as ever");
    CHECK(why(R"({"x": 1, "n": 2, "x": 3})") == "as ever");
    CHECK(why("{\"x\": " + nested(129, '[', ']') + "}") == "as ever");
    std::string many = "{\"x\": [0";
    for (std::size_t i = 0; i != json::most_values; ++i) many += ",0";
    CHECK(why(many + "]}") == "as ever");
}

TEST_CASE("a document is read to a depth of 128 and no further") {
    CHECK(json::deepest == 128);
    CHECK(readable(nested(128, '[', ']')));
    auto const objects = [](std::size_t depth) { return nested(depth, '{', '}', "\"a\":"); };
    CHECK(readable(objects(128)));
    CHECK_THAT(refused(nested(129, '[', ']')), Catch::Contains("more than 128 deep"));
    CHECK_THAT(refused(objects(129)), Catch::Contains("more than 128 deep"));
    CHECK_THAT(refused(std::string(1'000'000, '[')), Catch::Contains("more than 128 deep"));
    CHECK(readable("[" + nested(127, '[', ']') + "," + nested(127, '[', ']') + "]")); // depth, not count
}

TEST_CASE("a document is read to a million values and no further") {
    CHECK(json::most_values == 1'000'000);
    auto const list = [](std::size_t length) {
        std::string text = "[0";
        for (std::size_t i = 1; i < length; ++i) text += ",0";
        return text + "]";
    };
    CHECK(readable(list(json::most_values - 1))); // the list is one too
    CHECK_THAT(refused(list(json::most_values)), Catch::Contains("more than 1000000 values"));
    std::string lists = "[";
    for (std::size_t i = 0; i != json::most_values; ++i) lists += "[],";
    CHECK_THAT(refused(lists + "0]"), Catch::Contains("more than 1000000 values"));
}

TEST_CASE("a member's name occurs once in its object") {
    CHECK_THAT(refused(R"({"a": 1, "b": 2, "a": 1})"), Catch::EndsWith("member \"a\" occurs twice"));
    CHECK_THAT(refused(R"([{"x": {"a": 1, "a": 2}}])"), Catch::EndsWith("member \"a\" occurs twice"));
    CHECK_THAT(refused(R"({"a": 1, "\u0061": 2})"), Catch::EndsWith("occurs twice"));
    CHECK_THAT(refused(R"({"": 1, "": 2})"), Catch::EndsWith("occurs twice"));
    CHECK_THAT(refused(R"({"a\nb": 1, "a\nb": 2})"), Catch::EndsWith(R"(member "a\nb" occurs twice)"));
    auto const longest = std::string(10'000, 'n');
    CHECK(refused("{\"" + longest + "\": 1, \"" + longest + "\": 2}").size() < 200);
    CHECK(readable(R"({"a": {"a": {"a": 1}}, "A": 2})"));
}

TEST_CASE("text is valid UTF-8 or the document is refused") {
    for (char const* const good : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                                   "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
        std::string const text = "\"" + std::string{good} + "\"";
        INFO(text);
        CHECK(json::as_text(read(text)) == good);
    }
    for (char const* const bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf", "\xe2\x82",
                                  "\xe2\x82 ", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98",
                                  "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
        INFO(bad);
        CHECK_FALSE(readable("\"" + std::string{bad} + "\""));
        CHECK_FALSE(readable("{\"" + std::string{bad} + "\": 1}"));
    }
}

TEST_CASE("escapes are decoded, surrogates only in pairs") {
    CHECK(json::as_text(read(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac")")) == "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac");
    CHECK(json::as_text(read(R"("\ud83d\ude00")")) == "\xf0\x9f\x98\x80");
    CHECK(json::as_text(read(R"("\uDBFF\uDFFF")")) == "\xf4\x8f\xbf\xbf");
    CHECK(json::as_text(read(R"("a\u0000b")")) == std::string_view{"a\0b", 3});
    for (char const* const lone : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\n")", R"("\ud83d\ud83d")",
                                   R"("\ud83d\u0041")", R"("\ude00\ud83d")"})
        CHECK_FALSE(readable(lone));
}

// The expected texts are what CPython 3.11's json.dumps gives for the same values, taken when this test was written.
TEST_CASE("text is written as Python writes it") {
    auto const written = [](std::string_view text) { return json::write(node(std::string{text})); };
    CHECK(written("plain") == R"("plain")");
    CHECK(written("\"\\/") == R"("\"\\/")");
    CHECK(written({"\b\f\n\r\t\0\x1f\x7f", 8}) == R"("\b\f\n\r\t\u0000\u001f\u007f")");
    CHECK(written("\xc2\x80") == R"("\u0080")");
    CHECK(written("gr\xc3\xbc\xc3\x9f"
                  "e \xe2\x82\xac") == R"("gr\u00fc\u00dfe \u20ac")");
    CHECK(written("\xf0\x9f\x98\x80") == R"("\ud83d\ude00")");
    CHECK(written("\xe2\x80\xa8\xe2\x80\xa9\xef\xbf\xbf") == R"("\u2028\u2029\uffff")");
    node names;
    json::set(names, "\xc3\xbc\n", 1);
    CHECK(json::write(names) == R"({"\u00fc\n": 1})");
}

TEST_CASE("bytes that are no UTF-8 are written as U+FFFD, one for each") {
    auto const written = [](std::string_view text) { return json::write(node(std::string{text})); };
    CHECK(written("a\xff"
                  "b") == R"("a\ufffdb")");
    CHECK(written("\xc0\x80") == R"("\ufffd\ufffd")");
    CHECK(written("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");
    CHECK(written("\xe2\x82") == R"("\ufffd\ufffd")");
    CHECK(written("\xe2\x82"
                  "A") == R"("\ufffd\ufffdA")");
    CHECK(written("\xf0\x9f\x98") == R"("\ufffd\ufffd\ufffd")");
    for (unsigned lead = 0x80; lead != 0x100; ++lead) // whatever comes, the result can be read
        for (unsigned next : {0x00U, 0x22U, 0x5CU, 0x7FU, 0x80U, 0xBFU, 0xC2U, 0xFFU}) {
            std::string const text{static_cast<char>(lead), static_cast<char>(next)};
            CHECK(readable(written(text)));
        }
}

TEST_CASE("whole numbers keep all their digits") {
    CHECK(rewritten("[0, -0, 9223372036854775807, -9223372036854775808, 18446744073709551615]") ==
          "[0, 0, 9223372036854775807, -9223372036854775808, 18446744073709551615]");
    CHECK(json::write(node(std::numeric_limits<std::int64_t>::min())) == "-9223372036854775808");
    CHECK(json::write(node(std::numeric_limits<std::uint64_t>::max())) == "18446744073709551615");
    CHECK(json::write(node(-1)) == "-1");
    // Beyond 64 bits they are read as floating numbers.
    CHECK(read("18446744073709551616").is_number_float());
    CHECK(read("-9223372036854775809").is_number_float());
}

// The expected texts are what CPython 3.11's json.dumps gives for the same values, taken when this test was written.
TEST_CASE("floating numbers are written as Python's repr") {
    struct pair {
        double number;
        char const* text;
    };
    for (auto const& [number, text] : {pair{0.0, "0.0"},
                                       pair{-0.0, "-0.0"},
                                       pair{1.0, "1.0"},
                                       pair{-1.0, "-1.0"},
                                       pair{0.1, "0.1"},
                                       pair{0.30000000000000004, "0.30000000000000004"},
                                       pair{1e15, "1000000000000000.0"},
                                       pair{1e16, "1e+16"},
                                       pair{1.2345678901234568e17, "1.2345678901234568e+17"},
                                       pair{0.0001, "0.0001"},
                                       pair{1e-5, "1e-05"},
                                       pair{0.00012345, "0.00012345"},
                                       pair{9.999e-5, "9.999e-05"},
                                       pair{1.5e300, "1.5e+300"},
                                       pair{5e-324, "5e-324"},
                                       pair{1.7976931348623157e308, "1.7976931348623157e+308"},
                                       pair{2.2250738585072014e-308, "2.2250738585072014e-308"},
                                       pair{1.0 / 3, "0.3333333333333333"},
                                       pair{100.0, "100.0"},
                                       pair{1e22, "1e+22"},
                                       pair{1e23, "1e+23"},
                                       pair{-2.5e-7, "-2.5e-07"},
                                       pair{4.35, "4.35"},
                                       pair{9007199254740992.0, "9007199254740992.0"},
                                       pair{1700000000.123, "1700000000.123"},
                                       pair{999999999999999.9, "999999999999999.9"},
                                       pair{9999999999999998.0, "9999999999999998.0"},
                                       pair{1e100, "1e+100"},
                                       pair{123e-7, "1.23e-05"}}) {
        CHECK(json::write(node(number)) == text);
        CHECK(rewritten(text) == text);
    }
    CHECK(rewritten("[1e2, 1E-2, 1.50, -1e+0]") == "[100.0, 0.01, 1.5, -1.0]");
    for (double const odd : {HUGE_VAL, -HUGE_VAL, std::nan("")}) CHECK(json::write(node(odd)) == "null");
}

TEST_CASE("an accessor finds its own kind and nothing else") {
    auto const document = read(R"({"text": "t", "int": -5, "count": 5, "real": 1.5, "flag": true, "null": null,
        "list": [1], "object": {"a": 1}})");
    for (auto const& [name, unused] : document.items()) {
        INFO(name);
        CHECK((json::member(document, name) != nullptr) == (name != "null"));
        CHECK(json::text_of(document, name).has_value() == (name == "text"));
        CHECK(json::integer_of(document, name).has_value() == (name == "int" || name == "count"));
        CHECK(json::number_of(document, name).has_value() == (name == "int" || name == "count" || name == "real"));
        CHECK(json::flag_of(document, name).has_value() == (name == "flag"));
        CHECK((json::array_of(document, name) != nullptr) == (name == "list"));
        CHECK((json::object_of(document, name) != nullptr) == (name == "object"));
        auto const& held = *document.find(name);
        CHECK(json::as_text(held).has_value() == (name == "text"));
        if (name == "object") continue;
        // No accessor minds what it is asked of.
        CHECK(json::member(held, "a") == nullptr);
        CHECK_FALSE(json::text_of(held, "a").has_value());
        CHECK_FALSE(json::integer_of(held, "a").has_value());
        CHECK_FALSE(json::number_of(held, "a").has_value());
        CHECK_FALSE(json::flag_of(held, "a").has_value());
        CHECK(json::array_of(held, "a") == nullptr);
        CHECK(json::object_of(held, "a") == nullptr);
    }
    CHECK(json::text_of(document, "text") == "t");
    CHECK(json::integer_of(document, "int") == -5);
    CHECK(json::number_of(document, "int") == -5.0);
    CHECK(json::number_of(document, "real") == 1.5);
    CHECK(json::flag_of(document, "flag") == true);
    CHECK(json::member(document, "none") == nullptr);
    CHECK(json::member(document, "") == nullptr);
    CHECK_FALSE(json::text_of(document, "none").has_value());
}

TEST_CASE("a whole number that does not fit is not found rather than bent") {
    auto const document =
        read(R"({"a": 9223372036854775807, "b": 9223372036854775808, "c": -9223372036854775808, "d": 1e3,
        "e": 18446744073709551615, "f": 5.0})");
    CHECK(json::integer_of(document, "a") == std::numeric_limits<std::int64_t>::max());
    CHECK_FALSE(json::integer_of(document, "b").has_value());
    CHECK(json::integer_of(document, "c") == std::numeric_limits<std::int64_t>::min());
    CHECK_FALSE(json::integer_of(document, "d").has_value());
    CHECK_FALSE(json::integer_of(document, "e").has_value());
    CHECK_FALSE(json::integer_of(document, "f").has_value());
    CHECK(json::number_of(document, "d") == 1000.0);
}

TEST_CASE("any number is a number, however it is written") {
    auto const document = read(R"({"b": 9223372036854775808, "e": 18446744073709551615, "g": 18446744073709551616})");
    CHECK(json::number_of(document, "b") == 9223372036854775808.0);
    CHECK(json::number_of(document, "e") == 18446744073709551615.0);
    CHECK(json::number_of(document, "g") == 18446744073709551616.0);
}

TEST_CASE("set puts a member in its place, or behind the others") {
    node document;
    json::set(document, "b", 1);
    json::set(document, "a", "x");
    json::set(document, "b", node::array({1, 2}));
    CHECK(json::write(document) == R"({"b": [1, 2], "a": "x"})");
    node list = node::array({1});
    json::set(list, "a", 1);
    CHECK(json::write(list) == R"({"a": 1})");
}

TEST_CASE("a text is put in as a text, whatever it holds") {
    auto document = node::object();
    json::set_text(document, "a", "before");
    json::set_text(document, "b", "");
    json::set_text(document, "c", "null");
    json::set_text(document, "a", std::string_view{"a\0b", 3});
    CHECK(json::write(document) == R"({"a": "a\u0000b", "b": "", "c": "null"})");
}

TEST_CASE("a list of texts has them in their order") {
    CHECK(json::write(json::texts({"b", "", "a"})) == R"(["b", "", "a"])");
    CHECK(json::write(json::texts({})) == "[]");
}

TEST_CASE("what is in an object stays where it is while the object grows") {
    node document;
    json::set(document, "first", node::array({"a text that is too long for a string to hold in itself"}));
    auto const place = [&] { return json::as_text((*json::array_of(document, "first"))[0])->data(); };
    auto const* const before = place();
    for (int i = 0; i != 40; ++i) json::set(document, std::to_string(i), i);
    CHECK(place() == before);
    CHECK(document.size() == 41);
    for (int i = 0; i != 40; ++i) CHECK(json::integer_of(document, std::to_string(i)) == i);
    CHECK(json::write(document).ends_with(R"("38": 38, "39": 39})"));
}

TEST_CASE("wipe leaves a document its shape and none of its texts") {
    auto document = read(R"({"a": "secret", "b": [1, "secret", {"c": "secret"}], "d": null})");
    json::wipe(document);
    CHECK(json::write(document) == R"({"a": "", "b": [1, "", {"c": ""}], "d": null})");
    auto text = read("\"secret\"");
    json::wipe(text);
    CHECK(json::write(text) == "\"\"");
    auto number = read("1");
    json::wipe(number);
    CHECK(json::write(number) == "1");
}

TEST_CASE("the work of reading and writing is in proportion to the document") {
    auto const object = [](std::size_t members) {
        std::string text = "{";
        for (std::size_t i = 0; i != members; ++i)
            text += (i == 0 ? "\"a member with a name of its own " : ", \"a member with a name of its own ") +
                    std::to_string(i) + "\": 1";
        return text + "}";
    };
    auto const cost = [&](std::size_t members) {
        auto const text = object(members);
        auto const before = allocations;
        auto const document = json::parse(text);
        REQUIRE(document);
        auto const after_reading = allocations;
        REQUIRE(json::write(*document).size() >= text.size());
        CHECK(allocations - after_reading < 64); // writing grows one text
        return after_reading - before;
    };
    CHECK(cost(8 * 1024) < cost(1024) * 9);
    // Searching for each member among all others before it would make this one take hours.
    CHECK(readable(object(300'000)));
}
