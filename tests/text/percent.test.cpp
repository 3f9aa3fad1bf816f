#include <fargate/text/percent.hpp>

#include "support/catch.hpp"

using namespace fargate::text;
using namespace std::string_view_literals;

TEST_CASE("exactly the unreserved characters go through unescaped") {
    std::string kept;
    for (int byte = 0; byte != 256; ++byte) {
        char const c = static_cast<char>(byte);
        std::string const coded = percent_encode({&c, 1});
        if (coded == std::string_view{&c, 1})
            kept += c;
        else
            CHECK(coded.size() == 3);
    }
    CHECK(kept == "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
}

TEST_CASE("escapes are upper case, one for each byte of UTF-8") {
    CHECK(percent_encode("\xE1\x88\xB4") == "%E1%88%B4");
    CHECK(percent_encode(" +=@$!*'(),;:&%") == "%20%2B%3D%40%24%21%2A%27%28%29%2C%3B%3A%26%25");
    CHECK(percent_encode("\0\n\x7F"sv) == "%00%0A%7F");
}

TEST_CASE("a slash is escaped in a query and kept in a path") {
    CHECK(percent_encode("a/b c") == "a%2Fb%20c");
    CHECK(percent_encode("a/b c", true) == "a/b%20c");
}

TEST_CASE("decoding undoes encoding for every byte") {
    std::string all;
    for (int byte = 0; byte != 256; ++byte) all += static_cast<char>(byte);
    CHECK(percent_decode(percent_encode(all)) == all);
    CHECK(percent_decode(percent_encode(all, true)) == all);
}

TEST_CASE("both cases of digits decode, and a plus stays one") {
    CHECK(percent_decode("%c3%BC+%2b") == "\xC3\xBC++");
    CHECK(percent_decode("%00"sv) == "\0"sv);
}

TEST_CASE("an escape that is none stays as it is") {
    for (auto const* each : {"%", "%4", "%zz", "%4g", "%%", "a%", "100%"}) CHECK(percent_decode(each) == each);
    CHECK(percent_decode("%%41") == "%A");
    CHECK(percent_decode("%2541") == "%41");
    CHECK(percent_decode("%4%41") == "%4A");
}
