#include <fargate/aws/xml.hpp>

#include "support/catch.hpp"

#include <string>

using fargate::aws::read_xml;

TEST_CASE("elements, text and nesting are read, names without their prefix") {
    auto const root = read_xml("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a -->\n"
                               "<n:Error xmlns:n='http://s3' a = \"<b>\" ><Code>NoSuchKey</Code>\n"
                               "<Empty/><Empty2 b=\"\"/><In><Deep>x</Deep></In ><?pi ?></n:Error>\n<!-- b -->\n");
    REQUIRE(root);
    CHECK(root->name == "Error");
    CHECK(root->text_of("Code") == "NoSuchKey");
    CHECK(root->child("Empty") != nullptr);
    CHECK(root->text_of("Empty2").empty());
    REQUIRE(root->child("In") != nullptr);
    CHECK(root->child("In")->text_of("Deep") == "x");
    CHECK(root->child("Nothing") == nullptr);
    CHECK(root->children.size() == 4);
}

TEST_CASE("the five entities, numeric ones and CDATA are text") {
    auto const root =
        read_xml("<a>&lt;&gt;&amp;&quot;&apos; &#65;&#x42;&#xfc;&#x20AC;&#x1F600;<![CDATA[<b>&amp;]]>]</a>");
    REQUIRE(root);
    CHECK(root->text == "<>&\"' AB\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80<b>&amp;]");
}

TEST_CASE("what is not well-formed is no document") {
    for (char const* const bad : {"",
                                  " ",
                                  "<",
                                  "<a",
                                  "<a>",
                                  "<a></b>",
                                  "<a><b></a></b>",
                                  "<a/><b/>",
                                  "<a/>x",
                                  "x<a/>",
                                  "<a b></a>",
                                  "<a b=></a>",
                                  "<a b=1></a>",
                                  "<a b=\"1></a>",
                                  "<a>&nbsp;</a>",
                                  "<a>&</a>",
                                  "<a>&#;</a>",
                                  "<a>&#x;</a>",
                                  "<a>&#xZZ;</a>",
                                  "<a>&#0;</a>",
                                  "<a>&#xD800;</a>",
                                  "<a>&#x110000;</a>",
                                  "<a>&#99999999999;</a>",
                                  "<a>&amp</a>",
                                  "<a><![CDATA[x</a>",
                                  "<a><!--</a>",
                                  "<a><?x</a>",
                                  "< a></a>",
                                  "<a:/>",
                                  "<:a/>",
                                  "<:/>",
                                  "<a:b:c/>",
                                  "<a><!b/></a>",
                                  "</a>",
                                  "<a/ >",
                                  "<?xml",
                                  "{\"a\":1}",
                                  "<a></a",
                                  "<></>"}) {
        INFO(bad);
        auto const made = read_xml(bad);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == fargate::errc::malformed_response);
    }
}

TEST_CASE("document types and entities of one's own are refused, so that nothing expands") {
    CHECK_FALSE(read_xml("<!DOCTYPE a [<!ENTITY b \"x\">]><a>&b;</a>"));
    CHECK_FALSE(read_xml("<a><!ENTITY b \"x\"></a>"));
    CHECK_FALSE(read_xml("<!DOCTYPE/>"));
    CHECK_FALSE(read_xml("<a><!ENTITY b=\"x\"/></a>"));
    CHECK_FALSE(read_xml("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"));
}

TEST_CASE("depth and number of elements are bounded") {
    auto const nested = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i != depth; ++i) text += "<a>";
        for (std::size_t i = 0; i != depth; ++i) text += "</a>";
        return text;
    };
    CHECK(read_xml(nested(32)));
    CHECK_FALSE(read_xml(nested(33)));
    CHECK_FALSE(read_xml(nested(100'000)));

    auto const wide = [](std::size_t count) {
        std::string text = "<r>";
        for (std::size_t i = 0; i != count; ++i) text += "<a/>";
        return text + "</r>";
    };
    CHECK(read_xml(wide(1999)));
    CHECK_FALSE(read_xml(wide(2000)));
}
