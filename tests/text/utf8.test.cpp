#include <fargate/text/utf8.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string>
#include <string_view>

using fargate::text::append_utf8;
using fargate::text::is_utf8;
using fargate::text::next_code_point;
using fargate::text::no_code_point;

TEST_CASE("every code point is written and read back", "[text][utf8]") {
    for (char32_t point = 0; point != 0x110000; ++point) {
        if (point >= 0xD800 && point <= 0xDFFF) continue;
        std::string text;
        append_utf8(text, point);
        std::size_t at = 0;
        if (next_code_point(text, at) != point || at != text.size())
            FAIL("code point " << static_cast<unsigned>(point));
    }
    SUCCEED();
}

TEST_CASE("a byte that starts no character is passed alone", "[text][utf8]") {
    using namespace std::string_view_literals;
    for (auto const text : {"\x80"sv, "\xC0\xAF"sv, "\xC1\xBF"sv, "\xC3"sv, "\xC3("sv, "\xE0\x80\x80"sv,
                            "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv, "\xE2\x82"sv, "\xED\xA0\x80"sv,
                            "\xF0\x80\x80\x80"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xFF"sv}) {
        std::size_t at = 0;
        CHECK(next_code_point(text, at) == no_code_point);
        CHECK(at == 1);
        CHECK_FALSE(is_utf8(text));
    }
    CHECK(is_utf8(""));
    CHECK(is_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80\xF4\x8F\xBF\xBF"));
    CHECK_FALSE(is_utf8("a\xC3\xA9\xE2\x82"));
}
