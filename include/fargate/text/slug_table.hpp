#ifndef FARGATE_TEXT_SLUG_TABLE_HPP
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
inline constexpr slug_row slug_rows[] = {
    {0x00A0, "- - - gbp! - - - - - -c-! a - - - -r-! -"},
    {0x00B0, "-deg-! - 2 3 ~ u! - - - 1 o - 1-4 1-2 3-4 -"},
    {0x00C0, "a^ a^ a^ a^ a^ a^ ae! c^ e^ e^ e^ e^ i^ i^ i^ i^"},
    {0x00D0, "d! n^ o^ o^ o^ o^ o^ - o! u^ u^ u^ u^ y^ th! ss!"},
    {0x00E0, "a^ a^ a^ a^ a^ a^ ae! c^ e^ e^ e^ e^ i^ i^ i^ i^"},
    {0x00F0, "d! n^ o^ o^ o^ o^ o^ - o! u^ u^ u^ u^ y^ th! y^"},
    {0x0100, "a^ a^ a^ a^ a^ a^ c^ c^ c^ c^ c^ c^ c^ c^ d^ d^"},
    {0x0110, "d! d! e^ e^ e^ e^ e^ e^ e^ e^ e^ e^ g^ g^ g^ g^"},
    {0x0120, "g^ g^ g^ g^ h^ h^ h! h! i^ i^ i^ i^ i^ i^ i^ i^"},
    {0x0130, "i^ i! ij ij j^ j^ k^ k^ k! l^ l^ l^ l^ l^ l^ l-"},
    {0x0140, "l- l! l! n^ n^ n^ n^ n^ n^ n! ng! ng! o^ o^ o^ o^"},
    {0x0150, "o^ o^ oe! oe! r^ r^ r^ r^ r^ r^ s^ s^ s^ s^ s^ s^"},
    {0x0160, "s^ s^ t^ t^ t^ t^ t! t! u^ u^ u^ u^ u^ u^ u^ u^"},
    {0x0170, "u^ u^ u^ u^ w^ w^ y^ y^ y^ z^ z^ z^ z^ z^ z^ s"},
    {0x0180, "b! b! b! b! ~ ~ o! c! c! ~ d! d! d! ~ ~ e!"},
    {0x0190, "e! f! f! g! ~ hv! ~ i! k! k! l! ~ ~ n! n! o!"},
    {0x01A0, "o^ o^ oi! oi! p! p! ~ ~ ~ sh! ~ t! t! t! t! u^"},
    {0x01B0, "u^ ~ v! y! y! z! z! zh! ~ ~ ~ ~ ~ ~ ~ w!"},
    {0x01C0, "~ ~ ~ ~ dz^ dz^ dz^ lj lj lj nj nj nj a^ a^ i^"},
    {0x01D0, "i^ o^ o^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ ~ a^ a^"},
    {0x01E0, "a^ a^ ae! ae! g! g! g^ g^ k^ k^ o^ o^ o^ o^ zh! zh!"},
    {0x01F0, "j^ dz dz dz g^ g^ hv! w! n^ n^ a^ a^ ae! ae! o! o!"},
    {0x0200, "a^ a^ a^ a^ e^ e^ e^ e^ i^ i^ i^ i^ o^ o^ o^ o^"},
    {0x0210, "r^ r^ r^ r^ u^ u^ u^ u^ s^ s^ t^ t^ ~ ~ h^ h^"},
    {0x0220, "n! ~ ou! ou! z! z! a^ a^ e^ e^ o^ o^ o^ o^ o^ o^"},
    {0x0230, "o^ o^ y^ y^"},
    {0x0250, "~ ~ ~ b! o! c! d! d! ~ e! ~ e!"},
    {0x0260, "g! ~ ~ ~ ~ ~ h! ~ i! ~ ~ l! l! l!"},
    {0x0270, "~ m! n! n! ~ ~ ~ ~ ~ ~ ~ ~ r! r! r!"},
    {0x0280, "~ ~ s! sh! ~ ~ ~ ~ t! ~ ~ v!"},
    {0x0290, "z! z! zh! ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ j!"},
    {0x02A0, "q!"},
    {0x0370, "~ ~ ~ ~ - - ~ ~ ~ ~ - ~ ~ ~ -"},
    {0x0380, "~ ~ ~ ~ - - a! - e! e! i! ~ o! ~ u! o!"},
    {0x0390, "i! a! b! g! d! e! z! e! th! i! k! l! m! n! x! o!"},
    {0x03A0, "p! r! ~ s! t! u! ph! kh! ps! o! i! u! a! e! e! i!"},
    {0x03B0, "u! a! b! g! d! e! z! e! th! i! k! l! m! n! x! o!"},
    {0x03C0, "p! r! s! s! t! u! ph! kh! ps! o! i! u! o! u! o!"},
    {0x03D0, "b! th! u! u! u! ph! p!"},
    {0x03F0, "k! r! s! ~ th! e! -"},
    {0x0400, "e! io! dj! g! ie! dz! i! i! j! lj! nj! c! k! i! u! dz!"},
    {0x0410, "a! b! v! g! d! e! zh! z! i! i! k! l! m! n! o! p!"},
    {0x0420, "r! s! t! u! f! kh! ts! ch! sh! shch! ~ y! ~ e! iu! ia!"},
    {0x0430, "a! b! v! g! d! e! zh! z! i! i! k! l! m! n! o! p!"},
    {0x0440, "r! s! t! u! f! kh! ts! ch! sh! shch! ~ y! ~ e! iu! ia!"},
    {0x0450, "e! io! dj! g! ie! dz! i! i! j! lj! nj! c! k! i! u! dz!"},
    {0x0480, "~ ~ -"},
    {0x0490, "g! g! g! g! ~ ~ ~ ~ ~ ~ k! k!"},
    {0x04A0, "~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ ~ u! u!"},
    {0x04B0, "u! u! ~ ~ ~ ~ ~ ~ ~ ~ h! h!"},
    {0x04C0, "~ zh! zh!"},
    {0x04D0, "a! a! a! a! ~ ~ e! e! a! a! a! a! zh! zh! z! z!"},
    {0x04E0, "~ ~ i! i! i! i! o! o! o! o! o! o! e! e! u! u!"},
    {0x04F0, "u! u! u! u! ch! ch! ~ ~ y! y!"},
    {0x1E00, "a^ a^ b^ b^ b^ b^ b^ b^ c^ c^ d^ d^ d^ d^ d^ d^"},
    {0x1E10, "d^ d^ d^ d^ e^ e^ e^ e^ e^ e^ e^ e^ e^ e^ f^ f^"},
    {0x1E20, "g^ g^ h^ h^ h^ h^ h^ h^ h^ h^ h^ h^ i^ i^ i^ i^"},
    {0x1E30, "k^ k^ k^ k^ k^ k^ l^ l^ l^ l^ l^ l^ l^ l^ m^ m^"},
    {0x1E40, "m^ m^ m^ m^ n^ n^ n^ n^ n^ n^ n^ n^ o^ o^ o^ o^"},
    {0x1E50, "o^ o^ o^ o^ p^ p^ p^ p^ r^ r^ r^ r^ r^ r^ r^ r^"},
    {0x1E60, "s^ s^ s^ s^ s^ s^ s^ s^ s^ s^ t^ t^ t^ t^ t^ t^"},
    {0x1E70, "t^ t^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ v^ v^ v^ v^"},
    {0x1E80, "w^ w^ w^ w^ w^ w^ w^ w^ w^ w^ x^ x^ x^ x^ y^ y^"},
    {0x1E90, "z^ z^ z^ z^ z^ z^ h^ t^ w^ y^ a^ s^ ~ ~ ss!"},
    {0x1EA0, "a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^ a^"},
    {0x1EB0, "a^ a^ a^ a^ a^ a^ a^ a^ e^ e^ e^ e^ e^ e^ e^ e^"},
    {0x1EC0, "e^ e^ e^ e^ e^ e^ e^ e^ i^ i^ i^ i^ o^ o^ o^ o^"},
    {0x1ED0, "o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^ o^"},
    {0x1EE0, "o^ o^ o^ o^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^ u^"},
    {0x1EF0, "u^ u^ y^ y^ y^ y^ y^ y^ y^ y^"},
    {0x1F00, "a! a! a! a! a! a! a! a! a! a! a! a! a! a! a! a!"},
    {0x1F10, "e! e! e! e! e! e! ~ ~ e! e! e! e! e! e!"},
    {0x1F20, "e! e! e! e! e! e! e! e! e! e! e! e! e! e! e! e!"},
    {0x1F30, "i! i! i! i! i! i! i! i! i! i! i! i! i! i! i! i!"},
    {0x1F40, "o! o! o! o! o! o! ~ ~ o! o! o! o! o! o!"},
    {0x1F50, "u! u! u! u! u! u! u! u! ~ u! ~ u! ~ u! ~ u!"},
    {0x1F60, "o! o! o! o! o! o! o! o! o! o! o! o! o! o! o! o!"},
    {0x1F70, "a! a! e! e! e! e! i! i! o! o! u! u! o! o!"},
    {0x1F80, "a! a! a! a! a! a! a! a! a! a! a! a! a! a! a! a!"},
    {0x1F90, "e! e! e! e! e! e! e! e! e! e! e! e! e! e! e! e!"},
    {0x1FA0, "o! o! o! o! o! o! o! o! o! o! o! o! o! o! o! o!"},
    {0x1FB0, "a! a! a! a! a! ~ a! a! a! a! a! a! a! - i! -"},
    {0x1FC0, "- - e! e! e! ~ e! e! e! e! e! e! e! - - -"},
    {0x1FD0, "i! i! i! i! ~ ~ i! i! i! i! i! i! ~ - - -"},
    {0x1FE0, "u! u! u! u! r! r! u! u! u! u! u! u! r! - - -"},
    {0x1FF0, "~ ~ o! o! o! ~ o! o! o! o! o! o! o! - -"},
    {0x2000, "-*"},
    {0x2010, "- - - - - - - - ~ ~ - ~ - - - -"},
    {0x2020, "- - - - - - - - - - ~ ~ ~ ~ ~ -"},
    {0x2030, "- - ~ - - - - - - - - - - - - -"},
    {0x2040, "-*"},
    {0x2050, "- - - ~ ~ ~ ~ - ~ ~ ~ ~ ~ ~ ~ -"},
    {0x2070, "0 i ~ ~ 4 5 6 7 8 9 - - - - - n"},
    {0x2080, "0 1 2 3 4 5 6 7 8 9 - - - - -"},
    {0x20A0, "- - - - - - - - rs - - - eur! - - -"},
    {0x2100, "a-c a-s c -c - c-o c-u e! - -f g h h h h h!"},
    {0x2110, "i i l l - n ~ - - p q r r r - -"},
    {0x2120, "sm tel tm - z - o! - z - k a^ b c - e"},
    {0x2130, "e f - m o ~ ~ ~ ~ i - ~ ~ g! g! p!"},
    {0x2140, "- - - - - d d e i j - -"},
    {0x2150, "~ ~ ~ 1-3 2-3 1-5 2-5 3-5 4-5 1-6 5-6 1-8 3-8 5-8 7-8 1-"},
    {0x2160, "i ii iii iv v vi vii viii ix x xi xii l c d m"},
    {0x2170, "i ii iii iv v vi vii viii ix x xi xii l c d m"},
    {0x2460, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"},
    {0x2470, "17 18 19 20 -1- -2- -3- -4- -5- -6- -7- -8- -9- -10- -11- -12-"},
    {0x2480, "-13- -14- -15- -16- -17- -18- -19- -20- 1- 2- 3- 4- 5- 6- 7- 8-"},
    {0x2490, "9- 10- 11- 12- 13- 14- 15- 16- 17- 18- 19- 20- -a- -b- -c- -d-"},
    {0x24A0, "-e- -f- -g- -h- -i- -j- -k- -l- -m- -n- -o- -p- -q- -r- -s- -t-"},
    {0x24B0, "-u- -v- -w- -x- -y- -z- a b c d e f g h i j"},
    {0x24C0, "k l m n o p q r s t u v w x y z"},
    {0x24D0, "a b c d e f g h i j k l m n o p"},
    {0x24E0, "q r s t u v w x y z 0"},
    {0x3000, "- - - - - ~ ~ ~ - - - - - - - -"},
    {0xFB00, "ff fi fl ffi ffl st st"},
};

/// HTML 4's entity names; one that leaves more than a dash tells what after `=`.
inline constexpr std::string_view slug_entities =
    "AElig Aacute=a- Acirc=a- Agrave=a- Alpha Aring=a- Atilde=a- Auml=a- Beta Ccedil=c- Chi Dagger Delta ETH "
    "Eacute=e- Ecirc=e- Egrave=e- Epsilon Eta Euml=e- Gamma Iacute=i- Icirc=i- Igrave=i- Iota Iuml=i- Kappa Lambda "
    "Mu Ntilde=n- Nu OElig Oacute=o- Ocirc=o- Ograve=o- Omega Omicron Oslash Otilde=o- Ouml=o- Phi Pi Prime Psi Rho "
    "Scaron=s- Sigma THORN Tau Theta Uacute=u- Ucirc=u- Ugrave=u- Upsilon Uuml=u- Xi Yacute=y- Yuml=y- Zeta "
    "aacute=a- acirc=a- acute aelig agrave=a- alefsym alpha amp=& and ang aring=a- asymp atilde=a- auml=a- bdquo "
    "beta brvbar bull cap ccedil=c- cedil cent chi circ clubs cong copy crarr cup curren dArr dagger darr deg delta "
    "diams divide eacute=e- ecirc=e- egrave=e- empty emsp ensp epsilon equiv eta eth euml=e- euro exist fnof forall "
    "frac12=1-2 frac14=1-4 frac34=3-4 frasl gamma ge gt hArr harr hearts hellip iacute=i- icirc=i- iexcl igrave=i- "
    "image=i infin int iota iquest isin iuml=i- kappa lArr lambda lang laquo larr lceil ldquo le lfloor lowast loz "
    "lrm lsaquo lsquo lt macr mdash micro middot minus mu nabla nbsp ndash ne ni not notin nsub ntilde=n- nu "
    "oacute=o- ocirc=o- oelig ograve=o- oline omega omicron oplus or ordf=a ordm=o oslash otilde=o- otimes ouml=o- "
    "para part permil perp phi pi piv plusmn pound prime prod prop psi quot rArr radic rang raquo rarr rceil rdquo "
    "real=r reg rfloor rho rlm rsaquo rsquo sbquo scaron=s- sdot sect shy sigma sigmaf sim spades sub sube sum sup "
    "sup1=1 sup2=2 sup3=3 supe szlig tau there4 theta thetasym thinsp thorn tilde times trade=tm uArr uacute=u- "
    "uarr ucirc=u- ugrave=u- uml upsih upsilon uuml=u- weierp xi yacute=y- yen yuml=y- zeta zwj zwnj";
// clang-format on

} // namespace fargate::inline v0::text::detail

#endif
