#include <fargate/deploy/python_repr.hpp>

#include "support/catch.hpp"
#include "support/vectors.hpp"

#include <string>
#include <vector>

namespace json = fargate::json;
using fargate::deploy::python_repr;

TEST_CASE("the list of labels is written as Python writes it", "[deploy][python_repr]") {
    auto const document = testing_support::load("prefect1/cases_labels_repr.json");
    auto const* const cases = json::array_of(document, "cases");
    REQUIRE(cases != nullptr);
    CHECK(cases->size() == 12);
    for (auto const& each : *cases) {
        std::vector<std::string> labels;
        for (auto const& label : *json::array_of(each, "labels")) labels.emplace_back(json::as_text(label).value());
        INFO(json::write(each));
        CHECK(python_repr(labels) == testing_support::text(each, "value"));
    }
}

TEST_CASE("bytes that are not UTF-8 are shown as Python shows them", "[deploy][python_repr]") {
    std::vector<std::string> const labels = {"a\xFF", "\xC3"};
    CHECK(python_repr(labels) == "['a\\udcff', '\\udcc3']");
    std::vector<std::string> const edges = {"\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xF3\xA0\x84\x80"};
    CHECK(python_repr(edges) == "['\\uffff', '\\U0010ffff', '\xF3\xA0\x84\x80']");
}
