#include <fargate/text/buffer.hpp>

#include "support/catch.hpp"

#include <string>

using fargate::text::buffer;

TEST_CASE("text is appended in the order given, inside and when it outgrows its place") {
    for (std::size_t count = 0; count != 40; ++count) {
        buffer<8> made;
        std::string expected;
        for (std::size_t i = 0; i != count; ++i) {
            char const letter = static_cast<char>('a' + i % 26);
            std::string const word(i % 3, letter);
            made += word;
            made += letter;
            expected += word + letter;
            CHECK(made.back() == letter);
        }
        CHECK(made.view() == expected);
        CHECK(made.size() == expected.size());
    }
}

TEST_CASE("a text of just the size fits, and one that is longer at once is taken, too") {
    buffer<4> made;
    made += "1234";
    CHECK(made.view() == "1234");
    made += "";
    made += std::string_view{};
    CHECK(made.view() == "1234");
    buffer<4> longer;
    longer += "123456789";
    CHECK(longer.view() == "123456789");
}

TEST_CASE("copies are texts of their own, on either side of the size") {
    for (std::string const& word : {std::string{}, std::string{"abc"}, std::string(100, 'x')}) {
        buffer<8> one;
        one += word;
        buffer<8> other = one;
        buffer<8> third;
        third += "something else that is long";
        third = one;
        one += "!";
        CHECK(one.view() == word + "!");
        CHECK(other.view() == word);
        CHECK(third.view() == word);
        other += "?";
        third += "?";
        CHECK(other.view() == word + "?");
        CHECK(third.view() == word + "?");
    }
}

TEST_CASE("bytes that were asked for are written behind what is there") {
    for (std::size_t const before : {0U, 3U, 6U, 20U}) {
        buffer<8> made;
        std::string text;
        made += std::string(before, 'b');
        text += std::string(before, 'b');
        char* const inside = fargate::text::extend(made, 2);
        inside[0] = 'x';
        inside[1] = 'y';
        char* const of_string = fargate::text::extend(text, 2);
        of_string[0] = 'x';
        of_string[1] = 'y';
        CHECK(made.view() == std::string(before, 'b') + "xy");
        CHECK(made.view() == text);
    }
}
