#!/usr/bin/env python3
"""Prints include/fargate/text/slug_table.hpp.

Everything comes from the Unicode Character Database 3.2 that every Python carries frozen (decompositions and
character names), from HTML 4's entity names, and from the short lists below, which follow ICAO Doc 9303 for Cyrillic
and the usual classical romanisation for Greek. The output is the same on every machine.

    python3 tests/text/slug_table.py > include/fargate/text/slug_table.hpp
"""
import html.entities
import re
import unicodedata

ucd = unicodedata.ucd_3_2_0

GREEK = dict(zip("αβγδεζηθικλμνξοπρςστυφχψω", "a b g d e z e th i k l m n x o p r s s t u ph kh ps o".split()))
CYRILLIC = dict(zip("абвгдежзиклмнопрстуфхцчшщыэюя",
                    "a b v g d e zh z i k l m n o p r s t u f kh ts ch sh shch y e iu ia".split()))
CYRILLIC.update(zip("ђєѕіјљњћџґқғәөүұһ", "dj ie dz i j lj nj c dz g k g a o u u h".split()))
LATIN = {"ß": "ss", "þ": "th", "ð": "d", "đ": "d", "ı": "i", "ĸ": "k", "ŋ": "ng", "ə": "e", "ɔ": "o", "ɛ": "e",
         "ʃ": "sh", "ʒ": "zh", "ƕ": "hv", "ƿ": "w"}
LETTERS = {**GREEK, **CYRILLIC, **LATIN}
WHOLE = {"ё": "io", "€": "eur", "£": "gbp", "№": "", "©": "-c-", "®": "-r-", "\u00b4": "", "\u2019": "", "\u2018": "",
         "\u201b": "", "\u2032": "", "°": "-deg-", "µ": "u"}

RANGES = [(0x00A0, 0x02AF), (0x0370, 0x04FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x20AF), (0x2100, 0x218F),
          (0x2460, 0x24EF), (0x3000, 0x300F), (0xFB00, 0xFB0F)]
ROW = 16


def name_of(char):
    """LATIN SMALL LETTER L WITH STROKE -> l"""
    found = re.match(r"LATIN (?:CAPITAL|SMALL) (?:LETTER|LIGATURE) ([A-Z]{1,2})(?: WITH .*)?$", ucd.name(char, ""))
    return found.group(1).lower() if found else ""


def ascii_of(text):
    """What is left of a decomposition when everything outside ASCII letters and digits is a dash."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())


def spelling(char):
    """The letters, digits and dashes a character becomes in a slug; empty: it vanishes."""
    low = char.lower() if len(char.lower()) == 1 else char
    if low in WHOLE:
        return WHOLE[low]
    made = ""
    for part in ucd.normalize("NFKD", char):
        kind = ucd.category(part)
        low = part.lower() if len(part.lower()) == 1 else part
        if ord(part) < 0x80:
            made += part.lower() if part.isalnum() else "-"
        elif kind[0] == "M":
            continue
        elif low in LETTERS:
            made += LETTERS[low]
        elif kind[0] == "L":
            made += name_of(part)
        elif kind[0] in "PSZ" or part == "\u200b" or part == "\u00ad":
            made += "-"
    return re.sub("-+", "-", made)


def entry(char):
    """The spelling, with what a numeric reference to the character needs behind it: `^` an accent follows in its
    decomposition, `!` its decomposition holds no ASCII at all."""
    made = spelling(char)
    if not made:
        return "~"
    plain = ascii_of(ucd.normalize("NFKD", char))
    if made == "-" or plain == made:
        return made
    return made + ("^" if plain == made + "-" else "!")


def quoted(text, indent):
    lines = []
    line = ""
    for word in text.split():
        if len(indent) + len(line) + len(word) + 4 > 118:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line.rstrip())
    return "\n".join(f'{indent}"{each}"' for each in lines)


rows = []
for first, last in RANGES:
    for start in range(first, last + 1, ROW):
        words = [entry(chr(point)) for point in range(start, start + ROW)]
        while words and words[-1] == "~":
            words.pop()
        if words and any(word != "-" for word in words):
            rows.append((start, " ".join(words)))
        elif words:
            rows.append((start, "-*"))

names = []
for name, point in sorted(html.entities.name2codepoint.items()):
    made = "&" if name == "amp" else ascii_of(ucd.normalize("NFKD", chr(point)))
    names.append(name if made == "-" else f"{name}={made}")

print("""#ifndef FARGATE_TEXT_SLUG_TABLE_HPP
#define FARGATE_TEXT_SLUG_TABLE_HPP

#include <string_view>

// Made by tests/text/slug_table.py from Unicode 3.2's decompositions and character names, HTML 4's entity names and
// two short romanisation lists (ICAO Doc 9303 for Cyrillic, the classical one for Greek). Not for editing.

namespace fargate::inline v0::text::detail {

/// How the characters from `first` on are spelled, one word each: `~` vanishes; a lone `-*` makes the whole row dashes.
/// A suffix tells what a numeric reference to the character leaves of it: `^` the letters and a dash for the accent,
/// `!` a dash alone.
struct slug_row {
    char16_t first;
    std::string_view words;
};

inline constexpr unsigned slug_row_length = 16;

// clang-format off
inline constexpr slug_row slug_rows[] = {""")
for start, words in rows:
    print(f'    {{0x{start:04X}, "{words}"}},')
print("""};

/// HTML 4's entity names; one that leaves more than a dash tells what after `=`.
inline constexpr std::string_view slug_entities =
""" + quoted(" ".join(names), "    ") + """;
// clang-format on

} // namespace fargate::inline v0::text::detail

#endif""")
