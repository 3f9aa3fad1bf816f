#ifndef FARGATE_TEXT_TRANSLITERATION_HPP
#define FARGATE_TEXT_TRANSLITERATION_HPP

#include <concepts>
#include <string>
#include <string_view>

namespace fargate::inline v0::text {

/// Spells letters of other scripts in Latin ones, for `slug`.
///
/// | expression   | type          | contract                                                                            |
/// |--------------|---------------|-------------------------------------------------------------------------------------|
/// | `m(letters)` | `std::string` | `letters` is UTF-8 and holds neither ASCII nor what the own table of `slug` spells: a |
/// |              |               | whole run of such characters of a name. The answer's ASCII counts, the rest vanishes. |
/// |              |               | Equal letters give an equal answer, on every machine that serves one backend         |
///
/// `m` is const, never throws, and may be used from several threads at once.
template <class Model>
concept transliteration_policy = requires(Model const& m, std::string_view letters) {
    { m(letters) } -> std::same_as<std::string>;
};

/// A model as a plain value, for settings; null: letters that the own table does not spell vanish.
using transliteration = std::string (*)(std::string_view letters);

/// Spells nothing.
struct no_transliteration {
    [[nodiscard]] std::string operator()(std::string_view) const { return {}; }
};

} // namespace fargate::inline v0::text

#endif
