#ifndef FARGATE_TEXT_MASKED_HPP
#define FARGATE_TEXT_MASKED_HPP

#include <fargate/core/error.hpp>
#include <fargate/core/secret.hpp>
#include <fargate/text/ascii.hpp>
#include <fargate/text/hex.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What somebody else says may quote what was confided to him: AWS sends back the request whose signature it refuses, and a
// proxy the fields that it does not like. It is looked for before such words become part of a message.

namespace fargate::inline v0::text {

/// How words are searched for secrets.
struct masking {
    std::size_t piece = 12; ///< so much of a longer secret is as little to be told as all of it
    bool whole = true;      ///< false: the words may have been cut, so that their end may be a piece that is shorter
};

namespace detail {

/// Words, and where each byte of them stands in the words that they were first.
struct spelling {
    std::string letters{};
    std::vector<std::size_t> places{}; ///< one more than letters: the end
};

struct escape {
    char letter;
    std::size_t size;
};

/// The byte that `digits` write in a base; nothing when they do not, or write a larger number.
[[nodiscard]] inline std::optional<char> byte_of(std::string_view digits, int base) noexcept {
    int value = 0;
    for (char const c : digits) {
        int const digit = hex_value(c);
        if (digit < 0 || digit >= base) return std::nullopt;
        value = value * base + digit;
        if (value > 0xFF) return std::nullopt;
    }
    return digits.empty() ? std::nullopt : std::optional{static_cast<char>(value)};
}

/// What text begins with, as an address (`%2F`), JSON (`\u002f`, `\/`) or HTML (`&#47;`, `&#x2f;`, `&amp;`) writes it.
[[nodiscard]] inline escape first_of(std::string_view text) noexcept {
    auto const coded = [text](std::size_t from, std::size_t count, std::size_t behind = 0) -> std::optional<escape> {
        if (text.size() < from + count + behind) return std::nullopt;
        auto const byte = byte_of(text.substr(from, count), 16);
        return byte ? std::optional{escape{*byte, from + count + behind}} : std::nullopt;
    };
    if (text.starts_with('%'))
        if (auto const found = coded(1, 2)) return *found;
    if (text.starts_with("\\u"))
        if (auto const found = coded(2, 4)) return *found;
    if (text.starts_with("\\x"))
        if (auto const found = coded(2, 2)) return *found;
    if (text.starts_with('\\') && text.size() > 1) return {text[1], 2};
    if (text.starts_with("&#")) {
        bool const hexadecimal = text.size() > 2 && to_lower(text[2]) == 'x';
        auto const digits = text.substr(hexadecimal ? 3 : 2, 8);
        auto const end = digits.find(';');
        auto const byte = byte_of(digits.substr(0, end), hexadecimal ? 16 : 10);
        if (end != std::string_view::npos && byte) return {*byte, (hexadecimal ? 3 : 2) + end + 1};
    }
    struct entity {
        std::string_view name;
        char letter;
    };
    for (auto const& [name, letter] : {entity{"&amp;", '&'}, entity{"&lt;", '<'}, entity{"&gt;", '>'},
                                       entity{"&quot;", '"'}, entity{"&apos;", '\''}})
        if (text.starts_with(name)) return {letter, name.size()};
    return {text.front(), 1};
}

/// Takes one level of escapes off; false when there is none.
[[nodiscard]] inline bool unescape(spelling& words) {
    spelling made;
    std::string_view const all{words.letters};
    for (std::size_t at = 0; at < all.size();) {
        auto const next = first_of(all.substr(at));
        made.letters += next.letter;
        made.places.push_back(words.places[at]);
        at += next.size;
    }
    made.places.push_back(words.places.back());
    bool const any = made.letters.size() != all.size();
    words = std::move(made);
    return any;
}

/// A blank and the plus that stands for it in a form are the same.
[[nodiscard]] inline std::string without_blanks(std::string_view text) {
    std::string made{text};
    std::replace(made.begin(), made.end(), ' ', '+');
    return made;
}

/// Calls `found(from, size)` for every stretch of `text` that repeats `hidden` or a piece of it.
template <class Found>
void find_pieces(std::string_view text, std::string_view hidden, masking const& how, Found const& found) {
    auto const each = [text](std::string_view part, auto const& then) {
        for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) then(at);
    };
    if (hidden.size() <= how.piece) return each(hidden, [&](std::size_t at) { found(at, hidden.size()); });
    // Every piece holds one of these.
    std::size_t const anchor = std::max<std::size_t>(how.piece / 2, 1);
    for (std::size_t from = 0; from + anchor <= hidden.size(); from += anchor)
        each(hidden.substr(from, anchor), [&](std::size_t at) {
            std::size_t before = 0;
            while (before != at && before != from && text[at - before - 1] == hidden[from - before - 1]) ++before;
            std::size_t behind = anchor;
            while (at + behind != text.size() && from + behind != hidden.size() &&
                   text[at + behind] == hidden[from + behind])
                ++behind;
            if (before + behind >= how.piece) found(at - before, before + behind);
        });
}

/// The size of the end of `text` that is a piece of `hidden` or its beginning, and may be the rest of a longer one.
[[nodiscard]] inline std::size_t cut_piece(std::string_view text, std::string_view hidden,
                                           masking const& how) noexcept {
    constexpr std::size_t least = 3;
    for (auto size = std::min({how.piece, hidden.size(), text.size()}); size >= least; --size)
        if (contains(hidden, text.substr(text.size() - size))) return size;
    return 0;
}

} // namespace detail

/// Words with `***` wherever they repeat a secret, or a piece of a longer one, be it plain or in the escapes of addresses,
/// JSON or HTML, several times over. Takes time in proportion to both sizes.
[[nodiscard]] inline std::string masked(std::string_view words, std::span<secret const> hidden, masking how = {}) {
    constexpr int levels = 4;
    std::vector<bool> covered(words.size());
    detail::spelling read{detail::without_blanks(words), std::vector<std::size_t>(words.size() + 1)};
    for (std::size_t at = 0; at <= words.size(); ++at) read.places[at] = at;
    for (int level = 0; level != levels; ++level) {
        for (auto const& each : hidden) {
            if (each.empty()) continue;
            auto const cover = [&](std::size_t from, std::size_t size) {
                for (auto at = read.places[from]; at != read.places[from + size]; ++at) covered[at] = true;
            };
            auto secret_text = detail::without_blanks(each.reveal());
            detail::find_pieces(read.letters, secret_text, how, cover);
            if (!how.whole) {
                auto const size = detail::cut_piece(read.letters, secret_text, how);
                cover(read.letters.size() - size, size);
            }
            wipe(secret_text);
        }
        if (!detail::unescape(read)) break;
    }
    std::string made;
    for (std::size_t at = 0; at != words.size(); ++at) {
        if (!covered[at])
            made += words[at];
        else if (at == 0 || !covered[at - 1])
            made += "***";
    }
    return made;
}

/// The same for all that an error says.
inline void mask(error& why, std::span<secret const> hidden, masking how = {}) {
    for (auto* const each : {&why.message, &why.service_code, &why.request_id}) *each = masked(*each, hidden, how);
    for (auto& each : why.resources) each = masked(each, hidden, how);
}

} // namespace fargate::inline v0::text

#endif
