#include <fargate/aws/access_key.hpp>

#include <fargate/system/log.hpp>

#include "support/catch.hpp"

#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

using fargate::secret;
using fargate::credentials::access_key;

namespace {

template <class Type>
concept becomes_text = std::is_convertible_v<Type, std::string> || std::is_convertible_v<Type, std::string_view> ||
    std::is_convertible_v<Type, char const*> || std::is_constructible_v<std::string, Type> ||
    std::is_constructible_v<std::string_view, Type>;

template <class Type>
concept is_printed = requires(std::ostream& out, Type const& value) {
    out << value;
};

template <class Type>
concept is_joined = requires(std::string text, Type const& value) {
    text + value;
}
|| requires(std::string text, Type const& value) { text += value; }
|| requires(Type const& value) { value + std::string{}; };

template <class Type>
concept is_counted = requires(Type const& value) {
    std::to_string(value);
};

template <class Type>
concept is_logged = requires(fargate::null_log& log, Type const& value) {
    log.write(fargate::log_level::info, value);
};

template <class Type>
concept leaks = becomes_text<Type> || becomes_text<Type const&> || becomes_text<Type&&> || is_printed<Type> ||
    is_joined<Type> || is_counted<Type> || is_logged<Type>;

} // namespace

static_assert(!leaks<secret>, "a secret becomes text only by reveal()");
static_assert(!leaks<access_key>, "a key is not text");
static_assert(leaks<std::string> && leaks<char const*>, "the checks see what they look for");
static_assert(becomes_text<std::string_view> && is_printed<int> && is_joined<char> && is_counted<int>);
static_assert(std::is_same_v<decltype(access_key::secret_key), secret>);
static_assert(std::is_same_v<decltype(access_key::session_token), secret>);

TEST_CASE("the signer's view of a key is all it needs and nothing more") {
    access_key key;
    key.id = "AKID";
    key.secret_key = secret{"SECRET"};
    key.session_token = secret{"TOKEN"};
    key.generation = 7;
    auto const view = key.view();
    CHECK(view.access_key_id == "AKID");
    CHECK(view.secret_access_key == "SECRET");
    CHECK(view.session_token == "TOKEN");
    CHECK(view.generation == 7);
}

TEST_CASE("no two generations are alike, whichever thread draws them") {
    std::vector<std::vector<std::uint64_t>> drawn(4);
    std::vector<std::thread> threads;
    for (auto& each : drawn)
        threads.emplace_back([&each] {
            for (int i = 0; i != 500; ++i) each.push_back(fargate::credentials::next_generation());
        });
    for (auto& each : threads) each.join();
    std::set<std::uint64_t> all;
    for (auto const& each : drawn) all.insert(each.begin(), each.end());
    CHECK(all.size() == 2000);
    CHECK_FALSE(all.contains(0)); // which stands for "none"
}
