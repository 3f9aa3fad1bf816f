#ifndef FARGATE_TEXT_SLUG_HPP
#define FARGATE_TEXT_SLUG_HPP

#include <fargate/text/ascii.hpp>
#include <fargate/text/slug_table.hpp>
#include <fargate/text/transliteration.hpp>
#include <fargate/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

namespace detail {

/// The n-th word of a text of words with one space between; empty when there are fewer.
[[nodiscard]] constexpr std::string_view word_at(std::string_view words, std::size_t n) noexcept {
    while (n-- != 0) {
        std::size_t const space = words.find(' ');
        if (space == std::string_view::npos) return {};
        words.remove_prefix(space + 1);
    }
    return words.substr(0, words.find(' '));
}

/// A character's word in the table, suffix included; `~` when it vanishes. Requires `point >= 0x80`.
[[nodiscard]] inline std::string_view slug_word(char32_t point) noexcept {
    constexpr std::string_view gone = "~";
    if (point >= 0x2190 && point < 0x2300) return "-"; // arrows and mathematical operators
    if (point > 0xFFFF) return gone;
    auto const after = std::upper_bound(std::begin(slug_rows), std::end(slug_rows), point,
                                        [](char32_t wanted, slug_row const& row) { return wanted < row.first; });
    if (after == std::begin(slug_rows)) return gone;
    slug_row const& row = *std::prev(after);
    if (point - row.first >= slug_row_length) return gone;
    if (row.words == "-*") return "-";
    std::string_view const word = word_at(row.words, point - row.first);
    return word.empty() ? gone : word;
}

/// The full-width forms of ASCII are ASCII.
[[nodiscard]] constexpr bool is_fullwidth(char32_t point) noexcept { return point >= 0xFF01 && point <= 0xFF5E; }

/// Step 1 and 2: apostrophes become dashes, everything else ASCII or nothing. Runs of what the table has no word for are
/// the model's.
template <transliteration_policy Model>
[[nodiscard]] std::string transliterate(std::string_view name, Model const& model) {
    std::string plain;
    plain.reserve(name.size());
    std::string strange;
    auto const spell_strange = [&] {
        if (strange.empty()) return;
        for (char const c : model(std::string_view{strange}))
            if (static_cast<unsigned char>(c) < 0x80) plain += c;
        strange.clear();
    };
    for (std::size_t at = 0; at < name.size();) {
        std::size_t const start = at;
        char32_t const point = next_code_point(name, at);
        if (point == no_code_point) continue;
        std::string_view word = "~";
        if (point >= 0x80 && !is_fullwidth(point)) {
            word = slug_word(point);
            if (word == "~") {
                strange += name.substr(start, at - start);
                continue;
            }
        }
        spell_strange();
        if (point == '\'') {
            if (plain.empty() || plain.back() != '-') plain += '-';
        } else if (point < 0x80) {
            plain += static_cast<char>(point);
        } else if (is_fullwidth(point)) {
            plain += static_cast<char>(point - 0xFEE0);
        } else {
            if (word.back() == '!' || word.back() == '^') word.remove_suffix(1);
            if (word != "~") plain += word;
        }
    }
    spell_strange();
    return plain;
}

/// What a reference to a character leaves: the ASCII of its compatibility decomposition, a dash for the rest.
inline void append_referenced(std::string& out, char32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
        return;
    }
    if (is_fullwidth(point)) {
        out += static_cast<char>(point - 0xFEE0);
        return;
    }
    std::string_view word = slug_word(point);
    char const last = word.back();
    if (last == '~' || last == '!') {
        out += '-';
        return;
    }
    if (last == '^') word.remove_suffix(1);
    out += word;
    if (last == '^') out += '-';
}

/// What HTML's named reference leaves: nothing when there is no such name.
[[nodiscard]] inline std::optional<std::string_view> named_reference(std::string_view name) noexcept {
    for (std::string_view rest = slug_entities; !rest.empty();) {
        std::string_view const entry = rest.substr(0, rest.find(' '));
        std::size_t const equals = entry.find('=');
        if (entry.substr(0, equals) == name)
            return equals == std::string_view::npos ? std::string_view{"-"} : entry.substr(equals + 1);
        rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    }
    return std::nullopt;
}

/// The number of a reference's digits; nothing when they name no character.
[[nodiscard]] constexpr std::optional<char32_t> referenced_point(std::string_view digits, char32_t base) noexcept {
    char32_t point = 0;
    for (char const c : digits) {
        auto const digit = static_cast<char32_t>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10);
        point = point * base + digit;
        if (point > 0x10FFFF) return std::nullopt;
    }
    return point;
}

/// Step 3, one kind of reference at a time: `&name;` (empty `mark`), then `&#123;`, then `&#x1F;`. One number that is no
/// character leaves all numbers of its kind as they are, as the original does.
[[nodiscard]] inline std::string replace_references(std::string_view plain, std::string_view mark) {
    std::string made;
    made.reserve(plain.size());
    auto const is_part = [&](char c) {
        if (mark.empty()) return is_alnum(c);
        return is_digit(c) || (mark == "#x" && to_lower(c) >= 'a' && to_lower(c) <= 'f');
    };
    for (std::size_t at = 0; at < plain.size();) {
        std::size_t end = at + 1 + mark.size();
        if (plain[at] == '&' && plain.substr(at + 1, mark.size()) == mark) {
            std::size_t const start = end;
            while (end < plain.size() && is_part(plain[end])) ++end;
            std::string_view const body = plain.substr(std::min(start, plain.size()), end - start);
            bool const closed = !body.empty() && end < plain.size() && plain[end] == ';';
            if (closed && mark.empty()) {
                if (auto const left = named_reference(body)) {
                    made += *left;
                    at = end + 1;
                    continue;
                }
            } else if (closed) {
                auto const point = referenced_point(body, mark == "#" ? 10 : 16);
                if (!point) return std::string{plain};
                append_referenced(made, *point);
                at = end + 1;
                continue;
            }
        }
        made += plain[at++];
    }
    return made;
}

} // namespace detail

/// A name as one lower-case word of a-z, 0-9 and single dashes: `ETL_v2.1 (prod)` is `etl-v2-1-prod`. Follows
/// python-slugify 4.0, which named the task definitions and the S3 keys of Prefect's agent, for the Latin, Greek and
/// Cyrillic scripts; where the original had a table for further scripts (Chinese, Japanese, Korean, Arabic, ...) the model
/// spells them. May be empty; with the model that spells nothing never longer than four characters for each byte of
/// `name`. Bytes that are not UTF-8 vanish.
template <transliteration_policy Model>
[[nodiscard]] std::string slug(std::string_view name, Model const& model) {
    std::string plain = detail::transliterate(name, model);
    if (contains(plain, "&")) {
        plain = detail::replace_references(plain, "");
        plain = detail::replace_references(plain, "#");
        plain = detail::replace_references(plain, "#x");
    }
    std::erase(plain, '\'');

    std::string made;
    made.reserve(plain.size());
    for (std::size_t at = 0; at != plain.size(); ++at) {
        char const c = to_lower(plain[at]);
        if (is_alnum(c)) {
            made += c;
        } else if (c == ',' && at != 0 && is_digit(plain[at - 1]) && at + 1 != plain.size() &&
                   is_digit(plain[at + 1])) {
            continue; // 1,000
        } else if (!made.empty() && made.back() != '-') {
            made += '-';
        }
    }
    if (!made.empty() && made.back() == '-') made.pop_back();
    return made;
}

/// The same where letters of further scripts vanish.
[[nodiscard]] inline std::string slug(std::string_view name) { return slug(name, no_transliteration{}); }

} // namespace fargate::inline v0::text

#endif
