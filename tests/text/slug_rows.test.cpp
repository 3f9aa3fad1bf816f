#include <fargate/text/slug.hpp>

#include "support/catch.hpp"

using fargate::text::slug;

// The table of names that python-slugify was run on, a test a row.

TEST_CASE("§5.12 row 1: `flow #1` is flow-1", "[text][slug]") { CHECK(slug("flow #1") == "flow-1"); }
TEST_CASE("§5.12 row 2: `My Flow` is my-flow", "[text][slug]") { CHECK(slug("My Flow") == "my-flow"); }
TEST_CASE("§5.12 row 3: `hello_world` is hello-world", "[text][slug]") { CHECK(slug("hello_world") == "hello-world"); }
TEST_CASE("§5.12 row 4: `leading and trailing` is leading-and-trailing", "[text][slug]") {
    CHECK(slug("  leading and trailing  ") == "leading-and-trailing");
}
TEST_CASE("§5.12 row 5: `ETL--Daily` is etl-daily", "[text][slug]") { CHECK(slug("ETL--Daily") == "etl-daily"); }
TEST_CASE("§5.12 row 6: `_private_` is private", "[text][slug]") { CHECK(slug("_private_") == "private"); }
TEST_CASE("§5.12 row 7: `A/B test (v2.0)` is a-b-test-v2-0", "[text][slug]") {
    CHECK(slug("A/B test (v2.0)") == "a-b-test-v2-0");
}
TEST_CASE("§5.12 row 8: `foo.bar-baz_qux` is foo-bar-baz-qux", "[text][slug]") {
    CHECK(slug("foo.bar-baz_qux") == "foo-bar-baz-qux");
}
TEST_CASE("§5.12 row 9: `C++ & C#` is c-c", "[text][slug]") { CHECK(slug("C++ & C#") == "c-c"); }
TEST_CASE("§5.12 row 10: `Crème Brûlée` is creme-brulee", "[text][slug]") {
    CHECK(slug("Crème Brûlée") == "creme-brulee");
}
TEST_CASE("§5.12 row 11: `Straße Köln` is strasse-koln", "[text][slug]") {
    CHECK(slug("Straße Köln") == "strasse-koln");
}
TEST_CASE("§5.12 row 12: `Æther Øre` is aether-ore", "[text][slug]") { CHECK(slug("Æther Øre") == "aether-ore"); }
TEST_CASE("§5.12 row 13: `Łódź` is lodz", "[text][slug]") { CHECK(slug("Łódź") == "lodz"); }
TEST_CASE("§5.12 row 14: `İstanbul` is istanbul", "[text][slug]") { CHECK(slug("İstanbul") == "istanbul"); }
TEST_CASE("§5.12 row 15: `€ 5` is eur-5", "[text][slug]") { CHECK(slug("€ 5") == "eur-5"); }
TEST_CASE("§5.12 row 16: `don't stop` is don-t-stop", "[text][slug]") { CHECK(slug("don't stop") == "don-t-stop"); }
TEST_CASE("§5.12 row 17: `O’Reilly` is oreilly", "[text][slug]") { CHECK(slug("O’Reilly") == "oreilly"); }
TEST_CASE("§5.12 row 18: `1,000 rows` is 1000-rows", "[text][slug]") { CHECK(slug("1,000 rows") == "1000-rows"); }
TEST_CASE("§5.12 row 19: `1,2,x,3` is 12-x-3", "[text][slug]") { CHECK(slug("1,2,x,3") == "12-x-3"); }
TEST_CASE("§5.12 row 20: `a&amp;b` is a-b", "[text][slug]") { CHECK(slug("a&amp;b") == "a-b"); }
TEST_CASE("§5.12 row 21: `caf&eacute;s` is cafe-s", "[text][slug]") { CHECK(slug("caf&eacute;s") == "cafe-s"); }
TEST_CASE("§5.12 row 22: `&#65;&#x42;C` is abc", "[text][slug]") { CHECK(slug("&#65;&#x42;C") == "abc"); }
TEST_CASE("§5.12 row 23: `🚀 launch` is launch", "[text][slug]") { CHECK(slug("🚀 launch") == "launch"); }
TEST_CASE("§5.12 row 24: names without any letter have no slug", "[text][slug]") {
    for (auto const* const name : {"#!?", "---", ""}) CHECK(slug(name) == "");
}
TEST_CASE("§5.12 row 25: `naïve—em–dash…` is naive-em-dash", "[text][slug]") {
    CHECK(slug("naïve—em–dash…") == "naive-em-dash");
}
TEST_CASE("§5.12 row 26: `ﬁle ½ x²` is file-1-2-x2", "[text][slug]") { CHECK(slug("ﬁle ½ x²") == "file-1-2-x2"); }
TEST_CASE("§5.12 row 27: `Привет мир` is privet-mir", "[text][slug]") { CHECK(slug("Привет мир") == "privet-mir"); }
TEST_CASE("§5.12 row 28: `ΑΒΓ δοκιμή` is abg-dokime", "[text][slug]") { CHECK(slug("ΑΒΓ δοκιμή") == "abg-dokime"); }
TEST_CASE("§5.12 row 29, without ICU: `北京 数据` has no slug", "[text][slug]") { CHECK(slug("北京 数据") == ""); }
TEST_CASE("§5.12 row 30: `Flow™ ©2020` is flowtm-c-2020", "[text][slug]") {
    CHECK(slug("Flow™ ©2020") == "flowtm-c-2020");
}
