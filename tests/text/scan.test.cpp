#include <fargate/text/scan.hpp>

#include "support/catch.hpp"

#include <string>

using fargate::text::first_outside;

TEST_CASE("every byte at every place of a text is told to be inside or outside") {
    constexpr std::pair<char, char> ranges[] = {{'!', '~'}, {' ', '~'}, {'\0', '\x7F'}, {'a', 'a'}, {'0', '9'}};
    for (auto const& [lowest, highest] : ranges)
        for (int byte = 0; byte != 256; ++byte)
            for (std::size_t place = 0; place != 20; ++place) {
                std::string text(20, lowest);
                text[19 - place / 2] = highest;
                text[place] = static_cast<char>(byte);
                bool const inside = byte >= lowest && byte <= highest;
                std::size_t const found = first_outside(text, lowest, highest);
                if (found != (inside ? text.size() : place)) FAIL(lowest << highest << ' ' << byte << " at " << place);
            }
    SUCCEED();
}

TEST_CASE("the first of several bytes outside is the one told") {
    CHECK(first_outside("abcdefgh\x80 \xFF\x01", '!', '~') == 8);
    CHECK(first_outside("abc\x01\xFF\x80 h", '!', '~') == 3);
    CHECK(first_outside(std::string(8, '\xFF'), '!', '~') == 0);
}

TEST_CASE("a byte outside is found at every place of a long text") {
    for (std::size_t place = 0; place != 300; ++place)
        for (char const byte : {' ', '\x7F', '\xFF', '\0'}) {
            std::string text(300, 'x');
            text[place] = byte;
            text.back() = place == 299 ? byte : ' '; // the first of two
            std::size_t const found = first_outside(text, '!', '~');
            if (found != place) FAIL(place << " taken for " << found);
        }
    CHECK(first_outside(std::string(1000, '!'), '!', '~') == 1000);
    CHECK(first_outside(std::string(1000, '~'), '!', '~') == 1000);
}

TEST_CASE("short texts and none are looked at to their end and no further") {
    CHECK(first_outside("", '!', '~') == 0);
    CHECK(first_outside({}, '!', '~') == 0);
    CHECK(first_outside("abc", '!', '~') == 3);
    CHECK(first_outside(std::string_view{"abc def gh"}.substr(0, 3), '!', '~') == 3);
    CHECK(first_outside("abcdefghi", '!', '~') == 9);
}
