#include <fargate/service/fleet.hpp>

#include "support/catch.hpp"

#include <fargate/crypto/openssl.hpp>

#include <set>
#include <string>
#include <vector>

using namespace fargate;
using service::default_fleet;
using service::is_fleet;
using words = std::vector<std::string>;

namespace {

std::string fleet(std::string_view api, std::string_view tenant, words labels) {
    return default_fleet(api, tenant, std::move(labels), crypto::openssl_hash{});
}

} // namespace

TEST_CASE("agents of the same API, tenant and labels are one fleet, and need not be told") {
    auto const one = fleet("https://api.prefect.io", "tenant", {"dev", "gpu"});
    CHECK(fleet("https://api.prefect.io", "tenant", {"gpu", "dev", "gpu"}) == one);
    CHECK(fleet("https://api.prefect.io/", "tenant", {"dev", "gpu"}) == one);
    // What restarted agents look for must not change with the program.
    CHECK(one == "fargate-3f97700404ab1dee5ef7");
}

TEST_CASE("whatever differs makes another fleet, and no two lists of labels read the same") {
    std::set<std::string> all;
    for (auto const& each :
         {fleet("https://api.prefect.io", "", {}), fleet("http://localhost:4200", "", {}), fleet("", "", {}),
          fleet("https://api.prefect.io", "t", {}), fleet("https://api.prefect.io", "", {"t"}),
          fleet("https://api.prefect.io", "", {"a", "b"}), fleet("https://api.prefect.io", "", {"ab"}),
          fleet("https://api.prefect.io", "", {"a,b"}), fleet("https://api.prefect.io", "", {"a1:b"}),
          fleet("https://api.prefect.io", "", {"a", ""})})
        CHECK(all.insert(each).second);
}

TEST_CASE("a fleet made up is one that ECS takes as startedBy, old limits included") {
    for (auto const& label : {std::string{}, std::string{"\xC3\xA4 \n'"}, std::string(10'000, 'x')}) {
        auto const made = fleet("https://api", "t", {label});
        CHECK(is_fleet(made));
        CHECK(made.size() <= 36);
    }
}

TEST_CASE("a fleet has 1 to 128 letters, digits, dashes, slashes and underscores") {
    for (auto const* const good : {"a", "prod", "Team-1/agents_2"}) CHECK(is_fleet(good));
    CHECK(is_fleet(std::string(128, 'a')));
    CHECK_FALSE(is_fleet(std::string(129, 'a')));
    for (auto const* const bad : {"", " ", "a b", "a.b", "a:b", "\xC3\xA4", "a\n"}) {
        INFO(bad);
        CHECK_FALSE(is_fleet(bad));
    }
}
