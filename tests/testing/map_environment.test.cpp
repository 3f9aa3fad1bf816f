#include <fargate/testing/map_environment.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using fargate::errc;
using fargate::testing::map_environment;

static_assert(fargate::environment_policy<map_environment>);

TEST_CASE("a map environment knows what it was given and nothing else") {
    map_environment const environment{{{"AWS_REGION", "eu-west-1"}, {"EMPTY", ""}}, {{"/token", "abc\n"}}};
    CHECK(environment.variable("AWS_REGION") == "eu-west-1");
    CHECK(environment.variable("EMPTY") == "");
    CHECK_FALSE(environment.variable("PATH").has_value());

    auto const there = environment.read_file("/token");
    REQUIRE(there);
    CHECK(*there == "abc\n");
    auto const missing = environment.read_file("/etc/passwd");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == errc::not_found);
    CHECK(missing.error().message.find("/etc/passwd") != std::string::npos);
}

TEST_CASE("a map environment can change") {
    map_environment environment;
    environment.set("A", "1");
    environment.set("A", "2");
    CHECK(environment.variable("A") == "2");
    environment.unset("A");
    CHECK_FALSE(environment.variable("A").has_value());

    environment.set_file("/f", "one");
    environment.set_file("/f", "two");
    CHECK(*environment.read_file("/f") == "two");
    environment.break_file("/f", fargate::fail(errc::bad_configuration, "no permission"));
    auto const broken = environment.read_file("/f");
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == errc::bad_configuration);
    environment.remove_file("/f");
    CHECK(environment.read_file("/f").error().code == errc::not_found);
    CHECK(environment.reads("/f") == 3);
    CHECK(environment.reads("/g") == 0);
}

TEST_CASE("a copy of a map environment goes its own way") {
    map_environment first{{{"A", "1"}}, {{"/f", "one"}}};
    static_cast<void>(first.read_file("/f"));
    map_environment second{first};
    CHECK(second.reads("/f") == 0);
    second.set("A", "2");
    second.set_file("/f", "two");
    CHECK(first.variable("A") == "1");
    CHECK(*first.read_file("/f") == "one");

    first = second;
    CHECK(first.variable("A") == "2");
    CHECK(*first.read_file("/f") == "two");
    auto& same = first;
    first = same;
    CHECK(first.variable("A") == "2");
}

TEST_CASE("several threads may read a map environment while it changes") {
    map_environment environment{{{"A", "0"}}};
    std::thread writer{[&environment] {
        for (int i = 0; i != 200; ++i) {
            environment.set("A", std::to_string(i));
            environment.set_file("/f", std::to_string(i));
        }
    }};
    for (int i = 0; i != 200; ++i) {
        CHECK(environment.variable("A").has_value());
        static_cast<void>(environment.read_file("/f"));
    }
    writer.join();
    CHECK(environment.variable("A") == "199");
    CHECK(environment.reads("/f") == 200);
}

TEST_CASE("a map environment lists the variables of a prefix") {
    map_environment const environment{{{"P__A", "1"}, {"P__B", ""}, {"P", "2"}, {"Q", "3"}, {"p__C", "4"}}};
    CHECK(environment.variables("P__") ==
          std::vector<std::pair<std::string, std::string>>{{"P__A", "1"}, {"P__B", ""}});
    CHECK(environment.variables("").size() == 5);
    CHECK(environment.variables("R").empty());
}

TEST_CASE("what is written to a map environment can be read back, unless writing is broken") {
    map_environment environment;
    REQUIRE(environment.write_file("/f", "one"));
    REQUIRE(environment.write_file("/f", "two"));
    CHECK(*environment.read_file("/f") == "two");
    environment.break_writes(fargate::fail(errc::bad_configuration, "no space"));
    CHECK(environment.write_file("/f", "three").error().message == "no space");
    CHECK(*environment.read_file("/f") == "two");
    environment.break_writes(std::nullopt);
    CHECK(environment.write_file("/g", "four"));
    CHECK(environment.writes() == std::vector<std::string>{"/f", "/f", "/f", "/g"});
}

TEST_CASE("a map environment's programs do what a test says they do") {
    map_environment environment;
    environment.set_program("key", {2, "out", "complaint"});
    environment.set_program("echo",
                            [](auto const& words, auto const& limits) -> fargate::result<fargate::program_output> {
                                if (limits.output < words.back().size())
                                    return fargate::fail(errc::too_large, "too long");
                                return fargate::program_output{0, words.back(), {}};
                            });
    auto const key = environment.run({"key", "--json"});
    REQUIRE(key);
    CHECK(key->status == 2);
    CHECK(key->output == "out");
    CHECK(key->errors == "complaint");
    CHECK(environment.run({"echo", "x"})->output == "x");
    CHECK(environment.run({"echo", "xyz"}, {std::chrono::seconds{1}, 2, 2}).error().code == errc::too_large);
    CHECK(environment.run({"other"}).error().code == errc::not_found);
    CHECK(environment.runs() ==
          std::vector<std::vector<std::string>>{{"key", "--json"}, {"echo", "x"}, {"echo", "xyz"}, {"other"}});
}
