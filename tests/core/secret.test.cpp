#include <fargate/core/secret.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

using fargate::secret;
using fargate::wipe;

namespace {

constexpr std::string_view mark = "a secret that is long enough to live on the heap";

/// Looks into every block of memory as it is given back.
bool watching = false;
int dirty_blocks = 0;
int clean_blocks = 0;

void look(void const* block, std::size_t size) {
    if (!watching) return;
    std::string_view const bytes{static_cast<char const*>(block), size};
    ++(bytes.find(mark.substr(2, 20)) == std::string_view::npos ? clean_blocks : dirty_blocks);
}

/// Counts the blocks that are given back with the secret's text in them while it lives.
struct watch {
    watch() {
        dirty_blocks = clean_blocks = 0;
        watching = true;
    }
    ~watch() { watching = false; }
};

constexpr std::size_t head = alignof(std::max_align_t);

} // namespace

void* operator new(std::size_t size) {
    auto* const block = static_cast<unsigned char*>(std::malloc(size + head));
    if (block == nullptr) std::abort();
    std::memset(block, 0, size + head);
    std::memcpy(block, &size, sizeof size);
    return block + head;
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept { return operator new(size); }

void operator delete(void* at) noexcept {
    if (at == nullptr) return;
    auto* const block = static_cast<unsigned char*>(at) - head;
    std::size_t size = 0;
    std::memcpy(&size, block, sizeof size);
    look(at, size);
    std::free(block);
}

void operator delete(void* at, std::size_t) noexcept { operator delete(at); }
void operator delete(void* at, std::nothrow_t const&) noexcept { operator delete(at); }

static_assert(!std::is_convertible_v<secret, std::string>);
static_assert(!std::is_convertible_v<secret, std::string_view>);
static_assert(!std::is_constructible_v<std::string, secret>);
static_assert(std::is_nothrow_move_constructible_v<secret> && std::is_nothrow_move_assignable_v<secret>);

TEST_CASE("the watch sees text that is left behind") {
    {
        watch const eyes;
        { std::string const careless{mark}; }
    }
    CHECK(dirty_blocks == 1);
}

TEST_CASE("a secret reveals what it was given") {
    CHECK(secret{"abc"}.reveal() == "abc");
    CHECK(secret{std::string{"abc"}}.reveal() == "abc");
    CHECK(secret{std::string_view{"a\0c", 3}}.reveal() == std::string_view{"a\0c", 3});
    CHECK(secret{}.empty());
    CHECK(secret{""}.empty());
    CHECK_FALSE(secret{"x"}.empty());
}

TEST_CASE("secrets compare by their text") {
    CHECK(secret{"abc"} == secret{"abc"});
    CHECK_FALSE(secret{"abc"} == secret{"abd"});
    CHECK_FALSE(secret{"abc"} == secret{"xbc"});
    CHECK_FALSE(secret{"abc"} == secret{"ab"});
    CHECK(secret{} == secret{""});
}

TEST_CASE("a secret leaves no copy behind, however it comes and goes") {
    {
        watch const eyes;
        {
            secret first{mark};
            secret second{first};
            secret third{std::move(first)};
            CHECK(first.empty()); // NOLINT(bugprone-use-after-move): what is left behind is the point
            second = third;
            second = secret{"another that is long enough to live on the heap, and longer"};
            third = std::move(second);
            CHECK(second.empty()); // NOLINT(bugprone-use-after-move)
            third = secret{mark};
            auto& same = third;
            third = same;
            CHECK(third.reveal() == mark);
            third = std::move(same);
            CHECK(third.reveal() == mark);
        }
        secret const from_text{std::string{mark}};
        secret shorter{mark};
        shorter = secret{"x"};
    }
    CHECK(dirty_blocks == 0);
    CHECK(clean_blocks > 0);
}

TEST_CASE("a moved-from secret holds nothing, short or long") {
    for (std::string_view const text : {std::string_view{"short"}, mark}) {
        secret from{text};
        secret const to{std::move(from)};
        CHECK(from.empty()); // NOLINT(bugprone-use-after-move)
        CHECK(to.reveal() == text);
    }
}

TEST_CASE("wiping a text clears all of its memory, what it once held included") {
    std::string text{mark};
    text.resize(3);
    {
        watch const eyes;
        wipe(text);
        CHECK(text.empty());
        text = std::string{};
        text.shrink_to_fit();
    }
    CHECK(dirty_blocks == 0);

    char bytes[] = {'a', 'b', 'c'};
    wipe(bytes, 2);
    CHECK(bytes[0] == 0);
    CHECK(bytes[1] == 0);
    CHECK(bytes[2] == 'c');
    wipe(bytes, 0);
    CHECK(bytes[2] == 'c');
}
