#ifndef FARGATE_TESTS_CHAOS_DICE_HPP
#define FARGATE_TESTS_CHAOS_DICE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace chaos {

using milliseconds = std::chrono::milliseconds;

/// One number out of two, as good as any (splitmix64's finish).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t z = a + (b + 1) * 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
}

/// A name as a number: FNV-1a.
[[nodiscard]] constexpr std::uint64_t number_of(std::string_view name) noexcept {
    std::uint64_t made = 0xCBF29CE484222325U;
    for (char const c : name) made = (made ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return made;
}

/// Throws that a seed decides, the same on every machine (the standard's distributions are not).
class dice {
public:
    explicit dice(std::uint64_t seed) : seed_{seed} {}

    std::uint64_t next() { return mix(seed_, count_++); }
    /// 0 to `sides` - 1.
    std::size_t below(std::size_t sides) { return static_cast<std::size_t>(next() % sides); }
    bool chance(double of) { return static_cast<double>(next() >> 11U) < of * 9007199254740992.0; }
    milliseconds between(int least, int most) {
        return milliseconds{least + static_cast<int>(below(static_cast<std::size_t>(most - least) + 1))};
    }

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

} // namespace chaos

#endif
