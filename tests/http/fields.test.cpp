#include <fargate/http/fields.hpp>

#include "support/catch.hpp"

#include <string>

using fargate::http::fields;

namespace {

std::string written(fields const& list) {
    std::string all;
    for (auto const& each : list) all += each.name + '=' + each.value + ' ';
    return all;
}

} // namespace

TEST_CASE("Fields keep their order, their spelling and their repetitions") {
    fields list{{"b", "1"}, {"A", "2"}};
    list.add("B", "3");
    CHECK(written(list) == "b=1 A=2 B=3 ");
    CHECK(list.size() == 3);
}

TEST_CASE("A field is found by its name in any case, the first one first") {
    fields const list{{"Content-Type", "one"}, {"content-type", "two"}, {"Empty", ""}};
    CHECK(list.value_of("CONTENT-TYPE") == "one");
    CHECK(list.find("empty") == std::string_view{});
    CHECK_FALSE(list.find("missing"));
    CHECK(list.value_of("missing").empty());
}

TEST_CASE("Setting a field replaces the first of that name in its place and drops the others") {
    fields list{{"a", "1"}, {"X", "2"}, {"b", "3"}, {"x", "4"}};
    list.set("x", "new");
    CHECK(written(list) == "a=1 X=new b=3 ");
    list.set("c", "5");
    CHECK(written(list) == "a=1 X=new b=3 c=5 ");
}

TEST_CASE("Erasing takes every field of that name") {
    fields list{{"a", "1"}, {"X", "2"}, {"x", "3"}};
    list.erase("x");
    CHECK(written(list) == "a=1 ");
    list.clear();
    CHECK(list.empty());
}
