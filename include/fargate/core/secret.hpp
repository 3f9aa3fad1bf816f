#ifndef FARGATE_CORE_SECRET_HPP
#define FARGATE_CORE_SECRET_HPP

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace fargate::inline v0 {

/// Overwrites memory in a way the optimiser must keep.
inline void wipe(void* bytes, std::size_t size) noexcept {
#if defined(__GNUC__)
    if (size != 0) std::memset(bytes, 0, size);
    __asm__ volatile("" : : "r"(bytes) : "memory"); // somebody may look
#else
    auto volatile* at = static_cast<unsigned char volatile*>(bytes);
    while (size-- != 0) *at++ = 0;
#endif
}

/// Overwrites a whole string, its spare capacity included, and leaves it empty.
inline void wipe(std::string& text) noexcept {
    text.resize(text.capacity());
    wipe(text.data(), text.size());
    text.clear();
}

/// Text that must not be seen: wiped when it goes, and not convertible to text, so that no log or message can take it by
/// accident. Text goes in freely; `reveal()` is the only way out and is spelled so that a reader stops there.
class secret {
public:
    secret() = default;
    secret(std::string text) : text_{std::move(text)} { wipe(text); }
    secret(std::string_view text) : text_{text} {}
    secret(char const* text) : text_{text} {}

    secret(secret const&) = default;
    secret(secret&& other) noexcept : text_{std::move(other.text_)} { wipe(other.text_); }
    secret& operator=(secret const& other) {
        if (this != &other) {
            wipe(text_);
            text_ = other.text_;
        }
        return *this;
    }
    secret& operator=(secret&& other) noexcept {
        if (this != &other) {
            wipe(text_);
            text_ = std::move(other.text_);
            wipe(other.text_);
        }
        return *this;
    }
    ~secret() { wipe(text_); }

    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    /// Compares without stopping at the first difference.
    [[nodiscard]] friend bool operator==(secret const& left, secret const& right) noexcept {
        if (left.text_.size() != right.text_.size()) return false;
        unsigned char differing = 0;
        for (std::size_t i = 0; i != left.text_.size(); ++i)
            differing = static_cast<unsigned char>(differing | (left.text_[i] ^ right.text_[i]));
        return differing == 0;
    }

private:
    std::string text_;
};

} // namespace fargate::inline v0

#endif
