#include <fargate/text/ascii.hpp>

#include "support/catch.hpp"

using namespace fargate::text;

static_assert(is_alnum('0') && is_alnum('z') && is_alnum('A') && !is_alnum('_') && !is_alnum('@') && !is_alnum('`'));
static_assert(to_lower('Z') == 'z' && to_lower('[') == '[' && to_upper('a') == 'A' && to_upper('{') == '{');
static_assert(trim(" \t\r\n\v\fa b \n") == "a b" && trim(" \t") == "" && trim("") == "");
static_assert(iequals("Content-TYPE", "content-type") && !iequals("a", "ab") && !iequals("a[", "a{"));

TEST_CASE("only ASCII letters change case, so that no locale and no UTF-8 byte matters") {
    CHECK(lower("ÄBC-\xC3\x84\xFF") == "Äbc-\xC3\x84\xFF");
    CHECK(upper("straße") == "STRAßE");
}

TEST_CASE("white space is what C's own locale calls so, and no byte above ASCII") {
    std::string found;
    for (int byte = 0; byte != 256; ++byte)
        if (is_space(static_cast<char>(byte))) found += static_cast<char>(byte);
    CHECK(found == "\t\n\v\f\r ");
}

TEST_CASE("a text contains its parts and the empty text") {
    CHECK(contains("abc", "bc"));
    CHECK(contains("abc", ""));
    CHECK_FALSE(contains("abc", "cb"));
}

TEST_CASE("what a message shows of a text is short, printable and on one line") {
    CHECK(printable("cpu") == "cpu");
    CHECK(printable("a\nb\x7F\xC3\xA9") == "a?b???");
    CHECK(printable(std::string(65, 'x')) == std::string(64, 'x'));
}
