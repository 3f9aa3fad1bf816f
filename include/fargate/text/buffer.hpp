#ifndef FARGATE_TEXT_BUFFER_HPP
#define FARGATE_TEXT_BUFFER_HPP

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// Text that grows at its end and lies in the object itself, so that nothing is allocated, until it is longer than
/// `Size`. Where a function appends to a `Text&`, that is this or a `std::string`.
template <std::size_t Size>
class buffer {
public:
    buffer() noexcept {} // the bytes are nobody's yet, and are not cleared
    buffer(buffer const& other) : size_{other.size_}, room_{other.room_}, outside_{other.outside_} {
        std::memcpy(inside_, other.inside_, size_);
    }
    buffer& operator=(buffer const& other) {
        outside_ = other.outside_;
        size_ = other.size_;
        room_ = other.room_;
        std::memmove(inside_, other.inside_, size_);
        return *this;
    }

    [[gnu::always_inline]] buffer& operator+=(std::string_view more) {
        if (!more.empty()) std::memcpy(extend(more.size()), more.data(), more.size());
        return *this;
    }
    [[gnu::always_inline]] buffer& operator+=(char more) {
        *extend(1) = more;
        return *this;
    }

    /// Makes the text longer by bytes that the caller is to write at once.
    [[nodiscard]] char* extend(std::size_t more) {
        if (more > room_) return extend_outside(more);
        char* const at = inside_ + size_;
        size_ += more;
        room_ -= more;
        return at;
    }

    [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
    [[nodiscard]] char& back() noexcept { return outside_.empty() ? inside_[size_ - 1] : outside_.back(); }
    [[nodiscard]] std::string_view view() const noexcept {
        return outside_.empty() ? std::string_view{inside_, size_} : std::string_view{outside_};
    }
    operator std::string_view() const noexcept { return view(); }

private:
    char* extend_outside(std::size_t more) {
        if (outside_.empty()) {
            outside_.reserve(2 * (size_ + more));
            outside_.assign(inside_, size_);
            room_ = 0;
        }
        outside_.resize(outside_.size() + more);
        return outside_.data() + outside_.size() - more;
    }

    std::size_t size_ = 0;    ///< of what lies inside
    std::size_t room_ = Size; ///< what is left inside; none once it has been outgrown
    std::string outside_{};   ///< the whole text, once it has outgrown its place
    char inside_[Size];
};

/// Makes a text longer by bytes that the caller is to write at once, and says where they begin.
template <std::size_t Size>
[[nodiscard]] char* extend(buffer<Size>& text, std::size_t more) {
    return text.extend(more);
}
[[nodiscard]] inline char* extend(std::string& text, std::size_t more) {
    text.resize(text.size() + more);
    return text.data() + text.size() - more;
}

} // namespace fargate::inline v0::text

#endif
