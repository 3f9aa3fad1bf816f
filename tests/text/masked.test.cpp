#include <fargate/text/masked.hpp>

#include <fargate/text/hex.hpp>
#include <fargate/text/percent.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace fargate;
using text::masked;

namespace {

constexpr std::string_view token = "FwoGZXIvYXdzEBYaDHk2b0c/Jd9sTq+R4wLmN8vXz7QpYtGhKjFdSaWe==";
std::vector<secret> const one{secret{token}};

std::string each_as(std::string_view before, std::string_view all, std::string_view behind) {
    std::string made;
    for (char const c : all) made.append(before).append(text::to_hex({&c, 1})).append(behind);
    return made;
}

} // namespace

TEST_CASE("words without a secret stay as they are") {
    for (std::string const words : {"", "no such cluster", "100% of \\ and & and &#; \\u12 %zz &#x;",
                                    "a\nb\tc\x7F\xC3\xA9\\u00e9%C3%A9", "\\", "%", "&"}) {
        CHECK(masked(words, one) == words);
        CHECK(masked(words, {}) == words);
    }
    CHECK(masked("no secret is empty", std::vector<secret>{secret{}}) == "no secret is empty");
}

TEST_CASE("a secret is masked wherever it stands, once for each time") {
    CHECK(masked(token, one) == "***");
    CHECK(masked("you sent " + std::string{token} + ".", one) == "you sent ***.");
    CHECK(masked(std::string{token} + " and " + std::string{token}, one) == "*** and ***");
    std::vector<secret> const two{secret{"hunter2"}, secret{"hunter2-and-more"}};
    CHECK(masked("hunter2-and-more, hunter2, hunter", two) == "***, ***, hunter");
}

TEST_CASE("a piece of a secret is masked from twelve bytes on") {
    for (std::size_t from = 0; from + 12 <= token.size(); ++from)
        for (std::size_t size = 12; from + size <= token.size(); ++size)
            REQUIRE(masked("<" + std::string{token.substr(from, size)} + "...", one) == "<***...");
    for (std::size_t from = 0; from + 11 <= token.size(); ++from) {
        auto const words = "<" + std::string{token.substr(from, 11)} + ">";
        REQUIRE(masked(words, one) == words);
    }
    CHECK(masked("AWS4 request, and not AWS4 req", std::vector<secret>{secret{"an AWS4 request of today"}},
                 {.piece = 16}) == "AWS4 request, and not AWS4 req");
    CHECK(masked("an AWS4 request, and not AWS4 req", std::vector<secret>{secret{"an AWS4 request of today"}},
                 {.piece = 15}) == "***, and not AWS4 req");
}

TEST_CASE("a secret is masked in every way of writing it") {
    auto const percent = text::percent_encode(token);
    std::string slashed;
    for (char const c : token) slashed += c == '/' ? "\\/" : std::string{c};
    std::string blank{token};
    blank[blank.find('+')] = ' ';
    for (auto const& words :
         {percent, text::lower(percent.substr(0, 0)) + percent, text::percent_encode(percent),
          text::percent_encode(text::percent_encode(percent)), slashed, blank, each_as("%", token, ""),
          each_as("\\u00", token, ""), each_as("\\x", token, ""), each_as("&#x", token, ";"),
          each_as("&#X", token, ";"), each_as("\\\\u00", token, ""), text::percent_encode(each_as("&#x", token, ";"))})
        CHECK(masked("you sent " + words + ".", one) == "you sent ***.");
    CHECK(masked("&#112;&#97;ss&amp;&lt;&gt;&quot;&apos; word", std::vector<secret>{secret{"pass&<>\"' word"}}) ==
          "***");
    CHECK(masked("%41%42", std::vector<secret>{secret{"%41%42"}}) == "***");
}

TEST_CASE("the end of words that were cut is no piece either") {
    for (std::size_t size = 3; size <= token.size(); ++size)
        for (auto const& words : {std::string{token.substr(0, size)}, each_as("%", token.substr(0, size), "")})
            REQUIRE(masked("you sent " + words, one, {.whole = false}) == "you sent ***");
    CHECK(masked("you sent Fw", one, {.whole = false}) == "you sent Fw");
    CHECK(masked("you sent it", one, {.whole = false}) == "you sent it");
    CHECK(masked("you sent hunt", std::vector<secret>{secret{"hunter2"}}, {.whole = false}) == "you sent ***");
}

TEST_CASE("all that an error says is masked") {
    error why = fail(errc::service_error, "you sent " + std::string{token});
    why.service_code = token;
    why.request_id = text::percent_encode(token);
    why.resources = {"arn", std::string{token}};
    text::mask(why, one);
    CHECK(why.message == "you sent ***");
    CHECK(why.service_code == "***");
    CHECK(why.request_id == "***");
    CHECK(why.resources == std::vector<std::string>{"arn", "***"});
}
