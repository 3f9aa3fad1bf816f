#ifndef FARGATE_SYSTEM_RANDOM_HPP
#define FARGATE_SYSTEM_RANDOM_HPP

#include <cstdint>
#include <random>
#include <string>
#include <unistd.h>

namespace fargate::inline v0 {

/// Where 64 random bits come from: a function, so that a test can put its own in place of `random_bits`.
using random_source = std::uint64_t (*)();

/// Bits from the operating system, drawn anew each time: there is no state that a forked process would share. Good for
/// identifiers and jitter; keys are not made here.
[[nodiscard]] inline std::uint64_t random_bits() {
    std::uint64_t made = 0;
    if (::getentropy(&made, sizeof made) == 0) return made;
    std::random_device device; // setting one up takes longer than a request in a virtual machine
    std::uint64_t const high = device();
    return (high << 32U) | device();
}

/// A number in [0, 1).
[[nodiscard]] inline double random_fraction(random_source bits = random_bits) {
    return static_cast<double>(bits() >> 11U) * 0x1p-53;
}

/// A random UUID (RFC 9562, version 4) in its lower-case text form.
[[nodiscard]] inline std::string random_uuid(random_source bits = random_bits) {
    constexpr char digits[] = "0123456789abcdef";
    std::uint64_t const high = (bits() & ~0xF000ULL) | 0x4000ULL;
    std::uint64_t const low = (bits() & ~(3ULL << 62U)) | (1ULL << 63U);
    std::string text;
    text.reserve(36);
    for (unsigned at = 0; at != 32; ++at) {
        if (at == 8 || at == 12 || at == 16 || at == 20) text += '-';
        std::uint64_t const half = at < 16 ? high : low;
        text += digits[(half >> (60U - 4U * (at % 16U))) & 0xFU];
    }
    return text;
}

} // namespace fargate::inline v0

#endif
