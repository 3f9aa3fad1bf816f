#ifndef FARGATE_TEXT_SHELL_WORDS_HPP
#define FARGATE_TEXT_SHELL_WORDS_HPP

#include <fargate/core/result.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fargate::inline v0::text {

/// The words of a command line, as Python's `shlex.split` has them and a POSIX shell that expands nothing: blanks and line
/// ends part words, `'...'` is taken as it stands, inside `"..."` a backslash counts before `"` and `\` only, elsewhere it
/// takes the next character as it stands. Pipes, variables, `~`, globs and comments mean nothing. `errc::invalid_argument`,
/// which quotes nothing, when a quotation is not closed or the last character is a lone backslash.
[[nodiscard]] inline result<std::vector<std::string>> shell_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool inside = false; // a word has begun, be it with an empty quotation
    char quote = '\0';
    for (std::size_t at = 0; at != line.size(); ++at) {
        char const c = line[at];
        if (c == '\\' && quote != '\'') {
            if (at + 1 == line.size()) return fail(errc::invalid_argument, "nothing follows the last backslash");
            char const next = line[++at];
            if (quote != '\0' && next != '"' && next != '\\') word += c;
            word += next;
            inside = true;
        } else if (quote != '\0') {
            if (c == quote)
                quote = '\0';
            else
                word += c;
        } else if (c == '\'' || c == '"') {
            quote = c;
            inside = true;
        } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            word += c;
            inside = true;
        } else if (std::exchange(inside, false)) {
            words.push_back(std::exchange(word, {}));
        }
    }
    if (quote != '\0')
        return fail(errc::invalid_argument, std::string{"a quotation that begins with "} + quote + " is not closed");
    if (inside) words.push_back(std::move(word));
    return words;
}

} // namespace fargate::inline v0::text

#endif
