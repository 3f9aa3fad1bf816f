#include <fargate/deploy/bounded_cache.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <string>

using fargate::deploy::bounded_cache;

namespace {

/// Which of these keys are there: `ab`. Asks in their order, and so leaves the last one as the one used last.
std::string kept(bounded_cache<int>& in, std::string const& keys) {
    std::string made;
    for (char const each : keys)
        if (in.find(std::string(1, each))) made += each;
    return made;
}

} // namespace

TEST_CASE("a value is there until it is replaced or dropped", "[deploy][bounded_cache]") {
    bounded_cache<std::string> cache{4, 100};
    CHECK_FALSE(cache.find("a"));
    cache.put("a", "one", 3);
    cache.put("b", "two", 3);
    CHECK(cache.find("a") == "one");
    cache.put("a", "three", 5);
    CHECK(cache.find("a") == "three");
    cache.drop("a");
    cache.drop("never there");
    CHECK_FALSE(cache.find("a"));
    CHECK(cache.find("b") == "two");
}

TEST_CASE("of too many entries the longest unused goes", "[deploy][bounded_cache]") {
    bounded_cache<int> cache{3, 0};
    for (char const* const each : {"a", "b", "c"}) cache.put(each, 1, 0);
    REQUIRE(cache.find("a"));
    cache.put("d", 1, 0);
    CHECK(kept(cache, "abcd") == "acd");
    cache.put("a", 2, 0); // put anew, it is no entry more
    CHECK(kept(cache, "cda") == "cda");
}

TEST_CASE("of too many bytes as many go as it takes, and what is too large for all is not kept",
          "[deploy][bounded_cache]") {
    bounded_cache<int> cache{100, 10};
    cache.put("a", 1, 4);
    cache.put("b", 1, 4);
    cache.put("c", 1, 2);
    CHECK(kept(cache, "abc") == "abc");
    cache.put("d", 1, 5);
    CHECK(kept(cache, "abcd") == "cd");
    cache.put("c", 1, 11); // nor is what it was to replace
    CHECK(kept(cache, "cd") == "d");
    cache.put("e", 1, 5);
    CHECK(kept(cache, "de") == "de"); // what was dropped has given its bytes back
    cache.put("f", 1, 10);
    CHECK(kept(cache, "def") == "f");
}
