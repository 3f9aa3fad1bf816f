#include <fargate/deploy/capacity_plan.hpp>

#include "support/catch.hpp"

#include <fargate/testing/captured_log.hpp>
#include <fargate/testing/map_environment.hpp>

#include <string>
#include <string_view>
#include <vector>

using fargate::errc;
using fargate::deploy::check_capacity_plan;
using fargate::deploy::read_capacity_plan;

namespace {

/// The words with blanks between them, or what is wrong.
std::string read(std::string_view raw) {
    auto const made = read_capacity_plan(raw);
    if (!made) return (made.error().code == errc::bad_configuration ? "" : "wrong code: ") + made.error().message;
    std::string all;
    for (auto const& each : *made) all += "[" + each + "]";
    return all;
}

std::string const no_name =
    " is neither a launch type nor the name of a capacity provider: letters, digits, - and _, at "
    "most 255, not beginning with aws, ecs or fargate, unless it is FARGATE_SPOT";

} // namespace

TEST_CASE("a capacity plan is a list of launch types and capacity providers", "[deploy][capacity_plan]") {
    CHECK(read("FARGATE_SPOT,FARGATE") == "[FARGATE_SPOT][FARGATE]");
    CHECK(read(" FARGATE_SPOT ,\tFARGATE\n") == "[FARGATE_SPOT][FARGATE]");
    CHECK(read("EC2") == "[EC2]");
    CHECK(read("my-spot_1,EXTERNAL,MANAGED_INSTANCES,Eins") == "[my-spot_1][EXTERNAL][MANAGED_INSTANCES][Eins]");
    CHECK(read("") == "");
    CHECK(read("  ") == "");
    CHECK(read(std::string(255, 'x')) == "[" + std::string(255, 'x') + "]");
}

TEST_CASE("a word that is no capacity is named", "[deploy][capacity_plan]") {
    for (auto const* const word : {"fargate", "fargate_spot", "Fargate", "FARGATE_SP0T", "aws-mine", "ECS2", "a b",
                                   "a.b", "arn:aws:ecs:eu-west-1:1:capacity-provider/x"})
        CHECK(read("FARGATE," + std::string{word}) == "capacity_plan: " + std::string{word} + no_name);
    CHECK(read("a\nERROR b") == "capacity_plan: a?ERROR b" + no_name);
    CHECK(read(std::string(256, 'x')) == "capacity_plan: " + std::string(64, 'x') + "..." + no_name);
    for (auto const* const gap : {",", "FARGATE,", ",FARGATE", "FARGATE,,EC2", "FARGATE, ,EC2"})
        CHECK(read(gap) == "capacity_plan: \"\" is no capacity: write words with commas between them, such as "
                           "FARGATE_SPOT,FARGATE");
    CHECK(read("FARGATE,EC2,FARGATE") == "capacity_plan: FARGATE comes twice");
}

TEST_CASE("a capacity plan does not go with a strategy among the arguments", "[deploy][capacity_plan]") {
    fargate::testing::captured_log log;
    fargate::testing::map_environment const environment{
        {{"capacityProviderStrategy", R"([{"capacityProvider": "FARGATE_SPOT", "weight": 1}])"}}};
    auto const given = fargate::deploy::read_kwargs({}, environment, log);
    REQUIRE(given);
    std::vector<std::string> const plan = {"FARGATE_SPOT", "FARGATE"};
    CHECK(check_capacity_plan(plan, fargate::deploy::kwargs{}));
    CHECK(check_capacity_plan({}, *given));
    auto const both = check_capacity_plan(plan, *given);
    REQUIRE_FALSE(both);
    CHECK(both.error().code == errc::bad_configuration);
    CHECK(both.error().message == "capacity_plan and the keyword argument capacityProviderStrategy both say what tasks "
                                  "run on: leave one of them out");
}
