#include <fargate/text/base64.hpp>

#include "support/catch.hpp"

using fargate::text::base64;

TEST_CASE("base64 is that of RFC 4648's test vectors") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foob") == "Zm9vYg==");
    CHECK(base64("fooba") == "Zm9vYmE=");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64({"\xFB\xFF\xFE\0", 4}) == "+//+AA==");
}
