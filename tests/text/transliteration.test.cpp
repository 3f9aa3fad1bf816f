#include <fargate/text/transliteration.hpp>

#include "support/catch.hpp"

#include <fargate/text/slug.hpp>

#include <string>
#include <string_view>
#include <vector>

using fargate::text::no_transliteration;
using fargate::text::slug;
using fargate::text::transliteration;
using fargate::text::transliteration_policy;

namespace {

std::string spell(std::string_view letters) { return letters == "北京" ? "Bei Jing " : "?"; }

} // namespace

TEST_CASE("a function, a lambda and the model that spells nothing are models; what answers otherwise is none",
          "[text][transliteration]") {
    auto const lambda = [](std::string_view) { return std::string{}; };
    auto const number = [](std::string_view) { return 5; };
    STATIC_REQUIRE(transliteration_policy<transliteration>);
    STATIC_REQUIRE(transliteration_policy<no_transliteration>);
    STATIC_REQUIRE(transliteration_policy<decltype(lambda)>);
    STATIC_REQUIRE_FALSE(transliteration_policy<decltype(number)>);
    STATIC_REQUIRE_FALSE(transliteration_policy<int>);
}

TEST_CASE("a slug asks its model for whole runs of the letters that its own table lacks", "[text][transliteration]") {
    std::vector<std::string> asked;
    auto const model = [&asked](std::string_view letters) {
        asked.emplace_back(letters);
        return std::string{"x"};
    };
    CHECK(slug("北京 Łódź数据b\xFF日", model) == "x-lodzxbx");
    CHECK(asked == std::vector<std::string>{"北京", "数据", "日"});
    asked.clear();
    CHECK(slug("flow #1 Привет é ™ Ａ", model) == "flow-1-privet-e-tm-a");
    CHECK(asked.empty());
}

TEST_CASE("a model is a plain function too, and of its answer the ASCII counts", "[text][transliteration]") {
    CHECK(slug("北京daily", spell) == "bei-jing-daily");
    CHECK(slug("北", [](std::string_view) { return std::string{"Bě_i' &amp; \xFF"}; }) == "b-i");
    CHECK(slug("北", no_transliteration{}) == "");
}
