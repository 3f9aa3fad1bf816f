#include <fargate/text/hex.hpp>

#include "support/catch.hpp"

using namespace fargate::text;
using namespace std::string_view_literals;

static_assert(hex_value('0') == 0 && hex_value('9') == 9 && hex_value('a') == 10 && hex_value('F') == 15);
static_assert(hex_value('g') == -1 && hex_value('/') == -1 && hex_value(':') == -1 && hex_value('\0') == -1);

TEST_CASE("bytes become two lower-case digits each, also zero and those above ASCII") {
    CHECK(to_hex("") == "");
    CHECK(to_hex("\x00\x01\x7F\x80\xFF"sv) == "00017f80ff");
    std::string all;
    for (int byte = 0; byte != 256; ++byte) all += static_cast<char>(byte);
    std::string const digits = to_hex(all);
    REQUIRE(digits.size() == 512);
    for (std::size_t i = 0; i != 256; ++i)
        CHECK(hex_value(digits[2 * i]) * 16 + hex_value(digits[2 * i + 1]) == static_cast<int>(i));
}

TEST_CASE("digits are appended behind what is there") {
    std::string out = "0x";
    append_hex(out, "AZ");
    CHECK(out == "0x415a");
}
