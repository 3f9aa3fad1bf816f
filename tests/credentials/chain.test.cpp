#include <fargate/credentials/chain.hpp>

#include <fargate/aws/policy.hpp>
#include <fargate/credentials/environment.hpp>
#include <fargate/credentials/fixed.hpp>

#include "credentials/world.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using fargate::errc;
using fargate::fail;
using fargate::result;
using fargate::credentials::access_key;
using fargate::credentials::chain;
using fargate::credentials::environment;
using fargate::credentials::fixed;
using testing_support::shown;
using testing_support::world;

namespace {

/// Fails as it is told to, and counts.
struct failing {
    static constexpr std::string_view name = "failing";
    errc code = errc::not_configured;
    std::string message = "nothing here";
    int* asked = nullptr;

    template <class Http, class Clock, class Environment>
    result<access_key> fetch(Http&, Clock&, Environment const&) const {
        if (asked != nullptr) ++*asked;
        return fail(code, message, true);
    }
};

/// Has no name, and listens.
struct listening {
    std::vector<std::uint64_t>* heard = nullptr;
    template <class Http, class Clock, class Environment>
    result<access_key> fetch(Http&, Clock&, Environment const&) const {
        return fail(errc::not_configured, "an answer");
    }
    void invalidate(std::uint64_t generation) { heard->push_back(generation); }
};

} // namespace

static_assert(fargate::credential_policy<chain<environment, fixed>, fargate::testing::scripted_http,
                                         fargate::testing::manual_clock, fargate::testing::map_environment>);

TEST_CASE("a chain takes the first key and asks nobody behind it") {
    world w;
    int asked = 0;
    CHECK(shown(*w.fetch(chain{fixed{"A", "1"}, failing{.asked = &asked}})) == "A/1");
    CHECK(asked == 0);
    CHECK(shown(*w.fetch(chain{failing{.asked = &asked}, fixed{"A", "1"}, fixed{"B", "2"}})) == "A/1");
    CHECK(asked == 1);
    CHECK(shown(*w.fetch(chain{fixed{}, environment{}, fixed{"B", "2"}})) == "B/2");
}

TEST_CASE("a source that is configured and broken ends the search") {
    world w{{{"AWS_ACCESS_KEY_ID", "AKID"}}};
    auto const stopped = w.fetch(chain{fixed{}, environment{}, fixed{"B", "2"}});
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code == errc::bad_configuration);
    CHECK(stopped.error().message ==
          "environment: AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: set both or neither "
          "(before it: fixed: aws_access_key_id is not set)");

    int asked = 0;
    auto const first = w.fetch(chain{failing{errc::timed_out, "no answer"}, failing{.asked = &asked}});
    REQUIRE_FALSE(first);
    CHECK(first.error().code == errc::timed_out);
    CHECK(first.error().message == "failing: no answer");
    CHECK(first.error().retryable);
    CHECK(asked == 0);
}

TEST_CASE("a chain that finds nothing says what everyone answered, in order") {
    world w;
    std::vector<std::uint64_t> heard;
    auto const nothing = w.fetch(chain{environment{}, listening{&heard}, failing{}});
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().code == errc::not_configured);
    CHECK(nothing.error().message ==
          "no access key found: environment: AWS_ACCESS_KEY_ID is not set; an answer; failing: nothing here");
    CHECK(w.fetch(chain<>{}).error().code == errc::not_configured);
}

TEST_CASE("chains nest, and fall through as one") {
    world w;
    CHECK(shown(*w.fetch(chain{chain<environment, fixed>{}, fixed{"A", "1"}})) == "A/1");
}

TEST_CASE("a refused key is told to everyone who wants to know") {
    std::vector<std::uint64_t> one;
    std::vector<std::uint64_t> two;
    chain both{listening{&one}, fixed{}, listening{&two}};
    both.invalidate(7);
    CHECK(one == std::vector<std::uint64_t>{7});
    CHECK(two == std::vector<std::uint64_t>{7});
}
