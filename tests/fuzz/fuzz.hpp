#ifndef FARGATE_TESTS_FUZZ_FUZZ_HPP
#define FARGATE_TESTS_FUZZ_FUZZ_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What libFuzzer calls with each input; every target defines it, and replay.cpp calls it too.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace fuzz {

[[nodiscard]] inline std::string_view text_of(std::uint8_t const* data, std::size_t size) noexcept {
    return {reinterpret_cast<char const*>(data), size};
}

/// Ends the process when what a target promises does not hold of its input, which the fuzzer then keeps as a crash.
inline void promise(bool kept, char const* what) {
    if (kept) return;
    std::fprintf(stderr, "BROKEN: %s\n", what);
    std::abort();
}

/// The first line of an input, for targets that take more than one text, and what stands behind it.
struct parts {
    std::string_view first, rest;
};
[[nodiscard]] inline parts split(std::string_view input) noexcept {
    auto const end = input.find('\n');
    if (end == std::string_view::npos) return {input, {}};
    return {input.substr(0, end), input.substr(end + 1)};
}

/// True for what may stand in a log: nothing begins another line or speaks to the terminal.
[[nodiscard]] inline bool is_one_line(std::string_view text) noexcept {
    for (char const c : text)
        if ((c >= '\0' && c < ' ') || c == '\x7F') return false;
    return true;
}

} // namespace fuzz

#endif
