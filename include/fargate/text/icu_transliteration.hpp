#ifndef FARGATE_TEXT_ICU_TRANSLITERATION_HPP
#define FARGATE_TEXT_ICU_TRANSLITERATION_HPP

#include <fargate/text/utf8.hpp>

#include <unicode/uchar.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

// Opt-in: nothing else includes this file. It needs ICU (Debian: libicu-dev), libraries icui18n and icuuc.

namespace fargate::inline v0::text {

namespace detail {

/// ICU's way from any script to ASCII; null when the library has no data for it.
[[nodiscard]] inline UTransliterator* icu_any_to_ascii() noexcept {
    struct closer {
        void operator()(UTransliterator* each) const noexcept { utrans_close(each); }
    };
    static std::unique_ptr<UTransliterator, closer> const opened{[] {
        constexpr std::u16string_view id = u"Any-Latin; Latin-ASCII";
        UErrorCode status = U_ZERO_ERROR;
        auto* const made =
            utrans_openU(id.data(), static_cast<std::int32_t>(id.size()), UTRANS_FORWARD, nullptr, 0, nullptr, &status);
        return U_SUCCESS(status) ? made : nullptr;
    }()};
    return opened.get();
}

/// One run of letters; empty when ICU cannot.
[[nodiscard]] inline std::string icu_to_ascii(std::u16string const& letters) {
    static std::mutex one_at_a_time;
    std::scoped_lock const lock{one_at_a_time};
    auto const* const any_to_ascii = icu_any_to_ascii();
    if (any_to_ascii == nullptr) return {};
    std::u16string buffer = letters;
    for (;;) {
        auto length = static_cast<std::int32_t>(letters.size());
        std::int32_t limit = length;
        buffer.resize(2 * buffer.size() + 64);
        letters.copy(buffer.data(), letters.size());
        UErrorCode status = U_ZERO_ERROR;
        utrans_transUChars(any_to_ascii, buffer.data(), &length, static_cast<std::int32_t>(buffer.size()), 0, &limit,
                           &status);
        if (status == U_BUFFER_OVERFLOW_ERROR && buffer.size() < 64 * (letters.size() + 64)) continue;
        if (U_FAILURE(status)) return {};
        std::string made;
        for (char16_t const unit : std::u16string_view{buffer}.substr(0, static_cast<std::size_t>(length)))
            if (unit < 0x80) made += static_cast<char>(unit);
        return made;
    }
}

} // namespace detail

/// Models `transliteration_policy` with ICU's transliterator "Any-Latin; Latin-ASCII": `北京` is `bei jing `. Each
/// ideograph is a word of its own, as with python-slugify, whose table agrees for Chinese; other scripts read as ICU's
/// version and not as that table has them. What is no letter, mark or digit vanishes. Never throws, but for lack of memory; empty when ICU has no data. May be used
/// from several threads at once.
[[nodiscard]] inline std::string icu_transliterate(std::string_view letters) {
    std::string made;
    std::u16string run;
    auto const flush = [&] {
        if (!run.empty()) made += detail::icu_to_ascii(run);
        run.clear();
    };
    for (std::size_t at = 0; at < letters.size();) {
        char32_t const point = next_code_point(letters, at);
        if (point == no_code_point) continue;
        if ((U_GET_GC_MASK(static_cast<UChar32>(point)) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) == 0) continue;
        bool const ideograph = u_hasBinaryProperty(static_cast<UChar32>(point), UCHAR_IDEOGRAPHIC) != 0;
        if (ideograph) flush();
        if (point < 0x10000) {
            run += static_cast<char16_t>(point);
        } else {
            run += static_cast<char16_t>(0xD800U + ((point - 0x10000U) >> 10U));
            run += static_cast<char16_t>(0xDC00U + ((point - 0x10000U) & 0x3FFU));
        }
        if (ideograph) {
            flush();
            made += ' ';
        }
    }
    flush();
    return made;
}

} // namespace fargate::inline v0::text

#endif
