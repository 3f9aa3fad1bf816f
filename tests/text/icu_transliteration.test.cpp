#include <fargate/text/icu_transliteration.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <fargate/deploy/plan.hpp>
#include <fargate/text/slug.hpp>
#include <fargate/text/transliteration.hpp>

#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace json = fargate::json;
using fargate::text::icu_transliterate;

namespace {

std::string slug(std::string_view name) { return fargate::text::slug(name, icu_transliterate); }

} // namespace

TEST_CASE("§5.12 row 29, with ICU: `北京 数据` is bei-jing-shu-ju", "[text][icu]") {
    CHECK(slug("北京 数据") == "bei-jing-shu-ju");
}

TEST_CASE(
    "with ICU all recorded names of four scripts are as python-slugify has them, and no name is empty for want of "
    "letters",
    "[text][icu]") {
    std::set<std::string> const read_otherwise = {"ri-ben-yu-huro", "hangugeo-heureum", "mrhb"};
    auto const document = testing_support::load("prefect1/cases_slugify.json");
    auto const* const cases = json::array_of(document, "cases");
    REQUIRE(cases != nullptr);
    int equal = 0;
    for (auto const& each : *cases) {
        auto const wanted = testing_support::text(each, "slug");
        INFO(json::write(each));
        auto const made = slug(testing_support::text(each, "input"));
        if (read_otherwise.count(wanted) != 0) {
            CHECK(made.substr(0, 1) == wanted.substr(0, 1));
        } else {
            CHECK(made == wanted);
            ++equal;
        }
    }
    CHECK(equal == 71);
}

TEST_CASE("each ideograph is a word, and what is no letter vanishes as without ICU", "[text][icu]") {
    CHECK(slug("北京daily") == "bei-jing-daily");
    CHECK(slug("daily北京") == "dailybei-jing");
    CHECK(slug("🚀北🚀") == "bei");
    CHECK(slug("№5") == "5");
    CHECK(slug("\xFF北\x80") == "bei");
    CHECK(icu_transliterate("").empty());
}

TEST_CASE("a long name is spelled whole, and several threads may spell at once", "[text][icu]") {
    std::string name;
    std::string wanted;
    for (int i = 0; i != 300; ++i) {
        name += "ж北";
        wanted += i == 0 ? "zhbei" : "-zhbei";
    }
    std::vector<std::string> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& each : made) threads.emplace_back([&each, &name] { each = slug(name); });
    }
    CHECK(made == std::vector<std::string>(4, wanted));
}

TEST_CASE("a plan with ICU names a definition after a Chinese flow", "[text][icu]") {
    fargate::deploy::settings with;
    with.enable_task_revisions = true;
    with.transliterate = icu_transliterate;
    fargate::prefect::flow_run run;
    run.flow.id = "b3f0c9d2-1a64-4e8f-9b0d-2f6a7c8e9d01";
    run.flow.name = "北京 数据";
    json::set(run.flow.storage, "type", "S3");
    auto const made = fargate::deploy::plan(run, with);
    REQUIRE(made.has_value());
    CHECK(made->family == "bei-jing-shu-ju");
    static_assert(fargate::text::transliteration_policy<decltype(icu_transliterate)*>);
}
