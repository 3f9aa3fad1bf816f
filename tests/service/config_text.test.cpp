#include <fargate/service/config_text.hpp>

#include "support/catch.hpp"

#include <fargate/testing/map_environment.hpp>

#include <limits>
#include <string>

using namespace fargate;
using testing::map_environment;

TEST_CASE("a text without a dollar and a tilde stays as it is, however long") {
    std::string const large(3 * service::longest_setting, 'x');
    CHECK(service::expand(large, map_environment{}) == large);
    CHECK(service::expand("a~", map_environment{{{"HOME", "/h"}}}) == "a~");
}

TEST_CASE("names that are not set stay as they are written") {
    for (std::string const text : {"$A", "${A}", "a$Ab", "$", "$$", "${", "${}", "$ A", "~a", "${A"})
        CHECK(service::expand(text, map_environment{{{"HOME", "/h"}}}) == text);
    CHECK(service::expand("$A_1-$A", map_environment{{{"A_1", "x"}}}) == "x-$A");
    CHECK(service::expand("a$A", map_environment{{{"A", ""}}}) == "a");
}

TEST_CASE("the root directory as home is not doubled") {
    CHECK(service::expand("~", map_environment{{{"HOME", "/"}}}) == "/");
    CHECK(service::expand("~/x", map_environment{{{"HOME", "/"}}}) == "/x");
}

TEST_CASE("many braces that never close are read in one go") {
    std::string braces;
    for (int i = 0; i != 20000; ++i) braces += "${";
    CHECK(service::expand(braces, map_environment{}) == braces);
}

TEST_CASE("an expansion ends at its limit in the middle of a round") {
    std::string many;
    for (int i = 0; i != 10000; ++i) many += "$V";
    map_environment const environment{{{"V", std::string(100000, 'x')}}};
    CHECK_FALSE(service::expand(many, environment));
    CHECK(service::detail::expand_once(many, environment, service::longest_setting).size() == 100000);
}

TEST_CASE("values as Python's str shows them") {
    using json::value;
    CHECK(service::python_text(value("a 'b'")) == "a 'b'");
    CHECK(service::python_text(value(nullptr)) == "None");
    CHECK(service::python_text(value(true)) == "True");
    CHECK(service::python_text(value(false)) == "False");
    CHECK(service::python_text(value(-7)) == "-7");
    CHECK(service::python_text(value(100000.0)) == "100000.0");
    CHECK(service::python_text(value(std::numeric_limits<double>::infinity())) == "inf");
    CHECK(service::python_text(value(-std::numeric_limits<double>::infinity())) == "-inf");
    CHECK(service::python_text(value(std::numeric_limits<double>::quiet_NaN())) == "nan");
    auto const document = json::parse(R"({"a": ["it's", null, {}], "b": []})");
    REQUIRE(document);
    CHECK(service::python_text(*document) == R"({'a': ["it's", None, {}], 'b': []})");
    value deep = 1;
    for (int i = 0; i != 1000; ++i) {
        auto list = value::array();
        list.push_back(std::move(deep));
        deep = std::move(list);
    }
    CHECK(service::python_text(deep).size() < 300);
}
