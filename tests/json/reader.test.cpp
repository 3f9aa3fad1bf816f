#include <fargate/json/reader.hpp>

#include "support/catch.hpp"

#include <fargate/json/json.hpp>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

// The reader of plain documents beside nlohmann's parser, which it must never be more lenient than.

using namespace fargate;

namespace {

/// Writes down what it is told.
struct record {
    std::string told{};

    bool add(std::string const& what) {
        told += what + ' ';
        return true;
    }
    bool null() { return add("null"); }
    bool boolean(bool flag) { return add(flag ? "true" : "false"); }
    bool number_integer(std::int64_t number) { return add("i" + std::to_string(number)); }
    bool number_unsigned(std::uint64_t number) { return add("u" + std::to_string(number)); }
    bool number_float(double number, std::string const&) {
        std::array<char, 400> digits{};
        auto const end =
            std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed, 6);
        return add("f" + std::string{digits.data(), end.ptr});
    }
    bool string(std::string_view text) { return add('"' + std::string{text} + '"'); }
    bool key(std::string_view name) { return add(std::string{name} + ':'); }
    template <class Bytes>
    bool binary(Bytes const&) {
        return false;
    }
    bool start_object(std::size_t) { return add("{"); }
    bool start_array(std::size_t) { return add("["); }
    bool end_object() { return add("}"); }
    bool end_array() { return add("]"); }
    template <class Exception>
    bool parse_error(std::size_t, std::string const&, Exception const&) {
        return false;
    }
};

/// What the reader tells; `declined` when it does not take the text.
std::string told(std::string_view text) {
    record events;
    return json::detail::reader{text, events}.read() ? events.told : "declined";
}

std::string told_by_nlohmann(std::string_view text) {
    record events;
    return json::value::sax_parse(text.begin(), text.end(), &events) ? events.told : "declined";
}

} // namespace

TEST_CASE("plain documents are told event by event") {
    CHECK(told(R"({"a": [1, -2, 0.5, true, false, null], "b": {}, "c": []})") ==
          R"({ a: [ u1 i-2 f0.500000 true false null ] b: { } c: [ ] } )");
    CHECK(told(" \t\r\n\"x\" ") == "\"x\" ");
    CHECK(told(R"("\"\\\/\b\f\n\r\t")") == "\"\"\\/\b\f\n\r\t\" ");
    CHECK(told("1.704164645123E9") == "f1704164645.123000 ");
    CHECK(told("-0") == "i0 ");
}

TEST_CASE("whatever the reader takes is told as nlohmann's parser tells it, and what that refuses is declined") {
    std::vector<std::string> const texts{
        R"({"failures":[],"tasks":[{"cpu":"256","createdAt":1.704164645123E9,"n":-12,"x":[[],{}]}]})",
        "[1, 2.5e-3, 1e+2, 0, -0, 0.0, -1.5E5, 123456789012345678, 1234567890123456789, 18446744073709551616]",
        R"(["plain", "es\"ca\\pe\n", "\u00e9", "caf)"
        "\xC3\xA9"
        R"(", "", "12345678", "1234567\"", "12345678\\", "del)"
        "\x7F"
        R"("])",
        "true",
        "[[[[[]]]]]",
    };
    // Each text, each of its beginnings, and each text with one byte changed for each that might matter.
    std::size_t taken = 0;
    auto const compare = [&taken](std::string const& text) {
        auto const ours = told(text);
        if (ours == "declined") return;
        ++taken;
        if (ours != told_by_nlohmann(text)) FAIL(text);
    };
    for (auto const& text : texts)
        for (std::size_t at = 0; at <= text.size(); ++at) {
            compare(text.substr(0, at));
            if (at == text.size()) continue;
            for (char const byte : std::string_view{"{}[]\",:\\ \t\n\x01\x1F\x7F\x80\xFF"
                                                    "0123456789+-.eEtfnu/abx"}) {
                std::string changed = text;
                changed[at] = byte;
                compare(changed);
                compare(text.substr(0, at) + byte + text.substr(at));
            }
            compare(text.substr(0, at) + text.substr(at + 1));
        }
    CHECK(taken > 1000);
}

TEST_CASE("what services seldom write is declined and read all the same") {
    for (std::string const& text :
         {std::string{R"("\u00e9")"}, std::string{"\"caf\xC3\xA9\""}, std::string{"12345678901234567890"},
          std::string{"\"\x7F\""}, std::string{R"({"a name\n": 1})"}}) {
        CAPTURE(text);
        CHECK(told(text) == "declined");
        CHECK(json::parse(text));
    }
}

TEST_CASE("a document that ends inside a value is declined, wherever") {
    std::string const text = R"({"a": ["b\n", 1.5e3, {"c": null}]})";
    for (std::size_t size = 0; size != text.size(); ++size) CHECK(told(text.substr(0, size)) == "declined");
}

TEST_CASE("every character at every place of a string is told to be plain or not") {
    for (int byte = 0; byte != 256; ++byte)
        for (std::size_t place = 0; place != 20; ++place) {
            std::string text(20, 'x');
            text[place] = static_cast<char>(byte);
            bool const plain = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\';
            if (json::detail::plain_run(text) != (plain ? text.size() : place)) FAIL(byte << " at " << place);
        }
    CHECK(json::detail::plain_run("") == 0);
}
